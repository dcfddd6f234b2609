package verifier

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/merkleproof"
)

// observedSlack is how far the time that an explorer states for a block may be off.
const observedSlack = 2 * time.Hour

// agreed returns what enough of the trust file's observers say of a transaction. ok is
// false if there is no such observation at all; err tells that they are too few or
// contradict each other.
//
// Times need not agree: the earliest and the latest bound the interval.
func (c *check) agreed(chain merkleproof.Chain, txid string) (o Observation, span anchor.Interval, sources []string, ok bool, err error) {
	for _, x := range c.ev.Observations {
		if !strings.EqualFold(x.TxID, txid) || chain != "" && x.Chain != chain || !slices.Contains(c.trust.Observers, x.Source) || slices.Contains(sources, x.Source) {
			continue
		}
		if len(sources) == 0 {
			o, span = x, anchor.Interval{NotBefore: x.Time, NotAfter: x.Time}
		}
		if x.Payload != o.Payload || !strings.EqualFold(x.Address, o.Address) || x.Chain != o.Chain {
			return o, span, sources, true, fmt.Errorf("%s and %s contradict each other", o.Source, x.Source)
		}
		o.Confirmations = min(o.Confirmations, x.Confirmations)
		if x.Time.Before(span.NotBefore) {
			span.NotBefore = x.Time
		}
		if x.Time.After(span.NotAfter) {
			span.NotAfter = x.Time
		}
		sources = append(sources, x.Source)
	}
	needed := c.trust.ObserversNeeded
	if needed == 0 {
		needed = len(c.trust.Observers)
	}
	if len(sources) < needed {
		err = fmt.Errorf("%d of %d observers have spoken", len(sources), needed)
	}
	return o, span, sources, len(sources) > 0, err
}

// checkObserved judges an anchor by what observers say. It reports whether there was
// anything to judge by. Their word stands in for block and headers; only what they
// agree on counts, and only where the trust file accepts observed facts.
func (c *check) checkObserved(a *anchored, p *credential.Proof, txid string) bool {
	if c.trust.WeakestChainFact != Observed {
		if slices.ContainsFunc(c.ev.Observations, func(o Observation) bool { return strings.EqualFold(o.TxID, txid) }) {
			c.stop(StepStrength, CodeStrength, "observations/"+txid, "trust file", "observed, and the trust file asks for a proof")
		}
		return false
	}
	o, span, sources, ok, err := c.agreed(p.Merkle.Anchor.Chain, txid)
	if !ok {
		return false
	}
	place := "observations/" + txid
	word := strings.Join(sources, ", ")
	if err != nil {
		c.stop(StepTransaction, CodeDisagree, place, word, "%v", err)
		return true
	}
	if merkleproof.Hash(o.Payload) != a.root {
		c.stop(StepTransaction, CodeRootNotInTx, place, word, "the transaction commits to %x", o.Payload)
		return true
	}
	c.pass(StepTransaction, place, word, "transaction %s commits to the root", txid)
	for _, s := range []StepName{StepIssuingSignature, StepBlock, StepChain} {
		c.skip(s, "observed by %s, not proven", word)
	}
	a.address = o.Address
	early, late := span.NotBefore.Add(-observedSlack), span.NotAfter.Add(observedSlack)
	a.time = &anchor.Interval{NotBefore: early, NotAfter: late}
	network := networkOfLabel(o.Chain)
	if o.Chain.IsBitcoin() {
		a.network = network
	}
	c.report.Anchors = append(c.report.Anchors, AnchorFact{Network: network, Test: network != anchor.Mainnet && o.Chain != merkleproof.EthereumMainnet,
		TxID: txid, Root: a.root.String(), Address: o.Address, Confirmations: o.Confirmations, NotBefore: &early, NotAfter: &late})
	if c.report.Network == "" {
		c.report.Network, c.report.TestNetwork = network, c.report.Anchors[0].Test
	}
	c.trusting("%s, about transaction %s", word, txid)
	c.checkObservedFreshness(o, network, place, word)
	return true
}

// networkOfLabel names the network of an observation: Bitcoin's as ours, others by
// their Blockcerts name.
func networkOfLabel(chain merkleproof.Chain) anchor.Network {
	if chain.IsBitcoin() {
		return labelled(chain)[0]
	}
	return anchor.Network(chain)
}

func (c *check) checkObservedFreshness(o Observation, n anchor.Network, place, word string) {
	if slices.Contains(c.trust.Networks, n) || slices.Contains(c.trust.OtherChains, o.Chain) {
		c.pass(StepNetwork, place, "trust file", "%s is accepted", n)
	} else {
		c.stop(StepNetwork, CodeNetwork, place, "trust file", "the trust file does not accept %s", n)
	}
	if want := c.minConfirmations(); o.Confirmations < want {
		c.stop(StepConfirmations, CodeConfirmations, place, word, "%d of %d confirmations", o.Confirmations, want)
	} else {
		c.pass(StepConfirmations, place, word, "%d confirmations, %d asked for", o.Confirmations, want)
	}
	c.pass(StepStrength, place, "trust file", "%s facts are accepted", Observed)
}

func (c *check) minConfirmations() anchor.Confirmations {
	if c.trust.MinConfirmations == 0 {
		return DefaultMinConfirmations
	}
	return c.trust.MinConfirmations
}
