package regtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A user has one key and its address.
type user struct {
	signer  anchor.KeySigner
	address string
}

func newUser(t testing.TB, name string, p anchor.Profile) user {
	t.Helper()
	seed := sha256.Sum256([]byte("regtest user " + name))
	key, _ := btcec.PrivKeyFromBytes(seed[:])
	addr, err := anchor.Address(key.PubKey(), p, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	return user{anchor.NewKeySigner(key), addr}
}

func mine(t testing.TB, c *Chain, n int, to string) []anchor.BlockHash {
	t.Helper()
	h, err := c.Mine(n, to, start.Add(time.Duration(tipOf(t, c))*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func tipOf(t testing.TB, c *Chain) anchor.Height {
	t.Helper()
	h, _, err := c.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func coinsOf(t testing.TB, c *Chain, u user) []anchor.Coin {
	t.Helper()
	coins, err := c.Coins(t.Context(), u.address)
	if err != nil {
		t.Fatal(err)
	}
	return coins
}

// commit signs a commitment that spends coins at a rate.
func commit(t testing.TB, u user, coins []anchor.Coin, mark byte, rate anchor.FeeRate) (raw []byte, id anchor.TxID) {
	t.Helper()
	un, err := anchor.BuildCommitment([32]byte{mark}, coins, u.address, rate, 1e9, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	raw, err = anchor.SignCommitment(un, coins, u.signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := anchor.ParseCommitment(raw)
	if err != nil {
		t.Fatal(err)
	}
	return raw, c.TxID
}

func send(t testing.TB, c *Chain, raw []byte) {
	t.Helper()
	if err := c.Broadcast(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
}

func wantReject(t testing.TB, err error, code string) {
	t.Helper()
	var r *RejectError
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("error %v, want %s", err, code)
	}
}

func status(t testing.TB, c *Chain, id anchor.TxID) anchor.TxStatus {
	t.Helper()
	s, err := c.Lookup(t.Context(), id)
	if err != nil && !errors.Is(err, anchor.ErrNotFound) {
		t.Fatal(err)
	}
	return s
}

func decode(t testing.TB, raw []byte) *wire.MsgTx {
	t.Helper()
	tx, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func funded(t testing.TB, p anchor.Profile) (*Chain, user) {
	t.Helper()
	c, u := New(), newUser(t, "issuer", p)
	mine(t, c, CoinbaseMaturity+4, u.address)
	return c, u
}

func TestCoinsMature(t *testing.T) {
	c, u := New(), newUser(t, "issuer", anchor.ProfileSegwit)
	mine(t, c, CoinbaseMaturity-1, u.address)
	if n := len(coinsOf(t, c, u)); n != 0 {
		t.Fatalf("%d coins after 99 blocks", n)
	}
	mine(t, c, 1, u.address)
	coins := coinsOf(t, c, u)
	// The next block is 101; the coin of block 1 has 100 blocks then.
	if len(coins) != 1 || !coins[0].Coinbase || coins[0].Confirmations != 100 || coins[0].Value != 50e8 {
		t.Fatalf("%+v", coins)
	}
	mine(t, c, 2, newUser(t, "other", anchor.ProfileSegwit).address)
	if n := len(coinsOf(t, c, u)); n != 3 {
		t.Fatalf("%d coins", n)
	}
	if _, err := c.Coins(t.Context(), "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"); err == nil {
		t.Error("mainnet address accepted")
	}
}

func TestLifeOfATransaction(t *testing.T) {
	for _, p := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot} {
		t.Run(string(p), func(t *testing.T) {
			c, u := funded(t, p)
			ctx := t.Context()
			raw, id := commit(t, u, coinsOf(t, c, u), 1, 1500)
			spent := outPoint(decode(t, raw).TxIn[0].PreviousOutPoint)
			if _, err := c.Lookup(ctx, id); !errors.Is(err, anchor.ErrNotFound) {
				t.Fatal(err)
			}
			if _, err := c.Spender(ctx, spent); !errors.Is(err, anchor.ErrNotFound) {
				t.Fatal(err)
			}
			before := len(coinsOf(t, c, u))
			send(t, c, raw)
			if err := c.Broadcast(ctx, raw); !errors.Is(err, anchor.ErrAlreadyKnown) {
				t.Fatal(err)
			}
			if s := status(t, c, id); !s.InMempool || s.Confirmations != 0 {
				t.Fatalf("%+v", s)
			}
			if _, err := c.Evidence(ctx, id); !errors.Is(err, anchor.ErrNotFound) {
				t.Fatal(err)
			}
			if n := len(coinsOf(t, c, u)); n != before-1 {
				t.Fatalf("%d coins, had %d", n, before)
			}
			hashes := mine(t, c, 3, u.address)
			s := status(t, c, id)
			if s.InMempool || s.Block != hashes[0] || s.Confirmations != 3 || s.Height != tipOf(t, c)-2 {
				t.Fatalf("%+v", s)
			}
			if by, err := c.Spender(ctx, spent); err != nil || by != id {
				t.Fatal(by, err)
			}
			if err := c.Broadcast(ctx, raw); !errors.Is(err, anchor.ErrAlreadyKnown) {
				t.Fatal(err)
			}
			ev, err := c.Evidence(ctx, id)
			if err != nil || !bytes.Equal(ev.Tx, raw) || ev.Meta.Height != s.Height {
				t.Fatalf("%+v, %v", ev, err)
			}
			incl, err := anchor.CheckInclusion(ev, id, anchor.Regtest)
			if err != nil || incl.BlockHash != s.Block || incl.Position != 1 {
				t.Fatalf("%+v, %v", incl, err)
			}
			change := slices.IndexFunc(coinsOf(t, c, u), func(k anchor.Coin) bool { return k.OutPoint.TxID == id })
			if k := coinsOf(t, c, u)[change]; k.Coinbase || k.Confirmations != 3 || k.OutPoint.Index != 0 {
				t.Errorf("change %+v", k)
			}
		})
	}
}

func TestDoubleSpendAndReplacement(t *testing.T) {
	c, u := funded(t, anchor.ProfileSegwit)
	coins := coinsOf(t, c, u)
	low, lowID := commit(t, u, coins, 1, 1000)
	same, _ := commit(t, u, coins, 2, 1000)
	slightly, _ := commit(t, u, coins, 1, 1500) // does not pay for its own relay on top
	high, highID := commit(t, u, coins, 1, 3000)
	send(t, c, low)
	wantReject(t, c.Broadcast(t.Context(), same), RejectReplacement)
	wantReject(t, c.Broadcast(t.Context(), slightly), RejectReplacement)

	// A child of the first goes with it.
	child, childID := commit(t, u, unconfirmed(t, c, low), 3, 1000)
	send(t, c, child)
	wantReject(t, c.Broadcast(t.Context(), slightly), RejectReplacement)
	send(t, c, high)
	for id, in := range map[anchor.TxID]bool{lowID: false, childID: false, highID: true} {
		if status(t, c, id).InMempool != in {
			t.Errorf("%v in pool: %v", id, !in)
		}
	}
	wantReject(t, c.Broadcast(t.Context(), low), RejectReplacement)
	mine(t, c, 1, u.address)
	if status(t, c, highID).Confirmations != 1 {
		t.Error("replacement did not confirm")
	}
	wantReject(t, c.Broadcast(t.Context(), low), RejectInputs)
	wantReject(t, c.Broadcast(t.Context(), child), RejectInputs)
}

// unconfirmed returns the change of a transaction in the pool as a coin.
func unconfirmed(t testing.TB, c *Chain, raw []byte) []anchor.Coin {
	t.Helper()
	tx := decode(t, raw)
	return []anchor.Coin{{OutPoint: anchor.OutPoint{TxID: anchor.TxID(tx.TxHash())}, Value: anchor.Sats(tx.TxOut[0].Value), PrevTx: raw}}
}

func TestFinalTransactionIsNotReplaced(t *testing.T) {
	c, u := funded(t, anchor.ProfileSegwit)
	coins := coinsOf(t, c, u)
	raw, _ := commit(t, u, coins, 1, 1000)
	final := resign(t, u, coins, raw, func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = sequenceFinal })
	send(t, c, final)
	high, _ := commit(t, u, coins, 1, 9000)
	wantReject(t, c.Broadcast(t.Context(), high), RejectDoubleSpend)
}

// resign changes a transaction and signs it again, P2WPKH.
func resign(t testing.TB, u user, coins []anchor.Coin, raw []byte, bend func(*wire.MsgTx)) []byte {
	t.Helper()
	tx := decode(t, raw)
	bend(tx)
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range tx.TxIn {
		fetcher.AddPrevOut(in.PreviousOutPoint, decode(t, coins[i].PrevTx).TxOut[coins[i].OutPoint.Index])
	}
	hashes := txscript.NewTxSigHashes(tx, fetcher)
	for i, in := range tx.TxIn {
		out := fetcher.FetchPrevOutput(in.PreviousOutPoint)
		digest, err := txscript.CalcWitnessSigHash(out.PkScript, hashes, txscript.SigHashAll, tx, i, out.Value)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := u.signer.SignECDSA([32]byte(digest))
		if err != nil {
			t.Fatal(err)
		}
		in.Witness = wire.TxWitness{append(sig, byte(txscript.SigHashAll)), u.signer.PublicKey().SerializeCompressed()}
	}
	return serialize(tx)
}

func TestRefusedTransactions(t *testing.T) {
	c, u := funded(t, anchor.ProfileSegwit)
	coins := coinsOf(t, c, u)
	raw, _ := commit(t, u, coins, 1, 2000)
	bent := func(bend func(*wire.MsgTx)) []byte { return resign(t, u, coins, raw, bend) }
	tip := uint32(tipOf(t, c))
	for _, x := range []struct {
		name, code string
		raw        []byte
	}{
		{"cut", RejectMalformed, raw[:50]},
		{"trailing byte", RejectMalformed, append(bytes.Clone(raw), 0)},
		{"too large", RejectMalformed, make([]byte, anchor.MaxTxSize+1)},
		{"input twice", RejectMalformed, bent(func(tx *wire.MsgTx) {
			tx.TxIn = append(tx.TxIn, tx.TxIn[0])
			coins = append(coins[:1:1], coins...)
		})},
		{"negative amount", RejectMalformed, bent(func(tx *wire.MsgTx) { tx.TxOut[0].Value = -1 })},
		{"amounts overflow", RejectMalformed, bent(func(tx *wire.MsgTx) { tx.TxOut[0].Value = maxMoney; tx.TxOut[1].Value = 1 })},
		{"more out than in", RejectValue, bent(func(tx *wire.MsgTx) { tx.TxOut[0].Value = 50e8 + 1 })},
		{"no fee", RejectFee, bent(func(tx *wire.MsgTx) { tx.TxOut[0].Value = 50e8 })},
		{"output that is not there", RejectInputs, bent(func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Hash[0] ^= 1 })},
		{"lock on height", RejectLockTime, bent(func(tx *wire.MsgTx) { tx.LockTime = tip + 1 })},
		{"lock on time", RejectLockTime, bent(func(tx *wire.MsgTx) { tx.LockTime = uint32(start.AddDate(1, 0, 0).Unix()) })},
		{"relative lock", RejectLockTime, bent(func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = 5 })},
		{"signature of another transaction", RejectScript, func() []byte {
			tx := decode(t, raw)
			tx.TxOut[1].PkScript[5] ^= 1
			return serialize(tx)
		}()},
		{"no witness", RejectScript, func() []byte {
			tx := decode(t, raw)
			tx.TxIn[0].Witness = nil
			return serialize(tx)
		}()},
		{"coinbase", RejectInputs, serialize(c.blocks[1].msg.Transactions[0].Copy())},
	} {
		t.Run(x.name, func(t *testing.T) {
			err := c.Broadcast(t.Context(), x.raw)
			if x.name == "coinbase" {
				if !errors.Is(err, anchor.ErrAlreadyKnown) {
					t.Fatal(err)
				}
				return
			}
			wantReject(t, err, x.code)
		})
	}
	// A lock that has passed is fine.
	send(t, c, bent(func(tx *wire.MsgTx) { tx.LockTime = tip }))

	young := c.blocks[tipOf(t, c)].msg.Transactions[0]
	coin := anchor.Coin{OutPoint: anchor.OutPoint{TxID: anchor.TxID(young.TxHash())}, Value: 50e8, PrevTx: serialize(young)}
	raw, _ = commit(t, u, []anchor.Coin{coin}, 1, 2000)
	wantReject(t, c.Broadcast(t.Context(), raw), RejectImmature)
}

func TestReorg(t *testing.T) {
	c, u := funded(t, anchor.ProfileTaproot)
	raw, id := commit(t, u, coinsOf(t, c, u), 1, 2000)
	send(t, c, raw)
	old := mine(t, c, 3, u.address)
	coins := coinsOf(t, c, u)
	if err := c.Reorg(3); err != nil {
		t.Fatal(err)
	}
	if s := status(t, c, id); !s.InMempool {
		t.Fatalf("%+v", s)
	}
	// The same transaction confirms in other blocks.
	again := mine(t, c, 3, u.address)
	if s := status(t, c, id); s.Block != again[0] || slices.ContainsFunc(old, func(h anchor.BlockHash) bool { return slices.Contains(again, h) }) {
		t.Fatalf("%+v: %v and %v", s, old, again)
	}
	if now := coinsOf(t, c, u); len(now) != len(coins) {
		t.Errorf("%d coins, had %d", len(now), len(coins))
	}
	// Evicted during a reorg, its coin is free again.
	if err := c.Reorg(3); err != nil {
		t.Fatal(err)
	}
	if err := c.Evict(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := c.Evict(t.Context(), id); !errors.Is(err, anchor.ErrNotFound) {
		t.Fatal(err)
	}
	mine(t, c, 1, u.address)
	if _, err := c.Lookup(t.Context(), id); !errors.Is(err, anchor.ErrNotFound) {
		t.Fatal(err)
	}
	other, otherID := commit(t, u, coinsOf(t, c, u), 2, 2000)
	send(t, c, other)
	mine(t, c, 1, u.address)
	if status(t, c, otherID).Confirmations != 1 {
		t.Error("coin was not free")
	}
	wantReject(t, c.Broadcast(t.Context(), raw), RejectInputs)
	for _, depth := range []int{0, -1, int(tipOf(t, c)) + 1} {
		if err := c.Reorg(depth); err == nil {
			t.Errorf("depth %d accepted", depth)
		}
	}
	if err := c.Reorg(int(tipOf(t, c))); err != nil || tipOf(t, c) != 0 || len(c.utxos) != 0 || len(c.byOwner) != 0 || len(c.spent) != 0 || len(c.places) != 1 {
		t.Errorf("after a reorg to genesis: %d outputs, %d places", len(c.utxos), len(c.places))
	}
}

// Coins of lost blocks take what spends them along.
func TestReorgLosesImmatureCoins(t *testing.T) {
	c, u := New(), newUser(t, "issuer", anchor.ProfileSegwit)
	mine(t, c, CoinbaseMaturity, u.address)
	raw, id := commit(t, u, coinsOf(t, c, u), 1, 2000)
	send(t, c, raw)
	child, childID := commit(t, u, unconfirmed(t, c, raw), 2, 2000)
	send(t, c, child)
	if err := c.Reorg(1); err != nil {
		t.Fatal(err)
	}
	for _, id := range []anchor.TxID{id, childID} {
		if _, err := c.Lookup(t.Context(), id); !errors.Is(err, anchor.ErrNotFound) {
			t.Error("spends a coin that is not mature")
		}
	}
}

func TestParentAndChildInOneBlock(t *testing.T) {
	c, u := funded(t, anchor.ProfileBlockcerts)
	raw, id := commit(t, u, coinsOf(t, c, u), 1, 2000)
	send(t, c, raw)
	child, childID := commit(t, u, unconfirmed(t, c, raw), 2, 2000)
	send(t, c, child)
	hashes := mine(t, c, 1, u.address)
	if a, b := status(t, c, id), status(t, c, childID); a.Block != hashes[0] || b.Block != hashes[0] {
		t.Fatalf("%+v, %+v", a, b)
	}
	if err := c.Reorg(1); err != nil {
		t.Fatal(err)
	}
	if a, b := status(t, c, id), status(t, c, childID); !a.InMempool || !b.InMempool {
		t.Fatalf("%+v, %+v", a, b)
	}
}

// The blocks are real: headers by every rule, roots, witness commitments, subsidies.
func TestBlocksByTheRules(t *testing.T) {
	c, u := funded(t, anchor.ProfileSegwit)
	other := newUser(t, "other", anchor.ProfileTaproot)
	for range 60 {
		for i := range byte(3) {
			raw, _ := commit(t, u, coinsOf(t, c, u)[:1], i, 2000)
			send(t, c, raw)
		}
		mine(t, c, 2, other.address)
	}
	run, err := c.Headers(t.Context(), 0, tipOf(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.NewHeaderStore(anchor.Regtest, run.Headers); err != nil {
		t.Fatal(err)
	}
	for h, b := range c.blocks {
		if h == 0 {
			continue
		}
		header := b.header()
		if anchor.MerkleRoot(b.ids) != header.MerkleRoot() || header.Hash() != b.hash {
			t.Fatalf("block %d: root", h)
		}
		checkCoinbase(t, c, anchor.Height(h), b)
	}
	var total int64
	for _, o := range c.utxos {
		total += o.out.Value
	}
	if want := int64(149*50e8 + (int64(tipOf(t, c))-149)*25e8); total != want {
		t.Errorf("%d sats in all, want %d", total, want)
	}
}

func checkCoinbase(t *testing.T, c *Chain, h anchor.Height, b *block) {
	t.Helper()
	coinbase := b.msg.Transactions[0]
	if !bytes.HasPrefix(coinbase.TxIn[0].SignatureScript, anchor.CoinbaseHeight(h)) {
		t.Fatalf("block %d: height", h)
	}
	witness := slices.ContainsFunc(b.msg.Transactions[1:], func(tx *wire.MsgTx) bool { return tx.HasWitness() })
	if witness != (len(coinbase.TxOut) == 2) {
		t.Fatalf("block %d: witness commitment", h)
	}
	if !witness {
		return
	}
	ids := []anchor.TxID{{}}
	for _, tx := range b.msg.Transactions[1:] {
		ids = append(ids, anchor.TxID(tx.WitnessHash()))
	}
	root := anchor.MerkleRoot(ids)
	first := sha256.Sum256(append(root[:], coinbase.TxIn[0].Witness[0]...))
	want := sha256.Sum256(first[:])
	if !bytes.Equal(coinbase.TxOut[1].PkScript, append([]byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}, want[:]...)) {
		t.Fatalf("block %d: witness commitment", h)
	}
}

func TestSubsidy(t *testing.T) {
	for h, want := range map[anchor.Height]int64{1: 50e8, 149: 50e8, 150: 25e8, 300: 1_250_000_000, 150 * 32: 1, 150 * 33: 0, 150 * 64: 0, 1 << 30: 0} {
		if got := subsidy(h); got != want {
			t.Errorf("height %d: %d, want %d", h, got, want)
		}
	}
}

func TestBlockTimes(t *testing.T) {
	c, u := New(), newUser(t, "issuer", anchor.ProfileSegwit)
	for range 3 { // the clock stands still, then goes back
		if _, err := c.Mine(40, u.address, start); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Mine(5, u.address, start.AddDate(-1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	run, err := c.Headers(t.Context(), 0, 125)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.NewHeaderStore(anchor.Regtest, run.Headers); err != nil {
		t.Fatal(err)
	}
	if last := run.Header(125).Time(); run.Header(1).Time() != start || last.Sub(start) > time.Minute {
		t.Errorf("first %v, last %v", run.Header(1).Time(), last)
	}
	for _, bad := range []time.Time{time.Unix(-1, 0), time.Unix(1<<32, 0)} {
		if _, err := c.Mine(1, u.address, bad); err == nil {
			t.Errorf("%v accepted", bad)
		}
	}
	if _, err := c.Mine(-1, u.address, start); err == nil {
		t.Error("-1 blocks accepted")
	}
	if h, err := c.Mine(0, u.address, start); err != nil || len(h) != 0 {
		t.Error(err)
	}
	if _, err := c.Mine(1, "nobody", start); err == nil {
		t.Error("address accepted")
	}
}

func TestEqualCallsMakeEqualBlocks(t *testing.T) {
	var tips []anchor.BlockHash
	for range 2 {
		c, u := funded(t, anchor.ProfileTaproot)
		raw, _ := commit(t, u, coinsOf(t, c, u), 1, 2000)
		send(t, c, raw)
		mine(t, c, 2, u.address)
		_, tip, _ := c.Tip(t.Context())
		tips = append(tips, tip)
	}
	if tips[0] != tips[1] {
		t.Error("tips differ")
	}
}

func TestHeaderRequests(t *testing.T) {
	c, _ := funded(t, anchor.ProfileSegwit)
	tip := tipOf(t, c)
	for _, r := range [][2]anchor.Height{{-1, 3}, {3, 2}, {0, tip + 1}, {tip + 1, tip + 1}} {
		if _, err := c.Headers(t.Context(), r[0], r[1]); err == nil {
			t.Errorf("%v accepted", r)
		}
	}
	run, err := c.Headers(t.Context(), 5, 5)
	if err != nil || run.Start != 5 || run.Len() != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	coinbase := c.blocks[1].ids[0]
	if _, err := c.Evidence(t.Context(), coinbase); err == nil {
		t.Error("evidence of a coinbase")
	}
}

func TestEndedContext(t *testing.T) {
	c, u := funded(t, anchor.ProfileSegwit)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err1 := c.Coins(ctx, u.address)
	_, err2 := c.Lookup(ctx, anchor.TxID{})
	_, err3 := c.FeeRate(ctx)
	err4 := c.Broadcast(ctx, nil)
	_, err5 := c.Headers(ctx, 0, 1)
	_, err6 := c.Spender(ctx, anchor.OutPoint{})
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if rate, err := c.FeeRate(t.Context()); err != nil || rate != MinRelayFee || c.Network() != anchor.Regtest {
		t.Error(rate, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	c, u := funded(t, anchor.ProfileSegwit)
	coins := coinsOf(t, c, u)
	var raws [][]byte
	for i := range coins {
		raw, _ := commit(t, u, coins[i:i+1], byte(i), 2000)
		raws = append(raws, raw)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_ = c.Broadcast(t.Context(), raws[i%len(raws)])
			_, _ = c.Mine(2, u.address, start)
			_, _ = c.Coins(t.Context(), u.address)
		})
	}
	wg.Wait()
	if got := tipOf(t, c); got != CoinbaseMaturity+4+16 {
		t.Errorf("tip %d", got)
	}
}

var _ interface {
	Coins(context.Context, string) ([]anchor.Coin, error)
	FeeRate(context.Context) (anchor.FeeRate, error)
	Broadcast(context.Context, []byte) error
	Lookup(context.Context, anchor.TxID) (anchor.TxStatus, error)
	Spender(context.Context, anchor.OutPoint) (anchor.TxID, error)
	Evidence(context.Context, anchor.TxID) (*anchor.Evidence, error)
	Headers(ctx context.Context, from, to anchor.Height) (anchor.HeaderRun, error)
	Network() anchor.Network
} = (*Chain)(nil)
