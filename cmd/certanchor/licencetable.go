package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
	"github.com/certanchor/certanchor/verifier"
)

var licenceTableCommand = command{
	name:    "table",
	usage:   "ROWS.csv --trust FILE --status LIST… [--before LIST…] [--json]  |  rows FILE… --trust FILE",
	summary: "a payer's directory: the status of each licence by the boards' signed lists, or only what has changed",
	example: "certanchor licence table rows.csv --trust trust.json --status july/*.json --before june/*.json",
	run:     (*app).licenceTable,
}

// rowColumns are the columns of a directory: which entry of which list of whom stands for a
// licence.
var rowColumns = []string{"licence", "issuer", "list", "index"}

// A directoryRow is one licence of a directory.
type directoryRow struct {
	licence string
	list    *directoryList
	index   int
}

// A directoryList is a status list as the directory needs it, now and before. Where bits is
// nil the list did not count, and code says why.
type directoryList struct {
	issuer, url string
	now, before readList
}

type readList struct {
	bits *status.Bitstring
	code verifier.Code
	from time.Time
}

// unavailable is what a directory says of a licence whose list does not count: never
// "active" (ST-3).
const unavailable = "unavailable"

func (l readList) at(index int) string {
	if l.bits == nil {
		return unavailable
	}
	v, err := l.bits.At(index)
	if err != nil {
		return unavailable
	}
	return licensure.LegalStatus(v).String()
}

func (a *app) licenceTable(ctx context.Context, fs *flag.FlagSet, args []string) error {
	asJSON := fs.Bool("json", false, "print JSON, one row a line, in place of CSV")
	var before texts
	fs.Var(&before, "before", "a status list of the time before: print only what has changed since; may be given again")
	var flags paperFlags
	flags.declare(fs)
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) == 0 || operands[0] != "rows" && len(operands) != 1 {
		return misuse("certanchor licence table -h", "table needs one file of rows, or rows and licences")
	}
	d, err := flags.open()
	if err != nil {
		return err
	}
	if operands[0] == "rows" {
		return a.tableRows(ctx, d, operands[1:])
	}
	rows, lists, err := readRows(operands[0])
	if err != nil {
		return err
	}
	if err := d.openLists(lists, before); err != nil {
		return err
	}
	return a.printDirectory(rows, lists, len(before) > 0, *asJSON)
}

// readRows reads a directory, whole, before anything is told.
func readRows(name string) ([]directoryRow, []*directoryList, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	head, err := r.Read()
	bad := func(format string, args ...any) error {
		return misuse("correct the table; nothing was done", "%s: %s", name, fmt.Sprintf(format, args...))
	}
	if err != nil {
		return nil, nil, bad("%v", err)
	}
	column := map[string]int{}
	for i, h := range head {
		h = strings.TrimPrefix(h, "\ufeff")
		if _, twice := column[h]; twice || !slices.Contains(rowColumns, h) {
			return nil, nil, bad("the columns are %s", strings.Join(rowColumns, ", "))
		}
		column[h] = i
	}
	if len(column) != len(rowColumns) {
		return nil, nil, bad("the columns are %s", strings.Join(rowColumns, ", "))
	}
	var rows []directoryRow
	var lists []*directoryList
	known := map[[2]string]*directoryList{}
	for line := 2; ; line++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, lists, nil
		}
		if err != nil {
			return nil, nil, bad("%v", err)
		}
		index, err := status.ParseIndex(record[column["index"]])
		if err != nil {
			return nil, nil, bad("line %d: the index is no whole number", line)
		}
		if record[column["licence"]] == "" {
			return nil, nil, bad("line %d: names no licence", line)
		}
		key := [2]string{record[column["issuer"]], record[column["list"]]}
		l := known[key]
		if l == nil {
			l = &directoryList{issuer: strings.Clone(key[0]), url: strings.Clone(key[1])}
			known[[2]string{l.issuer, l.url}] = l
			lists = append(lists, l)
		}
		rows = append(rows, directoryRow{strings.Clone(record[column["licence"]]), l, index})
	}
}

// openLists opens every list, now and before. A list that was seen before is the least that
// counts now (ST-6).
func (d *desk) openLists(lists []*directoryList, before []string) error {
	old := new(verifier.Evidence)
	if err := addLists(old, before); err != nil {
		return err
	}
	then := *d.trust
	then.StatusFloor = nil // what was current then
	checker := verifier.NewChecker(old, &then)
	now := *d.trust
	now.StatusFloor = maps.Clone(d.trust.StatusFloor)
	for _, l := range lists {
		if len(before) == 0 {
			break
		}
		opened, err := checker.List(l.issuer, l.url, "message", licensure.StatusSize, d.at)
		if l.before = counted(opened, err); err == nil {
			if now.StatusFloor == nil {
				now.StatusFloor = map[string]uint64{}
			}
			now.StatusFloor[l.url] = max(now.StatusFloor[l.url], opened.Sequence)
		}
	}
	checker = verifier.NewChecker(d.ev, &now)
	for _, l := range lists {
		opened, err := checker.List(l.issuer, l.url, "message", licensure.StatusSize, d.at)
		l.now = counted(opened, err)
		switch {
		case err != nil:
		case !opened.Until.IsZero() && d.at.After(opened.Until), d.at.Sub(opened.From) > cmp.Or(now.StatusMaxAge, verifier.DefaultStatusMaxAge):
			l.now = readList{code: verifier.CodeStatusStale, from: opened.From}
		case opened.From.After(d.at):
			l.now = readList{code: verifier.CodeStatusFuture, from: opened.From}
		}
	}
	return nil
}

