package evidencefile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// judged is what follows from the inputs.
type judged struct {
	given       Case
	moment      licensure.Moment
	policy      *licensure.Policy
	trust       *verifier.Trust
	credentials []judgedFile
	orders      []judgedOrder
	decision    licensure.Decision
}

// A judgedFile is a credential, or a presentation with those it carries.
type judgedFile struct {
	member string
	report *verifier.Report
	items  []licensure.Item
	stands []licensure.CredentialStanding // one for each item
}

// A judgedOrder is a board order, and whether it counted.
type judgedOrder struct {
	member string
	report *verifier.Report
	why    string // empty if it counted
	key    licensure.LicenceKey
}

// judge works everything out from the inputs, and from nothing else.
func judge(members map[string][]byte) (*judged, error) {
	j := new(judged)
	given, err := ParseCase(members[nameCase])
	if err != nil {
		return nil, err
	}
	j.given = *given
	if j.moment, err = given.moment(); err != nil {
		return nil, err
	}
	if j.policy, err = licensure.ParsePolicy(members[namePolicy]); err != nil {
		return nil, err
	}
	named := map[string]string{}
	if raw, ok := members[nameTrustFiles]; ok {
		if named, err = readNames(raw); err != nil {
			return nil, err
		}
	}
	j.trust, err = verifier.ParseTrust(members[nameTrust], func(name string) ([]byte, error) {
		raw, ok := members[named[name]]
		if !ok {
			return nil, fmt.Errorf("the file %q is not there", name)
		}
		return raw, nil
	})
	if err != nil {
		return nil, err
	}
	ev, err := j.evidence(members)
	if err != nil {
		return nil, err
	}
	checker := verifier.NewChecker(ev, j.trust)
	j.check(checker, members)
	j.fold(checker, members)
	j.decide()
	return j, nil
}

