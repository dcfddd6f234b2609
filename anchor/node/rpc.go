package node

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

const (
	// feeTarget is within how many blocks a transaction should confirm: an hour.
	feeTarget = 6
	// recentBlocks is how far a node without an index is searched, in blocks: a day.
	recentBlocks = 144
)

// RPC asks Bitcoin Core or btcd over JSON-RPC. Calls are safe for concurrent use.
type RPC struct {
	*client
	rpc *jsonrpc
}

// NewRPC returns a client for a node of net at address, such as
// http://user:password@127.0.0.1:8332, http://127.0.0.1:8332?authfile=/path/.cookie or
// https://127.0.0.1:8334?authfile=/path/login&cafile=/path/rpc.cert. An authfile has
// user:password on its first line. Nothing is asked yet. Code: bad-endpoint, bad-argument.
func NewRPC(address string, net anchor.Network, o Options) (*RPC, error) {
	c, err := newClient(address, net, o)
	if err != nil {
		return nil, err
	}
	r := &RPC{client: c, rpc: &jsonrpc{endpoint: c.endpoint, version: "1.0"}}
	c.ask = r
	return r, nil
}

// noMethod reports whether the node lacks a method, or the wallet that answers it.
func noMethod(err error) bool { return rpcCode(err) == rpcNoMethod }

func (r *RPC) hash(ctx context.Context, method string, params ...any) (anchor.BlockHash, error) {
	v, err := r.rpc.call(ctx, limitSmall, method, params...)
	if err != nil {
		return anchor.BlockHash{}, err
	}
	h, err := blockHash(v)
	if err != nil {
		return h, r.malformed(method, "%v", err)
	}
	return h, nil
}

func (r *RPC) hashAt(ctx context.Context, h anchor.Height) (anchor.BlockHash, error) {
	return r.hash(ctx, "getblockhash", h)
}

// A chainInfo is what getblockchaininfo says. btcd leaves syncing out.
type chainInfo struct {
	blocks, headers anchor.Height
	best            anchor.BlockHash
	syncing, pruned bool
}

