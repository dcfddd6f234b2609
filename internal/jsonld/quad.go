package jsonld

import (
	"slices"
	"strings"
)

// Names of the RDF, RDF Schema and XML Schema vocabularies that conversion needs.
const (
	rdfNS         = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	rdfType       = rdfNS + "type"
	rdfFirst      = rdfNS + "first"
	rdfRest       = rdfNS + "rest"
	rdfNil        = rdfNS + "nil"
	rdfJSON       = rdfNS + "JSON"
	rdfLangString = rdfNS + "langString"

	xsdNS      = "http://www.w3.org/2001/XMLSchema#"
	xsdString  = xsdNS + "string"
	xsdBoolean = xsdNS + "boolean"
	xsdInteger = xsdNS + "integer"
	xsdDouble  = xsdNS + "double"
)

type termKind uint8

const (
	none termKind = iota // the default graph, where a graph name could stand
	iri
	blank
	literal
)

// A term is a node of the graph. For an iri, value is the IRI; for a blank node its
// label without "_:"; for a literal its lexical form.
type term struct {
	kind     termKind
	value    string
	datatype string // of a literal; empty means xsd:string or, with lang, rdf:langString
	lang     string
}

// A quad is one statement. Predicates are always IRIs: generalised RDF is refused.
type quad struct {
	subject, predicate, object, graph term
}

// appendTerm writes t in the canonical form of N-Quads (RDFC-1.0, section 5), with
// label for the label of a blank node.
func appendTerm(out []byte, t term, label string) []byte {
	switch t.kind {
	case iri:
		out = append(out, '<')
		out = append(out, t.value...)
		out = append(out, '>')
	case blank:
		out = append(out, "_:"...)
		out = append(out, label...)
	case literal:
		out = append(out, '"')
		out = appendEscaped(out, t.value)
		out = append(out, '"')
		if t.lang != "" {
			out = append(out, '@')
			out = append(out, t.lang...)
		} else if t.datatype != "" && t.datatype != xsdString {
			out = append(out, "^^<"...)
			out = append(out, t.datatype...)
			out = append(out, '>')
		}
	}
	return out
}

// appendEscaped writes the text of a literal: named escapes where N-Quads has them,
// \u00XX for other control characters, everything else as it is.
func appendEscaped(out []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
			out = append(out, c)
			continue
		}
		if at := strings.IndexByte("\"\\\b\t\n\f\r", c); at >= 0 {
			out = append(out, '\\', `"\btnfr`[at])
			continue
		}
		out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
	return out
}

// appendQuad writes q as one line, with blank node labels as label gives them.
func appendQuad(out []byte, q quad, label func(term) string) []byte {
	write := func(t term) {
		if t.kind == blank {
			out = appendTerm(out, t, label(t))
		} else {
			out = appendTerm(out, t, "")
		}
		out = append(out, ' ')
	}
	write(q.subject)
	write(q.predicate)
	write(q.object)
	if q.graph.kind != none {
		write(q.graph)
	}
	return append(out, '.', '\n')
}

// join sorts lines by code point, as canonical N-Quads want them, and joins them.
// In UTF-8 that is the order of the bytes.
func join(lines []string) []byte {
	slices.Sort(lines)
	var n int
	for _, l := range lines {
		n += len(l)
	}
	out := make([]byte, 0, n)
	for _, l := range lines {
		out = append(out, l...)
	}
	return out
}
