package regtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

const (
	// maxEvictions bounds what one replacement may push out (BIP125, rule 5).
	maxEvictions = 100

	maxMoney = 21_000_000 * 100_000_000 // satoshis

	sequenceFinal       = 0xffffffff
	sequenceReplaceable = 0xfffffffe // below this a transaction may be replaced
	sequenceNoRelative  = 1 << 31    // this bit says that there is no relative lock
	lockTimeIsTime      = 500_000_000
)

// A RejectError says why a transaction was not taken. Its code is a bare word.
type RejectError struct {
	Code   string
	TxID   anchor.TxID
	Detail string
}

func (e *RejectError) Error() string {
	return fmt.Sprintf("regtest: transaction %v refused: %s: %s", e.TxID, e.Code, e.Detail)
}

// The codes of RejectError.
const (
	RejectMalformed   = "malformed"
	RejectInputs      = "missing-inputs" // spent in a block, or never made
	RejectImmature    = "immature-coinbase"
	RejectDoubleSpend = "double-spend" // of an input in the pool that may not be replaced
	RejectReplacement = "replacement-fee-too-low"
	RejectFee         = "fee-too-low"
	RejectValue       = "outputs-above-inputs"
	RejectScript      = "script"
	RejectLockTime    = "not-final"
)

// A pool holds transactions that wait for a block, parents before children.
type pool struct {
	order   []*pending
	byID    map[anchor.TxID]*pending
	spender map[anchor.OutPoint]*pending
}

type pending struct {
	tx    *wire.MsgTx
	id    anchor.TxID
	fee   int64 // satoshis
	vsize int64 // virtual bytes
}

func newPool() *pool {
	return &pool{byID: make(map[anchor.TxID]*pending), spender: make(map[anchor.OutPoint]*pending)}
}

func (p *pool) add(t *pending) {
	p.order = append(p.order, t)
	p.byID[t.id] = t
	for _, in := range t.tx.TxIn {
		p.spender[outPoint(in.PreviousOutPoint)] = t
	}
}

func (p *pool) remove(id anchor.TxID) {
	t, ok := p.byID[id]
	if !ok {
		return
	}
	delete(p.byID, id)
	for _, in := range t.tx.TxIn {
		delete(p.spender, outPoint(in.PreviousOutPoint))
	}
	p.order = slices.DeleteFunc(p.order, func(o *pending) bool { return o == t })
}

// family returns t and everything in the pool that builds on it, parents first.
func (p *pool) family(t *pending) []*pending {
	list := []*pending{t}
	for i := 0; i < len(list); i++ {
		for n := range list[i].tx.TxOut {
			child := p.spender[anchor.OutPoint{TxID: list[i].id, Index: uint32(n)}]
			if child != nil && !slices.Contains(list, child) {
				list = append(list, child)
			}
		}
	}
	return list
}

// Broadcast takes a raw transaction into the memory pool, after the checks of a node:
// inputs that are there and mature, scripts run under the standard flags, a fee of
// MinRelayFee at least. A transaction that spends what another in the pool spends
// replaces it if that one signals so and the new fee pays for both (BIP125).
//
// It returns anchor.ErrAlreadyKnown if the transaction is in the pool or in a block, a
// *RejectError if it is refused.
func (c *Chain) Broadcast(ctx context.Context, raw []byte) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.mu.Unlock()
	tx, err := parse(raw)
	if err != nil {
		return err
	}
	t, evicted, err := c.admit(tx)
	if err != nil {
		return err
	}
	if err := c.commit(entry{kind: entryTx, data: raw}); err != nil {
		return err
	}
	c.enterPool(t, evicted)
	return nil
}

func (c *Chain) enterPool(t *pending, evicted []*pending) {
	for _, e := range evicted {
		c.pool.remove(e.id)
	}
	c.pool.add(t)
}

// Evict drops a transaction, and those that build on it, from the memory pool, as nodes do
// when fees rise. It returns anchor.ErrNotFound if it is not in the pool.
func (c *Chain) Evict(ctx context.Context, id anchor.TxID) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.mu.Unlock()
	if c.pool.byID[id] == nil {
		return anchor.ErrNotFound
	}
	if err := c.commit(entry{kind: entryEvict, data: id[:]}); err != nil {
		return err
	}
	c.evict(id)
	return nil
}

func (c *Chain) evict(id anchor.TxID) {
	if t := c.pool.byID[id]; t != nil {
		for _, f := range c.pool.family(t) {
			c.pool.remove(f.id)
		}
	}
}

func parse(raw []byte) (*wire.MsgTx, error) {
	tx := new(wire.MsgTx)
	if len(raw) > anchor.MaxTxSize {
		return nil, &RejectError{Code: RejectMalformed, Detail: "too large"}
	}
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, &RejectError{Code: RejectMalformed, Detail: err.Error()}
	}
	if !bytes.Equal(serialize(tx), raw) {
		return nil, &RejectError{Code: RejectMalformed, Detail: "not the canonical serialization"}
	}
	return tx, nil
}

