package strictjson

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits bound the work of one call. A zero field means the field of DefaultLimits.
type Limits struct {
	Bytes   int // length of the text
	Depth   int // arrays and objects inside one another; a scalar has depth 0
	Members int // object members and array elements, in all
}

// DefaultLimits suit one credential. The largest real certificate seen, with
// images inside, has 2.1 MB, a depth under 20 and some hundred members.
var DefaultLimits = Limits{Bytes: 8 << 20, Depth: 64, Members: 20000}

// maxDepth bounds what a caller can ask for: the reader recurses once a level, and
// Go ends the program where a stack grows without bound.
const maxDepth = 10000

func (l Limits) orDefault() Limits {
	if l.Bytes == 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	if l.Depth == 0 {
		l.Depth = DefaultLimits.Depth
	}
	if l.Members == 0 {
		l.Members = DefaultLimits.Members
	}
	l.Depth = min(l.Depth, maxDepth)
	return l
}

// Parse returns the one JSON value in data. The error is always an *Error.
func Parse(data []byte, lim Limits) (any, error) {
	lim = lim.orDefault()
	if len(data) > lim.Bytes {
		return nil, &Error{Code: CodeLimitBytes,
			Detail: fmt.Sprintf("the text has %d bytes, allowed are %d", len(data), lim.Bytes)}
	}
	p := &parser{text: string(data), lim: lim}
	v, err := p.document()
	if err != nil {
		return nil, err
	}
	return v, nil
}

// ParseObject is Parse for a text that must be an object.
func ParseObject(data []byte, lim Limits) (map[string]any, error) {
	v, err := Parse(data, lim)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, &Error{Code: CodeWrongType, Line: 1, Column: 1, Detail: "want an object, have " + kindOf(v)}
	}
	return m, nil
}

// Clone returns a deep copy of a parsed value.
func Clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = Clone(e)
		}
		return m
	case []any:
		a := make([]any, len(v))
		for i, e := range v {
			a[i] = Clone(e)
		}
		return a
	}
	return v
}

// kindOf names the JSON kind of a parsed value.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a Go %T", v)
}

// A parser reads text from pos on. Strings without escapes are cut out of text, so
// they cost no copy.
type parser struct {
	text    string
	pos     int
	depth   int
	members int
	lim     Limits
}

// fail makes an error at byte offset at. Path is filled in on the way out.
func (p *parser) fail(code Code, at int, format string, args ...any) *Error {
	before := p.text[:at]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &Error{Code: code, Line: line, Column: column, Detail: fmt.Sprintf(format, args...)}
}

func (p *parser) document() (any, *Error) {
	if strings.HasPrefix(p.text, "\ufeff") {
		return nil, p.fail(CodeByteOrderMark, 0, "the text begins with a byte order mark")
	}
	if !utf8.ValidString(p.text) {
		at := firstInvalid(p.text)
		return nil, p.fail(CodeNotUTF8, at, "byte 0x%02x at offset %d", p.text[at], at)
	}
	p.space()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.text) {
		return nil, p.fail(CodeTrailingData, p.pos, "%d bytes after the value", len(p.text)-p.pos)
	}
	return v, nil
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size <= 1 {
				return i
			}
		}
	}
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end; a NUL byte starts nothing in JSON.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// unexpected describes what stands at pos, where want was wanted.
func (p *parser) unexpected(want string) *Error {
	if p.pos >= len(p.text) {
		return p.fail(CodeNotJSON, p.pos, "the text ends where %s should be", want)
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	return p.fail(CodeNotJSON, p.pos, "%q where %s should be", r, want)
}

func (p *parser) value() (any, *Error) {
	switch c := p.peek(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		return p.str()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case strings.HasPrefix(p.text[p.pos:], "true"):
		p.pos += len("true")
		return true, nil
	case strings.HasPrefix(p.text[p.pos:], "false"):
		p.pos += len("false")
		return false, nil
	case strings.HasPrefix(p.text[p.pos:], "null"):
		p.pos += len("null")
		return nil, nil
	}
	return nil, p.unexpected("a value")
}

// enter counts one more level and steps over its opening bracket.
func (p *parser) enter() *Error {
	if p.depth == p.lim.Depth {
		return p.fail(CodeLimitDepth, p.pos, "more than %d levels", p.lim.Depth)
	}
	p.depth++
	p.pos++
	p.space()
	return nil
}

func (p *parser) leave() {
	p.depth--
	p.pos++
}

func (p *parser) countMember() *Error {
	if p.members == p.lim.Members {
		return p.fail(CodeLimitMembers, p.pos, "more than %d members and elements", p.lim.Members)
	}
	p.members++
	return nil
}

// within puts the step name in front of the path of err.
func within(name string, err *Error) *Error {
	err.Path = PointerToken(name) + err.Path
	return err
}

func (p *parser) array() (any, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	list := []any{}
	if p.peek() == ']' {
		p.leave()
		return list, nil
	}
	for {
		if err := p.countMember(); err != nil {
			return nil, err
		}
		v, err := p.value()
		if err != nil {
			return nil, within(strconv.Itoa(len(list)), err)
		}
		list = append(list, v)
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
			p.space()
		case ']':
			p.leave()
			return list, nil
		default:
			return nil, p.unexpected("a comma or ]")
		}
	}
}

