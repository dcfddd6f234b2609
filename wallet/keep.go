package wallet

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
)

// Forget removes a record, with evidence and contexts that no other record needs. The next
// Save takes them out of the previous version too; backups made before, and what others
// received, keep their copies. The share log stays: it holds no values.
func (w *Wallet) Forget(r *Record) error {
	i := slices.Index(w.contents.Records, r)
	if i < 0 {
		return fmt.Errorf("wallet: no such record")
	}
	rest := slices.Delete(slices.Clone(w.contents.Records), i, i+1)
	w.contents.Records = rest
	w.contents.Contexts = slices.DeleteFunc(slices.Clone(w.contents.Contexts), func(c pinnedContext) bool {
		return !slices.ContainsFunc(rest, func(r *Record) bool { return r.names(c) })
	})
	w.scrub = true
	return nil
}

// A Reminder is something with an end that is near or past.
type Reminder struct {
	Record *Record
	On     time.Time // the first moment after it
	Days   int       // left; negative if it has ended
}

// Reminders returns what ends within a time from now, and what has ended, next first. They
// are computed here and nobody is asked.
func (w *Wallet) Reminders(within time.Duration) []Reminder {
	var list []Reminder
	now := w.now()
	for _, r := range w.contents.Records {
		until, err := time.Parse(time.RFC3339, r.Until)
		if err != nil || until.After(now.Add(within)) {
			continue
		}
		days := int(until.Sub(now) / (24 * time.Hour))
		if until.Before(now) {
			days--
		}
		list = append(list, Reminder{r, until, days})
	}
	slices.SortStableFunc(list, func(a, b Reminder) int { return a.On.Compare(b.On) })
	return list
}

// A File is one file of an export. Its name has slashes and stays below its folder.
type File struct {
	Name string
	Data []byte
}

// exportedIndex is index.json of an export.
type exportedIndex struct {
	Version   int        `json:"version"`
	Type      string     `json:"type"`
	Exported  time.Time  `json:"exported"`
	Created   time.Time  `json:"created"`
	Relations []Relation `json:"relations"`
	Records   []indexed  `json:"records"`
}

type indexed struct {
	File string `json:"file"`
	*Record
	Document []byte `json:"document,omitempty"` // stands in its file
	Evidence []byte `json:"evidence,omitempty"` // likewise
}

// Export returns everything the wallet holds but its keys, in open formats: each credential
// as received, the evidence, contexts, consents, the share log, and an index.
func (w *Wallet) Export() ([]File, error) {
	index := exportedIndex{Version: Version, Type: "certanchor-wallet-export", Exported: w.now(), Created: w.contents.Created,
		Relations: w.Relations(), Records: []indexed{}}
	var out []File
	add := func(name string, data []byte) {
		if !slices.ContainsFunc(out, func(f File) bool { return f.Name == name }) { // one context may have two addresses
			out = append(out, File{name, data})
		}
	}
	for _, r := range w.contents.Records {
		name := path.Join("credentials", r.Short()+".json")
		add(name, r.Document)
		index.Records = append(index.Records, indexed{File: name, Record: r})
	}
	for _, c := range w.contents.Contexts {
		add(path.Join("contexts", c.SHA256[:12]+".jsonld"), c.Bytes)
	}
	for _, c := range w.contents.Consents {
		add(path.Join("consents", digestOf(c)[:12]+".json"), c)
	}
	ev, err := w.Evidence(w.contents.Records...)
	if err != nil {
		return nil, err
	}
	all, err := ev.Marshal()
	if err != nil {
		return nil, err
	}
	add("evidence.json", all)
	log, err := w.ShareLog()
	if err != nil {
		return nil, err
	}
	add("share-log.json", log)
	text, err := fileJSON(index)
	add("index.json", text)
	return out, err
}

// ErrNotSubject means a credential about somebody else, whom the wallet cannot sign for.
var ErrNotSubject = errors.New("wallet: it is about a DID that this wallet has no key for, so nobody here can consent")

// Sign makes a credential that the holder issues: a consent receipt, say. The draft has
// type, subject and dates; the wallet adds its own DID towards the issuer of a record as
// issuer, the contexts of that record, an id and a salt, and signs. It is kept as a
// consent.
func (w *Wallet) Sign(draft map[string]any, about *Record, random io.Reader) ([]byte, error) {
	key, ok := w.signerOf(about.Subject)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotSubject, about.Short())
	}
	contexts, err := w.contexts(about)
	if err != nil {
		return nil, err
	}
	own, err := did.Resolve(about.Subject)
	if err != nil {
		return nil, err
	}
	var secret [48]byte // 16 for the id, 32 for the salt
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return nil, fmt.Errorf("wallet: no random numbers: %w", err)
	}
	b := secret[:16]
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	list := []any{credential.ContextVC2}
	for _, c := range w.contents.Contexts {
		if about.names(c) {
			list = append(list, c.URL)
		}
	}
	doc := map[string]any{}
	for name, v := range draft {
		doc[name] = v
	}
	doc["@context"] = list
	types := []any{"VerifiableCredential"}
	if more, ok := draft["type"].([]any); ok {
		types = append(types, more...)
	} else {
		types = append(types, draft["type"])
	}
	doc["type"] = types
	doc["id"] = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	doc["issuer"] = about.Subject
	doc["salt"] = base64.RawURLEncoding.EncodeToString(secret[16:])
	proof, err := cryptosuite.Sign(doc, cryptosuite.Options{VerificationMethod: own.Keys[0].ID, Purpose: did.AssertionMethod, Created: w.now()}, key, contexts)
	if err != nil {
		return nil, fmt.Errorf("wallet: it cannot be signed: %w", err)
	}
	doc["proof"] = proof
	raw, err := fileJSON(doc)
	if err == nil {
		w.contents.Consents = append(w.contents.Consents, raw)
	}
	return raw, err
}

// Consents returns the consents that were signed, oldest first.
func (w *Wallet) Consents() [][]byte { return slices.Clone(w.contents.Consents) }
