package licensure_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
)

// typeRule holds a type to its table: the full draft passes; without any one of its required
// members it is refused at that member; a contradiction or an unknown word of that type
// stands in testdata/faults.json.
func typeRule(name, typ string) func(t *testing.T) {
	return func(t *testing.T) {
		draft := readDraft(t, name)
		if got, _ := licensure.TypeOf(draft); got != typ {
			t.Fatalf("%s is a %s", name, got)
		}
		must(t, licensure.CheckDraft(draft))
		raw, _ := licensure.Schema(typ)
		schema, err := strictjson.ParseObject(raw, strictjson.Limits{})
		must(t, err)
		required := schema["properties"].(map[string]any)["credentialSubject"].(map[string]any)["required"].([]any)
		if len(required) == 0 {
			t.Fatal("asks for nothing")
		}
		for _, r := range required {
			bent := readDraft(t, name)
			delete(bent["credentialSubject"].(map[string]any), r.(string))
			var de *licensure.DraftError
			if err := licensure.CheckDraft(bent); !errors.As(err, &de) || !strings.HasSuffix(de.Faults[0].Pointer, "/"+r.(string)) && !pointsAt(de, r.(string)) {
				t.Errorf("without %s: %v", r, err)
			}
		}
		n := 0
		for _, c := range readFaults(t) {
			if c.Draft == name && (c.code() == licensure.CodeVocabulary || c.code() == licensure.CodeContradicts || c.code() == licensure.CodeRange || c.code() == licensure.CodeDenied || c.code() == licensure.CodeMissing) {
				n++
			}
		}
		if n == 0 {
			t.Error("no faulty draft of this type")
		}
	}
}

func pointsAt(de *licensure.DraftError, member string) bool {
	for _, f := range de.Faults {
		if f.Pointer == "/credentialSubject/"+member && f.Code == licensure.CodeMissing {
			return true
		}
	}
	return false
}

func TestTypes(t *testing.T) {
	rule(t, "T01", typeRule("identity", licensure.TypeIdentityAnchor))
	rule(t, "T02", typeRule("degree", licensure.TypeMedicalDegree))
	rule(t, "T03", typeRule("transcript", licensure.TypeMedicalTranscript))
	rule(t, "T04", typeRule("exam", licensure.TypeExamHistory))
	rule(t, "T05", typeRule("foreign", licensure.TypeForeignGraduate))
	rule(t, "T06", typeRule("training", licensure.TypeGraduateTraining))
	rule(t, "T07", typeRule("licence", licensure.TypeLicence))
	rule(t, "T08", typeRule("order", licensure.TypeBoardOrder))
	rule(t, "T09", typeRule("history", licensure.TypeBoardActionHistory))
	rule(t, "T10", typeRule("certification", licensure.TypeSpecialtyCertification))
	rule(t, "T11", typeRule("registration", licensure.TypeControlledSubstance))
	rule(t, "T12", typeRule("letter", licensure.TypeLetterOfQualification))
	rule(t, "T13", typeRule("profile", licensure.TypeCredentialsProfile))
	rule(t, "T14", typeRule("affiliation", licensure.TypeAffiliation))
	rule(t, "T15", typeRule("statement", licensure.TypeVerificationStatement))
	rule(t, "T16", typeRule("consent", licensure.TypeConsentReceipt))
	rule(t, "T17", typeRule("delegation", licensure.TypeDelegation))
	rule(t, "T18", func(t *testing.T) { // more: TestTrustList, TestTrustListUpdates
		l, _ := nationalTrust(t)
		raw, err := l.Bytes()
		must(t, err)
		_, err = licensure.ParseTrustList(raw)
		must(t, err)
	})
	rule(t, "ENV-2", func(t *testing.T) {
		for date, ok := range map[licensure.Date]bool{"1990": true, "1990-05": true, "1990-05-31": true, "1990-5": false, "90": false,
			"1990-02-30": false, "31.05.1990": false, "1990-05-31T00:00:00Z": false, "": false} {
			d := aDegree(licensure.LCME)
			d.Matriculation, d.Conferral = "1980", date
			if err := d.Validate(); (err == nil) != ok {
				t.Errorf("%q: %v", date, err)
			}
		}
		// Nobody invents the missing part: 1990 is neither before nor after 1990-05.
		d := aDegree(licensure.LCME)
		d.Matriculation, d.Conferral = "1990-05", "1990"
		must(t, d.Validate())
	})
	rule(t, "ENV-3", func(t *testing.T) { // undefined terms: TestUndefinedTermIsRefused
		draft := readDraft(t, "licence")
		draft["credentialSubject"].(map[string]any)["ownClaim"] = "x"
		must(t, licensure.CheckDraft(draft))
	})
}

