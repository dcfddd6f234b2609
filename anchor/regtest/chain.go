package regtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// CoinbaseMaturity is the number of blocks, its own included, after which a newly made
// coin can be in a block on top.
const CoinbaseMaturity = 100

// MinRelayFee is the rate below which a transaction is not taken, and the one that
// FeeRate answers.
const MinRelayFee anchor.FeeRate = 1000

// A Chain is a private Bitcoin. Calls are safe for concurrent use.
type Chain struct {
	mu     sync.Mutex
	file   *file // nil in memory
	broken error // the first failed write; the file no longer has what memory has

	blocks  []*block // by height
	utxos   map[anchor.OutPoint]utxo
	places  map[anchor.TxID]place                   // transactions in blocks
	spent   map[anchor.OutPoint]anchor.TxID         // by transactions in blocks
	byOwner map[string]map[anchor.OutPoint]struct{} // utxos by script
	pool    *pool
	mined   uint64 // blocks ever made; keeps blocks of two branches apart
}

type block struct {
	msg  *wire.MsgBlock
	hash anchor.BlockHash
	ids  []anchor.TxID
	undo []utxo // outputs that the block spent, in the order of its inputs
}

func (b *block) header() anchor.Header { return anchor.Header(headerBytes(&b.msg.Header)) }

type utxo struct {
	out      *wire.TxOut
	op       anchor.OutPoint
	height   anchor.Height
	coinbase bool
}

type place struct {
	height anchor.Height
	index  int
}

// New returns a chain in memory that holds the genesis block.
func New() *Chain {
	genesis := anchor.Regtest.Params().GenesisBlock
	c := &Chain{
		utxos:   make(map[anchor.OutPoint]utxo),
		places:  make(map[anchor.TxID]place),
		spent:   make(map[anchor.OutPoint]anchor.TxID),
		byOwner: make(map[string]map[anchor.OutPoint]struct{}),
		pool:    newPool(),
	}
	// The genesis coinbase cannot be spent, by the rules of every network.
	b := newBlock(genesis)
	c.blocks = []*block{b}
	c.places[b.ids[0]] = place{}
	return c
}

// ErrClosed says that a chain was used after Close.
var ErrClosed = errors.New("regtest: chain is closed")

// Close releases the file and its lock. Nothing is lost without it.
func (c *Chain) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil || errors.Is(c.broken, ErrClosed) {
		return nil
	}
	c.broken = ErrClosed
	return c.file.close()
}

// Network returns anchor.Regtest.
func (c *Chain) Network() anchor.Network { return anchor.Regtest }

// enter locks the chain for one call; leave with c.mu.Unlock if it returns nil.
func (c *Chain) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	if c.broken != nil {
		c.mu.Unlock()
		return c.broken
	}
	return nil
}

func (c *Chain) tip() anchor.Height { return anchor.Height(len(c.blocks) - 1) }

// commit writes what is about to be, or has just been, done in memory. If that fails, the
// chain refuses every later call: only the file can tell what happened, so open it anew.
func (c *Chain) commit(e ...entry) error {
	if c.file == nil {
		return nil
	}
	if err := c.file.append(e); err != nil {
		c.broken = fmt.Errorf("regtest: a write failed, open the chain again: %w", err)
		return c.broken
	}
	return nil
}

func newBlock(msg *wire.MsgBlock) *block {
	b := &block{msg: msg}
	b.hash = b.header().Hash()
	for _, tx := range msg.Transactions {
		b.ids = append(b.ids, anchor.TxID(tx.TxHash()))
	}
	return b
}

func outPoint(o wire.OutPoint) anchor.OutPoint {
	return anchor.OutPoint{TxID: anchor.TxID(o.Hash), Index: o.Index}
}
