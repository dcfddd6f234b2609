package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A clinic is a hospital with a roster, a board that licenses its people, a second board,
// and the public files it reads.
type clinic struct {
	t      *testing.T
	dir    string
	now    time.Time
	people []member
}

type member struct {
	person, family, given, npi, file string
	claims                           map[string]any
}

func (c *clinic) at(names ...string) string {
	return filepath.Join(append([]string{c.dir}, names...)...)
}

func (c *clinic) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// soon is how many of the people have a licence that ends before the second run.
const soon = 8

// newClinic issues n licences by one board and three by another.
func newClinic(t *testing.T, n int) *clinic {
	c := &clinic{t: t, dir: t.TempDir(), now: time.Now().UTC().Truncate(time.Second)}
	for _, b := range []struct {
		name string
		skip int
		n    int
	}{{"board", 0, n}, {"other", n, 3}} {
		id := "https://" + b.name + ".example/issuer.json"
		wantStatus(t, 0, "keygen", "--out", c.at(b.name), "--network", "regtest", "--id", id, "--name", "Board "+b.name)
		out, _ := wantStatus(t, 0, "synth", "--count", fmt.Sprint(b.skip+b.n))
		var drafts bytes.Buffer
		for i, line := range strings.Split(strings.TrimSpace(out), "\n")[b.skip:] {
			var d map[string]any
			c.must(json.Unmarshal([]byte(line), &d))
			ends := c.now.AddDate(0, 0, 300)
			if b.skip == 0 && i < soon {
				ends = c.now.AddDate(0, 0, 3)
			}
			d["validUntil"] = ends.Format("2006-01-02") + "T12:00:00Z"
			d["credentialSubject"].(map[string]any)["expiresOn"] = ends.Format("2006-01-02")
			raw, err := json.Marshal(d)
			c.must(err)
			drafts.Write(append(raw, '\n'))
		}
		c.must(os.WriteFile(c.at(b.name+".jsonl"), drafts.Bytes(), 0o600))
		wantStatus(t, 0, "issue", "--chain", "embedded="+c.at("chain"), "--issuer", c.at(b.name), "--in", c.at(b.name+".jsonl"), "--out", c.at("credentials-"+b.name))
		c.enrol("credentials-" + b.name)
		wantStatus(t, 0, "evidence", "--chain", "embedded="+c.at("chain"), "--issuer", c.at(b.name), "--out", c.at(b.name+"-evidence.json"), c.people[len(c.people)-1].file)
	}
	c.writeTrust("trust.json", nil)
	return c
}

func (c *clinic) enrol(folder string) {
	files, err := filepath.Glob(c.at(folder, "*.json"))
	c.must(err)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		c.must(err)
		var d map[string]any
		c.must(json.Unmarshal(raw, &d))
		p := d["credentialSubject"].(map[string]any)["person"].(map[string]any)
		text := func(name string) string { s, _ := p[name].(string); return s }
		c.people = append(c.people, member{fmt.Sprintf("P%05d", len(c.people)), text("familyName"), text("givenName"), text("npi"), name, d})
	}
}

// writeTrust joins the boards' own trust files, and lets a change be made.
func (c *clinic) writeTrust(name string, change func(board map[string]any)) {
	var other map[string]any
	raw, err := os.ReadFile(c.at("other", "trust.json"))
	c.must(err)
	c.must(json.Unmarshal(raw, &other))
	editJSON(c.t, c.at("board", "trust.json"), c.at(name), func(v map[string]any) {
		v["statusMaxAge"] = "9000h"
		v["issuers"] = append(v["issuers"].([]any), other["issuers"].([]any)...)
		for i, who := range []string{"board", "other"} {
			is := v["issuers"].([]any)[i].(map[string]any)
			is["types"] = []any{"LicenceCredential", "BoardOrderCredential"}
			is["jurisdictions"] = []any{"*"}
			is["contexts"].([]any)[0].(map[string]any)["file"] = who + "/context.jsonld"
		}
		if change != nil {
			change(v["issuers"].([]any)[0].(map[string]any))
		}
	})
}

