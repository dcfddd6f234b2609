package licensure

import (
	"fmt"
	"sort"
	"strings"
)

// Contexts of the exports, in the order that their specifications ask for.
const (
	contextVC1   = "https://www.w3.org/2018/credentials/v1"
	contextVC2   = "https://www.w3.org/ns/credentials/v2"
	contextBadge = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
	contextCLR   = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
)

// achievement is how a type is called in Open Badges.
type achievement struct {
	kind string // achievementType (Open Badges 3.0, appendix B.1.3)
	name func(s subject) string
}

var achievements = map[string]achievement{
	TypeMedicalDegree: {"Degree", func(s subject) string { return "Degree: " + s.text("degree") }},
	TypeMedicalTranscript: {"LearningProgram", func(subject) string {
		return "Course of medical study"
	}},
	TypeGraduateTraining:       {"ext:ResidencyCompletion", func(s subject) string { return s.text("specialty") + ", " + s.text("level") }},
	TypeLicence:                {"License", func(s subject) string { return "Licence to practise medicine, " + s.text("jurisdiction") }},
	TypeSpecialtyCertification: {"Certification", func(s subject) string { return s.text("specialty") }},
}

// doctorates are degrees that Open Badges has a word for.
var doctorates = map[string]bool{string(MD): true, string(DO): true}

// OpenBadge writes the verified claims of a credential as an AchievementCredential of Open
// Badges 3.0, without proof: whoever exports it signs it, or nobody does, and then it is an
// unsigned copy. Only T02, T03, T06, T07 and T10 are achievements; of others, and of a
// training that was not completed, there is a [*RuleError].
//
// The legal status of a licence is left out: a badge cannot follow it, and the one inside a
// licence is as of its issue (VD-3).
func OpenBadge(claims map[string]any) (map[string]any, error) {
	subject, err := badgeSubject(claims)
	if err != nil {
		return nil, err
	}
	d := object{
		"@context":          []any{contextVC2, contextBadge},
		"type":              []any{"VerifiableCredential", "OpenBadgeCredential"},
		"issuer":            badgeIssuer(claims),
		"credentialSubject": subject,
	}
	d.text("id", exportID(claims, "open-badge"))
	d.copied(claims, "name", "validFrom", "validUntil")
	return d.plain(), nil
}

// copied takes over members that are there.
func (o object) copied(from map[string]any, names ...string) {
	for _, name := range names {
		if v, ok := from[name]; ok {
			o[name] = v
		}
	}
}

// exportID names a part of the export after the credential that it was made of.
func exportID(claims map[string]any, part string) string {
	id, _ := claims["id"].(string)
	if id == "" {
		return ""
	}
	return id + "#" + part
}

func badgeIssuer(claims map[string]any) map[string]any {
	i := object{"type": []any{"Profile"}}
	switch x := claims["issuer"].(type) {
	case string:
		i.text("id", x)
	case map[string]any:
		i.copied(x, "id", "name")
	}
	return i.plain()
}

func badgeSubject(claims map[string]any) (map[string]any, error) {
	kind, _ := TypeOf(claims)
	a, known := achievements[kind]
	if !known {
		return nil, &RuleError{Rule: "§11", Detail: fmt.Sprintf("%s is no achievement", kind)}
	}
	s, err := subjectOf(claims, kind)
	if err != nil {
		return nil, err
	}
	if kind == TypeGraduateTraining && !s.flag("completed") {
		return nil, &RuleError{Rule: "PV-4", Detail: "a training that is not completed is no achievement"}
	}
	if kind == TypeMedicalDegree && doctorates[s.text("degree")] {
		a.kind = "ProfessionalDoctorate"
	}
	ach := object{
		"id": exportID(claims, "achievement"), "type": []any{"Achievement"}, "achievementType": a.kind, "name": a.name(s),
		"description": "Exported from a " + kind + "; rely on the signed credential that it was made of.",
		"criteria":    map[string]any{"narrative": "As the issuer of the credential asks for."},
	}
	if a.kind != "License" {
		ach.text("fieldOfStudy", s.text("specialty"))
	}
	out := object{"type": []any{"AchievementSubject"}, "achievement": ach.plain()}
	out.text("id", s.text("id"))
	if kind == TypeLicence {
		out.text("licenseNumber", s.text("number"))
	}
	return out.plain(), nil
}

// CLR writes several credentials as a ClrCredential of the Comprehensive Learner Record 2.0,
// without proof, for one holder: each as an AchievementCredential, in the order in which
// they were awarded, with an association "precedes" from each to the next. CLR's published
// schema is that of VC 1.1, and so is the export. Name and issuer are those of whoever
// exports.
func CLR(issuerID, issuerName string, credentials []map[string]any) (map[string]any, error) {
	var holder, issued string
	type part struct {
		at, id string
		doc    map[string]any
	}
	var parts []part
	for i, claims := range credentials {
		s, err := badgeSubject(claims)
		if err != nil {
			return nil, fmt.Errorf("credential %d: %w", i, err)
		}
		id, _ := s["id"].(string)
		if i > 0 && id != holder {
			return nil, &RuleError{Rule: "ID-2", Detail: "the credentials are of several holders"}
		}
		holder = id
		from, _ := claims["validFrom"].(string)
		doc := object{
			"@context":          []any{contextVC1, contextCLR, contextBadge},
			"type":              []any{"VerifiableCredential", "AchievementCredential"},
			"issuer":            badgeIssuer(claims),
			"issuanceDate":      from,
			"credentialSubject": s,
		}
		doc.text("id", exportID(claims, "open-badge"))
		doc.copied(claims, "name")
		if until, ok := claims["validUntil"].(string); ok {
			doc["expirationDate"] = until
		}
		parts = append(parts, part{from, exportID(claims, "achievement"), doc.plain()})
		issued = max(issued, from)
	}
	if len(parts) == 0 {
		return nil, &RuleError{Rule: "§11", Detail: "no credentials"}
	}
	sort.SliceStable(parts, func(i, j int) bool { return strings.Compare(parts[i].at, parts[j].at) < 0 })
	var inner, associations []any
	for i, p := range parts {
		inner = append(inner, p.doc)
		if i > 0 && p.id != "" {
			associations = append(associations, map[string]any{"type": "Association", "associationType": "precedes", "sourceId": parts[i-1].id, "targetId": p.id})
		}
	}
	s := object{"type": []any{"ClrSubject"}, "verifiableCredential": inner}
	s.text("id", holder)
	if associations != nil {
		s["association"] = associations
	}
	return map[string]any{
		"@context":          []any{contextVC1, contextCLR, contextBadge},
		"id":                exportID(credentials[0], "learner-record"),
		"type":              []any{"VerifiableCredential", "ClrCredential"},
		"name":              "Education and licences",
		"issuer":            map[string]any{"id": issuerID, "type": []any{"Profile"}, "name": issuerName},
		"issuanceDate":      issued,
		"partial":           true,
		"credentialSubject": s.plain(),
	}, nil
}
