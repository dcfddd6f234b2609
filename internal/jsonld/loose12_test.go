package jsonld

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

const url12 = "https://w3id.org/blockcerts/v1"

// samples12 names every Blockcerts 1.2 sample, and why its hash must not be the
// targetHash of its receipt; empty if it must be.
var samples12 = map[string]string{
	"v1--testnet-valid-1.2.json":           "",
	"py--1.2--sample_signed_cert-1.2.json": "",
	"py--1.2--expired.json":                "assertion.expires was added after issuing",
	"py--1.2--not_yet_expired.json":        "assertion.expires was added after issuing",
}

// sample12 returns the part of a sample that is hashed, and the hash that it names.
func sample12(t testing.TB, name string) (map[string]any, string) {
	t.Helper()
	doc := parse(t, conformance.Read(t, "conformance/blockcerts/certificates/"+name))
	return doc["document"].(map[string]any), doc["receipt"].(map[string]any)["targetHash"].(string)
}

func TestBlockcerts12(t *testing.T) {
	contexts := corpusContexts(t)
	for name, edited := range samples12 {
		t.Run(name, func(t *testing.T) {
			doc, target := sample12(t, name)
			res, err := Canonicalize(doc, Options{Contexts: contexts, Mode: Loose12})
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(res.NQuads)
			if matches := hex.EncodeToString(sum[:]) == target; matches == (edited != "") {
				t.Errorf("hash %x, targetHash %s, edited: %q", sum, target, edited)
			}
			if want := []Ghost{{"/certificate/language", "unmapped"}}; !slices.Equal(res.Ghosts, want) {
				t.Errorf("ghosts %v", res.Ghosts)
			}
			want := strictjson.Clone(doc).(map[string]any)
			delete(want["certificate"].(map[string]any), "language")
			if !reflect.DeepEqual(res.Claims, want) {
				t.Error("the claims are not the document without the ghost")
			}
			if !strings.Contains(string(res.NQuads), "<"+imageSignatureIRI+">") {
				t.Error("no image:signature")
			}
			checkClaims(t, contexts, Loose12, res)
			if !compare12(t, contexts, doc) {
				t.Error("not compared with json-gold")
			}
			for _, mode := range []Mode{Strict, Lax} {
				_, err := Canonicalize(doc, Options{Contexts: contexts, Mode: mode})
				if e, ok := err.(*Error); !ok || e.Code != CodeJSONLD || e.Path != "/@context" {
					t.Errorf("mode %d: %v", mode, err)
				}
			}
		})
	}
}

// compare12 compares with what json-gold makes of doc with image:signature under the
// name that it can read, if it reads doc and is known to read it rightly.
func compare12(t *testing.T, contexts *Contexts, doc map[string]any) bool {
	t.Helper()
	res, err := Canonicalize(doc, Options{Contexts: contexts, Mode: Loose12})
	if err != nil {
		if e, ok := err.(*Error); !ok || e.Code == "" {
			t.Fatalf("error without a code: %v", err)
		}
		return false
	}
	checkClaims(t, contexts, Loose12, res)
	if goldErrs(t, res.NQuads) {
		return false
	}
	want, goldErr := oracle(contexts.for12(), renamed(doc).(map[string]any))
	if goldErr != nil {
		t.Errorf("json-gold refuses what we accept: %v\n%v", goldErr, doc)
		return false
	}
	if string(want) != string(res.NQuads) {
		t.Errorf("%v\nours\n%s\njson-gold\n%s", doc, res.NQuads, want)
	}
	return true
}

// renamed copies v for json-gold: with image:signature under its stand-in, and without
// members named "", which json-gold takes for a keyword.
func renamed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, e := range v {
			switch name {
			case "":
				continue
			case imageSignature:
				name = standIn
			}
			m[name] = renamed(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = renamed(e)
		}
		return list
	}
	return v
}

