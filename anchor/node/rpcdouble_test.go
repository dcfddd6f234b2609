package node

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// A nodeDouble stands in for Bitcoin Core 28 or btcd 0.26 and answers as their
// documentation and, for btcd, its source say: what exists, which errors come, in which
// HTTP status. It is no node: its blocks come from a world.
type nodeDouble struct {
	*httptest.Server
	w *world

	btcd      bool // else Core
	txindex   bool
	addrindex bool          // btcd
	wallet    bool          // Core: a wallet that watches every address
	pruned    anchor.Height // blocks below are gone
	syncing   bool
	genesis   anchor.BlockHash // if not zero, told as block 0
	noFee     bool             // Core: too little seen for an estimate
	warmup    bool
	lacks     string // a method that this version does not have yet
	user      string // user:password, if asked for

	// lie changes an answer on its way out.
	lie func(method string, params []any, result any) any

	mu    sync.Mutex
	calls map[string]int
}

func newNodeDouble(w *world, set func(*nodeDouble)) *nodeDouble {
	d := &nodeDouble{w: w, txindex: true, calls: make(map[string]int)}
	if set != nil {
		set(d)
	}
	d.Server = httptest.NewServer(d)
	w.t.Cleanup(d.Close)
	return d
}

func (d *nodeDouble) client(o Options) *RPC {
	c, err := NewRPC(d.URL, anchor.Regtest, o)
	if err != nil {
		d.w.t.Fatal(err)
	}
	return c
}

func (d *nodeDouble) called(method string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[method]
}

