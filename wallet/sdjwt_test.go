package wallet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// issueForms issues drafts in both forms of the W3C under one root.
func (b *board) issueForms(drafts ...object) (ld, sd [][]byte) {
	b.t.Helper()
	all := b.issueIn([]issuer.Form{issuer.FormLD, issuer.FormSDJWT}, drafts...)
	return all[""], all[credential.TypVC]
}

// issueIn issues drafts in several forms under one root, and returns them by the typ of
// their JWT.
func (b *board) issueIn(forms []issuer.Form, drafts ...object) map[string][][]byte {
	b.t.Helper()
	list := func(yield func(issuer.Draft, error) bool) {
		for _, d := range drafts {
			if !yield(issuer.Draft{Object: d, Place: "draft"}, nil) {
				return
			}
		}
	}
	ctx := context.Background()
	_, err := b.chain.Mine(101, b.key.Address, now.Add(-60*time.Hour))
	b.must(err)
	batch, err := b.issuer.Seal(ctx, anchor.Regtest, issuer.Copies(issuer.InForm(list, forms...), max(1, b.copies)))
	b.must(err)
	b.must(batch.Fund(ctx, b.chain, b.key.Address, 100_000))
	b.must(batch.Sign(b.key))
	b.must(batch.Broadcast(ctx, b.chain))
	_, err = b.chain.Mine(13, b.key.Address, now.Add(-20*time.Hour))
	b.must(err)
	_, err = batch.Confirm(ctx, b.chain, 6)
	b.must(err)
	var all [][]byte
	b.must(batch.Finish(outputs{&all}))
	b.ids = append(b.ids, batch.TxID())
	b.publish()
	byTyp := map[string][][]byte{}
	for _, c := range all {
		typ := ""
		if e := must[*credential.Credential](b.t)(credential.Parse(c)).Envelope(); e != nil {
			typ = e.Typ
		}
		byTyp[typ] = append(byTyp[typ], c)
	}
	return byTyp
}

// sdText returns the SD-JWT of a file, and withText the file with another.
func sdText(t testing.TB, file []byte) string {
	t.Helper()
	return parsedDoc(t, file)["sdJwt"].(string)
}

func withText(t testing.TB, file []byte, text string) []byte {
	t.Helper()
	d := parsedDoc(t, file)
	d["sdJwt"] = text
	return encodedDoc(t, d)
}

func (w *world) check(file []byte) (*verifier.Report, verifier.Code) {
	r := verifier.Check(file, w.evidence(), w.trust().Trust, now)
	s, _ := r.Deciding()
	return r, s.Code
}

// TestSDJWT: every choice of claims keeps signature, path and block; what is hidden is not
// there, neither by value nor by name.
func TestSDJWT(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	ld, sd := b.issueForms(licence(b.relate(Ed25519), "L-1"), licence("", "L-2"))
	if len(ld) != 2 || len(sd) != 2 {
		t.Fatalf("%d and %d documents", len(ld), len(sd))
	}
	for _, file := range append(ld, sd...) {
		if r, code := w.check(file); r.Verdict != verifier.Valid {
			s, _ := r.Deciding()
			t.Errorf("as issued: %s %s %s", r.Verdict, code, s.Fact)
		}
	}
	full := sdText(t, sd[0])
	parts := strings.Split(strings.TrimSuffix(full, "~"), "~")
	jwt, disclosures := parts[0], parts[1:]
	if len(disclosures) != 3 { // person, licenceType, number; id and jurisdiction are never hidden
		t.Fatalf("%d disclosures", len(disclosures))
	}
	payload := must[[]byte](t)(base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1]))
	if n := len(parsedDoc(t, payload)["credentialSubject"].(object)["_sd"].([]any)); n != 32 {
		t.Errorf("%d digests", n)
	}
	for choice := range 1 << len(disclosures) {
		text := jwt + "~"
		for i, d := range disclosures {
			if choice>>i&1 == 1 {
				text += d + "~"
			}
		}
		file := withText(t, sd[0], text)
		r, code := w.check(file)
		if r.Verdict != verifier.Valid {
			t.Errorf("choice %b: %s %s", choice, r.Verdict, code)
		}
		subject := r.Claims["credentialSubject"].(object)
		for i, name := range []string{"licenceType", "number", "person"} {
			if _, shown := subject[name]; shown != (choice>>i&1 == 1) {
				t.Errorf("choice %b: %s shown %v", choice, name, shown)
			}
		}
		// Bytes of the file, and of all that is encoded in it.
		clear := string(file) + string(payload)
		for i, words := range [][]string{{"licenceType", `full`}, {"number", "L-1"}, {"familyName", "Ostrowe"}} {
			for _, word := range words {
				if choice>>i&1 == 0 && strings.Contains(clear, word) {
					t.Errorf("choice %b: the file holds %q", choice, word)
				}
			}
		}
	}
}

