package jsonld

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// TestRefusals: one fault per document, over fuzzContext.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name, text string
		mode       Mode
		code       Code
		path       string
	}{
		// Coverage, J1 and J4, also inside scoped contexts and graph containers.
		{"unmapped in a type's context", `{"type":"T","inT":"a","x":"b"}`, Lax, CodeUnmappedTerm, "/x"},
		{"a type's term outside its object", `{"type":"T","sub":{"inT":"a"}}`, Lax, CodeUnmappedTerm, "/sub/inT"},
		{"a type's term after the type has changed", `{"type":"U","inT":"a"}`, Lax, CodeUnmappedTerm, "/inT"},
		{"unmapped in a property's context", `{"scoped":{"inner":"a","x":1}}`, Lax, CodeUnmappedTerm, "/scoped/x"},
		{"a property's term outside it", `{"inner":"a"}`, Lax, CodeUnmappedTerm, "/inner"},
		{"nothing is defined under a null context", `{"cleared":{"name":"x"}}`, Lax, CodeUnmappedTerm, "/cleared/name"},
		{"unmapped in a graph", `{"graph":[{"name":"a"},{"x":1}]}`, Lax, CodeUnmappedTerm, "/graph/1/x"},
		{"unmapped in a list", `{"list":["a",{"x":1}]}`, Lax, CodeUnmappedTerm, "/list/1/x"},
		{"unmapped in a list object", `{"name":{"@list":[{"x":1}]}}`, Lax, CodeUnmappedTerm, "/name/@list/0/x"},
		{"unmapped in a set object", `{"name":{"@set":[{"x":1}]}}`, Lax, CodeUnmappedTerm, "/name/@set/0/x"},
		{"unmapped type", `{"type":["T","X"],"name":"a"}`, Lax, CodeUnmappedTerm, "/type/1"},
		{"unmapped datatype", `{"name":{"@value":"a","@type":"byte"}}`, Lax, CodeUnmappedTerm, "/name/@type"},
		{"null", `{"name":null,"flag":true}`, Strict, CodeGhostMember, "/name"},
		{"null in an array", `{"name":["a",null]}`, Strict, CodeGhostMember, "/name/1"},
		{"null in a list", `{"list":["a",null]}`, Strict, CodeGhostMember, "/list/1"},
		{"null in a graph", `{"graph":[{"name":"a"},null]}`, Strict, CodeGhostMember, "/graph/1"},
		{"null in a language map", `{"words":{"en":null,"de":"a"}}`, Strict, CodeGhostMember, "/words/en"},
		{"null @value", `{"name":["a",{"@value":null}]}`, Strict, CodeGhostMember, "/name/1"},
		{"null @id", `{"id":null,"name":"a"}`, Lax, CodeJSONLD, "/id"},
		{"null type", `{"type":null,"name":"a"}`, Lax, CodeJSONLD, "/type"},
		{"empty array", `{"name":[],"flag":true}`, Strict, CodeGhostMember, "/name"},
		{"nested empty array", `{"name":["a",[]]}`, Strict, CodeGhostMember, "/name/1"},
		{"empty type array", `{"type":[],"name":"a"}`, Strict, CodeGhostMember, "/type"},
		{"empty graph array", `{"graph":[],"name":"a"}`, Strict, CodeGhostMember, "/graph"},
		{"empty set object", `{"set":{"@set":[]},"name":"a"}`, Strict, CodeGhostMember, "/set/@set"},
		{"empty language map", `{"words":{},"name":"a"}`, Lax, CodeGhostMember, "/words"},
		{"repeated value", `{"name":["a","a"]}`, Strict, CodeGhostMember, "/name/1"},
		{"repeated type", `{"type":["U","U"]}`, Strict, CodeGhostMember, "/type/1"},
		{"value under its full IRI", `{"http://ex.example/name":"a"}`, Strict, CodeUnmappedTerm, "/http:~1~1ex.example~1name"},
		{"value under its full IRI, older format", `{"http://ex.example/name":"a"}`, Lax, CodeUnmappedTerm, "/http:~1~1ex.example~1name"},
		{"value under a compact IRI", `{"ex:name":"a"}`, Strict, CodeUnmappedTerm, "/ex:name"},
		{"@index", `{"@index":"a","name":"a"}`, Lax, CodeGhostMember, "/@index"},
		{"@index beside a value", `{"name":{"@value":"a","@index":"b"}}`, Lax, CodeGhostMember, "/name/@index"},
		{"@language without a value", `{"sub":{"@language":"en"}}`, Lax, CodeGhostMember, "/sub/@language"},
		{"word like a keyword", `{"@foo":"a","name":"a"}`, Lax, CodeGhostMember, "/@foo"},
		{"two objects of one id", `{"id":"urn:a","sub":{"id":"urn:a","name":"x"}}`, Strict, CodeGhostMember, "/sub"},
		{"two objects of one id in a graph", `{"graph":{"id":"urn:a","sub":[{"id":"urn:b","name":"x"},{"id":"urn:b"}]}}`, Strict, CodeGhostMember, "/graph/sub/1"},
		// The names could change places, or the whole of one object move into the other.
		{"two objects of one id that say different things", `{"id":"urn:a","sub":{"id":"urn:s","name":"x"},"set":{"id":"urn:s","other":"y"}}`, Strict, CodeGhostMember, "/sub"},
		{"only an id", `{"id":"urn:a"}`, Lax, CodeGhostMember, ""},
		{"nothing", `{}`, Lax, CodeGhostMember, ""},
		{"only ghosts", `{"name":null}`, Lax, CodeGhostMember, ""},
		{"only an id in a graph", `{"graph":{"id":"urn:a"}}`, Lax, CodeGhostMember, "/graph"},
		{"a text in a graph", `{"graph":"urn:a"}`, Lax, CodeGhostMember, "/graph"},
		{"a value in a graph", `{"graph":{"@value":"a"}}`, Lax, CodeGhostMember, "/graph"},
		// Names of things, J12.
		{"relative id", `{"id":"a","name":"x"}`, Lax, CodeRelativeIRI, "/id"},
		{"empty id", `{"id":"","name":"x"}`, Lax, CodeRelativeIRI, "/id"},
		{"path for an id", `{"id":"/a","name":"x"}`, Lax, CodeRelativeIRI, "/id"},
		{"keyword for an id", `{"id":"@type","name":"x"}`, Lax, CodeRelativeIRI, "/id"},
		{"relative reference", `{"ref":"a"}`, Strict, CodeRelativeIRI, "/ref"},
		{"relative reference in a list of references", `{"ref":["urn:a","b"]}`, Strict, CodeRelativeIRI, "/ref/1"},
		{"relative id in an object", `{"ref":{"id":"a"}}`, Lax, CodeRelativeIRI, "/ref/id"},
		{"blank node id", `{"id":"_:a","name":"x"}`, Strict, CodeRelativeIRI, "/id"},
		{"blank node property", `{"_:p":"x"}`, Lax, CodeUnmappedTerm, "/_:p"},
		{"statement smuggled into an id", `{"id":"urn:x> <urn:p> <urn:o> .\n<urn:y","name":"x"}`, Lax, CodeInvalidIRI, "/id"},
		{"statement smuggled into a property", `{"urn:x> <urn:o> .\n<urn:y> <urn:p":"x"}`, Lax, CodeInvalidIRI, "/urn:x> <urn:o> .\n<urn:y> <urn:p"},
		{"statement smuggled into a type", `{"type":"urn:x> .","name":"x"}`, Lax, CodeInvalidIRI, "/type"},
		{"statement smuggled into a reference", `{"ref":"urn:x>.<urn:y"}`, Lax, CodeInvalidIRI, "/ref"},
		{"statement smuggled into a datatype", `{"name":{"@value":"x","@type":"urn:x>."}}`, Lax, CodeUnmappedTerm, "/name/@type"},
		{"statement smuggled into a language", `{"name":{"@value":"x","@language":"en> ."}}`, Lax, CodeJSONLD, "/name/@value"},
		{"statement smuggled into a blank node label", `{"id":"_:a .\n_:b","name":"x"}`, Lax, CodeRelativeIRI, "/id"},
		// Numbers, J8.
		{"fraction", `{"count":1.5}`, Strict, CodeNumber, "/count"},
		{"exponent", `{"count":1e3}`, Strict, CodeNumber, "/count"},
		{"integer with a fraction of zero", `{"count":1.0}`, Strict, CodeNumber, "/count"},
		{"minus zero", `{"count":-0}`, Strict, CodeNumber, "/count"},
		{"2^53", `{"count":9007199254740992}`, Strict, CodeNumber, "/count"},
		{"-2^53", `{"count":-9007199254740992}`, Strict, CodeNumber, "/count"},
		{"number in a value object", `{"count":{"@value":0.1}}`, Strict, CodeNumber, "/count/@value"},
		{"number in JSON that would change", `{"json":{"a":[1.10]}}`, Strict, CodeNumber, "/json/a/0"},
		// What JSON-LD forbids, and what is not supported.
		{"two ids", `{"id":"urn:a","@id":"urn:a","name":"x"}`, Lax, CodeJSONLD, "/id"},
		{"number for an id", `{"id":1,"name":"x"}`, Lax, CodeJSONLD, "/id"},
		{"number for a type", `{"type":["T",1]}`, Lax, CodeJSONLD, "/type"},
		{"object for a type", `{"type":{"id":"T"}}`, Lax, CodeJSONLD, "/type"},
		{"type and language", `{"name":{"@value":"x","@type":"xsd:string","@language":"en"}}`, Lax, CodeJSONLD, "/name"},
		{"language of a number", `{"name":{"@value":1,"@language":"en"}}`, Lax, CodeJSONLD, "/name/@value"},
		{"object for a value", `{"name":{"@value":{"a":1}}}`, Lax, CodeJSONLD, "/name/@value"},
		{"property beside a value", `{"name":{"@value":"x","other":"y"}}`, Lax, CodeJSONLD, "/name/other"},
		{"member beside a list", `{"name":{"@list":["x"],"other":"y"}}`, Lax, CodeJSONLD, "/name"},
		{"number in a language map", `{"words":{"en":1}}`, Lax, CodeJSONLD, "/words/en"},
		{"no language in a language map", `{"words":{"":"a"}}`, Lax, CodeJSONLD, "/words/"},
		{"direction other than two", `{"name":{"@value":"x","@direction":"up"}}`, Lax, CodeJSONLD, "/name/@direction"},
		{"@graph", `{"@graph":[{"name":"x"}]}`, Lax, CodeJSONLD, "/@graph"},
		{"@included", `{"@included":[{"name":"x"}],"name":"y"}`, Lax, CodeJSONLD, "/@included"},
		{"@reverse", `{"@reverse":{"sub":{"name":"x"}},"name":"y"}`, Lax, CodeJSONLD, "/@reverse"},
		{"@nest", `{"@nest":{"name":"x"}}`, Lax, CodeJSONLD, "/@nest"},
		{"@vocab", `{"@vocab":"urn:a","name":"y"}`, Lax, CodeJSONLD, "/@vocab"},
		// Contexts inside, J2 and J11.
		{"unknown context inside", `{"sub":{"@context":"https://ctx.example/none","name":"x"}}`, Lax, CodeContextUnknown, "/sub/@context"},
		{"inline context inside", `{"sub":{"@context":{"x":"urn:x"},"x":"y"}}`, Lax, CodeContextNotAllowed, "/sub/@context"},
		{"inline context inside, added", `{"sub":{"@context":["https://ctx.example/f",{"x":"urn:x"}],"x":"y"}}`, Lax, CodeContextNotAllowed, "/sub/@context"},
		{"null context inside", `{"sub":{"@context":null,"urn:p":"y"}}`, Lax, CodeContextNotAllowed, "/sub/@context"},
	}
	contexts := featureContexts(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := Canonicalize(withContext(parse(t, []byte(tt.text))), Options{Contexts: contexts, Mode: tt.mode})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("accepted as\n%s", res.NQuads)
			}
			if e.Code != tt.code || e.Path != tt.path || res != nil {
				t.Errorf("%v, want %s at %q", err, tt.code, tt.path)
			}
		})
	}
}

