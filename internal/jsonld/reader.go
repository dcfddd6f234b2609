package jsonld

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/piprate/json-gold/ld"
)

// maxEmbedded bounds the @context members inside a document. A presentation has one
// for each credential in it; to process one costs as much as a small document.
const maxEmbedded = 64

// A reader walks a document and makes its statements. Every method that reads a
// member either makes a statement of it, or notes a ghost, or returns an error:
// that is the coverage rule of this package, and there is no other place for it.
type reader struct {
	mode    Mode
	lim     Limits
	path    []string // where the walk is, as JSON pointer tokens with their slash
	quads   []quad
	lines   map[string]bool // the quads as text: a dataset holds none twice
	ghosts  []Ghost
	numbers map[string]json.Number // path -> number as hashed, where that is another text
	objects map[string]string      // graph and id -> path of the object that has it
	blanks  int                    // blank nodes made so far

	embedded int
	buf      []byte
}

func newReader(mode Mode, lim Limits) *reader {
	usual := min(128, lim.Quads) // a credential has about a hundred statements; growing to them costs as much memory again
	return &reader{mode: mode, lim: lim, quads: make([]quad, 0, usual), lines: make(map[string]bool, usual), numbers: map[string]json.Number{}, objects: map[string]string{}}
}

func (r *reader) push(token string) { r.path = append(r.path, token) }
func (r *reader) pop()              { r.path = r.path[:len(r.path)-1] }
func (r *reader) here() string      { return strings.Join(r.path, "") }

func (r *reader) fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Path: r.here(), Detail: fmt.Sprintf(format, args...)}
}

func (r *reader) unsupported(what string) *Error {
	return r.fail(CodeJSONLD, "%s is not supported", what)
}

// ghost notes that what stands here adds nothing, or refuses it.
func (r *reader) ghost(reason string) *Error {
	if r.mode == Strict && reason != "direction" {
		return r.fail(CodeGhostMember, "adds nothing to what is signed: %s", reason)
	}
	r.ghosts = append(r.ghosts, Ghost{Path: r.here(), Reason: reason})
	return nil
}

func (r *reader) newBlank() (term, *Error) {
	if r.blanks == r.lim.BlankNodes {
		return term{}, r.fail(CodeLimitBlankNodes, "more than %d blank nodes", r.lim.BlankNodes)
	}
	r.blanks++
	return term{kind: blank, value: "n" + strconv.Itoa(r.blanks)}, nil
}

// emit adds a statement and reports whether it is new.
func (r *reader) emit(s term, predicate string, o, g term) (bool, *Error) {
	q := quad{subject: s, predicate: term{kind: iri, value: predicate}, object: o, graph: g}
	r.buf = appendQuad(r.buf[:0], q, func(t term) string { return t.value })
	if r.lines[string(r.buf)] {
		return false, nil
	}
	if len(r.quads) == r.lim.Quads {
		return false, r.fail(CodeLimitQuads, "more than %d statements", r.lim.Quads)
	}
	r.lines[string(r.buf)] = true
	r.quads = append(r.quads, q)
	return true, nil
}

// document reads the outermost object, whose active context is a.
func (r *reader) document(a *active, doc map[string]any) *Error {
	n := node{reader: r, active: a, object: doc, root: true}
	_, err := n.read()
	return err
}

// A scope is where a value stands: the subject and predicate that it completes, the
// active context, and the definition of the member it belongs to.
type scope struct {
	active    *active
	def       *ld.TermDefinition // nil for a member that is a full IRI
	subject   term
	predicate string
	graph     term
	asGraph   bool // the member is a @graph container: each value is a graph of its own
}

func (s scope) has(container string) bool {
	return s.def != nil && slices.Contains(s.def.Container, container)
}

// property reads a member that stands for an IRI.
func (r *reader) property(s scope, value any) *Error {
	for _, container := range [...]string{"@index", "@id", "@type"} {
		if s.has(container) {
			return r.unsupported("a container of kind " + container)
		}
	}
	if s.def != nil && s.def.Type == "@json" {
		if s.has("@list") || s.has("@graph") {
			return r.unsupported("a list or graph of JSON literals")
		}
		return r.jsonLiteral(s, value)
	}
	s.asGraph = s.has("@graph")
	object, isObject := value.(map[string]any)
	switch {
	case s.has("@language") && isObject:
		return r.languageMap(s, object)
	case s.has("@list"):
		return r.listValue(s, value)
	}
	return r.values(s, value)
}

