package anchor_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// TestPSBT sends a commitment to a signer and back, in each form of address: the same
// bytes as signing in place.
func TestPSBT(t *testing.T) {
	for _, profile := range profiles {
		t.Run(string(profile), func(t *testing.T) {
			w := newWorld(t, profile)
			coins := w.coins()
			u, err := anchor.BuildCommitment(sha256.Sum256([]byte("batch")), coins, w.address, 2000, 10_000, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			sent, err := anchor.EncodePSBT(u, coins)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := anchor.FinishPSBT(sent, u, coins); anchor.CodeOf(err) != anchor.CodeIssuingSignature {
				t.Errorf("an unsigned packet was taken: %v", err)
			}
			back, p, err := anchor.SignPSBT(sent, anchor.NewKeySigner(w.key), 10_000)
			if err != nil {
				t.Fatal(err)
			}
			if p.Root != u.Root || p.Fee != u.Fee || p.Change != u.Change {
				t.Errorf("the signer saw %+v, wanted %+v", p, u)
			}
			raw, err := anchor.FinishPSBT(back, u, coins)
			if err != nil {
				t.Fatal(err)
			}
			if in, err := anchor.SignCommitment(u, coins, anchor.NewKeySigner(w.key)); err != nil || !bytes.Equal(in, raw) {
				t.Errorf("other bytes than signing in place (%v)", err)
			}
			if err := w.chain.Broadcast(t.Context(), raw); err != nil {
				t.Error(err)
			}
			other, err := anchor.BuildCommitment([32]byte{1}, coins, w.address, 2000, 10_000, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := anchor.FinishPSBT(back, other, coins); anchor.CodeOf(err) != anchor.CodeBuild {
				t.Errorf("a packet of another transaction was taken: %v", err)
			}
		})
	}
}

// TestPSBTSignedUnfitForRelay: a signature that a block may hold and no node passes on is
// not taken back from a signer, since nobody would ever see the transaction.
func TestPSBTSignedUnfitForRelay(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	u, err := anchor.BuildCommitment(sha256.Sum256([]byte("batch")), w.coins(), w.address, 2000, 10_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := anchor.EncodePSBT(u, w.coins())
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := anchor.SignPSBT(sent, anchor.NewKeySigner(w.key), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	p, err := psbt.NewFromRawBytes(bytes.NewReader(back), false)
	if err != nil {
		t.Fatal(err)
	}
	p.Inputs[0].FinalScriptSig = highS(t, p.Inputs[0].FinalScriptSig)
	var bent bytes.Buffer
	if err := p.Serialize(&bent); err != nil {
		t.Fatal(err)
	}
	_, err = anchor.FinishPSBT(bent.Bytes(), u, w.coins())
	wantCode(t, err, anchor.CodeIssuingSignature)
}

// TestPSBTRefused bends what a signer is shown. It must compute everything itself and
// sign none of it.
func TestPSBTRefused(t *testing.T) {
	w := newWorld(t, anchor.ProfileSegwit)
	coins := w.coins()
	u, err := anchor.BuildCommitment(sha256.Sum256([]byte("batch")), coins, w.address, 2000, 10_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := anchor.EncodePSBT(u, coins)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := anchor.Address(testKey("stranger").PubKey(), anchor.ProfileSegwit, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := anchor.AddressScript(stranger, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*psbt.Packet){
		"change-to-somebody-else": func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = elsewhere },
		"third-output": func(p *psbt.Packet) {
			p.UnsignedTx.TxOut = append([]*wire.TxOut{{Value: 1000, PkScript: elsewhere}}, p.UnsignedTx.TxOut...)
			p.Outputs = append(p.Outputs, psbt.POutput{})
		},
		"two-changes": func(p *psbt.Packet) {
			o := *p.UnsignedTx.TxOut[0]
			o.Value = 1000
			p.UnsignedTx.TxOut = append([]*wire.TxOut{&o}, p.UnsignedTx.TxOut...)
			p.Outputs = append(p.Outputs, psbt.POutput{})
		},
		"burnt":         func(p *psbt.Packet) { p.UnsignedTx.TxOut[1].Value = 5000 },
		"fee-above-cap": func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].Value -= 50_000 },
		"pays-out-more": func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].Value += 1 << 40 },
		"no-root":       func(p *psbt.Packet) { p.UnsignedTx.TxOut[1].PkScript = elsewhere },
		"root-too-long": func(p *psbt.Packet) {
			p.UnsignedTx.TxOut[1].PkScript = append([]byte{txscript.OP_RETURN, 33}, make([]byte, 33)...)
		},
		"previous-missing": func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = nil },
		"previous-value-altered": func(p *psbt.Packet) {
			prev := p.Inputs[0].NonWitnessUtxo.Copy()
			prev.TxOut[0].Value *= 2
			p.Inputs[0].NonWitnessUtxo = prev
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := psbt.NewFromRawBytes(bytes.NewReader(sent), false)
			if err != nil {
				t.Fatal(err)
			}
			bend(p)
			var out bytes.Buffer
			if err := p.Serialize(&out); err != nil {
				t.Skip("no packet can say so:", err)
			}
			var fee *anchor.FeeAboveCapError
			if _, _, err := anchor.SignPSBT(out.Bytes(), anchor.NewKeySigner(w.key), 10_000); err == nil || anchor.CodeOf(err) == "" && !errors.As(err, &fee) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, _, err := anchor.SignPSBT(sent, anchor.NewKeySigner(testKey("stranger")), 10_000); anchor.CodeOf(err) != anchor.CodeBuild {
		t.Errorf("signed with a key that owns none of the inputs: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("psbt"), sent[:len(sent)/2]} {
		if _, err := anchor.ReadPSBT(bad, w.key.PubKey(), 10_000); err == nil {
			t.Errorf("%d bytes were read", len(bad))
		}
	}
}

func FuzzReadPSBT(f *testing.F) {
	w := newWorld(f, anchor.ProfileBlockcerts)
	coins := w.coins()
	u, err := anchor.BuildCommitment([32]byte{1}, coins, w.address, 2000, 10_000, anchor.Regtest)
	if err != nil {
		f.Fatal(err)
	}
	sent, err := anchor.EncodePSBT(u, coins)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sent)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := anchor.ReadPSBT(data, w.key.PubKey(), 10_000)
		if err == nil && (p.Fee < 0 || p.Fee > 10_000) {
			t.Fatalf("a fee of %d", p.Fee)
		}
	})
}
