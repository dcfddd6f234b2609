package regtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

const (
	// maxPoolWeight is what transactions may weigh in a block; the rest of the 4,000,000
	// is left to header and coinbase.
	maxPoolWeight = 3_990_000

	firstSubsidy     = 50 * 100_000_000 // satoshis
	subsidyHalving   = 150              // blocks, on regtest
	blockVersion     = 0x20000000
	maxMine          = 100_000 // blocks in one call
	medianTimeBlocks = 11
)

// Mine makes n blocks that pay to an address and returns their hashes, lowest first. The
// first takes in what the pool holds, as far as there is room. Each block states the
// time at, in whole seconds, or the earliest later one that the rules allow. Equal
// calls on equal chains make equal blocks.
func (c *Chain) Mine(n int, payTo string, at time.Time) ([]anchor.BlockHash, error) {
	script, err := anchor.AddressScript(payTo, anchor.Regtest)
	if err != nil {
		return nil, err
	}
	if n < 0 || n > maxMine || at.Unix() < 0 || at.Unix() > 1<<32-1 {
		return nil, fmt.Errorf("regtest: cannot mine %d blocks at %v", n, at)
	}
	if err := c.enter(context.Background()); err != nil {
		return nil, err
	}
	defer c.mu.Unlock()
	var hashes []anchor.BlockHash
	var made []entry
	for range n {
		b, err := c.assemble(script, uint32(at.Unix()))
		if err == nil {
			err = c.connect(b)
		}
		if err != nil {
			// Cannot be: the pool holds only what fits the chain.
			c.broken = err
			return nil, err
		}
		c.mined++
		hashes = append(hashes, b.hash)
		made = append(made, entry{kind: entryBlock, data: blockBytes(b.msg)})
	}
	if n == 0 {
		return nil, nil
	}
	if err := c.commit(made...); err != nil {
		return nil, err
	}
	return hashes, nil
}

// assemble makes the next block and finds its nonce.
func (c *Chain) assemble(payTo []byte, at uint32) (*block, error) {
	height := c.tip() + 1
	msg := &wire.MsgBlock{Header: wire.BlockHeader{
		Version:   blockVersion,
		PrevBlock: chainhash.Hash(c.blocks[c.tip()].hash),
		Timestamp: time.Unix(int64(max(at, c.medianTime()+1)), 0),
		Bits:      anchor.Regtest.Params().PowLimitBits,
	}}
	txs, fees := c.choose()
	msg.Transactions = append([]*wire.MsgTx{c.coinbase(height, payTo, fees)}, txs...)
	if slices.ContainsFunc(txs, func(tx *wire.MsgTx) bool { return tx.HasWitness() }) {
		commitWitness(msg)
	}
	b := newBlock(msg)
	msg.Header.MerkleRoot = anchor.MerkleRoot(b.ids)
	for b.header().CheckWork(anchor.Regtest) != nil {
		if msg.Header.Nonce++; msg.Header.Nonce == 0 {
			return nil, errors.New("regtest: no nonce left")
		}
	}
	b.hash = b.header().Hash()
	return b, nil
}

// choose takes from the pool what fits, never a child without its parent.
func (c *Chain) choose() (txs []*wire.MsgTx, fees int64) {
	left := map[anchor.TxID]bool{}
	total := int64(0)
	for _, t := range c.pool.order {
		w := weight(t.tx)
		orphan := slices.ContainsFunc(t.tx.TxIn, func(in *wire.TxIn) bool {
			return left[anchor.TxID(in.PreviousOutPoint.Hash)]
		})
		if orphan || total+w > maxPoolWeight {
			left[t.id] = true
			continue
		}
		total += w
		fees += t.fee
		txs = append(txs, t.tx)
	}
	return txs, fees
}

func (c *Chain) coinbase(height anchor.Height, payTo []byte, fees int64) *wire.MsgTx {
	tx := wire.NewMsgTx(1)
	// The height (BIP34), then a number no other block of this chain has.
	script := append(anchor.CoinbaseHeight(height), txscript.OP_DATA_8)
	script = binary.BigEndian.AppendUint64(script, c.mined)
	tx.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: 1<<32 - 1},
		SignatureScript:  script,
		Sequence:         sequenceFinal,
	})
	tx.AddTxOut(&wire.TxOut{Value: subsidy(height) + fees, PkScript: payTo})
	return tx
}

func subsidy(h anchor.Height) int64 {
	if h/subsidyHalving >= 64 {
		return 0
	}
	return firstSubsidy >> (h / subsidyHalving)
}

// commitWitness adds the commitment to the witnesses (BIP141): the root over witness ids,
// with zeros for the coinbase, hashed with the coinbase's own witness.
func commitWitness(msg *wire.MsgBlock) {
	ids := make([]anchor.TxID, len(msg.Transactions))
	for i, tx := range msg.Transactions[1:] {
		ids[i+1] = anchor.TxID(tx.WitnessHash())
	}
	root := anchor.MerkleRoot(ids)
	var nonce [32]byte
	first := sha256.Sum256(append(root[:], nonce[:]...))
	commitment := sha256.Sum256(first[:])
	coinbase := msg.Transactions[0]
	coinbase.TxIn[0].Witness = wire.TxWitness{nonce[:]}
	script := append([]byte{txscript.OP_RETURN, txscript.OP_DATA_36, 0xaa, 0x21, 0xa9, 0xed}, commitment[:]...)
	coinbase.AddTxOut(&wire.TxOut{PkScript: script})
}

// medianTime returns the median time of the last eleven blocks, in Unix seconds.
func (c *Chain) medianTime() uint32 {
	var times []uint32
	for _, b := range c.blocks[max(0, len(c.blocks)-medianTimeBlocks):] {
		times = append(times, uint32(b.msg.Header.Timestamp.Unix()))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

func blockBytes(msg *wire.MsgBlock) []byte {
	var buf bytes.Buffer
	if err := msg.Serialize(&buf); err != nil {
		panic(err) // a Buffer does not fail
	}
	return buf.Bytes()
}
