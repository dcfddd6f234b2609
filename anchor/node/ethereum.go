package node

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
)

// ethereumChains are the chains on which Blockcerts were anchored, by chain id.
var ethereumChains = map[string]uint64{
	"eth:mainnet": 1, "eth:ropsten": 3, "eth:rinkeby": 4, "eth:goerli": 5, "eth:sepolia": 11155111,
	"mtc:mainnet": 137, "mtc:mumbai": 80001,
}

// Ethereum asks an Ethereum node over JSON-RPC what it knows of an old anchor. Nothing of
// the answers is proven; they are observations. Calls are safe for concurrent use.
//
// The calls are eth_chainId, eth_getTransactionByHash, eth_getTransactionReceipt,
// eth_getBlockByHash and eth_blockNumber.
type Ethereum struct {
	*endpoint
	rpc   *jsonrpc
	chain string
}

// NewEthereum returns a client for a node of chain, such as eth:mainnet, at address. The
// address may name an authfile, as for NewRPC. Code: bad-endpoint, bad-argument.
func NewEthereum(address, chain string, o Options) (*Ethereum, error) {
	e, err := newEndpoint(address, o)
	if err != nil {
		return nil, err
	}
	if _, ok := ethereumChains[chain]; !ok {
		return nil, e.fail(CodeArgument, "", "unknown chain %.32q", chain)
	}
	return &Ethereum{endpoint: e, rpc: &jsonrpc{endpoint: e, version: "2.0"}, chain: chain}, nil
}

// Observe returns what the node says of a transaction: its input data, which must be
// exactly 32 bytes, its sender, the time of its block and how many blocks confirm it. The
// answers on transaction, receipt and block must fit each other. It returns
// anchor.ErrNotFound if the node does not know the transaction.
func (e *Ethereum) Observe(ctx context.Context, chain, txid string) (*Observation, error) {
	if chain != e.chain {
		return nil, e.fail(CodeWrongNetwork, "observe", "is for %s, asked for %.32q", e.chain, chain)
	}
	id, err := parseEthHash(txid)
	if err != nil {
		return nil, &Error{Code: CodeArgument, Endpoint: e.name, Call: "observe", Err: err}
	}
	if err := e.checkChain(ctx); err != nil {
		return nil, err
	}
	t, err := e.transaction(ctx, id)
	if err != nil {
		return nil, err
	}
	o := &Observation{Source: e.name, Chain: chain, TxID: txid, Payload: t.payload, Address: t.from}
	if !t.inBlock {
		return o, nil
	}
	if err := e.checkReceipt(ctx, id, t); err != nil {
		return nil, err
	}
	b, err := e.block(ctx, t.block)
	if err != nil {
		return nil, err
	}
	if b.number != t.number || !slices.Contains(b.txs, id) {
		return nil, e.fail(CodeFalse, "eth_getBlockByHash", "block %s does not hold %s", t.block, id)
	}
	o.Time = b.time
	o.Confirmations, err = e.confirmations(ctx, t.number)
	return o, err
}

func (e *Ethereum) checkChain(ctx context.Context) error {
	const call = "eth_chainId"
	v, err := e.rpc.call(ctx, limitSmall, call)
	if err != nil {
		return err
	}
	id, err := quantity(v, "chain id")
	if err != nil {
		return e.malformed(call, "%v", err)
	}
	if id != ethereumChains[e.chain] {
		return e.fail(CodeWrongNetwork, call, "chain %d, want %d, which is %s", id, ethereumChains[e.chain], e.chain)
	}
	return nil
}

// An ethTx is what the node says of a transaction.
type ethTx struct {
	from    string
	payload [32]byte
	inBlock bool
	block   string
	number  uint64
}

func (e *Ethereum) transaction(ctx context.Context, id string) (*ethTx, error) {
	const call = "eth_getTransactionByHash"
	v, err := e.rpc.call(ctx, limitTx, call, id)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, anchor.ErrNotFound
	}
	m := object(v)
	if got, err := ethHash(m, "hash"); err != nil {
		return nil, e.malformed(call, "%v", err)
	} else if got != id {
		return nil, e.fail(CodeFalse, call, "answers with %s, asked for %s", got, id)
	}
	input, err := text(m, "input")
	if err != nil {
		return nil, e.malformed(call, "%v", err)
	}
	payload, ok := ethPayload(input)
	if !ok {
		return nil, e.fail(CodeNoAnchor, call, "the input data is not 32 bytes")
	}
	t, err := parseEthTx(m)
	if err != nil {
		return nil, e.malformed(call, "%v", err)
	}
	t.payload = payload
	return t, nil
}

// ethPayload returns input data of exactly 32 bytes.
func ethPayload(input string) (p [32]byte, ok bool) {
	digits, ok := strings.CutPrefix(input, "0x")
	if !ok || len(digits) != 2*len(p) {
		return p, false
	}
	_, err := hex.Decode(p[:], []byte(digits))
	return p, err == nil
}

