package licensure_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// A ruleRow is one rule of the domain: what it says in our words, and, where no test is named
// by its id, the test that holds it or what it waits for.
type ruleRow struct {
	ID     string `json:"id"`
	Says   string `json:"says"`
	Test   string `json:"test"`
	NotYet string `json:"notYet"`
}

// testsInSource finds, in all packages, the tests of rules by id — calls of rule(t, "ID", …) — and
// the names of all tests as package.Test.
func testsInSource(t *testing.T) (byID map[string][]string, names map[string]bool) {
	t.Helper()
	byID, names = map[string][]string{}, map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		pkg := filepath.Base(filepath.Dir(path))
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			names[pkg+"."+fn.Name.Name] = true
			ast.Inspect(fn, func(n ast.Node) bool {
				id, ok := ruleCall(n)
				if ok {
					byID[id] = append(byID[id], pkg+"."+fn.Name.Name+"/"+id)
				}
				return true
			})
		}
		return nil
	})
	must(t, err)
	return byID, names
}

// ruleCall returns the id of a call rule(t, "ID", …).
func ruleCall(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 3 {
		return "", false
	}
	if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "rule" {
		return "", false
	}
	lit, ok := call.Args[1].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	id, err := strconv.Unquote(lit.Value)
	return id, err == nil
}

// TestRules: every rule of the domain has a test named by its id, or names the test that
// holds it, or says what it waits for; docs/rules.md is the list. CERTANCHOR_WRITE_RULES=1
// writes it.
func TestRules(t *testing.T) {
	raw, err := os.ReadFile("testdata/rules.json")
	must(t, err)
	var rows []ruleRow
	must(t, json.Unmarshal(raw, &rows))
	byID, names := testsInSource(t)
	seen := map[string]bool{}
	var list, later strings.Builder
	for _, r := range rows {
		if seen[r.ID] || r.Says == "" {
			t.Errorf("%s stands twice, or says nothing", r.ID)
		}
		seen[r.ID] = true
		found := byID[r.ID]
		slices.Sort(found)
		if r.Test != "" {
			_, missing := os.Stat("../" + r.Test) // a test beside Go is named by its file
			if !names[r.Test] && (missing != nil || !strings.HasSuffix(r.Test, ".test.mjs")) {
				t.Errorf("%s: there is no test %s", r.ID, r.Test)
			}
			found = append(found, r.Test)
		}
		switch {
		case len(found) > 0 && r.NotYet != "":
			t.Errorf("%s has a test and is said to wait", r.ID)
		case len(found) > 0:
			fmt.Fprintf(&list, "| %s | %s | %s |\n", r.ID, r.Says, strings.Join(slices.Compact(found), ", "))
		case r.NotYet != "":
			fmt.Fprintf(&list, "| %s | %s | *not yet: %s* |\n", r.ID, r.Says, r.NotYet)
			fmt.Fprintf(&later, "\n%-6s %s", r.ID, r.NotYet)
		default:
			t.Errorf("%s has no test", r.ID)
		}
	}
	for id := range byID {
		if !seen[id] {
			t.Errorf("a test is named by %s, which is no rule", id)
		}
	}
	if len(rows) < 110 {
		t.Errorf("only %d rules", len(rows))
	}
	t.Logf("not yet:%s", later.String())

	page := "# Rules\n\nThe rules that the medical domain of this library keeps, each with the test that holds it. Made from\n" +
		"`licensure/testdata/rules.json` and the tests themselves; a test fails if a rule has none.\n\n| rule | says | test |\n| --- | --- | --- |\n" + list.String()
	if os.Getenv("CERTANCHOR_WRITE_RULES") != "" {
		must(t, os.WriteFile("../docs/rules.md", []byte(page), 0o644))
	}
	got, err := os.ReadFile("../docs/rules.md")
	must(t, err)
	if string(got) != page {
		t.Error("docs/rules.md is not what the rules and tests make: CERTANCHOR_WRITE_RULES=1 writes it")
	}
}

func TestSuccessor(t *testing.T) {
	rule(t, "LC-1", func(t *testing.T) {
		old := fact(t, aDegree(licensure.LCME), verifier.NotInForce)
		corrected := aDegree(licensure.LCME)
		corrected.Conferral = "1990-06"
		corrected.Supersedes = &licensure.Superseded{ID: old.ID, Digest: old.Digest}
		next := valid(t, corrected)
		if got, ok := licensure.Successor(old, []licensure.Fact{valid(t, aDegree(licensure.LCME)), next}); !ok || got.ID != next.ID {
			t.Errorf("successor %v, %v", got.ID, ok)
		}
		if _, ok := licensure.Successor(old, nil); ok {
			t.Error("the old document leads to a new one by itself")
		}
		corrected.Supersedes.Digest = bDigest
		if _, ok := licensure.Successor(old, []licensure.Fact{valid(t, corrected)}); ok {
			t.Error("another digest, and yet replaced")
		}
		stranger := next
		stranger.Issuer = "https://stranger.example"
		if _, ok := licensure.Successor(old, []licensure.Fact{stranger}); ok {
			t.Error("another issuer replaces it")
		}
	})
}
