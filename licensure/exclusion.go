package licensure

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// An Exclusion is one entry of a public list of those whom federal programmes do not pay.
type Exclusion struct {
	List       string // LEIE or SAM
	NPI        string // empty where the list has none
	FamilyName string
	GivenName  string
	Birth      string // YYYY-MM-DD, YYYY, or empty
	Kind       string // the list's own code or words
	From       Date
	Until      Date // empty while it lasts
}

// active reports whether the exclusion holds on the day of at.
func (x Exclusion) active(at time.Time) bool {
	day := DateOf(at.UTC())
	return x.From <= day && (x.Until == "" || x.Until > day)
}

// ReadLEIE reads the List of Excluded Individuals and Entities in the layout of its
// monthly download (UPDATED.csv): 18 columns from LASTNAME to WVRSTATE, dates YYYYMMDD,
// 0000000000 where there is no NPI. Entries of businesses are left out. Errors are
// *TableError.
func ReadLEIE(r io.Reader) ([]Exclusion, error) {
	var all []Exclusion
	t := table{name: "LEIE", must: []string{"LASTNAME", "FIRSTNAME", "BUSNAME", "NPI", "DOB", "EXCLTYPE", "EXCLDATE", "REINDATE"}}
	err := t.read(r, func(line int, get func(string) string) error {
		if get("LASTNAME") == "" {
			return nil
		}
		x := Exclusion{List: t.name, NPI: strings.Trim(get("NPI"), " "), FamilyName: get("LASTNAME"), GivenName: get("FIRSTNAME"), Kind: get("EXCLTYPE")}
		if x.NPI == "0000000000" {
			x.NPI = ""
		}
		for _, d := range []struct {
			column string
			into   *Date
		}{{"EXCLDATE", &x.From}, {"REINDATE", &x.Until}} {
			day, err := compactDate(get(d.column))
			if err != nil {
				return &TableError{t.name, line, d.column, err.Error()}
			}
			*d.into = day
		}
		birth, err := compactDate(get("DOB"))
		if err != nil {
			return &TableError{t.name, line, "DOB", err.Error()}
		}
		x.Birth = string(birth)
		if x.From == "" {
			return &TableError{t.name, line, "EXCLDATE", "empty"}
		}
		all = append(all, x)
		return nil
	})
	return all, err
}

// compactDate reads YYYYMMDD; eight zeros and nothing at all are no date.
func compactDate(s string) (Date, error) {
	if s == "" || strings.Trim(s, "0") == "" {
		return "", nil
	}
	d, err := time.Parse("20060102", s)
	if err != nil {
		return "", fmt.Errorf("%.20q is no date such as 20260131", s)
	}
	return DateOf(d), nil
}

// ReadSAM reads the public extract of exclusions of the System for Award Management,
// version 2: columns such as Classification, First, Last, NPI, Exclusion Type, Active Date
// and Termination Date, dates MM/DD/YYYY or "Indefinite". Only individuals are taken.
// Errors are *TableError.
func ReadSAM(r io.Reader) ([]Exclusion, error) {
	var all []Exclusion
	t := table{name: "SAM", must: []string{"Classification", "First", "Last", "Exclusion Type", "Active Date", "Termination Date", "NPI"}}
	err := t.read(r, func(line int, get func(string) string) error {
		if !strings.EqualFold(get("Classification"), "Individual") {
			return nil
		}
		x := Exclusion{List: t.name, NPI: get("NPI"), FamilyName: get("Last"), GivenName: get("First"), Kind: get("Exclusion Type")}
		for _, d := range []struct {
			column string
			into   *Date
		}{{"Active Date", &x.From}, {"Termination Date", &x.Until}} {
			day, err := slashDate(get(d.column))
			if err != nil {
				return &TableError{t.name, line, d.column, err.Error()}
			}
			*d.into = day
		}
		if x.From == "" {
			return &TableError{t.name, line, "Active Date", "empty"}
		}
		all = append(all, x)
		return nil
	})
	return all, err
}

// slashDate reads MM/DD/YYYY; "Indefinite" and nothing at all are no date.
func slashDate(s string) (Date, error) {
	if s == "" || strings.EqualFold(s, "Indefinite") {
		return "", nil
	}
	d, err := time.Parse("01/02/2006", s)
	if err != nil {
		return "", fmt.Errorf("%.20q is no date such as 01/31/2026", s)
	}
	return DateOf(d), nil
}

// A Provider is what the register of providers says of an NPI.
type Provider struct {
	NPI         string
	FamilyName  string
	GivenName   string
	Deactivated Date // empty while the number counts
}

// ReadNPPES reads the provider file of the National Plan and Provider Enumeration System in
// its published layout: named columns such as NPI, Entity Type Code and Provider Last
// Name (Legal Name), dates MM/DD/YYYY. Only people (type 1) whose number is in wanted are
// kept, since the file has millions; a number that was deactivated has no type and is kept
// too. Errors are *TableError.
func ReadNPPES(r io.Reader, wanted map[string]bool) (map[string]Provider, error) {
	const family, given = "Provider Last Name (Legal Name)", "Provider First Name"
	all := map[string]Provider{}
	t := table{name: "NPPES", must: []string{"NPI", "Entity Type Code", family, given, "NPI Deactivation Date", "NPI Reactivation Date"}}
	err := t.read(r, func(line int, get func(string) string) error {
		npi, kind := get("NPI"), get("Entity Type Code")
		if !wanted[npi] || kind == "2" {
			return nil
		}
		off, err := slashDate(get("NPI Deactivation Date"))
		if err != nil {
			return &TableError{t.name, line, "NPI Deactivation Date", err.Error()}
		}
		on, err := slashDate(get("NPI Reactivation Date"))
		if err != nil {
			return &TableError{t.name, line, "NPI Reactivation Date", err.Error()}
		}
		if on != "" && on >= off {
			off = ""
		}
		all[npi] = Provider{npi, get(family), get(given), off}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
