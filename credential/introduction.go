package credential

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Issuer and holder introduce themselves with two small messages, which travel as files,
// as texts in a link, or as QR codes: the issuer's invitation and the holder's answer. A
// third tells the issuer of the holder's next key: rotation.go. docs/wallet.md has examples
// of all.

// Types of the messages, and the heads of their text forms.
const (
	TypeInvitation   = "certanchor-invitation"
	TypeIntroduction = "certanchor-introduction"

	textInvitation   = "certanchor:invitation:"
	textIntroduction = "certanchor:introduction:"
)

// maxMessage bounds each message in bytes. A QR code holds less than half of it.
const maxMessage = 8 << 10

// NonceBytes is the length of an invitation's nonce.
const NonceBytes = 32

// An Invitation asks a holder to introduce themselves. Whoever holds it can answer it once:
// it must reach the right person.
type Invitation struct {
	Version int       `json:"version"` // 1
	Type    string    `json:"type"`
	Issuer  string    `json:"issuer"` // id
	Name    string    `json:"name"`   // the issuer's, for display; proves nothing
	Nonce   string    `json:"nonce"`  // base64url, NonceBytes
	Expires time.Time `json:"expires"`
	// Network, if not empty, asks for a Bitcoin address there, as Blockcerts of version 2
	// name their recipients.
	Network string `json:"bitcoinAddress,omitempty"`
	// Method and Signature are there together or not at all: a verification method of the
	// issuer, and its signature, base64url. They show who made the invitation to whoever
	// trusts that issuer's keys; a desk without a key invites without them.
	Method    string `json:"verificationMethod,omitempty"`
	Signature string `json:"signature,omitempty"`
}

// SigningInput is what the signature of an invitation is over: a tag, and the RFC 8785 form
// without it.
func (i *Invitation) SigningInput() ([]byte, error) {
	bare := *i
	bare.Signature = ""
	text, err := canonicalOf(bare)
	return append([]byte("certanchor/invitation/1\x00"), text...), err
}

// An Introduction is the holder's answer: whose DID, for which issuer and nonce, when, and
// signatures that prove possession.
type Introduction struct {
	Version int           `json:"version"` // 1
	Type    string        `json:"type"`
	Issuer  string        `json:"issuer"`
	Nonce   string        `json:"nonce"`
	DID     string        `json:"did"` // a did:key
	At      time.Time     `json:"at"`
	Address *ProvenWallet `json:"bitcoinAddress,omitempty"`
	// Recovery is a key that may later name a new DID in place of this one (Rotation), when
	// the holder has no more than the phrase of the wallet.
	Recovery  *ProvenKey `json:"recovery,omitempty"`
	Signature string     `json:"signature,omitempty"` // base64url, by the DID's key
}

// A ProvenWallet is a Bitcoin address with proof of its key.
type ProvenWallet struct {
	Network   string `json:"network"`
	Address   string `json:"address"`
	PublicKey string `json:"publicKeyMultibase"`
	Signature string `json:"signature,omitempty"` // base64url, r and s of 32 bytes each
}

// A ProvenKey is a did:key with proof of possession.
type ProvenKey struct {
	DID       string `json:"did"`
	Signature string `json:"signature,omitempty"` // base64url
}

// SigningInput is what the signatures of an introduction are over: a tag, and the RFC 8785
// form without signatures.
func (n *Introduction) SigningInput() ([]byte, error) {
	bare := *n
	bare.Signature = ""
	if n.Address != nil {
		a := *n.Address
		a.Signature = ""
		bare.Address = &a
	}
	if n.Recovery != nil {
		bare.Recovery = &ProvenKey{DID: n.Recovery.DID}
	}
	text, err := canonicalOf(bare)
	return append([]byte("certanchor/introduction/1\x00"), text...), err
}

func canonicalOf(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	tree, err := strictjson.Parse(text, strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(tree)
}

// Text returns the invitation as one line, for a link or a QR code.
func (i *Invitation) Text() (string, error) { return messageText(textInvitation, i) }

// Text returns the introduction as one line, for a link or a QR code.
func (n *Introduction) Text() (string, error) { return messageText(textIntroduction, n) }

func messageText(head string, v any) (string, error) {
	text, err := canonicalOf(v)
	return head + base64.RawURLEncoding.EncodeToString(text), err
}

// ParseInvitation reads an invitation in either form, JSON or text. It returns an *Error
// or a *strictjson.Error; whether it has expired is the caller's to ask.
func ParseInvitation(data []byte) (*Invitation, error) {
	var i Invitation
	if err := parseMessage(data, textInvitation, &i); err != nil {
		return nil, err
	}
	nonce, err := base64.RawURLEncoding.Strict().DecodeString(i.Nonce)
	switch {
	case i.Version != 1 || i.Type != TypeInvitation:
		return nil, fail(CodeMember, "/type", "not an invitation of version 1")
	case err != nil || len(nonce) != NonceBytes:
		return nil, fail(CodeMember, "/nonce", "not %d bytes in base64url", NonceBytes)
	case !strings.Contains(i.Issuer, ":") || strings.ContainsAny(i.Issuer, " \t\r\n"):
		return nil, fail(CodeMember, "/issuer", "not an absolute id")
	case i.Expires.IsZero():
		return nil, fail(CodeMember, "/expires", "missing")
	case (i.Signature == "") != (i.Method == ""):
		return nil, fail(CodeMember, "/signature", "a signature and its verificationMethod go together")
	}
	return &i, nil
}

// ParseIntroduction reads an introduction in either form, JSON or text. It returns an
// *Error or a *strictjson.Error. No signature is checked here.
func ParseIntroduction(data []byte) (*Introduction, error) {
	var n Introduction
	if err := parseMessage(data, textIntroduction, &n); err != nil {
		return nil, err
	}
	switch {
	case n.Version != 1 || n.Type != TypeIntroduction:
		return nil, fail(CodeMember, "/type", "not an introduction of version 1")
	case !strings.HasPrefix(n.DID, "did:key:"):
		return nil, fail(CodeMember, "/did", "not a did:key")
	case n.Recovery != nil && (!strings.HasPrefix(n.Recovery.DID, "did:key:") || n.Recovery.DID == n.DID):
		return nil, fail(CodeMember, "/recovery/did", "not another did:key")
	case n.At.IsZero():
		return nil, fail(CodeMember, "/at", "missing")
	}
	return &n, nil
}

func parseMessage(data []byte, head string, into any) error {
	if text, ok := strings.CutPrefix(strings.TrimSpace(string(data[:min(len(data), 2*maxMessage)])), head); ok {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return fail(CodeMember, "", "the text is damaged: not base64url")
		}
		data = raw
	}
	if len(data) > maxMessage {
		return fail(CodeLimit, "", "%d bytes, at most %d", len(data), maxMessage)
	}
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: maxMessage, Depth: 4}, into); err != nil {
		return fmt.Errorf("credential: not such a message: %w", err)
	}
	return nil
}
