package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/verifier"
)

// TestMain lets this test binary be the real command: scripts and the kill tests run
// it as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"certanchor": realMain})
}

// killEnv names the file call at which the process ends itself with SIGKILL, as
// "before:17" or "after:17"; "count:FILE" writes the number of calls to a file.
const killEnv = "CERTANCHOR_TEST_KILL"

func realMain() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	report := a.plantKill(os.Getenv(killEnv))
	code := a.run(context.Background(), os.Args[1:])
	report()
	os.Exit(code)
}

// plantKill counts every call of the issuer and of the embedded chain that changes a
// file, together.
func (a *app) plantKill(plan string) (report func()) {
	mode, arg, _ := strings.Cut(plan, ":")
	at, _ := strconv.ParseInt(arg, 10, 64)
	var calls atomic.Int64
	around := func(call func() error) error {
		n := calls.Add(1)
		if mode == "before" && n == at {
			kill()
		}
		err := call()
		if mode == "after" && n == at {
			kill()
		}
		return err
	}
	a.issuerHook = func(_, _ string, do func() error) error { return around(do) }
	a.chainOptions = []regtest.Option{regtest.WithHook(func(_ string, b []byte, do func([]byte) error) error {
		return around(func() error { return do(b) })
	})}
	return func() {
		if mode == "count" {
			if err := os.WriteFile(arg, fmt.Append(nil, calls.Load()), 0o600); err != nil {
				panic(err)
			}
		}
	}
}

func kill() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"exits":    exits,
		"edit":     edit,
		"when":     when,
		"fill":     fill,
		"trusting": trusting,
		"leaf":     leaf,
	}})
}

// exits runs a command and wants exactly one exit status: exits 3 certanchor verify …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		s := err.Error() // "exit status 64"
		if _, err := fmt.Sscanf(s, "exit status %d", &got); err != nil {
			ts.Fatalf("%s", s)
		}
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// edit replaces the first occurrence of a text in a file: edit FILE OLD NEW.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	b := ts.ReadFile(args[0])
	if !strings.Contains(b, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(b, args[1], args[2], 1)), 0o600))
}

// when sets a variable to a moment counted from now: when DAY 48h date, when AT 48h time.
func when(ts *testscript.TestScript, neg bool, args []string) {
	after, err := time.ParseDuration(args[1])
	ts.Check(err)
	form := map[string]string{"date": time.DateOnly, "time": time.RFC3339, "year": "2006"}[args[2]]
	ts.Setenv(args[0], time.Now().UTC().Add(after).Format(form))
}

// fill puts variables into files: fill FILE…
func fill(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// trusting writes a trust file that joins those of issuers, as a person would in an editor:
// trusting OUT DIR=TYPE,TYPE@PLACE,PLACE …
func trusting(ts *testscript.TestScript, neg bool, args []string) {
	var joined map[string]any
	for _, arg := range args[1:] {
		dir, may, _ := strings.Cut(arg, "=")
		types, places, _ := strings.Cut(may, "@")
		var one map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(dir+"/trust.json")), &one))
		is := one["issuers"].([]any)[0].(map[string]any)
		is["types"], is["jurisdictions"] = strings.Split(types, ","), strings.Split(places, ",")
		pin := is["contexts"].([]any)[0].(map[string]any)
		pin["file"] = dir + "/context.jsonld"
		if joined == nil {
			joined = one
			continue
		}
		joined["issuers"] = append(joined["issuers"].([]any), is)
	}
	raw, err := json.MarshalIndent(joined, "", " ")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}

// leaf sets variables to a credential's id and to the digest by which others name it, as
// verify --explain prints it: leaf ID DIGEST FILE TRUST.
func leaf(ts *testscript.TestScript, neg bool, args []string) {
	var c struct{ ID string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &c))
	dir := ts.MkAbs(".")
	trust, err := verifier.ParseTrust([]byte(ts.ReadFile(args[3])), func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) })
	ts.Check(err)
	all, err := verifier.Explain([]byte(ts.ReadFile(args[2])), trust)
	ts.Check(err)
	ts.Setenv(args[0], c.ID)
	ts.Setenv(args[1], all[len(all)-1].Local.String())
}
