// Package licensure knows the credentials of a physician's education and licence:
// which members they carry, which words and dates are allowed in them, and what
// must never stand in one.
//
// # State: draft
//
// Three of the domain's types are here, with the context that defines their terms:
//
//	T02  MedicalDegreeCredential     a degree, from a school (static)
//	T06  GraduateTrainingCredential  residency or fellowship, from a programme (static)
//	T07  LicenceCredential           a licence, from a state board (dynamic)
//
// and CertificateCredential for a school with a plain roster. The namespace is
// [Namespace]; its "draft" says that terms may still change until board orders are built.
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
// Build one from [Degree], [Training], [Licence] or [Certificate], or write the JSON and
// let [CheckDraft] judge it; both go through the same rules. Members that these rules do
// not name are left to JSON-LD, where a term that no context defines is an error.
//
// # Legal status
//
// The legal status inside a licence is as of its issue and decides nothing later; see
// [LegalStatus].
package licensure
