package verifier_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// An anchorCase is a licence that the board has signed, anchored by a transaction that
// spends an output of the board, in a block on the world's chain; bent before it is sent,
// after, or as evidence.
type anchorCase struct {
	name    string
	profile anchor.Profile // of the output spent; "" is P2PKH
	spend   func(*spend)
	proof   func(*anchor.Evidence)
	verdict verifier.Verdict
	code    verifier.Code
}

func TestAnchorTransactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(func(f object) {
		var addresses []any
		for _, p := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot} {
			addr, err := anchor.Address(w.payer().PubKey(), p, anchor.Regtest)
			w.must(err)
			addresses = append(addresses, object{"address": addr, "from": stampOf(now.Add(-48 * time.Hour))})
		}
		firstIssuer(f)["addresses"] = addresses
	})
	other := seededPayer("somebody")
	hash := func(h txscript.SigHashType) func(*spend) { return func(s *spend) { s.hashType = h } }
	before := func(bend func(*wire.MsgTx)) func(*spend) { return func(s *spend) { s.before = bend } }
	after := func(bend func(*wire.MsgTx)) func(*spend) { return func(s *spend) { s.after = bend } }
	spending := func(script []byte) func(*spend) {
		return func(s *spend) {
			s.prev[1].TxOut[0].PkScript = script
			s.tx.TxIn[1].PreviousOutPoint.Hash = s.prev[1].TxHash()
		}
	}
	for _, c := range []anchorCase{
		{name: "P2PKH", verdict: valid},
		{name: "P2WPKH", profile: anchor.ProfileSegwit, verdict: valid},
		{name: "P2TR", profile: anchor.ProfileTaproot, spend: hash(txscript.SigHashDefault), verdict: valid},

		{name: "unsigned", spend: after(func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = nil }), verdict: invalid, code: "issuing-signature"},
		{name: "second-input-unsigned", profile: anchor.ProfileSegwit, spend: after(func(tx *wire.MsgTx) { tx.TxIn[1].Witness = nil }), verdict: invalid, code: "issuing-signature"},
		{name: "sighash-none", spend: hash(txscript.SigHashNone), verdict: invalid, code: "sighash"},
		{name: "sighash-single", spend: hash(txscript.SigHashSingle), verdict: invalid, code: "sighash"},
		{name: "sighash-anyone-can-pay", spend: hash(txscript.SigHashAll | txscript.SigHashAnyOneCanPay), verdict: invalid, code: "sighash"},
		{name: "sighash-none-segwit", profile: anchor.ProfileSegwit, spend: hash(txscript.SigHashNone), verdict: invalid, code: "sighash"},
		{name: "sighash-single-taproot", profile: anchor.ProfileTaproot, spend: hash(txscript.SigHashSingle), verdict: invalid, code: "sighash"},
		{name: "anyone-may-spend", spend: spending([]byte{txscript.OP_1}), verdict: indeterminate, code: "issuing-script"},
		{name: "pays-from-a-script-hash", spend: spending(append(append([]byte{txscript.OP_HASH160, 20}, make([]byte, 20)...), txscript.OP_EQUAL)), verdict: indeterminate, code: "issuing-script"},
		{name: "pays-from-a-witness-script", spend: spending(append([]byte{txscript.OP_0, 32}, make([]byte, 32)...)), verdict: indeterminate, code: "issuing-script"},

		{name: "two-op-returns", spend: before(func(tx *wire.MsgTx) { tx.AddTxOut(&wire.TxOut{PkScript: opReturn(merkleproof.Hash{1})}) }), verdict: invalid, code: "anchor-script"},
		{name: "op-return-and-a-note", spend: before(func(tx *wire.MsgTx) { tx.AddTxOut(&wire.TxOut{PkScript: []byte{txscript.OP_RETURN, 2, 'h', 'i'}}) }), verdict: invalid, code: "anchor-script"},
		{name: "root-in-long-form", spend: before(func(tx *wire.MsgTx) {
			s := tx.TxOut[1].PkScript
			tx.TxOut[1].PkScript = append([]byte{txscript.OP_RETURN, txscript.OP_PUSHDATA1, 32}, s[2:]...)
		}), verdict: invalid, code: "anchor-script"},
		{name: "root-in-a-witness-program", spend: before(func(tx *wire.MsgTx) {
			s := tx.TxOut[1].PkScript
			tx.TxOut[1].PkScript = append([]byte{txscript.OP_0, 32}, s[2:]...)
		}), verdict: invalid, code: "anchor-script"},
		{name: "another-root", spend: before(func(tx *wire.MsgTx) { tx.TxOut[1].PkScript[9] ^= 1 }), verdict: invalid, code: "root-not-in-transaction"},

		{name: "paid-by-somebody", spend: func(s *spend) { *s = *newSpend(t, other, anchor.ProfileBlockcerts, 2) }, verdict: invalid, code: "issuing-address"},
		{name: "first-input-by-somebody", spend: func(s *spend) {
			s.before = func(tx *wire.MsgTx) {
				s.prev[0].TxOut[0].PkScript = payTo(t, other, anchor.ProfileBlockcerts)
				tx.TxIn[0].PreviousOutPoint.Hash = s.prev[0].TxHash()
			}
			s.after = func(tx *wire.MsgTx) {
				script, err := txscript.SignatureScript(tx, 0, s.prev[0].TxOut[0].PkScript, txscript.SigHashAll, other, true)
				w.must(err)
				tx.TxIn[0].SignatureScript = script
			}
		}, verdict: invalid, code: "issuing-address"},

		{name: "other-previous-transaction", proof: func(e *anchor.Evidence) { e.PrevTxs[0], e.PrevTxs[1] = e.PrevTxs[1], e.PrevTxs[0] }, verdict: invalid, code: "previous-transaction"},
		{name: "evidence-of-no-network", proof: func(e *anchor.Evidence) { e.Meta = anchor.Meta{} }, verdict: valid},
		{name: "evidence-of-another-network", proof: func(e *anchor.Evidence) { e.Meta.Network = anchor.Mainnet }, verdict: invalid, code: "network-mismatch"},
		{name: "proof-without-transaction", proof: func(e *anchor.Evidence) { e.TxOutProof = e.TxOutProof[:80] }, verdict: invalid, code: "tx-inclusion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			profile := c.profile
			if profile == "" {
				profile = anchor.ProfileBlockcerts
			}
			s := newSpend(t, w.payer(), profile, 2)
			if c.spend != nil {
				c.spend(s)
			}
			raw, ev := w.anchoredBy(w.boardDoc(nil), merkleproof.BitcoinRegtest, s)
			if c.proof != nil {
				c.proof(ev.Transactions[txidOf(t, encodeTx(t, s.tx)).String()])
			}
			wantReport(t, verifier.Check(raw, ev, trust, now), c.verdict, c.code)
		})
	}
}

