package anchor

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
)

// Evidence holds what is needed to judge, offline, that a transaction is in a block. In
// JSON the bytes are lower-case hex, members in the order coinbase, confirming, meta,
// prevTxs, tx, txOutProof.
type Evidence struct {
	Tx         []byte   // the full transaction, witness included
	PrevTxs    [][]byte // the previous transaction of every input, in input order
	Coinbase   []byte   // of the block, without witness
	TxOutProof []byte   // BIP37 merkleblock, as gettxoutproof returns; matches coinbase and Tx
	Meta       Meta
	// Confirming are, on signet, blocks above the transaction's with their signatures, in
	// any order: only such blocks count as confirmations. A member "confirming" in JSON,
	// absent where there are none.
	Confirming []SignedBlock
}

// A SignedBlock shows that a signet block carries the solution of BIP325: its coinbase
// and the way from there to the header. In JSON the bytes are lower-case hex.
type SignedBlock struct {
	Coinbase   []byte // without witness
	TxOutProof []byte // BIP37 merkleblock that matches the coinbase alone
}

type signedBlockJSON struct {
	Coinbase   hexBytes `json:"coinbase"`
	TxOutProof hexBytes `json:"txOutProof"`
}

// MarshalJSON writes the form that UnmarshalJSON reads.
func (b SignedBlock) MarshalJSON() ([]byte, error) {
	return json.Marshal(signedBlockJSON{b.Coinbase, b.TxOutProof})
}

// UnmarshalJSON reads exactly the two members, each once. Code: malformed-evidence.
func (b *SignedBlock) UnmarshalJSON(raw []byte) error {
	var j signedBlockJSON
	err := strictMembers(raw, map[string]any{"coinbase": &j.Coinbase, "txOutProof": &j.TxOutProof})
	if err == nil {
		*b = SignedBlock{j.Coinbase, j.TxOutProof}
	}
	return err
}

// Meta informs and is never believed: every check recomputes what it says. Only a network
// that contradicts the one asked for counts, against the evidence.
type Meta struct {
	Created string  `json:"created"` // RFC 3339 UTC, or empty
	Height  Height  `json:"height"`
	Network Network `json:"network"`
	Tool    string  `json:"tool"`
	TxID    string  `json:"txid"`
}

// hexBytes are bytes whose text form is lower-case hex.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalJSON takes a string only; encoding/json would let null pass in silence.
func (b *hexBytes) UnmarshalJSON(text []byte) error {
	var s *string
	if err := json.Unmarshal(text, &s); err != nil || s == nil {
		return refuse(CodeMalformedEvidence, "json", "want a string of hex")
	}
	if strings.ToLower(*s) != *s {
		return refuse(CodeMalformedEvidence, "json", "hex in upper case")
	}
	raw, err := hex.DecodeString(*s)
	if err != nil {
		return refuse(CodeMalformedEvidence, "json", "not hex")
	}
	*b = raw
	return nil
}

// evidenceJSON is the shape on file.
type evidenceJSON struct {
	Coinbase   hexBytes      `json:"coinbase"`
	Confirming []SignedBlock `json:"confirming,omitempty"`
	Meta       Meta          `json:"meta"`
	PrevTxs    []hexBytes    `json:"prevTxs"`
	Tx         hexBytes      `json:"tx"`
	TxOutProof hexBytes      `json:"txOutProof"`
}

// MarshalJSON writes the form that UnmarshalJSON reads.
func (e Evidence) MarshalJSON() ([]byte, error) {
	j := evidenceJSON{Coinbase: e.Coinbase, Confirming: e.Confirming, Meta: e.Meta, Tx: e.Tx, TxOutProof: e.TxOutProof}
	j.PrevTxs = make([]hexBytes, len(e.PrevTxs))
	for i, p := range e.PrevTxs {
		j.PrevTxs[i] = p
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads evidence strictly: exactly the known members, each once, hex in
// lower case. Bytes are not parsed further. Code: malformed-evidence.
func (e *Evidence) UnmarshalJSON(b []byte) error {
	var j evidenceJSON
	err := strictMembers(b, map[string]any{
		"coinbase": &j.Coinbase, "meta": &j.Meta, "prevTxs": &j.PrevTxs,
		"tx": &j.Tx, "txOutProof": &j.TxOutProof, "confirming": optional{&j.Confirming},
	})
	if err == nil && j.Confirming != nil && len(j.Confirming) == 0 {
		// One form for one content: no blocks are no member.
		err = refuse(CodeMalformedEvidence, "json", "member confirming is empty")
	}
	if err != nil {
		return err
	}
	*e = Evidence{Tx: j.Tx, Coinbase: j.Coinbase, TxOutProof: j.TxOutProof, Meta: j.Meta, Confirming: j.Confirming}
	e.PrevTxs = make([][]byte, len(j.PrevTxs))
	for i, p := range j.PrevTxs {
		e.PrevTxs[i] = p
	}
	return nil
}

// UnmarshalJSON reads exactly the known members, each once.
func (m *Meta) UnmarshalJSON(b []byte) error {
	var v Meta
	err := strictMembers(b, map[string]any{
		"created": &v.Created, "height": &v.Height, "network": &v.Network,
		"tool": &v.Tool, "txid": &v.TxID,
	})
	if err == nil {
		*m = v
	}
	return err
}

// optional marks a member that may be absent.
type optional struct{ target any }

// strictMembers decodes the object b into fields. encoding/json alone would take the last
// of two equal names, match names without regard to case, and let members be absent.
func strictMembers(b []byte, fields map[string]any) error {
	bad := func(format string, args ...any) error {
		return refuse(CodeMalformedEvidence, "json", format, args...)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return bad("want an object")
	}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return bad("want a member name")
		}
		target, ok := fields[name]
		if !ok {
			return bad("unknown or repeated member %.32q", name)
		}
		delete(fields, name)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return bad("member %s: %v", name, err)
		}
		if strings.HasPrefix(string(raw), "null") {
			return bad("member %s is null", name)
		}
		if o, ok := target.(optional); ok {
			target = o.target
		}
		if err := json.Unmarshal(raw, target); err != nil {
			return bad("member %s: %v", name, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return bad("object not closed")
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad("bytes after the object")
	}
	maps.DeleteFunc(fields, func(_ string, target any) bool { _, ok := target.(optional); return ok })
	if len(fields) > 0 {
		return bad("member %s is missing", slices.Min(slices.Collect(maps.Keys(fields))))
	}
	return nil
}
