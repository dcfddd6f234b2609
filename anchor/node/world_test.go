package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// A world is a private chain, and every block and transaction of it as bytes, from which
// the doubles answer as a node would. It holds no answers of its own: they are computed
// from the chain as it is when asked.
type world struct {
	t       testing.TB
	chain   *regtest.Chain
	key     *btcec.PrivateKey
	address string
	now     time.Time

	mu      sync.Mutex
	written []byte                        // what the chain wrote to its file
	blocks  map[anchor.BlockHash][]byte   // raw, of every branch
	heights []anchor.BlockHash            // best chain
	txs     map[anchor.TxID][]byte        // raw, of every branch and of the pool
	places  map[anchor.TxID]anchor.Height // in the best chain
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testKey(name string) *btcec.PrivateKey {
	seed := sha256.Sum256([]byte("certanchor node test key " + name))
	key, _ := btcec.PrivKeyFromBytes(seed[:])
	return key
}

func newWorld(t testing.TB, profile anchor.Profile) *world {
	t.Helper()
	w := &world{t: t, key: testKey("issuer"), now: start,
		blocks: make(map[anchor.BlockHash][]byte), txs: make(map[anchor.TxID][]byte)}
	var err error
	if w.address, err = anchor.Address(w.key.PubKey(), profile, anchor.Regtest); err != nil {
		t.Fatal(err)
	}
	// The chain gives no raw blocks, but writes them to its file.
	hook := func(op string, b []byte, do func([]byte) error) error {
		if op == "write" {
			w.written = append(w.written, b...)
		}
		if op == "sync" || op == "syncdir" {
			return nil
		}
		return do(b)
	}
	w.chain, err = regtest.Open(filepath.Join(t.TempDir(), "chain"), regtest.WithHook(hook))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.chain.Close() })
	genesis := anchor.Regtest.Params().GenesisBlock
	var buf bytes.Buffer
	if err := genesis.Serialize(&buf); err != nil {
		t.Fatal(err)
	}
	w.blocks[anchor.Regtest.Genesis().Hash()] = buf.Bytes()
	w.mine(regtest.CoinbaseMaturity + 12)
	return w
}

// mine makes n blocks to the issuer's address.
func (w *world) mine(n int) {
	w.t.Helper()
	for range n {
		w.now = w.now.Add(10 * time.Minute)
		if _, err := w.chain.Mine(1, w.address, w.now); err != nil {
			w.t.Fatal(err)
		}
	}
	w.index()
}

// index finds the raw bytes of new blocks in what the chain wrote, and learns the best chain.
func (w *world) index() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	top, _, err := w.chain.Tip(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	run, err := w.chain.Headers(context.Background(), 0, top)
	if err != nil {
		w.t.Fatal(err)
	}
	w.heights = nil
	w.places = make(map[anchor.TxID]anchor.Height)
	for h := range run.Len() {
		header := run.Header(h)
		hash := header.Hash()
		if w.blocks[hash] == nil {
			at := bytes.LastIndex(w.written, header[:])
			if at < 0 {
				w.t.Fatalf("block %d is not in what the chain wrote", h)
			}
			w.blocks[hash] = frontBlock(w.t, w.written[at:])
		}
		b, err := parseBlock(w.blocks[hash])
		if err != nil {
			w.t.Fatal(err)
		}
		w.heights = append(w.heights, hash)
		for _, t := range b.txs {
			w.txs[t.id] = t.raw
			w.places[t.id] = anchor.Height(h)
		}
	}
}

// frontBlock returns the block that b starts with.
func frontBlock(t testing.TB, b []byte) []byte {
	r := &reader{rest: b}
	r.take(anchor.HeaderSize)
	for range r.count(minTxSize) {
		r.tx()
	}
	if r.failed {
		t.Fatal("no block there")
	}
	return bytes.Clone(b[:len(b)-len(r.rest)])
}

func (w *world) reorg(depth int) {
	w.t.Helper()
	if err := w.chain.Reorg(depth); err != nil {
		w.t.Fatal(err)
	}
	w.index()
}

func (w *world) coins() []anchor.Coin {
	w.t.Helper()
	coins, err := w.chain.Coins(w.t.Context(), w.address)
	if err != nil || len(coins) == 0 {
		w.t.Fatalf("%d coins, %v", len(coins), err)
	}
	return coins
}

// signed is a commitment to a root that spends coins.
func (w *world) signed(root string, rate anchor.FeeRate, coins []anchor.Coin) (raw []byte, id anchor.TxID) {
	w.t.Helper()
	u, err := anchor.BuildCommitment(sha256.Sum256([]byte(root)), coins, w.address, rate, 1e8, anchor.Regtest)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err = anchor.SignCommitment(u, coins, anchor.NewKeySigner(w.key))
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := anchor.ParseCommitment(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw, c.TxID
}

// send puts a commitment into the pool.
func (w *world) send(root string) (raw []byte, id anchor.TxID) {
	w.t.Helper()
	raw, id = w.signed(root, 2000, w.coins())
	if err := w.accept(raw); err != nil {
		w.t.Fatal(err)
	}
	return raw, id
}

// accept is what a double does with a transaction sent to it.
func (w *world) accept(raw []byte) error {
	if err := w.chain.Broadcast(context.Background(), raw); err != nil {
		return err
	}
	t, err := parseTx(raw)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.txs[t.id] = raw
	return nil
}

// The questions of the doubles.

func (w *world) tip() (anchor.Height, anchor.BlockHash) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return anchor.Height(len(w.heights) - 1), w.heights[len(w.heights)-1]
}

func (w *world) hashAt(h int64) (anchor.BlockHash, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h < 0 || h >= int64(len(w.heights)) {
		return anchor.BlockHash{}, false
	}
	return w.heights[h], true
}

// block returns a block of any branch, and its height if it is in the best chain, else -1.
func (w *world) block(hash string) (*block, []byte, anchor.Height) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, err := anchor.ParseBlockHash(hash)
	if err != nil || w.blocks[id] == nil {
		return nil, nil, -1
	}
	b, err := parseBlock(w.blocks[id])
	if err != nil {
		w.t.Error(err)
	}
	for h, x := range w.heights {
		if x == id {
			return b, w.blocks[id], anchor.Height(h)
		}
	}
	return b, w.blocks[id], -1
}

// find says where a transaction is: in the best chain (height), in the pool (-1), or
// nowhere (nil).
func (w *world) find(id string) ([]byte, anchor.Height) {
	txid, err := anchor.ParseTxID(id)
	if err != nil {
		return nil, 0
	}
	if w.chain == nil { // a chain that is only read
		return w.txs[txid], w.places[txid]
	}
	s, err := w.chain.Lookup(context.Background(), txid)
	if errors.Is(err, anchor.ErrNotFound) {
		return nil, 0
	}
	if err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.InMempool {
		return w.txs[txid], -1
	}
	return w.txs[txid], w.places[txid]
}

func (w *world) confirmations(h anchor.Height) int {
	top, _ := w.tip()
	return int(top-h) + 1
}

// spender returns who spends an output, and whether in the pool.
func (w *world) spender(op anchor.OutPoint) (id anchor.TxID, pool, ok bool) {
	id, err := w.chain.Spender(context.Background(), op)
	if err != nil {
		return id, false, false
	}
	_, h := w.find(id.String())
	return id, h < 0, true
}
