package licensure

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// PolicyVersion is the version member of a policy file.
const PolicyVersion = 1

// An Element is one thing a policy asks to be verified.
type Element string

// Elements.
const (
	ElementLicence       Element = "licence"
	ElementSubstances    Element = "controlled-substances"
	ElementEducation     Element = "education-and-training"
	ElementCertification Element = "board-certification"
	ElementWorkHistory   Element = "work-history"
	ElementMalpractice   Element = "malpractice-history"
	ElementSanctions     Element = "sanctions"
	ElementDataBank      Element = "data-bank"
	ElementCompetence    Element = "competence"
	ElementPhotoID       Element = "photo-id"
)

var elements = words(ElementLicence, ElementSubstances, ElementEducation, ElementCertification, ElementWorkHistory,
	ElementMalpractice, ElementSanctions, ElementDataBank, ElementCompetence, ElementPhotoID)

// A Policy is what somebody who relies on credentials asks for: numbers that accreditors
// change live here and not in code. It is a file; its digest stands in every result.
type Policy struct {
	Version  int    `json:"version"`
	ID       string `json:"id"`
	Revision string `json:"revision"`
	Title    string `json:"title"`
	// MaxAgeDays is the greatest age of the verification of a dynamic fact on the day of
	// the decision; 0 means that MaxAgeAt says when it is asked for, in words.
	MaxAgeDays int    `json:"maxAgeDays,omitempty"`
	MaxAgeAt   string `json:"maxAgeAt,omitempty"`
	// Earlier are the ages allowed for decisions before a day, latest day first.
	Earlier []EarlierAge `json:"earlier,omitempty"`
	// MonitoringDays is how often sanctions, exclusions and ends are looked at.
	MonitoringDays      int `json:"monitoringDays,omitempty"`
	RecredentialMonths  int `json:"recredentialMonths,omitempty"`
	WorkHistoryYears    int `json:"workHistoryYears,omitempty"`
	WorkGapMonths       int `json:"workGapMonths,omitempty"` // longer gaps are to be explained
	DataBankEveryMonths int `json:"dataBankEveryMonths,omitempty"`
	// Elements are asked for, in this order.
	Elements []PolicyElement `json:"elements"`
	// Disaster makes the policy one for an emergency.
	Disaster *DisasterRules `json:"disaster,omitempty"`
	// Statements says whether another verifier's statement (T15) may be relied on.
	Statements *StatementRules `json:"statements,omitempty"`
}

// EarlierAge is the age allowed for decisions before a day.
type EarlierAge struct {
	Before     Date `json:"before"`
	MaxAgeDays int  `json:"maxAgeDays"`
}

// A PolicyElement is one element. Without one that is required nothing is in force.
type PolicyElement struct {
	Element  Element `json:"element"`
	Required bool    `json:"required"`
}

// DisasterRules are those of an emergency (PV-9).
type DisasterRules struct {
	Hours         int `json:"hours"`         // from arrival until a source must have answered
	StatusMaxDays int `json:"statusMaxDays"` // greatest age of a status list on arrival
}

// StatementRules say whose statements count: made under one of these policies, by digest.
type StatementRules struct {
	MaxAgeDays int      `json:"maxAgeDays"`
	Policies   []string `json:"policies"`
}

//go:embed policies/*.json
var policyFiles embed.FS

// Policies returns the ids of the policies that come with the library. They are starting
// points, to be confirmed with their source: accreditors change numbers.
func Policies() []string {
	entries, err := policyFiles.ReadDir("policies")
	if err != nil {
		panic(err) // embedded
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, strings.TrimSuffix(e.Name(), ".json"))
	}
	return ids
}

// BuiltinPolicy returns the file of one of [Policies].
func BuiltinPolicy(id string) ([]byte, bool) {
	raw, err := policyFiles.ReadFile("policies/" + id + ".json")
	return raw, err == nil
}

// ParsePolicy reads a policy file. A parameter that nobody knows is an error: a policy that
// asks for what is not checked must not seem to be met.
func ParsePolicy(data []byte) (*Policy, error) {
	var p Policy
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: 1 << 20}, &p); err != nil {
		return nil, fmt.Errorf("licensure: policy: %w", err)
	}
	return &p, p.validate()
}

func (p *Policy) validate() error {
	switch {
	case p.Version != PolicyVersion:
		return refuse("PV-3", "policy version %d; this program reads version %d", p.Version, PolicyVersion)
	case p.ID == "" || p.Revision == "" || p.Title == "" || len(p.Elements) == 0:
		return refuse("PV-3", "a policy has id, revision, title and elements")
	case p.MaxAgeDays < 0 || p.MonitoringDays < 0 || p.RecredentialMonths < 0 || p.WorkHistoryYears < 0 || p.WorkGapMonths < 0 || p.DataBankEveryMonths < 0:
		return refuse("PV-3", "a number of the policy is negative")
	case (p.MaxAgeDays == 0) == (p.MaxAgeAt == ""):
		return refuse("PV-2", "one of maxAgeDays and maxAgeAt")
	case p.Disaster != nil && (p.Disaster.Hours < 1 || p.Disaster.StatusMaxDays < 1):
		return refuse("PV-9", "hours and statusMaxDays are at least 1")
	case p.Disaster == nil && p.MaxAgeDays == 0 && p.MaxAgeAt != "decision":
		return refuse("PV-2", `maxAgeAt is "decision", or "arrival" in an emergency`)
	}
	seen := map[Element]bool{}
	for _, e := range p.Elements {
		if !slices.Contains(elements, string(e.Element)) || seen[e.Element] {
			return refuse("PV-8", "each element is a known one and stands once (%q)", e.Element)
		}
		seen[e.Element] = true
	}
	if !slices.ContainsFunc(p.Elements, func(e PolicyElement) bool { return e.Required }) {
		return refuse("PV-8", "a policy requires something")
	}
	if seen[ElementWorkHistory] && (p.WorkHistoryYears == 0 || p.WorkGapMonths == 0) {
		return refuse("PV-11", "work history needs its years and the gap that is to be explained")
	}
	if seen[ElementDataBank] && p.DataBankEveryMonths == 0 {
		return refuse("PV-7", "the data bank needs how often it is asked")
	}
	for i, e := range p.Earlier {
		if _, ok := parseCivil(string(e.Before)); !ok || e.MaxAgeDays < 1 || i > 0 && e.Before >= p.Earlier[i-1].Before {
			return refuse("PV-2", "earlier ages have a day and a number, latest day first")
		}
	}
	if s := p.Statements; s != nil {
		if s.MaxAgeDays < 1 || slices.ContainsFunc(s.Policies, func(d string) bool { return !sha256Hex.MatchString(d) }) {
			return refuse("PV-3", "statements count by the digest of their policy and to an age")
		}
	}
	return nil
}

// Digest is the SHA-256 of the policy in the form of RFC 8785, hex.
func (p *Policy) Digest() string {
	text, err := canonicalJSON(p)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// maxAge returns the greatest age on a day of decision, in days. Where the policy says
// "decision" the status must be of that very day.
func (p *Policy) maxAge(decision Date) int {
	age := p.MaxAgeDays
	for _, e := range p.Earlier {
		if decision < e.Before {
			age = e.MaxAgeDays
		}
	}
	return age
}
