package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/certanchor/certanchor/verifier"
)

const (
	hospital  = "https://hospital.example"
	testNonce = "bm9uY2Utbm9uY2Utbm9uY2U"
)

// request is a hospital's, bent by change.
func request(t testing.TB, change func(object)) []byte {
	t.Helper()
	q := object{"version": 1, "type": TypeRequest, "verifier": "Hospital of Alderfen", "audience": hospital, "nonce": testNonce,
		"purpose": "credentialing", "expires": now.Add(30 * time.Minute).Format(time.RFC3339), "until": "2027-01-01",
		"dcql_query": object{"credentials": []any{licenceQuery("licence", "L-1")}}}
	if change != nil {
		change(q)
	}
	return encodedDoc(t, q)
}

// licenceQuery asks for a licence; a number narrows it.
func licenceQuery(id, number string) object {
	claim := object{"path": []any{"credentialSubject", "number"}}
	if number != "" {
		claim["values"] = []any{number}
	}
	return object{"id": id, "format": FormatLDP, "meta": object{"type_values": []any{[]any{"LicenceCredential"}}}, "claims": []any{claim}}
}

func (w *world) plan(raw []byte) *Plan {
	w.t.Helper()
	q, err := ParseRequest(raw)
	w.must(err)
	p, err := w.wallet.Plan(q, nil)
	w.must(err)
	return p
}

func (w *world) present(raw []byte) []byte {
	w.t.Helper()
	parts, err := w.wallet.Present(w.plan(raw))
	w.must(err)
	if len(parts) != 1 {
		w.t.Fatalf("%d parts", len(parts))
	}
	return parts[0]
}

// judge is the hospital: offline, with the evidence that came along.
func (w *world) judge(raw, vp []byte, at time.Time) (*verifier.Report, verifier.Code) {
	w.t.Helper()
	q, err := ParseRequest(raw)
	w.must(err)
	r := verifier.CheckFor(q.Asked(), vp, w.evidence(), w.trust().Trust, at)
	s, _ := r.Deciding()
	return r, s.Code
}

func TestPresent(t *testing.T) {
	for _, curve := range []Curve{Ed25519, P256} {
		w := newWorld(t)
		b := w.addBoard("alderfen")
		did := b.relate(curve)
		w.keep(b.issue(licence(did, "L-1"), licence(did, "L-2"), licence("", "L-3"))...)
		w.again()
		ask := request(t, nil)
		p := w.plan(ask)
		if len(p.Choices) != 1 || len(p.Missing) > 0 || len(p.Choices[0].Others) > 0 {
			t.Fatalf("plan %+v", p)
		}
		var asked, all []string
		for _, l := range p.Choices[0].Leaves {
			if all = append(all, l.Path+"="+l.Value); l.Asked {
				asked = append(asked, l.Path+"="+l.Value)
			}
		}
		if !slices.Equal(asked, []string{`/credentialSubject/number="L-1"`}) || !slices.Contains(all, `/credentialSubject/person/familyName="Ostrowe"`) {
			t.Errorf("asked %v of %v", asked, all)
		}
		vp := must[[][]byte](t)(w.wallet.Present(p))[0]
		r, code := w.judge(ask, vp, now)
		if r.Verdict != verifier.Valid || len(r.Credentials) != 1 || len(r.Warnings) > 0 {
			t.Errorf("%s: %s %s %v", curve, r.Verdict, code, r.Warnings)
		}
		if q := must[*Request](t)(ParseRequest(ask)); len(q.Unanswered(r)) > 0 {
			t.Errorf("unanswered: %v", q.Unanswered(r))
		}
		// Only what was chosen is in it.
		for _, no := range []string{"L-2", "L-3", "relations"} {
			if bytes.Contains(vp, []byte(no)) {
				t.Errorf("the presentation holds %s", no)
			}
		}
		log := w.wallet.Shares()
		if len(log) != 1 || log[0].SHA256 != digestOf(vp) || log[0].Purpose != "credentialing" || log[0].Until != "2027-01-01" ||
			!slices.Contains(log[0].Records[0].Claims, "/person/familyName") || !strings.Contains(log[0].To, hospital) {
			t.Errorf("log %+v", log)
		}
		if text := string(encodedDoc(t, log)); strings.Contains(text, "Ostrowe") || strings.Contains(text, "L-1") {
			t.Errorf("the log holds values: %s", text)
		}
	}
}

