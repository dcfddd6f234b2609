package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// An explorer is a double of an Esplora server: it answers from an evidence file, as the
// documentation of its HTTP interface says. lie changes an answer on its way out.
type explorer struct {
	txs     map[string][]byte   // by id
	heights map[string]int      // of transactions
	headers []anchor.Header     // by height
	blocks  map[string][]string // hash → ids of its transactions
	lie     func(path, answer string) (int, string)
}

func newExplorer(t *testing.T, evidence string) *explorer {
	t.Helper()
	raw, err := os.ReadFile(evidence)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := verifier.ParseEvidence(raw)
	if err != nil {
		t.Fatal(err)
	}
	e := &explorer{txs: map[string][]byte{}, heights: map[string]int{}, blocks: map[string][]string{}}
	for _, run := range ev.Headers[anchor.Regtest] {
		for i := range run.Len() {
			e.headers = append(e.headers, run.Header(i))
		}
	}
	inBlock := map[int][]string{}
	for id, tx := range ev.Transactions {
		height := int(tx.Meta.Height)
		e.txs[id], e.heights[id] = tx.Tx, height
		for _, prev := range tx.PrevTxs {
			e.txs[strippedID(prev)] = prev
		}
		first := strippedID(tx.Coinbase)
		e.txs[first], e.heights[first] = tx.Coinbase, height
		if inBlock[height] == nil {
			inBlock[height] = []string{first}
		}
		inBlock[height] = append(inBlock[height], id)
	}
	for height, ids := range inBlock {
		h := e.headers[height]
		e.blocks[h.Hash().String()] = inOrder(t, ids, h)
	}
	return e
}

// strippedID is the id of a transaction without witness.
func strippedID(raw []byte) string {
	once := sha256.Sum256(raw)
	return anchor.TxID(sha256.Sum256(once[:])).String()
}

// inOrder returns ids, which must be all transactions of the block of h.
func inOrder(t *testing.T, ids []string, h anchor.Header) []string {
	t.Helper()
	var list []anchor.TxID
	for _, text := range ids {
		id, err := anchor.ParseTxID(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, id)
	}
	if anchor.MerkleRoot(list) != h.MerkleRoot() {
		t.Fatal("the block has other transactions")
	}
	return ids
}

