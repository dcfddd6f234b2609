package licensure

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A HeldLicence is a licence that an applicant holds, with its state by the fold.
type HeldLicence struct {
	Key          LicenceKey
	Board        string
	Basis        Basis
	Full         bool
	Unrestricted bool // as of issue; the state decides
	State        State
	Credential   string // id of the T07
}

// goodForCompact: full, unrestricted, and by the fold in force without limits (CE-5, CL-6).
func (h HeldLicence) goodForCompact() bool {
	return h.Full && h.Unrestricted && h.State.Status == Active && len(h.State.Conditions) == 0
}

// A Finding is what the board of the principal state found where only a board can find it:
// CE-6, CE-8 and CE-9. It is a word and no content.
type Finding struct {
	Rule         string
	Result       CriterionResult
	By           string // jurisdiction of the board
	SelfAttested bool   // the applicant said so: counts as unknown (CE-9)
	Reference    string // id of the board's own record, an IRI; never its content
}

// An Application is what is known of somebody who asks for a letter of qualification.
type Application struct {
	Principal string // jurisdiction whose board judges
	Facts     []Fact
	Licences  []HeldLicence
	Orders    []Order // known orders about any of the licences
	Findings  []Finding
	At        time.Time
}

// An Evaluation is the answer to CE-1 to CE-9. The same rules and application give the same
// bytes on every machine.
type Evaluation struct {
	Principal     string
	At            time.Time
	Determination Determination
	Criteria      []Criterion
	RulesetDigest string
	// Message says what the determination means for the applicant (CE-10).
	Message string
}

// Evaluate answers each rule by evidence. It never guesses: what no evidence shows is
// unknown, and with one unknown the whole is undetermined (CE-0).
func (r CompactRules) Evaluate(a Application) (Evaluation, error) {
	if err := r.Validate(); err != nil {
		return Evaluation{}, err
	}
	a.Facts = slices.Clone(a.Facts)
	slices.SortFunc(a.Facts, compareFacts)
	e := Evaluation{Principal: a.Principal, At: a.At.UTC(), Determination: Eligible, RulesetDigest: r.Digest()}
	for _, judge := range []struct {
		id string
		f  func(Application) answer
	}{
		{"CE-1", r.school}, {"CE-2", r.exams}, {"CE-3", r.training}, {"CE-4", r.certified}, {"CE-5", r.licence},
		{"CE-6", r.finding("CE-6")}, {"CE-7", r.discipline}, {"CE-8", r.substances}, {"CE-9", r.finding("CE-9")},
	} {
		e.add(judge.id, judge.f(a))
	}
	e.Message = message(e.Determination)
	return e, nil
}

func (e *Evaluation) add(id string, a answer) {
	slices.Sort(a.refs)
	e.Criteria = append(e.Criteria, Criterion{Rule: id, Result: a.result, Evidence: slices.Compact(a.refs), Why: a.why})
	switch {
	case a.result == NotMet && e.Determination == Eligible:
		e.Determination = NotEligible
	case a.result != Met && a.result != NotMet:
		e.Determination = Undetermined
	}
}

func message(d Determination) string {
	switch d {
	case Eligible:
		return "eligible for the expedited path"
	case NotEligible:
		return "not eligible for the expedited path; ordinary licensure stays open"
	}
	return "not determined: evidence is missing"
}

// Bytes returns the evaluation in the form of RFC 8785.
func (e Evaluation) Bytes() ([]byte, error) {
	m := object{"determination": string(e.Determination), "rulesetId": RulesetID, "rulesetVersion": rulesetRevision}
	m.text("principal", e.Principal)
	m.instant("at", e.At)
	m.text("rulesetDigest", e.RulesetDigest)
	m.text("message", e.Message)
	m.list("evaluatedCriteria", len(e.Criteria), func(i int) any {
		n := object(e.Criteria[i].members())
		n.text("why", e.Criteria[i].Why)
		return n.plain()
	})
	return strictjson.Canonical(m.plain())
}

// An answer is the result of one rule. Its zero value is unknown.
type answer struct {
	result CriterionResult
	refs   []string
	why    string
}

func met(refs ...string) answer                 { return answer{Met, refs, ""} }
func notMet(why string, refs ...string) answer  { return answer{NotMet, refs, why} }
func unknown(why string, refs ...string) answer { return answer{UnknownState, refs, why} }

// anyOf asks whether one fact of a type meets a rule: one that does is enough, none at all
// is unknown, else the first reason against.
func anyOf(facts []Fact, missing string, judge func(Fact) answer) answer {
	best := unknown(missing)
	for i, f := range facts {
		switch a := judge(f); {
		case a.result == Met:
			return a
		case i == 0, a.result == UnknownState && best.result == NotMet:
			best = a
		}
	}
	return best
}

