package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// A Form is what a draft becomes.
type Form string

// The forms. All are leaves of one tree.
const (
	FormLD    Form = "ld"        // a VC 2.0 document with Data Integrity proofs
	FormSDJWT Form = "sd-jwt"    // an SD-JWT of the same document (vc+sd-jwt), whose claims can be shown singly
	FormDC    Form = "dc+sd-jwt" // an SD-JWT VC, which says the same in flat claims
)

// Forms returns all forms.
func Forms() []Form { return []Form{FormLD, FormSDJWT, FormDC} }

func (f Form) known() bool { return f == "" || slices.Contains(Forms(), f) }

func (f Form) isSDJWT() bool { return f == FormSDJWT || f == FormDC }

// InForm returns the drafts to be issued in one form, or in several: then each draft comes
// once for each.
func InForm(drafts Drafts, forms ...Form) Drafts {
	return func(yield func(Draft, error) bool) {
		for d, err := range drafts {
			for _, f := range forms {
				d.Form = f
				if !yield(d, err) {
					return
				}
				if err != nil {
					break
				}
			}
		}
	}
}

// MaxCopies is how often one SD-JWT can be issued at once.
const MaxCopies = 100

// Copies returns the drafts with each SD-JWT n times: copies that say the same and have
// nothing in common that two verifiers could compare, but what is shown of them. Each is a
// leaf of its own with a status entry of its own.
func Copies(drafts Drafts, n int) Drafts {
	return func(yield func(Draft, error) bool) {
		for d, err := range drafts {
			most := 1
			if d.Form.isSDJWT() && err == nil {
				most = n
			}
			for d.Copy = range most {
				if !yield(d, err) {
					return
				}
			}
		}
	}
}

const (
	// concealedDigests is how many digests a subject has at least, decoys included, so that
	// their number does not tell which claims there are; more than it come in such steps.
	concealedDigests = 32
	saltBytes        = 16 // RFC 9901, section 9.3
)

// shownAlways are the members of a subject that are never hidden: whom it is about, so that
// the holder can be bound, and the place, so that nobody speaks for another by keeping quiet.
var shownAlways = []string{"id", "type", "jurisdiction"}

// concealed is the payload of an SD-JWT and the disclosures of what it hides.
type concealed struct {
	id, typ     string
	payload     []byte
	disclosures []string
}

// conceal replaces the subject's claims by salted digests, sorted, with decoys among them.
func (is *Issuer) conceal(doc map[string]any, form Form) (*concealed, error) {
	subject, ok := doc["credentialSubject"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("issuer: an SD-JWT needs one subject")
	}
	if _, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: is.contexts, Mode: jsonld.Strict}); err != nil {
		return nil, err // undefined terms, as in the other form
	}
	c := &concealed{typ: credential.TypVC}
	c.id, _ = doc["id"].(string)
	open, err := is.hide(c, is.withAbsent(subject, draftTypes(doc)))
	if err != nil {
		return nil, err
	}
	var holder *did.Document
	if id, _ := subject["id"].(string); strings.HasPrefix(id, "did:key:") {
		if holder, err = did.Resolve(id); err != nil {
			return nil, err
		}
	}
	payload := maps.Clone(doc)
	delete(payload, "salt") // each claim has its own
	payload["credentialSubject"] = open
	if form == FormDC {
		c.typ = credential.TypDC
		if payload, err = is.flatten(payload, open); err != nil {
			return nil, err
		}
	}
	payload["_sd_alg"] = "sha-256"
	payload["anchored"] = true
	if holder != nil {
		if payload["cnf"], err = confirmation(holder, form); err != nil {
			return nil, err
		}
	}
	c.payload, err = canonicalJSON(payload)
	return c, err
}

// withAbsent returns the subject with null for each weighty member that it lacks, so that its
// holder can show that there is none, and need not.
func (is *Issuer) withAbsent(subject map[string]any, types []string) map[string]any {
	if is.config.Weighty == nil {
		return subject
	}
	subject = maps.Clone(subject)
	for _, name := range is.config.Weighty(types) {
		if _, there := subject[name]; !there {
			subject[name] = nil
		}
	}
	return subject
}

