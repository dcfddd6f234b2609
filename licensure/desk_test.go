package licensure_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
)

// TestOwnDesk: once a head is sealed, nothing goes under it: no order, and no licence. The
// same again is no change.
func TestOwnDesk(t *testing.T) {
	log := newLog(t)
	o := act("o1", licensure.Suspension, 10, 10)
	must(t, log.Issue(o, aDigest))
	if got := log.Recorded(); !got.Equal(day(10)) || log.Len() != 2 {
		t.Errorf("recorded %v, %d entries", got, log.Len())
	}
	log.Seal(log.Recorded())
	must(t, log.Issue(o, aDigest))
	must(t, log.IssueTerm(aTerm()))
	if log.Len() != 2 {
		t.Errorf("%d entries", log.Len())
	}
	refusedBy(t, log.Issue(o, bDigest), "LC-4", "two different entries")
	late := aTerm()
	late.CredentialID, late.Licence.Number, late.RecordedAt = bRef.ID, "L-2", day(10)
	refusedBy(t, log.IssueTerm(late), "LC-4", "sealed up to")
	late.RecordedAt = day(11)
	must(t, log.IssueTerm(late))
	signed := log.Signed(aKey)
	if len(signed) != 1 || signed[0].ID != "o1" || signed[0].Digest != aDigest {
		t.Errorf("signed %+v", signed)
	}
}

// TestDerivedOrders: what follows by the compact counts and is never recorded; the board may
// reinstate what only the compact has suspended.
func TestDerivedOrders(t *testing.T) {
	log := newLog(t)
	mirrored := licensure.Suspended
	d := act("CD-1 x", licensure.Suspension, 10, 10)
	d.Origin, d.Mirrored = licensure.FromCompact, &mirrored
	d.Trigger = &licensure.TriggerRef{OrderID: "x", TakenIn: "X02", Digest: aDigest, Rule: "CD-1"}
	c := licensure.Cascade{Orders: []licensure.Order{d}}
	raw, err := c.Bytes()
	must(t, err)
	read, err := licensure.ReadDerived(bytes.NewReader(raw))
	must(t, err)
	before := log.Head(day(100))
	back := act("o1", licensure.Reinstatement, 20, 20)
	refusedBy(t, log.Issue(back, ""), "LC-3", "active → reinstatement")
	must(t, log.Derive(read))
	wants(t, stateAt(t, log, 15).Status, licensure.CompactMirroredEncumbered, "derived")
	if log.Head(day(100)) != before || log.Len() != 1 {
		t.Error("a derived order is recorded")
	}
	must(t, log.Issue(back, ""))
	wants(t, stateAt(t, log, 25).Status, licensure.Active, "reinstated")
	must(t, log.Derive(nil))
	wants(t, stateAt(t, log, 15).Status, licensure.Active, "derived anew: nothing follows")

	refusedBy(t, log.Derive([]licensure.Order{back}), "CD-9", "")
	if _, err := licensure.ReadDerived(strings.NewReader(strings.Replace(string(raw), "compact-automatic", "board-original", 1))); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("an order of a board among what follows: %v", err)
	}
	if _, err := licensure.ReadDerived(strings.NewReader("{}\n")); err == nil {
		t.Error("an empty order is read")
	}
	stranger := d
	stranger.Licence.Number = "L-9"
	must(t, log.Derive([]licensure.Order{stranger})) // of another board: left aside
}

func stateAt(t *testing.T, log *licensure.Log, n int) licensure.State {
	t.Helper()
	s, err := log.StatusAt(aKey, day(n), day(n))
	must(t, err)
	return s
}

// TestFullyLicensed: full, in force, without a condition; a licence that says itself that it
// is limited is not.
func TestFullyLicensed(t *testing.T) {
	for name, c := range map[string]struct {
		bend func(*licensure.Licence)
		want bool
	}{
		"full":            {func(*licensure.Licence) {}, true},
		"not full":        {func(l *licensure.Licence) { l.Full, l.Unrestricted = false, false }, false},
		"restricted":      {func(l *licensure.Licence) { l.Unrestricted = false }, false},
		"with conditions": {func(l *licensure.Licence) { *l = fullLicence }, false},
	} {
		l := fullLicence
		l.LegalStatus, l.Conditions, l.Unrestricted, l.PracticeScope = new(licensure.Active), nil, true, ""
		c.bend(&l)
		draft, err := l.Draft()
		must(t, err)
		claims := filledIn(draft)
		claims["id"] = aRef.ID
		term, err := licensure.TermOf(claims, aDigest)
		must(t, err)
		log := new(licensure.Log)
		must(t, log.AddTerm(term))
		s, err := log.StatusAt(term.Licence, instant("2026-08-01T00:00:00Z"), instant("2026-08-01T00:00:00Z"))
		must(t, err)
		if s.FullyLicensed() != c.want {
			t.Errorf("%s: %v (%+v)", name, !c.want, s)
		}
		var b bytes.Buffer
		_, err = log.WriteTo(&b)
		must(t, err)
		again, err := licensure.ReadLog(&b)
		must(t, err)
		if again.Head(day(400)) != log.Head(day(400)) {
			t.Errorf("%s: read back, another record", name)
		}
		// When the conditions end, nothing else limits the licence.
		if name == "with conditions" && s.Limited {
			t.Error("limited by more than its conditions")
		}
	}
}

// TestLetterOf: a letter that was issued reads as it was drawn up.
func TestLetterOf(t *testing.T) {
	l := aLetter(t, compactRules())
	l.Envelope = envelope("Letter of qualification", instant(string(l.Expires)+"T00:00:00Z"))
	draft, err := l.Draft()
	must(t, err)
	got, err := licensure.LetterOf(filledIn(draft))
	must(t, err)
	got.Envelope = l.Envelope
	again, err := got.Draft()
	must(t, err)
	a, b := fmt.Sprint(draft), fmt.Sprint(again)
	if a != b {
		t.Errorf("read %s\nwant %s", b, a)
	}
	if _, err := licensure.LetterOf(filledIn(readDraft(t, "licence"))); err == nil {
		t.Error("a licence is read as a letter")
	}
}

// TestLedgerRebuilt: two ledgers with the same randomness and records that heard of the same
// orders in another order make the same list, decoys included.
func TestLedgerRebuilt(t *testing.T) {
	orders := []licensure.Order{act("o1", licensure.Suspension, 10, 10), act("o2", licensure.Reinstatement, 20, 20), act("o3", licensure.ProbationOrder, 30, 35)}
	make := func(seed byte, reverse bool) []byte {
		random := bytes.NewReader(bytes.Repeat([]byte{seed, 7, 99, 4}, 1<<20))
		ledger, err := licensure.NewLedger(status.MinEntries, random)
		must(t, err)
		if _, err := ledger.Draw(random, aTerm().CredentialID); err != nil {
			t.Fatal(err)
		}
		log := newLog(t)
		for i := range orders {
			if reverse {
				i = len(orders) - 1 - i
			}
			must(t, log.Add(orders[i], aDigest))
		}
		p, err := ledger.Project(day(40), licensure.FromLog(log, day(40)))
		must(t, err)
		return values(t, p.Bits)
	}
	one := make(1, false)
	if !bytes.Equal(one, make(1, true)) {
		t.Error("the order of arrival decides")
	}
	if bytes.Equal(one, make(2, false)) {
		t.Error("the decoys do not come from the randomness")
	}
}
