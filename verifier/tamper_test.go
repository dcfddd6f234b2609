package verifier_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/verifier"
)

// tamperCodes is the code each edit must be refused with (security design, J1 to J12).
var tamperCodes = map[string]struct {
	verdict verifier.Verdict
	code    verifier.Code
}{
	"unmapped-field":                {invalid, "unmapped-term"},
	"vocab-null":                    {invalid, "context-not-allowed"},
	"own-vocab-null-term":           {invalid, "context-not-allowed"},
	"term-swap":                     {invalid, "context-not-allowed"},
	"term-rename":                   {invalid, "context-not-allowed"},
	"keyword-like":                  {invalid, "ghost-member"},
	"null-value":                    {invalid, "ghost-member"},
	"empty-array":                   {invalid, "ghost-member"},
	"index-annotation":              {invalid, "ghost-member"},
	"subject-merged":                {invalid, "ghost-member"},
	"relative-id":                   {invalid, "relative-iri"},
	"duplicate-key":                 {invalid, "duplicate-key"},
	"big-number":                    {invalid, "inexact-number"},
	"context-inline-redefines-type": {invalid, "context-not-allowed"},
	"context-reordered":             {invalid, "context-not-allowed"},
}

// TestTamperTransplanted moves each edit that keeps the hash under common JSON-LD
// stacks onto a credential of ours that verifies: same subject, our contexts in the
// place of the case's one.
func TestTamperTransplanted(t *testing.T) {
	var corpus struct {
		Cases []struct{ Name, Document string }
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/jsonld-tamper/cases.json"), &corpus); err != nil {
		t.Fatal(err)
	}
	if len(corpus.Cases) != 15 || len(tamperCodes) != 15 {
		t.Fatalf("%d cases, 15 are known", len(corpus.Cases))
	}
	draft := licenceDraft("unused")
	draft["credentialSubject"] = object{"id": "did:ex:bob", "name": "Bob"}
	w := newWorld(t, draft)
	ev, trust := w.evidence(), w.trust(nil)
	wantReport(t, verifier.Check(w.creds[0], ev, trust, now), valid, "")
	for _, c := range corpus.Cases {
		t.Run(c.Name, func(t *testing.T) {
			// Our context defines degree; the case is about a word that none defines.
			edited := strings.ReplaceAll(c.Document, `"degree"`, `"degreeOf"`)
			raw := transplant(t, w.creds[0], edited)
			want := tamperCodes[c.Name]
			wantReport(t, verifier.Check(raw, ev, trust, now), want.verdict, want.code)
		})
	}
}

// transplant puts contexts and subject of the edited document into ours, as text:
// a duplicate member must stay one.
func transplant(t *testing.T, ours []byte, edited string) []byte {
	var from, to struct {
		Context []json.RawMessage `json:"@context"`
		Subject json.RawMessage   `json:"credentialSubject"`
	}
	if err := json.Unmarshal([]byte(edited), &from); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ours, &to); err != nil {
		t.Fatal(err)
	}
	var contexts []json.RawMessage
	for _, c := range from.Context {
		if string(c) == `"https://ctx.example/1"` {
			contexts = append(contexts, to.Context...)
		} else {
			// The case's context calls the name by another IRI than VC 2.0 does.
			contexts = append(contexts, bytes.ReplaceAll(c, []byte("http://ex.org/name"), []byte("https://schema.org/name")))
		}
	}
	array, err := json.Marshal(contexts)
	if err != nil {
		t.Fatal(err)
	}
	old, err := json.Marshal(to.Context)
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Replace(ours, old, array, 1)
	return bytes.Replace(out, to.Subject, from.Subject, 1)
}
