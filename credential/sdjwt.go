package credential

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// A credential can be an SD-JWT (RFC 9901), whose payload is a VC 2.0 document (TypVC) or
// the flat claims of an SD-JWT VC (TypDC): the issuer signs salted digests of the subject's claims, and the holder
// discloses those that are asked for. What is anchored is the issuer-signed JWT, which is
// the same in every showing, so each choice of claims keeps signature, path and block.
//
// The file holds the SD-JWT in its compact form, which other wallets read as it is, and the
// Merkle proof beside it:
//
//	{"version": 1, "type": "certanchor-sd-jwt", "sdJwt": "<JWT>~<disclosure>~…~", "proof": {…}}

// TypeSDJWT is the type of such a file, TypVC and TypDC are the typ of its JWT, TypKeyBinding
// that of the holder's.
const (
	TypeSDJWT     = "certanchor-sd-jwt"
	TypVC         = "vc+sd-jwt" // the payload is a VC 2.0 document
	TypDC         = "dc+sd-jwt" // SD-JWT VC: the payload are flat claims; see readDC
	TypKeyBinding = "kb+jwt"
)

// SuiteSDJWT names the signature of the issuer-signed JWT.
const SuiteSDJWT = "sd-jwt"

// Limits of an SD-JWT.
const (
	maxDisclosures = 512
	maxJWTHeader   = 1 << 10 // bytes
	// maxPointer bounds the JSON pointer of a member in bytes. What goes through a document
	// writes one for each member; no context bounds the names of an SD-JWT.
	maxPointer = 4 << 10
	// maxShowing is how long a holder's signature counts. RFC 9901 asks for a time in it and
	// leaves to the verifier how old it may be.
	maxShowing = 24 * time.Hour
)

// leafTag begins what is hashed of a JWT, so that no inner node of a tree and no canonical
// form can be one.
const leafTag = "certanchor/sd-jwt/1\x00"

// LeafOfJWT returns the leaf of an issuer-signed JWT in compact form.
func LeafOfJWT(jwt string) merkleproof.Hash { return merkleproof.Sum(LeafText(jwt)) }

// LeafText returns what LeafOfJWT hashes.
func LeafText(jwt string) []byte { return []byte(leafTag + jwt) }

// An Envelope is the SD-JWT that a credential came as.
type Envelope struct {
	JWT         string // issuer-signed, compact
	Typ         string // TypVC or TypDC
	Alg         string // EdDSA or ES256
	Holder      string // cnf: the key that may show it, as a DID URL; empty if anybody may
	Anchored    bool   // the issuer signed that there is an anchor
	Disclosures []Disclosure
	Hidden      int         // digests that no disclosure is for, decoys among them
	HiddenIn    []string    // JSON pointers of the objects and arrays in which those stand
	KeyBinding  *KeyBinding // nil if the holder signed nothing
}

// A Disclosure is one claim of the subject that is shown, or one element of an array.
type Disclosure struct {
	Text    string // as it stands in the SD-JWT
	Name    string // "" for an element
	Element bool
	Value   any
	Path    string // JSON pointer in the document
}

// A KeyBinding is the holder's signature on one showing.
type KeyBinding struct {
	JWT                   string
	Alg                   string
	Audience, Nonce, Hash string // aud, nonce, sd_hash
	At                    time.Time
	Expires               time.Time // as stated, and at most maxShowing after At
	Covered               string    // what Hash must be of
}

// Envelope returns the SD-JWT that the document came as; nil for any other form.
func (c *Credential) Envelope() *Envelope { return c.envelope }

type sdFile struct {
	Version int            `json:"version"`
	Type    string         `json:"type"`
	SDJWT   string         `json:"sdJwt"`
	Proof   map[string]any `json:"proof,omitempty"`
}

// isSDJWT tells such a file from every other document: those have a @context.
func isSDJWT(doc map[string]any) bool { return doc["type"] == TypeSDJWT && doc["@context"] == nil }

