package fhir

import (
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// Role writes a place at a hospital (T14) as PractitionerRole; practitioner is a reference.
func Role(claims map[string]any, practitioner string) (Resource, error) {
	c, err := subjectOf(claims, licensure.TypeAffiliation)
	if err != nil {
		return nil, err
	}
	active := c.text("affiliationStanding") == "active" || c.text("affiliationStanding") == "provisional"
	return Resource{
		"resourceType": "PractitionerRole", "active": active,
		"practitioner": map[string]any{"reference": practitioner},
		"organization": map[string]any(organization(c.text("facility"), "", "")),
		"code":         []any{map[string]any(concept(c.text("staffCategory")))},
		"period":       map[string]any(period(c.text("from"), c.text("until"))),
	}, nil
}

// Order writes a board order (T08): a Provenance on the qualification that it concerns, and
// the order's text as a DocumentReference by its digest. Sealed orders are for no FHIR
// store: one that is not public is an *Error.
func Order(claims map[string]any, practitioner string) (provenance, document Resource, err error) {
	o, err := licensure.OrderOf(claims)
	if err != nil {
		return nil, nil, fail("claims", "%v", err)
	}
	if !o.Public {
		return nil, nil, fail("credentialSubject/public", "the order is not public")
	}
	raw, err := hex.DecodeString(o.DocumentDigest)
	if err != nil {
		return nil, nil, fail("credentialSubject/documentDigest", "%v", err)
	}
	// RFC 6920 names bytes by their SHA-256.
	name := "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(raw)
	document = Resource{
		"resourceType": "DocumentReference", "status": "current",
		"masterIdentifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": name},
		"type":             map[string]any(concept("board order")),
		"date":             instant(o.RecordedAt),
		"content":          []any{map[string]any{"attachment": map[string]any{"title": "order " + o.ID}}},
	}
	var reasons []any
	for _, b := range o.Basis {
		reasons = append(reasons, map[string]any(concept("", coding(systemBasis, b, ""))))
	}
	provenance = Resource{
		"resourceType":     "Provenance",
		"target":           []any{map[string]any{"reference": practitioner, "identifier": map[string]any{"system": licenceSystem(o.Licence.Jurisdiction, o.Licence.BoardID, string(o.Licence.Type)), "value": o.Licence.Number}}},
		"occurredDateTime": instant(o.EffectiveAt),
		"recorded":         instant(o.RecordedAt),
		"activity":         map[string]any(concept("", coding(systemAction, string(o.Action), ""))),
		"agent":            []any{map[string]any{"who": map[string]any(organization(o.Board, own+"sid/board", boardSystem(o.Licence.Jurisdiction, o.Licence.BoardID)))}},
		"entity":           []any{map[string]any{"role": "source", "what": map[string]any{"identifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": name}}}},
	}
	return provenance.set("reason", reasons), document, nil
}

// Consent writes a consent receipt (T16).
func Consent(claims map[string]any) (Resource, error) {
	c, err := subjectOf(claims, licensure.TypeConsentReceipt)
	if err != nil {
		return nil, err
	}
	to := c.text("recipientParty")
	if to == "" {
		to = c.text("recipientClass")
	}
	var records []any
	for _, r := range c.nodes("consentRecords") {
		class := Resource{"code": r.text("credentialType"), "system": own + "CodeSystem/credential-type"}
		records = append(records, map[string]any(class))
	}
	provision := Resource{
		"type": "permit", "period": map[string]any(period("", c.text("expiresOn"))),
		"actor": []any{map[string]any{
			"role":      map[string]any(concept("", coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient"))),
			"reference": map[string]any{"display": to},
		}},
		"purpose": []any{map[string]any(Resource{"system": own + "CodeSystem/purpose", "code": slug(c.text("purpose")), "display": c.text("purpose")})},
	}
	return Resource{
		"resourceType": "Consent", "status": "active",
		"scope":      map[string]any(concept("", coding(terminology+"consentscope", "patient-privacy", "Privacy Consent"))),
		"category":   []any{map[string]any(concept("", coding("http://loinc.org", "59284-0", "Consent Document")))},
		"policyRule": map[string]any(concept("consent to pass on education records: which records, for what, to whom")),
		"dateTime":   c.text("signedAt"),
		"performer":  []any{map[string]any{"identifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": c.text("id")}}},
		"provision":  map[string]any(provision.set("class", records)),
	}, nil
}

// A Share is one entry of a holder's share log.
type Share struct {
	When    time.Time
	Holder  string // DID
	To      string // who received it
	Purpose string
	Claims  []string // names of what left, never values
}

// AuditEvent writes an entry of the share log.
func AuditEvent(s Share) Resource {
	var details []any
	for _, name := range s.Claims {
		details = append(details, map[string]any{"type": "claim", "valueString": name})
	}
	return Resource{
		"resourceType": "AuditEvent",
		"type":         map[string]any(coding("http://dicom.nema.org/resources/ontology/DCM", "110106", "Export")),
		"action":       "R", "recorded": instant(s.When), "outcome": "0",
		"purposeOfEvent": []any{map[string]any(concept(s.Purpose))},
		"agent": []any{
			map[string]any{"requestor": false, "who": map[string]any{"identifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": s.Holder}}},
			map[string]any{"requestor": true, "name": s.To},
		},
		"source": map[string]any{"observer": map[string]any{"display": "the holder's wallet"}},
		"entity": []any{map[string]any(Resource{"description": "claims that were shown"}.set("detail", details))},
	}
}

// subjectOf returns the subject of judged claims of one type.
func subjectOf(claims map[string]any, kind string) (claim, error) {
	if t, _ := licensure.TypeOf(claims); t != kind {
		return nil, fail("type", "%q, not %s", t, kind)
	}
	if err := licensure.CheckIssued(claims); err != nil {
		return nil, fail("claims", "%v", err)
	}
	return claim(claims).node("credentialSubject"), nil
}
