package licensure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// TrustListVersion is the version member of a trust list.
const TrustListVersion = 1

// trustListLimits bounds a trust list: 70 boards, a few hundred schools and programmes in
// full would be larger, and come as lists of their own.
var trustListLimits = strictjson.Limits{Bytes: 32 << 20, Members: 1_000_000}

// A TrustList says who may issue what, and where (T18, TR-1). It is a file of its own,
// carried and renewed as [TrustUpdate] says, and becomes part of a verifier's trust file by
// [TrustList.Compile].
type TrustList struct {
	Version int          `json:"version"`
	Name    string       `json:"name"`
	Entries []TrustEntry `json:"entries"`
}

// A TrustEntry is one issuer. It may issue each of its types in each of its jurisdictions.
type TrustEntry struct {
	ID           string   `json:"id"`
	Label        string   `json:"label"`
	FormerLabels []string `json:"formerLabels,omitempty"`
	// Jurisdictions it may speak for; "*" stands for all, and then alone.
	Jurisdictions []string       `json:"jurisdictions"`
	Types         []TrustType    `json:"types"`
	Document      map[string]any `json:"document,omitempty"` // profile or DID document, pinned
	Keys          []TrustKey     `json:"keys,omitempty"`
	Addresses     []TrustAddress `json:"addresses,omitempty"`
	StatusIssuers []string       `json:"statusIssuers,omitempty"`
}

// A TrustType is a type an issuer may issue, and in which capacity.
type TrustType struct {
	Type     string   `json:"type"`
	Capacity Capacity `json:"capacity"`
	// Agreement is the SHA-256 of the evidence that the source agreed, hex; for an agent.
	Agreement string `json:"agreement,omitempty"`
}

// A Window bounds when a key or an address counts; nil is not stated.
type Window struct {
	From         *time.Time `json:"from,omitempty"`
	Until        *time.Time `json:"until,omitempty"`        // the first instant after
	InvalidSince *time.Time `json:"invalidSince,omitempty"` // it may have been in other hands from then on
}

// A TrustKey is a key of an issuer.
type TrustKey struct {
	ID                 string `json:"id"`
	PublicKeyMultibase string `json:"publicKeyMultibase,omitempty"`
	Window
}

// A TrustAddress is a Bitcoin address from which an issuer, or a federation for it, anchors.
type TrustAddress struct {
	Address string `json:"address"`
	Window
}

// anyPlace stands for every jurisdiction.
const anyPlace = "*"

// ParseTrustList reads a trust list and refuses one that contradicts itself.
func ParseTrustList(data []byte) (*TrustList, error) {
	var l TrustList
	if err := strictjson.Unmarshal(data, trustListLimits, &l); err != nil {
		return nil, fmt.Errorf("licensure: trust list: %w", err)
	}
	return &l, l.Validate()
}

// Bytes returns the list in the form of RFC 8785, entries by id: equal lists, equal bytes.
func (l *TrustList) Bytes() ([]byte, error) {
	sorted := *l
	sorted.Entries = slices.Clone(l.Entries)
	slices.SortFunc(sorted.Entries, func(a, b TrustEntry) int { return strings.Compare(a.ID, b.ID) })
	return canonicalJSON(sorted)
}

func canonicalJSON(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	doc, err := strictjson.Parse(raw, trustListLimits)
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(doc)
}

