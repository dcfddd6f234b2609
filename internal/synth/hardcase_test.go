package synth

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/certanchor/certanchor/licensure"
)

// planted finds a hard case by name.
func planted(t *testing.T, name string) Physician {
	t.Helper()
	for i := range FirstOrdinary {
		if c, ok := HardCase(i); ok && c.Name == name {
			return world().Physician(i)
		}
	}
	t.Fatalf("no hard case %q", name)
	return Physician{}
}

func TestHardCaseTable(t *testing.T) {
	names := map[string]bool{}
	n := 0
	for i := -1; i <= FirstOrdinary; i++ {
		c, ok := HardCase(i)
		if !ok {
			continue
		}
		n++
		if c.Index != i || names[c.Name] || c.Name == "" || c.About == "" {
			t.Errorf("case %d: %+v", i, c)
		}
		names[c.Name] = true
	}
	if n != 50 {
		t.Errorf("%d cases", n)
	}
}

func TestTwins(t *testing.T) {
	a, b := planted(t, "same-name-twin-a"), planted(t, "same-name-twin-b")
	if a.Name() != b.Name() || a.Born != b.Born || a.Degree != b.Degree || a.Trainings[0] != b.Trainings[0] {
		t.Errorf("not alike:\n%+v\n%+v", a, b)
	}
	if a.Person.NPI == b.Person.NPI || a.Person.FederationID == b.Person.FederationID || a.Licences[0].Number == b.Licences[0].Number ||
		world().HolderDID(a.Index, Federation) == world().HolderDID(b.Index, Federation) {
		t.Error("the twins cannot be told apart")
	}
}

func TestSharedNumber(t *testing.T) {
	a, b := planted(t, "licence-number-shared-a"), planted(t, "licence-number-shared-b")
	x, y := world().boards[a.Licences[0].Board], world().boards[b.Licences[0].Board]
	if a.Licences[0].Number != b.Licences[0].Number || x.Jurisdiction == y.Jurisdiction {
		t.Errorf("%s of %s and %s of %s", a.Licences[0].Number, x.ID, b.Licences[0].Number, y.ID)
	}
}

func TestPlantedNames(t *testing.T) {
	nfd, nfc := planted(t, "combining-characters").Person, planted(t, "precomposed-characters").Person
	composed := strings.NewReplacer("A\u030a", "\u00c5", "o\u0308", "\u00f6", "e\u0301", "\u00e9", "c\u0327", "\u00e7")
	if nfd.FamilyName == nfc.FamilyName || composed.Replace(nfd.FamilyName) != nfc.FamilyName || composed.Replace(nfd.GivenName) != nfc.GivenName {
		t.Errorf("%+q and %+q", nfd.FamilyName, nfc.FamilyName)
	}
	if n := utf8.RuneCountInString(planted(t, "family-name-40-characters").Person.FamilyName); n != 40 {
		t.Errorf("family name of %d characters", n)
	}
	if n := utf8.RuneCountInString(planted(t, "given-name-40-characters").Person.GivenName); n != 40 {
		t.Errorf("given name of %d characters", n)
	}
	if p := planted(t, "single-name").Person; p.GivenName != "" || !p.SingleName {
		t.Errorf("%+v", p)
	}
	if p := planted(t, "joiner-in-name").Person; !strings.ContainsRune(p.FamilyName, 0x200c) {
		t.Errorf("%+q", p.FamilyName)
	}
	if p := planted(t, "astral-plane-name").Person; !strings.ContainsFunc(p.FamilyName, func(r rune) bool { return r > 0xffff }) {
		t.Errorf("%+q", p.FamilyName)
	}
	if p := planted(t, "former-names-three").Person; len(p.FormerNames) != 3 {
		t.Errorf("%+v", p.FormerNames)
	}
	straight, curved := planted(t, "apostrophe-typewriter").Person.FamilyName, planted(t, "apostrophe-printer").Person.FamilyName
	if straight == curved || strings.ReplaceAll(straight, "'", "’") != curved {
		t.Errorf("%q and %q", straight, curved)
	}
}

// claims returns the subject of a draft.
func claims(t *testing.T) func(d map[string]any, err error) map[string]any {
	return func(d map[string]any, err error) map[string]any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d["credentialSubject"].(map[string]any)
	}
}

