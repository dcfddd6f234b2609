package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certanchor/certanchor/anchor/regtest"
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
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, walletWork: 4}
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
		"unpack":   unpack,
		"holder":   holder,
		"present":  present,
		"cutproof": cutProof,
	}})
}

// exits runs a command and wants exactly one exit status: exits 3 certanchor verify …
// It runs in a network namespace that has no route and no interface that is up, where such
// can be made; a command that needed the network would fail there.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	args = args[1:]
	if noNetwork() {
		args = append([]string{"unshare", "-n"}, args...)
	} else {
		ts.Logf("NO NETWORK NAMESPACE: run with the network that is there")
	}
	err = ts.Exec(args[0], args[1:]...)
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
