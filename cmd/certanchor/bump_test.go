package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
)

// TestBump: a batch whose transaction waits in the pool is bumped by a child and then by a
// replacement, shown, and issued to the end.
func TestBump(t *testing.T) {
	t.Chdir(t.TempDir())
	run := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
		if got := a.run(t.Context(), args); got != want {
			t.Fatalf("%v: status %d, want %d\n%s", args, got, want, out.String())
		}
		return out.String()
	}
	run(exitOK, "keygen", "--out", "board", "--network", "regtest", "--profile", "segwit", "--id", "https://board.example/issuer.json", "--name", "Board")
	if err := os.WriteFile("drafts.jsonl", []byte(run(exitOK, "synth", "--count", "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(exitUsage, "anchors", "bump", "--issuer", "board", "--fee-rate", "20000", "--cpfp"); !strings.Contains(out, "no transaction of this batch waits") {
		t.Error(out)
	}
	first := waiting(t)
	run(exitIO, "anchors", "bump", "--issuer", "board", "--fee-rate", "20000", "--fee-cap", "1000", "--cpfp")
	if out := run(exitOK, "anchors", "bump", "--issuer", "board", "--fee-rate", "20000", "--cpfp"); !strings.Contains(out, "pays for "+first) {
		t.Error(out)
	}
	if out := run(exitOK, "anchors", "bump", "--issuer", "board", "--fee-rate", "60000"); !strings.Contains(out, "Replaced by ") {
		t.Error(out)
	}
	list := run(exitOK, "anchors", "list", "--issuer", "board")
	_, row, _ := strings.Cut(list, "\n")
	show := run(exitOK, "anchors", "show", "--issuer", "board", strings.Fields(row)[0])
	if strings.Count(show, "transaction") != 2 || strings.Count(show, "child") != 1 || !strings.Contains(show, "sent") {
		t.Error(show)
	}
	run(exitOK, "issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials")
	names, err := filepath.Glob("credentials/*.json")
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	// A reorganisation takes the block away; watch sends the transaction again.
	if out := run(exitOK, "anchors", "watch", "--issuer", "board"); !strings.Contains(out, "12 ") || !strings.Contains(out, "false") {
		t.Error(out)
	}
	chain, err := regtest.Open("board/state/chain")
	if err == nil {
		err = errors.Join(chain.Reorg(12), chain.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if out := run(exitOK, "anchors", "watch", "--issuer", "board"); !strings.Contains(out, "true") || !strings.Contains(out, "a reorganisation took its block") {
		t.Error(out)
	}
	if chain, err = regtest.Open("board/state/chain"); err == nil {
		_, err = chain.Mine(12, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", time.Now())
		err = errors.Join(err, chain.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	run(exitOK, "anchors", "watch", "--issuer", "board")
	run(exitOK, "evidence", "--issuer", "board", "--out", "evidence.json", names[0])
	run(exitOK, "verify", "--trust", "board/trust.json", "--evidence", "evidence.json", names[0])
}

// waiting takes the drafts as far as the memory pool, and stops there.
func waiting(t *testing.T) (txid string) {
	t.Helper()
	j := &job{app: &app{stderr: os.Stderr, stdout: os.Stdout}, dir: "board", chain: "embedded", status: "bitstring", feeCap: 100_000}
	drafts, err := issuer.ReadDrafts("drafts.jsonl", "")
	if err == nil {
		err = j.open()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer j.issuer.Close()
	ctx := context.Background()
	network, chain, err := j.openChain()
	if err != nil {
		t.Fatal(err)
	}
	defer j.closeChain()
	b, err := j.issuer.Seal(ctx, network, drafts)
	for _, step := range []func() error{
		func() error { return err },
		func() error { return j.firstCoins(ctx, b) },
		func() error { return b.Fund(ctx, chain, j.key.Address, j.feeCap) },
		func() error { return j.sign(b) },
		func() error { return b.Broadcast(ctx, chain) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return b.TxID().String()
}
