package licensure

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A SubjectMatch says how well two credentials are known to be about one person (ID-2).
type SubjectMatch string

// Subject matches.
const (
	MatchKey  SubjectMatch = "holder-key" // one key, or keys that an identity credential binds
	MatchWeak SubjectMatch = "weak"       // name, year of degree and school: a person has to look
	MatchNone SubjectMatch = "none"       // a name alone never matches
)

// A Subject is what a credential says about whom it is about.
type Subject struct {
	Holder     string // DID
	Person     Person
	DegreeYear string // YYYY; from a degree
	SchoolID   string
}

// SubjectOf reads the subject of verified claims.
func SubjectOf(claims map[string]any) Subject {
	s, _ := claims["credentialSubject"].(map[string]any)
	sub := subject(s)
	p, _ := s["person"].(map[string]any)
	out := Subject{Holder: sub.text("id"), SchoolID: sub.text("schoolId"), Person: personOf(p)}
	if conferred := sub.text("conferralDate"); len(conferred) >= 4 {
		out.DegreeYear = conferred[:4]
	}
	return out
}

func personOf(p subject) Person {
	out := Person{FamilyName: p.text("familyName"), GivenName: p.text("givenName"), MiddleName: p.text("middleName"),
		Suffix: p.text("suffix"), SingleName: p.flag("singleName"), BirthDate: Date(p.text("birthDate")),
		BirthYear: p.text("birthYear"), NPI: p.text("npi"), FederationID: p.text("federationId")}
	for _, f := range p.nodes("formerNames") {
		out.FormerNames = append(out.FormerNames, FormerName{f.text("familyName"), f.text("givenName"), f.text("middleName"),
			f.text("suffix"), Date(f.text("until"))})
	}
	return out
}

// MatchSubjects says whether two credentials are about one person. Identities are the
// subjects of verified identity credentials (T01), which alone link names (ID-3).
func MatchSubjects(a, b Subject, identities []Subject) SubjectMatch {
	switch {
	case a.Holder != "" && a.Holder == b.Holder:
		return MatchKey
	case a.DegreeYear == "" || a.DegreeYear != b.DegreeYear || a.SchoolID == "" || a.SchoolID != b.SchoolID:
		return MatchNone
	case sameName(a.Person, b.Person), linkedNames(a.Person, b.Person, identities):
		return MatchWeak
	}
	return MatchNone
}

// DocumentName reports whether a document in the name of shown may be the person's of an
// identity credential: in the present name or in a former one (ID-3).
func DocumentName(shown Person, identity Person) bool {
	return slices.Contains(allNames(identity), nameKey(shown))
}

// linkedNames reports whether one identity credential has both names.
func linkedNames(a, b Person, identities []Subject) bool {
	return slices.ContainsFunc(identities, func(i Subject) bool {
		names := allNames(i.Person)
		return slices.Contains(names, nameKey(a)) && slices.Contains(names, nameKey(b))
	})
}

func sameName(a, b Person) bool { return nameKey(a) != "" && nameKey(a) == nameKey(b) }

// allNames returns the keys of a person's present and former names.
func allNames(p Person) []string {
	names := []string{nameKey(p)}
	for _, f := range p.FormerNames {
		names = append(names, nameKey(Person{FamilyName: f.FamilyName, GivenName: f.GivenName, MiddleName: f.MiddleName, Suffix: f.Suffix}))
	}
	return names
}

// nameKey is a full name as it is compared: one composition of combining characters, one
// case, no other liberty. Middle name and suffix count: father and son differ in one.
func nameKey(p Person) string {
	if p.FamilyName == "" {
		return ""
	}
	return strings.ToLower(norm.NFC.String(strings.Join([]string{p.FamilyName, p.GivenName, p.MiddleName, p.Suffix}, "\x00")))
}
