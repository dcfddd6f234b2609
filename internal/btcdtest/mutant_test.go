package btcdtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/blockchain"

	"github.com/certanchor/certanchor/anchor"
)

// mutant bends a header that would be right at p in none, one or several ways.
func mutant(t testing.TB, p *place, rng *rand.Rand) anchor.Header {
	f := fields{version: 4, prev: p.below.last().Hash(), root: randomRoot(rng)}
	f.seconds = bentTime(p, rng)
	f.bits = btcdBits(t, p.network, p.below, f.seconds)
	if rng.IntN(3) == 0 {
		f.bits = bentBits(p, f.bits, rng)
	}
	if rng.IntN(4) == 0 {
		versions := []int32{0, 1, 2, 3, 4, 5, -1, math.MinInt32, math.MaxInt32, 0x20000000, int32(rng.Uint32())}
		f.version = versions[rng.IntN(len(versions))]
	}
	if rng.IntN(25) == 0 {
		f.prev[rng.IntN(32)] ^= 1 << rng.IntN(8)
	}
	f.nonce = rng.Uint32()
	h := f.header()
	if rng.IntN(20) != 0 {
		h, _ = mine(h)
	}
	if rng.IntN(40) == 0 {
		h[rng.IntN(len(h))] ^= 1 << rng.IntN(8)
	}
	return h
}

// bentTime is around what the rules compare times with, or anything.
func bentTime(p *place, rng *rand.Rand) uint32 {
	last, median := int64(p.below.last().Seconds()), int64(btcdMedian(p.below))
	var t int64
	switch rng.IntN(9) {
	case 0, 1:
		t = median + rng.Int64N(4) - 1
	case 2:
		t = last - 602 + rng.Int64N(5)
	case 3, 4:
		t = last + 1198 + rng.Int64N(5)
	case 5:
		t = last + 600 + 7198 + rng.Int64N(5) // around two hours ahead of the test's clock
	case 6:
		t = max(last, median) + rng.Int64N(7200)
	case 7:
		return []uint32{0, 1, math.MaxInt32, 1 << 31, math.MaxUint32, rng.Uint32()}[rng.IntN(6)]
	default:
		t = max(last+600, median+1)
	}
	return uint32(min(max(t, 0), math.MaxUint32))
}

// bentBits is a target that another rule, or none, would ask for, or one written oddly.
func bentBits(p *place, want uint32, rng *rand.Rand) uint32 {
	first := max(p.height-1-(p.height-1)%period, p.below.from)
	switch rng.IntN(12) {
	case 0:
		return p.params.PowLimitBits
	case 1:
		return p.params.PowLimitBits + 1
	case 2:
		return p.below.last().Bits()
	case 3:
		return at{p.below, first}.Bits()
	case 4:
		return want - 1
	case 5:
		return want + 1
	case 6:
		return want | 0x00800000 // negative
	case 7:
		return want & 0xff000000 // zero
	case 8:
		return want + uint32(1+rng.IntN(4))<<24 // 256 times easier, or over 256 bits
	case 9: // the same target or nearly, written another way
		return (want>>24+1)<<24 | (want&0x007fffff)>>8
	case 10:
		target := blockchain.CompactToBig(want)
		return blockchain.BigToCompact(target.Rsh(target, uint(rng.IntN(4))))
	default:
		return rng.Uint32()
	}
}
