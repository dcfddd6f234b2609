package fhir_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/fhir"
)

// draft reads a sample of a type; the claims of a report have the same members and more.
func draft(t testing.TB, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "testdata", "drafts", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.ParseObject(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func subject(d map[string]any) map[string]any { return d["credentialSubject"].(map[string]any) }

func encode(t testing.TB, r fhir.Resource) string {
	t.Helper()
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var qualifying = []string{"identity", "degree", "training", "licence", "certification", "registration"}

func sources(t testing.TB) []fhir.Source {
	status := licensure.Probation
	var list []fhir.Source
	for _, name := range qualifying {
		s := fhir.Source{Claims: draft(t, name), IssuerLabel: name}
		if name == "licence" {
			s.Status = &status
		}
		list = append(list, s)
	}
	return list
}

// TestPractitioner: names once, a qualification for each credential that is one, and
// equal bytes for equal claims.
func TestPractitioner(t *testing.T) {
	r, err := fhir.Practitioner(sources(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r["qualification"].([]any)); n != len(qualifying)-1 {
		t.Errorf("%d qualifications", n)
	}
	again, err := fhir.Practitioner(sources(t))
	if err != nil || encode(t, r) != encode(t, again) {
		t.Error("not the same bytes twice")
	}
	parsed, err := fhir.Parse([]byte(encode(t, r)))
	if err != nil || encode(t, parsed) != encode(t, r) {
		t.Errorf("not read back: %v", err)
	}
	broken := draft(t, "licence")
	subject(broken)["legalStatus"] = "good"
	if _, err := fhir.Practitioner([]fhir.Source{{Claims: broken}}); err == nil {
		t.Error("claims that break their rules were written")
	}
}

// TestRoundTrip is FH-2: number, dates, issuer and status survive, for every status and
// for keys with characters that an address would not have.
func TestRoundTrip(t *testing.T) {
	for code := range 16 {
		status := licensure.LegalStatus(code)
		for _, number := range []string{"0012345", "MD 12/34-é", "%2F", "L0509726"} {
			d := draft(t, "licence")
			s := subject(d)
			s["number"] = number
			r, err := fhir.Practitioner([]fhir.Source{{Claims: d, Status: &status}})
			if err != nil {
				t.Fatal(err)
			}
			back, err := fhir.Parse([]byte(encode(t, r)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := fhir.LicenceFrom(back["qualification"].([]any)[0].(map[string]any))
			if err != nil {
				t.Fatal(err)
			}
			text := func(name string) string { v, _ := s[name].(string); return v }
			want := fhir.LicenceFact{
				Key:         licensure.LicenceKey{Jurisdiction: text("jurisdiction"), BoardID: text("boardId"), Type: licensure.LicenceType(text("licenceType")), Number: number},
				Board:       text("board"),
				FirstIssued: licensure.Date(text("firstIssued")), Start: licensure.Date(text("currentTermStart")), Until: licensure.Date(text("expiresOn")),
				Status: status,
			}
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
	}
	for name, q := range map[string]fhir.Resource{
		"empty": {}, "another's system": {"identifier": []any{map[string]any{"system": "urn:x", "value": "1"}}},
		"no status": {"identifier": []any{map[string]any{"system": "https://certanchor.github.io/fhir/sid/licence/X01//full", "value": "1"}}},
	} {
		if _, err := fhir.LicenceFrom(q); err == nil {
			t.Errorf("%s: read as a licence", name)
		}
	}
}

// TestStatusNotKnown: the status inside a licence is that of its issue and must not come
// out as the one of today (VD-3).
func TestStatusNotKnown(t *testing.T) {
	r, err := fhir.Practitioner([]fhir.Source{{Claims: draft(t, "licence")}})
	if err != nil {
		t.Fatal(err)
	}
	if s := encode(t, r); !strings.Contains(s, `"not-stated"`) || strings.Contains(s, `"valueCode":"active"`) {
		t.Error(s)
	}
}

// TestNothingUndisclosed is FH-3: what a claim no longer holds is nowhere in the output,
// neither its value nor an empty place for it.
func TestNothingUndisclosed(t *testing.T) {
	d := draft(t, "registration")
	s := subject(d)
	number, _ := s["registrationNumber"].(string)
	if number == "" {
		number = "ZS1234563"
		s["registrationNumber"], s["numberOnRequest"] = number, true
	}
	shown, err := fhir.Practitioner([]fhir.Source{{Claims: d}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(encode(t, shown), number) {
		t.Fatal("the number was disclosed and is not there")
	}
	delete(s, "registrationNumber")
	delete(s, "numberOnRequest")
	hidden, err := fhir.Practitioner([]fhir.Source{{Claims: d}})
	if err != nil {
		t.Fatal(err)
	}
	if out := encode(t, hidden); strings.Contains(out, number) || strings.Contains(out, `"DEA"`) {
		t.Error(out)
	}
}

// TestVerificationStatus is the table of the mapping of standings.
func TestVerificationStatus(t *testing.T) {
	for _, c := range []struct {
		v    fhir.Verification
		want string
	}{
		{fhir.Verification{Standing: licensure.InForce}, "validated"},
		{fhir.Verification{Standing: licensure.InForceWithLimits}, "validated"},
		{fhir.Verification{Standing: licensure.Stale}, "req-revalid"},
		{fhir.Verification{Standing: licensure.ProvisionalUntil}, "in-process"},
		{fhir.Verification{Standing: licensure.NotInForce}, "val-fail"},
		{fhir.Verification{Standing: licensure.NotInForce, Repeated: true}, "reval-fail"},
		{fhir.Verification{Standing: licensure.ForgedOrAltered}, "val-fail"},
		{fhir.Verification{Standing: licensure.ForgedOrAltered, Repeated: true}, "reval-fail"},
		{fhir.Verification{Standing: licensure.UndeterminedStand}, "in-process"},
		{fhir.Verification{}, "in-process"},
		{fhir.Verification{Standing: licensure.InForce, Attested: true}, "attested"},
	} {
		if got := fhir.VerificationResult(c.v)["status"]; got != c.want {
			t.Errorf("%+v: %v, want %s", c.v, got, c.want)
		}
	}
}

// TestVerificationDates: the status speaks about another moment than the run (PV-1), and
// both stand there.
func TestVerificationDates(t *testing.T) {
	status, run := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 9, 8, 0, 0, 0, time.UTC)
	r := fhir.VerificationResult(fhir.Verification{Standing: licensure.InForce, Dynamic: true, StatusDate: status, Performed: run,
		Next: run.AddDate(0, 0, 30), EveryDays: 30, Source: "Board", SourceKind: "License Board", Validator: "Hospital", Signature: []byte{1}})
	if r["statusDate"] != "2026-06-01T00:00:00Z" || r["lastPerformed"] != "2026-06-09T08:00:00Z" || r["nextScheduled"] != "2026-07-09" {
		t.Errorf("%v", r)
	}
	never := encode(t, fhir.VerificationResult(fhir.Verification{Performed: run}))
	if strings.Contains(never, "statusDate") || strings.Contains(never, "nextScheduled") {
		t.Error(never)
	}
}

// TestEvents writes the resources that are no qualification, and refuses claims of another
// type and orders that are not public.
func TestEvents(t *testing.T) {
	for name, write := range map[string]func(map[string]any) error{
		"affiliation": func(c map[string]any) error { _, err := fhir.Role(c, "Practitioner/1"); return err },
		"order":       func(c map[string]any) error { _, _, err := fhir.Order(c, "Practitioner/1"); return err },
		"consent":     func(c map[string]any) error { _, err := fhir.Consent(c); return err },
	} {
		if err := write(draft(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := write(draft(t, "degree")); err == nil {
			t.Errorf("%s: a degree was taken for one", name)
		}
	}
	sealed := draft(t, "order")
	subject(sealed)["public"] = false
	if _, _, err := fhir.Order(sealed, "Practitioner/1"); err == nil {
		t.Error("an order that is not public was written")
	}
	event := encode(t, fhir.AuditEvent(fhir.Share{When: time.Unix(0, 0), Holder: "did:key:z6Mk", To: "Hospital", Purpose: "privileges", Claims: []string{"number"}}))
	if !strings.Contains(event, `"valueString":"number"`) {
		t.Error(event)
	}
}

// TestDiscrepancies: what an applicant states against what was signed and what a record
// holds.
func TestDiscrepancies(t *testing.T) {
	credential, err := fhir.Practitioner(sources(t))
	if err != nil {
		t.Fatal(err)
	}
	same, err := fhir.Parse([]byte(encode(t, credential)))
	if err != nil {
		t.Fatal(err)
	}
	if d := fhir.Discrepancies(same, credential, nil); len(d) != 0 {
		t.Errorf("equal sources differ: %v", d)
	}
	raw := []byte(encode(t, credential))
	s := subject(draft(t, "licence"))
	expires := s["expiresOn"].(string)
	raw = bytes.ReplaceAll(raw, []byte(`"end":"`+expires+`"`), []byte(`"end":"2031-01-01"`))
	applicant, err := fhir.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	d := fhir.Discrepancies(applicant, credential, same)
	if len(d) != 1 || d[0].Applicant != "2031-01-01" || d[0].Credential != expires || d[0].Record != expires || !strings.HasSuffix(d[0].Element, "period.end") {
		t.Errorf("%+v", d)
	}
	if d := fhir.Discrepancies(nil, nil, nil); len(d) != 0 {
		t.Errorf("%v", d)
	}
}
