package pkcs11

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/miekg/pkcs11"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
)

const (
	pin     = "2718"
	soPIN   = "31415926"
	require = "CERTANCHOR_REQUIRE_SOFTHSM"
)

// module finds SoftHSM. Where it is not installed the tests skip aloud, or fail if they
// are required.
func module(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("softhsm2-util"); err == nil {
		for _, name := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so"} {
			if _, err := os.Stat(name); err == nil {
				return name
			}
		}
	}
	if os.Getenv(require) != "" {
		t.Fatalf("SoftHSM is not installed and %s is set: apt-get install softhsm2", require)
	}
	t.Skip("SKIPPED: SoftHSM is not installed: apt-get install softhsm2")
	return ""
}

// A hsm is a folder of SoftHSM with one token.
type hsm struct {
	t      testing.TB
	module string
	dir    string
	pin    string // file
}

func newHSM(t testing.TB, label string) *hsm {
	t.Helper()
	h := &hsm{t: t, module: module(t), dir: t.TempDir()}
	conf := filepath.Join(h.dir, "softhsm2.conf")
	h.file("softhsm2.conf", "directories.tokendir = "+filepath.Join(h.dir, "tokens")+"\nobjectstore.backend = file\nlog.level = ERROR\n", 0o600)
	if err := os.Mkdir(filepath.Join(h.dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	h.token(label)
	h.pin = h.file("pin", pin+"\n", 0o600)
	return h
}

func (h *hsm) file(name, text string, mode os.FileMode) string {
	h.t.Helper()
	name = filepath.Join(h.dir, name)
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		h.t.Fatal(err)
	}
	return name
}

func (h *hsm) token(label string) {
	h.t.Helper()
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", soPIN).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
}

// generate makes a key in the token, which cannot leave it.
func (h *hsm) generate(token, label string, id byte, mechanism, keyType uint, params []byte) {
	h.t.Helper()
	t, err := h.open(token)
	if err != nil {
		h.t.Fatal(err)
	}
	defer t.Close()
	slot, err := t.find(token)
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		h.t.Fatal(err)
	}
	common := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label), pkcs11.NewAttribute(pkcs11.CKA_ID, []byte{id}), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
	}
	public := append([]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType), pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true)}, common...)
	if keyType == pkcs11.CKK_RSA {
		public = append(public, pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 1024), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
	} else {
		public = append(public, pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, params))
	}
	private := append([]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_SIGN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false)}, common...)
	if _, _, err := t.module.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, public, private); err != nil {
		h.t.Fatal(err)
	}
}

const (
	mechanismEdwards = 0x1055 // CKM_EC_EDWARDS_KEY_PAIR_GEN
	keyEdwards       = 0x40   // CKK_EC_EDWARDS
)

func (h *hsm) secp256k1(token, label string, id byte) {
	h.generate(token, label, id, pkcs11.CKM_EC_KEY_PAIR_GEN, pkcs11.CKK_EC, secp256k1)
}

func (h *hsm) open(token string) (*Token, error) {
	return Open(Config{Module: h.module, Token: token, PINFile: h.pin})
}

func (h *hsm) mustOpen(token string) *Token {
	h.t.Helper()
	t, err := h.open(token)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { t.Close() })
	return t
}

func wantCode(t testing.TB, err error, code Code) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%v, want code %s", err, code)
	}
}

// TestAnchorKey: signatures by the token verify, are low S every time, and differ.
func TestAnchorKey(t *testing.T) {
	h := newHSM(t, "board")
	h.secp256k1("board", "anchor", 1)
	k, err := h.mustOpen("board").AnchorKey("anchor")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	const runs = 60 // half of a token's signatures have high S
	for i := range runs {
		digest := [32]byte{byte(i % 2)}
		der, err := k.SignECDSA(digest)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := ecdsa.ParseDERSignature(der)
		if err != nil || !sig.Verify(digest[:], k.PublicKey()) {
			t.Fatalf("signature %d: %v", i, err)
		}
		s := sig.S()
		if s.IsOverHalfOrder() || !bytes.Equal(sig.Serialize(), der) {
			t.Fatalf("signature %d is not in the one form that nodes relay", i)
		}
		seen[string(der)] = true
	}
	t.Logf("%d signatures, %d of them different, all low S", runs, len(seen))
	_, err = k.SignTaproot([32]byte{})
	wantCode(t, err, CodeUnsupported)
	if text := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(text, pin) || !strings.Contains(text, `AnchorKey("anchor")`) {
		t.Error(text)
	}
}

// TestSigningKey issues with an Ed25519 key in the token.
func TestSigningKey(t *testing.T) {
	h := newHSM(t, "board")
	h.generate("board", "signing", 2, mechanismEdwards, keyEdwards, ed25519s[0])
	s, err := h.mustOpen("board").SigningKey("signing")
	if err != nil {
		t.Fatal(err)
	}
	public, ok := s.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatalf("%T", s.Public())
	}
	for _, message := range []string{"", "x", strings.Repeat("y", 10_000)} {
		sig, err := s.Sign(nil, []byte(message), nil)
		if err != nil || !ed25519.Verify(public, []byte(message), sig) {
			t.Fatalf("%d bytes: %v", len(message), err)
		}
	}
}

