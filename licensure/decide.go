package licensure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// A Query is an inquiry that was made elsewhere. What was answered never stands here (PV-7,
// PR-8): only that it was asked, when, by whom and under which reference.
type Query struct {
	On        Date
	By        string
	Reference string
	SelfQuery bool // by the physician: never enough
}

// Work is one stretch of work history.
type Work struct {
	Period
	Explained bool // the gap after it was explained to the office
}

// A Case is what is put before a policy for one decision about one person.
type Case struct {
	Moment
	Office string // who verified
	// Place is the jurisdiction of practice: a licence there is asked for. Without it every
	// licence of the set must be good.
	Place string
	Items []Item
	// HolderKeys are DIDs that the holder showed control of at once: each of their keys has
	// signed one presentation, for this audience and challenge, and the caller has verified
	// that. A physician has another key for every issuer (PR-12), so without them
	// credentials of several issuers are known by name at best.
	HolderKeys  []string
	DataBank    *Query
	Malpractice *Query
	Sanctions   *Query // exclusion lists and the like; a history of board actions also serves
	Competence  *Query // references, peer recommendation: that they were obtained
	Work        []Work
}

// An ElementResult is the answer to one element of a policy.
type ElementResult struct {
	Element  Element
	Required bool
	Result   CriterionResult
	// VerifiedBy says which credential or inquiry answered, and at which level (PV-6).
	VerifiedBy string
	Source     string // PV-3
	Date       Date   // PV-3; of the status for dynamic facts (PV-1)
	Evidence   []string
	Standing   StandingValue
	Reasons    []Reason
	Obtain     []string
}

// A Decision is what a set of credentials is worth under a policy. Equal input gives equal
// bytes, years later too (PV-10).
type Decision struct {
	PolicyID, PolicyRevision, PolicyDigest string
	Moment
	Office      string
	Place       string
	Standing    StandingValue
	Until       time.Time // of ProvisionalUntil
	Match       SubjectMatch
	Elements    []ElementResult
	Credentials []CredentialStanding
	Obtain      []string
	Reasons     []Reason
}

// Decide puts a case before the policy. The set is in force only if every required element
// is, nothing shows a forgery, and all credentials are known to be about one person (VD-1,
// PV-8, ID-2).
func (p *Policy) Decide(c Case) Decision {
	d := Decision{PolicyID: p.ID, PolicyRevision: p.Revision, PolicyDigest: p.Digest(), Moment: c.Moment, Office: c.Office, Place: c.Place, Standing: InForce}
	for _, i := range c.Items {
		d.Credentials = append(d.Credentials, p.Standing(i, c.Moment))
	}
	slices.SortFunc(d.Credentials, func(a, b CredentialStanding) int {
		return strings.Compare(a.ID+" "+a.Digest+" "+a.Type, b.ID+" "+b.Digest+" "+b.Type)
	})
	for _, e := range p.Elements {
		r := p.element(e.Element, c, d.Credentials)
		r.Required = e.Required
		d.Elements = append(d.Elements, r)
		if !e.Required {
			continue
		}
		d.Obtain = append(d.Obtain, r.Obtain...)
		d.Standing = worseStanding(d.Standing, r.Standing)
	}
	for _, k := range d.Credentials {
		switch k.Standing {
		case ForgedOrAltered:
			d.Standing = ForgedOrAltered
			d.because("VD-2", "a credential of the set is forged or altered")
		case ProvisionalUntil:
			if d.Until.IsZero() || k.Until.Before(d.Until) {
				d.Until = k.Until
			}
		}
	}
	d.matched(c.Items, c.HolderKeys)
	if d.Standing != ProvisionalUntil {
		d.Until = time.Time{}
	}
	slices.Sort(d.Obtain)
	d.Obtain = slices.Compact(d.Obtain)
	return d
}

func (d *Decision) because(rule, text string) { d.Reasons = append(d.Reasons, Reason{rule, text}) }

