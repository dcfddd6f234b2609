package anchor_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// A spend is a commitment with two inputs and change, ready to be bent.
type spend struct {
	t     *testing.T
	w     *world
	coins []anchor.Coin
	tx    *wire.MsgTx
}

func newSpend(t *testing.T, profile anchor.Profile) *spend {
	w := newWorld(t, profile)
	s := &spend{t: t, w: w, coins: w.coins()[:2]}
	s.tx = decode(t, w.signed(sha256.Sum256([]byte("root")), s.coins))
	// The builder needs one coin only; the second makes hash types tell apart.
	s.tx.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Hash: [32]byte(s.coins[1].OutPoint.TxID), Index: s.coins[1].OutPoint.Index},
		Sequence:         0xfffffffd,
	})
	s.sign(w.key, txscript.SigHashAll)
	return s
}

func decode(t testing.TB, raw []byte) *wire.MsgTx {
	t.Helper()
	tx := new(wire.MsgTx)
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return tx
}

func encode(t testing.TB, tx *wire.MsgTx) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := tx.Serialize(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// previous returns the output that input i spends.
func (s *spend) previous(i int) *wire.TxOut {
	return decode(s.t, s.coins[i].PrevTx).TxOut[s.coins[i].OutPoint.Index]
}

func (s *spend) prevTxs() [][]byte { return [][]byte{s.coins[0].PrevTx, s.coins[1].PrevTx} }

// sign signs all inputs with a hash type of choice.
func (s *spend) sign(key *btcec.PrivateKey, hashType txscript.SigHashType) {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range s.tx.TxIn {
		fetcher.AddPrevOut(in.PreviousOutPoint, s.previous(i))
	}
	hashes := txscript.NewTxSigHashes(s.tx, fetcher)
	for i, in := range s.tx.TxIn {
		out := s.previous(i)
		var err error
		switch {
		case txscript.IsPayToPubKeyHash(out.PkScript):
			in.SignatureScript, err = txscript.SignatureScript(s.tx, i, out.PkScript, hashType, key, true)
		case txscript.IsPayToWitnessPubKeyHash(out.PkScript):
			in.Witness, err = txscript.WitnessSignature(s.tx, hashes, i, out.Value, out.PkScript, hashType, key, true)
		default:
			in.Witness, err = txscript.TaprootWitnessSignature(s.tx, hashes, i, out.Value, out.PkScript, hashType, key)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *spend) address(prevTxs [][]byte) (string, error) {
	s.t.Helper()
	c, err := anchor.ParseCommitment(encode(s.t, s.tx))
	if err != nil {
		s.t.Fatal(err)
	}
	return c.IssuingAddress(prevTxs, anchor.Regtest)
}

func TestIssuingAddressOfHonestSpend(t *testing.T) {
	for _, p := range profiles {
		s := newSpend(t, p)
		if got, err := s.address(s.prevTxs()); err != nil || got != s.w.address {
			t.Errorf("%s: %s, %v", p, got, err)
		}
	}
}

// Each attack bends an honest spend; none may yield an address.
func TestIssuingSignatureAttacks(t *testing.T) {
	other := testKey("stranger")
	legacy, segwit, taproot := anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot
	for _, a := range []struct {
		name    string
		profile anchor.Profile
		code    anchor.Code
		bend    func(s *spend) (prevTxs [][]byte)
	}{
		{"unsigned P2PKH", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[0].SignatureScript = nil
			return s.prevTxs()
		}},
		{"unsigned P2WPKH", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = nil
			return s.prevTxs()
		}},
		{"unsigned P2TR", taproot, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = nil
			return s.prevTxs()
		}},
		{"empty P2TR signature", taproot, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = wire.TxWitness{nil}
			return s.prevTxs()
		}},
		{"second input unsigned", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[1].Witness = nil
			return s.prevTxs()
		}},
		{"stranger's scriptSig", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.sign(other, txscript.SigHashAll)
			return s.prevTxs()
		}},
		{"stranger's witness", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.sign(other, txscript.SigHashAll)
			return s.prevTxs()
		}},
		{"stranger's Schnorr signature", taproot, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.sign(other, txscript.SigHashDefault)
			return s.prevTxs()
		}},
		{"issuer's key beside stranger's signature", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.sign(other, txscript.SigHashAll)
			s.tx.TxIn[0].Witness[1] = s.w.key.PubKey().SerializeCompressed()
			return s.prevTxs()
		}},
		{"witness on a P2PKH input", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = wire.TxWitness{{1}}
			return s.prevTxs()
		}},
		{"a number pushed above the key", legacy, anchor.CodeSighash, func(s *spend) [][]byte {
			// The last two values are the key and a number: what stands before is not read.
			s.script(0, s.tx.TxIn[0].SignatureScript, []byte{txscript.OP_1})
			return s.prevTxs()
		}},
		{"a number pushed between signature and key", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			sig, key := s.parts(0)
			s.script(0, push(sig), []byte{txscript.OP_16}, push(key))
			return s.prevTxs()
		}},
		{"nothing pushed where the signature is read", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			sig, key := s.parts(0)
			s.script(0, push(sig), []byte{txscript.OP_0}, push(key))
			return s.prevTxs()
		}},
		{"stranger's signature and key above the issuer's", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			honest := s.tx.TxIn[0].SignatureScript
			s.sign(other, txscript.SigHashAll)
			s.script(0, honest, s.tx.TxIn[0].SignatureScript)
			return s.prevTxs()
		}},
		{"issuer's signature and key below the stranger's key", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			sig, key := s.parts(0)
			s.script(0, push(sig), push(key), push(sig), push(other.PubKey().SerializeCompressed()))
			return s.prevTxs()
		}},
		{"stranger's signature beside the issuer's key, above the issuer's own", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			honest := s.tx.TxIn[0].SignatureScript
			_, key := s.parts(0)
			s.sign(other, txscript.SigHashAll)
			foreign, _ := s.parts(0)
			s.script(0, honest, push(foreign), push(key))
			return s.prevTxs()
		}},
		{"SIGHASH_NONE where it is read, SIGHASH_ALL below", legacy, anchor.CodeSighash, func(s *spend) [][]byte {
			honest := s.tx.TxIn[0].SignatureScript
			s.sign(s.w.key, txscript.SigHashNone)
			s.script(0, honest, s.tx.TxIn[0].SignatureScript)
			return s.prevTxs()
		}},
		{"SIGHASH_ALL first, SIGHASH_NONE last before the key", legacy, anchor.CodeSighash, func(s *spend) [][]byte {
			good, key := s.parts(0)
			s.sign(s.w.key, txscript.SigHashNone)
			bad, _ := s.parts(0)
			s.script(0, push(good), push(bad), push(key))
			return s.prevTxs()
		}},
		{"hash type of SIGHASH_NONE relabelled as ALL", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.sign(s.w.key, txscript.SigHashNone)
			for i := range s.tx.TxIn {
				sig, key := s.parts(i)
				sig[len(sig)-1] = byte(txscript.SigHashAll)
				s.script(i, push(sig), push(key))
			}
			return s.prevTxs()
		}},
		{"hash type that no rule names", legacy, anchor.CodeSighash, func(s *spend) [][]byte {
			s.sign(s.w.key, 0x41) // hashes as ALL does, and a block may hold it
			return s.prevTxs()
		}},
		{"one push", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			_, key := s.parts(0)
			s.script(0, push(key))
			return s.prevTxs()
		}},
		{"signature and key swapped", legacy, anchor.CodeSighash, func(s *spend) [][]byte {
			sig, key := s.parts(0)
			s.script(0, push(key), push(sig))
			return s.prevTxs()
		}},
		{"signature in a form that blocks refuse", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			// BIP66: a zero before R that no sign bit asks for.
			sig, key := s.parts(0)
			long := slices.Insert(slices.Clone(sig), 4, 0)
			long[1]++
			long[3]++
			s.script(0, push(long), push(key))
			return s.prevTxs()
		}},
		{"push cut short", legacy, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			s.script(0, s.tx.TxIn[0].SignatureScript, []byte{txscript.OP_DATA_2, 1})
			return s.prevTxs()
		}},
		{"opcode in scriptSig", legacy, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			s.script(0, s.tx.TxIn[0].SignatureScript, []byte{txscript.OP_NOP})
			return s.prevTxs()
		}},
		{"opcodes that exchange the signature for one below", legacy, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			// As pushes read, SIGHASH_ALL is last; the swap puts NONE there.
			good, key := s.parts(0)
			s.sign(s.w.key, txscript.SigHashNone)
			bad, _ := s.parts(0)
			s.script(0, push(bad), push(good), []byte{txscript.OP_SWAP}, push(key))
			return s.prevTxs()
		}},
		{"opcode that stops the script", legacy, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			s.script(0, s.tx.TxIn[0].SignatureScript, []byte{txscript.OP_RETURN})
			return s.prevTxs()
		}},
		{"opcode that is reserved", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.script(0, []byte{txscript.OP_RESERVED}, s.tx.TxIn[0].SignatureScript)
			return s.prevTxs()
		}},
		{"scriptSig above the limit of scripts", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.script(0, bytes.Repeat([]byte{txscript.OP_0}, txscript.MaxScriptSize), s.tx.TxIn[0].SignatureScript)
			return s.prevTxs()
		}},
		{"more pushes than the stack holds", legacy, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.script(0, bytes.Repeat([]byte{txscript.OP_0}, txscript.MaxStackSize), s.tx.TxIn[0].SignatureScript)
			return s.prevTxs()
		}},
		{"scriptSig on a P2WPKH input", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.script(0, []byte{txscript.OP_0})
			return s.prevTxs()
		}},
		{"scriptSig on a P2TR input", taproot, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.script(0, []byte{txscript.OP_0})
			return s.prevTxs()
		}},
		{"third item in a P2WPKH witness", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = append(wire.TxWitness{{}}, s.tx.TxIn[0].Witness...)
			return s.prevTxs()
		}},
		{"P2TR signature with the hash type DEFAULT written out", taproot, anchor.CodeSighash, func(s *spend) [][]byte {
			s.sign(s.w.key, txscript.SigHashDefault)
			s.tx.TxIn[0].Witness[0] = append(s.tx.TxIn[0].Witness[0], 0)
			return s.prevTxs()
		}},
		{"witness program of version 16, which nothing checks yet", segwit, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			return s.replacePrevious(append([]byte{txscript.OP_16, 32}, make([]byte, 32)...))
		}},
		{"witness program of version 1 with 20 bytes", segwit, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			return s.replacePrevious(append([]byte{txscript.OP_1, 20}, make([]byte, 20)...))
		}},
		{"pay to anchor", segwit, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			return s.replacePrevious([]byte{txscript.OP_1, 2, 0x4e, 0x73})
		}},
		{"root changed after signing", segwit, anchor.CodeIssuingSignature, func(s *spend) [][]byte {
			s.tx.TxOut[len(s.tx.TxOut)-1].PkScript[10] ^= 1
			return s.prevTxs()
		}},
		{"script path of P2TR", taproot, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = append(s.tx.TxIn[0].Witness, []byte{txscript.OP_1}, make([]byte, 33))
			return s.prevTxs()
		}},
		{"annex on P2TR", taproot, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			s.tx.TxIn[0].Witness = append(s.tx.TxIn[0].Witness, []byte{0x50})
			return s.prevTxs()
		}},
		{"previous output anyone can spend", legacy, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			return s.replacePrevious([]byte{txscript.OP_1})
		}},
		{"previous output P2SH", legacy, anchor.CodeIssuingScript, func(s *spend) [][]byte {
			hash := make([]byte, 20)
			return s.replacePrevious(append(append([]byte{txscript.OP_HASH160, 20}, hash...), txscript.OP_EQUAL))
		}},
		{"invented previous transaction", legacy, anchor.CodePreviousTransaction, func(s *spend) [][]byte {
			// It pays to the stranger, who can sign; but its id is another.
			fake := decode(s.t, s.coins[0].PrevTx)
			fake.TxOut[0].PkScript = payTo(s.t, other, anchor.ProfileBlockcerts)
			s.sign(other, txscript.SigHashAll)
			return [][]byte{encode(s.t, fake), s.coins[1].PrevTx}
		}},
		{"previous transactions swapped", legacy, anchor.CodePreviousTransaction, func(s *spend) [][]byte {
			p := s.prevTxs()
			slices.Reverse(p)
			return p
		}},
		{"previous transaction missing", legacy, anchor.CodePreviousTransaction, func(s *spend) [][]byte {
			return s.prevTxs()[:1]
		}},
		{"previous transaction too many", legacy, anchor.CodePreviousTransaction, func(s *spend) [][]byte {
			return append(s.prevTxs(), s.coins[0].PrevTx)
		}},
		{"previous output that is not there", legacy, anchor.CodePreviousTransaction, func(s *spend) [][]byte {
			s.tx.TxIn[0].PreviousOutPoint.Index = 7
			return s.prevTxs()
		}},
		{"previous transaction cut short", legacy, anchor.CodeMalformedTransaction, func(s *spend) [][]byte {
			p := s.prevTxs()
			return [][]byte{p[0][:len(p[0])-1], p[1]}
		}},
		{"previous transaction too large", legacy, anchor.CodeLimit, func(s *spend) [][]byte {
			return [][]byte{make([]byte, anchor.MaxTxSize+1), s.coins[1].PrevTx}
		}},
		{"previous transactions too large together", legacy, anchor.CodeLimit, func(s *spend) [][]byte {
			return [][]byte{make([]byte, anchor.MaxPrevTxsSize+1), s.coins[1].PrevTx}
		}},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newSpend(t, a.profile)
			addr, err := s.address(a.bend(s))
			if addr != "" {
				t.Fatalf("address %s", addr)
			}
			wantCode(t, err, a.code)
		})
	}
}