// TestSDJWTForged bends one thing at a time.
func TestSDJWTForged(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	_, sd := b.issueForms(licence(b.relate(Ed25519), "L-1"), licence("", "L-2"))
	parts := strings.Split(strings.TrimSuffix(sdText(t, sd[0]), "~"), "~")
	other := strings.Split(sdText(t, sd[1]), "~")
	seg := strings.Split(parts[0], ".")
	decoded := func(i int) object {
		return parsedDoc(t, must[[]byte](t)(base64.RawURLEncoding.DecodeString(seg[i])))
	}
	enc := func(v any) string { return base64.RawURLEncoding.EncodeToString(encodedDoc(t, v)) }
	bentPayload := func(change func(object)) string {
		p := decoded(1)
		change(p)
		return seg[0] + "." + enc(p) + "." + seg[2] + "~"
	}
	bentHeader := func(change func(object)) string {
		h := decoded(0)
		change(h)
		return enc(h) + "." + seg[1] + "." + seg[2] + "~"
	}
	made := base64.RawURLEncoding.EncodeToString([]byte(`["salt","number","L-9"]`))
	status := base64.RawURLEncoding.EncodeToString([]byte(`["salt","credentialStatus",[]]`))
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for name, c := range map[string]struct {
		text string
		want verifier.Code
	}{
		"a claim made up":              {parts[0] + "~" + made + "~", "malformed-member"},
		"another's claim":              {parts[0] + "~" + other[1] + "~", "malformed-member"},
		"a claim twice":                {parts[0] + "~" + parts[1] + "~" + parts[1] + "~", "malformed-member"},
		"a claim put in with a digest": {strings.TrimSuffix(bentPayload(func(p object) { p["credentialSubject"].(object)["_sd"].([]any)[0] = digest(made) }), "~") + "~" + made + "~", "signature"},
		"an open claim altered":        {bentPayload(func(p object) { p["validUntil"] = "2099-01-01T00:00:00Z" }), "signature"},
		"status taken out":             {bentPayload(func(p object) { delete(p, "credentialStatus") }), "signature"},
		"status hidden":                {strings.TrimSuffix(bentPayload(func(p object) { delete(p, "credentialStatus"); p["_sd"] = []any{digest(status)} }), "~") + "~", "malformed-member"},
		"holder exchanged":             {bentPayload(func(p object) { p["cnf"] = object{"kid": "did:key:z6Mkx"} }), "signature"},
		"cnf with a key":               {bentPayload(func(p object) { p["cnf"] = object{"jwk": object{}} }), "version-unsupported"},
		"digest twice": {bentPayload(func(p object) {
			l := p["credentialSubject"].(object)["_sd"].([]any)
			l[0] = l[1]
		}), "malformed-member"},
		"alg none":                        {bentHeader(func(h object) { h["alg"] = "none" }), "malformed-member"},
		"alg HS256":                       {bentHeader(func(h object) { h["alg"] = "HS256" }), "malformed-member"},
		"alg ES256":                       {bentHeader(func(h object) { h["alg"] = "ES256" }), "key-type"},
		"jwk in header":                   {bentHeader(func(h object) { h["jwk"] = "x" }), "malformed-member"},
		"crit":                            {bentHeader(func(h object) { h["crit"] = "exp" }), "malformed-member"},
		"no kid":                          {bentHeader(func(h object) { delete(h, "kid") }), "malformed-member"},
		"other kid":                       {bentHeader(func(h object) { h["kid"] = b.id + "#anchor-1" }), "key-type"},
		"dc+sd-jwt":                       {bentHeader(func(h object) { h["typ"] = "dc+sd-jwt" }), "malformed-member"},
		"typ JWT":                         {bentHeader(func(h object) { h["typ"] = "JWT" }), "malformed-member"},
		"sha-512":                         {bentPayload(func(p object) { p["_sd_alg"] = "sha-512" }), "version-unsupported"},
		"an end of VC 1.1":                {bentPayload(func(p object) { p["expirationDate"] = "2020-01-01T00:00:00Z" }), "malformed-member"},
		"an end of its own":               {bentPayload(func(p object) { p["exp"] = 1 }), "version-unsupported"},
		"an iss of its own":               {bentPayload(func(p object) { p["iss"] = "x" }), "version-unsupported"},
		"a type of its own":               {bentPayload(func(p object) { p["vct"] = "x" }), "version-unsupported"},
		"array digests":                   {bentPayload(func(p object) { p["credentialSubject"].(object)["list"] = []any{object{"...": "x"}} }), "signature"},
		"an element's digest beside more": {bentPayload(func(p object) { p["credentialSubject"].(object)["list"] = []any{object{"...": "x", "y": 1}} }), "malformed-member"},
		"an element's digest in no array": {bentPayload(func(p object) { p["credentialSubject"].(object)["list"] = object{"...": "x"} }), "malformed-member"},
		"an element's digest twice": {bentPayload(func(p object) {
			p["credentialSubject"].(object)["list"] = []any{object{"...": "x"}, object{"...": "x"}}
		}), "malformed-member"},
		"a claim for an element": {strings.TrimSuffix(bentPayload(func(p object) { p["credentialSubject"].(object)["list"] = []any{object{"...": digest(made)}} }), "~") + "~" + made + "~", "malformed-member"},
		"digests no list":        {bentPayload(func(p object) { p["credentialSubject"].(object)["_sd"] = "x" }), "malformed-member"},
		"not base64url":          {"*" + parts[0] + "~", "malformed-member"},
		"a presentation":         {bentPayload(func(p object) { p["type"] = []any{"VerifiableCredential", "VerifiablePresentation"} }), "malformed-member"},
		"proof inside":           {bentPayload(func(p object) { p["proof"] = object{} }), "malformed-member"},
		"no tilde":               {parts[0], "malformed-member"},
		"padded":                 {parts[0] + "=~", "malformed-member"},
		"another's JWT":          {other[0] + "~", "target-hash"},
	} {
		r, code := w.check(withText(t, sd[0], c.text))
		if code != c.want || r.Verdict == verifier.Valid {
			t.Errorf("%s: %s %q, want %q", name, r.Verdict, code, c.want)
		}
	}
	// The proof taken out: the issuer signed that there is one, whatever the trust file says.
	bare := parsedDoc(t, sd[0])
	delete(bare, "proof")
	trust := w.trust()
	trust.Trust.AnchorOptional = true
	if r := verifier.Check(encodedDoc(t, bare), w.evidence(), trust.Trust, now); r.Verdict != verifier.Indeterminate || r.Err() == nil {
		t.Errorf("without its proof: %s", r.Verdict)
	}
	// A board of one place cannot leave the place out.
	trust = w.trust()
	trust.Trust.Issuers[0].Jurisdictions = []string{"X07"}
	if r := verifier.Check(sd[0], w.evidence(), trust.Trust, now); r.Verdict != verifier.Valid {
		t.Errorf("its own place: %v", r.Err())
	}
	trust.Trust.Issuers[0].Jurisdictions = []string{"X08"}
	if r := verifier.Check(sd[0], w.evidence(), trust.Trust, now); r.Verdict != verifier.Invalid {
		t.Errorf("another place: %s", r.Verdict)
	}
	newer := parsedDoc(t, sd[0])
	newer["version"] = 2
	if r, code := w.check(encodedDoc(t, newer)); r.Verdict == verifier.Valid || code != "unknown-version" {
		t.Errorf("of version 2: %s %s", r.Verdict, code)
	}
	// A presentation inside, or a credential inside a presentation, is none.
	if _, err := credential.FromObject(sd[0], parsedDoc(t, sd[0])); err == nil {
		t.Error("an SD-JWT file was read as a part of something")
	}
	// Revoked is revoked.
	noError(t, b.issuer.Revoke(must[*credential.Credential](t)(credential.Parse(sd[0])).ID(), "issued in error"))
	b.publish()
	if r, code := w.check(sd[0]); r.Verdict != verifier.NotInForce || code != verifier.CodeRevoked {
		t.Errorf("revoked: %s %s", r.Verdict, code)
	}
}

