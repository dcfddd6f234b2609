package anchor_test

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// BenchmarkLargestCommitment runs what the limits allow at most: 256 legacy inputs, each
// of which hashes all of 400 kB.
func BenchmarkLargestCommitment(b *testing.B) {
	key, script := testKey("issuer"), payTo(b, testKey("issuer"), anchor.ProfileBlockcerts)
	tx := wire.NewMsgTx(2)
	var prev [][]byte
	for i := range anchor.MaxInputs {
		p := wire.NewMsgTx(2)
		p.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}, Index: uint32(i)}})
		p.AddTxOut(&wire.TxOut{Value: 1000, PkScript: script})
		prev = append(prev, encode(b, p))
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: p.TxHash()}})
	}
	for range 35 {
		tx.AddTxOut(&wire.TxOut{PkScript: bytes.Repeat([]byte{txscript.OP_1}, 10_000)})
	}
	tx.AddTxOut(&wire.TxOut{PkScript: append([]byte{0x6a, 0x20}, make([]byte, 32)...)})
	for i := range tx.TxIn {
		sig, err := txscript.SignatureScript(tx, i, script, txscript.SigHashAll, key, true)
		if err != nil {
			b.Fatal(err)
		}
		tx.TxIn[i].SignatureScript = sig
	}
	raw := encode(b, tx)
	for b.Loop() {
		c, err := anchor.ParseCommitment(raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.IssuingAddress(prev, anchor.Regtest); err != nil {
			b.Fatal(err)
		}
	}
}
