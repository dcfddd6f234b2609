package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"slices"
	"time"

	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

var exportCommand = command{
	name:    "export",
	usage:   "--issuer DIR FILE|ID…",
	summary: "tell a subject what the issuer holds about the subject's credentials",
	example: "certanchor export --issuer board credentials/0b5e….json > held.json",
	run:     (*app).export,
}

// heldJSON is what an issuer holds about the credentials of one subject.
type heldJSON struct {
	At          time.Time        `json:"at"`
	Issuer      string           `json:"issuer"`
	Credentials []issuer.Holding `json:"credentials"`
	// Record has the entries about the licences among them, as the record has them: terms,
	// and orders about them.
	Record []json.RawMessage `json:"record,omitempty"`
}

func (a *app) export(_ context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the issuer's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	pass := fs.String("passphrase-file", "", "file with the passphrase of the keys; - reads standard input")
	names, err := parse(fs, args)
	if err != nil {
		return err
	}
	if *dir == "" || len(names) == 0 {
		return misuse("certanchor help export", "export needs --issuer and the subject's credentials")
	}
	j := job{app: a, dir: *dir, state: *state, passphrase: once(a.passphrase(*pass))}
	out := heldJSON{At: time.Now().UTC().Truncate(time.Second)}
	var ids []string
	for _, n := range names {
		id, err := idOf(n)
		if err != nil {
			return err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	r, err := openRegistry(j.dir, j.stateDir(), false)
	if err != nil {
		return err
	}
	if out.Record, err = r.about(ids); err != nil {
		return err
	}
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	out.Issuer = r.self
	if out.Credentials, err = j.issuer.Held(ids...); err != nil {
		return err
	}
	a.say("Documents and salts are not held once a batch is finished: the credentials themselves are with their holders.")
	return a.printJSON(out)
}

// about returns the entries of all records about the licences that credentials are of.
func (r *registry) about(ids []string) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, l := range r.all() {
		part := new(licensure.Log)
		for _, key := range l.Licences() {
			terms := l.Terms(key)
			if !slices.ContainsFunc(terms, func(t licensure.LicenceTerm) bool { return slices.Contains(ids, t.CredentialID) }) {
				continue
			}
			for _, t := range terms {
				if err := part.AddTerm(t); err != nil {
					return nil, err
				}
			}
			for _, o := range l.Signed(key) {
				if err := part.Add(o.Order, o.Digest); err != nil {
					return nil, err
				}
			}
		}
		var b bytes.Buffer
		if _, err := part.WriteTo(&b); err != nil {
			return nil, err
		}
		for line := range bytes.Lines(b.Bytes()) {
			out = append(out, json.RawMessage(bytes.TrimSpace(line)))
		}
	}
	return out, nil
}
