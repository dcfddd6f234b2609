package pkcs11

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// A Code says why a token or a key cannot be used. Codes are stable.
type Code string

// The codes.
const (
	CodeModule      Code = "module"      // the library cannot be loaded or started
	CodePINFile     Code = "pin-file"    // no PIN, or others can read it
	CodeNoToken     Code = "no-token"    // no token of that label is there
	CodeManyTokens  Code = "many-tokens" // two tokens of that label
	CodePIN         Code = "wrong-pin"   // the token refuses the PIN
	CodePINLocked   Code = "pin-locked"  // too many wrong PINs
	CodeNoKey       Code = "no-key"      // no private key of that label, or without its public key
	CodeManyKeys    Code = "many-keys"   // two keys of that label
	CodeWrongCurve  Code = "wrong-curve" // the key is of another kind than asked for
	CodeToken       Code = "token"       // the token failed; Err says how
	CodeSignature   Code = "signature"   // the token gave a signature that is none of the key's
	CodeUnsupported Code = "unsupported" // PKCS #11 has no such signature
)

// An Error holds no PIN and no key material.
type Error struct {
	Code   Code
	Detail string
	Err    error // may be nil
}

func (e *Error) Error() string {
	s := "pkcs11: " + string(e.Code) + ": " + e.Detail
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the token's own error.
func (e *Error) Unwrap() error { return e.Err }

func fail(code Code, err error, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...), Err: err}
}

// isCode reports whether the token answered with one of these.
func isCode(err error, codes ...uint) bool {
	var answer pkcs11.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, c := range codes {
		if uint(answer) == c {
			return true
		}
	}
	return false
}