func counted(l *verifier.OpenList, err error) readList {
	var check *verifier.CheckError
	switch {
	case err == nil:
		return readList{bits: l.Bits, from: l.From}
	case errors.As(err, &check):
		return readList{code: check.Code}
	}
	return readList{code: verifier.CodeListMalformed}
}

// A tableRow is one row of the result, as --json prints it.
type tableRow struct {
	Licence string `json:"licence"`
	Before  string `json:"before,omitempty"`
	Status  string `json:"status"`
	AsOf    string `json:"asOf,omitempty"`
	Reason  string `json:"reason,omitempty"` // why the list does not count
}

// printDirectory prints the table, or only the rows that differ, and says how many licences
// have which status.
func (a *app) printDirectory(rows []directoryRow, lists []*directoryList, changes, asJSON bool) error {
	out := csv.NewWriter(a.stdout)
	print := func(r tableRow) error {
		if asJSON {
			raw, err := json.Marshal(r)
			if err == nil {
				_, err = io.WriteString(a.stdout, printableJSON(raw)+"\n")
			}
			return err
		}
		cells := []string{r.Licence, r.Before, r.Status, r.AsOf, r.Reason}
		if !changes {
			cells = append(cells[:1], cells[2:]...)
		}
		for i := range cells {
			cells[i] = inSpreadsheet(cells[i])
		}
		return out.Write(cells)
	}
	if !asJSON {
		head := []string{"licence", "status", "asOf", "reason"}
		if changes {
			head = []string{"licence", "before", "status", "asOf", "reason"}
		}
		if err := out.Write(head); err != nil {
			return err
		}
	}
	count := map[string]int{}
	changed := 0
	for _, r := range rows {
		one := tableRow{Licence: r.licence, Status: r.list.now.at(r.index), Reason: string(r.list.now.code)}
		count[one.Status]++
		if one.Status == unavailable && one.Reason == "" {
			one.Reason = string(verifier.CodeIndexRange)
		}
		if !r.list.now.from.IsZero() {
			one.AsOf = r.list.now.from.UTC().Format(time.RFC3339)
		}
		if changes {
			one.Before = r.list.before.at(r.index)
			if one.Before == one.Status {
				continue
			}
			changed++
		}
		if err := print(one); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	var words []string
	for _, s := range slices.Sorted(maps.Keys(count)) {
		words = append(words, s+" "+strconv.Itoa(count[s]))
	}
	a.say("%d licences in %d lists: %s.", len(rows), len(lists), strings.Join(words, ", "))
	if changes {
		a.say("%d have changed.", changed)
	}
	if count[unavailable] > 0 {
		a.say("What is unavailable is not known to be good: get the list that is missing.")
		return exitStatus(exitIndeterminate)
	}
	return nil
}

// inSpreadsheet makes a field safe for a spreadsheet, which would take some for formulas.
func inSpreadsheet(s string) string {
	if s = printable(s); s != "" && strings.ContainsAny(s[:1], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

// tableRows prints the rows of licences that a payer holds.
func (a *app) tableRows(ctx context.Context, d *desk, names []string) error {
	papers, err := d.read(ctx, names)
	if err != nil {
		return err
	}
	out := csv.NewWriter(a.stdout)
	if err := out.Write(rowColumns); err != nil {
		return err
	}
	for _, p := range papers {
		if p.kind() != licensure.TypeLicence || p.taken {
			a.say("left out: %s", oneLine(p.file))
			continue
		}
		t, err := licensure.TermOf(p.claims(), p.leaf)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		raw, err := readFile(p.file, credential.MaxBytes)
		if err != nil {
			return err
		}
		c, err := credential.Parse(raw)
		var entries []credential.StatusEntry
		if err == nil {
			entries, err = c.StatusEntries()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		i := slices.IndexFunc(entries, func(e credential.StatusEntry) bool { return e.Purpose == "message" })
		if i < 0 {
			a.say("left out, its board publishes no legal status: %s", oneLine(p.file))
			continue
		}
		if err := out.Write([]string{t.Licence.String(), p.report.Issuer.ID, entries[i].List, entries[i].Index}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
