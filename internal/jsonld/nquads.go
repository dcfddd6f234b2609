package jsonld

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CanonicalizeNQuads returns the canonical form (RDFC-1.0 with SHA-256) of a dataset
// in N-Quads. Statements that are there twice count once. The error is always an
// *Error; a place in the text stands in Detail as a line number.
func CanonicalizeNQuads(nq []byte, lim Limits) ([]byte, error) {
	out, _, err := canonicalizeNQuads(nq, sha256Hex, lim)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// canonicalizeNQuads does so with any hash, and returns the canonical label of every
// blank node label in the text too.
func canonicalizeNQuads(nq []byte, hash hashFunc, lim Limits) ([]byte, map[string]string, *Error) {
	lim = lim.orDefault()
	quads, err := parseNQuads(nq, lim.Quads)
	if err != nil {
		return nil, nil, err
	}
	c, err := canonicalLabels(quads, hash, lim)
	if err != nil {
		return nil, nil, err
	}
	labels := make(map[string]string, len(c.nodes))
	for n, label := range c.nodes {
		labels[label] = c.canonical.label(n)
	}
	return join(c.lines()), labels, nil
}

// parseNQuads reads N-Quads (W3C Recommendation, section 4), each statement once.
func parseNQuads(nq []byte, maxQuads int) ([]quad, *Error) {
	if !utf8.Valid(nq) {
		return nil, &Error{Code: CodeNQuads, Detail: "the text is not UTF-8"}
	}
	var quads []quad
	seen := map[quad]bool{}
	number := 0
	for line := range strings.FieldsFuncSeq(string(nq), func(r rune) bool { return r == '\n' || r == '\r' }) {
		number++
		p := &lineParser{text: line}
		q, isQuad, why := p.statement()
		if why != "" {
			return nil, &Error{Code: CodeNQuads, Detail: fmt.Sprintf("line %d: %s at byte %d", number, why, p.pos)}
		}
		if !isQuad || seen[q] {
			continue
		}
		if len(quads) == maxQuads {
			return nil, &Error{Code: CodeLimitQuads, Detail: fmt.Sprintf("more than %d statements", maxQuads)}
		}
		seen[q] = true
		quads = append(quads, q)
	}
	return quads, nil
}

// A lineParser reads one line. Its methods return what is wrong as text, empty if
// nothing is.
type lineParser struct {
	text string
	pos  int
}

func (p *lineParser) space() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
}

func (p *lineParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// statement reads a line; false without a reason means a blank or comment line.
func (p *lineParser) statement() (q quad, isQuad bool, why string) {
	p.space()
	if p.pos == len(p.text) || p.peek() == '#' {
		return q, false, ""
	}
	if q.subject, why = p.term(iri, blank); why != "" {
		return q, false, why
	}
	if q.predicate, why = p.term(iri); why != "" {
		return q, false, why
	}
	if q.object, why = p.term(iri, blank, literal); why != "" {
		return q, false, why
	}
	if p.peek() != '.' {
		if q.graph, why = p.term(iri, blank); why != "" {
			return q, false, why
		}
	}
	if p.peek() != '.' {
		return q, false, "no full stop"
	}
	p.pos++
	p.space()
	if p.pos < len(p.text) && p.peek() != '#' {
		return q, false, "text after the full stop"
	}
	return q, true, ""
}

// term reads a term of one of the kinds, and the space after it.
func (p *lineParser) term(kinds ...termKind) (t term, why string) {
	switch p.peek() {
	case '<':
		t.kind = iri
		t.value, why = p.iri()
	case '_':
		t.kind = blank
		t.value, why = p.label()
	case '"':
		t, why = p.literal()
	default:
		return t, "no term"
	}
	p.space()
	for _, k := range kinds {
		if why == "" && t.kind == k {
			return t, ""
		}
	}
	if why == "" {
		why = "a term that may not stand before this place"
	}
	return t, why
}

func (p *lineParser) iri() (string, string) {
	text, why := p.until('>')
	switch {
	case why != "":
		return "", why
	case !hasScheme(text):
		return "", "an IRI that is not absolute"
	case !iriChars(text):
		return "", "a character that no IRI has"
	}
	return text, ""
}

func (p *lineParser) label() (string, string) {
	if !strings.HasPrefix(p.text[p.pos:], "_:") {
		return "", "no term"
	}
	p.pos += len("_:")
	start := p.pos
	for p.pos < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if !labelChar(r, p.pos == start) {
			break
		}
		p.pos += size
	}
	// A label does not end with a full stop: that one ends the statement.
	label := strings.TrimRight(p.text[start:p.pos], ".")
	p.pos = start + len(label)
	if label == "" {
		return "", "an empty blank node label"
	}
	return label, ""
}

// labelChar is the character class of BLANK_NODE_LABEL.
func labelChar(r rune, first bool) bool {
	if r == '_' || '0' <= r && r <= '9' || unicode.IsLetter(r) {
		return true
	}
	return !first && (r == '-' || r == '.' || r == 0xb7 || unicode.Is(unicode.Mn, r))
}

func (p *lineParser) literal() (term, string) {
	text, why := p.until('"')
	t := term{kind: literal, value: text}
	if why != "" {
		return t, why
	}
	switch {
	case p.peek() == '@':
		p.pos++
		start := p.pos
		for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || p.text[p.pos] == '-' || '0' <= p.text[p.pos] && p.text[p.pos] <= '9') {
			p.pos++
		}
		if t.lang = p.text[start:p.pos]; !languageTag(t.lang) {
			return t, "no language tag"
		}
	case strings.HasPrefix(p.text[p.pos:], "^^<"):
		p.pos += len("^^")
		if t.datatype, why = p.iri(); why != "" {
			return t, why
		}
		if t.datatype == xsdString {
			t.datatype = "" // one spelling for what is one term
		}
	}
	return t, ""
}

// until reads from the delimiter at pos to the next end, undoing escapes.
func (p *lineParser) until(end byte) (string, string) {
	p.pos++
	var b strings.Builder
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; c {
		case end:
			p.pos++
			return b.String(), ""
		case '\\':
			r, why := p.escape(end == '"')
			if why != "" {
				return "", why
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	return "", "an open term"
}

// escape reads \uXXXX, \UXXXXXXXX or, where named is set, a named escape.
func (p *lineParser) escape(named bool) (rune, string) {
	p.pos++
	c := p.peek()
	if i := strings.IndexByte(`tbnrf"'\`, c); c != 0 && named && i >= 0 {
		p.pos++
		return rune("\t\b\n\r\f\"'\\"[i]), ""
	}
	digits := map[byte]int{'u': 4, 'U': 8}[c]
	if digits == 0 || p.pos+1+digits > len(p.text) {
		return 0, "an unknown escape"
	}
	v, err := strconv.ParseUint(p.text[p.pos+1:p.pos+1+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(v)) {
		return 0, "an escape that is no character"
	}
	p.pos += 1 + digits
	return rune(v), ""
}
