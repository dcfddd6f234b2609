package anchor

import (
	"math/big"
	"slices"
)

// A trustedStart is where following a chain begins. It knows the hash at its height, and
// perhaps headers at and below.
type trustedStart struct {
	Checkpoint
	form   Form
	header history
}

func storeStart(s *HeaderStore) trustedStart {
	tip := s.at(s.Tip())
	return trustedStart{Checkpoint: Checkpoint{Height: s.Tip(), Hash: tip.Hash()}, form: FormStore, header: s.Header}
}

func checkpointStart(net Network, c Checkpoint) trustedStart {
	genesis := net.Genesis()
	return trustedStart{Checkpoint: c, form: FormSegment, header: func(h Height) (Header, bool) {
		return genesis, h == 0
	}}
}

// A branch is a checked chain: a run on top of another branch, or of the start.
type branch struct {
	start    *trustedStart
	parent   *branch // nil for the start itself
	run      HeaderRun
	tip      Height
	lowest   Height // height up to which it equals the start
	warnings []Warning
}

// header returns the header at height h of the branch if it is known.
func (b *branch) header(h Height) (Header, bool) {
	for ; b.parent != nil; b = b.parent {
		if h > b.tip {
			return Header{}, false
		}
		if h >= b.run.Start {
			return b.run.at(h)
		}
	}
	if h > b.tip {
		return Header{}, false
	}
	return b.start.header(h)
}

// hash returns the hash at height h: a checkpoint knows one without the header.
func (b *branch) hash(h Height) (BlockHash, bool) {
	if header, ok := b.header(h); ok {
		return header.Hash(), true
	}
	return b.start.Hash, h == b.start.Height && h <= b.tip
}

// follow attaches every run that obeys the rules, picks the chain with most work, and
// asks whether it holds the block.
func (l *linker) follow(start trustedStart) (*Link, error) {
	f := &follower{linker: l, refused: make(map[int]error)}
	f.branches = []*branch{{start: &start, tip: start.Height, lowest: start.Height}}
	if err := f.attachAll(); err != nil {
		return nil, err
	}
	best := f.best()
	if held, ok := best.header(l.incl.Height); !ok || held != l.incl.Header {
		return nil, f.missing(best)
	}
	return f.link(best), nil
}

type follower struct {
	*linker
	branches []*branch
	refused  map[int]error // by run
}

// attachAll takes the runs from low to high, so that a run finds the one it goes on from.
// Runs that end below a checkpoint cannot lead away from it; a file of many old anchors
// has many, and they are passed over.
func (f *follower) attachAll() error {
	var order []int
	total, start := 0, f.branches[0].start
	for i, r := range f.runs {
		if start.form == FormSegment && r.end() <= start.Height {
			f.refused[i] = refuse(CodeNotLinkedForward, runPart(i), "ends below the start at %d", start.Height)
			continue
		}
		order = append(order, i)
		total += r.Len()
	}
	if total > maxFollowed {
		return refuse(CodeLimit, "headers", "%d headers to follow, limit %d", total, maxFollowed)
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(f.runs[a].Start - f.runs[b].Start) })
	for _, i := range order {
		if err := f.attach(i); err != nil {
			f.refused[i] = err
		}
	}
	return nil
}

func (f *follower) attach(i int) error {
	run, part := f.runs[i], runPart(i)
	for _, parent := range f.branches {
		if at, ok := joins(parent, run); ok {
			at = parent.shared(at, run)
			b := &branch{start: parent.start, parent: parent, run: run, tip: run.end() - 1}
			b.lowest = min(parent.lowest, at)
			if err := f.check(b, at, part); err != nil {
				return err
			}
			f.branches = append(f.branches, b)
			return nil
		}
	}
	return refuse(CodeNotLinkedForward, part, "does not start at %d or at a run that does", f.branches[0].start.Height)
}

// joins returns the height at which the run and the parent meet: right below the run, or
// at the start if the run begins below it.
func joins(parent *branch, run HeaderRun) (Height, bool) {
	first := run.Header(0)
	if h, ok := parent.hash(run.Start - 1); ok && h == first.Prev() {
		return run.Start - 1, true
	}
	start := parent.start
	if parent.parent == nil && run.Start <= start.Height {
		if h, ok := run.at(start.Height); ok && h.Hash() == start.Hash {
			return start.Height, true
		}
	}
	return 0, false
}

// shared moves the height at which a run joins the caller's own headers up, as far as the
// run repeats them: they were checked, and chains are compared from where they part.
func (b *branch) shared(at Height, run HeaderRun) Height {
	if b.parent != nil {
		return at
	}
	for ; at < run.end()-1; at++ {
		own, ok := b.start.header(at + 1)
		if theirs, _ := run.at(at + 1); !ok || own != theirs {
			break
		}
	}
	return at
}

