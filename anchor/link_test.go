package anchor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/conformance"
)

// mineHeader finds the nonce of a regtest header.
func mineHeader(prev BlockHash, seconds uint32, mark byte) Header {
	return mineBits(Regtest, prev, seconds, 0x207fffff, 4, mark)
}

func mineBits(net Network, prev BlockHash, seconds, bits uint32, version int32, mark byte) Header {
	var h Header
	binary.LittleEndian.PutUint32(h[0:], uint32(version))
	copy(h[4:], prev[:])
	h[36] = mark
	binary.LittleEndian.PutUint32(h[68:], seconds)
	binary.LittleEndian.PutUint32(h[72:], bits)
	for nonce := uint32(0); ; nonce++ {
		binary.LittleEndian.PutUint32(h[76:], nonce)
		if h.CheckWork(net) == nil {
			return h
		}
	}
}

const regtestTime = 1_700_000_000

// regtestRun makes n headers on top of prev, ten minutes apart.
func regtestRun(prev BlockHash, start Height, n int, mark byte) HeaderRun {
	run := HeaderRun{Start: start}
	for i := range n {
		h := mineHeader(prev, regtestTime+600*uint32(int(start)+i), mark)
		run.Headers = append(run.Headers, h[:]...)
		prev = h.Hash()
	}
	return run
}

func cutRun(r HeaderRun, from, to Height) HeaderRun {
	return HeaderRun{Start: from, Headers: r.Headers[int(from-r.Start)*HeaderSize : int(to-r.Start+1)*HeaderSize]}
}

func inclusionAt(t testing.TB, net Network, r HeaderRun, h Height) *Inclusion {
	t.Helper()
	header, ok := r.at(h)
	if !ok {
		t.Fatalf("no header %d", h)
	}
	return inclusionOf(net, h, header)
}

