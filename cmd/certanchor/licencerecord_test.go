package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// TestPointInTime is a dispute about a claim (scenario 9): what the licence was on the day
// of care, given what was known then and given what is known now, from signed papers alone.
func TestPointInTime(t *testing.T) {
	o := newOffice(t, alder)
	papers := o.issue(alder, o.drafts(
		o.licence(alder, "L01", 300),
		o.order(alder, "O-1", "L01", licensure.Suspension, 100, 60), // told 40 days late
		o.order(alder, "O-2", "L01", licensure.Reinstatement, 20, 20),
	)...)
	care := o.ago(90).Format(time.DateOnly)
	status := func(at string, more ...string) statusJSON {
		args := append([]string{"licence", "status", o.key(alder, "L01").String(), "--at", at, "--json"}, more...)
		return asJSON[statusJSON](o, append(append(args, papers...), o.asked()...)...)
	}
	s := status(care)
	if s.Then.Status != "active" || !s.Then.FullyLicensed || s.Now.Status != "suspended" || s.Now.FullyLicensed || s.Now.By != "O-1" {
		t.Errorf("on the day of care: then %+v, now %+v", s.Then, s.Now)
	}
	if len(s.Orders) != 2 || s.Orders[0].Then != "not-known" || s.Orders[0].Now != "applied" || len(s.Orders[0].Credential) != 64 || s.Orders[1].Now != "not-yet" {
		t.Errorf("proof: %+v", s.Orders)
	}
	if s := status(care, "--known", o.ago(50).Format(time.DateOnly)); s.Then.Status != "suspended" {
		t.Errorf("as known once it was recorded: %+v", s.Then)
	}
	// The day on which it begins is no day of full licence, though it began active.
	if s := status(o.ago(100).Format(time.DateOnly)); s.Now.FullyLicensed || s.Now.Status != "suspended" || s.Then.Status != "active" {
		t.Errorf("on the day of the order: %+v", s)
	}
	if s := status(o.ago(20).Format(time.DateOnly)); s.Now.FullyLicensed || s.Now.Status != "active" || !s.Now.Changed {
		t.Errorf("reinstated during the day: %+v", s.Now)
	}
	if s := status(o.ago(10).Format(time.DateOnly)); !s.Now.FullyLicensed || !s.Then.FullyLicensed {
		t.Errorf("reinstated: %+v", s)
	}
	if s := status(o.now.AddDate(3, 0, 0).Format(time.DateOnly)); s.Now.Status != "expired" || s.Now.FullyLicensed {
		t.Errorf("after the term: %+v", s.Now)
	}
	// For a person.
	out, _ := o.run(0, append([]string{"licence", "status", o.key(alder, "L01").String(), "--at", care}, papers...)...)
	for _, want := range []string{"then  ", "now   ", "suspended", "O-1", "not-known"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table has no %q:\n%s", want, out)
		}
	}
	// A licence that nobody has shown.
	o.run(64, append([]string{"licence", "status", "X01//full/L99", "--at", care}, papers...)...)
	o.run(64, append([]string{"licence", "status", "L01", "--at", care}, papers...)...)
	// Without the licence itself an order is about nothing.
	o.run(64, "licence", "status", o.key(alder, "L01").String(), "--at", care, papers[1])
}

