package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"io"
	"time"

	"github.com/certanchor/certanchor/internal/synth"
)

var synthCommand = command{
	name:    "synth",
	usage:   "--count N [--seed S] [--type licence|degree|training]",
	summary: "make up physicians: drafts as JSON Lines, to try with",
	example: "certanchor synth --count 100 > drafts.jsonl",
	run:     (*app).synth,
}

// demoBoard is the state board that licenses every made-up physician of a demo.
const demoBoard = 6

func (a *app) synth(_ context.Context, fs *flag.FlagSet, args []string) error {
	count := fs.Int("count", 0, "how many")
	seed := fs.Uint64("seed", 1, "another seed makes other people")
	kind := fs.String("type", "licence", "licence, degree or training")
	at := fs.String("at", "", "the day the drafts are of, RFC 3339 (now)")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if most := synth.MaxPhysicians - synth.FirstOrdinary; len(operands) > 0 || *count < 1 || *count > most {
		return misuse("certanchor help synth", "synth needs --count, from 1 to %d", most)
	}
	when, err := moment(*at)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(a.stdout, 1<<16)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	world := synth.New(*seed)
	for i := range *count {
		d, err := madeUp(world, *kind, synth.FirstOrdinary+i, when)
		if err == nil {
			err = e.Encode(d)
		}
		if err != nil {
			return err
		}
		a.progress("physician", i+1, *count)
	}
	return w.Flush()
}

// madeUp returns one draft about physician i.
func madeUp(w *synth.World, kind string, i int, at time.Time) (map[string]any, error) {
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	switch kind {
	case "licence":
		return w.BoardLicenceDraft(i, w.Boards()[demoBoard], day)
	case "degree":
		return w.DegreeDraft(i, day)
	case "training":
		return w.TrainingDraft(i, len(w.Physician(i).Trainings)-1, day)
	}
	return nil, misuse("say licence, degree or training", "no type %q", kind)
}

// moment reads a time given on the command line; empty is now.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Now().UTC(), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, misuse("write 2026-06-30T12:00:00Z or 2026-06-30", "%q is not a time", text)
}

// readLimited reads at most one byte more than limit.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, limit+1))
}
