package licensure

import (
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// TestID1 is rule ID-1 of the domain design.
func TestID1(t *testing.T) {
	for _, c := range []struct {
		s         string
		synthetic bool
		want      bool
	}{
		{"1234567893", false, true},
		{"1234567890", false, false},
		{"1234567893", true, false}, // a real number in a made-up world
		{"9000000015", true, true},
		{"9000000015", false, false},
		{"9000000016", true, false},
		{"3000000008", false, false}, // Luhn is right, the first digit not
		{"0000000006", false, false},
		{"123456789", false, false},
		{"12345678930", false, false},
		{"123456789X", false, false},
		{"１２３４５６７８９３", false, false},
		{"", false, false},
		{"", true, false},
	} {
		if got := CheckNPI(c.s, c.synthetic); got != c.want {
			t.Errorf("CheckNPI(%q, %v) = %v", c.s, c.synthetic, got)
		}
	}
	for s, want := range map[string]bool{
		"ZS1234563": true, "ZS1234564": false, "zs1234563": false, "Z91234563": false,
		"ZS123456": false, "ZS12345633": false, "ZSS234563": false, "": false,
	} {
		if got := CheckDEA(s); got != want {
			t.Errorf("CheckDEA(%q) = %v", s, got)
		}
	}
}

// TestCheckDigits: exactly one last digit is right, and no single digit can be changed.
func TestCheckDigits(t *testing.T) {
	for _, payload := range []string{"123456789", "100000000", "299999999", "187654321"} {
		right := payload + string(rune(NPICheckDigit(payload)))
		for i := range right {
			for d := byte('0'); d <= '9'; d++ {
				s := right[:i] + string(rune(d)) + right[i+1:]
				if CheckNPI(s, false) != (s == right) && s[0] != '9' {
					t.Errorf("%s made from %s: %v", s, right, s != right)
				}
			}
		}
	}
	for _, digits := range []string{"123456", "000000", "999999"} {
		right := "ZS" + digits + string(rune(DEACheckDigit(digits)))
		for d := byte('0'); d <= '9'; d++ {
			if s := right[:8] + string(rune(d)); CheckDEA(s) != (s == right) {
				t.Errorf("CheckDEA(%s) = %v", s, s != right)
			}
		}
	}
}

func TestInstants(t *testing.T) {
	good := []string{
		"1970-01-01T00:00:00Z", "2026-07-01T08:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z", "2000-02-29T00:00:00Z",
	}
	bad := []string{
		"", "2026", "2026-07-01", "2026-07-01T08:00:00", "2026-07-01T08:00Z", "2026-07-01 08:00:00Z",
		"2026-07-01t08:00:00Z", "2026-07-01T08:00:00z", "2026-07-01T08:00:00+00:00", "2026-07-01T08:00:00-00:00",
		"2026-07-01T08:00:00+02:00", "2026-07-01T24:00:00Z", "2026-07-01T08:60:00Z", "2026-12-31T23:59:60Z",
		"2026-07-01T08:00:00.5Z", "2026-07-01T08:00:00,5Z", "2026-07-01T08:00:00.Z", "2026-02-29T08:00:00Z",
		"2026-13-01T08:00:00Z", "2026-00-01T08:00:00Z", "2026-07-00T08:00:00Z", "2026-07-32T08:00:00Z",
		"0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "-2026-07-01T08:00:00Z",
		"+2026-07-01T08:00:00Z", "26-07-01T08:00:00Z", "2026-7-1T8:00:00Z", " 2026-07-01T08:00:00Z",
		"2026-07-01T08:00:00Z ", "2026-07-01T08:00:00ZZ", "2026-07-01T08:00:00 UTC", "２０２６-07-01T08:00:00Z",
		"2026-W27-3T08:00:00Z", "2026-182T08:00:00Z", "1900-02-29T00:00:00Z", "01/07/2026", "2026/07/01T08:00:00Z",
	}
	for _, s := range good {
		if _, ok := parseInstant(s); !ok {
			t.Errorf("%q refused", s)
		}
	}
	for _, s := range bad {
		if _, ok := parseInstant(s); ok {
			t.Errorf("%q accepted", s)
		}
	}
}

func TestPartialDates(t *testing.T) {
	for s, want := range map[string]bool{
		"1986": true, "1986-02": true, "1986-02-28": true, "1984-02-29": true, "1900": true,
		"1985-02-29": false, "1986-00": false, "1986-13": false, "86": false, "1899": false, "1986-2": false,
		"1986-02-3": false, "1986-02-03T00:00:00Z": false, "198 ": false, "+986": false, "1986-": false, "": false,
	} {
		if got := isPartial(s); got != want {
			t.Errorf("isPartial(%q) = %v", s, got)
		}
	}
}

// TestLaterInventsNothing: the missing part of a date decides nothing (ENV-2).
func TestLaterInventsNothing(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1987", "1986-12-31", true}, {"1986", "1986-01-01", false}, {"1986-01-01", "1986", false},
		{"1986-12", "1986-11-30", true}, {"1986-12", "1986-12-01", false}, {"1986-06-02", "1986-06-01", true},
		{"1986-06-01", "1986-06-01", false},
	} {
		if got := later(c.a, c.b); got != c.want {
			t.Errorf("later(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

// TestDayLine: a day that has begun somewhere on Earth is not in the future.
func TestDayLine(t *testing.T) {
	for from, want := range map[string]bool{
		"2026-06-30T09:59:59Z": false, // still 30 June in the farthest east
		"2026-06-30T10:00:00Z": true,
	} {
		c := &checker{}
		c.window(map[string]any{"validFrom": from})
		c.past("", "T02", map[string]any{"conferralDate": "2026-07-01"}, "conferralDate")
		if got := len(c.faults) == 0; got != want {
			t.Errorf("conferred on 1 July, valid from %s: accepted %v", from, got)
		}
	}
}

func TestAbsoluteIRI(t *testing.T) {
	for s, want := range map[string]bool{
		"did:key:z6Mk": true, "urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2": true, "https://board.example/x?y#z": true,
		"bob": false, "": false, "did:": false, "urn:": false, "https://": false, "http://board.example/": false,
		"javascript:alert(1)": false, "//board.example": false, "#x": false, "_:b0": false, "did:key:z6 Mk": false,
		"urn:a>b": false, "urn:a\nb": false, "urn:a\"b": false, "https://a\u202eb": false, "HTTPS://board.example/": false,
		"urn:" + strings.Repeat("a", maxText): false,
	} {
		if got := absoluteIRI(s); got != want {
			t.Errorf("absoluteIRI(%q) = %v", s, got)
		}
	}
}

// TestLegalStatuses is the table of the domain design, section 6.1.
func TestLegalStatuses(t *testing.T) {
	table := strings.Fields(`
		0 active yes                        1 active-with-conditions limited
		2 probation limited                 3 suspended no
		4 summary-suspended no              5 revoked no
		6 surrendered-in-lieu no            7 expired no
		8 inactive-voluntary no             9 retired no
		10 deceased no                      11 compact-auto-suspended no
		12 compact-mirrored-encumbered no   13 pending no
		14 provisional limited              15 not-stated unknown`)
	if len(table) != 3*16 {
		t.Fatal("the table is not of sixteen rows")
	}
	for i := range 16 {
		s := LegalStatus(i)
		name, practice := table[3*i+1], table[3*i+2]
		if s.String() != name || string(s.Practice()) != practice {
			t.Errorf("%d is %s, practice %s; want %s, %s", i, s, s.Practice(), name, practice)
		}
		if got, ok := ParseLegalStatus(name); !ok || got != s {
			t.Errorf("ParseLegalStatus(%s) = %d, %v", name, got, ok)
		}
	}
	if s := LegalStatus(16); s.String() != "legal-status-16" || s.Practice() != PracticeUnknown {
		t.Errorf("16 is %s, practice %s", s, s.Practice())
	}
	for _, name := range []string{"", "Active", "active ", "good", "0"} {
		if s, ok := ParseLegalStatus(name); ok || s != NotStated {
			t.Errorf("ParseLegalStatus(%q) = %v, %v", name, s, ok)
		}
	}
}

func TestDenied(t *testing.T) {
	for _, name := range []string{
		"npdbReport", "NPDB", "npdb_query_result", "criminalHistory", "criminal-history", "CRIMINAL HISTORY", "felonyConviction",
		"fingerprintResult", "backgroundCheckResult", "backgroundCheck", "complaints", "openInvestigation", "peerReview",
		"peer_review_file", "physicianHealthProgram", "healthProgrammeEnrolment", "substanceUseDisorder", "substance.abuse.treatment",
		"alcoholTreatment", "addictionHistory", "impairmentNote", "malpracticePayments", "ssn", "S.S.N.", "socialSecurityNumber",
		"passportNumber", "driversLicenseNumber", "homeAddress", "photo", "photograph", "deaNumber", "DEA",
	} {
		if !denied(name) {
			t.Errorf("%q is allowed", name)
		}
	}
	for _, name := range []string{"backgroundCheckDoneOn", "classNumber", "ideal", "deadline", "programmeMonths", "", "名前", "unusualCircumstances"} {
		if denied(name) {
			t.Errorf("%q is denied", name)
		}
	}
	doc, err := strictjson.ParseObject(contextFile, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for name := range doc["@context"].(map[string]any) {
		if denied(name) {
			t.Errorf("our own term %q is denied", name)
		}
	}
}

// TestTablesNameTerms: what a table asks for has a term, here or in the public contexts.
func TestTablesNameTerms(t *testing.T) {
	doc, err := strictjson.ParseObject(contextFile, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ours := doc["@context"].(map[string]any)
	public := map[string]bool{
		"type": true, "id": true, "name": true, "description": true, "validFrom": true, "validUntil": true,
		"credentialSubject": true, "evidence": true, "termsOfUse": true,
	}
	tables := [][]field{envelopeFields, evidenceFields, subjectFields, personFields}
	for _, rules := range subjects {
		tables = append(tables, rules.fields)
	}
	n := 0
	for _, table := range tables {
		for _, f := range table {
			n++
			if _, ok := ours[f.name]; !ok && !public[f.name] {
				t.Errorf("%s has no term", f.name)
			}
		}
	}
	if n < 77 {
		t.Errorf("only %d fields", n)
	}
	for name := range subjects {
		if _, ok := ours[name]; !ok {
			t.Errorf("type %s has no term", name)
		}
	}
}
