package issuer

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/did"

	"github.com/certanchor/certanchor/internal/durable"
)

// A NewIssuer is what Generate needs to know.
type NewIssuer struct {
	Dir string // the folder to make; must not hold an issuer already
	// ID is the URL under which the profile, issuer.json, will be published. The
	// context and the status lists are published beside it.
	ID   string
	Name string
	// Context is the JSON-LD context of the issuer's own terms, published beside the
	// profile; it must define the term salt.
	Context []byte
	// Network of the transactions; empty for a mock chain, which makes no credential
	// that anybody accepts.
	Network anchor.Network
	Profile anchor.Profile // form of the issuing address; "" means ProfileBlockcerts
	// From is the moment from which the keys count. Verifiers know the time of a block
	// within hours only, so a key that counts from this minute cannot be told from one
	// used too early: let it lie a day back.
	From time.Time
	// AnchorKey is the public key that pays, if its secret is elsewhere: in a token, or on
	// another machine. nil makes a key.
	AnchorKey *btcec.PublicKey
	// Passphrase seals the keys. It may be empty on regtest and mock chains only.
	Passphrase string
	// RevocationList adds the URL of an Open Badges revocation list to the profile,
	// for verifiers of Blockcerts that read no other.
	RevocationList bool
	Random         io.Reader // nil means the system's secure source
}

// ErrExists means that Generate would have overwritten an issuer.
var ErrExists = errors.New("issuer: the folder holds an issuer already")

// Generate makes an issuer: an Ed25519 key that signs, a secp256k1 key that pays, the
// profile (issuer.json, at once DID document and Blockcerts issuer profile) and the
// context to publish. Keys are written with mode 0600 before the profile, so that no
// profile without keys is left behind.
func Generate(n NewIssuer) error {
	if err := n.check(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(n.Dir, "issuer.json")); err == nil {
		return ErrExists
	}
	signing, payer, err := n.keys()
	if err != nil {
		return err
	}
	profile, err := n.profile(signing, payer)
	if err != nil {
		return err
	}
	var f durable.Files
	keys := filepath.Join(n.Dir, "keys")
	if err := f.Mkdir(keys); err != nil {
		return err
	}
	for name, k := range map[string]*keyFile{"signing.json": signing, "anchor.json": payer} {
		b, err := k.marshal()
		if err == nil {
			err = f.Replace(filepath.Join(keys, name), b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	if err := f.Replace(filepath.Join(n.Dir, "context.jsonld"), n.Context, 0o644); err != nil {
		return err
	}
	return f.Replace(filepath.Join(n.Dir, "issuer.json"), profile, 0o644)
}

func (n *NewIssuer) check() error {
	u, err := url.Parse(n.ID)
	if err != nil || u.Scheme != "https" || u.Host == "" || !strings.HasSuffix(u.Path, ".json") {
		return fmt.Errorf("issuer: the id %q must be an https URL of the profile to publish, ending in .json", n.ID)
	}
	if n.Name == "" {
		return errors.New("issuer: an issuer needs a name")
	}
	if n.Profile == "" {
		n.Profile = anchor.ProfileBlockcerts
	}
	if n.Network != "" && n.Network != anchor.Regtest && n.Passphrase == "" {
		return fmt.Errorf("issuer: keys for %s must be sealed with a passphrase", n.Network)
	}
	if n.From.IsZero() {
		return errors.New("issuer: the moment from which the keys count is missing")
	}
	return nil
}

func (n *NewIssuer) keys() (signing, payer *keyFile, err error) {
	random := randomOr(n.Random)
	seed := make(secret, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, nil, err
	}
	pub, err := did.Multikey(ed25519.NewKeyFromSeed(seed).Public())
	if err != nil {
		return nil, nil, err
	}
	signing = &keyFile{Version: 1, Use: "signing", ID: n.ID + "#signing-1", Public: pub}
	if err := signing.seal(seed, n.Passphrase); err != nil {
		return nil, nil, err
	}
	var key *btcec.PrivateKey
	public := n.AnchorKey
	if public == nil {
		raw := make(secret, btcec.PrivKeyBytesLen)
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, nil, err
		}
		key, public = btcec.PrivKeyFromBytes(raw)
	}
	if pub, err = did.Multikey(public); err != nil {
		return nil, nil, err
	}
	payer = &keyFile{Version: 1, Use: "anchor", ID: n.ID + "#anchor-1", Public: pub, Network: n.Network, Profile: n.Profile}
	network := n.Network
	if network == "" {
		network = anchor.Regtest
	}
	if payer.Address, err = anchor.Address(public, n.Profile, network); err != nil {
		return nil, nil, err
	}
	if key == nil {
		payer.Elsewhere = true
		return signing, payer, nil
	}
	return signing, payer, payer.seal(secret(key.Serialize()), n.Passphrase)
}

// profile writes issuer.json: what a verifier of Blockcerts reads (publicKey with
// addresses) and what one of W3C credentials reads (verificationMethod), in one. Keys
// stand as JsonWebKey2020, the form that both read in a profile.
func (n *NewIssuer) profile(signing, payer *keyFile) ([]byte, error) {
	created := n.From.UTC().Format(time.RFC3339)
	method := func(k *keyFile) (map[string]any, error) {
		pub, err := did.ParseMultikey(k.Public)
		if err != nil {
			return nil, err
		}
		jwk, err := did.JWK(pub)
		return map[string]any{"id": k.ID, "type": "JsonWebKey2020", "controller": n.ID, "created": created, "publicKeyJwk": jwk}, err
	}
	first, err := method(signing)
	if err != nil {
		return nil, err
	}
	second, err := method(payer)
	if err != nil {
		return nil, err
	}
	p := map[string]any{
		// The first two define the members of a DID document, the others those of a
		// Blockcerts profile.
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1",
			"https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v3"},
		"type":               "Profile",
		"id":                 n.ID,
		"name":               n.Name,
		"url":                n.ID,
		"publicKey":          []any{map[string]any{"id": "ecdsa-koblitz-pubkey:" + payer.Address, "created": created}},
		"verificationMethod": []any{first, second},
		"assertionMethod":    []any{signing.ID, payer.ID},
	}
	if n.RevocationList {
		p["revocationList"] = beside(n.ID, "revocation.json")
	}
	b, err := json.MarshalIndent(p, "", "  ")
	return append(b, '\n'), err
}

// beside returns the URL of a file published beside the profile.
func beside(id, name string) string { return id[:strings.LastIndex(id, "/")+1] + name }
