package jsonld

import (
	"encoding/json"
	"strconv"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A Mode says what becomes of members that add nothing to the graph.
type Mode int

const (
	// Strict is for VC 2.0 and for what we issue: null and empty arrays are
	// errors, as are two objects of one id, repeated values, and numbers other
	// than integers within ±(2^53-1).
	Strict Mode = iota
	// Lax is for older formats, which allowed members that say nothing: null, empty
	// arrays, repeated values, texts where a context asks for an IRI. They are left
	// out of the claims and listed.
	Lax
	// Loose12 is for the member document of Blockcerts 1.2 alone. That format used
	// members that its context does not define, on purpose, and was hashed without
	// them: they are left out of the claims and listed, as all that Lax leaves out.
	// So that no other document can be read this loosely, its context must be that
	// of Blockcerts 1.2, which for its part no other mode can read: one term of it
	// is valid in JSON-LD 1.0 only. Inline objects may be pinned as elsewhere.
	Loose12
)

// Limits bound the work of one call. A zero field means the field of DefaultLimits.
type Limits struct {
	Quads      int // statements
	BlankNodes int
	// Work counts calls of the Hash N-Degree Quads algorithm and the orders of
	// nodes it tries (RDFC-1.0, section 4.8), together; one that looks at eight
	// quads or nodes counts twice, and so on.
	Work int
}

// DefaultLimits allow every real document seen a hundred times over. The work
// bound is above what the three solvable poison graphs of the W3C test suite need.
var DefaultLimits = Limits{Quads: 10000, BlankNodes: 256, Work: 50000}

func (l Limits) orDefault() Limits {
	if l.Quads == 0 {
		l.Quads = DefaultLimits.Quads
	}
	if l.BlankNodes == 0 {
		l.BlankNodes = DefaultLimits.BlankNodes
	}
	if l.Work == 0 {
		l.Work = DefaultLimits.Work
	}
	return l
}

// Options for Canonicalize. A nil Contexts pins nothing, so every document with a
// @context is refused.
type Options struct {
	Contexts *Contexts
	Mode     Mode
	Limits   Limits
	// SHA384 runs RDFC-1.0 with SHA-384 in place of SHA-256, as suites of P-384 do
	// (RDFC-1.0, section 4.9). Only the labels of blank nodes depend on it.
	SHA384 bool
}

// A Ghost is a member or element that was left out since it adds no statement.
type Ghost struct {
	Path   string // JSON pointer in the document as given
	Reason string // "null", "empty-array", "repeated", "relative-iri", "direction", or in Loose12 "unmapped"
}

// A Result is a document in canonical form.
type Result struct {
	NQuads []byte // canonical N-Quads, UTF-8, each line ended by a line feed
	Quads  int
	Ghosts []Ghost // in document order of sorted member names
	// Claims is a copy of the document without ghosts: only what was hashed.
	// Numbers that are no plain integers stand as hashed, with at most 16 digits.
	Claims map[string]any
	// Labels is there in place of Claims with CodeLabelsNotSigned: the terms of the
	// unpinned inline object and the IRIs they stand for. The IRIs are signed where
	// NQuads has them; the terms are what anybody may have written.
	Labels map[string]string
}

// Canonicalize returns the canonical N-Quads of doc, as parsed by strictjson, and
// the claims that they cover. It never modifies doc and keeps no reference to it.
//
// The proof under test must have been taken out by the caller (an empty proof array
// is a ghost like any other). The error is always an *Error. With CodeLabelsNotSigned,
// and only then, the Result is there too, without Claims and with Labels.
func Canonicalize(doc map[string]any, o Options) (*Result, error) {
	contexts := o.Contexts
	if contexts == nil {
		contexts = &Contexts{}
	}
	if o.Mode == Loose12 {
		contexts = contexts.for12()
	}
	active, added, err := contexts.root(doc)
	if err != nil {
		return nil, err
	}
	r := newReader(o.Mode, o.Limits.orDefault())
	if err := r.document(active, doc); err != nil {
		return nil, err
	}
	hash := hashFunc(sha256Hex)
	if o.SHA384 {
		hash = sha384Hex
	}
	c, err := canonicalLabels(r.quads, hash, r.lim)
	if err != nil {
		return nil, err
	}
	res := &Result{NQuads: join(c.lines()), Quads: len(r.quads), Ghosts: r.ghosts}
	if added != nil {
		res.Labels = added.labels
		return res, added.err
	}
	res.Claims = r.claims(doc)
	return res, nil
}

// claims copies doc without the ghosts and with numbers as they were hashed.
func (r *reader) claims(doc map[string]any) map[string]any {
	if len(r.ghosts) == 0 && len(r.numbers) == 0 {
		return strictjson.Clone(doc).(map[string]any)
	}
	drop := make(map[string]bool, len(r.ghosts))
	for _, g := range r.ghosts {
		drop[g.Path] = true
	}
	return prune(doc, "", drop, r.numbers).(map[string]any)
}

func prune(v any, path string, drop map[string]bool, numbers map[string]json.Number) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, e := range v {
			if at := path + strictjson.PointerToken(name); !drop[at] {
				m[name] = prune(e, at, drop, numbers)
			}
		}
		return m
	case []any:
		list := make([]any, 0, len(v))
		for i, e := range v {
			if at := path + "/" + strconv.Itoa(i); !drop[at] {
				list = append(list, prune(e, at, drop, numbers))
			}
		}
		return list
	case json.Number:
		if hashed, changed := numbers[path]; changed {
			return hashed
		}
	}
	return v
}
