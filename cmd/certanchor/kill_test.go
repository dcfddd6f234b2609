package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// A killWorld runs the real command in a process of its own, in one folder.
type killWorld struct {
	t    *testing.T
	self string // this test binary
	dir  string
}

// command returns the command line as a process; plan as in killEnv.
func (w *killWorld) command(plan string, args ...string) *exec.Cmd {
	c := exec.Command(w.self, args...)
	c.Args[0] = "certanchor"
	c.Dir = w.dir
	c.Env = append(os.Environ(), killEnv+"="+plan)
	return c
}

func (w *killWorld) run(plan string, args ...string) (string, error) {
	c := w.command(plan, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.String(), err
}

func (w *killWorld) must(out string, err error) string {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// issueArgs issues the same drafts each time.
var issueArgs = []string{"issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials"}

// journalLine is what the kill tests need of a journal record.
type journalLine struct {
	State string `json:"state"`
	Root  string `json:"root"`
	TxID  string `json:"txid"`
}

// journal returns root and transaction id as the journal holds them now.
func (w *killWorld) journal() (root, txid string) {
	data, err := os.ReadFile(filepath.Join(w.dir, "board/state/journal"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		var r journalLine
		if i := strings.Index(line, "{"); i < 0 || json.Unmarshal([]byte(line[i:]), &r) != nil {
			continue
		}
		if r.Root != "" {
			root = r.Root
		}
		if r.TxID != "" {
			txid = r.TxID
		}
	}
	return root, txid
}

// spooled returns the digests of drafts and leaves spooled so far.
func (w *killWorld) spooled() []string {
	names, _ := filepath.Glob(filepath.Join(w.dir, "board/state/batches/*/spool"))
	var leaves []string
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			var s struct {
				Leaf string `json:"leaf"`
			}
			if i := strings.Index(line, "{"); i >= 0 && json.Unmarshal([]byte(line[i:]), &s) == nil && s.Leaf != "" {
				leaves = append(leaves, s.Leaf)
			}
		}
	}
	return leaves
}

// finalLeaves returns the stored leaves in order, as hex.
func (w *killWorld) finalLeaves() []string {
	names, _ := filepath.Glob(filepath.Join(w.dir, "board/state/batches/*/leaves"))
	if len(names) != 1 {
		w.t.Fatalf("%d files of leaves", len(names))
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		w.t.Fatal(err)
	}
	var leaves []string
	for ; len(data) >= 32; data = data[32:] {
		leaves = append(leaves, hex.EncodeToString(data[:32]))
	}
	return leaves
}

// digests returns the SHA-256 of every credential by name. Whatever stands in the
// folder under a credential's name must be a whole document.
func (w *killWorld) digests() map[string]string {
	names, _ := filepath.Glob(filepath.Join(w.dir, "credentials/*.json"))
	sums := map[string]string{}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil || !json.Valid(data) {
			w.t.Fatalf("%s is half written (%v)", n, err)
		}
		sums[filepath.Base(n)] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return sums
}

// anchors counts the commitment transactions on the embedded chain, pool included.
func (w *killWorld) anchors() int {
	c, err := regtest.Open(filepath.Join(w.dir, "board/state/chain"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	key, err := os.ReadFile(filepath.Join(w.dir, "board/keys/anchor.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	var k struct{ Address string }
	if err := json.Unmarshal(key, &k); err != nil {
		w.t.Fatal(err)
	}
	ctx := context.Background()
	coins, err := c.Coins(ctx, k.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, coin := range coins {
		if _, err := anchor.ParseCommitment(coin.PrevTx); err == nil && !coin.Coinbase {
			n++ // its change is among the coins
		}
	}
	return n
}

// TestKillIssue ends the real command with SIGKILL before and after every call that
// changes a file, and runs it again: one transaction, the root and the credentials that
// were promised, nothing lost, nothing half written.
func TestKillIssue(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	base := &killWorld{t: t, self: self, dir: t.TempDir()}
	base.must(base.run("", "keygen", "--out", "board", "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board"))
	drafts := base.command("", "synth", "--count", "2")
	out, err := drafts.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base.dir, "drafts.jsonl"), out, 0o600); err != nil {
		t.Fatal(err)
	}
	total := base.calls()
	t.Logf("issue makes %d calls that change a file; killed before and after each", total)
	step := 4 // the whole run takes half a minute
	if os.Getenv("CERTANCHOR_LONG") != "" {
		step = 1
	}
	killed, tried := 0, 0
	for n := 1; n <= total; n += step {
		for _, mode := range []string{"before", "after"} {
			tried++
			if base.killOnce(fmt.Sprintf("%s:%d", mode, n)) {
				killed++
			}
		}
	}
	t.Logf("killed %d times, each time the second run ended with one transaction and all credentials", killed)
	if killed < tried*9/10 {
		t.Errorf("only %d of %d runs were killed", killed, tried)
	}
}

// fork copies the issuer and drafts into a fresh folder.
func (w *killWorld) fork() *killWorld {
	f := &killWorld{t: w.t, self: w.self, dir: w.t.TempDir()}
	if err := os.CopyFS(f.dir, os.DirFS(w.dir)); err != nil {
		w.t.Fatal(err)
	}
	for _, k := range []string{"signing.json", "anchor.json"} {
		if err := os.Chmod(filepath.Join(f.dir, "board/keys", k), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return f
}

func (w *killWorld) calls() int {
	f := w.fork()
	count := filepath.Join(f.dir, "count")
	f.must(f.run("count:"+count, issueArgs...))
	b, err := os.ReadFile(count)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := strconv.Atoi(string(b))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *killWorld) killOnce(plan string) (killed bool) {
	f := w.fork()
	defer os.RemoveAll(f.dir)
	_, err := f.run(plan, issueArgs...)
	var exit *exec.ExitError
	killed = errors.As(err, &exit) && exit.ExitCode() == -1
	f.recovers(plan)
	return killed
}

// recovers looks at what a killed run left behind, runs the command again, and holds the
// outcome to what had been promised.
func (f *killWorld) recovers(plan string) {
	w := f
	root, txid := f.journal()
	spooled, partial := f.spooled(), f.digests()
	f.must(f.run("", issueArgs...))
	root2, txid2 := f.journal()
	if root != "" && root != root2 || txid != "" && txid != txid2 {
		w.t.Errorf("%s: root %s became %s, transaction %s became %s", plan, root, root2, txid, txid2)
	}
	leaves := f.finalLeaves()
	for i, l := range spooled {
		if leaves[i] != l {
			w.t.Errorf("%s: document %d was made anew", plan, i)
		}
	}
	final := f.digests()
	if len(final) != 2 {
		w.t.Errorf("%s: %d credentials", plan, len(final))
	}
	for name, sum := range partial {
		if final[name] != sum {
			w.t.Errorf("%s: %s changed", plan, name)
		}
	}
	if n := f.anchors(); n != 1 {
		w.t.Errorf("%s: %d anchor transactions", plan, n)
	}
	if left := f.spooled(); len(left) > 0 {
		w.t.Errorf("%s: %d documents are left in the spool", plan, len(left))
	}
	f.must(f.run("", "evidence", "--issuer", "board", "--out", "evidence.json", "credentials/"+anyKey(final)))
	f.must(f.run("", "verify", "--trust", "board/trust.json", "--evidence", "evidence.json", "credentials/"+anyKey(final)))
}

func anyKey(m map[string]string) string {
	for k := range m {
		return k
	}
	return ""
}

// TestKillRandom ends the real command with SIGKILL at random moments, between calls and
// within them. A thousand of them with CERTANCHOR_LONG.
func TestKillRandom(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	base := &killWorld{t: t, self: self, dir: t.TempDir()}
	base.must(base.run("", "keygen", "--out", "board", "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board"))
	out, err := base.command("", "synth", "--count", "2").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base.dir, "drafts.jsonl"), out, 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	base.fork().must(base.fork().run("", issueArgs...))
	whole := time.Since(began)
	points := 15
	if os.Getenv("CERTANCHOR_LONG") != "" {
		points = 1000
	}
	r := rand.New(rand.NewPCG(2026, 7))
	killed, runs := 0, 0
	for ; killed < points && runs < 4*points; runs++ { // a run may end before it is killed
		f := base.fork()
		c := f.command("", issueArgs...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.Int64N(int64(whole))))
		c.Process.Kill()
		var exit *exec.ExitError
		if errors.As(c.Wait(), &exit) && exit.ExitCode() == -1 {
			killed++
		}
		f.recovers(fmt.Sprintf("random point %d", runs))
		os.RemoveAll(f.dir)
	}
	if killed < points {
		t.Errorf("only %d of %d runs were killed before their end", killed, runs)
	}
	t.Logf("killed at %d random points of %d runs: nothing lost, one anchor each, no half-written file", killed, runs)
}
