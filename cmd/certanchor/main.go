// Command certanchor issues and verifies education and licence credentials that are
// anchored in Bitcoin. Its subcommands are thin: they read flags and files, call the
// library, and say the result.
//
// Standard output carries the result, standard error the talk. Exit status: 0 valid
// or done, 1 invalid, 2 indeterminate, 3 not in force; for several credentials 1
// beats 3 beats 2 beats 0. 64: misuse, a file that cannot be opened, a bad trust or
// evidence file, drafts at fault. 74: disk, node or network failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
)

// Exit statuses.
const (
	exitOK            = 0
	exitInvalid       = 1
	exitIndeterminate = 2
	exitNotInForce    = 3
	exitUsage         = 64 // also files and drafts at fault
	exitIO            = 74 // disk, node or network
)

// An app is one run of the command. Tests replace what is outside the process.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	issuerHook     issuer.Hook
	chainOptions   []regtest.Option
	walletWork     int // of a passphrase, log2; 0 means the default
}

// A command is one subcommand.
type command struct {
	name    string
	usage   string // the arguments
	summary string
	example string
	run     func(a *app, ctx context.Context, fs *flag.FlagSet, args []string) error
}

func commands() []command {
	return []command{demoCommand, keygenCommand, synthCommand, issueCommand, statusCommand, evidenceCommand, anchorsCommand, headersCommand, exportCommand, eraseCommand,
		introduceCommand, verifyCommand, requestCommand, walletCommand, licenceCommand, monitorCommand}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	code := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run runs one command line and returns its exit status.
func (a *app) run(ctx context.Context, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return a.help(ctx, args)
	}
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		a.fault(&usageError{fmt.Sprintf("no command %q", args[0]), "certanchor help lists them"})
		return exitUsage
	}
	c := all[i]
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	quiet(fs)
	err := c.run(a, ctx, fs, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		a.usage(c, fs)
		return exitOK
	}
	var ended exitStatus
	if errors.As(err, &ended) {
		return int(ended)
	}
	if err != nil {
		a.fault(err)
		return statusOf(err)
	}
	return exitOK
}

// An exitStatus ends a command whose result has been said.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// quiet keeps a flag set from saying what is said here: mistakes by fault, help by usage.
func quiet(fs *flag.FlagSet) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
}

// parse reads flags and operands in any order; "--" ends the flags.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var operands []string
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			// The flag package names flags with one dash, the help with two.
			what := strings.NewReplacer("flag -", "flag --", "defined: -", "defined: --", "argument: -", "argument: --").Replace(err.Error())
			return nil, &usageError{what, "certanchor help " + fs.Name()}
		}
		rest := fs.Args()
		if len(rest) == 0 {
			break
		}
		if ended := len(args) > len(rest) && args[len(args)-len(rest)-1] == "--"; ended {
			return append(operands, rest...), nil
		}
		operands = append(operands, rest[0])
		args = rest[1:]
	}
	return operands, nil
}

// texts is a flag that may be given more than once.
type texts []string

func (t *texts) String() string     { return strings.Join(*t, ",") }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }
