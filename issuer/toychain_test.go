package issuer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// The toy chain is a network small enough to be copied for each of a million states. Its
// rules are those of anchor/regtest (TestToyChain compares): inputs that are there, scripts
// run, fees, replacements by BIP125, children, reorganisations that put transactions back
// into the pool. What it leaves out is work, time and size.

// A toyTx is a transaction that was judged once, whatever state it appears in.
type toyTx struct {
	raw      []byte
	msg      *wire.MsgTx
	id       anchor.TxID
	ins      []anchor.OutPoint
	root     [32]byte // zero if it carries none
	fee      int64
	vsize    int64
	standard bool // nodes relay its scripts
}

// A toyLedger is what all states share: coins that were there before, and transactions.
type toyLedger struct {
	t         testing.TB
	address   string
	script    []byte
	coins     []anchor.Coin
	txs       map[anchor.TxID]*toyTx
	rewrites  map[anchor.TxID]*toyTx
	coinOwner map[anchor.OutPoint]*wire.TxOut
}

const (
	toyCoins    = 3
	toyCoin     = 6_000 // satoshis
	toyHeight   = 100   // of the block below the first
	toyMinRelay = 1000
)

func newToyLedger(t testing.TB, address string) *toyLedger {
	t.Helper()
	script, err := anchor.AddressScript(address, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	l := &toyLedger{t: t, address: address, script: script, txs: map[anchor.TxID]*toyTx{}, rewrites: map[anchor.TxID]*toyTx{}, coinOwner: map[anchor.OutPoint]*wire.TxOut{}}
	for i := range toyCoins {
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}, Index: uint32(i)}})
		tx.AddTxOut(&wire.TxOut{Value: toyCoin, PkScript: script})
		op := anchor.OutPoint{TxID: anchor.TxID(tx.TxHash())}
		l.coins = append(l.coins, anchor.Coin{OutPoint: op, Value: toyCoin, PrevTx: rawTx(tx)})
		l.coinOwner[op] = tx.TxOut[0]
	}
	return l
}

func rawTx(tx *wire.MsgTx) []byte {
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		panic(err) // a Buffer does not fail
	}
	return b.Bytes()
}

// output returns an output that some transaction made.
func (l *toyLedger) output(op anchor.OutPoint) *wire.TxOut {
	if o, ok := l.coinOwner[op]; ok {
		return o
	}
	if tx, ok := l.txs[op.TxID]; ok && int(op.Index) < len(tx.msg.TxOut) {
		return tx.msg.TxOut[op.Index]
	}
	return nil
}

// tx parses and judges raw bytes, or finds them judged. Transactions whose inputs nobody
// has ever seen are none.
func (l *toyLedger) tx(raw []byte) (*toyTx, error) {
	msg := new(wire.MsgTx)
	if err := msg.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	id := anchor.TxID(msg.TxHash())
	if t, ok := l.txs[id]; ok {
		return t, nil
	}
	t := &toyTx{raw: raw, msg: msg, id: id, standard: true}
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for _, in := range msg.TxIn {
		op := anchor.OutPoint{TxID: anchor.TxID(in.PreviousOutPoint.Hash), Index: in.PreviousOutPoint.Index}
		out := l.output(op)
		if out == nil {
			return nil, fmt.Errorf("toy: nothing made %v", op)
		}
		t.ins = append(t.ins, op)
		t.fee += out.Value
		fetcher.AddPrevOut(in.PreviousOutPoint, out)
	}
	for _, out := range msg.TxOut {
		t.fee -= out.Value
		if len(out.PkScript) == 34 && out.PkScript[0] == txscript.OP_RETURN {
			t.root = [32]byte(out.PkScript[2:])
		}
	}
	t.vsize = (int64(3*msg.SerializeSizeStripped()+msg.SerializeSize()) + 3) / 4
	hashes := txscript.NewTxSigHashes(msg, fetcher)
	for i, in := range msg.TxIn {
		out := fetcher.FetchPrevOutput(in.PreviousOutPoint)
		engine, err := txscript.NewEngine(out.PkScript, msg, i, txscript.StandardVerifyFlags, nil, hashes, out.Value, fetcher)
		if err == nil {
			err = engine.Execute()
		}
		t.standard = t.standard && err == nil
	}
	l.txs[id] = t
	return t, nil
}

