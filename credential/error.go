package credential

import "fmt"

// A Code names why a document could not be read. Codes are stable.
type Code string

// The codes of Error. Errors of the JSON itself come from internal/strictjson.
const (
	CodeVersion     Code = "unknown-version"
	CodeUnsupported Code = "version-unsupported" // a version that is known and not read
	CodeMember      Code = "malformed-member"
	CodeProof       Code = "malformed-proof"
	CodeDate        Code = "malformed-date"
	CodeLimit       Code = "limit-proofs" // too many proofs, status entries, schemas or inner documents, or too long a Merkle proof
)

// An Error says why a document could not be read.
type Error struct {
	Code   Code
	Path   string // JSON pointer
	Detail string
}

// Error returns the code, the place and the detail in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("credential: %s at %s: %s", e.Code, e.Path, e.Detail)
}

func fail(code Code, path, format string, args ...any) error {
	return &Error{Code: code, Path: path, Detail: fmt.Sprintf(format, args...)}
}
