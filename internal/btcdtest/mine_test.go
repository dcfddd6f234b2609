package btcdtest

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/certanchor/certanchor/anchor"
)

const period = 2016 // blocks between retargets

// fields are what a header is made of.
type fields struct {
	version int32
	prev    anchor.BlockHash
	root    [32]byte
	seconds uint32
	bits    uint32
	nonce   uint32
}

func (f fields) header() (h anchor.Header) {
	binary.LittleEndian.PutUint32(h[0:], uint32(f.version))
	copy(h[4:], f.prev[:])
	copy(h[36:], f.root[:])
	binary.LittleEndian.PutUint32(h[68:], f.seconds)
	binary.LittleEndian.PutUint32(h[72:], f.bits)
	binary.LittleEndian.PutUint32(h[76:], f.nonce)
	return h
}

// maxTries bounds the hashes spent on one header; a harder one is left as it is.
const maxTries = 1 << 16

// mine looks for a nonce that meets the stated target.
func mine(h anchor.Header) (anchor.Header, bool) {
	target := blockchain.CompactToBig(h.Bits())
	if target.Sign() <= 0 {
		return h, false
	}
	var limit [32]byte // big endian
	if target.BitLen() > 256 {
		for i := range limit {
			limit[i] = 0xff
		}
	} else {
		target.FillBytes(limit[:])
	}
	if new(big.Int).Mul(target, big.NewInt(maxTries/8)).BitLen() < 256 {
		return h, false
	}
	for nonce := range uint32(maxTries) {
		binary.LittleEndian.PutUint32(h[76:], nonce)
		if below(chainhash.DoubleHashH(h[:]), limit) {
			return h, true
		}
	}
	return h, false
}

// below compares a hash, little endian, with a target, big endian.
func below(hash chainhash.Hash, limit [32]byte) bool {
	for i, l := range limit {
		if b := hash[31-i]; b != l {
			return b < l
		}
	}
	return true
}

func randomRoot(rng *rand.Rand) (root [32]byte) {
	for i := 0; i < 32; i += 8 {
		binary.LittleEndian.PutUint64(root[i:], rng.Uint64())
	}
	return root
}

// A pace says how the times of a period go: seconds between blocks, on average, and how
// often a block is over twenty minutes late or goes back in time.
type pace struct {
	gap         uint32
	late, early float64
}

var paces = []pace{
	{600, 0, 0.05}, {550, 0.2, 0.1}, {280, 0.01, 0.05}, {900, 0.5, 0.2}, {1500, 0.9, 0}, {2, 0, 0}, {400, 0.95, 0.3},
}

// grow mines a chain of n headers from the genesis block that btcd accepts. Its times
// visit what the rules turn on: gaps of exactly twenty minutes, times just above the
// median, periods that end far ahead of the clock or start before the last one ended.
func grow(t testing.TB, n network, length int, rng *rand.Rand) *chain {
	t.Helper()
	c := &chain{headers: []anchor.Header{n.name.Genesis()}}
	p := paces[rng.IntN(len(paces))]
	for len(c.headers) < length {
		height := c.next()
		if height%period == 0 {
			p = paces[rng.IntN(len(paces))]
		}
		seconds := nextTime(n, c, p, rng)
		h, ok := mine(fields{
			version: 4, prev: c.last().Hash(), root: randomRoot(rng), seconds: seconds,
			bits: btcdBits(t, n, c, seconds),
		}.header())
		if !ok {
			t.Fatalf("%s: height %d at %08x is too hard", n.name, height, h.Bits())
		}
		if r := btcdHeader(t, n, c, h, noClock); r != "" {
			t.Fatalf("%s: btcd refuses height %d: %s", n.name, height, r)
		}
		c.headers = append(c.headers, h)
	}
	return c
}

// nextTime is a time that the rules allow.
func nextTime(n network, c *chain, p pace, rng *rand.Rand) uint32 {
	last, median := int64(c.last().Seconds()), int64(btcdMedian(c))
	height := c.next()
	t := last + 1 + rng.Int64N(int64(2*p.gap))
	switch x := rng.Float64(); {
	case x < p.late:
		t = last + 1199 + rng.Int64N(4)
	case x > 1-p.early:
		t = median + 1 + rng.Int64N(3)
	case height%period == period-1 && x < 0.7:
		t = last + 6000 // so that the next one can lie before it, and above the median
	case height%period == 0 && x < 0.7:
		t = last - 599
	}
	if n.params.EnforceBIP94 && height%period == 0 {
		t = max(t, last-600)
	}
	return uint32(min(max(t, median+1), math.MaxUint32))
}
