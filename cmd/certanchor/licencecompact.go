package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

var licenceCompactCommand = command{
	name:    "compact",
	usage:   "evaluate|letter|cascade FILE… --rules FILE [--case FILE]  |  expedite LETTER [LICENCE…] --rules FILE --place PLACE",
	summary: "the multistate compact as rules that anyone recomputes; what a board decides is told as needs-human",
	example: "certanchor licence compact evaluate papers/ --rules rules.json --case case.json --trust trust.json --evidence evidence.json",
	run:     (*app).licenceCompact,
}

// readCompactRules reads the rules of the compact over the default ones.
func readCompactRules(name string) (licensure.CompactRules, error) {
	rules := licensure.DefaultCompactRules()
	err := readStrict(name, &rules)
	if err == nil {
		err = rules.Validate()
	}
	if err != nil {
		return rules, misuse("correct the rules; nothing was done", "%s: %v", name, err)
	}
	return rules, nil
}

// readStrict reads a JSON file that has no members but those of v.
func readStrict(name string, v any) error {
	raw, err := readFile(name, maxDataFile)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("something follows the object")
	}
	return nil
}

// A compactCase is what no credential says: the case file.
type compactCase struct {
	Principal string `json:"principal"` // the state that judges
	Ties      struct {
		Residence        string         `json:"residence"`
		PracticePerMille map[string]int `json:"practicePerMille"`
		Employers        []string       `json:"employers"`
		TaxResidence     string         `json:"taxResidence"`
	} `json:"ties"`
	// Findings of the principal state's board: a word, never what it rests on.
	Findings []struct {
		Rule         string `json:"rule"`
		Result       string `json:"result"`
		By           string `json:"by"`
		SelfAttested bool   `json:"selfAttested"`
		Reference    string `json:"reference"`
	} `json:"findings"`
	// Principals says which licence was the principal one, and when. Without, it is that
	// whose licence says so, from its first day.
	Principals []struct {
		Licence string     `json:"licence"`
		From    time.Time  `json:"from"`
		Until   *time.Time `json:"until"`
	} `json:"principals"`
}

func readCase(name string) (*compactCase, error) {
	c := new(compactCase)
	if name == "" {
		return c, nil
	}
	if err := readStrict(name, c); err != nil {
		return nil, misuse("correct the case; nothing was done", "%s: %v", name, err)
	}
	for _, f := range c.Findings {
		if !slices.Contains([]string{"met", "not-met", "unknown"}, f.Result) || !slices.Contains([]string{"CE-6", "CE-8", "CE-9"}, f.Rule) {
			return nil, misuse("a finding answers CE-6, CE-8 or CE-9 with met, not-met or unknown", "%s: %s: %q", name, f.Rule, f.Result)
		}
	}
	return c, nil
}

// A compactDesk is what a run of the compact's rules looks at.
type compactDesk struct {
	app    *app
	rules  licensure.CompactRules
	desk   *desk
	given  *compactCase
	papers []paper
	reg    *registry
	holder licensure.Holder
	signed []licensure.SignedOrder
	terms  []licensure.LicenceTerm
}

