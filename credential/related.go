package credential

import (
	"fmt"
	"regexp"
	"strings"
)

// MaxRelated is the largest number of schemas, related resources or hashlinks of one
// document.
const MaxRelated = 64

// A Resource is something outside of the document that the document names, with the
// digests it gives for it.
type Resource struct {
	Path      string // JSON pointer
	ID        string // URL
	Type      string // of a schema, for example "JsonSchema"
	MediaType string
	// DigestSRI is in the form of Subresource Integrity, DigestMultibase a multihash
	// in multibase (VC Data Model 2.0, section 5.3); either may be empty.
	DigestSRI, DigestMultibase string
}

// Schemas returns the entries of credentialSchema in order. Errors are *Error.
func (c *Credential) Schemas() ([]Resource, error) { return c.resources("credentialSchema") }

// RelatedResources returns the entries of relatedResource in order. Errors are *Error:
// VC Data Model 2.0, section 5.3, asks for an id that is there once and for a digest.
func (c *Credential) RelatedResources() ([]Resource, error) {
	list, err := c.resources("relatedResource")
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(list))
	for _, r := range list {
		if seen[r.ID] {
			return nil, fail(CodeMember, r.Path+"/id", "the id is there twice")
		}
		seen[r.ID] = true
		if r.DigestSRI == "" && r.DigestMultibase == "" {
			return nil, fail(CodeMember, r.Path, "neither digestSRI nor digestMultibase")
		}
	}
	return list, nil
}

func (c *Credential) resources(member string) ([]Resource, error) {
	list := asList(c.body()[member])
	if len(list) > MaxRelated {
		return nil, fail(CodeLimit, "/"+member, "%d entries, at most %d", len(list), MaxRelated)
	}
	_, isList := c.body()[member].([]any)
	out := make([]Resource, 0, len(list))
	for i, v := range list {
		path := "/" + member
		if isList {
			path = fmt.Sprintf("/%s/%d", member, i)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fail(CodeMember, path, "must be an object")
		}
		r := Resource{Path: path, Type: asText(m["type"])}
		for _, f := range []struct {
			name string
			into *string
		}{{"id", &r.ID}, {"mediaType", &r.MediaType}, {"digestSRI", &r.DigestSRI}, {"digestMultibase", &r.DigestMultibase}} {
			s, isText := m[f.name].(string)
			if _, given := m[f.name]; given && !isText {
				return nil, fail(CodeMember, path+"/"+f.name, "must be a text")
			}
			*f.into = s
		}
		if r.ID == "" {
			return nil, fail(CodeMember, path+"/id", "missing")
		}
		out = append(out, r)
	}
	return out, nil
}

// Display returns the media type and text that the document gives for showing it:
// `display` in version 3, `displayHtml` in version 2. It comes from the issuer and is
// not to be rendered unguarded; show nobody what a proof does not cover.
func (c *Credential) Display() (mediaType, content string) {
	if html := asText(c.body()["displayHtml"]); html != "" {
		return "text/html", html
	}
	d := asObject(c.body()["display"])
	return asText(d["contentMediaType"]), asText(d["content"])
}

// A Hashlink is a link that carries the digest of what it leads to
// (draft-sporny-hashlink-07): "hl:" multihash in multibase, and for some ":" metadata
// in multibase that names where to find it. Both are as written.
type Hashlink struct {
	Path      string // JSON pointer of the member it stands in
	Multihash string
	Metadata  string // may be empty
}

// hashlink stops at what cannot be part of multibase, so at the quotes of HTML.
var hashlink = regexp.MustCompile(`\bhl:([a-zA-Z0-9_-]+)(?::([a-zA-Z0-9_-]+))?`)

// Hashlinks returns the links of the display and of the issuer's image, each once, in
// that order. Errors are *Error with CodeLimit.
func (c *Credential) Hashlinks() ([]Hashlink, error) {
	_, content := c.Display()
	place := "/display/content"
	if c.body()["displayHtml"] != nil {
		place = "/displayHtml"
	}
	var out []Hashlink
	for _, source := range []struct{ path, text string }{
		{place, content},
		{c.IssuerPath() + "/image", asText(asObject(c.issuer())["image"])},
	} {
		seen := make(map[string]bool)
		for _, m := range hashlink.FindAllStringSubmatch(source.text, -1) {
			if seen[m[0]] {
				continue
			}
			seen[m[0]] = true
			if len(out) == MaxRelated {
				return nil, fail(CodeLimit, source.path, "more than %d hashlinks", MaxRelated)
			}
			out = append(out, Hashlink{Path: source.path, Multihash: m[1], Metadata: m[2]})
		}
	}
	return out, nil
}

// IssuingAddress returns the blockchain address that a certificate of version 2 says it
// was issued from (`verification.publicKey`, in 2.0-alpha `creator`), without its
// scheme; "" if it does not say. It is evidence beside the transaction, never in its
// place.
func (c *Credential) IssuingAddress() string {
	if c.version != Blockcerts2 {
		return ""
	}
	v := asObject(c.doc["verification"])
	for _, name := range []string{"publicKey", "creator"} {
		if addr, ok := strings.CutPrefix(asText(v[name]), "ecdsa-koblitz-pubkey:"); ok {
			return addr
		}
	}
	return ""
}

// RevocationList returns the URL of the Open Badges revocation list that the document
// names for its issuer, or "". The list that counts is the one that the issuer's own
// document names (Blockcerts formats, section 9).
func (c *Credential) RevocationList() string {
	if c.version == Profile {
		return asText(c.doc["revocationList"])
	}
	return asText(asObject(c.issuer())["revocationList"])
}

// RevocationAddress returns the address of the recipient in version 1.2 whose spending
// revokes the certificate, or "".
func (c *Credential) RevocationAddress() string {
	if c.version != Blockcerts12 {
		return ""
	}
	return asText(asObject(c.body()["recipient"])["revocationKey"])
}
