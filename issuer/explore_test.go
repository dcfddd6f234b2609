package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"

	"github.com/certanchor/certanchor/internal/durable"
)

// The state explorer drives the real steps of a batch, with the real journal, through
// every order of what can go wrong: the process ends before, within or after a record; a
// question or an answer to the network is lost; transactions are dropped, replaced, paid
// for by a child, rewritten by a miner; blocks come with any variant and go again.
//
// A state is what the journal says of two batches, and the network (toychain_test.go). Two
// ways that lead to the same state are followed once. After every step what the process
// believes must be what a new process reads from the journal, so that every state is
// also one after a crash.
//
// What holds in every state:
//
//	I1  at most one transaction of the chain carries a batch's root, and all that were ever
//	    signed for it spend one coin
//	I2  an acknowledged batch is provable, or waits in a state that leads on: undisturbed
//	    from here it ends closed, with credentials that name the transaction in the chain
//	I3  nothing is signed that the journal has not as funded, nothing sent that it has not
//	    as signed
//	I4  once it was asked, the block it names is in the chain and holds the transaction
//	I5  no coin is in two batches that are not closed

const (
	exploreDepth = 2 // confirmations; a reorganisation of three takes a closed batch's block
	exploreCap   = 60_000
	maxVariants  = 3
	maxChildren  = 2
	maxBlocks    = 5 // above the coins
	maxReorgs    = 2
)

// A place is one state: of the journal, and of the network.
type place struct {
	batches []*progress // in order; never changed once here
	net     toyChain
	depth   int // steps from the start
	from    *place
	by      string // the step that led here, for the story of a failure
}

func (p *place) story() string {
	var steps []string
	for ; p != nil; p = p.from {
		steps = append(steps, p.by)
	}
	slices.Reverse(steps)
	return strings.Join(steps, " › ")
}

