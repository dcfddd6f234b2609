package verifier_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// An archived is one credential with an anchor of its own, somewhere in the middle of a
// long chain, or on a fork of it.
type archived struct {
	raw    []byte
	tx     *anchor.Evidence
	id     anchor.TxID
	height anchor.Height
	fork   *branch // its own, if it is not in the chain
	split  anchor.Height
}

// years are a chain with checkpoints far below and above the anchors in it.
type years struct {
	w              *world
	b              *branch
	store          *anchor.HeaderStore
	perFive, era   int // periods in five years, and in which the anchors lie
	first, last    anchor.Height
	bundles, forks []archived
}

// TestPacksOfOtherYears judges bundles with the checkpoints of their own time, with those
// of five years before and with those of five years after: 130 periods of 2,016 blocks
// each way. The verdict is the same wherever the pack can know; else it is indeterminate
// with a code that names the command that helps, and the command does help. A private fork,
// which obeys every rule, is never valid under a pack that has moved on. 120 bundles and
// six periods each way by default; 2,000 and 130 with CERTANCHOR_LONG.
func TestPacksOfOtherYears(t *testing.T) {
	n, perFive := 120, 6
	if os.Getenv("CERTANCHOR_LONG") != "" {
		n, perFive = 2000, 130
	}
	y := newYears(t, n, perFive)
	rnd := rand.New(rand.NewPCG(4, 2016))
	verdicts := map[string]int{}
	judge := func(what string, ev *verifier.Evidence, raw []byte, trust *verifier.Trust, verdict verifier.Verdict, code verifier.Code) {
		t.Helper()
		wantReport(t, verifier.Check(raw, ev, trust, now), verdict, code)
		verdicts[fmt.Sprintf("%s: %s %s", what, verdict, code)]++
	}
	for i, one := range y.bundles {
		formA, formB := y.formA(one, 12), y.formB(one)
		own, older, newer := y.packAt(one.height), y.packAt(one.height-y.five()), y.packAt(one.height+y.five())
		judge("own time, form A", formA, one.raw, own, valid, "")
		if end := one.height/2016*2016 + 2015; end <= one.height+12 {
			judge("five years newer, form A that reaches the end of its period", formA, one.raw, newer, valid, "")
		} else {
			judge("five years newer, form A", formA, one.raw, newer, indeterminate, "not-linked-forward")
		}
		judge("five years newer, form B", formB, one.raw, newer, valid, "")
		judge("five years older, form A", formA, one.raw, older, indeterminate, "not-linked-forward")
		judge("five years older, form B", formB, one.raw, older, indeterminate, "not-linked-forward")
		judge("headers of one's own", y.bare(one), one.raw, y.withStore(), valid, "")

		// The command that the verdict names: evidence upgrade, from any store of headers.
		both := y.formA(one, 12)
		got, err := verifier.New(newer, verifier.Sources{Chains: []verifier.Chain{storedHeaders{y.store}}}).Upgrade(t.Context(), both)
		want := verifier.LinkAdded
		if _, to, _ := newer.Checkpoints[anchor.Regtest].ForwardSpan(one.height); to <= one.height+12 {
			want = verifier.LinkHeld
		}
		if err != nil || got[0].State != want {
			t.Fatalf("%d: %+v, %v, want %s", i, got, err, want)
		}
		judge("five years newer, upgraded", both, one.raw, newer, valid, "")
		judge("own time, upgraded", both, one.raw, own, valid, "")

		// An altered document is invalid, whatever the pack can know of the anchor.
		bad := bytes.Replace(bytes.Clone(one.raw), []byte("Ostrowe"), []byte("Ostrova"), 1)
		trust := []*verifier.Trust{own, older, newer}[rnd.IntN(3)]
		if r := verifier.Check(bad, both, trust, now); r.Verdict != invalid {
			t.Errorf("%d: altered, and %s", i, r.Verdict)
		}
	}
	for _, one := range y.forks {
		newer, older := y.packAt(one.height+y.five()), y.packAt(one.split-y.five())
		fork := y.formA(one, 12)
		judge("fork, five years newer", fork, one.raw, newer, indeterminate, "not-linked-forward")
		judge("fork, five years older", fork, one.raw, older, indeterminate, "not-linked-forward")
		beside := y.formA(one, 12)
		_, to, _ := newer.Checkpoints[anchor.Regtest].ForwardSpan(one.height)
		beside.AddHeaders(anchor.Regtest, y.run(one.height, to))
		judge("fork, with the chain beside it", beside, one.raw, newer, indeterminate, "not-in-best-chain")
		got, err := verifier.New(newer, verifier.Sources{Chains: []verifier.Chain{storedHeaders{y.store}}}).Upgrade(t.Context(), fork)
		if err != nil || got[0].State != verifier.LinkMissing {
			t.Fatalf("a fork upgraded: %+v, %v", got, err)
		}
		judge("fork, headers of one's own", fork, one.raw, y.withStore(), indeterminate, "not-in-best-chain")
	}
	lines := []string{}
	for what, count := range verdicts {
		lines = append(lines, fmt.Sprintf("%6d  %s", count, what))
	}
	slices.Sort(lines)
	t.Logf("%d bundles and %d forks on a chain of %d blocks, packs %d periods older and newer:", len(y.bundles), len(y.forks), len(y.b.headers), perFive)
	for _, l := range lines {
		t.Log(l)
	}
}

