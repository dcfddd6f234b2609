package licensure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// An Item is one credential put before a policy: the verifier's report on it, and what else
// is known of the licence.
type Item struct {
	Report *verifier.Report
	Digest string // of the credential, its leaf, hex
	// State is the fold over signed orders at the decision, as known then; nil if the
	// orders are not at hand. It goes before the list (VD-3).
	State *State
	// StateKnown is the moment up to which the orders are complete: that of an anchored
	// head. Zero if there is none, and then the state is no fresher than the list.
	StateKnown time.Time
}

// A Reason is one line of why.
type Reason struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}

// A CredentialStanding is what one credential is worth under a policy.
type CredentialStanding struct {
	ID       string
	Type     string
	Digest   string
	Source   string // the issuer, as the trust file names it
	Standing StandingValue
	Reasons  []Reason
	// Legal is the legal status that counts; nil where the type has none or it is unknown.
	Legal *LegalStatus
	// VerifiedAt is the moment the freshest status speaks about, never the time the
	// program ran (PV-1). Zero for static facts and where there is none.
	VerifiedAt time.Time
	AgeDays    int       // at the decision; -1 if unknown
	Until      time.Time // of ProvisionalUntil
	Obtain     []string
	subject    subject
}

func (c *CredentialStanding) because(rule, format string, args ...any) {
	c.Reasons = append(c.Reasons, Reason{rule, fmt.Sprintf(format, args...)})
}

// A Moment is when and for what a decision is made.
type Moment struct {
	Decision Date      // the day of the decision (PV-2)
	Run      time.Time // when the program ran; told, and used by disaster rules only
	Arrival  time.Time // disaster: when the volunteer arrived
	PhotoID  bool      // disaster: a photo id was looked at; none is kept
}

// Standing says what one credential is worth under the policy on the day of the decision.
// It never fails to answer: what cannot be judged is undetermined.
func (p *Policy) Standing(i Item, m Moment) CredentialStanding {
	c := CredentialStanding{Standing: UndeterminedStand, AgeDays: -1, Digest: i.Digest}
	if i.Report == nil {
		c.because("PV-3", "no report")
		return c
	}
	c.ID, c.Source = i.Report.ID, i.Report.Issuer.Label
	if c.Source == "" {
		c.Source = i.Report.Issuer.ID
	}
	t, _ := TypeOf(i.Report.Claims)
	c.Type = t
	if i.Report.Verdict == verifier.Invalid {
		c.Standing = ForgedOrAltered
		if s, ok := i.Report.Deciding(); ok {
			c.because("VD-2", "%s at %s", s.Code, s.Name)
		}
		return c
	}
	if step, stopped := i.Report.Deciding(); i.Report.Claims == nil && stopped {
		// Nothing could be read, so that nothing is said of its contents.
		c.because("VD-1", "%s: %s", step.Name, step.Code)
		c.Obtain = append(c.Obtain, fmt.Sprintf("what the step asks for: %s: %s", step.Name, step.Code))
		return c
	}
	claims, _ := ClaimsOf(i.Report)
	s, err := subjectOf(claims, t)
	if err != nil {
		c.because("ENV-3", "%v", err)
		if i.Report.Partial {
			c.Obtain = append(c.Obtain, "the claims that were not shown, or the whole document")
		} else {
			c.Obtain = append(c.Obtain, "a credential of a known type")
		}
		return c
	}
	c.subject = s
	if class, _ := i.Report.Claims["confidenceClass"].(string); class == string(Attested) {
		c.because("PV-3", "self-stated: no source said so")
		c.Obtain = append(c.Obtain, "the same from its source")
		return c
	}
	if i.Report.Verdict == verifier.NotInForce {
		c.Standing = NotInForce
		c.legal(i)
		if step, ok := i.Report.Deciding(); ok {
			c.because("VD-3", "%s: %s", step.Code, step.Fact)
		}
		return c
	}
	if hidden := mayHide(i.Report, t); len(hidden) > 0 {
		c.because("VD-1", "shown in part: %s may be hidden", strings.Join(hidden, ", "))
		c.Obtain = append(c.Obtain, "shown, or shown to be absent: "+strings.Join(hidden, ", "))
		return c
	}
	c.judge(p, i, m)
	return c
}

