package verifier

import (
	"fmt"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/merkleproof"
)

// anchored is what the Merkle proof at index proof of the document came to.
type anchored struct {
	proof   int
	root    merkleproof.Hash
	network anchor.Network   // of a Bitcoin anchor; empty until known
	address string           // that authorised the transaction; empty until proven
	time    *anchor.Interval // of the block; nil until the chain step passed
}

// merkleSteps are the steps about one anchor, in the order they are judged.
var merkleSteps = []StepName{StepTransaction, StepIssuingSignature, StepBlock, StepChain, StepNetwork, StepConfirmations, StepStrength}

// checkMerkle judges every Merkle proof and its anchor.
func (c *check) checkMerkle() {
	found := false
	for i := range c.cred.Proofs() {
		if c.cred.Proofs()[i].IsMerkle() {
			found = true
			c.checkPath(i)
		}
	}
	if found {
		return
	}
	c.skip(StepPath, "the document has no Merkle proof")
	rest := merkleSteps
	// A presentation is made for the moment: what an issuer made, within, has to be anchored.
	if c.anchorPromised() || !c.trust.AnchorOptional && !c.cred.IsPresentation() {
		c.stop(StepTransaction, CodeNoAnchor, "/proof", "trust file", "the trust file asks for an anchor, the document has none")
		rest = rest[1:]
	}
	for _, s := range append(slices.Clone(rest), StepAddress) {
		c.skip(s, "the document has no Merkle proof")
	}
}

// checkPath walks from the document itself to the root, then to its transaction. The
// leaf is never taken from the proof.
func (c *check) checkPath(i int) {
	p := &c.cred.Proofs()[i]
	a := anchored{proof: i, root: p.Merkle.Root}
	defer func() { c.anchors = append(c.anchors, a) }()
	place := p.Path
	if p.Kind == credential.Merkle2019 && !slices.Contains(c.purposes(), p.Purpose) {
		c.stop(StepPath, CodePurpose, place+"/proofPurpose", "document", "%q", p.Purpose)
		return
	}
	if c.canonical == nil {
		c.stop(StepPath, CodeNotJudged, place, "document", "no canonical form")
		return
	}
	leaf, err := c.leaf(i)
	if err != nil { // the fault is in an earlier proof block
		c.refuse(StepCanonical, err, "", "document")
		c.stop(StepPath, CodeNotJudged, place, "document", "no canonical form")
		return
	}
	if leaf != p.Merkle.Target {
		c.stop(StepPath, CodeTargetHash, place, "document", "the document hashes to %s, the proof is of %s", leaf, p.Merkle.Target)
		return
	}
	if got := p.Merkle.Path.Root(leaf); got != p.Merkle.Root {
		c.stop(StepPath, CodeMerkleRoot, place, "document", "the path leads to %s, the proof names %s", got, p.Merkle.Root)
		return
	}
	if p.Merkle.Anchors > 1 {
		c.warn(WarnTarget, place, "%d anchors; only the first is judged", p.Merkle.Anchors)
	}
	c.pass(StepPath, place, "document", "%d steps from %s to root %s", len(p.Merkle.Path), leaf, p.Merkle.Root)
	c.checkAnchor(&a, p)
}

// checkAnchor judges the transaction the proof names with the evidence of that name.
func (c *check) checkAnchor(a *anchored, p *credential.Proof) {
	label := p.Merkle.Anchor
	switch {
	case label.Chain == merkleproof.Mocknet:
		c.stop(StepTransaction, CodeNoAnchor, p.Path, "document", "anchored on a mock chain, which is none")
		return
	}
	txid := strings.ToLower(label.TxID)
	ev, ok := c.ev.Transactions[txid]
	if !ok {
		switch {
		case c.checkObserved(a, p, txid):
		case label.Chain != "" && !label.Chain.IsBitcoin():
			c.stop(StepTransaction, CodeChainUnread, p.Path, "document", "there is no proof for %s here, and no observation", label.Chain)
		default:
			c.noEvidence(p, txid)
		}
		return
	}
	place := "transactions/" + txid
	commitment, ok := c.checkTransaction(a, ev, txid, place)
	if !ok {
		return
	}
	network, ok := c.networkOf(label.Chain, ev, place)
	if !ok {
		return
	}
	a.network = network
	fact := AnchorFact{Network: network, Test: network != anchor.Mainnet, TxID: txid, Root: a.root.String()}
	if c.report.Network == "" {
		c.report.Network, c.report.TestNetwork = fact.Network, fact.Test
	}
	c.checkIssuingSignature(a, commitment, ev, network, place, &fact)
	c.checkBlock(a, commitment, ev, network, place, &fact)
	c.report.Anchors = append(c.report.Anchors, fact)
}

