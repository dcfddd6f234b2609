package main

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/node"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/internal/fetch"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// A ledger is a chain to issue on and to gather evidence from: the embedded one, or real
// nodes.
type ledger interface {
	issuer.Chain
	Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error)
	Tip(ctx context.Context) (anchor.Height, anchor.BlockHash, error)
}

var (
	_ ledger         = (*node.Chain)(nil)
	_ ledger         = (*regtest.Chain)(nil)
	_ verifier.Chain = (*node.Chain)(nil)
)

// isNode reports whether a chain is given by endpoints.
func isNode(spec string) bool {
	return strings.HasPrefix(spec, "rpc=") || strings.HasPrefix(spec, "esplora=")
}

// openNodes opens the endpoints of a comma-separated list.
func openNodes(network anchor.Network, specs string, fallback anchor.FeeRate) (*node.Chain, error) {
	c, err := node.Open(network, strings.Split(specs, ","), node.Options{FallbackFeeRate: fallback})
	if err != nil {
		return nil, misuse("write rpc=http://USER:PASSWORD@127.0.0.1:8332 or esplora=https://HOST/api", "%v", err)
	}
	return c, nil
}

// sources are whom --online lets a verification ask; each entry stands for itself, and
// nobody else is asked:
//
//	rpc=URL, esplora=URL   transactions, blocks and headers
//	eth=CHAIN@URL          observations of old Ethereum anchors, CHAIN as in eth:mainnet
//	lists                  status lists, schemas and issuers' documents, from the hosts of
//	                       trusted issuers; that of a did:web is in its name
//	resolver=URL           documents of trusted issuers with another DID, from a resolver
func sources(specs string, trust *verifier.Trust) (verifier.Sources, error) {
	s := verifier.Sources{Now: time.Now}
	var endpoints []string
	var resolver string
	var lists bool
	for _, one := range strings.Split(specs, ",") {
		switch {
		case isNode(one):
			endpoints = append(endpoints, one)
		case one == "lists":
			lists = true
		case strings.HasPrefix(one, "resolver="):
			resolver = strings.TrimPrefix(one, "resolver=")
		case strings.HasPrefix(one, "eth="):
			chain, address, ok := strings.Cut(strings.TrimPrefix(one, "eth="), "@")
			e, err := node.NewEthereum(address, "eth:"+chain, node.Options{})
			if !ok || err != nil {
				return s, misuse("write eth=mainnet@https://HOST", "%s: %v", one, err)
			}
			s.Observers = append(s.Observers, witness{e})
		default:
			return s, misuse("say rpc=URL, esplora=URL, eth=CHAIN@URL, lists or resolver=URL, with commas between", "no source %q", one)
		}
	}
	if lists || resolver != "" {
		l, err := newLibrary(trust, lists, resolver)
		if err != nil {
			return s, misuse("write resolver=https://HOST", "%v", err)
		}
		s.Library = l
	}
	return s, addNodes(&s, endpoints, trust)
}

// addNodes makes a chain of the endpoints for each network that the trust file accepts;
// each endpoint proves by its first block to which it belongs.
func addNodes(s *verifier.Sources, endpoints []string, trust *verifier.Trust) error {
	if len(endpoints) == 0 {
		return nil
	}
	for _, n := range trust.Networks {
		c, err := openNodes(n, strings.Join(endpoints, ","), 0)
		if err != nil {
			return err
		}
		s.Chains = append(s.Chains, c)
		if trust.WeakestChainFact != verifier.Observed {
			continue
		}
		for _, e := range endpoints {
			one, err := node.OpenEndpoint(n, e, node.Options{})
			if err != nil {
				return err
			}
			if o, ok := one.(observing); ok {
				s.Observers = append(s.Observers, witness{o})
			}
		}
	}
	return nil
}

// observing is an endpoint that says what it has seen.
type observing interface {
	Name() string
	Observe(ctx context.Context, chain, txid string) (*node.Observation, error)
}

// A witness turns what an endpoint has seen into an observation.
type witness struct{ observing }

func (w witness) Observe(ctx context.Context, chain merkleproof.Chain, txid string) (verifier.Observation, error) {
	o, err := w.observing.Observe(ctx, string(chain), txid)
	if err != nil {
		return verifier.Observation{}, err
	}
	return verifier.Observation{Source: o.Source, Chain: chain, TxID: txid, Payload: o.Payload, Address: o.Address,
		Time: o.Time, Confirmations: o.Confirmations}, nil
}

// A library fetches documents whole: from the hosts of trusted issuers, and by way of a
// DID resolver, as far as the caller named them.
type library struct {
	client   *fetch.Client
	resolver string // address of the resolver, or empty

	mu  sync.Mutex
	got map[string]fetched // by address
}

// fetched is what an address gave, or that it did not. It is asked once: a request for each
// credential would tell the owner of a list how many of them somebody holds.
type fetched struct {
	document verifier.Document
	err      error
}

func newLibrary(trust *verifier.Trust, lists bool, resolver string) (*library, error) {
	var cfg fetch.Config
	for _, i := range trust.Issuers {
		switch {
		case isDIDWeb(i.ID):
			if address, err := fetch.DIDWebURL(i.ID); err == nil && lists {
				cfg.Hosts = appendHost(cfg.Hosts, address)
			}
		case strings.HasPrefix(i.ID, "did:"):
			if resolver == "" {
				continue
			}
			address, err := fetch.ResolverURL(resolver, i.ID)
			if err != nil {
				return nil, err
			}
			cfg.URLs = append(cfg.URLs, address)
		case lists:
			cfg.Hosts = appendHost(cfg.Hosts, i.ID)
		}
	}
	c, err := fetch.New(cfg)
	return &library{client: c, resolver: resolver, got: map[string]fetched{}}, err
}

func isDIDWeb(id string) bool { return strings.HasPrefix(id, "did:web:") }

func appendHost(hosts []string, address string) []string {
	if u, err := url.Parse(address); err == nil && u.Host != "" && !slices.Contains(hosts, u.Host) {
		return append(hosts, u.Host)
	}
	return hosts
}

// Get fetches name, a URL or a DID.
func (l *library) Get(ctx context.Context, name string) (verifier.Document, error) {
	address := name
	var err error
	switch {
	case isDIDWeb(name):
		address, err = fetch.DIDWebURL(name)
	case strings.HasPrefix(name, "did:"):
		if l.resolver == "" {
			return verifier.Document{}, errors.New("no resolver is named: add resolver=URL")
		}
		address, err = fetch.ResolverURL(l.resolver, name)
	}
	if err != nil {
		return verifier.Document{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	once, asked := l.got[address]
	if !asked {
		body, mediaType, err := l.client.Get(ctx, address, maxListFile)
		once = fetched{verifier.Document{MediaType: mediaType, At: time.Now().UTC().Truncate(time.Second), Bytes: body}, err}
		l.got[address] = once
	}
	return once.document, once.err
}

// notReached reports whether an error is that of a node or the network.
func notReached(err error) bool {
	var n *node.Error
	return errors.As(err, &n)
}
