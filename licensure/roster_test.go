package licensure_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

const rosterHead = "person,familyName,givenName,npi,credentials\n"

// TestRosterFaults: a table at fault is an error with its line and column, and gives
// nobody.
func TestRosterFaults(t *testing.T) {
	good := rosterHead + "P1,Ostrowe,Ilva,9000000015,a.json; b.json\nP2,Ð,,,\n"
	all, err := licensure.ReadRoster(strings.NewReader(good))
	if err != nil || len(all) != 2 || len(all[0].Credentials) != 2 || all[0].Credentials[1] != "b.json" || all[1].Credentials != nil {
		t.Fatalf("%+v, %v", all, err)
	}
	if all, err := licensure.ReadRoster(strings.NewReader("\ufeff" + good)); err != nil || len(all) != 2 {
		t.Errorf("with a byte order mark, as spreadsheets write: %v", err)
	}
	for name, c := range map[string]struct {
		text   string
		line   int
		column string
	}{
		"empty":              {"", 1, ""},
		"column unknown":     {strings.Replace(good, "npi", "npi,ssn", 1), 1, "ssn"},
		"column twice":       {strings.Replace(good, "npi,", "npi,npi,", 1), 1, "npi"},
		"column missing":     {strings.Replace(good, "person,", "", 1), 1, "person"},
		"column other case":  {strings.Replace(good, "person", "Person", 1), 1, "Person"},
		"latin-1 head":       {"person,famil\xe9\n", 1, ""},
		"latin-1":            {strings.Replace(good, "Ð", "M\xfcller", 1), 3, "familyName"},
		"utf-16":             {"\xff\xfep\x00e\x00\n", 1, ""},
		"nul":                {strings.Replace(good, "Ilva", "Il\x00va", 1), 2, "givenName"},
		"short line":         {good + "P3,Only\n", 4, ""},
		"open quote":         {good + "\"P3,x,y,,\n", 4, ""},
		"person twice":       {good + "P1,Ostrowe,Ilva,,\n", 4, "person"},
		"person empty":       {good + ",Ostrowe,Ilva,,\n", 4, "person"},
		"name empty":         {good + "P3,,Ilva,,\n", 4, "familyName"},
		"NPI of other digit": {strings.Replace(good, "9000000015", "9000000014", 1), 2, "npi"},
		"field too long":     {good + "P3,x,y,," + strings.Repeat("a", 5000) + "\n", 4, "credentials"},
		"html":               {"<!doctype html>\n<p>no table</p>\n", 1, "<!doctype html>"},
	} {
		all, err := licensure.ReadRoster(strings.NewReader(c.text))
		var fault *licensure.TableError
		if !errors.As(err, &fault) || fault.Line != c.line || fault.Column != c.column || all != nil {
			t.Errorf("%s: %v, %d people", name, err, len(all))
		}
	}
}

