package aries

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	ariesdid "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/key"

	"github.com/certanchor/certanchor/did"
)

// didKeys is how many keys of each curve are compared.
const didKeys = 300

// errPanic means that aries does not survive a did:key.
var errPanic = errors.New("aries panics")

// ariesKey returns the one key that aries finds in a did:key, and its id.
func ariesKey(id string) (_ crypto.PublicKey, _ string, err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	res, err := key.New().Read(id)
	if err != nil {
		return nil, "", err
	}
	if n := len(res.DIDDocument.VerificationMethod); n != 1 {
		return nil, "", fmt.Errorf("%d keys", n)
	}
	m := res.DIDDocument.VerificationMethod[0]
	switch m.Type {
	case "Ed25519VerificationKey2018":
		return ed25519.PublicKey(m.Value), m.ID, nil
	case "JsonWebKey2020":
		pub, ok := m.JSONWebKey().Key.(*ecdsa.PublicKey)
		if !ok {
			return nil, "", fmt.Errorf("a key of %T", m.JSONWebKey().Key)
		}
		return pub, m.ID, nil
	}
	return nil, "", fmt.Errorf("a key of type %s", m.Type)
}

// ariesCreated is the did:key that aries makes of a public key.
func ariesCreated(t *testing.T, pub crypto.PublicKey) string {
	t.Helper()
	m := ariesdid.VerificationMethod{Type: "Ed25519VerificationKey2018"}
	if k, ok := pub.(ed25519.PublicKey); ok {
		m.Value = k
	} else {
		j, err := jwksupport.JWKFromKey(pub)
		noError(t, err)
		made, err := ariesdid.NewVerificationMethodFromJWK("", "JsonWebKey2020", "", j)
		noError(t, err)
		m = *made
	}
	res, err := key.New().Create(&ariesdid.Doc{VerificationMethod: []ariesdid.VerificationMethod{m}})
	noError(t, err)
	return res.DIDDocument.ID
}

func ourKey(id string) (*did.Key, error) {
	doc, err := did.Resolve(id)
	if err != nil {
		return nil, err
	}
	if len(doc.Keys) != 1 {
		return nil, fmt.Errorf("%d keys", len(doc.Keys))
	}
	return &doc.Keys[0], nil
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// makeKey makes keys of 32 random bytes. They are the same in each run, so that a damaged
// did:key that makes trouble makes it each time.
var makeKey = map[string]func(secret []byte) (crypto.PublicKey, error){
	"Ed25519": func(secret []byte) (crypto.PublicKey, error) {
		return ed25519.NewKeyFromSeed(secret).Public(), nil
	},
	"P-256": func(secret []byte) (crypto.PublicKey, error) {
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
		if err != nil {
			return nil, err
		}
		return &k.PublicKey, nil
	},
}

func randomBytes(from *mathrand.ChaCha8) []byte {
	b := make([]byte, 32)
	from.Read(b) // never an error
	return b
}

// TestDIDKeys: both make the same did:key of a key, and find the same key in it.
func TestDIDKeys(t *testing.T) {
	for curve, generate := range makeKey {
		t.Run(curve, func(t *testing.T) {
			source := mathrand.NewChaCha8([32]byte{1})
			for range didKeys {
				pub, err := generate(randomBytes(source))
				noError(t, err)
				id, err := did.KeyDID(pub)
				noError(t, err)
				if theirs := ariesCreated(t, pub); theirs != id {
					t.Fatalf("made of one key: %s here, %s by aries", id, theirs)
				}
				ours, err := ourKey(id)
				noError(t, err)
				theirs, theirID, err := ariesKey(id)
				noError(t, err)
				if !samePublic(ours.Public, pub) || !samePublic(theirs, pub) || ours.ID != theirID {
					t.Fatalf("%s: found %v (%s) here, %v (%s) by aries, put in %v", id, ours.Public, ours.ID, theirs, theirID, pub)
				}
				if !ours.May(did.AssertionMethod) || !ours.May(did.Authentication) {
					t.Fatalf("%s: purposes %v", id, ours.Purposes)
				}
			}
		})
	}
}

// TestDIDKeysBent: a damaged did:key is refused by both or is the same key to both, but for
// one difference. An Ed25519 key that is no point of the curve is taken here: no signature
// holds under it. aries refuses it, since it makes an X25519 key of every one.
func TestDIDKeysBent(t *testing.T) {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	for curve, generate := range makeKey {
		t.Run(curve, func(t *testing.T) {
			same, refused, noPoint := 0, 0, 0
			source := mathrand.NewChaCha8([32]byte{2})
			random := mathrand.New(source)
			for range didKeys {
				pub, err := generate(randomBytes(source))
				noError(t, err)
				id, err := did.KeyDID(pub)
				noError(t, err)
				head := len("did:key:z")
				at := head + random.IntN(len(id)-head)
				for _, bent := range []string{
					id[:at] + string(digits[random.IntN(len(digits))]) + id[at+1:], // one digit another, or the same
					id[:at] + id[at+1:], // one left out
					id[:at] + string(digits[random.IntN(len(digits))]) + id[at:],
					id + "1", "did:key:z1" + id[head:], id[:at] + "0" + id[at+1:], strings.ToUpper(id), id + "/x", id + "?a=b", "did:key:u" + id[head:],
				} {
					ours, ourErr := ourKey(bent)
					theirs, _, theirErr := ariesKey(bent)
					switch {
					case ourErr != nil && theirErr != nil:
						refused++
					case ourErr != nil:
						t.Errorf("%s: taken by aries alone; here %v", bent, ourErr)
					case theirErr != nil:
						if theirErr == errPanic {
							t.Errorf("%s: taken here, and %v", bent, theirErr)
						}
						if k, ok := ours.Public.(ed25519.PublicKey); !ok || onCurve(k) {
							t.Errorf("%s: taken here alone; aries says %v", bent, theirErr)
						}
						noPoint++
					case !samePublic(ours.Public, theirs):
						t.Errorf("%s: two keys", bent)
					default:
						same++
					}
				}
			}
			t.Logf("%d the same key to both, %d refused by both, %d no point of the curve", same, refused, noPoint)
			if same == 0 || refused == 0 || curve == "Ed25519" != (noPoint > 0) {
				t.Error("the damage was not of all kinds")
			}
		})
	}
}

// onCurve reports whether an Ed25519 key is a point (RFC 8032, section 5.1.3): whether
// (y²-1)/(dy²+1) is a square modulo p.
func onCurve(k ed25519.PublicKey) bool {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), p))
	little := slices.Clone(k)
	slices.Reverse(little)
	little[0] &= 0x7f // the sign of x
	y := new(big.Int).SetBytes(little)
	yy := new(big.Int).Mul(y, y)
	u := new(big.Int).Sub(yy, big.NewInt(1))
	v := new(big.Int).Add(new(big.Int).Mul(d, yy), big.NewInt(1))
	// u/v is a square if and only if uv is; dy²+1 is never 0.
	return big.Jacobi(new(big.Int).Mod(new(big.Int).Mul(u, v), p), p) >= 0
}

// TestDIDKeyOverflow is a difference: a did:key whose prefix is a number without an end is an
// error here, while aries panics. Whoever gives aries a did:key from elsewhere must recover.
func TestDIDKeyOverflow(t *testing.T) {
	id := "did:key:z" + base58.Encode(slices.Repeat([]byte{0xff}, 34))
	var e *did.Error
	if _, err := ourKey(id); !errors.As(err, &e) {
		t.Errorf("here: %v", err)
	}
	if _, _, err := ariesKey(id); err != errPanic {
		t.Errorf("the difference is gone: %v", err)
	}
}