// TestAmbiguousTransactions names real transactions of 64 bytes, which are mainnet
// history, as the anchor.
func TestAmbiguousTransactions(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Comment, Tx string
		Valid       bool
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/bitcoin/vectors/bip54-txsize.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, licenceDraft("L-1"))
	ambiguous := 0
	for _, v := range vectors {
		raw, err := hex.DecodeString(v.Tx)
		w.must(err)
		doc := w.boardDoc(nil)
		leaf := leafOf(t, doc, w.contexts())
		id := txidOf(t, raw)
		addMerkle(t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: leaf, Target: leaf,
			Anchor: merkleproof.Anchor{Chain: merkleproof.BitcoinMainnet, TxID: id.String()}}, signedAt)
		ev := w.evidence()
		ev.AddTransaction(id, &anchor.Evidence{Tx: raw})
		code := verifier.Code("anchor-script") // of the others: they commit to nothing
		if !v.Valid {
			ambiguous++
			code = "ambiguous-transaction"
		}
		wantReport(t, verifier.Check(encoded(t, doc), ev, w.trust(nil), now), invalid, code)
	}
	if len(vectors) != 13 || ambiguous != 10 {
		t.Errorf("%d transactions, %d of 64 bytes; 13 and 10 are known", len(vectors), ambiguous)
	}
}