func parseChainInfo(v any) (c chainInfo, err error) {
	m := object(v)
	if c.blocks, err = height(m, "blocks"); err != nil {
		return c, err
	}
	if c.headers, err = height(m, "headers"); err != nil {
		return c, err
	}
	if c.best, err = blockHash(m["bestblockhash"]); err != nil {
		return c, err
	}
	for name, to := range map[string]*bool{"initialblockdownload": &c.syncing, "pruned": &c.pruned} {
		if _, ok := m[name]; !ok {
			continue
		}
		if *to, err = flag(m, name); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (r *RPC) chainInfo(ctx context.Context) (chainInfo, error) {
	const call = "getblockchaininfo"
	v, err := r.rpc.call(ctx, limitSmall, call)
	if err != nil {
		return chainInfo{}, err
	}
	c, err := parseChainInfo(v)
	if err != nil {
		return c, r.malformed(call, "%v", err)
	}
	return c, nil
}

func (r *RPC) newest(ctx context.Context) (anchor.Height, anchor.BlockHash, error) {
	c, err := r.chainInfo(ctx)
	if err != nil {
		return 0, anchor.BlockHash{}, err
	}
	// On regtest Core says so whenever nobody mined for a day.
	if c.syncing && (r.net != anchor.Regtest || c.blocks < c.headers) {
		return 0, anchor.BlockHash{}, r.fail(CodeSyncing, "getblockchaininfo", "has %d of %d blocks; wait until it has all", c.blocks, c.headers)
	}
	return c.blocks, c.best, nil
}

func (r *RPC) header(ctx context.Context, hash anchor.BlockHash) ([]byte, error) {
	return r.hex(ctx, limitSmall, "getblockheader", hash, false)
}

// hex asks for bytes.
func (r *RPC) hex(ctx context.Context, limit int64, method string, params ...any) ([]byte, error) {
	v, err := r.rpc.call(ctx, limit, method, params...)
	if err != nil {
		return nil, err
	}
	b, err := hexBytes(v)
	if err != nil {
		return nil, r.malformed(method, "%v", err)
	}
	return b, nil
}

func (r *RPC) blockIDs(ctx context.Context, hash anchor.BlockHash) ([]anchor.TxID, error) {
	const call = "getblock"
	v, err := r.rpc.call(ctx, limitList, call, hash, 1)
	if err != nil {
		return nil, r.blockError(err)
	}
	ids, err := txids(object(v)["tx"])
	if err != nil {
		return nil, r.malformed(call, "%v", err)
	}
	return ids, nil
}

// blockError tells a block that was thrown away from other errors.
func (r *RPC) blockError(err error) error {
	if code := rpcCode(err); code != 0 && strings.Contains(err.Error(), "pruned data") {
		return r.pruned("getblock", err)
	}
	return err
}

func (r *RPC) pruned(call string, cause error) error {
	return &Error{Code: CodePruned, Endpoint: r.name, Call: call, Err: cause,
		Detail: "the node has thrown away old blocks; ask one that keeps them (prune=0, txindex=1), or an Esplora endpoint"}
}

// block fetches a whole block and checks its header and its root.
func (r *RPC) block(ctx context.Context, hash anchor.BlockHash) (*block, []byte, error) {
	const call = "getblock"
	raw, err := r.hex(ctx, limitBlock, call, hash, 0)
	if err != nil {
		return nil, nil, r.blockError(err)
	}
	b, err := parseBlock(raw)
	if err != nil {
		return nil, nil, r.malformed(call, "%v", err)
	}
	if b.header.Hash() != hash || anchor.MerkleRoot(b.ids()) != b.header.MerkleRoot() {
		return nil, nil, r.falsehood(call, "is another block than %v", hash)
	}
	return b, raw, nil
}

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

func (r *RPC) heightOf(ctx context.Context, hash anchor.BlockHash) (anchor.Height, error) {
	const call = "getblockheader"
	v, err := r.rpc.call(ctx, limitSmall, call, hash, true)
	if err != nil {
		return 0, err
	}
	h, err := height(object(v), "height")
	if err != nil {
		return 0, r.malformed(call, "%v", err)
	}
	return h, nil
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
	header, ids, err := r.idsOf(ctx, hash)
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

// FeeRate returns the node's estimate for confirmation within six blocks, or the
// configured fallback. Code: no-fee-rate.
func (r *RPC) FeeRate(ctx context.Context) (anchor.FeeRate, error) {
	const call = "estimatesmartfee"
	if _, err := r.ready(ctx); err != nil {
		return 0, err
	}
	v, err := r.rpc.call(ctx, limitSmall, call, feeTarget)
	if noMethod(err) {
		return r.fallbackRate(call)
	}
	if err != nil {
		return 0, err
	}
	rate, ok, err := parseFeeRate(v)
	if err != nil {
		return 0, r.malformed(call, "%v", err)
	}
	if !ok {
		return r.fallbackRate(call)
	}
	return rate, nil
}

// parseFeeRate reads feerate, in BTC per 1,000 virtual bytes. It is absent while the node
// has seen too little.
func parseFeeRate(v any) (rate anchor.FeeRate, ok bool, err error) {
	m, isObject := v.(map[string]any)
	if !isObject {
		return 0, false, missing("answer", "an object")
	}
	n, ok := m["feerate"]
	if !ok {
		return 0, false, nil
	}
	sats, err := scaled(n, "feerate", 8, true)
	return max(anchor.FeeRate(sats), minFeeRate), err == nil, err
}

// Broadcast sends a raw transaction. It returns anchor.ErrAlreadyKnown if the node has it
// in its pool or in a block. After an error other than that and code rejected it is
// open whether the node took it.
func (r *RPC) Broadcast(ctx context.Context, raw []byte) error {
	const call = "sendrawtransaction"
	t, err := r.ownTx(raw)
	if err != nil {
		return err
	}
	if _, err := r.ready(ctx); err != nil {
		return err
	}
	v, err := r.rpc.call(ctx, limitSmall, call, hex.EncodeToString(raw))
	switch {
	case rpcCode(err) == rpcAlreadyHave:
		return anchor.ErrAlreadyKnown
	case rpcCode(err) != 0:
		return r.rejected(ctx, t.id, call, err)
	case err != nil:
		return err
	case v != t.id.String():
		return r.falsehood(call, "answers with another id than %v", t.id)
	}
	return nil
}

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
		return anchor.TxID{}, &Error{Code: CodeNodeError, Endpoint: r.name, Call: call, Detail: "needs Bitcoin Core 24 or btcd 0.24 at least", Err: err}
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
