package licensure

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Schema returns the JSON Schema (2020-12) of one of our types in the form of RFC 8785, and
// false for any other type. It is made from the tables that [CheckDraft] judges by, and fits
// drafts and what is issued from them alike. It says less than CheckDraft: check digits, the
// order of dates and contradictions between members are beyond it, so a document that fits
// may still be refused.
func Schema(credentialType string) ([]byte, bool) {
	rules, ok := subjects[credentialType]
	if !ok {
		return nil, false
	}
	subject := objectSchema(rules.all())
	whole := withType(objectSchema(envelopeFields), credentialType)
	properties := maps.Clone(whole["properties"].(schema))
	properties["credentialSubject"] = subject
	whole["properties"] = properties
	if rules.dynamic {
		whole["required"] = append([]any{"validUntil"}, whole["required"].([]any)...)
	}
	whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	whole["title"] = credentialType
	out, err := strictjson.Canonical(whole)
	if err != nil {
		panic(err) // made of our own tables
	}
	return out, true
}

// Types returns the names of all our credential types, T01 first.
func Types() []string { return slices.Clone(typeNames) }

func objectSchema(fields []field) schema {
	properties := schema{}
	var required []any
	for _, f := range fields {
		properties[f.name] = f.value.schema
		if f.need == must {
			required = append(required, f.name)
		}
	}
	s := schema{"type": "object", "properties": properties}
	if required != nil {
		s["required"] = required
	}
	return s
}

// withType asks for t among the values of the member type.
func withType(whole schema, t string) schema {
	s := maps.Clone(whole)
	properties := maps.Clone(whole["properties"].(schema))
	properties["type"] = schema{"anyOf": []any{
		schema{"const": t},
		schema{"type": "array", "contains": schema{"const": t}, "items": schema{"type": "string"}},
	}}
	s["properties"] = properties
	if required, _ := s["required"].([]any); !contains(required, "type") {
		s["required"] = append([]any{"type"}, required...)
	}
	return s
}

func contains(vs []any, s string) bool {
	for _, v := range vs {
		if v == s {
			return true
		}
	}
	return false
}

// withUnique asks that no element of an array stands twice.
func withUnique(whole schema) schema {
	s := maps.Clone(whole)
	s["uniqueItems"] = true
	return s
}

func patterned(pattern string) schema { return schema{"type": "string", "pattern": pattern} }

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

func anys(words []string) []any {
	vs := make([]any, len(words))
	for i, w := range words {
		vs[i] = w
	}
	return vs
}
