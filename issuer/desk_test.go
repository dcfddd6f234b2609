package issuer

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
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
	"github.com/certanchor/certanchor/wallet"
)

// A deskWorld is a desk and a holder's wallet with one clock.
type deskWorld struct {
	t      *testing.T
	config DeskConfig
	wallet *wallet.Wallet
	at     time.Time
}

func newDeskWorld(t *testing.T) *deskWorld {
	t.Helper()
	w := &deskWorld{t: t, at: testDay}
	dir := filepath.Join(t.TempDir(), "issuer")
	w.must(Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext,
		Network: anchor.Regtest, From: testDay.AddDate(0, 0, -7)}))
	clock := func() time.Time { return w.at }
	w.config = DeskConfig{Dir: dir, Now: clock}
	var err error
	w.wallet, err = wallet.Create(wallet.Config{File: filepath.Join(t.TempDir(), "wallet"), Passphrase: "correct horse", Work: 1, Now: clock}, 12)
	w.must(err)
	t.Cleanup(func() { w.wallet.Close() })
	return w
}

func (w *deskWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// open runs do with the desk open, as one run of the command would.
func (w *deskWorld) open(do func(d *Desk)) {
	w.t.Helper()
	d, err := OpenDesk(w.config)
	w.must(err)
	defer d.Close()
	do(d)
}

func (w *deskWorld) invite(network anchor.Network) (i *credential.Invitation) {
	w.t.Helper()
	w.open(func(d *Desk) {
		var err error
		i, err = d.Invite("file 17", time.Hour, network)
		w.must(err)
	})
	return i
}

func (w *deskWorld) answer(i *credential.Invitation, curve wallet.Curve) *credential.Introduction {
	w.t.Helper()
	n, err := w.wallet.Answer(i, curve)
	w.must(err)
	return n
}

func encodedIntroduction(t *testing.T, n *credential.Introduction) []byte {
	t.Helper()
	raw, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// accept gives the introduction to the desk and wants a code; "" wants it taken.
func (w *deskWorld) accept(what string, raw []byte, want string) (got Introduced) {
	w.t.Helper()
	w.open(func(d *Desk) {
		var err error
		got, err = d.Accept(raw)
		var e *IntroductionError
		switch {
		case want == "" && err == nil:
		case !errors.As(err, &e) || e.Code != want:
			w.t.Errorf("%s: %v, want %q", what, err, want)
		}
	})
	return got
}

func TestIntroduction(t *testing.T) {
	for _, curve := range []wallet.Curve{wallet.Ed25519, wallet.P256} {
		for _, network := range []anchor.Network{"", anchor.Mainnet, anchor.Regtest} {
			w := newDeskWorld(t)
			i := w.invite(network)
			text, err := i.Text()
			w.must(err)
			if i, err = credential.ParseInvitation([]byte(text + "\n")); err != nil {
				t.Fatal(err)
			}
			n := w.answer(i, curve)
			answer, err := n.Text()
			w.must(err)
			w.at = w.at.Add(30 * time.Minute)
			got := w.accept("answer", []byte(answer), "")
			r := w.wallet.Relations()[0]
			if got.DID != r.DID || got.Address != r.Address || (r.Address == "") != (network == "") || got.Reference != "file 17" {
				t.Errorf("%s, %s: %+v, the wallet has %+v", curve, network, got, r)
			}
			w.open(func(d *Desk) {
				if found, ok := d.Introduction("file 17"); !ok || found.DID != r.DID || len(d.All()) != 1 {
					t.Errorf("found %+v", found)
				}
			})
			// Its own answer may have been lost; after the end, too.
			w.at = w.at.Add(2 * time.Hour)
			if again := w.accept("the same again", encodedIntroduction(t, n), ""); again.DID != got.DID {
				t.Errorf("again: %+v", again)
			}
		}
	}
}

// TestIntroductionRefused bends one thing at a time.
func TestIntroductionRefused(t *testing.T) {
	w := newDeskWorld(t)
	i := w.invite(anchor.Mainnet)
	bent := func(change func(n *credential.Introduction)) []byte {
		n := w.answer(i, wallet.Ed25519)
		change(n)
		return encodedIntroduction(t, n)
	}
	other := w.answer(i, wallet.P256)
	for what, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nonsense":       {[]byte("{"), "malformed"},
		"too long":       {bytes.Repeat([]byte(" "), 20000), "malformed"},
		"damaged text":   {[]byte("certanchor:introduction:AAA!"), "malformed"},
		"other issuer":   {bent(func(n *credential.Introduction) { n.Issuer = "https://other.example/" }), "other-issuer"},
		"other nonce":    {bent(func(n *credential.Introduction) { n.Nonce = strings.Repeat("A", 43) }), "nonce-unknown"},
		"other DID":      {bent(func(n *credential.Introduction) { n.DID = other.DID }), "signature"},
		"other time":     {bent(func(n *credential.Introduction) { n.At = n.At.Add(time.Second) }), "signature"},
		"no signature":   {bent(func(n *credential.Introduction) { n.Signature = "" }), "signature"},
		"another's":      {bent(func(n *credential.Introduction) { n.Signature = other.Signature }), "signature"},
		"no address":     {bent(func(n *credential.Introduction) { n.Address = nil }), "signature"},
		"other network":  {bent(func(n *credential.Introduction) { n.Address.Network = "testnet3" }), "signature"},
		"stolen address": {bent(func(n *credential.Introduction) { n.Address.Address = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT" }), "signature"},
		"address unsigned": {bent(func(n *credential.Introduction) {
			n.Address.Signature = n.Signature
		}), "address"},
		"DID with no key":   {bent(func(n *credential.Introduction) { n.DID = "did:key:z6Mk" }), "malformed"},
		"DID with fragment": {bent(func(n *credential.Introduction) { n.DID += "#x" }), "malformed"},
		"unknown member":    {bytes.Replace(bent(func(*credential.Introduction) {}), []byte("{"), []byte(`{"extra":1,`), 1), "malformed"},
	} {
		w.accept(what, c.raw, c.want)
	}
	late := w.answer(i, wallet.Ed25519)
	w.at = w.at.Add(-time.Hour)
	w.accept("from the future", encodedIntroduction(t, late), "time")
	w.at = w.at.Add(2 * time.Hour)
	w.accept("too late", encodedIntroduction(t, late), "nonce-expired")
	if _, err := w.wallet.Answer(i, wallet.Ed25519); !errors.Is(err, wallet.ErrInvitationExpired) {
		t.Errorf("answered too late: %v", err)
	}
	w.at = testDay.Add(time.Minute)
	w.accept("in time", encodedIntroduction(t, late), "") // nothing above used the nonce up
	w.accept("another answer", encodedIntroduction(t, w.answer(i, wallet.P256)), "nonce-used")
}

// TestNonceUsedOnce ends the process at every call that writes, and gives the desk another
// answer afterwards: if the first was told as taken, no other is.
func TestNonceUsedOnce(t *testing.T) {
	for _, how := range []string{"before", "after", "torn", "full"} {
		for at := 1; ; at++ {
			w := newDeskWorld(t)
			i := w.invite("")
			first, second := encodedIntroduction(t, w.answer(i, wallet.Ed25519)), encodedIntroduction(t, w.answer(i, wallet.P256))
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
			var told bool
			if d, err := OpenDesk(w.config); err == nil {
				_, err = d.Accept(first)
				told = err == nil
				d.Close()
			}
			w.config.Hook = nil
			want := ""
			w.open(func(d *Desk) {
				if slices.ContainsFunc(d.All(), func(x Introduced) bool { return x.DID != "" }) {
					want = "nonce-used"
				}
			})
			if told && want == "" {
				t.Errorf("%s %d: told as taken and forgotten", how, at)
			}
			w.accept(how, second, want)
			if want == "" {
				want = "nonce-used" // by the second
				w.accept(how, first, want)
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

// TestDeskTellsNothing: nobody who reads the journal can answer an open invitation.
func TestDeskTellsNothing(t *testing.T) {
	w := newDeskWorld(t)
	i := w.invite("")
	raw, err := os.ReadFile(filepath.Join(w.config.Dir, "state", "desk", "journal"))
	w.must(err)
	sum := sha256.Sum256([]byte(i.Nonce))
	if bytes.Contains(raw, []byte(i.Nonce)) || !bytes.Contains(raw, []byte(hex.EncodeToString(sum[:]))) {
		t.Errorf("journal: %s", raw)
	}
}

// TestDeskSigner: a desk signs with the key that the profile lists, or not at all.
func TestDeskSigner(t *testing.T) {
	w := newDeskWorld(t)
	signer, id, err := SigningKey(w.config.Dir, nil)
	w.must(err)
	other := newDeskWorld(t)
	foreign, _, err := SigningKey(other.config.Dir, nil)
	w.must(err)
	for what, c := range map[string]struct {
		signer crypto.Signer
		id     string
		good   bool
	}{"its own": {signer, id, true}, "another's": {foreign, id, false}, "no such method": {signer, id + "0", false}} {
		config := w.config
		config.Signer, config.KeyID = c.signer, c.id
		d, err := OpenDesk(config)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", what, err)
		}
		if err == nil {
			i, err := d.Invite("", time.Hour, "")
			if err != nil || i.Method != id || i.Signature == "" {
				t.Errorf("%+v, %v", i, err)
			}
			w.must(d.Close())
		}
	}
	if i := w.invite(""); i.Method != "" || i.Signature != "" {
		t.Errorf("signed without a key: %+v", i)
	}
}

func TestDeskLocked(t *testing.T) {
	w := newDeskWorld(t)
	w.open(func(*Desk) {
		if _, err := OpenDesk(w.config); !errors.Is(err, ErrLocked) {
			t.Error(err)
		}
	})
}
