package verifier

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/status"
)

// Check judges one document by ev, trust and at alone. It reads no clock, file or
// network and keeps no state: the same arguments give the same report, today and in
// ten years. Malformed input gives a report too. ev and trust may be nil: then there
// is no evidence, and nobody is believed.
//
// Work is bounded by the size of the input and the limits of the packages below,
// never by a timer. Check is safe for concurrent use; it changes none of its arguments.
func Check(raw []byte, ev *Evidence, trust *Trust, at time.Time) *Report {
	return NewChecker(ev, trust).Check(raw, at)
}

// A Request is what a verifier asked the holder for. The zero Request asks for nothing
// beyond the document.
type Request struct {
	// Purpose the proofs must state; "" means assertionMethod, and for presentations
	// authentication too.
	Purpose string
	// Domains, one of which a proof must name, and the Challenge it must answer. They
	// keep a presentation from being shown again elsewhere; whether a challenge was used
	// before is for the caller to know.
	Domains   []string
	Challenge string
	// Bound asks that the subject of every credential in a presentation signed it. For a
	// document that comes alone it fails: nobody shows that it is theirs.
	Bound bool
}

// CheckFor is Check for a document that answers a request.
func CheckFor(q Request, raw []byte, ev *Evidence, trust *Trust, at time.Time) *Report {
	return NewChecker(ev, trust).CheckFor(q, raw, at)
}

// A Checker judges many documents by the same evidence and trust. What hangs on these two
// alone (a transaction that thousands of documents share, a list, an issuer's document)
// is worked out once; reports are those of Check. It is not safe for concurrent use, and
// neither argument may be changed while it is used.
type Checker struct {
	ev     *Evidence
	trust  *Trust
	shared *shared
}

// NewChecker returns a Checker; either argument may be nil.
func NewChecker(ev *Evidence, trust *Trust) *Checker {
	if ev == nil {
		ev = new(Evidence)
	}
	if trust == nil {
		trust = new(Trust)
	}
	return &Checker{ev, trust, newShared()}
}

// Check is the function Check.
func (k *Checker) Check(raw []byte, at time.Time) *Report { return k.CheckFor(Request{}, raw, at) }

// CheckFor is the function CheckFor.
func (k *Checker) CheckFor(q Request, raw []byte, at time.Time) *Report {
	c := newCheck(q, k.ev, k.trust, at, k.shared)
	cred, err := credential.Parse(raw)
	c.report.Document = fmt.Sprintf("%x", sha256.Sum256(raw))
	if err != nil {
		c.refuse(StepFormat, err, "", "document")
		return c.finish()
	}
	for _, u := range k.ev.Gathered.Unreached {
		c.warn(WarnUnreached, "", "%s", u)
	}
	c.run(cred)
	return c.finish()
}

func newCheck(q Request, ev *Evidence, trust *Trust, at time.Time, s *shared) *check {
	c := &check{request: q, ev: ev, trust: trust, at: at.UTC().Truncate(time.Second), shared: s}
	c.report = &Report{Version: ReportVersion, At: c.at}
	return c
}

// A check is one run of Check. Steps append to the report; what later steps build on
// is kept beside it.
type check struct {
	request Request
	ev      *Evidence
	trust   *Trust
	at      time.Time
	report  *Report

	cred      *credential.Credential
	issuer    *Issuer  // entry of the issuer in the trust file; nil if there is none
	unknown   *unknown // why there is none
	canonical *jsonld.Result
	anchors   []anchored // one for each Merkle proof
	texts     int        // warnings of unusual text so far
	work      int        // most work on a canonical form; 0 means the default
	shared    *shared
}

func (c *check) run(cred *credential.Credential) {
	c.cred = cred
	c.report.ID, c.report.Types = cred.ID(), cred.Types()
	c.report.Issuer.ID = cred.Issuer()
	c.issuer, c.unknown = c.entry(cred.Issuer())
	if !c.checkFormat() {
		return
	}
	c.checkCanonical()
	c.warnName()
	if c.canonical != nil && !cred.IsPresentation() {
		c.warnTexts(c.canonical.Claims, "")
	}
	c.checkRequest()
	c.checkMerkle()
	c.checkSignatures()
	if cred.IsPresentation() {
		c.checkPresentation()
		return
	}
	c.checkSchemas()
	c.checkResources()
	c.checkIssuer()
	c.checkStanding()
}

// finish adds the steps that were not reached, sorts all into the fixed order and
// derives the verdict.
func (c *check) finish() *Report {
	r := c.report
	given := r.Steps
	r.Steps = nil
	for _, s := range steps {
		n := len(r.Steps)
		for _, g := range given {
			if g.Name == s.name {
				r.Steps = append(r.Steps, g)
			}
		}
		if len(r.Steps) == n {
			r.Steps = append(r.Steps, Step{Name: s.name, Group: s.group, Result: Unavailable,
				Code: CodeNotJudged, Fact: "not reached"})
		}
	}
	r.Verdict = overall(r.Steps)
	for _, inner := range r.Credentials {
		r.Verdict = worse(r.Verdict, inner.Verdict)
	}
	if r.Verdict != Invalid && c.canonical != nil && !c.cred.IsPresentation() {
		r.Claims = c.canonical.Claims
	}
	return r
}