// TestContextEntries: what may stand in the outermost @context (J2, J3, decision 4).
func TestContextEntries(t *testing.T) {
	const f = `"https://ctx.example/f"`
	tests := []struct {
		name, context string
		code          Code
		path          string
	}{
		{"only adds an IRI", f + `,{"x":"urn:x"}`, CodeLabelsNotSigned, "/@context/1"},
		{"only adds @id and @type", f + `,{"x":{"@id":"urn:x","@type":"xsd:date"}}`, CodeLabelsNotSigned, "/@context/1"},
		{"only adds, before another URL", f + `,{"x":"urn:x"},"https://www.w3.org/ns/did/v1"`, CodeLabelsNotSigned, "/@context/1"},
		{"adds a compact IRI", f + `,{"x":"ex:x"}`, CodeLabelsNotSigned, "/@context/1"},
		{"two that add", f + `,{"x":"urn:x"},{"y":"urn:y"}`, CodeContextNotAllowed, "/@context/2"},
		{"first", `{"x":"urn:x"},` + f, CodeContextNotAllowed, "/@context/0"},
		{"alone", `{"x":"urn:x"}`, CodeContextNotAllowed, "/@context/0"},
		{"vocab", f + `,{"@vocab":"urn:v"}`, CodeContextNotAllowed, "/@context/1/@vocab"},
		{"vocab null", f + `,{"@vocab":null}`, CodeContextNotAllowed, "/@context/1/@vocab"},
		{"base", f + `,{"@base":"urn:v"}`, CodeContextNotAllowed, "/@context/1/@base"},
		{"null for a term", f + `,{"x":null}`, CodeContextNotAllowed, "/@context/1/x"},
		{"redefinition", f + `,{"name":"urn:x"}`, CodeContextNotAllowed, "/@context/1/name"},
		{"redefinition of a term inside a type", f + `,{"inT":"urn:x"}`, CodeContextNotAllowed, "/@context/1/inT"},
		{"alias of a pinned IRI", f + `,{"x":"http://ex.example/name"}`, CodeContextNotAllowed, "/@context/1/x"},
		{"alias of a pinned IRI, compact", f + `,{"x":{"@id":"ex:name"}}`, CodeContextNotAllowed, "/@context/1/x"},
		{"alias of a pinned IRI inside a type", f + `,{"x":"ex:nameInT"}`, CodeContextNotAllowed, "/@context/1/x"},
		{"alias of a pinned IRI, by a new prefix", f + `,{"s":"http:/","x":"s:/ex.example/name"}`, CodeContextNotAllowed, "/@context/1/x"},
		{"a term that is no prefix", f + `,{"s":"http://ex.example/na","x":"s:me"}`, CodeLabelsNotSigned, "/@context/1"},
		{"alias of a term", f + `,{"x":"name"}`, CodeContextNotAllowed, "/@context/1/x"},
		{"alias of a keyword", f + `,{"x":"@index"}`, CodeContextNotAllowed, "/@context/1/x"},
		{"container", f + `,{"x":{"@id":"urn:x","@container":"@index"}}`, CodeContextNotAllowed, "/@context/1/x"},
		{"scope", f + `,{"x":{"@id":"urn:x","@context":{"name":"urn:y"}}}`, CodeContextNotAllowed, "/@context/1/x"},
		{"IRI for a name", f + `,{"ex:name":"urn:x"}`, CodeContextNotAllowed, "/@context/1/ex:name"},
		{"unknown URL", f + `,"https://ctx.example/none"`, CodeContextUnknown, "/@context/1"},
		{"plain HTTP for a known one", f + `,"http://www.w3.org/ns/did/v1"`, CodeContextUnknown, "/@context/1"},
		{"twice", f + `,` + f, CodeContextNotAllowed, "/@context/1"},
		{"null", f + `,null`, CodeContextNotAllowed, "/@context/1"},
		{"number", f + `,1`, CodeContextNotAllowed, "/@context/1"},
		{"array", f + `,[]`, CodeContextNotAllowed, "/@context/1"},
		{"none", ``, CodeContextNotAllowed, "/@context"},
	}
	contexts := featureContexts(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, []byte(`{"@context":[`+tt.context+`],"id":"urn:x","name":"y"}`))
			res, err := Canonicalize(doc, Options{Contexts: contexts})
			var e *Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Path != tt.path {
				t.Fatalf("%v, want %s at %q", err, tt.code, tt.path)
			}
			if hasResult := res != nil; hasResult != (tt.code == CodeLabelsNotSigned) || hasResult && (res.Claims != nil || res.Quads != 1 || len(res.Labels) == 0) {
				t.Errorf("result %+v", res)
			}
		})
	}
	for _, doc := range []map[string]any{nil, {"urn:p": "x"}} {
		if _, err := Canonicalize(doc, Options{Contexts: contexts}); err == nil || err.(*Error).Code != CodeContextNotAllowed {
			t.Errorf("no @context: %v", err)
		}
	}
	doc := parse(t, []byte(`{"@context":"https://ctx.example/f","name":"x"}`))
	if _, err := Canonicalize(doc, Options{}); err == nil || err.(*Error).Code != CodeContextUnknown {
		t.Errorf("no contexts: %v", err)
	}
}

