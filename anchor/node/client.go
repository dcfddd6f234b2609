package node

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/certanchor/certanchor/anchor"
)

const (
	// maxTipAge is the age of the newest block from which an endpoint no longer follows
	// its network. Bitcoin Core draws the same line.
	maxTipAge = 24 * time.Hour
	// maxCoins is how many coins are returned, the largest first: as many inputs as a
	// commitment may have.
	maxCoins = anchor.MaxInputs
	// coinbaseMaturity is after how many blocks a new coin can be spent.
	coinbaseMaturity = 100
	// minFeeRate is what nodes relay at least.
	minFeeRate anchor.FeeRate = 1000
)

// A place is where an endpoint says a transaction is.
type place struct {
	inBlock bool
	block   anchor.BlockHash
	height  anchor.Height
}

// A tip is the newest block of an endpoint.
type tip struct {
	height anchor.Height
	hash   anchor.BlockHash
	header anchor.Header
}

// An asker puts the questions that both kinds of endpoint answer. What comes back is not
// yet checked, but for its form. Errors are *Error, or anchor.ErrNotFound where named.
type asker interface {
	// newest returns height and hash; CodeSyncing if the endpoint says that it is behind.
	newest(ctx context.Context) (anchor.Height, anchor.BlockHash, error)
	hashAt(ctx context.Context, h anchor.Height) (anchor.BlockHash, error)
	header(ctx context.Context, hash anchor.BlockHash) ([]byte, error)
	blockIDs(ctx context.Context, hash anchor.BlockHash) ([]anchor.TxID, error)
	// rawTx may look for the transaction by an output that is perhaps unspent.
	rawTx(ctx context.Context, id anchor.TxID, output uint32) ([]byte, error) // ErrNotFound
	locate(ctx context.Context, id anchor.TxID) (place, error)                // ErrNotFound
	coins(ctx context.Context, addr string, script []byte, t tip) ([]candidate, error)
	// evidence returns Tx, Coinbase and TxOutProof of a transaction in a block.
	evidence(ctx context.Context, id anchor.TxID, hash anchor.BlockHash) (*anchor.Evidence, error)
	// signed returns the signature of a signet block (BIP325), checked.
	signed(ctx context.Context, hash anchor.BlockHash) (anchor.SignedBlock, error)
}

// A client asks one endpoint and checks what can be checked.
type client struct {
	*endpoint
	net     anchor.Network
	rate    anchor.FeeRate // if the endpoint makes no estimate; 0 for none
	ask     asker
	now     func() time.Time
	genesis atomic.Bool // block 0 was seen to be that of net
}

func newClient(address string, net anchor.Network, o Options) (*client, error) {
	e, err := newEndpoint(address, o)
	if err != nil {
		return nil, err
	}
	if _, err := anchor.ParseNetwork(string(net)); err != nil {
		return nil, e.fail(CodeArgument, "", "%v", err)
	}
	c := &client{endpoint: e, net: net, rate: o.FallbackFeeRate, now: time.Now}
	if c.rate == 0 && net == anchor.Regtest {
		c.rate = minFeeRate
	}
	return c, nil
}

// Network returns the network that the client was made for. Before the first answer is
// used, the endpoint's block 0 is compared with it.
func (c *client) Network() anchor.Network { return c.net }

func (c *client) falsehood(call, format string, args ...any) error {
	return c.fail(CodeFalse, call, format, args...)
}

// checkNetwork compares block 0, once.
func (c *client) checkNetwork(ctx context.Context) error {
	if c.genesis.Load() {
		return nil
	}
	hash, err := c.ask.hashAt(ctx, 0)
	if err != nil {
		return err
	}
	if hash != c.net.Genesis().Hash() {
		other := "an unknown network"
		if n, ok := anchor.NetworkByGenesis(hash); ok {
			other = string(n)
		}
		return c.fail(CodeWrongNetwork, "block 0", "it is that of %s, not of %s; name an endpoint of %s", other, c.net, c.net)
	}
	c.genesis.Store(true)
	return nil
}

// ready returns the newest block of an endpoint that is of the right network and follows it.
func (c *client) ready(ctx context.Context) (tip, error) {
	if err := c.checkNetwork(ctx); err != nil {
		return tip{}, err
	}
	h, hash, err := c.ask.newest(ctx)
	if err != nil {
		return tip{}, err
	}
	header, err := c.header(ctx, hash)
	if err != nil {
		return tip{}, err
	}
	if age := c.now().Sub(header.Time()); age > maxTipAge && c.net != anchor.Regtest {
		return tip{}, c.fail(CodeSyncing, "newest block", "block %d is %d hours old; wait until the node has caught up, or name another", h, age/time.Hour)
	}
	return tip{h, hash, header}, nil
}

// Tip returns height and hash of the newest block.
func (c *client) Tip(ctx context.Context) (anchor.Height, anchor.BlockHash, error) {
	t, err := c.ready(ctx)
	return t.height, t.hash, err
}