// signed is a file of an SD-JWT that a board signed without anchoring it.
func (b *board) signed(typ string, payload object, disclosures ...string) []byte {
	b.t.Helper()
	key, id, err := issuer.SigningKey(b.dir, nil)
	b.must(err)
	jwt := must[string](b.t)(cryptosuite.SignJWT(typ, id, encodedDoc(b.t, payload), key))
	return encodedDoc(b.t, object{"version": 1, "type": credential.TypeSDJWT, "sdJwt": strings.Join(append([]string{jwt}, disclosures...), "~") + "~"})
}

// TestSDJWTShownInPart: what may be hidden is never taken for what is not there.
func TestSDJWTShownInPart(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	trust := w.trust().Trust
	trust.AnchorOptional = true
	good := func() object {
		d := licence("", "L-1")
		d["@context"] = []any{credential.ContextVC2, b.issuer.ContextURL()}
		d["issuer"] = b.id
		return d
	}
	for name, c := range map[string]struct {
		places []string
		change func(object)
		want   verifier.Code
	}{
		"whole":                             {[]string{"X07"}, func(object) {}, ""},
		"no place shown, by a board of one": {[]string{"X07"}, func(d object) { delete(d["credentialSubject"].(object), "jurisdiction") }, verifier.CodePlaceNotStated},
		"no place shown, by one for all":    {[]string{"*"}, func(d object) { delete(d["credentialSubject"].(object), "jurisdiction") }, ""},
		"a schema of the whole":             {[]string{"*"}, func(d object) { d["credentialSchema"] = object{"id": "https://x.example/s", "type": "JsonSchema"} }, verifier.CodeSchemaType},
	} {
		d := good()
		c.change(d)
		trust.Issuers[0].Jurisdictions = c.places
		r := verifier.Check(b.signed(credential.TypVC, d), nil, trust, now)
		if s, _ := r.Deciding(); s.Code != c.want || (c.want == "") != (r.Verdict == verifier.Valid) {
			t.Errorf("%s: %s %q (%s), want %q", name, r.Verdict, s.Code, s.Fact, c.want)
		}
	}
}

