package licensure

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Limits of a draft.
const (
	maxDepth    = 16   // deepest of ours is 5; what an issuer adds is hardly deeper
	maxMembers  = 2000 // members and elements in all; the largest of ours has some 60
	maxFaults   = 50   // a person repairs no more at a time
	maxList     = 50   // elements of one list of ours: names, conditions, leaves
	maxLongList = 200  // places: there are 56, and 70 boards
	maxText     = 300  // characters of a name or a short text
	maxProse    = 2000 // characters of the text of a condition
	maxInteger  = 1<<53 - 1
)

// CheckDraft judges a draft of a medical credential: required members, vocabularies,
// dates, identifiers, what contradicts itself and what may not be there at all. It returns
// nil or a [*DraftError] that lists the faults with JSON pointers and rules.
//
// Of the draft's types exactly one must be ours ([TypeOf]). Members that the rules do not
// name are not judged here, except that no member at any depth may be null, an empty
// array, an @word, a fraction or on the deny list, and each "id" must be an absolute IRI.
func CheckDraft(draft map[string]any) error {
	c := &checker{}
	if c.walk("", draft, 0); !c.stopped {
		c.envelope(draft)
	}
	return c.err()
}

// TypeOf returns which of our types draft has, and false if it has none or several.
func TypeOf(draft map[string]any) (string, bool) {
	own := ownTypes(draft)
	if len(own) != 1 {
		return "", false
	}
	return own[0], true
}

func ownTypes(draft map[string]any) []string {
	var own []string
	for _, t := range typesOf(draft) {
		if _, ok := subjects[t]; ok && !slices.Contains(own, t) {
			own = append(own, t)
		}
	}
	return own
}

// typesOf returns the strings of a node's type member, which is one string or an array.
func typesOf(node map[string]any) []string {
	switch v := node["type"].(type) {
	case string:
		return []string{v}
	case []any:
		var ts []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				ts = append(ts, s)
			}
		}
		return ts
	}
	return nil
}

// A checker gathers faults. synthetic and latestDay are known from the envelope before
// the subject is judged.
type checker struct {
	faults    []Fault
	members   int
	stopped   bool // a limit was reached; nothing more is read
	synthetic bool
	from      time.Time // validFrom; zero if unknown
	latestDay string    // the civil day, anywhere on Earth, at validFrom; empty if unknown
}

func (c *checker) fail(code Code, ptr, rule, detail string) {
	if len(c.faults) < maxFaults && !c.stopped {
		c.faults = append(c.faults, Fault{code, ptr, rule, detail})
	}
}

func (c *checker) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	return &DraftError{c.faults}
}

// walk refuses what no draft may hold at any depth.
func (c *checker) walk(ptr string, v any, depth int) {
	if c.members++; depth > maxDepth || c.members > maxMembers {
		c.faults = []Fault{{CodeLimit, ptr, "J9", "too deep or too many members"}}
		c.stopped = true
	}
	if c.stopped {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			c.walkMember(ptr+strictjson.PointerToken(name), name, v[name], depth)
		}
	case []any:
		if len(v) == 0 {
			c.fail(CodeGhost, ptr, "J4", "an empty array adds nothing: leave the member out")
		}
		for i, e := range v {
			c.walk(ptr+"/"+strconv.Itoa(i), e, depth+1)
		}
	case string:
		if !utf8.ValidString(v) {
			c.fail(CodeText, ptr, "J7", "not UTF-8")
		}
	case json.Number:
		if !isInteger(v) {
			c.fail(CodeRange, ptr, "J8", "only integers within ±(2^53-1): scores and amounts are text")
		}
	case bool:
	case nil:
		c.fail(CodeGhost, ptr, "J4", "null adds nothing: leave the member out")
	default:
		c.fail(CodeKind, ptr, "J8", "not a JSON value as the strict reader yields it")
	}
}

