package licensure_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certanchor/certanchor/licensure"
)

// rules are the compact's, with X01 to X06 as members and X01, X02, X03 as principal states;
// X07 is no member.
func compactRules() licensure.CompactRules {
	r := licensure.DefaultCompactRules()
	for i := 1; i <= 7; i++ {
		place := fmt.Sprintf("X%02d", i)
		r.Jurisdictions = append(r.Jurisdictions, place)
		if i <= 6 {
			r.Members = append(r.Members, licensure.Member{Jurisdiction: place, Principal: i <= 3})
		}
	}
	return r
}

func key(place int) licensure.LicenceKey {
	return licensure.LicenceKey{Jurisdiction: fmt.Sprintf("X%02d", place), Type: licensure.FullLicence, Number: fmt.Sprintf("L%05d", place)}
}

func board(place int) string { return fmt.Sprintf("Board of X%02d", place) }

// aHolderOf has licences in X01 (the principal one), X02, X03 and X07; that of X03 was issued
// under the compact.
func aHolderOf() licensure.Holder {
	h := licensure.Holder{Principal: []licensure.Designation{{Licence: key(1), From: day(-1000)}}}
	for _, place := range []int{1, 2, 3, 7} {
		basis := licensure.Endorsement
		if place == 3 {
			basis = licensure.BasisCompact
		}
		h.Licences = append(h.Licences, licensure.HolderLicence{Key: key(place), Board: board(place), Basis: basis, Issued: day(-365)})
	}
	return h
}

func termsOfAll() []licensure.LicenceTerm {
	var out []licensure.LicenceTerm
	for _, place := range []int{1, 2, 3, 7} {
		t := aTerm()
		t.CredentialID, t.Licence, t.Board = fmt.Sprint("urn:x:", place), key(place), board(place)
		out = append(out, t)
	}
	return out
}

func by(place int, id string, action licensure.Action, effective, recorded int) licensure.SignedOrder {
	o := act(id, action, effective, recorded)
	o.Licence, o.Board = key(place), board(place)
	return licensure.SignedOrder{Order: o, Digest: bDigest}
}

func vacateBy(place int, id, target string, effective, recorded int) licensure.SignedOrder {
	o := by(place, id, licensure.Vacated, effective, recorded)
	o.Supersedes = target
	return o
}

func stateIn(t *testing.T, r licensure.CompactRules, place, at, known int, orders ...licensure.SignedOrder) licensure.State {
	t.Helper()
	s, err := r.StatusAt(termsOfAll(), orders, aHolderOf(), key(place), licensure.BoardRules{}, day(at), day(known))
	must(t, err)
	return s
}

// shows lists the statuses of the licences in X01, X02, X03 and X07 on a day.
func shows(t *testing.T, r licensure.CompactRules, at, known int, orders []licensure.SignedOrder, want ...licensure.LegalStatus) {
	t.Helper()
	for i, place := range []int{1, 2, 3, 7} {
		if got := stateIn(t, r, place, at, known, orders...).Status; got != want[i] {
			t.Errorf("X%02d on day %d as known on day %d: %v, want %v", place, at, known, got, want[i])
		}
	}
}

const (
	good     = licensure.Active
	auto     = licensure.CompactAutoSuspended
	mirrored = licensure.CompactMirroredEncumbered
	stopped  = licensure.Suspended
)

type acts = []licensure.SignedOrder

