package verifier

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// An unknown says why the trust file does not make somebody known.
type unknown struct {
	code Code
	fact string
}

// entered is an entry of the trust file with its document, or why there is none.
type entered struct {
	issuer *Issuer
	why    *unknown
}

// entry returns what the trust file says of id, or why it says nothing. A document that
// the trust file names by digest comes from the evidence; without it nothing is known of
// the issuer's keys, addresses and lists.
func (c *check) entry(id string) (*Issuer, *unknown) {
	e, known := c.shared.entries[id]
	if !known {
		e.issuer, e.why = c.trust.resolve(id, c.ev)
		c.shared.entries[id] = e
	}
	return e.issuer, e.why
}

func (t *Trust) resolve(id string, ev *Evidence) (*Issuer, *unknown) {
	is, known := t.Issuer(id)
	if !known {
		return nil, &unknown{CodeIssuerUnknown, fmt.Sprintf("%s is not in the trust file", id)}
	}
	if is.DocumentDigest == nil {
		return is, nil
	}
	missing := func(format string, args ...any) (*Issuer, *unknown) {
		return nil, &unknown{CodeIssuerDocument, fmt.Sprintf(format, args...)}
	}
	docs := ev.Documents[id]
	i := slices.IndexFunc(docs, func(d Document) bool { return sha256.Sum256(d.Bytes) == *is.DocumentDigest })
	if i < 0 {
		return missing("the evidence has no document %s with SHA-256 %x", id, *is.DocumentDigest)
	}
	full := *is
	if err := full.setDocument(docs[i].Bytes); err != nil {
		return missing("the document %s cannot be used: %v", id, err)
	}
	var err error
	if full.unjudged, err = t.checkProfile(&full, docs[i].Bytes); err != nil {
		return missing("the document %s cannot be used: %v", id, err)
	}
	return &full, nil
}

// setDocument makes a DID document or profile the issuer's own.
func (is *Issuer) setDocument(raw []byte) error {
	d, err := did.Parse(raw)
	if err != nil {
		return err
	}
	if d.ID != "" && d.ID != is.ID {
		return fmt.Errorf("the document is of %s, the entry of %s", d.ID, is.ID)
	}
	for _, k := range is.Keys {
		if k.Public == nil && !documentHas(d, k.ID) {
			return fmt.Errorf("the document has no key %q, which the entry bounds", k.ID)
		}
	}
	is.Document = d
	return nil
}

// checkProfile holds a document that is signed to its signature, under a key that the
// trust file pins or the document itself lists. A document that is not signed passes:
// it is the trust file that makes it count. unjudged says why a signature could not be
// judged; one that was and does not hold is an error, since then somebody changed the
// document before it was pinned.
func (t *Trust) checkProfile(is *Issuer, raw []byte) (unjudged string, err error) {
	var signed struct {
		Proof any `json:"proof"`
	}
	if json.Unmarshal(raw, &signed) != nil || signed.Proof == nil {
		return "", nil
	}
	profile, err := credential.ParseProfile(raw)
	if err != nil {
		return "", err
	}
	// The entry speaks for itself here: no evidence, no moment.
	c := &check{trust: t, ev: new(Evidence), cred: profile, issuer: is, report: new(Report), shared: newShared()}
	for i := range profile.Proofs() {
		p := &profile.Proofs()[i]
		if p.IsMerkle() {
			continue
		}
		key, ok := c.keyOf(is, p)
		if !ok {
			return "", fmt.Errorf("it is signed with %s: %s", p.VerificationMethod, c.report.Step(StepKey).Fact)
		}
		switch err := cryptosuite.Verify(profile.Covered(i), p, &key.Key, c.options()); {
		case err == nil:
		case notJudged(err):
			unjudged = err.Error()
		default:
			return "", fmt.Errorf("its signature does not hold (%w): fetch it again from its issuer", err)
		}
	}
	return unjudged, nil
}

// notJudged reports whether an error says nothing about a signature.
func notJudged(err error) bool {
	code, _ := codeOf(err)
	return codeIndex[code].Result != Failed
}

// contextsOf returns the contexts that count in a document: those of its issuer. A
// presentation carries the documents of several; what its holder may say in it has no
// term of its own.
func (t *Trust) contextsOf(cred *credential.Credential) *jsonld.Contexts {
	switch bound, isBound := t.bound[cred.Issuer()]; {
	case cred.IsPresentation() && t.everybodys != nil:
		return t.everybodys
	case isBound:
		return bound
	}
	return t.contextSet()
}

// PinContext adds a JSON-LD context under its URL, for documents of everybody; it refuses
// other bytes under a URL that is pinned already, the built-in ones included.
func (t *Trust) PinContext(url string, document []byte) error {
	with := func(c *jsonld.Contexts) (*jsonld.Contexts, error) { return c.With(url, document) }
	return t.pin("", with)
}

// PinContextOf is PinContext for the documents of one issuer: what a term means there is
// for nobody else to say.
func (t *Trust) PinContextOf(issuer, url string, document []byte) error {
	with := func(c *jsonld.Contexts) (*jsonld.Contexts, error) { return c.With(url, document) }
	return t.pin(issuer, with)
}

// PinInlineContext accepts inline context objects with this digest, the SHA-256 of
// their RFC 8785 form.
func (t *Trust) PinInlineContext(digest [32]byte) {
	_ = t.pin("", func(c *jsonld.Contexts) (*jsonld.Contexts, error) { return c.WithInline(digest), nil })
}

// PinInlineContextOf is PinInlineContext for the documents of one issuer.
func (t *Trust) PinInlineContextOf(issuer string, digest [32]byte) {
	_ = t.pin(issuer, func(c *jsonld.Contexts) (*jsonld.Contexts, error) { return c.WithInline(digest), nil })
}

// pin adds to the sets that a pin for issuer concerns, all of them if issuer is empty.
// After an error t is as before.
func (t *Trust) pin(issuer string, with func(*jsonld.Contexts) (*jsonld.Contexts, error)) error {
	all := t.everybodys
	if all == nil {
		all = t.contextSet()
	}
	all, err := with(all)
	if err != nil {
		return err
	}
	next := make(map[string]*jsonld.Contexts, len(t.bound)+1)
	for id, c := range t.bound {
		next[id] = c
	}
	if issuer != "" && next[issuer] == nil {
		next[issuer] = t.contextSet()
	}
	for id, c := range next {
		if issuer != "" && id != issuer {
			continue
		}
		if next[id], err = with(c); err != nil {
			return err
		}
	}
	if issuer == "" {
		if t.contexts, err = with(t.contextSet()); err != nil {
			return err
		}
	}
	t.everybodys, t.bound = all, next
	return nil
}

func (t *Trust) contextSet() *jsonld.Contexts {
	if t.contexts == nil {
		return jsonld.Builtin()
	}
	return t.contexts
}
