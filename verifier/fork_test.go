package verifier_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// A fork is a block that an attacker mined on top of real headers, with a credential in
// it. Everything about it is computed but the nonce, which took the stated number of
// hashes to find; CERTANCHOR_MINE=1 finds it again.
//
// The attacker holds both keys of a trusted issuer, long retired, and stamps the block
// with a time at which they counted: only the chain can tell.
type fork struct {
	network anchor.Network
	label   merkleproof.Chain
	height  anchor.Height // of the block
	prev    anchor.Header // the real block below it
	bits    uint32
	version int32
	late    uint32 // seconds after the block below
	nonce   uint32
}

// forkIssuer is the trusted issuer whose old keys were stolen.
const forkIssuer = "https://old.example/issuer.json"

func seededSigner(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("certanchor test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func seededPayer(name string) *btcec.PrivateKey {
	seed := sha256.Sum256([]byte("certanchor test key " + name))
	key, _ := btcec.PrivKeyFromBytes(seed[:])
	return key
}

// mainnetHeader returns a real header of the corpus, by height.
func mainnetHeader(t testing.TB, h anchor.Height) anchor.Header {
	all := conformance.Read(t, "conformance/bitcoin/headers/mainnet-0-10236.bin")
	return anchor.Header(all[int(h)*anchor.HeaderSize:])
}

// mainnetFork stands five blocks above the end of the first retarget period of mainnet,
// where a block takes 2^32 hashes.
func mainnetFork(t testing.TB) *fork {
	return &fork{network: anchor.Mainnet, label: merkleproof.BitcoinMainnet, height: 2021,
		prev: mainnetHeader(t, 2020), bits: 0x1d00ffff, version: 1, late: mainnetForkLate, nonce: mainnetForkNonce}
}

// signetFork stands on the signet block 1000, where a block takes 2^22 hashes and the
// signature of the network.
func signetFork(t testing.TB) *fork {
	all := conformance.Read(t, "conformance/bitcoin/headers/signet-0-2015.bin")
	prev := anchor.Header(all[1000*anchor.HeaderSize:])
	return &fork{network: anchor.Signet, label: merkleproof.BitcoinTestnet, height: 1001,
		prev: prev, bits: prev.Bits(), version: 0x20000000, late: signetForkLate, nonce: signetForkNonce}
}

// What the search found.
const (
	mainnetForkLate, mainnetForkNonce = 600, 3720201118
	signetForkLate, signetForkNonce   = 600, 3121689
)

func (f *fork) payer() *btcec.PrivateKey { return seededPayer("retired payer") }

func (f *fork) address(t testing.TB) string {
	addr, err := anchor.Address(f.payer().PubKey(), anchor.ProfileBlockcerts, f.network)
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// time is what the block states: the past.
func (f *fork) time() time.Time { return time.Unix(int64(f.prev.Seconds()+f.late), 0).UTC() }

// document is the credential with its signature, and the leaf over both.
func (f *fork) document(t testing.TB) (object, merkleproof.Hash) {
	doc := object{
		"@context":          []any{credential.ContextVC2},
		"id":                "urn:uuid:3f1f3b2e-6f0a-4a59-9d52-2f2f5c1f7a10",
		"type":              []any{"VerifiableCredential"},
		"issuer":            forkIssuer,
		"validFrom":         stampOf(f.time().Add(-time.Hour)),
		"credentialSubject": object{"id": "did:example:mallory"},
	}
	sign(t, doc, seededSigner("retired signer"), cryptosuite.Options{ID: "urn:uuid:7d8a3c54-4a52-4c3b-8a6e-b9d9a2a2a001",
		VerificationMethod: forkIssuer + "#signing", Created: f.time().Add(-time.Hour)}, jsonld.Builtin())
	return doc, leafOf(t, doc, jsonld.Builtin())
}

// transactions are the coinbase and the commitment, which spends an output that never was.
func (f *fork) transactions(t testing.TB, root merkleproof.Hash) (coinbase, previous, commitment []byte) {
	script, err := anchor.AddressScript(f.address(t), f.network)
	if err != nil {
		t.Fatal(err)
	}
	prev := wire.NewMsgTx(1)
	prev.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}}})
	prev.AddTxOut(&wire.TxOut{Value: 100_000, PkScript: script})
	tx := wire.NewMsgTx(1)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: prev.TxHash()}, Sequence: wire.MaxTxInSequenceNum})
	tx.AddTxOut(&wire.TxOut{PkScript: append([]byte{txscript.OP_RETURN, 32}, root[:]...)})
	tx.TxIn[0].SignatureScript, err = txscript.SignatureScript(tx, 0, script, txscript.SigHashAll, f.payer(), true)
	if err != nil {
		t.Fatal(err)
	}
	base := wire.NewMsgTx(1)
	base.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1<<32 - 1}, SignatureScript: append(anchor.CoinbaseHeight(f.height), 1, 7)})
	base.AddTxOut(&wire.TxOut{Value: 50_0000_0000, PkScript: script})
	if f.network == anchor.Signet {
		// A witness commitment (BIP141) and where the solution of BIP325 would stand.
		base.AddTxOut(&wire.TxOut{PkScript: append([]byte{txscript.OP_RETURN, 36, 0xaa, 0x21, 0xa9, 0xed}, make([]byte, 32)...)})
	}
	return encodeTx(t, base), encodeTx(t, prev), encodeTx(t, tx)
}