func (a *app) licenceCompact(ctx context.Context, fs *flag.FlagSet, args []string) error {
	rules := fs.String("rules", "", "rules of the compact: members, jurisdictions, and what differs from the default")
	caseFile := fs.String("case", "", "the case: principal state, ties, findings of its board, designations")
	place := fs.String("place", "", "expedite: the member state that is asked")
	id := fs.String("id", "", "letter: its number")
	out := fs.String("out", "", "cascade: write the orders that follow to this file, one a line")
	raw := fs.Bool("json", false, "evaluate, cascade: print the canonical bytes and nothing else")
	var flags paperFlags
	flags.declare(fs)
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) < 2 || *rules == "" {
		return misuse("certanchor licence compact -h", "compact needs evaluate, letter, expedite or cascade, credentials, and --rules")
	}
	c := compactDesk{app: a}
	if c.rules, err = readCompactRules(*rules); err != nil {
		return err
	}
	if c.given, err = readCase(*caseFile); err != nil {
		return err
	}
	if c.desk, err = flags.open(); err != nil {
		return err
	}
	c.desk.at = c.desk.at.Truncate(time.Second)
	if c.papers, err = c.desk.read(ctx, operands[1:]); err != nil {
		return err
	}
	switch operands[0] {
	case "expedite":
		return c.expedite(operands[1], *place)
	case "evaluate", "letter", "cascade":
	default:
		return misuse("say evaluate, letter, expedite or cascade", "no such thing as compact %s", operands[0])
	}
	if err := c.onePerson(); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	switch operands[0] {
	case "evaluate":
		return c.evaluate(*raw)
	case "letter":
		return c.letter(*id)
	}
	return c.cascade(*out, *raw)
}

// onePerson refuses credentials that are not about one person (ID-2). A name alone is told:
// a person has to look.
func (c *compactDesk) onePerson() error {
	var first *paper
	weak := false
	for i, p := range c.papers {
		if p.kind() == licensure.TypeBoardOrder {
			continue // about a licence
		}
		if first == nil {
			first = &c.papers[i]
			continue
		}
		a, b := licensure.SubjectOf(first.report.Claims), licensure.SubjectOf(p.report.Claims)
		switch x, y := a.Person, b.Person; {
		case x.NPI != "" && x.NPI == y.NPI, a.Holder != "" && a.Holder == b.Holder:
		case x.NPI != "" && y.NPI != "", !sameNames(x, y):
			return misuse("give the credentials of one person", "%s and %s are not known to be about one person (ID-2)", first.file, p.file)
		default:
			weak = true
		}
	}
	if weak {
		c.app.say("needs-human  ID-2  some credentials name the person by name alone: look at them")
	}
	return nil
}

func sameNames(x, y licensure.Person) bool {
	names := func(p licensure.Person) []string {
		out := []string{p.FamilyName + "\x00" + p.GivenName}
		for _, f := range p.FormerNames {
			out = append(out, f.FamilyName+"\x00"+f.GivenName)
		}
		return out
	}
	return slices.ContainsFunc(names(x), func(n string) bool { return slices.Contains(names(y), n) })
}

// open builds the record of the person's licences, and the holder as the cascade sees one.
func (c *compactDesk) open() error {
	var err error
	if c.reg, err = records(c.papers); err != nil {
		return err
	}
	var keys []licensure.LicenceKey
	for _, l := range c.reg.all() {
		keys = append(keys, l.Licences()...)
	}
	slices.SortFunc(keys, func(a, b licensure.LicenceKey) int { return strings.Compare(a.String(), b.String()) })
	principal := map[licensure.LicenceKey]bool{}
	for _, p := range c.papers {
		if s, _ := p.report.Claims["credentialSubject"].(map[string]any); p.kind() == licensure.TypeLicence && !p.taken && s["statePrincipalLicence"] == true {
			t, err := licensure.TermOf(p.claims(), p.leaf)
			if err != nil {
				return err
			}
			principal[t.Licence] = true
		}
	}
	for _, key := range keys {
		l, err := c.reg.find(key)
		if err != nil {
			return err
		}
		terms := l.Terms(key)
		issued, _ := time.Parse(time.DateOnly, string(terms[0].Start))
		c.holder.Licences = append(c.holder.Licences, licensure.HolderLicence{Key: key, Board: terms[0].Board, Basis: terms[0].Basis, Issued: issued})
		if principal[key] && len(c.given.Principals) == 0 {
			c.holder.Principal = append(c.holder.Principal, licensure.Designation{Licence: key, From: issued})
		}
		c.terms = append(c.terms, terms...)
		c.signed = append(c.signed, l.Signed(key)...)
	}
	for _, g := range c.given.Principals {
		key, err := parseLicenceKey(g.Licence)
		if err != nil {
			return err
		}
		d := licensure.Designation{Licence: key, From: g.From}
		if g.Until != nil {
			d.Until = *g.Until
		}
		c.holder.Principal = append(c.holder.Principal, d)
	}
	return nil
}

