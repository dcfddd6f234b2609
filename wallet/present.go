package wallet

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// A Plan is what would leave the wallet in answer to a request: show it to the person,
// let them drop what is optional, and only then Present it.
type Plan struct {
	Request *Request
	Choices []Choice
	// Missing are the queries, or sets of them, that nothing in the wallet answers, or that
	// were dropped. A plan with any cannot be presented.
	Missing []string
}

// A Choice is the credential for one query.
type Choice struct {
	Query    string
	Optional bool
	Record   *Record
	// Leaves is all that the recipient will read. This kind of credential leaves whole:
	// its signature is over everything.
	Leaves []Leaving
	// Others are further credentials that would do.
	Others []*Record
}

// A Leaving is one value that would leave.
type Leaving struct {
	Path  string // JSON pointer
	Value string // as JSON
	Asked bool
}

// ErrRequestExpired means a request that ended before it was answered.
var ErrRequestExpired = errors.New("wallet: the request has expired; ask the verifier for another")

// bestFirst returns the records, those last found valid before the others, newer before older.
func (w *Wallet) bestFirst() []*Record {
	list := slices.Clone(w.contents.Records)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b *Record) int {
		switch va, vb := a.Verdict == "valid", b.Verdict == "valid"; {
		case va == vb:
			return 0
		case va:
			return -1
		}
		return 1
	})
	return list
}

// Plan finds the credentials that answer a request: of several the newest that was found
// valid. pick names records by query, where the person wants another; it may be nil. Claims are matched and listed
// as they were signed.
func (w *Wallet) Plan(q *Request, pick map[string]string) (*Plan, error) {
	if !w.now().Before(q.Expires) {
		return nil, ErrRequestExpired
	}
	p := &Plan{Request: q}
	optional := q.Query.optional()
	for _, c := range q.Query.Credentials {
		choice := Choice{Query: c.ID, Optional: optional[c.ID]}
		for _, r := range w.bestFirst() {
			leaves, ok, err := w.answers(&c, r)
			if err != nil {
				return nil, err
			}
			if want, chosen := pick[c.ID]; !ok || chosen && r.ID != want && !strings.HasPrefix(r.SHA256, want) {
				continue
			}
			if choice.Record != nil {
				choice.Others = append(choice.Others, r)
				continue
			}
			choice.Record, choice.Leaves = r, leaves
		}
		if choice.Record != nil {
			p.Choices = append(p.Choices, choice)
		}
	}
	p.update()
	return p, nil
}

// Drop takes an optional credential out of the plan.
func (p *Plan) Drop(query string) error {
	i := slices.IndexFunc(p.Choices, func(c Choice) bool { return c.Query == query })
	if i < 0 {
		return fmt.Errorf("wallet: the plan has no %q", query)
	}
	if !p.Choices[i].Optional {
		return fmt.Errorf("wallet: %q is not optional: without it the verifier has no answer", query)
	}
	p.Choices = slices.Delete(p.Choices, i, i+1)
	p.update()
	return nil
}

func (p *Plan) update() {
	var have []string
	for _, c := range p.Choices {
		have = append(have, c.Query)
	}
	p.Missing = p.Request.Query.satisfied(have)
}

// answers reports whether a record answers a query, and what of it would leave.
func (w *Wallet) answers(c *CredentialQuery, r *Record) ([]Leaving, bool, error) {
	if !presentable(r) || c.bound() && !w.mine(r) {
		return nil, false, nil
	}
	claims, err := w.claims(r)
	if err != nil {
		return nil, false, err
	}
	asked, ok := c.matches(r.Types, claims)
	if !ok {
		return nil, false, nil
	}
	return leaving(claims, asked), true, nil
}

// presentable reports whether a record can be part of a signed presentation: those of the
// two data models of W3C. Others leave in a dossier.
func presentable(r *Record) bool {
	return r.Version == string(credential.VC1) || r.Version == string(credential.VC2)
}

func (w *Wallet) mine(r *Record) bool {
	_, ok := w.signerOf(r.Subject)
	return ok
}

// leaving lists the values of a document, members that only say how it is written left out.
func leaving(claims map[string]any, asked []string) []Leaving {
	var list []Leaving
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch x := v.(type) {
		case map[string]any:
			names := make([]string, 0, len(x))
			for name := range x {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				if at == "" && name == "@context" {
					continue
				}
				walk(at+strictjson.PointerToken(name), x[name])
			}
		case []any:
			for i, e := range x {
				walk(fmt.Sprintf("%s/%d", at, i), e)
			}
		default:
			text, _ := json.Marshal(x)
			was := slices.ContainsFunc(asked, func(a string) bool { return at == a || strings.HasPrefix(at, a+"/") })
			list = append(list, Leaving{at, string(text), was})
		}
	}
	walk("", claims)
	return list
}

