package jsonld

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/piprate/json-gold/ld"
)

// maxCached bounds the active contexts kept for one Contexts value. What a document
// can reach is bounded by what is pinned, but the orders in which it may name it are
// not. Each takes some 20 kB.
const maxCached = 512

// An active context says what names mean at one place of a document (JSON-LD 1.1
// API, section 4.1). It is immutable but for the memory of contexts derived from it.
type active struct {
	contexts *Contexts
	ld       *ld.Context
	// previous is the context to go back to in the next object, after a context
	// that came from a type.
	previous *active

	mu      sync.Mutex
	derived map[derivation]*active
}

// A derivation names a context made on top of another: by the definition that
// brought it, or by the digests of its entries.
type derivation struct {
	by      *ld.TermDefinition
	ofType  bool // by is the definition of a type, else of a property
	entries string
}

type activeCache struct {
	mu    sync.Mutex
	roots map[string]*active
	count int
}

// room takes a place in the cache, if there is one.
func (c *activeCache) room() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count == maxCached {
		return false
	}
	c.count++
	return true
}

// loader answers json-gold's requests for context documents out of Contexts.
type loader struct{ contexts *Contexts }

func (l loader) LoadDocument(url string) (*ld.RemoteDocument, error) {
	p, ok := l.contexts.docs[url]
	if !ok {
		return nil, &Error{Code: CodeContextUnknown, Detail: url}
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: p.doc}, nil
}

// Additions are the terms of an unpinned context object that only adds some.
type additions struct {
	labels map[string]string // term -> IRI
	err    *Error            // with CodeLabelsNotSigned
}

// root returns the active context of a document, and the additions in it, or nil.
func (c *Contexts) root(doc map[string]any) (*active, *additions, *Error) {
	const path = "/@context"
	value, ok := doc["@context"]
	if !ok {
		return nil, nil, &Error{Code: CodeContextNotAllowed, Path: path, Detail: "there is no @context"}
	}
	entries, unpinned, err := c.entries(value, path)
	if err != nil {
		return nil, nil, err
	}
	if len(entries) == 0 {
		return nil, nil, &Error{Code: CodeContextNotAllowed, Path: path, Detail: "there is no entry"}
	}
	if _, isURL := entries[0].local.(string); !isURL {
		return nil, nil, &Error{Code: CodeContextNotAllowed, Path: path, Detail: "the first entry is no URL"}
	}
	if unpinned == 0 {
		a, err := c.rootOf(entries, path)
		return a, nil, err
	}
	at := fmt.Sprintf("%s/%d", path, unpinned-1)
	signed, err := c.rootOf(slices.Delete(slices.Clone(entries), unpinned-1, unpinned), path)
	if err != nil {
		return nil, nil, err
	}
	added := entries[unpinned-1]
	obj := added.local.(map[string]any)
	if err := signed.onlyAdds(obj, at); err != nil {
		return nil, nil, err
	}
	a, err := c.parse(entries, path)
	if err != nil {
		return nil, nil, err
	}
	labels, err := a.labels(signed, obj, at)
	if err != nil {
		return nil, nil, err
	}
	return a, &additions{labels: labels, err: &Error{Code: CodeLabelsNotSigned, Path: at,
		Detail: "the labels of this inline context are not signed; to pin it: " + strings.TrimPrefix(added.key, "inline ")}}, nil
}

// rootOf is parse with a memory.
func (c *Contexts) rootOf(entries []entry, path string) (*active, *Error) {
	key := cacheKey(entries)
	c.cache.mu.Lock()
	a := c.cache.roots[key]
	c.cache.mu.Unlock()
	if a != nil {
		return a, nil
	}
	a, err := c.parse(entries, path)
	if err != nil || !c.cache.room() {
		return a, err
	}
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	if c.cache.roots == nil {
		c.cache.roots = map[string]*active{}
	}
	c.cache.roots[key] = a
	return a, nil
}

func cacheKey(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.key)
		b.WriteByte('\n')
	}
	return b.String()
}

func (c *Contexts) parse(entries []entry, path string) (*active, *Error) {
	empty := ld.NewContext(nil, &ld.JsonLdOptions{
		ProcessingMode: ld.JsonLd_1_1, DocumentLoader: loader{c}, SafeMode: true,
	})
	return parseOn(&active{contexts: c, ld: empty}, locals(entries), path)
}

func locals(entries []entry) []any {
	list := make([]any, len(entries))
	for i, e := range entries {
		list[i] = e.local
	}
	return list
}