// TestPublicFiles reads each of the published layouts, and refuses one for another.
func TestPublicFiles(t *testing.T) {
	const leie = "LASTNAME,FIRSTNAME,MIDNAME,BUSNAME,GENERAL,SPECIALTY,UPIN,NPI,DOB,ADDRESS,CITY,STATE,ZIP,EXCLTYPE,EXCLDATE,REINDATE,WAIVERDATE,WVRSTATE\n" +
		",,,A BUSINESS,,,,0000000000,,,,,,1128a1,20200101,00000000,00000000,\n" +
		"OSTROWE,ILVA,,,,,,9000000015,19700131,,,,,1128a4,20260101,00000000,00000000,\n" +
		"DOE,JO,,,,,,0000000000,,,,,,1128a4,20150101,20200101,00000000,\n"
	const sam = "Classification,Name,First,Middle,Last,Exclusion Type,Active Date,Termination Date,NPI\n" +
		"Firm,X,,,,Ineligible,01/02/2020,Indefinite,\nIndividual,,Ilva,,Ostrowe,Ineligible,01/02/2020,Indefinite,9000000015\nIndividual,,Jo,,Doe,Prohibition,01/02/2020,02/03/2021,\n"
	const nppes = "NPI,Entity Type Code,Provider Last Name (Legal Name),Provider First Name,NPI Deactivation Date,NPI Reactivation Date\n" +
		"9000000015,1,Ostrowe,Ilva,,\n9000000023,1,Doe,Jo,02/01/2026,\n9000000031,1,Roe,Al,02/01/2020,03/01/2020\n9000000049,2,,,,\n9000000056,1,Not,Wanted,,\n"
	x, err := licensure.ReadLEIE(strings.NewReader(leie))
	if err != nil || len(x) != 2 || x[0].NPI != "9000000015" || x[0].Birth != "1970-01-31" || x[0].Until != "" || x[1].NPI != "" || x[1].Until != "2020-01-01" {
		t.Errorf("LEIE: %+v, %v", x, err)
	}
	x, err = licensure.ReadSAM(strings.NewReader(sam))
	if err != nil || len(x) != 2 || x[0].From != "2020-01-02" || x[0].Until != "" || x[1].Until != "2021-02-03" {
		t.Errorf("SAM: %+v, %v", x, err)
	}
	p, err := licensure.ReadNPPES(strings.NewReader(nppes), map[string]bool{"9000000015": true, "9000000023": true, "9000000031": true, "9000000049": true})
	if err != nil || len(p) != 3 || p["9000000023"].Deactivated != "2026-02-01" || p["9000000031"].Deactivated != "" || p["9000000015"].FamilyName != "Ostrowe" {
		t.Errorf("NPPES: %+v, %v", p, err)
	}
	readers := map[string]func(string) error{
		"LEIE":  func(s string) error { _, err := licensure.ReadLEIE(strings.NewReader(s)); return err },
		"SAM":   func(s string) error { _, err := licensure.ReadSAM(strings.NewReader(s)); return err },
		"NPPES": func(s string) error { _, err := licensure.ReadNPPES(strings.NewReader(s), nil); return err },
	}
	files := map[string]string{"LEIE": leie, "SAM": sam, "NPPES": nppes, "roster": rosterHead, "nothing": ""}
	var fault *licensure.TableError
	for name, read := range readers {
		for other, text := range files {
			if err := read(text); other != name && (!errors.As(err, &fault) || fault.Line != 1) {
				t.Errorf("a file of %s read as %s: %v", other, name, err)
			}
		}
	}
	for name, text := range map[string]string{
		"LEIE date": strings.Replace(leie, "20260101", "2026-01-01", 1), "LEIE no date": strings.Replace(leie, "20260101", "00000000", 1),
		"SAM date": strings.Replace(sam, "Ostrowe,Ineligible,01/02/2020", "Ostrowe,Ineligible,2020-01-02", 1),
	} {
		if err := readers[strings.Fields(name)[0]](text); !errors.As(err, &fault) || fault.Line < 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMonitorState: a state of another version, of a later moment or with members that
// nobody knows is refused.
func TestMonitorState(t *testing.T) {
	at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	const good = `{"version":1,"at":"2026-06-01T00:00:00Z","open":{},"orders":{},"keys":{},"lists":{"https://board.example/l":4}}`
	s, err := licensure.ReadMonitorState([]byte(good), at)
	if err != nil || s.Lists["https://board.example/l"] != 4 {
		t.Fatal(s, err)
	}
	for _, bad := range []string{"", "[]", strings.Replace(good, ":1,", ":2,", 1), strings.Replace(good, "2026-06", "2026-08", 1), strings.Replace(good, "open", "opened", 1), strings.Replace(good, "2026-06-01T00:00:00Z", "June", 1)} {
		if _, err := licensure.ReadMonitorState([]byte(bad), at); err == nil {
			t.Errorf("read: %s", bad)
		}
	}
}

// TestMonitorNames: a name alone matches nobody; with the birth year it is a question, by
// number an answer (ID-2).
func TestMonitorNames(t *testing.T) {
	at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	in := licensure.MonitorInput{At: at, Roster: []licensure.RosterEntry{
		{Person: "P1", FamilyName: "Østrøwe", GivenName: "Ilva", BirthYear: "1970", NPI: "9000000015"},
		{Person: "P2", FamilyName: "Østrøwe", GivenName: "Ilva"},
		{Person: "P3", FamilyName: "Doe", GivenName: "Jo", BirthYear: "1971"}},
		Exclusions: []licensure.Exclusion{
			{List: "LEIE", FamilyName: "ØSTRØWE", GivenName: "ILVA", Birth: "1970-01-31", Kind: "k", From: "2020-01-01"},
			{List: "SAM", NPI: "9000000023", FamilyName: "Doe", GivenName: "Jo", Birth: "1971-01-01", Kind: "k", From: "2020-01-01"},
			{List: "LEIE", NPI: "9000000015", FamilyName: "Other", Kind: "over", From: "2020-01-01", Until: "2021-01-01"},
			{List: "LEIE", NPI: "9000000015", FamilyName: "Other", Kind: "to come", From: "2030-01-01"}},
		Watched: map[string][]licensure.Watched{"P3": {{File: "lost.json", Err: errors.New("gone")}}}}
	l, state := licensure.Monitor(in, nil)
	got := map[string]bool{}
	for _, i := range l.Items {
		got[i.Person+" "+string(i.Kind)] = true
	}
	if len(l.Items) != 2 || !got["P1 excluded-maybe"] || !got["P3 missing-file"] {
		t.Errorf("%+v", l.Items)
	}
	in.Exclusions = nil
	l, _ = licensure.Monitor(in, state)
	if len(l.Resolved) != 1 || l.New != 0 || len(l.Items) != 1 {
		t.Errorf("%+v", l)
	}
}

func FuzzTables(f *testing.F) {
	f.Add(rosterHead+"P1,Ostrowe,Ilva,9000000015,a.json\n", 0)
	f.Add("LASTNAME,FIRSTNAME,BUSNAME,NPI,DOB,EXCLTYPE,EXCLDATE,REINDATE\nA,B,,0000000000,,x,20200101,\n", 1)
	f.Add("Classification,First,Last,Exclusion Type,Active Date,Termination Date,NPI\nIndividual,A,B,x,01/02/2020,Indefinite,\n", 2)
	f.Add("NPI,Entity Type Code,Provider Last Name (Legal Name),Provider First Name,NPI Deactivation Date,NPI Reactivation Date\n9000000015,1,A,B,,\n", 3)
	f.Fuzz(func(t *testing.T, text string, kind int) {
		r := strings.NewReader(text)
		var err error
		switch kind & 3 {
		case 0:
			_, err = licensure.ReadRoster(r)
		case 1:
			_, err = licensure.ReadLEIE(r)
		case 2:
			_, err = licensure.ReadSAM(r)
		case 3:
			_, err = licensure.ReadNPPES(r, map[string]bool{"9000000015": true})
		}
		var fault *licensure.TableError
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("%T: %v", err, err)
		}
	})
}
