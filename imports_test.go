package certanchor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/certanchor/certanchor"

// rooms is the table of the architecture: which of our packages each may import. It
// names exactly the packages there are. internal/strictjson may be imported by all.
var rooms = map[string][]string{
	"internal/strictjson": {},
	"merkleproof":         {},
	"internal/jsonld":     {},
	"did":                 {},
	"status":              {},
	"anchor":              {},
	"anchor/regtest":      {"anchor", "internal/durable"},
	"credential":          {"merkleproof", "internal/jsonld"},
	"cryptosuite":         {"credential", "did", "internal/jsonld"},
	"issuer":              {"merkleproof", "internal/jsonld", "internal/durable", "did", "status", "anchor", "credential", "cryptosuite"},
	"verifier":            {"merkleproof", "internal/jsonld", "did", "status", "anchor", "credential", "cryptosuite"},
	"wallet":              {"merkleproof", "internal/jsonld", "internal/durable", "did", "status", "anchor", "credential", "cryptosuite", "verifier"},
	"licensure":           {"credential", "cryptosuite", "did", "status", "verifier"},
	"licensure/fhir":      {"licensure", "credential", "cryptosuite", "did", "status", "verifier"},
	"internal/synth":      {"licensure", "credential"},

	"licensure/evidencefile": {"licensure", "licensure/fhir", "internal/jsonld", "did", "credential", "cryptosuite", "verifier"},

	"anchor/node":      {"anchor", "internal/dial"},
	"internal/durable": {},
	"internal/fetch":   {"internal/dial"},
	"internal/dial":    {},

	"internal/conformance": {}, // test support: finds the corpora
}

// free are programs, which may import anything.
var free = []string{"cmd/certanchor", "examples/", "interop/"}

// Packages of the standard library that only the edges may import directly, and who
// may import them besides.
var edges = map[string][]string{
	"net":     {"anchor/node", "internal/fetch", "internal/dial"},
	"os/exec": {},
	"os":      {"issuer", "wallet", "anchor/regtest", "anchor/node", "internal/durable", "internal/conformance"},
}

// clocks may call time.Now.
var clocks = []string{"issuer", "wallet", "anchor/node", "internal/fetch"}

func isFree(pkg string) bool {
	return slices.ContainsFunc(free, func(f string) bool {
		return pkg == f || strings.HasSuffix(f, "/") && strings.HasPrefix(pkg, f)
	})
}

// TestImports parses our own files, since a cached result of `go list` would go stale.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, nested := nestedModules[filepath.ToSlash(name)]; nested || d.Name() == "node_modules" || d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(name))
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		seen[pkg] = true
		checkFile(t, name, pkg, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range rooms {
		if !seen[pkg] {
			t.Errorf("the table names %s, which does not exist", pkg)
		}
	}
}

// nestedModules have a go.mod and rules of their own.
var nestedModules = map[string]bool{"internal/btcdtest": true, "anchor/pkcs11": true, "wallet/aries": true}

func checkFile(t *testing.T, name, pkg string, f *ast.File) {
	allowed, known := rooms[pkg]
	switch {
	case isFree(pkg):
		return
	case pkg == ".":
		t.Errorf("%s: the root folder holds tests only", name)
	case !known:
		t.Errorf("%s: package %s is not in the table", name, pkg)
	}
	for _, i := range f.Imports {
		imp, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(imp, module+"/"); ok {
			if ours != "internal/strictjson" && !slices.Contains(allowed, ours) {
				t.Errorf("%s: %s may not import %s", name, pkg, ours)
			}
			continue
		}
		checkEdge(t, name, pkg, imp)
	}
	if !slices.Contains(clocks, pkg) {
		checkClock(t, name, f)
	}
}

func checkEdge(t *testing.T, name, pkg, imp string) {
	if imp == "net/url" || imp == "net/netip" {
		return
	}
	rule := imp
	if strings.HasPrefix(imp, "net/") {
		rule = "net"
	}
	if who, banned := edges[rule]; banned && !slices.Contains(who, pkg) {
		t.Errorf("%s: %s may not import %s", name, pkg, imp)
	}
	if imp == "github.com/piprate/json-gold/ld" && pkg != "internal/jsonld" {
		t.Errorf("%s: json-gold is for internal/jsonld only", name)
	}
}

// checkClock refuses any mention of time.Now, called or passed on.
func checkClock(t *testing.T, name string, f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "NewTimer", "Sleep"}, s.Sel.Name) {
			t.Errorf("%s: time.%s; the moment is an argument", name, s.Sel.Name)
		}
		return true
	})
}

// TestImportRulesBite makes sure that the rules refuse what they should.
func TestImportRulesBite(t *testing.T) {
	for name, src := range map[string]string{
		"network":  `package verifier; import _ "net/http"`,
		"exec":     `package verifier; import _ "os/exec"`,
		"upwards":  `package did; import _ "` + module + `/verifier"`,
		"clock":    `package verifier; import "time"; var _ = time.Now`,
		"json-ld":  `package verifier; import _ "github.com/piprate/json-gold/ld"`,
		"stranger": `package other`,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		pkg := f.Name.Name
		probe := new(testing.T)
		checkFile(probe, "x.go", pkg, f)
		if !probe.Failed() {
			t.Errorf("%s: not refused", name)
		}
	}
}
