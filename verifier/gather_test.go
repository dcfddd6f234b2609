package verifier_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// shelf is a Library of a fixed set of documents that remembers what was asked.
type shelf struct {
	docs  map[string][]byte
	asked []string
}

func (s *shelf) Get(_ context.Context, url string) (verifier.Document, error) {
	s.asked = append(s.asked, url)
	raw, ok := s.docs[url]
	if !ok {
		return verifier.Document{}, errors.New("no such document")
	}
	return verifier.Document{MediaType: "application/vc", At: now, Bytes: raw}, nil
}

func (w *world) shelf() *shelf {
	s := &shelf{docs: map[string][]byte{}}
	for _, l := range w.lists {
		s.docs[l.URL] = l.Bytes
	}
	return s
}

// TestVerifyOnline gathers from the chain and the lists of the world, then judges.
func TestVerifyOnline(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	lists := w.shelf()
	v := verifier.New(w.trust(nil), verifier.Sources{Chains: []verifier.Chain{w.chain}, Library: lists, Now: func() time.Time { return now }})
	r, err := v.Verify(context.Background(), w.creds[0], nil, now)
	w.must(err)
	wantReport(t, r, valid, "")
	for _, url := range lists.asked {
		if strings.ContainsAny(url, "?#") || strings.Contains(url, r.ID) {
			t.Errorf("asked for %s, which tells who is checked", url)
		}
	}
	ev, err := v.Gather(context.Background(), w.creds[0])
	w.must(err)
	if !ev.Gathered.At.Equal(now) || len(ev.Headers[anchor.Regtest]) != 1 {
		t.Errorf("%+v", ev.Gathered)
	}
}

// TestNoSources: without sources nothing is asked, and nothing is assumed.
func TestNoSources(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	v := verifier.New(w.trust(nil), verifier.Sources{})
	r, err := v.Verify(context.Background(), w.creds[0], nil, now)
	w.must(err)
	wantReport(t, r, indeterminate, "no-evidence")
	r, err = v.Verify(context.Background(), w.creds[0], w.evidence(), now)
	w.must(err)
	wantReport(t, r, valid, "")
}

// TestStrangerIsNotVisited: addresses in a document of an issuer nobody trusts are not
// asked.
func TestStrangerIsNotVisited(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	lists := w.shelf()
	v := verifier.New(w.trust(func(f object) { f["issuers"] = []any{} }), verifier.Sources{Library: lists})
	r, err := v.Verify(context.Background(), w.creds[0], nil, now)
	w.must(err)
	if len(lists.asked) > 0 || r.Verdict != indeterminate {
		t.Errorf("asked for %v, %s", lists.asked, r.Verdict)
	}
}

// A lyingChain bends what a chain answers.
type lyingChain struct {
	verifier.Chain
	evidence func(context.Context, anchor.TxID) (*anchor.Evidence, error)
	headers  func(context.Context, anchor.Height, anchor.Height) (anchor.HeaderRun, error)
}

func (l lyingChain) Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	if l.evidence == nil {
		return l.Chain.Evidence(ctx, id)
	}
	return l.evidence(ctx, id)
}

func (l lyingChain) Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	if l.headers == nil {
		return l.Chain.Headers(ctx, from, to)
	}
	return l.headers(ctx, from, to)
}

// TestLyingChains: whatever a source answers, the verdict is never a wrong valid, and a
// source that could not be asked is named.
func TestLyingChains(t *testing.T) {
	w, other := newWorld(t, licenceDraft("L-1")), newWorld(t, licenceDraft("L-2"))
	down := errors.New("connection refused")
	for _, c := range []struct {
		name    string
		chain   lyingChain
		verdict verifier.Verdict
		code    verifier.Code
		noted   bool
	}{
		{name: "another-transaction", chain: lyingChain{Chain: w.chain, evidence: func(ctx context.Context, _ anchor.TxID) (*anchor.Evidence, error) {
			return other.chain.Evidence(ctx, other.txid)
		}}, verdict: invalid, code: "transaction-id"},
		{name: "not-found", chain: lyingChain{Chain: w.chain, evidence: func(context.Context, anchor.TxID) (*anchor.Evidence, error) {
			return nil, anchor.ErrNotFound
		}}, verdict: indeterminate, code: "no-evidence"},
		{name: "down", chain: lyingChain{Chain: w.chain, evidence: func(context.Context, anchor.TxID) (*anchor.Evidence, error) {
			return nil, down
		}}, verdict: indeterminate, code: "no-evidence", noted: true},
		{name: "headers-down", chain: lyingChain{Chain: w.chain, headers: func(context.Context, anchor.Height, anchor.Height) (anchor.HeaderRun, error) {
			return anchor.HeaderRun{}, down
		}}, verdict: indeterminate, code: "no-headers", noted: true},
		{name: "headers-of-another-chain", chain: lyingChain{Chain: w.chain, headers: func(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
			return other.chain.Headers(ctx, from, to)
		}}, verdict: indeterminate, code: "not-in-best-chain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := verifier.New(w.trust(nil), verifier.Sources{Chains: []verifier.Chain{c.chain}, Library: w.shelf()})
			r, err := v.Verify(context.Background(), w.creds[0], nil, now)
			w.must(err)
			wantReport(t, r, c.verdict, c.code)
			noted := false
			for _, n := range r.Warnings {
				noted = noted || n.Code == verifier.WarnUnreached
			}
			if noted != c.noted {
				t.Errorf("a source that could not be asked: named %v, want %v", noted, c.noted)
			}
		})
	}
}

