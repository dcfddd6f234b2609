package licensure

// An Affiliation is a physician's place at a facility (T14). What peers said of the
// physician never stands in one. It is private: its document lives [ShortLived] and has no entry
// in a list.
type Affiliation struct {
	Envelope
	Facility string
	Category string // of the medical staff
	Period
	Standing string // active, provisional, leave or ended
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (a Affiliation) Validate() error {
	_, err := a.Draft()
	return err
}

// Draft returns a as a draft that [CheckDraft] accepts.
func (a Affiliation) Draft() (map[string]any, error) {
	m := a.Period.members()
	m.text("facility", a.Facility)
	m.text("staffCategory", a.Category)
	m.text("affiliationStanding", a.Standing)
	return a.draft(TypeAffiliation, m)
}

var affiliationFields = []field{
	{"facility", must, shortText},
	{"staffCategory", must, shortText},
	{"from", must, civil},
	{"until", weighs, civil},
	{"affiliationStanding", must, word(affiliationStandings)},
}

func affiliationCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.order(ptr, "T14", s, "from", "until")
	c.past(ptr, "T14", s, "from")
	if _, until := s["until"]; !until && s["affiliationStanding"] == "ended" {
		c.fail(CodeMissing, ptr+"/until", "T14", "required where the standing is ended")
	}
}
