package anchor

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/internal/conformance"
)

// A sample is an inclusion proof made from a real block.
type sample struct {
	ID, Network, Source, Header, BlockHash, TxID, RawTx, CoinbaseRawTx, TxOutProof string
	Height                                                                         Height
	TxCount, TxIndex, StrippedSize                                                 int
	Bip34Height                                                                    *Height
	OpReturnOutputs                                                                []struct{ Vout int }
}

func (s sample) net() Network { return Network(s.Network) }

func (s sample) evidence(t testing.TB) *Evidence {
	t.Helper()
	coinbase, err := parseTx(mustHex(t, s.CoinbaseRawTx), "coinbase")
	if err != nil {
		t.Fatal(err)
	}
	return &Evidence{
		Tx: mustHex(t, s.RawTx), Coinbase: stripTx(coinbase.msg), TxOutProof: mustHex(t, s.TxOutProof),
		Meta: Meta{Network: s.net(), Height: s.Height, TxID: s.TxID},
	}
}

func samples(t testing.TB) []sample {
	t.Helper()
	var file struct{ Vectors []sample }
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/derived-inclusion-evidence.json"), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 21 {
		t.Fatalf("%d samples, want 21", len(file.Vectors))
	}
	seenCorpora.Store(true)
	return file.Vectors
}

func sampleByID(t testing.TB, id string) sample {
	t.Helper()
	for _, s := range samples(t) {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no sample %s", id)
	return sample{}
}

func txID(t testing.TB, s string) TxID {
	t.Helper()
	id, err := ParseTxID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestRealInclusion(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.ID, func(t *testing.T) {
			ev, id := s.evidence(t), txID(t, s.TxID)
			tx, err := parseTx(ev.Tx, "tx")
			if err != nil || tx.id != id || tx.stripped != s.StrippedSize {
				t.Fatalf("transaction %+v, %v", tx, err)
			}
			incl, err := CheckInclusion(ev, id, s.net())
			if err != nil {
				t.Fatal(err)
			}
			if incl.BlockHash.String() != s.BlockHash || incl.Height != s.Height || incl.Position != s.TxIndex {
				t.Errorf("%+v", incl)
			}
			if incl.Depth != treeDepth(s.TxCount) {
				t.Errorf("depth %d of %d transactions", incl.Depth, s.TxCount)
			}
			_, err = ParseCommitment(ev.Tx)
			wantCode(t, err, CodeAnchorScript) // none of them carries a root
			_, err = CheckInclusion(ev, TxID{1}, s.net())
			wantCode(t, err, CodeTxInclusion)
			for _, net := range Networks() {
				if net == s.net() {
					continue
				}
				_, err = CheckInclusion(ev, id, net)
				wantCode(t, err, CodeNetworkMismatch)
			}
		})
	}
}

// rawBlocks are the real blocks, with how many transactions each holds.
func rawBlocks(t testing.TB) map[string][]byte {
	t.Helper()
	blocks := map[string][]byte{}
	for _, name := range []string{
		"blocks/bitcoinj-block_testnet21066.dat", "blocks/bitcoinj-block_testnet32768.dat",
		"blocks/bitcoinj-block_testnet700000.dat", "blocks/bitcoinj-block169482.dat",
		"blocks/bitcoinj-block227836.dat", "blocks/bcoin-testnet3-block1087400.raw",
		"blocks/rustbitcoin-testnet3-000000000000045e.raw", "vectors/bcoin-block898352.raw",
	} {
		blocks[name] = conformance.Read(t, bitcoinCorpus+name)
	}
	for _, name := range []string{
		"blocks/electrumx-bitcoin_mainnet_951658.json", "blocks/electrumx-bitcoin_testnet4_40000.json",
		"blocks/electrumx-bitcoin_signet_31500.json",
	} {
		var file struct{ Block string }
		if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+name), &file); err != nil {
			t.Fatal(err)
		}
		blocks[name] = mustHex(t, file.Block)
	}
	return blocks
}

