package jsonld

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/piprate/json-gold/ld"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// oracle lets json-gold expand doc and convert it to RDF, and returns the canonical
// form of what it made.
func oracle(c *Contexts, doc map[string]any) ([]byte, error) {
	opts := &ld.JsonLdOptions{ProcessingMode: ld.JsonLd_1_1, DocumentLoader: loader{c}}
	copied := floatContexts(strictjson.Clone(doc))
	expanded, err := ld.NewJsonLdProcessor().Expand(copied, opts)
	if err != nil {
		return nil, err
	}
	dataset, err := ld.NewJsonLdApi().ToRDF(expanded, opts)
	if err != nil {
		return nil, err
	}
	var quads []quad
	for name, graph := range dataset.Graphs {
		for _, q := range graph {
			ours := quad{subject: fromGold(q.Subject), predicate: fromGold(q.Predicate), object: fromGold(q.Object)}
			// json-gold makes statements of types that no context defines and of
			// some texts that are no IRIs (JSON-LD 1.1 API, section 8.1, drops them).
			if ours.object.kind == iri && !absoluteIRI(ours.object.value) {
				continue
			}
			if name != "@default" {
				ours.graph = fromGold(q.Graph)
			}
			if !slices.Contains(quads, ours) {
				quads = append(quads, ours)
			}
		}
	}
	labels, canonErr := canonicalLabels(quads, sha256Hex, DefaultLimits)
	if canonErr != nil {
		return nil, canonErr
	}
	return join(labels.lines()), nil
}

// floatContexts gives @context members the number type that json-gold wants there.
func floatContexts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if name == "@context" {
				v[name] = floats(e)
			} else {
				v[name] = floatContexts(e)
			}
		}
	case []any:
		for i, e := range v {
			v[i] = floatContexts(e)
		}
	}
	return v
}

func fromGold(n ld.Node) term {
	switch n := n.(type) {
	case ld.IRI:
		return term{kind: iri, value: n.Value}
	case ld.BlankNode:
		return term{kind: blank, value: strings.TrimPrefix(n.Attribute, "_:")}
	case ld.Literal:
		t := term{kind: literal, value: n.Value, datatype: n.Datatype, lang: n.Language}
		if t.lang != "" || t.datatype == xsdString {
			t.datatype = ""
		}
		return t
	}
	return term{}
}

// goldErrs reports whether json-gold is known to convert what is in canonical in
// another way than the recommendation: it drops addresses that its patterns do not
// know, and JSON literals that are no objects; and it forgets the graph container of a
// term whose own context is null. (The hashes of real presentations show that the
// container counts.)
func goldErrs(t *testing.T, canonical []byte) bool {
	t.Helper()
	quads, err := parseNQuads(canonical, DefaultLimits.Quads)
	if err != nil {
		t.Fatalf("%v in our own\n%s", err, canonical)
	}
	for _, q := range quads {
		if q.object.datatype == rdfJSON || strings.HasSuffix(q.predicate.value, "credentials#verifiableCredential") {
			return true
		}
		for _, x := range [...]term{q.subject, q.predicate, q.object, {kind: iri, value: q.object.datatype}} {
			isHTTP := strings.HasPrefix(x.value, "http://") || strings.HasPrefix(x.value, "https://")
			if x.kind == iri && x.value != "" && (!ld.IsAbsoluteIri(x.value) || isHTTP && !ld.IsURL(x.value)) {
				return true
			}
		}
	}
	return false
}

// compareWithGold canonicalises doc in both modes and, where we accept it, compares
// with json-gold. It reports in how many modes it could compare.
func compareWithGold(t *testing.T, contexts *Contexts, doc map[string]any) int {
	t.Helper()
	before, err := strictjson.Canonical(doc)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, mode := range []Mode{Strict, Lax} {
		res, err := Canonicalize(doc, Options{Contexts: contexts, Mode: mode})
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Code == "" {
				t.Fatalf("error without a code: %v", err)
			}
			continue
		}
		after, err := strictjson.Canonical(doc)
		if err != nil || string(before) != string(after) {
			t.Fatalf("the document was changed: %s, %v", after, err)
		}
		checkClaims(t, contexts, mode, res)
		if goldErrs(t, res.NQuads) {
			continue
		}
		want, err := oracle(contexts, doc)
		if err != nil {
			t.Errorf("mode %d: json-gold refuses what we accept: %v\n%s", mode, err, before)
			continue
		}
		compared++
		if string(want) != string(res.NQuads) {
			t.Errorf("mode %d:\n%s\nours\n%s\njson-gold\n%s", mode, before, res.NQuads, want)
		}
	}
	return compared
}

// checkClaims: the claims alone lead to the same statements, and leave out nothing more.
func checkClaims(t *testing.T, contexts *Contexts, mode Mode, res *Result) {
	t.Helper()
	again, err := Canonicalize(res.Claims, Options{Contexts: contexts, Mode: mode})
	if err != nil {
		t.Errorf("the claims are refused: %v", err)
		return
	}
	if string(again.NQuads) != string(res.NQuads) || len(again.Ghosts) != 0 {
		t.Errorf("the claims lead to\n%sand ghosts %v, the document to\n%s", again.NQuads, again.Ghosts, res.NQuads)
	}
}

