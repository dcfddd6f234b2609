package licensure

import (
	"encoding/json"
	"strconv"
)

// A Training is a period of graduate medical training (T06). Its fields are required
// unless their comment says otherwise.
type Training struct {
	Envelope
	ProgrammeID       string // the accreditor's number
	Sponsor           string
	Accreditor        Accreditor
	Specialty         string
	SpecialtyTaxonomy string // NUCC code
	Level             TrainingLevel
	Start, End        Date
	Completed         bool // never with an End after ValidFrom (PV-4)
	BoardEligible     bool

	PGYLevels             []int         // optional, as are all below; each once
	CreditReductionMonths int           //
	UnusualCircumstances  Circumstances //
	Custodian             string        // who keeps the records of a closed programme
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (t Training) Validate() error {
	_, err := t.Draft()
	return err
}

// Draft returns t as a draft that [CheckDraft] accepts.
func (t Training) Draft() (map[string]any, error) {
	m := object{"completed": t.Completed, "boardEligible": t.BoardEligible}
	m.text("programmeId", t.ProgrammeID)
	m.text("sponsor", t.Sponsor)
	m.text("accreditor", string(t.Accreditor))
	m.text("specialty", t.Specialty)
	m.text("specialtyTaxonomy", t.SpecialtyTaxonomy)
	m.text("level", string(t.Level))
	m.text("startDate", string(t.Start))
	m.text("endDate", string(t.End))
	m.list("pgyLevels", len(t.PGYLevels), func(i int) any { return json.Number(strconv.Itoa(t.PGYLevels[i])) })
	m.count("creditReductionMonths", t.CreditReductionMonths)
	m.text("unusualCircumstances", string(t.UnusualCircumstances))
	m.text("custodian", t.Custodian)
	return t.draft(TypeGraduateTraining, m)
}