// hash is equal for states that cannot be told apart from here on.
func (p *place) hash() [16]byte {
	var b []byte
	for _, x := range p.batches {
		b = x.appendDigest(b)
	}
	b = p.net.appendDigest(b)
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// appendDigest writes all that the steps of a batch read.
func (p *progress) appendDigest(b []byte) []byte {
	b = append(b, p.state...)
	b = append(b, p.key[:8]...)
	b = binary.AppendVarint(b, int64(p.fee))
	b = append(b, p.txid[:]...)
	for _, v := range p.variants {
		b = append(b, v.txid[:]...)
		b = binary.AppendVarint(b, int64(len(v.coins)))
	}
	for _, c := range p.children {
		b = append(append(b, c.txid[:]...), c.parent[:]...)
		b = binary.AppendVarint(b, int64(c.total))
	}
	if p.child != nil {
		b = append(append(b, "child"...), p.child.Raw...)
	}
	if p.unsigned != nil {
		b = append(b, p.unsigned.Raw...)
	}
	b = append(append(b, p.confirmed[:]...), p.block[:]...)
	return binary.AppendVarint(b, int64(p.height))
}

func (p *progress) clone() *progress {
	c := *p
	c.variants, c.children = slices.Clip(c.variants), slices.Clip(c.children)
	return &c
}

// errCrash ends a step as the end of the process would, by a panic.
var errCrash = errors.New("crash")

// A fault is what goes wrong in one step.
type fault string

const (
	none        fault = "ok"
	crashBefore fault = "crash before the record"
	crashTorn   fault = "crash within the record"
	crashAfter  fault = "crash after the record"
	crashSent   fault = "crash after sending"
	lostAnswer  fault = "timeout, sent"
	lostSend    fault = "timeout, not sent"
	deafAll     fault = "timeout of every question"
)

type explorer struct {
	t      testing.TB
	is     *Issuer
	key    *AnchorKey
	signer *onceSigner
	log    *os.File
	ledger *toyLedger
	drafts [2]Drafts
	sealed [2]*progress // both batches as they are when sealed
	steps  map[string]func(b *Batch, chain Chain) error
	now    *place // the state a step starts from
	// violated ends the exploration; tests of the explorer itself replace it.
	violated func(format string, args ...any)
	fault    fault
	seen     map[[16]byte]bool
	queue    []*place
	moves    int
	out      memory // of the last finish
	settled  int
	orphans  int
	lost     int // closed batches whose credentials a deep reorganisation made worthless
	states   map[State]int
	by       map[string]int // states found by kind of step
}

func newExplorer(t testing.TB, profile anchor.Profile) *explorer {
	t.Helper()
	dir := t.TempDir()
	if shm, err := os.MkdirTemp("/dev/shm", "explore-"); err == nil { // memory, where there is such a folder
		dir = shm
		t.Cleanup(func() { os.RemoveAll(shm) })
	}
	home := filepath.Join(dir, "issuer")
	err := Generate(NewIssuer{Dir: home, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext,
		Network: anchor.Regtest, Profile: profile, From: testDay.AddDate(0, 0, -7)})
	if err != nil {
		t.Fatal(err)
	}
	x := &explorer{t: t, seen: map[[16]byte]bool{}, states: map[State]int{}, by: map[string]int{}}
	x.is, x.key = openTestIssuer(t, home, func(c *Config) { c.Hook = x.hook })
	x.violated = t.Fatalf
	x.signer = &onceSigner{Signer: x.key.Signer, explorer: x, known: map[[32]byte][]byte{}}
	x.ledger = newToyLedger(t, x.key.Address)
	ctx := context.Background()
	x.steps = map[string]func(b *Batch, chain Chain) error{
		"fund":           func(b *Batch, c Chain) error { return b.Fund(ctx, c, x.key.Address, exploreCap) },
		"fund, too dear": func(b *Batch, c Chain) error { return b.Fund(ctx, c, x.key.Address, 1) },
		"sign":           func(b *Batch, _ Chain) error { return b.Sign(x.signer) },
		"broadcast":      func(b *Batch, c Chain) error { return b.Broadcast(ctx, c) },
		"confirm":        func(b *Batch, c Chain) error { _, err := b.Confirm(ctx, c, exploreDepth); return err },
		"watch":          func(b *Batch, c Chain) error { _, _, err := b.Watch(ctx, c); return err },
		"bump 9000":      func(b *Batch, c Chain) error { return b.Bump(ctx, c, x.key.Address, 9_000, exploreCap) },
		"bump 30000":     func(b *Batch, c Chain) error { return b.Bump(ctx, c, x.key.Address, 30_000, exploreCap) },
		"child":          func(b *Batch, c Chain) error { return b.BumpByChild(ctx, c, x.key.Address, 15_000, exploreCap) },
		"finish":         func(b *Batch, _ Chain) error { return b.Finish(&x.out) },
	}
	x.drafts = [2]Drafts{graded(1), listOf(gradeDraft("next"))}
	for i := range x.drafts {
		b, err := x.is.Seal(context.Background(), anchor.Regtest, x.drafts[i])
		if err != nil {
			t.Fatal(err)
		}
		x.sealed[i] = b.p.clone()
		b.p.state = Closed // in memory only, so that the other can be sealed
	}
	if x.log, err = os.OpenFile(filepath.Join(dir, "log"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.log.Close() })
	x.now = &place{batches: []*progress{x.sealed[0]}, net: x.ledger.start(), by: "sealed"}
	x.add(x.now)
	return x
}

// hook is between the issuer and its files. The spool stays, since many states need it.
func (x *explorer) hook(op, _ string, do func() error) error {
	if x.log == nil {
		return do() // the batches are being sealed
	}
	switch op {
	case "sync", "remove":
		return nil
	case "write":
		switch x.fault {
		case crashBefore:
			panic(errCrash)
		case crashTorn:
			if err := do(); err != nil {
				return err
			}
			size, err := x.log.Seek(0, 1)
			if err == nil {
				err = x.log.Truncate(size - 9)
			}
			if err != nil {
				return err
			}
			panic(errCrash)
		case crashAfter:
			if err := do(); err != nil {
				return err
			}
			panic(errCrash)
		}
	}
	return do()
}

// onceSigner signs each digest once and remembers, and holds the journal to I3.
type onceSigner struct {
	anchor.Signer
	explorer *explorer
	known    map[[32]byte][]byte
}

func (s *onceSigner) ask(digest [32]byte, sign func([32]byte) ([]byte, error)) ([]byte, error) {
	if p := s.explorer.open(); p == nil || p.state != Funded {
		s.explorer.violated("I3: asked to sign without a record: %s", s.explorer.now.story())
	}
	if sig, ok := s.known[digest]; ok {
		return sig, nil
	}
	sig, err := sign(digest)
	s.known[digest] = sig
	return sig, err
}

func (s *onceSigner) SignECDSA(digest [32]byte) ([]byte, error) {
	return s.ask(digest, s.Signer.SignECDSA)
}

func (s *onceSigner) SignTaproot(digest [32]byte) ([]byte, error) {
	return s.ask(digest, s.Signer.SignTaproot)
}

// open is the newest batch, as the journal had it before the step.
func (x *explorer) open() *progress { return x.now.batches[len(x.now.batches)-1] }

// recorded reports whether the journal had these bytes as signed before the step.
func (x *explorer) recorded(raw []byte) bool {
	for _, p := range x.now.batches {
		for _, v := range p.variants {
			if string(v.raw) == string(raw) {
				return true
			}
		}
		for _, c := range p.children {
			if string(c.raw) == string(raw) {
				return true
			}
		}
	}
	return false
}

// do runs one step of the newest batch from a state and returns the state after it, as a
// new process would find it.
func (x *explorer) do(from *place, f fault, step func(b *Batch, chain Chain) error) (*place, error) {
	x.now, x.fault = from, f
	x.moves++
	if err := x.log.Truncate(0); err != nil {
		x.t.Fatal(err)
	}
	if _, err := x.log.Seek(0, 0); err != nil {
		x.t.Fatal(err)
	}
	memory := journalOf(from.batches)
	memory.log = &recordLog{files: durable.Files{Hook: x.hook}, name: x.log.Name(), h: x.log}
	x.is.journal = memory
	b := &Batch{is: x.is, p: memory.batches[from.batches[len(from.batches)-1].key]}
	chain := &toyNode{toyLedger: x.ledger, net: from.net.clone(), fault: f, explorer: x}
	err := survive(func() error { return step(b, chain) })
	x.fault = none

	data, rerr := os.ReadFile(x.log.Name())
	if rerr != nil {
		x.t.Fatal(rerr)
	}
	replayed := journalOf(from.batches)
	if len(data) > 0 {
		rerr = (&recordLog{name: x.log.Name()}).replay(data, func(line []byte) error {
			var r record
			if err := json.Unmarshal(line, &r); err != nil {
				return err
			}
			return replayed.apply(r)
		})
		if rerr != nil {
			x.t.Fatalf("the journal cannot be read: %v: %s", rerr, from.story())
		}
	}
	to := &place{net: chain.net, depth: from.depth + 1, from: from}
	for _, key := range replayed.order {
		to.batches = append(to.batches, replayed.batches[key])
	}
	if !errors.Is(err, errCrash) {
		for _, p := range to.batches {
			if string(p.appendDigest(nil)) != string(memory.batches[p.key].appendDigest(nil)) {
				x.violated("a restart would not find what the process has: %s, %s: %s", p.state, memory.batches[p.key].state, from.story())
			}
		}
	}
	return to, err
}

func journalOf(batches []*progress) *journal {
	j := &journal{batches: make(map[string]*progress, len(batches))}
	for _, p := range batches {
		j.batches[p.key] = p.clone()
		j.order = append(j.order, p.key)
	}
	return j
}

// survive turns the panic of a crash into an error.
func survive(step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != any(errCrash) {
				panic(r)
			}
			err = errCrash
		}
	}()
	return step()
}

