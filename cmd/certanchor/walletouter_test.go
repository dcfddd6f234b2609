package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWalletDials: the wallet dials the addresses that a person named and no others, and
// what it asks there for tells nobody which credentials it holds: whole lists, each once.
// That the rest of its verbs dials nobody is told by the scripts.
func TestWalletDials(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	var one sync.Mutex
	var asked []string
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		asked = append(asked, r.Method+" "+r.URL.String())
		http.ServeFile(w, r, filepath.Join(dir, "public", filepath.Clean(r.URL.Path)))
	}))
	defer host.Close()
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.Certificate().Raw})
	writeFile(t, file("root.pem"), root)
	writeFile(t, file("pass"), []byte("correct horse battery\n"))
	// run makes a process that records whom it dials, and returns that list.
	run := func(args ...string) []string {
		t.Helper()
		os.Remove(file("dials"))
		c := exec.CommandContext(t.Context(), "certanchor", args...)
		c.Env = append(os.Environ(), dialsEnv+"="+file("dials"), "SSL_CERT_FILE="+file("root.pem"),
			walletEnv+"="+file("wallet"), passphraseEnv+"="+file("pass"))
		var out, talk bytes.Buffer
		c.Stdout, c.Stderr = &out, &talk
		if err := c.Run(); err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, &out, &talk)
		}
		dialled, _ := os.ReadFile(file("dials"))
		return strings.Fields(string(dialled))
	}
	silent := func(args ...string) {
		t.Helper()
		if dialled := run(args...); len(dialled) > 0 || len(asked) > 0 {
			t.Errorf("%v: dialled %v, asked %v", args, dialled, asked)
		}
	}
	silent("keygen", "--out", file("board"), "--network", "regtest", "--id", host.URL+"/issuer.json", "--name", "Board")
	drafts, _ := wantStatus(t, 0, "synth", "--count", "4", "--type", "degree")
	writeFile(t, file("drafts.jsonl"), []byte(drafts))
	silent("issue", "--issuer", file("board"), "--in", file("drafts.jsonl"), "--out", file("public/credentials"))
	creds, err := filepath.Glob(file("public/credentials/*.json"))
	if err != nil || len(creds) != 4 {
		t.Fatal(creds, err)
	}
	silent(append([]string{"evidence", "--issuer", file("board"), "--out", file("evidence.json")}, creds...)...)
	silent("wallet", "create")
	by := []string{"--trust", file("board/trust.json"), "--evidence", file("evidence.json")}
	silent(append([]string{"wallet", "import", creds[0], creds[1], creds[2]}, by...)...)

	there := strings.TrimPrefix(host.URL, "https://")
	url := "/credentials/" + filepath.Base(creds[3])
	dialled := run(append([]string{"wallet", "import", "--url", host.URL + url}, by...)...)
	if want := []string{"GET " + url}; !slices.Equal(dialled, []string{there}) || !slices.Equal(asked, want) {
		t.Errorf("import: dialled %v, asked %v", dialled, asked)
	}

	asked = nil
	silent("wallet", "refresh", "--trust", file("board/trust.json"))
	if err := os.Rename(file("board/status"), file("public/status")); err != nil {
		t.Fatal(err)
	}
	dialled = run("wallet", "refresh", "--trust", file("board/trust.json"), "--online", "lists")
	if !slices.Equal(dialled, []string{there}) {
		t.Errorf("refresh: dialled %v", dialled)
	}
	lists, err := filepath.Glob(file("public/status/*.json"))
	if err != nil || len(lists) == 0 {
		t.Fatal(lists, err)
	}
	if len(asked) == 0 {
		t.Error("refresh asked for nothing")
	}
	for i, a := range asked {
		list, ok := strings.CutPrefix(a, "GET /status/")
		if !ok || !slices.Contains(lists, file("public/status/"+list)) || slices.Contains(asked[:i], a) {
			t.Errorf("refresh asked %q", a)
		}
	}
	t.Log(dialled, asked)
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWalletHarmless: whatever a credential, a request or an invitation says of itself, no
// verb of the wallet lets a terminal obey it.
func TestWalletHarmless(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	t.Setenv(walletEnv, file("wallet"))
	t.Setenv(passphraseEnv, file("pass"))
	writeFile(t, file("pass"), []byte("correct horse battery\n"))
	wantStatus(t, 0, "demo", "--count", "1", "--out", file("D"))
	wantStatus(t, 0, "wallet", "create")
	asJSON := func(name string, v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, file(name), raw)
		return file(name)
	}
	ends := time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
	kept := 0
	for i, s := range obeyed {
		// Nobody knows issuer and context, and nothing is signed: kept as unproven at most.
		doc := map[string]any{"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://mallory.example/" + s}, "id": fmt.Sprint("urn:x:", i, s),
			"type": []any{"VerifiableCredential", s + "<b>"}, "issuer": "https://mallory.example/" + s, "validUntil": ends,
			"credentialSubject": map[string]any{"id": "urn:y:" + s, s: s}, "name": s + "<script>alert(1)</script>"}
		status, out, _ := callHarmless(t, "wallet", "import", asJSON(fmt.Sprint(i, ".json"), doc), "--trust", file("D/trust.json"), "--unproven")
		if status != 0 {
			continue
		}
		kept++
		short := out[:12]
		callHarmless(t, "wallet", "show", short)
		callHarmless(t, "wallet", "dossier", short, "--to", s, "--purpose", s, "--out", file("dossier.json"))
		callHarmless(t, "verify", "dossier", file("dossier.json"), "--trust", file("D/trust.json"))
		callHarmless(t, "wallet", "present", asJSON("request.json", map[string]any{"version": 1, "type": "certanchor-presentation-request", "verifier": s,
			"audience": "https://mallory.example/" + s, "nonce": strings.Repeat("A", 22), "purpose": s, "expires": ends,
			"dcql_query": map[string]any{"credentials": []any{map[string]any{"id": "c", "format": "ldp_vc", "meta": map[string]any{"type_values": []any{[]any{s + "<b>"}}},
				"require_cryptographic_holder_binding": false}}}}), "--out", file("presentation.json"))
		callHarmless(t, "wallet", "answer", asJSON("invitation.json", map[string]any{"version": 1, "type": "certanchor-invitation",
			"issuer": "https://mallory.example/" + s, "name": s, "nonce": strings.Repeat("A", 43), "expires": ends}), "--out", file("answer.txt"))
	}
	if kept < len(obeyed)/2 {
		t.Errorf("%d of %d kept: not much was tried", kept, len(obeyed))
	}
	for _, verb := range []string{"list", "reminders", "shares"} {
		if _, out, _ := callHarmless(t, "wallet", verb); strings.Count(out, "\n") < kept {
			t.Errorf("wallet %s: %s", verb, out)
		}
	}
}
