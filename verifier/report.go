package verifier

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// ReportVersion is the version member of a report.
const ReportVersion = 1

// A Step is one question and its answer.
type Step struct {
	Name   StepName `json:"step"`
	Group  Group    `json:"group"`
	Result Result   `json:"result"`
	// Code says why the step did not pass. It is stable; empty for Passed.
	Code Code `json:"code,omitempty"`
	// Place is where in the document or the evidence: a JSON pointer, or a part such
	// as "transactions/<txid>/prevTxs/0".
	Place string `json:"place,omitempty"`
	// Fact is what the answer rests on, in English, for a log.
	Fact string `json:"fact,omitempty"`
	// Word is on whose word: "document", "trust file", "issuer", "proof of work", …
	Word string `json:"word,omitempty"`
}

// A Warning informs; it decides nothing.
type Warning struct {
	Code   Code   `json:"code"`
	Place  string `json:"place,omitempty"`
	Detail string `json:"detail"`
}

// An AnchorFact is what is known of the transaction that commits to the credential.
type AnchorFact struct {
	Network anchor.Network `json:"network"`
	// Test is true on every network but mainnet: such an anchor costs nothing to make.
	Test          bool                 `json:"test"`
	TxID          string               `json:"txid"`
	Root          string               `json:"root"`
	Address       string               `json:"address,omitempty"`
	Block         string               `json:"block,omitempty"`
	Height        anchor.Height        `json:"height,omitempty"`
	Confirmations anchor.Confirmations `json:"confirmations,omitempty"`
	// Form is where trust in the headers starts: segment, forward or store.
	Form string `json:"form,omitempty"`
	// Start is the checkpoint the headers hang on, as "height hash".
	Start string `json:"start,omitempty"`
	// Work is the number of hashes it takes to replace the block and those above it,
	// in decimal.
	Work string `json:"work,omitempty"`
	// NotBefore and NotAfter bound the time of the block; NotAfter is absent while open.
	NotBefore *time.Time `json:"notBefore,omitempty"`
	NotAfter  *time.Time `json:"notAfter,omitempty"`
}

// An IssuerFact is the issuer as the trust file names it, not as the document does.
type IssuerFact struct {
	ID string `json:"id"` // as the document claims
	// Label is the trust file's name; empty if the issuer is not in it.
	Label string `json:"label,omitempty"`
}

// A Report is the whole answer about one document. The same arguments to Check give
// the same report, byte for byte in JSON.
type Report struct {
	Version int     `json:"version"`
	Verdict Verdict `json:"verdict"`
	// Network is the chain of the anchor; TestNetwork says that it is not mainnet.
	Network     anchor.Network `json:"network,omitempty"`
	TestNetwork bool           `json:"testNetwork,omitempty"`
	At          time.Time      `json:"at"` // the moment judged
	// Document is the SHA-256 of the file as received, hexadecimal.
	Document string       `json:"document"`
	ID       string       `json:"id,omitempty"`
	Types    []string     `json:"types,omitempty"`
	Issuer   IssuerFact   `json:"issuer"`
	Anchors  []AnchorFact `json:"anchors,omitempty"`
	Steps    []Step       `json:"steps"`
	Warnings []Warning    `json:"warnings,omitempty"`
	// StatusAt is the moment the freshest list that counted speaks about.
	StatusAt *time.Time `json:"statusAt,omitempty"`
	// Lists are the status lists that counted, for programs that keep a record of them;
	// they are no part of the JSON form.
	Lists []ListFact `json:"-"`
	// Message is the value of the document's entry in a "message" list that counted, for
	// whoever knows what the codes mean; nil if none did. Its step says it in the JSON.
	Message *uint8 `json:"-"`
	// Credentials are the reports on what a presentation carries, in order; its own
	// Verdict is the worst of all.
	Credentials []*Report `json:"credentials,omitempty"`
	// Partial says that the document was shown in part: an SD-JWT with digests of claims, or
	// decoys, that are not disclosed. What its subject lacks it may hide.
	Partial bool `json:"partial,omitempty"`
	// hiddenIn are the JSON pointers of the objects and arrays that may hide something.
	hiddenIn []string
	// Trusting lists what the verdict rests on and nobody here could check.
	Trusting []string `json:"trusting,omitempty"`
	// Claims is the document without proofs, limited to members that were hashed. It
	// is absent from an Invalid report.
	Claims map[string]any `json:"claims,omitempty"`
}