// A move is a step of the issuer that a state allows, and what may go wrong in it.
type move struct {
	name   string
	faults []fault
}

// movesOf lists the steps by state; the others do nothing there.
func (x *explorer) movesOf(p *progress) (list []move) {
	written := []fault{none, crashBefore, crashTorn, crashAfter}
	asked := append([]fault{deafAll}, written...)
	sent := append([]fault{lostAnswer, lostSend, crashSent}, asked...)
	if p.waits() {
		if len(p.variants) < maxVariants {
			list = append(list, move{"bump 9000", asked}, move{"bump 30000", asked})
		}
		if len(p.children) < maxChildren {
			list = append(list, move{"child", asked})
		}
	}
	switch p.state {
	case Sealed:
		list = append(list, move{"fund", asked}, move{"fund, too dear", written})
	case Waiting:
		list = append(list, move{"fund", asked})
	case Funded:
		list = append(list, move{"sign", written})
	case Signed:
		list = append(list, move{"broadcast", sent})
	case Sent:
		list = append(list, move{"confirm", sent})
	case Confirmed:
		list = append(list, move{"watch", sent}, move{"finish", written})
	case Proved:
		list = append(list, move{"finish", written})
	case Closed:
		list = append(list, move{"watch", sent})
	}
	return list
}

