package licensure

// A Certificate is what a school with a plain roster gives. Its fields are required unless
// their comment says otherwise.
type Certificate struct {
	Envelope
	Programme string
	Award     string
	AwardedOn Date

	Grade      string // optional, as are all below
	SchoolName string
	Honours    string
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (k Certificate) Validate() error {
	_, err := k.Draft()
	return err
}

// Draft returns k as a draft that [CheckDraft] accepts.
func (k Certificate) Draft() (map[string]any, error) {
	m := object{}
	m.text("programme", k.Programme)
	m.text("award", k.Award)
	m.text("awardedOn", string(k.AwardedOn))
	m.text("grade", k.Grade)
	m.text("schoolName", k.SchoolName)
	m.text("honours", k.Honours)
	return k.draft(TypeCertificate, m)
}
