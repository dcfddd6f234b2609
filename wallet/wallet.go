package wallet

import (
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"

	"github.com/certanchor/certanchor/internal/durable"
)

// Version is that of the contents of a vault, a backup and an export.
const Version = 1

var vaultLimits = strictjson.Limits{Bytes: maxVault, Members: 4_000_000}

// A Config says where a wallet is and how to open it. File and Passphrase are required.
type Config struct {
	File       string // the vault
	Passphrase string
	// Now tells the time; nil means the system's clock.
	Now func() time.Time
	// Random is the source of phrases; nil means the system's secure one.
	Random io.Reader
	// Work is log2 of the work that sealing costs; 0 means 17. Tests take less.
	Work int
	// Hook is for tests; see Hook.
	Hook Hook
}

// A Wallet is one person's vault, opened by this process alone until Close.
type Wallet struct {
	config   Config
	files    durable.Files
	lockFile *os.File
	phrase   phrase
	sealed   []byte // the vault as it is on disk
	contents contents
	scrub    bool // the previous version must not keep what was forgotten
}

// contents is what a vault holds; docs/wallet.md explains each member.
type contents struct {
	Version   int        `json:"version"`
	Revision  uint64     `json:"revision"` // counts the writes
	Created   time.Time  `json:"created"`
	Phrase    string     `json:"phrase,omitempty"` // absent from a backup: it is the key
	Relations []Relation `json:"relations"`
	Records   []*Record  `json:"records"`
	// Contexts are needed to sign a presentation; the digest is of the bytes.
	Contexts []pinnedContext `json:"contexts,omitempty"`
	Shares   shareLog        `json:"shares"`
	Consents [][]byte        `json:"consents,omitempty"`
}

// A Relation is what this wallet is for one issuer.
type Relation struct {
	Issuer  string    `json:"issuer"`
	Name    string    `json:"name,omitempty"` // as the invitation had it: not verified
	Index   uint32    `json:"index"`          // counts the keys for this issuer
	Curve   Curve     `json:"curve"`
	DID     string    `json:"did"`
	Created time.Time `json:"created"`
	// Address is a Bitcoin address of this relation, where the issuer asked for one.
	Network anchor.Network `json:"network,omitempty"`
	Address string         `json:"address,omitempty"`
}

// ErrExists means that a wallet would have been overwritten.
var ErrExists = errors.New("wallet: there is a wallet already")

// Create makes a new vault with a phrase of its own. Words is 12 or 24. The person must
// write the phrase down: see Phrase.
func Create(c Config, words int) (*Wallet, error) {
	random := c.Random
	if random == nil {
		random = rand.Reader
	}
	text, err := NewPhrase(words, random)
	if err != nil {
		return nil, err
	}
	return create(c, text, nil)
}

