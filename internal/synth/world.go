package synth

import (
	"fmt"

	"github.com/certanchor/certanchor/licensure"
)

// Size of the made-up world (domain design, section 14).
const (
	// MaxPhysicians bounds the index of a physician: the shortest licence numbers, a
	// letter of twenty and five digits, are unique for that many.
	MaxPhysicians = 2_000_000
	// FirstOrdinary is the first index that no hard case is planted at.
	FirstOrdinary = 200

	jurisdictionCount = 56
	splitCount        = 14 // jurisdictions with an MD and a DO board
	memberCount       = 44
	principalCount    = 40
	lcmeCount         = 160
	cocaCount         = 40
	foreignCount      = 2000
	countryCount      = 165
	programmeCount    = 13_000
	sponsorCount      = 900
	abmsCount         = 24
	aoaCount          = 18

	homeCountry = "XAA"
)

// A World holds the tables that people refer to. It is immutable and safe for concurrent
// use. Slices returned by its methods must not be written to.
type World struct {
	seed            uint64
	jurisdictions   []Jurisdiction
	boards          []Board
	boardsOf        [jurisdictionCount][2]int // board for MDs and for DOs, by jurisdiction
	schools         []School
	programmes      []Programme
	closed          []int // indices of closed programmes
	specialties     []Specialty
	specialtyBoards []SpecialtyBoard
}

// A Jurisdiction licenses physicians.
type Jurisdiction struct {
	Code      string // X01 to X56
	Name      string
	Compact   bool // member of the compact
	Principal bool // may act as state of principal licence
}

// A School gives medical degrees.
type School struct {
	ID         string
	Name       string
	Former     string // the name before Renamed; empty if it has only had one
	Renamed    int    // first year of Name; 0 if never renamed
	Closed     int    // last year of conferral; 0 if open
	Country    string
	Language   string // of the diploma
	Accreditor licensure.Accreditor
	ClassSize  int
}

// NameIn returns the name on diplomas of that year.
func (s School) NameIn(year int) string {
	if year < s.Renamed {
		return s.Former
	}
	return s.Name
}

// A Programme trains physicians.
type Programme struct {
	ID         string
	Sponsor    string
	Accreditor licensure.Accreditor
	Specialty  int // index of World.Specialties
	Closed     bool
}

// A Specialty is a field of medicine. The first of five is general, the others rest on it.
type Specialty struct {
	Name     string
	Taxonomy string // NUCC-shaped
	Base     int    // index of the general specialty
}

// A SpecialtyBoard certifies specialists.
type SpecialtyBoard struct {
	Name   string
	Family string // "ABMS" or "AOA-BOS", after the shape of the real families
}

// New returns the world of a seed. It takes some milliseconds.
func New(seed uint64) *World {
	w := &World{seed: seed}
	w.makeJurisdictions()
	w.makeSchools()
	w.makeSpecialties()
	w.makeProgrammes()
	return w
}

// Jurisdictions returns all, in the order of their codes.
func (w *World) Jurisdictions() []Jurisdiction { return w.jurisdictions }

// Boards returns the 70 state boards, in the order of their jurisdictions.
func (w *World) Boards() []Board { return w.boards }

// Schools returns those of the country's two accreditors, then foreign ones.
func (w *World) Schools() []School { return w.schools }

// Programmes returns all training programmes.
func (w *World) Programmes() []Programme { return w.programmes }

// Specialties returns all specialties.
func (w *World) Specialties() []Specialty { return w.specialties }

// SpecialtyBoards returns the 24 of one family, then the 18 of the other.
func (w *World) SpecialtyBoards() []SpecialtyBoard { return w.specialtyBoards }

