package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/issuer"
)

// A wallWorld is a folder with an issuer whose batch is sealed and unpaid, and a node that
// says what the test wants.
type wallWorld struct {
	t       *testing.T
	node    *httptest.Server
	answers map[string]any // method → result, or an rpcFault
	asked   []string
}

type rpcFault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (w *wallWorld) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	var q struct {
		ID     any    `json:"id"`
		Method string `json:"method"`
		Params []any  `json:"params"`
	}
	if err := json.NewDecoder(in.Body).Decode(&q); err != nil {
		w.t.Error(err)
	}
	w.asked = append(w.asked, q.Method)
	reply := map[string]any{"id": q.ID, "result": nil, "error": nil}
	switch a := w.answers[q.Method].(type) {
	case nil:
		reply["error"] = rpcFault{-32601, "Method not found"}
	case rpcFault:
		reply["error"] = a
	case func([]any) any:
		reply["result"] = a(q.Params)
	default:
		reply["result"] = a
	}
	if err := json.NewEncoder(out).Encode(reply); err != nil {
		w.t.Error(err)
	}
}

// run runs the command in this process.
func (w *wallWorld) run(args ...string) (int, string) {
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
	return a.run(w.t.Context(), args), out.String()
}

func (w *wallWorld) must(args ...string) string {
	w.t.Helper()
	code, out := w.run(args...)
	if code != exitOK {
		w.t.Fatalf("%v: status %d\n%s", args, code, out)
	}
	return out
}

func newWallWorld(t *testing.T) *wallWorld {
	t.Chdir(t.TempDir())
	w := &wallWorld{t: t}
	w.node = httptest.NewServer(w)
	t.Cleanup(w.node.Close)
	w.must("keygen", "--out", "board", "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board")
	if err := os.WriteFile("drafts.jsonl", []byte(w.must("synth", "--count", "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.healthy()
	return w
}

// healthy makes the node one of regtest that has no coin for the board.
func (w *wallWorld) healthy() {
	genesis := anchor.Regtest.Genesis().Hash().String()
	w.answers = map[string]any{
		"getblockhash":      genesis,
		"getblockchaininfo": map[string]any{"blocks": 200, "headers": 200, "bestblockhash": genesis, "initialblockdownload": false, "pruned": false},
		"scantxoutset":      map[string]any{"success": true, "unspents": []any{}},
		"estimatesmartfee":  map[string]any{"feerate": json.Number("0.00001000"), "blocks": 6},
		"getblockheader": func(params []any) any {
			if len(params) > 1 && params[1] == false {
				genesis := anchor.Regtest.Genesis()
				return hex.EncodeToString(genesis[:])
			}
			return map[string]any{"height": 200, "confirmations": 1, "time": time.Now().Unix()}
		},
	}
}

// coin gives the board one output of that value.
func (w *wallWorld) coin(sats int64) {
	w.t.Helper()
	key, err := issuer.AnchorAddress("board")
	if err != nil {
		w.t.Fatal(err)
	}
	script, err := anchor.AddressScript(key.Address, anchor.Regtest)
	if err != nil {
		w.t.Fatal(err)
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}}})
	tx.AddTxOut(&wire.TxOut{Value: sats, PkScript: script})
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		w.t.Fatal(err)
	}
	amount := json.Number(fmt.Sprintf("%d.%08d", sats/1e8, sats%1e8))
	w.answers["scantxoutset"] = map[string]any{"success": true, "unspents": []any{map[string]any{"txid": tx.TxHash().String(), "vout": 0, "amount": amount}}}
	w.answers["gettxout"] = map[string]any{"bestblock": anchor.Regtest.Genesis().Hash().String(), "confirmations": 10, "value": amount, "coinbase": false,
		"scriptPubKey": map[string]any{"hex": hex.EncodeToString(script)}}
	w.answers["getrawtransaction"] = hex.EncodeToString(raw.Bytes())
	w.answers["gettxspendingprevout"] = []any{map[string]any{"txid": tx.TxHash().String(), "vout": 0}}
	w.answers["getrawmempool"] = []any{}
}

