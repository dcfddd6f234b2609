package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/merkleproof"
)

// withStatusIDs returns a finished credential in another shape: every status entry has
// an id, which the data model makes optional and the public verifier asks for. It is
// signed again and anchored to a mock chain by itself.
func (o *office) withStatusIDs(finished []byte) ([]byte, error) {
	doc, err := parse(finished)
	if err != nil {
		return nil, err
	}
	proofs, _ := doc["proof"].([]any)
	entries, _ := doc["credentialStatus"].([]any)
	if len(proofs) != 2 || len(entries) == 0 {
		return nil, errors.New("a credential without its proofs or without status entries")
	}
	delete(doc, "proof")
	for _, e := range entries {
		if e, ok := e.(map[string]any); ok {
			e["id"] = fmt.Sprintf("%v#%v", e["statusListCredential"], e["statusListIndex"])
		}
	}
	contexts, err := o.contexts()
	if err != nil {
		return nil, err
	}
	merkle, _ := proofs[1].(map[string]any)
	created, err := time.Parse(time.RFC3339, fmt.Sprint(merkle["created"]))
	if err != nil {
		return nil, err
	}
	signature, err := cryptosuite.Sign(doc, cryptosuite.Options{ID: fmt.Sprint(merkle["previousProof"]), VerificationMethod: o.keyID,
		Purpose: did.AssertionMethod, Created: created}, o.signer, contexts)
	if err != nil {
		return nil, err
	}
	doc["proof"] = []any{signature}
	form, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: contexts})
	if err != nil {
		return nil, err
	}
	leaf := credential.Leaf(form)
	alone := merkleproof.Proof{Root: leaf, Target: leaf, Anchor: merkleproof.Anchor{Chain: merkleproof.Mocknet, TxID: merkleproof.MockSentence}}
	if merkle["proofValue"], err = alone.Encode2019(); err != nil {
		return nil, err
	}
	doc["proof"] = []any{signature, merkle}
	return json.Marshal(doc)
}
