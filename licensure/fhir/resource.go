package fhir

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Systems and extensions that resources name.
const (
	own = "https://certanchor.github.io/fhir/"

	SystemNPI        = "http://hl7.org/fhir/sid/us-npi"
	systemNUCC       = "http://nucc.org/provider-taxonomy"
	systemIdentifier = "http://terminology.hl7.org/CodeSystem/v2-0203"
	systemDegree     = "http://terminology.hl7.org/CodeSystem/v2-0360"

	systemQualification = own + "CodeSystem/qualification"
	systemLegalStatus   = own + "CodeSystem/legal-status"
	systemAction        = own + "CodeSystem/board-action"
	systemBasis         = own + "CodeSystem/board-action-basis"
	systemMethod        = own + "CodeSystem/verification-method"

	// extensionQualification is that of the Plan-Net guide (PDEX Plan-Net 1.1.0,
	// practitioner-qualification), with its parts status and whereValid.
	extensionQualification = "http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/practitioner-qualification"
	extensionLegalStatus   = own + "StructureDefinition/legal-status-code"
	extensionBoard         = own + "StructureDefinition/board"
)

// A Resource is one FHIR resource, or an element of one, as a JSON object.
type Resource map[string]any

// JSON returns r in its RFC 8785 form: equal resources give equal bytes.
func (r Resource) JSON() ([]byte, error) { return strictjson.Canonical(map[string]any(r)) }

// Parse reads a resource of at most 8 MiB, or returns a *strictjson.Error.
func Parse(raw []byte) (Resource, error) {
	v, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: 8 << 20})
	return v, err
}

// An Error says what cannot be written or read, and where.
type Error struct {
	Path   string // FHIRPath-like, or a JSON pointer into claims
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("fhir: at %s: %s", e.Path, e.Detail) }

func fail(path, format string, args ...any) error {
	return &Error{path, fmt.Sprintf(format, args...)}
}

// set adds a member unless its value is empty.
func (r Resource) set(name string, v any) Resource {
	switch x := v.(type) {
	case nil:
		return r
	case string:
		if x == "" {
			return r
		}
	case []any:
		if len(x) == 0 {
			return r
		}
	case Resource:
		if len(x) == 0 {
			return r
		}
		v = map[string]any(x)
	case map[string]any:
		if len(x) == 0 {
			return r
		}
	}
	r[name] = v
	return r
}

func coding(system, code, display string) Resource {
	return Resource{}.set("system", system).set("code", code).set("display", display)
}

// concept is a CodeableConcept.
func concept(text string, codings ...Resource) Resource {
	return Resource{}.set("coding", plain(codings)).set("text", text)
}

func plain(list []Resource) []any {
	var out []any
	for _, r := range list {
		out = append(out, map[string]any(r))
	}
	return out
}

// organization is a reference to a body that is named and not described.
func organization(display, system, value string) Resource {
	id := Resource{}
	if value != "" {
		id.set("system", system).set("value", value)
	}
	return Resource{}.set("type", "Organization").set("identifier", id).set("display", display)
}

func period(start, end string) Resource { return Resource{}.set("start", start).set("end", end) }

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// A claim reads members of claims that were judged: what is absent reads as empty.
type claim map[string]any

func (c claim) text(name string) string {
	s, _ := c[name].(string)
	return s
}

func (c claim) flag(name string) bool { return c[name] == true }

func (c claim) node(name string) claim {
	n, _ := c[name].(map[string]any)
	return n
}

// nodes returns the objects of a member that is one or an array of them.
func (c claim) nodes(name string) []claim {
	var out []claim
	for _, e := range c.list(name) {
		if n, ok := e.(map[string]any); ok {
			out = append(out, n)
		}
	}
	return out
}

func (c claim) texts(name string) []string {
	var out []string
	for _, e := range c.list(name) {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (c claim) list(name string) []any {
	switch x := c[name].(type) {
	case nil:
		return nil
	case []any:
		return x
	default:
		return []any{x}
	}
}

// at looks into nested elements: names of members, or places of arrays.
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			switch x := v.(type) {
			case map[string]any:
				v = x[k]
			case Resource:
				v = x[k]
			default:
				return nil
			}
		case int:
			list, ok := v.([]any)
			if !ok || k >= len(list) {
				return nil
			}
			v = list[k]
		}
	}
	return v
}

func textAt(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

// number is an integer as JSON.
func number(n int) json.Number { return json.Number(fmt.Sprint(n)) }

// slug makes a part of an identifier system of a text.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		case r >= 'A' && r <= 'Z':
			return r
		}
		return '-'
	}, s)
}