// held returns the licences with their states, what follows by the compact included.
func (c *compactDesk) held() ([]licensure.HeldLicence, error) {
	full := map[string][2]bool{}
	for _, p := range c.papers {
		if p.kind() == licensure.TypeLicence {
			s, _ := p.report.Claims["credentialSubject"].(map[string]any)
			full[p.report.ID] = [2]bool{s["full"] == true, s["unrestricted"] == true}
		}
	}
	var out []licensure.HeldLicence
	for _, h := range c.holder.Licences {
		s, err := c.rules.StatusAt(c.terms, c.signed, c.holder, h.Key, licensure.BoardRules{}, c.desk.at, c.desk.at)
		if err != nil {
			return nil, err
		}
		last := slices.MaxFunc(slices.DeleteFunc(slices.Clone(c.terms), func(t licensure.LicenceTerm) bool { return t.Licence != h.Key }),
			func(a, b licensure.LicenceTerm) int {
				return cmp.Or(strings.Compare(string(a.Start), string(b.Start)), a.RecordedAt.Compare(b.RecordedAt), strings.Compare(a.CredentialID, b.CredentialID))
			})
		rights := full[last.CredentialID]
		out = append(out, licensure.HeldLicence{Key: h.Key, Board: h.Board, Basis: h.Basis, Full: rights[0], Unrestricted: rights[1], State: s, Credential: last.CredentialID})
	}
	return out, nil
}

func (c *compactDesk) application() (licensure.Application, error) {
	if c.given.Principal == "" {
		return licensure.Application{}, misuse("name it in the case file as \"principal\"", "nothing says which state judges")
	}
	held, err := c.held()
	if err != nil {
		return licensure.Application{}, err
	}
	a := licensure.Application{Principal: c.given.Principal, Licences: held, At: c.desk.at}
	for _, o := range c.signed {
		a.Orders = append(a.Orders, o.Order)
	}
	for _, p := range c.papers {
		if p.kind() == licensure.TypeBoardOrder {
			continue
		}
		f, err := licensure.FactOf(p.report, p.leaf)
		if err != nil {
			return a, misuse("leave it out", "%s: %v", p.file, err)
		}
		a.Facts = append(a.Facts, f)
	}
	for _, f := range c.given.Findings {
		a.Findings = append(a.Findings, licensure.Finding{Rule: f.Rule, Result: licensure.CriterionResult(f.Result), By: f.By, SelfAttested: f.SelfAttested, Reference: f.Reference})
	}
	return a, nil
}

func (c *compactDesk) evaluate(raw bool) error {
	a, err := c.application()
	if err != nil {
		return err
	}
	e, err := c.rules.Evaluate(a)
	if err != nil {
		return asMisuse(err)
	}
	if raw {
		b, err := e.Bytes()
		if err != nil {
			return err
		}
		fmt.Fprintln(c.app.stdout, printableJSON(b))
	} else {
		c.printEvaluation(e)
	}
	switch e.Determination {
	case licensure.Eligible:
		return nil
	case licensure.NotEligible:
		return exitStatus(exitNotInForce)
	}
	return exitStatus(exitIndeterminate)
}

func (c *compactDesk) printEvaluation(e licensure.Evaluation) {
	rows := [][]string{{"rule", "answer", "why", "evidence"}}
	for _, k := range e.Criteria {
		answer := string(k.Result)
		if k.Result != licensure.Met && k.Result != licensure.NotMet && (k.Rule == "CE-6" || k.Rule == "CE-9") {
			answer = string(licensure.NeedsHuman)
		}
		rows = append(rows, []string{k.Rule, answer, oneLine(k.Why), oneLine(strings.Join(k.Evidence, " "))})
	}
	table(c.app.stdout, rows)
	fmt.Fprintf(c.app.stdout, "\n%s: %s\nprincipal state %s, at %s, rules %s\n", e.Determination, e.Message, oneLine(e.Principal), e.At.Format(time.RFC3339), e.RulesetDigest)
}

