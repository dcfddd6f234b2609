package licensure

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A LicenceTerm is one T07: a licence from a day to a day. Renewal adds one (LC-6).
type LicenceTerm struct {
	CredentialID string // of the T07
	Licence      LicenceKey
	Board        string
	Start        Date
	Expires      Date        // the last day
	Initial      LegalStatus // as of the licence's first term; later terms decide nothing by it
	Conditions   []Condition // of the first term
	RecordedAt   time.Time   // validFrom of the T07
	Basis        Basis
	// Limited: the T07 says that the licence is not full, or not unrestricted for a reason
	// that no status or condition tells.
	Limited bool
	Digest  string // of the credential, hex; empty if not known
}

// TermOf reads the term out of the verified claims of a T07 and its digest (hex).
func TermOf(claims map[string]any, digest string) (LicenceTerm, error) {
	s, err := subjectOf(claims, TypeLicence)
	if err != nil {
		return LicenceTerm{}, err
	}
	initial, _ := ParseLegalStatus(s.text("legalStatus"))
	id, _ := claims["id"].(string)
	from, _ := instantIn(claims, "validFrom")
	conditions := s.conditions("conditions")
	return LicenceTerm{
		Limited:      !s.flag("full") || !s.flag("unrestricted") && len(conditions) == 0 && !initial.encumbered(),
		CredentialID: id, Board: s.text("board"), Digest: digest, RecordedAt: from, Initial: initial,
		Licence: LicenceKey{s.text("jurisdiction"), s.text("boardId"), LicenceType(s.text("licenceType")), s.text("number")},
		Start:   Date(s.text("currentTermStart")), Expires: Date(s.text("expiresOn")),
		Conditions: conditions, Basis: Basis(s.text("basis")),
	}, nil
}

// BoardRules are the parameters of one board.
type BoardRules struct {
	// Zone is where the board's civil day is counted; nil means UTC.
	Zone *time.Location
	// GraceDays is how long after its end a term may still be renewed without late fee. It
	// never makes an expired licence active (LC-7).
	GraceDays int
}

// A Fate is what became of an order in a fold.
type Fate string

// Fates.
const (
	Applied   Fate = "applied"
	Removed   Fate = "removed"   // vacated or replaced by a later order
	RefusedBy Fate = "refused"   // its transition is not listed (LC-3)
	Future    Fate = "not-yet"   // takes effect after the moment asked
	NoEffect  Fate = "no-effect" // automatic, and no licence was left to encumber
	Unmatched Fate = "unmatched" // vacates an order that is not known
)

// A Passage is one order of a licence and what became of it. Nothing is ever left out of
// the history: an order that was vacated stands there as removed.
type Passage struct {
	Order Order
	Fate  Fate
	Why   string // the pair refused, or the order that removed this one
}

// A State is the legal state of a licence at a moment, as known at another.
type State struct {
	Status     LegalStatus
	Conditions []Condition
	Since      time.Time
	By         string // the order that brought it; empty for the licence itself or the end of its term
	// Own is the status by the board's own acts alone; it differs from Status under an
	// automatic one and after the end of the term.
	Own LegalStatus
	// Mirrored and Trigger are set with CompactMirroredEncumbered and CompactAutoSuspended.
	Mirrored *LegalStatus
	Trigger  *TriggerRef
	Until    time.Time // the end of CompactAutoSuspended
	Expires  Date      // the last day of the term that counts; empty before the first
	Limited  bool      // by that term the licence is not full, or not unrestricted
	Expired  bool      // the term has ended, whatever else the status says
	InGrace  bool
	History  []Passage
}

// FullyLicensed reports whether somebody may practise under the licence without limits: it
// is full, in force, and no condition stands.
func (s State) FullyLicensed() bool {
	return s.Status == Active && !s.Limited && len(s.Conditions) == 0
}

// Refused returns the orders whose transition is not listed.
func (s State) Refused() []Passage {
	return slices.DeleteFunc(slices.Clone(s.History), func(p Passage) bool { return p.Fate != RefusedBy })
}

// compareOrders is the order of the fold: (effectiveAt, recordedAt, order id) (LC-4). The
// licence comes last; two licences never meet in one fold.
func compareOrders(a, b Order) int {
	return cmp.Or(a.EffectiveAt.Compare(b.EffectiveAt), a.RecordedAt.Compare(b.RecordedAt),
		strings.Compare(a.ID, b.ID), a.Licence.compare(b.Licence))
}

