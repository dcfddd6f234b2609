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
	// Instead answer alternatives to what was chosen, and stay unless they are picked.
	Instead []Choice
	// Almost tells of records that are what was asked for, and why they are no answer, for
	// queries that have none.
	Almost []string
	// Unread tells of records that cannot be read, such as unproven ones with a context that
	// nobody knows, and so answer nothing.
	Unread []string
}

// A Choice is the credential for one query.
type Choice struct {
	Query    string
	Optional bool
	Record   *Record
	// Leaves is all that the recipient will read. A credential with a Data Integrity proof
	// leaves whole: its signature is over everything. Of an SD-JWT only what was asked for
	// does, and what is never hidden.
	Leaves []Leaving

	disclosures []string // of an SD-JWT
	// Others are further credentials that would do.
	Others []*Record
	// Fresh is how many of them are SD-JWTs that nobody has seen yet.
	Fresh int
}

// A Leaving is one value that would leave.
type Leaving struct {
	Path  string // JSON pointer
	Value string // as JSON
	Asked bool
}

// ErrRequestExpired means a request that ended before it was answered.
var ErrRequestExpired = errors.New("wallet: the request has expired; ask the verifier for another")

// ErrPick means a choice of what is not there: of a query, or of one record.
var ErrPick = errors.New("wallet: nothing, or more than one, to pick has these names")

