package node

import (
	"context"
	"slices"

	"github.com/certanchor/certanchor/anchor"
)

// Evidence returns what is needed to judge offline that a transaction is in a block,
// without headers. It returns anchor.ErrNotFound for one that is in no block. Whichever
// endpoint it comes from, the bytes are the same.
func (c *client) Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	const call = "evidence"
	if _, err := c.ready(ctx); err != nil {
		return nil, err
	}
	p, err := c.locate(ctx, id)
	if err != nil {
		return nil, err
	}
	if !p.inBlock {
		return nil, anchor.ErrNotFound
	}
	ev, err := c.ask.evidence(ctx, id, p.block)
	if err != nil {
		return nil, err
	}
	if ev.PrevTxs, err = c.prevTxs(ctx, ev.Tx); err != nil {
		return nil, err
	}
	// Before BIP34 a coinbase states no height; then the one found counts.
	ev.Meta = anchor.Meta{Height: p.height, Network: c.net, TxID: id.String()}
	incl, err := anchor.CheckInclusion(ev, id, c.net)
	if err != nil {
		return nil, &Error{Code: CodeFalse, Endpoint: c.name, Call: call, Err: err}
	}
	if incl.BlockHash != p.block || incl.Height != p.height {
		return nil, c.falsehood(call, "proves block %v at height %d, said to be %v at %d", incl.BlockHash, incl.Height, p.block, p.height)
	}
	return ev, nil
}

// prevTxs returns the previous transaction of every input, in input order, stripped.
func (c *client) prevTxs(ctx context.Context, raw []byte) ([][]byte, error) {
	t, err := parseTx(raw)
	if err != nil {
		return nil, c.malformed("evidence", "%v", err)
	}
	if len(t.inputs) > anchor.MaxInputs {
		return nil, c.fail(CodeArgument, "evidence", "%d inputs, limit %d", len(t.inputs), anchor.MaxInputs)
	}
	known := make(map[anchor.TxID][]byte)
	var list [][]byte
	size := 0
	for i, in := range t.inputs {
		if known[in.TxID] == nil {
			prev, err := c.tx(ctx, in.TxID)
			if notFound(err) {
				// Not "not found": that would be said of the transaction itself.
				return nil, c.falsehood("evidence", "does not know %v, which input %d spends", in.TxID, i)
			}
			if err != nil {
				return nil, err
			}
			known[in.TxID] = prev.stripped
		}
		list = append(list, known[in.TxID])
		if size += len(known[in.TxID]); size > anchor.MaxPrevTxsSize {
			return nil, c.fail(CodeArgument, "evidence", "previous transactions of over %d bytes", anchor.MaxPrevTxsSize)
		}
	}
	return list, nil
}

// provable is holding for a transaction other than the coinbase, which can be no anchor.
func (c *client) provable(ctx context.Context, hash anchor.BlockHash, id anchor.TxID) (anchor.Header, []anchor.TxID, error) {
	header, ids, err := c.holding(ctx, hash, id)
	if err == nil && ids[0] == id {
		err = c.fail(CodeArgument, "evidence", "%v is a coinbase", id)
	}
	return header, ids, err
}

// rebuilt makes the evidence of one transaction from the header and ids of the block that
// provable has looked at.
func (c *client) rebuilt(ctx context.Context, id anchor.TxID, header anchor.Header, ids []anchor.TxID) (*anchor.Evidence, error) {
	const call = "evidence"
	t, err := c.tx(ctx, id)
	if err != nil {
		return nil, err
	}
	coinbase, err := c.tx(ctx, ids[0])
	if notFound(err) {
		return nil, c.falsehood(call, "does not know %v, the coinbase of block %v", ids[0], header.Hash())
	}
	if err != nil {
		return nil, err
	}
	proof, err := anchor.EncodeTxOutProof(header, ids, []int{0, slices.Index(ids, id)})
	if err != nil {
		return nil, &Error{Code: CodeMalformed, Endpoint: c.name, Call: call, Err: err}
	}
	return &anchor.Evidence{Tx: t.raw, Coinbase: coinbase.stripped, TxOutProof: proof}, nil
}

// Headers returns the headers from height from to height to, both included, at most
// anchor.MaxRunHeaders of them. They are fetched from the top down, each by the hash that
// the one above names, so a reorganisation meanwhile cannot mix two chains.
func (c *client) Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	run := anchor.HeaderRun{Start: from}
	t, err := c.ready(ctx)
	if err != nil {
		return anchor.HeaderRun{}, err
	}
	if from < 0 || from > to || to-from >= anchor.MaxRunHeaders || to > t.height {
		return anchor.HeaderRun{}, c.fail(CodeArgument, "headers", "no run from %d to %d; the newest block is %d, a run has at most %d", from, to, t.height, anchor.MaxRunHeaders)
	}
	hash, err := c.ask.hashAt(ctx, to)
	if err != nil {
		return anchor.HeaderRun{}, err
	}
	run.Headers = make([]byte, int(to-from+1)*anchor.HeaderSize)
	for h := to; h >= from; h-- {
		header, err := c.header(ctx, hash)
		if err != nil {
			return anchor.HeaderRun{}, err
		}
		copy(run.Headers[int(h-from)*anchor.HeaderSize:], header[:])
		hash = header.Prev()
	}
	if from == 0 && run.Header(0) != c.net.Genesis() {
		return anchor.HeaderRun{}, c.falsehood("headers", "block 0 is not at height 0")
	}
	return run, nil
}

// Signed returns the signatures of the signet blocks from one height to another, both
// included, at most anchor.MaxConfirming of them: what makes them count as confirmations
// (anchor.Evidence.Confirming). They are fetched from the top down, like headers. Code:
// bad-argument, also for another network.
func (c *client) Signed(ctx context.Context, from, to anchor.Height) ([]anchor.SignedBlock, error) {
	const call = "signed blocks"
	t, err := c.ready(ctx)
	if err != nil {
		return nil, err
	}
	if c.net != anchor.Signet || from < 1 || from > to || to-from >= anchor.MaxConfirming || to > t.height {
		return nil, c.fail(CodeArgument, call, "no blocks %d to %d of %s; the newest is %d, at most %d at once, on signet", from, to, c.net, t.height, anchor.MaxConfirming)
	}
	hash, err := c.ask.hashAt(ctx, to)
	if err != nil {
		return nil, err
	}
	list := make([]anchor.SignedBlock, to-from+1)
	for h := to; h >= from; h-- {
		header, err := c.header(ctx, hash)
		if err != nil {
			return nil, err
		}
		if list[h-from], err = c.ask.signed(ctx, hash); err != nil {
			return nil, err
		}
		hash = header.Prev()
	}
	return list, nil
}