// check applies the rules above height at, and the links everywhere: a header below
// a checkpoint is known only if it leads to it.
func (f *follower) check(b *branch, at Height, part string) error {
	for h := b.run.Start; h <= b.tip; h++ {
		header, _ := b.run.at(h)
		if h > b.run.Start {
			if below, _ := b.run.at(h - 1); header.Prev() != below.Hash() {
				return refuse(CodeHeaderLink, part, "height %d does not follow the header before", h)
			}
		}
		if h <= at {
			continue
		}
		next := uint32(bitsUnknown)
		if h == b.start.Height+1 {
			next = b.start.NextBits
		}
		attested, err := f.rules.checkHeader(b.header, h, header, next, part)
		if err != nil {
			return err
		}
		if !attested {
			b.warnings = append(b.warnings, Warning{WarnBitsNotAttested, "the checkpoint does not state the target of the period"})
		}
	}
	return nil
}

// best returns the branch with most work above the height that all have in common.
func (f *follower) best() *branch {
	common := f.branches[0].lowest
	for _, b := range f.branches {
		common = min(common, b.lowest)
	}
	best, most := f.branches[0], f.branches[0].work(common)
	for _, b := range f.branches[1:] {
		work := b.work(common)
		c := work.Cmp(most)
		if c > 0 || c == 0 && f.holds(best) {
			best, most = b, work
		}
	}
	return best
}

func (f *follower) holds(b *branch) bool {
	h, ok := b.header(f.incl.Height)
	return ok && h == f.incl.Header
}

// work sums what is known above a height, from the tip down: each run is gone through
// once, however many lie below it.
func (b *branch) work(above Height) *big.Int {
	var sum workSum
	h := b.tip
	for ; b.parent != nil; b = b.parent {
		for ; h > above && h >= b.run.Start; h-- {
			header, _ := b.run.at(h)
			sum.add(header.Bits())
		}
	}
	for ; h > above; h-- {
		if header, ok := b.start.header(h); ok {
			sum.add(header.Bits())
		}
	}
	return &sum.total
}

// missing says why the best chain does not have the block.
func (f *follower) missing(best *branch) error {
	run, inRuns := f.inRuns()
	if !inRuns {
		if _, ok := best.header(f.incl.Height); ok {
			return refuse(CodeNotInBestChain, "headers", "another block at height %d", f.incl.Height)
		}
		return refuse(CodeNoHeaders, "headers", "no header %v at height %d", f.incl.BlockHash, f.incl.Height)
	}
	if err := f.refused[run]; err != nil && !slices.ContainsFunc(f.branches, f.holds) {
		return err
	}
	return refuse(CodeNotInBestChain, "headers", "the chain with most work has another block at height %d", f.incl.Height)
}

// signedTip returns the height up to which the branch counts: on signet no further than
// blocks are known to be signed, by the caller's own headers or by the evidence.
func (f *follower) signedTip(b *branch) Height {
	if f.net != Signet {
		return b.tip
	}
	h := f.incl.Height
	for ; h < b.tip; h++ {
		above, _ := b.header(h + 1)
		own, ok := b.start.header(h + 1)
		if (!ok || own != above) && !f.incl.signed[above.Hash()] {
			break
		}
	}
	return h
}

func (f *follower) link(best *branch) *Link {
	start, tip := best.start, f.signedTip(best)
	link := &Link{
		Form: FormSegment, Start: start.Checkpoint, Tip: tip,
		Confirmations: Confirmations(tip - f.incl.Height + 1), Unsigned: Confirmations(best.tip - tip),
	}
	if h, ok := start.header(f.incl.Height); ok && h == f.incl.Header {
		link.Form = start.form
	}
	link.TipHash, _ = best.hash(tip)
	above := make([]Header, 0, tip-f.incl.Height)
	for h := f.incl.Height + 1; h <= tip; h++ {
		header, _ := best.header(h)
		above = append(above, header)
	}
	f.measure(link, above)
	if link.Unsigned > 0 {
		link.warn(WarnSignetUnsigned, "%d headers above %d", link.Unsigned, tip)
	}
	for _, err := range f.incl.unsigned {
		link.warn(WarnSignetUnsigned, "%v", err)
	}
	for b := best; b.parent != nil; b = b.parent {
		link.Warnings = append(link.Warnings, b.warnings...)
		if f.net == Mainnet {
			link.Warnings = append(link.Warnings, bip54Warnings(best.header, b.run.Start, b.tip)...)
		}
	}
	for i := range f.runs {
		if err := f.refused[i]; err != nil && f.runs[i].end() > start.Height {
			link.warn(WarnRunIgnored, "%v", err)
		}
	}
	return link
}
