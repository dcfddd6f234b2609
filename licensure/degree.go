package licensure

// A Degree is a medical degree (T02). Its fields are required unless their comment says
// otherwise.
type Degree struct {
	Envelope
	SchoolID        string // code in the world directory, or the school's own
	SchoolName      string // as on the diploma
	Accreditor      Accreditor
	Country         string // ISO 3166-1
	Degree          DegreeKind
	Matriculation   Date   // may be YYYY or YYYY-MM
	Conferral       Date   // may be YYYY or YYYY-MM
	DiplomaLanguage string // BCP 47

	ProgrammeMonths int      // optional, as are all below
	Honours         string   // an education record beyond directory facts: only with consent (PR-9), as the two below
	LeavesOfAbsence []Period //
	AdverseActions  []string // "none" where the school says so
	VerifiedBy      string   // the registrar's office, not a name
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (d Degree) Validate() error {
	_, err := d.Draft()
	return err
}

// Draft returns d as a draft that [CheckDraft] accepts.
func (d Degree) Draft() (map[string]any, error) {
	m := object{}
	m.text("schoolId", d.SchoolID)
	m.text("schoolName", d.SchoolName)
	m.text("accreditor", string(d.Accreditor))
	m.text("country", d.Country)
	m.text("degree", string(d.Degree))
	m.text("matriculationDate", string(d.Matriculation))
	m.text("conferralDate", string(d.Conferral))
	m.text("diplomaLanguage", d.DiplomaLanguage)
	m.count("programmeMonths", d.ProgrammeMonths)
	m.text("honours", d.Honours)
	m.list("leavesOfAbsence", len(d.LeavesOfAbsence), func(i int) any { return d.LeavesOfAbsence[i].members().plain() })
	m.list("adverseActions", len(d.AdverseActions), func(i int) any { return d.AdverseActions[i] })
	m.text("verifiedBy", d.VerifiedBy)
	return d.draft(TypeMedicalDegree, m)
}
