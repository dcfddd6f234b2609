package verifier_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// vectorDir holds attacks on anchors as data, one fault in a file that is named by it. Another
// verifier can read them: the credential, the evidence, whom to trust, the moment, and
// what must come out. testdata/README.md says where they come from.
const vectorDir = "../testdata/anchors"

// A vector is one file. Trust and status lists are those of trust.json and lists.json
// beside it.
type vector struct {
	Fault      string          `json:"fault"`
	From       string          `json:"from"`
	At         time.Time       `json:"at"`
	Verdict    string          `json:"verdict"`
	Code       verifier.Code   `json:"code"`
	Credential json.RawMessage `json:"credential"`
	Evidence   json.RawMessage `json:"evidence"`
	Trust      object          `json:"trust,omitempty"`  // members put over those of trust.json
	Issuer     object          `json:"issuer,omitempty"` // and over those of its one issuer
}

// TestAnchorVectors judges every file of the folder.
func TestAnchorVectors(t *testing.T) {
	if os.Getenv("CERTANCHOR_WRITE_VECTORS") != "" {
		writeVectors(t)
	}
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	count := map[verifier.Verdict]int{}
	for _, name := range files {
		base := strings.TrimSuffix(filepath.Base(name), ".json")
		if base == "trust" || base == "lists" {
			continue
		}
		t.Run(base, func(t *testing.T) {
			v := readVector(t, name)
			ev, trust := v.inputs(t)
			wantReport(t, verifier.Check(v.Credential, ev, trust, v.At), verdictNamed(t, v.Verdict), v.Code)
			count[verdictNamed(t, v.Verdict)]++
		})
	}
	t.Logf("anchor vectors: %d invalid, %d indeterminate, %d valid", count[invalid], count[indeterminate], count[valid])
	if count[invalid] != 28 || count[indeterminate] != 7 || count[valid] != 5 {
		t.Errorf("want 28, 7 and 5: a file was added or lost")
	}
}

// TestForkNeedsTheLaterCheckpoint: the fork of the vector breaks no rule. Only that the
// verifier knows a later checkpoint keeps it from being valid.
func TestForkNeedsTheLaterCheckpoint(t *testing.T) {
	v := readVector(t, filepath.Join(vectorDir, "fork-after-checkpoint.json"))
	ev, trust := v.inputs(t)
	list := trust.Checkpoints[anchor.Regtest].List()
	if len(list) != 2 {
		t.Fatalf("%d checkpoints", len(list))
	}
	older, err := anchor.NewCheckpointPack(anchor.Regtest, list[:1])
	if err != nil {
		t.Fatal(err)
	}
	trust.Checkpoints[anchor.Regtest] = older
	wantReport(t, verifier.Check(v.Credential, ev, trust, v.At), valid, "")
}

func verdictNamed(t testing.TB, name string) verifier.Verdict {
	t.Helper()
	for _, v := range []verifier.Verdict{valid, invalid, indeterminate, verifier.NotInForce} {
		if v.String() == name {
			return v
		}
	}
	t.Fatalf("no verdict %q", name)
	return 0
}

func readVector(t testing.TB, name string) vector {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil || v.Fault == "" || v.From == "" {
		t.Fatalf("%s: fault %q, from %q, %v", name, v.Fault, v.From, err)
	}
	return v
}

