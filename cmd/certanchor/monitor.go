package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

var monitorCommand = command{
	name:    "monitor",
	usage:   "ROSTER --trust FILE --evidence FILE [--since STATE] [--orders DIR] [--leie FILE] [--sam FILE] [--nppes FILE] [--json | --csv | --page FILE]",
	summary: "the monthly work of a hospital: a roster against credentials, lists, orders and public files",
	example: "certanchor monitor roster.csv --trust trust.json --evidence evidence.json --since state.json",
	run:     (*app).monitor,
}

// A monitorJob is one run of the monitor.
type monitorJob struct {
	app   *app
	trust *verifier.Trust
	ev    *verifier.Evidence
	at    time.Time
	in    licensure.MonitorInput
}

func (a *app) monitor(ctx context.Context, flags *flag.FlagSet, args []string) error {
	trustName := flags.String("trust", "", "trust file: whom to believe")
	var evidence, lists, orders, leie, sam, nppes texts
	flags.Var(&evidence, "evidence", "evidence file; may be given again")
	flags.Var(&lists, "status", "a status list; may be given again, the highest sequence counts")
	flags.Var(&orders, "orders", "a board order, or a folder of them; may be given again")
	flags.Var(&leie, "leie", "list of excluded individuals (LEIE, UPDATED.csv)")
	flags.Var(&sam, "sam", "exclusions of SAM (public extract, version 2)")
	flags.Var(&nppes, "nppes", "provider file of NPPES")
	compact := flags.String("compact", "", "rules of the compact, for alerts about orders of other boards")
	since := flags.String("since", "", "state of the run before; written anew after this one")
	at := flags.String("at", "", "the moment to judge for, RFC 3339 (now)")
	days := flags.Int("days", 60, "how many days before its end something is told")
	asJSON := flags.Bool("json", false, "print the work list as JSON")
	asCSV := flags.Bool("csv", false, "print the work list as CSV")
	page := flags.String("page", "", "write the work list as a page to print")
	operands, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(operands) != 1 || *trustName == "" || *asJSON && *asCSV || *days < 1 {
		return misuse("certanchor help monitor", "monitor needs one roster and --trust")
	}
	j := monitorJob{app: a, in: licensure.MonitorInput{WarnDays: *days}}
	if j.at, err = moment(*at); err != nil {
		return err
	}
	j.in.At = j.at
	if j.trust, err = readTrust(*trustName); err != nil {
		return err
	}
	before, err := readState(*since, j.at)
	if err != nil {
		return err
	}
	if before != nil {
		j.raiseFloors(before)
	}
	if j.ev, err = readAllEvidence(evidence, lists); err != nil {
		return err
	}
	raiseBySnapshots(j.ev, j.trust, j.at)
	if err := j.readRoster(operands[0]); err != nil {
		return err
	}
	if err := j.readPublic(leie, sam, nppes); err != nil {
		return err
	}
	if err := j.judge(ctx, filepath.Dir(operands[0])); err != nil {
		return err
	}
	if err := j.record(ctx, orders, *compact); err != nil {
		return err
	}
	j.in.Keys = keysOf(j.trust)
	list, state := licensure.Monitor(j.in, before)
	if err := a.printWork(list, *asJSON, *asCSV); err != nil {
		return err
	}
	if *page != "" {
		if err := writeWorkPage(*page, list); err != nil {
			return err
		}
		a.say("Wrote %s.", *page)
	}
	// Last: a run that could not tell what it found has not happened.
	return writeState(*since, state)
}

