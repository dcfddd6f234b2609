package licensure_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
)

// readDraft returns testdata/drafts/name.json.
func readDraft(t testing.TB, name string) map[string]any {
	t.Helper()
	b, err := os.ReadFile("testdata/drafts/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := strictjson.ParseObject(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	validFrom = instant("2026-07-01T10:00:00+02:00") // written in UTC

	fullDegree = licensure.Degree{
		Envelope: licensure.Envelope{
			Title:  "Verification of medical degree",
			Holder: "did:key:z6MkpBQsxpKkmjoPgUSRvaoxznxBQTzj8PHYZfC9Mdo52FTR",
			Person: licensure.Person{
				FamilyName: "Dormond", GivenName: "Ilo", MiddleName: "Wen", Suffix: "Jr.",
				FormerNames: []licensure.FormerName{
					{FamilyName: "Velkin", GivenName: "Ilo", MiddleName: "Wen", Suffix: "Jr.", Until: "1991-03-31"},
					{FamilyName: "Halstad", GivenName: "Ilo"},
				},
				BirthDate: "1964-02-29", BirthYear: "1964", NPI: "9000000015", FederationID: "900000001",
			},
			ValidFrom: validFrom,
			Evidence: []licensure.Evidence{{
				Source: "Registrar of Fenwick University", Method: licensure.DirectFromSource,
				VerifiedAt: instant("2026-06-20T10:00:00Z"), VerifierRole: "verification staff",
				DocumentDigest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			}},
			Confidence: licensure.Derived,
			Supersedes: &licensure.Superseded{
				ID:     "urn:uuid:0f14d0ab-9605-4a62-a9e4-5ed26688389b",
				Digest: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
			},
			Synthetic: true,
		},
		SchoolID: "XS00001", SchoolName: "Fenwick University School of Medicine", Accreditor: licensure.LCME,
		Country: "XAA", Degree: licensure.MD, Matriculation: "1986", Conferral: "1990-05", DiplomaLanguage: "en",
		ProgrammeMonths: 48, Honours: "with distinction",
		LeavesOfAbsence: []licensure.Period{{From: "1988-01-01", Until: "1988-03-31"}},
		AdverseActions:  []string{"none"}, VerifiedBy: "registrar",
	}

	fullTraining = licensure.Training{
		Envelope: licensure.Envelope{
			Title:     "Verification of graduate medical training",
			Person:    licensure.Person{FamilyName: "Gwinolenhart", SingleName: true},
			ValidFrom: validFrom,
			Evidence: []licensure.Evidence{{
				Source: "Programme director", Method: licensure.SecureElectronic,
				VerifiedAt: instant("2026-06-20T10:00:00Z"), VerifierRole: "verification staff",
			}},
			Confidence: licensure.Derived,
			Synthetic:  true,
		},
		ProgrammeID: "9000000260", Sponsor: "Tarnbeck General Hospital", Accreditor: licensure.ACGME,
		Specialty: "Internal Medicine", SpecialtyTaxonomy: "9001R0000X", Level: licensure.Residency,
		Start: "1990-07-01", End: "1993-06-30", Completed: true, BoardEligible: true,
		PGYLevels: []int{1, 2, 3}, CreditReductionMonths: 6, UnusualCircumstances: licensure.CircumstancesSealed,
		Custodian: "Federation of Made-up Boards",
	}

	fullLicence = licensure.Licence{
		Envelope: licensure.Envelope{
			Title:      "Licence to practise medicine",
			Holder:     "did:key:z6MkvHvfGJ4uVyATg3Gitk7kMoRT9o9eGJWfyWzG6eJtvAwr",
			Person:     licensure.Person{FamilyName: "O'Dorilogan", GivenName: "Marben", NPI: "9000000015"},
			ValidFrom:  validFrom,
			ValidUntil: instant("2027-06-01T12:00:00Z"),
			Evidence: []licensure.Evidence{{
				Source: "Quillhaven Board of Medicine", Method: licensure.DirectFromSource,
				VerifiedAt: validFrom, VerifierRole: "licensing officer",
			}},
			Confidence: licensure.Primary,
			Synthetic:  true,
		},
		Jurisdiction: "X17", Board: "Quillhaven Board of Medicine", BoardID: "X17",
		LicenceType: licensure.FullLicence, Number: "L0509726",
		FirstIssued: "1994-02-14", CurrentTermStart: "2025-06-01", Expires: "2027-05-31",
		LegalStatus: new(licensure.ActiveWithConditions), Full: true, Basis: licensure.BasisCompact, RenewalCycleMonths: 24,
		Conditions: []licensure.Condition{
			{Code: "supervision", Text: "Practises with a supervising physician.", Period: licensure.Period{From: "2026-01-01", Until: "2026-12-31"}},
			{Code: "chaperone", Text: "Sees patients in the presence of a third person.", Period: licensure.Period{From: "2026-01-01"}},
		},
		PracticeScope: "outpatient", ExpeditedUnderLOQ: "urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2",
	}

	fullCertificate = licensure.Certificate{
		Envelope: licensure.Envelope{
			Title:     "Certificate of completion",
			Person:    licensure.Person{FamilyName: "Kelhart", GivenName: "Norben"},
			ValidFrom: validFrom,
			Evidence: []licensure.Evidence{{
				Source: "Examination office", Method: licensure.DirectFromSource,
				VerifiedAt: instant("2026-06-30T16:00:00Z"), VerifierRole: "examiner",
			}},
			Confidence: licensure.Primary,
		},
		Programme: "Basic life support", Award: "Certificate", AwardedOn: "2026-06-30",
		Grade: "A", SchoolName: "Tarnbeck College", Honours: "first in class",
	}
)

// TestDraftIsTheWrittenOne holds the Go types to drafts written by hand.
func TestDraftIsTheWrittenOne(t *testing.T) {
	certificate := readDraft(t, "certificate")
	for _, onlyInJSON := range []string{"description", "termsOfUse"} {
		delete(certificate, onlyInJSON)
	}
	evidence := certificate["evidence"].(map[string]any)
	evidence["type"] = []any{evidence["type"]}
	certificate["evidence"] = []any{evidence}

	cases := []struct {
		name string
		from interface {
			Draft() (map[string]any, error)
			Validate() error
		}
		want map[string]any
	}{
		{"degree", fullDegree, readDraft(t, "degree")},
		{"training", fullTraining, readDraft(t, "training")},
		{"licence", fullLicence, readDraft(t, "licence")},
		{"certificate", fullCertificate, certificate},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.from.Draft()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("draft differs (-written +made):\n%s", diff)
			}
			if err := c.from.Validate(); err != nil {
				t.Error(err)
			}
			if err := licensure.CheckDraft(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWrittenDraftsPass(t *testing.T) {
	for _, name := range draftNames {
		if err := licensure.CheckDraft(readDraft(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestZeroValuesFail: what is forgotten is reported, not filled in.
func TestZeroValuesFail(t *testing.T) {
	want := map[string]int{"degree": 14, "training": 14, "licence": 17, "certificate": 9}
	got := map[string]int{
		"degree":      faults(licensure.Degree{}.Validate()),
		"training":    faults(licensure.Training{}.Validate()),
		"licence":     faults(licensure.Licence{}.Validate()),
		"certificate": faults(licensure.Certificate{}.Validate()),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults of zero values (-want +got):\n%s", diff)
	}
}

func faults(err error) int {
	var de *licensure.DraftError
	if !errors.As(err, &de) {
		return 0
	}
	return len(de.Faults)
}

// TestFaults bends one member of a good draft and expects the fault, the whole fault and
// nothing but the fault.
func TestFaults(t *testing.T) {
	cases := readFaults(t)
	if len(cases) < 120 {
		t.Fatalf("only %d cases", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if seen[c.Name] {
				t.Fatal("name stands twice")
			}
			seen[c.Name] = true
			draft := c.bend(t)
			var de *licensure.DraftError
			if err := licensure.CheckDraft(draft); !errors.As(err, &de) {
				t.Fatalf("accepted (%v)", err)
			}
			var got []string
			for _, f := range de.Faults {
				got = append(got, strings.Join([]string{string(f.Code), f.Pointer, f.Rule}, " "))
				if f.Detail == "" {
					t.Errorf("%v says not what is asked for", f)
				}
			}
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// A faultCase is one line of testdata/faults.json.
type faultCase struct {
	Name, Draft, Remove string
	Set                 json.RawMessage
	Want                []string
}

func readFaults(t *testing.T) []faultCase {
	t.Helper()
	b, err := os.ReadFile("testdata/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []faultCase
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// bend returns the draft with the fault.
func (c faultCase) bend(t *testing.T) map[string]any {
	t.Helper()
	draft := readDraft(t, c.Draft)
	if c.Set != nil {
		set, err := strictjson.ParseObject(c.Set, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for pointer, v := range set {
			edit(t, draft, pointer, v, false)
		}
	}
	if c.Remove != "" {
		edit(t, draft, c.Remove, nil, true)
	}
	return draft
}

// code is that of the first fault expected.
func (c faultCase) code() licensure.Code {
	code, _, _ := strings.Cut(c.Want[0], " ")
	return licensure.Code(code)
}

// beyondSchema reports faults that no schema of ours sees: what depends on the value of
// another member, members that no table names, and 24.0, which is an integer there.
func (c faultCase) beyondSchema() bool {
	return slices.Contains([]string{"integer-as-fraction", "number-too-large", "licence-conditions-missing", "order-conditions-missing",
		"order-vacated-without-order", "order-automatic-without-trigger", "order-automatic-suspension-without-end",
		"affiliation-ended-without-end", "delegation-agent-without-agreement", "identity-birth-missing",
		"certification-without-end", "foreign-without-end", "exam-component-unknown", "history-neither",
		"registration-number-missing", "consent-without-recipient"}, c.Name)
}

// edit sets or removes what pointer names; one past the end of an array appends.
func edit(t *testing.T, draft map[string]any, pointer string, v any, remove bool) {
	t.Helper()
	steps := strings.Split(pointer, "/")[1:]
	var at any = draft
	for len(steps) > 1 {
		switch n := at.(type) {
		case map[string]any:
			at = n[steps[0]]
			if list, ok := at.([]any); ok && len(steps) == 2 && steps[1] == strconv.Itoa(len(list)) {
				n[steps[0]] = append(list, v)
				return
			}
		case []any:
			i, err := strconv.Atoi(steps[0])
			if err != nil || i >= len(n) {
				t.Fatalf("pointer %s leads nowhere", pointer)
			}
			at = n[i]
		}
		steps = steps[1:]
	}
	switch n := at.(type) {
	case map[string]any:
		if _, ok := n[steps[0]]; remove && !ok {
			t.Fatalf("pointer %s leads nowhere", pointer)
		}
		n[steps[0]] = v
		if remove {
			delete(n, steps[0])
		}
	case []any:
		i, err := strconv.Atoi(steps[0])
		if err != nil || i >= len(n) || remove {
			t.Fatalf("pointer %s leads nowhere", pointer)
		}
		n[i] = v
	default:
		t.Fatalf("pointer %s leads nowhere", pointer)
	}
}

// TestErrorsHoldNoValues: rule PR-15.
func TestErrorsHoldNoValues(t *testing.T) {
	const secret = "Quintessa-\u202eMarvella"
	draft := readDraft(t, "licence")
	person := draft["credentialSubject"].(map[string]any)["person"].(map[string]any)
	for _, name := range []string{"familyName", "npi", "birthDate", "birthYear", "suffix"} {
		person[name] = secret
	}
	err := licensure.CheckDraft(draft)
	if faults(err) != 5 {
		t.Fatalf("%d faults, want 5: %v", faults(err), err)
	}
	var de *licensure.DraftError
	errors.As(err, &de)
	for _, f := range de.Faults {
		if strings.Contains(f.String(), "Marvella") {
			t.Errorf("%v holds the value", f)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := any("x")
	for range 40 {
		deep = map[string]any{"in": deep}
	}
	wide := make([]any, 5000)
	for i := range wide {
		wide[i] = true
	}
	names := make([]any, 51)
	for i := range names {
		names[i] = map[string]any{"familyName": "Velkin"}
	}
	for name, c := range map[string]struct {
		member string
		v      any
	}{
		"too-deep":       {"own", deep},
		"too-wide":       {"own", wide},
		"too-many-names": {"formerNames", names},
	} {
		t.Run(name, func(t *testing.T) {
			draft := readDraft(t, "licence")
			draft["credentialSubject"].(map[string]any)["person"].(map[string]any)[c.member] = c.v
			var de *licensure.DraftError
			if err := licensure.CheckDraft(draft); !errors.As(err, &de) || len(de.Faults) != 1 || de.Faults[0].Code != licensure.CodeLimit {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnknownMembersAreLeftToJSONLD(t *testing.T) {
	draft := readDraft(t, "licence")
	draft["ownTerm"] = "x"
	subject := draft["credentialSubject"].(map[string]any)
	subject["ownClaim"] = map[string]any{"depth": json.Number("3")}
	subject["person"].(map[string]any)["ownName"] = "y"
	draft["type"] = []any{"LicenceCredential", "OwnType"}
	if err := licensure.CheckDraft(draft); err != nil {
		t.Error(err)
	}
}

func TestTypeOf(t *testing.T) {
	for name, c := range map[string]struct {
		v    any
		want string
	}{
		"array":   {[]any{"OpenBadgeCredential", "LicenceCredential"}, licensure.TypeLicence},
		"text":    {"CertificateCredential", licensure.TypeCertificate},
		"foreign": {"OpenBadgeCredential", ""},
		"two":     {[]any{"LicenceCredential", "MedicalDegreeCredential"}, ""},
		"absent":  {nil, ""},
	} {
		got, ok := licensure.TypeOf(map[string]any{"type": c.v})
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

func TestPerson(t *testing.T) {
	real := licensure.Person{FamilyName: "Kelhart", GivenName: "Norben", NPI: "1234567893"}
	if err := real.Validate(); err != nil {
		t.Error(err)
	}
	real.NPI = "9000000015"
	var de *licensure.DraftError
	if err := real.Validate(); !errors.As(err, &de) || de.Faults[0].Pointer != "/npi" || de.Faults[0].Code != licensure.CodeSynthetic {
		t.Errorf("made-up number of a person alone: %v", err)
	}
}

func FuzzCheckDraft(f *testing.F) {
	for _, name := range draftNames {
		b, err := os.ReadFile("testdata/drafts/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"type":[null,{}],"evidence":[[]],"credentialSubject":{"person":{"formerNames":[1]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		draft, err := strictjson.ParseObject(b, strictjson.Limits{})
		if err != nil {
			return
		}
		err = licensure.CheckDraft(draft)
		if again := licensure.CheckDraft(draft); (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Errorf("twice judged, two judgements: %v; %v", err, again)
		}
		if err == nil {
			if _, ok := licensure.TypeOf(draft); !ok {
				t.Error("accepted without a type of ours")
			}
		}
	})
}
