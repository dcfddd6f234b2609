package node

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
)

// A scene is a world with two commitments in two blocks, and a third in the pool.
type scene struct {
	*world
	raw, otherRaw []byte
	id, other     anchor.TxID
	waiting       anchor.TxID
	block         anchor.BlockHash // of id
	otherBlock    anchor.BlockHash
	spent         anchor.OutPoint // by id
	spentRaw      []byte
}

func newScene(t *testing.T) *scene {
	s := &scene{world: newWorld(t, anchor.ProfileBlockcerts)}
	coin := s.coins()[0]
	s.spent, s.spentRaw = coin.OutPoint, coin.PrevTx
	s.raw, s.id = s.send("root")
	s.mine(1)
	_, s.block = s.tip()
	s.otherRaw, s.other = s.send("other")
	s.mine(1)
	_, s.otherBlock = s.tip()
	s.mine(1)
	_, s.waiting = s.send("waiting")
	return s
}

func (s *scene) headerHex(hash anchor.BlockHash) string {
	_, raw, _ := s.world.block(hash.String())
	return hex.EncodeToString(raw[:anchor.HeaderSize])
}

func (s *scene) blockHex(hash anchor.BlockHash) string {
	_, raw, _ := s.world.block(hash.String())
	return hex.EncodeToString(raw)
}

// edited returns a copy of an object with one member changed.
func edited(v any, name string, to any) any {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	m[name] = to
	return m
}

// ask is one question, by name, so that a lie can be tried on those that it concerns.
func (s *scene) ask(t *testing.T, e Endpoint, question string) error {
	ctx := t.Context()
	var err error
	switch question {
	case "evidence":
		var ev *anchor.Evidence
		if ev, err = e.Evidence(ctx, s.id); err == nil {
			want, _ := s.chain.Evidence(ctx, s.id)
			if !bytes.Equal(asJSON(t, ev), asJSON(t, want)) {
				t.Error("evidence that is not the true one")
			}
		}
	case "lookup":
		_, err = e.Lookup(ctx, s.id)
	case "lookup waiting":
		_, err = e.Lookup(ctx, s.waiting)
	case "coins":
		_, err = e.Coins(ctx, s.address)
	case "spender":
		_, err = e.Spender(ctx, s.spent)
	case "headers":
		_, err = e.Headers(ctx, 1, 20)
	case "headers from 0":
		_, err = e.Headers(ctx, 0, 20)
	case "tip":
		_, _, err = e.Tip(ctx)
	case "fee":
		_, err = e.FeeRate(ctx)
	case "broadcast":
		raw, _ := s.signed("new", 2000, s.coins())
		err = e.Broadcast(ctx, raw)
	default:
		t.Fatalf("no question %q", question)
	}
	return err
}

// A nodeLie changes what a node answers to one method.
type nodeLie struct {
	name     string
	btcd     bool
	method   string
	to       func(s *scene, params []any, result any) any
	question string
	want     Code
}

