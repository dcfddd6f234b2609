package node

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

// An esploraDouble stands in for an Esplora server and answers from a world as the
// documentation of its HTTP interface says.
type esploraDouble struct {
	*httptest.Server
	w       *world
	genesis string // if not empty, told as block 0
	noFee   bool
	// lie changes an answer on its way out; path as asked for.
	lie func(path string, answer any) any
}

func newEsploraDouble(w *world, set func(*esploraDouble)) *esploraDouble {
	d := &esploraDouble{w: w}
	if set != nil {
		set(d)
	}
	d.Server = httptest.NewServer(d)
	w.t.Cleanup(d.Close)
	return d
}

func (d *esploraDouble) client(o Options) *Esplora {
	c, err := NewEsplora(d.URL+"/api", anchor.Regtest, o)
	if err != nil {
		d.w.t.Fatal(err)
	}
	return c
}

// An httpError is an answer that is not 200.
type httpError struct {
	code int
	text string
}

func (d *esploraDouble) ServeHTTP(hw http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api")
	if !ok {
		http.NotFound(hw, r)
		return
	}
	var answer any
	if r.Method == http.MethodPost && path == "/tx" {
		digits, _ := io.ReadAll(r.Body)
		answer = d.send(string(digits))
	} else {
		answer = d.answer(strings.Split(path, "/")[1:])
	}
	if d.lie != nil {
		answer = d.lie(path, answer)
	}
	switch a := answer.(type) {
	case httpError:
		hw.WriteHeader(a.code)
		io.WriteString(hw, a.text)
	case string:
		io.WriteString(hw, a)
	case func(http.ResponseWriter, *http.Request):
		a(hw, r)
	default:
		json.NewEncoder(hw).Encode(a)
	}
}

var (
	txNotFound    = httpError{404, "Transaction not found"}
	blockNotFound = httpError{404, "Block not found"}
)

func (d *esploraDouble) answer(p []string) any {
	switch {
	case len(p) == 2 && p[0] == "block-height":
		return d.hashAt(p[1])
	case len(p) == 3 && p[0] == "blocks" && p[2] == "height":
		h, _ := d.w.tip()
		return strconv.Itoa(int(h))
	case len(p) == 3 && p[0] == "block":
		return d.block(p[1], p[2])
	case len(p) >= 3 && p[0] == "tx":
		return d.tx(p[1], p[2:])
	case len(p) == 3 && p[0] == "address" && p[2] == "utxo":
		return d.utxo(p[1])
	case len(p) == 1 && p[0] == "fee-estimates":
		if d.noFee {
			return map[string]any{}
		}
		return map[string]any{"1": 87.882, "6": json.Number("12.3451"), "144": 1.027}
	}
	return httpError{404, "endpoint does not exist"}
}

func (d *esploraDouble) hashAt(text string) any {
	if text == "0" && d.genesis != "" {
		return d.genesis
	}
	h, _ := strconv.ParseInt(text, 10, 64)
	hash, ok := d.w.hashAt(h)
	if !ok {
		return blockNotFound
	}
	return hash.String()
}

func (d *esploraDouble) block(hash, what string) any {
	b, _, _ := d.w.block(hash)
	if b == nil {
		return blockNotFound
	}
	if what == "header" {
		return hex.EncodeToString(b.header[:])
	}
	var ids []string
	for _, id := range b.ids() {
		ids = append(ids, id.String())
	}
	return ids
}

func (d *esploraDouble) tx(id string, p []string) any {
	raw, h := d.w.find(id)
	switch p[0] {
	case "hex":
		if raw == nil {
			return txNotFound
		}
		return hex.EncodeToString(raw)
	case "status":
		return d.status(raw, h) // of what it does not know it says "not confirmed"
	case "outspend":
		txid, _ := anchor.ParseTxID(id)
		n, _ := strconv.ParseUint(p[1], 10, 32)
		by, _, ok := d.w.spender(anchor.OutPoint{TxID: txid, Index: uint32(n)})
		if !ok {
			return map[string]any{"spent": false}
		}
		raw, h := d.w.find(by.String())
		return map[string]any{"spent": true, "txid": by.String(), "vin": 0, "status": d.status(raw, h)}
	}
	return httpError{404, "endpoint does not exist"}
}

func (d *esploraDouble) status(raw []byte, h anchor.Height) map[string]any {
	if raw == nil || h < 0 {
		return map[string]any{"confirmed": false}
	}
	hash, _ := d.w.hashAt(int64(h))
	b, _, _ := d.w.block(hash.String())
	return map[string]any{"confirmed": true, "block_height": h, "block_hash": hash.String(), "block_time": b.header.Seconds()}
}

func (d *esploraDouble) utxo(addr string) any {
	script, err := anchor.AddressScript(addr, anchor.Regtest)
	if err != nil {
		return httpError{400, "Invalid Bitcoin address"}
	}
	list := []any{}
	d.w.mu.Lock()
	var raws [][]byte
	for _, raw := range d.w.txs {
		raws = append(raws, raw)
	}
	d.w.mu.Unlock()
	for _, raw := range raws {
		t, _ := parseTx(raw)
		found, h := d.w.find(t.id.String())
		for _, c := range t.paying(script) {
			if _, _, spent := d.w.spender(c.op); found != nil && !spent {
				list = append(list, map[string]any{"txid": t.id.String(), "vout": c.op.Index, "value": c.value, "status": d.status(raw, h)})
			}
		}
	}
	return list
}

func (d *esploraDouble) send(digits string) any {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return httpError{400, "Invalid hex string"}
	}
	t, err := parseTx(raw)
	if err != nil {
		return httpError{400, `sendrawtransaction RPC error: {"code":-22,"message":"TX decode failed"}`}
	}
	err = d.w.accept(raw)
	switch _, h := d.w.find(t.id.String()); {
	case err == nil || errors.Is(err, anchor.ErrAlreadyKnown) && h < 0:
		return t.id.String()
	case errors.Is(err, anchor.ErrAlreadyKnown):
		return httpError{400, `sendrawtransaction RPC error: {"code":-27,"message":"Transaction outputs already in utxo set"}`}
	}
	return httpError{400, fmt.Sprintf(`sendrawtransaction RPC error: {"code":-26,"message":"%v"}`, "txn-mempool-conflict")}
}
