package did_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
)

// wantDocument is what a document of the corpus must be read as: keys as fragment of
// the id with the multikey, addresses with the dates of their window.
type wantDocument struct {
	keys      []string
	addresses []string
	revoking  []string
	list      bool   // names a revocation list
	profile   string // of service IssuerProfile
	asserts   bool   // states assertionMethod
}

const (
	blockcertsKey = "zQ3shvX9Dd7cAG7ZcJN4d9DksshpVYSGpqEyrLjopoGpk97CR"
	otherKey      = "zQ3shw8MAkueKou9VhRyX1v2hDQ2WENWVQNkg6ifhn8DG1gQW"
	blockcertsURL = "https://www.blockcerts.org/samples/3.0/issuer-blockcerts.json"
)

var blockcertsAddresses = []string{
	"mgdWjvq4RYAAP5goUNagTRMx7Xw534S5am created 2021-11-20T15:52:57.617381Z",
	"1862cjGVHodmYyvfumSgrgfnWcpCMHK9sq created 2021-11-20T15:52:58.617381Z",
	"0x40Cf9B7DB6FCc742ad0a76B8588C7f8De2b54a60 created 2021-11-28T15:52:58.617381Z",
}

var learningMachine = wantDocument{list: true, addresses: []string{
	"mzNn2ZEzocSv7qdJqCehbxkoG1n8wA8Zfy created 2018-01-05T21:10:10.615Z",
	"1AwdUWQzJgfDDjeKtpPzMfYMHejFBrxZfo created 2018-02-07T21:37:03.667Z",
	"n25TTSLzkNgHe9XcPFekKwcQCybq4hxins created 2018-06-18T21:51:18.527Z",
	"0x41cDa1D87Fd6297c5ea4C8BE56c41A1276956EF1 created 2018-06-29T17:47:03.783Z",
}}

func ropsten(list bool, addr string) wantDocument {
	return wantDocument{list: list, addresses: []string{addr + " created 2018-01-01T21:10:10.615Z"}}
}

