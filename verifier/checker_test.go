package verifier_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// TestChecker: one Checker for many documents and moments gives the reports of Check, in
// whatever order they come.
func TestChecker(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"), licenceDraft("L-2"), licenceDraft("L-3"))
	other := newWorld(t, licenceDraft("L-1"))
	ev, trust := w.evidence(), w.trust(keyBounds(object{"until": stampOf(now.Add(3 * time.Hour))}))
	docs := append([][]byte{[]byte("{}"), other.creds[0], bent(t, w.creds[0], func(d object) { at(d, "credentialSubject").(object)["number"] = "L-9" })}, w.creds...)
	k := verifier.NewChecker(ev, trust)
	verdicts := map[verifier.Verdict]int{}
	for _, hours := range []int{0, 4, -30, 0, 9000} {
		for i, raw := range docs {
			when := now.Add(hoursOf(hours))
			got, want := k.Check(raw, when), verifier.Check(raw, ev, trust, when)
			verdicts[got.Verdict]++
			a, err := got.JSON()
			b, err2 := want.JSON()
			if err != nil || err2 != nil || !bytes.Equal(a, b) {
				t.Errorf("document %d, hour %d: %s, alone %s", i, hours, a, b)
			}
		}
	}
	if len(verdicts) < 3 {
		t.Errorf("the documents are too much alike: %v", verdicts)
	}
}

// BenchmarkChecker is the monthly work: many credentials of one batch, in one piece and
// each for itself.
func BenchmarkChecker(b *testing.B) {
	var list []map[string]any
	for i := range 64 {
		list = append(list, licenceDraft(fmt.Sprint("L-", i)))
	}
	w := newWorld(b, list...)
	ev, trust := w.evidence(), w.trust(nil)
	together := verifier.NewChecker(ev, trust)
	for _, c := range []struct {
		name  string
		check func(raw []byte) *verifier.Report
	}{
		{"together", func(raw []byte) *verifier.Report { return together.Check(raw, now) }},
		{"alone", func(raw []byte) *verifier.Report { return verifier.Check(raw, ev, trust, now) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if r := c.check(w.creds[i%len(w.creds)]); r.Verdict != verifier.Valid {
					b.Fatal(r.Verdict)
				}
			}
		})
	}
}
