package did

import (
	"crypto"
	"encoding/base64"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxJWK bounds the JWK inside a did:jwk, in bytes; an EC key takes some 150.
const maxJWK = 4 << 10

// Resolve computes the document of a did:key or did:jwk; a fragment is left out of
// account. Other methods need bytes from elsewhere: it returns an Error with
// CodeMethod. A key of a type unknown here is an Error with CodeUnsupported.
func Resolve(id string) (*Document, error) {
	id, _, _ = strings.Cut(id, "#")
	if text, ok := strings.CutPrefix(id, "did:key:"); ok {
		return resolveKey(id, text)
	}
	if text, ok := strings.CutPrefix(id, "did:jwk:"); ok {
		return resolveJWK(id, text)
	}
	return nil, fail(CodeMethod, id, "only did:key and did:jwk can be computed")
}

// resolveKey reads the did:key method, which allows base58btc only, so that a key has
// one DID.
func resolveKey(id, text string) (*Document, error) {
	if !strings.HasPrefix(text, "z") {
		return nil, fail(CodeKey, "", "a did:key begins with z")
	}
	pub, err := ParseMultikey(text)
	if err != nil {
		return nil, err
	}
	return computed(id, id+"#"+text, "Multikey", pub), nil
}

func resolveJWK(id, text string) (*Document, error) {
	if base64.RawURLEncoding.DecodedLen(len(text)) > maxJWK {
		return nil, fail(CodeKey, "", "a did:jwk of more than %d bytes", maxJWK)
	}
	raw, err := base64URL(text)
	if err != nil {
		return nil, err
	}
	jwk, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: maxJWK})
	if err != nil {
		return nil, fail(CodeKey, id, "%v", err)
	}
	pub, err := parseJWK(jwk)
	if err != nil {
		return nil, err
	}
	return computed(id, id+"#0", "JsonWebKey", pub), nil
}

// computed returns the document of a DID that is its own key. Such a key has no
// window of its own; whoever trusts the DID states one.
func computed(id, keyID, typ string, pub crypto.PublicKey) *Document {
	purposes := []Purpose{AssertionMethod, Authentication}
	return &Document{ID: id, stated: purposes, Keys: []Key{{
		ID: keyID, Controller: id, Type: typ, Public: pub, Purposes: purposes,
	}}}
}

// KeyDID returns the did:key of pub.
func KeyDID(pub crypto.PublicKey) (string, error) {
	m, err := Multikey(pub)
	if err != nil {
		return "", err
	}
	return "did:key:" + m, nil
}