// noEvidence ends the anchor steps where evidence is missing: unavailable, or not
// required where the trust file is content with the signature, which must be there.
func (c *check) noEvidence(p *credential.Proof, txid string) {
	signed := slices.ContainsFunc(c.cred.Proofs(), func(q credential.Proof) bool { return !q.IsMerkle() })
	if !c.trust.AnchorOptional || !signed || c.anchorPromised() {
		c.stop(StepTransaction, CodeNoEvidence, "transactions/"+txid, "evidence", "no evidence of transaction %s", txid)
		return
	}
	for _, s := range append(slices.Clone(merkleSteps), StepAddress) {
		c.skip(s, "no evidence of the anchor, and the trust file asks for none")
	}
}

func (c *check) checkTransaction(a *anchored, ev *anchor.Evidence, txid, place string) (*anchor.Commitment, bool) {
	commitment, err := anchor.ParseCommitment(ev.Tx)
	if err != nil {
		c.refuse(StepTransaction, err, place, "evidence")
		return nil, false
	}
	if got := commitment.TxID.String(); got != txid {
		c.stop(StepTransaction, CodeTxID, place+"/tx", "evidence", "the transaction's id is %s", got)
		return nil, false
	}
	if merkleproof.Hash(commitment.Root) != a.root {
		c.stop(StepTransaction, CodeRootNotInTx, place+"/tx", "evidence", "the transaction commits to %x", commitment.Root)
		return nil, false
	}
	c.pass(StepTransaction, place+"/tx", "evidence", "transaction %s commits to the root", txid)
	return commitment, true
}

// labelled lists the networks a Blockcerts label can mean: it has one for all public
// test networks. A missing label can mean any.
func labelled(label merkleproof.Chain) []anchor.Network {
	switch label {
	case merkleproof.BitcoinMainnet:
		return []anchor.Network{anchor.Mainnet}
	case merkleproof.BitcoinTestnet:
		return []anchor.Network{anchor.Testnet3, anchor.Testnet4, anchor.Signet}
	case merkleproof.BitcoinRegtest:
		return []anchor.Network{anchor.Regtest}
	}
	return anchor.Networks()
}

// networkOf finds the network of the evidence: the one in whose headers the block is,
// or, without such headers, the one the evidence says it was made on. It must be one
// that the proof's label can mean.
func (c *check) networkOf(label merkleproof.Chain, ev *anchor.Evidence, place string) (anchor.Network, bool) {
	allowed := labelled(label)
	network := ev.Meta.Network
	if n, found := c.networkByHeaders(ev); found {
		network = n
	}
	if network == "" {
		network = allowed[0]
	}
	if !slices.Contains(allowed, network) {
		for _, s := range []StepName{StepBlock} {
			c.stop(s, "network-mismatch", place, "evidence", "the proof names %s, the evidence is of %s", label, network)
		}
		return "", false
	}
	return network, true
}

// networkByHeaders looks for the block's header, the first 80 bytes of its inclusion
// proof, in the header runs of each network.
func (c *check) networkByHeaders(ev *anchor.Evidence) (anchor.Network, bool) {
	if len(ev.TxOutProof) < anchor.HeaderSize {
		return "", false
	}
	header := anchor.Header(ev.TxOutProof[:anchor.HeaderSize])
	if n, known := c.shared.networks[header]; known {
		return n, n != ""
	}
	n := c.searchHeaders(header)
	c.shared.networks[header] = n
	return n, n != ""
}

func (c *check) searchHeaders(header anchor.Header) anchor.Network {
	for _, n := range anchor.Networks() {
		for _, run := range c.ev.Headers[n] {
			for i := range run.Len() {
				if run.Header(i) == header {
					return n
				}
			}
		}
	}
	return ""
}

