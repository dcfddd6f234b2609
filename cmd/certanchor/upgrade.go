package main

import (
	"context"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// An upgrade brings old evidence to the checkpoints of today.
type upgrade struct {
	files  []string
	trust  string
	chain  string
	stores []string
	out    string
}

// upgradeEvidence adds to evidence the headers that lead from each anchor forward to the
// next checkpoint. It writes nothing if one that should be there could not be had.
func (a *app) upgradeEvidence(ctx context.Context, u upgrade) error {
	if len(u.files) == 0 || u.trust == "" || u.out == "" {
		return misuse("certanchor help evidence", "upgrade needs evidence files, --trust and --out")
	}
	trust, err := readTrust(u.trust)
	if err != nil {
		return err
	}
	ev, err := readAllEvidence(u.files, nil)
	if err != nil {
		return err
	}
	asked := verifier.Sources{}
	if isNode(u.chain) {
		if asked, err = sources(u.chain, trust); err != nil {
			return err
		}
	}
	for _, name := range u.stores {
		s, err := readStore(name)
		if err != nil {
			return err
		}
		asked.Chains = append(asked.Chains, storedChain{s})
	}
	all, err := verifier.New(trust, asked).Upgrade(ctx, ev)
	if err != nil {
		return err
	}
	count, missing := map[verifier.LinkState]int{}, error(nil)
	for _, one := range all {
		count[one.State]++
		if one.Err != nil && missing == nil {
			missing = one.Err
		}
		if one.State == verifier.LinkMissing {
			a.say("%s: no headers that lead forward: %v", one.TxID, one.Err)
		}
	}
	if missing != nil {
		return misuse("name a node with --chain rpc=URL or a header store with --headers FILE; nothing was written",
			"%d of %d transactions could not be linked forward: %v", count[verifier.LinkMissing], len(all), missing)
	}
	a.say("%d transactions: %d linked forward now, %d were before, %d are newer than every checkpoint of the trust file.",
		len(all), count[verifier.LinkAdded], count[verifier.LinkHeld], count[verifier.LinkEarly])
	return a.writeEvidence(ev, u.out)
}

// readStore reads a header store; its first block says of which network it is.
func readStore(name string) (*anchor.HeaderStore, error) {
	raw, err := readFile(name, maxHeaderFile)
	if err != nil {
		return nil, err
	}
	network, ok := networkOfHeaders(raw)
	if !ok {
		return nil, misuse("certanchor headers sync makes one", "%s does not begin with the first block of a known network", name)
	}
	s, err := anchor.NewHeaderStore(network, raw)
	if err != nil {
		return nil, misuse("certanchor headers sync makes a new one", "%s: %v", name, err)
	}
	return s, nil
}

func networkOfHeaders(raw []byte) (anchor.Network, bool) {
	if len(raw) < anchor.HeaderSize {
		return "", false
	}
	return anchor.NetworkByGenesis(anchor.Header(raw[:anchor.HeaderSize]).Hash())
}

// A storedChain answers for headers, and for nothing else.
type storedChain struct{ *anchor.HeaderStore }

var _ verifier.Chain = storedChain{}

func (storedChain) Evidence(context.Context, anchor.TxID) (*anchor.Evidence, error) {
	return nil, anchor.ErrNotFound
}

func (s storedChain) Headers(_ context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	return s.Run(from, to)
}

func (s storedChain) Tip(context.Context) (anchor.Height, anchor.BlockHash, error) {
	h, _ := s.Header(s.HeaderStore.Tip())
	return s.HeaderStore.Tip(), h.Hash(), nil
}
