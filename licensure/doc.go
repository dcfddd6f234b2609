// Package licensure knows the credentials of a physician's education and licence:
// which members they carry, which words and dates are allowed in them, and what
// must never stand in one.
//
// # Types
//
// The domain's credential types, with the one context that defines their terms ([Context])
// and a JSON Schema for each ([Schema]):
//
//	T01  IdentityAnchorCredential         who somebody is, names before, the holder's key
//	T02  MedicalDegreeCredential          a degree, from a school
//	T03  MedicalTranscriptCredential      courses and clerkships: an education record
//	T04  ExamHistoryCredential            attempts at a licensing examination
//	T05  ForeignGraduateCertification     a graduate of a school abroad
//	T06  GraduateTrainingCredential       residency or fellowship, from a programme
//	T07  LicenceCredential                a licence, from a state board (dynamic)
//	T08  BoardOrderCredential             an act of a board about one licence
//	T09  BoardActionHistory               what a federation knows of orders (dynamic)
//	T10  SpecialtyCertification           a specialty board's certificate (dynamic)
//	T11  ControlledSubstanceRegistration  (dynamic)
//	T12  LetterOfQualification            the compact's letter (dynamic)
//	T13  CredentialsProfile               a bundle; each item verifies on its own
//	T14  PrivilegesOrAffiliation          a place at a hospital (dynamic)
//	T15  VerificationStatement            what a verifier found
//	T16  ConsentReceipt                   a holder's consent to pass on records
//	T17  DelegationCredential             another may issue named types (dynamic)
//
// RegistrySnapshot, by which an issuer commits to its lists and its record in each anchored
// batch (ST-6), and CertificateCredential for a school with a plain roster. A dynamic fact needs fresh
// status; its document has an end.
//
// # Drafts
//
// A draft is a JSON object as internal/strictjson yields it (map[string]any, []any,
// string, json.Number, bool): a W3C Verifiable Credential 2.0 without what its issuer
// fills in. The issuer adds @context, id, salt, credentialStatus and proof, sets or
// compares issuer, and puts VerifiableCredential and BlockcertsCredential before the types:
//
//	{
//	  "type": ["LicenceCredential"],
//	  "name": "Licence to practise medicine",
//	  "validFrom": "2026-07-01T00:00:00Z",
//	  "validUntil": "2027-07-01T12:00:00Z",
//	  "credentialSubject": {
//	    "id": "did:key:z6Mk…",
//	    "person": {"familyName": "…", "givenName": "…"},
//	    "jurisdiction": "US-WY", …
//	  },
//	  "evidence": [{"type": ["SourceVerification"], …}],
//	  "confidenceClass": "primary"
//	}
//
// Build one from [Degree], [Licence], [BoardOrder] and so on, or write the JSON and let
// [CheckDraft] judge it; both go through the same rules. Members that these rules do
// not name are left to JSON-LD, where a term that no context defines is an error.
//
// # Decisions
//
// Everything here is a function of its arguments: no clock, file or network.
//
//	record      [Log], [Fold]             orders and terms, and the status they add up to
//	lists       [Ledger]                  four-bit status lists made from the fold
//	compact     [CompactRules]            eligibility, principal state, letters, cascade
//	trust list  [TrustList], [AcceptTrustList]  who may issue what where, and how that changes
//	policy      [Policy]                  what a set of credentials is worth to a hospital
//	transfer    [Transfer]                a licence on verified papers of others
//
// Package evidencefile keeps the decision that a policy leads to.
//
// # Legal status
//
// The legal status inside a licence is as of its issue and decides nothing later; see
// [LegalStatus].
package licensure