// TestMerklePaths: the path of one document leads to the root that its proof names, or
// the proof is of another batch.
func TestMerklePaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"), licenceDraft("L-2"), licenceDraft("L-3"), licenceDraft("L-4"))
	ev, trust := w.evidence(), w.trust(nil)
	rebuilt := func(bend func(*merkleproof.Proof)) []byte {
		return bent(t, w.creds[0], func(d object) {
			block := at(d, "proof", 1).(object)
			p, err := merkleproof.Decode2019(block["proofValue"].(string))
			w.must(err)
			bend(p)
			block["proofValue"], err = p.Encode2019()
			w.must(err)
		})
	}
	for name, c := range map[string]struct {
		bend func(*merkleproof.Proof)
		code verifier.Code
	}{
		"sibling-flipped":   {func(p *merkleproof.Proof) { p.Path[0].Hash[0] ^= 1 }, "merkle-root"},
		"side-swapped":      {func(p *merkleproof.Proof) { p.Path[0].Side = 1 - p.Path[0].Side }, "merkle-root"},
		"steps-swapped":     {func(p *merkleproof.Proof) { p.Path[0], p.Path[1] = p.Path[1], p.Path[0] }, "merkle-root"},
		"step-left-out":     {func(p *merkleproof.Proof) { p.Path = p.Path[1:] }, "merkle-root"},
		"no-steps":          {func(p *merkleproof.Proof) { p.Path = nil }, "merkle-root"},
		"step-too-many":     {func(p *merkleproof.Proof) { p.Path = append(p.Path, p.Path[0]) }, "merkle-root"},
		"root-of-somewhere": {func(p *merkleproof.Proof) { p.Root = merkleproof.Hash{1} }, "merkle-root"},
		"target-of-another": {func(p *merkleproof.Proof) { p.Target = merkleproof.Hash{1} }, "target-hash"},
		// The path begins at what the document hashes to, wherever the rest leads.
		"path-and-root-of-its-own": {func(p *merkleproof.Proof) { p.Path, p.Root = nil, p.Target }, "root-not-in-transaction"},
	} {
		t.Run(name, func(t *testing.T) {
			wantReport(t, verifier.Check(rebuilt(c.bend), ev, trust, now), invalid, c.code)
		})
	}
}

// TestBlocks: the block around the transaction.
func TestBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(nil)
	build := func(block func(b *branch, tx []byte) *anchor.Evidence) ([]byte, *verifier.Evidence) {
		doc := w.boardDoc(nil)
		leaf := leafOf(t, doc, w.contexts())
		s := newSpend(t, w.payer(), anchor.ProfileBlockcerts, 1)
		s.commit(leaf)
		tx := encodeTx(t, s.tx)
		id := txidOf(t, tx)
		addMerkle(t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: leaf, Target: leaf,
			Anchor: merkleproof.Anchor{Chain: merkleproof.BitcoinRegtest, TxID: id.String()}}, signedAt)
		b := w.branch()
		e := block(b, tx)
		e.PrevTxs = s.previous()
		b.grow(12, now.Add(-16*time.Hour))
		ev := w.evidence()
		ev.AddTransaction(id, e)
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {b.run()}}
		return encoded(t, doc), ev
	}
	when := now.Add(-17 * time.Hour)
	coinbase := func(b *branch, bend func(*wire.MsgTx)) []byte {
		tx := decodeTx(t, b.coinbase())
		bend(tx)
		return encodeTx(t, tx)
	}
	for _, c := range []struct {
		name    string
		block   func(b *branch, tx []byte) *anchor.Evidence
		verdict verifier.Verdict
		code    verifier.Code
	}{
		{"honest", func(b *branch, tx []byte) *anchor.Evidence { return b.mine(when, tx) }, valid, ""},
		{"first-is-no-coinbase", func(b *branch, tx []byte) *anchor.Evidence {
			return b.mineBlock(when, coinbase(b, func(c *wire.MsgTx) { c.TxIn[0].PreviousOutPoint = wire.OutPoint{Hash: [32]byte{9}} }), tx)
		}, invalid, "coinbase"},
		{"coinbase-of-two-inputs", func(b *branch, tx []byte) *anchor.Evidence {
			return b.mineBlock(when, coinbase(b, func(c *wire.MsgTx) { c.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{9}}}) }), tx)
		}, invalid, "coinbase"},
		{"coinbase-states-no-height", func(b *branch, tx []byte) *anchor.Evidence {
			e := b.mineBlock(when, coinbase(b, func(c *wire.MsgTx) { c.TxIn[0].SignatureScript = []byte("\x05hello") }), tx)
			e.Meta.Height = b.height() - 1
			return e
		}, invalid, "coinbase"},
		{"coinbase-states-another-height", func(b *branch, tx []byte) *anchor.Evidence {
			return b.mineBlock(when, coinbase(b, func(c *wire.MsgTx) { c.TxIn[0].SignatureScript = append(anchor.CoinbaseHeight(50), 1, 7) }), tx)
		}, indeterminate, "not-in-best-chain"},
		{"proof-of-another-transaction", func(b *branch, tx []byte) *anchor.Evidence {
			e := b.mine(when, w.evidence().Transactions[w.txid.String()].Tx)
			e.Tx = tx
			return e
		}, invalid, "tx-inclusion"},
		{"transaction-in-the-place-of-the-coinbase", func(b *branch, tx []byte) *anchor.Evidence {
			e := b.mineBlock(when, tx, b.coinbase())
			e.Coinbase, e.Tx = tx, tx
			return e
		}, invalid, "tx-inclusion"},
		{"coinbase-cut", func(b *branch, tx []byte) *anchor.Evidence {
			e := b.mine(when, tx)
			e.Coinbase = e.Coinbase[:40]
			return e
		}, invalid, "malformed-transaction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, ev := build(c.block)
			wantReport(t, verifier.Check(raw, ev, trust, now), c.verdict, c.code)
		})
	}
}

