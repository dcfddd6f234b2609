package licensure

import "strconv"

// A Profile bundles credentials (T13). Each item verifies on its own; the profile says only
// which belong together and where the applicant and a source said different things.
type Profile struct {
	Envelope
	Items         []ProfileItem
	AsOf          Date
	Discrepancies []Discrepancy // optional
}

// A ProfileItem names one credential of a profile.
type ProfileItem struct {
	Ref
	Type string
	Role string // what it is in this profile
}

// A Discrepancy is a difference between applicant and source, which a profile tells and does
// not interpret.
type Discrepancy struct{ Field, ApplicantSaid, SourceSaid string }

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (p Profile) Validate() error {
	_, err := p.Draft()
	return err
}

// Draft returns p as a draft that [CheckDraft] accepts.
func (p Profile) Draft() (map[string]any, error) {
	m := object{"nonInterpretive": true}
	m.text("asOf", string(p.AsOf))
	m.list("items", len(p.Items), func(i int) any {
		n := object(p.Items[i].members())
		n.text("credentialType", p.Items[i].Type)
		n.text("role", p.Items[i].Role)
		return n.plain()
	})
	m.list("discrepancies", len(p.Discrepancies), func(i int) any {
		n := object{}
		n.text("fieldName", p.Discrepancies[i].Field)
		n.text("applicantSaid", p.Discrepancies[i].ApplicantSaid)
		n.text("sourceSaid", p.Discrepancies[i].SourceSaid)
		return n.plain()
	})
	return p.draft(TypeCredentialsProfile, m)
}

var profileFields = []field{
	{"items", must, list(node("T13", []field{
		{"id", must, anything},
		{"digest", must, digest},
		{"credentialType", must, ourType},
		{"role", must, shortText},
	}))},
	{"asOf", must, civil},
	{"discrepancies", weighs, list(node("T13", []field{
		{"fieldName", must, shortText},
		{"applicantSaid", must, shortText},
		{"sourceSaid", must, shortText},
	}))},
	{"nonInterpretive", must, onlyTrue},
}

func profileCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T13", s, "asOf")
	c.distinctIDs(ptr+"/items", "T13", s["items"])
}

// distinctIDs fails c if two nodes have one id: they would be one node in what is signed.
func (c *checker) distinctIDs(ptr, rule string, v any) {
	seen := map[any]bool{}
	for i, n := range nodes(v) {
		if id, ok := n["id"].(string); ok {
			if seen[id] {
				c.fail(CodeContradicts, ptr+"/"+strconv.Itoa(i)+"/id", rule, "each once")
			}
			seen[id] = true
		}
	}
}