// MayHide reports whether a member of the subject that is not in Claims may be hidden. One
// that is null was shown to be absent.
func (r *Report) MayHide(name string) bool {
	subject, _ := r.Claims["credentialSubject"].(map[string]any)
	_, shown := subject[name]
	return r.Partial && !shown
}

// ShownInPart reports whether a member of the subject is in Claims and may hide something
// within itself: an element of a list, or a member of an object.
func (r *Report) ShownInPart(name string) bool {
	subject, _ := r.Claims["credentialSubject"].(map[string]any)
	at := "/credentialSubject" + strictjson.PointerToken(name)
	_, shown := subject[name]
	return shown && slices.ContainsFunc(r.hiddenIn, func(p string) bool { return p == at || strings.HasPrefix(p, at+"/") })
}

// A ListFact is a status list that counted, and what it says of the document.
type ListFact struct {
	URL      string
	Purpose  string
	Value    uint8
	Sequence uint64 // 0 if the list states none
	From     time.Time
	SHA256   string // of the list as received, hexadecimal
}

// A CheckError is the step that decided against a document.
type CheckError struct {
	Verdict Verdict
	Step    StepName
	Code    Code // why, stable across releases and part of the JSON report
	Err     error
}

func (e *CheckError) Error() string {
	return fmt.Sprintf("verifier: %s: %s at %s: %v", e.Verdict, e.Code, e.Step, e.Err)
}

// Unwrap returns the detail for a log; it is never needed to decide.
func (e *CheckError) Unwrap() error { return e.Err }

// Err returns nil for a Valid report, and otherwise a *CheckError with the first step
// that stood in the way.
func (r *Report) Err() error {
	s, ok := r.Deciding()
	if r.Verdict == Valid || !ok {
		if r.Verdict == Valid {
			return nil
		}
		return &CheckError{Verdict: r.Verdict, Err: errors.New("no step was judged")}
	}
	return &CheckError{Verdict: r.Verdict, Step: s.Name, Code: s.Code, Err: errors.New(s.Fact)}
}

// Deciding returns the step that best says why the verdict is not Valid: the first that
// gave it, and of steps that could not be judged the first that is not the consequence
// of another. It returns false for a Valid report.
func (r *Report) Deciding() (Step, bool) {
	var second *Step
	for _, inner := range r.Credentials {
		if s, stopped := inner.Deciding(); stopped && inner.Verdict == r.Verdict && overall(r.Steps) != r.Verdict {
			return s, true
		}
	}
	for i, s := range r.Steps {
		if !r.decides(s) {
			continue
		}
		if !r.follows(s) {
			return s, true
		}
		if second == nil {
			second = &r.Steps[i]
		}
	}
	if second == nil {
		return Step{}, false
	}
	return *second, true
}

// follows reports whether s ended as it did because of another step. The contexts of an
// issuer come with its entry in the trust file, so that who is not there has none.
func (r *Report) follows(s Step) bool {
	return s.Code == CodeNotJudged || s.Code == CodeSignerUnknown ||
		s.Code == codeContextUnknown && r.Step(StepTrusted).Code == CodeIssuerUnknown
}

// decides reports whether s alone would give the report's verdict.
func (r *Report) decides(s Step) bool {
	g := groupOf(s.Name)
	switch r.Verdict {
	case Invalid:
		return s.Result == Failed && (g == Integrity || g == IssuerOf)
	case NotInForce:
		return s.Result == Failed && g == Standing
	case Indeterminate:
		return s.Result != Passed && s.Result != NotRequired
	}
	return false
}

// Step returns the first step of that name.
func (r *Report) Step(name StepName) Step {
	for _, s := range r.Steps {
		if s.Name == name {
			return s
		}
	}
	return Step{Name: name, Group: groupOf(name), Result: Unavailable}
}

// JSON returns the report on one line, members in a fixed order.
func (r *Report) JSON() ([]byte, error) { return json.Marshal(r) }
