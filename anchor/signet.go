package anchor

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// BIP325: the solution is a push that starts with these four bytes, in the script of the
// output that carries the witness commitment (BIP141).
var (
	signetHeader     = []byte{0xec, 0xc7, 0xda, 0xa2}
	commitmentHeader = []byte{txscript.OP_RETURN, txscript.OP_DATA_36, 0xaa, 0x21, 0xa9, 0xed}
)

// signetFlags are the rules under which BIP325 runs the challenge.
const signetFlags = txscript.ScriptBip16 | txscript.ScriptVerifyWitness |
	txscript.ScriptVerifyDERSignatures | txscript.ScriptStrictMultiSig

// MaxConfirming bounds the signed blocks of one evidence: a day of blocks. Each costs a run
// of the script engine. More confirmations than that need a checkpoint or a store.
const MaxConfirming = 144

func badSolution(format string, args ...any) error {
	return refuse(CodeSignetSolution, "coinbase", format, args...)
}

// checkSignetSolution checks the signature over a signet block. The block is signed with
// the solution taken out of the coinbase, so the root is computed again with such a
// coinbase as leaf 0. proof was checked before to match the coinbase there.
func checkSignetSolution(proof *txOutProof, coinbase *transaction) error {
	unsigned, solution, err := takeSolution(coinbase.msg)
	if err != nil {
		return err
	}
	leaf := [32]byte(unsigned.TxHash())
	root, _, err := proof.extract(&leaf)
	if err != nil {
		return err
	}
	toSpend := signetToSpend(proof.header, root, chaincfg.DefaultSignetChallenge)
	toSign := signetToSign(toSpend)
	if err := readSolution(solution, toSign.TxIn[0]); err != nil {
		return err
	}
	out := toSpend.TxOut[0]
	fetcher := txscript.NewCannedPrevOutputFetcher(out.PkScript, out.Value)
	engine, err := txscript.NewEngine(out.PkScript, toSign, 0, signetFlags, nil,
		txscript.NewTxSigHashes(toSign, fetcher), out.Value, fetcher)
	if err == nil {
		err = engine.Execute()
	}
	if err != nil {
		return badSolution("%v", err)
	}
	return nil
}

// takeSolution returns a copy of the coinbase with the solution emptied, and the solution.
func takeSolution(coinbase *wire.MsgTx) (*wire.MsgTx, []byte, error) {
	for i := len(coinbase.TxOut) - 1; i >= 0; i-- { // the last commitment counts
		script := coinbase.TxOut[i].PkScript
		if len(script) < 38 || !bytes.HasPrefix(script, commitmentHeader) {
			continue
		}
		emptied, solution, err := emptySolution(script)
		if err != nil {
			return nil, nil, err
		}
		unsigned := coinbase.Copy()
		unsigned.TxOut[i].PkScript = emptied
		return unsigned, solution, nil
	}
	return nil, nil, badSolution("no witness commitment in the coinbase")
}

func emptySolution(script []byte) (emptied, solution []byte, err error) {
	var found bool
	builder := txscript.NewScriptBuilder()
	tokens := txscript.MakeScriptTokenizer(0, script)
	for tokens.Next() {
		data := tokens.Data()
		switch {
		case data == nil:
			builder.AddOp(tokens.Opcode())
		case !found && len(data) > len(signetHeader) && bytes.HasPrefix(data, signetHeader):
			found, solution = true, data[len(signetHeader):]
			builder.AddFullData(signetHeader)
		default:
			builder.AddFullData(data)
		}
	}
	emptied, buildErr := builder.Script()
	if tokens.Err() != nil || buildErr != nil || !found {
		return nil, nil, badSolution("no solution beside the witness commitment")
	}
	return emptied, solution, nil
}

