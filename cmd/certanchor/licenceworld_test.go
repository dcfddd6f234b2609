package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// An office is a folder with boards, whose credentials are really issued, and one trust file
// that knows them all.
type office struct {
	t      *testing.T
	dir    string
	now    time.Time
	boards []string // names of folders
	places map[string]string
	proofs []string // evidence files
}

// Places of the made-up boards.
const (
	alder  = "alder"  // X01, principal state of everybody here
	birch  = "birch"  // X02
	cedar  = "cedar"  // X03
	source = "source" // a federation: degrees, examinations, training
)

func newOffice(t *testing.T, boards ...string) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), now: time.Now().UTC().Truncate(time.Second), boards: boards,
		places: map[string]string{alder: "X01", birch: "X02", cedar: "X03", source: "*"}}
	for _, b := range boards {
		wantStatus(t, 0, "keygen", "--out", o.at(b), "--network", "regtest", "--id", o.id(b), "--name", o.name(b))
	}
	o.writeTrust()
	return o
}

func (o *office) at(names ...string) string {
	return filepath.Join(append([]string{o.dir}, names...)...)
}
func (o *office) id(board string) string   { return "https://" + board + ".example/issuer.json" }
func (o *office) name(board string) string { return "Board of " + board }

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) ago(days int) time.Time { return o.now.AddDate(0, 0, -days) }

// writeTrust joins the boards' own trust files: each may speak for its own place only.
func (o *office) writeTrust() {
	var issuers []any
	for _, b := range o.boards {
		raw, err := os.ReadFile(o.at(b, "trust.json"))
		o.must(err)
		var v map[string]any
		o.must(json.Unmarshal(raw, &v))
		is := v["issuers"].([]any)[0].(map[string]any)
		is["jurisdictions"] = []any{o.places[b]}
		is["contexts"].([]any)[0].(map[string]any)["file"] = b + "/context.jsonld"
		issuers = append(issuers, is)
	}
	editJSON(o.t, o.at(o.boards[0], "trust.json"), o.at("trust.json"), func(v map[string]any) {
		v["statusMaxAge"] = "9000h"
		v["issuers"] = issuers
	})
}

// issue issues drafts in one batch and returns the file of each, in the order of the drafts.
func (o *office) issue(board string, drafts ...map[string]any) []string {
	o.t.Helper()
	out := fmt.Sprintf("papers-%s-%d", board, len(o.proofs))
	var lines bytes.Buffer
	for _, d := range drafts {
		raw, err := json.Marshal(d)
		o.must(err)
		lines.Write(append(raw, '\n'))
	}
	o.must(os.WriteFile(o.at("drafts.jsonl"), lines.Bytes(), 0o600))
	wantStatus(o.t, 0, "issue", "--chain", "embedded="+o.at("chain"), "--issuer", o.at(board), "--in", o.at("drafts.jsonl"), "--out", o.at(out))
	files, err := filepath.Glob(o.at(out, "*.json"))
	o.must(err)
	byKey := map[string]string{}
	for _, f := range files {
		byKey[subjectKey(o.read(f))] = f
	}
	sorted := make([]string, len(drafts))
	for i, d := range drafts {
		if sorted[i] = byKey[subjectKey(d)]; sorted[i] == "" {
			o.t.Fatalf("no credential for draft %d", i)
		}
	}
	o.gather(board, sorted[0])
	return sorted
}

// gather adds an evidence file for the batch of a credential and the lists as they are now.
func (o *office) gather(board, file string) {
	o.t.Helper()
	name := o.at(fmt.Sprintf("evidence-%d.json", len(o.proofs)))
	wantStatus(o.t, 0, "evidence", "--chain", "embedded="+o.at("chain"), "--issuer", o.at(board), "--out", name, file)
	o.proofs = append(o.proofs, name)
}

// asked are the flags that say whom to believe.
func (o *office) asked() []string {
	args := []string{"--trust", o.at("trust.json")}
	for _, p := range o.proofs {
		args = append(args, "--evidence", p)
	}
	return args
}

