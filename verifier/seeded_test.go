package verifier_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

// seededWorld is newWorld with keys, salts and ids that follow from a name, so that a run
// over its documents can be repeated to the byte.
func seededWorld(t testing.TB, name string, objects ...map[string]any) *world {
	random := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "board"), chain: regtest.New()}
	w.must(issuer.Generate(issuer.NewIssuer{Dir: w.dir, ID: worldID, Name: "Board of Alderfen", Context: licensure.Context(),
		Network: anchor.Regtest, From: now.Add(-48 * time.Hour), Random: random}))
	signer, keyID, err := issuer.SigningKey(w.dir, nil)
	w.must(err)
	w.key, err = issuer.OpenAnchorKey(w.dir, nil)
	w.must(err)
	w.issuer, err = issuer.Open(issuer.Config{Dir: w.dir, Signer: signer, KeyID: keyID, AnchorKeyID: w.key.ID,
		Purposes: purposes, Now: func() time.Time { return now.Add(-21 * time.Hour) }, Random: random})
	w.must(err)
	t.Cleanup(func() { w.issuer.Close() })
	raw, err := os.ReadFile(filepath.Join(w.dir, "issuer.json"))
	w.must(err)
	w.must(json.Unmarshal(raw, &w.profile))
	w.mine(101, -40*time.Hour)
	ctx := context.Background()
	b, err := w.issuer.Seal(ctx, anchor.Regtest, drafts(objects...))
	w.must(err)
	w.must(b.Fund(ctx, w.chain, w.key.Address, 100_000))
	w.must(b.Sign(w.key))
	w.must(b.Broadcast(ctx, w.chain))
	w.mine(1, -20*time.Hour)
	w.mine(12, -18*time.Hour)
	_, err = b.Confirm(ctx, w.chain, 6)
	w.must(err)
	w.must(b.Finish(outputs{&w.creds}))
	w.txid = b.TxID()
	w.lists, err = w.issuer.PublishLists(now.Add(-time.Hour))
	w.must(err)
	return w
}
