package credential

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// An SD-JWT VC (draft-ietf-oauth-sd-jwt-vc, typ dc+sd-jwt) has flat claims where a VC 2.0
// document has members. It is read as the document that says the same:
//
//	iss           issuer
//	vct           the one type beside VerifiableCredential; see TypeOfVCT
//	jti           id
//	nbf, exp      validFrom, validUntil
//	status        credentialStatus: a place in an IETF list (Token Status List, section 6)
//	sub           credentialSubject.id; beside a claim id it is refused
//	vc            members of the document that have no claim: name, evidence, credentialStatus, …
//	other claims  members of credentialSubject
//
// iat says nothing that is judged and is left out.

// TokenEntry is the type of a status entry that names a place in an IETF list. Only an
// SD-JWT VC has such.
const TokenEntry = "status_list"

// LicensureTerms begins the IRI of each type of package licensure; LicenceCredential is
// LicensureTerms + "LicenceCredential".
const LicensureTerms = "https://certanchor.github.io/ns/licensure/v1#"

// TypeOfVCT returns the type that a vct names: types of package licensure by the name they
// have in every form, so that one trust file serves all; others by the vct itself.
func TypeOfVCT(vct string) string { return strings.TrimPrefix(vct, LicensureTerms) }

// claimsOfJWT are never the holder's to leave out, nor claims of the subject.
var claimsOfJWT = []string{"iss", "vct", "vct#integrity", "jti", "nbf", "exp", "cnf", "status", "vc", "anchored", "_sd_alg", "aud", "vp"}

// ReservedClaims returns the names that no claim of a subject can have in an SD-JWT VC.
func ReservedClaims() []string { return append([]string{"id", "sub", "iat"}, claimsOfJWT...) }

// mapped are the members of a document that come from claims.
var mapped = []string{"@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "verifiableCredential", "holder", "proof"}

// readDC reads the payload of a TypDC.
func (e *Envelope) readDC(payload map[string]any, disclosures []string) (map[string]any, error) {
	if err := e.readTerms(payload); err != nil {
		return nil, err
	}
	doc, err := e.documentOf(payload)
	if err != nil {
		return nil, err
	}
	for _, name := range claimsOfJWT {
		delete(payload, name)
	}
	shown, err := e.disclose(payload, disclosures)
	if err != nil {
		return nil, err
	}
	subject := asObject(shown)
	for _, name := range claimsOfJWT {
		if _, there := subject[name]; there {
			return nil, fail(CodeMember, "/sdJwt", "the claim %q is hidden, or of the subject", name)
		}
	}
	if sub, given := subject["sub"]; given {
		if _, both := subject["id"]; both || asText(sub) == "" {
			return nil, fail(CodeMember, "/sdJwt", "sub is no text, or stands beside id")
		}
		subject["id"] = sub
	}
	delete(subject, "sub")
	delete(subject, "iat")
	doc["credentialSubject"] = subject
	return doc, nil
}

// documentOf returns the document of the claims that are always shown, without a subject.
func (e *Envelope) documentOf(payload map[string]any) (map[string]any, error) {
	bad := func(format string, args ...any) (map[string]any, error) {
		return nil, fail(CodeMember, "/sdJwt", format, args...)
	}
	doc := map[string]any{}
	if extra, given := payload["vc"]; given {
		members, isObject := extra.(map[string]any)
		if !isObject || hasDigests(members) {
			return bad("vc is no object, or holds digests")
		}
		for name, v := range members {
			if slices.Contains(mapped, name) {
				return bad("vc has the member %q, which is a claim of its own", name)
			}
			doc[name] = v
		}
	}
	for _, name := range []string{"aud", "vp"} {
		if _, given := payload[name]; given {
			return nil, fail(CodeUnsupported, "/sdJwt", "the claim %q in a credential", name)
		}
	}
	vct, iss := asText(payload["vct"]), asText(payload["iss"])
	if vct == "" || iss == "" {
		return bad("vct or iss is missing, or is no text")
	}
	doc["type"], doc["issuer"] = []any{"VerifiableCredential", TypeOfVCT(vct)}, iss
	if id, given := payload["jti"]; given {
		doc["id"] = id
	}
	for claim, member := range map[string]string{"nbf": "validFrom", "exp": "validUntil"} {
		v, given := payload[claim]
		if !given {
			continue
		}
		t, ok := seconds(v)
		if !ok {
			return bad("%s is no time in whole seconds", claim)
		}
		doc[member] = t.Format(time.RFC3339)
	}
	if err := e.confirmed(payload["cnf"]); err != nil {
		return nil, err
	}
	entries, err := tokenEntries(payload)
	if err != nil {
		return nil, err
	}
	if entries = append(entries, asList(doc["credentialStatus"])...); len(entries) > 0 {
		doc["credentialStatus"] = entries
	}
	return doc, nil
}

// confirmed reads cnf (RFC 7800): a key, or the DID URL of one.
func (e *Envelope) confirmed(cnf any) error {
	if cnf == nil {
		return nil
	}
	m := asObject(cnf)
	kid, jwk := asText(m["kid"]), asObject(m["jwk"])
	switch {
	case len(m) == 1 && kid != "":
		e.Holder = kid
	case len(m) == 1 && len(jwk) > 0:
		text, err := strictjson.Canonical(jwk)
		if err != nil {
			return err
		}
		e.Holder = "did:jwk:" + base64.RawURLEncoding.EncodeToString(text) + "#0"
	default:
		return fail(CodeUnsupported, "/sdJwt", "cnf must have jwk or kid, and nothing else")
	}
	return nil
}

// tokenEntries returns an entry for each mechanism of status; one that is not status_list
// is for the verifier to say that it cannot judge.
func tokenEntries(payload map[string]any) ([]any, error) {
	v, given := payload["status"]
	if !given {
		return nil, nil
	}
	mechanisms, isObject := v.(map[string]any)
	if !isObject || len(mechanisms) == 0 {
		return nil, fail(CodeMember, "/sdJwt", "status is no object with a mechanism")
	}
	var entries []any
	for name, m := range mechanisms {
		entry := map[string]any{"type": name}
		if name == TokenEntry {
			place := asObject(m)
			index, isNumber := place["idx"].(json.Number)
			if uri := asText(place["uri"]); uri == "" || !isNumber {
				return nil, fail(CodeMember, "/sdJwt", "status_list has no idx and uri")
			}
			entry["statusPurpose"], entry["statusListIndex"], entry["statusListCredential"] = "revocation", index, place["uri"]
		}
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b any) int {
		return strings.Compare(fmt.Sprint(asObject(a)["type"]), fmt.Sprint(asObject(b)["type"]))
	})
	return entries, nil
}