func (v *vector) inputs(t testing.TB) (*verifier.Evidence, *verifier.Trust) {
	t.Helper()
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(vectorDir, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	ev, err := verifier.ParseEvidence(v.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := verifier.ParseEvidence(read("lists.json"))
	if err != nil {
		t.Fatal(err)
	}
	ev.Merge(lists)
	trust, err := verifier.ParseTrust(bent(t, read("trust.json"), func(f object) {
		maps.Copy(f, v.Trust)
		maps.Copy(firstIssuer(f), v.Issuer)
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ev, trust
}

// A vectorMaker builds one block with the anchor of a licence, on a chain of its own that
// begins with the genesis block, and breaks one thing.
type vectorMaker struct {
	name, fault string
	profile     anchor.Profile // of the output spent; "" is P2PKH
	label       merkleproof.Chain
	spend       func(*spend)
	height      int             // fill the chain up to below this one, as slowly as the rules allow
	below, top  []time.Duration // blocks below and above the anchor, before now
	block       func(b *branch, tx []byte) *anchor.Evidence
	bendBelow   func(*anchor.Header)
	proof       func(*anchor.Evidence)
	chain       func(w *world, b *branch) (runs []anchor.HeaderRun, trust object)
	trust       object
	issuer      object
	verdict     verifier.Verdict
	code        verifier.Code
}

func hashTypes() map[string]txscript.SigHashType {
	return map[string]txscript.SigHashType{"none": txscript.SigHashNone, "single": txscript.SigHashSingle,
		"all-anyone-can-pay":    txscript.SigHashAll | txscript.SigHashAnyOneCanPay,
		"none-anyone-can-pay":   txscript.SigHashNone | txscript.SigHashAnyOneCanPay,
		"single-anyone-can-pay": txscript.SigHashSingle | txscript.SigHashAnyOneCanPay}
}

func vectorMakers(w *world) []vectorMaker {
	other := seededPayer("somebody")
	list := []vectorMaker{
		{name: "genuine", fault: "none: the licence of all other files as the board issued it", verdict: valid},
		{name: "genuine-p2wpkh", fault: "none: paid from P2WPKH", profile: anchor.ProfileSegwit, verdict: valid},
		{name: "genuine-p2tr", fault: "none: paid from P2TR", profile: anchor.ProfileTaproot, spend: func(s *spend) { s.hashType = txscript.SigHashDefault }, verdict: valid},

		{name: "unsigned-spend", fault: "the input that spends the board's output carries no signature",
			spend: func(s *spend) { s.after = func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = nil } }, verdict: invalid, code: "issuing-signature"},
		{name: "foreign-witness", fault: "the input that spends the board's output is signed by another key", profile: anchor.ProfileSegwit,
			spend: func(s *spend) { s.after = func(*wire.MsgTx) { s.sign(other, txscript.SigHashAll) } }, verdict: invalid, code: "issuing-signature"},
		{name: "invented-previous-transaction", fault: "somebody paid; the evidence shows a made-up previous transaction that pays to the board",
			spend: func(s *spend) { *s = *newSpend(s.t, other, anchor.ProfileBlockcerts, 1) },
			proof: func(e *anchor.Evidence) {
				e.PrevTxs[0] = newSpend(w.t, w.payer(), anchor.ProfileBlockcerts, 1).previous()[0]
			}, verdict: invalid, code: "previous-transaction"},
		{name: "invented-output", fault: "somebody spends a made-up output of the board, which no block holds, with a signature of their own",
			spend: func(s *spend) { s.after = func(*wire.MsgTx) { s.sign(other, txscript.SigHashAll) } }, verdict: invalid, code: "issuing-signature"},
		{name: "paid-by-somebody", fault: "the transaction is paid and signed by somebody who is not the board",
			spend: func(s *spend) { *s = *newSpend(s.t, other, anchor.ProfileBlockcerts, 1) }, verdict: invalid, code: "issuing-address"},

		{name: "two-op-returns", fault: "the transaction has two OP_RETURN outputs, one of them with the root",
			spend: func(s *spend) {
				s.before = func(tx *wire.MsgTx) { tx.AddTxOut(&wire.TxOut{PkScript: opReturn(merkleproof.Hash{1})}) }
			}, verdict: invalid, code: "anchor-script"},
		{name: "two-equal-op-returns", fault: "the transaction has the root in two equal OP_RETURN outputs",
			spend: func(s *spend) { s.before = func(tx *wire.MsgTx) { tx.AddTxOut(tx.TxOut[1]) } }, verdict: invalid, code: "anchor-script"},

		{name: "transaction-of-64-bytes", fault: "the transaction has 64 bytes, so that its bytes are those of two nodes of a block's tree (CVE-2017-12842)",
			spend: func(s *spend) {
				s.before = func(tx *wire.MsgTx) {
					tx.TxIn = tx.TxIn[:1]
					tx.TxOut = []*wire.TxOut{{PkScript: []byte{txscript.OP_1, txscript.OP_1, txscript.OP_1, txscript.OP_1}}}
				}
				s.after = func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = nil }
			}, verdict: invalid, code: "ambiguous-transaction"},
		{name: "tree-one-level-short", fault: "the block proof takes the level above the leaves for the leaves", block: func(b *branch, tx []byte) *anchor.Evidence {
			ev, ids := mineOf(b, 4, tx, 2)
			up := []anchor.TxID{pairOf(ids[0], ids[1]), pairOf(ids[2], ids[3])}
			ev.TxOutProof = proofOf(b, up, 0, 1)
			return ev
		}, verdict: invalid, code: "tx-inclusion"},
		{name: "phantom-leaf", fault: "the block has three transactions; the proof shows the last as a fourth, which the rule for odd levels makes up (CVE-2012-2459)",
			block: func(b *branch, tx []byte) *anchor.Evidence {
				ev, ids := mineOf(b, 3, tx, 2)
				ev.TxOutProof = proofOf(b, append(ids, ids[2]), 0, 3)
				return ev
			}, verdict: invalid, code: "tx-inclusion"},
		{name: "last-of-three", fault: "none: the last of three transactions, at its own place", block: func(b *branch, tx []byte) *anchor.Evidence {
			ev, _ := mineOf(b, 3, tx, 2)
			return ev
		}, verdict: valid},
		{name: "proof-of-another-block", fault: "the block proof is of another block with the same transactions", block: func(b *branch, tx []byte) *anchor.Evidence {
			ev := b.mine(now.Add(-17*time.Hour), tx)
			b.headers = b.headers[:len(b.headers)-1]
			b.mine(now.Add(-16*time.Hour), tx)
			return ev
		}, verdict: indeterminate, code: "not-in-best-chain"},

		{name: "header-below-the-median", fault: "a header states a time that is not above the median of the eleven before", below: twelve(-30 * time.Hour),
			bendBelow: func(h *anchor.Header) { copy(h[68:72], seconds(now.Add(-47*time.Hour))) }, verdict: invalid, code: "header-time"},
		{name: "backdated-header", fault: "the anchor's block states a time at which the board's key still counted; the blocks above it show that it is later",
			below: twelve(-40 * time.Hour), block: func(b *branch, tx []byte) *anchor.Evidence { return b.mine(now.Add(-39*time.Hour), tx) },
			top: twelve(-10 * time.Hour), issuer: object{"keys": []any{object{"id": worldID + "#signing-1", "until": stampOf(now.Add(-30 * time.Hour))}}}, verdict: indeterminate, code: "key-time-boundary"},

		{name: "foreign-network", fault: "the proof names mainnet, the evidence is of regtest", label: merkleproof.BitcoinMainnet, verdict: invalid, code: "network-mismatch"},
		{name: "foreign-network-in-evidence", fault: "the evidence says that it is of mainnet, the proof and the headers are of regtest",
			proof: func(e *anchor.Evidence) { e.Meta.Network = anchor.Mainnet }, verdict: invalid, code: "network-mismatch"},
		{name: "network-not-accepted", fault: "none in the anchor: the trust file accepts mainnet only", trust: object{"networks": []any{"mainnet"}}, verdict: indeterminate, code: "network-not-accepted"},

		{name: "fork-after-checkpoint", fault: "the anchor's block is on a private branch that obeys every rule, right after an older checkpoint", height: 2017, chain: forked(2015, 0), verdict: indeterminate, code: "not-linked-forward"},
		{name: "fork-beside-the-chain", fault: "as fork-below-checkpoint, with the honest headers beside it", height: 4018, chain: forked(4016, 4017), verdict: indeterminate, code: "not-in-best-chain"},
		{name: "fork-below-checkpoint", fault: "the anchor's block is on a private branch that obeys every rule, close below the newest checkpoint", height: 4018, chain: forked(4016, 0), verdict: indeterminate, code: "not-linked-forward"},
		{name: "backward-link-only", fault: "the headers link back to an older checkpoint, and not forward to the newer one", height: 2017, chain: honest(2016, 2035), verdict: indeterminate, code: "not-linked-forward"},
		{name: "forward-link", fault: "none: the headers lead forward to the next checkpoint", height: 4020, chain: honest(4020, 4031), verdict: valid},
	}
	for name, hashType := range hashTypes() {
		for form, profile := range map[string]anchor.Profile{"p2pkh": anchor.ProfileBlockcerts, "p2wpkh": anchor.ProfileSegwit, "p2tr": anchor.ProfileTaproot} {
			list = append(list, vectorMaker{name: "sighash-" + name + "-" + form, fault: "the signature of the " + strings.ToUpper(form) + " input does not commit to all inputs and outputs",
				profile: profile, spend: func(s *spend) { s.hashType = hashType }, verdict: invalid, code: "sighash"})
		}
	}
	slices.SortFunc(list, func(a, b vectorMaker) int { return strings.Compare(a.name, b.name) })
	return list
}

func twelve(from time.Duration) (list []time.Duration) {
	for i := range 12 {
		list = append(list, from+time.Duration(i)*time.Minute)
	}
	return list
}

func seconds(at time.Time) []byte {
	s := uint32(at.Unix())
	return []byte{byte(s), byte(s >> 8), byte(s >> 16), byte(s >> 24)}
}

// mineOf adds a block of n transactions, and returns the evidence of tx in it and the ids.
func mineOf(b *branch, n int, tx []byte, place int) (*anchor.Evidence, []anchor.TxID) {
	first := b.coinbase()
	var ids []anchor.TxID
	for i := range n {
		filler := wire.NewMsgTx(2)
		filler.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{7, byte(i)}}})
		filler.AddTxOut(&wire.TxOut{Value: int64(i), PkScript: []byte{txscript.OP_1}})
		ids = append(ids, txidOf(b.t, encodeTx(b.t, filler)))
	}
	ids[0], ids[place] = txidOf(b.t, first), txidOf(b.t, tx)
	b.add(now.Add(-17*time.Hour), anchor.MerkleRoot(ids))
	return &anchor.Evidence{Tx: tx, Coinbase: first, TxOutProof: proofOf(b, ids, 0, place), Meta: anchor.Meta{Network: anchor.Regtest}}, ids
}

