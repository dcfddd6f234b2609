package licensure

import (
	"strconv"
	"time"
)

// A Date is a civil date in the jurisdiction it is about, "YYYY-MM-DD". Where a field says
// so it may be "YYYY" or "YYYY-MM"; the missing part is unknown and never invented (ENV-2).
type Date string

// DateOf returns the civil date of t in t's own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// instantForm is RFC 3339 in UTC with whole seconds, the one form of an instant in drafts.
const instantForm = "2006-01-02T15:04:05Z"

// Earliest years. Instants of credentials start with the Unix epoch (J14); a civil date
// before 1900 is a slip of the pen.
const (
	firstInstantYear = 1970
	firstCivilYear   = 1900
)

// parseInstant reads an instant of instantForm. The text must print back unchanged, since
// time.Parse also takes fractions of a second and a comma.
func parseInstant(s string) (time.Time, bool) {
	t, err := time.Parse(instantForm, s)
	if err != nil || t.Format(instantForm) != s || t.Year() < firstInstantYear {
		return time.Time{}, false
	}
	return t, true
}

// parseCivil reads a whole civil date.
func parseCivil(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Format(time.DateOnly) != s || t.Year() < firstCivilYear {
		return time.Time{}, false
	}
	return t, true
}

// isPartial reports whether s is YYYY, YYYY-MM or a whole civil date.
func isPartial(s string) bool {
	switch len(s) {
	case len("2006"):
		return isYear(s)
	case len("2006-01"):
		_, ok := parseCivil(s + "-01")
		return ok
	}
	_, ok := parseCivil(s)
	return ok
}

func isYear(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && len(s) == 4 && allDigits(s) && n >= firstCivilYear
}

// later reports whether date a is certainly after b. Dates of different precision are
// compared in the coarser one, since the missing part is unknown.
func later(a, b string) bool {
	n := min(len(a), len(b))
	return a[:n] > b[:n]
}

// instantIn returns the instant that member name of node holds.
func instantIn(node map[string]any, name string) (time.Time, bool) {
	s, _ := node[name].(string)
	return parseInstant(s)
}

// dateIn returns the date that member name of node holds, and false unless it is well
// formed.
func dateIn(node map[string]any, name string) (string, bool) {
	s, _ := node[name].(string)
	return s, isPartial(s)
}

var instant = judge{func(c *checker, ptr, rule string, v any) {
	if s, ok := asString(c, ptr, rule, v); ok {
		if _, ok := parseInstant(s); !ok {
			c.fail(CodeDate, ptr, "J14", "an instant YYYY-MM-DDThh:mm:ssZ")
		}
	}
}, patterned(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$`)}

var civil = judge{func(c *checker, ptr, rule string, v any) {
	if s, ok := asString(c, ptr, rule, v); ok {
		if _, ok := parseCivil(s); !ok {
			c.fail(CodeDate, ptr, "ENV-2", "a civil date YYYY-MM-DD")
		}
	}
}, patterned(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)}

var partial = judge{func(c *checker, ptr, rule string, v any) {
	if s, ok := asString(c, ptr, rule, v); ok && !isPartial(s) {
		c.fail(CodeDate, ptr, "ENV-2", "YYYY, YYYY-MM or YYYY-MM-DD")
	}
}, patterned(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)}

var year = judge{func(c *checker, ptr, rule string, v any) {
	if s, ok := asString(c, ptr, rule, v); ok && !isYear(s) {
		c.fail(CodeDate, ptr, "ENV-2", "a year YYYY")
	}
}, patterned(`^[0-9]{4}$`)}

// order fails c at member second if it is certainly before member first.
func (c *checker) order(ptr, rule string, node map[string]any, first, second string) {
	a, okA := dateIn(node, first)
	b, okB := dateIn(node, second)
	if okA && okB && later(a, b) {
		c.fail(CodeDateOrder, ptr+"/"+second, rule, "not before "+first)
	}
}

// past fails c if the date of member name lies after the day of validFrom.
func (c *checker) past(ptr, rule string, node map[string]any, name string) {
	d, ok := dateIn(node, name)
	if ok && c.latestDay != "" && later(d, c.latestDay) {
		c.fail(CodeDateOrder, ptr+"/"+name, rule, "not after validFrom")
	}
}

// known fails c if the instant of member name lies after validFrom: what a document tells
// of has happened.
func (c *checker) known(ptr, rule string, node map[string]any, name string) {
	if t, ok := instantIn(node, name); ok && !c.from.IsZero() && t.After(c.from) {
		c.fail(CodeDateOrder, ptr+"/"+name, rule, "not after validFrom")
	}
}
