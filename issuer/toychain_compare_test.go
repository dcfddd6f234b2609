package issuer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// TestToyChain walks at random, on the toy chain and on anchor/regtest with the same
// coins, and wants the same answers: what is taken and what refused, where everything is,
// which coins there are, after blocks, evictions and reorganisations.
func TestToyChain(t *testing.T) {
	walks := 40
	steps, taken, refused := 0, 0, 0
	for seed := range walks {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		_, key, real := profiled(t, []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit}[seed%2])
		w := &twoChains{t: t, key: key, real: real, toy: newToyLedger(t, key.Address), what: fmt.Sprintf("walk %d", seed)}
		w.begin()
		for range 40 {
			steps++
			switch r.IntN(10) {
			case 0, 1, 2, 3:
				if w.broadcast(r) {
					taken++
				} else {
					refused++
				}
			case 4, 5:
				w.mine()
			case 6:
				w.reorg(1 + r.IntN(3))
			case 7:
				w.evict(r)
			default:
				w.child(r)
			}
			w.compare()
		}
	}
	t.Logf("%d steps on both chains, %d transactions taken and %d refused, by both", steps, taken, refused)
	if taken < 150 || refused < 100 {
		t.Error("too few")
	}
}

type twoChains struct {
	t    *testing.T
	key  *AnchorKey
	real *regtest.Chain
	toy  *toyLedger
	net  toyChain
	base anchor.Height
	made []variant
	what string
	txs  []anchor.TxID
}

// begin splits a coin of the real chain into three, which are those that the toy begins
// with.
func (w *twoChains) begin() {
	w.t.Helper()
	coins, err := w.real.Coins(context.Background(), w.key.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.toy.coins = nil
	for _, c := range coins[:min(3, len(coins))] {
		out, err := w.toy.tx(c.PrevTx)
		if err == nil {
			w.t.Fatalf("a coinbase was judged: %v", out)
		}
		w.toy.coins = append(w.toy.coins, c)
		w.toy.coinOwner[c.OutPoint] = outputOf(w.t, c)
	}
	w.base, _, err = w.real.Tip(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
}

// broadcast sends a commitment of a few of the coins, at some rate, or one made before.
func (w *twoChains) broadcast(r *rand.Rand) (taken bool) {
	w.t.Helper()
	var raw []byte
	if len(w.made) > 0 && r.IntN(3) == 0 {
		raw = w.made[r.IntN(len(w.made))].raw
	} else {
		from := slices.Clone(w.toy.coins)
		if free, _ := w.node().Coins(context.Background(), w.key.Address); r.IntN(2) == 0 && len(free) > 0 {
			from = free
		}
		r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
		from = from[:1+r.IntN(len(from))]
		u, err := anchor.BuildCommitment([32]byte{byte(r.IntN(3))}, from, w.key.Address, anchor.FeeRate(700+r.IntN(4)*900), 1<<40, anchor.Regtest)
		if err != nil {
			w.t.Fatal(err)
		}
		if raw, err = anchor.SignCommitment(u, from, w.key); err != nil {
			w.t.Fatal(err)
		}
		w.made = append(w.made, variant{raw: raw, coins: from})
	}
	return w.send(raw)
}

func (w *twoChains) node() *toyNode { return &toyNode{toyLedger: w.toy, net: w.net} }

func (w *twoChains) send(raw []byte) bool {
	w.t.Helper()
	node := w.node()
	a, b := w.real.Broadcast(context.Background(), raw), node.Broadcast(context.Background(), raw)
	w.net = node.net
	if (a == nil) != (b == nil) || errors.Is(a, anchor.ErrAlreadyKnown) != errors.Is(b, anchor.ErrAlreadyKnown) {
		w.t.Fatalf("%s: the real chain says %v, the toy %v", w.what, a, b)
	}
	if t, err := w.toy.tx(raw); err == nil && !slices.Contains(w.txs, t.id) {
		w.txs = append(w.txs, t.id)
	}
	return a == nil
}

// child sends a child of something in the pool.
func (w *twoChains) child(r *rand.Rand) {
	for _, v := range w.made {
		c, err := anchor.BuildChild(v.raw, v.coins, w.key.Address, anchor.FeeRate(3000+r.IntN(3)*3000), 1<<40, anchor.Regtest)
		if err != nil || r.IntN(2) == 0 {
			continue
		}
		raw, _, err := anchor.SignChild(c, w.key)
		if err != nil {
			w.t.Fatal(err)
		}
		w.send(raw)
		return
	}
}

func (w *twoChains) mine() {
	// Coins that the blocks themselves make are of no concern: they go to nobody's address.
	if _, err := w.real.Mine(1, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", testDay); err != nil {
		w.t.Fatal(err)
	}
	w.net = w.net.mineAll(w.toy)
}

func (w *twoChains) reorg(depth int) {
	if depth > len(w.net.blocks) {
		return
	}
	if err := w.real.Reorg(depth); err != nil {
		w.t.Fatal(err)
	}
	w.net = w.net.reorg(w.toy, depth)
}

func (w *twoChains) evict(r *rand.Rand) {
	if len(w.net.pool) == 0 {
		return
	}
	t := w.net.pool[r.IntN(len(w.net.pool))]
	if err := w.real.Evict(context.Background(), t.id); err != nil {
		w.t.Fatal(err)
	}
	w.net = w.net.clone()
	w.net.drop(t)
}

func (w *twoChains) compare() {
	w.t.Helper()
	ctx := context.Background()
	for _, id := range w.txs {
		a, err := w.real.Lookup(ctx, id)
		b, ok := w.net.find(w.toy, id)
		if (err == nil) != ok || ok && (a.InMempool != b.InMempool || a.Confirmations != b.Confirmations || a.Confirmations > 0 && a.Height-w.base != b.Height-toyHeight) {
			w.t.Fatalf("%s: %v is %+v (%v) on the real chain, %+v (%v) on the toy", w.what, id, a, err, b, ok)
		}
	}
	for _, c := range w.toy.coins {
		a, err1 := w.real.Spender(ctx, c.OutPoint)
		b, err2 := w.node().Spender(ctx, c.OutPoint)
		if a != b || (err1 == nil) != (err2 == nil) {
			w.t.Fatalf("%s: coin %v is spent by %v (%v), %v (%v)", w.what, c.OutPoint, a, err1, b, err2)
		}
	}
	coins, err := w.real.Coins(ctx, w.key.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	var real, toy []anchor.OutPoint
	for _, c := range coins {
		if !c.Coinbase || slices.ContainsFunc(w.toy.coins, func(x anchor.Coin) bool { return x.OutPoint == c.OutPoint }) {
			real = append(real, c.OutPoint)
		}
	}
	coins, _ = w.node().Coins(ctx, w.key.Address)
	for _, c := range coins {
		toy = append(toy, c.OutPoint)
	}
	if !slices.Equal(real, toy) {
		w.t.Fatalf("%s: coins %v, the toy has %v", w.what, real, toy)
	}
}
