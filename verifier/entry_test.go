package verifier_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/verifier"
)

// pinnedFile is a context as a trust file carries it.
func pinnedFile(url string, doc []byte) object {
	sum := sha256.Sum256(doc)
	return object{"url": url, "sha256": hex.EncodeToString(sum[:]), "bytes": base64.RawURLEncoding.EncodeToString(doc)}
}

// TestForeignContext: the context of another trusted board calls "may prescribe" what this
// board calls "must be supervised". A bearer who exchanges the one for the other keeps
// every statement, and must not be able to change what is read.
func TestForeignContext(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	const own, foreign = "https://board.example/terms.jsonld", "https://other.example/terms.jsonld"
	terms := func(a, b string) []byte {
		return encoded(t, object{"@context": object{a: "https://board.example/terms#mayPrescribe", b: "https://board.example/terms#mustBeSupervised"}})
	}
	ours, theirs := terms("mayPrescribe", "mustBeSupervised"), terms("mustBeSupervised", "mayPrescribe")
	contexts, err := w.contexts().With(own, ours)
	w.must(err)
	doc := w.draft()
	doc["@context"] = append(doc["@context"].([]any), own)
	subject := at(doc, "credentialSubject").(object)
	subject["mayPrescribe"], subject["mustBeSupervised"] = "no", "yes"
	sign(t, doc, w.signer(), w.boardOptions(), contexts)
	raw := encoded(t, doc)
	swapped := bent(t, raw, func(d object) {
		d["@context"].([]any)[4] = foreign
		s := at(d, "credentialSubject").(object)
		s["mayPrescribe"], s["mustBeSupervised"] = s["mustBeSupervised"], s["mayPrescribe"]
	})

	other := object{"id": otherBoardID, "label": "Other board", "types": []any{"LicenceCredential"}, "contexts": []any{pinnedFile(foreign, theirs)},
		"keys": []any{object{"id": otherBoardID + "#signing-1", "publicKeyMultibase": multikey(t, seededSigner("other board").Public()), "from": "2026-01-01T00:00:00Z"}}}
	bound := w.optional(func(f object) {
		firstIssuer(f)["contexts"] = []any{pinnedFile(own, ours)}
		f["issuers"] = append(f["issuers"].([]any), other)
	})
	wantReport(t, verifier.Check(raw, w.evidence(), bound, now), valid, "")
	wantReport(t, verifier.Check(swapped, w.evidence(), bound, now), indeterminate, "context-unknown")

	// Pinned for everybody it is believed, which shows that the exchange is one.
	open := w.optional(func(f object) { f["contexts"] = append(f["contexts"].([]any), pinnedFile(foreign, theirs)) })
	wantReport(t, verifier.Check(swapped, w.evidence(), open, now), valid, "")
}

// TestBoundContext: a context that stands with its own issuer counts in that issuer's
// documents, inside a presentation too, and in nobody else's.
func TestBoundContext(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(func(f object) {
		firstIssuer(f)["contexts"] = f["contexts"]
		delete(f, "contexts")
	})
	wantReport(t, verifier.Check(w.creds[0], w.evidence(), trust, now), valid, "")
	shown := presentation(t, w, newStranger(t, "bearer"), []any{decoded(t, w.creds[0])}, nil)
	wantReport(t, verifier.Check(shown, w.evidence(), trust, now), valid, "")
	if _, err := verifier.Explain(w.creds[0], trust); err != nil {
		t.Error(err)
	}
	moved := w.trust(func(f object) {
		f["issuers"] = append(f["issuers"].([]any), object{"id": otherBoardID, "label": "Other board", "contexts": f["contexts"]})
		delete(f, "contexts")
	})
	wantReport(t, verifier.Check(w.creds[0], w.evidence(), moved, now), indeterminate, "context-unknown")

	inline := object{"mayPrescribe": "https://board.example/terms#mayPrescribe"}
	digest, err := jsonld.InlineDigest(parsed(t, inline))
	w.must(err)
	doc := w.draft()
	doc["@context"] = append(doc["@context"].([]any), inline)
	at(doc, "credentialSubject").(object)["mayPrescribe"] = "no"
	sign(t, doc, w.signer(), w.boardOptions(), w.contexts().WithInline(digest))
	for id, code := range map[string]verifier.Code{worldID: "", otherBoardID: "labels-not-signed"} {
		trust := w.optional(nil)
		trust.PinInlineContextOf(id, digest)
		verdict := map[bool]verifier.Verdict{true: valid, false: indeterminate}[code == ""]
		wantReport(t, verifier.Check(encoded(t, doc), w.evidence(), trust, now), verdict, code)
	}
}