func (c *clinic) writeRoster() {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	c.must(w.Write([]string{"person", "familyName", "givenName", "npi", "credentials"}))
	for _, p := range c.people {
		rel, err := filepath.Rel(c.dir, p.file)
		c.must(err)
		c.must(w.Write([]string{p.person, p.family, p.given, p.npi, rel}))
	}
	w.Flush()
	c.must(os.WriteFile(c.at("roster.csv"), b.Bytes(), 0o600))
}

// writePublic writes the public files in their published layouts, with the planted rows.
func (c *clinic) writePublic(leie, sam []int, renamed, deactivated map[int]bool) {
	write := func(name string, rows [][]string) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		c.must(w.WriteAll(rows))
		c.must(os.WriteFile(c.at(name), b.Bytes(), 0o600))
	}
	rows := [][]string{{"LASTNAME", "FIRSTNAME", "MIDNAME", "BUSNAME", "GENERAL", "SPECIALTY", "UPIN", "NPI", "DOB", "ADDRESS", "CITY", "STATE", "ZIP", "EXCLTYPE", "EXCLDATE", "REINDATE", "WAIVERDATE", "WVRSTATE"},
		{"", "", "", "A BUSINESS", "", "", "", "0000000000", "", "", "", "", "", "1128a1", "20200101", "00000000", "00000000", ""},
		{strings.ToUpper(c.people[0].family), strings.ToUpper(c.people[0].given), "", "", "", "", "", "0000000000", "19500101", "", "", "", "", "1128a1", "20200101", "00000000", "00000000", ""}}
	for _, i := range leie {
		rows = append(rows, []string{c.people[i].family, c.people[i].given, "", "", "", "", "", c.people[i].npi, "", "", "", "", "", "1128a4", "20260101", "00000000", "00000000", ""})
	}
	write("leie.csv", rows)
	rows = [][]string{{"Classification", "Name", "First", "Middle", "Last", "Exclusion Type", "Active Date", "Termination Date", "NPI"}}
	for _, i := range sam {
		rows = append(rows, []string{"Individual", "", c.people[i].given, "", c.people[i].family, "Ineligible (Proceedings Completed)", "01/02/2026", "Indefinite", c.people[i].npi})
	}
	write("sam.csv", rows)
	rows = [][]string{{"NPI", "Entity Type Code", "Provider Last Name (Legal Name)", "Provider First Name", "NPI Deactivation Date", "NPI Reactivation Date"}}
	for i, p := range c.people {
		family, off := p.family, ""
		if renamed[i] {
			family = "Newname"
		}
		if deactivated[i] {
			off = "02/01/2026"
		}
		rows = append(rows, []string{p.npi, "1", family, p.given, off, ""})
	}
	write("nppes.csv", rows)
}

