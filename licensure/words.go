package licensure

// Types of credential beyond education and licence, in the order of the domain design.
const (
	TypeIdentityAnchor         = "IdentityAnchorCredential"        // T01
	TypeMedicalTranscript      = "MedicalTranscriptCredential"     // T03
	TypeExamHistory            = "ExamHistoryCredential"           // T04
	TypeForeignGraduate        = "ForeignGraduateCertification"    // T05
	TypeBoardOrder             = "BoardOrderCredential"            // T08
	TypeBoardActionHistory     = "BoardActionHistory"              // T09
	TypeSpecialtyCertification = "SpecialtyCertification"          // T10
	TypeControlledSubstance    = "ControlledSubstanceRegistration" // T11
	TypeLetterOfQualification  = "LetterOfQualification"           // T12
	TypeCredentialsProfile     = "CredentialsProfile"              // T13
	TypeAffiliation            = "PrivilegesOrAffiliation"         // T14
	TypeVerificationStatement  = "VerificationStatement"           // T15
	TypeConsentReceipt         = "ConsentReceipt"                  // T16
	TypeDelegation             = "DelegationCredential"            // T17
	TypeRegistrySnapshot       = "RegistrySnapshot"                // ST-6
)

// An ExamProgram is a series of licensing examinations.
type ExamProgram string

// Examination programmes.
const (
	USMLE  ExamProgram = "USMLE"
	COMLEX ExamProgram = "COMLEX-USA"
	LMCC   ExamProgram = "LMCC"
	FLEX   ExamProgram = "FLEX"
	NBME   ExamProgram = "NBME"
	NBOME  ExamProgram = "NBOME"
	SPEX   ExamProgram = "SPEX"
)

// An ExamOutcome is how one attempt ended.
type ExamOutcome string

// Outcomes of an attempt.
const (
	ExamPass       ExamOutcome = "pass"
	ExamFail       ExamOutcome = "fail"
	ExamIncomplete ExamOutcome = "incomplete"
	ExamAnnulled   ExamOutcome = "annulled"
	ExamWithheld   ExamOutcome = "withheld"
)

// An Action is what a board order does (domain design, section 6.3; the second block is
// ours: acts that change the state of a licence and are no discipline).
type Action string

// Actions of an order.
const (
	Revocation             Action = "revocation"
	SurrenderInLieu        Action = "surrender-in-lieu"
	Suspension             Action = "suspension"
	SummarySuspension      Action = "summary-suspension"
	ProbationOrder         Action = "probation"
	Restriction            Action = "restriction"
	ConditionAdded         Action = "condition-added"
	ConditionRemoved       Action = "condition-removed"
	Reprimand              Action = "reprimand"
	Fine                   Action = "fine"
	CMEOrdered             Action = "CME-ordered"
	Denial                 Action = "denial"
	CeaseAndDesist         Action = "cease-and-desist"
	Reinstatement          Action = "reinstatement"
	TerminationOfProbation Action = "termination-of-probation"
	Modification           Action = "modification"
	Vacated                Action = "vacated"
	FeeLapse               Action = "administrative-fee-lapse"

	Grant         Action = "grant"          // pending becomes active
	ReApplication Action = "re-application" // revoked or surrendered becomes pending
	LateRenewal   Action = "late-renewal"   // ends a lapse
	Inactivation  Action = "inactivation"   // at the physician's wish
	Reactivation  Action = "reactivation"
	Retirement    Action = "retirement"
	DeathRecorded Action = "death-recorded"
)

// An Origin says whose act an order is.
type Origin string

// Origins of an order.
const (
	FromBoard     Origin = "board-order"
	FromCompact   Origin = "compact-automatic"
	FromCourt     Origin = "court"
	FromAgreement Origin = "consent-agreement"
)

