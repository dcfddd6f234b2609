package did_test

import (
	"fmt"

	"github.com/certanchor/certanchor/did"
)

func ExampleParse() {
	d, err := did.Parse([]byte(`{
		"id": "https://board.example/issuer.json",
		"name": "State Board of Medicine",
		"publicKey": [{"id": "ecdsa-koblitz-pubkey:1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo", "created": "2018-02-07T21:37:03Z"}],
		"verificationMethod": [
			{"id": "#signing-1", "type": "Multikey", "publicKeyMultibase": "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"},
			{"id": "#signing-2", "type": "SomethingNew2031"}],
		"assertionMethod": ["#signing-1"]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	key, _ := d.Key("https://board.example/issuer.json#signing-1")
	fmt.Println(key.May(did.AssertionMethod), key.May(did.Authentication))
	fmt.Println(d.Addresses[0].Address, "since", d.Addresses[0].Created.Format("2006-01-02"))
	fmt.Println(d.Skipped["https://board.example/issuer.json#signing-2"])
	// Output:
	// true false
	// 1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo since 2018-02-07
	// did: unsupported-key-type at /type: "SomethingNew2031"
}

func ExampleResolve() {
	d, err := did.Resolve("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
	fmt.Println(d.Keys[0].ID, err)
	_, err = did.Resolve("did:web:board.example")
	fmt.Println(err)
	// Output:
	// did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp#z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp <nil>
	// did: unsupported-did-method at did:web:board.example: only did:key and did:jwk can be computed
}
