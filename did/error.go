package did

import "fmt"

// A Code names why a document or key could not be read. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeDocument    Code = "malformed-issuer-document"
	CodeKey         Code = "malformed-key"
	CodeWindow      Code = "malformed-key-window" // a bound of a key or address is no time; in Skipped only
	CodeUnsupported Code = "unsupported-key-type"
	CodeMethod      Code = "unsupported-did-method"
	CodeLimit       Code = "limit-keys"
)

// An Error says why a document or key could not be read.
type Error struct {
	Code   Code
	Place  string // JSON pointer into the document or key, or the DID
	Detail string
}

// Error returns the code, the place and the detail in one line.
func (e *Error) Error() string {
	if e.Place == "" {
		return fmt.Sprintf("did: %s: %s", e.Code, e.Detail)
	}
	return fmt.Sprintf("did: %s at %s: %s", e.Code, e.Place, e.Detail)
}

func fail(code Code, place, format string, args ...any) error {
	return &Error{Code: code, Place: place, Detail: fmt.Sprintf(format, args...)}
}
