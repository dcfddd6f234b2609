package credential

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
)

const sampleReceipt = `{"type":"ChainpointSHA256v2","merkleRoot":"68f3ede17fdb67ffd4a5164b5687a71f9fbb68da803b803935720f2aa38f7728","targetHash":"68f3ede17fdb67ffd4a5164b5687a71f9fbb68da803b803935720f2aa38f7728","proof":[],"anchors":[{"sourceId":"8623beadbc7877a9e20fb7f83eda6c1a1fc350171f0714ff6c6c4054018eb54d","type":"BTCOpReturn"}]}`

// wantCode checks the code of an error; an empty one asks for none.
func wantCode(t *testing.T, what string, err error, want Code) {
	t.Helper()
	var e *Error
	switch {
	case want == "" && err == nil:
	case want == "" || !errors.As(err, &e) || e.Code != want:
		t.Errorf("%s: error %v, want code %q", what, err, want)
	}
}

func mustParse(t testing.TB, doc string) *Credential {
	t.Helper()
	c, err := Parse([]byte(doc))
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return c
}

// vc is a document of VC 2.0 with more members.
func vc(members string) string {
	return `{"@context":["` + ContextVC2 + `"],"id":"urn:uuid:1","type":["VerifiableCredential"],"issuer":"did:example:a"` + members + `}`
}

// TestVersions: contexts and members tell the version, and nothing that a holder could
// add turns a document into one of another.
func TestVersions(t *testing.T) {
	const badge = `"badge":{"issuer":{"id":"https://a.example"}}`
	const old = `"document":{"type":"CertificateDocument","certificate":{"issuer":{"id":"https://a.example"}}},"receipt":` + sampleReceipt
	vc1 := `"@context":["` + ContextVC1 + `"],"type":"VerifiableCredential","issuer":"did:example:a"`
	for _, c := range []struct {
		what, doc string
		version   Version
		code      Code
	}{
		{"VC 2.0", vc(``), VC2, ""},
		{"VC 2.0, context alone", `{"@context":"` + ContextVC2 + `","type":"VerifiableCredential","issuer":"did:example:a"}`, VC2, ""},
		{"VC 1.1", `{` + vc1 + `}`, VC1, ""},
		{"both contexts", `{"@context":["` + ContextVC1 + `","` + ContextVC2 + `"],"type":"VerifiableCredential","issuer":"a:b"}`, "", CodeVersion},
		{"Blockcerts 2", `{"type":"Assertion",` + badge + `}`, Blockcerts2, ""},
		{"Blockcerts 1.2", `{` + old + `}`, Blockcerts12, ""},
		{"Blockcerts 1.1", `{"assertion":{},"certificate":{},"recipient":{},"signature":"H9","verify":{}}`, "", CodeUnsupported},
		{"Blockcerts 1.1 with a version number", `{"version":"3.2","assertion":{},"certificate":{}}`, "", CodeUnsupported},
		{"nothing known", `{"type":"X"}`, "", CodeVersion},
		{"empty", `{}`, "", CodeVersion},
		{"a number only", `{"version":"2.0","@context":["https://w3id.org/blockcerts/v3.2"],"type":"X"}`, "", CodeVersion},
		{"context in a member", `{"@context":[{"a":"` + ContextVC2 + `"}],"type":"X"}`, "", CodeVersion},
		{"context with a fragment", `{"@context":["` + ContextVC2 + `#"],"type":"X"}`, "", CodeVersion},
		{"VC 2.0 with a badge", vc(`,` + badge), VC2, ""},
		{"VC 2.0 with a document of 1.2", vc(`,` + old), VC2, ""},
		{"VC 1.1 with a document of 1.2", `{` + vc1 + `,` + old + `}`, VC1, ""},
		{"Blockcerts 2 with a document of 1.2", `{"type":"Assertion",` + badge + `,` + old + `}`, Blockcerts12, ""},
		{"document without receipt", `{"document":{"type":"CertificateDocument"}}`, "", CodeVersion},
		{"badge a URL", `{"type":"Assertion","badge":"https://a.example/badge.json"}`, "", CodeVersion},
		{"an enveloped credential", `{"@context":["` + ContextVC2 + `"],"type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,e30"}`, "", CodeUnsupported},
		{"an enveloped presentation", `{"@context":["` + ContextVC2 + `"],"type":["EnvelopedVerifiablePresentation"],"id":"data:application/vp+jwt,e30"}`, "", CodeUnsupported},
	} {
		cred, err := Parse([]byte(c.doc))
		wantCode(t, c.what, err, c.code)
		if err == nil && cred.Version() != c.version {
			t.Errorf("%s: version %s, want %s", c.what, cred.Version(), c.version)
		}
	}
}

