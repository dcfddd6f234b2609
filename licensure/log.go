package licensure

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxLogLine bounds one line of a written log.
const maxLogLine = 1 << 20

// A Log is the append-only record of licences: their terms (T07) and the orders about them
// (T08), each as its board signed it. State is a fold over it; nothing is ever taken out.
//
// The zero Log is empty and usable. It is not safe for concurrent use.
type Log struct {
	records map[LicenceKey]*record
	byTerm  map[string]*record // by the credential id of a term
	// derived follow by the compact: they count, and are no part of the record.
	derived map[LicenceKey][]Order
	lines   map[string]logLine // by kind and id
	// rules are the parameters of boards, by jurisdiction and board id.
	rules map[[2]string]BoardRules
	heads []Head
}

// A record is what the log holds of one licence.
type record struct {
	key    LicenceKey
	terms  []LicenceTerm
	orders []Order
}

// of returns the record of a licence; an empty one if there is none.
func (l *Log) of(key LicenceKey) *record {
	if r, ok := l.records[key]; ok {
		return r
	}
	return &record{key: key}
}

// A logLine is an entry as it is written and hashed.
type logLine struct {
	recorded time.Time
	id       string
	text     []byte
	digest   string // of the credential, hex; empty if not known
}

// A Head is the digest of everything recorded up to a moment. It is the same on every
// machine that holds the same entries, in whatever order they came. Put into the next
// anchored batch by a [RegistrySnapshot], it fixes the history: an entry hidden, changed or
// dated back later gives another head.
type Head struct {
	Recorded time.Time `json:"recorded"` // entries with recordedAt up to here
	Count    int       `json:"count"`
	Digest   string    `json:"digest"` // hex
}

// SetRules gives the parameters of a board; without, its civil day is UTC's.
func (l *Log) SetRules(jurisdiction, boardID string, r BoardRules) {
	if l.rules == nil {
		l.rules = map[[2]string]BoardRules{}
	}
	l.rules[[2]string{jurisdiction, boardID}] = r
}

// Licences returns the keys of all licences, sorted.
func (l *Log) Licences() []LicenceKey {
	keys := make([]LicenceKey, 0, len(l.records))
	for k := range l.records {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, LicenceKey.compare)
	return keys
}

// AddTerm takes a licence's term into the log. The same term again changes nothing; another
// under its credential id is refused.
func (l *Log) AddTerm(t LicenceTerm) error {
	if t.CredentialID == "" || t.RecordedAt.IsZero() || t.Expires < t.Start {
		return refuse("T07", "a term has the id of its credential, the moment it was recorded, and an end not before its start")
	}
	t.Conditions = slices.Clone(t.Conditions)
	sortConditions(t.Conditions)
	added, err := l.line("term", t.CredentialID, t.RecordedAt, t.members(), t.Digest)
	if err != nil || !added {
		return err
	}
	if l.records == nil {
		l.records, l.byTerm = map[LicenceKey]*record{}, map[string]*record{}
	}
	r := l.of(t.Licence)
	r.terms = append(r.terms, t)
	l.records[t.Licence], l.byTerm[t.CredentialID] = r, r
	return nil
}

// Add takes in an order that somebody else's board signed and a verifier found good; digest
// is that of its credential (hex). It refuses an order about a licence that is not in the
// log, by another board, in effect before the licence, or different from one with the same
// id. It does not ask whether the order makes sense: see [Log.Issue]. The order of calls
// decides nothing.
func (l *Log) Add(o Order, digest string) error {
	o = normal(o)
	if err := l.admissible(o); err != nil {
		return err
	}
	added, err := l.line("order", o.board()+"/"+o.ID, o.RecordedAt, o.members(), digest)
	if err != nil || !added {
		return err
	}
	r := l.of(o.Licence) // there is one, or the order would not be admissible
	r.orders = append(r.orders, o)
	return nil
}

// IssueTerm is AddTerm for the board's own desk: it also refuses a term recorded at or before
// the last head.
func (l *Log) IssueTerm(t LicenceTerm) error {
	if _, there := l.lines["term\x00"+t.CredentialID]; !there {
		if err := l.open(t.RecordedAt); err != nil {
			return err
		}
	}
	return l.AddTerm(t)
}

// open refuses what was recorded at or before the last head.
func (l *Log) open(recorded time.Time) error {
	if n := len(l.heads); n > 0 && !recorded.After(l.heads[n-1].Recorded) {
		return refuse("LC-4", "recorded at %s, and the log is sealed up to %s", stamp(recorded), stamp(l.heads[n-1].Recorded))
	}
	return nil
}

