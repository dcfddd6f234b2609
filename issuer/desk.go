package issuer

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"

	"github.com/certanchor/certanchor/internal/durable"
)

// A Desk is where an issuer invites holders and takes their introductions. It needs no
// key; with the issuer's it signs its invitations. Each nonce counts once: that it was used
// is in the journal of the desk, synced, before anybody learns that the introduction was
// good. The journal has digests of nonces only, so that nobody who reads it can answer an
// open invitation.
type Desk struct {
	profile  *did.Document
	signer   crypto.Signer // nil: invitations are not signed
	keyID    string
	now      func() time.Time
	random   io.Reader
	lockFile *os.File
	log      *recordLog
	nonces   map[string]*deskEntry
	order    []string
	away     map[string]string // SHA-256 of a DID that was replaced → the DID in its place
}

// A DeskConfig says whose desk it is. Dir is required.
type DeskConfig struct {
	Dir      string           // the issuer's folder
	StateDir string           // "" means Dir/state
	Now      func() time.Time // nil means the system's clock
	Random   io.Reader        // of nonces; nil means the system's secure source
	// Signer signs invitations with the key that issuer.json lists as KeyID; nil leaves them
	// unsigned.
	Signer crypto.Signer
	KeyID  string
	Hook   Hook // for tests
}

// deskEntry is one invitation as the journal has it: a record when it was made, and one
// more when it was used. A change of keys (Rebind) is an entry too, made and used at once.
type deskEntry struct {
	Nonce     string    `json:"nonce"` // SHA-256, hexadecimal; of a change of keys, over what was signed
	Invited   time.Time `json:"invited"`
	Expires   time.Time `json:"expires"`
	Reference string    `json:"reference,omitempty"`
	Network   string    `json:"bitcoinAddress,omitempty"`

	Used    *time.Time `json:"used,omitempty"`
	Answer  string     `json:"answer,omitempty"` // SHA-256 of what was signed
	DID     string     `json:"did,omitempty"`
	Address string     `json:"address,omitempty"`
	// Recovery is the DID of the recovery key that came with the introduction.
	Recovery string `json:"recovery,omitempty"`
	// Away is of a change of keys: the SHA-256 of each DID that DID replaces. It stays when
	// the rest is erased, so that none of them is taken again.
	Away []string `json:"away,omitempty"`
}

// OpenDesk opens the desk of an issuer's folder and locks it until Close. Errors are
// ErrLocked, *CorruptError, and those of reading the profile.
func OpenDesk(c DeskConfig) (*Desk, error) {
	raw, err := os.ReadFile(filepath.Join(c.Dir, "issuer.json"))
	if err != nil {
		return nil, fmt.Errorf("issuer: the folder holds no issuer; make one with: certanchor keygen: %w", err)
	}
	d := &Desk{signer: c.Signer, keyID: c.KeyID, now: c.Now, random: randomOr(c.Random), nonces: map[string]*deskEntry{}, away: map[string]string{}}
	if d.profile, err = did.Parse(raw); err != nil {
		return nil, fmt.Errorf("issuer: issuer.json: %w", err)
	}
	if c.Signer != nil {
		if err := checkSigner(d.profile, c.KeyID, c.Signer); err != nil {
			return nil, err
		}
	}
	if d.now == nil {
		d.now = time.Now
	}
	if c.StateDir == "" {
		c.StateDir = filepath.Join(c.Dir, "state")
	}
	dir, f := filepath.Join(c.StateDir, "desk"), durable.Files{Hook: c.Hook}
	if err := f.Mkdir(dir); err != nil {
		return nil, err
	}
	if d.lockFile, err = lock(dir); err != nil {
		return nil, err
	}
	if d.log, err = openLog(f, filepath.Join(dir, "journal"), d.replay); err != nil {
		return nil, errors.Join(err, d.lockFile.Close())
	}
	return d, nil
}

func (d *Desk) replay(line []byte) error {
	var e deskEntry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if _, known := d.nonces[e.Nonce]; !known {
		d.order = append(d.order, e.Nonce)
	}
	d.nonces[e.Nonce] = &e
	for _, old := range e.Away {
		d.away[old] = e.DID
	}
	return nil
}

func (d *Desk) write(e deskEntry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := d.log.append(line); err != nil {
		return fmt.Errorf("issuer: writing the desk's journal: %w", err)
	}
	if err := d.log.sync(); err != nil {
		return fmt.Errorf("issuer: syncing the desk's journal: %w", err)
	}
	return d.replay(line)
}

