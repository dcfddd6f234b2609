package licensure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
)

// issuedSample is a sample draft as its issuer would have issued it.
func issuedSample(t *testing.T, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "drafts", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := strictjson.ParseObject(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d["id"] = "urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f8e0001"
	d["issuer"] = map[string]any{"id": "https://board.example/issuer.json", "name": "Board of Alderfen"}
	return d
}

func published(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	// An empty "required" says nothing, and draft 4 does not allow it.
	raw := regexp.MustCompile(`"required"\s*:\s*\[\s*\]`).ReplaceAll(conformance.Read(t, "conformance/w3c/schemas/"+name), []byte(`"title": ""`))
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://schema.example/"+name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://schema.example/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func follows(t *testing.T, s *jsonschema.Schema, doc map[string]any) error {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// badgeContexts are the public ones of the exports.
func badgeContexts(t *testing.T) *jsonld.Contexts {
	t.Helper()
	c := jsonld.Builtin()
	for url, file := range map[string]string{
		"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json":  "ob-v3p0-context-3.0.3.json",
		"https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json": "clr-v2p0-context-2.0.1.json",
	} {
		var err error
		if c, err = c.With(url, conformance.Read(t, "conformance/w3c/contexts/"+file)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestOpenBadge: each achievement follows the published schema of Open Badges 3.0, and
// every member is one that its context defines.
func TestOpenBadge(t *testing.T) {
	schema := published(t, "ob/ob_v3p0_achievementcredential_schema.json")
	for name, kind := range map[string]string{"degree": "ProfessionalDoctorate", "transcript": "LearningProgram", "training": "ext:ResidencyCompletion",
		"licence": "License", "certification": "Certification"} {
		doc, err := licensure.OpenBadge(issuedSample(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := follows(t, schema, doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		a := doc["credentialSubject"].(map[string]any)["achievement"].(map[string]any)
		if a["achievementType"] != kind {
			t.Errorf("%s: %v, want %s", name, a["achievementType"], kind)
		}
		if _, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: badgeContexts(t)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		delete(doc, "issuer")
		if follows(t, schema, doc) == nil {
			t.Errorf("%s: the schema asks for nothing", name)
		}
	}
	abroad := issuedSample(t, "degree")
	abroad["credentialSubject"].(map[string]any)["degree"] = "MBBS"
	doc, err := licensure.OpenBadge(abroad)
	if err != nil || doc["credentialSubject"].(map[string]any)["achievement"].(map[string]any)["achievementType"] != "Degree" {
		t.Errorf("MBBS: %v, %v", doc, err)
	}
	var refused *licensure.RuleError
	for _, name := range []string{"identity", "order", "exam", "consent"} {
		if _, err := licensure.OpenBadge(issuedSample(t, name)); !errors.As(err, &refused) {
			t.Errorf("%s was taken for an achievement: %v", name, err)
		}
	}
	open := issuedSample(t, "training")
	s := open["credentialSubject"].(map[string]any)
	s["completed"] = false
	if _, err := licensure.OpenBadge(open); !errors.As(err, &refused) || refused.Rule != "PV-4" {
		t.Errorf("a training that is not completed: %v", err)
	}
}

// TestCLR: several credentials as one learner record, by the published schema.
func TestCLR(t *testing.T) {
	schema := published(t, "clr/clr_v2p0_clrcredential_schema_draft4.json")
	var list []map[string]any
	for i, name := range []string{"licence", "degree", "training"} {
		d := issuedSample(t, name)
		d["id"] = "urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f8e000" + string(rune('1'+i))
		d["credentialSubject"].(map[string]any)["id"] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
		list = append(list, d)
	}
	doc, err := licensure.CLR("https://federation.example/issuer.json", "Federation", list)
	if err != nil {
		t.Fatal(err)
	}
	if err := follows(t, schema, doc); err != nil {
		t.Error(err)
	}
	if _, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: badgeContexts(t), Mode: jsonld.Lax}); err != nil {
		t.Error(err)
	}
	s := doc["credentialSubject"].(map[string]any)
	if a := s["association"].([]any); len(a) != 2 || a[0].(map[string]any)["associationType"] != "precedes" {
		t.Errorf("%v", a)
	}
	list[1]["credentialSubject"].(map[string]any)["id"] = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	if _, err := licensure.CLR("https://federation.example/issuer.json", "Federation", list); err == nil {
		t.Error("the credentials of two people in one record")
	}
	if _, err := licensure.CLR("https://federation.example/issuer.json", "Federation", nil); err == nil {
		t.Error("a record of nothing")
	}
}
