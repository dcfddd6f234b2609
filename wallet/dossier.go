package wallet

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// TypeDossier is the type of a dossier file.
const TypeDossier = "certanchor-dossier"

// Limits of a dossier, which arrives from outside.
const (
	maxDossier   = 256 << 20 // bytes
	maxDocuments = 200
)

var dossierLimits = strictjson.Limits{Bytes: maxDossier, Members: 4_000_000}

// A Dossier is several credentials, a presentation of them where there is one, and all that
// is needed to judge them offline, in one file: transactions, headers, status lists,
// issuers' documents, contexts. Nothing in it is believed unless a trust file or proof of
// work bears it out; who made it is not known.
type Dossier struct {
	Made      time.Time
	For       string // whom it was made for
	Purpose   string
	Until     string
	Documents [][]byte // as received from their issuers, or as presented
	Evidence  *verifier.Evidence
	// Contexts are by URL what the documents were read with. A trust file pins the ones
	// that count; these are here for whoever has lost them.
	Contexts map[string][]byte
}

type (
	dossierFile struct {
		Version   int             `json:"version"`
		Type      string          `json:"type"`
		Made      time.Time       `json:"made"`
		For       string          `json:"for,omitempty"`
		Purpose   string          `json:"purpose,omitempty"`
		Until     string          `json:"until,omitempty"`
		Documents []dossierPart   `json:"documents"`
		Evidence  json.RawMessage `json:"evidence"`
		Contexts  []dossierPart   `json:"contexts,omitempty"`
	}
	dossierPart struct {
		URL       string `json:"url,omitempty"`
		MediaType string `json:"mediaType,omitempty"`
		SHA256    string `json:"sha256"`
		Bytes     string `json:"bytes"` // base64url
	}
)

func part(url, mediaType string, b []byte) dossierPart {
	return dossierPart{url, mediaType, digestOf(b), base64.RawURLEncoding.EncodeToString(b)}
}

func (p *dossierPart) read() ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(p.Bytes)
	if err == nil && digestOf(b) != p.SHA256 {
		err = fmt.Errorf("the bytes have SHA-256 %s, not %s", digestOf(b), p.SHA256)
	}
	return b, err
}

// ParseDossier reads a dossier. Errors are *ContentsError; the documents in it are left to
// Check.
func ParseDossier(data []byte) (*Dossier, error) {
	bad := func(format string, args ...any) (*Dossier, error) {
		return nil, &ContentsError{fmt.Errorf(format, args...)}
	}
	var f dossierFile
	if err := strictjson.Unmarshal(data, dossierLimits, &f); err != nil {
		return nil, &ContentsError{err}
	}
	switch {
	case f.Version != Version || f.Type != TypeDossier:
		return bad("not a dossier of version %d", Version)
	case len(f.Documents) == 0 || len(f.Documents) > maxDocuments:
		return bad("it holds %d documents; 1 to %d are read", len(f.Documents), maxDocuments)
	}
	d := &Dossier{Made: f.Made, For: f.For, Purpose: f.Purpose, Until: f.Until, Contexts: map[string][]byte{}}
	var err error
	if d.Evidence, err = verifier.ParseEvidence(f.Evidence); err != nil {
		return nil, &ContentsError{err}
	}
	for i, p := range f.Documents {
		raw, err := p.read()
		if err != nil {
			return bad("document %d: %w", i+1, err)
		}
		d.Documents = append(d.Documents, raw)
	}
	for _, p := range f.Contexts {
		if d.Contexts[p.URL], err = p.read(); err != nil {
			return bad("context %s: %w", p.URL, err)
		}
	}
	return d, nil
}

