package aries

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/component/models/ld/processor"
	"github.com/hyperledger/aries-framework-go/pkg/crypto/primitive/bbs12381g2pub"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/signer"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/bbsblssignature2020"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// A bbsIssuer signs as an issuer of that time did.
type bbsIssuer struct {
	secret []byte
	key    IssuerKey
}

func newBBSIssuer(t *testing.T, seed byte) *bbsIssuer {
	t.Helper()
	pub, secret, err := bbs12381g2pub.GenerateKeyPair(sha256.New, bytes.Repeat([]byte{seed}, 32))
	noError(t, err)
	s, err := secret.Marshal()
	noError(t, err)
	p, err := pub.Marshal()
	noError(t, err)
	return &bbsIssuer{s, IssuerKey{ID: "did:example:board#bbs", G2: p}}
}

func (b *bbsIssuer) Sign(data []byte) ([]byte, error) {
	var messages [][]byte
	for _, line := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(line) != "" {
			messages = append(messages, []byte(line))
		}
	}
	return bbs12381g2pub.New().Sign(messages, b.secret)
}
func (b *bbsIssuer) Alg() string { return "" }

func (b *bbsIssuer) issue(t *testing.T, doc object) []byte {
	t.Helper()
	created := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	l := newLoader(t)
	l["https://board.example/licence"] = parsed(t, licenceContext)
	signed, err := signer.New(bbsblssignature2020.New(suite.WithSigner(b), suite.WithCompactProof())).Sign(&signer.Context{SignatureType: "BbsBlsSignature2020",
		Created: &created, VerificationMethod: b.key.ID, Purpose: "assertionMethod"}, encoded(t, doc), processor.WithDocumentLoader(l))
	noError(t, err)
	return signed
}

var licenceContext = []byte(`{"@context": {"familyName": "https://board.example/familyName", "number": "https://board.example/number", "home": "https://board.example/home",
	"street": "https://board.example/street", "Licensee": "https://board.example/Licensee"}}`)

var licenceContexts = Contexts{"https://board.example/licence": licenceContext}

func bbsDraft() object {
	return object{
		"@context":          []any{"https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/bbs/v1", "https://board.example/licence"},
		"id":                "https://board.example/licences/1",
		"type":              []any{"VerifiableCredential"},
		"issuer":            "did:example:board",
		"issuanceDate":      "2021-03-04T05:06:07Z",
		"expirationDate":    "2031-03-04T05:06:07Z",
		"credentialSubject": object{"id": "did:example:holder", "type": "Licensee", "familyName": "OSTROWE", "number": "L-4711", "home": object{"street": "HEATHER LANE"}},
	}
}

var bbsNonce = []byte("a nonce of the verifier's")

// TestDerive: exactly what was asked for leaves, and a verifier can check it.
func TestDerive(t *testing.T) {
	b := newBBSIssuer(t, 1)
	signed := b.issue(t, bbsDraft())
	for _, c := range []struct {
		show        []string
		there, gone []string
	}{
		{[]string{"number"}, []string{"L-4711"}, []string{"OSTROWE", "HEATHER"}},
		{[]string{"familyName", "number"}, []string{"L-4711", "OSTROWE"}, []string{"HEATHER"}},
		{[]string{"home"}, []string{"HEATHER LANE"}, []string{"OSTROWE", "L-4711"}},
		{nil, nil, []string{"OSTROWE", "L-4711", "HEATHER"}},
	} {
		got, err := Derive(signed, b.key, c.show, bbsNonce, licenceContexts)
		if err != nil {
			t.Errorf("%v: %v", c.show, err)
			continue
		}
		for _, s := range append(c.there, "did:example:board", "2021-03-04", "2031-03-04") {
			if !bytes.Contains(got, []byte(s)) {
				t.Errorf("%v: no %s in %s", c.show, s, got)
			}
		}
		for _, s := range c.gone {
			if bytes.Contains(got, []byte(s)) {
				t.Errorf("%v: %s in %s", c.show, s, got)
			}
		}
		noError(t, CheckDerived(got, b.key, bbsNonce, licenceContexts))
		for what, change := range map[string][2]string{"a value": {"L-4711", "L-4712"}, "a date": {"2031-", "2041-"}, "the issuer": {`"did:example:board"`, `"did:example:other"`}} {
			bent := bytes.ReplaceAll(got, []byte(change[0]), []byte(change[1]))
			if what == "a value" && bytes.Equal(bent, got) {
				continue // not shown
			}
			wantCode(t, what, CheckDerived(bent, b.key, bbsNonce, licenceContexts), CodeSignature)
		}
		for _, member := range []string{`"salary":"7",`, `"street":null,`} {
			added := bytes.Replace(got, []byte(`"credentialSubject":{`), []byte(`"credentialSubject":{`+member), 1)
			if bytes.Equal(added, got) {
				t.Errorf("%v: no place to add a member in %s", c.show, got)
			}
			wantCode(t, "an added "+member, CheckDerived(added, b.key, bbsNonce, licenceContexts), CodeUnsigned)
		}
		wantCode(t, "another nonce", CheckDerived(got, b.key, []byte("the nonce of another one"), licenceContexts), CodeSignature)
		wantCode(t, "another issuer", CheckDerived(got, newBBSIssuer(t, 2).key, bbsNonce, licenceContexts), CodeSignature)
	}
}

