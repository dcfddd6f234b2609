package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/certanchor/certanchor/anchor"
)

// wantCode fails t unless err has the code.
func wantCode(t testing.TB, err error, code Code) {
	t.Helper()
	if CodeOf(err) != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
}

// endpoints are every kind of endpoint, set up in every way that changes which calls are made.
func endpoints(w *world) map[string]Endpoint {
	return map[string]Endpoint{
		"core":                  newNodeDouble(w, nil).client(Options{}),
		"core, wallet":          newNodeDouble(w, func(d *nodeDouble) { d.wallet = true }).client(Options{}),
		"core, no index":        newNodeDouble(w, func(d *nodeDouble) { d.txindex = false }).client(Options{}),
		"btcd":                  newNodeDouble(w, func(d *nodeDouble) { d.btcd = true }).client(Options{}),
		"btcd, address index":   newNodeDouble(w, func(d *nodeDouble) { d.btcd, d.addrindex = true, true }).client(Options{}),
		"btcd, no index at all": newNodeDouble(w, func(d *nodeDouble) { d.btcd, d.txindex = true, false }).client(Options{}),
		"esplora":               newEsploraDouble(w, nil).client(Options{}),
	}
}

// each runs a test against every kind of endpoint on one world.
func each(t *testing.T, w *world, f func(t *testing.T, e Endpoint)) {
	for name, e := range endpoints(w) {
		t.Run(name, func(t *testing.T) { f(t, e) })
	}
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Evidence is the same bytes from Core (gettxoutproof), btcd (rebuilt from the block),
// Esplora (rebuilt from the ids) and from the chain itself.
func TestEvidenceByteEqual(t *testing.T) {
	for _, profile := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot} {
		t.Run(string(profile), func(t *testing.T) {
			w := newWorld(t, profile)
			var ids []anchor.TxID
			for i, coin := range w.coins()[:6] {
				raw, id := w.signed(fmt.Sprint(i), 2000, []anchor.Coin{coin})
				if err := w.accept(raw); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			ids = append(ids, w.sendMany(profile))
			w.mine(8)
			each(t, w, func(t *testing.T, e Endpoint) {
				for _, id := range ids {
					want, err := w.chain.Evidence(t.Context(), id)
					if err != nil {
						t.Fatal(err)
					}
					got, err := e.Evidence(t.Context(), id)
					if err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(asJSON(t, got), asJSON(t, want)) {
						t.Errorf("evidence of %v differs:\n%s\n%s", id, asJSON(t, got), asJSON(t, want))
					}
				}
				judged(t, w, e, ids[3])
			})
		})
	}
}

// smallCoin is a value of which three pay for a commitment at 2,000 and two do not.
var smallCoin = map[anchor.Profile]anchor.Sats{anchor.ProfileBlockcerts: 340, anchor.ProfileSegwit: 180, anchor.ProfileTaproot: 160}

// sendMany puts into the pool a commitment with three inputs, two of which spend from one
// transaction.
func (w *world) sendMany(profile anchor.Profile) anchor.TxID {
	w.t.Helper()
	var small []anchor.Coin
	for i := range 2 {
		raw := w.split(w.coins()[0], 2, smallCoin[profile])
		if err := w.accept(raw); err != nil {
			w.t.Fatalf("split %d: %v", i, err)
		}
		t, err := parseTx(raw)
		if err != nil {
			w.t.Fatal(err)
		}
		for n := range uint32(2) {
			small = append(small, anchor.Coin{OutPoint: anchor.OutPoint{TxID: t.id, Index: n}, Value: smallCoin[profile], PrevTx: raw})
		}
	}
	raw, id := w.signed("many", 2000, small)
	if t, _ := parseTx(raw); len(t.inputs) != 3 {
		w.t.Fatalf("%d inputs", len(t.inputs))
	}
	if err := w.accept(raw); err != nil {
		w.t.Fatalf("%s: %v", profile, err)
	}
	return id
}

// split spends a coin into n outputs of value to the same address, the rest as fee.
func (w *world) split(coin anchor.Coin, n int, value anchor.Sats) []byte {
	w.t.Helper()
	script, err := anchor.AddressScript(w.address, anchor.Regtest)
	if err != nil {
		w.t.Fatal(err)
	}
	msg := wire.NewMsgTx(2)
	msg.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chainhash.Hash(coin.OutPoint.TxID), Index: coin.OutPoint.Index}, Sequence: 1<<32 - 1})
	for range n {
		msg.AddTxOut(wire.NewTxOut(int64(value), script))
	}
	fetcher := txscript.NewCannedPrevOutputFetcher(script, int64(coin.Value))
	hashes := txscript.NewTxSigHashes(msg, fetcher)
	in := msg.TxIn[0]
	switch {
	case txscript.IsPayToPubKeyHash(script):
		in.SignatureScript, err = txscript.SignatureScript(msg, 0, script, txscript.SigHashAll, w.key, true)
	case txscript.IsPayToWitnessPubKeyHash(script):
		in.Witness, err = txscript.WitnessSignature(msg, hashes, 0, int64(coin.Value), script, txscript.SigHashAll, w.key, true)
	default:
		in.Witness, err = txscript.TaprootWitnessSignature(msg, hashes, 0, int64(coin.Value), script, txscript.SigHashDefault, w.key)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := msg.Serialize(&buf); err != nil {
		w.t.Fatal(err)
	}
	return buf.Bytes()
}

