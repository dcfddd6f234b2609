package jsonld

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// TestIndex: every file beside index.json is listed once, with its digest.
func TestIndex(t *testing.T) {
	listed := map[string]bool{}
	urls := map[string]string{}
	for _, p := range publishedContexts() {
		if listed[p.File] {
			t.Errorf("%s is listed twice", p.File)
		}
		listed[p.File] = true
		if p.Package == "" || p.Version == "" || p.Path == "" || p.Licence == "" || len(p.URLs) == 0 {
			t.Errorf("%s: %+v", p.File, p)
		}
		for _, u := range p.URLs {
			if other, taken := urls[u]; taken {
				t.Errorf("%s is %s and %s", u, other, p.File)
			}
			urls[u] = p.File
			digest, ok := Builtin().Digest(u)
			if !ok || hex.EncodeToString(digest[:]) != p.SHA256 {
				t.Errorf("%s: digest %x, want %s", u, digest, p.SHA256)
			}
		}
	}
	files, err := fs.Glob(contextFiles, "contexts/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := filepath.Base(f); name != "index.json" && !listed[name] {
			t.Errorf("%s is not in index.json", name)
		}
	}
	if len(listed) != 25 || len(urls) != 44 {
		t.Errorf("%d files for %d URLs, want 25 for 44", len(listed), len(urls))
	}
}

// sameMeaning names contexts of which no published package has the listed bytes, but
// one has the same JSON.
var sameMeaning = map[string]string{
	"https://w3id.org/openbadges/v2":               "the copy of @blockcerts/schemas, against which real Blockcerts were hashed; other white space",
	"https://w3id.org/security/suites/jws-2020/v1": "no package has the bytes; other white space",
}

// notBuiltin names listed contexts that a user pins in a trust file if they are needed.
var notBuiltin = []string{
	"https://www.w3.org/ns/cid/v1", // in no published package
	"https://www.w3.org/2018/credentials/examples/v1", "https://www.w3.org/ns/credentials/examples/v2",
	"https://www.w3.org/ns/credentials/undefined-terms/v2", "https://www.w3.org/ns/credentials/status/v1",
	"https://purl.imsglobal.org/", "https://w3id.org/security/v", "https://w3id.org/security/jwk/v1",
	"https://w3id.org/security/suites/ed25519-2018/v1", "https://w3id.org/security/suites/x25519-2019/v1",
	"https://www.w3.org/ns/odrl.jsonld", "https://w3id.org/vdl/v1", "Blockcerts list of context URL aliases",
}

