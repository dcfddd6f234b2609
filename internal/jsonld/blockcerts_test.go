package jsonld

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/fxamacker/cbor/v2"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// corpusContexts pins the inline objects of the Blockcerts samples too.
func corpusContexts(t testing.TB) *Contexts {
	t.Helper()
	list, err := os.ReadFile("testdata/inline-contexts.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := Builtin()
	for line := range strings.Lines(string(list)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var digest [32]byte
		if _, err := hex.Decode(digest[:], []byte(line[:64])); err != nil {
			t.Fatal(err)
		}
		c = c.WithInline(digest)
	}
	return c
}

// altered names the samples whose hash must not match, with the reason that the
// corpus gives. The key is the file name and, in an array, the place of the proof.
var altered = map[string]string{
	"v2--testnet-tampered-hashes-2.0.json": "a sample for tampering",
	"v3--testnet-v3--no-did.json":          "the issuer's id was edited after issuing",
	"v3--testnet-v3-hashlink.json":         "the display was edited after issuing",
}

// refused names the samples that must not be canonicalised at all.
var refused = map[string]Code{
	"py--2.0-alpha--invalid_unmapped_fields.json": CodeUnmappedTerm,
}

// ghostSamples names the samples with members that are left out of the claims.
var ghostSamples = map[string]int{
	"v3--blockcerts-3.0-beta.json":                         2, // /display/content and contentMediaType are taken for IRIs
	"v3--mocknet-vc-v2-name-description-multilingual.json": 2, // @direction of name and description
}

// TestBlockcerts computes the hash of every Blockcerts 2.x and 3.x sample and compares
// it with the targetHash of its proofs.
func TestBlockcerts(t *testing.T) {
	dir := conformance.Path(t, "conformance/blockcerts/certificates")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	contexts := corpusContexts(t)
	documents, proofs := 0, 0
	for _, f := range files {
		name := f.Name()
		if strings.HasPrefix(name, "v1--") || strings.HasPrefix(name, "py--1.") {
			continue
		}
		documents++
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			doc := parse(t, text)
			proofs += checkSample(t, contexts, name, doc)
			list, _ := doc["verifiableCredential"].([]any)
			for i, vc := range list {
				proofs += checkSample(t, contexts, fmt.Sprintf("%s#%d", name, i), vc.(map[string]any))
			}
		})
	}
	if documents != 38 || proofs != 40 {
		t.Errorf("%d documents with %d Merkle proofs, want 38 and 40", documents, proofs)
	}
}

// checkSample checks every Merkle proof of doc and returns how many there were.
func checkSample(t *testing.T, contexts *Contexts, name string, doc map[string]any) int {
	t.Helper()
	n := 0
	for _, c := range coverings(t, doc) {
		n++
		res, err := Canonicalize(c.doc, Options{Contexts: contexts, Mode: modeOf(doc)})
		if code := refused[name]; code != "" {
			if e, ok := err.(*Error); !ok || e.Code != code {
				t.Errorf("%s: error %v, want %s", name, err, code)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s, proof %d: %v", name, c.index, err)
			continue
		}
		sum := sha256.Sum256(res.NQuads)
		if matches := bytes.Equal(sum[:], c.target); matches == (altered[name] != "") {
			t.Errorf("%s, proof %d: hash %x, targetHash %x, altered: %q", name, c.index, sum, c.target, altered[name])
		}
		if len(res.Ghosts) != ghostSamples[name] {
			t.Errorf("%s, proof %d: ghosts %v", name, c.index, res.Ghosts)
		}
	}
	if n == 0 { // no Merkle proof: the document must still be readable
		bare := strictjson.Clone(doc).(map[string]any)
		delete(bare, "proof")
		if _, err := Canonicalize(bare, Options{Contexts: contexts, Mode: modeOf(doc)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return n
}

func modeOf(doc map[string]any) Mode {
	list, _ := doc["@context"].([]any)
	if len(list) > 0 && list[0] == "https://www.w3.org/ns/credentials/v2" {
		return Strict
	}
	return Lax
}

// A covering is a document as one Merkle proof covers it, and the hash that it names.
type covering struct {
	doc    map[string]any
	index  int
	target []byte
}

// coverings takes the proofs out of a document as Blockcerts does: proof i of an array
// covers the document with the proofs before it.
func coverings(t *testing.T, doc map[string]any) []covering {
	t.Helper()
	if sig, ok := doc["signature"].(map[string]any); ok {
		bare := strictjson.Clone(doc).(map[string]any)
		delete(bare, "signature")
		target, err := hex.DecodeString(sig["targetHash"].(string))
		if err != nil {
			t.Fatal(err)
		}
		return []covering{{doc: bare, target: target}}
	}
	list, isArray := doc["proof"].([]any)
	if !isArray {
		list = []any{doc["proof"]}
	}
	var out []covering
	for i, p := range list {
		proof, _ := p.(map[string]any)
		value, _ := proof["proofValue"].(string)
		isMerkle := proof["type"] == "MerkleProof2019" || proof["cryptosuite"] == "merkle-proof-2019" || proof["type"] == "ChainedProof2021"
		if !isMerkle {
			continue
		}
		c := covering{doc: strictjson.Clone(doc).(map[string]any), index: i, target: targetOf(t, value)}
		delete(c.doc, "proof")
		if i > 0 {
			c.doc["proof"] = strictjson.Clone(list[:i])
		}
		out = append(out, c)
	}
	return out
}

// targetOf decodes the targetHash of a MerkleProof2019 value: base58btc of CBOR pairs,
// key 1, a byte string that holds a CBOR text of hex or a CBOR byte string.
func targetOf(t *testing.T, proofValue string) []byte {
	t.Helper()
	var pairs []struct {
		_     struct{} `cbor:",toarray"`
		Key   int
		Value cbor.RawMessage
	}
	if err := cbor.Unmarshal(base58.Decode(strings.TrimPrefix(proofValue, "z")), &pairs); err != nil {
		t.Fatal(err)
	}
	for _, p := range pairs {
		if p.Key != 1 {
			continue
		}
		var wrapped []byte
		if err := cbor.Unmarshal(p.Value, &wrapped); err != nil {
			t.Fatal(err)
		}
		var content any
		if err := cbor.Unmarshal(wrapped, &content); err != nil {
			t.Fatal(err)
		}
		switch c := content.(type) {
		case []byte:
			return c
		case string:
			b, err := hex.DecodeString(c)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatal("no targetHash")
	return nil
}
