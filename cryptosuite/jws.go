package cryptosuite

import (
	"encoding/base64"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxJWS bounds a detached JWS in characters; one of ES256K takes 140.
const maxJWS = 512

// detachedJWS reads the signature of a linked data proof: a JWS with detached and
// unencoded payload (RFC 7797), whose header is ES256K, b64 false, crit b64, and nothing
// else. Any other member (jku, x5u, jwk, kid, …) could send a verifier elsewhere for its
// key and is refused, as is any other algorithm.
func detachedJWS(text string) (encoded, error) {
	if len(text) > maxJWS {
		return encoded{}, fail(CodeValue, "a JWS of more than %d characters", maxJWS)
	}
	header, sig, ok := strings.Cut(text, "..")
	if !ok {
		return encoded{}, fail(CodeValue, "no JWS with detached payload")
	}
	raw, err := base64URL(header)
	if err != nil {
		return encoded{}, err
	}
	if err := checkHeader(raw); err != nil {
		return encoded{}, err
	}
	value, err := base64URL(sig)
	if err != nil {
		return encoded{}, err
	}
	return encoded{header: []byte(header + "."), value: value}, nil
}

func checkHeader(raw []byte) error {
	h, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: maxJWS})
	if err != nil {
		return fail(CodeValue, "JWS header: %v", err)
	}
	crit, _ := h["crit"].([]any)
	switch {
	case h["alg"] != "ES256K":
		return fail(CodeValue, "JWS algorithm %v is not ES256K", h["alg"])
	case h["b64"] != false:
		return fail(CodeValue, "JWS header: b64 is not false")
	case len(crit) != 1 || crit[0] != "b64":
		return fail(CodeValue, "JWS header: crit is not b64 alone")
	case len(h) != 3:
		return fail(CodeValue, "JWS header with members beside alg, b64 and crit")
	}
	return nil
}

// base64URL is strict: encoding/base64 alone passes over line ends.
func base64URL(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fail(CodeValue, "not base64url without padding")
	}
	return b, nil
}