func packOf(t testing.TB, net Network, list ...Checkpoint) *CheckpointPack {
	t.Helper()
	p, err := NewCheckpointPack(net, list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func checkpointAt(t testing.TB, r HeaderRun, h Height, nextBits uint32) Checkpoint {
	t.Helper()
	header, ok := r.at(h)
	if !ok {
		t.Fatalf("no header %d", h)
	}
	return Checkpoint{Height: h, Hash: header.Hash(), NextBits: nextBits}
}

func TestSegmentFromGenesis(t *testing.T) {
	run := regtestRun(Regtest.Genesis().Hash(), 1, 40, 0)
	incl := inclusionAt(t, Regtest, run, 10)
	for name, runs := range map[string][]HeaderRun{
		"one run":           {run},
		"with genesis":      {withGenesis(Regtest, run)},
		"two runs":          {cutRun(run, 1, 20), cutRun(run, 21, 40)},
		"runs out of order": {cutRun(run, 21, 40), cutRun(run, 1, 20)},
		"runs that overlap": {cutRun(run, 1, 25), cutRun(run, 15, 40)},
		"the same twice":    {run, run},
	} {
		link, err := LinkHeaders(Regtest, incl, runs, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if link.Form != FormSegment || link.Confirmations != 31 || link.Tip != 40 || link.Work.Int64() != 62 || len(link.Warnings) != 0 {
			t.Errorf("%s: %+v", name, link)
		}
		if last, _ := run.at(40); link.TipHash != last.Hash() {
			t.Errorf("%s: tip %v", name, link.TipHash)
		}
	}
}

func withGenesis(net Network, r HeaderRun) HeaderRun {
	g := net.Genesis()
	return HeaderRun{Start: 0, Headers: append(g[:], r.Headers...)}
}

func TestMissingHeaders(t *testing.T) {
	genesis := Regtest.Genesis().Hash()
	run := regtestRun(genesis, 1, 40, 0)
	fork := regtestRun(genesis, 1, 41, 1)
	even := regtestRun(genesis, 1, 40, 2)
	incl := inclusionAt(t, Regtest, run, 10)
	shifted := cutRun(run, 1, 40)
	shifted.Start = 2
	for _, c := range []struct {
		name string
		runs []HeaderRun
		code Code
	}{
		{"none", nil, CodeNoHeaders},
		{"too short", []HeaderRun{cutRun(run, 1, 9)}, CodeNoHeaders},
		{"no link to the start", []HeaderRun{cutRun(run, 2, 40)}, CodeNotLinkedForward},
		{"a gap before the block", []HeaderRun{cutRun(run, 1, 5), cutRun(run, 7, 40)}, CodeNotLinkedForward},
		{"another chain", []HeaderRun{fork}, CodeNotInBestChain},
		{"a chain with more work", []HeaderRun{run, fork}, CodeNotInBestChain},
		{"a chain with more work, first", []HeaderRun{fork, run}, CodeNotInBestChain},
		{"a chain with equal work", []HeaderRun{run, even}, CodeNotInBestChain},
		{"a fork with more work in parts", []HeaderRun{run, cutRun(fork, 1, 20), cutRun(fork, 21, 41)}, CodeNotInBestChain},
		{"heights shifted", []HeaderRun{shifted}, CodeNoHeaders},
		{"half a header", []HeaderRun{{Start: 1, Headers: run.Headers[:100]}}, CodeMalformedHeaders},
		{"empty run", []HeaderRun{{Start: 1}}, CodeMalformedHeaders},
		{"negative start", []HeaderRun{{Start: -1, Headers: run.Headers}}, CodeMalformedHeaders},
		{"start far above", []HeaderRun{{Start: 1<<31 - 1, Headers: run.Headers}}, CodeMalformedHeaders},
		{"long run", []HeaderRun{{Start: 1, Headers: make([]byte, (MaxRunHeaders+1)*HeaderSize)}}, CodeLimit},
		{"many runs", slices.Repeat([]HeaderRun{run}, MaxRuns+1), CodeLimit},
	} {
		_, err := LinkHeaders(Regtest, incl, c.runs, nil, nil)
		if codeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if _, err := LinkHeaders(Regtest, incl, slices.Repeat([]HeaderRun{run}, MaxRuns), nil, nil); err != nil {
		t.Error(err)
	}
	link, err := LinkHeaders(Regtest, incl, []HeaderRun{run, cutRun(fork, 1, 39)}, nil, nil)
	if err != nil || link.Confirmations != 31 {
		t.Errorf("a fork with less work: %v", err)
	}
	_, err = LinkHeaders(Signet, incl, []HeaderRun{run}, nil, nil)
	wantCode(t, err, CodeNetworkMismatch)
	_, err = LinkHeaders(Network("mocknet"), incl, []HeaderRun{run}, nil, nil)
	wantCode(t, err, CodeNetworkMismatch)
	_, err = LinkHeaders(Regtest, inclusionOf(Regtest, -1, incl.Header), []HeaderRun{run}, nil, nil)
	wantCode(t, err, CodeMalformedHeaders)
}

// More work, not more headers: on testnet3 and testnet4 easy blocks are many.
func TestMoreWorkBeatsMoreHeaders(t *testing.T) {
	start := &trustedStart{Checkpoint: Checkpoint{Height: 9}}
	root := &branch{start: start, tip: 9, lowest: 9}
	chain := func(bits uint32, n int) *branch {
		run := HeaderRun{Start: 10}
		for range n {
			var h Header
			binary.LittleEndian.PutUint32(h[72:], bits)
			run.Headers = append(run.Headers, h[:]...)
		}
		return &branch{start: start, parent: root, run: run, tip: run.end() - 1, lowest: 9}
	}
	easy, hard := chain(0x1d00ffff, 100), chain(0x1b00ffff, 2)
	f := &follower{linker: &linker{incl: &Inclusion{}}, branches: []*branch{root, easy, hard}}
	if f.best() != hard {
		t.Error("100 easy blocks beat 2 that are 65,536 times as hard")
	}
	if got, want := hard.work(9), big.NewInt(0); got.Cmp(want) <= 0 {
		t.Error("no work")
	}
}

// Each rule broken alone; the proof of work is done again, so only that rule can refuse.
func TestBrokenRules(t *testing.T) {
	good := regtestRun(Regtest.Genesis().Hash(), 1, 30, 0)
	incl := inclusionAt(t, Regtest, good, 20)
	at := func(h Height) Header { header, _ := good.at(h); return header }
	median := at(24).Seconds() // of headers 19 to 29
	for _, c := range []struct {
		name string
		h    Header
		code Code
	}{
		{"next", mineHeader(at(29).Hash(), median+1, 9), ""},
		{"time at the median", mineHeader(at(29).Hash(), median, 9), CodeHeaderTime},
		{"version 3", mineBits(Regtest, at(29).Hash(), median+1, 0x207fffff, 3, 9), CodeHeaderVersion},
		{"version negative", mineBits(Regtest, at(29).Hash(), median+1, 0x207fffff, -4, 9), CodeHeaderVersion},
		{"link to the one before", mineHeader(at(28).Hash(), median+1, 9), CodeHeaderLink},
		{"harder than due", mineBits(Regtest, at(29).Hash(), median+1, 0x207ffffe, 4, 9), CodeHeaderBits},
		{"no work", noWork(mineHeader(at(29).Hash(), median+1, 9)), CodeHeaderPoW},
		{"bits negative", withBits(at(30), 0x20ffffff), CodeHeaderBits},
		{"bits zero", withBits(at(30), 0), CodeHeaderBits},
		{"bits above the limit", withBits(at(30), 0x2100ffff), CodeHeaderBits},
	} {
		run := cutRun(good, 1, 29)
		run.Headers = append(bytes.Clone(run.Headers), c.h[:]...)
		_, err := LinkHeaders(Regtest, incl, []HeaderRun{run}, nil, nil)
		if codeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
		// Beside a good run it is a warning.
		link, err := LinkHeaders(Regtest, incl, []HeaderRun{run, cutRun(good, 1, 29)}, nil, nil)
		if err != nil || (c.code != "") != slices.ContainsFunc(link.Warnings, func(w Warning) bool { return w.Code == WarnRunIgnored }) {
			t.Errorf("%s beside a good run: %+v, %v", c.name, link, err)
		}
	}
}

func noWork(h Header) Header {
	for h.CheckWork(Regtest) == nil {
		h[76]++
	}
	return h
}

func withBits(h Header, bits uint32) Header {
	binary.LittleEndian.PutUint32(h[72:], bits)
	return h
}

// A chain of real mainnet headers with the checkpoints of its periods.
func realMainnet(t testing.TB) (HeaderRun, *CheckpointPack) {
	t.Helper()
	all := corpusRun(t, "mainnet-0-10236.bin", 0, 10237)
	return all, packOf(t, Mainnet,
		checkpointAt(t, all, 2015, 0x1d00ffff), checkpointAt(t, all, 4031, 0x1d00ffff), checkpointAt(t, all, 6047, 0x1d00ffff))
}

func TestForwardLink(t *testing.T) {
	all, pack := realMainnet(t)
	incl := inclusionAt(t, Mainnet, all, 3000)
	link, err := LinkHeaders(Mainnet, incl, []HeaderRun{cutRun(all, 3000, 4031)}, pack, nil)
	if err != nil {
		t.Fatal(err)
	}
	tip, _ := all.at(6047)
	if link.Form != FormForward || link.Start.Height != 4031 || link.Confirmations != 6047-3000+1 || link.TipHash != tip.Hash() {
		t.Errorf("%+v", link)
	}
	if top, _ := all.at(4031); link.Latest.Before(top.Time()) {
		t.Errorf("latest time %v", link.Latest)
	}
	if want := new(big.Int).Mul(big.NewInt(4031-3000+1), big.NewInt(4295032833)); link.Work.Cmp(want) != 0 {
		t.Errorf("work %v, want %v", link.Work, want)
	}
	want := Interval{incl.Header.Time().Add(-2 * time.Hour), medianAfter(all, 3000).Add(2 * time.Hour)}
	if link.Time != want {
		t.Errorf("interval %v, want %v", link.Time, want)
	}

	for _, c := range []struct {
		name   string
		height Height
		runs   []HeaderRun
		code   Code
		closed bool
	}{
		{"in two runs", 3000, []HeaderRun{cutRun(all, 3500, 4031), cutRun(all, 3000, 3600)}, "", true},
		{"longer than needed", 3000, []HeaderRun{cutRun(all, 2900, 4100)}, "", true},
		{"one header short", 3000, []HeaderRun{cutRun(all, 3000, 4030)}, CodeNotLinkedForward, false},
		{"a gap", 3000, []HeaderRun{cutRun(all, 3000, 3500), cutRun(all, 3502, 4031)}, CodeNotLinkedForward, false},
		{"backwards only", 3000, []HeaderRun{cutRun(all, 2016, 3500)}, CodeNotLinkedForward, false},
		{"none", 3000, nil, CodeNoHeaders, false},
		{"the block not in them", 3000, []HeaderRun{cutRun(all, 3002, 4031)}, CodeNoHeaders, false},
		{"at a checkpoint, nothing above", 4031, nil, "", false},
		{"at a checkpoint", 4031, []HeaderRun{cutRun(all, 4031, 6047)}, "", true},
		{"near a checkpoint, to it", 4025, []HeaderRun{cutRun(all, 4025, 4031)}, "", false},
		{"near a checkpoint, to the next", 4025, []HeaderRun{cutRun(all, 4025, 6047)}, "", true},
		{"near a checkpoint, past it", 4025, []HeaderRun{cutRun(all, 4025, 4050)}, "", false},
		{"below the first checkpoint", 5, []HeaderRun{cutRun(all, 5, 2015)}, "", true},
		{"at the newest checkpoint", 6047, nil, "", false},
	} {
		link, err := LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, c.height), c.runs, pack, nil)
		if codeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
			continue
		}
		if err == nil && link.Time.NotAfter.IsZero() == c.closed {
			t.Errorf("%s: interval %v", c.name, link.Time)
		}
	}
	// The same headers lead to another block at that height.
	other := inclusionOf(Mainnet, 3000, incl.Header)
	other.BlockHash[0] ^= 1
	_, err = LinkHeaders(Mainnet, other, []HeaderRun{cutRun(all, 3000, 4031)}, pack, nil)
	wantCode(t, err, CodeNotInBestChain)
	// A wrong height of the right block.
	_, err = LinkHeaders(Mainnet, inclusionOf(Mainnet, 3001, incl.Header), []HeaderRun{cutRun(all, 3000, 4031)}, pack, nil)
	wantCode(t, err, CodeNotInBestChain)
}

func TestForwardSpan(t *testing.T) {
	_, pack := realMainnet(t) // checkpoints 2015, 4031, 6047
	for _, c := range []struct {
		height, to Height
		ok         bool
	}{
		{0, 2015, true}, {2004, 2015, true}, {2005, 4031, true}, {2015, 4031, true}, {2016, 4031, true},
		{6036, 6047, true}, {6037, 6047, true}, {6047, 6047, true}, {6048, 0, false},
	} {
		from, to, ok := pack.ForwardSpan(c.height)
		if ok != c.ok || from != c.height || to != c.to {
			t.Errorf("%d: %d to %d, %v; want %d, %v", c.height, from, to, ok, c.to, c.ok)
		}
	}
	var none *CheckpointPack
	if _, _, ok := none.ForwardSpan(1); ok {
		t.Error("a way forward without checkpoints")
	}
}

func medianAfter(r HeaderRun, h Height) time.Time {
	var times []uint32
	for i := h + 1; i <= h+11; i++ {
		header, _ := r.at(i)
		times = append(times, header.Seconds())
	}
	slices.Sort(times)
	return time.Unix(int64(times[5]), 0).UTC()
}

// A fork with valid work right after an older checkpoint: it links backwards only.
func TestForkAfterCheckpoint(t *testing.T) {
	run := regtestRun(Regtest.Genesis().Hash(), 1, 2015+2016+10, 0)
	pack := packOf(t, Regtest, checkpointAt(t, run, 2015, 0x207fffff), checkpointAt(t, run, 4031, 0x207fffff))
	at2015, _ := run.at(2015)
	fork := regtestRun(at2015.Hash(), 2016, 2500, 7) // longer than what it forks from
	incl := inclusionAt(t, Regtest, fork, 2020)
	for name, runs := range map[string][]HeaderRun{
		"alone":                 {fork},
		"with what it forks at": {fork, cutRun(run, 1000, 2015)},
		"forward link to less":  {cutRun(run, 1, 2015), cutRun(fork, 2016, 3000)},
	} {
		_, err := LinkHeaders(Regtest, incl, runs, pack, nil)
		if codeOf(err) != CodeNotLinkedForward {
			t.Errorf("%s: %v", name, err)
		}
	}
	// With the honest headers beside it, the checkpoint shows another block there.
	_, err := LinkHeaders(Regtest, incl, []HeaderRun{fork, cutRun(run, 2016, 4031)}, pack, nil)
	wantCode(t, err, CodeNotInBestChain)
	// The fork is no better above the newest checkpoint.
	_, err = LinkHeaders(Regtest, inclusionAt(t, Regtest, fork, 4035), []HeaderRun{fork}, pack, nil)
	wantCode(t, err, CodeNotLinkedForward)
	// Without the later checkpoint it would pass: the pack is part of trust.
	older := packOf(t, Regtest, checkpointAt(t, run, 2015, 0x207fffff))
	if _, err := LinkHeaders(Regtest, incl, []HeaderRun{fork}, older, nil); err != nil {
		t.Fatal(err)
	}
}

func TestForkOfRealHeaders(t *testing.T) {
	all, pack := realMainnet(t)
	// 2016 and above put as if they followed another header: the link breaks.
	fork := cutRun(all, 2016, 4031)
	fork.Headers = bytes.Clone(fork.Headers)
	fork.Headers[4] ^= 1
	incl := inclusionOf(Mainnet, 2016, fork.Header(0))
	_, err := LinkHeaders(Mainnet, incl, []HeaderRun{fork}, pack, nil)
	wantCode(t, err, CodeNotInBestChain) // the headers above lead to the real one
	_, err = LinkHeaders(Mainnet, incl, []HeaderRun{cutRun(fork, 2016, 2016)}, pack, nil)
	wantCode(t, err, CodeNotLinkedForward)
}

func TestSegmentFromCheckpoint(t *testing.T) {
	all, pack := realMainnet(t)
	for _, c := range []struct {
		name string
		run  HeaderRun
	}{
		{"from it", cutRun(all, 6048, 6200)},
		{"with it", cutRun(all, 6047, 6200)},
		{"from below it", cutRun(all, 6000, 6200)},
		{"across the next retarget", cutRun(all, 6048, 8100)},
	} {
		link, err := LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 6100), []HeaderRun{c.run}, pack, nil)
		if err != nil || link.Form != FormSegment || link.Start.Height != 6047 || link.Tip != c.run.end()-1 {
			t.Errorf("%s: %+v, %v", c.name, link, err)
		}
	}
	// The record states another target than the first header has.
	for _, bits := range []uint32{0x1d00fffe, 0x1c00ffff} {
		bent := packOf(t, Mainnet, checkpointAt(t, all, 6047, bits))
		_, err := LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 6100), []HeaderRun{cutRun(all, 6048, 6200)}, bent, nil)
		wantCode(t, err, CodeHeaderBits)
	}
	// The record states none: a warning, as on testnet4.
	open := packOf(t, Mainnet, checkpointAt(t, all, 6047, 0))
	link, err := LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 6100), []HeaderRun{cutRun(all, 6048, 6200)}, open, nil)
	if err != nil || len(link.Warnings) != 1 || link.Warnings[0].Code != WarnBitsNotAttested {
		t.Errorf("%+v, %v", link, err)
	}
	// Headers below the newest checkpoint only: a stale bundle.
	_, err = LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 3000), []HeaderRun{cutRun(all, 2016, 3100)}, pack, nil)
	wantCode(t, err, CodeNotLinkedForward)
}