func parseSDJWT(raw []byte) (*Credential, error) {
	var f sdFile
	if err := strictjson.Unmarshal(raw, strictjson.Limits{Bytes: MaxBytes}, &f); err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, fail(CodeVersion, "/version", "version %d; this program reads version 1", f.Version)
	}
	e, doc, kid, err := openSDJWT(f.SDJWT)
	if err != nil {
		return nil, err
	}
	c := &Credential{version: VC2, raw: raw, doc: doc, envelope: e}
	if err := c.checkMembers(); err != nil {
		return nil, err
	}
	if c.IsPresentation() {
		return nil, fail(CodeMember, "/type", "a presentation is no SD-JWT")
	}
	// Members of other versions, which no context refuses here: an end that nobody would read.
	for _, name := range []string{"issuanceDate", "expirationDate", "issued", "expires"} {
		if _, given := doc[name]; given {
			return nil, fail(CodeMember, "/"+name, "a member of another version")
		}
	}
	signature := Proof{Kind: Signature, Type: SuiteSDJWT, Suite: SuiteSDJWT, Object: map[string]any{}, Path: "/sdJwt",
		Purpose: "assertionMethod", VerificationMethod: kid}
	if b := e.KeyBinding; b != nil {
		signature.Domain, signature.Challenge = []string{b.Audience}, b.Nonce
		signature.Expires = b.Expires.UTC().Format(time.RFC3339)
	}
	c.proofs = []Proof{signature}
	if f.Proof != nil {
		p, err := readProof(f.Proof, "/proof")
		if err != nil {
			return nil, err
		}
		if p.Kind != Merkle2019 {
			return nil, fail(CodeProof, "/proof", "not a Merkle proof")
		}
		p.covers = []int{0}
		c.proofs = append(c.proofs, p)
	}
	return c, nil
}

// openSDJWT reads the compact form and puts the disclosed claims where their digests stand
// (RFC 9901, section 7.1). No signature is checked here.
func openSDJWT(text string) (e *Envelope, doc map[string]any, kid string, err error) {
	parts := strings.SplitN(text, "~", maxDisclosures+3)
	if len(parts) < 2 || len(parts)-2 > maxDisclosures {
		return nil, nil, "", fail(CodeMember, "/sdJwt", "not an SD-JWT with at most %d disclosures", maxDisclosures)
	}
	e = &Envelope{JWT: parts[0]}
	header, payload, err := splitJWT(e.JWT, "/sdJwt")
	if err != nil {
		return nil, nil, "", err
	}
	if e.Alg, kid = asText(header["alg"]), asText(header["kid"]); kid == "" {
		return nil, nil, "", fail(CodeMember, "/sdJwt", "the header names no key")
	}
	read := map[string]func(map[string]any, []string) (map[string]any, error){TypVC: e.readVC, TypDC: e.readDC}
	if e.Typ = asText(header["typ"]); read[e.Typ] == nil {
		return nil, nil, "", fail(CodeMember, "/sdJwt", "typ %v", header["typ"])
	}
	if err := boundPointers(payload, 0); err != nil {
		return nil, nil, "", err
	}
	if doc, err = read[e.Typ](maps.Clone(payload), parts[1:len(parts)-1]); err != nil {
		return nil, nil, "", err
	}
	if binding := parts[len(parts)-1]; binding != "" {
		covered := strings.TrimSuffix(text, binding)
		if e.KeyBinding, err = readKeyBinding(binding, covered); err != nil {
			return nil, nil, "", err
		}
	}
	return e, doc, kid, nil
}

