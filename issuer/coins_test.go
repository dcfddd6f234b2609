package issuer

import (
	"context"
	"errors"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// TestLockedCoin: a reorganisation sets the coin of a closed batch free and loses its
// transaction. The next batch is told that the coin is locked, how much is missing and by
// whom it is held; nothing is written. Once the transaction is back, its change pays.
func TestLockedCoin(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := regtest.New()
	mine(t, chain, key, 1)
	stranger := &AnchorKey{Address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"}
	mine(t, chain, stranger, 110) // one coin that can be spent
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	id := b.TxID()
	mine(t, chain, stranger, 1)
	if _, err := b.Confirm(ctx, chain, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Finish(new(memory)); err != nil {
		t.Fatal(err)
	}
	if err := chain.Reorg(1); err != nil {
		t.Fatal(err)
	}
	if err := chain.Evict(ctx, id); err != nil {
		t.Fatal(err)
	}
	next, err := is.Seal(ctx, anchor.Regtest, graded(2))
	if err != nil {
		t.Fatal(err)
	}
	before := journalBytes(t, is)
	var locked *LockedCoinsError
	var funds *anchor.InsufficientFundsError
	err = next.Fund(ctx, chain, key.Address, 100_000)
	if !errors.As(err, &locked) || !errors.As(err, &funds) || funds.Missing <= 0 || locked.Batch != b.Key() || locked.Locked <= 0 {
		t.Fatalf("%v", err)
	}
	if journalBytes(t, is) != before || next.State() != Sealed {
		t.Error("something was written")
	}
	if _, moved, err := b.Watch(ctx, chain); err != nil || !moved {
		t.Fatal(moved, err)
	}
	mine(t, chain, stranger, 1)
	if err := next.Fund(ctx, chain, key.Address, 100_000); err != nil {
		t.Fatal(err)
	}
	if op := next.p.coins[0].OutPoint; op.TxID != id {
		t.Errorf("paid from %v", op)
	}
}

// TestRecoverFromALiar: a chain that shows a coin with the root and then gives another
// transaction for it is not believed, and nothing is written.
func TestRecoverFromALiar(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	b, err := is.Seal(ctx, anchor.Regtest, graded(1))
	if err != nil {
		t.Fatal(err)
	}
	coins, err := chain.Coins(ctx, key.Address)
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range [][32]byte{b.Root(), {1}} { // the batch's anchor of another life, and a stranger
		u, err := anchor.BuildCommitment(root, coins, key.Address, 1000, 100_000, anchor.Regtest)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := anchor.SignCommitment(u, coins, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := chain.Broadcast(ctx, raw); err != nil {
			t.Fatal(err)
		}
		mine(t, chain, key, 1)
		if coins, err = chain.Coins(ctx, key.Address); err != nil {
			t.Fatal(err)
		}
		coins = coins[:1]
		if root == b.Root() {
			before := journalBytes(t, is)
			for name, bend := range map[string]func(*anchor.Evidence){
				"another-transaction": func(ev *anchor.Evidence) { ev.Tx = coins[0].PrevTx[:60] },
				"no-previous":         func(ev *anchor.Evidence) { ev.PrevTxs = nil },
				"other-previous":      func(ev *anchor.Evidence) { ev.PrevTxs = [][]byte{coins[0].PrevTx} },
			} {
				if err := b.Fund(ctx, bender{chain, bend}, key.Address, 100_000); err == nil || b.State() != Sealed || journalBytes(t, is) != before {
					t.Errorf("%s: %s, %v", name, b.State(), err)
				}
			}
			if err := b.Fund(ctx, chain, key.Address, 100_000); err != nil || b.State() != Signed {
				t.Fatalf("%s, %v", b.State(), err)
			}
			if err := b.Broadcast(ctx, chain); err != nil || len(b.Variants()) != 1 {
				t.Fatal(err, b.Variants())
			}
		}
	}
}

// A bender changes the evidence on its way.
type bender struct {
	*regtest.Chain
	bend func(*anchor.Evidence)
}

func (b bender) Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	ev, err := b.Chain.Evidence(ctx, id)
	if err == nil {
		b.bend(ev)
	}
	return ev, err
}