// Every sample is made again from its block, byte for byte.
func TestProofsFromRealBlocks(t *testing.T) {
	blocks := rawBlocks(t)
	for _, s := range samples(t) {
		ev, err := EvidenceFromBlock(blocks[s.Source], txID(t, s.TxID), nil, s.net())
		if err != nil && s.Bip34Height != nil {
			t.Fatalf("%s: %v", s.ID, err)
		}
		want := s.evidence(t)
		if err == nil && (!bytes.Equal(ev.TxOutProof, want.TxOutProof) || !bytes.Equal(ev.Coinbase, want.Coinbase) || !bytes.Equal(ev.Tx, want.Tx)) {
			t.Errorf("%s: other bytes than the sample", s.ID)
		}
	}
}

// Each transaction of each real block, not just those of the samples.
func TestEveryTransactionOfRealBlocks(t *testing.T) {
	total := 0
	for name, raw := range rawBlocks(t) {
		var msg wire.MsgBlock
		if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		var ids []TxID
		for _, tx := range msg.Transactions {
			ids = append(ids, TxID(tx.TxHash()))
		}
		for i, tx := range msg.Transactions {
			total++
			if len(serializeTx(tx)) <= MaxTxSize {
				if _, err := parseTx(serializeTx(tx), "tx"); err != nil {
					t.Errorf("%s, %d: %v", name, i, err)
				}
			}
			proof, err := EncodeTxOutProof(Header(raw), ids, []int{0, i})
			if err != nil {
				t.Fatal(err)
			}
			p, err := parseTxOutProof(proof)
			if err != nil {
				t.Fatal(err)
			}
			root, matches, err := p.extract(nil)
			last := match{i, ids[i]}
			if err != nil || root != p.header.MerkleRoot() || matches[len(matches)-1] != last || matches[0].index != 0 {
				t.Errorf("%s, %d: %v, %v", name, i, matches, err)
			}
		}
	}
	if total != 640 {
		t.Errorf("%d transactions, want 640", total)
	}
}

func TestMerkleBlockOfBcoin(t *testing.T) {
	// The message of block 300025 as a peer sent it, one match of 461 transactions or so.
	p, err := parseTxOutProof(conformance.Read(t, bitcoinCorpus+"vectors/bcoin-merkle300025.raw"))
	if err != nil {
		t.Fatal(err)
	}
	root, matches, err := p.extract(nil)
	if err != nil || root != p.header.MerkleRoot() || len(matches) == 0 {
		t.Fatalf("%v, %v", matches, err)
	}
	if err := p.header.CheckWork(Mainnet); err != nil {
		t.Fatal(err)
	}

	// The same with its transactions behind it is no proof of ours: what follows is refused.
	// Those transactions are the ones that the proof marks, in its order.
	plain := conformance.Read(t, bitcoinCorpus+"vectors/bcoin-merkle300025.raw")
	extended := conformance.Read(t, bitcoinCorpus+"vectors/bcoin-merkle300025-extended.raw")
	if _, err := parseTxOutProof(extended); err == nil {
		t.Error("a proof with transactions behind it is accepted")
	}
	rest, found := bytes.CutPrefix(extended, plain)
	if !found || len(rest) == 0 || int(rest[0]) != len(matches) {
		t.Fatalf("%v, %d matches", found, len(matches))
	}
	r := bytes.NewReader(rest[1:])
	for i := range matches {
		var tx wire.MsgTx
		if err := tx.Deserialize(r); err != nil {
			t.Fatal(err)
		}
		if id := tx.TxHash(); TxID(id) != TxID(matches[i].id) {
			t.Errorf("transaction %d is %v, marked is %v", i, id, matches[i])
		}
	}
	if r.Len() != 0 {
		t.Errorf("%d bytes behind them", r.Len())
	}
}

