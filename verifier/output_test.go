package verifier_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"unicode"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/verifier"
)

// naughty are the strings of the Big List of Naughty Strings, and some that it lacks.
func naughty(t testing.TB) []string {
	var list []string
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/blns/blns.json"), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 500 {
		t.Fatalf("%d strings, over 500 are known", len(list))
	}
	return append(list, "\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "\u009b31m", "a\x00b", "line\r\nline", "\u202eevil\u202c", "\ufeff", "\u2028\u2029",
		"e\u0301 is not \u00e9", "\U0001F468\u200d\U0001F469", "$(reboot)`reboot`", "<script>alert(1)</script>", "{{.}}", "%s%n%d")
}

// TestNaughtyStrings issues licences with each string as title, family or given name, and
// wants it back to the byte, out of what was signed.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	list := naughty(t)
	three := func(i int) [3]string {
		return [3]string{list[i], list[(i+1)%len(list)], list[(i+2)%len(list)]}
	}
	var objects []map[string]any
	for i := 0; i < len(list); i += 3 {
		s, d := three(i), licenceDraft(fmt.Sprint("L-", i))
		d["name"] = s[0]
		person := d["credentialSubject"].(map[string]any)["person"].(map[string]any)
		person["familyName"], person["givenName"] = s[1], s[2]
		objects = append(objects, d)
	}
	w := newWorld(t, objects...)
	ev, trust := w.evidence(), w.trust(nil)
	for k, raw := range w.creds {
		s := three(3 * k)
		r := verifier.Check(raw, ev, trust, now)
		if r.Verdict != verifier.Valid {
			x, _ := r.Deciding()
			t.Errorf("%+q: %s / %s (%s)", s, r.Verdict, x.Code, x.Fact)
			continue
		}
		person := at(r.Claims, "credentialSubject", "person").(object)
		if got := [3]any{r.Claims["name"], person["familyName"], person["givenName"]}; got != [3]any{s[0], s[1], s[2]} {
			t.Errorf("%+q came back as %+q", s, got)
		}
		if r.Issuer.Label != "Medical Board of Alderfen (X07)" {
			t.Errorf("%+q: label %q", s, r.Issuer.Label)
		}
		printed, err := r.JSON()
		w.must(err)
		// JSON lets the other control characters stand; whoever prints to a terminal
		// escapes them.
		for _, c := range string(printed) {
			if c < 0x20 {
				t.Errorf("%+q: control character %U in the report", s, c)
			}
		}
	}
	if 3*len(w.creds) < len(list) {
		t.Errorf("%d credentials for %d strings", len(w.creds), len(list))
	}
	t.Logf("%d strings in %d credentials, back to the byte", len(list), len(w.creds))
}

// TestNaughtyReports puts each string where a report repeats the document's own words:
// ids, types, list addresses, key names. No report may carry a raw control character.
func TestNaughtyReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	ev, trust := w.evidence(), w.trust(nil)
	verdicts := map[verifier.Verdict]int{}
	for i, s := range naughty(t) {
		for _, bend := range []func(object){
			func(d object) { d["id"] = s },
			func(d object) { d["type"] = append(d["type"].([]any), s) },
			func(d object) { d[s] = s },
			func(d object) { at(d, "issuer").(object)["id"] = s },
			func(d object) { at(d, "credentialStatus", 0).(object)["statusListCredential"] = s },
			func(d object) { at(d, "credentialStatus", 0).(object)["statusListIndex"] = s },
			func(d object) { at(d, "proof", 0).(object)["verificationMethod"] = s },
			func(d object) { at(d, "proof", 0).(object)["proofPurpose"] = s },
			func(d object) { at(d, "proof", 1).(object)["proofValue"] = s },
			func(d object) { d["validUntil"] = s },
		}[i%10 : i%10+1] { // each string in one place, each place often
			r := verifier.Check(bent(t, w.creds[0], bend), ev, trust, now)
			verdicts[r.Verdict]++
			s2, _ := r.Deciding()
			noteCode(s2.Code)
			printed, err := r.JSON()
			if err != nil {
				t.Fatalf("%+q: %v", s, err)
			}
			for _, c := range string(printed) {
				if c < 0x20 {
					t.Errorf("%+q: control character %U in the report", s, c)
				}
			}
			if !json.Valid(printed) {
				t.Errorf("%+q: the report is no JSON", s)
			}
			for _, step := range r.Steps {
				for _, c := range step.Fact {
					if unicode.Is(unicode.Cc, c) && step.Result == verifier.Passed {
						t.Errorf("%+q: %s passed with a control character in its fact", s, step.Name)
					}
				}
			}
		}
	}
	if verdicts[verifier.Valid] != 0 {
		t.Errorf("%d valid", verdicts[verifier.Valid])
	}
	t.Logf("reports: %v", verdicts)
}
