package verifier

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/merkleproof"
)

// An Explanation shows what one proof of a document covers, so that a person can find
// out why two implementations differ.
type Explanation struct {
	Proof string // JSON pointer of the proof; empty for the document without proofs
	// Canonical is what is hashed: sorted N-Quads, one statement a line.
	Canonical []byte
	Local     merkleproof.Hash // SHA-256 of Canonical
	// Target is the hash that a Merkle proof names; nil for others.
	Target *merkleproof.Hash
}

// An UnpinnedError means that labels of an inline context are not signed and not pinned.
type UnpinnedError struct {
	Digest string // SHA-256 of the object's RFC 8785 form, hexadecimal
	Err    error
}

func (e *UnpinnedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnpinnedError) Unwrap() error { return e.Err }

// unpinned finds the digest in an error of the canonical form.
func unpinned(err error) error {
	var ld *jsonld.Error
	if errors.As(err, &ld) && ld.Code == jsonld.CodeLabelsNotSigned && len(ld.Detail) >= 64 {
		return &UnpinnedError{Digest: ld.Detail[len(ld.Detail)-64:], Err: err}
	}
	return err
}

// Explain returns an Explanation for the document without proofs, and one for each
// Merkle proof. The contexts are those of trust, which may be nil. Errors are those of
// parsing and of the canonical form; *UnpinnedError where a pin would help.
func Explain(raw []byte, trust *Trust) ([]Explanation, error) {
	if trust == nil {
		trust = new(Trust)
	}
	cred, err := credential.Parse(raw)
	if err != nil {
		return nil, err
	}
	if e := cred.Envelope(); e != nil {
		x := Explanation{Canonical: credential.LeafText(e.JWT), Local: credential.LeafOfJWT(e.JWT)}
		for _, p := range cred.Proofs() {
			if p.IsMerkle() {
				x.Proof, x.Target = p.Path, &p.Merkle.Target
			}
		}
		return []Explanation{x}, nil
	}
	o := jsonld.Options{Contexts: trust.contextsOf(cred), Mode: cred.Mode()}
	bare, err := jsonld.Canonicalize(cred.Unsecured(), o)
	if err != nil {
		return nil, unpinned(err)
	}
	all := []Explanation{{Canonical: bare.NQuads, Local: credential.Leaf(bare)}}
	for i, p := range cred.Proofs() {
		if !p.IsMerkle() {
			continue
		}
		res, err := jsonld.Canonicalize(cred.Covered(i), o)
		if err != nil {
			return nil, err
		}
		all = append(all, Explanation{Proof: p.Path, Canonical: res.NQuads, Local: credential.Leaf(res), Target: &p.Merkle.Target})
	}
	return all, nil
}

// FirstDifference returns the first statement in which two canonical forms differ, as
// "- ours" and "+ theirs", or "" if they are equal. Blank nodes are numbered by content,
// so one change can rename others; the first difference is the place to look.
func FirstDifference(ours, theirs []byte) string {
	a, b := bytes.Split(ours, []byte("\n")), bytes.Split(theirs, []byte("\n"))
	for i := range max(len(a), len(b)) {
		var x, y []byte
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if !bytes.Equal(x, y) {
			return fmt.Sprintf("- %s\n+ %s", x, y)
		}
	}
	return ""
}
