package verifier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// object is a JSON object a test bends.
type object = map[string]any

// at walks into nested objects and arrays.
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			v = v.(object)[k]
		case int:
			v = v.([]any)[k]
		}
	}
	return v
}

// bent returns the document with one change.
func bent(t testing.TB, raw []byte, change func(object)) []byte {
	t.Helper()
	var doc object
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	change(doc)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// firstIssuer is the entry of the board in a trust file.
func firstIssuer(f object) object { return at(f, "issuers", 0).(object) }

// A bend is one fault, named, and what must come of it.
type bend struct {
	name    string
	doc     func(object)
	ev      func(*world, *verifier.Evidence)
	trust   func(object)
	at      time.Time
	verdict verifier.Verdict
	code    verifier.Code
}

const (
	valid         = verifier.Valid
	invalid       = verifier.Invalid
	indeterminate = verifier.Indeterminate
	notInForce    = verifier.NotInForce
)

func theTx(w *world, ev *verifier.Evidence) *anchor.Evidence { return ev.Transactions[w.txid.String()] }

// flip changes the byte i bytes before the end.
func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[len(b)-i] ^= 1
	return b
}

func setRun(ev *verifier.Evidence, change func(*anchor.HeaderRun)) {
	run := ev.Headers[anchor.Regtest][0]
	run.Headers = bytes.Clone(run.Headers)
	change(&run)
	ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {run}}
}

func keyBounds(bounds object) func(object) {
	return func(f object) {
		bounds["id"] = worldID + "#signing-1"
		firstIssuer(f)["keys"] = []any{bounds}
	}
}

func addressBounds(w *world, bounds object) func(object) {
	return func(f object) {
		bounds["address"] = w.key.Address
		firstIssuer(f)["addresses"] = []any{bounds}
	}
}

func dropList(purpose string) func(*world, *verifier.Evidence) {
	return func(_ *world, ev *verifier.Evidence) {
		for url := range ev.Documents {
			if strings.Contains(url, purpose) {
				delete(ev.Documents, url)
			}
		}
	}
}

