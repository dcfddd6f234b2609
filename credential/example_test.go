package credential_test

import (
	"fmt"

	"github.com/certanchor/certanchor/credential"
)

func ExampleParse() {
	c, err := credential.Parse([]byte(`{
		"@context": ["https://www.w3.org/ns/credentials/v2"],
		"id": "urn:uuid:4f5f0100-ccbf-4ca9-9cfc-4f5fc3052d28",
		"type": ["VerifiableCredential"],
		"issuer": {"id": "https://board.example/issuer.json", "name": "State Board of Medicine"},
		"validUntil": "2028-06-30T23:59:59Z",
		"credentialSubject": {"id": "did:example:holder"},
		"proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, until, err := c.Validity()
	fmt.Println(c.Version(), "by", c.Issuer())
	fmt.Println("until", until.Early, err)
	fmt.Println(c.Proofs()[0].Suite, "at", c.Proofs()[0].Path)
	// Output:
	// vc-2.0 by https://board.example/issuer.json
	// until 2028-06-30 23:59:59 +0000 UTC <nil>
	// eddsa-rdfc-2022 at /proof
}

func ExampleParseMoment() {
	m, _ := credential.ParseMoment("2016-08-28", credential.Blockcerts2)
	fmt.Println(m.Loose, m.Early, m.Late)
	_, err := credential.ParseMoment("2016-08-28", credential.VC2)
	fmt.Println(err)
	// Output:
	// true 2016-08-27 10:00:00 +0000 UTC 2016-08-29 11:59:59 +0000 UTC
	// credential: malformed-date at : "2016-08-28" is not a time with zone, such as 2026-06-30T23:59:59Z
}
