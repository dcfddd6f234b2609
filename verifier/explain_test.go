package verifier_test

import (
	"strings"
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

// TestExplain shows, for an altered document, the hash that does not match and the
// statement that differs from the original.
func TestExplain(t *testing.T) {
	w := newWorld(t, licenceDraft("L-100"))
	good, err := verifier.Explain(w.creds[0], w.trust(nil))
	w.must(err)
	if len(good) != 2 || good[1].Target == nil || good[1].Local != *good[1].Target {
		t.Fatalf("%d explanations, %v", len(good), good[1].Target)
	}
	altered := bent(t, w.creds[0], func(d object) { at(d, "credentialSubject").(object)["number"] = "L-101" })
	bad, err := verifier.Explain(altered, w.trust(nil))
	w.must(err)
	if bad[1].Local == *bad[1].Target {
		t.Error("the altered document has the hash of the original")
	}
	diff := verifier.FirstDifference(bad[1].Canonical, good[1].Canonical)
	if !strings.Contains(diff, `"L-101"`) || !strings.Contains(diff, `"L-100"`) {
		t.Errorf("the difference is shown as %q", diff)
	}
	if d := verifier.FirstDifference(good[0].Canonical, good[0].Canonical); d != "" {
		t.Errorf("%q", d)
	}
	if _, err := verifier.Explain([]byte("{}"), nil); err == nil {
		t.Error("nothing was explained")
	}
}
