package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// A RootRequest asks whoever pays for transactions to anchor a batch's root together
// with those of others. It names no credential and no count.
type RootRequest struct {
	Version int              `json:"version"`
	Issuer  string           `json:"issuer"`
	Batch   string           `json:"batch"`
	Root    merkleproof.Hash `json:"root"`
}

// A SharedAnchor answers a RootRequest: the path from the batch's root to the root that
// the transaction carries.
type SharedAnchor struct {
	Version int              `json:"version"`
	Issuer  string           `json:"issuer"`
	Batch   string           `json:"batch"`
	Root    merkleproof.Hash `json:"root"`
	Path    []sharedStep     `json:"path"`
	Shared  merkleproof.Hash `json:"shared"`
	Network anchor.Network   `json:"network"`
	TxID    anchor.TxID      `json:"txid"`
	Block   anchor.BlockHash `json:"block"`
	Height  anchor.Height    `json:"height"`
}

// A sharedStep is one sibling, with exactly one side.
type sharedStep struct {
	Left  *merkleproof.Hash `json:"left,omitempty"`
	Right *merkleproof.Hash `json:"right,omitempty"`
}

func (s *SharedAnchor) path() (merkleproof.Path, error) {
	var path merkleproof.Path
	for i, step := range s.Path {
		switch {
		case step.Left != nil && step.Right == nil:
			path = append(path, merkleproof.Step{Side: merkleproof.Left, Hash: *step.Left})
		case step.Right != nil && step.Left == nil:
			path = append(path, merkleproof.Step{Side: merkleproof.Right, Hash: *step.Right})
		default:
			return nil, fmt.Errorf("issuer: step %d of a shared anchor must have one side", i)
		}
	}
	return path, nil
}

// maxSharedFile bounds a request or an answer in bytes.
const maxSharedFile = 64 << 10

// ParseRootRequest reads a RootRequest strictly.
func ParseRootRequest(data []byte) (*RootRequest, error) {
	var r RootRequest
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: maxSharedFile}, &r); err != nil {
		return nil, err
	}
	if r.Version != 1 || r.Issuer == "" || len(r.Batch) != 64 {
		return nil, errors.New("issuer: not a request for a shared anchor, version 1")
	}
	return &r, nil
}

// ParseSharedAnchor reads a SharedAnchor strictly; its path must lead where it says.
func ParseSharedAnchor(data []byte) (*SharedAnchor, error) {
	var s SharedAnchor
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: maxSharedFile}, &s); err != nil {
		return nil, err
	}
	if s.Version != 1 || len(s.Batch) != 64 {
		return nil, errors.New("issuer: not a shared anchor, version 1")
	}
	path, err := s.path()
	if err != nil {
		return nil, err
	}
	if path.Root(s.Root) != s.Shared {
		return nil, errors.New("issuer: the path of the shared anchor does not lead to its root")
	}
	return &s, nil
}

// Request returns the request to anchor a sealed batch together with others.
func (b *Batch) Request() (*RootRequest, error) {
	if b.p.state != Sealed && b.p.state != Waiting {
		return nil, fmt.Errorf("issuer: batch %.12s is %s; a root is shared before it is paid for", b.p.key, b.p.state)
	}
	return &RootRequest{Version: 1, Issuer: b.is.profile.ID, Batch: b.p.key, Root: b.p.root}, nil
}

// Adopt takes the answer to the batch's request: its credentials will have paths through
// the shared tree. Whether the transaction is in a block is for the evidence to show.
func (b *Batch) Adopt(s *SharedAnchor) error {
	if b.p.state == Confirmed || b.p.state == Proved || b.p.state == Closed {
		return nil
	}
	if b.p.state != Sealed && b.p.state != Waiting {
		return fmt.Errorf("issuer: batch %.12s is %s, with a transaction of its own", b.p.key, b.p.state)
	}
	path, err := s.path()
	switch {
	case err != nil:
		return err
	case s.Batch != b.p.key || s.Issuer != b.is.profile.ID || s.Root != b.p.root:
		return fmt.Errorf("issuer: the shared anchor is of another batch, %.12s of %s", s.Batch, s.Issuer)
	case path.Root(s.Root) != s.Shared:
		return errors.New("issuer: the path of the shared anchor does not lead to its root")
	case s.Network != b.p.network:
		return &NetworkError{b.p.network, s.Network}
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Confirmed, At: b.is.now(),
		TxID: s.TxID.String(), Block: s.Block.String(), Height: s.Height, Shared: s})
}

