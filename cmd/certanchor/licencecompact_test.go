package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// compactRules writes a rules file for the three places and returns its name.
func (o *office) compactRules() string {
	rules := map[string]any{
		"members":       []any{map[string]any{"jurisdiction": "X01", "principal": true}, map[string]any{"jurisdiction": "X02", "principal": true}, map[string]any{"jurisdiction": "X03", "principal": false}, map[string]any{"jurisdiction": "X04", "principal": false}},
		"jurisdictions": []any{"X01", "X02", "X03", "X04", "X05"},
	}
	raw, err := json.Marshal(rules)
	o.must(err)
	o.must(os.WriteFile(o.at("rules.json"), raw, 0o600))
	return o.at("rules.json")
}

func (o *office) writeCase(text string) string {
	o.must(os.WriteFile(o.at("case.json"), []byte(text), 0o600))
	return o.at("case.json")
}

const aCase = `{"principal": "X01", "ties": {"residence": "X01"}, "findings": [
	{"rule": "CE-6", "result": "met", "by": "X01", "reference": "urn:x:finding-6"},
	{"rule": "CE-8", "result": "met", "by": "X01", "reference": "urn:x:finding-8"},
	{"rule": "CE-9", "result": "met", "by": "X01", "reference": "urn:x:finding-9"}]}`

// qualifications are the papers of a career that a federation verified.
func (o *office) qualifications() []drafter {
	e := func(title string, until time.Time) licensure.Envelope {
		e := o.envelope(source, title, o.ago(40), until)
		e.Person = physician
		return e
	}
	var attempts []licensure.Attempt
	for i, c := range []string{licensure.Step1, licensure.Step2CK, licensure.Step3} {
		attempts = append(attempts, licensure.Attempt{Component: c, No: 1, TakenOn: licensure.Date(fmt.Sprintf("200%d-06", i)), Outcome: licensure.ExamPass})
	}
	asOf := licensure.DateOf(o.ago(50))
	return []drafter{
		licensure.Degree{Envelope: e("Degree", time.Time{}), SchoolID: "XS00001", SchoolName: "Fenwick University School of Medicine",
			Accreditor: licensure.LCME, Country: "XAA", Degree: licensure.MD, Matriculation: "1998", Conferral: "2002-05", DiplomaLanguage: "en"},
		licensure.ExamHistory{Envelope: e("Examinations", time.Time{}), Program: licensure.USMLE, Attempts: attempts, Complete: true, AsOf: asOf},
		licensure.Training{Envelope: e("Training", time.Time{}), ProgrammeID: "9000000260", Sponsor: "Tarnbeck General Hospital", Accreditor: licensure.ACGME,
			Specialty: "Internal Medicine", SpecialtyTaxonomy: "9001R0000X", Level: licensure.Residency, Start: "2002-07-01", End: "2005-06-30", Completed: true, BoardEligible: true},
		licensure.Certification{Envelope: e("Certification", o.now.AddDate(0, 6, 0)), Board: "Crossmarch Board of Medicine", Family: "ABMS", Kind: "general", Specialty: "Internal Medicine",
			Taxonomy: "9001R0000X", Initial: "2006-07-01", Status: "certified", Expires: licensure.DateOf(o.now.AddDate(1, 0, 0)), ContinuingCertification: "required-meeting"},
		licensure.ActionHistory{Envelope: e("History", o.now.AddDate(0, 3, 0)), AsOf: asOf, Covered: []string{"X01", "X02", "X03", "X04", "X05"}, NoneFound: true},
	}
}