func TestCascade(t *testing.T) {
	r := compactRules()
	rule(t, "CD-1", func(t *testing.T) {
		for _, a := range []licensure.Action{licensure.Revocation, licensure.SurrenderInLieu, licensure.Suspension, licensure.SummarySuspension} {
			order := by(1, "o1", a, 10, 12)
			own := licensure.Fold(termsOfAll()[:1], []licensure.Order{order.Order}, licensure.BoardRules{}, day(20), day(20)).Status
			shows(t, r, 20, 20, acts{order}, own, mirrored, mirrored, good)
			shows(t, r, 9, 20, acts{order}, good, good, good, good)
			shows(t, r, 20, 11, acts{order}, good, good, good, good)
			s := stateIn(t, r, 2, 400, 400, order)
			if s.Status != mirrored || s.Mirrored == nil || *s.Mirrored != own || s.Trigger.OrderID != "o1" || s.Trigger.Digest != bDigest || !s.Since.Equal(day(10)) {
				t.Errorf("after %s: %+v", a, s)
			}
			if want := own.String() + " (automatic, follows X01)"; s.Text() != want {
				t.Errorf("reads %q, want %q", s.Text(), want)
			}
		}
		shows(t, r, 20, 20, acts{by(1, "o1", licensure.ProbationOrder, 10, 10)}, licensure.Probation, good, good, good)
		// Suspended, later revoked: the others show the later status.
		s := stateIn(t, r, 2, 50, 50, by(1, "o1", licensure.Suspension, 10, 10), by(1, "o2", licensure.Revocation, 30, 30))
		if s.Mirrored == nil || *s.Mirrored != licensure.Revoked {
			t.Errorf("suspended, later revoked: %+v", s.Mirrored)
		}
		// A licence issued after the order is not reached.
		h := aHolderOf()
		h.Licences[1].Issued = day(11)
		c, err := r.Cascade(h, acts{by(1, "o1", licensure.Suspension, 10, 10)})
		must(t, err)
		if len(c.For(key(2))) != 0 || len(c.For(key(3))) != 1 {
			t.Errorf("derived %+v", c.Orders)
		}
	})
	rule(t, "CD-2", func(t *testing.T) {
		story := acts{by(1, "o1", licensure.Suspension, 10, 10), by(1, "o2", licensure.Reinstatement, 40, 40)}
		shows(t, r, 50, 50, story, good, mirrored, mirrored, good)
		story = append(story, by(2, "o3", licensure.Reinstatement, 60, 60))
		shows(t, r, 70, 70, story, good, good, mirrored, good)
		story = append(story, by(3, "o4", licensure.ProbationOrder, 65, 65))
		shows(t, r, 70, 70, story, good, good, licensure.Probation, good)
		// Years go by: without an act of the board nothing changes.
		shows(t, r, 700, 700, story[:2], good, mirrored, mirrored, good)
		// A reprimand is an act, and no decision about the status.
		shows(t, r, 70, 70, append(slices.Clone(story[:2]), by(2, "o5", licensure.Reprimand, 60, 60)), good, mirrored, mirrored, good)
		// An act before the automatic status does not end it.
		shows(t, r, 50, 50, acts{by(2, "o0", licensure.ProbationOrder, 5, 5), story[0]}, stopped, mirrored, mirrored, good)
	})
	rule(t, "CD-3", func(t *testing.T) {
		o := by(2, "o1", licensure.ProbationOrder, 10, 10)
		shows(t, r, 20, 20, acts{o}, good, licensure.Probation, good, good)
		c, err := r.Cascade(aHolderOf(), acts{o})
		must(t, err)
		if len(c.Orders) != 0 || len(c.Alerts) != 3 {
			t.Fatalf("%d orders, %d alerts", len(c.Orders), len(c.Alerts))
		}
		for _, a := range c.Alerts {
			if a.Result != licensure.NeedsHuman || a.OrderID != "o1" || a.TakenIn != "X02" || a.For == key(2) {
				t.Errorf("alert %+v", a)
			}
		}
		fee := by(2, "o1", licensure.FeeLapse, 10, 10)
		if c, err = r.Cascade(aHolderOf(), acts{fee}); err != nil || len(c.Alerts) != 0 {
			t.Errorf("a lapse for fees alerts: %+v %v", c.Alerts, err)
		}
	})
	rule(t, "CD-4", func(t *testing.T) {
		o := by(2, "o1", licensure.Suspension, 10, 10)
		shows(t, r, 10, 10, acts{o}, auto, stopped, auto, good)
		shows(t, r, 99, 99, acts{o}, auto, stopped, auto, good)
		shows(t, r, 100, 100, acts{o}, good, stopped, good, good)
		ended := by(3, "o2", licensure.Reinstatement, 20, 20)
		shows(t, r, 19, 20, acts{o, ended}, auto, stopped, auto, good)
		shows(t, r, 20, 20, acts{o, ended}, auto, stopped, good, good)
		// Back to what it was, which need not be active.
		was := by(3, "o0", licensure.ProbationOrder, 1, 1)
		shows(t, r, 50, 50, acts{was, o}, auto, stopped, auto, good)
		shows(t, r, 50, 50, acts{was, o, ended}, auto, stopped, licensure.Probation, good)
		shows(t, r, 100, 100, acts{was, o}, good, stopped, licensure.Probation, good)
		// Other days by the parameter.
		short := r
		short.SuspensionDays = 30
		shows(t, short, 40, 40, acts{o}, good, stopped, good, good)
		// Nor does an order about fees alone.
		fees := o
		fees.FeeRelatedOnly = true
		shows(t, r, 20, 20, acts{fees}, good, stopped, good, good)
		// Who is no member starts nothing.
		shows(t, r, 20, 20, acts{by(7, "o1", licensure.Revocation, 10, 10)}, good, good, good, licensure.Revoked)
	})
	rule(t, "CD-5", func(t *testing.T) {
		c, err := r.Cascade(aHolderOf(), acts{by(1, "o1", licensure.Suspension, 10, 10), by(2, "o2", licensure.Suspension, 20, 20)})
		must(t, err)
		input := acts{by(1, "o1", licensure.Suspension, 10, 10), by(2, "o2", licensure.Suspension, 20, 20)}
		for _, d := range c.Orders { // replayed as if boards had signed them
			input = append(input, licensure.SignedOrder{Order: d, Digest: aDigest})
		}
		again, err := r.Cascade(aHolderOf(), input)
		must(t, err)
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("automatic orders started more:\n%s", diff)
		}
		if s := c.CheckAutomatic(ordersOf(input)); len(s) != 0 {
			t.Errorf("not derived: %+v", s)
		}
	})
	rule(t, "CD-6", func(t *testing.T) {
		two := acts{by(2, "o1", licensure.Suspension, 10, 10), by(3, "o2", licensure.Suspension, 40, 40)}
		shows(t, r, 110, 110, two, auto, stopped, stopped, good)
		shows(t, r, 130, 130, two, good, stopped, stopped, good)
		if s := stateIn(t, r, 1, 60, 60, two...); !s.Until.Equal(day(130)) {
			t.Errorf("ends %v, want the latest end", s.Until)
		}
		both := acts{by(2, "o1", licensure.Suspension, 10, 10), by(1, "o2", licensure.Suspension, 20, 20)}
		shows(t, r, 30, 30, both, stopped, mirrored, mirrored, good)
		shows(t, r, 200, 200, both, stopped, mirrored, mirrored, good)
	})
	t.Run("nothing-left", func(t *testing.T) { // an automatic status does not outrank a revocation, and hinders none
		o := by(1, "o1", licensure.Suspension, 10, 10)
		story := acts{o, by(2, "o2", licensure.Revocation, 5, 20)}
		shows(t, r, 30, 30, story, stopped, licensure.Revoked, mirrored, good)
		if h := stateIn(t, r, 2, 30, 30, story...).History; len(h) != 2 || h[1].Fate != licensure.NoEffect {
			t.Errorf("history %+v", h)
		}
		c, err := r.Cascade(aHolderOf(), acts{o})
		must(t, err)
		log := new(licensure.Log)
		for _, term := range termsOfAll() {
			must(t, log.AddTerm(term))
		}
		must(t, log.Issue(c.For(key(2))[0], aDigest))
		must(t, log.Issue(by(2, "o2", licensure.Revocation, 5, 20).Order, aDigest))
		s, err := log.StatusAt(key(2), day(30), day(30))
		must(t, err)
		wants(t, s.Status, licensure.Revoked, "by the log")
	})
	t.Run("issued-encumbered", func(t *testing.T) {
		for _, initial := range []licensure.LegalStatus{auto, mirrored} {
			term := aTerm()
			term.Initial = initial
			at := func(orders ...licensure.Order) licensure.LegalStatus {
				return licensure.Fold([]licensure.LicenceTerm{term}, orders, licensure.BoardRules{}, day(200), day(200)).Status
			}
			wants(t, at(), initial, "nobody acted")
			wants(t, at(act("o1", licensure.Reprimand, 10, 10)), initial, "a reprimand")
			wants(t, at(act("o1", licensure.Reinstatement, 10, 10)), good, "reinstated")
			wants(t, at(act("o1", licensure.Suspension, 10, 10)), stopped, "suspended by the own board")
		}
	})
	rule(t, "CD-7", func(t *testing.T) {
		narrow := r
		narrow.Scope = licensure.CompactIssuedOnly
		o := by(1, "o1", licensure.Suspension, 10, 10)
		shows(t, narrow, 20, 20, acts{o}, stopped, good, mirrored, good)
		for _, x := range []licensure.CompactRules{r, narrow} {
			if c, err := x.Cascade(aHolderOf(), acts{o}); err != nil || c.Scope != x.Scope {
				t.Errorf("the cascade does not say its scope: %+v %v", c, err)
			}
		}
		if r.Digest() == narrow.Digest() {
			t.Error("another scope, the same digest")
		}
		narrow.Scope = "some"
		_, err := narrow.Cascade(aHolderOf(), acts{o})
		refusedBy(t, err, "CD-7", "scope")
	})
	rule(t, "CD-8", func(t *testing.T) {
		story := acts{by(1, "o1", licensure.Suspension, 10, 10), vacateBy(1, "o2", "o1", 10, 30)}
		shows(t, r, 20, 29, story, stopped, mirrored, mirrored, good)
		shows(t, r, 20, 30, story, good, good, good, good)
		s := stateIn(t, r, 2, 40, 40, story...)
		if len(s.History) != 2 || s.History[0].Fate != licensure.Removed || s.History[0].Order.Trigger.OrderID != "o1" || s.History[1].Order.Trigger.Rule != "CD-8" {
			t.Errorf("history %+v", s.History)
		}
		shows(t, r, 40, 40, append(story, vacateBy(1, "o3", "o2", 30, 35)), stopped, mirrored, mirrored, good)
		later := acts{story[0], vacateBy(1, "o2", "o1", 25, 30)}
		shows(t, r, 20, 40, later, stopped, mirrored, mirrored, good)
		shows(t, r, 25, 40, later, good, good, good, good)
		// Of two triggers one is vacated: the other stands.
		shows(t, r, 50, 50, append(story, by(2, "o9", licensure.Suspension, 20, 20)), auto, stopped, auto, good)
	})
	rule(t, "CD-9", func(t *testing.T) {
		input := acts{by(1, "o1", licensure.Suspension, 10, 10), by(2, "o2", licensure.Revocation, 20, 20), vacateBy(2, "o3", "o2", 25, 25)}
		c, err := r.Cascade(aHolderOf(), input)
		must(t, err)
		want, err := c.Bytes()
		must(t, err)
		if n := bytes.Count(want, []byte("\n")); n != len(c.Orders) || n != 6 {
			t.Errorf("%d lines, %d orders:\n%s", n, len(c.Orders), want)
		}
		h := aHolderOf()
		slices.Reverse(h.Licences)
		for _, o := range [][]int{{2, 1, 0}, {1, 0, 2}} {
			other, err := r.Cascade(h, acts{input[o[0]], input[o[1]], input[o[2]], input[0]})
			must(t, err)
			if got, _ := other.Bytes(); !bytes.Equal(got, want) {
				t.Errorf("another order of arrival, other bytes:\n%s\n%s", want, got)
			}
		}
		// Each can be signed as a T08 by the destination's delegate and read back.
		for _, d := range c.Orders {
			draft, err := licensure.BoardOrder{Envelope: orderEnvelope(), Order: d}.Draft()
			must(t, err)
			back, err := licensure.OrderOf(filledIn(draft))
			must(t, err)
			if diff := cmp.Diff(d, back); diff != "" {
				t.Errorf("an order written and read again:\n%s", diff)
			}
		}
		// A board cannot pass its own act off as automatic.
		mine := c.Orders[0]
		mine.Mirrored = new(licensure.Revoked)
		if s := c.CheckAutomatic([]licensure.Order{mine, c.Orders[1]}); len(s) != 1 || s[0].ID != mine.ID {
			t.Errorf("strange ones: %+v", s)
		}
		nameless := input[0]
		nameless.Digest = ""
		_, err = r.Cascade(aHolderOf(), acts{nameless})
		refusedBy(t, err, "CD-9", "digest")
	})
}

