package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// MaxBytes is the largest document read. A real certificate with images has 2.1 MB.
const MaxBytes = 8 << 20

// MaxProofs is the largest number of proofs of one document, several signers included.
const MaxProofs = 16

// Contexts that tell versions apart.
const (
	ContextVC1           = "https://www.w3.org/2018/credentials/v1"
	ContextVC2           = "https://www.w3.org/ns/credentials/v2"
	ContextDataIntegrity = "https://w3id.org/security/data-integrity/v2"
	ContextBlockcerts    = "https://w3id.org/blockcerts/v3.2"
)

// A Version says by which rules a document is read.
type Version string

// The versions.
const (
	Blockcerts12 Version = "blockcerts-1.2" // {document, receipt}
	Blockcerts2  Version = "blockcerts-2"   // Open Badges assertion with a signature
	VC1          Version = "vc-1.1"         // Blockcerts 3.0 and 3.1 among them
	VC2          Version = "vc-2.0"         // Blockcerts 3.2 among them
)

// A Code names why a document could not be read. Codes are stable.
type Code string

// The codes of Error. Errors of the JSON itself come from internal/strictjson.
const (
	CodeVersion Code = "unknown-version"
	CodeMember  Code = "malformed-member"
	CodeProof   Code = "malformed-proof"
	CodeDate    Code = "malformed-date"
	CodeLimit   Code = "limit-proofs"
)

// An Error says why a document could not be read.
type Error struct {
	Code   Code
	Path   string // JSON pointer
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("credential: %s at %s: %s", e.Code, e.Path, e.Detail)
}

func fail(code Code, path, format string, args ...any) error {
	return &Error{Code: code, Path: path, Detail: fmt.Sprintf(format, args...)}
}

// A Credential is a parsed document. It is not changed after Parse and safe for
// concurrent use.
type Credential struct {
	version Version
	raw     []byte
	doc     map[string]any
	proofs  []Proof
}

// Parse reads a credential of at most MaxBytes. It returns a *strictjson.Error for
// bad JSON (duplicate keys, invalid UTF-8, too deep), or an *Error.
func Parse(raw []byte) (*Credential, error) {
	doc, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, err
	}
	return FromObject(raw, doc)
}

// FromObject is Parse for a document parsed already; raw are its bytes as received.
// It keeps both and changes neither.
func FromObject(raw []byte, doc map[string]any) (*Credential, error) {
	c := &Credential{raw: raw, doc: doc}
	var err error
	if c.version, err = versionOf(doc); err != nil {
		return nil, err
	}
	if err = c.checkMembers(); err != nil {
		return nil, err
	}
	c.proofs, err = readProofs(c.version, doc)
	return c, err
}

// versionOf looks at members and contexts, never at a version number that a holder
// could have added.
func versionOf(doc map[string]any) (Version, error) {
	if _, ok := doc["document"].(map[string]any); ok && doc["receipt"] != nil {
		return Blockcerts12, nil
	}
	contexts := contextURLs(doc["@context"])
	switch v1, v2 := slices.Contains(contexts, ContextVC1), slices.Contains(contexts, ContextVC2); {
	case v1 && v2:
		return "", fail(CodeVersion, "/@context", "both versions of the W3C credentials context")
	case v2:
		return VC2, nil
	case v1:
		return VC1, nil
	}
	if _, ok := doc["badge"].(map[string]any); ok {
		return Blockcerts2, nil
	}
	return "", fail(CodeVersion, "/@context", "neither a W3C credential nor a Blockcerts certificate")
}

func contextURLs(v any) []string {
	var urls []string
	for _, e := range asList(v) {
		if s, ok := e.(string); ok {
			urls = append(urls, s)
		}
	}
	return urls
}

// checkMembers refuses shapes that later steps would have to guess about.
func (c *Credential) checkMembers() error {
	if c.version == Blockcerts12 {
		return nil
	}
	if id, ok := c.doc["id"]; ok {
		if _, ok := id.(string); !ok {
			return fail(CodeMember, "/id", "must be a text")
		}
	}
	if c.Issuer() == "" {
		return fail(CodeMember, "/issuer", "a credential names its issuer by id")
	}
	if len(c.Types()) == 0 {
		return fail(CodeMember, "/type", "missing")
	}
	return nil
}

// Version tells by which rules the document is read.
func (c *Credential) Version() Version { return c.version }

// Raw returns the bytes as received. The caller must not change them.
func (c *Credential) Raw() []byte { return c.raw }