// bendList changes the signed list of a purpose, so that its signature breaks unless
// resigned.
func bendList(purpose string, change func(object)) func(*world, *verifier.Evidence) {
	return func(w *world, ev *verifier.Evidence) {
		for url, docs := range ev.Documents {
			if strings.Contains(url, purpose) {
				docs[0].Bytes = bent(w.t, docs[0].Bytes, change)
			}
		}
	}
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// TestBends bends one thing at a time in a world that verifies.
func TestBends(t *testing.T) {
	w := newWorld(t, licenceDraft("L-100"), licenceDraft("L-200"))
	other := newWorld(t, licenceDraft("L-300"), licenceDraft("L-400")) // the board's name, foreign keys
	anchorTime := now.Add(-20 * time.Hour)
	cases := []bend{
		{name: "unbent", verdict: valid},

		// the document
		{name: "claim-altered", doc: func(d object) { at(d, "credentialSubject").(object)["number"] = "L-101" }, verdict: invalid, code: "signature"},
		{name: "claim-added", doc: func(d object) { at(d, "credentialSubject").(object)["degree"] = "MD" }, verdict: invalid, code: "signature"},
		{name: "claim-undefined", doc: func(d object) { at(d, "credentialSubject").(object)["honour"] = "first" }, verdict: invalid, code: "unmapped-term"},
		{name: "claim-removed", doc: func(d object) { delete(at(d, "credentialSubject").(object), "number") }, verdict: invalid, code: "signature"},
		{name: "salt-altered", doc: func(d object) { d["salt"] = strings.Repeat("A", 43) }, verdict: invalid, code: "signature"},
		{name: "end-moved", doc: func(d object) { d["validUntil"] = "2037-06-01T00:00:00Z" }, verdict: invalid, code: "signature"},
		{name: "date-without-zone", doc: func(d object) { d["validUntil"] = "2027-06-01T00:00:00" }, verdict: invalid, code: "malformed-date"},
		{name: "created-without-zone", doc: func(d object) { at(d, "proof", 0).(object)["created"] = "2026-06-01T00:00:00" }, verdict: invalid, code: "malformed-date"},
		{name: "status-removed", doc: func(d object) { delete(d, "credentialStatus") }, verdict: invalid, code: "signature"},
		{name: "status-index-text", doc: func(d object) { at(d, "credentialStatus", 0).(object)["statusListIndex"] = "12abc" }, verdict: invalid, code: "status-index"},
		{name: "status-index-negative", doc: func(d object) { at(d, "credentialStatus", 0).(object)["statusListIndex"] = "-1" }, verdict: invalid, code: "status-index"},
		{name: "status-index-moved", doc: func(d object) { at(d, "credentialStatus", 0).(object)["statusListIndex"] = "1" }, verdict: invalid, code: "signature"},
		{name: "issuer-renamed", doc: func(d object) { at(d, "issuer").(object)["name"] = "Another Board" }, verdict: invalid, code: "signature"},
		{name: "issuer-swapped", doc: func(d object) { at(d, "issuer").(object)["id"] = "https://nobody.example/issuer.json" }, verdict: invalid, code: "target-hash"},
		{name: "issuer-missing", doc: func(d object) { delete(d, "issuer") }, verdict: invalid, code: "malformed-member"},
		{name: "no-context", doc: func(d object) { delete(d, "@context") }, verdict: invalid, code: "unknown-version"},
		{name: "context-unknown", doc: func(d object) { d["@context"] = append(d["@context"].([]any), "https://other.example/ctx") }, verdict: indeterminate, code: "context-unknown"},
		{name: "context-dropped", doc: func(d object) { d["@context"] = d["@context"].([]any)[:3] }, verdict: invalid, code: "unmapped-term"},
		{name: "type-added", doc: func(d object) { d["type"] = append(d["type"].([]any), "MedicalDegreeCredential") }, verdict: invalid, code: "signature"},

		// the proofs
		{name: "proofs-removed", doc: func(d object) { delete(d, "proof") }, verdict: indeterminate, code: "no-proof"},
		{name: "signature-removed", doc: func(d object) { d["proof"] = d["proof"].([]any)[1:] }, verdict: invalid, code: "target-hash"},
		{name: "anchor-removed", doc: func(d object) { d["proof"] = d["proof"].([]any)[:1] }, verdict: indeterminate, code: "no-anchor"},
		{name: "proofs-reversed", doc: func(d object) { p := d["proof"].([]any); p[0], p[1] = p[1], p[0] }, verdict: invalid, code: "target-hash"},
		{name: "signature-of-other", doc: func(d object) { at(d, "proof", 0).(object)["proofValue"] = proofValue(w.t, w.creds[1], 0) }, verdict: invalid, code: "signature"},
		{name: "signature-not-base58", doc: func(d object) { at(d, "proof", 0).(object)["proofValue"] = "u1234" }, verdict: invalid, code: "malformed-proof-value"},
		{name: "suite-unknown", doc: func(d object) { at(d, "proof", 0).(object)["cryptosuite"] = "bbs-2023" }, verdict: invalid, code: "target-hash"},
		{name: "purpose-authentication", doc: func(d object) { at(d, "proof", 0).(object)["proofPurpose"] = "authentication" }, verdict: invalid, code: "proof-purpose"},
		{name: "purpose-of-anchor", doc: func(d object) { at(d, "proof", 1).(object)["proofPurpose"] = "authentication" }, verdict: invalid, code: "proof-purpose"},
		{name: "method-foreign", doc: func(d object) {
			at(d, "proof", 0).(object)["verificationMethod"] = worldID + "#signing-2"
		}, verdict: invalid, code: "target-hash"},
		{name: "created-backdated", doc: func(d object) { at(d, "proof", 0).(object)["created"] = "2020-01-01T00:00:00Z" }, verdict: invalid, code: "signature"},
		{name: "path-of-other", doc: func(d object) { at(d, "proof", 1).(object)["proofValue"] = proofValue(w.t, w.creds[1], 1) }, verdict: invalid, code: "target-hash"},
		{name: "path-damaged", doc: func(d object) { at(d, "proof", 1).(object)["proofValue"] = "z111" }, verdict: invalid, code: "malformed-proof"},

		// the evidence
		{name: "evidence-none", ev: func(_ *world, ev *verifier.Evidence) { *ev = verifier.Evidence{} }, verdict: indeterminate, code: "no-evidence"},
		{name: "transaction-swapped", ev: func(w *world, ev *verifier.Evidence) {
			tx, err := other.chain.Evidence(context.Background(), other.txid)
			w.must(err)
			ev.Transactions[w.txid.String()] = tx
		}, verdict: invalid, code: "transaction-id"},
		{name: "transaction-cut", ev: func(w *world, ev *verifier.Evidence) { e := theTx(w, ev); e.Tx = e.Tx[:len(e.Tx)-1] }, verdict: invalid, code: "malformed-transaction"},
		{name: "transaction-root-flipped", ev: func(w *world, ev *verifier.Evidence) { e := theTx(w, ev); e.Tx = flip(e.Tx, 5) }, verdict: invalid, code: "transaction-id"},
		{name: "previous-output-wrong", ev: func(w *world, ev *verifier.Evidence) {
			e := theTx(w, ev)
			e.PrevTxs = [][]byte{e.Coinbase}
		}, verdict: invalid, code: "previous-transaction"},
		{name: "previous-missing", ev: func(w *world, ev *verifier.Evidence) { theTx(w, ev).PrevTxs = nil }, verdict: invalid, code: "previous-transaction"},
		{name: "block-proof-flipped", ev: func(w *world, ev *verifier.Evidence) { e := theTx(w, ev); e.TxOutProof = flip(e.TxOutProof, 3) }, verdict: invalid, code: "tx-inclusion"},
		{name: "block-header-flipped", ev: func(w *world, ev *verifier.Evidence) {
			e := theTx(w, ev)
			e.TxOutProof = bytes.Clone(e.TxOutProof)
			e.TxOutProof[40] ^= 1
		}, verdict: invalid, code: "tx-inclusion"},
		{name: "coinbase-swapped", ev: func(w *world, ev *verifier.Evidence) {
			e, o := theTx(w, ev), theTx(other, other.evidence())
			e.Coinbase = o.Coinbase
		}, verdict: invalid, code: "tx-inclusion"},
		{name: "headers-none", ev: func(_ *world, ev *verifier.Evidence) { ev.Headers = nil }, verdict: indeterminate, code: "no-headers"},
		{name: "headers-of-other-chain", ev: func(_ *world, ev *verifier.Evidence) { ev.Headers = other.evidence().Headers }, verdict: indeterminate, code: "not-in-best-chain"},
		{name: "headers-start-late", ev: func(_ *world, ev *verifier.Evidence) {
			setRun(ev, func(r *anchor.HeaderRun) { r.Start += 10; r.Headers = r.Headers[800:] })
		}, verdict: indeterminate, code: "not-linked-forward"},
		{name: "headers-cut", ev: func(_ *world, ev *verifier.Evidence) {
			setRun(ev, func(r *anchor.HeaderRun) { r.Headers = r.Headers[:len(r.Headers)-1] })
		}, verdict: invalid, code: "malformed-headers"},
		{name: "one-confirmation-too-few", ev: func(_ *world, ev *verifier.Evidence) {
			setRun(ev, func(r *anchor.HeaderRun) { r.Headers = r.Headers[:len(r.Headers)-8*anchor.HeaderSize] })
		}, verdict: indeterminate, code: "confirmations"},
		{name: "just-enough-confirmations", ev: func(_ *world, ev *verifier.Evidence) {
			setRun(ev, func(r *anchor.HeaderRun) { r.Headers = r.Headers[:len(r.Headers)-7*anchor.HeaderSize] })
		}, verdict: valid},

		// trust
		{name: "nobody-trusted", trust: func(f object) { f["issuers"] = []any{} }, verdict: indeterminate, code: "issuer-unknown"},
		{name: "network-not-named", trust: func(f object) { f["networks"] = []any{"mainnet"} }, verdict: indeterminate, code: "network-not-accepted"},
		{name: "context-not-named", trust: func(f object) { f["contexts"] = []any{} }, verdict: indeterminate, code: "context-unknown"},
		{name: "type-not-allowed", trust: func(f object) { firstIssuer(f)["types"] = []any{"MedicalDegreeCredential"} }, verdict: invalid, code: "type-not-authorised"},
		{name: "types-not-stated", trust: func(f object) { delete(firstIssuer(f), "types") }, verdict: invalid, code: "type-not-authorised"},
		{name: "place-not-allowed", trust: func(f object) { firstIssuer(f)["jurisdictions"] = []any{"X08"} }, verdict: invalid, code: "place-not-authorised"},
		{name: "places-not-stated", trust: func(f object) { delete(firstIssuer(f), "jurisdictions") }, verdict: indeterminate, code: "place-not-stated"},
		{name: "in-force-not-stated", trust: func(f object) { delete(firstIssuer(f), "inForce") }, verdict: indeterminate, code: "in-force-not-stated"},
		{name: "more-confirmations-asked", trust: func(f object) { f["minConfirmations"] = 14 }, verdict: indeterminate, code: "confirmations"},
		{name: "signing-key-foreign", trust: func(f object) {
			methods := at(firstIssuer(f), "document", "verificationMethod").([]any)
			methods[0].(object)["publicKeyJwk"] = at(other.profile, "verificationMethod", 0, "publicKeyJwk")
		}, verdict: invalid, code: "signature"},
		{name: "signing-key-gone", trust: func(f object) {
			doc := at(firstIssuer(f), "document").(object)
			doc["verificationMethod"] = doc["verificationMethod"].([]any)[1:]
		}, verdict: invalid, code: "issuer-key"},
		{name: "signing-key-not-for-assertions", trust: func(f object) {
			doc := at(firstIssuer(f), "document").(object)
			doc["assertionMethod"], doc["authentication"] = []any{}, doc["assertionMethod"]
		}, verdict: invalid, code: "key-purpose"},
		{name: "signing-key-of-another-controller", trust: func(f object) {
			at(firstIssuer(f), "document", "verificationMethod", 0).(object)["controller"] = "https://other.example/"
		}, verdict: invalid, code: "key-controller"},
		{name: "signing-key-unreadable", trust: func(f object) {
			at(firstIssuer(f), "document", "verificationMethod", 0).(object)["publicKeyJwk"] = object{"kty": "RSA", "n": "AQAB", "e": "AQAB"}
		}, verdict: indeterminate, code: "key-unreadable"},
		{name: "signing-key-of-other-type", trust: func(f object) {
			m := at(firstIssuer(f), "document", "verificationMethod").([]any)
			m[0].(object)["publicKeyJwk"] = at(m[1], "publicKeyJwk")
		}, verdict: invalid, code: "key-type"},
		{name: "address-gone", trust: func(f object) { delete(at(firstIssuer(f), "document").(object), "publicKey") }, verdict: invalid, code: "issuing-address"},
		{name: "address-gone-root-published", trust: func(f object) {
			delete(at(firstIssuer(f), "document").(object), "publicKey")
			firstIssuer(f)["roots"] = []any{rootOf(w)}
		}, verdict: valid},
		{name: "anchor-optional-and-removed", doc: func(d object) { d["proof"] = d["proof"].([]any)[:1] },
			trust: func(f object) { f["anchor"] = "optional" }, verdict: valid},
		{name: "anchor-optional-and-unproven", ev: func(_ *world, ev *verifier.Evidence) { ev.Transactions = nil },
			trust: func(f object) { f["anchor"] = "optional" }, verdict: valid},
		{name: "anchor-optional-and-nothing-signed", doc: func(d object) { d["proof"] = d["proof"].([]any)[1:] },
			ev:    func(_ *world, ev *verifier.Evidence) { ev.Transactions = nil },
			trust: func(f object) { f["anchor"] = "optional" }, verdict: invalid, code: "target-hash"},

		// windows of keys and addresses, around the interval of the block
		{name: "key-without-beginning", trust: func(f object) {
			delete(at(firstIssuer(f), "document", "verificationMethod", 0).(object), "created")
		}, verdict: indeterminate, code: "key-not-attested"},
		{name: "key-begins-after-block", trust: keyBounds(object{"from": stampOf(anchorTime.Add(24 * time.Hour))}), verdict: invalid, code: "key-outside-window"},
		{name: "key-begins-within-block-time", trust: keyBounds(object{"from": stampOf(anchorTime)}), verdict: indeterminate, code: "key-time-boundary"},
		{name: "key-ended-before-block", trust: keyBounds(object{"until": stampOf(anchorTime.Add(-6 * time.Hour))}), verdict: invalid, code: "key-outside-window"},
		{name: "key-ended-within-block-time", trust: keyBounds(object{"until": stampOf(anchorTime)}), verdict: indeterminate, code: "key-time-boundary"},
		{name: "key-ended-after-block", trust: listsElsewhere(keyBounds(object{"until": stampOf(anchorTime.Add(12 * time.Hour))})), verdict: indeterminate, code: "status-list-signature"},
		{name: "key-compromised-before-block", trust: keyBounds(object{"invalidSince": stampOf(anchorTime.Add(-6 * time.Hour))}), verdict: invalid, code: "key-revoked"},
		{name: "key-compromised-no-anchor", trust: func(f object) {
			f["anchor"] = "optional"
			keyBounds(object{"invalidSince": stampOf(now.Add(-time.Hour))})(f)
		}, doc: func(d object) { d["proof"] = d["proof"].([]any)[:1] }, verdict: invalid, code: "key-revoked"},
		{name: "key-compromised-anchor-unproven", trust: keyBounds(object{"invalidSince": stampOf(now.Add(-time.Hour))}),
			ev: func(_ *world, ev *verifier.Evidence) { ev.Transactions = nil }, verdict: indeterminate, code: "no-evidence"},
		{name: "address-ended-before-block", trust: addressBounds(w, object{"until": stampOf(anchorTime.Add(-6 * time.Hour))}), verdict: invalid, code: "address-outside-window"},
		{name: "address-begins-within-block-time", trust: addressBounds(w, object{"from": stampOf(anchorTime)}), verdict: indeterminate, code: "address-time-boundary"},
		{name: "address-without-beginning", trust: func(f object) {
			delete(at(firstIssuer(f), "document", "publicKey", 0).(object), "created")
		}, verdict: indeterminate, code: "address-not-attested"},

		// standing
		{name: "expired", at: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), trust: func(f object) { f["statusMaxAge"] = "99999h" }, verdict: notInForce, code: "expired"},
		{name: "last-second", at: time.Date(2027, 5, 31, 23, 59, 59, 0, time.UTC), trust: func(f object) { f["statusMaxAge"] = "99999h" }, verdict: indeterminate, code: "status-stale"},
		{name: "not-yet-valid", at: time.Date(2026, 5, 31, 23, 59, 59, 0, time.UTC), verdict: notInForce, code: "not-yet-valid"},
		{name: "list-missing", ev: dropList("revocation"), verdict: indeterminate, code: "revocation-unknown"},
		{name: "message-list-missing", ev: dropList("message"), verdict: indeterminate, code: "revocation-unknown"},
		{name: "list-not-json", ev: func(_ *world, ev *verifier.Evidence) {
			for _, d := range ev.Documents {
				d[0].Bytes = []byte("<html>")
			}
		}, verdict: indeterminate, code: "status-list-malformed"},
		{name: "list-altered", ev: bendList("revocation", func(d object) { d["validFrom"] = "2026-07-01T11:59:00Z" }), verdict: indeterminate, code: "status-list-signature"},
		{name: "list-unsigned", ev: bendList("revocation", func(d object) { delete(d, "proof") }), verdict: indeterminate, code: "status-list-signature"},
		{name: "list-by-another", ev: bendList("revocation", func(d object) { d["issuer"] = "https://other.example/issuer.json" }), verdict: indeterminate, code: "status-list-issuer"},
		{name: "list-of-another-name", ev: bendList("revocation", func(d object) { d["id"] = "https://board.example/status/other.json" }), verdict: indeterminate, code: "status-list-id"},
		{name: "list-of-another-purpose", ev: func(_ *world, ev *verifier.Evidence) {
			for url, docs := range ev.Documents {
				if strings.Contains(url, "revocation") {
					docs[0].Bytes = bytes.ReplaceAll(docs[0].Bytes, []byte("revocation"), []byte("suspension"))
				}
			}
		}, verdict: indeterminate, code: "status-list-id"},
		{name: "list-stale", at: now.Add(8 * 24 * time.Hour), verdict: indeterminate, code: "status-stale"},
		{name: "list-at-age-limit", at: now.Add(7*24*time.Hour - time.Hour), verdict: valid},
		{name: "list-second-over-age", at: now.Add(7*24*time.Hour - time.Hour + time.Second), verdict: indeterminate, code: "status-stale"},
		{name: "list-of-the-future", at: now.Add(-2 * time.Hour), verdict: indeterminate, code: "status-not-yet"},
		{name: "list-rolled-back", trust: func(f object) {
			f["statusFloor"] = object{"https://board.example/status/licence-2026-revocation.json": 2}
		}, verdict: indeterminate, code: "snapshot-rollback"},
		{name: "list-at-floor", trust: func(f object) {
			f["statusFloor"] = object{"https://board.example/status/licence-2026-revocation.json": 1}
		}, verdict: valid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { runBend(t, w, c) })
	}
}

