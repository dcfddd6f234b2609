package licensure

import (
	"encoding/json"
	"strconv"
	"time"
)

// An Envelope is what all types of credential share. Its fields are required unless their
// comment says otherwise.
type Envelope struct {
	Title      string // shown as the credential's name
	Holder     string // the holder's DID, one per issuer; empty for a bearer print
	Person     Person
	ValidFrom  time.Time // whole seconds count; written in UTC
	ValidUntil time.Time // zero for none, which only static types may have
	Evidence   []Evidence
	Confidence ConfidenceClass
	Supersedes *Superseded // nil unless this corrects an earlier credential
	Synthetic  bool        // the person is made up
}

// Evidence says how the issuer knew.
type Evidence struct {
	Source         string // who said so: a name or an identifier
	Method         Method
	VerifiedAt     time.Time
	VerifierRole   string // the office of the one who verified, not the name
	DocumentDigest string // SHA-256 of the document seen, hex; empty if there was none
}

// Superseded names the credential that a new one replaces.
type Superseded struct {
	ID     string // urn:uuid:…
	Digest string // SHA-256 of its canonical form, hex: its leaf
}

// Person is the physician as the credential's issuer knows the name.
type Person struct {
	FamilyName   string       // also the only name of someone who has one
	GivenName    string       // empty only with SingleName
	MiddleName   string       // optional, as are all below
	Suffix       string       //
	SingleName   bool         // there is no given name: said, not forgotten
	FormerNames  []FormerName // oldest first (ID-3)
	BirthDate    Date         // avoid it: a JSON-LD credential cannot hide it
	BirthYear    string       // YYYY, in its place
	NPI          string
	FederationID string
}

// A FormerName is a name that older documents show.
type FormerName struct {
	FamilyName, GivenName, MiddleName, Suffix string
	Until                                     Date // the last day; empty if unknown
}

// Period is a stretch of civil days. Until is empty while it lasts.
type Period struct {
	From, Until Date
}

// Validate judges p alone by the rules of a person in a credential; pointers in a
// [*DraftError] start at the person. A made-up person's NPI is accepted only in a
// credential that is Synthetic, so not here.
func (p Person) Validate() error {
	_, err := p.Draft()
	return err
}

// Draft returns p as it stands in a draft at /credentialSubject/person.
func (p Person) Draft() (map[string]any, error) {
	m := p.members().plain()
	c := &checker{}
	if c.walk("", m, 0); !c.stopped {
		person.check(c, "", "ENV", m)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return m, nil
}

func (p Person) members() object {
	m := object{}
	m.text("familyName", p.FamilyName)
	m.text("givenName", p.GivenName)
	m.text("middleName", p.MiddleName)
	m.text("suffix", p.Suffix)
	m.flag("singleName", p.SingleName)
	m.list("formerNames", len(p.FormerNames), func(i int) any {
		n, f := object{}, p.FormerNames[i]
		n.text("familyName", f.FamilyName)
		n.text("givenName", f.GivenName)
		n.text("middleName", f.MiddleName)
		n.text("suffix", f.Suffix)
		n.text("until", string(f.Until))
		return n.plain()
	})
	m.text("birthDate", string(p.BirthDate))
	m.text("birthYear", p.BirthYear)
	m.text("npi", p.NPI)
	m.text("federationId", p.FederationID)
	return m
}

// draft puts the envelope around what the type's own members are, and judges the whole.
func (e Envelope) draft(kind string, own object) (map[string]any, error) {
	own.text("id", e.Holder)
	own.flag("synthetic", e.Synthetic)
	if p := e.Person.members(); len(p) > 0 || !subjects[kind].impersonal {
		own["person"] = p.plain()
	}

	d := object{
		"type":              []any{kind},
		"credentialSubject": own.plain(),
	}
	d.text("name", e.Title)
	d.instant("validFrom", e.ValidFrom)
	d.instant("validUntil", e.ValidUntil)
	d.text("confidenceClass", string(e.Confidence))
	d.list("evidence", len(e.Evidence), func(i int) any { return e.Evidence[i].members() })
	if s := e.Supersedes; s != nil {
		d["supersedes"] = map[string]any{"id": s.ID, "digest": s.Digest}
	}
	if err := CheckDraft(d); err != nil {
		return nil, err
	}
	return d, nil
}

func (e Evidence) members() map[string]any {
	m := object{"type": []any{TypeSourceVerification}}
	m.text("source", e.Source)
	m.text("method", string(e.Method))
	m.instant("verifiedAt", e.VerifiedAt)
	m.text("verifierRole", e.VerifierRole)
	m.text("documentDigest", e.DocumentDigest)
	return m
}

func (p Period) members() object {
	m := object{}
	m.text("from", string(p.From))
	m.text("until", string(p.Until))
	return m
}

// An object is a JSON object under construction. Its methods leave out what is empty, so
// that a forgotten field becomes a missing member and no null.
type object map[string]any

func (o object) plain() map[string]any { return o }

func (o object) text(name, s string) {
	if s != "" {
		o[name] = s
	}
}

func (o object) instant(name string, t time.Time) {
	if !t.IsZero() {
		o[name] = t.UTC().Format(instantForm)
	}
}

// flag sets a member that is true or left out.
func (o object) flag(name string, set bool) {
	if set {
		o[name] = true
	}
}

// count sets a number unless it is 0.
func (o object) count(name string, n int) {
	if n != 0 {
		o[name] = json.Number(strconv.Itoa(n))
	}
}

// list sets an array of n elements unless it would be empty.
func (o object) list(name string, n int, element func(i int) any) {
	if n == 0 {
		return
	}
	vs := make([]any, n)
	for i := range vs {
		vs[i] = element(i)
	}
	o[name] = vs
}
