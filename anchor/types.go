package anchor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A TxID names a transaction. Its bytes are in the order of the hash function;
// String prints them reversed, as explorers do. ParseTxID reads the printed form.
type TxID [32]byte

// A BlockHash names a block. Byte order as for TxID.
type BlockHash [32]byte

// Sats counts satoshis. FeeRate is satoshis per 1,000 virtual bytes.
// There is no conversion from floating point.
type Sats int64

// FeeRate is satoshis per 1,000 virtual bytes.
type FeeRate int64

// Confirmations counts the block that holds the transaction as 1. Zero means
// it is not in a block.
type Confirmations int32

// Height is the number of blocks below a block; the genesis block has height 0.
type Height int32

// An OutPoint names one output of a transaction. Its text form is "txid:index".
type OutPoint struct {
	TxID  TxID
	Index uint32
}

// TxStatus is what a chain knows of a transaction. The zero value means neither in the
// memory pool nor in a block; chains answer that case with ErrNotFound instead.
type TxStatus struct {
	InMempool     bool
	Block         BlockHash     // zero while in the memory pool
	Height        Height        // of Block
	Confirmations Confirmations // 0 while in the memory pool
}

var (
	// ErrNotFound says that a chain was asked and does not know the transaction.
	// Any other error means that it could not be asked.
	ErrNotFound = errors.New("anchor: transaction not found")

	// ErrAlreadyKnown says that a transaction sent was in the memory pool or in a
	// block already. To the sender that is success.
	ErrAlreadyKnown = errors.New("anchor: transaction already known")
)

// ParseTxID reads the printed form: 64 lower-case hex digits, bytes reversed.
func ParseTxID(s string) (TxID, error) {
	b, err := parseReversed(s)
	if err != nil {
		return TxID{}, fmt.Errorf("anchor: transaction id: %w", err)
	}
	return b, nil
}

// ParseBlockHash reads the printed form: 64 lower-case hex digits, bytes reversed.
func ParseBlockHash(s string) (BlockHash, error) {
	b, err := parseReversed(s)
	if err != nil {
		return BlockHash{}, fmt.Errorf("anchor: block hash: %w", err)
	}
	return b, nil
}

// String returns the printed form, bytes reversed.
func (id TxID) String() string { return reversed(id) }

// String returns the printed form, bytes reversed.
func (h BlockHash) String() string { return reversed(h) }

// MarshalText writes the printed form.
func (id TxID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText writes the printed form.
func (h BlockHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what ParseTxID reads.
func (id *TxID) UnmarshalText(text []byte) error {
	v, err := ParseTxID(string(text))
	if err == nil {
		*id = v
	}
	return err
}

// UnmarshalText reads what ParseBlockHash reads.
func (h *BlockHash) UnmarshalText(text []byte) error {
	v, err := ParseBlockHash(string(text))
	if err == nil {
		*h = v
	}
	return err
}

// ParseOutPoint reads "txid:index", index in decimal without leading zeros.
func ParseOutPoint(s string) (OutPoint, error) {
	id, index, ok := strings.Cut(s, ":")
	if !ok {
		return OutPoint{}, errors.New("anchor: output: want txid:index")
	}
	txid, err := ParseTxID(id)
	if err != nil {
		return OutPoint{}, err
	}
	n, err := strconv.ParseUint(index, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != index {
		return OutPoint{}, errors.New("anchor: output: bad index")
	}
	return OutPoint{TxID: txid, Index: uint32(n)}, nil
}

// String returns "txid:index".
func (o OutPoint) String() string {
	return o.TxID.String() + ":" + strconv.FormatUint(uint64(o.Index), 10)
}

// MarshalText writes "txid:index".
func (o OutPoint) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what ParseOutPoint reads.
func (o *OutPoint) UnmarshalText(text []byte) error {
	v, err := ParseOutPoint(string(text))
	if err == nil {
		*o = v
	}
	return err
}

// Compare orders outpoints by id bytes, then index.
func (o OutPoint) Compare(p OutPoint) int {
	if c := slices.Compare(o.TxID[:], p.TxID[:]); c != 0 {
		return c
	}
	return int(int64(o.Index) - int64(p.Index))
}

func parseReversed(s string) (b [32]byte, err error) {
	if len(s) != 64 || strings.ToLower(s) != s {
		return b, errors.New("want 64 lower-case hex digits")
	}
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return b, errors.New("want 64 lower-case hex digits")
	}
	slices.Reverse(b[:])
	return b, nil
}

func reversed(b [32]byte) string {
	slices.Reverse(b[:])
	return hex.EncodeToString(b[:])
}

// doubleSHA256 is the hash of transactions, headers and tree nodes.
func doubleSHA256(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
