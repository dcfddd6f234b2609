package licensure_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

var judgedAt = instant("2026-07-15T12:00:00Z")

// fact is what a verifier's report on an issued draft shows.
func fact(t *testing.T, d drafter, verdict verifier.Verdict) licensure.Fact {
	t.Helper()
	draft, err := d.Draft()
	must(t, err)
	claims := filledIn(draft)
	facts++
	claims["id"] = fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", facts)
	f, err := licensure.FactOf(&verifier.Report{Verdict: verdict, ID: claims["id"].(string), Claims: claims,
		Issuer: verifier.IssuerFact{ID: "https://federation.example/issuer.json"}, StatusAt: &validFrom}, aDigest)
	must(t, err)
	return f
}

var facts int

func valid(t *testing.T, d drafter) licensure.Fact { t.Helper(); return fact(t, d, verifier.Valid) }

// The applicant of these tests: everything is as it should be until a test bends it.

func passes(nos ...int) []licensure.Attempt {
	var out []licensure.Attempt
	for i, component := range []string{licensure.Step1, licensure.Step2CK, licensure.Step3} {
		for no := 1; no <= nos[i]; no++ {
			outcome := licensure.ExamFail
			if no == nos[i] {
				outcome = licensure.ExamPass
			}
			out = append(out, licensure.Attempt{Component: component, No: no, TakenOn: licensure.Date(fmt.Sprintf("2001-%02d", no)), Outcome: outcome})
		}
	}
	return out
}

func anExam(complete bool, attempts []licensure.Attempt) licensure.ExamHistory {
	return licensure.ExamHistory{Envelope: envelope("Examinations", time.Time{}), Program: licensure.USMLE, Attempts: attempts, Complete: complete, AsOf: "2026-06-30"}
}

func aTraining(bend func(*licensure.Training)) licensure.Training {
	k := fullTraining
	k.Envelope = envelope("Training", time.Time{})
	if bend != nil {
		bend(&k)
	}
	return k
}

func aCertification(bend func(*licensure.Certification)) licensure.Certification {
	k := licensure.Certification{Envelope: envelope("Specialty certification", instant("2027-01-01T00:00:00Z")),
		Board: "Crossmarch Board of Surgery", Family: "ABMS", Kind: "general", Specialty: "Surgery", Taxonomy: "9004R0000X",
		Initial: "1998-07-01", Status: "certified", Expires: "2028-12-31", ContinuingCertification: "required-meeting"}
	if bend != nil {
		bend(&k)
	}
	if end, err := time.Parse(time.DateOnly, string(k.Expires)); err == nil && end.Before(k.ValidUntil) {
		k.ValidUntil = end.AddDate(0, 0, 1)
	}
	return k
}

func aDegree(a licensure.Accreditor) licensure.Degree {
	d := fullDegree
	d.Envelope, d.Accreditor = envelope("Degree", time.Time{}), a
	return d
}

func aHistory(r licensure.CompactRules, bend func(*licensure.ActionHistory)) licensure.ActionHistory {
	h := licensure.ActionHistory{Envelope: envelope("History", instant("2026-10-01T00:00:00Z")), AsOf: "2026-06-30", Covered: r.Jurisdictions, NoneFound: true}
	if bend != nil {
		bend(&h)
	}
	return h
}

func told(actions ...licensure.ActionRef) func(*licensure.ActionHistory) {
	return func(h *licensure.ActionHistory) { h.NoneFound, h.Actions = false, actions }
}

func aRegistration(status string) licensure.Registration {
	return licensure.Registration{Envelope: envelope("Registration", instant("2027-01-01T00:00:00Z")), Schedules: []string{"II"},
		BusinessActivity: "practitioner", Jurisdiction: "X01", IssuedOn: "2024-03-01", Expires: "2027-02-28", Status: status}
}

func aHeld(place int, bend func(*licensure.HeldLicence)) licensure.HeldLicence {
	h := licensure.HeldLicence{Key: key(place), Board: board(place), Basis: licensure.Examination, Full: true, Unrestricted: true,
		State: licensure.State{Status: licensure.Active}, Credential: fmt.Sprint("urn:x:licence-", place)}
	if bend != nil {
		bend(&h)
	}
	return h
}

