package verifier_test

import (
	"testing"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// TestUnlistedByAnotherName: a revocation list of Open Badges names documents by their id.
// One whose id is called @id has the same hash, and must not be another document.
func TestUnlistedByAnotherName(t *testing.T) {
	const url = "https://board.example/revocation.json"
	judge := func(w *world, raw []byte, ev *verifier.Evidence, types []any, at time.Time, id string) *verifier.Report {
		trust := w.trust(func(f object) {
			i := firstIssuer(f)
			i["types"], i["acceptUnsignedLists"] = types, true
			i["document"].(object)["revocationList"] = url
		})
		ev.Documents[url] = []verifier.Document{{At: at, Bytes: encoded(t, object{"id": url, "type": "RevocationList", "issuer": worldID,
			"revokedAssertions": []any{object{"id": id, "revocationReason": "issued by mistake"}}})}}
		return verifier.Check(raw, ev, trust, at)
	}
	otherName := func(d object) { d["@id"] = d["id"]; delete(d, "id") }

	w := newWorld(t, licenceDraft("L-1"))
	raw, ev := w.oldCertificate("https://w3id.org/blockcerts/v2", "2026-06-30T00:00:00Z")
	when := now.Add(-40 * time.Hour) // before its end
	id := decoded(t, raw)["id"].(string)
	wantReport(t, judge(w, raw, ev, []any{"Assertion"}, when, "urn:uuid:another"), valid, "")
	wantReport(t, judge(w, raw, ev, []any{"Assertion"}, when, id), notInForce, "revoked")
	if r := judge(w, bent(t, raw, otherName), ev, []any{"Assertion"}, when, id); r.Verdict == verifier.Valid {
		t.Error("Blockcerts 2: revoked under its id, valid under its @id")
	}

	doc := w.boardDoc(func(d object) { delete(d, "credentialStatus") })
	raw, ev = w.anchoredBy(doc, "btc:regtest", newSpend(t, w.payer(), "blockcerts", 1))
	id = doc["id"].(string)
	types := []any{"LicenceCredential"}
	wantReport(t, judge(w, raw, ev, types, now, id), notInForce, "revoked")
	if r := judge(w, bent(t, raw, otherName), ev, types, now, id); r.Verdict == verifier.Valid {
		t.Error("VC 2.0: revoked under its id, valid under its @id")
	}
}