// TestHeaders: the attacker mines, so each header has its proof of work, and breaks one
// other rule in the third block above the anchor.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(nil)
	put := func(offset int, v uint32) func(*branch, *anchor.Header) {
		return func(_ *branch, h *anchor.Header) { binary.LittleEndian.PutUint32(h[offset:], v) }
	}
	for _, c := range []struct {
		name string
		bend func(*branch, *anchor.Header)
		code verifier.Code
	}{
		{"does-not-follow", func(_ *branch, h *anchor.Header) { h[4] ^= 1 }, "header-link"},
		{"harder-than-the-rules-ask", put(72, 0x207ffffe), "header-bits"},
		{"time-at-the-median", func(b *branch, h *anchor.Header) { binary.LittleEndian.PutUint32(h[68:], b.median()) }, "header-time"},
		{"version-of-2012", put(0, 2), "header-version"},
		{"version-below-zero", put(0, 1<<31), "header-version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.branch()
			third := b.height() - 10 // the anchor has twelve blocks above it
			b.headers = b.headers[:third]
			b.bend = func(h *anchor.Header) { c.bend(b, h) }
			b.grow(1, now.Add(-18*time.Hour))
			b.bend = nil
			b.grow(10, now.Add(-17*time.Hour))
			ev := w.evidence()
			ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {b.run()}}
			wantReport(t, verifier.Check(w.creds[0], ev, trust, now), invalid, c.code)
		})
	}
	edited := func(bend func(h []byte)) *verifier.Evidence {
		ev := w.evidence()
		setRun(ev, func(r *anchor.HeaderRun) { bend(r.Headers[len(r.Headers)-3*anchor.HeaderSize:][:anchor.HeaderSize]) })
		return ev
	}
	t.Run("no-work", func(t *testing.T) {
		ev := edited(func(h []byte) {
			for anchor.Header(h).CheckWork(anchor.Regtest) == nil {
				h[76]++
			}
		})
		wantReport(t, verifier.Check(w.creds[0], ev, trust, now), invalid, "header-pow")
	})
	t.Run("easier-than-the-network", func(t *testing.T) {
		ev := edited(func(h []byte) { binary.LittleEndian.PutUint32(h[72:], 0x2100ffff) })
		wantReport(t, verifier.Check(w.creds[0], ev, trust, now), invalid, "header-bits")
	})
	t.Run("half-a-header", func(t *testing.T) {
		ev := w.evidence()
		setRun(ev, func(r *anchor.HeaderRun) { r.Headers = r.Headers[:len(r.Headers)-40] })
		wantReport(t, verifier.Check(w.creds[0], ev, trust, now), invalid, "malformed-headers")
	})
	t.Run("more-work-elsewhere", func(t *testing.T) {
		// A chain of one block more, forked below the anchor, that does not know it.
		b := w.branch()
		b.headers = b.headers[:101]
		b.grow(15, now.Add(-19*time.Hour))
		ev := w.evidence()
		ev.AddHeaders(anchor.Regtest, b.run())
		wantReport(t, verifier.Check(w.creds[0], ev, trust, now), indeterminate, "not-in-best-chain")
	})
}