// Issue is Add for the board's own desk. It also refuses an order whose transition is not
// listed, with the pair named (LC-3), one that would make a later order impossible, and one
// recorded at or before the last head.
func (l *Log) Issue(o Order, digest string) error {
	o = normal(o)
	if err := l.admissible(o); err != nil {
		return err
	}
	if _, there := l.lines["order\x00"+o.board()+"/"+o.ID]; there {
		return l.Add(o, digest) // the same again, or another under its id
	}
	if err := l.open(o.RecordedAt); err != nil {
		return err
	}
	terms, before := l.of(o.Licence).terms, l.heard(o.Licence)
	last, known := horizon(terms, append(slices.Clone(before), o))
	refusedBefore := map[string]bool{}
	for _, p := range Fold(terms, before, BoardRules{}, last, known).Refused() {
		refusedBefore[p.Order.ID] = true
	}
	for _, p := range Fold(terms, append(slices.Clone(before), o), BoardRules{}, last, known).History {
		switch {
		case p.Order.ID == o.ID && p.Fate == Unmatched:
			return refuse("LC-3", "the order to vacate, %s, is not known", p.Why)
		case p.Fate != RefusedBy || refusedBefore[p.Order.ID]:
		case p.Order.ID == o.ID:
			return refuse("LC-3", "%s", p.Why)
		default:
			return refuse("LC-3", "%s, of the later order %s", p.Why, p.Order.ID)
		}
	}
	return l.Add(o, digest)
}

// Derive lets orders that the compact brings about count in every answer of the log, and in
// what [Log.Issue] allows, in place of those given before. They are derived anew each time
// and are never recorded: heads and [Log.WriteTo] leave them out. Orders about licences that
// are not in the log are left aside; one of another origin is refused.
func (l *Log) Derive(orders []Order) error {
	derived := map[LicenceKey][]Order{}
	for _, o := range orders {
		if o.Origin != FromCompact {
			return refuse("CD-9", "an order that no rule of the compact brings about")
		}
		if len(l.of(o.Licence).terms) == 0 {
			continue
		}
		o = normal(o)
		if err := l.admissible(o); err != nil {
			return err
		}
		derived[o.Licence] = append(derived[o.Licence], o)
	}
	l.derived = derived
	return nil
}

// heard returns the orders about a licence, recorded and derived; one that its board has
// signed stands for the derived one of the same id.
func (l *Log) heard(key LicenceKey) []Order {
	recorded := l.of(key).orders
	if len(l.derived[key]) == 0 {
		return recorded
	}
	orders := slices.Clone(recorded)
	for _, d := range l.derived[key] {
		if !slices.ContainsFunc(recorded, func(o Order) bool { return o.ID == d.ID }) {
			orders = append(orders, d)
		}
	}
	return orders
}

