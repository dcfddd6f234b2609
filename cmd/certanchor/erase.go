package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/issuer"
)

var eraseCommand = command{
	name:    "erase",
	usage:   "--issuer DIR FILE|ID…",
	summary: "destroy what the issuer holds about a credential, at its subject's request",
	example: "certanchor erase --issuer board credentials/0b5e….json",
	run:     (*app).erase,
}

func (a *app) erase(_ context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the issuer's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	pass := fs.String("passphrase-file", "", "file with the passphrase of the keys; - reads standard input")
	names, err := parse(fs, args)
	if err != nil {
		return err
	}
	if *dir == "" || len(names) == 0 {
		return misuse("certanchor help erase", "erase needs --issuer and credentials")
	}
	j := job{app: a, dir: *dir, state: *state, passphrase: once(a.passphrase(*pass))}
	var ids, holders []string
	for _, n := range names {
		id, holder, err := subjectOf(n)
		if err != nil {
			return err
		}
		if ids = append(ids, id); holder != "" && !slices.Contains(holders, holder) {
			holders = append(holders, holder)
		}
	}
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	if err := j.issuer.Erase(ids...); err != nil {
		return err
	}
	if err := j.publish(time.Now()); err != nil {
		return err
	}
	if err := j.eraseIntroductions(holders); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%d erased\n", len(ids))
	a.say("Their leaves stay in the anchored batch and name nobody. Copies that holders and verifiers have are theirs;")
	a.say("backups of %s made before now still hold the index: let them expire. A board's record of licences is kept by law and stays.", j.stateDir())
	return nil
}

// subjectOf returns the id of a credential, and the DID of whom it is about if its file was
// given.
func subjectOf(name string) (id, holder string, err error) {
	if id, err = idOf(name); err != nil || name == id {
		return id, "", err
	}
	raw, err := readFile(name, credential.MaxBytes)
	if err != nil {
		return "", "", err
	}
	c, err := credential.Parse(raw)
	if err != nil {
		return "", "", err
	}
	subject, _ := c.Member("credentialSubject").(map[string]any)
	holder, _ = subject["id"].(string)
	return id, holder, nil
}

// eraseIntroductions makes the desk forget the holders too.
func (j *job) eraseIntroductions(holders []string) (err error) {
	if len(holders) == 0 {
		return nil
	}
	desk, err := issuer.OpenDesk(issuer.DeskConfig{Dir: j.dir, StateDir: j.state})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	for _, h := range holders {
		if _, err := desk.Erase(h); err != nil {
			return err
		}
	}
	return nil
}
