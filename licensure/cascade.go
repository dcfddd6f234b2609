package licensure

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A SignedOrder is an order with the digest of its credential, hex.
type SignedOrder struct {
	Order
	Digest string
}

// A Holder is a physician as the cascade sees one: licences, and which was the principal one
// when.
type Holder struct {
	Licences  []HolderLicence
	Principal []Designation
}

// A HolderLicence is one licence of a holder.
type HolderLicence struct {
	Key    LicenceKey
	Board  string
	Basis  Basis
	Issued time.Time // first instant of the first term
}

// An Alert tells a board of another's act. It changes nothing by itself (CD-3): what to do
// is the board's to decide.
type Alert struct {
	Rule    string
	For     LicenceKey
	OrderID string
	TakenIn string
	Action  Action
	At      time.Time // when the order was recorded
	Result  StepResult
}

// A Cascade is what follows from orders by the compact alone: orders that no board wrote.
// Anybody derives the same ones from the same signed triggers (CD-9).
type Cascade struct {
	Scope  Scope
	Orders []Order
	Alerts []Alert
}

// triggers are the actions that the compact makes follow, and the status that mirrors each
// (CD-1, CD-4).
var triggers = map[Action]LegalStatus{
	Revocation: Revoked, SurrenderInLieu: SurrenderedInLieu, Suspension: Suspended, SummarySuspension: SummarySuspended,
}

// Cascade derives the automatic orders that follow from orders about a holder's licences, in
// whatever order these come.
//
//   - An order against the principal licence puts every other licence in reach on the same
//     status, until its own board acts (CD-1, CD-2).
//   - An order of another member board suspends the others for a time (CD-4).
//   - Vacating an order vacates what followed from it (CD-8).
//   - An automatic order starts nothing (CD-5), nor does one that is about fees alone.
func (r CompactRules) Cascade(h Holder, orders []SignedOrder) (Cascade, error) {
	if err := r.Validate(); err != nil {
		return Cascade{}, err
	}
	orders = slices.Clone(orders)
	slices.SortFunc(orders, func(a, b SignedOrder) int {
		if c := a.RecordedAt.Compare(b.RecordedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID+" "+a.board(), b.ID+" "+b.board())
	})
	orders = slices.CompactFunc(orders, func(a, b SignedOrder) bool { return a.ID == b.ID && a.board() == b.board() && a.Digest == b.Digest })
	c := Cascade{Scope: r.Scope}
	followed := map[string][]Order{} // board and order id → what followed from it
	for _, o := range orders {
		if o.Origin == FromCompact {
			continue
		}
		if !sha256Hex.MatchString(o.Digest) {
			return Cascade{}, refuse("CD-9", "a trigger is named by the digest of its credential")
		}
		name := o.board() + " " + o.ID
		if o.Supersedes != "" {
			nth := map[LicenceKey]int{}
			for _, d := range followed[o.board()+" "+o.Supersedes] {
				followed[name] = append(followed[name], vacateFor(o, d, nth[d.Licence]))
				nth[d.Licence]++
			}
		}
		followed[name] = append(followed[name], r.follow(h, o)...)
		c.Orders = append(c.Orders, followed[name]...)
		c.Alerts = append(c.Alerts, r.alerts(h, o)...)
	}
	slices.SortFunc(c.Orders, compareOrders)
	return c, nil
}

// follow returns the automatic orders that one order starts.
func (r CompactRules) follow(h Holder, o SignedOrder) []Order {
	mirrored, trigger := triggers[o.Action]
	if !trigger || o.FeeRelatedOnly || !r.member(o.Licence.Jurisdiction) {
		return nil
	}
	principal, known := principalAt(h.Principal, o.EffectiveAt)
	var out []Order
	for _, l := range h.Licences {
		if !r.reaches(l, o) {
			continue
		}
		d := automatic(o, l, "CD-4")
		d.EndsAt = o.EffectiveAt.AddDate(0, 0, r.SuspensionDays)
		if known && o.Licence == principal {
			d = automatic(o, l, "CD-1")
			d.Mirrored = &mirrored
		}
		out = append(out, d)
	}
	return out
}

// reaches reports whether the cascade of o reaches a licence: one of a member board other than
// that of o, issued by then, and within the scope (CD-7).
func (r CompactRules) reaches(l HolderLicence, o SignedOrder) bool {
	return r.member(l.Key.Jurisdiction) && (l.Key.Jurisdiction != o.Licence.Jurisdiction || l.Key.BoardID != o.Licence.BoardID) &&
		!l.Issued.After(o.EffectiveAt) && (r.Scope == AllMemberLicences || l.Basis == BasisCompact)
}

// automatic returns the order that a rule derives for a licence. Its id is made of the rule,
// the trigger and the licence, so that everybody gives it the same.
func automatic(o SignedOrder, l HolderLicence, rule string) Order {
	return Order{
		ID:      strings.Join([]string{rule, o.ID, o.board(), l.Key.String()}, " "),
		Licence: l.Key, Board: l.Board, Action: Suspension, Origin: FromCompact, Basis: []string{BasisOtherJurisdiction},
		EffectiveAt: o.EffectiveAt, RecordedAt: o.RecordedAt, Public: o.Public, DocumentDigest: o.Digest,
		Trigger: &TriggerRef{OrderID: o.ID, TakenIn: o.Licence.Jurisdiction, Digest: o.Digest, Rule: rule},
	}
}

