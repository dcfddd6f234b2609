// Package credential is the document itself: a Blockcerts or W3C credential as
// parsed from strict JSON, its version, its proof blocks, what each proof covers,
// its canonical form and digest, and the claims that come out of what was hashed.
//
// Parsing judges nothing: a credential that parses may be forged, expired or
// anchored nowhere. Package verifier decides.
//
// # Versions
//
// The version follows from contexts and members, never from a number that a holder
// could write anywhere:
//
//	VC2           the context of VC Data Model 2.0 (Blockcerts 3.2 among them)
//	VC1           the context of VC Data Model 1.1 (Blockcerts 3.0-alpha to 3.1)
//	Blockcerts12  members document and receipt
//	Blockcerts2   member badge (2.0-alpha to 2.1)
//
// Blockcerts 1.1, whose hash is that of the file and stands nowhere in it, is refused
// with CodeUnsupported.
package credential