// readSolution fills in with the script and the witness that solution holds:
// CompactSize and script, then CompactSize count and items.
func readSolution(solution []byte, in *wire.TxIn) error {
	c := &cursor{rest: solution}
	in.SignatureScript = c.take(c.count(1))
	for range c.count(1) {
		in.Witness = append(in.Witness, c.take(c.count(1)))
	}
	if c.failed || len(c.rest) != 0 {
		return badSolution("lengths of the solution do not add up")
	}
	return nil
}

// signetToSpend builds the virtual transaction that commits to the block: version, hash
// of the block before, root without solution, and time, 72 bytes.
func signetToSpend(h Header, root [32]byte, challenge []byte) *wire.MsgTx {
	prev := h.Prev()
	data := append([]byte{}, h[0:4]...)
	data = append(data, prev[:]...)
	data = append(data, root[:]...)
	data = binary.LittleEndian.AppendUint32(data, h.Seconds())
	script := append([]byte{txscript.OP_0, byte(len(data))}, data...)

	tx := wire.NewMsgTx(0)
	null := wire.OutPoint{Index: 1<<32 - 1}
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: null, SignatureScript: script})
	tx.AddTxOut(&wire.TxOut{PkScript: challenge})
	return tx
}

func signetToSign(toSpend *wire.MsgTx) *wire.MsgTx {
	tx := wire.NewMsgTx(0)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: toSpend.TxHash()}})
	tx.AddTxOut(&wire.TxOut{PkScript: []byte{txscript.OP_RETURN}})
	return tx
}

// checkConfirming returns the blocks whose solution holds. What does not hold is left out
// and named: it says nothing about the block of the transaction.
func checkConfirming(blocks []SignedBlock) (signed map[BlockHash]bool, refused []error) {
	for i, b := range blocks {
		hash, err := b.check()
		if err != nil {
			refused = append(refused, fmt.Errorf("confirming/%d: %w", i, err))
			continue
		}
		if signed == nil {
			signed = make(map[BlockHash]bool)
		}
		signed[hash] = true
	}
	return signed, refused
}

// check returns the hash of the block if its coinbase carries the solution.
func (b SignedBlock) check() (BlockHash, error) {
	coinbase, err := parseTx(b.Coinbase, "coinbase")
	if err != nil {
		return BlockHash{}, err
	}
	if !coinbase.isCoinbase() {
		return BlockHash{}, refuse(CodeCoinbase, "coinbase", "not a coinbase")
	}
	proof, err := parseTxOutProof(b.TxOutProof)
	if err != nil {
		return BlockHash{}, err
	}
	root, matches, err := proof.extract(nil)
	if err != nil {
		return BlockHash{}, err
	}
	if root != proof.header.MerkleRoot() || len(matches) != 1 || matches[0].index != 0 || matches[0].id != coinbase.id {
		return BlockHash{}, badProof("does not lead from the coinbase alone to the header")
	}
	return proof.header.Hash(), checkSignetSolution(proof, coinbase)
}

// NewSignedBlock makes a SignedBlock of a signet block's header, the ids of its
// transactions and its coinbase, with or without witness, and checks it.
// Codes: build, signet-solution and those of transactions and proofs.
func NewSignedBlock(header Header, txids []TxID, coinbase []byte) (SignedBlock, error) {
	tx, err := parseTx(coinbase, "coinbase")
	if err != nil {
		return SignedBlock{}, err
	}
	proof, err := EncodeTxOutProof(header, txids, []int{0})
	if err != nil {
		return SignedBlock{}, err
	}
	b := SignedBlock{Coinbase: stripTx(tx.msg), TxOutProof: proof}
	_, err = b.check()
	return b, err
}

// SignedBlockOf makes a SignedBlock of a raw signet block. Codes: limit, build, and those
// of NewSignedBlock.
func SignedBlockOf(block []byte) (SignedBlock, error) {
	msg, ids, err := parseBlock(block)
	if err != nil {
		return SignedBlock{}, err
	}
	return NewSignedBlock(Header(block), ids, serializeTx(msg.Transactions[0]))
}
