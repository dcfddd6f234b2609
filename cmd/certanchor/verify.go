package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
	"github.com/certanchor/certanchor/wallet"
)

var verifyCommand = command{
	name:    "verify",
	usage:   "FILE… | dossier FILE --trust FILE [--evidence FILE] [--status FILE] [--at TIME] [--json] [--explain]",
	summary: "judge credentials offline, with a reason for every step",
	example: "certanchor verify --trust trust.json --evidence evidence.json credentials/*.json\n" +
		"  certanchor verify --trust trust.json --evidence evidence.json --request request.json answer.json\n" +
		"  certanchor verify dossier dossier.json --trust trust.json --request request.json",
	run: (*app).verify,
}

func (a *app) verify(ctx context.Context, fs *flag.FlagSet, args []string) error {
	trustName := fs.String("trust", "", "trust file: whom to believe")
	var evidence, lists texts
	fs.Var(&evidence, "evidence", "evidence file; may be given again")
	fs.Var(&lists, "status", "a status list; may be given again, the highest sequence counts")
	online := fs.String("online", "", "whom to ask besides: rpc=URL, esplora=URL, eth=CHAIN@URL, lists, resolver=URL; with commas between")
	at := fs.String("at", "", "the moment to judge for, RFC 3339 (now)")
	tongue := fs.String("lang", "en", "en, es or fr: the language of verdicts and reasons")
	asJSON := fs.Bool("json", false, "print the report of each credential as one line of JSON")
	explain := fs.Bool("explain", false, "print every step, what was hashed, and how to pin what is not pinned")
	request := fs.String("request", "", "the request that a presentation, or one in a dossier, must answer")
	identity := fs.String("identity", "", "dossier: identity file of age that opens a sealed one")
	against := fs.String("against", "", "with --explain: another copy of the document, to find the first statement that differs")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 || *trustName == "" {
		return misuse("certanchor help verify", "verify needs credentials and --trust")
	}
	if _, err := os.Stat("dossier"); len(files) == 1 && files[0] == "dossier" && err != nil {
		return misuse("certanchor verify dossier FILE --trust FILE", "verify dossier needs a file")
	}
	lang, ok := languages[*tongue]
	if !ok {
		return misuse("say en, es or fr", "no language %q", *tongue)
	}
	when, err := moment(*at)
	if err != nil {
		return err
	}
	trust, err := readTrust(*trustName)
	if err != nil {
		return err
	}
	ev, err := readAllEvidence(evidence, lists)
	if err != nil {
		return err
	}
	var asked verifier.Sources
	if *online != "" {
		if asked, err = sources(*online, trust); err != nil {
			return err
		}
	}
	raiseBySnapshots(ev, trust, when)
	live := verifier.New(trust, asked)
	q, err := readRequest(*request)
	if err != nil {
		return err
	}
	if files[0] == "dossier" && len(files) > 1 {
		p := &printer{w: a.stdout, lang: lang, asJSON: *asJSON, explain: *explain}
		return a.verifyDossier(files[1:], dossierCheck{printer: p, ev: ev, trust: trust, at: when, request: q, identity: *identity})
	}
	p := &printer{w: a.stdout, lang: lang, many: len(files) > 1, asJSON: *asJSON, explain: *explain || len(files) == 1}
	if *against != "" && (!*explain || len(files) != 1 || *asJSON) {
		return misuse("certanchor verify --explain --against ORIGINAL FILE --trust TRUST", "--against goes with --explain and one file")
	}
	for i, name := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := a.readCredential(name)
		if err != nil {
			return err
		}
		got, err := live.Gather(ctx, raw)
		if err != nil {
			return err
		}
		got.Merge(ev)
		r := verifier.CheckFor(askedOf(q), raw, got, trust, when)
		if r.Verdict == verifier.Invalid && isDossier(raw) {
			return misuse("certanchor verify dossier FILE --trust FILE, with --identity FILE if it is sealed", "%s is a dossier", name)
		}
		if err := p.report(name, r); err != nil {
			return err
		}
		p.unanswered(q, r)
		if *explain && !*asJSON {
			if err := a.explain(p.w, raw, trust, *against); err != nil {
				return err
			}
		}
		a.progress("credential", i+1, len(files))
	}
	p.summary()
	return exitStatus(p.status())
}

func (a *app) readCredential(name string) ([]byte, error) {
	raw, err := a.readInput(name, credential.MaxBytes)
	if err != nil || !strings.HasPrefix(string(raw[:min(len(raw), len(wallet.TextCredential))]), wallet.TextCredential) {
		return raw, err
	}
	items, err := wallet.CollectBytes(name, raw) // the text of a QR code
	if err != nil {
		return nil, misuse("", "%v", err)
	}
	return items[0].Raw, nil
}

// A printer prints reports and counts verdicts.
type printer struct {
	w                     io.Writer
	many, asJSON, explain bool
	lang                  language
	counts                [4]int // by verdict
	tests                 []string
}

