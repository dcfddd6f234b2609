package credential

import (
	"strings"
	"time"
)

// TypeRotation is the type of a Rotation, and textRotation the head of its text form.
const (
	TypeRotation = "certanchor-rotation"
	textRotation = "certanchor:rotation:"
)

// A Rotation is how a holder tells an issuer of a new key: in place of an old one, which
// signs, or in place of all that were introduced with a recovery key, which signs. The new
// key signs too, so that nobody can have another's credentials issued to himself, or his
// own to another.
type Rotation struct {
	Version int    `json:"version"` // 1
	Type    string `json:"type"`
	Issuer  string `json:"issuer"`
	// One of the two is there: who signs for what the issuer knows of the holder.
	OldDID   string    `json:"oldDid,omitempty"`
	Recovery string    `json:"recovery,omitempty"`
	NewDID   string    `json:"newDid"`
	At       time.Time `json:"at"`
	// Signatures by the key of OldDID or Recovery, and by that of NewDID, base64url.
	Signature    string `json:"signature,omitempty"`
	NewSignature string `json:"newSignature,omitempty"`
}

// Signer is the DID whose key signs for the old state of things.
func (r *Rotation) Signer() string { return r.OldDID + r.Recovery }

// SigningInput is what both signatures are over: a tag, and the RFC 8785 form without them.
func (r *Rotation) SigningInput() ([]byte, error) {
	bare := *r
	bare.Signature, bare.NewSignature = "", ""
	text, err := canonicalOf(bare)
	return append([]byte("certanchor/rotation/1\x00"), text...), err
}

// Text returns the rotation as one line, for a link or a QR code.
func (r *Rotation) Text() (string, error) { return messageText(textRotation, r) }

// ParseRotation reads a rotation in either form, JSON or text. It returns an *Error or a
// *strictjson.Error. No signature is checked here.
func ParseRotation(data []byte) (*Rotation, error) {
	var r Rotation
	if err := parseMessage(data, textRotation, &r); err != nil {
		return nil, err
	}
	switch {
	case r.Version != 1 || r.Type != TypeRotation:
		return nil, fail(CodeMember, "/type", "not a rotation of version 1")
	case (r.OldDID == "") == (r.Recovery == ""):
		return nil, fail(CodeMember, "/oldDid", "needs one of oldDid and recovery")
	case !strings.HasPrefix(r.Signer(), "did:key:"):
		return nil, fail(CodeMember, "/oldDid", "not a did:key")
	case !strings.HasPrefix(r.NewDID, "did:key:") || r.NewDID == r.Signer():
		return nil, fail(CodeMember, "/newDid", "not another did:key")
	case r.At.IsZero():
		return nil, fail(CodeMember, "/at", "missing")
	}
	return &r, nil
}
