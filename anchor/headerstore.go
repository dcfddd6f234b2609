package anchor

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
)

// A HeaderStore is an immutable, checked chain of headers from the genesis block on: the
// caller's own, the strongest start of trust. A nil store holds none.
type HeaderStore struct {
	network Network
	headers []byte
}

// NewHeaderStore checks raw, 80 bytes for each header from the genesis block on, by all
// rules of the network (about a second for all of mainnet). It keeps raw, which
// the caller must not change. Errors have the codes of headers; Part names the height.
func NewHeaderStore(net Network, raw []byte) (*HeaderStore, error) {
	if err := net.known(); err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw)%HeaderSize != 0 || len(raw)/HeaderSize > maxHeight {
		return nil, refuse(CodeMalformedHeaders, "store", "%d bytes are not headers of %d", len(raw), HeaderSize)
	}
	s := &HeaderStore{network: net, headers: raw}
	if s.at(0) != net.Genesis() {
		return nil, refuse(CodeNetworkMismatch, "store", "does not start with the genesis block of %s", net)
	}
	if err := s.check(1); err != nil {
		return nil, err
	}
	return s, nil
}

// check holds the headers from a height on to the rules; those below were.
func (s *HeaderStore) check(from Height) error {
	r := s.network.rules()
	prev := s.at(from - 1).Hash()
	for h := from; h <= s.Tip(); h++ {
		part := fmt.Sprintf("store/%d", h)
		header := s.at(h)
		if header.Prev() != prev {
			return refuse(CodeHeaderLink, part, "does not follow the header before")
		}
		if _, err := r.checkHeader(s.Header, h, header, bitsUnknown, part); err != nil {
			return err
		}
		prev = header.Hash()
	}
	return nil
}

// Extend returns a store with run in the place of what s holds from its first height on.
// The run must follow a header of s and obey the rules; where it replaces others, its
// chain must have more work than theirs. s stays as it is. A run may be longer here than
// in evidence.
//
// Codes: malformed-headers, no-headers (a gap: the run starts above the tip),
// network-mismatch (it replaces the genesis block), not-in-best-chain (no more work than
// what is there), and those of headers.
func (s *HeaderStore) Extend(run HeaderRun) (*HeaderStore, error) {
	switch {
	case len(run.Headers) == 0 || len(run.Headers)%HeaderSize != 0 || run.Start < 0 || int(run.Start)+run.Len() > maxHeight:
		return nil, refuse(CodeMalformedHeaders, "store", "start %d, %d bytes", run.Start, len(run.Headers))
	case run.Start > s.Tip()+1:
		return nil, refuse(CodeNoHeaders, "store", "ends at %d, the run starts at %d", s.Tip(), run.Start)
	}
	same := s.shared(run)
	if same == run.Start && same == 0 {
		return nil, refuse(CodeNetworkMismatch, "store", "does not start with the genesis block of %s", s.network)
	}
	if same == run.end() {
		return s, nil // all of it is here already
	}
	added := run.Headers[int(same-run.Start)*HeaderSize:]
	longer := &HeaderStore{network: s.network, headers: slices.Concat(s.headers[:int(same)*HeaderSize], added)}
	if err := longer.check(same); err != nil {
		return nil, err
	}
	if same <= s.Tip() && longer.work(same).Cmp(s.work(same)) <= 0 {
		return nil, refuse(CodeNotInBestChain, "store", "another chain from height %d on, with no more work", same)
	}
	return longer, nil
}

// shared returns the first height at which run differs from s, or the end of either.
func (s *HeaderStore) shared(run HeaderRun) Height {
	h := run.Start
	for ; h < run.end() && h <= s.Tip(); h++ {
		if mine := s.at(h); mine != run.Header(int(h-run.Start)) {
			break
		}
	}
	return h
}

func (s *HeaderStore) work(from Height) *big.Int {
	var sum workSum
	for h := from; h <= s.Tip(); h++ {
		sum.add(s.at(h).Bits())
	}
	return &sum.total
}

// Bytes returns the headers, 80 bytes each from the genesis block on. They must not be
// changed.
func (s *HeaderStore) Bytes() []byte {
	if s == nil {
		return nil
	}
	return s.headers
}

// Find returns the height of the header with this hash, if the store holds it.
func (s *HeaderStore) Find(hash BlockHash) (Height, bool) {
	for h := s.Tip(); h >= 0; h-- {
		if s.at(h).Hash() == hash {
			return h, true
		}
	}
	return 0, false
}

// Network returns the network of the store; "" for a nil store.
func (s *HeaderStore) Network() Network {
	if s == nil {
		return ""
	}
	return s.network
}

// Tip returns the height of the last header; -1 for a nil store.
func (s *HeaderStore) Tip() Height {
	if s == nil {
		return -1
	}
	return Height(len(s.headers)/HeaderSize) - 1
}

// Header returns the header at height h if the store holds it.
func (s *HeaderStore) Header(h Height) (Header, bool) {
	if h < 0 || h > s.Tip() {
		return Header{}, false
	}
	return s.at(h), true
}

// Run returns the headers from one height to another, both included. Code: no-headers.
func (s *HeaderStore) Run(from, to Height) (HeaderRun, error) {
	if from < 0 || from > to || to > s.Tip() {
		return HeaderRun{}, refuse(CodeNoHeaders, "store", "holds 0 to %d, asked for %d to %d", s.Tip(), from, to)
	}
	return HeaderRun{Start: from, Headers: bytes.Clone(s.headers[int(from)*HeaderSize : int(to+1)*HeaderSize])}, nil
}

func (s *HeaderStore) at(h Height) Header { return Header(s.headers[int(h)*HeaderSize:]) }

// Checkpoints returns a pack made of the store: of every whole period the last block, with
// the target of the first header above it. Up to limit, both included; a store that ends
// with a period leaves that one out, whose next target it does not hold.
func (s *HeaderStore) Checkpoints(limit Height) *CheckpointPack {
	p := &CheckpointPack{network: s.Network()}
	for h := Height(period - 1); h < s.Tip() && h <= limit && len(p.list) < maxCheckpoints; h += period {
		p.list = append(p.list, Checkpoint{Height: h, Hash: s.at(h).Hash(), NextBits: s.at(h + 1).Bits()})
	}
	return p
}

// Agrees returns an error with code header-link that names the first checkpoint of the pack
// that is another block than the store's. Both are the caller's own word.
func (s *HeaderStore) Agrees(pack *CheckpointPack) error {
	for _, c := range pack.List() {
		if h, ok := s.Header(c.Height); ok && h.Hash() != c.Hash {
			return refuse(CodeHeaderLink, "store", "block %d is not the one of the checkpoint", c.Height)
		}
	}
	return nil
}
