package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// TestRebuiltTwice runs the command as a process in two folders that know nothing of each
// other, with the same papers under other names and in another order: record and head,
// lists, evaluation and cascade are equal byte for byte.
func TestRebuiltTwice(t *testing.T) {
	o := newOffice(t, alder, birch, source)
	qualified := o.issue(source, o.drafts(o.qualifications()...)...)
	own := o.issue(alder, o.drafts(o.licence(alder, "A1", 300), o.order(alder, "A-1", "A1", licensure.Suspension, 200, 190),
		o.order(alder, "A-2", "A1", licensure.Reinstatement, 150, 150))...)
	other := o.issue(birch, o.drafts(o.licence(birch, "B1", 300), o.order(birch, "B-1", "B1", licensure.ProbationOrder, 120, 110))...)
	rules, given := o.compactRules(), o.writeCase(aCase)
	self, err := os.Executable()
	o.must(err)
	moment := time.Now().UTC().Add(time.Second).Format(time.RFC3339) // after the lists were published

	rebuild := func(name string, reverse bool) map[string][]byte {
		dir := o.at(name)
		o.must(os.CopyFS(filepath.Join(dir, "board"), os.DirFS(o.at(alder))))
		keys, err := filepath.Glob(filepath.Join(dir, "board", "keys", "*"))
		o.must(err)
		for _, k := range keys {
			o.must(os.Chmod(k, 0o600))
		}
		all := slices.Concat(qualified, own, other)
		if reverse {
			slices.Reverse(all)
		}
		o.must(os.MkdirAll(filepath.Join(dir, "papers"), 0o755))
		named := map[string]string{}
		for i, f := range all {
			named[f] = filepath.Join("papers", fmt.Sprintf("%02d.json", i))
			o.must(copyFile(f, filepath.Join(dir, named[f])))
		}
		run := func(args ...string) []byte {
			t.Helper()
			c := exec.Command(self, append(args, "--today", moment)...)
			c.Args[0], c.Dir = "certanchor", dir
			if reverse {
				c.Env = append(os.Environ(), "TZ=Pacific/Kiritimati", "LANG=C")
			}
			var out, talk bytes.Buffer
			c.Stdout, c.Stderr = &out, &talk
			if err := c.Run(); err != nil && c.ProcessState.ExitCode() != exitNotInForce {
				t.Fatalf("%v: %v\n%s", args, err, talk.Bytes())
			}
			return out.Bytes()
		}
		asked := o.asked()
		var licences []string
		for _, f := range slices.Concat(own, other) {
			licences = append(licences, named[f])
		}
		slices.Sort(licences)
		run(append(append([]string{"licence", "record", "add", "--issuer", "board"}, licences...), asked...)...)
		project := exec.Command(self, "licence", "project", "--issuer", "board", "--at", moment)
		project.Args[0], project.Dir = "certanchor", dir
		if out, err := project.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		made := map[string][]byte{
			"head":       run("licence", "record", "head", "--issuer", "board", "--json"),
			"evaluation": run(append([]string{"licence", "compact", "evaluate", "papers", "--rules", rules, "--case", given, "--json"}, asked...)...),
			"cascade":    run(append([]string{"licence", "compact", "cascade", "papers", "--rules", rules, "--json"}, asked...)...),
			"status":     run(append(append([]string{"licence", "status", o.key(alder, "A1").String(), "--at", o.ago(195).Format(time.DateOnly), "--json"}, licences...), asked...)...),
		}
		files, err := filepath.Glob(filepath.Join(dir, "board", "status", "*.json"))
		o.must(err)
		for _, f := range append(files, filepath.Join(dir, "board", "state", "record")) {
			raw, err := os.ReadFile(f)
			o.must(err)
			made[filepath.Base(f)] = raw
		}
		return made
	}
	one, two := rebuild("one", false), rebuild("two", true)
	if len(one) != len(two) || len(one) < 8 {
		t.Fatalf("%d and %d things made", len(one), len(two))
	}
	for name, raw := range one {
		if len(raw) < 50 || !bytes.Equal(raw, two[name]) {
			t.Errorf("%s differs, or is empty:\n%.300s\n%.300s", name, raw, two[name])
		}
	}
	t.Logf("%d things rebuilt by two processes: equal", len(one))
}
