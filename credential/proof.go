package credential

import (
	"errors"
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
	// Type is the type of the block, for example "DataIntegrityProof".
	Type string
	// Suite names the signature suite: the cryptosuite of a DataIntegrityProof, the
	// type of an older one. It may be a suite nobody here can judge.
	Suite  string
	Object map[string]any // the block as parsed; must not be changed
	Path   string         // JSON pointer of the block

	ID, Created, Expires, Purpose, VerificationMethod string
	// Domain and Challenge are what the proof says it was made for: a Merkle proof
	// does not sign them, a signature does.
	Domain    []string
	Challenge string

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
		proofs = append(proofs, p)
	}
	for i := range proofs {
		if err := cover(proofs, i); err != nil {
			return nil, err
		}
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
		return nil, undecoded(path, err)
	}
	return []Proof{{Kind: Merkle2017, Suite: string(Merkle2017), Object: m, Path: path, Merkle: decoded}}, nil
}

func readProof(v any, path string) (Proof, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Proof{}, fail(CodeProof, path, "must be an object")
	}
	p := Proof{Kind: Signature, Object: m, Path: path, VerificationMethod: idOf(m["verificationMethod"])}
	if err := p.readTexts(); err != nil {
		return p, err
	}
	if err := p.readSuite(); err != nil {
		return p, err
	}
	if p.Kind != Merkle2019 {
		return p, nil
	}
	value, ok := m["proofValue"].(string)
	if !ok {
		return p, fail(CodeProof, path+"/proofValue", "missing")
	}
	decoded, err := merkleproof.Decode2019(value)
	if err != nil {
		return p, undecoded(path+"/proofValue", err)
	}
	p.Merkle = decoded
	return p, nil
}

// undecoded tells a proof that is longer than what is read, which is no word against
// it, from one that cannot be read.
func undecoded(path string, err error) error {
	code := CodeProof
	var e *merkleproof.Error
	if errors.As(err, &e) && e.Code == merkleproof.CodeLength {
		code = CodeLimit
	}
	return fail(code, path, "%v", err)
}

// readTexts reads the members that are texts. One of another kind is refused: taken
// for absent, it would escape the check that asks for it.
func (p *Proof) readTexts() error {
	for _, f := range []struct {
		name string
		into *string
	}{{"id", &p.ID}, {"type", &p.Type}, {"created", &p.Created}, {"expires", &p.Expires},
		{"proofPurpose", &p.Purpose}, {"challenge", &p.Challenge}} {
		v, given := p.Object[f.name]
		s, isText := v.(string)
		if given && v != nil && !isText {
			return fail(CodeProof, p.Path+"/"+f.name, "must be a text")
		}
		*f.into = s
	}
	for _, v := range asList(p.Object["domain"]) {
		s, isText := v.(string)
		if !isText {
			return fail(CodeProof, p.Path+"/domain", "must be a text or texts")
		}
		p.Domain = append(p.Domain, s)
	}
	return nil
}

// readSuite tells what the proof is, whatever dress it comes in. The name of one dress
// does not count in another.
func (p *Proof) readSuite() error {
	p.Suite = p.Type
	switch p.Type {
	case "":
		return fail(CodeProof, p.Path+"/type", "missing")
	case DataIntegrityProof:
		if p.Suite = asText(p.Object["cryptosuite"]); p.Suite == "" {
			return fail(CodeProof, p.Path+"/cryptosuite", "missing")
		}
		if p.Suite == string(Merkle2019) {
			p.Kind = Merkle2019
		}
	case chainedProof:
		if asText(p.Object["chainedProofType"]) == merkleProof2019 {
			p.Suite, p.Kind = merkleProof2019, Merkle2019
		}
	case merkleProof2019:
		p.Kind = Merkle2019
	}
	return nil
}

// Types of proof blocks.
const (
	DataIntegrityProof = "DataIntegrityProof"
	chainedProof       = "ChainedProof2021"
	merkleProof2019    = "MerkleProof2019"
)

// cover fills in which of the other proofs proof i covers.
func cover(proofs []Proof, i int) error {
	p := &proofs[i]
	if p.IsMerkle() {
		for j := range i {
			p.covers = append(p.covers, j)
		}
		return nil
	}
	if p.Type == chainedProof {
		return nil // of a type nobody here can judge; its previousProof is a copy
	}
	for _, ref := range asList(p.Object["previousProof"]) {
		j, err := previous(proofs, i, ref)
		if err != nil {
			return err
		}
		p.covers = append(p.covers, j)
	}
	slices.Sort(p.covers)
	return nil
}

// previous finds the proof that proof i names in previousProof: exactly one, and not
// itself.
func previous(proofs []Proof, i int, ref any) (int, error) {
	found := -1
	id, _ := ref.(string)
	for j := range proofs {
		if id == "" || proofs[j].ID != id {
			continue
		}
		if found >= 0 {
			return 0, fail(CodeProof, proofs[i].Path+"/previousProof", "two proofs have the id %q", id)
		}
		found = j
	}
	if found < 0 || found == i || slices.Contains(proofs[i].covers, found) {
		return 0, fail(CodeProof, proofs[i].Path+"/previousProof", "%q is no other proof, or is named twice", id)
	}
	return found, nil
}