// pass records a step whose check said yes.
func (c *check) pass(name StepName, place, word, fact string, args ...any) {
	c.report.Steps = append(c.report.Steps, Step{Name: name, Group: groupOf(name), Result: Passed,
		Place: place, Word: word, Fact: fmt.Sprintf(fact, args...)})
}

// skip records a step that neither document nor trust asks for.
func (c *check) skip(name StepName, fact string, args ...any) {
	c.report.Steps = append(c.report.Steps, Step{Name: name, Group: groupOf(name), Result: NotRequired,
		Fact: fmt.Sprintf(fact, args...)})
}

// stop records a step that did not pass; code says how it ended.
func (c *check) stop(name StepName, code Code, place, word, fact string, args ...any) {
	info, known := codeIndex[code]
	result := info.Result
	if !known || (result == Failed && info.Group != groupOf(name) && code != CodeNotJudged) {
		// A code outside the table must not pass for a verdict against a document.
		result = Unavailable
	}
	c.report.Steps = append(c.report.Steps, Step{Name: name, Group: groupOf(name), Result: result,
		Code: code, Place: place, Word: word, Fact: fmt.Sprintf(fact, args...)})
}

// refuse is stop with the code and place of a typed error from a package below.
func (c *check) refuse(name StepName, err error, place, word string) {
	code, where := codeOf(err)
	if place == "" || strings.HasPrefix(where, place) {
		place = where
	} else if where != "" {
		place += "/" + strings.TrimPrefix(where, "/")
	}
	c.stop(name, code, place, word, "%s", err)
}

// codeOf returns the code and place of an error from the packages below.
func codeOf(err error) (Code, string) {
	var (
		json *strictjson.Error
		doc  *credential.Error
		ld   *jsonld.Error
		sig  *cryptosuite.Error
		btc  *anchor.Error
		list *status.Error
	)
	switch {
	case errors.As(err, &json):
		place := json.Path
		if place == "" && json.Line > 0 {
			place = fmt.Sprintf("line %d, column %d", json.Line, json.Column)
		}
		return Code(json.Code), place
	case errors.As(err, &doc):
		return Code(doc.Code), doc.Path
	case errors.As(err, &ld):
		return Code(ld.Code), ld.Path
	case errors.As(err, &sig):
		return Code(sig.Code), ""
	case errors.As(err, &btc):
		return Code(btc.Code), btc.Part
	case errors.As(err, &list):
		return Code(list.Code), ""
	}
	return CodeNotJudged, ""
}

func (c *check) warn(code Code, place, format string, args ...any) {
	c.report.Warnings = append(c.report.Warnings, Warning{Code: code, Place: place, Detail: fmt.Sprintf(format, args...)})
}

func (c *check) trusting(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	for _, have := range c.report.Trusting {
		if have == s {
			return
		}
	}
	c.report.Trusting = append(c.report.Trusting, s)
}

// checkFormat judges what parsing left open; false stops the run.
func (c *check) checkFormat() bool {
	if err := c.checkPresentationForm(); err != nil {
		c.refuse(StepFormat, err, "", "document")
		return false
	}
	if _, _, err := c.cred.Validity(); err != nil {
		c.refuse(StepFormat, err, "", "document")
		return false
	}
	if err := c.checkCreated(); err != nil {
		c.refuse(StepFormat, err, "", "document")
		return false
	}
	entries, err := c.cred.StatusEntries()
	if err != nil {
		c.refuse(StepFormat, err, "", "document")
		return false
	}
	for _, e := range entries {
		if _, err := status.ParseIndex(e.Index); err != nil && (isBitstring(e) || c.isToken(e)) {
			c.refuse(StepFormat, err, e.Path+"/statusListIndex", "document")
			return false
		}
	}
	c.pass(StepFormat, "", "document", "%s, %d proofs", c.cred.Version(), len(c.cred.Proofs()))
	return true
}

// checkCreated holds the time of each proof of a VC 2.0 document to the rule of its
// dates.
func (c *check) checkCreated() error {
	for _, p := range c.cred.Proofs() {
		if p.Created == "" || c.cred.Version() != credential.VC2 {
			continue
		}
		if _, err := credential.ParseMoment(p.Created, credential.VC2); err != nil {
			err.(*credential.Error).Path = p.Path + "/created"
			return err
		}
	}
	return nil
}

// checkCanonical computes the canonical form of the whole document without proofs:
// the claims come from it. What each proof covers is canonicalised with that proof.
func (c *check) checkCanonical() {
	if c.cred.Envelope() != nil {
		c.checkSDJWT()
		return
	}
	res, err := jsonld.Canonicalize(c.cred.Unsecured(), c.options())
	if err != nil {
		c.refuse(StepCanonical, err, "", "document")
		return
	}
	c.canonical = res
	for _, g := range res.Ghosts {
		c.warn(WarnGhost, g.Path, "%s: this member adds nothing to what was signed and is left out", g.Reason)
	}
	c.pass(StepCanonical, "", "document", "%d statements, every member signed", res.Quads)
}

func (c *check) options() jsonld.Options {
	limits := credential.Limits(c.cred.Unsecured())
	limits.Work = c.work
	return jsonld.Options{Contexts: c.trust.contextsOf(c.cred), Mode: c.cred.Mode(), Limits: limits}
}
