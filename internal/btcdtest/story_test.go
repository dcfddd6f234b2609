package btcdtest

import (
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/verifier"
)

// TestStory issues 1,000 licences on a real node: funded by its blocks, sent, lost with
// the node's memory pool and sent again, replaced for a higher fee, confirmed, taken away
// by a reorganisation before the proofs are written and again after; then verified from
// the files alone, the node being gone.
func TestStory(t *testing.T) {
	const count = 1000
	ctx := t.Context()
	b := newBoard(t, "")
	n := startBtcd(t, b.key.Address, "--regtest", "--txindex", "--addrindex")
	n.generate(110)
	chain := rpcClient(t, n.address(), anchor.Regtest)

	batch := b.sent(chain, count)
	first := batch.TxID()
	if pool := n.pool(); !slices.Equal(pool, []string{first.String()}) {
		t.Fatalf("pool %v, sent %v", pool, first)
	}

	n.restart(b.key.Address)
	if pool := n.pool(); len(pool) != 0 {
		t.Fatalf("the pool outlived the node: %v", pool)
	}
	b.reopen()
	batch = b.batch()
	if _, err := batch.Confirm(ctx, chain, depth); err != nil {
		t.Fatal(err)
	}
	if pool := n.pool(); !slices.Equal(pool, []string{first.String()}) {
		t.Fatalf("after a restart: pool %v, sent before %v", pool, first)
	}

	paid := batch.Fee()
	b.must(batch.Bump(ctx, chain, b.key.Address, 5000, feeCap))
	b.must(batch.Sign(b.key))
	b.must(batch.Broadcast(ctx, chain))
	bumped := batch.TxID()
	if pool := n.pool(); bumped == first || !slices.Equal(pool, []string{bumped.String()}) || batch.Fee() <= paid {
		t.Fatalf("bumped from %v (%d sats) to %v (%d sats), pool %v", first, paid, bumped, batch.Fee(), pool)
	}

	block := n.generate(1)[0]
	if got, err := batch.Confirm(ctx, chain, depth); err != nil || got != 1 || batch.State() != issuer.Sent {
		t.Fatalf("%d confirmations, %s, %v", got, batch.State(), err)
	}
	n.generate(5)
	b.confirm(chain, batch)
	if hash, _ := batch.Block(); hash.String() != block {
		t.Fatalf("confirmed in %v, mined in %s", hash, block)
	}
	stale, err := chain.Evidence(ctx, bumped)
	b.must(err)
	sameBytes(t, "evidence of node and of block", stale, ownEvidence(n, bumped))
	watched(b, chain, batch, false, 6)

	// The block is taken away before the proofs are written: back in the pool.
	n.ask("invalidateblock", block)
	watched(b, chain, batch, true, 0)
	if pool := n.pool(); batch.State() != issuer.Sent || !slices.Equal(pool, []string{bumped.String()}) {
		t.Fatalf("after a reorganisation: %s, pool %v", batch.State(), pool)
	}
	block = n.generate(7)[0]
	b.confirm(chain, batch)
	if hash, _ := batch.Block(); hash.String() != block {
		t.Fatalf("confirmed in %v, mined in %s", hash, block)
	}
	credentials := b.finish(batch)
	old := b.evidence(chain, credentials[0])

	// And after they are written: the same transaction in another block.
	n.ask("invalidateblock", block)
	n.restart(b.key.Address) // the pool forgets the transaction
	watched(b, chain, batch, true, 0)
	if pool := n.pool(); !slices.Equal(pool, []string{bumped.String()}) {
		t.Fatalf("not sent again: pool %v", pool)
	}
	block = n.generate(8)[0]
	watched(b, chain, batch, true, 8)
	watched(b, chain, batch, false, 8)
	b.reopen()
	batch = b.batch()
	if hash, _ := batch.Block(); hash.String() != block || batch.State() != issuer.Closed {
		t.Fatalf("journal: block %v, %s; mined in %s", hash, batch.State(), block)
	}
	if c := anchors(n, batch.Root()); c != 1 {
		t.Fatalf("%d transactions carry the root", c)
	}
	n.generate(5) // eleven above close the interval of the block's time

	ev := b.evidence(chain, credentials[0])
	sameBytes(t, "gathered evidence and that of the block", ev.Transactions[bumped.String()], ownEvidence(n, bumped))
	headers := ev.Headers[anchor.Regtest]
	n.stop()

	trust, at := b.trust(), time.Now().UTC().Truncate(time.Second)
	start := time.Now()
	for i, raw := range credentials {
		if r := verifier.Check(raw, ev, trust, at); r.Verdict != verifier.Valid {
			t.Fatalf("credential %d: %s: %v", i, r.Verdict, r.Err())
		}
	}
	took := time.Since(start)
	// Evidence from before the last reorganisation proves a block that is no more. Who has
	// the headers of the longer chain too must see it.
	old.Headers[anchor.Regtest] = append(slices.Clone(headers), old.Headers[anchor.Regtest]...)
	r := verifier.Check(credentials[0], old, trust, at)
	if r.Verdict == verifier.Valid || r.Step(verifier.StepChain).Code != verifier.Code(anchor.CodeNotInBestChain) {
		t.Errorf("evidence of a block that is no more: %s: %v", r.Verdict, r.Err())
	}
	s, _ := r.Deciding()
	t.Logf("%d licences: bumped from %d to %d sats, two reorganisations, %d of %d valid offline in %v; stale block: %s, %s",
		count, paid, batch.Fee(), len(credentials), count, took.Round(time.Millisecond), r.Verdict, s.Code)
}

// watched runs Watch and compares.
func watched(b *board, chain issuer.Chain, batch *issuer.Batch, moved bool, depth anchor.Confirmations) {
	b.t.Helper()
	d, m, err := batch.Watch(b.t.Context(), chain)
	if err != nil || m != moved || d != depth {
		b.t.Fatalf("depth %d, moved %v, %v; want %d, %v", d, m, err, depth, moved)
	}
}