// header returns the header of a block after hashing it.
func (c *client) header(ctx context.Context, hash anchor.BlockHash) (anchor.Header, error) {
	const call = "block header"
	raw, err := c.ask.header(ctx, hash)
	if err != nil {
		return anchor.Header{}, err
	}
	if len(raw) != anchor.HeaderSize {
		return anchor.Header{}, c.malformed(call, "%d bytes", len(raw))
	}
	h := anchor.Header(raw)
	if h.Hash() != hash {
		return h, c.falsehood(call, "hashes to %v, asked for %v", h.Hash(), hash)
	}
	if err := h.CheckWork(c.net); err != nil {
		return h, &Error{Code: CodeFalse, Endpoint: c.name, Call: call, Err: err}
	}
	return h, nil
}

// idsOf returns the ids of a block after comparing their root with the header's.
func (c *client) idsOf(ctx context.Context, hash anchor.BlockHash) (anchor.Header, []anchor.TxID, error) {
	const call = "block ids"
	header, err := c.header(ctx, hash)
	if err != nil {
		return header, nil, err
	}
	ids, err := c.ask.blockIDs(ctx, hash)
	if err != nil {
		return header, nil, err
	}
	if anchor.MerkleRoot(ids) != header.MerkleRoot() {
		return header, nil, c.falsehood(call, "do not lead to the root of block %v", hash)
	}
	// Repeating the last ids gives the same root (CVE-2012-2459).
	sorted := slices.SortedFunc(slices.Values(ids), func(a, b anchor.TxID) int { return slices.Compare(a[:], b[:]) })
	if len(slices.Compact(sorted)) != len(ids) {
		return header, nil, c.falsehood(call, "an id stands twice in block %v", hash)
	}
	return header, ids, nil
}

// holding is idsOf for a block that is said to hold a transaction.
func (c *client) holding(ctx context.Context, hash anchor.BlockHash, id anchor.TxID) (anchor.Header, []anchor.TxID, error) {
	header, ids, err := c.idsOf(ctx, hash)
	if err == nil && !slices.Contains(ids, id) {
		err = c.falsehood("block ids", "block %v does not hold %v", hash, id)
	}
	return header, ids, err
}

// tx returns a transaction after hashing it, or ErrNotFound.
func (c *client) tx(ctx context.Context, id anchor.TxID) (*tx, error) {
	return c.txWith(ctx, anchor.OutPoint{TxID: id})
}

// txWith returns the transaction that makes an output, which perhaps is unspent.
func (c *client) txWith(ctx context.Context, op anchor.OutPoint) (*tx, error) {
	const call = "transaction"
	id := op.TxID
	raw, err := c.ask.rawTx(ctx, id, op.Index)
	if err != nil {
		return nil, err
	}
	t, err := parseTx(raw)
	if err != nil {
		return nil, c.malformed(call, "%v", err)
	}
	if t.id != id {
		return nil, c.falsehood(call, "hashes to %v, asked for %v", t.id, id)
	}
	return t, nil
}

// Lookup says where a transaction is; anchor.ErrNotFound if neither in the memory pool
// nor in a block of the best chain. That a block holds it is checked by its ids.
func (c *client) Lookup(ctx context.Context, id anchor.TxID) (anchor.TxStatus, error) {
	t, err := c.ready(ctx)
	if err != nil {
		return anchor.TxStatus{}, err
	}
	p, err := c.locate(ctx, id)
	if err != nil {
		return anchor.TxStatus{}, err
	}
	if !p.inBlock {
		_, err := c.tx(ctx, id)
		return anchor.TxStatus{InMempool: err == nil}, err
	}
	if _, _, err := c.holding(ctx, p.block, id); err != nil {
		return anchor.TxStatus{}, err
	}
	// A block may have come since the tip was asked for.
	confirmations := max(1, anchor.Confirmations(t.height-p.height)+1)
	return anchor.TxStatus{Block: p.block, Height: p.height, Confirmations: confirmations}, nil
}

// locate asks where a transaction is and whether that block is in the best chain.
func (c *client) locate(ctx context.Context, id anchor.TxID) (place, error) {
	p, err := c.ask.locate(ctx, id)
	if err != nil || !p.inBlock {
		return p, err
	}
	hash, err := c.ask.hashAt(ctx, p.height)
	if err != nil {
		return p, err
	}
	if hash != p.block {
		return p, c.falsehood("transaction", "said to be in block %v at height %d, which is %v; ask again after a reorganisation", p.block, p.height, hash)
	}
	return p, nil
}

// ownTx reads a transaction that the caller wants to send.
func (c *client) ownTx(raw []byte) (*tx, error) {
	t, err := parseTx(raw)
	if err != nil || len(raw) > anchor.MaxTxSize {
		return nil, c.fail(CodeArgument, "", "%d bytes: %v", len(raw), errors.Join(err, errTx))
	}
	return t, nil
}

// rejected decides what a refusal means: nodes word "I have it" in many ways, and an
// input that is spent may be so by the very transaction. So the endpoint is asked for it.
func (c *client) rejected(ctx context.Context, id anchor.TxID, call string, cause error) error {
	if _, err := c.locate(ctx, id); err == nil {
		return anchor.ErrAlreadyKnown
	}
	return &Error{Code: CodeRejected, Endpoint: c.name, Call: call, Detail: "transaction " + id.String(), Err: cause}
}

// fallbackRate is what FeeRate answers without an estimate.
func (c *client) fallbackRate(call string) (anchor.FeeRate, error) {
	if c.rate > 0 {
		return c.rate, nil
	}
	return 0, c.fail(CodeNoFeeRate, call, "no estimate; configure a fallback fee rate")
}
