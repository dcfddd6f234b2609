package did

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Limits of an issuer document. Real ones have some kilobytes and a few keys.
const (
	maxDocument = 1 << 20 // bytes
	maxKeys     = 1000
)

// A Purpose says what a key may be used for (Controller Documents 1.0, section 2.3).
type Purpose string

// The purposes a verifier asks for.
const (
	AssertionMethod Purpose = "assertionMethod"
	Authentication  Purpose = "authentication"
)

// A Window is the time in which a key or address speaks for its issuer. Zero times
// are unknown, not unlimited: a key without Created has no attested beginning.
type Window struct {
	Created time.Time // first instant
	Expires time.Time // first instant after; zero: no end stated
	Revoked time.Time // first instant after; zero: not revoked
}

// A Key is one verification method of an issuer.
type Key struct {
	ID         string // absolute, with fragment
	Controller string
	Type       string           // as the document names it, for example "JsonWebKey2020"
	Public     crypto.PublicKey // ed25519.PublicKey, *ecdsa.PublicKey or *btcec.PublicKey
	Purposes   []Purpose
	Window
}

// May reports whether the document lists k for p.
func (k *Key) May(p Purpose) bool { return slices.Contains(k.Purposes, p) }

// An Address is a Bitcoin or Ethereum address an issuer commits from, as its
// profile lists it.
type Address struct {
	Address string // without the scheme "ecdsa-koblitz-pubkey:"
	Window
}

// A Document is what an issuer says of itself: a DID document, a Blockcerts issuer
// profile, or both in one.
type Document struct {
	ID             string
	Name           string
	Keys           []Key
	Addresses      []Address
	RevocationList string // URL of an Open Badges revocation list, or empty
	// Skipped lists keys that could not be read, by id, with the reason. A key
	// of a type unknown here must not make the others unusable.
	Skipped map[string]error
}

// Key returns the key with the given absolute id.
func (d *Document) Key(id string) (*Key, bool) {
	i := slices.IndexFunc(d.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return nil, false
	}
	return &d.Keys[i], true
}

// Parse reads a DID document or an issuer profile of Blockcerts 2 or 3. It is strict
// JSON of at most 1 MiB; members it does not know are left alone, since issuers add
// their own. It returns an *Error, or the *strictjson.Error.
func Parse(data []byte) (*Document, error) {
	v, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: maxDocument})
	if err != nil {
		return nil, err
	}
	return FromObject(v)
}

// FromObject is Parse for a document that has been parsed already.
func FromObject(v map[string]any) (*Document, error) {
	d := &Document{ID: text(v["id"]), Name: text(v["name"]), RevocationList: text(v["revocationList"])}
	if !strings.Contains(d.ID, ":") {
		return nil, fail(CodeDocument, "/id", "an issuer document needs an absolute id")
	}
	methods, ok := list(v["verificationMethod"])
	if !ok {
		return nil, fail(CodeDocument, "/verificationMethod", "must be a list")
	}
	if err := d.addMethods(v, methods); err != nil {
		return nil, err
	}
	return d, d.addAddresses(v["publicKey"])
}