// An eyewitness is an Observer that says what it is told to.
type eyewitness struct {
	name string
	says verifier.Observation
	err  error
}

func (e eyewitness) Name() string { return e.name }
func (e eyewitness) Observe(context.Context, merkleproof.Chain, string) (verifier.Observation, error) {
	o := e.says
	o.Source = e.name
	return o, e.err
}

// TestObservers: k of n named observers must agree; silence of the others is fine,
// contradiction is not.
func TestObservers(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	r := verifier.Check(w.creds[0], w.evidence(), w.trust(nil), now)
	root, err := merkleproof.ParseHash(r.Anchors[0].Root)
	w.must(err)
	truth := verifier.Observation{Chain: merkleproof.BitcoinRegtest, TxID: w.txid.String(), Payload: root, Address: w.key.Address,
		Time: now.Add(-20 * time.Hour), Confirmations: 13}
	lie := truth
	lie.Payload[0] ^= 1
	foreign := truth
	foreign.Address = "n4LQ58uS1mYF8rGPZrfBHLmZs8WqPJo3fq"
	shallow := truth
	shallow.Confirmations = 2
	quiet := errors.New("timeout")
	observed := func(f object) {
		f["weakestChainFact"] = "observed"
		f["observers"] = []any{"a", "b", "c"}
		f["observersNeeded"] = 2
	}
	for _, c := range []struct {
		name      string
		observers []verifier.Observer
		trust     func(object)
		verdict   verifier.Verdict
		code      verifier.Code
	}{
		{"two-agree-one-silent", []verifier.Observer{eyewitness{"a", truth, nil}, eyewitness{"b", truth, nil}, eyewitness{"c", truth, quiet}}, observed, valid, ""},
		{"one-alone", []verifier.Observer{eyewitness{"a", truth, nil}}, observed, indeterminate, "observers-disagree"},
		{"one-twice", []verifier.Observer{eyewitness{"a", truth, nil}, eyewitness{"a", truth, nil}}, observed, indeterminate, "observers-disagree"},
		{"one-contradicts", []verifier.Observer{eyewitness{"a", truth, nil}, eyewitness{"b", truth, nil}, eyewitness{"c", lie, nil}}, observed, indeterminate, "observers-disagree"},
		{"all-say-another-root", []verifier.Observer{eyewitness{"a", lie, nil}, eyewitness{"b", lie, nil}}, observed, invalid, "root-not-in-transaction"},
		{"all-say-another-address", []verifier.Observer{eyewitness{"a", foreign, nil}, eyewitness{"b", foreign, nil}}, observed, invalid, "issuing-address"},
		{"too-shallow", []verifier.Observer{eyewitness{"a", shallow, nil}, eyewitness{"b", truth, nil}}, observed, indeterminate, "confirmations"},
		{"not-named", []verifier.Observer{eyewitness{"x", truth, nil}, eyewitness{"y", truth, nil}}, observed, indeterminate, "no-evidence"},
		{"not-accepted", []verifier.Observer{eyewitness{"a", truth, nil}, eyewitness{"b", truth, nil}}, nil, indeterminate, "no-evidence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := verifier.New(w.trust(c.trust), verifier.Sources{Observers: c.observers, Library: w.shelf()})
			r, err := v.Verify(context.Background(), w.creds[0], nil, now)
			w.must(err)
			wantReport(t, r, c.verdict, c.code)
		})
	}
}
