package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/certanchor/certanchor/anchor"
)

// A tx is what the clients need of a raw transaction. Package wire would first make room
// for as many inputs as the bytes claim there are, and an endpoint may claim anything;
// here every count is bounded by the bytes that are left.
type tx struct {
	id       anchor.TxID
	raw      []byte // as received
	stripped []byte // without witness; the id is its hash
	inputs   []anchor.OutPoint
	outputs  []output
}

type output struct {
	value  anchor.Sats
	script []byte
}

var errTx = errors.New("not one transaction in its canonical form")

// parseTx reads exactly one transaction.
func parseTx(raw []byte) (*tx, error) {
	r := &reader{rest: raw}
	t := r.tx()
	if r.failed || len(r.rest) != 0 {
		return nil, errTx
	}
	return t, nil
}

// A block is a header and its transactions.
type block struct {
	header anchor.Header
	txs    []*tx
}

func parseBlock(raw []byte) (*block, error) {
	r := &reader{rest: raw}
	b := &block{}
	copy(b.header[:], r.take(anchor.HeaderSize))
	for range r.count(minTxSize) {
		b.txs = append(b.txs, r.tx())
	}
	if r.failed || len(r.rest) != 0 || len(b.txs) == 0 {
		return nil, errors.New("not one block")
	}
	return b, nil
}

func (b *block) ids() []anchor.TxID {
	ids := make([]anchor.TxID, len(b.txs))
	for i, t := range b.txs {
		ids[i] = t.id
	}
	return ids
}

// coinbase reports whether t makes coins: one input, which spends nothing.
func (t *tx) coinbase() bool {
	return len(t.inputs) == 1 && t.inputs[0] == anchor.OutPoint{Index: 1<<32 - 1}
}

func (t *tx) spends(op anchor.OutPoint) bool {
	for _, in := range t.inputs {
		if in == op {
			return true
		}
	}
	return false
}

// The least bytes of an input, an output and a transaction.
const (
	minInputSize  = 32 + 4 + 1 + 4
	minOutputSize = 8 + 1
	minTxSize     = 4 + 1 + minInputSize + 1 + minOutputSize + 4
)

// A reader takes bytes from the front and fails for good at the first fault.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if r.failed || n > len(r.rest) {
		r.failed = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// count reads a CompactSize in its shortest form. It fails if that many items of size
// bytes at least are more than the bytes left, and returns 0 after a failure.
func (r *reader) count(size int) int {
	var n, least uint64
	switch b := r.take(1); {
	case b == nil:
		return 0
	case b[0] < 0xfd:
		n = uint64(b[0])
	case b[0] == 0xfd:
		n, least = r.uint(2), 0xfd
	case b[0] == 0xfe:
		n, least = r.uint(4), 1<<16
	default:
		n, least = r.uint(8), 1<<32
	}
	if r.failed || n < least || n > uint64(len(r.rest)/size) {
		r.failed = true
		return 0
	}
	return int(n)
}

// uint reads a little-endian number of n bytes.
func (r *reader) uint(n int) uint64 {
	var b [8]byte
	copy(b[:], r.take(n))
	return binary.LittleEndian.Uint64(b[:])
}

// tx reads a transaction, with witness (BIP144) or without.
func (r *reader) tx() *tx {
	all := r.rest
	t := &tx{}
	r.take(4) // version
	segwit := len(r.rest) > 1 && r.rest[0] == 0 && r.rest[1] == 1
	if segwit {
		r.take(2)
	}
	body := r.rest
	t.readInputs(r)
	t.readOutputs(r)
	body = body[:len(body)-len(r.rest)]
	if segwit && !r.witness(len(t.inputs)) {
		r.failed = true // a witness section that says nothing is not canonical (BIP144)
	}
	lockTime := r.take(4)
	if r.failed || len(t.inputs) == 0 || len(t.outputs) == 0 {
		r.failed = true
		return t
	}
	t.raw = all[:len(all)-len(r.rest)]
	t.stripped = bytes.Join([][]byte{all[:4], body, lockTime}, nil)
	t.id = doubleSHA256(t.stripped)
	return t
}

func (t *tx) readInputs(r *reader) {
	for range r.count(minInputSize) {
		var op anchor.OutPoint
		copy(op.TxID[:], r.take(32))
		op.Index = uint32(r.uint(4))
		r.take(r.count(1))
		r.take(4)
		t.inputs = append(t.inputs, op)
	}
}

func (t *tx) readOutputs(r *reader) {
	for range r.count(minOutputSize) {
		value := anchor.Sats(r.uint(8))
		t.outputs = append(t.outputs, output{value, r.take(r.count(1))})
	}
}

// witness skips the stacks of n inputs and reports whether any holds something.
func (r *reader) witness(n int) (some bool) {
	for range n {
		for range r.count(1) {
			some = true
			r.take(r.count(1))
		}
	}
	return some
}

func doubleSHA256(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