// letter writes a letter of qualification as a draft. The board of the principal state signs
// it: certanchor issue.
func (c *compactDesk) letter(id string) error {
	if id == "" {
		return misuse("give it with --id", "a letter has a number")
	}
	a, err := c.application()
	if err != nil {
		return err
	}
	e, err := c.rules.Evaluate(a)
	if err != nil {
		return asMisuse(err)
	}
	t := c.given.Ties
	p := c.rules.Principal(a.Principal, a.Licences, licensure.Ties{Residence: t.Residence, PracticePerMille: t.PracticePerMille, Employers: t.Employers, TaxResidence: t.TaxResidence})
	if p.Result != licensure.Met {
		return misuse("another state may qualify", "%s does not qualify as state of principal licence (%s): %s", a.Principal, p.Rule, p.Why)
	}
	i := slices.IndexFunc(a.Licences, func(h licensure.HeldLicence) bool {
		return h.Key.Jurisdiction == a.Principal && h.State.FullyLicensed() && h.Full
	})
	if i < 0 {
		return misuse("", "no full licence in %s (CS-1)", a.Principal)
	}
	l, err := c.rules.Letter(id, a, e, p, a.Licences[i].Key, licensure.DateOf(c.desk.at))
	if err != nil {
		return misuse("certanchor licence compact evaluate tells what is missing", "%v", err)
	}
	for _, q := range c.papers {
		if q.report.ID == a.Licences[i].Credential {
			s, _ := q.report.Claims["credentialSubject"].(map[string]any)
			who := licensure.SubjectOf(q.report.Claims)
			l.Person, l.Holder, l.Synthetic = who.Person, who.Holder, s["synthetic"] == true
		}
	}
	end, err := time.Parse(time.DateOnly, string(l.Expires))
	if err != nil {
		return err
	}
	if c.rules.LetterLastDay {
		end = end.AddDate(0, 0, 1)
	}
	l.Title, l.ValidFrom, l.ValidUntil, l.Confidence = "Letter of qualification", c.desk.at, end, licensure.Primary
	l.Evidence = []licensure.Evidence{{Source: a.Licences[i].Board, Method: licensure.DirectFromSource, VerifiedAt: c.desk.at, VerifierRole: "compact desk"}}
	draft, err := l.Draft()
	if err != nil {
		return asMisuse(err)
	}
	c.app.say("%s; %s by %s. The letter is a draft until the board of %s signs it: certanchor issue --in FILE", e.Message, p.Basis, p.Rule, a.Principal)
	c.app.say("needs-human  CS-4  the board of %s signs the letter", a.Principal)
	return c.app.printJSON(draft)
}

