package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/durable"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

// A registry is what a board keeps in its state folder:
//
//	record           its own licences and orders, whose head is anchored
//	record.head      the newest head: what it covers is never added to
//	record.lock      held while any of these is written
//	records/ISSUER   what it has verified of another board, one file each
//
// An order counts only in the record of the board that issued the licence, so nobody's word
// reaches another board's licences.
type registry struct {
	state  string
	self   string // id of the board itself; empty for a registry that is kept nowhere
	own    *licensure.Log
	others map[string]*licensure.Log // by issuer
	lock   *os.File
	dirty  map[string]bool // by issuer
}

// A lockedError means that another process writes the record.
type lockedError struct{ name string }

func (e *lockedError) Error() string {
	return fmt.Sprintf("another process writes the record (%s)", e.name)
}

// Is makes it the error of a state folder that is in use, with the same advice.
func (e *lockedError) Is(target error) bool { return target == issuer.ErrLocked }

// lockPatience is how long a command waits for another to write the record.
var lockPatience = 10 * time.Second // tests wait less

// lockRecord takes the record of a state folder until the file is closed.
func lockRecord(state string) (*os.File, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(state, "record.lock")
	h, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(lockPatience); ; time.Sleep(20 * time.Millisecond) {
		err = durable.TryLock(h)
		if err == nil {
			return h, nil
		}
		if !errors.Is(err, durable.ErrLocked) || time.Now().After(end) {
			break
		}
	}
	if errors.Is(err, durable.ErrLocked) {
		err = &lockedError{name}
	}
	return nil, errors.Join(err, h.Close())
}