func (p *parser) object() (any, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	obj := map[string]any{}
	if p.peek() == '}' {
		p.leave()
		return obj, nil
	}
	for {
		if err := p.member(obj); err != nil {
			return nil, err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
			p.space()
		case '}':
			p.leave()
			return obj, nil
		default:
			return nil, p.unexpected("a comma or }")
		}
	}
}

// member reads one name and its value into obj.
func (p *parser) member(obj map[string]any) *Error {
	if err := p.countMember(); err != nil {
		return err
	}
	at := p.pos
	if p.peek() != '"' {
		return p.unexpected("a member name")
	}
	name, err := p.str()
	if err != nil {
		return err
	}
	if _, twice := obj[name]; twice {
		return within(name, p.fail(CodeDuplicateKey, at, "the name %q is there twice", name))
	}
	p.space()
	if p.peek() != ':' {
		return within(name, p.unexpected("a colon"))
	}
	p.pos++
	p.space()
	v, err := p.value()
	if err != nil {
		return within(name, err)
	}
	obj[name] = v
	return nil
}

// str reads a string; pos is at its opening quote.
func (p *parser) str() (string, *Error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			s := p.text[start:p.pos]
			p.pos++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return "", p.fail(CodeNotJSON, p.pos, "control character U+%04X in a string", c)
		default:
			p.pos++
		}
	}
	return "", p.fail(CodeNotJSON, p.pos, "the text ends inside a string")
}

// escaped reads on from the first backslash of a string that began at start.
func (p *parser) escaped(start int) (string, *Error) {
	var b strings.Builder
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			b.WriteString(p.text[start:p.pos])
			p.pos++
			return b.String(), nil
		case c == '\\':
			b.WriteString(p.text[start:p.pos])
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			start = p.pos
		case c < 0x20:
			return "", p.fail(CodeNotJSON, p.pos, "control character U+%04X in a string", c)
		default:
			p.pos++
		}
	}
	return "", p.fail(CodeNotJSON, p.pos, "the text ends inside a string")
}

// escape reads one escape sequence, or the two of a surrogate pair.
func (p *parser) escape() (rune, *Error) {
	at := p.pos
	p.pos++ // the backslash
	c := p.peek()
	if c == 'u' {
		return p.unicodeEscape(at)
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if p.pos >= len(p.text) || i < 0 {
		return 0, p.unexpected("an escape character")
	}
	p.pos++
	return rune("\"\\/\b\f\n\r\t"[i]), nil
}

func (p *parser) unicodeEscape(at int) (rune, *Error) {
	r, err := p.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if r < 0xdc00 && strings.HasPrefix(p.text[p.pos:], `\u`) {
		p.pos++ // the backslash
		low, err := p.hex4()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, p.fail(CodeLoneSurrogate, at, `\u%04x has no partner`, r)
}

// hex4 reads the u of an escape and its four digits.
func (p *parser) hex4() (rune, *Error) {
	p.pos++
	var r rune
	for range 4 {
		c := p.peek()
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, p.unexpected("a hexadecimal digit")
		}
		r = r<<4 | rune(c)
		p.pos++
	}
	return r, nil
}

// number reads a number by the grammar of RFC 8259, section 6, and keeps its text.
func (p *parser) number() (any, *Error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return nil, p.unexpected("a digit")
	}
	whole := true
	if p.peek() == '.' {
		whole = false
		p.pos++
		if !p.digits() {
			return nil, p.unexpected("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		whole = false
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return nil, p.unexpected("a digit")
		}
	}
	text := p.text[start:p.pos]
	if whole && len(text) < 300 {
		return json.Number(text), nil // below 10^300, so within a float64
	}
	if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) {
		return nil, p.fail(CodeNumberRange, start, "the number is too large for a float64")
	}
	return json.Number(text), nil
}

func (p *parser) digits() bool {
	start := p.pos
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > start
}
