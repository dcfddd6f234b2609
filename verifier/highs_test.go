package verifier_test

import (
	"crypto/sha256"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/certanchor/certanchor/verifier"
)

// TestHighS: whoever holds a secp256k1 signature can write down a second one, with the
// other square root. It holds too; so that no document has two signatures, only one of
// them counts (BIP 62), and the other is no word against the document.
func TestHighS(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	for _, high := range []bool{false, true} {
		doc := w.draft()
		doc["@context"] = append(doc["@context"].([]any), "https://w3id.org/security/suites/secp256k1-2019/v1")
		block := object{"type": "EcdsaSecp256k1Signature2019", "created": stampOf(signedAt),
			"verificationMethod": worldID + "#anchor-1", "proofPurpose": "assertionMethod"}
		header := base64URL([]byte(`{"alg":"ES256K","b64":false,"crit":["b64"]}`))
		digest := sha256.Sum256(append([]byte(header+"."), signingInput(t, w, doc, block)...))
		block["jws"] = header + ".." + base64URL(rs(ecdsa.Sign(w.payer(), digest[:]), high))
		doc["proof"] = []any{block}
		verdict, code := valid, verifier.Code("")
		if high {
			verdict, code = indeterminate, "signature-high-s"
		}
		wantReport(t, verifier.Check(encoded(t, doc), w.evidence(), w.optional(nil), now), verdict, code)
	}
}

// rs writes a signature as r and s of 32 bytes each, s negated if high.
func rs(sig *ecdsa.Signature, high bool) []byte {
	r, s := sig.R(), sig.S()
	if s.IsOverHalfOrder() != high {
		s = *new(btcec.ModNScalar).Set(&s).Negate()
	}
	a, b := r.Bytes(), s.Bytes()
	return append(a[:], b[:]...)
}
