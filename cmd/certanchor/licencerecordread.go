package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// paperFlags say whom to believe about the credentials that a licence command reads.
type paperFlags struct {
	trust           *string
	evidence, lists texts
	today           *string
}

func (f *paperFlags) declare(fs *flag.FlagSet) {
	f.trust = fs.String("trust", "", "trust file: whom to believe (with --issuer: DIR/trust.json)")
	fs.Var(&f.evidence, "evidence", "evidence file; may be given again")
	fs.Var(&f.lists, "status", "a status list; may be given again, the highest sequence counts")
	f.today = fs.String("today", "", "the moment to judge credentials for, RFC 3339 (now)")
}

// A desk judges credentials by one trust file for one moment.
type desk struct {
	trust *verifier.Trust
	ev    *verifier.Evidence
	at    time.Time
}

func (f *paperFlags) open() (*desk, error) {
	d := new(desk)
	var err error
	if d.at, err = moment(*f.today); err != nil {
		return nil, err
	}
	if *f.trust == "" {
		return nil, misuse("name it with --trust", "nothing says whom to believe")
	}
	if d.trust, err = readTrust(*f.trust); err != nil {
		return nil, err
	}
	if d.ev, err = readAllEvidence(f.evidence, f.lists); err != nil {
		return nil, err
	}
	raiseBySnapshots(d.ev, d.trust, d.at)
	return d, nil
}

// A paper is a credential that was judged and found genuine.
type paper struct {
	file   string
	leaf   string // digest of the credential, hex
	taken  bool   // its issuer has taken the document back
	report *verifier.Report
}

// claims are those of the report as the rules read them.
func (p paper) claims() map[string]any {
	claims, _ := licensure.ClaimsOf(p.report)
	return claims
}

func (p paper) kind() string {
	t, _ := licensure.TypeOf(p.report.Claims)
	return t
}

// read judges the credentials in files and folders, on all cores. Each must be genuine; what
// was taken back, has expired or is not in force still tells what was so. The error names
// all that do not count.
func (d *desk) read(ctx context.Context, names []string) ([]paper, error) {
	files, err := filesUnder(names)
	if err != nil {
		return nil, err
	}
	papers, faults := make([]paper, len(files)), make([]error, len(files))
	work := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			checker := verifier.NewChecker(d.ev, d.trust)
			for i := range work {
				papers[i], faults[i] = d.judge(checker, files[i])
			}
		})
	}
	for i := range files {
		if ctx.Err() != nil {
			break
		}
		work <- i
	}
	close(work)
	wg.Wait()
	if err := errors.Join(ctx.Err(), several(faults)); err != nil {
		return nil, err
	}
	return papers, nil
}

func (d *desk) judge(c *verifier.Checker, file string) (paper, error) {
	raw, err := readFile(file, credential.MaxBytes)
	if err != nil {
		return paper{}, err
	}
	p := paper{file: file, report: c.Check(raw, d.at)}
	for _, s := range p.report.Steps {
		p.taken = p.taken || s.Code == verifier.CodeRevoked
		if s.Code == verifier.CodeNotYetValid {
			return paper{}, fmt.Errorf("%s does not count: it is of the future (%s)", file, s.Code)
		}
	}
	if v := p.report.Verdict; v != verifier.Valid && v != verifier.NotInForce {
		s, _ := p.report.Deciding()
		return paper{}, fmt.Errorf("%s does not count: it is %s (%s)", file, v, s.Code)
	}
	p.leaf = leafOf(raw, p.report)
	return p, nil
}

// leafOf names a credential that was found good by the hash that its anchor covers, which is
// the same however the file is laid out; one that is only signed by the file's own.
func leafOf(raw []byte, r *verifier.Report) string {
	c, err := credential.Parse(raw)
	if err == nil {
		for _, p := range c.Proofs() {
			if p.IsMerkle() {
				return p.Merkle.Target.String()
			}
		}
	}
	return r.Document
}

// mostFaults is how many faults of many files are told.
const mostFaults = 20

// several joins the errors of many files to a fault of the caller; nil if there is none.
func several(faults []error) error {
	faults = slices.DeleteFunc(faults, func(err error) bool { return err == nil })
	if len(faults) == 0 {
		return nil
	}
	text := ""
	for i, err := range faults {
		if i == mostFaults {
			text += fmt.Sprintf("\nand %d more", len(faults)-i)
			break
		}
		if i > 0 {
			text += "\n"
		}
		text += err.Error()
	}
	return misuse("correct this and run the same command again; nothing was done", "%s", text)
}

// records sorts licences and orders into a record for each issuer. Documents that were taken
// back are left out.
func records(papers []paper) (*registry, error) {
	r := &registry{others: map[string]*licensure.Log{}, dirty: map[string]bool{}}
	papers = slices.DeleteFunc(slices.Clone(papers), func(p paper) bool {
		return p.taken || p.kind() != licensure.TypeLicence && p.kind() != licensure.TypeBoardOrder
	})
	_, err := r.add(papers)
	return r, err
}
