package node

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"github.com/certanchor/certanchor/anchor"
)

// signetWorld is the signet of testdata, of which the doubles answer; its blocks carry real
// signatures under a challenge of its own, which is signet's until the test ends.
func signetWorld(t *testing.T) (w *world, id anchor.TxID) {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/signet/chain.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Challenge, TxID string
		Blocks          []string
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	old := chaincfg.DefaultSignetChallenge
	t.Cleanup(func() { chaincfg.DefaultSignetChallenge = old })
	if chaincfg.DefaultSignetChallenge, err = hex.DecodeString(file.Challenge); err != nil {
		t.Fatal(err)
	}
	w = &world{t: t, blocks: map[anchor.BlockHash][]byte{}, txs: map[anchor.TxID][]byte{}, places: map[anchor.TxID]anchor.Height{}}
	var genesis bytes.Buffer
	if err := anchor.Signet.Params().GenesisBlock.Serialize(&genesis); err != nil {
		t.Fatal(err)
	}
	for h, text := range append([]string{hex.EncodeToString(genesis.Bytes())}, file.Blocks...) {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := parseBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		hash := b.header.Hash()
		w.blocks[hash], w.heights = raw, append(w.heights, hash)
		for _, tx := range b.txs {
			w.txs[tx.id], w.places[tx.id] = tx.raw, anchor.Height(h)
		}
	}
	if id, err = anchor.ParseTxID(file.TxID); err != nil {
		t.Fatal(err)
	}
	return w, id
}

// onSignet makes a client ask for signet on the day on which its newest block was mined.
func onSignet(c *client) {
	c.net = anchor.Signet
	c.now = func() time.Time { return time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC) }
}

// TestSignedBlocks: Core, btcd and Esplora give the same evidence of a signet anchor, with
// the same signatures of the blocks above it.
func TestSignedBlocks(t *testing.T) {
	w, id := signetWorld(t)
	signet := func(_ string, _ []any, result any) any {
		if m, ok := result.(map[string]any); ok && m["chain"] != nil {
			m["chain"] = "signet"
		}
		return result
	}
	core := newNodeDouble(w, func(d *nodeDouble) { d.lie = signet }).client(Options{})
	btcd := newNodeDouble(w, func(d *nodeDouble) { d.btcd, d.lie = true, signet }).client(Options{})
	esplora := newEsploraDouble(w, nil).client(Options{})
	onSignet(core.client)
	onSignet(btcd.client)
	onSignet(esplora.client)
	var want *anchor.Evidence
	for name, c := range map[string]Endpoint{"core": core, "btcd": btcd, "esplora": esplora} {
		ev, err := c.Evidence(t.Context(), id)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if ev.Confirming, err = c.Signed(t.Context(), 3, 14); err != nil || len(ev.Confirming) != 12 {
			t.Fatalf("%s: %d blocks, %v", name, len(ev.Confirming), err)
		}
		if want == nil {
			want = ev
		}
		if !reflect.DeepEqual(ev, want) {
			t.Errorf("%s gives other bytes", name)
		}
		run, err := c.Headers(t.Context(), 1, 14)
		if err != nil {
			t.Fatal(err)
		}
		incl, err := anchor.CheckInclusion(ev, id, anchor.Signet)
		if err != nil {
			t.Fatal(err)
		}
		link, err := anchor.LinkHeaders(anchor.Signet, incl, []anchor.HeaderRun{run}, nil, nil)
		if err != nil || link.Confirmations != 13 || link.Unsigned != 0 {
			t.Errorf("%s: %+v, %v", name, link, err)
		}
		for _, span := range [][2]anchor.Height{{0, 3}, {5, 4}, {3, 15}, {3, 3 + anchor.MaxConfirming}} {
			if _, err := c.Signed(t.Context(), span[0], span[1]); CodeOf(err) != CodeArgument {
				t.Errorf("%s: %v: %v", name, span, err)
			}
		}
	}
	// Through a Chain, as a verifier asks.
	chain, err := New(core, esplora)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := chain.Signed(t.Context(), 3, 14); err != nil || !reflect.DeepEqual(list, want.Confirming) {
		t.Errorf("%d blocks, %v", len(list), err)
	}
}

// TestSignedBlocksOfLiars: a node whose blocks are not signed by signet's operators, as one
// of another signet, and one that gives another block.
func TestSignedBlocksOfLiars(t *testing.T) {
	w, _ := signetWorld(t)
	own := chaincfg.DefaultSignetChallenge
	core := newNodeDouble(w, nil).client(Options{})
	esplora := newEsploraDouble(w, nil).client(Options{})
	for name, c := range map[string]*client{"core": core.client, "esplora": esplora.client} {
		onSignet(c)
		chaincfg.DefaultSignetChallenge = append([]byte{0x51}, own...)
		if _, err := c.Signed(t.Context(), 3, 14); CodeOf(err) != CodeFalse {
			t.Errorf("%s of another signet: %v", name, err)
		}
		chaincfg.DefaultSignetChallenge = own
	}
	other := newNodeDouble(w, func(d *nodeDouble) {
		d.lie = func(method string, _ []any, result any) any {
			if method == "getblock" {
				return hex.EncodeToString(w.blocks[w.heights[7]])
			}
			return result
		}
	}).client(Options{})
	onSignet(other.client)
	if _, err := other.Signed(t.Context(), 3, 14); CodeOf(err) != CodeFalse {
		t.Errorf("another block: %v", err)
	}
	wrong := newNodeDouble(newWorld(t, anchor.ProfileBlockcerts), nil).client(Options{})
	if _, err := wrong.Signed(t.Context(), 3, 14); CodeOf(err) != CodeArgument {
		t.Errorf("regtest: %v", err)
	}
}
