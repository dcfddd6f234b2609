package licensure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// An Urgency says how soon somebody should act.
type Urgency int

// Urgencies, most urgent first.
const (
	Today     Urgency = 1 // may not practise, or must be asked about at once
	ThisWeek  Urgency = 2
	ThisMonth Urgency = 3
	Note      Urgency = 4
)

// A WorkKind is what a work item is about.
type WorkKind string

// The kinds.
const (
	WorkInvalid     WorkKind = "invalid"         // a credential was altered, or is not its issuer's
	WorkWithdrawn   WorkKind = "withdrawn"       // the document was taken back
	WorkStatus      WorkKind = "legal-status"    // a licence that may not be practised under, or with limits
	WorkOrder       WorkKind = "order"           // a board's act that left the status as it was
	WorkExpired     WorkKind = "expired"         //
	WorkEnds        WorkKind = "expires-soon"    //
	WorkExcluded    WorkKind = "excluded"        // on a public list of exclusions
	WorkMaybe       WorkKind = "excluded-maybe"  // somebody of that name and birth year is
	WorkNPI         WorkKind = "npi-deactivated" //
	WorkName        WorkKind = "name"            // a source gives another name
	WorkKey         WorkKind = "new-key"         // an issuer signs with a key that was not there
	WorkRollback    WorkKind = "list-rollback"   // a list older than one that was seen
	WorkStale       WorkKind = "list-stale"      // a list too old to say "good"
	WorkUnjudged    WorkKind = "not-judged"      // something needed is missing
	WorkAlert       WorkKind = "board-alert"     // another board's act (CD-3)
	WorkDisagree    WorkKind = "sources-differ"  // list and record do (VD-3)
	WorkMissingFile WorkKind = "missing-file"    //
)

// passing are kinds that are told once and leave nothing open.
var passing = []WorkKind{WorkKey, WorkOrder, WorkAlert}

// A WorkItem is one thing to look at.
type WorkItem struct {
	Urgency Urgency  `json:"urgency"`
	Kind    WorkKind `json:"kind"`
	Person  string   `json:"person,omitempty"` // of the roster; empty for issuers and lists
	Name    string   `json:"name,omitempty"`
	About   string   `json:"about"`          // file, licence, order, issuer or list
	Detail  string   `json:"detail"`         // in plain words
	Since   string   `json:"since"`          // when a run first saw it
	New     bool     `json:"new"`            // not there in the run before
	AsOf    string   `json:"asOf,omitempty"` // the moment the freshest source speaks about
	Ends    Date     `json:"ends,omitempty"`
}

// A WorkList is what a run of the monitor found.
type WorkList struct {
	At       string     `json:"at"`
	Since    string     `json:"since,omitempty"` // the run before; empty for a first run
	People   int        `json:"people"`
	New      int        `json:"new"`
	Items    []WorkItem `json:"items"`    // most urgent first
	Resolved []string   `json:"resolved"` // what was open in the run before and is no more
	Next     []WorkItem `json:"next"`     // what ends next, soonest first
}

// A Watched is one credential of somebody on the roster.
type Watched struct {
	File   string
	Report *verifier.Report // nil if the file could not be read
	Err    error            // why not

	term *LicenceTerm // what Term answered before
}

// Watch is a Watched whose term is read already. Reading takes time: Watch is for the
// goroutine that verified.
func Watch(file string, r *verifier.Report) Watched {
	w := Watched{File: file, Report: r}
	if t, err := w.Term(); err == nil {
		w.term = &t
	}
	return w
}

// Term reads the term out of the claims of the report, as [TermOf] does.
func (w *Watched) Term() (LicenceTerm, error) {
	if w.term != nil {
		return *w.term, nil
	}
	claims, _ := ClaimsOf(w.Report) // orders about a licence are told whatever of it is hidden
	return TermOf(claims, w.Report.Document)
}

