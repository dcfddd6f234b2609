package verifier_test

import (
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

func TestValid(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"), licenceDraft("L-2"), licenceDraft("L-3"))
	for _, c := range w.creds {
		r := verifier.Check(c, w.evidence(), w.trust(nil), now)
		if b, _ := r.JSON(); testing.Verbose() {
			t.Logf("%s", b)
		}
		if r.Verdict != verifier.Valid {
			b, _ := r.JSON()
			t.Fatalf("%s\n%s", b, c)
		}
	}
}