func proofOf(b *branch, ids []anchor.TxID, match ...int) []byte {
	b.t.Helper()
	proof, err := anchor.EncodeTxOutProof(b.headers[len(b.headers)-1], ids, match)
	if err != nil {
		b.t.Fatal(err)
	}
	return proof
}

func pairOf(l, r anchor.TxID) anchor.TxID { return anchor.MerkleRoot([]anchor.TxID{l, r}) }

// honest is a chain of two periods, with both in the trust file; the evidence has the
// headers from one height to another.
func honest(from, to anchor.Height) func(*world, *branch) ([]anchor.HeaderRun, object) {
	return func(w *world, b *branch) ([]anchor.HeaderRun, object) {
		fill(b, 4040)
		return []anchor.HeaderRun{cutBranch(b, from, to)}, object{"checkpoints": packOf(w, b)}
	}
}

// forked makes the anchor's chain a branch that leaves the honest one after a height; the
// trust file has the checkpoints of the honest one, and the evidence beside of it, if any
// is asked for, the headers from one height on.
func forked(after int, beside anchor.Height) func(*world, *branch) ([]anchor.HeaderRun, object) {
	return func(w *world, b *branch) ([]anchor.HeaderRun, object) {
		other := &branch{t: b.t, headers: slices.Clone(b.headers[:after+1])}
		other.add(now.Add(-15*time.Hour), [32]byte{0xff})
		fill(other, 4040)
		runs := []anchor.HeaderRun{cutBranch(b, anchor.Height(after+1), b.height()-1)}
		if beside > 0 {
			runs = append(runs, cutBranch(other, beside, 4031))
		}
		return runs, object{"checkpoints": packOf(w, other)}
	}
}

