package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/status"
	"github.com/certanchor/certanchor/verifier"
)

// issueDC issues drafts as SD-JWT VCs.
func (b *board) issueDC(drafts ...object) [][]byte {
	b.t.Helper()
	return b.issueIn([]issuer.Form{issuer.FormDC}, drafts...)[credential.TypDC]
}

// payloadOf returns the claims of an issuer-signed JWT.
func payloadOf(t testing.TB, file []byte) object {
	t.Helper()
	return parsedDoc(t, must[[]byte](t)(base64.RawURLEncoding.DecodeString(strings.Split(sdText(t, file), ".")[1])))
}

func sdDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// TestSDJWTVC: all three forms are leaves of one root; an SD-JWT VC has flat claims that
// other wallets know, says what the document says, and hides what is not chosen.
func TestSDJWTVC(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	holder := b.relate(P256)
	forms := b.issueIn(issuer.Forms(), licence(holder, "L-1"), licence("", "L-2"))
	ld, file := forms[""][0], forms[credential.TypDC][0]
	for typ, files := range forms {
		if len(files) != 2 {
			t.Errorf("%d files of %q", len(files), typ)
		}
		for _, f := range files {
			if r, code := w.check(f); r.Verdict != verifier.Valid {
				s, _ := r.Deciding()
				t.Errorf("%q as issued: %s %s %s", typ, r.Verdict, code, s.Fact)
			}
		}
	}
	p := payloadOf(t, file)
	key := must[*did.Document](t)(did.Resolve(holder)).Keys[0].Public
	for name, want := range map[string]any{
		"vct": credential.LicensureTerms + "LicenceCredential", "iss": b.id, "sub": holder, "jurisdiction": "X07", "anchored": true, "_sd_alg": "sha-256",
		"nbf": time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).Unix(), "exp": time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC).Unix(),
		"cnf": object{"jwk": must[map[string]any](t)(did.JWK(key))}, "vc": object{"name": "Licence"},
	} {
		if got := encodedDoc(t, p[name]); !bytes.Equal(got, encodedDoc(t, want)) {
			t.Errorf("%s is %s", name, got)
		}
	}
	if place := p["status"].(object)["status_list"].(object); place["uri"] != "https://alderfen.example/status/licence-2026-revocation.jwt" {
		t.Errorf("status %v", place)
	}
	if n := len(p["_sd"].([]any)); n != 32 {
		t.Errorf("%d digests", n)
	}
	// What the report says of it is what it says of the document.
	one, _ := w.check(ld)
	other, _ := w.check(file)
	if want, got := one.Claims["credentialSubject"], other.Claims["credentialSubject"]; !bytes.Equal(encodedDoc(t, want), encodedDoc(t, got)) {
		t.Errorf("claims %v, as a document %v", got, want)
	}
	for _, member := range []string{"validFrom", "validUntil", "name"} {
		if one.Claims[member] != other.Claims[member] {
			t.Errorf("%s %v, as a document %v", member, other.Claims[member], one.Claims[member])
		}
	}

	parts := strings.Split(strings.TrimSuffix(sdText(t, file), "~"), "~")
	for choice := range 1 << 3 {
		text := parts[0] + "~"
		for i, d := range parts[1:] {
			if choice>>i&1 == 1 {
				text += d + "~"
			}
		}
		shown := withText(t, file, text)
		r, code := w.check(shown)
		if r.Verdict != verifier.Valid {
			t.Errorf("choice %b: %s %s", choice, r.Verdict, code)
		}
		clear := string(shown) + string(encodedDoc(t, p))
		for i, words := range [][]string{{"licenceType", "full"}, {"number", "L-1"}, {"person", "Ostrowe"}} {
			if _, there := r.Claims["credentialSubject"].(object)[words[0]]; there != (choice>>i&1 == 1) {
				t.Errorf("choice %b: %s shown %v", choice, words[0], there)
			}
			for _, word := range words {
				if choice>>i&1 == 0 && strings.Contains(clear, word) {
					t.Errorf("choice %b: the file holds %q", choice, word)
				}
			}
		}
	}
}

