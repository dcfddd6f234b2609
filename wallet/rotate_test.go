package wallet

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/verifier"
)

// rebind gives the board the wallet's next key.
func (b *board) rebind(lost bool) issuer.Rebound {
	b.t.Helper()
	n, err := b.wallet.Rotate(b.id, Ed25519, lost)
	b.must(err)
	text, err := n.Text()
	b.must(err)
	d, err := issuer.OpenDesk(issuer.DeskConfig{Dir: b.dir, Now: b.config.Now})
	b.must(err)
	defer d.Close()
	got, err := d.Rebind([]byte(text))
	b.must(err)
	return got
}

// TestRotate: a licence is shown by the old key until the board has issued it again to the
// new one; answers have the new key from the first moment; a backup brings back both.
func TestRotate(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("north")
	old := b.relate(Ed25519)
	w.keep(b.issue(licence(old, "1"))...)
	got := b.rebind(false)
	if !slices.Equal(got.Old, []string{old}) || !w.wallet.Replaced(old) || w.wallet.Replaced(got.New) || w.wallet.Replaced("did:key:z6Mk") {
		t.Errorf("%+v; the wallet has %+v", got, w.wallet.Relations())
	}
	if again := b.relate(Ed25519); again != got.New {
		t.Errorf("answers as %s, not as %s", again, got.New)
	}
	w.again()
	shown := func() string {
		t.Helper()
		plan := must[*Plan](t)(w.wallet.Plan(rotationRequest(), nil))
		parts := must[[][]byte](t)(w.wallet.Present(plan))
		asked := rotationRequest().Asked()
		if r := verifier.CheckFor(asked, parts[0], w.evidence(), w.trust().Trust, now); r.Verdict != verifier.Valid {
			t.Errorf("shown: %v", r.Err())
		}
		return plan.Choices[0].Record.Subject
	}
	if who := shown(); who != old {
		t.Errorf("shown for %s", who)
	}
	w.keep(b.issue(licence(got.New, "1"))...)
	if who := shown(); who != got.New {
		t.Errorf("issued again, and shown for %s", who)
	}

	// The device is lost.
	backup := filepath.Join(t.TempDir(), "backup")
	w.must(w.wallet.Backup(backup))
	data := must[[]byte](t)(os.ReadFile(backup))
	fresh := w.config
	fresh.File += ".fresh"
	restored := must[*Wallet](t)(Restore(fresh, w.wallet.Phrase(), data))
	defer restored.Close()
	if !slices.Equal(restored.Relations(), w.wallet.Relations()) || !restored.Replaced(old) {
		t.Errorf("restored %+v", restored.Relations())
	}
	fresh.File += ".bare"
	bare := must[*Wallet](t)(Restore(fresh, w.wallet.Phrase(), nil))
	defer bare.Close()
	if r := must[Relation](t)(bare.Relate(b.id, "", Ed25519)); r.DID != old {
		t.Errorf("the first key is %s, was %s", r.DID, old)
	}
	w.wallet = bare
	// What it takes for the next is in force; the one after it is new.
	n, err := bare.Rotate(b.id, Ed25519, true)
	w.must(err)
	if n.NewDID != got.New || n.OldDID != "" {
		t.Errorf("%+v", n)
	}
	if last := b.rebind(true); !slices.Equal(last.Old, []string{got.New}) || last.New == old {
		t.Errorf("%+v", last)
	}
}

func rotationRequest() *Request {
	q := &Request{Version: 1, Type: TypeRequest, Verifier: "Hospital", Audience: "https://hospital.example", Purpose: "credentialing",
		Nonce: "AAAAAAAAAAAAAAAAAAAAAA", Expires: now.Add(time.Hour), Query: Query{Credentials: []CredentialQuery{{ID: "c1", Format: FormatLDP}}}}
	q.Query.Credentials[0].Meta.TypeValues = [][]string{{"LicenceCredential"}}
	return q
}

// TestRecoveryKey: it is another key than any relation's, whatever the issuer calls itself.
func TestRecoveryKey(t *testing.T) {
	w := must[*Wallet](t)(Create(testConfig(t), 12))
	defer w.Close()
	if _, err := w.Rotate(testIssuer, Ed25519, false); !errors.Is(err, ErrNoRelation) {
		t.Errorf("no key to begin with: %v", err)
	}
	if _, err := w.Rotate("board", Ed25519, true); !errors.Is(err, ErrNoRelation) {
		t.Errorf("no id: %v", err)
	}
	seen := map[string]bool{}
	for _, issuer := range []string{testIssuer, testIssuer + "#recovery", "https://school.example/issuer.json"} {
		id, _, err := w.recovery(issuer)
		noError(t, err)
		must[Relation](t)(w.Relate(issuer, "", Ed25519))
		for range 3 {
			if n, err := w.Rotate(issuer, Ed25519, true); err != nil || n.Recovery != id || n.OldDID != "" {
				t.Errorf("%+v, %v", n, err)
			}
		}
		if seen[id] {
			t.Errorf("%s twice", id)
		}
		seen[id] = true
	}
	for _, r := range w.Relations() {
		if seen[r.DID] {
			t.Errorf("%s twice", r.DID)
		}
		seen[r.DID] = true
	}
}