// TestCompactStory is scenario 4: an eligible physician gets a letter, three states issue on
// it, the 366th day is refused, and nobody verifies the static facts again.
func TestCompactStory(t *testing.T) {
	o := newOffice(t, alder, birch, cedar, source)
	papers := o.issue(source, o.drafts(o.qualifications()...)...)
	papers = append(papers, o.issue(alder, o.draft(o.licence(alder, "L01", 300)))...)
	compact := func(want int, more ...string) (string, string) {
		t.Helper()
		return o.run(want, append([]string{"licence", "compact", more[0]}, append(more[1:], "--rules", o.compactRules())...)...)
	}
	judge := func(what string, more ...string) []string {
		return append(append([]string{what}, papers...), append(more, "--case", o.writeCase(aCase))...)
	}
	out, _ := compact(0, judge("evaluate")...)
	if !strings.Contains(out, "eligible: eligible for the expedited path") || strings.Count(out, " met ") != 9 {
		t.Error(out)
	}
	// Without the board's word nobody knows; without the degree either.
	out, _ = compact(2, append(append([]string{"evaluate"}, papers...), "--case", o.writeCase(`{"principal": "X01"}`))...)
	if strings.Count(out, "needs-human") != 2 || !strings.Contains(out, "undetermined") {
		t.Error(out)
	}
	all := papers
	papers = papers[1:]
	if out, _ := compact(2, judge("evaluate")...); !strings.Contains(out, "no verified degree") {
		t.Error(out)
	}
	compact(64, judge("letter", "--id", "LOQ-1")...)
	papers = all

	draft, talk := compact(0, judge("letter", "--id", "LOQ-1")...)
	if again, _ := compact(0, judge("letter", "--id", "LOQ-1", "--today", letterMoment(t, draft))...); again != draft {
		t.Error("another draft from the same papers")
	}
	if !strings.Contains(talk, "needs-human  CS-4") {
		t.Error(talk)
	}
	var d map[string]any
	o.must(json.Unmarshal([]byte(draft), &d))
	letter := o.issue(alder, d)[0]
	id, _ := o.read(letter)["id"].(string)

	// Three states: each issues a licence of its own.
	o.places["dell"] = "X04"
	licences := []string{}
	for _, b := range []string{birch, cedar} {
		l := o.licence(b, "C-"+b, 0)
		l.Basis, l.ExpeditedUnderLOQ = licensure.BasisCompact, id
		licences = append(licences, o.issue(b, o.draft(l))...)
		out, _ := compact(0, "expedite", letter, "--place", o.places[b])
		for _, want := range []string{"static-reused", "needs-human", "CL-3", "CL-4"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %s in %s", want, out)
			}
		}
		if n := strings.Count(lineWith(out, "static-reused"), "urn:uuid:"); n != 4 {
			t.Errorf("%d static facts reused: %s", n, out)
		}
		if out, _ := compact(0, "expedite", letter, licences[len(licences)-1], "--place", o.places[b]); strings.Contains(out, "needs-human") {
			t.Error(out)
		}
	}
	compact(0, "expedite", letter, "--place", "X04")
	for _, place := range []string{"X05", "X01"} { // no member, and the principal state itself
		if _, talk := compact(64, "expedite", letter, "--place", place); !strings.Contains(talk, "CL-4") {
			t.Error(talk)
		}
	}
	// The 365th day after issue is the last of the letter.
	for days, want := range map[int]int{365: 0, 366: 64} {
		old := o.read(letter)
		for _, name := range []string{"@context", "id", "salt", "credentialStatus", "proof", "issuer", "credentialSchema"} {
			delete(old, name)
		}
		old["type"] = []any{licensure.TypeLetterOfQualification}
		issued := o.ago(days)
		old["validFrom"], old["validUntil"] = issued.Format(time.RFC3339), issued.Truncate(24*time.Hour).AddDate(0, 0, 366).Format(time.RFC3339)
		s := old["credentialSubject"].(map[string]any)
		s["loqId"], s["issuedOn"], s["expiresOn"] = fmt.Sprint("LOQ-", days), licensure.DateOf(issued), licensure.DateOf(issued.AddDate(0, 0, 365))
		for _, e := range old["evidence"].([]any) {
			e.(map[string]any)["verifiedAt"] = issued.Format(time.RFC3339)
		}
		if _, talk := compact(want, "expedite", o.issue(alder, old)[0], "--place", "X04"); want != 0 && !strings.Contains(talk, "CL-2") {
			t.Errorf("day %d: %s", days, talk)
		}
	}
	// The letter of a state signed by another board is refused before its dates are read.
	d["credentialSubject"].(map[string]any)["loqId"] = "LOQ-2"
	forged := o.issue(birch, d)[0]
	if _, talk := compact(64, "expedite", forged, "--place", "X03"); !strings.Contains(talk, "place-not-authorised") {
		t.Error(talk)
	}
	// A stranger's paper among them.
	other := o.licence(alder, "L02", 300)
	other.Person = licensure.Person{FamilyName: "Kelhart", GivenName: "Norben", NPI: "9000000023"}
	papers = append(papers, o.issue(alder, o.draft(other))...)
	if _, talk := compact(64, judge("evaluate")...); !strings.Contains(talk, "ID-2") {
		t.Error(talk)
	}
	for _, bad := range []string{`{"principal": "X01", "more": 1}`, `{"findings": [{"rule": "CE-1", "result": "met", "by": "X01"}]}`, `{"findings": [{"rule": "CE-6", "result": "yes", "by": "X01"}]}`} {
		compact(64, append(append([]string{"evaluate"}, all...), "--case", o.writeCase(bad))...)
	}
}

func letterMoment(t *testing.T, draft string) string {
	t.Helper()
	var d struct {
		ValidFrom string `json:"validFrom"`
	}
	if err := json.Unmarshal([]byte(draft), &d); err != nil {
		t.Fatal(err)
	}
	return d.ValidFrom
}

func lineWith(text, part string) string {
	for _, l := range strings.Split(text, "\n") {
		if strings.Contains(l, part) {
			return l
		}
	}
	return ""
}

