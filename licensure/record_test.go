package licensure_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certanchor/certanchor/licensure"
)

// rule names a test of one rule of the domain by the rule's id. TestRules looks for these
// calls and fails if a rule has none.
func rule(t *testing.T, id string, f func(t *testing.T)) {
	t.Helper()
	t.Run(strings.ReplaceAll(id, "/", "-"), f)
}

// day is midnight UTC of a day of 2026, counted from 0 on 1 January.
func day(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

const boardName = "Quillhaven Board of Medicine"

// aTerm is a licence from 2025 to the end of 2027.
func aTerm() licensure.LicenceTerm {
	return licensure.LicenceTerm{CredentialID: "urn:uuid:0f14d0ab-9605-4a62-a9e4-5ed26688389b", Licence: aKey, Board: boardName,
		Start: "2025-01-01", Expires: "2027-12-31", Initial: licensure.Active, RecordedAt: day(-365), Basis: licensure.Examination}
}

// act is an order in effect and recorded on days of 2026.
func act(id string, action licensure.Action, effective, recorded int) licensure.Order {
	o := licensure.Order{ID: id, Licence: aKey, Board: boardName, Action: action, Origin: licensure.FromBoard,
		EffectiveAt: day(effective), RecordedAt: day(recorded), Public: true, DocumentDigest: aDigest}
	if action == licensure.FeeLapse {
		o.FeeRelatedOnly = true
	}
	if action == licensure.Restriction || action == licensure.ConditionAdded {
		o.Conditions = []licensure.Condition{{Code: "chaperone", Text: "In the presence of a third person.", Period: licensure.Period{From: "2026-01-01"}}}
	}
	return o
}

func vacate(id, target string, effective, recorded int) licensure.Order {
	o := act(id, licensure.Vacated, effective, recorded)
	o.Supersedes = target
	return o
}

func statusOn(t *testing.T, at, known int, orders ...licensure.Order) licensure.LegalStatus {
	t.Helper()
	return licensure.Fold([]licensure.LicenceTerm{aTerm()}, orders, licensure.BoardRules{}, day(at), day(known)).Status
}

func wants(t *testing.T, got, want licensure.LegalStatus, what string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestLifecycle walks every path of the life cycle and a step off it.
func TestLifecycle(t *testing.T) {
	rule(t, "LC-3", func(t *testing.T) {
		good := map[string]licensure.LegalStatus{
			"restriction":                   licensure.ActiveWithConditions,
			"restriction condition-removed": licensure.Active,
			"probation":                     licensure.Probation,
			"restriction probation":         licensure.Probation,
			"restriction probation termination-of-probation":  licensure.ActiveWithConditions,
			"probation termination-of-probation":              licensure.Active,
			"probation suspension":                            licensure.Suspended,
			"probation revocation":                            licensure.Revoked,
			"summary-suspension":                              licensure.SummarySuspended,
			"restriction summary-suspension suspension":       licensure.Suspended,
			"suspension probation":                            licensure.Probation,
			"suspension reinstatement":                        licensure.Active,
			"suspension revocation re-application grant":      licensure.Active,
			"surrender-in-lieu re-application probation":      licensure.Probation,
			"inactivation reactivation":                       licensure.Active,
			"retirement":                                      licensure.Retired,
			"retirement death-recorded":                       licensure.Deceased,
			"revocation death-recorded":                       licensure.Deceased,
			"administrative-fee-lapse":                        licensure.Expired,
			"administrative-fee-lapse late-renewal":           licensure.Active,
			"probation administrative-fee-lapse late-renewal": licensure.Probation,
			"administrative-fee-lapse revocation":             licensure.Revoked,
			"reprimand fine CME-ordered cease-and-desist":     licensure.Active,
			"suspension reprimand":                            licensure.Suspended,
			"revocation re-application denial":                licensure.Pending,
			"probation condition-added condition-removed":     licensure.Probation,
			"restriction modification":                        licensure.Active,
			"inactivation surrender-in-lieu":                  licensure.SurrenderedInLieu,
		}
		for path, want := range good {
			log := newLog(t)
			for i, a := range strings.Fields(path) {
				if err := log.Issue(act(fmt.Sprint("o", i), licensure.Action(a), i, i), ""); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
			s, err := log.StatusAt(aKey, day(50), day(50))
			if err != nil || s.Status != want {
				t.Errorf("%s: %v (%v), want %v", path, s.Status, err, want)
			}
		}
		bad := map[string]string{
			"revocation revocation":            "revoked → revocation",
			"reinstatement":                    "active → reinstatement",
			"grant":                            "active → grant",
			"suspension suspension":            "suspended → suspension",
			"suspension inactivation":          "suspended → inactivation",
			"probation retirement":             "probation → retirement",
			"revocation reinstatement":         "revoked → reinstatement",
			"summary-suspension reinstatement": "summary-suspended → reinstatement",
			"summary-suspension probation":     "summary-suspended → probation",
			"retirement suspension":            "retired → suspension",
			"death-recorded death-recorded":    "deceased → death-recorded",
			"death-recorded reprimand":         "deceased → reprimand",
			"denial":                           "active → denial",
			"condition-removed":                "active → condition-removed",
			"termination-of-probation":         "active → termination-of-probation",
			"late-renewal":                     "active → late-renewal",
			"surrender-in-lieu revocation":     "surrendered-in-lieu → revocation",
		}
		for path, pair := range bad {
			log := newLog(t)
			actions := strings.Fields(path)
			for i, a := range actions {
				err := log.Issue(act(fmt.Sprint("o", i), licensure.Action(a), i, i), "")
				if i < len(actions)-1 {
					if err != nil {
						t.Errorf("%s: %v", path, err)
					}
					continue
				}
				refusedBy(t, err, "LC-3", pair)
				if err != nil && strings.Contains(err.Error(), "later order") {
					t.Errorf("%s: laid at another order's door: %v", path, err)
				}
				if n := len(log.Orders(aKey)); n != i {
					t.Errorf("%s: %d orders in the log after a refusal", path, n)
				}
			}
		}
		// One dated back must not make a later one impossible.
		log := newLog(t)
		must(t, log.Issue(act("o1", licensure.Suspension, 20, 20), ""))
		refusedBy(t, log.Issue(act("o2", licensure.Revocation, 10, 30), ""), "LC-3", "later order o1")
	})

	rule(t, "LC-7", func(t *testing.T) {
		term := aTerm()
		term.Expires = "2026-03-31"
		east := time.FixedZone("east", 13*3600)
		west := time.FixedZone("west", -10*3600)
		for _, c := range []struct {
			at    string
			zone  *time.Location
			grace int
			want  licensure.LegalStatus
			in    bool
		}{
			{"2026-03-31T23:59:59Z", nil, 0, licensure.Active, false},
			{"2026-04-01T00:00:00Z", nil, 0, licensure.Expired, false},
			{"2026-03-31T11:00:00Z", east, 0, licensure.Expired, false},
			{"2026-03-31T10:59:59Z", east, 0, licensure.Active, false},
			{"2026-04-01T09:59:59Z", west, 0, licensure.Active, false},
			{"2026-04-01T10:00:00Z", west, 0, licensure.Expired, false},
			{"2026-04-30T12:00:00Z", nil, 30, licensure.Expired, true},
			{"2026-05-01T12:00:00Z", nil, 30, licensure.Expired, false},
		} {
			s := licensure.Fold([]licensure.LicenceTerm{term}, nil, licensure.BoardRules{Zone: c.zone, GraceDays: c.grace}, instant(c.at), day(400))
			if s.Status != c.want || s.InGrace != c.in {
				t.Errorf("%s in %v with %d days: %v, grace %v", c.at, c.zone, c.grace, s.Status, s.InGrace)
			}
		}
		// The end of a term does not hide what the board decided.
		s := licensure.Fold([]licensure.LicenceTerm{term}, []licensure.Order{act("o", licensure.Suspension, 10, 10)}, licensure.BoardRules{}, day(200), day(200))
		if s.Status != licensure.Suspended || !s.Expired {
			t.Errorf("suspended, then the term ends: %v, %v", s.Status, s.Expired)
		}
		// An order on the very day of expiry.
		s = licensure.Fold([]licensure.LicenceTerm{term}, []licensure.Order{act("o", licensure.ProbationOrder, 89, 89)}, licensure.BoardRules{}, day(89), day(89))
		wants(t, s.Status, licensure.Probation, "probation on 31 March")
	})

	rule(t, "LC-6", func(t *testing.T) {
		first, second := aTerm(), aTerm()
		first.Expires = "2026-03-31"
		second.CredentialID, second.Start, second.Expires, second.RecordedAt = "urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2", "2026-04-01", "2028-03-31", day(80)
		terms := []licensure.LicenceTerm{second, first}
		at := func(a, k int) licensure.State {
			return licensure.Fold(terms, nil, licensure.BoardRules{}, day(a), day(k))
		}
		wants(t, at(100, 100).Status, licensure.Active, "renewed")
		wants(t, at(100, 79).Status, licensure.Expired, "renewed, as known before")
		// A correction of a term counts, even if it ends sooner.
		shorter := second
		shorter.CredentialID, shorter.Expires, shorter.RecordedAt = "urn:uuid:2b2a3b2e-6f0a-4f0e-9a51-0f2d3a0c9d10", "2026-06-30", day(120)
		corrected := licensure.Fold(append(slices.Clone(terms), shorter), nil, licensure.BoardRules{}, day(200), day(200))
		wants(t, corrected.Status, licensure.Expired, "corrected to an earlier end")
		if got := at(100, 100).Expires; got != "2028-03-31" {
			t.Errorf("expires %s", got)
		}
	})
}

func newLog(t *testing.T) *licensure.Log {
	t.Helper()
	log := new(licensure.Log)
	must(t, log.AddTerm(aTerm()))
	return log
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refusedBy(t *testing.T, err error, ruleID, text string) {
	t.Helper()
	var re *licensure.RuleError
	if !errors.As(err, &re) || re.Rule != ruleID || !strings.Contains(re.Detail, text) {
		t.Errorf("got %v, want %s with %q", err, ruleID, text)
	}
}

// TestRecord is about time of effect and time of knowledge.
func TestRecord(t *testing.T) {
	rule(t, "LC-5", func(t *testing.T) {
		suspension := act("o1", licensure.Suspension, 10, 40) // retroactive
		wants(t, statusOn(t, 20, 30, suspension), licensure.Active, "on day 20 as known on day 30")
		wants(t, statusOn(t, 20, 40, suspension), licensure.Suspended, "on day 20 as known on day 40")
		wants(t, statusOn(t, 9, 40, suspension), licensure.Active, "on day 9 as known on day 40")
		future := act("o1", licensure.Revocation, 50, 10)
		wants(t, statusOn(t, 49, 10, future), licensure.Active, "before its effect")
		wants(t, statusOn(t, 50, 10, future), licensure.Revoked, "from its effect")
	})
	rule(t, "LC-4", func(t *testing.T) {
		// Reinstatement known before the suspension was recorded.
		back, gone := act("o2", licensure.Reinstatement, 30, 31), act("o1", licensure.Suspension, 10, 60)
		wants(t, statusOn(t, 40, 50, back, gone), licensure.Active, "as known before the suspension")
		wants(t, statusOn(t, 40, 60, back, gone), licensure.Active, "as known after")
		wants(t, statusOn(t, 20, 60, back, gone), licensure.Suspended, "in between, as known after")
		// Of orders in effect at one moment the one recorded later comes later, then the id.
		a, b := act("a", licensure.Suspension, 10, 10), act("b", licensure.Reinstatement, 10, 10)
		wants(t, statusOn(t, 10, 10, b, a), licensure.Active, "same moment, by id")
		a.ID, b.ID = "b", "a"
		wants(t, statusOn(t, 10, 10, b, a), licensure.Suspended, "same moment, ids swapped")
		b.RecordedAt = day(11)
		wants(t, statusOn(t, 10, 11, b, a), licensure.Active, "same moment, by time of recording")
	})
	t.Run("vacated", func(t *testing.T) {
		s, v := act("o1", licensure.Suspension, 10, 10), vacate("o2", "o1", 10, 30)
		wants(t, statusOn(t, 20, 29, s, v), licensure.Suspended, "as known before")
		wants(t, statusOn(t, 20, 30, s, v), licensure.Active, "as known after, from the beginning")
		late := vacate("o2", "o1", 25, 30)
		wants(t, statusOn(t, 20, 30, s, late), licensure.Suspended, "before the vacation takes effect")
		wants(t, statusOn(t, 25, 30, s, late), licensure.Active, "after")
		twice := vacate("o3", "o2", 26, 40)
		wants(t, statusOn(t, 30, 40, s, late, twice), licensure.Suspended, "the vacation vacated")
		state := licensure.Fold([]licensure.LicenceTerm{aTerm()}, []licensure.Order{s, v}, licensure.BoardRules{}, day(40), day(40))
		if len(state.History) != 2 || state.History[0].Fate != licensure.Removed || state.History[0].Why != "o2" {
			t.Errorf("history %+v", state.History)
		}
		stranger := vacate("o9", "nobody", 10, 30)
		state = licensure.Fold([]licensure.LicenceTerm{aTerm()}, []licensure.Order{s, stranger}, licensure.BoardRules{}, day(40), day(40))
		if state.Status != licensure.Suspended || state.History[1].Fate != licensure.Unmatched {
			t.Errorf("an order that vacates nobody: %v %+v", state.Status, state.History)
		}
		refusedBy(t, newLog(t).Issue(stranger, ""), "LC-3", "nobody")
	})
	t.Run("before-the-licence", func(t *testing.T) {
		wants(t, statusOn(t, -400, 100), licensure.NotStated, "before the licence was issued")
		wants(t, statusOn(t, 0, -366), licensure.NotStated, "as known before it was recorded")
	})
}

// randomOrders draws n orders that need make no sense.
func randomOrders(r *rand.Rand, n int) []licensure.Order {
	all := []licensure.Action{licensure.Suspension, licensure.Reinstatement, licensure.ProbationOrder, licensure.TerminationOfProbation,
		licensure.Restriction, licensure.ConditionRemoved, licensure.Revocation, licensure.ReApplication, licensure.Grant, licensure.Reprimand,
		licensure.FeeLapse, licensure.LateRenewal, licensure.SummarySuspension, licensure.Vacated}
	var out []licensure.Order
	for i := range n {
		a := all[r.IntN(len(all))]
		effective := r.IntN(60)
		o := act(fmt.Sprintf("o%02d", i), a, effective, max(0, effective+r.IntN(40)-10))
		switch r.IntN(6) {
		case 0: // automatic, 90 days
			o.Action, o.Origin, o.EndsAt = licensure.Suspension, licensure.FromCompact, day(effective+90)
			o.Conditions, o.FeeRelatedOnly = nil, false
			o.Trigger = &licensure.TriggerRef{OrderID: "x", TakenIn: "X03", Digest: bDigest, Rule: "CD-4"}
		case 1:
			o.Action, o.Origin, o.Mirrored = licensure.Suspension, licensure.FromCompact, new(licensure.Suspended)
			o.Conditions, o.FeeRelatedOnly = nil, false
			o.Trigger = &licensure.TriggerRef{OrderID: "x", TakenIn: "X03", Digest: bDigest, Rule: "CD-1"}
		}
		if o.Action == licensure.Vacated {
			o.Supersedes = fmt.Sprintf("o%02d", r.IntN(n))
		}
		out = append(out, o)
	}
	return out
}

// TestFoldProperties: any order of arrival gives one state and one head; what is not yet
// recorded or in effect changes nothing; an order vacated from its beginning was never there.
func TestFoldProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	moved, refused := 0, 0
	for range 400 {
		orders := randomOrders(r, 2+r.IntN(8))
		at, known := r.IntN(120), r.IntN(120)
		terms := []licensure.LicenceTerm{aTerm()}
		fold := func(os []licensure.Order) licensure.State {
			return licensure.Fold(terms, os, licensure.BoardRules{}, day(at), day(known))
		}
		want, head := fold(orders), headOf(t, orders)
		refused += len(want.Refused())
		if want.Status != licensure.Active {
			moved++
		}
		for range 4 {
			other := slices.Clone(orders)
			r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
			if diff := cmp.Diff(want, fold(other)); diff != "" {
				t.Fatalf("another order of arrival, another state:\n%s", diff)
			}
			if got := headOf(t, other); got != head {
				t.Fatalf("another order of arrival, another head: %v, %v", head, got)
			}
		}
		heard := slices.DeleteFunc(slices.Clone(orders), func(o licensure.Order) bool {
			return o.RecordedAt.After(day(known)) || o.EffectiveAt.After(day(at))
		})
		if got := fold(heard); got.Status != want.Status || got.By != want.By {
			t.Fatalf("LC-5: %v by %q, without what is not yet known %v by %q", want.Status, want.By, got.Status, got.By)
		}
		extra := act("zz", licensure.Revocation, r.IntN(60), 60)
		gone := vacate("zzz", "zz", 0, 61)
		gone.EffectiveAt = extra.EffectiveAt
		with := licensure.Fold(terms, append(slices.Clone(orders), extra, gone), licensure.BoardRules{}, day(at), day(200))
		without := licensure.Fold(terms, orders, licensure.BoardRules{}, day(at), day(200))
		if with.Status != without.Status || with.Own != without.Own {
			t.Fatalf("vacated: %v, never there: %v", with.Status, without.Status)
		}
	}
	if moved < 100 || refused < 100 {
		t.Errorf("too tame: %d of 400 moved, %d transitions refused", moved, refused)
	}
}

func headOf(t *testing.T, orders []licensure.Order) licensure.Head {
	t.Helper()
	log := newLog(t)
	for _, o := range orders {
		must(t, log.Add(o, ""))
	}
	return log.Head(day(500))
}

// TestLogHead: what is hidden, swapped, dated back or changed after a head was anchored
// shows; what comes later does not.
func TestLogHead(t *testing.T) {
	orders := []licensure.Order{act("o1", licensure.Suspension, 10, 10), act("o2", licensure.Reinstatement, 20, 20), act("o3", licensure.Reprimand, 30, 30)}
	log := newLog(t)
	for _, o := range orders {
		must(t, log.Issue(o, aDigest))
	}
	heads := []licensure.Head{log.Seal(day(15)), log.Seal(day(25)), log.Seal(day(35))}
	must(t, log.CheckHeads(heads))
	refusedBy(t, log.Issue(act("o4", licensure.Fine, 40, 35), aDigest), "LC-4", "sealed")
	must(t, log.Issue(act("o4", licensure.Fine, 40, 40), aDigest))
	must(t, log.CheckHeads(heads))

	rebuilt := func(change func([]licensure.Order) []licensure.Order, digest string) *licensure.Log {
		l := newLog(t)
		for _, o := range change(slices.Clone(orders)) {
			must(t, l.Add(o, digest))
		}
		return l
	}
	for name, l := range map[string]*licensure.Log{
		"hidden":     rebuilt(func(os []licensure.Order) []licensure.Order { return []licensure.Order{os[0], os[2]} }, aDigest),
		"swapped":    rebuilt(func(os []licensure.Order) []licensure.Order { os[1].Action = licensure.ProbationOrder; return os }, aDigest),
		"dated-back": rebuilt(func(os []licensure.Order) []licensure.Order { return append(os, act("o9", licensure.Fine, 22, 22)) }, aDigest),
		"re-signed":  rebuilt(func(os []licensure.Order) []licensure.Order { return os }, bDigest),
	} {
		err := l.CheckHeads(heads)
		refusedBy(t, err, "LC-4", "not the one anchored")
		if name == "hidden" {
			refusedBy(t, err, "LC-4", "the difference lies after 2026-01-16")
		}
	}

	var first, second bytes.Buffer
	if _, err := log.WriteTo(&first); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(first.String(), "\n"), "\n")
	slices.Reverse(lines)
	lines[0] += "\n"
	again, err := licensure.ReadLog(strings.NewReader(strings.Join(lines, "")))
	must(t, err)
	if _, err := again.WriteTo(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) || again.Head(day(500)) != log.Head(day(500)) {
		t.Error("a log rebuilt from its lines is another log")
	}
	for name, line := range map[string]string{
		"no-json": "{", "no-kind": `{"entry":{}}`, "no-members": `{"kind":"order","entry":{}}`,
		"more-members": strings.Replace(lines[len(lines)-1], `{"`, `{"aside":"x","`, 1),
	} {
		if _, err := licensure.ReadLog(strings.NewReader(line)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// TestLogRefuses is about bad input: a clear error and nothing taken in.
func TestLogRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		bend func(o *licensure.Order)
		rule string
		text string
	}{
		"unknown-licence": {func(o *licensure.Order) { o.Licence.Number = "L0000000" }, "LC-4", "no licence"},
		"wrong-board":     {func(o *licensure.Order) { o.Board = "Tarnbeck Board of Medicine" }, "TR-2", "another board"},
		"before-issue":    {func(o *licensure.Order) { o.EffectiveAt = instant("2024-12-30T00:00:00Z") }, "LC-4", "before the licence"},
	} {
		t.Run(name, func(t *testing.T) {
			log := newLog(t)
			before := log.Head(day(500))
			o := act("o1", licensure.Suspension, 10, 10)
			c.bend(&o)
			refusedBy(t, log.Add(o, ""), c.rule, c.text)
			refusedBy(t, log.Issue(o, ""), c.rule, c.text)
			if log.Head(day(500)) != before {
				t.Error("half applied")
			}
		})
	}
	log := newLog(t)
	must(t, log.Add(act("o1", licensure.Suspension, 10, 10), ""))
	must(t, log.Add(act("o1", licensure.Suspension, 10, 10), ""))
	refusedBy(t, log.Add(act("o1", licensure.ProbationOrder, 10, 10), ""), "LC-4", "two different entries")
	var de *licensure.DraftError
	if err := log.Add(licensure.Order{ID: "o2", Licence: aKey}, ""); !errors.As(err, &de) {
		t.Errorf("an empty order: %v", err)
	}
	if len(log.Orders(aKey)) != 1 {
		t.Error("half applied")
	}
}
