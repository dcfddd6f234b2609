package wallet

import (
	"path/filepath"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/verifier"
)

// TestCorpus takes real certificates of every version in. Nobody here is trusted and there
// is no evidence, so none is proven: each is refused or kept as unproven with what it is.
func TestCorpus(t *testing.T) {
	w := newWorld(t)
	versions := map[string]int{}
	for _, name := range must[[]string](t)(filepath.Glob(filepath.Join(conformance.Path(t, "conformance/blockcerts/certificates"), "*.json"))) {
		for _, item := range must[[]Item](t)(Collect(name)) {
			f := w.wallet.Examine(item, nil, &TrustFile{Trust: new(verifier.Trust)})
			if f.Report.Verdict == verifier.Valid {
				t.Errorf("%s: valid", name)
			}
			if err := w.wallet.Keep(f, false); err == nil {
				t.Errorf("%s: kept as if it were proven", name)
			}
			if err := w.wallet.Keep(f, true); err == nil {
				versions[f.Record.Version]++
			} else if f.Err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, v := range []string{"blockcerts-1.2", "blockcerts-2", "vc-1.1", "vc-2.0"} {
		if versions[v] == 0 {
			t.Errorf("no document of %s was kept: %v", v, versions)
		}
	}
	w.again()
	if n := len(w.wallet.Records()); n < 20 {
		t.Errorf("%d records after reading the vault", n)
	}
}
