package jsonld

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxContextWeight bounds how many context documents one URL may pull in, itself
// included: contexts that name each other twice would double at every step.
const maxContextWeight = 64

// Contexts is the set of contexts that count. It is immutable: With and WithInline
// return a changed copy. The zero value pins nothing. Safe for concurrent use.
type Contexts struct {
	docs   map[string]pinned
	inline map[[32]byte]bool
	cache  *activeCache

	only12 *Contexts // the contexts for Loose12, or nil
	is12   bool      // this is the only12 of another one
}

// pinned is one context document. doc holds numbers as float64, as json-gold wants
// them, and is never changed.
type pinned struct {
	doc    map[string]any
	digest [32]byte // SHA-256 of the bytes
	weight int      // how many documents it pulls in, itself included
}

// Digest returns the SHA-256 of the bytes pinned under url.
func (c *Contexts) Digest(url string) ([32]byte, bool) {
	p, ok := c.docs[url]
	return p.digest, ok
}

// With returns a copy of c that has doc under url. It refuses other bytes for a URL
// that is pinned already, a document that is no JSON object with @context, and one
// that names a URL not pinned yet, so that contexts cannot go in circles.
func (c *Contexts) With(url string, doc []byte) (*Contexts, error) {
	if !absoluteIRI(url) {
		return nil, &Error{Code: CodeRelativeIRI, Detail: fmt.Sprintf("the name %q of a context", url)}
	}
	if old, ok := c.docs[url]; ok {
		digest := sha256.Sum256(doc)
		if old.digest == digest {
			return c, nil
		}
		return nil, &Error{Code: CodeContextNotAllowed,
			Detail: fmt.Sprintf("%s is pinned with SHA-256 %x, not %x", url, old.digest, digest)}
	}
	obj, err := strictjson.ParseObject(doc, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", url, err)
	}
	p, pinErr := c.pin(doc, obj)
	if pinErr != nil {
		pinErr.Detail = "context " + url + ": " + pinErr.Detail
		return nil, pinErr
	}
	next := c.copy()
	next.docs[url] = p
	return next, nil
}

// pin checks the context document doc, parsed as obj.
func (c *Contexts) pin(doc []byte, obj map[string]any) (pinned, *Error) {
	local, ok := obj["@context"]
	if !ok {
		return pinned{}, &Error{Code: CodeContextNotAllowed, Detail: "no member @context"}
	}
	p := pinned{digest: sha256.Sum256(doc), weight: 1}
	if err := c.checkLocal(local, "/@context", &p.weight); err != nil {
		return pinned{}, err
	}
	p.doc = map[string]any{"@context": floats(local)}
	return p, nil
}

// WithInline returns a copy of c in which an inline context object counts whose
// RFC 8785 bytes have the given SHA-256.
func (c *Contexts) WithInline(digest [32]byte) *Contexts {
	next := c.copy()
	next.inline[digest] = true
	if next.only12 != nil {
		next.only12 = next.only12.WithInline(digest)
	}
	return next
}

func (c *Contexts) copy() *Contexts {
	next := &Contexts{docs: map[string]pinned{}, inline: map[[32]byte]bool{}, cache: &activeCache{}, only12: c.only12, is12: c.is12}
	maps.Copy(next.docs, c.docs)
	maps.Copy(next.inline, c.inline)
	return next
}

// InlineDigest returns the digest by which WithInline pins the context object obj.
func InlineDigest(obj map[string]any) ([32]byte, error) {
	b, err := strictjson.Canonical(obj)
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(b), nil
}

// unknown refuses a URL that is not in c.
func (c *Contexts) unknown(url, path string) *Error {
	if c.is12 {
		return &Error{Code: CodeContextNotAllowed, Path: path, Detail: url + ": only the context of Blockcerts 1.2 counts here"}
	}
	return &Error{Code: CodeContextUnknown, Path: path, Detail: url}
}

