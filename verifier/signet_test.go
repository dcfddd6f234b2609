package verifier_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// signetFile is a signet of our own: real work (2^22 hashes a block), real signatures,
// under a challenge whose key is known here. testdata/README.md tells its form.
const signetFile = "../testdata/signet/chain.json"

// A signetChain is what the file holds.
type signetChain struct {
	From       string          `json:"from"`
	Challenge  string          `json:"challenge"` // script, hex
	Blocks     []string        `json:"blocks"`    // raw, hex, from height 1 on
	Unsigned   []string        `json:"unsigned"`  // by somebody without the key, on top of the anchor's
	Height     anchor.Height   `json:"height"`    // of the anchor
	TxID       string          `json:"txid"`
	Previous   string          `json:"previous"` // transaction, hex
	Credential json.RawMessage `json:"credential"`
}

func readSignet(t testing.TB) *signetChain {
	t.Helper()
	raw, err := os.ReadFile(signetFile)
	if err != nil {
		t.Fatal(err)
	}
	c := new(signetChain)
	if err := json.Unmarshal(raw, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// underChallenge makes the challenge that of signet until the test ends. It must not run
// beside others.
func underChallenge(t testing.TB, script string) {
	t.Helper()
	old := chaincfg.DefaultSignetChallenge
	t.Cleanup(func() { chaincfg.DefaultSignetChallenge = old })
	chaincfg.DefaultSignetChallenge = unhex(t, script)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// headers are those of raw blocks, without the genesis block.
func headersOf(t testing.TB, blocks []string) (raw []byte) {
	for _, b := range blocks {
		raw = append(raw, unhex(t, b)[:anchor.HeaderSize]...)
	}
	return raw
}

// evidence is that of the anchor, with all headers and no confirming block.
func (c *signetChain) evidence(t testing.TB) (*verifier.Evidence, *anchor.Evidence) {
	t.Helper()
	id, err := anchor.ParseTxID(c.TxID)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := anchor.EvidenceFromBlock(unhex(t, c.Blocks[c.Height-1]), id, [][]byte{unhex(t, c.Previous)}, anchor.Signet)
	if err != nil {
		t.Fatal(err)
	}
	ev := new(verifier.Evidence)
	ev.AddTransaction(id, tx)
	ev.AddHeaders(anchor.Signet, anchor.HeaderRun{Start: 1, Headers: headersOf(t, c.Blocks)})
	return ev, tx
}

// confirming are the signed blocks above the anchor, in order.
func (c *signetChain) confirming(t testing.TB) (list []anchor.SignedBlock) {
	t.Helper()
	for _, b := range c.Blocks[c.Height:] {
		s, err := anchor.SignedBlockOf(unhex(t, b))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func signetTrust(t testing.TB) *verifier.Trust {
	from := verifier.Bounds{From: signetTime.Add(-24 * time.Hour)}
	return &verifier.Trust{Networks: []anchor.Network{anchor.Signet}, Issuers: []verifier.Issuer{{
		ID: forkIssuer, Label: "Old Board", Types: []string{"VerifiableCredential"},
		Keys:      []verifier.PinnedKey{{ID: forkIssuer + "#signing", Public: seededSigner("signet signer").Public(), Bounds: from}},
		Addresses: []verifier.PinnedAddress{{Address: signetAddress(t), Bounds: from}},
	}}}
}

// TestSignetConfirmations: of the blocks above an anchor on signet only those count that
// the network's operators are shown to have signed.
func TestSignetConfirmations(t *testing.T) {
	c := readSignet(t)
	public := chaincfg.DefaultSignetChallenge
	own := func(t *testing.T) (*verifier.Evidence, *anchor.Evidence, []anchor.SignedBlock) {
		underChallenge(t, c.Challenge)
		ev, tx := c.evidence(t)
		return ev, tx, c.confirming(t)
	}
	if len(c.Blocks) != 14 || c.Height != 2 || len(c.Unsigned) != 6 {
		t.Fatalf("%d blocks, %d unsigned", len(c.Blocks), len(c.Unsigned))
	}
	for _, x := range []struct {
		name    string
		bend    func(tx *anchor.Evidence, all []anchor.SignedBlock)
		verdict verifier.Verdict
		code    verifier.Code
		count   anchor.Confirmations
	}{
		{"all-signed", func(tx *anchor.Evidence, all []anchor.SignedBlock) { tx.Confirming = all }, valid, "", 13},
		{"in-another-order", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			for i := range all {
				tx.Confirming = append(tx.Confirming, all[len(all)-1-i])
			}
		}, valid, "", 13},
		{"as-many-as-asked-for", func(tx *anchor.Evidence, all []anchor.SignedBlock) { tx.Confirming = all[:5] }, valid, "", 6},
		{"one-too-few", func(tx *anchor.Evidence, all []anchor.SignedBlock) { tx.Confirming = all[:4] }, indeterminate, "signet-unsigned", 5},
		{"none", func(*anchor.Evidence, []anchor.SignedBlock) {}, indeterminate, "signet-unsigned", 1},
		{"a-gap", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			tx.Confirming = append(all[:2:2], all[3:]...)
		}, indeterminate, "signet-unsigned", 3},
		{"one-twice", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			for range 12 {
				tx.Confirming = append(tx.Confirming, all[0])
			}
		}, indeterminate, "signet-unsigned", 2},
		{"solution-of-another-block", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			tx.Confirming = all
			all[1].Coinbase = all[2].Coinbase
		}, indeterminate, "signet-unsigned", 2},
		{"solution-bent", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			tx.Confirming = all
			all[0].Coinbase = bytes.Clone(all[0].Coinbase)
			all[0].Coinbase[len(all[0].Coinbase)-60] ^= 1
		}, indeterminate, "signet-unsigned", 1},
		{"too-many", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			for range anchor.MaxConfirming + 1 {
				tx.Confirming = append(tx.Confirming, all[0])
			}
		}, indeterminate, "limit", 0},
		{"as-many-as-may-be", func(tx *anchor.Evidence, all []anchor.SignedBlock) {
			for range anchor.MaxConfirming - len(all) {
				tx.Confirming = append(tx.Confirming, all[0])
			}
			tx.Confirming = append(tx.Confirming, all...)
		}, valid, "", 13},
	} {
		t.Run(x.name, func(t *testing.T) {
			ev, tx, all := own(t)
			x.bend(tx, all)
			// As it stands in a file.
			raw, err := ev.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if ev, err = verifier.ParseEvidence(raw); err != nil {
				t.Fatal(err)
			}
			r := verifier.Check(c.Credential, ev, signetTrust(t), now)
			wantReport(t, r, x.verdict, x.code)
			if len(r.Anchors) != 1 || r.Anchors[0].Confirmations != x.count || !r.TestNetwork {
				t.Errorf("%+v, want %d confirmations", r.Anchors, x.count)
			}
		})
	}

	t.Run("fewer-than-asked-for", func(t *testing.T) { // whoever signed them
		ev, tx, all := own(t)
		tx.Confirming = all
		trust := signetTrust(t)
		trust.MinConfirmations = 14
		wantReport(t, verifier.Check(c.Credential, ev, trust, now), indeterminate, "confirmations")
	})
	t.Run("unsigned-blocks-on-top", func(t *testing.T) {
		// Six blocks with real work by somebody without the key, whose solutions are shown.
		ev, tx, _ := own(t)
		for _, b := range c.Unsigned {
			if _, err := anchor.SignedBlockOf(unhex(t, b)); err == nil {
				t.Fatal("the block is signed")
			}
			tx.Confirming = append(tx.Confirming, unsignedBlock(t, unhex(t, b)))
		}
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Signet: {{Start: 1,
			Headers: append(headersOf(t, c.Blocks[:c.Height]), headersOf(t, c.Unsigned)...)}}}
		wantReport(t, verifier.Check(c.Credential, ev, signetTrust(t), now), indeterminate, "signet-unsigned")
	})
	t.Run("own-store", func(t *testing.T) { // its blocks count on the caller's word
		ev, _, _ := own(t)
		genesis := anchor.Signet.Genesis()
		store, err := anchor.NewHeaderStore(anchor.Signet, append(genesis[:], headersOf(t, c.Blocks)...))
		if err != nil {
			t.Fatal(err)
		}
		trust := signetTrust(t)
		withStore(store)(trust)
		wantReport(t, verifier.Check(c.Credential, ev, trust, now), valid, "")
	})
	t.Run("another-challenge", func(t *testing.T) { // that of the public signet
		ev, _, _ := own(t)
		underChallenge(t, hex.EncodeToString(public))
		wantReport(t, verifier.Check(c.Credential, ev, signetTrust(t), now), invalid, "signet-solution")
	})
	t.Run("merged", func(t *testing.T) { // each file shows some of the blocks
		ev, tx, all := own(t)
		other, otherTx := c.evidence(t)
		tx.Confirming, otherTx.Confirming = all[:3], all[2:]
		ev.Merge(other)
		wantReport(t, verifier.Check(c.Credential, ev, signetTrust(t), now), valid, "")
		if n := len(ev.Transactions[c.TxID].Confirming); n != 12 {
			t.Errorf("%d blocks", n)
		}
	})
}