var placeNames = [jurisdictionCount]string{
	"Alderfen", "Brackmoor", "Caldwyn", "Dunmarrow", "Elvenholt", "Fennmark", "Garrowdale", "Hollinmere",
	"Ilmarsh", "Jorvale", "Keldrith", "Larkenfell", "Merrowick", "Northolm", "Oxtarn", "Pellamoor",
	"Quillhaven", "Ravensike", "Selwater", "Tarnbeck", "Umberlin", "Varnholt", "Wexmere", "Yarrowby",
	"Zellenford", "Ashenmoor", "Birkenthal", "Crannagh", "Drovemark", "Elderwick", "Farrowmere", "Grimsholt",
	"Harrowfen", "Isenvale", "Jasperholm", "Kestrelby", "Lindermark", "Mossgarth", "Netherwyn", "Ostermoor",
	"Pinnarch", "Querndale", "Rushenfell", "Stonnarth", "Thistlemark", "Ullenford", "Vesperholt", "Wickenmoor",
	"Yewmarsh", "Zephrin", "Amberlock", "Bramblefirth", "Copperwyn", "Duskenvale", "Emberholt", "Frostermere",
}

// jurisdictionWeights are shares of physicians: a few large places and many small ones.
var jurisdictionWeights = func() []int {
	weights := make([]int, jurisdictionCount)
	for j := range weights {
		weights[j] = 1200 / (j%28 + 4)
	}
	return weights
}()

func (w *World) makeJurisdictions() {
	order := newDraw(w.seed, "compact", 0)
	rank := shuffled(&order, jurisdictionCount)
	for j, place := range placeNames {
		title := "State of "
		switch {
		case j%14 == 0:
			title = "Commonwealth of "
		case j >= 51:
			title = "Territory of "
		}
		w.jurisdictions = append(w.jurisdictions, Jurisdiction{
			Code:      fmt.Sprintf("X%02d", j+1),
			Name:      title + place,
			Compact:   rank[j] < memberCount,
			Principal: rank[j] < principalCount,
		})
	}
	cycles := newDraw(w.seed, "cycle", 0)
	cycle := shuffled(&cycles, jurisdictionCount+splitCount)
	for j := range w.jurisdictions {
		kinds := []BoardKind{JointBoard}
		if j < splitCount {
			kinds = []BoardKind{MDBoard, DOBoard}
		}
		for k, kind := range kinds {
			b := len(w.boards)
			w.boards = append(w.boards, w.newBoard(w.jurisdictions[j], placeNames[j], kind, b, cycle[b]))
			w.boardsOf[j][k] = b
		}
		if j >= splitCount {
			w.boardsOf[j][1] = w.boardsOf[j][0]
		}
	}
}

// shuffled returns the numbers below n in random order.
func shuffled(d *draw, n int) []int {
	order := make([]int, n)
	for i := range order {
		j := d.below(i + 1)
		order[i], order[j] = order[j], i
	}
	return order
}

var schoolLanguages = []string{"en", "es", "fr", "pt", "ar", "ru", "zh", "hi", "de", "pl", "ko", "he"}

func (w *World) makeSchools() {
	taken := map[string]bool{}
	kinds := []struct {
		n          int
		accreditor licensure.Accreditor
		titles     []string
	}{
		{lcmeCount, licensure.LCME, []string{"%s University School of Medicine", "%s Medical College", "University of %s College of Medicine"}},
		{cocaCount, licensure.COCA, []string{"%s College of Osteopathic Medicine", "%s University School of Osteopathic Medicine"}},
		{foreignCount, licensure.WDOMS, []string{"%s State Medical Institute", "Faculty of Medicine, University of %s", "%s Academy of Medical Sciences", "Royal College of Medicine of %s"}},
	}
	for _, kind := range kinds {
		for range kind.n {
			s := len(w.schools)
			d := newDraw(w.seed, "school", s)
			school := School{
				ID:         fmt.Sprintf("XS%05d", s+1),
				Name:       uniquePlace(&d, taken, d.of(kind.titles)),
				Country:    homeCountry,
				Language:   "en",
				Accreditor: kind.accreditor,
				ClassSize:  d.between(40, 250),
			}
			if kind.accreditor == licensure.WDOMS {
				c := d.below(countryCount) + 1
				school.Country = "X" + string(rune('A'+c/26)) + string(rune('A'+c%26))
				school.Language = schoolLanguages[c%len(schoolLanguages)]
			}
			switch {
			case d.chance(300):
				school.Renamed = d.between(1975, 2020)
				school.Former = uniquePlace(&d, taken, d.of(kind.titles))
			case d.chance(200):
				school.Closed = d.between(1980, 2022)
			}
			w.schools = append(w.schools, school)
		}
	}
}

