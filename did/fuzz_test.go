package did_test

import (
	"testing"

	"github.com/certanchor/certanchor/did"
)

// FuzzParse: no input makes Parse panic, and what it reads can be written again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"id":"did:example:a","verificationMethod":[{"id":"#1","type":"Multikey","controller":"did:example:a","publicKeyMultibase":"` + sampleKey + `","created":"2020-01-01"}],"assertionMethod":["#1"],"authentication":[{"id":"#2","type":"JsonWebKey2020","publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"R91kQ2HOJBqr1uyCU9-ma8IySvB6upk132JBPpGBqeI"}}]}`,
		`{"id":"https://i.example/p.json","type":"Profile","publicKey":[{"id":"ecdsa-koblitz-pubkey:1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo","created":"2018-02-07T21:37:03.667+00:00"}]}`,
		`{"issuer_key":[{"date":"2016-08-28","key":"1Q"}],"revocation_key":[]}`,
		`{"id":"a:b","publicKeys":[{"publicKey":"ecdsa-koblitz-pubkey:m","created":1472394897,"revoked":"x"}],"service":{"serviceEndpoint":{"uri":"u"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := did.Parse(data)
		if (d == nil) != (err != nil) {
			t.Fatalf("document %v and error %v", d, err)
		}
		if err != nil {
			return
		}
		for _, k := range d.Keys {
			if _, err := did.Multikey(k.Public); err != nil {
				t.Fatalf("%s: %v", k.ID, err)
			}
			if found, ok := d.Key(k.ID); !ok || found.ID != k.ID {
				t.Fatalf("%s is not found", k.ID)
			}
		}
	})
}

// FuzzParseMultikey: a key that is read is on its curve and has one form in base58.
func FuzzParseMultikey(f *testing.F) {
	for _, s := range []string{sampleKey, "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
		"zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv", "z82LkuBieyGShVBhvtE2zoiD6Kma4tJGFtkAhxR5pfkp5QPw4LutoYWhvQCnGjdVn14kujQ", "u7QE", "z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := did.ParseMultikey(text)
		if err != nil {
			return
		}
		back, err := did.Multikey(k)
		if err != nil {
			t.Fatalf("%q is read and not written: %v", text, err)
		}
		if text[0] == 'z' && back != text {
			t.Fatalf("%q comes back as %q", text, back)
		}
	})
}

// FuzzResolve: a DID that is computed has itself as id.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"did:key:" + sampleKey, "did:key:" + sampleKey + "#x", "did:jwk:eyJrdHkiOiJPS1AifQ", "did:web:a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		d, err := did.Resolve(id)
		if err == nil && (len(id) < len(d.ID) || id[:len(d.ID)] != d.ID) {
			t.Fatalf("%q resolves to %q", id, d.ID)
		}
	})
}