// TestProofCutShort: a proof of any other length is an error, though aries panics on many.
func TestProofCutShort(t *testing.T) {
	b := newBBSIssuer(t, 1)
	got, err := Derive(b.issue(t, bbsDraft()), b.key, nil, bbsNonce, licenceContexts)
	noError(t, err)
	doc := parsed(t, got)
	proof := doc["proof"]
	if list, ok := proof.([]any); ok {
		proof = list[0]
	}
	whole, err := base64.StdEncoding.DecodeString(proof.(object)["proofValue"].(string))
	noError(t, err)
	panics := 0
	for n := range whole {
		proof.(object)["proofValue"] = base64.StdEncoding.EncodeToString(whole[:n])
		err := CheckDerived(encoded(t, doc), b.key, bbsNonce, licenceContexts)
		wantCode(t, fmt.Sprint(n, " bytes"), err, CodeSignature)
		if strings.Contains(fmt.Sprint(err), "aries panics") {
			panics++
		}
	}
	if panics == 0 {
		t.Error("aries panics no more; the guard is not tested")
	}
}

func TestDeriveRefuses(t *testing.T) {
	b := newBBSIssuer(t, 1)
	signed := b.issue(t, bbsDraft())
	numbered := bbsDraft()
	numbered["id"] = "urn:uuid:00000000-0000-4000-8000-000000000001"
	other := IssuerKey{"did:example:board#other", b.key.G2}
	for name, c := range map[string]struct {
		raw      []byte
		key      IssuerKey
		show     []string
		nonce    []byte
		contexts Contexts
		want     Code
	}{
		"altered":              {bytes.Replace(signed, []byte("L-4711"), []byte("L-4712"), 1), b.key, nil, bbsNonce, licenceContexts, CodeSignature},
		"another key":          {signed, newBBSIssuer(t, 2).key, nil, bbsNonce, licenceContexts, CodeSignature},
		"another method":       {signed, other, nil, bbsNonce, licenceContexts, CodeSignature},
		"a key that is none":   {signed, IssuerKey{b.key.ID, []byte("x")}, nil, bbsNonce, licenceContexts, CodeSignature},
		"no such member":       {signed, b.key, []string{"salary"}, bbsNonce, licenceContexts, CodeNoMember},
		"a keyword":            {signed, b.key, []string{"@explicit"}, bbsNonce, licenceContexts, CodeNoMember},
		"an unsigned member":   {bytes.Replace(signed, []byte(`"familyName"`), []byte(`"salary":"7","familyName"`), 1), b.key, []string{"salary"}, bbsNonce, licenceContexts, CodeNoMember},
		"aries misnumbers":     {b.issue(t, numbered), b.key, []string{"home"}, bbsNonce, licenceContexts, CodeDerive},
		"a short nonce":        {signed, b.key, nil, bbsNonce[:MinNonce-1], licenceContexts, CodeNonce},
		"a context missing":    {signed, b.key, nil, bbsNonce, nil, CodeSignature},
		"a context not JSON":   {signed, b.key, nil, bbsNonce, Contexts{"https://board.example/licence": []byte("{")}, CodeContext},
		"no proof":             {encoded(t, bbsDraft()), b.key, nil, bbsNonce, licenceContexts, CodeUnsuited},
		"not JSON":             {[]byte("x"), b.key, nil, bbsNonce, licenceContexts, CodeMalformed},
		"a proof cannot prove": {bytes.Replace(signed, []byte(`"proofValue":"`), []byte(`"proofValue":"AAAA`), 1), b.key, nil, bbsNonce, licenceContexts, CodeSignature},
	} {
		got, err := Derive(c.raw, c.key, c.show, c.nonce, c.contexts)
		wantCode(t, name, err, c.want)
		if got != nil {
			t.Errorf("%s: something leaves", name)
		}
	}
}

// TestContextsNotReplaced: what a term of a public context means is not for the caller to say.
func TestContextsNotReplaced(t *testing.T) {
	b := newBBSIssuer(t, 1)
	contexts := Contexts{"https://board.example/licence": licenceContext, "https://www.w3.org/2018/credentials/v1": []byte(`{"@context": {}}`)}
	if _, err := Derive(b.issue(t, bbsDraft()), b.key, []string{"number"}, bbsNonce, contexts); err != nil {
		t.Error(err)
	}
}

// TestNotOurs: certanchor itself calls neither suite valid.
func TestNotOurs(t *testing.T) {
	b := newBBSIssuer(t, 1)
	signed := b.issue(t, bbsDraft())
	derived, err := Derive(signed, b.key, nil, bbsNonce, licenceContexts)
	noError(t, err)
	for _, raw := range [][]byte{signed, derived} {
		c, err := credential.Parse(raw)
		noError(t, err)
		var e *cryptosuite.Error
		if err := cryptosuite.Verify(c.Covered(0), &c.Proofs()[0], new(did.Key), jsonld.Options{Contexts: jsonld.Builtin()}); !errors.As(err, &e) || e.Code != cryptosuite.CodeUnsupported {
			t.Errorf("%s: %v", c.Proofs()[0].Type, err)
		}
	}
}

func wantCode(t *testing.T, what string, err error, want Code) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}