// matched asks whether the credentials of the set are about one person: each with the first,
// or with one that is. A weak match blocks an automatic "in force" (ID-2).
func (d *Decision) matched(items []Item, keys []string) {
	var persons, identities []Subject
	for _, i := range items {
		if i.Report == nil || i.Report.Claims == nil {
			continue
		}
		s := SubjectOf(i.Report.Claims)
		t, _ := TypeOf(i.Report.Claims)
		if subjects[t].impersonal {
			continue // about a licence, a statement or a delegate, not about the person
		}
		if s.Holder != "" && slices.Contains(keys, s.Holder) {
			s.Holder = keys[0]
		}
		if t == TypeIdentityAnchor && i.Report.Err() == nil {
			identities = append(identities, s)
		}
		persons = append(persons, s)
	}
	d.Match = MatchKey
	for i, a := range persons {
		best := MatchNone
		for k, b := range persons {
			if i == k {
				continue
			}
			switch MatchSubjects(a, b, identities) {
			case MatchKey:
				best = MatchKey
			case MatchWeak:
				if best == MatchNone {
					best = MatchWeak
				}
			}
		}
		if len(persons) == 1 {
			best = MatchKey
		}
		if best == MatchNone || best == MatchWeak && d.Match == MatchKey {
			d.Match = best
		}
	}
	if d.Match == MatchKey && !connected(persons, identities) {
		d.Match = MatchNone
	}
	if d.Match != MatchKey {
		d.Standing = worseStanding(d.Standing, UndeterminedStand)
		d.because("ID-2", "subject-match: "+string(d.Match))
		d.Obtain = append(d.Obtain, "credentials to one holder key, or an identity credential, or a person's look")
	}
}

// connected reports whether the subjects hang together by keys: two groups, each one with
// itself, are two persons.
func connected(subjects, identities []Subject) bool {
	if len(subjects) == 0 {
		return true
	}
	reached := map[int]bool{0: true}
	for grew := true; grew; {
		grew = false
		for i := range subjects {
			for k := range subjects {
				if reached[i] && !reached[k] && MatchSubjects(subjects[i], subjects[k], identities) == MatchKey {
					reached[k], grew = true, true
				}
			}
		}
	}
	return len(reached) == len(subjects)
}

// element answers one element from the credentials and inquiries of the case.
func (p *Policy) element(e Element, c Case, ks []CredentialStanding) ElementResult {
	switch e {
	case ElementLicence:
		return licences(ks, c.Place)
	case ElementSubstances:
		return fromCredentials(e, ks, "a controlled substance registration", TypeControlledSubstance)
	case ElementCertification:
		return fromCredentials(e, ks, "a specialty certification", TypeSpecialtyCertification)
	case ElementEducation:
		return education(ks)
	case ElementSanctions:
		r := fromCredentials(e, ks, "a history of board actions", TypeBoardActionHistory)
		for _, k := range ks {
			if n := len(k.subject.nodes("actions")); k.Type == TypeBoardActionHistory && n > 0 {
				r.Reasons = append(slices.Clone(r.Reasons), Reason{"CD-3", strconv.Itoa(n) + " actions are listed: a person weighs them"})
			}
		}
		if r.Result == Met || c.Sanctions == nil || r.Result == NotMet {
			return r
		}
		return p.asked(e, c.Sanctions, c.Decision, p.monitoring())
	case ElementDataBank:
		return p.dataBank(c)
	case ElementMalpractice:
		return p.asked(e, c.Malpractice, c.Decision, p.maxAge(c.Decision))
	case ElementCompetence:
		return p.asked(e, c.Competence, c.Decision, 0)
	case ElementWorkHistory:
		return p.workHistory(c)
	case ElementPhotoID:
		if c.PhotoID {
			return ElementResult{Element: e, Result: Met, VerifiedBy: "looked at, not kept", Standing: InForce}
		}
	}
	return missing(e, "a photo id, to be looked at")
}

func missing(e Element, obtain string) ElementResult {
	return ElementResult{Element: e, Result: UnknownState, Standing: UndeterminedStand, Obtain: []string{obtain},
		Reasons: []Reason{{"PV-8", "nothing shows it"}}}
}