// rewritten is what a miner may make of a P2PKH spend: the other form of each signature,
// another id. nil if the id cannot be changed.
func (l *toyLedger) rewritten(t *toyTx) *toyTx {
	if r, ok := l.rewrites[t.id]; ok {
		return r
	}
	msg := t.msg.Copy()
	for _, in := range msg.TxIn {
		pushes, err := txscript.PushedData(in.SignatureScript)
		if err != nil || len(pushes) != 2 {
			l.rewrites[t.id] = nil
			return nil
		}
		in.SignatureScript = slices.Concat([]byte{txscript.OP_0, byte(len(pushes[0]))}, pushes[0], []byte{byte(len(pushes[1]))}, pushes[1])
	}
	r, err := l.tx(rawTx(msg))
	if err != nil || r.id == t.id || r.standard {
		l.t.Fatalf("rewritten: %v", err)
	}
	// By consensus it is good: what it spends was paid to the key that signed.
	sig, key := msg.TxIn[0], l.output(t.ins[0])
	if pushes, _ := txscript.PushedData(sig.SignatureScript); key == nil || len(pushes) != 3 {
		l.t.Fatal("rewritten: not three pushes")
	} else if _, err := ecdsa.ParseDERSignature(pushes[1][:len(pushes[1])-1]); err != nil {
		l.t.Fatal(err)
	}
	l.rewrites[t.id] = r
	return r
}

// A toyChain is the network in one state.
type toyChain struct {
	blocks []toyBlock
	pool   []*toyTx // parents before children
	sent   []anchor.TxID
	reorgs int
}

type toyBlock struct {
	txs  []*toyTx
	hash anchor.BlockHash
}

func (l *toyLedger) start() toyChain { return toyChain{} }

func (c toyChain) clone() toyChain {
	c.blocks, c.pool, c.sent = slices.Clip(c.blocks), slices.Clone(c.pool), slices.Clip(c.sent)
	return c
}

func (c toyChain) appendDigest(b []byte) []byte {
	for _, k := range c.blocks {
		b = append(b, k.hash[:]...)
	}
	b = append(b, byte(len(c.blocks)), byte(c.reorgs))
	for _, list := range [][]anchor.TxID{ids(c.pool), slices.Clone(c.sent)} {
		slices.SortFunc(list, func(a, b anchor.TxID) int { return bytes.Compare(a[:], b[:]) })
		for _, id := range list {
			b = append(b, id[:]...)
		}
		b = append(b, byte(len(list)))
	}
	return b
}

func ids(txs []*toyTx) (list []anchor.TxID) {
	for _, t := range txs {
		list = append(list, t.id)
	}
	return list
}

func (c toyChain) inPool(id anchor.TxID) bool {
	return slices.ContainsFunc(c.pool, func(t *toyTx) bool { return t.id == id })
}

// find is Lookup without its faults.
func (c toyChain) find(_ *toyLedger, id anchor.TxID) (anchor.TxStatus, bool) {
	for i, k := range c.blocks {
		for _, t := range k.txs {
			if t.id == id {
				return anchor.TxStatus{Block: k.hash, Height: anchor.Height(toyHeight + 1 + i), Confirmations: anchor.Confirmations(len(c.blocks) - i)}, true
			}
		}
	}
	return anchor.TxStatus{InMempool: true}, c.inPool(id)
}

// carrying counts the transactions of the chain with that root.
func (c toyChain) carrying(_ *toyLedger, root [32]byte) (n int) {
	for _, k := range c.blocks {
		for _, t := range k.txs {
			if t.root == root {
				n++
			}
		}
	}
	return n
}

// exists reports whether an output has been made, in a block or in the pool.
func (c toyChain) exists(l *toyLedger, op anchor.OutPoint) bool {
	if _, ok := l.coinOwner[op]; ok {
		return true
	}
	_, ok := c.find(l, op.TxID)
	return ok
}

func (c toyChain) spentInBlock(op anchor.OutPoint) *toyTx {
	for _, k := range c.blocks {
		for _, t := range k.txs {
			if slices.Contains(t.ins, op) {
				return t
			}
		}
	}
	return nil
}

func (c toyChain) spentInPool(op anchor.OutPoint) *toyTx {
	for _, t := range c.pool {
		if slices.Contains(t.ins, op) {
			return t
		}
	}
	return nil
}

// drop removes a transaction and what builds on it from the pool.
func (c *toyChain) drop(t *toyTx) {
	for _, f := range c.family(t) {
		c.pool = slices.DeleteFunc(c.pool, func(x *toyTx) bool { return x == f })
	}
}

func (c toyChain) family(t *toyTx) []*toyTx {
	list := []*toyTx{t}
	for i := 0; i < len(list); i++ {
		for _, x := range c.pool {
			if !slices.Contains(list, x) && slices.ContainsFunc(x.ins, func(op anchor.OutPoint) bool { return op.TxID == list[i].id }) {
				list = append(list, x)
			}
		}
	}
	return list
}