// TestDocumentByDigest: the trust file has only the digest of the issuer's document; the
// bytes come with the evidence, from whoever had them.
func TestDocumentByDigest(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	doc := encoded(t, w.profile)
	sum := sha256.Sum256(doc)
	byDigest := func(f object) {
		delete(firstIssuer(f), "document")
		firstIssuer(f)["documentSHA256"] = hex.EncodeToString(sum[:])
	}
	trust := w.trust(byDigest)
	with := func(raw []byte) *verifier.Evidence {
		ev := w.evidence()
		if raw != nil {
			ev.AddDocument(worldID, verifier.Document{At: now, Bytes: raw})
		}
		return ev
	}
	wantReport(t, verifier.Check(w.creds[0], with(doc), trust, now), valid, "")
	wantReport(t, verifier.Check(w.creds[0], with(nil), trust, now), indeterminate, "issuer-document")
	wantReport(t, verifier.Check(w.creds[0], with(append(doc, ' ')), trust, now), indeterminate, "issuer-document")
	both := with(append(doc, ' '))
	both.AddDocument(worldID, verifier.Document{At: now, Bytes: doc})
	wantReport(t, verifier.Check(w.creds[0], both, trust, now), valid, "")

	// Right by digest and of no use: another's document, or none at all.
	for _, raw := range []string{`{"id":"https://other.example/issuer.json"}`, `{}`, `no`} {
		sum := sha256.Sum256([]byte(raw))
		trust := w.trust(func(f object) {
			byDigest(f)
			firstIssuer(f)["documentSHA256"] = hex.EncodeToString(sum[:])
		})
		wantReport(t, verifier.Check(w.creds[0], with([]byte(raw)), trust, now), indeterminate, "issuer-document")
	}

	shelf := w.shelf()
	shelf.docs[worldID] = doc
	r, err := verifier.New(trust, verifier.Sources{Library: shelf}).Verify(context.Background(), w.creds[0], w.evidence(), now)
	w.must(err)
	wantReport(t, r, valid, "")
}

// TestSignedProfile: a pinned profile that carries a signature is held to it.
func TestSignedProfile(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	profile := parsed(t, w.profile)
	profile["@context"] = append(profile["@context"].([]any), "https://w3id.org/security/data-integrity/v2")
	proof, err := cryptosuite.Sign(profile, cryptosuite.Options{VerificationMethod: worldID + "#signing-1", Purpose: did.AssertionMethod, Created: now}, w.signer(), w.contexts())
	w.must(err)
	profile["proof"] = proof
	with := func(bend func(object)) (*verifier.Trust, error) {
		doc := parsed(t, profile)
		bend(doc)
		return verifier.ParseTrust(w.trustFile(func(f object) { firstIssuer(f)["document"] = doc }), nil)
	}
	trust, err := with(func(object) {})
	w.must(err)
	r := verifier.Check(w.creds[0], w.evidence(), trust, now)
	wantReport(t, r, valid, "")
	if s := strings.Join(r.Trusting, "\n"); strings.Contains(s, "not judged") {
		t.Error(s)
	}
	for name, bend := range map[string]func(object){
		"address-added": func(d object) {
			d["publicKey"] = append(d["publicKey"].([]any), object{"id": "ecdsa-koblitz-pubkey:mgdWjvq4RYAAP5goUNagTRMx7Xw534S5am", "created": "2026-01-01T00:00:00Z"})
		},
		"name-altered":  func(d object) { d["name"] = "Board of Mallory" },
		"key-not-its":   func(d object) { at(d, "proof").(object)["verificationMethod"] = otherBoardID + "#signing-1" },
		"proof-no-word": func(d object) { at(d, "proof").(object)["proofValue"] = "z1" },
	} {
		if _, err := with(bend); err == nil || !strings.Contains(err.Error(), "/issuers/0/document") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A context or suite that is not known here says nothing about the signature.
	for name, bend := range map[string]func(object){
		"context-unknown": func(d object) { d["@context"] = append(d["@context"].([]any), "https://other.example/ctx") },
		"suite-unknown":   func(d object) { at(d, "proof").(object)["cryptosuite"] = "bbs-2023" },
	} {
		trust, err := with(bend)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := verifier.Check(w.creds[0], w.evidence(), trust, now)
		wantReport(t, r, valid, "")
		if s := strings.Join(r.Trusting, "\n"); !strings.Contains(s, "not judged") {
			t.Errorf("%s: the report does not tell: %s", name, s)
		}
	}
}