// parseEthTx reads sender and block; the latter is null while the transaction is pending.
func parseEthTx(m map[string]any) (t *ethTx, err error) {
	t = &ethTx{}
	if t.from, err = ethHex(m, "from", 20); err != nil {
		return nil, err
	}
	if m["blockHash"] == nil && m["blockNumber"] == nil {
		return t, nil
	}
	t.inBlock = true
	if t.block, err = ethHash(m, "blockHash"); err != nil {
		return nil, err
	}
	t.number, err = quantity(m["blockNumber"], "blockNumber")
	return t, err
}

// checkReceipt compares the receipt. A transaction that failed is in a block as well; what
// its sender signed stands in it all the same, but no issuer would count it.
func (e *Ethereum) checkReceipt(ctx context.Context, id string, t *ethTx) error {
	const call = "eth_getTransactionReceipt"
	v, err := e.rpc.call(ctx, limitTx, call, id)
	if err != nil {
		return err
	}
	m := object(v)
	got, err := parseEthTx(m)
	if err != nil {
		return e.malformed(call, "%v", err)
	}
	of, err := ethHash(m, "transactionHash")
	if err != nil {
		return e.malformed(call, "%v", err)
	}
	if of != id || got.from != t.from || got.block != t.block || got.number != t.number {
		return e.fail(CodeFalse, call, "contradicts eth_getTransactionByHash for %s", id)
	}
	// Receipts before 2017 have no status.
	if status, ok := m["status"]; ok && status != nil && status != "0x1" {
		return e.fail(CodeNoAnchor, call, "the transaction failed")
	}
	return nil
}

type ethBlock struct {
	number uint64
	time   time.Time
	txs    []string
}

func (e *Ethereum) block(ctx context.Context, hash string) (*ethBlock, error) {
	const call = "eth_getBlockByHash"
	v, err := e.rpc.call(ctx, limitList, call, hash, false)
	if err != nil {
		return nil, err
	}
	m := object(v)
	got, err := ethHash(m, "hash")
	if err != nil {
		return nil, e.malformed(call, "%v", err)
	}
	if got != hash {
		return nil, e.fail(CodeFalse, call, "answers with %s, asked for %s", got, hash)
	}
	b, err := parseEthBlock(m)
	if err != nil {
		return nil, e.malformed(call, "%v", err)
	}
	return b, nil
}

func parseEthBlock(m map[string]any) (b *ethBlock, err error) {
	b = &ethBlock{}
	if b.number, err = quantity(m["number"], "number"); err != nil {
		return nil, err
	}
	seconds, err := quantity(m["timestamp"], "timestamp")
	if err != nil || seconds > math.MaxUint32 {
		return nil, missing("timestamp", "Unix seconds")
	}
	b.time = time.Unix(int64(seconds), 0).UTC()
	list, ok := m["transactions"].([]any)
	if !ok {
		return nil, missing("transactions", "a list")
	}
	for _, t := range list {
		s, _ := t.(string)
		id, err := parseEthHash(s)
		if err != nil {
			return nil, err
		}
		b.txs = append(b.txs, id)
	}
	return b, nil
}

func (e *Ethereum) confirmations(ctx context.Context, number uint64) (anchor.Confirmations, error) {
	const call = "eth_blockNumber"
	v, err := e.rpc.call(ctx, limitSmall, call)
	if err != nil {
		return 0, err
	}
	top, err := quantity(v, "block number")
	if err != nil {
		return 0, e.malformed(call, "%v", err)
	}
	if top < number {
		return 0, e.fail(CodeSyncing, call, "block %d is above the newest, %d; ask again", number, top)
	}
	return anchor.Confirmations(min(top-number+1, math.MaxInt32)), nil
}

// parseEthHash reads 32 bytes in hex, with or without 0x as Blockcerts writes both, and
// returns them in lower case with 0x.
func parseEthHash(s string) (string, error) {
	digits := strings.ToLower(strings.TrimPrefix(s, "0x"))
	if b, err := hex.DecodeString(digits); err != nil || len(b) != 32 {
		return "", fmt.Errorf("%.80q: want 32 bytes in hex", s)
	}
	return "0x" + digits, nil
}

func ethHash(m map[string]any, name string) (string, error) { return ethHex(m, name, 32) }

// ethHex reads bytes in hex after 0x and returns them in lower case.
func ethHex(m map[string]any, name string, size int) (string, error) {
	s, _ := m[name].(string)
	digits, ok := strings.CutPrefix(strings.ToLower(s), "0x")
	if b, err := hex.DecodeString(digits); !ok || err != nil || len(b) != size {
		return "", missing(name, fmt.Sprintf("%d bytes in hex after 0x", size))
	}
	return "0x" + digits, nil
}

// quantity reads a number in hex after 0x, without leading zeros.
func quantity(v any, name string) (uint64, error) {
	s, _ := v.(string)
	digits, ok := strings.CutPrefix(s, "0x")
	n, err := strconv.ParseUint(digits, 16, 63)
	if !ok || err != nil {
		return 0, missing(name, "a number in hex after 0x")
	}
	return n, nil
}
