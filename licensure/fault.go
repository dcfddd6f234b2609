package licensure

import (
	"fmt"
	"strings"
)

// A Code says what is wrong with a member of a draft. Codes are stable.
type Code string

// Codes of [Fault].
const (
	CodeMissing      Code = "member-missing"
	CodeKind         Code = "member-kind"          // another kind of JSON value is asked for
	CodeVocabulary   Code = "not-in-vocabulary"    // a word that the list of the field does not have
	CodeDate         Code = "date-malformed"       // not the date or instant the field asks for
	CodeDateOrder    Code = "date-order"           // two dates contradict each other
	CodeIdentifier   Code = "identifier-malformed" // form or check digit
	CodeSynthetic    Code = "synthetic-mixed"      // made-up and real identifiers in one credential
	CodeText         Code = "text-malformed"       // empty, too long, or with characters that hide
	CodeRange        Code = "number-out-of-range"  // not an integer, or outside the range of the field
	CodeContradicts  Code = "members-contradict"   // two members cannot both be true
	CodeDenied       Code = "denied-member"        // content that no credential may carry
	CodeIssuerMember Code = "issuer-member"        // a member that the issuer fills in
	CodeType         Code = "type-unknown"         // none of our types
	CodeTypeMixed    Code = "type-mixed"           // more than one of our types
	CodeGhost        Code = "ghost-member"         // null, [] or @word: it would add nothing to what is signed
	CodeRelativeIRI  Code = "relative-iri"         // an id that is not an absolute IRI
	CodeValidity     Code = "validity-too-long"    // validUntil beyond what the licence allows
	CodeLimit        Code = "limit"                // too deep or too many
)

// A Fault is one thing wrong with a draft. It never holds the value at fault: drafts are
// about people, and errors end in logs (domain rule PR-15).
type Fault struct {
	Code    Code
	Pointer string // JSON pointer (RFC 6901) into the draft
	Rule    string // rule of the domain design, for example "T07", "ENV-2", "PR-8"; "J…" of the security design
	Detail  string // what is asked for
}

func (f Fault) String() string {
	return fmt.Sprintf("%s at %q (%s): %s", f.Code, f.Pointer, f.Rule, f.Detail)
}

// A DraftError lists what is wrong with a draft, at most maxFaults entries, in the order
// found. It has at least one.
type DraftError struct {
	Faults []Fault
}

// Error names the first fault and counts the others.
func (e *DraftError) Error() string {
	var b strings.Builder
	b.WriteString("licensure: ")
	b.WriteString(e.Faults[0].String())
	if n := len(e.Faults) - 1; n > 0 {
		fmt.Fprintf(&b, " (and %d more)", n)
	}
	return b.String()
}
