package licensure

import "time"

// An ActionHistory is what a federation knows of orders against somebody (T09), as of a day
// and over the jurisdictions it names: never "no discipline".
type ActionHistory struct {
	Envelope
	AsOf              Date
	Covered           []string    // jurisdictions
	Actions           []ActionRef // exactly one of Actions and NoneFound
	NoneFound         bool
	AlertServiceUntil Date // optional
}

// An ActionRef names an order (T08).
type ActionRef struct {
	OrderID        string
	Digest         string // of the order's credential; empty where the board issues none
	TakenIn        string // jurisdiction
	Action         Action
	EffectiveAt    time.Time
	FeeRelatedOnly bool
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (h ActionHistory) Validate() error {
	_, err := h.Draft()
	return err
}

// Draft returns h as a draft that [CheckDraft] accepts.
func (h ActionHistory) Draft() (map[string]any, error) {
	m := object{}
	m.text("asOf", string(h.AsOf))
	m.list("jurisdictionsCovered", len(h.Covered), func(i int) any { return h.Covered[i] })
	m.list("actions", len(h.Actions), func(i int) any {
		a := h.Actions[i]
		n := object{"feeRelatedOnly": a.FeeRelatedOnly}
		n.text("orderId", a.OrderID)
		n.text("digest", a.Digest)
		n.text("takenIn", a.TakenIn)
		n.text("action", string(a.Action))
		n.instant("effectiveAt", a.EffectiveAt)
		return n.plain()
	})
	m.flag("noneFound", h.NoneFound)
	m.text("alertServiceUntil", string(h.AlertServiceUntil))
	return h.draft(TypeBoardActionHistory, m)
}

var historyFields = []field{
	{"asOf", must, civil},
	{"jurisdictionsCovered", must, distinct(longList(jurisdiction))},
	{"actions", weighs, list(node("T09", []field{
		{"orderId", must, shortText},
		{"digest", may, digest},
		{"takenIn", must, jurisdiction},
		{"action", must, word(actions)},
		{"effectiveAt", must, instant},
		{"feeRelatedOnly", must, boolean},
	}))},
	{"noneFound", may, onlyTrue},
	{"alertServiceUntil", may, civil},
}

func historyCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T09", s, "asOf")
	c.oneOf(ptr, "T09", s, "actions", "noneFound")
	c.order(ptr, "T09", s, "asOf", "alertServiceUntil")
}
