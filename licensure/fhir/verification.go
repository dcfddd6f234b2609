package fhir

import (
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A Verification is one run over one credential, for VerificationResult.
type Verification struct {
	Target     string // reference of the Practitioner, such as Practitioner/123
	Location   string // FHIRPath in it, such as Practitioner.qualification[0]
	Dynamic    bool   // a fact that needs fresh status, such as a licence
	Standing   licensure.StandingValue
	Repeated   bool      // not the first verification of this credential
	Attested   bool      // the holder's own word (confidence class attested)
	StatusDate time.Time // the moment the freshest status speaks about (PV-1); zero if none was read
	Performed  time.Time // when the run took place
	Next       time.Time // when the policy asks for the next; zero for never
	EveryDays  int       // how often the policy asks for it; 0 for never

	Source     string // who issued: the label of the trust file
	SourceKind string // such as "License Board" or "Primary Education"
	Holder     string // DID of who presented it; empty without a presentation
	Presented  time.Time
	Validator  string // the organisation that verified
	Signature  []byte // of its statement (T15), as it stands in the proof; nil without one
}

// verificationStatus is the right column of the table in the domain design, section 10.
func (v Verification) status() string {
	if v.Attested {
		return "attested"
	}
	switch v.Standing {
	case licensure.InForce, licensure.InForceWithLimits:
		return "validated"
	case licensure.Stale:
		return "req-revalid"
	case licensure.NotInForce, licensure.ForgedOrAltered:
		if v.Repeated {
			return "reval-fail"
		}
		return "val-fail"
	}
	return "in-process"
}

const terminology = "http://terminology.hl7.org/CodeSystem/"

// VerificationResult writes one run.
func VerificationResult(v Verification) Resource {
	need, failure := "initial", "warn"
	if v.Dynamic {
		need, failure = "periodic", "fatal"
	}
	r := Resource{
		"resourceType":   "VerificationResult",
		"status":         v.status(),
		"need":           map[string]any(concept("", coding(terminology+"need", need, ""))),
		"validationType": map[string]any(concept("", coding(terminology+"validation-type", "primary", ""))),
		"validationProcess": []any{
			map[string]any(concept("", coding(systemMethod, "signed-credential-offline", "signature, anchor and status checked without a network"))),
			map[string]any(concept("", coding(terminology+"validation-process", "primary", ""))),
		},
		"failureAction": map[string]any(concept("", coding(terminology+"failure-action", failure, ""))),
	}
	if v.Target != "" {
		r["target"] = []any{map[string]any{"reference": v.Target}}
	}
	if v.Location != "" {
		r["targetLocation"] = []any{v.Location}
	}
	if !v.StatusDate.IsZero() {
		r["statusDate"] = instant(v.StatusDate)
	}
	if !v.Performed.IsZero() {
		r["lastPerformed"] = instant(v.Performed)
	}
	if !v.Next.IsZero() {
		r["nextScheduled"] = v.Next.UTC().Format(time.DateOnly)
	}
	if v.EveryDays > 0 {
		r["frequency"] = map[string]any{"repeat": map[string]any{"frequency": number(1), "period": number(v.EveryDays), "periodUnit": "d"}}
	}
	return r.set("primarySource", v.primarySource()).set("attestation", v.attestation()).set("validator", v.validator())
}

func (v Verification) primarySource() []any {
	if v.Source == "" {
		return nil
	}
	status := map[string]string{"validated": "successful", "val-fail": "failed", "reval-fail": "failed"}[v.status()]
	if status == "" {
		status = "unknown"
	}
	s := Resource{
		"who":                 map[string]any(organization(v.Source, "", "")),
		"communicationMethod": []any{map[string]any(concept("", coding(systemMethod, "signed-credential", "a document that the source signed")))},
		"validationStatus":    map[string]any(concept("", coding(terminology+"validation-status", status, ""))),
	}
	if v.SourceKind != "" {
		s["type"] = []any{map[string]any(concept(v.SourceKind))}
	}
	if !v.Performed.IsZero() {
		s["validationDate"] = instant(v.Performed)
	}
	return []any{map[string]any(s)}
}

func (v Verification) attestation() Resource {
	if v.Holder == "" {
		return nil
	}
	a := Resource{"who": map[string]any(Resource{"type": "Practitioner", "identifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": v.Holder}})}
	if !v.Presented.IsZero() {
		a["date"] = v.Presented.UTC().Format(time.DateOnly)
	}
	return a
}

func (v Verification) validator() []any {
	if v.Validator == "" {
		return nil
	}
	return []any{map[string]any(Resource{"organization": map[string]any(organization(v.Validator, "", ""))}.
		set("attestationSignature", signature(v.Signature, v.Validator, v.Performed)))}
}

// signature is a Signature of FHIR; the bytes are those of the credential's proof.
func signature(value []byte, who string, when time.Time) Resource {
	if len(value) == 0 {
		return nil
	}
	return Resource{
		"type": []any{map[string]any(coding("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.5", "Verification Signature"))},
		"when": instant(when), "who": map[string]any(organization(who, "", "")), "data": base64Of(value),
	}
}