func TestPlantedDegrees(t *testing.T) {
	w, of := world(), claims(t)
	person := of(w.DegreeDraft(planted(t, "leap-day-birthday").Index, at))["person"].(map[string]any)
	if person["birthDate"] != "1964-02-29" {
		t.Errorf("born %v", person["birthDate"])
	}
	if s := of(w.DegreeDraft(planted(t, "degree-year-only").Index, at)); len(s["conferralDate"].(string)) != 4 || len(s["matriculationDate"].(string)) != 4 {
		t.Errorf("%v, %v", s["matriculationDate"], s["conferralDate"])
	}
	if s := of(w.DegreeDraft(planted(t, "degree-month-only").Index, at)); len(s["conferralDate"].(string)) != 7 {
		t.Errorf("%v", s["conferralDate"])
	}
	renamed := planted(t, "school-renamed")
	school := w.schools[renamed.Degree.School]
	if s := of(w.DegreeDraft(renamed.Index, at)); s["schoolName"] != school.Former || school.Former == school.Name || s["schoolId"] != school.ID {
		t.Errorf("%v of %+v", s["schoolName"], school)
	}
	closed := planted(t, "school-closed")
	if s := w.schools[closed.Degree.School]; s.Closed != yearOf(closed.Degree.Conferral) {
		t.Errorf("closed in %d, degree %s", s.Closed, closed.Degree.Conferral)
	}
}

func TestPlantedTrainings(t *testing.T) {
	w, of := world(), claims(t)
	if s := of(w.TrainingDraft(planted(t, "programme-closed").Index, 0, at)); s["custodian"] == nil || s["level"] != "residency" || s["completed"] != true {
		t.Errorf("%v", s)
	}
	p := planted(t, "training-transitional-only")
	if s := of(w.TrainingDraft(p.Index, 0, at)); len(p.Trainings) != 1 || s["level"] != "internship-transitional" || s["boardEligible"] != false || s["completed"] != true {
		t.Errorf("%v", s)
	}
	if s := of(w.TrainingDraft(planted(t, "training-not-finished").Index, 0, at)); s["completed"] != false {
		t.Errorf("%v", s)
	}
}

func TestPlantedLicences(t *testing.T) {
	w, of := world(), claims(t)
	for year := 2026; year < 2032; year++ {
		at := time.Date(year, time.March, 3, 0, 0, 0, 0, time.UTC)
		if s := of(w.LicenceDraft(planted(t, "expiry-31-december").Index, 0, at)); !strings.HasSuffix(s["expiresOn"].(string), "-12-31") {
			t.Errorf("expires %v", s["expiresOn"])
		}
		s := of(w.LicenceDraft(planted(t, "expiry-end-of-february").Index, 0, at))
		if day, err := time.Parse(time.DateOnly, s["expiresOn"].(string)); err != nil || day.Month() != time.February || day.AddDate(0, 0, 1).Month() != time.March {
			t.Errorf("expires %v", s["expiresOn"])
		}
	}
	md := of(w.LicenceDraft(planted(t, "two-boards-one-place-md").Index, 0, at))
	do := of(w.LicenceDraft(planted(t, "two-boards-one-place-do").Index, 0, at))
	if md["jurisdiction"] != do["jurisdiction"] || md["board"] == do["board"] || md["boardId"] == do["boardId"] {
		t.Errorf("%v and %v", md, do)
	}
	if s := of(w.LicenceDraft(planted(t, "leading-zeros").Index, 0, at)); !strings.Contains(s["number"].(string), "000") {
		t.Errorf("number %v", s["number"])
	}
	if p := planted(t, "fifty-licences"); len(p.Licences) != 50 {
		t.Errorf("%d licences", len(p.Licences))
	}
	statuses := 0
	for i := range FirstOrdinary {
		c, _ := HardCase(i)
		name, ok := strings.CutPrefix(c.Name, "status-")
		if !ok {
			continue
		}
		statuses++
		s := of(w.LicenceDraft(i, 0, at))
		if s["legalStatus"] != name || s["unrestricted"] != false || (s["conditions"] != nil) != (name == licensure.ActiveWithConditions.String()) {
			t.Errorf("%s: %v", c.Name, s)
		}
	}
	if statuses != 8 {
		t.Errorf("%d statuses", statuses)
	}
}
