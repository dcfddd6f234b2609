package cryptosuite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"maps"
	"math/big"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	secp "github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// The suites that are judged. The first two are values of cryptosuite in a
// DataIntegrityProof, the others types of a proof.
const (
	EddsaRdfc2022               = "eddsa-rdfc-2022"
	EcdsaRdfc2019               = "ecdsa-rdfc-2019" // P-256 or P-384, by the key
	Ed25519Signature2020        = "Ed25519Signature2020"
	EcdsaSecp256k1Signature2019 = "EcdsaSecp256k1Signature2019"
)

// maxProofValue bounds a proofValue in characters; a P-384 signature takes 133.
const maxProofValue = 256

// Verify checks that proof is a signature over covered under key. It returns nil
// only if the check said yes; CodeUnsupported for a suite it cannot judge, and other
// codes for a signature that does not hold. covered is what
// credential.Credential.Covered returns for the proof. Errors are *Error or
// *jsonld.Error.
func Verify(covered map[string]any, proof *credential.Proof, key *did.Key, o jsonld.Options) error {
	return VerifyCanonical(covered, nil, proof, key, o)
}

// VerifyCanonical is Verify for a caller that has the canonical form of covered already, made
// with the same options; nil for none. A suite that canonicalises in another way makes
// its own.
func VerifyCanonical(covered map[string]any, canonical *jsonld.Result, proof *credential.Proof, key *did.Key, o jsonld.Options) error {
	s, err := suiteFor(proof, key.Public)
	if err != nil {
		return err
	}
	value, _ := proof.Object[s.member].(string)
	sig, err := s.decode(value)
	if err != nil {
		return err
	}
	config := maps.Clone(proof.Object)
	delete(config, s.member)
	if o.SHA384 = s.sha384; s.sha384 {
		canonical = nil
	}
	in, err := signingInputOf(covered, canonical, config, o, s.hash)
	if err != nil {
		return err
	}
	return s.check(concat(sig.header, in.bytes()), sig.value)
}

func concat(a, b []byte) []byte { return append(bytes.Clone(a), b...) }

type (
	hashFunc  func([]byte) []byte
	checkFunc func(input, signature []byte) error
)

