package evidencefile

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// everywhere puts one text wherever a page repeats what a file says.
func everywhere(s string) *view {
	reasons := []licensure.Reason{{Rule: s, Text: s}}
	r := &Result{At: s, DecisionDate: licensure.Date(s), Office: s, Place: s, PolicyID: s, PolicyRevision: s, PolicyDigest: s, Standing: licensure.InForce, ProvisionalUntil: s, SubjectMatch: licensure.SubjectMatch(s)}
	return &view{Result: r, ResultDigest: s, PolicyTitle: s, Obtain: []string{s}, Reasons: reasons,
		Elements:  []licensure.ElementResult{{Element: licensure.Element(s), Result: licensure.Met, VerifiedBy: s, Source: s, Date: licensure.Date(s), Reasons: reasons}},
		Snapshots: []licensure.Snapshot{{URL: s, Digest: s}}, Orders: []orderLine{{s, s, s, s, s}},
		Credentials: []page{{Input: s, Type: s, ID: s, Title: s, Document: s, Source: s, IssuerID: s, Verdict: s, Legal: s, VerifiedAt: s,
			Standing: licensure.CredentialStanding{Standing: licensure.InForce, Reasons: reasons, Obtain: []string{s}, Until: time.Unix(0, 0)},
			Claims:   []claimLine{{s, s}}, Steps: []verifier.Step{{Name: verifier.StepName(s), Fact: s, Word: s, Code: verifier.Code(s)}},
			Anchors: []verifier.AnchorFact{{TxID: s, Test: true}}, Trusting: []string{s}}}}
}

// TestPagesObeyNobody is attack F1: no text of a file becomes an element, an attribute or a
// link of a page, and the PDF holds none of it as anything but text.
func TestPagesObeyNobody(t *testing.T) {
	naughty := []string{"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{.}}", "</td></tr></table>", "<!--", "]]>", "\x00\x1b[2J",
		"\u202eevil", ") Tj ET endstream endobj", "\\) Tj", "岚\U00020bb7", strings.Repeat("Wolthrandenbergimarolenstad", 40)}
	var list []string
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/blns/blns.json"), &list); err != nil {
		t.Fatal(err)
	}
	naughty = append(naughty, list...)
	drawn := func(v *view) [][]byte {
		var out [][]byte
		for _, draw := range []func() ([]byte, error){v.html, v.proves, v.custodian} {
			raw, err := draw()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, raw)
		}
		return out
	}
	plain := drawn(everywhere("x"))
	for _, s := range naughty {
		if s == "" {
			continue // an empty text leaves its line out
		}
		v := everywhere(s)
		for i, raw := range drawn(v) {
			for _, c := range []string{"<", ">", "\""} {
				if want, got := bytes.Count(plain[i], []byte(c)), bytes.Count(raw, []byte(c)); got != want {
					t.Errorf("page %d, %q: %d of %q, want %d", i, s, got, c, want)
				}
			}
		}
		pdf, err := v.pdf()
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if bytes.ContainsAny(pdf, "\x00\x1b") {
			t.Errorf("%q: a control character in the PDF", s)
		}
	}
}
