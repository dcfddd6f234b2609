package licensure

import (
	"fmt"
	"time"
)

// A Consent is a holder's signed consent to pass on education records (T16). It states the
// three things the law asks for: the records, the purpose, and who receives them.
type Consent struct {
	Envelope       // Holder is required; no person is asked for
	Records        []ConsentRecord
	Purpose        string
	RecipientParty string // exactly one of RecipientParty and RecipientClass
	RecipientClass string
	SignedAt       time.Time
	Expires        Date
	Revocable      bool
}

// A ConsentRecord names a credential, or with an empty ID all of a type.
type ConsentRecord struct{ Type, ID string }

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (k Consent) Validate() error {
	_, err := k.Draft()
	return err
}

// Draft returns k as a draft that [CheckDraft] accepts.
func (k Consent) Draft() (map[string]any, error) {
	m := object{"revocable": k.Revocable}
	m.list("consentRecords", len(k.Records), func(i int) any {
		n := object{}
		n.text("credentialType", k.Records[i].Type)
		n.text("recordId", k.Records[i].ID)
		return n.plain()
	})
	m.text("purpose", k.Purpose)
	m.text("recipientParty", k.RecipientParty)
	m.text("recipientClass", k.RecipientClass)
	m.instant("signedAt", k.SignedAt)
	m.text("expiresOn", string(k.Expires))
	return k.draft(TypeConsentReceipt, m)
}

var consentFields = []field{
	{"id", must, anything},
	{"consentRecords", must, list(node("T16", []field{
		{"credentialType", must, ourType},
		{"recordId", may, iri},
	}))},
	{"purpose", must, shortText},
	{"recipientParty", may, shortText},
	{"recipientClass", may, shortText},
	{"signedAt", must, instant},
	{"expiresOn", must, civil},
	{"revocable", must, boolean},
}

func consentCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.oneOf(ptr, "T16", s, "recipientParty", "recipientClass")
	c.known(ptr, "T16", s, "signedAt")
}

// A Disclosure is the passing on of one credential.
type Disclosure struct {
	Type      string // of the credential
	ID        string // of the credential; empty before it has one
	Subject   string // the student's DID
	Detailed  bool   // a degree with more than directory facts ([BeyondDirectory])
	Party     string // who receives it
	Class     string // the class of recipients that the party belongs to
	Purpose   string
	ToStudent bool // it goes to the student alone
}

// BeyondDirectory reports whether the subject of a degree says more than a school's
// directory does: honours, leaves or adverse actions.
func BeyondDirectory(subject map[string]any) bool {
	for _, name := range []string{"honours", "leavesOfAbsence", "adverseActions"} {
		if _, ok := subject[name]; ok {
			return true
		}
	}
	return false
}

// CheckConsent refuses to pass on an education record (a transcript, or a degree with more
// than directory facts) to anybody but the student without a consent that names the record,
// the purpose and the recipient, and is good at that moment (PR-9). The consents must have
// been verified, each as signed by its holder. Other credentials pass. The error is a
// [*RuleError].
func CheckConsent(d Disclosure, consents []Consent, at time.Time) error {
	if d.ToStudent || d.Type != TypeMedicalTranscript && !(d.Type == TypeMedicalDegree && d.Detailed) {
		return nil
	}
	for _, k := range consents {
		if k.covers(d, at) {
			return nil
		}
	}
	return &RuleError{Rule: "PR-9", Detail: fmt.Sprintf("%s goes to others than the student only with a consent that names records, purpose and recipient, and is in force", d.Type)}
}

func (k Consent) covers(d Disclosure, at time.Time) bool {
	if k.Holder == "" || k.Holder != d.Subject || k.Purpose != d.Purpose || k.SignedAt.IsZero() || k.SignedAt.After(at) {
		return false
	}
	if last, ok := parseCivil(string(k.Expires)); !ok || !at.Before(last.AddDate(0, 0, 1)) {
		return false
	}
	party := k.RecipientParty != "" && k.RecipientParty == d.Party
	class := k.RecipientClass != "" && k.RecipientClass == d.Class
	if !party && !class {
		return false
	}
	for _, r := range k.Records {
		if r.Type == d.Type && (r.ID == "" || r.ID == d.ID) {
			return true
		}
	}
	return false
}
