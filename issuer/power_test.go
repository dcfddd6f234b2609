package issuer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/merkleproof"
)

// A powerCut models a loss of power: what was written and not synced is lost, in whole or
// in part, and names that were not synced in their folder may be gone. It keeps, beside
// the real folder, what would survive.
type powerCut struct {
	root    string
	durable map[string][]byte // file → bytes as of its last sync
	pending map[string]string // renamed, its folder not synced yet: new name → old name
	created map[string]bool   // its name not synced in its folder yet
	left    int               // calls until the power goes
}

var errPower = errors.New("the power is gone")

// hook runs each call, then notes what it made durable.
func (p *powerCut) hook(op, name string, do func() error) error {
	if p.left--; p.left < 0 {
		return errPower
	}
	_, missing := os.Stat(name)
	if err := do(); err != nil {
		return err
	}
	switch op {
	case "open":
		if missing != nil {
			p.created[name] = true
		}
	case "sync", "truncate":
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		p.durable[name] = data
	case "rename":
		p.pending[name] = name + ".tmp"
	case "remove":
		delete(p.durable, name)
	case "syncdir":
		for file := range p.created {
			if filepath.Dir(file) == name {
				delete(p.created, file)
			}
		}
		for to, from := range p.pending {
			if filepath.Dir(to) == name {
				p.durable[to] = p.durable[from]
				delete(p.durable, from)
				delete(p.pending, to)
			}
		}
	}
	return nil
}

// apply makes the folder what a machine would find after the power came back. Of a file
// that has grown since its last sync, a random part of the rest survived; a rename whose
// folder was not synced happened or did not, by chance.
func (p *powerCut) apply(t *testing.T, r *rand.Rand) {
	if _, err := os.Stat(p.root); err != nil {
		return
	}
	err := filepath.WalkDir(p.root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(name) == "lock" {
			return err
		}
		if _, renamed := p.pending[name]; renamed && r.IntN(2) == 0 {
			return nil // the rename survived although nobody had asked
		}
		if p.created[name] && r.IntN(2) == 0 {
			return os.Remove(name)
		}
		kept, synced := p.durable[name]
		now, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		switch {
		case !synced:
			return os.Remove(name)
		case len(now) > len(kept):
			kept = now[:len(kept)+r.IntN(len(now)-len(kept)+1)]
		}
		return os.WriteFile(name, kept, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPowerLoss cuts the power at a random call, drops what was not synced, and starts
// again: the promised root and transaction, one anchor, every credential.
func TestPowerLoss(t *testing.T) {
	seeds := 60
	if os.Getenv("CERTANCHOR_LONG") != "" {
		seeds = 1000
	}
	cuts := 0
	for seed := range seeds {
		if powerLoss(t, uint64(seed)) {
			cuts++
		}
	}
	t.Logf("power lost %d times in %d runs: nothing promised was lost, one anchor each", cuts, seeds)
	if cuts < seeds/2 {
		t.Errorf("only %d cuts", cuts)
	}
}

func powerLoss(t *testing.T, seed uint64) (cut bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	dir := filepath.Join(t.TempDir(), "issuer")
	err := Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext,
		Network: anchor.Regtest, From: testDay.AddDate(0, 0, -7)})
	if err != nil {
		t.Fatal(err)
	}
	key, err := OpenAnchorKey(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	chain := testChain(t, key)
	p := &powerCut{root: filepath.Join(dir, "state"), durable: map[string][]byte{}, pending: map[string]string{}, created: map[string]bool{}, left: r.IntN(70)}
	root, txid := runUntilCut(t, dir, key, chain, p.hook)
	cut = p.left < 0
	if cut {
		p.apply(t, r)
	}
	root2, txid2 := runUntilCut(t, dir, key, chain, nil)
	if root != (merkleproof.Hash{}) && root != root2 || txid != (anchor.TxID{}) && txid != txid2 {
		t.Errorf("seed %d: root %s became %s, transaction %s became %s", seed, root, root2, txid, txid2)
	}
	anchors := 0
	coins, err := chain.Coins(context.Background(), key.Address)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range coins {
		if !c.Coinbase {
			anchors++
		}
	}
	if anchors != 1 {
		t.Errorf("seed %d: %d anchors", seed, anchors)
	}
	return cut
}

// runUntilCut issues three credentials until the hook ends it, and returns what had been
// promised: root and transaction as the journal held them after a sync.
func runUntilCut(t *testing.T, dir string, key *AnchorKey, chain *regtest.Chain, hook Hook) (root merkleproof.Hash, txid anchor.TxID) {
	t.Helper()
	signer, id, err := SigningKey(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	is, err := Open(Config{Dir: dir, Signer: signer, KeyID: id, AnchorKeyID: key.ID, Now: nil, Hook: hook})
	if err != nil {
		return root, txid
	}
	defer is.Close()
	ctx := context.Background()
	b, err := is.Seal(ctx, anchor.Regtest, graded(3))
	promise := func() {
		if b != nil {
			root, txid = b.Root(), b.TxID()
		}
	}
	var out memory
	for _, step := range []func() error{
		func() error { return err },
		func() error { return b.Fund(ctx, chain, key.Address, 100_000) },
		func() error { return b.Sign(key) },
		func() error { return b.Broadcast(ctx, chain) },
		func() error { _, err := chain.Mine(3, key.Address, testDay); return err },
		func() error { _, err := b.Confirm(ctx, chain, 3); return err },
		func() error { return b.Finish(&out) },
	} {
		err := step()
		promise()
		if err != nil {
			if hook == nil || !errors.Is(err, errPower) {
				t.Fatal(fmt.Errorf("%w (batch %v)", err, b))
			}
			return root, txid
		}
	}
	if hook == nil && len(out.docs) != 3 && b.State() != Closed {
		t.Errorf("%d credentials", len(out.docs))
	}
	return root, txid
}
