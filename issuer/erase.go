package issuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Erase destroys what this state folder holds about credentials, at their subjects'
// request: where their status stands, and why one was taken back. Documents, salts and
// proofs are gone since their batch was finished; leaf and root stay, and name nobody.
//
// A credential that can be revoked is revoked first, since nobody could do so later; its
// bit counts from the next PublishLists on. What holders, verifiers and backups have is
// theirs. Erasing twice is no error; ids that were never issued here are an
// *UnknownError, and then nothing is erased. A batch under way must be finished first.
//
// audit, in the state folder, tells that something was erased and when, not what.
func (is *Issuer) Erase(ids ...string) error {
	if open, under := is.journal.open(); under {
		return fmt.Errorf("issuer: batch %.12s is %s, and its documents are in the spool; finish it first", open.key, open.state)
	}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	kept, found, err := is.withoutEntries(wanted)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, known := found[id]; !known {
			return &UnknownError{ID: id, Purpose: "any"}
		}
	}
	for _, places := range found {
		for _, p := range places {
			if one, ok := is.lists.byName[p.List]; ok && p.Purpose == Revocation.Name {
				one.values.Set(p.Index, 1)
				one.dirty = true
			}
		}
	}
	if err := is.lists.save(); err != nil {
		return err
	}
	for id := range wanted {
		delete(is.lists.revoked, id)
	}
	if err := is.lists.saveRevoked(); err != nil {
		return err
	}
	if err := is.tellErased(len(found)); err != nil {
		return err
	}
	// Last: a crash before leaves the entries, and the second run erases them.
	for key, data := range kept {
		if err := is.files.Replace(is.batchFile(key, "entries"), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// withoutEntries returns, by batch, the entries that stay of those batches that lose some,
// and where the status of those that go stands.
func (is *Issuer) withoutEntries(wanted map[string]bool) (kept map[string][]byte, found map[string][]statusPlace, err error) {
	kept, found = map[string][]byte{}, map[string][]statusPlace{}
	for _, key := range is.journal.order {
		var data []byte
		loses := false
		err := readLog(is.batchFile(key, "entries"), func(line []byte) error {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			if wanted[e.ID] {
				found[e.ID], loses = e.Status, true
				return nil
			}
			data = append(data, formatRecord(line)...)
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		if loses {
			kept[key] = data
		}
	}
	return kept, found, nil
}

// tellErased adds a line to the audit log.
func (is *Issuer) tellErased(n int) error {
	log, err := openLog(is.files, is.state("audit"), func([]byte) error { return nil })
	if err != nil {
		return err
	}
	line, err := json.Marshal(struct {
		At     string `json:"at"`
		Event  string `json:"event"`
		Number int    `json:"number"`
	}{is.now().UTC().Format(time.RFC3339), "erased", n})
	if err == nil {
		err = log.append(line)
	}
	if err == nil {
		err = log.sync()
	}
	return errors.Join(err, log.close())
}
