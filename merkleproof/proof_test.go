package merkleproof_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/merkleproof"
)

const (
	minValues, minReceipts = 19, 18 // in the certificates of the corpus
	someRoot               = "0932f1d2e98219f7d7452801e2b64ebd9e5c005539db12d9b1ddabe7834d9044"
	someTxID               = "d75b7a5bdb3d5244b753e6b84e987267cfa4ffa7a532a2ed49ad3848be1d82f8"
)

func sampleProof(t testing.TB, chain merkleproof.Chain, id string) *merkleproof.Proof {
	tree, err := merkleproof.Build(leavesOf(3))
	if err != nil {
		t.Fatal(err)
	}
	return &merkleproof.Proof{Root: tree.Root(), Target: leavesOf(3)[1], Path: tree.Path(1),
		Anchor: merkleproof.Anchor{Chain: chain, TxID: id}}
}

func TestEncodeDecode2019(t *testing.T) {
	for chain, id := range map[merkleproof.Chain]string{
		merkleproof.BitcoinMainnet:  someTxID,
		merkleproof.BitcoinTestnet:  someTxID,
		merkleproof.BitcoinRegtest:  someTxID,
		merkleproof.EthereumSepolia: "0x" + someTxID,
		merkleproof.Mocknet:         merkleproof.MockSentence,
	} {
		p := sampleProof(t, chain, id)
		text, err := p.Encode2019()
		if err != nil {
			t.Fatal(chain, err)
		}
		q, err := merkleproof.Decode2019(text)
		if err != nil {
			t.Fatal(chain, err)
		}
		if q.Root != p.Root || q.Target != p.Target || q.Anchor != p.Anchor || q.Path.Root(q.Target) != p.Root {
			t.Errorf("%s: decoded to %+v", chain, q)
		}
		if again, err := q.Encode2019(); again != text {
			t.Errorf("%s: encodes again to other bytes (%v)", chain, err)
		}
	}
}

// TestEncode2019Bytes holds the example bytes of the formats page, section 6.2.
func TestEncode2019Bytes(t *testing.T) {
	p := sampleProof(t, merkleproof.BitcoinTestnet, someTxID)
	p.Path = p.Path[:1]
	text, err := p.Encode2019()
	if err != nil {
		t.Fatal(err)
	}
	got := hex.EncodeToString(base58.Decode(text[1:]))
	for _, piece := range []string{"84820381820058427840", "820058427840", "820158427840", "82028183820000820103820258427840"} {
		if !strings.Contains(got, piece) {
			t.Errorf("no %s in %s", piece, got)
		}
	}
	mock := sampleProof(t, merkleproof.Mocknet, merkleproof.MockSentence)
	text, _ = mock.Encode2019()
	if got := hex.EncodeToString(base58.Decode(text[1:])); !strings.Contains(got, "820281828200208201"+"58427840") {
		t.Errorf("mocknet anchor: %s", got)
	}
}

