package credential

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/merkleproof"
)

// sampleMerkle encodes a sound proof of a batch of one, on mocknet.
func sampleMerkle(t testing.TB) string {
	t.Helper()
	h := merkleproof.Sum([]byte("x"))
	p := merkleproof.Proof{Root: h, Target: h, Anchor: merkleproof.Anchor{Chain: merkleproof.Mocknet, TxID: "This has not been issued on a blockchain and is for testing only"}}
	s, err := p.Encode2019()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzParse: no input makes a method panic, and what a proof covers never has that
// proof in it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(vc(`,"proof":[{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","id":"u:1"},{"type":"MerkleProof2019","proofValue":"` + sampleMerkle(f) + `"}]`)))
	f.Add([]byte(`{"type":"Assertion","issuedOn":1498748337,"badge":{"issuer":{"id":"a:b","image":"hl:zA:zB"}},"verification":{"creator":"ecdsa-koblitz-pubkey:1"}}`))
	f.Add([]byte(`{"document":{"type":"X","certificate":{"issuer":"a:b"},"assertion":{"expires":"2020-01-01"}},"receipt":` + sampleReceipt + `}`))
	f.Add([]byte(`{"@context":["` + ContextVC2 + `"],"type":"VerifiablePresentation","verifiableCredential":[` + vc(``) + `]}`))
	f.Add([]byte(`{"assertion":{},"certificate":{}}`))
	for typ, payload := range map[string]string{
		TypVC: vc(``),
		TypDC: `{"iss":"a:b","vct":"x","nbf":1,"exp":2,"sub":"y","cnf":{"jwk":{"kty":"OKP"}},"status":{"status_list":{"idx":1,"uri":"u"}},"vc":{"name":"n"},"_sd":["LPxnItLNSkV1Tqx5CYJgbBFx2G_iTJrQ6ETDzE7VeqQ"]}`,
	} {
		b64 := base64.RawURLEncoding.EncodeToString
		jwt := b64([]byte(`{"alg":"EdDSA","kid":"a:b#k","typ":"`+typ+`"}`)) + "." + b64([]byte(payload)) + ".AAAA~"
		f.Add([]byte(`{"version":1,"type":"certanchor-sd-jwt","sdJwt":"` + jwt + `"}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func([]byte) (*Credential, error){Parse, ParseProfile} {
			c, err := read(data)
			if (c == nil) != (err != nil) {
				t.Fatalf("document %v and error %v", c, err)
			}
			if err == nil {
				exercise(t, c)
			}
		}
	})
}

// TestStatusTokenLimit: a list of MaxBytes is read, one of a byte more is not.
func TestStatusTokenLimit(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	head := b64([]byte(`{"alg":"EdDSA","kid":"a:b#k","typ":"statuslist+jwt"}`)) + "."
	for size, want := range map[int]Code{MaxBytes: "", MaxBytes + 1: CodeLimit} {
		payload := `{"sub":"a:b","iat":1,"status_list":{"bits":1,"lst":""}}`
		room := base64.RawURLEncoding.DecodedLen(size - len(head) - len(".AAAA"))
		text := head + b64([]byte(payload+strings.Repeat(" ", room-len(payload)))) + "."
		_, err := ParseStatusToken([]byte(text + strings.Repeat("A", size-len(text))))
		var ours *Error
		if errors.As(err, &ours); (want == "") != (err == nil) || want != "" && ours.Code != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// FuzzParseStatusToken: no input makes reading a list panic, and a list that is read has all
// that is asked of it.
func FuzzParseStatusToken(f *testing.F) {
	f.Add([]byte("eyJhbGciOiJFUzI1NiIsImtpZCI6IjEyIiwidHlwIjoic3RhdHVzbGlzdCtqd3QifQ.eyJleHAiOjIyOTE3MjAxNzAsImlhdCI6MTY4NjkyMDE3MCwic3RhdHVzX2xpc3QiOnsiYml0cyI6MSwibHN0IjoiZU5yYnVSZ0FBaGNCWFEifSwic3ViIjoiaHR0cHM6Ly9leGFtcGxlLmNvbS9zdGF0dXNsaXN0cy8xIn0.AAAA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseStatusToken(data)
		if (l == nil) != (err != nil) {
			t.Fatalf("list %v and error %v", l, err)
		}
		if err == nil && (l.KeyID == "" || l.URL == "" || l.At.IsZero()) {
			t.Fatalf("%+v", l)
		}
	})
}

func exercise(t *testing.T, c *Credential) {
	t.Helper()
	for i := range c.Proofs() {
		if got := len(asList(c.Covered(i)["proof"])); c.version != Blockcerts12 && got != len(c.proofs[i].covers) {
			t.Fatalf("proof %d covers %d proofs, want %v", i, got, c.proofs[i].covers)
		}
		for _, j := range c.proofs[i].covers {
			if j == i {
				t.Fatal("a proof covers itself")
			}
		}
	}
	_, _, _ = c.Validity()
	_, _ = c.StatusEntries()
	_, _ = c.Schemas()
	_, _ = c.RelatedResources()
	_, _ = c.Hashlinks()
	_, _ = c.IssuerName(), c.Holder()
	_, _, _ = c.IssuingAddress(), c.RevocationList(), c.RevocationAddress()
	inner, _ := c.Inner()
	for _, one := range inner {
		exercise(t, one)
	}
}

// FuzzMessages: what a message parser takes comes out of both forms of it again, and has
// something to sign.
func FuzzMessages(f *testing.F) {
	at := time.Unix(1e9, 0).UTC()
	i := testInvitation()
	i.Method, i.Signature = i.Issuer+"#signing-1", "AAAA"
	n := &Introduction{Version: 1, Type: TypeIntroduction, Issuer: "https://a.example/", Nonce: "n", DID: "did:key:z6Mk", At: at,
		Address: &ProvenWallet{Network: "mainnet"}, Recovery: &ProvenKey{DID: "did:key:zDn"}}
	r := &Rotation{Version: 1, Type: TypeRotation, Issuer: "https://a.example/", OldDID: "did:key:z6Mk", NewDID: "did:key:zDn", At: at}
	for _, m := range []message{i, n, r} {
		text, err := m.Text()
		if err != nil {
			f.Fatal(err)
		}
		raw, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text))
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, data, ParseInvitation)
		check(t, data, ParseIntroduction)
		check(t, data, ParseRotation)
	})
}

type message interface {
	Text() (string, error)
	SigningInput() ([]byte, error)
}

func check[M message](t *testing.T, data []byte, parse func([]byte) (M, error)) {
	m, err := parse(data)
	if err != nil {
		return
	}
	signed, err := m.SigningInput()
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse([]byte(text))
	if err != nil && len(text) <= maxMessage {
		t.Fatalf("%s: %v", text, err)
	}
	if err != nil {
		return
	}
	if s, err := again.SigningInput(); err != nil || !bytes.Equal(s, signed) {
		t.Fatalf("%q came out as %q, %v", signed, s, err)
	}
}
