package licensure_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
	"github.com/certanchor/certanchor/verifier"
)

func policy(t *testing.T, id string) *licensure.Policy {
	t.Helper()
	raw, ok := licensure.BuiltinPolicy(id)
	if !ok {
		t.Fatalf("no policy %s", id)
	}
	p, err := licensure.ParsePolicy(raw)
	must(t, err)
	return p
}

// A bent report: what a verifier says of one credential.
type said struct {
	verdict verifier.Verdict
	code    verifier.Code // of the step that decided
	step    verifier.StepName
	fact    string
	at      string // of the status list; "" for none
	message licensure.LegalStatus
	state   *licensure.State
	known   time.Time
}

// item is a credential with a report on it.
func item(t *testing.T, d drafter, s said) licensure.Item {
	t.Helper()
	draft, err := d.Draft()
	must(t, err)
	claims := filledIn(draft)
	facts++
	claims["id"] = fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", facts)
	r := &verifier.Report{Verdict: s.verdict, ID: claims["id"].(string), Claims: claims, Issuer: verifier.IssuerFact{ID: "https://x.example", Label: "Made-up Source"}}
	if s.step != "" {
		result := map[verifier.Verdict]verifier.Result{verifier.Indeterminate: verifier.Unavailable}[s.verdict]
		if result == "" {
			result = verifier.Failed
		}
		group := map[verifier.Verdict]verifier.Group{verifier.Indeterminate: verifier.Freshness, verifier.NotInForce: verifier.Standing, verifier.Invalid: verifier.Integrity}[s.verdict]
		r.Steps = []verifier.Step{{Name: s.step, Group: group, Result: result, Code: s.code, Fact: s.fact}}
	}
	if s.verdict == verifier.Invalid {
		r.Claims = nil
	}
	if s.at != "" {
		at := instant(s.at)
		r.StatusAt = &at
	}
	if typ, _ := licensure.TypeOf(claims); typ == licensure.TypeLicence && s.at != "" {
		v := uint8(s.message)
		r.Message = &v
	}
	return licensure.Item{Report: r, Digest: aDigest, State: s.state, StateKnown: s.known}
}

func goodLicence() licensure.Licence {
	k := expedited(2, "2026-01-05")
	k.Basis, k.ExpeditedUnderLOQ, k.ValidUntil = licensure.Endorsement, "", instant("2028-12-31T00:00:00Z")
	return k
}

func decidedOn(d licensure.Date) licensure.Moment {
	return licensure.Moment{Decision: d, Run: instant("2026-07-20T08:00:00Z")}
}

// stands expects one credential's standing.
func stands(t *testing.T, p *licensure.Policy, what string, i licensure.Item, m licensure.Moment, want licensure.StandingValue) licensure.CredentialStanding {
	t.Helper()
	c := p.Standing(i, m)
	if c.Standing != want {
		t.Errorf("%s: %s (%v), want %s", what, c.Standing, c.Reasons, want)
	}
	if c.Standing != licensure.InForce && len(c.Reasons) == 0 {
		t.Errorf("%s: no reason", what)
	}
	return c
}

const valid0 = verifier.Valid

func TestPolicyFiles(t *testing.T) {
	if got := strings.Join(licensure.Policies(), " "); got != "disaster hospital ncqa-accreditation ncqa-cvo" {
		t.Errorf("policies %s", got)
	}
	digests := map[string]bool{}
	for _, id := range licensure.Policies() {
		raw, _ := licensure.BuiltinPolicy(id)
		p := policy(t, id)
		if p.ID != id || digests[p.Digest()] {
			t.Errorf("%s: id %s, digest %s", id, p.ID, p.Digest())
		}
		digests[p.Digest()] = true
		for name, bend := range map[string]func(map[string]any){
			"unknown parameter": func(f map[string]any) { f["maxAgeWeeks"] = 3 },
			"another version":   func(f map[string]any) { f["version"] = 2 },
			"no elements":       func(f map[string]any) { delete(f, "elements") },
			"unknown element":   func(f map[string]any) { f["elements"] = []any{map[string]any{"element": "aura", "required": true}} },
			"element twice":     func(f map[string]any) { f["elements"] = append(f["elements"].([]any), f["elements"].([]any)[0]) },
			"no age":            func(f map[string]any) { delete(f, "maxAgeDays"); delete(f, "maxAgeAt") },
			"negative age":      func(f map[string]any) { f["maxAgeDays"] = -1 },
			"requires nothing": func(f map[string]any) {
				for _, e := range f["elements"].([]any) {
					e.(map[string]any)["required"] = false
				}
			},
			"no revision":         func(f map[string]any) { f["revision"] = "" },
			"disaster of 0 hours": func(f map[string]any) { f["disaster"] = map[string]any{"hours": 0, "statusMaxDays": 3} },
		} {
			var file map[string]any
			must(t, json.Unmarshal(raw, &file))
			bend(file)
			bent, err := json.Marshal(file)
			must(t, err)
			if _, err := licensure.ParsePolicy(bent); err == nil {
				t.Errorf("%s, %s: read", id, name)
			}
		}
	}
}

