package anchor

import (
	"fmt"
	"math/big"
	"slices"
	"time"
)

// A Form says from where a link draws its trust.
type Form string

const (
	// FormSegment: headers from the newest checkpoint, or from the tip of the caller's
	// store, up to and past the block, by all rules of the network.
	FormSegment Form = "segment"
	// FormForward: headers from the block to a later checkpoint, which commits to it.
	FormForward Form = "forward"
	// FormStore: the block is in the caller's own headers.
	FormStore Form = "store"
)

// A Link says how a block stands in its chain.
type Link struct {
	Form Form
	// Confirmations counts from the block to the highest block known, both included.
	Confirmations Confirmations
	Tip           Height // highest block known to be above the anchor block
	TipHash       BlockHash
	// Work is the work of the block and of those above it whose headers were seen: the
	// hashes it takes to replace them.
	Work *big.Int
	Time Interval
	// Latest is the latest time that the block or a header above it states. No header may
	// be two hours ahead of the clock, so a caller who has one can compare.
	Latest   time.Time
	Start    Checkpoint // what the link rests on; Height 0 is the genesis block
	Warnings []Warning
	// Unsigned counts, on signet, the headers above Tip whose blocks are not shown to be
	// signed. Anybody can mine such headers, so nothing of them enters the link.
	Unsigned Confirmations
}

// An Interval bounds the time at which a block was made. NotAfter is zero while open.
type Interval struct {
	NotBefore time.Time
	NotAfter  time.Time
}

// timeTolerance is how far ahead of the time the rules let a block state its own.
const timeTolerance = 2 * time.Hour

// A Warning informs; it decides nothing.
type Warning struct {
	Code   WarningCode
	Detail string
}

// A WarningCode is stable, like a Code.
type WarningCode string

const (
	// WarnBitsNotAttested: the checkpoint does not state the target of the first period.
	WarnBitsNotAttested WarningCode = "bits-not-attested"
	// WarnRunIgnored: a run of headers breaks a rule or leads nowhere; others did.
	WarnRunIgnored WarningCode = "header-run-ignored"
	// WarnBIP54: the times would break the rules of BIP54, which are not in force.
	WarnBIP54 WarningCode = "bip54-timestamps"
	// WarnSignetUnsigned: headers above a signet block do not count, for the evidence does
	// not show that their blocks are signed.
	WarnSignetUnsigned WarningCode = "signet-confirmations-unsigned"
)

// LinkHeaders judges how the block of incl stands in the chain of net. runs come from
// evidence, in any order; pack and store come from the caller's trust and may be nil.
//
//   - A store that reaches the block, or above every checkpoint, is where trust starts.
//     Runs may go on from any block of it.
//   - Else, for a block at or below the newest checkpoint, headers must lead from it
//     forward to a checkpoint.
//   - Else they must start at the newest checkpoint, the genesis block if there is none,
//     and obey every rule of the network from there on.
//
// Of several chains the one with most work counts, not the longest; at equal work
// the one without the block.
//
// On signet a block above the start of trust confirms only if it is shown to be signed
// (Evidence.Confirming), and so are all between; what the caller's checkpoints or store
// hold counts on the caller's word.
//
// On mainnet there must be checkpoints or a store: a chain from the genesis block at the
// targets of 2009 is cheap to make.
//
// Codes: network-mismatch, limit, malformed-headers, no-checkpoints, header-*, no-headers,
// not-linked-forward, not-in-best-chain.
func LinkHeaders(net Network, incl *Inclusion, runs []HeaderRun, pack *CheckpointPack, store *HeaderStore) (*Link, error) {
	if err := checkLinkArguments(net, incl, runs, pack, store); err != nil {
		return nil, err
	}
	l := &linker{net: net, rules: net.rules(), incl: incl, runs: runs, pack: pack}
	if net == Mainnet && store == nil && len(pack.List()) == 0 {
		return nil, refuse(CodeNoCheckpoints, "headers", "mainnet needs checkpoints or a header store")
	}
	newest := pack.newest(net)
	switch {
	case store != nil && (store.Tip() >= incl.Height || store.Tip() >= newest.Height):
		if err := store.Agrees(pack); err != nil {
			return nil, err
		}
		return l.follow(storeStart(store))
	case incl.Height <= newest.Height:
		return l.forward(newest)
	default:
		return l.follow(checkpointStart(net, newest))
	}
}

// AtLeast returns an error with code confirmations if there are fewer than want.
func (l *Link) AtLeast(want Confirmations) error {
	if l.Confirmations < want {
		return refuse(CodeConfirmations, "headers", "%d, want %d", l.Confirmations, want)
	}
	return nil
}