// TestIssue takes a batch from draft to credential; its transaction is signed by the
// token, once in place and once by way of a packet.
func TestIssue(t *testing.T) {
	h := newHSM(t, "board")
	h.secp256k1("board", "anchor", 1)
	k, err := h.mustOpen("board").AnchorKey("anchor")
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit} {
		t.Run(string(profile), func(t *testing.T) {
			address, err := anchor.Address(k.PublicKey(), profile, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			ctx, chain, is := context.Background(), regtest.New(), newIssuer(t)
			if _, err := chain.Mine(101, address, time.Now().Add(-48*time.Hour)); err != nil {
				t.Fatal(err)
			}
			for i, sign := range []func(*issuer.Batch) error{
				func(b *issuer.Batch) error { return b.Sign(k) },
				func(b *issuer.Batch) error {
					packet, err := b.PSBT()
					if err != nil {
						return err
					}
					signed, _, err := anchor.SignPSBT(packet, k, 100_000)
					if err != nil {
						return err
					}
					return b.SignedBy(signed)
				},
			} {
				b, err := is.Seal(ctx, anchor.Regtest, draft(i))
				for _, step := range []func() error{
					func() error { return err },
					func() error { return b.Fund(ctx, chain, address, 100_000) },
					func() error { return sign(b) },
					func() error { return b.Broadcast(ctx, chain) },
					func() error { _, err := chain.Mine(6, address, time.Now()); return err },
					func() error { _, err := b.Confirm(ctx, chain, 6); return err },
				} {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
				ev, err := chain.Evidence(ctx, b.TxID())
				if err != nil {
					t.Fatal(err)
				}
				c, err := anchor.ParseCommitment(ev.Tx)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := c.IssuingAddress(ev.PrevTxs, anchor.Regtest); err != nil || got != address || c.Root != b.Root() {
					t.Errorf("issued from %s, %v; want %s", got, err, address)
				}
				if err := b.Finish(discard{}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestCommand: the command, where the token is, signs what an issuer funded elsewhere; with
// a wrong PIN, a foreign packet or a fee above its own cap it writes nothing.
func TestCommand(t *testing.T) {
	h := newHSM(t, "board")
	h.secp256k1("board", "anchor", 1)
	h.secp256k1("board", "other", 2)
	binary := filepath.Join(h.dir, "certanchor-pkcs11")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/certanchor-pkcs11").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := func(key, pinFile string, args ...string) (string, string, error) {
		var out, errs bytes.Buffer
		c := exec.Command(binary, append(args, "--module", h.module, "--token", "board", "--key", key, "--pin-file", pinFile)...)
		c.Stdout, c.Stderr = &out, &errs
		err := c.Run()
		return strings.TrimSpace(out.String()), errs.String(), err
	}
	public, said, err := run("anchor", h.pin, "public")
	if err != nil {
		t.Fatal(err, said)
	}
	raw, err := hex.DecodeString(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := btcec.ParsePubKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	address, err := anchor.Address(key, anchor.ProfileBlockcerts, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	ctx, chain, is := context.Background(), regtest.New(), newIssuer(t)
	if _, err := chain.Mine(101, address, time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	b, err := is.Seal(ctx, anchor.Regtest, draft(0))
	if err == nil {
		err = b.Fund(ctx, chain, address, 100_000)
	}
	if err != nil {
		t.Fatal(err)
	}
	packet, err := b.PSBT()
	if err != nil {
		t.Fatal(err)
	}
	in, out := h.file("tx.psbt", string(packet), 0o600), filepath.Join(h.dir, "signed.psbt")
	for name, args := range map[string][]string{
		"wrong-pin":             {"anchor", h.file("wrong", "0000", 0o600), "--in", in},
		"is not this key":       {"other", h.pin, "--in", in},
		"fee-above-cap":         {"anchor", h.pin, "--in", in, "--fee-cap", "1"},
		"malformed-transaction": {"anchor", h.pin, "--in", h.pin},
	} {
		_, said, err := run(args[0], args[1], append([]string{"sign", "--out", out}, args[2:]...)...)
		if _, missing := os.Stat(out); err == nil || missing == nil || !strings.Contains(said, name) || strings.Contains(said, pin) {
			t.Errorf("%s: %v, %s", name, err, said)
		}
	}
	if _, said, err := run("anchor", h.pin, "sign", "--in", in, "--out", out); err != nil {
		t.Fatal(err, said)
	}
	signed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.SignedBy(signed); err != nil {
		t.Fatal(err)
	}
	if err := b.Broadcast(ctx, chain); err != nil {
		t.Fatal(err)
	}
}

func newIssuer(t *testing.T) *issuer.Issuer {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "issuer")
	err := issuer.Generate(issuer.NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Network: anchor.Regtest,
		Context: []byte(`{"@context": {"@protected": true, "salt": "https://issuer.example/#salt", "TestCredential": "https://issuer.example/#T", "grade": "https://issuer.example/#grade"}}`),
		From:    time.Now().AddDate(0, 0, -7)})
	if err != nil {
		t.Fatal(err)
	}
	signer, id, err := issuer.SigningKey(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := issuer.AnchorAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	is, err := issuer.Open(issuer.Config{Dir: dir, Signer: signer, KeyID: id, AnchorKeyID: key.ID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { is.Close() })
	return is
}

func draft(i int) issuer.Drafts {
	return func(yield func(issuer.Draft, error) bool) {
		yield(issuer.Draft{Place: "draft", Object: map[string]any{"type": "TestCredential", "credentialSubject": map[string]any{"grade": fmt.Sprint(i)}}}, nil)
	}
}

type discard struct{}

func (discard) Put(string, []byte) error { return nil }
func (discard) Commit() error            { return nil }

// TestFaults: each has its code, and none tells the PIN.
func TestFaults(t *testing.T) {
	h := newHSM(t, "board")
	h.token("twice")
	h.token("twice")
	h.secp256k1("board", "anchor", 1)
	h.secp256k1("board", "doubled", 2)
	h.secp256k1("board", "doubled", 3)
	h.generate("board", "p256", 4, pkcs11.CKM_EC_KEY_PAIR_GEN, pkcs11.CKK_EC, []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07})
	h.generate("board", "signing", 5, mechanismEdwards, keyEdwards, ed25519s[0])
	h.generate("board", "rsa", 6, pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, pkcs11.CKK_RSA, nil)
	h.secp256k1("board", "same-id", 7)
	h.secp256k1("board", "same-id-too", 7)

	good := Config{Module: h.module, Token: "board", PINFile: h.pin}
	for name, c := range map[string]struct {
		bend func(*Config)
		code Code
	}{
		"no-such-library":    {func(c *Config) { c.Module = filepath.Join(h.dir, "none.so") }, CodeModule},
		"not-a-library":      {func(c *Config) { c.Module = h.pin }, CodeModule},
		"no-such-token":      {func(c *Config) { c.Token = "bord" }, CodeNoToken},
		"two-tokens":         {func(c *Config) { c.Token = "twice" }, CodeManyTokens},
		"wrong-pin":          {func(c *Config) { c.PINFile = h.file("wrong", "9999\n", 0o600) }, CodePIN},
		"pin-too-short":      {func(c *Config) { c.PINFile = h.file("short", "1\n", 0o600) }, CodePIN},
		"no-pin-file":        {func(c *Config) { c.PINFile = "" }, CodePINFile},
		"pin-file-missing":   {func(c *Config) { c.PINFile = filepath.Join(h.dir, "none") }, CodePINFile},
		"pin-file-empty":     {func(c *Config) { c.PINFile = h.file("empty", "\n"+pin, 0o600) }, CodePINFile},
		"pin-file-readable":  {func(c *Config) { c.PINFile = h.file("open", pin, 0o644) }, CodePINFile},
		"pin-file-is-folder": {func(c *Config) { c.PINFile = h.dir }, CodePINFile},
	} {
		t.Run(name, func(t *testing.T) {
			bent := good
			c.bend(&bent)
			_, err := Open(bent)
			wantCode(t, err, c.code)
			if strings.Contains(err.Error(), pin) || strings.Contains(err.Error(), "9999") {
				t.Errorf("tells the PIN: %v", err)
			}
		})
	}
	t.Setenv(PINFileVariable, h.pin)
	good.PINFile = ""
	token, err := Open(good)
	if err != nil {
		t.Fatalf("PIN file named by the environment: %v", err)
	}
	for label, code := range map[string]Code{
		"nothing": CodeNoKey, "doubled": CodeManyKeys, "p256": CodeWrongCurve, "signing": CodeWrongCurve, "rsa": CodeWrongCurve, "same-id": CodeNoKey,
	} {
		_, err := token.AnchorKey(label)
		wantCode(t, err, code)
	}
	_, err = token.SigningKey("anchor")
	wantCode(t, err, CodeWrongCurve)
	key, err := token.AnchorKey("anchor")
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = key.SignECDSA([32]byte{})
	wantCode(t, err, CodeToken)
	_, err = token.AnchorKey("anchor")
	wantCode(t, err, CodeToken)
	if err := token.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// TestNoKeyMaterial: the private key does not leave the token, so no call of this package
// could give it away.
func TestNoKeyMaterial(t *testing.T) {
	h := newHSM(t, "board")
	h.secp256k1("board", "anchor", 1)
	token := h.mustOpen("board")
	k, err := token.AnchorKey("anchor")
	if err != nil {
		t.Fatal(err)
	}
	values, err := token.module.GetAttributeValue(token.session, k.key.private, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
	if err == nil {
		t.Errorf("the token gave the key: %d bytes", len(values[0].Value))
	}
}
