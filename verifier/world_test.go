package verifier_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// now is the day on which the tests' world stands still.
var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// A world is an issuer on its own chain, one batch issued and anchored, and the files a
// verifier needs.
type world struct {
	t       testing.TB
	dir     string
	issuer  *issuer.Issuer
	key     *issuer.AnchorKey
	chain   *regtest.Chain
	creds   [][]byte
	txid    anchor.TxID
	lists   []issuer.Published
	profile map[string]any
}

const worldID = "https://board.example/issuer.json"

// outputs collects credentials in memory.
type outputs struct{ list *[][]byte }

func (o outputs) Put(_ string, c []byte) error { *o.list = append(*o.list, c); return nil }
func (o outputs) Commit() error                { return nil }

func drafts(objects ...map[string]any) issuer.Drafts {
	return func(yield func(issuer.Draft, error) bool) {
		for i, o := range objects {
			if !yield(issuer.Draft{Object: o, Place: "draft " + string(rune('0'+i))}, nil) {
				return
			}
		}
	}
}

// licenceDraft is a licence of a made-up physician.
func licenceDraft(number string) map[string]any {
	return map[string]any{
		"type":       []any{"LicenceCredential"},
		"name":       "Licence to practise medicine",
		"validFrom":  "2026-06-01T00:00:00Z",
		"validUntil": "2027-06-01T00:00:00Z",
		"credentialSubject": map[string]any{
			"id":           "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
			"person":       map[string]any{"familyName": "Ostrowe", "givenName": "Ilva"},
			"jurisdiction": "X07",
			"licenceType":  "full",
			"number":       number,
		},
	}
}

func purposes([]string) []issuer.Purpose {
	messages := make([]string, 16)
	for i := range messages {
		messages[i] = "status " + string(rune('a'+i))
	}
	return []issuer.Purpose{issuer.Revocation, {Name: "message", Size: 4, Messages: messages}}
}

// newWorld issues the drafts on a new chain, mined until now with blocks to spare.
func newWorld(t testing.TB, objects ...map[string]any) *world {
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "board"), chain: regtest.New()}
	w.must(issuer.Generate(issuer.NewIssuer{Dir: w.dir, ID: worldID, Name: "Board of Alderfen", Context: licensure.Context(),
		Network: anchor.Regtest, From: now.Add(-48 * time.Hour)}))
	w.open()
	ctx := context.Background()
	w.mine(101, -40*time.Hour)
	b, err := w.issuer.Seal(ctx, anchor.Regtest, drafts(objects...))
	w.must(err)
	w.must(b.Fund(ctx, w.chain, w.key.Address, 100_000))
	w.must(b.Sign(w.key))
	w.must(b.Broadcast(ctx, w.chain))
	w.mine(1, -20*time.Hour)
	w.mine(12, -18*time.Hour)
	n, err := b.Confirm(ctx, w.chain, 6)
	w.must(err)
	if n < 6 {
		t.Fatalf("%d confirmations", n)
	}
	w.must(b.Finish(outputs{&w.creds}))
	w.txid = b.TxID()
	w.lists, err = w.issuer.PublishLists(now.Add(-time.Hour))
	w.must(err)
	return w
}

func (w *world) open() {
	signer, keyID, err := issuer.SigningKey(w.dir, nil)
	w.must(err)
	w.key, err = issuer.OpenAnchorKey(w.dir, nil)
	w.must(err)
	w.issuer, err = issuer.Open(issuer.Config{Dir: w.dir, Signer: signer, KeyID: keyID, AnchorKeyID: w.key.ID,
		Purposes: purposes, Now: func() time.Time { return now.Add(-21 * time.Hour) }})
	w.must(err)
	w.t.Cleanup(func() { w.issuer.Close() })
	raw, err := os.ReadFile(filepath.Join(w.dir, "issuer.json"))
	w.must(err)
	w.must(json.Unmarshal(raw, &w.profile))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) mine(n int, before time.Duration) {
	_, err := w.chain.Mine(n, w.key.Address, now.Add(before))
	w.must(err)
}

// evidence is what a holder would bring: the transaction, headers from the genesis
// block, the status lists.
func (w *world) evidence() *verifier.Evidence {
	ctx := context.Background()
	ev := &verifier.Evidence{Gathered: verifier.Gathered{At: now, By: "test"}}
	tx, err := w.chain.Evidence(ctx, w.txid)
	w.must(err)
	ev.AddTransaction(w.txid, tx)
	tip, _, err := w.chain.Tip(ctx)
	w.must(err)
	run, err := w.chain.Headers(ctx, 0, tip)
	w.must(err)
	ev.AddHeaders(anchor.Regtest, run)
	for _, l := range w.lists {
		ev.AddDocument(l.URL, verifier.Document{MediaType: "application/vc", At: now, Bytes: l.Bytes})
	}
	return ev
}

// trustFile names the board, with everything it needs; bend changes it.
func (w *world) trustFile(bend func(map[string]any)) []byte {
	sum := sha256.Sum256(licensure.Context())
	f := map[string]any{
		"version":  1,
		"networks": []any{"regtest"},
		"contexts": []any{map[string]any{"url": w.issuer.ContextURL(), "sha256": hex.EncodeToString(sum[:]),
			"bytes": base64.RawURLEncoding.EncodeToString(licensure.Context())}},
		"issuers": []any{map[string]any{
			"id": worldID, "label": "Medical Board of Alderfen (X07)", "document": w.profile,
			"types":         []any{"LicenceCredential"},
			"jurisdictions": []any{"X07"},
			"inForce":       map[string]any{"LicenceCredential": []any{0, 1, 2}},
		}},
	}
	raw, err := json.Marshal(f)
	w.must(err)
	if bend != nil {
		raw = bent(w.t, raw, bend) // a copy: the profile is shared by all tests
	}
	return raw
}

func (w *world) trust(bend func(map[string]any)) *verifier.Trust {
	t, err := verifier.ParseTrust(w.trustFile(bend), nil)
	w.must(err)
	return t
}