func TestStanding(t *testing.T) {
	ncqa := policy(t, "ncqa-accreditation")
	m := decidedOn("2026-07-15")
	lic := func(s said) licensure.Item { return item(t, goodLicence(), s) }

	rule(t, "PV-1", func(t *testing.T) {
		c := stands(t, ncqa, "list of 1 July", lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z"}), m, licensure.InForce)
		if !c.VerifiedAt.Equal(instant("2026-07-01T06:00:00Z")) || c.AgeDays != 14 {
			t.Errorf("verified at %v, %d days old", c.VerifiedAt, c.AgeDays)
		}
		later := m
		later.Run = instant("2036-07-20T08:00:00Z") // the program's own time changes nothing
		if again := ncqa.Standing(lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z"}), later); !again.VerifiedAt.Equal(c.VerifiedAt) || again.Standing != c.Standing {
			t.Errorf("run ten years later: %+v", again)
		}
		active := licensure.State{Status: licensure.Active}
		c = ncqa.Standing(lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z", state: &active, known: instant("2026-07-10T00:00:00Z")}), m)
		if c.AgeDays != 5 {
			t.Errorf("orders known on 10 July: %d days old", c.AgeDays)
		}
		stands(t, ncqa, "no list at all", item(t, aCertification(nil), said{verdict: valid0}), m, licensure.UndeterminedStand)
		old := aHistory(compactRules(), func(h *licensure.ActionHistory) { h.AsOf = "2026-01-01" })
		c = stands(t, ncqa, "an old history with a fresh list", item(t, old, said{verdict: valid0, at: "2026-07-01T06:00:00Z"}), m, licensure.Stale)
		if c.AgeDays != 195 {
			t.Errorf("%d days old", c.AgeDays)
		}
		stands(t, ncqa, "a static fact", item(t, aDegree(licensure.LCME), said{verdict: valid0}), m, licensure.InForce)
	})
	rule(t, "PV-2", func(t *testing.T) {
		cvo := policy(t, "ncqa-cvo")
		for _, c := range []struct {
			p        *licensure.Policy
			decision licensure.Date
			at       string
			want     licensure.StandingValue
		}{
			{ncqa, "2026-07-15", "2026-03-17T00:00:00Z", licensure.InForce}, // 120 days
			{ncqa, "2026-07-15", "2026-03-16T23:59:59Z", licensure.Stale},
			{cvo, "2026-07-15", "2026-04-16T00:00:00Z", licensure.InForce}, // 90 days
			{cvo, "2026-07-15", "2026-04-15T00:00:00Z", licensure.Stale},
			{ncqa, "2025-06-30", "2025-01-01T00:00:00Z", licensure.InForce}, // 180 days then
			{ncqa, "2025-07-01", "2025-01-02T00:00:00Z", licensure.Stale},
			{policy(t, "hospital"), "2026-07-15", "2026-07-15T00:00:00Z", licensure.InForce},
			{policy(t, "hospital"), "2026-07-15", "2026-07-14T00:00:00Z", licensure.Stale},
			{ncqa, "2026-07-15", "2026-07-16T00:00:00Z", licensure.UndeterminedStand}, // after the decision
			{ncqa, "", "2026-07-14T00:00:00Z", licensure.UndeterminedStand},
		} {
			stands(t, c.p, fmt.Sprint(c.p.ID, " on ", c.decision, " by a list of ", c.at), lic(said{verdict: valid0, at: c.at}), decidedOn(c.decision), c.want)
		}
	})
	rule(t, "PV-3", func(t *testing.T) {
		own := goodLicence()
		own.Confidence = licensure.Attested
		c := stands(t, ncqa, "self-stated", item(t, own, said{verdict: valid0, at: "2026-07-01T06:00:00Z"}), m, licensure.UndeterminedStand)
		if len(c.Obtain) == 0 {
			t.Error("says not what to obtain")
		}
		stands(t, ncqa, "no report", licensure.Item{}, m, licensure.UndeterminedStand)
		d := ncqa.Decide(wholeCase(t, nil))
		for _, e := range d.Elements {
			if e.Result == licensure.Met && (e.Source == "" || e.VerifiedBy == "") {
				t.Errorf("%s: by %q from %q", e.Element, e.VerifiedBy, e.Source)
			}
		}
		if d.Office == "" || d.Decision == "" || d.Standing != licensure.InForce {
			t.Errorf("decision %+v", d)
		}
	})
	rule(t, "PV-4", func(t *testing.T) {
		future := aTraining(func(k *licensure.Training) { k.Completed, k.End = false, "2026-12-31" })
		stands(t, ncqa, "not completed", item(t, future, said{verdict: valid0}), m, licensure.UndeterminedStand)
		stands(t, ncqa, "completed", item(t, aTraining(nil), said{verdict: valid0}), m, licensure.InForce)
		k := aTraining(func(k *licensure.Training) { k.End = "2026-06-30" })
		stands(t, ncqa, "decision before the end", item(t, k, said{verdict: valid0}), decidedOn("2026-06-29"), licensure.UndeterminedStand)
	})
	rule(t, "VD-1", func(t *testing.T) {
		for step, code := range map[verifier.StepName]verifier.Code{
			verifier.StepRevocation: verifier.CodeRevocationUnknown, verifier.StepTrusted: verifier.CodeIssuerUnknown,
			verifier.StepConfirmations: verifier.CodeConfirmations, verifier.StepNetwork: verifier.CodeNetwork, verifier.StepTransaction: verifier.CodeNoEvidence,
			verifier.StepStatusAge: verifier.CodeStatusFuture,
		} {
			stands(t, ncqa, string(step), lic(said{verdict: verifier.Indeterminate, step: step, code: code, at: "2026-07-01T06:00:00Z"}), m, licensure.UndeterminedStand)
		}
		stands(t, ncqa, "old for the trust file", lic(said{verdict: verifier.Indeterminate, step: verifier.StepStatusAge, code: verifier.CodeStatusStale, at: "2026-03-01T06:00:00Z"}), m, licensure.Stale)
		stands(t, ncqa, "no step said", lic(said{verdict: verifier.Indeterminate}), m, licensure.UndeterminedStand)
		d := ncqa.Decide(wholeCase(t, func(c *licensure.Case) {
			c.Items[0] = lic(said{verdict: verifier.Indeterminate, step: verifier.StepTransaction, code: verifier.CodeNoEvidence})
		}))
		if d.Standing == licensure.InForce {
			t.Error("in force without evidence of an anchor")
		}
	})
	rule(t, "VD-2", func(t *testing.T) {
		// Whatever cannot be asked ends as unavailable: of every code a step may carry,
		// forged needs one that failed about the document or its issuer.
		n := 0
		for _, info := range verifier.Codes() {
			verdict := info.Verdict()
			if verdict != verifier.Indeterminate {
				continue
			}
			n++
			for _, name := range []verifier.StepName{verifier.StepRevocation, verifier.StepTransaction, verifier.StepSignature} {
				if c := ncqa.Standing(lic(said{verdict: verdict, step: name, code: info.Code}), m); c.Standing == licensure.ForgedOrAltered || c.Standing == licensure.InForce {
					t.Errorf("%s at %s: %s", info.Code, name, c.Standing)
				}
			}
		}
		if n < 20 {
			t.Errorf("only %d codes", n)
		}
		c := stands(t, ncqa, "altered", lic(said{verdict: verifier.Invalid, step: verifier.StepSignature, code: verifier.CodeSignature}), m, licensure.ForgedOrAltered)
		if c.Reasons[0].Text != "signature at signature" {
			t.Errorf("because %q", c.Reasons[0].Text)
		}
		d := ncqa.Decide(wholeCase(t, func(c *licensure.Case) {
			c.Items = append(c.Items, item(t, aDegree(licensure.LCME), said{verdict: verifier.Invalid, step: verifier.StepSignature, code: verifier.CodeSignature}))
		}))
		if d.Standing != licensure.ForgedOrAltered {
			t.Errorf("a set with one forgery: %s", d.Standing)
		}
	})
	t.Run("legal-status", func(t *testing.T) { // VD-3, section 6.1
		for s := range licensure.LegalStatus(16) {
			want := map[licensure.Practice]licensure.StandingValue{licensure.MayPractise: licensure.InForce, licensure.LimitedPractice: licensure.InForceWithLimits,
				licensure.MayNotPractise: licensure.NotInForce, licensure.PracticeUnknown: licensure.UndeterminedStand}[s.Practice()]
			stands(t, ncqa, "list says "+s.String(), lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z", message: s}), m, want)
			state := licensure.State{Status: s}
			stands(t, ncqa, "orders say "+s.String(), lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z", state: &state}), m, want)
		}
		clean := licensure.State{Status: licensure.Active}
		c := stands(t, ncqa, "list suspended, orders active", lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z", message: licensure.Suspended, state: &clean}), m, licensure.NotInForce)
		if !strings.Contains(c.Reasons[0].Text, "the orders say active, the list says suspended") {
			t.Errorf("reasons %v", c.Reasons)
		}
		bad := licensure.State{Status: licensure.CompactMirroredEncumbered, Mirrored: new(licensure.Revoked), Trigger: &licensure.TriggerRef{TakenIn: "X01"}}
		c = stands(t, ncqa, "orders encumbered, list active", lic(said{verdict: valid0, at: "2026-07-01T06:00:00Z", state: &bad}), m, licensure.NotInForce)
		if got := c.Reasons[len(c.Reasons)-1].Text; got != "revoked (automatic, follows X01)" {
			t.Errorf("reads %q", got)
		}
		// What stands inside the licence decides nothing: no list, no orders.
		stands(t, ncqa, "the licence alone", lic(said{verdict: valid0}), m, licensure.UndeterminedStand)
		stands(t, ncqa, "the term ended", lic(said{verdict: valid0, at: "2028-12-30T00:00:00Z"}), decidedOn("2029-01-01"), licensure.NotInForce)
		stands(t, ncqa, "the last day", lic(said{verdict: valid0, at: "2028-12-30T00:00:00Z"}), decidedOn("2028-12-31"), licensure.InForce)
		stands(t, ncqa, "revoked document", lic(said{verdict: verifier.NotInForce, step: verifier.StepRevocation, code: verifier.CodeRevoked, at: "2026-07-01T06:00:00Z"}), m, licensure.NotInForce)
		resident := goodLicence()
		resident.LicenceType, resident.Full = licensure.TrainingLicence, false
		stands(t, ncqa, "a training licence", item(t, resident, said{verdict: valid0, at: "2026-07-01T06:00:00Z"}), m, licensure.InForceWithLimits)
	})
	rule(t, "PV-9", func(t *testing.T) {
		p := policy(t, "disaster")
		arrival := instant("2026-07-10T12:00:00Z")
		at := func(run string, photo bool) licensure.Moment {
			return licensure.Moment{Decision: "2026-07-10", Run: instant(run), Arrival: arrival, PhotoID: photo}
		}
		nine := said{verdict: verifier.Indeterminate, step: verifier.StepStatusAge, code: verifier.CodeStatusStale, at: "2026-07-01T12:00:00Z"}
		c := stands(t, p, "nine days old", lic(nine), at("2026-07-10T13:00:00Z", true), licensure.ProvisionalUntil)
		if !c.Until.Equal(instant("2026-07-13T12:00:00Z")) {
			t.Errorf("until %v", c.Until)
		}
		stands(t, p, "after 72 hours", lic(nine), at("2026-07-13T12:00:00Z", true), licensure.Stale)
		stands(t, p, "no photo id", lic(nine), at("2026-07-10T13:00:00Z", false), licensure.UndeterminedStand)
		stands(t, p, "no arrival", lic(nine), licensure.Moment{Decision: "2026-07-10", Run: arrival, PhotoID: true}, licensure.UndeterminedStand)
		old := nine
		old.at = "2026-06-01T12:00:00Z"
		stands(t, p, "39 days old", lic(old), at("2026-07-10T13:00:00Z", true), licensure.Stale)
		stands(t, p, "a list since arrival", lic(said{verdict: valid0, at: "2026-07-11T00:00:00Z"}), at("2026-07-11T08:00:00Z", true), licensure.InForce)
		stands(t, p, "suspended on the next day", lic(said{verdict: verifier.NotInForce, step: verifier.StepLegalStatus, code: verifier.CodeLegalStatus, at: "2026-07-11T00:00:00Z", message: licensure.Suspended}),
			at("2026-07-11T08:00:00Z", true), licensure.NotInForce)
		d := p.Decide(licensure.Case{Moment: at("2026-07-10T13:00:00Z", true), Office: "field", Items: []licensure.Item{lic(nine)}})
		if d.Standing != licensure.ProvisionalUntil || !d.Until.Equal(instant("2026-07-13T12:00:00Z")) {
			t.Errorf("the set: %s until %v", d.Standing, d.Until)
		}
		if raw, _ := d.Bytes(); !bytes.Contains(raw, []byte(`"photoId":true`)) {
			t.Errorf("the photo id is not recorded as looked at: %s", raw)
		}
	})
}

// wholeCase has every element of the NCQA policy; bend changes it.
func wholeCase(t *testing.T, bend func(*licensure.Case)) licensure.Case {
	fresh := said{verdict: valid0, at: "2026-07-01T06:00:00Z"}
	query := func(on licensure.Date) *licensure.Query {
		return &licensure.Query{On: on, By: "Tarnbeck General Hospital", Reference: "Q-1"}
	}
	c := licensure.Case{Moment: decidedOn("2026-07-15"), Office: "Tarnbeck General Hospital", Place: "X02",
		Items: []licensure.Item{item(t, goodLicence(), fresh), item(t, aRegistration("active"), fresh), item(t, aCertification(nil), fresh),
			item(t, aTraining(nil), said{verdict: valid0}), item(t, aDegree(licensure.LCME), said{verdict: valid0}), item(t, aHistory(compactRules(), nil), fresh)},
		DataBank: query("2026-06-01"), Malpractice: query("2026-06-01"), Competence: query("2026-06-01"),
		Work: []licensure.Work{{Period: licensure.Period{From: "2019-01-01"}}},
	}
	if bend != nil {
		bend(&c)
	}
	return c
}

// answer decides and returns the answer to one element.
func answer(t *testing.T, p *licensure.Policy, e licensure.Element, bend func(*licensure.Case)) (licensure.ElementResult, licensure.Decision) {
	t.Helper()
	d := p.Decide(wholeCase(t, bend))
	i := slices.IndexFunc(d.Elements, func(r licensure.ElementResult) bool { return r.Element == e })
	if i < 0 {
		t.Fatalf("%s asks not for %s", p.ID, e)
	}
	return d.Elements[i], d
}

// dropTypes takes credentials out of a case.
func dropTypes(types ...string) func(*licensure.Case) {
	return func(c *licensure.Case) {
		c.Items = slices.DeleteFunc(c.Items, func(i licensure.Item) bool {
			typ, _ := licensure.TypeOf(i.Report.Claims)
			return slices.Contains(types, typ)
		})
	}
}

func TestDecide(t *testing.T) {
	ncqa, hospital := policy(t, "ncqa-accreditation"), policy(t, "hospital")
	rule(t, "PV-5", func(t *testing.T) {
		expired := said{verdict: verifier.NotInForce, step: verifier.StepValidity, code: verifier.CodeExpired, fact: "expired on 2025-01-01"}
		bend := func(s said) func(*licensure.Case) {
			return func(c *licensure.Case) {
				dropTypes(licensure.TypeSpecialtyCertification, licensure.TypeGraduateTraining, licensure.TypeMedicalDegree)(c)
				c.Items = append(c.Items, item(t, aCertification(nil), s))
			}
		}
		r, d := answer(t, ncqa, licensure.ElementEducation, bend(expired))
		if r.Result != licensure.Met || r.VerifiedBy != "expired certification" || r.Reasons[0].Text != "education-verified-by: expired certification" || d.Standing != licensure.InForce {
			t.Errorf("education by an expired certification: %+v, %s", r, d.Standing)
		}
		if r, _ := answer(t, ncqa, licensure.ElementCertification, bend(expired)); r.Result != licensure.NotMet {
			t.Errorf("certification by an expired certification: %+v", r)
		}
		revoked := said{verdict: verifier.NotInForce, step: verifier.StepRevocation, code: verifier.CodeRevoked, fact: "revoked"}
		if r, d := answer(t, ncqa, licensure.ElementEducation, bend(revoked)); r.Result == licensure.Met || d.Standing == licensure.InForce {
			t.Errorf("education by a revoked certification: %+v", r)
		}
	})
	rule(t, "PV-6", func(t *testing.T) {
		for _, c := range []struct {
			by   string
			drop []string
		}{
			{"board certification", nil},
			{"residency or fellowship", []string{licensure.TypeSpecialtyCertification}},
			{"degree", []string{licensure.TypeSpecialtyCertification, licensure.TypeGraduateTraining}},
			{"", []string{licensure.TypeSpecialtyCertification, licensure.TypeGraduateTraining, licensure.TypeMedicalDegree}},
		} {
			r, _ := answer(t, ncqa, licensure.ElementEducation, dropTypes(c.drop...))
			if r.VerifiedBy != c.by || (r.Result == licensure.Met) != (c.by != "") {
				t.Errorf("without %v: %s by %q", c.drop, r.Result, r.VerifiedBy)
			}
		}
	})
	rule(t, "PV-7", func(t *testing.T) {
		with := func(q *licensure.Query) func(*licensure.Case) { return func(c *licensure.Case) { c.DataBank = q } }
		query := func(on licensure.Date, self bool) *licensure.Query {
			return &licensure.Query{On: on, By: "Hospital", Reference: "Q-9", SelfQuery: self}
		}
		for what, c := range map[string]struct {
			q    *licensure.Query
			want licensure.CriterionResult
		}{
			"asked":            {query("2026-07-01", false), licensure.Met},
			"two years ago":    {query("2024-07-15", false), licensure.Met},
			"longer ago":       {query("2024-07-14", false), licensure.UnknownState},
			"by the physician": {query("2026-07-01", true), licensure.UnknownState},
			"not asked":        {nil, licensure.UnknownState},
			"tomorrow":         {query("2026-07-16", false), licensure.UnknownState},
			"no reference":     {&licensure.Query{On: "2026-07-01", By: "Hospital"}, licensure.UnknownState},
		} {
			fresh := func(k *licensure.Case) {
				k.Items[0] = item(t, goodLicence(), said{verdict: valid0, at: "2026-07-15T06:00:00Z"})
				with(c.q)(k)
			}
			r, d := answer(t, hospital, licensure.ElementDataBank, fresh)
			if r.Result != c.want || (d.Standing == licensure.InForce) != (c.want == licensure.Met) {
				t.Errorf("%s: %s, %s (%+v)", what, r.Result, d.Standing, d.Elements)
			}
			if c.want != licensure.Met && len(d.Obtain) == 0 {
				t.Errorf("%s: says not what to obtain", what)
			}
		}
	})
	rule(t, "PV-8", func(t *testing.T) {
		for _, drop := range []string{licensure.TypeLicence, licensure.TypeControlledSubstance, licensure.TypeBoardActionHistory} {
			_, d := answer(t, ncqa, licensure.ElementLicence, dropTypes(drop))
			if d.Standing != licensure.UndeterminedStand || len(d.Obtain) != 1 {
				t.Errorf("without %s: %s, obtain %v", drop, d.Standing, d.Obtain)
			}
		}
		_, d := answer(t, ncqa, licensure.ElementLicence, dropTypes(licensure.TypeSpecialtyCertification)) // not required
		if d.Standing != licensure.InForce {
			t.Errorf("without a certification: %s %v", d.Standing, d.Obtain)
		}
		empty := ncqa.Decide(licensure.Case{Moment: decidedOn("2026-07-15")})
		if empty.Standing != licensure.UndeterminedStand || len(empty.Obtain) < 6 {
			t.Errorf("nothing: %s, obtain %v", empty.Standing, empty.Obtain)
		}
	})
	rule(t, "PV-10", func(t *testing.T) {
		c := wholeCase(t, nil)
		one, err := ncqa.Decide(c).Bytes()
		must(t, err)
		slices.Reverse(c.Items)
		two, err := ncqa.Decide(c).Bytes()
		must(t, err)
		if !bytes.Equal(one, two) {
			t.Errorf("the same case, other bytes:\n%s\n%s", one, two)
		}
		if !bytes.Contains(one, []byte(ncqa.Digest())) || !bytes.Contains(one, []byte(aDigest)) {
			t.Error("the decision names not its policy and inputs")
		}
		if bytes.Contains(one, []byte("Dorilogan")) {
			t.Error("the decision holds a claim")
		}
	})
	rule(t, "PV-11", func(t *testing.T) {
		work := func(ws ...licensure.Work) func(*licensure.Case) { return func(c *licensure.Case) { c.Work = ws } }
		p := func(from, until licensure.Date, explained bool) licensure.Work {
			return licensure.Work{Period: licensure.Period{From: from, Until: until}, Explained: explained}
		}
		for what, c := range map[string]struct {
			bend func(*licensure.Case)
			gaps int
		}{
			"one post":           {work(p("2019-01-01", "", false)), 0},
			"six months between": {work(p("2024-01-15", "", false), p("2019-01-01", "2023-07-15", false)), 0},
			"a day more":         {work(p("2024-01-16", "", false), p("2019-01-01", "2023-07-15", false)), 1},
			"explained":          {work(p("2024-06-01", "", false), p("2019-01-01", "2023-07-15", true)), 0},
			"begins late":        {work(p("2023-01-01", "", false)), 1},
			"ended a year ago":   {work(p("2019-01-01", "2025-07-15", false)), 1},
			"two gaps":           {work(p("2022-06-01", "2023-01-01", false), p("2024-01-01", "", false)), 2},
			"before the years":   {work(p("2010-01-01", "2012-01-01", false), p("2020-01-01", "", false)), 0},
			"overlapping":        {work(p("2019-01-01", "2026-01-01", false), p("2020-01-01", "2021-01-01", false), p("2026-03-01", "", false)), 0},
		} {
			r, d := answer(t, ncqa, licensure.ElementWorkHistory, c.bend)
			if len(r.Reasons) != c.gaps || (r.Result == licensure.Met) != (c.gaps == 0) || (d.Standing == licensure.InForce) != (c.gaps == 0) {
				t.Errorf("%s: %s %v", what, r.Result, r.Reasons)
			}
		}
		for what, bend := range map[string]func(*licensure.Case){"none": work(), "no day": work(p("2019", "", false)), "backwards": work(p("2020-01-01", "2019-01-01", false))} {
			if r, _ := answer(t, ncqa, licensure.ElementWorkHistory, bend); r.Result != licensure.UnknownState {
				t.Errorf("%s: %s", what, r.Result)
			}
		}
	})
	t.Run("licences", func(t *testing.T) {
		suspended := goodLicence()
		suspended.Jurisdiction = "X03"
		other := item(t, suspended, said{verdict: valid0, at: "2026-07-01T06:00:00Z", message: licensure.Suspended})
		with := func(place string) func(*licensure.Case) {
			return func(c *licensure.Case) { c.Items, c.Place = append(c.Items, other), place }
		}
		for place, want := range map[string]licensure.StandingValue{"X02": licensure.InForce, "X03": licensure.NotInForce, "": licensure.NotInForce, "X09": licensure.UndeterminedStand} {
			r, d := answer(t, ncqa, licensure.ElementLicence, with(place))
			if d.Standing != want {
				t.Errorf("practice in %q: %s, want %s", place, d.Standing, want)
			}
			if place == "X02" && (len(r.Reasons) == 0 || !strings.Contains(r.Reasons[0].Text, "X03 is not-in-force")) {
				t.Errorf("the other licence is not told: %v", r.Reasons)
			}
		}
	})
	t.Run("reliance", func(t *testing.T) {
		s := fullDrafts()["statement"].(licensure.Statement)
		s.PolicyDigest = ncqa.Digest()
		f := valid(t, s)
		refusedBy(t, ncqa.Reliance(f, "2026-07-15"), "T15", "nobody else's")
		mine := policy(t, "ncqa-accreditation")
		mine.Statements = &licensure.StatementRules{MaxAgeDays: 30, Policies: []string{ncqa.Digest()}}
		must(t, mine.Reliance(f, "2026-07-15"))
		refusedBy(t, mine.Reliance(f, "2026-08-15"), "PV-2", "30 days")
		mine.Statements.Policies = []string{bDigest}
		refusedBy(t, mine.Reliance(f, "2026-07-15"), "T15", "another policy")
	})
}

// TestStandingThroughTheVerifier takes the whole way once: orders, the list made of them and
// signed by the board, the verifier with its trust file made of the trust list, the standing.
func TestStandingThroughTheVerifier(t *testing.T) {
	l, w := nationalTrust(t)
	b := w.Boards()[0]
	id, key := boardID(b.ID), testKey(b.ID)
	trust := compile(t, l, baseWithContext(t))
	const listURL = "https://x01.board.example/status/2026-07"
	draft, err := licenceOf("X01").Draft()
	must(t, err)
	doc := filledIn(draft)
	doc["issuer"] = map[string]any{"id": id, "name": b.Name}
	term := aTerm()
	term.Licence, term.CredentialID = licensure.LicenceKey{Jurisdiction: "X01", Type: licensure.FullLicence, Number: "E00002"}, doc["id"].(string)
	log := new(licensure.Log)
	must(t, log.AddTerm(term))
	order := act("o1", licensure.ProbationOrder, 120, 125)
	order.Licence = term.Licence
	must(t, log.Issue(order, ""))
	ledger, err := licensure.NewLedger(status.MinEntries, rand.Reader)
	must(t, err)
	slots, err := ledger.Draw(rand.Reader, term.CredentialID)
	must(t, err)
	messages := []any{}
	for s := range licensure.LegalStatus(16) {
		messages = append(messages, map[string]any{"status": fmt.Sprintf("0x%x", uint8(s)), "message": s.String()})
	}
	doc["credentialStatus"] = []any{map[string]any{"type": "BitstringStatusListEntry", "statusPurpose": "message", "statusListIndex": fmt.Sprint(slots[0].Index),
		"statusListCredential": listURL, "statusSize": json.Number("4"), "statusMessage": messages}}
	credential := signDoc(t, doc, key, id+"#signing-1")

	ncqa := policy(t, "ncqa-accreditation")
	for at, want := range map[int]licensure.StandingValue{122: licensure.InForce, 126: licensure.InForceWithLimits} {
		p, err := ledger.Project(day(at), licensure.FromLog(log, day(at)))
		must(t, err)
		list := statusList()
		list["id"], list["issuer"] = listURL, map[string]any{"id": id, "name": b.Name}
		list["validFrom"], list["validUntil"] = day(at).Format(time.RFC3339), day(at+7).Format(time.RFC3339)
		for _, gone := range []string{"name", "confidenceClass", "evidence"} {
			delete(list, gone)
		}
		subject := list["credentialSubject"].(map[string]any)
		subject["id"], subject["statusPurpose"], subject["encodedList"] = listURL+"#list", "message", p.Bits.Encode()
		ev := &verifier.Evidence{Documents: map[string][]verifier.Document{listURL: {{Bytes: signDoc(t, list, key, id+"#signing-1")}}}}
		r := verifier.Check(credential, ev, trust, day(at+1))
		if r.Verdict != verifier.Valid {
			t.Fatalf("day %d: %v", at, r.Err())
		}
		c := ncqa.Standing(licensure.Item{Report: r, Digest: aDigest}, decidedOn(licensure.DateOf(day(at+1))))
		if c.Standing != want || c.AgeDays != 1 || !c.VerifiedAt.Equal(day(at)) {
			t.Errorf("day %d: %+v", at, c)
		}
	}
}
