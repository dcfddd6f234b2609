package anchor

import (
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// MaxPrevTxsSize bounds the previous transactions of one commitment together, in bytes.
const MaxPrevTxsSize = 8 << 20

// IssuingAddress returns the address whose key authorised the commitment: that of the
// output which input 0 spends.
//
// prevTxs holds the previous transaction of every input, in the order of the inputs (a
// transaction that two inputs spend from stands there twice), with or without witness. Each
// must hash to the id its input names. The script engine then runs every input by the
// rules for blocks. Those for relaying are stricter, but a miner need not keep them, and
// may rewrite a P2PKH input without the key (BIP62): the other form of the signature, idle
// pushes, longer ones. That changes the id and not what the key agreed to.
//
// Only P2PKH, P2WPKH and P2TR by key are judged, and every signature must commit to all
// inputs and outputs: SIGHASH_ALL, or DEFAULT for P2TR. Otherwise outputs could be
// exchanged under a signature that the issuer gave for something else.
//
// Codes: limit, malformed-transaction, previous-transaction, issuing-script, sighash,
// issuing-signature, network-mismatch.
func (c *Commitment) IssuingAddress(prevTxs [][]byte, net Network) (string, error) {
	if err := net.known(); err != nil {
		return "", err
	}
	outputs, err := c.previousOutputs(prevTxs)
	if err != nil {
		return "", err
	}
	if err := checkSpends(c.tx.msg, outputs, blockRules); err != nil {
		return "", err
	}
	return scriptAddress(outputs[0].PkScript, net)
}

// previousOutputs returns the output that each input spends.
func (c *Commitment) previousOutputs(prevTxs [][]byte) ([]*wire.TxOut, error) {
	if len(prevTxs) != len(c.Inputs) {
		return nil, refuse(CodePreviousTransaction, "prevTxs", "%d for %d inputs", len(prevTxs), len(c.Inputs))
	}
	outputs := make([]*wire.TxOut, len(prevTxs))
	size := 0
	for i, raw := range prevTxs {
		part := fmt.Sprintf("prevTxs/%d", i)
		if size += len(raw); size > MaxPrevTxsSize {
			return nil, refuse(CodeLimit, part, "previous transactions above %d bytes", MaxPrevTxsSize)
		}
		prev, err := parseTx(raw, part)
		if err != nil {
			return nil, err
		}
		want := c.Inputs[i]
		if prev.id != want.TxID {
			return nil, refuse(CodePreviousTransaction, part, "is %v, input spends %v", prev.id, want)
		}
		if uint64(want.Index) >= uint64(len(prev.msg.TxOut)) {
			return nil, refuse(CodePreviousTransaction, part, "has no output %d", want.Index)
		}
		outputs[i] = prev.msg.TxOut[want.Index]
	}
	return outputs, nil
}

const (
	// blockRules are the script rules that a block must keep today. What was mined before
	// one of them held, and breaks it, is refused.
	blockRules = txscript.ScriptBip16 | txscript.ScriptVerifyDERSignatures |
		txscript.ScriptVerifyCheckLockTimeVerify | txscript.ScriptVerifyCheckSequenceVerify |
		txscript.ScriptVerifyWitness | txscript.ScriptStrictMultiSig | txscript.ScriptVerifyTaproot
	// relayRules are those of nodes for what they pass on. What we make must keep them.
	relayRules = txscript.StandardVerifyFlags
)

// checkSpends runs every input of msg against the output it spends.
func checkSpends(msg *wire.MsgTx, outputs []*wire.TxOut, rules txscript.ScriptFlags) error {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range msg.TxIn {
		fetcher.AddPrevOut(in.PreviousOutPoint, outputs[i])
	}
	// Forms and hash types first: they bound the work of the engine.
	for i, in := range msg.TxIn {
		if err := checkSighash(in, outputs[i].PkScript, inputPart(i)); err != nil {
			return err
		}
	}
	hashes := txscript.NewTxSigHashes(msg, fetcher)
	for i, out := range outputs {
		engine, err := txscript.NewEngine(out.PkScript, msg, i, rules, nil, hashes, out.Value, fetcher)
		if err == nil {
			err = engine.Execute()
		}
		if err != nil {
			return refuse(CodeIssuingSignature, inputPart(i), "%v", err)
		}
	}
	return nil
}

func inputPart(i int) string { return fmt.Sprintf("tx/inputs/%d", i) }

// checkSighash finds the one signature of an input and refuses a hash type that does not
// commit to everything. In the forms allowed, no script can hold a second signature.
func checkSighash(in *wire.TxIn, script []byte, part string) error {
	sig, taproot, err := inputSignature(in, script, part)
	if err != nil {
		return err
	}
	if taproot && len(sig) == 64 {
		return nil // SIGHASH_DEFAULT, BIP341
	}
	if len(sig) == 0 {
		return refuse(CodeIssuingSignature, part, "empty signature")
	}
	if t := txscript.SigHashType(sig[len(sig)-1]); t != txscript.SigHashAll {
		return refuse(CodeSighash, part, "hash type %#02x does not commit to all inputs and outputs", byte(t))
	}
	return nil
}

func inputSignature(in *wire.TxIn, script []byte, part string) (sig []byte, taproot bool, err error) {
	unsigned := refuse(CodeIssuingSignature, part, "not a signature and its key")
	switch {
	case txscript.IsPayToPubKeyHash(script):
		pushes, ok := pushed(in.SignatureScript)
		if !ok {
			// A miner can do that to a spend that is good, so it is no sign of forgery.
			return nil, false, refuse(CodeIssuingScript, part, "P2PKH spent by a script that does more than push")
		}
		if len(pushes) < 2 {
			return nil, false, unsigned
		}
		// The script looks at the last two only. What was pushed before stays below.
		return pushes[len(pushes)-2], false, nil
	case txscript.IsPayToWitnessPubKeyHash(script):
		if len(in.Witness) != 2 {
			return nil, false, unsigned
		}
		return in.Witness[0], false, nil
	case txscript.IsPayToTaproot(script):
		switch len(in.Witness) {
		case 0:
			return nil, false, unsigned
		case 1:
			return in.Witness[0], true, nil
		}
		// A script path may hold any number of signatures, an annex means nothing yet.
		return nil, false, refuse(CodeIssuingScript, part, "P2TR spent otherwise than by its key")
	}
	return nil, false, refuse(CodeIssuingScript, part, "spends neither P2PKH nor P2WPKH nor P2TR")
}

// pushed returns what a script leaves on the stack if it does nothing but push data: one
// value for each opcode, nil for those that push a number. Another opcode could put any
// value where the signature is read, so a script with one is not judged.
func pushed(script []byte) (values [][]byte, ok bool) {
	if !txscript.IsPushOnlyScript(script) {
		return nil, false
	}
	for t := txscript.MakeScriptTokenizer(0, script); t.Next(); {
		values = append(values, t.Data())
	}
	return values, true
}

// scriptAddress returns the address of a script that checkSighash allowed.
func scriptAddress(script []byte, net Network) (string, error) {
	_, addrs, _, err := txscript.ExtractPkScriptAddrs(script, net.Params())
	if err != nil || len(addrs) != 1 {
		return "", refuse(CodeIssuingScript, inputPart(0), "no single address")
	}
	return addrs[0].EncodeAddress(), nil
}