// TestRecord: a board adds to its record, which is sealed with every batch; what does not go
// is refused by its rule, and nothing of that run is kept.
func TestRecord(t *testing.T) {
	o := newOffice(t, alder, birch)
	first := o.issue(alder, o.drafts(o.licence(alder, "L01", 300), o.licence(alder, "L02", 300))...)
	others := o.issue(birch, o.drafts(o.licence(birch, "B01", 300))...)
	add := func(want int, files ...string) string {
		t.Helper()
		out, talk := o.run(want, append([]string{"licence", "record", "add", "--issuer", o.at(alder)}, files...)...)
		return out + talk
	}
	record := func() string {
		raw, err := os.ReadFile(o.at(alder, "state", "record"))
		o.must(err)
		return string(raw)
	}
	if out := add(0, append(first, others...)...); !strings.Contains(out, "3 added, 0 were there") {
		t.Error(out)
	}
	if out := add(0, first[0]); !strings.Contains(out, "0 added, 1 were there") {
		t.Error(out)
	}
	if info, err := os.Stat(o.at(alder, "state", "record")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	orders := o.issue(alder, o.drafts(
		o.order(alder, "O-1", "L01", licensure.Revocation, 100, 90),
		o.order(alder, "O-2", "L01", licensure.Revocation, 80, 80),
		o.order(alder, "O-3", "L07", licensure.Suspension, 80, 80),
		o.order(alder, "O-4", "L02", licensure.Suspension, 400, 80),
		o.order(alder, "O-5", "L02", licensure.Reinstatement, 70, 70),
	)...)
	stranger := o.order(birch, "O-6", "L02", licensure.Suspension, 80, 80)
	stranger.Licence = o.key(alder, "L02")
	wrongBoard := o.issue(birch, o.draft(stranger))
	before := record()
	for _, c := range []struct{ file, rule, says string }{
		{orders[1], "", ""}, // fine alone
		{orders[2], "LC-4", "no licence"},
		{orders[3], "LC-4", "before the licence was issued"},
		{orders[4], "LC-3", "active → reinstatement"},
		{wrongBoard[0], "place-not-authorised", "does not count"},
		{first[0] + "x", "", "no such file"},
	} {
		if c.says == "" {
			continue
		}
		// With a good order before it: nothing of the run is kept.
		out := add(64, orders[0], c.file)
		if !strings.Contains(out, c.rule) || !strings.Contains(out, c.says) {
			t.Errorf("%s %s: %s", c.rule, c.says, out)
		}
		if record() != before {
			t.Fatalf("%s: half-applied", c.rule)
		}
	}
	// The board's own trust file gives it every place: then its own record does not know the licence.
	out, talk := wantStatus(t, 64, append([]string{"licence", "record", "add", "--issuer", o.at(birch), "--trust", o.at(birch, "trust.json"), wrongBoard[0]}, o.asked()[2:]...)...)
	if !strings.Contains(out+talk, "LC-4") {
		t.Error(out + talk)
	}
	if out := add(64, orders[0], orders[1]); !strings.Contains(out, "LC-3") || !strings.Contains(out, "revoked → revocation") {
		t.Error(out)
	}
	add(0, orders[0])
	if out := add(64, orders[1]); !strings.Contains(out, "revoked → revocation") {
		t.Error(out)
	}

	// The list says what the record says, and a second time nothing changes.
	_, talk = wantStatus(t, 0, "licence", "project", "--issuer", o.at(alder))
	if !strings.Contains(talk, "2 licences, 1 entries changed") {
		t.Error(talk)
	}
	if _, talk = wantStatus(t, 0, "licence", "project", "--issuer", o.at(alder)); !strings.Contains(talk, "0 entries changed") {
		t.Error(talk)
	}
	o.gather(alder, first[0])
	o.run(3, "verify", first[0])
	o.run(0, "verify", first[1])
	out, _ = wantStatus(t, 0, "licence", "record", "show", "--issuer", o.at(alder))
	if !strings.Contains(out, "revoked") || !strings.Contains(out, "X02//full/B01") {
		t.Error(out)
	}

	// The next batch anchors the head. What was recorded before is too late then.
	late := o.issue(alder, o.drafts(o.order(alder, "O-7", "L02", licensure.Reprimand, 95, 95), o.order(alder, "O-8", "L02", licensure.Reprimand, 10, 10))...)
	snapshot := o.at(alder, "status", snapshotFile)
	o.must(copyFile(snapshot, o.at("snapshot-1.json")))
	if out := add(64, late[0]); !strings.Contains(out, "LC-4") || !strings.Contains(out, "sealed") {
		t.Error(out)
	}
	add(0, late[1])
	check := func(want int, more ...string) string {
		t.Helper()
		out, talk := o.run(want, append([]string{"licence", "record", "check", "--issuer", o.at(alder), o.at("snapshot-1.json")}, more...)...)
		return out + talk
	}
	if out := check(0, first[0], orders[0], late[1], others[0]); !strings.Contains(out, "1 heads and 4 entries compared, 0 faults") {
		t.Error(out)
	}
	if out := check(1, late[0]); !strings.Contains(out, "no order O-7") {
		t.Error(out)
	}

	// Somebody with the disk in hand: hides the order, changes it, swaps it for another, and
	// takes the head away with it. Every command stumbles over the head; without it, over
	// the anchored one.
	good := record()
	lines := strings.SplitAfter(strings.TrimSpace(good)+"\n", "\n")
	hidden := strings.Join(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.Contains(l, `"O-1"`) }), "")
	for name, bent := range map[string]string{
		"hidden":  hidden,
		"changed": strings.Replace(good, `"action":"revocation"`, `"action":"suspension"`, 1),
		"swapped": strings.Replace(good, `"O-1"`, `"O-9"`, 1),
		"gone":    "",
	} {
		if bent == good {
			t.Fatal(name)
		}
		o.must(os.WriteFile(o.at(alder, "state", "record"), []byte(bent), 0o600))
		if _, talk := wantStatus(t, 64, "licence", "project", "--issuer", o.at(alder)); !strings.Contains(talk, "not the one anchored") {
			t.Errorf("%s: %s", name, talk)
		}
		o.must(os.Rename(o.at(alder, "state", "record.head"), o.at("head")))
		out := check(1, orders[0])
		if !strings.Contains(out, "not the one anchored") || name != "changed" && !strings.Contains(out, "hidden: the record has no order O-1") {
			t.Errorf("%s: %s", name, out)
		}
		o.must(os.Rename(o.at("head"), o.at(alder, "state", "record.head")))
	}
	bentDigest := strings.Replace(good, leafIn(o, orders[0]), strings.Repeat("0", 64), 1)
	o.must(os.WriteFile(o.at(alder, "state", "record"), []byte(bentDigest), 0o600))
	o.must(os.Rename(o.at(alder, "state", "record.head"), o.at("head")))
	if out := check(1, orders[0]); !strings.Contains(out, "changed: the record has the order O-1") {
		t.Error(out)
	}
	o.must(os.Rename(o.at("head"), o.at(alder, "state", "record.head")))
	o.must(os.WriteFile(o.at(alder, "state", "record"), []byte(good), 0o600))
	check(0)
}