// resultOf turns a standing into the answer to an element.
func resultOf(s StandingValue) CriterionResult {
	switch s {
	case InForce, InForceWithLimits, ProvisionalUntil:
		return Met
	case NotInForce, ForgedOrAltered:
		return NotMet
	}
	return UnknownState
}

func (k CredentialStanding) result(e Element) ElementResult {
	r := ElementResult{Element: e, Result: resultOf(k.Standing), VerifiedBy: k.Type, Source: k.Source, Evidence: []string{k.ID},
		Standing: k.Standing, Reasons: k.Reasons, Obtain: k.Obtain}
	if !k.VerifiedAt.IsZero() {
		r.Date = DateOf(k.VerifiedAt)
	}
	return r
}

// fromCredentials takes the best credential of a type. One that is forged is never passed
// over for a better one: that is the set's to say.
func fromCredentials(e Element, ks []CredentialStanding, obtain string, t string) ElementResult {
	best := missing(e, obtain)
	found := false
	for _, k := range ks {
		if k.Type != t {
			continue
		}
		if r := k.result(e); !found || rankOf(r.Standing) > rankOf(best.Standing) {
			best, found = r, true
		}
	}
	if best.Result == UnknownState && len(best.Obtain) == 0 {
		best.Obtain = []string{obtain}
	}
	return best
}

// licences takes the best licence of a place; without a place, the worst of all: a good one
// elsewhere does not make up for one that was taken.
func licences(ks []CredentialStanding, place string) ElementResult {
	const obtain = "a licence from its board"
	if place != "" {
		here := slices.DeleteFunc(slices.Clone(ks), func(k CredentialStanding) bool {
			key, _ := k.subject["jurisdiction"].(string)
			return k.Type == TypeLicence && key != place
		})
		r := fromCredentials(ElementLicence, here, obtain+" in "+place, TypeLicence)
		for _, k := range ks {
			if elsewhere := k.subject.text("jurisdiction"); k.Type == TypeLicence && elsewhere != place && k.Standing != InForce {
				r.Reasons = append(slices.Clone(r.Reasons), Reason{"CD-3", "the licence in " + elsewhere + " is " + string(k.Standing) + ": a person weighs it"})
			}
		}
		return r
	}
	worst, found := missing(ElementLicence, obtain), false
	for _, k := range ks {
		if k.Type != TypeLicence {
			continue
		}
		if r := k.result(ElementLicence); !found || rankOf(r.Standing) < rankOf(worst.Standing) {
			worst, found = r, true
		}
	}
	return worst
}

// education takes the highest level that is verified: a specialty certification shows the
// training behind it, and that the degree (PV-6). One that has expired shows it still
// (PV-5).
func education(ks []CredentialStanding) ElementResult {
	for _, level := range []struct {
		t, by string
	}{{TypeSpecialtyCertification, "board certification"}, {TypeGraduateTraining, "residency or fellowship"}, {TypeMedicalDegree, "degree"}} {
		for _, k := range ks {
			if k.Type != level.t {
				continue
			}
			r := k.result(ElementEducation)
			r.VerifiedBy = level.by
			switch {
			case k.Standing == InForce:
				return r
			case level.t == TypeSpecialtyCertification && k.ended():
				r.VerifiedBy, r.Result, r.Standing = "expired certification", Met, InForce
				r.Reasons = []Reason{{"PV-5", "education-verified-by: expired certification"}}
				return r
			case level.t == TypeSpecialtyCertification && k.Standing == Stale:
				// The age of its status says nothing about the training, which stays.
				r.Result, r.Standing, r.Obtain = Met, InForce, nil
				return r
			}
		}
	}
	return missing(ElementEducation, "a degree, training or specialty certification from its source")
}

// ended reports whether a certification was good once and has run out: revoked or void shows
// nothing.
func (k CredentialStanding) ended() bool {
	if k.Standing != NotInForce || k.subject == nil {
		return false
	}
	status := k.subject.text("certificationStatus")
	return (status == "expired" || status == "certified") && slices.ContainsFunc(k.Reasons, func(r Reason) bool {
		return r.Rule == "PV-5" || strings.HasPrefix(r.Text, string(verifier.CodeExpired)+":")
	})
}

