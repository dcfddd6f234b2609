package synth

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// A draw is a stream of numbers for one aspect of one physician. It uses PCG's raw output
// and its own reduction, so that no change to the methods of math/rand/v2 can change the
// people. It is deterministic and no source of secrets.
type draw struct {
	pcg rand.PCG
}

// newDraw seeds a stream from seed, the aspect and the index. Streams of different aspects
// are independent: a further draw in one leaves the others as they were.
func newDraw(seed uint64, aspect string, index int) draw {
	sum := digestOf(seed, aspect, index)
	var d draw
	d.pcg.Seed(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]))
	return d
}

func digestOf(seed uint64, aspect string, index int) [sha256.Size]byte {
	var room [96]byte
	b := append(room[:0], "certanchor/synth/1\x00"...)
	b = binary.BigEndian.AppendUint64(b, seed)
	b = binary.BigEndian.AppendUint64(b, uint64(index))
	b = append(b, aspect...)
	return sha256.Sum256(b)
}

// below returns a number from 0 to n-1. The bias is under n/2^64.
func (d *draw) below(n int) int {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int(hi)
}

// between returns a number from low to high, both included.
func (d *draw) between(low, high int) int { return low + d.below(high-low+1) }

// chance is true in n of 10,000 draws.
func (d *draw) chance(n int) bool { return d.below(10_000) < n }

// pick returns an index into weights, each as likely as its weight.
func (d *draw) pick(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	r := d.below(total)
	for i, w := range weights {
		if r -= w; r < 0 {
			return i
		}
	}
	panic("synth: no weights")
}

// of returns one of words, all equally likely.
func (d *draw) of(words []string) string { return words[d.below(len(words))] }
