package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/certanchor/certanchor/anchor"
)

// A LockedCoinsError means that coins are missing and that there are more which are held
// back: an earlier batch, or a child of one, has signed for them and is not in a block.
// Should such a coin go to another batch, one of the two would never confirm.
type LockedCoinsError struct {
	Locked anchor.Sats
	Batch  string // key of the batch that holds them
	Err    *anchor.InsufficientFundsError
}

func (e *LockedCoinsError) Error() string {
	return fmt.Sprintf("%v; %d sats are locked until a transaction of batch %.12s is in a block", e.Err, e.Locked, e.Batch)
}

// Unwrap returns the *anchor.InsufficientFundsError.
func (e *LockedCoinsError) Unwrap() error { return e.Err }

// A purse is what an address can spend.
type purse struct {
	free   []anchor.Coin
	locked anchor.Sats
	holder string // key of a batch with locked coins
}

// coins asks for the coins of an address and takes out those that are promised.
//
// A batch is done with once the chain spends its first coin. If that coin is free all the
// same, a reorganisation has taken the transaction away; it can come back at any time, so
// none of the batch's coins is free. Nor is the coin of a child that the network has
// dropped: the child is sent again, and what it leaves is a coin once it is in a block.
func (b *Batch) coins(ctx context.Context, chain Chain, address string) (*purse, error) {
	all, err := chain.Coins(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("issuer: asking for coins: %w", err)
	}
	listed := make(map[anchor.OutPoint]bool, len(all))
	for _, c := range all {
		listed[c.OutPoint] = true
	}
	held := make(map[anchor.OutPoint]string)
	for _, key := range b.is.journal.order {
		p := b.is.journal.batches[key]
		for _, c := range p.children {
			if listed[c.coin] {
				held[c.coin] = key
				_ = chain.Broadcast(ctx, c.raw) // if it is refused, the coin stays locked
			}
		}
		if p == b.p || len(p.variants) == 0 || !listed[p.variants[0].coins[0].OutPoint] {
			continue
		}
		for _, v := range p.variants {
			for _, c := range v.coins {
				held[c.OutPoint] = key
			}
		}
	}
	u := new(purse)
	for _, c := range all {
		if key, ok := held[c.OutPoint]; ok {
			u.locked += c.Value
			u.holder = key
			continue
		}
		u.free = append(u.free, c)
	}
	return u, nil
}

// anchored returns the transaction that carries root already, if one of the coins is its
// change: the state folder was restored from a backup older than the transaction.
func (u *purse) anchored(root [32]byte) (anchor.TxID, bool) {
	for _, c := range u.free {
		if t, err := anchor.ParseCommitment(c.PrevTx); err == nil && t.Root == root {
			return t.TxID, true
		}
	}
	return anchor.TxID{}, false
}

// recover takes a transaction of the chain for the batch's own, instead of making a second
// one. It was signed by the batch's key, since the coin that it left is the key's, and no
// other batch has its root.
func (b *Batch) recover(ctx context.Context, chain Chain, id anchor.TxID) error {
	ev, err := chain.Evidence(ctx, id)
	if err != nil {
		return fmt.Errorf("issuer: asking for transaction %s, which carries the root already: %w", id, err)
	}
	t, err := anchor.ParseCommitment(ev.Tx)
	if err != nil {
		return err
	}
	if t.TxID != id || t.Root != b.p.root || len(ev.PrevTxs) != len(t.Inputs) {
		return fmt.Errorf("issuer: the chain gave another transaction for %s", id)
	}
	r := record{Batch: b.p.key, State: Signed, At: b.is.now(), Tx: hex.EncodeToString(ev.Tx), TxID: id.String()}
	for i, op := range t.Inputs {
		coin, err := anchor.CoinOf(ev.PrevTxs[i], op)
		if err != nil {
			return err
		}
		r.Coins = append(r.Coins, coinRecord{op, coin.Value, hex.EncodeToString(coin.PrevTx)})
	}
	return b.is.journal.write(r)
}

// explain adds the locked coins to an error of missing ones.
func (u *purse) explain(err error) error {
	var missing *anchor.InsufficientFundsError
	if u.locked > 0 && errors.As(err, &missing) {
		return &LockedCoinsError{u.locked, u.holder, missing}
	}
	return err
}