func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}

func leafIn(o *office, file string) string {
	raw, err := os.ReadFile(file)
	o.must(err)
	return leafOf(raw, nil)
}

// TestRecordTogether: processes that add at the same time lose nothing of each other's.
func TestRecordTogether(t *testing.T) {
	o := newOffice(t, alder)
	var drafts []map[string]any
	for _, n := range []string{"L1", "L2", "L3", "L4", "L5", "L6"} {
		drafts = append(drafts, o.draft(o.licence(alder, n, 100)))
	}
	files := o.issue(alder, drafts...)
	var wg sync.WaitGroup
	for _, f := range files {
		wg.Go(func() { o.run(0, "licence", "record", "add", "--issuer", o.at(alder), f) })
	}
	wg.Wait()
	h := asJSON[licensure.Head](o, "licence", "record", "head", "--json", "--issuer", o.at(alder))
	if h.Count != len(files) {
		t.Errorf("%d entries of %d", h.Count, len(files))
	}
	lock, err := lockRecord(o.at(alder, "state"))
	o.must(err)
	defer lock.Close()
	defer func(d time.Duration) { lockPatience = d }(lockPatience)
	lockPatience = 200 * time.Millisecond
	if _, talk := wantStatus(t, 74, append([]string{"licence", "record", "add", "--issuer", o.at(alder), files[0]}, o.asked()...)...); !strings.Contains(talk, "wait until the other command has ended") {
		t.Error(talk)
	}
}