// hide makes the disclosures of a subject and returns what of it stays in the clear.
func (is *Issuer) hide(c *concealed, subject map[string]any) (map[string]any, error) {
	open := map[string]any{}
	var digests []any
	for _, name := range slices.Sorted(maps.Keys(subject)) {
		if slices.Contains(shownAlways, name) {
			open[name] = subject[name]
			continue
		}
		salt, err := is.random(saltBytes)
		if err != nil {
			return nil, err
		}
		text, err := plainJSON([]any{base64.RawURLEncoding.EncodeToString(salt), name, subject[name]})
		if err != nil {
			return nil, err
		}
		one := base64.RawURLEncoding.EncodeToString(text)
		sum := sha256.Sum256([]byte(one))
		c.disclosures = append(c.disclosures, one)
		digests = append(digests, base64.RawURLEncoding.EncodeToString(sum[:]))
	}
	for len(digests) == 0 || len(digests)%concealedDigests != 0 {
		decoy, err := is.random(sha256.Size)
		if err != nil {
			return nil, err
		}
		digests = append(digests, base64.RawURLEncoding.EncodeToString(decoy))
	}
	slices.SortFunc(digests, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	open["_sd"] = digests
	return open, nil
}

// confirmation is cnf (RFC 7800): other wallets of an SD-JWT VC look for the key itself.
func confirmation(holder *did.Document, form Form) (any, error) {
	if form != FormDC {
		return map[string]any{"kid": holder.Keys[0].ID}, nil
	}
	key, err := did.JWK(holder.Keys[0].Public)
	return map[string]any{"jwk": key}, err
}

// checkFlat refuses a draft that SD-JWT VC has no way to say.
func checkFlat(draft map[string]any) (path string, err error) {
	if types := draftTypes(draft); len(types) != 1 {
		return "/type", fmt.Errorf("an SD-JWT VC has one type, not %v", types)
	}
	subject, ok := draft["credentialSubject"].(map[string]any)
	if !ok {
		return "/credentialSubject", errors.New("an SD-JWT VC needs one subject")
	}
	for name := range subject {
		if name != "id" && slices.Contains(credential.ReservedClaims(), name) {
			return "/credentialSubject/" + name, errors.New("would be a claim of the JWT itself")
		}
	}
	for _, name := range []string{"validFrom", "validUntil"} {
		if text, given := draft[name].(string); given {
			if t, err := time.Parse(time.RFC3339, text); err != nil || t.Nanosecond() != 0 || t.Unix() <= 0 {
				return "/" + name, errors.New("an SD-JWT VC has times in whole seconds since 1970")
			}
		}
	}
	return "", nil
}

// flatten turns a document, whose draft checkFlat has seen, into the claims of an SD-JWT VC,
// as package credential reads them back.
func (is *Issuer) flatten(doc, subject map[string]any) (map[string]any, error) {
	vct, err := is.iriOf(draftTypes(doc)[0])
	if err != nil {
		return nil, err
	}
	claims := maps.Clone(subject)
	if id, given := claims["id"]; given {
		delete(claims, "id")
		claims["sub"] = id
	}
	claims["vct"], claims["iss"], claims["jti"] = vct, is.profile.ID, doc["id"]
	for member, claim := range map[string]string{"validFrom": "nbf", "validUntil": "exp"} {
		text, given := doc[member].(string)
		if !given {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, err
		}
		claims[claim] = t.Unix()
	}
	rest := maps.Clone(doc)
	for _, name := range []string{"@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "credentialStatus"} {
		delete(rest, name)
	}
	revocation, others := is.lists.asTokens(doc["credentialStatus"])
	if revocation != nil {
		claims["status"] = revocation
	}
	if len(others) > 0 {
		rest["credentialStatus"] = others
	}
	if len(rest) > 0 {
		claims["vc"] = rest
	}
	return claims, nil
}

// iriOf returns what a type means by the contexts of this issuer.
func (is *Issuer) iriOf(name string) (string, error) {
	res, err := jsonld.Canonicalize(map[string]any{"@context": is.contextList(), "id": "urn:uuid:00000000-0000-0000-0000-000000000000", "type": name},
		jsonld.Options{Contexts: is.contexts, Mode: jsonld.Strict})
	if err != nil {
		return "", err
	}
	parts := strings.Fields(string(res.NQuads)) // subject, rdf:type, the IRI and a dot
	if len(parts) != 4 || !strings.HasPrefix(parts[2], "<") {
		return "", fmt.Errorf("issuer: the contexts do not say what %s is", name)
	}
	return strings.Trim(parts[2], "<>"), nil
}

// canonicalJSON is the RFC 8785 form of a document that was completed in memory.
func canonicalJSON(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	tree, err := strictjson.Parse(text, strictjson.Limits{Bytes: credential.MaxBytes})
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(tree)
}

func (is *Issuer) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(is.config.Random, b); err != nil {
		return nil, fmt.Errorf("issuer: no random numbers: %w", err)
	}
	return b, nil
}

// signSDJWT signs a concealed document. Its file has all disclosures: it is the holder's.
func (b *Batch) signSDJWT(s spooled) (spooled, error) {
	jwt, err := cryptosuite.SignJWT(s.concealed.typ, b.is.config.KeyID, s.concealed.payload, b.is.config.Signer)
	if err != nil {
		return s, err
	}
	s.Leaf = credential.LeafOfJWT(jwt)
	s.Doc, err = plainJSON(map[string]any{"version": 1, "type": credential.TypeSDJWT,
		"sdJwt": strings.Join(append([]string{jwt}, s.concealed.disclosures...), "~") + "~"})
	if err == nil {
		_, err = credential.Parse(s.Doc) // what cannot be read is not issued
	}
	s.concealed = nil
	return s, err
}

// proveSDJWT puts the Merkle proof beside the SD-JWT, which stays as it is.
func (b *Batch) proveSDJWT(object map[string]any, s spooled, path merkleproof.Path) (id string, doc []byte, err error) {
	c, err := credential.Parse(s.Doc)
	if err != nil {
		return "", nil, err
	}
	if object["proof"], err = b.merkleProof(s, path); err != nil {
		return "", nil, err
	}
	doc, err = plainJSON(object)
	return c.ID(), doc, err
}