// TestLoose12 holds what the mode leaves out, in short documents. json-gold agrees
// that what is left out adds nothing.
func TestLoose12(t *testing.T) {
	tests := []struct {
		name, text string
		quads      int
		ghosts     string
	}{
		{"a member", `{"id":"urn:a","name":"x","degree":"MD"}`, 1, "/degree unmapped"},
		{"an object with members that are defined", `{"id":"urn:a","name":"x","degree":{"name":"MD"}}`, 1, "/degree unmapped"},
		{"a member of an object", `{"id":"urn:a","certificate":{"name":"x","degree":"MD"}}`, 2, "/certificate/degree unmapped"},
		{"null and none", `{"id":"urn:a","name":"x","a":null,"b":[],"c":[null],"uid":null}`, 1, "/a null,/b empty-array,/c unmapped,/uid null"},
		{"a type", `{"id":"urn:a","type":["Assertion","Licence"]}`, 1, "/type/1 unmapped"},
		{"the only type", `{"id":"urn:a","name":"x","type":"Licence"}`, 1, "/type unmapped"},
		{"every type", `{"id":"urn:a","name":"x","type":["Licence","Other"]}`, 1, "/type/0 unmapped,/type/1 unmapped,/type empty-array"},
		{"a reference", `{"id":"urn:a","name":"x","url":"nowhere"}`, 1, "/url relative-iri"},
		{"the stand-in as a member", `{"id":"urn:a","image:signature":"x","image@signature":"y"}`, 1, "/image@signature unmapped"},
		{"the context once more", `{"id":"urn:a","certificate":{"@context":"` + url12 + `","image:signature":"x","y":"z"}}`, 2, "/certificate/y unmapped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := with12(parse(t, []byte(tt.text)))
			res, err := Canonicalize(doc, Options{Contexts: Builtin(), Mode: Loose12})
			if err != nil {
				t.Fatal(err)
			}
			var ghosts []string
			for _, g := range res.Ghosts {
				ghosts = append(ghosts, g.Path+" "+g.Reason)
			}
			if got := strings.Join(ghosts, ","); got != tt.ghosts || res.Quads != tt.quads {
				t.Errorf("ghosts %q, %d quads, want %q, %d", got, res.Quads, tt.ghosts, tt.quads)
			}
			checkClaims(t, Builtin(), Loose12, res)
			if !strings.Contains(tt.text, standIn) && !compare12(t, Builtin(), doc) {
				t.Error("not compared with json-gold")
			}
		})
	}
}

func with12(doc map[string]any) map[string]any {
	if _, has := doc["@context"]; !has {
		doc["@context"] = url12
	}
	return doc
}

