package btcdtest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/btcutil/v2/bloom"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/conformance"
)

// randomBlock has n transactions, a coinbase that states height, the root as btcd
// computes it, and the work that regtest asks for.
func randomBlock(t testing.TB, n int, height anchor.Height, rng *rand.Rand) *btcutil.Block {
	t.Helper()
	coinbase := wire.NewMsgTx(1)
	script := append(anchor.CoinbaseHeight(height), 2, byte(rng.Uint32()), byte(rng.Uint32()))
	coinbase.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex), script, nil))
	coinbase.AddTxOut(wire.NewTxOut(50e8, []byte{0x51}))
	msg := wire.NewMsgBlock(&wire.BlockHeader{Version: 4, Timestamp: time.Unix(1_700_000_000, 0), Bits: 0x207fffff})
	add := func(tx *wire.MsgTx) {
		if err := msg.AddTransaction(tx); err != nil {
			t.Fatal(err)
		}
	}
	add(coinbase)
	for range n - 1 {
		tx := wire.NewMsgTx(2)
		from := chainhash.Hash(randomRoot(rng))
		tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&from, rng.Uint32N(5)), nil, [][]byte{{byte(rng.Uint32())}}))
		tx.AddTxOut(wire.NewTxOut(rng.Int64N(1e8), bytes.Repeat([]byte{0x51}, 1+rng.IntN(40))))
		add(tx)
	}
	msg.Header.MerkleRoot = blockchain.CalcMerkleRoot(btcutil.NewBlock(msg).Transactions(), false)
	var raw bytes.Buffer
	if err := msg.Header.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	h, ok := mine(anchor.Header(raw.Bytes()))
	if !ok {
		t.Fatal("not mined")
	}
	msg.Header.Nonce = h.Nonce()
	return btcutil.NewBlock(msg)
}

func rawBlock(t testing.TB, b *btcutil.Block) []byte {
	t.Helper()
	raw, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func idsOf(b *btcutil.Block) (ids []anchor.TxID) {
	for _, tx := range b.Transactions() {
		ids = append(ids, anchor.TxID(*tx.Hash()))
	}
	return ids
}

// merkleBlock is btcd's proof of the transactions at the indices, and which ones it
// really opens: a filter may match more.
func merkleBlock(t testing.TB, b *btcutil.Block, indices ...int) ([]byte, []int) {
	t.Helper()
	filter := bloom.NewFilter(uint32(max(len(indices), 10)), 0, 1e-6, wire.BloomUpdateNone)
	for _, i := range indices {
		filter.AddHash(b.Transactions()[i].Hash())
	}
	msg, matched := bloom.NewMerkleBlock(b, filter)
	var raw bytes.Buffer
	if err := msg.BtcEncode(&raw, wire.ProtocolVersion, wire.BaseEncoding); err != nil {
		t.Fatal(err)
	}
	var opened []int
	for _, i := range matched {
		opened = append(opened, int(i))
	}
	return raw.Bytes(), opened
}

// sameTree compares root and every proof of one leaf with the coinbase, and some of more.
func sameTree(t testing.TB, b *btcutil.Block, rng *rand.Rand) (proofs int) {
	t.Helper()
	ids, n := idsOf(b), len(b.Transactions())
	store := blockchain.BuildMerkleTreeStore(b.Transactions(), false)
	if anchor.MerkleRoot(ids) != [32]byte(*store[len(store)-1]) || anchor.MerkleRoot(ids) != [32]byte(blockchain.CalcMerkleRoot(b.Transactions(), false)) {
		t.Fatalf("%d transactions: another root than btcd's", n)
	}
	header := anchor.Header(rawBlock(t, b))
	compare := func(indices ...int) {
		theirs, opened := merkleBlock(t, b, indices...)
		ours, err := anchor.EncodeTxOutProof(header, ids, opened)
		if err != nil || !bytes.Equal(ours, theirs) {
			t.Fatalf("%d transactions, %v opened: %v\n%x\nbtcd:\n%x", n, opened, err, ours, theirs)
		}
		proofs++
	}
	step := max(1, n/200)
	for i := 0; i < n; i += step {
		compare(0, i)
	}
	for range 5 {
		many := rng.Perm(n)[:rng.IntN(n+1)]
		compare(many...)
	}
	return proofs
}

// TestTreesOfMadeUpBlocks: roots and proofs are byte for byte btcd's for every number of
// transactions up to 130 and for large blocks.
func TestTreesOfMadeUpBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 37))
	sizes := []int{255, 256, 257, 511, 1000, 1025, 2047, 3000}
	for n := range 130 {
		sizes = append(sizes, n+1)
	}
	proofs := 0
	for _, n := range sizes {
		proofs += sameTree(t, randomBlock(t, n, 500, rng), rng)
	}
	t.Logf("%d blocks, %d proofs equal to btcd's", len(sizes), proofs)
}

