package node

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certanchor/certanchor/anchor"
)

const (
	ethID      = "0x1111111111111111111111111111111111111111111111111111111111111111"
	ethPending = "0x2222222222222222222222222222222222222222222222222222222222222222"
	ethWordy   = "0x3333333333333333333333333333333333333333333333333333333333333333"
	ethBlockID = "0x4444444444444444444444444444444444444444444444444444444444444444"
	ethRoot    = "5555555555555555555555555555555555555555555555555555555555555555"
	ethSender  = "0xAbCdEf0123456789aBcDeF0123456789AbCdEf01"
)

// An ethDouble stands in for an Ethereum node and answers as the execution API documents:
// one block with one anchor, a pending anchor, and a transaction with other data.
type ethDouble struct {
	*httptest.Server
	lie func(method string, result any) any
}

func newEthDouble(t *testing.T, lie func(method string, result any) any) *ethDouble {
	d := &ethDouble{lie: lie}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *ethDouble) ServeHTTP(hw http.ResponseWriter, r *http.Request) {
	var req struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  []any           `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.Version != "2.0" {
		json.NewEncoder(hw).Encode(map[string]any{"jsonrpc": "2.0", "id": req.ID, "error": map[string]any{"code": -32600, "message": "invalid request"}})
		return
	}
	result := ethAnswer(req.Method, req.Params)
	if d.lie != nil {
		result = d.lie(req.Method, result)
	}
	if fault, ok := result.(func(http.ResponseWriter, *http.Request)); ok {
		fault(hw, r)
		return
	}
	json.NewEncoder(hw).Encode(map[string]any{"jsonrpc": "2.0", "id": req.ID, "result": result})
}

func ethAnswer(method string, p []any) any {
	tx := map[string]any{"hash": ethID, "from": ethSender, "to": "0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead", "value": "0x0", "nonce": "0x1",
		"input": "0x" + ethRoot, "blockHash": ethBlockID, "blockNumber": "0x6a1e5f", "transactionIndex": "0x1"}
	switch method {
	case "eth_chainId":
		return "0x3"
	case "eth_blockNumber":
		return "0x6a1e68"
	case "eth_getTransactionByHash":
		switch p[0] {
		case ethID:
			return tx
		case ethPending:
			return edited(edited(edited(tx, "hash", ethPending), "blockHash", nil), "blockNumber", nil)
		case ethWordy:
			return edited(edited(tx, "hash", ethWordy), "input", "0x"+ethRoot+"00")
		}
	case "eth_getTransactionReceipt":
		if p[0] == ethID {
			return map[string]any{"transactionHash": ethID, "from": ethSender, "blockHash": ethBlockID, "blockNumber": "0x6a1e5f", "status": "0x1"}
		}
	case "eth_getBlockByHash":
		if p[0] == ethBlockID {
			return map[string]any{"hash": ethBlockID, "number": "0x6a1e5f", "timestamp": "0x5d5e2f40", "transactions": []any{ethWordy, ethID}}
		}
	}
	return nil
}

func (d *ethDouble) client(t *testing.T, o Options) *Ethereum {
	t.Helper()
	e, err := NewEthereum(d.URL, "eth:ropsten", o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestObserveEthereum(t *testing.T) {
	e := newEthDouble(t, nil).client(t, Options{})
	for _, id := range []string{ethID, strings.TrimPrefix(ethID, "0x")} {
		got, err := e.Observe(t.Context(), "eth:ropsten", id)
		if err != nil {
			t.Fatal(err)
		}
		want := &Observation{Source: e.Name(), Chain: "eth:ropsten", TxID: id, Address: strings.ToLower(ethSender),
			Time: time.Unix(0x5d5e2f40, 0).UTC(), Confirmations: 10}
		for i := range want.Payload {
			want.Payload[i] = 0x55
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if o, err := e.Observe(t.Context(), "eth:ropsten", ethPending); err != nil || o.Confirmations != 0 || !o.Time.IsZero() {
		t.Errorf("%+v, %v", o, err)
	}
	_, err := e.Observe(t.Context(), "eth:ropsten", ethWordy)
	wantCode(t, err, CodeNoAnchor)
	if _, err := e.Observe(t.Context(), "eth:ropsten", "0x"+strings.Repeat("07", 32)); !errors.Is(err, anchor.ErrNotFound) {
		t.Error(err)
	}
	_, err = e.Observe(t.Context(), "eth:mainnet", ethID)
	wantCode(t, err, CodeWrongNetwork)
	for _, id := range []string{"", "0x", "x", ethID + "00", ethID[:64]} {
		_, err = e.Observe(t.Context(), "eth:ropsten", id)
		wantCode(t, err, CodeArgument)
	}
	_, err = NewEthereum("http://127.0.0.1", "eth:classic", Options{})
	wantCode(t, err, CodeArgument)
	_, err = NewEthereum("http://node.example/v3/hunter2", "eth:mainnet", Options{})
	if wantCode(t, err, CodeEndpoint); strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestEthereumLies(t *testing.T) {
	other := "0x" + strings.Repeat("07", 32)
	for _, lie := range []struct {
		name, method, member string
		to                   any
		want                 Code
	}{
		{"another chain", "eth_chainId", "", "0x1", CodeWrongNetwork},
		{"chain in decimal", "eth_chainId", "", 3, CodeMalformed},
		{"another transaction", "eth_getTransactionByHash", "hash", other, CodeFalse},
		{"no hash", "eth_getTransactionByHash", "hash", nil, CodeMalformed},
		{"31 bytes", "eth_getTransactionByHash", "input", "0x" + ethRoot[2:], CodeNoAnchor},
		{"no data", "eth_getTransactionByHash", "input", "0x", CodeNoAnchor},
		{"data not hex", "eth_getTransactionByHash", "input", "0x" + strings.Repeat("zz", 32), CodeNoAnchor},
		{"data without 0x", "eth_getTransactionByHash", "input", ethRoot + "00", CodeNoAnchor},
		{"data missing", "eth_getTransactionByHash", "input", nil, CodeMalformed},
		{"sender cut", "eth_getTransactionByHash", "from", ethSender[:40], CodeMalformed},
		{"block without number", "eth_getTransactionByHash", "blockNumber", nil, CodeMalformed},
		{"receipt of another", "eth_getTransactionReceipt", "transactionHash", other, CodeFalse},
		{"receipt of another sender", "eth_getTransactionReceipt", "from", "0x" + strings.Repeat("07", 20), CodeFalse},
		{"receipt in another block", "eth_getTransactionReceipt", "blockHash", other, CodeFalse},
		{"receipt at another height", "eth_getTransactionReceipt", "blockNumber", "0x1", CodeFalse},
		{"receipt missing", "eth_getTransactionReceipt", "", nil, CodeMalformed},
		{"failed", "eth_getTransactionReceipt", "status", "0x0", CodeNoAnchor},
		{"another block", "eth_getBlockByHash", "hash", other, CodeFalse},
		{"block at another height", "eth_getBlockByHash", "number", "0x1", CodeFalse},
		{"block without it", "eth_getBlockByHash", "transactions", []any{other}, CodeFalse},
		{"block with full transactions", "eth_getBlockByHash", "transactions", []any{map[string]any{}}, CodeMalformed},
		{"block without time", "eth_getBlockByHash", "timestamp", nil, CodeMalformed},
		{"block after year 2106", "eth_getBlockByHash", "timestamp", "0x100000000", CodeMalformed},
		{"behind its own block", "eth_blockNumber", "", "0x1", CodeSyncing},
		{"height of 20 digits", "eth_blockNumber", "", "0x" + strings.Repeat("f", 20), CodeMalformed},
		{"slow", "eth_getBlockByHash", "", slow, CodeTimeout},
		{"cut off", "eth_getTransactionByHash", "", cutOff, CodeTruncated},
		{"500 MB", "eth_getTransactionByHash", "", huge, CodeTooLarge},
		{"redirected", "eth_chainId", "", redirectTo("http://elsewhere.example"), CodeRedirect},
	} {
		t.Run(lie.name, func(t *testing.T) {
			d := newEthDouble(t, func(method string, r any) any {
				switch {
				case method != lie.method:
					return r
				case lie.member == "":
					return lie.to
				}
				return edited(r, lie.member, lie.to)
			})
			cheaply(t, lie.method, lie.want, func() error {
				_, err := d.client(t, Options{Timeout: 200 * time.Millisecond}).Observe(t.Context(), "eth:ropsten", ethID)
				return err
			})
			d.CloseClientConnections()
		})
	}
}
