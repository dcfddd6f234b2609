package main

import (
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

// TestSentences: every code has a cause and a next step in every language, and no
// sentence is for a code that does not exist.
func TestSentences(t *testing.T) {
	known := map[verifier.Code]bool{}
	used := map[string]bool{}
	for _, c := range verifier.Codes() {
		known[c.Code] = true
		used[sentences[c.Code].next] = true
		for name, l := range languages {
			if l.cause(c.Code) == "" || l.next(c.Code) == "" {
				t.Errorf("%s has no cause or next step in %s", c.Code, name)
			}
		}
	}
	for code := range sentences {
		if !known[code] {
			t.Errorf("a sentence for %q, which no report carries", code)
		}
	}
	for key := range nextSteps {
		if !used[key] {
			t.Errorf("the next step %q is never told", key)
		}
	}
}
