package anchor

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestIDs(t *testing.T) {
	const genesis = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
	h, err := ParseBlockHash(genesis)
	if err != nil || h.String() != genesis || h != Mainnet.Genesis().Hash() || h[31] != 0 || h[0] != 0x6f {
		t.Fatalf("%v, %v", h, err)
	}
	for _, s := range []string{
		"", genesis[1:], genesis + "0", strings.ToUpper(genesis), "0x" + genesis[2:], genesis[:63] + "g", " " + genesis[1:],
	} {
		if _, err := ParseBlockHash(s); err == nil {
			t.Errorf("block hash %q accepted", s)
		}
		if _, err := ParseTxID(s); err == nil {
			t.Errorf("transaction id %q accepted", s)
		}
	}
	op, err := ParseOutPoint(genesis + ":4294967295")
	if err != nil || op.String() != genesis+":4294967295" {
		t.Fatalf("%v, %v", op, err)
	}
	for _, s := range []string{genesis, genesis + ":", genesis + ":-1", genesis + ":+1", genesis + ":01", genesis + ":4294967296", ":1", genesis + ":1:1"} {
		if _, err := ParseOutPoint(s); err == nil {
			t.Errorf("output %q accepted", s)
		}
	}
	in := struct {
		A TxID
		B BlockHash
		C OutPoint
	}{TxID{1}, BlockHash{2}, OutPoint{TxID{3}, 4}}
	out := in
	out.A, out.B, out.C = TxID{}, BlockHash{}, OutPoint{}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("%s comes back as %+v, %v", b, out, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"00"}`), &out); err == nil {
		t.Error("short id accepted")
	}
}

func testEvidence() *Evidence {
	return &Evidence{
		Tx: []byte{1, 2}, PrevTxs: [][]byte{{3}, {4, 5}}, Coinbase: []byte{6}, TxOutProof: []byte{7},
		Meta: Meta{Network: Regtest, Height: 8, TxID: "ab", Created: "2026-01-02T03:04:05Z", Tool: "x"},
	}
}

const evidenceText = `{"coinbase":"06","meta":{"created":"2026-01-02T03:04:05Z","height":8,"network":"regtest","tool":"x","txid":"ab"},` +
	`"prevTxs":["03","0405"],"tx":"0102","txOutProof":"07"}`

func TestEvidenceJSON(t *testing.T) {
	b, err := json.Marshal(testEvidence())
	if err != nil || string(b) != evidenceText {
		t.Fatalf("%s, %v", b, err)
	}
	var ev Evidence
	if err := json.Unmarshal(b, &ev); err != nil || !reflect.DeepEqual(&ev, testEvidence()) {
		t.Fatalf("%+v, %v", ev, err)
	}
	for name, bend := range map[string][2]string{
		"hex in upper case":       {`"06"`, `"0A"`},
		"half a byte":             {`"06"`, `"6"`},
		"not hex":                 {`"06"`, `"0x"`},
		"number for hex":          {`"06"`, `6`},
		"null for hex":            {`"06"`, `null`},
		"null in prevTxs":         {`"03"`, `null`},
		"null for prevTxs":        {`["03","0405"]`, `null`},
		"object for prevTxs":      {`["03","0405"]`, `{}`},
		"unknown member":          {`"tx":`, `"x":1,"tx":`},
		"member in other case":    {`"tx":`, `"TX":`},
		"repeated member":         {`"tx":`, `"coinbase":"06","tx":`},
		"repeated, escaped":       {`"tx":`, `"coinb\u0061se":"06","tx":`},
		"missing member":          {`"tx":"0102",`, ``},
		"unknown member of meta":  {`"tool":`, `"y":1,"tool":`},
		"repeated member of meta": {`"tool":`, `"height":8,"tool":`},
		"meta is null":            {`{"created":"2026-01-02T03:04:05Z","height":8,"network":"regtest","tool":"x","txid":"ab"}`, `null`},
		"height is a fraction":    {`"height":8`, `"height":8.5`},
		"height overflows":        {`"height":8`, `"height":4294967304`},
	} {
		bent := strings.Replace(evidenceText, bend[0], bend[1], 1)
		if bent == evidenceText {
			t.Fatalf("%s: nothing bent", name)
		}
		if err := new(Evidence).UnmarshalJSON([]byte(bent)); codeOf(err) != CodeMalformedEvidence {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []string{"", "[]", "null", `"x"`, "{", evidenceText + "{}", evidenceText[:50]} {
		if err := new(Evidence).UnmarshalJSON([]byte(s)); codeOf(err) != CodeMalformedEvidence {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestHeaderRunJSON(t *testing.T) {
	g := Mainnet.Genesis()
	run := HeaderRun{Start: 7, Headers: g[:]}
	b, err := json.Marshal(run)
	if err != nil || !bytes.HasPrefix(b, []byte(`{"headers":"01000000`)) || !bytes.HasSuffix(b, []byte(`","start":7}`)) {
		t.Fatalf("%s, %v", b, err)
	}
	var back HeaderRun
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, run) {
		t.Fatalf("%+v, %v", back, err)
	}
	wantCode(t, back.UnmarshalJSON([]byte(`{"headers":"","start":7,"count":1}`)), CodeMalformedEvidence)
}

func TestCheckpointPack(t *testing.T) {
	pack := BuiltinCheckpoints(Mainnet)
	list := pack.List()
	if len(list) != 436 || list[0].Height != 2015 || list[435].Height != 878975 {
		t.Fatalf("%d checkpoints", len(list))
	}
	for _, n := range Networks()[1:] {
		if BuiltinCheckpoints(n) != nil {
			t.Errorf("%s has built-in checkpoints", n)
		}
	}
	text, err := json.Marshal(pack)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseCheckpointPack(Mainnet, text)
	if err != nil || !reflect.DeepEqual(again, pack) || again.Digest() != pack.Digest() {
		t.Fatalf("JSON comes back otherwise: %v", err)
	}
	binary, err := again.MarshalBinary()
	if err != nil || !bytes.Equal(binary, mainnetCheckpoints) {
		t.Fatalf("binary comes back otherwise: %v", err)
	}

	sparse := packOf(t, Mainnet, list[5], list[9])
	if _, err := sparse.MarshalBinary(); CodeOf(err) != CodeMalformedCheckpoints {
		t.Errorf("a pack with gaps in binary form: %v", err)
	}
	text, _ = json.Marshal(sparse)
	if again, err = ParseCheckpointPack(Mainnet, text); err != nil || !reflect.DeepEqual(again, sparse) {
		t.Errorf("sparse pack: %v", err)
	}
	if sparse.Digest() == pack.Digest() || (*CheckpointPack)(nil).Digest() == pack.Digest() {
		t.Error("digests are alike")
	}
	_, err = ParseCheckpointPack(Signet, text)
	wantCode(t, err, CodeNetworkMismatch)
	_, err = ParseCheckpointPack("mocknet", text)
	wantCode(t, err, CodeNetworkMismatch)
}

func TestBrokenCheckpointPacks(t *testing.T) {
	list := BuiltinCheckpoints(Mainnet).List()
	bend := func(i int, f func(*Checkpoint)) []Checkpoint {
		l := append([]Checkpoint{}, list[:3]...)
		f(&l[i])
		return l
	}
	for name, l := range map[string][]Checkpoint{
		"not the end of a period": bend(0, func(c *Checkpoint) { c.Height = 2016 }),
		"genesis":                 bend(0, func(c *Checkpoint) { c.Height = 0 }),
		"negative":                bend(0, func(c *Checkpoint) { c.Height = -1 }),
		"height twice":            bend(1, func(c *Checkpoint) { c.Height = 2015 }),
		"falling":                 bend(2, func(c *Checkpoint) { c.Height = 2015 }),
		"target above the limit":  bend(0, func(c *Checkpoint) { c.NextBits = 0x1e00ffff }),
		"target negative":         bend(0, func(c *Checkpoint) { c.NextBits = 0x1d80ffff }),
		"too many":                make([]Checkpoint, maxCheckpoints+1),
	} {
		if _, err := NewCheckpointPack(Mainnet, l); codeOf(err) != CodeMalformedCheckpoints {
			t.Errorf("%s: %v", name, err)
		}
	}
	good, _ := json.Marshal(packOf(t, Mainnet, list[0]))
	for name, data := range map[string][]byte{
		"empty":             {},
		"cut record":        mainnetCheckpoints[:35],
		"too many records":  make([]byte, checkpointSize*(maxCheckpoints+1)),
		"JSON cut":          good[:len(good)-1],
		"bits in decimal":   bytes.Replace(good, []byte(`"1d00ffff"`), []byte(`486604799`), 1),
		"bits in 7 digits":  bytes.Replace(good, []byte(`"1d00ffff"`), []byte(`"d00ffff"`), 1),
		"unknown member":    bytes.Replace(good, []byte(`"network"`), []byte(`"x":1,"network"`), 1),
		"hash in hash case": bytes.Replace(good, []byte(`"hash":"0000`), []byte(`"hash":"000A`), 1),
	} {
		if _, err := ParseCheckpointPack(Mainnet, data); codeOf(err) != CodeMalformedCheckpoints {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCoinbaseHeights(t *testing.T) {
	script := func(b ...byte) []byte { return append(b, 0xff, 0xff) }
	for _, c := range []struct {
		name   string
		script []byte
		want   Height // -1: none
	}{
		{"1 as opcode", script(0x51), 1},
		{"16 as opcode", script(0x60), 16},
		{"1 as push", script(1, 1), -1},
		{"17", script(1, 17), 17},
		{"127", script(1, 127), 127},
		{"128", script(2, 128, 0), 128},
		{"128 with sign bit", script(1, 128), -1},
		{"500000", script(3, 0x20, 0xa1, 0x07), 500000},
		{"500000 in four bytes", script(4, 0x20, 0xa1, 0x07, 0), -1},
		{"2^24", script(4, 0, 0, 0, 1), 1 << 24},
		{"2^31-1", script(4, 0xff, 0xff, 0xff, 0x7f), -1},
		{"negative", script(3, 0x20, 0xa1, 0x87), -1},
		{"zero", script(0), -1},
		{"PUSHDATA1", script(0x4c, 3, 0x20, 0xa1, 0x07), -1},
		{"push cut short", []byte{3, 0x20, 0xa1}, -1},
		{"five bytes", script(5, 1, 2, 3, 4, 5), -1},
	} {
		got, ok := scriptHeight(c.script)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		if ok && !bytes.HasPrefix(c.script, CoinbaseHeight(got)) {
			t.Errorf("%s: CoinbaseHeight writes %x", c.name, CoinbaseHeight(got))
		}
	}
}

// Faults of the coinbase, on a real block whose tree is made again around each.
func TestCoinbaseFaults(t *testing.T) {
	s := sampleByID(t, "testnet4-40000-15")
	ev := s.evidence(t)
	tx, err := parseTx(ev.Coinbase, "coinbase")
	if err != nil {
		t.Fatal(err)
	}
	claimed := func(script []byte, index uint32, claim Height) error {
		c := *tx
		c.msg = tx.msg.Copy()
		c.msg.TxIn[0].SignatureScript = script
		c.msg.TxIn[0].PreviousOutPoint.Index = index
		_, err := coinbaseHeight(&c, claim, Mainnet.rules())
		return err
	}
	good := append(CoinbaseHeight(300_000), 1, 2)
	for name, err := range map[string]error{
		"not null":                 claimed(good, 0, 300_000),
		"script of one byte":       claimed([]byte{0x51}, 1<<32-1, 100),
		"script of 101 bytes":      claimed(append(good, make([]byte, 101-len(good))...), 1<<32-1, 300_000),
		"no height, BIP34 claimed": claimed([]byte{0xff, 0xff}, 1<<32-1, 300_000),
		"no height, negative":      claimed([]byte{0xff, 0xff}, 1<<32-1, -1),
	} {
		if codeOf(err) != CodeCoinbase {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := claimed(append(good, make([]byte, 100-len(good))...), 1<<32-1, 7); err != nil {
		t.Errorf("script of 100 bytes: %v", err) // and the claim counts for nothing
	}
	if err := claimed([]byte{0xff, 0xff}, 1<<32-1, 227_930); err != nil {
		t.Errorf("before BIP34: %v", err)
	}
	// Another transaction of the block in place of the coinbase, and the reverse.
	swapped := *ev
	swapped.Coinbase = ev.Tx
	_, err = CheckInclusion(&swapped, txID(t, s.TxID), Testnet4)
	if code := codeOf(err); code != CodeTxInclusion {
		t.Errorf("coinbase swapped: %v", err)
	}
	_, err = CheckInclusion(ev, tx.id, Testnet4)
	wantCode(t, err, CodeTxInclusion)
}

func TestProofShapes(t *testing.T) {
	s := sampleByID(t, "testnet4-40000-15")
	ev, id := s.evidence(t), txID(t, s.TxID)
	raw := ev.TxOutProof
	flagsAt := len(raw) - 1
	for int(raw[flagsAt-1]) != len(raw)-flagsAt {
		flagsAt--
	}
	for name, proof := range map[string][]byte{
		"empty":         {},
		"header only":   raw[:80],
		"cut":           raw[:len(raw)-1],
		"trailing byte": append(bytes.Clone(raw), 0),
		"a flag byte more": append(append(bytes.Clone(raw[:flagsAt-1]), raw[flagsAt-1]+1),
			append(bytes.Clone(raw[flagsAt:]), 0)...),
		"a hash more":                    append(append(append(bytes.Clone(raw[:84]), raw[84]+1), make([]byte, 32)...), raw[85:]...),
		"count not in its shortest form": append(append(bytes.Clone(raw[:84]), 0xfd, raw[84], 0), raw[85:]...),
		"count of 2^40":                  append(append(bytes.Clone(raw[:84]), 0xff, 0, 0, 0, 0, 0, 1, 0, 0), raw[85:]...),
	} {
		bent := *ev
		bent.TxOutProof = proof
		_, err := CheckInclusion(&bent, id, Testnet4)
		if codeOf(err) != CodeTxInclusion {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Three leaves, one leaf, the coinbase alone.
	ids := blockIDs(t, "blocks/electrumx-bitcoin_testnet4_40000.json")
	for name, match := range map[string][]int{"three": {0, 3, 15}, "without coinbase": {15}, "two without coinbase": {3, 15}, "coinbase alone": {0}, "none": nil} {
		proof, err := EncodeTxOutProof(Header(raw), ids, match)
		if err != nil {
			t.Fatal(err)
		}
		bent := *ev
		bent.TxOutProof = proof
		_, err = CheckInclusion(&bent, id, Testnet4)
		if codeOf(err) != CodeTxInclusion {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := EncodeTxOutProof(Header(raw), ids, []int{16})
	wantCode(t, err, CodeBuild)
	_, err = EncodeTxOutProof(Header(raw), ids[:15], []int{0})
	wantCode(t, err, CodeBuild)
	_, err = EncodeTxOutProof(Header(raw), nil, nil)
	wantCode(t, err, CodeBuild)
}

func TestWeakHeaderInProof(t *testing.T) {
	s := sampleByID(t, "testnet4-40000-15")
	ev, id := s.evidence(t), txID(t, s.TxID)
	for name, c := range map[string]struct {
		at   int
		code Code
	}{"nonce": {76, CodeHeaderPoW}, "bits": {74, CodeHeaderPoW}, "bits above the limit": {75, CodeHeaderBits}, "sign of bits": {74, CodeHeaderBits}} {
		bent := *ev
		bent.TxOutProof = bytes.Clone(ev.TxOutProof)
		bent.TxOutProof[c.at] ^= map[string]byte{"nonce": 1, "bits": 0x40, "bits above the limit": 0x20, "sign of bits": 0x80}[name]
		_, err := CheckInclusion(&bent, id, Testnet4)
		if codeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