func (d *Document) addMethods(v map[string]any, methods []any) error {
	if len(methods) > maxKeys {
		return fail(CodeDocument, "/verificationMethod", "more than %d keys", maxKeys)
	}
	for i, m := range methods {
		if err := d.addMethod(m, fmt.Sprintf("/verificationMethod/%d", i)); err != nil {
			return err
		}
	}
	for _, p := range []Purpose{AssertionMethod, Authentication} {
		refs, ok := list(v[string(p)])
		if !ok {
			return fail(CodeDocument, "/"+string(p), "must be a list")
		}
		for i, r := range refs {
			if err := d.addPurpose(p, r, fmt.Sprintf("/%s/%d", p, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Document) addMethod(v any, place string) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fail(CodeDocument, place, "must be an object")
	}
	k := Key{ID: d.absolute(text(m["id"])), Controller: text(m["controller"]), Type: text(m["type"])}
	if k.ID == "" {
		return fail(CodeDocument, place+"/id", "missing")
	}
	if _, twice := d.Key(k.ID); twice {
		return fail(CodeDocument, place+"/id", "the id is there twice")
	}
	var err error
	if k.Window, err = window(m, place); err != nil {
		return err
	}
	if k.Public, err = publicKey(m); err != nil {
		if d.Skipped == nil {
			d.Skipped = make(map[string]error)
		}
		d.Skipped[k.ID] = err
		return nil
	}
	d.Keys = append(d.Keys, k)
	return nil
}

// addPurpose reads an entry of assertionMethod or authentication: the id of a key,
// or a key of its own.
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
	if k, known := d.Key(d.absolute(id)); known {
		k.Purposes = append(k.Purposes, p)
	}
	return nil
}

func (d *Document) addAddresses(v any) error {
	entries, ok := list(v)
	if !ok || len(entries) > maxKeys {
		return fail(CodeDocument, "/publicKey", "must be a list of at most %d", maxKeys)
	}
	for i, e := range entries {
		place := fmt.Sprintf("/publicKey/%d", i)
		m, ok := e.(map[string]any)
		if !ok {
			return fail(CodeDocument, place, "must be an object")
		}
		id := text(m["id"])
		if id == "" {
			id = text(m["publicKey"])
		}
		addr, ok := strings.CutPrefix(id, "ecdsa-koblitz-pubkey:")
		if !ok {
			continue // a key of another kind, not an address
		}
		w, err := window(m, place)
		if err != nil {
			return err
		}
		d.Addresses = append(d.Addresses, Address{Address: addr, Window: w})
	}
	return nil
}

// absolute completes a fragment ("#key-1") with the document's id.
func (d *Document) absolute(id string) string {
	if strings.HasPrefix(id, "#") {
		return d.ID + id
	}
	return id
}

func publicKey(m map[string]any) (crypto.PublicKey, error) {
	if jwk, ok := m["publicKeyJwk"].(map[string]any); ok {
		return parseJWK(jwk)
	}
	if s, ok := m["publicKeyMultibase"].(string); ok {
		return ParseMultikey(s)
	}
	if s, ok := m["publicKeyHex"].(string); ok {
		return publicKeyHex(s)
	}
	return nil, fail(CodeUnsupported, "", "no publicKeyJwk, publicKeyMultibase or publicKeyHex")
}

// timeForms are the ways real issuer documents write times. A time without a zone
// is read as UTC: profiles state windows in days, and the verifier judges windows
// against an interval of hours.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02"}

func window(m map[string]any, place string) (w Window, err error) {
	for name, into := range map[string]*time.Time{"created": &w.Created, "expires": &w.Expires, "revoked": &w.Revoked} {
		v, given := m[name]
		if !given || v == nil || v == "" || v == false {
			continue
		}
		s, _ := v.(string)
		i := slices.IndexFunc(timeForms, func(form string) bool {
			t, err := time.Parse(form, s)
			*into = t.UTC()
			return err == nil
		})
		if i < 0 {
			return w, fail(CodeDocument, place+"/"+name, "not a time")
		}
	}
	return w, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// list returns the elements of an array, one element for a single value, none for
// an absent one.
func list(v any) ([]any, bool) {
	switch x := v.(type) {
	case nil:
		return nil, true
	case []any:
		return x, true
	case map[string]any, string:
		return []any{x}, true
	}
	return nil, false
}

// Resolve computes the document of a did:key or did:jwk. Other methods need bytes
// from elsewhere: it returns an Error with CodeMethod.
func Resolve(id string) (*Document, error) {
	id, _, _ = strings.Cut(id, "#")
	if text, ok := strings.CutPrefix(id, "did:key:"); ok {
		pub, err := ParseMultikey(text)
		if err != nil {
			return nil, err
		}
		return computed(id, id+"#"+text, "Multikey", pub), nil
	}
	if text, ok := strings.CutPrefix(id, "did:jwk:"); ok {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, fail(CodeKey, id, "not base64url")
		}
		jwk, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: 4 << 10})
		if err != nil {
			return nil, fail(CodeKey, id, "%v", err)
		}
		pub, err := parseJWK(jwk)
		if err != nil {
			return nil, err
		}
		return computed(id, id+"#0", "JsonWebKey", pub), nil
	}
	return nil, fail(CodeMethod, id, "only did:key and did:jwk can be computed")
}

// computed returns the document of a DID that is its own key. Such a key has no
// window of its own; whoever trusts the DID states one.
func computed(id, keyID, typ string, pub crypto.PublicKey) *Document {
	return &Document{ID: id, Keys: []Key{{
		ID: keyID, Controller: id, Type: typ, Public: pub,
		Purposes: []Purpose{AssertionMethod, Authentication},
	}}}
}

// KeyDID returns the did:key of pub.
func KeyDID(pub crypto.PublicKey) (string, error) {
	m, err := Multikey(pub)
	if err != nil {
		return "", err
	}
	return "did:key:" + m, nil
}
