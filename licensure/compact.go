package licensure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// RulesetID names the rules of the compact as this package reads them.
const RulesetID = "certanchor-compact"

// rulesetRevision changes with the meaning of any rule here.
const rulesetRevision = "1"

// A Scope says which licences the cascade reaches (CD-7).
type Scope string

// Scopes. The compact's text says all licences; some boards read it as those it issued.
const (
	AllMemberLicences Scope = "all-member-licences"
	CompactIssuedOnly Scope = "compact-issued-only"
)

// A Member is a place in the compact.
type Member struct {
	Jurisdiction string `json:"jurisdiction"`
	Principal    bool   `json:"principal"` // may act as state of principal licence
}

// CompactRules are the compact's rules with the details that are to be confirmed with their
// source before anyone relies on them. Start from [DefaultCompactRules] and set Members and
// Jurisdictions. A CompactRules is a value: the same rules give the same answers and the same
// digest everywhere.
type CompactRules struct {
	Members []Member `json:"members"`
	// Jurisdictions are all places that a history of board actions must cover (CE-7).
	Jurisdictions []string `json:"jurisdictions"`
	// MostAttempts at each component of an examination (CE-2).
	MostAttempts int `json:"mostAttempts"`
	// Components that must be passed, by examination programme (CE-2). A programme without
	// components is not accepted.
	Components map[ExamProgram][]string `json:"components"`
	// PracticePerMille is the least part of practice that makes a principal state (CS-1).
	PracticePerMille int `json:"practicePerMille"`
	// LetterLastDay counts the 365th day after issue as a day of the letter (CL-1).
	LetterLastDay bool `json:"letterLastDay"`
	// ApplicationDays is how long an applicant has for fingerprints and requests (CL-5).
	ApplicationDays int `json:"applicationDays"`
	// SuspensionDays is how long an automatic suspension lasts (CD-4).
	SuspensionDays int   `json:"suspensionDays"`
	Scope          Scope `json:"scope"`
}

// DefaultCompactRules returns the rules as the domain design states them, without places.
func DefaultCompactRules() CompactRules {
	return CompactRules{
		MostAttempts: 3,
		Components: map[ExamProgram][]string{
			USMLE:  {Step1, Step2CK, Step3},
			COMLEX: {"Level1", "Level2CE", "Level3"},
			NBME:   {"Part1", "Part2", "Part3"},
			NBOME:  {"Part1", "Part2", "Part3"},
			FLEX:   {"Component1", "Component2"},
		},
		PracticePerMille: 250, LetterLastDay: true, ApplicationDays: 60, SuspensionDays: 90, Scope: AllMemberLicences,
	}
}

// Validate refuses rules that cannot be meant.
func (r CompactRules) Validate() error {
	switch {
	case len(r.Members) == 0 || len(r.Jurisdictions) == 0:
		return refuse("CE-0", "the rules name no members or no jurisdictions")
	case r.MostAttempts < 1 || r.PracticePerMille < 1 || r.PracticePerMille > 1000 || r.ApplicationDays < 1 || r.SuspensionDays < 1:
		return refuse("CE-0", "a number of the rules is out of range")
	case r.Scope != AllMemberLicences && r.Scope != CompactIssuedOnly:
		return refuse("CD-7", "the scope is %s or %s", AllMemberLicences, CompactIssuedOnly)
	case len(r.Components) == 0:
		return refuse("CE-2", "the rules accept no examination")
	}
	seen := map[string]bool{}
	for _, m := range r.Members {
		if seen[m.Jurisdiction] || !slices.Contains(r.Jurisdictions, m.Jurisdiction) {
			return refuse("CE-0", "each member stands once, and among the jurisdictions")
		}
		seen[m.Jurisdiction] = true
	}
	return nil
}

// Version is the version of the rules as a letter names it.
func (r CompactRules) Version() string { return rulesetRevision }

// Digest is the SHA-256 of the rules' revision and parameters, hex. The order in which
// places stand decides nothing.
func (r CompactRules) Digest() string {
	r.Members, r.Jurisdictions = slices.Clone(r.Members), slices.Clone(r.Jurisdictions)
	slices.SortFunc(r.Members, func(a, b Member) int { return strings.Compare(a.Jurisdiction, b.Jurisdiction) })
	slices.Sort(r.Jurisdictions)
	raw, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain data
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		panic(err)
	}
	text, err := strictjson.Canonical(map[string]any{"ruleset": RulesetID, "revision": rulesetRevision, "parameters": v})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (r CompactRules) member(jurisdiction string) bool {
	return slices.ContainsFunc(r.Members, func(m Member) bool { return m.Jurisdiction == jurisdiction })
}

func (r CompactRules) principal(jurisdiction string) bool {
	return slices.ContainsFunc(r.Members, func(m Member) bool { return m.Jurisdiction == jurisdiction && m.Principal })
}

func days(n int) string { return strconv.Itoa(n) + " days" }
