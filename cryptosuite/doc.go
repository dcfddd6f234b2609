// Package cryptosuite makes and checks the signatures of W3C Data Integrity proofs and
// of the linked data proofs before them. It judges one signature under one key; whose
// key that is, and whether it was valid at the time, is for package verifier.
//
//	suite                        key                 made  checked
//	eddsa-rdfc-2022              Ed25519             yes   yes
//	ecdsa-rdfc-2019              P-256               yes   yes
//	ecdsa-rdfc-2019              P-384               no    yes, canonicalised with SHA-384
//	Ed25519Signature2020         Ed25519             no    yes
//	EcdsaSecp256k1Signature2019  secp256k1           no    yes, detached JWS
//	all others                   -                   no    CodeUnsupported, never skipped
//
// Unlike a Merkle proof of Blockcerts, these suites sign the proof's own options too:
// created, verificationMethod and proofPurpose cannot be edited. The options are read
// under the document's own contexts, in the older suites as well (Blockcerts formats,
// section 10).
package cryptosuite