// bestFirst returns the records, those last found valid before the others, copies that were
// shown less often before others, newer before older.
func (w *Wallet) bestFirst() []*Record {
	list := slices.Clone(w.contents.Records)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b *Record) int {
		switch va, vb := a.Verdict == "valid", b.Verdict == "valid"; {
		case va == vb:
			return a.Shown - b.Shown
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
	picked := map[string]*Record{}
	for query, name := range pick {
		r, ok := w.Find(name)
		if !ok || !slices.ContainsFunc(q.Query.Credentials, func(c CredentialQuery) bool { return c.ID == query }) {
			return nil, fmt.Errorf("%w: %q of the request, record %q", ErrPick, query, name)
		}
		picked[query] = r
	}
	optional := q.Query.optional()
	for _, c := range q.Query.Credentials {
		choice := Choice{Query: c.ID, Optional: optional[c.ID]}
		for _, r := range w.bestFirst() {
			leaves, disclosures, ok, err := w.answers(&c, r)
			if err != nil { // it must not keep the others from being shown
				if text := r.Short() + ": " + err.Error(); !slices.Contains(p.Unread, text) {
					p.Unread = append(p.Unread, text)
				}
				continue
			}
			if !ok {
				continue
			}
			if want := picked[c.ID]; choice.Record != nil || want != nil && r != want {
				choice.Others = append(choice.Others, r)
				if r.Form != FormLD && r.Shown == 0 {
					choice.Fresh++
				}
				continue
			}
			choice.Record, choice.Leaves, choice.disclosures = r, leaves, disclosures
		}
		if choice.Record != nil {
			p.Choices = append(p.Choices, choice)
		} else {
			p.Almost = append(p.Almost, w.almost(&c)...)
		}
	}
	p.choose(picked)
	p.update()
	return p, nil
}

// choose takes of each set the first option that can be answered whole, one with what was
// picked before others. A verifier that says "this or that" is not shown both.
func (p *Plan) choose(picked map[string]*Record) {
	sets := p.Request.Query.CredentialSets
	if len(sets) == 0 {
		return
	}
	have := func(id string) bool {
		return slices.ContainsFunc(p.Choices, func(c Choice) bool { return c.Query == id })
	}
	var leave []string
	for _, s := range sets {
		var chosen []string
		for _, option := range s.Options {
			whole := !slices.ContainsFunc(option, func(id string) bool { return !have(id) })
			wanted := slices.ContainsFunc(option, func(id string) bool { return picked[id] != nil })
			if whole && (chosen == nil || wanted) {
				if chosen = option; wanted {
					break
				}
			}
		}
		leave = append(leave, chosen...)
	}
	all := p.Choices
	p.Choices = nil
	for _, c := range all {
		if slices.Contains(leave, c.Query) {
			p.Choices = append(p.Choices, c)
		} else {
			p.Instead = append(p.Instead, c)
		}
	}
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
func (w *Wallet) answers(c *CredentialQuery, r *Record) (leaves []Leaving, disclosures []string, ok bool, err error) {
	if !presentable(r) || r.Form != c.form() || c.bound() && !w.mine(r) {
		return nil, nil, false, nil
	}
	claims, err := w.Claims(r)
	if err != nil {
		return nil, nil, false, err
	}
	asked, ok := c.matches(r.Types, claims)
	if !ok {
		return nil, nil, false, nil
	}
	if r.Form != FormLD {
		if claims, disclosures, err = chosen(r, asked); err != nil {
			return nil, nil, false, err
		}
	}
	return leaving(claims, asked), disclosures, true, nil
}

// almost tells of the records of a type that is asked for why they do not answer: a line
// for each reason, with the first few.
func (w *Wallet) almost(c *CredentialQuery) (list []string) {
	const some = 3
	reasons := []string{"is in another form", "is about a DID that this wallet has no key for", "has not all claims that are asked for",
		"is of an old version, and leaves in a dossier"}
	found := make([][]string, len(reasons))
	for _, r := range w.contents.Records {
		if _, _, ok, err := w.answers(c, r); ok || err != nil || !c.ofType(r.Types) {
			continue
		}
		why := 2
		switch {
		case !presentable(r):
			why = 3
		case r.Form != c.form():
			why = 0
		case c.bound() && !w.mine(r):
			why = 1
		}
		found[why] = append(found[why], r.Short())
	}
	for i, names := range found {
		if n := len(names); n > some {
			names = append(names[:some], fmt.Sprintf("and %d more", n-some))
		}
		if len(names) > 0 {
			list = append(list, fmt.Sprintf("%s: no answer, since it %s: %s", c.ID, reasons[i], strings.Join(names, ", ")))
		}
	}
	return list
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

// Forms of a record.
const (
	FormLD    = ""
	FormSDJWT = "sd-jwt"    // vc+sd-jwt
	FormDC    = "dc+sd-jwt" // SD-JWT VC
)

// Present makes the signed answer to a plan, bound to the request's audience and nonce and to
// a short time, and writes it into the share log. Save the wallet before it leaves. The
// first part is a presentation with all credentials that have Data Integrity proofs, signed
// by the key of each one's subject; a bearer's credential is signed for by a key that is new
// for this audience. Every SD-JWT is a part of its own, with the claims asked for.
func (w *Wallet) Present(p *Plan) (parts [][]byte, err error) {
	q := p.Request
	switch {
	case !w.now().Before(q.Expires):
		return nil, ErrRequestExpired
	case len(p.Missing) > 0:
		return nil, fmt.Errorf("wallet: nothing answers %s", strings.Join(p.Missing, ", "))
	case len(p.Choices) == 0:
		return nil, errors.New("wallet: nothing would be shown")
	}
	whole, err := w.presentation(p)
	if err != nil {
		return nil, err
	}
	if whole != nil {
		parts = append(parts, whole)
	}
	for _, c := range p.Choices {
		if c.Record.Form == FormLD {
			continue
		}
		part, err := w.showing(&c, q)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		c.Record.Shown++
	}
	return parts, w.loggedPlan(p, parts)
}

// end is when an answer to q stops to count.
func (w *Wallet) end(q *Request) time.Time {
	if end := w.now().Add(presentationLife); end.Before(q.Expires) {
		return end
	}
	return q.Expires
}

// presentation is the part of the credentials with Data Integrity proofs; nil without any.
func (w *Wallet) presentation(p *Plan) ([]byte, error) {
	q := p.Request
	records := p.records(FormLD)
	if len(records) == 0 {
		return nil, nil
	}
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
	if err := w.signPresentation(doc, records, signers, cryptosuite.Options{Purpose: did.Authentication, Created: w.now(),
		Domain: q.Audience, Challenge: q.Nonce, Expires: w.end(q)}); err != nil {
		return nil, err
	}
	return fileJSON(doc)
}

// records returns the records of a form, each once.
func (p *Plan) records(form string) []*Record {
	var list []*Record
	for _, c := range p.Choices {
		if c.Record.Form == form && !slices.Contains(list, c.Record) {
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
		// The audience names itself. Under an issuer's id alone it would get, and could show
		// around, the DID that the issuer knows; no issuer's id has a space.
		r, err := w.Relate("audience "+audience, "", Ed25519)
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

// logged writes into the share log what leaves whole.
func (w *Wallet) logged(form, to, purpose, until string, file []byte, records []*Record) error {
	s := Share{At: w.now(), To: to, Purpose: purpose, Until: until, Form: form, SHA256: digestOf(file)}
	for _, r := range records {
		claims, err := w.Claims(r)
		if err != nil {
			claims = nil // of an older version; it left all the same
		}
		if r.Form != FormLD {
			r.Shown++ // all of it, to be matched with what is shown later
		}
		s.Records = append(s.Records, sharedOf(r, leaving(claims, nil)))
	}
	return w.contents.Shares.add(s)
}

// loggedPlan writes into the share log what leaves in answer to a request. The digest is of
// the parts one after the other.
func (w *Wallet) loggedPlan(p *Plan, parts [][]byte) error {
	q := p.Request
	s := Share{At: w.now(), To: q.Verifier + " <" + q.Audience + ">", Purpose: q.Purpose, Until: q.Until, Form: "presentation", SHA256: digestOf(slices.Concat(parts...))}
	for _, c := range p.Choices {
		s.Records = append(s.Records, sharedOf(c.Record, c.Leaves))
	}
	return w.contents.Shares.add(s)
}

// sharedOf names the claims of a subject that leave.
func sharedOf(r *Record, leaves []Leaving) Shared {
	one := Shared{ID: r.ID, Types: r.Types, Issuer: r.Issuer, SHA256: r.SHA256, Claims: []string{}}
	for _, l := range leaves {
		if claim, ok := strings.CutPrefix(l.Path, "/credentialSubject"); ok {
			one.Claims = append(one.Claims, claim)
		}
	}
	return one
}