// TestEvidenceFromBtcdProof: what btcd proves is accepted, at the place where it is; and
// the evidence that package anchor makes from the block has the same bytes.
func TestEvidenceFromBtcdProof(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 37))
	accepted := 0
	for n := 2; n < 70; n++ {
		b := randomBlock(t, n, anchor.Height(n*n), rng)
		raw := rawBlock(t, b)
		for i := 1; i < n; i++ {
			id := idsOf(b)[i]
			ev, err := anchor.EvidenceFromBlock(raw, id, nil, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			theirs, opened := merkleBlock(t, b, 0, i)
			if !slices.Equal(opened, []int{0, i}) {
				continue // the filter matched another one too
			}
			if !bytes.Equal(ev.TxOutProof, theirs) {
				t.Fatalf("%d of %d: another proof than btcd's", i, n)
			}
			incl, err := anchor.CheckInclusion(ev, id, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			if incl.Position != i || incl.Height != anchor.Height(n*n) || incl.BlockHash != anchor.BlockHash(*b.Hash()) {
				t.Fatalf("%d of %d: %+v", i, n, incl)
			}
			accepted++
		}
	}
	t.Logf("%d proofs by btcd accepted", accepted)
	if accepted < 2300 {
		t.Error("too few")
	}
}

// realBlocks reads the blocks of the corpus with their networks.
func realBlocks(t *testing.T) map[string]*btcutil.Block {
	dir := conformance.Path(t, bitcoinCorpus+"blocks")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]*btcutil.Block{}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name(), ".json") {
			var j struct{ Block string }
			if err := json.Unmarshal(raw, &j); err != nil {
				t.Fatal(err)
			}
			if raw, err = hex.DecodeString(j.Block); err != nil {
				t.Fatal(err)
			}
		}
		b, err := btcutil.NewBlockFromBytes(raw)
		if err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		blocks[f.Name()] = b
	}
	if len(blocks) != 10 {
		t.Fatalf("%d real blocks, want 10", len(blocks))
	}
	return blocks
}

// TestTreesOfRealBlocks does the same with real blocks.
func TestTreesOfRealBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 37))
	proofs, txs := 0, 0
	for _, b := range realBlocks(t) {
		proofs += sameTree(t, b, rng)
		txs += len(b.Transactions())
	}
	t.Logf("10 blocks of %d transactions, %d proofs equal to btcd's", txs, proofs)
}

// TestBentProofs bends proofs by btcd. btcd has no reader of such proofs to compare with;
// but where a bent one is accepted, btcd's block must hold the transaction at that place.
func TestBentProofs(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 37))
	const blocks = 40
	accepted, equalDepth := 0, 0
	judged := mutants()
	for range blocks {
		n := 2 + rng.IntN(120)
		b := randomBlock(t, n, 77, rng)
		ids := idsOf(b)
		for range judged / blocks {
			i := 1 + rng.IntN(n-1)
			ev, err := anchor.EvidenceFromBlock(rawBlock(t, b), ids[i], nil, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			id, original := ids[i], bytes.Clone(ev.TxOutProof)
			ev.TxOutProof, id = bentProof(ev.TxOutProof, id, ids, rng)
			incl, err := anchor.CheckInclusion(ev, id, anchor.Regtest)
			if err != nil {
				continue
			}
			accepted++
			if incl.Position >= n || ids[incl.Position] != id || incl.BlockHash != anchor.BlockHash(*b.Hash()) {
				t.Fatalf("accepted: %v at %d of %d: %x", id, incl.Position, n, ev.TxOutProof)
			}
			if !bytes.Equal(original[84:], ev.TxOutProof[84:]) {
				t.Fatalf("two proofs of one transaction: %x", ev.TxOutProof)
			}
			if !bytes.Equal(original, ev.TxOutProof) {
				equalDepth++
			}
		}
	}
	t.Logf("%d bent proofs, %d accepted: %d unbent after all, %d with another number of transactions of equal depth, 0 false",
		judged/blocks*blocks, accepted, accepted-equalDepth, equalDepth)
}

// bentProof bends a proof: any bit, hashes swapped, doubled or left out, another number of
// transactions, other flags, another transaction asked for.
func bentProof(proof []byte, id anchor.TxID, ids []anchor.TxID, rng *rand.Rand) ([]byte, anchor.TxID) {
	p := bytes.Clone(proof)
	hashes := int(p[84]) // a CompactSize of one byte: at most 2*8 hashes here
	hash := func(i int) []byte { return p[85+32*i : 85+32*(i+1)] }
	switch rng.IntN(7) {
	case 0:
		// The root or what follows the header: other headers are for LinkHeaders to judge.
		at := 36 + rng.IntN(len(p)-48)
		if at >= 68 {
			at += 12
		}
		p[at] ^= 1 << rng.IntN(8)
	case 1:
		i, j := rng.IntN(hashes), rng.IntN(hashes)
		a := bytes.Clone(hash(i))
		copy(hash(i), hash(j))
		copy(hash(j), a)
	case 2:
		copy(hash(rng.IntN(hashes)), hash(rng.IntN(hashes)))
	case 3:
		i := rng.IntN(hashes)
		p = slices.Delete(p, 85+32*i, 85+32*(i+1))
		p[84]--
	case 4:
		binary.LittleEndian.PutUint32(p[80:], uint32(rng.IntN(2*len(ids)+2)))
	case 5:
		p[len(p)-1-rng.IntN(len(p)-(86+32*hashes))] ^= 1 << rng.IntN(8)
	default:
		id = ids[rng.IntN(len(ids))]
	}
	return p, id
}