var nodeLies = []nodeLie{
	{"another transaction", false, "getrawtransaction", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose {
			return r
		}
		return hex.EncodeToString(s.otherRaw)
	}, "evidence", CodeFalse},
	{"a transaction with one bit changed", false, "getrawtransaction", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose {
			return r
		}
		b := bytes.Clone(s.raw)
		b[len(b)-40] ^= 1
		return hex.EncodeToString(b)
	}, "evidence", CodeFalse},
	{"half a transaction", false, "getrawtransaction", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose {
			return r
		}
		return hex.EncodeToString(s.raw[:len(s.raw)/2])
	}, "evidence", CodeMalformed},
	{"a block that does not hold it", false, "getrawtransaction", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose && p[0] == s.id.String() {
			return edited(r, "blockhash", s.otherBlock.String())
		}
		return r
	}, "evidence", CodeFalse},
	{"a block that does not hold it, looked up", false, "getrawtransaction", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose {
			return edited(r, "blockhash", s.otherBlock.String())
		}
		return r
	}, "lookup", CodeFalse},
	{"in a block that it waits for", false, "getrawtransaction", func(s *scene, p []any, r any) any {
		return edited(edited(r, "blockhash", s.block.String()), "confirmations", 6)
	}, "lookup waiting", CodeFalse},
	{"a block at another height", false, "getblockheader", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose {
			return edited(r, "height", 5)
		}
		return r
	}, "lookup", CodeFalse},
	{"the proof of another block", false, "gettxoutproof", func(s *scene, p []any, r any) any {
		d := &nodeDouble{w: s.world}
		b, _, _ := s.world.block(s.otherBlock.String())
		proof, _ := d.getTxOutProof([]any{b.txs[0].id.String(), s.other.String()}, s.otherBlock.String())
		return proof
	}, "evidence", CodeFalse},
	{"a proof without the coinbase", false, "gettxoutproof", func(s *scene, p []any, r any) any {
		d := &nodeDouble{w: s.world}
		proof, _ := d.getTxOutProof([]any{s.id.String()}, s.block.String())
		return proof
	}, "evidence", CodeFalse},
	{"a proof with another count of transactions", false, "gettxoutproof", func(s *scene, p []any, r any) any {
		b, _ := hex.DecodeString(r.(string))
		b[anchor.HeaderSize]++
		return hex.EncodeToString(b)
	}, "evidence", CodeFalse},
	{"ids with one left out", false, "getblock", func(s *scene, p []any, r any) any {
		return edited(r, "tx", r.(map[string]any)["tx"].([]string)[:1])
	}, "evidence", CodeFalse},
	{"ids in another order", false, "getblock", func(s *scene, p []any, r any) any {
		ids := r.(map[string]any)["tx"].([]string)
		return edited(r, "tx", []string{ids[1], ids[0]})
	}, "evidence", CodeFalse},
	{"ids with the last two repeated", false, "getblock", func(s *scene, p []any, r any) any {
		ids := r.(map[string]any)["tx"].([]string)
		return edited(r, "tx", []string{ids[0], ids[1], ids[0], ids[1]})
	}, "evidence", CodeFalse},
	{"no ids", false, "getblock", func(s *scene, p []any, r any) any { return edited(r, "tx", []string{}) }, "evidence", CodeMalformed},
	{"the header of another block", false, "getblockheader", func(s *scene, p []any, r any) any {
		if _, verbose := r.(map[string]any); verbose {
			return r
		}
		return s.headerHex(s.otherBlock)
	}, "evidence", CodeFalse},
	{"the header of another block, in a run", false, "getblockheader", func(s *scene, p []any, r any) any {
		if hash, _ := s.hashAt(7); p[0] == hash.String() {
			return s.headerHex(s.block)
		}
		return r
	}, "headers", CodeFalse},
	{"a run that is one too high", false, "getblockhash", func(s *scene, p []any, r any) any {
		if n := p[0].(json.Number); n == "20" {
			hash, _ := s.hashAt(21)
			return hash.String()
		}
		return r
	}, "headers from 0", CodeFalse},
	{"79 bytes of header", false, "getblockheader", func(s *scene, p []any, r any) any { return r.(string)[2:] }, "tip", CodeMalformed},
	{"another block", true, "getblock", func(s *scene, p []any, r any) any {
		if _, ids := r.(map[string]any); ids {
			return r
		}
		return s.blockHex(s.otherBlock)
	}, "evidence", CodeFalse},
	{"a block with a transaction exchanged", true, "getblock", func(s *scene, p []any, r any) any {
		if _, ids := r.(map[string]any); ids {
			return r
		}
		return strings.Replace(r.(string), hex.EncodeToString(s.raw), hex.EncodeToString(s.otherRaw), 1)
	}, "evidence", CodeFalse},
	{"half a block", true, "getblock", func(s *scene, p []any, r any) any {
		if _, ids := r.(map[string]any); ids {
			return r
		}
		return r.(string)[:len(r.(string))/2]
	}, "evidence", CodeMalformed},
	{"a coin of another value", false, "scantxoutset", func(s *scene, p []any, r any) any {
		list := r.(map[string]any)["unspents"].([]any)
		return edited(r, "unspents", []any{edited(list[0], "amount", 49.5), list[1]})
	}, "coins", CodeFalse},
	{"a coin of another address", false, "scantxoutset", func(s *scene, p []any, r any) any {
		list := r.(map[string]any)["unspents"].([]any)
		return edited(r, "unspents", []any{edited(list[0], "vout", 1)})
	}, "coins", ""}, // gettxout then says that there is no such output: it is left out
	{"a scan that did not finish", false, "scantxoutset", func(s *scene, p []any, r any) any { return edited(r, "success", false) }, "coins", CodeMalformed},
	{"an amount that is no amount", false, "scantxoutset", func(s *scene, p []any, r any) any {
		list := r.(map[string]any)["unspents"].([]any)
		return edited(r, "unspents", []any{edited(list[0], "amount", json.Number("1e15"))})
	}, "coins", CodeMalformed},
	{"a spender that does not spend", false, "gettxspendingprevout", func(s *scene, p []any, r any) any {
		return []any{edited(r.([]any)[0], "spendingtxid", s.other.String())}
	}, "spender", CodeFalse},
	{"a spender that it does not know", false, "gettxspendingprevout", func(s *scene, p []any, r any) any {
		return []any{edited(r.([]any)[0], "spendingtxid", strings.Repeat("07", 32))}
	}, "spender", CodeFalse},
	{"the spender of another output", false, "gettxspendingprevout", func(s *scene, p []any, r any) any {
		return []any{edited(r.([]any)[0], "vout", 9)}
	}, "spender", CodeMalformed},
	{"another id than that of what was sent", false, "sendrawtransaction", func(s *scene, p []any, r any) any { return s.other.String() }, "broadcast", CodeFalse},
	{"a fee rate below zero", false, "estimatesmartfee", func(s *scene, p []any, r any) any {
		return edited(r, "feerate", json.Number("-1"))
	}, "fee", CodeMalformed},
	{"a fee rate of a million digits", false, "estimatesmartfee", func(s *scene, p []any, r any) any {
		return edited(r, "feerate", json.Number("1e-300"))
	}, "fee", CodeMalformed},
	{"a tip that is no block", false, "getblockchaininfo", func(s *scene, p []any, r any) any {
		return edited(r, "bestblockhash", "00")
	}, "tip", CodeMalformed},
	{"a height of minus one", false, "getblockchaininfo", func(s *scene, p []any, r any) any { return edited(r, "blocks", -1) }, "tip", CodeMalformed},
	{"null", false, "getblockchaininfo", func(s *scene, p []any, r any) any { return nil }, "tip", CodeMalformed},
	{"a list", false, "getblockchaininfo", func(s *scene, p []any, r any) any { return []any{} }, "tip", CodeMalformed},
}

