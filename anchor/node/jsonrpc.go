package node

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"unicode/utf8"
)

// Limits of answers, in bytes.
const (
	limitSmall = 64 << 10               // hashes, heights, headers
	limitTx    = 4 << 20                // a transaction of 400,000 bytes, taken apart in JSON
	limitList  = 4 << 20                // ids of a block (16,666 of 67 bytes); outputs of an address
	limitBlock = 2*4_000_000 + 64<<10   // a block of 4,000,000 bytes in hex
	limitPage  = searchPage*800_000 + 1 // transactions of an address in hex

	maxMessage = 200 // of a node's own words
)

// A jsonrpc asks one method at a time.
type jsonrpc struct {
	*endpoint
	version string
	next    atomic.Int64
}

type request struct {
	Version string `json:"jsonrpc"`
	ID      int64  `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// call returns the result member, which may be null. If the node answers with an error,
// that is inside as an *RPCError.
func (j *jsonrpc) call(ctx context.Context, limit int64, method string, params ...any) (any, error) {
	return j.exchange(ctx, exchange{call: method, limit: limit}, params)
}

func (j *jsonrpc) exchange(ctx context.Context, x exchange, params []any) (any, error) {
	if params == nil {
		params = []any{}
	}
	id := j.next.Add(1)
	body, err := json.Marshal(request{j.version, id, x.call, params})
	if err != nil {
		return nil, j.fail(CodeArgument, x.call, "%v", err)
	}
	x.method, x.mime, x.body = http.MethodPost, "application/json", body
	status, answer, err := j.do(ctx, x)
	if err != nil {
		return nil, err
	}
	result, rpcErr, err := parseRPC(answer, id)
	switch {
	case err != nil && status != http.StatusOK:
		return nil, j.fail(CodeStatus, x.call, "status %d", status)
	case err != nil:
		return nil, j.malformed(x.call, "%v", err)
	case rpcErr == nil && status != http.StatusOK:
		return nil, j.fail(CodeStatus, x.call, "status %d", status)
	case rpcErr == nil:
		return result, nil
	case rpcErr.Code == rpcWarmup:
		return nil, &Error{Code: CodeSyncing, Endpoint: j.name, Call: x.call, Detail: "the node is starting; wait", Err: rpcErr}
	}
	return nil, &Error{Code: CodeNodeError, Endpoint: j.name, Call: x.call, Err: rpcErr}
}

// parseRPC reads a response object (JSON-RPC 1.0 and 2.0). The id must be that of the
// request, so that an answer meant for another question is none.
func parseRPC(body []byte, id int64) (result any, rpcErr *RPCError, err error) {
	v, err := parseJSON(body)
	if err != nil {
		return nil, nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, nil, missing("answer", "an object")
	}
	if n, ok := m["id"].(json.Number); !ok || n.String() != strconv.FormatInt(id, 10) {
		return nil, nil, missing("id", "that of the request")
	}
	if m["error"] == nil {
		if _, ok := m["result"]; !ok {
			return nil, nil, missing("result", "one, or an error")
		}
		return m["result"], nil, nil
	}
	e := object(m["error"])
	code, err := whole(e["code"], "error/code", -1<<31, 1<<31)
	if err != nil {
		return nil, nil, err
	}
	message, err := text(e, "message")
	if err != nil {
		return nil, nil, err
	}
	return nil, &RPCError{Code: code, Message: cut(message)}, nil
}

// cut shortens a node's words at a rune.
func cut(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	s = s[:maxMessage]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
