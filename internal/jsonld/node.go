package jsonld

import (
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A node is a JSON object that stands for a thing with properties.
type node struct {
	*reader
	active *active // before type-scoped contexts
	object map[string]any
	graph  term
	root   bool

	inner *active // after type-scoped contexts: for the members
	self  term
}

// read makes the statements of the object and returns its name.
func (n *node) read() (term, *Error) {
	names := sortedKeys(n.object)
	if err := n.scopeByTypes(names); err != nil {
		return term{}, err
	}
	if err := n.name(names); err != nil {
		return term{}, err
	}
	before := len(n.quads)
	for _, name := range names {
		n.push(strictjson.PointerToken(name))
		if err := n.member(name, n.object[name]); err != nil {
			return term{}, err
		}
		n.pop()
	}
	if n.root && len(n.quads) == before {
		return term{}, n.fail(CodeGhostMember, "the document says nothing")
	}
	return n.self, nil
}

// scopeByTypes applies the contexts that the object's types bring (JSON-LD 1.1 API,
// section 5.1.2, step 11).
func (n *node) scopeByTypes(names []string) *Error {
	n.inner = n.active
	for _, name := range names {
		if n.active.expand(name, true) != "@type" {
			continue
		}
		types, ok := stringsOf(n.object[name])
		if !ok {
			n.push(strictjson.PointerToken(name))
			return n.fail(CodeJSONLD, "a type that is no string")
		}
		slices.Sort(types)
		for _, t := range slices.Compact(types) {
			var err *Error
			if n.inner, err = n.inner.ofType(n.active, t); err != nil {
				err.Path = n.here()
				return err
			}
		}
	}
	return nil
}

// stringsOf returns a string or an array of strings as a new slice. A null counts as
// no string, so that it is not taken for a type.
func stringsOf(v any) ([]string, bool) {
	if s, ok := v.(string); ok {
		return []string{s}, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, len(list))
	for i, e := range list {
		if out[i], ok = e.(string); !ok {
			return nil, false
		}
	}
	return out, true
}

// name finds the object's id, or makes a blank node for it.
func (n *node) name(names []string) (err *Error) {
	found := ""
	for _, name := range names {
		if n.inner.expand(name, true) != "@id" {
			continue
		}
		n.push(strictjson.PointerToken(name))
		if found != "" {
			return n.fail(CodeJSONLD, "a second id beside %q", found)
		}
		id, ok := n.object[name].(string)
		if !ok {
			return n.fail(CodeJSONLD, "an id that is no string")
		}
		if n.self, err = n.resource(n.inner.expand(id, false), id); err != nil {
			return err
		}
		n.pop()
		found = name
	}
	if found == "" {
		n.self, err = n.newBlank()
		return err
	}
	return n.claimName()
}

// claimName notes that this object has its id. In one graph, statements about one id
// could be moved between two objects without a change to the hash, each of them in
// the graph: a restriction from the subject, where it is looked for, to the issuer, in
// a document that is self-issued. So a second object of one id is refused.
func (n *node) claimName() *Error {
	if n.mode != Strict {
		return nil
	}
	key := n.graph.value + " " + n.self.value
	if other, taken := n.objects[key]; taken {
		return n.fail(CodeGhostMember, "the object %q has the id %s already", other, n.self.value)
	}
	n.objects[key] = n.here()
	return nil
}

// resource returns the term of an expanded IRI; written is what stood in the document.
func (r *reader) resource(full, written string) (term, *Error) {
	if label, isBlank := cutBlank(full); isBlank && r.mode != Strict {
		return term{kind: blank, value: "d" + label}, nil
	}
	switch {
	case !hasScheme(full):
		return term{}, r.fail(CodeRelativeIRI, "%q is no absolute IRI", written)
	case !iriChars(full):
		return term{}, r.fail(CodeInvalidIRI, "%q", written)
	}
	return term{kind: iri, value: full}, nil
}

// cutBlank returns the label of a blank node identifier that N-Quads can write.
func cutBlank(s string) (string, bool) {
	if len(s) < 3 || s[:2] != "_:" {
		return "", false
	}
	for _, c := range []byte(s[2:]) {
		if !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' {
			return "", false
		}
	}
	return s[2:], true
}

// member reads one member of the object.
func (n *node) member(name string, value any) *Error {
	if name == "@context" {
		return nil // read before the object was entered
	}
	if (name == "@id" || name == "@type") && n.inner.definition(name[1:]) != nil {
		return n.fail(CodeUnmappedTerm, "write %s, the name that the context gives it", name[1:])
	}
	full := n.inner.expand(name, true)
	switch full {
	case "@id":
		return nil // read by name
	case "@type":
		return n.types(value)
	case "":
		if name[:min(1, len(name))] == "@" {
			return n.fail(CodeGhostMember, "no keyword of JSON-LD")
		}
		return n.unmapped(full, value)
	case "@index", "@direction", "@language":
		return n.fail(CodeGhostMember, "adds nothing to what is signed: %s", full)
	}
	if keywords[full] {
		return n.unsupported(full + " in an object")
	}
	if !hasScheme(full) {
		return n.unmapped(full, value)
	}
	if !iriChars(full) {
		return n.fail(CodeInvalidIRI, "%q", full)
	}
	if strings.Contains(name, ":") && n.inner.definition(name) == nil {
		// An end of validity under its IRI has the same hash, and nobody who reads the
		// document by its terms would see it.
		return n.fail(CodeUnmappedTerm, "a member is named by a term, not by an IRI")
	}
	s := scope{active: n.inner, def: n.inner.definition(name), subject: n.self, predicate: full, graph: n.graph}
	if s.def != nil && s.def.Reverse {
		return n.unsupported("@reverse")
	}
	return n.property(s, value)
}

// unmapped refuses a member that no context defines, or that one switches off. If it
// has no value either, it is a ghost like any other, and in Loose12 in any case.
func (n *node) unmapped(full string, value any) *Error {
	if value == nil {
		return n.ghost("null")
	}
	if list, isArray := value.([]any); isArray && len(list) == 0 {
		return n.ghost("empty-array")
	}
	if n.mayLeaveOut(full) {
		return n.ghost("unmapped")
	}
	return n.fail(CodeUnmappedTerm, "no context defines this term")
}

// mayLeaveOut reports whether a term without an IRI is a ghost. Processors leave it
// out with all that it holds, unless it has a colon (JSON-LD 1.1 API, section 5.1.2,
// step 13.3): then what it holds may lead to statements.
func (n *node) mayLeaveOut(full string) bool {
	return n.mode == Loose12 && !strings.Contains(full, ":")
}

// types makes one statement of each type.
func (n *node) types(value any) *Error {
	list, isArray := value.([]any)
	if !isArray {
		return n.oneType(value)
	}
	before := len(n.quads)
	if err := n.elements(list, n.oneType); err != nil {
		return err
	}
	if len(n.quads) == before {
		return n.ghost("empty-array") // or one of ghosts only
	}
	return nil
}

func (n *node) oneType(value any) *Error {
	name, ok := value.(string)
	if !ok { // scopeByTypes has not seen it if a type's context makes this member a type
		return n.fail(CodeJSONLD, "a type that is no string")
	}
	full := n.active.expand(name, true)
	if full == "" || !hasScheme(full) {
		if n.mayLeaveOut(full) {
			return n.ghost("unmapped")
		}
		return n.fail(CodeUnmappedTerm, "no context defines the type %q", name)
	}
	o, err := n.resource(full, name)
	if err != nil {
		return err
	}
	s := scope{subject: n.self, predicate: rdfType, graph: n.graph}
	return n.complete(s, o)
}
