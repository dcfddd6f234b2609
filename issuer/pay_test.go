package issuer

import (
	"context"
	"errors"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/credential"
)

// sentBatch takes a batch up to its first broadcast.
func sentBatch(t *testing.T, is *Issuer, key *AnchorKey, chain *regtest.Chain, drafts Drafts) *Batch {
	t.Helper()
	ctx := context.Background()
	b, err := is.Seal(ctx, anchor.Regtest, drafts)
	for _, step := range []func() error{
		func() error { return err },
		func() error { return b.Fund(ctx, chain, key.Address, 100_000) },
		func() error { return b.Sign(key) },
		func() error { return b.Broadcast(ctx, chain) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func mine(t *testing.T, chain *regtest.Chain, key *AnchorKey, n int) {
	t.Helper()
	if _, err := chain.Mine(n, key.Address, testDay); err != nil {
		t.Fatal(err)
	}
}

// confirm asks until the batch is confirmed, mining in between.
func confirm(t *testing.T, b *Batch, chain *regtest.Chain, key *AnchorKey) {
	t.Helper()
	for range 20 {
		if _, err := b.Confirm(context.Background(), chain, 3); err != nil {
			t.Fatal(err)
		}
		if b.State() != Sent {
			return
		}
		mine(t, chain, key, 1)
	}
	t.Fatalf("the batch stays %s", b.State())
}

func bump(t *testing.T, b *Batch, chain *regtest.Chain, key *AnchorKey, rate anchor.FeeRate) {
	t.Helper()
	ctx := context.Background()
	for _, step := range []func() error{
		func() error { return b.Bump(ctx, chain, key.Address, rate, 100_000) },
		func() error { return b.Sign(key) },
		func() error { return b.Broadcast(ctx, chain) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// proofsName checks that the credentials name the transaction that confirmed.
func proofsName(t *testing.T, b *Batch, id anchor.TxID) {
	t.Helper()
	var out memory
	if err := b.Finish(&out); err != nil {
		t.Fatal(err)
	}
	for _, raw := range out.docs {
		c, err := credential.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Proofs()[1].Merkle.Anchor.TxID; got != id.String() {
			t.Errorf("the proof names %s, %s confirmed", got, id)
		}
	}
}

// TestBump replaces a transaction that waits: same first coin, same root, more fee; the
// replacement confirms and the proofs name it.
func TestBump(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	b := sentBatch(t, is, key, chain, graded(2))
	first, fee := b.TxID(), b.Fee()
	if err := b.Bump(context.Background(), chain, key.Address, 1000, 100_000); err == nil {
		t.Error("a replacement that pays no more was made (the same fee again)")
	}
	var dear *anchor.FeeAboveCapError
	if err := b.Bump(context.Background(), chain, key.Address, 1_000_000, 500); !errors.As(err, &dear) {
		t.Errorf("above the cap: %v", err)
	}
	bump(t, b, chain, key, 20_000)
	if b.Fee() <= fee || b.TxID() == first || len(b.Variants()) != 2 {
		t.Errorf("fee %d after %d, %v", b.Fee(), fee, b.Variants())
	}
	if _, err := chain.Lookup(context.Background(), first); !errors.Is(err, anchor.ErrNotFound) {
		t.Error("both transactions are in the pool")
	}
	confirm(t, b, chain, key)
	proofsName(t, b, b.Variants()[1])
}

// TestOriginalConfirmsAfterBump: the miner took the first one; the proofs name that.
func TestOriginalConfirmsAfterBump(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(2))
	original := b.TxID()
	mine(t, chain, key, 1) // before the replacement reaches anybody
	if err := b.Bump(ctx, liar{Chain: chain}, key.Address, 20_000, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := b.Sign(key); err != nil {
		t.Fatal(err)
	}
	if err := b.Broadcast(ctx, chain); err != nil {
		t.Fatalf("the original is in a block, and that was taken for a failure: %v", err)
	}
	confirm(t, b, chain, key)
	if b.TxID() != original {
		t.Errorf("%s is taken for the anchor, %s confirmed", b.TxID(), original)
	}
	proofsName(t, b, original)
}

// TestReplacementSurvivesRestart: which transactions were signed, and which coins are
// locked, is read back from the journal.
func TestReplacementSurvivesRestart(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	b := sentBatch(t, is, key, chain, graded(2))
	bump(t, b, chain, key, 20_000)
	variants, fee := b.Variants(), b.Fee()
	if err := is.Close(); err != nil {
		t.Fatal(err)
	}
	is, key = openTestIssuer(t, is.config.Dir, nil)
	again := is.Batches()[0]
	if again.State() != Sent || again.Fee() != fee || len(again.Variants()) != 2 || again.Variants()[1] != variants[1] {
		t.Fatalf("after a restart: %s, fee %d, %v", again.State(), again.Fee(), again.Variants())
	}
	confirm(t, again, chain, key)
	proofsName(t, again, variants[1])
}

// TestEvicted: dropped from the pool, the same bytes are sent again.
func TestEvicted(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	b := sentBatch(t, is, key, chain, graded(1))
	id := b.TxID()
	if err := chain.Evict(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	confirm(t, b, chain, key)
	if b.TxID() != id || len(b.Variants()) != 1 {
		t.Errorf("another transaction was made: %v", b.Variants())
	}
}

// TestReorg takes the block away before and after the proofs are written.
func TestReorg(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	confirm(t, b, chain, key)
	block, _ := b.Block()
	if err := chain.Reorg(3); err != nil {
		t.Fatal(err)
	}
	if _, moved, err := b.Watch(ctx, chain); err != nil || !moved || b.State() != Sent {
		t.Fatalf("moved %v, %s, %v", moved, b.State(), err)
	}
	confirm(t, b, chain, key)
	if now, _ := b.Block(); now == block {
		t.Error("the block that is no more is still named")
	}
	if err := b.Finish(new(memory)); err != nil {
		t.Fatal(err)
	}
	if err := chain.Reorg(3); err != nil {
		t.Fatal(err)
	}
	mine(t, chain, key, 4)
	if _, moved, err := b.Watch(ctx, chain); err != nil || !moved {
		t.Fatalf("moved %v, %v", moved, err)
	}
	if depth, moved, err := b.Watch(ctx, chain); err != nil || moved || depth != 4 {
		t.Errorf("depth %d, moved %v, %v", depth, moved, err)
	}
	tip, _, _ := chain.Tip(ctx)
	if !b.Watching(tip) || b.Watching(tip+200) {
		t.Error("watched for too short or too long")
	}
}

// TestReorgAfterClose: the transaction that the credentials name is the one that is sent
// again, not a newer variant; if another takes its place all the same, that is said.
func TestReorgAfterClose(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	named := b.TxID()
	if err := b.Bump(ctx, chain, key.Address, 20_000, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := b.Sign(key); err != nil {
		t.Fatal(err)
	}
	mine(t, chain, key, 1) // the original, before the replacement is sent
	if err := b.Broadcast(ctx, chain); err != nil {
		t.Fatal(err)
	}
	confirm(t, b, chain, key)
	if err := b.Finish(new(memory)); err != nil {
		t.Fatal(err)
	}
	if err := chain.Reorg(3); err != nil {
		t.Fatal(err)
	}
	if err := chain.Evict(ctx, named); err != nil {
		t.Fatal(err)
	}
	if _, moved, err := b.Watch(ctx, chain); err != nil || !moved {
		t.Fatalf("moved %v, %v", moved, err)
	}
	if _, err := chain.Lookup(ctx, named); err != nil {
		t.Errorf("what the credentials name was not sent again: %v", err)
	}
	if err := chain.Broadcast(ctx, b.p.raw); err != nil { // somebody kept the replacement
		t.Fatal(err)
	}
	mine(t, chain, key, 1)
	var gone *SupersededError
	if _, _, err := b.Watch(ctx, chain); !errors.As(err, &gone) || gone.Named != named || gone.Confirmed != b.Variants()[1] {
		t.Errorf("%v", err)
	}
}

// TestStranger: a transaction without the root that spends the coin is reported, and
// nothing is finished.
func TestStranger(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	if err := chain.Evict(ctx, b.TxID()); err != nil {
		t.Fatal(err)
	}
	u, err := anchor.BuildCommitment([32]byte{1}, b.p.coins, key.Address, 5000, 100_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := anchor.SignCommitment(u, b.p.coins, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Broadcast(ctx, raw); err != nil {
		t.Fatal(err)
	}
	mine(t, chain, key, 2)
	var replaced *ReplacedError
	if _, err := b.Confirm(ctx, chain, 1); !errors.As(err, &replaced) {
		t.Errorf("%v", err)
	}
	if b.State() != Sent {
		t.Errorf("the batch is %s", b.State())
	}
}

// TestChangedID: the same root in a transaction of another id, spending the same coin,
// confirms; the proofs name that id.
func TestChangedID(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	sent := b.TxID()
	if err := chain.Evict(ctx, sent); err != nil {
		t.Fatal(err)
	}
	u, err := anchor.BuildCommitment(b.p.root, b.p.coins, key.Address, 5000, 100_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := anchor.SignCommitment(u, b.p.coins, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Broadcast(ctx, raw); err != nil {
		t.Fatal(err)
	}
	c, err := anchor.ParseCommitment(raw)
	if err != nil || c.TxID == sent {
		t.Fatalf("%v, %v", c.TxID, err)
	}
	confirm(t, b, chain, key)
	if b.TxID() != c.TxID {
		t.Errorf("%s confirmed, the batch names %s", c.TxID, b.TxID())
	}
	proofsName(t, b, c.TxID)
}

// TestShared anchors the roots of seventy boards in one transaction that a federation
// pays for: no board has a coin, every path leads to the one root.
func TestShared(t *testing.T) {
	federation, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	const boards = 70
	var batches []*Batch
	var requests []*RootRequest
	for range boards {
		board, _ := testIssuer(t, nil)
		b, err := board.Seal(ctx, anchor.Regtest, graded(3))
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Request()
		if err != nil {
			t.Fatal(err)
		}
		batches, requests = append(batches, b), append(requests, r)
	}
	shared, err := federation.SealRoots(ctx, anchor.Regtest, requests)
	for _, step := range []func() error{
		func() error { return err },
		func() error { return shared.Fund(ctx, chain, key.Address, 100_000) },
		func() error { return shared.Sign(key) },
		func() error { return shared.Broadcast(ctx, chain) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	confirm(t, shared, chain, key)
	answers, err := shared.Answers()
	if err != nil || len(answers) != boards {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	if err := batches[0].Adopt(answers[1]); err == nil {
		t.Error("another board's answer was adopted")
	}
	for i, b := range batches {
		if err := b.Adopt(answers[i]); err != nil {
			t.Fatal(err)
		}
		var out memory
		if err := b.Finish(&out); err != nil {
			t.Fatal(err)
		}
		for _, raw := range out.docs {
			c, err := credential.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			p := c.Proofs()[1].Merkle
			if p.Path.Root(p.Target) != shared.Root() || p.Root != shared.Root() || p.Anchor.TxID != shared.TxID().String() || len(p.Path) != 2+7 {
				t.Fatalf("board %d: %d steps to %s", i, len(p.Path), p.Root)
			}
		}
	}
	again, err := federation.SealRoots(ctx, anchor.Regtest, requests)
	if err != nil || again.State() != Closed {
		t.Errorf("the same requests again: %v", err)
	}
}