// admit judges tx for the next block. It changes nothing.
func (c *Chain) admit(tx *wire.MsgTx) (*pending, []*pending, error) {
	t := &pending{tx: tx, id: anchor.TxID(tx.TxHash()), vsize: virtualSize(tx)}
	if _, ok := c.places[t.id]; ok || c.pool.byID[t.id] != nil {
		return nil, nil, anchor.ErrAlreadyKnown
	}
	reject := func(code, format string, args ...any) error {
		return &RejectError{Code: code, TxID: t.id, Detail: fmt.Sprintf(format, args...)}
	}
	out, err := sane(tx)
	if err != nil {
		return nil, nil, reject(RejectMalformed, "%v", err)
	}
	if err := c.final(tx); err != nil {
		return nil, nil, reject(RejectLockTime, "%v", err)
	}
	in, fetcher, err := c.inputs(tx, reject)
	if err != nil {
		return nil, nil, err
	}
	if t.fee = in - out; t.fee < 0 {
		return nil, nil, reject(RejectValue, "%d out of %d", out, in)
	}
	if t.fee*1000 < t.vsize*int64(MinRelayFee) {
		return nil, nil, reject(RejectFee, "%d sats for %d virtual bytes", t.fee, t.vsize)
	}
	evicted, err := c.replaces(t, reject)
	if err != nil {
		return nil, nil, err
	}
	if err := runScripts(tx, fetcher); err != nil {
		return nil, nil, reject(RejectScript, "%v", err)
	}
	return t, evicted, nil
}

// sane returns the sum of the outputs.
func sane(tx *wire.MsgTx) (int64, error) {
	if len(tx.TxIn) == 0 || len(tx.TxOut) == 0 {
		return 0, errors.New("no inputs or no outputs")
	}
	seen := make(map[wire.OutPoint]bool)
	for _, in := range tx.TxIn {
		if seen[in.PreviousOutPoint] {
			return 0, errors.New("an output is spent twice")
		}
		seen[in.PreviousOutPoint] = true
	}
	var sum int64
	for _, out := range tx.TxOut {
		if out.Value < 0 || out.Value > maxMoney || sum+out.Value > maxMoney {
			return 0, errors.New("amount out of range")
		}
		sum += out.Value
	}
	return sum, nil
}

// final reports whether tx can be in the next block.
func (c *Chain) final(tx *wire.MsgTx) error {
	locked := false
	for _, in := range tx.TxIn {
		locked = locked || in.Sequence != sequenceFinal
		if tx.Version >= 2 && in.Sequence&sequenceNoRelative == 0 && in.Sequence&0xffff != 0 {
			return errors.New("relative lock times are not supported")
		}
	}
	now := int64(c.tip() + 1)
	if tx.LockTime >= lockTimeIsTime {
		now = int64(c.medianTime())
	}
	if locked && tx.LockTime != 0 && int64(tx.LockTime) >= now {
		return fmt.Errorf("lock time %d, now %d", tx.LockTime, now)
	}
	return nil
}

// inputs finds what tx spends, in blocks or in the pool, and returns the sum.
func (c *Chain) inputs(tx *wire.MsgTx, reject func(string, string, ...any) error) (int64, *txscript.MultiPrevOutFetcher, error) {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	var sum int64
	for _, in := range tx.TxIn {
		op := outPoint(in.PreviousOutPoint)
		u, ok := c.utxos[op]
		if parent := c.pool.byID[op.TxID]; !ok && parent != nil && int(op.Index) < len(parent.tx.TxOut) {
			u, ok = utxo{out: parent.tx.TxOut[op.Index], height: c.tip() + 1}, true
		}
		if !ok {
			return 0, nil, reject(RejectInputs, "%v is not there or spent", op)
		}
		if u.coinbase && c.tip()+1-u.height < CoinbaseMaturity {
			return 0, nil, reject(RejectImmature, "%v has %d of %d blocks", op, c.tip()+1-u.height, CoinbaseMaturity)
		}
		sum += u.out.Value
		fetcher.AddPrevOut(in.PreviousOutPoint, u.out)
	}
	return sum, fetcher, nil
}

// replaces returns what t would push out of the pool (BIP125, rules 1, 3, 4 and 5).
func (c *Chain) replaces(t *pending, reject func(string, string, ...any) error) ([]*pending, error) {
	var out []*pending
	for _, in := range t.tx.TxIn {
		rival := c.pool.spender[outPoint(in.PreviousOutPoint)]
		if rival == nil || slices.Contains(out, rival) {
			continue
		}
		if !replaceable(rival.tx) {
			return nil, reject(RejectDoubleSpend, "%v spends %v and may not be replaced", rival.id, in.PreviousOutPoint)
		}
		if t.fee*rival.vsize <= rival.fee*t.vsize {
			return nil, reject(RejectReplacement, "fee rate is not above that of %v", rival.id)
		}
		for _, f := range c.pool.family(rival) {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	var fees int64
	for _, e := range out {
		fees += e.fee
		for _, in := range t.tx.TxIn {
			if anchor.TxID(in.PreviousOutPoint.Hash) == e.id {
				return nil, reject(RejectInputs, "spends an output of what it replaces")
			}
		}
	}
	if least := fees + t.vsize*int64(MinRelayFee)/1000; t.fee < least || len(out) > maxEvictions {
		return nil, reject(RejectReplacement, "fee %d, want %d, pushes %d out", t.fee, least, len(out))
	}
	return out, nil
}

func replaceable(tx *wire.MsgTx) bool {
	return slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.Sequence < sequenceReplaceable })
}

func runScripts(tx *wire.MsgTx, fetcher *txscript.MultiPrevOutFetcher) error {
	hashes := txscript.NewTxSigHashes(tx, fetcher)
	for i, in := range tx.TxIn {
		out := fetcher.FetchPrevOutput(in.PreviousOutPoint)
		engine, err := txscript.NewEngine(out.PkScript, tx, i, txscript.StandardVerifyFlags, nil, hashes, out.Value, fetcher)
		if err == nil {
			err = engine.Execute()
		}
		if err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
	}
	return nil
}

func weight(tx *wire.MsgTx) int64 {
	return int64(3*tx.SerializeSizeStripped() + tx.SerializeSize())
}

func virtualSize(tx *wire.MsgTx) int64 { return (weight(tx) + 3) / 4 }

func unspendable(script []byte) bool {
	return len(script) > 0 && script[0] == txscript.OP_RETURN
}
