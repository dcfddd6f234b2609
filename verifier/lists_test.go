package verifier_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/status"
	"github.com/certanchor/certanchor/verifier"
)

const (
	revocationURL = "https://board.example/status/licence-2026-revocation.json"
	messageURL    = "https://board.example/status/licence-2026-message.json"
	suspensionURL = "https://board.example/status/suspension.json"
)

// listTerms is a context of the board for what W3C gives lists no word for.
const (
	listTermsURL = "https://board.example/lists.jsonld"
	listTerms    = `{"@context":{"statusSize":{"@id":"https://www.w3.org/ns/credentials/status#statusSize","@type":"http://www.w3.org/2001/XMLSchema#integer"}}}`
)

// bits is an encodedList with some entries set.
func bits(size int, set map[int]uint8) string {
	b := status.New(status.MinEntries, size)
	for i, v := range set {
		b.Set(i, v)
	}
	return b.Encode()
}

// entryAt is a status entry for a list and an index, as an issuer would write it.
func entryAt(purpose, url, index string) object {
	return object{"type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": index, "statusListCredential": url}
}

// TestLists: a list that the board itself has signed, with one thing other than the
// credential asks for. Such a list is not counted, whatever it says.
func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	subject := func(d object) object { return at(d, "credentialSubject").(object) }
	only := func(entries ...any) func(object) { return func(d object) { d["credentialStatus"] = entries } }
	revocation := only(entryAt("revocation", revocationURL, "7"))
	asIs := func(object) {}
	for _, c := range []struct {
		name    string
		doc     func(object) // of the credential
		list    func(object) // of the revocation list
		trust   func(object)
		verdict verifier.Verdict
		code    verifier.Code
	}{
		{name: "good", doc: revocation, list: asIs, verdict: valid},
		{name: "revoked", doc: revocation, list: func(d object) { subject(d)["encodedList"] = bits(1, map[int]uint8{7: 1}) }, verdict: notInForce, code: "revoked"},
		{name: "neighbour-revoked", doc: revocation, list: func(d object) { subject(d)["encodedList"] = bits(1, map[int]uint8{6: 1, 8: 1}) }, verdict: valid},
		{name: "suspended", doc: only(entryAt("suspension", suspensionURL, "0")), list: func(d object) {
			d["id"] = suspensionURL
			subject(d)["statusPurpose"], subject(d)["encodedList"] = "suspension", bits(1, map[int]uint8{0: 1})
		}, verdict: notInForce, code: "suspended"},
		{name: "reinstated", doc: only(entryAt("suspension", suspensionURL, "0")), list: func(d object) {
			d["id"] = suspensionURL
			subject(d)["statusPurpose"] = []any{"revocation", "suspension"}
		}, verdict: valid},
		{name: "other-purpose-under-the-name", doc: revocation, list: func(d object) { subject(d)["statusPurpose"] = "suspension" }, verdict: indeterminate, code: "status-list-purpose"},
		{name: "other-purposes-under-the-name", doc: revocation, list: func(d object) { subject(d)["statusPurpose"] = []any{"suspension", "refresh"} }, verdict: indeterminate, code: "status-list-purpose"},
		{name: "entries-of-two-bits", doc: revocation, list: func(d object) {
			d["@context"] = append(d["@context"].([]any), listTermsURL)
			subject(d)["statusSize"], subject(d)["encodedList"] = json.Number("2"), bits(2, nil)
		}, verdict: indeterminate, code: "status-list-size"},
		{name: "no-number", doc: revocation, list: func(d object) { delete(subject(d), "sequence") }, verdict: valid},
		{name: "no-number-and-a-floor", doc: revocation, list: func(d object) { delete(subject(d), "sequence") },
			trust: floor(1), verdict: indeterminate, code: "status-list-sequence"},
		{name: "number-below-zero", doc: revocation, list: func(d object) { subject(d)["sequence"] = json.Number("-1") }, verdict: indeterminate, code: "status-list-malformed"},
		{name: "number-below-the-floor", doc: revocation, list: asIs, trust: floor(9), verdict: indeterminate, code: "snapshot-rollback"},
		{name: "number-at-the-floor", doc: revocation, list: func(d object) { subject(d)["sequence"] = json.Number("9") }, trust: floor(9), verdict: valid},
		{name: "entry-behind-the-end", doc: only(entryAt("revocation", revocationURL, fmt.Sprint(status.MinEntries))), list: asIs, verdict: indeterminate, code: "status-index-range"},
		{name: "last-entry", doc: only(entryAt("revocation", revocationURL, fmt.Sprint(status.MinEntries-1))), list: asIs, verdict: valid},
		{name: "entry-behind-every-end", doc: only(entryAt("revocation", revocationURL, "9007199254740993")), list: asIs, verdict: indeterminate, code: "status-index-range"},
		{name: "entry-above-every-number", doc: only(entryAt("revocation", revocationURL, "99999999999999999999")), list: asIs, verdict: invalid, code: "status-index"},
		{name: "entry-with-leading-zero", doc: only(entryAt("revocation", revocationURL, "007")), list: asIs, verdict: invalid, code: "status-index"},
		{name: "too-short-a-list", doc: revocation, list: func(d object) { subject(d)["encodedList"] = "uH4sIAAAAAAAA_2JgAAQAAP__" }, verdict: indeterminate, code: "status-list-malformed"},
		{name: "kind-of-list-unknown", doc: only(object{"id": "https://board.example/status/token#1", "type": "BitstringStatusListEntry",
			"statusPurpose": "refresh", "statusListIndex": "1", "statusListCredential": revocationURL}), list: asIs, verdict: indeterminate, code: "status-type-unsupported"},
		{name: "kind-of-entry-unknown", doc: only(object{"id": "https://board.example/status/1", "type": "https://vendor.example/CredentialStatusPing"}), list: asIs, verdict: indeterminate, code: "status-type-unsupported"},
		{name: "ended-list", doc: revocation, list: func(d object) { d["validUntil"] = stampOf(now) }, verdict: indeterminate, code: "status-stale"},
		{name: "ended-list-says-revoked", doc: revocation, list: func(d object) {
			d["validFrom"], d["validUntil"] = stampOf(now.Add(-5000*time.Hour)), stampOf(now.Add(-4000*time.Hour))
			subject(d)["encodedList"] = bits(1, map[int]uint8{7: 1})
		}, verdict: notInForce, code: "revoked"},
		{name: "of-an-hour-to-come", doc: revocation, list: func(d object) { d["validFrom"] = stampOf(now.Add(time.Hour)) }, verdict: indeterminate, code: "status-not-yet"},
		{name: "of-no-hour", doc: revocation, list: func(d object) { delete(d, "validFrom") }, verdict: indeterminate, code: "status-list-malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev, trust := w.withList(w.signedList("revocation", c.list)), w.optional(c.trust)
			w.must(trust.PinContext(listTermsURL, []byte(listTerms)))
			wantReport(t, verifier.Check(w.signed(c.doc), ev, trust, now), c.verdict, c.code)
		})
	}
}