func (c *checker) walkMember(ptr, name string, v any, depth int) {
	switch {
	case len(name) > 0 && name[0] == '@':
		c.fail(CodeGhost, ptr, "J4", "a JSON-LD keyword has no place in a draft")
		return
	case denied(name):
		c.fail(CodeDenied, ptr, "PR-8", "this content may not stand in a credential")
		return
	case name == "id":
		if s, ok := v.(string); !ok || !absoluteIRI(s) {
			c.fail(CodeRelativeIRI, ptr, "J12", "an id is an absolute IRI: did:, urn: or https:")
			return
		}
	case name == "type":
		if slices.ContainsFunc(typesOf(map[string]any{"type": v}), denied) {
			c.fail(CodeDenied, ptr, "PR-8", "this content may not stand in a credential")
		}
	}
	c.walk(ptr, v, depth+1)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// isInteger reports whether n is written as an integer that every JSON reader keeps.
func isInteger(n json.Number) bool {
	i, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil && -maxInteger <= i && i <= maxInteger && strconv.FormatInt(i, 10) == string(n)
}

// envelope judges what all types share, then the subject by its type.
func (c *checker) envelope(draft map[string]any) {
	for _, name := range []string{"@context", "id", "salt", "credentialStatus", "proof"} {
		if _, ok := draft[name]; ok && name != "@context" { // @context was refused by walk
			c.fail(CodeIssuerMember, "/"+name, "ENV", "filled in by the issuer")
		}
	}
	c.object("", "ENV", draft, envelopeFields)
	c.window(draft)
	c.confidence(draft)

	own := ownTypes(draft)
	switch {
	case len(own) == 0:
		c.fail(CodeType, "/type", "ENV", "one of our credential types")
		return
	case len(own) > 1:
		c.fail(CodeTypeMixed, "/type", "ENV", "one of our credential types, not several")
		return
	}
	subject, ok := draft["credentialSubject"].(map[string]any)
	if !ok {
		return // said by the table
	}
	c.subject(draft, subject, subjects[own[0]])
}

// window judges validFrom and validUntil, and notes the day of the former.
func (c *checker) window(draft map[string]any) {
	from, okFrom := instantIn(draft, "validFrom")
	if okFrom {
		// At UTC+14 the day is the latest anywhere: a degree conferred "today" in
		// the Pacific may be written down while it is still yesterday in Greenwich.
		c.from = from
		c.latestDay = from.Add(14 * time.Hour).Format(time.DateOnly)
	}
	until, okUntil := instantIn(draft, "validUntil")
	if okFrom && okUntil && !until.After(from) {
		c.fail(CodeDateOrder, "/validUntil", "ENV", "after validFrom")
	}
}

// confidence refuses to call verified what only the subject said.
func (c *checker) confidence(draft map[string]any) {
	class, ok := draft["confidenceClass"].(string)
	if !ok || class == string(Attested) {
		return
	}
	sources := nodes(draft["evidence"])
	for _, e := range sources {
		if m, _ := e["method"].(string); m != string(SelfAttested) {
			return
		}
	}
	if len(sources) > 0 {
		c.fail(CodeContradicts, "/confidenceClass", "PV-3", `self-attested evidence alone makes a credential "attested"`)
	}
}

func (c *checker) subject(draft, subject map[string]any, rules subjectRules) {
	const ptr = "/credentialSubject"
	c.synthetic = subject["synthetic"] == true
	if id, ok := subject["id"].(string); ok && absoluteIRI(id) && !rules.anyID && !didForm.MatchString(id) {
		c.fail(CodeIdentifier, ptr+"/id", "ENV", "the holder is named by a DID")
	}
	c.object(ptr, rules.rule, subject, rules.all())
	if rules.private {
		c.shortLived(draft)
	}
	if rules.dynamic {
		c.dynamicWindow(draft, subject, rules.ends)
	}
	if rules.coherent != nil {
		rules.coherent(c, draft, subject)
	}
}

// nodes returns the objects of a member that is one object or an array of them.
func nodes(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var ns []map[string]any
		for _, e := range v {
			if n, ok := e.(map[string]any); ok {
				ns = append(ns, n)
			}
		}
		return ns
	}
	return nil
}
