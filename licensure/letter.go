package licensure

import "slices"

// A Letter is a letter of qualification (T12): the board of the state of principal licence
// says that somebody may ask other member boards for expedited licences. Make one with
// [CompactRules.Letter], which sets the criteria.
type Letter struct {
	Envelope
	LetterID       string
	Jurisdiction   string // the state of principal licence, whose board signs (CS-4)
	Licence        LicenceKey
	Basis          SPLBasis
	IssuedOn       Date
	Expires        Date // IssuedOn and 365 days (CL-1)
	Determination  Determination
	RulesetID      string
	RulesetVersion string
	RulesetDigest  string // SHA-256, hex
	Criteria       []Criterion
	Static         []Ref // qualifications that no other board verifies again (CL-3)
	CheckedOn      Date  // optional: the day the background check was done; never its content
}

// A Criterion is the answer to one rule and what it rests on.
type Criterion struct {
	Rule     string
	Result   CriterionResult
	Evidence []string // ids of credentials, sorted
	// Why says in plain words what was missing or against it; empty when met. It is not
	// part of a letter.
	Why string
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (l Letter) Validate() error {
	_, err := l.Draft()
	return err
}

// Draft returns l as a draft that [CheckDraft] accepts.
func (l Letter) Draft() (map[string]any, error) {
	m := object{"splLicenceKey": l.Licence.members()}
	m.text("loqId", l.LetterID)
	m.text("jurisdiction", l.Jurisdiction)
	m.text("splBasis", string(l.Basis))
	m.text("issuedOn", string(l.IssuedOn))
	m.text("expiresOn", string(l.Expires))
	m.text("determination", string(l.Determination))
	m.text("rulesetId", l.RulesetID)
	m.text("rulesetVersion", l.RulesetVersion)
	m.text("rulesetDigest", l.RulesetDigest)
	m.list("evaluatedCriteria", len(l.Criteria), func(i int) any { return l.Criteria[i].members() })
	m.list("staticQualificationsVerified", len(l.Static), func(i int) any { return l.Static[i].members() })
	m.text("backgroundCheckDoneOn", string(l.CheckedOn))
	return l.draft(TypeLetterOfQualification, m)
}

// LetterOf reads the letter out of the verified claims of a T12, without its envelope. The
// error is a [*DraftError] by the rules that a draft is judged by.
func LetterOf(claims map[string]any) (Letter, error) {
	s, err := subjectOf(claims, TypeLetterOfQualification)
	if err != nil {
		return Letter{}, err
	}
	l := Letter{LetterID: s.text("loqId"), Jurisdiction: s.text("jurisdiction"), Licence: s.licenceKey("splLicenceKey"),
		Basis: SPLBasis(s.text("splBasis")), IssuedOn: Date(s.text("issuedOn")), Expires: Date(s.text("expiresOn")),
		Determination: Determination(s.text("determination")), RulesetID: s.text("rulesetId"), RulesetVersion: s.text("rulesetVersion"),
		RulesetDigest: s.text("rulesetDigest"), CheckedOn: Date(s.text("backgroundCheckDoneOn"))}
	for _, n := range s.nodes("evaluatedCriteria") {
		l.Criteria = append(l.Criteria, Criterion{Rule: n.text("ruleId"), Result: CriterionResult(n.text("outcome")), Evidence: n.texts("evidenceRef")})
	}
	for _, n := range s.nodes("staticQualificationsVerified") {
		l.Static = append(l.Static, Ref{ID: n.text("id"), Digest: n.text("digest")})
	}
	return l, nil
}

func (k Criterion) members() map[string]any {
	n := object{}
	n.text("ruleId", k.Rule)
	n.text("outcome", string(k.Result))
	n.list("evidenceRef", len(k.Evidence), func(i int) any { return k.Evidence[i] })
	return n
}

var letterFields = []field{
	{"loqId", must, shortText},
	{"jurisdiction", must, jurisdiction},
	{"splLicenceKey", must, licenceKeyNode("T12")},
	{"splBasis", must, word(splBases)},
	{"issuedOn", must, civil},
	{"expiresOn", must, civil},
	{"determination", must, word(determined)},
	{"rulesetId", must, shortText},
	{"rulesetVersion", must, shortText},
	{"rulesetDigest", must, digest},
	{"evaluatedCriteria", must, list(node("T12", []field{
		{"ruleId", must, shortText},
		{"outcome", must, word(criterionWord)},
		{"evidenceRef", may, distinct(list(iri))},
	}))},
	{"staticQualificationsVerified", may, list(refNode("T12"))},
	{"backgroundCheckDoneOn", may, civil},
}

func letterCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T12", s, "issuedOn")
	c.past(ptr, "T12", s, "backgroundCheckDoneOn")
	issued, _ := s["issuedOn"].(string)
	if day, ok := parseCivil(issued); ok {
		if end, ok := dateIn(s, "expiresOn"); ok && end != string(DateOf(day.AddDate(0, 0, LetterDays))) {
			c.fail(CodeContradicts, ptr+"/expiresOn", "CL-1", "365 days after issuedOn")
		}
	}
	if key, ok := s["splLicenceKey"].(map[string]any); ok && key["jurisdiction"] != s["jurisdiction"] {
		c.fail(CodeContradicts, ptr+"/splLicenceKey/jurisdiction", "CS-4", "the state of principal licence")
	}
	if s["determination"] == string(Eligible) {
		for _, k := range nodes(s["evaluatedCriteria"]) {
			if k["outcome"] != string(Met) {
				c.fail(CodeContradicts, ptr+"/determination", "CE-0", "eligible only if every rule is met")
				return
			}
		}
	}
}

// LetterDays is how long a letter of qualification is good, in days from its issue (CL-1).
const LetterDays = 365

func containsWord(vocabulary []string, s string) bool { return slices.Contains(vocabulary, s) }
