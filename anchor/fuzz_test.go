package anchor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"testing"
)

func FuzzParseCommitment(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(mustHex(f, s.RawTx))
	}
	f.Add(append(mustHex(f, "0200000001"+"01"+"00000000000000000000000000000000000000000000000000000000000000"+
		"00000000"+"00"+"fdffffff"+"01"+"0000000000000000"+"22"+"6a20"), make([]byte, 36)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseCommitment(raw)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("error without code: %v", err)
			}
			return
		}
		if !bytes.Equal(serializeTx(c.tx.msg), raw) || c.TxID != doubleSHA256(stripTx(c.tx.msg)) {
			t.Fatal("bytes differ")
		}
		if bytes.Count(raw, c.Root[:]) == 0 || len(c.Inputs) == 0 || len(c.Inputs) > MaxInputs {
			t.Fatalf("%+v", c)
		}
		if _, err := c.IssuingAddress(nil, Mainnet); err == nil {
			t.Fatal("an address out of nothing")
		}
	})
}

func FuzzTxOutProof(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(mustHex(f, s.TxOutProof))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := parseTxOutProof(raw)
		if err != nil {
			wantCode(t, err, CodeTxInclusion)
			return
		}
		root, matches, err := p.extract(nil)
		if err != nil {
			wantCode(t, err, CodeTxInclusion)
			return
		}
		for i, m := range matches {
			if m.index >= p.leaves || i > 0 && m.index <= matches[i-1].index {
				t.Fatalf("matches %v of %d leaves", matches, p.leaves)
			}
		}
		if p.leaves > 64 || len(p.hashes) < p.leaves {
			return
		}
		// Every leaf is there, so the whole tree can be built again.
		ids := make([]TxID, len(p.hashes))
		for i, h := range p.hashes {
			ids[i] = h
		}
		if MerkleRoot(ids) != root {
			t.Fatal("another root")
		}
	})
}

func FuzzHeaders(f *testing.F) {
	run := corpusRun(f, "testnet4-0-100.bin", 0, 101)
	f.Add(run.Headers[:20*HeaderSize], int32(0), byte(2))
	f.Add(run.Headers[HeaderSize:20*HeaderSize], int32(1), byte(2))
	f.Add(corpusRun(f, "signet-0-2015.bin", 0, 2016).Headers[HeaderSize:30*HeaderSize], int32(1), byte(3))
	f.Fuzz(func(t *testing.T, raw []byte, start int32, net byte) {
		n := Networks()[int(net)%len(Networks())]
		if len(raw) < HeaderSize || len(raw) > 100*HeaderSize {
			return
		}
		r := HeaderRun{Start: Height(start), Headers: raw}
		incl := inclusionOf(n, Height(start)+1, Header(raw))
		if r.Len() > 1 {
			incl = inclusionOf(n, Height(start)+1, r.Header(1))
		}
		link, err := LinkHeaders(n, incl, []HeaderRun{r}, nil, nil)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("error without code: %v", err)
			}
			return
		}
		// What passes follows the genesis block, header by header.
		if link.Confirmations < 1 || link.Work.Cmp(big.NewInt(0)) <= 0 || start > 1 {
			t.Fatalf("%+v", link)
		}
		if start == 1 && r.Header(0).Prev() != n.Genesis().Hash() {
			t.Fatal("does not follow the genesis block")
		}
	})
}

func FuzzEvidenceJSON(f *testing.F) {
	f.Add([]byte(evidenceText))
	for _, s := range samples(f) {
		b, err := json.Marshal(s.evidence(f))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var ev Evidence
		if err := ev.UnmarshalJSON(raw); err != nil {
			wantCode(t, err, CodeMalformedEvidence)
			return
		}
		b, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		var again Evidence
		if err := again.UnmarshalJSON(b); err != nil {
			t.Fatal(err)
		}
		c, err := json.Marshal(again)
		if err != nil || !bytes.Equal(b, c) {
			t.Fatalf("%s comes back as %s", b, c)
		}
	})
}

func FuzzCheckpointPack(f *testing.F) {
	f.Add(mainnetCheckpoints[:72])
	b, _ := json.Marshal(packOf(f, Mainnet, BuiltinCheckpoints(Mainnet).List()[:2]...))
	f.Add(b)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParseCheckpointPack(Mainnet, raw)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("error without code: %v", err)
			}
			return
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseCheckpointPack(Mainnet, b)
		if err != nil || again.Digest() != p.Digest() {
			t.Fatal(err)
		}
	})
}

// FuzzSignedBlock: whatever is shown, a block counts as signed only if its own header is
// that of the proof, and nothing panics.
func FuzzSignedBlock(f *testing.F) {
	b, err := SignedBlockOf(rawBlocks(f)["blocks/electrumx-bitcoin_signet_31500.json"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Coinbase, b.TxOutProof)
	for _, s := range samples(f) {
		ev := s.evidence(f)
		f.Add(ev.Coinbase, ev.TxOutProof)
	}
	f.Fuzz(func(t *testing.T, coinbase, proof []byte) {
		hash, err := SignedBlock{Coinbase: coinbase, TxOutProof: proof}.check()
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("error without code: %v", err)
			}
			return
		}
		if hash != Header(proof).Hash() {
			t.Fatal("another block is signed than the one shown")
		}
	})
}

// FuzzJoinRuns: the headers at every height stay, as a set, whatever the runs are.
func FuzzJoinRuns(f *testing.F) {
	f.Add([]byte{1, 5, 6, 3, 2, 9}, byte(3))
	f.Add([]byte{0, 1, 0, 1, 1, 1}, byte(0))
	chain := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 40, 0))
	fork := withGenesis(Regtest, regtestRun(Regtest.Genesis().Hash(), 1, 40, 1))
	held := func(runs []HeaderRun) map[string]bool {
		m := map[string]bool{}
		for _, r := range runs {
			for i := range r.Len() {
				h := r.Header(i)
				m[fmt.Sprint(int(r.Start)+i, h.Hash())] = true
			}
		}
		return m
	}
	f.Fuzz(func(t *testing.T, cuts []byte, forks byte) {
		var runs []HeaderRun
		for i := 0; i+1 < len(cuts) && len(runs) < 20; i += 2 {
			from := Height(cuts[i] % 41)
			to := min(40, from+Height(cuts[i+1]%41))
			of := chain
			if forks>>(i/2%8)&1 == 1 {
				of = fork
			}
			runs = append(runs, cutRun(of, from, to))
		}
		joined := JoinRuns(runs)
		if len(joined) > len(runs) || !maps.Equal(held(joined), held(runs)) {
			t.Fatalf("%d runs became %d with other headers", len(runs), len(joined))
		}
		for _, r := range joined {
			for i := 1; i < r.Len(); i++ {
				if r.Header(i).Prev() != r.Header(i-1).Hash() {
					t.Fatal("two chains in one run")
				}
			}
		}
		if again := JoinRuns(joined); len(again) != len(joined) {
			t.Fatalf("joined again: %d, were %d", len(again), len(joined))
		}
	})
}
