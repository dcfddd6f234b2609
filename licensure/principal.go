package licensure

import (
	"fmt"
	"slices"
	"time"
)

// Ties are what binds a physician to places, as shown to the board that asks.
type Ties struct {
	Residence string // jurisdiction of the primary residence; empty if not shown
	// PracticePerMille is the part of practice in each jurisdiction, in tenths of a
	// percent: 25 % is 250.
	PracticePerMille map[string]int
	Employers        []string // jurisdictions of employers
	TaxResidence     string
}

// A PrincipalAnswer says whether a state may be the state of principal licence, and why.
type PrincipalAnswer struct {
	Jurisdiction string
	Basis        SPLBasis // empty unless Result is Met
	Result       CriterionResult
	Rule         string // CS-1 or CS-2
	Why          string
}

// Principal answers CS-1 and CS-2 for one state. The licence there must be full,
// unrestricted and in force.
func (r CompactRules) Principal(jurisdiction string, held []HeldLicence, ties Ties) PrincipalAnswer {
	a := PrincipalAnswer{Jurisdiction: jurisdiction, Result: NotMet, Rule: "CS-1"}
	if !r.principal(jurisdiction) {
		a.Why = "the state may not act as state of principal licence"
		return a
	}
	if !goodIn(jurisdiction, held) {
		a.Why = "no full, unrestricted licence in force in that state"
		return a
	}
	if basis := r.tie(jurisdiction, ties); basis != "" {
		a.Basis, a.Result = basis, Met
		return a
	}
	if ties.TaxResidence != jurisdiction {
		a.Why = fmt.Sprintf("neither primary residence, nor %d.%d %% of practice, nor employer there",
			r.PracticePerMille/10, r.PracticePerMille%10)
		return a
	}
	a.Rule = "CS-2"
	for _, m := range r.Members {
		if m.Principal && goodIn(m.Jurisdiction, held) && r.tie(m.Jurisdiction, ties) != "" {
			a.Why = "another state qualifies without tax residence: " + m.Jurisdiction
			return a
		}
	}
	a.Basis, a.Result = SPLTax, Met
	return a
}

func goodIn(jurisdiction string, held []HeldLicence) bool {
	return slices.ContainsFunc(held, func(h HeldLicence) bool { return h.Key.Jurisdiction == jurisdiction && h.goodForCompact() })
}

func (r CompactRules) tie(jurisdiction string, ties Ties) SPLBasis {
	switch {
	case ties.Residence == jurisdiction:
		return SPLResidence
	case ties.PracticePerMille[jurisdiction] >= r.PracticePerMille:
		return SPLPractice
	case slices.Contains(ties.Employers, jurisdiction):
		return SPLEmployer
	}
	return ""
}

// A Designation says which licence is the principal one, from when until when.
type Designation struct {
	Licence LicenceKey
	From    time.Time
	Until   time.Time // zero while it lasts
}

// Redesignate ends the designation in force at the moment and begins another, which is
// allowed at any time if the new state qualifies (CS-3). The designations given are not
// changed.
func (r CompactRules) Redesignate(ds []Designation, to LicenceKey, held []HeldLicence, ties Ties, at time.Time) ([]Designation, error) {
	if a := r.Principal(to.Jurisdiction, held, ties); a.Result != Met {
		return nil, refuse("CS-3", "the new state does not qualify (%s): %s", a.Rule, a.Why)
	}
	if !slices.ContainsFunc(held, func(h HeldLicence) bool { return h.Key == to && h.goodForCompact() }) {
		return nil, refuse("CS-3", "the licence named is not a full, unrestricted one in force")
	}
	ds = slices.Clone(ds)
	for i, d := range ds {
		if d.From.After(at) {
			return nil, refuse("CS-3", "a designation begins later, on %s", stamp(d.From))
		}
		if d.Until.IsZero() || d.Until.After(at) {
			ds[i].Until = at
		}
	}
	return append(ds, Designation{Licence: to, From: at}), nil
}

// principalAt returns the licence that was the principal one at a moment.
func principalAt(ds []Designation, at time.Time) (LicenceKey, bool) {
	for _, d := range ds {
		if !at.Before(d.From) && (d.Until.IsZero() || at.Before(d.Until)) {
			return d.Licence, true
		}
	}
	return LicenceKey{}, false
}
