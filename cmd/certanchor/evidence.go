package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
)

var evidenceCommand = command{
	name:    "evidence",
	usage:   "FILE… --out FILE | merge EVIDENCE… --out FILE | upgrade EVIDENCE --trust FILE --out FILE",
	summary: "gather what offline verification needs: transactions, blocks, headers, lists",
	example: "certanchor evidence --issuer board --out evidence.json credentials/*.json\n" +
		"  certanchor evidence upgrade evidence.json --trust trust.json --headers mainnet.headers --out evidence.json",
	run: (*app).evidence,
}

func (a *app) evidence(ctx context.Context, fs *flag.FlagSet, args []string) error {
	out := fs.String("out", "", "evidence file to write")
	dir := fs.String("issuer", "", "an issuer's folder: its embedded chain and status lists")
	chain := fs.String("chain", "embedded", "embedded, embedded=FILE, or endpoints: rpc=URL,esplora=URL")
	trustName := fs.String("trust", "", "with endpoints, and to upgrade: the trust file that names networks and checkpoints")
	stores := texts(nil)
	fs.Var(&stores, "headers", "upgrade: a header store to take headers from; may be given again")
	state := fs.String("state", "", "state folder of the issuer (DIR/state)")
	var lists, merge texts
	fs.Var(&lists, "status", "a status list to add; may be given again")
	fs.Var(&merge, "merge", "an evidence file to add; may be given again")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	switch {
	case len(operands) > 0 && operands[0] == "upgrade":
		return a.upgradeEvidence(ctx, upgrade{files: operands[1:], trust: *trustName, chain: *chain, stores: stores, out: *out})
	case len(operands) > 0 && operands[0] == "merge":
		merge, operands = append(merge, operands[1:]...), nil
	}
	if *out == "" || len(operands)+len(lists)+len(merge) == 0 {
		return misuse("certanchor help evidence", "evidence needs --out and credentials, or files to add")
	}
	ev := &verifier.Evidence{Gathered: verifier.Gathered{At: time.Now().UTC().Truncate(time.Second), By: "certanchor evidence"}}
	for _, name := range merge {
		other, err := readEvidence(name)
		if err != nil {
			return err
		}
		ev.Merge(other)
	}
	if *dir != "" {
		own, err := filepath.Glob(filepath.Join(*dir, "status", "*.j*")) // JSON, and JWT for the IETF's
		if err != nil {
			return err
		}
		lists = append(lists, own...)
	}
	if err := addLists(ev, lists); err != nil {
		return err
	}
	if len(operands) > 0 {
		j := job{app: a, dir: *dir, state: *state, chain: *chain}
		gather := j.gather
		if isNode(*chain) {
			gather = func(ctx context.Context, ev *verifier.Evidence, files []string) error {
				return j.gatherOnline(ctx, ev, files, *trustName)
			}
		}
		if err := gather(ctx, ev, operands); err != nil {
			return err
		}
	}
	return a.writeEvidence(ev, *out)
}

func (a *app) writeEvidence(ev *verifier.Evidence, out string) error {
	b, err := ev.Marshal()
	if err != nil {
		return err
	}
	if err := writeWhole(out, b); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, out)
	runs := 0
	for _, r := range ev.Headers {
		runs += len(r)
	}
	a.say("Wrote %s: %d transactions, %d runs of headers, %d lists and documents.", out, len(ev.Transactions), runs, len(ev.Documents))
	return nil
}

// writeWhole writes a file under its name whole or not at all.
func writeWhole(name string, data []byte) error { return writeAs(name, data, 0o644) }