func floor(n int) func(object) {
	return func(f object) { f["statusFloor"] = object{revocationURL: n} }
}

// TestMessageLists: four bits, judged by what the trust file calls in force.
func TestMessageLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(func(d object) {
		e := entryAt("message", messageURL, "5")
		e["statusSize"] = json.Number("4")
		e["statusMessage"] = at(w.draft(), "credentialStatus", 1, "statusMessage")
		d["credentialStatus"] = e
	})
	for v := range uint8(16) {
		ev := w.withList(w.signedList("message", func(d object) {
			at(d, "credentialSubject").(object)["encodedList"] = bits(4, map[int]uint8{5: v, 4: 15, 6: 15})
		}))
		verdict, code := notInForce, verifier.Code("legal-status")
		if v <= 2 {
			verdict, code = valid, ""
		}
		wantReport(t, verifier.Check(raw, ev, w.optional(nil), now), verdict, code)
	}
}

// TestDelegatedLists: a list by another issuer counts only if the trust file says so, and
// only under that one's own key.
func TestDelegatedLists(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(func(d object) { d["credentialStatus"] = entryAt("revocation", revocationURL, "7") })
	by := func(key string) *verifier.Evidence {
		doc := w.listOf("revocation")
		doc["issuer"] = otherBoardID
		return w.withList(w.signList(doc, seededSigner(key), otherBoardID+"#signing-1"))
	}
	delegated := func(f object) { firstIssuer(f)["statusIssuers"] = []any{otherBoardID} }
	judge := func(ev *verifier.Evidence, trust *verifier.Trust, verdict verifier.Verdict, code verifier.Code) {
		t.Helper()
		wantReport(t, verifier.Check(raw, ev, trust, now), verdict, code)
	}
	judge(by("other board"), withOtherBoard(t, w.optional(nil)), indeterminate, "status-list-issuer")
	judge(by("other board"), w.optional(delegated), indeterminate, "status-list-issuer")
	judge(by("other board"), withOtherBoard(t, w.optional(delegated)), valid, "")
	judge(by("somebody"), withOtherBoard(t, w.optional(delegated)), indeterminate, "status-list-signature")
}

