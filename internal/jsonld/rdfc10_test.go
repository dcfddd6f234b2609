package jsonld

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/conformance"
)

// TestW3C runs the RDF Dataset Canonicalization test suite of the W3C.
func TestW3C(t *testing.T) {
	dir := conformance.Path(t, "conformance/hostile/rdf-canon")
	var manifest struct {
		Entries []struct {
			ID            string `json:"id"`
			Type          string `json:"type"`
			Name          string `json:"name"`
			HashAlgorithm string `json:"hashAlgorithm"`
			Action        string `json:"action"`
			Result        string `json:"result"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/rdf-canon/manifest.jsonld"), &manifest); err != nil {
		t.Fatal(err)
	}
	read := func(t *testing.T, name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	counts := map[string]int{}
	for _, e := range manifest.Entries {
		counts[e.Type]++
		t.Run(e.ID[1:], func(t *testing.T) {
			hash := hashFunc(sha256Hex)
			if e.HashAlgorithm == "SHA384" {
				hash = sha384Hex
			}
			start := time.Now()
			got, labels, err := canonicalizeNQuads(read(t, e.Action), hash, Limits{})
			elapsed := time.Since(start)
			if e.Type == "rdfc:RDFC10NegativeEvalTest" {
				if err == nil || err.Code != CodeLimitWork {
					t.Fatalf("error %v, want %s", err, CodeLimitWork)
				}
				if elapsed > time.Second { // some 40 ms on an idle machine
					t.Errorf("refused after %v", elapsed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.Type == "rdfc:RDFC10EvalTest" {
				if want := read(t, e.Result); !bytes.Equal(got, want) {
					t.Errorf("%s\ngot\n%s\nwant\n%s", e.Name, got, want)
				}
				return
			}
			var want map[string]string
			if err := json.Unmarshal(read(t, e.Result), &want); err != nil {
				t.Fatal(err)
			}
			if len(labels) != len(want) {
				t.Errorf("%d labels, want %d", len(labels), len(want))
			}
			for from, to := range want {
				if labels[from] != to {
					t.Errorf("label of %s is %s, want %s", from, labels[from], to)
				}
			}
		})
	}
	if counts["rdfc:RDFC10EvalTest"] != 64 || counts["rdfc:RDFC10MapTest"] != 21 || counts["rdfc:RDFC10NegativeEvalTest"] != 1 {
		t.Errorf("the suite has shrunk: %v", counts)
	}
}

// TestSHA384Vector: the document of a P-384 vector has unnamed nodes whose order depends
// on the hash. Its canonical form is its own under SHA-384 and another under SHA-256.
func TestSHA384Vector(t *testing.T) {
	raw := conformance.Read(t, "conformance/w3c/vectors/vc-di-ecdsa/ecdsa-rdfc-2019-p384/employ/canonDocECDSAP384.txt")
	for _, one := range []struct {
		name string
		hash hashFunc
		same bool
	}{{"SHA-384", sha384Hex, true}, {"SHA-256", sha256Hex, false}} {
		got, _, err := canonicalizeNQuads(raw, one.hash, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if same := bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(raw)); same != one.same {
			t.Errorf("%s: same form %v, want %v", one.name, same, one.same)
		}
	}
}
