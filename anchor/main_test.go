package anchor

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// seenCodes are the codes that errors of this test run had.
var seenCodes sync.Map

// seenCorpora says that the public corpora are there; some codes need them.
var seenCorpora atomic.Bool

// CodeOf returns the code of err, "" without one, and notes that it was produced.
func CodeOf(err error) Code {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	seenCodes.Store(e.Code, true)
	return e.Code
}

// A whole run of the tests must produce every code that is declared, and no other.
func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" &&
		flag.Lookup("test.list").Value.String() == "" && flag.Lookup("test.fuzzworker").Value.String() == "false"
	whole = whole && status == 0 && seenCorpora.Load()
	declared := map[Code]bool{}
	for _, c := range Codes() {
		declared[c] = true
		if _, ok := seenCodes.Load(c); whole && !ok {
			fmt.Printf("code %s: produced by no test\n", c)
			status = 1
		}
	}
	seenCodes.Range(func(c, _ any) bool {
		if !declared[c.(Code)] {
			fmt.Printf("code %s: not listed by Codes\n", c)
			status = 1
		}
		return true
	})
	os.Exit(status)
}
