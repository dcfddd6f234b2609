package synth

import (
	"fmt"
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// CaseMoment returns when hard case i is to be judged, if its credentials are made at at:
// at itself, but for the cases about a last day.
func (w *World) CaseMoment(i int, at time.Time) time.Time {
	c, _ := HardCase(i)
	last := func(days int) time.Time {
		return at.UTC().Truncate(24*time.Hour).AddDate(0, 0, days).Add(18 * time.Hour)
	}
	switch c.Name {
	case "order-on-the-day-of-expiry":
		l := w.Physician(i).Licences[0]
		_, end := l.renewal.term(at.UTC().Truncate(24 * time.Hour))
		return end.Add(18 * time.Hour)
	case "letter-day-365":
		return last(365)
	case "letter-day-366":
		return last(366)
	}
	return at
}

// An act is one order of a case, in days before its moment.
type act struct {
	action              licensure.Action
	effective, recorded int
	supersedes          int // number of the order it vacates; 0 for none
	fee                 bool
}

// caseActs are the orders of each case, numbered from 1.
var caseActs = map[string][]act{
	"order-on-the-day-of-expiry":                   {{action: licensure.Suspension}},
	"reinstatement-before-suspension-was-recorded": {{action: licensure.Suspension, effective: 60, recorded: 5}, {action: licensure.Reinstatement, effective: 20, recorded: 19}},
	"suspension-not-yet-recorded":                  {{action: licensure.Suspension, effective: 10, recorded: -10}},
	"order-vacated":                                {{action: licensure.Suspension, effective: 60, recorded: 60}, {action: licensure.Vacated, effective: 10, recorded: 10, supersedes: 1}},
	"vacation-vacated": {{action: licensure.Suspension, effective: 60, recorded: 60}, {action: licensure.Vacated, effective: 10, recorded: 10, supersedes: 1},
		{action: licensure.Vacated, effective: 5, recorded: 5, supersedes: 2}},
	"fee-lapse":          {{action: licensure.FeeLapse, effective: 60, recorded: 59, fee: true}, {action: licensure.LateRenewal, effective: 40, recorded: 40}},
	"reprimand-long-ago": {{action: licensure.Reprimand, effective: 7300, recorded: 7290}},
}

// OrderDrafts returns the board orders (T08) about the licence of hard case i; none for the
// cases, and physicians, that have none.
func (w *World) OrderDrafts(i int, at time.Time) ([]map[string]any, error) {
	c, _ := HardCase(i)
	l := w.Physician(i).Licences[0]
	board := w.boards[l.Board]
	moment := w.CaseMoment(i, at).Truncate(time.Second)
	name := func(n int) string { return fmt.Sprintf("%s-%03d-%d", board.ID, i, n) }
	var out []map[string]any
	for n, a := range caseActs[c.Name] {
		day := func(days int) time.Time { return moment.AddDate(0, 0, -days).Add(-time.Hour) }
		o := licensure.Order{ID: name(n + 1), Board: board.Name, Action: a.action, Origin: licensure.FromBoard,
			Licence:     licensure.LicenceKey{Jurisdiction: board.Jurisdiction, BoardID: board.ID, Type: l.Type, Number: l.Number},
			EffectiveAt: day(a.effective), RecordedAt: day(a.recorded), Public: true, FeeRelatedOnly: a.fee,
			Basis: []string{licensure.BasisCompetence}, DocumentDigest: strings.Repeat("5a", 32)}
		if a.fee || a.action == licensure.LateRenewal {
			o.Basis = []string{licensure.BasisNonPayment}
		}
		if a.supersedes > 0 {
			o.Supersedes = name(a.supersedes)
		}
		d, err := licensure.BoardOrder{Order: o, Envelope: licensure.Envelope{Title: "Order of the board", ValidFrom: o.RecordedAt, Confidence: licensure.Primary, Synthetic: true,
			Evidence: []licensure.Evidence{{Source: board.Name, Method: licensure.DirectFromSource, VerifiedAt: o.RecordedAt, VerifierRole: "board secretary"}}}}.Draft()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// ExamDraft returns the examination history (T04) of hard case i: the last step passed at
// the attempt that the case names, the others at the first.
func (w *World) ExamDraft(i int, at time.Time) (map[string]any, error) {
	c, _ := HardCase(i)
	tries := map[string]int{"attempts-three": 3, "attempts-four": 4}[c.Name]
	p, e, err := w.verification(i, at)
	if err != nil {
		return nil, err
	}
	e.Title = "Examination history"
	e.Evidence[0].Source = "Exam office of the made-up sponsor"
	year := yearOf(p.Degree.Conferral)
	h := licensure.ExamHistory{Envelope: e, Program: licensure.USMLE, Complete: true, AsOf: licensure.DateOf(at.UTC())}
	sit := func(component string, no int, on licensure.Date, passed bool) {
		outcome := licensure.ExamFail
		if passed {
			outcome = licensure.ExamPass
		}
		h.Attempts = append(h.Attempts, licensure.Attempt{Component: component, No: no, TakenOn: on, Outcome: outcome})
	}
	sit(licensure.Step1, 1, civil(year-2, 6, 10), true)
	sit(licensure.Step2CK, 1, civil(year-1, 9, 10), true)
	for no := 1; no <= max(tries, 1); no++ {
		sit(licensure.Step3, no, civil(year+no, 3, 10), no == max(tries, 1))
	}
	return h.Draft()
}

// LetterDraft returns a letter of qualification (T12) for the licence of hard case i, issued
// on the day of at.
func (w *World) LetterDraft(i int, at time.Time) (map[string]any, error) {
	p := w.Physician(i)
	l := p.Licences[0]
	board := w.boards[l.Board]
	rules := licensure.DefaultCompactRules()
	at = at.UTC().Truncate(time.Second)
	day := at.Truncate(24 * time.Hour)
	proof := fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i)
	letter := licensure.Letter{LetterID: fmt.Sprintf("LOQ-%03d", i), Jurisdiction: board.Jurisdiction, Basis: licensure.SPLResidence,
		Licence:  licensure.LicenceKey{Jurisdiction: board.Jurisdiction, BoardID: board.ID, Type: l.Type, Number: l.Number},
		IssuedOn: licensure.DateOf(day), Expires: licensure.DateOf(day.AddDate(0, 0, 365)), Determination: licensure.Eligible,
		RulesetID: "compact", RulesetVersion: rules.Version(), RulesetDigest: rules.Digest(),
		Envelope: licensure.Envelope{Title: "Letter of qualification", Holder: w.HolderDID(i, board.ID), Person: p.Person, ValidFrom: at,
			ValidUntil: day.AddDate(0, 0, 366).Add(12 * time.Hour), Confidence: licensure.Primary, Synthetic: true,
			Evidence: []licensure.Evidence{{Source: board.Name, Method: licensure.DirectFromSource, VerifiedAt: at, VerifierRole: "licensing officer"}}}}
	for n := 1; n <= 9; n++ {
		letter.Criteria = append(letter.Criteria, licensure.Criterion{Rule: fmt.Sprintf("CE-%d", n), Result: licensure.Met, Evidence: []string{proof}})
	}
	return letter.Draft()
}
