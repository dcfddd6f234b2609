package synth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
)

const sample = 20_000

var (
	world = sync.OnceValue(func() *World { return New(1) })

	// ordinary are the first physicians without a hard case.
	ordinary = sync.OnceValue(func() []Physician {
		ps := make([]Physician, sample)
		for i := range ps {
			ps[i] = world().Physician(FirstOrdinary + i)
		}
		return ps
	})

	at = time.Date(2026, time.July, 15, 9, 30, 0, 0, time.UTC)
)

func TestWorld(t *testing.T) {
	w := world()
	count := map[string]int{
		"jurisdictions": len(w.Jurisdictions()), "boards": len(w.Boards()), "schools": len(w.Schools()),
		"programmes": len(w.Programmes()), "specialties": len(w.Specialties()), "specialty boards": len(w.SpecialtyBoards()),
	}
	names := map[string]bool{}
	for j, x := range w.Jurisdictions() {
		if x.Code != fmt.Sprintf("X%02d", j+1) {
			t.Errorf("jurisdiction %d has code %s", j, x.Code)
		}
		names[x.Name] = true
		if x.Compact {
			count["members"]++
		}
		if x.Principal {
			count["principals"]++
		}
		if x.Principal && !x.Compact {
			t.Errorf("%s is a principal state outside the compact", x.Code)
		}
	}
	for _, b := range w.Boards() {
		names[b.Name], names[b.ID] = true, true
		count[string(b.Kind)]++
		count[fmt.Sprint(b.CycleMonths, " months")]++
	}
	for _, s := range w.Schools() {
		names[s.Name], names[s.ID] = true, true
		count[string(s.Accreditor)]++
		if s.ClassSize < 40 || s.ClassSize > 250 {
			t.Errorf("%s has classes of %d", s.ID, s.ClassSize)
		}
		if (s.Country == homeCountry) != (s.Accreditor != licensure.WDOMS) {
			t.Errorf("%s, accredited by %s, lies in %s", s.ID, s.Accreditor, s.Country)
		}
	}
	codes := map[string]bool{}
	for _, p := range w.Programmes() {
		codes[p.ID] = true
		if p.Closed {
			count["closed programmes"]++
		}
	}
	for _, s := range w.Specialties() {
		codes[s.Taxonomy] = true
	}
	want := map[string]int{
		"jurisdictions": 56, "boards": 70, "schools": 2200, "programmes": 13_000, "specialties": 150, "specialty boards": 42,
		"members": 44, "principals": 40, "MD": 14, "DO": 14, "joint": 42, "12 months": 14, "24 months": 46, "36 months": 10,
		"LCME": 160, "COCA": 40, "WDOMS": 2000, "closed programmes": 130,
	}
	if !maps.Equal(count, want) {
		t.Errorf("got  %v\nwant %v", count, want)
	}
	if n := 56 + 2*70 + 2*2200; len(names) != n {
		t.Errorf("%d different names and ids, want %d", len(names), n)
	}
	if n := 13_000 + 150; len(codes) != n {
		t.Errorf("%d different codes, want %d", len(codes), n)
	}
}

