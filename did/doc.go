// Package did reads who an issuer is: DID documents and Blockcerts issuer profiles,
// with their keys, the purposes and time windows of each, and the Bitcoin addresses
// an issuer commits from. did:key and did:jwk documents are computed; all others
// arrive as bytes, because this package dials nobody.
//
// # Profiles
//
//	v1.1        issuer_key, revocation_key: [{date, key}], no id
//	v1.2        issuerKeys, revocationKeys: [{date, key, invalidated}]
//	2.0-alpha   publicKeys: [{publicKey, created, revoked, expires}]
//	2.x and 3.x publicKey: [{id, created, revoked, expires}]
//	3.x         verificationMethod, assertionMethod and authentication besides
//
// Reading a document makes nobody trusted: that is for the verifier's trust file.
package did