// order writes a signed order of the board about somebody's licence to the orders folder.
func (c *clinic) orders(who []int) {
	var drafts bytes.Buffer
	for n, i := range who {
		s := c.people[i].claims["credentialSubject"].(map[string]any)
		text := func(name string) string { v, _ := s[name].(string); return v }
		o := licensure.BoardOrder{
			Envelope: licensure.Envelope{Title: "Order of the board", ValidFrom: c.now.Add(-time.Hour), Confidence: licensure.Primary, Synthetic: true,
				Evidence: []licensure.Evidence{{Source: "the board", Method: licensure.DirectFromSource, VerifiedAt: c.now.Add(-2 * time.Hour), VerifierRole: "clerk"}}},
			Order: licensure.Order{ID: fmt.Sprintf("ORDER-%03d", n), Board: text("board"), Action: licensure.Reprimand, Origin: licensure.FromBoard, Basis: []string{"record-keeping"},
				Licence:     licensure.LicenceKey{Jurisdiction: text("jurisdiction"), BoardID: text("boardId"), Type: licensure.LicenceType(text("licenceType")), Number: text("number")},
				EffectiveAt: c.now.Add(-3 * time.Hour), RecordedAt: c.now.Add(-2 * time.Hour), Public: true, DocumentDigest: strings.Repeat("ab", 32)},
		}
		d, err := o.Draft()
		c.must(err)
		raw, err := json.Marshal(d)
		c.must(err)
		drafts.Write(append(raw, '\n'))
	}
	c.must(os.WriteFile(c.at("orders.jsonl"), drafts.Bytes(), 0o600))
	wantStatus(c.t, 0, "issue", "--chain", "embedded="+c.at("chain"), "--issuer", c.at("board"), "--in", c.at("orders.jsonl"), "--out", c.at("orders"))
	files, err := filepath.Glob(c.at("orders", "*.json"))
	c.must(err)
	wantStatus(c.t, 0, "evidence", "--chain", "embedded="+c.at("chain"), "--issuer", c.at("board"), "--out", c.at("orders-evidence.json"), files[0])
}

func (c *clinic) run(trust string, when time.Time, more ...string) (licensure.WorkList, time.Duration) {
	c.t.Helper()
	args := append([]string{"monitor", c.at("roster.csv"), "--trust", c.at(trust), "--evidence", c.at("board-evidence.json"), "--leie", c.at("leie.csv"), "--sam", c.at("sam.csv"),
		"--nppes", c.at("nppes.csv"), "--orders", c.at("orders"), "--since", c.at("state.json"), "--at", when.Format(time.RFC3339), "--days", "1", "--json"}, more...)
	begin := time.Now()
	out, talk := wantStatus(c.t, 0, args...)
	took := time.Since(begin)
	if strings.Contains(talk, "not counted") {
		c.t.Error(talk)
	}
	var l licensure.WorkList
	c.must(json.Unmarshal([]byte(out), &l))
	return l, took
}