// TestListVersions: of several lists the highest number counts, whatever their order.
func TestListVersions(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(func(d object) { d["credentialStatus"] = entryAt("revocation", revocationURL, "7") })
	version := func(n int, value uint8, age time.Duration) verifier.Document {
		return verifier.Document{At: now, Bytes: w.signedList("revocation", func(d object) {
			s := at(d, "credentialSubject").(object)
			s["sequence"], s["encodedList"] = json.Number(fmt.Sprint(n)), bits(1, map[int]uint8{7: value})
			d["validFrom"] = stampOf(now.Add(-age))
		})}
	}
	good, bad := version(1, 0, time.Hour), version(2, 1, 3*time.Hour)
	equal := version(2, 0, 2*time.Hour) // the board says two things under one number
	for name, c := range map[string]struct {
		list    []verifier.Document
		verdict verifier.Verdict
		code    verifier.Code
	}{
		"newest-last":        {[]verifier.Document{good, bad}, notInForce, "revoked"},
		"newest-first":       {[]verifier.Document{bad, good}, notInForce, "revoked"},
		"two-of-one-number":  {[]verifier.Document{bad, equal}, notInForce, "revoked"},
		"two-in-other-order": {[]verifier.Document{equal, bad}, notInForce, "revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			ev := w.evidence()
			delete(ev.Documents, revocationURL)
			for _, d := range c.list {
				ev.AddDocument(revocationURL, d)
			}
			wantReport(t, verifier.Check(raw, ev, w.optional(nil), now), c.verdict, c.code)
		})
	}
}

const statusList2021 = "https://w3id.org/vc/status-list/2021/v1"

// oldDraft is a licence in VC 1.1 with an entry that the context of StatusList2021 defines.
func (w *world) oldDraft() object {
	doc := w.draft()
	doc["@context"] = []any{credential.ContextVC1, statusList2021, credential.ContextDataIntegrity, w.issuer.ContextURL()}
	doc["type"] = []any{"VerifiableCredential", "LicenceCredential"}
	doc["issuer"], doc["issuanceDate"], doc["expirationDate"] = worldID, "2026-06-01T00:00:00Z", "2026-09-01T00:00:00Z"
	doc["credentialStatus"] = object{"id": revocationURL + "#7", "type": "StatusList2021Entry", "statusPurpose": "revocation",
		"statusListIndex": "7", "statusListCredential": revocationURL}
	for _, member := range []string{"name", "validFrom", "validUntil"} {
		delete(doc, member)
	}
	return doc
}

// oldList is a list in the same form, with one value at the entry of oldDraft.
func (w *world) oldList(value uint8) []byte {
	list := w.listOf("revocation")
	list["@context"] = []any{credential.ContextVC1, statusList2021, credential.ContextDataIntegrity}
	list["type"] = []any{"VerifiableCredential", "StatusList2021Credential"}
	list["issuanceDate"] = list["validFrom"]
	delete(list, "validFrom")
	delete(list, "validUntil")
	list["credentialSubject"] = object{"id": revocationURL + "#list", "type": "StatusList2021", "statusPurpose": "revocation",
		"encodedList": bits(1, map[int]uint8{7: value})[1:]}
	sign(w.t, list, w.signer(), w.boardOptions(), w.contexts())
	return encoded(w.t, list)
}

// oldLicence is oldDraft signed and anchored, with the evidence for it.
func (w *world) oldLicence() ([]byte, *verifier.Evidence) {
	doc := w.oldDraft()
	sign(w.t, doc, w.signer(), w.boardOptions(), w.contexts())
	raw, ev := w.anchoredBy(doc, merkleproof.BitcoinRegtest, newSpend(w.t, w.payer(), anchor.ProfileBlockcerts, 1))
	ev.Documents = map[string][]verifier.Document{revocationURL: {{At: now, Bytes: w.oldList(0)}}}
	return raw, ev
}

// TestOldListForms: StatusList2021, in VC 1.1.
func TestOldListForms(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	doc := w.oldDraft()
	sign(t, doc, w.signer(), w.boardOptions(), w.contexts())
	for value, want := range map[uint8]verifier.Verdict{0: valid, 1: notInForce} {
		r := verifier.Check(encoded(t, doc), w.withList(w.oldList(value)), w.optional(nil), now)
		if r.Verdict != want {
			b, _ := r.JSON()
			t.Errorf("entry %d: %s", value, b)
		}
	}
}
