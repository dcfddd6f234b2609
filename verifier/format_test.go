package verifier_test

import (
	"bytes"
	"testing"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// TestBytes bends a good credential as bytes: what a careless copy, or somebody who
// hopes for two readers that disagree, makes of it.
func TestBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	ev, trust := w.evidence(), w.trust(nil)
	good := w.creds[0]
	name := func(s string) []byte { return replaced(t, good, `"Ostrowe"`, s) }
	for _, c := range []struct {
		name string
		raw  []byte
		code verifier.Code
	}{
		{"empty", nil, "not-json"},
		{"cut-in-half", good[:len(good)/2], "not-json"},
		{"comment", append([]byte("// copy\n"), good...), "not-json"},
		{"html-page", []byte("<!doctype html><title>Not found</title>"), "not-json"},
		{"latin-1", name("\"Ostr\xf6we\""), "not-utf8"},
		{"utf-8-overlong", name("\"Ostr\xc0\xafwe\""), "not-utf8"},
		{"surrogates-as-utf-8", name("\"Ostr\xed\xa0\x80we\""), "not-utf8"},
		{"byte-order-mark", append([]byte("\xef\xbb\xbf"), good...), "byte-order-mark"},
		{"high-surrogate-alone", name(`"Ostr\ud800we"`), "lone-surrogate"},
		{"low-surrogate-alone", name(`"Ostr\udc00we"`), "lone-surrogate"},
		{"surrogates-reversed", name(`"\udc00\ud800"`), "lone-surrogate"},
		{"second-document", append(bytes.Clone(good), "\n{}"...), "trailing-data"},
		{"trailing-nul", append(bytes.Clone(good), 0), "trailing-data"},
		{"number-without-end", replaced(t, good, `{`, `{"weight":1e400,`), "number-range"},
		{"array-of-one", append(append([]byte("["), good...), ']'), "wrong-type"},
		{"a-text", []byte(`"` + "eyJhbGciOiJFZERTQSJ9.e30.AA" + `"`), "wrong-type"},
		{"member-twice", replaced(t, good, `"name":`, `"name":"Licence to operate","name":`), "duplicate-key"},
		{"member-twice-escaped", replaced(t, good, `"name":`, `"na\u006de":"Licence to operate","name":`), "duplicate-key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantReport(t, verifier.Check(c.raw, ev, trust, now), invalid, c.code)
		})
	}
	t.Run("white-space", func(t *testing.T) {
		wantReport(t, verifier.Check(append([]byte(" \r\n\t"), good...), ev, trust, now), valid, "")
	})
}

// TestDocumentForms bends what the parser leaves open.
func TestDocumentForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	ev, trust := w.evidence(), w.trust(nil)
	for _, c := range []struct {
		name    string
		bend    func(object)
		verdict verifier.Verdict
		code    verifier.Code
	}{
		{"enveloped", func(d object) {
			clear(d)
			d["@context"], d["type"] = []any{credential.ContextVC2}, "EnvelopedVerifiableCredential"
			d["id"] = "data:application/vc+jwt,eyJhbGciOiJFZERTQSJ9.e30.AA"
		}, indeterminate, "version-unsupported"},
		// Whoever is let to end an id in N-Quads writes statements of its own.
		{"statement-in-an-id", func(d object) {
			at(d, "credentialSubject").(object)["id"] = "did:a:b> <https://schema.org/name> \"Mallory\" .\n<did:a:c"
		}, invalid, "invalid-iri"},
		{"member-in-included", func(d object) {
			d["@included"] = []any{object{"id": "did:a:b", "name": "Mallory"}}
		}, invalid, "json-ld"},
		{"subject-as-value", func(d object) {
			d["credentialSubject"] = object{"@value": "Mallory", "id": "did:a:b"}
		}, invalid, "json-ld"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantReport(t, verifier.Check(bent(t, w.creds[0], c.bend), ev, trust, now), c.verdict, c.code)
		})
	}
}

// TestInlineLabels: what an inline context calls a claim is not part of the hash, so only
// a pinned one counts. The issuer signs with one that the trust file pins; the holder
// swaps its two labels.
func TestInlineLabels(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	labels := func(a, b string) object {
		return object{a: "https://board.example/terms#mayPrescribe", b: "https://board.example/terms#mustBeSupervised"}
	}
	pinned := labels("mayPrescribe", "mustBeSupervised")
	digest, err := jsonld.InlineDigest(parsed(t, pinned))
	w.must(err)
	doc := w.draft()
	doc["@context"] = append(doc["@context"].([]any), pinned)
	subject := at(doc, "credentialSubject").(object)
	subject["mayPrescribe"], subject["mustBeSupervised"] = "no", "yes"
	sign(t, doc, w.signer(), w.boardOptions(), w.contexts().WithInline(digest))
	raw := encoded(t, doc)

	open, pins := w.optional(nil), w.optional(nil)
	pins.PinInlineContext(digest)
	wantReport(t, verifier.Check(raw, w.evidence(), pins, now), valid, "")
	r := verifier.Check(raw, w.evidence(), open, now)
	wantReport(t, r, indeterminate, "labels-not-signed")
	if r.Claims != nil {
		t.Error("claims under labels that nobody signed")
	}
	swapped := bent(t, raw, func(d object) {
		d["@context"].([]any)[4] = labels("mustBeSupervised", "mayPrescribe")
		s := at(d, "credentialSubject").(object)
		s["mayPrescribe"], s["mustBeSupervised"] = s["mustBeSupervised"], s["mayPrescribe"]
	})
	r = verifier.Check(swapped, w.evidence(), pins, now)
	wantReport(t, r, indeterminate, "labels-not-signed")
	if r.Claims != nil {
		t.Error("claims under labels that nobody signed")
	}
}

// TestDatesWithoutZone: an older format lets dates lack their zone. Then a credential
// ends at some time in 26 hours.
func TestDatesWithoutZone(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(func(d object) {
		d["@context"].([]any)[0] = credential.ContextVC1
		delete(d, "validFrom")
		delete(d, "validUntil")
		delete(d, "credentialStatus") // of a form that VC 1.1 has no words for
		delete(d, "name")
		d["issuer"] = worldID
		d["issuanceDate"], d["expirationDate"] = "2026-06-01T00:00:00Z", "2026-07-01T12:00:00"
	})
	if v, err := strictjson.ParseObject(raw, strictjson.Limits{}); err != nil || at(v, "expirationDate") != "2026-07-01T12:00:00" {
		t.Fatal(err)
	}
	for hours, want := range map[int]struct {
		verdict verifier.Verdict
		code    verifier.Code
	}{
		-15: {valid, ""},
		-14: {indeterminate, "date-boundary"},
		0:   {indeterminate, "date-boundary"},
		11:  {indeterminate, "date-boundary"},
		12:  {notInForce, "expired"},
	} {
		r := verifier.Check(raw, nil, w.optional(nil), now.Add(hoursOf(hours)))
		wantReport(t, r, want.verdict, want.code)
	}
}
