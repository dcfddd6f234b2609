package anchor

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
)

func codeOf(err error) Code { return CodeOf(err) }

func wantCode(t testing.TB, err error, code Code) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
}

func mustHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func corpusRun(t testing.TB, name string, start Height, want int) HeaderRun {
	t.Helper()
	run := HeaderRun{Start: start, Headers: conformance.Read(t, bitcoinCorpus+"headers/"+name)}
	if run.Len() != want {
		t.Fatalf("%s: %d headers, want %d", name, run.Len(), want)
	}
	return run
}

// checkRun applies all rules to a run; what lies below it is not known.
func checkRun(net Network, run HeaderRun, nextBits uint32) error {
	first := run.Header(0)
	start := &trustedStart{
		Checkpoint: Checkpoint{Height: run.Start - 1, Hash: first.Prev(), NextBits: nextBits},
		header:     func(Height) (Header, bool) { return Header{}, false },
	}
	root := &branch{start: start, tip: start.Height, lowest: start.Height}
	f := &follower{linker: &linker{net: net, rules: net.rules()}}
	b := &branch{start: start, parent: root, run: run, tip: run.end() - 1}
	return f.check(b, start.Height, "run")
}

func TestStoreOfRealHeaders(t *testing.T) {
	for _, c := range []struct {
		net  Network
		file string
		n    int
	}{
		{Mainnet, "mainnet-0-10236.bin", 10237},
		{Signet, "signet-0-2015.bin", 2016},
		{Testnet4, "testnet4-0-100.bin", 101},
	} {
		t.Run(c.file, func(t *testing.T) {
			raw := corpusRun(t, c.file, 0, c.n).Headers
			s, err := NewHeaderStore(c.net, raw)
			if err != nil || s.Tip() != Height(c.n-1) {
				t.Fatalf("tip %d, %v", s.Tip(), err)
			}
			for _, other := range Networks() {
				if other == c.net {
					continue
				}
				_, err := NewHeaderStore(other, raw)
				wantCode(t, err, CodeNetworkMismatch)
			}
		})
	}
}

func TestHeadersThatGoBackInTime(t *testing.T) {
	run := corpusRun(t, "mainnet-0-10236.bin", 0, 10237)
	back := 0
	for i := 1; i < run.Len(); i++ {
		if run.Header(i).Seconds() < run.Header(i-1).Seconds() {
			back++
		}
	}
	if back != 49 {
		t.Errorf("%d headers go back in time, want 49", back)
	}
}

// historyOf answers from runs that need not touch.
func historyOf(runs ...HeaderRun) history {
	return func(h Height) (Header, bool) {
		for _, r := range runs {
			if header, ok := r.at(h); ok {
				return header, true
			}
		}
		return Header{}, false
	}
}

func firstOfPeriod(t testing.TB, height Height) HeaderRun {
	t.Helper()
	for _, s := range bitcoinj(t, "bitcoinj-production.txt") {
		if s.height == height {
			return HeaderRun{Start: height, Headers: s.header[:]}
		}
	}
	t.Fatalf("no header %d", height)
	return HeaderRun{}
}

type heightHex struct {
	Height Height `json:"height"`
	Hex    string `json:"hex"`
}

func joined(t testing.TB, list []heightHex) HeaderRun {
	t.Helper()
	run := HeaderRun{Start: list[0].Height}
	for i, h := range list {
		if h.Height != run.Start+Height(i) {
			t.Fatalf("height %d at place %d", h.Height, i)
		}
		run.Headers = append(run.Headers, mustHex(t, h.Hex)...)
	}
	return run
}

