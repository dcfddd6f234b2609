package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/issuer"
)

// A relabelled chain is a regtest chain that says it is testnet3. The public verifier
// asks no explorer about regtest, so this is how its whole path over the chain can be
// walked without a public network. Only names are others: blocks, scripts and signatures
// are the chain's own.
type relabelled struct{ *regtest.Chain }

// Network says testnet3.
func (relabelled) Network() anchor.Network { return anchor.Testnet3 }

var _ issuer.Chain = relabelled{}

// onRegtest returns the regtest spelling of a testnet3 address: the same for P2PKH.
func onRegtest(testnet string) (string, error) {
	script, err := anchor.AddressScript(testnet, anchor.Testnet3)
	if err != nil {
		return "", err
	}
	_, found, _, err := txscript.ExtractPkScriptAddrs(script, anchor.Regtest.Params())
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%s pays to %d addresses: %w", testnet, len(found), err)
	}
	return found[0].EncodeAddress(), nil
}

// Coins takes a testnet3 address.
func (c relabelled) Coins(ctx context.Context, testnet string) ([]anchor.Coin, error) {
	addr, err := onRegtest(testnet)
	if err != nil {
		return nil, err
	}
	return c.Chain.Coins(ctx, addr)
}

// mine makes n blocks that pay to the office.
func (o *office) mine(chain relabelled, n int, before time.Duration) error {
	addr, err := onRegtest(o.key.Address)
	if err != nil {
		return err
	}
	_, err = chain.Mine(n, addr, o.now.Add(-before))
	return err
}

// chainBatches issues two batches on one chain and lets an impostor anchor the root of
// the first again, paid from an address that is not the issuer's.
func chainBatches(ctx context.Context, dir string, profile anchor.Profile, now time.Time) error {
	chain := relabelled{regtest.New()}
	o, err := openOffice(dir, "federation.example", anchor.Testnet3, profile, now, noStatus)
	if err != nil {
		return err
	}
	defer o.Close()
	impostor, err := openOffice(filepath.Join(dir, "impostor"), "impostor.example", anchor.Testnet3, profile, now, noStatus)
	if err != nil {
		return err
	}
	defer impostor.Close()
	if err := impostor.mine(chain, 1, coinsMade); err != nil {
		return err
	}
	if err := o.mine(chain, regtest.CoinbaseMaturity+2, coinsMade); err != nil {
		return err
	}
	first, txid, root, err := o.issue(ctx, chain, o.drafts(synth.FirstOrdinary, batchSize))
	if err != nil {
		return err
	}
	second, otherID, _, err := o.issue(ctx, chain, o.drafts(synth.FirstOrdinary+batchSize, 2))
	if err != nil {
		return err
	}
	copied, err := impostor.anchorAgain(ctx, chain, root)
	if err != nil {
		return err
	}
	l := o.listing()
	for _, id := range []anchor.TxID{txid, otherID, copied} {
		name := "tx-" + id.String() + ".json"
		at, err := explorerAnswer(ctx, chain, id, filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if id == txid {
			l.Anchored = &at
		}
		l.Served["https://blockstream.info/testnet/api/tx/"+id.String()] = name
	}
	l.TxID, l.Address, l.Network = txid.String(), o.key.Address, string(chain.Chain.Network())
	if l.Credentials, err = first.write(dir, "credential"); err != nil {
		return err
	}
	if l.Others, err = second.write(dir, "other"); err != nil {
		return err
	}
	if l.Altered, err = altered(first.docs[0]); err != nil {
		return err
	}
	for name, id := range map[string]anchor.TxID{"other-transaction": otherID, "impostor-transaction": copied} {
		if l.Altered[name], err = inTransaction(first.docs[0], id); err != nil {
			return err
		}
	}
	if err := o.publishRevocations(); err != nil {
		return err
	}
	return l.write(dir)
}

// issue takes drafts all the way: sealed, paid for, in a block, confirmed, finished.
func (o *office) issue(ctx context.Context, chain relabelled, d issuer.Drafts) (*collected, anchor.TxID, [32]byte, error) {
	var c collected
	fail := func(err error) (*collected, anchor.TxID, [32]byte, error) {
		return nil, anchor.TxID{}, [32]byte{}, err
	}
	b, err := o.Seal(ctx, chain.Network(), d)
	if err != nil {
		return fail(err)
	}
	if err := b.Fund(ctx, chain, o.key.Address, 100_000); err != nil {
		return fail(err)
	}
	if err := b.Sign(o.key); err != nil {
		return fail(err)
	}
	if err := b.Broadcast(ctx, chain); err != nil {
		return fail(err)
	}
	if err := o.mine(chain, 6, anchored); err != nil {
		return fail(err)
	}
	depth, err := b.Confirm(ctx, chain, 6)
	if err != nil {
		return fail(err)
	}
	if depth < 6 {
		return fail(fmt.Errorf("%d confirmations after six blocks", depth))
	}
	return &c, b.TxID(), b.Root(), b.Finish(&c)
}

// anchorAgain puts somebody else's root into a transaction of the office's own.
func (o *office) anchorAgain(ctx context.Context, chain relabelled, root [32]byte) (anchor.TxID, error) {
	coins, err := chain.Coins(ctx, o.key.Address)
	if err != nil {
		return anchor.TxID{}, err
	}
	u, err := anchor.BuildCommitment(root, coins, o.key.Address, regtest.MinRelayFee, 100_000, chain.Network())
	if err != nil {
		return anchor.TxID{}, err
	}
	raw, err := anchor.SignCommitment(u, coins, o.key)
	if err != nil {
		return anchor.TxID{}, err
	}
	if err := chain.Broadcast(ctx, raw); err != nil {
		return anchor.TxID{}, fmt.Errorf("%w: %s", err, hex.EncodeToString(raw))
	}
	c, err := anchor.ParseCommitment(raw)
	if err != nil {
		return anchor.TxID{}, err
	}
	return c.TxID, o.mine(chain, 6, anchored)
}
