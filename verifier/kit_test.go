package verifier_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// This file lets a test write what an issuer, or somebody with stolen keys, could write:
// documents, lists, transactions and blocks with one thing wrong and everything else
// right.

// parsed returns a document as strictjson would read it: a copy, numbers as text.
func parsed(t testing.TB, doc object) object {
	t.Helper()
	out, err := strictjson.ParseObject(encoded(t, doc), strictjson.Limits{Bytes: 64 << 20, Depth: 1000, Members: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func encoded(t testing.TB, doc object) []byte {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// signer is the board's own signing key.
func (w *world) signer() ed25519.PrivateKey {
	raw, err := os.ReadFile(filepath.Join(w.dir, "keys", "signing.json"))
	w.must(err)
	var file struct{ Plain string }
	w.must(json.Unmarshal(raw, &file))
	seed, err := base64.RawURLEncoding.DecodeString(file.Plain)
	w.must(err)
	return ed25519.NewKeyFromSeed(seed)
}

// payer is the board's own paying key.
func (w *world) payer() *btcec.PrivateKey {
	raw, err := os.ReadFile(filepath.Join(w.dir, "keys", "anchor.json"))
	w.must(err)
	var file struct{ Plain string }
	w.must(json.Unmarshal(raw, &file))
	secret, err := base64.RawURLEncoding.DecodeString(file.Plain)
	w.must(err)
	key, _ := btcec.PrivKeyFromBytes(secret)
	return key
}

// contexts are what the board signs with.
func (w *world) contexts() *jsonld.Contexts {
	c, err := jsonld.Builtin().With(w.issuer.ContextURL(), licensure.Context())
	w.must(err)
	c, err = c.With(listTermsURL, []byte(listTerms))
	w.must(err)
	return c
}

// draft is a licence of the board without proofs.
func (w *world) draft() object {
	doc, err := strictjson.ParseObject(w.creds[0], strictjson.Limits{})
	w.must(err)
	delete(doc, "proof")
	return doc
}

// signedAt is the moment the board's own documents state for their signatures.
var signedAt = now.Add(-21 * time.Hour)

func (w *world) boardOptions() cryptosuite.Options {
	return cryptosuite.Options{ID: "urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f8e0001", VerificationMethod: worldID + "#signing-1", Created: signedAt}
}

// signed is a licence that the board signs after change, without an anchor.
func (w *world) signed(change func(object)) []byte {
	w.t.Helper()
	doc := w.draft()
	if change != nil {
		change(doc)
	}
	sign(w.t, doc, w.signer(), w.boardOptions(), w.contexts())
	return encoded(w.t, doc)
}

// optional is the trust file with which a signature is enough.
func (w *world) optional(bend func(object)) *verifier.Trust {
	return w.trust(func(f object) {
		f["anchor"] = "optional"
		if bend != nil {
			bend(f)
		}
	})
}

// listOf returns the board's list of a purpose, unsigned.
func (w *world) listOf(purpose string) object {
	for _, l := range w.lists {
		if strings.Contains(l.URL, purpose) {
			doc, err := strictjson.ParseObject(l.Bytes, strictjson.Limits{})
			w.must(err)
			delete(doc, "proof")
			return doc
		}
	}
	w.t.Fatalf("no list for %s", purpose)
	return nil
}

// signedList is the board's list of a purpose, changed and signed again by the board.
func (w *world) signedList(purpose string, change func(object)) []byte {
	w.t.Helper()
	doc := w.listOf(purpose)
	change(doc)
	return w.signList(doc, w.signer(), worldID+"#signing-1")
}

func (w *world) signList(doc object, key ed25519.PrivateKey, method string) []byte {
	w.t.Helper()
	sign(w.t, doc, key, cryptosuite.Options{VerificationMethod: method, Created: now.Add(-time.Hour)}, w.contexts())
	doc["proof"] = at(doc, "proof", 0)
	return encoded(w.t, doc)
}

// withList is the world's evidence with the document of the list's own name replaced.
func (w *world) withList(raw []byte) *verifier.Evidence {
	w.t.Helper()
	var named struct{ ID string }
	w.must(json.Unmarshal(raw, &named))
	ev := w.evidence()
	delete(ev.Documents, named.ID)
	ev.AddDocument(named.ID, verifier.Document{MediaType: "application/vc", At: now, Bytes: raw})
	return ev
}

// anchoredBy makes the document, with the proofs it has, the only leaf of a batch, and
// commits to it with a transaction that s makes of the root; label is what the proof
// says of the chain. It returns document and evidence.
func (w *world) anchoredBy(doc object, label merkleproof.Chain, s *spend) ([]byte, *verifier.Evidence) {
	w.t.Helper()
	leaf := leafOf(w.t, doc, w.contexts())
	s.commit(leaf)
	return w.proven(doc, leaf, leaf, nil, label, s)
}

// proven adds a Merkle proof with these members and puts the transaction of s into a
// block of its own on the world's chain, with twelve on top.
func (w *world) proven(doc object, target, root merkleproof.Hash, path merkleproof.Path, label merkleproof.Chain, s *spend) ([]byte, *verifier.Evidence) {
	w.t.Helper()
	raw := encodeTx(w.t, s.tx)
	id := txidOf(w.t, raw)
	addMerkle(w.t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: root, Target: target, Path: path,
		Anchor: merkleproof.Anchor{Chain: label, TxID: id.String()}}, signedAt)
	b := w.branch()
	tx := b.mine(now.Add(-17*time.Hour), raw)
	tx.PrevTxs = s.previous()
	b.grow(12, now.Add(-16*time.Hour))
	ev := w.evidence()
	ev.AddTransaction(id, tx)
	ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {b.run()}}
	return encoded(w.t, doc), ev
}

// boardDoc is a licence signed by the board, ready to be anchored.
func (w *world) boardDoc(change func(object)) object {
	doc, err := strictjson.ParseObject(w.signed(change), strictjson.Limits{})
	w.must(err)
	return doc
}

// A spend is a transaction under construction. Its inputs spend outputs that the test
// invents: a verifier asks whether their owner signed, and trusts the block for the rest.
type spend struct {
	t    testing.TB
	key  *btcec.PrivateKey
	prev []*wire.MsgTx // of each input
	tx   *wire.MsgTx

	hashType txscript.SigHashType
	before   func(*wire.MsgTx) // bends the transaction before it is signed
	after    func(*wire.MsgTx) // and after
}

func newSpend(t testing.TB, key *btcec.PrivateKey, profile anchor.Profile, inputs int) *spend {
	s := &spend{t: t, key: key, tx: wire.NewMsgTx(2), hashType: txscript.SigHashAll}
	for i := range inputs {
		prev := wire.NewMsgTx(2)
		prev.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{byte(i), 1}, Index: uint32(i)}})
		prev.AddTxOut(&wire.TxOut{Value: 100_000, PkScript: payTo(t, key, profile)})
		s.spendOutput(prev)
	}
	return s
}

