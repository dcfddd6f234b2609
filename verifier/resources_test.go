package verifier_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
)

// The digests a document may give for what lies outside of it.
func sri256(b []byte) string {
	h := sha256.Sum256(b)
	return "sha256-" + base64.StdEncoding.EncodeToString(h[:])
}

func sri384(b []byte) string {
	h := sha512.Sum384(b)
	return "sha384-" + base64.StdEncoding.EncodeToString(h[:])
}

func multihash(b []byte) []byte {
	h := sha256.Sum256(b)
	return append([]byte{0x12, 0x20}, h[:]...)
}

// A resourceCase is a document that the board signs, which names something, and what the
// evidence holds under that name.
type resourceCase struct {
	name    string
	doc     func(object)
	held    map[string]string
	verdict verifier.Verdict
	code    verifier.Code
}

func judgeResources(t *testing.T, cases []resourceCase) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.optional(nil)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ev := w.evidence()
			for url, text := range c.held {
				ev.AddDocument(url, verifier.Document{At: now, Bytes: []byte(text)})
			}
			wantReport(t, verifier.Check(w.signed(c.doc), ev, trust, now), c.verdict, c.code)
		})
	}
}

func schemaNamed(typ string, members object) func(object) {
	return func(d object) {
		s := object{"id": schemaURL, "type": typ}
		for k, v := range members {
			s[k] = v
		}
		d["credentialSchema"] = s
	}
}

