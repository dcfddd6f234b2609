package btcdtest

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// TestLeastBump: the lowest fee rate that Bump lets through is one that the node takes as a
// replacement (BIP125), several times in a row.
func TestLeastBump(t *testing.T) {
	b := newBoard(t, "")
	n := fewCoins(t, b, "--regtest", "--txindex", "--addrindex")
	chain, ctx := rpcClient(t, n.address(), anchor.Regtest), t.Context()
	batch := b.sent(chain, 2)
	var rates []anchor.FeeRate
	for rate := anchor.FeeRate(1000); len(rates) < 4; rate += 50 {
		before := batch.TxID()
		if err := batch.Bump(ctx, chain, b.key.Address, rate, feeCap); err != nil {
			continue // too low a rise
		}
		b.must(batch.Sign(b.key))
		b.must(batch.Broadcast(ctx, chain))
		if pool := n.pool(); batch.TxID() == before || !slices.Equal(pool, []string{batch.TxID().String()}) {
			t.Fatalf("rate %d: pool %v, replaced %v by %v", rate, pool, before, batch.TxID())
		}
		rates = append(rates, rate)
	}
	b.reopen()
	batch = b.batch()
	n.generate(6)
	b.confirm(chain, batch)
	if c := anchors(n, batch.Root()); c != 1 || len(batch.Variants()) != 5 {
		t.Errorf("%d anchors of %d variants", c, len(batch.Variants()))
	}
	t.Logf("replaced at sats per 1,000 vbytes: 1000 %v", rates)
}

// TestOriginalMinedAfterBump: while the replacement is signed, a miner takes the
// original. The node refuses the replacement, and the batch ends with the original.
func TestOriginalMinedAfterBump(t *testing.T) {
	b := newBoard(t, "")
	n := fewCoins(t, b, "--regtest", "--txindex", "--addrindex")
	chain, ctx := rpcClient(t, n.address(), anchor.Regtest), t.Context()
	batch := b.sent(chain, 2)
	original := batch.TxID()
	b.must(batch.Bump(ctx, chain, b.key.Address, 9000, feeCap))
	b.must(batch.Sign(b.key))
	n.generate(1)
	b.must(batch.Broadcast(ctx, chain))
	b.reopen()
	batch = b.batch()
	n.generate(5)
	b.confirm(chain, batch)
	if batch.TxID() != original || anchors(n, batch.Root()) != 1 {
		t.Errorf("confirmed %v, the miner took %v", batch.TxID(), original)
	}
	b.finish(batch)
}

