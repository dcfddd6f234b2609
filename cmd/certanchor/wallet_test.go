package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWalletURL: an import by address visits that address and nothing else, although the
// credential is full of others.
func TestWalletURL(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	run := func(want int, args ...string) string {
		t.Helper()
		var out, talk bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, walletWork: 4}
		if got := a.run(context.Background(), args); got != want {
			t.Fatalf("%v: exit status %d, want %d\n%s%s", args, got, want, &out, &talk)
		}
		return out.String() + talk.String()
	}
	run(0, "demo", "--count", "1", "--out", file("D"))
	if err := os.WriteFile(file("pass"), []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := []string{"--wallet", file("wallet"), "--passphrase-file", file("pass"), "--trust", file("D/trust.json"), "--evidence", file("D/evidence.json")}
	run(0, "wallet", "create", at[0], at[1], at[2], at[3])
	creds, err := filepath.Glob(file("D/credentials/*.json"))
	if err != nil || len(creds) == 0 {
		t.Fatal(creds, err)
	}
	raw, err := os.ReadFile(creds[0])
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
		if r.URL.Path != "/mine.json" {
			http.NotFound(w, r)
			return
		}
		w.Write(raw)
	}))
	defer host.Close()
	if said := run(0, append([]string{"wallet", "import", "--url", host.URL + "/mine.json"}, at...)...); !strings.Contains(said, "Kept 1 of 1") {
		t.Error(said)
	}
	if len(asked) != 1 || asked[0] != "GET /mine.json" {
		t.Errorf("asked %v", asked)
	}
	run(exitIO, append([]string{"wallet", "import", "--url", host.URL + "/gone.json"}, at...)...)
	run(exitUsage, append([]string{"wallet", "import", "--url", "ftp://example.org/x"}, at...)...)
}
