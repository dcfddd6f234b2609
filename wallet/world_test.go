package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

type object = map[string]any

// now is the day on which the tests' world stands still.
var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// A world is a physician with a wallet, and boards that issue to it on one chain.
type world struct {
	t      testing.TB
	config Config
	wallet *Wallet
	chain  *regtest.Chain
	boards []*board
	// weighty is issuer.Config.Weighty of the boards that are added next.
	weighty func([]string) []string
}

// A board is an issuer.
type board struct {
	*world
	id, dir string
	lists   []issuer.Published
	ids     []anchor.TxID
	issuer  *issuer.Issuer
	key     *issuer.AnchorKey
	copies  int // of each SD-JWT; 0 means one
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, chain: regtest.New(), config: testConfig(t)}
	w.config.Now = func() time.Time { return now }
	w.wallet = must[*Wallet](t)(Create(w.config, 12))
	t.Cleanup(func() { w.wallet.Close() })
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	noError(w.t, err)
}

// addBoard makes an issuer of its own.
func (w *world) addBoard(name string) *board {
	w.t.Helper()
	b := &board{world: w, id: "https://" + name + ".example/issuer.json", dir: filepath.Join(w.t.TempDir(), name)}
	w.must(issuer.Generate(issuer.NewIssuer{Dir: b.dir, ID: b.id, Name: "Board " + name, Context: licensure.Context(),
		Network: anchor.Regtest, From: now.Add(-96 * time.Hour)}))
	signer, keyID, err := issuer.SigningKey(b.dir, nil)
	w.must(err)
	b.key, err = issuer.OpenAnchorKey(b.dir, nil)
	w.must(err)
	b.issuer, err = issuer.Open(issuer.Config{Dir: b.dir, Signer: signer, KeyID: keyID, AnchorKeyID: b.key.ID, Weighty: w.weighty, Now: func() time.Time { return now.Add(-21 * time.Hour) }})
	w.must(err)
	w.t.Cleanup(func() { b.issuer.Close() })
	w.boards = append(w.boards, b)
	return b
}

// relate introduces the wallet to the board, by the real messages, and returns its DID.
func (b *board) relate(curve Curve) string {
	b.t.Helper()
	d, err := issuer.OpenDesk(issuer.DeskConfig{Dir: b.dir, Now: b.config.Now})
	b.must(err)
	defer d.Close()
	i, err := d.Invite("", time.Hour, "")
	b.must(err)
	n, err := b.wallet.Answer(i, curve)
	b.must(err)
	text, err := n.Text()
	b.must(err)
	got, err := d.Accept([]byte(text))
	b.must(err)
	return got.DID
}

func licence(did, number string) object {
	subject := object{"person": object{"familyName": "Ostrowe", "givenName": "Ilva"}, "jurisdiction": "X07", "licenceType": "full", "number": number}
	if did != "" {
		subject["id"] = did
	}
	return object{"type": []any{"LicenceCredential"}, "name": "Licence", "validFrom": "2026-06-01T00:00:00Z", "validUntil": "2027-06-01T00:00:00Z", "credentialSubject": subject}
}

// issue issues drafts, anchored and confirmed, and publishes the lists.
func (b *board) issue(drafts ...object) (creds [][]byte) {
	b.t.Helper()
	ctx := context.Background()
	_, err := b.chain.Mine(101, b.key.Address, now.Add(-60*time.Hour))
	b.must(err)
	batch, err := b.issuer.Seal(ctx, anchor.Regtest, func(yield func(issuer.Draft, error) bool) {
		for _, d := range drafts {
			if !yield(issuer.Draft{Object: d, Place: "draft"}, nil) {
				return
			}
		}
	})
	b.must(err)
	b.must(batch.Fund(ctx, b.chain, b.key.Address, 100_000))
	b.must(batch.Sign(b.key))
	b.must(batch.Broadcast(ctx, b.chain))
	_, err = b.chain.Mine(13, b.key.Address, now.Add(-20*time.Hour))
	b.must(err)
	_, err = batch.Confirm(ctx, b.chain, 6)
	b.must(err)
	b.must(batch.Finish(outputs{&creds}))
	b.ids = append(b.ids, batch.TxID())
	b.publish()
	return creds
}

func (b *board) publish() {
	b.t.Helper()
	lists, err := b.issuer.PublishLists(now.Add(-time.Hour))
	b.must(err)
	b.lists = lists
}

type outputs struct{ list *[][]byte }

func (o outputs) Put(_ string, c []byte) error { *o.list = append(*o.list, c); return nil }
func (o outputs) Commit() error                { return nil }

// evidence is what the boards publish and the chain holds.
func (w *world) evidence() *verifier.Evidence {
	w.t.Helper()
	ctx := context.Background()
	ev := &verifier.Evidence{Gathered: verifier.Gathered{At: now, By: "test"}}
	for _, b := range w.boards {
		for _, id := range b.ids {
			tx, err := w.chain.Evidence(ctx, id)
			w.must(err)
			ev.AddTransaction(id, tx)
		}
		for _, l := range b.lists {
			ev.AddDocument(l.URL, verifier.Document{MediaType: "application/vc", At: now, Bytes: l.Bytes})
		}
	}
	tip, _, err := w.chain.Tip(ctx)
	w.must(err)
	run, err := w.chain.Headers(ctx, 0, tip)
	w.must(err)
	ev.AddHeaders(anchor.Regtest, run)
	return ev
}

// trust names the boards.
func (w *world) trust() *TrustFile {
	w.t.Helper()
	sum := sha256.Sum256(licensure.Context())
	var list []any
	for _, b := range w.boards {
		raw, err := os.ReadFile(filepath.Join(b.dir, "issuer.json"))
		w.must(err)
		list = append(list, object{"id": b.id, "label": "Pinned " + b.id, "document": json.RawMessage(raw), "types": []any{"*"}, "jurisdictions": []any{"*"},
			"inForce": object{"LicenceCredential": []any{0}},
			"contexts": []any{object{"url": b.issuer.ContextURL(), "sha256": hex.EncodeToString(sum[:]),
				"bytes": base64.RawURLEncoding.EncodeToString(licensure.Context())}}})
	}
	raw, err := json.Marshal(object{"version": 1, "networks": []any{"regtest"}, "issuers": list})
	w.must(err)
	t, err := ReadTrust(raw, nil)
	w.must(err)
	return t
}

// keep imports credentials and fails the test if one is not kept.
func (w *world) keep(creds ...[]byte) (records []*Record) {
	w.t.Helper()
	for _, raw := range creds {
		f := w.wallet.Examine(Item{"a file", raw}, w.evidence(), w.trust())
		if err := w.wallet.Keep(f, false); err != nil {
			w.t.Fatalf("%v: %v", err, f.Report.Err())
		}
		records = append(records, f.Record)
	}
	return records
}

// again saves the wallet, and opens it as another process would.
func (w *world) again() {
	w.t.Helper()
	w.must(w.wallet.Save())
	w.must(w.wallet.Close())
	var err error
	w.wallet, err = Open(w.config)
	w.must(err)
}

// parsedDoc parses a document for bending.
func parsedDoc(t testing.TB, raw []byte) object {
	t.Helper()
	var v object
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	noError(t, d.Decode(&v))
	return v
}

func encodedDoc(t testing.TB, v any) []byte {
	t.Helper()
	return must[[]byte](t)(json.Marshal(v))
}