// What a third party may do to a P2PKH input without the key, in a block, and to a P2WPKH
// witness: the id may change, the address does not. Nodes relay none of these.
func TestRewrittenByThirdParty(t *testing.T) {
	legacy, segwit := anchor.ProfileBlockcerts, anchor.ProfileSegwit
	for _, c := range []struct {
		name    string
		profile anchor.Profile
		bend    func(s *spend)
	}{
		{"high S", legacy, func(s *spend) {
			s.tx.TxIn[0].SignatureScript = highS(s.t, s.tx.TxIn[0].SignatureScript)
		}},
		{"high S in a witness", segwit, func(s *spend) {
			w := s.tx.TxIn[0].Witness
			script := highS(s.t, slices.Concat(push(w[0]), push(w[1])))
			pushes, err := txscript.PushedData(script)
			if err != nil {
				s.t.Fatal(err)
			}
			s.tx.TxIn[0].Witness = pushes
		}},
		{"third push in scriptSig", legacy, func(s *spend) {
			s.script(0, []byte{txscript.OP_DATA_1, 7}, s.tx.TxIn[0].SignatureScript)
		}},
		{"numbers below", legacy, func(s *spend) {
			s.script(0, []byte{txscript.OP_0, txscript.OP_1NEGATE, txscript.OP_16}, s.tx.TxIn[0].SignatureScript)
		}},
		{"longer pushes", legacy, func(s *spend) {
			sig, key := s.parts(0)
			s.script(0, []byte{txscript.OP_PUSHDATA1}, push(sig), []byte{txscript.OP_PUSHDATA2, byte(len(key)), 0}, key)
		}},
		{"a stranger's signature and key below", legacy, func(s *spend) {
			honest := s.tx.TxIn[0].SignatureScript
			s.sign(testKey("stranger"), txscript.SigHashNone)
			below := s.tx.TxIn[0].SignatureScript
			s.sign(s.w.key, txscript.SigHashAll)
			s.script(0, below, honest)
		}},
		{"both inputs", legacy, func(s *spend) {
			for i := range s.tx.TxIn {
				s.script(i, []byte{txscript.OP_0}, highS(s.t, s.tx.TxIn[i].SignatureScript))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSpend(t, c.profile)
			before := s.tx.TxHash()
			c.bend(s)
			if (s.tx.TxHash() == before) != (c.profile == segwit) {
				t.Errorf("id %v became %v", before, s.tx.TxHash())
			}
			if got, err := s.address(s.prevTxs()); err != nil || got != s.w.address {
				t.Errorf("%s, %v", got, err)
			}
			// The outputs are still bound: another root is another transaction.
			s.tx.TxOut[len(s.tx.TxOut)-1].PkScript[10] ^= 1
			_, err := s.address(s.prevTxs())
			wantCode(t, err, anchor.CodeIssuingSignature)
		})
	}
}

// script replaces the scriptSig of an input.
func (s *spend) script(i int, parts ...[]byte) {
	s.tx.TxIn[i].SignatureScript = slices.Concat(parts...)
}

// parts returns signature and key of a P2PKH input.
func (s *spend) parts(i int) (sig, key []byte) {
	s.t.Helper()
	pushes, err := txscript.PushedData(s.tx.TxIn[i].SignatureScript)
	if err != nil || len(pushes) != 2 {
		s.t.Fatalf("%d pushes, %v", len(pushes), err)
	}
	return pushes[0], pushes[1]
}

// push is the opcode that pushes up to 75 bytes, and the bytes.
func push(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// The input names output 0 of a transaction; the stranger owns output 1 of it.
func TestOtherOutputOfPreviousTransaction(t *testing.T) {
	s := newSpend(t, anchor.ProfileBlockcerts)
	shared := wire.NewMsgTx(2)
	shared.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}}})
	shared.AddTxOut(&wire.TxOut{Value: 1000, PkScript: payTo(t, s.w.key, anchor.ProfileBlockcerts)})
	shared.AddTxOut(&wire.TxOut{Value: 1000, PkScript: payTo(t, testKey("stranger"), anchor.ProfileBlockcerts)})
	s.tx.TxIn = s.tx.TxIn[:1]
	for index, key := range []*btcec.PrivateKey{s.w.key, testKey("stranger")} {
		s.tx.TxIn[0].PreviousOutPoint = wire.OutPoint{Hash: shared.TxHash(), Index: uint32(index)}
		s.coins[0].PrevTx, s.coins[0].OutPoint.Index = encode(t, shared), uint32(index)
		s.sign(key, txscript.SigHashAll)
		owner, _ := anchor.Address(key.PubKey(), anchor.ProfileBlockcerts, anchor.Regtest)
		if got, err := s.address([][]byte{encode(t, shared)}); err != nil || got != owner {
			t.Errorf("output %d: %s, %v", index, got, err)
		}
		s.tx.TxIn[0].PreviousOutPoint.Index = uint32(1 - index)
		_, err := s.address([][]byte{encode(t, shared)})
		wantCode(t, err, anchor.CodeIssuingSignature)
	}
}