// header returns the block's header with the given nonce.
func (f *fork) header(txids []anchor.TxID, nonce uint32) anchor.Header {
	var h anchor.Header
	prev, root := f.prev.Hash(), anchor.MerkleRoot(txids)
	binary.LittleEndian.PutUint32(h[0:], uint32(f.version))
	copy(h[4:], prev[:])
	copy(h[36:], root[:])
	binary.LittleEndian.PutUint32(h[68:], uint32(f.time().Unix()))
	binary.LittleEndian.PutUint32(h[72:], f.bits)
	binary.LittleEndian.PutUint32(h[76:], nonce)
	return h
}

// forged is the fork as a holder would hand it over; the header comes extra.
func (f *fork) forged(t testing.TB) ([]byte, *anchor.Evidence, anchor.TxID, anchor.Header) {
	doc, leaf := f.document(t)
	coinbase, previous, tx := f.transactions(t, leaf)
	ids := []anchor.TxID{txidOf(t, coinbase), txidOf(t, tx)}
	header := f.header(ids, f.nonce)
	proof, err := anchor.EncodeTxOutProof(header, ids, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	addMerkle(t, doc, forkIssuer+"#paying", merkleproof.Proof{Root: leaf, Target: leaf,
		Anchor: merkleproof.Anchor{Chain: f.label, TxID: ids[1].String()}}, f.time())
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw, &anchor.Evidence{Tx: tx, PrevTxs: [][]byte{previous}, Coinbase: coinbase, TxOutProof: proof,
		Meta: anchor.Meta{Network: f.network, Height: f.height}}, ids[1], header
}

// trust names the issuer with keys that counted at the time the block states, and not
// much longer.
func (f *fork) trust(t testing.TB) *verifier.Trust {
	b := verifier.Bounds{From: f.time().Add(-30 * 24 * time.Hour), Until: f.time().Add(30 * 24 * time.Hour)}
	return &verifier.Trust{Networks: []anchor.Network{f.network}, MinConfirmations: 1, Issuers: []verifier.Issuer{{
		ID: forkIssuer, Label: "Old Board", Types: []string{"VerifiableCredential"},
		Keys:      []verifier.PinnedKey{{ID: forkIssuer + "#signing", Public: seededSigner("retired signer").Public(), Bounds: b}},
		Addresses: []verifier.PinnedAddress{{Address: f.address(t), Bounds: b}},
	}}}
}

func (f *fork) evidence(tx *anchor.Evidence, id anchor.TxID, runs ...anchor.HeaderRun) *verifier.Evidence {
	ev := new(verifier.Evidence)
	ev.AddTransaction(id, tx)
	for _, r := range runs {
		ev.AddHeaders(f.network, r)
	}
	return ev
}

// TestMineForks finds the nonces again.
func TestMineForks(t *testing.T) {
	if os.Getenv("CERTANCHOR_MINE") == "" {
		t.Skip("SKIPPED: set CERTANCHOR_MINE to find the nonces of the forks again, some 2^32 hashes")
	}
	for _, f := range []*fork{signetFork(t), mainnetFork(t)} {
		for f.late = 600; ; f.late++ {
			_, leaf := f.document(t)
			coinbase, _, tx := f.transactions(t, leaf)
			h := f.header([]anchor.TxID{txidOf(t, coinbase), txidOf(t, tx)}, 0)
			if nonce, found := mine(h, f.bits); found {
				fmt.Printf("%s: late %d, nonce %d\n", f.network, f.late, nonce)
				break
			}
		}
	}
}

// mine tries every nonce of a header.
func mine(h anchor.Header, bits uint32) (uint32, bool) {
	// The last bytes of the hash, as hashed, are the first of the number.
	zeros := 32 - int(bits>>24)
	for nonce := uint32(0); ; nonce++ {
		binary.LittleEndian.PutUint32(h[76:], nonce)
		first := sha256.Sum256(h[:])
		hash := sha256.Sum256(first[:])
		if bytes.Equal(hash[32-zeros:], make([]byte, zeros)) && h.CheckWork(networkOfBits(bits)) == nil {
			return nonce, true
		}
		if nonce == 1<<32-1 {
			return 0, false
		}
	}
}

func networkOfBits(bits uint32) anchor.Network {
	if bits == 0x1d00ffff {
		return anchor.Mainnet
	}
	return anchor.Signet
}

// TestForkBlocks makes sure that the blocks are what they claim to be: the transaction is
// in a block with the work of its network. Else the forgeries below would fail too early.
func TestForkBlocks(t *testing.T) {
	f := mainnetFork(t)
	_, ev, id, header := f.forged(t)
	if err := header.CheckWork(anchor.Mainnet); err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.CheckInclusion(ev, id, anchor.Mainnet); err != nil {
		t.Error(err)
	}
	_, _, _, header = signetFork(t).forged(t)
	if err := header.CheckWork(anchor.Signet); err != nil {
		t.Error(err)
	}
}

func encodeTx(t testing.TB, tx *wire.MsgTx) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decodeTx(t testing.TB, raw []byte) *wire.MsgTx {
	t.Helper()
	tx := new(wire.MsgTx)
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return tx
}

func txidOf(t testing.TB, raw []byte) anchor.TxID {
	t.Helper()
	return anchor.TxID(decodeTx(t, raw).TxHash())
}

// sign adds a signature to the proofs of doc.
func sign(t testing.TB, doc object, key ed25519.PrivateKey, o cryptosuite.Options, contexts *jsonld.Contexts) {
	t.Helper()
	if o.Purpose == "" {
		o.Purpose = did.AssertionMethod
	}
	proofs, _ := doc["proof"].([]any)
	bare := parsed(t, doc)
	delete(bare, "proof")
	p, err := cryptosuite.Sign(bare, o, key, contexts)
	if err != nil {
		t.Fatal(err)
	}
	doc["proof"] = append(proofs, p)
}

// leafOf is the leaf of doc with the proofs it has.
func leafOf(t testing.TB, doc object, contexts *jsonld.Contexts) merkleproof.Hash {
	t.Helper()
	mode := jsonld.Strict
	if urls, _ := doc["@context"].([]any); len(urls) > 0 && urls[0] != credential.ContextVC2 {
		mode = jsonld.Lax
	}
	res, err := jsonld.Canonicalize(parsed(t, doc), jsonld.Options{Contexts: contexts, Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	return credential.Leaf(res)
}

// addMerkle adds a Merkle proof after the proofs of doc.
func addMerkle(t testing.TB, doc object, method string, p merkleproof.Proof, created time.Time) {
	t.Helper()
	value, err := p.Encode2019()
	if err != nil {
		t.Fatal(err)
	}
	proofs, _ := doc["proof"].([]any)
	block := object{"type": "DataIntegrityProof", "cryptosuite": "merkle-proof-2019", "created": stampOf(created),
		"verificationMethod": method, "proofPurpose": "assertionMethod", "proofValue": value}
	if len(proofs) > 0 {
		block["previousProof"] = at(proofs, len(proofs)-1, "id")
	}
	doc["proof"] = append(proofs, block)
}
