// Package did reads who an issuer is: DID documents and Blockcerts issuer profiles,
// with their keys, the purposes and time windows of each, and the Bitcoin addresses
// an issuer commits from. did:key and did:jwk documents are computed; all others
// arrive as bytes, because this package dials nobody.
//
// Reading a document makes nobody trusted: that is for the verifier's trust file.
package did