func TestParseFaults(t *testing.T) {
	proof := func(members string) string { return vc(`,"proof":{` + members + `}`) }
	for _, c := range []struct {
		fault, doc, path string
		code             Code
	}{
		{"id a number", `{"@context":"` + ContextVC2 + `","id":1,"type":"VerifiableCredential","issuer":"a:b"}`, "/id", CodeMember},
		{"id null", `{"@context":"` + ContextVC2 + `","id":null,"type":"VerifiableCredential","issuer":"a:b"}`, "/id", CodeMember},
		{"no issuer", `{"@context":"` + ContextVC2 + `","type":"VerifiableCredential"}`, "/issuer", CodeMember},
		{"issuer without id", `{"@context":"` + ContextVC2 + `","type":"VerifiableCredential","issuer":{"name":"Board"}}`, "/issuer", CodeMember},
		{"issuer a list", `{"@context":"` + ContextVC2 + `","type":"VerifiableCredential","issuer":["a:b"]}`, "/issuer", CodeMember},
		{"no type", `{"@context":"` + ContextVC2 + `","issuer":"a:b"}`, "/type", CodeMember},
		{"type of numbers", `{"@context":"` + ContextVC2 + `","type":["VerifiableCredential",1],"issuer":"a:b"}`, "/type", CodeMember},
		{"Blockcerts 2 without issuer", `{"type":"Assertion","badge":{}}`, "/badge/issuer", CodeMember},
		{"Blockcerts 1.2 without issuer", `{"document":{"type":"X"},"receipt":` + sampleReceipt + `}`, "/document/certificate/issuer", CodeMember},
		{"Blockcerts 1.2 without type", `{"document":{},"receipt":` + sampleReceipt + `}`, "/document/type", CodeMember},
		{"Blockcerts 1.2 with a bad receipt", `{"document":{"type":"X","certificate":{"issuer":"a:b"}},"receipt":{}}`, "/receipt", CodeProof},
		{"Blockcerts 2 with proof", `{"type":"Assertion","badge":{"issuer":"a:b"},"proof":{}}`, "/proof", CodeProof},
		{"Blockcerts 2, signature a text", `{"type":"Assertion","badge":{"issuer":"a:b"},"signature":"x"}`, "/signature", CodeProof},
		{"proof a text", vc(`,"proof":"x"`), "/proof", CodeProof},
		{"proof null in a list", vc(`,"proof":[null]`), "/proof/0", CodeProof},
		{"proof without type", proof(`"created":"x"`), "/proof/type", CodeProof},
		{"type a list", proof(`"type":["DataIntegrityProof"]`), "/proof/type", CodeProof},
		{"no cryptosuite", proof(`"type":"DataIntegrityProof"`), "/proof/cryptosuite", CodeProof},
		{"cryptosuite a number", proof(`"type":"DataIntegrityProof","cryptosuite":1`), "/proof/cryptosuite", CodeProof},
		{"id a number", proof(`"type":"X","id":1`), "/proof/id", CodeProof},
		{"created a number", proof(`"type":"X","created":1`), "/proof/created", CodeProof},
		{"created a list", proof(`"type":"X","created":["2026-01-01T00:00:00Z"]`), "/proof/created", CodeProof},
		{"expires a number", proof(`"type":"X","expires":1`), "/proof/expires", CodeProof},
		{"purpose a list", proof(`"type":"X","proofPurpose":["assertionMethod"]`), "/proof/proofPurpose", CodeProof},
		{"challenge a number", proof(`"type":"X","challenge":1`), "/proof/challenge", CodeProof},
		{"domain of numbers", proof(`"type":"X","domain":["a",1]`), "/proof/domain", CodeProof},
		{"Merkle proof without value", proof(`"type":"MerkleProof2019"`), "/proof/proofValue", CodeProof},
		{"Merkle proof, value a number", proof(`"type":"DataIntegrityProof","cryptosuite":"merkle-proof-2019","proofValue":1`), "/proof/proofValue", CodeProof},
		{"Merkle proof, no CBOR", proof(`"type":"ChainedProof2021","chainedProofType":"MerkleProof2019","proofValue":"z11"`), "/proof/proofValue", CodeProof},
		{"previousProof names nothing", proof(`"type":"X","previousProof":"urn:uuid:9"`), "/proof/previousProof", CodeProof},
		{"previousProof names itself", proof(`"type":"X","id":"urn:uuid:9","previousProof":"urn:uuid:9"`), "/proof/previousProof", CodeProof},
		{"previousProof an object", proof(`"type":"X","previousProof":{"id":"urn:uuid:9"}`), "/proof/previousProof", CodeProof},
		{"previousProof empty, with a proof that has no id", vc(`,"proof":[{"type":"X"},{"type":"X","previousProof":""}]`), "/proof/1/previousProof", CodeProof},
		{"previousProof names two", vc(`,"proof":[{"type":"X","id":"u:1"},{"type":"X","id":"u:1"},{"type":"X","previousProof":"u:1"}]`), "/proof/2/previousProof", CodeProof},
		{"previousProof names one twice", vc(`,"proof":[{"type":"X","id":"u:1"},{"type":"X","previousProof":["u:1","u:1"]}]`), "/proof/1/previousProof", CodeProof},
	} {
		cred, err := Parse([]byte(c.doc))
		wantCode(t, c.fault, err, c.code)
		var e *Error
		if errors.As(err, &e) && e.Path != c.path {
			t.Errorf("%s: path %q, want %q", c.fault, e.Path, c.path)
		}
		if cred != nil {
			t.Errorf("%s: a document all the same", c.fault)
		}
	}
}