func (p *Policy) monitoring() int {
	if p.MonitoringDays > 0 {
		return p.MonitoringDays
	}
	return p.MaxAgeDays
}

// asked judges an inquiry; most is its greatest age in days, 0 for none.
func (p *Policy) asked(e Element, q *Query, decision Date, most int) ElementResult {
	name := strings.ReplaceAll(string(e), "-", " ")
	if q == nil || q.By == "" || q.Reference == "" {
		return missing(e, "an inquiry: "+name)
	}
	on, okOn := parseCivil(string(q.On))
	day, okDay := parseCivil(string(decision))
	r := ElementResult{Element: e, Result: Met, VerifiedBy: "inquiry " + q.Reference, Source: q.By, Date: q.On, Standing: InForce}
	switch {
	case !okOn || !okDay || on.After(day):
		return missing(e, "an inquiry of the day of the decision or before: "+name)
	case q.SelfQuery:
		r = missing(e, "an inquiry by the office itself: "+name)
		r.Reasons = []Reason{{"PV-7", "the physician's own inquiry never satisfies it"}}
	case most > 0 && day.Sub(on) > time.Duration(most)*24*time.Hour:
		r.Result, r.Standing = UnknownState, Stale
		r.Reasons = []Reason{{"PV-2", "asked more than " + days(most) + " before the decision"}}
		r.Obtain = []string{"a newer inquiry: " + name}
	}
	return r
}

// dataBank asks for an inquiry at application and every so often since (PV-7).
func (p *Policy) dataBank(c Case) ElementResult {
	r := p.asked(ElementDataBank, c.DataBank, c.Decision, 0)
	if r.Result != Met {
		return r
	}
	on, _ := parseCivil(string(c.DataBank.On))
	if last := DateOf(on.AddDate(0, p.DataBankEveryMonths, 0)); c.Decision > last {
		r.Result, r.Standing = UnknownState, Stale
		r.Reasons = []Reason{{"PV-7", "asked on " + string(c.DataBank.On) + ", to be asked every " + strconv.Itoa(p.DataBankEveryMonths) + " months"}}
		r.Obtain = []string{"a newer inquiry: data bank"}
	}
	return r
}

// workHistory asks for the years before the decision, and flags gaps (PV-11).
func (p *Policy) workHistory(c Case) ElementResult {
	day, ok := parseCivil(string(c.Decision))
	if len(c.Work) == 0 || !ok {
		return missing(ElementWorkHistory, "work history of "+strconv.Itoa(p.WorkHistoryYears)+" years")
	}
	work := slices.Clone(c.Work)
	slices.SortFunc(work, func(a, b Work) int { return strings.Compare(string(a.From), string(b.From)) })
	r := ElementResult{Element: ElementWorkHistory, Result: Met, VerifiedBy: "work history", Source: c.Office, Standing: InForce}
	reached, explained := day.AddDate(-p.WorkHistoryYears, 0, 0), false
	gap := func(until time.Time) {
		if until.After(reached.AddDate(0, p.WorkGapMonths, 0)) && !explained {
			r.Result, r.Standing = UnknownState, UndeterminedStand
			text := fmt.Sprintf("gap from %s to %s", DateOf(reached), DateOf(until))
			r.Reasons = append(r.Reasons, Reason{"PV-11", text})
			r.Obtain = append(r.Obtain, "an explanation: "+text)
		}
	}
	for _, w := range work {
		from, okFrom := parseCivil(string(w.From))
		until, okUntil := parseCivil(string(w.Until))
		if w.Until == "" {
			until, okUntil = day, true
		}
		if !okFrom || !okUntil || until.Before(from) {
			return missing(ElementWorkHistory, "work history with whole dates in order")
		}
		if from.After(reached) && !from.After(day) {
			gap(from)
		}
		if until.After(reached) {
			reached, explained = until, w.Explained
		}
	}
	if reached.Before(day) {
		gap(day)
	}
	return r
}