// TestMainnetFork is a block with real work on real headers: 2^32 hashes, the price of a
// block in 2009, spent by somebody who holds the retired keys of an issuer.
func TestMainnetFork(t *testing.T) {
	f := mainnetFork(t)
	raw, tx, id, header := f.forged(t)
	all := conformance.Read(t, "conformance/bitcoin/headers/mainnet-0-10236.bin")
	real := func(from, to anchor.Height) anchor.HeaderRun {
		return anchor.HeaderRun{Start: from, Headers: bytes.Clone(all[int(from)*anchor.HeaderSize : int(to+1)*anchor.HeaderSize])}
	}
	forked := func(from anchor.Height) anchor.HeaderRun {
		r := real(from, f.height-1)
		r.Headers = append(r.Headers, header[:]...)
		return r
	}
	below := anchor.Header(real(2015, 2015).Headers)
	early, err := anchor.NewCheckpointPack(anchor.Mainnet, []anchor.Checkpoint{{Height: 2015, Hash: below.Hash(), NextBits: 0x1d00ffff}})
	if err != nil {
		t.Fatal(err)
	}
	store, err := anchor.NewHeaderStore(anchor.Mainnet, all)
	if err != nil {
		t.Fatal(err)
	}
	bend := func(change func(h []byte)) anchor.HeaderRun {
		r := forked(2016)
		change(r.Headers[2*anchor.HeaderSize:])
		return r
	}
	for _, c := range []struct {
		name    string
		trust   func(*verifier.Trust)
		runs    []anchor.HeaderRun
		verdict verifier.Verdict
		code    verifier.Code
	}{
		{"no-checkpoints", nil, []anchor.HeaderRun{forked(0)}, indeterminate, "no-checkpoints"},
		{"checkpoints-of-today", builtin, []anchor.HeaderRun{forked(0)}, indeterminate, "not-linked-forward"},
		{"backward-link-only", builtin, []anchor.HeaderRun{forked(2016)}, indeterminate, "not-linked-forward"},
		{"backward-link-and-the-real-chain", builtin, []anchor.HeaderRun{forked(2016), real(2016, 4031)}, indeterminate, "not-in-best-chain"},
		{"own-headers", withStore(store), []anchor.HeaderRun{forked(2016)}, indeterminate, "not-in-best-chain"},
		{"no-headers", builtin, nil, indeterminate, "no-headers"},
		// With a checkpoint of 2009 and nothing else the fork obeys every rule. But until
		// eleven blocks follow, at the same price each, its time is open above.
		{"early-checkpoint", with(early, 1), []anchor.HeaderRun{forked(2016)}, indeterminate, "key-time-boundary"},
		{"early-checkpoint-and-the-real-chain", with(early, 1), []anchor.HeaderRun{forked(2016), real(2016, 2030)}, indeterminate, "not-in-best-chain"},
		{"early-checkpoint-link-broken", with(early, 1), []anchor.HeaderRun{bend(func(h []byte) { copy(h[4:36], make([]byte, 32)) })}, invalid, "header-link"},
		{"early-checkpoint-no-work", with(early, 1), []anchor.HeaderRun{bend(func(h []byte) { h[68] ^= 1 })}, invalid, "header-pow"},
		{"early-checkpoint-easier", with(early, 1), []anchor.HeaderRun{bend(func(h []byte) { binary.LittleEndian.PutUint32(h[72:], 0x1d01fffe) })}, invalid, "header-bits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trust := f.trust(t)
			if c.trust != nil {
				c.trust(trust)
			}
			wantReport(t, verifier.Check(raw, f.evidence(tx, id, c.runs...), trust, now), c.verdict, c.code)
		})
	}
}

