package cryptosuite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/hex"
	"maps"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// A vector is a folder of the recommendations' test vectors: the same steps under
// names that end in suffix.
type vector struct {
	folder, suffix, signed string
	hash                   hashFunc
}

var rdfcVectors = []vector{
	{"vc-di-eddsa/eddsa-rdfc-2022/", "DataInt", "signedDataInt.json", sha256Sum},
	{"vc-di-eddsa/Ed25519Signature2020/", "EdSig", "signedEdSig.json", sha256Sum},
	{"vc-di-ecdsa/ecdsa-rdfc-2019-p256/", "ECDSAP256", "signedECDSAP256.json", sha256Sum},
	{"vc-di-ecdsa/ecdsa-rdfc-2019-p384/", "ECDSAP384", "signedECDSAP384.json", sha384Sum},
}

// TestVectors follows the W3C vectors step by step: both canonical forms, both hashes,
// and the signature in its text form.
func TestVectors(t *testing.T) {
	contexts := testContexts(t)
	for _, v := range rdfcVectors {
		t.Run(v.suffix, func(t *testing.T) {
			read := func(step string) string { return readText(t, vectors+v.folder+step+v.suffix+".txt") }
			c := parse(t, conformance.Read(t, vectors+v.folder+v.signed))
			o := jsonld.Options{Contexts: contexts, Mode: c.Mode()}
			p := &c.Proofs()[0]
			config := maps.Clone(p.Object)
			delete(config, "proofValue")
			in, err := signingInput(c.Covered(0), config, o, v.hash)
			if err != nil {
				t.Fatal(err)
			}
			config["@context"] = c.Member("@context")
			for step, doc := range map[string]map[string]any{"canonDoc": c.Covered(0), "proofCanon": config} {
				res, err := jsonld.Canonicalize(doc, o)
				if err != nil || string(bytes.TrimSpace(res.NQuads)) != read(step) {
					t.Errorf("%s: %v\n%s", step, err, res.NQuads)
				}
			}
			for step, got := range map[string][]byte{"docHash": in.document, "proofHash": in.options, "combinedHash": in.bytes()} {
				if hex.EncodeToString(got) != read(step) {
					t.Errorf("%s: %x, want %s", step, got, read(step))
				}
			}
			if got := p.Object["proofValue"]; got != read("sigBTC58") {
				t.Errorf("proofValue %v, want %s", got, read("sigBTC58"))
			}
			if n := verifyAll(t, c, o, func(p *credential.Proof) *did.Key { return keyOf(t, p) }); n != 1 {
				t.Errorf("%d signatures", n)
			}
		})
	}
}

