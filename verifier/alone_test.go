package verifier_test

import (
	"crypto"
	"encoding/json"
	"testing"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// TestAlone: faults with nothing else in the way, so that the one check named is all that
// stands between the document and a better verdict.
func TestAlone(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	noEntries := func(d object) { delete(d, "credentialStatus") }
	judge := func(t *testing.T, raw []byte, ev *verifier.Evidence, trust *verifier.Trust, verdict verifier.Verdict, code verifier.Code) {
		t.Helper()
		wantReport(t, verifier.Check(raw, ev, trust, now), verdict, code)
	}

	t.Run("status-entry-no-object", func(t *testing.T) {
		judge(t, w.signed(func(d object) { d["credentialStatus"] = "https://board.example/status/1" }), w.evidence(), w.optional(nil), invalid, "malformed-member")
	})
	t.Run("subject-by-name-only", func(t *testing.T) {
		for _, bare := range []any{"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", []any{"did:example:a"}, json.Number("5")} {
			raw := bent(t, w.signed(nil), func(d object) { d["credentialSubject"] = bare })
			r := verifier.Check(raw, w.evidence(), w.optional(nil), now)
			wantReport(t, r, invalid, "malformed-member")
			if r.Step(verifier.StepFormat).Place != "/credentialSubject" {
				t.Errorf("%v: at %q", bare, r.Step(verifier.StepFormat).Place)
			}
		}
	})
	t.Run("key-not-pinned", func(t *testing.T) {
		keys := func(id string) func(object) {
			return func(f object) {
				i := firstIssuer(f)
				delete(i, "document")
				i["keys"] = []any{object{"id": id, "publicKeyMultibase": multikey(t, w.signer().Public()), "from": "2026-01-01T00:00:00Z"}}
			}
		}
		judge(t, w.signed(nil), w.evidence(), w.optional(keys(worldID+"#signing-1")), valid, "")
		judge(t, w.signed(nil), w.evidence(), w.optional(keys(worldID+"#signing-2")), invalid, "issuer-key")
	})
	t.Run("key-ended-anchor-not-proven", func(t *testing.T) {
		ev := w.evidence()
		ev.Transactions = nil
		judge(t, w.creds[0], ev, w.optional(nil), valid, "")
		judge(t, w.creds[0], ev, w.optional(keyBounds(object{"until": stampOf(now.Add(-time.Hour))})), indeterminate, "key-time-unknown")
	})
	t.Run("observed-on-a-network-not-accepted", func(t *testing.T) {
		ev, trust := w.evidence(), w.trust(nil)
		root, err := merkleproof.ParseHash(rootOf(w))
		w.must(err)
		ev.Transactions = nil
		ev.Observations = []verifier.Observation{{Source: "a.example", Chain: merkleproof.BitcoinRegtest, TxID: w.txid.String(), Payload: root,
			Address: w.key.Address, Time: now.Add(-20 * time.Hour), Confirmations: 12}}
		trust.WeakestChainFact, trust.Observers = verifier.Observed, []string{"a.example"}
		judge(t, w.creds[0], ev, trust, valid, "")
		trust.Networks = nil
		judge(t, w.creds[0], ev, trust, indeterminate, "network-not-accepted")
	})
	t.Run("begins-in-some-zone", func(t *testing.T) {
		raw := w.signed(func(d object) {
			d["@context"].([]any)[0] = credential.ContextVC1
			for _, name := range []string{"validFrom", "validUntil", "credentialStatus", "name"} {
				delete(d, name)
			}
			d["issuer"], d["issuanceDate"] = worldID, "2026-07-01T12:00:00"
		})
		for hours, code := range map[int]verifier.Code{-15: "not-yet-valid", -13: "date-boundary", 11: "date-boundary", 12: ""} {
			verdict := map[verifier.Code]verifier.Verdict{"": valid, "not-yet-valid": notInForce, "date-boundary": indeterminate}[code]
			wantReport(t, verifier.Check(raw, nil, w.optional(nil), now.Add(hoursOf(hours))), verdict, code)
		}
	})
	t.Run("unsigned-list", func(t *testing.T) {
		const url = "https://board.example/revocation.json"
		trust := func(accept bool) *verifier.Trust {
			return w.optional(func(f object) {
				i := firstIssuer(f)
				i["document"].(object)["revocationList"], i["acceptUnsignedLists"] = url, accept
			})
		}
		list := func(raw string) *verifier.Evidence {
			ev := w.evidence()
			ev.AddDocument(url, verifier.Document{At: now, Bytes: []byte(raw)})
			return ev
		}
		const good = `{"id":"https://board.example/revocation.json","type":"RevocationList","revokedAssertions":[]}`
		raw := w.signed(noEntries)
		judge(t, raw, list(good), trust(true), valid, "")
		judge(t, raw, list(good), trust(false), indeterminate, "status-list-signature")
		judge(t, raw, list(`{"id":"https://board.example/revocation.json","type":"RevocationList"}`), trust(true), indeterminate, "status-list-malformed")
	})
	t.Run("list-signed-as-something-else", func(t *testing.T) {
		raw := w.signed(func(d object) { d["credentialStatus"] = entryAt("revocation", revocationURL, "7") })
		judge(t, raw, w.withList(w.signedList("revocation", func(object) {})), w.optional(nil), valid, "")
		ev := w.withList(w.signedList("revocation", func(d object) { d["type"] = []any{"VerifiableCredential"} }))
		judge(t, raw, ev, w.optional(nil), indeterminate, "status-list-malformed")
	})
	t.Run("list-signed-for-another-purpose", func(t *testing.T) {
		raw := w.signed(func(d object) { d["credentialStatus"] = entryAt("revocation", revocationURL, "7") })
		for purpose, code := range map[did.Purpose]verifier.Code{did.AssertionMethod: "", did.Authentication: "status-list-signature"} {
			list := w.listOf("revocation")
			o := cryptosuite.Options{VerificationMethod: worldID + "#signing-1", Purpose: purpose, Created: now.Add(-time.Hour)}
			proof, err := cryptosuite.Sign(list, o, w.signer(), w.contexts())
			w.must(err)
			list["proof"] = proof
			verdict := map[bool]verifier.Verdict{true: valid, false: indeterminate}[code == ""]
			judge(t, raw, w.withList(encoded(t, list)), w.optional(nil), verdict, code)
		}
	})
	t.Run("presented-by-a-key-of-no-did", func(t *testing.T) {
		s := newStranger(t, "bearer")
		inner := []any{decoded(t, w.creds[0])}
		judge(t, presentation(t, w, s, inner, nil), w.evidence(), w.optional(nil), valid, "")
		other := presentation(t, w, s, inner, func(_ object, o *cryptosuite.Options) { o.VerificationMethod = s.id + "#another" })
		judge(t, other, w.evidence(), w.optional(nil), invalid, "issuer-key")
	})
	t.Run("presents-a-jwt", func(t *testing.T) {
		enveloped := object{"@context": credential.ContextVC2, "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt,eyJhbGciOiJFZERTQSJ9.e30.AA"}
		raw := presentation(t, w, newStranger(t, "bearer"), []any{decoded(t, w.creds[0]), enveloped}, nil)
		judge(t, raw, w.evidence(), w.optional(nil), indeterminate, "version-unsupported")
	})
	t.Run("member-of-a-covered-proof-undefined", func(t *testing.T) {
		doc := bent(t, w.creds[0], func(d object) { at(d, "proof", 0).(object)["honour"] = "first" })
		failed := false
		for _, s := range verifier.Check(doc, w.evidence(), w.trust(nil), now).Steps {
			failed = failed || s.Name == verifier.StepCanonical && s.Result == verifier.Failed && s.Code == "unmapped-term"
		}
		if !failed {
			t.Error("what the Merkle proof covers has no canonical form, and that step passed")
		}
	})
}

// TestManyPresented: the holder signs all documents as one; each may have as many unnamed
// objects as if it had come alone.
func TestManyPresented(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	var inner []any
	for range credential.MaxInner {
		inner = append(inner, decoded(t, w.creds[0]))
	}
	raw := presentation(t, w, newStranger(t, "bearer"), inner[:credential.MaxInner], nil)
	begin := time.Now()
	wantReport(t, verifier.Check(raw, w.evidence(), w.optional(nil), now), valid, "")
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("%d credentials took %v", len(inner), took)
	}
}

func multikey(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	text, err := did.Multikey(public)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
