package verifier

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxSchema bounds a JSON Schema in bytes.
const maxSchema = 1 << 20

// errNoLoader is what a schema gets that asks for another document.
var errNoLoader = errors.New("a schema may not load others")

// noLoader keeps the schema library from reading anything by itself.
type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errNoLoader }

// checkSchemas validates the document against each credentialSchema it names (VC JSON
// Schema, section 2.1: the whole credential). The schema comes from the evidence; the
// document may fix it by digest.
func (c *check) checkSchemas() {
	schemas, err := c.cred.Schemas()
	if err != nil {
		c.refuse(StepFormat, err, "", "document")
		return
	}
	if len(schemas) == 0 {
		c.skip(StepSchema, "the document names no schema")
		return
	}
	for _, s := range schemas {
		if c.cred.Envelope() != nil {
			c.stop(StepSchema, CodeSchemaType, s.Path, "document", "a schema of the whole, of which a part is shown")
			continue
		}
		c.checkSchema(s)
	}
}

func (c *check) checkSchema(s credential.Resource) {
	if s.Type != "JsonSchema" && s.Type != "JsonSchemaValidator2018" && s.Type != "1EdTechJsonSchemaValidator2019" {
		c.stop(StepSchema, CodeSchemaType, s.Path, "document", "type %q", s.Type)
		return
	}
	docs := c.ev.Documents[s.ID]
	if len(docs) == 0 {
		c.stop(StepSchema, CodeSchemaMissing, s.Path, "evidence", "no schema %s", s.ID)
		return
	}
	raw := docs[len(docs)-1].Bytes
	if !c.digestHolds(StepSchema, s, raw) {
		return
	}
	object, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: maxSchema})
	if err != nil {
		c.stop(StepSchema, CodeSchemaBroken, s.Path, "evidence", "%v", err)
		return
	}
	if n := (&schemaSize{root: object}).of(object); n*c.members() > maxSchemaWork {
		c.stop(StepSchema, CodeSchemaType, s.Path, "evidence", "the schema refers to itself, or takes more work than is spent")
		return
	}
	schema, err := compileSchema(s.ID, raw)
	if err != nil {
		c.stop(StepSchema, CodeSchemaBroken, s.Path, "evidence", "%v", err)
		return
	}
	if c.canonical == nil {
		c.stop(StepSchema, CodeNotJudged, s.Path, "evidence", "the document has no canonical form")
		return
	}
	doc, err := instance(c.cred.Raw())
	if err == nil {
		err = schema.Validate(doc)
	}
	if err == nil {
		c.pass(StepSchema, s.Path, "evidence", "follows %s", s.ID)
		return
	}
	if ofSubject(object) && c.subjectsFollow(schema, doc) {
		c.warn(WarnSchema, s.Path, "the schema is one of the subject, not of the credential")
		c.pass(StepSchema, s.Path, "evidence", "the subject follows %s", s.ID)
		return
	}
	c.stop(StepSchema, CodeSchema, s.Path, "evidence", "%s", firstLine(err))
}

// subjectsFollow applies a schema to each subject alone, as issuers of Blockcerts write
// theirs (Blockcerts formats, section 9). W3C applies a schema to the whole; a genuine
// certificate must not be called altered for it.
func (c *check) subjectsFollow(schema *jsonschema.Schema, doc any) bool {
	whole, ok := doc.(map[string]any)
	if !ok || !slices.ContainsFunc(contextTexts(whole["@context"]), func(u string) bool { return strings.Contains(u, "blockcerts") }) {
		return false
	}
	subjects, ok := whole["credentialSubject"].([]any)
	if !ok {
		subjects = []any{whole["credentialSubject"]}
	}
	for _, s := range subjects {
		if schema.Validate(s) != nil {
			return false
		}
	}
	return len(subjects) > 0
}

