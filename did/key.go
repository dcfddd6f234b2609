package did

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
)

// Multicodec prefixes of public keys, as unsigned varints (multicodec table).
var (
	prefixEd25519   = []byte{0xed, 0x01}
	prefixSecp256k1 = []byte{0xe7, 0x01}
	prefixP256      = []byte{0x80, 0x24}
	prefixP384      = []byte{0x81, 0x24}
)

// maxMultibase is the longest publicKeyMultibase read, in characters. A P-384 key takes
// 70; an RSA key of 4096 bits takes some 730 and is to be named as unsupported.
// base58 costs the square of its length.
const maxMultibase = 1024

// ParseMultikey reads a publicKeyMultibase ("z", base58btc, or "u", base64url without
// padding) holding a multicodec public key: Ed25519 (32 bytes), or secp256k1, P-256 or
// P-384 as a compressed point. It returns an ed25519.PublicKey, *btcec.PublicKey or
// *ecdsa.PublicKey, or an Error with CodeKey or CodeUnsupported. Controlled Identifiers
// 1.0, section 2.2.2.
func ParseMultikey(text string) (crypto.PublicKey, error) {
	raw, err := multibase(text)
	if err != nil {
		return nil, err
	}
	if len(raw) < 2 {
		return nil, fail(CodeKey, "", "publicKeyMultibase holds no key")
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

func multibase(text string) ([]byte, error) {
	if len(text) > maxMultibase {
		return nil, fail(CodeKey, "", "publicKeyMultibase of more than %d characters", maxMultibase)
	}
	if digits, ok := strings.CutPrefix(text, "z"); ok {
		return base58.Decode(digits), nil // empty for a character that is no digit
	}
	if digits, ok := strings.CutPrefix(text, "u"); ok {
		return base64URL(digits)
	}
	return nil, fail(CodeKey, "", "publicKeyMultibase must begin with z or u")
}

// base64URL is strict: encoding/base64 alone passes over line ends.
func base64URL(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fail(CodeKey, "", "not base64url without padding")
	}
	return b, nil
}

// Multikey returns the publicKeyMultibase form of pub in base58btc, or an Error if pub
// is not of a type that ParseMultikey returns.
func Multikey(pub crypto.PublicKey) (string, error) {
	var raw []byte
	switch k := pub.(type) {
	case ed25519.PublicKey:
		raw = append(bytes.Clone(prefixEd25519), k...)
	case *btcec.PublicKey:
		raw = append(bytes.Clone(prefixSecp256k1), k.SerializeCompressed()...)
	case *ecdsa.PublicKey:
		point, err := compress(k)
		if err != nil {
			return "", err
		}
		prefix := prefixP256
		if k.Curve == elliptic.P384() {
			prefix = prefixP384
		}
		raw = append(bytes.Clone(prefix), point...)
	default:
		return "", fail(CodeUnsupported, "", "%T", pub)
	}
	return "z" + base58.Encode(raw), nil
}

func compress(k *ecdsa.PublicKey) ([]byte, error) {
	point, err := uncompressed(k)
	if err != nil {
		return nil, err
	}
	size := (len(point) - 1) / 2
	return append([]byte{2 + point[len(point)-1]&1}, point[1:1+size]...), nil
}

// uncompressed returns 4, x, y of a P-256 or P-384 key that is on its curve.
func uncompressed(k *ecdsa.PublicKey) ([]byte, error) {
	if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
		return nil, fail(CodeUnsupported, "", "neither P-256 nor P-384")
	}
	point, err := k.Bytes()
	if err != nil {
		return nil, fail(CodeKey, "", "%v", err)
	}
	return point, nil
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

// bareKey reads the bytes of a key that only the type of its method describes.
func bareKey(raw []byte, f family) (crypto.PublicKey, error) {
	switch f {
	case onlyEd25519:
		return ed25519Key(raw)
	case onlySecp256k1:
		return secp256k1Key(raw)
	}
	return nil, fail(CodeUnsupported, "", "the type does not say what the bytes are")
}

// publicKeyBase58 reads the form of the suites of 2018 and 2019.
func publicKeyBase58(text string, f family) (crypto.PublicKey, error) {
	if len(text) > maxMultibase {
		return nil, fail(CodeKey, "/publicKeyBase58", "more than %d characters", maxMultibase)
	}
	return bareKey(base58.Decode(text), f)
}

// publicKeyHex reads the hexadecimal form some Blockcerts documents carry.
func publicKeyHex(text string, f family) (crypto.PublicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fail(CodeKey, "/publicKeyHex", "not hexadecimal")
	}
	return bareKey(raw, f)
}
