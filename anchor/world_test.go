package anchor_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// A world is a private chain with an issuer who has coins.
type world struct {
	t       testing.TB
	chain   *regtest.Chain
	key     *btcec.PrivateKey
	address string
	now     time.Time
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testKey(name string) *btcec.PrivateKey {
	seed := sha256.Sum256([]byte("certanchor test key " + name))
	key, _ := btcec.PrivKeyFromBytes(seed[:])
	return key
}

func newWorld(t testing.TB, profile anchor.Profile) *world {
	w := &world{t: t, chain: regtest.New(), key: testKey("issuer"), now: start}
	var err error
	if w.address, err = anchor.Address(w.key.PubKey(), profile, anchor.Regtest); err != nil {
		t.Fatal(err)
	}
	w.mine(regtest.CoinbaseMaturity + 3)
	return w
}

func (w *world) mine(n int) {
	w.t.Helper()
	for range n {
		w.now = w.now.Add(10 * time.Minute)
		if _, err := w.chain.Mine(1, w.address, w.now); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) coins() []anchor.Coin {
	w.t.Helper()
	coins, err := w.chain.Coins(w.t.Context(), w.address)
	if err != nil || len(coins) == 0 {
		w.t.Fatalf("%d coins, %v", len(coins), err)
	}
	return coins
}

func (w *world) signed(root [32]byte, coins []anchor.Coin) []byte {
	w.t.Helper()
	u, err := anchor.BuildCommitment(root, coins, w.address, 2000, 10_000, anchor.Regtest)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := anchor.SignCommitment(u, coins, anchor.NewKeySigner(w.key))
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// anchored is a commitment in a block with six on top in all.
func (w *world) anchored(root [32]byte, confirmations int) *anchor.Evidence {
	w.t.Helper()
	raw := w.signed(root, w.coins())
	if err := w.chain.Broadcast(w.t.Context(), raw); err != nil {
		w.t.Fatal(err)
	}
	w.mine(confirmations)
	c, err := anchor.ParseCommitment(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	ev, err := w.chain.Evidence(w.t.Context(), c.TxID)
	if err != nil {
		w.t.Fatal(err)
	}
	return ev
}

func (w *world) headers() anchor.HeaderRun {
	w.t.Helper()
	tip, _, err := w.chain.Tip(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	run, err := w.chain.Headers(w.t.Context(), 1, tip)
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// check runs all four steps as a verifier does.
func check(ev *anchor.Evidence, runs []anchor.HeaderRun) (*anchor.Commitment, string, *anchor.Link, error) {
	c, err := anchor.ParseCommitment(ev.Tx)
	if err != nil {
		return nil, "", nil, err
	}
	address, err := c.IssuingAddress(ev.PrevTxs, anchor.Regtest)
	if err != nil {
		return nil, "", nil, err
	}
	incl, err := anchor.CheckInclusion(ev, c.TxID, anchor.Regtest)
	if err != nil {
		return nil, "", nil, err
	}
	link, err := anchor.LinkHeaders(anchor.Regtest, incl, runs, nil, nil)
	return c, address, link, err
}

// wantCode fails t unless err has the code.
func wantCode(t testing.TB, err error, code anchor.Code) {
	t.Helper()
	if got := anchor.CodeOf(err); got != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
}

var profiles = []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot}

func TestAnchorAndCheck(t *testing.T) {
	for _, profile := range profiles {
		t.Run(string(profile), func(t *testing.T) {
			w := newWorld(t, profile)
			root := sha256.Sum256([]byte("batch"))
			ev := w.anchored(root, 12)
			c, address, link, err := check(ev, []anchor.HeaderRun{w.headers()})
			if err != nil {
				t.Fatal(err)
			}
			if c.Root != root || address != w.address {
				t.Errorf("root %x, address %s", c.Root, address)
			}
			if link.Form != anchor.FormSegment || link.Confirmations != 12 || link.AtLeast(12) != nil {
				t.Errorf("link %+v", link)
			}
			wantCode(t, link.AtLeast(13), anchor.CodeConfirmations)
			if link.Work.Int64() != 24 { // regtest blocks take two hashes each
				t.Errorf("work %v", link.Work)
			}
			// The block was mined at anchorTime; the median of the 11 after it is the 6th.
			anchorTime := start.Add(104 * 10 * time.Minute)
			want := anchor.Interval{NotBefore: anchorTime.Add(-2 * time.Hour), NotAfter: anchorTime.Add(time.Hour + 2*time.Hour)}
			if link.Time != want {
				t.Errorf("interval %v, want %v", link.Time, want)
			}
		})
	}
}
