package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/certanchor/certanchor/anchor"
)

// BumpByChild leaves the transaction that waits as it is and pays for it with a child
// that spends its change, so that both together reach the fee rate (CPFP). It is for
// networks that refuse a replacement; Bump is cheaper. The parent must spend P2WPKH or
// P2TR only: the id of a P2PKH spend can be changed by others, and the child would be of
// no use. The child is locked in the journal; Sign and Broadcast follow. feeCap is for
// both together. Errors: ErrNoBump, *anchor.InsufficientFundsError,
// *anchor.FeeAboveCapError, *NetworkError.
func (b *Batch) BumpByChild(ctx context.Context, chain Chain, address string, rate anchor.FeeRate, feeCap anchor.Sats) error {
	if !b.p.waits() {
		return ErrNoBump
	}
	if err := b.on(chain); err != nil {
		return err
	}
	id, s, err := b.locate(ctx, chain)
	if errors.Is(err, anchor.ErrNotFound) {
		return fmt.Errorf("%w: the network has dropped it; run issue again, which sends it once more", ErrNoBump)
	}
	if err != nil {
		return err
	}
	parent, ours := b.p.variant(id.String())
	if !ours || s.Confirmations > 0 {
		return ErrNoBump
	}
	c, err := anchor.BuildChild(parent.raw, parent.coins, address, rate, feeCap, chain.Network())
	if err != nil {
		return err
	}
	if before, ok := b.p.childOf(id); ok {
		if least := before.total + anchor.Sats((c.VSize*minRelay+999)/1000); c.Total < least {
			return fmt.Errorf("issuer: another child must bring both to %d sats at least, this rate gives %d; ask for a higher one", least, c.Total)
		}
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Funded, At: b.is.now(), Parent: id.String(), Tx: hex.EncodeToString(c.Raw),
		Fee: c.Total, Change: c.Coin.Value - c.Fee, VSize: c.VSize, Coins: []coinRecord{{OutPoint: c.Coin.OutPoint, Value: c.Coin.Value}}})
}

// waits reports whether there is a transaction to pay more for: one that was sent, or
// whose replacement or child did not get through.
func (p *progress) waits() bool {
	switch p.state {
	case Sent:
		return true
	case Signed:
		return p.child != nil || len(p.variants) > 1
	case Funded:
		return p.child != nil
	}
	return false
}

// Children returns the ids of the transactions that were signed to pay for one of the
// Variants, oldest first.
func (b *Batch) Children() []anchor.TxID {
	var ids []anchor.TxID
	for _, c := range b.p.children {
		ids = append(ids, c.txid)
	}
	return ids
}

// childOf returns the newest child of a variant.
func (p *progress) childOf(parent anchor.TxID) (child, bool) {
	for i := len(p.children) - 1; i >= 0; i-- {
		if p.children[i].parent == parent {
			return p.children[i], true
		}
	}
	return child{}, false
}

func (b *Batch) signChild(signer anchor.Signer) error {
	raw, id, err := anchor.SignChild(b.p.child, signer)
	if err != nil {
		return err
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Signed, At: b.is.now(), Parent: b.p.child.Parent.String(),
		Tx: hex.EncodeToString(raw), TxID: id.String()})
}

// sendChild sends the stored child, unless its parent needs no help any more: it, or
// another variant, is in a block, or a replacement got through after all.
func (b *Batch) sendChild(ctx context.Context, chain Chain) error {
	c := b.p.children[len(b.p.children)-1]
	id, s, err := b.locate(ctx, chain)
	switch {
	case errors.Is(err, anchor.ErrNotFound):
		parent, _ := b.p.variant(c.parent.String())
		if err := chain.Broadcast(ctx, parent.raw); err != nil && !errors.Is(err, anchor.ErrAlreadyKnown) {
			return fmt.Errorf("issuer: sending transaction %s again: %w", c.parent, err)
		}
	case err != nil:
		return err
	case s.Confirmations > 0 || id != c.parent:
		return nil
	}
	err = chain.Broadcast(ctx, c.raw)
	if err == nil || errors.Is(err, anchor.ErrAlreadyKnown) {
		return nil
	}
	if _, lost := chain.Lookup(ctx, c.txid); lost == nil {
		return nil
	}
	return fmt.Errorf("issuer: sending transaction %s, which pays for %s: %w", c.txid, c.parent, err)
}

// keepChild sends the child of a waiting variant again if the network has dropped it.
// That it does not get through is no error: it may be too cheap by now, and the next
// question tries again.
func (b *Batch) keepChild(ctx context.Context, chain Chain, parent anchor.TxID) {
	c, ok := b.p.childOf(parent)
	if !ok {
		return
	}
	if _, err := chain.Lookup(ctx, c.txid); errors.Is(err, anchor.ErrNotFound) {
		_ = chain.Broadcast(ctx, c.raw)
	}
}