// realRetargets are stretches of mainnet across a retarget, with the first header of
// the old period.
func realRetargets(t testing.TB) []struct {
	height Height
	bits   uint32
	first  HeaderRun
	run    HeaderRun
} {
	t.Helper()
	var long struct {
		EpochStart heightHex
		Chain      []heightHex
	}
	var short struct {
		OldPeriodStart heightHex
		Genesis        heightHex
		Chain          []heightHex
	}
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"headers/tbtc-longHeaders.json"), &long); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"headers/tbtc-headersWithRetarget.json"), &short); err != nil {
		t.Fatal(err)
	}
	return []struct {
		height Height
		bits   uint32
		first  HeaderRun
		run    HeaderRun
	}{
		{554400, 0x17371ef4, joined(t, []heightHex{short.OldPeriodStart}), joined(t, append([]heightHex{short.Genesis}, short.Chain...))},
		{588672, 0x171c3039, firstOfPeriod(t, 586656), corpusRun(t, "mainnet-586657-589289.bin", 586657, 2633)},
		{741888, 0x170984cc, joined(t, []heightHex{long.EpochStart}), joined(t, long.Chain)},
		{832608, 0x17038c12, firstOfPeriod(t, 830592), corpusRun(t, "mainnet-832001-833097.bin", 832001, 1097)},
	}
}

func TestRealRetargets(t *testing.T) {
	for _, c := range realRetargets(t) {
		before := historyOf(c.first, c.run)
		due, ok := c.run.at(c.height)
		if !ok || due.Bits() != c.bits {
			t.Fatalf("corpus: header %d has bits %08x", c.height, due.Bits())
		}
		if got := Mainnet.rules().expectedBits(before, c.height, due.Seconds()); got != c.bits {
			t.Errorf("height %d: %08x, want %08x", c.height, got, c.bits)
		}
		// The same window moved by one block gives another target: 2,015 intervals it is.
		shifted := historyOf(HeaderRun{Start: c.first.Start, Headers: c.run.Headers[:HeaderSize]}, c.run)
		if got := Mainnet.rules().expectedBits(shifted, c.height, due.Seconds()); got == c.bits {
			t.Errorf("height %d: a window that starts elsewhere gives the same target", c.height)
		}
		// Headers of the run, with the retarget attested by the record of a checkpoint.
		for _, delta := range []uint32{0, 1, ^uint32(0)} {
			from := int(c.height - c.run.Start)
			half := HeaderRun{Start: c.height, Headers: c.run.Headers[from*HeaderSize:]}
			err := checkRun(Mainnet, half, c.bits+delta)
			if delta == 0 && err != nil {
				t.Errorf("height %d: %v", c.height, err)
			} else if delta != 0 {
				wantCode(t, err, CodeHeaderBits)
			}
		}
	}
}

func TestWholePeriodByTheRules(t *testing.T) {
	// 586656 … 589289 without a gap: the retarget is computed, not attested.
	first := firstOfPeriod(t, 586656)
	rest := corpusRun(t, "mainnet-586657-589289.bin", 586657, 2633)
	run := HeaderRun{Start: 586656, Headers: append(bytes.Clone(first.Headers), rest.Headers...)}
	if err := checkRun(Mainnet, run, run.Header(0).Bits()); err != nil {
		t.Fatal(err)
	}
	// One bit of the target too much or too little at the retarget.
	at := int(588672 - run.Start)
	for _, delta := range []int{-1, 1} {
		bent := bytes.Clone(run.Headers)
		bent[at*HeaderSize+72] = byte(int(bent[at*HeaderSize+72]) + delta)
		before := HeaderRun{Start: run.Start, Headers: bent}
		_, err := Mainnet.rules().checkHeader(before.at, 588672, before.Header(at), bitsUnknown, "run")
		if code := codeOf(err); code != CodeHeaderBits && code != CodeHeaderPoW {
			t.Errorf("bits %+d: %v", delta, err)
		}
		want := Mainnet.rules().expectedBits(before.at, 588672, 0)
		if want != 0x171c3039 || before.Header(at).Bits() == want {
			t.Errorf("bits %+d: rules ask for %08x", delta, want)
		}
	}
}