// A MonitorInput is all that one run looks at. Nothing is fetched and nothing sent.
type MonitorInput struct {
	At         time.Time
	WarnDays   int // how many days before its end something is told; 0 means 60
	Roster     []RosterEntry
	Watched    map[string][]Watched // by person
	Log        *Log                 // orders and terms that were verified; nil for none
	Alerts     []Alert              // of the compact
	Exclusions []Exclusion
	Providers  map[string]Provider // by NPI; nil if the register was not read
	Keys       map[string][]string // issuer → ids of the keys that the trust file has for it
}

// nextItems is how many ends a work list names in advance.
const nextItems = 50

// Monitor compares what is known now with the state of the run before, which may be nil,
// and returns the work list and the new state. Equal arguments give equal results.
func Monitor(in MonitorInput, since *MonitorState) (*WorkList, *MonitorState) {
	if in.WarnDays == 0 {
		in.WarnDays = 60
	}
	m := &monitor{in: in, since: since, next: newMonitorState(in.At)}
	if since != nil {
		for url, n := range since.Lists {
			m.next.Lists[url] = n
		}
	}
	m.index()
	for _, e := range in.Roster {
		m.person(e)
	}
	m.keys()
	m.lists()
	return m.list(), m.next
}

type monitor struct {
	in    MonitorInput
	since *MonitorState
	next  *MonitorState

	items   []WorkItem
	ends    []WorkItem
	byNPI   map[string][]Exclusion
	byName  map[string][]Exclusion
	alerts  map[LicenceKey][]Alert
	trouble map[listTrouble]int // how many people rest on it
}

type listTrouble struct {
	kind WorkKind
	url  string
	code verifier.Code
}

func (m *monitor) index() {
	m.byNPI, m.byName = map[string][]Exclusion{}, map[string][]Exclusion{}
	for _, x := range m.in.Exclusions {
		if !x.active(m.in.At) {
			continue
		}
		if x.NPI != "" {
			m.byNPI[x.NPI] = append(m.byNPI[x.NPI], x)
		} else {
			m.byName[foldName(x.FamilyName)+"|"+foldName(x.GivenName)] = append(m.byName[foldName(x.FamilyName)+"|"+foldName(x.GivenName)], x)
		}
	}
	m.alerts = map[LicenceKey][]Alert{}
	for _, a := range m.in.Alerts {
		m.alerts[a.For] = append(m.alerts[a.For], a)
	}
	m.trouble = map[listTrouble]int{}
}

// add records an item; value tells it from others of the same kind about the same thing.
func (m *monitor) add(i WorkItem, value string) {
	key := strings.Join([]string{string(i.Kind), i.Person, i.About, value}, "|")
	now := m.in.At.UTC().Format(time.RFC3339)
	i.Since, i.New = now, true
	if m.since != nil {
		if first, open := m.since.Open[key]; open {
			i.Since, i.New = first, false
		}
	}
	if !slices.Contains(passing, i.Kind) {
		m.next.Open[key] = i.Since
	}
	m.items = append(m.items, i)
}

func (m *monitor) person(e RosterEntry) {
	who := WorkItem{Person: e.Person, Name: strings.TrimSpace(e.GivenName + " " + e.FamilyName)}
	m.exclusions(e, who)
	m.provider(e, who)
	for _, w := range m.in.Watched[e.Person] {
		m.credential(e, w, who)
	}
}

