package licensure

import (
	"slices"
	"strings"
	"time"
)

// A LicenceKey names a licence. A number alone names nothing: boards share numbers, and some
// give one number to licences of several types. It is comparable.
type LicenceKey struct {
	Jurisdiction string
	BoardID      string // empty where the jurisdiction has one board
	Type         LicenceType
	Number       string // as the board writes it
}

// String returns the key in one line, for messages of the issuer's own desk.
func (k LicenceKey) String() string {
	return strings.Join([]string{k.Jurisdiction, k.BoardID, string(k.Type), k.Number}, "/")
}

func (k LicenceKey) compare(o LicenceKey) int { return strings.Compare(k.String(), o.String()) }

func (k LicenceKey) members() map[string]any {
	m := object{}
	m.text("jurisdiction", k.Jurisdiction)
	m.text("boardId", k.BoardID)
	m.text("licenceType", string(k.Type))
	m.text("number", k.Number)
	return m
}

func licenceKeyNode(rule string) judge {
	return node(rule, []field{
		{"jurisdiction", must, jurisdiction},
		{"boardId", may, shortText},
		{"licenceType", must, word(licenceTypes)},
		{"number", must, shortText},
	})
}

// An Order is an act about one licence: the facts of a T08, without its envelope.
type Order struct {
	ID             string
	Licence        LicenceKey
	Board          string // the board's name
	Action         Action
	Origin         Origin
	Basis          []string // basis codes, sorted
	EffectiveAt    time.Time
	RecordedAt     time.Time
	EndsAt         time.Time // zero for none
	Conditions     []Condition
	Public         bool
	FeeRelatedOnly bool
	Supersedes     string // the order vacated or replaced; empty for none
	DocumentDigest string // SHA-256 of the order's text, hex
	Trigger        *TriggerRef
	Mirrored       *LegalStatus // the principal state's status that an automatic entry stands for
}

// A TriggerRef names the order that an automatic one follows, and the rule by which.
type TriggerRef struct {
	OrderID string
	TakenIn string // jurisdiction
	Digest  string // of the trigger, hex
	Rule    string
}

// A BoardOrder is an order with its envelope (T08). No person is asked for: the licence key
// says whom it is about.
type BoardOrder struct {
	Envelope
	Order
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (b BoardOrder) Validate() error {
	_, err := b.Draft()
	return err
}

// Draft returns b as a draft that [CheckDraft] accepts.
func (b BoardOrder) Draft() (map[string]any, error) {
	return b.draft(TypeBoardOrder, b.Order.members())
}

func (o Order) members() object {
	m := object{"licenceKey": o.Licence.members(), "public": o.Public, "feeRelatedOnly": o.FeeRelatedOnly}
	m.text("orderId", o.ID)
	m.text("jurisdiction", o.Licence.Jurisdiction)
	m.text("board", o.Board)
	m.text("action", string(o.Action))
	m.text("origin", string(o.Origin))
	m.list("basisCodes", len(o.Basis), func(i int) any { return o.Basis[i] })
	m.instant("effectiveAt", o.EffectiveAt)
	m.instant("recordedAt", o.RecordedAt)
	m.instant("endsAt", o.EndsAt)
	m.list("conditions", len(o.Conditions), func(i int) any { return o.Conditions[i].plain() })
	m.text("supersedesOrder", o.Supersedes)
	m.text("documentDigest", o.DocumentDigest)
	if t := o.Trigger; t != nil {
		n := object{}
		n.text("orderId", t.OrderID)
		n.text("takenIn", t.TakenIn)
		n.text("digest", t.Digest)
		n.text("ruleId", t.Rule)
		m["triggerRef"] = n.plain()
	}
	if o.Mirrored != nil {
		m.text("mirroredStatus", o.Mirrored.String())
	}
	return m
}

func (k Condition) plain() map[string]any {
	n := k.Period.members()
	n.text("code", k.Code)
	n.text("text", k.Text)
	return n
}

var orderFields = []field{
	{"orderId", must, shortText},
	{"jurisdiction", must, jurisdiction},
	{"board", must, shortText},
	{"licenceKey", must, licenceKeyNode("T08")},
	{"action", must, word(actions)},
	{"origin", must, word(origins)},
	{"basisCodes", may, distinct(list(word(basisCodes)))},
	{"effectiveAt", must, instant},
	{"recordedAt", must, instant},
	{"endsAt", weighs, instant},
	{"conditions", weighs, conditionList("T08")},
	{"public", must, boolean},
	{"feeRelatedOnly", must, boolean},
	{"supersedesOrder", weighs, shortText},
	{"documentDigest", must, digest},
	{"triggerRef", may, node("T08", []field{
		{"orderId", must, shortText},
		{"takenIn", must, jurisdiction},
		{"digest", must, digest},
		{"ruleId", must, word([]string{"CD-1", "CD-4", "CD-8"})},
	})},
	{"mirroredStatus", may, word([]string{Suspended.String(), SummarySuspended.String(), Revoked.String(), SurrenderedInLieu.String()})},
}

func conditionList(rule string) judge {
	return list(period(rule, field{"code", must, shortText}, field{"text", must, prose}))
}

func orderCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	if key, ok := s["licenceKey"].(map[string]any); ok && key["jurisdiction"] != s["jurisdiction"] {
		c.fail(CodeContradicts, ptr+"/licenceKey/jurisdiction", "TR-2", "a board acts on licences of its own jurisdiction")
	}
	from, okFrom := instantIn(s, "effectiveAt")
	until, okUntil := instantIn(s, "endsAt")
	if okFrom && okUntil && !until.After(from) {
		c.fail(CodeDateOrder, ptr+"/endsAt", "T08", "after effectiveAt")
	}
	c.known(ptr, "T08", s, "recordedAt")
	c.orderMembers(ptr, s)
}