func contextTexts(v any) []string {
	list, _ := v.([]any)
	var texts []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// ofSubject reports whether a schema is written for a subject alone: it says something
// of members, and of none that only a credential has.
func ofSubject(schema map[string]any) bool {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range []string{"@context", "issuer", "credentialSubject", "proof"} {
		if _, named := properties[name]; named || slices.Contains(required, any(name)) {
			return false
		}
	}
	return len(properties)+len(required) > 0
}

// maxSchemaWork bounds the places of a schema, references followed, times the members of
// the document: an evaluation visits each pair at most once.
const maxSchemaWork = 2_000_000

// schemaSize counts the places of a schema with its references followed.
type schemaSize struct {
	root    map[string]any
	known   map[string]int
	pending []string
}

// of returns the number of places below v; one that cannot be counted, because a
// reference leads back or elsewhere, counts as more than any limit.
func (s *schemaSize) of(v any) int {
	n := 1
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			n = min(n+s.of(e), maxSchemaWork+1)
		}
	case map[string]any:
		for name, e := range x {
			switch ref, isText := e.(string); {
			case name == "$dynamicRef" || name == "$recursiveRef":
				n = maxSchemaWork + 1
			case name == "$defs" || name == "definitions":
			case name == "$ref" && isText:
				n = min(n+s.referred(ref), maxSchemaWork+1)
			default:
				n = min(n+s.of(e), maxSchemaWork+1)
			}
		}
	}
	return n
}

// referred counts what a local reference leads to. References to other documents cost
// nothing: the schema will not compile with them.
func (s *schemaSize) referred(ref string) int {
	pointer, local := strings.CutPrefix(ref, "#")
	if !local {
		return 1
	}
	if n, ok := s.known[pointer]; ok {
		return n
	}
	if slices.Contains(s.pending, pointer) {
		return maxSchemaWork + 1
	}
	v := any(s.root)
	for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if step == "" {
			continue
		}
		m, ok := v.(map[string]any)
		if v, ok = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]; !ok {
			return maxSchemaWork + 1
		}
	}
	s.pending = append(s.pending, pointer)
	n := s.of(v)
	s.pending = s.pending[:len(s.pending)-1]
	if s.known == nil {
		s.known = make(map[string]int)
	}
	s.known[pointer] = n
	return n
}

// members counts the members and elements of the document.
func (c *check) members() int { return (&schemaSize{}).of(map[string]any{"": c.cred.Unsecured()}) }

func compileSchema(id string, raw []byte) (*jsonschema.Schema, error) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(id, v); err != nil {
		return nil, err
	}
	return compiler.Compile(id)
}

func instance(raw []byte) (any, error) { return jsonschema.UnmarshalJSON(bytes.NewReader(raw)) }

