package synth

import (
	"fmt"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A Case is a hard case planted at a fixed index below FirstOrdinary, in the world of
// every seed. The physician is ordinary in everything that the case does not name.
type Case struct {
	Index int
	Name  string // stable bare words
	About string
	// Type is the credential that the case is about, and Standing what it is worth at
	// [World.CaseMoment] under a policy that takes a status of the same day.
	Type     string
	Standing licensure.StandingValue
}

// HardCase returns the case planted at index i, and false if physician i is ordinary.
func HardCase(i int) (Case, bool) {
	if i < 0 || i >= len(hardCases) {
		return Case{}, false
	}
	c := hardCases[i]
	return Case{i, c.name, c.about, c.of, c.standing}, true
}

// plant bends physician p into the hard case of its index, if there is one.
func (w *World) plant(p *Physician) {
	if p.Index < len(hardCases) {
		hardCases[p.Index].plant(w, p)
	}
}

type hardCase struct {
	name, about string
	of          string // type of the credential it is about
	standing    licensure.StandingValue
	plant       func(w *World, p *Physician)
}

// Types and standings of the table.
const (
	licenceCase  = licensure.TypeLicence
	degreeCase   = licensure.TypeMedicalDegree
	trainingCase = licensure.TypeGraduateTraining
	examCase     = licensure.TypeExamHistory
	letterCase   = licensure.TypeLetterOfQualification

	good    = licensure.InForce
	limited = licensure.InForceWithLimits
	ended   = licensure.NotInForce
	open    = licensure.UndeterminedStand
)

// hardCases is the table, in the order of indices: new cases go to its end, so that none
// moves. Where an ordinary case is limited, the physician's first licence is not a full one.
var hardCases = []hardCase{
	{"same-name-twin-a", "name, birthday, school and training of the next; only numbers and keys differ", licenceCase, good, twin},
	{"same-name-twin-b", "name, birthday, school and training of the one before", licenceCase, good, twin},
	{"licence-number-shared-a", "the licence number of the next, from another board", licenceCase, good, sharedNumber(0)},
	{"licence-number-shared-b", "the licence number of the one before, from another board", licenceCase, good, sharedNumber(1)},
	{"leap-day-birthday", "born on 29 February; the birth date stands in the credentials", degreeCase, good, leapDay},
	{"expiry-31-december", "the first licence's terms end with the year", licenceCase, good, termsEndIn(time.December)},
	{"expiry-end-of-february", "the first licence's terms end on 28 or 29 February", licenceCase, limited, termsEndIn(time.February)},
	{"combining-characters", "a name spelt with combining characters (NFD)", licenceCase, good, named("A\u030angstro\u0308len", "Ze\u0301lisc\u0327o")},
	{"precomposed-characters", "the name of the one before, in one character each (NFC)", licenceCase, good, named("\u00c5ngstr\u00f6len", "Z\u00e9lis\u00e7o")},
	{"family-name-40-characters", "as long as many forms allow", licenceCase, good, named("Wolthrandenbergimarolenstad-Quinandefall", "Ilo")},
	{"given-name-40-characters", "as long as many forms allow", licenceCase, good, named("Kelben", "Thraandeerilen Stelonafallen Plourivanes")},
	{"single-name", "one name only, said to be so", licenceCase, good, singleName},
	{"single-letter-name", "a family name of one letter", licenceCase, good, named("O", "Yarben")},
	{"apostrophe-typewriter", "a straight apostrophe", licenceCase, good, named("O'Dorilogan", "Marben")},
	{"apostrophe-printer", "the name of the one before with a curved apostrophe", licenceCase, good, named("O\u2019Dorilogan", "Marben")},
	{"right-to-left-name", "a script that runs from the right", licenceCase, good, named("سلمادين", "نوران")},
	{"joiner-in-name", "a zero-width non-joiner that belongs to the spelling", licenceCase, limited, named("نو\u200cدين", "راوش")},
	{"astral-plane-name", "a character outside the Basic Multilingual Plane", licenceCase, good, named("\U00020bb7野川", "岚")},
	{"look-alike-name", "Latin letters and one Cyrillic", licenceCase, good, named("K\u0435lhart", "Norben")},
	{"former-names-three", "three former names, oldest first", licenceCase, good, formerlyNamed},
	{"degree-year-only", "the school knows the year only", degreeCase, good, degreeDates(len("2006"))},
	{"degree-month-only", "the school knows the month only", degreeCase, good, degreeDates(len("2006-01"))},
	{"school-renamed", "the diploma shows the school's former name", degreeCase, good, schoolRenamed},
	{"school-closed", "the last class of a school that closed", degreeCase, good, schoolClosed},
	{"programme-closed", "a residency whose records the federation keeps", trainingCase, good, programmeClosed},
	{"training-transitional-only", "nothing but a transitional year", trainingCase, good, transitionalOnly},
	{"training-not-finished", "a residency that lasts until 2040", trainingCase, open, trainingNotFinished},
	{"two-boards-one-place-md", "licensed by the MD board of a place that has two", licenceCase, good, onBoard(0)},
	{"two-boards-one-place-do", "licensed by the DO board of the same place", licenceCase, good, onBoard(1)},
	{"leading-zeros", "a licence number that starts with three zeros", licenceCase, good, leadingZeros},
	{"fifty-licences", "licensed in fifty jurisdictions", licenceCase, good, fiftyLicences},
	{"status-active-with-conditions", "that legal status on the day of issue", licenceCase, limited, withStatus(licensure.ActiveWithConditions)},
	{"status-probation", "that legal status on the day of issue", licenceCase, limited, withStatus(licensure.Probation)},
	{"status-suspended", "that legal status on the day of issue", licenceCase, ended, withStatus(licensure.Suspended)},
	{"status-summary-suspended", "that legal status on the day of issue", licenceCase, ended, withStatus(licensure.SummarySuspended)},
	{"status-revoked", "that legal status on the day of issue", licenceCase, ended, withStatus(licensure.Revoked)},
	{"status-surrendered-in-lieu", "that legal status on the day of issue", licenceCase, ended, withStatus(licensure.SurrenderedInLieu)},
	{"status-inactive-voluntary", "that legal status on the day of issue", licenceCase, ended, withStatus(licensure.InactiveVoluntary)},
	{"status-retired", "that legal status on the day of issue", licenceCase, ended, withStatus(licensure.Retired)},
	{"order-on-the-day-of-expiry", "suspended on the last day of the term", licenceCase, ended, oneFullLicence},
	{"reinstatement-before-suspension-was-recorded", "reinstated by an order recorded before the suspension that it ends", licenceCase, good, oneFullLicence},
	{"suspension-not-yet-recorded", "suspended with effect from before, recorded after the decision", licenceCase, good, oneFullLicence},
	{"order-vacated", "suspended, and the order vacated later", licenceCase, good, oneFullLicence},
	{"vacation-vacated", "suspended, the order vacated, and the vacation vacated", licenceCase, ended, oneFullLicence},
	{"fee-lapse", "lapsed for a fee that was not paid, renewed late", licenceCase, good, oneFullLicence},
	{"reprimand-long-ago", "a reprimand of twenty years ago", licenceCase, good, oneFullLicence},
	{"attempts-three", "the last step passed at the third attempt", examCase, good, oneFullLicence},
	{"attempts-four", "the last step passed at the fourth attempt: a fact, though not for the compact", examCase, good, oneFullLicence},
	{"letter-day-365", "a letter of qualification on its last day", letterCase, good, oneFullLicence},
	{"letter-day-366", "a letter of qualification on the day after its last", letterCase, ended, oneFullLicence},
}

// relive gives p another birthday and the career that follows from it and d.
func (w *World) relive(p *Physician, born licensure.Date, d draw) {
	p.Born = born
	p.ForeignGraduate, p.Certification = false, nil
	w.makeDegree(&d, p, yearOf(born)+26)
	w.makeTrainings(&d, p, yearOf(born)+26)
	w.makeLicences(p)
}

func (w *World) reliveAlone(p *Physician, born licensure.Date) {
	w.relive(p, born, newDraw(w.seed, "another career", p.Index))
}

// rename gives p a name and no other ones.
func (p *Physician) rename(family, given string) {
	p.Person = licensure.Person{FamilyName: family, GivenName: given, NPI: p.Person.NPI, FederationID: p.Person.FederationID}
}

func named(family, given string) func(*World, *Physician) {
	return func(_ *World, p *Physician) { p.rename(family, given) }
}

func singleName(_ *World, p *Physician) {
	p.rename("Gwinolenhart", "")
	p.Person.SingleName = true
}

// twin draws the career of both from one stream.
func twin(w *World, p *Physician) {
	p.rename("Hallorben", "Selimar")
	w.relive(p, "1971-04-17", newDraw(w.seed, "twins", 0))
}

func leapDay(w *World, p *Physician) {
	w.reliveAlone(p, "1964-02-29")
	p.Person.BirthDate = p.Born
}

func formerlyNamed(w *World, p *Physician) {
	w.reliveAlone(p, "1960-05-05")
	p.rename("Osandrin", "Torilen")
	p.Person.FormerNames = []licensure.FormerName{
		{FamilyName: "Velkin", GivenName: "Torilen", Until: "1981-03-31"},
		{FamilyName: "Halstad", GivenName: "Torilen", Until: "1992-10-09"},
		{FamilyName: "Dormond-Halstad", GivenName: "Torilen", Until: "2010-01-02"},
	}
}

func degreeDates(length int) func(*World, *Physician) {
	return func(_ *World, p *Physician) {
		p.Degree.Matriculation = p.Degree.Matriculation[:length]
		p.Degree.Conferral = p.Degree.Conferral[:length]
	}
}

func schoolRenamed(w *World, p *Physician) {
	w.graduateOf(p, func(s School) int { return s.Renamed - 1 })
}

func schoolClosed(w *World, p *Physician) {
	w.graduateOf(p, func(s School) int { return s.Closed })
}

// graduateOf makes p a graduate of the first school for which year returns one, of that
// year.
func (w *World) graduateOf(p *Physician, year func(School) int) {
	for s, school := range w.schools {
		graduated := year(school)
		if graduated <= 0 {
			continue
		}
		w.reliveAlone(p, civil(graduated-26, 3, 3))
		months := p.Degree.Months
		p.Degree = Degree{s, licensure.MD, civil(graduated-months/12, 8, 20), civil(graduated, 6, 1), months}
		p.ForeignGraduate = school.Accreditor == licensure.WDOMS
		if school.Accreditor == licensure.COCA {
			p.Degree.Kind = licensure.DO
		}
		w.makeLicences(p)
		return
	}
	panic("synth: no such school") // 5 % of 2,200 are renamed or closed
}

func programmeClosed(w *World, p *Physician) {
	w.reliveAlone(p, "1968-08-08")
	p.Trainings, p.Certification = p.Trainings[:1], nil
	p.Trainings[0] = Training{w.closed[0], licensure.Residency, "1994-07-01", "1997-06-30", true}
}

func transitionalOnly(w *World, p *Physician) {
	w.reliveAlone(p, "1975-09-09")
	p.Trainings, p.Certification = p.Trainings[:1], nil
	t := &p.Trainings[0]
	t.Level, t.End, t.Eligible = licensure.InternshipTransitional, civil(yearOf(t.Start)+1, 6, 30), false
}

func trainingNotFinished(w *World, p *Physician) {
	w.reliveAlone(p, "1997-11-11")
	p.Trainings, p.Certification = p.Trainings[:1], nil
	t := &p.Trainings[0]
	t.Level, t.Start, t.End, t.Eligible = licensure.Residency, civil(lastEvent, 7, 1), "2040-06-30", true
	w.makeLicences(p)
}

func termsEndIn(month time.Month) func(*World, *Physician) {
	return func(_ *World, p *Physician) { p.Licences[0].renewal.month = month }
}

// only leaves p one full licence, from board b.
func (w *World) only(p *Physician, b int, number string) {
	board := w.boards[b]
	l := p.Licences[0]
	p.CompactLetter = false
	p.Licences = []Licence{{
		Board:       b,
		Type:        licensure.FullLicence,
		Number:      number,
		FirstIssued: l.FirstIssued,
		Basis:       licensure.Examination,
		renewal:     renewal{month: l.renewal.month, years: board.CycleMonths / 12},
	}}
}

// oneFullLicence leaves p one full licence of an ordinary career, and no more.
func oneFullLicence(w *World, p *Physician) {
	w.reliveAlone(p, "1962-02-02")
	b := p.Licences[0].Board
	w.only(p, b, w.boards[b].Number(p.Index, licensure.FullLicence))
}

func onBoard(b int) func(*World, *Physician) {
	return func(w *World, p *Physician) {
		w.only(p, b, w.boards[b].Number(p.Index, licensure.FullLicence))
	}
}

// sharedNumber gives the physicians the same number, which no other physician has at
// either board.
func sharedNumber(which int) func(*World, *Physician) {
	return func(w *World, p *Physician) {
		boards := w.twinBoards()
		a, b := w.boards[boards[0]].numbers, w.boards[boards[1]].numbers
		for x := uint64(1_000_000); ; x++ {
			if a.spare(x) && b.spare(x) {
				w.only(p, boards[which], a.write(x))
				return
			}
		}
	}
}

// twinBoards returns two boards of different jurisdictions that write numbers alike. There
// are more boards with seven digits than prefixes, so two exist.
func (w *World) twinBoards() [2]int {
	first := map[string]int{}
	for b, board := range w.boards {
		if board.numbers.digits != sevenDigits {
			continue
		}
		if a, ok := first[board.numbers.prefix]; ok {
			return [2]int{a, b}
		}
		first[board.numbers.prefix] = b
	}
	panic(fmt.Sprintf("synth: %d boards and no two alike", len(w.boards)))
}

func leadingZeros(w *World, p *Physician) {
	for b, board := range w.boards {
		if board.numbers.digits != sevenDigits || board.Kind != JointBoard {
			continue
		}
		for x := uint64(1); ; x++ {
			if board.numbers.spare(x) {
				w.only(p, b, board.numbers.write(x))
				return
			}
		}
	}
}

func fiftyLicences(w *World, p *Physician) {
	w.reliveAlone(p, "1966-06-06")
	p.CompactLetter = false
	d := newDraw(w.seed, "fifty", p.Index)
	p.Licences = make([]Licence, 50)
	for k := range p.Licences {
		p.Licences[k] = w.licence(&d, p, k, k)
	}
}

func withStatus(s licensure.LegalStatus) func(*World, *Physician) {
	return func(w *World, p *Physician) {
		l := &p.Licences[0]
		l.Type, l.Status, l.Conditions = licensure.FullLicence, s, nil
		l.Number = w.boards[l.Board].Number(p.Index, l.Type)
		if s == licensure.ActiveWithConditions {
			l.Conditions = []licensure.Condition{{
				Code:   "chaperone",
				Text:   "Sees patients in the presence of a third person.",
				Period: licensure.Period{From: "2025-09-01", Until: "2035-08-31"},
			}}
		}
	}
}