func writeAs(name string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".certanchor-*")
	var at *fs.PathError
	if errors.As(err, &at) { // the name that was given says more than that of a file that is not there
		return &fs.PathError{Op: "write", Path: name, Err: at.Err}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// transactionsOf returns the Bitcoin transactions that the credentials in files name.
func transactionsOf(files []string) ([]anchor.TxID, error) {
	var ids []anchor.TxID
	for _, name := range files {
		raw, err := readFile(name, credential.MaxBytes)
		if err != nil {
			return nil, err
		}
		c, err := credential.Parse(raw)
		if err != nil {
			return nil, misuse("leave it out, or ask: certanchor verify "+name, "%s: %v", name, err)
		}
		for _, p := range c.Proofs() {
			if !p.IsMerkle() || !p.Merkle.Anchor.Chain.IsBitcoin() {
				continue
			}
			id, err := anchor.ParseTxID(strings.ToLower(p.Merkle.Anchor.TxID))
			if err != nil {
				return nil, misuse("", "%s: %v", name, err)
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// gather asks the embedded chain for the evidence of all transactions the files name,
// and for its headers.
func (j *job) gather(ctx context.Context, ev *verifier.Evidence, files []string) error {
	ids, err := transactionsOf(files)
	if err != nil || len(ids) == 0 {
		return err
	}
	if j.dir == "" && j.chain == "embedded" {
		return misuse("name the issuer's folder with --issuer, or the chain's file with --chain embedded=FILE", "nothing says where the chain is")
	}
	file, err := embeddedFile(j.chain, j.stateDir())
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); err != nil {
		return err // opening would make an empty chain
	}
	chain, err := regtest.Open(file, j.app.chainOptions...)
	if err != nil {
		return err
	}
	defer chain.Close()
	for _, id := range ids {
		tx, err := chain.Evidence(ctx, id)
		if errors.Is(err, anchor.ErrNotFound) {
			return misuse("is it anchored on another chain?", "transaction %s is in no block of %s", id, file)
		}
		if err != nil {
			return err
		}
		ev.AddTransaction(id, tx)
	}
	return addHeaders(ctx, ev, chain)
}

// gatherOnline asks real nodes for what each file needs under a trust file.
func (j *job) gatherOnline(ctx context.Context, ev *verifier.Evidence, files []string, trustName string) error {
	if trustName == "" {
		return misuse("name it with --trust", "real nodes are asked for the networks and checkpoints of a trust file")
	}
	trust, err := readTrust(trustName)
	if err != nil {
		return err
	}
	asked, err := sources(j.chain, trust)
	if err != nil {
		return err
	}
	live := verifier.New(trust, asked)
	for i, name := range files {
		raw, err := readFile(name, credential.MaxBytes)
		if err != nil {
			return err
		}
		got, err := live.Gather(ctx, raw)
		if err != nil {
			return err
		}
		for _, u := range got.Gathered.Unreached {
			j.app.say("not reached: %s", printable(u))
		}
		ev.Merge(got)
		j.app.progress("credential", i+1, len(files))
	}
	return nil
}

// addHeaders adds all headers of the embedded chain, in runs of the size that evidence
// may have.
func addHeaders(ctx context.Context, ev *verifier.Evidence, chain *regtest.Chain) error {
	tip, _, err := chain.Tip(ctx)
	if err != nil {
		return err
	}
	for from := anchor.Height(0); from <= tip; from += anchor.MaxRunHeaders {
		run, err := chain.Headers(ctx, from, min(from+anchor.MaxRunHeaders-1, tip))
		if err != nil {
			return err
		}
		ev.AddHeaders(chain.Network(), run)
	}
	return nil
}

// maxListFile bounds a status list credential in bytes.
const maxListFile = 16 << 20

// readAllEvidence merges evidence files and adds status list files.
func readAllEvidence(files, lists []string) (*verifier.Evidence, error) {
	ev := new(verifier.Evidence)
	for _, name := range files {
		one, err := readEvidence(name)
		if err != nil {
			return nil, err
		}
		ev.Merge(one)
	}
	if err := addLists(ev, lists); err != nil {
		return nil, err
	}
	return ev, nil
}

// addLists adds status list files under the id each of them states.
func addLists(ev *verifier.Evidence, files []string) error {
	for _, name := range files {
		raw, err := readFile(name, maxListFile)
		if err != nil {
			return err
		}
		url, kind, err := listURL(raw)
		if err != nil || url == "" {
			return misuse("give a status list as its issuer published it", "%s is no status list: %v", name, err)
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		ev.AddDocument(url, verifier.Document{MediaType: kind, At: info.ModTime().UTC().Truncate(time.Second), Bytes: raw})
	}
	return nil
}

// listURL returns the URL that a status list states, W3C's or the IETF's.
func listURL(raw []byte) (url, mediaType string, err error) {
	if strings.HasPrefix(strings.TrimSpace(string(raw[:min(len(raw), 64)])), "{") {
		c, err := credential.Parse(raw)
		if err != nil {
			return "", "", err
		}
		return c.ID(), "application/vc", nil
	}
	t, err := credential.ParseStatusToken(raw)
	if err != nil {
		return "", "", err
	}
	return t.URL, "application/" + credential.TypStatusList, nil
}

// maxDataFile bounds a trust or evidence file in bytes.
const maxDataFile = 1 << 30

func readEvidence(name string) (*verifier.Evidence, error) {
	raw, err := readFile(name, maxDataFile)
	if err != nil {
		return nil, err
	}
	ev, err := verifier.ParseEvidence(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return ev, nil
}

func readTrust(name string) (*verifier.Trust, error) {
	raw, err := readFile(name, maxDataFile)
	if err != nil {
		return nil, err
	}
	t, err := verifier.ParseTrust(raw, func(file string) ([]byte, error) {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(name), filepath.FromSlash(file))
		}
		return os.ReadFile(file)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
