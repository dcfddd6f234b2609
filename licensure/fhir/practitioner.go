package fhir

import (
	"slices"
	"strings"

	"github.com/certanchor/certanchor/licensure"
)

// A Source is one credential as it was verified.
type Source struct {
	// Claims are those of the report: what was signed, and of an anchored SD-JWT what was
	// disclosed.
	Claims map[string]any
	// IssuerLabel is the issuer's name in the trust file.
	IssuerLabel string
	// Status is the legal status of a licence at the moment asked, by the record or the
	// list; nil if it is not known. The one inside the credential is as of its issue and
	// is never taken for it (VD-3).
	Status *licensure.LegalStatus
}

func (s Source) subject() claim { return claim(s.Claims).node("credentialSubject") }

// Practitioner writes what several credentials say of one physician: names and numbers
// once, and a qualification for each credential that is one. Sources are taken in order;
// of those that are no qualification only the person is read. Claims that break the rules
// of their type are an error.
func Practitioner(sources []Source) (Resource, error) {
	r := Resource{"resourceType": "Practitioner"}
	p := person{}
	var qualifications []any
	for i, s := range sources {
		if err := licensure.CheckIssued(s.Claims); err != nil {
			return nil, fail("sources", "%d: %v", i, err)
		}
		p.read(s.subject().node("person"))
		if q := qualification(s); q != nil {
			qualifications = append(qualifications, map[string]any(q))
		}
	}
	r.set("identifier", p.identifiers).set("name", p.names).set("birthDate", p.birthDate)
	return r.set("qualification", qualifications), nil
}

// person collects names and numbers, each once.
type person struct {
	identifiers []any
	names       []any
	birthDate   string
	seen        []string
}

func (p *person) once(parts ...string) bool {
	key := strings.Join(parts, "\x00")
	if slices.Contains(p.seen, key) {
		return false
	}
	p.seen = append(p.seen, key)
	return true
}

func (p *person) read(c claim) {
	if npi := c.text("npi"); npi != "" && p.once("npi", npi) {
		p.identifiers = append(p.identifiers, map[string]any{"system": SystemNPI, "value": npi})
	}
	if p.birthDate == "" {
		p.birthDate = c.text("birthDate")
	}
	p.name("official", c, "")
	for _, f := range c.nodes("formerNames") {
		p.name("old", f, f.text("until"))
	}
}

func (p *person) name(use string, c claim, until string) {
	family, given := c.text("familyName"), c.text("givenName")
	if family == "" || !p.once(use, family, given, c.text("middleName"), c.text("suffix")) {
		return
	}
	n := Resource{"use": use, "family": family}
	var names, suffixes []any
	for _, g := range []string{given, c.text("middleName")} {
		if g != "" {
			names = append(names, g)
		}
	}
	if s := c.text("suffix"); s != "" {
		suffixes = append(suffixes, s)
	}
	n.set("given", names).set("suffix", suffixes).set("period", period("", until))
	p.names = append(p.names, map[string]any(n))
}
