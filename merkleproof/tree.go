package merkleproof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// Limits of a batch and of a path.
const (
	// MaxLeaves is the largest batch, 2^24 credentials: its leaves fill 512 MiB.
	MaxLeaves = 1 << 24
	// MaxSteps is the longest path a proof may have, that of a shared tree over
	// trees included. No honest batch comes near 2^32 leaves.
	MaxSteps = 32
)

// Errors of Build.
var (
	ErrNoLeaves      = errors.New("merkleproof: a batch needs at least one leaf")
	ErrTooManyLeaves = fmt.Errorf("merkleproof: more than %d leaves in one batch", MaxLeaves)
	// ErrEqualLeaves means that two leaves are the same. Two credentials would
	// share one proof, and the path of one could be shown for the other.
	ErrEqualLeaves = errors.New("merkleproof: two leaves of the batch are equal")
)

// A Hash is a SHA-256 value: a leaf, an inner node or a root. Its bytes are in the
// order of the hash function; String prints them in that order, lowercase.
type Hash [sha256.Size]byte

// Sum returns the SHA-256 of data, the leaf of a credential whose canonical
// N-Quads are data.
func Sum(data []byte) Hash { return sha256.Sum256(data) }

// String returns 64 lowercase hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler with the form of String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with the rules of ParseHash.
func (h *Hash) UnmarshalText(text []byte) error {
	p, err := ParseHash(string(text))
	if err == nil {
		*h = p
	}
	return err
}

// ParseHash reads exactly 64 hexadecimal digits, all lowercase or all uppercase.
// Other implementations read bad digits as zero and odd tails as bytes; two texts
// would then name one hash.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*len(h) {
		return h, &Error{Code: CodeHash, Detail: fmt.Sprintf("a hash has 64 hexadecimal digits, this text has %d bytes", len(s))}
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, &Error{Code: CodeHash, Detail: "a hash has hexadecimal digits only"}
	}
	if lower, upper := toLowerHex(s), toUpperHex(s); s != lower && s != upper {
		return Hash{}, &Error{Code: CodeHash, Detail: "a hash is written in one case"}
	}
	return h, nil
}

func toLowerHex(s string) string { return string(bytes.ToLower([]byte(s))) }
func toUpperHex(s string) string { return string(bytes.ToUpper([]byte(s))) }

// parent returns SHA-256(left || right).
func parent(left, right Hash) Hash {
	var both [2 * sha256.Size]byte
	copy(both[:], left[:])
	copy(both[sha256.Size:], right[:])
	return sha256.Sum256(both[:])
}

// A Tree holds every level of the tree over one batch, about 64 bytes per leaf.
// It is immutable and safe for concurrent use.
type Tree struct {
	levels [][]Hash // levels[0] are the leaves, the last has one element
}

// Build returns the tree over leaves in the order given; it keeps a copy. It
// returns ErrNoLeaves, ErrTooManyLeaves or ErrEqualLeaves.
func Build(leaves []Hash) (*Tree, error) {
	switch {
	case len(leaves) == 0:
		return nil, ErrNoLeaves
	case len(leaves) > MaxLeaves:
		return nil, ErrTooManyLeaves
	}
	sorted := slices.Clone(leaves)
	slices.SortFunc(sorted, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	if len(slices.Compact(sorted)) != len(leaves) {
		return nil, ErrEqualLeaves
	}
	t := &Tree{levels: [][]Hash{slices.Clone(leaves)}}
	for level := t.levels[0]; len(level) > 1; {
		up := make([]Hash, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			up = append(up, parent(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			up = append(up, level[len(level)-1]) // promoted unchanged
		}
		t.levels = append(t.levels, up)
		level = up
	}
	return t, nil
}

// Pad returns leaves followed by random values read from random, up to the next
// power of two, so that the length of a path tells only the padded size and the
// siblings of a credential say nothing about other people. It returns the error
// of random, never a shorter or guessable batch.
func Pad(leaves []Hash, random io.Reader) ([]Hash, error) {
	if len(leaves) == 0 {
		return nil, ErrNoLeaves
	}
	if len(leaves) > MaxLeaves {
		return nil, ErrTooManyLeaves
	}
	size := 1 << bits.Len(uint(len(leaves)-1))
	padded := make([]Hash, size)
	copy(padded, leaves)
	for i := len(leaves); i < size; i++ {
		if _, err := io.ReadFull(random, padded[i][:]); err != nil {
			return nil, fmt.Errorf("merkleproof: padding the batch: %w", err)
		}
	}
	return padded, nil
}

// Len returns the number of leaves, padding included.
func (t *Tree) Len() int { return len(t.levels[0]) }

// Root returns the value to anchor.
func (t *Tree) Root() Hash { return t.levels[len(t.levels)-1][0] }

// Path returns the siblings of leaf i, lowest first. It panics if i is out of range.
func (t *Tree) Path(i int) Path {
	if i < 0 || i >= t.Len() {
		panic(fmt.Sprintf("merkleproof: leaf %d of %d", i, t.Len()))
	}
	path := make(Path, 0, len(t.levels)-1)
	for _, level := range t.levels[:len(t.levels)-1] {
		switch sibling := i ^ 1; {
		case sibling >= len(level): // the unpaired last node has no sibling here
		case sibling < i:
			path = append(path, Step{Side: Left, Hash: level[sibling]})
		default:
			path = append(path, Step{Side: Right, Hash: level[sibling]})
		}
		i /= 2
	}
	return path
}

// A Side says on which side of the running hash a sibling stands.
type Side int

// The sides, with the numbers that MerkleProof2019 gives them.
const (
	Left  Side = 0
	Right Side = 1
)

// A Step is one sibling on the way from a leaf to the root.
type Step struct {
	Side Side
	Hash Hash
}

// A Path holds the siblings of one leaf, lowest first, at most MaxSteps. The empty
// path belongs to a batch of one.
type Path []Step

// Root returns where p leads from leaf. Compare it with an anchored root; a path
// by itself is neither right nor wrong.
func (p Path) Root(leaf Hash) Hash {
	h := leaf
	for _, s := range p {
		if s.Side == Left {
			h = parent(s.Hash, h)
		} else {
			h = parent(h, s.Hash)
		}
	}
	return h
}