// TestEmploymentVectors checks the second vector of each suite from its canonical
// forms on: its context is not among the pinned ones.
func TestEmploymentVectors(t *testing.T) {
	for _, v := range []vector{
		{"vc-di-eddsa/eddsa-rdfc-2022/employ/", "DataInt", "signedDataInt.json", sha256Sum},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p256/employ/", "ECDSAP256", "signedECDSAP256.json", sha256Sum},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p384/employ/", "ECDSAP384", "signedECDSAP384.json", sha384Sum},
	} {
		c := parse(t, conformance.Read(t, vectors+v.folder+v.signed))
		read := func(step string) []byte { return conformance.Read(t, vectors+v.folder+step+v.suffix+".txt") }
		in := input{options: v.hash(read("proofCanon")), document: v.hash(read("canonDoc"))}
		if got := hex.EncodeToString(in.bytes()); got != string(bytes.TrimSpace(read("combinedHash"))) {
			t.Errorf("%s: hashes %s", v.folder, got)
		}
		p := &c.Proofs()[0]
		s, err := suiteFor(p, keyOf(t, p).Public)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := s.decode(p.Object["proofValue"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.check(in.bytes(), sig.value); err != nil {
			t.Errorf("%s: %v", v.folder, err)
		}
		if want := string(bytes.TrimSpace(read("sigHex"))); hex.EncodeToString(sig.value) != want {
			t.Errorf("%s: signature %x, want %s", v.folder, sig.value, want)
		}
	}
}

// TestProofSetsAndChains: the vectors with several proofs, where previousProof says
// which of them a proof covers.
func TestProofSetsAndChains(t *testing.T) {
	contexts := testContexts(t)
	for file, want := range map[string]int{"signedProofSet1": 1, "signedProofSet2": 2, "signedProofChain1": 3, "signedProofChain2": 4} {
		c := parse(t, conformance.Read(t, vectors+"vc-di-eddsa/proof-set-chain/"+file+".json"))
		o := jsonld.Options{Contexts: contexts, Mode: c.Mode()}
		n := verifyAll(t, c, o, func(p *credential.Proof) *did.Key { return keyOf(t, p) })
		if n != want {
			t.Errorf("%s: %d signatures, want %d", file, n, want)
		}
		for i := range c.Proofs() {
			p := &c.Proofs()[i]
			if _, chained := p.Object["previousProof"]; chained {
				err := Verify(c.Unsecured(), p, keyOf(t, p), o)
				wantCode(t, file+" "+p.Path+" without the proofs it covers", err, CodeSignature)
			}
		}
	}
}

// seedOf reads a private key of the vectors: multibase with a multicodec prefix of two
// bytes.
func seedOf(t *testing.T, text any) []byte {
	t.Helper()
	s, _ := text.(string)
	raw := base58.Decode(s[1:])
	if len(raw) < 3 {
		t.Fatalf("no private key: %q", s)
	}
	return raw[2:]
}

// TestSignVectors signs the documents of the vectors with their keys. Ed25519 has one
// signature for each; for P-256 the vectors were made by RFC 6979, as we do.
func TestSignVectors(t *testing.T) {
	contexts := testContexts(t)
	ed := ed25519.NewKeyFromSeed(seedOf(t, readObject(t, vectors+"vc-di-eddsa/keyPair.json")["privateKeyMultibase"]))
	p256, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seedOf(t, readObject(t, vectors+"vc-di-ecdsa/p256KeyPair.json")["secretKeyMultibase"]))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		key  crypto.Signer
	}{
		{"vc-di-eddsa/eddsa-rdfc-2022/signedDataInt.json", ed},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p256/signedECDSAP256.json", p256},
	} {
		signed := parse(t, conformance.Read(t, vectors+c.file))
		want := &signed.Proofs()[0]
		created, err := time.Parse(time.RFC3339, want.Created)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Sign(signed.Unsecured(), Options{VerificationMethod: want.VerificationMethod,
			Purpose: did.AssertionMethod, Created: created}, c.key, contexts)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want.Object) {
			t.Errorf("%s:\n got %v\nwant %v", c.file, got, want.Object)
		}
	}
}

// TestSignChain makes the proof chain of the vectors anew: same keys, same proofs.
func TestSignChain(t *testing.T) {
	contexts := testContexts(t)
	pairs := readObject(t, vectors+"vc-di-eddsa/proof-set-chain/multiKeyPairs.json")
	c := parse(t, conformance.Read(t, vectors+"vc-di-eddsa/proof-set-chain/signedProofChain2.json"))
	for i, name := range []string{"keyPair1", "keyPair2", "keyPair3", "keyPair4"} {
		want := c.Proofs()[i]
		o := Options{ID: want.ID, VerificationMethod: want.VerificationMethod, Purpose: did.Purpose(want.Purpose)}
		var err error
		if o.Created, err = time.Parse(time.RFC3339, want.Created); err != nil {
			t.Fatal(err)
		}
		switch x := want.Object["previousProof"].(type) {
		case string:
			o.PreviousProof = []string{x}
		case []any:
			for _, e := range x {
				o.PreviousProof = append(o.PreviousProof, e.(string))
			}
		}
		key := ed25519.NewKeyFromSeed(seedOf(t, pairs[name].(map[string]any)["privateKeyMultibase"]))
		got, err := Sign(c.Covered(i), o, key, contexts)
		if err != nil {
			t.Fatal(err)
		}
		if got["proofValue"] != want.Object["proofValue"] {
			t.Errorf("proof %d: %v, want %v", i, got["proofValue"], want.Object["proofValue"])
		}
	}
}
