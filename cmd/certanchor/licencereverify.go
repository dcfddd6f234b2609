package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
	"github.com/certanchor/certanchor/verifier"
)

var licenceReverify = command{
	name:    "reverify",
	usage:   "FILE.zip [--trust FILE]",
	summary: "work the answer of an evidence file out again, offline, and say what differs",
	example: "certanchor licence reverify file.zip --trust ours.json",
	run:     (*app).reverify,
}

func (a *app) reverify(_ context.Context, fs *flag.FlagSet, args []string) error {
	trustName := fs.String("trust", "", "your own trust file, to know whose the statement is")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return misuse("certanchor licence reverify -h", "licence reverify needs one evidence file")
	}
	var trust *verifier.Trust
	if *trustName != "" {
		if trust, err = readTrust(*trustName); err != nil {
			return err
		}
	}
	f, err := readEvidenceFile(files[0])
	var format *evidencefile.FormatError
	if errors.As(err, &format) {
		fmt.Fprintf(a.stdout, "ALTERED OR DAMAGED: %s\n", oneLine(err.Error()))
		return exitStatus(exitInvalid)
	}
	if err != nil {
		return err
	}
	o := f.Reverify(trust)
	a.printOutcome(f, o)
	if !o.Same() {
		return exitStatus(exitInvalid)
	}
	return nil
}

func (a *app) printOutcome(f *evidencefile.File, o *evidencefile.Outcome) {
	r := f.Result()
	say := func(format string, args ...any) { fmt.Fprintln(a.stdout, oneLine(fmt.Sprintf(format, args...))) }
	switch {
	case !o.Same() && len(o.Differences) == 0:
		say("THE STATEMENT DOES NOT HOLD: the inputs give %s for the decision of %s", o.Recorded, r.DecisionDate)
	case !o.Same():
		say("NOT THE SAME: the file states %s for the decision of %s", o.Recorded, r.DecisionDate)
	case len(o.LeftOut) > 0:
		say("A COPY: what is left is judged as before; the file states %s for the decision of %s", o.Recorded, r.DecisionDate)
	default:
		say("THE SAME: %s for the decision of %s, checked on %s", o.Again, r.DecisionDate, r.At)
	}
	say("  %d credentials judged again under %s (%s)", o.Credentials, r.PolicyID, r.PolicyRevision)
	for _, name := range o.LeftOut {
		say("  left out: %s", name)
	}
	for _, d := range o.Differences {
		say("  differs: %s: %s", d.Member, d.What)
	}
	for _, name := range o.Redrawn {
		say("  %s was drawn by another release of the program; it is as it was signed", name)
	}
	s := o.Statement
	switch {
	case s == nil && len(o.LeftOut) > 0:
		say("  no statement: nobody vouches for the answer of the whole file")
	case s == nil:
		say("  no statement: nothing says who made the file")
	case s.Fault != "":
		say("  statement of %s: %s: %s", s.Signer, s.Verdict, s.Fault)
	case s.Known:
		say("  statement of %s: signed with a key of your trust file (%s)", s.Signer, s.Key)
	default:
		say("  statement of %s: signed with %s; whose key that is, the file alone cannot say (--trust)", s.Signer, s.Key)
	}
}

var licenceRedact = command{
	name:    "redact",
	usage:   "FILE.zip --drop MEMBER… [--without-statement] --out COPY.zip",
	summary: "copy an evidence file without some credentials or orders; the copy still verifies",
	example: "certanchor licence redact file.zip --drop inputs/credentials/0002.json --out copy.zip",
	run:     (*app).redact,
}

func (a *app) redact(_ context.Context, fs *flag.FlagSet, args []string) error {
	var drop texts
	fs.Var(&drop, "drop", "a credential or order to leave out, by its name in the file; may be given again. A signed document goes whole or not at all")
	without := fs.Bool("without-statement", false, "leave the signed statement out: it names each credential by id, digest, type, verdict and standing")
	out := fs.String("out", "", "copy to write")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) != 1 || len(drop) == 0 || *out == "" {
		return misuse("certanchor licence redact -h", "licence redact needs one evidence file, --drop and --out")
	}
	f, err := readEvidenceFile(files[0])
	if err == nil {
		f, err = f.Redact(drop, !*without)
	}
	if err != nil {
		return misuse("certanchor licence reverify "+files[0]+" says more; nothing was written", "%v", err)
	}
	raw, err := f.Zip()
	if err == nil {
		err = writeWhole(*out, raw)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, *out)
	var gone []string
	for _, name := range f.Reverify(nil).LeftOut {
		if strings.HasPrefix(name, "inputs/") {
			gone = append(gone, name)
		}
	}
	a.say("Left out: %s. What the other documents, the case file and the lists say stays; so does the answer for the whole set.", strings.Join(gone, ", "))
	if !*without && f.Member("statement.json") != nil {
		a.say("The statement stays: it names what was left out by id, digest, type, verdict and standing (--without-statement).")
	}
	return nil
}

var licenceRely = command{
	name:    "rely",
	usage:   "STATEMENT… --policy ID|FILE --decision-date DAY --trust FILE",
	summary: "may another verifier's signed statement stand for an own verification, by the policy and its age",
	example: "certanchor licence rely statement.json --policy ours.json --decision-date 2026-07-15 --trust trust.json",
	run:     (*app).rely,
}

func (a *app) rely(_ context.Context, fs *flag.FlagSet, args []string) error {
	policyName := fs.String("policy", "", "a policy file, or the id of one that comes with the program")
	day := fs.String("decision-date", "", "the day of the decision")
	trustName := fs.String("trust", "", "trust file: whose statements count, on which key")
	at := fs.String("at", "", "the moment to judge for, RFC 3339 (now)")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 || *policyName == "" || *day == "" || *trustName == "" {
		return misuse("certanchor licence rely -h", "licence rely needs statements, --policy, --decision-date and --trust")
	}
	raw, err := readPolicy(*policyName)
	if err != nil {
		return err
	}
	policy, err := licensure.ParsePolicy(raw)
	if err != nil {
		return misuse("correct the policy", "%v", err)
	}
	trust, err := readTrust(*trustName)
	if err != nil {
		return err
	}
	when, err := moment(*at)
	if err != nil {
		return err
	}
	// A statement is signed and not anchored: it is to be relied on for months, not decades.
	trust.AnchorOptional = true
	no := 0
	for _, name := range files {
		raw, err := readFile(name, credential.MaxBytes)
		if err != nil {
			return err
		}
		report := verifier.Check(raw, nil, trust, when)
		fact, err := licensure.FactOf(report, report.Document)
		if err == nil {
			err = policy.Reliance(fact, licensure.Date(*day))
		} else if stopped := report.Err(); stopped != nil {
			err = stopped
		}
		if err != nil {
			no++
			fmt.Fprintf(a.stdout, "MAY NOT BE RELIED ON  %s: %s\n", oneLine(name), oneLine(err.Error()))
			continue
		}
		fmt.Fprintf(a.stdout, "MAY BE RELIED ON      %s: by %s, for the decision of %s\n", oneLine(name), oneLine(report.Issuer.Label), *day)
	}
	if no > 0 {
		return exitStatus(exitIndeterminate)
	}
	return nil
}