func TestSighashTypes(t *testing.T) {
	const any = txscript.SigHashAnyOneCanPay
	for _, p := range profiles {
		for _, h := range []txscript.SigHashType{
			txscript.SigHashNone, txscript.SigHashSingle, txscript.SigHashAll | any,
			txscript.SigHashNone | any, txscript.SigHashSingle | any,
		} {
			s := newSpend(t, p)
			s.sign(s.w.key, h)
			addr, err := s.address(s.prevTxs())
			if addr != "" {
				t.Fatalf("%s, %#x: address %s", p, h, addr)
			}
			wantCode(t, err, anchor.CodeSighash)

			// One bad signature beside a good one is enough.
			script, witness := s.tx.TxIn[1].SignatureScript, s.tx.TxIn[1].Witness
			s.sign(s.w.key, txscript.SigHashAll)
			s.tx.TxIn[1].SignatureScript, s.tx.TxIn[1].Witness = script, witness
			_, err = s.address(s.prevTxs())
			wantCode(t, err, anchor.CodeSighash)
		}
	}
	// SIGHASH_ALL on P2TR is as good as DEFAULT.
	s := newSpend(t, anchor.ProfileTaproot)
	s.sign(s.w.key, txscript.SigHashDefault)
	if _, err := s.address(s.prevTxs()); err != nil {
		t.Error(err)
	}
}