func sha256Sum(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func sha384Sum(b []byte) []byte { s := sha512.Sum384(b); return s[:] }

// A suite is how the proofs of one suite are checked under one key.
type suite struct {
	member string // of the proof that holds the signature, and is not signed
	decode func(string) (encoded, error)
	hash   hashFunc
	check  checkFunc
	sha384 bool // the canonical form is made with SHA-384 too
}

// encoded is a signature as a proof carries it: its bytes, and what is signed before
// the two hashes.
type encoded struct{ header, value []byte }

// suiteFor picks the check by dress, suite and key type together: one key type, one
// algorithm.
func suiteFor(p *credential.Proof, pub crypto.PublicKey) (*suite, error) {
	integrity := p.Type == credential.DataIntegrityProof
	switch {
	case integrity && p.Suite == EddsaRdfc2022, !integrity && p.Suite == Ed25519Signature2020:
		k, ok := pub.(ed25519.PublicKey)
		if !ok || len(k) != ed25519.PublicKeySize {
			return nil, fail(CodeKeyType, "%s needs an Ed25519 key, not %T", p.Suite, pub)
		}
		return &suite{member: "proofValue", decode: multibase, hash: sha256Sum, check: ed25519Check(k)}, nil
	case integrity && p.Suite == EcdsaRdfc2019:
		return ecdsaSuite(pub)
	case !integrity && p.Suite == EcdsaSecp256k1Signature2019:
		k, ok := pub.(*btcec.PublicKey)
		if !ok {
			return nil, fail(CodeKeyType, "%s needs a secp256k1 key, not %T", p.Suite, pub)
		}
		return &suite{member: "jws", decode: detachedJWS, hash: sha256Sum, check: secp256k1Check(k)}, nil
	}
	return nil, fail(CodeUnsupported, "%q in a %s", p.Suite, p.Type)
}

func ecdsaSuite(pub crypto.PublicKey) (*suite, error) {
	k, ok := pub.(*ecdsa.PublicKey)
	switch {
	case ok && k.Curve == elliptic.P256():
		return &suite{member: "proofValue", decode: multibase, hash: sha256Sum, check: ecdsaCheck(k, 32, sha256Sum)}, nil
	case ok && k.Curve == elliptic.P384():
		return &suite{member: "proofValue", decode: multibase, hash: sha384Sum,
			check: ecdsaCheck(k, 48, sha384Sum), sha384: true}, nil
	}
	return nil, fail(CodeKeyType, "%s is checked with P-256 and P-384 keys, not %T", EcdsaRdfc2019, pub)
}

// multibase reads a proofValue in base58btc.
func multibase(text string) (encoded, error) {
	digits, ok := strings.CutPrefix(text, "z")
	if !ok || len(text) > maxProofValue {
		return encoded{}, fail(CodeValue, "proofValue must be multibase base58btc")
	}
	return encoded{value: base58.Decode(digits)}, nil // empty for a character that is no digit
}

func ed25519Check(k ed25519.PublicKey) checkFunc {
	return func(input, sig []byte) error {
		if len(sig) != ed25519.SignatureSize {
			return fail(CodeValue, "an Ed25519 signature has 64 bytes, not %d", len(sig))
		}
		return verdict(ed25519.Verify(k, input, sig))
	}
}

// ecdsaCheck reads a signature as r and s of size bytes each (IEEE P1363).
func ecdsaCheck(k *ecdsa.PublicKey, size int, hash hashFunc) checkFunc {
	return func(input, sig []byte) error {
		if len(sig) != 2*size {
			return fail(CodeValue, "a signature has %d bytes, not %d", 2*size, len(sig))
		}
		r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
		return verdict(ecdsa.Verify(k, hash(input), r, s))
	}
}

// secp256k1Check is ES256K (RFC 8812) with the rule of Bitcoin that s is at most half
// the order (BIP 62).
func secp256k1Check(k *btcec.PublicKey) checkFunc {
	return func(input, sig []byte) error {
		if len(sig) != 64 {
			return fail(CodeValue, "a signature has 64 bytes, not %d", len(sig))
		}
		var r, s btcec.ModNScalar
		if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) {
			return fail(CodeSignature, "a half of the signature is not below the order of the curve")
		}
		if !secp.NewSignature(&r, &s).Verify(sha256Sum(input), k) {
			return verdict(false)
		}
		if s.IsOverHalfOrder() {
			return fail(CodeHighS, "the signature holds, in the form that is not counted")
		}
		return nil
	}
}

func verdict(ok bool) error {
	if !ok {
		return fail(CodeSignature, "does not match document and key")
	}
	return nil
}

// input is what a suite signs.
type input struct {
	options, document []byte // hashes of the canonical forms
}

func (in *input) bytes() []byte { return concat(in.options, in.document) }

// signingInput is hash(canonical proof options) || hash(canonical document), the
// options read under the document's own contexts (Data Integrity EdDSA 1.0,
// sections 3.2.4 and 3.2.5).
func signingInput(doc, options map[string]any, o jsonld.Options, hash hashFunc) (*input, error) {
	return signingInputOf(doc, nil, options, o, hash)
}

func signingInputOf(doc map[string]any, canonicalDoc *jsonld.Result, options map[string]any, o jsonld.Options, hash hashFunc) (*input, error) {
	config := maps.Clone(options)
	config["@context"] = doc["@context"]
	canonicalConfig, err := jsonld.Canonicalize(config, o)
	if err != nil {
		return nil, err
	}
	if canonicalDoc == nil {
		if canonicalDoc, err = jsonld.Canonicalize(doc, o); err != nil {
			return nil, err
		}
	}
	return &input{
		options:  hash(canonicalConfig.NQuads),
		document: hash(canonicalDoc.NQuads),
	}, nil
}
