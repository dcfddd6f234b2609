package anchor

import (
	"bytes"
	"slices"
)

// JoinRuns returns the same headers in fewer runs: one that lies within another is left
// out, and runs that overlap or follow each other become one while that is no longer than
// MaxRunHeaders. Runs of different chains, and what cannot be read, stay as they are.
// The result is ordered by height; the arguments are not changed.
func JoinRuns(runs []HeaderRun) []HeaderRun {
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b HeaderRun) int {
		if a.Start != b.Start {
			return int(a.Start - b.Start)
		}
		return b.Len() - a.Len()
	})
	var out []HeaderRun
	for _, r := range sorted {
		at := slices.IndexFunc(out, func(a HeaderRun) bool { _, ok := joinRuns(a, r); return ok })
		if at < 0 {
			out = append(out, r)
			continue
		}
		out[at], _ = joinRuns(out[at], r)
	}
	return out
}

// joinRuns joins b, which does not start below a, to a.
func joinRuns(a, b HeaderRun) (HeaderRun, bool) {
	if a.check("") != nil || b.check("") != nil || b.Start < a.Start || b.Start > a.end() {
		return HeaderRun{}, false
	}
	overlap := a.Headers[int(b.Start-a.Start)*HeaderSize:]
	n := min(len(overlap), len(b.Headers))
	switch {
	case !bytes.Equal(overlap[:n], b.Headers[:n]):
		return HeaderRun{}, false
	case n == len(b.Headers):
		return a, true
	case b.end()-a.Start > MaxRunHeaders:
		return HeaderRun{}, false
	case n == 0 && a.Header(a.Len()-1).Hash() != b.Header(0).Prev():
		return HeaderRun{}, false
	}
	return HeaderRun{Start: a.Start, Headers: slices.Concat(a.Headers, b.Headers[n:])}, true
}