// TestShares compares 20,000 physicians with section 14 of the domain design.
func TestShares(t *testing.T) {
	n := map[string]int{}
	count := func(what string, is bool) {
		if is {
			n[what]++
		}
	}
	var licences, trainings, under40, femaleUnder40, certified, finished int
	for _, p := range ordinary() {
		born := yearOf(p.Born)
		if born < 1940 || born > 2000 {
			t.Fatalf("physician %d is born in %d", p.Index, born)
		}
		if born > Reference.Year()-40 {
			under40++
			if p.Female {
				femaleUnder40++
			}
		}
		count("female", p.Female)
		count("DO", p.Degree.Kind == licensure.DO)
		count("foreign", p.ForeignGraduate)
		count("former name", len(p.Person.FormerNames) > 0)
		count("one licence", len(p.Licences) == 1)
		count("two licences", len(p.Licences) == 2)
		count("three licences or more", len(p.Licences) > 2)
		count("DEA", p.DEA != "")
		count("transitional only", p.Trainings[0].Level == licensure.InternshipTransitional)
		count("letter", p.CompactLetter)
		count("disciplined", p.Disciplined)
		if c := p.Certification; c != nil {
			certified++
			count("time-unlimited", c.TimeUnlimited)
			count("expired certificate", c.Expired)
		}
		if p.Trainings[0].End < "2026" {
			finished++
		}
		licences += len(p.Licences)
		trainings += len(p.Trainings)
	}
	for _, c := range []struct {
		what            string
		of              int
		want, tolerance float64 // per cent
	}{
		{"female", sample, 38, 1.5},
		{"DO", sample, 12, 1},
		{"foreign", sample, 23, 1},
		{"former name", sample, 22, 1},
		{"one licence", sample, 77, 1},
		{"two licences", sample, 16, 1},
		{"three licences or more", sample, 7, 0.7},
		{"DEA", sample, 90, 1},
		{"transitional only", sample, 1.5, 0.3},
		{"letter", sample, 2, 0.5},
		{"disciplined", sample, 5.5, 0.6},
		{"time-unlimited", certified, 9, 1.2},
		{"expired certificate", certified, 6, 0.9},
	} {
		share := 100 * float64(n[c.what]) / float64(c.of)
		t.Logf("%-24s %6.2f %%", c.what, share)
		if share < c.want-c.tolerance || share > c.want+c.tolerance {
			t.Errorf("%s: %.2f %%, want %.1f ± %.1f", c.what, share, c.want, c.tolerance)
		}
	}
	between := func(what string, got, low, high float64) {
		t.Logf("%-24s %6.2f", what, got)
		if got < low || got > high {
			t.Errorf("%s: %.3f, want %.2f to %.2f", what, got, low, high)
		}
	}
	between("licences each", float64(licences)/sample, 1.35, 1.45)
	between("trainings each", float64(trainings)/sample, 1.30, 1.40)
	between("female under 40, %", 100*float64(femaleUnder40)/float64(under40), 46, 54)
	between("certified, %", 100*float64(certified)/sample, 80.5, 83.5)
}

// TestNames: the styles of section 14 occur, and all names are text that a credential takes.
func TestNames(t *testing.T) {
	n := map[string]int{}
	scripts := map[string]*unicode.RangeTable{
		"Greek": unicode.Greek, "Cyrillic": unicode.Cyrillic, "Arabic": unicode.Arabic, "Hebrew": unicode.Hebrew,
		"Devanagari": unicode.Devanagari, "Hangul": unicode.Hangul, "Han": unicode.Han,
	}
	for _, p := range ordinary() {
		family := p.Person.FamilyName
		if !utf8.ValidString(family) || family == "" || strings.TrimSpace(family) != family || utf8.RuneCountInString(family) > longName {
			t.Fatalf("family name %q", family)
		}
		if (p.Person.GivenName == "") != p.Person.SingleName {
			t.Fatalf("physician %d: %+v", p.Index, p.Person)
		}
		for script, table := range scripts {
			if strings.ContainsFunc(family, func(r rune) bool { return unicode.Is(table, r) }) {
				n[script]++
			}
		}
		for what, is := range map[string]bool{
			"single": p.Person.SingleName, "hyphen": strings.Contains(family, "-"), "apostrophe": strings.ContainsAny(family, "'’"),
			"forty": utf8.RuneCountInString(family) == longName, "middle": p.Person.MiddleName != "", "suffix": p.Person.Suffix != "",
			"accent":     strings.ContainsFunc(family, func(r rune) bool { return r > 127 && unicode.Is(unicode.Latin, r) }),
			"two former": len(p.Person.FormerNames) == 2,
		} {
			if is {
				n[what]++
			}
		}
		for k, former := range p.Person.FormerNames {
			if k > 0 && former.Until < p.Person.FormerNames[k-1].Until {
				t.Fatalf("physician %d: former names out of order", p.Index)
			}
		}
	}
	for what, least := range map[string]int{
		"Greek": 100, "Cyrillic": 200, "Arabic": 150, "Hebrew": 80, "Devanagari": 100, "Hangul": 80, "Han": 80,
		"single": 50, "hyphen": 1000, "apostrophe": 500, "forty": 20, "accent": 2000, "middle": 8000, "suffix": 200, "two former": 200,
	} {
		if n[what] < least {
			t.Errorf("%s: %d, want %d or more", what, n[what], least)
		}
	}
}