func TestIdentifiers(t *testing.T) {
	rule(t, "ID-1", func(t *testing.T) {
		for s, ok := range map[string]bool{"1234567893": true, "1234567890": false, "123456789": false, "3234567893": false, "": false, "12345678９3": false} {
			if licensure.CheckNPI(s, false) != ok {
				t.Errorf("NPI %s", s)
			}
		}
		for s, ok := range map[string]bool{"ZS1234563": true, "ZS1234564": false, "zs1234563": false, "Z1234563": false, "": false} {
			if licensure.CheckDEA(s) != ok {
				t.Errorf("DEA %s", s)
			}
		}
	})
	who := func(holder, family, given, year, school string) licensure.Subject {
		return licensure.Subject{Holder: holder, Person: licensure.Person{FamilyName: family, GivenName: given}, DegreeYear: year, SchoolID: school}
	}
	rule(t, "ID-2", func(t *testing.T) {
		a := who("did:key:a", "Velkin", "Ilo", "1990", "XS1")
		for what, c := range map[string]struct {
			b    licensure.Subject
			want licensure.SubjectMatch
		}{
			"one key":            {who("did:key:a", "Dormond", "Ilo", "", ""), licensure.MatchKey},
			"name, year, school": {who("did:key:b", "Velkin", "Ilo", "1990", "XS1"), licensure.MatchWeak},
			"another case":       {who("", "VELKIN", "ilo", "1990", "XS1"), licensure.MatchWeak},
			"the name alone":     {who("did:key:b", "Velkin", "Ilo", "", ""), licensure.MatchNone},
			"twins of a name":    {who("did:key:b", "Velkin", "Ilo", "1991", "XS1"), licensure.MatchNone},
			"another school":     {who("did:key:b", "Velkin", "Ilo", "1990", "XS2"), licensure.MatchNone},
			"another given name": {who("did:key:b", "Velkin", "Ila", "1990", "XS1"), licensure.MatchNone},
			"nobody":             {licensure.Subject{}, licensure.MatchNone},
		} {
			if got := licensure.MatchSubjects(a, c.b, nil); got != c.want {
				t.Errorf("%s: %s", what, got)
			}
			if got := licensure.MatchSubjects(c.b, a, nil); got != c.want {
				t.Errorf("%s, the other way: %s", what, got)
			}
		}
		composed, combining := who("", "Ré", "Ilo", "1990", "XS1"), who("", "Re\u0301", "Ilo", "1990", "XS1")
		if licensure.MatchSubjects(composed, combining, nil) != licensure.MatchWeak {
			t.Error("one name in two compositions")
		}
		// A weak match blocks an automatic standing for the set.
		ncqa := policy(t, "ncqa-accreditation")
		for holder, want := range map[string]licensure.StandingValue{aHolder: licensure.InForce, "did:key:z6MkpBQsxpKkmjoPgUSRvaoxznxBQTzj8PHYZfC9Mdo52FTR": licensure.UndeterminedStand} {
			d := ncqa.Decide(wholeCase(t, func(c *licensure.Case) {
				k := aDegree(licensure.LCME)
				k.Holder = holder
				c.Items = append(c.Items, item(t, k, said{verdict: valid0}))
			}))
			if d.Standing != want {
				t.Errorf("a degree of %s: %s, %v", holder, d.Standing, d.Reasons)
			}
			if want != licensure.InForce && d.Reasons[0].Rule != "ID-2" {
				t.Errorf("reasons %v", d.Reasons)
			}
		}
	})
	t.Run("two-persons", func(t *testing.T) { // each pair hangs together, the pairs do not
		d := policy(t, "ncqa-accreditation").Decide(wholeCase(t, func(c *licensure.Case) {
			for range 2 {
				k := aDegree(licensure.LCME)
				k.Holder = "did:key:z6MkpBQsxpKkmjoPgUSRvaoxznxBQTzj8PHYZfC9Mdo52FTR"
				c.Items = append(c.Items, item(t, k, said{verdict: valid0}))
			}
		}))
		if d.Standing != licensure.UndeterminedStand || d.Match != licensure.MatchNone {
			t.Errorf("two persons in one set: %s, %s", d.Standing, d.Match)
		}
	})
	t.Run("pairwise-keys", func(t *testing.T) { // PR-12: shown together, they are one holder's
		const other = "did:key:z6MkpBQsxpKkmjoPgUSRvaoxznxBQTzj8PHYZfC9Mdo52FTR"
		for what, c := range map[string]struct {
			keys []string
			want licensure.StandingValue
		}{
			"both": {[]string{other, aHolder}, licensure.InForce}, "one": {[]string{aHolder}, licensure.UndeterminedStand},
			"others": {[]string{"did:key:x", "did:key:y"}, licensure.UndeterminedStand}, "none": {nil, licensure.UndeterminedStand},
			"an empty one": {[]string{"", aHolder}, licensure.UndeterminedStand},
		} {
			d := policy(t, "ncqa-accreditation").Decide(wholeCase(t, func(k *licensure.Case) {
				degree := aDegree(licensure.LCME)
				degree.Holder = other
				k.Items, k.HolderKeys = append(k.Items, item(t, degree, said{verdict: valid0})), c.keys
			}))
			if d.Standing != c.want {
				t.Errorf("%s shown: %s, %v", what, d.Standing, d.Reasons)
			}
		}
		bearer := policy(t, "ncqa-accreditation").Decide(wholeCase(t, func(k *licensure.Case) {
			degree := aDegree(licensure.LCME)
			degree.Holder = ""
			k.Items, k.HolderKeys = append(k.Items, item(t, degree, said{verdict: valid0})), []string{"", aHolder}
		}))
		if bearer.Standing == licensure.InForce {
			t.Error("a bearer print counts as the holder's")
		}
	})
	rule(t, "ID-3", func(t *testing.T) {
		now, before := who("did:key:a", "Dormond", "Ilo", "1990", "XS1"), who("did:key:b", "Velkin", "Ilo", "1990", "XS1")
		if licensure.MatchSubjects(now, before, nil) != licensure.MatchNone {
			t.Error("two names, nothing links them")
		}
		identity := who("did:key:a", "Dormond", "Ilo", "", "")
		identity.Person.FormerNames = []licensure.FormerName{{FamilyName: "Halstad", GivenName: "Ilo"}, {FamilyName: "Velkin", GivenName: "Ilo", Until: "1991-03-31"}}
		if licensure.MatchSubjects(now, before, []licensure.Subject{identity}) != licensure.MatchWeak {
			t.Error("an identity credential links both names")
		}
		// The names a document claims for itself link nothing.
		own := before
		own.Person.FormerNames = []licensure.FormerName{{FamilyName: "Dormond", GivenName: "Ilo"}}
		if licensure.MatchSubjects(now, own, nil) != licensure.MatchNone {
			t.Error("a degree links names")
		}
		if !licensure.DocumentName(before.Person, identity.Person) || licensure.DocumentName(licensure.Person{FamilyName: "Other", GivenName: "Ilo"}, identity.Person) {
			t.Error("names of a document")
		}
	})
}

