package licensure_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
)

// nationalMix gives licence i a status, in shares near what boards publish.
func nationalMix(i int) licensure.LegalStatus {
	switch n := uint32(i) * 2654435761 % 1000; {
	case n < 720:
		return licensure.Active
	case n < 900:
		return licensure.Expired
	case n < 950:
		return licensure.InactiveVoluntary
	case n < 980:
		return licensure.Retired
	case n < 987:
		return licensure.Probation
	case n < 994:
		return licensure.ActiveWithConditions
	case n < 997:
		return licensure.Revoked
	}
	return licensure.Suspended
}

const nationalLicences = 1_400_000

// TestNationalList: a list of 1.4 million licences has under 1 MB. What it takes from a log of
// that many is BenchmarkNationalList; here a tenth of the log is enough.
func TestNationalList(t *testing.T) {
	ids := make([]string, nationalLicences)
	for i := range ids {
		ids[i] = fmt.Sprintf("urn:uuid:%08x-0000-4000-8000-000000000000", i)
	}
	ledger, err := licensure.NewLedger(1_600_000, rand.Reader)
	must(t, err)
	_, err = ledger.Draw(rand.Reader, ids...)
	must(t, err)
	number := 0
	start := time.Now()
	p, err := ledger.Project(day(0), func(string) (licensure.LegalStatus, error) {
		number++
		return nationalMix(number - 1), nil // asked in the order drawn
	})
	must(t, err)
	encoded := p.Bits.Encode()
	t.Logf("%d licences in %d characters, written in %v", nationalLicences, len(encoded), time.Since(start))
	if len(encoded) > 1_000_000 {
		t.Errorf("%d characters, at most a million", len(encoded))
	}
	readsBack(t, encoded, ledger.Slots(), nationalMix)

	log, ids := nationalLog(t, nationalLicences/10)
	ledger, took, encoded := nationalList(t, log, ids)
	if took > time.Second && !raceEnabled {
		t.Errorf("a tenth of the nation took %v", took)
	}
	readsBack(t, encoded, ledger.Slots(), nationalWant)
}

// BenchmarkNationalList makes the list of 1.4 million licences from a log: under a second.
func BenchmarkNationalList(b *testing.B) {
	log, ids := nationalLog(b, nationalLicences)
	for b.Loop() {
		ledger, took, encoded := nationalList(b, log, ids)
		b.ReportMetric(took.Seconds(), "s/list")
		b.ReportMetric(float64(len(encoded)), "characters")
		readsBack(b, encoded, ledger.Slots(), nationalWant)
	}
}

// nationalList makes the list three times and returns how long the fastest took.
func nationalList(t testing.TB, log *licensure.Log, ids []string) (*licensure.Ledger, time.Duration, string) {
	ledger, err := licensure.NewLedger(max(len(ids)/7*8, status.MinEntries), rand.Reader)
	must2(t, err)
	_, err = ledger.Draw(rand.Reader, ids...)
	must2(t, err)
	best, encoded := time.Hour, ""
	for range 3 {
		runtime.GC() // what building the log left behind is not the list's to clear away
		start := time.Now()
		p, err := ledger.Project(day(100), licensure.FromLog(log, day(100)))
		must2(t, err)
		encoded = p.Bits.Encode()
		best = min(best, time.Since(start))
	}
	return ledger, best, encoded
}

// readsBack holds every entry of a list to what it was made from.
func readsBack(t testing.TB, encoded string, slots []licensure.Slot, want func(i int) licensure.LegalStatus) {
	bits, err := status.Decode(encoded, licensure.StatusSize)
	must2(t, err)
	seen := map[licensure.LegalStatus]int{}
	for i, s := range slots {
		v, err := bits.At(s.Index)
		if err != nil || licensure.LegalStatus(v) != want(i) {
			t.Fatalf("licence %d reads %d (%v), want %v", i, v, err, want(i))
		}
		seen[want(i)]++
	}
	if len(seen) < 8 {
		t.Errorf("too tame: %v", seen)
	}
}

// nationalWant is the status of licence i by the log: of those in force one in 25 was
// suspended by an order.
func nationalWant(i int) licensure.LegalStatus {
	if s := nationalMix(i); i%25 != 0 || s != licensure.Active {
		return s
	}
	return licensure.Suspended
}