// TestLabels: what the terms of an unpinned object stand for, as json-gold reads them.
func TestLabels(t *testing.T) {
	for _, tt := range []struct {
		added string
		want  map[string]string
	}{
		{`{"x":"urn:x"}`, map[string]string{"x": "urn:x"}},
		{`{"x":{"@id":"ex:x","@type":"xsd:date"},"y":{"@id":"urn:y"}}`, map[string]string{"x": "http://ex.example/x", "y": "urn:y"}},
		{`{"p":"https://p.example/#","x":"p:x","y":"p:x"}`, map[string]string{"p": "https://p.example/#", "x": "https://p.example/#x", "y": "https://p.example/#x"}},
	} {
		doc := parse(t, []byte(`{"@context":["https://ctx.example/f",`+tt.added+`],"x":"2026-01-01","name":"z"}`))
		res, err := Canonicalize(doc, Options{Contexts: featureContexts(t)})
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeLabelsNotSigned {
			t.Fatalf("%s: %v", tt.added, err)
		}
		if !reflect.DeepEqual(res.Labels, tt.want) || res.Claims != nil || !strings.Contains(string(res.NQuads), "<"+tt.want["x"]+">") {
			t.Errorf("%s: labels %v, claims %v\n%s", tt.added, res.Labels, res.Claims, res.NQuads)
		}
	}
	doc := parse(t, []byte(`{"@context":"https://ctx.example/f","name":"z"}`))
	if res, err := Canonicalize(doc, Options{Contexts: featureContexts(t)}); err != nil || res.Labels != nil {
		t.Errorf("nothing added: %v, %+v", err, res)
	}
}

