package licensure

import "slices"

// Types of credential. A draft has exactly one of them.
const (
	TypeMedicalDegree    = "MedicalDegreeCredential"    // T02
	TypeGraduateTraining = "GraduateTrainingCredential" // T06
	TypeLicence          = "LicenceCredential"          // T07
	TypeCertificate      = "CertificateCredential"      // any other school certificate
)

// Types of nodes inside a credential. VC Data Model 2.0, section 4.4, asks for a type on
// evidence and termsOfUse.
const (
	TypeSourceVerification = "SourceVerification"
	TypeSharingTerms       = "SharingTerms"
)

// A ConfidenceClass says on whose word a credential stands.
type ConfidenceClass string

// Confidence classes. A verifier never counts Attested as verified.
const (
	Primary  ConfidenceClass = "primary"  // the issuer is the source of the fact
	Derived  ConfidenceClass = "derived"  // the issuer verified it with the source
	Attested ConfidenceClass = "attested" // stated by the subject
)

// A Method says how an issuer knew a fact.
type Method string

// Methods of verification.
const (
	DirectFromSource     Method = "direct-from-source"
	SecureElectronic     Method = "secure-electronic"
	DesignatedEquivalent Method = "designated-equivalent"
	AgentOfSource        Method = "agent-of-source"
	PaperNotarised       Method = "paper-notarised"
	SelfAttested         Method = "self-attested"
)

// An Accreditor of a school or of a training programme; which values are allowed where
// differs.
type Accreditor string

// Accreditors of schools (T02) and of programmes (T06). AccreditorNone is allowed for
// both: such a degree or training is a fact, though no compact licence can rest on it.
const (
	LCME           Accreditor = "LCME"
	COCA           Accreditor = "COCA"
	WDOMS          Accreditor = "WDOMS" // listed in the world directory
	ACGME          Accreditor = "ACGME"
	AOA            Accreditor = "AOA"
	RCPSC          Accreditor = "RCPSC"
	CFPC           Accreditor = "CFPC"
	AccreditorNone Accreditor = "none"
)

// A DegreeKind is the medical degree conferred.
type DegreeKind string

// Medical degrees, codes as in HL7 v2 table 0360 where it has them.
const (
	MD           DegreeKind = "MD"
	DO           DegreeKind = "DO"
	MBBS         DegreeKind = "MBBS"
	MBChB        DegreeKind = "MBChB"
	MDEquivalent DegreeKind = "MD-equivalent"
)

// A TrainingLevel is the level of a period of graduate training.
type TrainingLevel string

// Training levels. A transitional or rotating internship does not count as training that
// leads to board eligibility (CE-3).
const (
	InternshipTransitional TrainingLevel = "internship-transitional"
	InternshipRotating     TrainingLevel = "internship-rotating"
	Residency              TrainingLevel = "residency"
	Fellowship             TrainingLevel = "fellowship"
)

// Circumstances says whether a period of training had leave, probation or discipline. The
// note itself never stands in a credential.
type Circumstances string

// Values of Circumstances.
const (
	CircumstancesNone   Circumstances = "none"
	CircumstancesSealed Circumstances = "sealed"
)

// A LicenceType is the kind of permission a board gave.
type LicenceType string

// Licence types (domain design, section 6.2).
const (
	FullLicence      LicenceType = "full"
	TrainingLicence  LicenceType = "training/resident"
	LimitedLicence   LicenceType = "limited/institutional"
	Administrative   LicenceType = "administrative"
	Telehealth       LicenceType = "telehealth-registration"
	Volunteer        LicenceType = "volunteer"
	EmergencyLicence LicenceType = "emergency"
	ShortTerm        LicenceType = "camp/short-term"
	CompactExpedited LicenceType = "compact-expedited" // a full licence whose basis is BasisCompact
)

// A Basis is the way a licence was obtained.
type Basis string

// Bases of a licence.
const (
	Examination    Basis = "examination"
	Endorsement    Basis = "endorsement"
	BasisCompact   Basis = "compact-expedited"
	Reciprocity    Basis = "reciprocity"
	BasisEmergency Basis = "emergency"
)

// words returns a vocabulary as plain strings.
func words[W ~string](ws ...W) []string {
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = string(w)
	}
	return slices.Clip(out)
}

var (
	confidenceClasses   = words(Primary, Derived, Attested)
	methods             = words(DirectFromSource, SecureElectronic, DesignatedEquivalent, AgentOfSource, PaperNotarised, SelfAttested)
	schoolAccreditors   = words(LCME, COCA, WDOMS, AccreditorNone)
	trainingAccreditors = words(ACGME, AOA, RCPSC, CFPC, AccreditorNone)
	degreeKinds         = words(MD, DO, MBBS, MBChB, MDEquivalent)
	trainingLevels      = words(InternshipTransitional, InternshipRotating, Residency, Fellowship)
	circumstances       = words(CircumstancesNone, CircumstancesSealed)
	licenceTypes        = words(FullLicence, TrainingLicence, LimitedLicence, Administrative, Telehealth, Volunteer,
		EmergencyLicence, ShortTerm, CompactExpedited)
	bases = words(Examination, Endorsement, BasisCompact, Reciprocity, BasisEmergency)
)
