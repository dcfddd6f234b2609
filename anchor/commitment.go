package anchor

import (
	"github.com/btcsuite/btcd/txscript/v2"
)

// MaxInputs bounds the inputs of a commitment transaction: each legacy input hashes the
// whole transaction once, so the work grows with inputs times size.
const MaxInputs = 256

// commitmentPrefix is OP_RETURN and a push of 32 bytes.
var commitmentPrefix = [2]byte{txscript.OP_RETURN, txscript.OP_DATA_32}

// A Commitment is a transaction that carries a batch root.
type Commitment struct {
	TxID   TxID
	Root   [32]byte
	Inputs []OutPoint // in the order of the transaction

	tx *transaction
}

// ParseCommitment reads a raw transaction, witness included where there is one, of at
// most MaxTxSize bytes and MaxInputs inputs. Exactly one output may start with OP_RETURN,
// and its script must be exactly 6a20 and the 32 bytes of the root: a root that could be
// looked for in several places is no commitment. The id is computed from the form without
// witness, which must not have 64 bytes.
//
// Codes: limit, malformed-transaction, ambiguous-transaction, anchor-script.
func ParseCommitment(rawTx []byte) (*Commitment, error) {
	const part = "tx"
	tx, err := parseTx(rawTx, part)
	if err != nil {
		return nil, err
	}
	if tx.stripped == ambiguousSize {
		return nil, refuse(CodeAmbiguousTransaction, part, "64 bytes without witness")
	}
	if len(tx.msg.TxIn) > MaxInputs {
		return nil, refuse(CodeLimit, part, "%d inputs, limit %d", len(tx.msg.TxIn), MaxInputs)
	}
	c := &Commitment{TxID: tx.id, tx: tx}
	if c.Inputs, err = spends(tx, part); err != nil {
		return nil, err
	}
	if c.Root, err = committedRoot(tx, part); err != nil {
		return nil, err
	}
	return c, nil
}

// spends returns the outputs that tx spends; none of them twice, none of them null.
func spends(tx *transaction, part string) ([]OutPoint, error) {
	seen := make(map[OutPoint]bool, len(tx.msg.TxIn))
	list := make([]OutPoint, 0, len(tx.msg.TxIn))
	for i, in := range tx.msg.TxIn {
		op := OutPoint{TxID: TxID(in.PreviousOutPoint.Hash), Index: in.PreviousOutPoint.Index}
		if seen[op] || isNull(in.PreviousOutPoint) {
			return nil, refuse(CodeMalformedTransaction, part, "input %d spends nothing, or what another spends", i)
		}
		seen[op] = true
		list = append(list, op)
	}
	return list, nil
}

func committedRoot(tx *transaction, part string) (root [32]byte, err error) {
	found := false
	for i, out := range tx.msg.TxOut {
		script := out.PkScript
		if len(script) == 0 || script[0] != txscript.OP_RETURN {
			continue
		}
		if found {
			return root, refuse(CodeAnchorScript, part, "output %d is a second OP_RETURN", i)
		}
		if len(script) != 34 || [2]byte(script) != commitmentPrefix {
			return root, refuse(CodeAnchorScript, part, "output %d: OP_RETURN script is not 6a20 and 32 bytes", i)
		}
		found = true
		root = [32]byte(script[2:])
	}
	if !found {
		return root, refuse(CodeAnchorScript, part, "no OP_RETURN output")
	}
	return root, nil
}
