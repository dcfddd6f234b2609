package did

import (
	"crypto"
	"fmt"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Limits of an issuer document. Real ones have some kilobytes and a few keys.
const (
	maxDocument = 1 << 20 // bytes
	maxKeys     = 1000    // of each kind: methods, addresses, services
)

// A Purpose says what a key may be used for (Controller Documents 1.0, section 2.3).
type Purpose string

// The purposes a verifier asks for.
const (
	AssertionMethod Purpose = "assertionMethod"
	Authentication  Purpose = "authentication"
)

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

// A Service is an entry of `service` (DID Core, section 5.4).
type Service struct {
	ID        string // absolute
	Types     []string
	Endpoints []string // those that are texts, or the `uri` or `id` of an object
}

// ServiceIssuerProfile is the type of the service that says where a DID's Blockcerts
// issuer profile is published.
const ServiceIssuerProfile = "IssuerProfile"

// A Document is what an issuer says of itself: a DID document, a Blockcerts issuer
// profile, or both in one.
type Document struct {
	ID        string // empty in a profile of v1.1, which has none
	Types     []string
	Name      string
	Keys      []Key
	Addresses []Address
	// RevocationAddresses are those whose spending revokes certificates of v1.1 and
	// v1.2.
	RevocationAddresses []Address
	RevocationList      string // URL of an Open Badges revocation list, or empty
	Services            []Service
	// Skipped lists keys and addresses that could not be read, by id, with the
	// reason. A key of a type unknown here must not make the others unusable.
	Skipped map[string]error

	stated []Purpose
}

// Key returns the key with the given absolute id.
func (d *Document) Key(id string) (*Key, bool) {
	i := slices.IndexFunc(d.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return nil, false
	}
	return &d.Keys[i], true
}

// States reports whether the document has the member p at all. Where it has not, no
// key May be used for p, yet nobody said that none may.
func (d *Document) States(p Purpose) bool { return slices.Contains(d.stated, p) }

// IssuerProfile returns the address of the Blockcerts profile that the document
// names as a service. It makes nobody trusted: whoever wrote the document chose it.
func (d *Document) IssuerProfile() (url string, ok bool) {
	for _, s := range d.Services {
		if slices.Contains(s.Types, ServiceIssuerProfile) && len(s.Endpoints) > 0 {
			return s.Endpoints[0], true
		}
	}
	return "", false
}

// Parse reads a DID document or an issuer profile of any version of Blockcerts. It is
// strict JSON of at most 1 MiB; members it does not know are left alone, since issuers
// add their own. It returns an *Error, or the *strictjson.Error.
func Parse(data []byte) (*Document, error) {
	v, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: maxDocument})
	if err != nil {
		return nil, err
	}
	return FromObject(v)
}

// FromObject is Parse for a document that has been parsed already.
func FromObject(v map[string]any) (*Document, error) {
	d := &Document{ID: text(v["id"]), Types: texts(v["type"]), Name: text(v["name"]),
		RevocationList: text(v["revocationList"])}
	_, v11 := v["issuer_key"]
	if nameless := v11 && v["id"] == nil; !nameless && !strings.Contains(d.ID, ":") {
		return nil, fail(CodeDocument, "/id", "an issuer document needs an absolute id")
	}
	for _, read := range []func(map[string]any) error{d.addMethods, d.addAllAddresses, d.addServices} {
		if err := read(v); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Document) addServices(v map[string]any) error {
	entries, err := objects(v, "service")
	if err != nil {
		return err
	}
	for _, m := range entries {
		d.Services = append(d.Services, Service{ID: d.absolute(text(m["id"])), Types: texts(m["type"]),
			Endpoints: endpoints(m["serviceEndpoint"])})
	}
	return nil
}

func endpoints(v any) []string {
	var urls []string
	elements, _ := list(v)
	for _, e := range elements {
		switch x := e.(type) {
		case string:
			urls = append(urls, x)
		case map[string]any:
			for _, name := range []string{"uri", "id"} {
				if s := text(x[name]); s != "" {
					urls = append(urls, s)
					break
				}
			}
		}
	}
	return urls
}

// absolute completes a fragment ("#key-1") with the document's id.
func (d *Document) absolute(id string) string {
	if strings.HasPrefix(id, "#") {
		return d.ID + id
	}
	return id
}

func (d *Document) skip(id string, why error) {
	if d.Skipped == nil {
		d.Skipped = make(map[string]error)
	}
	d.Skipped[id] = why
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func texts(v any) []string {
	var out []string
	elements, _ := list(v)
	for _, e := range elements {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
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

// objects returns the elements of member name, all objects and at most maxKeys.
func objects(v map[string]any, name string) ([]map[string]any, error) {
	elements, ok := list(v[name])
	if !ok {
		return nil, fail(CodeDocument, "/"+name, "must be a list")
	}
	if len(elements) > maxKeys {
		return nil, fail(CodeLimit, "/"+name, "%d entries, at most %d", len(elements), maxKeys)
	}
	out := make([]map[string]any, len(elements))
	for i, e := range elements {
		if out[i], ok = e.(map[string]any); !ok {
			return nil, fail(CodeDocument, fmt.Sprintf("/%s/%d", name, i), "must be an object")
		}
	}
	return out, nil
}