// TestMonitor plants 50 changes between two runs over a roster and wants exactly these 50.
// CERTANCHOR_LONG makes it a roster of 5,000, with the times that are promised.
func TestMonitor(t *testing.T) {
	n := 150
	if os.Getenv("CERTANCHOR_LONG") != "" {
		n = 5000
	}
	c := newClinic(t, n)
	c.writeRoster()
	c.must(os.Mkdir(c.at("orders"), 0o755))
	c.writePublic(nil, nil, nil, nil)
	// The other board has published twice; the hospital keeps the first list too.
	old, err := filepath.Glob(c.at("other", "status", "*revocation*.json"))
	if err != nil || len(old) != 1 {
		t.Fatalf("%v, %v", old, err)
	}
	first, err := os.ReadFile(old[0])
	c.must(err)
	c.must(os.WriteFile(c.at("old-list.json"), first, 0o600))
	wantStatus(t, 0, "status", "publish", "--issuer", c.at("other"))
	wantStatus(t, 0, "evidence", "--chain", "embedded="+c.at("chain"), "--issuer", c.at("other"), "--out", c.at("other-evidence.json"), c.people[n].file)

	when := time.Now().Add(time.Second)
	l, took := c.run("trust.json", when, "--evidence", c.at("other-evidence.json"))
	t.Logf("first run: %d people, %d items, %v", l.People, len(l.Items), took)
	if l.People != n+3 || len(l.Items) != 0 || l.Since != "" {
		t.Fatalf("a roster in order: %+v", l.Items)
	}
	firstTook := took
	quiet, _ := c.run("trust.json", when.Add(time.Hour), "--evidence", c.at("other-evidence.json"))
	if quiet.New != 0 || len(quiet.Items) != 0 {
		t.Errorf("nothing has changed, and the run tells %+v", quiet.Items)
	}

	// The 50 changes, each of its own person.
	next := soon
	take := func(k int) (who []int) {
		for range k {
			who = append(who, next)
			next++
		}
		return who
	}
	set := func(who []int) map[int]bool {
		m := map[int]bool{}
		for _, i := range who {
			m[i] = true
		}
		return m
	}
	want := map[string]bool{}
	expect := func(kind licensure.WorkKind, who []int) {
		for _, i := range who {
			want[string(kind)+" "+c.people[i].person] = true
		}
	}
	leie, sam, suspended, revoked, renamed, deactivated, ordered := take(10), take(5), take(10), take(2), take(5), take(2), take(6)
	for i, p := range c.people[:n] {
		s := p.claims["credentialSubject"].(map[string]any)
		if s["expiresOn"] == c.now.AddDate(0, 0, 3).Format("2006-01-02") {
			want[string(licensure.WorkExpired)+" "+p.person] = true
			for _, group := range [][]int{leie, sam, suspended, revoked, renamed, deactivated, ordered} {
				for k := range group {
					if group[k] == i { // ends and is chosen: take another
						group[k] = next
						next++
					}
				}
			}
		}
	}
	for _, g := range []struct {
		who  []int
		args []string
	}{{suspended, []string{"--message", "suspended"}}, {revoked, []string{"--revoke", "--reason", "issued in error"}}} {
		args := append([]string{"status", "set", "--issuer", c.at("board")}, g.args...)
		for _, i := range g.who {
			args = append(args, c.people[i].file)
		}
		wantStatus(t, 0, args...)
	}
	expect(licensure.WorkExcluded, append(leie, sam...))
	expect(licensure.WorkStatus, suspended)
	expect(licensure.WorkWithdrawn, revoked)
	expect(licensure.WorkName, renamed)
	expect(licensure.WorkNPI, deactivated)
	expect(licensure.WorkOrder, ordered)
	want[string(licensure.WorkKey)+" https://board.example/issuer.json"] = true
	want[string(licensure.WorkRollback)+" https://other.example/status/"+filepath.Base(old[0])] = true
	c.writePublic(leie, sam, set(renamed), set(deactivated))
	c.orders(ordered)
	wantStatus(t, 0, "evidence", "--chain", "embedded="+c.at("chain"), "--issuer", c.at("board"), "--out", c.at("board-evidence.json"), c.people[0].file)
	c.writeTrust("trust-new-key.json", func(board map[string]any) {
		board["keys"] = []any{map[string]any{"id": "https://board.example/issuer.json#signing-2", "publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "from": "2026-01-01T00:00:00Z"}}
	})
	// The other board's newest list is gone; an old one is shown in its place.
	editJSON(t, c.at("other-evidence.json"), c.at("rolled-back.json"), func(v map[string]any) {
		for url := range v["documents"].(map[string]any) {
			if strings.Contains(url, "revocation") {
				delete(v["documents"].(map[string]any), url)
			}
		}
	})
	if len(want) != 50 {
		t.Fatalf("%d changes are planted", len(want))
	}

	l, took = c.run("trust-new-key.json", when.AddDate(0, 0, 5), "--evidence", c.at("rolled-back.json"), "--evidence", c.at("orders-evidence.json"), "--status", c.at("old-list.json"))
	t.Logf("second run: %d items, %d of them new, %v", len(l.Items), l.New, took)
	found, spurious := 0, 0
	for _, i := range l.Items {
		about := i.Person
		if about == "" {
			about = i.About
		}
		key := string(i.Kind) + " " + about
		switch {
		case i.New && want[key]:
			found++
			delete(want, key)
		case i.New:
			spurious++
			t.Errorf("spurious: %+v", i)
		}
	}
	for key := range want {
		t.Errorf("not found: %s", key)
	}
	t.Logf("monitor: 50 changes planted in a roster of %d: %d found, %d spurious", n+3, found, spurious)
	if n == 5000 && (firstTook > 10*time.Second || took > 2*time.Second) {
		t.Errorf("the runs took %v and %v", firstTook, took)
	}
}
