package issuer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// A counted chain remembers every transaction that it took.
type counted struct {
	*regtest.Chain
	took map[anchor.TxID][32]byte // root
}

func (c *counted) Broadcast(ctx context.Context, raw []byte) error {
	err := c.Chain.Broadcast(ctx, raw)
	if t, perr := anchor.ParseCommitment(raw); perr == nil && err == nil {
		c.took[t.TxID] = t.Root
	}
	return err
}

func (c *counted) anchors(root [32]byte) (n int) {
	for _, r := range c.took {
		if r == root {
			n++
		}
	}
	return n
}

// drill is one batch on its way, by as many processes as it takes.
type drill struct {
	t     *testing.T
	dir   string
	is    *Issuer
	key   *AnchorKey
	chain *counted
}

func (d *drill) open() *Batch {
	d.t.Helper()
	d.is, d.key = openTestIssuer(d.t, d.dir, nil)
	return d.is.Batches()[0]
}

// until takes the batch to a state; the drafts are given each time, as a command would.
func (d *drill) until(want State, out *memory) *Batch {
	d.t.Helper()
	ctx := context.Background()
	b, err := d.is.Seal(ctx, anchor.Regtest, graded(3))
	if err != nil {
		d.t.Fatal(err)
	}
	for range 30 {
		if b.State() == want {
			return b
		}
		switch b.State() {
		case Sealed:
			feeCap := anchor.Sats(100_000)
			if want == Waiting {
				feeCap = 1
			}
			err = b.Fund(ctx, d.chain, d.key.Address, feeCap)
			if want == Waiting {
				err = nil
			}
		case Waiting:
			err = b.Fund(ctx, d.chain, d.key.Address, 100_000)
		case Funded:
			err = b.Sign(d.key)
		case Signed:
			err = b.Broadcast(ctx, d.chain)
		case Sent:
			if _, err = b.Confirm(ctx, d.chain, 3); err == nil && b.State() == Sent {
				mine(d.t, d.chain.Chain, d.key, 1)
			}
		case Confirmed, Proved:
			if want == Proved {
				d.is.files.Hook = func(op, _ string, do func() error) error {
					if op == "remove" {
						return errPower
					}
					return do()
				}
			}
			if err = b.Finish(out); errors.Is(err, errPower) {
				err = nil
			}
			d.is.files.Hook = nil
		}
		if err != nil {
			d.t.Fatalf("%s: %v", b.State(), err)
		}
	}
	d.t.Fatalf("the batch stays %s", b.State())
	return nil
}

func copyFolder(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	keys, _ := filepath.Glob(filepath.Join(to, "keys/*.json"))
	for _, k := range keys { // a copy that keeps modes would have done that
		if err := os.Chmod(k, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBackupAndRestore copies the issuer's folder at each state of a batch, wipes it, at
// once or after the batch has been issued to the end, restores the copy and goes on: the
// batch stands as it did when the copy was made, the end is the same root, the same
// transaction and the same credentials, and nothing is anchored twice.
func TestBackupAndRestore(t *testing.T) {
	for _, state := range []State{Sealed, Waiting, Funded, Signed, Sent, Confirmed, Proved, Closed} {
		for _, later := range []bool{false, true} {
			name := string(state) + ", wiped at once"
			if later {
				name = string(state) + ", wiped after the batch was issued"
			}
			t.Run(name, func(t *testing.T) {
				is, key := testIssuer(t, nil)
				d := &drill{t: t, dir: is.config.Dir, is: is, key: key, chain: &counted{testChain(t, key), map[anchor.TxID][32]byte{}}}
				var before memory
				b := d.until(state, &before)
				root, txid, variants := b.Root(), b.TxID(), b.Variants()
				backup := filepath.Join(t.TempDir(), "backup")
				copyFolder(t, backup, d.dir)
				if later {
					b = d.until(Closed, &before)
					txid = b.TxID()
				}
				d.is.Close()
				if err := os.RemoveAll(d.dir); err != nil {
					t.Fatal(err)
				}
				copyFolder(t, d.dir, backup)
				b = d.open()
				if b.State() != state || b.Root() != root || !slices.Equal(b.Variants(), variants) {
					t.Fatalf("restored: %s, root %s, %v; was %s, %s, %v", b.State(), b.Root(), b.Variants(), state, root, variants)
				}
				var after memory
				b = d.until(Closed, &after)
				if b.Root() != root || txid != (anchor.TxID{}) && b.TxID() != txid {
					t.Errorf("root %s, transaction %s; was %s, %s", b.Root(), b.TxID(), root, txid)
				}
				if n := d.chain.anchors(root); n != 1 || len(d.chain.took) != 1 {
					t.Errorf("%d transactions carry the root, %d were sent", n, len(d.chain.took))
				}
				if len(before.docs) > 0 && len(after.docs) > 0 {
					for i := range after.docs {
						if string(after.docs[i]) != string(before.docs[i]) {
							t.Errorf("credential %d is another", i)
						}
					}
				}
				if state != Proved && state != Closed && len(after.docs) != 3 { // in those two they are with the holders
					t.Errorf("%d credentials after the restore", len(after.docs))
				}
				if got, err := b.tree(); err != nil || got.Root() != root {
					t.Errorf("the leaves do not give the root: %v", err)
				}
			})
		}
	}
}