// Fold returns the state of a licence at the moment at, as known at the moment known, from
// its terms and the orders about it. Only what is recorded by known and in effect at the
// moment counts (LC-5). The order of terms and orders decides nothing (LC-4).
func Fold(terms []LicenceTerm, orders []Order, rules BoardRules, at, known time.Time) State {
	terms = slices.DeleteFunc(slices.Clone(terms), func(t LicenceTerm) bool { return t.RecordedAt.After(known) })
	slices.SortFunc(terms, func(a, b LicenceTerm) int {
		return cmp.Or(strings.Compare(string(a.Start), string(b.Start)), a.RecordedAt.Compare(b.RecordedAt), strings.Compare(a.CredentialID, b.CredentialID))
	})
	orders = slices.DeleteFunc(slices.Clone(orders), func(o Order) bool { return o.RecordedAt.After(known) })
	slices.SortFunc(orders, compareOrders)

	zone := rules.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := DateOf(at.In(zone))
	if len(terms) == 0 || terms[0].Start > day {
		return State{Status: NotStated, Own: NotStated, History: passages(orders, at, removals(orders, at))}
	}
	f := begin(terms[0], civilStart(terms[0].Start, zone))
	removed := removals(orders, at)
	history := passages(orders, at, removed)
	for i := range history {
		p := &history[i]
		if p.Fate != Applied || p.Order.Action == Vacated {
			continue
		}
		switch {
		case p.Order.Origin != FromCompact:
			if why := f.apply(&p.Order); why != "" {
				p.Fate, p.Why = RefusedBy, why
			}
		case licensed(f.base):
			f.automatic(&p.Order)
		default:
			p.Fate, p.Why = NoEffect, f.base.String() // no licence is left to encumber
		}
	}
	s := f.state(at)
	s.History = history
	s.term(terms, rules, zone, day)
	return s
}

// passages tells of each order whether it counts at the moment.
func passages(orders []Order, at time.Time, removed map[string]string) []Passage {
	known := map[string]bool{}
	for _, o := range orders {
		known[o.ID] = true
	}
	var out []Passage
	for _, o := range orders {
		p := Passage{Order: o, Fate: Applied}
		switch by, gone := removed[o.ID]; {
		case o.EffectiveAt.After(at):
			p.Fate = Future
		case gone:
			p.Fate, p.Why = Removed, by
		case o.Supersedes != "" && !known[o.Supersedes]:
			p.Fate, p.Why = Unmatched, o.Supersedes
			if o.Action != Vacated {
				p.Fate = Applied
			}
		}
		out = append(out, p)
	}
	return out
}

// removals returns which orders are vacated or replaced at the moment, and by which. An
// order removes only what was recorded before it; the latest word is heard first, so that a
// vacated vacation removes nothing.
func removals(orders []Order, at time.Time) map[string]string {
	byID := map[string]Order{}
	var acts []Order
	for _, o := range orders {
		byID[o.ID] = o
		if o.Supersedes != "" && !o.EffectiveAt.After(at) {
			acts = append(acts, o)
		}
	}
	slices.SortFunc(acts, func(a, b Order) int {
		return cmp.Or(b.RecordedAt.Compare(a.RecordedAt), strings.Compare(b.ID, a.ID))
	})
	removed := map[string]string{}
	for _, o := range acts {
		if _, gone := removed[o.ID]; gone {
			continue
		}
		target, ok := byID[o.Supersedes]
		earlier := cmp.Or(target.RecordedAt.Compare(o.RecordedAt), strings.Compare(target.ID, o.ID)) < 0
		if _, already := removed[target.ID]; ok && earlier && !already {
			removed[target.ID] = o.ID
		}
	}
	return removed
}

// state is the fold at a moment, before the end of the term is looked at.
func (f *fold) state(at time.Time) State {
	s := State{Status: f.shown(at), Own: f.base, Since: f.since, By: f.by, Conditions: f.conditions}
	if v := f.covering(at); v != nil && s.Status == v.status {
		s.Since, s.By, s.Mirrored, s.Trigger, s.Until = v.from, v.order.ID, v.mirrored, v.order.Trigger, v.until
		return s
	}
	if licensed(f.base) {
		for _, v := range f.overlays { // one that has ended gave the own status back
			if !v.until.IsZero() && v.until.After(s.Since) && !v.until.After(at) {
				s.Since, s.By = v.until, ""
			}
		}
	}
	return s
}

// term computes whether the licence has come to the end of its term (LC-7): it is good
// through the last day, in the board's civil day.
func (s *State) term(terms []LicenceTerm, rules BoardRules, zone *time.Location, day Date) {
	for _, t := range terms { // by start, then by recording: a correction counts, even a shorter one
		if t.Start <= day {
			s.Expires, s.Limited = t.Expires, t.Limited
		}
	}
	s.Expired = day > s.Expires
	if !s.Expired {
		return
	}
	last, ok := parseCivil(string(s.Expires))
	if !ok {
		return
	}
	s.InGrace = rules.GraceDays > 0 && day <= DateOf(last.AddDate(0, 0, rules.GraceDays))
	switch s.Status {
	case Active, ActiveWithConditions, Probation, Provisional:
		s.Status, s.By = Expired, ""
		s.Since = civilStart(DateOf(last.AddDate(0, 0, 1)), zone)
	}
}

// civilStart is the first instant of a civil day in zone; zero if d is no whole date.
func civilStart(d Date, zone *time.Location) time.Time {
	t, ok := parseCivil(string(d))
	if !ok {
		return time.Time{}
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone).UTC()
}
