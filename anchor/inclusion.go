package anchor

import (
	"bytes"

	"github.com/btcsuite/btcd/txscript/v2"
)

// An Inclusion says which block holds a transaction, as its proof shows. It does not say
// that the block is in a chain; LinkHeaders does.
type Inclusion struct {
	Network   Network
	Header    Header
	BlockHash BlockHash
	// Height is what the coinbase states (BIP34). Before BIP34 was in force it is
	// what Meta claims; LinkHeaders finds the block at that height or refuses.
	Height Height
	// Depth is the number of levels above the leaves. It is proven; the number of
	// transactions is not, so it is not here.
	Depth    int
	Position int // of the transaction in the block; above 0

	// On signet: blocks that are shown to be signed, and why others are not.
	signed   map[BlockHash]bool
	unsigned []error
}

// CheckInclusion judges the block proof of ev for the transaction txid on net: the
// partial tree leads from exactly two leaves, the coinbase at 0 and txid, to the root in
// the header; the coinbase is one and states the height; the header meets its own
// target; on signet the block carries the solution of BIP325. Of the blocks that confirm
// it there, those with a solution that holds will count in LinkHeaders.
//
// The coinbase fixes the depth of the tree. Without it, bytes of a transaction could pass
// for a level that is not there.
//
// Codes: network-mismatch, limit, tx-inclusion, coinbase, header-bits, header-pow,
// signet-solution, and those of transactions for the coinbase.
func CheckInclusion(ev *Evidence, txid TxID, net Network) (*Inclusion, error) {
	if err := net.known(); err != nil {
		return nil, err
	}
	if ev.Meta.Network != "" && ev.Meta.Network != net {
		return nil, refuse(CodeNetworkMismatch, "meta", "evidence of %.32q, want %s", string(ev.Meta.Network), net)
	}
	coinbase, err := parseTx(ev.Coinbase, "coinbase")
	if err != nil {
		return nil, err
	}
	proof, err := parseTxOutProof(ev.TxOutProof)
	if err != nil {
		return nil, err
	}
	position, err := checkTree(proof, coinbase.id, txid)
	if err != nil {
		return nil, err
	}
	if err := proof.header.checkWork(net.rules(), proofPart); err != nil {
		return nil, err
	}
	height, err := coinbaseHeight(coinbase, ev.Meta.Height, net.rules())
	if err != nil {
		return nil, err
	}
	incl := &Inclusion{
		Network: net, Header: proof.header, BlockHash: proof.header.Hash(),
		Height: height, Depth: proof.depth(), Position: position,
	}
	if net == Signet {
		if err := checkSignetSolution(proof, coinbase); err != nil {
			return nil, err
		}
		if len(ev.Confirming) > MaxConfirming {
			return nil, refuse(CodeLimit, "confirming", "%d blocks, limit %d", len(ev.Confirming), MaxConfirming)
		}
		incl.signed, incl.unsigned = checkConfirming(ev.Confirming)
	}
	return incl, nil
}

// checkTree returns the position of txid.
func checkTree(proof *txOutProof, coinbase, txid TxID) (int, error) {
	root, matches, err := proof.extract(nil)
	if err != nil {
		return 0, err
	}
	if root != proof.header.MerkleRoot() {
		return 0, badProof("tree does not lead to the root in the header")
	}
	if len(matches) != 2 || matches[0].index != 0 || matches[0].id != coinbase {
		return 0, badProof("want exactly the coinbase at 0 and the transaction")
	}
	if matches[1].id != txid {
		return 0, badProof("proves %v, not %v", matches[1].id, txid)
	}
	return matches[1].index, nil
}

// coinbaseHeight returns the height that the coinbase states. Below the height at which
// BIP34 came into force it returns claimed.
func coinbaseHeight(tx *transaction, claimed Height, r rules) (Height, error) {
	const part = "coinbase"
	script := tx.msg.TxIn[0].SignatureScript
	if !tx.isCoinbase() || len(script) < 2 || len(script) > 100 {
		return 0, refuse(CodeCoinbase, part, "not a coinbase")
	}
	if h, ok := scriptHeight(script); ok && h >= r.bip34 {
		return h, nil
	}
	if claimed < 0 || claimed >= r.bip34 {
		return 0, refuse(CodeCoinbase, part, "states no height")
	}
	return claimed, nil
}

// scriptHeight reads the number that script starts with; it must be written as BIP34
// asks, in the shortest push.
func scriptHeight(script []byte) (Height, bool) {
	if op := script[0]; op >= txscript.OP_1 && op <= txscript.OP_16 {
		return Height(op - txscript.OP_1 + 1), true
	}
	n := int(script[0])
	if n < 1 || n > 4 || len(script) < 1+n {
		return 0, false
	}
	num, err := txscript.MakeScriptNum(script[1:1+n], true, n)
	if err != nil || num < 0 || int64(num) > maxHeight {
		return 0, false
	}
	h := Height(num)
	return h, bytes.HasPrefix(script, CoinbaseHeight(h))
}

// maxHeight is far above any chain; arithmetic on heights cannot overflow below it.
const maxHeight = 1 << 30

// CoinbaseHeight returns the start of a coinbase script at height h (BIP34).
func CoinbaseHeight(h Height) []byte {
	script, err := txscript.NewScriptBuilder().AddInt64(int64(h)).Script()
	if err != nil {
		panic(err) // one number is within every limit of a script
	}
	return script
}