// newYears builds five years, ten periods with an anchor every few blocks, and five years.
func newYears(t *testing.T, n, perFive int) *years {
	w := newWorld(t, licenceDraft("L-1"))
	genesis := anchor.Regtest.Genesis()
	y := &years{w: w, perFive: perFive, era: 4, b: &branch{t: t, headers: []anchor.Header{genesis}}}
	fill(y.b, (perFive+1)*2016-1)
	y.first = y.b.height()
	blocks := y.era*2016 - 48
	every := blocks / n
	if every < 1 {
		t.Fatal("more anchors than blocks")
	}
	rnd := rand.New(rand.NewPCG(2, uint64(n)))
	for range n {
		for skip := rnd.IntN(every); skip > 0; skip-- {
			y.b.add(now.Add(-19*time.Hour), [32]byte{1})
		}
		y.bundles = append(y.bundles, y.anchor(y.b))
		if len(y.bundles)%10 == 0 {
			y.forks = append(y.forks, y.forked(rnd))
		}
	}
	// Two close to the end of a period: one whose interval the headers of the period
	// close, and one that needs the next checkpoint too.
	for _, below := range []int{12, 5} {
		fill(y.b, (perFive+1+y.era)*2016-1-below-1)
		y.bundles = append(y.bundles, y.anchor(y.b))
	}
	fill(y.b, (perFive+1+y.era+perFive+1)*2016)
	y.last = y.b.height() - 1
	var err error
	y.store, err = anchor.NewHeaderStore(anchor.Regtest, y.b.run().Headers)
	w.must(err)
	return y
}

// anchor puts a licence of its own on a branch.
func (y *years) anchor(b *branch) archived {
	w := y.w
	s := newSpend(w.t, w.payer(), anchor.ProfileBlockcerts, 1)
	doc := w.boardDoc(func(d object) {
		at(d, "credentialSubject").(object)["number"] = fmt.Sprint(b.height(), " ", len(y.forks))
	})
	leaf := leafOf(w.t, doc, w.contexts())
	s.commit(leaf)
	tx := encodeTx(w.t, s.tx)
	id := txidOf(w.t, tx)
	addMerkle(w.t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: leaf, Target: leaf,
		Anchor: merkleproof.Anchor{Chain: merkleproof.BitcoinRegtest, TxID: id.String()}}, signedAt)
	height := b.height()
	ev := b.mine(now.Add(-19*time.Hour), tx)
	ev.PrevTxs = s.previous()
	return archived{raw: encoded(w.t, doc), tx: ev, id: id, height: height}
}

// forked is a branch of a dozen and more blocks that leaves the chain where it now ends.
func (y *years) forked(rnd *rand.Rand) archived {
	fork := &branch{t: y.w.t, headers: slices.Clone(y.b.headers)}
	split := fork.height() - 1
	fork.add(now.Add(-19*time.Hour), [32]byte{0xf0})
	for range rnd.IntN(3) {
		fork.add(now.Add(-19*time.Hour), [32]byte{0xf1})
	}
	one := y.anchor(fork)
	fork.grow(14, now.Add(-18*time.Hour))
	fork.headers = slices.Clone(fork.headers[split:]) // the block where it leaves, and its own
	one.fork, one.split = fork, split
	return one
}

func (y *years) five() anchor.Height { return anchor.Height(y.perFive) * 2016 }

// packAt is a trust file whose newest checkpoint is the last at or below a height.
func (y *years) packAt(h anchor.Height) *verifier.Trust {
	trust := y.w.trust(nil)
	trust.Checkpoints = map[anchor.Network]*anchor.CheckpointPack{anchor.Regtest: y.store.Checkpoints(max(h-1, 2015))}
	return trust
}

func (y *years) withStore() *verifier.Trust {
	trust := y.w.trust(nil)
	trust.Headers = map[anchor.Network]*anchor.HeaderStore{anchor.Regtest: y.store}
	return trust
}

func (y *years) run(from, to anchor.Height) anchor.HeaderRun {
	r, err := y.store.Run(from, to)
	y.w.must(err)
	return r
}

// bare is the transaction in its block, without any header, and the status lists.
func (y *years) bare(one archived) *verifier.Evidence {
	ev := y.w.evidence()
	ev.Transactions, ev.Headers = nil, nil
	ev.AddTransaction(one.id, one.tx)
	return ev
}

// formA has the headers from the newest checkpoint of its time up to blocks above the
// anchor.
func (y *years) formA(one archived, above anchor.Height) *verifier.Evidence {
	ev := y.bare(one)
	from := (one.height/2016)*2016 - 1
	if one.fork == nil {
		ev.AddHeaders(anchor.Regtest, y.run(from+1, one.height+above))
		return ev
	}
	if from = (one.split / 2016) * 2016; from <= one.split {
		ev.AddHeaders(anchor.Regtest, y.run(from, one.split))
	}
	own := one.fork.run()
	own.Start, own.Headers = one.split+1, own.Headers[anchor.HeaderSize:]
	ev.AddHeaders(anchor.Regtest, own)
	return ev
}

// formB has the headers from the anchor forward to the next checkpoint.
func (y *years) formB(one archived) *verifier.Evidence {
	ev := y.bare(one)
	from, to, ok := y.store.Checkpoints(y.last).ForwardSpan(one.height)
	if !ok {
		y.w.t.Fatal("no checkpoint above")
	}
	ev.AddHeaders(anchor.Regtest, y.run(from, to))
	return ev
}