// orderMembers holds the action and origin of an order to the members they need.
func (c *checker) orderMembers(ptr string, s map[string]any) {
	action, _ := s["action"].(string)
	_, conditions := s["conditions"]
	_, supersedes := s["supersedesOrder"]
	_, trigger := s["triggerRef"]
	_, mirrored := s["mirroredStatus"]
	_, ends := s["endsAt"]
	automatic := s["origin"] == string(FromCompact)
	switch {
	case action == string(Vacated) && !supersedes:
		c.fail(CodeMissing, ptr+"/supersedesOrder", "T08", "which order is vacated")
	case !conditions && slices.Contains([]string{string(Restriction), string(ConditionAdded)}, action):
		c.fail(CodeMissing, ptr+"/conditions", "T08", "which conditions")
	case action == string(FeeLapse) && s["feeRelatedOnly"] != true:
		c.fail(CodeContradicts, ptr+"/feeRelatedOnly", "T08", "true for a lapse for fees")
	case automatic && !trigger:
		c.fail(CodeMissing, ptr+"/triggerRef", "T08", "which order it follows")
	case !automatic && trigger:
		c.fail(CodeContradicts, ptr+"/triggerRef", "T08", "only with the origin compact-automatic")
	case mirrored && !automatic:
		c.fail(CodeContradicts, ptr+"/mirroredStatus", "T08", "only with the origin compact-automatic")
	case automatic && !mirrored && !ends && action != string(Vacated):
		c.fail(CodeMissing, ptr+"/endsAt", "CD-4", "an automatic suspension ends")
	}
}

// OrderOf reads the order out of the verified claims of a T08 (verifier.Report.Claims). The
// error is a [*DraftError] by the same rules that a draft is judged by.
func OrderOf(claims map[string]any) (Order, error) {
	s, err := subjectOf(claims, TypeBoardOrder)
	if err != nil {
		return Order{}, err
	}
	return orderFrom(s), nil
}

// orderFrom reads an order out of members that were judged.
func orderFrom(s subject) Order {
	o := Order{
		ID: s.text("orderId"), Licence: s.licenceKey("licenceKey"), Board: s.text("board"),
		Action: Action(s.text("action")), Origin: Origin(s.text("origin")), Basis: s.texts("basisCodes"),
		EffectiveAt: s.instant("effectiveAt"), RecordedAt: s.instant("recordedAt"), EndsAt: s.instant("endsAt"),
		Conditions: s.conditions("conditions"), Public: s.flag("public"), FeeRelatedOnly: s.flag("feeRelatedOnly"),
		Supersedes: s.text("supersedesOrder"), DocumentDigest: s.text("documentDigest"),
	}
	if t, ok := s["triggerRef"].(map[string]any); ok {
		n := subject(t)
		o.Trigger = &TriggerRef{OrderID: n.text("orderId"), TakenIn: n.text("takenIn"), Digest: n.text("digest"), Rule: n.text("ruleId")}
	}
	if name := s.text("mirroredStatus"); name != "" {
		m, _ := ParseLegalStatus(name)
		o.Mirrored = &m
	}
	return o
}
