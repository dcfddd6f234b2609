package anchor

import "testing"

func BenchmarkHeaderStore(b *testing.B) {
	raw := corpusRun(b, "mainnet-0-10236.bin", 0, 10237).Headers
	for b.Loop() {
		if _, err := NewHeaderStore(Mainnet, raw); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10237, "ns/header")
}