func (r CompactRules) school(a Application) answer {
	return anyOf(factsOf(a.Facts, TypeMedicalDegree), "no verified degree", func(f Fact) answer {
		if !f.InForce {
			return notMet("the degree's document was taken back", f.ID)
		}
		switch Accreditor(f.Claim("accreditor")) {
		case LCME, COCA:
			return met(f.ID)
		case WDOMS:
			refs := []string{f.ID}
			for _, g := range factsOf(a.Facts, TypeForeignGraduate) {
				refs = append(refs, g.ID)
			}
			return met(refs...)
		}
		return notMet("the school is accredited by none of the two bodies, nor in the directory", f.ID)
	})
}

func (r CompactRules) exams(a Application) answer {
	return anyOf(latestHistories(a.Facts), "no verified examination history", func(f Fact) answer {
		need := r.Components[ExamProgram(f.Claim("examProgram"))]
		switch {
		case !f.InForce:
			return unknown("the examination history was taken back", f.ID)
		case len(need) == 0:
			return notMet("the examination is none of those accepted", f.ID)
		case !f.subject.flag("attemptsComplete"):
			return unknown("the history does not say that all attempts are listed", f.ID)
		}
		for _, component := range need {
			if bad := r.component(f, component); bad.result != Met {
				bad.refs = []string{f.ID}
				return bad
			}
		}
		return met(f.ID)
	})
}

// latestHistories leaves of the histories of one programme the latest: an earlier one does
// not know of attempts made since.
func latestHistories(facts []Fact) []Fact {
	var out []Fact
	for _, f := range factsOf(facts, TypeExamHistory) {
		i := slices.IndexFunc(out, func(g Fact) bool { return g.Claim("examProgram") == f.Claim("examProgram") })
		switch {
		case i < 0:
			out = append(out, f)
		case f.Claim("asOf") > out[i].Claim("asOf"):
			out[i] = f
		}
	}
	return out
}

// component asks for a pass within the attempts allowed. A history that calls itself
// complete and leaves out an earlier attempt contradicts itself: unknown.
func (r CompactRules) component(f Fact, component string) answer {
	pass, listed, open := 0, map[int]bool{}, false
	for _, at := range f.subject.nodes("attempts") {
		if at.text("component") != component {
			continue
		}
		n, _ := at["attemptNo"].(json.Number)
		no, _ := n.Int64()
		listed[int(no)] = true
		switch ExamOutcome(at.text("outcome")) {
		case ExamPass:
			if pass == 0 || int(no) < pass {
				pass = int(no)
			}
		case ExamWithheld:
			open = true
		}
	}
	switch {
	case pass == 0 && open:
		return unknown(component + ": an outcome is withheld")
	case pass == 0:
		return notMet(component + " was not passed")
	case pass > r.MostAttempts:
		return notMet(fmt.Sprintf("%s was passed at attempt %d, at most %d count", component, pass, r.MostAttempts))
	}
	for no := 1; no < pass; no++ {
		if !listed[no] {
			return unknown(fmt.Sprintf("%s: attempt %d is not listed, though all are said to be", component, no))
		}
	}
	return met()
}

func (r CompactRules) training(a Application) answer {
	today := DateOf(a.At.UTC())
	return anyOf(factsOf(a.Facts, TypeGraduateTraining), "no verified training", func(f Fact) answer {
		switch accreditor := Accreditor(f.Claim("accreditor")); {
		case !f.InForce:
			return notMet("the training's document was taken back", f.ID)
		case accreditor != ACGME && accreditor != AOA:
			return notMet("the programme is approved by neither body", f.ID)
		case f.Claim("level") == string(InternshipTransitional) || f.Claim("level") == string(InternshipRotating):
			return notMet("an internship of one year does not count", f.ID)
		case !f.subject.flag("completed") || Date(f.Claim("endDate")) > today:
			return notMet("the training is not completed", f.ID)
		case !f.subject.flag("boardEligible"):
			return notMet("the training does not lead to board eligibility", f.ID)
		}
		return met(f.ID)
	})
}

func (r CompactRules) certified(a Application) answer {
	today := DateOf(a.At.UTC())
	return anyOf(factsOf(a.Facts, TypeSpecialtyCertification), "no verified specialty certification", func(f Fact) answer {
		switch {
		case !f.InForce, f.Claim("certificationStatus") != "certified":
			return notMet("the certificate is not in force", f.ID)
		case f.subject.flag("timeUnlimited"):
			return met(f.ID) // whatever the board's continuing programme says
		case Date(f.Claim("expiresOn")) < today:
			return notMet("the certificate has expired", f.ID)
		}
		return met(f.ID)
	})
}