func ordersOf(in acts) []licensure.Order {
	var out []licensure.Order
	for _, o := range in {
		out = append(out, o.Order)
	}
	return out
}

// naive says what the licence in X03 shows, straight from the rules, if its own board never
// acts: an oracle that walks the triggers and knows no fold.
func naive(orders acts, at, known time.Time) licensure.LegalStatus {
	gone := func(o licensure.SignedOrder) bool {
		for _, v := range orders {
			if v.Supersedes == o.ID && v.Licence == o.Licence && !v.RecordedAt.After(known) && !v.EffectiveAt.After(at) && v.RecordedAt.After(o.RecordedAt) {
				return true
			}
		}
		return false
	}
	best := licensure.Active
	for _, o := range orders {
		if o.Action != licensure.Suspension && o.Action != licensure.Revocation || o.RecordedAt.After(known) || o.EffectiveAt.After(at) || gone(o) {
			continue
		}
		switch {
		case o.Licence == key(1):
			return licensure.CompactMirroredEncumbered
		case at.Before(o.EffectiveAt.AddDate(0, 0, 90)):
			best = licensure.CompactAutoSuspended
		}
	}
	return best
}

// TestCascadeProperties: overlapping triggers of two boards, vacated or not, in any order of
// arrival, seen at any two moments, give what the naive oracle says.
func TestCascadeProperties(t *testing.T) {
	r, rnd := compactRules(), rand.New(rand.NewPCG(9, 9))
	seen := map[licensure.LegalStatus]int{}
	for range 1500 {
		var orders acts
		for i := range 1 + rnd.IntN(5) {
			place, effective := 1+rnd.IntN(2), rnd.IntN(150)
			if rnd.IntN(3) > 0 {
				place = 2
			}
			action := []licensure.Action{licensure.Suspension, licensure.Revocation, licensure.ProbationOrder, licensure.Reinstatement}[rnd.IntN(4)]
			o := by(place, fmt.Sprint("o", i), action, effective, effective+rnd.IntN(60))
			orders = append(orders, o)
			if rnd.IntN(3) == 0 {
				from := effective + rnd.IntN(40)
				orders = append(orders, vacateBy(place, fmt.Sprint("v", i), o.ID, from, effective+60+rnd.IntN(30)))
			}
		}
		at, known := rnd.IntN(300), rnd.IntN(300)
		got := stateIn(t, r, 3, at, known, orders...)
		want := naive(orders, day(at), day(known))
		seen[want]++
		if got.Status != want {
			t.Fatalf("day %d as known on day %d: %v, the oracle says %v\n%+v", at, known, got.Status, want, orders)
		}
		c, err := r.Cascade(aHolderOf(), orders)
		must(t, err)
		bytesOf, _ := c.Bytes()
		rnd.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
		c, err = r.Cascade(aHolderOf(), orders)
		must(t, err)
		if again, _ := c.Bytes(); !bytes.Equal(bytesOf, again) {
			t.Fatal("another order of arrival, other bytes")
		}
		if other := stateIn(t, r, 3, at, known, orders...); !cmp.Equal(other, got) {
			t.Fatal("another order of arrival, another state")
		}
	}
	if len(seen) != 3 || seen[licensure.CompactAutoSuspended] < 50 || seen[licensure.CompactMirroredEncumbered] < 50 {
		t.Errorf("too tame: %v", seen)
	}
}
