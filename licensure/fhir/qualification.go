package fhir

import (
	"github.com/certanchor/certanchor/licensure"
)

// qualification writes a credential as Practitioner.qualification, or returns nil for a
// type that is none.
func qualification(s Source) Resource {
	kind, _ := licensure.TypeOf(s.Claims)
	switch kind {
	case licensure.TypeMedicalDegree:
		return degree(s.subject())
	case licensure.TypeGraduateTraining:
		return training(s.subject())
	case licensure.TypeLicence:
		return licence(s.subject(), s.Status)
	case licensure.TypeSpecialtyCertification:
		return certification(s.subject())
	case licensure.TypeControlledSubstance:
		return registration(s.subject())
	}
	return nil
}

// degreeCodes are those of HL7 table 0360; others stand in our own system.
var degreeCodes = map[string]bool{"MD": true, "DO": true, "MBBS": true}

func degree(c claim) Resource {
	code := c.text("degree")
	system := systemQualification
	if degreeCodes[code] {
		system = systemDegree
	}
	q := Resource{"code": map[string]any(concept(code, coding(system, code, "")))}
	return q.set("period", period(c.text("conferralDate"), "")).
		set("issuer", organization(c.text("schoolName"), own+"sid/school", c.text("schoolId")))
}

func training(c claim) Resource {
	code, text := "training", "graduate medical training, not completed"
	if c.flag("completed") {
		code, text = "training-completion", "completion of graduate medical training"
	}
	q := Resource{"code": map[string]any(concept(text, coding(systemQualification, code, ""),
		coding(systemNUCC, c.text("specialtyTaxonomy"), c.text("specialty"))))}
	return q.set("period", period(c.text("startDate"), c.text("endDate"))).
		set("issuer", organization(c.text("sponsor"), own+"sid/programme", c.text("programmeId")))
}

func certification(c claim) Resource {
	q := Resource{"code": map[string]any(concept(c.text("specialty"), coding(systemNUCC, c.text("specialtyTaxonomy"), c.text("specialty"))))}
	return q.set("extension", []any{map[string]any(statusExtension(certificationStatus(c.text("certificationStatus")), ""))}).
		set("period", period(c.text("initialDate"), c.text("expiresOn"))).
		set("issuer", organization(c.text("board"), "", ""))
}

func certificationStatus(word string) string {
	switch word {
	case "certified":
		return "active"
	case "expired", "revoked":
		return word
	case "surrendered":
		return "revoked"
	case "not-certified":
		return "inactive"
	}
	return "unknown"
}

// registration writes the number only if it was disclosed: whoever knows it can write
// prescriptions.
func registration(c claim) Resource {
	q := Resource{"code": map[string]any(concept("controlled substance registration", coding(systemQualification, "controlled-substance-registration", "")))}
	if number := c.text("registrationNumber"); number != "" {
		q["identifier"] = []any{map[string]any{
			"type": map[string]any(concept("", coding(systemIdentifier, "DEA", ""))), "value": number}}
	}
	return q.set("extension", []any{map[string]any(statusExtension(registrationStatus(c.text("registrationStatus")), c.text("jurisdiction")))}).
		set("period", period(c.text("issuedOn"), c.text("expiresOn")))
}

func registrationStatus(word string) string {
	switch word {
	case "active", "expired", "revoked":
		return word
	case "suspended", "retired":
		return "inactive"
	case "surrendered":
		return "revoked"
	}
	return "unknown"
}

// statusExtension says in FHIR's words whether a qualification holds, and where.
func statusExtension(status, place string) Resource {
	parts := []any{map[string]any{"url": "status", "valueCode": status}}
	if place != "" {
		parts = append(parts, map[string]any{"url": "whereValid",
			"valueCodeableConcept": map[string]any(concept("", coding("urn:iso:std:iso:3166:-2", place, "")))})
	}
	return Resource{"url": extensionQualification, "extension": parts}
}