func TestNodeLies(t *testing.T) {
	for _, lie := range nodeLies {
		t.Run(lie.name, func(t *testing.T) {
			s := newScene(t)
			told := false
			d := newNodeDouble(s.world, func(d *nodeDouble) {
				d.btcd = lie.btcd
				d.lie = func(method string, params []any, result any) any {
					if method != lie.method {
						return result
					}
					told = true
					return lie.to(s, params, result)
				}
			})
			err := s.ask(t, d.client(Options{}), lie.question)
			if !told {
				t.Fatal("the lie was never told")
			}
			if lie.want == "" && err == nil {
				return
			}
			wantCode(t, err, lie.want)
			if !strings.Contains(err.Error(), strings.TrimPrefix(d.URL, "http://")) {
				t.Errorf("the endpoint is not named: %v", err)
			}
		})
	}
}

// An esploraLie changes what an explorer answers to paths with a suffix.
type esploraLie struct {
	name     string
	suffix   string
	to       func(s *scene, path string, answer any) any
	question string
	want     Code
}

func always(v any) func(*scene, string, any) any {
	return func(*scene, string, any) any { return v }
}

var esploraLies = []esploraLie{
	{"another transaction", "/hex", func(s *scene, _ string, _ any) any { return hex.EncodeToString(s.otherRaw) }, "evidence", CodeFalse},
	{"half a transaction", "/hex", func(s *scene, _ string, _ any) any { return hex.EncodeToString(s.raw[:50]) }, "evidence", CodeMalformed},
	{"a page", "/hex", always("<html>"), "evidence", CodeMalformed},
	{"previous transaction not known", "/hex", func(s *scene, p string, a any) any {
		if strings.Contains(p, s.spent.TxID.String()) {
			return txNotFound
		}
		return a
	}, "evidence", CodeFalse},
	{"a block that does not hold it", "/status", func(s *scene, _ string, a any) any {
		h, _ := s.world.tip()
		return edited(edited(a, "block_hash", s.otherBlock.String()), "block_height", h-1)
	}, "evidence", CodeFalse},
	{"another height", "/status", func(s *scene, _ string, a any) any { return edited(a, "block_height", 7) }, "lookup", CodeFalse},
	{"confirmed, but not where", "/status", always(map[string]any{"confirmed": true}), "lookup", CodeMalformed},
	{"confirmed: yes", "/status", always(map[string]any{"confirmed": "yes"}), "lookup", CodeMalformed},
	{"in a block that it waits for", "/status", func(s *scene, _ string, a any) any {
		h, _ := s.world.tip()
		return map[string]any{"confirmed": true, "block_hash": s.block.String(), "block_height": h - 2}
	}, "lookup waiting", CodeFalse},
	{"the ids of another block", "/txids", func(s *scene, _ string, _ any) any {
		b, _, _ := s.world.block(s.otherBlock.String())
		return []string{b.txs[0].id.String(), b.txs[1].id.String()}
	}, "evidence", CodeFalse},
	{"the root as the only id", "/txids", func(s *scene, _ string, _ any) any {
		b, _, _ := s.world.block(s.block.String())
		return []string{anchor.TxID(b.header.MerkleRoot()).String()}
	}, "evidence", CodeFalse},
	{"ids that are none", "/txids", always([]any{1, 2}), "evidence", CodeMalformed},
	{"the header of another block", "/header", func(s *scene, _ string, _ any) any { return s.headerHex(s.otherBlock) }, "headers", CodeFalse},
	{"a header without work", "/header", func(s *scene, p string, a any) any {
		b, _ := hex.DecodeString(a.(string))
		b[72], b[73], b[74], b[75] = 0xff, 0xff, 0x00, 0x1d // says that it met mainnet's target
		return hex.EncodeToString(b)
	}, "tip", CodeFalse},
	{"a tip at no height", "/tip/height", always("none"), "tip", CodeMalformed},
	{"a tip above all", "/tip/height", always("99999"), "tip", CodeStatus},
	{"a tip below zero", "/tip/height", always("-1"), "tip", CodeMalformed},
	{"a coin of another value", "/utxo", func(s *scene, _ string, a any) any {
		return []any{edited(inBlock(a), "value", 1)}
	}, "coins", CodeFalse},
	{"a coin of another address", "/utxo", func(s *scene, _ string, a any) any {
		return []any{map[string]any{"txid": s.id.String(), "vout": 1, "value": 0, "status": map[string]any{"confirmed": true, "block_height": 5}}}
	}, "coins", CodeFalse},
	{"a coin that is no output", "/utxo", func(s *scene, _ string, a any) any {
		return []any{edited(inBlock(a), "vout", 4_000_000_000)}
	}, "coins", CodeFalse},
	{"more than all bitcoin", "/utxo", func(s *scene, _ string, a any) any {
		return []any{edited(inBlock(a), "value", json.Number("2100000000000001"))}
	}, "coins", CodeMalformed},
	{"a coin nobody knows", "/utxo", func(s *scene, _ string, a any) any {
		return []any{edited(inBlock(a), "txid", strings.Repeat("07", 32))}
	}, "coins", CodeFalse},
	{"a spender that does not spend", "/outspend/0", func(s *scene, _ string, a any) any { return edited(a, "txid", s.other.String()) }, "spender", CodeFalse},
	{"a spender nobody knows", "/outspend/0", func(s *scene, _ string, a any) any { return edited(a, "txid", strings.Repeat("07", 32)) }, "spender", CodeFalse},
	{"spent by nobody", "/outspend/0", always(map[string]any{"spent": true}), "spender", CodeMalformed},
	{"another id than that of what was sent", "/tx", always(strings.Repeat("07", 32)), "broadcast", CodeFalse},
	{"an estimate that is no number", "/fee-estimates", always(map[string]any{"6": "1"}), "fee", CodeMalformed},
}

