package wallet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// A Finding is what was found about one document before it is kept: show it to the person.
type Finding struct {
	Place  string
	Report *verifier.Report
	// Record is what would be kept; nil if the document cannot be kept at all, and Err says
	// why.
	Record *Record
	Err    error
	// Mine tells that the subject is a DID of this wallet.
	Mine bool

	cred     *credential.Credential
	against  bool // what is held of it is invalid too
	evidence *verifier.Evidence
	contexts []pinnedContext
}

// A RefusedError means a document that is not kept. Codes are those of reports, or bare
// words: malformed, presentation.
type RefusedError struct {
	Place  string
	Code   string
	Detail string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("wallet: %s is not taken in: %s (%s)", e.Place, e.Detail, e.Code)
}

// Examine verifies a document as a hospital would, by a trust file and evidence, for the
// moment now. Nothing is kept.
func (w *Wallet) Examine(item Item, ev *verifier.Evidence, trust *TrustFile) *Finding {
	at := w.now()
	brought := ev
	ev = new(verifier.Evidence)
	f := &Finding{Place: item.Place}
	cred, err := credential.Parse(item.Raw)
	if err == nil {
		f.cred = cred
	}
	have := w.held(f.cred)
	if have != nil { // what it has is not lost by looking again
		if own, err := have.evidence(); err == nil {
			ev = own
			f.against = verifier.Check(item.Raw, own, trust.Trust, at).Verdict == verifier.Invalid
		}
	}
	if brought != nil {
		ev.Merge(brought)
	}
	f.Report = verifier.Check(item.Raw, ev, trust.Trust, at)
	if err != nil {
		f.Err = &RefusedError{item.Place, "malformed", err.Error()}
		return f
	}
	if e := cred.Envelope(); e != nil && e.KeyBinding != nil {
		f.Err = &RefusedError{item.Place, "presentation", "a showing that somebody signed; import the credential itself"}
		return f
	}
	if cred.IsPresentation() {
		f.Err = &RefusedError{item.Place, "presentation", "a presentation is what a holder shows; import the credentials in it"}
		return f
	}
	r := &Record{Document: item.Raw, SHA256: cred.Digest(), Imported: at, Checked: at, Verdict: f.Report.Verdict.String(),
		ID: cred.ID(), Types: cred.Types(), Version: string(cred.Version()), Issuer: cred.Issuer(), Label: f.Report.Issuer.Label}
	if e := cred.Envelope(); e != nil {
		r.Form = map[string]string{credential.TypVC: FormSDJWT, credential.TypDC: FormDC}[e.Typ]
	}
	if s, stopped := f.Report.Deciding(); stopped {
		r.Code = string(s.Code)
	}
	if f.Report.Verdict == verifier.Invalid {
		s, _ := f.Report.Deciding()
		f.Err = &RefusedError{item.Place, string(s.Code), verifier.Meaning(s.Code)}
		return f
	}
	r.Subject = subjectID(cred)
	if r.Form == FormDC { // whose it is says cnf; sub can be any number
		if id := holderOf(cred.Envelope()); id != "" {
			r.Subject = id
		}
	}
	if from, until, err := cred.Validity(); err == nil {
		r.From, r.Until = momentText(from), momentText(until)
	}
	urls := textsIn(cred.Unsecured(), nil)
	for _, c := range trust.contexts {
		if slices.Contains(urls, c.URL) && !r.names(c) {
			r.Contexts = append(r.Contexts, c.contextName)
			f.contexts = append(f.contexts, c)
		}
	}
	_, f.Mine = w.signerOf(r.Subject)
	f.Record, f.evidence = r, relevant(ev, cred, urls, trust)
	slim(f.evidence, f.Report)
	f.settle(have)
	return f
}

// held returns the record of a document, nil if there is none. With other white space, or
// members in another order, it is no second credential; nor is an SD-JWT of which some
// claims were left out.
func (w *Wallet) held(cred *credential.Credential) *Record {
	if cred == nil {
		return nil
	}
	for _, r := range w.contents.Records {
		if r.ID == cred.ID() && r.Issuer == cred.Issuer() && (r.SHA256 == cred.Digest() || alike(r.Document, cred)) {
			return r
		}
	}
	return nil
}

