package aries

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hyperledger/aries-framework-go/component/models/ld/context/embed"
	"github.com/hyperledger/aries-framework-go/component/models/ld/processor"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/bbsblssignature2020"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/bbsblssignatureproof2020"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/verifier"
	"github.com/piprate/json-gold/ld"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// The codes of Derive and CheckDerived.
const (
	CodeContext   Code = "context"   // a context that is not JSON
	CodeUnsuited  Code = "unsuited"  // not a credential of VC 1.1 with one subject and one proof of the suite
	CodeNonce     Code = "nonce"     // shorter than MinNonce
	CodeNoMember  Code = "no-member" // the subject has no such member, or it is not signed
	CodeUnsigned  Code = "unsigned"  // a showing has a member that no signature covers
	CodeSignature Code = "signature" // the proof does not hold under the key
	CodeDerive    Code = "derive"    // aries failed, or showed something else than asked
)

// MinNonce is the fewest bytes of a nonce. The verifier draws it anew for each showing:
// without it a showing could be shown again by whoever has seen it.
const MinNonce = 16

// An IssuerKey is a BLS12-381 G2 key of the issuer, from where the caller trusts it.
type IssuerKey struct {
	ID string // the verification method, as the proof must name it
	G2 []byte // 96 bytes, compressed
}

// Resolve is for aries.
func (k IssuerKey) Resolve(id string) (*verifier.PublicKey, error) {
	if id != k.ID {
		return nil, fmt.Errorf("the proof is by %s, not by %s", id, k.ID)
	}
	return &verifier.PublicKey{Type: "Bls12381G2Key2020", Value: k.G2}, nil
}

// Contexts are JSON-LD contexts by address, besides those that aries carries, which they
// do not replace. Nothing is fetched.
type Contexts map[string][]byte

type pinned map[string]any

