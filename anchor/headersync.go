package anchor

import (
	"context"
)

// A HeaderChain answers for the headers of one network: a node, an explorer, a private
// chain. It is believed in nothing: what it says is held to the rules.
type HeaderChain interface {
	Network() Network
	Tip(ctx context.Context) (Height, BlockHash, error)
	// Headers returns at most MaxRunHeaders headers, both ends included.
	Headers(ctx context.Context, from, to Height) (HeaderRun, error)
}

// syncStretch is how many headers are fetched before they are checked and handed on: 50
// periods, a year.
const syncStretch = 50 * period

// SyncHeaders brings a store up to the tip of chain. have may be nil, for a store that
// begins with the genesis block. Where the chain has other blocks than have, its branch
// is taken if it has more work, and refused if not.
//
// keep is called with each longer store, every year of blocks and at the end, so that a
// second run goes on where the first was ended; told with how far it has come. When an error
// ends it, what was fetched and obeys the rules has been kept.
//
// Codes: network-mismatch, those of HeaderStore.Extend, and the errors of chain and keep.
func SyncHeaders(ctx context.Context, have *HeaderStore, chain HeaderChain, keep func(*HeaderStore) error, told func(done, all Height)) error {
	s := have
	if s == nil {
		genesis := chain.Network().Genesis()
		var err error
		if s, err = NewHeaderStore(chain.Network(), genesis[:]); err != nil {
			return err
		}
	}
	if s.Network() != chain.Network() {
		return refuse(CodeNetworkMismatch, "store", "headers of %s, a chain of %s", s.Network(), chain.Network())
	}
	tip, _, err := chain.Tip(ctx)
	if err != nil {
		return err
	}
	common, err := commonHeight(ctx, s, chain, tip)
	if err != nil {
		return err
	}
	y := &syncer{store: s, keep: keep, told: told, tip: tip}
	if common < s.Tip() {
		return y.replace(ctx, chain, common+1)
	}
	return y.extend(ctx, chain)
}

type syncer struct {
	store *HeaderStore
	keep  func(*HeaderStore) error
	told  func(done, all Height)
	tip   Height
}

// commonHeight returns a height up to which store and chain are the same: the highest, or
// a little below it.
func commonHeight(ctx context.Context, s *HeaderStore, chain HeaderChain, tip Height) (Height, error) {
	at := min(tip, s.Tip())
	for back := Height(1); ; back *= 2 {
		run, err := chain.Headers(ctx, at, at)
		if err != nil {
			return 0, err
		}
		switch {
		case run.Len() == 1 && run.Header(0) == s.at(at):
			return at, nil
		case at == 0:
			return 0, refuse(CodeNetworkMismatch, "store", "the chain has another first block")
		}
		at = max(0, at-back)
	}
}

// extend goes on from the tip of the store.
func (y *syncer) extend(ctx context.Context, chain HeaderChain) error {
	for y.store.Tip() < y.tip {
		from := y.store.Tip() + 1
		raw, failed := y.fetch(ctx, chain, from, min(y.tip, from+syncStretch-1))
		if len(raw) > 0 {
			longer, err := y.store.Extend(HeaderRun{Start: from, Headers: raw})
			if err != nil {
				return err
			}
			if err := y.keep(longer); err != nil {
				return err
			}
			y.store = longer
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// replace fetches the whole branch before it decides: the branch must have more work than
// what it would take the place of.
func (y *syncer) replace(ctx context.Context, chain HeaderChain, from Height) error {
	if y.tip < from {
		return nil // the chain is behind, on the same branch
	}
	raw, err := y.fetch(ctx, chain, from, y.tip)
	if err != nil {
		return err
	}
	longer, err := y.store.Extend(HeaderRun{Start: from, Headers: raw})
	if err != nil || longer == y.store {
		return err
	}
	return y.keep(longer)
}

// fetch returns what it got, with the error that ended it.
func (y *syncer) fetch(ctx context.Context, chain HeaderChain, from, to Height) ([]byte, error) {
	var raw []byte
	for h := from; h <= to; h += period {
		run, err := chain.Headers(ctx, h, min(h+period-1, to))
		if err != nil {
			return raw, err
		}
		if run.Start != h || run.end() != min(h+period-1, to)+1 {
			return raw, refuse(CodeMalformedHeaders, "headers", "asked for %d to %d, got %d from %d", h, min(h+period-1, to), run.Len(), run.Start)
		}
		raw = append(raw, run.Headers...)
		if y.told != nil {
			y.told(run.end(), y.tip+1)
		}
	}
	return raw, nil
}
