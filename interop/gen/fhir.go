package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/fhir"
)

// physicians is how many made-up people are written as Practitioner.
const physicians = 100

// fhirResources writes every kind of FHIR resource that this module makes: one of each
// type of credential, each standing and legal status, and made-up physicians.
func fhirResources(dir, samples string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	w := fhirWriter{dir: dir, claims: map[string]map[string]any{}}
	names, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if w.claims[strings.TrimSuffix(filepath.Base(name), ".json")], err = strictjson.ParseObject(raw, strictjson.Limits{}); err != nil {
			return err
		}
	}
	if err := w.samples(now); err != nil {
		return err
	}
	people := synth.New(world)
	for i := range physicians {
		d, err := draftOf(people, synth.FirstOrdinary+i, now)
		if err != nil {
			return err
		}
		status := licensure.LegalStatus(i % 16)
		r, err := fhir.Practitioner([]fhir.Source{{Claims: d, Status: &status}})
		if err := w.put("practitioner-of", r, err); err != nil {
			return err
		}
	}
	return nil
}

type fhirWriter struct {
	dir    string
	claims map[string]map[string]any // of a sample of each type, by name
	n      int
}

func (w *fhirWriter) put(name string, r fhir.Resource, err error) error {
	if err != nil {
		return err
	}
	raw, err := r.JSON()
	if err != nil {
		return err
	}
	w.n++
	return os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("%s-%03d.json", name, w.n)), raw, 0o644)
}

func (w *fhirWriter) samples(now time.Time) error {
	var all []fhir.Source
	for _, name := range []string{"identity", "degree", "training", "licence", "certification", "registration"} {
		all = append(all, fhir.Source{Claims: w.claims[name], IssuerLabel: name})
	}
	r, err := fhir.Practitioner(all)
	if err := w.put("practitioner", r, err); err != nil {
		return err
	}
	if err := w.put("bundle", fhir.Bundle([]fhir.Resource{r, fhir.VerificationResult(fhir.Verification{Standing: licensure.InForce, Performed: now})}, now), nil); err != nil {
		return err
	}
	r, err = fhir.Role(w.claims["affiliation"], "Practitioner/1")
	if err := w.put("role", r, err); err != nil {
		return err
	}
	provenance, document, err := fhir.Order(w.claims["order"], "Practitioner/1")
	if err := w.put("provenance", provenance, err); err != nil {
		return err
	}
	if err := w.put("document", document, err); err != nil {
		return err
	}
	r, err = fhir.Consent(w.claims["consent"])
	if err := w.put("consent", r, err); err != nil {
		return err
	}
	share := fhir.Share{When: now, Holder: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", To: "Hospital", Purpose: "privileges", Claims: []string{"number", "legalStatus"}}
	if err := w.put("audit", fhir.AuditEvent(share), nil); err != nil {
		return err
	}
	standings := []licensure.StandingValue{licensure.InForce, licensure.InForceWithLimits, licensure.ProvisionalUntil, licensure.Stale,
		licensure.NotInForce, licensure.UndeterminedStand, licensure.ForgedOrAltered}
	for i, s := range standings {
		v := fhir.Verification{Target: "Practitioner/1", Location: "Practitioner.qualification[0]", Dynamic: i%2 == 0, Standing: s, Repeated: i%3 == 0,
			StatusDate: now.Add(-time.Hour), Performed: now, Next: now.AddDate(0, 0, 30), EveryDays: 30, Source: "Board of Alderfen", SourceKind: "License Board",
			Holder: share.Holder, Presented: now, Validator: "Hospital", Signature: []byte("signature")}
		if err := w.put("verification", fhir.VerificationResult(v), nil); err != nil {
			return err
		}
	}
	return w.put("verification", fhir.VerificationResult(fhir.Verification{}), nil)
}