// fill goes on up to a height, as slowly as the rules allow.
func fill(b *branch, height int) {
	for int(b.height()) <= height {
		b.add(time.Unix(0, 0), [32]byte{1})
	}
}

func cutBranch(b *branch, from, to anchor.Height) anchor.HeaderRun {
	whole := b.run()
	return anchor.HeaderRun{Start: from, Headers: whole.Headers[int(from)*anchor.HeaderSize : int(to+1)*anchor.HeaderSize]}
}

func packOf(w *world, b *branch) object {
	store, err := anchor.NewHeaderStore(anchor.Regtest, b.run().Headers)
	w.must(err)
	raw, err := store.Checkpoints(store.Tip()).MarshalJSON()
	w.must(err)
	return object{"regtest": object{"sha256": sum(raw), "bytes": base64URL(raw)}}
}

// writeVectors makes the files that are not there yet.
func writeVectors(t *testing.T) {
	w := seededWorld(t, "anchor vectors", licenceDraft("L-1"))
	write := func(name string, raw []byte) {
		path := filepath.Join(vectorDir, name+".json")
		if _, err := os.Stat(path); err == nil {
			return
		}
		w.must(os.MkdirAll(vectorDir, 0o755))
		var out bytes.Buffer
		w.must(json.Indent(&out, raw, "", " "))
		w.must(os.WriteFile(path, append(bytes.TrimSpace(out.Bytes()), '\n'), 0o644))
	}
	write("trust", w.trustFile(func(f object) {
		var addresses []any
		for _, p := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot} {
			addr, err := anchor.Address(w.payer().PubKey(), p, anchor.Regtest)
			w.must(err)
			addresses = append(addresses, object{"address": addr, "from": stampOf(now.Add(-48 * time.Hour))})
		}
		firstIssuer(f)["addresses"] = addresses
	}))
	lists := &verifier.Evidence{Documents: w.evidence().Documents}
	raw, err := lists.Marshal()
	w.must(err)
	write("lists", raw)
	for _, m := range vectorMakers(w) {
		raw, err := json.Marshal(m.make(w))
		w.must(err)
		write(m.name, raw)
	}
}

