package licensure

// A Licence is a licence to practise medicine, as of its issue (T07). Its fields are
// required unless their comment says otherwise. ValidUntil is required and lies at most a
// day after the end of Expires.
type Licence struct {
	Envelope
	Jurisdiction       string // ISO 3166-2; X01 to X99 if Synthetic
	Board              string // the board's name
	BoardID            string // optional: tells two boards of one jurisdiction apart
	LicenceType        LicenceType
	Number             string // as the board writes it, zeros in front kept; unique only with Jurisdiction, LicenceType and board
	FirstIssued        Date
	CurrentTermStart   Date
	Expires            Date         // the last day of the term; member expiresOn
	LegalStatus        *LegalStatus // at ValidFrom; decides nothing later (VD-3). A pointer, so that "active" is said and not the zero value
	Full               bool
	Unrestricted       bool
	Basis              Basis
	RenewalCycleMonths int
	StatePrincipal     bool // the licence in the physician's state of principal licence

	Conditions        []Condition // required by ActiveWithConditions, else optional, as are all below
	PracticeScope     string      //
	ExpeditedUnderLOQ string      // id of the letter of qualification
}

// A Condition limits a licence.
type Condition struct {
	Code, Text string
	Period
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (l Licence) Validate() error {
	_, err := l.Draft()
	return err
}

// Draft returns l as a draft that [CheckDraft] accepts.
func (l Licence) Draft() (map[string]any, error) {
	m := object{
		"full":                  l.Full,
		"unrestricted":          l.Unrestricted,
		"statePrincipalLicence": l.StatePrincipal,
	}
	if l.LegalStatus != nil {
		m.text("legalStatus", l.LegalStatus.String())
	}
	m.text("jurisdiction", l.Jurisdiction)
	m.text("board", l.Board)
	m.text("boardId", l.BoardID)
	m.text("licenceType", string(l.LicenceType))
	m.text("number", l.Number)
	m.text("firstIssued", string(l.FirstIssued))
	m.text("currentTermStart", string(l.CurrentTermStart))
	m.text("expiresOn", string(l.Expires))
	m.text("basis", string(l.Basis))
	m.count("renewalCycleMonths", l.RenewalCycleMonths)
	m.list("conditions", len(l.Conditions), func(i int) any {
		n := l.Conditions[i].members()
		n.text("code", l.Conditions[i].Code)
		n.text("text", l.Conditions[i].Text)
		return n.plain()
	})
	m.text("practiceScope", l.PracticeScope)
	m.text("expeditedUnderLoq", l.ExpeditedUnderLOQ)
	return l.draft(TypeLicence, m)
}
