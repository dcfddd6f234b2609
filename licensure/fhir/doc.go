// Package fhir writes verified credentials as HL7 FHIR R4 (4.0.1) resources, and reads back
// what it wrote of a licence.
//
//	credential                    resource
//	T01 names, NPI                Practitioner.name, .identifier, .birthDate
//	T02, T06, T07, T10, T11       Practitioner.qualification
//	T08 order                     Provenance, DocumentReference
//	T14 place at a hospital       PractitionerRole
//	T16 consent                   Consent
//	a verification                VerificationResult
//	an entry of the share log     AuditEvent
//
// Only what was verified goes in: every function takes the claims of a verifier.Report,
// which hold what was signed and disclosed, never the text of a file. What has no element
// in FHIR is left out, but for the legal status, which FHIR's eight words cannot say: it
// stands in an extension of ours beside the word.
//
// Resources are JSON objects; [Resource.JSON] writes equal resources as equal bytes.
package fhir
