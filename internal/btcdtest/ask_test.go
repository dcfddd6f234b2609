package btcdtest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/node"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/verifier"
)

// TestWrongNetwork: an endpoint is known by its block 0, whatever it is said to be. The
// issuer's state stays as it was.
func TestWrongNetwork(t *testing.T) {
	b := newBoard(t, "")
	regtest := startBtcd(t, b.key.Address, "--regtest")
	regtest.generate(1)
	simnet := startBtcd(t, "", "--simnet", "--connect=127.0.0.1:1")
	testnet := startBtcd(t, "", "--testnet", "--connect=127.0.0.1:1")
	for _, c := range []struct {
		name string
		n    *btcd
		net  anchor.Network
	}{
		{"regtest as mainnet", regtest, anchor.Mainnet},
		{"regtest as testnet4", regtest, anchor.Testnet4},
		{"regtest as signet", regtest, anchor.Signet},
		{"simnet as regtest", simnet, anchor.Regtest},
		{"testnet3 as regtest", testnet, anchor.Regtest},
		{"testnet3 as testnet4, where addresses look alike", testnet, anchor.Testnet4},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain, ctx := rpcClient(t, c.n.address(), c.net), t.Context()
			_, _, tip := chain.Tip(ctx)
			_, lookup := chain.Lookup(ctx, anchor.TxID{1})
			_, evidence := chain.Evidence(ctx, anchor.TxID{1})
			_, rate := chain.FeeRate(ctx)
			_, headers := chain.Headers(ctx, 0, 0)
			for _, err := range []error{tip, lookup, evidence, rate, headers} {
				if node.CodeOf(err) != node.CodeWrongNetwork {
					t.Errorf("%v", err)
				}
			}
		})
	}
	if got, err := node.NetworkOf(t.Context(), "rpc="+regtest.address(), node.Options{}); err != nil || got != anchor.Regtest {
		t.Errorf("known as %s, %v", got, err)
	}
	if got, err := node.NetworkOf(t.Context(), "rpc="+testnet.address(), node.Options{}); err != nil || got != anchor.Testnet3 {
		t.Errorf("known as %s, %v", got, err)
	}
	if _, err := node.NetworkOf(t.Context(), "rpc="+simnet.address(), node.Options{}); node.CodeOf(err) != node.CodeWrongNetwork {
		t.Errorf("simnet: %v", err)
	}
	batch, err := b.is.Seal(t.Context(), anchor.Regtest, b.drafts(1))
	b.must(err)
	err = batch.Fund(t.Context(), rpcClient(t, testnet.address(), anchor.Regtest), b.key.Address, feeCap)
	if node.CodeOf(err) != node.CodeWrongNetwork || batch.State() != issuer.Sealed {
		t.Errorf("funded from another network: %v, %s", err, batch.State())
	}
	var other *issuer.NetworkError
	if err := batch.Fund(t.Context(), rpcClient(t, testnet.address(), anchor.Testnet3), b.key.Address, feeCap); !errors.As(err, &other) || batch.State() != issuer.Sealed {
		t.Errorf("funded from another network: %v, %s", err, batch.State())
	}
}

// TestMoney: a wrong password, no coins, a coin a block too young, a fee above the cap: an
// error that says so, and the batch as it was. The coin that package node thinks old
// enough is old enough for the node.
func TestMoney(t *testing.T) {
	b := newBoard(t, "")
	n := startBtcd(t, b.key.Address, "--regtest", "--txindex", "--addrindex")
	chain, ctx := rpcClient(t, n.address(), anchor.Regtest), t.Context()
	batch, err := b.is.Seal(ctx, anchor.Regtest, b.drafts(1))
	b.must(err)
	still := func(want issuer.State) {
		t.Helper()
		if batch.State() != want || len(n.pool()) != 0 {
			t.Errorf("%s, want %s; pool %v", batch.State(), want, n.pool())
		}
	}
	stranger := rpcClient(t, strings.Replace(n.address(), rpcPass, "wrong", 1), anchor.Regtest)
	err = batch.Fund(ctx, stranger, b.key.Address, feeCap)
	if node.CodeOf(err) != node.CodeUnauthorized || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong password: %v", err)
	}
	still(issuer.Sealed)
	var poor *anchor.InsufficientFundsError
	if err := batch.Fund(ctx, chain, b.key.Address, feeCap); !errors.As(err, &poor) || poor.Missing <= 0 {
		t.Errorf("no coins: %v", err)
	}
	n.generate(99)
	if err := batch.Fund(ctx, chain, b.key.Address, feeCap); !errors.As(err, &poor) || poor.Have != 0 {
		t.Errorf("young coins: %v", err)
	}
	still(issuer.Sealed)
	n.generate(1)
	var dear *anchor.FeeAboveCapError
	if err := batch.Fund(ctx, chain, b.key.Address, 10); !errors.As(err, &dear) || dear.Cap != 10 || dear.Fee <= 10 {
		t.Errorf("fee above the cap: %v", err)
	}
	still(issuer.Waiting)
	b.must(batch.Fund(ctx, chain, b.key.Address, feeCap))
	still(issuer.Funded)
	b.must(batch.Sign(b.key))
	b.must(batch.Broadcast(ctx, chain))
	if pool := n.pool(); !slices.Equal(pool, []string{batch.TxID().String()}) {
		t.Errorf("pool %v", pool)
	}
}

// TestIndexesAndProfiles: each form of issuing address on nodes with all indexes, with the
// one of transactions, and with none: the same transaction, the same evidence, valid.
func TestIndexesAndProfiles(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile anchor.Profile
		flags   []string
	}{
		{"P2PKH, no index", anchor.ProfileBlockcerts, nil},
		{"P2WPKH, index of transactions", anchor.ProfileSegwit, []string{"--txindex"}},
		{"P2TR, both indexes", anchor.ProfileTaproot, []string{"--txindex", "--addrindex"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t, c.profile)
			n := startBtcd(t, b.key.Address, append(c.flags, "--regtest")...)
			n.generate(110)
			chain := rpcClient(t, n.address(), anchor.Regtest)
			batch := b.sent(chain, 3)
			if pool := n.pool(); !slices.Equal(pool, []string{batch.TxID().String()}) {
				t.Fatalf("pool %v", pool)
			}
			block := n.generate(12)[0]
			b.confirm(chain, batch)
			credentials := b.finish(batch)
			ev := b.evidence(chain, credentials[0])
			hash, _ := batch.Block()
			if hash.String() != block {
				t.Errorf("confirmed in %v, mined in %s", hash, block)
			}
			made, err := chain.Evidence(t.Context(), batch.TxID())
			b.must(err)
			sameBytes(t, "gathered and asked for", ev.Transactions[batch.TxID().String()], made)
			sameBytes(t, "evidence of node and of block", made, ownEvidence(n, batch.TxID()))
			n.stop()
			for i, raw := range credentials {
				if r := verifier.Check(raw, ev, b.trust(), time.Now()); r.Verdict != verifier.Valid {
					t.Errorf("credential %d: %s: %v", i, r.Verdict, r.Err())
				}
			}
		})
	}
}

// TestSharedAnchor: boards without a coin, and one that pays for all: one transaction on
// the chain, and every board's licences valid where the payer's address is trusted.
func TestSharedAnchor(t *testing.T) {
	count := 7
	if long() {
		count = 70
	}
	federation := newBoard(t, "")
	n := fewCoins(t, federation, "--regtest", "--txindex", "--addrindex")
	chain, ctx := rpcClient(t, n.address(), anchor.Regtest), t.Context()
	var boards []*board
	var batches []*issuer.Batch
	var requests []*issuer.RootRequest
	for range count {
		b := newBoard(t, "")
		batch, err := b.is.Seal(ctx, anchor.Regtest, b.drafts(3))
		b.must(err)
		request, err := batch.Request()
		b.must(err)
		boards, batches, requests = append(boards, b), append(batches, batch), append(requests, request)
	}
	shared, err := federation.is.SealRoots(ctx, anchor.Regtest, requests)
	federation.must(err)
	federation.must(shared.Fund(ctx, chain, federation.key.Address, feeCap))
	federation.must(shared.Sign(federation.key))
	federation.must(shared.Broadcast(ctx, chain))
	n.generate(12)
	federation.confirm(chain, shared)
	answers, err := shared.Answers()
	federation.must(err)
	if c := anchors(n, shared.Root()); c != 1 {
		t.Errorf("%d transactions carry the shared root", c)
	}
	valid := 0
	for i, b := range boards {
		b.must(batches[i].Adopt(answers[i]))
		credentials := b.finish(batches[i])
		ev := b.evidence(chain, credentials[0])
		for _, raw := range credentials {
			r := verifier.Check(raw, ev, b.trust(federation.key.Address), time.Now())
			if r.Verdict != verifier.Valid {
				t.Errorf("board %d: %s: %v", i, r.Verdict, r.Err())
			}
			valid++
			if r := verifier.Check(raw, ev, b.trust(), time.Now()); r.Verdict == verifier.Valid {
				t.Errorf("board %d: valid although nobody trusts the payer", i)
			}
		}
	}
	t.Logf("%d boards, one transaction, %d licences valid", count, valid)
}