// parseOn lets json-gold process a local context on top of a.
func parseOn(a *active, local any, path string) (out *active, err *Error) {
	// json-gold asserts types without looking where a definition is malformed.
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, &Error{Code: CodeJSONLD, Path: path, Detail: fmt.Sprintf("malformed context: %v", p)}
		}
	}()
	next, parseErr := a.ld.Parse(local)
	if parseErr != nil {
		return nil, &Error{Code: CodeJSONLD, Path: path, Detail: parseErr.Error()}
	}
	out = &active{contexts: a.contexts, ld: next, previous: a.previous}
	if a.contexts.is12 {
		out.restore12()
	}
	return out, nil
}

// derive returns the context that parse returns, remembered under key.
func (a *active) derive(key derivation, parse func() (*active, *Error)) (*active, *Error) {
	a.mu.Lock()
	d := a.derived[key]
	a.mu.Unlock()
	if d != nil {
		return d, nil
	}
	d, err := parse()
	if err != nil || !a.contexts.cache.room() {
		return d, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.derived == nil {
		a.derived = map[derivation]*active{}
	}
	a.derived[key] = d
	return d, nil
}

// embedded returns the context inside an object that has a @context of its own.
func (a *active) embedded(value any, path string) (*active, *Error) {
	entries, unpinned, err := a.contexts.entries(value, path)
	if err != nil {
		return nil, err
	}
	if unpinned != 0 {
		return nil, &Error{Code: CodeContextNotAllowed, Path: path,
			Detail: "an inline object that is not pinned, SHA-256 " + strings.TrimPrefix(entries[unpinned-1].key, "inline ")}
	}
	return a.derive(derivation{entries: cacheKey(entries)}, func() (*active, *Error) {
		return parseOn(a, locals(entries), path)
	})
}

// ofType returns the context inside an object of the type that term names, as seen
// from scope, the context before types were looked at (JSON-LD 1.1 API, section
// 5.1.2, step 11).
func (a *active) ofType(scope *active, term string) (*active, *Error) {
	td := scope.ld.TermDefinitions[term]
	if td == nil || !td.HasContext {
		return a, nil
	}
	return a.derive(derivation{by: td, ofType: true}, func() (*active, *Error) {
		next, err := parseOn(a, td.Context, "")
		if err == nil && next.previous == nil {
			next.previous = a
		}
		return next, err
	})
}

// ofProperty returns the context inside the values of a property with definition td
// (step 8). Such a context may override protected terms.
func (a *active) ofProperty(td *ld.TermDefinition, path string) (*active, *Error) {
	return a.derive(derivation{by: td}, func() (*active, *Error) {
		open, changed := unprotected(a.ld)
		next, err := parseOn(&active{contexts: a.contexts, ld: open, previous: a.previous}, td.Context, path)
		if err == nil {
			protectAgain(next.ld, changed)
		}
		return next, err
	})
}

type protection struct{ open, was *ld.TermDefinition }

// unprotected copies c with no term protected.
func unprotected(c *ld.Context) (*ld.Context, map[string]protection) {
	open := ld.CopyContext(c)
	changed := map[string]protection{}
	for term, td := range c.TermDefinitions {
		if td != nil && td.Protected {
			was := *td
			now := was
			now.Protected = false
			open.TermDefinitions[term] = &now
			changed[term] = protection{open: &now, was: td}
		}
	}
	open.Protected = map[string]bool{}
	return open, changed
}

// protectAgain restores the protection of the terms that were left as they were.
func protectAgain(c *ld.Context, changed map[string]protection) {
	for term, p := range changed {
		if c.TermDefinitions[term] == p.open {
			c.TermDefinitions[term] = p.was
			c.Protected[term] = true
		}
	}
}

// definition returns what the context says about a term, or nil.
func (a *active) definition(term string) *ld.TermDefinition { return a.ld.TermDefinitions[term] }

// expand is IRI expansion (JSON-LD 1.1 API, section 5.2). vocab: value is a property,
// type or keyword; else it is an id. The result is empty, a keyword, or an IRI that
// may still be relative; there is no base.
func (a *active) expand(value string, vocab bool) string {
	if strings.HasPrefix(value, "@") {
		if keywords[value] {
			return value
		}
		if letters(value[1:]) {
			return "" // reserved for keywords to come
		}
	}
	if vocab {
		if td, defined := a.ld.TermDefinitions[value]; defined {
			if td == nil {
				return "" // switched off by the context
			}
			return td.ID
		}
	}
	if prefix, suffix, found := strings.Cut(value, ":"); found && prefix != "" {
		if prefix == "_" || strings.HasPrefix(suffix, "//") {
			return value
		}
		if td := a.ld.TermDefinitions[prefix]; td != nil && td.ID != "" && td.Prefix != nil && *td.Prefix {
			return td.ID + suffix
		}
		if hasScheme(value) {
			return value
		}
	}
	if vocab && a.ld.Values.Vocab != nil {
		return *a.ld.Values.Vocab + value
	}
	return value
}

// keywords of JSON-LD 1.1, section 1.7.
var keywords = map[string]bool{
	"@base": true, "@container": true, "@context": true, "@direction": true, "@graph": true, "@id": true,
	"@import": true, "@included": true, "@index": true, "@json": true, "@language": true, "@list": true,
	"@nest": true, "@none": true, "@prefix": true, "@propagate": true, "@protected": true, "@reverse": true,
	"@set": true, "@type": true, "@value": true, "@version": true, "@vocab": true,
}

func letters(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) {
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// hasScheme reports whether s begins with a scheme (RFC 3986, section 3.1).
func hasScheme(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case isLetter(c):
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return i > 0 && c == ':'
		}
	}
	return false
}

