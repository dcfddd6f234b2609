package credential

import (
	"fmt"

	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// MaxInner is the largest number of documents in one presentation: each costs as
// much to judge as a document of its own.
const MaxInner = 64

// Limits returns the bounds on the canonical form of a document. A presentation may have
// as many unnamed objects as itself and each document that it carries, since its holder
// signs them as one; the bound on work is that of one document.
func Limits(doc map[string]any) jsonld.Limits {
	lim := jsonld.DefaultLimits
	if carried, isList := doc["verifiableCredential"].([]any); isList {
		lim.BlankNodes *= 1 + min(len(carried), MaxInner)
		lim.Quads *= 1 + min(len(carried), MaxInner)
	}
	return lim
}

// Inner returns the credentials of a presentation in order, each with its Path; none
// for any other document. The raw bytes of an inner document are its RFC 8785 form,
// since the file has it only as a part.
//
// A credential that is enveloped (a JWT or SD-JWT) is an *Error with CodeUnsupported, a
// presentation inside a presentation one with CodeMember.
func (c *Credential) Inner() ([]*Credential, error) {
	if !c.IsPresentation() {
		return nil, nil
	}
	const member = "verifiableCredential"
	list := asList(c.doc[member])
	if len(list) > MaxInner {
		return nil, fail(CodeLimit, "/"+member, "%d documents, at most %d", len(list), MaxInner)
	}
	_, isList := c.doc[member].([]any)
	inner := make([]*Credential, 0, len(list))
	for i, v := range list {
		path := "/" + member
		if isList {
			path = fmt.Sprintf("/%s/%d", member, i)
		}
		one, err := innerOne(v, path)
		if err != nil {
			return nil, err
		}
		inner = append(inner, one)
	}
	return inner, nil
}

func innerOne(v any, path string) (*Credential, error) {
	doc, ok := v.(map[string]any)
	if !ok {
		if _, isText := v.(string); isText {
			return nil, fail(CodeUnsupported, path, "an enveloped credential")
		}
		return nil, fail(CodeMember, path, "must be an object")
	}
	raw, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, err
	}
	c, err := FromObject(raw, doc)
	if err != nil {
		if e, ours := err.(*Error); ours {
			e.Path = path + e.Path
		}
		return nil, err
	}
	if c.IsPresentation() {
		return nil, fail(CodeMember, path, "a presentation inside a presentation")
	}
	c.path = path
	return c, nil
}
