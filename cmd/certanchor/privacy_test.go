package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// holding returns the files below dir that hold any of the texts, in any case of letters.
func holding(t *testing.T, dir string, texts []string, skip ...string) (files int, hits []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		for _, s := range skip {
			if name == s {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
		}
		if d.IsDir() {
			return nil
		}
		raw, err := os.ReadFile(name)
		files++
		raw = bytes.ToLower(raw)
		for _, s := range texts {
			if bytes.Contains(raw, bytes.ToLower([]byte(s))) {
				hits = append(hits, name+": "+s)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, hits
}

// personal are the texts of a credential that tell about whom it is.
func personal(d map[string]any) []string {
	s, _ := d["credentialSubject"].(map[string]any)
	p, _ := s["person"].(map[string]any)
	var out []string
	for _, v := range []any{s["id"], s["number"], p["npi"], p["familyName"], p["givenName"], d["id"]} {
		if text, _ := v.(string); len(text) > 5 {
			out = append(out, text)
		}
	}
	return out
}

// TestPrivacyScan makes every kind of public file with 40 physicians, orders and a record,
// and finds in none of them a name, a number or a key of theirs (PR-7).
func TestPrivacyScan(t *testing.T) {
	o := newOffice(t, alder, birch)
	made, _ := wantStatus(t, 0, "synth", "--count", "40")
	var drafts []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(made), "\n") {
		var d map[string]any
		o.must(json.Unmarshal([]byte(line), &d))
		d["credentialSubject"].(map[string]any)["jurisdiction"] = "X01"
		drafts = append(drafts, d)
	}
	files := o.issue(alder, drafts...)
	var texts []string
	for _, f := range files {
		texts = append(texts, personal(o.read(f))...)
	}
	s := o.read(files[0])["credentialSubject"].(map[string]any)
	key := licensure.LicenceKey{Jurisdiction: "X01", BoardID: s["boardId"].(string), Type: licensure.FullLicence, Number: s["number"].(string)}
	order := o.order(alder, "ORDER-UNMISTAKABLE", "", licensure.Suspension, 0, 0)
	order.Licence, order.Board = key, s["board"].(string)
	orders := o.issue(alder, o.draft(order))
	o.run(0, append([]string{"licence", "record", "add", "--issuer", o.at(alder)}, append(files, orders...)...)...)
	wantStatus(t, 0, "licence", "project", "--issuer", o.at(alder))
	wantStatus(t, 0, "status", "set", "--issuer", o.at(alder), "--revoke", "--reason", "unmistakable reason", files[1])
	wantStatus(t, 0, "erase", "--issuer", o.at(alder), files[2])
	if _, talk := wantStatus(t, 0, "licence", "project", "--issuer", o.at(alder)); strings.Count(talk, "no entry here") != 1 || !strings.Contains(talk, "39 licences, 0 entries") {
		t.Error(talk) // the record of an erased document stays, by law; its entry is gone
	}
	o.issue(alder, o.draft(o.licence(alder, "LATER-0001", 0))) // with it rides the head of the record
	texts = append(texts, "ORDER-UNMISTAKABLE", "LATER-0001", "unmistakable reason", physician.FamilyName, physician.NPI)

	// A store of headers, which is what a pack is cut from.
	c, err := regtest.Open(o.at("chain"))
	o.must(err)
	tip, _, err := c.Tip(context.Background())
	o.must(err)
	o.must(c.Close())
	o.must(os.WriteFile(o.at("headers.bin"), headersOf(t, o.at("chain"), tip), 0o600))
	wantStatus(t, 0, "headers", "import", "--network", "regtest", "--in", o.at("headers.bin"), "--out", o.at("store"))
	list, _ := wantStatus(t, 0, "anchors", "list", "--issuer", o.at(alder))
	o.must(os.WriteFile(o.at("anchors.txt"), []byte(list), 0o600))

	var private []string
	for _, b := range o.boards {
		private = append(private, o.at(b, "state"), o.at(b, "keys"))
	}
	papers, err := filepath.Glob(o.at("papers-*"))
	o.must(err)
	private = append(append(private, papers...), o.at("drafts.jsonl"))
	n, hits := holding(t, o.dir, texts, private...)
	if len(hits) > 0 {
		t.Errorf("public files name somebody: %v", hits)
	}
	if _, hits := holding(t, o.dir, texts); len(hits) < len(texts)-40 {
		t.Fatalf("the scan finds only %d of %d texts where they are", len(hits), len(texts))
	}
	for _, must := range []string{"status/" + snapshotFile, "issuer.json", "context.jsonld", "trust.json"} {
		if _, err := os.Stat(o.at(alder, must)); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d public files, %d texts looked for: none found", n, len(texts))
}

// leafWith computes the leaf that a document would have with another salt and person; empty
// values leave them as they are.
func leafWith(doc map[string]any, salt string, person any, trust *verifier.Trust) (merkleproof.Hash, error) {
	d := make(map[string]any, len(doc))
	for k, v := range doc {
		d[k] = v
	}
	if salt != "" {
		d["salt"] = salt
	}
	if person != nil {
		s := make(map[string]any)
		for k, v := range doc["credentialSubject"].(map[string]any) {
			s[k] = v
		}
		s["person"] = person
		d["credentialSubject"] = s
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return merkleproof.Hash{}, err
	}
	all, err := verifier.Explain(raw, trust)
	if err != nil {
		return merkleproof.Hash{}, err
	}
	for _, e := range all {
		if e.Target != nil {
			return e.Local, nil
		}
	}
	return merkleproof.Hash{}, fmt.Errorf("no Merkle proof")
}

// TestErasedAmongMany is scenario 7, and PR-4: one record of a batch is erased; all others
// verify; and whoever has the root, the proofs of all others, the issuer's whole state and
// every physician there is confirms nothing about it. 1,000 credentials and candidates;
// CERTANCHOR_LONG makes it a batch of 100,000 and a million candidates.
func TestErasedAmongMany(t *testing.T) {
	count, candidates := 1000, 1000
	if os.Getenv("CERTANCHOR_LONG") != "" {
		count, candidates = 100_000, 1_000_000
	}
	o := newOffice(t, alder)
	wantStatus(t, 0, "keygen", "--out", o.at("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board")
	drafts, _ := wantStatus(t, 0, "synth", "--count", fmt.Sprint(count), "--type", "degree")
	o.must(os.WriteFile(o.at("drafts.jsonl"), []byte(drafts), 0o600))
	wantStatus(t, 0, "issue", "--issuer", o.at("board"), "--in", o.at("drafts.jsonl"), "--out", o.at("papers"))
	files, err := filepath.Glob(o.at("papers", "*.json"))
	o.must(err)
	if len(files) != count {
		t.Fatalf("%d credentials", len(files))
	}
	victim := files[count/3]
	stolen, err := os.ReadFile(victim)
	o.must(err)
	doc := o.read(victim)
	leaf, err := merkleproof.ParseHash(leafIn(o, victim))
	o.must(err)
	wantStatus(t, 0, "erase", "--issuer", o.at("board"), victim)
	o.must(os.Remove(victim)) // the holder's
	files = append(files[:count/3:count/3], files[count/3+1:]...)
	wantStatus(t, 0, "evidence", "--issuer", o.at("board"), "--out", o.at("evidence.json"), files[0])

	begin := time.Now()
	out, _ := wantStatus(t, 0, append([]string{"verify", "--trust", o.at("board", "trust.json"), "--evidence", o.at("evidence.json")}, files...)...)
	if !strings.Contains(out, fmt.Sprintf("%d valid, 0 not in force, 0 indeterminate, 0 invalid", count-1)) {
		t.Error(out[max(0, len(out)-200):])
	}
	t.Logf("the other %d verify, in %v", count-1, time.Since(begin))

	// What is left: no file of the issuer or of any other holds id, salt or holder of it.
	salt, _ := doc["salt"].(string)
	if len(salt) < 20 {
		t.Fatalf("salt %q", salt)
	}
	subject := doc["credentialSubject"].(map[string]any)
	if _, hits := holding(t, o.dir, []string{doc["id"].(string), salt, subject["id"].(string)}, o.at("drafts.jsonl"), o.at("chain")); len(hits) > 0 {
		t.Errorf("left behind: %v", hits)
	}

	// Everything that the others' proofs show.
	shown := map[merkleproof.Hash]bool{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		o.must(err)
		c, err := credential.Parse(raw)
		o.must(err)
		for _, p := range c.Proofs() {
			if p.IsMerkle() {
				shown[p.Merkle.Target] = true
				for _, s := range p.Merkle.Path {
					shown[s.Hash] = true
				}
			}
		}
	}
	trust, err := readTrust(o.at("board", "trust.json"))
	o.must(err)
	// With the salt it would be confirmed: the guess is a good one but for that.
	if got, err := leafWith(doc, "", nil, trust); err != nil || got != leaf {
		t.Fatalf("the leaf is %v, computed %v, %v", leaf, got, err)
	}
	if !shown[leaf] {
		t.Error("the erased leaf stands in no other's proof: nothing was tried")
	}
	if !bytes.Contains(stolen, []byte(salt)) {
		t.Error("no salt in the credential")
	}
	var hits, tried atomic.Int64
	world := synth.New(1)
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				person, err := world.Physician(i).Person.Draft()
				if err != nil { // a made-up number is judged in its credential only
					d, err := world.DegreeDraft(i, o.now)
					if err != nil {
						t.Error(err)
						continue
					}
					person = d["credentialSubject"].(map[string]any)["person"].(map[string]any)
				}
				got, err := leafWith(doc, strings.Repeat("A", len(salt)), person, trust)
				if err != nil {
					t.Error(err)
					continue
				}
				tried.Add(1)
				if shown[got] {
					hits.Add(1)
				}
			}
		})
	}
	begin = time.Now()
	for i := range candidates {
		next <- synth.FirstOrdinary + i%(synth.MaxPhysicians-synth.FirstOrdinary)
	}
	close(next)
	wg.Wait()
	if hits.Load() != 0 || tried.Load() != int64(candidates) {
		t.Errorf("%d of %d candidates confirmed", hits.Load(), tried.Load())
	}
	t.Logf("%d candidates against %d hashes in %v: none confirmed", tried.Load(), len(shown), time.Since(begin))
}
