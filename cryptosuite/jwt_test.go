package cryptosuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	jose "github.com/lestrrat-go/jwx/v3/jws"
)

// TestJWT makes and checks JWTs with another implementation as the other side.
func TestJWT(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte(`{"a":"ö"}`)
	for _, c := range []struct {
		signer crypto.Signer
		alg    jwa.SignatureAlgorithm
		other  crypto.PublicKey
	}{{ed, jwa.EdDSA(), p256.Public()}, {p256, jwa.ES256(), ed.Public()}} {
		jwt, err := SignJWT("vc+sd-jwt", "https://board.example/#key", payload, c.signer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jose.Verify([]byte(jwt), jose.WithKey(c.alg, c.signer.Public()))
		if err != nil || string(got) != string(payload) {
			t.Errorf("%s: %q, %v", c.alg, got, err)
		}
		theirs, err := jose.Sign(payload, jose.WithKey(c.alg, c.signer))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"ours": jwt, "theirs": string(theirs)} {
			wantCode(t, name, VerifyJWT(text, c.alg.String(), c.signer.Public()), "")
			wantCode(t, name+" under another key", VerifyJWT(text, c.alg.String(), c.other), CodeKeyType)
			wantCode(t, name+" by another name", VerifyJWT(text, "none", c.signer.Public()), CodeKeyType)
			wantCode(t, name+" with another payload", VerifyJWT(strings.Replace(text, ".", ".e30", 1), c.alg.String(), c.signer.Public()), CodeSignature)
			wantCode(t, name+" padded", VerifyJWT(text+"=", c.alg.String(), c.signer.Public()), CodeValue)
			wantCode(t, name+" cut", VerifyJWT(text[:len(text)-4], c.alg.String(), c.signer.Public()), CodeValue)
			bare := text[:strings.LastIndexByte(text, '.')+1]
			wantCode(t, name+" unsigned", VerifyJWT(bare, c.alg.String(), c.signer.Public()), CodeValue)
			zero := bare + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
			wantCode(t, name+" zero", VerifyJWT(zero, c.alg.String(), c.signer.Public()), CodeSignature)
		}
	}
	if _, err := SignJWT("x", "", payload, p384); err == nil {
		t.Error("signed by P-384")
	}
	wantCode(t, "P-384", VerifyJWT("a.b.AAAA", "ES256", p384.Public()), CodeKeyType)
	wantCode(t, "no dots", VerifyJWT("abc", "EdDSA", ed.Public()), CodeValue)
}