func holderKey(t *testing.T, id string) string {
	t.Helper()
	return must[*did.Document](t)(did.Resolve(id)).Keys[0].ID
}

// TestSDJWTElements: an element that is hidden is as if it were not there (RFC 9901, section
// 7.1); the wallet shows those asked for.
func TestSDJWTElements(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	trust := w.trust()
	trust.Trust.AnchorOptional = true
	holder := b.relate(Ed25519)
	text := func(v ...any) string { return base64.RawURLEncoding.EncodeToString(encodedDoc(t, v)) }
	first, second, third := text("s1", "one"), text("s2", object{"_sd": []any{sdDigest(text("s3", "deep", "x"))}}), text("s3", "deep", "x")
	file := b.signed(credential.TypDC, object{"iss": b.id, "vct": "https://x.example/type", "jurisdiction": "X07", "sub": holder, "cnf": object{"kid": holderKey(t, holder)},
		"list": []any{"zero", object{"...": sdDigest(first)}, object{"...": sdDigest("decoy")}, object{"...": sdDigest(second)}}}, first, second, third)
	for name, c := range map[string]struct {
		shown []string
		want  string
	}{
		"all":           {[]string{first, second, third}, `["zero","one",{"deep":"x"}]`},
		"none":          {nil, `["zero"]`},
		"one":           {[]string{first}, `["zero","one"]`},
		"without depth": {[]string{second}, `["zero",{}]`},
	} {
		r := verifier.Check(withText(t, file, strings.Join(append([]string{strings.Split(sdText(t, file), "~")[0]}, c.shown...), "~")+"~"), nil, trust.Trust, now)
		if got := string(encodedDoc(t, r.Claims["credentialSubject"].(object)["list"])); r.Verdict != verifier.Valid || got != c.want {
			t.Errorf("%s: %v %s", name, r.Err(), got)
		}
	}
	f := w.wallet.Examine(Item{"a file", file}, nil, trust)
	noError(t, w.wallet.Keep(f, false))
	ask := request(t, func(q object) {
		q["dcql_query"] = object{"credentials": []any{object{"id": "one", "format": FormatDC, "meta": object{"vct_values": []any{"https://x.example/type"}}, "claims": []any{object{"path": []any{"list", 2}}}}}}
	})
	vp := w.present(ask)
	r := verifier.CheckFor(must[*Request](t)(ParseRequest(ask)).Asked(), vp, nil, trust.Trust, now)
	if got := string(encodedDoc(t, r.Claims["credentialSubject"].(object)["list"])); r.Verdict != verifier.Valid || got != `["zero",{"deep":"x"}]` {
		t.Errorf("shown: %v %s", r.Err(), got)
	}
}

