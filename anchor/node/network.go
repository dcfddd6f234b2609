package node

import (
	"context"
	"strings"

	"github.com/certanchor/certanchor/anchor"
)

// NetworkOf asks the endpoint that a spec names (see Open) for its block 0 and returns
// the network that starts with it. Code: wrong-network for one that is not known here.
func NetworkOf(ctx context.Context, spec string, o Options) (anchor.Network, error) {
	// Which network the client is made for does not matter: only block 0 is asked for.
	e, err := OpenEndpoint(anchor.Mainnet, spec, o)
	if err != nil {
		return "", err
	}
	var c *client
	switch e := e.(type) {
	case *RPC:
		c = e.client
	case *Esplora:
		c = e.client
	}
	hash, err := c.ask.hashAt(ctx, 0)
	if err != nil {
		return "", err
	}
	n, ok := anchor.NetworkByGenesis(hash)
	if !ok {
		return "", c.fail(CodeWrongNetwork, "block 0", "%v starts no network that is known here (%s)", hash, networkNames())
	}
	return n, nil
}

func networkNames() string {
	var names []string
	for _, n := range anchor.Networks() {
		names = append(names, string(n))
	}
	return strings.Join(names, ", ")
}