// Basis codes of an order, after the families of the national data bank, as our own words.
// BasisSealed stands for impairment and health programmes, of which no text is told.
const (
	BasisCompetence           = "competence"
	BasisControlledSubstances = "controlled-substances"
	BasisCriminal             = "criminal-conviction"
	BasisFraud                = "fraud"
	BasisSexualMisconduct     = "sexual-misconduct"
	BasisRecordKeeping        = "record-keeping"
	BasisOtherJurisdiction    = "other-jurisdiction-action"
	BasisNonPayment           = "non-payment"
	BasisSealed               = "sealed"
)

// A CriterionResult is the answer to one rule. Its zero value is no answer.
type CriterionResult string

// Results of a rule.
const (
	Met          CriterionResult = "met"
	NotMet       CriterionResult = "not-met"
	UnknownState CriterionResult = "unknown"
)

// A Determination is the answer to all rules of the compact.
type Determination string

// Determinations. Only Eligible and NotEligible stand in a letter.
const (
	Eligible     Determination = "eligible"
	NotEligible  Determination = "not-eligible"
	Undetermined Determination = "undetermined"
)

// An SPLBasis is why a state may be the state of principal licence (CS-1, CS-2).
type SPLBasis string

// Bases of a state of principal licence.
const (
	SPLResidence SPLBasis = "residence"
	SPLPractice  SPLBasis = "practice-25"
	SPLEmployer  SPLBasis = "employer"
	SPLTax       SPLBasis = "tax-residence"
)

// typeNames are all our types, in the order of the domain design.
var typeNames = []string{TypeIdentityAnchor, TypeMedicalDegree, TypeMedicalTranscript, TypeExamHistory, TypeForeignGraduate,
	TypeGraduateTraining, TypeLicence, TypeBoardOrder, TypeBoardActionHistory, TypeSpecialtyCertification,
	TypeControlledSubstance, TypeLetterOfQualification, TypeCredentialsProfile, TypeAffiliation, TypeVerificationStatement,
	TypeConsentReceipt, TypeDelegation, TypeRegistrySnapshot, TypeCertificate}

var (
	identityLevels  = []string{"IAL1", "IAL2", "IAL3"}
	proofingMethods = []string{"in-person", "supervised-remote", "remote", "notarised"}
	bindingMethods  = []string{"signed-challenge", "in-person"}

	examPrograms = words(USMLE, COMLEX, LMCC, FLEX, NBME, NBOME, SPEX)
	examOutcomes = words(ExamPass, ExamFail, ExamIncomplete, ExamAnnulled, ExamWithheld)

	foreignRequirements = []string{"degree-verified", "exam", "english"}

	actions = words(Revocation, SurrenderInLieu, Suspension, SummarySuspension, ProbationOrder, Restriction, ConditionAdded,
		ConditionRemoved, Reprimand, Fine, CMEOrdered, Denial, CeaseAndDesist, Reinstatement, TerminationOfProbation,
		Modification, Vacated, FeeLapse, Grant, ReApplication, LateRenewal, Inactivation, Reactivation, Retirement, DeathRecorded)
	origins    = words(FromBoard, FromCompact, FromCourt, FromAgreement)
	basisCodes = []string{BasisCompetence, BasisControlledSubstances, BasisCriminal, BasisFraud, BasisSexualMisconduct,
		BasisRecordKeeping, BasisOtherJurisdiction, BasisNonPayment, BasisSealed}

	boardFamilies   = []string{"ABMS", "AOA-BOS"}
	certificateKind = []string{"general", "sub"}
	certStatuses    = []string{"certified", "not-certified", "expired", "revoked", "surrendered"}
	continuing      = []string{"required-meeting", "required-not-meeting", "not-required"}

	schedules     = []string{"I", "II", "IIN", "III", "IIIN", "IV", "V"}
	regStatuses   = []string{"active", "expired", "retired", "suspended", "revoked", "surrendered"}
	splBases      = words(SPLResidence, SPLPractice, SPLEmployer, SPLTax)
	determined    = words(Eligible, NotEligible)
	criterionWord = words(Met, NotMet, UnknownState)

	affiliationStandings = []string{"active", "provisional", "leave", "ended"}
	capacities           = words(PrimarySource, EquivalentSource, SourceAgent)
)
