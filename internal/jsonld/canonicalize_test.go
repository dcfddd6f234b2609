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

// TestBenchDocuments compares with hashes that jsonld.js computed.
func TestBenchDocuments(t *testing.T) {
	contexts := healthContexts(t)
	n := 0
	for line := range strings.Lines(string(conformance.Read(t, "bench/canonical-sha256.txt"))) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		n++
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
	if n != 7 {
		t.Errorf("%d documents, want 7", n)
	}
}

func BenchmarkCanonicalize(b *testing.B) {
	contexts := healthContexts(b)
	doc := parse(b, conformance.Read(b, "bench/physician-licence.json"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Canonicalize(doc, Options{Contexts: contexts}); err != nil {
			b.Fatal(err)
		}
	}
}
