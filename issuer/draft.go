package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// A Draft is a credential without what the issuer fills in: @context, id, issuer,
// salt, credentialStatus and proof. Its values are those of package strictjson.
type Draft struct {
	Object map[string]any
	Place  string // where it came from, for messages: "drafts.jsonl line 7"
	Form   Form   // what it becomes; "" means FormLD
	Copy   int    // counts the copies of one draft; see Copies
}

// Drafts are given in order, and may be ranged over more than once: they are checked
// in a first pass, before anything is written, and issued in a second.
type Drafts = iter.Seq2[Draft, error]

// A DraftError says which draft is at fault, and why. Codes are bare words.
type DraftError struct {
	Place string // where the draft came from
	Path  string // JSON pointer inside it
	Code  string
	Err   error
}

func (e *DraftError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %s: %v", e.Place, e.Code, e.Err)
	}
	return fmt.Sprintf("%s, at %s: %s: %v", e.Place, e.Path, e.Code, e.Err)
}

// Unwrap returns the cause.
func (e *DraftError) Unwrap() error { return e.Err }

// ErrNoDrafts means an empty batch: nothing was there to issue.
var ErrNoDrafts = errors.New("issuer: no drafts, so nothing to issue")

// filledIn are the members that are the issuer's to write.
var filledIn = []string{"id", "salt", "credentialStatus", "proof"}

// check refuses a draft that cannot become a credential of this issuer. It does not
// compute the canonical form; undefined terms show when the document is made.
func (is *Issuer) check(d Draft) error {
	if !d.Form.known() {
		return &DraftError{Place: d.Place, Code: "form", Err: fmt.Errorf("no form %q", d.Form)}
	}
	if d.Copy != 0 && !d.Form.isSDJWT() {
		return &DraftError{Place: d.Place, Code: "form", Err: errors.New("only an SD-JWT is issued in copies")}
	}
	bad := func(path, code, format string, args ...any) error {
		return &DraftError{Place: d.Place, Path: path, Code: code, Err: fmt.Errorf(format, args...)}
	}
	for _, name := range filledIn {
		if _, there := d.Object[name]; there {
			return bad("/"+name, "member-not-yours", "the issuer fills this in; leave it out of the draft")
		}
	}
	if v, there := d.Object["issuer"]; there {
		id, _ := v.(string)
		if m, ok := v.(map[string]any); ok {
			id, _ = m["id"].(string)
		}
		if id != is.profile.ID {
			return bad("/issuer", "issuer-mismatch", "the draft is of %q, this issuer is %s", id, is.profile.ID)
		}
	}
	if v, there := d.Object["@context"]; there && !equalJSON(v, is.contextList()) {
		return bad("/@context", "context-mismatch", "leave @context out, or write exactly %v", is.contextList())
	}
	if len(draftTypes(d.Object)) == 0 {
		return bad("/type", "type-missing", "a draft needs a type that says what it certifies")
	}
	if _, ok := d.Object["credentialSubject"]; !ok {
		return bad("/credentialSubject", "subject-missing", "a draft needs a credentialSubject")
	}
	for _, name := range []string{"validFrom", "validUntil"} {
		v, there := d.Object[name]
		s, isText := v.(string)
		if !there {
			continue
		}
		if _, err := credential.ParseMoment(s, credential.VC2); err != nil || !isText {
			return bad("/"+name, "malformed-date", "%v is not a time with zone, such as 2026-06-30T23:59:59Z", v)
		}
	}
	if d.Form == FormDC {
		if path, err := checkFlat(d.Object); err != nil {
			return bad(path, "form", "%w", err)
		}
	}
	if is.config.CheckDraft != nil {
		if err := is.config.CheckDraft(d.Object); err != nil {
			return bad("", "draft-refused", "%w", err)
		}
	}
	return nil
}

