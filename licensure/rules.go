package licensure

import (
	"maps"
	"slices"
)

// The tables below are the domain design's sections 3 to 5. A member that stands in no
// table is left to JSON-LD.

// subjectRules is what one type asks of its subject.
type subjectRules struct {
	rule   string // the domain's name of the type
	fields []field
	// coherent judges members against each other; nil if there is nothing to judge.
	coherent func(c *checker, draft, subject map[string]any)
	// dynamic facts need fresh status, and their documents an end: ends names the member
	// with the last day of the fact, if it has one.
	dynamic bool
	ends    string
	// private facts are nobody's but the holder's to show: their status stands in no list that
	// whoever saw one could watch for ever. The document itself is the proof of status, lives
	// ShortLived, and the holder fetches the next (PR-14).
	private bool
	// impersonal: the subject need not be a person with a name.
	impersonal bool
	// anyID: the subject is named by any absolute IRI, not by a DID only.
	anyID bool
}

var subjects = map[string]subjectRules{
	TypeIdentityAnchor:         {rule: "T01", fields: identityFields, coherent: identityCoherent},
	TypeMedicalDegree:          {rule: "T02", fields: degreeFields, coherent: degreeCoherent},
	TypeMedicalTranscript:      {rule: "T03", fields: transcriptFields},
	TypeExamHistory:            {rule: "T04", fields: examFields, coherent: examCoherent},
	TypeForeignGraduate:        {rule: "T05", fields: foreignFields, coherent: foreignCoherent},
	TypeGraduateTraining:       {rule: "T06", fields: trainingFields, coherent: trainingCoherent},
	TypeLicence:                {rule: "T07", fields: licenceFields, coherent: licenceCoherent, dynamic: true, ends: "expiresOn"},
	TypeBoardOrder:             {rule: "T08", fields: orderFields, coherent: orderCoherent, impersonal: true},
	TypeBoardActionHistory:     {rule: "T09", fields: historyFields, coherent: historyCoherent, dynamic: true},
	TypeSpecialtyCertification: {rule: "T10", fields: certificationFields, coherent: certificationCoherent, dynamic: true, ends: "expiresOn"},
	TypeControlledSubstance:    {rule: "T11", fields: registrationFields, coherent: registrationCoherent, dynamic: true, ends: "expiresOn"},
	TypeLetterOfQualification:  {rule: "T12", fields: letterFields, coherent: letterCoherent, dynamic: true, ends: "expiresOn"},
	TypeCredentialsProfile:     {rule: "T13", fields: profileFields, coherent: profileCoherent},
	TypeAffiliation:            {rule: "T14", fields: affiliationFields, coherent: affiliationCoherent, dynamic: true, private: true},
	TypeVerificationStatement:  {rule: "T15", fields: statementFields, coherent: statementCoherent, impersonal: true},
	TypeConsentReceipt:         {rule: "T16", fields: consentFields, coherent: consentCoherent, impersonal: true},
	TypeDelegation:             {rule: "T17", fields: delegationFields, coherent: delegationCoherent, dynamic: true, impersonal: true, anyID: true},
	TypeRegistrySnapshot:       {rule: "ST-6", fields: snapshotFields, coherent: snapshotCoherent, impersonal: true},
	TypeCertificate:            {rule: "ENV", fields: certificateFields, coherent: certificateCoherent},
}

// all returns what is asked of the subject, members that every type shares included.
func (r subjectRules) all() []field {
	if r.impersonal {
		return append(slices.Clone(sharedFields), r.fields...)
	}
	return append(slices.Clone(subjectFields), r.fields...)
}

// Weighty returns the optional members of a subject of these types that can count against
// the holder, or end the fact. An SD-JWT can hide them: of one that is shown in part nothing
// is decided until each is shown, or shown to be absent (issuer.Config.Weighty).
func Weighty(types []string) []string {
	var names []string
	for _, t := range types {
		for _, f := range subjects[t].fields {
			if f.need == weighs {
				names = append(names, f.name)
			}
		}
	}
	return names
}

var (
	shortText = text(maxText)
	prose     = text(maxProse)

	npi = inWorld(
		func(s string) bool { return CheckNPI(s, false) }, func(s string) bool { return CheckNPI(s, true) },
		`^[129][0-9]{9}$`, "ID-1", "an NPI: ten digits, the first 1 or 2, with its check digit")
	jurisdiction = inWorld(isoJurisdiction.MatchString, syntheticJurisdiction.MatchString,
		`^([A-Z]{2}-[A-Z0-9]{1,3}|X[0-9]{2})$`, "6.4", "an ISO 3166-2 code such as US-WY")
	country = inWorld(realCountry, syntheticCountry.MatchString,
		`^[A-Z]{2,3}$`, "T02", "an ISO 3166-1 code of two or three capital letters")
	taxonomy = inWorld(realTaxonomy, syntheticTaxonomy,
		`^[0-9][0-9A-Z]{8}X$`, "6.4", "a NUCC taxonomy code: nine digits or capital letters and X")

	digest = form(sha256Hex.MatchString, sha256Hex.String(), "ENV", "SHA-256 as 64 small hexadecimal digits")
	// Numbers of examinations and of certificates for foreign graduates [chk].
	eightDigits = form(eightDigitForm.MatchString, eightDigitForm.String(), "ID", "eight digits, also written d-ddd-ddd-d")
	// A name of one of our types.
	ourType  = word(typeNames)
	language = form(languageTag.MatchString, languageTag.String(), "T02", "a language tag such as en or pt-BR")
)

