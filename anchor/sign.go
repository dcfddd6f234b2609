package anchor

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// A Signer signs digests with one key, which may live elsewhere. Asked twice for the same
// digest it should give the same signature. One that cannot, as tokens cannot, is safe with
// an issuer that stores a signed transaction before anybody sees it: what a crash loses
// nobody has, and a second signature is of the same inputs and outputs.
type Signer interface {
	// PublicKey returns the key that SignECDSA signs with, before any tweak.
	PublicKey() *btcec.PublicKey
	// SignECDSA returns a DER signature with low S, without hash type.
	SignECDSA(digest [32]byte) ([]byte, error)
	// SignTaproot returns a 64-byte BIP340 signature by the output key of BIP86: the
	// key tweaked by itself and no scripts.
	SignTaproot(digest [32]byte) ([]byte, error)
}

// A KeySigner signs with a key in memory: RFC 6979 for ECDSA, a fixed nonce rule for
// BIP340. It prints as its type name only.
//
// The key is behind a function: package fmt walks into fields that are not exported, and
// through pointers, without asking for their Format.
type KeySigner struct{ key func() *btcec.PrivateKey }

var _ Signer = KeySigner{}

// NewKeySigner keeps key.
func NewKeySigner(key *btcec.PrivateKey) KeySigner {
	return KeySigner{func() *btcec.PrivateKey { return key }}
}

// PublicKey returns the public half.
func (s KeySigner) PublicKey() *btcec.PublicKey { return s.key().PubKey() }

// SignECDSA implements Signer.
func (s KeySigner) SignECDSA(digest [32]byte) ([]byte, error) {
	return ecdsa.Sign(s.key(), digest[:]).Serialize(), nil
}

// SignTaproot implements Signer.
func (s KeySigner) SignTaproot(digest [32]byte) ([]byte, error) {
	sig, err := schnorr.Sign(txscript.TweakTaprootPrivKey(*s.key(), nil), digest[:])
	if err != nil {
		return nil, err
	}
	return sig.Serialize(), nil
}

// Format keeps the key out of every verb of package fmt.
func (s KeySigner) Format(f fmt.State, _ rune) { fmt.Fprint(f, "anchor.KeySigner") }

// MarshalJSON keeps the key out of JSON.
func (s KeySigner) MarshalJSON() ([]byte, error) { return []byte(`"anchor.KeySigner"`), nil }

// SignCommitment signs every input of u for all outputs and returns the raw transaction.
// coins must hold the coins that u spends, in any order, and may hold more; all of them
// must pay to the signer's key. The result is judged by the same engine as in
// verification, by the stricter rules for relaying, before it is returned. With a signer
// that is deterministic, equal arguments give equal bytes.
//
// Codes: build, previous-transaction, malformed-transaction, anchor-script,
// issuing-script, issuing-signature.
func SignCommitment(u *Unsigned, coins []Coin, signer Signer) ([]byte, error) {
	msg, err := u.message()
	if err != nil {
		return nil, err
	}
	return signAll(msg, u.Inputs, coins, signer)
}

// signAll signs every input of msg for all outputs.
func signAll(msg *wire.MsgTx, inputs []OutPoint, coins []Coin, signer Signer) ([]byte, error) {
	outputs, err := coinOutputs(inputs, coins)
	if err != nil {
		return nil, err
	}
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range msg.TxIn {
		fetcher.AddPrevOut(in.PreviousOutPoint, outputs[i])
	}
	s := &inputSigner{msg: msg, signer: signer, hashes: txscript.NewTxSigHashes(msg, fetcher), fetcher: fetcher}
	for i, out := range outputs {
		if err := s.sign(i, out); err != nil {
			return nil, err
		}
	}
	if err := checkSpends(msg, outputs, relayRules); err != nil {
		return nil, err
	}
	return serializeTx(msg), nil
}

// message parses Raw and holds it against the other members, which a journal keeps
// beside it: what is signed must be what was decided.
func (u *Unsigned) message() (*wire.MsgTx, error) {
	c, err := ParseCommitment(u.Raw)
	if err != nil {
		return nil, err
	}
	if c.Root != u.Root || len(c.Inputs) != len(u.Inputs) {
		return nil, refuse(CodeBuild, "unsigned", "raw bytes are of another commitment")
	}
	for i, op := range c.Inputs {
		if op != u.Inputs[i] {
			return nil, refuse(CodeBuild, "unsigned", "raw bytes spend other coins")
		}
	}
	return c.tx.msg, nil
}

func coinOutputs(inputs []OutPoint, coins []Coin) ([]*wire.TxOut, error) {
	byOutPoint := make(map[OutPoint]Coin, len(coins))
	for _, c := range coins {
		byOutPoint[c.OutPoint] = c
	}
	outputs := make([]*wire.TxOut, len(inputs))
	for i, op := range inputs {
		c, ok := byOutPoint[op]
		if !ok {
			return nil, refuse(CodeBuild, inputPart(i), "coin %v is not given", op)
		}
		out, err := c.output(inputPart(i))
		if err != nil {
			return nil, err
		}
		outputs[i] = out
	}
	return outputs, nil
}

type inputSigner struct {
	msg     *wire.MsgTx
	signer  Signer
	hashes  *txscript.TxSigHashes
	fetcher txscript.PrevOutputFetcher
}

func (s *inputSigner) sign(i int, out *wire.TxOut) error {
	key := s.signer.PublicKey().SerializeCompressed()
	in := s.msg.TxIn[i]
	if !s.owns(out.PkScript) {
		return refuse(CodeBuild, inputPart(i), "coin does not pay to the signer's key")
	}
	switch {
	case txscript.IsPayToPubKeyHash(out.PkScript):
		digest, err := txscript.CalcSignatureHash(out.PkScript, txscript.SigHashAll, s.msg, i)
		if err != nil {
			return err
		}
		sig, err := s.ecdsa(digest)
		if err != nil {
			return err
		}
		in.SignatureScript, err = txscript.NewScriptBuilder().AddData(sig).AddData(key).Script()
		return err
	case txscript.IsPayToWitnessPubKeyHash(out.PkScript):
		digest, err := txscript.CalcWitnessSigHash(out.PkScript, s.hashes, txscript.SigHashAll, s.msg, i, out.Value)
		if err != nil {
			return err
		}
		sig, err := s.ecdsa(digest)
		in.Witness = wire.TxWitness{sig, key}
		return err
	default: // P2TR; owns allows no other
		digest, err := txscript.CalcTaprootSignatureHash(s.hashes, txscript.SigHashDefault, s.msg, i, s.fetcher)
		if err != nil {
			return err
		}
		sig, err := s.signer.SignTaproot([32]byte(digest))
		in.Witness = wire.TxWitness{sig}
		return err
	}
}

func (s *inputSigner) ecdsa(digest []byte) ([]byte, error) {
	sig, err := s.signer.SignECDSA([32]byte(digest))
	if err != nil {
		return nil, err
	}
	return append(bytes.Clone(sig), byte(txscript.SigHashAll)), nil
}

// owns reports whether script is one of the three that pay to the signer's key.
func (s *inputSigner) owns(script []byte) bool {
	for _, p := range []Profile{ProfileBlockcerts, ProfileSegwit, ProfileTaproot} {
		addr, err := Address(s.signer.PublicKey(), p, Mainnet) // scripts are alike on all networks
		if err != nil {
			return false
		}
		if own, err := AddressScript(addr, Mainnet); err == nil && bytes.Equal(own, script) {
			return true
		}
	}
	return false
}
