package licensure_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
)

const contextURL = "https://federation.example/context.jsonld"

// terms returns the members of our context, keywords left out.
func terms(t testing.TB) map[string]any {
	t.Helper()
	doc, err := strictjson.ParseObject(licensure.Context(), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	local := doc["@context"].(map[string]any)
	if local["@protected"] != true || local["@version"] != json.Number("1.1") || len(doc) != 1 {
		t.Fatal("the context is not a protected one of version 1.1")
	}
	maps.DeleteFunc(local, func(name string, _ any) bool { return name[0] == '@' })
	return local
}

// TestTermsAreFlat: each term stands for itself in our namespace and opens no scope, so
// that no member changes its meaning with "type" or place.
func TestTermsAreFlat(t *testing.T) {
	for name, v := range terms(t) {
		def, ok := v.(map[string]any)
		if !ok {
			def = map[string]any{"@id": v}
		}
		if def["@id"] != licensure.Namespace+name {
			t.Errorf("%s stands for %v", name, def["@id"])
		}
		for k, v := range def {
			switch {
			case k == "@id", k == "@type":
			case k == "@container" && (v == "@list" || v == "@set"):
			default:
				t.Errorf("%s has %s: %v", name, k, v)
			}
		}
	}
}

// TestTermsOfOthers: no term of the contexts before ours is one of ours, at any depth.
// Protected terms cannot be redefined, and a proof, expanded under the document's
// context, brings terms such as "expires" of its own.
func TestTermsOfOthers(t *testing.T) {
	ours := terms(t)
	for _, file := range []string{"w3c-credentials-v2", "data-integrity-v2", "blockcerts-v3.2", "merkle-proof-2019-v1", "status-list-2021-v1", "cid-v1", "did-v1"} {
		doc, err := strictjson.Parse(conformance.Read(t, "conformance/blockcerts/contexts/"+file+".json"), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		eachTerm(doc, func(name string) {
			n++
			if _, ok := ours[name]; ok {
				t.Errorf("%s defines %q too", file, name)
			}
		})
		if n < 5 {
			t.Errorf("%s: only %d terms found", file, n)
		}
	}
}

func eachTerm(v any, f func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if local, ok := v["@context"].(map[string]any); ok {
			for name := range local {
				if name[0] != '@' && name != "id" && name != "type" {
					f(name)
				}
			}
		}
		for _, e := range v {
			eachTerm(e, f)
		}
	case []any:
		for _, e := range v {
			eachTerm(e, f)
		}
	}
}

func contexts(t testing.TB) *jsonld.Contexts {
	t.Helper()
	c, err := jsonld.Builtin().With(contextURL, licensure.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// filledIn adds to a draft what its issuer adds, but for the proof.
func filledIn(draft map[string]any) map[string]any {
	doc := maps.Clone(draft)
	own := draft["type"]
	if list, ok := own.([]any); ok {
		doc["type"] = append([]any{"VerifiableCredential", "BlockcertsCredential"}, list...)
	} else {
		doc["type"] = []any{"VerifiableCredential", "BlockcertsCredential", own}
	}
	doc["@context"] = []any{
		"https://www.w3.org/ns/credentials/v2",
		"https://w3id.org/security/data-integrity/v2",
		"https://w3id.org/blockcerts/v3.2",
		contextURL,
	}
	doc["id"] = "urn:uuid:2b2a3b2e-6f0a-4f0e-9a51-0f2d3a0c9d10"
	doc["issuer"] = map[string]any{"id": "https://federation.example/issuer.json", "name": "Federation of Made-up Boards"}
	doc["salt"] = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
	doc["credentialStatus"] = []any{map[string]any{
		"type":                 "BitstringStatusListEntry",
		"statusPurpose":        "revocation",
		"statusListIndex":      "94567",
		"statusListCredential": "https://federation.example/status/1",
	}}
	return doc
}

// statusList returns a status list (T19) that carries its number: the one term of ours
// outside drafts.
func statusList() map[string]any {
	doc := filledIn(map[string]any{"type": []any{"BitstringStatusListCredential"}})
	delete(doc, "credentialStatus")
	doc["credentialSubject"] = map[string]any{
		"id":            "https://federation.example/status/1#list",
		"type":          "BitstringStatusList",
		"statusPurpose": "revocation",
		"encodedList":   "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA",
		"sequence":      json.Number("7"),
	}
	return doc
}

// TestEveryMemberIsSigned: with the public contexts and ours every member of a draft leads
// to a statement, and the drafts together use every term of the context.
func TestEveryMemberIsSigned(t *testing.T) {
	c := contexts(t)
	var all strings.Builder
	for _, name := range draftNames {
		res, err := jsonld.Canonicalize(filledIn(readDraft(t, name)), jsonld.Options{Contexts: c, Mode: jsonld.Strict})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(res.Ghosts) != 0 {
			t.Errorf("%s: ghosts %v", name, res.Ghosts)
		}
		all.Write(res.NQuads)
	}
	for name, swap := range map[string][2]string{"history": {"actions", "noneFound"}, "consent": {"recipientParty", "recipientClass"}} {
		draft := readDraft(t, name)
		subject := draft["credentialSubject"].(map[string]any)
		delete(subject, swap[0])
		subject[swap[1]] = map[string]any{"noneFound": true, "recipientClass": "state boards"}[swap[1]]
		if err := licensure.CheckDraft(draft); err != nil {
			t.Error(err)
		}
		res, err := jsonld.Canonicalize(filledIn(draft), jsonld.Options{Contexts: c, Mode: jsonld.Strict})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all.Write(res.NQuads)
	}
	list, err := jsonld.Canonicalize(statusList(), jsonld.Options{Contexts: c, Mode: jsonld.Strict})
	if err != nil {
		t.Fatalf("status list: %v", err)
	}
	all.Write(list.NQuads)
	nquads := all.String()
	for _, name := range slices.Sorted(maps.Keys(terms(t))) {
		if !strings.Contains(nquads, "<"+licensure.Namespace+name+">") {
			t.Errorf("no draft uses %s", name)
		}
	}
	const xsd = "http://www.w3.org/2001/XMLSchema#"
	for _, want := range []string{
		`#conferralDate> "1990-05" .`,
		`#birthDate> "1964-02-29"^^<` + xsd + `date>`,
		`#birthYear> "1964"^^<` + xsd + `gYear>`,
		`#expiresOn> "2027-05-31"^^<` + xsd + `date>`,
		`#from> "2026-01-01"^^<` + xsd + `date>`,
		`#awardedOn> "2026-06-30"^^<` + xsd + `date>`,
		`#verifiedAt> "2026-06-20T10:00:00Z"^^<` + xsd + `dateTime>`,
		`credentials#validUntil> "2027-06-01T12:00:00Z"^^<` + xsd + `dateTime>`,
		`#renewalCycleMonths> "24"^^<` + xsd + `integer>`,
		`#sequence> "7"^^<` + xsd + `integer>`,
		`#unrestricted> "false"^^<` + xsd + `boolean>`,
		`#expeditedUnderLoq> <urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2>`,
		`#number> "L0509726" .`,
		`#salt> "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg" .`,
	} {
		if !strings.Contains(nquads, want) {
			t.Errorf("no statement with %s", want)
		}
	}
}

// TestOneChangeOneHash: no member can be changed or taken out without another canonical
// form. It walks every leaf of every draft.
func TestOneChangeOneHash(t *testing.T) {
	c := contexts(t)
	canonical := func(doc map[string]any) string {
		res, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: c, Mode: jsonld.Strict})
		if err != nil {
			return "refused: " + err.Error()
		}
		return string(res.NQuads)
	}
	leaves := 0
	for _, name := range draftNames {
		doc := filledIn(readDraft(t, name))
		delete(doc, "@context")
		whole := doc
		withContext := func() map[string]any {
			d := maps.Clone(whole)
			d["@context"] = filledIn(whole)["@context"]
			return d
		}
		before := canonical(withContext())
		if strings.HasPrefix(before, "refused") {
			t.Fatal(before)
		}
		eachLeaf(whole, "", func(pointer string, v any, set func(any), remove func()) {
			leaves++
			set(other(v))
			if canonical(withContext()) == before {
				t.Errorf("%s: %s changed unnoticed", name, pointer)
			}
			set(v)
			if remove != nil {
				remove()
				if canonical(withContext()) == before {
					t.Errorf("%s: %s taken out unnoticed", name, pointer)
				}
				set(v)
			}
		})
	}
	if leaves < 130 {
		t.Errorf("only %d leaves", leaves)
	}
}

func other(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case json.Number:
		return json.Number(v + "1")
	}
	return fmt.Sprint(v, "1")
}