// status is the exit status for all that was printed: invalid beats not in force
// beats indeterminate beats valid.
func (p *printer) status() int {
	switch {
	case p.counts[verifier.Invalid] > 0:
		return exitInvalid
	case p.counts[verifier.NotInForce] > 0:
		return exitNotInForce
	case p.counts[verifier.Indeterminate] > 0:
		return exitIndeterminate
	}
	return exitOK
}

func (p *printer) report(name string, r *verifier.Report) error {
	p.counts[r.Verdict]++
	if p.asJSON {
		b, err := r.JSON()
		if err == nil {
			_, err = io.WriteString(p.w, printableJSON(b)+"\n")
		}
		return err
	}
	p.warnTest(r)
	_, err := fmt.Fprintf(p.w, "%-14s %s%s\n", verdictWords[r.Verdict][p.lang], oneLine(name), p.reason(r))
	if s, stopped := r.Deciding(); stopped && p.explain {
		fmt.Fprintf(p.w, "  → %s\n", p.lang.next(s.Code))
	}
	if p.explain {
		p.details(r)
	}
	return err
}

// warnTest says once for each network, before the first verdict, that an anchor on it
// costs nothing to make.
func (p *printer) warnTest(r *verifier.Report) {
	for _, inner := range r.Credentials {
		p.warnTest(inner)
	}
	if !r.TestNetwork {
		return
	}
	if slices.Contains(p.tests, string(r.Network)) {
		return
	}
	p.tests = append(p.tests, string(r.Network))
	accepted := "and the trust file does not accept it."
	if r.Step(verifier.StepNetwork).Result == verifier.Passed {
		accepted = "accepted only because the trust file names it."
	}
	fmt.Fprintf(p.w, "TEST NETWORK %s: anybody can make such an anchor; %s\n", r.Network, accepted)
}

// reason is the first thing that stood in the way, in words.
func (p *printer) reason(r *verifier.Report) string {
	s, ok := r.Deciding()
	if !ok {
		return ""
	}
	return fmt.Sprintf(": %s (%s)", p.lang.cause(s.Code), s.Code)
}

func (p *printer) details(r *verifier.Report) {
	line := func(head, text string) { fmt.Fprintf(p.w, "  %-10s %s\n", head, oneLine(text)) }
	line("document", strings.Join(r.Types, ", ")+"  "+r.ID)
	issuer := r.Issuer.ID + " (not in the trust file)"
	if r.Issuer.Label != "" {
		issuer = r.Issuer.Label + "  " + r.Issuer.ID
	}
	line("issuer", issuer)
	for _, f := range r.Anchors {
		when := "time not known"
		if f.NotBefore != nil {
			when = "after " + f.NotBefore.Format(time.RFC3339)
			if f.NotAfter != nil {
				when += ", before " + f.NotAfter.Format(time.RFC3339)
			}
		}
		line("anchor", fmt.Sprintf("%s, block %d, %d confirmations, %s", f.Network, f.Height, f.Confirmations, when))
		if f.Work != "" {
			line("work", fmt.Sprintf("%s hashes to replace that block and those above it, %s", f.Work, inMainnetBlocks(f.Work)))
		}
	}
	if r.StatusAt != nil {
		line("status", "as of "+r.StatusAt.Format(time.RFC3339))
	}
	line("judged for", r.At.Format(time.RFC3339))
	for _, s := range r.Steps {
		text := s.Fact
		if s.Code != "" {
			text = fmt.Sprintf("%s (%s): %s", p.lang.cause(s.Code), s.Code, s.Fact)
		}
		if s.Place != "" && s.Result != verifier.Passed {
			text += "  [" + s.Place + "]"
		}
		fmt.Fprintf(p.w, "  %s %-18s %s\n", mark(s.Result), s.Name, oneLine(text))
	}
	for _, inner := range r.Credentials {
		fmt.Fprintf(p.w, "  carries %s %s%s\n", verdictWords[inner.Verdict][p.lang], oneLine(inner.ID), p.reason(inner))
	}
	for _, w := range r.Warnings {
		line("note", fmt.Sprintf("%s: %s %s", w.Code, w.Detail, w.Place))
	}
	for _, t := range r.Trusting {
		line("trusting", t)
	}
}

// mainnetBlock is the work of one mainnet block, of May 2026 (951,658), in hashes.
const mainnetBlock = 5.968e23

// inMainnetBlocks puts work into a unit that says what it costs.
func inMainnetBlocks(work string) string {
	n, err := strconv.ParseFloat(work, 64)
	if err != nil {
		return "which cannot be read" // cannot be: the verifier wrote it
	}
	return fmt.Sprintf("as much as %.2g blocks of mainnet in 2026", n/mainnetBlock)
}

func mark(r verifier.Result) string {
	switch r {
	case verifier.Passed:
		return "yes"
	case verifier.Failed:
		return "NO "
	case verifier.NotRequired:
		return "-  "
	}
	return "?  "
}

func (p *printer) summary() {
	if !p.many || p.asJSON {
		return
	}
	fmt.Fprintf(p.w, "%d valid, %d not in force, %d indeterminate, %d invalid\n",
		p.counts[verifier.Valid], p.counts[verifier.NotInForce], p.counts[verifier.Indeterminate], p.counts[verifier.Invalid])
}
