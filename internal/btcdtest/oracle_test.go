package btcdtest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// A chain is a stretch of headers as btcd's rules look at them: nothing is known below
// from.
type chain struct {
	from    anchor.Height
	headers []anchor.Header
}

func (c *chain) next() anchor.Height { return c.from + anchor.Height(len(c.headers)) }

// upTo is the chain below height.
func (c *chain) upTo(height anchor.Height) *chain {
	return &chain{c.from, c.headers[:height-c.from]}
}

func (c *chain) last() anchor.Header { return c.headers[len(c.headers)-1] }

func (c *chain) raw() []byte {
	b := make([]byte, 0, len(c.headers)*anchor.HeaderSize)
	for _, h := range c.headers {
		b = append(b, h[:]...)
	}
	return b
}

// tip is the newest header as btcd wants it.
func (c *chain) tip() blockchain.HeaderCtx { return at{c, c.next() - 1} }

// at is a header of a chain.
type at struct {
	chain  *chain
	height anchor.Height
}

func (a at) header() anchor.Header { return a.chain.headers[a.height-a.chain.from] }
func (a at) Height() int32         { return int32(a.height) }
func (a at) Bits() uint32          { return a.header().Bits() }
func (a at) Timestamp() int64      { return int64(a.header().Seconds()) }

func (a at) Parent() blockchain.HeaderCtx { return a.RelativeAncestorCtx(1) }

func (a at) RelativeAncestorCtx(distance int32) blockchain.HeaderCtx {
	h := a.height - anchor.Height(distance)
	if h < a.chain.from {
		return nil
	}
	return at{a.chain, h}
}

// rulesOf answers btcd's questions on a network, as its BlockChain would.
type rulesOf struct{ params *chaincfg.Params }

func (r rulesOf) ChainParams() *chaincfg.Params { return r.params }
func (r rulesOf) BlocksPerRetarget() int32 {
	return int32(r.params.TargetTimespan / r.params.TargetTimePerBlock)
}
func (r rulesOf) MinRetargetTimespan() int64 {
	return int64(r.params.TargetTimespan/time.Second) / r.params.RetargetAdjustmentFactor
}
func (r rulesOf) MaxRetargetTimespan() int64 {
	return int64(r.params.TargetTimespan/time.Second) * r.params.RetargetAdjustmentFactor
}
func (r rulesOf) VerifyCheckpoint(int32, *chainhash.Hash) bool { return true }
func (r rulesOf) FindPreviousCheckpoint() (blockchain.HeaderCtx, error) {
	return nil, errors.New("checkpoints are skipped")
}

// A clock tells btcd the time.
type clock int64

func (c clock) AdjustedTime() time.Time         { return time.Unix(int64(c), 0) }
func (c clock) AddTimeSample(string, time.Time) {}
func (c clock) Offset() time.Duration           { return 0 }

// noClock lies so late that no header is ahead of it.
const noClock clock = math.MaxUint32 + 1

// A reason is why a header was refused, in the codes of package anchor; "" if it was not.
type reason = anchor.Code

// tooNew is the one rule that package anchor leaves to callers: it needs a clock.
const tooNew reason = "time-too-new"

var reasons = map[blockchain.ErrorCode]reason{
	blockchain.ErrUnexpectedDifficulty: anchor.CodeHeaderBits,
	blockchain.ErrHighHash:             anchor.CodeHeaderPoW,
	blockchain.ErrTimeTooOld:           anchor.CodeHeaderTime,
	blockchain.ErrTimewarpAttack:       anchor.CodeHeaderTime,
	blockchain.ErrBlockVersionTooOld:   anchor.CodeHeaderVersion,
	blockchain.ErrTimeTooNew:           tooNew,
}

func reasonOf(t testing.TB, err error) reason {
	var rule blockchain.RuleError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &rule) && reasons[rule.ErrorCode] != "":
		return reasons[rule.ErrorCode]
	}
	t.Fatalf("btcd: %v", err)
	return ""
}

func parsed(h anchor.Header) *wire.BlockHeader {
	var b wire.BlockHeader
	if err := b.Deserialize(bytes.NewReader(h[:])); err != nil {
		panic(err) // 80 bytes are always a header
	}
	return &b
}

// btcdWork is btcd's word on a header without its chain.
func btcdWork(t testing.TB, n network, h anchor.Header, now clock) reason {
	return reasonOf(t, blockchain.CheckBlockHeaderSanity(parsed(h), n.params.PowLimit, now, blockchain.BFNone))
}

// btcdHeader is btcd's word on a header on top of c. That its parent is the one named,
// btcd sees by looking the parent up.
func btcdHeader(t testing.TB, n network, c *chain, h anchor.Header, now clock) reason {
	if h.Prev() != c.last().Hash() {
		return anchor.CodeNotLinkedForward
	}
	if r := btcdWork(t, n, h, now); r != "" {
		return r
	}
	return reasonOf(t, blockchain.CheckBlockHeaderContext(parsed(h), c.tip(), blockchain.BFNone, rulesOf{n.params}, true))
}

// btcdBits is the target that btcd expects of a header of that time on top of c. Its
// function is not exported, but the refusal of a header without target names it.
func btcdBits(t testing.TB, n network, c *chain, seconds uint32) uint32 {
	t.Helper()
	h := wire.BlockHeader{Timestamp: time.Unix(int64(seconds), 0)}
	err := blockchain.CheckBlockHeaderContext(&h, c.tip(), blockchain.BFNone, rulesOf{n.params}, true)
	var got, want uint32
	if err == nil {
		t.Fatal("btcd expects no target")
	}
	if _, scanErr := fmt.Sscanf(err.Error(), "block difficulty of %d is not the expected value of %d", &got, &want); scanErr != nil {
		t.Fatalf("btcd names no target: %v", err)
	}
	return want
}

// btcdMedian is the median time that a header on top of c must exceed.
func btcdMedian(c *chain) uint32 { return uint32(blockchain.CalcPastMedianTime(c.tip()).Unix()) }

// codeOf is the code of an error of package anchor; "" without one.
func codeOf(err error) reason {
	var e *anchor.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
