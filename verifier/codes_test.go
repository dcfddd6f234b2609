package verifier_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

var (
	produced   = map[verifier.Code]bool{}
	producedMu sync.Mutex
)

// noteCode remembers which codes the tests of this package made appear.
func noteCode(c verifier.Code) {
	producedMu.Lock()
	defer producedMu.Unlock()
	produced[c] = true
}

// codesTable is docs/codes.md as the code table gives it.
func codesTable() string {
	var b strings.Builder
	b.WriteString("# Codes of a report\n\nMade from the table in `verifier/codes.go`; a test holds the two together. A code never changes its\nmeaning; new ones may come.\n\n| code | group | result | verdict | meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range verifier.Codes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.Code, c.Group, c.Result, c.Verdict(), c.Meaning)
	}
	return b.String()
}

// TestCodesDocument holds docs/codes.md. With CERTANCHOR_WRITE_DOCS set it writes it.
func TestCodesDocument(t *testing.T) {
	const name = "../docs/codes.md"
	want := codesTable()
	if os.Getenv("CERTANCHOR_WRITE_DOCS") != "" {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the table gives (%v); write it with CERTANCHOR_WRITE_DOCS=1 go test ./verifier -run TestCodesDocument", name, err)
	}
}

// TestCodeTable checks the rules every row obeys.
func TestCodeTable(t *testing.T) {
	for _, c := range verifier.Codes() {
		switch {
		case c.Group == verifier.Freshness && c.Result == verifier.Failed:
			t.Errorf("%s: freshness never fails", c.Code)
		case strings.HasPrefix(string(c.Code), "limit") && c.Result != verifier.Unavailable:
			t.Errorf("%s: a reached limit is no word against a document", c.Code)
		case c.Meaning == "" || c.Result == verifier.Passed:
			t.Errorf("%s: incomplete row", c.Code)
		}
	}
}

// TestMain holds the tests to the table: when all have run, every code has been made to
// appear by one of them.
func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if os.Getenv("CERTANCHOR_SABOTAGE") == "" && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" && status == 0 {
		status = unusedCodes()
	}
	os.Exit(status)
}

func unusedCodes() int {
	if _, err := os.Stat("../../shared/conformance/blockcerts"); err != nil {
		fmt.Println("SKIPPED: the check that every code is produced needs the corpora")
		return 0
	}
	status := 0
	for _, c := range verifier.Codes() {
		if !produced[c.Code] {
			fmt.Printf("no test made the code %s appear\n", c.Code)
			status = 1
		}
	}
	return status
}
