package node

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

const (
	// searchPage is how many transactions of an address are asked for at a time.
	searchPage = 10
	// maxSearch bounds the transactions of an address. An issuing address has two for
	// each batch.
	maxSearch = 10_000
	// maxWalk is the longest chain whose blocks are all read for coins: private networks.
	maxWalk = 10_000
)

// coins asks in the order of cost: the wallet, if the node has one that watches the
// address; the set of unspent outputs; btcd's index of addresses; the blocks. Every
// output found is then asked for once more, with the memory pool.
func (r *RPC) coins(ctx context.Context, addr string, script []byte, t tip) ([]candidate, error) {
	found, err := r.walletCoins(ctx, addr)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		found, err = r.scannedCoins(ctx, addr)
	}
	if noMethod(err) {
		found, err = r.indexedCoins(ctx, addr, script)
	}
	if CodeOf(err) == CodeNoIndex && t.height <= maxWalk {
		found, err = r.walkedCoins(ctx, script, t)
	}
	if err != nil {
		return nil, err
	}
	var coins []candidate
	for _, c := range found {
		ok, err := r.spendable(ctx, &c)
		if err != nil {
			return nil, err
		}
		if ok {
			coins = append(coins, c)
		}
	}
	return coins, nil
}

// spendable asks gettxout and, since btcd's does not look at what the pool spends, for a
// spender in the pool.
func (r *RPC) spendable(ctx context.Context, c *candidate) (bool, error) {
	u, err := r.unspent(ctx, c.op)
	if err != nil || u == nil || u.confirmations < 1 {
		return false, err
	}
	c.confirmations = u.confirmations
	_, err = r.poolSpender(ctx, c.op)
	if notFound(err) {
		return true, nil
	}
	return false, err
}

// walletCoins returns nothing if there is no wallet, or none that watches the address.
func (r *RPC) walletCoins(ctx context.Context, addr string) ([]candidate, error) {
	const call = "listunspent"
	v, err := r.rpc.call(ctx, limitList, call, 1, 9_999_999, []string{addr})
	if rpcCode(err) != 0 {
		return nil, nil // no wallet, several, or one that is locked away: others are asked
	}
	if err != nil {
		return nil, err
	}
	list, err := parseUnspents(v)
	if err != nil {
		return nil, r.malformed(call, "%v", err)
	}
	return list, nil
}

func (r *RPC) scannedCoins(ctx context.Context, addr string) ([]candidate, error) {
	const call = "scantxoutset"
	type descriptor struct {
		Desc string `json:"desc"`
	}
	params := []any{"start", []descriptor{{"addr(" + addr + ")"}}}
	v, err := r.rpc.exchange(ctx, exchange{call: call, limit: limitList, timeout: max(r.timeout, scanTimeout)}, params)
	if err != nil {
		return nil, err
	}
	if done, err := flag(object(v), "success"); err != nil || !done {
		return nil, r.malformed(call, "the scan did not finish")
	}
	list, err := parseUnspents(object(v)["unspents"])
	if err != nil {
		return nil, r.malformed(call, "%v", err)
	}
	return list, nil
}

// parseUnspents reads a list of outputs, amounts in BTC.
func parseUnspents(v any) ([]candidate, error) {
	entries, ok := v.([]any)
	if !ok {
		return nil, missing("unspents", "a list")
	}
	var list []candidate
	for _, e := range entries {
		m := object(e)
		var c candidate
		var err error
		if c.op.TxID, err = txid(m, "txid"); err != nil {
			return nil, err
		}
		if c.op.Index, err = index(m, "vout"); err != nil {
			return nil, err
		}
		sats, err := scaled(m["amount"], "amount", 8, false)
		if err != nil {
			return nil, err
		}
		c.value = anchor.Sats(sats)
		list = append(list, c)
	}
	return list, nil
}

// indexedCoins reads all transactions of an address from btcd's index. Code: no-index.
func (r *RPC) indexedCoins(ctx context.Context, addr string, script []byte) ([]candidate, error) {
	const call = "searchrawtransactions"
	seen := make(map[anchor.OutPoint]bool)
	var list []candidate
	for skip := 0; ; skip += searchPage {
		if skip >= maxSearch {
			return nil, r.fail(CodeArgument, call, "the address has over %d transactions; move its coins to a new one", maxSearch)
		}
		v, err := r.rpc.call(ctx, limitPage, call, addr, 0, skip, searchPage)
		switch {
		case rpcCode(err) == rpcUnknownID:
			return list, nil // none, or none after so many
		case noMethod(err) || rpcCode(err) != 0 && strings.Contains(err.Error(), "ddress index"):
			return nil, &Error{Code: CodeNoIndex, Endpoint: r.name, Call: call, Err: said(err),
				Detail: "coins of an address cannot be found; start btcd with --addrindex, or name an Esplora endpoint"}
		case err != nil:
			return nil, err
		}
		page, n, err := parsePage(v, script)
		if err != nil {
			return nil, r.malformed(call, "%v", err)
		}
		// The pool moves between two pages, so one output may come twice.
		for _, c := range page {
			if !seen[c.op] {
				seen[c.op] = true
				list = append(list, c)
			}
		}
		if n < searchPage {
			return list, nil
		}
	}
}

// parsePage reads raw transactions and returns the outputs that pay to script, and how
// many transactions there were.
func parsePage(v any, script []byte) ([]candidate, int, error) {
	if v == nil {
		return nil, 0, nil
	}
	entries, ok := v.([]any)
	if !ok || len(entries) > searchPage {
		return nil, 0, missing("answer", "a page of raw transactions")
	}
	var list []candidate
	for _, e := range entries {
		s, _ := e.(string)
		raw, err := hex.DecodeString(s)
		if err != nil {
			return nil, 0, missing("answer", "hex")
		}
		t, err := parseTx(raw)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, t.paying(script)...)
	}
	return list, len(entries), nil
}

func (t *tx) paying(script []byte) (list []candidate) {
	for n, out := range t.outputs {
		if string(out.script) == string(script) {
			list = append(list, candidate{op: anchor.OutPoint{TxID: t.id, Index: uint32(n)}, value: out.value})
		}
	}
	return list
}

// walkedCoins reads every block. What was spent meanwhile is asked for afterwards.
func (r *RPC) walkedCoins(ctx context.Context, script []byte, t tip) ([]candidate, error) {
	unspent := make(map[anchor.OutPoint]candidate)
	for h := anchor.Height(1); h <= t.height; h++ {
		hash, err := r.hashAt(ctx, h)
		if err != nil {
			return nil, err
		}
		b, _, err := r.block(ctx, hash)
		if err != nil {
			return nil, err
		}
		for _, x := range b.txs {
			for _, op := range x.inputs {
				delete(unspent, op)
			}
			for _, c := range x.paying(script) {
				unspent[c.op] = c
			}
		}
	}
	var list []candidate
	for _, c := range unspent {
		list = append(list, c)
	}
	return list, nil
}
