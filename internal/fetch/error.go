package fetch

import (
	"fmt"
	"net/url"
)

// A Code says why a document was not fetched. Codes are stable.
type Code string

const (
	// CodeRefused: the address is not named, or is none; or the server points to one that
	// is not. Of what is refused at once, nobody was asked.
	CodeRefused Code = "fetch-refused"
	// CodeTimeout: no whole document in time, or the caller ended the call.
	CodeTimeout Code = "fetch-timeout"
	// CodeUnreachable: no connection, or no trust in the server's certificate.
	CodeUnreachable Code = "fetch-unreachable"
	// CodeStatus: the server answers with another status than 200.
	CodeStatus Code = "fetch-status"
	// CodeTooLarge: the document is larger than the limit.
	CodeTooLarge Code = "fetch-too-large"
	// CodeTruncated: the connection broke within the document.
	CodeTruncated Code = "fetch-truncated"
)

// An Error says which document could not be had, and why.
type Error struct {
	Code   Code
	URL    string // without user and password
	Status int    // of HTTP; 0 if there was none
	Detail string
	Err    error // may be nil
}

func (e *Error) Error() string {
	s := "fetch: " + string(e.Code) + ": " + e.URL
	if e.Status != 0 {
		s += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the error behind e.
func (e *Error) Unwrap() error { return e.Err }

func tooLarge(u *url.URL, limit int64) error {
	return &Error{Code: CodeTooLarge, URL: u.String(), Detail: fmt.Sprintf("over %d bytes", limit)}
}
