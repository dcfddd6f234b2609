package licensure

import (
	"slices"
	"time"
)

// licensed reports the states of somebody who holds a licence, in force or not. Who is
// pending, revoked, surrendered, retired or dead holds none.
func licensed(s LegalStatus) bool {
	switch s {
	case Active, ActiveWithConditions, Probation, Suspended, SummarySuspended, Expired, InactiveVoluntary, Provisional:
		return true
	}
	return false
}

// A transition is what an action does: from which states, and to which. A nil to leaves the
// state as it is.
type transition struct {
	from []LegalStatus
	to   func(f *fold) LegalStatus
}

func always(s LegalStatus) func(*fold) LegalStatus { return func(*fold) LegalStatus { return s } }

// unencumbered is the state of a licence whose limits are its conditions alone.
func unencumbered(f *fold) LegalStatus {
	if len(f.conditions) > 0 {
		return ActiveWithConditions
	}
	return Active
}

// limited keeps a probation that conditions are added to or taken from.
func limited(f *fold) LegalStatus {
	if f.base == Probation {
		return Probation
	}
	return unencumbered(f)
}

var (
	practising  = []LegalStatus{Active, ActiveWithConditions, Probation}
	anyLicensed = []LegalStatus{Active, ActiveWithConditions, Probation, Suspended, SummarySuspended, Expired, InactiveVoluntary, Provisional}
	anyLiving   = append(slices.Clone(anyLicensed), Pending, Revoked, SurrenderedInLieu, Retired, NotStated)
)

// transitions is the life cycle of a licence (domain design, section 7.2) by action. What is
// not listed is refused (LC-3).
//
// Expired is left out as a target but for a lapse for fees: the end of a term is computed
// and no event (LC-7). A suspension that states an end still waits for the board's act:
// nothing here gives a licence back by itself, but for the 90 days of the compact.
var transitions = map[Action]transition{
	Revocation:        {without(anyLicensed), always(Revoked)},
	SurrenderInLieu:   {without(anyLicensed), always(SurrenderedInLieu)},
	Suspension:        {without(anyLicensed, Suspended), always(Suspended)},
	SummarySuspension: {practising, always(SummarySuspended)},
	ProbationOrder:    {[]LegalStatus{Active, ActiveWithConditions, Suspended, Pending}, always(Probation)},

	Restriction:            {practising, limited},
	ConditionAdded:         {practising, limited},
	ConditionRemoved:       {[]LegalStatus{ActiveWithConditions, Probation}, limited},
	Modification:           {[]LegalStatus{ActiveWithConditions, Probation}, limited},
	TerminationOfProbation: {[]LegalStatus{Probation}, unencumbered},
	Reinstatement:          {[]LegalStatus{Suspended}, unencumbered},

	Reprimand:      {from: anyLicensed},
	Fine:           {from: anyLicensed},
	CMEOrdered:     {from: anyLicensed},
	Denial:         {from: []LegalStatus{Pending}},
	CeaseAndDesist: {from: anyLiving},

	FeeLapse:    {practising, always(Expired)},
	LateRenewal: {[]LegalStatus{Expired}, func(f *fold) LegalStatus { return f.lapsed }},

	Grant:         {[]LegalStatus{Pending, Provisional}, unencumbered},
	ReApplication: {[]LegalStatus{Revoked, SurrenderedInLieu}, always(Pending)},
	Inactivation:  {[]LegalStatus{Active}, always(InactiveVoluntary)},
	Reactivation:  {[]LegalStatus{InactiveVoluntary}, always(Active)},
	Retirement:    {[]LegalStatus{Active}, always(Retired)},
	DeathRecorded: {anyLiving, always(Deceased)},
}

func without(states []LegalStatus, leave ...LegalStatus) []LegalStatus {
	return slices.DeleteFunc(slices.Clone(states), func(s LegalStatus) bool { return slices.Contains(leave, s) })
}

// endsAutomatic are the acts by which a board decides about a licence that the compact put
// on a status automatically (CD-2, CD-4). A reprimand or a condition decides nothing.
var endsAutomatic = []Action{Reinstatement, ProbationOrder, Suspension, SummarySuspension, Revocation, SurrenderInLieu}

// A fold is the state of one licence while orders are applied to it in turn.
type fold struct {
	base       LegalStatus // by the board's own acts
	conditions []Condition
	lapsed     LegalStatus // what base was before a lapse
	since      time.Time
	by         string
	overlays   []overlay
}

