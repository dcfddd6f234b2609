package strictjson

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// Canonical returns the bytes of a parsed value in the form of RFC 8785: members
// sorted by UTF-16 code units, the shortest escapes, numbers as ECMAScript prints
// the float64 nearest to them. So 9007199254740993 and 9007199254740992 have the same
// form; whoever must tell them apart checks before.
//
// It fails with CodeWrongType for a Go value that Parse does not make, with
// CodeNotUTF8 for a string that is not UTF-8, and with CodeNumberRange.
func Canonical(v any) ([]byte, error) {
	out, err := appendCanonical(nil, v, 0)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func appendCanonical(out []byte, v any, depth int) ([]byte, *Error) {
	if depth > maxDepth {
		return nil, &Error{Code: CodeLimitDepth, Detail: fmt.Sprintf("more than %d levels", maxDepth)}
	}
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case string:
		return appendString(out, v)
	case json.Number:
		return appendNumber(out, v)
	case []any:
		out = append(out, '[')
		for i, e := range v {
			if i > 0 {
				out = append(out, ',')
			}
			var err *Error
			if out, err = appendCanonical(out, e, depth+1); err != nil {
				return nil, within(strconv.Itoa(i), err)
			}
		}
		return append(out, ']'), nil
	case map[string]any:
		return appendObject(out, v, depth)
	}
	return nil, &Error{Code: CodeWrongType, Detail: "not a JSON value: " + kindOf(v)}
}

func appendObject(out []byte, obj map[string]any, depth int) ([]byte, *Error) {
	names := make([]string, 0, len(obj))
	for name := range obj {
		names = append(names, name)
	}
	slices.SortFunc(names, compareUTF16)
	out = append(out, '{')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		var err *Error
		if out, err = appendString(out, name); err != nil {
			return nil, err
		}
		out = append(out, ':')
		if out, err = appendCanonical(out, obj[name], depth+1); err != nil {
			return nil, within(name, err)
		}
	}
	return append(out, '}'), nil
}

// compareUTF16 orders strings by their UTF-16 code units (RFC 8785, section 3.2.3).
// That differs from the order of bytes only where a character above U+FFFF meets
// one from U+E000 to U+FFFF.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			return slices.Compare(utf16.Encode([]rune{ra}), utf16.Encode([]rune{rb}))
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

func appendString(out []byte, s string) ([]byte, *Error) {
	if !utf8.ValidString(s) {
		return nil, &Error{Code: CodeNotUTF8, Detail: fmt.Sprintf("the string %+q", s)}
	}
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, `\b`...)
		case '\f':
			out = append(out, `\f`...)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		default:
			if c < 0x20 {
				out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				out = append(out, c)
			}
		}
	}
	return append(out, '"'), nil
}

func appendNumber(out []byte, n json.Number) ([]byte, *Error) {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return nil, &Error{Code: CodeNumberRange, Detail: fmt.Sprintf("the number %q", string(n))}
	}
	text, err := jcs.NumberToJSON(f)
	if err != nil {
		return nil, &Error{Code: CodeNumberRange, Detail: fmt.Sprintf("the number %q", string(n))}
	}
	return append(out, text...), nil
}