// TestLabelsOfSample: a real document whose inline object nobody has pinned.
func TestLabelsOfSample(t *testing.T) {
	doc := parse(t, conformance.Read(t, "conformance/blockcerts/certificates/v2--mainnet-valid-2.0.json"))
	delete(doc, "signature")
	pinned, err := Canonicalize(doc, Options{Contexts: corpusContexts(t), Mode: Lax})
	if err != nil || pinned.Labels != nil || pinned.Claims == nil {
		t.Fatalf("pinned: %v", err)
	}
	res, err := Canonicalize(doc, Options{Contexts: Builtin(), Mode: Lax})
	if e, ok := err.(*Error); !ok || e.Code != CodeLabelsNotSigned || res.Claims != nil || string(res.NQuads) != string(pinned.NQuads) {
		t.Fatalf("not pinned: %v", err)
	}
	if got := sortedKeys(res.Labels); !slices.Equal(got, []string{"displayHtml", "metadataJson", "nonce", "universalIdentifier"}) {
		t.Errorf("labels %v", res.Labels)
	}
	for term, id := range res.Labels {
		if strings.Contains(string(res.NQuads), "<"+id+">") != (doc[term] != nil) {
			t.Errorf("%s stands for %s", term, id)
		}
	}
}

// TestPinByDetail follows the way of a user: the error names the digest, and pinning it
// makes the document readable.
func TestPinByDetail(t *testing.T) {
	contexts := featureContexts(t)
	doc := parse(t, []byte(`{"@context":["https://ctx.example/f",{"x":{"@id":"urn:x"}}],"x":"y"}`))
	_, err := Canonicalize(doc, Options{Contexts: contexts})
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeLabelsNotSigned {
		t.Fatal(err)
	}
	var digest [32]byte
	if _, err := hex.Decode(digest[:], []byte(e.Detail[len(e.Detail)-64:])); err != nil {
		t.Fatal(err)
	}
	pinned := contexts.WithInline(digest)
	res, err := Canonicalize(doc, Options{Contexts: pinned})
	if err != nil || string(res.NQuads) != "_:c14n0 <urn:x> \"y\" .\n" {
		t.Errorf("%v, %+v", err, res)
	}
	if _, err := Canonicalize(doc, Options{Contexts: contexts}); err == nil {
		t.Error("WithInline changed its receiver")
	}
}