// expand follows every step from a state.
func (x *explorer) expand(p *place) {
	batch := p.batches[len(p.batches)-1]
	for _, m := range x.movesOf(batch) {
		for _, f := range m.faults {
			to, err := x.do(p, f, x.steps[m.name])
			if f == none {
				x.judgeStep(m.name, p, to, err)
			}
			to.by = m.name
			if f != none {
				to.by += " (" + string(f) + ")"
			}
			x.add(to)
		}
	}
	if batch.state == Closed && len(p.batches) == 1 {
		x.add(&place{batches: append(slices.Clip(p.batches), x.sealed[1]), net: p.net, depth: p.depth + 1, from: p, by: "next batch"})
	}
	for _, c := range p.net.happenings(x.ledger, p.batches) {
		x.moves++
		x.add(&place{batches: p.batches, net: c.net, depth: p.depth + 1, from: p, by: c.name})
	}
}

// judgeStep holds undisturbed steps to I4.
func (x *explorer) judgeStep(name string, from, to *place, err error) {
	b := to.batches[len(to.batches)-1]
	if name == "watch" && b.state == Closed {
		// Credentials that name a transaction which another variant has driven out of the
		// chain: it must be said.
		s, ok := to.net.find(x.ledger, b.confirmed)
		lost := (!ok || s.Confirmations == 0) && to.net.carrying(x.ledger, b.root) > 0
		var said *SupersededError
		if errors.As(err, &said) != lost {
			x.violated("I2: superseded %v, said %v: %s › %s", lost, err, from.story(), name)
		}
		if lost {
			x.lost++
		}
	}
	if name != "watch" && name != "confirm" || err != nil || b.state != Confirmed && b.state != Closed {
		return
	}
	s, ok := to.net.find(x.ledger, b.confirmed)
	switch {
	case name == "watch" && !ok, name == "watch" && s.Confirmations == 0:
		return // sent again, or waits: Watch said that it moved
	case !ok || s.Block != b.block || s.Height != b.height:
		x.violated("I4: after %s the journal names block %s, the chain has %+v: %s › %s", name, b.block, s, from.story(), name)
	}
}

// add judges a state that was not seen before, and remembers it.
func (x *explorer) add(p *place) {
	h := p.hash()
	if x.seen[h] {
		return
	}
	x.seen[h] = true
	x.queue = append(x.queue, p)
	kind, _, _ := strings.Cut(p.by, " ")
	x.by[kind]++
	b := p.batches[len(p.batches)-1]
	x.states[b.state]++
	open := map[anchor.OutPoint]string{}
	for i, b := range p.batches {
		if n := p.net.carrying(x.ledger, b.root); n > 1 {
			x.violated("I1: %d transactions of the chain carry the root of batch %d: %s", n, i, p.story())
		}
		for _, v := range b.variants {
			if v.coins[0].OutPoint != b.variants[0].coins[0].OutPoint {
				x.violated("I1: variants of batch %d do not conflict: %s", i, p.story())
			}
		}
		if b.state == Closed {
			continue
		}
		for _, c := range b.coins {
			if other, twice := open[c.OutPoint]; twice && other != b.key {
				x.violated("I5: coin %v is in two open batches: %s", c.OutPoint, p.story())
			}
			open[c.OutPoint] = b.key
		}
	}
}

// repeat asks for both batches once more, from a state: the first is the same batch, and
// nothing is written; while it is open the second is refused.
func (x *explorer) repeat(p *place) {
	to, err := x.do(p, none, func(b *Batch, _ Chain) error {
		again, err := x.is.Seal(context.Background(), anchor.Regtest, x.drafts[len(p.batches)-1])
		if err != nil {
			return err
		}
		if again.Key() != b.Key() || again.Root() != b.Root() || again.State() != b.State() || again.TxID() != b.TxID() {
			return fmt.Errorf("another batch: %s", again.Key())
		}
		if len(p.batches) == 1 && b.State() != Closed {
			var open *OpenBatchError
			if _, err := x.is.Seal(context.Background(), anchor.Regtest, x.drafts[1]); !errors.As(err, &open) {
				return fmt.Errorf("two batches are open: %v", err)
			}
		}
		return nil
	})
	if err != nil || to.hash() != p.hash() {
		x.violated("the same request again: %v: %s", err, p.story())
	}
}

