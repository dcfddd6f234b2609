package node

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// FuzzTx compares with btcd's parser: what we take, it takes, with the same id, the same
// bytes, inputs and outputs; and what it takes and writes back unchanged, we take.
func FuzzTx(f *testing.F) {
	for _, p := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileTaproot} {
		w := newWorld(f, p)
		raw, _ := w.send("seed")
		f.Add(raw)
		f.Add(raw[:len(raw)-1])
		f.Add(w.coins()[0].PrevTx)
	}
	f.Add(bytes.Repeat([]byte{0xff}, 60))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ours, err := parseTx(raw)
		if !plausible(raw) {
			if err == nil {
				t.Fatal("taken, though no transaction can be that short")
			}
			return
		}
		var msg wire.MsgTx
		r := bytes.NewReader(raw)
		wireErr := msg.Deserialize(r)
		var back bytes.Buffer
		if wireErr == nil {
			if e := msg.Serialize(&back); e != nil {
				t.Fatal(e)
			}
		}
		canonical := wireErr == nil && r.Len() == 0 && bytes.Equal(back.Bytes(), raw) && len(msg.TxIn) > 0 && len(msg.TxOut) > 0
		if (err == nil) != canonical {
			t.Fatalf("ours %v, wire %v, canonical %v", err, wireErr, canonical)
		}
		if err != nil {
			return
		}
		var stripped bytes.Buffer
		if e := msg.SerializeNoWitness(&stripped); e != nil {
			t.Fatal(e)
		}
		if ours.id != anchor.TxID(msg.TxHash()) || !bytes.Equal(ours.raw, raw) || !bytes.Equal(ours.stripped, stripped.Bytes()) {
			t.Fatal("id or bytes differ")
		}
		for i, in := range msg.TxIn {
			if ours.inputs[i] != (anchor.OutPoint{TxID: anchor.TxID(in.PreviousOutPoint.Hash), Index: in.PreviousOutPoint.Index}) {
				t.Fatalf("input %d differs", i)
			}
		}
		for i, out := range msg.TxOut {
			if ours.outputs[i].value != anchor.Sats(out.Value) || !bytes.Equal(ours.outputs[i].script, out.PkScript) {
				t.Fatalf("output %d differs", i)
			}
		}
	})
}

// plausible keeps the oracle from making room for counts that the bytes cannot hold.
func plausible(raw []byte) bool {
	r := &reader{rest: raw}
	r.tx()
	return !r.failed || len(raw) < 2000
}

func FuzzBlock(f *testing.F) {
	w := newWorld(f, anchor.ProfileBlockcerts)
	w.send("seed")
	w.mine(1)
	_, hash := w.tip()
	_, raw, _ := w.block(hash.String())
	f.Add(raw)
	f.Add(raw[:100])
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := parseBlock(raw)
		if err != nil {
			return
		}
		size := anchor.HeaderSize
		for _, x := range b.txs {
			size += len(x.raw)
		}
		if size >= len(raw) || size+9 < len(raw) {
			t.Fatalf("%d bytes of %d accounted for", size, len(raw))
		}
	})
}