// TestClaims: in Lax, what adds nothing is named and left out, and numbers stand as hashed.
func TestClaims(t *testing.T) {
	text := `{"@context":"https://ctx.example/f","id":"urn:a","type":["U","U"],"name":["a",null,"a",[]],"other":null,"set":[null,[]],
		"list":[],"ref":["nowhere","urn:b"],"unknown":null,"count":[1.50,1e21,9007199254740993,-0,0.1234567890123456789,7],
		"sub":{"name":{"@value":"x","@language":"en","@direction":"rtl"}},"json":{"n":null,"f":1.10},"words":{"en":[],"de":"x"}}`
	doc := parse(t, []byte(text))
	res, err := Canonicalize(doc, Options{Contexts: featureContexts(t), Mode: Lax})
	if err != nil {
		t.Fatal(err)
	}
	want := parse(t, []byte(`{"@context":"https://ctx.example/f","id":"urn:a","type":["U"],"name":["a"],
		"list":[],"ref":["urn:b"],"count":[1.5,1e+21,9007199254740992,0,0.1234567890123457,7],
		"sub":{"name":{"@value":"x","@language":"en"}},"json":{"n":null,"f":1.1},"words":{"de":"x"}}`))
	if !reflect.DeepEqual(res.Claims, want) {
		got, _ := json.MarshalIndent(res.Claims, "", " ")
		t.Errorf("claims %s", got)
	}
	var ghosts []string
	for _, g := range res.Ghosts {
		ghosts = append(ghosts, g.Path+" "+g.Reason)
	}
	wantGhosts := []string{
		"/name/1 null", "/name/2 repeated", "/name/3 empty-array", "/other null", "/ref/0 relative-iri",
		"/set/0 null", "/set/1 empty-array", "/set empty-array", "/sub/name/@direction direction", "/type/1 repeated",
		"/unknown null", "/words/en empty-array",
	}
	if !reflect.DeepEqual(ghosts, wantGhosts) {
		t.Errorf("ghosts %q", ghosts)
	}
	if !reflect.DeepEqual(doc, parse(t, []byte(text))) {
		t.Error("the document was changed")
	}
	res.Claims["sub"].(map[string]any)["name"] = "changed"
	if !reflect.DeepEqual(doc, parse(t, []byte(text))) {
		t.Error("the claims share memory with the document")
	}
}