// inBlock is the first coin of a list that is in a block: others are left out, whatever is
// said of them. The double lists coins in no order.
func inBlock(list any) any {
	for _, c := range list.([]any) {
		if c.(map[string]any)["status"].(map[string]any)["confirmed"] == true {
			return c
		}
	}
	return nil
}

func TestEsploraLies(t *testing.T) {
	for _, lie := range esploraLies {
		t.Run(lie.name, func(t *testing.T) {
			s := newScene(t)
			told := false
			d := newEsploraDouble(s.world, func(d *esploraDouble) {
				d.lie = func(path string, answer any) any {
					if !strings.HasSuffix(path, lie.suffix) {
						return answer
					}
					told = true
					return lie.to(s, path, answer)
				}
			})
			err := s.ask(t, d.client(Options{}), lie.question)
			if !told {
				t.Fatal("the lie was never told")
			}
			wantCode(t, err, lie.want)
			if !strings.Contains(err.Error(), strings.TrimPrefix(d.URL, "http://")) {
				t.Errorf("the endpoint is not named: %v", err)
			}
		})
	}
}

// faults are what can befall any answer.
var faults = map[string]struct {
	fault func(http.ResponseWriter, *http.Request)
	want  Code
}{
	"slow":             {slow, CodeTimeout},
	"cut off":          {cutOff, CodeTruncated},
	"hung up":          {hangUp, CodeUnreachable},
	"500 MB":           {huge, CodeTooLarge},
	"500 MB announced": {announced, CodeTooLarge},
	"redirected":       {redirectTo("http://elsewhere.example/"), CodeRedirect},
	"unauthorized":     {status(401), CodeUnauthorized},
	"forbidden":        {status(403), CodeUnauthorized},
	"too often":        {status(429), CodeStatus},
	"out of order":     {status(503), CodeStatus},
	"another 404":      {status(404), CodeStatus},
}

