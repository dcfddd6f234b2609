package licensure_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// TestTransfer: a board licenses somebody on five papers that others issued; none is asked
// for again, and each stands in the licence by source and digest.
func TestTransfer(t *testing.T) {
	digests := 0
	paper := func(d drafter, verdict verifier.Verdict) licensure.Paper {
		f := fact(t, d, verdict)
		digests++
		f.Digest = strings.Repeat("0", 63) + string(rune('0'+digests%10))
		return licensure.Paper{Fact: f, Source: "Source of " + f.Type}
	}
	elsewhere := goodLicence()
	elsewhere.Jurisdiction = "X09"
	papers := []licensure.Paper{paper(aDegree(licensure.LCME), valid0), paper(anExam(true, passes(1, 1, 1)), valid0), paper(aTraining(nil), valid0),
		paper(aCertification(nil), valid0), paper(elsewhere, valid0)}
	draft, err := goodLicence().Draft()
	must(t, err)
	at := judgedAt.Add(24 * time.Hour)
	got, err := licensure.Transfer(draft, papers, at)
	must(t, err)
	must(t, licensure.CheckDraft(got))
	evidence := got["evidence"].([]any)
	if len(evidence) != 5 {
		t.Fatalf("%d pieces of evidence", len(evidence))
	}
	seen := map[string]bool{}
	for _, e := range evidence {
		m := e.(map[string]any)
		seen[m["documentDigest"].(string)] = true
		source, when := m["source"].(string), m["verifiedAt"].(string)
		dynamic := strings.HasSuffix(source, licensure.TypeLicence) || strings.HasSuffix(source, licensure.TypeSpecialtyCertification)
		if want := map[bool]time.Time{true: validFrom, false: at}[dynamic]; !instant(when).Equal(want) {
			t.Errorf("%s verified at %s, want %s", source, when, want)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d papers are named", len(seen))
	}
	before, err := json.Marshal(draft)
	must(t, err)
	if again, _ := goodLicence().Draft(); true {
		raw, err := json.Marshal(again)
		must(t, err)
		if string(raw) != string(before) {
			t.Error("the draft was changed")
		}
	}

	own := paper(aDegree(licensure.LCME), valid0)
	own.Attested = true
	other := aDegree(licensure.LCME)
	other.Holder = "did:key:z6MkoBStjcQXLmJcksmBrC2MtuEPqh1soiMXwqyv2MQ7Pbuh"
	for what, bad := range map[string][]licensure.Paper{
		"no papers":                     nil,
		"self-stated":                   {own},
		"taken back":                    {paper(aDegree(licensure.LCME), verifier.NotInForce)},
		"of this place":                 {paper(goodLicence(), valid0)},
		"another's":                     {paper(other, valid0)},
		"the same twice":                {papers[0], papers[0]},
		"good ones and one that is not": append([]licensure.Paper{own}, papers...),
	} {
		if _, err := licensure.Transfer(draft, bad, at); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	degree, err := aDegree(licensure.LCME).Draft()
	must(t, err)
	if _, err := licensure.Transfer(degree, papers, at); err == nil {
		t.Error("a degree rests on papers")
	}
}
