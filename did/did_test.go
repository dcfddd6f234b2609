package did_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// wantCode checks the code of an error; an empty one asks for none.
func wantCode(t *testing.T, what string, err error, want did.Code) {
	t.Helper()
	var e *did.Error
	switch {
	case want == "" && err == nil:
	case want == "" || !errors.As(err, &e) || e.Code != want:
		t.Errorf("%s: error %v, want code %q", what, err, want)
	}
}

// keys are one of each type, made from small scalars.
func keys(t testing.TB) map[string]crypto.PublicKey {
	t.Helper()
	_, secp := btcec.PrivKeyFromBytes([]byte{7})
	m := map[string]crypto.PublicKey{
		"Ed25519":   ed25519.NewKeyFromSeed(make([]byte, 32)).Public(),
		"secp256k1": secp,
	}
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		scalar := make([]byte, c.Params().BitSize/8)
		scalar[len(scalar)-1] = 7
		k, err := ecdsa.ParseRawPrivateKey(c, scalar)
		if err != nil {
			t.Fatal(err)
		}
		m[c.Params().Name] = k.Public()
	}
	return m
}

func TestRoundTrips(t *testing.T) {
	for name, k := range keys(t) {
		text, err := did.Multikey(k)
		if err != nil {
			t.Fatal(name, err)
		}
		back, err := did.ParseMultikey(text)
		if err != nil {
			t.Fatal(name, err)
		}
		equalKeys(t, name+" as multikey", back, k)
		url := "u" + base64.RawURLEncoding.EncodeToString(base58.Decode(text[1:]))
		if back, err = did.ParseMultikey(url); err != nil {
			t.Fatal(name, err)
		}
		equalKeys(t, name+" in base64url", back, k)
		jwk, err := did.JWK(k)
		if err != nil {
			t.Fatal(name, err)
		}
		if jwk["crv"] != name {
			t.Errorf("%s: curve %v", name, jwk["crv"])
		}
		if back, err = did.ParseJWK(marshal(t, jwk)); err != nil {
			t.Fatal(name, err)
		}
		equalKeys(t, name+" as JWK", back, k)
		testResolve(t, name, k, marshal(t, jwk))
	}
}

