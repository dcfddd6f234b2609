package licensure

// A Certification is a certificate of a specialty board (T10).
type Certification struct {
	Envelope
	Board                   string
	Family                  string // ABMS or AOA-BOS
	Kind                    string // general or sub
	Specialty               string
	Taxonomy                string // NUCC code
	Initial                 Date
	Status                  string // certified, not-certified, expired, revoked or surrendered
	TimeUnlimited           bool   // exactly one of TimeUnlimited and Expires
	Expires                 Date
	ContinuingCertification string // required-meeting, required-not-meeting or not-required
	ClinicallyActive        *bool  // optional
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (k Certification) Validate() error {
	_, err := k.Draft()
	return err
}

// Draft returns k as a draft that [CheckDraft] accepts.
func (k Certification) Draft() (map[string]any, error) {
	m := object{"timeUnlimited": k.TimeUnlimited}
	m.text("board", k.Board)
	m.text("boardFamily", k.Family)
	m.text("certificateKind", k.Kind)
	m.text("specialty", k.Specialty)
	m.text("specialtyTaxonomy", k.Taxonomy)
	m.text("initialDate", string(k.Initial))
	m.text("certificationStatus", k.Status)
	m.text("expiresOn", string(k.Expires))
	m.text("continuingCertification", k.ContinuingCertification)
	if k.ClinicallyActive != nil {
		m["clinicallyActive"] = *k.ClinicallyActive
	}
	return k.draft(TypeSpecialtyCertification, m)
}

var certificationFields = []field{
	{"board", must, shortText},
	{"boardFamily", must, word(boardFamilies)},
	{"certificateKind", must, word(certificateKind)},
	{"specialty", must, shortText},
	{"specialtyTaxonomy", must, taxonomy},
	{"initialDate", must, civil},
	{"certificationStatus", must, word(certStatuses)},
	{"timeUnlimited", must, boolean},
	{"expiresOn", weighs, civil},
	{"continuingCertification", must, word(continuing)},
	{"clinicallyActive", weighs, boolean},
}

func certificationCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T10", s, "initialDate")
	c.order(ptr, "T10", s, "initialDate", "expiresOn")
	_, ends := s["expiresOn"]
	switch {
	case s["timeUnlimited"] == true && ends:
		c.fail(CodeContradicts, ptr+"/expiresOn", "T10", "not with timeUnlimited")
	case s["timeUnlimited"] == false && !ends:
		c.fail(CodeMissing, ptr+"/expiresOn", "T10", "required unless timeUnlimited")
	}
	if s["certificationStatus"] == "expired" && s["timeUnlimited"] == true {
		c.fail(CodeContradicts, ptr+"/certificationStatus", "T10", "a time-unlimited certificate does not expire")
	}
}
