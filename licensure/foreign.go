package licensure

// A ForeignGraduate is the certificate of a graduate of a school abroad (T05). Exactly one
// of Indefinitely and Expires is set.
type ForeignGraduate struct {
	Envelope
	CertificateID string // eight digits, also written d-ddd-ddd-d
	IssuedOn      Date
	Pathway       string // optional
	Requirements  []string
	Degree        Ref
	Indefinitely  bool
	Expires       Date
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (f ForeignGraduate) Validate() error {
	_, err := f.Draft()
	return err
}

// Draft returns f as a draft that [CheckDraft] accepts.
func (f ForeignGraduate) Draft() (map[string]any, error) {
	m := object{"degreeRef": f.Degree.members()}
	m.text("certificateId", f.CertificateID)
	m.text("issuedOn", string(f.IssuedOn))
	m.text("pathway", f.Pathway)
	m.list("requirementsMet", len(f.Requirements), func(i int) any { return f.Requirements[i] })
	m.flag("validIndefinitely", f.Indefinitely)
	m.text("expiresOn", string(f.Expires))
	return f.draft(TypeForeignGraduate, m)
}

var foreignFields = []field{
	{"certificateId", must, eightDigits},
	{"issuedOn", must, civil},
	{"pathway", may, shortText},
	{"requirementsMet", must, distinct(list(word(foreignRequirements)))},
	{"degreeRef", must, refNode("T05")},
	{"validIndefinitely", may, onlyTrue},
	{"expiresOn", weighs, civil},
}

func foreignCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T05", s, "issuedOn")
	c.order(ptr, "T05", s, "issuedOn", "expiresOn")
	c.oneOf(ptr, "T05", s, "validIndefinitely", "expiresOn")
}
