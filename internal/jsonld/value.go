package jsonld

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/gowebpki/jcs"
)

// scalar returns the term of a string, number or boolean (JSON-LD 1.1 API, section
// 5.3).
func (r *reader) scalar(s scope, value any) (term, *Error) {
	a, err := r.ofProperty(s.active, s.def)
	if err != nil {
		return term{}, err
	}
	if s.def == nil {
		return r.literal(value, "", a.ld.Values.Language)
	}
	text, isString := value.(string)
	switch s.def.Type {
	case "@id", "@vocab":
		if isString {
			return r.reference(a.expand(text, s.def.Type == "@vocab"), text)
		}
		return r.literal(value, "", "")
	case "", "@none":
	default:
		return r.literal(value, s.def.Type, "")
	}
	lang := a.ld.Values.Language
	if s.def.HasLanguage {
		lang = ""
		if s.def.Language != nil {
			lang = *s.def.Language
		}
	}
	return r.literal(value, "", lang)
}

// reference returns the term of a plain string that stands for an IRI. Where it is
// none, every implementation drops the statement: the Blockcerts 3.0-beta context
// takes the HTML of a display for an IRI, so that no such display was ever signed.
func (r *reader) reference(full, written string) (term, *Error) {
	if r.mode != Strict && !strings.HasPrefix(full, "_:") && (!hasScheme(full) || strings.ContainsAny(full, " \t\n\r\f\v")) {
		return term{}, r.ghost("relative-iri")
	}
	return r.resource(full, written)
}

// literal returns the literal of a scalar with a datatype, or a string with a
// language; either may be empty.
func (r *reader) literal(value any, datatype, lang string) (term, *Error) {
	t := term{kind: literal, datatype: datatype}
	switch v := value.(type) {
	case string:
		t.value = v
		if datatype == "" && lang != "" {
			return r.languageString(v, lang)
		}
	case bool:
		t.value = strconv.FormatBool(v)
		if datatype == "" {
			t.datatype = xsdBoolean
		}
	case json.Number:
		if err := r.number(v, datatype); err != nil {
			return term{}, err
		}
		t.value, t.datatype = lexical(v, datatype)
	default:
		return term{}, r.fail(CodeJSONLD, "a %T where a scalar should be", value)
	}
	if t.datatype != "" && !absoluteIRI(t.datatype) {
		return term{}, r.fail(CodeInvalidIRI, "the datatype %q", t.datatype)
	}
	return t, nil
}

// number checks that n is hashed as it is written, or notes how it is hashed.
func (r *reader) number(n json.Number, datatype string) *Error {
	if plainInteger(n) {
		return nil
	}
	if r.mode == Strict {
		return r.fail(CodeNumber, "%s is no integer within ±(2^53-1); write it as a string", n)
	}
	text, _ := lexical(n, datatype)
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return r.fail(CodeNumber, "%s", n)
	}
	hashed, err := jcs.NumberToJSON(f)
	if err != nil {
		return r.fail(CodeNumber, "%s", n)
	}
	if hashed != string(n) {
		r.numbers[r.here()] = json.Number(hashed)
	}
	return nil
}

func (r *reader) languageString(text, lang string) (term, *Error) {
	lang = strings.ToLower(lang)
	if !languageTag(lang) {
		return term{}, r.fail(CodeJSONLD, "%q is no language tag", lang)
	}
	return term{kind: literal, value: text, lang: lang}, nil
}