func realCountry(s string) bool {
	return isoCountry.MatchString(s) && !syntheticCountry.MatchString(s)
}
func realTaxonomy(s string) bool      { return taxonomyCode.MatchString(s) && s[0] != '9' }
func syntheticTaxonomy(s string) bool { return taxonomyCode.MatchString(s) && s[0] == '9' }

var envelopeFields = []field{
	{"type", must, types},
	{"name", must, shortText},
	{"description", may, prose},
	{"validFrom", must, instant},
	{"validUntil", may, instant},
	{"credentialSubject", must, node("ENV", nil)},
	{"evidence", must, oneOrMore(nodeOfType(TypeSourceVerification, "ENV", evidenceFields))},
	{"confidenceClass", must, word(confidenceClasses)},
	{"supersedes", may, node("ENV", []field{{"id", must, anything}, {"digest", must, digest}})},
	{"termsOfUse", may, oneOrMore(nodeOfType(TypeSharingTerms, "ENV", []field{
		{"audience", may, oneOrMore(shortText)},
		{"purpose", may, shortText},
		{"onwardSharing", may, shortText},
	}))},
}

var evidenceFields = []field{
	{"source", must, shortText},
	{"method", must, word(methods)},
	{"verifiedAt", must, instant},
	{"verifierRole", must, shortText},
	{"documentDigest", may, digest},
}

// types asks for the types of the draft, each once.
var types judge = distinct(oneOrMore(shortText))

var (
	subjectFields = []field{{"synthetic", may, onlyTrue}, {"person", must, person}}
	sharedFields  = []field{{"synthetic", may, onlyTrue}, {"person", may, person}}
)

// person judges the members of a person, then those against each other.
var person = coherent(judge{personNode.check, withOneName(personNode.schema)}, personCoherent)

var personNode = node("ENV", personFields)

// withOneName asks for a given name, or for the word that there is none.
func withOneName(whole schema) schema {
	s := maps.Clone(whole)
	s["anyOf"] = []any{schema{"required": []any{"givenName"}}, schema{"required": []any{"singleName"}}}
	return s
}

var personFields = []field{
	{"familyName", must, shortText},
	{"givenName", may, shortText}, // required by personCoherent unless there is only one name
	{"middleName", may, shortText},
	{"suffix", may, shortText},
	{"singleName", may, onlyTrue},
	{"formerNames", may, list(node("ID-3", []field{
		{"familyName", must, shortText},
		{"givenName", may, shortText},
		{"middleName", may, shortText},
		{"suffix", may, shortText},
		{"until", may, civil},
	}))},
	{"birthDate", may, civil},
	{"birthYear", may, year},
	{"npi", may, npi},
	{"federationId", may, shortText},
}

func personCoherent(c *checker, ptr string, p map[string]any) {
	_, given := p["givenName"]
	switch single := p["singleName"] == true; {
	case !given && !single:
		c.fail(CodeMissing, ptr+"/givenName", "ENV", `required, unless "singleName" says that there is none`)
	case given && single:
		c.fail(CodeContradicts, ptr+"/singleName", "ENV", "not beside a given name")
	}
	date, okDate := dateIn(p, "birthDate")
	year, okYear := dateIn(p, "birthYear")
	if okDate && okYear && date[:4] != year {
		c.fail(CodeContradicts, ptr+"/birthYear", "ENV", "the year of birthDate")
	}
	c.past(ptr, "ENV", p, "birthDate")
}

// period is a stretch of civil days.
func period(rule string, more ...field) judge {
	fields := append([]field{{"from", must, civil}, {"until", may, civil}}, more...)
	return coherent(node(rule, fields), func(c *checker, ptr string, n map[string]any) {
		c.order(ptr, rule, n, "from", "until")
	})
}

var degreeFields = []field{
	{"schoolId", must, shortText},
	{"schoolName", must, shortText},
	{"accreditor", must, word(schoolAccreditors)},
	{"country", must, country},
	{"degree", must, word(degreeKinds)},
	{"matriculationDate", must, partial},
	{"conferralDate", must, partial},
	{"diplomaLanguage", must, language},
	{"programmeMonths", may, integer(1, 240)},
	{"honours", may, shortText},
	{"leavesOfAbsence", weighs, list(period("T02"))},
	{"adverseActions", weighs, distinct(list(shortText))},
	{"verifiedBy", may, shortText},
}

func degreeCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.order(ptr, "T02", s, "matriculationDate", "conferralDate")
	c.past(ptr, "T02", s, "conferralDate")
}

var trainingFields = []field{
	{"programmeId", must, shortText},
	{"sponsor", must, shortText},
	{"accreditor", must, word(trainingAccreditors)},
	{"specialty", must, shortText},
	{"specialtyTaxonomy", must, taxonomy},
	{"level", must, word(trainingLevels)},
	{"startDate", must, civil},
	{"endDate", must, civil},
	{"completed", must, boolean},
	{"boardEligible", must, boolean},
	{"pgyLevels", may, distinct(list(integer(1, 15)))},
	{"creditReductionMonths", weighs, integer(0, 120)},
	{"unusualCircumstances", weighs, word(circumstances)},
	{"custodian", may, shortText},
}

func trainingCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.order(ptr, "T06", s, "startDate", "endDate")
	c.past(ptr, "T06", s, "startDate")
	if s["completed"] == true {
		c.past(ptr, "PV-4", s, "endDate") // a date in the future never shows completion
	}
}

var licenceFields = []field{
	{"jurisdiction", must, jurisdiction},
	{"board", must, shortText},
	{"boardId", may, shortText},
	{"licenceType", must, word(licenceTypes)},
	{"number", must, shortText},
	{"firstIssued", must, civil},
	{"currentTermStart", must, civil},
	{"expiresOn", must, civil},
	{"legalStatus", must, word(legalStatusNames())},
	{"full", must, boolean},
	{"unrestricted", must, boolean},
	{"basis", must, word(bases)},
	{"renewalCycleMonths", must, integer(1, 120)},
	{"conditions", weighs, conditionList("T07")},
	{"practiceScope", weighs, shortText},
	{"expeditedUnderLoq", may, iri},
	{"statePrincipalLicence", must, boolean},
}

func licenceCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.order(ptr, "T07", s, "firstIssued", "currentTermStart")
	c.order(ptr, "T07", s, "currentTermStart", "expiresOn")
	c.past(ptr, "T07", s, "firstIssued")
	licenceRights(c, ptr, s)
}

// dynamicWindow holds the document's end to that of the fact. A licence is good through the
// last hour of expiresOn in its jurisdiction (LC-7) and the document for a day more; both
// are counted from midnight UTC.
func (c *checker) dynamicWindow(draft, s map[string]any, ends string) {
	if _, ok := draft["validUntil"]; !ok {
		c.fail(CodeMissing, "/validUntil", "ENV", "required where the fact is dynamic")
		return
	}
	expires, okExpires := dateIn(s, ends)
	day, okDay := parseCivil(expires)
	until, okUntil := instantIn(draft, "validUntil")
	if okExpires && okDay && okUntil && until.After(day.AddDate(0, 0, 2)) {
		c.fail(CodeValidity, "/validUntil", "ENV", "at most a day after the end of "+ends)
	}
}

// licenceRights refuses a licence that claims more than its type, basis, status or
// conditions leave.
func licenceRights(c *checker, ptr string, s map[string]any) {
	kind, _ := s["licenceType"].(string)
	if s["full"] == true && kind != string(FullLicence) && kind != string(CompactExpedited) && slices.Contains(licenceTypes, kind) {
		c.fail(CodeContradicts, ptr+"/full", "6.2", "only the types full and compact-expedited are full")
	}
	if kind == string(CompactExpedited) && s["basis"] != string(BasisCompact) {
		c.fail(CodeContradicts, ptr+"/basis", "6.2", "a compact-expedited licence has that basis")
	}
	if _, ok := s["expeditedUnderLoq"]; ok && s["basis"] != string(BasisCompact) {
		c.fail(CodeContradicts, ptr+"/expeditedUnderLoq", "T07", "only with the basis compact-expedited")
	}
	name, _ := s["legalStatus"].(string)
	status, _ := ParseLegalStatus(name)
	_, conditions := s["conditions"]
	if s["unrestricted"] == true && (conditions || status.encumbered()) {
		c.fail(CodeContradicts, ptr+"/unrestricted", "CE-5", "not with conditions, nor with such a legal status")
	}
	if status == ActiveWithConditions && !conditions {
		c.fail(CodeMissing, ptr+"/conditions", "6.1", "required by the legal status")
	}
}

func legalStatusNames() []string {
	names := make([]string, len(legalStatuses))
	for i, row := range legalStatuses {
		names[i] = row.name
	}
	return names
}

var certificateFields = []field{
	{"programme", must, shortText},
	{"award", must, shortText},
	{"awardedOn", must, civil},
	{"grade", may, shortText},
	{"schoolName", may, shortText},
	{"honours", may, shortText},
}

func certificateCoherent(c *checker, _, s map[string]any) {
	c.past("/credentialSubject", "ENV", s, "awardedOn")
}
