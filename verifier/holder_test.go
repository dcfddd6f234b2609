package verifier_test

import (
	"testing"
	"time"

	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/verifier"
)

// about is a licence of the board, of that id, about a DID.
func (w *world) about(name, id string) object {
	return decoded(w.t, w.signed(func(d object) {
		d["id"] = name
		d["credentialSubject"].(object)["id"] = id
		delete(d, "credentialStatus")
	}))
}

// TestHolderBound: whoever asks for it gets a presentation only from those the credentials
// are about, who may sign with several keys; a credential that comes alone is nobody's.
func TestHolderBound(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.optional(nil)
	one, two, thief := newStranger(t, "one"), newStranger(t, "two"), newStranger(t, "thief")
	both := []any{w.about("urn:uuid:00000000-0000-4000-8000-000000000001", one.id), w.about("urn:uuid:00000000-0000-4000-8000-000000000002", two.id)}
	signedByBoth := decoded(t, presentation(t, w, one, both, func(d object, _ *cryptosuite.Options) { delete(d, "holder") }))
	sign(t, signedByBoth, two.key, cryptosuite.Options{VerificationMethod: two.method, Purpose: "authentication", Created: now.Add(-time.Minute)}, w.contexts())
	ask := verifier.Request{Bound: true}
	for name, c := range map[string]struct {
		raw     []byte
		request verifier.Request
		want    verifier.Verdict
		code    verifier.Code
	}{
		"by the subject":                 {presentation(t, w, one, both[:1], nil), ask, verifier.Valid, ""},
		"by both subjects":               {encoded(t, signedByBoth), ask, verifier.Valid, ""},
		"by one of two":                  {presentation(t, w, one, both, nil), ask, verifier.Invalid, verifier.CodeHolder},
		"by a thief":                     {presentation(t, w, thief, both[:1], nil), ask, verifier.Invalid, verifier.CodeHolder},
		"by a thief, and nobody asks":    {presentation(t, w, thief, both[:1], nil), verifier.Request{}, verifier.Valid, ""},
		"a credential alone":             {encoded(t, both[0].(object)), ask, verifier.Invalid, verifier.CodeHolder},
		"a credential alone, not asked":  {encoded(t, both[0].(object)), verifier.Request{}, verifier.Valid, ""},
		"the second signature is broken": {bent(t, encoded(t, signedByBoth), func(d object) { at(d, "proof", 1).(object)["created"] = "2020-01-01T00:00:00Z" }), ask, verifier.Invalid, "signature"},
	} {
		r := verifier.CheckFor(c.request, c.raw, w.evidence(), trust, now)
		s, _ := r.Deciding()
		if r.Verdict != c.want || s.Code != c.code {
			t.Errorf("%s: %s, %s: %s; want %s, %s", name, r.Verdict, s.Code, s.Fact, c.want, c.code)
		}
	}
}

// TestPresentationEnds: a holder's signature that states its end counts until then.
func TestPresentationEnds(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	s := newStranger(t, "bearer")
	end := now.Add(time.Minute)
	raw := presentation(t, w, s, []any{w.about("urn:uuid:00000000-0000-4000-8000-000000000001", s.id)}, func(_ object, o *cryptosuite.Options) { o.Expires = end })
	for _, c := range []struct {
		at   time.Time
		want verifier.Verdict
		code verifier.Code
	}{{end.Add(-time.Second), verifier.Valid, ""}, {end, verifier.NotInForce, verifier.CodeExpired}} {
		r := verifier.CheckFor(verifier.Request{}, raw, w.evidence(), w.optional(nil), c.at)
		if d, _ := r.Deciding(); r.Verdict != c.want || d.Code != c.code {
			t.Errorf("at %s: %s, %s", c.at, r.Verdict, d.Code)
		}
	}
	later := bent(t, raw, func(d object) { at(d, "proof", 0).(object)["expires"] = "2030-01-01T00:00:00Z" })
	if r := verifier.CheckFor(verifier.Request{}, later, w.evidence(), w.optional(nil), end); r.Verdict != verifier.Invalid {
		t.Errorf("its end moved: %s", r.Verdict)
	}
}