// uniquePlace fills format with an invented place until the result is new.
func uniquePlace(d *draw, taken map[string]bool, format string) string {
	for {
		name := fmt.Sprintf(format, plain.word(d, 2))
		if !taken[name] {
			taken[name] = true
			return name
		}
	}
}

// Names of fields of medicine are common words, not anybody's.
var (
	generalSpecialties = []string{
		"Internal Medicine", "Family Medicine", "Paediatrics", "Surgery", "Obstetrics and Gynaecology", "Psychiatry",
		"Anaesthesiology", "Emergency Medicine", "Radiology", "Pathology", "Neurology", "Dermatology", "Ophthalmology",
		"Otolaryngology", "Orthopaedic Surgery", "Urology", "Neurological Surgery", "Plastic Surgery", "Thoracic Surgery",
		"Colon and Rectal Surgery", "Physical Medicine", "Preventive Medicine", "Nuclear Medicine", "Medical Genetics",
		"Allergy and Immunology", "Radiation Oncology", "Vascular Surgery", "Sleep Medicine", "Proctology", "Manipulative Medicine",
	}
	specialFields = []string{"", " (critical care)", " (oncology)", " (palliative care)", " (sports medicine)"}
)

func (w *World) makeSpecialties() {
	for g, general := range generalSpecialties {
		for f, field := range specialFields {
			w.specialties = append(w.specialties, Specialty{
				Name:     general + field,
				Taxonomy: fmt.Sprintf("9%03dR%02d00X", g+1, f),
				Base:     g * len(specialFields),
			})
		}
	}
	for b := range abmsCount {
		w.specialtyBoards = append(w.specialtyBoards, SpecialtyBoard{"Crossmarch Board of " + generalSpecialties[b], "ABMS"})
	}
	for b := range aoaCount {
		w.specialtyBoards = append(w.specialtyBoards, SpecialtyBoard{"Crossmarch Osteopathic Board of " + generalSpecialties[b], "AOA-BOS"})
	}
}

func (w *World) makeProgrammes() {
	taken := map[string]bool{}
	titles := []string{"%s General Hospital", "%s Medical Center", "%s University Hospitals", "%s Regional Health", "St. %s Hospital", "%s Children's Hospital"}
	sponsors := make([]string, sponsorCount)
	for s := range sponsors {
		d := newDraw(w.seed, "sponsor", s)
		sponsors[s] = uniquePlace(&d, taken, d.of(titles))
	}
	w.programmes = make([]Programme, programmeCount)
	for p := range w.programmes {
		d := newDraw(w.seed, "programme", p)
		accreditor := licensure.ACGME
		if d.chance(800) {
			accreditor = licensure.AOA
		}
		// Neighbours share a specialty, so that a programme of a given one is found by
		// arithmetic: see programmeOf.
		specialty := p % len(w.specialties)
		w.programmes[p] = Programme{
			ID:         fmt.Sprintf("9%09d", p*7+1),
			Sponsor:    d.of(sponsors),
			Accreditor: accreditor,
			Specialty:  specialty,
			Closed:     p%100 == 37, // 1 %
		}
		if w.programmes[p].Closed {
			w.closed = append(w.closed, p)
		}
	}
}

// programmeOf returns the index of a programme of that specialty.
func (w *World) programmeOf(d *draw, specialty int) int {
	n := len(w.specialties)
	of := (programmeCount - specialty + n - 1) / n
	return specialty + n*d.below(of)
}