// presentationLife is how long a presentation counts where the request ends later.
const presentationLife = time.Hour

// Present makes the signed presentation of a plan, bound to the request's audience and
// nonce and to a short time, and writes it into the share log. Save the wallet before it
// leaves. Each credential's subject signs with its own key; a bearer's credential is signed
// for by a key that is new for this audience.
func (w *Wallet) Present(p *Plan) ([]byte, error) {
	q := p.Request
	now := w.now()
	switch {
	case !now.Before(q.Expires):
		return nil, ErrRequestExpired
	case len(p.Missing) > 0:
		return nil, fmt.Errorf("wallet: nothing answers %s", strings.Join(p.Missing, ", "))
	case len(p.Choices) == 0:
		return nil, errors.New("wallet: nothing would be shown")
	}
	records := p.records()
	var inner []any
	for _, r := range records {
		doc, err := strictjson.ParseObject(r.Document, strictjson.Limits{Bytes: credential.MaxBytes})
		if err != nil {
			return nil, err
		}
		inner = append(inner, doc)
	}
	signers, err := w.presenters(records, q.Audience)
	if err != nil {
		return nil, err
	}
	doc := map[string]any{"@context": []any{credential.ContextVC2}, "type": []any{"VerifiablePresentation"}, "verifiableCredential": inner}
	if len(signers) == 1 {
		doc["holder"] = signers[0]
	}
	end := now.Add(presentationLife)
	if q.Expires.Before(end) {
		end = q.Expires
	}
	if err := w.signPresentation(doc, records, signers, cryptosuite.Options{Purpose: did.Authentication, Created: now,
		Domain: q.Audience, Challenge: q.Nonce, Expires: end}); err != nil {
		return nil, err
	}
	raw, err := fileJSON(doc)
	if err != nil {
		return nil, err
	}
	return raw, w.logged("presentation", q.Verifier+" <"+q.Audience+">", q.Purpose, q.Until, raw, records)
}

func (p *Plan) records() []*Record {
	var list []*Record
	for _, c := range p.Choices {
		if !slices.Contains(list, c.Record) {
			list = append(list, c.Record)
		}
	}
	return list
}

// presenters returns the DIDs that sign for these records.
func (w *Wallet) presenters(records []*Record, audience string) ([]string, error) {
	var ids []string
	for _, r := range records {
		if w.mine(r) && !slices.Contains(ids, r.Subject) {
			ids = append(ids, r.Subject)
		}
	}
	if len(ids) == 0 {
		r, err := w.Relate(audience, "", Ed25519)
		if err != nil {
			return nil, err
		}
		ids = []string{r.DID}
	}
	if len(ids) > credential.MaxProofs {
		return nil, fmt.Errorf("wallet: credentials for %d keys; at most %d go into one presentation", len(ids), credential.MaxProofs)
	}
	return ids, nil
}

// signPresentation puts one proof of each signer under doc; none covers another.
func (w *Wallet) signPresentation(doc map[string]any, records []*Record, signers []string, o cryptosuite.Options) error {
	contexts, err := w.contexts(records...)
	if err != nil {
		return err
	}
	var proofs []any
	for _, id := range signers {
		key, ok := w.signerOf(id)
		own, err := did.Resolve(id)
		if !ok || err != nil {
			return fmt.Errorf("wallet: no key of %s", id)
		}
		o.VerificationMethod = own.Keys[0].ID
		proof, err := cryptosuite.Sign(doc, o, key, contexts)
		if err != nil {
			return fmt.Errorf("wallet: the presentation cannot be signed: %w", err)
		}
		proofs = append(proofs, proof)
	}
	doc["proof"] = proofs
	return nil
}

// logged writes into the share log what leaves.
func (w *Wallet) logged(form, to, purpose, until string, file []byte, records []*Record) error {
	s := Share{At: w.now(), To: to, Purpose: purpose, Until: until, Form: form, SHA256: digestOf(file)}
	for _, r := range records {
		one := Shared{ID: r.ID, Types: r.Types, Issuer: r.Issuer, SHA256: r.SHA256, Claims: []string{}}
		if claims, err := w.claims(r); err == nil {
			if subject, ok := claims["credentialSubject"].(map[string]any); ok {
				for _, l := range leaving(subject, nil) {
					one.Claims = append(one.Claims, l.Path)
				}
			}
		}
		s.Records = append(s.Records, one)
	}
	return w.contents.Shares.add(s)
}
