package credential

import (
	"encoding/base64"
	"testing"

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