// values reads a value or an array of them.
func (r *reader) values(s scope, value any) *Error {
	list, isArray := value.([]any)
	if !isArray {
		return r.value(s, value)
	}
	before := len(r.quads)
	if err := r.elements(list, func(e any) *Error { return r.values(s, e) }); err != nil {
		return err
	}
	if len(r.quads) == before {
		return r.ghost("empty-array") // or one of ghosts only
	}
	return nil
}

func (r *reader) elements(list []any, read func(any) *Error) *Error {
	for i, e := range list {
		r.push("/" + strconv.Itoa(i))
		if err := read(e); err != nil {
			return err
		}
		r.pop()
	}
	return nil
}

// value reads one value and makes the statement that it completes.
func (r *reader) value(s scope, value any) *Error {
	object, isObject := value.(map[string]any)
	switch {
	case value == nil:
		return r.ghost("null")
	case isObject:
		return r.objectValue(s, object)
	case s.asGraph:
		return r.fail(CodeGhostMember, "a plain value where only an object is signed")
	}
	o, err := r.scalar(s, value)
	if err != nil || o.kind == none {
		return err
	}
	return r.complete(s, o)
}

// objectValue is value for an object: a list, a set, or something that is named.
func (r *reader) objectValue(s scope, object map[string]any) *Error {
	inner, err := r.inside(s, object)
	if err != nil {
		return err
	}
	if list, isList := inner.active.keyword(object, "@list"); isList {
		return r.keywordOnly(object, list, func(v any) *Error { return r.list(inner, v) })
	}
	if set, isSet := inner.active.keyword(object, "@set"); isSet {
		return r.keywordOnly(object, set, func(v any) *Error { return r.values(inner, v) })
	}
	if s.asGraph {
		return r.graph(s, inner.active, object)
	}
	o, err := r.resourceOf(s, inner.active, object)
	if err != nil || o.kind == none {
		return err
	}
	return r.complete(s, o)
}

// complete makes the statement of s with object o.
func (r *reader) complete(s scope, o term) *Error {
	isNew, err := r.emit(s.subject, s.predicate, o, s.graph)
	if err != nil {
		return err
	}
	if !isNew {
		return r.ghost("repeated")
	}
	return nil
}

// keyword returns the name of the member of object that expands to word.
func (a *active) keyword(object map[string]any, word string) (string, bool) {
	if _, ok := object[word]; ok {
		return word, true
	}
	for name := range object {
		if td := a.definition(name); td != nil && td.ID == word {
			return name, true
		}
	}
	return "", false
}

// keywordOnly reads the one member allowed beside nothing else in a list or set object.
func (r *reader) keywordOnly(object map[string]any, name string, read func(any) *Error) *Error {
	if len(object) != 1 {
		return r.fail(CodeJSONLD, "a %s object with further members", name)
	}
	r.push(strictjson.PointerToken(name))
	if err := read(object[name]); err != nil {
		return err
	}
	r.pop()
	return nil
}

// graph reads an object in a @graph container: a new blank node names the graph that
// holds the object's statements.
func (r *reader) graph(s scope, a *active, object map[string]any) *Error {
	name, err := r.newBlank()
	if err != nil {
		return err
	}
	if err := r.complete(s, name); err != nil {
		return err
	}
	before := len(r.quads)
	s.graph = name
	if _, err := r.resourceOf(s, a, object); err != nil {
		return err
	}
	if len(r.quads) == before && len(object) > 0 {
		return r.fail(CodeGhostMember, "the object says nothing about itself")
	}
	return nil
}

// listValue reads a member with a @list container: its values, or one list object.
func (r *reader) listValue(s scope, value any) *Error {
	if object, isObject := value.(map[string]any); isObject {
		inner, err := r.inside(s, object)
		if err != nil {
			return err
		}
		if name, isList := inner.active.keyword(object, "@list"); isList {
			return r.keywordOnly(object, name, func(v any) *Error { return r.list(inner, v) })
		}
	}
	return r.list(s, value)
}

