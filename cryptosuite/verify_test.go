package cryptosuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	secp "github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// draft is a small document of our format, with a subject that has a name or not.
func draft(t testing.TB, subject string) map[string]any {
	t.Helper()
	doc, err := strictjson.ParseObject([]byte(`{
		"@context": ["https://www.w3.org/ns/credentials/v2"],
		"id": "urn:uuid:4f5f0100-ccbf-4ca9-9cfc-4f5fc3052d28",
		"type": ["VerifiableCredential"],
		"issuer": "https://board.example/issuer.json",
		"validFrom": "2026-01-01T00:00:00Z",
		"credentialSubject": `+subject+`}`), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

const namedSubject = `{"id":"did:example:holder"}`

// severalNodes has unnamed objects that RDFC-1.0 must put in order.
const severalNodes = `{"id":"did:example:holder"},
	"termsOfUse":[{"type":"https://example.org/A"},{"type":"https://example.org/B"},{"type":"https://example.org/C"},{"type":"https://example.org/D"}]`

func testKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	scalar := make([]byte, curve.Params().BitSize/8)
	scalar[len(scalar)-1] = 9
	k, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var edKey = ed25519.NewKeyFromSeed([]byte("a seed of thirty-two bytes, fixed"[:32]))

var options = Options{ID: "urn:uuid:11111111-2222-4333-8444-555555555555",
	VerificationMethod: "https://board.example/issuer.json#signing-1", Purpose: did.AssertionMethod,
	Created: time.Date(2026, 1, 2, 3, 4, 5, 678, time.FixedZone("", 3600))}

// attach returns the credential with its proof, parsed again.
func attach(t testing.TB, doc, proof map[string]any) *credential.Credential {
	t.Helper()
	doc = maps.Clone(doc)
	doc["proof"] = proof
	raw, err := strictjson.Canonical(doc)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, raw)
}

var strict = jsonld.Options{Contexts: jsonld.Builtin(), Mode: jsonld.Strict}

// signed makes a proof of doc by hand, for suites that Sign does not make.
func signed(t testing.TB, doc, proof map[string]any, member string, hash hashFunc, sign func(input []byte) string) map[string]any {
	t.Helper()
	in, err := signingInput(doc, proof, strict, hash)
	if err != nil {
		t.Fatal(err)
	}
	out := maps.Clone(proof)
	out[member] = sign(in.bytes())
	return out
}

func jws(t testing.TB, header string, input []byte, key *btcec.PrivateKey) string {
	t.Helper()
	head := base64.RawURLEncoding.EncodeToString([]byte(header))
	sig := secp.Sign(key, sha256Sum(concat([]byte(head+"."), input)))
	r, s := sig.R(), sig.S()
	rb, sb := r.Bytes(), s.Bytes()
	return head + ".." + base64.RawURLEncoding.EncodeToString(concat(rb[:], sb[:]))
}

func TestSignAndVerify(t *testing.T) {
	doc := draft(t, namedSubject)
	for _, signer := range []crypto.Signer{edKey, testKey(t, elliptic.P256())} {
		proof, err := Sign(doc, options, signer, jsonld.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		if proof["created"] != "2026-01-02T02:04:05Z" || doc["proof"] != nil {
			t.Errorf("proof %v, document %v", proof, doc)
		}
		again, err := Sign(doc, options, signer, jsonld.Builtin())
		if err != nil || again["proofValue"] != proof["proofValue"] {
			t.Errorf("%T signs the same document in two ways, %v", signer, err)
		}
		c := attach(t, doc, proof)
		key := &did.Key{Public: signer.Public()}
		if err := Verify(c.Covered(0), &c.Proofs()[0], key, strict); err != nil {
			t.Errorf("%T: %v", signer, err)
		}
		everyFieldIsSigned(t, c, key, strict)
	}
}

// everyFieldIsSigned edits each member of document and proof in turn; only the first
// proof is looked at.
func everyFieldIsSigned(t *testing.T, c *credential.Credential, key *did.Key, o jsonld.Options) {
	t.Helper()
	p := c.Proofs()[0]
	for _, edit := range []struct {
		member string
		value  any
	}{
		{"id", "urn:uuid:99999999-2222-4333-8444-555555555555"}, {"created", "2026-01-02T02:04:06Z"},
		{"verificationMethod", "https://board.example/issuer.json#signing-2"}, {"proofPurpose", "authentication"},
		{"domain", "portal.example"}, {"challenge", "abc"}, {"expires", "2030-01-01T00:00:00Z"},
		{"previousProof", "urn:uuid:99999999-2222-4333-8444-555555555555"},
	} {
		if edit.member == "previousProof" && p.Type != credential.DataIntegrityProof {
			continue // no context of the older suites defines it
		}
		bent := p
		bent.Object = maps.Clone(p.Object)
		bent.Object[edit.member] = edit.value
		wantCode(t, p.Suite+": proof."+edit.member, Verify(c.Covered(0), &bent, key, o), CodeSignature)
	}
	for _, edit := range []struct {
		member string
		value  any
	}{
		{"id", "urn:uuid:99999999-ccbf-4ca9-9cfc-4f5fc3052d28"}, {"issuer", "https://other.example/issuer.json"},
		{"type", []any{"VerifiableCredential", "https://example.org/Licence"}}, {"validFrom", "2026-01-01T00:00:01Z"},
		{"validUntil", "2036-01-01T00:00:00Z"}, {"credentialSubject", map[string]any{"id": "did:example:mallory"}},
		{"name", "another"},
	} {
		doc := maps.Clone(c.Covered(0))
		doc[edit.member] = edit.value
		wantCode(t, p.Suite+": "+edit.member, Verify(doc, &p, key, o), CodeSignature)
	}
}

// TestOlderSuites makes proofs of the suites that are only checked.
func TestOlderSuites(t *testing.T) {
	doc := draft(t, namedSubject)
	contexts := append([]any{}, doc["@context"].([]any)...)
	doc["@context"] = append(contexts, "https://w3id.org/security/suites/ed25519-2020/v1", "https://w3id.org/security/suites/secp256k1-2019/v1")
	block := func(typ string) map[string]any {
		return map[string]any{"type": typ, "created": "2026-01-02T02:04:05Z",
			"verificationMethod": options.VerificationMethod, "proofPurpose": "assertionMethod"}
	}
	priv, pub := btcec.PrivKeyFromBytes([]byte{11})
	for _, c := range []struct {
		suite, member string
		key           crypto.PublicKey
		sign          func([]byte) string
	}{
		{Ed25519Signature2020, "proofValue", edKey.Public(), func(in []byte) string { return "z" + base58.Encode(ed25519.Sign(edKey, in)) }},
		{EcdsaSecp256k1Signature2019, "jws", pub, func(in []byte) string { return jws(t, `{"alg":"ES256K","b64":false,"crit":["b64"]}`, in, priv) }},
	} {
		cred := attach(t, doc, signed(t, doc, block(c.suite), c.member, sha256Sum, c.sign))
		key := &did.Key{Public: c.key}
		if err := Verify(cred.Covered(0), &cred.Proofs()[0], key, strict); err != nil {
			t.Errorf("%s: %v", c.suite, err)
		}
		everyFieldIsSigned(t, cred, key, strict)
	}
}

// TestP384: a suite of P-384 canonicalises with SHA-384, which puts unnamed nodes in
// another order than SHA-256 (ECDSA Cryptosuites 1.0, section 3.2.3).
func TestP384(t *testing.T) {
	priv := testKey(t, elliptic.P384())
	block := map[string]any{"type": "DataIntegrityProof", "cryptosuite": EcdsaRdfc2019, "created": "2026-01-02T02:04:05Z",
		"verificationMethod": options.VerificationMethod, "proofPurpose": "assertionMethod"}
	sign := func(in []byte) string {
		r, s, err := ecdsa.Sign(rand.Reader, priv, sha384Sum(in))
		if err != nil {
			t.Fatal(err)
		}
		value := make([]byte, 96)
		r.FillBytes(value[:48])
		s.FillBytes(value[48:])
		return "z" + base58.Encode(value)
	}
	key := &did.Key{Public: priv.Public()}
	with384 := strict
	with384.SHA384 = true
	for _, one := range []struct {
		name, subject string
		options       jsonld.Options
		want          Code
	}{
		{"one node", namedSubject, with384, ""},
		{"several nodes", severalNodes, with384, ""},
		{"several nodes in the order of SHA-256", severalNodes, strict, CodeSignature},
	} {
		doc := draft(t, one.subject)
		in, err := signingInput(doc, block, one.options, sha384Sum)
		if err != nil {
			t.Fatal(err)
		}
		proof := maps.Clone(block)
		proof["proofValue"] = sign(in.bytes())
		c := attach(t, doc, proof)
		wantCode(t, one.name, Verify(c.Covered(0), &c.Proofs()[0], key, strict), one.want)
		if one.want == "" {
			everyFieldIsSigned(t, c, key, strict)
		}
	}
}

// TestKeyTypes: one key type, one algorithm. A sound key of another type is refused
// before anything is computed with it.
func TestKeyTypes(t *testing.T) {
	_, k1 := btcec.PrivKeyFromBytes([]byte{11})
	keys := map[string]crypto.PublicKey{"Ed25519": edKey.Public(), "P-256": testKey(t, elliptic.P256()).Public(),
		"P-384": testKey(t, elliptic.P384()).Public(), "P-521": &ecdsa.PublicKey{Curve: elliptic.P521()}, "secp256k1": k1,
		"short Ed25519": ed25519.PublicKey("short"), "private": edKey, "none": nil}
	takes := map[string][]string{
		EddsaRdfc2022: {"Ed25519"}, Ed25519Signature2020: {"Ed25519"},
		EcdsaRdfc2019: {"P-256", "P-384"}, EcdsaSecp256k1Signature2019: {"secp256k1"},
	}
	for suite, good := range takes {
		for name, key := range keys {
			p := &credential.Proof{Type: suite, Suite: suite, Object: map[string]any{}}
			if strings.Contains(suite, "rdfc") {
				p.Type = credential.DataIntegrityProof
			}
			want := CodeKeyType
			for _, g := range good {
				if g == name {
					want = CodeValue // the next fault: there is no signature
				}
			}
			wantCode(t, suite+" with "+name, Verify(draft(t, namedSubject), p, &did.Key{Public: key}, strict), want)
		}
	}
}

func TestProofValueFaults(t *testing.T) {
	doc := draft(t, namedSubject)
	proof, err := Sign(doc, options, edKey, jsonld.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	sig := base58.Decode(proof["proofValue"].(string)[1:])
	flip := append([]byte{}, sig...)
	flip[10] ^= 1
	for _, c := range []struct {
		fault string
		value any
		want  Code
	}{
		{"missing", nil, CodeValue},
		{"a number", 7, CodeValue},
		{"empty", "", CodeValue},
		{"base64url", "u" + base64.RawURLEncoding.EncodeToString(sig), CodeValue},
		{"hexadecimal", "0x1", CodeValue},
		{"no digits", "z", CodeValue},
		{"a character that is no digit", proof["proofValue"].(string) + "0", CodeValue},
		{"one byte short", "z" + base58.Encode(sig[:63]), CodeValue},
		{"one byte long", "z" + base58.Encode(append(append([]byte{}, sig...), 0)), CodeValue},
		{"over the limit", "z" + strings.Repeat("1", maxProofValue), CodeValue},
		{"at the limit", "z" + strings.Repeat("1", maxProofValue-1), CodeValue},
		{"a bit flipped", "z" + base58.Encode(flip), CodeSignature},
		{"all zero", "z" + base58.Encode(make([]byte, 64)), CodeSignature},
	} {
		p := attach(t, doc, proof).Proofs()[0]
		p.Object = maps.Clone(p.Object)
		p.Object["proofValue"] = c.value
		wantCode(t, c.fault, Verify(doc, &p, &did.Key{Public: edKey.Public()}, strict), c.want)
	}
	p := attach(t, doc, proof).Proofs()[0]
	other := ed25519.NewKeyFromSeed(make([]byte, 32)).Public()
	wantCode(t, "another key", Verify(doc, &p, &did.Key{Public: other}, strict), CodeSignature)
}

func TestJWSFaults(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	good := `{"alg":"ES256K","b64":false,"crit":["b64"]}`
	sig := b64(make([]byte, 64))
	for _, c := range []struct{ fault, jws string }{
		{"empty", ""},
		{"no signature part", b64([]byte(good))},
		{"payload inside", b64([]byte(good)) + ".e30." + sig},
		{"alg none", b64([]byte(`{"alg":"none","b64":false,"crit":["b64"]}`)) + ".." + sig},
		{"alg HS256", b64([]byte(`{"alg":"HS256","b64":false,"crit":["b64"]}`)) + ".." + sig},
		{"alg ES256", b64([]byte(`{"alg":"ES256","b64":false,"crit":["b64"]}`)) + ".." + sig},
		{"alg in lower case", b64([]byte(`{"alg":"es256k","b64":false,"crit":["b64"]}`)) + ".." + sig},
		{"alg missing", b64([]byte(`{"b64":false,"crit":["b64"]}`)) + ".." + sig},
		{"alg twice", b64([]byte(`{"alg":"ES256K","alg":"ES256K","b64":false,"crit":["b64"]}`)) + ".." + sig},
		{"b64 true", b64([]byte(`{"alg":"ES256K","b64":true,"crit":["b64"]}`)) + ".." + sig},
		{"b64 missing", b64([]byte(`{"alg":"ES256K","crit":["b64"]}`)) + ".." + sig},
		{"crit missing", b64([]byte(`{"alg":"ES256K","b64":false}`)) + ".." + sig},
		{"crit empty", b64([]byte(`{"alg":"ES256K","b64":false,"crit":[]}`)) + ".." + sig},
		{"crit unknown", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["exp"]}`)) + ".." + sig},
		{"crit with more", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["b64","exp"]}`)) + ".." + sig},
		{"crit a text", b64([]byte(`{"alg":"ES256K","b64":false,"crit":"b64"}`)) + ".." + sig},
		{"jku", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["b64"],"jku":"https://e.example"}`)) + ".." + sig},
		{"jwk", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["b64"],"jwk":{}}`)) + ".." + sig},
		{"x5u", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["b64"],"x5u":"https://e.example"}`)) + ".." + sig},
		{"kid", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["b64"],"kid":"1"}`)) + ".." + sig},
		{"typ", b64([]byte(`{"alg":"ES256K","b64":false,"crit":["b64"],"typ":"JWT"}`)) + ".." + sig},
		{"header no JSON", b64([]byte(`{`)) + ".." + sig},
		{"header an array", b64([]byte(`[]`)) + ".." + sig},
		{"header with padding", base64.URLEncoding.EncodeToString([]byte(good+" ")) + ".." + sig},
		{"header over two lines", b64([]byte(good))[:8] + "\n" + b64([]byte(good))[8:] + ".." + sig},
		{"signature with padding", b64([]byte(good)) + ".." + base64.URLEncoding.EncodeToString(make([]byte, 64))},
		{"signature in base64", b64([]byte(good)) + "..++" + sig[2:]},
		{"signature short", b64([]byte(good)) + ".." + b64(make([]byte, 63))},
		{"signature in DER", b64([]byte(good)) + ".." + b64(make([]byte, 70))},
		{"signature missing", b64([]byte(good)) + ".."},
		{"over the limit", b64([]byte(good)) + ".." + strings.Repeat("A", maxJWS)},
	} {
		wantCode(t, c.fault, acceptSecp(c.jws), CodeValue)
	}
	wantCode(t, "signature zero", acceptSecp(b64([]byte(good))+".."+sig), CodeSignature)
	ff := b64([]byte(strings.Repeat("\xff", 64)))
	wantCode(t, "signature above the order", acceptSecp(b64([]byte(good))+".."+ff), CodeSignature)
}