func runBend(t *testing.T, w *world, c bend) {
	raw, ev, when := w.creds[0], w.evidence(), now
	if c.doc != nil {
		raw = bent(t, raw, c.doc)
	}
	if c.ev != nil {
		c.ev(w, ev)
	}
	if !c.at.IsZero() {
		when = c.at
	}
	r := verifier.Check(raw, ev, w.trust(c.trust), when)
	wantReport(t, r, c.verdict, c.code)
}

// wantReport checks the verdict, and the code of the step that decided it.
func wantReport(t *testing.T, r *verifier.Report, verdict verifier.Verdict, code verifier.Code) {
	t.Helper()
	s, _ := r.Deciding()
	if r.Verdict != verdict || s.Code != code {
		b, _ := r.JSON()
		t.Errorf("%s / %q (%s), want %s / %q\n%s", r.Verdict, s.Code, s.Fact, verdict, code, b)
	}
	for _, s := range r.Steps {
		noteCode(s.Code)
	}
	if r.Verdict == verifier.Invalid && r.Claims != nil {
		t.Error("an invalid report carries claims")
	}
	if (r.Err() == nil) != (r.Verdict == verifier.Valid) {
		t.Errorf("Err is %v", r.Err())
	}
}

// listsElsewhere leaves a trust file as it is; it marks a case in which the lists,
// signed by a key that has ended by the moment asked, do not count either.
func listsElsewhere(change func(object)) func(object) { return change }