func found(rule string, result licensure.CriterionResult, by string, self bool) licensure.Finding {
	return licensure.Finding{Rule: rule, Result: result, By: by, SelfAttested: self, Reference: "urn:x:finding"}
}

func anApplication(t *testing.T, r licensure.CompactRules) licensure.Application {
	return licensure.Application{
		Principal: "X01", At: judgedAt,
		Facts: []licensure.Fact{valid(t, aDegree(licensure.LCME)), valid(t, anExam(true, passes(1, 1, 1))), valid(t, aTraining(nil)),
			valid(t, aCertification(nil)), valid(t, aHistory(r, nil)), valid(t, aRegistration("active"))},
		Licences: []licensure.HeldLicence{aHeld(1, nil)},
		Findings: []licensure.Finding{found("CE-6", licensure.Met, "X01", false), found("CE-9", licensure.Met, "X01", false)},
	}
}

// instead puts a fact in the place of those of its type; with none it takes that type out.
func instead(a licensure.Application, typ string, facts ...licensure.Fact) licensure.Application {
	a.Facts = slices.DeleteFunc(slices.Clone(a.Facts), func(f licensure.Fact) bool { return f.Type == typ })
	a.Facts = append(a.Facts, facts...)
	return a
}

func evaluate(t *testing.T, r licensure.CompactRules, a licensure.Application) licensure.Evaluation {
	t.Helper()
	e, err := r.Evaluate(a)
	must(t, err)
	return e
}

// decides evaluates a and expects one rule's result, and of the others that they are met.
func decides(t *testing.T, r licensure.CompactRules, what string, a licensure.Application, id string, want licensure.CriterionResult) {
	t.Helper()
	e := evaluate(t, r, a)
	for _, k := range e.Criteria {
		expected := licensure.Met
		if k.Rule == id {
			expected = want
		} else if id == "CE-7" && k.Rule == "CE-8" {
			continue // rests on the same history
		}
		if k.Result != expected {
			t.Errorf("%s: %s is %s (%s), want %s", what, k.Rule, k.Result, k.Why, expected)
		}
		if k.Result != licensure.Met && k.Why == "" {
			t.Errorf("%s: %s says not why", what, k.Rule)
		}
	}
	determination := map[licensure.CriterionResult]licensure.Determination{licensure.Met: licensure.Eligible,
		licensure.NotMet: licensure.NotEligible, licensure.UnknownState: licensure.Undetermined}[want]
	if e.Determination != determination && id != "CE-7" {
		t.Errorf("%s: %s, want %s", what, e.Determination, determination)
	}
}

