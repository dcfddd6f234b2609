package anchor

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"
)

// A runChain is a chain of headers that may be told to fail, or to lie.
type runChain struct {
	net    Network
	run    HeaderRun // from 0
	failAt Height    // Headers that reach it fail; 0: never
	short  bool      // leave the last header of a run out
	asked  int
}

var errDown = errors.New("the node is down")

func (c *runChain) Network() Network { return c.net }
func (c *runChain) Tip(context.Context) (Height, BlockHash, error) {
	return c.run.end() - 1, BlockHash{}, nil
}

func (c *runChain) Headers(ctx context.Context, from, to Height) (HeaderRun, error) {
	c.asked++
	if err := ctx.Err(); err != nil {
		return HeaderRun{}, err
	}
	if c.failAt > 0 && from <= c.failAt && c.failAt <= to {
		return HeaderRun{}, errDown
	}
	if to > c.run.end()-1 {
		return HeaderRun{}, errors.New("above the tip")
	}
	r := cutRun(c.run, from, to)
	if c.short && r.Len() > 1 {
		r.Headers = r.Headers[:len(r.Headers)-HeaderSize]
	}
	return r, nil
}

func storeOf(t testing.TB, net Network, run HeaderRun) *HeaderStore {
	t.Helper()
	s, err := NewHeaderStore(net, run.Headers)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// synced runs SyncHeaders and returns what was kept last, or have.
func synced(have *HeaderStore, chain HeaderChain) (*HeaderStore, error) {
	last := have
	err := SyncHeaders(context.Background(), have, chain, func(s *HeaderStore) error { last = s; return nil }, nil)
	return last, err
}

func TestSyncHeaders(t *testing.T) {
	genesis := Regtest.Genesis().Hash()
	run := withGenesis(Regtest, regtestRun(genesis, 1, 5000, 0))
	at3000, _ := run.at(3000)
	fork := HeaderRun{Headers: slices.Concat(cutRun(run, 0, 3000).Headers, regtestRun(at3000.Hash(), 3001, 2100, 7).Headers)} // to 5100
	chain := func(r HeaderRun) *runChain { return &runChain{net: Regtest, run: r} }

	for _, c := range []struct {
		name  string
		have  *HeaderStore
		chain *runChain
		want  HeaderRun
		code  Code
	}{
		{"from nothing", nil, chain(run), run, ""},
		{"from the genesis block", storeOf(t, Regtest, cutRun(run, 0, 0)), chain(run), run, ""},
		{"from the middle", storeOf(t, Regtest, cutRun(run, 0, 2500)), chain(run), run, ""},
		{"up to date", storeOf(t, Regtest, run), chain(run), run, ""},
		{"the chain is behind", storeOf(t, Regtest, run), chain(cutRun(run, 0, 4000)), run, ""},
		{"a branch with more work", storeOf(t, Regtest, run), chain(fork), fork, ""},
		{"a branch with less work", storeOf(t, Regtest, fork), chain(run), fork, CodeNotInBestChain},
		{"a branch with equal work", storeOf(t, Regtest, run), chain(cutRun(fork, 0, 5000)), run, CodeNotInBestChain},
		{"a branch that is short", storeOf(t, Regtest, run), chain(cutRun(fork, 0, 3500)), run, CodeNotInBestChain},
		{"runs that lack a header", storeOf(t, Regtest, cutRun(run, 0, 100)), &runChain{net: Regtest, run: run, short: true}, cutRun(run, 0, 100), CodeMalformedHeaders},
		{"another first block", storeOf(t, Regtest, run), chain(HeaderRun{Headers: regtestRun(BlockHash{1}, 0, 50, 0).Headers}), run, CodeNetworkMismatch},
		{"another network", storeOf(t, Regtest, run), &runChain{net: Signet, run: run}, run, CodeNetworkMismatch},
	} {
		got, err := synced(c.have, c.chain)
		if codeOf(err) != c.code || !bytes.Equal(got.Bytes(), c.want.Headers) {
			t.Errorf("%s: tip %d, want %d; %v, want %q", c.name, got.Tip(), c.want.end()-1, err, c.code)
		}
	}
}

// A fault in one header refuses the stretch it is in: the store never holds what breaks a
// rule.
func TestSyncRefusesBrokenChains(t *testing.T) {
	run := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 300, 0))
	have := storeOf(t, Regtest, cutRun(run, 0, 100))
	at := func(h Height) []byte { return run.Headers[int(h)*HeaderSize:][:HeaderSize] }
	for name, c := range map[string]struct {
		bend func(raw []byte)
		code Code
	}{
		"a gap":               {func(raw []byte) { copy(raw[200*HeaderSize:], raw[201*HeaderSize:]) }, CodeHeaderLink},
		"two headers swapped": {func(raw []byte) { copy(raw[200*HeaderSize:], at(201)); copy(raw[201*HeaderSize:], at(200)) }, CodeHeaderLink},
		"easier than allowed": {func(raw []byte) { raw[200*HeaderSize+75] = 0x21 }, CodeHeaderBits},
	} {
		bent := HeaderRun{Headers: bytes.Clone(run.Headers)}
		c.bend(bent.Headers)
		got, err := synced(have, &runChain{net: Regtest, run: bent})
		if codeOf(err) != c.code || got != have {
			t.Errorf("%s: tip %d, %v, want %s", name, got.Tip(), err, c.code)
		}
	}
}

