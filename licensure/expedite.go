package licensure

import (
	"slices"
	"strings"
	"time"
)

// A StepResult is how a step of the compact's path ended.
type StepResult string

// Results of a step.
const (
	StepDone     StepResult = "done"
	StaticReused StepResult = "static-reused" // verified by the principal state, and not again (CL-3)
	NeedsHuman   StepResult = "needs-human"   // a board decides; nothing here does
)

// A CompactStep is one thing that was done, or that somebody has to do.
type CompactStep struct {
	Name   string
	Result StepResult
	Rule   string
	Refs   []string // ids of credentials
	Detail string
}

// staticTypes are the qualifications that no other board verifies again (CL-3).
var staticTypes = []string{TypeMedicalDegree, TypeExamHistory, TypeForeignGraduate, TypeGraduateTraining, TypeSpecialtyCertification}

// Letter returns a letter of qualification made from an evaluation; the caller adds the
// envelope. It refuses what a letter cannot say: an evaluation that is undetermined, one by
// other rules, and a state that does not qualify as the principal one.
func (r CompactRules) Letter(id string, a Application, e Evaluation, p PrincipalAnswer, licence LicenceKey, on Date) (Letter, error) {
	switch {
	case e.RulesetDigest != r.Digest() || e.Principal != a.Principal || e.At != a.At.UTC():
		return Letter{}, refuse("CE-0", "the evaluation is of another application or by other rules")
	case e.Determination == Undetermined:
		return Letter{}, refuse("CE-0", "undetermined: obtain what is missing first")
	case p.Result != Met || p.Jurisdiction != a.Principal || licence.Jurisdiction != a.Principal:
		return Letter{}, refuse("CS-4", "only the board of the state of principal licence gives the letter")
	}
	issued, ok := parseCivil(string(on))
	if !ok {
		return Letter{}, refuse("ENV-2", "the day of issue is a civil date")
	}
	l := Letter{LetterID: id, Jurisdiction: a.Principal, Licence: licence, Basis: p.Basis, IssuedOn: on,
		Expires: DateOf(issued.AddDate(0, 0, LetterDays)), Determination: e.Determination,
		RulesetID: RulesetID, RulesetVersion: rulesetRevision, RulesetDigest: e.RulesetDigest, Criteria: slices.Clone(e.Criteria)}
	for i := range l.Criteria {
		l.Criteria[i].Why = "" // reasons are the board's, and may tell too much
	}
	facts := slices.Clone(a.Facts)
	slices.SortFunc(facts, compareFacts)
	for _, f := range facts {
		if slices.Contains(staticTypes, f.Type) && f.InForce && !f.Attested {
			l.Static = append(l.Static, f.Ref)
		}
	}
	return l, nil
}

// CheckLetterSigner refuses a letter signed for another place than the state of principal
// licence (CS-4). Places are those the trust list gives the signer.
func CheckLetterSigner(l Letter, places []string) error {
	if !slices.Contains(places, l.Jurisdiction) || l.Licence.Jurisdiction != l.Jurisdiction {
		return refuse("CS-4", "only the board of the state of principal licence signs the letter")
	}
	return nil
}

// LetterGood reports whether a letter is good on a civil day (CL-1): 365 days from its issue,
// the last of them included if the rules say so.
func (r CompactRules) LetterGood(l Letter, on Date) bool {
	if l.Determination != Eligible || on < l.IssuedOn {
		return false
	}
	return on < l.Expires || r.LetterLastDay && on == l.Expires
}

