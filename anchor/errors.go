package anchor

import (
	"fmt"
)

// A Code says why evidence was refused. Codes are stable across releases and appear in
// reports.
type Code string

// An Error says which part of the evidence was refused, and why.
type Error struct {
	Code   Code
	Part   string // of the evidence: "tx", "prevTxs/1", "coinbase", "txOutProof", "headers/0" …
	Detail string // for a log; never needed to decide
}

func (e *Error) Error() string {
	return fmt.Sprintf("anchor: %s: %s: %s", e.Part, e.Code, e.Detail)
}

func refuse(code Code, part, format string, args ...any) *Error {
	return &Error{Code: code, Part: part, Detail: fmt.Sprintf(format, args...)}
}

const (
	// CodeLimit: a size or count is above what this package handles. It says nothing
	// for or against the evidence.
	CodeLimit Code = "limit"
	// CodeMalformedEvidence: the JSON or hex of an evidence member cannot be read.
	CodeMalformedEvidence Code = "malformed-evidence"
	// CodeMalformedTransaction: bytes that are not exactly one transaction in its one
	// canonical serialization.
	CodeMalformedTransaction Code = "malformed-transaction"
	// CodeAmbiguousTransaction: 64 bytes without witness, which could also be read as an
	// inner node of a block's tree (CVE-2017-12842).
	CodeAmbiguousTransaction Code = "ambiguous-transaction"
	// CodeAnchorScript: not exactly one OP_RETURN output, or it is not 6a20 and 32 bytes.
	CodeAnchorScript Code = "anchor-script"
	// CodePreviousTransaction: a previous transaction is missing, is not the one that the
	// input names, or has no such output.
	CodePreviousTransaction Code = "previous-transaction"
	// CodeIssuingScript: an input spends a form other than P2PKH, P2WPKH or P2TR by key,
	// or does so by a script that computes. It cannot be judged; that is no sign of forgery.
	CodeIssuingScript Code = "issuing-script"
	// CodeSighash: a signature does not commit to all inputs and outputs.
	CodeSighash Code = "sighash"
	// CodeIssuingSignature: the script engine refuses an input.
	CodeIssuingSignature Code = "issuing-signature"
	// CodeTxInclusion: the block proof does not prove the transaction.
	CodeTxInclusion Code = "tx-inclusion"
	// CodeCoinbase: the coinbase is not one, or not that of the proven block.
	CodeCoinbase Code = "coinbase"
	// CodeSignetSolution: the block lacks the signature that signet asks for (BIP325).
	CodeSignetSolution Code = "signet-solution"
	// CodeNetworkMismatch: the evidence names another network.
	CodeNetworkMismatch Code = "network-mismatch"
	// CodeMalformedHeaders: bytes that are not a whole number of 80-byte headers, or a
	// height out of range.
	CodeMalformedHeaders Code = "malformed-headers"
	// CodeMalformedCheckpoints: a checkpoint pack that cannot be read.
	CodeMalformedCheckpoints Code = "malformed-checkpoints"
	// CodeHeaderLink: a header does not name the hash of the one before it.
	CodeHeaderLink Code = "header-link"
	// CodeHeaderPoW: the hash is above the target that the header states.
	CodeHeaderPoW Code = "header-pow"
	// CodeHeaderBits: the stated target is malformed, above the network's limit, or not
	// the one the rules ask for.
	CodeHeaderBits Code = "header-bits"
	// CodeHeaderTime: the time is not above the median of the eleven headers before, or
	// breaks the time rule of BIP94.
	CodeHeaderTime Code = "header-time"
	// CodeHeaderVersion: the version is below what the height asks for.
	CodeHeaderVersion Code = "header-version"
	// CodeNoCheckpoints: on mainnet there is neither a checkpoint nor a header store to
	// start from. A chain from the genesis block at its first, easy targets is cheap.
	CodeNoCheckpoints Code = "no-checkpoints"
	// CodeNoHeaders: no run of headers holds the block. Evidence is missing.
	CodeNoHeaders Code = "no-headers"
	// CodeNotLinkedForward: headers hold the block, but do not lead forward to the
	// next checkpoint, or do not start at the newest one. Evidence is missing.
	CodeNotLinkedForward Code = "not-linked-forward"
	// CodeNotInBestChain: the chain with most work, or the caller's own headers, have
	// another block at that height.
	CodeNotInBestChain Code = "not-in-best-chain"
	// CodeConfirmations: fewer confirmations than asked for.
	CodeConfirmations Code = "confirmations"
	// CodeInsufficientFunds: the coins given do not pay for the transaction.
	CodeInsufficientFunds Code = "insufficient-funds"
	// CodeFeeAboveCap: the fee at the asked rate is above the cap.
	CodeFeeAboveCap Code = "fee-above-cap"
	// CodeBuild: an argument for building a transaction is at fault.
	CodeBuild Code = "build"
)

// Codes lists every code in the order of the checks.
func Codes() []Code {
	return []Code{
		CodeLimit, CodeMalformedEvidence, CodeMalformedTransaction, CodeAmbiguousTransaction,
		CodeAnchorScript, CodePreviousTransaction, CodeIssuingScript, CodeSighash,
		CodeIssuingSignature, CodeTxInclusion, CodeCoinbase, CodeSignetSolution,
		CodeNetworkMismatch, CodeMalformedHeaders, CodeMalformedCheckpoints, CodeHeaderLink,
		CodeHeaderPoW, CodeHeaderBits, CodeHeaderTime, CodeHeaderVersion,
		CodeNoCheckpoints, CodeNoHeaders,
		CodeNotLinkedForward, CodeNotInBestChain, CodeConfirmations,
		CodeInsufficientFunds, CodeFeeAboveCap, CodeBuild,
	}
}
