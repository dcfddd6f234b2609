package strictjson

import (
	"fmt"
	"strings"
)

// A Code says why a text was refused. Codes are stable and part of reports.
type Code string

// Codes of this package.
const (
	CodeNotJSON       Code = "not-json"        // the grammar of RFC 8259 is broken
	CodeNotUTF8       Code = "not-utf8"        // a byte sequence that is not UTF-8
	CodeByteOrderMark Code = "byte-order-mark" // RFC 8259, section 8.1
	CodeLoneSurrogate Code = "lone-surrogate"  // \ud800 to \udfff without its partner
	CodeDuplicateKey  Code = "duplicate-key"   // a name twice in one object, compared after unescaping
	CodeTrailingData  Code = "trailing-data"   // anything but white space after the value
	CodeNumberRange   Code = "number-range"    // a number that no float64 can hold
	CodeLimitBytes    Code = "limit-bytes"
	CodeLimitDepth    Code = "limit-depth"
	CodeLimitMembers  Code = "limit-members"
	CodeUnknownMember Code = "unknown-member" // Unmarshal: the Go type has no such member
	CodeWrongType     Code = "wrong-type"     // Unmarshal, ParseObject, Canonical: another kind of value is asked for
)

// An Error says why and where a text was refused.
type Error struct {
	Code Code
	// Path is the JSON pointer (RFC 6901) of the value or member at fault; empty
	// for the whole document.
	Path string
	// Line and Column count from 1, Column in characters. Both are 0 where only
	// Path is known, as in Unmarshal and Canonical.
	Line, Column int
	Detail       string
}

// Error returns the code, the place and the detail in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("json: ")
	b.WriteString(string(e.Code))
	if e.Path != "" {
		fmt.Fprintf(&b, " at %q", e.Path)
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d, column %d)", e.Line, e.Column)
	}
	if e.Detail != "" {
		b.WriteString(": ")
		b.WriteString(e.Detail)
	}
	return b.String()
}

// PointerToken returns name as one step of a JSON pointer (RFC 6901, section 3),
// with the slash before it.
func PointerToken(name string) string {
	if strings.ContainsAny(name, "~/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	}
	return "/" + name
}
