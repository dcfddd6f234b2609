package main

import (
	"context"
	"crypto"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
)

// Moments of the made-up history, before now. The keys count well before the block that
// anchors, and the credentials are made between the two: a few hours ago only, so that a
// licence whose term ends on that day has not expired yet.
const (
	keysFrom  = 48 * time.Hour
	coinsMade = 40 * time.Hour
	issued    = 4 * time.Hour
	anchored  = 2 * time.Hour
)

// batchSize is the number of credentials in a batch that others verify.
const batchSize = 8

// world is the seed of the made-up people; interop has one of its own.
const world = 7

// passphrase seals the keys of the issuers made here. They live as long as the folder.
func passphrase() (string, error) { return "interop, for one run only", nil }

// An office is an issuer of ours with its folder open.
type office struct {
	*issuer.Issuer
	dir string // its folder, with a file for every URL it publishes
	key *issuer.AnchorKey
	// signer and keyID are what the office signs with.
	signer crypto.Signer
	keyID  string
	now    time.Time
}

// openOffice makes an issuer under https://HOST/ in dir, and opens it.
func openOffice(dir, host string, network anchor.Network, profile anchor.Profile, now time.Time, purposes func([]string) []issuer.Purpose) (*office, error) {
	words, _ := passphrase()
	err := issuer.Generate(issuer.NewIssuer{
		Dir: dir, ID: "https://" + host + "/issuer.json", Name: "Federation of Made-up Boards", Context: licensure.Context(),
		Network: network, Profile: profile, From: now.Add(-keysFrom), Passphrase: words, RevocationList: true,
	})
	if err != nil {
		return nil, err
	}
	o := &office{dir: dir, now: now}
	if o.signer, o.keyID, err = issuer.SigningKey(dir, passphrase); err != nil {
		return nil, err
	}
	if o.key, err = issuer.OpenAnchorKey(dir, passphrase); err != nil {
		return nil, err
	}
	o.Issuer, err = issuer.Open(issuer.Config{
		Dir: dir, Signer: o.signer, KeyID: o.keyID, AnchorKeyID: o.key.ID,
		CheckDraft: licensure.CheckDraft, Purposes: purposes,
		Now: func() time.Time { return now.Add(-issued) },
	})
	return o, err
}

// noStatus gives no status entry: the public verifier cannot read W3C status lists.
func noStatus([]string) []issuer.Purpose { return nil }

// allStatus gives what real use would: revocation, and for licences their legal status.
func allStatus(types []string) []issuer.Purpose {
	purposes := []issuer.Purpose{issuer.Revocation}
	if types[0] == licensure.TypeLicence {
		messages := make([]string, 16)
		for i := range messages {
			messages[i] = fmt.Sprintf("legal status %d", i)
		}
		purposes = append(purposes, issuer.Purpose{Name: "message", Size: 4, Messages: messages})
	}
	return purposes
}

// drafts are n drafts about physicians from index first on: degrees, trainings and
// licences in turn.
func drafts(first, n int, at time.Time) issuer.Drafts {
	w := synth.New(world)
	return func(yield func(issuer.Draft, error) bool) {
		for i := first; i < first+n; i++ {
			draft, err := draftOf(w, i, at)
			if !yield(issuer.Draft{Object: draft, Place: fmt.Sprintf("physician %d", i)}, err) {
				return
			}
		}
	}
}

func draftOf(w *synth.World, i int, at time.Time) (map[string]any, error) {
	switch i % 3 {
	case 0:
		return w.DegreeDraft(i, at)
	case 1:
		return w.TrainingDraft(i, 0, at)
	}
	boards := w.Boards()
	return w.BoardLicenceDraft(i, boards[i%len(boards)], at)
}

// drafts are the office's drafts, made when it issues.
func (o *office) drafts(first, n int) issuer.Drafts { return drafts(first, n, o.now.Add(-issued)) }

// collected is an Output that keeps the credentials in their order.
type collected struct {
	ids  []string
	docs [][]byte
}

func (c *collected) Put(id string, doc []byte) error {
	c.ids, c.docs = append(c.ids, id), append(c.docs, doc)
	return nil
}

func (c *collected) Commit() error { return nil }

