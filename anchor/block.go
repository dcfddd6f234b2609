package anchor

import (
	"bytes"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
)

// maxBlockSize bounds a raw block, in bytes (weight 4,000,000).
const maxBlockSize = 4_000_000

// EvidenceFromBlock makes the evidence of transaction txid out of a raw block that holds
// it. prevTxs must be the previous transactions of its inputs, in input order. The
// result is checked as a verifier would check transaction and inclusion; the commitment
// itself and its signatures are not looked at, so any transaction will do.
//
// Codes: limit, build, tx-inclusion (the block does not hold txid) and those of
// CheckInclusion.
func EvidenceFromBlock(block []byte, txid TxID, prevTxs [][]byte, net Network) (*Evidence, error) {
	msg, ids, err := parseBlock(block)
	if err != nil {
		return nil, err
	}
	i := slices.Index(ids, txid)
	if i < 1 {
		return nil, refuse(CodeTxInclusion, blockPart, "does not hold %v, or as coinbase", txid)
	}
	proof, err := EncodeTxOutProof(Header(block), ids, []int{0, i})
	if err != nil {
		return nil, err
	}
	ev := &Evidence{
		Tx: serializeTx(msg.Transactions[i]), PrevTxs: prevTxs,
		Coinbase: stripTx(msg.Transactions[0]), TxOutProof: proof,
		Meta: Meta{Network: net, TxID: txid.String()},
	}
	incl, err := CheckInclusion(ev, txid, net)
	if err != nil {
		return nil, err
	}
	ev.Meta.Height = incl.Height
	return ev, nil
}

const blockPart = "block"

// parseBlock reads exactly one block, of one transaction at least.
func parseBlock(block []byte) (*wire.MsgBlock, []TxID, error) {
	if len(block) > maxBlockSize {
		return nil, nil, refuse(CodeLimit, blockPart, "%d bytes, limit %d", len(block), maxBlockSize)
	}
	msg := new(wire.MsgBlock)
	r := bytes.NewReader(block)
	if err := msg.Deserialize(r); err != nil || r.Len() != 0 {
		return nil, nil, refuse(CodeBuild, blockPart, "not one block: %v", err)
	}
	if len(msg.Transactions) == 0 {
		return nil, nil, refuse(CodeBuild, blockPart, "no transaction")
	}
	ids := make([]TxID, len(msg.Transactions))
	for i, tx := range msg.Transactions {
		ids[i] = TxID(tx.TxHash())
	}
	return msg, ids, nil
}
