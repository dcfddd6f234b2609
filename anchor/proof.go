package anchor

import (
	"encoding/binary"
	"fmt"
)

// maxBlockTxs bounds the transactions of a block: its weight of 4,000,000 over the weight
// of the smallest transaction, 4 times 60 bytes.
const maxBlockTxs = 16_666

// A txOutProof is a parsed BIP37 merkleblock payload: header, number of transactions,
// and a tree in which only the paths to the matched leaves are opened.
type txOutProof struct {
	header Header
	leaves int // as claimed; only the depth that follows from it is proven
	hashes [][32]byte
	flags  []byte
}

// A match is a leaf that the proof opens.
type match struct {
	index int
	id    TxID
}

const proofPart = "txOutProof"

func badProof(format string, args ...any) error {
	return refuse(CodeTxInclusion, proofPart, format, args...)
}

// parseTxOutProof reads header, nTx (4 bytes little endian), CompactSize count and hashes,
// CompactSize count and flag bytes, and nothing after them.
func parseTxOutProof(raw []byte) (*txOutProof, error) {
	c := &cursor{rest: raw}
	header := c.take(HeaderSize)
	leaves := c.uint(4)
	n := c.count(32)
	hashes := make([][32]byte, 0, n)
	for range n {
		if b := c.take(32); b != nil {
			hashes = append(hashes, [32]byte(b))
		}
	}
	flags := c.take(c.count(1))
	if c.failed || len(c.rest) != 0 {
		return nil, badProof("lengths do not add up")
	}
	if leaves == 0 || leaves > maxBlockTxs {
		return nil, badProof("%d transactions, want 1 to %d", leaves, maxBlockTxs)
	}
	if n > int(leaves) {
		return nil, badProof("more hashes than transactions")
	}
	return &txOutProof{header: Header(header), leaves: int(leaves), hashes: hashes, flags: flags}, nil
}

// depth returns the levels above the leaves.
func (p *txOutProof) depth() int { return treeDepth(p.leaves) }

func treeDepth(leaves int) int {
	d := 0
	for treeWidth(leaves, d) > 1 {
		d++
	}
	return d
}

// treeWidth returns the number of nodes at a level, leaves being level 0.
func treeWidth(leaves, level int) int { return (leaves + 1<<level - 1) >> level }

// extract walks the tree and returns its root and the matched leaves in order. It refuses
// what would let one tree be read in two ways: equal left and right nodes
// (CVE-2012-2459), hashes or bits left over, padding that is not zero, and an inner node
// whose 64 bytes are also a transaction (CVE-2017-12842).
//
// If first is given, the root is the one that the tree would have with *first in place of
// leaf 0, which must be a matched leaf.
func (p *txOutProof) extract(first *[32]byte) (root [32]byte, matches []match, err error) {
	w := &treeWalk{proof: p, first: first}
	root = w.node(p.depth(), 0)
	switch {
	case w.err != nil:
		return root, nil, w.err
	case w.hash != len(p.hashes):
		return root, nil, badProof("%d hashes unused", len(p.hashes)-w.hash)
	case (w.bit+7)/8 != len(p.flags):
		return root, nil, badProof("flag bytes unused")
	}
	for ; w.bit < 8*len(p.flags); w.bit++ {
		if p.flag(w.bit) {
			return root, nil, badProof("padding is not zero")
		}
	}
	return root, w.matches, nil
}

func (p *txOutProof) flag(i int) bool { return p.flags[i/8]>>(i%8)&1 == 1 }

// A treeWalk goes depth first, left before right, as BIP37 orders bits and hashes.
type treeWalk struct {
	proof     *txOutProof
	first     *[32]byte
	bit, hash int
	matches   []match
	err       error
}

func (w *treeWalk) fail(err error) [32]byte {
	if w.err == nil {
		w.err = err
	}
	return [32]byte{}
}

func (w *treeWalk) node(level, pos int) [32]byte {
	if w.err != nil {
		return [32]byte{}
	}
	if w.bit >= 8*len(w.proof.flags) {
		return w.fail(badProof("flag bits run out"))
	}
	open := w.proof.flag(w.bit)
	w.bit++
	if level == 0 || !open {
		return w.leaf(level, pos, open)
	}
	left := w.node(level-1, 2*pos)
	right := left
	if 2*pos+1 < treeWidth(w.proof.leaves, level-1) {
		right = w.node(level-1, 2*pos+1)
		if w.err == nil && left == right {
			return w.fail(badProof("equal left and right nodes"))
		}
	}
	pair := append(left[:], right[:]...)
	if readsAsTx([64]byte(pair)) {
		return w.fail(badProof("an inner node is also a transaction"))
	}
	return doubleSHA256(pair)
}

