package anchor

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// maxPSBT bounds a partially signed transaction in bytes: the transaction and the
// previous transaction of every input.
const maxPSBT = MaxTxSize + MaxPrevTxsSize

// EncodePSBT returns a commitment that lacks its signatures as a partially signed
// transaction (BIP174), with the full previous transaction of every input, so that a
// signer without a network can compute the fee itself. Codes: build,
// previous-transaction, malformed-transaction.
func EncodePSBT(u *Unsigned, coins []Coin) ([]byte, error) {
	msg, err := u.message()
	if err != nil {
		return nil, err
	}
	outputs, err := coinOutputs(u.Inputs, coins)
	if err != nil {
		return nil, err
	}
	p, err := psbt.NewFromUnsignedTx(msg)
	if err != nil {
		return nil, refuse(CodeBuild, "psbt", "%v", err)
	}
	for i, op := range u.Inputs {
		for _, c := range coins {
			if c.OutPoint != op {
				continue
			}
			prev, err := parseTx(c.PrevTx, inputPart(i))
			if err != nil {
				return nil, err
			}
			p.Inputs[i].NonWitnessUtxo = prev.msg
		}
		if txscript.IsPayToTaproot(outputs[i].PkScript) {
			p.Inputs[i].WitnessUtxo = outputs[i]
		} else {
			p.Inputs[i].SighashType = txscript.SigHashAll
		}
	}
	return packetBytes(p)
}

func packetBytes(p *psbt.Packet) ([]byte, error) {
	var b bytes.Buffer
	if err := p.Serialize(&b); err != nil {
		return nil, refuse(CodeBuild, "psbt", "%v", err)
	}
	return b.Bytes(), nil
}

func parsePSBT(data []byte) (*psbt.Packet, error) {
	if len(data) > maxPSBT {
		return nil, refuse(CodeLimit, "psbt", "%d bytes, limit %d", len(data), maxPSBT)
	}
	p, err := psbt.NewFromRawBytes(bytes.NewReader(data), false)
	if err != nil {
		return nil, refuse(CodeMalformedTransaction, "psbt", "%v", err)
	}
	return p, nil
}

// A Proposal is what a signer is asked to sign, as the signer computes it itself.
type Proposal struct {
	Root   [32]byte
	Fee    Sats
	Change Sats // to the signer's own key
	TxID   TxID // of the transaction once signed, if no input is P2PKH; else it changes with the signatures
}

// ReadPSBT computes what a partially signed transaction would do, and refuses everything
// but a commitment that a signer with this key may sign: every previous transaction is
// there and is the one named, every input is the key's own, the outputs are one
// OP_RETURN with a root and at most one change to the key itself, and the fee is at most
// feeCap. Codes: build, limit, malformed-transaction, anchor-script,
// previous-transaction; *FeeAboveCapError.
func ReadPSBT(data []byte, key *btcec.PublicKey, feeCap Sats) (*Proposal, error) {
	p, err := parsePSBT(data)
	if err != nil {
		return nil, err
	}
	u, coins, err := proposed(p)
	if err != nil {
		return nil, err
	}
	return propose(p, u, coins, key, feeCap)
}

// proposed reads the transaction and its coins out of a packet.
func proposed(p *psbt.Packet) (*Unsigned, []Coin, error) {
	raw := serializeTx(p.UnsignedTx)
	c, err := ParseCommitment(raw)
	if err != nil {
		return nil, nil, err
	}
	u := &Unsigned{Raw: raw, Inputs: c.Inputs, Root: c.Root}
	var coins []Coin
	for i, op := range c.Inputs {
		prev := p.Inputs[i].NonWitnessUtxo
		if prev == nil || op.Index >= uint32(len(prev.TxOut)) {
			return nil, nil, refuse(CodePreviousTransaction, inputPart(i), "missing, so the fee cannot be known")
		}
		coins = append(coins, Coin{OutPoint: op, Value: Sats(prev.TxOut[op.Index].Value), PrevTx: serializeTx(prev)})
	}
	if _, err := coinOutputs(u.Inputs, coins); err != nil {
		return nil, nil, err
	}
	return u, coins, nil
}

