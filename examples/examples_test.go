package examples_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples builds and runs each example as its README says.
func TestExamples(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./examples/...")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	records := t.TempDir()
	for _, c := range []struct{ program, folder, want string }{
		{"federation", records, "issued 2 credentials under root "},
		{"hospital", records, "valid, by Federation of Made-up Medical Boards"},
		{"hospital", records, "in-force under the policy of the hospital"},
		{"hospital", records, "looked at again: the same result\n  with another school written into it: not the same"},
		{"compact", records, "the same 2 derived orders, byte for byte"},
		{"school", t.TempDir(), "5 certificates in "},
	} {
		run := exec.Command(filepath.Join(bin, c.program), c.folder)
		run.Dir = ".."
		out, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v\n%s", c.program, err, out)
		}
	}
}
