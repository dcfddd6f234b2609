package node

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

// Esplora asks a server with the HTTP interface of Blockstream's explorer, which many
// others have too. Calls are safe for concurrent use.
type Esplora struct {
	*client
}

// NewEsplora returns a client for an explorer of net at address, such as
// https://explorer.example/testnet4/api. Nothing is asked yet. Code: bad-endpoint,
// bad-argument.
func NewEsplora(address string, net anchor.Network, o Options) (*Esplora, error) {
	c, err := newClient(address, net, o)
	if err != nil {
		return nil, err
	}
	e := &Esplora{c}
	c.ask = e
	return e, nil
}

// shown is how a form of path appears in errors, without the values asked for.
func shown(form string) string {
	return "GET " + strings.NewReplacer("%v", ":id", "%d", ":n", "%s", ":address").Replace(form)
}

// errNotThere is the explorer's word that it does not know what was asked for.
var errNotThere = errors.New("not found")

// get asks for a path, which form and args make; form names it in errors.
func (e *Esplora) get(ctx context.Context, limit int64, form string, args ...any) ([]byte, error) {
	x := exchange{call: shown(form), method: http.MethodGet, path: fmt.Sprintf(form, args...), limit: limit}
	status, body, err := e.do(ctx, x)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound && strings.Contains(strings.ToLower(string(body)), "not found"):
		// A wrong path gives 404 as well, and says nothing about a transaction. That the
		// base is right shows in the network, which is asked for first.
		return nil, errNotThere
	case status != http.StatusOK:
		return nil, e.fail(CodeStatus, x.call, "status %d: %q", status, cut(strings.ToValidUTF8(string(body[:min(len(body), maxMessage)]), "")))
	}
	return body, nil
}

// json asks for a path and parses.
func (e *Esplora) json(ctx context.Context, limit int64, form string, args ...any) (any, error) {
	body, err := e.get(ctx, limit, form, args...)
	if err != nil {
		return nil, err
	}
	v, err := parseJSON(body)
	if err != nil {
		return nil, e.malformed(shown(form), "%v", err)
	}
	return v, nil
}

// absent is an error for what must be there.
func (e *Esplora) absent(err error, call string) error {
	if errors.Is(err, errNotThere) {
		return e.fail(CodeStatus, call, "not found")
	}
	return err
}

func (e *Esplora) hashAt(ctx context.Context, h anchor.Height) (anchor.BlockHash, error) {
	const form = "/block-height/%d"
	body, err := e.get(ctx, limitSmall, form, h)
	if err != nil {
		return anchor.BlockHash{}, e.absent(err, shown(form))
	}
	hash, err := anchor.ParseBlockHash(string(body))
	if err != nil {
		return hash, e.malformed(shown(form), "%v", err)
	}
	return hash, nil
}

func (e *Esplora) newest(ctx context.Context) (anchor.Height, anchor.BlockHash, error) {
	const form = "/blocks/tip/height"
	body, err := e.get(ctx, limitSmall, form)
	if err != nil {
		return 0, anchor.BlockHash{}, e.absent(err, shown(form))
	}
	h, err := strconv.ParseInt(string(body), 10, 32)
	if err != nil || h < 0 {
		return 0, anchor.BlockHash{}, e.malformed(shown(form), "no height")
	}
	hash, err := e.hashAt(ctx, anchor.Height(h))
	return anchor.Height(h), hash, err
}

func (e *Esplora) header(ctx context.Context, hash anchor.BlockHash) ([]byte, error) {
	const form = "/block/%v/header"
	body, err := e.get(ctx, limitSmall, form, hash)
	if err != nil {
		return nil, e.absent(err, shown(form))
	}
	raw, err := hex.DecodeString(string(body))
	if err != nil {
		return nil, e.malformed(shown(form), "no hex")
	}
	return raw, nil
}