// readVC reads the payload of a TypVC: a VC 2.0 document with members of the JWT among its
// own. Digests may stand in the subject only: issuer, type, dates, status and schema are
// never the holder's to leave out.
func (e *Envelope) readVC(doc map[string]any, disclosures []string) (map[string]any, error) {
	if cnf, given := doc["cnf"]; given {
		m := asObject(cnf)
		if e.Holder = asText(m["kid"]); e.Holder == "" || len(m) != 1 {
			return nil, fail(CodeUnsupported, "/sdJwt", "cnf must name a key by kid alone")
		}
	}
	if err := e.readTerms(doc); err != nil {
		return nil, err
	}
	delete(doc, "cnf")
	if doc["proof"] != nil {
		return nil, fail(CodeMember, "/sdJwt", "a proof inside the JWT")
	}
	// A JWT can say these beside the document, and otherwise than it: an end, say, that
	// nobody here would read.
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "status", "vct", "vc", "vp"} {
		if _, given := doc[name]; given {
			return nil, fail(CodeUnsupported, "/sdJwt", "the claim %q of a JWT beside the document", name)
		}
	}
	subject, given := doc["credentialSubject"]
	delete(doc, "credentialSubject")
	if hasDigests(doc) {
		return nil, fail(CodeMember, "/sdJwt", "digests outside of the subject")
	}
	shown, err := e.disclose(subject, disclosures)
	if given {
		doc["credentialSubject"] = shown
	}
	return doc, err
}

// readTerms takes out the members that say how the SD-JWT is made.
func (e *Envelope) readTerms(payload map[string]any) error {
	anchored, given := payload["anchored"]
	flag, isFlag := anchored.(bool)
	if given && !isFlag {
		return fail(CodeMember, "/sdJwt", "anchored must be true or false")
	}
	e.Anchored = flag
	if alg := payload["_sd_alg"]; alg != nil && alg != "sha-256" {
		return fail(CodeUnsupported, "/sdJwt", "_sd_alg %v", alg)
	}
	delete(payload, "anchored")
	delete(payload, "_sd_alg")
	return nil
}

// disclose returns the subject with its digests replaced by the claims disclosed.
func (e *Envelope) disclose(subject any, texts []string) (any, error) {
	d := disclosing{envelope: e, given: map[string]Disclosure{}, seen: map[string]bool{}}
	for _, t := range texts {
		one, err := readDisclosure(t)
		if err != nil {
			return nil, err
		}
		digest := digestText(t)
		if _, twice := d.given[digest]; twice {
			return nil, fail(CodeMember, "/sdJwt", "a disclosure is there twice")
		}
		d.given[digest] = one
	}
	shown, err := d.walk(subject, "/credentialSubject")
	if err != nil {
		return nil, err
	}
	if len(d.given) > 0 {
		return nil, fail(CodeMember, "/sdJwt", "a disclosure belongs to no digest that the issuer signed")
	}
	return shown, nil
}

