package cryptosuite

import (
	"maps"
	"testing"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
)

const corpus = "conformance/blockcerts/"

// signedSamples are the documents of the Blockcerts corpus with a signature that must
// hold, and the file with the signer's keys where it is no did:key.
var signedSamples = []struct{ file, keys, suite string }{
	{"certificates/v3--testnet-v3-verification-method-issuer-profile.json", "resources/issuer-blockcerts-org-v3.2-signed.json", EcdsaSecp256k1Signature2019},
	{"certificates/v3--mocknet-v3-valid.json", "resources/issuer-hyland-secp256k1.json", EcdsaSecp256k1Signature2019},
	{"certificates/v3--example-non-chained-proofs.json", "", EcdsaSecp256k1Signature2019},
	{"certificates/v3--proof-chain-example-secp256k1.json", "", EcdsaSecp256k1Signature2019},
	{"resources/status-list-2021-revocation.json", "", EcdsaSecp256k1Signature2019},
	{"resources/status-list-2021-suspension.json", "", EcdsaSecp256k1Signature2019},
	{"certificates/v3--vp-eddsa-rdfc-2022.json", "", EddsaRdfc2022},
	{"resources/issuer-blockcerts-org-v3.2-signed.json", "resources/issuer-blockcerts-org-v3.2-signed.json", Ed25519Signature2020},
}

// sample reads a document of the corpus, a profile as such.
func sample(t testing.TB, file string) *credential.Credential {
	t.Helper()
	raw := conformance.Read(t, corpus+file)
	if c, err := credential.Parse(raw); err == nil {
		return c
	}
	c, err := credential.ParseProfile(raw)
	if err != nil {
		t.Fatal(file, err)
	}
	return c
}

// sampleKey finds the key of a proof in the file with the signer's keys.
func sampleKey(t testing.TB, file string, p *credential.Proof) *did.Key {
	t.Helper()
	if file == "" {
		return keyOf(t, p)
	}
	d, err := did.Parse(conformance.Read(t, corpus+file))
	if err != nil {
		t.Fatal(err)
	}
	k, ok := d.Key(p.VerificationMethod)
	if !ok {
		t.Fatalf("%s has no key %s", file, p.VerificationMethod)
	}
	return k
}

// TestBlockcertsSignatures checks every signature of the corpus, and that each member
// of its proof and document is signed.
func TestBlockcertsSignatures(t *testing.T) {
	contexts := testContexts(t)
	total := 0
	for _, s := range signedSamples {
		t.Run(s.file, func(t *testing.T) {
			c := sample(t, s.file)
			o := jsonld.Options{Contexts: contexts, Mode: c.Mode()}
			total += verifyAll(t, c, o, func(p *credential.Proof) *did.Key { return sampleKey(t, s.keys, p) })
			p := c.Proofs()[0]
			if p.Suite != s.suite {
				t.Errorf("suite %s", p.Suite)
			}
			key := sampleKey(t, s.keys, &p)
			for name, value := range map[string]any{"created": "2020-01-01T00:00:00Z", "verificationMethod": "did:example:other#key",
				"proofPurpose": "capabilityDelegation", "domain": "elsewhere.example", "challenge": "another"} {
				bent := p
				bent.Object = maps.Clone(p.Object)
				bent.Object[name] = value
				err := Verify(c.Covered(0), &bent, key, o)
				wantCode(t, name+" edited", err, CodeSignature)
			}
			doc := maps.Clone(c.Covered(0))
			doc["id"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
			wantCode(t, "id edited", Verify(doc, &p, key, o), CodeSignature)
		})
	}
	if total != 8 {
		t.Errorf("%d signatures, want 8", total)
	}
}

// TestUnsupportedSuites: a suite we cannot judge is never skipped and never held
// against the document.
func TestUnsupportedSuites(t *testing.T) {
	c := sample(t, "certificates/v3--ecdsa-sd-2023-signed-credential.json")
	p := c.Proofs()[0]
	key := sampleKey(t, "resources/issuer-blockcerts-org-v3.2-signed.json", &p)
	o := jsonld.Options{Contexts: testContexts(t), Mode: c.Mode()}
	wantCode(t, "ecdsa-sd-2023", Verify(c.Covered(0), &p, key, o), CodeUnsupported)
	for _, s := range []struct{ typ, suite string }{
		{credential.DataIntegrityProof, "bbs-2023"},
		{credential.DataIntegrityProof, "eddsa-jcs-2022"},
		{credential.DataIntegrityProof, "ecdsa-jcs-2019"},
		{credential.DataIntegrityProof, "EDDSA-RDFC-2022"},
		{credential.DataIntegrityProof, Ed25519Signature2020},        // the name of one dress in another
		{credential.DataIntegrityProof, EcdsaSecp256k1Signature2019}, // the same
		{EddsaRdfc2022, EddsaRdfc2022},
		{EcdsaRdfc2019, EcdsaRdfc2019},
		{"JsonWebSignature2020", "JsonWebSignature2020"},
		{"Ed25519Signature2018", "Ed25519Signature2018"},
		{"BbsBlsSignature2020", "BbsBlsSignature2020"},
		{"RsaSignature2018", "RsaSignature2018"},
		{"ChainedProof2021", "ChainedProof2021"},
		{"", ""},
	} {
		p.Type, p.Suite = s.typ, s.suite
		wantCode(t, s.typ+" "+s.suite, Verify(c.Covered(0), &p, key, o), CodeUnsupported)
	}
}
