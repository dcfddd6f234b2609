package btcdtest

import (
	"slices"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/node"
	"github.com/certanchor/certanchor/issuer"
)

// fewCoins is a node whose first blocks pay the board, and all later ones somebody else,
// so that the board has few coins and is quickly asked about.
func fewCoins(t testing.TB, b *board, flags ...string) *btcd {
	t.Helper()
	n := startBtcd(t, b.key.Address, flags...)
	n.generate(3)
	n.restart(newBoard(t, "").key.Address)
	n.generate(107)
	return n
}

// upToSigned seals, funds and signs a small batch.
func upToSigned(b *board, chain issuer.Chain) *issuer.Batch {
	b.t.Helper()
	ctx := b.t.Context()
	batch, err := b.is.Seal(ctx, anchor.Regtest, b.drafts(2))
	b.must(err)
	b.must(batch.Fund(ctx, chain, b.key.Address, feeCap))
	b.must(batch.Sign(b.key))
	return batch
}

// TestLostBroadcast breaks the connection at sendrawtransaction in each way, with the
// node reachable afterwards or not, and a new process in between: always one transaction.
func TestLostBroadcast(t *testing.T) {
	b := newBoard(t, "")
	n := fewCoins(t, b, "--regtest", "--txindex", "--addrindex")
	p := newProxy(t, n)
	chain := rpcClient(t, p.url, anchor.Regtest)
	const send = "sendrawtransaction"
	once := func(f fate) func(int, string) fate {
		return func(_ int, method string) fate {
			if method == send {
				return f
			}
			return passed
		}
	}
	// dead lets nothing pass from the sending on.
	dead := func(f fate) func(int, string) fate {
		sent := false
		return func(_ int, method string) fate {
			switch {
			case sent:
				return lost
			case method == send:
				sent = true
				return f
			}
			return passed
		}
	}
	for _, c := range []struct {
		name   string
		rule   func(int, string) fate
		failed bool // Broadcast reports an error
		there  bool // the node has the transaction
		mined  bool // before the issuer asks again
	}{
		{"lost, node there", once(lost), true, false, false},
		{"done, node there", once(done), false, true, false},
		{"lost, node gone", dead(lost), true, false, false},
		{"done, node gone", dead(done), true, true, false},
		{"done, node gone, mined meanwhile", dead(done), true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.set(nil)
			batch := upToSigned(b, chain)
			id := batch.TxID()
			p.set(c.rule)
			err := batch.Broadcast(t.Context(), chain)
			if (err != nil) != c.failed {
				t.Fatalf("Broadcast: %v", err)
			}
			if c.failed && node.CodeOf(err) != node.CodeUnreachable {
				t.Errorf("code %q: %v", node.CodeOf(err), err)
			}
			if pool := n.pool(); slices.Contains(pool, id.String()) != c.there {
				t.Fatalf("pool %v", pool)
			}
			if want := map[bool]issuer.State{true: issuer.Signed, false: issuer.Sent}[c.failed]; batch.State() != want {
				t.Errorf("%s, want %s", batch.State(), want)
			}
			if c.mined {
				n.generate(1)
			}
			p.set(nil)
			b.reopen()
			batch = b.batch()
			b.must(batch.Broadcast(t.Context(), chain))
			if batch.State() != issuer.Sent || batch.TxID() != id || len(batch.Variants()) != 1 {
				t.Fatalf("sent again: %s, %v", batch.State(), batch.Variants())
			}
			n.generate(6)
			b.confirm(chain, batch)
			if got := anchors(n, batch.Root()); got != 1 || batch.TxID() != id {
				t.Errorf("%d transactions carry the root, confirmed is %v, sent %v", got, batch.TxID(), id)
			}
			b.finish(batch)
		})
	}
}

// TestEveryCallBroken takes batches from draft to credential with call k to the node
// broken, for every k (in the short version every fourth) and in both ways. After each
// error a new process goes on.
func TestEveryCallBroken(t *testing.T) {
	// Each batch adds transactions to ask about, so that the calls move on while k does:
	// the world is made anew now and then, and for every call to have its turn, each time.
	step, batchesOfWorld := 4, 12
	if long() {
		step, batchesOfWorld = 1, 1
	}
	var b *board
	var n *btcd
	var p *proxy
	var chain *node.RPC
	runs, failures, byMethod := 0, 0, map[string]int{}
	for _, f := range []fate{lost, done} {
		for k := 1; ; k += step {
			if runs%batchesOfWorld == 0 {
				if n != nil {
					n.kill()
				}
				b = newBoard(t, "")
				n = fewCoins(t, b, "--regtest", "--txindex", "--addrindex")
				p = newProxy(t, n)
				chain = rpcClient(t, p.url, anchor.Regtest)
			}
			p.set(func(i int, _ string) fate {
				if i == k {
					return f
				}
				return passed
			})
			failures += b.persist(n, chain)
			runs++
			_, broken := p.seen()
			if len(broken) == 0 {
				break // there is no call k any more
			}
			byMethod[broken[0]]++
		}
	}
	t.Logf("%d batches, each but two with one broken call (%v): %d steps failed and were run again, every batch anchored once", runs, byMethod, failures)
	if runs < 10 || long() && byMethod["sendrawtransaction"] < 2 {
		t.Errorf("%d runs", runs)
	}
}

// persist takes one batch all the way, starting a new process after each error, and
// returns how many there were.
func (b *board) persist(n *btcd, chain issuer.Chain) (failures int) {
	b.t.Helper()
	ctx := b.t.Context()
	batch, err := b.is.Seal(ctx, anchor.Regtest, b.drafts(2))
	b.must(err)
	root, out := batch.Root(), &memory{}
	steps := []func() error{
		func() error { return batch.Fund(ctx, chain, b.key.Address, feeCap) },
		func() error { return batch.Sign(b.key) },
		func() error { return batch.Broadcast(ctx, chain) },
		func() error { _, err := batch.Confirm(ctx, chain, depth); return err },
		func() error { n.generate(6); return nil },
		func() error { _, err := batch.Confirm(ctx, chain, depth); return err },
		func() error { return batch.Finish(out) },
		func() error { _, _, err := batch.Watch(ctx, chain); return err },
	}
	for _, step := range steps {
		for {
			err := step()
			if err == nil {
				break
			}
			if failures++; failures > 3 {
				b.t.Fatal(err)
			}
			b.reopen()
			batch = b.batch()
			if batch.Root() != root {
				b.t.Fatalf("root %v, was %v", batch.Root(), root)
			}
		}
	}
	if batch.State() != issuer.Closed || len(out.docs) != 2 || anchors(n, root) != 1 {
		b.t.Fatalf("%s, %d credentials, %d anchors", batch.State(), len(out.docs), anchors(n, root))
	}
	return failures
}
