package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/certanchor/certanchor/anchor"
)

// A Chain is what an issuer asks of a Bitcoin network. Calls end when ctx does.
type Chain interface {
	Network() anchor.Network
	// Coins returns what an address can spend in the next block.
	Coins(ctx context.Context, address string) ([]anchor.Coin, error)
	FeeRate(ctx context.Context) (anchor.FeeRate, error)
	// Broadcast sends a raw transaction. It returns anchor.ErrAlreadyKnown if the
	// network has it. After any other error it is open whether the network has it.
	Broadcast(ctx context.Context, raw []byte) error
	// Lookup says where a transaction is; anchor.ErrNotFound if nowhere.
	Lookup(ctx context.Context, id anchor.TxID) (anchor.TxStatus, error)
	// Spender returns the transaction that spends an output; anchor.ErrNotFound if none.
	Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error)
}

// A NetworkError means that a batch belongs to another network than the chain.
type NetworkError struct{ Batch, Chain anchor.Network }

func (e *NetworkError) Error() string {
	return fmt.Sprintf("issuer: the batch is for %q, the chain is %s", e.Batch, e.Chain)
}

func (b *Batch) on(chain Chain) error {
	if n := chain.Network(); n != b.p.network {
		return &NetworkError{b.p.network, n}
	}
	return nil
}

// Fund chooses coins of address for the transaction, at the chain's fee rate and at
// most feeCap in all, and locks them in the journal. Errors:
// *anchor.InsufficientFundsError, *anchor.FeeAboveCapError, *NetworkError.
func (b *Batch) Fund(ctx context.Context, chain Chain, address string, feeCap anchor.Sats) error {
	if b.p.state != Sealed {
		return nil
	}
	if err := b.on(chain); err != nil {
		return err
	}
	coins, err := chain.Coins(ctx, address)
	if err != nil {
		return fmt.Errorf("issuer: asking for coins: %w", err)
	}
	rate, err := chain.FeeRate(ctx)
	if err != nil {
		return fmt.Errorf("issuer: asking for the fee rate: %w", err)
	}
	u, err := anchor.BuildCommitment(b.p.root, coins, address, rate, feeCap, chain.Network())
	if err != nil {
		return err
	}
	r := record{Batch: b.p.key, State: Funded, At: b.is.now(), Tx: hex.EncodeToString(u.Raw), Fee: u.Fee, Change: u.Change, VSize: u.VSize}
	for _, op := range u.Inputs {
		for _, c := range coins {
			if c.OutPoint == op {
				r.Coins = append(r.Coins, coinRecord{c.OutPoint, c.Value, hex.EncodeToString(c.PrevTx)})
			}
		}
	}
	return b.is.journal.write(r)
}

// Sign signs the transaction and stores its raw bytes before anyone sees them. Asked
// again after a crash it signs the same bytes: the signer must be deterministic.
func (b *Batch) Sign(signer anchor.Signer) error {
	if b.p.state != Funded {
		return nil
	}
	raw, err := anchor.SignCommitment(b.p.unsigned, b.p.coins, signer)
	if err != nil {
		return err
	}
	c, err := anchor.ParseCommitment(raw)
	if err != nil {
		return err
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Signed, At: b.is.now(), Tx: hex.EncodeToString(raw), TxID: c.TxID.String()})
}

// Broadcast sends the stored bytes; that the network knows them already is success. A
// send that fails builds no other transaction: call again.
func (b *Batch) Broadcast(ctx context.Context, chain Chain) error {
	if b.p.state != Signed {
		return nil
	}
	if err := b.on(chain); err != nil {
		return err
	}
	if err := chain.Broadcast(ctx, b.p.raw); err != nil && !errors.Is(err, anchor.ErrAlreadyKnown) {
		return fmt.Errorf("issuer: sending transaction %s: %w", b.p.txid, err)
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Sent, At: b.is.now()})
}

// A ReplacedError means that another transaction spends the batch's first coin.
type ReplacedError struct{ Ours, Theirs anchor.TxID }

func (e *ReplacedError) Error() string {
	return fmt.Sprintf("issuer: transaction %s spends the coin of %s", e.Theirs, e.Ours)
}

// Confirm asks how deep the transaction is. At depth it writes that down and returns
// depth or more; with fewer it returns how many there are, and the caller asks again
// later. A transaction that the network has dropped is sent again, the same bytes.
func (b *Batch) Confirm(ctx context.Context, chain Chain, depth anchor.Confirmations) (anchor.Confirmations, error) {
	if b.p.state != Sent {
		return depth, nil
	}
	if err := b.on(chain); err != nil {
		return 0, err
	}
	s, err := chain.Lookup(ctx, b.p.txid)
	if errors.Is(err, anchor.ErrNotFound) {
		return 0, b.resend(ctx, chain)
	}
	if err != nil {
		return 0, fmt.Errorf("issuer: asking for transaction %s: %w", b.p.txid, err)
	}
	if s.Confirmations < max(depth, 1) {
		return s.Confirmations, nil
	}
	return s.Confirmations, b.is.journal.write(record{Batch: b.p.key, State: Confirmed, At: b.is.now(),
		TxID: b.p.txid.String(), Block: s.Block.String(), Height: s.Height})
}

func (b *Batch) resend(ctx context.Context, chain Chain) error {
	other, err := chain.Spender(ctx, b.p.coins[0].OutPoint)
	if err == nil && other != b.p.txid {
		return &ReplacedError{b.p.txid, other}
	}
	if err != nil && !errors.Is(err, anchor.ErrNotFound) {
		return err
	}
	if err := chain.Broadcast(ctx, b.p.raw); err != nil && !errors.Is(err, anchor.ErrAlreadyKnown) {
		return fmt.Errorf("issuer: sending transaction %s again: %w", b.p.txid, err)
	}
	return nil
}
