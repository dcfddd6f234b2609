package verifier_test

import (
	"os"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// TestBitFlips flips single bits of full bundles: transaction, previous transactions,
// coinbase, block proof and headers. No flip is valid, but those of the block proof's
// count of transactions that keep the depth of the tree: the count is never reported,
// and proves nothing. One bit in 16 by default; all of three bundles with
// CERTANCHOR_LONG.
func TestBitFlips(t *testing.T) {
	bundles, stride := 1, 16
	if os.Getenv("CERTANCHOR_LONG") != "" {
		bundles, stride = 3, 1
	}
	flips, validCount := 0, 0
	for b := range bundles {
		w := newWorld(t, licenceDraft(string(rune('A'+b))), licenceDraft("other"))
		trust := w.trust(nil)
		ev := w.evidence()
		tx := theTx(w, ev)
		headers := ev.Headers[anchor.Regtest][0].Headers[101*anchor.HeaderSize:] // from the anchor's block on
		parts := map[string][]byte{"tx": tx.Tx, "coinbase": tx.Coinbase, "txOutProof": tx.TxOutProof,
			"headers": headers}
		for i, p := range tx.PrevTxs {
			parts["prevTxs/"+string(rune('0'+i))] = p
		}
		for name, data := range parts {
			for bit := b % stride; bit < 8*len(data); bit += stride {
				data[bit/8] ^= 1 << (bit % 8)
				r := verifier.Check(w.creds[0], ev, trust, now)
				data[bit/8] ^= 1 << (bit % 8)
				flips++
				if r.Verdict != valid {
					continue
				}
				validCount++
				if !harmless(name, bit) {
					t.Errorf("bundle %d: %s, bit %d: valid", b, name, bit)
				}
			}
		}
		wantReport(t, verifier.Check(w.creds[0], ev, trust, now), valid, "")
	}
	t.Logf("bit flips: %d, %d of them valid, all in what proves nothing", flips, validCount)
}

// harmless tells the bits that may change without a word: the low byte of nTx behind the
// block header, whose value within the same depth is not proven; and on regtest, where
// half of all headers meet the target, those of the highest header, on which no other
// builds and which no confirmation asked for needs.
func harmless(part string, bit int) bool {
	at := bit / 8
	switch part {
	case "txOutProof":
		return at == anchor.HeaderSize
	case "headers":
		return at/anchor.HeaderSize >= 13-1
	}
	return false
}

// TestMainnetBitFlips flips single bits of a bundle whose block has the work of mainnet,
// where no flip meets the target by luck: a credential in a block that was mined on real
// headers (see mainnetFork), valid for somebody who knows no later checkpoint. Nothing at
// all survives: of a block of two there is no other count of equal depth. One bit in 9 by
// default; all of them with CERTANCHOR_LONG.
func TestMainnetBitFlips(t *testing.T) {
	stride := 9
	if os.Getenv("CERTANCHOR_LONG") != "" {
		stride = 1
	}
	f := mainnetFork(t)
	raw, tx, id, header := f.forged(t)
	run := anchor.HeaderRun{Start: 2016}
	for h := anchor.Height(2016); h < f.height; h++ {
		real := mainnetHeader(t, h)
		run.Headers = append(run.Headers, real[:]...)
	}
	run.Headers = append(run.Headers, header[:]...)
	early, err := anchor.NewCheckpointPack(anchor.Mainnet, []anchor.Checkpoint{{Height: 2015, Hash: mainnetHeader(t, 2015).Hash(), NextBits: 0x1d00ffff}})
	if err != nil {
		t.Fatal(err)
	}
	trust := f.trust(t)
	with(early, 1)(trust)
	trust.Issuers[0].Keys[0].Until, trust.Issuers[0].Addresses[0].Until = time.Time{}, time.Time{}
	ev := f.evidence(tx, id)
	ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Mainnet: {run}}
	wantReport(t, verifier.Check(raw, ev, trust, now), valid, "")

	flips, survived := 0, map[string]int{}
	for name, data := range map[string][]byte{"tx": tx.Tx, "prevTxs/0": tx.PrevTxs[0], "coinbase": tx.Coinbase, "txOutProof": tx.TxOutProof, "headers": run.Headers} {
		for bit := 0; bit < 8*len(data); bit += stride {
			data[bit/8] ^= 1 << (bit % 8)
			r := verifier.Check(raw, ev, trust, now)
			data[bit/8] ^= 1 << (bit % 8)
			flips++
			if r.Verdict != valid {
				continue
			}
			survived[name]++
			if name != "txOutProof" || bit/8 != anchor.HeaderSize {
				t.Errorf("%s, bit %d: valid", name, bit)
			}
		}
	}
	wantReport(t, verifier.Check(raw, ev, trust, now), valid, "")
	t.Logf("%d bit flips of a bundle with mainnet's work; what survived: %v", flips, survived)
}
