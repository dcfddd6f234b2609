package verifier

import (
	"fmt"
	"slices"
)

// Verdict is the overall answer. It is Indeterminate until every required step has
// passed. Its zero value is Indeterminate, so a forgotten report accepts nobody.
type Verdict int

// The verdicts.
const (
	Indeterminate Verdict = iota // evidence is missing: ask again
	Valid
	NotInForce // the document, or an authenticated list, says so
	Invalid    // evidence speaks against it
)

var verdictNames = [...]string{"indeterminate", "valid", "not-in-force", "invalid"}

// String returns the name used in reports.
func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdictNames) {
		return verdictNames[Indeterminate]
	}
	return verdictNames[v]
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := slices.Index(verdictNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("verifier: no verdict %q", text)
	}
	*v = Verdict(i)
	return nil
}

// A Group is what a step asks about, and so what its failure means.
type Group string

// The groups.
const (
	Integrity Group = "integrity"
	IssuerOf  Group = "issuer"
	Standing  Group = "standing"
	Freshness Group = "freshness"
)

// A Result is how one step ended. The zero value, "", counts as Unavailable.
type Result string

// The results.
const (
	Passed      Result = "passed"
	Failed      Result = "failed"
	Unavailable Result = "unavailable"  // could not be judged with what was there
	Unsupported Result = "unsupported"  // nothing here can judge it
	NotRequired Result = "not-required" // neither document nor trust asks for it
)

// A StepName names a step. Every report has each of them at least once.
type StepName string

// The steps in the order of a report.
const (
	StepFormat           StepName = "format"
	StepCanonical        StepName = "canonical-form"
	StepRequest          StepName = "request"
	StepSchema           StepName = "schema"
	StepResources        StepName = "resources"
	StepSignature        StepName = "signature"
	StepPath             StepName = "merkle-path"
	StepTransaction      StepName = "anchor-transaction"
	StepIssuingSignature StepName = "issuing-signature"
	StepBlock            StepName = "block"
	StepChain            StepName = "chain"
	StepTrusted          StepName = "issuer-trusted"
	StepAuthorised       StepName = "issuer-authorised"
	StepKey              StepName = "issuer-key"
	StepAddress          StepName = "issuing-address"
	StepValidity         StepName = "validity"
	StepRevocation       StepName = "revocation"
	StepLegalStatus      StepName = "legal-status"
	StepStatusAge        StepName = "status-age"
	StepNetwork          StepName = "network"
	StepConfirmations    StepName = "confirmations"
	StepStrength         StepName = "chain-fact"
)

// steps is the fixed list: which there are, in which order, in which group.
var steps = []struct {
	name  StepName
	group Group
}{
	{StepFormat, Integrity},
	{StepCanonical, Integrity},
	{StepRequest, Integrity},
	{StepSchema, Integrity},
	{StepResources, Integrity},
	{StepSignature, Integrity},
	{StepPath, Integrity},
	{StepTransaction, Integrity},
	{StepIssuingSignature, Integrity},
	{StepBlock, Integrity},
	{StepChain, Integrity},
	{StepTrusted, IssuerOf},
	{StepAuthorised, IssuerOf},
	{StepKey, IssuerOf},
	{StepAddress, IssuerOf},
	{StepValidity, Standing},
	{StepRevocation, Standing},
	{StepLegalStatus, Standing},
	{StepStatusAge, Freshness},
	{StepNetwork, Freshness},
	{StepConfirmations, Freshness},
	{StepStrength, Freshness},
}

func groupOf(name StepName) Group {
	for _, s := range steps {
		if s.name == name {
			return s.group
		}
	}
	panic("verifier: no step " + string(name))
}

// overall applies the precedence of the package comment to steps, which must hold
// every step name at least once; one that is missing counts as unavailable.
func overall(list []Step) Verdict {
	seen := make(map[StepName]bool)
	invalid, notInForce, open := false, false, false
	for _, s := range list {
		seen[s.Name] = true
		switch s.Result {
		case Passed, NotRequired:
		case Failed:
			switch groupOf(s.Name) {
			case Integrity, IssuerOf:
				invalid = true
			case Standing:
				notInForce = true
			default:
				open = true // freshness never fails
			}
		default:
			open = true
		}
	}
	for _, s := range steps {
		open = open || !seen[s.name]
	}
	switch {
	case invalid:
		return Invalid
	case notInForce:
		return NotInForce
	case open:
		return Indeterminate
	}
	return Valid
}

// worse returns the verdict of two documents that must both hold: Invalid beats
// NotInForce beats Indeterminate beats Valid.
func worse(a, b Verdict) Verdict {
	for _, v := range []Verdict{Invalid, NotInForce, Indeterminate} {
		if a == v || b == v {
			return v
		}
	}
	return Valid
}