func TestTreesOfEverySize(t *testing.T) {
	var header Header
	for n := 1; n <= 33; n++ {
		ids := make([]TxID, n)
		for i := range ids {
			ids[i] = doubleSHA256([]byte{byte(n), byte(i)})
		}
		root := MerkleRoot(ids)
		if root != naiveRoot(ids) {
			t.Fatalf("n %d: root", n)
		}
		copy(header[36:], root[:])
		for i := range ids {
			raw, err := EncodeTxOutProof(header, ids, []int{i, 0})
			if err != nil {
				t.Fatal(err)
			}
			p, err := parseTxOutProof(raw)
			if err != nil {
				t.Fatal(err)
			}
			got, matches, err := p.extract(nil)
			if err != nil || got != root || matches[len(matches)-1] != (match{i, ids[i]}) {
				t.Fatalf("n %d, leaf %d: %v, %v", n, i, matches, err)
			}
			// A root with another first leaf is that of the tree built so.
			other := slices.Clone(ids)
			other[0] = TxID{9}
			leaf := [32]byte(other[0])
			if got, _, err = p.extract(&leaf); err != nil || got != naiveRoot(other) {
				t.Fatalf("n %d: replaced first leaf: %v", n, err)
			}
		}
	}
}

// naiveRoot is written straight from the rule: pair, the odd last with itself, repeat.
func naiveRoot(ids []TxID) [32]byte {
	if len(ids) == 1 {
		return ids[0]
	}
	if len(ids)%2 == 1 {
		ids = append(slices.Clone(ids), ids[len(ids)-1])
	}
	var up []TxID
	for i := 0; i < len(ids); i += 2 {
		up = append(up, doubleSHA256(append(slices.Clone(ids[i][:]), ids[i+1][:]...)))
	}
	return naiveRoot(up)
}

// Flips every bit of a real proof. What passes must be the bits of nTx that leave the
// depth as it is, since depth is proven and nTx is not.
func TestProofBitFlips(t *testing.T) {
	s := sampleByID(t, "mainnet-951658-4")
	ev, id := s.evidence(t), txID(t, s.TxID)
	passed := 0
	for bit := range 8 * len(ev.TxOutProof) {
		ev.TxOutProof[bit/8] ^= 1 << (bit % 8)
		incl, err := CheckInclusion(ev, id, Mainnet)
		ev.TxOutProof[bit/8] ^= 1 << (bit % 8)
		if err != nil {
			continue
		}
		passed++
		if bit < 640 || bit >= 648 || incl.Depth != 9 {
			t.Errorf("bit %d passes", bit)
		}
	}
	if passed != 8 || len(ev.TxOutProof)*8 != 3784 {
		t.Errorf("%d of %d flips pass, want 8 of 3784", passed, len(ev.TxOutProof)*8)
	}
}

func TestClaimedTransactionCount(t *testing.T) {
	s := sampleByID(t, "mainnet-951658-4")
	ev, id := s.evidence(t), txID(t, s.TxID)
	for n := range maxBlockTxs + 2 {
		for i := range 4 {
			ev.TxOutProof[HeaderSize+i] = byte(n >> (8 * i))
		}
		_, err := CheckInclusion(ev, id, Mainnet)
		if want := n >= 257 && n <= 512; want != (err == nil) {
			t.Fatalf("nTx %d: %v", n, err)
		}
	}
}

func TestTransactionSizes(t *testing.T) {
	var cases []struct {
		Comment, Tx string
		Valid       bool
	}
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/bip54-txsize.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 13 {
		t.Fatalf("%d cases, want 13", len(cases))
	}
	for _, c := range cases {
		raw := mustHex(t, c.Tx)
		tx, err := parseTx(raw, "tx")
		if err != nil || (tx.stripped != ambiguousSize) != c.Valid {
			t.Errorf("%s: %v", c.Comment, err)
		}
		want := CodeAnchorScript
		if !c.Valid {
			want = CodeAmbiguousTransaction
		}
		_, err = ParseCommitment(raw)
		wantCode(t, err, want)
	}
}

