package node_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/node"
	"github.com/certanchor/certanchor/issuer"
)

// What an issuer asks, all endpoints answer, alone or together.
var (
	_ issuer.Chain = (*node.Chain)(nil)
	_ issuer.Chain = (*node.RPC)(nil)
	_ issuer.Chain = (*node.Esplora)(nil)
)

// ExampleOpen asks an own node first and an explorer if that one cannot answer.
func ExampleOpen() {
	chain, err := node.Open(anchor.Testnet4, []string{
		"rpc=http://127.0.0.1:48332?authfile=/var/lib/bitcoin/testnet4/.cookie",
		"esplora=https://explorer.example/testnet4/api",
	}, node.Options{FallbackFeeRate: 2000})
	if err != nil {
		panic(err)
	}
	fmt.Println(chain.Network())

	_, err = node.Open(anchor.Mainnet, []string{"rpc=http://alice:secret@node.example:8332"}, node.Options{})
	fmt.Println(err)
	// Output:
	// testnet4
	// anchor/node: bad-endpoint: node.example:8332: http to another machine shows the password and lets others change answers; use https, or a tunnel to 127.0.0.1
}

// ExampleChain_Evidence tells apart what nobody knows and what could not be asked. The
// explorer here is a stand-in that knows its network and no transaction.
func ExampleChain_Evidence() {
	explorer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		genesis := anchor.Regtest.Genesis()
		switch {
		case strings.HasPrefix(r.URL.Path, "/block-height/"):
			fmt.Fprint(w, genesis.Hash())
		case r.URL.Path == "/blocks/tip/height":
			fmt.Fprint(w, 0)
		case strings.HasSuffix(r.URL.Path, "/header"):
			fmt.Fprintf(w, "%x", genesis[:])
		default:
			http.Error(w, "Transaction not found", http.StatusNotFound)
		}
	}))
	defer explorer.Close()
	gone := httptest.NewServer(nil)
	gone.Close()

	ask := func(specs ...string) error {
		chain, err := node.Open(anchor.Regtest, specs, node.Options{})
		if err != nil {
			panic(err)
		}
		_, err = chain.Evidence(context.Background(), anchor.TxID{1})
		return err
	}
	fmt.Println(errors.Is(ask("esplora="+explorer.URL), anchor.ErrNotFound))
	err := ask("esplora="+explorer.URL, "rpc="+gone.URL)
	fmt.Println(errors.Is(err, anchor.ErrNotFound), node.CodeOf(err))
	// Output:
	// true
	// false unreachable
}
