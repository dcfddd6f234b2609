package licensure_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
)

// draftNames are the files of testdata/drafts.
var draftNames = []string{"degree", "training", "licence", "certificate", "identity", "transcript", "exam", "foreign", "order",
	"history", "certification", "registration", "letter", "profile", "affiliation", "statement", "consent", "delegation", "snapshot"}

type drafter interface {
	Draft() (map[string]any, error)
	Validate() error
}

const (
	aDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	bDigest = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
	aHolder = "did:key:z6MkvHvfGJ4uVyATg3Gitk7kMoRT9o9eGJWfyWzG6eJtvAwr"
)

var (
	aRef = licensure.Ref{ID: "urn:uuid:0f14d0ab-9605-4a62-a9e4-5ed26688389b", Digest: aDigest}
	bRef = licensure.Ref{ID: "urn:uuid:7d444840-9dc0-41d1-b245-5ffdce74fad2", Digest: bDigest}

	aKey = licensure.LicenceKey{Jurisdiction: "X17", BoardID: "X17", Type: licensure.FullLicence, Number: "L0509726"}
)

// envelope is a good envelope of a made-up person.
func envelope(title string, until time.Time) licensure.Envelope {
	return licensure.Envelope{
		Title: title, Holder: aHolder,
		Person:    licensure.Person{FamilyName: "O'Dorilogan", GivenName: "Marben", BirthYear: "1964", NPI: "9000000015"},
		ValidFrom: validFrom, ValidUntil: until,
		Evidence: []licensure.Evidence{{
			Source: "Quillhaven Board of Medicine", Method: licensure.DirectFromSource,
			VerifiedAt: validFrom, VerifierRole: "licensing officer",
		}},
		Confidence: licensure.Primary, Synthetic: true,
	}
}

func impersonal(e licensure.Envelope) licensure.Envelope {
	e.Person = licensure.Person{}
	return e
}

func orderEnvelope() licensure.Envelope {
	e := impersonal(envelope("Order of the board", time.Time{}))
	e.Holder = ""
	return e
}

