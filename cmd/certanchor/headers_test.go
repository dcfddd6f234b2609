package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/internal/conformance"
)

// TestHeaders imports real mainnet headers, makes a pack of them, and refuses a file with
// a gap.
func TestHeaders(t *testing.T) {
	real := conformance.Path(t, "conformance/bitcoin/headers/mainnet-0-10236.bin")
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	out, talk := wantStatus(t, 0, "headers", "import", "--network", "mainnet", "--in", real, "--out", store)
	if !strings.Contains(out, `"headers": {"mainnet": {"sha256"`) || !strings.Contains(talk, "10237 headers of mainnet") {
		t.Errorf("%s%s", out, talk)
	}
	wantStatus(t, 0, "headers", "verify", "--network", "mainnet", "--in", store)
	out, _ = wantStatus(t, 0, "headers", "pack", "--network", "mainnet", "--in", store, "--out", filepath.Join(dir, "pack"))
	if !strings.Contains(out, `"checkpoints": {"mainnet"`) {
		t.Error(out)
	}
	later := conformance.Path(t, "conformance/bitcoin/headers/mainnet-586657-589289.bin")
	_, talk = wantStatus(t, 64, "headers", "import", "--network", "mainnet", "--in", later, "--out", filepath.Join(dir, "gap"))
	if !strings.Contains(talk, "must begin at the genesis block") {
		t.Error(talk)
	}
	wantStatus(t, 64, "headers", "import", "--network", "mainnet", "--onto", store, "--in", later, "--out", filepath.Join(dir, "gap"))
	wantStatus(t, 64, "headers", "verify", "--network", "signet", "--in", store)
	wantStatus(t, 64, "headers", "verify", "--network", "moonnet", "--in", store)
}

// minedFile is the file of a private chain of n blocks; name makes it another chain than
// those of other names.
func minedFile(t *testing.T, name string, n int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	growFile(t, file, n)
	return file
}