var errToyRefused = errors.New("toy: refused")

// admit takes a transaction into the pool or refuses it.
func (c *toyChain) admit(l *toyLedger, t *toyTx) error {
	if _, known := c.find(l, t.id); known {
		return anchor.ErrAlreadyKnown
	}
	refuse := func(why string) error { return fmt.Errorf("%w: %s", errToyRefused, why) }
	var rivals []*toyTx
	for _, op := range t.ins {
		if !c.exists(l, op) || c.spentInBlock(op) != nil {
			return refuse("missing inputs")
		}
		if r := c.spentInPool(op); r != nil && !slices.Contains(rivals, r) {
			rivals = append(rivals, r)
		}
	}
	if t.fee < 0 || t.fee*1000 < t.vsize*toyMinRelay {
		return refuse("fee too low")
	}
	var out []*toyTx
	var fees int64
	for _, r := range rivals {
		if t.fee*r.vsize <= r.fee*t.vsize {
			return refuse("fee rate not above that of what it replaces")
		}
		for _, f := range c.family(r) {
			if !slices.Contains(out, f) {
				out = append(out, f)
				fees += f.fee
			}
		}
	}
	for _, f := range out {
		if slices.ContainsFunc(t.ins, func(op anchor.OutPoint) bool { return op.TxID == f.id }) {
			return refuse("spends what it replaces")
		}
	}
	if len(out) > 0 && t.fee < fees+t.vsize*toyMinRelay/1000 {
		return refuse("fee does not pay for what it replaces")
	}
	if !t.standard {
		return refuse("script")
	}
	for _, f := range out {
		c.drop(f)
	}
	c.pool = append(c.pool, t)
	return nil
}

// mine puts a block on top; what conflicts leaves the pool.
func (c toyChain) mine(txs ...*toyTx) toyChain {
	c = c.clone()
	h := sha256.New()
	if n := len(c.blocks); n > 0 {
		h.Write(c.blocks[n-1].hash[:])
	}
	for _, t := range txs {
		h.Write(t.id[:])
	}
	h.Write(binary.AppendUvarint(nil, uint64(c.reorgs))) // blocks of two branches differ
	c.blocks = append(c.blocks, toyBlock{txs, anchor.BlockHash(h.Sum(nil))})
	for _, t := range txs {
		c.pool = slices.DeleteFunc(c.pool, func(x *toyTx) bool { return x == t })
		for _, op := range t.ins {
			if r := c.spentInPool(op); r != nil {
				c.drop(r)
			}
		}
	}
	return c
}

func (c toyChain) mineAll(*toyLedger) toyChain { return c.mine(slices.Clone(c.pool)...) }

// minable reports whether a block could take t as it is.
func (c toyChain) minable(l *toyLedger, t *toyTx) bool {
	for _, op := range t.ins {
		_, old := l.coinOwner[op]
		s, made := c.find(l, op.TxID)
		if !old && (!made || s.Confirmations == 0) || c.spentInBlock(op) != nil {
			return false
		}
	}
	s, known := c.find(l, t.id)
	return !known || s.Confirmations == 0
}

func (c toyChain) reorg(l *toyLedger, depth int) toyChain {
	c = c.clone()
	var back []*toyTx
	for _, k := range c.blocks[len(c.blocks)-depth:] {
		back = append(back, k.txs...)
	}
	back = append(back, c.pool...)
	c.blocks = slices.Clip(c.blocks[:len(c.blocks)-depth])
	c.pool = nil
	c.reorgs++
	for _, t := range back {
		_ = c.admit(l, t) // what no longer fits is lost
	}
	return c
}

type happening struct {
	name string
	net  toyChain
}

// happenings are what the network may do by itself.
func (c toyChain) happenings(l *toyLedger, batches []*progress) (list []happening) {
	if len(c.blocks) < maxBlocks {
		list = append(list, happening{"block, empty", c.mine()})
		if len(c.pool) > 0 {
			list = append(list, happening{"block, all", c.mineAll(l)})
		}
		for n, b := range batches {
			for i, v := range b.variants {
				t, ok := l.txs[v.txid]
				if !ok || !slices.Contains(c.sent, v.txid) || !c.minable(l, t) {
					continue
				}
				list = append(list, happening{fmt.Sprintf("block, variant %d of batch %d", i, n), c.mine(t)})
				if r := l.rewritten(t); r != nil && c.minable(l, r) {
					list = append(list, happening{fmt.Sprintf("block, variant %d of batch %d rewritten", i, n), c.mine(r)})
				}
			}
		}
	}
	for _, t := range c.pool {
		less := c.clone()
		less.drop(t)
		list = append(list, happening{"evict " + t.id.String()[:8], less})
	}
	if c.reorgs < maxReorgs {
		for d := 1; d <= min(3, len(c.blocks)); d++ {
			list = append(list, happening{fmt.Sprintf("reorg %d", d), c.reorg(l, d)})
		}
	}
	return list
}