// Each fault, at each call of each question, ends in its code, names the endpoint, and
// costs less than 16 MiB. None of them is "not found".
func TestFaults(t *testing.T) {
	s := newScene(t)
	methods := map[string]string{"getblockhash": "tip", "getblockheader": "tip", "getrawtransaction": "lookup", "gettxoutproof": "evidence",
		"scantxoutset": "coins", "gettxout": "coins", "gettxspendingprevout": "spender", "estimatesmartfee": "fee", "getblock": "evidence", "getblockchaininfo": "tip"}
	suffixes := map[string]string{"/tip/height": "tip", "/header": "headers", "/hex": "lookup", "/status": "lookup", "/txids": "evidence", "/utxo": "coins", "/outspend/0": "spender", "/fee-estimates": "fee"}
	o := Options{Timeout: 150 * time.Millisecond}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			for method, question := range methods {
				d := newNodeDouble(s.world, func(d *nodeDouble) {
					d.lie = func(m string, _ []any, r any) any {
						if m == method {
							return f.fault
						}
						return r
					}
				})
				if f.want == CodeTimeout && method == "scantxoutset" {
					continue // may take ten minutes
				}
				cheaply(t, method, f.want, func() error { return s.ask(t, d.client(o), question) })
				d.CloseClientConnections()
			}
			for suffix, question := range suffixes {
				d := newEsploraDouble(s.world, func(d *esploraDouble) {
					d.lie = func(path string, a any) any {
						if strings.HasSuffix(path, suffix) {
							return f.fault
						}
						return a
					}
				})
				cheaply(t, suffix, f.want, func() error { return s.ask(t, d.client(o), question) })
				d.CloseClientConnections()
			}
		})
	}
}

func cheaply(t *testing.T, at string, want Code, f func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f()
	runtime.ReadMemStats(&after)
	if CodeOf(err) != want || errors.Is(err, anchor.ErrNotFound) {
		t.Errorf("%s: %v, want code %s", at, err, want)
	}
	// Everything that was ever allocated meanwhile, the double's part included.
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%s: %d MiB allocated", at, n>>20)
	}
}

