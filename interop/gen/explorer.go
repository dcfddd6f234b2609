package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// The answer of an Esplora server to GET /tx/:txid, as its public API describes it.
type (
	esploraTx struct {
		TxID     string        `json:"txid"`
		Version  int32         `json:"version"`
		LockTime uint32        `json:"locktime"`
		Vin      []esploraIn   `json:"vin"`
		Vout     []esploraOut  `json:"vout"`
		Size     int           `json:"size"`
		Weight   int           `json:"weight"`
		Fee      int64         `json:"fee"`
		Status   esploraStatus `json:"status"`
	}
	esploraIn struct {
		TxID         string     `json:"txid"`
		Vout         uint32     `json:"vout"`
		Prevout      esploraOut `json:"prevout"`
		ScriptSig    string     `json:"scriptsig"`
		Witness      []string   `json:"witness,omitempty"`
		ScriptSigAsm string     `json:"scriptsig_asm"`
		IsCoinbase   bool       `json:"is_coinbase"`
		Sequence     uint32     `json:"sequence"`
	}
	esploraOut struct {
		Script  string `json:"scriptpubkey"`
		Asm     string `json:"scriptpubkey_asm"`
		Type    string `json:"scriptpubkey_type"`
		Address string `json:"scriptpubkey_address,omitempty"`
		Value   int64  `json:"value"`
	}
	esploraStatus struct {
		Confirmed   bool   `json:"confirmed"`
		BlockHeight int32  `json:"block_height"`
		BlockHash   string `json:"block_hash"`
		BlockTime   int64  `json:"block_time"`
	}
)

// explorerAnswer writes what an explorer would say of a transaction, computed from the
// transaction, its previous transactions and its block. It returns the block's time.
func explorerAnswer(ctx context.Context, chain relabelled, id anchor.TxID, file string) (time.Time, error) {
	ev, err := chain.Evidence(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	in, err := anchor.CheckInclusion(ev, id, chain.Chain.Network())
	if err != nil {
		return time.Time{}, err
	}
	tx, err := readTx(ev.Tx)
	if err != nil {
		return time.Time{}, err
	}
	// A header is version 4, previous 32, root 32, time 4, bits 4, nonce 4 bytes.
	at := time.Unix(int64(binary.LittleEndian.Uint32(in.Header[68:72])), 0).UTC()
	answer := esploraTx{
		TxID: id.String(), Version: tx.Version, LockTime: tx.LockTime,
		Size: tx.SerializeSize(), Weight: 3*tx.SerializeSizeStripped() + tx.SerializeSize(),
		Status: esploraStatus{true, int32(in.Height), in.BlockHash.String(), at.Unix()},
	}
	for i, txIn := range tx.TxIn {
		vin, err := explorerInput(txIn, ev.PrevTxs[i])
		if err != nil {
			return time.Time{}, err
		}
		answer.Vin = append(answer.Vin, vin)
		answer.Fee += vin.Prevout.Value
	}
	for _, out := range tx.TxOut {
		vout, err := explorerOutput(out)
		if err != nil {
			return time.Time{}, err
		}
		answer.Vout = append(answer.Vout, vout)
		answer.Fee -= out.Value
	}
	return at, writeJSON(file, answer)
}

func readTx(raw []byte) (*wire.MsgTx, error) {
	var tx wire.MsgTx
	return &tx, tx.Deserialize(bytes.NewReader(raw))
}

func explorerInput(in *wire.TxIn, prevRaw []byte) (esploraIn, error) {
	prev, err := readTx(prevRaw)
	if err != nil {
		return esploraIn{}, err
	}
	op := in.PreviousOutPoint
	if prev.TxHash() != op.Hash || int(op.Index) >= len(prev.TxOut) {
		return esploraIn{}, fmt.Errorf("the previous transaction does not make %v", op)
	}
	out, err := explorerOutput(prev.TxOut[op.Index])
	if err != nil {
		return esploraIn{}, err
	}
	var witness []string
	for _, item := range in.Witness {
		witness = append(witness, hex.EncodeToString(item))
	}
	asm, err := txscript.DisasmString(in.SignatureScript)
	return esploraIn{
		TxID: op.Hash.String(), Vout: op.Index, Prevout: out,
		ScriptSig: hex.EncodeToString(in.SignatureScript), ScriptSigAsm: asm, Witness: witness, Sequence: in.Sequence,
	}, err
}

// explorerOutput describes an output of a kind we make: P2PKH, P2WPKH, OP_RETURN.
func explorerOutput(out *wire.TxOut) (esploraOut, error) {
	asm, err := txscript.DisasmString(out.PkScript)
	if err != nil {
		return esploraOut{}, err
	}
	answer := esploraOut{Script: hex.EncodeToString(out.PkScript), Asm: asm, Value: out.Value}
	switch class := txscript.GetScriptClass(out.PkScript); class {
	case txscript.PubKeyHashTy:
		hash := out.PkScript[3:23] // OP_DUP OP_HASH160 push-20 <hash> …
		addr, err := address.NewAddressPubKeyHash(hash, anchor.Testnet3.Params())
		if err != nil {
			return esploraOut{}, err
		}
		answer.Type, answer.Address = "p2pkh", addr.EncodeAddress()
	case txscript.WitnessV0PubKeyHashTy:
		hash := out.PkScript[2:] // OP_0 push-20 <hash>
		addr, err := address.NewAddressWitnessPubKeyHash(hash, anchor.Testnet3.Params())
		if err != nil {
			return esploraOut{}, err
		}
		answer.Type, answer.Address = "v0_p2wpkh", addr.EncodeAddress()
	case txscript.NullDataTy:
		answer.Type = "op_return"
		answer.Asm = "OP_RETURN OP_PUSHBYTES_32 " + hex.EncodeToString(out.PkScript[2:])
	default:
		return esploraOut{}, fmt.Errorf("an output of kind %v, which we do not make", class)
	}
	return answer, nil
}
