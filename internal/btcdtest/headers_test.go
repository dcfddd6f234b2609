package btcdtest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/blockchain"

	"github.com/certanchor/certanchor/anchor"
)

// long reports whether the long versions are to run.
func long() bool { return os.Getenv("CERTANCHOR_LONG") != "" }

// mutants is how many headers are judged by both.
func mutants() int {
	if long() {
		return 1_000_000
	}
	return 20_000
}

// A tally counts what both said.
type tally struct {
	judged      int
	same        map[reason]int
	explained   map[string]int
	unexplained int
}

func newTally() *tally { return &tally{same: map[reason]int{}, explained: map[string]int{}} }

// note compares two reasons. Of a difference the first ones are told in full.
func (c *tally) note(t testing.TB, ours, theirs reason, about func() string) {
	c.judged++
	switch {
	case ours == theirs:
		c.same[ours]++
	default:
		if c.unexplained++; c.unexplained <= 10 {
			t.Errorf("anchor says %q, btcd %q: %s", ours, theirs, about())
		}
	}
}

func (c *tally) String() string {
	var parts []string
	for _, r := range slices.Sorted(maps.Keys(c.same)) {
		parts = append(parts, fmt.Sprintf("%s %d", cmp.Or(string(r), "accepted"), c.same[r]))
	}
	for _, e := range slices.Sorted(maps.Keys(c.explained)) {
		parts = append(parts, fmt.Sprintf("explained (%s) %d", e, c.explained[e]))
	}
	return fmt.Sprintf("%d judged, %d unexplained differences; both say: %s", c.judged, c.unexplained, strings.Join(parts, ", "))
}

// A place is where mutants are put: on top of a chain.
type place struct {
	network
	below  *chain
	height anchor.Height
	store  *anchor.HeaderStore // of all below; nil: below starts at or leads to checkpoint
	// checkpoint is in below. What lies at it and before needs only link to it.
	checkpoint anchor.Checkpoint
}

// atCheckpoint is a place above c, in which the header at height is the checkpoint.
func atCheckpoint(n network, c *chain, height anchor.Height, nextBits uint32) *place {
	hash := c.headers[height-c.from].Hash()
	return &place{n, c, c.next(), nil, anchor.Checkpoint{Height: height, Hash: hash, NextBits: nextBits}}
}

// ours is the word of LinkHeaders, through the store or the checkpoint.
func (p *place) ours(t testing.TB, h anchor.Header) reason {
	incl := &anchor.Inclusion{Network: p.name, Header: h, BlockHash: h.Hash(), Height: p.height}
	run := anchor.HeaderRun{Start: p.height, Headers: h[:]}
	var pack *anchor.CheckpointPack
	if p.store == nil {
		run.Start, run.Headers = p.below.from, append(p.below.raw(), h[:]...)
		var err error
		pack, err = anchor.NewCheckpointPack(p.name, []anchor.Checkpoint{p.checkpoint})
		if err != nil {
			t.Fatal(err)
		}
	}
	link, err := anchor.LinkHeaders(p.name, incl, []anchor.HeaderRun{run}, pack, p.store)
	if err != nil {
		code := codeOf(err)
		if p.store == nil && code == anchor.CodeHeaderLink {
			code = anchor.CodeNotLinkedForward // the run holds the parent too
		}
		return code
	}
	if link.Confirmations != 1 || link.Work.Cmp(blockchain.CalcWork(h.Bits())) != 0 || link.TipHash != h.Hash() {
		t.Errorf("%s, height %d: link %+v", p.name, p.height, link)
	}
	return ""
}

// judge compares both on one mutant.
func (p *place) judge(t testing.TB, c *tally, h anchor.Header, now clock) {
	theirs := btcdHeader(t, p.network, p.below, h, noClock)
	ours := p.ours(t, h)
	c.note(t, ours, theirs, func() string { return fmt.Sprintf("%s, height %d, header %x", p.name, p.height, h) })
	if theirs == "" && btcdHeader(t, p.network, p.below, h, now) == tooNew {
		c.explained["over two hours ahead of the clock, which Check does not have"]++
	}
	work, their := codeOf(h.CheckWork(p.name)), btcdWork(t, p.network, h, noClock)
	if work != their {
		t.Errorf("%s: CheckWork says %q, btcd %q: %x", p.name, work, their, h)
	}
}

