package issuer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// profiled makes an issuer whose address has that form.
func profiled(t testing.TB, profile anchor.Profile) (*Issuer, *AnchorKey, *regtest.Chain) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "issuer")
	err := Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext,
		Network: anchor.Regtest, Profile: profile, From: testDay.AddDate(0, 0, -7)})
	if err != nil {
		t.Fatal(err)
	}
	is, key := openTestIssuer(t, dir, nil)
	return is, key, testChain(t, key)
}

// byChild takes a child through all its steps.
func byChild(t *testing.T, b *Batch, chain Chain, key *AnchorKey, rate anchor.FeeRate) {
	t.Helper()
	ctx := context.Background()
	for _, step := range []func() error{
		func() error { return b.BumpByChild(ctx, chain, key.Address, rate, 100_000) },
		func() error { return b.Sign(key) },
		func() error { return b.Broadcast(ctx, chain) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

func inPool(t *testing.T, chain *regtest.Chain, id anchor.TxID) bool {
	t.Helper()
	s, err := chain.Lookup(context.Background(), id)
	if err != nil && !errors.Is(err, anchor.ErrNotFound) {
		t.Fatal(err)
	}
	return s.InMempool
}

// TestChild: the transaction stays, a child pays for both, another child pays more; the
// proofs name the parent, and the next batch is paid from what the child left.
func TestChild(t *testing.T) {
	for _, profile := range []anchor.Profile{anchor.ProfileSegwit, anchor.ProfileTaproot} {
		t.Run(string(profile), func(t *testing.T) {
			is, key, chain := profiled(t, profile)
			ctx := context.Background()
			b := sentBatch(t, is, key, chain, graded(2))
			parent, fee := b.TxID(), b.Fee()
			byChild(t, b, chain, key, 20_000)
			first := b.Children()[0]
			if b.State() != Sent || b.Fee() <= fee || b.TxID() != parent || len(b.Variants()) != 1 || !inPool(t, chain, parent) || !inPool(t, chain, first) {
				t.Fatalf("%s, fee %d after %d, %v", b.State(), b.Fee(), fee, b.Variants())
			}
			if err := b.BumpByChild(ctx, chain, key.Address, 20_000, 100_000); err == nil {
				t.Error("another child that pays no more was made")
			}
			var dear *anchor.FeeAboveCapError
			if err := b.BumpByChild(ctx, chain, key.Address, 50_000, b.Fee()+10); !errors.As(err, &dear) {
				t.Errorf("parent and child above the cap: %v", err)
			}
			if b.State() != Sent {
				t.Errorf("a child that was refused left the batch %s", b.State())
			}
			byChild(t, b, chain, key, 50_000)
			second := b.Children()[1]
			if inPool(t, chain, first) || !inPool(t, chain, second) {
				t.Error("both children wait")
			}
			confirm(t, b, chain, key)
			proofsName(t, b, parent)
			next := sentBatch(t, is, key, chain, graded(3))
			confirm(t, next, chain, key)
			if next.TxID() == parent {
				t.Error("the next batch has the same transaction")
			}
		})
	}
}

// TestChildOfP2PKH: no child is built on an id that others can change.
func TestChildOfP2PKH(t *testing.T) {
	is, key, chain := profiled(t, anchor.ProfileBlockcerts)
	b := sentBatch(t, is, key, chain, graded(1))
	before := journalBytes(t, is)
	var refused *anchor.Error
	if err := b.BumpByChild(context.Background(), chain, key.Address, 20_000, 100_000); !errors.As(err, &refused) || refused.Code != anchor.CodeBuild {
		t.Errorf("%v", err)
	}
	if journalBytes(t, is) != before {
		t.Error("something was written")
	}
}

func journalBytes(t testing.TB, is *Issuer) string {
	t.Helper()
	data, err := os.ReadFile(is.state("journal"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestReplacementAfterChild: a replacement drives the child out and pays more than both.
func TestReplacementAfterChild(t *testing.T) {
	is, key, chain := profiled(t, anchor.ProfileSegwit)
	b := sentBatch(t, is, key, chain, graded(1))
	byChild(t, b, chain, key, 20_000)
	both, child := b.Fee(), b.Children()[0]
	if err := b.Bump(context.Background(), chain, key.Address, 21_000, 100_000); err == nil {
		t.Error("a replacement that pays less than parent and child was made")
	}
	bump(t, b, chain, key, 60_000)
	if b.Fee() <= both || inPool(t, chain, child) {
		t.Errorf("fee %d after %d", b.Fee(), both)
	}
	confirm(t, b, chain, key)
	proofsName(t, b, b.Variants()[1])
}

// A deaf chain refuses every replacement, as nodes may.
type deaf struct{ *regtest.Chain }

var errDeaf = errors.New("replacement refused")

func (d deaf) Broadcast(ctx context.Context, raw []byte) error {
	c, err := anchor.ParseCommitment(raw)
	if err == nil {
		if _, err := d.Spender(ctx, c.Inputs[0]); err == nil {
			return errDeaf
		}
	}
	return d.Chain.Broadcast(ctx, raw)
}

// TestChildWhereReplacementIsRefused: that the network keeps the old one is said, not
// taken for success; the same bytes go out on the next try, and a child still helps.
func TestChildWhereReplacementIsRefused(t *testing.T) {
	is, key, chain := profiled(t, anchor.ProfileSegwit)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	original := b.TxID()
	if err := b.Bump(ctx, chain, key.Address, 20_000, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := b.Sign(key); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var kept *NotReplacedError
		if err := b.Broadcast(ctx, deaf{chain}); !errors.As(err, &kept) || kept.Earlier != original || !errors.Is(err, errDeaf) || b.State() != Signed {
			t.Fatalf("%s: %v", b.State(), err)
		}
	}
	byChild(t, b, deaf{chain}, key, 30_000)
	confirm(t, b, chain, key)
	if b.TxID() != original {
		t.Errorf("%s confirmed", b.TxID())
	}
	proofsName(t, b, original)
}

// TestChildTooLate: when the child is to be sent its parent is in a block already; nothing
// is paid for.
func TestChildTooLate(t *testing.T) {
	is, key, chain := profiled(t, anchor.ProfileSegwit)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	if err := b.BumpByChild(ctx, chain, key.Address, 20_000, 100_000); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PSBT(); !errors.Is(err, errChildPSBT) {
		t.Errorf("a packet for a child: %v", err)
	}
	if err := b.Sign(key); err != nil {
		t.Fatal(err)
	}
	mine(t, chain, key, 1)
	if err := b.Broadcast(ctx, chain); err != nil {
		t.Fatal(err)
	}
	if _, err := chain.Lookup(ctx, b.Children()[0]); !errors.Is(err, anchor.ErrNotFound) {
		t.Errorf("the child was sent: %v", err)
	}
	if err := b.BumpByChild(ctx, chain, key.Address, 20_000, 100_000); !errors.Is(err, ErrNoBump) {
		t.Errorf("a child of what is in a block: %v", err)
	}
	confirm(t, b, chain, key)
	if err := b.Finish(new(memory)); err != nil {
		t.Fatal(err)
	}
	// The change is not taken for another batch while the child could still spend it; the
	// child goes out instead, and leaves a coin of its own.
	change := anchor.OutPoint{TxID: b.TxID(), Index: 0}
	next := sentBatch(t, is, key, chain, graded(2))
	if slices.Contains(next.p.unsigned.Inputs, change) {
		t.Error("the coin of a signed child was given to another batch")
	}
	if !inPool(t, chain, b.Children()[0]) {
		t.Error("the child that holds a coin back was not sent")
	}
	confirm(t, next, chain, key)
}

// TestChildEvicted: dropped alone or with its parent, it is sent again, the same bytes.
func TestChildEvicted(t *testing.T) {
	is, key, chain := profiled(t, anchor.ProfileTaproot)
	ctx := context.Background()
	b := sentBatch(t, is, key, chain, graded(1))
	byChild(t, b, chain, key, 20_000)
	child := b.Children()[0]
	for _, dropped := range []anchor.TxID{child, b.TxID()} {
		if err := chain.Evict(ctx, dropped); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the parent first, the child by the next question
			if _, err := b.Confirm(ctx, chain, 3); err != nil {
				t.Fatal(err)
			}
		}
		if !inPool(t, chain, b.TxID()) || !inPool(t, chain, child) {
			t.Errorf("%s is not back with its child", b.TxID())
		}
	}
	confirm(t, b, chain, key)
	if len(b.Children()) != 1 || len(b.Variants()) != 1 {
		t.Errorf("%v, %v", b.Variants(), b.Children())
	}
}

// TestChildCrash ends the process before and after every file call between asking for a
// child and its sending, with the answer of the node given or lost, and starts again: one
// child, the bytes that were written down, and the parent confirms.
func TestChildCrash(t *testing.T) {
	runs := 0
	for n := 1; ; n++ {
		ended := false
		for _, after := range []bool{false, true} {
			for _, answer := range []string{"given", "lost", "not-sent"} {
				runs++
				ended = childCrash(t, n, after, answer) || ended
			}
		}
		if !ended {
			break
		}
	}
	t.Logf("%d runs: one child each, the bytes of the journal", runs)
	if runs < 40 {
		t.Errorf("only %d runs", runs)
	}
}

// A flaky chain gives the wrong answer to the first broadcast.
type flaky struct {
	*regtest.Chain
	answer string
	sent   [][]byte
}

func (f *flaky) Broadcast(ctx context.Context, raw []byte) error {
	answer := f.answer
	f.answer = "given"
	f.sent = append(f.sent, raw)
	switch answer {
	case "lost":
		return errors.Join(errPower, f.Chain.Broadcast(ctx, raw))
	case "not-sent":
		return errPower
	}
	return f.Chain.Broadcast(ctx, raw)
}

func childCrash(t *testing.T, n int, after bool, answer string) (ended bool) {
	t.Helper()
	is, key, chain := profiled(t, anchor.ProfileSegwit)
	b := sentBatch(t, is, key, chain, graded(1))
	parent := b.TxID()
	is.Close()
	calls, armed := 0, false
	is, key = openTestIssuer(t, is.config.Dir, func(c *Config) {
		c.Hook = func(op, name string, do func() error) error {
			if !armed {
				return do()
			}
			if calls++; calls < n {
				return do()
			}
			ended = true
			if calls == n && after {
				if err := do(); err != nil {
					return err
				}
			}
			return errPower
		}
	})
	armed = true
	f := &flaky{Chain: chain, answer: answer}
	b = is.Batches()[0]
	ctx := context.Background()
	step := func() error {
		if b.State() == Sent && len(b.Children()) == 0 {
			if err := b.BumpByChild(ctx, f, key.Address, 20_000, 100_000); err != nil {
				return err
			}
		}
		if err := b.Sign(key); err != nil {
			return err
		}
		return b.Broadcast(ctx, f)
	}
	err := step()
	if err != nil && !errors.Is(err, errPower) {
		t.Fatal(err)
	}
	children := b.Children()
	is.Close()
	is, key = openTestIssuer(t, is.config.Dir, nil)
	b = is.Batches()[0]
	for range 3 {
		if err = step(); err == nil {
			break
		}
	}
	what := fmt.Sprintf("call %d, after %v, answer %s", n, after, answer)
	if err != nil || len(b.Children()) != 1 || len(children) > 0 && b.Children()[0] != children[0] {
		t.Fatalf("%s: %v, children %v, were %v", what, err, b.Children(), children)
	}
	for _, raw := range f.sent {
		if c, _ := b.p.childOf(parent); string(raw) != string(c.raw) && string(raw) != string(b.p.raw) {
			t.Errorf("%s: other bytes were sent", what)
		}
	}
	if !inPool(t, chain, parent) || !inPool(t, chain, b.Children()[0]) {
		t.Errorf("%s: not both wait", what)
	}
	confirm(t, b, chain, key)
	if b.TxID() != parent {
		t.Errorf("%s: %s confirmed", what, b.TxID())
	}
	return ended
}