func equalJSON(a, b any) bool {
	x, err1 := strictjson.Canonical(a)
	y, err2 := strictjson.Canonical(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// draftTypes returns the types of a draft without the base types.
func draftTypes(draft map[string]any) []string {
	var types []string
	add := func(v any) {
		if s, ok := v.(string); ok && s != "VerifiableCredential" && s != "BlockcertsCredential" {
			types = append(types, s)
		}
	}
	if list, ok := draft["type"].([]any); ok {
		for _, v := range list {
			add(v)
		}
	} else {
		add(draft["type"])
	}
	return types
}

// digest names a draft by its content: SHA-256 of its RFC 8785 form.
func digest(draft map[string]any) ([32]byte, error) {
	b, err := strictjson.Canonical(draft)
	return sha256.Sum256(b), err
}

// digest names a draft by content and form.
func (d Draft) digest() ([32]byte, error) {
	sum, err := digest(d.Object)
	if d.Form == FormLD || d.Form == "" {
		return sum, err
	}
	return sha256.Sum256(fmt.Appendf(nil, "certanchor draft\x00%s\x00%d\x00%s", d.Form, d.Copy, sum[:])), err
}

// survey checks all drafts and returns how many there are and the key of the batch:
// the same drafts in the same order on the same network are the same batch, for ever.
// Nothing is written.
func (is *Issuer) survey(drafts Drafts, label string) (key string, count int, err error) {
	seen := make(map[[32]byte]string)
	h := sha256.New()
	fmt.Fprintf(h, "certanchor batch\x00%s\x00%s\x00", is.profile.ID, label)
	for d, err := range drafts {
		if err != nil {
			return "", 0, err
		}
		if err := is.check(d); err != nil {
			return "", 0, err
		}
		sum, err := d.digest()
		if err != nil {
			return "", 0, &DraftError{Place: d.Place, Code: "not-canonical", Err: err}
		}
		if first, twice := seen[sum]; twice {
			return "", 0, &DraftError{Place: d.Place, Code: "equal-drafts", Err: fmt.Errorf("equal to %s", first)}
		}
		seen[sum] = d.Place
		h.Write(sum[:])
		count++
	}
	if count == 0 {
		return "", 0, ErrNoDrafts
	}
	return fmt.Sprintf("%x", h.Sum(nil)), count, nil
}

// complete makes the document of a draft: everything but proofs.
func (is *Issuer) complete(d Draft, at time.Time) (map[string]any, error) {
	doc := maps.Clone(d.Object)
	id, err := is.uuid()
	if err != nil {
		return nil, err
	}
	var salt [32]byte
	if _, err := io.ReadFull(is.config.Random, salt[:]); err != nil {
		return nil, fmt.Errorf("issuer: no random numbers: %w", err)
	}
	types := draftTypes(doc)
	all := []any{"VerifiableCredential", "BlockcertsCredential"}
	for _, t := range types {
		all = append(all, t)
	}
	doc["@context"] = is.contextList()
	doc["id"] = id
	doc["type"] = all
	doc["issuer"] = map[string]any{"id": is.profile.ID, "name": is.profile.Name}
	doc["salt"] = base64.RawURLEncoding.EncodeToString(salt[:])
	if _, there := doc["validFrom"]; !there {
		doc["validFrom"] = at.Format(time.RFC3339)
	}
	if err := is.nameEvidence(doc); err != nil {
		return nil, err
	}
	entries, err := is.lists.assign(types, at)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		doc["credentialStatus"] = entries
	}
	return doc, nil
}

// nameEvidence gives each evidence that has no id a random one. The data model makes
// the id optional; the public verifier of Blockcerts refuses a credential without it.
func (is *Issuer) nameEvidence(doc map[string]any) error {
	list, ok := doc["evidence"].([]any)
	if !ok {
		return nil
	}
	named := make([]any, len(list))
	for i, v := range list {
		e, ok := v.(map[string]any)
		if !ok || e["id"] != nil {
			named[i] = v
			continue
		}
		id, err := is.uuid()
		if err != nil {
			return err
		}
		e = maps.Clone(e) // the draft itself keeps its digest
		e["id"] = id
		named[i] = e
	}
	doc["evidence"] = named
	return nil
}
