package anchor

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// A Child is a transaction, not signed yet, that spends the change of another one that
// waits and pays for both, so that a miner who wants the child takes the parent with it.
type Child struct {
	Raw    []byte // serialization with empty scripts
	Parent TxID
	Coin   Coin  // the parent's change
	Fee    Sats  // of the child alone
	Total  Sats  // of parent and child
	VSize  int64 // virtual bytes of the child once signed, at most
}

// BuildChild builds a child that lifts parent, a signed transaction whose inputs are all
// among coins, to rate: both fees over both sizes. It spends the parent's change and pays
// the rest back to the same address. feeCap bounds both fees together. Equal arguments
// give equal bytes.
//
// Every input of the parent must be P2WPKH or P2TR. The id of a P2PKH spend can be changed
// by others while it waits, and a child of the old id would never confirm.
//
// Errors: *InsufficientFundsError, *FeeAboveCapError; codes build, limit,
// malformed-transaction, previous-transaction, network-mismatch.
func BuildChild(parent []byte, coins []Coin, change string, rate FeeRate, feeCap Sats, net Network) (*Child, error) {
	const part = "parent"
	script, err := AddressScript(change, net)
	if err != nil {
		return nil, err
	}
	if rate <= 0 || rate > maxMoney {
		return nil, refuse(CodeBuild, "rate", "%d sats per 1,000 virtual bytes", rate)
	}
	tx, err := parseTx(parent, part)
	if err != nil {
		return nil, err
	}
	paid, err := feePaid(tx, coins)
	if err != nil {
		return nil, err
	}
	for i, in := range tx.msg.TxIn {
		if len(in.SignatureScript) > 0 || len(in.Witness) == 0 {
			return nil, refuse(CodeBuild, part, "input %d is not P2WPKH or P2TR, so others can change the id; replace the transaction instead", i)
		}
	}
	c := &Child{Parent: tx.id}
	if c.Coin, err = changeOf(tx, parent, script); err != nil {
		return nil, err
	}
	weight, err := inputWeight(script, "change")
	if err != nil {
		return nil, err
	}
	if !txscript.IsWitnessProgram(script) {
		return nil, refuse(CodeBuild, "change", "is not P2WPKH or P2TR, so others could change the child's id")
	}
	out := &wire.TxOut{PkScript: script}
	c.VSize = vsize(baseWeight + weight + 4*int64(out.SerializeSize()))
	parentSize := vsize(int64(3*tx.stripped + len(parent)))
	c.Total = (Sats(rate)*Sats(parentSize+c.VSize) + 999) / 1000
	c.Fee = c.Total - paid
	if least := Sats(c.VSize); c.Fee < least { // a satoshi for a byte, the least that nodes relay
		return nil, refuse(CodeBuild, "rate", "the transaction pays %d sats for %d bytes already; ask for a higher rate, or wait", paid, parentSize)
	}
	if c.Total > feeCap {
		return nil, &FeeAboveCapError{Fee: c.Total, Cap: feeCap}
	}
	rest := c.Coin.Value - c.Fee
	if least := dust(script); rest < least {
		return nil, &InsufficientFundsError{Have: c.Coin.Value, Need: c.Fee + least, Missing: least - rest}
	}
	out.Value = int64(rest)
	c.Raw = childBytes(c.Coin.OutPoint, out)
	return c, nil
}

// feePaid returns what a transaction pays, by the coins that it spends.
func feePaid(tx *transaction, coins []Coin) (Sats, error) {
	inputs, err := spends(tx, "parent")
	if err != nil {
		return 0, err
	}
	outputs, err := coinOutputs(inputs, coins)
	if err != nil {
		return 0, err
	}
	var paid Sats
	for _, o := range outputs {
		paid += Sats(o.Value)
	}
	for _, o := range tx.msg.TxOut {
		paid -= Sats(o.Value)
	}
	if paid < 0 {
		return 0, refuse(CodeBuild, "parent", "pays out more than it spends")
	}
	return paid, nil
}

// changeOf returns the first output that pays to script.
func changeOf(tx *transaction, raw, script []byte) (Coin, error) {
	for i, o := range tx.msg.TxOut {
		if bytes.Equal(o.PkScript, script) {
			return Coin{OutPoint: OutPoint{TxID: tx.id, Index: uint32(i)}, Value: Sats(o.Value), PrevTx: raw}, nil
		}
	}
	return Coin{}, refuse(CodeBuild, "parent", "has no change that a child could spend; replace the transaction instead")
}

func childBytes(op OutPoint, out *wire.TxOut) []byte {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Hash: chainhash.Hash(op.TxID), Index: op.Index},
		Sequence:         sequenceRBF,
	})
	tx.AddTxOut(out)
	return serializeTx(tx)
}

// SignChild signs c and returns the raw transaction and its id. What is signed is checked
// again: one input, the parent's change, and one output, to the signer's own key. With a
// signer that is deterministic, equal arguments give equal bytes. Codes: build,
// malformed-transaction, previous-transaction, issuing-signature.
func SignChild(c *Child, signer Signer) ([]byte, TxID, error) {
	tx, err := parseTx(c.Raw, "child")
	if err != nil {
		return nil, TxID{}, err
	}
	inputs, err := spends(tx, "child")
	if err != nil {
		return nil, TxID{}, err
	}
	own := &inputSigner{msg: tx.msg, signer: signer}
	if len(inputs) != 1 || inputs[0] != c.Coin.OutPoint || len(tx.msg.TxOut) != 1 || !own.owns(tx.msg.TxOut[0].PkScript) {
		return nil, TxID{}, refuse(CodeBuild, "child", "does not pay the parent's change back to the key")
	}
	if fee := c.Coin.Value - Sats(tx.msg.TxOut[0].Value); fee != c.Fee {
		return nil, TxID{}, refuse(CodeBuild, "child", "pays %d sats, not %d", fee, c.Fee)
	}
	raw, err := signAll(tx.msg, inputs, []Coin{c.Coin}, signer)
	if err != nil {
		return nil, TxID{}, fmt.Errorf("child: %w", err)
	}
	return raw, tx.id, nil
}
