package licensure

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A field is one member of an object and what its value must be.
type field struct {
	name  string
	need  need
	value judge
}

// A judge says what a value must be, twice: check is the whole demand, schema as much of it
// as JSON Schema can say to programs that do not have this library.
type judge struct {
	// check fails c if v is not what is asked for. Rule is that of the object; a judge
	// whose demand comes from elsewhere names its own.
	check  func(c *checker, ptr, rule string, v any)
	schema schema
}

// A schema is a JSON Schema (2020-12) as a JSON object. It is never written to once made.
type schema = map[string]any

// A need says what the absence of a member means.
type need int

const (
	may    need = iota
	weighs      // as may; but whoever leaves it out hides what could decide: see Weighty
	must
)

// object judges the members of node that fields name.
func (c *checker) object(ptr, rule string, node map[string]any, fields []field) {
	for _, f := range fields {
		v, ok := node[f.name]
		switch {
		case ok && v != nil: // null was refused by walk
			f.value.check(c, ptr+"/"+f.name, rule, v)
		case !ok && f.need == must:
			c.fail(CodeMissing, ptr+"/"+f.name, rule, "required")
		}
	}
}

// node asks for an object with fields.
func node(rule string, fields []field) judge {
	return judge{func(c *checker, ptr, _ string, v any) {
		n, ok := v.(map[string]any)
		if !ok {
			c.fail(CodeKind, ptr, rule, "an object")
			return
		}
		c.object(ptr, rule, n, fields)
	}, objectSchema(fields)}
}

// coherent asks further what also asks of the members of an object against each other.
func coherent(whole judge, also func(c *checker, ptr string, n map[string]any)) judge {
	return judge{func(c *checker, ptr, rule string, v any) {
		whole.check(c, ptr, rule, v)
		if n, ok := v.(map[string]any); ok {
			also(c, ptr, n)
		}
	}, whole.schema}
}

// oneOrMore asks for what each asks for, once or in an array.
func oneOrMore(each judge) judge {
	some := list(each)
	return judge{func(c *checker, ptr, rule string, v any) {
		if _, ok := v.([]any); ok {
			some.check(c, ptr, rule, v)
			return
		}
		each.check(c, ptr, rule, v)
	}, schema{"anyOf": []any{each.schema, some.schema}}}
}

// list asks for an array of at most maxList elements. That it is not empty is a matter of
// walk.
func list(each judge) judge { return listOf(each, maxList) }

// longList is list for what there may be more of, such as places.
func longList(each judge) judge { return listOf(each, maxLongList) }

func listOf(each judge, most int) judge {
	return judge{func(c *checker, ptr, rule string, v any) {
		vs, ok := v.([]any)
		if !ok {
			c.fail(CodeKind, ptr, rule, "an array")
			return
		}
		if len(vs) > most {
			c.fail(CodeLimit, ptr, rule, "at most "+strconv.Itoa(most)+" elements")
			return
		}
		for i, e := range vs {
			each.check(c, ptr+"/"+strconv.Itoa(i), rule, e)
		}
	}, schema{"type": "array", "minItems": number(1), "maxItems": number(most), "items": each.schema}}
}

// distinct asks further that no string stands twice: in a set the second would vanish from
// what is signed.
func distinct(whole judge) judge {
	return judge{func(c *checker, ptr, rule string, v any) {
		whole.check(c, ptr, rule, v)
		vs, _ := v.([]any)
		seen := map[any]bool{}
		for i, e := range vs {
			switch e.(type) {
			case string, json.Number:
				if seen[e] {
					c.fail(CodeGhost, ptr+"/"+strconv.Itoa(i), "J4", "stands twice in a set")
				}
				seen[e] = true
			}
		}
	}, withUnique(whole.schema)}
}

// nodeOfType asks for an object whose type names t.
func nodeOfType(t, rule string, fields []field) judge {
	whole := node(rule, fields)
	return judge{func(c *checker, ptr, r string, v any) {
		whole.check(c, ptr, r, v)
		if n, ok := v.(map[string]any); ok && !slices.Contains(typesOf(n), t) {
			c.fail(CodeType, ptr+"/type", rule, "type "+t)
		}
	}, withType(whole.schema, t)}
}