func reversedHash(t testing.TB, s string) [32]byte { return txID(t, s) }

type spvAttacks struct {
	Leaf struct {
		MerkleRoot string
		Branch     []string `json:"merkleBranchOfTheReal64ByteTx"`
		Tx         string   `json:"real64ByteTx"`
	} `json:"cve_2017_12842"`
	Phantom struct {
		MerkleRoot, TxID string
		MerkleBranch     []string
	} `json:"cve_2012_2459"`
}

// oneLeaf makes the tree that opens leaf index by its branch, lowest first.
func oneLeaf(leaves, index int, leaf [32]byte, branch [][32]byte) *txOutProof {
	p := &txOutProof{leaves: leaves}
	var bits []bool
	var walk func(level, pos int)
	walk = func(level, pos int) {
		open := index>>level == pos
		bits = append(bits, open)
		switch {
		case level == 0 && open:
			p.hashes = append(p.hashes, leaf)
		case !open:
			p.hashes = append(p.hashes, branch[level])
		default:
			walk(level-1, 2*pos)
			if 2*pos+1 < treeWidth(leaves, level-1) {
				walk(level-1, 2*pos+1)
			}
		}
	}
	walk(p.depth(), 0)
	p.flags = make([]byte, (len(bits)+7)/8)
	for i, b := range bits {
		if b {
			p.flags[i/8] |= 1 << (i % 8)
		}
	}
	return p
}

func TestSPVAttacks(t *testing.T) {
	var a spvAttacks
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/electrum-spv-attacks.json"), &a); err != nil {
		t.Fatal(err)
	}
	raw := mustHex(t, a.Leaf.Tx)
	root := reversedHash(t, a.Leaf.MerkleRoot)
	branch := [][32]byte{reversedHash(t, a.Leaf.Branch[0]), reversedHash(t, a.Leaf.Branch[1])}

	// The real 64-byte transaction leads to the root; the transaction itself is refused.
	real := oneLeaf(4, 3, doubleSHA256(raw), branch)
	if got, m, err := real.extract(nil); err != nil || got != root || m[0].index != 3 {
		t.Fatalf("%x, %v, %v", got, m, err)
	}
	_, err := ParseCommitment(raw)
	wantCode(t, err, CodeAmbiguousTransaction)

	// Either half of it as the id of a transaction one level deeper.
	left, right := [32]byte(raw[:32]), [32]byte(raw[32:])
	for _, fake := range []*txOutProof{
		oneLeaf(8, 7, right, append([][32]byte{left}, branch...)),
		oneLeaf(8, 6, left, append([][32]byte{right}, branch...)),
	} {
		_, _, err := fake.extract(nil)
		wantCode(t, err, CodeTxInclusion)
	}

	// CVE-2012-2459: the last odd leaf passes, the leaf that is not there does not.
	leaf := reversedHash(t, a.Phantom.TxID)
	sibling := reversedHash(t, a.Phantom.MerkleBranch[1])
	honest := oneLeaf(3, 2, leaf, [][32]byte{leaf, sibling})
	if got, m, err := honest.extract(nil); err != nil || got != reversedHash(t, a.Phantom.MerkleRoot) || m[0].index != 2 {
		t.Fatalf("%x, %v, %v", got, m, err)
	}
	_, _, err = oneLeaf(4, 3, leaf, [][32]byte{leaf, sibling}).extract(nil)
	wantCode(t, err, CodeTxInclusion)
}