// TestSignetBitFlips flips every bit of the block that the sixth confirmation needs.
func TestSignetBitFlips(t *testing.T) {
	c := readSignet(t)
	underChallenge(t, c.Challenge)
	ev, tx := c.evidence(t)
	all := c.confirming(t)
	tx.Confirming = all[:5]
	wantReport(t, verifier.Check(c.Credential, ev, signetTrust(t), now), valid, "")
	flips := 0
	for name, data := range map[string][]byte{"coinbase": all[4].Coinbase, "txOutProof": all[4].TxOutProof} {
		for bit := range 8 * len(data) {
			data[bit/8] ^= 1 << (bit % 8)
			r := verifier.Check(c.Credential, ev, signetTrust(t), now)
			data[bit/8] ^= 1 << (bit % 8)
			flips++
			if r.Verdict == valid {
				t.Errorf("%s, bit %d: valid", name, bit)
			}
		}
	}
	t.Logf("%d bit flips of a confirming block, none of them valid", flips)
}

// A signetSource answers as a node that follows the chain of the file.
type signetSource struct {
	t testing.TB
	c *signetChain
}

var _ verifier.SignedChain = signetSource{}

func (s signetSource) Network() anchor.Network { return anchor.Signet }

func (s signetSource) Evidence(_ context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	if id.String() != s.c.TxID {
		return nil, anchor.ErrNotFound
	}
	_, tx := s.c.evidence(s.t)
	return tx, nil
}