// TestNumbers: the lexical forms of JSON-LD 1.1 API, sections 8.2.2 and 8.6.
func TestNumbers(t *testing.T) {
	tests := []struct{ number, datatype, lexical, want string }{
		{"5", "", "5", xsdInteger}, {"-5", "", "-5", xsdInteger}, {"0", "", "0", xsdInteger}, {"-0", "", "0", xsdInteger},
		{"1e3", "", "1000", xsdInteger}, {"5.0", "", "5", xsdInteger}, {"999999999999999999999", "", "1.0E21", xsdDouble},
		{"123456789012345680000", "", "123456789012345683968", xsdInteger}, {"1e21", "", "1.0E21", xsdDouble},
		{"1.5", "", "1.5E0", xsdDouble}, {"-0.001", "", "-1.0E-3", xsdDouble}, {"123.456", "", "1.23456E2", xsdDouble},
		{"5", xsdDouble, "5.0E0", xsdDouble}, {"100", xsdDouble, "1.0E2", xsdDouble}, {"0", xsdDouble, "0.0E0", xsdDouble},
		{"5", "urn:t", "5", "urn:t"}, {"5.5", "urn:t", "5.5E0", "urn:t"}, {"1e-320", "", "9.99988867182683E-321", xsdDouble},
		{"1.7976931348623157e308", "", "1.797693134862316E308", xsdDouble},
	}
	for _, tt := range tests {
		if got, datatype := lexical(json.Number(tt.number), tt.datatype); got != tt.lexical || datatype != tt.want {
			t.Errorf("%s as %q: %s of %s, want %s of %s", tt.number, tt.datatype, got, datatype, tt.lexical, tt.want)
		}
	}
	for n, want := range map[json.Number]bool{"9007199254740991": true, "-9007199254740991": true, "9007199254740992": false,
		"0": true, "-0": false, "1.0": false, "1e1": false, "99999999999999999999": false} {
		if plainInteger(n) != want {
			t.Errorf("%s is a plain integer: %v", n, !want)
		}
	}
}

