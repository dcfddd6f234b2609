package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// A Form is what a draft becomes.
type Form string

// The forms. Both are leaves of one tree.
const (
	FormLD    Form = "ld"     // a VC 2.0 document with Data Integrity proofs
	FormSDJWT Form = "sd-jwt" // an SD-JWT of the same document, whose claims can be shown singly
)

func (f Form) known() bool { return f == "" || f == FormLD || f == FormSDJWT }

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
			if d.Form == FormSDJWT && err == nil {
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
	id          string
	payload     []byte
	disclosures []string
}

// conceal replaces the subject's claims by salted digests, sorted, with decoys among them.
func (is *Issuer) conceal(doc map[string]any) (*concealed, error) {
	subject, ok := doc["credentialSubject"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("issuer: an SD-JWT needs one subject")
	}
	if _, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: is.contexts, Mode: jsonld.Strict}); err != nil {
		return nil, err // undefined terms, as in the other form
	}
	c := &concealed{}
	c.id, _ = doc["id"].(string)
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
	payload := maps.Clone(doc)
	delete(payload, "salt") // each claim has its own
	payload["credentialSubject"] = open
	payload["_sd_alg"] = "sha-256"
	payload["anchored"] = true
	if id, _ := subject["id"].(string); strings.HasPrefix(id, "did:key:") {
		holder, err := did.Resolve(id)
		if err != nil {
			return nil, err
		}
		payload["cnf"] = map[string]any{"kid": holder.Keys[0].ID}
	}
	var err error
	c.payload, err = canonicalJSON(payload)
	return c, err
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
	jwt, err := cryptosuite.SignJWT(credential.TypVC, b.is.config.KeyID, s.concealed.payload, b.is.config.Signer)
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