// TestSyntax: errors of the JSON keep their own type.
func TestSyntax(t *testing.T) {
	for doc, want := range map[string]strictjson.Code{
		``:                                     strictjson.CodeNotJSON,
		`[]`:                                   strictjson.CodeWrongType,
		`{"id":"a","i\u0064":"b"}`:             strictjson.CodeDuplicateKey,
		"{\"id\":\"\xff\"}":                    strictjson.CodeNotUTF8,
		`{} {}`:                                strictjson.CodeTrailingData,
		strings.Repeat(`{"a":`, 100):           strictjson.CodeLimitDepth,
		`"` + strings.Repeat("x", 8<<20) + `"`: strictjson.CodeLimitBytes,
	} {
		for _, read := range []func([]byte) (*Credential, error){Parse, ParseProfile} {
			_, err := read([]byte(doc))
			var e *strictjson.Error
			if !errors.As(err, &e) || e.Code != want {
				t.Errorf("%.40s: %v, want %s", doc, err, want)
			}
		}
	}
}

// TestNulls: older formats allow members that say nothing.
func TestNulls(t *testing.T) {
	c := mustParse(t, `{"type":"Assertion","id":null,"badge":{"issuer":{"id":"https://a.example"}},"signature":null,"proof":null}`)
	if c.ID() != "" || len(c.Proofs()) != 0 {
		t.Errorf("id %q, %d proofs", c.ID(), len(c.Proofs()))
	}
	c = mustParse(t, vc(`,"proof":{"type":"X","created":null,"domain":null,"challenge":null}`))
	if p := c.Proofs()[0]; p.Created != "" || p.Domain != nil || p.Challenge != "" {
		t.Errorf("%+v", p)
	}
}