// absoluteIRI reports whether s is absolute and holds no character that could end an
// IRI in N-Quads: a forged id with "> ." in it would else add statements.
func absoluteIRI(s string) bool { return hasScheme(s) && iriChars(s) }

// iriChars reports whether s has only characters that IRIREF of N-Quads allows.
func iriChars(s string) bool {
	for _, c := range []byte(s) {
		if c <= 0x20 || strings.IndexByte("<>\"{}|^`\\", c) >= 0 {
			return false
		}
	}
	return true
}

// onlyAdds reports whether an unpinned context object does nothing but give names to
// IRIs that the pinned contexts have no name for. Everything else could put what is
// signed under another label.
func (a *active) onlyAdds(obj map[string]any, path string) *Error {
	refuse := func(name, why string) *Error { return refuseInline(path, name, why) }
	known := a.names()
	for _, name := range sortedKeys(obj) {
		if strings.ContainsAny(name, "@:/") {
			return refuse(name, "has a keyword or an IRI for a name")
		}
		if known[name] {
			return refuse(name, "defines a term again")
		}
		id, ok := plainDefinition(obj[name])
		if !ok {
			return refuse(name, "has a definition that is not a plain IRI or @id and @type")
		}
		full := a.expand(id, true)
		if !absoluteIRI(full) {
			return refuse(name, fmt.Sprintf("maps to %q, which is no IRI", full))
		}
		if a.hasName(full, known) {
			return refuse(name, "gives a second name to "+full)
		}
	}
	return nil
}

func refuseInline(path, name, why string) *Error {
	return &Error{Code: CodeContextNotAllowed, Path: path + "/" + name, Detail: "an inline object that is not pinned " + why}
}

// hasName reports whether a has a name for full already; known is a.names().
func (a *active) hasName(full string, known map[string]bool) bool {
	return known[full] || a.ld.Values.Vocab != nil && strings.HasPrefix(full, *a.ld.Values.Vocab)
}

// labels returns what the terms of obj stand for in a, which has them on top of
// signed. A term may be written with another of obj as its prefix, so that only now
// it can be seen whether it gives a second name.
func (a *active) labels(signed *active, obj map[string]any, path string) (map[string]string, *Error) {
	known := signed.names()
	labels := make(map[string]string, len(obj))
	for _, name := range sortedKeys(obj) {
		td := a.definition(name)
		if td == nil || !absoluteIRI(td.ID) {
			return nil, refuseInline(path, name, "has a definition that leads to no IRI")
		}
		if signed.hasName(td.ID, known) {
			return nil, refuseInline(path, name, "gives a second name to "+td.ID)
		}
		labels[name] = td.ID
	}
	return labels, nil
}

// plainDefinition returns the IRI of a term definition that has no more than @id and
// @type.
func plainDefinition(v any) (string, bool) {
	if s, ok := v.(string); ok {
		return s, true
	}
	def, _ := v.(map[string]any)
	id, ok := def["@id"].(string)
	for key, e := range def {
		if _, isString := e.(string); !isString || key != "@id" && key != "@type" {
			return "", false
		}
	}
	return id, ok
}

// names returns every term of a and every IRI it stands for, also of contexts inside
// definitions.
func (a *active) names() map[string]bool {
	known := map[string]bool{}
	for term, td := range a.ld.TermDefinitions {
		known[term] = true
		if td == nil {
			continue
		}
		known[td.ID] = true
		if td.HasContext {
			a.localNames(td.Context, known)
		}
	}
	return known
}

func (a *active) localNames(local any, known map[string]bool) {
	switch local := local.(type) {
	case string:
		a.localNames(a.contexts.docs[local].doc["@context"], known)
	case []any:
		for _, e := range local {
			a.localNames(e, known)
		}
	case map[string]any:
		for term, v := range local {
			known[term] = true
			def, _ := v.(map[string]any)
			if id, ok := v.(string); ok {
				known[a.expand(id, true)] = true
			} else if id, ok := def["@id"].(string); ok {
				known[a.expand(id, true)] = true
			}
			a.localNames(def["@context"], known)
		}
	}
}
