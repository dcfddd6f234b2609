package verifier_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sabotaged makes a check say yes: it stands in for one call of stop or refuse, and
// passes the step instead. uncounted lists count, whatever is wrong with them.
const sabotaged = `package verifier

func (c *check) sabotaged(name StepName, _ ...any) { c.pass(name, "", "", "sabotaged") }
`

// TestSabotage disables each check of this package in turn, by building its tests with
// one call changed, and wants at least one test to fail. It prints which test caught
// which. It takes some minutes: set CERTANCHOR_LONG to run it.
func TestSabotage(t *testing.T) {
	if os.Getenv("CERTANCHOR_LONG") == "" {
		t.Skip("SKIPPED: set CERTANCHOR_LONG to disable each check in turn")
	}
	sites := checkSites(t)
	missed := 0
	for _, s := range sites {
		caught := s.caughtBy(t)
		if caught == "" {
			missed++
			t.Errorf("%s: no test noticed that this check always says yes", s)
			continue
		}
		t.Logf("%-60s caught by %s", s, caught)
	}
	t.Logf("sabotage: %d checks disabled in turn, %d noticed", len(sites), len(sites)-missed)
	if len(sites) < 90 {
		t.Errorf("only %d checks were found", len(sites))
	}
}

// A site is one call that ends a step without a yes.
type site struct {
	file     string
	offset   int // of the method's name
	name     string
	line     int
	fragment string // the call, shortened
}

func (s site) String() string { return fmt.Sprintf("%s:%d %s", s.file, s.line, s.fragment) }

func checkSites(t *testing.T) []site {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sites []site
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "stop" && sel.Sel.Name != "refuse" {
				return true
			}
			at := fset.Position(sel.Sel.Pos())
			text := string(src[fset.Position(call.Pos()).Offset:fset.Position(call.End()).Offset])
			if secondary(text) {
				return true
			}
			sites = append(sites, site{file: name, offset: at.Offset, name: sel.Sel.Name, line: at.Line, fragment: shorten(text)})
			return true
		})
	}
	return sites
}

// secondary tells calls that only say that an earlier step has ended already: passing
// them changes no verdict.
func secondary(call string) bool {
	return strings.Contains(call, "CodeNotJudged") || strings.Contains(call, "CodeSignerUnknown") || strings.Contains(call, "CodeStrength")
}

func shorten(text string) string {
	text = regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")
	if len(text) > 48 {
		text = text[:48] + "…"
	}
	return text
}

var failing = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// caughtBy builds and runs the tests with the one check disabled and returns a test that
// fails; "panic" if the package fell over.
func (s site) caughtBy(t *testing.T) string {
	src, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bent := slices.Concat(src[:s.offset], []byte("sabotaged"), src[s.offset+len(s.name):])
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]map[string]string{"Replace": {
		filepath.Join(here, s.file):         write(t, dir, s.file, bent),
		filepath.Join(here, "sabotaged.go"): write(t, dir, "sabotaged.go", []byte(sabotaged)),
	}}
	raw, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-failfast", "-overlay", write(t, dir, "overlay.json", raw), "-skip", "Fuzz|Sabotage|Mutation|Document|FilesPage", ".")
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "CERTANCHOR_LONG=") }), "CERTANCHOR_SABOTAGE=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if cmd.Run() == nil {
		return ""
	}
	all := failing.FindAllStringSubmatch(out.String(), -1)
	switch {
	case len(all) > 0:
		return all[len(all)-1][1]
	case strings.Contains(out.String(), "panic:"):
		return "panic"
	}
	t.Fatalf("%s: the tests did not run:\n%s", s, out.String())
	return ""
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.WriteFile(full, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return full
}