func (s signetSource) Headers(_ context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	genesis := anchor.Signet.Genesis()
	all := append(genesis[:], headersOf(s.t, s.c.Blocks)...)
	return anchor.HeaderRun{Start: from, Headers: all[int(from)*anchor.HeaderSize : int(to+1)*anchor.HeaderSize]}, nil
}

func (s signetSource) Tip(context.Context) (anchor.Height, anchor.BlockHash, error) {
	raw := unhex(s.t, s.c.Blocks[len(s.c.Blocks)-1])
	return anchor.Height(len(s.c.Blocks)), anchor.Header(raw[:anchor.HeaderSize]).Hash(), nil
}

func (s signetSource) Signed(_ context.Context, from, to anchor.Height) ([]anchor.SignedBlock, error) {
	return s.c.confirming(s.t)[from-s.c.Height-1 : to-s.c.Height], nil
}

// plainChain is a chain that gives no signatures.
type plainChain struct{ verifier.Chain }

// TestGatherOnSignet: the signatures of confirming blocks are gathered where they are
// needed.
func TestGatherOnSignet(t *testing.T) {
	c := readSignet(t)
	underChallenge(t, c.Challenge)
	genesis := anchor.Signet.Genesis()
	store, err := anchor.NewHeaderStore(anchor.Signet, append(genesis[:], headersOf(t, c.Blocks)...))
	if err != nil {
		t.Fatal(err)
	}
	own := signetTrust(t)
	withStore(store)(own)
	for _, x := range []struct {
		name    string
		trust   *verifier.Trust
		chain   verifier.Chain
		signed  int
		verdict verifier.Verdict
		code    verifier.Code
	}{
		{"node", signetTrust(t), signetSource{t, c}, 12, valid, ""},
		{"node-without-signatures", signetTrust(t), plainChain{signetSource{t, c}}, 0, indeterminate, "signet-unsigned"},
		{"own-store", own, signetSource{t, c}, 0, valid, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			ev, err := verifier.New(x.trust, verifier.Sources{Chains: []verifier.Chain{x.chain}}).Gather(t.Context(), c.Credential)
			if err != nil || len(ev.Gathered.Unreached) > 0 {
				t.Fatal(err, ev.Gathered.Unreached)
			}
			if n := len(ev.Transactions[c.TxID].Confirming); n != x.signed {
				t.Errorf("%d signed blocks, want %d", n, x.signed)
			}
			wantReport(t, verifier.Check(c.Credential, ev, x.trust, now), x.verdict, x.code)
		})
	}
}