// acceptSecp gives a JWS to the reader and its bytes to the check.
func acceptSecp(text string) error {
	sig, err := detachedJWS(text)
	if err != nil {
		return err
	}
	_, key := btcec.PrivKeyFromBytes([]byte{11})
	return secp256k1Check(key)(sig.header, sig.value)
}

func TestHighS(t *testing.T) {
	priv, pub := btcec.PrivKeyFromBytes([]byte{11})
	check := secp256k1Check(pub)
	sig := secp.Sign(priv, sha256Sum([]byte("text")))
	r, s := sig.R(), sig.S()
	rb, low := r.Bytes(), s.Bytes()
	s.Negate()
	high := s.Bytes()
	wantCode(t, "low", check([]byte("text"), concat(rb[:], low[:])), "")
	wantCode(t, "high", check([]byte("text"), concat(rb[:], high[:])), CodeHighS)
	wantCode(t, "high, of another text", check([]byte("other"), concat(rb[:], high[:])), CodeSignature)
}

// TestUnsignable: what cannot be canonicalised is neither signed nor verified, and the
// error is that of the canonical form.
func TestUnsignable(t *testing.T) {
	doc := draft(t, namedSubject)
	proof, err := Sign(doc, options, edKey, jsonld.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	ghost := maps.Clone(doc)
	ghost["undefinedTerm"] = "x"
	var e *jsonld.Error
	if _, err := Sign(ghost, options, edKey, jsonld.Builtin()); !errors.As(err, &e) || e.Code != jsonld.CodeUnmappedTerm {
		t.Errorf("signing: %v", err)
	}
	p := attach(t, doc, proof).Proofs()[0]
	key := &did.Key{Public: edKey.Public()}
	if err := Verify(ghost, &p, key, strict); !errors.As(err, &e) || e.Code != jsonld.CodeUnmappedTerm {
		t.Errorf("document: %v", err)
	}
	p.Object = maps.Clone(p.Object)
	p.Object["undefinedOption"] = "x"
	if err := Verify(doc, &p, key, strict); !errors.As(err, &e) || e.Code != jsonld.CodeUnmappedTerm {
		t.Errorf("options: %v", err)
	}
}

// A brokenSigner answers with bytes or an error of its own.
type brokenSigner struct {
	public crypto.PublicKey
	answer []byte
	err    error
}

func (s brokenSigner) Public() crypto.PublicKey { return s.public }
func (s brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return s.answer, s.err
}

func TestSignerFaults(t *testing.T) {
	doc := draft(t, namedSubject)
	p256 := testKey(t, elliptic.P256()).Public()
	der := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, large := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 256)
	for _, c := range []struct {
		fault  string
		signer brokenSigner
		want   Code
	}{
		{"no DER", brokenSigner{p256, []byte("junk"), nil}, CodeSignature},
		{"DER and more", brokenSigner{p256, append(der(one, one), 0), nil}, CodeSignature},
		{"r negative", brokenSigner{p256, der(big.NewInt(-1), one), nil}, CodeSignature},
		{"s zero", brokenSigner{p256, der(one, new(big.Int)), nil}, CodeSignature},
		{"r of 257 bits", brokenSigner{p256, der(large, one), nil}, CodeSignature},
		{"P-384", brokenSigner{testKey(t, elliptic.P384()).Public(), nil, nil}, CodeKeyType},
		{"no key", brokenSigner{nil, nil, nil}, CodeKeyType},
	} {
		_, err := Sign(doc, options, c.signer, jsonld.Builtin())
		wantCode(t, c.fault, err, c.want)
	}
	broken := errors.New("the token is gone")
	if _, err := Sign(doc, options, brokenSigner{p256, nil, broken}, jsonld.Builtin()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, err := Sign(doc, options, brokenSigner{edKey.Public(), nil, broken}, jsonld.Builtin()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func FuzzDetachedJWS(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NksiLCJiNjQiOmZhbHNlLCJjcml0IjpbImI2NCJdfQ..p2R_KhhRWiqw0P8HeIb4dgqx-K9fAgFZ8jPAM57fmpVH9XLwzPn1wK8HWH5I_NYkdhaqnDPLHiFv17cLLjcG2A")
	f.Add("eyJhbGciOiJIUzI1NiJ9.Zm9v.TD37p4c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		sig, err := detachedJWS(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeValue {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		// what is read is written in one way only
		if string(sig.header)+"."+base64.RawURLEncoding.EncodeToString(sig.value) != text {
			t.Fatalf("%q is read as %q and %x", text, sig.header, sig.value)
		}
	})
}
