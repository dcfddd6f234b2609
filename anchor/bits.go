package anchor

import (
	"errors"
	"math/big"
)

// ParseBits returns the target of the compact form: one byte of length, three bytes of
// mantissa. It refuses a sign bit, a zero target, and a target of more than 256 bits.
// (Consensus compares the four bytes with the four expected, so a target written in two
// ways needs no rule here.)
func ParseBits(bits uint32) (*big.Int, error) {
	size, mantissa := uint(bits>>24), int64(bits&0x007fffff)
	if bits&0x00800000 != 0 {
		return nil, errors.New("target is negative")
	}
	target := big.NewInt(mantissa)
	if size <= 3 {
		target.Rsh(target, 8*(3-size))
	} else {
		target.Lsh(target, 8*(size-3))
	}
	if target.Sign() == 0 {
		return nil, errors.New("target is zero")
	}
	if target.BitLen() > 256 {
		return nil, errors.New("target overflows 256 bits")
	}
	return target, nil
}

// formatBits returns the compact form of a target, rounding down as consensus does.
func formatBits(target *big.Int) uint32 {
	size := uint((target.BitLen() + 7) / 8)
	var mantissa uint64
	if size <= 3 {
		mantissa = target.Uint64() << (8 * (3 - size))
	} else {
		mantissa = new(big.Int).Rsh(target, 8*(size-3)).Uint64()
	}
	// The top bit of the mantissa is a sign, so it moves to the next byte.
	if mantissa&0x00800000 != 0 {
		mantissa >>= 8
		size++
	}
	return uint32(size)<<24 | uint32(mantissa)
}

var two256 = new(big.Int).Lsh(big.NewInt(1), 256)

// WorkOf returns the number of hashes that a block of this compact target takes on
// average: 2^256 / (target + 1).
func WorkOf(bits uint32) (*big.Int, error) {
	target, err := ParseBits(bits)
	if err != nil {
		return nil, err
	}
	return target.Div(two256, target.Add(target, big.NewInt(1))), nil
}

// A workSum adds the work of headers; bits repeat, so it remembers the last.
type workSum struct {
	total big.Int
	bits  uint32
	work  *big.Int
}

// add counts a header whose bits were checked before.
func (s *workSum) add(bits uint32) {
	if s.work == nil || s.bits != bits {
		work, err := WorkOf(bits)
		if err != nil {
			work = new(big.Int)
		}
		s.bits, s.work = bits, work
	}
	s.total.Add(&s.total, s.work)
}
