package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/merkleproof"
)

// A Chain answers for one Bitcoin network. Calls are safe for concurrent use and end
// when ctx does.
type Chain interface {
	Network() anchor.Network
	// Evidence returns what is needed to judge offline that id is in a block. It
	// returns an error matching anchor.ErrNotFound if the chain was asked and does not
	// know id, and any other error if it could not be asked.
	Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error)
	// Headers returns the headers from one height to another, both included.
	Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error)
	Tip(ctx context.Context) (anchor.Height, anchor.BlockHash, error)
}

// A SignedChain is a Chain of signet, whose operators sign every block. Without it a block
// above the trust file's checkpoints or headers confirms nothing there.
type SignedChain interface {
	Chain
	// Signed returns the signatures of the blocks from one height to another, both included.
	Signed(ctx context.Context, from, to anchor.Height) ([]anchor.SignedBlock, error)
}

// An Observer says what it has seen of a transaction, without proof.
type Observer interface {
	// Name is how the trust file names it.
	Name() string
	// Observe returns anchor.ErrNotFound if it was asked and does not know txid.
	Observe(ctx context.Context, chain merkleproof.Chain, txid string) (Observation, error)
}

// A Library fetches documents whole, by their plain address: status lists, schemas, and
// documents of issuers, whose name may be a DID. It dials only what its maker allowed.
type Library interface {
	Get(ctx context.Context, name string) (Document, error)
}

// Sources are whom a Verifier may ask. A nil source is never replaced by a default;
// steps that need it end as Unavailable.
type Sources struct {
	Chains    []Chain
	Observers []Observer
	Library   Library
	// Now tells when evidence was gathered; it decides nothing. Nil leaves it out.
	Now func() time.Time
}

// A Verifier gathers evidence from its sources, and judges by it.
type Verifier struct {
	trust   *Trust
	sources Sources
}

// New returns a Verifier that believes trust and asks only the given sources.
func New(trust *Trust, sources Sources) *Verifier { return &Verifier{trust, sources} }

// Verify gathers evidence, adds it to what the holder brought (which may be nil), and
// returns Check's report. The error is about asking (ctx ended, say), never about the
// document.
func (v *Verifier) Verify(ctx context.Context, raw []byte, brought *Evidence, at time.Time) (*Report, error) {
	ev, err := v.Gather(ctx, raw)
	if err != nil {
		return nil, err
	}
	if brought != nil {
		ev.Merge(brought)
	}
	return Check(raw, ev, v.trust, at), nil
}

// Gather asks the sources for what Check would need to judge the document. What could
// not be had is named in Evidence.Gathered.Unreached and nothing else comes of it.
// Addresses that stand in a document are asked only if its issuer is in the trust
// file: nobody else can make this program visit a place of their choosing. Lists are
// fetched whole, by their plain address.
func (v *Verifier) Gather(ctx context.Context, raw []byte) (*Evidence, error) {
	g := &gathering{v: v, ev: &Evidence{Gathered: Gathered{By: "certanchor"}}}
	if v.sources.Now != nil {
		g.ev.Gathered.At = v.sources.Now().UTC().Truncate(time.Second)
	}
	cred, err := credential.Parse(raw)
	if err != nil {
		return g.ev, ctx.Err() // the report will say what is wrong with it
	}
	all := []*credential.Credential{cred}
	if inner, err := cred.Inner(); err == nil {
		all = append(all, inner...)
	}
	for _, c := range all {
		g.anchors(ctx, c)
		g.documents(ctx, c)
	}
	for n, runs := range g.ev.Headers {
		g.ev.Headers[n] = anchor.JoinRuns(runs)
	}
	return g.ev, ctx.Err()
}

type gathering struct {
	v  *Verifier
	ev *Evidence
}

// missed remembers a source that could not be asked.
func (g *gathering) missed(source string, err error) {
	if note := fmt.Sprintf("%s: %v", source, err); !slices.Contains(g.ev.Gathered.Unreached, note) {
		g.ev.Gathered.Unreached = append(g.ev.Gathered.Unreached, note)
	}
}

func (g *gathering) anchors(ctx context.Context, c *credential.Credential) {
	for i := range c.Proofs() {
		p := &c.Proofs()[i]
		if !p.IsMerkle() || p.Merkle.Anchor.Chain == merkleproof.Mocknet {
			continue
		}
		label := p.Merkle.Anchor
		if label.Chain == "" || label.Chain.IsBitcoin() {
			if id, err := anchor.ParseTxID(strings.ToLower(label.TxID)); err == nil {
				g.transaction(ctx, label.Chain, id)
			}
		}
		for _, o := range g.v.sources.Observers {
			seen, err := o.Observe(ctx, label.Chain, label.TxID)
			switch {
			case errors.Is(err, anchor.ErrNotFound):
			case err != nil:
				g.missed(o.Name(), err)
			default:
				g.ev.Observations = append(g.ev.Observations, seen)
			}
		}
	}
}

