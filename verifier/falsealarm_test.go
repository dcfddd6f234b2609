package verifier_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// How many good credentials are judged with one source down.
const (
	goodOnes     = 500
	longGoodOnes = 5_000
)

// TestFalseAlarms judges good credentials on an ordinary bad day: one source of evidence is
// down, lists are some days old but within the policy. One in a thousand may stay
// open; not one may be called invalid.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	n := goodOnes
	if os.Getenv("CERTANCHOR_LONG") != "" {
		n = longGoodOnes
	}
	var objects []map[string]any
	for i := range n {
		objects = append(objects, goodDraft(i))
	}
	w := newWorld(t, objects...)
	d := newBadDay(w)
	verdicts, days := map[verifier.Verdict]int{}, map[string]map[verifier.Verdict]int{}
	for i, raw := range w.creds {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		name := badDays[i%len(badDays)].name
		ev, trust := d.evidence(badDays[i%len(badDays)].happen, r, strings.Contains(string(raw), "LicenceCredential"))
		// Lists are published at now minus an hour; a week later they are too old.
		when := now.Add(time.Duration(r.Int64N(int64(166 * time.Hour))))
		report := verifier.Check(raw, ev, trust, when)
		verdicts[report.Verdict]++
		if days[name] == nil {
			days[name] = map[verifier.Verdict]int{}
		}
		days[name][report.Verdict]++
		if report.Verdict != verifier.Valid {
			s, _ := report.Deciding()
			t.Logf("%s: %s / %s (%s)", name, report.Verdict, s.Code, s.Fact)
		}
	}
	t.Logf("good credentials: %d, valid %d, indeterminate %d, not in force %d, invalid %d; by what was down: %v", n,
		verdicts[verifier.Valid], verdicts[verifier.Indeterminate], verdicts[verifier.NotInForce], verdicts[verifier.Invalid], days)
	if open := verdicts[verifier.Indeterminate]; open*1000 > n {
		t.Errorf("%d of %d indeterminate, at most one in a thousand", open, n)
	}
	if bad := verdicts[verifier.Invalid] + verdicts[verifier.NotInForce]; bad != 0 {
		t.Errorf("%d good credentials called bad", bad)
	}
}

// goodDraft is one of two families, with lists of their own.
func goodDraft(i int) map[string]any {
	if i%2 == 0 {
		return licenceDraft(fmt.Sprint("L-", i))
	}
	return map[string]any{
		"type": []any{"CertificateCredential"}, "name": "Certificate of basic life support",
		"validFrom": "2026-06-01T00:00:00Z", "validUntil": "2028-06-01T00:00:00Z",
		"credentialSubject": map[string]any{"person": map[string]any{"familyName": fmt.Sprint("Ostrowe-", i)}, "programme": "BLS"},
	}
}

// A badDay is a world of which one source is down.
type badDay struct {
	w     *world
	whole *verifier.Evidence
	trust *verifier.Trust
	seen  []verifier.Observation
}

var observers = []string{"a.example", "b.example", "c.example"}

func newBadDay(w *world) *badDay {
	d := &badDay{w: w, whole: w.evidence(), trust: w.trust(func(f object) {
		firstIssuer(f)["types"] = []any{"LicenceCredential", "CertificateCredential"}
		firstIssuer(f)["inForce"] = object{"LicenceCredential": []any{0, 1, 2}, "CertificateCredential": []any{0}}
	})}
	root := verifier.Check(w.creds[0], d.whole, d.trust, now).Anchors[0].Root
	for _, source := range observers {
		d.seen = append(d.seen, verifier.Observation{Source: source, Chain: merkleproof.BitcoinRegtest, TxID: w.txid.String(),
			Payload: hashOf(w.t, root), Address: w.key.Address, Time: now.Add(-20 * time.Hour), Confirmations: 13})
	}
	return d
}

// badDays are what may be down; each leaves enough to decide.
var badDays = []struct {
	name   string
	happen func(*badDay, *rand.Rand, *verifier.Evidence, *verifier.Trust, bool)
}{
	{"lists of the other family", func(d *badDay, r *rand.Rand, ev *verifier.Evidence, _ *verifier.Trust, licence bool) {
		for url := range ev.Documents {
			if strings.Contains(url, "licence") != licence {
				delete(ev.Documents, url)
			}
		}
	}},
	{"one observer of three", func(d *badDay, r *rand.Rand, ev *verifier.Evidence, tr *verifier.Trust, _ bool) {
		tr.WeakestChainFact, tr.Observers, tr.ObserversNeeded = verifier.Observed, observers, 2
		ev.Transactions, ev.Headers = nil, nil
		silent := r.IntN(3)
		ev.Observations = append(append([]verifier.Observation{}, d.seen[:silent]...), d.seen[silent+1:]...)
	}},
	{"the newest headers", func(d *badDay, r *rand.Rand, ev *verifier.Evidence, _ *verifier.Trust, _ bool) {
		run := ev.Headers[anchor.Regtest][0]
		// The interval of the block's time needs eleven headers above it; the key has no
		// end, so six confirmations are enough.
		run.Headers = run.Headers[:len(run.Headers)-r.IntN(8)*anchor.HeaderSize]
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {run}}
	}},
	{"one of two sources of headers, with a broken run", func(d *badDay, r *rand.Rand, ev *verifier.Evidence, _ *verifier.Trust, _ bool) {
		run := ev.Headers[anchor.Regtest][0]
		broken := append([]byte{}, run.Headers...)
		broken[r.IntN(len(broken))] ^= 1 << r.IntN(8)
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {{Headers: broken}, run}}
	}},
	{"the mirror of a list, with an error page", func(d *badDay, r *rand.Rand, ev *verifier.Evidence, _ *verifier.Trust, _ bool) {
		for url, docs := range ev.Documents {
			page := verifier.Document{MediaType: "text/html", Bytes: []byte("<!doctype html><title>502 Bad Gateway</title>")}
			ev.Documents[url] = append([]verifier.Document{page}, docs...)
		}
	}},
	{"the explorer, though proofs are there", func(d *badDay, r *rand.Rand, ev *verifier.Evidence, tr *verifier.Trust, _ bool) {
		tr.WeakestChainFact, tr.Observers, tr.ObserversNeeded = verifier.Observed, observers, 2
	}},
}

func (d *badDay) evidence(happen func(*badDay, *rand.Rand, *verifier.Evidence, *verifier.Trust, bool), r *rand.Rand, licence bool) (*verifier.Evidence, *verifier.Trust) {
	ev, trust := new(verifier.Evidence), *d.trust
	ev.Merge(d.whole)
	happen(d, r, ev, &trust, licence)
	return ev, &trust
}
