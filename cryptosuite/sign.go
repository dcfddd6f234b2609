package cryptosuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"io"
	"math/big"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// Options are what a proof states besides the signature. All of it is signed.
type Options struct {
	ID                 string // of the proof, an absolute IRI such as urn:uuid:…; may be empty
	VerificationMethod string // absolute id of the key in the issuer's document
	Purpose            did.Purpose
	Created            time.Time // written in UTC, to the second
	// Domain and Challenge, if not empty, say for whom and in answer to what the proof was
	// made; Expires, if not zero, when it ends.
	Domain, Challenge string
	Expires           time.Time
	// PreviousProof names proofs of the document by id that this one covers. doc then
	// carries exactly those as its proof (Data Integrity 1.0, section 4.3).
	PreviousProof []string
}

// Sign returns the proof of doc by signer: an Ed25519 key makes an eddsa-rdfc-2022
// proof, a P-256 key an ecdsa-rdfc-2019 one. doc carries no proof of its own, but for
// Options.PreviousProof, and is not changed. The signer may be a key in memory, a token
// or a remote service; a P-256 key in memory signs deterministically (RFC 6979). Errors
// are *Error, *jsonld.Error or the signer's own.
func Sign(doc map[string]any, o Options, signer crypto.Signer, contexts *jsonld.Contexts) (map[string]any, error) {
	suite, err := suiteOf(signer.Public())
	if err != nil {
		return nil, err
	}
	proof := o.block(suite)
	in, err := signingInput(doc, proof, jsonld.Options{Contexts: contexts, Mode: jsonld.Strict, Limits: credential.Limits(doc)}, sha256Sum)
	if err != nil {
		return nil, err
	}
	value, err := signInput(signer, in.bytes())
	if err != nil {
		return nil, err
	}
	proof["proofValue"] = "z" + base58.Encode(value)
	return proof, nil
}

// block returns the proof without its value.
func (o Options) block(suite string) map[string]any {
	proof := map[string]any{
		"type":               credential.DataIntegrityProof,
		"cryptosuite":        suite,
		"created":            o.Created.UTC().Format("2006-01-02T15:04:05Z"),
		"verificationMethod": o.VerificationMethod,
		"proofPurpose":       string(o.Purpose),
	}
	for name, value := range map[string]string{"id": o.ID, "domain": o.Domain, "challenge": o.Challenge} {
		if value != "" {
			proof[name] = value
		}
	}
	if !o.Expires.IsZero() {
		proof["expires"] = o.Expires.UTC().Format("2006-01-02T15:04:05Z")
	}
	switch len(o.PreviousProof) {
	case 0:
	case 1:
		proof["previousProof"] = o.PreviousProof[0]
	default:
		list := make([]any, len(o.PreviousProof))
		for i, id := range o.PreviousProof {
			list[i] = id
		}
		proof["previousProof"] = list
	}
	return proof
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
	random := rand.Reader
	if _, ok := signer.(*ecdsa.PrivateKey); ok {
		random = io.Reader(nil) // RFC 6979: no signature hangs on a random source
	}
	digest := sha256.Sum256(input)
	der, err := signer.Sign(random, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var rs struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &rs)
	if err != nil || len(rest) > 0 || !fits(rs.R) || !fits(rs.S) {
		return nil, fail(CodeSignature, "the signer returned no DER signature of P-256")
	}
	value := make([]byte, 64)
	rs.R.FillBytes(value[:32])
	rs.S.FillBytes(value[32:])
	return value, nil
}

// fits reports whether n can be one half of a P-256 signature.
func fits(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 256 }