func (d *nodeDouble) ServeHTTP(hw http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if d.user != "" && user+":"+password != d.user {
		hw.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
		hw.WriteHeader(http.StatusUnauthorized)
		return
	}
	var req struct {
		Version *string         `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  []any           `json:"params"`
	}
	dec := json.NewDecoder(r.Body)
	dec.UseNumber()
	if err := dec.Decode(&req); err != nil || r.Method != http.MethodPost {
		hw.WriteHeader(http.StatusBadRequest)
		return
	}
	if d.btcd && (req.Version == nil || *req.Version != "1.0") {
		fmt.Fprintln(hw) // the blank line that btcd answers
		return
	}
	d.mu.Lock()
	d.calls[req.Method]++
	d.mu.Unlock()
	result, rpcErr := d.answer(req.Method, req.Params)
	if d.lie != nil && rpcErr == nil {
		result = d.lie(req.Method, req.Params, result)
	}
	if fault, ok := result.(func(http.ResponseWriter, *http.Request)); ok {
		fault(hw, r)
		return
	}
	hw.Header().Set("Content-Type", "application/json")
	if rpcErr != nil && !d.btcd {
		// Core's rule: 404 for an unknown method, 500 for other errors.
		hw.WriteHeader(map[bool]int{true: 404, false: 500}[rpcErr.Code == rpcNoMethod])
	}
	if rpcErr != nil {
		result = nil
	}
	json.NewEncoder(hw).Encode(map[string]any{"result": result, "error": errorObject(rpcErr), "id": req.ID})
}

func errorObject(e *RPCError) any {
	if e == nil {
		return nil
	}
	return map[string]any{"code": e.Code, "message": e.Message}
}

func rpcFail(code int64, format string, args ...any) *RPCError {
	return &RPCError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// missingMethods are those that the other of the two has alone.
var missingMethods = map[bool][]string{
	false: {"searchrawtransactions"},
	true:  {"gettxoutproof", "scantxoutset", "estimatesmartfee"},
}

func (d *nodeDouble) answer(method string, p []any) (any, *RPCError) {
	if d.warmup {
		return nil, rpcFail(rpcWarmup, "Loading block index…")
	}
	if method == d.lacks || slices.Contains(missingMethods[d.btcd], method) {
		return nil, rpcFail(rpcNoMethod, "Method not found")
	}
	arg := func(i int) string {
		if i >= len(p) {
			return ""
		}
		return fmt.Sprint(p[i])
	}
	number := func(i int) int64 {
		n, _ := p[i].(json.Number)
		v, _ := n.Int64()
		return v
	}
	switch method {
	case "getblockhash":
		return d.getBlockHash(number(0))
	case "getblockchaininfo":
		return d.getBlockchainInfo()
	case "getblockheader":
		return d.getBlockHeader(arg(0), arg(1) == "true")
	case "getblock":
		return d.getBlock(arg(0), number(1))
	case "getrawtransaction":
		return d.getRawTransaction(arg(0), number(1) == 1)
	case "gettxout":
		return d.getTxOut(arg(0), uint32(number(1)))
	case "gettxoutproof":
		return d.getTxOutProof(p[0].([]any), arg(1))
	case "gettxspendingprevout":
		return d.getTxSpendingPrevOut(p[0].([]any))
	case "sendrawtransaction":
		return d.sendRawTransaction(arg(0))
	case "estimatesmartfee":
		if d.noFee {
			return map[string]any{"errors": []string{"Insufficient data or no feerate found"}, "blocks": 6}, nil
		}
		return map[string]any{"feerate": json.Number("0.00012345"), "blocks": 6}, nil
	case "listunspent":
		return d.listUnspent(p[2].([]any))
	case "scantxoutset":
		return d.scanTxOutSet(p[1].([]any))
	case "searchrawtransactions":
		return d.searchRawTransactions(arg(0), int(number(2)), int(number(3)))
	}
	return nil, rpcFail(rpcNoMethod, "Method not found")
}

func (d *nodeDouble) getBlockHash(h int64) (any, *RPCError) {
	if h == 0 && d.genesis != (anchor.BlockHash{}) {
		return d.genesis.String(), nil
	}
	hash, ok := d.w.hashAt(h)
	if !ok {
		return nil, rpcFail(-8, "Block height out of range")
	}
	return hash.String(), nil
}

func (d *nodeDouble) getBlockchainInfo() (any, *RPCError) {
	top, hash := d.w.tip()
	info := map[string]any{"chain": "regtest", "blocks": top, "headers": top, "bestblockhash": hash.String(),
		"difficulty": json.Number("4.656542373906925e-10"), "pruned": d.pruned > 0}
	if d.btcd {
		return info, nil // btcd does not say whether it is catching up
	}
	info["initialblockdownload"] = d.syncing
	if d.syncing {
		info["headers"] = top + 1000
	}
	if d.pruned > 0 {
		info["pruneheight"] = d.pruned
	}
	return info, nil
}

func (d *nodeDouble) getBlockHeader(hash string, verbose bool) (any, *RPCError) {
	b, _, h := d.w.block(hash)
	if b == nil {
		return nil, rpcFail(rpcUnknownID, "Block not found")
	}
	if !verbose {
		return hex.EncodeToString(b.header[:]), nil
	}
	confirmations := -1
	if h >= 0 {
		confirmations = d.w.confirmations(h)
	} else if d.btcd {
		return nil, rpcFail(-32603, "Failed to obtain block height")
	}
	return map[string]any{"hash": hash, "confirmations": confirmations, "height": max(h, 0), "time": b.header.Seconds()}, nil
}

func (d *nodeDouble) getBlock(hash string, verbosity int64) (any, *RPCError) {
	b, raw, h := d.w.block(hash)
	if b == nil {
		return nil, rpcFail(rpcUnknownID, "Block not found")
	}
	if h < d.pruned && d.pruned > 0 {
		return nil, rpcFail(-1, "Block not available (pruned data)")
	}
	if verbosity == 0 {
		return hex.EncodeToString(raw), nil
	}
	var ids []string
	for _, t := range b.txs {
		ids = append(ids, t.id.String())
	}
	return map[string]any{"hash": hash, "height": h, "tx": ids, "nTx": len(ids)}, nil
}

func (d *nodeDouble) getRawTransaction(id string, verbose bool) (any, *RPCError) {
	raw, h := d.w.find(id)
	switch {
	case d.btcd && !d.txindex && (raw == nil || h >= 0):
		return nil, rpcFail(rpcUnknownID, "The transaction index must be enabled to query the blockchain (specify --txindex)")
	case d.btcd && raw == nil:
		return nil, rpcFail(rpcUnknownID, "No information available about transaction %s", id)
	case !d.txindex && (raw == nil || h >= 0):
		return nil, rpcFail(rpcUnknownID, "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.")
	case raw == nil:
		if stale := d.staleBlock(id); stale != "" && verbose {
			return map[string]any{"txid": id, "blockhash": stale, "confirmations": 0}, nil
		}
		return nil, rpcFail(rpcUnknownID, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.")
	case !verbose:
		return hex.EncodeToString(raw), nil
	}
	m := map[string]any{"txid": id, "hex": hex.EncodeToString(raw)}
	if h >= 0 {
		hash, _ := d.w.hashAt(int64(h))
		m["blockhash"], m["confirmations"] = hash.String(), d.w.confirmations(h)
	}
	return m, nil
}

// staleBlock returns the block of another branch that held a transaction, which Core's
// index still has.
func (d *nodeDouble) staleBlock(id string) string {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	for hash, raw := range d.w.blocks {
		b, err := parseBlock(raw)
		if err != nil {
			d.w.t.Error(err)
		}
		for _, t := range b.txs {
			if t.id.String() == id {
				return hash.String()
			}
		}
	}
	return ""
}

func (d *nodeDouble) getTxOut(id string, n uint32) (any, *RPCError) {
	raw, h := d.w.find(id)
	if raw == nil {
		return nil, nil
	}
	t, err := parseTx(raw)
	if err != nil {
		d.w.t.Error(err)
	}
	if int64(n) >= int64(len(t.outputs)) || t.outputs[n].script[0] == 0x6a {
		return nil, nil
	}
	_, pool, spent := d.w.spender(anchor.OutPoint{TxID: t.id, Index: n})
	// btcd does not look at what its pool spends of outputs in blocks.
	if spent && !(d.btcd && pool && h >= 0) {
		return nil, nil
	}
	_, best := d.w.tip()
	confirmations := 0
	if h >= 0 {
		confirmations = d.w.confirmations(h)
	}
	return map[string]any{"bestblock": best.String(), "confirmations": confirmations, "value": btc(t.outputs[n].value), "coinbase": t.coinbase()}, nil
}

// btc prints as Core does.
func btc(s anchor.Sats) json.Number {
	return json.Number(fmt.Sprintf("%d.%08d", s/1e8, s%1e8))
}

func (d *nodeDouble) getTxOutProof(ids []any, hash string) (any, *RPCError) {
	b, raw, h := d.w.block(hash)
	if b == nil {
		return nil, rpcFail(rpcUnknownID, "Block not found")
	}
	if h < d.pruned && d.pruned > 0 {
		return nil, rpcFail(-1, "Block not available (pruned data)")
	}
	matches := make([]bool, len(b.txs))
	found := 0
	for i, t := range b.txs {
		if slices.Contains(ids, any(t.id.String())) {
			matches[i] = true
			found++
		}
	}
	if found != len(ids) {
		return nil, rpcFail(rpcUnknownID, "Not all transactions found in specified or retrieved block")
	}
	return hex.EncodeToString(merkleBlock(d.w.t, raw, b.ids(), matches)), nil
}

// merkleBlock is a second implementation of BIP37's partial tree, so that the evidence of
// Core is not compared with our own encoder alone.
func merkleBlock(t testing.TB, raw []byte, ids []anchor.TxID, matches []bool) []byte {
	var header wire.BlockHeader
	if err := header.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	msg := &wire.MsgMerkleBlock{Header: header, Transactions: uint32(len(ids))}
	width := func(level int) int { return (len(ids) + 1<<level - 1) >> level }
	var node func(level, at int) chainhash.Hash
	node = func(level, at int) chainhash.Hash {
		if level == 0 {
			return chainhash.Hash(ids[at])
		}
		left := node(level-1, 2*at)
		right := left
		if 2*at+1 < width(level-1) {
			right = node(level-1, 2*at+1)
		}
		return chainhash.DoubleHashH(append(left[:], right[:]...))
	}
	var bits []bool
	var build func(level, at int)
	build = func(level, at int) {
		below := slices.Contains(matches[at<<level:min((at+1)<<level, len(ids))], true)
		bits = append(bits, below)
		if level == 0 || !below {
			hash := node(level, at)
			if err := msg.AddTxHash(&hash); err != nil {
				t.Fatal(err)
			}
			return
		}
		build(level-1, 2*at)
		if 2*at+1 < width(level-1) {
			build(level-1, 2*at+1)
		}
	}
	top := 0
	for width(top) > 1 {
		top++
	}
	build(top, 0)
	msg.Flags = make([]byte, (len(bits)+7)/8)
	for i, bit := range bits {
		if bit {
			msg.Flags[i/8] |= 1 << (i % 8)
		}
	}
	var buf bytes.Buffer
	if err := msg.BtcEncode(&buf, wire.ProtocolVersion, wire.BaseEncoding); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func (d *nodeDouble) getTxSpendingPrevOut(ops []any) (any, *RPCError) {
	var list []any
	for _, o := range ops {
		m := o.(map[string]any)
		id, err := anchor.ParseTxID(m["txid"].(string))
		if err != nil {
			return nil, rpcFail(-8, "txid must be hex")
		}
		n, _ := m["vout"].(json.Number).Int64()
		entry := map[string]any{"txid": m["txid"], "vout": n}
		if by, pool, ok := d.w.spender(anchor.OutPoint{TxID: id, Index: uint32(n)}); ok && pool {
			entry["spendingtxid"] = by.String()
		}
		list = append(list, entry)
	}
	return list, nil
}

func (d *nodeDouble) sendRawTransaction(digits string) (any, *RPCError) {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return nil, rpcFail(-22, "TX decode failed")
	}
	t, err := parseTx(raw)
	if err != nil {
		return nil, rpcFail(-22, "TX decode failed")
	}
	err = d.w.accept(raw)
	var reject *regtest.RejectError
	switch _, h := d.w.find(t.id.String()); {
	case err == nil:
		return t.id.String(), nil
	case errors.Is(err, anchor.ErrAlreadyKnown) && d.btcd && h < 0:
		return nil, rpcFail(-27, "TX rejected: already have transaction in mempool %v", t.id)
	case errors.Is(err, anchor.ErrAlreadyKnown) && d.btcd:
		return nil, rpcFail(-27, "TX rejected: transaction already exists in blockchain")
	case errors.Is(err, anchor.ErrAlreadyKnown) && h < 0:
		return t.id.String(), nil // Core sends it once more and is content
	case errors.Is(err, anchor.ErrAlreadyKnown) && d.allSpent(t):
		return nil, rpcFail(-25, "bad-txns-inputs-missingorspent")
	case errors.Is(err, anchor.ErrAlreadyKnown):
		return nil, rpcFail(-27, "Transaction outputs already in utxo set")
	case errors.As(err, &reject) && d.btcd:
		return nil, rpcFail(-26, "TX rejected: output already spent by transaction in the memory pool: %s", reject.Code)
	}
	return nil, rpcFail(-26, "txn-mempool-conflict")
}

func (d *nodeDouble) allSpent(t *tx) bool {
	for n, o := range t.outputs {
		if _, _, spent := d.w.spender(anchor.OutPoint{TxID: t.id, Index: uint32(n)}); !spent && o.script[0] != 0x6a {
			return false
		}
	}
	return true
}

// unspents lists what an address has in blocks, spent by the pool or not.
func (d *nodeDouble) unspents(addr string) []any {
	script, err := anchor.AddressScript(addr, anchor.Regtest)
	if err != nil {
		d.w.t.Error(err)
	}
	list := []any{}
	top, _ := d.w.tip()
	for h := int64(1); h <= int64(top); h++ {
		hash, _ := d.w.hashAt(h)
		b, _, _ := d.w.block(hash.String())
		for _, t := range b.txs {
			for _, c := range t.paying(script) {
				if _, pool, spent := d.w.spender(c.op); spent && !pool {
					continue
				}
				list = append(list, map[string]any{"txid": t.id.String(), "vout": c.op.Index, "amount": btc(c.value), "height": h,
					"scriptPubKey": hex.EncodeToString(script), "confirmations": d.w.confirmations(anchor.Height(h)), "address": addr})
			}
		}
	}
	return list
}

func (d *nodeDouble) listUnspent(addresses []any) (any, *RPCError) {
	if d.btcd {
		return nil, rpcFail(-1, "This implementation does not implement wallet commands")
	}
	if !d.wallet {
		return nil, rpcFail(-18, "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet.")
	}
	return d.unspents(addresses[0].(string)), nil
}

func (d *nodeDouble) scanTxOutSet(objects []any) (any, *RPCError) {
	desc := objects[0].(map[string]any)["desc"].(string)
	addr := strings.TrimSuffix(strings.TrimPrefix(desc, "addr("), ")")
	top, best := d.w.tip()
	return map[string]any{"success": true, "height": top, "bestblock": best.String(), "unspents": d.unspents(addr), "total_amount": json.Number("0.0")}, nil
}

// searchRawTransactions lists what pays to an address or spends from it, blocks first,
// then the pool.
func (d *nodeDouble) searchRawTransactions(addr string, skip, count int) (any, *RPCError) {
	if !d.addrindex {
		return nil, rpcFail(-1, "Address index must be enabled (--addrindex)")
	}
	script, err := anchor.AddressScript(addr, anchor.Regtest)
	if err != nil {
		return nil, rpcFail(rpcUnknownID, "Invalid address or key")
	}
	var list []string
	top, _ := d.w.tip()
	for h := int64(1); h <= int64(top); h++ {
		hash, _ := d.w.hashAt(h)
		b, _, _ := d.w.block(hash.String())
		for _, t := range b.txs {
			if len(t.paying(script)) > 0 {
				list = append(list, hex.EncodeToString(t.raw))
			}
		}
	}
	if skip >= len(list) {
		return nil, rpcFail(rpcUnknownID, "No information available about address")
	}
	list = list[skip:]
	return list[:min(count, len(list))], nil
}

// Faults of the transport, to be returned by lie in place of an answer.

func slow(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"result":"0`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

const hugeBody = 500 << 20

// huge streams half a gigabyte, or until nobody listens.
func huge(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, `{"result":"`)
	zeros := bytes.Repeat([]byte("0"), 1<<16)
	for range hugeBody / len(zeros) {
		if _, err := w.Write(zeros); err != nil {
			return
		}
	}
}

func announced(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(hugeBody))
	huge(w, r)
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a page of a proxy", code) }
}

func body(s string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
}

func redirectTo(url string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusTemporaryRedirect) }
}