// unsignedBlock is what NewSignedBlock makes, without its check.
func unsignedBlock(t testing.TB, raw []byte) anchor.SignedBlock {
	t.Helper()
	var msg wire.MsgBlock
	if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	var ids []anchor.TxID
	for _, tx := range msg.Transactions {
		ids = append(ids, anchor.TxID(tx.TxHash()))
	}
	proof, err := anchor.EncodeTxOutProof(anchor.Header(raw), ids, []int{0})
	if err != nil {
		t.Fatal(err)
	}
	first := msg.Transactions[0].Copy()
	first.TxIn[0].Witness = nil
	return anchor.SignedBlock{Coinbase: encodeTx(t, first), TxOutProof: proof}
}

// What follows makes the file, by BIP325 and BIP141 as they are written, without the code
// that is tested.

// signetTime is that of the first block.
var signetTime = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func signetAddress(t testing.TB) string {
	addr, err := anchor.Address(seededPayer("signet payer").PubKey(), anchor.ProfileBlockcerts, anchor.Signet)
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// signetScript is the challenge: the witness program of a key, so that the solution is a
// witness.
func signetScript() []byte {
	key := seededPayer("signet operator")
	return append([]byte{txscript.OP_0, 20}, address.Hash160(key.PubKey().SerializeCompressed())...)
}

// TestMineSignet makes the file again.
func TestMineSignet(t *testing.T) {
	if os.Getenv("CERTANCHOR_MINE") == "" {
		t.Skip("SKIPPED: set CERTANCHOR_MINE to make the signet chain again, some 2^26 hashes")
	}
	m := &signetMiner{t: t, prev: anchor.Signet.Genesis()}
	c := &signetChain{From: "made by CERTANCHOR_MINE=1 go test ./verifier -run TestMineSignet; seeded keys",
		Challenge: hex.EncodeToString(signetScript()), Height: 2}
	pay, err := anchor.AddressScript(signetAddress(t), anchor.Signet)
	if err != nil {
		t.Fatal(err)
	}
	coin := m.block(true, pay)
	c.Previous = hex.EncodeToString(encodeTx(t, stripped(coin)))
	doc, leaf := signetDocument(t)
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: coin.TxHash()}, Sequence: 0xfffffffd})
	tx.AddTxOut(&wire.TxOut{Value: 49_9999_0000, PkScript: pay})
	tx.AddTxOut(&wire.TxOut{PkScript: opReturn(leaf)})
	if tx.TxIn[0].SignatureScript, err = txscript.SignatureScript(tx, 0, pay, txscript.SigHashAll, seededPayer("signet payer"), true); err != nil {
		t.Fatal(err)
	}
	m.block(true, pay, tx)
	c.TxID = tx.TxHash().String()
	addMerkle(t, doc, forkIssuer+"#paying", merkleproof.Proof{Root: leaf, Target: leaf,
		Anchor: merkleproof.Anchor{Chain: merkleproof.BitcoinTestnet, TxID: c.TxID}}, signetTime)
	c.Credential = encoded(t, doc)
	fork := *m
	for range 12 {
		m.block(true, pay)
	}
	c.Blocks = m.raw
	fork.raw = nil
	for range 6 {
		fork.block(false, pay)
	}
	c.Unsigned = fork.raw
	out, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(signetFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(signetFile, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func signetDocument(t testing.TB) (object, merkleproof.Hash) {
	doc := object{
		"@context":          []any{"https://www.w3.org/ns/credentials/v2"},
		"id":                "urn:uuid:0a3a61c2-54b6-4f8e-8f5c-0f4f0a2b7c11",
		"type":              []any{"VerifiableCredential"},
		"issuer":            forkIssuer,
		"validFrom":         stampOf(signetTime),
		"credentialSubject": object{"id": "did:example:ilva"},
	}
	sign(t, doc, seededSigner("signet signer"), cryptosuite.Options{ID: "urn:uuid:7d8a3c54-4a52-4c3b-8a6e-b9d9a2a2a002",
		VerificationMethod: forkIssuer + "#signing", Created: signetTime, Purpose: did.AssertionMethod}, jsonld.Builtin())
	return doc, leafOf(t, doc, jsonld.Builtin())
}

type signetMiner struct {
	t      testing.TB
	prev   anchor.Header
	height int
	raw    []string
}

func stripped(tx *wire.MsgTx) *wire.MsgTx {
	c := tx.Copy()
	for _, in := range c.TxIn {
		in.Witness = nil
	}
	return c
}

// block mines the next block and returns its coinbase. Without signed the solution is by
// another key.
func (m *signetMiner) block(signed bool, pay []byte, txs ...*wire.MsgTx) *wire.MsgTx {
	m.height++
	base := wire.NewMsgTx(2)
	base.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1<<32 - 1}, Sequence: 0xffffffff,
		SignatureScript: append(anchor.CoinbaseHeight(anchor.Height(m.height)), 1, 7), Witness: wire.TxWitness{make([]byte, 32)}})
	base.AddTxOut(&wire.TxOut{Value: 50_0000_0000, PkScript: pay})

	// The commitment to the witnesses (BIP141), and the place of the solution.
	witness := []anchor.TxID{{}}
	for _, tx := range txs {
		witness = append(witness, anchor.TxID(tx.WitnessHash()))
	}
	root := anchor.MerkleRoot(witness)
	commitment := twice(append(root[:], make([]byte, 32)...))
	output := append([]byte{txscript.OP_RETURN, 36, 0xaa, 0x21, 0xa9, 0xed}, commitment[:]...)
	base.AddTxOut(&wire.TxOut{PkScript: append(bytes.Clone(output), 4, 0xec, 0xc7, 0xda, 0xa2)})

	h := m.header(base, txs)
	key := seededPayer("signet operator")
	if !signed {
		key = seededPayer("nobody of signet")
	}
	// The virtual transactions of BIP325.
	spend := wire.NewMsgTx(0)
	data := append(append(bytes.Clone(h[0:36]), h[36:68]...), h[68:72]...)
	spend.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1<<32 - 1}, SignatureScript: append([]byte{0, 72}, data...)})
	spend.AddTxOut(&wire.TxOut{PkScript: signetScript()})
	sig := wire.NewMsgTx(0)
	sig.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: spend.TxHash()}})
	sig.AddTxOut(&wire.TxOut{PkScript: []byte{txscript.OP_RETURN}})
	hashes := txscript.NewTxSigHashes(sig, txscript.NewCannedPrevOutputFetcher(signetScript(), 0))
	w, err := txscript.WitnessSignature(sig, hashes, 0, 0, signetScript(), txscript.SigHashAll, key, true)
	if err != nil {
		m.t.Fatal(err)
	}
	solution := []byte{0xec, 0xc7, 0xda, 0xa2, 0, byte(len(w))} // an empty script, then the witness
	for _, item := range w {
		solution = append(append(solution, byte(len(item))), item...)
	}
	base.TxOut[1].PkScript = append(append(output, txscript.OP_PUSHDATA1, byte(len(solution))), solution...)

	h = m.header(base, txs)
	nonce, found := mine(h, 0x1e0377ae)
	if !found {
		m.t.Fatal("no nonce")
	}
	binary.LittleEndian.PutUint32(h[76:], nonce)
	m.prev = h
	raw := append(bytes.Clone(h[:]), byte(1+len(txs)))
	for _, tx := range append([]*wire.MsgTx{base}, txs...) {
		raw = append(raw, encodeTx(m.t, tx)...)
	}
	m.raw = append(m.raw, hex.EncodeToString(raw))
	return base
}

func (m *signetMiner) header(base *wire.MsgTx, txs []*wire.MsgTx) anchor.Header {
	ids := []anchor.TxID{anchor.TxID(base.TxHash())}
	for _, tx := range txs {
		ids = append(ids, anchor.TxID(tx.TxHash()))
	}
	var h anchor.Header
	prev, root := m.prev.Hash(), anchor.MerkleRoot(ids)
	binary.LittleEndian.PutUint32(h[0:], 0x20000000)
	copy(h[4:], prev[:])
	copy(h[36:], root[:])
	binary.LittleEndian.PutUint32(h[68:], uint32(signetTime.Unix()+600*int64(m.height)))
	binary.LittleEndian.PutUint32(h[72:], 0x1e0377ae)
	return h
}

func twice(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