// openRegistry reads the records of a board, and holds them until close if they are to be
// written.
func openRegistry(dir, state string, write bool) (*registry, error) {
	self, err := issuerID(dir)
	if err != nil {
		return nil, err
	}
	r := &registry{state: state, self: self, others: map[string]*licensure.Log{}, dirty: map[string]bool{}}
	if write {
		if r.lock, err = lockRecord(state); err != nil {
			return nil, err
		}
	}
	if err := r.read(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *registry) close() {
	if r.lock != nil {
		r.lock.Close() // which gives the lock back
		r.lock = nil
	}
}

func (r *registry) read() error {
	var err error
	if r.own, err = readRecord(recordFile(r.state)); err != nil {
		return brokenRecord(recordFile(r.state), err)
	}
	if r.own == nil {
		r.own = new(licensure.Log)
	}
	head, err := readHead(r.state)
	if err != nil {
		return err
	}
	if head != nil {
		if err := r.own.CheckHeads([]licensure.Head{*head}); err != nil {
			return brokenRecord(recordFile(r.state), err)
		}
		r.own.Seal(head.Recorded)
	}
	entries, err := os.ReadDir(filepath.Join(r.state, "records"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") { // of a write that did not end
			continue
		}
		name := filepath.Join(r.state, "records", e.Name())
		id, err := url.PathUnescape(e.Name())
		if err == nil {
			r.others[id], err = readRecord(name)
		}
		if err != nil {
			return brokenRecord(name, err)
		}
	}
	return nil
}

func brokenRecord(name string, err error) error {
	return misuse("nothing was changed; restore it from a backup", "%s: %v", name, err)
}

// issuerID reads the id of an issuer's folder.
func issuerID(dir string) (string, error) {
	raw, err := readFile(filepath.Join(dir, "issuer.json"), maxListFile)
	if err != nil {
		return "", err
	}
	doc, err := strictjson.ParseObject(raw, strictjson.Limits{})
	id, _ := doc["id"].(string)
	if err != nil || id == "" {
		return "", misuse("certanchor keygen makes an issuer", "%s is no issuer's folder", dir)
	}
	return id, nil
}

// log returns the record of an issuer, an empty one if there is none.
func (r *registry) log(issuer string) *licensure.Log {
	if issuer == r.self && r.own != nil {
		return r.own
	}
	if r.others[issuer] == nil {
		r.others[issuer] = new(licensure.Log)
	}
	return r.others[issuer]
}

// all returns the records, the own one first, the others by id.
func (r *registry) all() []*licensure.Log {
	var out []*licensure.Log
	if r.own != nil {
		out = append(out, r.own)
	}
	var ids []string
	for id := range r.others {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		out = append(out, r.others[id])
	}
	return out
}

// find returns the record that has a licence.
func (r *registry) find(key licensure.LicenceKey) (*licensure.Log, error) {
	var found *licensure.Log
	for _, l := range r.all() {
		if len(l.Terms(key)) == 0 {
			continue
		}
		if found != nil {
			return nil, misuse("one of the two has no say there: see the trust file", "two issuers have issued the licence %s (TR-2)", key)
		}
		found = l
	}
	if found == nil {
		return nil, misuse("certanchor licence record show", "there is no licence %s (LC-4)", key)
	}
	return found, nil
}

// add takes licences and orders into the records of their issuers, in memory: all of them,
// or an error that names each that does not go.
func (r *registry) add(papers []paper) (added int, err error) {
	type entry struct {
		paper
		term  *licensure.LicenceTerm
		order *licensure.Order
	}
	var entries []entry
	var faults []error
	fault := func(p paper, err error) { faults = append(faults, fmt.Errorf("%s: %w", p.file, err)) }
	for _, p := range papers {
		if p.taken {
			fault(p, errors.New("the document was taken back (LC-2)"))
			continue
		}
		if _, err := licensure.ClaimsOf(p.report); err != nil {
			fault(p, err)
			continue
		}
		e := entry{paper: p}
		switch p.kind() {
		case licensure.TypeLicence:
			t, err := licensure.TermOf(p.claims(), p.leaf)
			if err != nil {
				fault(p, err)
				continue
			}
			e.term = &t
		case licensure.TypeBoardOrder:
			o, err := licensure.OrderOf(p.claims())
			if err != nil {
				fault(p, err)
				continue
			}
			e.order = &o
		default:
			fault(p, errors.New("neither a licence (T07) nor a board order (T08)"))
			continue
		}
		entries = append(entries, e)
	}
	// Licences before the orders about them; orders as they were recorded.
	slices.SortStableFunc(entries, func(a, b entry) int {
		switch {
		case a.term != nil && b.term != nil:
			return strings.Compare(a.term.CredentialID, b.term.CredentialID)
		case a.term != nil:
			return -1
		case b.term != nil:
			return 1
		}
		if c := a.order.RecordedAt.Compare(b.order.RecordedAt); c != 0 {
			return c
		}
		return strings.Compare(a.order.ID, b.order.ID)
	})
	for _, e := range entries {
		who := e.report.Issuer.ID
		if name := url.PathEscape(who); len(name) > maxRecordName || strings.HasPrefix(name, ".") {
			fault(e.paper, errors.New("the id of its issuer makes no file name"))
			continue
		}
		log := r.log(who)
		before := log.Len()
		var err error
		switch own := who == r.self && r.own != nil; {
		case e.term != nil && own:
			err = log.IssueTerm(*e.term)
		case e.term != nil:
			err = log.AddTerm(*e.term)
		case own:
			err = log.Issue(*e.order, e.leaf)
		default:
			err = log.Add(*e.order, e.leaf)
		}
		if err != nil {
			fault(e.paper, err)
			continue
		}
		if log.Len() > before {
			added++
			r.dirty[who] = true
		}
	}
	return added, several(faults)
}

// maxRecordName bounds the name of another board's record.
const maxRecordName = 240

// save writes the records that have changed, each whole or not at all; the own one last, so
// that what fails for others leaves it as it was. A second run goes on.
func (r *registry) save() error {
	changed := slices.Sorted(maps.Keys(r.dirty))
	if i := slices.Index(changed, r.self); i >= 0 {
		changed = append(slices.Delete(changed, i, i+1), r.self)
	}
	for _, who := range changed {
		name := recordFile(r.state)
		if who != r.self {
			dir := filepath.Join(r.state, "records")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			name = filepath.Join(dir, url.PathEscape(who))
		}
		var b bytes.Buffer
		if _, err := r.log(who).WriteTo(&b); err != nil {
			return err
		}
		if err := writePrivate(name, b.Bytes()); err != nil {
			return err
		}
		delete(r.dirty, who)
	}
	return nil
}

// writePrivate is writeWhole for a file that others may not read, and that outlives a loss
// of power once it returns.
func writePrivate(name string, data []byte) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, ".certanchor-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func headFile(state string) string { return filepath.Join(state, "record.head") }

// readHead returns nil where no head was sealed.
func readHead(state string) (*licensure.Head, error) {
	raw, err := os.ReadFile(headFile(state))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var h licensure.Head
	if err == nil {
		err = strictjson.Unmarshal(raw, strictjson.Limits{}, &h)
	}
	if err != nil {
		return nil, brokenRecord(headFile(state), err)
	}
	return &h, nil
}

// sealRecord returns the head that rides with the next batch, and from then on nothing goes
// into the record that was recorded before its last entry. Nil where there is no record.
//
// The head speaks about the moment of the last entry and not about now: licences of the
// batch that it rides with are recorded as of their validFrom, and are still to come.
func sealRecord(dir, state string) (*licensure.Head, error) {
	_, err := os.Stat(recordFile(state))
	_, sealed := os.Stat(headFile(state)) // a record that is gone is no empty one
	if errors.Is(err, fs.ErrNotExist) && errors.Is(sealed, fs.ErrNotExist) {
		return nil, nil
	}
	r, err := openRegistry(dir, state, true)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if r.own.Len() == 0 {
		return nil, nil
	}
	head := r.own.Head(r.own.Recorded())
	raw, err := json.Marshal(head)
	if err == nil {
		err = writePrivate(headFile(state), append(raw, '\n'))
	}
	return &head, err
}
