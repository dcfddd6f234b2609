package verifier_test

import (
	"os"
	"testing"

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