func TestStoreLink(t *testing.T) {
	all, pack := realMainnet(t)
	store, err := NewHeaderStore(Mainnet, all.Headers[:8001*HeaderSize])
	if err != nil {
		t.Fatal(err)
	}
	link, err := LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 3000), nil, pack, store)
	if err != nil || link.Form != FormStore || link.Tip != 8000 || link.Confirmations != 5001 {
		t.Fatalf("%+v, %v", link, err)
	}
	// Headers on top of the store add confirmations.
	link, err = LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 7999), []HeaderRun{cutRun(all, 7000, 8100)}, pack, store)
	if err != nil || link.Form != FormStore || link.Tip != 8100 {
		t.Fatalf("%+v, %v", link, err)
	}
	link, err = LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 8050), []HeaderRun{cutRun(all, 8001, 8100)}, nil, store)
	if err != nil || link.Form != FormSegment || link.Start.Height != 8000 {
		t.Fatalf("%+v, %v", link, err)
	}
	// Another block at a height that the store knows.
	other := inclusionAt(t, Mainnet, all, 3000)
	other.Height = 2999
	_, err = LinkHeaders(Mainnet, other, []HeaderRun{cutRun(all, 3000, 4031)}, pack, store)
	wantCode(t, err, CodeNotInBestChain)
	_, err = LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 8050), nil, nil, store)
	wantCode(t, err, CodeNoHeaders)
	// Store and checkpoints that disagree.
	wrong := checkpointAt(t, all, 2015, 0x1d00ffff)
	wrong.Hash[0] ^= 1
	_, err = LinkHeaders(Mainnet, inclusionAt(t, Mainnet, all, 3000), nil, packOf(t, Mainnet, wrong), store)
	wantCode(t, err, CodeHeaderLink)
	// Of another network.
	_, err = LinkHeaders(Signet, inclusionOf(Signet, 3000, other.Header), nil, nil, store)
	wantCode(t, err, CodeNetworkMismatch)
}

