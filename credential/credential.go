package credential

import (
	"crypto/sha256"
	"encoding/hex"
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
	Profile      Version = "issuer-profile" // what ParseProfile reads
)

// A Credential is a parsed document. It is not changed after Parse and safe for
// concurrent use.
type Credential struct {
	version Version
	path    string
	raw     []byte
	doc     map[string]any
	proofs  []Proof

	envelope *Envelope // of an SD-JWT
}

// Parse reads a credential of at most MaxBytes. It returns a *strictjson.Error for
// bad JSON (duplicate keys, invalid UTF-8, too deep), or an *Error.
func Parse(raw []byte) (*Credential, error) {
	doc, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, err
	}
	if isSDJWT(doc) {
		return parseSDJWT(raw)
	}
	return FromObject(raw, doc)
}

// FromObject is Parse for a document parsed already; raw are its bytes as received.
// It keeps both and changes neither.
func FromObject(raw []byte, doc map[string]any) (*Credential, error) {
	v, err := versionOf(doc)
	if err != nil {
		return nil, err
	}
	return read(raw, doc, v)
}

// ParseProfile reads a signed issuer profile: a document that is no credential, names
// itself by id and carries proofs as a credential does. Its version is Profile.
func ParseProfile(raw []byte) (*Credential, error) {
	doc, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, err
	}
	return read(raw, doc, Profile)
}

func read(raw []byte, doc map[string]any, v Version) (*Credential, error) {
	c := &Credential{version: v, raw: raw, doc: doc}
	if err := c.checkMembers(); err != nil {
		return nil, err
	}
	var err error
	if c.proofs, err = readProofs(v, doc); err != nil {
		return nil, err
	}
	return c, nil
}

// versionOf looks at contexts before members: a member is easier to add.
func versionOf(doc map[string]any) (Version, error) {
	contexts := contextURLs(doc["@context"])
	switch v1, v2 := slices.Contains(contexts, ContextVC1), slices.Contains(contexts, ContextVC2); {
	case v1 && v2:
		return "", fail(CodeVersion, "/@context", "both versions of the W3C credentials context")
	case v2:
		return VC2, nil
	case v1:
		return VC1, nil
	}
	has := func(name string) bool { return asObject(doc[name]) != nil }
	switch {
	case has("document") && has("receipt"):
		return Blockcerts12, nil
	case has("badge"):
		return Blockcerts2, nil
	case has("certificate") && has("assertion"):
		return "", fail(CodeUnsupported, "", "Blockcerts 1.1: the proof is outside of the file")
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
	body, at := c.body(), c.bodyPath()
	id, given := body["id"]
	if _, isText := id.(string); given && !isText && (id != nil || c.version == VC2) {
		return fail(CodeMember, at+"/id", "must be a text")
	}
	types := asList(body["type"])
	for _, t := range types {
		if _, isText := t.(string); !isText {
			return fail(CodeMember, at+"/type", "must be texts")
		}
	}
	switch {
	case slices.ContainsFunc(c.Types(), func(t string) bool { return strings.HasPrefix(t, "EnvelopedVerifiable") }):
		return fail(CodeUnsupported, at+"/type", "an enveloped document: a JWT or SD-JWT in a data URL")
	case !c.subjectsAreObjects():
		// A bare id would let the subject's statements stand under another member
		// without changing the hash, where issuer and subject are one.
		return fail(CodeMember, "/credentialSubject", "must be an object, or a list of objects")
	case len(types) == 0 && c.version != Profile:
		return fail(CodeMember, at+"/type", "missing")
	case c.Issuer() == "" && !c.IsPresentation():
		return fail(CodeMember, c.IssuerPath(), "the document does not name its issuer by id")
	}
	return nil
}

// subjectsAreObjects holds for every W3C credential (VC Data Model 2.0, section 4.8).
func (c *Credential) subjectsAreObjects() bool {
	if c.version != VC1 && c.version != VC2 || c.IsPresentation() {
		return true
	}
	for _, s := range asList(c.doc["credentialSubject"]) {
		if _, ok := s.(map[string]any); !ok {
			return false
		}
	}
	return true
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

// Path returns the JSON pointer of an inner document in the presentation it came
// from, and "" for any other.
func (c *Credential) Path() string { return c.path }

// ID returns the document's id, or "".
func (c *Credential) ID() string {
	if c.version == Blockcerts12 {
		return asText(asObject(c.body()["assertion"])["id"])
	}
	return asText(c.body()["id"])
}

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
	return (c.version == VC1 || c.version == VC2) && slices.Contains(c.Types(), "VerifiablePresentation")
}

// Issuer returns the id of the issuer the document names: a claim, until a proof
// and the trust file bear it out. For a presentation it is the holder or, where none
// is named, who the first proof's verification method belongs to; it may be "".
func (c *Credential) Issuer() string {
	if c.version == Profile {
		return c.ID()
	}
	if id := idOf(c.issuer()); id != "" || !c.IsPresentation() {
		return id
	}
	for _, p := range asList(c.doc["proof"]) {
		id, _, _ := strings.Cut(idOf(asObject(p)["verificationMethod"]), "#")
		return id
	}
	return ""
}

// Holder returns the id of the holder a presentation names, or "".
func (c *Credential) Holder() string {
	if !c.IsPresentation() {
		return ""
	}
	return idOf(c.doc["holder"])
}

// IssuerName returns the name the document gives its issuer: never to be shown as
// a fact.
func (c *Credential) IssuerName() string { return asText(asObject(c.issuer())["name"]) }

// IssuerPath returns the JSON pointer of the member that names the issuer.
func (c *Credential) IssuerPath() string {
	switch {
	case c.version == Blockcerts12:
		return "/document/certificate/issuer"
	case c.version == Blockcerts2:
		return "/badge/issuer"
	case c.version == Profile:
		return "/id"
	case c.IsPresentation():
		return "/holder"
	}
	return "/issuer"
}

func (c *Credential) issuer() any {
	switch {
	case c.version == Blockcerts12:
		return asObject(c.body()["certificate"])["issuer"]
	case c.version == Blockcerts2:
		return asObject(c.doc["badge"])["issuer"]
	case c.IsPresentation():
		return c.doc["holder"]
	}
	return c.doc["issuer"]
}

// body is the part that carries the claims: `document` in v1.2, else the whole.
func (c *Credential) body() map[string]any {
	if c.version == Blockcerts12 {
		return asObject(c.doc["document"])
	}
	return c.doc
}

// bodyPath is the JSON pointer of body.
func (c *Credential) bodyPath() string {
	if c.version == Blockcerts12 {
		return "/document"
	}
	return ""
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
//   - a signature covers the document without any proof, or, if it names others by
//     previousProof, with those (Data Integrity 1.0, section 4.3).
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

// CoversProofs reports whether what proof i covers holds other proofs.
func (c *Credential) CoversProofs(i int) bool { return len(c.proofs[i].covers) > 0 }

// Mode returns how strictly the document's members must lead to statements.
func (c *Credential) Mode() jsonld.Mode {
	switch c.version {
	case VC2:
		return jsonld.Strict
	case Blockcerts12:
		return jsonld.Loose12
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