// leaf takes the next hash, for a leaf or for a branch that is not opened.
func (w *treeWalk) leaf(level, pos int, matched bool) [32]byte {
	if w.hash >= len(w.proof.hashes) {
		return w.fail(badProof("hashes run out"))
	}
	h := w.proof.hashes[w.hash]
	w.hash++
	if level == 0 && matched {
		w.matches = append(w.matches, match{index: pos, id: h})
		if pos == 0 && w.first != nil {
			return *w.first
		}
	}
	return h
}

// maxMoney is the number of satoshis that there can be.
const maxMoney = 21_000_000 * 100_000_000

// readsAsTx reports whether two hashes are also a transaction that a block could hold:
// one input, one output, four script bytes in all, a possible amount. For two honest
// hashes the chance is below 2^-42.
func readsAsTx(pair [64]byte) bool {
	s := int(pair[41]) // length of the input's script
	return pair[4] == 1 && s <= 4 && pair[46+s] == 1 && int(pair[55+s]) == 4-s &&
		binary.LittleEndian.Uint64(pair[47+s:]) <= maxMoney
}

// EncodeTxOutProof returns the BIP37 merkleblock payload that opens the given leaves of a
// block, byte for byte what gettxoutproof returns. txids are all transactions of the
// block, in order; match are indices into them, in any order.
func EncodeTxOutProof(header Header, txids []TxID, match []int) ([]byte, error) {
	if len(txids) == 0 || len(txids) > maxBlockTxs {
		return nil, refuse(CodeBuild, proofPart, "%d transactions", len(txids))
	}
	e := &treeEncoder{matched: make([]bool, len(txids))}
	for _, i := range match {
		if i < 0 || i >= len(txids) {
			return nil, refuse(CodeBuild, proofPart, "no transaction %d", i)
		}
		e.matched[i] = true
	}
	e.levels = merkleLevels(txids)
	if root := e.levels[len(e.levels)-1][0]; root != header.MerkleRoot() {
		return nil, refuse(CodeBuild, proofPart, "header has another root")
	}
	e.node(len(e.levels)-1, 0)

	out := append([]byte{}, header[:]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(txids)))
	out = appendCompactSize(out, len(e.hashes))
	for _, h := range e.hashes {
		out = append(out, h[:]...)
	}
	flags := make([]byte, (len(e.bits)+7)/8)
	for i, bit := range e.bits {
		if bit {
			flags[i/8] |= 1 << (i % 8)
		}
	}
	out = appendCompactSize(out, len(flags))
	return append(out, flags...), nil
}

type treeEncoder struct {
	levels  [][][32]byte // leaves first
	matched []bool
	bits    []bool
	hashes  [][32]byte
}

func (e *treeEncoder) node(level, pos int) {
	open := false
	for i := pos << level; i < min((pos+1)<<level, len(e.matched)); i++ {
		open = open || e.matched[i]
	}
	e.bits = append(e.bits, open)
	if level == 0 || !open {
		e.hashes = append(e.hashes, e.levels[level][pos])
		return
	}
	e.node(level-1, 2*pos)
	if 2*pos+1 < len(e.levels[level-1]) {
		e.node(level-1, 2*pos+1)
	}
}

// merkleLevels returns every level of a block's tree, leaves first. An odd last node is
// paired with itself.
func merkleLevels(txids []TxID) [][][32]byte {
	level := make([][32]byte, len(txids))
	for i, id := range txids {
		level[i] = id
	}
	levels := [][][32]byte{level}
	for len(level) > 1 {
		next := make([][32]byte, (len(level)+1)/2)
		for i := range next {
			left, right := level[2*i], level[min(2*i+1, len(level)-1)]
			next[i] = doubleSHA256(append(left[:], right[:]...))
		}
		level = next
		levels = append(levels, level)
	}
	return levels
}

// MerkleRoot returns the root of a block's tree over its transaction ids. It panics
// without any.
func MerkleRoot(txids []TxID) [32]byte {
	if len(txids) == 0 {
		panic(fmt.Sprintf("anchor: MerkleRoot of %d ids", len(txids)))
	}
	levels := merkleLevels(txids)
	return levels[len(levels)-1][0]
}

func appendCompactSize(b []byte, n int) []byte {
	switch {
	case n < 0xfd:
		return append(b, byte(n))
	case n <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	default:
		return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
	}
}