// languageTag reports whether s has the form of N-Quads' LANGTAG.
func languageTag(s string) bool {
	for i, part := range strings.Split(s, "-") {
		if part == "" {
			return false
		}
		for _, c := range []byte(part) {
			if !isLetter(c) && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// languageMap reads a value of a @language container: names are languages.
func (r *reader) languageMap(s scope, object map[string]any) *Error {
	if len(object) == 0 {
		return r.fail(CodeGhostMember, "an empty language map")
	}
	for _, name := range sortedKeys(object) {
		r.push(strictjson.PointerToken(name))
		lang := name
		if s.active.expand(name, true) == "@none" {
			lang = ""
		} else if !languageTag(name) {
			return r.fail(CodeJSONLD, "%q is no language tag", name)
		}
		if err := r.languageValues(s, object[name], lang); err != nil {
			return err
		}
		r.pop()
	}
	return nil
}

func (r *reader) languageValues(s scope, value any, lang string) *Error {
	switch v := value.(type) {
	case nil:
		return r.ghost("null")
	case []any:
		if len(v) == 0 {
			return r.ghost("empty-array")
		}
		return r.elements(v, func(e any) *Error { return r.languageValues(s, e, lang) })
	case string:
		t := term{kind: literal, value: v}
		if lang != "" {
			var err *Error
			if t, err = r.languageString(v, lang); err != nil {
				return err
			}
		}
		return r.complete(s, t)
	}
	return r.fail(CodeJSONLD, "a value of a language map that is no string")
}

// jsonLiteral reads a member of type @json: the value is one literal in the form of
// RFC 8785.
func (r *reader) jsonLiteral(s scope, value any) *Error {
	t, err := r.jsonTerm(value)
	if err != nil {
		return err
	}
	return r.complete(s, t)
}

func (r *reader) jsonTerm(value any) (term, *Error) {
	if err := r.jsonNumbers(value); err != nil {
		return term{}, err
	}
	text, err := strictjson.Canonical(value)
	if err != nil {
		return term{}, r.fail(CodeJSONLD, "%v", err)
	}
	return term{kind: literal, value: string(text), datatype: rdfJSON}, nil
}

// jsonNumbers checks that the numbers of a JSON literal are hashed as written.
func (r *reader) jsonNumbers(value any) *Error {
	switch v := value.(type) {
	case []any:
		return r.elements(v, r.jsonNumbers)
	case map[string]any:
		for _, name := range sortedKeys(v) {
			r.push(strictjson.PointerToken(name))
			if err := r.jsonNumbers(v[name]); err != nil {
				return err
			}
			r.pop()
		}
	case json.Number:
		hashed, err := strictjson.Canonical(v)
		if err != nil {
			return r.fail(CodeNumber, "%s", v)
		}
		if string(hashed) == string(v) {
			return nil
		}
		if r.mode == Strict {
			return r.fail(CodeNumber, "%s would be hashed as %s", v, hashed)
		}
		r.numbers[r.here()] = json.Number(hashed)
	}
	return nil
}

// valueParts are the members of a value object.
type valueParts struct {
	value            any
	datatype, lang   string
	hasType, hasLang bool
}

// valueObject returns the literal of an object with @value (JSON-LD 1.1, section 4.2).
func (r *reader) valueObject(a *active, object map[string]any, valueName string) (term, *Error) {
	var p valueParts
	for _, name := range sortedKeys(object) {
		r.push(strictjson.PointerToken(name))
		if err := r.valuePart(&p, a, name, object[name]); err != nil {
			return term{}, err
		}
		r.pop()
	}
	if p.hasType && p.hasLang {
		return term{}, r.fail(CodeJSONLD, "@type and @language in one value object")
	}
	r.push(strictjson.PointerToken(valueName))
	defer r.pop()
	_, isString := p.value.(string)
	switch {
	case p.datatype == "@json":
		return r.jsonTerm(p.value)
	case p.value == nil:
		return term{}, r.ghostValue()
	case p.hasLang && !isString:
		return term{}, r.fail(CodeJSONLD, "@language beside a value that is no string")
	case p.hasLang:
		return r.languageString(p.value.(string), p.lang)
	}
	return r.literal(p.value, p.datatype, "")
}

// ghostValue notes a value object without a value as a ghost; in such an object the
// other members are ghosts too, so the place is the object itself.
func (r *reader) ghostValue() *Error {
	last := r.path[len(r.path)-1]
	r.pop()
	defer r.push(last)
	return r.ghost("null")
}

func (r *reader) valuePart(p *valueParts, a *active, name string, value any) *Error {
	text, isString := value.(string)
	switch full := a.expand(name, true); full {
	case "@context": // read before the object was entered
	case "@value":
		p.value = value
	case "@type":
		if !isString {
			return r.fail(CodeJSONLD, "a datatype that is no string")
		}
		p.datatype, p.hasType = a.expand(text, true), true
		if p.datatype != "@json" && !absoluteIRI(p.datatype) {
			return r.fail(CodeUnmappedTerm, "no context defines the datatype %q", text)
		}
	case "@language":
		if !isString {
			return r.fail(CodeJSONLD, "a language that is no string")
		}
		p.lang, p.hasLang = text, true
	case "@direction":
		if text != "ltr" && text != "rtl" {
			return r.fail(CodeJSONLD, "a direction other than ltr and rtl")
		}
		return r.ghost("direction")
	case "@index":
		return r.fail(CodeGhostMember, "adds nothing to what is signed: @index")
	default:
		return r.fail(CodeJSONLD, "no member of a value object")
	}
	return nil
}