// settle goes on undisturbed from a state and holds the end to I2.
func (x *explorer) settle(p *place) {
	x.settled++
	var docs [][]byte
	at, n := p, len(p.batches)-1
	next := map[State]string{Sealed: "fund", Waiting: "fund", Funded: "sign", Signed: "broadcast", Sent: "confirm", Proved: "finish"}
	watched := false
	for range 40 {
		b := at.batches[n]
		if b.state == Closed {
			break
		}
		step := next[b.state]
		if b.state == Confirmed { // asked once more, then finished
			step = map[bool]string{false: "watch", true: "finish"}[watched]
			watched = !watched
		}
		x.out = memory{}
		to, err := x.do(at, none, x.steps[step])
		docs = append(docs, x.out.docs...)
		// A replacement that nodes refuse waits until a block has decided.
		var kept *NotReplacedError
		if err != nil && !errors.As(err, &kept) {
			if x.orphaned(at, n) {
				return
			}
			x.violated("I2: undisturbed, %s fails: %v: %s", at.batches[n].state, err, p.story())
			return
		}
		at = to
		if s := at.batches[n].state; s == Sent || kept != nil {
			at.net = at.net.mineAll(x.ledger)
		}
	}
	b := at.batches[n]
	if b.state != Closed {
		if x.orphaned(at, n) {
			return
		}
		x.violated("I2: undisturbed, the batch stays %s: %s", b.state, p.story())
	}
	if p.batches[n].state == Closed || p.batches[n].state == Proved {
		return // credentials were written before, in the state of the chain then
	}
	if s, ok := at.net.find(x.ledger, b.confirmed); !ok || s.Confirmations < 1 || s.Block != b.block {
		x.violated("I2: closed, and transaction %s is not where the journal says: %s", b.confirmed, p.story())
	}
	for _, raw := range docs {
		c, err := credential.Parse(raw)
		if err != nil {
			x.t.Fatal(err)
		}
		m := c.Proofs()[1].Merkle
		if m.Anchor.TxID != b.confirmed.String() || m.Path.Root(m.Target) != b.root {
			x.violated("I2: a credential names %s, %s is in the chain: %s", m.Anchor.TxID, b.confirmed, p.story())
		}
	}
}

// orphaned reports whether a coin of the batch is gone for good: a reorganisation, deeper
// than the confirmations that were waited for, has put another variant of the batch before
// into the chain, which spends the coin, or did not make it. Nobody can do anything about
// that but wait for more confirmations beforehand; the batch says what it lacks.
func (x *explorer) orphaned(p *place, n int) bool {
	b := p.batches[n]
	if n == 0 || p.net.reorgs == 0 {
		return false
	}
	for _, c := range b.coins {
		spender := p.net.spentInBlock(c.OutPoint)
		if !p.net.exists(x.ledger, c.OutPoint) || spender != nil && spender.root == p.batches[0].root {
			x.orphans++
			return true
		}
	}
	return false
}

// run explores until there are so many states or nothing is left, and follows every so
// manyth to the end.
func (x *explorer) run(limit int, settleEvery int) {
	began := time.Now()
	deepest := 0
	for i := 0; i < len(x.queue) && len(x.seen) < limit; i++ {
		p := x.queue[i]
		x.queue[i] = nil
		deepest = p.depth
		x.expand(p)
		if settleEvery > 0 && i%settleEvery == 0 {
			x.settle(p)
			x.repeat(p)
		}
	}
	took := time.Since(began)
	x.t.Logf("%d states, %d steps, depth %d; %d of them followed to the end; %v; %.0f states and %.0f steps a second",
		len(x.seen), x.moves, deepest, x.settled, took.Round(time.Millisecond), float64(len(x.seen))/took.Seconds(), float64(x.moves)/took.Seconds())
	x.t.Logf("%d times a reorganisation deeper than was waited for took a closed batch's transaction for another variant, and it was said; %d times that cost the next batch its coin", x.lost, x.orphans)
	x.t.Logf("states of the newest batch: %v; reached by: %v", x.states, x.by)
}

