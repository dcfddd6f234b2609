package verifier

import (
	"crypto/sha256"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/status"
)

// shared holds what checks of several documents have in common: answers that hang on
// evidence and trust alone. Whoever hands over evidence and documents chooses how many
// documents name the same thing; the work for it is done once.
type shared struct {
	entries    map[string]entered            // of the trust file, by id, with their documents
	digests    map[bytesOf][sha256.Size]byte // of documents of the evidence
	lists      map[listKey]signedList
	tokens     map[listKey]signedToken
	bits       map[bitsKey]answer[*status.Bitstring]
	kept       int                              // bytes of them
	networks   map[anchor.Header]anchor.Network // of blocks; empty for those in no run
	addresses  map[spendOf]answer[string]
	inclusions map[spendOf]answer[*anchor.Inclusion]
	links      map[spendOf]answer[*anchor.Link]
}

// bytesOf names bytes of the evidence by where they lie: it is not changed while it is used.
type bytesOf struct {
	first *byte
	size  int
}

// digest hashes a document of the evidence once, however many entries name it.
func (s *shared) digest(raw []byte) [sha256.Size]byte {
	if len(raw) == 0 {
		return sha256.Sum256(nil)
	}
	k := bytesOf{&raw[0], len(raw)}
	d, known := s.digests[k]
	if !known {
		d = sha256.Sum256(raw)
		s.digests[k] = d
	}
	return d
}

// spendOf names a transaction as one of a network. The evidence has one entry for an id.
type spendOf struct {
	id      anchor.TxID
	network anchor.Network
}

// bitsKey names the entries of a list; their size lies with the document that asks.
type bitsKey struct {
	list [sha256.Size]byte
	size int
}

type answer[T any] struct {
	value T
	err   error
}

func newShared() *shared {
	return &shared{
		entries: map[string]entered{}, digests: map[bytesOf][sha256.Size]byte{}, lists: map[listKey]signedList{}, tokens: map[listKey]signedToken{}, bits: map[bitsKey]answer[*status.Bitstring]{},
		networks: map[anchor.Header]anchor.Network{}, addresses: map[spendOf]answer[string]{},
		inclusions: map[spendOf]answer[*anchor.Inclusion]{}, links: map[spendOf]answer[*anchor.Link]{},
	}
}

// once returns the answer for key, and works it out if it is the first time.
func once[K comparable, T any](known map[K]answer[T], key K, work func() (T, error)) (T, error) {
	a, ok := known[key]
	if !ok {
		a.value, a.err = work()
		known[key] = a
	}
	return a.value, a.err
}

func (s *shared) address(k spendOf, work func() (string, error)) (string, error) {
	return once(s.addresses, k, work)
}

func (s *shared) inclusion(k spendOf, work func() (*anchor.Inclusion, error)) (*anchor.Inclusion, error) {
	return once(s.inclusions, k, work)
}

func (s *shared) link(k spendOf, work func() (*anchor.Link, error)) (*anchor.Link, error) {
	return once(s.links, k, work)
}

// keepToken keeps an IETF list, unless too much is kept already.
func (s *shared) keepToken(k listKey, t signedToken) {
	if bits, ok := t.list.bits.(*status.TokenList); ok {
		if s.kept += bits.Len() * bits.Size() / 8; s.kept > keptBytes {
			return
		}
	}
	s.tokens[k] = t
}

// keptBytes bounds the lists that are kept decoded, in bytes; others are decoded each time.
const keptBytes = 2 * status.MaxBytes

func (s *shared) decode(k bitsKey, encoded string) (*status.Bitstring, error) {
	if a, known := s.bits[k]; known {
		return a.value, a.err
	}
	bits, err := status.Decode(encoded, k.size)
	if err == nil {
		if s.kept += bits.Len() * bits.Size() / 8; s.kept > keptBytes {
			return bits, nil
		}
	}
	s.bits[k] = answer[*status.Bitstring]{bits, err}
	return bits, err
}
