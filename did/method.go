package did

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"
)

// A family bounds which keys a type of verification method may hold.
type family int

const (
	anyKey family = iota
	onlyEd25519
	onlySecp256k1
	onlyEC
)

// methodTypes are the types of verification methods read here. A name outside the
// table is skipped: its members could mean anything.
var methodTypes = map[string]family{
	"Multikey":                          anyKey, // Controlled Identifiers 1.0, section 2.2.2
	"JsonWebKey":                        anyKey, // section 2.2.3
	"JsonWebKey2020":                    anyKey,
	"Ed25519VerificationKey2018":        onlyEd25519,
	"Ed25519VerificationKey2020":        onlyEd25519,
	"EcdsaSecp256k1VerificationKey2019": onlySecp256k1,
	"EcdsaVerificationKey2019":          onlyEC, // written by some resolvers for any curve
}

func (f family) holds(k crypto.PublicKey) bool {
	switch k.(type) {
	case ed25519.PublicKey:
		return f == anyKey || f == onlyEd25519
	case *btcec.PublicKey:
		return f == anyKey || f == onlySecp256k1 || f == onlyEC
	case *ecdsa.PublicKey:
		return f == anyKey || f == onlyEC
	}
	return false
}

// keyForms are the members that hold a public key, and how each is read.
var keyForms = []struct {
	member string
	read   func(any, family) (crypto.PublicKey, error)
}{
	{"publicKeyJwk", func(v any, _ family) (crypto.PublicKey, error) {
		jwk, ok := v.(map[string]any)
		if !ok {
			return nil, fail(CodeKey, "/publicKeyJwk", "must be an object")
		}
		return parseJWK(jwk)
	}},
	{"publicKeyMultibase", func(v any, _ family) (crypto.PublicKey, error) { return ParseMultikey(text(v)) }},
	{"publicKeyBase58", func(v any, f family) (crypto.PublicKey, error) { return publicKeyBase58(text(v), f) }},
	{"publicKeyHex", func(v any, f family) (crypto.PublicKey, error) { return publicKeyHex(text(v), f) }},
}

// methodKey reads the key of a verification method. Two forms in one method could be
// two keys, and Controlled Identifiers 1.0, section 2.2, forbids them.
func methodKey(m map[string]any) (crypto.PublicKey, error) {
	typ := text(m["type"])
	f, known := methodTypes[typ]
	if !known {
		return nil, fail(CodeUnsupported, "/type", "%q", typ)
	}
	var key crypto.PublicKey
	for _, form := range keyForms {
		v, given := m[form.member]
		if !given || v == nil {
			continue
		}
		if key != nil {
			return nil, fail(CodeKey, "/"+form.member, "the key is there in two forms")
		}
		var err error
		if key, err = form.read(v, f); err != nil {
			return nil, err
		}
	}
	switch {
	case key == nil:
		return nil, fail(CodeUnsupported, "", "no publicKeyJwk, publicKeyMultibase, publicKeyBase58 or publicKeyHex")
	case !f.holds(key):
		return nil, fail(CodeKey, "/type", "a %s holds no %T", typ, key)
	}
	return key, nil
}

func (d *Document) addMethods(v map[string]any) error {
	methods, err := objects(v, "verificationMethod")
	if err != nil {
		return err
	}
	for i, m := range methods {
		if err := d.addMethod(m, fmt.Sprintf("/verificationMethod/%d", i)); err != nil {
			return err
		}
	}
	for _, p := range []Purpose{AssertionMethod, Authentication} {
		if err := d.addPurposes(v, p); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) addMethod(m map[string]any, place string) error {
	k := Key{ID: d.absolute(text(m["id"])), Controller: text(m["controller"]), Type: text(m["type"])}
	if k.ID == "" {
		return fail(CodeDocument, place+"/id", "missing")
	}
	_, twice := d.Key(k.ID)
	if _, skipped := d.Skipped[k.ID]; twice || skipped {
		return fail(CodeDocument, place+"/id", "the id is there twice")
	}
	if len(d.Keys)+len(d.Skipped) >= maxKeys {
		return fail(CodeLimit, place, "more than %d keys", maxKeys)
	}
	var err error
	if k.Window, err = window(m, place); err == nil {
		k.Public, err = methodKey(m)
	}
	if err != nil {
		d.skip(k.ID, err)
		return nil
	}
	d.Keys = append(d.Keys, k)
	return nil
}

// addPurposes reads assertionMethod or authentication: ids of keys, or keys of their
// own.
func (d *Document) addPurposes(v map[string]any, p Purpose) error {
	refs, ok := list(v[string(p)])
	if !ok {
		return fail(CodeDocument, "/"+string(p), "must be a list")
	}
	if len(refs) > maxKeys {
		return fail(CodeLimit, "/"+string(p), "%d entries, at most %d", len(refs), maxKeys)
	}
	if v[string(p)] != nil {
		d.stated = append(d.stated, p)
	}
	for i, r := range refs {
		if err := d.addPurpose(p, r, fmt.Sprintf("/%s/%d", p, i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) addPurpose(p Purpose, v any, place string) error {
	id, ok := v.(string)
	if !ok {
		m, isObject := v.(map[string]any)
		if !isObject {
			return fail(CodeDocument, place, "must be an id or a key")
		}
		if err := d.addMethod(m, place); err != nil {
			return err
		}
		id = text(m["id"])
	}
	if k, known := d.Key(d.absolute(id)); known && !slices.Contains(k.Purposes, p) {
		k.Purposes = append(k.Purposes, p)
	}
	return nil
}

// sameAddress compares two addresses. Ethereum's capitals are a checksum and those of
// bech32 are free; in base58 they are digits.
func sameAddress(a, b string) bool {
	if a == b {
		return true
	}
	lower := strings.ToLower(a)
	for _, prefix := range []string{"0x", "bc1", "tb1", "bcrt1"} {
		if strings.HasPrefix(lower, prefix) {
			return lower == strings.ToLower(b)
		}
	}
	return false
}