func propose(p *psbt.Packet, u *Unsigned, coins []Coin, key *btcec.PublicKey, feeCap Sats) (*Proposal, error) {
	own := &inputSigner{signer: publicOnly{key}}
	out := &Proposal{Root: u.Root, TxID: TxID(p.UnsignedTx.TxHash())}
	for i, c := range coins {
		prev, err := c.output(inputPart(i))
		if err != nil {
			return nil, err
		}
		if !own.owns(prev.PkScript) {
			return nil, refuse(CodeBuild, inputPart(i), "is not this key's")
		}
		out.Fee += c.Value
	}
	for i, o := range p.UnsignedTx.TxOut {
		out.Fee -= Sats(o.Value)
		switch {
		case len(o.PkScript) > 0 && o.PkScript[0] == txscript.OP_RETURN:
			if o.Value != 0 {
				return nil, refuse(CodeBuild, fmt.Sprintf("outputs/%d", i), "burns %d sats", o.Value)
			}
		case out.Change > 0 || !own.owns(o.PkScript):
			return nil, refuse(CodeBuild, fmt.Sprintf("outputs/%d", i), "pays %d sats to somebody else", o.Value)
		default:
			out.Change = Sats(o.Value)
		}
	}
	if out.Fee < 0 {
		return nil, refuse(CodeBuild, "psbt", "pays out more than it spends")
	}
	if out.Fee > feeCap {
		return nil, &FeeAboveCapError{Fee: out.Fee, Cap: feeCap}
	}
	return out, nil
}

// publicOnly is a Signer for questions about the public key only.
type publicOnly struct{ key *btcec.PublicKey }

var errNoKey = errors.New("anchor: there is no private key here")

func (k publicOnly) PublicKey() *btcec.PublicKey          { return k.key }
func (publicOnly) SignECDSA(_ [32]byte) ([]byte, error)   { return nil, errNoKey }
func (publicOnly) SignTaproot(_ [32]byte) ([]byte, error) { return nil, errNoKey }

// SignPSBT checks as ReadPSBT does, signs every input for all outputs, and returns the
// finished packet. It needs no network and no journal: this is the half that runs where
// the key is.
func SignPSBT(data []byte, signer Signer, feeCap Sats) ([]byte, *Proposal, error) {
	p, err := parsePSBT(data)
	if err != nil {
		return nil, nil, err
	}
	u, coins, err := proposed(p)
	if err != nil {
		return nil, nil, err
	}
	proposal, err := propose(p, u, coins, signer.PublicKey(), feeCap)
	if err != nil {
		return nil, nil, err
	}
	raw, err := SignCommitment(u, coins, signer)
	if err != nil {
		return nil, nil, err
	}
	signed, err := parseTx(raw, "tx")
	if err != nil {
		return nil, nil, err
	}
	for i, in := range signed.msg.TxIn {
		p.Inputs[i].FinalScriptSig = in.SignatureScript
		if len(in.Witness) > 0 {
			var w bytes.Buffer
			if err := psbt.WriteTxWitness(&w, in.Witness); err != nil {
				return nil, nil, refuse(CodeBuild, inputPart(i), "%v", err)
			}
			p.Inputs[i].FinalScriptWitness = w.Bytes()
		}
	}
	out, err := packetBytes(p)
	return out, proposal, err
}

// FinishPSBT returns the signed transaction of a packet that came back from a signer. It
// must be the transaction that was sent out, to the byte, and every input must be signed
// for all outputs. Codes: build, limit, malformed-transaction, issuing-signature,
// sighash.
func FinishPSBT(data []byte, u *Unsigned, coins []Coin) ([]byte, error) {
	p, err := parsePSBT(data)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(serializeTx(p.UnsignedTx), u.Raw) {
		return nil, refuse(CodeBuild, "psbt", "is of another transaction than the one sent to the signer")
	}
	if err := psbt.MaybeFinalizeAll(p); err != nil {
		return nil, refuse(CodeIssuingSignature, "psbt", "not signed: %v", err)
	}
	msg, err := psbt.Extract(p)
	if err != nil {
		return nil, refuse(CodeIssuingSignature, "psbt", "not signed: %v", err)
	}
	outputs, err := coinOutputs(u.Inputs, coins)
	if err != nil {
		return nil, err
	}
	if err := checkSpends(msg, outputs, relayRules); err != nil {
		return nil, err
	}
	return serializeTx(msg), nil
}
