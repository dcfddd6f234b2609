package anchor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

// A realBundle is a transaction of a real block whose inputs spend outputs of the same
// block, so that all of its evidence is real: transaction, previous transactions,
// coinbase, proof. It commits to nothing, as nobody's transaction there does; all else is
// judged as for an anchor. The headers are a real stretch of mainnet that leads forward to a
// built-in checkpoint; they are of another block, whose neighbours could be had.
type realBundle struct {
	name    string
	net     Network
	ev      *Evidence
	id      TxID
	address string
}

// realSpend makes the bundle of the transaction at a place in a block.
func realSpend(t testing.TB, net Network, raw []byte, place int) realBundle {
	t.Helper()
	var msg wire.MsgBlock
	if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	byID := map[TxID]*wire.MsgTx{}
	for _, tx := range msg.Transactions {
		byID[TxID(tx.TxHash())] = tx
	}
	tx := msg.Transactions[place]
	var prev [][]byte
	for _, in := range tx.TxIn {
		p := byID[TxID(in.PreviousOutPoint.Hash)]
		if p == nil {
			t.Fatal("the block does not hold all previous transactions")
		}
		prev = append(prev, stripTx(p))
	}
	id := TxID(tx.TxHash())
	ev, err := EvidenceFromBlock(raw, id, prev, net)
	if err != nil {
		t.Fatal(err)
	}
	b := realBundle{net: net, ev: ev, id: id}
	if b.address, err = b.judge(); err != nil {
		t.Fatal(err)
	}
	return b
}

// judge is all of what a verifier asks of an anchor, but its root and its chain.
func (b *realBundle) judge() (address string, err error) {
	tx, err := parseTx(b.ev.Tx, "tx")
	if err != nil {
		return "", err
	}
	c := &Commitment{TxID: tx.id, tx: tx}
	for _, in := range tx.msg.TxIn {
		c.Inputs = append(c.Inputs, OutPoint{TxID(in.PreviousOutPoint.Hash), in.PreviousOutPoint.Index})
	}
	if c.TxID != b.id {
		return "", refuse(CodeTxInclusion, "tx", "another transaction")
	}
	if address, err = c.IssuingAddress(b.ev.PrevTxs, b.net); err != nil {
		return "", err
	}
	_, err = CheckInclusion(b.ev, c.TxID, b.net)
	return address, err
}

func realBundles(t testing.TB) []realBundle {
	t.Helper()
	blocks := rawBlocks(t)
	var list []realBundle
	for _, c := range []struct {
		name, file string
		net        Network
		place      int
	}{
		{"mainnet 951658, P2WPKH", "blocks/electrumx-bitcoin_mainnet_951658.json", Mainnet, 100},
		{"mainnet 227836, P2PKH", "blocks/bitcoinj-block227836.dat", Mainnet, 74},
		{"testnet3 1087400, two P2PKH inputs", "blocks/bcoin-testnet3-block1087400.raw", Testnet3, 94},
	} {
		b := realSpend(t, c.net, blocks[c.file], c.place)
		b.name = c.name
		list = append(list, b)
	}
	return list
}

// flipAll flips every stride-th bit of data in place, asks, and puts it back.
func flipAll(data []byte, stride int, ask func(bit int)) (flips int) {
	for bit := 0; bit < 8*len(data); bit += stride {
		data[bit/8] ^= 1 << (bit % 8)
		ask(bit)
		data[bit/8] ^= 1 << (bit % 8)
		flips++
	}
	return flips
}