func checkLinkArguments(net Network, incl *Inclusion, runs []HeaderRun, pack *CheckpointPack, store *HeaderStore) error {
	if err := net.known(); err != nil {
		return err
	}
	for _, other := range []Network{incl.Network, pack.Network(), store.Network()} {
		if other != net && other != "" {
			return refuse(CodeNetworkMismatch, "headers", "%s and %s", net, other)
		}
	}
	if incl.Height < 0 || incl.Height > maxHeight {
		return refuse(CodeMalformedHeaders, "headers", "block height %d", incl.Height)
	}
	if len(runs) > MaxRuns {
		return refuse(CodeLimit, "headers", "%d runs, limit %d", len(runs), MaxRuns)
	}
	for i, run := range runs {
		if err := run.check(runPart(i)); err != nil {
			return err
		}
	}
	return nil
}

func runPart(i int) string { return fmt.Sprintf("headers/%d", i) }

type linker struct {
	net   Network
	rules rules
	incl  *Inclusion
	runs  []HeaderRun
	pack  *CheckpointPack
}

// inRuns reports whether some run holds the block, linked or not.
func (l *linker) inRuns() (run int, ok bool) {
	for i, r := range l.runs {
		if h, ok := r.at(l.incl.Height); ok && h == l.incl.Header {
			return i, true
		}
	}
	return 0, false
}

// forward walks from a checkpoint back to the block, by hash alone: the checkpoint
// commits to every header on the way, so their rules need no check. It looks first for
// the checkpoint that also commits to the eleven headers that close the interval.
func (l *linker) forward(newest Checkpoint) (*Link, error) {
	var above []Header
	start, ok := l.pack.from(l.incl.Height + medianSpan)
	err := error(refuse(CodeNotLinkedForward, "headers", "no later checkpoint"))
	if ok {
		above, err = l.walkBack(start)
	}
	if err != nil {
		if start, ok = l.pack.from(l.incl.Height); !ok { // the genesis block itself
			start = newest
		}
		if above, err = l.walkBack(start); err != nil {
			return nil, err
		}
	}
	link := &Link{
		Form: FormForward, Start: start, Tip: newest.Height, TipHash: newest.Hash,
		Confirmations: Confirmations(newest.Height - l.incl.Height + 1),
	}
	l.measure(link, above)
	return link, nil
}

// walkBack returns the headers above the block up to the checkpoint, lowest first.
func (l *linker) walkBack(c Checkpoint) ([]Header, error) {
	var above []Header
	want := c.Hash
	for h := c.Height; h > l.incl.Height; h-- {
		header, ok := l.find(h, want)
		if !ok {
			if _, held := l.inRuns(); held {
				return nil, refuse(CodeNotLinkedForward, "headers", "no header %d that leads to the checkpoint at %d", h, c.Height)
			}
			return nil, refuse(CodeNoHeaders, "headers", "no header %d below the checkpoint at %d", h, c.Height)
		}
		above = append(above, header)
		want = header.Prev()
	}
	if want != l.incl.BlockHash {
		return nil, refuse(CodeNotInBestChain, "headers", "below the checkpoint at %d, block %d is %v", c.Height, l.incl.Height, want)
	}
	slices.Reverse(above)
	return above, nil
}

func (l *linker) find(h Height, hash BlockHash) (Header, bool) {
	for _, r := range l.runs {
		if header, ok := r.at(h); ok && header.Hash() == hash {
			return header, true
		}
	}
	return Header{}, false
}

// measure fills in work, interval and warnings from the block and the headers above it.
func (l *linker) measure(link *Link, above []Header) {
	var sum workSum
	sum.add(l.incl.Header.Bits())
	link.Latest = l.incl.Header.Time()
	for _, h := range above {
		sum.add(h.Bits())
		if h.Time().After(link.Latest) {
			link.Latest = h.Time()
		}
	}
	link.Work = &sum.total
	link.Time = blockInterval(l.incl.Header, above)
}

func (l *Link) warn(code WarningCode, format string, args ...any) {
	l.Warnings = append(l.Warnings, Warning{Code: code, Detail: fmt.Sprintf(format, args...)})
}

// blockInterval bounds when a block was made. Its own time may be two hours ahead; the
// median of the eleven that follow may lie no more than that after them.
func blockInterval(block Header, above []Header) Interval {
	iv := Interval{NotBefore: block.Time().Add(-timeTolerance)}
	if len(above) < medianSpan {
		return iv
	}
	var times []uint32
	for _, h := range above[:medianSpan] {
		times = append(times, h.Seconds())
	}
	iv.NotAfter = time.Unix(int64(median(times)), 0).UTC().Add(timeTolerance)
	return iv
}
