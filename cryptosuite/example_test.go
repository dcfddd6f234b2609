package cryptosuite_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

func Example() {
	signer := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // a fixed key, for the example only
	id, _ := did.KeyDID(signer.Public())
	issuer, _ := did.Resolve(id)
	doc := map[string]any{
		"@context":          []any{credential.ContextVC2},
		"type":              []any{"VerifiableCredential"},
		"issuer":            id,
		"credentialSubject": map[string]any{"id": "did:example:holder"},
	}
	proof, err := cryptosuite.Sign(doc, cryptosuite.Options{
		VerificationMethod: issuer.Keys[0].ID,
		Purpose:            did.AssertionMethod,
		Created:            time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}, signer, jsonld.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	doc["proof"] = proof
	raw, _ := json.Marshal(doc)

	c, err := credential.Parse(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	options := jsonld.Options{Contexts: jsonld.Builtin(), Mode: c.Mode()}
	p := &c.Proofs()[0]
	fmt.Println(p.Suite, cryptosuite.Verify(c.Covered(0), p, &issuer.Keys[0], options))

	forged := maps.Clone(c.Covered(0))
	forged["credentialSubject"] = map[string]any{"id": "did:example:mallory"}
	fmt.Println(cryptosuite.Verify(forged, p, &issuer.Keys[0], options))
	// Output:
	// eddsa-rdfc-2022 <nil>
	// cryptosuite: signature: does not match document and key
}