func (m *vectorMaker) make(w *world) vector {
	genesis := anchor.Regtest.Genesis()
	b := &branch{t: w.t, headers: []anchor.Header{genesis}}
	if m.height > 0 {
		fill(b, m.height-1)
	}
	for i, before := range m.below {
		if i == len(m.below)-1 {
			b.bend = m.bendBelow
		}
		b.add(now.Add(before), [32]byte{2})
		b.bend = nil
	}
	profile, label := m.profile, m.label
	if profile == "" {
		profile = anchor.ProfileBlockcerts
	}
	if label == "" {
		label = merkleproof.BitcoinRegtest
	}
	s := newSpend(w.t, w.payer(), profile, 1)
	if m.spend != nil {
		m.spend(s)
	}
	doc := w.boardDoc(nil)
	leaf := leafOf(w.t, doc, w.contexts())
	s.commit(leaf)
	tx := encodeTx(w.t, s.tx)
	addMerkle(w.t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: leaf, Target: leaf,
		Anchor: merkleproof.Anchor{Chain: label, TxID: txidOf(w.t, tx).String()}}, signedAt)

	var one *anchor.Evidence
	if m.block != nil {
		one = m.block(b, tx)
	} else {
		one = b.mine(now.Add(-17*time.Hour), tx)
	}
	one.PrevTxs = s.previous()
	if m.proof != nil {
		m.proof(one)
	}
	for _, before := range m.top {
		b.add(now.Add(before), [32]byte{3})
	}
	if m.top == nil {
		b.grow(12, now.Add(-16*time.Hour))
	}
	v := vector{Fault: m.fault, From: "made by CERTANCHOR_WRITE_VECTORS=1 go test ./verifier -run TestAnchorVectors; regtest, seeded keys",
		At: now, Verdict: m.verdict.String(), Code: m.code, Credential: encoded(w.t, doc), Trust: m.trust, Issuer: m.issuer}
	runs := []anchor.HeaderRun{b.run()}
	if m.chain != nil {
		runs, v.Trust = m.chain(w, b)
	}
	ev := &verifier.Evidence{Headers: map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: runs}}
	ev.AddTransaction(txidOf(w.t, tx), one)
	raw, err := ev.Marshal()
	w.must(err)
	v.Evidence = raw
	return v
}