func TestSignetSolution(t *testing.T) {
	s := sampleByID(t, "signet-31500-2")
	good := s.evidence(t)
	proof, err := parseTxOutProof(good.TxOutProof)
	if err != nil {
		t.Fatal(err)
	}
	coinbase, err := parseTx(good.Coinbase, "coinbase")
	if err != nil {
		t.Fatal(err)
	}
	if err := checkSignetSolution(proof, coinbase); err != nil {
		t.Fatal(err)
	}
	// Any change of the signed block, or of the solution, is refused.
	bend := map[string]func(p *txOutProof, c *transaction){
		"time":    func(p *txOutProof, _ *transaction) { p.header[68] ^= 1 },
		"version": func(p *txOutProof, _ *transaction) { p.header[0] ^= 1 },
		"prev":    func(p *txOutProof, _ *transaction) { p.header[4] ^= 1 },
		"branch":  func(p *txOutProof, _ *transaction) { p.hashes[1][0] ^= 1 },
		"payout":  func(_ *txOutProof, c *transaction) { c.msg.TxOut[0].Value++ },
		"solution": func(_ *txOutProof, c *transaction) {
			script := c.msg.TxOut[commitmentOutput(c.msg)].PkScript
			script[len(script)-40] ^= 1
		},
		"stripped": func(_ *txOutProof, c *transaction) {
			out := c.msg.TxOut[commitmentOutput(c.msg)]
			out.PkScript = out.PkScript[:38]
		},
		"no commitment": func(_ *txOutProof, c *transaction) {
			i := commitmentOutput(c.msg)
			c.msg.TxOut = slices.Delete(c.msg.TxOut, i, i+1)
		},
	}
	for name, f := range bend {
		p, c := *proof, *coinbase
		p.hashes = slices.Clone(proof.hashes)
		c.msg = coinbase.msg.Copy()
		f(&p, &c)
		if err := checkSignetSolution(&p, &c); codeOf(err) != CodeSignetSolution {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The nonce is not signed: work is found after signing.
	p := *proof
	p.header[76] ^= 1
	if err := checkSignetSolution(&p, coinbase); err != nil {
		t.Error(err)
	}
}

func commitmentOutput(msg *wire.MsgTx) int {
	return slices.IndexFunc(msg.TxOut, func(o *wire.TxOut) bool { return bytes.HasPrefix(o.PkScript, commitmentHeader) })
}

func TestRealCommitmentIsAmbiguous(t *testing.T) {
	// Block 1087400 of testnet3 holds two transactions with several OP_RETURN outputs.
	n := 0
	for _, s := range samples(t) {
		if len(s.OpReturnOutputs) > 1 {
			_, err := ParseCommitment(mustHex(t, s.RawTx))
			wantCode(t, err, CodeAnchorScript)
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d samples", n)
	}
}

func blockIDs(t testing.TB, name string) []TxID {
	t.Helper()
	var msg wire.MsgBlock
	if err := msg.Deserialize(bytes.NewReader(rawBlocks(t)[name])); err != nil {
		t.Fatal(err)
	}
	var ids []TxID
	for _, tx := range msg.Transactions {
		ids = append(ids, TxID(tx.TxHash()))
	}
	return ids
}

// Bitcoin Core's transactions: what it takes as valid has one reading, and is read.
func TestCoreTransactions(t *testing.T) {
	for name, want := range map[string][2]int{"core-tx_valid.json": {121, 121}, "core-tx_invalid.json": {93, 92}} {
		var rows []json.RawMessage
		if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/"+name), &rows); err != nil {
			t.Fatal(err)
		}
		total, parsed := 0, 0
		for _, row := range rows {
			var v []json.RawMessage
			var raw string
			if json.Unmarshal(row, &v) != nil || len(v) != 3 || json.Unmarshal(v[1], &raw) != nil {
				continue // a comment
			}
			total++
			tx, err := parseTx(mustHex(t, raw), "tx")
			if err == nil {
				parsed++
				if !bytes.Equal(serializeTx(tx.msg), mustHex(t, raw)) {
					t.Errorf("%s: other bytes", raw)
				}
			}
		}
		if got := [2]int{total, parsed}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
