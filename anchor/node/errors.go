package node

import (
	"errors"
	"fmt"

	"github.com/certanchor/certanchor/anchor"
)

// A Code says why an endpoint gave no usable answer. Codes are stable.
type Code string

// The codes. That a chain was asked and does not know something is no Error of this
// package but anchor.ErrNotFound.
const (
	// CodeEndpoint: the address of an endpoint, or a file it names, cannot be used.
	CodeEndpoint Code = "bad-endpoint"
	// CodeArgument: the question cannot be asked: an address of another network, bytes
	// that are no transaction, a stretch of headers that is too long.
	CodeArgument Code = "bad-argument"
	// CodeUnreachable: no connection, or it broke before an answer came.
	CodeUnreachable Code = "unreachable"
	// CodeTimeout: no whole answer in time.
	CodeTimeout Code = "timeout"
	// CodeCanceled: the caller ended the call.
	CodeCanceled Code = "canceled"
	// CodeUnauthorized: user or password are wrong or missing.
	CodeUnauthorized Code = "unauthorized"
	// CodeRedirect: the endpoint points elsewhere. That is not followed.
	CodeRedirect Code = "redirect"
	// CodeStatus: an HTTP status that tells nothing of the question.
	CodeStatus Code = "http-status"
	// CodeTooLarge: the answer is larger than any true one.
	CodeTooLarge Code = "answer-too-large"
	// CodeTruncated: the connection broke within the answer.
	CodeTruncated Code = "answer-truncated"
	// CodeMalformed: the answer is not of the documented form.
	CodeMalformed Code = "malformed-answer"
	// CodeFalse: the answer contradicts itself or the question: other bytes than those
	// asked for, a block that does not hold the transaction.
	CodeFalse Code = "false-answer"
	// CodeNodeError: the node answered with an error; see RPCError.
	CodeNodeError Code = "node-error"
	// CodeWrongNetwork: block 0 is that of another network.
	CodeWrongNetwork Code = "wrong-network"
	// CodeSyncing: the node starts up, is catching up, or has stopped following.
	CodeSyncing Code = "syncing"
	// CodePruned: the node has thrown away what is asked for.
	CodePruned Code = "pruned"
	// CodeNoIndex: the node could only answer with an index that it lacks.
	CodeNoIndex Code = "no-index"
	// CodeNoFeeRate: the endpoint makes no estimate and none is configured.
	CodeNoFeeRate Code = "no-fee-rate"
	// CodeRejected: the node refuses the transaction and does not have it.
	CodeRejected Code = "rejected"
	// CodeNoAnchor: the transaction exists and carries no payload of 32 bytes as anchors do.
	CodeNoAnchor Code = "no-anchor"
)

// An Error says which endpoint failed at which call, and why.
type Error struct {
	Code     Code
	Endpoint string // host and port
	Call     string // "getrawtransaction", "GET /tx/:id/hex" …; empty before any call
	Detail   string // what happened, and what to do about it
	Err      error  // may be nil
}

func (e *Error) Error() string {
	s := "anchor/node: " + string(e.Code) + ": " + e.Endpoint
	if e.Call != "" {
		s += ": " + e.Call
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the error behind e.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's tree, or "".
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// An RPCError is what a JSON-RPC node answered. The message is its own words, cut.
type RPCError struct {
	Code    int64
	Message string
}

func (e *RPCError) Error() string { return fmt.Sprintf("%d %q", e.Code, e.Message) }

// Codes of JSON-RPC nodes that have a meaning here.
const (
	rpcNoMethod    = -32601
	rpcUnknownID   = -5  // no such transaction, block or address
	rpcAlreadyHave = -27 // the transaction is in a block
	rpcWarmup      = -28
)

// said returns what the node itself said, without our words around it.
func said(err error) error {
	var e *RPCError
	if errors.As(err, &e) {
		return e
	}
	return err
}

// rpcCode returns the code of the node's own error in err, or 0.
func rpcCode(err error) int64 {
	var e *RPCError
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func (e *endpoint) fail(code Code, call, format string, args ...any) error {
	return &Error{Code: code, Endpoint: e.name, Call: call, Detail: fmt.Sprintf(format, args...)}
}

func (e *endpoint) malformed(call, format string, args ...any) error {
	return e.fail(CodeMalformed, call, format, args...)
}

func notFound(err error) bool { return errors.Is(err, anchor.ErrNotFound) }
