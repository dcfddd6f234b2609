package strictjson

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/conformance"
)

// TestJSONTestSuite runs the parser test suite by Nicolas Seriot: y_ must be
// accepted, n_ refused, and i_, where RFC 8259 leaves the choice, as frozen in
// testdata/undefined.txt.
func TestJSONTestSuite(t *testing.T) {
	dir := conformance.Path(t, "conformance/hostile/jsontestsuite/test_parsing")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	frozen := undefinedOutcomes(t)
	counts := map[byte]int{}
	for _, f := range files {
		name := f.Name()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		counts[name[0]]++
		_, err = Parse(text, Limits{})
		switch name[0] {
		case 'y':
			want := Code("")
			// Two of them repeat a name: legal by the grammar, refused on purpose.
			if strings.HasPrefix(name, "y_object_duplicated_key") {
				want = CodeDuplicateKey
			}
			if codeOf(err) != want {
				t.Errorf("%s: error %v, want code %q", name, err, want)
			}
		case 'n':
			if err == nil {
				t.Errorf("%s is accepted", name)
			}
		case 'i':
			want, listed := frozen[name]
			if !listed {
				t.Errorf("%s is not in the frozen table: %v", name, codeOf(err))
			} else if codeOf(err) != want {
				t.Errorf("%s: error %v, want code %q", name, err, want)
			}
		}
	}
	if counts['y'] != 95 || counts['n'] != 188 || counts['i'] != 35 || len(frozen) != 35 {
		t.Errorf("the suite has changed: y %d, n %d, i %d, frozen %d", counts['y'], counts['n'], counts['i'], len(frozen))
	}
}

// undefinedOutcomes reads lines of a file name and "accepted" or a code.
func undefinedOutcomes(t *testing.T) map[string]Code {
	t.Helper()
	text, err := os.ReadFile("testdata/undefined.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Code{}
	for line := range strings.Lines(string(text)) {
		name, outcome, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || name == "#" {
			continue
		}
		if outcome == "accepted" {
			outcome = ""
		}
		out[name] = Code(outcome)
	}
	return out
}

func codeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return Code("not an *Error: " + err.Error())
	}
	return ""
}

// TestJCS compares with the vectors of RFC 8785's authors.
func TestJCS(t *testing.T) {
	dir := conformance.Path(t, "conformance/hostile/json-canonicalization")
	inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(inputs) != 6 {
		t.Errorf("%d vectors, want 6", len(inputs))
	}
	for _, in := range inputs {
		name := strings.TrimSuffix(filepath.Base(in), ".json")
		text, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Parse(text, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Canonical(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		digits, err := os.ReadFile(filepath.Join(dir, "outhex", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(strings.Join(strings.Fields(string(digits)), ""))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

// TestOpenArrays: the depth limit stops a flood of brackets before anything is built.
func TestOpenArrays(t *testing.T) {
	text := bytes.Repeat([]byte("["), 100_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	_, err := Parse(text, Limits{})
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	if codeOf(err) != CodeLimitDepth {
		t.Fatalf("error %v", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated", n)
	}
	if elapsed > 50*time.Millisecond { // usually far below 1 ms; a loaded machine may be slow
		t.Errorf("took %v", elapsed)
	}
}
