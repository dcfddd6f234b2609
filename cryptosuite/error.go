package cryptosuite

import "fmt"

// A Code names why a signature does not count. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeUnsupported Code = "unsupported-suite" // a suite, or a use of it, that is not judged here
	CodeKeyType     Code = "key-type"          // the key is of another type than the suite
	CodeValue       Code = "malformed-proof-value"
	CodeSignature   Code = "signature" // the signature is not of this document under this key
	// CodeHighS is a secp256k1 signature that holds and is not in the lower of its two
	// forms: anybody can turn one into the other, so it does not count.
	CodeHighS Code = "signature-high-s"
)

// An Error says why a signature does not count or could not be made.
type Error struct {
	Code   Code
	Detail string
}

// Error returns the code and the detail in one line.
func (e *Error) Error() string { return fmt.Sprintf("cryptosuite: %s: %s", e.Code, e.Detail) }

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}
