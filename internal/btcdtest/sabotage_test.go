package btcdtest

import (
	"math/rand/v2"
	"testing"

	"github.com/certanchor/certanchor/anchor"
)

// TestSabotagedRules bends one rule of package anchor at a time and asks whether the
// comparison with btcd notices. One that does not would prove nothing.
func TestSabotagedRules(t *testing.T) {
	for _, c := range []struct {
		name string
		of   anchor.Network
		bend func(*headerRules)
	}{
		{"no retarget", "easy-mainnet", func(r *headerRules) { r.noRetarget = true }},
		{"twenty minutes on mainnet", "easy-mainnet", func(r *headerRules) { r.twentyMinute = true }},
		{"no twenty minutes on testnet3", "easy-testnet3", func(r *headerRules) { r.twentyMinute = false }},
		{"BIP94 on testnet3", "easy-testnet3", func(r *headerRules) { r.bip94 = true }},
		{"no BIP94 on testnet4", "easy-testnet4", func(r *headerRules) { r.bip94 = false }},
		{"an easier limit", "easy-signet", func(r *headerRules) { r.limitBits++ }},
		{"a harder limit", "easy-signet", func(r *headerRules) { r.limitBits-- }},
		{"BIP34 a block late", "easy-mainnet", func(r *headerRules) { r.bip34++ }},
		{"BIP66 a block early", "easy-mainnet", func(r *headerRules) { r.bip66-- }},
		{"BIP65 a block late", "easy-mainnet", func(r *headerRules) { r.bip65++ }},
		{"retargets on regtest", "easy-regtest", func(r *headerRules) { r.noRetarget = false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 2016))
			places := chainPlaces(t, easy(t, c.of), rng)
			for range 6 {
				places = append(places, historyPlace(t, easy(t, c.of), rng))
			}
			right := anchorNetworks[c.of]
			defer func() { anchorNetworks[c.of] = right }()
			bent := right
			c.bend(&bent)
			anchorNetworks[c.of] = bent
			differences, judged := 0, 0
			for ; judged < 20_000 && differences < 3; judged++ {
				p := places[judged%len(places)]
				h := mutant(t, p, rng)
				if p.ours(t, h) != btcdHeader(t, p.network, p.below, h, noClock) {
					differences++
				}
			}
			if differences == 0 {
				t.Errorf("not noticed by %d mutants", judged)
			}
			t.Logf("%d differences in %d mutants", differences, judged)
		})
	}
}
