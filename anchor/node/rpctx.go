package node

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

// rawTx asks the node's pool and index, and where there is no index the block that the
// transaction is found in otherwise.
func (r *RPC) rawTx(ctx context.Context, id anchor.TxID, output uint32) ([]byte, error) {
	raw, err := r.hex(ctx, limitTx, "getrawtransaction", id, 0)
	switch {
	case err == nil:
		return raw, nil
	case rpcCode(err) != rpcUnknownID:
		return nil, err
	case !lacksIndex(err):
		return nil, anchor.ErrNotFound
	}
	p, err := r.search(ctx, id, output)
	if err != nil {
		return nil, err
	}
	b, _, err := r.block(ctx, p.block)
	if err != nil {
		return nil, err
	}
	for _, t := range b.txs {
		if t.id == id {
			return t.raw, nil
		}
	}
	return nil, r.falsehood("getblock", "block %v does not hold %v", p.block, id)
}

// lacksIndex reports whether "no such transaction" was said of the memory pool alone.
// Core and btcd say so only in words: "Use -txindex …", "specify --txindex", "still in
// the process of being indexed".
func lacksIndex(err error) bool {
	s := err.Error()
	return strings.Contains(s, "-txindex") || strings.Contains(s, "being indexed")
}

// A txInfo is what getrawtransaction ID 1 says of where a transaction is.
type txInfo struct {
	inBlock bool
	stale   bool // in a block that is not in the best chain
	block   anchor.BlockHash
}

// parseTxInfo reads blockhash, which is absent in the memory pool, and confirmations,
// which Core gives as 0 or leaves out for a block that lost.
func parseTxInfo(v any) (t txInfo, err error) {
	m, ok := v.(map[string]any)
	if !ok {
		return t, missing("answer", "an object")
	}
	if h, ok := m["blockhash"]; !ok || h == "" {
		return t, nil
	}
	t.inBlock = true
	if t.block, err = blockHash(m["blockhash"]); err != nil {
		return t, err
	}
	n, ok := m["confirmations"]
	if !ok {
		t.stale = true
		return t, nil
	}
	confirmations, err := whole(n, "confirmations", -maxHeight, maxHeight)
	t.stale = confirmations < 1
	return t, err
}

func (r *RPC) locate(ctx context.Context, id anchor.TxID) (place, error) {
	const call = "getrawtransaction"
	v, err := r.rpc.call(ctx, limitTx, call, id, 1)
	switch {
	case rpcCode(err) == rpcUnknownID && lacksIndex(err):
		return r.search(ctx, id, 0)
	case rpcCode(err) == rpcUnknownID:
		return place{}, anchor.ErrNotFound
	case err != nil:
		return place{}, err
	}
	t, err := parseTxInfo(v)
	switch {
	case err != nil:
		return place{}, r.malformed(call, "%v", err)
	case t.stale:
		return place{}, anchor.ErrNotFound
	case !t.inBlock:
		return place{}, nil
	}
	h, err := r.heightOf(ctx, t.block)
	return place{inBlock: true, block: t.block, height: h}, err
}

// search finds a transaction on a node without an index: by an unspent output, of which
// gettxout tells the depth (a commitment's change is output 0), or in the newest blocks.
// What it does not find may well exist.
func (r *RPC) search(ctx context.Context, id anchor.TxID, output uint32) (place, error) {
	info, err := r.chainInfo(ctx)
	if err != nil {
		return place{}, err
	}
	for _, n := range slices.Compact([]uint32{output, 0, 1}) {
		u, err := r.unspent(ctx, anchor.OutPoint{TxID: id, Index: n})
		if err != nil {
			return place{}, err
		}
		if u != nil && u.confirmations > 0 {
			h, err := r.heightOf(ctx, u.best)
			if err != nil {
				return place{}, err
			}
			h -= anchor.Height(u.confirmations) - 1
			hash, err := r.hashAt(ctx, h)
			return place{inBlock: true, block: hash, height: h}, err
		}
	}
	for h := info.blocks; h >= 0 && h > info.blocks-recentBlocks; h-- {
		hash, err := r.hashAt(ctx, h)
		if err != nil {
			return place{}, err
		}
		ids, err := r.blockIDs(ctx, hash)
		if err != nil {
			return place{}, err
		}
		if slices.Contains(ids, id) {
			return place{inBlock: true, block: hash, height: h}, nil
		}
	}
	if info.blocks < recentBlocks {
		return place{}, anchor.ErrNotFound // that was the whole chain
	}
	if info.pruned {
		return place{}, r.pruned("getrawtransaction", nil)
	}
	return place{}, r.fail(CodeNoIndex, "getrawtransaction", "start the node with txindex=1, or name an Esplora endpoint")
}

// An unspent output as gettxout tells of it.
type unspent struct {
	best          anchor.BlockHash // of the node's chain
	confirmations anchor.Confirmations
}

// parseTxOut returns nil for null: spent, or never made.
func parseTxOut(v any) (*unspent, error) {
	if v == nil {
		return nil, nil
	}
	m := object(v)
	best, err := blockHash(m["bestblock"])
	if err != nil {
		return nil, err
	}
	n, err := whole(m["confirmations"], "confirmations", 0, maxHeight)
	return &unspent{best, anchor.Confirmations(n)}, err
}

func (r *RPC) unspent(ctx context.Context, op anchor.OutPoint) (*unspent, error) {
	const call = "gettxout"
	v, err := r.rpc.call(ctx, limitList, call, op.TxID, op.Index, true)
	if err != nil {
		return nil, err
	}
	u, err := parseTxOut(v)
	if err != nil {
		return nil, r.malformed(call, "%v", err)
	}
	return u, nil
}

// evidence takes the proof from gettxoutproof, or rebuilds it from the block.
func (r *RPC) evidence(ctx context.Context, id anchor.TxID, hash anchor.BlockHash) (*anchor.Evidence, error) {
	const call = "gettxoutproof"
	header, ids, err := r.provable(ctx, hash, id)
	if err != nil {
		return nil, err
	}
	proof, err := r.hex(ctx, limitSmall, call, []anchor.TxID{ids[0], id}, hash)
	if noMethod(err) {
		return r.fromBlock(ctx, id, hash)
	}
	if err != nil {
		return nil, r.blockError(err)
	}
	ev, err := r.rebuilt(ctx, id, header, ids)
	if err != nil {
		return nil, err
	}
	// The proof is a function of the block's ids. One that differs in the number of
	// transactions alone would pass CheckInclusion, and differ from what others gather.
	if !bytes.Equal(proof, ev.TxOutProof) {
		return nil, r.falsehood(call, "is not the proof of %v in block %v", id, hash)
	}
	return ev, nil
}

func (r *RPC) fromBlock(ctx context.Context, id anchor.TxID, hash anchor.BlockHash) (*anchor.Evidence, error) {
	_, raw, err := r.block(ctx, hash)
	if err != nil {
		return nil, err
	}
	ev, err := anchor.EvidenceFromBlock(raw, id, nil, r.net)
	if err != nil {
		return nil, &Error{Code: CodeFalse, Endpoint: r.name, Call: "getblock", Err: err}
	}
	return ev, nil
}

func (r *RPC) signed(ctx context.Context, hash anchor.BlockHash) (anchor.SignedBlock, error) {
	_, raw, err := r.block(ctx, hash)
	if err != nil {
		return anchor.SignedBlock{}, err
	}
	b, err := anchor.SignedBlockOf(raw)
	if err != nil {
		return b, &Error{Code: CodeFalse, Endpoint: r.name, Call: "getblock", Err: err}
	}
	return b, nil
}