func (m *monitor) exclusions(e RosterEntry, who WorkItem) {
	for _, x := range m.byNPI[e.NPI] {
		if e.NPI == "" {
			break
		}
		i := who
		i.Urgency, i.Kind, i.About, i.AsOf = Today, WorkExcluded, x.List, string(x.From)
		i.Detail = fmt.Sprintf("excluded since %s (%s), by NPI", x.From, x.Kind)
		m.add(i, x.List+string(x.From)+x.Kind)
	}
	for _, x := range m.byName[foldName(e.FamilyName)+"|"+foldName(e.GivenName)] {
		if e.BirthYear == "" || x.Birth == "" || x.Birth[:4] != e.BirthYear {
			continue // a name alone never matches (ID-2)
		}
		i := who
		i.Urgency, i.Kind, i.About, i.AsOf = ThisWeek, WorkMaybe, x.List, string(x.From)
		i.Detail = fmt.Sprintf("somebody of this name and birth year has been excluded since %s (%s); the list has no NPI: ask", x.From, x.Kind)
		m.add(i, x.List+string(x.From)+x.Kind)
	}
}

func (m *monitor) provider(e RosterEntry, who WorkItem) {
	p, known := m.in.Providers[e.NPI]
	if e.NPI == "" || !known {
		return
	}
	if p.Deactivated != "" && p.Deactivated <= DateOf(m.in.At.UTC()) {
		i := who
		i.Urgency, i.Kind, i.About, i.AsOf = Today, WorkNPI, "NPPES", string(p.Deactivated)
		i.Detail = "the provider number was deactivated on " + string(p.Deactivated)
		m.add(i, string(p.Deactivated))
	}
	if p.FamilyName != "" {
		m.name(e, who, "NPPES", p.FamilyName, p.GivenName)
	}
}

// name tells of a source that gives somebody another name than the roster.
func (m *monitor) name(e RosterEntry, who WorkItem, source, family, given string) {
	if foldName(family) == foldName(e.FamilyName) && (given == "" || e.GivenName == "" || foldName(given) == foldName(e.GivenName)) {
		return
	}
	who.Urgency, who.Kind, who.About = ThisMonth, WorkName, source
	who.Detail = fmt.Sprintf("the name there is %s %s; a document under a former name needs one that links both (ID-3)", given, family)
	m.add(who, foldName(given+" "+family))
}

func (m *monitor) credential(e RosterEntry, w Watched, who WorkItem) {
	who.About = w.File
	if w.Report == nil {
		who.Urgency, who.Kind, who.Detail = ThisWeek, WorkMissingFile, fmt.Sprintf("the file cannot be read: %v", w.Err)
		m.add(who, "")
		return
	}
	r := w.Report
	if r.StatusAt != nil {
		who.AsOf = r.StatusAt.UTC().Format(time.RFC3339)
	}
	for _, l := range r.Lists {
		m.next.Lists[l.URL] = max(m.next.Lists[l.URL], l.Sequence)
	}
	recorded := m.licence(&w, who)
	s, stopped := r.Deciding()
	switch {
	case !stopped:
	case r.Verdict == verifier.Invalid:
		who.Urgency, who.Kind = Today, WorkInvalid
		who.Detail = fmt.Sprintf("%s (%s)", verifier.Meaning(s.Code), s.Code)
		m.add(who, string(s.Code))
		return
	case s.Code == verifier.CodeExpired:
		who.Urgency, who.Kind, who.Detail, who.Ends = Today, WorkExpired, "expired", endOf(r)
		m.add(who, string(who.Ends))
	case s.Code == verifier.CodeRevoked || s.Code == verifier.CodeSuspended:
		who.Urgency, who.Kind = Today, WorkWithdrawn
		who.Detail = verifier.Meaning(s.Code)
		m.add(who, string(s.Code))
	case s.Code == verifier.CodeLegalStatus:
		if !recorded {
			status := listed(r)
			who.Urgency, who.Kind, who.Detail = Today, WorkStatus, "by the board's list: "+status.String()
			m.add(who, status.String())
		}
	case r.Verdict == verifier.Indeterminate:
		m.unjudged(s, who)
	}
	m.end(r, who)
	subject, _ := r.Claims["credentialSubject"].(map[string]any)
	if p, ok := subject["person"].(map[string]any); ok && !anyName(p, e) {
		n := textOf(p, "familyName")
		m.name(e, WorkItem{Person: who.Person, Name: who.Name, AsOf: who.AsOf}, w.File, n, textOf(p, "givenName"))
	}
}