// A block of 500 MB where a whole block is expected, which has the largest limit.
func TestHugeBlock(t *testing.T) {
	s := newScene(t)
	d := newNodeDouble(s.world, func(d *nodeDouble) {
		d.btcd = true
		d.lie = func(m string, p []any, r any) any {
			if m == "getblock" && len(p) == 2 && p[1] == json.Number("0") {
				return huge
			}
			return r
		}
	})
	cheaply(t, "getblock 0", CodeTooLarge, func() error { return s.ask(t, d.client(Options{}), "evidence") })
}

// Bodies that are no answer of a JSON-RPC node.
func TestNoAnswers(t *testing.T) {
	s := newScene(t)
	for name, text := range map[string]string{
		"empty": "", "blank line": "\n", "a page": "<html>", "a list": "[]", "a number": "7",
		"another id":         `{"result":null,"error":null,"id":99999}`,
		"id as text":         `{"result":"00","error":null,"id":"1"}`,
		"no id":              `{"result":"00","error":null}`,
		"nothing":            `{"id":1}`,
		"error as text":      `{"error":"no","id":1}`,
		"error without code": `{"error":{"message":"no"},"id":1}`,
		"twice":              `{"result":"00","result":"01","error":null,"id":1}`,
		"two values":         `{"result":"00","error":null,"id":1}{}`,
		"not UTF-8":          "{\"result\":\"\xff\",\"error\":null,\"id\":1}",
		"deep":               strings.Repeat("[", 60_000),
	} {
		t.Run(name, func(t *testing.T) {
			d := newNodeDouble(s.world, func(d *nodeDouble) {
				d.lie = func(string, []any, any) any { return body(text) }
			})
			_, _, err := d.client(Options{}).Tip(t.Context())
			wantCode(t, err, CodeMalformed)
		})
	}
}

func TestUnfitEndpoints(t *testing.T) {
	s := newScene(t)
	mainnet := anchor.Mainnet.Genesis().Hash()
	questions := []string{"evidence", "lookup", "coins", "spender", "headers", "tip", "fee", "broadcast"}
	for name, c := range map[string]struct {
		set  func(*nodeDouble)
		want Code
		say  string
	}{
		"wrong network":  {func(d *nodeDouble) { d.genesis = mainnet }, CodeWrongNetwork, "mainnet"},
		"alien network":  {func(d *nodeDouble) { d.genesis = anchor.BlockHash{1} }, CodeWrongNetwork, "unknown"},
		"syncing":        {func(d *nodeDouble) { d.syncing = true }, CodeSyncing, "wait"},
		"starting":       {func(d *nodeDouble) { d.warmup = true }, CodeSyncing, "wait"},
		"password wrong": {func(d *nodeDouble) { d.user = "u:p" }, CodeUnauthorized, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newNodeDouble(s.world, c.set).client(Options{})
			for _, q := range questions {
				err := s.ask(t, e, q)
				wantCode(t, err, c.want)
				if !strings.Contains(err.Error(), c.say) {
					t.Errorf("%s: %v does not say %q", q, err, c.say)
				}
			}
		})
	}
	e := newEsploraDouble(s.world, func(d *esploraDouble) { d.genesis = mainnet.String() }).client(Options{})
	for _, q := range questions {
		wantCode(t, s.ask(t, e, q), CodeWrongNetwork)
	}
}

