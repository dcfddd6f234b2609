package jsonld

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

func parse(t testing.TB, text []byte) map[string]any {
	t.Helper()
	doc, err := strictjson.ParseObject(text, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

const healthURL = "https://contexts.licensing.example/health/v1"

func healthContexts(t testing.TB) *Contexts {
	t.Helper()
	c, err := Builtin().With(healthURL, conformance.Read(t, "bench/context-health-v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// benchSums returns the SHA-256 of the canonical form of each document in bench, in
// hexadecimal digits, by file name.
func benchSums(t testing.TB) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for line := range strings.Lines(string(conformance.Read(t, "bench/canonical-sha256.txt"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	return sums
}

// TestBenchDocuments compares with hashes that jsonld.js computed.
func TestBenchDocuments(t *testing.T) {
	contexts := healthContexts(t)
	sums := benchSums(t)
	for name, want := range sums {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, conformance.Read(t, "bench/"+name))
			res, err := Canonicalize(doc, Options{Contexts: contexts})
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(res.NQuads); hex.EncodeToString(sum[:]) != want {
				t.Errorf("hash %x, want %s\n%s", sum, want, res.NQuads)
			}
		})
	}
	if len(sums) != 7 {
		t.Errorf("%d documents, want 7", len(sums))
	}
}