// TestExplorerFinds plants faults of other issuers and of careless ones into the steps; the
// explorer must name the invariant each breaks.
func TestExplorerFinds(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		want  string
		plant func(x *explorer)
	}{
		"a new transaction after a failed send": {"I1", func(x *explorer) {
			send := x.steps["broadcast"]
			x.steps["broadcast"] = func(b *Batch, c Chain) error {
				err := send(b, c)
				if err == nil {
					return nil
				}
				coins, cerr := c.(*toyNode).Coins(ctx, x.key.Address)
				if cerr != nil || len(coins) < 2 {
					return err
				}
				u, err := anchor.BuildCommitment(b.p.root, coins[1:], x.key.Address, 1000, exploreCap, anchor.Regtest)
				if err != nil {
					return err
				}
				return b.lock(u, coins)
			}
		}},
		"sent before it is written down": {"I3", func(x *explorer) {
			x.steps["sign"] = func(b *Batch, c Chain) error {
				raw, err := anchor.SignCommitment(b.p.unsigned, b.p.coins, x.signer)
				if err == nil {
					err = c.Broadcast(ctx, raw)
				}
				return errors.Join(err, b.store(raw))
			}
		}},
		"signed before it is written down": {"I3", func(x *explorer) {
			x.steps["fund"] = func(b *Batch, c Chain) error {
				coins, err := c.Coins(ctx, x.key.Address)
				if err != nil {
					return err
				}
				u, err := anchor.BuildCommitment(b.p.root, coins, x.key.Address, 1000, exploreCap, anchor.Regtest)
				if err != nil {
					return err
				}
				_, serr := anchor.SignCommitment(u, coins, x.signer)
				return errors.Join(serr, b.lock(u, coins))
			}
		}},
		"reorganisations are not looked for": {"I4", func(x *explorer) {
			x.steps["watch"] = func(*Batch, Chain) error { return nil }
		}},
		"the first variant is forgotten": {"I2", func(x *explorer) {
			x.steps["confirm"] = func(b *Batch, c Chain) error {
				s, err := c.Lookup(ctx, b.p.txid)
				if err != nil || s.Confirmations < exploreDepth {
					return nil
				}
				return b.is.journal.write(record{Batch: b.p.key, State: Confirmed, At: b.is.now(), TxID: b.p.txid.String(), Block: s.Block.String(), Height: s.Height})
			}
		}},
		"one confirmation is enough, of whatever block": {"I4", func(x *explorer) {
			x.steps["confirm"] = func(b *Batch, c Chain) error {
				if s, err := c.Lookup(ctx, b.p.txid); err != nil || s.Confirmations < 1 {
					return err
				}
				return b.is.journal.write(record{Batch: b.p.key, State: Confirmed, At: b.is.now(), TxID: b.p.txid.String(), Block: anchor.BlockHash{1}.String(), Height: 1})
			}
		}},
		"memory is ahead of the journal": {"a restart", func(x *explorer) {
			x.steps["broadcast"] = func(b *Batch, c Chain) error {
				err := c.Broadcast(ctx, b.p.raw)
				b.p.state = Sent
				return err
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newExplorer(t, anchor.ProfileBlockcerts)
			c.plant(x)
			var found string
			x.violated = func(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
			func() {
				defer func() {
					if r := recover(); r != nil {
						found = fmt.Sprint(r)
					}
				}()
				every := 3
				if c.want == "I4" {
					every = 0 // following a state to the end would find it as I2 before
				}
				x.run(4_000, every)
			}()
			if !strings.HasPrefix(found, c.want) {
				t.Errorf("found %q, want %s", found, c.want)
			}
		})
	}
}

// TestExplore visits the first states of each form of address; with CERTANCHOR_LONG a
// million and more, which takes a quarter of an hour (-timeout 60m).
func TestExplore(t *testing.T) {
	limit, settleEvery := 6_000, 20
	if os.Getenv("CERTANCHOR_LONG") != "" {
		limit, settleEvery = 550_000, 100
	}
	total := 0
	for _, profile := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit} {
		t.Run(string(profile), func(t *testing.T) {
			x := newExplorer(t, profile)
			x.run(limit, settleEvery)
			total += len(x.seen)
			if len(x.seen) < limit {
				t.Errorf("only %d states", len(x.seen))
			}
		})
	}
	t.Logf("%d states in all: at most one anchor each, nothing signed or sent without its record, none stuck", total)
}
