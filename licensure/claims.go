package licensure

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// CheckIssued judges the verified claims of an issued credential by the rules of
// [CheckDraft]. What an issuer fills in is left aside.
func CheckIssued(claims map[string]any) error {
	draft := maps.Clone(claims)
	for _, name := range []string{"@context", "id", "salt", "credentialStatus", "proof", "issuer", "credentialSchema", "nonce"} {
		delete(draft, name)
	}
	return CheckDraft(draft)
}

// subjectOf returns the subject of a credential of type t, judged.
func subjectOf(claims map[string]any, t string) (subject, error) {
	if own, ok := TypeOf(claims); !ok || own != t {
		return nil, &DraftError{[]Fault{{CodeType, "/type", "ENV", "type " + t}}}
	}
	if err := CheckIssued(claims); err != nil {
		return nil, err
	}
	s, _ := claims["credentialSubject"].(map[string]any)
	return s, nil
}

// withoutNulls returns claims without the members of the subject that an SD-JWT shows to be
// absent. No other form has such: null adds nothing to what is signed there.
func withoutNulls(claims map[string]any) map[string]any {
	s, ok := claims["credentialSubject"].(map[string]any)
	if !ok {
		return claims
	}
	s = maps.Clone(s)
	maps.DeleteFunc(s, func(_ string, v any) bool { return v == nil })
	claims = maps.Clone(claims)
	claims["credentialSubject"] = s
	return claims
}

// mayHide returns which members a report leaves open: weighty ones that are not shown, and
// any that is shown with something of it hidden, such as one attempt of several.
func mayHide(r *verifier.Report, t string) (names []string) {
	for _, f := range subjects[t].all() {
		if f.need == weighs && r.MayHide(f.name) || r.ShownInPart(f.name) {
			names = append(names, f.name)
		}
	}
	return names
}

// ClaimsOf returns the claims of a report for the functions that read a type out of claims
// ([TermOf], [OrderOf] and the like): without the members that an SD-JWT shows to be absent.
// The error says that members which could decide may be hidden; the claims are then those
// that are shown, for whoever has to say what the document is about.
func ClaimsOf(r *verifier.Report) (map[string]any, error) {
	t, _ := TypeOf(r.Claims)
	var err error
	if hidden := mayHide(r, t); len(hidden) > 0 {
		err = refuse("VD-1", "shown in part: %s may be hidden", strings.Join(hidden, ", "))
	}
	return withoutNulls(r.Claims), err
}

// A subject is read by name once it has been judged; what is absent reads as empty.
type subject map[string]any

func (s subject) text(name string) string {
	t, _ := s[name].(string)
	return t
}

func (s subject) flag(name string) bool { return s[name] == true }

func (s subject) instant(name string) time.Time {
	t, _ := instantIn(s, name)
	return t
}

func (s subject) nodes(name string) []subject {
	var out []subject
	for _, n := range nodes(s[name]) {
		out = append(out, n)
	}
	return out
}

// texts returns the strings of a member that is one or an array of them, sorted: it is a
// set.
func (s subject) texts(name string) []string {
	var out []string
	switch v := s[name].(type) {
	case string:
		out = []string{v}
	case []any:
		for _, e := range v {
			if t, ok := e.(string); ok {
				out = append(out, t)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (s subject) licenceKey(name string) LicenceKey {
	n, _ := s[name].(map[string]any)
	k := subject(n)
	return LicenceKey{k.text("jurisdiction"), k.text("boardId"), LicenceType(k.text("licenceType")), k.text("number")}
}

// conditions returns the conditions of a licence or an order, sorted: they are a set.
func (s subject) conditions(name string) []Condition {
	var out []Condition
	for _, n := range s.nodes(name) {
		out = append(out, Condition{n.text("code"), n.text("text"), Period{Date(n.text("from")), Date(n.text("until"))}})
	}
	sortConditions(out)
	return out
}

func sortConditions(ks []Condition) {
	slices.SortFunc(ks, func(a, b Condition) int {
		return strings.Compare(strings.Join([]string{a.Code, string(a.From), string(a.Until), a.Text}, "\x00"),
			strings.Join([]string{b.Code, string(b.From), string(b.Until), b.Text}, "\x00"))
	})
}
