package did

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
)

// A Code names why a document or key could not be read. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeDocument    Code = "malformed-issuer-document"
	CodeKey         Code = "malformed-key"
	CodeUnsupported Code = "unsupported-key-type"
	CodeMethod      Code = "unsupported-did-method"
)

// An Error says why a document or key could not be read.
type Error struct {
	Code   Code
	Place  string // JSON pointer into the document, or the DID
	Detail string
}

func (e *Error) Error() string {
	if e.Place == "" {
		return fmt.Sprintf("did: %s: %s", e.Code, e.Detail)
	}
	return fmt.Sprintf("did: %s at %s: %s", e.Code, e.Place, e.Detail)
}

func fail(code Code, place, format string, args ...any) error {
	return &Error{Code: code, Place: place, Detail: fmt.Sprintf(format, args...)}
}

// Multicodec prefixes of public keys, as unsigned varints (multicodec table).
var (
	prefixEd25519   = []byte{0xed, 0x01}
	prefixSecp256k1 = []byte{0xe7, 0x01}
	prefixP256      = []byte{0x80, 0x24}
	prefixP384      = []byte{0x81, 0x24}
)

// maxMultibase is the longest publicKeyMultibase read, in characters; a compressed
// P-384 key takes 70. base58 costs the square of its length.
const maxMultibase = 128

// ParseMultikey reads a publicKeyMultibase ("z", base58btc) holding a multicodec
// public key: Ed25519 (32 bytes), or secp256k1, P-256 or P-384 as a compressed
// point. It returns an ed25519.PublicKey, *btcec.PublicKey or *ecdsa.PublicKey.
// Controller Documents 1.0, section 2.2.2.
func ParseMultikey(text string) (crypto.PublicKey, error) {
	digits, ok := strings.CutPrefix(text, "z")
	if !ok || len(text) > maxMultibase {
		return nil, fail(CodeKey, "", "publicKeyMultibase must begin with z and have at most %d characters", maxMultibase)
	}
	raw := base58.Decode(digits)
	if len(raw) < 2 {
		return nil, fail(CodeKey, "", "publicKeyMultibase is not base58btc")
	}
	prefix, key := raw[:2], raw[2:]
	switch {
	case bytes.Equal(prefix, prefixEd25519):
		return ed25519Key(key)
	case bytes.Equal(prefix, prefixSecp256k1):
		return secp256k1Key(key)
	case bytes.Equal(prefix, prefixP256):
		return compressedKey(elliptic.P256(), key)
	case bytes.Equal(prefix, prefixP384):
		return compressedKey(elliptic.P384(), key)
	}
	return nil, fail(CodeUnsupported, "", "multicodec prefix %x", prefix)
}

// Multikey returns the publicKeyMultibase form of pub, or an Error if pub is not
// of a type that ParseMultikey returns.
func Multikey(pub crypto.PublicKey) (string, error) {
	var raw []byte
	switch k := pub.(type) {
	case ed25519.PublicKey:
		raw = append(bytes.Clone(prefixEd25519), k...)
	case *btcec.PublicKey:
		raw = append(bytes.Clone(prefixSecp256k1), k.SerializeCompressed()...)
	case *ecdsa.PublicKey:
		prefix := prefixP256
		if k.Curve == elliptic.P384() {
			prefix = prefixP384
		}
		point, err := compress(k)
		if err != nil {
			return "", err
		}
		raw = append(bytes.Clone(prefix), point...)
	default:
		return "", fail(CodeUnsupported, "", "%T", pub)
	}
	return "z" + base58.Encode(raw), nil
}

func compress(k *ecdsa.PublicKey) ([]byte, error) {
	point, err := k.Bytes() // uncompressed; refuses points that are not on the curve
	if err != nil {
		return nil, fail(CodeKey, "", "%v", err)
	}
	size := (len(point) - 1) / 2
	return append([]byte{2 + point[len(point)-1]&1}, point[1:1+size]...), nil
}