// nationalLog has n licences with the statuses of nationalWant.
func nationalLog(t testing.TB, n int) (*licensure.Log, []string) {
	log, ids := new(licensure.Log), make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("urn:uuid:%08x-0000-4000-8000-000000000000", i)
		term := aTerm()
		term.CredentialID, term.Initial = ids[i], nationalMix(i)
		if term.Initial == licensure.Expired {
			term.Initial, term.Expires = licensure.Active, "2026-02-28"
		}
		term.Licence.Number = fmt.Sprintf("L%07d", i)
		must2(t, log.AddTerm(term))
		if nationalWant(i) != nationalMix(i) {
			o := act(fmt.Sprint("o", i), licensure.Suspension, 10, 10)
			o.Licence = term.Licence
			must2(t, log.Add(o, ""))
		}
	}
	return log, ids
}

// TestListAnswersAreTheFolds: the short way for a licence without orders says what the fold
// says.
func TestListAnswersAreTheFolds(t *testing.T) {
	n := 0
	for s := range licensure.LegalStatus(16) {
		for _, when := range []int{-400, -366, -365, 0, 58, 59, 800} {
			term := aTerm()
			term.Initial, term.Expires = s, "2026-02-28"
			log := new(licensure.Log)
			must(t, log.AddTerm(term))
			got, err := licensure.FromLog(log, day(when))(term.CredentialID)
			must(t, err)
			want := licensure.Fold([]licensure.LicenceTerm{term}, nil, licensure.BoardRules{}, day(when), day(when)).Status
			if n++; got != want {
				t.Errorf("%v on day %d: the list says %v, the fold %v", s, when, got, want)
			}
		}
	}
	if n != 16*7 {
		t.Errorf("%d answers", n)
	}
}

