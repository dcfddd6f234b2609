package evidencefile

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// A Difference is one member that is not what follows from the inputs.
type Difference struct {
	Member string
	What   string
}

// An Outcome is what looking at an evidence file again gave.
type Outcome struct {
	// Recorded is the standing that the file states. Again is the one worked out now; empty
	// for a copy with documents left out, where it cannot be.
	Recorded, Again licensure.StandingValue
	Credentials     int
	LeftOut         []string // inputs that a copy leaves out
	Differences     []Difference
	// Redrawn are pages that this release of the program draws otherwise and that are, by
	// the statement of a signer whom the caller trusts, as they were made.
	Redrawn []string
	// Statement is what became of the signed statement; nil if there is none.
	Statement *StatementOutcome
}

// Same reports whether the file is whole and gives the result that it states.
func (o *Outcome) Same() bool {
	return len(o.Differences) == 0 && (o.Statement == nil || o.Statement.Verdict == verifier.Valid && o.Statement.Fault == "")
}

func (o *Outcome) differ(member, format string, args ...any) {
	o.Differences = append(o.Differences, Difference{member, fmt.Sprintf(format, args...)})
}

// Reverify works the answer out again from the inputs in the file (PV-10) and names every
// member that differs. trust is the caller's own, to know whose the statement is; it may be
// nil. The answer itself rests on the trust file inside, as it did when it was made.
func (f *File) Reverify(trust *verifier.Trust) *Outcome {
	o := &Outcome{Recorded: f.result.Standing}
	left, err := f.left()
	if err != nil {
		o.differ(nameRedacted, "%v", err)
		return o
	}
	o.LeftOut = left
	f.compareDigests(o, left)
	var recorded []byte
	if f.members[nameRedacted] != nil {
		recorded = f.members[nameResult]
	}
	again, j, err := build(f.inputs(), recorded)
	if err != nil {
		o.differ("inputs", "cannot be judged: %v", err)
		return o
	}
	for _, c := range j.credentials {
		o.Credentials += len(c.items)
	}
	if recorded == nil {
		o.Again = again.result.Standing
		if o.Again != o.Recorded {
			o.differ(nameResult, "states %s; the inputs give %s", o.Recorded, o.Again)
		}
	}
	if f.members[nameStatement] != nil {
		out := f.checkStatement(j, trust)
		o.Statement = &out
	}
	f.compareMade(o, again)
	return o
}

func (f *File) inputs() map[string][]byte {
	in := map[string][]byte{}
	for _, name := range under(f.members, "inputs/") {
		in[name] = f.members[name]
	}
	return in
}

// compareDigests holds every member to its digest in the result.
func (f *File) compareDigests(o *Outcome, left []string) {
	for _, m := range f.result.Members {
		raw, there := f.members[m.Name]
		switch {
		case !there && (slices.Contains(left, m.Name) || len(left) > 0 && m.Name == nameElements):
		case !there:
			o.differ(m.Name, "missing")
		case len(left) > 0 && slices.Contains(views, m.Name):
			// Drawn anew for the copy.
		case sum(raw) != m.SHA256 || len(raw) != m.Bytes:
			o.differ(m.Name, "altered: SHA-256 %s, the result names %s", sum(raw), m.SHA256)
		}
	}
	for _, name := range f.Names() {
		if f.result.member(name) == nil && !slices.Contains(unlisted, name) {
			o.differ(name, "is not of this file")
		}
	}
}

// views are drawn from the answer; unlisted are made from the result and not named in it.
var (
	views    = []string{nameHTML, namePDF, nameProves, nameFHIR}
	unlisted = []string{nameResult, nameStatement, nameCustodian, nameRedacted}
)

// compareMade compares what was made from the inputs then and now. Another release of the
// program may draw a page otherwise. Such a page is as it was made if the result names its
// digest and a signer whom the caller trusts has signed the result; without that, whoever
// wrote the page may have written the result too.
func (f *File) compareMade(o *Outcome, again *File) {
	told := map[string]bool{}
	for _, d := range o.Differences {
		told[d.Member] = true
	}
	signed := o.Statement != nil && o.Statement.Known && o.Statement.Verdict == verifier.Valid && o.Statement.Fault == ""
	whole := f.members[nameRedacted] == nil
	for _, name := range views {
		raw, there := f.members[name]
		if signed && whole && there && !told[name] && !bytes.Equal(raw, again.members[name]) {
			o.Redrawn = append(o.Redrawn, name)
			*again.result.member(name) = *f.result.member(name)
			told[name] = true
		}
	}
	if len(o.Redrawn) > 0 {
		// The custodian's page names the result, which names the pages.
		told[nameCustodian] = true
		if raw, err := canonicalOf(again.result); err == nil {
			again.members[nameResult] = raw
		}
	}
	for _, name := range again.Names() {
		raw, there := f.members[name]
		switch {
		case told[name] || there && bytes.Equal(raw, again.members[name]):
		case !there:
			o.differ(name, "missing")
		case name == nameResult && len(o.Differences) > 0:
			// It names what was told already.
		default:
			o.differ(name, "is not what the inputs give")
		}
	}
}

