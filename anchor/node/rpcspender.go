package node

import (
	"context"

	"github.com/certanchor/certanchor/anchor"
)

// Spender returns the transaction that spends an output, in the pool or in a block;
// anchor.ErrNotFound if none does. Nodes keep no index of spenders: of blocks, those
// from the output's own on are searched, the newest 144 at most. Code: no-index.
func (r *RPC) Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error) {
	t, err := r.ready(ctx)
	if err != nil {
		return anchor.TxID{}, err
	}
	if id, err := r.poolSpender(ctx, op); err == nil {
		return r.checkSpender(ctx, op, id)
	} else if !notFound(err) {
		return anchor.TxID{}, err
	}
	u, err := r.unspent(ctx, op)
	if err != nil {
		return anchor.TxID{}, err
	}
	if u != nil {
		return anchor.TxID{}, anchor.ErrNotFound
	}
	from := anchor.Height(0)
	p, err := r.locate(ctx, op.TxID)
	switch {
	case err == nil && p.inBlock:
		from = p.height
	case err == nil || notFound(err):
		return anchor.TxID{}, anchor.ErrNotFound // what was never made is not spent
	case CodeOf(err) != CodeNoIndex && CodeOf(err) != CodePruned:
		return anchor.TxID{}, err
	}
	return r.blockSpender(ctx, op, from, t.height)
}

// poolSpender asks for a spender in the memory pool.
func (r *RPC) poolSpender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error) {
	const call = "gettxspendingprevout"
	type outPoint struct {
		TxID anchor.TxID `json:"txid"`
		Vout uint32      `json:"vout"`
	}
	v, err := r.rpc.call(ctx, limitSmall, call, []outPoint{{op.TxID, op.Index}})
	if noMethod(err) {
		return anchor.TxID{}, &Error{Code: CodeNodeError, Endpoint: r.name, Call: call, Detail: "needs Bitcoin Core 24 or btcd 0.24 at least", Err: said(err)}
	}
	if err != nil {
		return anchor.TxID{}, err
	}
	id, ok, err := parseSpending(v, op)
	if err != nil {
		return id, r.malformed(call, "%v", err)
	}
	if !ok {
		return id, anchor.ErrNotFound
	}
	return id, nil
}

func parseSpending(v any, op anchor.OutPoint) (id anchor.TxID, ok bool, err error) {
	list, _ := v.([]any)
	if len(list) != 1 {
		return id, false, missing("answer", "one entry")
	}
	m := object(list[0])
	of, err := txid(m, "txid")
	if err != nil {
		return id, false, err
	}
	n, err := index(m, "vout")
	if err != nil {
		return id, false, err
	}
	if of != op.TxID || n != op.Index {
		return id, false, missing("txid", "the one asked for")
	}
	if s, there := m["spendingtxid"]; !there || s == "" {
		return id, false, nil
	}
	id, err = txid(m, "spendingtxid")
	return id, err == nil, err
}

func (r *RPC) blockSpender(ctx context.Context, op anchor.OutPoint, from, top anchor.Height) (anchor.TxID, error) {
	for h := top; h >= from && h > top-recentBlocks; h-- {
		hash, err := r.hashAt(ctx, h)
		if err != nil {
			return anchor.TxID{}, err
		}
		b, _, err := r.block(ctx, hash)
		if err != nil {
			return anchor.TxID{}, err
		}
		for _, t := range b.txs {
			if t.spends(op) {
				return t.id, nil
			}
		}
	}
	if from > top-recentBlocks {
		return anchor.TxID{}, anchor.ErrNotFound // an output that never was
	}
	return anchor.TxID{}, r.fail(CodeNoIndex, "spender", "%v was spent more than %d blocks ago; name an Esplora endpoint", op, recentBlocks)
}