func firstLine(err error) string {
	var v *jsonschema.ValidationError
	if errors.As(err, &v) {
		for len(v.Causes) > 0 {
			v = v.Causes[0]
		}
		return fmt.Sprintf("at /%s: %v", strings.Join(v.InstanceLocation, "/"), v.ErrorKind.KeywordPath())
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// checkResources compares what the document names by digest (relatedResource, VC Data
// Model 2.0, section 5.3) or by hashlink with what the evidence holds of it. What is
// absent is told, since nothing of it is shown; what is there and differs fails.
func (c *check) checkResources() {
	resources, err := c.cred.RelatedResources()
	if err != nil {
		c.refuse(StepFormat, err, "", "document")
		return
	}
	links, err := c.cred.Hashlinks()
	if err != nil {
		c.refuse(StepFormat, err, "", "document")
		return
	}
	if len(resources)+len(links) == 0 {
		c.skip(StepResources, "the document names nothing by digest")
		return
	}
	checked, stopped := 0, false
	for _, r := range resources {
		docs := c.ev.Documents[r.ID]
		if len(docs) == 0 {
			c.warn(WarnResource, r.Path, "%s is not in the evidence", r.ID)
			continue
		}
		checked++
		stopped = !c.digestHolds(StepResources, r, docs[len(docs)-1].Bytes) || stopped
	}
	for _, l := range links {
		n, ok := c.hashlinkHolds(l)
		checked += n
		stopped = stopped || !ok
	}
	switch {
	case stopped:
	case checked == 0:
		c.skip(StepResources, "nothing of what the document names by digest is in the evidence")
	default:
		c.pass(StepResources, "", "document", "%d resources have the digests that were signed", checked)
	}
}

// digestHolds compares data with the digests of r; without any it holds. It records
// why it does not.
func (c *check) digestHolds(step StepName, r credential.Resource, data []byte) bool {
	for _, d := range []struct {
		text string
		hold func(string, []byte) (holds, known bool)
	}{{r.DigestSRI, sriHolds}, {r.DigestMultibase, multihashHolds}} {
		if d.text == "" {
			continue
		}
		holds, known := d.hold(d.text, data)
		if !known {
			c.stop(step, CodeDigestForm, r.Path, "document", "%q", d.text)
			return false
		}
		if !holds {
			c.stop(step, CodeResource, r.Path, "evidence", "%s has another digest than %s", r.ID, d.text)
			return false
		}
	}
	return true
}

// sriHolds judges Subresource Integrity metadata: of several, the strongest kind
// counts, and one of that kind must match.
func sriHolds(text string, data []byte) (holds, known bool) {
	strongest := 0
	for _, one := range strings.Fields(text) {
		kind, value, _ := strings.Cut(one, "-")
		value, _, _ = strings.Cut(value, "?")
		want, err := base64.StdEncoding.DecodeString(value)
		var got []byte
		switch kind {
		case "sha256":
			h := sha256.Sum256(data)
			got = h[:]
		case "sha384":
			h := sha512.Sum384(data)
			got = h[:]
		case "sha512":
			h := sha512.Sum512(data)
			got = h[:]
		}
		if got == nil || err != nil || len(got) < strongest {
			continue
		}
		match := bytes.Equal(got, want)
		if len(got) > strongest {
			strongest, holds = len(got), match
		} else {
			holds = holds || match
		}
	}
	return holds, strongest > 0
}

// multihashHolds judges a sha2-256 multihash in base58btc, base64url or base16.
func multihashHolds(text string, data []byte) (holds, known bool) {
	var raw []byte
	var err error
	switch {
	case len(text) > 256:
		return false, false
	case strings.HasPrefix(text, "z"):
		raw = base58.Decode(text[1:])
	case strings.HasPrefix(text, "u"):
		raw, err = base64.RawURLEncoding.DecodeString(text[1:])
	case strings.HasPrefix(text, "f"):
		raw, err = hex.DecodeString(text[1:])
	}
	if err != nil || len(raw) != 34 || raw[0] != 0x12 || raw[1] != 0x20 {
		return false, false
	}
	sum := sha256.Sum256(data)
	return bytes.Equal(raw[2:], sum[:]), true
}

// hashlinkHolds looks for what a hashlink leads to: in the evidence under the link
// itself. n is 1 if it was there.
func (c *check) hashlinkHolds(l credential.Hashlink) (n int, ok bool) {
	names := []string{"hl:" + l.Multihash}
	if l.Metadata != "" {
		names = append(names, "hl:"+l.Multihash+":"+l.Metadata)
	}
	for _, name := range names {
		docs := c.ev.Documents[name]
		if len(docs) == 0 {
			continue
		}
		holds, known := multihashHolds(l.Multihash, docs[len(docs)-1].Bytes)
		switch {
		case !known:
			c.stop(StepResources, CodeDigestForm, l.Path, "document", "%q", l.Multihash)
			return 1, false
		case !holds:
			c.stop(StepResources, CodeHashlink, l.Path, "evidence", "the data under %s has another digest", name)
			return 1, false
		}
		return 1, true
	}
	c.warn(WarnResource, l.Path, "what hl:%s leads to is not in the evidence", l.Multihash)
	return 0, true
}
