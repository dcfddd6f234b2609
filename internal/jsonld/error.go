package jsonld

// A Code says why a document was refused. Codes are stable and part of reports.
type Code string

// Codes of this package.
const (
	CodeContextUnknown    Code = "context-unknown"     // a URL that is not in Contexts; Detail names it
	CodeContextNotAllowed Code = "context-not-allowed" // an entry of @context that could change what is signed
	// CodeLabelsNotSigned: an unpinned inline object that only adds new terms. The
	// Result comes with the error, without Claims; Detail has the digest that would pin it.
	CodeLabelsNotSigned Code = "labels-not-signed"
	CodeUnmappedTerm    Code = "unmapped-term" // a member or type that no context defines
	CodeGhostMember     Code = "ghost-member"  // a member that adds no statement
	CodeRelativeIRI     Code = "relative-iri"  // an id that is not absolute
	CodeInvalidIRI      Code = "invalid-iri"   // a character that RFC 3987 does not allow
	CodeNumber          Code = "inexact-number"
	CodeLimitWork       Code = "limit-canonicalisation" // the work budget of RDFC-1.0
	CodeLimitQuads      Code = "limit-quads"
	CodeLimitBlankNodes Code = "limit-blank-nodes"
	CodeLimitContexts   Code = "limit-contexts" // too many @context members inside the document
	CodeJSONLD          Code = "json-ld"        // any other breach of JSON-LD 1.1, and what we do not support
	CodeNQuads          Code = "n-quads"        // CanonicalizeNQuads: the grammar is broken
)

// An Error says why and where a document was refused.
type Error struct {
	Code   Code
	Path   string // JSON pointer to the member at fault; empty for the whole
	Detail string
}

// Error returns the code, the place and the detail in one line.
func (e *Error) Error() string {
	s := "json-ld: " + string(e.Code)
	if e.Path != "" {
		s += " at " + e.Path
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}