// TestLimits tries each limit at its value and one above.
func TestLimits(t *testing.T) {
	names := func(n int) string {
		return `{"name":["` + strings.Join(strings.Fields(strings.Repeat("x ", n)), `","`) + `"]}`
	}
	distinct := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"%d"`, i))
		}
		return `{"name":[` + strings.Join(list, ",") + `]}`
	}
	objects := func(n int) string { // with the outermost one n+1 blank nodes
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"name":"%d"}`, i))
		}
		return `{"sub":[` + strings.Join(list, ",") + `]}`
	}
	embedded := func(n int) string {
		return `{"sub":[` + strings.TrimSuffix(strings.Repeat(`{"@context":"https://ctx.example/f","name":"x"},`, n), ",") + `]}`
	}
	tests := []struct {
		name, at, over string
		lim            Limits
		code           Code
	}{
		{"quads", distinct(5), distinct(6), Limits{Quads: 5}, CodeLimitQuads},
		{"default quads", distinct(10000), distinct(10001), Limits{}, CodeLimitQuads},
		{"blank nodes", objects(4), objects(5), Limits{BlankNodes: 5}, CodeLimitBlankNodes},
		{"default blank nodes", objects(255), objects(256), Limits{}, CodeLimitBlankNodes},
		{"contexts inside", embedded(64), embedded(65), Limits{}, CodeLimitContexts},
	}
	contexts := featureContexts(t)
	read := func(text string, lim Limits) error {
		doc, err := strictjson.ParseObject([]byte(text), strictjson.Limits{Members: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Canonicalize(withContext(doc), Options{Contexts: contexts, Mode: Lax, Limits: lim})
		return err
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := read(tt.at, tt.lim); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			var e *Error
			if err := read(tt.over, tt.lim); !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("over the limit: %v", err)
			}
		})
	}
	if err := read(names(10001), Limits{}); err != nil { // one statement, many ghosts
		t.Errorf("repeated values: %v", err)
	}
}

