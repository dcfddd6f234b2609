package licensure

import "time"

// An Identity anchors who somebody is (T01): names now and before, how that was proven, and
// which key the holder showed. Its fields are required unless their comment says otherwise.
// Person needs a birth date or a birth year.
type Identity struct {
	Envelope
	ProofingLevel  string // IAL1, IAL2 or IAL3
	ProofingMethod string
	ProofedAt      time.Time
	KeyBoundAt     time.Time // when the holder proved possession of the key of Envelope.Holder
	KeyMethod      string    // signed-challenge or in-person
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (i Identity) Validate() error {
	_, err := i.Draft()
	return err
}

// Draft returns i as a draft that [CheckDraft] accepts.
func (i Identity) Draft() (map[string]any, error) {
	m, b := object{}, object{}
	m.text("identityProofingLevel", i.ProofingLevel)
	m.text("proofingMethod", i.ProofingMethod)
	m.instant("proofedAt", i.ProofedAt)
	b.text("did", i.Holder)
	b.instant("boundAt", i.KeyBoundAt)
	b.text("method", i.KeyMethod)
	m["holderKeyBinding"] = b.plain()
	return i.draft(TypeIdentityAnchor, m)
}

var identityFields = []field{
	{"id", must, anything},
	{"identityProofingLevel", must, word(identityLevels)},
	{"proofingMethod", must, word(proofingMethods)},
	{"proofedAt", must, instant},
	{"holderKeyBinding", must, node("T01", []field{
		{"did", must, form(didForm.MatchString, didForm.String(), "T01", "a DID")},
		{"boundAt", must, instant},
		{"method", must, word(bindingMethods)},
	})},
}

func identityCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	p, _ := s["person"].(map[string]any)
	_, date := p["birthDate"]
	_, year := p["birthYear"]
	if !date && !year {
		c.fail(CodeMissing, ptr+"/person/birthYear", "T01", "birthYear or birthDate is required")
	}
	b, _ := s["holderKeyBinding"].(map[string]any)
	if did, ok := b["did"].(string); ok && did != s["id"] {
		c.fail(CodeContradicts, ptr+"/holderKeyBinding/did", "T01", "the holder's DID, as in id")
	}
	c.known(ptr, "T01", s, "proofedAt")
}