func eachLeaf(v any, pointer string, f func(pointer string, v any, set func(any), remove func())) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := pointer + strictjson.PointerToken(name)
			if isLeaf(v[name]) {
				f(at, v[name], func(e any) { v[name] = e }, func() { delete(v, name) })
				continue
			}
			eachLeaf(v[name], at, f)
		}
	case []any:
		for i, e := range v {
			at := fmt.Sprintf("%s/%d", pointer, i)
			if isLeaf(e) {
				f(at, e, func(e any) { v[i] = e }, nil)
				continue
			}
			eachLeaf(e, at, f)
		}
	}
}

func isLeaf(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// TestProofUnderOurContext: a proof is canonicalised under the context of its document
// (VC Data Integrity, section 4.3); all its terms must survive ours.
func TestProofUnderOurContext(t *testing.T) {
	proof := map[string]any{
		"@context":           filledIn(map[string]any{})["@context"],
		"id":                 "urn:uuid:5a7dc6d1-3b8f-47a4-8b1b-0c9d1c6b7c11",
		"type":               "DataIntegrityProof",
		"cryptosuite":        "eddsa-rdfc-2022",
		"created":            "2026-07-01T08:00:00Z",
		"expires":            "2027-07-01T08:00:00Z",
		"domain":             "hospital.example",
		"challenge":          "1f44d55f",
		"nonce":              "8e02",
		"previousProof":      "urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544",
		"verificationMethod": "https://federation.example/issuer.json#key-1",
		"proofPurpose":       "assertionMethod",
	}
	res, err := jsonld.Canonicalize(proof, jsonld.Options{Contexts: contexts(t), Mode: jsonld.Strict})
	if err != nil {
		t.Fatal(err)
	}
	if res.Quads != 10 {
		t.Errorf("%d statements, want 10:\n%s", res.Quads, res.NQuads)
	}
}

func TestUndefinedTermIsRefused(t *testing.T) {
	doc := filledIn(readDraft(t, "licence"))
	doc["credentialSubject"].(map[string]any)["ownClaim"] = "x"
	if _, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: contexts(t), Mode: jsonld.Strict}); err == nil || !strings.Contains(err.Error(), "unmapped-term") {
		t.Errorf("got %v", err)
	}
}

func TestContextIsACopy(t *testing.T) {
	licensure.Context()[0] = 'x'
	if licensure.Context()[0] != '{' {
		t.Error("a caller can change the context")
	}
}