func (e *Esplora) blockIDs(ctx context.Context, hash anchor.BlockHash) ([]anchor.TxID, error) {
	const form = "/block/%v/txids"
	v, err := e.json(ctx, limitList, form, hash)
	if err != nil {
		return nil, e.absent(err, shown(form))
	}
	ids, err := txids(v)
	if err != nil {
		return nil, e.malformed(shown(form), "%v", err)
	}
	return ids, nil
}

func (e *Esplora) rawTx(ctx context.Context, id anchor.TxID, _ uint32) ([]byte, error) {
	const form = "/tx/%v/hex"
	body, err := e.get(ctx, limitTx, form, id)
	if errors.Is(err, errNotThere) {
		return nil, anchor.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(string(body))
	if err != nil {
		return nil, e.malformed(shown(form), "no hex")
	}
	return raw, nil
}

// locate asks for the transaction first: of one that it does not know, an explorer says
// that it is not confirmed.
func (e *Esplora) locate(ctx context.Context, id anchor.TxID) (place, error) {
	if _, err := e.tx(ctx, id); err != nil {
		return place{}, err
	}
	const form = "/tx/%v/status"
	v, err := e.json(ctx, limitSmall, form, id)
	if err != nil {
		return place{}, e.absent(err, shown(form))
	}
	p, err := parseStatus(v)
	if err != nil {
		return p, e.malformed(shown(form), "%v", err)
	}
	return p, nil
}

func parseStatus(v any) (p place, err error) {
	m := object(v)
	if p.inBlock, err = flag(m, "confirmed"); err != nil || !p.inBlock {
		return p, err
	}
	if p.block, err = blockHash(m["block_hash"]); err != nil {
		return p, err
	}
	p.height, err = height(m, "block_height")
	return p, err
}

func (e *Esplora) evidence(ctx context.Context, id anchor.TxID, hash anchor.BlockHash) (*anchor.Evidence, error) {
	header, ids, err := e.provable(ctx, hash, id)
	if err != nil {
		return nil, err
	}
	return e.rebuilt(ctx, id, header, ids)
}

func (e *Esplora) signed(ctx context.Context, hash anchor.BlockHash) (anchor.SignedBlock, error) {
	const call = "signed block"
	header, ids, err := e.idsOf(ctx, hash)
	if err != nil {
		return anchor.SignedBlock{}, err
	}
	coinbase, err := e.tx(ctx, ids[0])
	if notFound(err) {
		return anchor.SignedBlock{}, e.falsehood(call, "does not know %v, the coinbase of block %v", ids[0], hash)
	}
	if err != nil {
		return anchor.SignedBlock{}, err
	}
	b, err := anchor.NewSignedBlock(header, ids, coinbase.raw)
	if err != nil {
		return b, &Error{Code: CodeFalse, Endpoint: e.name, Call: call, Err: err}
	}
	return b, nil
}

func (e *Esplora) coins(ctx context.Context, addr string, _ []byte, t tip) ([]candidate, error) {
	const form = "/address/%s/utxo"
	v, err := e.json(ctx, limitList, form, url.PathEscape(addr))
	if err != nil {
		return nil, e.absent(err, shown(form))
	}
	list, err := parseUTXOs(v, t.height)
	if err != nil {
		return nil, e.malformed(shown(form), "%v", err)
	}
	return list, nil
}

// parseUTXOs reads the unspent outputs of an address and leaves out those not in a block.
// The explorer leaves out what its pool spends.
func parseUTXOs(v any, top anchor.Height) ([]candidate, error) {
	entries, ok := v.([]any)
	if !ok {
		return nil, missing("answer", "a list")
	}
	var list []candidate
	for _, entry := range entries {
		m := object(entry)
		status := object(m["status"])
		confirmed, err := flag(status, "confirmed")
		if err != nil {
			return nil, err
		}
		if !confirmed {
			continue
		}
		var c candidate
		if c.op.TxID, err = txid(m, "txid"); err != nil {
			return nil, err
		}
		if c.op.Index, err = index(m, "vout"); err != nil {
			return nil, err
		}
		value, err := whole(m["value"], "value", 0, maxSats)
		if err != nil {
			return nil, err
		}
		h, err := height(status, "block_height")
		if err != nil {
			return nil, err
		}
		c.value = anchor.Sats(value)
		c.confirmations = max(1, anchor.Confirmations(top-h)+1)
		list = append(list, c)
	}
	return list, nil
}

// maxSats is all bitcoin there will be.
const maxSats = 21_000_000 * 100_000_000

// FeeRate returns the explorer's estimate for confirmation within six blocks, or the
// configured fallback. Code: no-fee-rate.
func (e *Esplora) FeeRate(ctx context.Context) (anchor.FeeRate, error) {
	const form = "/fee-estimates"
	if err := e.checkNetwork(ctx); err != nil {
		return 0, err
	}
	v, err := e.json(ctx, limitSmall, form)
	if errors.Is(err, errNotThere) {
		return e.fallbackRate(shown(form))
	}
	if err != nil {
		return 0, err
	}
	rate, ok, err := parseEstimates(v)
	if err != nil {
		return 0, e.malformed(shown(form), "%v", err)
	}
	if !ok {
		return e.fallbackRate(shown(form))
	}
	return rate, nil
}

// parseEstimates reads sats per virtual byte by target.
func parseEstimates(v any) (rate anchor.FeeRate, ok bool, err error) {
	m, isObject := v.(map[string]any)
	if !isObject {
		return 0, false, missing("answer", "an object")
	}
	n, ok := m[strconv.Itoa(feeTarget)]
	if !ok {
		return 0, false, nil
	}
	sats, err := scaled(n, "estimate", 3, true)
	return max(anchor.FeeRate(sats), minFeeRate), err == nil, err
}

// Broadcast sends a raw transaction. It returns anchor.ErrAlreadyKnown if the explorer
// has it in its pool or in a block. After an error other than that and code rejected it is
// open whether the explorer took it.
func (e *Esplora) Broadcast(ctx context.Context, raw []byte) error {
	t, err := e.ownTx(raw)
	if err != nil {
		return err
	}
	if err := e.checkNetwork(ctx); err != nil {
		return err
	}
	x := exchange{call: "POST /tx", method: http.MethodPost, path: "/tx", mime: "text/plain", body: hex.AppendEncode(nil, raw), limit: limitSmall}
	status, body, err := e.do(ctx, x)
	switch {
	case err != nil:
		return err
	case status == http.StatusBadRequest:
		return e.rejected(ctx, t.id, x.call, fmt.Errorf("%q", cut(strings.ToValidUTF8(string(body), ""))))
	case status != http.StatusOK:
		return e.fail(CodeStatus, x.call, "status %d", status)
	case strings.TrimSpace(string(body)) != t.id.String():
		return e.falsehood(x.call, "answers with another id than %v", t.id)
	}
	return nil
}

// Spender returns the transaction that spends an output, in the pool or in a block;
// anchor.ErrNotFound if none does.
func (e *Esplora) Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error) {
	const form = "/tx/%v/outspend/%d"
	if _, err := e.ready(ctx); err != nil {
		return anchor.TxID{}, err
	}
	v, err := e.json(ctx, limitSmall, form, op.TxID, op.Index)
	if errors.Is(err, errNotThere) {
		return anchor.TxID{}, anchor.ErrNotFound
	}
	if err != nil {
		return anchor.TxID{}, err
	}
	id, spent, err := parseOutspend(v)
	switch {
	case err != nil:
		return anchor.TxID{}, e.malformed(shown(form), "%v", err)
	case !spent:
		return anchor.TxID{}, anchor.ErrNotFound
	}
	return e.checkSpender(ctx, op, id)
}

func parseOutspend(v any) (id anchor.TxID, spent bool, err error) {
	m := object(v)
	if spent, err = flag(m, "spent"); err != nil || !spent {
		return id, false, err
	}
	id, err = txid(m, "txid")
	return id, err == nil, err
}
