package anchor

import (
	"math/big"
	"slices"
)

const (
	period         = 2016           // blocks between retargets
	targetTimespan = 14 * 24 * 3600 // seconds that a period is meant to take
	twentyMinutes  = 20 * 60        // seconds, testnet3 and testnet4
	bip94Grace     = 600            // seconds that a period may start before the last one ended
	medianSpan     = 11             // headers
)

// A history answers for the headers below one that is being checked. It does not know
// those below the trusted start.
type history func(Height) (Header, bool)

// bitsUnknown is the answer where the retarget window lies below the trusted start.
const bitsUnknown = 0

// expectedBits returns the compact target that the rules ask of a block at height with
// this time, or bitsUnknown.
func (r rules) expectedBits(before history, height Height, seconds uint32) uint32 {
	if r.noRetarget {
		return r.limitBits
	}
	prev, ok := before(height - 1)
	if !ok {
		return bitsUnknown
	}
	if height%period == 0 {
		first, ok := before(height - period)
		if !ok {
			return bitsUnknown
		}
		return r.retarget(first, prev)
	}
	if !r.twentyMinute {
		return prev.Bits()
	}
	if int64(seconds) > int64(prev.Seconds())+twentyMinutes {
		return r.limitBits
	}
	// The last target in this period that was not set by the twenty-minute rule.
	for h := height - 1; ; h-- {
		if prev.Bits() != r.limitBits || h%period == 0 {
			return prev.Bits()
		}
		if prev, ok = before(h - 1); !ok {
			return bitsUnknown
		}
	}
}

// retarget scales the old target by the time that the period took. The window holds
// 2,015 intervals for 2,016 blocks, an error that consensus keeps.
func (r rules) retarget(first, last Header) uint32 {
	span := int64(last.Seconds()) - int64(first.Seconds())
	span = min(max(span, targetTimespan/4), targetTimespan*4)
	base := last.Bits()
	if r.bip94 {
		base = first.Bits()
	}
	target, err := ParseBits(base)
	if err != nil {
		return bitsUnknown // cannot be: bits of both were checked
	}
	target.Mul(target, big.NewInt(span))
	target.Div(target, big.NewInt(targetTimespan))
	if limit, _ := ParseBits(r.limitBits); target.Cmp(limit) > 0 {
		return r.limitBits
	}
	return formatBits(target)
}

// minVersion returns the version floor of BIP34, BIP66 and BIP65.
func (r rules) minVersion(height Height) int32 {
	switch {
	case height >= r.bip65:
		return 4
	case height >= r.bip66:
		return 3
	case height >= r.bip34:
		return 2
	}
	return -1 << 31
}

// medianTime returns the median time of the eleven headers below height, of fewer where
// the chain starts less far below. It is not known if one of them is not.
func medianTime(before history, height Height) (uint32, bool) {
	n := min(height, medianSpan)
	times := make([]uint32, 0, medianSpan)
	for h := height - n; h < height; h++ {
		header, ok := before(h)
		if !ok {
			return 0, false
		}
		times = append(times, header.Seconds())
	}
	if n == 0 {
		return 0, false
	}
	return median(times), true
}

// median sorts times in place.
func median(times []uint32) uint32 {
	slices.Sort(times)
	return times[len(times)/2]
}

// checkHeader applies every rule but the link to the header before. nextBits is the target
// that a checkpoint right below states, or bitsUnknown. It reports attested = false if
// nothing says which target was due.
func (r rules) checkHeader(before history, height Height, h Header, nextBits uint32, part string) (attested bool, err error) {
	if err := h.checkWork(r, part); err != nil {
		return false, err
	}
	want := r.expectedBits(before, height, h.Seconds())
	if want == bitsUnknown {
		want = nextBits
	}
	if want != bitsUnknown && h.Bits() != want {
		return false, refuse(CodeHeaderBits, part, "height %d: bits %08x, the rules ask for %08x", height, h.Bits(), want)
	}
	if err := r.checkTime(before, height, h, part); err != nil {
		return false, err
	}
	if h.Version() < r.minVersion(height) {
		return false, refuse(CodeHeaderVersion, part, "height %d: version %d, at least %d", height, h.Version(), r.minVersion(height))
	}
	return want != bitsUnknown, nil
}

func (r rules) checkTime(before history, height Height, h Header, part string) error {
	if m, ok := medianTime(before, height); ok && h.Seconds() <= m {
		return refuse(CodeHeaderTime, part, "height %d: time %d is not above the median %d", height, h.Seconds(), m)
	}
	if !r.bip94 || height%period != 0 {
		return nil
	}
	if prev, ok := before(height - 1); ok && int64(h.Seconds()) < int64(prev.Seconds())-bip94Grace {
		return refuse(CodeHeaderTime, part, "height %d: period starts over %d seconds before the last one ended", height, bip94Grace)
	}
	return nil
}
