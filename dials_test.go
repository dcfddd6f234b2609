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

// dialRoom is the one package that opens connections.
const dialRoom = "internal/dial"

// harmless are the names of packages that can dial which do not; no other may be mentioned
// outside of dialRoom. http.Client dials with what it is given, which checkDials looks at.
var harmless = map[string][]string{
	"net": {"Error"},
	"net/http": {"Client", "Request", "Response", "RoundTripper", "NewRequestWithContext", "ErrUseLastResponse", "ProxyURL", "MethodGet", "MethodPost",
		"StatusOK", "StatusText", "StatusBadRequest", "StatusUnauthorized", "StatusForbidden", "StatusNotFound", "StatusTooManyRequests"},
	module + "/" + dialRoom:    {"Transport"},                                                                                                          // who watches is a test
	"golang.org/x/sys/windows": {"Overlapped", "Handle", "LockFileEx", "LOCKFILE_EXCLUSIVE_LOCK", "LOCKFILE_FAIL_IMMEDIATELY", "ERROR_LOCK_VIOLATION"}, // to lock files
	"net/netip":                nil,                                                                                                                    // any: they compute
	"net/url":                  nil,
}

// strangers reach outside by themselves, in whole or in part.
var strangers = []string{"net/", "crypto/tls", "os/exec", "plugin", "log/syslog", "golang.org/x/net", "golang.org/x/sys", "golang.org/x/crypto/ssh"}

// calls that make sockets or programs, in packages with much else in them.
var calls = []string{"Socket", "Connect", "Sendto", "Syscall", "Syscall6", "RawSyscall", "RawSyscall6", "Exec", "ForkExec", "StartProcess"}

// TestDials parses the code of all modules here, commands and examples with it. What
// dependencies could do by themselves is not seen by it: the commands' tests record that.
func TestDials(t *testing.T) {
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || path.Dir(filepath.ToSlash(name)) == dialRoom {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err == nil {
			checkDials(t, name, f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkDials(t *testing.T, name string, f *ast.File) {
	names := map[string]string{} // in this file, of imports
	for _, i := range f.Imports {
		imp, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		own := path.Base(imp)
		if i.Name != nil {
			own = i.Name.Name
		}
		names[own] = imp
		_, listed := harmless[imp]
		switch {
		case listed && own == ".":
			t.Errorf("%s: import %s by its name", name, imp)
		case !listed && slices.ContainsFunc(strangers, func(s string) bool { return strings.HasPrefix(imp, s) }), imp == "C":
			t.Errorf("%s: %s is for %s only", name, imp, dialRoom)
		}
	}
	clients := map[ast.Expr]bool{} // mentions of http.Client that say how it dials
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.StarExpr:
			clients[x.X] = true
		case *ast.CompositeLit:
			clients[x.Type] = slices.ContainsFunc(x.Elts, func(e ast.Expr) bool {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					return false
				}
				key, ok := kv.Key.(*ast.Ident)
				return ok && key.Name == "Transport"
			})
		case *ast.SelectorExpr:
			pkg, ok := x.X.(*ast.Ident)
			if !ok {
				return true
			}
			imp := names[pkg.Name]
			allowed, listed := harmless[imp]
			if listed && allowed != nil && !slices.Contains(allowed, x.Sel.Name) || imp == "net/http" && x.Sel.Name == "Client" && !clients[x] ||
				(imp == "os" || imp == "syscall") && slices.Contains(calls, x.Sel.Name) {
				t.Errorf("%s: %s.%s; connections are opened in %s only", name, imp, x.Sel.Name, dialRoom)
			}
		}
		return true
	})
}

// TestDialRulesBite makes sure that the rules refuse what they should, and nothing else.
func TestDialRulesBite(t *testing.T) {
	for src, want := range map[string]bool{
		`import "net"; var _ = net.Dial`:                   true,
		`import "net"; var _ net.Dialer`:                   true,
		`import "net"; var _ = net.Listen`:                 true,
		`import "net"; var _ = net.LookupHost`:             true,
		`import . "net"; var _ = Dial`:                     true,
		`import n "net"; var _ = n.DefaultResolver`:        true,
		`import "net/http"; var _ = http.Get`:              true,
		`import "net/http"; var _ = http.DefaultClient`:    true,
		`import "net/http"; var _ = http.DefaultTransport`: true,
		`import "net/http"; var _ = &http.Transport{}`:     true,
		`import "net/http"; var _ = http.ListenAndServe`:   true,
		`import "net/http"; var _ = &http.Client{}`:        true,
		`import "net/http"; var _ http.Client`:             true,
		`import "net/http"; var _ = new(http.Client)`:      true,
		`import "net/smtp"`:                                true,
		`import "net/rpc"`:                                 true,
		`import "os/exec"`:                                 true,
		`import "crypto/tls"; var _ = tls.Dial`:            true,
		`import "os"; var _ = os.StartProcess`:             true,
		`import "syscall"; var _ = syscall.Connect`:        true,
		`import "C"`:                                                                      true,
		`import "net/url"; var _ = url.Parse`:                                             false,
		`import "net"; func f() { var e net.Error; _ = e }`:                               false,
		`import "syscall"; var _ = syscall.Flock`:                                         false,
		`import "net/http"; type t struct{ c *http.Client }`:                              false,
		`import "net/http"; var _ = &http.Client{Transport: f()}`:                         false,
		`import "github.com/certanchor/certanchor/internal/dial"; var _ = dial.Transport`: false,
		`import d "github.com/certanchor/certanchor/internal/dial"; var _ = d.Watch`:      true,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+src, 0)
		if err != nil {
			t.Fatal(err)
		}
		probe := new(testing.T)
		checkDials(probe, "x.go", f)
		if probe.Failed() != want {
			t.Errorf("refused %v: %s", probe.Failed(), src)
		}
	}
}