func alike(document []byte, cred *credential.Credential) bool {
	if e := cred.Envelope(); e != nil {
		other, err := credential.Parse(document)
		return err == nil && other.Envelope() != nil && other.Envelope().JWT == e.JWT
	}
	var text [2][]byte
	for i, raw := range [][]byte{document, cred.Raw()} {
		v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: credential.MaxBytes})
		if err == nil {
			text[i], err = strictjson.Canonical(v)
		}
		if err != nil {
			return false
		}
	}
	return bytes.Equal(text[0], text[1])
}

// settle makes what would be kept the record that is held: with the bytes that were there
// first, unless these disclose more.
func (f *Finding) settle(have *Record) {
	if have == nil {
		return
	}
	r := f.Record
	r.Imported, r.Shown = have.Imported, have.Shown
	if e := f.cred.Envelope(); e != nil {
		if old, err := credential.Parse(have.Document); err != nil || len(old.Envelope().Disclosures) < len(e.Disclosures) {
			return
		}
	}
	r.Document, r.SHA256 = have.Document, have.SHA256
}

func subjectID(cred *credential.Credential) string {
	subject, _ := cred.Member("credentialSubject").(map[string]any)
	id, _ := subject["id"].(string)
	return id
}

func momentText(m *credential.Moment) string {
	if m == nil {
		return ""
	}
	return m.Early.UTC().Format(time.RFC3339)
}

// textsIn collects all texts of a JSON value.
func textsIn(v any, found []string) []string {
	switch x := v.(type) {
	case map[string]any:
		for _, e := range x {
			found = textsIn(e, found)
		}
	case []any:
		for _, e := range x {
			found = textsIn(e, found)
		}
	case string:
		found = append(found, x)
	}
	return found
}

// relevant is the part of ev that concerns one credential, so that a wallet does not keep
// the evidence of a whole batch; with the issuer's document.
func relevant(ev *verifier.Evidence, cred *credential.Credential, urls []string, trust *TrustFile) *verifier.Evidence {
	out := &verifier.Evidence{Gathered: ev.Gathered}
	for _, p := range cred.Proofs() {
		if !p.IsMerkle() {
			continue
		}
		txid := p.Merkle.Anchor.TxID
		if id, err := anchor.ParseTxID(strings.ToLower(txid)); err == nil && ev.Transactions[id.String()] != nil {
			out.AddTransaction(id, ev.Transactions[id.String()])
		}
		for _, o := range ev.Observations {
			if strings.EqualFold(o.TxID, txid) && !slices.Contains(out.Observations, o) {
				out.Observations = append(out.Observations, o)
			}
		}
	}
	for n, runs := range ev.Headers {
		for _, run := range runs {
			out.AddHeaders(n, run)
		}
	}
	names := append(slices.Clone(urls), cred.Issuer())
	if is, known := trust.Trust.Issuer(cred.Issuer()); known {
		names = append(names, is.StatusIssuers...)
		if is.Document != nil {
			names = append(names, is.Document.RevocationList)
			profile, _ := is.Document.IssuerProfile()
			names = append(names, profile)
		}
	}
	for _, d := range ev.Documents[cred.Issuer()] {
		if doc, err := did.Parse(d.Bytes); err == nil {
			names = append(names, doc.RevocationList)
		}
	}
	for name, docs := range ev.Documents {
		if slices.Contains(names, name) {
			for _, d := range docs {
				out.AddDocument(name, d)
			}
		}
	}
	if doc := trust.documents[cred.Issuer()]; doc != nil {
		out.AddDocument(cred.Issuer(), verifier.Document{MediaType: "application/json", Bytes: doc})
	}
	return out
}

// slim leaves of each status list the one that counted: there is a new one every day, and
// a vault is written whole. Whoever sends evidence could send thousands that do not count.
func slim(ev *verifier.Evidence, found *verifier.Report) {
	for name, docs := range ev.Documents {
		counted := slices.DeleteFunc(slices.Clone(docs), func(d verifier.Document) bool {
			return !slices.ContainsFunc(found.Lists, func(l verifier.ListFact) bool { return l.URL == name && l.SHA256 == digestOf(d.Bytes) })
		})
		if len(counted) > 0 {
			ev.Documents[name] = counted
		}
	}
}