// TestDresses: one kind of proof in every dress, and the name of one dress not in
// another.
func TestDresses(t *testing.T) {
	value := sampleMerkle(t)
	for _, c := range []struct {
		members string
		kind    Kind
		suite   string
	}{
		{`"type":"MerkleProof2019","proofValue":"` + value + `"`, Merkle2019, "MerkleProof2019"},
		{`"type":"DataIntegrityProof","cryptosuite":"merkle-proof-2019","proofValue":"` + value + `"`, Merkle2019, "merkle-proof-2019"},
		{`"type":"ChainedProof2021","chainedProofType":"MerkleProof2019","previousProof":{"type":"X"},"proofValue":"` + value + `"`, Merkle2019, "MerkleProof2019"},
		{`"type":"ChainedProof2021","chainedProofType":"Ed25519Signature2020","previousProof":{"type":"X"}`, Signature, "ChainedProof2021"},
		{`"type":"ChainedProof2021"`, Signature, "ChainedProof2021"},
		{`"type":"merkle-proof-2019","proofValue":"` + value + `"`, Signature, "merkle-proof-2019"},
		{`"type":"DataIntegrityProof","cryptosuite":"MerkleProof2019","proofValue":"` + value + `"`, Signature, "MerkleProof2019"},
		{`"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022"`, Signature, "eddsa-rdfc-2022"},
		{`"type":"Ed25519Signature2020","cryptosuite":"merkle-proof-2019"`, Signature, "Ed25519Signature2020"},
		{`"type":"DataIntegrityProof","cryptosuite":"something-new-2031"`, Signature, "something-new-2031"},
	} {
		p := mustParse(t, vc(`,"proof":{`+c.members+`}`)).Proofs()[0]
		if p.Kind != c.kind || p.Suite != c.suite || p.IsMerkle() != (c.kind != Signature) || p.Path != "/proof" {
			t.Errorf("%s: %+v", c.members, p)
		}
	}
}

// TestCovered: by position and by what previousProof names, and by nothing that a
// holder could edit (M5).
func TestCovered(t *testing.T) {
	value := sampleMerkle(t)
	sig := func(id, previous string) string {
		return `{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","id":"` + id + `","previousProof":` + previous + `}`
	}
	merkle := func(extra string) string {
		return `{"type":"MerkleProof2019","proofValue":"` + value + `"` + extra + `}`
	}
	for _, c := range []struct {
		what, proofs string
		covers       []string // ids, or m for a Merkle proof, by proof
	}{
		{"one signature", sig("u:1", "null"), []string{""}},
		{"one Merkle proof", merkle(``), []string{""}},
		{"a set of signatures", sig("u:1", "null") + `,` + sig("u:2", "null"), []string{"", ""}},
		{"our format", sig("u:1", "null") + `,` + merkle(`,"previousProof":"u:1"`), []string{"", "u:1"}},
		{"Merkle that says nothing", sig("u:1", "null") + `,` + merkle(``), []string{"", "u:1"}},
		{"Merkle that names another", sig("u:1", "null") + `,` + sig("u:2", "null") + `,` + merkle(`,"previousProof":"u:2"`), []string{"", "", "u:1 u:2"}},
		{"Merkle that names nothing there", merkle(`,"previousProof":"u:9"`), []string{""}},
		{"Merkle first", merkle(``) + `,` + sig("u:1", "null"), []string{"", ""}},
		{"two Merkle proofs", merkle(``) + `,` + merkle(``), []string{"", "m"}},
		{"a chain", sig("u:1", "null") + `,` + sig("u:2", `"u:1"`) + `,` + sig("u:3", `["u:2"]`), []string{"", "u:1", "u:2"}},
		{"a chain over two", sig("u:1", "null") + `,` + sig("u:2", "null") + `,` + sig("u:3", `["u:2","u:1"]`), []string{"", "", "u:1 u:2"}},
		{"the later one first", sig("u:2", `"u:1"`) + `,` + sig("u:1", "null"), []string{"u:1", ""}},
		{"a circle", sig("u:1", `"u:2"`) + `,` + sig("u:2", `"u:1"`), []string{"u:2", "u:1"}},
	} {
		cred := mustParse(t, vc(`,"proof":[`+c.proofs+`]`))
		for i := range cred.Proofs() {
			covered := cred.Covered(i)
			var ids []string
			for _, p := range asList(covered["proof"]) {
				if id := asText(asObject(p)["id"]); id != "" {
					ids = append(ids, id)
				} else {
					ids = append(ids, "m")
				}
			}
			if got := strings.Join(ids, " "); got != c.covers[i] {
				t.Errorf("%s: proof %d covers %q, want %q", c.what, i, got, c.covers[i])
			}
			if _, has := covered["proof"]; has != (c.covers[i] != "") || covered["issuer"] != "did:example:a" {
				t.Errorf("%s: proof %d covers %v", c.what, i, covered)
			}
		}
		if _, has := cred.Unsecured()["proof"]; has {
			t.Errorf("%s: unsecured, with a proof", c.what)
		}
		if cred.Member("proof") == nil {
			t.Errorf("%s: the document itself was changed", c.what)
		}
	}
}