// TestMutatedHeaders compares package anchor with btcd's CheckBlockHeaderSanity and
// CheckBlockHeaderContext on headers bent in version, link, time, target, nonce or any
// bit, most of them mined again, at places where rules change: the first blocks, around
// retargets, after blocks of the twenty-minute rule.
func TestMutatedHeaders(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2016))
	var places []*place
	for _, e := range easings {
		places = append(places, chainPlaces(t, easy(t, e.name), rng)...)
	}
	histories := max(24, mutants()/8000)
	for i := range histories {
		places = append(places, historyPlace(t, easy(t, easings[i%(len(easings)-1)].name), rng))
	}
	total := newTally()
	by := map[anchor.Network]*tally{}
	stores := newTally()
	for i := range mutants() {
		p := places[i%len(places)]
		if by[p.name] == nil {
			by[p.name] = newTally()
		}
		h := mutant(t, p, rng)
		p.judge(t, by[p.name], h, clock(p.below.last().Seconds())+600)
		if p.store != nil && rng.IntN(100) == 0 {
			_, err := anchor.NewHeaderStore(p.name, append(p.below.raw(), h[:]...))
			code := codeOf(err)
			if code == anchor.CodeHeaderLink {
				code = anchor.CodeNotLinkedForward
			}
			stores.note(t, code, btcdHeader(t, p.network, p.below, h, noClock), func() string { return fmt.Sprintf("store of %s, %x", p.name, h) })
		}
	}
	for _, e := range easings {
		total.add(by[e.name])
		t.Logf("%s: %v", e.name, by[e.name])
	}
	t.Logf("LinkHeaders: %v", total)
	t.Logf("NewHeaderStore: %v", stores)
	if total.judged != mutants() {
		t.Errorf("%d judged", total.judged)
	}
	for _, r := range []reason{"", anchor.CodeNotLinkedForward, anchor.CodeHeaderBits, anchor.CodeHeaderPoW, anchor.CodeHeaderTime, anchor.CodeHeaderVersion} {
		if total.same[r] < mutants()/200 {
			t.Errorf("only %d mutants end with %q: the mutants are too uniform to judge by", total.same[r], r)
		}
	}
}

func (c *tally) add(o *tally) {
	c.judged += o.judged
	c.unexplained += o.unexplained
	for r, n := range o.same {
		c.same[r] += n
	}
	for e, n := range o.explained {
		c.explained[e] += n
	}
}

// chainPlaces grows a chain of over two periods that both accept whole, and returns
// places on it.
func chainPlaces(t *testing.T, n network, rng *rand.Rand) []*place {
	c := grow(t, n, 2*period+40, rng)
	if _, err := anchor.NewHeaderStore(n.name, c.raw()); err != nil {
		t.Fatalf("%s: btcd accepts the chain, anchor says %v", n.name, err)
	}
	heights := []anchor.Height{1, 2, 11, 12, period - 1, period, period + 1, period + 2, period + 12, 2*period - 1, 2 * period, 2*period + 1}
	r := anchorNetworks[n.name]
	for _, h := range []anchor.Height{r.bip34, r.bip66, r.bip65} {
		heights = append(heights, max(h-1, 1), h)
	}
	for range 10 {
		heights = append(heights, 1+anchor.Height(rng.IntN(2*period+38)))
	}
	var places []*place
	for _, h := range heights {
		below := c.upTo(h)
		store, err := anchor.NewHeaderStore(n.name, below.raw())
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, &place{network: n, below: below, height: h, store: store})
	}
	return places
}

// historyPlace is the first block of a period right after a checkpoint. The headers below
// need only link to it, so they can hold what no chain would: spans backwards, of
// decades, targets of all sizes.
func historyPlace(t *testing.T, n network, rng *rand.Rand) *place {
	c := &chain{from: period * anchor.Height(rng.IntN(4))}
	start := rng.Uint32()
	if rng.IntN(2) == 0 {
		start = 1_700_000_000
	}
	const twoWeeks = 14 * 24 * 3600
	spans := []int64{0, -1, -5000, twoWeeks/4 - 1, twoWeeks / 4, twoWeeks/4 + 1, twoWeeks, 4*twoWeeks - 1, 4 * twoWeeks, 4*twoWeeks + 1, 1 << 31, -1 << 31, rng.Int64N(5 * twoWeeks)}
	span := spans[rng.IntN(len(spans))]
	var prev anchor.BlockHash
	for i := range int64(period) {
		f := fields{version: 4, prev: prev, root: randomRoot(rng), bits: easyBits(n, rng)}
		f.seconds = uint32(min(max(int64(start)+span*i/(period-1)+rng.Int64N(3000)-1500, 0), 1<<32-1))
		switch i {
		case 0:
			f.seconds = start
		case period - 1:
			f.seconds = uint32(min(max(int64(start)+span, 0), 1<<32-1))
		}
		h := f.header()
		prev = h.Hash()
		c.headers = append(c.headers, h)
	}
	return atCheckpoint(n, c, c.next()-1, 0)
}

// easyBits is a target within a factor of about a hundred below the limit.
func easyBits(n network, rng *rand.Rand) uint32 {
	if rng.IntN(3) == 0 {
		return n.params.PowLimitBits
	}
	target := blockchain.CompactToBig(n.params.PowLimitBits)
	target.Rsh(target, uint(rng.IntN(7)))
	bits := blockchain.BigToCompact(target)
	return bits - uint32(rng.IntN(0x100))
}