// transaction asks every chain that the label can mean, until one knows it.
func (g *gathering) transaction(ctx context.Context, label merkleproof.Chain, id anchor.TxID) {
	if _, have := g.ev.Transactions[id.String()]; have {
		return
	}
	for _, chain := range g.v.sources.Chains {
		if !slices.Contains(labelled(label), chain.Network()) {
			continue
		}
		tx, err := chain.Evidence(ctx, id)
		if errors.Is(err, anchor.ErrNotFound) {
			continue
		}
		if err != nil {
			g.missed(string(chain.Network()), err)
			continue
		}
		g.ev.AddTransaction(id, tx)
		if err := g.headers(ctx, chain, tx); err != nil {
			g.missed(string(chain.Network()), err)
		}
		return
	}
}

// headers fetches the run that links the block to what the trust file starts from.
func (g *gathering) headers(ctx context.Context, chain Chain, tx *anchor.Evidence) error {
	tip, _, err := chain.Tip(ctx)
	if err != nil {
		return err
	}
	from, to := g.span(chain.Network(), tx.Meta.Height, tip)
	for at := from; at <= to; at += anchor.MaxRunHeaders {
		run, err := chain.Headers(ctx, at, min(at+anchor.MaxRunHeaders-1, to))
		if err != nil {
			return err
		}
		g.ev.AddHeaders(chain.Network(), run)
	}
	return g.signed(ctx, chain, tx, min(to, tx.Meta.Height+anchor.MaxConfirming))
}

// signed adds the signatures of the blocks above a signet anchor, unless the trust file
// itself holds those blocks.
func (g *gathering) signed(ctx context.Context, chain Chain, tx *anchor.Evidence, last anchor.Height) error {
	n, first := chain.Network(), tx.Meta.Height+1
	signed, ok := chain.(SignedChain)
	_, _, below := g.v.trust.Checkpoints[n].ForwardSpan(tx.Meta.Height)
	if !ok || n != anchor.Signet || below || g.v.trust.Headers[n].Tip() >= last || first > last {
		return nil
	}
	var err error
	tx.Confirming, err = signed.Signed(ctx, first, last)
	return err
}

// closing is how many blocks above an anchor close the interval of its time.
const closing = 11

// span returns the heights of the headers that link a block at height: forward to the
// next checkpoint if there is one above it, else from the newest checkpoint up through
// enough confirmations.
func (g *gathering) span(n anchor.Network, height, tip anchor.Height) (from, to anchor.Height) {
	confirmed := height + anchor.Height(max(closing, (&check{trust: g.v.trust}).minConfirmations())) + 1
	var newest anchor.Height
	for _, cp := range g.v.trust.Checkpoints[n].List() {
		if cp.Height >= height {
			return height, min(max(cp.Height, confirmed), tip)
		}
		newest = cp.Height
	}
	if store := g.v.trust.Headers[n]; store != nil {
		newest = min(store.Tip(), height)
	}
	return newest, min(confirmed, tip)
}

// documents fetches lists and schemas of an issuer who is in the trust file, and the
// issuer's own document where the trust file has only its digest.
func (g *gathering) documents(ctx context.Context, c *credential.Credential) {
	is, known := g.v.trust.Issuer(c.Issuer())
	if g.v.sources.Library == nil || !known {
		return
	}
	if is.DocumentDigest != nil {
		g.fetch(ctx, is.ID)
		if full, why := g.v.trust.resolve(is.ID, g.ev); why == nil {
			is = full
		}
	}
	var urls []string
	entries, _ := c.StatusEntries()
	for _, e := range entries {
		urls = append(urls, e.List)
	}
	if len(entries) == 0 {
		urls = append(urls, is.revocationList())
	}
	schemas, _ := c.Schemas()
	for _, s := range schemas {
		urls = append(urls, s.ID)
	}
	for _, url := range urls {
		g.fetch(ctx, url)
	}
}

// fetch asks the library for what has that URL or DID.
func (g *gathering) fetch(ctx context.Context, name string) {
	if _, have := g.ev.Documents[name]; have || name == "" {
		return
	}
	d, err := g.v.sources.Library.Get(ctx, name)
	if err != nil {
		g.missed(name, err)
		return
	}
	g.ev.AddDocument(name, d)
}
