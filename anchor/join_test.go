package anchor

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestJoinRuns(t *testing.T) {
	run := regtestRun(Regtest.Genesis().Hash(), 1, 60, 0)
	fork := regtestRun(Regtest.Genesis().Hash(), 1, 60, 1)
	for _, c := range []struct {
		name string
		runs []HeaderRun
		want []HeaderRun
	}{
		{"none", nil, nil},
		{"one", []HeaderRun{run}, []HeaderRun{run}},
		{"twice the same", []HeaderRun{run, run}, []HeaderRun{run}},
		{"one after the other", []HeaderRun{cutRun(run, 31, 60), cutRun(run, 1, 30)}, []HeaderRun{run}},
		{"overlapping", []HeaderRun{cutRun(run, 20, 60), cutRun(run, 1, 30)}, []HeaderRun{run}},
		{"within", []HeaderRun{cutRun(run, 20, 30), run}, []HeaderRun{run}},
		{"same start", []HeaderRun{cutRun(run, 1, 30), run}, []HeaderRun{run}},
		{"a gap", []HeaderRun{cutRun(run, 1, 20), cutRun(run, 22, 60)}, []HeaderRun{cutRun(run, 1, 20), cutRun(run, 22, 60)}},
		{"a gap that is filled", []HeaderRun{cutRun(run, 1, 20), cutRun(run, 22, 60), cutRun(run, 20, 22)}, []HeaderRun{run}},
		{"two chains", []HeaderRun{run, fork}, []HeaderRun{run, fork}},
		{"two chains that touch", []HeaderRun{cutRun(run, 1, 30), cutRun(fork, 31, 60)}, []HeaderRun{cutRun(run, 1, 30), cutRun(fork, 31, 60)}},
		{"two chains in parts", []HeaderRun{cutRun(run, 1, 30), cutRun(fork, 1, 30), cutRun(fork, 31, 60), cutRun(run, 31, 60)}, []HeaderRun{run, fork}},
		{"half a header", []HeaderRun{{Start: 1, Headers: run.Headers[:100]}, run}, []HeaderRun{run, {Start: 1, Headers: run.Headers[:100]}}},
		{"empty", []HeaderRun{{Start: 1}, run}, []HeaderRun{run, {Start: 1}}},
	} {
		got := JoinRuns(c.runs)
		same := func(a, b HeaderRun) bool { return a.Start == b.Start && bytes.Equal(a.Headers, b.Headers) }
		if !slices.EqualFunc(got, c.want, same) {
			t.Errorf("%s: %d runs, want %d", c.name, len(got), len(c.want))
		}
	}
	// No run becomes longer than an evidence file may hold.
	long := HeaderRun{Start: 1, Headers: make([]byte, 0)}
	for range MaxRunHeaders + 1 {
		long.Headers = append(long.Headers, run.Headers[:HeaderSize]...)
	}
	parts := []HeaderRun{cutRun(long, 1, 3000), cutRun(long, 2000, MaxRunHeaders+1)}
	for _, r := range JoinRuns(parts) {
		if r.Len() > MaxRunHeaders {
			t.Errorf("a run of %d", r.Len())
		}
	}
}

// However a chain is cut up, joining it changes nothing that LinkHeaders says.
func TestJoinedRunsSayTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	run := regtestRun(Regtest.Genesis().Hash(), 1, 60, 0)
	incl := inclusionAt(t, Regtest, run, 20)
	joined := 0
	for range 300 {
		var runs []HeaderRun
		for range 1 + rnd.IntN(8) {
			from := Height(1 + rnd.IntN(60))
			runs = append(runs, cutRun(run, from, from+Height(rnd.IntN(int(60-from)+1))))
		}
		fewer := JoinRuns(runs)
		before, err1 := LinkHeaders(Regtest, incl, runs, nil, nil)
		after, err2 := LinkHeaders(Regtest, incl, fewer, nil, nil)
		if codeOf(err1) != codeOf(err2) || err1 == nil && (before.Confirmations != after.Confirmations || before.Work.Cmp(after.Work) != 0 || before.Time != after.Time) {
			// Runs that only together lead to the block may be found by the joined one alone.
			if err1 == nil || err2 != nil {
				t.Fatalf("%d runs: %v, %v; joined: %v, %v", len(runs), before, err1, after, err2)
			}
		}
		if len(fewer) < len(runs) {
			joined++
		}
	}
	if joined < 100 {
		t.Errorf("joined %d times", joined)
	}
}