// TestSDJWTBinding: the holder's signature is for one audience, nonce, choice and time.
func TestSDJWTBinding(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(P256)
	_, sd := b.issueForms(licence(did, "L-1"))
	parts := strings.Split(strings.TrimSuffix(sdText(t, sd[0]), "~"), "~")
	shown := parts[0] + "~" + parts[2] + "~"
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	good := object{"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "aud": hospital, "nonce": testNonce, "sd_hash": digest(shown)}
	bind := func(by, typ string, change func(object)) []byte {
		p := object{}
		for k, v := range good {
			p[k] = v
		}
		if change != nil {
			change(p)
		}
		key, ok := w.wallet.signerOf(by)
		if !ok {
			t.Fatal("no key")
		}
		return withText(t, sd[0], shown+must[string](t)(cryptosuite.SignJWT(typ, "", encodedDoc(t, p), key)))
	}
	thief := must[Relation](t)(w.wallet.Relate("https://other.example/", "", P256)).DID
	ask := verifier.Request{Purpose: "authentication", Domains: []string{hospital}, Challenge: testNonce, Bound: true}
	as := func(f []byte) []byte { return f }
	for name, c := range map[string]struct {
		file []byte
		want verifier.Code
	}{
		"as made":          {as(bind(did, credential.TypKeyBinding, nil)), ""},
		"no binding":       {withText(t, sd[0], shown), verifier.CodeHolder},
		"another audience": {bind(did, credential.TypKeyBinding, func(p object) { p["aud"] = "https://elsewhere.example" }), verifier.CodeDomain},
		"another nonce":    {bind(did, credential.TypKeyBinding, func(p object) { p["nonce"] = "YW5vdGhlcg" }), verifier.CodeChallenge},
		"ended":            {bind(did, credential.TypKeyBinding, func(p object) { p["exp"] = now.Unix() }), verifier.CodeExpired},
		"long ago, without an end": {bind(did, credential.TypKeyBinding, func(p object) {
			delete(p, "exp")
			p["iat"] = now.Add(-24 * time.Hour).Unix()
		}), verifier.CodeExpired},
		"today, without an end": {bind(did, credential.TypKeyBinding, func(p object) { delete(p, "exp") }), ""},
		"of tomorrow": {bind(did, credential.TypKeyBinding, func(p object) {
			p["iat"], p["exp"] = now.Add(24*time.Hour).Unix(), now.Add(25*time.Hour).Unix()
		}), verifier.CodeNotYetValid},
		"by a clock that is ahead": {bind(did, credential.TypKeyBinding, func(p object) { p["iat"] = now.Add(9 * time.Minute).Unix() }), ""},
		"by a thief":               {bind(thief, credential.TypKeyBinding, nil), verifier.CodeSignature},
		"another choice":           {bind(did, credential.TypKeyBinding, func(p object) { p["sd_hash"] = digest(parts[0] + "~") }), verifier.CodeSignature},
		"an end that is no time":   {bind(did, credential.TypKeyBinding, func(p object) { p["exp"] = "tomorrow" }), "malformed-member"},
		"no iat":                   {bind(did, credential.TypKeyBinding, func(p object) { delete(p, "iat") }), "malformed-member"},
		"no aud":                   {bind(did, credential.TypKeyBinding, func(p object) { delete(p, "aud") }), "malformed-member"},
		"no nonce":                 {bind(did, credential.TypKeyBinding, func(p object) { delete(p, "nonce") }), "malformed-member"},
		"no sd_hash":               {bind(did, credential.TypKeyBinding, func(p object) { delete(p, "sd_hash") }), "malformed-member"},
		"typ of the issuer's":      {bind(did, credential.TypVC, nil), "malformed-member"},
		"a claim added":            {bytes.Replace(bind(did, credential.TypKeyBinding, nil), []byte(parts[2]+"~"), []byte(parts[2]+"~"+parts[1]+"~"), 1), verifier.CodeSignature},
		"a claim taken out":        {bytes.Replace(bind(did, credential.TypKeyBinding, nil), []byte(parts[2]+"~"), nil, 1), verifier.CodeSignature},
	} {
		r := verifier.CheckFor(ask, c.file, w.evidence(), w.trust().Trust, now)
		if s, _ := r.Deciding(); s.Code != c.want || (c.want == "") != (r.Verdict == verifier.Valid) {
			t.Errorf("%s: %s %q (%s), want %q", name, r.Verdict, s.Code, s.Fact, c.want)
		}
	}
}

// TestSDJWTDictionary: who has the file, and a list of everything that could be hidden,
// confirms nothing. The same list confirms a claim whose salt is known.
func TestSDJWTDictionary(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	_, sd := b.issueForms(licence(b.relate(Ed25519), "4711"))
	parts := strings.Split(sdText(t, sd[0]), "~")
	payload := parsedDoc(t, must[[]byte](t)(base64.RawURLEncoding.DecodeString(strings.Split(parts[0], ".")[1])))
	known := map[string]bool{}
	for _, d := range payload["credentialSubject"].(object)["_sd"].([]any) {
		known[d.(string)] = true
	}
	var salt string
	for _, d := range parts[1 : len(parts)-1] {
		var one []any
		noError(t, json.Unmarshal(must[[]byte](t)(base64.RawURLEncoding.DecodeString(d)), &one))
		if one[1] == "number" {
			salt = one[0].(string)
		}
	}
	candidates := 50_000
	if long() {
		candidates = 1_000_000
	}
	hits := func(salt string) (n int) {
		for i := range candidates {
			text := fmt.Sprintf(`["%s","number","%d"]`, salt, i)
			sum := sha256.Sum256([]byte(base64.RawURLEncoding.EncodeToString([]byte(text))))
			if known[base64.RawURLEncoding.EncodeToString(sum[:])] {
				n++
			}
		}
		return n
	}
	if n := hits("") + hits("AAAAAAAAAAAAAAAAAAAAAA") + hits("salt"); n != 0 {
		t.Errorf("%d guesses confirmed", n)
	}
	if n := hits(salt); n != 1 {
		t.Errorf("with the salt %d guesses confirmed: the test does not see what it looks for", n)
	}
}

// TestSDJWTPresented: of an SD-JWT only what was asked for leaves; with a credential of the
// other form it goes into one dossier that a hospital judges offline.
func TestSDJWTPresented(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	ld, sd := b.issueForms(licence(did, "L-1"))
	w.keep(ld[0], sd[0])
	w.again()
	if r := w.wallet.Records()[1]; r.Form != FormSDJWT || r.Verdict != "valid" || r.Subject != did {
		t.Fatalf("%+v", r)
	}
	single := object{"id": "single", "format": FormatSDJWT, "meta": object{"type_values": []any{[]any{"LicenceCredential"}}},
		"claims": []any{object{"path": []any{"credentialSubject", "number"}}}}
	ask := request(t, func(q object) { q["dcql_query"] = object{"credentials": []any{single}} })
	p := w.plan(ask)
	var paths []string
	for _, l := range p.Choices[0].Leaves {
		paths = append(paths, l.Path)
	}
	if all := strings.Join(paths, " "); !strings.Contains(all, "/credentialSubject/number") || strings.Contains(all, "person") || strings.Contains(all, "licenceType") {
		t.Errorf("would leave %s", all)
	}
	vp := w.present(ask)
	r, code := w.judge(ask, vp, now)
	if r.Verdict != verifier.Valid || r.Claims["credentialSubject"].(object)["number"] != "L-1" {
		t.Errorf("%s %s", r.Verdict, code)
	}
	q := must[*Request](t)(ParseRequest(ask))
	if missing := q.Unanswered(r); len(missing) > 0 {
		t.Errorf("unanswered %v", missing)
	}
	payload := must[[]byte](t)(base64.RawURLEncoding.DecodeString(strings.Split(sdText(t, vp), ".")[1]))
	for _, d := range must[*credential.Credential](t)(credential.Parse(vp)).Envelope().Disclosures {
		payload = append(payload, must[[]byte](t)(base64.RawURLEncoding.DecodeString(d.Text))...)
	}
	for _, no := range []string{"Ostrowe", "person", "licenceType", "full"} {
		if bytes.Contains(append(payload, vp...), []byte(no)) {
			t.Errorf("the answer holds %q", no)
		}
	}
	if log := w.wallet.Shares()[0].Records[0].Claims; strings.Contains(strings.Join(log, " "), "person") || !strings.Contains(strings.Join(log, " "), "/number") {
		t.Errorf("log %v", log)
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
	// What somebody showed is no credential to be taken in.
	if f := w.wallet.Examine(Item{"shown", vp}, w.evidence(), w.trust()); f.Err == nil {
		t.Error("a showing was taken in")
	}

	both := request(t, func(q object) { q["dcql_query"] = object{"credentials": []any{single, licenceQuery("whole", "L-1")}} })
	p = w.plan(both)
	parts := must[[][]byte](t)(w.wallet.Present(p))
	if len(parts) != 2 {
		t.Fatalf("%d parts", len(parts))
	}
	file := must[[]byte](t)(w.wallet.Dossier([]*Record{p.Choices[0].Record, p.Choices[1].Record}, parts, "Hospital", "credentialing", ""))
	trust := w.trust().Trust
	w.boards, w.chain = nil, nil
	q = must[*Request](t)(ParseRequest(both))
	reports := must[*Dossier](t)(ParseDossier(file)).Check(q.Asked(), trust, now)
	for i, r := range reports {
		if r.Verdict != verifier.Valid {
			t.Errorf("part %d: %v", i, r.Err())
		}
	}
	if missing := q.Unanswered(reports...); len(missing) > 0 {
		t.Errorf("unanswered %v", missing)
	}
	if missing := q.Unanswered(); len(missing) != 2 {
		t.Errorf("with no part unanswered: %v", missing)
	}
}

// TestSDJWTCopies: each showing spends a copy, two of them have no digest, id or signature in
// common, and the wallet says when none is left.
func TestSDJWTCopies(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	b.copies = 3
	ld, sd := b.issueForms(licence(b.relate(Ed25519), "L-1"))
	if len(ld) != 1 || len(sd) != 3 {
		t.Fatalf("%d and %d documents", len(ld), len(sd))
	}
	w.keep(sd...)
	ask := request(t, func(q object) {
		q["dcql_query"] = object{"credentials": []any{object{"id": "one", "format": FormatSDJWT, "meta": object{"type_values": []any{[]any{"LicenceCredential"}}}}}}
	})
	seen := map[string]int{}
	for round := range 4 {
		w.again()
		p := w.plan(ask)
		if c := p.Choices[0]; c.Fresh != max(0, 2-round) || (c.Record.Shown > 0) != (round == 3) {
			t.Errorf("round %d: %d fresh, shown %d times", round, c.Fresh, c.Record.Shown)
		}
		vp := w.present(ask)
		if r, code := w.judge(ask, vp, now); r.Verdict != verifier.Valid {
			t.Errorf("round %d: %s %s", round, r.Verdict, code)
		}
		if round == 3 {
			break
		}
		jwt := strings.Split(strings.Split(sdText(t, vp), "~")[0], ".")
		payload := parsedDoc(t, must[[]byte](t)(base64.RawURLEncoding.DecodeString(jwt[1])))
		seen[jwt[2]]++
		seen[payload["id"].(string)]++
		seen[fmt.Sprint(payload["credentialStatus"])]++
		for _, d := range payload["credentialSubject"].(object)["_sd"].([]any) {
			seen[d.(string)]++
		}
	}
	for what, n := range seen {
		if n > 1 {
			t.Errorf("%q in %d showings", what, n)
		}
	}
	// To refresh a record does not make it fresh.
	r := w.wallet.Records()[0]
	noError(t, w.wallet.Keep(w.wallet.Refresh(r, w.evidence(), w.trust()), false))
	if got, _ := w.wallet.Find(r.SHA256); got.Shown != r.Shown || r.Shown == 0 {
		t.Errorf("shown %d times, then %d", r.Shown, got.Shown)
	}
}

// TestSDJWTBent changes bytes at random: whatever is still valid says nothing that the issuer
// did not sign.
func TestSDJWTBent(t *testing.T) {
	rounds := 400
	if long() {
		rounds = 20_000
	}
	w := newWorld(t)
	b := w.addBoard("alderfen")
	forms := b.issueIn([]issuer.Form{issuer.FormSDJWT, issuer.FormDC}, licence(b.relate(Ed25519), "L-1"))
	ev, trust := w.evidence(), w.trust().Trust
	for typ, files := range forms {
		whole := verifier.Check(files[0], ev, trust, now).Claims
		subject := whole["credentialSubject"].(object)
		r := rand.New(rand.NewPCG(3, 4))
		valid := 0
		for i := range rounds {
			report := verifier.Check(bend(r, files[0]), ev, trust, now)
			if report.Verdict != verifier.Valid {
				continue
			}
			valid++
			for name, v := range report.Claims["credentialSubject"].(object) {
				if !bytes.Equal(encodedDoc(t, v), encodedDoc(t, subject[name])) {
					t.Fatalf("%s, round %d: %s is %v", typ, i, name, v)
				}
			}
			report.Claims["credentialSubject"] = subject
			if !bytes.Equal(encodedDoc(t, report.Claims), encodedDoc(t, whole)) {
				t.Fatalf("%s, round %d: %v", typ, i, report.Claims)
			}
		}
		t.Logf("%s: %d of %d still valid", typ, valid, rounds)
	}
}

// TestSDJWTDecided: nothing is decided by a document that hides what could count against its
// holder; that there is nothing can be shown.
func TestSDJWTDecided(t *testing.T) {
	w := newWorld(t)
	w.weighty = licensure.Weighty
	b := w.addBoard("alderfen")
	certified := parsedDoc(t, must[[]byte](t)(os.ReadFile("../licensure/testdata/drafts/certification.json")))
	certified["validFrom"] = "2026-06-01T00:00:00Z"
	delete(certified["credentialSubject"].(object), "clinicallyActive")
	builtin, _ := licensure.BuiltinPolicy("hospital")
	policy := must[*licensure.Policy](t)(licensure.ParsePolicy(builtin))
	for _, form := range []issuer.Form{issuer.FormSDJWT, issuer.FormDC} {
		file := b.issueIn([]issuer.Form{form}, certified)[map[issuer.Form]string{issuer.FormSDJWT: credential.TypVC, issuer.FormDC: credential.TypDC}[form]][0]
		cred := must[*credential.Credential](t)(credential.Parse(file))
		decided := func(without ...string) (licensure.CredentialStanding, error) {
			text := cred.Envelope().JWT + "~"
			for _, d := range cred.Envelope().Disclosures {
				if !slices.Contains(without, d.Name) {
					text += d.Text + "~"
				}
			}
			r, _ := w.check(withText(t, file, text))
			if r.Verdict != verifier.Valid {
				t.Fatalf("%s without %v: %v", form, without, r.Err())
			}
			_, err := licensure.FactOf(r, strings.Repeat("0", 64))
			return policy.Standing(licensure.Item{Report: r}, licensure.Moment{Decision: "2026-07-01", Run: now}), err
		}
		if s, err := decided(); s.Standing != licensure.InForce || err != nil {
			t.Errorf("%s, all shown: %v %v", form, s, err)
		}
		for _, name := range []string{"expiresOn", "clinicallyActive"} {
			if s, err := decided(name); s.Standing != licensure.UndeterminedStand || err == nil || !strings.Contains(fmt.Sprint(s), name) {
				t.Errorf("%s without %s: %v %v", form, name, s, err)
			}
		}
		if s, err := decided("person"); s.Standing != licensure.UndeterminedStand || err == nil {
			t.Errorf("%s without the person: %v %v", form, s, err)
		}
	}
}

// TestSDJWTElementHidden: what stands within a member decides too. A history of examinations
// that leaves out an attempt, or of board actions that leaves out an order, is no fact.
func TestSDJWTElementHidden(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	trust := w.trust().Trust
	trust.AnchorOptional = true
	text := func(v ...any) string { return base64.RawURLEncoding.EncodeToString(encodedDoc(t, v)) }
	for name, c := range map[string]struct {
		member string
		hide   func(subject object) (disclosure string)
	}{
		"exam": {"attempts", func(s object) string {
			list := s["attempts"].([]any)
			d := text("salt", list[0])
			list[0] = object{"...": sdDigest(d)}
			return d
		}},
		"history": {"actions", func(s object) string {
			other := parsedDoc(t, encodedDoc(t, s["actions"].([]any)[0]))
			other["orderId"] = "X02-2"
			d := text("salt", other)
			s["actions"] = append(s["actions"].([]any), object{"...": sdDigest(d)})
			return d
		}},
		"degree": {"person", func(s object) string {
			person := s["person"].(object)
			d := text("salt", "npi", person["npi"])
			delete(person, "npi")
			person["_sd"] = []any{sdDigest(d)}
			return d
		}},
	} {
		claims := parsedDoc(t, must[[]byte](t)(os.ReadFile("../licensure/testdata/drafts/"+name+".json")))
		subject := claims["credentialSubject"].(object)
		for _, absent := range licensure.Weighty([]string{claims["type"].([]any)[0].(string)}) {
			if _, there := subject[absent]; !there {
				subject[absent] = nil
			}
		}
		d := c.hide(subject)
		subject["_sd"] = []any{sdDigest("decoy")}
		claims["issuer"] = b.id
		for _, disclosed := range [][]string{{d}, nil} {
			r := verifier.Check(b.signed(credential.TypVC, claims, disclosed...), nil, trust, now.Add(12*time.Hour))
			if r.Verdict != verifier.Valid || !r.Partial {
				t.Fatalf("%s: %v", name, r.Err())
			}
			_, err := licensure.FactOf(r, strings.Repeat("0", 64))
			if whole := disclosed != nil; whole != (err == nil) || !whole && !strings.Contains(err.Error(), c.member+" may be hidden") {
				t.Errorf("%s, with %d disclosures: %v", name, len(disclosed), err)
			}
		}
	}
}

// TestSDJWTWhole: what is shown to be absent is absent too where nothing is hidden, and no
// decoys are there.
func TestSDJWTWhole(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	trust := w.trust().Trust
	trust.AnchorOptional = true
	claims := parsedDoc(t, must[[]byte](t)(os.ReadFile("../licensure/testdata/drafts/certification.json")))
	d := base64.RawURLEncoding.EncodeToString(encodedDoc(t, []any{"salt", "clinicallyActive", nil}))
	subject := claims["credentialSubject"].(object)
	delete(subject, "clinicallyActive")
	subject["_sd"], claims["issuer"] = []any{sdDigest(d)}, b.id
	r := verifier.Check(b.signed(credential.TypVC, claims, d), nil, trust, now.Add(12*time.Hour))
	if f, err := licensure.FactOf(r, strings.Repeat("0", 64)); r.Verdict != verifier.Valid || r.Partial || err != nil || !f.InForce {
		t.Errorf("%v: %v", r.Err(), err)
	}
}