func TestReorgAcrossRetarget(t *testing.T) {
	var c struct {
		Orphan         heightHex `json:"orphan_437478"`
		OldPeriodStart heightHex
		Genesis        heightHex
		Pre            []heightHex `json:"preRetargetChain"`
		Post           []heightHex `json:"postRetargetChain"`
	}
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"headers/tbtc-headersReorgAndRetarget.json"), &c); err != nil {
		t.Fatal(err)
	}
	run := joined(t, append(append([]heightHex{c.Genesis}, c.Pre...), c.Post...))
	first := joined(t, []heightHex{c.OldPeriodStart})
	due, _ := run.at(437472)
	if got := Mainnet.rules().expectedBits(historyOf(first, run), 437472, 0); got != due.Bits() {
		t.Errorf("retarget %08x, want %08x", got, due.Bits())
	}
	// The orphan beside 437478: the longer branch has more work and wins.
	pack := &CheckpointPack{network: Mainnet, list: []Checkpoint{{Height: 437471, Hash: due.Prev(), NextBits: due.Bits()}}}
	at := int(437472 - run.Start)
	main := HeaderRun{Start: 437472, Headers: run.Headers[at*HeaderSize:]}
	orphan := HeaderRun{Start: 437478, Headers: mustHex(t, c.Orphan.Hex)}
	for _, runs := range [][]HeaderRun{{main, orphan}, {orphan, main}} {
		good, _ := main.at(437478)
		link, err := LinkHeaders(Mainnet, inclusionOf(Mainnet, 437478, good), runs, pack, nil)
		if err != nil || link.Confirmations != Confirmations(main.end()-437478) {
			t.Fatalf("%+v, %v", link, err)
		}
		_, err = LinkHeaders(Mainnet, inclusionOf(Mainnet, 437478, orphan.Header(0)), runs, pack, nil)
		wantCode(t, err, CodeNotInBestChain)
	}
}

func inclusionOf(net Network, height Height, h Header) *Inclusion {
	return &Inclusion{Network: net, Height: height, Header: h, BlockHash: h.Hash()}
}

func TestCheckpointSources(t *testing.T) {
	for _, c := range []struct {
		net              Network
		bitcoinj         string
		electrum         string
		starts, targets  int
		steps, stepsGood int // chain work of a period without twenty-minute blocks
	}{
		{Mainnet, "bitcoinj-production.txt", "electrum-mainnet.json", 436, 436, 435, 435},
		{Testnet3, "bitcoinj-test.txt", "electrum-testnet.json", 1792, 0, 1791, 754},
		{Signet, "bitcoinj-signet.txt", "electrum-signet.json", 114, 0, 113, 113},
	} {
		t.Run(string(c.net), func(t *testing.T) {
			starts, ends := bitcoinj(t, c.bitcoinj), electrum(t, c.electrum)
			if len(starts) != c.starts {
				t.Fatalf("%d headers", len(starts))
			}
			targets, good := 0, 0
			for i, s := range starts {
				if err := s.header.CheckWork(c.net); err != nil {
					t.Fatalf("height %d: %v", s.height, err)
				}
				if s.header.Prev() != ends[s.height/period-1].hash {
					t.Fatalf("height %d: sources differ", s.height)
				}
				target, _ := ParseBits(s.header.Bits())
				if target.Cmp(ends[s.height/period-1].target) == 0 {
					targets++
				}
				if i == 0 {
					continue
				}
				if periodWork(t, starts[i-1], s) {
					good++
				}
			}
			if targets != c.targets || good != c.stepsGood || len(starts)-1 != c.steps {
				t.Errorf("%d targets, %d of %d work steps", targets, good, len(starts)-1)
			}
		})
	}
}

// periodWork reports whether the chain work grew by 2,015 blocks of the old target and
// one of the new.
func periodWork(t testing.TB, from, to periodStart) bool {
	t.Helper()
	old, err1 := WorkOf(from.header.Bits())
	last, err2 := WorkOf(to.header.Bits())
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	sum := new(big.Int).Mul(old, big.NewInt(period-1))
	return sum.Add(sum, last).Cmp(new(big.Int).Sub(to.work, from.work)) == 0
}

func TestFirstHeadersAsText(t *testing.T) {
	lines := strings.Fields(string(conformance.Read(t, bitcoinCorpus+"headers/btcd-mainnet-1-11.txt")))
	if len(lines) != 11 {
		t.Fatalf("%d headers", len(lines))
	}
	raw := Mainnet.Genesis()
	all := raw[:]
	for _, l := range lines {
		all = append(all, mustHex(t, l)...)
	}
	if _, err := NewHeaderStore(Mainnet, all); err != nil {
		t.Fatal(err)
	}
}