// TestNumbers: shapes, check digits, and nothing twice.
func TestNumbers(t *testing.T) {
	w := world()
	npi := regexp.MustCompile(`^9[0-9]{9}$`)
	federation := regexp.MustCompile(`^9[0-9]{8}$`)
	dea := regexp.MustCompile(`^Z[A-Z][0-9]{7}$`)
	licence := regexp.MustCompile(`^(MD|L|PH-|[A-Z])?[0-9]{5,8}$`)
	seen := map[string]bool{}
	once := func(what, number string) {
		if key := what + " " + number; seen[key] {
			t.Errorf("%s twice", key)
		} else {
			seen[key] = true
		}
	}
	zeros, reused := 0, 0
	var others []string // licences of other types at boards that reuse numbers
	for i := range FirstOrdinary + sample {
		p := w.Physician(i)
		if !npi.MatchString(p.Person.NPI) || !licensure.CheckNPI(p.Person.NPI, true) || licensure.CheckNPI(p.Person.NPI, false) {
			t.Fatalf("NPI %s", p.Person.NPI)
		}
		if !federation.MatchString(p.Person.FederationID) {
			t.Fatalf("federation id %s", p.Person.FederationID)
		}
		if p.DEA != "" && (!dea.MatchString(p.DEA) || !licensure.CheckDEA(p.DEA)) {
			t.Fatalf("DEA-shaped %s", p.DEA)
		}
		once("npi", p.Person.NPI)
		once("federation", p.Person.FederationID)
		jurisdictions := map[string]bool{}
		for _, l := range p.Licences {
			board := w.boards[l.Board]
			if !licence.MatchString(l.Number) {
				t.Fatalf("licence number %q of %s", l.Number, board.ID)
			}
			once(board.ID+" "+string(l.Type), l.Number)
			if !board.ReusesNumbers {
				once(board.ID, l.Number)
			}
			if jurisdictions[board.Jurisdiction] {
				t.Errorf("physician %d has two licences of %s", i, board.Jurisdiction)
			}
			jurisdictions[board.Jurisdiction] = true
			if digits := strings.TrimLeft(l.Number, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-"); digits[0] == '0' {
				zeros++
			}
			if board.ReusesNumbers && l.Type != licensure.FullLicence {
				others = append(others, board.ID+" full "+l.Number)
			}
			if board.Kind == DOBoard != (p.Degree.Kind == licensure.DO) && board.Kind != JointBoard && i >= FirstOrdinary {
				t.Errorf("%s licenses a %s", board.ID, p.Degree.Kind)
			}
		}
	}
	for _, key := range others {
		if seen[key] {
			reused++
		}
	}
	if zeros < 500 || reused < 1 {
		t.Errorf("%d numbers with zeros in front, %d reused across types", zeros, reused)
	}
	if got := NPI(1); got != "9000000015" {
		t.Errorf("NPI(1) = %s", got)
	}
}

// TestNumbersOfAllIndices: the numbering of every board is one-to-one up to MaxPhysicians.
func TestNumbersOfAllIndices(t *testing.T) {
	for _, b := range world().Boards() {
		n := b.numbers
		if n.size < MaxPhysicians || gcd(n.a, n.size) != 1 {
			t.Errorf("%s: a=%d, size=%d", b.ID, n.a, n.size)
		}
		for _, x := range []uint64{0, 1, 77, n.size / 2, n.size - 1} {
			if image := (n.a*x + n.c) % n.size; n.ownerOf(image) != x {
				t.Errorf("%s: ownerOf(%d) = %d, want %d", b.ID, image, n.ownerOf(image), x)
			}
		}
		first, last := n.write(0), n.write(n.size-1)
		if len(first) != len(last) {
			t.Errorf("%s writes %q and %q", b.ID, first, last)
		}
	}
}

// TestCareers: nobody trains before the degree, is licensed before training or leaves a
// school that is closed.
func TestCareers(t *testing.T) {
	w := world()
	for i := range FirstOrdinary + sample {
		p := w.Physician(i)
		graduated := yearOf(p.Degree.Conferral)
		school := w.schools[p.Degree.School]
		switch {
		case school.Closed > 0 && school.Closed < graduated:
			t.Errorf("%d: %s closed in %d, degree of %d", i, school.ID, school.Closed, graduated)
		case graduated-yearOf(p.Born) < 24, graduated > lastEvent:
			t.Errorf("%d: born %s, degree %s", i, p.Born, p.Degree.Conferral)
		case yearOf(p.Trainings[0].Start) < graduated:
			t.Errorf("%d: degree %s, training from %s", i, p.Degree.Conferral, p.Trainings[0].Start)
		case (school.Accreditor == licensure.WDOMS) != p.ForeignGraduate:
			t.Errorf("%d: foreign %v, school %s", i, p.ForeignGraduate, school.Accreditor)
		}
		for _, l := range p.Licences {
			if l.FirstIssued < p.Trainings[0].Start || l.FirstIssued >= licensure.DateOf(Earliest) {
				t.Errorf("%d: training from %s, licensed %s", i, p.Trainings[0].Start, l.FirstIssued)
			}
		}
	}
}

