package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/anchor"
)

// TestEvidenceUpgrade is the life of an archived credential: valid when new, unknown to a
// verifier whose checkpoints have moved on, valid again after the command that the verdict
// names.
func TestEvidenceUpgrade(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir, "D"}, names...)...) }
	wantStatus(t, 0, "demo", "--count", "1", "--out", d())
	licence := licenceOf(t, d("credentials"))
	wantStatus(t, 0, "verify", "--trust", d("trust.json"), "--evidence", d("evidence.json"), licence)

	// The chain goes on past the end of a period; the verifier makes a pack of its own.
	headers := demoHeaders(t, d())
	long := filepath.Join(dir, "long")
	if err := os.WriteFile(long, mineHeaders(t, headers, 2100), 0o600); err != nil {
		t.Fatal(err)
	}
	store, pack := filepath.Join(dir, "store"), filepath.Join(dir, "D", "pack")
	wantStatus(t, 0, "headers", "sync", "--network", "regtest", "--in", long, "--out", store)
	wantStatus(t, 0, "headers", "pack", "--network", "regtest", "--in", store, "--out", pack)
	raw, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	newer := d("newer.json")
	editJSON(t, d("trust.json"), newer, func(v map[string]any) {
		v["checkpoints"] = map[string]any{"regtest": map[string]any{"sha256": hex.EncodeToString(sum[:]), "file": "pack"}}
	})
	out, _ := wantStatus(t, 2, "verify", "--trust", newer, "--evidence", d("evidence.json"), licence)
	if !strings.Contains(out, "not-linked-forward") || !strings.Contains(out, "certanchor evidence upgrade") {
		t.Errorf("%s", out)
	}

	upgraded := d("upgraded.json")
	_, talk := wantStatus(t, 64, "evidence", "upgrade", d("evidence.json"), "--trust", newer, "--out", upgraded)
	if !strings.Contains(talk, "nothing was written") {
		t.Error(talk)
	}
	if _, err := os.Stat(upgraded); err == nil {
		t.Error("a file was written")
	}
	_, talk = wantStatus(t, 0, "evidence", "upgrade", d("evidence.json"), "--trust", newer, "--headers", store, "--out", upgraded)
	if !strings.Contains(talk, "linked forward now") {
		t.Error(talk)
	}
	out, _ = wantStatus(t, 0, "verify", "--explain", "--trust", newer, "--evidence", upgraded, licence)
	for _, want := range []string{"hashes to replace that block and those above it", "blocks of mainnet in 2026", "trusting   the checkpoint 2015 ", "trusting   that no chain of regtest with more work was withheld"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	wantStatus(t, 0, "verify", "--trust", d("trust.json"), "--evidence", upgraded, licence)

	// Again, merged with itself, or with a trust file that has no checkpoints: no change.
	again, merged := d("again.json"), d("merged.json")
	wantStatus(t, 0, "evidence", "upgrade", upgraded, "--trust", newer, "--out", again)
	wantStatus(t, 0, "evidence", "merge", upgraded, d("evidence.json"), "--out", merged)
	wantStatus(t, 0, "verify", "--trust", newer, "--evidence", merged, licence)
	_, talk = wantStatus(t, 0, "evidence", "upgrade", upgraded, "--trust", d("trust.json"), "--out", again)
	if !strings.Contains(talk, "newer than every checkpoint") {
		t.Error(talk)
	}
	for name, args := range map[string][]string{
		"no evidence":      {"upgrade", "--trust", newer, "--out", again},
		"no trust file":    {"upgrade", upgraded, "--out", again},
		"no file to write": {"upgrade", upgraded, "--trust", newer},
		"not a store":      {"upgrade", upgraded, "--trust", newer, "--headers", licence, "--out", again},
		"a store cut off":  {"upgrade", upgraded, "--trust", newer, "--headers", cutFile(t, store, 1000), "--out", again},
		"not evidence":     {"upgrade", licence, "--trust", newer, "--out", again},
		"nothing to merge": {"merge", "--out", again},
		"truncated bundle": {"merge", cutFile(t, upgraded, 5000), "--out", again},
	} {
		t.Run(name, func(t *testing.T) { wantStatus(t, 64, append([]string{"evidence"}, args...)...) })
	}
}

// cutFile is a copy of the first n bytes of a file.
func cutFile(t *testing.T, name string, n int) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil || len(raw) < n {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	out := filepath.Join(t.TempDir(), "cut")
	if err := os.WriteFile(out, raw[:n], 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// demoHeaders are those in the evidence of a demo, from the genesis block on.
func demoHeaders(t *testing.T, dir string) []byte {
	t.Helper()
	ev, err := readEvidence(filepath.Join(dir, "evidence.json"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(anchor.JoinRuns(ev.Headers[anchor.Regtest])[0].Headers)
}

// mineHeaders goes on from headers of regtest up to n of them, a second apart.
func mineHeaders(t *testing.T, raw []byte, n int) []byte {
	t.Helper()
	for len(raw) < n*anchor.HeaderSize {
		h := anchor.Header(raw[len(raw)-anchor.HeaderSize:])
		prev, seconds := h.Hash(), h.Seconds()+1
		copy(h[4:], prev[:])
		for i := range 4 {
			h[68+i] = byte(seconds >> (8 * i))
		}
		for h.CheckWork(anchor.Regtest) != nil {
			h[76]++
		}
		raw = append(raw, h[:]...)
	}
	return raw
}
