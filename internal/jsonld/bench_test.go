package jsonld

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/piprate/json-gold/ld"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// BenchmarkCanonicalize compares with json-gold's own Normalize, on one parsed document
// and with every context in memory. Both must first give the hash that jsonld.js gave.
// Contexts that we have processed once are remembered; "contexts afresh" is without
// that, as json-gold always works. Normalize drops undefined members and makes no claims.
func BenchmarkCanonicalize(b *testing.B) {
	sums := benchSums(b)
	contexts := healthContexts(b)
	for _, name := range []string{"physician-licence.json", "licence-hard-blank-nodes.json"} {
		doc := parse(b, conformance.Read(b, "bench/"+name))
		ours := func(c *Contexts) []byte {
			res, err := Canonicalize(doc, Options{Contexts: c})
			if err != nil {
				b.Fatal(err)
			}
			return res.NQuads
		}
		goldDoc := floatContexts(strictjson.Clone(doc))
		gold := func() []byte {
			opts := ld.NewJsonLdOptions("")
			opts.DocumentLoader = loader{contexts}
			opts.Algorithm = ld.AlgorithmURDNA2015
			opts.Format = "application/n-quads"
			out, err := ld.NewJsonLdProcessor().Normalize(goldDoc, opts)
			if err != nil {
				b.Fatal(err)
			}
			return []byte(out.(string))
		}
		for _, c := range []struct {
			who string
			run func() []byte
		}{
			{"certanchor", func() []byte { return ours(contexts) }},
			{"certanchor, contexts afresh", func() []byte { return ours(contexts.copy()) }},
			{"json-gold", gold},
		} {
			b.Run(name+"/"+c.who, func(b *testing.B) {
				if sum := sha256.Sum256(c.run()); sums[name] == "" || hex.EncodeToString(sum[:]) != sums[name] {
					b.Fatalf("hash %x, want %s", sum, sums[name])
				}
				b.ReportAllocs()
				for b.Loop() {
					c.run()
				}
			})
		}
	}
}
