package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

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

// help tells of all commands, or of the one that is named, on standard output: it is what
// was asked for.
func (a *app) help(ctx context.Context, args []string) int {
	if len(args) > 1 {
		ask := []string{args[1]}
		for _, word := range args[2:] { // a verb
			if !strings.HasPrefix(word, "-") {
				ask = append(ask, word)
			}
		}
		if slices.ContainsFunc(commands(), func(c command) bool { return c.name == args[1] }) {
			return a.run(ctx, append(ask, "-h")) // flags are declared by the command itself
		}
		a.fault(misuse("certanchor help lists them", "no command %q", args[1]))
		return exitUsage
	}
	w, status := a.stdout, exitOK
	if len(args) == 0 {
		w, status = a.stderr, exitUsage
	}
	fmt.Fprintln(w, "certanchor issues and verifies education and licence credentials, anchored in Bitcoin,\nverified offline.")
	fmt.Fprintln(w, "\nCommands:")
	for _, c := range commands() {
		wrapped(w, fmt.Sprintf("  %-10s ", c.name), c.summary)
	}
	fmt.Fprintln(w, "\nStart with:  certanchor demo")
	fmt.Fprintln(w, "More about one command:  certanchor help verify")
	return status
}

func (a *app) usage(c command, set *flag.FlagSet) {
	wrapped(a.stdout, "certanchor "+c.name+" ", c.usage)
	fmt.Fprintf(a.stdout, "\n%s\n\nFlags:\n", c.summary)
	set.VisitAll(func(f *flag.Flag) { wrapped(a.stdout, fmt.Sprintf("  --%-16s ", f.Name), f.Usage+standing(f)) })
	fmt.Fprintf(a.stdout, "\nExample:\n  %s\n", c.example)
}

// standing is what a flag is if it is not given, where that says something.
func standing(f *flag.Flag) string {
	v := f.DefValue
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		v = strings.TrimSuffix(strings.TrimSuffix(v, "0s"), "0m")
	}
	switch {
	case v == "", v == "false", v == "0", strings.HasSuffix(f.Usage, ")"):
		return ""
	}
	return " (" + v + ")"
}

// helpWidth is how wide help is, in characters.
const helpWidth = 100

// wrapped prints a text behind a head; lines after the first begin below its beginning.
func wrapped(w io.Writer, head, text string) {
	indent := utf8.RuneCountInString(head)
	line, at := head, indent
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > helpWidth:
			fmt.Fprintln(w, line)
			line, at = strings.Repeat(" ", indent), indent
		default:
			line, at = line+" ", at+1
		}
		line, at = line+word, at+n
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
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
		return "give the right passphrase with --passphrase-file FILE, or on standard input with --passphrase-file -"
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
		return "check who may read it, and that the place can be written"
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