// TestLoose12Refusals: the mode is of use for Blockcerts 1.2 only, and there too only
// what is not defined may be left out.
func TestLoose12Refusals(t *testing.T) {
	const vc2 = "https://www.w3.org/ns/credentials/v2"
	tests := []struct {
		name, text string
		code       Code
		path       string
	}{
		{"VC 2.0", `{"@context":["` + vc2 + `"],"type":"VerifiableCredential","degree":"MD"}`, CodeContextNotAllowed, "/@context/0"},
		{"VC 2.0 beside it", `{"@context":["` + url12 + `","` + vc2 + `"],"name":"x"}`, CodeContextNotAllowed, "/@context/1"},
		{"VC 2.0 inside", `{"certificate":{"@context":"` + vc2 + `","name":"x"}}`, CodeContextNotAllowed, "/certificate/@context"},
		{"a pinned one beside it", `{"@context":["` + url12 + `","https://ctx.example/f"],"name":"x"}`, CodeContextNotAllowed, "/@context/1"},
		{"an unknown one", `{"@context":"https://ctx.example/none","name":"x"}`, CodeContextNotAllowed, "/@context"},
		{"a term switched off inline", `{"@context":["` + url12 + `",{"name":null}],"name":"x","uid":"y"}`, CodeContextNotAllowed, "/@context/1/name"},
		{"image:signature defined again", `{"@context":["` + url12 + `",{"image:signature":"urn:x"}],"name":"x"}`, CodeContextNotAllowed, "/@context/1/image:signature"},
		{"its stand-in defined", `{"@context":["` + url12 + `",{"image@signature":"urn:x"}],"name":"x"}`, CodeContextNotAllowed, "/@context/1/image@signature"},
		{"a second name for it", `{"@context":["` + url12 + `",{"x":"bc:image:signature"}],"x":"y"}`, CodeContextNotAllowed, "/@context/1/x"},
		{"a new term", `{"@context":["` + url12 + `",{"x":"urn:x"}],"x":"y"}`, CodeLabelsNotSigned, "/@context/1"},
		{"word like a keyword", `{"name":"x","@degree":"MD"}`, CodeGhostMember, "/@degree"},
		{"@index", `{"name":"x","@index":"MD"}`, CodeGhostMember, "/@index"},
		{"relative id", `{"id":"a","name":"x"}`, CodeRelativeIRI, "/id"},
		{"unmapped datatype", `{"name":{"@value":"a","@type":"byte"}}`, CodeUnmappedTerm, "/name/@type"},
		{"unmapped with a colon", `{"name":"x",":degree":{"name":"MD"}}`, CodeUnmappedTerm, "/:degree"},
		{"blank node property", `{"name":"x","_:p":"y"}`, CodeUnmappedTerm, "/_:p"},
		{"blank node type", `{"name":"x","type":"_:t"}`, CodeUnmappedTerm, "/type"},
		{"only what is not defined", `{"degree":"MD"}`, CodeGhostMember, ""},
	}
	contexts := featureContexts(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Canonicalize(with12(parse(t, []byte(tt.text))), Options{Contexts: contexts, Mode: Loose12})
			var e *Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Path != tt.path {
				t.Errorf("%v, want %s at %q", err, tt.code, tt.path)
			}
		})
	}
	doc := with12(parse(t, []byte(`{"name":"x"}`)))
	for name, c := range map[string]*Contexts{"none": nil, "empty": {}} {
		if _, err := Canonicalize(doc, Options{Contexts: c, Mode: Loose12}); err == nil || err.(*Error).Code != CodeContextUnknown {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLoose12Pinned: an inline object may be pinned as in the other modes.
func TestLoose12Pinned(t *testing.T) {
	digest, err := InlineDigest(map[string]any{"x": "urn:x"})
	if err != nil {
		t.Fatal(err)
	}
	doc := parse(t, []byte(`{"@context":["`+url12+`",{"x":"urn:x"}],"x":"y","z":1}`))
	res, err := Canonicalize(doc, Options{Contexts: Builtin().WithInline(digest), Mode: Loose12})
	if err != nil || string(res.NQuads) != "_:c14n0 <urn:x> \"y\" .\n" || len(res.Ghosts) != 1 {
		t.Errorf("%v, %+v", err, res)
	}
	if _, err := Canonicalize(doc, Options{Contexts: Builtin(), Mode: Loose12}); err == nil {
		t.Error("WithInline changed its receiver")
	}
}

// TestContext12: all its URLs count, each term has an IRI of its own, the term of JSON-LD
// 1.0 is there, and the pinned document is as it was.
func TestContext12(t *testing.T) {
	c := Builtin().for12()
	if len(c.docs) != 3 {
		t.Errorf("%d URLs, want 3", len(c.docs))
	}
	for url, p := range c.docs {
		original := Builtin().docs[url]
		local := original.doc["@context"].([]any)[0].(map[string]any)
		if local[imageSignature] == nil || local[standIn] != nil || p.digest != original.digest {
			t.Errorf("%s: the pinned document was changed", url)
		}
		a, err := c.rootOf([]entry{{key: "test " + url, local: url}}, "")
		if err != nil {
			t.Fatal(err)
		}
		if td := a.definition(imageSignature); td == nil || td.ID != imageSignatureIRI || a.definition(standIn) != nil {
			t.Errorf("%s: %+v", url, td)
		}
		names := map[string]map[string]bool{}
		collectNames(a, p.doc["@context"], names)
		for id, terms := range names {
			if len(terms) > 1 {
				t.Errorf("%s has the names %v", id, sortedKeys(terms))
			}
		}
		if len(names) < 70 {
			t.Errorf("%s: %d IRIs", url, len(names))
		}
	}
}

func FuzzLoose12(f *testing.F) {
	for _, text := range []string{
		`{"id":"urn:a","name":"x","degree":{"name":"MD"},"type":["Assertion","Licence"]}`,
		`{"image:signature":"data:,","image":["urn:b","c"],"hashed":false,"issuedOn":"2016-10-03","z":[null,{}]}`,
		fmt.Sprintf(`{"@context":[%q,{"x":"bc:x"}],"certificate":{"@context":%q,"issuer":{"id":"urn:i","y":1}},"x":"y"}`, url12, url12),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: 1 << 16})
		if err != nil || strings.Contains(fmt.Sprint(doc), standIn) {
			return
		}
		compare12(t, Builtin(), with12(doc))
	})
}
