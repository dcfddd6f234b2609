package licensure

// A Delegation lets another issue named types in an issuer's place (T17). It ends with
// Envelope.ValidUntil, which is required, and is never passed on.
type Delegation struct {
	Envelope      // Holder is the delegate's id; no person is asked for
	Types         []string
	Jurisdictions []string // places it may speak for; the issuer's own
	Capacity      Capacity
	Agreement     string // SHA-256 of the agreement, hex; required unless Capacity is PrimarySource
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (d Delegation) Validate() error {
	_, err := d.Draft()
	return err
}

// Draft returns d as a draft that [CheckDraft] accepts.
func (d Delegation) Draft() (map[string]any, error) {
	m := object{}
	m.list("delegatedTypes", len(d.Types), func(i int) any { return d.Types[i] })
	m.list("jurisdiction", len(d.Jurisdictions), func(i int) any { return d.Jurisdictions[i] })
	m.text("capacity", string(d.Capacity))
	m.text("agreementDigest", d.Agreement)
	return d.draft(TypeDelegation, m)
}

var delegationFields = []field{
	{"id", must, anything},
	{"delegatedTypes", must, distinct(list(ourType))},
	{"jurisdiction", must, distinct(longList(jurisdiction))},
	{"capacity", must, word(capacities)},
	{"agreementDigest", may, digest},
}

func delegationCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	if types, ok := s["delegatedTypes"].([]any); ok && contains(types, TypeDelegation) {
		c.fail(CodeContradicts, ptr+"/delegatedTypes", "T17", "a delegation is not passed on")
	}
	if _, ok := s["agreementDigest"]; !ok && s["capacity"] == string(SourceAgent) {
		c.fail(CodeMissing, ptr+"/agreementDigest", "TR-1", "an agent is a source only with the agreement's digest")
	}
}