// An explorer that is stuck: its newest block is that of 2009.
func TestStaleTip(t *testing.T) {
	genesis := anchor.Mainnet.Genesis()
	w := newWorld(t, anchor.ProfileBlockcerts)
	d := newEsploraDouble(w, func(d *esploraDouble) {
		d.lie = func(path string, a any) any {
			switch {
			case strings.HasSuffix(path, "/tip/height"):
				return "0"
			case strings.HasPrefix(path, "/block-height/"):
				return genesis.Hash().String()
			case strings.HasSuffix(path, "/header"):
				return hex.EncodeToString(genesis[:])
			}
			return a
		}
	})
	c, err := NewEsplora(d.URL+"/api", anchor.Mainnet, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Tip(t.Context())
	wantCode(t, err, CodeSyncing)
	_, err = c.Lookup(t.Context(), anchor.TxID{1})
	wantCode(t, err, CodeSyncing) // and not "not found"
	c.now = func() time.Time { return genesis.Time().Add(maxTipAge) }
	if _, _, err := c.Tip(t.Context()); err != nil {
		t.Error(err)
	}
	c.now = func() time.Time { return genesis.Time().Add(maxTipAge + 1) }
	_, _, err = c.Tip(t.Context())
	wantCode(t, err, CodeSyncing)
}

// A node without an index, or without its old blocks, never says "not found" of what it
// cannot look for.
func TestOldAndNoIndex(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	coin := w.coins()[0]
	_, old := w.send("old")
	w.mine(1)
	_, _ = w.send("spends the change of old, or another")
	w.mine(recentBlocks + 10)
	// Spend every output of old.
	var change []anchor.Coin
	for _, c := range w.coins() {
		if c.OutPoint.TxID == old {
			change = append(change, c)
		}
	}
	raw, _ := w.signed("spend", 2000, change)
	if err := w.accept(raw); err != nil {
		t.Fatal(err)
	}
	w.mine(1)
	for name, c := range map[string]struct {
		set  func(*nodeDouble)
		want Code
	}{
		"core":   {func(d *nodeDouble) { d.txindex = false }, CodeNoIndex},
		"btcd":   {func(d *nodeDouble) { d.btcd, d.txindex = true, false }, CodeNoIndex},
		"pruned": {func(d *nodeDouble) { d.txindex, d.pruned = false, 130 }, CodePruned},
	} {
		t.Run(name, func(t *testing.T) {
			e := newNodeDouble(w, c.set).client(Options{})
			for _, id := range []anchor.TxID{old, {9}} {
				_, err := e.Lookup(t.Context(), id)
				wantCode(t, err, c.want)
				_, err = e.Evidence(t.Context(), id)
				wantCode(t, err, c.want)
			}
			_, err := e.Spender(t.Context(), coin.OutPoint)
			wantCode(t, err, c.want)
			// Coins and recent transactions are found all the same.
			if c.want != CodePruned {
				if coins, err := e.Coins(t.Context(), w.address); err != nil || len(coins) == 0 {
					t.Errorf("%d coins, %v", len(coins), err)
				}
			}
		})
	}
	// With an index the spender is in a block too old to walk to.
	_, err := newNodeDouble(w, nil).client(Options{}).Spender(t.Context(), coin.OutPoint)
	wantCode(t, err, CodeNoIndex)
	// A pruned node that has the index entry, but not the block.
	pruned := newNodeDouble(w, func(d *nodeDouble) { d.pruned = 130 }).client(Options{})
	_, err = pruned.Evidence(t.Context(), old)
	wantCode(t, err, CodePruned)
	// btcd on a long chain without an index of addresses.
	b := newNodeDouble(w, func(d *nodeDouble) { d.btcd = true }).client(Options{})
	_, err = b.indexedCoins(t.Context(), w.address, nil)
	wantCode(t, err, CodeNoIndex)
}

// A node from before gettxspendingprevout: what its pool spends cannot be seen.
func TestOldNode(t *testing.T) {
	s := newScene(t)
	e := newNodeDouble(s.world, func(d *nodeDouble) { d.lacks = "gettxspendingprevout" }).client(Options{})
	for _, q := range []string{"coins", "spender"} {
		err := s.ask(t, e, q)
		wantCode(t, err, CodeNodeError)
		var said *RPCError
		if !errors.As(err, &said) || said.Code != rpcNoMethod || !strings.Contains(err.Error(), "Core 24") {
			t.Errorf("%v", err)
		}
	}
}

func TestCanceled(t *testing.T) {
	s := newScene(t)
	d := newNodeDouble(s.world, func(d *nodeDouble) {
		d.lie = func(string, []any, any) any { return slow }
	})
	ctx, cancel := newCanceler(t, 50*time.Millisecond)
	defer cancel()
	_, _, err := d.client(Options{}).Tip(ctx)
	wantCode(t, err, CodeCanceled)
}
