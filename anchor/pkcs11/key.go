package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/asn1"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/miekg/pkcs11"

	"github.com/certanchor/certanchor/anchor"
)

// Curves as CKA_EC_PARAMS names them: DER of the object identifier, and for Ed25519 also
// of the name, which the two versions of the standard have.
var (
	secp256k1 = []byte{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a}
	ed25519s  = [][]byte{{0x06, 0x03, 0x2b, 0x65, 0x70}, append([]byte{0x13, 0x0c}, "edwards25519"...)}
)

// mechanismEDDSA is CKM_EDDSA of PKCS #11 3.0, which the library does not name.
const mechanismEDDSA = 0x1057

// A key is a private key in the token and its public half.
type key struct {
	token   *Token
	private pkcs11.ObjectHandle
	label   string
	params  []byte
	point   []byte // as the curve writes it, without DER around it
}

// key looks for the one private key of that label and for the public key of its id.
func (t *Token) key(label string) (*key, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.module == nil {
		return nil, fail(CodeToken, nil, "the token is closed")
	}
	private, err := t.objects(pkcs11.CKO_PRIVATE_KEY, pkcs11.CKA_LABEL, []byte(label))
	if err != nil {
		return nil, err
	}
	switch len(private) {
	case 0:
		return nil, fail(CodeNoKey, nil, "the token has no private key %q", label)
	case 1:
	default:
		return nil, fail(CodeManyKeys, nil, "%d private keys are called %q", len(private), label)
	}
	k := &key{token: t, private: private[0], label: label}
	attributes, err := t.module.GetAttributeValue(t.session, k.private, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_ID, nil), pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, nil)})
	if isCode(err, pkcs11.CKR_ATTRIBUTE_TYPE_INVALID) {
		return nil, fail(CodeWrongCurve, nil, "key %q is not of an elliptic curve", label)
	}
	if err != nil {
		return nil, fail(CodeToken, err, "key %q cannot be read", label)
	}
	k.params = attributes[1].Value
	public, err := t.objects(pkcs11.CKO_PUBLIC_KEY, pkcs11.CKA_ID, attributes[0].Value)
	if err != nil {
		return nil, err
	}
	if len(public) != 1 {
		return nil, fail(CodeNoKey, nil, "the token has %d public keys with the id of %q, want one", len(public), label)
	}
	attributes, err = t.module.GetAttributeValue(t.session, public[0], []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil)})
	if err != nil {
		return nil, fail(CodeToken, err, "the public key of %q cannot be read", label)
	}
	// An OCTET STRING by the standard; some tokens leave the wrapping out.
	k.point = attributes[0].Value
	var inner []byte
	if rest, err := asn1.Unmarshal(k.point, &inner); err == nil && len(rest) == 0 {
		k.point = inner
	}
	return k, nil
}

// maxObjects is how many of one label are looked for: two are one too many.
const maxObjects = 2

func (t *Token) objects(class, attribute uint, value []byte) ([]pkcs11.ObjectHandle, error) {
	err := t.module.FindObjectsInit(t.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(attribute, value)})
	if err != nil {
		return nil, fail(CodeToken, err, "the token cannot be searched")
	}
	found, _, err := t.module.FindObjects(t.session, maxObjects)
	if end := t.module.FindObjectsFinal(t.session); err == nil {
		err = end
	}
	if err != nil {
		return nil, fail(CodeToken, err, "the token cannot be searched")
	}
	return found, nil
}

// sign asks the token.
func (k *key) sign(mechanism uint, data []byte) ([]byte, error) {
	t := k.token
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.module == nil {
		return nil, fail(CodeToken, nil, "the token is closed")
	}
	err := t.module.SignInit(t.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, k.private)
	var sig []byte
	if err == nil {
		sig, err = t.module.Sign(t.session, data)
	}
	if err != nil {
		return nil, fail(CodeToken, err, "key %q does not sign", k.label)
	}
	return sig, nil
}

// An AnchorKey is a secp256k1 key that pays for transactions.
type AnchorKey struct {
	key    *key
	public *btcec.PublicKey
}

var _ anchor.Signer = (*AnchorKey)(nil)

// AnchorKey returns the secp256k1 key of that label. Codes: no-key, many-keys,
// wrong-curve, token.
func (t *Token) AnchorKey(label string) (*AnchorKey, error) {
	k, err := t.key(label)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(k.params, secp256k1) {
		return nil, fail(CodeWrongCurve, nil, "key %q is not of secp256k1", label)
	}
	public, err := btcec.ParsePubKey(k.point)
	if err != nil {
		return nil, fail(CodeToken, err, "the public key of %q is not a point of secp256k1", label)
	}
	return &AnchorKey{k, public}, nil
}

// PublicKey implements anchor.Signer.
func (a *AnchorKey) PublicKey() *btcec.PublicKey { return a.public }

// SignECDSA implements anchor.Signer. The token's signature is brought to low S, and
// checked, before it is returned. It is another one each time.
func (a *AnchorKey) SignECDSA(digest [32]byte) ([]byte, error) {
	raw, err := a.key.sign(pkcs11.CKM_ECDSA, digest[:])
	if err != nil {
		return nil, err
	}
	var r, s btcec.ModNScalar
	if len(raw) != 64 || r.SetByteSlice(raw[:32]) || s.SetByteSlice(raw[32:]) || r.IsZero() || s.IsZero() {
		return nil, fail(CodeSignature, nil, "key %q gave %d bytes that are no signature", a.key.label, len(raw))
	}
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	sig := ecdsa.NewSignature(&r, &s)
	if !sig.Verify(digest[:], a.public) {
		return nil, fail(CodeSignature, nil, "what key %q signed does not verify with its public key", a.key.label)
	}
	return sig.Serialize(), nil
}

// SignTaproot returns an error with code unsupported.
func (a *AnchorKey) SignTaproot([32]byte) ([]byte, error) {
	return nil, fail(CodeUnsupported, nil, "a token cannot sign for P2TR; issue from a P2PKH or P2WPKH address")
}

// Format prints the label only.
func (a *AnchorKey) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "pkcs11.AnchorKey(%q)", a.key.label) }

type signingKey struct {
	key    *key
	public ed25519.PublicKey
}

// SigningKey returns the Ed25519 key of that label, for credentials and lists. Codes:
// no-key, many-keys, wrong-curve, token.
func (t *Token) SigningKey(label string) (crypto.Signer, error) {
	k, err := t.key(label)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(k.params, ed25519s[0]) && !bytes.Equal(k.params, ed25519s[1]) {
		return nil, fail(CodeWrongCurve, nil, "key %q is not of Ed25519", label)
	}
	if len(k.point) != ed25519.PublicKeySize {
		return nil, fail(CodeToken, nil, "the public key of %q has %d bytes", label, len(k.point))
	}
	return &signingKey{k, ed25519.PublicKey(k.point)}, nil
}

// Public implements crypto.Signer.
func (s *signingKey) Public() crypto.PublicKey { return s.public }

// Sign implements crypto.Signer: of a message, not of a digest.
func (s *signingKey) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts != nil && opts.HashFunc() != 0 {
		return nil, fail(CodeUnsupported, nil, "Ed25519 signs whole messages")
	}
	sig, err := s.key.sign(mechanismEDDSA, message)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(s.public, message, sig) {
		return nil, fail(CodeSignature, nil, "what key %q signed does not verify with its public key", s.key.label)
	}
	return sig, nil
}

// Format prints the label only.
func (s *signingKey) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "pkcs11.SigningKey(%q)", s.key.label)
}