func (o *office) read(file string) map[string]any {
	o.t.Helper()
	raw, err := os.ReadFile(file)
	o.must(err)
	var d map[string]any
	o.must(json.Unmarshal(raw, &d))
	return d
}

// subjectKey tells drafts of one batch apart.
func subjectKey(d map[string]any) string {
	s, _ := d["credentialSubject"].(map[string]any)
	types := ""
	for _, t := range d["type"].([]any) {
		if t != "VerifiableCredential" && t != "BlockcertsCredential" {
			types = t.(string)
		}
	}
	return fmt.Sprint(types, s["orderId"], s["number"], s["currentTermStart"], s["loqId"], s["action"], s["jurisdiction"])
}

func (o *office) envelope(board, title string, from time.Time, until time.Time) licensure.Envelope {
	return licensure.Envelope{Title: title, ValidFrom: from, ValidUntil: until, Confidence: licensure.Primary, Synthetic: true,
		Evidence: []licensure.Evidence{{Source: o.name(board), Method: licensure.DirectFromSource, VerifiedAt: from, VerifierRole: "officer"}}}
}

// physician is the person of most tests.
var physician = licensure.Person{FamilyName: "Dormondelva", GivenName: "Ilowen", NPI: "9000000015"}

// licence is a full licence for two years, from days ago.
func (o *office) licence(board, number string, days int) licensure.Licence {
	start := o.ago(days)
	end := start.AddDate(2, 0, 0)
	e := o.envelope(board, "Licence to practise medicine", start, end.Truncate(24*time.Hour).AddDate(0, 0, 1))
	e.Person = physician
	active := licensure.Active
	return licensure.Licence{Envelope: e, Jurisdiction: o.places[board], Board: o.name(board), LicenceType: licensure.FullLicence, Number: number,
		FirstIssued: licensure.DateOf(start), CurrentTermStart: licensure.DateOf(start), Expires: licensure.DateOf(end), LegalStatus: &active,
		Full: true, Unrestricted: true, Basis: licensure.Examination, RenewalCycleMonths: 24, StatePrincipal: board == alder}
}

func (o *office) key(board, number string) licensure.LicenceKey {
	return licensure.LicenceKey{Jurisdiction: o.places[board], Type: licensure.FullLicence, Number: number}
}

// order is an act about a licence: in effect and recorded that many days ago.
func (o *office) order(board, id, number string, a licensure.Action, effective, recorded int) licensure.BoardOrder {
	e := o.envelope(board, "Order of the board", o.ago(recorded), time.Time{})
	return licensure.BoardOrder{Envelope: e, Order: licensure.Order{ID: id, Licence: o.key(board, number), Board: o.name(board), Action: a,
		Origin: licensure.FromBoard, Basis: []string{"record-keeping"}, EffectiveAt: o.ago(effective), RecordedAt: o.ago(recorded), Public: true,
		DocumentDigest: strings.Repeat("ab", 32)}}
}

type drafter interface {
	Draft() (map[string]any, error)
}

func (o *office) draft(d drafter) map[string]any {
	o.t.Helper()
	m, err := d.Draft()
	o.must(err)
	return m
}

func (o *office) drafts(ds ...drafter) []map[string]any {
	o.t.Helper()
	var out []map[string]any
	for _, d := range ds {
		out = append(out, o.draft(d))
	}
	return out
}

// run runs a command with the flags that say whom to believe.
func (o *office) run(want int, args ...string) (stdout, stderr string) {
	o.t.Helper()
	return wantStatus(o.t, want, append(args, o.asked()...)...)
}

// asJSON runs a command that prints JSON.
func asJSON[T any](o *office, args ...string) T {
	o.t.Helper()
	out, _ := wantStatus(o.t, 0, args...)
	var v T
	o.must(json.Unmarshal([]byte(out), &v))
	return v
}