// redacted is the form of redacted.json.
type redacted struct {
	Version int      `json:"version"`
	LeftOut []string `json:"leftOut"`
}

// left returns the members that a copy leaves out: inputs and what was said of them.
func (f *File) left() ([]string, error) {
	raw, ok := f.members[nameRedacted]
	if !ok {
		return nil, nil
	}
	var r redacted
	if err := strictjson.Unmarshal(raw, limits, &r); err != nil {
		return nil, err
	}
	if r.Version != 1 || len(r.LeftOut) == 0 || !slices.IsSorted(r.LeftOut) {
		return nil, errors.New("names nothing in order that is left out")
	}
	for _, name := range r.LeftOut {
		if f.result.member(name) == nil || f.members[name] != nil || !mayLeave(name) {
			return nil, fmt.Errorf("%q is no document that was left out", name)
		}
	}
	again, err := canonicalOf(r)
	if err != nil || !bytes.Equal(again, raw) {
		return nil, errors.New("is not in its canonical form")
	}
	return r.LeftOut, nil
}

// mayLeave reports whether a copy may go without a member.
func mayLeave(name string) bool {
	for _, dir := range []string{dirCredentials, dirOrders, dirResult + "credential-", dirResult + "order-"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return false
}

// A RedactError says why a copy cannot leave something out.
type RedactError struct {
	Member string
	Err    error
}

func (e *RedactError) Error() string {
	return fmt.Sprintf("evidence file: %s cannot be left out: %v", e.Member, e.Err)
}

// Unwrap returns the cause.
func (e *RedactError) Unwrap() error { return e.Err }

// Redact returns a copy without the inputs named (as in inputs/credentials/0002.json) and
// without what was said of them (EV-3). With a licence go the orders that are not about a
// licence which stays. The answer for the whole set stays, and the statement, which names
// each credential by id, digest, type, verdict and standing; withStatement false leaves it
// out too, and then nobody vouches for that answer.
//
// A credential goes as a whole or not at all: its signature covers all of it.
func (f *File) Redact(names []string, withStatement bool) (*File, error) {
	if o := f.Reverify(nil); !o.Same() {
		return nil, errors.New("evidence file: it is not whole; a copy would hide that")
	}
	gone := map[string]bool{}
	before, _ := f.left()
	for _, name := range before {
		gone[name] = true
	}
	for _, name := range names {
		if f.members[name] == nil || !strings.HasPrefix(name, dirCredentials) && !strings.HasPrefix(name, dirOrders) {
			return nil, &RedactError{name, errors.New("a copy leaves out credentials and orders")}
		}
		gone[name], gone[partOf(name)] = true, true
	}
	if err := f.withOrders(gone); err != nil {
		return nil, err
	}
	inputs := f.inputs()
	for name := range gone {
		delete(inputs, name)
	}
	if len(under(inputs, dirCredentials)) == 0 {
		return nil, &RedactError{names[0], errors.New("nothing would be left")}
	}
	text, err := canonicalOf(redacted{1, slices.Sorted(maps.Keys(gone))})
	if err != nil {
		return nil, err
	}
	out, _, err := build(inputs, f.members[nameResult])
	if err != nil {
		return nil, err
	}
	out.members[nameRedacted] = text
	if withStatement && f.members[nameStatement] != nil {
		out.members[nameStatement] = f.members[nameStatement]
	}
	if o := out.Reverify(nil); !o.Same() {
		return nil, &RedactError{strings.Join(names, ", "), errors.New("what is left would be judged otherwise: another document rests on it")}
	}
	return out, nil
}

// withOrders adds the orders that are not about a licence which stays, if a credential goes.
func (f *File) withOrders(gone map[string]bool) error {
	j, err := judge(f.inputs())
	if err != nil {
		return err
	}
	stays, goes := map[licensure.LicenceKey]bool{}, false
	for _, c := range j.credentials {
		goes = goes || gone[c.member]
		for _, i := range c.items {
			claims, _ := licensure.ClaimsOf(i.Report)
			if term, err := licensure.TermOf(claims, i.Digest); err == nil && !gone[c.member] {
				stays[term.Licence] = true
			}
		}
	}
	for _, o := range j.orders {
		if goes && !stays[o.key] {
			gone[o.member], gone[partOf(o.member)] = true, true
		}
	}
	return nil
}