// TestAgainstJSONGold compares every real and made-up document at hand, whole and with
// its proofs.
func TestAgainstJSONGold(t *testing.T) {
	contexts := corpusContexts(t)
	var err error
	if contexts, err = contexts.With(healthURL, conformance.Read(t, "bench/context-health-v1.json")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(conformance.Path(t, "conformance/blockcerts/certificates"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(conformance.Path(t, "bench"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, f := range append(files, more...) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(f), func(t *testing.T) { compared += compareWithGold(t, contexts, parse(t, text)) })
	}
	if compared < 50 {
		t.Errorf("%d comparisons, want 50 and more", compared)
	}
}

// features are small documents over fuzzContext, one for each thing we support.
var features = []string{
	`{"id":"urn:a","type":"T","name":"x","count":5,"flag":true}`,
	`{"id":"urn:a","type":["T","U"],"inT":"a","sub":{"name":"b"},"ref":{"id":"urn:b"}}`,
	`{"id":"urn:a","list":["a",{"name":"b"},["c",[]]],"set":["a"]}`,
	`{"id":"urn:a","list":{"@list":["a"]},"name":{"@list":["a","b"]},"set":{"@set":["c"]}}`,
	`{"id":"urn:a","graph":[{"name":"in"},{"id":"urn:b","name":"x","graph":{"name":"deep"}}]}`,
	`{"id":"urn:a","json":{"b":[1,null],"a":{}},"words":{"en":"hi","de":["hallo","servus"]}}`,
	`{"id":"urn:a","name":{"@value":"x","@language":"EN"},"date":"2026-01-01","other":{"@value":"1","@type":"xsd:byte"}}`,
	`{"id":"urn:a","scoped":{"inner":"x","name":"y"},"cleared":{"@context":"https://ctx.example/f","name":"z"}}`,
	`{"id":"urn:a","name":null,"set":[],"list":[null],"ref":"nowhere","count":[1.5,1e21,-0.0,9007199254740993]}`,
	`{"id":"_:x","ref":"_:x","sub":{"id":"_:y"}}`,
	`{"id":"urn:a","vocab":["T","urn:x"],"ref":["ex:b",{"id":"ex:c","name":["q","q"]}]}`,
}

const fuzzContext = `{"@context":{"@version":1.1,"id":"@id","type":"@type","ex":"http://ex.example/","xsd":"http://www.w3.org/2001/XMLSchema#",
	"name":"ex:name","other":"ex:other","count":{"@id":"ex:count"},"flag":"ex:flag","sub":{"@id":"ex:sub"},
	"T":{"@id":"ex:T","@context":{"inT":"ex:inT","name":"ex:nameInT"}},"U":"ex:U","ref":{"@id":"ex:ref","@type":"@id"},
	"vocab":{"@id":"ex:vocab","@type":"@vocab"},"list":{"@id":"ex:list","@container":"@list"},"set":{"@id":"ex:set","@container":"@set"},
	"graph":{"@id":"ex:graph","@container":"@graph"},"json":{"@id":"ex:json","@type":"@json"},"words":{"@id":"ex:words","@container":"@language"},
	"date":{"@id":"ex:date","@type":"xsd:date"},"scoped":{"@id":"ex:scoped","@context":{"@protected":true,"inner":"ex:inner","name":"ex:nameInScoped"}},
	"cleared":{"@id":"ex:cleared","@context":null}}}`

func featureContexts(t testing.TB) *Contexts {
	t.Helper()
	c, err := Builtin().With("https://ctx.example/f", []byte(fuzzContext))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// withContext puts the fuzz context first into a document that has none.
func withContext(doc map[string]any) map[string]any {
	if _, has := doc["@context"]; !has {
		doc["@context"] = "https://ctx.example/f"
	}
	return doc
}

func TestFeatures(t *testing.T) {
	contexts := featureContexts(t)
	for _, text := range features {
		doc := withContext(parse(t, []byte(text)))
		if compareWithGold(t, contexts, doc) == 0 && !strings.Contains(text, `"json"`) {
			_, err := Canonicalize(doc, Options{Contexts: contexts, Mode: Lax})
			t.Errorf("not compared: %s: %v", text, err)
		}
	}
}

func FuzzCanonicalize(f *testing.F) {
	for _, text := range features {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:x:1","credentialSubject":{"id":"did:x:2"},"proof":{"type":"DataIntegrityProof","cryptosuite":"x"}}`))
	contexts := featureContexts(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		compareWithGold(t, contexts, withContext(doc))
	})
}

func FuzzCanonicalizeNQuads(f *testing.F) {
	f.Add([]byte("<urn:a> <urn:p> \"x\\n\\u00e4\"@en-GB _:g .\n_:a <urn:p> _:b . # c\n"))
	f.Add([]byte("_:a <urn:p> \"1\"^^<urn:t> .\n_:b <urn:p> _:a .\n_:a <urn:p> _:b .\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := CanonicalizeNQuads(data, Limits{Work: 2000})
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Code == "" {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		twice, err := CanonicalizeNQuads(once, Limits{Work: 1 << 20})
		if err != nil || string(once) != string(twice) {
			t.Fatalf("%q becomes %q, %v", once, twice, err)
		}
	})
}
