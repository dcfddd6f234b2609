// Package merkleproof builds the SHA-256 tree that binds a batch of credentials
// to one transaction, checks the path of one credential through it, and reads and
// writes the two Blockcerts encodings of such a proof: MerkleProof2017 (JSON) and
// MerkleProof2019 (multibase CBOR).
//
// Parents are SHA-256(left || right) over raw 32-byte values. A node without a
// partner moves up unchanged, so repeating the last leaf changes the root.
//
// # What a path does not prove
//
// Leaves and inner nodes are hashed alike, unlike RFC 6962, and a path does not
// carry its depth. A path alone therefore shows that a value went into the root,
// not that the value was a leaf. Callers must hash the credential themselves, as
// package verifier does, and never take the leaf from the proof.
//
// The package knows hashes, chains as numbers and text, and nothing else: no
// JSON-LD, no Bitcoin, no files.
package merkleproof