// vacateFor vacates d, the nth that followed for its licence from an order that o vacates or
// replaces.
func vacateFor(o SignedOrder, d Order, nth int) Order {
	v := automatic(o, HolderLicence{Key: d.Licence, Board: d.Board}, "CD-8")
	v.ID += " " + strconv.Itoa(nth)
	v.Action, v.Supersedes = Vacated, d.ID
	return v
}

// alerts tells the other boards of discipline that leaves their own licences as they are, or
// for a time (CD-3).
func (r CompactRules) alerts(h Holder, o SignedOrder) []Alert {
	if !Disciplinary(o.Action) || o.FeeRelatedOnly {
		return nil
	}
	principal, known := principalAt(h.Principal, o.EffectiveAt)
	if _, trigger := triggers[o.Action]; trigger && known && o.Licence == principal {
		return nil // CD-1 speaks for itself
	}
	var out []Alert
	for _, l := range h.Licences {
		if l.Key != o.Licence && (l.Key.Jurisdiction != o.Licence.Jurisdiction || l.Key.BoardID != o.Licence.BoardID) {
			out = append(out, Alert{Rule: "CD-3", For: l.Key, OrderID: o.ID, TakenIn: o.Licence.Jurisdiction, Action: o.Action, At: o.RecordedAt, Result: NeedsHuman})
		}
	}
	slices.SortFunc(out, func(a, b Alert) int { return a.For.compare(b.For) })
	return out
}

// Bytes returns the derived orders in the form of RFC 8785, one a line: the same on every
// machine for the same triggers.
func (c Cascade) Bytes() ([]byte, error) {
	var out bytes.Buffer
	for _, o := range c.Orders {
		text, err := strictjson.Canonical(o.members().plain())
		if err != nil {
			return nil, err
		}
		out.Write(text)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// ReadDerived reads what [Cascade.Bytes] wrote: orders that the compact brings about, one a
// line. It refuses any that a board would have to make. The error names the line.
func ReadDerived(r io.Reader) ([]Order, error) {
	var out []Order
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLogLine)
	for n := 1; lines.Scan(); n++ {
		m, err := strictjson.ParseObject(lines.Bytes(), strictjson.Limits{})
		if err != nil {
			return nil, fmt.Errorf("licensure: line %d: %w", n, err)
		}
		s, err := entryOf(m, "T08", orderFields)
		if err != nil {
			return nil, fmt.Errorf("licensure: line %d: %w", n, err)
		}
		o := orderFrom(s)
		if o.Origin != FromCompact {
			return nil, fmt.Errorf("licensure: line %d: %w", n, refuse("CD-9", "an order that no rule of the compact brings about"))
		}
		out = append(out, o)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("licensure: %w", err)
	}
	return out, nil
}

// For returns the derived orders about one licence.
func (c Cascade) For(key LicenceKey) []Order {
	return slices.DeleteFunc(slices.Clone(c.Orders), func(o Order) bool { return o.Licence != key })
}

// CheckAutomatic returns the automatic orders that a board signed and that do not follow from
// the triggers: a board cannot call its own act automatic (CD-9).
func (c Cascade) CheckAutomatic(signed []Order) []Order {
	var strange []Order
	for _, o := range signed {
		if o.Origin != FromCompact {
			continue
		}
		if !slices.ContainsFunc(c.Orders, func(d Order) bool { return sameOrder(d, o) }) {
			strange = append(strange, o)
		}
	}
	return strange
}

func sameOrder(a, b Order) bool {
	x, errX := strictjson.Canonical(normal(a).members().plain())
	y, errY := strictjson.Canonical(normal(b).members().plain())
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// StatusAt returns the state of one of the holder's licences with what follows by the
// compact: derived anew from the triggers, and never taken from somebody's word for it.
func (r CompactRules) StatusAt(terms []LicenceTerm, orders []SignedOrder, h Holder, key LicenceKey, rules BoardRules, at, known time.Time) (State, error) {
	heard := slices.DeleteFunc(slices.Clone(orders), func(o SignedOrder) bool { return o.RecordedAt.After(known) })
	c, err := r.Cascade(h, heard)
	if err != nil {
		return State{}, err
	}
	own := c.For(key)
	for _, o := range heard {
		if o.Licence == key && o.Origin != FromCompact {
			own = append(own, o.Order)
		}
	}
	terms = slices.DeleteFunc(slices.Clone(terms), func(t LicenceTerm) bool { return t.Licence != key })
	return Fold(terms, own, rules, at, known), nil
}

// Text says the status in words, for a report: "suspended (automatic, follows X03)".
func (s State) Text() string {
	switch {
	case s.Status == CompactMirroredEncumbered && s.Mirrored != nil && s.Trigger != nil:
		return s.Mirrored.String() + " (automatic, follows " + s.Trigger.TakenIn + ")"
	case s.Status == CompactAutoSuspended && s.Trigger != nil:
		return "suspended (automatic, follows " + s.Trigger.TakenIn + ", until " + stamp(s.Until) + ")"
	}
	return s.Status.String()
}