func TestPrivacy(t *testing.T) {
	rule(t, "PR-14", func(t *testing.T) { // more: certanchor.TestPrivateType
		for until, ok := range map[string]bool{"2026-07-08T08:00:00Z": true, "2026-07-08T08:00:01Z": false, "2027-07-01T00:00:00Z": false} {
			d := readDraft(t, "affiliation")
			d["validUntil"] = until
			if err := licensure.CheckDraft(d); (err == nil) != ok {
				t.Errorf("until %s: %v", until, err)
			}
		}
		if !licensure.Private(licensure.TypeAffiliation) || licensure.Private(licensure.TypeLicence) {
			t.Error("a place at a hospital is private, a licence is public")
		}
	})
	rule(t, "PR-10", func(t *testing.T) {
		for name, want := range map[string][]string{"degree": nil, "licence": {"/credentialSubject/conditions/0/text", "/credentialSubject/conditions/1/text"}, "order": {"/credentialSubject/conditions/0/text"}} {
			if got := licensure.FreeText(readDraft(t, name)); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		described := readDraft(t, "degree")
		described["description"] = "took a year off after an illness"
		if got := licensure.FreeText(described); !slices.Equal(got, []string{"/description"}) {
			t.Errorf("a description: %q", got)
		}
	})
	rule(t, "PR-8", func(t *testing.T) { // more: testdata/faults.json
		for _, name := range []string{"npdbReport", "criminalHistory", "openComplaint", "investigationStatus", "peerReview", "physicianHealthProgram",
			"substanceUseTreatment", "ssn", "passportNumber", "homeAddress", "photo", "convictions"} {
			for _, draftName := range draftNames {
				draft := readDraft(t, draftName)
				draft["credentialSubject"].(map[string]any)[name] = "x"
				var de *licensure.DraftError
				if err := licensure.CheckDraft(draft); !errors.As(err, &de) || de.Faults[0].Code != licensure.CodeDenied || de.Faults[0].Rule != "PR-8" {
					t.Errorf("%s in a %s: %v", name, draftName, err)
				}
			}
		}
	})
	rule(t, "PR-9", func(t *testing.T) {
		at := instant("2026-07-15T12:00:00Z")
		good := fullDrafts()["consent"].(licensure.Consent)
		pass := licensure.Disclosure{Type: licensure.TypeMedicalTranscript, ID: aRef.ID, Subject: aHolder, Party: "Quillhaven Board of Medicine", Purpose: "licence application"}
		must(t, licensure.CheckConsent(pass, []licensure.Consent{{}, good}, at))
		for what, c := range map[string]struct {
			d       func(*licensure.Disclosure)
			k       func(*licensure.Consent)
			at      time.Time
			allowed bool
		}{
			"another record":    {d: func(d *licensure.Disclosure) { d.ID = bRef.ID }},
			"another type":      {d: func(d *licensure.Disclosure) { d.Type, d.Detailed = licensure.TypeMedicalDegree, true }},
			"another student":   {d: func(d *licensure.Disclosure) { d.Subject = "did:key:other" }},
			"another party":     {d: func(d *licensure.Disclosure) { d.Party = "Tarnbeck General Hospital" }},
			"another purpose":   {d: func(d *licensure.Disclosure) { d.Purpose = "research" }},
			"expired":           {at: instant("2027-01-01T00:00:00Z")},
			"the last day":      {at: instant("2026-12-31T23:59:59Z"), allowed: true},
			"not yet signed":    {at: instant("2026-06-30T11:59:59Z")},
			"without holder":    {k: func(k *licensure.Consent) { k.Holder = "" }, d: func(d *licensure.Disclosure) { d.Subject = "" }},
			"to the student":    {d: func(d *licensure.Disclosure) { d.Subject, d.ToStudent = "did:key:other", true }, allowed: true},
			"directory facts":   {d: func(d *licensure.Disclosure) { d.Type, d.Subject = licensure.TypeMedicalDegree, "did:key:other" }, allowed: true},
			"another type, all": {k: func(k *licensure.Consent) { k.Records[0].ID = "" }, allowed: true},
			"by class":          {k: func(k *licensure.Consent) { k.RecipientParty, k.RecipientClass = "", "boards" }, d: func(d *licensure.Disclosure) { d.Class = "boards" }, allowed: true},
			"of no class":       {k: func(k *licensure.Consent) { k.RecipientParty, k.RecipientClass = "", "boards" }},
		} {
			d, k, when := pass, fullDrafts()["consent"].(licensure.Consent), at
			if c.d != nil {
				c.d(&d)
			}
			if c.k != nil {
				c.k(&k)
			}
			if !c.at.IsZero() {
				when = c.at
			}
			err := licensure.CheckConsent(d, []licensure.Consent{k}, when)
			if c.allowed {
				must(t, err)
				continue
			}
			if err == nil {
				t.Errorf("%s: passed on", what)
				continue
			}
			refusedBy(t, err, "PR-9", "consent")
		}
		refusedBy(t, licensure.CheckConsent(pass, nil, at), "PR-9", "consent")
		if !licensure.BeyondDirectory(map[string]any{"honours": "x"}) || licensure.BeyondDirectory(map[string]any{"degree": "MD"}) {
			t.Error("directory facts")
		}
	})
	rule(t, "PR-7", func(t *testing.T) {
		// Everything of this package that is published, made for one licence.
		secrets := []string{"L0509726", "Dorilogan", "9000000015", aHolder, aTerm().CredentialID}
		log := newLog(t)
		must(t, log.Issue(act("o1", licensure.Suspension, 10, 10), aDigest))
		ledger, err := licensure.NewLedger(status.MinEntries, rand.Reader)
		must(t, err)
		_, err = ledger.Draw(rand.Reader, aTerm().CredentialID)
		must(t, err)
		p, err := ledger.Project(day(20), licensure.FromLog(log, day(20)))
		must(t, err)
		l, _ := nationalTrust(t)
		list, err := l.Bytes()
		must(t, err)
		trust, err := l.Compile(licensure.CompileOptions{Base: []byte(trustBase)})
		must(t, err)
		c := newConsortium("board", 5, 3)
		update := c.publish(t, 1, list, 3)
		head, err := json.Marshal(log.Head(day(20)))
		must(t, err)
		public := map[string][]byte{"status list": []byte(p.Bits.Encode()), "trust list": list, "trust file": trust, "head": head,
			"root": c.root(t, 1), "targets": update.Targets, "snapshot": update.Snapshot, "timestamp": update.Timestamp, "context": licensure.Context()}
		for _, typ := range licensure.Types() {
			public["schema of "+typ], _ = licensure.Schema(typ)
		}
		for what, data := range public {
			if len(data) < 50 {
				t.Errorf("%s is empty", what)
			}
			for _, secret := range secrets {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s holds %s", what, secret)
				}
			}
		}
	})
	rule(t, "PR-15", func(t *testing.T) { // errors of drafts: TestErrorsHoldNoValues
		_, d := answer(t, policy(t, "ncqa-accreditation"), licensure.ElementLicence, nil)
		raw, err := d.Bytes()
		must(t, err)
		for _, claim := range []string{"Dorilogan", "9000000015", "did:key", "E00002"} {
			if strings.Contains(string(raw), claim) {
				t.Errorf("a decision holds %s", claim)
			}
		}
	})
}
