package licensure_test

import (
	"testing"

	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// hardStandings are the standings of planted physicians where the case decides them: of the
// first licence, by the list, and of the education element; and the answer to CE-3. Where a
// case is about a name, a date or a number the standing is what it is for anybody.
var hardStandings = map[string]struct {
	licence   licensure.StandingValue
	education string // what verifies it; "" for anything
	ce3       licensure.CriterionResult
}{
	"status-active-with-conditions": {licence: licensure.InForceWithLimits},
	"status-probation":              {licence: licensure.InForceWithLimits},
	"status-suspended":              {licence: licensure.NotInForce},
	"status-summary-suspended":      {licence: licensure.NotInForce},
	"status-revoked":                {licence: licensure.NotInForce},
	"status-surrendered-in-lieu":    {licence: licensure.NotInForce},
	"status-inactive-voluntary":     {licence: licensure.NotInForce},
	"status-retired":                {licence: licensure.NotInForce},
	"training-not-finished":         {licence: licensure.InForceWithLimits, education: "degree", ce3: licensure.NotMet},
	"training-transitional-only":    {education: "residency or fellowship", ce3: licensure.NotMet},
	"programme-closed":              {licence: licensure.InForce, education: "residency or fellowship", ce3: licensure.Met},
	"school-closed":                 {education: "residency or fellowship"},
	"school-renamed":                {education: "residency or fellowship"},
	"degree-year-only":              {education: "residency or fellowship"},
	"two-boards-one-place-md":       {licence: licensure.InForce},
	"two-boards-one-place-do":       {licence: licensure.InForce},
	"licence-number-shared-a":       {licence: licensure.InForce},
	"licence-number-shared-b":       {licence: licensure.InForce},
	"leading-zeros":                 {licence: licensure.InForce},
}

// TestHardCases puts every planted physician before the policy of a health plan and the
// compact's rule about training.
func TestHardCases(t *testing.T) {
	w, ncqa, at := synth.New(1), policy(t, "ncqa-accreditation"), instant("2026-07-01T08:00:00Z")
	judged := 0
	for i := range synth.FirstOrdinary {
		c, ok := synth.HardCase(i)
		if !ok {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			want := hardStandings[c.Name]
			p := w.Physician(i)
			draft, err := w.LicenceDraft(i, 0, at)
			must(t, err)
			items := []licensure.Item{hardItem(t, draft, p.Licences[0].Status)}
			draft, err = w.DegreeDraft(i, at)
			must(t, err)
			items = append(items, hardItem(t, draft, 0))
			var facts []licensure.Fact
			for k := range p.Trainings {
				draft, err := w.TrainingDraft(i, k, at)
				must(t, err)
				items = append(items, hardItem(t, draft, 0))
				f, err := licensure.FactOf(items[len(items)-1].Report, aDigest)
				must(t, err)
				facts = append(facts, f)
			}
			place := items[0].Report.Claims["credentialSubject"].(map[string]any)["jurisdiction"].(string)
			d := ncqa.Decide(licensure.Case{Moment: decidedOn("2026-07-15"), Office: "plan", Place: place, Items: items,
				HolderKeys: []string{w.HolderDID(i, synth.Federation), w.HolderDID(i, w.Boards()[p.Licences[0].Board].ID)}})
			if d.Match != licensure.MatchKey {
				t.Errorf("shown together, the set is known by %s", d.Match)
			}
			if got := d.Elements[0].Standing; want.licence != "" && got != want.licence {
				t.Errorf("licence: %s (%v), want %s", got, d.Elements[0].Reasons, want.licence)
			}
			if got := d.Elements[2].VerifiedBy; want.education != "" && got != want.education {
				t.Errorf("education by %q (%v), want %q", got, d.Elements[2].Reasons, want.education)
			}
			e := evaluate(t, compactRules(), licensure.Application{Principal: "X01", At: judgedAt, Facts: facts})
			if got := e.Criteria[2].Result; want.ce3 != "" && got != want.ce3 {
				t.Errorf("CE-3: %s, want %s", got, want.ce3)
			}
			if want != (hardStandings["none"]) {
				judged++
			}
		})
	}
	if judged != len(hardStandings) {
		t.Errorf("%d cases judged, %d in the table", judged, len(hardStandings))
	}

	t.Run("twins", func(t *testing.T) { // one name, birthday, school: never one person by themselves
		draft := func(i int) licensure.Subject {
			d, err := w.DegreeDraft(i, at)
			must(t, err)
			return licensure.SubjectOf(d)
		}
		if got := licensure.MatchSubjects(draft(0), draft(1), nil); got != licensure.MatchWeak {
			t.Errorf("twins match: %s", got)
		}
	})
	t.Run("one number, two boards", func(t *testing.T) {
		log := new(licensure.Log)
		var keys []licensure.LicenceKey
		for i := 2; i <= 3; i++ {
			d, err := w.LicenceDraft(i, 0, at)
			must(t, err)
			claims := filledIn(d)
			claims["id"] = map[int]string{2: aRef.ID, 3: bRef.ID}[i]
			term, err := licensure.TermOf(claims, aDigest)
			must(t, err)
			must(t, log.AddTerm(term))
			keys = append(keys, term.Licence)
			if i == 2 {
				o := act("o1", licensure.Revocation, 200, 200)
				o.Licence, o.Board = term.Licence, term.Board
				must(t, log.Issue(o, ""))
			}
		}
		if keys[0].Number != keys[1].Number || keys[0] == keys[1] {
			t.Fatalf("keys %v", keys)
		}
		for i, want := range []licensure.LegalStatus{licensure.Revoked, licensure.Active} {
			s, err := log.StatusAt(keys[i], day(201), day(201))
			must(t, err)
			wants(t, s.Status, want, keys[i].Jurisdiction)
		}
	})
}

// hardItem is a draft as issued and found valid, with a fresh list that says s.
func hardItem(t *testing.T, draft map[string]any, s licensure.LegalStatus) licensure.Item {
	t.Helper()
	claims := filledIn(draft)
	facts++
	at, v := instant("2026-07-10T00:00:00Z"), uint8(s)
	id, _ := claims["id"].(string)
	return licensure.Item{Digest: aDigest, Report: &verifier.Report{Verdict: verifier.Valid, ID: id, Claims: claims,
		Issuer: verifier.IssuerFact{ID: "https://x.example", Label: "Made-up Source"}, StatusAt: &at, Message: &v}}
}