func TestProofLimit(t *testing.T) {
	list := func(n int) string {
		return vc(`,"proof":[` + strings.TrimSuffix(strings.Repeat(`{"type":"X"},`, n), ",") + `]`)
	}
	if c := mustParse(t, list(MaxProofs)); len(c.Proofs()) != MaxProofs || c.Proofs()[15].Path != "/proof/15" {
		t.Errorf("at the limit: %d proofs", len(c.Proofs()))
	}
	_, err := Parse([]byte(list(MaxProofs + 1)))
	wantCode(t, "over the limit", err, CodeLimit)
	if c := mustParse(t, list(0)); len(c.Proofs()) != 0 {
		t.Error("proofs out of nothing")
	}
}

func TestStatusEntries(t *testing.T) {
	entry := `{"type":"BitstringStatusListEntry","statusPurpose":"message","statusListCredential":"https://a.example/l","statusListIndex":"7","statusSize":4}`
	c := mustParse(t, vc(`,"credentialStatus":`+entry))
	got, err := c.StatusEntries()
	want := StatusEntry{Path: "/credentialStatus", Type: BitstringEntry, Purpose: "message", List: "https://a.example/l", Index: "7", Size: 4}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = mustParse(t, vc(`,"credentialStatus":[`+entry+`,{"type":"X","statusListIndex":12}]`)).StatusEntries()
	if err != nil || len(got) != 2 || got[1].Path != "/credentialStatus/1" || got[1].Index != "12" || got[1].Size != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := mustParse(t, vc(``)).StatusEntries(); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, f := range []struct {
		fault, value, path string
		code               Code
	}{
		{"a text", `"x"`, "/credentialStatus", CodeMember},
		{"a list of texts", `["x"]`, "/credentialStatus/0", CodeMember},
		{"size 0", `{"statusSize":0}`, "/credentialStatus/statusSize", CodeMember},
		{"size 9", `{"statusSize":9}`, "/credentialStatus/statusSize", CodeMember},
		{"size 1.5", `{"statusSize":1.5}`, "/credentialStatus/statusSize", CodeMember},
		{"size a text", `{"statusSize":"4"}`, "/credentialStatus/statusSize", CodeMember},
		{"too many", `[` + strings.Repeat(entry+`,`, MaxStatusEntries) + entry + `]`, "/credentialStatus", CodeLimit},
	} {
		_, err := mustParse(t, vc(`,"credentialStatus":`+f.value)).StatusEntries()
		wantCode(t, f.fault, err, f.code)
		var e *Error
		if errors.As(err, &e) && e.Path != f.path {
			t.Errorf("%s: path %q", f.fault, e.Path)
		}
	}
	at := `[` + strings.Repeat(entry+`,`, MaxStatusEntries-1) + entry + `]`
	if got, err := mustParse(t, vc(`,"credentialStatus":`+at)).StatusEntries(); err != nil || len(got) != MaxStatusEntries {
		t.Errorf("at the limit: %d, %v", len(got), err)
	}
}