// Erase destroys what the desk knows of a holder: DID, address, reference, and the DIDs that
// came before or after. That a nonce was used stays, so that it cannot be used again, and
// digests of DIDs that were replaced. It returns how many introductions there were.
func (d *Desk) Erase(did string) (n int, err error) {
	var data []byte
	last := d.Current(did)
	for _, nonce := range d.order {
		e := *d.nonces[nonce]
		if did != "" && e.DID != "" && d.Current(e.DID) == last {
			if len(e.Away) == 0 {
				n++
			}
			e.DID, e.Address, e.Reference, e.Answer, e.Recovery = "", "", "", "", ""
		}
		line, err := json.Marshal(e)
		if err != nil {
			return 0, err
		}
		data = append(data, formatRecord(line)...)
	}
	if n == 0 {
		return 0, nil
	}
	if err := d.log.close(); err != nil {
		return 0, err
	}
	if err := d.log.files.Replace(d.log.name, data, 0o600); err != nil {
		return 0, err
	}
	d.nonces, d.order, d.away = map[string]*deskEntry{}, nil, map[string]string{}
	d.log, err = openLog(d.log.files, d.log.name, d.replay)
	return n, err
}

// Close gives the desk free.
func (d *Desk) Close() error { return errors.Join(d.log.close(), d.lockFile.Close()) }

// Limits of an invitation.
const (
	maxReference = 200 // characters
	maxLife      = 366 * 24 * time.Hour
)

// Invite makes an invitation that ends after life. Reference is the desk's own number for
// the person, so that an answer finds its file; it does not leave the desk. A network asks
// for a Bitcoin address there.
func (d *Desk) Invite(reference string, life time.Duration, network anchor.Network) (*credential.Invitation, error) {
	if len(reference) > maxReference || life < time.Second || life > maxLife {
		return nil, fmt.Errorf("issuer: an invitation lasts at most a year, and its reference has at most %d characters", maxReference)
	}
	var nonce [credential.NonceBytes]byte
	if _, err := io.ReadFull(d.random, nonce[:]); err != nil {
		return nil, fmt.Errorf("issuer: no random numbers: %w", err)
	}
	now := d.now().UTC().Truncate(time.Second)
	i := &credential.Invitation{Version: 1, Type: credential.TypeInvitation, Issuer: d.profile.ID, Name: d.profile.Name,
		Nonce: base64.RawURLEncoding.EncodeToString(nonce[:]), Expires: now.Add(life), Network: string(network)}
	if err := d.sign(i); err != nil {
		return nil, err
	}
	return i, d.write(deskEntry{Nonce: sumHex([]byte(i.Nonce)), Invited: now, Expires: i.Expires, Reference: reference, Network: i.Network})
}

// sign signs an invitation, if the desk has the key.
func (d *Desk) sign(i *credential.Invitation) error {
	if d.signer == nil {
		return nil
	}
	i.Method = d.keyID
	message, err := i.SigningInput()
	if err != nil {
		return err
	}
	sig, err := cryptosuite.SignMessage(d.signer, message)
	if err != nil {
		return fmt.Errorf("issuer: signing the invitation: %w", err)
	}
	i.Signature = base64.RawURLEncoding.EncodeToString(sig)
	return nil
}

