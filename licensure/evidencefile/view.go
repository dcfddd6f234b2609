package evidencefile

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// A view is what the pages show. It holds what was verified, and of a document nothing that
// was not hashed.
type view struct {
	*Result
	ResultDigest string
	PolicyTitle  string
	Redacted     bool
	Elements     []licensure.ElementResult
	Obtain       []string
	Reasons      []licensure.Reason
	Credentials  []page
	Orders       []orderLine
	Snapshots    []licensure.Snapshot
	Signed       bool
}

// A page is one credential.
type page struct {
	Input      string
	Type, ID   string
	Title      string
	Document   string // SHA-256
	Source     string
	IssuerID   string
	Verdict    string
	Standing   licensure.CredentialStanding
	Legal      string
	VerifiedAt string
	Claims     []claimLine
	Steps      []verifier.Step
	Anchors    []verifier.AnchorFact
	Trusting   []string
}

// A claimLine is one claim, by its place.
type claimLine struct{ Name, Value string }

type orderLine struct {
	Input, ID, Document, Verdict, Why string
}

func (j *judged) view(head *Result, redacted bool) *view {
	v := &view{Result: head, PolicyTitle: j.policy.Title, Redacted: redacted, Snapshots: j.snapshots()}
	if !redacted {
		v.Elements, v.Obtain, v.Reasons = j.decision.Elements, j.decision.Obtain, j.decision.Reasons
	}
	for _, f := range j.credentials {
		for i, item := range f.items {
			v.Credentials = append(v.Credentials, pageOf(f.member, item.Report, f.stands[i]))
		}
	}
	for _, o := range j.orders {
		v.Orders = append(v.Orders, orderLine{o.member, o.report.ID, o.report.Document, o.report.Verdict.String(), o.why})
	}
	return v
}

func pageOf(input string, r *verifier.Report, s licensure.CredentialStanding) page {
	p := page{Input: input, Type: s.Type, ID: r.ID, Document: r.Document, Source: s.Source, IssuerID: r.Issuer.ID, Verdict: r.Verdict.String(),
		Standing: s, Steps: r.Steps, Anchors: r.Anchors, Trusting: r.Trusting, VerifiedAt: "not a fact that changes"}
	if p.Type == "" {
		p.Type = strings.Join(r.Types, ", ")
	}
	if !s.VerifiedAt.IsZero() {
		p.VerifiedAt = s.VerifiedAt.Format(time.RFC3339)
	}
	if s.Legal != nil {
		p.Legal = s.Legal.String()
	}
	p.Title, _ = r.Claims["name"].(string)
	p.Claims = claimLines(r.Claims)
	for i, l := range p.Claims {
		if l.Name == "legalStatus" {
			p.Claims[i].Name = "legalStatus, as of issue" // it decides nothing later (VD-3)
		}
	}
	return p
}

// notShown are members that say nothing about a person; the salt is a secret.
var notShown = map[string]bool{"@context": true, "salt": true, "type": true, "id": true, "name": true, "credentialStatus": true, "credentialSchema": true, "proof": true}

// claimLines lays the claims out flat, in the order of their names.
func claimLines(claims map[string]any) []claimLine {
	var out []claimLine
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if !notShown[name] {
			out = appendClaims(out, strings.TrimPrefix(name, "credentialSubject"), claims[name])
		}
	}
	return out
}

func appendClaims(out []claimLine, name string, v any) []claimLine {
	switch x := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			out = appendClaims(out, strings.TrimPrefix(name+"."+k, "."), x[k])
		}
	case []any:
		for i, e := range x {
			out = appendClaims(out, fmt.Sprintf("%s[%d]", name, i+1), e)
		}
	case string:
		out = append(out, claimLine{name, x})
	case json.Number:
		out = append(out, claimLine{name, x.String()})
	case bool:
		out = append(out, claimLine{name, map[bool]string{true: "yes", false: "no"}[x]})
	}
	return out
}

// standingWords say a standing to a person.
var standingWords = map[licensure.StandingValue]string{
	licensure.InForce:           "IN FORCE",
	licensure.InForceWithLimits: "IN FORCE, WITH LIMITS",
	licensure.ProvisionalUntil:  "PROVISIONAL",
	licensure.Stale:             "STALE: authentic, and the status is older than the policy allows",
	licensure.NotInForce:        "NOT IN FORCE",
	licensure.UndeterminedStand: "UNDETERMINED: something is missing",
	licensure.ForgedOrAltered:   "FORGED OR ALTERED",
}

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("pages").Funcs(template.FuncMap{
	"standing": func(s licensure.StandingValue) string { return standingWords[s] },
	"passed":   func(s verifier.Step) bool { return s.Result == verifier.Passed },
}).Parse(pagesText))

func (v *view) draw(name string) ([]byte, error) {
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, name, v)
	return b.Bytes(), err
}

func (v *view) html() ([]byte, error)      { return v.draw("summary") }
func (v *view) proves() ([]byte, error)    { return v.draw("proves") }
func (v *view) custodian() ([]byte, error) { return v.draw("custodian") }