func TestIssuerAndHolder(t *testing.T) {
	vp := func(members string) string {
		return `{"@context":["` + ContextVC2 + `"],"type":["VerifiablePresentation"]` + members + `}`
	}
	for _, c := range []struct{ what, doc, issuer, name, holder, path string }{
		{"text", vc(``), "did:example:a", "", "", "/issuer"},
		{"object", `{"@context":"` + ContextVC1 + `","type":"VerifiableCredential","issuer":{"id":"did:example:b","name":"Board"}}`, "did:example:b", "Board", "", "/issuer"},
		{"badge", `{"type":"Assertion","badge":{"issuer":{"id":"https://a.example","name":"School"}}}`, "https://a.example", "School", "", "/badge/issuer"},
		{"badge with the issuer's id alone", `{"type":"Assertion","badge":{"issuer":"https://a.example"}}`, "https://a.example", "", "", "/badge/issuer"},
		{"an issuer beside the badge", `{"type":"Assertion","issuer":"https://trusted.example","badge":{"issuer":"https://a.example"}}`, "https://a.example", "", "", "/badge/issuer"},
		{"version 1.2", `{"issuer":"https://trusted.example","document":{"type":"X","certificate":{"issuer":{"id":"https://a.example","name":"School"}}},"receipt":` + sampleReceipt + `}`,
			"https://a.example", "School", "", "/document/certificate/issuer"},
		{"holder", vp(`,"holder":"did:example:h"`), "did:example:h", "", "did:example:h", "/holder"},
		{"holder an object", vp(`,"holder":{"id":"did:example:h","name":"H"}`), "did:example:h", "H", "did:example:h", "/holder"},
		{"holder by proof", vp(`,"proof":{"type":"X","verificationMethod":"did:example:h#1"}`), "did:example:h", "", "", "/holder"},
		{"holder by the first proof", vp(`,"proof":[{"type":"X","verificationMethod":{"id":"did:example:h#1"}},{"type":"X","verificationMethod":"did:example:i#1"}]`), "did:example:h", "", "", "/holder"},
		{"no holder", vp(``), "", "", "", "/holder"},
		{"an issuer of a presentation does not count", vp(`,"issuer":"did:example:trusted"`), "", "", "", "/holder"},
	} {
		cred := mustParse(t, c.doc)
		if cred.Issuer() != c.issuer || cred.IssuerName() != c.name || cred.Holder() != c.holder || cred.IssuerPath() != c.path {
			t.Errorf("%s: issuer %q, name %q, holder %q at %q", c.what, cred.Issuer(), cred.IssuerName(), cred.Holder(), cred.IssuerPath())
		}
		if cred.IsPresentation() != (c.path == "/holder") {
			t.Errorf("%s: presentation %t", c.what, cred.IsPresentation())
		}
	}
	profile, err := ParseProfile([]byte(`{"id":"https://a.example/p.json","type":"Profile","name":"Board","revocationList":"https://a.example/r.json"}`))
	if err != nil || profile.Version() != Profile || profile.Issuer() != "https://a.example/p.json" || profile.IssuerPath() != "/id" ||
		profile.RevocationList() != "https://a.example/r.json" || profile.Mode() != jsonld.Lax {
		t.Errorf("profile %+v, %v", profile, err)
	}
	_, err = ParseProfile([]byte(`{"type":"Profile"}`))
	wantCode(t, "a profile without id", err, CodeMember)
}

// TestUnsecured takes off the proof of each version and nothing else.
func TestUnsecured(t *testing.T) {
	c := mustParse(t, vc(`,"signature":"kept","proof":{"type":"X"}`))
	if bare := c.Unsecured(); bare["proof"] != nil || bare["signature"] != "kept" || c.Mode() != jsonld.Strict {
		t.Errorf("%v", bare)
	}
	c = mustParse(t, `{"type":"Assertion","verification":{},"badge":{"issuer":"a:b"},"signature":null}`)
	if bare := c.Unsecured(); len(bare) != 3 || c.Mode() != jsonld.Lax {
		t.Errorf("%v", bare)
	}
	c = mustParse(t, `{"extra":1,"document":{"type":"X","signature":"H0","certificate":{"issuer":"a:b"}},"receipt":`+sampleReceipt+`}`)
	if bare := c.Unsecured(); len(bare) != 3 || bare["signature"] != "H0" {
		t.Errorf("%v", bare)
	}
	if !slices.Equal(c.Types(), []string{"X"}) || c.Digest() == "" || len(c.Raw()) == 0 || c.Path() != "" {
		t.Errorf("types %v", c.Types())
	}
}

