package anchor_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// virtual returns the size that fee rates count.
func virtual(tx *wire.MsgTx) int64 {
	return (int64(3*tx.SerializeSizeStripped()+tx.SerializeSize()) + 3) / 4
}

// TestChild: parent and child together pay the rate asked for, the node takes the child,
// and one block takes both.
func TestChild(t *testing.T) {
	for _, p := range []anchor.Profile{anchor.ProfileSegwit, anchor.ProfileTaproot} {
		t.Run(string(p), func(t *testing.T) {
			w := newWorld(t, p)
			parent := w.signed([32]byte{1}, w.coins())
			coins := w.coins()
			if err := w.chain.Broadcast(t.Context(), parent); err != nil {
				t.Fatal(err)
			}
			var child anchor.TxID
			for _, rate := range []anchor.FeeRate{5_000, 20_001, 99_999} {
				c, err := anchor.BuildChild(parent, coins, w.address, rate, 100_000, anchor.Regtest)
				if err != nil {
					t.Fatal(err)
				}
				raw, id, err := anchor.SignChild(c, anchor.NewKeySigner(w.key))
				if err != nil {
					t.Fatal(err)
				}
				tx, p := decode(t, raw), decode(t, parent)
				var in int64
				for _, o := range coins {
					if o.OutPoint.TxID == anchor.TxID(p.TxIn[0].PreviousOutPoint.Hash) {
						in += int64(o.Value)
					}
				}
				fees := in - tx.TxOut[0].Value // all that goes in but what comes out at the end
				size := virtual(p) + virtual(tx)
				if fees != int64(c.Total) || fees*1000 < int64(rate)*size || fees*1000 > int64(rate)*(size+2)+1000 {
					t.Errorf("rate %d: %d sats for %d virtual bytes, said %d", rate, fees, size, c.Total)
				}
				if anchor.TxID(tx.TxHash()) != id || c.Parent != anchor.TxID(p.TxHash()) || len(tx.TxOut) != 1 || !bytes.Equal(tx.TxOut[0].PkScript, p.TxOut[0].PkScript) {
					t.Errorf("child %v of %v pays %v", id, c.Parent, tx.TxOut)
				}
				if err := w.chain.Broadcast(t.Context(), raw); err != nil { // each replaces the one before
					t.Fatal(err)
				}
				child = id
				again, _, err := anchor.SignChild(c, anchor.NewKeySigner(w.key))
				if err != nil || !bytes.Equal(again, raw) {
					t.Errorf("signed again: other bytes (%v)", err)
				}
			}
			w.mine(1)
			s, err := w.chain.Lookup(t.Context(), anchor.TxID(decode(t, parent).TxHash()))
			c, err2 := w.chain.Lookup(t.Context(), child)
			if err != nil || err2 != nil || s.Confirmations != 1 || c.Block != s.Block {
				t.Errorf("parent %+v (%v), child %+v (%v)", s, err, c, err2)
			}
		})
	}
}

// TestChildRefused bends what a child is built from.
func TestChildRefused(t *testing.T) {
	legacy, w := newWorld(t, anchor.ProfileBlockcerts), newWorld(t, anchor.ProfileSegwit)
	parent, coins := w.signed([32]byte{1}, w.coins()), w.coins()
	build := func(parent []byte, coins []anchor.Coin, address string, rate anchor.FeeRate, feeCap anchor.Sats) error {
		_, err := anchor.BuildChild(parent, coins, address, rate, feeCap, anchor.Regtest)
		return err
	}
	wantCode(t, build(legacy.signed([32]byte{1}, legacy.coins()), legacy.coins(), legacy.address, 20_000, 100_000), anchor.CodeBuild)
	wantCode(t, build(parent, nil, w.address, 20_000, 100_000), anchor.CodeBuild)
	wantCode(t, build(parent, coins, w.address, 0, 100_000), anchor.CodeBuild)
	wantCode(t, build(parent[:50], coins, w.address, 20_000, 100_000), anchor.CodeMalformedTransaction)
	wantCode(t, build(parent, coins, legacy.address, 20_000, 100_000), anchor.CodeBuild) // no such output
	wantCode(t, build(parent, coins, w.address, 1000, 100_000), anchor.CodeBuild)        // it pays that already
	var dear *anchor.FeeAboveCapError
	if err := build(parent, coins, w.address, 20_000, 2_000); !errors.As(err, &dear) || dear.Fee <= 2_000 {
		t.Errorf("above the cap: %v", err)
	}
	var poor *anchor.InsufficientFundsError
	if err := build(parent, coins, w.address, 40_000_000_000, 1<<50); !errors.As(err, &poor) || poor.Missing <= 0 {
		t.Errorf("above the change: %v", err)
	}
	bent := decode(t, parent)
	bent.TxIn[0].SignatureScript = []byte{txscript.OP_0}
	wantCode(t, build(encode(t, bent), coins, w.address, 20_000, 100_000), anchor.CodeBuild)

	c, err := anchor.BuildChild(parent, coins, w.address, 20_000, 100_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = anchor.SignChild(c, anchor.NewKeySigner(testKey("stranger")))
	wantCode(t, err, anchor.CodeBuild)
	for name, bend := range map[string]func(tx *wire.MsgTx){
		"another-output": func(tx *wire.MsgTx) { tx.AddTxOut(&wire.TxOut{PkScript: tx.TxOut[0].PkScript}) },
		"pays-elsewhere": func(tx *wire.MsgTx) {
			tx.TxOut[0].PkScript = payTo(t, testKey("stranger"), anchor.ProfileSegwit)
		},
		"another-fee":   func(tx *wire.MsgTx) { tx.TxOut[0].Value-- },
		"another-coin":  func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Index++ },
		"a-second-coin": func(tx *wire.MsgTx) { tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1}}) },
	} {
		tx := decode(t, c.Raw)
		bend(tx)
		other := *c
		other.Raw = encode(t, tx)
		if _, _, err := anchor.SignChild(&other, anchor.NewKeySigner(w.key)); anchor.CodeOf(err) != anchor.CodeBuild {
			t.Errorf("%s: %v", name, err)
		}
	}
}
