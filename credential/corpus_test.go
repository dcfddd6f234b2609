package credential

import (
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
)

const (
	blockcertsProfile = "https://www.blockcerts.org/samples/3.0/issuer-blockcerts.json"
	testnetProfile    = "https://www.blockcerts.org/samples/2.0/issuer-testnet.json"
	alphaProfile      = "https://www.blockcerts.org/samples/2.0-alpha/issuerTestnet.json"
	gotProfile        = "http://www.blockcerts.org/mockissuer/issuer/got-issuer.json"
	ropstenProfile    = "https://raw.githubusercontent.com/AnthonyRonning/https-github.com-labnol-files/master/issuer-eth.json?raw=true"
	ionIssuer         = "did:ion:EiA_Z6LQILbB2zj_eVrqfQ2xDm4HNqeJUw5Kj2Z7bFOOeQ"
	secpIssuer        = "did:key:zQ3shQHqLdkCacGpenXzbXZLqBbDeKfxgbxJgDSi1hoajzzg8"
	exampleHolder     = "did:example:ebfeb1f712ebc6f1c276e12ec21"
)

// wantSample is what a document of the corpus must be read as. suites are those of its
// proofs in order.
type wantSample struct {
	version Version
	issuer  string
	suites  string
	address string // verification.publicKey of version 2
	inner   int
	// unequal: the hash is not the targetHash, since the sample was edited; refused: it
	// has no canonical form.
	unequal, refused bool
}

func merkle2(issuer, address string) wantSample {
	return wantSample{version: Blockcerts2, issuer: issuer, suites: "MerkleProof2017", address: address}
}

func v3(v Version, suites string) wantSample {
	return wantSample{version: v, issuer: blockcertsProfile, suites: suites}
}