// TestRealBitFlips flips single bits of real evidence, where a header's work is real and a
// flip cannot meet the target by luck. What survives is named: the low byte of the block
// proof's number of transactions, as far as the depth of the tree stays, which is never
// reported. One bit in 7 by default; all of them with CERTANCHOR_LONG.
func TestRealBitFlips(t *testing.T) {
	stride := 7
	if os.Getenv("CERTANCHOR_LONG") != "" {
		stride = 1
	}
	total, survived := 0, map[string]int{}
	for _, b := range realBundles(t) {
		flips := 0
		parts := []struct {
			name string
			data []byte
		}{{"tx", b.ev.Tx}, {"coinbase", b.ev.Coinbase}, {"txOutProof", b.ev.TxOutProof}}
		for i, p := range b.ev.PrevTxs {
			if i > 0 && bytes.Equal(p, b.ev.PrevTxs[0]) {
				continue
			}
			parts = append(parts, struct {
				name string
				data []byte
			}{fmt.Sprintf("prevTxs/%d", i), p})
		}
		size := 0
		for _, part := range parts {
			size += len(part.data)
			flips += flipAll(part.data, stride, func(bit int) {
				address, err := b.judge()
				if err != nil {
					return
				}
				survived[b.name+": "+part.name]++
				if address != b.address {
					t.Errorf("%s: %s, bit %d: another address", b.name, part.name, bit)
				}
				if part.name != "txOutProof" || bit/8 != HeaderSize {
					t.Errorf("%s: %s, bit %d: accepted", b.name, part.name, bit)
				}
			})
		}
		if _, err := b.judge(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d flips", b.name, size, flips)
		total += flips
	}
	for name, chain := range realChains(t) {
		size := len(chain.run.Headers)
		flips := flipAll(chain.run.Headers, stride, func(bit int) {
			link, err := chain.link()
			if err != nil {
				return
			}
			survived[name]++
			t.Errorf("%s: bit %d: accepted as %s", name, bit, link.Form)
		})
		if _, err := chain.link(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d flips", name, size, flips)
		total += flips
	}
	t.Logf("%d bit flips of real evidence; what survived: %v", total, survived)
	if stride == 1 && (total < 72_000 || len(survived) != 3) {
		t.Errorf("%d flips, survivors in %d parts", total, len(survived))
	}
}

// A realChain is a block of mainnet with headers that lead to what is trusted.
type realChain struct {
	run  HeaderRun
	incl *Inclusion
	pack *CheckpointPack
}

func (c *realChain) link() (*Link, error) {
	return LinkHeaders(Mainnet, c.incl, []HeaderRun{c.run}, c.pack, nil)
}

// realChains are one of each form: forward to the built-in checkpoint 588,671, and a
// segment by the rules from that of 832,607, with the block that is judged as its last.
func realChains(t testing.TB) map[string]*realChain {
	t.Helper()
	low := corpusRun(t, "mainnet-586657-589289.bin", 586657, 2633)
	high := corpusRun(t, "mainnet-832001-833097.bin", 832001, 1097)
	forward := cutRun(low, 588631, 588671) // from the header above: the block's own is in its proof
	segment := cutRun(high, 832608, 832635)
	forward.Headers, segment.Headers = bytes.Clone(forward.Headers), bytes.Clone(segment.Headers)
	var below []Checkpoint
	for _, c := range BuiltinCheckpoints(Mainnet).List() {
		if c.Height <= 832607 {
			below = append(below, c)
		}
	}
	return map[string]*realChain{
		"mainnet 588630, forward": {forward, inclusionAt(t, Mainnet, low, 588630), BuiltinCheckpoints(Mainnet)},
		"mainnet 832635, segment": {segment, inclusionAt(t, Mainnet, segment, 832635), packOf(t, Mainnet, below...)},
	}
}

// TestEvidenceTextFlips flips single bits of the evidence as it stands in a file. Whatever
// still reads is refused, or is the same but for what nobody believes: the advisory members
// of meta, and the count of transactions.
func TestEvidenceTextFlips(t *testing.T) {
	stride := 7
	if os.Getenv("CERTANCHOR_LONG") != "" {
		stride = 1
	}
	b := realBundles(t)[0]
	text, err := json.Marshal(b.ev)
	if err != nil {
		t.Fatal(err)
	}
	good := *b.ev
	kinds := map[string]int{}
	flips := flipAll(text, stride, func(bit int) {
		var ev Evidence
		if err := json.Unmarshal(text, &ev); err != nil {
			kinds["not read"]++
			return
		}
		b.ev = &ev
		if _, err := b.judge(); err != nil {
			kinds["refused"]++
			return
		}
		proof := bytes.Clone(ev.TxOutProof)
		if len(proof) == len(good.TxOutProof) {
			proof[HeaderSize] = good.TxOutProof[HeaderSize]
		}
		same := bytes.Equal(ev.Tx, good.Tx) && bytes.Equal(ev.Coinbase, good.Coinbase) && bytes.Equal(proof, good.TxOutProof) &&
			slices.EqualFunc(ev.PrevTxs, good.PrevTxs, bytes.Equal)
		switch {
		case same && ev.Meta != good.Meta:
			kinds["accepted: meta alone"]++
		case same && !bytes.Equal(ev.TxOutProof, good.TxOutProof):
			kinds["accepted: count of transactions"]++
		default:
			t.Errorf("bit %d: accepted", bit)
		}
	})
	t.Logf("%d bit flips of an evidence file: %v", flips, kinds)
	if kinds["refused"] == 0 || kinds["not read"] == 0 || kinds["accepted: meta alone"] == 0 {
		t.Error("a kind is missing")
	}
}