func TestEligibility(t *testing.T) {
	r := compactRules()
	whole := anApplication(t, r)
	const yes, no, open = licensure.Met, licensure.NotMet, licensure.UnknownState

	rule(t, "CE-0", func(t *testing.T) {
		e := evaluate(t, r, whole)
		if e.Determination != licensure.Eligible || len(e.Criteria) != 9 {
			t.Errorf("%+v", e)
		}
		empty := evaluate(t, r, licensure.Application{Principal: "X01", At: judgedAt})
		if empty.Determination != licensure.Undetermined {
			t.Errorf("of nothing: %s", empty.Determination)
		}
		for _, k := range empty.Criteria {
			if k.Result != open {
				t.Errorf("of nothing, %s is %s", k.Rule, k.Result)
			}
		}
		// One unknown beside one that is not met: nobody guesses.
		a := instead(instead(whole, licensure.TypeMedicalDegree), licensure.TypeSpecialtyCertification, fact(t, aCertification(nil), verifier.NotInForce))
		if d := evaluate(t, r, a).Determination; d != licensure.Undetermined {
			t.Errorf("one unknown, one not met: %s", d)
		}
		one, err := evaluate(t, r, whole).Bytes()
		must(t, err)
		slices.Reverse(whole.Facts)
		two, err := evaluate(t, r, whole).Bytes()
		must(t, err)
		if !bytes.Equal(one, two) || !bytes.Contains(one, []byte(r.Digest())) {
			t.Error("the same evidence in another order gives other bytes")
		}
		if _, err := (licensure.CompactRules{}).Evaluate(whole); err == nil {
			t.Error("rules without members judge")
		}
		if _, err := licensure.FactOf(&verifier.Report{Verdict: verifier.Indeterminate, Claims: filledIn(readDraft(t, "degree"))}, aDigest); err == nil {
			t.Error("an indeterminate credential is a fact")
		}
	})
	rule(t, "CE-1", func(t *testing.T) {
		for a, want := range map[licensure.Accreditor]licensure.CriterionResult{licensure.LCME: yes, licensure.COCA: yes, licensure.WDOMS: yes, licensure.AccreditorNone: no} {
			decides(t, r, string(a), instead(whole, licensure.TypeMedicalDegree, valid(t, aDegree(a))), "CE-1", want)
		}
		decides(t, r, "none", instead(whole, licensure.TypeMedicalDegree), "CE-1", open)
		decides(t, r, "voided", instead(whole, licensure.TypeMedicalDegree, fact(t, aDegree(licensure.LCME), verifier.NotInForce)), "CE-1", no)
		said := aDegree(licensure.LCME)
		said.Confidence = licensure.Attested
		decides(t, r, "self-stated", instead(whole, licensure.TypeMedicalDegree, valid(t, said)), "CE-1", open)
		foreign := licensure.ForeignGraduate{Envelope: envelope("Certificate", time.Time{}), CertificateID: "01234567", IssuedOn: "1991-02-01",
			Requirements: []string{"exam"}, Degree: aRef, Indefinitely: true}
		a := instead(whole, licensure.TypeMedicalDegree, valid(t, aDegree(licensure.WDOMS)), valid(t, foreign))
		if k := evaluate(t, r, a).Criteria[0]; len(k.Evidence) != 2 {
			t.Errorf("a foreign graduate's evidence: %v", k.Evidence)
		}
	})
	rule(t, "CE-2", func(t *testing.T) {
		gap := slices.DeleteFunc(passes(1, 1, 3), func(a licensure.Attempt) bool { return a.Component == licensure.Step3 && a.No == 2 })
		withheld := passes(1, 1, 1)
		withheld[2].Outcome = licensure.ExamWithheld
		for _, c := range []struct {
			what string
			exam licensure.ExamHistory
			want licensure.CriterionResult
		}{
			{"Step 3 at attempt 3", anExam(true, passes(1, 1, 3)), yes},
			{"Step 3 at attempt 4", anExam(true, passes(1, 1, 4)), no},
			{"Step 1 at attempt 4", anExam(true, passes(4, 1, 1)), no},
			{"not all listed", anExam(false, passes(1, 1, 1)), open},
			{"Step 3 not taken", anExam(true, passes(1, 1, 0)), no},
			{"complete, but attempt 2 is left out", anExam(true, gap), open},
			{"withheld", anExam(true, withheld), open},
		} {
			decides(t, r, c.what, instead(whole, licensure.TypeExamHistory, valid(t, c.exam)), "CE-2", c.want)
		}
		other := anExam(true, passes(1, 1, 1))
		other.Program = licensure.SPEX
		decides(t, r, "another examination", instead(whole, licensure.TypeExamHistory, valid(t, other)), "CE-2", no)
		old := anExam(true, passes(1, 1, 1))
		old.AsOf = "2010-01-01"
		decides(t, r, "a later history tells of more", instead(whole, licensure.TypeExamHistory, valid(t, old), valid(t, anExam(true, passes(1, 1, 4)))), "CE-2", no)
		decides(t, r, "none", instead(whole, licensure.TypeExamHistory), "CE-2", open)
		lax := r
		lax.MostAttempts = 4
		decides(t, lax, "four allowed", instead(whole, licensure.TypeExamHistory, valid(t, anExam(true, passes(1, 1, 4)))), "CE-2", yes)
	})
	rule(t, "CE-3", func(t *testing.T) {
		for what, c := range map[string]struct {
			bend func(*licensure.Training)
			want licensure.CriterionResult
		}{
			"residency":    {nil, yes},
			"AOA":          {func(k *licensure.Training) { k.Accreditor = licensure.AOA }, yes},
			"transitional": {func(k *licensure.Training) { k.Level = licensure.InternshipTransitional }, no},
			"rotating":     {func(k *licensure.Training) { k.Level = licensure.InternshipRotating }, no},
			"not eligible": {func(k *licensure.Training) { k.BoardEligible = false }, no},
			"elsewhere":    {func(k *licensure.Training) { k.Accreditor = licensure.RCPSC }, no},
			"ends later":   {func(k *licensure.Training) { k.Completed, k.End = false, "2027-06-30" }, no},
			"broken off":   {func(k *licensure.Training) { k.Completed = false }, no},
		} {
			decides(t, r, what, instead(whole, licensure.TypeGraduateTraining, valid(t, aTraining(c.bend))), "CE-3", c.want)
		}
		both := instead(whole, licensure.TypeGraduateTraining, valid(t, aTraining(func(k *licensure.Training) { k.Level = licensure.InternshipTransitional })), valid(t, aTraining(nil)))
		decides(t, r, "internship and residency", both, "CE-3", yes)
	})
	rule(t, "CE-4", func(t *testing.T) {
		for what, c := range map[string]struct {
			bend func(*licensure.Certification)
			want licensure.CriterionResult
		}{
			"certified": {nil, yes},
			"time-unlimited": {func(k *licensure.Certification) {
				k.TimeUnlimited, k.Expires, k.ContinuingCertification = true, "", "required-not-meeting"
			}, yes},
			"expired":      {func(k *licensure.Certification) { k.Status, k.Expires = "expired", "2026-07-02" }, no},
			"ended by now": {func(k *licensure.Certification) { k.Expires = "2026-07-14" }, no},
			"last day":     {func(k *licensure.Certification) { k.Expires = "2026-07-15" }, yes},
			"revoked":      {func(k *licensure.Certification) { k.TimeUnlimited, k.Expires, k.Status = true, "", "revoked" }, no},
		} {
			decides(t, r, what, instead(whole, licensure.TypeSpecialtyCertification, valid(t, aCertification(c.bend))), "CE-4", c.want)
		}
		decides(t, r, "none", instead(whole, licensure.TypeSpecialtyCertification), "CE-4", open)
	})
	rule(t, "CE-5", func(t *testing.T) {
		for what, c := range map[string]struct {
			held []licensure.HeldLicence
			want licensure.CriterionResult
		}{
			"conditions": {[]licensure.HeldLicence{aHeld(1, func(h *licensure.HeldLicence) { h.State.Status = licensure.ActiveWithConditions })}, no},
			"suspended":  {[]licensure.HeldLicence{aHeld(1, func(h *licensure.HeldLicence) { h.State.Status = licensure.CompactAutoSuspended })}, no},
			"not full":   {[]licensure.HeldLicence{aHeld(1, func(h *licensure.HeldLicence) { h.Full = false })}, no},
			"restricted": {[]licensure.HeldLicence{aHeld(1, func(h *licensure.HeldLicence) { h.Unrestricted = false })}, no},
			"not member": {[]licensure.HeldLicence{aHeld(7, nil)}, open},
			"none":       {nil, open},
			"not known":  {[]licensure.HeldLicence{aHeld(1, func(h *licensure.HeldLicence) { h.State.Status = licensure.NotStated })}, open},
			"one of two": {[]licensure.HeldLicence{aHeld(1, func(h *licensure.HeldLicence) { h.State.Status = licensure.Expired }), aHeld(2, nil)}, yes},
		} {
			a := whole
			a.Licences = c.held
			decides(t, r, what, a, "CE-5", c.want)
		}
	})
	finding := func(id string) func(t *testing.T) {
		return func(t *testing.T) {
			for what, c := range map[string]struct {
				f    licensure.Finding
				want licensure.CriterionResult
			}{
				"met": {found(id, yes, "X01", false), yes}, "not met": {found(id, no, "X01", false), no},
				"self-attested": {found(id, yes, "X01", true), open}, "another board": {found(id, yes, "X02", false), open},
				"no answer": {found(id, "", "X01", false), open}, "another word": {found(id, "probably", "X01", false), open},
			} {
				a := whole
				a.Findings = slices.DeleteFunc(slices.Clone(a.Findings), func(f licensure.Finding) bool { return f.Rule == id })
				a.Findings = append(a.Findings, c.f)
				decides(t, r, what, a, id, c.want)
			}
		}
	}
	rule(t, "CE-6", finding("CE-6"))
	rule(t, "CE-9", finding("CE-9"))
	rule(t, "CE-7", func(t *testing.T) {
		ref := func(a licensure.Action, fee bool) licensure.ActionRef {
			return licensure.ActionRef{OrderID: "x", TakenIn: "X07", Action: a, EffectiveAt: instant("2006-01-01T00:00:00Z"), FeeRelatedOnly: fee}
		}
		for what, c := range map[string]struct {
			bend func(*licensure.ActionHistory)
			want licensure.CriterionResult
		}{
			"none found":                {nil, yes},
			"a reprimand, 20 years ago": {told(ref(licensure.Reprimand, false)), no},
			"a lapse for fees":          {told(ref(licensure.FeeLapse, true)), yes},
			"suspended for fees alone":  {told(ref(licensure.Suspension, true)), yes},
			"fees and a fine":           {told(ref(licensure.FeeLapse, true), ref(licensure.Fine, false)), no},
			"places missing":            {func(h *licensure.ActionHistory) { h.Covered = r.Jurisdictions[1:] }, open},
		} {
			decides(t, r, what, instead(whole, licensure.TypeBoardActionHistory, valid(t, aHistory(r, c.bend))), "CE-7", c.want)
		}
		decides(t, r, "none", instead(whole, licensure.TypeBoardActionHistory), "CE-7", open)
		decides(t, r, "out of date", instead(whole, licensure.TypeBoardActionHistory, fact(t, aHistory(r, nil), verifier.NotInForce)), "CE-7", open)
		decides(t, r, "two that differ", instead(whole, licensure.TypeBoardActionHistory, valid(t, aHistory(r, nil)), valid(t, aHistory(r, told(ref(licensure.Fine, false))))), "CE-7", no)
		a := whole
		o := by(2, "o1", licensure.Reprimand, 10, 10).Order
		a.Orders = []licensure.Order{o}
		decides(t, r, "an order", a, "CE-7", no)
		v := vacateBy(2, "o2", "o1", 10, 20).Order
		a.Orders = []licensure.Order{v, o}
		decides(t, r, "an order, vacated", a, "CE-7", yes)
		o.FeeRelatedOnly = true
		a.Orders = []licensure.Order{o}
		decides(t, r, "an order about fees", a, "CE-7", yes)
	})
	rule(t, "CE-8", func(t *testing.T) {
		for status, want := range map[string]licensure.CriterionResult{"active": yes, "suspended": no, "revoked": no, "retired": open} {
			decides(t, r, status, instead(whole, licensure.TypeControlledSubstance, valid(t, aRegistration(status))), "CE-8", want)
		}
		decides(t, r, "one of two", instead(whole, licensure.TypeControlledSubstance, valid(t, aRegistration("active")), valid(t, aRegistration("revoked"))), "CE-8", no)
		none := instead(whole, licensure.TypeControlledSubstance)
		decides(t, r, "none", none, "CE-8", open)
		none.Findings = append(slices.Clone(none.Findings), found("CE-8", yes, "X01", false))
		decides(t, r, "the board's finding", none, "CE-8", yes)
		a := whole
		o := by(2, "o1", licensure.Suspension, 10, 10).Order
		o.Basis = []string{licensure.BasisControlledSubstances}
		a.Orders = []licensure.Order{o}
		if k := evaluate(t, r, a).Criteria[7]; k.Result != no {
			t.Errorf("an order for controlled substances: %+v", k)
		}
	})
	rule(t, "CE-10", func(t *testing.T) {
		e := evaluate(t, r, instead(whole, licensure.TypeMedicalDegree, valid(t, aDegree(licensure.AccreditorNone))))
		if !strings.Contains(e.Message, "not eligible for the expedited path") || !strings.Contains(e.Message, "ordinary licensure") {
			t.Errorf("the message is %q", e.Message)
		}
	})
}

