package node

import (
	"context"
	"encoding/hex"
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
	return &Error{Code: CodePruned, Endpoint: r.name, Call: call, Err: said(cause),
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
		return r.rejected(ctx, t.id, call, said(err))
	case err != nil:
		return err
	case v != t.id.String():
		return r.falsehood(call, "answers with another id than %v", t.id)
	}
	return nil
}
