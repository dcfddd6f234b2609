package aries

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/wallet"
)

// parts are contents as other wallets write them, and the kind each must be taken for.
var parts = []struct {
	raw   string
	kind  Kind
	types string
}{
	{`{"id":"urn:uuid:1","type":"Ed25519VerificationKey2018","privateKeyBase58":"SECRETSECRET","publicKeyBase58":"x"}`, KindKey, "Ed25519VerificationKey2018"},
	{`{"id":"urn:uuid:2","type":["JsonWebKey2020"],"privateKeyJwk":{"d":"SECRETSECRET"}}`, KindKey, "JsonWebKey2020"},
	{`{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],"issuer":"did:example:1","credentialSubject":{},"privateKeyJwk":{"d":"SECRETSECRET"}}`, KindKey, "VerifiableCredential"},
	{`{"id":"urn:uuid:3","type":"Mnemonic","value":"SECRETSECRET"}`, KindSecret, "Mnemonic"},
	{`{"id":"urn:uuid:4","type":"Entropy","multibase":"zSECRETSECRET"}`, KindSecret, "Entropy"},
	{`{"id":"did:example:a","type":"EthereumAddress","privateKeyBrowser":"urn:x"}`, KindAddress, "EthereumAddress"},
	{`{"id":"urn:uuid:5","type":"Connection","name":"Board","connection":{"my_did":"did:example:me","their_did":"did:example:board","their_label":"B","created_at":"2020-06-01 14:05:54Z"}}`, KindConnection, "Connection"},
	{`{"id":"urn:uuid:6","type":"Connection"}`, KindConnection, "Connection"},
	{`{"id":"urn:uuid:7","type":"MetaData","note":"mine"}`, KindMetaData, "MetaData"},
	{`{"id":"urn:uuid:8","type":"Person","name":"Ilva Ostrowe"}`, KindCollection, "Person"},
	{`{"id":"did:example:9","type":["DIDResolutionResponse"],"didDocument":{}}`, KindDIDResolutionResponse, "DIDResolutionResponse"},
	{`{"id":"urn:uuid:10","type":"Currency","amount":"1"}`, KindCurrency, "Currency"},
	{`{"id":"urn:uuid:11","type":"LoyaltyCard","points":3}`, KindUnknown, "LoyaltyCard"},
	{`{"id":"urn:uuid:12"}`, KindUnknown, ""},
	{`"eyJhbGciOiJFZERTQSJ9.e30.c2ln"`, KindUnknown, ""},
	{`7`, KindUnknown, ""},
	{`null`, KindUnknown, ""},
	{`{"type":"VerifiableCredential","note":"not readable as one"}`, KindCredential, "VerifiableCredential"},
	{`{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiablePresentation"],"holder":"did:example:1"}`, KindPresentation, "VerifiablePresentation"},
}

func walletFile(contents ...string) []byte {
	return []byte(`{"@context":["https://w3id.org/wallet/v1"],"type":["UniversalWallet2020"],"status":"UNLOCKED","contents":[` + strings.Join(contents, ", ") + `]}`)
}