func TestPrincipalState(t *testing.T) {
	r := compactRules()
	held := []licensure.HeldLicence{aHeld(1, nil), aHeld(2, nil), aHeld(4, nil), aHeld(3, func(h *licensure.HeldLicence) { h.State.Status = licensure.Probation })}
	share := func(place string, perMille int) licensure.Ties {
		return licensure.Ties{PracticePerMille: map[string]int{place: perMille}}
	}
	want := func(t *testing.T, place string, ties licensure.Ties, result licensure.CriterionResult, id string, basis licensure.SPLBasis) {
		t.Helper()
		if a := r.Principal(place, held, ties); a.Result != result || a.Rule != id || a.Basis != basis || result != licensure.Met && a.Why == "" {
			t.Errorf("%s with %+v: %+v", place, ties, a)
		}
	}
	rule(t, "CS-1", func(t *testing.T) {
		want(t, "X01", licensure.Ties{Residence: "X01"}, licensure.Met, "CS-1", licensure.SPLResidence)
		want(t, "X01", share("X01", 249), licensure.NotMet, "CS-1", "")
		want(t, "X01", share("X01", 250), licensure.Met, "CS-1", licensure.SPLPractice)
		want(t, "X01", licensure.Ties{Employers: []string{"X02", "X01"}}, licensure.Met, "CS-1", licensure.SPLEmployer)
		want(t, "X01", licensure.Ties{Residence: "X02"}, licensure.NotMet, "CS-1", "")
		want(t, "X03", licensure.Ties{Residence: "X03"}, licensure.NotMet, "CS-1", "") // on probation there
		want(t, "X04", licensure.Ties{Residence: "X04"}, licensure.NotMet, "CS-1", "") // a member that may not act
		want(t, "X07", licensure.Ties{Residence: "X07"}, licensure.NotMet, "CS-1", "") // no member
	})
	rule(t, "CS-2", func(t *testing.T) {
		want(t, "X02", licensure.Ties{TaxResidence: "X02"}, licensure.Met, "CS-2", licensure.SPLTax)
		want(t, "X02", licensure.Ties{TaxResidence: "X02", Residence: "X01"}, licensure.NotMet, "CS-2", "")
		want(t, "X02", licensure.Ties{TaxResidence: "X02", Residence: "X07"}, licensure.Met, "CS-2", licensure.SPLTax)
		want(t, "X02", licensure.Ties{TaxResidence: "X02", Residence: "X02"}, licensure.Met, "CS-1", licensure.SPLResidence)
	})
	rule(t, "CS-3", func(t *testing.T) {
		before := []licensure.Designation{{Licence: key(1), From: day(-100)}}
		after, err := r.Redesignate(before, key(2), held, licensure.Ties{Residence: "X02"}, day(10))
		must(t, err)
		if len(after) != 2 || !after[0].Until.Equal(day(10)) || after[1].Licence != key(2) || !before[0].Until.IsZero() {
			t.Errorf("designations %+v, before %+v", after, before)
		}
		_, err = r.Redesignate(before, key(2), held, licensure.Ties{Residence: "X01"}, day(10))
		refusedBy(t, err, "CS-3", "does not qualify")
		_, err = r.Redesignate(before, key(2), held, licensure.Ties{Residence: "X02"}, day(-200))
		refusedBy(t, err, "CS-3", "begins later")
		// The cascade follows whichever was the principal one when the order took effect.
		h := aHolderOf()
		h.Principal = after
		for when, want := range map[int]string{5: "CD-1", 10: "CD-4"} {
			c, err := r.Cascade(h, acts{by(1, "o1", licensure.Suspension, when, 20)})
			must(t, err)
			if got := c.Orders[0].Trigger.Rule; got != want {
				t.Errorf("order of X01 on day %d: %s, want %s", when, got, want)
			}
		}
	})
	rule(t, "CS-4", func(t *testing.T) {
		l := aLetter(t, r)
		must(t, licensure.CheckLetterSigner(l, []string{"X01"}))
		refusedBy(t, licensure.CheckLetterSigner(l, []string{"X02"}), "CS-4", "principal")
		a := anApplication(t, r)
		_, err := r.Letter("l1", a, evaluate(t, r, a), r.Principal("X02", held, licensure.Ties{Residence: "X02"}), key(2), "2026-07-15")
		refusedBy(t, err, "CS-4", "principal")
	})
}