// write stores the credentials as name-0.json, name-1.json, … in dir.
func (c *collected) write(dir, name string) ([]string, error) {
	var names []string
	for i, doc := range c.docs {
		names = append(names, fmt.Sprintf("%s-%d.json", name, i))
		if err := os.WriteFile(filepath.Join(dir, names[i]), doc, 0o644); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// mock issues a batch for a mock chain.
func (o *office) mock(ctx context.Context, d issuer.Drafts) (*collected, error) {
	b, err := o.Seal(ctx, "", d)
	if err != nil {
		return nil, err
	}
	var c collected
	return &c, b.Finish(&c)
}

// publishRevocations writes the Open Badges revocation list that the profile names. It
// revokes one credential, which is none of the batch.
func (o *office) publishRevocations() error {
	list := map[string]any{
		"@context": "https://w3id.org/openbadges/v2",
		"id":       o.url("revocation.json"),
		"type":     "RevocationList",
		"issuer":   o.ID(),
		"revokedAssertions": []any{map[string]any{
			"id":               "urn:uuid:00000000-0000-4000-8000-000000000000",
			"revocationReason": "Issued to the wrong person",
		}},
	}
	name := filepath.Join(o.dir, "revocation.json")
	if err := writeJSON(name, list); err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if err == nil {
		_, err = status.ParseRevocationList(b)
	}
	return err
}

func (o *office) url(name string) string {
	return o.ID()[:len(o.ID())-len("issuer.json")] + name
}

// A listing tells the judges what is in a folder: which file answers which URL, and
// which files are credentials of the batch.
type listing struct {
	Served      map[string]string `json:"served"`
	Credentials []string          `json:"credentials"`
	TxID        string            `json:"txid,omitempty"`
	Address     string            `json:"address,omitempty"`
	Anchored    *time.Time        `json:"anchored,omitempty"` // time of the block
	Network     string            `json:"network,omitempty"`
	// Others are further credentials of the same issuer.
	Others []string `json:"others,omitempty"`
	// Altered are proof values of the first credential with one thing changed.
	Altered map[string]string `json:"altered,omitempty"`
}

// listing begins one with what every issuer publishes.
func (o *office) listing() listing {
	return listing{Served: map[string]string{
		o.ID():                   "issuer.json",
		o.ContextURL():           "context.jsonld",
		o.url("revocation.json"): "revocation.json",
	}}
}

func (l listing) write(dir string) error { return writeJSON(filepath.Join(dir, "listing.json"), l) }

// mockBatch issues a batch that says of itself that it is on no chain.
func mockBatch(ctx context.Context, dir string, now time.Time) error {
	o, err := openOffice(dir, "mock.federation.example", "", "", now, noStatus)
	if err != nil {
		return err
	}
	defer o.Close()
	c, err := o.mock(ctx, o.drafts(synth.FirstOrdinary, batchSize))
	if err != nil {
		return err
	}
	l := o.listing()
	if l.Credentials, err = c.write(dir, "credential"); err != nil {
		return err
	}
	if l.Altered, err = altered(c.docs[0]); err != nil {
		return err
	}
	if err := o.publishRevocations(); err != nil {
		return err
	}
	return l.write(dir)
}

// statusBatch issues credentials with W3C status entries and publishes their lists.
func statusBatch(ctx context.Context, dir string, now time.Time) error {
	o, err := openOffice(dir, "lists.federation.example", "", "", now, allStatus)
	if err != nil {
		return err
	}
	defer o.Close()
	c, err := o.mock(ctx, o.drafts(synth.FirstOrdinary, 3))
	if err != nil {
		return err
	}
	l := o.listing()
	if l.Credentials, err = c.write(dir, "credential"); err != nil {
		return err
	}
	named, err := o.withStatusIDs(c.docs[0])
	if err != nil {
		return err
	}
	l.Others = []string{"named.json"}
	if err := os.WriteFile(filepath.Join(dir, l.Others[0]), named, 0o644); err != nil {
		return err
	}
	lists, err := o.PublishLists(now.Add(-time.Hour))
	if err != nil {
		return err
	}
	for _, list := range lists {
		l.Served[list.URL] = filepath.Join("status", list.Name)
	}
	if err := o.publishRevocations(); err != nil {
		return err
	}
	return l.write(dir)
}

// parse reads a JSON object as the library does.
func parse(b []byte) (map[string]any, error) { return strictjson.ParseObject(b, strictjson.Limits{}) }
