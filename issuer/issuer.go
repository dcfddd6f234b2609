package issuer

import (
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"

	"github.com/certanchor/certanchor/internal/durable"
)

// A Purpose is a kind of status a credential gets an entry for.
type Purpose struct {
	Name string // revocation, suspension or message
	Size int    // bits of an entry
	// Messages names each value of an entry wider than one bit: 2^Size of them.
	Messages []string
}

// Revocation is the one purpose every credential gets unless Config says otherwise.
var Revocation = Purpose{Name: "revocation", Size: 1}

// A Config says how an issuer works. Dir and Signer are required.
type Config struct {
	Dir      string // the issuer's folder, as Generate made it
	StateDir string // "" means Dir/state
	// Signer signs credentials and lists; it may be a token or a remote service. KeyID
	// is its verification method in the profile.
	Signer crypto.Signer
	KeyID  string
	// AnchorKeyID is the verification method that Merkle proofs name.
	AnchorKeyID string
	// CheckDraft refuses drafts that break the rules of the issuer's field; nil asks
	// for none beyond those of every credential.
	CheckDraft func(draft map[string]any) error
	// Purposes returns the status entries that a credential of these types gets; nil
	// means Revocation for all.
	Purposes func(types []string) []Purpose
	// Weighty returns members of a subject of these types whose absence says something. Of an
	// SD-JWT the holder can show that one is absent, without having to; see package licensure.
	// Nil means none.
	Weighty func(types []string) []string
	// Closing returns a draft that rides with a new batch, as its last credential: what the
	// issuer commits to beside what it was asked for, such as the digests of its lists.
	// Nil, or a nil draft, for none. It is asked once for each batch, when it begins.
	Closing func() (map[string]any, error)
	// ListLife is how long a status list counts after it was published; 0 means 30 days.
	ListLife time.Duration
	// Now tells the time; nil means the system's clock.
	Now func() time.Time
	// Random is the source of salts, ids and padding; nil means the system's secure one.
	Random io.Reader
	// Hook is for tests; see Hook.
	Hook Hook
}

const defaultListLife = 30 * 24 * time.Hour

// An Issuer is one issuer's folder, opened for issuing by this process alone.
type Issuer struct {
	config   Config
	files    durable.Files
	lockFile *os.File
	profile  *did.Document
	context  string // URL
	contexts *jsonld.Contexts
	journal  *journal
	lists    *lists
}

// Open opens the folder of an issuer and its state, and locks the state until Close.
// Errors: ErrLocked, *CorruptError, *KeyError, and those of reading the profile.
func Open(c Config) (*Issuer, error) {
	if c.StateDir == "" {
		c.StateDir = filepath.Join(c.Dir, "state")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ListLife == 0 {
		c.ListLife = defaultListLife
	}
	c.Random = randomOr(c.Random)
	is := &Issuer{config: c, files: durable.Files{Hook: c.Hook}}
	if err := is.readFolder(); err != nil {
		return nil, err
	}
	if err := is.openState(); err != nil {
		return nil, errors.Join(err, is.Close())
	}
	return is, nil
}

func randomOr(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}

func (is *Issuer) readFolder() error {
	raw, err := os.ReadFile(filepath.Join(is.config.Dir, "issuer.json"))
	if err != nil {
		return fmt.Errorf("issuer: the folder holds no issuer; make one with: certanchor keygen: %w", err)
	}
	if is.profile, err = did.Parse(raw); err != nil {
		return fmt.Errorf("issuer: issuer.json: %w", err)
	}
	context, err := os.ReadFile(filepath.Join(is.config.Dir, "context.jsonld"))
	if err != nil {
		return err
	}
	is.context = beside(is.profile.ID, "context.jsonld")
	if is.contexts, err = jsonld.Builtin().With(is.context, context); err != nil {
		return fmt.Errorf("issuer: context.jsonld: %w", err)
	}
	return checkSigner(is.profile, is.config.KeyID, is.config.Signer)
}

// checkSigner makes sure that what is signed today can be verified with the profile that
// is published.
func checkSigner(profile *did.Document, id string, signer crypto.Signer) error {
	k, ok := profile.Key(id)
	if !ok || !k.May(did.AssertionMethod) {
		return fmt.Errorf("issuer: issuer.json does not list the key %q for signing", id)
	}
	want, err := did.Multikey(k.Public)
	if err != nil {
		return err
	}
	if got, err := did.Multikey(signer.Public()); err != nil || got != want {
		return fmt.Errorf("issuer: the signing key is not the one issuer.json lists as %q", id)
	}
	return nil
}

func (is *Issuer) openState() error {
	if err := is.files.Mkdir(is.config.StateDir); err != nil {
		return err
	}
	var err error
	if is.lockFile, err = lock(is.config.StateDir); err != nil {
		return err
	}
	if is.journal, err = openJournal(is.files, is.state("journal")); err != nil {
		return err
	}
	is.lists, err = openLists(is)
	return err
}

// Close gives the state folder free. Nothing is lost without it.
func (is *Issuer) Close() error {
	var errs []error
	if is.journal != nil && is.journal.log != nil {
		errs = append(errs, is.journal.log.close())
	}
	if is.lockFile != nil {
		errs = append(errs, is.lockFile.Close())
	}
	return errors.Join(errs...)
}

// ID returns the issuer's id, the URL of its profile.
func (is *Issuer) ID() string { return is.profile.ID }

// ContextURL returns the URL under which the issuer publishes its context.
func (is *Issuer) ContextURL() string { return is.context }

func (is *Issuer) state(name string) string { return filepath.Join(is.config.StateDir, name) }

func (is *Issuer) batchFile(key, name string) string {
	return filepath.Join(is.config.StateDir, "batches", key, name)
}

// contextList is the @context of every credential: public contexts first, the issuer's
// own last.
func (is *Issuer) contextList() []any {
	return []any{credential.ContextVC2, credential.ContextDataIntegrity, credential.ContextBlockcerts, is.context}
}

func (is *Issuer) now() time.Time { return is.config.Now().UTC().Truncate(time.Second) }

// uuid returns a random urn:uuid (RFC 9562, version 4).
func (is *Issuer) uuid() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(is.config.Random, b[:]); err != nil {
		return "", fmt.Errorf("issuer: no random numbers: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// memberOrder is the order in which people read a credential. JSON does not care.
var memberOrder = []string{"@context", "id", "type", "name", "issuer", "validFrom", "validUntil",
	"credentialSubject", "credentialStatus", "evidence", "confidenceClass", "salt"}

// encode writes a document with its members in that order, others after them, proof
// last.
func encode(doc map[string]any) ([]byte, error) {
	names := slices.Clone(memberOrder)
	var rest []string
	for name := range doc {
		if !slices.Contains(names, name) && name != "proof" {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	names = append(append(names, rest...), "proof")
	out := []byte{'{'}
	for _, name := range names {
		v, ok := doc[name]
		if !ok {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		key, err := plainJSON(name)
		if err != nil {
			return nil, err
		}
		value, err := plainJSON(v)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// plainJSON is encoding/json without its HTML escapes.
func plainJSON(v any) ([]byte, error) {
	var b buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b[:len(b)-1], nil
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
