package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
)

// fillLists writes lists of legal statuses into a board's state folder, as if it had issued
// that many licences.
func (o *office) fillLists(board string, values []*status.Bitstring) {
	o.must(os.MkdirAll(o.at(board, "state", "lists"), 0o700))
	for i, v := range values {
		taken := status.New(v.Len(), 1)
		for k := range v.Len() {
			taken.Set(k, 1)
		}
		name := fmt.Sprintf("licence-2026-message-%d", i+1)
		raw, err := json.Marshal(map[string]any{"version": 1, "name": name, "purpose": "message", "size": 4, "sequence": 0, "allocated": taken.Encode(), "values": v.Encode()})
		o.must(err)
		o.must(os.WriteFile(o.at(board, "state", "lists", name+".json"), raw, 0o600))
	}
}

// TestDirectory is scenario 6: a payer computes the status of 500,000 licences from signed
// lists, and sees what has changed since last month only.
func TestDirectory(t *testing.T) {
	const licences, changes = 500_000, 1234
	o := newOffice(t, alder)
	random := rand.New(rand.NewPCG(1, 2))
	var values []*status.Bitstring
	for range (licences + status.MinEntries - 1) / status.MinEntries {
		v := status.New(status.MinEntries, 4)
		for k := range v.Len() {
			v.Set(k, uint8(random.IntN(9)))
		}
		values = append(values, v)
	}
	o.fillLists(alder, values)
	wantStatus(t, 0, "status", "publish", "--issuer", o.at(alder))
	o.must(os.Rename(o.at(alder, "status"), o.at("june")))

	// July: other values for some, the rest as they were.
	type change struct{ before, now licensure.LegalStatus }
	want := map[string]change{}
	name := func(i int) string { return fmt.Sprintf("X01//full/N%06d", i) }
	for len(want) < changes {
		i := random.IntN(licences)
		v, at := values[i/status.MinEntries], i%status.MinEntries
		old, err := v.At(at)
		o.must(err)
		if _, twice := want[name(i)]; twice {
			continue
		}
		v.Set(at, (old+1)%9)
		want[name(i)] = change{licensure.LegalStatus(old), licensure.LegalStatus((old + 1) % 9)}
	}
	for i, v := range values { // the sequence goes on
		file := o.at(alder, "state", "lists", fmt.Sprintf("licence-2026-message-%d.json", i+1))
		editJSON(t, file, file, func(m map[string]any) { m["values"] = v.Encode() })
	}
	wantStatus(t, 0, "status", "publish", "--issuer", o.at(alder))
	o.must(os.Rename(o.at(alder, "status"), o.at("july")))

	rows := bytes.NewBufferString(strings.Join(rowColumns, ",") + "\n")
	for i := range licences {
		fmt.Fprintf(rows, "%s,%s,https://alder.example/status/licence-2026-message-%d.json,%d\n", name(i), o.id(alder), i/status.MinEntries+1, i%status.MinEntries)
	}
	o.must(os.WriteFile(o.at("rows.csv"), rows.Bytes(), 0o600))
	flags := func(now, before string) []string {
		args := []string{"licence", "table", o.at("rows.csv"), "--trust", o.at("trust.json")}
		for _, f := range [][2]string{{"--status", now}, {"--before", before}} {
			files, err := filepath.Glob(o.at(f[1], "*.json"))
			o.must(err)
			for _, name := range files {
				if f[1] != "" {
					args = append(args, f[0], name)
				}
			}
		}
		return args
	}
	read := func(out string) map[string][]string {
		all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		o.must(err)
		m := map[string][]string{}
		for _, r := range all[1:] {
			m[r[0]] = r[1:]
		}
		return m
	}

	begin := time.Now()
	out, _ := wantStatus(t, 0, flags("july", "")...)
	took := time.Since(begin)
	if got := read(out); len(got) != licences {
		t.Fatalf("%d rows", len(got))
	} else {
		for i := 0; i < licences; i += 997 {
			v, _ := values[i/status.MinEntries].At(i % status.MinEntries)
			if got[name(i)][0] != licensure.LegalStatus(v).String() {
				t.Fatalf("%s is %v", name(i), got[name(i)])
			}
		}
	}
	begin = time.Now()
	out, talk := wantStatus(t, 0, flags("july", "june")...)
	t.Logf("%d licences: the table in %v, the differences in %v", licences, took, time.Since(begin))
	if took > 20*time.Second {
		t.Errorf("the table took %v", took)
	}
	got := read(out)
	if len(got) != len(want) || !strings.Contains(talk, fmt.Sprintf("%d have changed", changes)) {
		t.Errorf("%d differences, %d planted: %s", len(got), len(want), talk)
	}
	for k, c := range want {
		if r := got[k]; r == nil || r[0] != c.before.String() || r[1] != c.now.String() {
			t.Fatalf("%s: %v, want %v", k, r, c)
		}
	}

	// June's lists shown as July's: what is older than what was seen is not current.
	out, _ = wantStatus(t, 2, append(flags("june", "july"), "--json")...)
	if !strings.Contains(out, `"status":"unavailable"`) || !strings.Contains(out, "snapshot-rollback") || strings.Contains(out, `"status":"active"`) {
		t.Errorf("rolled back: %.300s", out)
	}
	// A list that is missing says nothing, and nothing good.
	o.must(os.Remove(o.at("july", "licence-2026-message-2.json")))
	out, talk = wantStatus(t, 2, flags("july", "")...)
	if n := strings.Count(out, unavailable); n != status.MinEntries {
		t.Errorf("%d unavailable: %s", n, talk)
	}
	// A list that has become old, and one that somebody else has signed.
	if out, _ = wantStatus(t, 2, append(flags("july", ""), "--today", o.now.AddDate(2, 0, 0).Format(time.RFC3339))...); strings.Contains(out, "active") {
		t.Error("an old list says active")
	}
	raw, err := os.ReadFile(o.at("july", "licence-2026-message-1.json"))
	o.must(err)
	o.must(os.WriteFile(o.at("july", "licence-2026-message-1.json"), bytes.Replace(raw, []byte(`"sequence": 2`), []byte(`"sequence": 3`), 1), 0o600))
	if after, _ := os.ReadFile(o.at("july", "licence-2026-message-1.json")); bytes.Equal(after, raw) {
		o.must(os.WriteFile(o.at("july", "licence-2026-message-1.json"), bytes.Replace(raw, []byte(`"sequence":2`), []byte(`"sequence":3`), 1), 0o600))
	}
	if out, _ = wantStatus(t, 2, flags("july", "")...); strings.Count(out, unavailable) != 2*status.MinEntries {
		t.Errorf("altered: %d unavailable", strings.Count(out, unavailable))
	}

	for what, text := range map[string]string{
		"column":  "licence,issuer,list,place\n",
		"missing": "licence,issuer,list\n",
		"index":   "licence,issuer,list,index\nL,i,l,007\n",
		"ragged":  "licence,issuer,list,index\nL,i\n",
		"binary":  "\xff\xfe\x00",
		"empty":   "",
	} {
		o.must(os.WriteFile(o.at("bad.csv"), []byte(text), 0o600))
		if out, talk := wantStatus(t, 64, "licence", "table", o.at("bad.csv"), "--trust", o.at("trust.json")); out != "" || !strings.Contains(talk, "nothing was done") {
			t.Errorf("%s: %q, %s", what, out, talk)
		}
	}
}

// TestDirectoryRows makes the rows of a directory from licences, and reads them again.
func TestDirectoryRows(t *testing.T) {
	o := newOffice(t, alder)
	files := o.issue(alder, o.drafts(o.licence(alder, "L01", 100), o.licence(alder, "L02", 100))...)
	rows, _ := o.run(0, append([]string{"licence", "table", "rows"}, files...)...)
	o.must(os.WriteFile(o.at("rows.csv"), []byte(rows), 0o600))
	wantStatus(t, 0, "status", "set", "--issuer", o.at(alder), "--message", "suspended", files[1])
	o.gather(alder, files[0])
	out, _ := o.run(0, "licence", "table", o.at("rows.csv"))
	if !strings.Contains(lineWith(out, "L01"), ",active,") || !strings.Contains(lineWith(out, "L02"), ",suspended,") {
		t.Error(out)
	}
}