func sumHex(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// An Introduced is a holder who introduced themselves.
type Introduced struct {
	Reference string    `json:"reference,omitempty"`
	Invited   time.Time `json:"invited"`
	Expires   time.Time `json:"expires"`
	// The rest is absent from an invitation that nobody answered.
	DID      string     `json:"did,omitempty"` // that counts now
	Address  string     `json:"address,omitempty"`
	At       *time.Time `json:"at,omitempty"`
	Recovery string     `json:"recovery,omitempty"`
	// Before are the DIDs that were replaced, oldest first.
	Before []string `json:"before,omitempty"`
}

// introduced tells of an invitation. A Bitcoin address is that of the key which introduced
// itself.
func (d *Desk) introduced(e *deskEntry) Introduced {
	chain := d.chain(e.DID)
	last := len(chain) - 1
	i := Introduced{e.Reference, e.Invited, e.Expires, chain[last], e.Address, e.Used, e.Recovery, chain[:last]}
	if last > 0 {
		i.Address = ""
	}
	return i
}

// All returns every invitation in order, answered or not.
func (d *Desk) All() []Introduced {
	list := make([]Introduced, 0, len(d.order))
	for _, n := range d.order {
		if e := d.nonces[n]; len(e.Away) == 0 {
			list = append(list, d.introduced(e))
		}
	}
	return list
}

// An IntroductionError says why an introduction was not taken. Codes are bare words:
// malformed, other-issuer, nonce-unknown, nonce-expired, nonce-used, rotated-away, time,
// signature, address.
type IntroductionError struct {
	Code   string
	Detail string
}

func (e *IntroductionError) Error() string {
	return fmt.Sprintf("issuer: introduction not taken: %s: %s", e.Code, e.Detail)
}

// clockSkew is how far the holder's clock may be off.
const clockSkew = 10 * time.Minute

// Accept takes an introduction: made for this issuer, in answer to an invitation of this
// desk that has not ended and was not used, signed by the key of its DID. The very same
// introduction again gives the same result, since the first answer may have been lost on
// the way. Errors about it are *IntroductionError; nothing is used up by them.
func (d *Desk) Accept(raw []byte) (Introduced, error) {
	refuse := func(code, format string, args ...any) (Introduced, error) {
		return Introduced{}, &IntroductionError{code, fmt.Sprintf(format, args...)}
	}
	n, err := credential.ParseIntroduction(raw)
	if err != nil {
		return refuse("malformed", "%v", err)
	}
	if n.Issuer != d.profile.ID {
		return refuse("other-issuer", "it was made for %s", n.Issuer)
	}
	e, known := d.nonces[sumHex([]byte(n.Nonce))]
	if !known || len(e.Away) > 0 {
		return refuse("nonce-unknown", "it answers no invitation of this desk")
	}
	message, err := n.SigningInput()
	if err != nil {
		return refuse("malformed", "%v", err)
	}
	if err := checkIntroduction(n, e, message); err != nil {
		return Introduced{}, err
	}
	if d.isAway(n.DID) {
		return refuse("rotated-away", "%s has another DID in its place", n.DID)
	}
	if e.Used != nil {
		if e.Answer == sumHex(message) {
			return d.introduced(e), nil
		}
		return refuse("nonce-used", "the invitation was answered on %s with another introduction", e.Used.Format(time.RFC3339))
	}
	now := d.now().UTC().Truncate(time.Second)
	switch {
	case !now.Before(e.Expires):
		return refuse("nonce-expired", "the invitation ended on %s", e.Expires.Format(time.RFC3339))
	case n.At.Before(e.Invited.Add(-clockSkew)), n.At.After(now.Add(clockSkew)):
		return refuse("time", "it states %s; is the clock of that device right?", n.At.Format(time.RFC3339))
	}
	used := *e
	used.Used, used.Answer, used.DID = &now, sumHex(message), n.DID
	if n.Address != nil {
		used.Address = n.Address.Address
	}
	if n.Recovery != nil {
		used.Recovery = n.Recovery.DID
	}
	if err := d.write(used); err != nil {
		return Introduced{}, err
	}
	return d.introduced(&used), nil
}

// checkIntroduction checks the signatures of an introduction.
func checkIntroduction(n *credential.Introduction, e *deskEntry, message []byte) error {
	bad := func(code, format string, args ...any) error {
		return &IntroductionError{code, fmt.Sprintf(format, args...)}
	}
	if code, err := checkSignedBy(n.DID, message, n.Signature); err != nil {
		return bad(code, "%v", err)
	}
	if n.Recovery != nil {
		if code, err := checkSignedBy(n.Recovery.DID, message, n.Recovery.Signature); err != nil {
			return bad(code, "%v", err)
		}
	}
	switch {
	case e.Network == "" && n.Address == nil:
		return nil
	case n.Address == nil || n.Address.Network != e.Network:
		return bad("address", "the invitation asks for a Bitcoin address of network %q", e.Network)
	}
	pub, err := did.ParseMultikey(n.Address.PublicKey)
	key, ok := pub.(*btcec.PublicKey)
	if err != nil || !ok {
		return bad("address", "no public key of secp256k1")
	}
	own, err := anchor.Address(key, anchor.ProfileBlockcerts, anchor.Network(e.Network))
	if err != nil || own != n.Address.Address {
		return bad("address", "%s is not the address of that key", n.Address.Address)
	}
	if err := checkSigned(key, message, n.Address.Signature); err != nil {
		return bad("address", "it is not signed by the key of %s", n.Address.Address)
	}
	return nil
}

// checkSignedBy checks a signature by the key of a did:key.
func checkSignedBy(id string, message []byte, signature string) (code string, err error) {
	doc, err := did.Resolve(id)
	if err != nil || doc.ID != id || len(doc.Keys) != 1 {
		return "malformed", fmt.Errorf("the DID %s cannot be read", id)
	}
	if err := checkSigned(doc.Keys[0].Public, message, signature); err != nil {
		return "signature", fmt.Errorf("it is not signed by the key of %s", id)
	}
	return "", nil
}

func checkSigned(pub any, message []byte, signature string) error {
	sig, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil {
		return err
	}
	return cryptosuite.VerifyMessage(pub, message, sig)
}

// Introduction returns who introduced themselves under a reference, the latest if several
// did.
func (d *Desk) Introduction(reference string) (Introduced, bool) {
	for _, n := range slices.Backward(d.order) {
		if e := d.nonces[n]; e.Reference == reference && e.Used != nil && len(e.Away) == 0 {
			return d.introduced(e), true
		}
	}
	return Introduced{}, false
}
