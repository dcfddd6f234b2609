package verifier_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/verifier"
)

// TestTamperReal makes the edits of the tamper corpus on real certificates that verify:
// a mainnet certificate of version 2 and a DID-signed one of version 3. None is valid
// with the edit shown; what version 2 and 3 allow (a null member) stays out of the claims.
func TestTamperReal(t *testing.T) {
	dir := conformance.Path(t, "conformance/blockcerts")
	var manifest struct{ Cases []corpusCase }
	readJSON(t, filepath.Join(dir, "manifest.json"), &manifest)
	observations := corpusObservations(t, dir)
	for _, id := range []string{"mainnet-valid-2.0", "testnet-v3-did"} {
		for _, c := range manifest.Cases {
			if c.ID == id {
				t.Run(id, func(t *testing.T) { tamperReal(t, dir, c, manifest.Cases, observations) })
			}
		}
	}
}

func addContext(d object, entry any) { d["@context"] = append(d["@context"].([]any), entry) }

// realTampers are the edits; "shown" says how a valid verdict is told apart: the edit
// must not be among the claims.
var realTampers = []struct {
	name string
	edit func(object)
	text func([]byte) []byte
	lax  bool // versions 2 and 3 allow it: valid with a warning, not among the claims
}{
	{name: "unmapped-field", edit: func(d object) { d["degreeOf"] = "MD" }},
	{name: "vocab-null", edit: func(d object) { d["degreeOf"] = "MD"; addContext(d, object{"@vocab": nil}) }},
	{name: "own-vocab-null-term", edit: func(d object) { d["degreeOf"] = "MD"; addContext(d, object{"degreeOf": nil}) }},
	{name: "own-vocab", edit: func(d object) { d["degreeOf"] = "MD"; addContext(d, object{"@vocab": "https://own.example/"}) }},
	{name: "term-swap", edit: func(d object) {
		d["holder"], d["id"] = d["id"], "urn:uuid:mallory"
		addContext(d, object{"id": nil, "holder": "@id"})
	}},
	{name: "term-rename", edit: func(d object) {
		d["identity"] = d["id"]
		delete(d, "id")
		addContext(d, object{"identity": "@id"})
	}},
	{name: "keyword-like", edit: func(d object) { d["@degree"] = "MD" }},
	{name: "null-value", edit: func(d object) { d["degreeOf"] = nil }, lax: true},
	{name: "empty-array", edit: func(d object) { d["degreeOf"] = []any{} }, lax: true},
	{name: "index-annotation", edit: func(d object) { d["@index"] = "MD with honours" }},
	{name: "relative-id", edit: func(d object) { d["id"] = "bob" }},
	{name: "duplicate-key", text: func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"id":`), []byte(`"id":"urn:uuid:mallory","id":`), 1)
	}},
	{name: "duplicate-key-escaped", text: func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"type":`), []byte(`"typ\u0065":"Mallory","type":`), 1)
	}},
	{name: "big-number", edit: func(d object) { d["id"] = 1e21 }},
	{name: "context-inline-redefines-type", edit: func(d object) {
		addContext(d, object{"VerifiableCredential": "https://own.example/Other", "Assertion": "https://own.example/Other"})
	}},
	{name: "context-reordered", edit: func(d object) {
		d["@context"] = append([]any{object{"x": "https://own.example/x"}}, d["@context"].([]any)...)
	}},
	{name: "context-twice", edit: func(d object) { addContext(d, d["@context"].([]any)[0]) }},
}

func tamperReal(t *testing.T, dir string, c corpusCase, all []corpusCase, observations []verifier.Observation) {
	at, err := time.Parse(time.RFC3339, c.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	w, ev := c.world(t, dir, all, observations, at)
	trust := w.trust(at)
	wantReport(t, verifier.Check(w.raw, ev, trust, at), valid, "")
	for _, e := range realTampers {
		t.Run(e.name, func(t *testing.T) {
			raw := w.raw
			if e.edit != nil {
				raw = bent(t, raw, e.edit)
			}
			if e.text != nil {
				raw = e.text(bent(t, raw, func(object) {}))
			}
			r := verifier.Check(raw, ev, trust, at)
			s, _ := r.Deciding()
			noteCode(s.Code)
			if !e.lax && r.Verdict == valid {
				t.Errorf("valid with the edit")
			}
			if _, shown := r.Claims["degreeOf"]; shown {
				t.Errorf("%s, and the edit is among the claims", r.Verdict)
			}
			if e.lax && (r.Verdict != valid || len(r.Warnings) == 0) {
				t.Errorf("%s / %s: this version allows it, with a warning", r.Verdict, s.Code)
			}
			t.Logf("%s / %s", r.Verdict, s.Code)
		})
	}
}
