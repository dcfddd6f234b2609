package jsonld

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// noNetwork fails whoever dials: json-gold knows how to fetch, and must never do it.
type noNetwork struct{}

func (noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	dialled = append(dialled, r.URL.String())
	return nil, errors.New("this package has no network")
}

var dialled []string

func TestMain(m *testing.M) {
	http.DefaultTransport = noNetwork{}
	http.DefaultClient.Transport = noNetwork{}
	code := m.Run()
	if len(dialled) > 0 {
		println("DIALLED", strings.Join(dialled, " "))
		code = 1
	}
	os.Exit(code)
}

// TestTamper holds edits of one credential, most of which leave its hash as it is in
// a plain JSON-LD processor. The codes are those of the threat table, J1 to J12.
func TestTamper(t *testing.T) {
	want := map[string]string{
		"unmapped-field":                string(CodeUnmappedTerm),            // J1
		"vocab-null":                    string(CodeContextNotAllowed),       // J2
		"own-vocab-null-term":           string(CodeContextNotAllowed),       // J2
		"context-reordered":             string(CodeContextNotAllowed),       // J2
		"term-swap":                     string(CodeContextNotAllowed),       // J3
		"term-rename":                   string(CodeContextNotAllowed),       // J3
		"context-inline-redefines-type": string(CodeContextNotAllowed),       // J3
		"keyword-like":                  string(CodeGhostMember),             // J4
		"null-value":                    string(CodeGhostMember),             // J4
		"empty-array":                   string(CodeGhostMember),             // J4
		"index-annotation":              string(CodeGhostMember),             // J4
		"subject-merged":                string(CodeGhostMember),             // J4
		"duplicate-key":                 string(strictjson.CodeDuplicateKey), // J6
		"big-number":                    string(CodeNumber),                  // J8
		"relative-id":                   string(CodeRelativeIRI),             // J12
	}
	paths := map[string]string{
		"unmapped-field":   "/credentialSubject/degree",
		"keyword-like":     "/credentialSubject/@degree",
		"null-value":       "/credentialSubject/degree",
		"empty-array":      "/credentialSubject/degree",
		"index-annotation": "/credentialSubject/@index",
		"subject-merged":   "/credentialSubject/1",
		"relative-id":      "/credentialSubject/id",
		"big-number":       "/credentialSubject/name",
	}
	var corpus struct {
		Base          string                     `json:"base"`
		RemoteContext map[string]json.RawMessage `json:"remoteContext"`
		Cases         []struct{ Name, Document string }
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/jsonld-tamper/cases.json"), &corpus); err != nil {
		t.Fatal(err)
	}
	contexts := Builtin()
	for url, doc := range corpus.RemoteContext {
		var err error
		if contexts, err = contexts.With(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	res, err := Canonicalize(parse(t, []byte(corpus.Base)), Options{Contexts: contexts})
	if err != nil || res.Quads != 3 || len(res.Ghosts) != 0 {
		t.Fatalf("base: %v, %+v", err, res)
	}
	if len(corpus.Cases) != len(want) {
		t.Errorf("%d cases, want %d", len(corpus.Cases), len(want))
	}
	for _, c := range corpus.Cases {
		t.Run(c.Name, func(t *testing.T) {
			doc, err := strictjson.ParseObject([]byte(c.Document), strictjson.Limits{})
			if err == nil {
				_, err = Canonicalize(doc, Options{Contexts: contexts})
			}
			var code, path string
			var ours *Error
			var theirs *strictjson.Error
			switch {
			case errors.As(err, &ours):
				code, path = string(ours.Code), ours.Path
			case errors.As(err, &theirs):
				code = string(theirs.Code)
			}
			if code != want[c.Name] {
				t.Errorf("error %v, want %s", err, want[c.Name])
			}
			if p := paths[c.Name]; p != "" && path != p {
				t.Errorf("place %q, want %q", path, p)
			}
		})
	}
}
