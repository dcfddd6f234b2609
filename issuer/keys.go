package issuer

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// A keyFile is a key on disk. What is public stands in the clear, so that programs can
// ask which key it is; the secret is sealed with a passphrase by age, or plain where
// the key guards nothing of value.
type keyFile struct {
	Version int    `json:"version"`
	Use     string `json:"use"` // "signing" or "anchor"
	ID      string `json:"id"`  // verification method in issuer.json
	Public  string `json:"public"`
	// Network, Profile and Address are of an anchor key.
	Network anchor.Network `json:"network,omitempty"`
	Profile anchor.Profile `json:"profile,omitempty"`
	Address string         `json:"address,omitempty"`
	Sealed  string         `json:"sealed,omitempty"` // age file, armored
	Plain   string         `json:"plain,omitempty"`  // base64url of the secret bytes
	// Elsewhere says that the secret of an anchor key is in a token or on another machine.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// A KeyError says why a key file cannot be used. It never holds key material.
type KeyError struct {
	File string
	Code string // missing, malformed, passphrase, permissions, mismatch, elsewhere
	Err  error
}

func (e *KeyError) Error() string { return fmt.Sprintf("key file %s: %s: %v", e.File, e.Code, e.Err) }

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

// A secret is key material in memory. Its printed form says what it is, not its value.
type secret []byte

// Format keeps the value out of every verb of package fmt.
func (secret) Format(f fmt.State, _ rune) { io.WriteString(f, "issuer.secret") }

// MarshalJSON keeps the value out of JSON.
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"issuer.secret"`), nil }

// scryptWork is log2 of the work of a passphrase: about a second on a small machine.
const scryptWork = 17

func (k *keyFile) seal(s secret, passphrase string) error {
	if passphrase == "" {
		k.Plain = base64.RawURLEncoding.EncodeToString(s)
		return nil
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	r.SetWorkFactor(scryptWork)
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, r)
	if err == nil {
		_, err = w.Write(s)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = a.Close()
	}
	k.Sealed = out.String()
	return err
}

// errPassphrase is all that is said of a file that does not open: a wrong passphrase
// and a damaged file look alike.
var errPassphrase = errors.New("wrong passphrase, or the file is damaged")

func (k *keyFile) open(name string, passphrase func() (string, error)) (secret, error) {
	if k.Elsewhere {
		return nil, &KeyError{name, "elsewhere", errors.New("the secret is in a token or on another machine, and signs there; write the transaction out with --psbt-out")}
	}
	if k.Plain != "" {
		s, err := base64.RawURLEncoding.Strict().DecodeString(k.Plain)
		if err != nil {
			return nil, &KeyError{name, "malformed", errors.New("plain is not base64url")}
		}
		return s, nil
	}
	if passphrase == nil {
		return nil, &KeyError{name, "passphrase", errors.New("the key is sealed and no passphrase was given")}
	}
	phrase, err := passphrase()
	if err != nil {
		return nil, &KeyError{name, "passphrase", err}
	}
	id, err := age.NewScryptIdentity(phrase)
	if err != nil {
		return nil, &KeyError{name, "passphrase", errPassphrase}
	}
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader([]byte(k.Sealed))), id)
	if err != nil {
		return nil, &KeyError{name, "passphrase", errPassphrase}
	}
	s, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err != nil {
		return nil, &KeyError{name, "passphrase", errPassphrase}
	}
	return s, nil
}

func readKeyFile(name, use string) (*keyFile, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &KeyError{name, "missing", errors.New("the issuer has no such key; make an issuer with: certanchor keygen")}
	}
	if err != nil {
		return nil, &KeyError{name, "missing", err}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, &KeyError{name, "missing", err}
	}
	var k keyFile
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: 64 << 10}, &k); err != nil {
		return nil, &KeyError{name, "malformed", err}
	}
	switch {
	case k.Version != 1 || k.Use != use:
		return nil, &KeyError{name, "malformed", fmt.Errorf("not a %s key of version 1", use)}
	case k.Elsewhere && (use != "anchor" || k.Plain != "" || k.Sealed != ""):
		return nil, &KeyError{name, "malformed", errors.New("elsewhere is for an anchor key without its secret")}
	case !k.Elsewhere && (k.Plain == "") == (k.Sealed == ""):
		return nil, &KeyError{name, "malformed", errors.New("needs one of sealed and plain")}
	case k.Plain != "" && info.Mode().Perm()&0o077 != 0:
		return nil, &KeyError{name, "permissions", fmt.Errorf("a plain key that others can read; chmod 600 %s", name)}
	case k.Plain != "" && use == "anchor" && k.Network != anchor.Regtest && k.Network != "":
		return nil, &KeyError{name, "malformed", fmt.Errorf("a plain key is for regtest and mock chains only, not for %s", k.Network)}
	}
	return &k, nil
}

// SigningKey opens keys/signing.json of an issuer's folder. passphrase is asked only
// if the key is sealed. Errors are *KeyError.
func SigningKey(dir string, passphrase func() (string, error)) (crypto.Signer, string, error) {
	name := dir + "/keys/signing.json"
	k, err := readKeyFile(name, "signing")
	if err != nil {
		return nil, "", err
	}
	s, err := k.open(name, passphrase)
	if err != nil {
		return nil, "", err
	}
	if len(s) != ed25519.SeedSize {
		return nil, "", &KeyError{name, "malformed", errors.New("not the seed of an Ed25519 key")}
	}
	signer := ed25519.NewKeyFromSeed(s)
	if public, err := did.Multikey(signer.Public()); err != nil || public != k.Public {
		return nil, "", &KeyError{name, "mismatch", errors.New("the secret does not belong to the public key")}
	}
	return memorySigner{func() ed25519.PrivateKey { return signer }}, k.ID, nil
}

// A memorySigner signs with an Ed25519 key in memory. The key is behind a function, since
// package fmt walks into fields that are not exported, and through pointers, without
// asking for their Format.
type memorySigner struct{ key func() ed25519.PrivateKey }

// Public implements crypto.Signer.
func (s memorySigner) Public() crypto.PublicKey { return s.key().Public() }

// Sign implements crypto.Signer.
func (s memorySigner) Sign(r io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.key().Sign(r, message, opts)
}

// Format keeps the key out of every verb of package fmt.
func (memorySigner) Format(f fmt.State, _ rune) { io.WriteString(f, "issuer.memorySigner") }

// MarshalJSON keeps the key out of JSON.
func (memorySigner) MarshalJSON() ([]byte, error) { return []byte(`"issuer.memorySigner"`), nil }

// An AnchorKey is the key that pays for transactions, with the address it owns.
type AnchorKey struct {
	anchor.Signer
	ID      string // verification method that Merkle proofs name
	Network anchor.Network
	Profile anchor.Profile
	Address string
}

// OpenAnchorKey opens keys/anchor.json of an issuer's folder. Errors are *KeyError.
func OpenAnchorKey(dir string, passphrase func() (string, error)) (*AnchorKey, error) {
	name := dir + "/keys/anchor.json"
	k, err := readKeyFile(name, "anchor")
	if err != nil {
		return nil, err
	}
	s, err := k.open(name, passphrase)
	if err != nil {
		return nil, err
	}
	if len(s) != btcec.PrivKeyBytesLen {
		return nil, &KeyError{name, "malformed", errors.New("not the secret of a secp256k1 key")}
	}
	key, _ := btcec.PrivKeyFromBytes(s)
	if public, err := did.Multikey(key.PubKey()); err != nil || public != k.Public {
		return nil, &KeyError{name, "mismatch", errors.New("the secret does not belong to the public key")}
	}
	return &AnchorKey{Signer: anchor.NewKeySigner(key), ID: k.ID, Network: k.Network, Profile: k.Profile, Address: k.Address}, nil
}

// AnchorAddress reads the public part of keys/anchor.json: no secret is opened.
func AnchorAddress(dir string) (*AnchorKey, error) {
	k, err := readKeyFile(dir+"/keys/anchor.json", "anchor")
	if err != nil {
		return nil, err
	}
	return &AnchorKey{ID: k.ID, Network: k.Network, Profile: k.Profile, Address: k.Address}, nil
}

func (k *keyFile) marshal() ([]byte, error) {
	b, err := json.MarshalIndent(k, "", "  ")
	return append(b, '\n'), err
}
