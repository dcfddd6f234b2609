package aries

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/hyperledger/aries-framework-go/component/models/ld/processor"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/signer"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/ed25519signature2020"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/verifier"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// A signingKey is an Ed25519 key with its did:key; aries signs with it and finds it.
type signingKey struct {
	secret ed25519.PrivateKey
	method string
}

func newSigningKey(t *testing.T) *signingKey {
	t.Helper()
	pub, secret, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	id, err := did.KeyDID(pub)
	noError(t, err)
	return &signingKey{secret, id + "#" + id[len("did:key:"):]}
}

func (k *signingKey) Sign(data []byte) ([]byte, error) { return ed25519.Sign(k.secret, data), nil }
func (k *signingKey) Alg() string                      { return "EdDSA" }

func (k *signingKey) Resolve(id string) (*verifier.PublicKey, error) {
	pub, found, err := ariesKey(k.method[:bytes.IndexByte([]byte(k.method), '#')])
	if err != nil || found != id {
		return nil, fmt.Errorf("no key %s: %w", id, err)
	}
	return &verifier.PublicKey{Type: "Ed25519Signature2020", Value: pub.(ed25519.PublicKey)}, nil
}

// draft is a credential of VC 1.1 without a proof. A second variant has nested nodes
// without names, several subjects and characters beyond ASCII.
func draft(k *signingKey, i int) object {
	subject := any(object{"id": "did:example:holder", "fullName": fmt.Sprintf("Ilva Ostrowe %d", i)})
	if i%2 == 1 {
		subject = []any{
			object{"fullName": "Ærøskøbing \"quoted\" \\ tab\t line\n", "of": object{"fullName": "inner"}},
			object{"fullName": fmt.Sprint("second ", i), "of": []any{object{"fullName": "a"}, object{"fullName": "b"}}},
		}
	}
	return object{
		"@context":          []any{"https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/suites/ed25519-2020/v1", "https://board.example/context"},
		"id":                fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i),
		"type":              []any{"VerifiableCredential"},
		"issuer":            k.method[:bytes.IndexByte([]byte(k.method), '#')],
		"issuanceDate":      "2021-03-04T05:06:07Z",
		"credentialSubject": subject,
	}
}

var boardContext = []byte(`{"@context": {"fullName": "https://board.example/fullName", "of": "https://board.example/of",
	"salt": "https://board.example/salt", "ConsentReceipt": "https://board.example/ConsentReceipt"}}`)

// bench has both sides ready to check.
type bench struct {
	ours   *jsonld.Contexts
	theirs loader
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ours, err := jsonld.Builtin().With("https://board.example/context", boardContext)
	noError(t, err)
	b := &bench{ours, newLoader(t)}
	b.theirs["https://board.example/context"] = parsed(t, boardContext)
	return b
}

func (b *bench) ariesSigns(t *testing.T, k *signingKey, doc object) []byte {
	t.Helper()
	created := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	signed, err := signer.New(ed25519signature2020.New(suite.WithSigner(k))).Sign(&signer.Context{SignatureType: "Ed25519Signature2020",
		Created: &created, VerificationMethod: k.method, Purpose: "assertionMethod"}, encoded(t, doc), processor.WithDocumentLoader(b.theirs))
	noError(t, err)
	return signed
}

func (b *bench) ariesVerifies(raw []byte, k *signingKey) error {
	v, err := verifier.New(k, ed25519signature2020.New(suite.WithVerifier(ed25519signature2020.NewPublicKeyVerifier())))
	if err != nil {
		return err
	}
	return v.Verify(raw, processor.WithDocumentLoader(b.theirs))
}

func (b *bench) weVerify(raw []byte) error {
	c, err := credential.Parse(raw)
	if err != nil {
		return err
	}
	if len(c.Proofs()) != 1 {
		return fmt.Errorf("%d proofs", len(c.Proofs()))
	}
	p := &c.Proofs()[0]
	doc, err := did.Resolve(p.VerificationMethod)
	if err != nil {
		return err
	}
	key, ok := doc.Key(p.VerificationMethod)
	if !ok {
		return fmt.Errorf("no key %s", p.VerificationMethod)
	}
	return cryptosuite.Verify(c.Covered(0), p, key, jsonld.Options{Contexts: b.ours, Mode: c.Mode()})
}