// TestImport: every part comes back once, named, with its own bytes.
func TestImport(t *testing.T) {
	credential := `{"@context":["https://www.w3.org/2018/credentials/v1"],  "type":["VerifiableCredential"],"issuer":"did:example:1","credentialSubject":{"name":"<&>"}}`
	list := []string{credential}
	for _, p := range parts {
		list = append(list, p.raw)
	}
	file := walletFile(list...)
	file = append(file[:len(file)-1], `,"description":"old phone","x/y":{"type":"Mystery"}}`...)
	c, err := Import(file)
	noError(t, err)
	if got := c.Credentials(); len(got) != 1 || string(got[0].Raw) != credential || got[0].Place != "/contents/0" {
		t.Errorf("credentials: %s", got)
	}
	apart := c.Apart()
	if len(c.Entries) != len(list)+2 || len(apart) != len(parts)+2 {
		t.Fatalf("%d entries, %d apart, of %d", len(c.Entries), len(apart), len(list)+2)
	}
	for i, p := range parts {
		e := apart[i]
		if e.Kind != p.kind || strings.Join(e.Types, " ") != p.types || string(e.Raw) != p.raw || e.Place != fmt.Sprint("/contents/", i+1) {
			t.Errorf("%s: %v", p.raw, e)
		}
		if (e.Err != nil) != (e.Kind == KindCredential) {
			t.Errorf("%s: error %v", p.raw, e.Err)
		}
	}
	if d := apart[len(parts)]; d.Place != "/description" || d.Kind != KindMetaData {
		t.Errorf("a member of the wallet: %v", d)
	}
	if x := apart[len(parts)+1]; x.Place != "/x~1y" || x.Kind != KindUnknown || !slices.Equal(x.Types, []string{"Mystery"}) {
		t.Errorf("an unknown member of the wallet: %v", x)
	}
	want := Connection{Place: "/contents/7", ID: "urn:uuid:5", MyDID: "did:example:me", TheirDID: "did:example:board", TheirLabel: "B", Name: "Board", CreatedAt: "2020-06-01 14:05:54Z"}
	if got := c.Connections(); len(got) != 1 || got[0] != want {
		t.Errorf("connections: %+v", got)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, c.Entries) + fmt.Sprintf(verb, *c); strings.Contains(text, "SECRET") || strings.Contains(text, fmt.Sprintf("%x", "SECRET")) {
			t.Errorf("%s prints a secret: %s", verb, text)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want Code
	}{
		"no JSON":               {`UniversalWallet2020`, CodeMalformed},
		"a member twice":        {`{"type":"UniversalWallet2020","contents":[],"contents":[{}]}`, CodeMalformed},
		"a member twice inside": {string(walletFile(`{"type":"Key","type":"Connection"}`)), CodeMalformed},
		"a credential":          {`{"type":["VerifiableCredential"],"contents":[]}`, CodeNoWallet},
		"no contents":           {`{"type":["UniversalWallet2020"]}`, CodeNoWallet},
		"contents are one":      {`{"type":["UniversalWallet2020"],"contents":{}}`, CodeNoWallet},
		"locked by type":        {`{"type":["VerifiableCredential","EncryptedWallet"],"credentialSubject":{"contents":[]}}`, CodeLocked},
		"locked by status":      {`{"type":["UniversalWallet2020"],"status":"LOCKED","contents":[{"jwe":{}}]}`, CodeLocked},
		"too many":              {string(walletFile(slices.Repeat([]string{"{}"}, MaxEntries+1)...)), CodeEntries},
	} {
		got, err := Import([]byte(c.file))
		var e *Error
		if got != nil || !errors.As(err, &e) || e.Code != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if c, err := Import(walletFile(slices.Repeat([]string{"{}"}, MaxEntries)...)); err != nil || len(c.Apart()) != MaxEntries {
		t.Errorf("as many as allowed: %v", err)
	}
}

// newWallet makes an empty vault.
func newWallet(t *testing.T) *wallet.Wallet {
	t.Helper()
	w, err := wallet.Create(wallet.Config{File: filepath.Join(t.TempDir(), "vault"), Passphrase: "four plain words here", Work: 10,
		Now: func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }}, 12)
	noError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

// TestIntoVault: what another wallet held is verified on its way into a vault; what a vault
// exports is taken in by the next one as the same record. The credentials are signed by aries.
func TestIntoVault(t *testing.T) {
	b, k := newBench(t), newSigningKey(t)
	bent := bytes.Replace(b.ariesSigns(t, k, draft(k, 2)), []byte("did:example:holder"), []byte("did:example:robber"), 1)
	first := newWallet(t)
	relation, err := first.Relate(k.method[:strings.IndexByte(k.method, '#')], "Board \"B\" <&>", wallet.Ed25519)
	noError(t, err)
	mine := draft(k, 0)
	mine["credentialSubject"] = object{"id": relation.DID}
	good := b.ariesSigns(t, k, mine)
	issuer := k.method[:strings.IndexByte(k.method, '#')]
	trust, err := wallet.ReadTrust(encoded(t, object{"version": 1, "anchor": "optional", "networks": []any{"regtest"}, "issuers": []any{
		object{"id": issuer, "label": "Pinned", "types": []any{"*"}, "jurisdictions": []any{"*"},
			"contexts": []any{object{"url": "https://board.example/context", "sha256": fmt.Sprintf("%x", sha256.Sum256(boardContext)), "bytes": base64.RawURLEncoding.EncodeToString(boardContext)}},
			"keys": []any{object{"id": k.method,
				"publicKeyMultibase": k.method[strings.IndexByte(k.method, '#')+1:], "from": "2020-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}}}}}), nil)
	noError(t, err)
	takeIn := func(w *wallet.Wallet, file []byte) (kept, refused int) {
		c, err := Import(file)
		noError(t, err)
		for _, item := range c.Credentials() {
			f := w.Examine(item, nil, trust)
			err := w.Keep(f, false)
			t.Logf("%s: %v, %v, %v", item.Place, f.Report.Verdict, f.Report.Err(), err)
			if err == nil {
				kept++
			} else {
				refused++
			}
		}
		return kept, refused
	}
	if kept, refused := takeIn(first, walletFile(string(good), string(bent), parts[0].raw)); kept != 1 || refused != 1 {
		t.Fatalf("%d kept, %d refused", kept, refused)
	}
	consent, err := first.Sign(object{"type": "ConsentReceipt", "validFrom": "2026-07-01T00:00:00Z", "credentialSubject": object{"id": relation.DID}}, first.Records()[0], rand.Reader)
	noError(t, err)

	file, err := Export(first)
	noError(t, err)
	if bytes.Contains(file, []byte("privateKey")) || bytes.Contains(file, []byte(first.Phrase())) {
		t.Error("the export holds a secret")
	}
	again, err := Import(file)
	noError(t, err)
	if got := again.Credentials(); len(got) != 2 || !bytes.Equal(got[1].Raw, bytes.TrimSpace(consent)) {
		t.Errorf("credentials: %s", got)
	}
	if got := again.Connections(); len(again.Entries) != 3 || len(got) != 1 || got[0].MyDID != relation.DID || got[0].TheirDID != issuer || got[0].Name != relation.Name {
		t.Errorf("connections: %+v of %v", got, again.Entries)
	}
	second := newWallet(t)
	if kept, refused := takeIn(second, file); kept != 1 || refused != 1 {
		t.Fatalf("%d kept, %d refused", kept, refused)
	}
	if a, b := first.Records()[0], second.Records()[0]; a.SHA256 != b.SHA256 || !bytes.Equal(a.Document, b.Document) || a.Verdict != "valid" || b.Verdict != "valid" {
		t.Errorf("another record: %s %s, %s %s", a.SHA256, a.Verdict, b.SHA256, b.Verdict)
	}
}

// TestExportEmpty: an empty vault is an empty wallet.
func TestExportEmpty(t *testing.T) {
	file, err := Export(newWallet(t))
	noError(t, err)
	if c, err := Import(file); err != nil || len(c.Entries) != 0 {
		t.Errorf("%v, %s", err, file)
	}
}
