package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/certanchor/certanchor/anchor"
)

// scan returns the files below dir that hold any of the texts.
func scan(t *testing.T, dir string, texts ...string) (hits []string) {
	t.Helper()
	err := filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		for _, s := range texts {
			if bytes.Contains(data, []byte(s)) {
				hits = append(hits, name+": "+s)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// TestErase: after an erasure no file of the issuer holds the credential's id, salt,
// subject or reason; the others keep their place, and the leaf stays in the tree (PR-6).
func TestErase(t *testing.T) {
	is, key := testIssuer(t, nil)
	var out memory
	b := run(t, is, key, testChain(t, key), graded(21), &out)
	root := b.Root()
	ids := make([]string, len(out.docs))
	var gone struct{ ID, Salt string }
	for i, raw := range out.docs {
		var d struct{ ID string }
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		ids[i] = d.ID
	}
	if err := json.Unmarshal(out.docs[7], &gone); err != nil {
		t.Fatal(err)
	}
	if err := is.Revoke(gone.ID, "unmistakable-reason"); err != nil {
		t.Fatal(err)
	}
	if hits := scan(t, is.config.Dir, gone.ID, "unmistakable-reason"); len(hits) < 2 {
		t.Fatalf("before the erasure: %v", hits)
	}
	if err := is.Erase(gone.ID); err != nil {
		t.Fatal(err)
	}
	lists, err := is.PublishLists(testDay)
	if err != nil || len(lists) == 0 {
		t.Fatal(err)
	}
	if hits := scan(t, is.config.Dir, gone.ID, gone.Salt, "unmistakable-reason"); len(hits) != 0 {
		t.Errorf("left behind: %v", hits)
	}
	var unknown *UnknownError
	for i, id := range ids {
		v, err := is.Status(id, "revocation")
		if i == 7 {
			if !errors.As(err, &unknown) {
				t.Errorf("the erased one is still known: %v", err)
			}
			continue
		}
		if err != nil || v != 0 {
			t.Errorf("credential %d: %d, %v", i, v, err)
		}
	}
	if err := is.Erase(ids[3], "urn:uuid:00000000-0000-4000-8000-000000000000"); !errors.As(err, &unknown) {
		t.Errorf("an id that was never issued: %v", err)
	}
	if _, err := is.Status(ids[3], "revocation"); err != nil {
		t.Errorf("half an erasure: %v", err)
	}
	if hits := scan(t, is.config.StateDir, `"event":"erased","number":1`); len(hits) != 1 {
		t.Errorf("the audit log: %v", hits)
	}
	// The tree of the batch is as it was: the others' paths are those that they have.
	tree, err := (&Batch{is: is, p: is.journal.batches[is.journal.order[0]]}).tree()
	if err != nil || tree.Root() != root {
		t.Errorf("the tree: %v", err)
	}
}

// TestEraseCrash: stopped at every file call and run again, an erasure ends with nothing
// left.
func TestEraseCrash(t *testing.T) {
	for stop := 1; ; stop++ {
		is, key := testIssuer(t, nil)
		var out memory
		run(t, is, key, testChain(t, key), graded(3), &out)
		var gone struct{ ID string }
		if err := json.Unmarshal(out.docs[1], &gone); err != nil {
			t.Fatal(err)
		}
		dir := is.config.Dir
		is.Close()
		calls, erasing, stopped := 0, false, false
		is, _ = openTestIssuer(t, dir, func(c *Config) {
			c.Hook = func(_, _ string, do func() error) error {
				if !erasing {
					return do()
				}
				if calls++; calls == stop {
					stopped = true
					return errors.New("planted")
				}
				return do()
			}
		})
		erasing = true
		err := is.Erase(gone.ID)
		is.Close()
		if !stopped {
			if err != nil || stop < 5 {
				t.Errorf("%d calls, %v", stop, err)
			}
			return
		}
		is, _ = openTestIssuer(t, dir, nil)
		var unknown *UnknownError
		if err := is.Erase(gone.ID); err != nil && !errors.As(err, &unknown) {
			t.Fatalf("call %d: the second run: %v", stop, err)
		}
		if hits := scan(t, is.config.StateDir, gone.ID); len(hits) != 0 {
			t.Errorf("call %d: left behind: %v", stop, hits)
		}
		is.Close()
	}
}

// TestReasons: a revocation has a reason, which stays with the issuer (LC-2).
func TestReasons(t *testing.T) {
	is, key := testIssuer(t, nil)
	var out memory
	run(t, is, key, testChain(t, key), graded(1), &out)
	var d struct{ ID string }
	if err := json.Unmarshal(out.docs[0], &d); err != nil {
		t.Fatal(err)
	}
	if err := is.Revoke(d.ID, ""); !errors.Is(err, ErrNoReason) {
		t.Errorf("without a reason: %v", err)
	}
	if err := is.SetStatus(d.ID, "revocation", 1); !errors.Is(err, ErrNoReason) {
		t.Errorf("as a status: %v", err)
	}
	if v, err := is.Status(d.ID, "revocation"); v != 0 || err != nil {
		t.Errorf("revoked all the same: %d, %v", v, err)
	}
	if err := is.Revoke(d.ID, "unmistakable-reason"); err != nil {
		t.Fatal(err)
	}
	if _, err := is.PublishLists(testDay); err != nil {
		t.Fatal(err)
	}
	if hits := scan(t, is.config.StateDir, "unmistakable-reason"); len(hits) != 1 {
		t.Errorf("in the state: %v", hits)
	}
	if hits := scan(t, filepath.Join(is.config.Dir, "status"), "unmistakable-reason"); len(hits) != 0 {
		t.Errorf("published: %v", hits)
	}
}

// TestClosing: the draft that rides with a batch is the one of its beginning, whatever a
// second run after a crash would say.
func TestClosing(t *testing.T) {
	for stop := 1; ; stop++ {
		asked := 0
		closing := func() (map[string]any, error) { asked++; return gradeDraft("closing"), nil }
		is, key := testIssuer(t, nil)
		dir := is.config.Dir
		is.Close()
		calls, sealing, stopped := 0, false, false
		is, _ = openTestIssuer(t, dir, func(c *Config) {
			c.Closing = closing
			c.Hook = func(_, _ string, do func() error) error {
				if !sealing {
					return do()
				}
				if calls++; calls == stop {
					stopped = true
					return errors.New("planted")
				}
				return do()
			}
		})
		sealing = true
		_, err := is.Seal(context.Background(), anchor.Regtest, graded(2))
		is.Close()
		if !stopped {
			if err != nil || asked != 1 {
				t.Errorf("asked %d times, %v", asked, err)
			}
			return
		}
		var again int
		is, key = openTestIssuer(t, dir, func(c *Config) {
			c.Closing = func() (map[string]any, error) { again++; return gradeDraft("closing, later"), nil }
		})
		var out memory
		b := run(t, is, key, testChain(t, key), graded(2), &out)
		if b.Count() != 3 || !b.Closing() || len(out.docs) != 3 {
			t.Fatalf("call %d: %d credentials, %d written", stop, b.Count(), len(out.docs))
		}
		later := bytes.Contains(out.docs[2], []byte("closing, later"))
		if later != (again == 1) {
			t.Errorf("call %d: asked again %d times, the later draft %v", stop, again, later)
		}
		if hits := scan(t, is.config.StateDir, "closing, later"); len(hits) != 0 {
			t.Errorf("call %d: left behind %v", stop, hits)
		}
		is.Close()
	}
}