// The first ten thousand headers of mainnet cost little today.
func TestMainnetNeedsCheckpoints(t *testing.T) {
	all := corpusRun(t, "mainnet-0-10236.bin", 0, 10237)
	incl := inclusionAt(t, Mainnet, all, 100)
	for _, pack := range []*CheckpointPack{nil, packOf(t, Mainnet)} {
		_, err := LinkHeaders(Mainnet, incl, []HeaderRun{cutRun(all, 1, 200)}, pack, nil)
		wantCode(t, err, CodeNoCheckpoints)
	}
	_, err := LinkHeaders(Mainnet, incl, []HeaderRun{cutRun(all, 1, 2015)}, BuiltinCheckpoints(Mainnet), nil)
	if err != nil {
		t.Error(err)
	}
}

// The store's own tip can turn out stale.
func TestStoreWithStaleTip(t *testing.T) {
	run := regtestRun(Regtest.Genesis().Hash(), 1, 30, 0)
	store, err := NewHeaderStore(Regtest, withGenesis(Regtest, run).Headers)
	if err != nil {
		t.Fatal(err)
	}
	at25, _ := run.at(25)
	fork := regtestRun(at25.Hash(), 26, 8, 3)
	link, err := LinkHeaders(Regtest, inclusionAt(t, Regtest, fork, 27), []HeaderRun{fork}, nil, store)
	if err != nil || link.Confirmations != 7 || link.Form != FormSegment {
		t.Fatalf("%+v, %v", link, err)
	}
	_, err = LinkHeaders(Regtest, inclusionAt(t, Regtest, run, 27), []HeaderRun{fork}, nil, store)
	wantCode(t, err, CodeNotInBestChain)
	link, err = LinkHeaders(Regtest, inclusionAt(t, Regtest, run, 20), []HeaderRun{fork}, nil, store)
	if err != nil || link.Form != FormStore || link.Confirmations != 14 {
		t.Fatalf("%+v, %v", link, err)
	}
}