// TestChangedID: a miner rewrites the input of a P2PKH spend in ways that consensus allows
// (BIP62 lists them) and no node relays, which gives the transaction another id. The
// issuer follows its coin, and the credentials name the id that confirmed and are valid.
func TestChangedID(t *testing.T) {
	b := newBoard(t, anchor.ProfileBlockcerts)
	n := fewCoins(t, b, "--regtest", "--txindex", "--addrindex")
	chain := rpcClient(t, n.address(), anchor.Regtest)
	for _, c := range []struct {
		name   string
		change func(sig, key []byte) []byte
	}{
		{"n-s for s", func(sig, key []byte) []byte { return slices.Concat(push(otherForm(sig)), push(key)) }},
		{"a longer way to push", func(sig, key []byte) []byte {
			return slices.Concat([]byte{txscript.OP_PUSHDATA1}, push(sig), push(key))
		}},
		{"an idle push before", func(sig, key []byte) []byte { return slices.Concat([]byte{txscript.OP_0}, push(sig), push(key)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			batch := b.sent(chain, 2)
			ours := batch.TxID()
			var tx wire.MsgTx
			b.must(tx.Deserialize(bytes.NewReader(n.hexOf("getrawtransaction", ours.String(), 0))))
			for _, in := range tx.TxIn {
				pushes, err := txscript.PushedData(in.SignatureScript)
				b.must(err)
				in.SignatureScript = c.change(pushes[0], pushes[1])
			}
			theirs := anchor.TxID(tx.TxHash())
			n.submit(&tx)
			if _, err := chain.Lookup(t.Context(), theirs); err != nil || ours == theirs {
				t.Fatalf("%v: %v", theirs, err)
			}
			n.generate(12)
			b.confirm(chain, batch)
			if batch.TxID() != theirs || anchors(n, batch.Root()) != 1 {
				t.Fatalf("confirmed %v, in the block is %v", batch.TxID(), theirs)
			}
			credentials := b.finish(batch)
			ev := b.evidence(chain, credentials[0])
			for i, raw := range credentials {
				if r := verifier.Check(raw, ev, b.trust(), time.Now()); r.Verdict != verifier.Valid {
					t.Errorf("credential %d: %s: %v", i, r.Verdict, r.Err())
				}
			}
		})
	}
}

// push is the opcode that pushes up to 75 bytes, and the bytes.
func push(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// otherForm replaces s of a DER signature with its hash type by n-s, which verifies too.
func otherForm(sig []byte) []byte {
	r := sig[4 : 4+sig[3]] // 30 len 02 len r 02 len s, hash type
	s := new(big.Int).SetBytes(sig[4+len(r)+2 : len(sig)-1])
	high := s.Sub(btcec.S256().N, s).Bytes()
	if high[0]&0x80 != 0 {
		high = append([]byte{0}, high...)
	}
	der := slices.Concat([]byte{0x30, byte(4 + len(r) + len(high)), 2, byte(len(r))}, r, []byte{2, byte(len(high))}, high)
	return append(der, sig[len(sig)-1])
}

// submit mines a block with tx, which need not be one that nodes relay.
func (n *btcd) submit(tx *wire.MsgTx) {
	n.t.Helper()
	height := answer[int](n, "getblockcount") + 1
	prev, err := chainhash.NewHashFromStr(answer[string](n, "getbestblockhash"))
	if err != nil {
		n.t.Fatal(err)
	}
	var last wire.BlockHeader
	if err := last.Deserialize(bytes.NewReader(n.block(height - 1))); err != nil {
		n.t.Fatal(err)
	}
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex), append(anchor.CoinbaseHeight(anchor.Height(height)), 1, 0), nil))
	coinbase.AddTxOut(wire.NewTxOut(1e8, []byte{txscript.OP_TRUE}))
	block := wire.NewMsgBlock(&wire.BlockHeader{Version: 4, PrevBlock: *prev, Timestamp: last.Timestamp.Add(time.Second), Bits: 0x207fffff})
	block.Transactions = []*wire.MsgTx{coinbase, tx}
	block.Header.MerkleRoot = blockchain.CalcMerkleRoot(btcutil.NewBlock(block).Transactions(), false)
	var raw bytes.Buffer
	if err := block.Header.Serialize(&raw); err != nil {
		n.t.Fatal(err)
	}
	h, ok := mine(anchor.Header(raw.Bytes()))
	if !ok {
		n.t.Fatal("not mined")
	}
	block.Header.Nonce = h.Nonce()
	raw.Reset()
	if err := block.Serialize(&raw); err != nil {
		n.t.Fatal(err)
	}
	n.ask("submitblock", hex.EncodeToString(raw.Bytes()))
	if got := answer[int](n, "getblockcount"); got != height {
		n.t.Fatalf("the node did not take the block: height %d", got)
	}
}

// TestChildPays: the node takes a child of a waiting transaction, and another that pays
// more, and a block takes both generations; one transaction carries the root.
func TestChildPays(t *testing.T) {
	for _, profile := range []anchor.Profile{anchor.ProfileSegwit, anchor.ProfileTaproot} {
		t.Run(string(profile), func(t *testing.T) {
			b := newBoard(t, profile)
			n := fewCoins(t, b, "--regtest", "--txindex", "--addrindex")
			chain, ctx := rpcClient(t, n.address(), anchor.Regtest), t.Context()
			batch := b.sent(chain, 2)
			parent := batch.TxID()
			for _, rate := range []anchor.FeeRate{15_000, 30_000} {
				b.must(batch.BumpByChild(ctx, chain, b.key.Address, rate, feeCap))
				b.must(batch.Sign(b.key))
				b.reopen()
				batch = b.batch()
				b.must(batch.Broadcast(ctx, chain))
				children := batch.Children()
				pool, want := n.pool(), []string{parent.String(), children[len(children)-1].String()}
				slices.Sort(pool)
				slices.Sort(want)
				if !slices.Equal(pool, want) {
					t.Fatalf("rate %d: pool %v, want %v", rate, pool, want)
				}
			}
			n.generate(12)
			b.confirm(chain, batch)
			if batch.TxID() != parent || anchors(n, batch.Root()) != 1 {
				t.Fatalf("confirmed %v, %d anchors", batch.TxID(), anchors(n, batch.Root()))
			}
			if s, err := chain.Lookup(ctx, batch.Children()[1]); err != nil || s.Confirmations != 12 {
				t.Errorf("the child: %+v, %v", s, err)
			}
			credentials := b.finish(batch)
			if r := verifier.Check(credentials[0], b.evidence(chain, credentials[0]), b.trust(), time.Now()); r.Verdict != verifier.Valid {
				t.Errorf("%s: %v", r.Verdict, r.Err())
			}
			// What the child left pays for the next batch.
			next := b.sent(chain, 1)
			n.generate(6)
			b.confirm(chain, next)
		})
	}
}