func TestInner(t *testing.T) {
	vp := func(inner string) string {
		return `{"@context":["` + ContextVC2 + `"],"type":["VerifiablePresentation"],"holder":"did:example:h","verifiableCredential":` + inner + `}`
	}
	c := mustParse(t, vp(`[`+vc(``)+`,`+vc(`,"proof":{"type":"X"}`)+`]`))
	inner, err := c.Inner()
	if err != nil || len(inner) != 2 || inner[1].Path() != "/verifiableCredential/1" || len(inner[1].Proofs()) != 1 {
		t.Fatalf("%v, %v", inner, err)
	}
	again := mustParse(t, string(inner[1].Raw()))
	if again.Issuer() != "did:example:a" || again.Digest() != inner[1].Digest() {
		t.Errorf("the raw bytes read as %v", again)
	}
	if inner, err = mustParse(t, vp(vc(``))).Inner(); err != nil || len(inner) != 1 || inner[0].Path() != "/verifiableCredential" {
		t.Errorf("one alone: %v, %v", inner, err)
	}
	if inner, err = mustParse(t, vc(`,"verifiableCredential":`+vc(``))).Inner(); err != nil || inner != nil {
		t.Errorf("of a credential: %v, %v", inner, err)
	}
	jwt := `{"@context":"` + ContextVC2 + `","type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,e30"}`
	for _, f := range []struct {
		fault, inner, path string
		code               Code
	}{
		{"a JWT", `["eyJhbGciOiJub25lIn0..x"]`, "/verifiableCredential/0", CodeUnsupported},
		{"an envelope", `[` + vc(``) + `,` + jwt + `]`, "/verifiableCredential/1/type", CodeUnsupported},
		{"a number", `[1]`, "/verifiableCredential/0", CodeMember},
		{"null in the list", `[null]`, "/verifiableCredential/0", CodeMember},
		{"no credential", `[{}]`, "/verifiableCredential/0/@context", CodeVersion},
		{"a bad proof", `[` + vc(`,"proof":[{}]`) + `]`, "/verifiableCredential/0/proof/0/type", CodeProof},
		{"a presentation inside", vp(`[]`), "/verifiableCredential", CodeMember},
		{"too many", `[` + strings.Repeat(vc(``)+`,`, MaxInner) + vc(``) + `]`, "/verifiableCredential", CodeLimit},
	} {
		_, err := mustParse(t, vp(f.inner)).Inner()
		wantCode(t, f.fault, err, f.code)
		var e *Error
		if errors.As(err, &e) && e.Path != f.path {
			t.Errorf("%s: path %q, want %q", f.fault, e.Path, f.path)
		}
	}
	at := strings.TrimSuffix(strings.Repeat(vc(``)+`,`, MaxInner), ",")
	if inner, err := mustParse(t, vp(`[`+at+`]`)).Inner(); err != nil || len(inner) != MaxInner {
		t.Errorf("at the limit: %d, %v", len(inner), err)
	}
}