// TestSDJWTVCForged bends one thing at a time.
func TestSDJWTVCForged(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	files := b.issueDC(licence(b.relate(Ed25519), "L-1"), licence("", "L-2"))
	file := files[0]
	seg := strings.Split(strings.Split(sdText(t, file), "~")[0], ".")
	other := strings.Split(sdText(t, files[1]), "~")
	bent := func(change func(object), shown ...string) []byte {
		p := payloadOf(t, file)
		change(p)
		jwt := seg[0] + "." + base64.RawURLEncoding.EncodeToString(encodedDoc(t, p)) + "." + seg[2]
		return withText(t, file, strings.Join(append([]string{jwt}, shown...), "~")+"~")
	}
	disclosure := func(name string, v any) string {
		return base64.RawURLEncoding.EncodeToString(encodedDoc(t, []any{"salt", name, v}))
	}
	hidden := func(name string, v any) []byte {
		d := disclosure(name, v)
		return bent(func(p object) { delete(p, name); p["_sd"].([]any)[0] = sdDigest(d) }, d)
	}
	for name, c := range map[string]struct {
		file []byte
		want verifier.Code
	}{
		"another's claim":    {withText(t, file, seg[0]+"."+seg[1]+"."+seg[2]+"~"+other[1]+"~"), "malformed-member"},
		"another's JWT":      {withText(t, file, other[0]+"~"), "target-hash"},
		"end moved":          {bent(func(p object) { p["exp"] = 4070908800 }), "signature"},
		"end taken out":      {bent(func(p object) { delete(p, "exp") }), "signature"},
		"status taken out":   {bent(func(p object) { delete(p, "status") }), "signature"},
		"holder exchanged":   {bent(func(p object) { p["cnf"] = object{"kid": "did:key:z6Mkx"} }), "signature"},
		"type exchanged":     {bent(func(p object) { p["vct"] = credential.LicensureTerms + "CertificateCredential" }), "signature"},
		"sub exchanged":      {bent(func(p object) { p["sub"] = "did:key:z6Mkx" }), "signature"},
		"end hidden":         {hidden("exp", 1), "malformed-member"},
		"status hidden":      {hidden("status", object{}), "malformed-member"},
		"type hidden":        {hidden("vct", "x"), "malformed-member"},
		"vc hidden":          {hidden("vc", object{}), "malformed-member"},
		"id as a claim":      {hidden("id", "did:key:z6Mkx"), "malformed-member"},
		"sub twice":          {bent(func(p object) { p["_sd"].([]any)[0] = sdDigest(disclosure("sub", "x")) }, disclosure("sub", "x")), "malformed-member"},
		"sub no text":        {bent(func(p object) { p["sub"] = 7 }), "malformed-member"},
		"no type":            {bent(func(p object) { delete(p, "vct") }), "malformed-member"},
		"no issuer":          {bent(func(p object) { delete(p, "iss") }), "malformed-member"},
		"exp with fraction":  {bent(func(p object) { p["exp"] = 1.5 }), "malformed-member"},
		"exp as text":        {bent(func(p object) { p["exp"] = "2027" }), "malformed-member"},
		"nbf null":           {bent(func(p object) { p["nbf"] = nil }), "malformed-member"},
		"an audience":        {bent(func(p object) { p["aud"] = hospital }), "version-unsupported"},
		"a type in vc":       {bent(func(p object) { p["vc"] = object{"type": []any{"LicenceCredential"}} }), "malformed-member"},
		"a proof in vc":      {bent(func(p object) { p["vc"] = object{"proof": object{}} }), "malformed-member"},
		"digests in vc":      {bent(func(p object) { p["vc"] = object{"_sd": []any{}} }), "malformed-member"},
		"vc no object":       {bent(func(p object) { p["vc"] = "x" }), "malformed-member"},
		"status no object":   {bent(func(p object) { p["status"] = "x" }), "malformed-member"},
		"status empty":       {bent(func(p object) { p["status"] = object{} }), "malformed-member"},
		"status without idx": {bent(func(p object) { p["status"] = object{"status_list": object{"uri": "https://x.example"}} }), "malformed-member"},
		"idx negative":       {bent(func(p object) { p["status"].(object)["status_list"].(object)["idx"] = -1 }), "status-index"},
		"cnf with two keys":  {bent(func(p object) { p["cnf"] = object{"kid": "x", "jwk": object{"kty": "OKP"}} }), "version-unsupported"},
		"anchored a text":    {bent(func(p object) { p["anchored"] = "yes" }), "malformed-member"},
		"sha-512":            {bent(func(p object) { p["_sd_alg"] = "sha-512" }), "version-unsupported"},
		"a document's form":  {withText(t, file, strings.Replace(sdText(t, file), seg[0], base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"`+b.id+`#key-1","typ":"vc+sd-jwt"}`)), 1)), "version-unsupported"},
	} {
		r, code := w.check(c.file)
		if code != c.want || r.Verdict == verifier.Valid {
			s, _ := r.Deciding()
			t.Errorf("%s: %s %q (%s), want %q", name, r.Verdict, code, s.Fact, c.want)
		}
	}
	bare := parsedDoc(t, file)
	delete(bare, "proof")
	trust := w.trust().Trust
	trust.AnchorOptional = true
	if r := verifier.Check(encodedDoc(t, bare), w.evidence(), trust, now); r.Verdict != verifier.Indeterminate {
		t.Errorf("without its proof: %s", r.Verdict)
	}
}

// TestTokenList: what an IETF list says of an SD-JWT VC, and which lists do not count.
func TestTokenList(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	delegate, stranger := w.addBoard("lists"), w.addBoard("stranger")
	const url = "https://alderfen.example/status/own.jwt"
	trust := w.trust().Trust
	trust.AnchorOptional = true
	trust.Issuers[0].StatusIssuers = []string{delegate.id}
	doc := b.signed(credential.TypDC, object{"iss": b.id, "vct": credential.LicensureTerms + "LicenceCredential", "jti": "urn:x:1", "jurisdiction": "X07",
		"status": object{"status_list": object{"idx": 5, "uri": url}}})
	list := func(by *board, bits, index int, v uint8, change func(object)) []byte {
		l := status.NewTokens(64, bits)
		l.Set(index, v)
		p := object{"sub": url, "iat": now.Add(-time.Hour).Unix(), "status_list": object{"bits": bits, "lst": l.Encode()}}
		if change != nil {
			change(p)
		}
		key, id, err := issuer.SigningKey(by.dir, nil)
		b.must(err)
		typ := credential.TypStatusList
		if other, given := p["typ"].(string); given { // of the header
			typ = other
		}
		return []byte(must[string](t)(cryptosuite.SignJWT(typ, id, encodedDoc(t, p), key)) + "\n")
	}
	good := list(b, 1, 9, 1, nil)
	for name, c := range map[string]struct {
		lists [][]byte
		want  verifier.Code
		floor uint64
	}{
		"good":                         {[][]byte{good}, "", 0},
		"none":                         {nil, verifier.CodeRevocationUnknown, 0},
		"by the delegate":              {[][]byte{list(delegate, 1, 9, 1, nil)}, "", 0},
		"by the delegate, who says so": {[][]byte{list(delegate, 1, 9, 1, func(p object) { p["iss"] = delegate.id })}, "", 0},
		"revoked":                      {[][]byte{list(b, 1, 5, 1, nil)}, verifier.CodeRevoked, 0},
		"revoked, two bits":            {[][]byte{list(b, 2, 5, 1, nil)}, verifier.CodeRevoked, 0},
		"suspended":                    {[][]byte{list(b, 2, 5, 2, nil)}, verifier.CodeSuspended, 0},
		"of a meaning of its own":      {[][]byte{list(b, 2, 5, 3, nil)}, verifier.CodeStatusType, 0},
		"neighbour, eight bits":        {[][]byte{list(b, 8, 4, 255, nil)}, "", 0},
		"by a stranger":                {[][]byte{list(stranger, 1, 9, 1, nil)}, verifier.CodeListSignature, 0},
		"by a stranger, who says so":   {[][]byte{list(stranger, 1, 9, 1, func(p object) { p["iss"] = stranger.id })}, verifier.CodeListIssuer, 0},
		"by a stranger as the issuer":  {[][]byte{list(stranger, 1, 9, 1, func(p object) { p["iss"] = b.id })}, verifier.CodeListSignature, 0},
		"of another URL":               {[][]byte{list(b, 1, 9, 1, func(p object) { p["sub"] = url + "2" })}, verifier.CodeListID, 0},
		"ended":                        {[][]byte{list(b, 1, 9, 1, func(p object) { p["exp"] = now.Unix() })}, verifier.CodeStatusStale, 0},
		"old":                          {[][]byte{list(b, 1, 9, 1, func(p object) { p["iat"] = now.AddDate(0, 0, -31).Unix() })}, verifier.CodeStatusStale, 0},
		"of tomorrow":                  {[][]byte{list(b, 1, 9, 1, func(p object) { p["iat"] = now.AddDate(0, 0, 1).Unix() })}, verifier.CodeStatusFuture, 0},
		"bits of another size":         {[][]byte{list(b, 1, 9, 1, func(p object) { p["status_list"].(object)["bits"] = 3 })}, verifier.CodeListMalformed, 0},
		"bits damaged":                 {[][]byte{list(b, 1, 9, 1, func(p object) { p["status_list"].(object)["lst"] = "eNr" })}, verifier.CodeListMalformed, 0},
		"too short":                    {[][]byte{list(b, 1, 2, 1, func(p object) { p["status_list"] = object{"bits": 8, "lst": status.NewTokens(4, 8).Encode()} })}, verifier.CodeIndexRange, 0},
		"no date":                      {[][]byte{list(b, 1, 9, 1, func(p object) { delete(p, "iat") })}, verifier.CodeListMalformed, 0},
		"of another typ":               {[][]byte{list(b, 1, 9, 1, func(p object) { p["typ"] = "JWT" })}, verifier.CodeListMalformed, 0},
		"of a credential's typ":        {[][]byte{list(b, 1, 9, 1, func(p object) { p["typ"] = credential.TypDC })}, verifier.CodeListMalformed, 0},
		"bits a fraction":              {[][]byte{list(b, 1, 9, 1, func(p object) { p["status_list"].(object)["bits"] = 1.5 })}, verifier.CodeListMalformed, 0},
		"an end that is no time":       {[][]byte{list(b, 1, 9, 1, func(p object) { p["exp"] = "tomorrow" })}, verifier.CodeListMalformed, 0},
		"a number below zero":          {[][]byte{list(b, 1, 9, 1, func(p object) { p["sequence"] = -1 })}, verifier.CodeListMalformed, 0},
		"no JWT":                       {[][]byte{[]byte("{}")}, verifier.CodeListMalformed, 0},
		"a signature altered":          {[][]byte{append(bytes.TrimSpace(good)[:len(good)-6:len(good)-6], "AAAA\n"...)}, verifier.CodeListSignature, 0},
		"a credential as a list":       {[][]byte{[]byte(strings.TrimSuffix(sdText(t, doc), "~"))}, verifier.CodeListMalformed, 0},
		"newest of two":                {[][]byte{list(b, 1, 5, 1, nil), list(b, 1, 9, 1, func(p object) { p["iat"] = now.Add(-time.Minute).Unix() })}, "", 0},
		"newest of two, revoked":       {[][]byte{good, list(b, 1, 5, 1, func(p object) { p["iat"] = now.Add(-time.Minute).Unix() })}, verifier.CodeRevoked, 0},
		"two of one moment":            {[][]byte{good, list(b, 1, 5, 1, nil)}, verifier.CodeRevoked, 0},
		"numbered":                     {[][]byte{list(b, 1, 9, 1, func(p object) { p["sequence"] = 7 })}, "", 7},
		"below the floor":              {[][]byte{list(b, 1, 9, 1, func(p object) { p["sequence"] = 6 })}, verifier.CodeListRollback, 7},
		"no number":                    {[][]byte{good}, verifier.CodeListSequence, 7},
	} {
		ev := new(verifier.Evidence)
		for _, l := range c.lists {
			ev.AddDocument(url, verifier.Document{At: now, Bytes: l})
		}
		trust.StatusFloor = nil
		if c.floor > 0 {
			trust.StatusFloor = map[string]uint64{url: c.floor}
		}
		r := verifier.Check(doc, ev, trust, now)
		if s, _ := r.Deciding(); s.Code != c.want || (c.want == "") != (r.Verdict == verifier.Valid) {
			t.Errorf("%s: %s %q (%s), want %q", name, r.Verdict, s.Code, s.Fact, c.want)
		}
	}
	// A list by a key that has ended.
	ended := new(verifier.Evidence)
	ended.AddDocument(url, verifier.Document{At: now, Bytes: list(delegate, 1, 9, 1, nil)})
	_, keyID, err := issuer.SigningKey(delegate.dir, nil)
	b.must(err)
	trust.StatusFloor = nil
	trust.Issuers[1].Keys = []verifier.PinnedKey{{ID: keyID, Bounds: verifier.Bounds{Until: now.Add(-time.Minute)}}}
	if r := verifier.Check(doc, ended, trust, now); r.Step(verifier.StepRevocation).Code != verifier.CodeListSignature {
		t.Errorf("by a key that has ended: %v", r.Err())
	}
	trust.Issuers[1].Keys = nil
	// A way to tell a status that nobody here knows is not passed over.
	unknown := b.signed(credential.TypDC, object{"iss": b.id, "vct": "https://x.example/type", "jurisdiction": "X07", "status": object{"identifier_list": object{}}})
	if r := verifier.Check(unknown, nil, trust, now); r.Verdict != verifier.Indeterminate || r.Step(verifier.StepRevocation).Code != verifier.CodeStatusType {
		t.Errorf("unknown mechanism: %v", r.Err())
	}
	// Only an SD-JWT VC has an entry of this kind.
	d := licence("", "L-1")
	d["@context"], d["issuer"] = []any{credential.ContextVC2, b.issuer.ContextURL()}, b.id
	d["credentialStatus"] = object{"type": credential.TokenEntry, "statusPurpose": "revocation", "statusListCredential": url, "statusListIndex": "5"}
	ev := new(verifier.Evidence)
	ev.AddDocument(url, verifier.Document{At: now, Bytes: good})
	if r := verifier.Check(b.signed(credential.TypVC, d), ev, trust, now); r.Step(verifier.StepRevocation).Code != verifier.CodeStatusType {
		t.Errorf("in a document: %v", r.Err())
	}
}

// TestTokenListPublished: a revocation shows in the list that SD-JWT VCs name, under a number
// that only grows.
func TestTokenListPublished(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	files := b.issueDC(licence("", "L-1"), licence("", "L-2"))
	before := w.evidence()
	b.must(b.issuer.Revoke(payloadOf(t, files[0])["jti"].(string), "issued in error"))
	b.publish()
	for i, want := range []verifier.Verdict{verifier.NotInForce, verifier.Valid} {
		if r, code := w.check(files[i]); r.Verdict != want {
			t.Errorf("licence %d: %s %s", i, r.Verdict, code)
		}
	}
	floor := map[string]uint64{}
	for _, l := range b.lists {
		floor[l.URL] = l.Sequence
	}
	trust := w.trust().Trust
	if r := verifier.Check(files[0], before, trust, now); r.Verdict != verifier.Valid {
		t.Errorf("by the list before: %v", r.Err())
	}
	trust.StatusFloor = floor
	if r := verifier.Check(files[0], before, trust, now); r.Step(verifier.StepRevocation).Code != verifier.CodeListRollback {
		t.Errorf("by the list before, with the number of the newest: %v", r.Err())
	}
}

// TestSDJWTVCPresented: a request in the claims of the payload, the holder's key by cnf.
func TestSDJWTVCPresented(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	forms := b.issueIn(issuer.Forms(), licence(b.relate(P256), "L-1"))
	w.keep(forms[""][0], forms[credential.TypVC][0], forms[credential.TypDC][0])
	query := func(path ...any) []byte {
		return request(t, func(q object) {
			q["dcql_query"] = object{"credentials": []any{object{"id": "one", "format": FormatDC, "meta": object{"vct_values": []any{credential.LicensureTerms + "LicenceCredential"}},
				"claims": []any{object{"path": path}}}}}
		})
	}
	ask := query("person", "familyName")
	vp := w.present(ask)
	if payloadOf(t, vp)["vct"] == nil {
		t.Error("another form was shown")
	}
	r, code := w.judge(ask, vp, now)
	if r.Verdict != verifier.Valid {
		t.Fatalf("%s %s", r.Verdict, code)
	}
	q := must[*Request](t)(ParseRequest(ask))
	if missing := q.Unanswered(r); len(missing) > 0 {
		t.Errorf("unanswered %v", missing)
	}
	subject := r.Claims["credentialSubject"].(object)
	if subject["person"] == nil || subject["number"] != nil || subject["licenceType"] != nil {
		t.Errorf("shown %v", subject)
	}
	if p := w.plan(query("iss")); len(p.Missing) == 0 {
		t.Error("a claim of the JWT was found among those of the subject")
	}
	if p := w.plan(query("number")); p.Choices[0].Record.Form != FormDC {
		t.Error("another form would be shown")
	}
	for name, c := range map[string]struct {
		ask  []byte
		at   time.Time
		want verifier.Code
	}{
		"elsewhere": {request(t, func(q object) { q["audience"] = "https://elsewhere.example" }), now, verifier.CodeDomain},
		"later":     {request(t, func(q object) { q["nonce"] = "YW5vdGhlci1ub25jZS1hbm90aGVy" }), now, verifier.CodeChallenge},
		"ended":     {ask, now.Add(time.Hour), verifier.CodeExpired},
	} {
		if r, code := w.judge(c.ask, vp, c.at); code != c.want || r.Verdict == verifier.Valid {
			t.Errorf("%s: %s %s", name, r.Verdict, code)
		}
	}
	for name, format := range map[string]object{
		"type_values":       {"format": FormatDC, "meta": object{"type_values": []any{[]any{"LicenceCredential"}}}},
		"vct_values for vc": {"format": FormatSDJWT, "meta": object{"vct_values": []any{"x"}}},
	} {
		format["id"] = "one"
		if _, err := ParseRequest(request(t, func(q object) { q["dcql_query"] = object{"credentials": []any{format}} })); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestSDJWTVCHolder: cnf says whose it is.
func TestSDJWTVCHolder(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	own, thief := must[Relation](t)(w.wallet.Relate(b.id, "", Ed25519)).DID, must[Relation](t)(w.wallet.Relate("https://other.example/", "", Ed25519)).DID
	jwk := func(id string) object {
		return object{"jwk": must[map[string]any](t)(did.JWK(must[*did.Document](t)(did.Resolve(id)).Keys[0].Public))}
	}
	trust := w.trust().Trust
	trust.AnchorOptional = true
	ask := verifier.Request{Purpose: "authentication", Domains: []string{hospital}, Challenge: testNonce, Bound: true}
	for name, c := range map[string]struct {
		claims object
		by     string
		want   verifier.Code
	}{
		"jwk and DID":         {object{"cnf": jwk(own), "sub": own}, own, ""},
		"jwk alone":           {object{"cnf": jwk(own)}, own, ""},
		"jwk and a number":    {object{"cnf": jwk(own), "sub": "user-42"}, own, ""},
		"kid":                 {object{"cnf": object{"kid": must[*did.Document](t)(did.Resolve(own)).Keys[0].ID}, "sub": own}, own, ""},
		"another's DID":       {object{"cnf": jwk(own), "sub": thief}, own, verifier.CodeHolder},
		"by a thief":          {object{"cnf": jwk(own), "sub": own}, thief, verifier.CodeSignature},
		"no cnf":              {object{"sub": own}, own, verifier.CodeSignerUnknown},
		"a key of no kind":    {object{"cnf": object{"jwk": object{"kty": "oct"}}, "sub": own}, own, verifier.CodeSignerUnknown},
		"a key with a secret": {object{"cnf": object{"jwk": object{"kty": "OKP", "crv": "Ed25519", "x": jwk(own)["jwk"].(object)["x"], "d": "x"}}, "sub": own}, own, verifier.CodeSignerUnknown},
	} {
		c.claims["iss"], c.claims["vct"], c.claims["jurisdiction"] = b.id, "https://x.example/type", "X07"
		file := b.signed(credential.TypDC, c.claims)
		text := sdText(t, file)
		key, _ := w.wallet.signerOf(c.by)
		binding := must[string](t)(cryptosuite.SignJWT(credential.TypKeyBinding, "", encodedDoc(t, object{"iat": now.Unix(), "aud": hospital, "nonce": testNonce, "sd_hash": sdDigest(text)}), key))
		r := verifier.CheckFor(ask, withText(t, file, text+binding), nil, trust, now)
		if s, _ := r.Deciding(); s.Code != c.want || (c.want == "") != (r.Verdict == verifier.Valid) {
			t.Errorf("%s: %s %q (%s), want %q", name, r.Verdict, s.Code, s.Fact, c.want)
		}
	}
	// The wallet knows by the key which are its own.
	f := w.wallet.Examine(Item{"a file", b.signed(credential.TypDC, object{"iss": b.id, "vct": "https://x.example/type", "jurisdiction": "X07", "sub": "user-42", "cnf": jwk(own)})},
		nil, &TrustFile{Trust: trust})
	if f.Err != nil || !f.Mine || f.Record.Subject != own {
		t.Errorf("%+v", f)
	}
}

// TestTokenListQuoted: nor does what is told of such lists grow with what they say.
func TestTokenListQuoted(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	const url = "https://alderfen.example/status/own.jwt"
	ev := new(verifier.Evidence)
	for _, p := range []object{{"sub": url, "iss": strings.Repeat("ü", 1<<20)}, {"sub": strings.Repeat("ü", 1<<20), "iss": b.id}} {
		p["iat"], p["status_list"] = 1, object{"bits": 1, "lst": "x"}
		key, id, err := issuer.SigningKey(b.dir, nil)
		b.must(err)
		ev.AddDocument(url, verifier.Document{At: now, Bytes: []byte(must[string](t)(cryptosuite.SignJWT(credential.TypStatusList, id, encodedDoc(t, p), key)))})
	}
	doc := b.signed(credential.TypDC, object{"iss": b.id, "vct": "https://x.example/type", "status": object{"status_list": object{"idx": 5, "uri": url}}})
	r := verifier.Check(doc, ev, w.trust().Trust, now)
	if raw := must[[]byte](t)(r.JSON()); len(raw) > 20_000 || len(r.Warnings) != 2 {
		t.Errorf("a report of %d bytes, %d warnings", len(raw), len(r.Warnings))
	}
}

// TestTokenListsHashedOnce: who hands over lists chooses how many entries name them; it is
// not what the work grows with.
func TestTokenListsHashedOnce(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	const url = "https://alderfen.example/status/own.jwt"
	trust := w.trust().Trust
	ev := new(verifier.Evidence)
	for i := range 64 {
		ev.AddDocument(url, verifier.Document{At: now, Bytes: append([]byte{'0' + byte(i)}, make([]byte, 1<<20)...)})
	}
	took := func(entries int) time.Duration {
		list := make([]any, entries)
		for i := range list {
			list[i] = object{"type": "status_list", "statusPurpose": "revocation", "statusListIndex": "5", "statusListCredential": url}
		}
		doc := b.signed(credential.TypDC, object{"iss": b.id, "vct": "https://x.example/type", "vc": object{"credentialStatus": list}})
		best := time.Hour
		for range 3 {
			k, start := verifier.NewChecker(ev, trust), time.Now()
			if r := k.Check(doc, now); r.Step(verifier.StepRevocation).Code != verifier.CodeListMalformed {
				t.Fatal(r.Err())
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	if one, many := took(1), took(credential.MaxStatusEntries); many > 5*one {
		t.Errorf("%s for one entry, %s for %d", one, many, credential.MaxStatusEntries)
	}
}