// TestCascadeStory is scenario 5: what follows from signed orders by CD-1, CD-2 and CD-4 is
// the same bytes on two machines, in whatever order the papers come, and the boards' lists
// show it.
func TestCascadeStory(t *testing.T) {
	o := newOffice(t, alder, birch, cedar)
	var papers []string
	perBoard := map[string][]string{}
	for b, orders := range map[string][]drafter{
		alder: {o.licence(alder, "A1", 300), o.order(alder, "A-1", "A1", licensure.Suspension, 200, 190), o.order(alder, "A-2", "A1", licensure.Reinstatement, 150, 150)},
		birch: {o.licence(birch, "B1", 300), o.order(birch, "B-1", "B1", licensure.Reinstatement, 120, 120), o.order(birch, "B-2", "B1", licensure.Suspension, 60, 60)},
		cedar: {o.licence(cedar, "C1", 300)},
	} {
		perBoard[b] = o.issue(b, o.drafts(orders...)...)
		papers = append(papers, perBoard[b]...)
	}
	cascade := func(papers []string, more ...string) string {
		t.Helper()
		args := append([]string{"licence", "compact", "cascade"}, papers...)
		out, _ := o.run(0, append(append(args, "--rules", o.compactRules()), more...)...)
		return out
	}
	forward := cascade(papers, "--json")
	slices.Reverse(papers)
	if back := cascade(papers, "--json"); back != forward || strings.Count(forward, "\n") < 4 {
		t.Errorf("the order of the papers decides:\n%s\n%s", forward, back)
	}
	table := cascade(papers)
	for _, want := range []string{"suspended (automatic, follows X01)", "needs-human  CD-3"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if l := lineWith(table, "X01//full/A1"); !strings.Contains(l, "suspended (automatic, follows X02, until") { // CD-4
		t.Error(l)
	}
	if l := lineWith(table, "X03//full/C1"); !strings.Contains(l, "suspended (automatic, follows X01)") { // CD-2, and 12 outranks 11
		t.Error(l)
	}
	// Before the second suspension, A and B are active again and C still waits for its board.
	byThen := slices.DeleteFunc(slices.Clone(papers), func(p string) bool {
		s, _ := o.read(p)["credentialSubject"].(map[string]any)
		return s["orderId"] == "B-2"
	})
	table = cascade(byThen)
	for place, want := range map[string]string{"X01//full/A1": "active", "X02//full/B1": "active", "X03//full/C1": "follows X01"} {
		if l := lineWith(table, place); !strings.Contains(l, want) {
			t.Errorf("%s: %s", place, l)
		}
	}

	// Each board projects what follows into its own list.
	o.run(0, append(append([]string{"licence", "compact", "cascade"}, papers...), "--rules", o.compactRules(), "--out", o.at("derived.jsonl"))...)
	for b, want := range map[string]string{alder: "compact-auto-suspended", birch: "suspended", cedar: "compact-mirrored-encumbered"} {
		add := append([]string{"licence", "record", "add", "--issuer", o.at(b)}, perBoard[b]...)
		if b == birch { // its reinstatement ends nothing but what follows from A
			if _, talk := o.run(64, add...); !strings.Contains(talk, "active → reinstatement") {
				t.Error(talk)
			}
		}
		o.run(0, append(add, "--cascade", o.at("derived.jsonl"))...)
		wantStatus(t, 0, "licence", "project", "--issuer", o.at(b), "--cascade", o.at("derived.jsonl"))
		out, _ := wantStatus(t, 0, "status", "show", "--issuer", o.at(b), perBoard[b][0])
		if !strings.Contains(out, want) {
			t.Errorf("%s: %s", b, out)
		}
	}
	// A payer asks about a day on which B was suspended by the compact alone.
	care := o.ago(130).Format(time.DateOnly)
	ask := append([]string{"licence", "status", o.key(birch, "B1").String(), "--at", care}, perBoard[birch]...)
	if out, _ := o.run(0, ask...); !strings.Contains(lineWith(out, "now  "), "yes") || !strings.Contains(out, "not counted") {
		t.Error(out)
	}
	s := asJSON[statusJSON](o, append(append(ask, "--cascade", o.at("derived.jsonl"), "--json"), o.asked()...)...)
	if s.Now.FullyLicensed || s.Now.Text != "suspended (automatic, follows X01)" || !s.Compact || !strings.HasPrefix(s.Now.By, "CD-1 A-1") {
		t.Errorf("on the day of care: %+v", s.Now)
	}
	if n := len(s.Orders); n != 3 || s.Orders[2].Credential != leafIn(o, perBoard[alder][1]) {
		t.Errorf("proof: %+v", s.Orders)
	}
	// What no rule brings about is no cascade, whoever wrote the file.
	raw, err := os.ReadFile(o.at("derived.jsonl"))
	o.must(err)
	o.must(os.WriteFile(o.at("bent.jsonl"), []byte(strings.ReplaceAll(string(raw), "compact-automatic", "board-original")), 0o600))
	if _, talk := wantStatus(t, 64, "licence", "project", "--issuer", o.at(cedar), "--cascade", o.at("bent.jsonl")); !strings.Contains(talk, "line 1") {
		t.Error(talk)
	}
}