// TestPoison: a clique of blank nodes made by a credential, not by N-Quads (J10).
func TestPoison(t *testing.T) {
	var objects []string
	for i := range 10 {
		var refs []string
		for j := range 10 {
			if j != i {
				refs = append(refs, fmt.Sprintf(`"_:n%d"`, j))
			}
		}
		objects = append(objects, fmt.Sprintf(`{"id":"_:n%d","ref":[%s]}`, i, strings.Join(refs, ",")))
	}
	doc := withContext(parse(t, []byte(`{"id":"urn:a","sub":[`+strings.Join(objects, ",")+`]}`)))
	start := time.Now()
	_, err := Canonicalize(doc, Options{Contexts: featureContexts(t), Mode: Lax})
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeLimitWork {
		t.Errorf("error %v", err)
	}
	if d := time.Since(start); d > time.Second { // some 50 ms on an idle machine
		t.Errorf("took %v", d)
	}
	for name, nq := range map[string]string{"ring": ring(256, 39), "clique with crowds of graphs": cliqueWithGraphs(9, 1100)} {
		start := time.Now()
		if _, err := CanonicalizeNQuads([]byte(nq), Limits{}); !errors.As(err, &e) || e.Code != CodeLimitWork {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > time.Second { // some 70 ms on an idle machine
			t.Errorf("%s took %v", name, d)
		}
	}
	// The work limit counts: one step less than a graph needs is too little.
	pair := []byte("_:a <urn:p> _:b .\n_:b <urn:p> _:a .\n")
	need := 0
	for n := 1; n < 100 && need == 0; n++ {
		if _, err := CanonicalizeNQuads(pair, Limits{Work: n}); err == nil {
			need = n
		}
	}
	if _, err := CanonicalizeNQuads(pair, Limits{Work: need - 1}); need < 2 || err == nil {
		t.Errorf("a pair needs %d steps, and with one less: %v", need, err)
	}
}

// ring returns blank nodes in a circle, each with statements about the next reach ones.
func ring(nodes, reach int) string {
	var b strings.Builder
	for i := range nodes {
		for j := range reach {
			fmt.Fprintf(&b, "_:n%d <urn:p%d> _:n%d .\n", i, j, (i+j+1)%nodes)
		}
	}
	return b.String()
}

// cliqueWithGraphs returns a clique of blank nodes, each of which says one thing in
// many graphs: few calls, and much to look at in each.
func cliqueWithGraphs(nodes, graphs int) string {
	var b strings.Builder
	for i := range nodes {
		for j := range nodes {
			fmt.Fprintf(&b, "_:n%d <urn:p> _:n%d .\n", i, j)
		}
		for j := range graphs {
			fmt.Fprintf(&b, "_:n%d <urn:q> _:l <urn:g%d> .\n", i, j)
		}
	}
	return b.String()
}

// TestNQuadsRefused: faults in N-Quads, one a line.
func TestNQuadsRefused(t *testing.T) {
	for _, text := range []string{
		`<urn:a> <urn:p> <urn:o>`, `<urn:a> <urn:p> .`, `<a> <urn:p> "x" .`, `"x" <urn:p> "x" .`, `_:a _:p "x" .`,
		`<urn:a> "p" "x" .`, `<urn:a> <urn:p> "x" "g" .`, `<urn:a> <urn:p> "x .`, `<urn:a <urn:p> "x" .`, `<urn:a> <urn:p> "x" . <urn:b>`,
		`<urn:a> <urn:p> "\x" .`, `<urn:a> <urn:p> "\u12" .`, `<urn:a> <urn:p> "\ud800" .`, `<urn:a> <urn:p> "\U00110000" .`,
		`<urn:a> <urn:p> "x"@ .`, `<urn:a> <urn:p> "x"@1 .`, `<urn:a> <urn:p> "x"@en- .`, `<urn:a> <urn:p> "x"^^<t> .`, `<urn:a> <urn:p> "x"^^ .`,
		`<urn:\u003e> <urn:p> "x" .`, `<urn:a b> <urn:p> "x" .`, `<urn:\n> <urn:p> "x" .`, `_ <urn:p> "x" .`, `_: <urn:p> "x" .`, `_:-a <urn:p> "x" .`,
		"<urn:a> <urn:p> \"\xff\" .", `x`,
	} {
		out, err := CanonicalizeNQuads([]byte(text), Limits{})
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeNQuads {
			t.Errorf("%s: %s, %v", text, out, err)
		}
	}
	var e *Error
	two := []byte("<urn:a> <urn:p> \"1\" .\n<urn:a> <urn:p> \"2\" .\n")
	if _, err := CanonicalizeNQuads(two, Limits{Quads: 1}); !errors.As(err, &e) || e.Code != CodeLimitQuads {
		t.Errorf("too many: %v", err)
	}
}

func ExampleCanonicalize() {
	contexts, _ := Builtin().With("https://ctx.example/1", []byte(`{"@context": {"id": "@id", "name": "https://schema.org/name"}}`))
	doc, _ := strictjson.ParseObject([]byte(`{
		"@context": ["https://ctx.example/1"],
		"id": "did:example:bob", "name": "Bob"}`), strictjson.Limits{})
	res, _ := Canonicalize(doc, Options{Contexts: contexts})
	fmt.Print(string(res.NQuads))

	doc["degree"] = "MD"
	_, err := Canonicalize(doc, Options{Contexts: contexts})
	fmt.Println(err)
	// Output:
	// <did:example:bob> <https://schema.org/name> "Bob" .
	// json-ld: unmapped-term at /degree: no context defines this term
}