// SealRoots makes a batch whose leaves are the roots of other issuers, padded as any
// other. It is funded, signed, sent and confirmed like one; Answers then holds what each
// issuer needs. The same requests in the same order are the same batch, for ever.
func (is *Issuer) SealRoots(_ context.Context, network anchor.Network, requests []*RootRequest) (*Batch, error) {
	if len(requests) == 0 {
		return nil, ErrNoDrafts
	}
	h := sha256.New()
	fmt.Fprintf(h, "certanchor shared\x00%s\x00%s\x00", is.profile.ID, network)
	leaves := make([]merkleproof.Hash, len(requests))
	for i, r := range requests {
		leaves[i] = r.Root
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00", r.Issuer, r.Batch, r.Root)
	}
	key := fmt.Sprintf("%x", h.Sum(nil))
	p, known := is.journal.batches[key]
	if open, other := is.journal.open(); other && open.key != key {
		return nil, &OpenBatchError{open.key, open.state, open.created}
	}
	if !known {
		if err := is.files.Mkdir(is.batchFile(key, "")); err != nil {
			return nil, err
		}
		if err := is.journal.write(record{Batch: key, State: Begun, At: is.now(), Count: len(requests), Network: network, Roots: true}); err != nil {
			return nil, err
		}
		p = is.journal.batches[key]
	}
	b := &Batch{is: is, p: p}
	if p.state != Begun {
		return b, nil
	}
	return b, b.sealRoots(requests, leaves)
}

func (b *Batch) sealRoots(requests []*RootRequest, leaves []merkleproof.Hash) error {
	leaves, err := merkleproof.Pad(leaves, b.is.config.Random)
	if err != nil {
		return err
	}
	tree, err := merkleproof.Build(leaves)
	if err != nil {
		return err
	}
	if err := b.writeLeaves(leaves); err != nil {
		return err
	}
	data, err := json.Marshal(requests)
	if err == nil {
		err = b.is.files.Replace(b.is.batchFile(b.p.key, "requests"), append(data, '\n'), 0o600)
	}
	if err != nil {
		return err
	}
	root := tree.Root()
	return b.is.journal.write(record{Batch: b.p.key, State: Sealed, At: b.is.now(), Root: &root})
}

// Answers returns a SharedAnchor for each request of a confirmed batch of roots, in
// order, and closes the batch.
func (b *Batch) Answers() ([]*SharedAnchor, error) {
	if !b.p.roots || b.p.state != Confirmed && b.p.state != Closed {
		return nil, fmt.Errorf("issuer: batch %.12s is %s; answers are there once the transaction of a shared anchor is confirmed", b.p.key, b.p.state)
	}
	name := b.is.batchFile(b.p.key, "requests")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var requests []*RootRequest
	if err := json.Unmarshal(data, &requests); err != nil {
		return nil, &CorruptError{name, 0, err.Error()}
	}
	tree, err := b.tree()
	if err != nil {
		return nil, err
	}
	var answers []*SharedAnchor
	for i, r := range requests {
		a := &SharedAnchor{Version: 1, Issuer: r.Issuer, Batch: r.Batch, Root: r.Root, Shared: b.p.root,
			Network: b.p.network, TxID: b.TxID(), Block: b.p.block, Height: b.p.height}
		for _, step := range tree.Path(i) {
			hash := step.Hash
			if step.Side == merkleproof.Left {
				a.Path = append(a.Path, sharedStep{Left: &hash})
			} else {
				a.Path = append(a.Path, sharedStep{Right: &hash})
			}
		}
		answers = append(answers, a)
	}
	if b.p.state == Closed {
		return answers, nil
	}
	return answers, b.is.journal.write(record{Batch: b.p.key, State: Closed, At: b.is.now()})
}