var corpus = map[string]wantDocument{
	"did-ion-EiA_Z6.json":              {keys: []string{"key-1 " + blockcertsKey}, profile: blockcertsURL},
	"did-ion-EiA_Z6-modified-key.json": {keys: []string{"key-1 " + otherKey}, profile: blockcertsURL},
	"did-ion-EiAdjt.json":              {keys: []string{"key-1 " + otherKey}, profile: blockcertsURL},
	"did-ion-btc-addresses.json": {keys: []string{"key-1 " + blockcertsKey},
		profile: "https://raw.githubusercontent.com/lemoustachiste/did-blockcerts-poc/master/issuer-profile.json"},
	"did-key-z6MkjHnn.json": {asserts: true, keys: []string{
		"z6MkjHnntGvtLjwfAMHWTAXXGJHhVL3DPtaT9BHmyTjWpjqs z6MkjHnntGvtLjwfAMHWTAXXGJHhVL3DPtaT9BHmyTjWpjqs"}},
	"did-key-zQ3shWbM.json": {asserts: true, keys: []string{
		"zQ3shWbMURApEGeYEYbyfMoPbuW5qCmM7gtWkwnhGf2LLkv2M zQ3shWbMURApEGeYEYbyfMoPbuW5qCmM7gtWkwnhGf2LLkv2M"}},
	"issuer-blockcerts-org-v3.0-unsigned.json": {list: true, addresses: blockcertsAddresses},
	"issuer-blockcerts-org-v3.2-signed.json": {list: true, asserts: true, addresses: blockcertsAddresses, keys: []string{
		"key-1 " + blockcertsKey,
		"key-1-btc " + otherKey,
		"secp256k1-verification-public-key zQ3shMrQwHKhNtjWNY8chfCRSHphDtPpAypvXW8ji2xi817c1",
		"secp256k1-derived-public-key zQ3shm8kcCQPVugcEuYairas8URaoj9w3fTsKv6uW58ZE1num",
		"key-1-multibase " + blockcertsKey,
		"btc-main-multibase " + otherKey,
		"z6MkhryaPw2apk6X486r7L78fSMZfUcfWL6eGKQJnzXti8aW z6MkhryaPw2apk6X486r7L78fSMZfUcfWL6eGKQJnzXti8aW",
	}},
	"issuer-eth-case-sensitive.json": ropsten(false, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"issuer-eth-mainnet.json":        ropsten(false, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"issuer-eth-ropsten-a.json":      ropsten(false, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"issuer-eth-ropsten-b.json":      ropsten(true, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"issuer-eth-ropsten-c.json":      ropsten(true, "0x7e30a37763e6ba1ffede1750bbefb4c60b17a1b3"),
	"issuer-eth-ropsten-d.json":      ropsten(false, "0x3d995ef85a8d1bcbed78182ab225b9f88dc8937c"),
	"issuer-got-v1.2.json": {
		addresses: []string{"1Q3P94rdNyftFBEKiN1fxmt2HnQgSCB619 created 2016-08-28T00:00:00Z"},
		revoking:  []string{"1PrmJ6pGbfe4ucNCVbe4tbXRRHMsDDSxvY created 2016-08-28T00:00:00Z"}},
	"issuer-testnet-v1.json": {
		addresses: []string{"msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj created 2016-08-28T00:00:00Z"},
		revoking:  []string{"mkAvTwCYUyVk3rncFVCTJt1HUDsApVezhP created 2016-08-28T00:00:00Z"}},
	"issuer-testnet-v2-alpha.json": {list: true, addresses: []string{
		"mkAvTwCYUyVk3rncFVCTJt1HUDsApVezhP created 2016-01-03T14:34:57Z revoked 2016-05-01T18:11:19Z",
		"msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj created 2017-01-03T14:34:57Z"}},
	"issuer-testnet-v2.json": {list: true, addresses: []string{
		"msBCHdwaQ7N2ypBYupkp6uNxtr9Pg76imj created 2017-06-29T14:48:03.814936Z"}},
	"issuer-v3-alpha.json": {list: true, addresses: []string{
		"n2h5AGW1xtnSFeXNr6SCSwXty6kP42Pri4 created 2017-06-29T14:48:03.814936Z"}},
	"issuer-profile-poc.json": {list: true, addresses: []string{
		"mgdWjvq4RYAAP5goUNagTRMx7Xw534S5am created 2021-06-05T21:10:10.615Z"}},
	"issuer-mainnet-5a4fe993.json": learningMachine,
	"issuer-mainnet-example.json":  learningMachine,
	"issuer-hyland-mocknet.json": {list: true, asserts: true,
		addresses: []string{"0x63076D0C52ca3eb36799F5de88847e12c4cA7076 created 2022-11-03T12:29:55.192Z"},
		keys:      []string{"mocknet-public-key zQ3shqTasgc4ZmdnUhAsiZaKAHVBVBdx1KFfSfn62KoARbpfx"}},
	"issuer-hyland-secp256k1.json": {list: true, asserts: true, keys: []string{
		"ckKpEaMGujwETK7Zpp8Rw6w9gTjmSbR5pZomLdxStq6j zQ3shNhUq5ipkEPA7hQnzCu1UkhJbLDvjj9TckVZZdyda7JxT"}},
}

// notIssuers begin the names of the corpus files that are no issuer documents.
var notIssuers = []string{"revocation-", "schema-", "sources", "status-list-"}

// TestCorpus reads every issuer profile and DID document of the Blockcerts corpus.
func TestCorpus(t *testing.T) {
	dir := conformance.Path(t, "conformance/blockcerts/resources")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, f := range files {
		if slices.ContainsFunc(notIssuers, func(p string) bool { return strings.HasPrefix(f.Name(), p) }) {
			continue
		}
		want, known := corpus[f.Name()]
		if !known {
			t.Errorf("%s is not in the table", f.Name())
			continue
		}
		read++
		t.Run(f.Name(), func(t *testing.T) {
			d, err := did.Parse(conformance.Read(t, "conformance/blockcerts/resources/"+f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, d, want)
		})
	}
	if read != len(corpus) || read != 24 {
		t.Errorf("read %d documents, the table has %d, want 24", read, len(corpus))
	}
}

func compare(t *testing.T, d *did.Document, want wantDocument) {
	t.Helper()
	var keys []string
	for _, k := range d.Keys {
		m, err := did.Multikey(k.Public)
		if err != nil {
			t.Error(err)
		}
		keys = append(keys, strings.TrimPrefix(k.ID, d.ID+"#")+" "+m)
		if want.asserts != k.May(did.AssertionMethod) {
			t.Errorf("%s may assert: %t", k.ID, !want.asserts)
		}
	}
	if !slices.Equal(keys, want.keys) {
		t.Errorf("keys %q, want %q", keys, want.keys)
	}
	if got := addressLines(d.Addresses); !slices.Equal(got, want.addresses) {
		t.Errorf("addresses %q, want %q", got, want.addresses)
	}
	if got := addressLines(d.RevocationAddresses); !slices.Equal(got, want.revoking) {
		t.Errorf("revoking addresses %q, want %q", got, want.revoking)
	}
	if url, _ := d.IssuerProfile(); url != want.profile {
		t.Errorf("profile %q, want %q", url, want.profile)
	}
	if (d.RevocationList != "") != want.list || d.States(did.AssertionMethod) != want.asserts {
		t.Errorf("revocation list %q, states assertionMethod %t", d.RevocationList, d.States(did.AssertionMethod))
	}
	if len(d.Skipped) > 0 {
		t.Errorf("skipped %v", d.Skipped)
	}
}

func addressLines(list []did.Address) []string {
	var lines []string
	for _, a := range list {
		s := a.Address
		for _, b := range []struct {
			name string
			at   time.Time
		}{{" created ", a.Created}, {" revoked ", a.Revoked}, {" expires ", a.Expires}} {
			if !b.at.IsZero() {
				s += b.name + b.at.Format(time.RFC3339Nano)
			}
		}
		lines = append(lines, s)
	}
	return lines
}