func (s *spend) spendOutput(prev *wire.MsgTx) {
	s.prev = append(s.prev, prev)
	s.tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: prev.TxHash()}, Sequence: 0xfffffffd})
}

func payTo(t testing.TB, key *btcec.PrivateKey, profile anchor.Profile) []byte {
	t.Helper()
	addr, err := anchor.Address(key.PubKey(), profile, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	script, err := anchor.AddressScript(addr, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

func opReturn(root merkleproof.Hash) []byte {
	return append([]byte{txscript.OP_RETURN, txscript.OP_DATA_32}, root[:]...)
}

// commit adds change and the root, and signs.
func (s *spend) commit(root merkleproof.Hash) {
	s.t.Helper()
	s.tx.AddTxOut(&wire.TxOut{Value: 90_000, PkScript: s.prev[0].TxOut[0].PkScript})
	s.tx.AddTxOut(&wire.TxOut{PkScript: opReturn(root)})
	if s.before != nil {
		s.before(s.tx)
	}
	s.sign(s.key, s.hashType)
	if s.after != nil {
		s.after(s.tx)
	}
}

// sign signs every input by its form.
func (s *spend) sign(key *btcec.PrivateKey, hashType txscript.SigHashType) {
	s.t.Helper()
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range s.tx.TxIn {
		fetcher.AddPrevOut(in.PreviousOutPoint, s.prev[i].TxOut[0])
	}
	hashes := txscript.NewTxSigHashes(s.tx, fetcher)
	for i, in := range s.tx.TxIn {
		out := s.prev[i].TxOut[0]
		var err error
		switch {
		case txscript.IsPayToPubKeyHash(out.PkScript):
			in.SignatureScript, err = txscript.SignatureScript(s.tx, i, out.PkScript, hashType, key, true)
		case txscript.IsPayToWitnessPubKeyHash(out.PkScript):
			in.Witness, err = txscript.WitnessSignature(s.tx, hashes, i, out.Value, out.PkScript, hashType, key, true)
		case txscript.IsPayToTaproot(out.PkScript):
			in.Witness, err = txscript.TaprootWitnessSignature(s.tx, hashes, i, out.Value, out.PkScript, hashType, key)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *spend) previous() [][]byte {
	var list [][]byte
	for _, p := range s.prev {
		list = append(list, encodeTx(s.t, p))
	}
	return list
}

// A branch is a chain of regtest headers that grows on top of the world's, mined here and
// therefore free to break any rule.
type branch struct {
	t       testing.TB
	headers []anchor.Header // from the genesis block on
	// bend changes a header before its nonce is found.
	bend func(*anchor.Header)
}

func (w *world) branch() *branch {
	tip, _, err := w.chain.Tip(w.t.Context())
	w.must(err)
	run, err := w.chain.Headers(w.t.Context(), 0, tip)
	w.must(err)
	b := &branch{t: w.t}
	for i := range run.Len() {
		b.headers = append(b.headers, run.Header(i))
	}
	return b
}

func (b *branch) height() anchor.Height { return anchor.Height(len(b.headers)) }

func (b *branch) run() anchor.HeaderRun {
	var raw []byte
	for _, h := range b.headers {
		raw = append(raw, h[:]...)
	}
	return anchor.HeaderRun{Headers: raw}
}

// coinbase of the next block.
func (b *branch) coinbase() []byte {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1<<32 - 1}, SignatureScript: append(anchor.CoinbaseHeight(b.height()), 1, 7)})
	tx.AddTxOut(&wire.TxOut{Value: 50_0000_0000, PkScript: []byte{txscript.OP_1}})
	return encodeTx(b.t, tx)
}

// mine adds a block of a coinbase and one transaction, and returns the evidence of that.
func (b *branch) mine(when time.Time, tx []byte) *anchor.Evidence {
	b.t.Helper()
	return b.mineBlock(when, b.coinbase(), tx)
}

func (b *branch) mineBlock(when time.Time, first, tx []byte) *anchor.Evidence {
	b.t.Helper()
	ids := []anchor.TxID{txidOf(b.t, first), txidOf(b.t, tx)}
	b.add(when, anchor.MerkleRoot(ids))
	proof, err := anchor.EncodeTxOutProof(b.headers[len(b.headers)-1], ids, []int{0, 1})
	if err != nil {
		b.t.Fatal(err)
	}
	stripped := decodeTx(b.t, first)
	for _, in := range stripped.TxIn {
		in.Witness = nil
	}
	return &anchor.Evidence{Tx: tx, Coinbase: encodeTx(b.t, stripped), TxOutProof: proof, Meta: anchor.Meta{Network: anchor.Regtest}}
}

// grow adds n blocks about which nobody asks more than the header.
func (b *branch) grow(n int, when time.Time) {
	for i := range n {
		b.add(when.Add(time.Duration(i)*time.Minute), [32]byte{byte(i + 1)})
	}
}

func (b *branch) add(when time.Time, root [32]byte) {
	below := b.headers[len(b.headers)-1]
	var h anchor.Header
	prev := below.Hash()
	binary.LittleEndian.PutUint32(h[0:], 0x20000000)
	copy(h[4:], prev[:])
	copy(h[36:], root[:])
	seconds := uint32(when.Unix())
	if median := b.median(); seconds <= median {
		seconds = median + 1
	}
	binary.LittleEndian.PutUint32(h[68:], seconds)
	binary.LittleEndian.PutUint32(h[72:], 0x207fffff)
	if b.bend != nil {
		b.bend(&h)
	}
	for n := uint32(0); h.CheckWork(anchor.Regtest) != nil; n++ {
		if n == 1<<16 {
			b.t.Fatal("no nonce found")
		}
		binary.LittleEndian.PutUint32(h[76:], n)
	}
	b.headers = append(b.headers, h)
}

func (b *branch) median() uint32 {
	var times []uint32
	for _, h := range b.headers[max(0, len(b.headers)-11):] {
		times = append(times, h.Seconds())
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// stranger is somebody whom nobody trusts, with a DID that is its key.
type stranger struct {
	key        ed25519.PrivateKey
	id, method string
}

func newStranger(t testing.TB, name string) stranger {
	key := seededSigner(name)
	id, err := did.KeyDID(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return stranger{key: key, id: id, method: id + "#" + strings.TrimPrefix(id, "did:key:")}
}

// otherBoardID is a second board that the trust file of some tests names.
const otherBoardID = "https://other.example/issuer.json"

// withOtherBoard adds a board for X08 that may issue certificates, with keys of its own.
func withOtherBoard(t testing.TB, trust *verifier.Trust) *verifier.Trust {
	from := verifier.Bounds{From: now.Add(-48 * time.Hour)}
	addr, err := anchor.Address(seededPayer("other board").PubKey(), anchor.ProfileBlockcerts, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	trust.Issuers = append(trust.Issuers, verifier.Issuer{ID: otherBoardID, Label: "Board of Brackwater (X08)",
		Types: []string{"CertificateCredential"}, Jurisdictions: []string{"X08"},
		Keys:      []verifier.PinnedKey{{ID: otherBoardID + "#signing-1", Public: seededSigner("other board").Public(), Bounds: from}},
		Addresses: []verifier.PinnedAddress{{Address: addr, Bounds: from}},
		InForce:   map[string][]uint8{"CertificateCredential": {0}},
	})
	return trust
}

func replaced(t testing.TB, raw []byte, old, new string) []byte {
	t.Helper()
	out := bytes.Replace(raw, []byte(old), []byte(new), 1)
	if bytes.Equal(out, raw) {
		t.Fatalf("the document has no %q", old)
	}
	return out
}

func hoursOf(n int) time.Duration { return time.Duration(n) * time.Hour }

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newGzip(w io.Writer) *gzip.Writer {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}

// schemaURL is where the board publishes a schema.
const schemaURL = "https://board.example/schema.json"

// presentation is what a holder signs about credentials; change bends it before.
func presentation(t testing.TB, w *world, by stranger, inner []any, change func(object, *cryptosuite.Options)) []byte {
	t.Helper()
	doc := object{"@context": []any{credential.ContextVC2}, "type": []any{"VerifiablePresentation"},
		"holder": by.id, "verifiableCredential": inner}
	o := cryptosuite.Options{VerificationMethod: by.method, Purpose: did.Authentication, Created: now.Add(-time.Minute)}
	if change != nil {
		change(doc, &o)
	}
	sign(t, doc, by.key, o, w.contexts())
	return encoded(t, doc)
}

// signedBlock signs doc with a proof whose members the test states, as a signer of its
// own would.
func signedBlock(t testing.TB, w *world, doc, block object, key ed25519.PrivateKey) []byte {
	t.Helper()
	block["proofValue"] = "z" + base58.Encode(ed25519.Sign(key, signingInput(t, w, doc, block)))
	doc["proof"] = []any{block}
	return encoded(t, doc)
}

// signingInput is SHA-256 of the canonical options, then of the canonical document.
func signingInput(t testing.TB, w *world, doc, block object) []byte {
	t.Helper()
	var input []byte
	options := parsed(t, block)
	options["@context"] = doc["@context"]
	for _, part := range []object{parsed(t, options), parsed(t, doc)} {
		res, err := jsonld.Canonicalize(part, jsonld.Options{Contexts: w.contexts()})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(res.NQuads)
		input = append(input, sum[:]...)
	}
	return input
}