// TestSchemas: the issuer names a schema; whoever hands over the evidence has it, or
// another, or none.
func TestSchemas(t *testing.T) {
	const (
		fits    = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["credentialSubject"],"properties":{"credentialSubject":{"required":["number"]}}}`
		asks    = `{"type":"object","properties":{"credentialSubject":{"required":["number","revalidation"]}}}`
		subject = `{"type":"object","required":["number","person"]}`
	)
	held := func(text string) map[string]string { return map[string]string{schemaURL: text} }
	judgeResources(t, []resourceCase{
		{"followed", schemaNamed("JsonSchema", nil), held(fits), valid, ""},
		{"of-the-subject", schemaNamed("JsonSchema", nil), held(subject), valid, ""},
		{"missing", schemaNamed("JsonSchema", nil), nil, indeterminate, "schema-missing"},
		{"broken-rule", schemaNamed("JsonSchema", nil), held(asks), invalid, "schema"},
		{"not-json", schemaNamed("JsonSchema", nil), held("<html>"), indeterminate, "schema-malformed"},
		{"not-a-schema", schemaNamed("JsonSchema", nil), held(`{"type":"person"}`), indeterminate, "schema-malformed"},
		{"asks-for-another-document", schemaNamed("JsonSchema", nil), held(`{"$ref":"https://tracker.example/seen"}`), indeterminate, "schema-malformed"},
		{"asks-for-a-file", schemaNamed("JsonSchema", nil), held(`{"$ref":"file:///etc/passwd"}`), indeterminate, "schema-malformed"},
		{"in-a-credential", schemaNamed("JsonSchemaCredential", nil), held(fits), indeterminate, "schema-unsupported"},
		{"of-that-digest", schemaNamed("JsonSchema", object{"digestSRI": sri384([]byte(fits))}), held(fits), valid, ""},
		{"swapped", schemaNamed("JsonSchema", object{"digestSRI": sri384([]byte(asks))}), held(fits), invalid, "resource-digest"},
		{"digest-of-a-private-kind", schemaNamed("JsonSchema", object{"digestSRI": "md5-" + base64.StdEncoding.EncodeToString(make([]byte, 16))}), held(fits), indeterminate, "digest-unsupported"},
	})
}

// TestSchemaWork: a schema of a kilobyte that refers to itself twice at each of forty
// levels would be applied a million million times.
func TestSchemaWork(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(schemaNamed("JsonSchema", nil))
	doubling := func(levels int) *verifier.Evidence {
		defs := object{fmt.Sprint("d", levels): object{"type": "object"}}
		for i := range levels {
			ref := object{"$ref": fmt.Sprint("#/$defs/d", i+1)}
			defs[fmt.Sprint("d", i)] = object{"allOf": []any{ref, ref}}
		}
		ev := w.evidence()
		ev.AddDocument(schemaURL, verifier.Document{Bytes: encoded(t, object{"$defs": defs, "$ref": "#/$defs/d0"})})
		return ev
	}
	wantReport(t, verifier.Check(raw, doubling(4), w.optional(nil), now), valid, "")
	// Eighteen levels are enough to tell; forty would not end.
	begin := time.Now()
	r := verifier.Check(raw, doubling(18), w.optional(nil), now)
	if took := time.Since(begin); took > 250*time.Millisecond {
		t.Errorf("a schema of 1 kB cost %v, and every level doubles it", took)
	} else if r.Verdict == verifier.Valid {
		t.Error("valid without the work")
	}
}

// TestRelatedResources: bytes that the document fixes by digest.
func TestRelatedResources(t *testing.T) {
	const url, text = "https://board.example/statutes.pdf", "%PDF-1.7 the medical practice act"
	related := func(members object) func(object) {
		return func(d object) {
			r := object{"id": url}
			for k, v := range members {
				r[k] = v
			}
			d["relatedResource"] = []any{r}
		}
	}
	held := func(text string) map[string]string { return map[string]string{url: text} }
	judgeResources(t, []resourceCase{
		{"sri", related(object{"digestSRI": sri256([]byte(text))}), held(text), valid, ""},
		{"sri-of-two-kinds", related(object{"digestSRI": sri256([]byte("weak")) + " " + sri384([]byte(text))}), held(text), valid, ""},
		{"base58", related(object{"digestMultibase": "z" + base58.Encode(multihash([]byte(text)))}), held(text), valid, ""},
		{"base16", related(object{"digestMultibase": "f" + hex.EncodeToString(multihash([]byte(text)))}), held(text), valid, ""},
		{"not-held", related(object{"digestSRI": sri256([]byte(text))}), nil, valid, ""},
		{"exchanged", related(object{"digestSRI": sri256([]byte(text))}), held(text + "!"), invalid, "resource-digest"},
		{"stronger-digest-differs", related(object{"digestSRI": sri256([]byte(text)) + " " + sri384([]byte("other"))}), held(text), invalid, "resource-digest"},
		{"one-of-two-differs", related(object{"digestSRI": sri256([]byte(text)), "digestMultibase": "u" + base64URL(multihash([]byte("other")))}), held(text), invalid, "resource-digest"},
		{"blake", related(object{"digestMultibase": "z" + base58.Encode(append([]byte{0xa0, 0xe4, 0x02, 0x20}, make([]byte, 32)...))}), held(text), indeterminate, "digest-unsupported"},
		{"no-digest", related(nil), held(text), invalid, "malformed-member"},
	})
}

// TestHashlinks: a picture in the display, named by its digest.
func TestHashlinks(t *testing.T) {
	picture := "\x89PNG the seal of the board"
	link := "hl:z" + base58.Encode(multihash([]byte(picture)))
	display := func(content string) func(object) {
		return func(d object) {
			d["display"] = object{"contentMediaType": "text/html", "content": `<img src="` + content + `">`}
		}
	}
	judgeResources(t, []resourceCase{
		{"holds", display(link), map[string]string{link: picture}, valid, ""},
		{"not-held", display(link), nil, valid, ""},
		{"exchanged", display(link), map[string]string{link: "GIF89a another seal"}, invalid, "hashlink"},
		{"of-a-private-kind", display("hl:zQmXfrS3pHerg44zzK6QKQj6JDk8H6cMtQS7pdXbohwNQfK"), map[string]string{"hl:zQmXfrS3pHerg44zzK6QKQj6JDk8H6cMtQS7pdXbohwNQfK": picture}, invalid, "hashlink"},
		{"of-no-multihash", display("hl:zabc"), map[string]string{"hl:zabc": picture}, indeterminate, "digest-unsupported"},
	})
}

// TestRelatedLimits: as many things named by digest as are read, and one more.
func TestRelatedLimits(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.optional(nil)
	for name, many := range map[string]func(object, int){
		"relatedResource": func(d object, n int) {
			var list []any
			for i := range n {
				list = append(list, object{"id": fmt.Sprint("https://board.example/statutes/", i), "digestSRI": sri256([]byte{byte(i)})})
			}
			d["relatedResource"] = list
		},
		"credentialSchema": func(d object, n int) {
			var list []any
			for i := range n {
				list = append(list, object{"id": fmt.Sprint(schemaURL, "?", i), "type": "JsonSchema"})
			}
			d["credentialSchema"] = list
		},
		"display": func(d object, n int) {
			content := ""
			for i := range n {
				content += fmt.Sprintf(`<img src="hl:z%s">`, base58.Encode(multihash([]byte{byte(i)})))
			}
			d["display"] = object{"contentMediaType": "text/html", "content": content}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ev := w.evidence()
			for i := range credential.MaxRelated + 1 {
				ev.AddDocument(fmt.Sprint(schemaURL, "?", i), verifier.Document{Bytes: []byte(`{"type":"object"}`)})
			}
			judge := func(n int) func() *verifier.Report {
				raw := w.signed(func(d object) { many(d, n) })
				return func() *verifier.Report { return verifier.Check(raw, ev, trust, now) }
			}
			judgedAtLimit(t, judge(credential.MaxRelated))
			refusedQuickly(t, overLimitTime, indeterminate, "limit-proofs", judge(credential.MaxRelated+1))
		})
	}
}
