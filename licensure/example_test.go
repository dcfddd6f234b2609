package licensure_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A board writes the draft of a licence.
func ExampleLicence_Draft() {
	issued := time.Date(2026, time.July, 1, 8, 0, 0, 0, time.UTC)
	licence := licensure.Licence{
		Envelope: licensure.Envelope{
			Title:      "Licence to practise medicine",
			Holder:     "did:key:z6MkvHvfGJ4uVyATg3Gitk7kMoRT9o9eGJWfyWzG6eJtvAwr",
			Person:     licensure.Person{FamilyName: "Kelhart", GivenName: "Norben", NPI: "9000000015"},
			ValidFrom:  issued,
			ValidUntil: time.Date(2027, time.June, 1, 12, 0, 0, 0, time.UTC),
			Evidence: []licensure.Evidence{{
				Source: "Quillhaven Board of Medicine", Method: licensure.DirectFromSource,
				VerifiedAt: issued, VerifierRole: "licensing officer",
			}},
			Confidence: licensure.Primary,
			Synthetic:  true, // a made-up physician, so X17 and an NPI that starts with 9
		},
		Jurisdiction: "X17", Board: "Quillhaven Board of Medicine",
		LicenceType: licensure.FullLicence, Number: "L0509726",
		FirstIssued: "1994-02-14", CurrentTermStart: "2025-06-01", Expires: "2027-05-31",
		LegalStatus: new(licensure.Active), Full: true, Unrestricted: true,
		Basis: licensure.Endorsement, RenewalCycleMonths: 24,
	}
	draft, err := licence.Draft()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(draft["type"], draft["validUntil"])
	// Output: [LicenceCredential] 2027-06-01T12:00:00Z
}

// A clerk's draft has two faults; each says where and by which rule.
func ExampleCheckDraft() {
	draft := map[string]any{
		"type":      "CertificateCredential",
		"name":      "Certificate of completion",
		"validFrom": "2026-07-01",
		"credentialSubject": map[string]any{
			"person":    map[string]any{"familyName": "Kelhart", "givenName": "Norben"},
			"programme": "Basic life support",
			"awardedOn": "2026-06-30",
		},
		"evidence": map[string]any{
			"type": "SourceVerification", "source": "Examination office", "method": "direct-from-source",
			"verifiedAt": "2026-06-30T16:00:00Z", "verifierRole": "examiner",
		},
		"confidenceClass": "primary",
	}
	var refused *licensure.DraftError
	if errors.As(licensure.CheckDraft(draft), &refused) {
		for _, fault := range refused.Faults {
			fmt.Println(fault)
		}
	}
	// Output:
	// date-malformed at "/validFrom" (J14): an instant YYYY-MM-DDThh:mm:ssZ
	// member-missing at "/credentialSubject/award" (ENV): required
}