func TestRelated(t *testing.T) {
	c := mustParse(t, vc(`,"relatedResource":[{"id":"https://a.example/1","digestSRI":"sha256-x","mediaType":"text/plain"},
		{"id":"https://a.example/2","digestMultibase":"uEi"}],"credentialSchema":{"id":"https://a.example/s","type":"JsonSchema","digestSRI":"sha384-y"}`))
	related, err := c.RelatedResources()
	if err != nil || len(related) != 2 || related[0] != (Resource{Path: "/relatedResource/0", ID: "https://a.example/1", DigestSRI: "sha256-x", MediaType: "text/plain"}) ||
		related[1].DigestMultibase != "uEi" {
		t.Errorf("%+v, %v", related, err)
	}
	schemas, err := c.Schemas()
	if err != nil || len(schemas) != 1 || schemas[0] != (Resource{Path: "/credentialSchema", ID: "https://a.example/s", Type: "JsonSchema", DigestSRI: "sha384-y"}) {
		t.Errorf("%+v, %v", schemas, err)
	}
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"https://a.example/%d","digestSRI":"sha256-x"}`, i))
		}
		return `[` + strings.Join(list, ",") + `]`
	}
	for _, f := range []struct {
		fault, value, path string
		code               Code
	}{
		{"a text", `"x"`, "", CodeMember},
		{"no id", `{"digestSRI":"sha256-x"}`, "/id", CodeMember},
		{"id a number", `[{"id":1}]`, "/0/id", CodeMember},
		{"digest a list", `[{"id":"a:b","digestSRI":["sha256-x"]}]`, "/0/digestSRI", CodeMember},
		{"too many", many(MaxRelated + 1), "", CodeLimit},
	} {
		for member, read := range map[string]func(*Credential) ([]Resource, error){
			"credentialSchema": (*Credential).Schemas, "relatedResource": (*Credential).RelatedResources} {
			_, err := read(mustParse(t, vc(`,"`+member+`":`+f.value)))
			wantCode(t, member+": "+f.fault, err, f.code)
			var e *Error
			if errors.As(err, &e) && e.Path != "/"+member+f.path {
				t.Errorf("%s: %s: path %q", member, f.fault, e.Path)
			}
		}
	}
	for fault, value := range map[string]string{
		"no digest": `{"id":"a:b"}`, "id twice": `[{"id":"a:b","digestSRI":"x"},{"id":"a:b","digestSRI":"y"}]`} {
		_, err := mustParse(t, vc(`,"relatedResource":`+value)).RelatedResources()
		wantCode(t, fault, err, CodeMember)
	}
	if list, err := mustParse(t, vc(`,"relatedResource":`+many(MaxRelated))).RelatedResources(); err != nil || len(list) != MaxRelated {
		t.Errorf("at the limit: %d, %v", len(list), err)
	}
}

func TestHashlinks(t *testing.T) {
	show := func(html string) string {
		return vc(`,"display":{"contentMediaType":"text/html","content":"` + html + `"}`)
	}
	for _, c := range []struct {
		html string
		want []Hashlink
	}{
		{``, nil},
		{`<p>hl: nothing, shl:zQm, hl:</p>`, nil},
		{`<img src='hl:zQmAb:zMeta' class='x'/>`, []Hashlink{{"/display/content", "zQmAb", "zMeta"}}},
		{`<img src=hl:zQmAb><img src=hl:zQmAb><a href=hl:uEiA_-1:uM>`, []Hashlink{{"/display/content", "zQmAb", ""}, {"/display/content", "uEiA_-1", "uM"}}},
		{`hl:zQmAb hl:zQmAb:zMeta`, []Hashlink{{"/display/content", "zQmAb", ""}, {"/display/content", "zQmAb", "zMeta"}}},
	} {
		got, err := mustParse(t, show(c.html)).Hashlinks()
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.html, got, err)
		}
	}
	got, err := mustParse(t, `{"type":"Assertion","displayHtml":"hl:zA","badge":{"issuer":{"id":"a:b","image":"hl:zA"}}}`).Hashlinks()
	if err != nil || !slices.Equal(got, []Hashlink{{"/displayHtml", "zA", ""}, {"/badge/issuer/image", "zA", ""}}) {
		t.Errorf("version 2: %v, %v", got, err)
	}
	links := func(n int) (html string) {
		for i := range n {
			html += fmt.Sprintf("hl:z%d ", i)
		}
		return html
	}
	if got, err := mustParse(t, show(links(MaxRelated))).Hashlinks(); err != nil || len(got) != MaxRelated {
		t.Errorf("at the limit: %d, %v", len(got), err)
	}
	_, err = mustParse(t, show(links(MaxRelated+1))).Hashlinks()
	wantCode(t, "over the limit", err, CodeLimit)
}

func TestAddressesOfOldVersions(t *testing.T) {
	const issuer = `"badge":{"issuer":"a:b"}`
	for doc, want := range map[string]string{
		`{"type":"A",` + issuer + `}`: "",
		`{"type":"A",` + issuer + `,"verification":{"publicKey":"ecdsa-koblitz-pubkey:1Ab"}}`: "1Ab",
		`{"type":"A",` + issuer + `,"verification":{"creator":"ecdsa-koblitz-pubkey:1Ab"}}`:   "1Ab",
		`{"type":"A",` + issuer + `,"verification":{"publicKey":"1Ab"}}`:                      "",
		vc(`,"verification":{"publicKey":"ecdsa-koblitz-pubkey:1Ab"}`):                        "",
	} {
		c := mustParse(t, doc)
		if got := c.IssuingAddress(); got != want || c.RevocationAddress() != "" {
			t.Errorf("%s: %q", doc, got)
		}
	}
}