// Validate returns nil, or a [*RuleError] with what is wrong first.
func (l *TrustList) Validate() error {
	if l.Version != TrustListVersion {
		return refuse("TR-1", "version %d; this program reads version %d", l.Version, TrustListVersion)
	}
	seen := map[string]bool{}
	for _, e := range l.Entries {
		if !absoluteIRI(e.ID) || e.Label == "" || seen[e.ID] {
			return refuse("TR-1", "each entry has an absolute id that stands once, and a label (%s)", e.ID)
		}
		seen[e.ID] = true
		if err := e.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (e TrustEntry) validate() error {
	if len(e.Types) == 0 || len(e.Jurisdictions) == 0 || slices.Contains(e.Jurisdictions, anyPlace) && len(e.Jurisdictions) > 1 {
		return refuse("TR-1", `%s: types and jurisdictions are stated, "*" alone if for all`, e.ID)
	}
	types := map[string]bool{}
	for _, t := range e.Types {
		switch {
		case !slices.Contains(typeNames, t.Type) || types[t.Type]:
			return refuse("TR-1", "%s: each type is one of ours and stands once (%s)", e.ID, t.Type)
		case !slices.Contains(capacities, string(t.Capacity)):
			return refuse("TR-1", "%s: no capacity %q", e.ID, t.Capacity)
		case t.Capacity == SourceAgent && !sha256Hex.MatchString(t.Agreement):
			return refuse("TR-1", "%s: an agent's agreement is named by its SHA-256", e.ID)
		}
		types[t.Type] = true
	}
	computed, err := did.Resolve(e.ID)
	if len(e.Keys) == 0 && e.Document == nil && (err != nil || computed == nil) {
		return refuse("TR-1", "%s: neither keys nor a document", e.ID)
	}
	for _, k := range e.Keys {
		if k.ID == "" || !k.ordered() {
			return refuse("TR-3", "%s: a key has an id and a window that ends after it begins", e.ID)
		}
		if k.PublicKeyMultibase == "" {
			continue
		}
		if _, err := did.ParseMultikey(k.PublicKeyMultibase); err != nil {
			return refuse("TR-1", "%s: key %s: %v", e.ID, k.ID, err)
		}
	}
	for _, a := range e.Addresses {
		if a.Address == "" || !a.ordered() {
			return refuse("TR-3", "%s: an address has a window that ends after it begins", e.ID)
		}
	}
	return nil
}

func (w Window) ordered() bool { return w.From == nil || w.Until == nil || w.Until.After(*w.From) }

func (w Window) holds(at time.Time) bool {
	return (w.From == nil || !at.Before(*w.From)) && (w.Until == nil || at.Before(*w.Until)) && (w.InvalidSince == nil || at.Before(*w.InvalidSince))
}

// Entry returns the entry of an issuer.
func (l *TrustList) Entry(id string) (TrustEntry, bool) {
	i := slices.IndexFunc(l.Entries, func(e TrustEntry) bool { return e.ID == id })
	if i < 0 {
		return TrustEntry{}, false
	}
	return l.Entries[i], true
}

// Authorised asks whether an issuer may issue a type in a place, whatever key it signs with.
// An issuer that is not on the list is unknown (TR-5), which is no forgery; one that is, and
// oversteps, is refused (TR-2).
func (l *TrustList) Authorised(issuer, credentialType, place string) error {
	e, ok := l.Entry(issuer)
	if !ok {
		return refuse("TR-5", "issuer-unknown: %s is not on the list", issuer)
	}
	if !slices.ContainsFunc(e.Types, func(t TrustType) bool { return t.Type == credentialType }) {
		return refuse("TR-2", "issuer-not-authorised-for-type-or-place: %s may not issue %s", e.Label, credentialType)
	}
	if !slices.Contains(e.Jurisdictions, anyPlace) && !slices.Contains(e.Jurisdictions, place) {
		return refuse("TR-2", "issuer-not-authorised-for-type-or-place: %s may not speak for %s", e.Label, place)
	}
	return nil
}

// KeyCounts asks whether a key of an issuer counts at a moment (TR-3). A verifier asks the
// same of the moment that an anchor proves, where there is one.
func (l *TrustList) KeyCounts(issuer, key string, at time.Time) error {
	e, ok := l.Entry(issuer)
	if !ok {
		return refuse("TR-5", "issuer-unknown: %s is not on the list", issuer)
	}
	i := slices.IndexFunc(e.Keys, func(k TrustKey) bool { return k.ID == key })
	switch {
	case i < 0:
		return refuse("TR-3", "the list states no key %s of %s", key, e.Label)
	case !e.Keys[i].holds(at):
		return refuse("TR-3", "the key counts from %s until %s", open(e.Keys[i].From), open(e.Keys[i].Until))
	}
	return nil
}

func open(t *time.Time) string {
	if t == nil {
		return "…"
	}
	return stamp(*t)
}

// Delegate returns the entry of whom a verified delegation (T17) names. It gives no more than
// its issuer has, in type, place and time, and is never passed on. The delegate's key is its
// DID (did:key, did:jwk); one with an entry of its own is changed by the list's quorum only.
func (l *TrustList) Delegate(f Fact) (TrustEntry, error) {
	if f.Type != TypeDelegation || !f.InForce || f.Attested {
		return TrustEntry{}, refuse("T17", "a verified delegation in force is asked for")
	}
	delegate := f.subject.text("id")
	if _, known := l.Entry(delegate); known {
		return TrustEntry{}, refuse("T17", "the delegate has an entry of its own")
	}
	document, err := did.Resolve(delegate)
	if err != nil || document == nil || len(document.Keys) == 0 {
		return TrustEntry{}, refuse("T17", "the delegate's key is its DID")
	}
	e := TrustEntry{ID: delegate, Label: "delegate of " + f.Issuer, Jurisdictions: f.subject.texts("jurisdiction")}
	for _, t := range f.subject.texts("delegatedTypes") {
		for _, place := range e.Jurisdictions {
			if err := l.Authorised(f.Issuer, t, place); err != nil {
				return TrustEntry{}, err
			}
		}
		if t == TypeDelegation {
			return TrustEntry{}, refuse("T17", "a delegation is not passed on")
		}
		e.Types = append(e.Types, TrustType{Type: t, Capacity: Capacity(f.subject.text("capacity")), Agreement: f.subject.text("agreementDigest")})
	}
	from, _ := instantIn(f.claims, "validFrom")
	until, ok := instantIn(f.claims, "validUntil")
	if !ok {
		return TrustEntry{}, refuse("T17", "a delegation has an end")
	}
	for _, k := range document.Keys {
		e.Keys = append(e.Keys, TrustKey{ID: k.ID, Window: Window{From: &from, Until: &until}})
	}
	return e, e.validate()
}