// unjudged tells of what is missing, once for each list that many people rest on.
func (m *monitor) unjudged(s verifier.Step, who WorkItem) {
	kind := WorkUnjudged
	switch s.Code {
	case verifier.CodeListRollback, verifier.CodeListSequence:
		kind = WorkRollback
	case verifier.CodeStatusStale, verifier.CodeStatusFuture:
		kind = WorkStale
	}
	if strings.Contains(s.Place, "://") {
		m.trouble[listTrouble{kind, s.Place, s.Code}]++
		return
	}
	who.Urgency, who.Kind = ThisWeek, kind
	who.Detail = fmt.Sprintf("%s (%s)", verifier.Meaning(s.Code), s.Code)
	m.add(who, string(s.Code))
}

func (m *monitor) lists() {
	for t, n := range m.trouble {
		i := WorkItem{Urgency: ThisWeek, Kind: t.kind, About: t.url,
			Detail: fmt.Sprintf("%s (%s); %d credentials rest on it", verifier.Meaning(t.code), t.code, n)}
		m.add(i, string(t.code))
	}
}

// licence looks a licence up in the record, tells what it says, and reports whether it
// said anything that limits the practice.
func (m *monitor) licence(w *Watched, who WorkItem) (told bool) {
	r := w.Report
	term, err := w.Term()
	if err != nil || m.in.Log == nil {
		return false
	}
	state, err := m.in.Log.StatusAt(term.Licence, m.in.At, m.in.At)
	if err != nil || len(m.in.Log.Orders(term.Licence)) == 0 {
		return false // a record without orders of this licence says nothing against the list
	}
	status := state.Status
	if by := listed(r); by != NotStated && by != status && !state.Expired {
		i := who
		i.Urgency, i.Kind = ThisWeek, WorkDisagree
		i.Detail = fmt.Sprintf("the record says %s, the list %s; the more restrictive counts", status, by)
		m.add(i, status.String()+by.String())
		status = MoreRestrictive(status, by)
	}
	practice := status.Practice()
	if practice != MayPractise && !(status == Expired && r.Verdict != verifier.Valid) {
		i := who
		i.Urgency, i.Kind = Today, WorkStatus
		if practice == LimitedPractice {
			i.Urgency = ThisWeek
		}
		i.Detail = fmt.Sprintf("%s since %s%s", status, state.Since.UTC().Format(time.DateOnly), byOrder(state))
		m.add(i, status.String())
		told = true
	}
	for _, o := range m.in.Log.Orders(term.Licence) {
		if o.RecordedAt.After(m.in.At) {
			continue
		}
		seen := m.since != nil && m.since.Orders[o.ID]
		m.next.Orders[o.ID] = true
		if seen || told && o.ID == state.By || m.since == nil && practice == MayPractise {
			continue
		}
		i := who
		i.Urgency, i.Kind, i.About, i.AsOf = ThisWeek, WorkOrder, o.ID, o.RecordedAt.UTC().Format(time.RFC3339)
		i.Detail = fmt.Sprintf("%s by %s, in effect %s", o.Action, o.Board, o.EffectiveAt.UTC().Format(time.DateOnly))
		m.add(i, "")
	}
	for _, a := range m.alerts[term.Licence] {
		id := "alert " + a.OrderID + " " + term.Licence.String()
		seen := m.since != nil && m.since.Orders[id]
		m.next.Orders[id] = true
		if seen {
			continue
		}
		i := who
		i.Urgency, i.Kind, i.About, i.AsOf = ThisWeek, WorkAlert, a.OrderID, a.At.UTC().Format(time.RFC3339)
		i.Detail = fmt.Sprintf("%s in %s (%s)", a.Action, a.TakenIn, a.Rule)
		m.add(i, "")
	}
	return told
}

