package wallet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A Share is one line of the share log: what left the wallet, to whom, for what. It names
// claims and never holds their values.
type Share struct {
	Number  int       `json:"number"` // from 1
	At      time.Time `json:"at"`
	To      string    `json:"to"`
	Purpose string    `json:"purpose"`
	Until   string    `json:"until,omitempty"` // date until which the recipient may use it, as agreed
	Form    string    `json:"form"`            // presentation, dossier or text
	SHA256  string    `json:"sha256"`          // of the file that left
	Records []Shared  `json:"records"`
	// Previous is the SHA-256 of the line before in its RFC 8785 form; empty in the first.
	Previous string `json:"previous"`
}

// A Shared is one credential of a line.
type Shared struct {
	ID     string   `json:"id,omitempty"`
	Types  []string `json:"types"`
	Issuer string   `json:"issuer"`
	SHA256 string   `json:"sha256"` // of the document
	Claims []string `json:"claims"` // JSON pointers below credentialSubject
}

// shareLog is the log as vault and export hold it. Each line names the one before, and
// Head the last, so that no line can go or move without a trace.
type shareLog struct {
	Head  string  `json:"head"` // SHA-256 of the last line; empty without lines
	Lines []Share `json:"lines"`
}

// A ShareLogError says at which line a share log is not as it was written.
type ShareLogError struct {
	Line   int // from 1; one more than there are if lines at the end are missing
	Detail string
}

func (e *ShareLogError) Error() string {
	return fmt.Sprintf("wallet: the share log was changed at line %d: %s", e.Line, e.Detail)
}

func (s *Share) digest() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	v, err := strictjson.Parse(text, vaultLimits)
	if err != nil {
		return "", err
	}
	text, err = strictjson.Canonical(v)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func (l *shareLog) check() error {
	last := ""
	for i := range l.Lines {
		line := &l.Lines[i]
		switch {
		case line.Number != i+1:
			return &ShareLogError{i + 1, fmt.Sprintf("it has the number %d", line.Number)}
		case line.Previous != last:
			return &ShareLogError{i + 1, "it does not follow the line before"}
		}
		var err error
		if last, err = line.digest(); err != nil {
			return err
		}
	}
	if last != l.Head {
		return &ShareLogError{len(l.Lines) + 1, "the last line is not the one the log ends with"}
	}
	return nil
}

func (l *shareLog) add(s Share) error {
	s.Number, s.Previous = len(l.Lines)+1, l.Head
	head, err := s.digest()
	if err != nil {
		return err
	}
	l.Lines, l.Head = append(slices.Clip(l.Lines), s), head
	return nil
}

// Shares returns the share log, oldest line first.
func (w *Wallet) Shares() []Share { return slices.Clone(w.contents.Shares.Lines) }

// exportedLog is a share log as a file of its own.
type exportedLog struct {
	Version int    `json:"version"`
	Type    string `json:"type"`
	shareLog
}

const typeShareLog = "certanchor-share-log"

// ShareLog returns the share log as a file that CheckShares reads.
func (w *Wallet) ShareLog() ([]byte, error) {
	return fileJSON(exportedLog{Version, typeShareLog, w.contents.Shares})
}

// CheckShares reads a share log and makes sure that no line was removed, moved or changed
// since it was written. Whoever can write the whole file anew can write another log: hold
// its head against the vault's. A log that was changed is a *ShareLogError.
func CheckShares(data []byte) ([]Share, error) {
	var f exportedLog
	if err := strictjson.Unmarshal(data, vaultLimits, &f); err != nil {
		return nil, &ContentsError{err}
	}
	if f.Version != Version || f.Type != typeShareLog {
		return nil, &ContentsError{fmt.Errorf("not a share log of version %d", Version)}
	}
	return f.Lines, f.check()
}

// fileJSON writes a file of ours: indented, without HTML escapes.
func fileJSON(v any) ([]byte, error) {
	var b buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b, err
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