// A sync that is ended goes on where it stopped, and asks for nothing twice.
func TestSyncGoesOn(t *testing.T) {
	run := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 3*period, 0))
	down := &runChain{net: Regtest, run: run, failAt: 2*period + 5}
	part, err := synced(nil, down)
	if !errors.Is(err, errDown) || part.Tip() != 2*period {
		t.Fatalf("tip %d, %v", part.Tip(), err)
	}
	up := &runChain{net: Regtest, run: run}
	whole, err := synced(part, up)
	if err != nil || !bytes.Equal(whole.Bytes(), run.Headers) || up.asked != 2 {
		t.Fatalf("tip %d after %d questions, %v", whole.Tip(), up.asked, err)
	}
	// An error of keep ends it.
	full := errors.New("disk full")
	if err := SyncHeaders(t.Context(), nil, up, func(*HeaderStore) error { return full }, nil); !errors.Is(err, full) {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := SyncHeaders(ctx, nil, up, func(*HeaderStore) error { t.Error("kept"); return nil }, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestExtendStore(t *testing.T) {
	run := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 50, 0))
	s := storeOf(t, Regtest, cutRun(run, 0, 30))
	for _, c := range []struct {
		name string
		run  HeaderRun
		tip  Height
		code Code
	}{
		{"what follows", cutRun(run, 31, 50), 50, ""},
		{"what overlaps", cutRun(run, 10, 50), 50, ""},
		{"all", run, 50, ""},
		{"what is there", cutRun(run, 5, 20), 30, ""},
		{"a gap", cutRun(run, 32, 50), 0, CodeNoHeaders},
		{"nothing", HeaderRun{Start: 31}, 0, CodeMalformedHeaders},
		{"half a header", HeaderRun{Start: 31, Headers: run.Headers[:100]}, 0, CodeMalformedHeaders},
		{"below the first", HeaderRun{Start: -1, Headers: run.Headers[:HeaderSize]}, 0, CodeMalformedHeaders},
		{"of another network", withGenesis(Signet, cutRun(run, 1, 50)), 0, CodeNetworkMismatch},
		{"elsewhere", HeaderRun{Start: 31, Headers: cutRun(run, 40, 50).Headers}, 0, CodeHeaderLink},
	} {
		got, err := s.Extend(c.run)
		if codeOf(err) != c.code || err == nil && got.Tip() != c.tip {
			t.Errorf("%s: %+v, %v", c.name, got.Tip(), err)
		}
	}
	if s.Tip() != 30 {
		t.Error("the store itself changed")
	}
	if h, ok := s.Find(s.at(17).Hash()); !ok || h != 17 {
		t.Errorf("found at %d", h)
	}
	if _, ok := s.Find(BlockHash{1}); ok {
		t.Error("found what is not there")
	}
}

// TestStoreOfMainnetSize checks a chain as long as mainnet's was at block 953,567. Its
// headers are made up, on regtest: nobody can make those of mainnet. What the rules of
// mainnet cost besides shows in the real ones, checked over and over. A tenth by default;
// all of it with CERTANCHOR_LONG.
func TestStoreOfMainnetSize(t *testing.T) {
	const mainnet = 953_568
	n := mainnet / 10
	if os.Getenv("CERTANCHOR_LONG") != "" {
		n = mainnet
	}
	run := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, n-1, 0))
	began := time.Now()
	s := storeOf(t, Regtest, run)
	took := time.Since(began)
	t.Logf("%d made-up headers (%d bytes) checked in %v, %v each", s.Tip()+1, len(run.Headers), took.Round(time.Millisecond), took/time.Duration(n))

	real := corpusRun(t, "mainnet-0-10236.bin", 0, 10237)
	rounds := n/real.Len() + 1
	began = time.Now()
	for range rounds {
		storeOf(t, Mainnet, real)
	}
	took = time.Since(began)
	t.Logf("%d times the first 10,237 headers of mainnet, %d in all, by mainnet's rules in %v", rounds, rounds*real.Len(), took.Round(time.Millisecond))
	if each := took / time.Duration(rounds*real.Len()); each > 50*time.Microsecond {
		t.Errorf("%v for a header: a store of mainnet would take %v", each, each*mainnet)
	}
}