// TestPresentationRefused: each way to use a presentation elsewhere, later or bent has its
// code.
func TestPresentationRefused(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	w.keep(b.issue(licence(b.relate(Ed25519), "L-1"))...)
	ask := request(t, nil)
	vp := w.present(ask)
	bent := func(change func(object)) []byte {
		d := parsedDoc(t, vp)
		change(d)
		return encodedDoc(t, d)
	}
	proof := func(d object) object { return d["proof"].([]any)[0].(object) }
	other := request(t, func(q object) { q["audience"] = "https://elsewhere.example" })
	again := request(t, func(q object) { q["nonce"] = "YW5vdGhlci1ub25jZS1hbm90aGVy" })
	for name, c := range map[string]struct {
		ask, vp []byte
		at      time.Time
		want    verifier.Code
	}{
		"as made":              {ask, vp, now, ""},
		"at its last second":   {ask, vp, now.Add(30*time.Minute - time.Second), ""},
		"replayed elsewhere":   {other, vp, now, verifier.CodeDomain},
		"replayed later":       {again, vp, now, verifier.CodeChallenge},
		"expired":              {ask, vp, now.Add(30 * time.Minute), verifier.CodeExpired},
		"readdressed":          {other, bent(func(d object) { proof(d)["domain"] = "https://elsewhere.example" }), now, verifier.CodeSignature},
		"another nonce put in": {again, bent(func(d object) { proof(d)["challenge"] = "YW5vdGhlci1ub25jZS1hbm90aGVy" }), now, verifier.CodeSignature},
		"its end moved":        {ask, bent(func(d object) { proof(d)["expires"] = "2030-01-01T00:00:00Z" }), now.Add(time.Hour), verifier.CodeSignature},
		"its end taken out":    {ask, bent(func(d object) { delete(proof(d), "expires") }), now.Add(time.Hour), verifier.CodeSignature},
		"purpose changed":      {ask, bent(func(d object) { proof(d)["proofPurpose"] = "assertionMethod" }), now, verifier.CodePurpose},
		"signature taken out":  {ask, bent(func(d object) { delete(d, "proof") }), now, verifier.CodeHolder},
		"holder renamed":       {ask, bent(func(d object) { d["holder"] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK" }), now, verifier.CodeIssuerKey},
		"the credential alone": {ask, encodedDoc(t, parsedDoc(t, vp)["verifiableCredential"].([]any)[0]), now, verifier.CodeHolder},
	} {
		r, code := w.judge(c.ask, c.vp, c.at)
		if code != c.want || (c.want == "") != (r.Verdict == verifier.Valid) {
			t.Errorf("%s: %s %q, want %q", name, r.Verdict, code, c.want)
		}
	}
	// Another wallet that got hold of the file cannot present it.
	thief := newWorld(t)
	thief.boards, thief.chain = w.boards, w.chain
	thief.keep(w.wallet.Records()[0].Document)
	if p := thief.plan(ask); len(p.Missing) != 1 {
		t.Errorf("a thief's plan: %+v", p)
	}
	if _, err := thief.wallet.Present(thief.plan(ask)); err == nil {
		t.Error("a thief presented")
	}
	loose := request(t, func(q object) {
		c := licenceQuery("licence", "L-1")
		c["require_cryptographic_holder_binding"] = false
		q["dcql_query"] = object{"credentials": []any{c}}
	})
	stolen := thief.present(loose)
	if r, code := w.judge(ask, stolen, now); code != verifier.CodeHolder {
		t.Errorf("a thief's presentation: %s %s", r.Verdict, code)
	}
	if r, _ := w.judge(loose, stolen, now); r.Verdict != verifier.Valid || len(r.Warnings) != 1 || r.Warnings[0].Code != verifier.WarnHolder {
		t.Errorf("asked without binding: %s %v", r.Verdict, r.Warnings)
	}
	// Late, the wallet itself refuses.
	w.config.Now = func() time.Time { return now.Add(time.Hour) }
	w.again()
	if _, err := w.wallet.Plan(must[*Request](t)(ParseRequest(ask)), nil); !errors.Is(err, ErrRequestExpired) {
		t.Error(err)
	}
}

// TestTwoIssuers: credentials to two pairwise DIDs go into one presentation that both sign.
func TestTwoIssuers(t *testing.T) {
	w := newWorld(t)
	a, b := w.addBoard("alderfen"), w.addBoard("brackwater")
	one, two := a.relate(Ed25519), b.relate(P256)
	if one == two {
		t.Fatal("one DID for two issuers")
	}
	w.keep(a.issue(licence(one, "A-1"))...)
	w.keep(b.issue(licence(two, "B-1"))...)
	ask := request(t, func(q object) {
		q["dcql_query"] = object{"credentials": []any{licenceQuery("first", "A-1"), licenceQuery("second", "B-1"), licenceQuery("third", "C-1")},
			"credential_sets": []any{object{"options": []any{[]any{"first"}}}, object{"options": []any{[]any{"second"}, []any{"third"}}, "required": false}}}
	})
	p := w.plan(ask)
	if len(p.Choices) != 2 || p.Choices[0].Optional || !p.Choices[1].Optional || len(p.Missing) > 0 {
		t.Fatalf("plan %+v", p)
	}
	vp := must[[][]byte](t)(w.wallet.Present(p))[0]
	r, code := w.judge(ask, vp, now)
	if r.Verdict != verifier.Valid || len(r.Credentials) != 2 {
		t.Errorf("%s %s", r.Verdict, code)
	}
	half := parsedDoc(t, vp)
	half["proof"] = half["proof"].([]any)[:1]
	if r, code := w.judge(ask, encodedDoc(t, half), now); code != verifier.CodeHolder {
		t.Errorf("one signature taken out: %s %s", r.Verdict, code)
	}
	// The holder drops what is optional, and cannot drop what is not.
	p = w.plan(ask)
	if err := p.Drop("first"); err == nil {
		t.Error("a required credential was dropped")
	}
	noError(t, p.Drop("second"))
	vp = must[[][]byte](t)(w.wallet.Present(p))[0]
	if r, _ := w.judge(ask, vp, now); r.Verdict != verifier.Valid || len(r.Credentials) != 1 || bytes.Contains(vp, []byte("B-1")) {
		t.Errorf("after dropping: %s", r.Verdict)
	}
	if missing := must[*Request](t)(ParseRequest(request(t, func(q object) {
		q["dcql_query"] = object{"credentials": []any{licenceQuery("first", "A-1"), licenceQuery("second", "B-1")}}
	}))).Unanswered(r); len(missing) > 0 {
		t.Errorf("both shown, yet missing %v", missing)
	}
}

// TestUnanswered: a presentation that shows something else, or something revoked, does not
// answer.
func TestUnanswered(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	w.keep(b.issue(licence(b.relate(Ed25519), "L-1"))...)
	ask := request(t, nil)
	vp := w.present(ask)
	r, _ := w.judge(ask, vp, now)
	want := must[*Request](t)(ParseRequest(request(t, func(q object) { q["dcql_query"] = object{"credentials": []any{licenceQuery("licence", "L-9")}} })))
	if got := want.Unanswered(r); !slices.Equal(got, []string{"licence"}) {
		t.Errorf("another number: %v", got)
	}
	noError(t, b.issuer.Revoke(w.wallet.Records()[0].ID, "issued in error"))
	b.publish()
	r, _ = w.judge(ask, vp, now)
	if got := must[*Request](t)(ParseRequest(ask)).Unanswered(r); r.Verdict != verifier.NotInForce || len(got) != 1 {
		t.Errorf("revoked: %s, %v", r.Verdict, got)
	}
}

// TestBearer: what names no DID of the wallet is signed for by a key that is new for the
// audience, and only where the verifier does not ask for its subject.
func TestBearer(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	w.keep(b.issue(licence("", "L-1"))...)
	strict, loose := request(t, nil), request(t, func(q object) {
		q["dcql_query"].(object)["credentials"].([]any)[0].(object)["require_cryptographic_holder_binding"] = false
	})
	if p := w.plan(strict); !slices.Equal(p.Missing, []string{"licence"}) {
		t.Errorf("plan %+v", p)
	}
	vp := w.present(loose)
	if r, code := w.judge(loose, vp, now); r.Verdict != verifier.Valid {
		t.Errorf("%s %s", r.Verdict, code)
	}
	elsewhere := w.present(request(t, func(q object) {
		q["audience"] = "https://elsewhere.example"
		q["dcql_query"].(object)["credentials"].([]any)[0].(object)["require_cryptographic_holder_binding"] = false
	}))
	if parsedDoc(t, vp)["holder"] == parsedDoc(t, elsewhere)["holder"] {
		t.Error("two verifiers see one key")
	}
}

func TestRequestRefused(t *testing.T) {
	identity := must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	must[*Request](t)(ParseRequest(request(t, func(q object) { q["recipient"] = identity.Recipient().String() })))
	query := func(change func(c object)) func(object) {
		return func(q object) { change(q["dcql_query"].(object)["credentials"].([]any)[0].(object)) }
	}
	for path, change := range map[string]func(object){
		"/":                                func(q object) { q["unknown"] = 1 },
		"/type":                            func(q object) { q["version"] = 2 },
		"/nonce":                           func(q object) { q["nonce"] = "c2hvcnQ" },
		"/audience":                        func(q object) { q["audience"] = "" },
		"/purpose":                         func(q object) { delete(q, "purpose") },
		"/expires":                         func(q object) { delete(q, "expires") },
		"/until":                           func(q object) { q["until"] = "soon" },
		"/recipient":                       func(q object) { q["recipient"] = "AGE-SECRET-KEY-1" },
		"/dcql_query/credentials":          func(q object) { q["dcql_query"] = object{"credentials": []any{}} },
		"/dcql_query/credentials/0/id":     query(func(c object) { c["id"] = "a b" }),
		"/dcql_query/credentials/0/format": query(func(c object) { c["format"] = "mso_mdoc" }),
		"/dcql_query/credentials/0/meta/type_values": query(func(c object) { c["meta"] = object{} }),
		"/dcql_query/credentials/0/claims/0":         query(func(c object) { c["claims"] = []any{object{"path": []any{}}} }),
		"/dcql_query/credentials/0/claims/1":         query(func(c object) { c["claims"] = []any{object{"path": []any{"a", nil, 0}}, object{"path": []any{-1}}} }),
		"/dcql_query/credentials/0/claims/2": query(func(c object) {
			c["claims"] = []any{object{"path": []any{"a"}}, object{"path": []any{"a"}}, object{"path": []any{"a"}, "values": []any{object{}}}}
		}),
		"/dcql_query/credentials/1/id": func(q object) {
			q["dcql_query"] = object{"credentials": []any{licenceQuery("a", ""), licenceQuery("a", "")}}
		},
		"/dcql_query/credential_sets/0/options": func(q object) {
			q["dcql_query"].(object)["credential_sets"] = []any{object{"options": []any{[]any{"nobody"}}}}
		},
	} {
		_, err := ParseRequest(request(t, change))
		var e *RequestError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestDossier: one file, judged offline, today and by an auditor years later with the same
// result; whatever is bent in it is noticed.
func TestDossier(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	records := w.keep(b.issue(licence(did, "L-1"), licence(did, "L-2"), licence("", "L-3"), licence(did, "L-4"))...)
	w.again()
	records = w.wallet.Records()[:3]
	ask := request(t, nil)
	vp := w.present(ask)
	plain := must[[]byte](t)(w.wallet.Dossier(records, nil, "Hospital of Alderfen", "credentialing", "2027-01-01"))
	shown := must[[]byte](t)(w.wallet.Dossier(records[:1], [][]byte{vp}, "Hospital of Alderfen", "credentialing", ""))
	if n := len(w.wallet.Shares()); n != 2 {
		t.Errorf("%d lines in the log", n)
	}
	q := must[*Request](t)(ParseRequest(ask))
	trust := w.trust().Trust
	w.boards, w.chain = nil, nil // the issuer and its chain are gone
	for name, raw := range map[string][]byte{"plain": plain, "with a presentation": shown} {
		d := must[*Dossier](t)(ParseDossier(raw))
		first := d.Check(q.Asked(), trust, now)
		for i, r := range first {
			if r.Verdict != verifier.Valid {
				t.Errorf("%s, document %d: %v", name, i, r.Err())
			}
		}
		if name == "plain" && len(first) != 3 || name != "plain" && len(first[0].Credentials) != 1 {
			t.Errorf("%s: %d reports", name, len(first))
		}
		again := must[[]byte](t)(d.Marshal())
		audit := must[*Dossier](t)(ParseDossier(again)).Check(q.Asked(), trust, now)
		if !bytes.Equal(encodedDoc(t, first), encodedDoc(t, audit)) || !bytes.Equal(again, raw) {
			t.Errorf("%s: the auditor's result differs", name)
		}
		// What is not in it is not in it.
		if bytes.Contains(raw, []byte("TC00")) || bytes.Contains(d.Documents[0], []byte("L-4")) {
			t.Errorf("%s holds more than was chosen", name)
		}
	}
	elsewhere := q.Asked()
	elsewhere.Domains = []string{"https://elsewhere.example"}
	if r := must[*Dossier](t)(ParseDossier(shown)).Check(elsewhere, trust, now)[0]; r.Verdict != verifier.Invalid {
		t.Errorf("passed on to another: %s", r.Verdict)
	}
	for name, change := range map[string]func(object){
		"version":         func(d object) { d["version"] = 2 },
		"type":            func(d object) { d["type"] = "other" },
		"unknown member":  func(d object) { d["more"] = 1 },
		"no documents":    func(d object) { d["documents"] = []any{} },
		"document digest": func(d object) { d["documents"].([]any)[0].(object)["sha256"] = strings.Repeat("0", 64) },
		"document bytes":  func(d object) { d["documents"].([]any)[0].(object)["bytes"] = "AAAA" },
		"context bytes":   func(d object) { d["contexts"].([]any)[0].(object)["bytes"] = "AAAA" },
		"evidence":        func(d object) { d["evidence"] = object{"version": 9} },
	} {
		d := parsedDoc(t, plain)
		change(d)
		var e *ContentsError
		if _, err := ParseDossier(encodedDoc(t, d)); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPackage: a package for one recipient opens for nobody else, and tells nothing.
func TestPackage(t *testing.T) {
	mine, other := must[*age.X25519Identity](t)(age.GenerateX25519Identity()), must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	file := []byte("Ilva Ostrowe, L-1")
	sealed := must[[]byte](t)(SealFor(mine.Recipient().String(), file))
	if bytes.Contains(sealed, []byte("Ostrowe")) || !IsSealed(sealed) {
		t.Error("not sealed")
	}
	if got := must[[]byte](t)(OpenSealed(sealed, []byte("# a comment\n"+mine.String()+"\n"))); !bytes.Equal(got, file) {
		t.Errorf("%q", got)
	}
	for name, c := range map[string][2][]byte{"another": {sealed, []byte(other.String())}, "bent": {flip(sealed, len(sealed)-3), []byte(mine.String())},
		"cut": {sealed[:len(sealed)-1], []byte(mine.String())}} {
		var e *OpenError
		if _, err := OpenSealed(c[0], c[1]); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SealFor("age1nonsense", file); err == nil {
		t.Error("sealed to nobody")
	}
}

// TestForget: what was forgotten is in neither version of the vault, nor in what is exported
// or shown; the log keeps that it was shared.
func TestForget(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	w.keep(b.issue(licence(did, "L-1"))...)
	w.keep(b.issue(licence(did, "L-2"))...)
	w.present(request(t, nil))
	w.again()
	first, ok := w.wallet.Find(w.wallet.Records()[0].ID)
	if !ok {
		t.Fatal("not found")
	}
	noError(t, w.wallet.Forget(first))
	w.again()
	second := w.wallet.Records()
	if len(second) != 1 || len(w.wallet.Shares()) != 1 || len(w.wallet.contents.Contexts) != 1 {
		t.Fatalf("%d records, %d contexts", len(second), len(w.wallet.contents.Contexts))
	}
	ev := must[*verifier.Evidence](t)(w.wallet.Evidence(w.wallet.Records()...))
	if len(ev.Transactions) != 1 {
		t.Errorf("%d transactions", len(ev.Transactions))
	}
	if r := verifier.Check(second[0].Document, ev, w.trust().Trust, now); r.Verdict != verifier.Valid {
		t.Errorf("the other one: %v", r.Err())
	}
	previous := w.config
	previous.File = Previous(w.config.File)
	old := must[*Wallet](t)(Open(previous))
	defer old.Close()
	for name, x := range map[string]*Wallet{"newest": w.wallet, "previous": old} {
		if text := encodedDoc(t, x.contents); bytes.Contains(text, []byte(first.ID)) && !bytes.Contains(encodedDoc(t, x.contents.Shares), []byte(first.ID)) || len(x.Records()) != 1 {
			t.Errorf("%s keeps it", name)
		}
	}
	noError(t, w.wallet.Forget(w.wallet.Records()[0]))
	if len(w.wallet.contents.Contexts) != 0 {
		t.Error("a context is left")
	}
}

// TestExport: everything comes out byte for byte, and no key does.
func TestExport(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	creds := b.issue(licence(b.relate(Ed25519), "L-1"))
	w.keep(creds...)
	w.present(request(t, nil))
	files := map[string][]byte{}
	for _, f := range must[[]File](t)(w.wallet.Export()) {
		files[f.Name] = f.Data
		for _, word := range strings.Fields(w.wallet.Phrase()) {
			if bytes.Contains(f.Data, []byte(" "+word+" ")) {
				t.Errorf("%s holds a word of the phrase", f.Name)
			}
		}
	}
	r := w.wallet.Records()[0]
	if !bytes.Equal(files["credentials/"+r.Short()+".json"], creds[0]) {
		t.Error("the credential is another")
	}
	ev := must[*verifier.Evidence](t)(verifier.ParseEvidence(files["evidence.json"]))
	if got := verifier.Check(creds[0], ev, w.trust().Trust, now); got.Verdict != verifier.Valid {
		t.Error(got.Err())
	}
	if lines := must[[]Share](t)(CheckShares(files["share-log.json"])); len(lines) != 1 {
		t.Error("the log is not whole")
	}
	var index struct {
		Records []struct{ File, Issuer, Document string }
	}
	noError(t, json.Unmarshal(files["index.json"], &index))
	if len(index.Records) != 1 || index.Records[0].Document != "" || files[index.Records[0].File] == nil || index.Records[0].Issuer != b.id {
		t.Errorf("index %s", files["index.json"])
	}
}

func TestReminders(t *testing.T) {
	w := newWorld(t)
	for until, name := range map[string]string{"2026-06-30T12:00:00Z": "past", "2026-07-31T12:00:00Z": "near", "2027-07-31T12:00:00Z": "far", "": "never"} {
		w.wallet.contents.Records = append(w.wallet.contents.Records, &Record{SHA256: name, Until: until})
	}
	got := w.wallet.Reminders(60 * 24 * time.Hour)
	if len(got) != 2 || got[0].Record.SHA256 != "past" || got[0].Days != -2 || got[1].Record.SHA256 != "near" || got[1].Days != 30 {
		t.Errorf("%+v", got)
	}
}
