package regtest

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// connect puts b on top of the chain and takes its transactions out of the pool. Scripts
// were run when the transactions entered the pool.
func (c *Chain) connect(b *block) error {
	height := c.tip() + 1
	if prev := c.blocks[height-1].hash; anchor.BlockHash(b.msg.Header.PrevBlock) != prev {
		return fmt.Errorf("regtest: block %d does not follow %v", height, prev)
	}
	for i, tx := range b.msg.Transactions {
		if err := c.apply(b, i, tx, height); err != nil {
			return err
		}
	}
	c.blocks = append(c.blocks, b)
	for _, id := range b.ids {
		c.pool.remove(id)
	}
	return nil
}

func (c *Chain) apply(b *block, i int, tx *wire.MsgTx, height anchor.Height) error {
	id := b.ids[i]
	if i > 0 {
		for _, in := range tx.TxIn {
			op := outPoint(in.PreviousOutPoint)
			u, ok := c.utxos[op]
			if !ok {
				return fmt.Errorf("regtest: block %d spends %v, which is not there", height, op)
			}
			b.undo = append(b.undo, u)
			c.drop(u)
			c.spent[op] = id
		}
	}
	c.places[id] = place{height, i}
	for n, out := range tx.TxOut {
		op := anchor.OutPoint{TxID: id, Index: uint32(n)}
		if !unspendable(out.PkScript) {
			c.add(utxo{out: out, op: op, height: height, coinbase: i == 0})
		}
	}
	return nil
}

// disconnect takes the tip off and returns its transactions without the coinbase.
func (c *Chain) disconnect() []*wire.MsgTx {
	b := c.blocks[c.tip()]
	c.blocks = c.blocks[:c.tip()]
	undo := b.undo
	for i := len(b.msg.Transactions) - 1; i >= 0; i-- {
		tx, id := b.msg.Transactions[i], b.ids[i]
		for n := range tx.TxOut {
			if u, ok := c.utxos[anchor.OutPoint{TxID: id, Index: uint32(n)}]; ok {
				c.drop(u)
			}
		}
		delete(c.places, id)
		if i == 0 {
			continue
		}
		for range tx.TxIn {
			u := undo[len(undo)-1]
			undo = undo[:len(undo)-1]
			delete(c.spent, u.op)
			c.add(u)
		}
	}
	return b.msg.Transactions[1:]
}

func (c *Chain) add(u utxo) {
	c.utxos[u.op] = u
	owner := string(u.out.PkScript)
	if c.byOwner[owner] == nil {
		c.byOwner[owner] = make(map[anchor.OutPoint]struct{})
	}
	c.byOwner[owner][u.op] = struct{}{}
}

func (c *Chain) drop(u utxo) {
	delete(c.utxos, u.op)
	owner := string(u.out.PkScript)
	delete(c.byOwner[owner], u.op)
	if len(c.byOwner[owner]) == 0 {
		delete(c.byOwner, owner)
	}
}

// tx returns a transaction of a block.
func (c *Chain) tx(p place) *wire.MsgTx { return c.blocks[p.height].msg.Transactions[p.index] }

func serialize(tx *wire.MsgTx) []byte {
	var buf bytes.Buffer
	if err := tx.Serialize(&buf); err != nil {
		panic(err) // a Buffer does not fail
	}
	return buf.Bytes()
}

func headerBytes(h *wire.BlockHeader) []byte {
	var buf bytes.Buffer
	if err := h.Serialize(&buf); err != nil {
		panic(err) // a Buffer does not fail
	}
	return buf.Bytes()
}
