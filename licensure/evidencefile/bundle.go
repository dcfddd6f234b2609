package evidencefile

import (
	"fmt"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/fhir"
)

// sourceKinds are what FHIR calls the sources of each type.
var sourceKinds = map[string]string{
	licensure.TypeLicence: "License Board", licensure.TypeMedicalDegree: "Primary Education", licensure.TypeMedicalTranscript: "Primary Education",
	licensure.TypeGraduateTraining: "Postgraduate Education Authority", licensure.TypeSpecialtyCertification: "Specialty Board",
	licensure.TypeControlledSubstance: "Registration Authority", licensure.TypeForeignGraduate: "Certifying Authority",
}

// dynamicTypes need fresh status.
var dynamicTypes = map[string]bool{licensure.TypeLicence: true, licensure.TypeSpecialtyCertification: true, licensure.TypeControlledSubstance: true,
	licensure.TypeBoardActionHistory: true, licensure.TypeLetterOfQualification: true, licensure.TypeAffiliation: true}

// bundle writes what was verified as FHIR: a Practitioner, and for each credential how it
// was verified. A credential that is not verified gives no claim; that it was looked at is
// said (FH-3).
func (j *judged) bundle() ([]byte, error) {
	const who = "urn:uuid:00000000-0000-4000-8000-000000000001" // within this bundle
	var sources []fhir.Source
	var results []fhir.Resource
	qualifications := 0
	for _, f := range j.credentials {
		for i, item := range f.items {
			stand := f.stands[i]
			v := fhir.Verification{Target: who, Dynamic: dynamicTypes[stand.Type], Standing: stand.Standing, StatusDate: stand.VerifiedAt,
				Performed: j.moment.Run, Source: stand.Source, SourceKind: sourceKinds[stand.Type], Validator: j.given.Office}
			if class, _ := item.Report.Claims["confidenceClass"].(string); class == string(licensure.Attested) {
				v.Attested = true
			}
			if v.Dynamic {
				v.EveryDays, v.Next = j.next(item)
			}
			claims, open := licensure.ClaimsOf(item.Report)
			if verified(item.Report) && open == nil && licensure.CheckIssued(claims) == nil {
				sources = append(sources, fhir.Source{Claims: claims, IssuerLabel: item.Report.Issuer.Label, Status: stand.Legal})
				p, err := fhir.Practitioner(sources)
				if err != nil {
					return nil, err
				}
				if n := qualificationsOf(p); n > qualifications {
					v.Location, qualifications = fmt.Sprintf("Practitioner.qualification[%d]", qualifications), n
				}
			}
			results = append(results, fhir.VerificationResult(v))
		}
	}
	practitioner, err := fhir.Practitioner(sources)
	if err != nil {
		return nil, err
	}
	resources := append([]fhir.Resource{practitioner}, results...)
	for _, o := range j.orders {
		if o.why != "" {
			continue
		}
		claims, _ := licensure.ClaimsOf(o.report) // it counted
		provenance, document, err := fhir.Order(claims, who)
		if err != nil {
			continue // not a public one: for no FHIR store
		}
		resources = append(resources, provenance, document)
	}
	return fhir.Bundle(resources, j.moment.Run).JSON()
}

// next is how often the policy looks again, and when: at the end of the licence if that
// comes sooner.
func (j *judged) next(item licensure.Item) (days int, at time.Time) {
	days = j.policy.MonitoringDays
	if days == 0 {
		return 0, time.Time{}
	}
	at = j.moment.Run.AddDate(0, 0, days)
	s, _ := item.Report.Claims["credentialSubject"].(map[string]any)
	if text, _ := s["expiresOn"].(string); text != "" {
		if end, err := time.Parse(time.DateOnly, text); err == nil && end.Before(at) && end.After(j.moment.Run) {
			at = end
		}
	}
	return days, at
}

func qualificationsOf(p fhir.Resource) int {
	list, _ := p["qualification"].([]any)
	return len(list)
}