// FuzzRPC: any body, through the frame and then every reader of a result. None may panic,
// and what is taken for an answer must be of the form that its reader promises.
func FuzzRPC(f *testing.F) {
	id := "0101010101010101010101010101010101010101010101010101010101010101"
	for _, result := range []string{
		`null`, `"00"`, `{"blocks":1,"headers":1,"bestblockhash":"` + id + `","pruned":true}`,
		`{"blockhash":"` + id + `","confirmations":3}`, `{"bestblock":"` + id + `","confirmations":0}`, `{"feerate":1e-05}`,
		`[{"txid":"` + id + `","vout":0,"spendingtxid":"` + id + `"}]`, `[{"txid":"` + id + `","vout":1,"amount":0.1}]`,
		`["` + id + `"]`, `{"hash":"0x` + id + `","input":"0x` + id + `","from":"0x","blockHash":null}`,
		`{"number":"0x1","timestamp":"0x1","transactions":[]}`,
	} {
		f.Add([]byte(`{"result":` + result + `,"error":null,"id":1}`))
	}
	f.Add([]byte(`{"result":null,"error":{"code":-5,"message":"No such"},"id":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, rpcErr, err := parseRPC(raw, 1)
		if err != nil {
			return
		}
		if rpcErr != nil {
			if len(rpcErr.Message) > maxMessage+len("…") {
				t.Fatal("a message of any length")
			}
			return
		}
		if c, err := parseChainInfo(v); err == nil && (c.blocks < 0 || c.headers < 0) {
			t.Fatal("a height below zero")
		}
		if x, err := parseTxInfo(v); err == nil && x.inBlock && x.block == (anchor.BlockHash{}) && !bytes.Contains(raw, bytes.Repeat([]byte("0"), 64)) {
			t.Fatal("in a block without a name")
		}
		if u, err := parseTxOut(v); err == nil && u != nil && u.confirmations < 0 {
			t.Fatal("confirmations below zero")
		}
		if rate, ok, err := parseFeeRate(v); err == nil && ok && rate < minFeeRate {
			t.Fatal("a rate that nobody relays")
		}
		op := anchor.OutPoint{TxID: anchor.TxID(bytes.Repeat([]byte{1}, 32))}
		_, _, _ = parseSpending(v, op)
		if list, err := parseUnspents(v); err == nil {
			for _, c := range list {
				if c.value < 0 {
					t.Fatal("a value below zero")
				}
			}
		}
		_, _, _ = parsePage(v, []byte{0x6a})
		_, _ = txids(v)
		_, _ = hexBytes(v)
		_, _ = parseEthTx(object(v))
		_, _ = parseEthBlock(object(v))
		_, _ = quantity(v, "x")
	})
}

// FuzzEsplora is FuzzRPC for the bodies of an explorer.
func FuzzEsplora(f *testing.F) {
	id := "0101010101010101010101010101010101010101010101010101010101010101"
	for _, s := range []string{
		`{"confirmed":true,"block_height":1,"block_hash":"` + id + `"}`, `{"confirmed":false}`, `{"spent":true,"txid":"` + id + `"}`,
		`[{"txid":"` + id + `","vout":0,"value":1,"status":{"confirmed":true,"block_height":1}}]`, `{"6":12.3451}`, `["` + id + `"]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := parseJSON(raw)
		if err != nil {
			return
		}
		if p, err := parseStatus(v); err == nil && p.height < 0 {
			t.Fatal("a height below zero")
		}
		if list, err := parseUTXOs(v, 100); err == nil {
			for _, c := range list {
				if c.value < 0 || c.value > maxSats || c.confirmations < 1 {
					t.Fatalf("%+v", c)
				}
			}
		}
		if rate, ok, err := parseEstimates(v); err == nil && ok && rate < minFeeRate {
			t.Fatal("a rate that nobody relays")
		}
		_, _, _ = parseOutspend(v)
		_, _ = txids(v)
	})
}

// FuzzScaled: numbers go through no floating point, and a rest is an error or rounds up.
func FuzzScaled(f *testing.F) {
	for _, s := range []string{"0.00001", "1e-05", "50", "0.123456789", "1E2", "21000000.00000000", "1e20", "-1", "1e400000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		exact, err := scaled(json.Number(s), "x", 8, false)
		up, upErr := scaled(json.Number(s), "x", 8, true)
		if exact < 0 || up < 0 || err == nil && (upErr != nil || up != exact) {
			t.Fatalf("%q: %d %v, %d %v", s, exact, err, up, upErr)
		}
	})
}

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		text   string
		digits int
		up     bool
		want   int64 // -1 for an error
	}{
		{"0.00001", 8, false, 1000}, {"1e-05", 8, false, 1000}, {"1E-5", 8, false, 1000}, {"0.1", 8, false, 10_000_000},
		{"20999999.9769", 8, false, 2099999997690000}, {"50.00000000", 8, false, 5_000_000_000}, {"0", 8, false, 0},
		{"0.000000001", 8, false, -1}, {"0.000000001", 8, true, 1}, {"1.0001", 3, true, 1001}, {"87.882", 3, true, 87882},
		{"-0.1", 8, false, -1}, {"1e21", 0, false, -1}, {"1e-21", 8, true, -1}, {"1e99999999", 8, true, -1}, {"92233720368.54775808", 8, false, -1},
		{"1/3", 8, true, -1}, {"0x10", 8, true, -1}, {"", 8, true, -1}, {"1_0", 0, true, -1}, {"Inf", 8, true, -1},
	} {
		got, err := scaled(json.Number(c.text), "x", c.digits, c.up)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.text, got, c.want)
		}
	}
	if _, err := scaled("1", "x", 8, false); err == nil {
		t.Error("a string is no number")
	}
}

// Every code is asked for by at least one test.
func TestCodes(t *testing.T) {
	used := make(map[string]bool)
	declared := make(map[string]bool)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if name == "errors.go" && strings.HasPrefix(n.Names[0].Name, "Code") {
					declared[n.Names[0].Name] = true
				}
			case *ast.Ident:
				if strings.HasSuffix(name, "_test.go") {
					used[n.Name] = true
				}
			}
			return true
		})
	}
	if len(declared) != 20 {
		t.Errorf("%d codes declared, want 20", len(declared))
	}
	for name := range declared {
		if !used[name] {
			t.Errorf("no test asks for %s", name)
		}
	}
}
