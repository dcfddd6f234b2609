package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/verifier"
)

// sync brings the store at --out up to a node's tip, or adds what a file holds. The file
// is replaced whole, each year of blocks, so that a second run goes on from there.
func (j *headersJob) sync(ctx context.Context) error {
	have, err := j.held()
	if err != nil {
		return err
	}
	if j.in != "" {
		return j.syncFile(have)
	}
	chain, done, err := j.open()
	if err != nil {
		return err
	}
	defer done()
	before, last := have.Tip(), have
	keep := func(s *anchor.HeaderStore) error {
		if err := j.agrees(s); err != nil {
			return err
		}
		last = s
		return writeWhole(j.out, s.Bytes())
	}
	began := time.Now()
	err = anchor.SyncHeaders(ctx, have, chain, keep, func(done, all anchor.Height) { j.progress("header", int(done)-int(done)%50, int(all)-int(all)%50) })
	var refused *anchor.Error
	if errors.As(err, &refused) {
		return misuse(syncHint(refused.Code), "%v", err)
	}
	if err != nil {
		j.say("Ended at block %d of %s; run the same command again to go on from there.", max(last.Tip(), 0), j.network)
		return err
	}
	j.say("Went from block %d to %d.", max(before, 0), last.Tip())
	j.tellTip(last, time.Since(began))
	return j.tellLine(last.Bytes(), "headers")
}

func syncHint(code anchor.Code) string {
	switch code {
	case anchor.CodeNetworkMismatch:
		return "name the network that node and store are of, or another --out"
	case anchor.CodeNotInBestChain:
		return "this node is on a branch with no more work than yours; yours was kept. Ask another node"
	case anchor.CodeNoHeaders:
		return "there is a gap; import the headers between first"
	}
	return "these headers break a rule of the network; the store was left as it was. Ask another node"
}

// held is the store at --out; nil if there is none yet.
func (j *headersJob) held() (*anchor.HeaderStore, error) {
	if _, err := os.Stat(j.out); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	raw, err := readFile(j.out, maxHeaderFile)
	if err != nil {
		return nil, err
	}
	store, err := anchor.NewHeaderStore(j.network, raw)
	if err != nil {
		return nil, misuse("name another --out, or move this file away", "%s is no store of %s: %v", j.out, j.network, err)
	}
	return store, nil
}

// open asks real nodes, or the file of an embedded chain.
func (j *headersJob) open() (anchor.HeaderChain, func() error, error) {
	if isNode(j.chain) {
		c, err := openNodes(j.network, j.chain, 0)
		return c, func() error { return nil }, err
	}
	file, ok := strings.CutPrefix(j.chain, "embedded=")
	if !ok || j.network != anchor.Regtest {
		return nil, nil, misuse("say rpc=URL or esplora=URL; embedded=FILE for regtest", "no chain %q of %s", j.chain, j.network)
	}
	if _, err := os.Stat(file); err != nil {
		return nil, nil, err
	}
	c, err := regtest.Open(file, j.chainOptions...)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

// syncFile adds the headers of a file to the store, wherever they join it: raw headers, or
// those of an evidence file.
func (j *headersJob) syncFile(have *anchor.HeaderStore) error {
	if have == nil {
		genesis := j.network.Genesis()
		var err error
		if have, err = anchor.NewHeaderStore(j.network, genesis[:]); err != nil {
			return err
		}
	}
	runs, err := j.runsOf(have)
	if err != nil {
		return err
	}
	longer, began := have, time.Now()
	var refused *anchor.Error
	for _, r := range runs { // from low to high, so that one can go on from another
		next, err := longer.Extend(r)
		switch {
		case err == nil:
			longer = next
		case !errors.As(err, &refused):
			return err
		}
	}
	if refused != nil && longer.Tip() == have.Tip() {
		return misuse(syncHint(refused.Code), "%v", refused)
	}
	if err := j.agrees(longer); err != nil {
		return err
	}
	if refused != nil {
		j.say("Part of %s was left out: %v", j.in, refused)
	}
	j.say("Went from block %d to %d.", have.Tip(), longer.Tip())
	j.tellTip(longer, time.Since(began))
	return j.write(longer.Bytes(), "headers")
}

// runsOf reads the runs of headers in the file, ordered by height.
func (j *headersJob) runsOf(have *anchor.HeaderStore) ([]anchor.HeaderRun, error) {
	raw, err := readFile(j.in, maxHeaderFile)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(raw, []byte("{")) {
		ev, err := verifier.ParseEvidence(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.in, err)
		}
		runs := anchor.JoinRuns(ev.Headers[j.network])
		if len(runs) == 0 {
			return nil, misuse(syncHint(anchor.CodeNetworkMismatch), "%s holds no headers of %s", j.in, j.network)
		}
		return runs, nil
	}
	if len(raw) < anchor.HeaderSize {
		return nil, misuse("headers are 80 bytes each", "%s holds no header", j.in)
	}
	run := anchor.HeaderRun{Headers: raw}
	if n, ok := networkOfHeaders(raw); ok && n != j.network {
		return nil, misuse(syncHint(anchor.CodeNetworkMismatch), "%s is of %s, not of %s", j.in, n, j.network)
	} else if !ok {
		below, ok := have.Find(run.Header(0).Prev())
		if !ok {
			return nil, misuse(syncHint(anchor.CodeNoHeaders), "the first header of %s follows none that is held", j.in)
		}
		run.Start = below + 1
	}
	return []anchor.HeaderRun{run}, nil
}
