package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/internal/dial"
)

// TestMain lets this test binary be the real command: scripts and the kill tests run
// it as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"certanchor": realMain})
}

// killEnv names the file call at which the process ends itself with SIGKILL, as
// "before:17" or "after:17"; "count:FILE" writes the number of calls to a file.
const killEnv = "CERTANCHOR_TEST_KILL"

// dialsEnv names a file to which each address that is dialled is added, a line each.
const dialsEnv = "CERTANCHOR_TEST_DIALS"

func realMain() {
	recordDials(os.Getenv(dialsEnv))
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, walletWork: 4}
	report := a.plantKill(os.Getenv(killEnv))
	code := a.run(context.Background(), os.Args[1:])
	report()
	os.Exit(code)
}

// recordDials writes down what the one place dials that may, and what a dependency would
// dial by the defaults of the standard library, names to look up with it.
func recordDials(file string) {
	if file == "" {
		return
	}
	var one sync.Mutex
	record := func(address string) {
		one.Lock()
		defer one.Unlock()
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err == nil {
			_, err = fmt.Fprintln(f, address)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			panic(err)
		}
	}
	dial.Watch(record)
	recorded := func(ctx context.Context, network, address string) (net.Conn, error) {
		record("by default: " + address)
		return nil, errors.New("nobody may dial by default")
	}
	http.DefaultTransport = &http.Transport{DialContext: recorded}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: recorded}
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
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: nobodyDialled, Cmds: map[string]func(*testscript.TestScript, bool, []string){
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

// nobodyDialled lets a script fail in which any process dialled anybody, even if that was
// overcome there: the namespace of exits only shows what needs an answer.
func nobodyDialled(env *testscript.Env) error {
	file := filepath.Join(env.WorkDir, "dials")
	env.Setenv(dialsEnv, file)
	env.Defer(func() {
		if list, err := os.ReadFile(file); !errors.Is(err, fs.ErrNotExist) {
			env.T().Fatal("dialled: ", string(list), err)
		}
	})
	return nil
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
