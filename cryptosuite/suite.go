// Package cryptosuite makes and checks the signatures of W3C Data Integrity proofs:
// eddsa-rdfc-2022 and ecdsa-rdfc-2019 (Data Integrity EdDSA and ECDSA Cryptosuites
// 1.0). It judges one signature under one key; whose key that is, and whether it was
// valid at the time, is for package verifier.
//
// Unlike a Merkle proof of Blockcerts, these suites sign the proof's own options too:
// created, verificationMethod and proofPurpose cannot be edited.
package cryptosuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// The suites.
const (
	EddsaRdfc2022 = "eddsa-rdfc-2022"
	EcdsaRdfc2019 = "ecdsa-rdfc-2019" // P-256 or P-384, by the key
)

// maxProofValue bounds a proofValue in characters; a P-384 signature takes 133.
const maxProofValue = 256

// A Code names why a signature does not count. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeUnsupported Code = "unsupported-suite" // a suite that is not judged here
	CodeKeyType     Code = "key-type"          // the key is of another type than the suite
	CodeValue       Code = "malformed-proof-value"
	CodeSignature   Code = "signature" // the signature is not of this document under this key
)

// An Error says why a signature does not count or could not be made.
type Error struct {
	Code   Code
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("cryptosuite: %s: %s", e.Code, e.Detail) }

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Options are what a proof states besides the signature. All of it is signed.
type Options struct {
	ID                 string // of the proof, an absolute IRI such as urn:uuid:…; may be empty
	VerificationMethod string // absolute id of the key in the issuer's document
	Purpose            did.Purpose
	Created            time.Time // written in UTC, to the second
}

// Sign returns the proof of doc by signer: an Ed25519 key makes an eddsa-rdfc-2022
// proof, a P-256 key an ecdsa-rdfc-2019 one. doc must carry no proof of its own and
// is not changed. The signer may be a key in memory, a token or a remote service.
// Errors are *Error, *jsonld.Error or the signer's own.
func Sign(doc map[string]any, o Options, signer crypto.Signer, contexts *jsonld.Contexts) (map[string]any, error) {
	suite, err := suiteOf(signer.Public())
	if err != nil {
		return nil, err
	}
	proof := map[string]any{
		"type":               "DataIntegrityProof",
		"cryptosuite":        suite,
		"created":            o.Created.UTC().Format("2006-01-02T15:04:05Z"),
		"verificationMethod": o.VerificationMethod,
		"proofPurpose":       string(o.Purpose),
	}
	if o.ID != "" {
		proof["id"] = o.ID
	}
	input, err := signingInput(doc, proof, jsonld.Options{Contexts: contexts, Mode: jsonld.Strict}, sha256Sum)
	if err != nil {
		return nil, err
	}
	value, err := signInput(signer, input)
	if err != nil {
		return nil, err
	}
	proof["proofValue"] = "z" + base58.Encode(value)
	return proof, nil
}

func suiteOf(pub crypto.PublicKey) (string, error) {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		return EddsaRdfc2022, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return EcdsaRdfc2019, nil
		}
	}
	return "", fail(CodeKeyType, "no suite signs with %T", pub)
}

func signInput(signer crypto.Signer, input []byte) ([]byte, error) {
	if _, ok := signer.Public().(ed25519.PublicKey); ok {
		return signer.Sign(rand.Reader, input, crypto.Hash(0))
	}
	digest := sha256.Sum256(input)
	der, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &rs); err != nil || len(rest) > 0 {
		return nil, fail(CodeSignature, "the signer returned no DER signature")
	}
	value := make([]byte, 64)
	rs.R.FillBytes(value[:32])
	rs.S.FillBytes(value[32:])
	return value, nil
}

// Verify checks that proof is a signature over covered under key. It returns nil
// only if the check said yes; CodeUnsupported for a suite it cannot judge, and other
// codes for a signature that does not hold. covered is what
// credential.Credential.Covered returns for the proof.
func Verify(covered map[string]any, proof *credential.Proof, key *did.Key, o jsonld.Options) error {
	check, hash, err := judge(proof.Suite, key.Public)
	if err != nil {
		return err
	}
	text, _ := proof.Object["proofValue"].(string)
	digits, ok := strings.CutPrefix(text, "z")
	if !ok || len(text) > maxProofValue {
		return fail(CodeValue, "proofValue must be multibase base58btc")
	}
	config := maps.Clone(proof.Object)
	delete(config, "proofValue")
	input, err := signingInput(covered, config, o, hash)
	if err != nil {
		return err
	}
	return check(input, base58.Decode(digits))
}

type (
	hashFunc  func([]byte) []byte
	checkFunc func(input, signature []byte) error
)

func sha256Sum(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

// judge picks the check by suite and key type together: one key type, one algorithm.
func judge(suite string, pub crypto.PublicKey) (checkFunc, hashFunc, error) {
	switch suite {
	case EddsaRdfc2022:
		k, ok := pub.(ed25519.PublicKey)
		if !ok {
			return nil, nil, fail(CodeKeyType, "%s needs an Ed25519 key, not %T", suite, pub)
		}
		return func(input, sig []byte) error {
			if len(sig) != ed25519.SignatureSize {
				return fail(CodeValue, "an Ed25519 signature has 64 bytes, not %d", len(sig))
			}
			return verdict(ed25519.Verify(k, input, sig))
		}, sha256Sum, nil
	case EcdsaRdfc2019:
		k, ok := pub.(*ecdsa.PublicKey)
		if ok && k.Curve == elliptic.P256() {
			return ecdsaCheck(k, 32, sha256Sum), sha256Sum, nil
		}
		return nil, nil, fail(CodeKeyType, "%s is checked with P-256 keys, not %T", suite, pub)
	}
	return nil, nil, fail(CodeUnsupported, "%q", suite)
}

func ecdsaCheck(k *ecdsa.PublicKey, size int, hash hashFunc) checkFunc {
	return func(input, sig []byte) error {
		if len(sig) != 2*size {
			return fail(CodeValue, "a signature has %d bytes, not %d", 2*size, len(sig))
		}
		r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
		return verdict(ecdsa.Verify(k, hash(input), r, s))
	}
}

func verdict(ok bool) error {
	if !ok {
		return fail(CodeSignature, "does not match document and key")
	}
	return nil
}

// signingInput is hash(canonical proof options) || hash(canonical document), the
// options read under the document's own contexts (Data Integrity EdDSA 1.0,
// sections 3.2.4 and 3.2.5).
func signingInput(doc, options map[string]any, o jsonld.Options, hash hashFunc) ([]byte, error) {
	config := maps.Clone(options)
	config["@context"] = doc["@context"]
	canonicalConfig, err := jsonld.Canonicalize(config, o)
	if err != nil {
		return nil, err
	}
	canonicalDoc, err := jsonld.Canonicalize(doc, o)
	if err != nil {
		return nil, err
	}
	return append(hash(canonicalConfig.NQuads), hash(canonicalDoc.NQuads)...), nil
}
