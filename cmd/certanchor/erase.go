package main

import (
	"context"
	"flag"
	"fmt"
	"time"
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
	var ids []string
	for _, n := range names {
		id, err := idOf(n)
		if err != nil {
			return err
		}
		ids = append(ids, id)
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
	fmt.Fprintf(a.stdout, "%d erased\n", len(ids))
	a.say("Their leaves stay in the anchored batch and name nobody. Copies that holders and verifiers have are theirs;")
	a.say("backups of %s made before now still hold the index: let them expire. A board's record of licences is kept by law and stays.", j.stateDir())
	return nil
}
