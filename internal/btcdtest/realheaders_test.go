package btcdtest

import (
	"encoding/base64"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/blockchain"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/conformance"
)

const bitcoinCorpus = "conformance/bitcoin/"

// realRuns are the real headers of the corpus. nextBits is the target of the first
// period after a checkpoint whose window the corpus does not hold whole.
var realRuns = []struct {
	file       string
	net        anchor.Network
	from       anchor.Height
	count      int
	checkpoint anchor.Height // 0: from the genesis block
	nextBits   uint32
}{
	{"mainnet-0-10236.bin", anchor.Mainnet, 0, 10237, 0, 0},
	{"signet-0-2015.bin", anchor.Signet, 0, 2016, 0, 0},
	{"testnet4-0-100.bin", anchor.Testnet4, 0, 101, 0, 0},
	{"mainnet-586657-589289.bin", anchor.Mainnet, 586657, 2633, 588671, 0},
	{"mainnet-832001-833097.bin", anchor.Mainnet, 832001, 1097, 832607, 0x17038c12},
}

func headersIn(raw []byte) (list []anchor.Header) {
	for ; len(raw) > 0; raw = raw[anchor.HeaderSize:] {
		list = append(list, anchor.Header(raw))
	}
	return list
}

// realChain reads a run. Below the one that starts at the second block of a period it
// puts the first one, from the checkpoints of bitcoinj, so that its retarget can be judged.
func realChain(t *testing.T, file string, from anchor.Height, count int) *chain {
	c := &chain{from: from, headers: headersIn(conformance.Read(t, bitcoinCorpus+"headers/"+file))}
	if len(c.headers) != count {
		t.Fatalf("%s: %d headers, want %d", file, len(c.headers), count)
	}
	if from%period != 1 {
		return c
	}
	for line := range strings.Lines(string(conformance.Read(t, bitcoinCorpus+"checkpoints/bitcoinj-production.txt"))) {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil || len(raw) < anchor.HeaderSize {
			continue // the file's own header lines
		}
		if h := anchor.Header(raw[len(raw)-anchor.HeaderSize:]); h.Hash() == c.headers[0].Prev() {
			return &chain{from - 1, append([]anchor.Header{h}, c.headers...)}
		}
	}
	t.Fatalf("%s: no header below", file)
	return nil
}

// TestRealHeaders: every real header of which both know enough is accepted by both at its
// height; and at heights that it does not have, behind a checkpoint made up for it, where
// retargets and versions fall due elsewhere, both say the same.
func TestRealHeaders(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2016))
	replay, shifted, bent := newTally(), newTally(), newTally()
	share := max(2000, mutants()/10)
	for _, run := range realRuns {
		n := public(run.net)
		c := realChain(t, run.file, run.from, run.count)
		places := realPlaces(t, n, c, run.checkpoint, run.nextBits, rng)
		for _, p := range places {
			p.judge(t, replay, c.headers[p.height-c.from], noClock)
		}
		for range share / len(realRuns) {
			p := places[rng.IntN(len(places))]
			p.judge(t, bent, bentReal(p, c.headers[p.height-c.from], rng), noClock)
		}
		if len(c.headers) > period+1 {
			for range share / 20 {
				p, h := shiftedPlace(n, c, rng)
				p.judge(t, shifted, h, noClock)
			}
		}
	}
	t.Logf("at their heights: %v", replay)
	t.Logf("at other heights: %v", shifted)
	t.Logf("bent, not mined again: %v", bent)
	if replay.same[""] != replay.judged || replay.judged < 200 {
		t.Error("a real header was refused")
	}
	if shifted.same[anchor.CodeHeaderBits] == 0 || shifted.same[anchor.CodeHeaderVersion] == 0 || shifted.same[""] == 0 {
		t.Error("the shifts are too uniform to judge by")
	}
}

// realPlaces are places in a run of real headers: those around retargets, and random ones.
func realPlaces(t *testing.T, n network, c *chain, checkpoint anchor.Height, nextBits uint32, rng *rand.Rand) []*place {
	first, last := max(checkpoint+1, 1), c.next()-1
	if nextBits != 0 {
		first++ // its own target cannot be computed from the corpus
	}
	heights := []anchor.Height{first, first + 1, last}
	for h := first; h <= last; h++ {
		if h%period <= 1 || h%period == period-1 {
			heights = append(heights, h)
		}
	}
	for range 40 {
		heights = append(heights, first+anchor.Height(rng.IntN(int(last-first)+1)))
	}
	var places []*place
	for _, h := range heights {
		below := c.upTo(h)
		if checkpoint != 0 {
			places = append(places, atCheckpoint(n, below, checkpoint, nextBits))
			continue
		}
		store, err := anchor.NewHeaderStore(n.name, below.raw())
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, &place{network: n, below: below, height: h, store: store})
	}
	return places
}

// shiftedPlace takes 2,016 neighbours of a run for a whole period, at a height of its
// choice, and returns the header that followed them.
func shiftedPlace(n network, c *chain, rng *rand.Rand) (*place, anchor.Header) {
	i := rng.IntN(len(c.headers) - period)
	k := 1 + rng.IntN(420) // past every height at which a version was asked for
	if rng.IntN(4) == 0 {
		k = 1 + rng.IntN(100)
	}
	from := anchor.Height(period * (k - 1))
	below := &chain{from, c.headers[i : i+period]}
	return atCheckpoint(n, below, from+period-1, 0), c.headers[i+period]
}

// bentReal bends a real header, whose work is then as good as never enough.
func bentReal(p *place, h anchor.Header, rng *rand.Rand) anchor.Header {
	f := fields{version: h.Version(), prev: h.Prev(), root: h.MerkleRoot(), seconds: h.Seconds(), bits: h.Bits(), nonce: h.Nonce()}
	switch rng.IntN(5) {
	case 0:
		f.seconds = bentTime(p, rng)
	case 1:
		f.bits = bentBits(p, f.bits, rng)
	case 2:
		f.version = int32(rng.IntN(5))
	default:
		h[rng.IntN(len(h))] ^= 1 << rng.IntN(8)
		return h
	}
	return f.header()
}

// TestCompactTargets compares ParseBits and WorkOf with btcd on every length and on
// mantissas around each edge, and on random numbers.
func TestCompactTargets(t *testing.T) {
	var all []uint32
	for size := range uint32(256) {
		for _, m := range []uint32{0, 1, 2, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffff, 0x800000, 0x800001, 0xffffff} {
			all = append(all, size<<24|m)
		}
	}
	rng := rand.New(rand.NewPCG(7, 2016))
	for range max(100_000, mutants()) {
		all = append(all, rng.Uint32N(0x24000000))
	}
	max256 := new(big.Int).Lsh(big.NewInt(1), 256)
	accepted, differences := 0, 0
	for _, bits := range all {
		target := blockchain.CompactToBig(bits)
		good := target.Sign() > 0 && target.Cmp(max256) < 0
		ours, err := anchor.ParseBits(bits)
		work, workErr := anchor.WorkOf(bits)
		same := good == (err == nil) && good == (workErr == nil)
		if same && good {
			accepted++
			same = ours.Cmp(target) == 0 && work.Cmp(blockchain.CalcWork(bits)) == 0
		}
		if !same {
			differences++
			t.Errorf("%08x: %v, %v; btcd %v", bits, ours, err, target)
		}
	}
	t.Logf("%d compact targets, %d of them good, %d differences", len(all), accepted, differences)
	if accepted < len(all)/4 || accepted > len(all)*3/4 {
		t.Error("too uniform to judge by")
	}
}