// replacePrevious makes input 0 spend an output with another script, by id.
func (s *spend) replacePrevious(script []byte) [][]byte {
	prev := decode(s.t, s.coins[0].PrevTx)
	prev.TxOut[0].PkScript = script
	s.tx.TxIn[0].PreviousOutPoint.Hash = prev.TxHash()
	return [][]byte{encode(s.t, prev), s.coins[1].PrevTx}
}

func payTo(t testing.TB, key *btcec.PrivateKey, p anchor.Profile) []byte {
	t.Helper()
	addr, err := anchor.Address(key.PubKey(), p, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	script, err := anchor.AddressScript(addr, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// highS replaces S by its negative, which proves the same and is not standard.
func highS(t *testing.T, script []byte) []byte {
	t.Helper()
	pushes, err := txscript.PushedData(script)
	if err != nil {
		t.Fatal(err)
	}
	der := pushes[0][:len(pushes[0])-1]
	sig, err := ecdsa.ParseDERSignature(der)
	if err != nil {
		t.Fatal(err)
	}
	r, high := sig.R(), sig.S()
	high.Negate()
	// ecdsa always writes low S, so the DER form is written here.
	rb, sb := derInt(r.Bytes()), derInt(high.Bytes())
	body := append(append([]byte{}, rb...), sb...)
	der = append([]byte{0x30, byte(len(body))}, body...)
	out, err := txscript.NewScriptBuilder().AddData(append(der, byte(txscript.SigHashAll))).AddData(pushes[1]).Script()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func derInt(b [32]byte) []byte {
	v := bytes.TrimLeft(b[:], "\x00")
	if v[0] >= 0x80 {
		v = append([]byte{0}, v...)
	}
	return append([]byte{2, byte(len(v))}, v...)
}

// Every single-bit change of the signed transaction ends in an error or in the same
// verdict about the same bytes: never in another root or address.
func TestTransactionBitFlips(t *testing.T) {
	for _, p := range profiles {
		w := newWorld(t, p)
		raw := w.signed([32]byte{1}, w.coins())
		prev := [][]byte{w.coins()[0].PrevTx}
		for bit := range 8 * len(raw) {
			raw[bit/8] ^= 1 << (bit % 8)
			if c, err := anchor.ParseCommitment(raw); err == nil {
				if addr, err := c.IssuingAddress(prev, anchor.Regtest); err == nil {
					t.Errorf("%s: bit %d passes with address %s", p, bit, addr)
				}
			}
			raw[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// A schnorr key is its x coordinate; make sure the address is of the tweaked key.
func TestTaprootAddressIsOfTweakedKey(t *testing.T) {
	key := testKey("issuer")
	script := payTo(t, key, anchor.ProfileTaproot)
	if bytes.Equal(script[2:], schnorr.SerializePubKey(key.PubKey())) {
		t.Error("address is of the bare key")
	}
}

func TestCommitmentShapes(t *testing.T) {
	root := bytes.Repeat([]byte{0xaa}, 32)
	good := append([]byte{0x6a, 0x20}, root...)
	p2wsh := append([]byte{0x00, 0x20}, root...)
	pay := payTo(t, testKey("issuer"), anchor.ProfileBlockcerts)
	for _, c := range []struct {
		name    string
		scripts [][]byte
		code    anchor.Code
	}{
		{"root last", [][]byte{pay, good}, ""},
		{"root first", [][]byte{good, pay}, ""},
		{"root beside a P2WSH of the same bytes", [][]byte{p2wsh, good}, ""},
		{"no OP_RETURN", [][]byte{pay}, anchor.CodeAnchorScript},
		{"root in a P2WSH only", [][]byte{pay, p2wsh}, anchor.CodeAnchorScript},
		{"two equal OP_RETURN outputs", [][]byte{good, good}, anchor.CodeAnchorScript},
		{"second OP_RETURN is empty", [][]byte{good, {0x6a}}, anchor.CodeAnchorScript},
		{"OP_PUSHDATA1", [][]byte{append([]byte{0x6a, 0x4c, 0x20}, root...)}, anchor.CodeAnchorScript},
		{"31 bytes", [][]byte{append([]byte{0x6a, 0x1f}, root[:31]...)}, anchor.CodeAnchorScript},
		{"33 bytes", [][]byte{append([]byte{0x6a, 0x21, 0}, root...)}, anchor.CodeAnchorScript},
		{"byte after the push", [][]byte{append(slices.Clone(good), 0)}, anchor.CodeAnchorScript},
		{"push cut short", [][]byte{good[:33]}, anchor.CodeAnchorScript},
		{"two pushes", [][]byte{append(append([]byte{0x6a, 0x10}, root[:16]...), append([]byte{0x10}, root[:16]...)...)}, anchor.CodeAnchorScript},
		{"text prefix", [][]byte{append([]byte("OP_RETURN "), root...)}, anchor.CodeAnchorScript},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := wire.NewMsgTx(2)
			tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}}})
			for _, s := range c.scripts {
				tx.AddTxOut(&wire.TxOut{PkScript: s})
			}
			got, err := anchor.ParseCommitment(encode(t, tx))
			if c.code != "" {
				wantCode(t, err, c.code)
			} else if err != nil || !bytes.Equal(got.Root[:], root) {
				t.Fatalf("%v, %v", got, err)
			}
		})
	}
}

func TestCommitmentInputs(t *testing.T) {
	make := func(n int, bend func(*wire.MsgTx)) []byte {
		tx := wire.NewMsgTx(2)
		for i := range n {
			tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}, Index: uint32(i)}})
		}
		tx.AddTxOut(&wire.TxOut{PkScript: append([]byte{0x6a, 0x20}, bytes.Repeat([]byte{1}, 32)...)})
		if bend != nil {
			bend(tx)
		}
		return encode(t, tx)
	}
	if _, err := anchor.ParseCommitment(make(anchor.MaxInputs, nil)); err != nil {
		t.Error(err)
	}
	_, err := anchor.ParseCommitment(make(anchor.MaxInputs+1, nil))
	wantCode(t, err, anchor.CodeLimit)
	_, err = anchor.ParseCommitment(make(2, func(tx *wire.MsgTx) { tx.TxIn[1] = tx.TxIn[0] }))
	wantCode(t, err, anchor.CodeMalformedTransaction)
	_, err = anchor.ParseCommitment(make(1, func(tx *wire.MsgTx) {
		tx.TxIn[0].PreviousOutPoint = wire.OutPoint{Index: 1<<32 - 1} // a coinbase
	}))
	wantCode(t, err, anchor.CodeMalformedTransaction)
}