// Digest returns the SHA-256 of the bytes as received, in lowercase hexadecimal:
// the name of this file in reports, not the leaf.
func (c *Credential) Digest() string {
	sum := sha256.Sum256(c.raw)
	return hex.EncodeToString(sum[:])
}

// ID returns the document's id, or "".
func (c *Credential) ID() string { return asText(c.body()["id"]) }

// Types returns the document's types in order.
func (c *Credential) Types() []string {
	var types []string
	for _, t := range asList(c.body()["type"]) {
		if s, ok := t.(string); ok {
			types = append(types, s)
		}
	}
	return types
}

// IsPresentation reports whether the document is a verifiable presentation.
func (c *Credential) IsPresentation() bool {
	return slices.Contains(c.Types(), "VerifiablePresentation")
}

// Issuer returns the id of the issuer the document names: a claim, until a proof
// and the trust file bear it out. For a presentation it is the holder.
func (c *Credential) Issuer() string {
	v := c.body()["issuer"]
	switch {
	case c.version == Blockcerts2 || c.version == Blockcerts12:
		v = asObject(c.body()["badge"])["issuer"]
		if v == nil {
			v = asObject(c.body()["certificate"])["issuer"]
		}
	case v == nil && c.IsPresentation():
		if v = c.body()["holder"]; v == nil && len(c.proofs) > 0 {
			v, _, _ = strings.Cut(c.proofs[0].VerificationMethod, "#")
		} else if v == nil {
			for _, p := range asList(c.doc["proof"]) {
				v, _, _ = strings.Cut(asText(asObject(p)["verificationMethod"]), "#")
				break
			}
		}
	}
	return idOf(v)
}

// IssuerName returns the name the document gives its issuer: never to be shown as
// a fact.
func (c *Credential) IssuerName() string {
	if c.version == Blockcerts2 {
		return asText(asObject(asObject(c.doc["badge"])["issuer"])["name"])
	}
	return asText(asObject(c.body()["issuer"])["name"])
}

// body is the part that carries the claims: `document` in v1.2, else the whole.
func (c *Credential) body() map[string]any {
	if c.version == Blockcerts12 {
		return asObject(c.doc["document"])
	}
	return c.doc
}

// Member returns a top-level member of the document as parsed; nil if absent. It is
// for steps that need a value before its canonical form; show nobody what it returns.
func (c *Credential) Member(name string) any { return c.body()[name] }

// Proofs returns the proofs in the order of the document.
func (c *Credential) Proofs() []Proof { return c.proofs }

// Unsecured returns the document without any proof. The result shares its values
// with the document and must not be changed.
func (c *Credential) Unsecured() map[string]any {
	if c.version == Blockcerts12 {
		return asObject(c.doc["document"])
	}
	bare := maps.Clone(c.doc)
	delete(bare, "proof")
	if c.version == Blockcerts2 {
		delete(bare, "signature")
	}
	return bare
}

// Covered returns the document that proof i covers, by position and by nothing the
// holder could edit:
//
//   - a Merkle proof covers the document with the proofs before it (Blockcerts
//     formats, section 2), whether or not it says so;
//   - a signature covers the document without any proof, or, if it names an earlier
//     proof by previousProof, with that proof (Data Integrity 1.0, section 4.3).
//
// The result shares its values with the document and must not be changed.
func (c *Credential) Covered(i int) map[string]any {
	bare := c.Unsecured()
	if before := c.proofs[i].covers; len(before) > 0 {
		bare = maps.Clone(bare)
		list := make([]any, len(before))
		for k, j := range before {
			list[k] = c.proofs[j].Object
		}
		bare["proof"] = list
	}
	return bare
}

// Mode returns how strictly the document's members must lead to statements.
func (c *Credential) Mode() jsonld.Mode {
	if c.version == VC2 {
		return jsonld.Strict
	}
	return jsonld.Lax
}

// Canonical returns the canonical form of what proof i covers and the claims that
// come out of it. Errors are of type *jsonld.Error.
func (c *Credential) Canonical(i int, contexts *jsonld.Contexts) (*jsonld.Result, error) {
	return jsonld.Canonicalize(c.Covered(i), jsonld.Options{Contexts: contexts, Mode: c.Mode()})
}

// Leaf returns the SHA-256 of a canonical form: what a Merkle proof must start from.
func Leaf(canonical *jsonld.Result) merkleproof.Hash { return merkleproof.Sum(canonical.NQuads) }

func asText(v any) string {
	s, _ := v.(string)
	return s
}

func asObject(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func asList(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

func idOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		return asText(m["id"])
	}
	return asText(v)
}
