package cryptosuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// SignJWT returns a JWT in compact form with a header of alg, typ and, if it is not empty,
// kid: EdDSA by an Ed25519 key, ES256 by a P-256 key. The payload is signed as given.
func SignJWT(typ, kid string, payload []byte, signer crypto.Signer) (string, error) {
	alg, err := algOf(signer.Public())
	if err != nil {
		return "", err
	}
	header := map[string]string{"alg": alg, "typ": typ}
	if kid != "" {
		header["kid"] = kid
	}
	text, err := json.Marshal(header) // members sorted
	if err != nil {
		return "", err
	}
	input := base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sig, err := SignMessage(signer, []byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(sig), err
}

// VerifyJWT checks the signature of a JWT whose header says alg. The key's type decides
// which algorithm that must be; credential.Parse has read the rest of the header. Errors
// are *Error.
func VerifyJWT(jwt, alg string, pub crypto.PublicKey) error {
	want, err := algOf(pub)
	if err != nil {
		return err
	}
	if alg != want {
		return fail(CodeKeyType, "a JWT by %s under a key for %s", alg, want)
	}
	dot := strings.LastIndexByte(jwt, '.')
	if dot < 0 {
		return fail(CodeValue, "not a JWT")
	}
	sig, err := base64URL(jwt[dot+1:])
	if err != nil {
		return err
	}
	return VerifyMessage(pub, []byte(jwt[:dot]), sig)
}

func algOf(pub crypto.PublicKey) (string, error) {
	switch pub.(type) {
	case ed25519.PublicKey:
		return "EdDSA", nil
	case *ecdsa.PublicKey:
		return "ES256", nil // of P-256 only, which SignMessage and VerifyMessage see to
	}
	return "", fail(CodeKeyType, "no JWT is signed with %T here", pub)
}