// Runs that repeat the store part from it where they differ, not where they begin: no more
// of the store is gone through than that.
func TestRunsThatRepeatTheStore(t *testing.T) {
	run := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 40, 0))
	at25, _ := run.at(25)
	fork := HeaderRun{Start: 5, Headers: slices.Concat(cutRun(run, 5, 25).Headers, regtestRun(at25.Hash(), 26, 20, 3).Headers)}
	start := storeStart(storeOf(t, Regtest, cutRun(run, 0, 30)))
	for _, c := range []struct {
		name   string
		run    HeaderRun
		lowest Height
	}{
		{"goes on", cutRun(run, 5, 40), 30},
		{"repeats", cutRun(run, 5, 20), 20},
		{"follows", cutRun(run, 31, 40), 30},
		{"leaves", fork, 25},
	} {
		f := &follower{linker: &linker{net: Regtest, rules: Regtest.rules(), runs: []HeaderRun{c.run}}, refused: map[int]error{}}
		f.branches = []*branch{{start: &start, tip: start.Height, lowest: start.Height}}
		if err := f.attachAll(); err != nil || len(f.branches) != 2 || f.branches[1].lowest != c.lowest {
			t.Errorf("%s: %d branches, %v, refused %v", c.name, len(f.branches), err, f.refused)
		}
	}
}