// judged runs the four steps of a verifier on what an endpoint gave.
func judged(t *testing.T, w *world, e Endpoint, id anchor.TxID) {
	t.Helper()
	ev, err := e.Evidence(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	top, _, err := e.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run, err := e.Headers(t.Context(), 1, top)
	if err != nil {
		t.Fatal(err)
	}
	c, err := anchor.ParseCommitment(ev.Tx)
	if err != nil {
		t.Fatal(err)
	}
	if address, err := c.IssuingAddress(ev.PrevTxs, anchor.Regtest); err != nil || address != w.address {
		t.Fatalf("%s, %v", address, err)
	}
	incl, err := anchor.CheckInclusion(ev, c.TxID, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	link, err := anchor.LinkHeaders(anchor.Regtest, incl, []anchor.HeaderRun{run}, nil, nil)
	if err != nil || link.Confirmations != 8 {
		t.Fatalf("%+v, %v", link, err)
	}
}

// Every answer is that of the chain behind the double.
func TestAnswers(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	_, old := w.send("in a block")
	w.mine(3)
	spent := w.coins()[0].OutPoint
	_, waiting := w.send("in the pool")
	each(t, w, func(t *testing.T, e Endpoint) {
		ctx := t.Context()
		if e.Network() != anchor.Regtest || e.Name() == "" {
			t.Errorf("%q, %s", e.Name(), e.Network())
		}
		wantH, wantHash, _ := w.chain.Tip(ctx)
		if h, hash, err := e.Tip(ctx); err != nil || h != wantH || hash != wantHash {
			t.Errorf("tip %d %v, %v", h, hash, err)
		}
		want, _ := w.chain.Coins(ctx, w.address)
		coins, err := e.Coins(ctx, w.address)
		if diff := cmp.Diff(want, coins); err != nil || diff != "" {
			t.Errorf("coins: %v, %s", err, diff)
		}
		for _, id := range []anchor.TxID{old, waiting} {
			want, _ := w.chain.Lookup(ctx, id)
			if got, err := e.Lookup(ctx, id); err != nil || got != want {
				t.Errorf("lookup %+v, %v; want %+v", got, err, want)
			}
		}
		if id, err := e.Spender(ctx, spent); err != nil || id != waiting {
			t.Errorf("spender in the pool: %v, %v", id, err)
		}
		ev, err := e.Evidence(ctx, old)
		if err != nil {
			t.Fatal(err)
		}
		coinbase, _ := parseTx(ev.Coinbase)
		_, err = e.Evidence(ctx, coinbase.id)
		wantCode(t, err, CodeArgument)
		c, _ := anchor.ParseCommitment(ev.Tx)
		if id, err := e.Spender(ctx, c.Inputs[0]); err != nil || id != old {
			t.Errorf("spender in a block: %v, %v", id, err)
		}
		run, err := e.Headers(ctx, 3, 60)
		wantRun, _ := w.chain.Headers(ctx, 3, 60)
		if diff := cmp.Diff(wantRun, run); err != nil || diff != "" {
			t.Errorf("headers: %v, %s", err, diff)
		}
		if run, err := e.Headers(ctx, 0, 0); err != nil || run.Header(0) != anchor.Regtest.Genesis() {
			t.Errorf("block 0: %v", err)
		}
	})
}

func TestNotKnown(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	_, waiting := w.send("in the pool")
	var nobody anchor.TxID
	nobody[7] = 7
	empty, err := anchor.Address(testKey("nobody").PubKey(), anchor.ProfileSegwit, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	change := anchor.OutPoint{TxID: waiting, Index: 0}
	each(t, w, func(t *testing.T, e Endpoint) {
		ctx := t.Context()
		if _, err := e.Lookup(ctx, nobody); !errors.Is(err, anchor.ErrNotFound) {
			t.Errorf("lookup: %v", err)
		}
		for _, id := range []anchor.TxID{nobody, waiting} {
			if _, err := e.Evidence(ctx, id); !errors.Is(err, anchor.ErrNotFound) {
				t.Errorf("evidence of %v: %v", id, err)
			}
		}
		for _, op := range []anchor.OutPoint{change, {TxID: nobody}, {TxID: waiting, Index: 9}} {
			if _, err := e.Spender(ctx, op); !errors.Is(err, anchor.ErrNotFound) {
				t.Errorf("spender of %v: %v", op, err)
			}
		}
		if coins, err := e.Coins(ctx, empty); err != nil || len(coins) != 0 {
			t.Errorf("%d coins, %v", len(coins), err)
		}
		_, err := e.Coins(ctx, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT") // of mainnet
		wantCode(t, err, CodeArgument)
		top, _ := w.tip()
		for _, r := range [][2]anchor.Height{{-1, 3}, {4, 3}, {1, top + 1}, {0, anchor.MaxRunHeaders}} {
			_, err := e.Headers(ctx, r[0], r[1])
			wantCode(t, err, CodeArgument)
		}
	})
}

// Each kind gets a world of its own, as sending changes it.
func TestBroadcast(t *testing.T) {
	for name := range endpoints(newWorld(t, anchor.ProfileBlockcerts)) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, anchor.ProfileBlockcerts)
			e := endpoints(w)[name]
			ctx := t.Context()
			coins := w.coins()
			raw, id := w.signed("one", 2000, coins)
			if err := e.Broadcast(ctx, raw); err != nil {
				t.Fatal(err)
			}
			if s, err := w.chain.Lookup(ctx, id); err != nil || !s.InMempool {
				t.Fatalf("%+v, %v", s, err)
			}
			// Core and Esplora take it again in silence, btcd says that it has it.
			if err := e.Broadcast(ctx, raw); err != nil && !errors.Is(err, anchor.ErrAlreadyKnown) {
				t.Errorf("again: %v", err)
			}
			rival, _ := w.signed("two", 2000, coins) // same fee: may not replace
			err := e.Broadcast(ctx, rival)
			wantCode(t, err, CodeRejected)
			w.mine(1)
			if err := e.Broadcast(ctx, raw); !errors.Is(err, anchor.ErrAlreadyKnown) {
				t.Errorf("in a block: %v", err)
			}
			err = e.Broadcast(ctx, rival)
			wantCode(t, err, CodeRejected)
			// Once its change is spent, a node says "inputs are missing" of it.
			for range 6 {
				w.send("next")
				w.mine(1)
			}
			if err := e.Broadcast(ctx, raw); !errors.Is(err, anchor.ErrAlreadyKnown) {
				t.Errorf("in a block and spent: %v", err)
			}
			err = e.Broadcast(ctx, raw[:len(raw)-1])
			wantCode(t, err, CodeArgument)
			err = e.Broadcast(ctx, append(bytes.Clone(raw), 0))
			wantCode(t, err, CodeArgument)
		})
	}
}