func (j *judged) evidence(members map[string][]byte) (*verifier.Evidence, error) {
	ev := new(verifier.Evidence)
	for _, name := range under(members, dirEvidence) {
		one, err := verifier.ParseEvidence(members[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		ev.Merge(one)
	}
	for _, name := range under(members, dirLists) {
		url, mediaType := "", "application/vc"
		if c, err := credential.Parse(members[name]); err == nil {
			url = c.ID()
		} else if t, err := credential.ParseStatusToken(members[name]); err == nil {
			url, mediaType = t.URL, "application/"+credential.TypStatusList
		}
		if url == "" {
			return nil, fmt.Errorf("%s: no status list as its issuer published it", name)
		}
		// When the list came to us decides nothing; the file's own time would differ
		// from machine to machine.
		ev.AddDocument(url, verifier.Document{MediaType: mediaType, At: j.moment.Run, Bytes: members[name]})
	}
	return ev, nil
}

// check judges each credential by itself.
func (j *judged) check(checker *verifier.Checker, members map[string][]byte) {
	var asked verifier.Request
	if a := j.given.Asked; a != nil {
		asked = verifier.Request{Domains: []string{a.Audience}, Challenge: a.Challenge}
	}
	for _, name := range under(members, dirCredentials) {
		f := judgedFile{member: name}
		raw := members[name]
		c, err := credential.Parse(raw)
		if err == nil && c.IsPresentation() {
			f.report = checker.CheckFor(asked, raw, j.moment.Run)
			within, _ := c.Inner()
			for i, inner := range f.report.Credentials {
				inner = carried(inner, f.report)
				f.items = append(f.items, licensure.Item{Report: inner, Digest: j.leaf(within[i].Raw(), inner)})
			}
		} else if err == nil && c.Envelope() != nil && c.Envelope().KeyBinding != nil {
			f.report = checker.CheckFor(asked, raw, j.moment.Run) // a presentation of its own
		} else {
			f.report = checker.Check(raw, j.moment.Run)
		}
		if len(f.items) == 0 {
			f.items = []licensure.Item{{Report: f.report, Digest: j.leaf(raw, f.report)}}
		}
		j.credentials = append(j.credentials, f)
	}
}

// leaf is the digest by which other documents name this one: of its canonical form as the
// anchor covers it. Of a document that cannot be hashed it is that of the file.
func (j *judged) leaf(raw []byte, r *verifier.Report) string {
	all, err := verifier.Explain(raw, j.trust)
	if err != nil || r.Verdict == verifier.Invalid {
		return r.Document
	}
	return all[len(all)-1].Local.String()
}

// carried is the report on a credential of a presentation, and worth no more than the
// presentation itself: what stands in the way there stands in its way.
func carried(inner, outer *verifier.Report) *verifier.Report {
	r := *inner
	for _, s := range outer.Steps {
		switch {
		case s.Result == verifier.Passed || s.Result == verifier.NotRequired:
			continue
		case s.Result == verifier.Failed:
			r.Verdict, r.Claims = verifier.Invalid, nil
		case r.Verdict == verifier.Valid:
			r.Verdict = verifier.Indeterminate
		}
		r.Steps = append(slices.Clone(r.Steps), s)
	}
	return &r
}

// fold lays the orders over the licences: the state of each at the decision, as known then
// (VD-3). Whatever does not count is named with its reason.
func (j *judged) fold(checker *verifier.Checker, members map[string][]byte) {
	log := new(licensure.Log)
	names := under(members, dirOrders)
	if len(names) == 0 {
		return
	}
	keys := map[*licensure.Item]licensure.LicenceTerm{}
	for f := range j.credentials {
		for i := range j.credentials[f].items {
			item := &j.credentials[f].items[i]
			if !verified(item.Report) {
				continue
			}
			claims, _ := licensure.ClaimsOf(item.Report) // what may be hidden is for the policy to miss
			term, err := licensure.TermOf(claims, item.Digest)
			if err != nil {
				continue // no licence
			}
			keys[item] = term
			if err := log.AddTerm(term); err != nil {
				// Two documents of one id: the orders speak about the licence all the same.
				continue
			}
		}
	}
	for _, name := range names {
		o := judgedOrder{member: name, report: checker.Check(members[name], j.moment.Run)}
		claims, open := licensure.ClaimsOf(o.report)
		order, err := licensure.OrderOf(claims)
		switch {
		case o.report.Verdict != verifier.Valid:
			s, _ := o.report.Deciding()
			o.why = fmt.Sprintf("%s: %s at %s", o.report.Verdict, s.Code, s.Name)
			if o.report.Verdict == verifier.Indeterminate && err == nil {
				o.key = order.Licence
				hold(keys, order, true, s)
			}
		case err != nil:
			o.why = err.Error()
		case open != nil:
			o.why, o.key = open.Error(), order.Licence
			hold(keys, order, true, verifier.Step{Code: verifier.CodeNotJudged, Fact: o.why})
		default:
			o.key = order.Licence
			if err := log.Add(order, o.report.Document); err != nil {
				o.why = err.Error()
				hold(keys, order, false, verifier.Step{Code: verifier.CodeNotJudged, Fact: o.why})
			}
		}
		j.orders = append(j.orders, o)
	}
	at := j.known()
	for item, term := range keys {
		if len(log.Orders(term.Licence)) == 0 {
			continue // silence is no order: the list speaks
		}
		s, err := log.StatusAt(term.Licence, at, at)
		if err != nil {
			continue
		}
		item.State = &s
		for _, p := range s.Refused() {
			// Orders are missing, or one of these is wrong: a person has to look.
			block(item, verifier.Step{Code: verifier.CodeNotJudged, Fact: fmt.Sprintf("order %s does not follow from those before it: %s", p.Order.ID, p.Why)})
		}
	}
}

// hold keeps a licence from being in force while an order about it could not be judged, or
// does not fit the record (VD-1). An order that is forged holds nothing; nor does one that
// was recorded before the licence document was made and is older than its term: the board
// knew of it then.
func hold(keys map[*licensure.Item]licensure.LicenceTerm, o licensure.Order, always bool, why verifier.Step) {
	for item, term := range keys {
		if term.Licence != o.Licence || !always && !o.RecordedAt.After(term.RecordedAt) {
			continue
		}
		block(item, why)
	}
}

// wordOrders marks the steps that block adds.
const wordOrders = "orders"

// block adds to the report on a licence that what its board decided could not be judged.
func block(item *licensure.Item, why verifier.Step) {
	r := *item.Report
	if r.Verdict == verifier.Valid {
		r.Verdict = verifier.Indeterminate
	}
	r.Steps = append(slices.Clone(r.Steps), verifier.Step{Name: verifier.StepLegalStatus, Group: verifier.Standing, Result: verifier.Unavailable,
		Code: why.Code, Place: "an order about this licence", Fact: why.Fact, Word: wordOrders})
	item.Report = &r
}

// known is the moment of the decision: the end of its day, or the run if that came before.
func (j *judged) known() time.Time {
	day, _ := time.Parse(time.DateOnly, string(j.moment.Decision))
	if end := day.AddDate(0, 0, 1).Add(-time.Second); end.Before(j.moment.Run) {
		return end
	}
	return j.moment.Run
}

// verified reports whether a credential shows its claims: nothing is open but the age of a
// list.
func verified(r *verifier.Report) bool {
	if r.Verdict == verifier.Valid || r.Verdict == verifier.NotInForce {
		return true
	}
	if r.Verdict != verifier.Indeterminate {
		return false
	}
	for _, s := range r.Steps {
		open := s.Result != verifier.Passed && s.Result != verifier.NotRequired
		if open && (s.Name != verifier.StepStatusAge || s.Code != verifier.CodeStatusStale) {
			return false
		}
	}
	return true
}

// decide puts the case before the policy.
func (j *judged) decide() {
	c := licensure.Case{Moment: j.moment, Office: j.given.Office, Place: j.given.Place,
		DataBank: j.given.DataBank.query(), Malpractice: j.given.Malpractice.query(),
		Sanctions: j.given.Sanctions.query(), Competence: j.given.Competence.query()}
	for _, w := range j.given.Work {
		c.Work = append(c.Work, licensure.Work{Period: licensure.Period{From: w.From, Until: w.Until}, Explained: w.Explained})
	}
	for f := range j.credentials {
		one := &j.credentials[f]
		for _, item := range one.items {
			stand := j.policy.Standing(item, j.moment)
			if next := j.successor(item); next != "" {
				stand.Reasons = append(stand.Reasons, licensure.Reason{Rule: "LC-1", Text: "replaced by " + next})
			}
			for _, step := range item.Report.Steps {
				if step.Word == wordOrders {
					stand.Reasons = append(stand.Reasons, licensure.Reason{Rule: "LC-3", Text: step.Place + ": " + step.Fact})
				}
			}
			one.stands = append(one.stands, stand)
		}
		c.Items = append(c.Items, one.items...)
	}
	j.decision = j.policy.Decide(c)
}

// successor returns the id of the document of the set that replaces one which was taken
// back, or "" (LC-1).
func (j *judged) successor(item licensure.Item) string {
	old, err := licensure.FactOf(item.Report, item.Digest)
	if err != nil || old.InForce {
		return ""
	}
	var held []licensure.Fact
	for _, f := range j.credentials {
		for _, i := range f.items {
			if fact, err := licensure.FactOf(i.Report, i.Digest); err == nil {
				held = append(held, fact)
			}
		}
	}
	next, _ := licensure.Successor(old, held)
	return next.ID
}

// under returns the names of members in a folder, sorted.
func under(members map[string][]byte, dir string) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name := range maps.Keys(members) {
			if strings.HasPrefix(name, dir) && !yield(name) {
				return
			}
		}
	})
}

// snapshots are the status lists that counted, each once, by URL.
func (j *judged) snapshots() []licensure.Snapshot {
	var out []licensure.Snapshot
	for _, f := range j.credentials {
		for _, i := range f.items {
			for _, l := range i.Report.Lists {
				out = append(out, licensure.Snapshot{URL: l.URL, Digest: l.SHA256, Sequence: l.Sequence})
			}
		}
	}
	slices.SortFunc(out, func(a, b licensure.Snapshot) int {
		return cmp.Or(strings.Compare(a.URL, b.URL), cmp.Compare(b.Sequence, a.Sequence), strings.Compare(a.Digest, b.Digest))
	})
	return slices.CompactFunc(out, func(a, b licensure.Snapshot) bool { return a.URL == b.URL })
}