func ed25519Key(raw []byte) (crypto.PublicKey, error) {
	if len(raw) != ed25519.PublicKeySize {
		return nil, fail(CodeKey, "", "an Ed25519 key has 32 bytes, not %d", len(raw))
	}
	return ed25519.PublicKey(bytes.Clone(raw)), nil
}

func secp256k1Key(raw []byte) (crypto.PublicKey, error) {
	if len(raw) != btcec.PubKeyBytesLenCompressed {
		return nil, fail(CodeKey, "", "a compressed secp256k1 key has 33 bytes, not %d", len(raw))
	}
	k, err := btcec.ParsePubKey(raw)
	if err != nil {
		return nil, fail(CodeKey, "", "%v", err)
	}
	return k, nil
}

func compressedKey(curve elliptic.Curve, raw []byte) (crypto.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(curve, raw)
	if x == nil {
		return nil, fail(CodeKey, "", "not a compressed point of %s", curve.Params().Name)
	}
	return &ecdsa.PublicKey{Curve: curve, X: x, Y: y}, nil
}

// parseJWK reads a public JSON Web Key (RFC 7517, RFC 8037, RFC 8812): OKP Ed25519,
// EC P-256, P-384 or secp256k1. A key with a private member is refused: somebody
// published what must stay secret.
func parseJWK(jwk map[string]any) (crypto.PublicKey, error) {
	if _, private := jwk["d"]; private {
		return nil, fail(CodeKey, "/d", "the private part of a key is in a public document")
	}
	crv, _ := jwk["crv"].(string)
	x, err := jwkBytes(jwk, "x")
	if err != nil {
		return nil, err
	}
	if jwk["kty"] == "OKP" && crv == "Ed25519" {
		return ed25519Key(x)
	}
	if jwk["kty"] != "EC" {
		return nil, fail(CodeUnsupported, "/kty", "%v with curve %q", jwk["kty"], crv)
	}
	y, err := jwkBytes(jwk, "y")
	if err != nil {
		return nil, err
	}
	return pointKey(crv, x, y)
}

func pointKey(crv string, x, y []byte) (crypto.PublicKey, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "secp256k1": nil}
	curve, known := curves[crv]
	if !known {
		return nil, fail(CodeUnsupported, "/crv", "%q", crv)
	}
	size := 32
	if crv == "P-384" {
		size = 48
	}
	if len(x) != size || len(y) != size {
		return nil, fail(CodeKey, "/x", "coordinates of %s have %d bytes", crv, size)
	}
	point := append(append([]byte{4}, x...), y...)
	if curve == nil {
		k, err := btcec.ParsePubKey(point)
		if err != nil {
			return nil, fail(CodeKey, "/x", "%v", err)
		}
		return k, nil
	}
	k := &ecdsa.PublicKey{Curve: curve, X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
	if _, err := k.ECDH(); err != nil { // the check that the point is on the curve
		return nil, fail(CodeKey, "/x", "not a point of %s", crv)
	}
	return k, nil
}

func jwkBytes(jwk map[string]any, name string) ([]byte, error) {
	text, ok := jwk[name].(string)
	if !ok {
		return nil, fail(CodeKey, "/"+name, "missing")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fail(CodeKey, "/"+name, "not base64url without padding")
	}
	return b, nil
}

// JWK returns the public JSON Web Key of pub (RFC 7517), or an Error for a type
// that parseJWK does not read.
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
		point, err := k.Bytes()
		if err != nil {
			return nil, fail(CodeKey, "", "%v", err)
		}
		return ec(k.Curve.Params().Name, point), nil
	}
	return nil, fail(CodeUnsupported, "", "%T", pub)
}

// publicKeyHex reads the hexadecimal form some Blockcerts documents carry for
// secp256k1, compressed.
func publicKeyHex(text string) (crypto.PublicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fail(CodeKey, "", "publicKeyHex is not hexadecimal")
	}
	return secp256k1Key(raw)
}