func TestMalformedTransactions(t *testing.T) {
	w := newWorld(t, anchor.ProfileSegwit)
	segwit := w.signed([32]byte{1}, w.coins())
	w = newWorld(t, anchor.ProfileBlockcerts)
	legacy := w.signed([32]byte{1}, w.coins())
	insert := func(b []byte, at, drop int, with ...byte) []byte { return slices.Concat(b[:at], with, b[at+drop:]) }
	for name, raw := range map[string][]byte{
		"empty":                          {},
		"cut":                            legacy[:len(legacy)-1],
		"trailing byte":                  append(slices.Clone(legacy), 0),
		"two transactions":               append(slices.Clone(legacy), legacy...),
		"input count in three bytes":     insert(legacy, 4, 1, 0xfd, 1, 0),
		"input count in nine bytes":      insert(legacy, 4, 1, 0xff, 1, 0, 0, 0, 0, 0, 0, 0),
		"input count of 2^32":            insert(legacy, 4, 1, 0xff, 0, 0, 0, 0, 1, 0, 0, 0),
		"input count of 2^64-1":          insert(legacy, 4, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"no inputs":                      insert(legacy, 4, 1, 0),
		"witness flag 2":                 insert(segwit, 5, 1, 2),
		"witness flag without witnesses": insert(legacy, 4, 0, 0, 1),
		"witness section of empty witnesses": append(insert(legacy, 4, 0, 0, 1)[:len(legacy)+2-4],
			append([]byte{0}, legacy[len(legacy)-4:]...)...),
		"witness cut off, flag left": slices.Concat(segwit[:len(segwit)-112], segwit[len(segwit)-4:]),
	} {
		_, err := anchor.ParseCommitment(raw)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantCode(t, err, anchor.CodeMalformedTransaction)
	}
	_, err := anchor.ParseCommitment(make([]byte, anchor.MaxTxSize+1))
	wantCode(t, err, anchor.CodeLimit)
}