// A toyNode answers for a toy chain, with one fault.
type toyNode struct {
	*toyLedger
	net      toyChain
	fault    fault
	explorer *explorer // nil without one
}

var _ Chain = (*toyNode)(nil)

var errToyTimeout = errors.New("toy: no answer in time")

func (n *toyNode) asked() error {
	if n.fault == deafAll {
		return errToyTimeout
	}
	return nil
}

func (n *toyNode) Network() anchor.Network { return anchor.Regtest }

func (n *toyNode) FeeRate(context.Context) (anchor.FeeRate, error) { return toyMinRelay, n.asked() }

func (n *toyNode) Coins(_ context.Context, address string) ([]anchor.Coin, error) {
	if err := n.asked(); err != nil {
		return nil, err
	}
	if address != n.address {
		return nil, fmt.Errorf("toy: no address %s", address)
	}
	var coins []anchor.Coin
	offer := func(c anchor.Coin) {
		if n.net.spentInBlock(c.OutPoint) == nil && n.net.spentInPool(c.OutPoint) == nil {
			coins = append(coins, c)
		}
	}
	for _, c := range n.coins {
		c.Confirmations = anchor.Confirmations(len(n.net.blocks) + toyHeight)
		offer(c)
	}
	for i, k := range n.net.blocks {
		for _, t := range k.txs {
			for j, o := range t.msg.TxOut {
				if bytes.Equal(o.PkScript, n.script) {
					offer(anchor.Coin{OutPoint: anchor.OutPoint{TxID: t.id, Index: uint32(j)}, Value: anchor.Sats(o.Value), PrevTx: t.raw,
						Confirmations: anchor.Confirmations(len(n.net.blocks) - i)})
				}
			}
		}
	}
	slices.SortFunc(coins, func(a, b anchor.Coin) int {
		if a.Value != b.Value {
			return int(b.Value - a.Value)
		}
		return a.OutPoint.Compare(b.OutPoint)
	})
	return coins, nil
}

func (n *toyNode) Broadcast(_ context.Context, raw []byte) error {
	if n.explorer != nil && !n.explorer.recorded(raw) {
		n.explorer.violated("I3: sent without a record: %s", n.explorer.now.story())
	}
	if err := n.asked(); err != nil {
		return err
	}
	if n.fault == lostSend {
		return errToyTimeout
	}
	t, err := n.tx(raw)
	if err != nil {
		return err
	}
	if err = n.net.admit(n.toyLedger, t); err == nil && !slices.Contains(n.net.sent, t.id) {
		n.net.sent = append(n.net.sent, t.id)
	}
	switch n.fault {
	case lostAnswer:
		return errToyTimeout
	case crashSent:
		panic(errCrash)
	}
	return err
}

func (n *toyNode) Lookup(_ context.Context, id anchor.TxID) (anchor.TxStatus, error) {
	if err := n.asked(); err != nil {
		return anchor.TxStatus{}, err
	}
	s, ok := n.net.find(n.toyLedger, id)
	if !ok {
		return anchor.TxStatus{}, anchor.ErrNotFound
	}
	return s, nil
}

func (n *toyNode) Spender(_ context.Context, op anchor.OutPoint) (anchor.TxID, error) {
	if err := n.asked(); err != nil {
		return anchor.TxID{}, err
	}
	if t := n.net.spentInPool(op); t != nil {
		return t.id, nil
	}
	if t := n.net.spentInBlock(op); t != nil {
		return t.id, nil
	}
	return anchor.TxID{}, anchor.ErrNotFound
}

func (n *toyNode) Evidence(_ context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	if err := n.asked(); err != nil {
		return nil, err
	}
	if s, ok := n.net.find(n.toyLedger, id); !ok || s.Confirmations == 0 {
		return nil, anchor.ErrNotFound
	}
	return &anchor.Evidence{Tx: n.txs[id].raw}, nil
}

// outputOf returns the output that a coin names.
func outputOf(t testing.TB, c anchor.Coin) *wire.TxOut {
	t.Helper()
	msg := new(wire.MsgTx)
	if err := msg.Deserialize(bytes.NewReader(c.PrevTx)); err != nil {
		t.Fatal(err)
	}
	return msg.TxOut[c.OutPoint.Index]
}
