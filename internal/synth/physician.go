package synth

import (
	"fmt"
	"strconv"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A Physician is a made-up person with a made-up career, as it stands at [Reference].
type Physician struct {
	Index           int
	Person          licensure.Person // without birth date and year, which credentials need not tell
	Female          bool
	Born            licensure.Date
	DEA             string // DEA-shaped; empty for the tenth without
	ForeignGraduate bool
	Degree          Degree
	Trainings       []Training // one or two, in order
	Certification   *Certification
	Licences        []Licence // the first is the principal one
	CompactLetter   bool      // ever had a letter of qualification
	Disciplined     bool      // ever
}

// A Degree is the medical degree of a physician.
type Degree struct {
	School        int // index of World.Schools
	Kind          licensure.DegreeKind
	Matriculation licensure.Date // may lack day, or month and day
	Conferral     licensure.Date // likewise
	Months        int            // length of the programme
}

// A Training is a period of graduate training.
type Training struct {
	Programme  int // index of World.Programmes
	Level      licensure.TrainingLevel
	Start, End licensure.Date
	Eligible   bool // leads to board eligibility
}

// A Certification is that of a specialty board.
type Certification struct {
	Board         int // index of World.SpecialtyBoards
	Specialty     int // index of World.Specialties
	Initial       int // year
	TimeUnlimited bool
	Expired       bool
}

// Reference is the day up to which careers are told.
var Reference = time.Date(2026, time.June, 30, 0, 0, 0, 0, time.UTC)

// lastEvent is the last year in which anybody graduates, starts training or is licensed.
const lastEvent = 2025

// Shares of the domain design, section 14, in 1 of 10,000 unless said otherwise.
const (
	shareFemaleYoung     = 5000 // born 1987 or later
	shareFemaleOld       = 3600 // gives 38 % of all
	shareFormerFemale    = 4000
	shareFormerMale      = 1097 // with the above, 22 % of all
	shareSingleName      = 50
	shareMiddleName      = 5500
	shareSuffix          = 200
	shareDEA             = 9000
	shareForeign         = 2300
	shareOsteopathic     = 1558 // of the others: 12 % of all
	shareTransitional    = 150
	shareFellowship      = 3900 // of those with a finished residency
	shareCertified       = 8690 // of those with a finished residency
	shareExpiredCert     = 600
	shareUnlimited       = 4350 // of those certified up to 1990
	shareDisciplined     = 550
	shareLetter          = 1290 // of those with two licences and a principal state
	shareBasisEndorsed   = 2000
	shareLimitedLicence  = 300
	shareTelehealthExtra = 4000 // of third and further licences
)

// Births by decade from 1940; the last decade is 1990 to 2000.
var birthDecades = []int{5, 17, 24, 26, 21, 7}

// licenceCounts holds the share of physicians with that many licences, in 1 of 100,000: 1:
// 77 %, 2: 16 %, three and more: 7 % with a tail to 50; about 1.4 each.
var licenceCounts = []struct{ n, share int }{
	{1, 77_000}, {2, 16_000}, {3, 3640}, {4, 1470}, {5, 700}, {6, 385}, {7, 245}, {8, 168}, {9, 112},
	{10, 84}, {12, 70}, {15, 56}, {20, 35}, {30, 21}, {50, 14},
}

var licenceCountShares = func() []int {
	shares := make([]int, len(licenceCounts))
	for i, c := range licenceCounts {
		shares[i] = c.share
	}
	return shares
}()

// Physician returns physician i. It panics unless 0 <= i < MaxPhysicians.
func (w *World) Physician(i int) Physician {
	checkIndex(i)
	p := Physician{Index: i}
	w.makePerson(&p)
	w.makeCareer(&p)
	w.makeLicences(&p)
	if i < FirstOrdinary {
		w.plant(&p)
	}
	return p
}

func checkIndex(i int) {
	if i < 0 || i >= MaxPhysicians {
		panic("synth: index of a physician out of range: " + strconv.Itoa(i))
	}
}

// NPI returns the provider number of physician i: 9, the index, the check digit.
func NPI(i int) string {
	checkIndex(i)
	payload := numbered('9', 8, i)
	return payload + string(rune(licensure.NPICheckDigit(payload)))
}

// numbered returns first and n digits of i, zeros in front.
func numbered(first byte, n, i int) string {
	b := make([]byte, n+1)
	for k := n; k > 0; k-- {
		b[k] = byte('0' + i%10)
		i /= 10
	}
	b[0] = first
	return string(b)
}

func (w *World) makePerson(p *Physician) {
	d := newDraw(w.seed, "person", p.Index)
	born := birthYear(&d)
	p.Born = civil(born, d.between(1, 12), d.between(1, 28))
	female := shareFemaleOld
	if born >= 1987 {
		female = shareFemaleYoung
	}
	p.Female = d.chance(female)

	family, given := aName(&d)
	p.Person = licensure.Person{
		FamilyName:   family,
		GivenName:    given,
		NPI:          NPI(p.Index),
		FederationID: numbered('9', 8, (p.Index*7919+13)%100_000_000), // 7919 is prime to 10: one-to-one
	}
	p.DEA = deaNumber(&d, p)
	if d.chance(shareSingleName) {
		p.Person.GivenName, p.Person.SingleName = "", true
		return
	}
	if d.chance(shareMiddleName) {
		p.Person.MiddleName = plain.word(&d, 0)
	}
	if d.chance(shareSuffix) {
		p.Person.Suffix = d.of([]string{"Jr.", "Sr.", "II", "III", "IV"})
	}
	former := shareFormerMale
	if p.Female {
		former = shareFormerFemale
	}
	if d.chance(former) {
		p.Person.FormerNames = formerNames(&d, born, given)
	}
}

func birthYear(d *draw) int {
	decade := d.pick(birthDecades)
	first, years := 1940+10*decade, 10
	if decade == len(birthDecades)-1 {
		years = 11
	}
	return first + d.below(years)
}

// formerNames returns one former family name, or two, oldest first.
func formerNames(d *draw, born int, given string) []licensure.FormerName {
	n := 1
	if d.chance(1000) {
		n = 2
	}
	names := make([]licensure.FormerName, n)
	year := born + 19
	for k := range names {
		year = min(year+d.between(1, 12), lastEvent)
		family, _ := aName(d)
		names[k] = licensure.FormerName{FamilyName: family, GivenName: given, Until: civil(year, d.between(1, 12), d.between(1, 28))}
	}
	if n == 2 && names[1].Until < names[0].Until {
		names[0].Until, names[1].Until = names[1].Until, names[0].Until
	}
	return names
}

// deaNumber returns a DEA-shaped number for nine in ten: Z, the initial of the family name
// where it is a letter from A to Z, six digits and the check digit.
func deaNumber(d *draw, p *Physician) string {
	if !d.chance(shareDEA) {
		return ""
	}
	initial := p.Person.FamilyName[0]
	if initial < 'A' || initial > 'Z' {
		initial = 'X'
	}
	digits := numbered('0', 6, (p.Index*7+1)%1_000_000)[1:]
	return "Z" + string(rune(initial)) + digits + string(rune(licensure.DEACheckDigit(digits)))
}

func civil(year, month, day int) licensure.Date {
	b := make([]byte, 0, len(time.DateOnly))
	b = strconv.AppendInt(b, int64(year), 10)
	for _, n := range [2]int{month, day} {
		b = append(b, '-', byte('0'+n/10), byte('0'+n%10))
	}
	return licensure.Date(b)
}

func yearOf(d licensure.Date) int {
	y, _ := strconv.Atoi(string(d[:4]))
	return y
}

func (w *World) makeCareer(p *Physician) {
	d := newDraw(w.seed, "career", p.Index)
	graduated := min(yearOf(p.Born)+d.between(25, 29), lastEvent)
	p.ForeignGraduate = d.chance(shareForeign)
	w.makeDegree(&d, p, graduated)
	w.makeTrainings(&d, p, graduated)
	p.Disciplined = d.chance(shareDisciplined)
}

var foreignDegrees = []licensure.DegreeKind{licensure.MBBS, licensure.MD, licensure.MDEquivalent, licensure.MBChB}

func (w *World) makeDegree(d *draw, p *Physician, graduated int) {
	first, n, kind, months := 0, lcmeCount, licensure.MD, 48
	switch {
	case p.ForeignGraduate:
		first, n, months = lcmeCount+cocaCount, foreignCount, 72
		kind = foreignDegrees[d.pick([]int{50, 25, 13, 12})]
	case d.chance(shareOsteopathic):
		first, n, kind = lcmeCount, cocaCount, licensure.DO
	}
	p.Degree = Degree{
		School:        w.schoolOpenIn(d, first, n, graduated),
		Kind:          kind,
		Matriculation: civil(graduated-months/12, 8, d.between(1, 28)),
		Conferral:     civil(graduated, d.between(5, 6), d.between(1, 28)),
		Months:        months,
	}
	if p.ForeignGraduate && d.chance(1500) { // old foreign records often lack the day
		p.Degree.Matriculation = p.Degree.Matriculation[:7]
		p.Degree.Conferral = p.Degree.Conferral[:7]
	}
}

// schoolOpenIn returns one of n schools from first on that gave degrees in that year, a
// school of twice the class size twice as likely.
func (w *World) schoolOpenIn(d *draw, first, n, year int) int {
	for {
		s := first + d.below(n)
		school := &w.schools[s]
		open := school.Closed == 0 || school.Closed >= year
		if open && d.below(250) < school.ClassSize {
			return s
		}
	}
}

func (w *World) makeTrainings(d *draw, p *Physician, graduated int) {
	start := graduated
	if p.ForeignGraduate {
		start = min(start+d.below(4), lastEvent)
	}
	if d.chance(shareTransitional) {
		p.Trainings = []Training{w.training(d, licensure.InternshipTransitional, 0, start, 1)}
		return
	}
	general := d.below(len(generalSpecialties)) * len(specialFields)
	years := 3 + general/len(specialFields)%4
	p.Trainings = append(make([]Training, 0, 2), w.training(d, licensure.Residency, general, start, years))
	end := start + years
	if end > lastEvent {
		return
	}
	specialty := general
	if end < lastEvent && d.chance(shareFellowship) {
		specialty = general + d.between(1, len(specialFields)-1)
		p.Trainings = append(p.Trainings, w.training(d, licensure.Fellowship, specialty, end, d.between(1, 2)))
	}
	w.certify(d, p, general, specialty, end)
}

// training returns a period of whole years from 1 July to 30 June.
func (w *World) training(d *draw, level licensure.TrainingLevel, specialty, start, years int) Training {
	return Training{
		Programme: w.programmeOf(d, specialty),
		Level:     level,
		Start:     civil(start, 7, 1),
		End:       civil(start+years, 6, 30),
		Eligible:  level == licensure.Residency || level == licensure.Fellowship,
	}
}

func (w *World) certify(d *draw, p *Physician, general, specialty, end int) {
	if !d.chance(shareCertified) {
		return
	}
	c := Certification{Specialty: specialty, Initial: min(end+d.below(3), lastEvent)}
	base := general / len(specialFields)
	c.Board = base % abmsCount
	if p.Degree.Kind == licensure.DO {
		c.Board = abmsCount + base%aoaCount
	}
	c.TimeUnlimited = c.Initial <= 1990 && d.chance(shareUnlimited)
	c.Expired = !c.TimeUnlimited && d.chance(shareExpiredCert)
	p.Certification = &c
}

// Name returns the names of p as one line, for people.
func (p Physician) Name() string {
	if p.Person.SingleName {
		return p.Person.FamilyName
	}
	return fmt.Sprintf("%s %s", p.Person.GivenName, p.Person.FamilyName)
}