// Expedite says what a member board does with a letter: it reuses what the principal state
// verified (CL-3) and issues a licence of its own, with its own number, status and end
// (CL-4). It refuses a letter that is not good on that day (CL-2), and a state that is no
// member or is the principal one.
func (r CompactRules) Expedite(l Letter, letterCredential, jurisdiction string, on Date) ([]CompactStep, error) {
	switch {
	case l.Determination != Eligible:
		return nil, refuse("CE-10", "%s", message(NotEligible))
	case !r.LetterGood(l, on):
		return nil, refuse("CL-2", "the letter is good from %s to %s; no new licence rests on it", l.IssuedOn, l.Expires)
	case !r.member(jurisdiction):
		return nil, refuse("CL-4", "%s is no member of the compact", jurisdiction)
	case jurisdiction == l.Jurisdiction:
		return nil, refuse("CL-4", "the principal state has licensed already")
	case l.RulesetDigest != r.Digest():
		return nil, refuse("CE-0", "the letter was given by other rules: %s", l.RulesetDigest)
	}
	var refs []string
	for _, s := range l.Static {
		refs = append(refs, s.ID)
	}
	slices.Sort(refs)
	return []CompactStep{
		{Name: "letter", Result: StepDone, Rule: "CL-1", Refs: []string{letterCredential}, Detail: "good on " + string(on)},
		{Name: "static-qualifications", Result: StaticReused, Rule: "CL-3", Refs: refs},
		{Name: "licence", Result: NeedsHuman, Rule: "CL-4", Detail: "the board of " + jurisdiction + " issues a licence of its own"},
	}, nil
}

// CheckExpedited holds a licence issued under a letter to it (CL-2, CL-4): a member's own,
// with the basis of the compact, first issued while the letter was good. What happens to the
// letter afterwards changes nothing. Number and end are the board's own.
func (r CompactRules) CheckExpedited(licence Licence, l Letter, letterCredential string) error {
	switch {
	case licence.Basis != BasisCompact || licence.ExpeditedUnderLOQ != letterCredential:
		return refuse("CL-4", "the licence does not rest on this letter")
	case !r.member(licence.Jurisdiction) || licence.Jurisdiction == l.Jurisdiction:
		return refuse("CL-4", "a licence of another member state")
	case licence.Number == "" || licence.Number == l.Licence.Number && licence.Jurisdiction == l.Licence.Jurisdiction:
		return refuse("CL-4", "a licence has a number of its own board")
	case !r.LetterGood(l, licence.FirstIssued):
		return refuse("CL-2", "issued on %s, the letter is good from %s to %s", licence.FirstIssued, l.IssuedOn, l.Expires)
	}
	return nil
}

// Withdrawn reports whether an application counts as withdrawn (CL-5): the applicant had
// ApplicationDays from the day it was opened, and was not done by the end of the last.
func (r CompactRules) Withdrawn(opened, completed, today Date) (bool, error) {
	start, ok := parseCivil(string(opened))
	if _, okToday := parseCivil(string(today)); !ok || !okToday {
		return false, refuse("CL-5", "civil dates are asked for")
	}
	last := DateOf(start.AddDate(0, 0, r.ApplicationDays))
	if completed != "" {
		return completed > last, nil
	}
	return today > last, nil
}

// A Renewal is what is known when an expedited licence is to be renewed.
type Renewal struct {
	Principal HeldLicence
	Facts     []Fact
	Orders    []Order // since the letter, about any licence
	Findings  []Finding
	// Education says whether the state's continuing education is done.
	Education CriterionResult
	At        time.Time
}

// Renewable answers CL-6. Whether the specialty certification is still in force is not
// asked.
func (r CompactRules) Renewable(n Renewal) (Evaluation, error) {
	if err := r.Validate(); err != nil {
		return Evaluation{}, err
	}
	a := Application{Principal: n.Principal.Key.Jurisdiction, Facts: slices.Clone(n.Facts), Orders: n.Orders, Findings: n.Findings, At: n.At}
	slices.SortFunc(a.Facts, compareFacts)
	e := Evaluation{Principal: a.Principal, At: n.At.UTC(), Determination: Eligible, RulesetDigest: r.Digest()}
	principal := notMet("the principal licence is no longer full, unrestricted and active", n.Principal.Credential)
	switch {
	case n.Principal.State.Status == NotStated:
		principal = unknown("the state of the principal licence is not known")
	case n.Principal.goodForCompact() && r.principal(a.Principal):
		principal = met(n.Principal.Credential)
	}
	education := unknown("whether the state's continuing education is done")
	switch n.Education {
	case Met:
		education = met()
	case NotMet:
		education = notMet("the state's continuing education is not done")
	}
	e.add("CL-6 principal", principal)
	e.add("CL-6 offence", r.finding("CE-6")(a))
	e.add("CL-6 discipline", r.discipline(a))
	e.add("CL-6 substances", r.substances(a))
	e.add("CL-6 education", education)
	e.Message = strings.Replace(message(e.Determination), "eligible for the expedited path", "renewable under the compact", 1)
	return e, nil
}
