package evidencefile_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
)

// made is a draft that was written elsewhere.
type made map[string]any

func (m made) Draft() (map[string]any, error) { return m, nil }

// A planted case is issued: the credential that it is about, and the orders.
type planted struct {
	synth.Case
	credential []byte
	orders     [][]byte
	moment     time.Time
}

// plantAll issues all hard cases, each by one source that may issue everything.
func plantAll(t *testing.T) (w *world, s *source, cases []planted) {
	w = newWorld(t)
	s = w.source("everybody", []string{"*"}, []string{"*"})
	people := synth.New(1)
	var drafts []drafter
	draft := func(d map[string]any, err error) int {
		t.Helper()
		must(t, err)
		drafts = append(drafts, made(d))
		return len(drafts) - 1
	}
	type place struct {
		credential int
		orders     []int
		status     *licensure.LegalStatus
	}
	var places []place
	for i := 0; ; i++ {
		c, ok := synth.HardCase(i)
		if !ok {
			break
		}
		var p place
		switch c.Type {
		case licensure.TypeLicence:
			p.credential = draft(people.LicenceDraft(i, 0, now))
			p.status = &people.Physician(i).Licences[0].Status
		case licensure.TypeMedicalDegree:
			p.credential = draft(people.DegreeDraft(i, now))
		case licensure.TypeGraduateTraining:
			p.credential = draft(people.TrainingDraft(i, 0, now))
		case licensure.TypeExamHistory:
			p.credential = draft(people.ExamDraft(i, now))
		case licensure.TypeLetterOfQualification:
			p.credential = draft(people.LetterDraft(i, now))
		default:
			t.Fatalf("%s: nobody makes a %s", c.Name, c.Type)
		}
		orders, err := people.OrderDrafts(i, now)
		must(t, err)
		for _, o := range orders {
			p.orders = append(p.orders, draft(o, nil))
		}
		places = append(places, p)
		cases = append(cases, planted{Case: c, moment: people.CaseMoment(i, now)})
	}
	issued := s.issue(drafts...)
	for i, p := range places {
		cases[i].credential = issued[p.credential]
		for _, o := range p.orders {
			cases[i].orders = append(cases[i].orders, issued[o])
		}
		if p.status != nil {
			must(t, s.is.SetStatus(idOf(t, issued[p.credential]), "message", uint8(*p.status)))
		}
	}
	return w, s, cases
}

func idOf(t *testing.T, raw []byte) string {
	var c struct{ ID string }
	must(t, json.Unmarshal(raw, &c))
	return c.ID
}

// onePolicy asks for what the case is about, as an accreditor does.
func onePolicy(t *testing.T) []byte {
	raw, err := json.Marshal(map[string]any{"version": 1, "id": "one", "revision": "1", "title": "One credential", "maxAgeDays": 120,
		"elements": []any{map[string]any{"element": "licence", "required": true}}})
	must(t, err)
	return raw
}

// TestHardCases issues every planted case and judges it under the policies: each reaches the
// standing of the table, whatever a policy asks for besides.
func TestHardCases(t *testing.T) {
	w, s, cases := plantAll(t)
	ev := w.evidence()
	trust := w.trust(nil)
	if len(cases) < 50 {
		t.Fatalf("%d cases", len(cases))
	}
	lists := map[time.Time][][]byte{}
	for _, c := range cases {
		if lists[c.moment] == nil {
			lists[c.moment] = s.lists(c.moment)
		}
	}
	standing := func(c planted, policy []byte) licensure.StandingValue {
		f, err := evidencefile.Make(evidencefile.Input{Credentials: [][]byte{c.credential}, Orders: c.orders, Trust: trust, Evidence: [][]byte{ev},
			Lists: lists[c.moment], Policy: policy,
			Case: evidencefile.Case{At: c.moment.Format(time.RFC3339), DecisionDate: licensure.DateOf(c.moment), Arrival: c.moment.Format(time.RFC3339), PhotoID: true}})
		must(t, err)
		var part struct {
			Standings []struct{ Standing licensure.StandingValue }
		}
		raw := f.Member("result/credential-0001.json")
		must(t, json.Unmarshal(raw, &part))
		if part.Standings[0].Standing != c.Standing {
			t.Logf("%s: %s\n%s", c.Name, raw, f.Member("result/order-0001.json"))
		}
		return part.Standings[0].Standing
	}
	reached := map[licensure.StandingValue]int{}
	policies := map[string][]byte{"one": onePolicy(t)}
	for _, id := range licensure.Policies() {
		policies[id] = policyFile(t, id)
	}
	for _, c := range cases {
		for id, policy := range policies {
			if got := standing(c, policy); got != c.Standing {
				t.Errorf("%d %s under %s: %s, want %s", c.Index, c.Name, id, got, c.Standing)
			}
		}
		reached[c.Standing]++
	}
	t.Logf("%d cases under %d policies: %v", len(cases), len(policies), reached)

	t.Run("twins", func(t *testing.T) { twins(t, cases, trust, ev, lists[now]) })
}

// twins share name, birthday, school and training: their papers are never one person's.
func twins(t *testing.T, cases []planted, trust, ev []byte, lists [][]byte) {
	f := make_(t, evidencefile.Input{Credentials: [][]byte{cases[0].credential, cases[1].credential}, Trust: trust, Evidence: [][]byte{ev}, Lists: lists,
		Policy: onePolicy(t), Case: evidencefile.Case{At: now.Format(time.RFC3339), DecisionDate: licensure.DateOf(now)}})
	if r := f.Result(); r.Standing != licensure.UndeterminedStand || r.SubjectMatch == licensure.MatchKey {
		t.Errorf("twins: %s, match %s", r.Standing, r.SubjectMatch)
	}
}

// TestAttempts: three attempts are enough for the compact, four are not; both are facts.
func TestAttempts(t *testing.T) {
	w, s, cases := plantAll(t)
	rules := licensure.DefaultCompactRules()
	for _, j := range synth.New(1).Jurisdictions() {
		rules.Jurisdictions = append(rules.Jurisdictions, j.Code)
		if j.Compact {
			rules.Members = append(rules.Members, licensure.Member{Jurisdiction: j.Code, Principal: j.Principal})
		}
	}
	trust, ev := w.trust(nil), w.evidence()
	for name, want := range map[string]licensure.CriterionResult{"attempts-three": licensure.Met, "attempts-four": licensure.NotMet} {
		i := slices.IndexFunc(cases, func(c planted) bool { return c.Name == name })
		fact := factOf(t, cases[i].credential, trust, ev, s.lists(now))
		e, err := rules.Evaluate(licensure.Application{Principal: rules.Members[0].Jurisdiction, At: now, Facts: []licensure.Fact{fact}})
		must(t, err)
		k := slices.IndexFunc(e.Criteria, func(c licensure.Criterion) bool { return c.Rule == "CE-2" })
		if e.Criteria[k].Result != want {
			t.Errorf("%s: CE-2 %s, want %s (%s)", name, e.Criteria[k].Result, want, e.Criteria[k].Why)
		}
	}
}