// list reads the values of an ordered list (JSON-LD 1.1 API, section 8.3).
func (r *reader) list(s scope, value any) *Error {
	head, err := r.listOf(s, value)
	if err != nil {
		return err
	}
	return r.complete(s, head)
}

func (r *reader) listOf(s scope, value any) (term, *Error) {
	if s.asGraph {
		return term{}, r.unsupported("a list of graphs")
	}
	values, isArray := value.([]any)
	if !isArray {
		values = []any{value}
	}
	var items []term
	collect := func(e any) *Error {
		item, err := r.listItem(s, e)
		if err == nil && item.kind != none {
			items = append(items, item)
		}
		return err
	}
	var err *Error
	if isArray {
		err = r.elements(values, collect)
	} else {
		err = collect(value)
	}
	if err != nil {
		return term{}, err
	}
	return r.chain(items, s.graph)
}

func (r *reader) listItem(s scope, e any) (term, *Error) {
	switch e := e.(type) {
	case nil:
		return term{}, r.ghost("null")
	case []any:
		return r.listOf(s, e)
	}
	return r.object(s, e)
}

// chain makes the rdf:first and rdf:rest statements of a list and returns its head.
func (r *reader) chain(items []term, graph term) (term, *Error) {
	next := term{kind: iri, value: rdfNil}
	for _, item := range slices.Backward(items) {
		cell, err := r.newBlank()
		if err != nil {
			return term{}, err
		}
		if _, err := r.emit(cell, rdfFirst, item, graph); err != nil {
			return term{}, err
		}
		if _, err := r.emit(cell, rdfRest, next, graph); err != nil {
			return term{}, err
		}
		next = cell
	}
	return next, nil
}

// object returns the term that an element of a list stands for, and makes the
// statements about it. The kind none means that it was noted as a ghost.
func (r *reader) object(s scope, value any) (term, *Error) {
	object, isObject := value.(map[string]any)
	if !isObject {
		return r.scalar(s, value)
	}
	inner, err := r.inside(s, object)
	if err != nil {
		return term{}, err
	}
	if name, isList := inner.active.keyword(object, "@list"); isList {
		var head term
		err := r.keywordOnly(object, name, func(v any) (err *Error) {
			head, err = r.listOf(inner, v)
			return err
		})
		return head, err
	}
	return r.resourceOf(s, inner.active, object)
}

// inside returns s with the active context that holds inside object (section 5.1.2,
// steps 7 to 9).
func (r *reader) inside(s scope, object map[string]any) (scope, *Error) {
	a := s.active
	if a.previous != nil && !a.staysIn(object) {
		a = a.previous
	}
	a, err := r.ofProperty(a, s.def)
	if err != nil {
		return s, err
	}
	if local, ok := object["@context"]; ok {
		if r.embedded++; r.embedded > maxEmbedded {
			return s, r.fail(CodeLimitContexts, "more than %d contexts inside the document", maxEmbedded)
		}
		if a, err = a.embedded(local, r.here()+"/@context"); err != nil {
			return s, err
		}
	}
	s.active = a
	return s, nil
}

func (r *reader) ofProperty(a *active, def *ld.TermDefinition) (*active, *Error) {
	if def == nil || !def.HasContext {
		return a, nil
	}
	return a.ofProperty(def, r.here())
}

// resourceOf returns the term of a value object or of an object with properties, whose
// active context is a.
func (r *reader) resourceOf(s scope, a *active, object map[string]any) (term, *Error) {
	if name, ok := a.keyword(object, "@value"); ok {
		return r.valueObject(a, object, name)
	}
	n := node{reader: r, active: a, object: object, graph: s.graph}
	return n.read()
}

// staysIn reports whether a context that came from a type goes on to hold inside
// object: in a value object and in a mere reference it does (section 5.1.2, step 7).
func (a *active) staysIn(object map[string]any) bool {
	for name := range object {
		switch a.expand(name, true) {
		case "@value":
			return true
		case "@id":
			if len(object) == 1 {
				return true
			}
		}
	}
	return false
}
