package licensure

// A Registration lets its holder handle controlled substances (T11).
type Registration struct {
	Envelope
	// Number is left out unless the holder asked for it in so many words
	// (NumberOnRequest): a JSON-LD credential cannot hide it, and whoever knows it can
	// write prescriptions.
	Number           string
	NumberOnRequest  bool
	Schedules        []string
	BusinessActivity string
	Jurisdiction     string // of the registered address
	IssuedOn         Date
	Expires          Date
	Status           string // active, expired, retired, suspended, revoked or surrendered
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (r Registration) Validate() error {
	_, err := r.Draft()
	return err
}

// Draft returns r as a draft that [CheckDraft] accepts.
func (r Registration) Draft() (map[string]any, error) {
	m := object{}
	m.text("registrationNumber", r.Number)
	m.flag("numberOnRequest", r.NumberOnRequest)
	m.list("schedules", len(r.Schedules), func(i int) any { return r.Schedules[i] })
	m.text("businessActivity", r.BusinessActivity)
	m.text("jurisdiction", r.Jurisdiction)
	m.text("issuedOn", string(r.IssuedOn))
	m.text("expiresOn", string(r.Expires))
	m.text("registrationStatus", r.Status)
	return r.draft(TypeControlledSubstance, m)
}

// A made-up registration number starts with Z, which no real one does.
var deaNumber = inWorld(
	func(s string) bool { return CheckDEA(s) && s[0] != 'Z' }, func(s string) bool { return CheckDEA(s) && s[0] == 'Z' },
	`^[A-Z]{2}[0-9]{7}$`, "ID-1", "a DEA number: two letters, seven digits, the last its check digit")

var registrationFields = []field{
	{"registrationNumber", may, deaNumber},
	{"numberOnRequest", may, onlyTrue},
	{"schedules", must, distinct(list(word(schedules)))},
	{"businessActivity", must, shortText},
	{"jurisdiction", must, jurisdiction},
	{"issuedOn", must, civil},
	{"expiresOn", must, civil},
	{"registrationStatus", must, word(regStatuses)},
}

func registrationCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T11", s, "issuedOn")
	c.order(ptr, "T11", s, "issuedOn", "expiresOn")
	_, number := s["registrationNumber"]
	if number && s["numberOnRequest"] != true {
		c.fail(CodeDenied, ptr+"/registrationNumber", "T11", `left out, unless the holder asked for it ("numberOnRequest")`)
	}
	if !number && s["numberOnRequest"] == true {
		c.fail(CodeMissing, ptr+"/registrationNumber", "T11", "required with numberOnRequest")
	}
}