func builtin(t *verifier.Trust) { with(anchor.BuiltinCheckpoints(anchor.Mainnet), 1)(t) }

func with(pack *anchor.CheckpointPack, confirmations anchor.Confirmations) func(*verifier.Trust) {
	return func(t *verifier.Trust) {
		t.Checkpoints = map[anchor.Network]*anchor.CheckpointPack{pack.Network(): pack}
		t.MinConfirmations = confirmations
	}
}

func withStore(s *anchor.HeaderStore) func(*verifier.Trust) {
	return func(t *verifier.Trust) { t.Headers = map[anchor.Network]*anchor.HeaderStore{s.Network(): s} }
}

// TestSignetFork is the same on signet, where a laptop mines a block in a second, but only
// the network's operators can sign one (BIP325).
func TestSignetFork(t *testing.T) {
	f := signetFork(t)
	raw, tx, id, header := f.forged(t)
	all := conformance.Read(t, "conformance/bitcoin/headers/signet-0-2015.bin")
	run := anchor.HeaderRun{Headers: append(bytes.Clone(all[:1001*anchor.HeaderSize]), header[:]...)}
	wantReport(t, verifier.Check(raw, f.evidence(tx, id, run), f.trust(t), now), invalid, "signet-solution")

	// The solution of a real block is none for this one.
	var real struct {
		Vectors []struct{ ID, CoinbaseRawTx string }
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/bitcoin/vectors/derived-inclusion-evidence.json"), &real); err != nil {
		t.Fatal(err)
	}
	for _, v := range real.Vectors {
		if v.ID != "signet-31500-2" {
			continue
		}
		coinbase, err := hex.DecodeString(v.CoinbaseRawTx)
		if err != nil {
			t.Fatal(err)
		}
		msg := decodeTx(t, coinbase)
		msg.TxIn[0].Witness = nil
		swapped := *tx
		swapped.Coinbase = encodeTx(t, msg)
		wantReport(t, verifier.Check(raw, f.evidence(&swapped, id, run), f.trust(t), now), invalid, "tx-inclusion")
	}
	// The same evidence under a mainnet label, and with a lie about its network.
	label := *f
	label.label = merkleproof.BitcoinMainnet
	raw, tx, id, header = label.forged(t)
	wantReport(t, verifier.Check(raw, f.evidence(tx, id, run), f.trust(t), now), invalid, "network-mismatch")
	tx.Meta.Network = anchor.Mainnet
	wantReport(t, verifier.Check(raw, f.evidence(tx, id), f.trust(t), now), invalid, "header-bits")
}

