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

// A site is one place of the source where a check says no, and how to make it say nothing.
type site struct {
	file       string // relative to this folder
	line       int
	place      string // package, function and how many of its conditions came before
	fragment   string // what says no, shortened
	start, end int    // of the bytes to replace
	with       string
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
			sites = append(sites, site{file: name, line: at.Line, fragment: shorten(text),
				start: at.Offset, end: at.Offset + len(sel.Sel.Name), with: "sabotaged"})
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

// caughtBy builds and runs tests with the one check disabled, those of its own package
// first, and returns a test that fails; "panic" if the package fell over.
func (s site) caughtBy(t *testing.T) string {
	src, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bent := slices.Concat(src[:s.start], []byte(s.with), src[s.end:])
	full, err := filepath.Abs(s.file)
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]map[string]string{"Replace": {
		full:                                write(t, dir, filepath.Base(s.file), bent),
		filepath.Join(here, "sabotaged.go"): write(t, dir, "sabotaged.go", []byte(sabotaged)),
	}}
	raw, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, dir, "overlay.json", raw)
	// A holder's showing is tested where showings are made.
	for _, pkg := range slices.Compact([]string{"./" + filepath.Dir(s.file), "./.", "../wallet"}) {
		if caught := s.failing(t, file, pkg); caught != "" {
			return caught
		}
	}
	return ""
}

func (s site) failing(t *testing.T, overlay, pkg string) string {
	cmd := exec.Command("go", "test", "-vet=off", "-failfast", "-overlay", overlay, "-skip", "^(Fuzz.*|TestSabotage.*|TestMutations|TestCodesDocument|TestFilesPage)$", pkg)
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

// conditions are the packages on the way to a verdict, and the function or type with
// which each of them says no.
var conditions = []struct{ files, says string }{
	{"statuslist.go", "uncounted"},
	{"statustoken.go", "uncounted"},
	{"../cryptosuite/*.go", "fail"},
	{"../merkleproof/*.go", "Error"},
	{"../status/*.go", "fail"},
	{"../did/*.go", "fail"},
	{"../credential/*.go", "fail"},
	{"../anchor/*.go", "refuse"},
}

// issuing are the files of those packages that make and judge nothing.
var issuing = []string{"sign.go", "build.go", "psbt.go", "block.go", "follow.go"}

// TestSabotageConditions disables each condition that makes one of the packages below
// say no, in turn, and wants a test to fail.
func TestSabotageConditions(t *testing.T) {
	if os.Getenv("CERTANCHOR_LONG") == "" {
		t.Skip("SKIPPED: set CERTANCHOR_LONG to disable each condition in turn")
	}
	sites, missed, twofold := conditionSites(t), 0, 0
	for _, s := range sites {
		t.Run(s.place, func(t *testing.T) { // one by one with -run
			caught := s.caughtBy(t)
			why, known := backedUp[s.place]
			switch {
			case caught != "" && known:
				t.Errorf("%s: caught by %s, although it is said to be backed up: %s", s, caught, why)
			case caught != "":
				t.Logf("%-60s caught by %s", s, caught)
			case known:
				twofold++
				t.Logf("%-60s %s", s, why)
			default:
				missed++
				t.Errorf("%s: no test noticed that this condition never holds", s)
			}
		})
	}
	t.Logf("sabotage: %d conditions disabled in turn, %d noticed, %d backed up by another check", len(sites), len(sites)-missed-twofold, twofold)
	if len(sites) < 150 {
		t.Errorf("only %d conditions were found", len(sites))
	}
}

// backedUp are conditions behind which another check says no to the same input: they are
// there for a clearer word, or to spare work.
var backedUp = map[string]string{
	"verifier.authenticate.5":       "the signature has been checked over the same canonical form",
	"verifier.openList.1":           "without dates that can be read the list does not say which moment it speaks about",
	"cryptosuite.detachedJWS.1":     "spares work: header and signature have bounds of their own",
	"cryptosuite.detachedJWS.2":     "a signature of no bytes is none",
	"cryptosuite.checkHeader.1":     "a header that cannot be read names no algorithm",
	"status.Decode.2":               "spares work: what comes out is bounded",
	"status.DecodeTokens.2":         "spares work: what comes out is bounded",
	"status.expand.2":               "a clearer word than the reader's own error, which is refused too",
	"did.jwkBytes.1":                "a clearer word: an absent coordinate has the wrong length",
	"did.publicKeyBase58.1":         "spares work: a key of that length has the wrong length",
	"did.publicKeyHex.1":            "what is left of bad digits has the wrong length",
	"did.resolveJWK.1":              "spares work: the reader of the key has the same bound",
	"credential.readProof.2":        "a clearer word: an absent value cannot be decoded",
	"credential.parseSDJWT.2":       "what is no member of a presentation is refused in it, and so is a type beside that",
	"credential.ParseStatusToken.4": "a size that is no number is none that can be read",
}

func conditionSites(t *testing.T) []site {
	var sites []site
	for _, c := range conditions {
		names, err := filepath.Glob(c.files)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") && !slices.Contains(issuing, filepath.Base(name)) {
				sites = append(sites, conditionsOf(t, name, c.says)...)
			}
		}
	}
	return sites
}

func conditionsOf(t *testing.T, name, says string) []site {
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	full, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	var sites []site
	var within string // the function
	nth := 0
	add := func(cond ast.Expr, body []ast.Stmt) {
		if len(body) == 0 || !saysNo(body[len(body)-1], says) {
			return
		}
		nth++
		start, end := fset.Position(cond.Pos()), fset.Position(cond.End()).Offset
		text := string(src[start.Offset:end])
		place := fmt.Sprintf("%s.%s.%d", filepath.Base(filepath.Dir(full)), within, nth)
		sites = append(sites, site{file: name, line: start.Line, place: place, fragment: shorten(text), start: start.Offset, end: end, with: "false && (" + text + ")"})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			within, nth = x.Name.Name, 0
		case *ast.IfStmt:
			add(x.Cond, x.Body.List)
		case *ast.SwitchStmt:
			for _, s := range x.Body.List {
				if clause := s.(*ast.CaseClause); x.Tag == nil && len(clause.List) == 1 {
					add(clause.List[0], clause.Body)
				}
			}
		}
		return true
	})
	return sites
}

// saysNo reports whether a statement returns what the function or type says.
func saysNo(s ast.Stmt, says string) bool {
	ret, ok := s.(*ast.ReturnStmt)
	if !ok {
		return false
	}
	found := false
	for _, e := range ret.Results {
		ast.Inspect(e, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				id, ok := x.Fun.(*ast.Ident)
				found = found || ok && id.Name == says
			case *ast.CompositeLit:
				id, ok := x.Type.(*ast.Ident)
				found = found || ok && id.Name == says
			}
			return true
		})
	}
	return found
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.WriteFile(full, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return full
}