// checkLocal walks a local context (JSON-LD 1.1 API, section 4.1), refuses what we do
// not support, and adds the weight of each URL it names.
func (c *Contexts) checkLocal(v any, path string, weight *int) *Error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		p, ok := c.docs[v]
		if !ok {
			return c.unknown(v, path)
		}
		if *weight += p.weight; *weight > maxContextWeight {
			return &Error{Code: CodeLimitContexts, Path: path,
				Detail: fmt.Sprintf("more than %d context documents in one", maxContextWeight)}
		}
		return nil
	case []any:
		for i, e := range v {
			if err := c.checkLocal(e, fmt.Sprintf("%s/%d", path, i), weight); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		return c.checkDefinitions(v, path, weight)
	}
	return &Error{Code: CodeContextNotAllowed, Path: path, Detail: "neither a URL nor an object"}
}

// checkDefinitions is checkLocal for one context object.
func (c *Contexts) checkDefinitions(obj map[string]any, path string, weight *int) *Error {
	for _, name := range sortedKeys(obj) {
		at := path + strictjson.PointerToken(name)
		switch name {
		case "@base", "@import", "@propagate", "@context":
			return &Error{Code: CodeContextNotAllowed, Path: at, Detail: name + " is not supported in a context"}
		}
		def, ok := obj[name].(map[string]any)
		if !ok {
			continue
		}
		for _, key := range [...]string{"@nest", "@reverse"} {
			if _, has := def[key]; has {
				return &Error{Code: CodeContextNotAllowed, Path: at, Detail: key + " is not supported"}
			}
		}
		if local, has := def["@context"]; has {
			if err := c.checkLocal(local, at+"/@context", weight); err != nil {
				return err
			}
		}
	}
	return nil
}

// floats copies v with every number as a float64.
func floats(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = floats(e)
		}
		return m
	case []any:
		a := make([]any, len(v))
		for i, e := range v {
			a[i] = floats(e)
		}
		return a
	case json.Number:
		f, _ := v.Float64() // strictjson has refused what does not fit
		return f
	}
	return v
}

// An entry is one element of a @context array that is in order.
type entry struct {
	key   string // the digest of what it stands for, with a mark for its kind
	local any    // for json-gold: the URL, or the object with numbers as float64
}

// entries looks up every element of a @context value. The second result is an unpinned
// object that may be one that only adds terms; it is the place in the array plus one.
func (c *Contexts) entries(v any, path string) ([]entry, int, *Error) {
	list, isArray := v.([]any)
	if !isArray {
		list = []any{v}
	}
	out := make([]entry, 0, len(list))
	seen := make(map[string]bool, len(list))
	unpinned := 0
	for i, e := range list {
		at := path
		if isArray {
			at = fmt.Sprintf("%s/%d", path, i)
		}
		en, isPinned, err := c.entry(e, at)
		if err != nil {
			return nil, 0, err
		}
		if seen[en.key] {
			return nil, 0, &Error{Code: CodeContextNotAllowed, Path: at, Detail: "the entry is there twice"}
		}
		seen[en.key] = true
		if !isPinned {
			if unpinned != 0 || i == 0 {
				return nil, 0, &Error{Code: CodeContextNotAllowed, Path: at,
					Detail: "an inline object that is not pinned, SHA-256 " + strings.TrimPrefix(en.key, "inline ")}
			}
			unpinned = i + 1
		}
		out = append(out, en)
	}
	return out, unpinned, nil
}

func (c *Contexts) entry(e any, path string) (entry, bool, *Error) {
	switch e := e.(type) {
	case string:
		if _, ok := c.docs[e]; !ok {
			return entry{}, false, c.unknown(e, path)
		}
		return entry{key: "url " + e, local: e}, true, nil
	case map[string]any:
		digest, err := InlineDigest(e)
		if err != nil {
			return entry{}, false, &Error{Code: CodeContextNotAllowed, Path: path, Detail: err.Error()}
		}
		var weight int
		if err := c.checkLocal(e, path, &weight); err != nil {
			return entry{}, false, err
		}
		return entry{key: "inline " + hex.EncodeToString(digest[:]), local: floats(e)}, c.inline[digest], nil
	}
	return entry{}, false, &Error{Code: CodeContextNotAllowed, Path: path, Detail: "neither a URL nor an object"}
}
