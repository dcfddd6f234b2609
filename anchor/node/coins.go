package node

import (
	"cmp"
	"context"
	"slices"

	"github.com/certanchor/certanchor/anchor"
)

// A candidate is an output that an endpoint says can be spent.
type candidate struct {
	op            anchor.OutPoint
	value         anchor.Sats
	confirmations anchor.Confirmations
}

// Coins returns what an address can spend in the next block and no transaction in the
// memory pool spends already: confirmed, mature, largest first, at most 256.
func (c *client) Coins(ctx context.Context, addr string) ([]anchor.Coin, error) {
	script, err := anchor.AddressScript(addr, c.net)
	if err != nil {
		return nil, &Error{Code: CodeArgument, Endpoint: c.name, Err: err}
	}
	t, err := c.ready(ctx)
	if err != nil {
		return nil, err
	}
	list, err := c.ask.coins(ctx, addr, script, t)
	if err != nil {
		return nil, err
	}
	// Largest first, and among equals by outpoint, so that equal answers give equal coins.
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.value, a.value), a.op.Compare(b.op))
	})
	var coins []anchor.Coin
	for _, cand := range list {
		coin, err := c.coin(ctx, cand, script)
		if err != nil {
			return nil, err
		}
		if coin.Coinbase && coin.Confirmations < coinbaseMaturity {
			continue
		}
		if coins = append(coins, coin); len(coins) == maxCoins {
			break
		}
	}
	return coins, nil
}

// coin fetches the transaction that makes a coin and compares.
func (c *client) coin(ctx context.Context, cand candidate, script []byte) (anchor.Coin, error) {
	const call = "coins"
	t, err := c.txWith(ctx, cand.op)
	if notFound(err) {
		return anchor.Coin{}, c.falsehood(call, "lists %v and does not know the transaction", cand.op)
	}
	if err != nil {
		return anchor.Coin{}, err
	}
	if int64(cand.op.Index) >= int64(len(t.outputs)) {
		return anchor.Coin{}, c.falsehood(call, "lists %v, which is no output", cand.op)
	}
	out := t.outputs[cand.op.Index]
	if out.value != cand.value || string(out.script) != string(script) {
		return anchor.Coin{}, c.falsehood(call, "lists %v with another value or address than it has", cand.op)
	}
	return anchor.Coin{OutPoint: cand.op, Value: out.value, PrevTx: t.raw,
		Confirmations: cand.confirmations, Coinbase: t.coinbase()}, nil
}

// checkSpender fetches what an endpoint names as the spender of op and compares.
func (c *client) checkSpender(ctx context.Context, op anchor.OutPoint, id anchor.TxID) (anchor.TxID, error) {
	const call = "spender"
	t, err := c.tx(ctx, id)
	if notFound(err) {
		return anchor.TxID{}, c.falsehood(call, "names %v and does not know it", id)
	}
	if err != nil {
		return anchor.TxID{}, err
	}
	if !t.spends(op) {
		return anchor.TxID{}, c.falsehood(call, "names %v, which does not spend %v", id, op)
	}
	return id, nil
}