// TestRecordRebuilt: two desks make the same record, the same head and the same lists from
// the same papers, in whatever order these come.
func TestRecordRebuilt(t *testing.T) {
	o := newOffice(t, alder)
	papers := o.issue(alder, o.drafts(o.licence(alder, "L01", 300), o.licence(alder, "L02", 300),
		o.order(alder, "O-1", "L01", licensure.ProbationOrder, 100, 90), o.order(alder, "O-2", "L02", licensure.Suspension, 80, 80),
		o.order(alder, "O-3", "L02", licensure.Reinstatement, 60, 50), o.order(alder, "O-4", "L01", licensure.TerminationOfProbation, 40, 40))...)
	o.must(os.CopyFS(o.at("copy"), os.DirFS(o.at(alder))))
	keys, err := filepath.Glob(o.at("copy", "keys", "*"))
	o.must(err)
	for _, name := range keys { // CopyFS does not keep who may read
		o.must(os.Chmod(name, 0o600))
	}
	made := map[string][]byte{}
	for i, dir := range []string{alder, "copy"} {
		files := slices.Clone(papers)
		if i == 1 { // backwards, and in two runs: licences, then orders
			slices.Reverse(files)
			o.run(0, append([]string{"licence", "record", "add", "--issuer", o.at(dir)}, files[4:]...)...)
			files = files[:4]
		}
		o.run(0, append([]string{"licence", "record", "add", "--issuer", o.at(dir)}, files...)...)
		wantStatus(t, 0, "licence", "project", "--issuer", o.at(dir), "--at", o.now.Format(time.RFC3339))
		head, _ := wantStatus(t, 0, "licence", "record", "head", "--issuer", o.at(dir))
		lists, err := filepath.Glob(o.at(dir, "status", "*.json"))
		o.must(err)
		got := [][]byte{[]byte(head)}
		for _, name := range append(lists, o.at(dir, "state", "record")) {
			raw, err := os.ReadFile(name)
			o.must(err)
			got = append(got, raw)
		}
		made[dir] = bytes.Join(got, []byte("\n--\n"))
		if len(lists) < 3 || len(made[dir]) < 1000 {
			t.Fatalf("%d lists, %d bytes", len(lists), len(made[dir]))
		}
	}
	if !bytes.Equal(made[alder], made["copy"]) {
		t.Error("two desks made two records")
	}
	t.Logf("log head and lists, rebuilt: %d bytes, equal", len(made[alder]))
}

// TestRecordKilled ends the process at many moments of a run: the record is what it was, or
// all that was to be added, and the same run goes on.
func TestRecordKilled(t *testing.T) {
	o := newOffice(t, alder)
	var drafts []map[string]any
	for i := range 30 {
		drafts = append(drafts, o.draft(o.licence(alder, fmt.Sprintf("L%02d", i), 100)))
	}
	files := o.issue(alder, drafts...)
	self, err := os.Executable()
	o.must(err)
	add := func() *exec.Cmd {
		c := exec.Command(self, append(append([]string{"licence", "record", "add", "--issuer", o.at(alder)}, files...), o.asked()...)...)
		c.Args[0] = "certanchor"
		return c
	}
	begin := time.Now()
	out, err := add().CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(begin)
	full, err := os.ReadFile(o.at(alder, "state", "record"))
	o.must(err)
	cut := 0
	for i := range 24 {
		o.must(os.RemoveAll(o.at(alder, "state", "record")))
		c := add()
		o.must(c.Start())
		time.Sleep(whole/2 + time.Duration(i)*whole/32)
		c.Process.Kill()
		c.Wait()
		raw, err := os.ReadFile(o.at(alder, "state", "record"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			cut++
		case err != nil || !bytes.Equal(raw, full):
			t.Fatalf("killed in between: %d of %d bytes, %v", len(raw), len(full), err)
		}
	}
	if out, err := add().CombinedOutput(); err != nil {
		t.Fatalf("after kills: %v\n%s", err, out)
	}
	if raw, err := os.ReadFile(o.at(alder, "state", "record")); err != nil || !bytes.Equal(raw, full) {
		t.Error("the run after is not whole")
	}
	t.Logf("24 kills, %d of them before anything was written", cut)
}
