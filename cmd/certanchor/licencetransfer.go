package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

var licenceTransfer = command{
	name:    "transfer",
	usage:   "DRAFT PAPER… --trust FILE [--evidence FILE] [--status FILE] [--at TIME] --out DRAFT",
	summary: "complete the draft of a licence with verified papers of others, so that none is requested again",
	example: "certanchor licence transfer draft.json papers/*.json --trust trust.json --evidence evidence.json --out licence.json",
	run:     (*app).transfer,
}

func (a *app) transfer(_ context.Context, fs *flag.FlagSet, args []string) error {
	trustName := fs.String("trust", "", "trust file: whom to believe")
	var evidence, lists texts
	fs.Var(&evidence, "evidence", "evidence file; may be given again")
	fs.Var(&lists, "status", "a status list; may be given again, the highest sequence counts")
	at := fs.String("at", "", "the moment to judge for, RFC 3339 (now)")
	out := fs.String("out", "", "the draft to write, for: certanchor issue --in")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) < 2 || *trustName == "" || *out == "" {
		return misuse("certanchor licence transfer -h", "licence transfer needs a draft, papers, --trust and --out")
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
	raw, err := readFile(files[0], credential.MaxBytes)
	if err != nil {
		return err
	}
	draft, err := strictjson.ParseObject(raw, strictjson.Limits{})
	if err != nil {
		return misuse("correct the draft; nothing was written", "%s: %v", files[0], err)
	}
	papers, err := readPapers(files[1:], verifier.NewChecker(ev, trust), trust, when)
	if err != nil {
		return err
	}
	done, err := licensure.Transfer(draft, papers, when.Truncate(time.Second))
	if err != nil {
		return misuse("nothing was written", "%v", err)
	}
	text, err := strictjson.Canonical(done)
	if err == nil {
		err = writeWhole(*out, text)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, *out)
	a.say("The licence rests on %d verified papers; nothing was requested again.", len(papers))
	return nil
}

// readPapers verifies papers; every one must be good.
func readPapers(names []string, checker *verifier.Checker, trust *verifier.Trust, at time.Time) ([]licensure.Paper, error) {
	var papers []licensure.Paper
	for _, name := range names {
		raw, err := readFile(name, credential.MaxBytes)
		if err != nil {
			return nil, err
		}
		report := checker.Check(raw, at)
		if stopped := report.Err(); stopped != nil {
			return nil, misuse("certanchor verify "+name+" says more; nothing was written", "%s: %v", name, stopped)
		}
		all, err := verifier.Explain(raw, trust)
		if err != nil {
			return nil, err
		}
		fact, err := licensure.FactOf(report, all[len(all)-1].Local.String())
		if err != nil {
			return nil, misuse("nothing was written", "%s: %v", name, err)
		}
		papers = append(papers, licensure.Paper{Fact: fact, Source: report.Issuer.Label})
	}
	return papers, nil
}