// digest is over every file of a folder but the lock.
func (w *wallWorld) digest(dir string) string {
	w.t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		data, err := os.ReadFile(name)
		fmt.Fprintf(h, "%s %d\n%s", name, len(data), data)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestNodesThatCannotServe: each fault of a node is named, with what to do, and leaves the
// issuer's folder as it was; no password, no key and no passphrase is in what is said.
func TestNodesThatCannotServe(t *testing.T) {
	w := newWallWorld(t)
	address := strings.Replace(w.node.URL, "http://", "rpc=http://clerk:s3cret@", 1)
	issue := func(more ...string) (int, string) {
		return w.run(append([]string{"issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials", "--chain", address}, more...)...)
	}
	if code, out := issue(); code != exitIO || !strings.Contains(out, "sats missing") { // the batch is sealed by this
		t.Fatalf("status %d\n%s", code, out)
	}
	secret := keyMaterial(t)
	for _, c := range []struct {
		name string
		set  func()
		args []string
		code int
		say  []string
	}{
		{"another network", func() { w.answers["getblockhash"] = anchor.Mainnet.Genesis().Hash().String() }, nil, exitIO,
			[]string{"wrong-network", "mainnet", "→ "}},
		{"catching up", func() {
			w.answers["getblockchaininfo"].(map[string]any)["initialblockdownload"] = true
			w.answers["getblockchaininfo"].(map[string]any)["headers"] = 300
		}, nil, exitIO, []string{"syncing", "→ "}},
		{"starting", func() { w.answers["getblockhash"] = rpcFault{-28, "Loading block index…"} }, nil, exitIO, []string{"syncing", "→ "}},
		{"no coins", func() {}, nil, exitIO, []string{"546 sats missing: have 0, need 2", "send at least 546 sats"}},
		{"coins too small", func() { w.coin(150) }, nil, exitIO, []string{"sats missing: have 150, need ", "send at least "}},
		{"an answer that is none", func() { w.answers["scantxoutset"] = "yes" }, nil, exitIO, []string{"malformed-answer", "→ "}},
		{"a coin that is not there", func() { w.coin(50_000); w.answers["getrawtransaction"] = rpcFault{-5, "No such transaction"} }, nil, exitIO,
			[]string{"false-answer", "→ "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.healthy()
			c.set()
			before := w.digest("board")
			code, out := issue(c.args...)
			if code != c.code {
				t.Errorf("status %d, want %d\n%s", code, c.code, out)
			}
			for _, s := range c.say {
				if !strings.Contains(out, s) {
					t.Errorf("does not say %q:\n%s", s, out)
				}
			}
			for _, s := range append(secret, "s3cret") {
				if strings.Contains(out, s) {
					t.Errorf("tells a secret:\n%s", out)
				}
			}
			if w.digest("board") != before {
				t.Error("the issuer's folder was changed")
			}
		})
	}

	// Too dear: the batch waits, which is written down once and shown.
	w.healthy()
	w.coin(50_000)
	code, out := issue("--fee-cap", "100")
	if code != exitIO || !strings.Contains(out, "fee-above-cap") || !strings.Contains(out, "raise --fee-cap") {
		t.Errorf("status %d\n%s", code, out)
	}
	before := w.digest("board")
	if code, out = issue("--fee-cap", "100"); code != exitIO || w.digest("board") != before {
		t.Errorf("status %d, or asked again it writes more\n%s", code, out)
	}
	if list := w.must("anchors", "list", "--issuer", "board"); !strings.Contains(list, "waiting") {
		t.Error(list)
	}

	// A node that is not there, after one that cannot serve: both are named.
	w.answers["getblockchaininfo"] = map[string]any{"blocks": 200, "headers": 300, "bestblockhash": anchor.Regtest.Genesis().Hash().String(), "initialblockdownload": true, "pruned": false}
	code, out = w.run("issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials", "--chain", address+",esplora=http://127.0.0.1:1/api")
	if code != exitIO || !strings.Contains(out, "2 of 2 endpoints could not answer") || !strings.Contains(out, "syncing") || !strings.Contains(out, "unreachable") {
		t.Errorf("status %d\n%s", code, out)
	}
	// The first cannot, the second can.
	good := &wallWorld{t: t}
	good.healthy()
	good.coin(50_000)
	w2 := httptest.NewServer(good)
	defer w2.Close()
	code, out = w.run("issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials", "--fee-cap", "100",
		"--chain", address+","+strings.Replace(w2.URL, "http", "rpc=http", 1))
	if code != exitIO || !strings.Contains(out, "fee-above-cap") {
		t.Errorf("status %d\n%s", code, out)
	}
	if names, _ := filepath.Glob("credentials/*"); len(names) > 0 {
		t.Errorf("credentials were written: %v", names)
	}
}

// keyMaterial returns the secrets of the issuer's keys as they stand in their files, and
// in hex.
func keyMaterial(t *testing.T) (secrets []string) {
	t.Helper()
	for _, name := range []string{"signing.json", "anchor.json"} {
		data, err := os.ReadFile(filepath.Join("board/keys", name))
		if err != nil {
			t.Fatal(err)
		}
		var k struct{ Plain string }
		if err := json.Unmarshal(data, &k); err != nil || k.Plain == "" {
			t.Fatal(err)
		}
		secrets = append(secrets, k.Plain)
	}
	return secrets
}

// TestPrunedNode: evidence of a block that the node has thrown away cannot be had. That is
// said, and what was written proves nothing.
func TestPrunedNode(t *testing.T) {
	w := newWallWorld(t)
	w.must("issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials")
	names, err := filepath.Glob("credentials/*.json")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	block := anchor.Regtest.Genesis().Hash().String()
	w.answers["getblockchaininfo"].(map[string]any)["pruned"] = true
	w.answers["getrawtransaction"] = map[string]any{"blockhash": block, "confirmations": 12, "hex": ""}
	w.answers["gettxoutproof"] = rpcFault{-1, "Block not available (pruned data)"}
	w.answers["getblock"] = rpcFault{-1, "Block not available (pruned data)"}
	_, out := w.run("evidence", "--chain", strings.Replace(w.node.URL, "http", "rpc=http", 1), "--trust", "board/trust.json", "--out", "evidence.json", names[0])
	if !strings.Contains(out, "anchor/node: pruned") {
		t.Errorf("%s\nasked %v", out, w.asked)
	}
	if code, out := w.run("verify", "--trust", "board/trust.json", "--evidence", "evidence.json", names[0]); code != exitIndeterminate {
		t.Errorf("verified with what such a node gave: status %d\n%s", code, out)
	}
}

// TestCutEvidence: an evidence file cut anywhere is named as such and nothing is verified
// with it; cut headers, or headers with a gap, never end valid.
func TestCutEvidence(t *testing.T) {
	w := newWallWorld(t)
	w.must("issue", "--issuer", "board", "--in", "drafts.jsonl", "--out", "credentials")
	names, err := filepath.Glob("credentials/*.json")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	w.must("evidence", "--issuer", "board", "--out", "evidence.json", names[0])
	whole, err := os.ReadFile("evidence.json")
	if err != nil {
		t.Fatal(err)
	}
	verify := func(data []byte) (int, string) {
		if err := os.WriteFile("bent.json", data, 0o600); err != nil {
			t.Fatal(err)
		}
		return w.run("verify", "--trust", "board/trust.json", "--evidence", "bent.json", names[0])
	}
	if code, out := verify(whole); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	for cut := 1; cut < len(whole)-1; cut += len(whole)/60 + 1 {
		if code, out := verify(whole[:cut]); code != exitUsage || !strings.Contains(out, "bent.json") {
			t.Errorf("cut to %d bytes: status %d\n%s", cut, code, out)
		}
	}
	var doc map[string]any
	if err := json.Unmarshal(whole, &doc); err != nil {
		t.Fatal(err)
	}
	runs := doc["headers"].(map[string]any)["regtest"].([]any)
	run := runs[0].(map[string]any)
	headers := run["headers"].(string)
	const size = 2 * anchor.HeaderSize // hex
	for name, bent := range map[string]string{
		"a header missing in the middle": headers[:5*size] + headers[6*size:],
		"half a header at the end":       headers[:len(headers)-size/2],
		"two headers swapped":            headers[:5*size] + headers[6*size:7*size] + headers[5*size:6*size] + headers[7*size:],
	} {
		run["headers"] = bent
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if code, out := verify(data); code != exitUsage && code != exitInvalid && code != exitIndeterminate {
			t.Errorf("%s: status %d\n%s", name, code, out)
		}
	}
}