// create makes a vault with given contents; nil means none.
func create(c Config, words string, have *contents) (*Wallet, error) {
	if err := checkPassphrase(c.Passphrase); err != nil {
		return nil, err
	}
	p, err := parsePhrase(words)
	if err != nil {
		return nil, err
	}
	w := newWallet(c)
	w.phrase = p
	if w.lockFile, err = lock(c.File); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(ErrExists, w.Close())
	}
	if have != nil {
		w.contents = *have
	} else {
		w.contents = contents{Version: Version, Created: w.now()}
	}
	if err := w.Save(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func newWallet(c Config) *Wallet {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Work == 0 {
		c.Work = sealWork
	}
	return &Wallet{config: c, files: durable.Files{Hook: c.Hook}}
}

// Open opens a vault and locks it until Close. Errors: *OpenError, ErrLocked, *ContentsError,
// and those of reading the file.
func Open(c Config) (*Wallet, error) {
	// A link is followed here: a write would put a file in its place, and a vault with two
	// names would have two locks.
	var err error
	if c.File, err = filepath.EvalSymlinks(c.File); err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	w := newWallet(c)
	if w.lockFile, err = lock(c.File); err != nil {
		return nil, err
	}
	if err = w.load(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Previous returns the file that keeps the version of a vault before the newest one. It is
// a vault like any other.
func Previous(vault string) string { return vault + ".previous" }

func (w *Wallet) load() error {
	// What an interrupted write left behind is whole nowhere else and of no use.
	if err := w.files.Remove(w.config.File + ".tmp"); err != nil {
		return err
	}
	var err error
	if w.sealed, err = readBounded(w.config.File, maxVault+1); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	plain, err := open(w.sealed, w.config.Passphrase, w.config.Work)
	if err != nil {
		e := &OpenError{File: w.config.File}
		if _, err := os.Stat(Previous(w.config.File)); err == nil {
			e.Previous = Previous(w.config.File)
		}
		return e
	}
	if err := readContents(plain, &w.contents); err != nil {
		return err
	}
	w.phrase, err = parsePhrase(w.contents.Phrase)
	return err
}

// A ContentsError means that a file opened and does not hold what it must: a newer program
// wrote it, or it is no vault.
type ContentsError struct{ Err error }

func (e *ContentsError) Error() string {
	return "wallet: the contents cannot be read: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ContentsError) Unwrap() error { return e.Err }

func readContents(plain []byte, into *contents) error {
	var head struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(plain, &head) == nil && head.Version > Version {
		return &ContentsError{fmt.Errorf("version %d; this program reads version %d", head.Version, Version)}
	}
	if err := strictjson.Unmarshal(plain, vaultLimits, into); err != nil {
		return &ContentsError{err}
	}
	if into.Version != Version {
		return &ContentsError{fmt.Errorf("version %d; this program reads version %d", into.Version, Version)}
	}
	if err := into.Shares.check(); err != nil {
		return &ContentsError{err}
	}
	return nil
}

func readBounded(name string, limit int64) ([]byte, error) {
	h, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(h, limit))
	return data, errors.Join(err, h.Close())
}

// Save writes the vault: the version on disk becomes the previous one, then the new one
// takes its place. After an error, or the end of the process at any point, one of the
// two is there, whole.
func (w *Wallet) Save() error {
	next := w.contents
	next.Revision++
	next.Phrase = w.phrase.words()
	plain, err := json.Marshal(next)
	if err != nil {
		return err
	}
	sealed, err := seal(pad(plain), w.config.Passphrase, w.config.Work)
	if err != nil {
		return err
	}
	if len(sealed) > maxVault {
		return fmt.Errorf("wallet: the vault would have %d bytes, at most %d", len(sealed), maxVault)
	}
	if w.sealed != nil {
		before := w.sealed
		if w.scrub { // first there: after a loss of power nobody would know that it still is
			before = sealed
		}
		if err := w.files.Replace(Previous(w.config.File), before, 0o600); err != nil {
			return fmt.Errorf("wallet: keeping the version before: %w", err)
		}
	}
	if err := w.files.Replace(w.config.File, sealed, 0o600); err != nil {
		return fmt.Errorf("wallet: writing the vault: %w", err)
	}
	w.contents.Revision, w.sealed, w.scrub = next.Revision, sealed, false
	return nil
}

// Close gives the vault free, without saving.
func (w *Wallet) Close() error {
	if w.lockFile == nil {
		return nil
	}
	return w.lockFile.Close()
}

func (w *Wallet) now() time.Time { return w.config.Now().UTC().Truncate(time.Second) }

// Revision counts how often the vault was written.
func (w *Wallet) Revision() uint64 { return w.contents.Revision }

// Phrase returns the words all keys come from, for the person to write down. Whoever has
// them has the keys.
func (w *Wallet) Phrase() string { return w.phrase.words() }

// Relations returns what this wallet is for each issuer, oldest first.
func (w *Wallet) Relations() []Relation { return slices.Clone(w.contents.Relations) }

// Relate returns the newest relation with an issuer; one is made where there is none with
// that curve.
func (w *Wallet) Relate(issuer, name string, curve Curve) (Relation, error) {
	if r, ok := w.latest(issuer, curve); ok {
		return r, nil
	}
	return w.relate(Relation{Issuer: issuer, Name: name, Curve: curve})
}

// addAddress gives a relation a Bitcoin address.
func (w *Wallet) addAddress(r Relation, network anchor.Network) (Relation, error) {
	i := slices.IndexFunc(w.contents.Relations, func(x Relation) bool { return x.DID == r.DID })
	own := &w.contents.Relations[i]
	address, err := anchor.Address(w.phrase.bitcoinKey(r.Issuer, r.Index).PubKey(), anchor.ProfileBlockcerts, network)
	if err == nil {
		own.Network, own.Address = network, address
	}
	return *own, err
}

// signerOf returns the key of a DID of this wallet.
func (w *Wallet) signerOf(id string) (crypto.Signer, bool) {
	i := slices.IndexFunc(w.contents.Relations, func(r Relation) bool { return r.DID == id })
	if i < 0 {
		return nil, false
	}
	r := w.contents.Relations[i]
	key, err := w.phrase.identityKey(r.Curve, r.Issuer, r.Index)
	return key, err == nil
}

// checkKeys makes sure that the phrase gives the DIDs that the contents name.
func (w *Wallet) checkKeys() error {
	for _, r := range w.contents.Relations {
		key, err := w.phrase.identityKey(r.Curve, r.Issuer, r.Index)
		if err != nil {
			return err
		}
		if id, err := did.KeyDID(key.Public()); err != nil || id != r.DID {
			return &ContentsError{fmt.Errorf("the phrase does not give the key of %s", r.Issuer)}
		}
	}
	return nil
}

// Backup writes a copy of everything, sealed under the phrase itself: whoever has the
// file needs the words and nothing else. Any age program opens it.
func (w *Wallet) Backup(out string) error {
	copied := w.contents
	copied.Phrase = ""
	plain, err := json.Marshal(copied)
	if err != nil {
		return err
	}
	sealed, err := seal(pad(plain), w.phrase.words(), w.config.Work)
	if err != nil {
		return err
	}
	return w.files.Replace(out, sealed, 0o600)
}

// Restore makes a new vault from the phrase and the bytes of a backup. Without a backup
// (nil) the vault is empty: the keys come back when an issuer is named again, the records
// do not. A backup that does not open is an *OpenError: the phrase is of another wallet,
// or the file is damaged.
func Restore(c Config, words string, backup []byte) (*Wallet, error) {
	p, err := parsePhrase(words)
	if err != nil {
		return nil, err
	}
	if backup == nil {
		return create(c, words, nil)
	}
	work := c.Work
	if work == 0 {
		work = sealWork
	}
	plain, err := open(backup, p.words(), work)
	if err != nil {
		return nil, &OpenError{File: "the backup"}
	}
	var have contents
	if err := readContents(plain, &have); err != nil {
		return nil, err
	}
	check := &Wallet{phrase: p, contents: have}
	if err := check.checkKeys(); err != nil {
		return nil, err
	}
	return create(c, words, &have)
}