// An overlay is an automatic status of the compact over the board's own.
type overlay struct {
	status   LegalStatus // 11 or 12
	from     time.Time
	until    time.Time // zero for 12: it waits for the own board
	mirrored *LegalStatus
	order    *Order
}

// covering returns the overlay that shows at t: 12 before 11, and of several 11 the one that
// ends last (CD-6).
func (f *fold) covering(t time.Time) *overlay {
	var best *overlay
	for i := range f.overlays {
		o := &f.overlays[i]
		if !o.until.IsZero() && !t.Before(o.until) {
			continue
		}
		if best == nil || outranks(o, best) {
			best = o
		}
	}
	return best
}

// outranks orders overlays by what they do, and only then by their orders, so that the order
// in which they came to be known decides nothing.
func outranks(a, b *overlay) bool {
	if a.status != b.status {
		return a.status > b.status
	}
	if a.mirrored != nil && b.mirrored != nil && *a.mirrored != *b.mirrored {
		return severity(*a.mirrored) > severity(*b.mirrored)
	}
	if !a.until.Equal(b.until) {
		return a.until.After(b.until)
	}
	return compareOrders(*a.order, *b.order) < 0
}

// severity orders the statuses that are mirrored.
func severity(s LegalStatus) int {
	return slices.Index([]LegalStatus{SummarySuspended, Suspended, SurrenderedInLieu, Revoked}, s)
}

// apply applies a board's own act and returns "", or why its transition is refused.
func (f *fold) apply(o *Order) (refused string) {
	covered := f.covering(o.EffectiveAt) != nil && licensed(f.base)
	rule := transitions[o.Action]
	if !slices.Contains(rule.from, f.base) && !(covered && slices.Contains(endsAutomatic, o.Action)) {
		return f.shown(o.EffectiveAt).String() + " → " + string(o.Action)
	}
	f.setConditions(o)
	if rule.to == nil {
		return ""
	}
	to := rule.to(f)
	if o.Action == Reinstatement && !slices.Contains([]LegalStatus{Suspended, SummarySuspended}, f.base) {
		to = f.base // the automatic status ends, and the former one returns
	}
	if o.Action == FeeLapse {
		f.lapsed = f.base
	}
	if slices.Contains(endsAutomatic, o.Action) {
		f.overlays = nil
	}
	f.base, f.since, f.by = to, o.EffectiveAt, o.ID
	return ""
}

// setConditions takes over what o says about conditions.
func (f *fold) setConditions(o *Order) {
	switch o.Action {
	case Restriction, ConditionAdded, ProbationOrder, Grant:
		f.conditions = append(slices.Clone(f.conditions), o.Conditions...)
	case Modification:
		f.conditions = slices.Clone(o.Conditions)
	case ConditionRemoved:
		f.conditions = slices.DeleteFunc(slices.Clone(f.conditions), func(k Condition) bool {
			return slices.ContainsFunc(o.Conditions, func(gone Condition) bool { return gone.Code == k.Code })
		})
		if len(o.Conditions) == 0 { // all of them
			f.conditions = nil
		}
	case ReApplication:
		f.conditions = nil
	}
	sortConditions(f.conditions)
}

// automatic lays an automatic status over the own one.
func (f *fold) automatic(o *Order) {
	v := overlay{status: CompactAutoSuspended, from: o.EffectiveAt, until: o.EndsAt, order: o}
	if o.Mirrored != nil {
		v.status, v.until, v.mirrored = CompactMirroredEncumbered, time.Time{}, o.Mirrored
	}
	f.overlays = append(f.overlays, v)
}

// begin puts the fold in the state of a licence's first term. One that was issued while it was
// encumbered automatically waits for its own board, since nothing here says when that ends.
func begin(t LicenceTerm, since time.Time) *fold {
	f := &fold{base: t.Initial, lapsed: Active, conditions: slices.Clone(t.Conditions), since: since}
	if t.Initial == CompactAutoSuspended || t.Initial == CompactMirroredEncumbered {
		f.base = Active
		f.overlays = []overlay{{status: t.Initial, from: since, order: &Order{}}}
	}
	return f
}

// shown is the status at t before the end of the term is looked at.
func (f *fold) shown(t time.Time) LegalStatus {
	v := f.covering(t)
	switch {
	case v == nil, !licensed(f.base):
		return f.base
	case v.status == CompactAutoSuspended && (f.base == Suspended || f.base == SummarySuspended):
		return f.base // the board's own act says more than 90 days
	}
	return v.status
}