func aLetter(t *testing.T, r licensure.CompactRules) licensure.Letter {
	t.Helper()
	a := anApplication(t, r)
	p := r.Principal("X01", a.Licences, licensure.Ties{Residence: "X01"})
	l, err := r.Letter("l1", a, evaluate(t, r, a), p, key(1), "2026-01-01")
	must(t, err)
	l.Envelope = envelope("Letter of qualification", instant("2027-01-02T00:00:00Z"))
	must(t, l.Validate())
	return l
}

func TestLetters(t *testing.T) {
	r := compactRules()
	l := aLetter(t, r)
	rule(t, "CL-1", func(t *testing.T) {
		exclusive := r
		exclusive.LetterLastDay = false
		for on, want := range map[licensure.Date][2]bool{"2025-12-31": {}, "2026-01-01": {true, true}, "2026-12-31": {true, true}, "2027-01-01": {true, false}, "2027-01-02": {}} {
			if r.LetterGood(l, on) != want[0] || exclusive.LetterGood(l, on) != want[1] {
				t.Errorf("on %s: %v with the last day, %v without", on, r.LetterGood(l, on), exclusive.LetterGood(l, on))
			}
		}
		leap := l
		leap.IssuedOn, leap.Expires = "2028-01-01", "2028-12-31" // 365 days, not a year
		leap.ValidFrom, leap.ValidUntil = instant("2028-01-01T00:00:00Z"), instant("2029-01-01T00:00:00Z")
		must(t, leap.Validate())
	})
	rule(t, "CL-2", func(t *testing.T) {
		if _, err := r.Expedite(l, "urn:x:letter", "X02", "2027-01-01"); err != nil {
			t.Error(err)
		}
		_, err := r.Expedite(l, "urn:x:letter", "X02", "2027-01-02")
		refusedBy(t, err, "CL-2", "no new licence")
		must(t, r.CheckExpedited(expedited(2, "2026-12-31"), l, "urn:x:letter"))
		refusedBy(t, r.CheckExpedited(expedited(2, "2027-01-02"), l, "urn:x:letter"), "CL-2", "issued on")
	})
	rule(t, "CL-3", func(t *testing.T) {
		steps, err := r.Expedite(l, "urn:x:letter", "X02", "2026-02-01")
		must(t, err)
		if steps[1].Result != licensure.StaticReused || len(steps[1].Refs) != 4 || len(l.Static) != 4 {
			t.Errorf("steps %+v", steps)
		}
	})
	rule(t, "CL-4", func(t *testing.T) {
		numbers := map[string]bool{}
		for _, place := range []int{2, 3, 4} {
			steps, err := r.Expedite(l, "urn:x:letter", fmt.Sprintf("X%02d", place), "2026-02-01")
			must(t, err)
			if last := steps[len(steps)-1]; last.Result != licensure.NeedsHuman || last.Rule != "CL-4" {
				t.Errorf("last step %+v", last)
			}
			k := expedited(place, "2026-03-01")
			must(t, r.CheckExpedited(k, l, "urn:x:letter"))
			must(t, k.Validate())
			numbers[k.Jurisdiction+k.Number] = true
		}
		if len(numbers) != 3 {
			t.Errorf("%d licences", len(numbers))
		}
		for place, text := range map[string]string{"X07": "no member", "X01": "principal"} {
			_, err := r.Expedite(l, "urn:x:letter", place, "2026-02-01")
			refusedBy(t, err, "CL-4", text)
		}
		refusedBy(t, r.CheckExpedited(expedited(2, "2026-03-01"), l, "urn:x:another"), "CL-4", "this letter")
	})
	rule(t, "CL-5", func(t *testing.T) {
		for _, c := range []struct {
			completed, today licensure.Date
			want             bool
		}{{"", "2026-03-02", false}, {"", "2026-03-03", true}, {"2026-03-02", "2026-05-01", false}, {"2026-03-03", "2026-05-01", true}} {
			if got, err := r.Withdrawn("2026-01-01", c.completed, c.today); err != nil || got != c.want {
				t.Errorf("completed %q, today %s: %v, %v", c.completed, c.today, got, err)
			}
		}
		if _, err := r.Withdrawn("2026", "", "2026-05-01"); err == nil {
			t.Error("opened in a year")
		}
	})
	rule(t, "CL-6", func(t *testing.T) {
		base := func() licensure.Renewal {
			return licensure.Renewal{Principal: aHeld(1, nil), Education: licensure.Met, At: judgedAt,
				Facts:    []licensure.Fact{valid(t, aHistory(r, nil)), valid(t, aRegistration("active"))},
				Findings: []licensure.Finding{found("CE-6", licensure.Met, "X01", false)}}
		}
		for what, c := range map[string]struct {
			bend func(*licensure.Renewal)
			want licensure.Determination
		}{
			"all in order": {func(*licensure.Renewal) {}, licensure.Eligible},
			"specialty certification lapsed": {func(n *licensure.Renewal) {
				n.Facts = append(n.Facts, fact(t, aCertification(nil), verifier.NotInForce))
			}, licensure.Eligible},
			"principal licence restricted": {func(n *licensure.Renewal) { n.Principal.State.Status = licensure.ActiveWithConditions }, licensure.NotEligible},
			"principal licence not known":  {func(n *licensure.Renewal) { n.Principal.State.Status = licensure.NotStated }, licensure.Undetermined},
			"disciplined":                  {func(n *licensure.Renewal) { n.Orders = []licensure.Order{by(2, "o1", licensure.Fine, 10, 10).Order} }, licensure.NotEligible},
			"lapse for fees": {func(n *licensure.Renewal) {
				n.Orders = []licensure.Order{by(2, "o1", licensure.FeeLapse, 10, 10).Order}
			}, licensure.Eligible},
			"education not done":  {func(n *licensure.Renewal) { n.Education = licensure.NotMet }, licensure.NotEligible},
			"education not known": {func(n *licensure.Renewal) { n.Education = "" }, licensure.Undetermined},
			"no finding":          {func(n *licensure.Renewal) { n.Findings = nil }, licensure.Undetermined},
		} {
			n := base()
			c.bend(&n)
			e, err := r.Renewable(n)
			must(t, err)
			if e.Determination != c.want {
				t.Errorf("%s: %s, want %s (%+v)", what, e.Determination, c.want, e.Criteria)
			}
		}
	})
	t.Run("ruleset", func(t *testing.T) {
		other := r
		other.PracticePerMille = 300
		if r.Digest() != compactRules().Digest() || r.Digest() == other.Digest() {
			t.Error("the digest is not of the rules")
		}
		shuffled := compactRules()
		slices.Reverse(shuffled.Members)
		slices.Reverse(shuffled.Jurisdictions)
		if shuffled.Digest() != r.Digest() {
			t.Error("the order of places changes the digest")
		}
		_, err := other.Expedite(l, "urn:x:letter", "X02", "2026-02-01")
		refusedBy(t, err, "CE-0", "other rules")
	})
}

// expedited is a member's own licence under the letter.
func expedited(place int, issued licensure.Date) licensure.Licence {
	k := fullLicence
	k.Envelope = envelope("Licence", instant("2026-12-31T00:00:00Z"))
	k.ValidFrom = instant(string(issued) + "T12:00:00Z")
	if k.ValidUntil.Before(k.ValidFrom) {
		k.ValidUntil = k.ValidFrom.AddDate(0, 1, 0)
	}
	k.Jurisdiction, k.BoardID, k.Board, k.Number = fmt.Sprintf("X%02d", place), "", board(place), fmt.Sprintf("E%05d", place)
	k.FirstIssued, k.CurrentTermStart, k.Expires = issued, issued, "2028-12-31"
	k.LegalStatus, k.Conditions, k.Unrestricted = new(licensure.Active), nil, true
	k.Basis, k.ExpeditedUnderLOQ = licensure.BasisCompact, "urn:x:letter"
	return k
}