func proofValue(t testing.TB, raw []byte, i int) string {
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return at(doc, "proof", i, "proofValue").(string)
}

func rootOf(w *world) string {
	r := verifier.Check(w.creds[0], w.evidence(), w.trust(nil), now)
	return r.Anchors[0].Root
}

// TestStatusChanges follows one credential through what its issuer publishes.
func TestStatusChanges(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"), licenceDraft("L-2"))
	id := verifier.Check(w.creds[0], nil, nil, now).ID
	old := w.evidence()
	publish := func(age time.Duration) {
		lists, err := w.issuer.PublishLists(now.Add(-age))
		w.must(err)
		w.lists = append(w.lists, lists...)
	}
	check := func(name string, verdict verifier.Verdict, code verifier.Code) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			wantReport(t, verifier.Check(w.creds[0], w.evidence(), w.trust(nil), now), verdict, code)
			wantReport(t, verifier.Check(w.creds[1], w.evidence(), w.trust(nil), now), valid, "")
		})
	}
	w.must(w.issuer.SetStatus(id, "message", 3))
	publish(30 * time.Minute)
	check("suspended", notInForce, "legal-status")
	w.must(w.issuer.SetStatus(id, "message", 0))
	publish(20 * time.Minute)
	check("reinstated", valid, "")
	w.must(w.issuer.Revoke(id, "issued in error"))
	publish(10 * time.Minute)
	check("revoked", notInForce, "revoked")
	if err := w.issuer.SetStatus(id, "revocation", 0); err == nil {
		t.Error("a revocation was undone")
	}
	wantReport(t, verifier.Check(w.creds[0], w.evidence(), w.trust(nil), now.Add(5000*time.Hour)), notInForce, "revoked")
	wantReport(t, verifier.Check(w.creds[0], old, w.trust(nil), now), valid, "")
}