// growFile mines n blocks on the chain of a file, to an address that follows from its name.
func growFile(t *testing.T, file string, n int) {
	t.Helper()
	c, err := regtest.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{"one": "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", "two": "mgdWjvq4RYAAP5goUNagTRMx7Xw534S5am"}
	if _, err := c.Mine(n, addresses[filepath.Base(file)], time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestHeadersSync follows a chain from nothing, goes on, and keeps its store when another
// chain has no more work.
func TestHeadersSync(t *testing.T) {
	one, two := minedFile(t, "one", 30), minedFile(t, "two", 40)
	store := filepath.Join(t.TempDir(), "store")
	sync := func(status int, chain string) string {
		t.Helper()
		_, talk := wantStatus(t, status, "headers", "sync", "--network", "regtest", "--chain", "embedded="+chain, "--out", store)
		return talk
	}
	held := func(blocks int) []byte {
		t.Helper()
		raw, err := os.ReadFile(store)
		if err != nil || len(raw) != (blocks+1)*anchor.HeaderSize {
			t.Fatalf("%d bytes, want %d headers; %v", len(raw), blocks+1, err)
		}
		return raw
	}
	if talk := sync(0, one); !strings.Contains(talk, "31 headers of regtest") {
		t.Error(talk)
	}
	held(30)
	growFile(t, one, 5)
	sync(0, one)
	before := held(35)
	sync(0, one)
	if !bytes.Equal(held(35), before) {
		t.Error("nothing new, and the store changed")
	}
	// A reorganisation: the other chain has more work, then less.
	sync(0, two)
	before = held(40)
	if talk := sync(64, one); !strings.Contains(talk, "no more work") || !strings.Contains(talk, "yours was kept") {
		t.Error(talk)
	}
	if !bytes.Equal(held(40), before) {
		t.Error("a chain with less work changed the store")
	}

	// From a file: what joins is added, a gap and another network are refused.
	dir := t.TempDir()
	file := func(name string, raw []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	growFile(t, two, 10)
	all := headersOf(t, two, 50)
	for _, c := range []struct {
		name   string
		raw    []byte
		status int
		hint   string
		blocks int
	}{
		{"gap", all[45*anchor.HeaderSize:], 64, "there is a gap", 40},
		{"half", all[:100], 64, "break a rule", 40},
		{"nothing", nil, 64, "80 bytes", 40},
		{"stretch", all[30*anchor.HeaderSize : 46*anchor.HeaderSize], 0, "from block 40 to 45", 45},
		{"whole", all, 0, "from block 45 to 50", 50},
		{"signet", genesisOf(anchor.Signet), 64, "name the network", 50},
	} {
		_, talk := wantStatus(t, c.status, "headers", "sync", "--network", "regtest", "--in", file(c.name, c.raw), "--out", store)
		if !strings.Contains(talk, c.hint) {
			t.Errorf("%s: %s", c.name, talk)
		}
		held(c.blocks)
	}

	// An evidence file brings its headers along.
	for _, c := range []struct {
		name   string
		runs   string // of the file
		status int
		hint   string
		blocks int
	}{
		{"from the first on", runJSON(all, 0, 10), 0, "from block 0 to 10", 10},
		{"in parts", runJSON(all, 30, 50) + "," + runJSON(all, 0, 35), 0, "from block 0 to 50", 50},
		{"with a gap", runJSON(all, 0, 20) + "," + runJSON(all, 22, 50), 0, "was left out", 20},
		{"none", "", 64, "no headers of regtest", -1},
	} {
		fresh := filepath.Join(dir, "fresh")
		os.Remove(fresh)
		name := file("ev", []byte(`{"version":1,"headers":{"regtest":[`+c.runs+`]}}`))
		_, talk := wantStatus(t, c.status, "headers", "sync", "--network", "regtest", "--in", name, "--out", fresh)
		if !strings.Contains(talk, c.hint) {
			t.Errorf("%s: %s", c.name, talk)
		}
		raw, _ := os.ReadFile(fresh)
		if len(raw) != (c.blocks+1)*anchor.HeaderSize || !bytes.HasPrefix(all, raw) {
			t.Errorf("%s: %d bytes", c.name, len(raw))
		}
	}

	for name, args := range map[string][]string{
		"two sources":        {"--chain", "embedded=" + one, "--in", store, "--out", store},
		"no source":          {"--out", store},
		"no file to write":   {"--chain", "embedded=" + one},
		"no such chain":      {"--chain", "carrier-pigeon", "--out", store},
		"no such file":       {"--chain", "embedded=" + filepath.Join(dir, "none"), "--out", store},
		"a store that is no": {"--chain", "embedded=" + one, "--out", file("junk", []byte("junk"))},
	} {
		t.Run(name, func(t *testing.T) {
			wantStatus(t, 64, append([]string{"headers", "sync", "--network", "regtest"}, args...)...)
		})
	}
	wantStatus(t, 74, "headers", "sync", "--network", "regtest", "--chain", "rpc=http://127.0.0.1:1", "--out", store)
	held(50)
}

func headersOf(t *testing.T, file string, tip anchor.Height) []byte {
	t.Helper()
	c, err := regtest.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run, err := c.Headers(context.Background(), 0, tip)
	if err != nil {
		t.Fatal(err)
	}
	return run.Headers
}

// runJSON is a run of headers as it stands in an evidence file.
func runJSON(all []byte, from, to int) string {
	return fmt.Sprintf(`{"headers":"%x","start":%d}`, all[from*anchor.HeaderSize:(to+1)*anchor.HeaderSize], from)
}

func genesisOf(n anchor.Network) []byte {
	h := n.Genesis()
	return h[:]
}

// TestBuiltinPackRebuilt: the documented command makes the first periods of the built-in
// pack again, byte for byte, and a second source that differs is left out.
func TestBuiltinPackRebuilt(t *testing.T) {
	real := conformance.Path(t, "conformance/bitcoin/headers/mainnet-0-10236.bin")
	dir := t.TempDir()
	out := filepath.Join(dir, "mainnet.bin")
	_, talk := wantStatus(t, 0, "headers", "pack", "--network", "mainnet", "--in", real, "--until", "8063", "--binary", "--out", out)
	if !strings.Contains(talk, "4 of the 436 built-in checkpoints") || !strings.Contains(talk, "--second") {
		t.Error(talk)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := anchor.BuiltinCheckpoints(anchor.Mainnet).MarshalBinary()
	if err != nil || len(got) != 4*36 || !bytes.Equal(got, builtin[:len(got)]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	// The whole built-in pack is the second source, then one with a period bent.
	second := filepath.Join(dir, "second")
	both := filepath.Join(dir, "both")
	for _, c := range []struct {
		bend func([]byte)
		want string
		n    int
	}{
		{func([]byte) {}, "both say the same of 5, and differ about 0", 5},
		{func(b []byte) { b[36] ^= 1 }, "both say the same of 4, and differ about 1", 4},
	} {
		b := bytes.Clone(builtin)
		c.bend(b)
		if err := os.WriteFile(second, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, talk := wantStatus(t, 0, "headers", "pack", "--network", "mainnet", "--in", real, "--second", second, "--out", both)
		if !strings.Contains(talk, c.want) {
			t.Error(talk)
		}
		raw, err := os.ReadFile(both)
		if err != nil {
			t.Fatal(err)
		}
		pack, err := anchor.ParseCheckpointPack(anchor.Mainnet, raw)
		if err != nil || len(pack.List()) != c.n {
			t.Errorf("%d entries, %v", len(pack.List()), err)
		}
	}
	wantStatus(t, 64, "headers", "pack", "--network", "mainnet", "--in", real, "--second", second, "--binary", "--out", both) // a period is left out
	wantStatus(t, 64, "headers", "pack", "--network", "mainnet", "--in", real, "--until", "2000", "--out", both)
	wantStatus(t, 0, "headers", "pack", "--network", "mainnet", "--in", real, "--second", real, "--out", both)
}
