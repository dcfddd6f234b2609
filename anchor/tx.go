package anchor

import (
	"bytes"
	"encoding/binary"

	"github.com/btcsuite/btcd/wire/v2"
)

// MaxTxSize bounds a raw transaction, in bytes. It is the largest that nodes relay
// (400,000 weight units), so no anchor sent by ordinary means is above it.
const MaxTxSize = 400_000

// ambiguousSize is the size of two hashes: a transaction of that many bytes without
// witness could also be read as an inner node of a block's tree.
const ambiguousSize = 64

// A transaction holds what the checks need of a parsed transaction.
type transaction struct {
	msg      *wire.MsgTx
	id       TxID
	stripped int // bytes without witness
}

// parseTx reads exactly one transaction. Beyond what wire refuses, counts are bounded by
// the bytes that are left before anything is allocated, and the bytes must be what the
// parsed transaction serializes to: no trailing bytes, no empty witness section.
func parseTx(raw []byte, part string) (*transaction, error) {
	if len(raw) > MaxTxSize {
		return nil, refuse(CodeLimit, part, "%d bytes, limit %d", len(raw), MaxTxSize)
	}
	if !plausibleTx(raw) {
		return nil, refuse(CodeMalformedTransaction, part, "lengths do not add up")
	}
	msg := new(wire.MsgTx)
	if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, refuse(CodeMalformedTransaction, part, "%v", err)
	}
	if len(msg.TxIn) == 0 || len(msg.TxOut) == 0 {
		return nil, refuse(CodeMalformedTransaction, part, "no inputs or no outputs")
	}
	if !bytes.Equal(serializeTx(msg), raw) {
		return nil, refuse(CodeMalformedTransaction, part, "not the canonical serialization")
	}
	return &transaction{msg: msg, id: TxID(msg.TxHash()), stripped: msg.SerializeSizeStripped()}, nil
}

func serializeTx(msg *wire.MsgTx) []byte {
	var buf bytes.Buffer
	buf.Grow(msg.SerializeSize())
	if err := msg.Serialize(&buf); err != nil {
		panic(err) // a Buffer does not fail
	}
	return buf.Bytes()
}

// stripTx returns the serialization without witness, the one that the id is the hash of.
func stripTx(msg *wire.MsgTx) []byte {
	var buf bytes.Buffer
	buf.Grow(msg.SerializeSizeStripped())
	if err := msg.SerializeNoWitness(&buf); err != nil {
		panic(err) // a Buffer does not fail
	}
	return buf.Bytes()
}

// isCoinbase reports whether tx has one input and it spends nothing.
func (t *transaction) isCoinbase() bool {
	return len(t.msg.TxIn) == 1 && isNull(t.msg.TxIn[0].PreviousOutPoint)
}

func isNull(o wire.OutPoint) bool { return o.Index == 1<<32-1 && o.Hash == [32]byte{} }

// plausibleTx walks the lengths of a transaction without allocating.
func plausibleTx(raw []byte) bool {
	c := &cursor{rest: raw}
	c.skip(4) // version
	inputs := c.count(41)
	segwit := inputs == 0 && len(c.rest) > 0 && c.rest[0] == 1
	if segwit {
		c.skip(1)
		inputs = c.count(41)
	}
	for range inputs {
		c.skip(36)
		c.skip(c.count(1))
		c.skip(4)
	}
	for range c.count(9) {
		c.skip(8)
		c.skip(c.count(1))
	}
	if segwit {
		for range inputs {
			for range c.count(1) {
				c.skip(c.count(1))
			}
		}
	}
	c.skip(4) // lock time
	return !c.failed && len(c.rest) == 0
}

// A cursor reads lengths and fails for good at the first that is wrong.
type cursor struct {
	rest   []byte
	failed bool
}

// take returns the next n bytes, or nil after a failure.
func (c *cursor) take(n int) []byte {
	if c.failed || n > len(c.rest) {
		c.failed = true
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) skip(n int) { c.take(n) }

// count reads a CompactSize in its shortest form. It fails if that many items of
// size bytes at least are more than the bytes left, and returns 0 after a failure.
func (c *cursor) count(size int) int {
	var n, least uint64
	switch b := c.take(1); {
	case b == nil:
		return 0
	case b[0] < 0xfd:
		n = uint64(b[0])
	case b[0] == 0xfd:
		n, least = c.uint(2), 0xfd
	case b[0] == 0xfe:
		n, least = c.uint(4), 1<<16
	default:
		n, least = c.uint(8), 1<<32
	}
	if c.failed || n < least || n > uint64(len(c.rest)/size) {
		c.failed = true
		return 0
	}
	return int(n)
}

// uint reads a little-endian number of n bytes.
func (c *cursor) uint(n int) uint64 {
	var b [8]byte
	copy(b[:], c.take(n))
	return binary.LittleEndian.Uint64(b[:])
}
