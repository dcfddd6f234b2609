package verifier

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/certanchor/certanchor/anchor"
)

// A LinkState says how a transaction of an evidence file stands to the checkpoints.
type LinkState string

// The states.
const (
	// LinkHeld: the headers lead forward to a checkpoint, and did so before.
	LinkHeld LinkState = "linked"
	// LinkAdded: the headers that lead forward were added.
	LinkAdded LinkState = "added"
	// LinkEarly: no checkpoint is above the block yet. Upgrade again with a newer pack.
	LinkEarly LinkState = "too-recent"
	// LinkMissing: nobody who was asked has the headers, or they lead elsewhere.
	LinkMissing LinkState = "missing"
)

// An Upgraded says what became of one transaction.
type Upgraded struct {
	TxID    string
	Network anchor.Network
	Height  anchor.Height // of its block; 0 if the evidence does not show one
	To      anchor.Height // the checkpoint
	State   LinkState
	Err     error // why, if LinkMissing
}

// Upgrade adds to ev the headers that lead from the block of every transaction forward to a
// checkpoint of the trust file, or, where that has none above the block, to the end of a
// period in its header store. Evidence gathered when the anchor was new links to the
// checkpoint below it; once verifiers have a checkpoint above, they ask for this. What
// was there before stays, so that verifiers with older checkpoints can go on.
//
// Headers come from ev itself, from the store, and from the chains among the sources.
// None is added that does not lead from the block to the checkpoint. The results are
// ordered by transaction. The error is about asking (ctx ended, say).
func (v *Verifier) Upgrade(ctx context.Context, ev *Evidence) ([]Upgraded, error) {
	var all []Upgraded
	for _, id := range slices.Sorted(maps.Keys(ev.Transactions)) {
		u := Upgraded{TxID: id, State: LinkMissing}
		u.Err = v.upgrade(ctx, ev, &u)
		if err := ctx.Err(); err != nil {
			return all, err
		}
		all = append(all, u)
	}
	return all, nil
}

// upgrade brings one transaction to form B.
func (v *Verifier) upgrade(ctx context.Context, ev *Evidence, u *Upgraded) error {
	incl, err := inclusionOf(ev, u.TxID)
	if err != nil {
		return err
	}
	n := incl.Network
	u.Network, u.Height = n, incl.Height
	pack := v.trust.Checkpoints[n]
	store := v.trust.Headers[n]
	from, to, ok := pack.ForwardSpan(incl.Height)
	if !ok && store != nil {
		pack = store.Checkpoints(store.Tip())
		from, to, ok = pack.ForwardSpan(incl.Height)
	}
	if !ok {
		u.State = LinkEarly
		return nil
	}
	u.To = to
	leads := func(runs []anchor.HeaderRun) (bool, error) {
		link, err := anchor.LinkHeaders(n, incl, runs, pack, nil)
		return err == nil && link.Form == anchor.FormForward && link.Start.Height == to, err
	}
	if held, _ := leads(ev.Headers[n]); held {
		u.State = LinkHeld
		return nil
	}
	err = fmt.Errorf("nobody was asked for the headers %d to %d of %s", from, to, n)
	for _, ask := range v.headerSources(n) {
		run, asked := ask(ctx, from, to)
		if asked != nil {
			err = asked
			continue
		}
		// By itself: a run of another chain must not be kept for the sake of what is there.
		good, refused := leads([]anchor.HeaderRun{run})
		if !good {
			err = refused
			continue
		}
		ev.AddHeaders(n, run)
		ev.Headers[n] = anchor.JoinRuns(ev.Headers[n])
		u.State = LinkAdded
		return nil
	}
	return err
}

// headerSources are the store of the trust file, then the chains.
func (v *Verifier) headerSources(n anchor.Network) (list []func(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error)) {
	if store := v.trust.Headers[n]; store != nil {
		list = append(list, func(_ context.Context, from, to anchor.Height) (anchor.HeaderRun, error) { return store.Run(from, to) })
	}
	for _, c := range v.sources.Chains {
		if c.Network() == n {
			list = append(list, c.Headers)
		}
	}
	return list
}

// inclusionOf finds the block of a transaction, and its network: the one that the evidence
// names, or the first on which the proof holds.
func inclusionOf(ev *Evidence, id string) (*anchor.Inclusion, error) {
	tx := ev.Transactions[id]
	txid, err := anchor.ParseTxID(id)
	if err != nil {
		return nil, err
	}
	networks := anchor.Networks()
	if tx.Meta.Network != "" {
		networks = []anchor.Network{tx.Meta.Network}
	} else if n, ok := (&check{ev: ev}).networkByHeaders(tx); ok {
		networks = []anchor.Network{n}
	}
	var incl *anchor.Inclusion
	for _, n := range networks {
		if incl, err = anchor.CheckInclusion(tx, txid, n); err == nil {
			return incl, nil
		}
	}
	return nil, err
}