func TestIndexOutOfRange(t *testing.T) {
	world().Physician(MaxPhysicians - 1)
	for _, i := range []int{-1, MaxPhysicians} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Physician(%d) returned", i)
				}
			}()
			world().Physician(i)
		}()
	}
}

// drafts returns all drafts of physician i.
func drafts(t testing.TB, w *World, i int, at time.Time) []map[string]any {
	t.Helper()
	var all []map[string]any
	keep := func(d map[string]any, err error) {
		if err != nil {
			t.Fatalf("physician %d: %v", i, err)
		}
		all = append(all, d)
	}
	keep(w.DegreeDraft(i, at))
	p := w.Physician(i)
	for k := range p.Trainings {
		keep(w.TrainingDraft(i, k, at))
	}
	for k := range p.Licences {
		keep(w.LicenceDraft(i, k, at))
	}
	keep(w.BoardLicenceDraft(i, w.Boards()[30], at))
	return all
}

func canonical(t testing.TB, ds []map[string]any) []byte {
	t.Helper()
	var b []byte
	for _, d := range ds {
		line, err := strictjson.Canonical(d)
		if err != nil {
			t.Fatal(err)
		}
		b = append(append(b, line...), '\n')
	}
	return b
}

// goldenIndices are all planted cases and a hundred ordinary physicians.
func goldenIndices() []int {
	var is []int
	for i := range 60 {
		is = append(is, i)
	}
	for i := range 100 {
		is = append(is, FirstOrdinary+i)
	}
	return is
}

// TestGolden holds the made-up people still: a change of this digest changes everybody's
// examples and belongs in the change log.
func TestGolden(t *testing.T) {
	h := sha256.New()
	n := 0
	for _, i := range goldenIndices() {
		ds := drafts(t, world(), i, at)
		n += len(ds)
		h.Write(canonical(t, ds))
	}
	const want = "277177983e2760f4aad7d3ed14ee6116f4ca6aff41ce7cbd14b9c5866d6f65dd"
	if got := hex.EncodeToString(h.Sum(nil)); got != want || n < 300 {
		t.Errorf("digest of %d drafts is %s, want %s", n, got, want)
	}
}

// TestParallelEqualsSerial makes the same people in four goroutines, backwards.
func TestParallelEqualsSerial(t *testing.T) {
	const n, workers = 2000, 4
	serial := make([]Physician, n)
	for i := range serial {
		serial[i] = world().Physician(i)
	}
	parallel := make([]Physician, n)
	other := New(1)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := n - 1 - k; i >= 0; i -= workers {
				parallel[i] = other.Physician(i)
			}
		})
	}
	wg.Wait()
	for i := range serial {
		if !reflect.DeepEqual(serial[i], parallel[i]) {
			t.Fatalf("physician %d differs", i)
		}
	}
}

func TestSeeds(t *testing.T) {
	a, b := world(), New(2)
	same := 0
	for i := FirstOrdinary; i < FirstOrdinary+200; i++ {
		if a.Physician(i).Name() == b.Physician(i).Name() {
			same++
		}
	}
	if same > 2 {
		t.Errorf("%d of 200 have the same name under another seed", same)
	}
}

// TestOtherSeeds: hard cases can be planted and drafts made in the world of every seed.
func TestOtherSeeds(t *testing.T) {
	for _, seed := range []uint64{0, 2, 3, 1 << 63, ^uint64(0)} {
		w := New(seed)
		for i := range 300 {
			drafts(t, w, i, at)
		}
	}
}