func TestStoreRefusesBrokenChains(t *testing.T) {
	raw := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 20, 0)).Headers
	for _, c := range []struct {
		name string
		raw  []byte
		code Code
	}{
		{"empty", nil, CodeMalformedHeaders},
		{"half a header", raw[:100], CodeMalformedHeaders},
		{"no genesis", raw[HeaderSize:], CodeNetworkMismatch},
		{"a header left out", slices.Concat(raw[:5*HeaderSize], raw[6*HeaderSize:]), CodeHeaderLink},
	} {
		_, err := NewHeaderStore(Regtest, c.raw)
		if codeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := NewHeaderStore("nowhere", raw)
	wantCode(t, err, CodeNetworkMismatch)
}

func TestShortIntervalStaysOpen(t *testing.T) {
	run := regtestRun(Regtest.Genesis().Hash(), 1, 21, 0)
	for height, closed := range map[Height]bool{10: true, 11: false, 21: false} {
		link, err := LinkHeaders(Regtest, inclusionAt(t, Regtest, run, height), []HeaderRun{run}, nil, nil)
		if err != nil || link.Time.NotAfter.IsZero() == closed {
			t.Errorf("height %d: %v, %v", height, link.Time, err)
		}
	}
}

// Headers alone confirm nothing on signet: anybody can mine them.
func TestSignetLinkWarns(t *testing.T) {
	run := corpusRun(t, "signet-0-2015.bin", 0, 2016)
	link, err := LinkHeaders(Signet, inclusionAt(t, Signet, run, 100), []HeaderRun{run}, nil, nil)
	if err != nil || len(link.Warnings) != 1 || link.Warnings[0].Code != WarnSignetUnsigned {
		t.Fatalf("%+v, %v", link, err)
	}
	if link.Confirmations != 1 || link.Unsigned != 1915 || link.Tip != 100 || !link.Time.NotAfter.IsZero() {
		t.Errorf("%+v", link)
	}
	work, _ := WorkOf(0x1e0377ae)
	if link.Work.Cmp(work) != 0 {
		t.Errorf("work %v counts headers that are not signed", link.Work)
	}
	// Those shown to be signed count, as far as there is no gap.
	incl := inclusionAt(t, Signet, run, 100)
	incl.signed = map[BlockHash]bool{}
	for h := Height(101); h <= 115; h++ {
		header, _ := run.at(h)
		if incl.signed[header.Hash()] = true; h == 113 {
			delete(incl.signed, header.Hash())
		}
	}
	link, err = LinkHeaders(Signet, incl, []HeaderRun{run}, nil, nil)
	if err != nil || link.Confirmations != 13 || link.Tip != 112 || link.Unsigned != 2015-112 || link.Time.NotAfter.IsZero() {
		t.Fatalf("%+v, %v", link, err)
	}
	// What the caller's own store or checkpoints hold counts on the caller's word.
	store := storeOf(t, Signet, cutRun(run, 0, 150))
	link, err = LinkHeaders(Signet, inclusionAt(t, Signet, run, 100), []HeaderRun{run}, nil, store)
	if err != nil || link.Confirmations != 51 || link.Tip != 150 || link.Unsigned != 2015-150 || link.Form != FormStore {
		t.Fatalf("%+v, %v", link, err)
	}
	pack := packOf(t, Signet, checkpointAt(t, run, 2015, 0x1e0377ae))
	link, err = LinkHeaders(Signet, inclusionAt(t, Signet, run, 100), []HeaderRun{run}, pack, nil)
	if err != nil || link.Confirmations != 2015-100+1 || link.Form != FormForward || len(link.Warnings) != 0 {
		t.Fatalf("%+v, %v", link, err)
	}
}