func (p pinned) LoadDocument(url string) (*ld.RemoteDocument, error) {
	doc, known := p[url]
	if !known {
		return nil, fmt.Errorf("the context %s is not given", url)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

func (c Contexts) option() (processor.Opts, error) {
	p := pinned{}
	add := func(url string, doc []byte) error {
		obj, err := strictjson.ParseObject(doc, strictjson.Limits{})
		if err == nil && p[url] == nil {
			var plain any // json-gold wants numbers as float64
			err = json.Unmarshal(doc, &plain)
			p[url] = plain
		}
		if err != nil || obj == nil {
			return &Error{CodeContext, url, err}
		}
		return nil
	}
	for _, d := range embed.Contexts {
		if err := add(d.URL, d.Content); err != nil {
			return nil, err
		}
	}
	for url, doc := range c {
		if err := add(url, doc); err != nil {
			return nil, err
		}
	}
	return processor.WithDocumentLoader(p), nil
}

// shown are the members of a credential that every showing has, where the credential does:
// without them nobody can judge it.
var shown = []string{"issuer", "issuanceDate", "expirationDate", "credentialStatus"}

// Derive shows the named members of the subject of a credential that its issuer signed with
// BbsBlsSignature2020, and no other: a BbsBlsSignatureProof2020, bound to the verifier's
// nonce. A member is shown whole. Shown always are the type, the issuer, the dates, the
// status, and the ids of credential and subject: by an id two showings can be matched.
//
// The issuer's signature is checked before, and what is returned has been checked as a
// verifier would. certanchor's verifier does not judge either suite: this is for
// verifiers of that time. Errors are *Error.
//
// A member that is an object can be shown only where the ids of credential and subject come
// before "urn:bnid:" in the order of characters, as https: and did: do and urn:uuid: does
// not: otherwise aries numbers the statements wrongly, and Derive ends with CodeDerive.
func Derive(raw []byte, key IssuerKey, show []string, nonce []byte, contexts Contexts) ([]byte, error) {
	option, err := contexts.option()
	if err != nil {
		return nil, err
	}
	doc, subject, err := suited(raw, "BbsBlsSignature2020")
	if err != nil {
		return nil, err
	}
	if len(nonce) < MinNonce {
		return nil, &Error{CodeNonce, fmt.Sprintf("%d bytes; at least %d", len(nonce), MinNonce), nil}
	}
	whole := bbsblssignature2020.New(suite.WithCompactProof(), suite.WithVerifier(bbsblssignature2020.NewG2PublicKeyVerifier()))
	if err := verify(raw, key, whole, option); err != nil {
		return nil, err
	}
	// Without @explicit a frame shows all there is, so callers give names and not a frame.
	part := map[string]any{"@explicit": true}
	if t, ok := subject["type"]; ok {
		part["type"] = t
	}
	for _, name := range show {
		if _, ok := subject[name]; !ok || strings.HasPrefix(name, "@") {
			return nil, &Error{CodeNoMember, fmt.Sprintf("the subject has no %q", name), nil}
		}
		if name != "id" && name != "type" {
			part[name] = map[string]any{}
		}
	}
	frame := map[string]any{"@context": doc["@context"], "type": doc["type"], "@explicit": true, "credentialSubject": part}
	for _, name := range shown {
		if _, ok := doc[name]; ok {
			frame[name] = map[string]any{}
		}
	}
	var derived []byte
	err = guarded(func() error {
		out, err := bbsblssignatureproof2020.New().SelectiveDisclosure(doc, frame, nonce, key, option)
		if err == nil {
			derived, err = json.Marshal(out)
		}
		return err
	})
	if err != nil {
		return nil, &Error{CodeDerive, "aries derives no proof", err}
	}
	// aries takes the first statement for one that it does not find.
	if err := CheckDerived(derived, key, nonce, contexts); err != nil {
		return nil, &Error{CodeDerive, "what aries derived does not hold", err}
	}
	if err := onlyShown(derived, show); err != nil {
		return nil, err
	}
	return derived, nil
}

// onlyShown makes sure that the subject has what was asked for and nothing else.
func onlyShown(derived []byte, show []string) error {
	_, subject, err := suited(derived, "BbsBlsSignatureProof2020")
	if err != nil {
		return err
	}
	for _, name := range show {
		if _, ok := subject[name]; !ok {
			return &Error{CodeNoMember, fmt.Sprintf("%q is not signed: no context defines it", name), nil}
		}
	}
	for name := range subject {
		if name != "id" && name != "type" && !slices.Contains(show, name) {
			return &Error{CodeDerive, fmt.Sprintf("%q was not to be shown", name), nil}
		}
	}
	return nil
}

// CheckDerived checks a showing made by Derive: that it is of what the issuer signed, for
// this nonce. It judges neither dates nor status, nor whose key it is: the caller compares
// the issuer it names with the one the key was trusted for. nil means that it holds;
// errors are *Error.
func CheckDerived(raw []byte, key IssuerKey, nonce []byte, contexts Contexts) error {
	option, err := contexts.option()
	if err != nil {
		return err
	}
	if _, _, err := suited(raw, "BbsBlsSignatureProof2020"); err != nil {
		return err
	}
	if len(nonce) < MinNonce {
		return &Error{CodeNonce, fmt.Sprintf("%d bytes; at least %d", len(nonce), MinNonce), nil}
	}
	if err := allSigned(raw, contexts); err != nil {
		return err
	}
	return verify(raw, key, bbsblssignatureproof2020.New(suite.WithCompactProof(),
		suite.WithVerifier(bbsblssignatureproof2020.NewG2PublicKeyVerifier(nonce))), option)
}

// allSigned refuses a document with a member that adds no statement, for aries drops such
// members: anybody could add one, and it would be read as the issuer's word.
func allSigned(raw []byte, contexts Contexts) error {
	all := jsonld.Builtin()
	for _, d := range embed.Contexts {
		if _, known := all.Digest(d.URL); known {
			continue
		}
		if more, err := all.With(d.URL, d.Content); err == nil { // else it is missing, and what names it refused
			all = more
		}
	}
	for url, doc := range contexts {
		if _, known := all.Digest(url); known {
			continue
		}
		var err error
		if all, err = all.With(url, doc); err != nil {
			return &Error{CodeContext, url, err}
		}
	}
	cred, err := credential.Parse(raw)
	if err != nil {
		return &Error{CodeUnsuited, "not a credential of VC 1.1", err}
	}
	res, err := jsonld.Canonicalize(cred.Unsecured(), jsonld.Options{Contexts: all, Mode: cred.Mode()})
	if err != nil {
		return &Error{CodeUnsigned, "not all of it is signed", err}
	}
	if len(res.Ghosts) > 0 {
		return &Error{CodeUnsigned, res.Ghosts[0].Path + " is not signed", nil}
	}
	return nil
}

func verify(raw []byte, key IssuerKey, s verifier.SignatureSuite, option processor.Opts) error {
	err := guarded(func() error {
		v, err := verifier.New(key, s)
		if err != nil {
			return err
		}
		return v.Verify(raw, option)
	})
	if err != nil {
		return &Error{CodeSignature, "the proof does not hold", err}
	}
	return nil
}

// guarded turns a panic inside aries into an error: it has some on hostile input.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("aries panics: %v", p)
		}
	}()
	return do()
}

// suited reads a credential of VC 1.1 with one subject and one proof, of the given suite.
func suited(raw []byte, suiteName string) (doc, subject map[string]any, err error) {
	if doc, err = strictjson.ParseObject(raw, strictjson.Limits{Bytes: credential.MaxBytes}); err != nil {
		return nil, nil, &Error{CodeMalformed, "not a credential", err}
	}
	cred, err := credential.FromObject(raw, doc)
	if err != nil || cred.Version() != credential.VC1 || cred.IsPresentation() {
		return nil, nil, &Error{CodeUnsuited, "not a credential of VC 1.1", err}
	}
	if p := cred.Proofs(); len(p) != 1 || p[0].Type != suiteName {
		return nil, nil, &Error{CodeUnsuited, "it must have one proof, a " + suiteName, nil}
	}
	if err = json.Unmarshal(raw, &doc); err != nil { // json-gold wants numbers as float64
		return nil, nil, &Error{CodeMalformed, "not a credential", err}
	}
	subject, ok := doc["credentialSubject"].(map[string]any)
	if !ok {
		return nil, nil, &Error{CodeUnsuited, "it must have one subject", nil}
	}
	return doc, subject, nil
}