// TestDraftsThroughTime: whenever drafts are made, each licence is in a term that holds the
// day, and says made-up.
func TestDraftsThroughTime(t *testing.T) {
	w := world()
	for _, at := range []time.Time{
		Earliest,
		at,
		time.Date(2027, time.December, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2028, time.February, 29, 0, 0, 0, 0, time.UTC),
		time.Date(2031, time.March, 1, 12, 0, 0, 999, time.FixedZone("", 14*3600)),
		time.Date(2099, time.June, 30, 6, 0, 0, 0, time.UTC),
	} {
		today := at.UTC().Format(time.DateOnly)
		for _, i := range []int{3, 5, 6, 26, 30, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209} {
			for _, d := range drafts(t, w, i, at) {
				s := d["credentialSubject"].(map[string]any)
				if s["synthetic"] != true || d["validFrom"] != at.UTC().Format("2006-01-02T15:04:05Z") {
					t.Errorf("%v", d)
				}
				start, ok := s["currentTermStart"].(string)
				if !ok {
					continue
				}
				end := s["expiresOn"].(string)
				if start > today || end < today {
					t.Errorf("physician %d on %s: term from %s to %s", i, today, start, end)
				}
				until, err := time.Parse(time.RFC3339, d["validUntil"].(string))
				lastDay, _ := time.Parse(time.DateOnly, end)
				if err != nil || until.Sub(lastDay) != 36*time.Hour {
					t.Errorf("term ends %s, document %s", end, until)
				}
			}
		}
	}
	early := Earliest.Add(-time.Second)
	if _, err := w.DegreeDraft(200, early); err == nil {
		t.Error("a degree before Earliest")
	}
	if _, err := w.TrainingDraft(200, 0, early); err == nil {
		t.Error("a training before Earliest")
	}
	if _, err := w.LicenceDraft(200, 0, early); err == nil {
		t.Error("a licence before Earliest")
	}
	if _, err := w.BoardLicenceDraft(200, w.Boards()[0], early); err == nil {
		t.Error("a licence before Earliest")
	}
}

// TestTrainingUnderWay: a period that ends after the draft is not completed (PV-4).
func TestTrainingUnderWay(t *testing.T) {
	underWay := 0
	for _, p := range ordinary()[:3000] {
		for k, period := range p.Trainings {
			d, err := world().TrainingDraft(p.Index, k, at)
			if err != nil {
				t.Fatal(err)
			}
			s := d["credentialSubject"].(map[string]any)
			if over := string(period.End) < "2026-07-15"; s["completed"] != over || !over && s["boardEligible"] != false {
				t.Errorf("physician %d, until %s: completed %v", p.Index, period.End, s["completed"])
			}
			if s["completed"] == false {
				underWay++
			}
		}
	}
	if underWay < 30 {
		t.Errorf("only %d under way", underWay)
	}
}

// TestHolderDIDs: did:key of the key, another one for each relation and person.
func TestHolderDIDs(t *testing.T) {
	w := world()
	seen := map[string]bool{}
	for i := 200; i < 230; i++ {
		for _, relation := range []string{Federation, "X01-MD", "X31"} {
			did := w.HolderDID(i, relation)
			if seen[did] || did != w.HolderDID(i, relation) {
				t.Errorf("%s twice, or not the same twice", did)
			}
			seen[did] = true
			raw := base58.Decode(strings.TrimPrefix(did, "did:key:z"))
			if len(raw) != 34 || raw[0] != 0xed || raw[1] != 0x01 || !strings.HasPrefix(did, "did:key:z6Mk") {
				t.Fatalf("%s holds %x", did, raw)
			}
			signature := ed25519.Sign(w.HolderKey(i, relation), []byte("nonce"))
			if !ed25519.Verify(raw[2:], []byte("nonce"), signature) {
				t.Errorf("%s does not check its holder's signature", did)
			}
		}
	}
}

// TestDraftsAreSigned: each member of each kind of draft, hard cases included, leads to a
// statement under the contexts of what we issue.
func TestDraftsAreSigned(t *testing.T) {
	const url = "https://federation.example/context.jsonld"
	contexts, err := jsonld.Builtin().With(url, licensure.Context())
	if err != nil {
		t.Fatal(err)
	}
	leaves := map[string]int{}
	for _, i := range goldenIndices() {
		for _, d := range drafts(t, world(), i, at) {
			d["@context"] = []any{"https://www.w3.org/ns/credentials/v2", "https://w3id.org/security/data-integrity/v2", "https://w3id.org/blockcerts/v3.2", url}
			d["type"] = append([]any{"VerifiableCredential", "BlockcertsCredential"}, d["type"].([]any)...)
			d["id"] = fmt.Sprintf("urn:example:%d", i)
			res, err := jsonld.Canonicalize(d, jsonld.Options{Contexts: contexts, Mode: jsonld.Strict})
			if err != nil {
				t.Fatalf("physician %d: %v", i, err)
			}
			leaves[string(res.NQuads)]++
		}
	}
	if len(leaves) < 300 {
		t.Errorf("only %d different documents", len(leaves))
	}
}

func BenchmarkPhysician(b *testing.B) {
	w := world()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		w.Physician(FirstOrdinary + n%1_000_000)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "physicians/s")
}

func BenchmarkLicenceDraft(b *testing.B) {
	w := world()
	n := 0
	for b.Loop() {
		if _, err := w.LicenceDraft(FirstOrdinary+n%1_000_000, 0, at); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
