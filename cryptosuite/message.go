package cryptosuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"

	"github.com/btcsuite/btcd/btcec/v2"
)

// SignMessage signs bytes that are no document: an Ed25519 or P-256 key, as in Sign. The
// caller begins the message with a tag of its own, so that it can never be taken for
// another kind of message.
func SignMessage(signer crypto.Signer, message []byte) ([]byte, error) {
	if _, err := suiteOf(signer.Public()); err != nil {
		return nil, err
	}
	return signInput(signer, message)
}

// VerifyMessage checks a signature over bytes: by Ed25519, or by P-256 or secp256k1 as r
// and s of 32 bytes each over SHA-256, the latter in its lower form. Errors are *Error.
func VerifyMessage(pub crypto.PublicKey, message, signature []byte) error {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		if len(k) == ed25519.PublicKeySize {
			return ed25519Check(k)(message, signature)
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return ecdsaCheck(k, 32, sha256Sum)(message, signature)
		}
	case *btcec.PublicKey:
		return secp256k1Check(k)(message, signature)
	}
	return fail(CodeKeyType, "messages are not checked with %T", pub)
}