func TestLists(t *testing.T) {
	rule(t, "ST-1", func(t *testing.T) {
		if _, err := licensure.NewLedger(status.MinEntries-2, rand.Reader); err == nil {
			t.Error("a list shorter than the least")
		}
		ledger, err := licensure.NewLedger(status.MinEntries, rand.Reader)
		must(t, err)
		ids := make([]string, 100_000)
		for i := range ids {
			ids[i] = fmt.Sprint("urn:x:", i)
		}
		slots, err := ledger.Draw(rand.Reader, ids...)
		must(t, err)
		seen := make([]bool, ledger.Entries())
		var tenths [10]float64
		for i, s := range slots {
			if seen[s.Index] {
				t.Fatal("an index given twice")
			}
			seen[s.Index] = true
			if i < 20_000 { // while the list is nearly empty
				tenths[s.Index*10/ledger.Entries()]++
			}
		}
		chi := 0.0
		for _, n := range tenths {
			chi += (n - 2000) * (n - 2000) / 2000
		}
		if chi > 40 { // nine degrees of freedom: once in a hundred thousand
			t.Errorf("indices are not spread evenly: %v, chi square %.1f", tenths, chi)
		}
		_, err = ledger.Draw(rand.Reader, make([]string, 30_000)...)
		refusedBy(t, err, "ST-1", "full")
		refusedOnce(t, ledger)

		// Decoys look like licences, and stay what they are from one list to the next.
		one := project(t, ledger, licensure.Revoked)
		two := project(t, ledger, licensure.Active)
		mix := map[uint8]int{}
		for i := range seen {
			a, _ := one.At(i)
			b, _ := two.At(i)
			if !seen[i] {
				mix[a]++
				if a != b {
					t.Fatal("a decoy changed")
				}
			} else if licensure.LegalStatus(a) != licensure.Revoked || licensure.LegalStatus(b) != licensure.Active {
				t.Fatal("an entry is not what the fold says")
			}
		}
		decoys := float64(len(seen) - len(slots))
		if share := float64(mix[uint8(licensure.Active)]) / decoys; math.Abs(share-0.70) > 0.03 || len(mix) < 10 {
			t.Errorf("decoys show %v", mix)
		}
	})
	t.Run("even", func(t *testing.T) { // what would make small indices likelier is drawn again
		ledger, err := licensure.NewLedger(140_000, rand.Reader)
		must(t, err)
		slots, err := ledger.Draw(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 6}), "a", "b")
		if err != nil || slots[0].Index != 5 || slots[1].Index != 6 {
			t.Errorf("drawn %v (%v)", slots, err)
		}
	})
	t.Run("no-randomness", func(t *testing.T) {
		broken := iotest.ErrReader(errors.New("broken"))
		if _, err := licensure.NewLedger(status.MinEntries, broken); err == nil {
			t.Error("a ledger without randomness")
		}
		ledger, err := licensure.NewLedger(status.MinEntries, rand.Reader)
		must(t, err)
		if _, err := ledger.Draw(io.LimitReader(rand.Reader, 8), "a", "b", "c", "d", "e"); err == nil || strings.Contains(err.Error(), "LC-6") || len(ledger.Slots()) != 0 {
			t.Errorf("drawn %d with randomness for two (%v)", len(ledger.Slots()), err)
		}
	})
	t.Run("no-answer-no-list", func(t *testing.T) {
		ledger, err := licensure.NewLedger(status.MinEntries, rand.Reader)
		must(t, err)
		_, err = ledger.Draw(rand.Reader, "a")
		must(t, err)
		if p, err := ledger.Project(day(0), licensure.FromLog(newLog(t), day(0))); err == nil {
			t.Errorf("a list %v for a credential that nobody knows", p)
		}
	})
	rule(t, "ST-7", func(t *testing.T) { // the whole nation is TestNationalList
		ledger, err := licensure.NewLedger(140_000, rand.Reader)
		must(t, err)
		if n := len(project(t, ledger, licensure.Active).Encode()); n > 140_000*1_000_000/1_600_000 {
			t.Errorf("140,000 entries take %d characters", n)
		}
	})
	t.Run("renewed", func(t *testing.T) { // LC-6: a new index, the old one retired
		log := newLog(t)
		next := aTerm()
		next.CredentialID, next.Start, next.Expires, next.RecordedAt = "urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2", "2028-01-01", "2029-12-31", day(700)
		must(t, log.AddTerm(next))
		at := instant("2028-02-01T00:00:00Z")
		of := licensure.FromLog(log, at)
		for id, want := range map[string]licensure.LegalStatus{aTerm().CredentialID: licensure.Expired, next.CredentialID: licensure.Active} {
			got, err := of(id)
			must(t, err)
			wants(t, got, want, id)
		}
	})
	rule(t, "VD-3", func(t *testing.T) {
		log := newLog(t)
		must(t, log.Issue(act("o1", licensure.Suspension, 10, 10), ""))
		ledger, err := licensure.NewLedger(status.MinEntries, rand.Reader)
		must(t, err)
		_, err = ledger.Draw(rand.Reader, aTerm().CredentialID)
		must(t, err)
		truth := licensure.FromLog(log, day(20))
		honest, err := ledger.Project(day(20), truth)
		must(t, err)
		if ds, err := ledger.Compare(honest.Bits, truth); err != nil || len(ds) != 0 {
			t.Errorf("an honest list differs: %v %v", ds, err)
		}
		// Somebody with the list's key un-suspends.
		ds, err := ledger.Compare(project(t, ledger, licensure.Active), truth)
		must(t, err)
		if len(ds) != 1 || ds[0].Counts != licensure.Suspended || ds[0].List != licensure.Active || ds[0].Fold != licensure.Suspended {
			t.Errorf("differences %+v", ds)
		}
		// A list that says more than the orders counts as well.
		ds, err = ledger.Compare(project(t, ledger, licensure.Revoked), truth)
		must(t, err)
		if len(ds) != 1 || ds[0].Counts != licensure.Revoked {
			t.Errorf("differences %+v", ds)
		}
	})
}

func refusedOnce(t *testing.T, ledger *licensure.Ledger) {
	t.Helper()
	before := len(ledger.Slots())
	_, err := ledger.Draw(rand.Reader, "new", "urn:x:5")
	refusedBy(t, err, "LC-6", "keeps its index")
	if _, ok := ledger.Index("new"); ok || len(ledger.Slots()) != before {
		t.Error("half given")
	}
}

func project(t *testing.T, ledger *licensure.Ledger, s licensure.LegalStatus) *status.Bitstring {
	t.Helper()
	p, err := ledger.Project(day(0), func(string) (licensure.LegalStatus, error) { return s, nil })
	must(t, err)
	again, err := ledger.Project(day(0), func(string) (licensure.LegalStatus, error) { return s, nil })
	must(t, err)
	if !bytes.Equal([]byte(p.Bits.Encode()), []byte(again.Bits.Encode())) {
		t.Error("one fold, two lists")
	}
	return p.Bits
}
