package verifier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/verifier"
)

// grown is the world's chain with a period and more on top of the anchor, and a pack of
// its one checkpoint.
func grown(t *testing.T, w *world) (*anchor.HeaderStore, *anchor.CheckpointPack) {
	t.Helper()
	for range 20 { // two hours and a half in all
		w.mine(100, -15*time.Hour)
	}
	tip, _, err := w.chain.Tip(t.Context())
	w.must(err)
	run, err := w.chain.Headers(t.Context(), 0, tip)
	w.must(err)
	store, err := anchor.NewHeaderStore(anchor.Regtest, run.Headers)
	w.must(err)
	pack := store.Checkpoints(tip)
	if len(pack.List()) != 1 {
		t.Fatalf("%d checkpoints", len(pack.List()))
	}
	return store, pack
}

// TestUpgrade: evidence made when the anchor was new says nothing to a verifier whose
// checkpoints have moved on, until the headers that lead forward are added.
func TestUpgrade(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	formA := w.evidence
	old := formA()
	store, pack := grown(t, w)
	short, err := anchor.NewHeaderStore(anchor.Regtest, runOf(old).Headers)
	w.must(err)
	newer := func() *verifier.Trust {
		trust := w.trust(nil)
		trust.Checkpoints = map[anchor.Network]*anchor.CheckpointPack{anchor.Regtest: pack}
		return trust
	}
	cut := func() *verifier.Evidence {
		ev := formA()
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {runOf(old)}}
		return ev
	}
	wantReport(t, verifier.Check(w.creds[0], cut(), w.trust(nil), now), valid, "")
	wantReport(t, verifier.Check(w.creds[0], cut(), newer(), now), indeterminate, "not-linked-forward")

	withStores := func(s *anchor.HeaderStore) *verifier.Trust {
		trust := newer()
		trust.Headers = map[anchor.Network]*anchor.HeaderStore{anchor.Regtest: s}
		return trust
	}
	storeAlone := w.trust(nil)
	storeAlone.Headers = map[anchor.Network]*anchor.HeaderStore{anchor.Regtest: store}
	for _, c := range []struct {
		name    string
		trust   *verifier.Trust
		sources verifier.Sources
		state   verifier.LinkState
	}{
		{"from-a-node", newer(), verifier.Sources{Chains: []verifier.Chain{w.chain}}, verifier.LinkAdded},
		{"from-the-store", withStores(store), verifier.Sources{}, verifier.LinkAdded},
		{"store-too-short-node-has-them", withStores(short), verifier.Sources{Chains: []verifier.Chain{w.chain}}, verifier.LinkAdded},
		{"store-without-checkpoints", storeAlone, verifier.Sources{}, verifier.LinkAdded},
		{"nobody-to-ask", newer(), verifier.Sources{}, verifier.LinkMissing},
		{"store-too-short", withStores(short), verifier.Sources{}, verifier.LinkMissing},
		{"no-later-checkpoint", w.trust(nil), verifier.Sources{Chains: []verifier.Chain{w.chain}}, verifier.LinkEarly},
		{"node-of-another-chain", newer(), verifier.Sources{Chains: []verifier.Chain{newWorldChain(t, 2100)}}, verifier.LinkMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := cut()
			before, err := ev.Marshal()
			w.must(err)
			v := verifier.New(c.trust, c.sources)
			got, err := v.Upgrade(t.Context(), ev)
			if err != nil || len(got) != 1 || got[0].State != c.state || (got[0].Err != nil) != (c.state == verifier.LinkMissing) {
				t.Fatalf("%+v, %v", got, err)
			}
			raw, err := ev.Marshal()
			w.must(err)
			if c.state != verifier.LinkAdded {
				if !bytes.Equal(raw, before) {
					t.Error("nothing could be added, and the evidence changed")
				}
				return
			}
			if got[0].To != 2015 || got[0].TxID != w.txid.String() || got[0].Network != anchor.Regtest {
				t.Errorf("%+v", got[0])
			}
			// Good for the newer pack, and still for whoever has none.
			wantReport(t, verifier.Check(w.creds[0], ev, newer(), now), valid, "")
			wantReport(t, verifier.Check(w.creds[0], ev, w.trust(nil), now), valid, "")
			again, err := v.Upgrade(t.Context(), ev)
			if err != nil || again[0].State != verifier.LinkHeld {
				t.Errorf("again: %+v, %v", again, err)
			}
			twice, err := ev.Marshal()
			w.must(err)
			if !bytes.Equal(raw, twice) {
				t.Error("a second upgrade changed the evidence")
			}
		})
	}

	t.Run("asking-ended", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := verifier.New(newer(), verifier.Sources{Chains: []verifier.Chain{w.chain}}).Upgrade(ctx, cut()); err == nil {
			t.Error("no error")
		}
	})
	t.Run("not-in-a-block", func(t *testing.T) {
		ev := cut()
		ev.Transactions[w.txid.String()].TxOutProof[90] ^= 1
		got, err := verifier.New(newer(), verifier.Sources{Chains: []verifier.Chain{w.chain}}).Upgrade(t.Context(), ev)
		var refused *anchor.Error
		if err != nil || got[0].State != verifier.LinkMissing || !errors.As(got[0].Err, &refused) || refused.Code != anchor.CodeTxInclusion {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// newWorldChain is another private chain, of n blocks.
func newWorldChain(t *testing.T, n int) verifier.Chain {
	w := &world{t: t, chain: regtest.New()}
	addr, err := anchor.Address(seededPayer("another chain").PubKey(), anchor.ProfileBlockcerts, anchor.Regtest)
	w.must(err)
	_, err = w.chain.Mine(n, addr, now.Add(-30*time.Hour))
	w.must(err)
	return w.chain
}

// TestRunsOfOneFile: an evidence file may hold as many runs as the check looks at, and no
// more: 64 of a network.
func TestRunsOfOneFile(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	whole := runOf(w.evidence())
	in := func(n int) *verifier.Evidence {
		ev := w.evidence()
		ev.Headers[anchor.Regtest] = nil
		for i := range n {
			size := whole.Len() / n
			from, to := i*size, (i+1)*size
			if i == n-1 {
				to = whole.Len()
			}
			ev.Headers[anchor.Regtest] = append(ev.Headers[anchor.Regtest],
				anchor.HeaderRun{Start: anchor.Height(from), Headers: whole.Headers[from*anchor.HeaderSize : to*anchor.HeaderSize]})
		}
		return ev
	}
	raw, err := in(anchor.MaxRuns).Marshal()
	w.must(err)
	ev, err := verifier.ParseEvidence(raw)
	w.must(err)
	wantReport(t, verifier.Check(w.creds[0], ev, w.trust(nil), now), valid, "")
	var refused *verifier.TrustError
	if _, err := in(anchor.MaxRuns + 1).Marshal(); !errors.As(err, &refused) {
		t.Errorf("a file of one run more is written: %v", err)
	}
	run, err := json.Marshal(whole)
	w.must(err)
	more := bytes.Replace(raw, []byte(`"regtest": [`), append(append([]byte(`"regtest": [`), run...), ','), 1)
	if _, err := verifier.ParseEvidence(more); !errors.As(err, &refused) || refused.Path != "/headers/regtest" {
		t.Errorf("a file of one run more is read: %v", err)
	}
	wantReport(t, verifier.Check(w.creds[0], in(anchor.MaxRuns+1), w.trust(nil), now), indeterminate, "limit")
	// Merging makes fewer of them.
	joined := new(verifier.Evidence)
	joined.Merge(in(anchor.MaxRuns + 1))
	if runs := joined.Headers[anchor.Regtest]; len(runs) != 1 || !bytes.Equal(runs[0].Headers, whole.Headers) {
		t.Errorf("%d runs", len(runs))
	}
}

// runOf returns the first run of the world's chain.
func runOf(ev *verifier.Evidence) anchor.HeaderRun { return ev.Headers[anchor.Regtest][0] }

// storedHeaders answers for the headers of a store, as a node would.
type storedHeaders struct{ *anchor.HeaderStore }

func (storedHeaders) Evidence(context.Context, anchor.TxID) (*anchor.Evidence, error) {
	return nil, anchor.ErrNotFound
}

func (s storedHeaders) Headers(_ context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	return s.Run(from, to)
}

func (s storedHeaders) Tip(context.Context) (anchor.Height, anchor.BlockHash, error) {
	h, _ := s.Header(s.HeaderStore.Tip())
	return s.HeaderStore.Tip(), h.Hash(), nil
}
