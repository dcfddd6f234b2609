package licensure

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of the tables that a hospital brings.
const (
	maxRows  = 10_000_000
	maxField = 4096 // bytes of one field
)

// A TableError says what is wrong with a table, and in which line (1 is the header).
type TableError struct {
	Table  string // such as "roster" or "LEIE"
	Line   int
	Column string // empty for the whole line
	Detail string
}

func (e *TableError) Error() string {
	at := fmt.Sprintf("%s, line %d", e.Table, e.Line)
	if e.Column != "" {
		at += ", column " + e.Column
	}
	return at + ": " + e.Detail
}

// A RosterEntry is one person on a hospital's roster.
type RosterEntry struct {
	Person      string // the hospital's own number: names the person in every list
	FamilyName  string
	GivenName   string
	BirthYear   string // YYYY or empty
	NPI         string
	Credentials []string // names of files
}

// Columns of a roster. Each may stand once, in any order; no others may.
var rosterColumns = []string{"person", "familyName", "givenName", "birthYear", "npi", "credentials"}

// ReadRoster reads a roster: CSV (RFC 4180) in UTF-8 with a header of the columns person,
// familyName, givenName, npi, credentials (names of files with semicolons between) and, if
// known, birthYear. Errors are *TableError; then there are no entries.
func ReadRoster(r io.Reader) ([]RosterEntry, error) {
	var all []RosterEntry
	seen := map[string]int{}
	t := table{name: "roster", known: rosterColumns, must: []string{"person", "familyName", "givenName", "npi", "credentials"}}
	err := t.read(r, func(line int, get func(string) string) error {
		e := RosterEntry{Person: get("person"), FamilyName: get("familyName"), GivenName: get("givenName"), BirthYear: get("birthYear"), NPI: get("npi")}
		for _, name := range strings.Split(get("credentials"), ";") {
			if name = strings.TrimSpace(name); name != "" {
				e.Credentials = append(e.Credentials, name)
			}
		}
		switch first, twice := seen[e.Person]; {
		case e.Person == "":
			return &TableError{t.name, line, "person", "empty"}
		case twice:
			return &TableError{t.name, line, "person", fmt.Sprintf("%.40q stands in line %d already", e.Person, first)}
		case e.FamilyName == "":
			return &TableError{t.name, line, "familyName", "empty"}
		case e.NPI != "" && !CheckNPI(e.NPI, true) && !CheckNPI(e.NPI, false):
			return &TableError{t.name, line, "npi", fmt.Sprintf("%.20q is no NPI (ID-1)", e.NPI)}
		case e.BirthYear != "" && !isYear(e.BirthYear):
			return &TableError{t.name, line, "birthYear", fmt.Sprintf("%.20q is no year", e.BirthYear)}
		}
		seen[e.Person] = line
		all = append(all, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// A table is a CSV file with a header.
type table struct {
	name  string
	known []string // columns that may stand there; nil for any
	must  []string // columns that must
}

// read calls row for each line after the header; get returns a field by its column, without
// space around it.
func (t table) read(r io.Reader, row func(line int, get func(column string) string) error) error {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return t.broken(1, err)
	}
	at, err := t.header(header)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		fields, err := c.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return t.broken(n+2, err)
		}
		line, _ := c.FieldPos(0)
		if n >= maxRows {
			return &TableError{t.name, line, "", fmt.Sprintf("more than %d lines", maxRows)}
		}
		for i, f := range fields {
			if len(f) > maxField || !utf8.ValidString(f) || strings.ContainsRune(f, 0) {
				return &TableError{t.name, line, header0(at, i), "not UTF-8 text of at most 4096 bytes: save the table as CSV in UTF-8"}
			}
		}
		get := func(column string) string {
			if i, ok := at[column]; ok {
				return strings.TrimSpace(fields[i])
			}
			return ""
		}
		if err := row(line, get); err != nil {
			return err
		}
	}
}

func header0(at map[string]int, i int) string {
	for name, k := range at {
		if k == i {
			return name
		}
	}
	return ""
}

func (t table) broken(line int, err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &TableError{t.name, parse.Line, "", parse.Err.Error()}
	}
	if err == io.EOF {
		return &TableError{t.name, 1, "", "empty: a header is missing"}
	}
	return &TableError{t.name, line, "", err.Error()}
}

func (t table) header(names []string) (map[string]int, error) {
	at := make(map[string]int, len(names))
	for i, raw := range names {
		name := strings.TrimSpace(raw)
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff") // spreadsheets write one
		}
		if !utf8.ValidString(name) {
			return nil, &TableError{t.name, 1, "", "not UTF-8: save the table as CSV in UTF-8"}
		}
		if t.known != nil && !slices.Contains(t.known, name) {
			return nil, &TableError{t.name, 1, name, "not a column of this table; there are " + strings.Join(t.known, ", ")}
		}
		if _, twice := at[name]; twice && t.known != nil {
			return nil, &TableError{t.name, 1, name, "stands there twice"}
		}
		at[name] = i
	}
	for _, name := range t.must {
		if _, ok := at[name]; !ok {
			return nil, &TableError{t.name, 1, name, "the column is missing: is this a " + t.name + " file?"}
		}
	}
	return at, nil
}
