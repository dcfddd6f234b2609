package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf16"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/verifier"
)

// Everything said to a person is said here: plain words, what is wrong, where, and
// what to do next. Text from files passes through printable.

// A usageError is a mistake on the command line or in a file, and what to do about it.
type usageError struct{ what, hint string }

func (e *usageError) Error() string { return e.what }

func misuse(hint, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), hint}
}

func (a *app) help(args []string) int {
	if len(args) > 1 {
		for _, c := range commands() {
			if c.name == args[1] {
				set := flag.NewFlagSet(c.name, flag.ContinueOnError)
				set.SetOutput(harmless{a.stderr})
				set.Usage = func() { a.usage(c, set) }
				// Flags are declared by the command itself; asking for help shows them.
				c.run(a, nil, set, []string{"-h"})
				return exitOK
			}
		}
	}
	fmt.Fprintln(a.stderr, "certanchor issues and verifies education and licence credentials, anchored in Bitcoin, verified offline.")
	fmt.Fprintln(a.stderr, "\nCommands:")
	for _, c := range commands() {
		fmt.Fprintf(a.stderr, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprintln(a.stderr, "\nStart with:  certanchor demo")
	fmt.Fprintln(a.stderr, "More about one command:  certanchor help verify")
	if len(args) == 0 {
		return exitUsage
	}
	return exitOK
}

func (a *app) usage(c command, set *flag.FlagSet) {
	fmt.Fprintf(a.stderr, "certanchor %s %s\n\n%s\n\nFlags:\n", c.name, c.usage, c.summary)
	set.VisitAll(func(f *flag.Flag) {
		fmt.Fprintf(a.stderr, "  --%-16s %s\n", f.Name, f.Usage)
	})
	fmt.Fprintf(a.stderr, "\nExample:\n  %s\n", c.example)
}

// fault says an error and what to do next.
func (a *app) fault(err error) {
	fmt.Fprintf(a.stderr, "certanchor: %s\n", printable(err.Error()))
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(a.stderr, "  → %s\n", hint)
	}
}

// statusOf tells mistakes of the caller from failures of the machine.
func statusOf(err error) int {
	var (
		usage *usageError
		trust *verifier.TrustError
		draft *issuer.DraftError
		key   *issuer.KeyError
		open  *issuer.OpenBatchError
		net   *issuer.NetworkError
		who   *issuer.UnknownError
	)
	switch {
	case errors.As(err, &usage), errors.As(err, &trust), errors.As(err, &draft), errors.As(err, &key),
		errors.As(err, &open), errors.As(err, &net), errors.As(err, &who),
		errors.Is(err, issuer.ErrNoDrafts), errors.Is(err, issuer.ErrNoBump), errors.Is(err, issuer.ErrExists), errors.Is(err, fs.ErrNotExist):
		return exitUsage
	}
	return exitIO
}

func hintFor(err error) string {
	var (
		usage *usageError
		draft *issuer.DraftError
		key   *issuer.KeyError
		funds *anchor.InsufficientFundsError
		fee   *anchor.FeeAboveCapError
		bad   *issuer.CorruptError
		trust *verifier.TrustError
		kept  *issuer.NotReplacedError
		gone  *issuer.SupersededError
		locks *issuer.LockedCoinsError
	)
	switch {
	case errors.As(err, &usage):
		return usage.hint
	case errors.As(err, &draft):
		return "nothing was issued; mend the draft and run the same command again"
	case errors.As(err, &key) && key.Code == "passphrase":
		return "give the passphrase with --passphrase-file FILE, or on standard input with --passphrase-file -"
	case errors.As(err, &key) && key.Code == "elsewhere":
		return "certanchor issue … --psbt-out FILE, sign where the key is, then --psbt-in FILE; nothing was signed"
	case errors.As(err, &key):
		return "an issuer is made with: certanchor keygen --out DIR --network regtest --id https://… --name …"
	case errors.Is(err, issuer.ErrNoDrafts):
		return "the input holds no drafts; certanchor synth --count 5 makes some to try with"
	case errors.Is(err, issuer.ErrExists):
		return "choose another folder; keys are never overwritten"
	case errors.Is(err, issuer.ErrLocked), errors.Is(err, regtest.ErrLocked):
		return "wait until the other command has ended"
	case errors.As(err, &gone):
		return "the credentials of this batch must be issued again"
	case errors.As(err, &locks):
		return fmt.Sprintf("run certanchor anchors watch, which sends that transaction again, or send at least %d sats to the issuing address; nothing was sent", locks.Err.Missing)
	case errors.As(err, &funds):
		return fmt.Sprintf("send at least %d sats to the issuing address; nothing was sent, run the same command again then", funds.Missing)
	case errors.As(err, &fee):
		return "raise --fee-cap, or wait for lower fees; nothing was sent"
	case errors.As(err, &bad):
		return "nothing was changed"
	case errors.As(err, &kept):
		return "run issue again, which sends the same replacement; if nodes refuse it for good: certanchor anchors bump --cpfp"
	case notReached(err):
		return "nothing was lost; run the same command again once the node answers"
	case errors.As(err, &trust):
		return "docs/files.md explains each member of the file"
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full; free some space and run the same command again: it goes on where it stopped"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return "choose a place that can be written"
	case errors.Is(err, fs.ErrNotExist):
		return "check the name"
	}
	return ""
}

// printable makes text from files safe to show: control and format characters, which
// could move the cursor or turn the direction of writing, are escaped.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == ' ' || unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, "\\U%08x", r)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

// printableJSON escapes the same characters in JSON, where they can stand in texts only: a
// program reads the same, a terminal obeys nothing.
func printableJSON(raw []byte) string {
	var b strings.Builder
	for _, r := range string(raw) {
		switch {
		case r == '\n' || r == ' ' || unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r):
			b.WriteRune(r)
		default:
			for _, u := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, "\\u%04x", u)
			}
		}
	}
	return b.String()
}

// A harmless writer passes on what a person may see: what the flag package says repeats
// the command line.
type harmless struct{ io.Writer }

func (h harmless) Write(p []byte) (int, error) {
	if _, err := io.WriteString(h.Writer, printable(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// oneLine is printable for a text that must stay on its line.
func oneLine(s string) string { return strings.ReplaceAll(printable(s), "\n", `\n`) }

// progress tells how far a long task has come, on a terminal only.
func (a *app) progress(what string, done, all int) {
	f, ok := a.stderr.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	if done == all {
		fmt.Fprintf(f, "\r\033[K")
	} else if done%50 == 0 {
		fmt.Fprintf(f, "\r%s %d of %d", what, done, all)
	}
}

// say tells a person what is being done; results go to stdout instead.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

// table prints rows in columns, the first row being their heads.
func table(w io.Writer, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", width[i]-len([]rune(cell))))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