// A block that lost is no block: its transaction waits, or is gone.
func TestReorg(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	_, id := w.send("root")
	w.mine(2)
	all := endpoints(w)
	for name, e := range all {
		if s, err := e.Lookup(t.Context(), id); err != nil || s.Confirmations != 2 {
			t.Fatalf("%s: %+v, %v", name, s, err)
		}
	}
	w.reorg(2)
	for name, e := range all {
		if s, err := e.Lookup(t.Context(), id); err != nil || !s.InMempool {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if err := w.chain.Evict(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.mine(3)
	for name, e := range all {
		if s, err := e.Lookup(t.Context(), id); !errors.Is(err, anchor.ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestFeeRate(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	core := newNodeDouble(w, nil)
	rich := newNodeDouble(w, func(d *nodeDouble) {
		d.lie = func(method string, _ []any, r any) any {
			if method == "estimatesmartfee" {
				return map[string]any{"feerate": json.Number("1e-06"), "blocks": 6}
			}
			return r
		}
	})
	silent := newNodeDouble(w, func(d *nodeDouble) { d.noFee = true })
	btcd := newNodeDouble(w, func(d *nodeDouble) { d.btcd = true })
	esplora := newEsploraDouble(w, nil)
	quiet := newEsploraDouble(w, func(d *esploraDouble) { d.noFee = true })
	for name, c := range map[string]struct {
		e    Endpoint
		want anchor.FeeRate
	}{
		"core":                 {core.client(Options{FallbackFeeRate: 7}), 12345},
		"core, below relay":    {rich.client(Options{}), 1000},
		"core, no estimate":    {silent.client(Options{FallbackFeeRate: 7000}), 7000},
		"btcd, fallback":       {btcd.client(Options{FallbackFeeRate: 5000}), 5000},
		"btcd, regtest":        {btcd.client(Options{}), 1000},
		"esplora, rounded up":  {esplora.client(Options{}), 12346},
		"esplora, no estimate": {quiet.client(Options{FallbackFeeRate: 3000}), 3000},
	} {
		if got, err := c.e.FeeRate(t.Context()); err != nil || got != c.want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	// Elsewhere than on regtest nothing is made up.
	c, err := newClient("http://127.0.0.1:1", anchor.Mainnet, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.fallbackRate("x")
	wantCode(t, err, CodeNoFeeRate)
}

// Which calls are made on which node, as the package comment says.
func TestCallsUsed(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	_, id := w.send("root")
	w.mine(1)
	core := newNodeDouble(w, nil)
	btcd := newNodeDouble(w, func(d *nodeDouble) { d.btcd, d.addrindex = true, true })
	for _, d := range []*nodeDouble{core, btcd} {
		e := d.client(Options{})
		if _, err := e.Evidence(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Coins(t.Context(), w.address); err != nil {
			t.Fatal(err)
		}
	}
	if core.called("gettxoutproof") != 1 || core.called("scantxoutset") != 1 {
		t.Errorf("core: %v", core.calls)
	}
	if btcd.called("searchrawtransactions") == 0 {
		t.Errorf("btcd: %v", btcd.calls)
	}
}