// judge is for reports that are valid, or indeterminate.
func (c *CredentialStanding) judge(p *Policy, i Item, m Moment) {
	stale, open := unsettled(i.Report)
	if open != "" {
		c.because("VD-1", "%s", open)
		c.Obtain = append(c.Obtain, "what the step asks for: "+open)
		return
	}
	day, ok := parseCivil(string(m.Decision))
	if !ok {
		c.because("PV-2", "no day of decision")
		return
	}
	if !c.substance(i, m.Decision) {
		return
	}
	if !subjects[c.Type].dynamic {
		if stale { // of the document's own revocation list
			c.Standing = Stale
			c.because("VD-1", "the list that would say whether the document was taken back is old")
		}
		return
	}
	c.age(p, i, m, day, stale)
}

// unsettled looks at what the report left open: nothing, the age of a list alone, or more.
func unsettled(r *verifier.Report) (stale bool, open string) {
	for _, s := range r.Steps {
		switch s.Result {
		case verifier.Passed, verifier.NotRequired:
		default:
			if s.Name == verifier.StepStatusAge && s.Code == verifier.CodeStatusStale {
				stale = true
				continue
			}
			return false, strings.TrimSpace(fmt.Sprintf("%s: %s", s.Name, s.Code))
		}
	}
	if r.Verdict == verifier.Indeterminate && !stale {
		return false, "the report is indeterminate"
	}
	return stale, ""
}

// legal sets the legal status of a licence: the fold first, then the list; where they differ
// both are told and the more restrictive one counts (VD-3). What stands inside the licence
// is as of issue and decides nothing.
func (c *CredentialStanding) legal(i Item) {
	if c.Type != TypeLicence {
		return
	}
	var list *LegalStatus
	if i.Report.Message != nil {
		v := LegalStatus(*i.Report.Message)
		list = &v
	}
	switch {
	case i.State != nil && list != nil && i.State.Status != *list:
		counts := MoreRestrictive(i.State.Status, *list)
		c.because("VD-3", "the orders say %s, the list says %s: the more restrictive counts", i.State.Status, *list)
		c.Legal = &counts
	case i.State != nil:
		c.Legal = &i.State.Status
	case list != nil:
		c.Legal = list
	}
}

// substance judges what the credential says on the day of the decision; it reports whether
// the age is to be looked at.
func (c *CredentialStanding) substance(i Item, day Date) bool {
	s := c.subject
	c.Standing = InForce
	ended := func(name string) bool {
		end := Date(s.text(name))
		return end != "" && day > end
	}
	switch c.Type {
	case TypeLicence:
		return c.licence(i, day)
	case TypeSpecialtyCertification:
		if s.text("certificationStatus") != "certified" || ended("expiresOn") {
			c.refuse("PV-5", "the certificate is not in force on %s", day)
		}
	case TypeControlledSubstance:
		if s.text("registrationStatus") != "active" || ended("expiresOn") {
			c.refuse("T11", "the registration is not in force on %s", day)
		}
	case TypeLetterOfQualification, TypeForeignGraduate:
		if ended("expiresOn") {
			c.refuse("CL-1", "ended on %s", s.text("expiresOn"))
		}
	case TypeGraduateTraining:
		if !s.flag("completed") || Date(s.text("endDate")) > day {
			c.Standing = UndeterminedStand
			c.because("PV-4", "the training is not completed on %s", day)
			return false
		}
	}
	return c.Standing != NotInForce
}

func (c *CredentialStanding) refuse(rule, format string, args ...any) {
	c.Standing = NotInForce
	c.because(rule, format, args...)
}

func (c *CredentialStanding) licence(i Item, day Date) bool {
	c.legal(i)
	if c.Legal == nil {
		c.Standing = UndeterminedStand
		c.because("VD-3", "neither orders nor a list say what the board decided")
		c.Obtain = append(c.Obtain, "the board's status list, or its orders")
		return false
	}
	if day > Date(c.subject.text("expiresOn")) {
		c.refuse("LC-7", "the term ended on %s", c.subject.text("expiresOn"))
		return false
	}
	text := c.Legal.String()
	if i.State != nil && i.State.Status == *c.Legal {
		text = i.State.Text()
	}
	switch c.Legal.Practice() {
	case MayPractise:
		if !c.subject.flag("full") || i.State != nil && len(i.State.Conditions) > 0 {
			c.Standing = InForceWithLimits
			c.because("6.2", "licence type %s, or conditions", c.subject.text("licenceType"))
		}
	case LimitedPractice:
		c.Standing = InForceWithLimits
		c.because("6.1", "%s", text)
	case MayNotPractise:
		c.refuse("6.1", "%s", text)
		return false
	default:
		c.Standing = UndeterminedStand
		c.because("6.1", "%s", text)
		return false
	}
	return true
}