// Marshal writes the file that ParseDossier reads.
func (d *Dossier) Marshal() ([]byte, error) {
	ev, err := d.Evidence.Marshal()
	if err != nil {
		return nil, err
	}
	f := dossierFile{Version: Version, Type: TypeDossier, Made: d.Made, For: d.For, Purpose: d.Purpose, Until: d.Until, Evidence: ev}
	for _, raw := range d.Documents {
		f.Documents = append(f.Documents, part("", "application/vc", raw))
	}
	for _, url := range sortedKeys(d.Contexts) {
		f.Contexts = append(f.Contexts, part(url, "application/ld+json", d.Contexts[url]))
	}
	return fileJSON(f)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Check judges every document of the dossier by its own evidence, a trust file and a
// moment: the same three give the same reports for ever. asked is what a presentation in
// it must answer; it is not asked of credentials that lie beside it.
func (d *Dossier) Check(asked verifier.Request, trust *verifier.Trust, at time.Time) []*verifier.Report {
	var reports []*verifier.Report
	for _, raw := range d.Documents {
		q := verifier.Request{}
		if c, err := credential.Parse(raw); err == nil && (c.IsPresentation() || c.Envelope() != nil && c.Envelope().KeyBinding != nil) {
			q = asked
		}
		reports = append(reports, verifier.CheckFor(q, raw, d.Evidence, trust, at))
	}
	return reports
}

// Dossier puts records, or what Present made of them, into one file with all their evidence,
// and writes into the share log that it left. Save the wallet before it does.
func (w *Wallet) Dossier(records []*Record, presented [][]byte, to, purpose, until string) ([]byte, error) {
	if len(records) == 0 || to == "" || purpose == "" {
		return nil, errors.New("wallet: a dossier needs credentials, a recipient and a purpose")
	}
	d, err := w.dossier(records)
	if err != nil {
		return nil, err
	}
	d.For, d.Purpose, d.Until = to, purpose, until
	if presented != nil {
		d.Documents = presented
	}
	raw, err := d.Marshal()
	if err != nil {
		return nil, err
	}
	if presented != nil {
		return raw, nil // the log has it since it was made
	}
	return raw, w.logged("dossier", to, purpose, until, raw, records)
}

// Text returns a record as one line (CredentialText). One that is for somebody else goes into
// the share log; to is empty for the holder's own copy. Save the wallet before it leaves.
func (w *Wallet) Text(r *Record, to, purpose, until string) (string, error) {
	text, err := CredentialText(r.Document)
	if err != nil || to == "" {
		return text, err
	}
	if purpose == "" {
		return "", errors.New("wallet: a text for somebody needs a purpose")
	}
	return text, w.logged("text", to, purpose, until, []byte(text), []*Record{r})
}

func (w *Wallet) dossier(records []*Record) (*Dossier, error) {
	d := &Dossier{Made: w.now(), Contexts: map[string][]byte{}}
	var err error
	if d.Evidence, err = w.Evidence(records...); err != nil {
		return nil, err
	}
	for _, r := range records {
		d.Documents = append(d.Documents, r.Document)
		for _, c := range w.contents.Contexts {
			if r.names(c) {
				d.Contexts[c.URL] = c.Bytes
			}
		}
	}
	return d, nil
}

// SealFor encrypts a file to an age recipient (age1…): only who holds its identity opens
// it, once and for all with a key of its own.
func SealFor(recipient string, file []byte) ([]byte, error) {
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, &RequestError{"/recipient", "not an age recipient (age1…)"}
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err == nil {
		_, err = w.Write(file)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// IsSealed reports whether a file is encrypted.
func IsSealed(file []byte) bool { return bytes.HasPrefix(file, []byte("age-encryption.org/v1\n")) }

// OpenSealed decrypts what SealFor made, with the identity file of the recipient, as
// age-keygen writes it.
func OpenSealed(file, identities []byte) ([]byte, error) {
	ids, err := age.ParseIdentities(bytes.NewReader(identities))
	if err != nil {
		return nil, errors.New("wallet: not an identity file of age")
	}
	r, err := age.Decrypt(bytes.NewReader(file), ids...)
	if err != nil {
		return nil, &OpenError{File: "the package"}
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxDossier+1))
	if err != nil || len(plain) > maxDossier {
		return nil, &OpenError{File: "the package"}
	}
	return plain, nil
}