func (r CompactRules) licence(a Application) answer {
	best := unknown("no licence of a member board is known")
	for _, h := range sortedLicences(a.Licences) {
		switch {
		case !r.member(h.Key.Jurisdiction):
		case h.goodForCompact():
			return met(h.Credential)
		case h.State.Status == NotStated:
			best = unknown("the state of a licence is not known", h.Credential)
		case best.result == UnknownState && best.refs == nil:
			best = notMet("no licence of a member board is full, unrestricted and active", h.Credential)
		}
	}
	return best
}

func sortedLicences(hs []HeldLicence) []HeldLicence {
	hs = slices.Clone(hs)
	slices.SortFunc(hs, func(a, b HeldLicence) int { return a.Key.compare(b.Key) })
	return hs
}

// finding takes the principal board's word, and nobody else's.
func (r CompactRules) finding(id string) func(Application) answer {
	return func(a Application) answer {
		for _, f := range a.Findings {
			if f.Rule != id || f.By != a.Principal || f.SelfAttested {
				continue
			}
			var refs []string
			if f.Reference != "" {
				refs = []string{f.Reference}
			}
			switch f.Result {
			case Met:
				return met(refs...)
			case NotMet:
				return notMet("the board of the principal state found against it", refs...)
			}
		}
		return unknown("needs the finding of the board of the principal state")
	}
}

// Disciplinary reports whether an action is discipline (CE-7) [chk]. What takes a measure
// back, and a lapse for fees, is none.
func Disciplinary(a Action) bool {
	return slices.Contains([]Action{Revocation, SurrenderInLieu, Suspension, SummarySuspension, ProbationOrder, Restriction,
		ConditionAdded, Reprimand, Fine, CMEOrdered, CeaseAndDesist}, a)
}

// standingOrders are the orders that were not vacated or replaced, as of the moment.
func standingOrders(orders []Order, at time.Time) []Order {
	orders = slices.DeleteFunc(slices.Clone(orders), func(o Order) bool { return o.RecordedAt.After(at) || o.EffectiveAt.After(at) })
	slices.SortFunc(orders, compareOrders)
	var out []Order
	byBoard := map[string][]Order{}
	for _, o := range orders {
		byBoard[o.board()] = append(byBoard[o.board()], o)
	}
	for _, o := range orders {
		if _, gone := removals(byBoard[o.board()], at)[o.ID]; !gone && o.Origin != FromCompact {
			out = append(out, o)
		}
	}
	return out
}

func (r CompactRules) discipline(a Application) answer {
	for _, o := range standingOrders(a.Orders, a.At) {
		if Disciplinary(o.Action) && !o.FeeRelatedOnly {
			return notMet("a licence was disciplined: order " + o.ID)
		}
	}
	histories := factsOf(a.Facts, TypeBoardActionHistory)
	for _, f := range histories { // one that tells of discipline outweighs any that does not
		for _, n := range f.subject.nodes("actions") {
			if Disciplinary(Action(n.text("action"))) && !n.flag("feeRelatedOnly") {
				return notMet("a licence was disciplined: order "+n.text("orderId"), f.ID)
			}
		}
	}
	return anyOf(histories, "no verified history of board actions", r.covered)
}

// covered asks whether a history speaks about all places, and still does.
func (r CompactRules) covered(f Fact) answer {
	covered := f.subject.texts("jurisdictionsCovered")
	switch {
	case !f.InForce:
		return unknown("the history of board actions is out of date or taken back", f.ID)
	case slices.ContainsFunc(r.Jurisdictions, func(j string) bool { return !slices.Contains(covered, j) }):
		return unknown("the history does not cover all jurisdictions", f.ID)
	}
	return met(f.ID)
}

// substances: no registration was suspended or revoked. That one is in force shows only
// today; that there was none before is the board's to find, or shown by a history that
// covers all places beside a registration in force [chk].
func (r CompactRules) substances(a Application) answer {
	for _, o := range standingOrders(a.Orders, a.At) {
		if slices.Contains(o.Basis, BasisControlledSubstances) && (o.Action == Suspension || o.Action == Revocation || o.Action == SummarySuspension) {
			return notMet("suspended or revoked for controlled substances: order " + o.ID)
		}
	}
	var inForce []string
	for _, f := range factsOf(a.Facts, TypeControlledSubstance) {
		switch s := f.Claim("registrationStatus"); {
		case s == "suspended" || s == "revoked":
			return notMet("a registration was suspended or revoked", f.ID)
		case s == "active" && f.InForce:
			inForce = append(inForce, f.ID)
		}
	}
	if found := r.finding("CE-8")(a); found.result != UnknownState {
		return found
	}
	history := anyOf(factsOf(a.Facts, TypeBoardActionHistory), "", r.covered)
	if len(inForce) == 0 || history.result != Met {
		return unknown("needs a registration in force and a history of all places, or the board's finding", inForce...)
	}
	return met(append(inForce, history.refs...)...)
}
