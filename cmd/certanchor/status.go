package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

var statusCommand = command{
	name:    "status",
	usage:   "set|show|publish --issuer DIR [FILE|ID…] [--revoke --reason TEXT | --message STATUS]",
	summary: "revoke credentials or set a licence's legal status, and publish the lists",
	example: "certanchor status set --issuer board --message suspended credentials/0b5e….json\n" +
		"  certanchor status set --issuer board --revoke --reason \"issued in error\" credentials/0b5e….json\n" +
		"  certanchor status show --issuer board credentials/0b5e….json",
	run: (*app).status,
}

func (a *app) status(_ context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the issuer's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	revoke := fs.Bool("revoke", false, "set: revoke the document, for good")
	why := fs.String("reason", "", "set --revoke: why; it stays in the state folder, but for an Open Badges list, which publishes it")
	message := fs.String("message", "", "set: the licence's legal status, such as suspended, active or a code 0-15")
	at := fs.String("at", "", "set, publish: the moment the lists speak about, RFC 3339 (now)")
	pass := fs.String("passphrase-file", "", "file with the passphrase of the keys; - reads standard input")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	when, err := moment(*at)
	if err != nil {
		return err
	}
	if len(operands) == 0 || *dir == "" {
		return misuse("certanchor help status", "status needs set, show or publish, and --issuer")
	}
	verb, names := operands[0], operands[1:]
	j := job{app: a, dir: *dir, state: *state, passphrase: once(a.passphrase(*pass))}
	switch verb {
	case "set":
		if *revoke == (*message != "") || len(names) == 0 {
			return misuse("certanchor help status", "status set needs credentials, and one of --revoke and --message")
		}
		if *revoke == (*why == "") {
			return misuse("certanchor status set --issuer DIR --revoke --reason \"issued in error\" FILE", "a revocation needs --reason, and nothing else does")
		}
		return j.setStatus(names, *message, *why, when)
	case "show":
		return j.showStatus(names)
	case "publish":
		if err := j.open(); err != nil {
			return err
		}
		defer j.issuer.Close()
		return j.publish(when)
	}
	return misuse("say set, show or publish", "no such thing as status %s", verb)
}

// idOf returns the id of a credential given as a file or as the id itself.
func idOf(name string) (string, error) {
	if len(name) > 9 && name[:9] == "urn:uuid:" {
		return name, nil
	}
	raw, err := readFile(name, credential.MaxBytes)
	if err != nil {
		return "", err
	}
	c, err := credential.Parse(raw)
	if err != nil {
		return "", misuse("give the file of a credential, or its id urn:uuid:…", "%s: %v", name, err)
	}
	return c.ID(), nil
}

func legalStatus(text string) (uint8, error) {
	if s, ok := licensure.ParseLegalStatus(text); ok {
		return uint8(s), nil
	}
	if n, err := strconv.ParseUint(text, 10, 4); err == nil {
		return uint8(n), nil
	}
	var known []string
	for s := range 16 {
		known = append(known, licensure.LegalStatus(s).String())
	}
	return 0, misuse(fmt.Sprintf("say one of %v", known), "no legal status %q", text)
}

func (j *job) setStatus(names []string, message, why string, at time.Time) error {
	set := func(id string) error { return j.issuer.Revoke(id, why) }
	if message != "" {
		v, err := legalStatus(message)
		if err != nil {
			return err
		}
		set = func(id string) error { return j.issuer.SetStatus(id, "message", v) }
	}
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
	for _, id := range ids { // all must have been issued here before one is changed
		var unknown *issuer.UnknownError
		if _, err := j.issuer.Status(id, "revocation"); errors.As(err, &unknown) && !unknown.Issued {
			return err
		}
	}
	for _, id := range ids {
		if err := set(id); err != nil {
			return err
		}
	}
	return j.publish(at)
}

func (j *job) publish(at time.Time) error {
	lists, err := j.issuer.PublishLists(at)
	if err != nil {
		return err
	}
	for _, l := range lists {
		fmt.Fprintln(j.app.stdout, filepath.Join(j.dir, "status", l.Name))
		j.app.say("Published %s, sequence %d.", l.URL, l.Sequence)
	}
	return nil
}

func (j *job) showStatus(names []string) error {
	if len(names) == 0 {
		return misuse("certanchor status show --issuer DIR FILE…", "status show needs credentials")
	}
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	rows := [][]string{{"credential", "document", "legal status"}}
	for _, n := range names {
		id, err := idOf(n)
		if err != nil {
			return err
		}
		revoked, err := j.issuer.Status(id, "revocation")
		if err != nil {
			return err
		}
		row := []string{id, "good", "-"}
		if revoked != 0 {
			row[1] = "revoked"
		}
		if v, err := j.issuer.Status(id, "message"); err == nil {
			row[2] = licensure.LegalStatus(v).String()
		}
		rows = append(rows, row)
	}
	table(j.app.stdout, rows)
	return nil
}