func TestDecode2019Refuses(t *testing.T) {
	wrapped := "5842" + "7840" + hex.EncodeToString([]byte(someRoot))
	root, target := "8200"+wrapped, "8201"+wrapped
	anchors := "820281838200008201038202" + "58427840" + hex.EncodeToString([]byte(someTxID))
	good := "84" + "820380" + root + target + anchors
	cases := map[string]string{
		"member-twice":           "84" + "820380" + root + root + anchors,
		"member-unknown":         "84" + "820480" + root + target + anchors,
		"member-missing":         "83" + "820380" + root + target,
		"side-unknown":           "84" + "82038182025842" + wrapped[4:] + root + target + anchors,
		"hash-short":             "84" + "820380" + "8200" + "5841783f" + hex.EncodeToString([]byte(someRoot[1:])) + target + anchors,
		"hash-upper-case":        "84" + "820380" + "8200" + "58427840" + hex.EncodeToString([]byte(strings.ToUpper(someRoot))) + target + anchors,
		"hash-two-styles":        "84" + "820380" + "8200" + "58225820" + someRoot + target + anchors,
		"no-anchor":              "84" + "820380" + root + target + "820280",
		"chain-unknown":          "84" + "820380" + root + target + strings.Replace(anchors, "820000", "820009", 1),
		"trailing-byte":          good + "00",
		"length-not-shortest":    "84" + "82039800" + root + target + anchors,
		"indefinite-length":      "9f" + good[2:] + "ff",
		"map-instead-of-pairs":   "a4" + "0380" + root[2:] + target[2:] + anchors[2:],
		"hash-of-33-bytes":       "84" + "820380" + "8200" + "58235821" + someRoot + "00" + target + anchors,
		"path-longer-than-limit": "84" + "82039821" + strings.Repeat("8201"+wrapped, 33) + root + target + anchors,
	}
	check := func(hexBytes string) error {
		raw, err := hex.DecodeString(hexBytes)
		if err != nil {
			t.Fatal(err)
		}
		_, err = merkleproof.Decode2019("z" + base58.Encode(raw))
		return err
	}
	if err := check(good); err != nil {
		t.Fatalf("the unbent proof: %v", err)
	}
	for name, bent := range cases {
		var refused *merkleproof.Error
		if err := check(bent); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"empty": "", "other-base": "uAAAA", "not-base58": "z0OIl", "too-long": "z" + strings.Repeat("2", merkleproof.MaxProofValue)} {
		if _, err := merkleproof.Decode2019(text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestDecode2017(t *testing.T) {
	const good = `{"type":["MerkleProof2017","Extension"],"merkleRoot":"` + someRoot + `","targetHash":"` + someRoot + `",
		"proof":[{"left":"` + someRoot + `"},{"right":"` + someRoot + `"}],"anchors":[{"sourceId":"` + someTxID + `","type":"BTCOpReturn","chain":"bitcoinMainnet"}]}`
	decode := func(text string) (*merkleproof.Proof, error) {
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		return merkleproof.Decode2017(m)
	}
	p, err := decode(good)
	if err != nil || len(p.Path) != 2 || p.Anchor.Chain != merkleproof.BitcoinMainnet || p.Path[0].Side != merkleproof.Left {
		t.Fatalf("%+v, %v", p, err)
	}
	if p, err := decode(strings.Replace(good, `,"chain":"bitcoinMainnet"`, "", 1)); err != nil || p.Anchor.Chain != "" {
		t.Errorf("chain missing: %+v, %v", p, err)
	}
	for name, bent := range map[string]string{
		"type-other":       strings.Replace(good, "MerkleProof2017", "MerkleProof2018", 1),
		"left-and-right":   strings.Replace(good, `{"left":"`, `{"right":"`+someRoot+`","left":"`, 1),
		"side-unknown":     strings.Replace(good, `"left"`, `"up"`, 1),
		"hash-odd":         strings.Replace(good, someRoot, someRoot[1:], 1),
		"member-unknown":   strings.Replace(good, `"proof"`, `"extra":1,"proof"`, 1),
		"anchor-none":      strings.Replace(good, `{"sourceId":"`+someTxID+`","type":"BTCOpReturn","chain":"bitcoinMainnet"}`, "", 1),
		"chain-unknown":    strings.Replace(good, "bitcoinMainnet", "bitcoinMoon", 1),
		"txid-not-hex":     strings.Replace(good, someTxID, "z"+someTxID[1:], 1),
		"proof-not-a-list": `{"type":"MerkleProof2017","merkleRoot":"` + someRoot + `","targetHash":"` + someRoot + `","proof":{},"anchors":[]}`,
	} {
		var refused *merkleproof.Error
		if _, err := decode(bent); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPathLimit: 32 steps are read and written in both encodings, 33 in neither, and the
// code tells a limit from a fault.
func TestPathLimit(t *testing.T) {
	h, err := merkleproof.ParseHash(someRoot)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]merkleproof.Code{merkleproof.MaxSteps: "", merkleproof.MaxSteps + 1: merkleproof.CodeLength} {
		var steps []any
		path := make(merkleproof.Path, n)
		for i := range path {
			path[i].Hash = h
			steps = append(steps, map[string]any{"left": someRoot})
		}
		_, err2017 := merkleproof.Decode2017(map[string]any{"type": "MerkleProof2017", "merkleRoot": someRoot, "targetHash": someRoot, "proof": steps,
			"anchors": []any{map[string]any{"sourceId": someTxID, "type": "BTCOpReturn"}}})
		_, err2019 := (&merkleproof.Proof{Root: h, Target: h, Path: path, Anchor: merkleproof.Anchor{Chain: merkleproof.BitcoinMainnet, TxID: someTxID}}).Encode2019()
		for name, err := range map[string]error{"Decode2017": err2017, "Encode2019": err2019} {
			var refused *merkleproof.Error
			if want == "" && err != nil || want != "" && (!errors.As(err, &refused) || refused.Code != want) {
				t.Errorf("%s, %d steps: %v", name, n, err)
			}
		}
	}
}

// TestCorpusReencodes reads every Merkle proof in the real certificates: each 2017
// and 2019 proof decodes, and each proofValue encodes again to the same characters.
func TestCorpusReencodes(t *testing.T) {
	dir := conformance.Path(t, "conformance/blockcerts/certificates")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	values, receipts := map[string]string{}, 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(f, err)
		}
		walk(doc, func(m map[string]any) {
			isMerkle := m["type"] == "MerkleProof2019" || m["cryptosuite"] == "merkle-proof-2019" || m["chainedProofType"] == "MerkleProof2019"
			if v, ok := m["proofValue"].(string); ok && isMerkle {
				values[v] = filepath.Base(f)
			}
			if _, ok := m["merkleRoot"]; ok {
				receipts++
				p, err := merkleproof.Decode2017(m)
				if err != nil {
					t.Errorf("%s: %v", filepath.Base(f), err)
					return
				}
				wantLeads(t, filepath.Base(f), p)
			}
		})
	}
	binary := 0
	for v, f := range values {
		p, err := merkleproof.Decode2019(v)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if again, err := p.Encode2019(); again != v {
			t.Errorf("%s: encodes again to %s (%v)", f, again, err)
		}
		wantLeads(t, f, p)
		if raw := base58.Decode(v[1:]); strings.Contains(string(raw), "\x58\x22\x58\x20") {
			binary++
		}
	}
	t.Logf("%d different MerkleProof2019 values, %d in the binary style, %d MerkleProof2017 or receipts", len(values), binary, receipts)
	if len(values) < minValues || receipts < minReceipts {
		t.Errorf("the corpus shrank: %d values, %d receipts", len(values), receipts)
	}
}

// misled names the certificates whose path leads elsewhere, with the reason that the
// corpus gives.
var misled = map[string]string{
	"v2--ethereum-merkle-root-unmatch-2.0.json":   "the receipt's merkleRoot was edited",
	"v2--mainnet-invalid-merkle-receipt-2.0.json": "the receipt was made invalid",
}

func wantLeads(t *testing.T, name string, p *merkleproof.Proof) {
	t.Helper()
	if leads := p.Path.Root(p.Target) == p.Root; leads == (misled[name] != "") {
		t.Errorf("%s: path from targetHash to merkleRoot: %v, altered: %q", name, leads, misled[name])
	}
}

func walk(v any, visit func(map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		visit(x)
		for _, e := range x {
			walk(e, visit)
		}
	case []any:
		for _, e := range x {
			walk(e, visit)
		}
	}
}

func FuzzDecode2019(f *testing.F) {
	for _, c := range []merkleproof.Chain{merkleproof.BitcoinMainnet, merkleproof.Mocknet} {
		if text, err := sampleProof(f, c, someTxID).Encode2019(); err == nil {
			raw := base58.Decode(text[1:])
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := merkleproof.Decode2019("z" + base58.Encode(raw))
		if err != nil {
			return
		}
		again, err := p.Encode2019()
		if err != nil || again != "z"+base58.Encode(raw) {
			t.Fatalf("accepted %x, encodes to %s (%v)", raw, again, err)
		}
	})
}

func FuzzDecode2017(f *testing.F) {
	f.Add(`{"type":"MerkleProof2017","merkleRoot":"` + someRoot + `","targetHash":"` + someRoot + `","proof":[{"left":"` + someRoot + `"}],"anchors":[{"sourceId":"` + someTxID + `","type":"BTCOpReturn","chain":"bitcoinMainnet"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var m map[string]any
		if json.Unmarshal([]byte(text), &m) != nil {
			return
		}
		p, err := merkleproof.Decode2017(m)
		if err == nil && p.Anchors == 0 {
			t.Fatal("accepted without an anchor")
		}
	})
}
