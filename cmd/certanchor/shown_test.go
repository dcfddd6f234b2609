package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/certanchor/certanchor/anchor/regtest"
)

// call runs a command line as a process of its own, in a network namespace that has no
// interface that is up, where such can be made.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	line := append([]string{"certanchor"}, args...) // TestMain has put it into PATH
	if noNetwork() {
		line = append([]string{"unshare", "-n"}, line...)
	}
	c := exec.CommandContext(t.Context(), line[0], line[1:]...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	if err := c.Run(); c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), talk.String()
}

// noNetwork says whether this machine lets a test take the network away.
var noNetwork = sync.OnceValue(func() bool {
	return exec.Command("unshare", "-n", "true").Run() == nil
})

func wantStatus(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	got, stdout, stderr := call(t, args...)
	if got != want {
		t.Fatalf("%s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, want, stdout, stderr)
	}
	return stdout, stderr
}

// editJSON rewrites a JSON file with one change.
func editJSON(t *testing.T, from, to string, change func(map[string]any)) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	change(v)
	if raw, err = json.Marshal(v); err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flipHex changes one hexadecimal digit, i digits before the end.
func flipHex(s string, i int) string {
	b := []byte(s)
	at := len(b) - i
	b[at] = map[bool]byte{true: '1', false: '0'}[b[at] == '0']
	return string(b)
}

// TestShown is what the demo's reader can try with the files alone: each fault ends
// with its status and its code.
func TestShown(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir, "D"}, names...)...) }
	wantStatus(t, 0, "demo", "--count", "2", "--out", d())
	licence := licenceOf(t, d("credentials"))
	base := []string{"verify", "--json", "--trust", d("trust.json"), "--evidence", d("evidence.json"), licence}
	wantStatus(t, 0, base...)
	txid := txidOf(t, base)
	tx := func(v map[string]any) map[string]any {
		return v["transactions"].(map[string]any)[txid].(map[string]any)
	}
	otherTx := func(v map[string]any) map[string]any {
		for id, e := range v["transactions"].(map[string]any) {
			if id != txid {
				return e.(map[string]any)
			}
		}
		return nil
	}
	for _, c := range []struct {
		name   string
		file   string // what is changed: "credential", "evidence" or "trust"
		change func(map[string]any)
		status int
		code   string
	}{
		{"claim-edited", "credential", func(v map[string]any) { v["credentialSubject"].(map[string]any)["number"] = "0" }, 1, "signature"},
		{"evidence-swapped", "evidence", func(v map[string]any) {
			v["transactions"].(map[string]any)[txid] = otherTx(v)
		}, 1, "transaction-id"},
		{"foreign-root", "evidence", func(v map[string]any) { tx(v)["tx"] = flipHex(tx(v)["tx"].(string), 12) }, 1, "transaction-id"},
		{"previous-output-wrong", "evidence", func(v map[string]any) { tx(v)["prevTxs"] = otherTx(v)["prevTxs"] }, 1, "previous-transaction"},
		{"issuer-key-wrong", "trust", func(v map[string]any) {
			for _, e := range v["issuers"].([]any) {
				m := e.(map[string]any)["document"].(map[string]any)["verificationMethod"].([]any)[0].(map[string]any)
				m["publicKeyJwk"].(map[string]any)["x"] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
			}
		}, 1, "signature"},
		{"one-confirmation-too-few", "trust", func(v map[string]any) { v["minConfirmations"] = embeddedDepth + 2 }, 2, "confirmations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string(nil), base...)
			at := map[string]int{"trust": 3, "evidence": 5, "credential": 6}[c.file]
			// beside the original: a trust file names others relative to itself
			to := filepath.Join(filepath.Dir(args[3]), "bent-"+c.name+".json")
			editJSON(t, args[at], to, c.change)
			args[at] = to
			out, _ := wantStatus(t, c.status, args...)
			if !strings.Contains(out, `"code":"`+c.code+`"`) {
				t.Errorf("no %s in %s", c.code, out)
			}
		})
	}
}

func licenceOf(t *testing.T, dir string) string {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if raw, err := os.ReadFile(n); err == nil && bytes.Contains(raw, []byte("LicenceCredential")) {
			return n
		}
	}
	t.Fatal("no licence")
	return ""
}

func txidOf(t *testing.T, args []string) string {
	out, _ := wantStatus(t, 0, args...)
	var r struct {
		Anchors []struct{ TxID string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Anchors) != 1 {
		t.Fatalf("%v in %s", err, out)
	}
	return r.Anchors[0].TxID
}

// TestDiskFull fails every call that changes a file, one after the other, as a full
// disk does: the command says so and ends with 74, and run again with room it issues
// everything, once.
func TestDiskFull(t *testing.T) {
	base := t.TempDir()
	wantStatus(t, 0, "keygen", "--out", filepath.Join(base, "board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board")
	drafts, _ := wantStatus(t, 0, "synth", "--count", "2")
	if err := os.WriteFile(filepath.Join(base, "drafts.jsonl"), []byte(drafts), 0o600); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for n := 1; ; n++ {
		calls := diskFullOnce(t, base, n)
		if calls < n {
			t.Logf("%d calls, each failed once", failed)
			if failed < 80 {
				t.Errorf("only %d calls were made to fail", failed)
			}
			return
		}
		failed++
	}
}

// diskFullOnce fails call n and returns how many calls there were in the first run.
func diskFullOnce(t *testing.T, base string, n int) int {
	dir := t.TempDir()
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"signing.json", "anchor.json"} {
		if err := os.Chmod(filepath.Join(dir, "board/keys", k), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"issue", "--issuer", filepath.Join(dir, "board"), "--in", filepath.Join(dir, "drafts.jsonl"), "--out", filepath.Join(dir, "credentials")}
	calls := 0
	around := func(do func() error) error {
		if calls++; calls == n {
			return &os.PathError{Op: "write", Path: "file", Err: syscall.ENOSPC}
		}
		return do()
	}
	var out, talk bytes.Buffer
	a := &app{stdout: &out, stderr: &talk}
	a.issuerHook = func(_, _ string, do func() error) error { return around(do) }
	a.chainOptions = []regtest.Option{regtest.WithHook(func(_ string, b []byte, do func([]byte) error) error {
		return around(func() error { return do(b) })
	})}
	status := a.run(context.Background(), args)
	if calls >= n && (status != exitIO || !strings.Contains(talk.String(), "disk is full")) {
		t.Errorf("call %d failed: exit status %d\n%s", n, status, talk.String())
	}
	wantStatus(t, 0, args...)
	names, err := filepath.Glob(filepath.Join(dir, "credentials/*.json"))
	if err != nil || len(names) != 2 {
		t.Errorf("call %d failed: %d credentials in the end", n, len(names))
	}
	left, err := filepath.Glob(filepath.Join(dir, "credentials/.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("call %d failed: left behind %v", n, left)
	}
	return calls
}