// TestForeignName is the board's name and URL under other keys: never valid, and never
// a mere lack of evidence.
func TestForeignName(t *testing.T) {
	w, other := newWorld(t, licenceDraft("L-1")), newWorld(t, licenceDraft("L-1"))
	ev := other.evidence()
	wantReport(t, verifier.Check(other.creds[0], ev, w.trust(nil), now), invalid, "signature")
	stripped := bent(t, other.creds[0], func(d object) { d["proof"] = d["proof"].([]any)[:1] })
	wantReport(t, verifier.Check(stripped, ev, w.trust(nil), now), invalid, "signature")
}

// TestMockChain is a licence the board itself made without an anchor.
func TestMockChain(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	b, err := w.issuer.Seal(context.Background(), "", drafts(licenceDraft("L-9")))
	w.must(err)
	var got [][]byte
	w.must(b.Finish(outputs{&got}))
	wantReport(t, verifier.Check(got[0], w.evidence(), w.trust(nil), now), indeterminate, "no-anchor")
}

// TestCheckIsPure runs the same arguments twice and at once.
func TestCheckIsPure(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	ev, trust := w.evidence(), w.trust(nil)
	first, err := verifier.Check(w.creds[0], ev, trust, now).JSON()
	w.must(err)
	results := make(chan []byte)
	for range 8 {
		go func() {
			b, _ := verifier.Check(w.creds[0], ev, trust, now).JSON()
			results <- b
		}()
	}
	for range 8 {
		if b := <-results; !bytes.Equal(b, first) {
			t.Fatalf("another report:\n%s\n%s", b, first)
		}
	}
	read, err := verifier.ParseEvidence(must2(ev.Marshal()))
	w.must(err)
	if b, _ := verifier.Check(w.creds[0], read, trust, now).JSON(); !bytes.Equal(b, first) {
		t.Errorf("another report after writing and reading the evidence:\n%s\n%s", b, first)
	}
}

func must2(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