// TestObservations: anchors without proof, on the word of named observers.
func TestObservations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	good := verifier.Observation{Source: "a.example", Chain: merkleproof.BitcoinRegtest, TxID: w.txid.String(),
		Payload: hashOf(t, rootOf(w)), Address: w.key.Address, Time: now.Add(-20 * time.Hour), Confirmations: 13}
	by := func(source string, bend func(*verifier.Observation)) verifier.Observation {
		o := good
		o.Source = source
		if bend != nil {
			bend(&o)
		}
		return o
	}
	a, b, c := by("a.example", nil), by("b.example", nil), by("c.example", nil)
	trust := func(needed int, bend func(*verifier.Trust)) *verifier.Trust {
		tr := w.trust(nil)
		tr.WeakestChainFact, tr.Observers, tr.ObserversNeeded = verifier.Observed, []string{"a.example", "b.example", "c.example"}, needed
		if bend != nil {
			bend(tr)
		}
		return tr
	}
	otherPayload := func(o *verifier.Observation) { o.Payload[0] ^= 1 }
	for _, x := range []struct {
		name    string
		said    []verifier.Observation
		trust   *verifier.Trust
		verdict verifier.Verdict
		code    verifier.Code
	}{
		{"all-agree", []verifier.Observation{a, b, c}, trust(0, nil), valid, ""},
		{"enough-agree", []verifier.Observation{a, c}, trust(2, nil), valid, ""},
		{"one-says-it-twice", []verifier.Observation{a, a, a}, trust(2, nil), indeterminate, "observers-disagree"},
		{"one-silent", []verifier.Observation{a, b}, trust(0, nil), indeterminate, "observers-disagree"},
		{"one-contradicts", []verifier.Observation{a, b, by("c.example", otherPayload)}, trust(2, nil), indeterminate, "observers-disagree"},
		{"all-contradict-the-credential", []verifier.Observation{by("a.example", otherPayload), by("b.example", otherPayload)}, trust(2, nil), invalid, "root-not-in-transaction"},
		{"nobody-named", []verifier.Observation{by("explorer.example", nil)}, trust(1, nil), indeterminate, "no-evidence"},
		{"another-address", []verifier.Observation{by("a.example", func(o *verifier.Observation) { o.Address = "mgdWjvq4RYAAP5goUNagTRMx7Xw534S5am" })}, trust(1, nil), invalid, "issuing-address"},
		{"few-confirmations", []verifier.Observation{a, by("b.example", func(o *verifier.Observation) { o.Confirmations = 2 })}, trust(2, nil), indeterminate, "confirmations"},
		{"of-another-chain", []verifier.Observation{by("a.example", func(o *verifier.Observation) { o.Chain = merkleproof.BitcoinMainnet })}, trust(1, nil), indeterminate, "no-evidence"},
		{"proof-asked-for", []verifier.Observation{a, b, c}, trust(0, func(tr *verifier.Trust) { tr.WeakestChainFact = verifier.Proven }), indeterminate, "no-evidence"},
	} {
		t.Run(x.name, func(t *testing.T) {
			ev := w.evidence()
			ev.Transactions, ev.Observations = nil, x.said
			wantReport(t, verifier.Check(w.creds[0], ev, x.trust, now), x.verdict, x.code)
		})
	}
}

// TestObservedTime: one of two observers states a time at which a key that has long been
// in other hands still counted. Its word alone must not decide.
func TestObservedTime(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(keyBounds(object{"invalidSince": stampOf(now.Add(-30 * time.Hour))}))
	trust.WeakestChainFact, trust.Observers = verifier.Observed, []string{"a.example", "b.example"}
	trust.Issuers[0].StatusIssuers = nil
	ev := w.evidence()
	ev.Transactions = nil
	for i, at := range []time.Duration{-40 * time.Hour, -20 * time.Hour} { // the first lies
		ev.Observations = append(ev.Observations, verifier.Observation{Source: trust.Observers[i], Chain: merkleproof.BitcoinRegtest, TxID: w.txid.String(),
			Payload: hashOf(t, rootOf(w)), Address: w.key.Address, Time: now.Add(at), Confirmations: 13})
	}
	r := verifier.Check(w.creds[0], ev, trust, now)
	if s := r.Step(verifier.StepKey); s.Result == verifier.Passed {
		t.Errorf("the key counts by the word of one of two observers: %s", s.Fact)
	}
	for range 2 {
		ev.Observations[0], ev.Observations[1] = ev.Observations[1], ev.Observations[0]
		if s := verifier.Check(w.creds[0], ev, trust, now).Step(verifier.StepKey); s.Result == verifier.Passed {
			t.Errorf("the order of the observations decides: %s", s.Fact)
		}
	}
}

// TestOtherChains: an anchor on a chain for which there is neither proof nor observation.
func TestOtherChains(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	for _, chain := range []merkleproof.Chain{merkleproof.EthereumMainnet, merkleproof.PolygonMainnet} {
		doc := w.boardDoc(nil)
		leaf := leafOf(t, doc, w.contexts())
		addMerkle(t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: leaf, Target: leaf,
			Anchor: merkleproof.Anchor{Chain: chain, TxID: fmt.Sprintf("0x%064x", 7)}}, signedAt)
		wantReport(t, verifier.Check(encoded(t, doc), w.evidence(), w.trust(nil), now), indeterminate, "chain-unsupported")
	}
}

func hashOf(t testing.TB, digits string) merkleproof.Hash {
	t.Helper()
	h, err := merkleproof.ParseHash(digits)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
