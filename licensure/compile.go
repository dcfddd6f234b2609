package licensure

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// CompileOptions is what a relying party adds to a trust list.
type CompileOptions struct {
	// Base is the relying party's own trust file without issuers: networks, anchors,
	// checkpoints, contexts, the age of lists (docs/files.md).
	Base []byte
	// Agreements are the SHA-256 of agreements between agents and sources that the
	// relying party can show, hex. An agent without one is no source (TR-1), and what it
	// may issue only as an agent is left out.
	Agreements []string
}

// inForceCodes are the legal statuses that let a physician practise, if with limits.
func inForceCodes() []int {
	var codes []int
	for s := range LegalStatus(len(legalStatuses)) {
		if p := s.Practice(); p == MayPractise || p == LimitedPractice {
			codes = append(codes, int(s))
		}
	}
	return codes
}

// Compile returns a verifier's trust file: the base with the list's issuers. Equal input
// gives equal bytes, and verifier.ParseTrust reads them if it reads the base.
func (l *TrustList) Compile(o CompileOptions) ([]byte, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	file, err := strictjson.ParseObject(o.Base, trustListLimits)
	if err != nil {
		return nil, err
	}
	if _, ok := file["issuers"]; ok {
		return nil, refuse("TR-1", "the base names issuers of its own: they come from the list")
	}
	entries := slices.Clone(l.Entries)
	slices.SortFunc(entries, func(a, b TrustEntry) int { return strings.Compare(a.ID, b.ID) })
	issuers := []compiledIssuer{}
	for _, e := range entries {
		issuers = append(issuers, e.compile(o))
	}
	raw, err := json.Marshal(issuers)
	if err != nil {
		return nil, err
	}
	if file["issuers"], err = strictjson.Parse(raw, trustListLimits); err != nil {
		return nil, err
	}
	out, err := strictjson.Canonical(file)
	if err != nil {
		return nil, err
	}
	if len(file) > 0 && !namesFiles(file) {
		if _, err := verifier.ParseTrust(out, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// namesFiles reports whether the base names files beside it, which only its owner can read.
func namesFiles(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if name != "issuers" && (name == "file" || namesFiles(e)) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, namesFiles)
	}
	return false
}

// A compiledIssuer is an issuer as a trust file writes it.
type compiledIssuer struct {
	ID            string           `json:"id"`
	Label         string           `json:"label"`
	Document      map[string]any   `json:"document,omitempty"`
	Keys          []TrustKey       `json:"keys,omitempty"`
	Addresses     []TrustAddress   `json:"addresses,omitempty"`
	Types         []string         `json:"types,omitempty"`
	Jurisdictions []string         `json:"jurisdictions,omitempty"`
	StatusIssuers []string         `json:"statusIssuers,omitempty"`
	InForce       map[string][]int `json:"inForce,omitempty"`
}

func (e TrustEntry) compile(o CompileOptions) compiledIssuer {
	c := compiledIssuer{ID: e.ID, Label: e.Label, Document: e.Document, Keys: e.Keys, Addresses: e.Addresses,
		Jurisdictions: e.Jurisdictions, StatusIssuers: e.StatusIssuers}
	for _, t := range e.Types {
		if t.Capacity == SourceAgent && !slices.Contains(o.Agreements, t.Agreement) {
			continue
		}
		c.Types = append(c.Types, t.Type)
		if t.Type == TypeLicence {
			c.InForce = map[string][]int{TypeLicence: inForceCodes()}
		}
	}
	slices.Sort(c.Types)
	return c
}
