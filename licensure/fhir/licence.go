package fhir

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/licensure"
)

// practiceWord is the word of HL7's professional-credential-status for a legal status
// (domain design, table 6.1). It has none for suspension or probation.
var practiceWord = [16]string{
	licensure.Active: "active", licensure.ActiveWithConditions: "active", licensure.Probation: "active",
	licensure.Suspended: "inactive", licensure.SummarySuspended: "inactive",
	licensure.Revoked: "revoked", licensure.SurrenderedInLieu: "revoked", licensure.Expired: "expired",
	licensure.InactiveVoluntary: "inactive", licensure.Retired: "inactive", licensure.Deceased: "inactive",
	licensure.CompactAutoSuspended: "inactive", licensure.CompactMirroredEncumbered: "inactive",
	licensure.Pending: "pending", licensure.Provisional: "provisional", licensure.NotStated: "unknown",
}

// licence writes a T07. A status that is not known now is said to be unknown, whatever the
// credential says of the day of its issue.
func licence(c claim, now *licensure.LegalStatus) Resource {
	status := licensure.NotStated
	if now != nil {
		status = *now
	}
	place, boardID, kind := c.text("jurisdiction"), c.text("boardId"), c.text("licenceType")
	q := Resource{
		"identifier": []any{map[string]any{
			"type":   map[string]any(concept("", coding(systemIdentifier, "MD", ""))),
			"system": licenceSystem(place, boardID, kind), "value": c.text("number"),
			"period": map[string]any(period(c.text("firstIssued"), "")),
		}},
		"code": map[string]any(concept("licence to practise medicine: "+kind, coding(systemQualification, "licence-"+slug(kind), ""))),
		"extension": []any{
			map[string]any(statusExtension(practiceWord[status&15], place)),
			map[string]any{"url": extensionLegalStatus, "valueCoding": map[string]any(coding(systemLegalStatus, strconv.Itoa(int(status)), status.String()))},
		},
	}
	return q.set("period", period(c.text("currentTermStart"), c.text("expiresOn"))).
		set("issuer", organization(c.text("board"), own+"sid/board", boardSystem(place, boardID)))
}

// licenceSystem names whose numbers these are: a board gives one number to licences of
// several types, and two boards of one place share numbers.
func licenceSystem(place, boardID, kind string) string {
	return own + "sid/licence/" + strings.Join([]string{url.PathEscape(place), url.PathEscape(boardID), url.PathEscape(kind)}, "/")
}

func boardSystem(place, boardID string) string {
	if boardID == "" {
		return place
	}
	return place + "/" + boardID
}

// A LicenceFact is what a qualification that this package wrote says of a licence.
type LicenceFact struct {
	Key                       licensure.LicenceKey
	Board                     string
	FirstIssued, Start, Until licensure.Date
	Status                    licensure.LegalStatus
}

// LicenceFrom reads a qualification back (FH-2). A qualification of another origin, or of
// something else than a licence, is an *Error.
func LicenceFrom(q Resource) (LicenceFact, error) {
	var f LicenceFact
	system := textAt(q, "identifier", 0, "system")
	rest, ok := strings.CutPrefix(system, own+"sid/licence/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return f, fail("identifier[0].system", "%.100q is no system of licence numbers", system)
	}
	for i, p := range parts {
		text, err := url.PathUnescape(p)
		if err != nil {
			return f, fail("identifier[0].system", "%v", err)
		}
		parts[i] = text
	}
	f.Key = licensure.LicenceKey{Jurisdiction: parts[0], BoardID: parts[1], Type: licensure.LicenceType(parts[2]), Number: textAt(q, "identifier", 0, "value")}
	f.Board = textAt(q, "issuer", "display")
	f.FirstIssued = licensure.Date(textAt(q, "identifier", 0, "period", "start"))
	f.Start, f.Until = licensure.Date(textAt(q, "period", "start")), licensure.Date(textAt(q, "period", "end"))
	if f.Key.Jurisdiction == "" || f.Key.Number == "" {
		return f, fail("identifier[0]", "a licence has a jurisdiction and a number")
	}
	extensions, _ := q["extension"].([]any)
	for _, e := range extensions {
		if textAt(e, "url") != extensionLegalStatus {
			continue
		}
		n, err := strconv.ParseUint(textAt(e, "valueCoding", "code"), 10, 4)
		if err != nil {
			return f, fail("extension", "%q is no legal status", textAt(e, "valueCoding", "code"))
		}
		f.Status = licensure.LegalStatus(n)
		return f, nil
	}
	return f, fail("extension", "no legal status: FHIR's own words do not tell a suspension from a retirement")
}
