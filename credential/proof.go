package credential

import (
	"fmt"
	"slices"

	"github.com/certanchor/certanchor/merkleproof"
)

// A Kind says what a proof is, whatever dress it comes in.
type Kind string

// The kinds of proof.
const (
	Merkle2017 Kind = "MerkleProof2017"
	Merkle2019 Kind = "merkle-proof-2019" // LD proof, Data Integrity or chained
	Signature  Kind = "signature"
)

// A Proof is one proof block of a document.
type Proof struct {
	Kind Kind
	// Suite names the signature suite: the cryptosuite of a DataIntegrityProof, the
	// type of an older one. It may be a suite nobody here can judge.
	Suite  string
	Object map[string]any // the block as parsed; must not be changed
	Path   string         // JSON pointer of the block

	ID, Created, Purpose, VerificationMethod string

	// Merkle is the decoded proof of a Merkle kind.
	Merkle *merkleproof.Proof

	covers []int // proofs that are part of what this one covers, by index
}

// IsMerkle reports whether the proof is a path to an anchored root.
func (p *Proof) IsMerkle() bool { return p.Kind != Signature }

func readProofs(v Version, doc map[string]any) ([]Proof, error) {
	switch v {
	case Blockcerts12:
		return merkle2017(doc["receipt"], "/receipt")
	case Blockcerts2:
		if doc["proof"] != nil {
			return nil, fail(CodeProof, "/proof", "a Blockcerts 2 certificate has its proof in signature")
		}
		return merkle2017(doc["signature"], "/signature")
	}
	blocks := asList(doc["proof"])
	if len(blocks) > MaxProofs {
		return nil, fail(CodeLimit, "/proof", "%d proofs, at most %d", len(blocks), MaxProofs)
	}
	_, isList := doc["proof"].([]any)
	proofs := make([]Proof, 0, len(blocks))
	for i, b := range blocks {
		path := "/proof"
		if isList {
			path = fmt.Sprintf("/proof/%d", i)
		}
		p, err := readProof(b, path)
		if err != nil {
			return nil, err
		}
		if err := p.cover(i, proofs); err != nil {
			return nil, err
		}
		proofs = append(proofs, p)
	}
	return proofs, nil
}

func merkle2017(v any, path string) ([]Proof, error) {
	m, ok := v.(map[string]any)
	if !ok {
		if v == nil {
			return nil, nil
		}
		return nil, fail(CodeProof, path, "must be an object")
	}
	decoded, err := merkleproof.Decode2017(m)
	if err != nil {
		return nil, fail(CodeProof, path, "%v", err)
	}
	return []Proof{{Kind: Merkle2017, Suite: string(Merkle2017), Object: m, Path: path, Merkle: decoded}}, nil
}

func readProof(v any, path string) (Proof, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Proof{}, fail(CodeProof, path, "must be an object")
	}
	p := Proof{Kind: Signature, Suite: asText(m["type"]), Object: m, Path: path,
		ID: asText(m["id"]), Created: asText(m["created"]), Purpose: asText(m["proofPurpose"]),
		VerificationMethod: idOf(m["verificationMethod"])}
	switch p.Suite {
	case "":
		return p, fail(CodeProof, path+"/type", "missing")
	case "DataIntegrityProof":
		if p.Suite = asText(m["cryptosuite"]); p.Suite == "" {
			return p, fail(CodeProof, path+"/cryptosuite", "missing")
		}
	case "ChainedProof2021":
		p.Suite = asText(m["chainedProofType"])
	}
	if p.Suite != "MerkleProof2019" && p.Suite != string(Merkle2019) {
		return p, nil
	}
	p.Kind = Merkle2019
	value, ok := m["proofValue"].(string)
	if !ok {
		return p, fail(CodeProof, path+"/proofValue", "missing")
	}
	decoded, err := merkleproof.Decode2019(value)
	if err != nil {
		return p, fail(CodeProof, path+"/proofValue", "%v", err)
	}
	p.Merkle = decoded
	return p, nil
}

// cover fills in which of the proofs before it this one covers.
func (p *Proof) cover(i int, before []Proof) error {
	if p.IsMerkle() {
		for j := range i {
			p.covers = append(p.covers, j)
		}
		return nil
	}
	for _, ref := range asList(p.Object["previousProof"]) {
		id, ok := ref.(string)
		j := slices.IndexFunc(before, func(q Proof) bool { return q.ID != "" && q.ID == id })
		if !ok || j < 0 {
			return fail(CodeProof, p.Path+"/previousProof", "names no earlier proof")
		}
		p.covers = append(p.covers, j)
	}
	return nil
}
