package anchor

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// A real signet block as one that confirms: its solution holds, and no flip of what shows
// it does.
func TestRealSignedBlock(t *testing.T) {
	raw := rawBlocks(t)["blocks/electrumx-bitcoin_signet_31500.json"]
	b, err := SignedBlockOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	hash := Header(raw).Hash()
	signed, refused := checkConfirming([]SignedBlock{b, {}, {Coinbase: b.Coinbase}})
	if len(signed) != 1 || !signed[hash] || len(refused) != 2 {
		t.Fatalf("%v, %v", signed, refused)
	}
	flips, survived := 0, map[string]int{}
	for name, data := range map[string][]byte{"coinbase": b.Coinbase, "txOutProof": b.TxOutProof} {
		flips += flipAll(data, 1, func(bit int) {
			signed, _ := checkConfirming([]SignedBlock{b})
			at := bit / 8
			switch {
			case len(signed) == 0:
			case name == "txOutProof" && at >= 72 && at < HeaderSize && !signed[hash]:
				// Target and nonce are not signed, so that miners can work. It is another
				// block then, in nobody's chain unless it has the work.
				survived["target and nonce"]++
			case name == "txOutProof" && at == HeaderSize:
				survived["count of transactions"]++
			default:
				t.Errorf("%s, bit %d: a block counts as signed", name, bit)
			}
		})
	}
	t.Logf("%d bit flips; what survived: %v", flips, survived)

	// A proof that matches another transaction beside, or instead.
	msg, ids, err := parseBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, match := range map[string][]int{"two": {0, 1}, "another": {1}, "none": nil} {
		proof, err := EncodeTxOutProof(Header(raw), ids, match)
		if err != nil {
			t.Fatal(err)
		}
		_, err = SignedBlock{Coinbase: b.Coinbase, TxOutProof: proof}.check()
		if codeOf(err) != CodeTxInclusion {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A coinbase elsewhere than at the first place.
	moved := []TxID{ids[1], ids[0]}
	header := Header(raw)
	root := MerkleRoot(moved)
	copy(header[36:], root[:])
	proof, err := EncodeTxOutProof(header, moved, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (SignedBlock{Coinbase: b.Coinbase, TxOutProof: proof}).check(); codeOf(err) != CodeTxInclusion {
		t.Errorf("a coinbase at 1: %v", err)
	}
	other := SignedBlock{Coinbase: stripTx(msg.Transactions[1]), TxOutProof: b.TxOutProof}
	if _, err := other.check(); codeOf(err) != CodeCoinbase {
		t.Errorf("not a coinbase: %v", err)
	}
	for name, block := range map[string][]byte{"half": raw[:100], "more": append(bytes.Clone(raw), 0), "huge": make([]byte, maxBlockSize+1)} {
		if _, err := SignedBlockOf(block); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A block of another network carries no solution.
	if _, err := SignedBlockOf(rawBlocks(t)["blocks/bitcoinj-block_testnet700000.dat"]); codeOf(err) != CodeSignetSolution {
		t.Errorf("testnet3: %v", err)
	}
}

// The member is absent where there are no blocks, so that files of before read and are
// written as they were.
func TestConfirmingInJSON(t *testing.T) {
	plain := Evidence{Tx: []byte{1}, PrevTxs: [][]byte{{2}}, Coinbase: []byte{3}, TxOutProof: []byte{4}}
	text, err := json.Marshal(plain)
	if err != nil || strings.Contains(string(text), "confirming") {
		t.Fatalf("%s, %v", text, err)
	}
	signed := plain
	signed.Confirming = []SignedBlock{{Coinbase: []byte{5}, TxOutProof: []byte{6}}, {Coinbase: []byte{7}, TxOutProof: []byte{8}}}
	for _, ev := range []Evidence{plain, signed} {
		text, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		var back Evidence
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, ev) {
			t.Errorf("%+v, %v", back, err)
		}
	}
	with := func(member string) string {
		return strings.Replace(string(text), `{"coinbase"`, `{`+member+`,"coinbase"`, 1)
	}
	good := `{"coinbase":"05","txOutProof":"06"}`
	for name, member := range map[string]string{
		"null":             `"confirming":null`,
		"empty":            `"confirming":[]`,
		"no list":          `"confirming":` + good,
		"null block":       `"confirming":[null]`,
		"member missing":   `"confirming":[{"coinbase":"05"}]`,
		"member unknown":   `"confirming":[{"coinbase":"05","txOutProof":"06","height":1}]`,
		"upper case":       `"confirming":[{"coinbase":"0A","txOutProof":"06"}]`,
		"twice":            `"confirming":[` + good + `],"confirming":[` + good + `]`,
		"name in capitals": `"Confirming":[` + good + `]`,
	} {
		var ev Evidence
		if err := json.Unmarshal([]byte(with(member)), &ev); codeOf(err) != CodeMalformedEvidence {
			t.Errorf("%s: %v", name, err)
		}
	}
	var ev Evidence
	if err := json.Unmarshal([]byte(with(`"confirming":[`+good+`]`)), &ev); err != nil || len(ev.Confirming) != 1 {
		t.Errorf("%+v, %v", ev, err)
	}
}
