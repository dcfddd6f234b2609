package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// snapshotFile is where an issuer publishes its newest snapshot, beside its lists.
const snapshotFile = "snapshot.json"

// snapshot is the draft that rides with a batch: the lists as they are published now, and
// the head of the record, if the issuer keeps one (ST-6). Nil where there is neither.
func (j *job) snapshot() (map[string]any, error) {
	now := time.Now().UTC().Truncate(time.Second)
	s := licensure.RegistrySnapshot{Envelope: licensure.Envelope{
		Title: "Registry snapshot", ValidFrom: now, Confidence: licensure.Primary,
		Evidence: []licensure.Evidence{{Source: "the issuer's own registry", Method: licensure.DirectFromSource, VerifiedAt: now, VerifierRole: "registry"}},
	}}
	var files []string
	for _, kind := range []string{"*.json", "*.jwt"} { // nothing that a crash left behind
		found, err := filepath.Glob(filepath.Join(j.dir, "status", kind))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	for _, name := range files {
		raw, err := readFile(name, maxListFile)
		if err != nil {
			return nil, err
		}
		if one, isList := listSnapshot(raw); isList {
			s.Lists = append(s.Lists, one)
		}
	}
	var err error
	if s.Head, err = sealRecord(j.dir, j.stateDir()); err != nil {
		return nil, err
	}
	if s.Lists == nil && s.Head == nil {
		return nil, nil
	}
	return s.Draft()
}

// listSnapshot names a signed status list by id, number and digest.
func listSnapshot(raw []byte) (licensure.Snapshot, bool) {
	if t, err := credential.ParseStatusToken(raw); err == nil && t.Numbered {
		return licensure.Snapshot{URL: t.URL, Digest: sha256Hex(raw), Sequence: t.Sequence}, true
	}
	doc, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: maxListFile})
	if err != nil {
		return licensure.Snapshot{}, false
	}
	subject, _ := doc["credentialSubject"].(map[string]any)
	n, isNumber := subject["sequence"].(json.Number)
	sequence, err := n.Int64()
	id, _ := doc["id"].(string)
	if subject["encodedList"] == nil || !isNumber || err != nil || sequence < 0 || id == "" {
		return licensure.Snapshot{}, false
	}
	return licensure.Snapshot{URL: id, Digest: sha256Hex(raw), Sequence: uint64(sequence)}, true
}

// recordFile is the board's record of licences and orders in a state folder.
func recordFile(state string) string { return filepath.Join(state, "record") }

// readRecord returns nil where there is no record.
func readRecord(name string) (*licensure.Log, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return licensure.ReadLog(f)
}

// published puts a snapshot where the issuer publishes its lists, and everything else
// where it was asked for.
type published struct {
	*issuer.Folder
	dir string
}

func (p published) Put(id string, doc []byte) error {
	c, err := credential.Parse(doc)
	if err != nil || !slices.Contains(c.Types(), licensure.TypeRegistrySnapshot) {
		return p.Folder.Put(id, doc)
	}
	if err := os.MkdirAll(filepath.Join(p.dir, "status"), 0o755); err != nil {
		return err
	}
	return writeWhole(filepath.Join(p.dir, "status", snapshotFile), doc)
}

// raiseBySnapshots reads the snapshots in the evidence and refuses lists that are older
// than what their issuer has committed to. It only ever asks for newer lists.
func raiseBySnapshots(ev *verifier.Evidence, trust *verifier.Trust, at time.Time) {
	checker := verifier.NewChecker(ev, trust)
	floors := map[string]uint64{}
	for _, docs := range ev.Documents {
		for _, d := range docs {
			if !strings.Contains(string(d.Bytes), licensure.TypeRegistrySnapshot) {
				continue
			}
			r := checker.Check(d.Bytes, at)
			claims, _ := licensure.ClaimsOf(r) // what is shown of it counts
			lists, _, err := licensure.RegistrySnapshotOf(claims)
			if r.Verdict != verifier.Valid || err != nil {
				continue
			}
			for _, l := range lists {
				if sameHost(l.URL, r.Issuer.ID) {
					floors[l.URL] = max(floors[l.URL], l.Sequence)
				}
			}
		}
	}
	if trust.StatusFloor == nil {
		trust.StatusFloor = map[string]uint64{}
	}
	for name, n := range floors {
		trust.StatusFloor[name] = max(trust.StatusFloor[name], n)
	}
}

// sameHost reports whether two addresses are of one host: an issuer speaks for its own
// lists.
func sameHost(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && x.Host != "" && x.Host == y.Host
}
