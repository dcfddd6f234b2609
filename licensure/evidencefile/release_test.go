package evidencefile_test

import (
	"os"
	"testing"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
	"github.com/certanchor/certanchor/verifier"
)

// TestAnotherRelease: a page that another release drew otherwise is as it was made if a
// signer whom the caller trusts has signed the result that names it, and only then.
func TestAnotherRelease(t *testing.T) {
	c := newClinic(t)
	in := c.input()
	mine, err := verifier.ParseTrust(in.Trust, nil)
	must(t, err)
	page := []byte("<!doctype html><title>drawn otherwise</title>")
	redrawn := func(s *evidencefile.Signer, pages ...string) *evidencefile.File {
		f := make_(t, in)
		for _, p := range pages {
			must(t, evidencefile.Redraw(f, p, page, s))
		}
		back, err := evidencefile.Read(zipped(t, f))
		must(t, err)
		return back
	}
	f := redrawn(in.Signer, "summary.html", "summary.pdf")
	if o := f.Reverify(mine); !o.Same() || len(o.Redrawn) != 2 || o.Again != licensure.InForce {
		t.Errorf("by a known signer: %+v", o)
	}
	if o := f.Reverify(nil); o.Same() {
		t.Error("whose statement it is nobody knows, and the page passes")
	}
	if o := redrawn(nil, "summary.html").Reverify(mine); o.Same() {
		t.Error("without a statement the page passes")
	}
	if o := redrawn(in.Signer, "result/elements.json").Reverify(mine); o.Same() {
		t.Error("what is no page was drawn otherwise")
	}
	if bent, err := rebuilt(t, f, map[string][]byte{"summary.html": []byte("another page again")}); err != nil || bent.Reverify(mine).Same() {
		t.Error("a page that the result does not name passes")
	}
	stranger := c.board.signer() // in the trust file, and no verifier
	if f := make_(t, in); evidencefile.Redraw(f, "summary.html", page, stranger) == nil {
		if o := f.Reverify(mine); o.Same() {
			t.Error("signed by who may not, and the page passes")
		}
	}
}

// TestGolden reads a file that an earlier release wrote, as an auditor will in years: the
// answer is the same, and so is every page. CERTANCHOR_WRITE_GOLDEN=1 writes a new one; old
// ones stay.
func TestGolden(t *testing.T) {
	const file, trust = "testdata/decision-1.zip", "testdata/decision-1-trust.json"
	if os.Getenv("CERTANCHOR_WRITE_GOLDEN") != "" {
		w := newWorld(t)
		board := w.source("board", []string{licensure.TypeLicence}, []string{"X07"})
		hospital := w.source("hospital", []string{licensure.TypeVerificationStatement}, []string{"*"})
		licence := board.issue(aLicence())
		f := make_(t, evidencefile.Input{Credentials: licence, Trust: w.trust(nil), Evidence: [][]byte{w.evidence()}, Lists: board.lists(now),
			Policy: onePolicy(t), Case: evidencefile.Case{At: "2026-07-15T08:00:00Z", DecisionDate: "2026-07-15", Office: "Hospital of Alderfen"}, Signer: hospital.signer()})
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, zipped(t, f), 0o644))
		must(t, os.WriteFile(trust, w.trust(nil), 0o644))
	}
	raw, err := os.ReadFile(file)
	must(t, err)
	own, err := os.ReadFile(trust)
	must(t, err)
	mine, err := verifier.ParseTrust(own, nil)
	must(t, err)
	f, err := evidencefile.Read(raw)
	must(t, err)
	o := f.Reverify(mine)
	if !o.Same() || len(o.Redrawn) > 0 || o.Again != licensure.InForce || !o.Statement.Known {
		t.Errorf("%+v, statement %+v", o, o.Statement)
	}
}