// readState returns nil where there is no run before.
func readState(name string, at time.Time) (*licensure.MonitorState, error) {
	if name == "" {
		return nil, nil
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	raw, err := readFile(name, maxDataFile)
	if err != nil {
		return nil, err
	}
	s, err := licensure.ReadMonitorState(raw, at)
	if err != nil {
		return nil, misuse("name the state that the last run wrote, or a new name for a first run", "%s: %v", name, err)
	}
	return s, nil
}

func writeState(name string, s *licensure.MonitorState) error {
	if name == "" {
		return nil
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeWhole(name, raw)
}

// raiseFloors refuses lists that are older than those which counted before (R2).
func (j *monitorJob) raiseFloors(s *licensure.MonitorState) {
	if j.trust.StatusFloor == nil {
		j.trust.StatusFloor = map[string]uint64{}
	}
	for url, n := range s.Lists {
		j.trust.StatusFloor[url] = max(j.trust.StatusFloor[url], n)
	}
}

func (j *monitorJob) readRoster(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if j.in.Roster, err = licensure.ReadRoster(f); err != nil {
		return tableFault(name, err)
	}
	return nil
}

func tableFault(name string, err error) error {
	var t *licensure.TableError
	if errors.As(err, &t) {
		return misuse("correct the table; nothing was done", "%s: %v", name, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// readPublic reads exclusion and provider files, each whole before anything is told.
func (j *monitorJob) readPublic(leie, sam, nppes []string) error {
	open := func(name string, read func(io.Reader) error) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := read(f); err != nil {
			return tableFault(name, err)
		}
		return nil
	}
	exclusions := func(read func(io.Reader) ([]licensure.Exclusion, error)) func(io.Reader) error {
		return func(r io.Reader) error {
			list, err := read(r)
			j.in.Exclusions = append(j.in.Exclusions, list...)
			return err
		}
	}
	for _, name := range leie {
		if err := open(name, exclusions(licensure.ReadLEIE)); err != nil {
			return err
		}
	}
	for _, name := range sam {
		if err := open(name, exclusions(licensure.ReadSAM)); err != nil {
			return err
		}
	}
	wanted := map[string]bool{}
	for _, e := range j.in.Roster {
		wanted[e.NPI] = e.NPI != ""
	}
	for _, name := range nppes {
		err := open(name, func(r io.Reader) error {
			some, err := licensure.ReadNPPES(r, wanted)
			if j.in.Providers == nil {
				j.in.Providers = map[string]licensure.Provider{}
			}
			for npi, p := range some {
				j.in.Providers[npi] = p
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// judge verifies every credential of the roster, on all cores.
func (j *monitorJob) judge(ctx context.Context, dir string) error {
	type task struct {
		person string
		nth    int
		file   string
	}
	j.in.Watched = make(map[string][]licensure.Watched, len(j.in.Roster))
	var tasks []task
	for _, e := range j.in.Roster {
		j.in.Watched[e.Person] = make([]licensure.Watched, len(e.Credentials))
		for i, file := range e.Credentials {
			tasks = append(tasks, task{e.Person, i, file})
		}
	}
	// Thousands of small documents make garbage that is quick to collect and often
	// collected; a larger heap saves a fifth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	work := make(chan task)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			checker := verifier.NewChecker(j.ev, j.trust)
			for t := range work {
				j.in.Watched[t.person][t.nth] = j.watched(checker, dir, t.file)
			}
		})
	}
	for i, t := range tasks {
		if ctx.Err() != nil {
			break
		}
		work <- t
		j.app.progress("credential", i+1, len(tasks))
	}
	close(work)
	wg.Wait()
	return ctx.Err()
}

func (j *monitorJob) watched(c *verifier.Checker, dir, file string) licensure.Watched {
	name := filepath.FromSlash(file)
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	raw, err := readFile(name, credential.MaxBytes)
	if err != nil {
		// The whole path would tell where this machine keeps its files.
		return licensure.Watched{File: file, Err: errors.New("no such file, or too large")}
	}
	return licensure.Watch(file, c.Check(raw, j.at))
}

// record builds the record of licences from the credentials and the orders, and what
// follows for other boards.
func (j *monitorJob) record(ctx context.Context, names []string, compact string) error {
	if len(names) == 0 {
		return nil
	}
	files, err := filesUnder(names)
	if err != nil {
		return err
	}
	log := new(licensure.Log)
	holders := map[string]*licensure.Holder{}
	for _, e := range j.in.Roster {
		holders[e.Person] = j.holder(log, e)
	}
	checker := verifier.NewChecker(j.ev, j.trust)
	var signed []licensure.SignedOrder
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := readFile(name, credential.MaxBytes)
		if err != nil {
			return err
		}
		r := checker.Check(raw, j.at)
		if r.Verdict != verifier.Valid {
			s, _ := r.Deciding()
			j.app.say("not counted: %s is %s (%s)", name, r.Verdict, s.Code)
			continue
		}
		claims, err := licensure.ClaimsOf(r)
		var o licensure.Order
		if err == nil {
			o, err = licensure.OrderOf(claims)
		}
		if err == nil {
			err = log.Add(o, r.Document)
		}
		if err != nil {
			j.app.say("not counted: %s: %v", name, err)
			continue
		}
		signed = append(signed, licensure.SignedOrder{Order: o, Digest: r.Document})
	}
	j.in.Log = log
	return j.alerts(holders, signed, compact)
}

// holder adds the terms of somebody's licences to the record.
func (j *monitorJob) holder(log *licensure.Log, e licensure.RosterEntry) *licensure.Holder {
	h := new(licensure.Holder)
	for _, w := range j.in.Watched[e.Person] {
		if w.Report == nil || w.Report.Verdict != verifier.Valid && w.Report.Verdict != verifier.NotInForce {
			continue
		}
		term, err := w.Term()
		if err != nil {
			continue // not a licence
		}
		if err := log.AddTerm(term); err != nil {
			j.app.say("not counted: %s: %v", w.File, err)
			continue
		}
		issued, _ := time.Parse(time.DateOnly, string(term.Start))
		h.Licences = append(h.Licences, licensure.HolderLicence{Key: term.Licence, Board: term.Board, Basis: term.Basis, Issued: issued})
		if s, _ := w.Report.Claims["credentialSubject"].(map[string]any); s["statePrincipalLicence"] == true {
			h.Principal = append(h.Principal, licensure.Designation{Licence: term.Licence, From: issued})
		}
	}
	return h
}

func (j *monitorJob) alerts(holders map[string]*licensure.Holder, signed []licensure.SignedOrder, compact string) error {
	if compact == "" {
		return nil
	}
	rules, err := readCompactRules(compact)
	if err != nil {
		return err
	}
	for _, e := range j.in.Roster {
		h := holders[e.Person]
		var own []licensure.SignedOrder
		for _, o := range signed {
			if slices.ContainsFunc(h.Licences, func(l licensure.HolderLicence) bool { return l.Key == o.Licence }) {
				own = append(own, o)
			}
		}
		if len(own) == 0 {
			continue
		}
		c, err := rules.Cascade(*h, own)
		if err != nil {
			return err
		}
		j.in.Alerts = append(j.in.Alerts, c.Alerts...)
		for _, o := range c.Orders {
			if err := j.in.Log.Add(o, ""); err != nil {
				j.app.say("not counted: %v", err)
			}
		}
	}
	return nil
}

// filesUnder lists files, and the JSON files in folders, in order.
func filesUnder(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		in, err := filepath.Glob(filepath.Join(name, "*.json"))
		if err != nil {
			return nil, err
		}
		files = append(files, in...)
	}
	slices.Sort(files)
	return files, nil
}

// keysOf names the keys that a trust file has for each issuer, each with what it is.
func keysOf(t *verifier.Trust) map[string][]string {
	all := map[string][]string{}
	for _, is := range t.Issuers {
		var ids []string
		for _, k := range is.Keys {
			if text, err := did.Multikey(k.Public); err == nil {
				ids = append(ids, k.ID+" "+text)
			}
		}
		if is.Document != nil {
			for _, k := range is.Document.Keys {
				if text, err := did.Multikey(k.Public); err == nil {
					ids = append(ids, k.ID+" "+text)
				}
			}
		}
		slices.Sort(ids)
		all[is.ID] = slices.Compact(ids)
	}
	return all
}

var urgencyWords = map[licensure.Urgency]string{licensure.Today: "today", licensure.ThisWeek: "this week", licensure.ThisMonth: "this month", licensure.Note: "later"}

func (a *app) printWork(l *licensure.WorkList, asJSON, asCSV bool) error {
	switch {
	case asJSON:
		raw, err := json.Marshal(l)
		if err == nil {
			_, err = io.WriteString(a.stdout, printableJSON(raw)+"\n")
		}
		return err
	case asCSV:
		return writeWorkCSV(a.stdout, l)
	}
	rows := [][]string{{"", "when", "person", "what", "about", "detail", "since"}}
	for _, i := range l.Items {
		mark := ""
		if i.New {
			mark = "new"
		}
		rows = append(rows, []string{mark, urgencyWords[i.Urgency], strings.TrimSpace(i.Person + " " + i.Name), string(i.Kind), i.About, i.Detail, i.Since[:10]})
	}
	if len(rows) > 1 {
		for _, r := range rows {
			for k := range r {
				r[k] = oneLine(r[k])
			}
		}
		table(a.stdout, rows)
		fmt.Fprintln(a.stdout)
	}
	before := "This is the first run."
	if l.Since != "" {
		before = fmt.Sprintf("Since the run of %s: %d new, %d no longer open.", l.Since, l.New, len(l.Resolved))
	}
	fmt.Fprintf(a.stdout, "%d people, %d things to look at, as of %s. %s\n", l.People, len(l.Items), l.At, before)
	if len(l.Next) > 0 {
		n := l.Next[0]
		fmt.Fprintf(a.stdout, "Next to end: %s %s, %s, on %s.\n", oneLine(n.Person), oneLine(n.Name), oneLine(n.About), n.Ends)
	}
	return nil
}

// writeWorkCSV writes the list for a spreadsheet: a field that one would take for a
// formula begins with an apostrophe.
func writeWorkCSV(w io.Writer, l *licensure.WorkList) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"urgency", "new", "kind", "person", "name", "about", "detail", "since", "asOf", "ends"}); err != nil {
		return err
	}
	for _, i := range l.Items {
		row := []string{urgencyWords[i.Urgency], fmt.Sprint(i.New), string(i.Kind), i.Person, i.Name, i.About, i.Detail, i.Since, i.AsOf, string(i.Ends)}
		for k := range row {
			row[k] = inSpreadsheet(row[k])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

//go:embed worklist.html
var workPage string

func writeWorkPage(name string, l *licensure.WorkList) error {
	t, err := template.New("worklist").Funcs(template.FuncMap{"when": func(u licensure.Urgency) string { return urgencyWords[u] }}).Parse(workPage)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, l); err != nil {
		return err
	}
	return writeWhole(name, b.Bytes())
}
