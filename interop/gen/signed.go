package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/certanchor/certanchor/did"
)

// signedCount is the number of documents with a signature only.
const signedCount = 4

// signedOnly takes credentials of the batch in from and leaves them their signature
// alone, which stands without the anchor. Beside them it writes the issuer's key as a
// verifier of W3C Data Integrity looks for it: a controller document with a Multikey.
// The profile lists the same key as JsonWebKey2020.
func signedOnly(dir, from string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(from, "issuer.json"))
	if err != nil {
		return err
	}
	profile, err := did.Parse(raw)
	if err != nil {
		return err
	}
	method := ""
	var names []string
	for i := range signedCount {
		doc, err := readObject(filepath.Join(from, fmt.Sprintf("credential-%d.json", i)))
		if err != nil {
			return err
		}
		proofs, _ := doc["proof"].([]any)
		if len(proofs) != 2 {
			return errors.New("a credential without its two proofs")
		}
		signature, _ := proofs[0].(map[string]any)
		method, _ = signature["verificationMethod"].(string)
		doc["proof"] = signature
		names = append(names, fmt.Sprintf("credential-%d.json", i))
		if err := writeJSON(filepath.Join(dir, names[i]), doc); err != nil {
			return err
		}
	}
	controller, err := controllerDocument(profile, method)
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "controller.json"), controller); err != nil {
		return err
	}
	return listing{Credentials: names, Served: map[string]string{
		profile.ID: "controller.json",
	}}.write(dir)
}

func readObject(name string) (map[string]any, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parse(raw)
}

// controllerDocument states the key of the profile in the form of Controlled
// Identifiers 1.0, section 2.2.2.
func controllerDocument(profile *did.Document, method string) (map[string]any, error) {
	key, ok := profile.Key(method)
	if !ok {
		return nil, fmt.Errorf("the profile does not list %s", method)
	}
	multikey, err := did.Multikey(key.Public)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":       profile.ID,
		"verificationMethod": []any{map[string]any{
			"id": method, "type": "Multikey", "controller": profile.ID, "publicKeyMultibase": multikey,
		}},
		"assertionMethod": []any{method},
	}, nil
}