// TestPublishedBytes compares what we embed with a list of digests from the sources.
func TestPublishedBytes(t *testing.T) {
	var index struct {
		Entries []struct {
			File      string `json:"file"`
			StandsFor string `json:"stands_for"`
			SHA256    string `json:"sha256"`
			Note      string `json:"note"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/w3c/index.json"), &index); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, p := range publishedContexts() {
		for _, u := range p.URLs {
			files[u] = p.File
		}
	}
	compared := 0
	for _, e := range index.Entries {
		if !strings.HasPrefix(e.File, "contexts/") || hasPrefixOf(e.StandsFor, notBuiltin) {
			continue
		}
		urls := []string{e.StandsFor}
		for word := range strings.FieldsSeq(e.Note) {
			if strings.HasPrefix(word, "https://") {
				urls = append(urls, word)
			}
		}
		for _, u := range urls {
			digest, ok := Builtin().Digest(u)
			if !ok {
				t.Errorf("%s is not built in", u)
				continue
			}
			compared++
			if hex.EncodeToString(digest[:]) == e.SHA256 {
				if sameMeaning[u] != "" {
					t.Errorf("%s has the listed bytes and needs no exception", u)
				}
				continue
			}
			if sameMeaning[u] == "" {
				t.Errorf("%s: digest %x, listed %s", u, digest, e.SHA256)
			}
			ours, theirs := embedded("contexts/"+files[u]), conformance.Read(t, "conformance/w3c/"+e.File)
			if canonicalText(t, ours) != canonicalText(t, theirs) {
				t.Errorf("%s: not the same JSON", u)
			}
		}
	}
	if compared != 41 {
		t.Errorf("%d URLs compared, want 41", compared)
	}
}

func hasPrefixOf(s string, list []string) bool {
	for _, p := range list {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func canonicalText(t *testing.T, text []byte) string {
	t.Helper()
	b, err := strictjson.Canonical(parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLicences(t *testing.T) {
	text, err := os.ReadFile("contexts/LICENSES.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range publishedContexts() {
		if !strings.Contains(string(text), p.Licence) || p.Licence == "MIT" && !strings.Contains(string(text), p.Package) {
			t.Errorf("%s: no text for %s of %s", p.File, p.Licence, p.Package)
		}
	}
}

func TestWith(t *testing.T) {
	const url = "https://ctx.example/w"
	doc := []byte(`{"@context":{"a":"urn:a"}}`)
	c, err := Builtin().With(url, doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := Builtin().Digest(url); ok {
		t.Error("With changed its receiver")
	}
	if d, ok := c.Digest(url); !ok || d != sha256.Sum256(doc) {
		t.Errorf("digest %x", d)
	}
	if again, err := c.With(url, doc); err != nil || again != c {
		t.Errorf("the same bytes again: %v", err)
	}
	tests := []struct {
		name, url, doc string
		code           Code
	}{
		{"other bytes", url, `{"@context":{"a":"urn:b"}}`, CodeContextNotAllowed},
		{"other white space", url, `{"@context": {"a":"urn:a"}}`, CodeContextNotAllowed},
		{"other bytes for a built-in one", "https://www.w3.org/ns/credentials/v2", `{"@context":{}}`, CodeContextNotAllowed},
		{"no context", "https://ctx.example/x", `{"a":"urn:a"}`, CodeContextNotAllowed},
		{"relative name", "ctx", `{"@context":{}}`, CodeRelativeIRI},
		{"names itself", "https://ctx.example/x", `{"@context":["https://ctx.example/x"]}`, CodeContextUnknown},
		{"names another in a scope", "https://ctx.example/x", `{"@context":{"a":{"@id":"urn:a","@context":"https://ctx.example/y"}}}`, CodeContextUnknown},
		{"import", "https://ctx.example/x", `{"@context":{"@import":"https://ctx.example/w"}}`, CodeContextNotAllowed},
		{"base", "https://ctx.example/x", `{"@context":{"@base":"https://a.example/"}}`, CodeContextNotAllowed},
		{"propagate", "https://ctx.example/x", `{"@context":[{"@propagate":false}]}`, CodeContextNotAllowed},
		{"reverse", "https://ctx.example/x", `{"@context":{"a":{"@reverse":"urn:a"}}}`, CodeContextNotAllowed},
		{"nest in a scope", "https://ctx.example/x", `{"@context":{"a":{"@id":"urn:a","@context":{"b":{"@id":"urn:b","@nest":"a"}}}}}`, CodeContextNotAllowed},
		{"number for a context", "https://ctx.example/x", `{"@context":[1]}`, CodeContextNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.With(tt.url, []byte(tt.doc))
			var e *Error
			if !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("error %v, want %s", err, tt.code)
			}
		})
	}
	var broken *strictjson.Error
	if _, err := c.With("https://ctx.example/x", []byte(`{"@context":{},"@context":{}}`)); !errors.As(err, &broken) {
		t.Errorf("a duplicate key: %v", err)
	}
}

// TestContextBomb: contexts that name each other twice would double at each step.
func TestContextBomb(t *testing.T) {
	c := &Contexts{}
	doc := `{"@context":{"a":"urn:a"}}`
	for i := range 40 {
		url := fmt.Sprintf("https://ctx.example/%d", i)
		next, err := c.With(url, []byte(doc))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeLimitContexts {
				t.Fatal(err)
			}
			return
		}
		c = next
		doc = fmt.Sprintf(`{"@context":[%q,{"b":{"@id":"urn:b","@context":%q}}]}`, url, url)
	}
	t.Error("a bomb of contexts is accepted")
}

// TestMalformedContexts: what json-gold cannot stomach is an error, not a panic.
func TestMalformedContexts(t *testing.T) {
	for _, local := range []string{
		`{"@protected":"yes"}`, `{"a":{"@id":"urn:a","@protected":1}}`, `{"a":{"@id":"urn:a","@container":1}}`,
		`{"a":{"@id":"urn:a","@container":[1]}}`, `{"p":null,"p:x":"urn:a"}`, `{"@version":1.0}`, `{"@version":"1.1"}`,
		`{"a":{"@id":1}}`, `{"a":1}`, `{"a":"b","b":"a"}`, `{"@vocab":1}`, `{"@language":1}`, `{"a":{"@id":"urn:a","@nest":""}}`,
		`{"a":{"@id":"urn:a","@container":["@list","@set"]}}`, `{"@context":{"a":"urn:a"}}`, `"https://ctx.example/none"`,
	} {
		c, err := Builtin().With("https://ctx.example/m", []byte(`{"@context":`+local+`}`))
		if err != nil {
			continue
		}
		doc := parse(t, []byte(`{"@context":"https://ctx.example/m","a":"x","p:y":"z","http://x.example/p":"q"}`))
		res, err := Canonicalize(doc, Options{Contexts: c})
		var e *Error
		if !errors.As(err, &e) || e.Code == "" {
			t.Errorf("%s: %v, %+v", local, err, res)
		}
	}
}

// TestConcurrent shares one Contexts value between goroutines; run with -race.
func TestConcurrent(t *testing.T) {
	contexts := corpusContexts(t)
	dir := conformance.Path(t, "conformance/blockcerts/certificates")
	files, err := filepath.Glob(filepath.Join(dir, "v3--*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, f := range files {
				text, err := os.ReadFile(f)
				if err != nil {
					t.Error(err)
					return
				}
				doc, err := strictjson.ParseObject(text, strictjson.Limits{})
				if err != nil {
					t.Error(err)
					return
				}
				first, err1 := Canonicalize(doc, Options{Contexts: contexts, Mode: modeOf(doc)})
				second, err2 := Canonicalize(doc, Options{Contexts: contexts, Mode: modeOf(doc)})
				if fmt.Sprint(err1) != fmt.Sprint(err2) || err1 == nil && string(first.NQuads) != string(second.NQuads) {
					t.Errorf("%s: two answers: %v, %v", filepath.Base(f), err1, err2)
				}
			}
		})
	}
	wg.Wait()
}

// TestCacheIsBounded: orders of entries without end do not fill the memory, and give
// the same results whether remembered or not.
func TestCacheIsBounded(t *testing.T) {
	c := &Contexts{}
	var urls []string
	var err error
	for i := range 7 {
		url := fmt.Sprintf("https://ctx.example/%d", i)
		urls = append(urls, url)
		if c, err = c.With(url, fmt.Appendf(nil, `{"@context":{"t%d":"urn:t%d"}}`, i, i)); err != nil {
			t.Fatal(err)
		}
	}
	order := []int{0, 1, 2, 3, 4, 5, 6}
	want := ""
	for more := true; more; more = nextPermutation(order) {
		var list []any
		for _, i := range order {
			list = append(list, urls[i])
		}
		res, err := Canonicalize(map[string]any{"@context": list, "t0": "a", "t6": "b"}, Options{Contexts: c})
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = string(res.NQuads)
		}
		if string(res.NQuads) != want {
			t.Fatalf("order %v: %s", order, res.NQuads)
		}
	}
	if n := len(c.cache.roots); n != maxCached {
		t.Errorf("%d contexts remembered, want %d", n, maxCached)
	}
}

// TestNoSecondNames: a document may name any built-in context, so if two of them gave
// one IRI two names, whoever holds the document could put a signed value under another
// label by adding a URL to @context. The exceptions are read and harmless.
func TestNoSecondNames(t *testing.T) {
	allowed := map[string]string{
		"https://w3id.org/openbadges#HostedBadge": "a type of verification and its short form",
		"https://w3id.org/openbadges#SignedBadge": "a type of verification and its short form",
		"https://w3id.org/openbadges#verify":      "one member under its older and its newer name",
		"https://w3id.org/openbadges#revoked":     "of issuer profiles, not of credentials",
		"https://w3id.org/security#expiration":    "revoked in 2.0-alpha issuer profiles, expires elsewhere",
	}
	names := map[string]map[string]bool{} // IRI -> terms
	contexts := 0
	for _, p := range publishedContexts() {
		a, err := Builtin().rootOf([]entry{{key: "test " + p.URLs[0], local: p.URLs[0]}}, "")
		if err != nil {
			if p.File != "blockcerts-1.2.json" { // a term that JSON-LD 1.1 refuses; TestContext12 has it
				t.Errorf("%s: %v", p.File, err)
			}
			continue
		}
		contexts++
		collectNames(a, Builtin().docs[p.URLs[0]].doc["@context"], names)
	}
	for id, terms := range names {
		if _, ok := allowed[id]; !ok && len(terms) > 1 && !strings.HasPrefix(id, "@") {
			t.Errorf("%s has the names %v", id, sortedKeys(terms))
		}
	}
	if contexts != 24 || len(names) < 200 {
		t.Errorf("%d IRIs of %d contexts", len(names), contexts)
	}
}

func collectNames(a *active, local any, names map[string]map[string]bool) {
	switch local := local.(type) {
	case []any:
		for _, e := range local {
			collectNames(a, e, names)
		}
	case map[string]any:
		for name, v := range local {
			def, _ := v.(map[string]any)
			id, ok := v.(string)
			if !ok {
				id, ok = def["@id"].(string)
			}
			if ok && !strings.HasPrefix(name, "@") {
				full := a.expand(id, true)
				if names[full] == nil {
					names[full] = map[string]bool{}
				}
				names[full][name] = true
			}
			collectNames(a, def["@context"], names)
		}
	}
}