func (c *check) checkIssuingSignature(a *anchored, commitment *anchor.Commitment, ev *anchor.Evidence, n anchor.Network, place string, fact *AnchorFact) {
	address, err := c.shared.address(spendOf{commitment.TxID, n}, func() (string, error) { return commitment.IssuingAddress(ev.PrevTxs, n) })
	if err != nil {
		c.refuse(StepIssuingSignature, err, place, "evidence")
		return
	}
	a.address, fact.Address = address, address
	c.pass(StepIssuingSignature, place, "signature", "the owner of %s signed the whole transaction", address)
}

func (c *check) checkBlock(a *anchored, commitment *anchor.Commitment, ev *anchor.Evidence, n anchor.Network, place string, fact *AnchorFact) {
	spend := spendOf{commitment.TxID, n}
	incl, err := c.shared.inclusion(spend, func() (*anchor.Inclusion, error) { return anchor.CheckInclusion(ev, commitment.TxID, n) })
	if err != nil {
		c.refuse(StepBlock, err, place, "evidence")
		return
	}
	fact.Block, fact.Height = incl.BlockHash.String(), incl.Height
	c.pass(StepBlock, place+"/txOutProof", "proof of work", "in block %s at height %d", incl.BlockHash, incl.Height)
	link, err := c.shared.link(spend, func() (*anchor.Link, error) {
		return anchor.LinkHeaders(n, incl, c.ev.Headers[n], c.trust.Checkpoints[n], c.trust.Headers[n])
	})
	if err != nil {
		c.refuse(StepChain, err, "headers/"+string(n), "evidence")
		return
	}
	c.chainFact(fact, link)
	a.time = &link.Time
	c.pass(StepChain, "headers/"+string(n), "proof of work", "%s from height %d, tip %d", link.Form, link.Start.Height, link.Tip)
	c.checkFreshAnchor(n, link)
}

func (c *check) chainFact(fact *AnchorFact, link *anchor.Link) {
	fact.Confirmations, fact.Form = link.Confirmations, string(link.Form)
	fact.Start = fmt.Sprintf("%d %s", link.Start.Height, link.Start.Hash)
	fact.Work = link.Work.String()
	notBefore := link.Time.NotBefore
	fact.NotBefore = &notBefore
	if !link.Time.NotAfter.IsZero() {
		notAfter := link.Time.NotAfter
		fact.NotAfter = &notAfter
	}
	for _, w := range link.Warnings {
		c.warn(WarnChain, "headers/"+string(fact.Network), "%s: %s", w.Code, w.Detail)
	}
	c.trusting("the checkpoint %s of %s, from the trust file or the network's genesis block", fact.Start, fact.Network)
	c.trusting("that no chain of %s with more work was withheld", fact.Network)
	if fact.Network == anchor.Signet && link.Form != anchor.FormSegment {
		c.trusting("that the blocks of signet which the trust file's headers or checkpoints hold are signed; only the anchor's was checked")
	}
}

// checkFreshAnchor asks whether the anchor is good enough for this trust file.
func (c *check) checkFreshAnchor(n anchor.Network, link *anchor.Link) {
	place := "headers/" + string(n)
	if slices.Contains(c.trust.Networks, n) {
		c.pass(StepNetwork, place, "trust file", "%s is accepted", n)
	} else {
		c.stop(StepNetwork, CodeNetwork, place, "trust file", "the trust file does not accept %s", n)
	}
	want := c.minConfirmations()
	switch err := link.AtLeast(want); {
	case err != nil && link.Confirmations+link.Unsigned >= want:
		c.stop(StepConfirmations, CodeSignetUnsigned, place, "evidence", "%d of %d confirmations; %d more blocks are not shown to be signed", link.Confirmations, want, link.Unsigned)
	case err != nil:
		c.stop(StepConfirmations, CodeConfirmations, place, "proof of work", "%d of %d confirmations", link.Confirmations, want)
	default:
		c.pass(StepConfirmations, place, "proof of work", "%d confirmations, %d asked for", link.Confirmations, want)
	}
	// An inclusion proof under checked headers is the strongest kind of fact.
	c.pass(StepStrength, place, "proof of work", "%s", Proven)
}
