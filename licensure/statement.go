package licensure

import "time"

// A Statement is what a verifier found (T15): the signed summary of an evidence file. One
// hospital can rely on it without moving the record, if its own policy allows.
type Statement struct {
	Envelope
	VerifiedAt    time.Time // when the check ran
	DecisionDate  Date
	PolicyID      string
	PolicyVersion string
	PolicyDigest  string // SHA-256, hex
	Standing      StandingValue
	Credentials   []VerifiedCredential
	Snapshots     []Snapshot // status lists that were read
	ResultDigest  string     // SHA-256 of the full result, hex
}

// A VerifiedCredential is one credential of a statement.
type VerifiedCredential struct {
	Ref
	Type     string
	Verdict  string // verifier.Verdict
	Standing StandingValue
}

// A Snapshot names a status list as it was read.
type Snapshot struct {
	URL      string
	Digest   string // SHA-256 of its bytes, hex
	Sequence uint64
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (s Statement) Validate() error {
	_, err := s.Draft()
	return err
}

// Draft returns s as a draft that [CheckDraft] accepts.
func (s Statement) Draft() (map[string]any, error) {
	m := object{}
	m.instant("verifiedAt", s.VerifiedAt)
	m.text("decisionDate", string(s.DecisionDate))
	m.text("policyId", s.PolicyID)
	m.text("policyVersion", s.PolicyVersion)
	m.text("policyDigest", s.PolicyDigest)
	m.text("standing", string(s.Standing))
	m.text("resultDigest", s.ResultDigest)
	m.list("verifiedCredentials", len(s.Credentials), func(i int) any {
		n := object(s.Credentials[i].members())
		n.text("credentialType", s.Credentials[i].Type)
		n.text("verdict", s.Credentials[i].Verdict)
		n.text("standing", string(s.Credentials[i].Standing))
		return n.plain()
	})
	m.list("statusSnapshots", len(s.Snapshots), func(i int) any { return s.Snapshots[i].members() })
	return s.draft(TypeVerificationStatement, m)
}

var statementFields = []field{
	{"verifiedAt", must, instant},
	{"decisionDate", must, civil},
	{"policyId", must, shortText},
	{"policyVersion", must, shortText},
	{"policyDigest", must, digest},
	{"standing", must, word(standingWords)},
	{"resultDigest", must, digest},
	{"verifiedCredentials", must, list(node("T15", []field{
		{"id", must, anything},
		{"digest", must, digest},
		{"credentialType", must, ourType},
		{"verdict", must, word([]string{"valid", "not-in-force", "invalid", "indeterminate"})},
		{"standing", must, word(standingWords)},
	}))},
	{"statusSnapshots", may, listSnapshots},
}

func statementCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.known(ptr, "T15", s, "verifiedAt")
	c.distinctIDs(ptr+"/verifiedCredentials", "T15", s["verifiedCredentials"])
	c.distinctIDs(ptr+"/statusSnapshots", "T15", s["statusSnapshots"])
	if s["standing"] != string(InForce) {
		return
	}
	for _, n := range nodes(s["verifiedCredentials"]) {
		if n["verdict"] != "valid" {
			c.fail(CodeContradicts, ptr+"/standing", "VD-1", "in-force only if every verdict is valid")
			return
		}
	}
}