// text asks for a string of 1 to limit characters that shows all it holds.
func text(limit int) judge {
	return judge{func(c *checker, ptr, rule string, v any) {
		s, ok := asString(c, ptr, rule, v)
		switch {
		case !ok:
		case s == "" || strings.TrimSpace(s) != s:
			c.fail(CodeText, ptr, rule, "text without space around it, not empty")
		case utf8.RuneCountInString(s) > limit:
			c.fail(CodeText, ptr, rule, "at most "+strconv.Itoa(limit)+" characters")
		case strings.ContainsFunc(s, hidden):
			c.fail(CodeText, ptr, "J13", "no control characters, none that change the direction of text or do not show")
		}
	}, schema{"type": "string", "minLength": number(1), "maxLength": number(limit)}}
}

// hidden reports characters that a reader does not see but a hash does. The two joiners
// are part of the spelling of names in several scripts.
func hidden(r rune) bool {
	const nonJoiner, joiner, lineSeparator, paragraphSeparator = 0x200c, 0x200d, 0x2028, 0x2029
	switch r {
	case nonJoiner, joiner:
		return false
	case lineSeparator, paragraphSeparator, utf8.RuneError:
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// word asks for one of a vocabulary.
func word(vocabulary []string) judge {
	return judge{func(c *checker, ptr, rule string, v any) {
		if s, ok := asString(c, ptr, rule, v); ok && !slices.Contains(vocabulary, s) {
			c.fail(CodeVocabulary, ptr, rule, "one of "+strings.Join(vocabulary, ", "))
		}
	}, schema{"enum": anys(vocabulary)}}
}

// form asks for a string that fits says yes to; what describes it, and pattern as much of it
// as a regular expression can.
func form(fits func(string) bool, pattern, rule, what string) judge {
	return judge{func(c *checker, ptr, _ string, v any) {
		if s, ok := asString(c, ptr, rule, v); ok && !fits(s) {
			c.fail(CodeIdentifier, ptr, rule, what)
		}
	}, patterned(pattern)}
}

// integer asks for an integer from least to most.
func integer(least, most int64) judge {
	return judge{func(c *checker, ptr, rule string, v any) {
		n, ok := v.(json.Number)
		if !ok {
			c.fail(CodeKind, ptr, rule, "a number")
			return
		}
		if !isInteger(n) {
			return // said by walk
		}
		if i, _ := n.Int64(); i < least || i > most {
			c.fail(CodeRange, ptr, rule, "from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
		}
	}, schema{"type": "integer", "minimum": number(int(least)), "maximum": number(int(most))}}
}

// boolean asks for true or false.
var boolean = judge{func(c *checker, ptr, rule string, v any) {
	if _, ok := v.(bool); !ok {
		c.fail(CodeKind, ptr, rule, "true or false")
	}
}, schema{"type": "boolean"}}

// onlyTrue asks for true: the member is left out otherwise.
var onlyTrue = judge{func(c *checker, ptr, rule string, v any) {
	if v != true {
		c.fail(CodeKind, ptr, rule, "true, or left out")
	}
}, schema{"const": true}}

// anything asks for no more than that the member is there: walk judges every "id".
var anything = judge{func(*checker, string, string, any) {}, schema{}}

// iri asks for an absolute IRI.
var iri = judge{func(c *checker, ptr, rule string, v any) {
	if s, ok := asString(c, ptr, rule, v); ok && !absoluteIRI(s) {
		c.fail(CodeRelativeIRI, ptr, "J12", "an absolute IRI: did:, urn: or https:")
	}
}, patterned(`^(did:|urn:|https://)`)}

func asString(c *checker, ptr, rule string, v any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		c.fail(CodeKind, ptr, rule, "a string")
	}
	return s, ok
}

// inWorld asks for an identifier of the real world, or of the made-up one in a credential
// that says "synthetic": the two are never mixed.
func inWorld(real, synthetic func(string) bool, pattern, rule, what string) judge {
	return judge{func(c *checker, ptr, _ string, v any) {
		s, ok := asString(c, ptr, rule, v)
		if !ok {
			return
		}
		here, elsewhere := real, synthetic
		if c.synthetic {
			here, elsewhere = synthetic, real
		}
		switch {
		case here(s):
		case elsewhere(s):
			c.fail(CodeSynthetic, ptr, rule, `made-up identifiers stand with "synthetic": true, real ones without`)
		default:
			c.fail(CodeIdentifier, ptr, rule, what)
		}
	}, patterned(pattern)}
}

// oneOf fails c unless exactly one of two members is there.
func (c *checker) oneOf(ptr, rule string, node map[string]any, a, b string) {
	_, hasA := node[a]
	_, hasB := node[b]
	switch {
	case hasA && hasB:
		c.fail(CodeContradicts, ptr+"/"+b, rule, "not beside "+a)
	case !hasA && !hasB:
		c.fail(CodeMissing, ptr+"/"+a, rule, a+" or "+b+" is required")
	}
}
