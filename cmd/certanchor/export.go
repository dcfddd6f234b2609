package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

var exportCommand = command{
	name:    "export",
	usage:   "--issuer DIR FILE|ID…",
	summary: "what the issuer holds about credentials, for their subject to see",
	example: "certanchor export --issuer board credentials/0b5e….json",
	run:     (*app).export,
}

// An exported is what a subject gets to see (PR-16).
type exported struct {
	Credentials   []issuer.Held       `json:"credentials"`
	Introductions []issuer.Introduced `json:"introductions,omitempty"`
	Licences      []exportedLicence   `json:"licences,omitempty"` // from the board's record
}

type exportedLicence struct {
	Licence licensure.LicenceKey    `json:"licence"`
	Terms   []licensure.LicenceTerm `json:"terms"`
	Orders  []licensure.Order       `json:"orders,omitempty"`
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
		return misuse("certanchor help export", "export needs --issuer and credentials")
	}
	j := job{app: a, dir: *dir, state: *state, passphrase: once(a.passphrase(*pass))}
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	var x exported
	held, holders := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		id, holder, err := subjectOf(name)
		if err != nil {
			return err
		}
		h, err := j.issuer.Holds(id)
		if err != nil {
			return err
		}
		held[id], holders[holder] = true, holder != ""
		x.Credentials = append(x.Credentials, h)
	}
	if err := j.exportDesk(&x, holders); err != nil {
		return err
	}
	if err := j.exportRecord(&x, held); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(x, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(a.stdout, printableJSON(raw))
	}
	return err
}

func (j *job) exportDesk(x *exported, holders map[string]bool) (err error) {
	desk, err := issuer.OpenDesk(issuer.DeskConfig{Dir: j.dir, StateDir: j.state})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	current := map[string]bool{} // a key may have been replaced since
	for h, named := range holders {
		current[desk.Current(h)] = named
	}
	for _, one := range desk.All() {
		if current[one.DID] {
			x.Introductions = append(x.Introductions, one)
		}
	}
	return nil
}

func (j *job) exportRecord(x *exported, held map[string]bool) error {
	log, err := readRecord(recordFile(j.stateDir()))
	if err != nil || log == nil {
		return err
	}
	for _, key := range log.Licences() {
		terms := log.Terms(key)
		for _, t := range terms {
			if held[t.CredentialID] {
				x.Licences = append(x.Licences, exportedLicence{key, terms, log.Orders(key)})
				break
			}
		}
	}
	return nil
}