// sign makes an Ed25519Signature2020 with our canonical form: the suite is only checked by
// certanchor, so its maker is here.
func (b *bench) sign(t *testing.T, k *signingKey, doc, more object) []byte {
	t.Helper()
	options := object{"type": "Ed25519Signature2020", "created": "2021-03-04T05:06:07Z", "verificationMethod": k.method, "proofPurpose": "assertionMethod"}
	maps.Copy(options, more)
	var input []byte
	config := maps.Clone(options)
	config["@context"] = doc["@context"]
	for _, part := range []object{config, doc} {
		res, err := jsonld.Canonicalize(part, jsonld.Options{Contexts: b.ours})
		noError(t, err)
		sum := sha256.Sum256(res.NQuads)
		input = append(input, sum[:]...)
	}
	options["proofValue"] = "z" + base58.Encode(ed25519.Sign(k.secret, input))
	signed := maps.Clone(doc)
	signed["proof"] = options
	return encoded(t, signed)
}

func isSignatureFault(err error) bool {
	var e *cryptosuite.Error
	return errors.As(err, &e) && e.Code == cryptosuite.CodeSignature
}

// TestEd25519Signature2020: what aries signs holds here and the other way round; a changed
// value, date or purpose holds with neither.
func TestEd25519Signature2020(t *testing.T) {
	b := newBench(t)
	for i := range 100 {
		k := newSigningKey(t)
		for maker, signed := range map[string][]byte{"aries": b.ariesSigns(t, k, draft(k, i)), "certanchor": b.sign(t, k, draft(k, i), nil)} {
			if err := b.weVerify(signed); err != nil {
				t.Fatalf("signed by %s, refused here: %v\n%s", maker, err, signed)
			}
			if err := b.ariesVerifies(signed, k); err != nil {
				t.Fatalf("signed by %s, refused by aries: %v\n%s", maker, err, signed)
			}
			for what, change := range map[string][2]string{
				"a value":   {`"fullName":"`, `"fullName":"x`},
				"the date":  {`"issuanceDate":"2021`, `"issuanceDate":"2022`},
				"created":   {`"created":"2021`, `"created":"2022`},
				"a purpose": {`"assertionMethod"`, `"authentication"`},
			} {
				bent := bytes.Replace(signed, []byte(change[0]), []byte(change[1]), 1)
				if bytes.Equal(bent, signed) {
					t.Fatalf("nothing to change for %s", what)
				}
				if err := b.weVerify(bent); !isSignatureFault(err) {
					t.Errorf("signed by %s, %s changed: %v here", maker, what, err)
				}
				if b.ariesVerifies(bent, k) == nil {
					t.Errorf("signed by %s, %s changed: taken by aries", maker, what)
				}
			}
		}
	}
}

// TestProofID is a difference: the suite signs the id of a proof as it signs all options but
// the value, and so do we. aries leaves it out, so that anybody can give a proof another id.
func TestProofID(t *testing.T) {
	b, k := newBench(t), newSigningKey(t)
	withID := b.sign(t, k, draft(k, 0), object{"id": "urn:uuid:11111111-1111-4111-8111-111111111111"})
	if err := b.weVerify(withID); err != nil {
		t.Errorf("a signed id: %v", err)
	}
	if b.ariesVerifies(withID, k) == nil {
		t.Error("aries now reads the id of a proof; the difference is gone")
	}
	added := bytes.Replace(b.ariesSigns(t, k, draft(k, 0)), []byte(`"proofPurpose"`), []byte(`"id":"urn:uuid:22222222-2222-4222-8222-222222222222","proofPurpose"`), 1)
	if err := b.ariesVerifies(added, k); err != nil {
		t.Errorf("aries now refuses an id it did not sign: %v", err)
	}
	if err := b.weVerify(added); !isSignatureFault(err) {
		t.Errorf("an id that was not signed: %v", err)
	}
}
