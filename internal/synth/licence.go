package synth

import (
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A Licence is one licence of a physician.
type Licence struct {
	Board          int // index of World.Boards
	Type           licensure.LicenceType
	Number         string
	FirstIssued    licensure.Date
	Status         licensure.LegalStatus
	Conditions     []licensure.Condition
	Basis          licensure.Basis
	StatePrincipal bool
	renewal        renewal
}

// A renewal is when a licence's terms end: on the last day of month, in every year that
// leaves phase when divided by the years of the cycle.
type renewal struct {
	month        time.Month
	years, phase int
}

// term returns the first and last day of the term that day lies in.
func (r renewal) term(day time.Time) (start, end time.Time) {
	for year := day.Year(); ; year++ {
		if year%r.years != r.phase {
			continue
		}
		if end = lastOf(year, r.month); !end.Before(day) {
			return lastOf(year-r.years, r.month).AddDate(0, 0, 1), end
		}
	}
}

func lastOf(year int, month time.Month) time.Time {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
}

// renewalOf draws the end of terms for a licence of that board.
func renewalOf(d *draw, b Board) renewal {
	years := b.CycleMonths / 12
	return renewal{time.Month(d.between(1, 12)), years, d.below(years)}
}

func (w *World) makeLicences(p *Physician) {
	d := newDraw(w.seed, "licence", p.Index)
	n := licenceCounts[d.pick(licenceCountShares)].n
	home := d.pick(jurisdictionWeights)
	// Steps without a common factor with 56 visit every jurisdiction before one repeats.
	steps := [...]int{1, 3, 5, 9, 11, 13, 15, 17, 19, 23, 25, 27}
	step := steps[d.below(len(steps))]
	p.CompactLetter = n > 1 && w.jurisdictions[home].Principal && d.chance(shareLetter)

	p.Licences = make([]Licence, n)
	for k := range p.Licences {
		p.Licences[k] = w.licence(&d, p, k, (home+step*k)%jurisdictionCount)
	}
	if p.Disciplined {
		p.Licences[0].encumber(&d)
	}
}

// boardFor returns the index of the board of a jurisdiction that licenses holders of that
// degree.
func (w *World) boardFor(j int, degree licensure.DegreeKind) int {
	if degree == licensure.DO {
		return w.boardsOf[j][1]
	}
	return w.boardsOf[j][0]
}

func (w *World) licence(d *draw, p *Physician, k, jurisdiction int) Licence {
	l := Licence{
		Board:       w.boardFor(jurisdiction, p.Degree.Kind),
		Type:        licensure.FullLicence,
		FirstIssued: firstIssued(d, p, k),
		Basis:       licensure.Examination,
	}
	switch {
	case p.inTraining():
		l.Type = licensure.TrainingLicence
	case k >= 2 && d.chance(shareTelehealthExtra):
		l.Type = licensure.Telehealth
	case k == 0 && d.chance(shareLimitedLicence):
		l.Type = [...]licensure.LicenceType{licensure.LimitedLicence, licensure.Administrative, licensure.Volunteer}[d.below(3)]
	}
	switch {
	case k > 0 && p.CompactLetter && w.jurisdictions[jurisdiction].Compact && l.Type == licensure.FullLicence:
		l.Basis = licensure.BasisCompact
	case k > 0 || d.chance(shareBasisEndorsed):
		l.Basis = licensure.Endorsement
	}
	l.StatePrincipal = k == 0 && p.CompactLetter
	l.Number = w.boards[l.Board].Number(p.Index, l.Type)
	l.renewal = renewalOf(d, w.boards[l.Board])
	return l
}

// inTraining reports whether the first period of training is not over at Reference.
func (p *Physician) inTraining() bool {
	return yearOf(p.Trainings[0].End) > Reference.Year()
}

// firstIssued returns a day after the start of training, later for further licences.
func firstIssued(d *draw, p *Physician, k int) licensure.Date {
	year := yearOf(p.Trainings[0].Start) + 1
	if k > 0 {
		year += d.below(20)
	}
	if year > lastEvent {
		return civil(lastEvent, d.between(8, 12), d.between(1, 28))
	}
	return civil(year, d.between(1, 12), d.between(1, 28))
}

// encumber gives the licence of a physician with a history what is left of it: a third is
// under conditions, on probation or suspended.
func (l *Licence) encumber(d *draw) {
	switch d.pick([]int{68, 18, 12, 2}) {
	case 1:
		l.Status = licensure.ActiveWithConditions
		l.Conditions = []licensure.Condition{{
			Code:   "supervision",
			Text:   "Practises with a supervising physician named to the board.",
			Period: licensure.Period{From: civil(lastEvent, d.between(9, 12), d.between(1, 28))},
		}}
	case 2:
		l.Status = licensure.Probation
	case 3:
		l.Status = licensure.Suspended
	}
}
