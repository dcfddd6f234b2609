package merkleproof

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/fxamacker/cbor/v2"
)

// MaxProofValue is the longest proofValue read, in characters. 32 steps in the
// longer style take about 3,400; base58 costs the square of its length.
const MaxProofValue = 8 << 10

// Numbers of the members in the CBOR form of MerkleProof2019.
const (
	keyRoot, keyTarget, keyAnchors, keyPath = 0, 1, 2, 3
	keyChain, keyNetwork, keyTxID           = 0, 1, 2
)

// layout remembers what two encoders of one proof may do differently, so that a
// decoded proof encodes to the bytes it came from.
type layout struct {
	binary  bool    // hashes wrapped as byte strings (the JavaScript encoder), not as hex text
	order   []int64 // order of the root pairs; nil is 3, 0, 1, 2
	network bool    // a mocknet anchor that carries a network number
	more    []any   // anchors after the first, as decoded
	idBytes bool    // the transaction id wrapped as a byte string
	id0x    bool    // the transaction id written with 0x
}

var (
	cborEncoder = must(cbor.CoreDetEncOptions().EncMode())
	cborDecoder = must(cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  8,
		MaxArrayElements: 64,
		MaxMapPairs:      16,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Encode2019 returns the proofValue of a MerkleProof2019: "z", then base58btc over
// CBOR. A proof of our own is written as the Blockcerts issuer writes it; a decoded
// one is written as it was read. It returns an *Error for a proof that Decode2019
// would refuse.
func (p *Proof) Encode2019() (string, error) {
	if len(p.Path) > MaxSteps {
		return "", &Error{Code: CodeLength, Place: "path", Detail: fmt.Sprintf("%d steps, at most %d", len(p.Path), MaxSteps)}
	}
	if err := p.Anchor.check("anchors[0]"); err != nil {
		return "", err
	}
	first, err := p.anchorPairs()
	if err != nil {
		return "", err
	}
	path := make([]any, len(p.Path))
	for i, s := range p.Path {
		path[i] = []any{int64(s.Side), p.layout.wrapHash(s.Hash)}
	}
	members := map[int64]any{
		keyRoot:    p.layout.wrapHash(p.Root),
		keyTarget:  p.layout.wrapHash(p.Target),
		keyAnchors: append([]any{first}, p.layout.more...),
		keyPath:    path,
	}
	order := p.layout.order
	if order == nil {
		order = []int64{keyPath, keyRoot, keyTarget, keyAnchors}
	}
	pairs := make([]any, len(order))
	for i, k := range order {
		pairs[i] = []any{k, members[k]}
	}
	b, err := cborEncoder.Marshal(pairs)
	if err != nil {
		return "", malformed("", "%v", err)
	}
	return "z" + base58.Encode(b), nil
}

func (p *Proof) anchorPairs() ([]any, error) {
	for _, c := range chains {
		if c.chain != p.Anchor.Chain {
			continue
		}
		if c.chain == Mocknet && !p.layout.network {
			return []any{[]any{keyChain, c.id}, []any{keyNetwork, wrap(p.Anchor.TxID)}}, nil
		}
		id := any(nil)
		switch digits := strings.TrimPrefix(p.Anchor.TxID, "0x"); {
		case p.layout.idBytes:
			raw, err := hex.DecodeString(digits)
			if err != nil {
				return nil, malformed("anchors[0]", "transaction id: %v", err)
			}
			id = wrap(raw)
		case c.chain.IsEthereum() && p.layout.order != nil && !p.layout.id0x:
			id = wrap(digits)
		default:
			id = wrap(p.Anchor.TxID)
		}
		return []any{[]any{keyChain, c.id}, []any{keyNetwork, c.network}, []any{keyTxID, id}}, nil
	}
	return nil, &Error{Code: CodeChain, Place: "anchors[0]", Detail: fmt.Sprintf("no number for chain %q", p.Anchor.Chain)}
}

// wrap returns the byte string whose content is the CBOR item v.
func wrap(v any) []byte { return must(cborEncoder.Marshal(v)) }

func (l layout) wrapHash(h Hash) []byte {
	if l.binary {
		return wrap(h[:])
	}
	return wrap(h.String())
}

// Decode2019 reads a proofValue of MerkleProof2019 in either style: hashes wrapped
// as hexadecimal text (the Python issuer) or as bytes (the JavaScript encoder). It
// is strict: shortest CBOR only, no unknown or repeated member, each step with
// exactly one side and 32 bytes. All errors are *Error.
func Decode2019(proofValue string) (*Proof, error) {
	if len(proofValue) > MaxProofValue {
		return nil, &Error{Code: CodeLength, Place: "proofValue", Detail: fmt.Sprintf("%d characters, at most %d", len(proofValue), MaxProofValue)}
	}
	text, ok := strings.CutPrefix(proofValue, "z")
	if !ok {
		return nil, malformed("proofValue", "must begin with z, the mark of base58btc")
	}
	raw := base58.Decode(text)
	if len(raw) == 0 {
		return nil, malformed("proofValue", "not base58btc")
	}
	v, err := decodeItem(raw)
	if err != nil {
		return nil, malformed("proofValue", "%v", err)
	}
	pairs, order, err := readPairs(v, "proofValue", 4)
	if err != nil {
		return nil, err
	}
	d := decoder{p: &Proof{layout: layout{order: order}}}
	for _, k := range order {
		if err := d.member(k, pairs[k]); err != nil {
			return nil, err
		}
	}
	if len(order) != 4 {
		return nil, malformed("proofValue", "merkleRoot, targetHash, anchors and path must all be there")
	}
	d.p.layout.binary = d.binary > 0
	if d.binary > 0 && d.text > 0 {
		return nil, malformed("proofValue", "hashes in two styles")
	}
	return d.p, nil
}

// decodeItem decodes one CBOR item and checks that it was written in the one
// shortest way, so that no two byte strings mean the same proof.
func decodeItem(raw []byte) (any, error) {
	var v any
	if err := cborDecoder.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	again, err := cborEncoder.Marshal(v)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, raw) {
		return nil, fmt.Errorf("not written in the shortest form")
	}
	return v, nil
}

// readPairs reads an array of [number, value] pairs.
func readPairs(v any, place string, most int) (map[int64]any, []int64, error) {
	list, ok := v.([]any)
	if !ok || len(list) > most {
		return nil, nil, malformed(place, "must be an array of at most %d pairs", most)
	}
	members := make(map[int64]any, len(list))
	order := make([]int64, 0, len(list))
	for i, e := range list {
		pair, ok := e.([]any)
		if !ok || len(pair) != 2 {
			return nil, nil, malformed(fmt.Sprintf("%s[%d]", place, i), "must be a pair")
		}
		k, ok := integer(pair[0])
		if !ok {
			return nil, nil, malformed(fmt.Sprintf("%s[%d]", place, i), "the first of a pair must be a number")
		}
		if _, twice := members[k]; twice {
			return nil, nil, malformed(fmt.Sprintf("%s[%d]", place, i), "member %d is there twice", k)
		}
		members[k] = pair[1]
		order = append(order, k)
	}
	return members, order, nil
}

func integer(v any) (int64, bool) {
	switch n := v.(type) {
	case uint64:
		return int64(n), n <= 1<<62
	case int64:
		return n, true
	}
	return 0, false
}

// A decoder collects the members of one proof and counts the styles it met.
type decoder struct {
	p            *Proof
	binary, text int
}

func (d *decoder) member(key int64, v any) (err error) {
	switch key {
	case keyRoot:
		d.p.Root, err = d.hash(v, "merkleRoot")
	case keyTarget:
		d.p.Target, err = d.hash(v, "targetHash")
	case keyPath:
		err = d.path(v)
	case keyAnchors:
		err = d.anchors(v)
	default:
		err = malformed("proofValue", "unknown member %d", key)
	}
	return err
}

// unwrap returns the text or the bytes inside a wrapped item.
func unwrap(v any, place string) (text string, raw []byte, err error) {
	b, ok := v.([]byte)
	if !ok {
		return "", nil, malformed(place, "must be a byte string")
	}
	inner, err := decodeItem(b)
	if err != nil {
		return "", nil, malformed(place, "%v", err)
	}
	switch x := inner.(type) {
	case string:
		return x, nil, nil
	case []byte:
		return "", x, nil
	}
	return "", nil, malformed(place, "must hold a text or a byte string")
}

func (d *decoder) hash(v any, place string) (Hash, error) {
	text, raw, err := unwrap(v, place)
	if err != nil {
		return Hash{}, err
	}
	if raw == nil {
		d.text++
		h, err := ParseHash(text)
		if err == nil && h.String() != text {
			err = &Error{Code: CodeHash, Detail: "must be lowercase"}
		}
		if err != nil {
			err.(*Error).Place = place
		}
		return h, err
	}
	d.binary++
	if len(raw) != len(Hash{}) {
		return Hash{}, &Error{Code: CodeHash, Place: place, Detail: fmt.Sprintf("%d bytes, not 32", len(raw))}
	}
	return Hash(raw), nil
}

func (d *decoder) path(v any) error {
	list, ok := v.([]any)
	if !ok {
		return malformed("path", "must be an array")
	}
	if len(list) > MaxSteps {
		return &Error{Code: CodeLength, Place: "path", Detail: fmt.Sprintf("%d steps, at most %d", len(list), MaxSteps)}
	}
	for i, e := range list {
		place := fmt.Sprintf("path[%d]", i)
		pair, ok := e.([]any)
		if !ok || len(pair) != 2 {
			return malformed(place, "must be a pair of side and hash")
		}
		side, ok := integer(pair[0])
		if !ok || (side != int64(Left) && side != int64(Right)) {
			return malformed(place, "side must be 0 (left) or 1 (right)")
		}
		h, err := d.hash(pair[1], place)
		if err != nil {
			return err
		}
		d.p.Path = append(d.p.Path, Step{Side: Side(side), Hash: h})
	}
	return nil
}

func (d *decoder) anchors(v any) error {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return malformed("anchors", "must be an array of at least one anchor")
	}
	d.p.Anchors, d.p.layout.more = len(list), list[1:]
	pairs, order, err := readPairs(list[0], "anchors[0]", 3)
	if err != nil {
		return err
	}
	for i, k := range order {
		if int64(i) != k {
			return malformed("anchors[0]", "pairs must be chain, network, transaction")
		}
	}
	id, ok := integer(pairs[keyChain])
	if !ok {
		return malformed("anchors[0]", "chain must be a number")
	}
	if id == -1 && len(order) == 2 {
		text, _, err := unwrap(pairs[keyNetwork], "anchors[0]")
		d.p.Anchor = Anchor{Chain: Mocknet, TxID: text}
		return err
	}
	network, ok := integer(pairs[keyNetwork])
	if !ok || len(order) != 3 {
		return malformed("anchors[0]", "must have chain, network and transaction")
	}
	return d.anchor(id, network, pairs[keyTxID])
}

func (d *decoder) anchor(id, network int64, tx any) error {
	for _, c := range chains {
		if c.id != id || c.network != network {
			continue
		}
		d.p.layout.network = true
		text, raw, err := unwrap(tx, "anchors[0]")
		if err != nil {
			return err
		}
		if raw != nil {
			d.p.layout.idBytes = true
			text = hex.EncodeToString(raw)
		}
		if d.p.layout.id0x = strings.HasPrefix(text, "0x"); c.chain.IsEthereum() && !d.p.layout.id0x {
			text = "0x" + text
		}
		d.p.Anchor = Anchor{Chain: c.chain, TxID: text}
		return d.p.Anchor.check("anchors[0]")
	}
	return &Error{Code: CodeChain, Place: "anchors[0]", Detail: fmt.Sprintf("chain %d, network %d", id, network)}
}