// Keep takes a document in. One that could not be judged in full is kept only if unproven
// is set, and stays marked as such. The same document again brings its evidence and the
// new verdict.
func (w *Wallet) Keep(f *Finding, unproven bool) error {
	have := w.held(f.cred)
	if f.Err != nil {
		// Bad evidence changes nothing. A trust file by which the record itself is invalid, for
		// a key that was stolen, say, does: the record stays and is called that.
		if s, stopped := f.Report.Deciding(); have != nil && f.against && stopped {
			have.Verdict, have.Code, have.Checked = f.Report.Verdict.String(), string(s.Code), w.now()
		}
		return f.Err
	}
	if s, open := unjudged(f.Report); open && !unproven {
		return &RefusedError{f.Place, string(s.Code), "not all of it could be checked: " + verifier.Meaning(s.Code)}
	}
	for _, c := range f.contexts {
		if !slices.ContainsFunc(w.contents.Contexts, func(x pinnedContext) bool { return x.contextName == c.contextName }) {
			w.contents.Contexts = append(w.contents.Contexts, c)
		}
	}
	f.settle(have)
	ev, err := f.evidence.Marshal()
	if err != nil {
		return err
	}
	f.Record.Evidence = ev
	if i := slices.Index(w.contents.Records, have); i >= 0 {
		w.contents.Records[i] = f.Record
	} else {
		w.contents.Records = append(w.contents.Records, f.Record)
	}
	return nil
}

// unjudged returns the step for which a report could not say that a document is genuine. A
// document can be expired by its own word, and nobody knows whose word that is.
func unjudged(r *verifier.Report) (verifier.Step, bool) {
	if r.Verdict == verifier.Indeterminate {
		return r.Deciding()
	}
	for _, s := range r.Steps {
		if (s.Group == verifier.Integrity || s.Group == verifier.IssuerOf) && (s.Result == verifier.Unavailable || s.Result == verifier.Unsupported) {
			return s, true
		}
	}
	return verifier.Step{}, false
}

// evidence returns what was kept for verifying a record offline.
func (r *Record) evidence() (*verifier.Evidence, error) {
	if len(r.Evidence) == 0 {
		return new(verifier.Evidence), nil
	}
	return verifier.ParseEvidence(r.Evidence)
}

// Evidence returns what was kept for verifying records offline, in one.
func (w *Wallet) Evidence(records ...*Record) (*verifier.Evidence, error) {
	all := new(verifier.Evidence)
	for _, r := range records {
		one, err := r.evidence()
		if err != nil {
			return nil, err
		}
		all.Merge(one)
	}
	return all, nil
}

// Refresh judges a record again by newer evidence, such as today's status list, for now.
// The finding is to be kept like any other.
func (w *Wallet) Refresh(r *Record, more *verifier.Evidence, trust *TrustFile) *Finding {
	return w.Examine(Item{r.Short(), r.Document}, more, trust)
}

// Read returns what a record says, value by value, in the order of their places.
func (w *Wallet) Read(r *Record) ([]Leaving, error) {
	claims, err := w.Claims(r)
	if err != nil {
		return nil, err
	}
	return leaving(claims, nil), nil
}

// Claims returns what of a record was signed: nothing else is shown, matched or counted.
func (w *Wallet) Claims(r *Record) (map[string]any, error) {
	cred, err := credential.Parse(r.Document)
	if err != nil {
		return nil, err
	}
	if cred.Envelope() != nil {
		return cred.Unsecured(), nil // signed as text
	}
	contexts, err := w.contexts(r)
	if err != nil {
		return nil, err
	}
	res, err := jsonld.Canonicalize(cred.Unsecured(), jsonld.Options{Contexts: contexts, Mode: cred.Mode(), Limits: credential.Limits(cred.Unsecured())})
	if err != nil {
		return nil, err
	}
	return res.Claims, nil
}