var samples = map[string]wantSample{
	"py--1.2--expired.json":                                           {version: Blockcerts12, issuer: gotProfile, suites: "MerkleProof2017", refused: true},
	"py--1.2--not_yet_expired.json":                                   {version: Blockcerts12, issuer: gotProfile, suites: "MerkleProof2017", refused: true},
	"py--1.2--sample_signed_cert-1.2.json":                            {version: Blockcerts12, issuer: gotProfile, suites: "MerkleProof2017", refused: true},
	"v1--testnet-valid-1.2.json":                                      {version: Blockcerts12, issuer: "http://www.blockcerts.org/mockissuer/issuer/got-issuer_live.json", suites: "MerkleProof2017", refused: true},
	"py--2.0--eth_ropsten.json":                                       merkle2("https://www.blockcerts.org/samples/2.0/issuer-ropsten.json", "0x4a80Ce76CB67Cf29Ed4701d408c8B8527C57b173"),
	"py--2.0-alpha--invalid_revoked.json":                             merkle2(alphaProfile, "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj"),
	"py--2.0-alpha--invalid_unmapped_fields.json":                     {version: Blockcerts2, issuer: alphaProfile, suites: "MerkleProof2017", address: "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj", refused: true},
	"py--2.0-alpha--valid.json":                                       merkle2(alphaProfile, "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj"),
	"v2--ethereum-merkle-root-unmatch-2.0.json":                       merkle2(ropstenProfile, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"v2--ethereum-revoked-2.0.json":                                   merkle2(ropstenProfile, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"v2--ethereum-ropsten-revoked-no-revocationlist-2.0.json":         merkle2("https://raw.githubusercontent.com/AnthonyRonning/https-github.com-labnol-files/master/issuer-eth.json", "0x7e30a37763e6Ba1fFeDE1750bBeFB4c60b17a1B3"),
	"v2--ethereum-ropsten-valid-2.0.json":                             merkle2("https://raw.githubusercontent.com/AnthonyRonning/https-github.com-labnol-files/master/issuer-eth-case-sensitive.json?raw=true", "0x3d995eF85a8D1bcBED78182AB225b9F88Dc8937c"),
	"v2--mainnet-invalid-merkle-receipt-2.0.json":                     merkle2(testnetProfile, "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj"),
	"v2--mainnet-valid-2.0.json":                                      merkle2("https://blockcerts.learningmachine.com/issuer/5a4fe9931f607f0f3452a65e.json", "1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo"),
	"v2--mocknet-valid-2.0.json":                                      merkle2(testnetProfile, "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj"),
	"v2--testnet-revoked-key-2.0.json":                                merkle2(alphaProfile, "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj"),
	"v2--testnet-tampered-hashes-2.0.json":                            {version: Blockcerts2, issuer: alphaProfile, suites: "MerkleProof2017", address: "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj", unequal: true},
	"v2--testnet-valid-2.0.json":                                      merkle2(testnetProfile, "msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj"),
	"v3--blockcerts-3.0-beta.json":                                    {version: VC1, issuer: "https://raw.githubusercontent.com/blockchain-certificates/cert-issuer/master/examples/issuer/profile.json", suites: "MerkleProof2019"},
	"v3--cert-rl-status-list-2021-revoked.json":                       v3(VC1, "MerkleProof2019"),
	"v3--cert-rl-status-list-2021.json":                               v3(VC1, "MerkleProof2019"),
	"v3--ecdsa-sd-2023-signed-credential.json":                        v3(VC1, "ecdsa-sd-2023"),
	"v3--example-non-chained-proofs.json":                             {version: VC1, issuer: secpIssuer, suites: "EcdsaSecp256k1Signature2019 MerkleProof2019"},
	"v3--mocknet-v3-valid.json":                                       {version: VC1, issuer: "https://issuer.dev.hylandcredentials.com/93d02af5-8683-452a-a79c-959deae72495/issuer_profile.json", suites: "EcdsaSecp256k1Signature2019 MerkleProof2019"},
	"v3--mocknet-vc-v2-credential-schema-invalid.json":                v3(VC2, "merkle-proof-2019"),
	"v3--mocknet-vc-v2-credential-schema.json":                        v3(VC2, "merkle-proof-2019"),
	"v3--mocknet-vc-v2-data-integrity-proof-multiple-signatures.json": v3(VC2, "merkle-proof-2019 merkle-proof-2019"),
	"v3--mocknet-vc-v2-data-integrity-proof.json":                     v3(VC2, "merkle-proof-2019"),
	"v3--mocknet-vc-v2-invalid-date-format.json":                      v3(VC2, "MerkleProof2019"),
	"v3--mocknet-vc-v2-name-description-multilingual.json":            v3(VC2, "merkle-proof-2019"),
	"v3--mocknet-vc-v2-name-description.json":                         v3(VC2, "merkle-proof-2019"),
	"v3--mocknet-vc-v2-validFrom-not-yet-valid.json":                  v3(VC2, "MerkleProof2019"),
	"v3--mocknet-vc-v2-validFrom-valid.json":                          v3(VC2, "MerkleProof2019"),
	"v3--mocknet-verifiable-presentation-failing-credential.json":     {version: VC2, issuer: exampleHolder, suites: "merkle-proof-2019", inner: 2},
	"v3--mocknet-verifiable-presentation.json":                        {version: VC2, issuer: exampleHolder, suites: "merkle-proof-2019", inner: 2},
	"v3--proof-chain-example-secp256k1.json":                          {version: VC1, issuer: secpIssuer, suites: "EcdsaSecp256k1Signature2019 MerkleProof2019"},
	"v3--testnet-v3--no-did.json":                                     {version: VC1, issuer: blockcertsProfile, suites: "MerkleProof2019", unequal: true},
	"v3--testnet-v3-did--verification-method-mismatch.json":           {version: VC1, issuer: "did:ion:EiAdjtCU7lOOND5xRgjpDiAB2DxAs9-QoFBAbcd3ttZsSA", suites: "MerkleProof2019"},
	"v3--testnet-v3-did.json":                                         {version: VC1, issuer: ionIssuer, suites: "MerkleProof2019"},
	"v3--testnet-v3-hashlink.json":                                    {version: VC1, issuer: blockcertsProfile, suites: "MerkleProof2019", unequal: true},
	"v3--testnet-v3-verification-method-issuer-profile.json":          v3(VC1, "EcdsaSecp256k1Signature2019"),
	"v3--vp-eddsa-rdfc-2022.json":                                     {version: VC2, issuer: "did:key:z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj", suites: "eddsa-rdfc-2022"},
}

// corpusContexts pins the inline objects of the samples besides the built-in contexts.
func corpusContexts(t testing.TB) *jsonld.Contexts {
	t.Helper()
	list, err := os.ReadFile("testdata/inline-contexts.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonld.Builtin()
	for line := range strings.Lines(string(list)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var digest [32]byte
		if _, err := hex.Decode(digest[:], []byte(line[:64])); err != nil {
			t.Fatal(err)
		}
		c = c.WithInline(digest)
	}
	return c
}

// TestCorpus reads every certificate of the Blockcerts corpus and holds the hash of what
// each Merkle proof covers against the proof.
func TestCorpus(t *testing.T) {
	files, err := os.ReadDir(conformance.Path(t, "conformance/blockcerts/certificates"))
	if err != nil {
		t.Fatal(err)
	}
	contexts := corpusContexts(t)
	read, proofs := 0, 0
	for _, f := range files {
		raw := conformance.Read(t, "conformance/blockcerts/certificates/"+f.Name())
		if f.Name() == "py--1.1--sample_signed_cert-1.1.json" {
			_, err := Parse(raw)
			wantCode(t, f.Name(), err, CodeUnsupported)
			continue
		}
		t.Run(f.Name(), func(t *testing.T) {
			want, known := samples[f.Name()]
			if !known {
				t.Fatal("not in the table")
			}
			c, err := Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			read++
			compareSample(t, c, want)
			proofs += compareLeaves(t, c, contexts, want)
		})
	}
	if read != len(samples) || read != 42 || proofs != 44 {
		t.Errorf("read %d documents with %d Merkle proofs, the table has %d", read, proofs, len(samples))
	}
}

func compareSample(t *testing.T, c *Credential, want wantSample) {
	t.Helper()
	var suites []string
	for _, p := range c.Proofs() {
		suites = append(suites, p.Suite)
		if (p.Merkle != nil) != p.IsMerkle() || (p.Kind != Merkle2017 && (p.Purpose == "" || p.Created == "" || p.VerificationMethod == "")) {
			t.Errorf("%s: %+v", p.Path, p)
		}
	}
	if c.Version() != want.version || c.Issuer() != want.issuer || strings.Join(suites, " ") != want.suites {
		t.Errorf("%s by %s with %q", c.Version(), c.Issuer(), suites)
	}
	if c.IssuingAddress() != want.address {
		t.Errorf("address %q", c.IssuingAddress())
	}
	from, _, err := c.Validity()
	if err != nil || (from == nil) != c.IsPresentation() {
		t.Errorf("from %v, %v", from, err)
	}
	inner, err := c.Inner()
	if err != nil || len(inner) != want.inner {
		t.Errorf("%d inner documents, %v", len(inner), err)
	}
	if c.ID() == "" && want.suites != "eddsa-rdfc-2022" {
		t.Error("no id")
	}
}

// compareLeaves returns how many Merkle proofs c and its inner documents have.
func compareLeaves(t *testing.T, c *Credential, contexts *jsonld.Contexts, want wantSample) (n int) {
	t.Helper()
	for i := range c.Proofs() {
		p := &c.Proofs()[i]
		if !p.IsMerkle() {
			continue
		}
		n++
		res, err := c.Canonical(i, contexts)
		if want.refused {
			if c.Version() != Blockcerts12 && err == nil {
				t.Error("has a canonical form")
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", p.Path, err)
			continue
		}
		if (Leaf(res) == p.Merkle.Target) == want.unequal {
			t.Errorf("%s: leaf %s, targetHash %s", p.Path, Leaf(res), p.Merkle.Target)
		}
	}
	inner, err := c.Inner()
	if err != nil {
		t.Fatal(err)
	}
	for _, vc := range inner {
		n += compareLeaves(t, vc, contexts, wantSample{})
	}
	return n
}

// TestSamplesMembers holds what single samples have beyond the table.
func TestSamplesMembers(t *testing.T) {
	read := func(name string) *Credential {
		c, err := Parse(conformance.Read(t, "conformance/blockcerts/certificates/"+name))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	links, err := read("v3--testnet-v3-hashlink.json").Hashlinks()
	if err != nil || len(links) != 2 || links[0].Path != "/display/content" || links[1].Path != "/issuer/image" ||
		links[0].Multihash != "zQmR7NGj4Lvqz18qubNdcFxDAG3thfKEHMGNu77FMHUHfuT" ||
		links[1].Multihash != "zQmPKPJDYxtrW85phZC5EjvWqWy1gDYVbtZ2JPjuSxtN7oX" || !strings.HasPrefix(links[0].Metadata, "zBDkTKnBtUAv5HEo4G6J") {
		t.Errorf("hashlinks %+v, %v", links, err)
	}
	schemas, err := read("v3--mocknet-vc-v2-credential-schema.json").Schemas()
	if err != nil || len(schemas) != 1 || schemas[0].Type != "JsonSchema" || schemas[0].ID != "https://www.blockcerts.org/samples/3.0/example-id-card-schema.json" {
		t.Errorf("schemas %+v, %v", schemas, err)
	}
	revoked := read("v3--cert-rl-status-list-2021-revoked.json")
	entries, err := revoked.StatusEntries()
	if err != nil || len(entries) != 1 || entries[0].Index != "23547" || entries[0].Purpose != "revocation" || entries[0].Type != StatusList2021Entry {
		t.Errorf("status %+v, %v", entries, err)
	}
	vp := read("v3--vp-eddsa-rdfc-2022.json")
	if p := vp.Proofs()[0]; !slices.Equal(p.Domain, []string{"github.com/w3c/vc-data-model-2.0-test-suite"}) || p.Challenge != "uFLOeUzjbCkc0K-21LUKrig" {
		t.Errorf("domain %q, challenge %q", p.Domain, p.Challenge)
	}
	old := read("v1--testnet-valid-1.2.json")
	if old.RevocationAddress() != "1K4P4LKXWZZ5bS2i34zLaJkHxbFBreDoTa" || !strings.HasSuffix(old.ID(), "/609c2989-275f-4f4c-ab02-b245cfb09017") ||
		old.IssuerName() != "Game of thrones issuer" {
		t.Errorf("version 1.2: %q, %q, %q", old.RevocationAddress(), old.ID(), old.IssuerName())
	}
	main := read("v2--mainnet-valid-2.0.json")
	if media, html := main.Display(); media != "text/html" || !strings.HasPrefix(html, "<section") || main.IssuerName() != "Learning Machine" {
		t.Errorf("display of %s: %q", media, main.IssuerName())
	}
	if list := read("v2--testnet-valid-2.0.json").RevocationList(); list != "https://www.blockcerts.org/samples/2.0/revocation-list-testnet.json" {
		t.Errorf("revocation list %q", list)
	}
	profile, err := ParseProfile(conformance.Read(t, "conformance/blockcerts/resources/issuer-blockcerts-org-v3.2-signed.json"))
	if err != nil || profile.Issuer() != blockcertsProfile || len(profile.Proofs()) != 1 || profile.RevocationList() == "" {
		t.Errorf("profile %v", err)
	}
}
