package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSnapshotRides: what the issuer has published by the second batch is anchored with it,
// and from then on an older list is not current, wherever it comes from (ST-6).
func TestSnapshotRides(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wantStatus(t, 0, "keygen", "--out", d("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board of Alderfen")
	issue := func(name string, count string) {
		drafts, _ := wantStatus(t, 0, "synth", "--count", count)
		must(os.WriteFile(d("drafts.jsonl"), []byte(drafts), 0o600))
		wantStatus(t, 0, "issue", "--issuer", d("board"), "--in", d("drafts.jsonl"), "--out", d(name))
	}
	issue("first", "1")
	if _, err := os.Stat(d("board", "status", snapshotFile)); err == nil {
		t.Error("a snapshot before anything was published")
	}
	first, err := filepath.Glob(d("first", "*.json"))
	must(err)
	list := d("board", "status", "licence-2026-revocation.json")
	if all, _ := filepath.Glob(d("board", "status", "*revocation.json")); len(all) == 1 {
		list = all[0]
	}
	old, err := os.ReadFile(list)
	must(err)
	must(os.WriteFile(d("old.json"), old, 0o600))
	wantStatus(t, 0, "status", "set", "--issuer", d("board"), "--revoke", "--reason", "issued in error", first[0])
	issue("second", "2")
	snapshot := d("board", "status", snapshotFile)
	wantStatus(t, 0, "evidence", "--issuer", d("board"), "--out", d("evidence.json"), first[0], snapshot)
	wantStatus(t, 0, "verify", "--trust", d("board", "trust.json"), "--evidence", d("evidence.json"), snapshot)
	if second, _ := filepath.Glob(d("second", "*.json")); len(second) != 2 {
		t.Errorf("the second batch has %d credentials in its folder", len(second))
	}
	wantStatus(t, 3, "verify", "--trust", d("board", "trust.json"), "--evidence", d("evidence.json"), first[0])

	// A bearer of the revoked credential leaves the newest list out and shows the old one.
	editJSON(t, d("evidence.json"), d("without.json"), func(v map[string]any) {
		for url := range v["documents"].(map[string]any) {
			if filepath.Base(url) == filepath.Base(list) {
				delete(v["documents"].(map[string]any), url)
			}
		}
	})
	out, _ := wantStatus(t, 2, "verify", "--trust", d("board", "trust.json"), "--evidence", d("without.json"), "--status", d("old.json"), "--json", first[0])
	if !strings.Contains(out, `"snapshot-rollback"`) {
		t.Errorf("an older list than the anchored one: %s", out)
	}
	// Without the snapshot nobody can know.
	editJSON(t, d("without.json"), d("nothing.json"), func(v map[string]any) {
		for url := range v["documents"].(map[string]any) {
			if len(url) > 9 && url[:9] == "urn:uuid:" {
				delete(v["documents"].(map[string]any), url)
			}
		}
	})
	wantStatus(t, 0, "verify", "--trust", d("board", "trust.json"), "--evidence", d("nothing.json"), "--status", d("old.json"), first[0])
}

// TestSnapshotOfTokens: the list that SD-JWT VCs name is among those committed to.
func TestSnapshotOfTokens(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wantStatus(t, 0, "keygen", "--out", d("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board of Alderfen")
	issue := func(name, count string) {
		drafts, _ := wantStatus(t, 0, "synth", "--count", count)
		must(os.WriteFile(d("drafts.jsonl"), []byte(drafts), 0o600))
		wantStatus(t, 0, "issue", "--issuer", d("board"), "--in", d("drafts.jsonl"), "--out", d(name), "--form", "dc+sd-jwt")
	}
	issue("first", "1")
	first, err := filepath.Glob(d("first", "*.json"))
	must(err)
	lists, err := filepath.Glob(d("board", "status", "*.jwt"))
	must(err)
	if len(lists) != 1 || len(first) != 1 {
		t.Fatalf("%v %v", lists, first)
	}
	old, err := os.ReadFile(lists[0])
	must(err)
	must(os.WriteFile(d("old.jwt"), old, 0o600))
	wantStatus(t, 0, "status", "set", "--issuer", d("board"), "--revoke", "--reason", "issued in error", first[0])
	issue("second", "2")
	wantStatus(t, 0, "evidence", "--issuer", d("board"), "--out", d("evidence.json"), first[0], d("board", "status", snapshotFile))
	wantStatus(t, 3, "verify", "--trust", d("board", "trust.json"), "--evidence", d("evidence.json"), first[0])
	editJSON(t, d("evidence.json"), d("without.json"), func(v map[string]any) {
		for url := range v["documents"].(map[string]any) {
			if strings.HasSuffix(url, ".jwt") {
				delete(v["documents"].(map[string]any), url)
			}
		}
	})
	out, _ := wantStatus(t, 2, "verify", "--trust", d("board", "trust.json"), "--evidence", d("without.json"), "--status", d("old.jwt"), "--json", first[0])
	if !strings.Contains(out, `"snapshot-rollback"`) {
		t.Errorf("an older list than the anchored one: %s", out)
	}
}
