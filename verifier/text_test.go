package verifier_test

import (
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

func warned(r *verifier.Report, code verifier.Code) (places []string) {
	for _, w := range r.Warnings {
		if w.Code == code {
			places = append(places, w.Place)
		}
	}
	return places
}

// TestUnusualText: texts that show something else than they are, told and never judged
// (J13).
func TestUnusualText(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	for name, want := range map[string]bool{
		"Ostrowe": false, "José Núñez": false, "O’Brien-Łukasz": false, "Иванова": false, "Παπαδοπούλου": false, "田中 さくら": false, "محمد": false,
		"नीरज शर्मा": false, "क्\u200dष": false, "Zoë 👩\u200d⚕️": false, "µ-receptor": false,
		"Ost\u202eewor": true, "Ost\u200browe": true, "\ufeffOstrowe": true, "Оstrowe": true, "Ostrοwe": true, "Ost\u00adrowe": true, "\u2067Ostrowe": true,
		"Ost\x1b[2Jrowe": true,
	} {
		raw := w.signed(func(d object) { at(d, "credentialSubject", "person").(object)["familyName"] = name })
		r := verifier.Check(raw, w.evidence(), w.optional(nil), now)
		wantReport(t, r, valid, "")
		places := warned(r, "unusual-text")
		if (len(places) == 1) != want || want && places[0] != "/credentialSubject/person/familyName" {
			t.Errorf("%q: told of %q, want %v", name, places, want)
		}
	}
}

// TestConfusableName: a stranger under the name of somebody in the trust file, in the same
// letters or in such as look the same.
func TestConfusableName(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1")) // the label is "Medical Board of Alderfen (X07)", the document's own name "Board of Alderfen"
	const strangerID = "https://board-of-alderfen.example/issuer.json"
	for name, want := range map[string]bool{
		"Board of Alderfen": true, "BOARD OF ALDERFEN": true, "Воаrd оf Аldеrfеn": true, "Board\u200b of Alderfen": true,
		"Medical Board of Alderfen (X07)": true, "Board of A1derfen": true, "Bóard of Alderfen": true,
		"Board of Elmfen": false, "Board": false, "": false,
	} {
		raw := w.signed(func(d object) { d["issuer"] = object{"id": strangerID, "name": name} })
		r := verifier.Check(raw, w.evidence(), w.optional(nil), now)
		if r.Verdict == verifier.Valid {
			t.Errorf("%q: valid", name)
		}
		if got := len(warned(r, "confusable-name")) == 1; got != want {
			t.Errorf("%q: told %v, want %v", name, got, want)
		}
	}
	raw := w.signed(func(d object) { d["issuer"] = object{"id": "https://bоard.example/issuer.json", "name": "X"} }) // o of another script
	if r := verifier.Check(raw, w.evidence(), w.optional(nil), now); len(warned(r, "confusable-name")) != 1 {
		t.Errorf("a look-alike id is not told: %v", r.Warnings)
	}
	if r := verifier.Check(w.creds[0], w.evidence(), w.trust(nil), now); len(warned(r, "confusable-name")) != 0 {
		t.Error("the board itself is told to be confusable")
	}
}
