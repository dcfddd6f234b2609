package evidencefile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// ResultVersion is the version member of result.json.
const ResultVersion = 1

// Names of what is made.
const (
	nameResult    = "result.json"
	nameElements  = "result/elements.json"
	nameStatement = "statement.json"
	nameRedacted  = "redacted.json"
	nameFHIR      = "fhir.json"
	nameHTML      = "summary.html"
	namePDF       = "summary.pdf"
	nameProves    = "proves.html"
	nameCustodian = "certification.html"
	dirResult     = "result/"
)

// A Result is the head of result.json: the answer for the whole set, and all that it rests
// on by digest.
type Result struct {
	Version          int                     `json:"version"`
	At               string                  `json:"at"`
	DecisionDate     licensure.Date          `json:"decisionDate"`
	Office           string                  `json:"office,omitempty"`
	Place            string                  `json:"place,omitempty"`
	PolicyID         string                  `json:"policyId"`
	PolicyRevision   string                  `json:"policyRevision"`
	PolicyDigest     string                  `json:"policyDigest"`
	Standing         licensure.StandingValue `json:"standing"`
	ProvisionalUntil string                  `json:"provisionalUntil,omitempty"`
	SubjectMatch     licensure.SubjectMatch  `json:"subjectMatch"`
	Members          []Member                `json:"members"`
}

// A Member is one file of the container. The statement, the custodian's page and the result
// itself are not listed: they are made from it.
type Member struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// member returns the entry of that name, or nil.
func (r *Result) member(name string) *Member {
	i := slices.IndexFunc(r.Members, func(m Member) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Members[i]
}

func readResult(raw []byte) (*Result, error) {
	var r Result
	if err := strictjson.Unmarshal(raw, limits, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", nameResult, err)
	}
	if r.Version != ResultVersion {
		return nil, fmt.Errorf("%s: version %d; this program reads version %d", nameResult, r.Version, ResultVersion)
	}
	return &r, nil
}

// head is the answer for the whole set.
func (j *judged) head() *Result {
	d := j.decision
	r := &Result{Version: ResultVersion, At: j.given.At, DecisionDate: j.given.DecisionDate, Office: j.given.Office, Place: j.given.Place,
		PolicyID: d.PolicyID, PolicyRevision: d.PolicyRevision, PolicyDigest: d.PolicyDigest, Standing: d.Standing, SubjectMatch: d.Match}
	if !d.Until.IsZero() {
		r.ProvisionalUntil = d.Until.UTC().Format("2006-01-02T15:04:05Z")
	}
	return r
}

// partOf is the member of result/ that speaks of a credential or order.
func partOf(input string) string {
	name := strings.TrimPrefix(input, "inputs/")
	name = strings.Replace(name, "credentials/", "credential-", 1)
	return dirResult + strings.Replace(name, "orders/", "order-", 1)
}

// parts writes the answer in parts: what is said of one credential stands in one member, so
// that a copy can leave it out.
func (j *judged) parts() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, f := range j.credentials {
		report, err := reportOf(f.report)
		if err != nil {
			return nil, err
		}
		var standings []any
		for _, s := range f.stands {
			standings = append(standings, s.Members())
		}
		out[partOf(f.member)], err = strictjson.Canonical(map[string]any{"input": f.member, "report": report, "standings": standings})
		if err != nil {
			return nil, err
		}
	}
	for _, o := range j.orders {
		report, err := reportOf(o.report)
		if err != nil {
			return nil, err
		}
		m := map[string]any{"input": o.member, "report": report, "counted": o.why == ""}
		if o.why != "" {
			m["why"] = o.why
		}
		if out[partOf(o.member)], err = strictjson.Canonical(m); err != nil {
			return nil, err
		}
	}
	elements := []any{}
	for _, e := range j.decision.Elements {
		elements = append(elements, e.Members())
	}
	reasons, obtain := []any{}, []any{}
	for _, r := range j.decision.Reasons {
		reasons = append(reasons, map[string]any{"rule": r.Rule, "text": r.Text})
	}
	for _, o := range j.decision.Obtain {
		obtain = append(obtain, o)
	}
	var err error
	out[nameElements], err = strictjson.Canonical(map[string]any{"elements": elements, "obtain": obtain, "reasons": reasons})
	return out, err
}

// reportOf is a report without the claims: they stand in the credential.
func reportOf(r *verifier.Report) (any, error) {
	return plainOf(withoutClaims(r))
}

func withoutClaims(r *verifier.Report) *verifier.Report {
	bare := *r
	bare.Claims, bare.Credentials = nil, nil
	for _, inner := range r.Credentials {
		bare.Credentials = append(bare.Credentials, withoutClaims(inner))
	}
	return &bare
}