// fullDrafts holds one value of each type with every member that the type knows.
func fullDrafts() map[string]drafter {
	noDate := time.Time{}
	order := licensure.Order{
		ID: "X17-2026-0044", Licence: aKey, Board: "Quillhaven Board of Medicine",
		Action: licensure.Suspension, Origin: licensure.FromCompact, Basis: []string{"competence", "sealed"},
		EffectiveAt: instant("2026-06-01T00:00:00Z"), RecordedAt: instant("2026-06-02T09:00:00Z"), EndsAt: instant("2026-08-30T00:00:00Z"),
		Conditions: []licensure.Condition{{Code: "monitoring", Text: "Reports every month.", Period: licensure.Period{From: "2026-06-01", Until: "2026-12-31"}}},
		Public:     true, Supersedes: "X17-2026-0043", DocumentDigest: aDigest,
		Trigger:  &licensure.TriggerRef{OrderID: "X03-2026-0007", TakenIn: "X03", Digest: bDigest, Rule: "CD-1"},
		Mirrored: new(licensure.Suspended),
	}
	return map[string]drafter{
		"degree": fullDegree, "training": fullTraining, "licence": fullLicence,
		"identity": licensure.Identity{Envelope: envelope("Identity", noDate), ProofingLevel: "IAL2", ProofingMethod: "in-person",
			ProofedAt: instant("2026-06-20T10:00:00Z"), KeyBoundAt: instant("2026-06-20T10:05:00Z"), KeyMethod: "signed-challenge"},
		"transcript": licensure.Transcript{Envelope: envelope("Transcript of medical education", noDate), SchoolID: "XS00001", Degree: aRef,
			Terms: []licensure.Term{{Label: "Autumn 1986", Courses: []licensure.Course{
				{Code: "ANAT-1", Title: "Anatomy", Credits: "12", Grade: "A"}, {Code: "BIOC-1", Title: "Biochemistry", Credits: "8.5"}}}},
			Clerkships: []licensure.Clerkship{{Discipline: "Surgery", Weeks: 8, Grade: "Honors"}}, DeanLetterDigest: bDigest},
		"exam": licensure.ExamHistory{Envelope: envelope("Examination history", noDate), Program: licensure.USMLE, ExamID: "5-123-456-7",
			Attempts: []licensure.Attempt{
				{Component: licensure.Step1, No: 1, TakenOn: "1988-06", Outcome: licensure.ExamFail},
				{Component: licensure.Step1, No: 2, TakenOn: "1988-11", Outcome: licensure.ExamPass, Score: "214", Reported: true}},
			Complete: true, AsOf: "2026-06-20", IrregularBehavior: licensure.CircumstancesNone},
		"foreign": licensure.ForeignGraduate{Envelope: envelope("Certificate for a foreign graduate", noDate), CertificateID: "0-123-456-7",
			IssuedOn: "1991-02-01", Pathway: "Pathway 1", Requirements: []string{"degree-verified", "english"}, Degree: aRef, Indefinitely: true},
		"order": licensure.BoardOrder{Envelope: orderEnvelope(), Order: order},
		"history": licensure.ActionHistory{Envelope: envelope("History of board actions", instant("2026-10-01T00:00:00Z")), AsOf: "2026-06-30",
			Covered: []string{"X01", "X02"}, AlertServiceUntil: "2027-06-30",
			Actions: []licensure.ActionRef{{OrderID: "X02-1", Digest: aDigest, TakenIn: "X02", Action: licensure.FeeLapse,
				EffectiveAt: instant("2001-01-01T00:00:00Z"), FeeRelatedOnly: true}}},
		"certification": licensure.Certification{Envelope: envelope("Specialty certification", instant("2027-01-01T00:00:00Z")),
			Board: "Crossmarch Board of Surgery", Family: "ABMS", Kind: "general", Specialty: "Surgery", Taxonomy: "9004R0000X",
			Initial: "1998-07-01", Status: "certified", Expires: "2028-12-31", ContinuingCertification: "required-meeting", ClinicallyActive: new(true)},
		"registration": licensure.Registration{Envelope: envelope("Controlled substance registration", instant("2027-01-01T00:00:00Z")),
			Number: "ZS1234563", NumberOnRequest: true, Schedules: []string{"II", "III"}, BusinessActivity: "practitioner",
			Jurisdiction: "X17", IssuedOn: "2024-03-01", Expires: "2027-02-28", Status: "active"},
		"letter": licensure.Letter{Envelope: envelope("Letter of qualification", instant("2027-07-02T00:00:00Z")), LetterID: "X17-L-1", Jurisdiction: "X17",
			Licence: aKey, Basis: licensure.SPLResidence, IssuedOn: "2026-07-01", Expires: "2027-07-01", Determination: licensure.NotEligible,
			RulesetID: "compact", RulesetVersion: "1", RulesetDigest: aDigest,
			Criteria: []licensure.Criterion{{Rule: "CE-1", Result: licensure.Met, Evidence: []string{aRef.ID}}, {Rule: "CE-6", Result: licensure.NotMet}},
			Static:   []licensure.Ref{aRef, bRef}, CheckedOn: "2026-06-15"},
		"profile": licensure.Profile{Envelope: envelope("Credentials profile", noDate), AsOf: "2026-06-30",
			Items:         []licensure.ProfileItem{{Ref: aRef, Type: licensure.TypeMedicalDegree, Role: "medical education"}},
			Discrepancies: []licensure.Discrepancy{{Field: "conferralDate", ApplicantSaid: "1990-05", SourceSaid: "1990-06"}}},
		"affiliation": licensure.Affiliation{Envelope: envelope("Affiliation", instant("2026-07-08T08:00:00Z")), Facility: "Tarnbeck General Hospital",
			Category: "attending", Period: licensure.Period{From: "2020-01-01", Until: "2026-06-30"}, Standing: "ended"},
		"statement": licensure.Statement{Envelope: orderEnvelope(), VerifiedAt: instant("2026-07-01T07:00:00Z"), DecisionDate: "2026-07-15",
			PolicyID: "ncqa", PolicyVersion: "2025-07", PolicyDigest: aDigest, Standing: licensure.InForce, ResultDigest: bDigest,
			Credentials: []licensure.VerifiedCredential{{Ref: aRef, Type: licensure.TypeLicence, Verdict: "valid", Standing: licensure.InForce}},
			Snapshots:   []licensure.Snapshot{{URL: "https://board.example/status/1", Digest: bDigest, Sequence: 7}}},
		"consent": licensure.Consent{Envelope: impersonal(envelope("Consent", noDate)), Records: []licensure.ConsentRecord{{Type: licensure.TypeMedicalTranscript, ID: aRef.ID}},
			Purpose: "licence application", RecipientParty: "Quillhaven Board of Medicine", SignedAt: instant("2026-06-30T12:00:00Z"), Expires: "2026-12-31", Revocable: true},
		"snapshot": licensure.RegistrySnapshot{Envelope: orderEnvelope(), Lists: []licensure.Snapshot{{URL: "https://board.example/status/1", Digest: bDigest, Sequence: 7}},
			Head: &licensure.Head{Recorded: instant("2026-06-30T12:00:00Z"), Count: 12, Digest: aDigest}},
		"delegation": licensure.Delegation{Envelope: delegated(), Types: []string{licensure.TypeLicence}, Jurisdictions: []string{"X17"},
			Capacity: licensure.SourceAgent, Agreement: aDigest},
	}
}