func byOrder(s State) string {
	if s.By == "" {
		return ""
	}
	return ", by order " + s.By
}

// listed is the legal status that the board's list shows; NotStated if none counted.
func listed(r *verifier.Report) LegalStatus {
	for _, l := range r.Lists {
		if l.Purpose == "message" && l.Value < 16 {
			return LegalStatus(l.Value)
		}
	}
	return NotStated
}

// endOf is the day on which a credential, or what it certifies, ends; empty for never.
func endOf(r *verifier.Report) Date {
	subject, _ := r.Claims["credentialSubject"].(map[string]any)
	if day := textOf(subject, "expiresOn"); day != "" {
		return Date(day)
	}
	until, ok := instantIn(r.Claims, "validUntil")
	if !ok {
		return ""
	}
	return DateOf(until.UTC())
}

// end tells what ends within the days of warning, and remembers what ends later.
func (m *monitor) end(r *verifier.Report, who WorkItem) {
	day := endOf(r)
	if day == "" || r.Verdict == verifier.Invalid || r.Verdict == verifier.NotInForce {
		return
	}
	who.Kind, who.Ends, who.Detail = WorkEnds, day, "ends on "+string(day)
	who.Urgency = ThisMonth
	if day <= DateOf(m.in.At.UTC().AddDate(0, 0, 14)) {
		who.Urgency = ThisWeek
	}
	if day <= DateOf(m.in.At.UTC().AddDate(0, 0, m.in.WarnDays)) {
		m.add(who, string(day))
		return
	}
	who.Urgency = Note
	m.ends = append(m.ends, who)
}

// keys tells of issuers that have a key they had not in the run before.
func (m *monitor) keys() {
	for issuer, ids := range m.in.Keys {
		ids = slices.Clone(ids)
		slices.Sort(ids)
		m.next.Keys[issuer] = ids
		if m.since == nil {
			continue
		}
		before, known := m.since.Keys[issuer]
		for _, id := range ids {
			if known && !slices.Contains(before, id) {
				m.add(WorkItem{Urgency: ThisMonth, Kind: WorkKey, About: issuer, Detail: "the trust file has a key for it that was not there before: " + id}, id)
			}
		}
	}
}

func (m *monitor) list() *WorkList {
	order := func(a, b WorkItem) int {
		return cmp.Or(cmp.Compare(a.Urgency, b.Urgency), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.About, b.About), cmp.Compare(a.Detail, b.Detail))
	}
	slices.SortFunc(m.items, order)
	slices.SortFunc(m.ends, func(a, b WorkItem) int { return cmp.Or(cmp.Compare(a.Ends, b.Ends), order(a, b)) })
	l := &WorkList{At: m.in.At.UTC().Format(time.RFC3339), People: len(m.in.Roster), Items: m.items, Next: m.ends[:min(len(m.ends), nextItems)], Resolved: []string{}}
	for _, i := range m.items {
		if i.New {
			l.New++
		}
	}
	if m.since == nil {
		return l
	}
	l.Since = m.since.At
	for key := range m.since.Open {
		if _, still := m.next.Open[key]; !still {
			l.Resolved = append(l.Resolved, key)
		}
	}
	slices.Sort(l.Resolved)
	return l
}

func textOf(n map[string]any, name string) string {
	s, _ := n[name].(string)
	return s
}

// anyName reports whether a credential's person is named as the roster does, or was: the
// current names first, then the former ones, in the same credential (ID-3).
func anyName(p map[string]any, e RosterEntry) bool {
	for _, n := range append([]map[string]any{p}, nodes(p["formerNames"])...) {
		given := textOf(n, "givenName")
		if foldName(textOf(n, "familyName")) == foldName(e.FamilyName) && (given == "" || e.GivenName == "" || foldName(given) == foldName(e.GivenName)) {
			return true
		}
	}
	return false
}
