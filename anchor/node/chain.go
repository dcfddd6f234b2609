package node

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

// An Endpoint answers for one network. RPC and Esplora are endpoints.
type Endpoint interface {
	Name() string
	Network() anchor.Network
	Coins(ctx context.Context, address string) ([]anchor.Coin, error)
	FeeRate(ctx context.Context) (anchor.FeeRate, error)
	Broadcast(ctx context.Context, raw []byte) error
	Lookup(ctx context.Context, id anchor.TxID) (anchor.TxStatus, error)
	Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error)
	Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error)
	Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error)
	Signed(ctx context.Context, from, to anchor.Height) ([]anchor.SignedBlock, error)
	Tip(ctx context.Context) (anchor.Height, anchor.BlockHash, error)
}

var (
	_ Endpoint = (*RPC)(nil)
	_ Endpoint = (*Esplora)(nil)
)

// A Chain asks several endpoints of one network, in the order given, until one knows.
//
// That one does not know a transaction proves nothing while another could not be asked:
// a Chain says anchor.ErrNotFound only if all said so. If all fail, the error joins
// theirs. Calls are safe for concurrent use.
type Chain struct {
	net       anchor.Network
	endpoints []Endpoint
}

// New returns a Chain of one or more endpoints of the same network.
func New(endpoints ...Endpoint) (*Chain, error) {
	if len(endpoints) == 0 {
		return nil, &Error{Code: CodeEndpoint, Endpoint: "?", Detail: "no endpoint"}
	}
	c := &Chain{net: endpoints[0].Network(), endpoints: endpoints}
	for _, e := range endpoints {
		if e.Network() != c.net {
			return nil, &Error{Code: CodeWrongNetwork, Endpoint: e.Name(), Detail: fmt.Sprintf("is for %s, others are for %s", e.Network(), c.net)}
		}
	}
	return c, nil
}

// Open returns a Chain of the endpoints that specs name, as the command takes them:
// rpc=ADDRESS (see NewRPC) or esplora=ADDRESS (see NewEsplora). Code: bad-endpoint.
func Open(net anchor.Network, specs []string, o Options) (*Chain, error) {
	var list []Endpoint
	for _, s := range specs {
		e, err := OpenEndpoint(net, s, o)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return New(list...)
}

// OpenEndpoint returns the one endpoint that a spec names.
func OpenEndpoint(net anchor.Network, spec string, o Options) (Endpoint, error) {
	kind, address, _ := strings.Cut(spec, "=")
	switch kind {
	case "rpc":
		return endpointOr(NewRPC(address, net, o))
	case "esplora":
		return endpointOr(NewEsplora(address, net, o))
	}
	// The spec may hold a password and is not shown.
	return nil, &Error{Code: CodeEndpoint, Endpoint: "?", Detail: "want rpc=ADDRESS or esplora=ADDRESS"}
}

// endpointOr keeps a nil pointer from becoming an Endpoint that is not nil.
func endpointOr[E Endpoint](e E, err error) (Endpoint, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Network returns the network of all endpoints.
func (c *Chain) Network() anchor.Network { return c.net }

// first asks in turn and returns the first answer that is good enough; ErrNotFound if all
// said so. An answer that is not good enough is kept in case no better one comes.
func first[T any](ctx context.Context, c *Chain, ask func(Endpoint) (T, error), enough func(T) bool) (T, error) {
	var best T
	var have bool
	var failed []error
	for _, e := range c.endpoints {
		answer, err := ask(e)
		switch {
		case err == nil && enough(answer):
			return answer, nil
		case err == nil && !have:
			best, have = answer, true
		case err != nil && !notFound(err):
			failed = append(failed, err)
		}
		if err := ctx.Err(); err != nil {
			failed = append(failed, err)
			break
		}
	}
	switch {
	case have:
		return best, nil
	case len(failed) == 0:
		return best, anchor.ErrNotFound
	case len(failed) == 1 && len(c.endpoints) == 1:
		return best, failed[0]
	}
	return best, fmt.Errorf("anchor/node: %d of %d endpoints could not answer: %w", len(failed), len(c.endpoints), errors.Join(failed...))
}

func anything[T any](T) bool { return true }

// Coins returns the coins of the first endpoint that knows of any; none only if all
// endpoints answer and know none.
func (c *Chain) Coins(ctx context.Context, address string) ([]anchor.Coin, error) {
	coins, err := first(ctx, c, func(e Endpoint) ([]anchor.Coin, error) {
		coins, err := e.Coins(ctx, address)
		if err == nil && len(coins) == 0 {
			err = anchor.ErrNotFound
		}
		return coins, err
	}, anything)
	if notFound(err) {
		return nil, nil
	}
	return coins, err
}

// FeeRate returns the first answer.
func (c *Chain) FeeRate(ctx context.Context) (anchor.FeeRate, error) {
	return first(ctx, c, func(e Endpoint) (anchor.FeeRate, error) { return e.FeeRate(ctx) }, anything)
}

// Broadcast sends to each endpoint until one takes the transaction. It returns
// anchor.ErrAlreadyKnown if one has it already.
func (c *Chain) Broadcast(ctx context.Context, raw []byte) error {
	known, err := first(ctx, c, func(e Endpoint) (bool, error) {
		err := e.Broadcast(ctx, raw)
		if errors.Is(err, anchor.ErrAlreadyKnown) {
			return true, nil
		}
		return false, err
	}, anything)
	if err == nil && known {
		return anchor.ErrAlreadyKnown
	}
	return err
}

// Lookup prefers the endpoint that says the transaction is in a block to one that has it
// in its pool, which may be behind.
func (c *Chain) Lookup(ctx context.Context, id anchor.TxID) (anchor.TxStatus, error) {
	return first(ctx, c, func(e Endpoint) (anchor.TxStatus, error) { return e.Lookup(ctx, id) },
		func(s anchor.TxStatus) bool { return !s.InMempool })
}

// Spender returns the first spender named.
func (c *Chain) Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error) {
	return first(ctx, c, func(e Endpoint) (anchor.TxID, error) { return e.Spender(ctx, op) }, anything)
}

// Evidence returns the first evidence. All of them would be the same bytes.
func (c *Chain) Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error) {
	return first(ctx, c, func(e Endpoint) (*anchor.Evidence, error) { return e.Evidence(ctx, id) }, anything)
}

// Headers returns the first run of headers.
func (c *Chain) Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error) {
	return first(ctx, c, func(e Endpoint) (anchor.HeaderRun, error) { return e.Headers(ctx, from, to) }, anything)
}

// Signed returns the first answer.
func (c *Chain) Signed(ctx context.Context, from, to anchor.Height) ([]anchor.SignedBlock, error) {
	return first(ctx, c, func(e Endpoint) ([]anchor.SignedBlock, error) { return e.Signed(ctx, from, to) }, anything)
}

// Tip returns the highest of the newest blocks: an endpoint may be some blocks behind.
func (c *Chain) Tip(ctx context.Context) (anchor.Height, anchor.BlockHash, error) {
	type block struct {
		height anchor.Height
		hash   anchor.BlockHash
	}
	highest := block{height: -1}
	_, err := first(ctx, c, func(e Endpoint) (block, error) {
		h, hash, err := e.Tip(ctx)
		if err == nil && h > highest.height {
			highest = block{h, hash}
		}
		return block{h, hash}, err
	}, func(block) bool { return false })
	if err != nil {
		return 0, anchor.BlockHash{}, err
	}
	return highest.height, highest.hash, nil
}
