package regtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// Reorg takes the highest depth blocks off the chain. Their transactions go back to the
// memory pool as far as they still fit; with them, those that wait there. Mining on makes
// other blocks than before. To lose a transaction for good, Evict it.
func (c *Chain) Reorg(depth int) error {
	if err := c.enter(context.Background()); err != nil {
		return err
	}
	defer c.mu.Unlock()
	if depth < 1 || depth > int(c.tip()) {
		return fmt.Errorf("regtest: cannot take %d of %d blocks off", depth, c.tip())
	}
	if err := c.commit(entry{kind: entryReorg, data: binary.BigEndian.AppendUint32(nil, uint32(depth))}); err != nil {
		return err
	}
	c.reorg(depth)
	return nil
}

func (c *Chain) reorg(depth int) {
	var txs []*wire.MsgTx // lowest block first, then the pool: parents before children
	for range depth {
		txs = slices.Concat(c.disconnect(), txs)
	}
	for _, t := range c.pool.order {
		txs = append(txs, t.tx)
	}
	c.pool = newPool()
	for _, tx := range txs {
		// What spends a coin of a lost block no longer fits, nor do its children.
		if t, evicted, err := c.admit(tx); err == nil {
			c.enterPool(t, evicted)
		}
	}
}

// Tip returns height and hash of the highest block.
func (c *Chain) Tip(ctx context.Context) (anchor.Height, anchor.BlockHash, error) {
	if err := c.enter(ctx); err != nil {
		return 0, anchor.BlockHash{}, err
	}
	defer c.mu.Unlock()
	return c.tip(), c.blocks[c.tip()].hash, nil
}
