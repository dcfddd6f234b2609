package fhir

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A Discrepancy is one element in which sources differ. A source that says nothing of it
// has an empty text, which may mean that it was not asked.
type Discrepancy struct {
	Element    string // such as name, birthDate, licence X07/full/0123: period.end
	Applicant  string
	Credential string
	Record     string
}

// Discrepancies compares what an applicant states, what verified credentials say, and
// what a record (a directory, a registry) holds, each as a Practitioner; any may be nil.
// Licences are matched by board, type and number, other qualifications by code and issuer.
// It decides nothing: people do (domain design, T13).
func Discrepancies(applicant, credential, record Resource) []Discrepancy {
	views := [3]map[string]string{facts(applicant), facts(credential), facts(record)}
	var names []string
	for _, v := range views {
		for name := range v {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	sort.Strings(names)
	var found []Discrepancy
	for _, name := range names {
		said := map[string]bool{}
		for _, v := range views {
			if s, ok := v[name]; ok {
				said[fold(s)] = true
			}
		}
		if len(said) > 1 {
			found = append(found, Discrepancy{name, views[0][name], views[1][name], views[2][name]})
		}
	}
	return found
}

// fold makes texts equal that differ only in case and spaces.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// facts lists what a Practitioner says, by element.
func facts(r Resource) map[string]string {
	f := map[string]string{}
	add := func(name, value string) {
		if value != "" {
			f[name] = value
		}
	}
	add("birthDate", textAt(r, "birthDate"))
	names, _ := r["name"].([]any)
	for _, n := range names {
		if textAt(n, "use") == "official" {
			add("name", strings.TrimSpace(given(n)+" "+textAt(n, "family")))
		}
	}
	ids, _ := r["identifier"].([]any)
	for _, id := range ids {
		add("identifier "+textAt(id, "system"), textAt(id, "value"))
	}
	list, _ := r["qualification"].([]any)
	for _, q := range list {
		m, ok := q.(map[string]any)
		if !ok {
			continue
		}
		name := qualificationName(m)
		add(name+": period.start", textAt(m, "period", "start"))
		add(name+": period.end", textAt(m, "period", "end"))
		add(name+": issuer", textAt(m, "issuer", "display"))
		for _, e := range listOf(m["extension"]) {
			if textAt(e, "url") == extensionLegalStatus {
				add(name+": legal status", textAt(e, "valueCoding", "display"))
			}
		}
	}
	return f
}

func listOf(v any) []any {
	l, _ := v.([]any)
	return l
}

func given(n any) string {
	var parts []string
	for _, g := range listOf(at(n, "given")) {
		if s, ok := g.(string); ok {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// qualificationName is by what a qualification is matched.
func qualificationName(q Resource) string {
	if l, err := LicenceFrom(q); err == nil || l.Key.Number != "" {
		return "licence " + l.Key.String()
	}
	code := textAt(q, "code", "coding", 0, "code")
	if code == "" {
		code = textAt(q, "code", "text")
	}
	return fmt.Sprintf("%s of %s", code, textAt(q, "issuer", "display"))
}