// horizon is a moment at which all of the orders are in effect and known.
func horizon(terms []LicenceTerm, orders []Order) (at, known time.Time) {
	for _, t := range terms {
		known = latest(known, t.RecordedAt)
		at = latest(at, civilStart(t.Start, time.UTC).AddDate(0, 0, 1))
	}
	for _, o := range orders {
		at, known = latest(at, o.EffectiveAt), latest(known, o.RecordedAt)
	}
	return at, known
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func stamp(t time.Time) string { return t.UTC().Format(instantForm) }

// board names the board of an order: order ids are its own.
func (o Order) board() string { return o.Licence.Jurisdiction + "/" + o.Licence.BoardID }

func normal(o Order) Order {
	o.Basis, o.Conditions = slices.Clone(o.Basis), slices.Clone(o.Conditions)
	slices.Sort(o.Basis)
	sortConditions(o.Conditions)
	return o
}

func (l *Log) admissible(o Order) error {
	c := &checker{}
	c.synthetic = syntheticJurisdiction.MatchString(o.Licence.Jurisdiction)
	c.object("", "T08", o.members(), orderFields)
	orderCoherent(c, nil, o.members())
	if err := c.err(); err != nil {
		return err
	}
	terms := l.of(o.Licence).terms
	if len(terms) == 0 {
		return refuse("LC-4", "the log has no licence %s", o.Licence)
	}
	first := slices.MinFunc(terms, func(a, b LicenceTerm) int { return strings.Compare(string(a.Start), string(b.Start)) })
	if o.Board != first.Board {
		return refuse("TR-2", "the licence is of another board")
	}
	// A day more: the board's civil day may begin before UTC's.
	if o.EffectiveAt.Before(civilStart(first.Start, time.UTC).AddDate(0, 0, -1)) {
		return refuse("LC-4", "in effect before the licence was issued")
	}
	return nil
}

// line writes the entry down, and reports whether it is new.
func (l *Log) line(kind, id string, recorded time.Time, members object, digest string) (added bool, err error) {
	if digest != "" && !sha256Hex.MatchString(digest) {
		return false, refuse("ENV", "a digest is SHA-256 as 64 small hexadecimal digits")
	}
	entry := object{"kind": kind, "entry": members.plain()}
	entry.text("credential", digest)
	text, err := strictjson.Canonical(entry.plain())
	if err != nil {
		return false, err
	}
	if l.lines == nil {
		l.lines = map[string]logLine{}
	}
	if old, ok := l.lines[kind+"\x00"+id]; ok {
		if !bytes.Equal(old.text, text) {
			return false, refuse("LC-4", "two different entries with the id %s", id)
		}
		return false, nil
	}
	l.lines[kind+"\x00"+id] = logLine{recorded, kind + "\x00" + id, text, digest}
	return true, nil
}

func (t LicenceTerm) members() object {
	m := object{"licenceKey": t.Licence.members(), "legalStatus": t.Initial.String()}
	m.text("credentialId", t.CredentialID)
	m.text("board", t.Board)
	m.text("currentTermStart", string(t.Start))
	m.text("expiresOn", string(t.Expires))
	m.instant("recordedAt", t.RecordedAt)
	m.text("basis", string(t.Basis))
	m.flag("limited", t.Limited)
	m.list("conditions", len(t.Conditions), func(i int) any { return t.Conditions[i].plain() })
	return m
}

// StatusAt returns the state of a licence at the moment at, as known at the moment known.
// The error names a licence that is not in the log.
func (l *Log) StatusAt(key LicenceKey, at, known time.Time) (State, error) {
	r := l.of(key)
	if len(r.terms) == 0 {
		return State{Status: NotStated, Own: NotStated}, refuse("LC-4", "the log has no licence %s", key)
	}
	return Fold(r.terms, l.heard(key), l.rules[[2]string{key.Jurisdiction, key.BoardID}], at, known), nil
}

// Orders returns the orders about a licence in the order of the fold.
func (l *Log) Orders(key LicenceKey) []Order {
	orders := slices.Clone(l.of(key).orders)
	slices.SortFunc(orders, compareOrders)
	return orders
}

// Signed returns the orders about a licence in the order of the fold, each with the digest
// under which it was taken in.
func (l *Log) Signed(key LicenceKey) []SignedOrder {
	var out []SignedOrder
	for _, o := range l.Orders(key) {
		out = append(out, SignedOrder{o, l.lines["order\x00"+o.board()+"/"+o.ID].digest})
	}
	return out
}

// Terms returns the terms of a licence, first one first.
func (l *Log) Terms(key LicenceKey) []LicenceTerm {
	terms := slices.Clone(l.of(key).terms)
	slices.SortFunc(terms, func(a, b LicenceTerm) int {
		return cmp.Or(strings.Compare(string(a.Start), string(b.Start)), strings.Compare(a.CredentialID, b.CredentialID))
	})
	return terms
}

// sorted returns the lines recorded up to known by (recordedAt, kind, id): the order in
// which they may be appended for ever.
func (l *Log) sorted(known time.Time) []logLine {
	lines := make([]logLine, 0, len(l.lines))
	for _, e := range l.lines {
		if !e.recorded.After(known) {
			lines = append(lines, e)
		}
	}
	slices.SortFunc(lines, func(a, b logLine) int { return cmp.Or(a.recorded.Compare(b.recorded), strings.Compare(a.id, b.id)) })
	return lines
}

// Len returns the number of entries.
func (l *Log) Len() int { return len(l.lines) }

// Recorded returns when the latest entry was recorded; zero for an empty log.
func (l *Log) Recorded() time.Time {
	var last time.Time
	for _, e := range l.lines {
		last = latest(last, e.recorded)
	}
	return last
}

// Head returns the digest of what was recorded up to known.
func (l *Log) Head(known time.Time) Head {
	lines := l.sorted(known)
	chain := sha256.Sum256([]byte("certanchor/order-log/1\x00"))
	for _, e := range lines {
		link := sha256.New()
		link.Write(chain[:])
		link.Write(e.text)
		link.Sum(chain[:0])
	}
	return Head{Recorded: known.UTC(), Count: len(lines), Digest: hex.EncodeToString(chain[:])}
}

// Seal returns the head at known and from then on refuses to issue anything recorded before:
// the head is ready to be anchored.
func (l *Log) Seal(known time.Time) Head {
	h := l.Head(known)
	l.heads = append(l.heads, h)
	slices.SortFunc(l.heads, func(a, b Head) int { return a.Recorded.Compare(b.Recorded) })
	return h
}

// CheckHeads holds the log to heads that were anchored. The first that does not fit says
// between which two moments an entry was hidden, added or changed.
func (l *Log) CheckHeads(anchored []Head) error {
	anchored = slices.Clone(anchored)
	slices.SortFunc(anchored, func(a, b Head) int { return a.Recorded.Compare(b.Recorded) })
	after := "the beginning"
	for _, h := range anchored {
		got := l.Head(h.Recorded)
		if got.Count != h.Count || got.Digest != h.Digest {
			return refuse("LC-4", "the log is not the one anchored: %d entries recorded up to %s, anchored are %d; the difference lies after %s",
				got.Count, stamp(h.Recorded), h.Count, after)
		}
		after = stamp(h.Recorded)
	}
	return nil
}

// WriteTo writes the log, one entry a line, in an order that depends on the entries alone.
func (l *Log) WriteTo(w io.Writer) (int64, error) {
	var n int64
	for _, e := range l.sorted(endOfTime) {
		k, err := w.Write(append(slices.Clone(e.text), '\n'))
		if n += int64(k); err != nil {
			return n, err
		}
	}
	return n, nil
}

// endOfTime is later than any instant that a draft may hold.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// ReadLog reads what WriteTo wrote; lines may stand in any order. The error names the line.
func ReadLog(r io.Reader) (*Log, error) {
	l := &Log{}
	var orders []map[string]any
	var at []int
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLogLine)
	for n := 1; lines.Scan(); n++ {
		e, err := strictjson.ParseObject(lines.Bytes(), strictjson.Limits{})
		if err != nil {
			return nil, fmt.Errorf("licensure: line %d: %w", n, err)
		}
		entry, _ := e["entry"].(map[string]any)
		switch e["kind"] {
		case "term":
			if err := l.readTerm(e, entry); err != nil {
				return nil, fmt.Errorf("licensure: line %d: %w", n, err)
			}
		case "order":
			orders, at = append(orders, e), append(at, n)
		default:
			return nil, fmt.Errorf("licensure: line %d: neither a term nor an order", n)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("licensure: %w", err)
	}
	for i, e := range orders { // after all terms, which may stand behind them
		if err := l.readOrder(e); err != nil {
			return nil, fmt.Errorf("licensure: line %d: %w", at[i], err)
		}
	}
	return l, nil
}

// kept refuses an entry with members that the log would lose.
func (l *Log) kept(kind, id string, e map[string]any) error {
	text, err := strictjson.Canonical(e)
	if err == nil && !bytes.Equal(l.lines[kind+"\x00"+id].text, text) {
		err = refuse("T08", "the entry has members that no log writes")
	}
	return err
}

var termFields = []field{
	{"credentialId", must, iri},
	{"board", must, shortText},
	{"licenceKey", must, licenceKeyNode("T07")},
	{"legalStatus", must, word(legalStatusNames())},
	{"currentTermStart", must, civil},
	{"expiresOn", must, civil},
	{"recordedAt", must, instant},
	{"basis", may, word(bases)},
	{"limited", may, onlyTrue},
	{"conditions", may, conditionList("T07")},
}

// entryOf judges an entry that was read by the table of its kind.
func entryOf(entry map[string]any, rule string, fields []field) (subject, error) {
	c := &checker{}
	key, _ := entry["licenceKey"].(map[string]any)
	place, _ := key["jurisdiction"].(string)
	c.synthetic = syntheticJurisdiction.MatchString(place)
	if c.walk("", entry, 0); !c.stopped {
		c.object("", rule, entry, fields)
	}
	return entry, c.err()
}

func (l *Log) readTerm(e, entry map[string]any) error {
	s, err := entryOf(entry, "T07", termFields)
	if err != nil {
		return err
	}
	initial, _ := ParseLegalStatus(s.text("legalStatus"))
	err = l.AddTerm(LicenceTerm{
		CredentialID: s.text("credentialId"), Licence: s.licenceKey("licenceKey"), Board: s.text("board"),
		Start: Date(s.text("currentTermStart")), Expires: Date(s.text("expiresOn")), Initial: initial,
		Conditions: s.conditions("conditions"), RecordedAt: s.instant("recordedAt"), Basis: Basis(s.text("basis")), Limited: s.flag("limited"),
		Digest: subject(e).text("credential"),
	})
	if err != nil {
		return err
	}
	return l.kept("term", s.text("credentialId"), e)
}

func (l *Log) readOrder(e map[string]any) error {
	entry, _ := e["entry"].(map[string]any)
	s, err := entryOf(entry, "T08", orderFields)
	if err != nil {
		return err
	}
	o := orderFrom(s)
	if err := l.Add(o, subject(e).text("credential")); err != nil {
		return err
	}
	return l.kept("order", o.board()+"/"+o.ID, e)
}
