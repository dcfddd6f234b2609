package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/fetch"
	"github.com/certanchor/certanchor/verifier"
	"github.com/certanchor/certanchor/wallet"
)

func (r *walletRun) trustFile() (*wallet.TrustFile, error) {
	if r.trust == "" {
		return nil, misuse("name it with --trust", "a trust file says whom to believe")
	}
	raw, err := readFile(r.trust, maxDataFile)
	if err != nil {
		return nil, err
	}
	t, err := wallet.ReadTrust(raw, func(file string) ([]byte, error) {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(r.trust), filepath.FromSlash(file))
		}
		return os.ReadFile(file)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.trust, err)
	}
	return t, nil
}

func (r *walletRun) brought() (*verifier.Evidence, error) {
	return readAllEvidence(r.evidence, r.lists)
}

// items collects what the arguments and addresses name.
func (r *walletRun) items(ctx context.Context) ([]wallet.Item, error) {
	var all []wallet.Item
	for _, name := range r.args {
		var items []wallet.Item
		var err error
		if name == "-" || strings.HasPrefix(name, "certanchor:") {
			var raw []byte
			if raw, err = r.input(name); err == nil {
				items, err = wallet.CollectBytes("the text", raw)
			}
		} else {
			items, err = wallet.Collect(name)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	if len(r.urls) == 0 {
		return all, nil
	}
	c, err := fetch.New(fetch.Config{URLs: r.urls})
	if err != nil {
		return nil, misuse("an https address as the issuer gave it", "%v", err)
	}
	for _, url := range r.urls {
		raw, _, err := c.Get(ctx, url, credential.MaxBytes)
		if err != nil {
			return nil, err
		}
		items, err := wallet.CollectBytes(url, raw)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}

func (r *walletRun) take(ctx context.Context) error {
	trust, err := r.trustFile()
	if err != nil {
		return err
	}
	ev, err := r.brought()
	if err != nil {
		return err
	}
	items, err := r.items(ctx)
	if err != nil {
		return err
	}
	var hints []string // for what was not kept
	kept := 0
	for _, item := range items {
		f := r.wallet.Examine(item, ev, trust)
		r.found(f)
		err := f.Err
		if !r.look {
			err = r.wallet.Keep(f, r.unproven)
		}
		switch {
		case err != nil && len(items) == 1:
			return err
		case err != nil:
			r.say("%s", printable(err.Error()))
			if hint := hintFor(r.fault(err)); !slices.Contains(hints, hint) {
				hints = append(hints, hint)
			}
		default:
			kept++
		}
	}
	if r.look {
		r.say("Nothing was kept; leave out --look to keep it.")
		return nil
	}
	if err := r.wallet.Save(); err != nil {
		return err
	}
	r.say("Kept %d of %d.", kept, len(items))
	if len(hints) > 0 {
		r.say("  → %s", strings.Join(hints, "\n  → "))
		return exitStatus(exitUsage)
	}
	return nil
}

// found tells what a document is before it is kept.
func (r *walletRun) found(f *wallet.Finding) {
	if f.Record == nil {
		return
	}
	rec := f.Record
	line := func(head, text string) { fmt.Fprintf(r.stdout, "  %-8s %s\n", head, oneLine(text)) }
	fmt.Fprintf(r.stdout, "%s  %s\n", rec.Short(), oneLine(f.Place))
	line("verdict", verdictLine(rec))
	line("issuer", labelOf(rec))
	line("type", strings.Join(rec.Types, ", "))
	line("dates", fromUntil(rec))
	if !f.Mine {
		line("subject", rec.Subject+" (no DID of this wallet: it can be shown, not signed for)")
	}
	line("size", fmt.Sprintf("%d bytes, and the evidence for it", len(rec.Document)))
}

func verdictLine(r *wallet.Record) string {
	if r.Code == "" {
		return r.Verdict
	}
	return r.Verdict + ": " + verifier.Meaning(verifier.Code(r.Code)) + " (" + r.Code + ")"
}

func labelOf(r *wallet.Record) string {
	if r.Label == "" {
		return r.Issuer + " (not in the trust file)"
	}
	return r.Label + "  " + r.Issuer
}

func fromUntil(r *wallet.Record) string {
	until := r.Until
	if until == "" {
		until = "no end"
	}
	return r.From + " – " + until
}

func (r *walletRun) refresh(ctx context.Context) error {
	trust, err := r.trustFile()
	if err != nil {
		return err
	}
	ev, err := r.brought()
	if err != nil {
		return err
	}
	var asked verifier.Sources
	if r.online != "" {
		if asked, err = sources(r.online, trust.Trust); err != nil {
			return err
		}
	}
	live := verifier.New(trust.Trust, asked)
	for _, rec := range r.wallet.Records() {
		got, err := live.Gather(ctx, rec.Document)
		if err != nil {
			return err
		}
		got.Merge(ev)
		if err := r.wallet.Keep(r.wallet.Refresh(rec, got, trust), true); err != nil {
			r.say("%s: %s", rec.Short(), printable(err.Error())) // its bytes stay as they were
		}
	}
	if err := r.wallet.Save(); err != nil {
		return err
	}
	return r.list(ctx)
}

func (r *walletRun) list(context.Context) error {
	rows := [][]string{{"record", "verdict", "as of", "until", "type", "form", "issuer"}}
	if len(r.wallet.Records()) == 0 {
		r.say("It holds nothing yet; certanchor wallet import takes credentials in.")
	}
	var replaced []string
	for _, rec := range r.wallet.Records() {
		until := cmp.Or(rec.Until, "-")
		if t, err := time.Parse(time.RFC3339, until); err == nil {
			until = t.Format(minuteUTC)
		}
		if r.wallet.Replaced(rec.Subject) {
			replaced = append(replaced, rec.Short())
		}
		rows = append(rows, []string{rec.Short(), rec.Verdict, rec.Checked.Format(time.DateOnly), until, oneLine(rec.Types[len(rec.Types)-1]),
			cmp.Or(rec.Form, "ld"), oneLine(cmp.Or(rec.Label, labelOf(rec)))})
	}
	table(r.stdout, rows)
	for _, name := range replaced {
		fmt.Fprintf(r.stdout, "%s: to a key that you replaced; ask for a new one\n", name)
	}
	return nil
}

func (r *walletRun) record(name string) (*wallet.Record, error) {
	rec, ok := r.wallet.Find(name)
	if !ok {
		return nil, misuse("certanchor wallet list", "no record, or more than one, is called %q", name)
	}
	return rec, nil
}

func (r *walletRun) show(context.Context) error {
	rec, err := r.record(r.args[0])
	if err != nil {
		return err
	}
	if r.out != "" {
		return r.writePrivate(rec.Document)
	}
	_, err = r.stdout.Write([]byte(printableJSON(rec.Document) + "\n"))
	return err
}

// claims is for people: show prints the file, which of an SD-JWT nobody can read.
func (r *walletRun) claims(context.Context) error {
	rec, err := r.record(r.args[0])
	if err != nil {
		return err
	}
	lines, err := r.wallet.Read(rec)
	if err != nil {
		return err
	}
	for _, l := range lines {
		fmt.Fprintf(r.stdout, "%s = %s\n", oneLine(l.Path), oneLine(l.Value))
	}
	return nil
}

func (r *walletRun) reminders(context.Context) error {
	if r.days < 0 || r.days > 36_525 { // a century; far more would be no time at all
		return misuse("such as --days 90", "reminders looks from 0 to 36525 days ahead")
	}
	rows := [][]string{{"days", "until", "record", "type"}}
	if len(r.wallet.Reminders(time.Duration(r.days)*24*time.Hour)) == 0 {
		r.say("Nothing ends within %d days.", r.days)
	}
	for _, m := range r.wallet.Reminders(time.Duration(r.days) * 24 * time.Hour) {
		rows = append(rows, []string{fmt.Sprint(m.Days), m.Record.Until, m.Record.Short(), oneLine(m.Record.Types[len(m.Record.Types)-1])})
	}
	table(r.stdout, rows)
	return nil
}

func (r *walletRun) export(context.Context) error {
	if r.out == "" {
		return misuse("certanchor wallet export --out DIR", "export needs --out")
	}
	files, err := r.wallet.Export()
	if err != nil {
		return err
	}
	if err := os.Mkdir(r.out, 0o700); err != nil {
		return misuse("name a folder that is not there yet, in one that is", "%v", err)
	}
	for _, f := range files {
		name := filepath.Join(r.out, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			return err
		}
	}
	fmt.Fprintln(r.stdout, r.out)
	r.say("Exported %d files, in the clear. The keys stay. To read them into a wallet: certanchor wallet import %s --evidence %s --trust FILE",
		len(files), printable(filepath.Join(r.out, "credentials")), printable(filepath.Join(r.out, "evidence.json")))
	return nil
}

func (r *walletRun) forget(context.Context) error {
	rec, err := r.record(r.args[0])
	if err != nil {
		return err
	}
	if err := r.wallet.Forget(rec); err != nil {
		return err
	}
	if err := r.wallet.Save(); err != nil {
		return err
	}
	r.say("Forgot %s. Backups made before, and what others received, keep their copies.", rec.Short())
	return nil
}
