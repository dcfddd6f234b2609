package wallet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Record is one credential of the wallet, with what was found when it was taken in.
type Record struct {
	Document []byte    `json:"document"` // as received
	SHA256   string    `json:"sha256"`   // of Document, lowercase hexadecimal
	Imported time.Time `json:"imported"`
	Checked  time.Time `json:"checked"` // the moment Verdict is for
	Verdict  string    `json:"verdict"` // as a report says it
	Code     string    `json:"code,omitempty"`
	ID       string    `json:"id,omitempty"`
	Types    []string  `json:"types"`
	Version  string    `json:"version"`
	Form     string    `json:"form,omitempty"`  // "sd-jwt": its claims can be shown singly
	Shown    int       `json:"shown,omitempty"` // how often, of an SD-JWT: a second time it can be matched with the first
	Issuer   string    `json:"issuer"`
	Label    string    `json:"label,omitempty"`   // of the issuer in the trust file
	Subject  string    `json:"subject,omitempty"` // id
	From     string    `json:"from,omitempty"`
	Until    string    `json:"until,omitempty"`
	// Evidence is an evidence file with what verification of this record needs. Each has
	// its own, so that nothing that comes with one can spoil another.
	Evidence json.RawMessage `json:"evidence,omitempty"`
	// Contexts are those of the trust file that it was checked with and that it names.
	Contexts []contextName `json:"contexts,omitempty"`
}

// A contextName is a context by its address and digest.
type contextName struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
}

// A pinnedContext is a context document that a trust file pinned.
type pinnedContext struct {
	contextName
	Bytes []byte `json:"bytes"`
}

// names reports whether the record needs c.
func (r *Record) names(c pinnedContext) bool { return slices.Contains(r.Contexts, c.contextName) }

// Short is the name of a record in lists: the first twelve digits of its digest.
func (r *Record) Short() string { return r.SHA256[:12] }

// Records returns the credentials, oldest first. They must not be changed.
func (w *Wallet) Records() []*Record { return slices.Clone(w.contents.Records) }

// Find returns the record with an id, a digest, or at least six first digits of one, if
// there is exactly one.
func (w *Wallet) Find(name string) (*Record, bool) {
	var found *Record
	for _, r := range w.contents.Records {
		if r.ID == name && name != "" || len(name) >= 6 && strings.HasPrefix(r.SHA256, name) {
			if found != nil {
				return nil, false
			}
			found = r
		}
	}
	return found, found != nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