// expedite says what a member board does with a letter, and holds licences issued under it
// to it.
func (c *compactDesk) expedite(file, place string) error {
	if place == "" {
		return misuse("name it with --place", "nothing says which state is asked")
	}
	i := slices.IndexFunc(c.papers, func(p paper) bool { return p.kind() == licensure.TypeLetterOfQualification })
	if i < 0 {
		return misuse("give the letter as its board issued it", "%s is no letter of qualification", file)
	}
	p := c.papers[i]
	claims, err := licensure.ClaimsOf(p.report)
	var l licensure.Letter
	if err == nil {
		l, err = licensure.LetterOf(claims)
	}
	if err == nil && p.taken {
		err = fmt.Errorf("the letter was taken back by its board")
	}
	if err == nil {
		err = licensure.CheckLetterSigner(l, placesOf(c.desk.trust, p.report.Issuer.ID, l.Jurisdiction))
	}
	var steps []licensure.CompactStep
	if err == nil {
		steps, err = c.rules.Expedite(l, p.report.ID, place, licensure.DateOf(c.desk.at))
	}
	if err != nil {
		return misuse("nothing was done", "%s: %v", p.file, err)
	}
	for _, q := range c.papers {
		if q.kind() != licensure.TypeLicence {
			continue
		}
		s, _ := q.report.Claims["credentialSubject"].(map[string]any)
		text := func(name string) string { t, _ := s[name].(string); return t }
		issued := licensure.Licence{Jurisdiction: text("jurisdiction"), Number: text("number"), Basis: licensure.Basis(text("basis")),
			ExpeditedUnderLOQ: text("expeditedUnderLoq"), FirstIssued: licensure.Date(text("firstIssued"))}
		if err := c.rules.CheckExpedited(issued, l, p.report.ID); err != nil {
			return misuse("the licence is not one of the compact", "%s: %v", q.file, err)
		}
		if issued.Jurisdiction == place {
			steps[len(steps)-1] = licensure.CompactStep{Name: "licence", Result: licensure.StepDone, Rule: "CL-4", Refs: []string{q.report.ID}, Detail: "issued on " + string(issued.FirstIssued)}
		}
	}
	rows := [][]string{{"step", "result", "rule", "detail", "credentials"}}
	for _, s := range steps {
		rows = append(rows, []string{s.Name, string(s.Result), s.Rule, oneLine(s.Detail), oneLine(strings.Join(s.Refs, " "))})
	}
	table(c.app.stdout, rows)
	return nil
}

// placesOf returns the places that the trust file gives an issuer; one that it lets speak
// for all places may speak for this one.
func placesOf(t *verifier.Trust, issuer, place string) []string {
	for _, is := range t.Issuers {
		if is.ID == issuer {
			if slices.Contains(is.Jurisdictions, "*") {
				return []string{place}
			}
			return is.Jurisdictions
		}
	}
	return nil
}

// cascade derives what follows by the compact alone from the orders given.
func (c *compactDesk) cascade(out string, raw bool) error {
	d, err := c.rules.Cascade(c.holder, c.signed)
	if err != nil {
		return asMisuse(err)
	}
	b, err := d.Bytes()
	if err != nil {
		return err
	}
	if out != "" {
		if err := writePrivate(out, b); err != nil {
			return err
		}
		c.app.say("Wrote %s: %d orders. Next: certanchor licence project --issuer DIR --cascade %s", out, len(d.Orders), out)
	}
	var all []licensure.Order
	for _, o := range c.signed {
		all = append(all, o.Order)
	}
	strange := d.CheckAutomatic(all)
	if raw {
		fmt.Fprint(c.app.stdout, printableJSON(b))
	} else if err := c.printCascade(d); err != nil {
		return err
	}
	for _, o := range strange {
		c.app.say("NO  the order %s calls itself automatic, and no rule brings it about (CD-9)", oneLine(o.ID))
	}
	if len(strange) > 0 {
		return exitStatus(exitInvalid)
	}
	return nil
}

func (c *compactDesk) printCascade(d licensure.Cascade) error {
	held, err := c.held()
	if err != nil {
		return err
	}
	rows := [][]string{{"licence", "status", "since", "by order"}}
	for _, h := range held {
		rows = append(rows, []string{oneLine(h.Key.String()), h.State.Text(), dayText(h.State.Since), oneLine(h.State.By)})
	}
	table(c.app.stdout, rows)
	fmt.Fprintf(c.app.stdout, "\nat %s, scope %s, %d orders follow by the compact\n", c.desk.at.Format(time.RFC3339), d.Scope, len(d.Orders))
	for _, x := range d.Alerts {
		fmt.Fprintf(c.app.stdout, "%s  %s  %s: %s in %s, order %s; its board decides\n", x.Result, x.Rule, oneLine(x.For.String()), x.Action, x.TakenIn, oneLine(x.OrderID))
	}
	return nil
}
