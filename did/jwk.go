package did

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"math/big"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A jwkCurve is one curve of JSON Web Keys read here.
type jwkCurve struct {
	kty   string
	size  int            // bytes of a coordinate
	curve elliptic.Curve // nil for Ed25519 and secp256k1
	algs  []string       // what `alg` may be: one key, one algorithm
}

var jwkCurves = map[string]jwkCurve{
	"Ed25519":   {kty: "OKP", size: 32, algs: []string{"EdDSA", "Ed25519"}},             // RFC 8037, RFC 9864
	"secp256k1": {kty: "EC", size: 32, algs: []string{"ES256K"}},                        // RFC 8812
	"P-256":     {kty: "EC", size: 32, curve: elliptic.P256(), algs: []string{"ES256"}}, // RFC 7518
	"P-384":     {kty: "EC", size: 48, curve: elliptic.P384(), algs: []string{"ES384"}},
}

// ParseJWK reads a public JSON Web Key (RFC 7517) in strict JSON of at most 4 KiB:
// OKP Ed25519, EC P-256, P-384 or secp256k1. It returns an Error, or the
// *strictjson.Error.
func ParseJWK(data []byte) (crypto.PublicKey, error) {
	jwk, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: maxJWK})
	if err != nil {
		return nil, err
	}
	return parseJWK(jwk)
}

// parseJWK refuses a key with a private member: somebody published what must stay
// secret. It refuses one that says of itself that it is not for this use or algorithm.
func parseJWK(jwk map[string]any) (crypto.PublicKey, error) {
	if _, private := jwk["d"]; private {
		return nil, fail(CodeKey, "/d", "the private part of a key is in a public document")
	}
	crv := text(jwk["crv"])
	c, known := jwkCurves[crv]
	if !known || jwk["kty"] != c.kty {
		return nil, fail(CodeUnsupported, "/kty", "%v with curve %q", jwk["kty"], crv)
	}
	if err := checkUse(jwk, c); err != nil {
		return nil, err
	}
	x, err := jwkBytes(jwk, "x", c.size)
	if err != nil {
		return nil, err
	}
	if c.kty == "OKP" {
		return ed25519Key(x)
	}
	y, err := jwkBytes(jwk, "y", c.size)
	if err != nil {
		return nil, err
	}
	return pointKey(c, x, y)
}

func checkUse(jwk map[string]any, c jwkCurve) error {
	if use, given := jwk["use"]; given && use != "sig" {
		return fail(CodeKey, "/use", "%v: not a key for signatures", use)
	}
	if alg, given := jwk["alg"]; given && !slices.Contains(c.algs, text(alg)) {
		return fail(CodeKey, "/alg", "%v is no algorithm of %v", alg, jwk["crv"])
	}
	if ops, given := jwk["key_ops"]; given && !slices.Contains(texts(ops), "verify") {
		return fail(CodeKey, "/key_ops", "not a key to verify with")
	}
	return nil
}

func pointKey(c jwkCurve, x, y []byte) (crypto.PublicKey, error) {
	if c.curve == nil {
		k, err := btcec.ParsePubKey(slices.Concat([]byte{4}, x, y))
		if err != nil {
			return nil, fail(CodeKey, "/x", "%v", err)
		}
		return k, nil
	}
	k := &ecdsa.PublicKey{Curve: c.curve, X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
	if _, err := k.ECDH(); err != nil { // the check that the point is on the curve
		return nil, fail(CodeKey, "/x", "not a point of %s", c.curve.Params().Name)
	}
	return k, nil
}

// jwkBytes reads a coordinate, which has its full length (RFC 7518, section 6.2.1.2).
func jwkBytes(jwk map[string]any, name string, size int) ([]byte, error) {
	s, ok := jwk[name].(string)
	if !ok {
		return nil, fail(CodeKey, "/"+name, "missing")
	}
	b, err := base64URL(s)
	if err != nil || len(b) != size {
		return nil, fail(CodeKey, "/"+name, "must be %d bytes in base64url without padding", size)
	}
	return b, nil
}

// JWK returns the public JSON Web Key of pub (RFC 7517), or an Error for a type
// that ParseJWK does not return.
func JWK(pub crypto.PublicKey) (map[string]any, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	ec := func(crv string, point []byte) map[string]any {
		size := (len(point) - 1) / 2
		return map[string]any{"kty": "EC", "crv": crv, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}
	}
	switch k := pub.(type) {
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(k)}, nil
	case *btcec.PublicKey:
		return ec("secp256k1", k.SerializeUncompressed()), nil
	case *ecdsa.PublicKey:
		point, err := uncompressed(k)
		if err != nil {
			return nil, err
		}
		return ec(k.Curve.Params().Name, point), nil
	}
	return nil, fail(CodeUnsupported, "", "%T", pub)
}
