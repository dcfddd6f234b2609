// Package credential is the document itself: a Blockcerts or W3C credential as
// parsed from strict JSON, its version, its proof blocks, what each proof covers,
// its canonical form and digest, and the claims that come out of what was hashed.
//
// Parsing judges nothing: a credential that parses may be forged, expired or
// anchored nowhere. Package verifier decides.
package credential