func delegated() licensure.Envelope {
	e := impersonal(envelope("Delegation", instant("2027-07-01T00:00:00Z")))
	e.Holder = "https://agent.example/issuer.json"
	return e
}

// TestFullDrafts holds the Go types to the drafts on file. Those were looked over once and
// are kept; CERTANCHOR_WRITE_DRAFTS=1 writes the ones that are missing.
func TestFullDrafts(t *testing.T) {
	for name, from := range fullDrafts() {
		t.Run(name, func(t *testing.T) {
			got, err := from.Draft()
			if err != nil {
				t.Fatal(err)
			}
			file := "testdata/drafts/" + name + ".json"
			if _, err := os.Stat(file); err != nil && os.Getenv("CERTANCHOR_WRITE_DRAFTS") != "" {
				raw, _ := strictjson.Canonical(got)
				var out bytes.Buffer
				if err := json.Indent(&out, raw, "", "  "); err != nil {
					t.Fatal(err)
				}
				out.WriteByte('\n')
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(readDraft(t, name), got); diff != "" {
				t.Errorf("draft differs (-on file +made):\n%s", diff)
			}
			if err := from.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEveryTypeHasADraft: the list of types, the tables, the schemas and the drafts on file
// name the same types.
func TestEveryTypeHasADraft(t *testing.T) {
	have := map[string]bool{}
	for _, name := range draftNames {
		typ, ok := licensure.TypeOf(readDraft(t, name))
		if !ok || have[typ] {
			t.Errorf("%s: type %q", name, typ)
		}
		have[typ] = true
	}
	for _, typ := range licensure.Types() {
		if !have[typ] {
			t.Errorf("no draft of %s", typ)
		}
		if _, ok := licensure.Schema(typ); !ok {
			t.Errorf("no schema of %s", typ)
		}
	}
	if len(have) != 19 || len(licensure.Types()) != 19 {
		t.Errorf("%d drafts, %d types", len(have), len(licensure.Types()))
	}
}

func compiled(t *testing.T, typ string) *jsonschema.Schema {
	t.Helper()
	raw, ok := licensure.Schema(typ)
	if !ok {
		t.Fatalf("no schema of %s", typ)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// schemaSees are the faults that a JSON Schema can see: with these the schema must refuse
// what the tables refuse. It sees no values against each other and no check digits.
var schemaSees = map[licensure.Code]bool{
	licensure.CodeMissing: true, licensure.CodeKind: true, licensure.CodeVocabulary: true, licensure.CodeType: true, licensure.CodeRange: true,
}

// TestSchemas: schema and tables agree: on every good draft, as draft and as issued, and on
// every faulty one whose fault a schema can see.
func TestSchemas(t *testing.T) {
	for _, name := range draftNames {
		draft := readDraft(t, name)
		typ, _ := licensure.TypeOf(draft)
		s := compiled(t, typ)
		if err := s.Validate(draft); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Validate(filledIn(draft)); err != nil {
			t.Errorf("%s, issued: %v", name, err)
		}
		if err := s.Validate(map[string]any{}); err == nil {
			t.Errorf("the schema of %s accepts {}", typ)
		}
	}
	seen := 0
	for _, c := range readFaults(t) {
		draft := c.bend(t)
		typ, ok := licensure.TypeOf(draft)
		if !ok || !schemaSees[c.code()] || c.beyondSchema() {
			continue
		}
		seen++
		if err := compiled(t, typ).Validate(draft); err == nil {
			t.Errorf("%s: the schema sees nothing", c.Name)
		}
	}
	if seen < 60 {
		t.Errorf("only %d faults judged", seen)
	}
}

// TestSchemaFiles holds the published files to what the tables make. CERTANCHOR_WRITE_SCHEMAS=1
// writes them.
func TestSchemaFiles(t *testing.T) {
	for _, typ := range licensure.Types() {
		raw, _ := licensure.Schema(typ)
		var want bytes.Buffer
		if err := json.Indent(&want, raw, "", " "); err != nil {
			t.Fatal(err)
		}
		want.WriteByte('\n')
		file := "schemas/" + typ + ".json"
		if os.Getenv("CERTANCHOR_WRITE_SCHEMAS") != "" {
			if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what the tables make", file)
		}
	}
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
