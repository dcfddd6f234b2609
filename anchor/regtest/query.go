package regtest

import (
	"context"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// Coins returns what an address can spend in the next block and no transaction in the
// pool spends already: confirmed, mature, largest first.
func (c *Chain) Coins(ctx context.Context, addr string) ([]anchor.Coin, error) {
	script, err := anchor.AddressScript(addr, anchor.Regtest)
	if err != nil {
		return nil, err
	}
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	defer c.mu.Unlock()
	var coins []anchor.Coin
	for op := range c.byOwner[string(script)] {
		u := c.utxos[op]
		immature := u.coinbase && c.tip()+1-u.height < CoinbaseMaturity
		if immature || c.pool.spender[op] != nil {
			continue
		}
		coins = append(coins, anchor.Coin{
			OutPoint: op, Value: anchor.Sats(u.out.Value), PrevTx: serialize(c.tx(c.places[op.TxID])),
			Confirmations: c.confirmations(u.height), Coinbase: u.coinbase,
		})
	}
	slices.SortFunc(coins, func(a, b anchor.Coin) int {
		if a.Value != b.Value {
			if a.Value > b.Value {
				return -1
			}
			return 1
		}
		return a.OutPoint.Compare(b.OutPoint)
	})
	return coins, nil
}

func (c *Chain) confirmations(h anchor.Height) anchor.Confirmations {
	return anchor.Confirmations(c.tip() - h + 1)
}

// FeeRate returns MinRelayFee: there is always room in the next block.
func (c *Chain) FeeRate(ctx context.Context) (anchor.FeeRate, error) {
	return MinRelayFee, ctx.Err()
}

// Lookup says where a transaction is. It returns anchor.ErrNotFound if it is neither in
// the pool nor in a block of the chain.
func (c *Chain) Lookup(ctx context.Context, id anchor.TxID) (anchor.TxStatus, error) {
	if err := c.enter(ctx); err != nil {
		return anchor.TxStatus{}, err
	}
	defer c.mu.Unlock()
	if c.pool.byID[id] != nil {
		return anchor.TxStatus{InMempool: true}, nil
	}
	p, ok := c.places[id]
	if !ok {
		return anchor.TxStatus{}, anchor.ErrNotFound
	}
	return anchor.TxStatus{
		Block: c.blocks[p.height].hash, Height: p.height, Confirmations: c.confirmations(p.height),
	}, nil
}

// Spender returns the transaction, in the pool or in a block, that spends an output. It
// returns anchor.ErrNotFound if none does.
func (c *Chain) Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error) {
	if err := c.enter(ctx); err != nil {
		return anchor.TxID{}, err
	}
	defer c.mu.Unlock()
	if t := c.pool.spender[op]; t != nil {
		return t.id, nil
	}
	if id, ok := c.spent[op]; ok {
		return id, nil
	}
	return anchor.TxID{}, anchor.ErrNotFound
}

// Evidence returns the evidence of a transaction in a block, without headers. It returns
// anchor.ErrNotFound for one that is not in a block.
func (c *Chain) Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	defer c.mu.Unlock()
	p, ok := c.places[id]
	if !ok {
		return nil, anchor.ErrNotFound
	}
	if p.index == 0 {
		return nil, fmt.Errorf("regtest: %v is a coinbase", id)
	}
	var prevTxs [][]byte
	for _, in := range c.tx(p).TxIn {
		prev := c.tx(c.places[anchor.TxID(in.PreviousOutPoint.Hash)])
		prevTxs = append(prevTxs, stripped(prev))
	}
	return anchor.EvidenceFromBlock(blockBytes(c.blocks[p.height].msg), id, prevTxs, anchor.Regtest)
}

// Headers returns the headers from height from to height to, both included, as one run.
// Evidence takes runs of anchor.MaxRunHeaders at most; ask for more in parts.
func (c *Chain) Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	if err := c.enter(ctx); err != nil {
		return anchor.HeaderRun{}, err
	}
	defer c.mu.Unlock()
	if from < 0 || from > to || to > c.tip() || to-from >= anchor.MaxRunHeaders {
		return anchor.HeaderRun{}, fmt.Errorf("regtest: no run of headers %d to %d, tip %d", from, to, c.tip())
	}
	run := anchor.HeaderRun{Start: from}
	for _, b := range c.blocks[from : to+1] {
		run.Headers = append(run.Headers, headerBytes(&b.msg.Header)...)
	}
	return run, nil
}

func stripped(tx *wire.MsgTx) []byte {
	bare := tx.Copy()
	for _, in := range bare.TxIn {
		in.Witness = nil
	}
	return serialize(bare)
}
