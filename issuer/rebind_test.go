package issuer

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/wallet"
)

const deskIssuer = "https://issuer.example/issuer.json"

// introduce introduces a wallet and returns its DID.
func (w *deskWorld) introduce(curve wallet.Curve) string {
	w.t.Helper()
	return w.accept("introduction", encodedIntroduction(w.t, w.answer(w.invite(""), curve)), "").DID
}

func (w *deskWorld) rotate(lost bool) *credential.Rotation {
	w.t.Helper()
	n, err := w.wallet.Rotate(deskIssuer, wallet.Ed25519, lost)
	w.must(err)
	return n
}

func encodedRotation(t *testing.T, n *credential.Rotation) []byte {
	t.Helper()
	raw, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// rebind gives a change of keys to the desk and wants a code; "" wants it taken.
func (w *deskWorld) rebind(what string, raw []byte, want string) (got Rebound) {
	w.t.Helper()
	w.open(func(d *Desk) {
		var err error
		got, err = d.Rebind(raw)
		var e *RotationError
		switch {
		case want == "" && err == nil:
		case !errors.As(err, &e) || e.Code != want:
			w.t.Errorf("%s: %v, want %q", what, err, want)
		}
	})
	return got
}

// newWallet puts another wallet in the holder's place; no words make a new person.
func (w *deskWorld) newWallet(words string) {
	w.t.Helper()
	c := wallet.Config{File: filepath.Join(w.t.TempDir(), "wallet"), Passphrase: "correct horse", Work: 1, Now: func() time.Time { return w.at }}
	var err error
	if words == "" {
		w.wallet, err = wallet.Create(c, 12)
	} else {
		w.wallet, err = wallet.Restore(c, words, nil)
	}
	w.must(err)
	other := w.wallet
	w.t.Cleanup(func() { other.Close() })
}

// TestRebind: a new key signed for by the old one takes its place in all that the desk says,
// for ever.
func TestRebind(t *testing.T) {
	for _, curve := range []wallet.Curve{wallet.Ed25519, wallet.P256} {
		w := newDeskWorld(t)
		i := w.invite("")
		first := encodedIntroduction(t, w.answer(i, curve))
		old := w.accept("introduction", first, "").DID
		n, err := w.wallet.Rotate(deskIssuer, curve, false)
		w.must(err)
		text, err := n.Text()
		w.must(err)
		w.at = w.at.Add(24 * time.Hour) // it came by post
		got := w.rebind("change", []byte(text+"\n"), "")
		if !slices.Equal(got.Old, []string{old}) || got.New != n.NewDID || got.New == old {
			t.Errorf("%+v for %s", got, old)
		}
		w.open(func(d *Desk) {
			if who, ok := d.Introduction("file 17"); !ok || who.DID != got.New || !slices.Equal(who.Before, []string{old}) || len(d.All()) != 1 || d.All()[0].DID != got.New {
				t.Errorf("the desk knows %+v, lists %+v", who, d.All())
			}
		})
		// The answer may have been lost: the same again says the same, a month later too.
		w.at = w.at.AddDate(0, 1, 0)
		if again := w.rebind("again", encodedRotation(t, n), ""); !slices.Equal(again.Old, got.Old) || again.New != got.New {
			t.Errorf("again: %+v", again)
		}
		w.accept("the old introduction", first, "rotated-away")
		next, err := w.wallet.Rotate(deskIssuer, curve, false)
		w.must(err)
		if second := w.rebind("second change", encodedRotation(t, next), ""); !slices.Equal(second.Old, []string{got.New}) {
			t.Errorf("second: %+v", second)
		}
		w.rebind("the first change again", encodedRotation(t, n), "rotated-away")
	}
}

// TestRebindRefused bends one thing at a time.
func TestRebindRefused(t *testing.T) {
	w := newDeskWorld(t)
	w.introduce(wallet.Ed25519)
	good := w.rotate(false)
	thief := newDeskWorld(t)
	thief.introduce(wallet.Ed25519)
	foreign := thief.rotate(false)
	bent := func(change func(n *credential.Rotation)) []byte {
		n := *good
		change(&n)
		return encodedRotation(t, &n)
	}
	for what, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nonsense":           {[]byte("{"), "malformed"},
		"too long":           {bytes.Repeat([]byte(" "), 20000), "malformed"},
		"damaged text":       {[]byte("certanchor:rotation:AAA!"), "malformed"},
		"unknown member":     {bytes.Replace(encodedRotation(t, good), []byte("{"), []byte(`{"extra":1,`), 1), "malformed"},
		"both signers":       {bent(func(n *credential.Rotation) { n.Recovery = foreign.NewDID }), "malformed"},
		"no signer":          {bent(func(n *credential.Rotation) { n.OldDID = "" }), "malformed"},
		"to itself":          {bent(func(n *credential.Rotation) { n.NewDID = n.OldDID }), "malformed"},
		"DID with no key":    {bent(func(n *credential.Rotation) { n.OldDID = "did:key:z6Mk" }), "malformed"},
		"DID with fragment":  {bent(func(n *credential.Rotation) { n.OldDID += "#x" }), "malformed"},
		"other issuer":       {bent(func(n *credential.Rotation) { n.Issuer = "https://other.example/" }), "other-issuer"},
		"other new DID":      {bent(func(n *credential.Rotation) { n.NewDID = foreign.NewDID }), "signature"},
		"other old DID":      {bent(func(n *credential.Rotation) { n.OldDID = foreign.OldDID }), "signature"},
		"other time":         {bent(func(n *credential.Rotation) { n.At = n.At.Add(time.Second) }), "signature"},
		"old unsigned":       {bent(func(n *credential.Rotation) { n.Signature = "" }), "signature"},
		"new unsigned":       {bent(func(n *credential.Rotation) { n.NewSignature = "" }), "signature"},
		"signatures swapped": {bent(func(n *credential.Rotation) { n.Signature, n.NewSignature = n.NewSignature, n.Signature }), "signature"},
		"another's":          {bent(func(n *credential.Rotation) { n.Signature = foreign.Signature }), "signature"},
		"never introduced":   {encodedRotation(t, foreign), "did-unknown"},
		"its recovery key":   {encodedRotation(t, thief.rotate(true)), "did-unknown"},
		"an introduction":    {encodedIntroduction(t, w.answer(w.invite(""), wallet.P256)), "malformed"},
	} {
		w.rebind(what, c.raw, c.want)
	}
	w.at = testDay.Add(-time.Hour)
	w.rebind("from the future", encodedRotation(t, good), "time")
	w.at = testDay.Add(8 * 24 * time.Hour)
	w.rebind("too late", encodedRotation(t, good), "time")
	w.at = testDay.Add(time.Minute)
	w.rebind("in time", encodedRotation(t, good), "") // nothing above used the old key up

	// Whoever has the old key still can do nothing with it.
	w.newWallet(w.wallet.Phrase())
	w.accept("introduction by the old key", encodedIntroduction(t, w.answer(w.invite(""), wallet.Ed25519)), "rotated-away")
}

// A bareHolder signs without a wallet, as a thief of one key would.
type bareHolder struct {
	t   *testing.T
	key ed25519.PrivateKey
	did string
}

func newBareHolder(t *testing.T) bareHolder {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := did.KeyDID(pub)
	if err != nil {
		t.Fatal(err)
	}
	return bareHolder{t, key, id}
}

func (h bareHolder) sign(message []byte, err error) string {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(ed25519.Sign(h.key, message))
}

func (h bareHolder) introduction(nonce string) []byte {
	n := &credential.Introduction{Version: 1, Type: credential.TypeIntroduction, Issuer: deskIssuer, Nonce: nonce, DID: h.did, At: testDay}
	n.Signature = h.sign(n.SigningInput())
	return encodedIntroduction(h.t, n)
}

func (h bareHolder) rotation(to bareHolder) *credential.Rotation {
	n := &credential.Rotation{Version: 1, Type: credential.TypeRotation, Issuer: deskIssuer, OldDID: h.did, NewDID: to.did, At: testDay}
	n.Signature, n.NewSignature = h.sign(n.SigningInput()), to.sign(n.SigningInput())
	return n
}

// TestRebindOnce: a key that was replaced replaces nothing any more, to whatever other key;
// nor is a change of keys an invitation.
func TestRebindOnce(t *testing.T) {
	w := newDeskWorld(t)
	old, next, thief := newBareHolder(t), newBareHolder(t), newBareHolder(t)
	w.accept("without a recovery key", old.introduction(w.invite("").Nonce), "")
	change := old.rotation(next)
	w.rebind("first", encodedRotation(t, change), "")
	w.rebind("by the key before", encodedRotation(t, old.rotation(thief)), "rotated-away")
	w.rebind("back", encodedRotation(t, next.rotation(old)), "rotated-away")
	message, err := change.SigningInput()
	w.must(err)
	w.accept("an answer to the change", thief.introduction(string(message)), "nonce-unknown")
	w.open(func(d *Desk) {
		if who, found := d.Introduction(""); found {
			t.Errorf("nobody has no reference, found %+v", who)
		}
	})
	// The new key may have introduced itself before the change arrived.
	last := newBareHolder(t)
	w.accept("introduction", last.introduction(w.invite("").Nonce), "")
	if got := w.rebind("to it", encodedRotation(t, next.rotation(last)), ""); got.New != last.did || !slices.Equal(got.Old, []string{next.did}) {
		t.Errorf("%+v", got)
	}
}

// TestRebindAddress: the address of the old key is not told as the new one's.
func TestRebindAddress(t *testing.T) {
	w := newDeskWorld(t)
	w.accept("introduction", encodedIntroduction(t, w.answer(w.invite(anchor.Mainnet), wallet.Ed25519)), "")
	w.rebind("change", encodedRotation(t, w.rotate(false)), "")
	w.open(func(d *Desk) {
		if who, ok := d.Introduction("file 17"); !ok || who.Address != "" {
			t.Errorf("%+v", who)
		}
	})
}

// TestRebindRecovery: the phrase alone is enough, however many keys there were, and against
// a thief of a key.
func TestRebindRecovery(t *testing.T) {
	w := newDeskWorld(t)
	first, other := w.introduce(wallet.Ed25519), w.introduce(wallet.P256)
	stolen := w.rotate(false)
	w.rebind("change by whoever has the key", encodedRotation(t, stolen), "")
	w.newWallet(w.wallet.Phrase())
	if r, err := w.wallet.Relate(deskIssuer, "", wallet.Ed25519); err != nil || r.DID != first {
		t.Fatalf("the phrase gives %s first, %v", r.DID, err)
	}
	n := w.rotate(true)
	if n.NewDID != stolen.NewDID {
		t.Errorf("the second key of the phrase is %s, was %s", n.NewDID, stolen.NewDID)
	}
	// That is the one in force, which takes the other's place; the next one theirs.
	if got := w.rebind("to the second key", encodedRotation(t, n), ""); !slices.Equal(got.Old, []string{other}) || got.New != stolen.NewDID {
		t.Errorf("%+v", got)
	}
	n = w.rotate(true)
	if got := w.rebind("to the third", encodedRotation(t, n), ""); !slices.Equal(got.Old, []string{stolen.NewDID}) || got.New != n.NewDID {
		t.Errorf("%+v", got)
	}
	w.newWallet(w.wallet.Phrase())
	w.rebind("to the second key again", encodedRotation(t, w.rotate(true)), "rotated-away")
	w.rotate(true)
	w.rebind("to the fourth", encodedRotation(t, w.rotate(true)), "")
	w.open(func(d *Desk) {
		for _, i := range d.All() {
			if i.DID == first || i.DID == other || i.DID == stolen.NewDID || i.DID == n.NewDID {
				t.Errorf("%+v still counts", i)
			}
		}
	})
}

// TestRecoveryNeedsProof: nobody names another's recovery key as his own, since then that
// person's change of keys would be his.
func TestRecoveryNeedsProof(t *testing.T) {
	w := newDeskWorld(t)
	i := w.invite("")
	n := w.answer(i, wallet.Ed25519)
	theirs := *n.Recovery
	w.newWallet("")
	own := w.answer(i, wallet.Ed25519)
	own.Recovery = &theirs
	w.accept("another's recovery key", encodedIntroduction(t, own), "signature")
	own.Recovery = nil
	w.accept("taken away", encodedIntroduction(t, own), "signature")
	n.Recovery.Signature = n.Signature
	w.accept("signed by the DID", encodedIntroduction(t, n), "signature")
	n.Recovery.DID = n.DID
	w.accept("the DID itself", encodedIntroduction(t, n), "malformed")
}

// TestRebindEvery ends the process at every call that writes: what was told as taken is
// taken, and a change that was not can be given again.
func TestRebindEvery(t *testing.T) {
	for _, how := range []string{"before", "after", "torn", "full"} {
		for at := 1; ; at++ {
			w := newDeskWorld(t)
			old := w.introduce(wallet.Ed25519)
			n := w.rotate(false)
			calls, gone := 0, false
			w.config.Hook = func(op, name string, do func() error) error {
				calls++
				switch {
				case gone:
					return errCrash
				case calls != at:
					return do()
				case how == "before":
					gone = true
					return errCrash
				case how == "full":
					return syscall.ENOSPC
				case how == "torn" && op == "write":
					gone = true
					raw, err := os.ReadFile(name)
					if err == nil {
						err = os.WriteFile(name, append(raw, "71 deadbeef {\"nonce"...), 0o600)
					}
					return errors.Join(errCrash, err)
				}
				err := do()
				gone = how != "full"
				return errors.Join(errCrash, err)
			}
			told := false
			if d, err := OpenDesk(w.config); err == nil {
				_, err = d.Rebind(encodedRotation(t, n))
				told = err == nil
				d.Close()
			}
			w.config.Hook = nil
			w.open(func(d *Desk) {
				if told && !d.isAway(old) {
					t.Errorf("%s %d: told as taken and forgotten", how, at)
				}
			})
			if got := w.rebind(how, encodedRotation(t, n), ""); got.New != n.NewDID || !slices.Equal(got.Old, []string{old}) {
				t.Errorf("%s %d: %+v", how, at, got)
			}
			if calls < at {
				if at < 3 {
					t.Errorf("only %d calls", calls)
				}
				break
			}
		}
	}
}

// TestEraseRebound: who asks to be forgotten is, under every DID, and no old key comes back.
func TestEraseRebound(t *testing.T) {
	w := newDeskWorld(t)
	old := w.introduce(wallet.Ed25519)
	n := w.rotate(false)
	w.rebind("change", encodedRotation(t, n), "")
	w.open(func(d *Desk) {
		if count, err := d.Erase(old); err != nil || count != 1 {
			t.Errorf("%d, %v", count, err)
		}
	})
	raw, err := os.ReadFile(filepath.Join(w.config.Dir, "state", "desk", "journal"))
	w.must(err)
	if strings.Contains(string(raw), "did:key:") || strings.Contains(string(raw), "file 17") {
		t.Errorf("journal: %s", raw)
	}
	w.open(func(d *Desk) {
		if id := d.Current(old); id != old {
			t.Errorf("%s is now %q", old, id)
		}
	})
	w.rebind("the change again", encodedRotation(t, n), "rotated-away")
	w.rebind("by the recovery key", encodedRotation(t, w.rotate(true)), "did-unknown")
	w.newWallet(w.wallet.Phrase())
	w.accept("the old key", encodedIntroduction(t, w.answer(w.invite(""), wallet.Ed25519)), "rotated-away")
}
