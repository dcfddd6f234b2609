package btcdtest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// TestHeadersOfANode: an own header store is kept up to a real node, through a
// reorganisation and a branch with less work, and old evidence is brought to a checkpoint
// made of that store, with the headers of the node.
func TestHeadersOfANode(t *testing.T) {
	b := newBoard(t, "")
	n := startBtcd(t, b.key.Address, "--regtest", "--txindex")
	n.generate(110)
	chain := rpcClient(t, n.address(), anchor.Regtest)
	var store *anchor.HeaderStore
	sync := func() error {
		return anchor.SyncHeaders(t.Context(), store, chain, func(s *anchor.HeaderStore) error { store = s; return nil }, nil)
	}
	best := func() string { return answer[string](n, "getbestblockhash") }
	upToDate := func(blocks anchor.Height) {
		t.Helper()
		if err := sync(); err != nil {
			t.Fatal(err)
		}
		tip, _ := store.Header(store.Tip())
		if store.Tip() != blocks || tip.Hash().String() != best() {
			t.Fatalf("store ends at %d with %v, the node has %s", store.Tip(), tip.Hash(), best())
		}
	}
	upToDate(110)
	n.generate(5)
	upToDate(115)

	// Somebody else's network.
	err := anchor.SyncHeaders(t.Context(), nil, rpcClient(t, n.address(), anchor.Signet), func(*anchor.HeaderStore) error {
		t.Error("a store of another network was kept")
		return nil
	}, nil)
	if err == nil {
		t.Error("a regtest node passed for signet")
	}

	// A branch that is shorter is refused, and taken once it is longer.
	n.ask("invalidateblock", answer[string](n, "getblockhash", 108))
	n.generate(3)
	before := bytes.Clone(store.Bytes())
	var refused *anchor.Error
	if err := sync(); !errors.As(err, &refused) || refused.Code != anchor.CodeNotInBestChain || !bytes.Equal(store.Bytes(), before) {
		t.Fatalf("a branch with less work: %v", err)
	}
	n.generate(10)
	upToDate(120)

	batch := b.sent(chain, 1)
	n.generate(12)
	b.confirm(chain, batch)
	credential := b.finish(batch)[0]
	ev := b.evidence(chain, credential)
	judge := func(trust *verifier.Trust) verifier.Verdict {
		return verifier.Check(credential, ev, trust, time.Now()).Verdict
	}
	if v := judge(b.trust()); v != verifier.Valid {
		t.Fatal(v)
	}
	for range 19 {
		n.generate(100)
	}
	began, have := time.Now(), store.Tip()
	upToDate(2032)
	took := time.Since(began)
	t.Logf("%d headers from btcd in %v, %v each", store.Tip()-have, took.Round(time.Millisecond), took/time.Duration(store.Tip()-have))
	newer := b.trust()
	newer.Checkpoints = map[anchor.Network]*anchor.CheckpointPack{anchor.Regtest: store.Checkpoints(store.Tip())}
	ev.Headers[anchor.Regtest] = []anchor.HeaderRun{firstHeaders(ev.Headers[anchor.Regtest], 130)}
	if v := judge(newer); v != verifier.Indeterminate {
		t.Fatal(v)
	}
	got, err := verifier.New(newer, verifier.Sources{Chains: []verifier.Chain{chain}}).Upgrade(context.Background(), ev)
	if err != nil || len(got) != 1 || got[0].State != verifier.LinkAdded || got[0].To != 2015 {
		t.Fatalf("%+v, %v", got, err)
	}
	n.stop()
	for name, trust := range map[string]*verifier.Trust{"newer": newer, "as before": b.trust()} {
		if v := judge(trust); v != verifier.Valid {
			t.Errorf("%s: %s", name, v)
		}
	}
}

// firstHeaders cuts runs to the headers up to a height.
func firstHeaders(runs []anchor.HeaderRun, to int) anchor.HeaderRun {
	r := anchor.JoinRuns(runs)[0]
	return anchor.HeaderRun{Start: r.Start, Headers: r.Headers[:min(r.Len(), to+1-int(r.Start))*anchor.HeaderSize]}
}