func testResolve(t *testing.T, name string, k crypto.PublicKey, jwk []byte) {
	t.Helper()
	id, err := did.KeyDID(k)
	if err != nil {
		t.Fatal(name, err)
	}
	for _, id := range []string{id, id + "#" + strings.TrimPrefix(id, "did:key:"),
		"did:jwk:" + base64.RawURLEncoding.EncodeToString(jwk)} {
		d, err := did.Resolve(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		base, _, _ := strings.Cut(id, "#")
		if d.ID != base || len(d.Keys) != 1 || !strings.HasPrefix(d.Keys[0].ID, base+"#") || d.Keys[0].Controller != base {
			t.Errorf("%s: %+v", id, d)
		}
		if !d.Keys[0].May(did.AssertionMethod) || !d.Keys[0].May(did.Authentication) || !d.States(did.AssertionMethod) {
			t.Errorf("%s: purposes %v", id, d.Keys[0].Purposes)
		}
		equalKeys(t, id, d.Keys[0].Public, k)
	}
}

func TestMultikeyFaults(t *testing.T) {
	multi := func(hexPrefix []byte, rest ...byte) string { return "z" + base58.Encode(append(hexPrefix, rest...)) }
	good := base58.Decode("6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
	for _, c := range []struct {
		fault, text string
		want        did.Code
	}{
		{"empty", "", did.CodeKey},
		{"only the base", "z", did.CodeKey},
		{"base16", "f" + "ed01", did.CodeKey},
		{"upper case base", "Z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", did.CodeKey},
		{"no digit of base58", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW0", did.CodeKey},
		{"white space", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp ", did.CodeKey},
		{"Ed25519 one byte short", multi(nil, good[:33]...), did.CodeKey},
		{"Ed25519 one byte long", multi(nil, append(good[:34:34], 0)...), did.CodeKey},
		{"secp256k1 uncompressed", multi([]byte{0xe7, 1, 4}, make([]byte, 64)...), did.CodeKey},
		{"secp256k1 hybrid", multi([]byte{0xe7, 1, 6}, make([]byte, 64)...), did.CodeKey},
		{"secp256k1 not on the curve", multi([]byte{0xe7, 1, 2}, append(make([]byte, 31), 5)...), did.CodeKey},
		{"P-256 not on the curve", multi([]byte{0x80, 0x24, 2}, append(make([]byte, 31), 1)...), did.CodeKey},
		{"P-384 of P-256's length", multi([]byte{0x81, 0x24, 2}, make([]byte, 32)...), did.CodeKey},
		{"P-521", multi([]byte{0x82, 0x24, 2}, make([]byte, 66)...), did.CodeUnsupported},
		{"X25519", multi([]byte{0xec, 1}, make([]byte, 32)...), did.CodeUnsupported},
		{"an Ed25519 private key", multi([]byte{0x80, 0x26}, make([]byte, 32)...), did.CodeUnsupported},
		{"base64url with padding", "u7QE=", did.CodeKey},
		{"base64url over two lines", "u7Q\nE", did.CodeKey},
		{"base64url with spare bits", "u7QF", did.CodeKey},
		{"over the limit", "z" + strings.Repeat("2", 1024), did.CodeKey},
	} {
		_, err := did.ParseMultikey(c.text)
		wantCode(t, c.fault, err, c.want)
	}
	if _, err := did.ParseMultikey("z" + strings.Repeat("2", 1023)); err == nil {
		t.Error("at the limit: read as a key")
	} else {
		wantCode(t, "at the limit", err, did.CodeUnsupported)
	}
}

func TestUnsupportedPublicKeys(t *testing.T) {
	p224 := &ecdsa.PublicKey{Curve: elliptic.P224(), X: big.NewInt(1), Y: big.NewInt(1)}
	for _, k := range []any{nil, &rsa.PublicKey{}, p224, ed25519.PrivateKey{}} {
		_, err := did.Multikey(k)
		wantCode(t, fmt.Sprintf("multikey of %T", k), err, did.CodeUnsupported)
		_, err = did.JWK(k)
		wantCode(t, fmt.Sprintf("JWK of %T", k), err, did.CodeUnsupported)
		_, err = did.KeyDID(k)
		wantCode(t, fmt.Sprintf("did:key of %T", k), err, did.CodeUnsupported)
	}
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	_, err := did.Multikey(off)
	wantCode(t, "a point off its curve", err, did.CodeKey)
}

func TestJWKFaults(t *testing.T) {
	x32 := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for _, c := range []struct {
		fault, jwk string
		want       did.Code
	}{
		{"no kty", `{"crv":"Ed25519","x":"` + x32 + `"}`, did.CodeUnsupported},
		{"curve of another kty", `{"kty":"EC","crv":"Ed25519","x":"` + x32 + `"}`, did.CodeUnsupported},
		{"X25519", `{"kty":"OKP","crv":"X25519","x":"` + x32 + `"}`, did.CodeUnsupported},
		{"RSA", `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, did.CodeUnsupported},
		{"x missing", `{"kty":"OKP","crv":"Ed25519"}`, did.CodeKey},
		{"x a number", `{"kty":"OKP","crv":"Ed25519","x":1}`, did.CodeKey},
		{"x too short", `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`, did.CodeKey},
		{"x with padding", `{"kty":"OKP","crv":"Ed25519","x":"` + x32 + `="}`, did.CodeKey},
		{"y missing", `{"kty":"EC","crv":"P-256","x":"` + x32 + `"}`, did.CodeKey},
		{"not on P-256", `{"kty":"EC","crv":"P-256","x":"` + x32 + `","y":"` + x32 + `"}`, did.CodeKey},
		{"not on secp256k1", `{"kty":"EC","crv":"secp256k1","x":"` + x32 + `","y":"` + x32 + `"}`, did.CodeKey},
		{"with a private member", `{"kty":"OKP","crv":"Ed25519","x":"` + x32 + `","d":"` + x32 + `"}`, did.CodeKey},
		{"for encryption", `{"kty":"OKP","crv":"Ed25519","x":"` + x32 + `","use":"enc"}`, did.CodeKey},
		{"of another algorithm", `{"kty":"OKP","crv":"Ed25519","x":"` + x32 + `","alg":"ES256"}`, did.CodeKey},
		{"for other operations", `{"kty":"OKP","crv":"Ed25519","x":"` + x32 + `","key_ops":["sign"]}`, did.CodeKey},
		{"sound", `{"kty":"OKP","crv":"Ed25519","x":"` + x32 + `","use":"sig","alg":"EdDSA","key_ops":["verify"]}`, ""},
	} {
		_, err := did.ParseJWK([]byte(c.jwk))
		wantCode(t, c.fault, err, c.want)
	}
	var syntax *strictjson.Error
	if _, err := did.ParseJWK([]byte(`{"kty":"OKP","kty":"EC"}`)); !errors.As(err, &syntax) || syntax.Code != strictjson.CodeDuplicateKey {
		t.Errorf("a member twice: %v", err)
	}
}

func TestResolveFaults(t *testing.T) {
	jwk := func(s string) string { return "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		fault, id string
		want      did.Code
	}{
		{"did:web", "did:web:issuer.example", did.CodeMethod},
		{"did:ion", "did:ion:EiA_Z6LQILbB2zj_eVrqfQ2xDm4HNqeJUw5Kj2Z7bFOOeQ", did.CodeMethod},
		{"a URL", "https://issuer.example/profile.json", did.CodeMethod},
		{"nothing", "", did.CodeMethod},
		{"upper case", "DID:KEY:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", did.CodeMethod},
		{"did:key in base64url", "did:key:u7QE", did.CodeKey},
		{"did:key with a path", "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp/x", did.CodeKey},
		{"did:key with a query", "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp?a=b", did.CodeKey},
		{"did:jwk not in base64url", "did:jwk:{}", did.CodeKey},
		{"did:jwk not JSON", jwk("{"), did.CodeKey},
		{"did:jwk of a private key", jwk(`{"kty":"OKP","crv":"Ed25519","x":"","d":""}`), did.CodeKey},
		{"did:jwk over the limit", jwk(`{"a":"` + strings.Repeat("a", 4096) + `"}`), did.CodeKey},
		{"did:jwk of RSA", jwk(`{"kty":"RSA"}`), did.CodeUnsupported},
	} {
		_, err := did.Resolve(c.id)
		wantCode(t, c.fault, err, c.want)
	}
}

const sampleKey = "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"

func parse(t *testing.T, doc string) *did.Document {
	t.Helper()
	d, err := did.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestKeyForms reads one key in every form, in one document, beside those that must
// be skipped. A key that cannot be read must not make the others unusable.
func TestKeyForms(t *testing.T) {
	raw := base58.Decode(sampleKey[1:])[2:]
	ed := did58(raw)
	secp := keys(t)["secp256k1"].(*btcec.PublicKey)
	d := parse(t, fmt.Sprintf(`{"id":"did:example:a","verificationMethod":[
		{"id":"#multikey","type":"Multikey","publicKeyMultibase":%q},
		{"id":"#ed2020","type":"Ed25519VerificationKey2020","publicKeyMultibase":%q},
		{"id":"#ed2018","type":"Ed25519VerificationKey2018","publicKeyBase58":%q},
		{"id":"#edhex","type":"Ed25519VerificationKey2018","publicKeyHex":"%x"},
		{"id":"#secphex","type":"EcdsaSecp256k1VerificationKey2019","publicKeyHex":"%x"},
		{"id":"#secp58","type":"EcdsaSecp256k1VerificationKey2019","publicKeyBase58":%q},
		{"id":"#unknown-type","type":"SomethingNew2031","publicKeyMultibase":%q},
		{"id":"#no-type","publicKeyMultibase":%q},
		{"id":"#no-key","type":"Multikey"},
		{"id":"#recovery","type":"EcdsaSecp256k1RecoveryMethod2020","blockchainAccountId":"eip155:1:0xab"},
		{"id":"#wrong-family","type":"EcdsaSecp256k1VerificationKey2019","publicKeyMultibase":%q},
		{"id":"#two-forms","type":"Multikey","publicKeyMultibase":%q,"publicKeyHex":"00"},
		{"id":"#base58-of-anything","type":"JsonWebKey2020","publicKeyBase58":%q},
		{"id":"#bad-hex","type":"Ed25519VerificationKey2018","publicKeyHex":"zz"},
		{"id":"#jwk-text","type":"JsonWebKey2020","publicKeyJwk":"text"},
		{"id":"#uncompressed","type":"EcdsaSecp256k1VerificationKey2019","publicKeyHex":"%x"},
		{"id":"#long58","type":"Ed25519VerificationKey2018","publicKeyBase58":%q},
		{"id":"#bad-window","type":"Multikey","publicKeyMultibase":%q,"revoked":true}
	]}`, sampleKey, sampleKey, ed, raw, secp.SerializeCompressed(), did58(secp.SerializeCompressed()),
		sampleKey, sampleKey, sampleKey, sampleKey, ed, secp.SerializeUncompressed(), strings.Repeat("2", 1025), sampleKey))
	if len(d.Keys) != 6 {
		t.Errorf("%d keys, want 6: skipped %v", len(d.Keys), d.Skipped)
	}
	for _, k := range d.Keys {
		want := keys(t)["Ed25519"]
		if strings.Contains(k.ID, "secp") {
			want = secp
		} else if sampleKey != mustMultikey(t, want) {
			want = ed25519.PublicKey(raw)
		}
		equalKeys(t, k.ID, k.Public, want)
	}
	for id, want := range map[string]did.Code{
		"unknown-type": did.CodeUnsupported, "no-type": did.CodeUnsupported, "no-key": did.CodeUnsupported,
		"recovery": did.CodeUnsupported, "wrong-family": did.CodeKey, "two-forms": did.CodeKey,
		"base58-of-anything": did.CodeUnsupported, "bad-hex": did.CodeKey, "jwk-text": did.CodeKey,
		"uncompressed": did.CodeKey, "long58": did.CodeKey, "bad-window": did.CodeWindow,
	} {
		err, ok := d.Skipped["did:example:a#"+id]
		if !ok {
			t.Errorf("%s is not skipped", id)
			continue
		}
		wantCode(t, id, err, want)
	}
	if len(d.Skipped) != 12 {
		t.Errorf("skipped %d, want 12", len(d.Skipped))
	}
}

func did58(raw []byte) string { return base58.Encode(raw) }

func mustMultikey(t *testing.T, k crypto.PublicKey) string {
	t.Helper()
	s, err := did.Multikey(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPurposes: a key speaks only for what the document lists it under (K4).
func TestPurposes(t *testing.T) {
	d := parse(t, `{"id":"did:example:a",
		"verificationMethod":[
			{"id":"did:example:a#1","type":"Multikey","controller":"did:example:a","publicKeyMultibase":"`+sampleKey+`"},
			{"id":"#2","type":"Multikey","controller":"did:example:b","publicKeyMultibase":"`+sampleKey+`"}],
		"assertionMethod":["#1","#1",{"id":"#3","type":"Multikey","publicKeyMultibase":"`+sampleKey+`"},"did:example:other#9"],
		"authentication":"#2"}`)
	for id, want := range map[string][2]bool{"1": {true, false}, "2": {false, true}, "3": {true, false}} {
		k, ok := d.Key("did:example:a#" + id)
		if !ok || k.May(did.AssertionMethod) != want[0] || k.May(did.Authentication) != want[1] {
			t.Errorf("#%s: %+v", id, k)
		}
	}
	if k, _ := d.Key("did:example:a#2"); k.Controller != "did:example:b" {
		t.Errorf("controller %q", k.Controller)
	}
	for _, id := range []string{"#1", "did:example:other#9", "did:example:a", ""} {
		if _, ok := d.Key(id); ok {
			t.Errorf("there is a key %q", id)
		}
	}
	if k, _ := d.Key("did:example:a#1"); len(k.Purposes) != 1 {
		t.Errorf("purposes %v", k.Purposes)
	}
	bare := parse(t, `{"id":"did:example:a","authentication":[]}`)
	if bare.States(did.AssertionMethod) || !bare.States(did.Authentication) {
		t.Error("an absent member is stated, or an empty one is not")
	}
}

func TestDocumentFaults(t *testing.T) {
	method := `{"id":"#1","type":"Multikey","publicKeyMultibase":"` + sampleKey + `"}`
	for _, c := range []struct {
		fault, doc, place string
		want              did.Code
	}{
		{"no id", `{}`, "/id", did.CodeDocument},
		{"id a number", `{"id":1}`, "/id", did.CodeDocument},
		{"relative id", `{"id":"profile.json"}`, "/id", did.CodeDocument},
		{"empty id in v1.1", `{"id":"","issuer_key":[]}`, "/id", did.CodeDocument},
		{"methods a number", `{"id":"a:b","verificationMethod":1}`, "/verificationMethod", did.CodeDocument},
		{"method a text", `{"id":"a:b","verificationMethod":["x"]}`, "/verificationMethod/0", did.CodeDocument},
		{"method without id", `{"id":"a:b","verificationMethod":[{}]}`, "/verificationMethod/0/id", did.CodeDocument},
		{"method twice", `{"id":"a:b","verificationMethod":[` + method + `,` + method + `]}`, "/verificationMethod/1/id", did.CodeDocument},
		{"method twice, first skipped", `{"id":"a:b","verificationMethod":[{"id":"#1"},` + method + `]}`, "/verificationMethod/1/id", did.CodeDocument},
		{"method twice, once inside a purpose", `{"id":"a:b","verificationMethod":[` + method + `],"authentication":[` + method + `]}`, "/authentication/0/id", did.CodeDocument},
		{"purpose a number", `{"id":"a:b","assertionMethod":7}`, "/assertionMethod", did.CodeDocument},
		{"purpose of numbers", `{"id":"a:b","assertionMethod":[7]}`, "/assertionMethod/0", did.CodeDocument},
		{"service a text", `{"id":"a:b","service":"x"}`, "/service/0", did.CodeDocument},
		{"address a text", `{"id":"a:b","publicKey":["x"]}`, "/publicKey/0", did.CodeDocument},
		{"too many addresses", `{"id":"a:b","publicKey":[` + strings.Repeat(`{},`, 1000) + `{}]}`, "/publicKey", did.CodeLimit},
		{"too many methods", `{"id":"a:b","verificationMethod":[` + strings.Repeat(`{},`, 1000) + `{}]}`, "/verificationMethod", did.CodeLimit},
		{"too many purposes", `{"id":"a:b","assertionMethod":[` + strings.Repeat(`"#1",`, 1000) + `"#1"]}`, "/assertionMethod", did.CodeLimit},
	} {
		_, err := did.Parse([]byte(c.doc))
		wantCode(t, c.fault, err, c.want)
		var e *did.Error
		if errors.As(err, &e) && e.Place != c.place {
			t.Errorf("%s: place %q, want %q", c.fault, e.Place, c.place)
		}
	}
}

// TestKeyLimit counts methods inside and outside of purposes together.
func TestKeyLimit(t *testing.T) {
	method := func(i int) string {
		return fmt.Sprintf(`{"id":"#%d","type":"Multikey","publicKeyMultibase":%q}`, i, sampleKey)
	}
	var methods []string
	for i := range 1000 {
		methods = append(methods, method(i))
	}
	list := strings.Join(methods, ",")
	if d := parse(t, `{"id":"a:b","verificationMethod":[`+list+`]}`); len(d.Keys) != 1000 {
		t.Errorf("at the limit: %d keys", len(d.Keys))
	}
	_, err := did.Parse([]byte(`{"id":"a:b","verificationMethod":[` + list + `],"assertionMethod":[` + method(1000) + `]}`))
	wantCode(t, "one more inside a purpose", err, did.CodeLimit)
}

func TestDocumentSize(t *testing.T) {
	pad := func(n int) []byte { return []byte(`{"id":"a:b","x":"` + strings.Repeat("x", n-19) + `"}`) }
	if _, err := did.Parse(pad(1 << 20)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	var syntax *strictjson.Error
	if _, err := did.Parse(pad(1<<20 + 1)); !errors.As(err, &syntax) || syntax.Code != strictjson.CodeLimitBytes {
		t.Errorf("over the limit: %v", err)
	}
}

func TestWindows(t *testing.T) {
	day := time.Date(2016, 8, 28, 0, 0, 0, 0, time.UTC)
	second := time.Date(2016, 8, 28, 14, 34, 57, 0, time.UTC)
	for _, c := range []struct {
		members string
		want    did.Window
		bad     bool
	}{
		{members: ``},
		{members: `,"created":null,"revoked":"","expires":false`},
		{members: `,"created":"2016-08-28"`, want: did.Window{Created: day}},
		{members: `,"date":"2016-08-28"`, want: did.Window{Created: day}},
		{members: `,"created":"2016-08-28T14:34:57Z"`, want: did.Window{Created: second}},
		{members: `,"created":"2016-08-28T14:34:57+0000"`, want: did.Window{Created: second}},
		{members: `,"created":"2016-08-28T16:34:57+02:00"`, want: did.Window{Created: second}},
		{members: `,"created":"2016-08-28T14:34:57.000000"`, want: did.Window{Created: second}},
		{members: `,"created":1472394897`, want: did.Window{Created: second}},
		{members: `,"expires":"2016-08-28","revoked":"2016-08-28T14:34:57Z"`, want: did.Window{Expires: day, Revoked: second}},
		{members: `,"invalidated":"2016-08-28"`, want: did.Window{Revoked: day}},
		{members: `,"created":"2016-08-28","date":"2016-08-28"`, want: did.Window{Created: day}},
		{members: `,"created":"2016-08-28","date":"2017-08-28"`, bad: true},
		{members: `,"created":"yesterday"`, bad: true},
		{members: `,"created":"28.08.2016"`, bad: true},
		{members: `,"created":"0001-01-01"`, bad: true},
		{members: `,"created":"2016-08-28T14:34:57Z and more and more and more"`, bad: true},
		{members: `,"revoked":true`, bad: true},
		{members: `,"revoked":["2016-08-28"]`, bad: true},
		{members: `,"expires":1.5`, bad: true},
		{members: `,"expires":-5`, bad: true},
		{members: `,"expires":10000000000`, bad: true},
	} {
		d := parse(t, `{"id":"a:b","publicKey":[{"id":"ecdsa-koblitz-pubkey:1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo"`+c.members+`}]}`)
		if c.bad {
			wantCode(t, c.members, d.Skipped["ecdsa-koblitz-pubkey:1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo"], did.CodeWindow)
			if len(d.Addresses) != 0 {
				t.Errorf("%s: an address all the same", c.members)
			}
			continue
		}
		if len(d.Addresses) != 1 || d.Addresses[0].Window != c.want {
			t.Errorf("%s: %+v, want %+v", c.members, d.Addresses, c.want)
		}
	}
}

func TestProfileV11(t *testing.T) {
	d := parse(t, `{"issuer_key":[{"date":"2016-08-28","key":"1Q3P94rdNyftFBEKiN1fxmt2HnQgSCB619"},{"date":"2016-08-28"}],
		"revocation_key":[{"date":"2016-08-28","key":"1PrmJ6pGbfe4ucNCVbe4tbXRRHMsDDSxvY"}]}`)
	if d.ID != "" || len(d.Addresses) != 1 || len(d.RevocationAddresses) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestAddress(t *testing.T) {
	d := parse(t, `{"id":"a:b","publicKey":[
		{"id":"ecdsa-koblitz-pubkey:1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo"},
		{"id":"ecdsa-koblitz-pubkey:0x63076D0C52ca3eb36799F5de88847e12c4cA7076"},
		{"id":"ecdsa-koblitz-pubkey:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
		{"id":"a:b#old-key","type":"Secp256k1VerificationKey2018"}]}`)
	if len(d.Addresses) != 3 {
		t.Errorf("%d addresses", len(d.Addresses))
	}
	for addr, want := range map[string]bool{
		"1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo":         true,
		"1awdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo":         false, // base58 digits have their case
		"0x63076d0c52ca3eb36799f5de88847e12c4ca7076": true,
		"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ": true,
		"63076d0c52ca3eb36799f5de88847e12c4ca7076":   false,
		"": false,
		"ecdsa-koblitz-pubkey:1AwdUWQzJgfDDjeKtpPzMfYMHejFBr": false,
	} {
		if _, ok := d.Address(addr); ok != want {
			t.Errorf("%q: %t", addr, ok)
		}
	}
}

func TestServices(t *testing.T) {
	d := parse(t, `{"id":"did:example:a","type":["Profile","Extension"],"service":[
		{"id":"#1","type":"LinkedDomains","serviceEndpoint":{"origins":["https://a.example"]}},
		{"id":"#2","type":["X","IssuerProfile"],"serviceEndpoint":[{"uri":"https://a.example/p.json"},"https://b.example/p.json",7]},
		{"id":"#3","type":"IssuerProfile","serviceEndpoint":"https://c.example/p.json"}]}`)
	if url, ok := d.IssuerProfile(); !ok || url != "https://a.example/p.json" {
		t.Errorf("profile %q", url)
	}
	if len(d.Services) != 3 || d.Services[0].ID != "did:example:a#1" || len(d.Services[1].Endpoints) != 2 || len(d.Types) != 2 {
		t.Errorf("%+v, types %v", d.Services, d.Types)
	}
	if _, ok := parse(t, `{"id":"a:b"}`).IssuerProfile(); ok {
		t.Error("a profile out of nothing")
	}
}
