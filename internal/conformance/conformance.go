// Package conformance finds the public test corpora for tests. The corpora lie
// beside the repository, in ../shared, and are not part of it.
//
// A test whose corpus is absent is skipped, aloud; with the environment variable
// CERTANCHOR_REQUIRE_CORPORA set, as continuous integration does, it fails.
package conformance

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path returns the file or folder name (slash separated, relative to the corpora's
// root, for example "conformance/w3c/index.json"), or skips or fails t without it.
func Path(t testing.TB, name string) string {
	t.Helper()
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("conformance: cannot tell where the repository is")
	}
	root := filepath.Dir(filepath.Dir(filepath.Dir(self)))
	p := filepath.Join(root, "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		if os.Getenv("CERTANCHOR_REQUIRE_CORPORA") != "" {
			t.Fatalf("corpus ../shared/%s is required and absent: %v", name, err)
		}
		t.Skipf("SKIPPED: corpus ../shared/%s is absent", name)
	}
	return p
}

// Read returns the contents of the corpus file name.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