type bip54Tree struct {
	BlockHeaders []string `json:"block_headers"`
	Extensions   []bip54Tree
	Valid        *bool
	Comment      string
}

// All chains pass the rules in force; BIP54's verdict is the warning.
func TestBIP54Timestamps(t *testing.T) {
	var tree bip54Tree
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/bip54-timestamps.json"), &tree); err != nil {
		t.Fatal(err)
	}
	valid, invalid := 0, 0
	var walk func(n bip54Tree, below []byte)
	walk = func(n bip54Tree, below []byte) {
		raw := bytes.Clone(below)
		for _, h := range n.BlockHeaders {
			raw = append(raw, mustHex(t, h)...)
		}
		if n.Valid != nil {
			if _, err := NewHeaderStore(Mainnet, raw); err != nil {
				t.Errorf("%s: %v", n.Comment, err)
			}
			// Longer than a run of evidence, so the rule itself and not the run.
			run := HeaderRun{Headers: raw}
			warned := len(bip54Warnings(run.at, 0, run.end()-1)) > 0
			if warned == *n.Valid {
				t.Errorf("%s: BIP54 says valid = %v", n.Comment, *n.Valid)
			}
			if run.Len() <= MaxRunHeaders && (len(BIP54Warnings(run)) > 0) != warned {
				t.Errorf("%s: run and rule differ", n.Comment)
			}
			if *n.Valid {
				valid++
			} else {
				invalid++
			}
		}
		for _, e := range n.Extensions {
			walk(e, raw)
		}
	}
	walk(tree, nil)
	if valid != 7 || invalid != 2 {
		t.Errorf("%d valid and %d invalid chains, want 7 and 2", valid, invalid)
	}
}