func digestText(t string) string {
	sum := sha256.Sum256([]byte(t))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func readDisclosure(t string) (Disclosure, error) {
	bad := func(why string) (Disclosure, error) {
		return Disclosure{}, fail(CodeMember, "/sdJwt", "a disclosure %s", why)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(t)
	if err != nil || strings.ContainsAny(t, "\r\n") {
		return bad("is not base64url")
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: MaxBytes})
	if err != nil {
		return bad("is not JSON: " + err.Error())
	}
	list, _ := v.([]any)
	if len(list) != 2 && len(list) != 3 {
		return bad("is not a list of salt, name and value, nor of salt and element")
	}
	salt, isText := list[0].(string)
	if len(list) == 2 {
		if !isText || salt == "" {
			return bad("has no salt")
		}
		return Disclosure{Text: t, Element: true, Value: list[1]}, nil
	}
	name, isName := list[1].(string)
	if !isText || salt == "" || !isName || name == "_sd" || name == "..." || strings.HasPrefix(name, "@") {
		return bad("has no salt, or a name that is not allowed")
	}
	return Disclosure{Text: t, Name: name, Value: list[2]}, nil
}

// disclosing is one walk through the subject.
type disclosing struct {
	envelope *Envelope
	given    map[string]Disclosure // by digest, those not yet placed
	seen     map[string]bool       // digests
	depth    int
	members  int
}

// walk returns v with its digests replaced; v itself is not changed. Each disclosure was
// held to the limits of a document by itself; here that is done to all of them together.
func (d *disclosing) walk(v any, at string) (any, error) {
	d.depth++
	d.members++
	defer func() { d.depth-- }()
	switch most := strictjson.DefaultLimits; {
	case len(at) > maxPointer:
		return nil, tooLongPointer()
	case d.depth > most.Depth:
		return nil, &strictjson.Error{Code: strictjson.CodeLimitDepth, Path: "/sdJwt", Detail: fmt.Sprintf("more than %d levels with what is disclosed", most.Depth)}
	case d.members > most.Members:
		return nil, &strictjson.Error{Code: strictjson.CodeLimitMembers, Path: "/sdJwt", Detail: fmt.Sprintf("more than %d members and elements with what is disclosed", most.Members)}
	}
	switch x := v.(type) {
	case []any:
		return d.array(x, at)
	case map[string]any:
		return d.object(x, at)
	}
	return v, nil
}

// array leaves out elements that are hidden: nobody can tell them from decoys.
func (d *disclosing) array(x []any, at string) (any, error) {
	out := make([]any, 0, len(x))
	for _, e := range x {
		place := fmt.Sprintf("%s/%d", at, len(out))
		digest, hidden := asObject(e)["..."]
		if hidden {
			if len(asObject(e)) != 1 {
				return nil, fail(CodeMember, "/sdJwt", "an element's digest beside other members")
			}
			one, shown, err := d.take(digest, true, at, place)
			if err != nil {
				return nil, err
			}
			if !shown {
				continue
			}
			e = one.Value
		}
		v, err := d.walk(e, place)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (d *disclosing) object(x map[string]any, at string) (any, error) {
	if _, there := x["..."]; there {
		return nil, fail(CodeMember, "/sdJwt", "the digest of an element outside of an array")
	}
	out := make(map[string]any, len(x))
	for name, v := range x {
		if name == "_sd" {
			continue
		}
		var err error
		if out[name], err = d.walk(v, at+strictjson.PointerToken(name)); err != nil {
			return nil, err
		}
	}
	digests, given := x["_sd"]
	list, isList := digests.([]any)
	if given && !isList {
		return nil, fail(CodeMember, "/sdJwt", "_sd is no list")
	}
	for _, e := range list {
		one, shown, err := d.take(e, false, at, at)
		if err != nil {
			return nil, err
		}
		if !shown {
			continue // hidden, or a decoy: nobody can tell
		}
		if _, taken := out[one.Name]; taken {
			return nil, fail(CodeMember, "/sdJwt", "the claim %q is there twice", one.Name)
		}
		if out[one.Name], err = d.walk(one.Value, one.Path); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// take returns the disclosure of a digest within an object or array, if it is shown, and
// writes down where it stands.
func (d *disclosing) take(digest any, element bool, within, at string) (Disclosure, bool, error) {
	text, isText := digest.(string)
	if !isText || d.seen[text] {
		return Disclosure{}, false, fail(CodeMember, "/sdJwt", "a digest is there twice, or is no text")
	}
	d.seen[text] = true
	one, shown := d.given[text]
	if !shown {
		d.envelope.Hidden++
		if in := d.envelope.HiddenIn; len(in) == 0 || in[len(in)-1] != within {
			d.envelope.HiddenIn = append(in, within)
		}
		return one, false, nil
	}
	if one.Element != element {
		return one, false, fail(CodeMember, "/sdJwt", "a claim's disclosure for an element, or an element's for a claim")
	}
	delete(d.given, text)
	one.Path = at
	if !element {
		one.Path += strictjson.PointerToken(one.Name)
	}
	d.envelope.Disclosures = append(d.envelope.Disclosures, one)
	return one, true, nil
}

func tooLongPointer() error {
	return &strictjson.Error{Code: strictjson.CodeLimitBytes, Path: "/sdJwt", Detail: fmt.Sprintf("a member whose pointer has more than %d bytes", maxPointer)}
}

// boundPointers holds the pointers below v to maxPointer; at is the length of that of v.
func boundPointers(v any, at int) error {
	if at > maxPointer {
		return tooLongPointer()
	}
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if err := boundPointers(e, at+len(strictjson.PointerToken(name))); err != nil {
				return err
			}
		}
	case []any:
		for _, e := range x {
			if err := boundPointers(e, at+len("/00000")); err != nil {
				return err
			}
		}
	}
	return nil
}

func hasDigests(v any) bool {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if name == "_sd" || name == "..." || hasDigests(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, hasDigests)
	}
	return false
}

// splitJWT reads header and payload. A header has alg, typ and kid and nothing else: jku,
// x5u, jwk or crit could send a verifier elsewhere for its key.
func splitJWT(jwt, at string) (header, payload map[string]any, err error) {
	parts := strings.SplitN(jwt, ".", 4)
	if len(parts) != 3 || strings.ContainsAny(jwt, "\r\n= ") {
		return nil, nil, fail(CodeMember, at, "not a JWT in compact form")
	}
	var raw [2][]byte
	for i := range raw {
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(parts[i]); err != nil {
			return nil, nil, fail(CodeMember, at, "a JWT that is not base64url")
		}
	}
	if header, err = strictjson.ParseObject(raw[0], strictjson.Limits{Bytes: maxJWTHeader}); err != nil {
		return nil, nil, err
	}
	for name, v := range header {
		if _, isText := v.(string); !isText || !slices.Contains([]string{"alg", "typ", "kid"}, name) {
			return nil, nil, fail(CodeMember, at, "a JWT header with the member %q", name)
		}
	}
	if alg := header["alg"]; alg != "EdDSA" && alg != "ES256" {
		return nil, nil, fail(CodeMember, at, "a JWT with the algorithm %v", alg)
	}
	payload, err = strictjson.ParseObject(raw[1], strictjson.Limits{Bytes: MaxBytes})
	return header, payload, err
}

// readKeyBinding reads the holder's JWT (RFC 9901, section 4.3). All of iat, aud, nonce and
// sd_hash must be there.
func readKeyBinding(jwt, covered string) (*KeyBinding, error) {
	const at = "/sdJwt"
	header, payload, err := splitJWT(jwt, at)
	if err != nil {
		return nil, err
	}
	if header["typ"] != TypKeyBinding {
		return nil, fail(CodeMember, at, "the holder's JWT has the typ %v", header["typ"])
	}
	b := &KeyBinding{JWT: jwt, Alg: asText(header["alg"]), Audience: asText(payload["aud"]), Nonce: asText(payload["nonce"]), Hash: asText(payload["sd_hash"]), Covered: covered}
	iat, ok := seconds(payload["iat"])
	if !ok || b.Audience == "" || b.Nonce == "" || b.Hash == "" {
		return nil, fail(CodeMember, at, "the holder's JWT lacks iat, aud, nonce or sd_hash")
	}
	b.At, b.Expires = iat, iat.Add(maxShowing)
	if v, given := payload["exp"]; given {
		end, ok := seconds(v)
		if !ok {
			return nil, fail(CodeMember, at, "the holder's JWT has no proper exp")
		}
		if end.Before(b.Expires) {
			b.Expires = end
		}
	}
	return b, nil
}

func seconds(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	s, err := n.Int64()
	return time.Unix(s, 0).UTC(), err == nil && s > 0 && s < 1<<38
}

// HashMatches reports whether the holder signed exactly this JWT with these disclosures.
func (b *KeyBinding) HashMatches() bool { return digestText(b.Covered) == b.Hash }