// Bytes returns the decision in the form of RFC 8785. It names what was judged by id and
// digest and holds no claim.
func (d Decision) Bytes() ([]byte, error) {
	m := object{}
	m.text("policyId", d.PolicyID)
	m.text("policyRevision", d.PolicyRevision)
	m.text("policyDigest", d.PolicyDigest)
	m.text("decisionDate", string(d.Decision))
	m.instant("run", d.Run)
	m.instant("arrival", d.Arrival)
	m.flag("photoId", d.PhotoID)
	m.text("office", d.Office)
	m.text("place", d.Place)
	m.text("standing", string(d.Standing))
	m.instant("provisionalUntil", d.Until)
	m.text("subjectMatch", string(d.Match))
	m.list("obtain", len(d.Obtain), func(i int) any { return d.Obtain[i] })
	m.list("reasons", len(d.Reasons), func(i int) any { return d.Reasons[i].members() })
	m.list("elements", len(d.Elements), func(i int) any { return d.Elements[i].Members() })
	m.list("credentials", len(d.Credentials), func(i int) any { return d.Credentials[i].Members() })
	return strictjson.Canonical(m.plain())
}

func (r Reason) members() map[string]any { return map[string]any{"rule": r.Rule, "text": r.Text} }

// Members returns r as the JSON object that stands in a decision.
func (r ElementResult) Members() map[string]any {
	m := object{"required": r.Required}
	m.text("element", string(r.Element))
	m.text("result", string(r.Result))
	m.text("verifiedBy", r.VerifiedBy)
	m.text("source", r.Source)
	m.text("date", string(r.Date))
	m.text("standing", string(r.Standing))
	m.list("evidence", len(r.Evidence), func(i int) any { return r.Evidence[i] })
	m.list("reasons", len(r.Reasons), func(i int) any { return r.Reasons[i].members() })
	m.list("obtain", len(r.Obtain), func(i int) any { return r.Obtain[i] })
	return m
}

// Members returns k as the JSON object that stands in a decision.
func (k CredentialStanding) Members() map[string]any {
	m := object{}
	m.text("id", k.ID)
	m.text("type", k.Type)
	m.text("digest", k.Digest)
	m.text("source", k.Source)
	m.text("standing", string(k.Standing))
	m.instant("verifiedAt", k.VerifiedAt)
	m.instant("provisionalUntil", k.Until)
	if k.AgeDays >= 0 && !k.VerifiedAt.IsZero() {
		m["ageDays"] = number(k.AgeDays)
	}
	if k.Legal != nil {
		m.text("legalStatus", k.Legal.String())
	}
	m.list("reasons", len(k.Reasons), func(i int) any { return k.Reasons[i].members() })
	m.list("obtain", len(k.Obtain), func(i int) any { return k.Obtain[i] })
	return m
}

// Reliance says whether another verifier's statement (T15) may stand for a verification of
// one's own: if the policy allows it, if it was made under a policy that is named, and if it
// is young enough on the day of the decision. The statement must have been verified.
func (p *Policy) Reliance(f Fact, decision Date) error {
	rules := p.Statements
	day, ok := parseCivil(string(decision))
	made, okMade := instantIn(f.subject, "verifiedAt")
	switch {
	case rules == nil:
		return refuse("T15", "the policy relies on nobody else's statement")
	case f.Type != TypeVerificationStatement || !f.InForce || f.Attested:
		return refuse("T15", "a verified statement is asked for")
	case !slices.Contains(rules.Policies, f.subject.text("policyDigest")):
		return refuse("T15", "the statement was made under another policy: %s", f.subject.text("policyId"))
	case f.subject.text("standing") != string(InForce):
		return refuse("T15", "the statement says %s", f.subject.text("standing"))
	case !ok || !okMade || made.After(day.AddDate(0, 0, 1)) || day.Sub(made) > time.Duration(rules.MaxAgeDays)*24*time.Hour:
		return refuse("PV-2", "the statement is not of the %s before the decision", days(rules.MaxAgeDays))
	}
	return nil
}