// age holds the moment the status speaks about to the policy (PV-1, PV-2, PV-9).
func (c *CredentialStanding) age(p *Policy, i Item, m Moment, day time.Time, stale bool) {
	if at := i.Report.StatusAt; at != nil {
		c.VerifiedAt = at.UTC()
	}
	if i.State != nil && i.StateKnown.After(c.VerifiedAt) {
		c.VerifiedAt = i.StateKnown.UTC()
	}
	if asOf := civilStart(Date(c.subject.text("asOf")), time.UTC); !asOf.IsZero() && asOf.Before(c.VerifiedAt) {
		c.VerifiedAt = asOf // a fresh list does not make an old history newer (T09)
	}
	if c.VerifiedAt.IsZero() {
		c.Standing = UndeterminedStand
		if stale {
			c.Standing = Stale
		}
		c.because("PV-1", "no status says which moment it speaks about")
		c.Obtain = append(c.Obtain, "a current status list")
		return
	}
	if p.Disaster != nil {
		c.disaster(p.Disaster, m)
		return
	}
	c.AgeDays = int(day.Sub(c.VerifiedAt.Truncate(24*time.Hour)).Hours() / 24)
	switch most := p.maxAge(m.Decision); {
	case c.AgeDays < 0:
		c.AgeDays, c.Standing = -1, UndeterminedStand
		c.because("PV-2", "the status is of a day after the decision")
		c.Obtain = append(c.Obtain, "a status list of the day of the decision or before")
	case c.AgeDays > most:
		c.Standing = Stale
		c.because("PV-2", "verified %s days before the decision, at most %d", fmt.Sprint(c.AgeDays), most)
		c.Obtain = append(c.Obtain, "a status list not older than "+days(most))
	}
}

// disaster gives a volunteer 72 hours (or what the policy says) from arrival on an older
// status, until a source has answered since arrival (PV-9).
func (c *CredentialStanding) disaster(d *DisasterRules, m Moment) {
	c.AgeDays = int(m.Arrival.Sub(c.VerifiedAt).Hours() / 24)
	until := m.Arrival.Add(time.Duration(d.Hours) * time.Hour).UTC()
	switch {
	case m.Arrival.IsZero() || m.Run.IsZero():
		c.AgeDays, c.Standing = -1, UndeterminedStand
		c.because("PV-9", "no moment of arrival")
	case !c.VerifiedAt.Before(m.Arrival):
		c.AgeDays = 0
		c.because("PV-9", "a status of %s, since arrival", stamp(c.VerifiedAt))
	case !m.PhotoID:
		c.Standing = UndeterminedStand
		c.because("PV-9", "no photo id was looked at")
		c.Obtain = append(c.Obtain, "a photo id, to be looked at")
	case m.Arrival.Sub(c.VerifiedAt) > time.Duration(d.StatusMaxDays)*24*time.Hour:
		c.Standing = Stale
		c.because("PV-9", "the status was %d days old on arrival, at most %d", c.AgeDays, d.StatusMaxDays)
		c.Obtain = append(c.Obtain, "a status list")
	case !m.Run.Before(until):
		c.Standing = Stale
		c.because("PV-9", "provisional until %s, and no newer status since", stamp(until))
		c.Obtain = append(c.Obtain, "a status list made since arrival")
	default:
		c.Standing, c.Until = ProvisionalUntil, until
		c.because("PV-9", "until %s", stamp(until))
		c.Obtain = append(c.Obtain, "a status list made since arrival")
	}
}

// standingOrder is from worst to best.
var standingOrder = []StandingValue{ForgedOrAltered, NotInForce, UndeterminedStand, Stale, ProvisionalUntil, InForceWithLimits, InForce}

// worseStanding returns the worse of two standings; an unknown word counts as undetermined.
func worseStanding(a, b StandingValue) StandingValue {
	if rankOf(b) < rankOf(a) {
		a = b
	}
	return standingOrder[rankOf(a)]
}

func rankOf(s StandingValue) int {
	if i := slices.Index(standingOrder, s); i >= 0 {
		return i
	}
	return slices.Index(standingOrder, UndeterminedStand)
}