func (e *explorer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, found := e.answer(strings.Split(r.URL.Path, "/")[1:])
	status := http.StatusOK
	if !found {
		status, answer = http.StatusNotFound, "not found"
	}
	if e.lie != nil {
		if s, text := e.lie(r.URL.Path, answer); s != 0 {
			status, answer = s, text
		}
	}
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

func (e *explorer) answer(p []string) (string, bool) {
	switch {
	case len(p) == 2 && p[0] == "block-height":
		for h, header := range e.headers {
			if fmt.Sprint(h) == p[1] {
				return header.Hash().String(), true
			}
		}
	case len(p) == 3 && p[0] == "blocks":
		return fmt.Sprint(len(e.headers) - 1), true
	case len(p) == 3 && p[0] == "block" && p[2] == "header":
		for _, header := range e.headers {
			if header.Hash().String() == p[1] {
				return hex.EncodeToString(header[:]), true
			}
		}
	case len(p) == 3 && p[0] == "block" && p[2] == "txids":
		ids, found := e.blocks[p[1]]
		raw, _ := json.Marshal(ids)
		return string(raw), found
	case len(p) == 3 && p[0] == "tx" && p[2] == "hex":
		raw, found := e.txs[p[1]]
		return hex.EncodeToString(raw), found
	case len(p) == 3 && p[0] == "tx" && p[2] == "status":
		height, found := e.heights[p[1]]
		if !found {
			return `{"confirmed":false}`, true
		}
		h := e.headers[height]
		return fmt.Sprintf(`{"confirmed":true,"block_height":%d,"block_hash":"%s","block_time":%d}`, height, h.Hash(), h.Seconds()), true
	}
	return "", false
}

// TestVerifyOnline: evidence without transactions and headers, and an explorer that has
// them; then one that lies in each way. Nothing it says makes a credential valid that
// is not.
func TestVerifyOnline(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	wantStatus(t, 0, "keygen", "--out", d("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board of Alderfen")
	drafts, _ := wantStatus(t, 0, "synth", "--count", "1")
	if err := os.WriteFile(d("drafts.jsonl"), []byte(drafts), 0o600); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, 0, "issue", "--issuer", d("board"), "--in", d("drafts.jsonl"), "--out", d("credentials"))
	credentials, err := filepath.Glob(d("credentials", "*.json"))
	if err != nil || len(credentials) == 0 {
		t.Fatalf("%v, %v", credentials, err)
	}
	licence := credentials[0]
	wantStatus(t, 0, "evidence", "--issuer", d("board"), "--out", d("evidence.json"), licence)
	editJSON(t, d("evidence.json"), d("lists.json"), func(v map[string]any) { delete(v, "transactions"); delete(v, "headers") })
	e := newExplorer(t, d("evidence.json"))
	server := httptest.NewServer(e)
	defer server.Close()
	args := []string{"verify", "--trust", d("board", "trust.json"), "--evidence", d("lists.json"), licence}
	online := append(args, "--online", "esplora="+server.URL)
	wantStatus(t, 2, args...)
	wantOnline(t, 0, online...)

	other := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		lie    func(path, answer string) (int, string)
		status int
		say    string
	}{
		"wrong-transaction": {func(path, answer string) (int, string) {
			if strings.HasPrefix(path, "/tx/") && strings.HasSuffix(path, "/hex") {
				return 200, flipHex(answer, 20)
			}
			return 0, ""
		}, 2, "source-not-reached"},
		"proof-of-another-block": {func(path, answer string) (int, string) {
			if strings.HasSuffix(path, "/txids") {
				return 200, `["` + other + `"]`
			}
			return 0, ""
		}, 2, "source-not-reached"},
		"stale": {func(path, answer string) (int, string) {
			if path == "/blocks/tip/height" {
				return 200, "101"
			}
			return 0, ""
		}, 2, ""},
		"half-an-answer": {func(_, answer string) (int, string) { return 200, answer[:len(answer)/2] }, 2, "source-not-reached"},
		"of-another-chain": {func(path, _ string) (int, string) {
			if path == "/block-height/0" {
				return 200, other
			}
			return 0, ""
		}, 2, "source-not-reached"},
		"error":     {func(string, string) (int, string) { return 500, "down" }, 2, "source-not-reached"},
		"500-MB":    {func(string, string) (int, string) { return 200, strings.Repeat("0", 500<<20) }, 2, "source-not-reached"},
		"knows-not": {func(string, string) (int, string) { return 404, "not found" }, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e.lie = c.lie
			out := wantOnline(t, c.status, online...)
			if !strings.Contains(out, c.say) {
				t.Errorf("the report does not name what could not be had:\n%s", out)
			}
		})
	}
	e.lie = nil
}

// TestResolver: the document of a DID comes from the resolver that the caller names, that
// of a did:web from its own host, and nothing from elsewhere.
func TestResolver(t *testing.T) {
	const board = "did:example:board"
	doc := []byte(`{"id":"did:example:board"}`)
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.EscapedPath())
		w.Header().Set("Content-Type", "application/did+json")
		io.Copy(w, bytes.NewReader(doc))
	}))
	defer server.Close()
	trust := &verifier.Trust{Issuers: []verifier.Issuer{{ID: board}, {ID: "did:web:board.example:one"}}}
	l, err := newLibrary(trust, true, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Get(context.Background(), board)
	if err != nil || !bytes.Equal(got.Bytes, doc) || got.MediaType != "application/did+json" {
		t.Errorf("%+v, %v", got, err)
	}
	if want := []string{"/1.0/identifiers/did:example:board"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q", asked)
	}
	if _, err := l.Get(context.Background(), "did:example:mallory"); err == nil {
		t.Error("a DID that the trust file does not name was resolved")
	}
	if !l.client.Allows("https://board.example/one/did.json") || l.client.Allows("https://mallory.example/did.json") {
		t.Error("did:web: the host of the trust file's issuer, and no other")
	}
	none, err := newLibrary(trust, true, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Get(context.Background(), board); err == nil || !strings.Contains(err.Error(), "resolver=URL") {
		t.Errorf("without a resolver: %v", err)
	}
	if _, err := newLibrary(trust, false, "ftp://resolver.example"); err == nil {
		t.Error("a resolver that can never be asked")
	}
}

// wantOnline runs a command line in this process, which has the network.
func wantOnline(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, talk bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &talk}
	if got := a.run(t.Context(), args); got != want {
		t.Fatalf("%s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), talk.String())
	}
	return out.String()
}
