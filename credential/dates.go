package credential

import (
	"regexp"
	"strings"
	"time"
)

// A Moment is a point in time as a document states it. A date without a zone, which
// older formats allow, is every instant it can mean: from the easternmost zone
// (UTC+14) to the westernmost (UTC-12). With a zone Early equals Late.
type Moment struct {
	Early, Late time.Time
	// Loose tells that the text left the zone open.
	Loose bool
}

// strictTime is RFC 3339 with upper-case T and Z, a point before a fraction, and a
// zone: VC Data Model 2.0, section 4.9, and XML Schema dateTimeStamp. time.Parse
// alone takes a comma and a lower-case t.
var strictTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)

// looseTime is what real older certificates write: no zone, no time, a zone without
// a colon.
var looseTime = regexp.MustCompile(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?)?$`)

// ParseMoment reads a time of a document of version v: strictly with a zone in VC
// 2.0, as the interval of all zones where an older format leaves it out. A licence
// must not end hours apart in two hospitals. Years run from 1970 to 9999. It returns
// an *Error without a Path; the caller knows the member.
func ParseMoment(text string, v Version) (Moment, error) {
	if strictTime.MatchString(text) {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || t.Year() < 1970 || strings.HasPrefix(text, "0000") {
			return Moment{}, fail(CodeDate, "", "%q is no date between 1970 and 9999", text)
		}
		return Moment{Early: t.UTC(), Late: t.UTC()}, nil
	}
	if v == VC2 {
		return Moment{}, fail(CodeDate, "", "%q is not a time with zone, such as 2026-06-30T23:59:59Z", text)
	}
	return parseLoose(text)
}

func parseLoose(text string) (Moment, error) {
	bad := fail(CodeDate, "", "%q is not a date", text)
	if !looseTime.MatchString(text) {
		return Moment{}, bad
	}
	text = strings.Replace(text, " ", "T", 1)
	if t, err := time.Parse("2006-01-02T15:04:05.999999999Z0700", text); err == nil && t.Year() >= 1970 {
		return Moment{Early: t.UTC(), Late: t.UTC()}, nil
	}
	for _, form := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1970 {
			m := Moment{Early: t.Add(-14 * time.Hour), Late: t.Add(12 * time.Hour), Loose: true}
			if form == "2006-01-02" {
				m.Late = m.Late.Add(24*time.Hour - time.Second)
			}
			return m, nil
		}
	}
	return Moment{}, bad
}

// Validity returns the moments from which and until which the document says it
// holds; nil where it does not say. Errors are *Error with the member's path.
func (c *Credential) Validity() (from, until *Moment, err error) {
	first, last := "validFrom", "validUntil"
	switch c.version {
	case VC1:
		if _, ok := c.doc["issuanceDate"]; ok {
			first = "issuanceDate"
		}
		if _, ok := c.doc["expirationDate"]; ok {
			last = "expirationDate"
		}
	case Blockcerts2:
		first, last = "issuedOn", "expires"
	case Blockcerts12:
		first, last = "issuedOn", "expires"
	}
	if from, err = c.moment(first); err != nil {
		return nil, nil, err
	}
	until, err = c.moment(last)
	return from, until, err
}

func (c *Credential) moment(name string) (*Moment, error) {
	v, given := c.body()[name]
	if !given || (v == nil && c.version != VC2) {
		return nil, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, fail(CodeDate, "/"+name, "must be a text")
	}
	m, err := ParseMoment(s, c.version)
	if err != nil {
		err.(*Error).Path = "/" + name
		return nil, err
	}
	return &m, nil
}
