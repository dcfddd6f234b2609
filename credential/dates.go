package credential

import (
	"encoding/json"
	"regexp"
	"strconv"
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

// Years of the dates read, in UTC. Earlier ones are placeholders or attacks on
// parsers; later ones have no four digits.
const (
	firstYear = 1970
	lastYear  = 9999
)

// maxOffset is the widest zone there is (XML Schema 1.1, section 3.3.7).
const maxOffset = 14 * 60 * 60 // seconds

// strictTime is RFC 3339 with upper-case T and Z, a point before a fraction, and a
// zone: VC Data Model 2.0, section 4.9, and XML Schema dateTimeStamp. time.Parse
// alone takes a comma, a lower-case t and a zone of +02:60.
var strictTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:[0-5]\d)$`)

// looseTime is what real older certificates write: no zone, no time, no seconds, a
// zone without a colon.
var looseTime = regexp.MustCompile(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?[0-5]\d)?)?$`)

// Forms of looseTime, with and without a zone.
var (
	zonedForms = []string{"2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07:00",
		"2006-01-02T15:04Z0700", "2006-01-02T15:04Z07:00"}
	openForms = []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04"}
)

// ParseMoment reads a time of a document of version v: strictly with a zone in VC
// 2.0, as the interval of all zones where an older format leaves it out. A licence
// must not end hours apart in two hospitals. Years run from 1970 to 9999 in UTC. It
// returns an *Error without a Path; the caller knows the member.
func ParseMoment(text string, v Version) (Moment, error) {
	if strictTime.MatchString(text) {
		if t, ok := zoned(text, time.RFC3339Nano); ok {
			return Moment{Early: t, Late: t}, nil
		}
		return Moment{}, fail(CodeDate, "", "%q is no date between %d and %d", text, firstYear, lastYear)
	}
	if v == VC2 {
		return Moment{}, fail(CodeDate, "", "%q is not a time with zone, such as 2026-06-30T23:59:59Z", text)
	}
	return parseLoose(text)
}

func zoned(text string, forms ...string) (time.Time, bool) {
	for _, form := range forms {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		_, offset := t.Zone()
		return t.UTC(), offset >= -maxOffset && offset <= maxOffset && inRange(t)
	}
	return time.Time{}, false
}

func inRange(t time.Time) bool { return t.UTC().Year() >= firstYear && t.UTC().Year() <= lastYear }

func parseLoose(text string) (Moment, error) {
	bad := fail(CodeDate, "", "%q is not a date", text)
	if !looseTime.MatchString(text) {
		return Moment{}, bad
	}
	text = strings.Replace(text, " ", "T", 1)
	if t, ok := zoned(text, zonedForms...); ok {
		return Moment{Early: t, Late: t}, nil
	}
	for _, form := range openForms {
		if t, err := time.Parse(form, text); err == nil && inRange(t) {
			return openZone(t, t), nil
		}
	}
	if t, err := time.Parse("2006-01-02", text); err == nil && inRange(t) {
		return openZone(t, t.Add(24*time.Hour-time.Second)), nil
	}
	return Moment{}, bad
}

// openZone is the interval of a time that may be meant in any zone.
func openZone(first, last time.Time) Moment {
	return Moment{Early: first.Add(-14 * time.Hour), Late: last.Add(12 * time.Hour), Loose: true}
}

// maxUnix bounds the dates of Open Badges 1 and Blockcerts 2.0-alpha, which may be
// numbers of seconds since 1970 of at most ten digits.
const maxUnix = 9999999999

func unixMoment(n json.Number) (Moment, error) {
	s, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || s < 0 || s > maxUnix {
		return Moment{}, fail(CodeDate, "", "%s is no number of seconds", n)
	}
	t := time.Unix(s, 0).UTC()
	return Moment{Early: t, Late: t}, nil
}

// validityMembers are the names of the first and last moment, by version. VC 1.1 has
// two names for each; a document with both holds only while both say so. In the context
// of Blockcerts 2.0-alpha "revoked" is a second term for the IRI of expires: whoever
// renames the one to the other leaves the hash as it was.
var validityMembers = map[Version]struct{ first, last []string }{
	Blockcerts12: {[]string{"issuedOn"}, []string{"expires"}},
	Blockcerts2:  {[]string{"issuedOn"}, []string{"expires", "revoked"}},
	VC1:          {[]string{"issuanceDate", "validFrom"}, []string{"expirationDate", "validUntil"}},
	VC2:          {[]string{"validFrom"}, []string{"validUntil"}},
}

// Validity returns the moments from which and until which the document says it
// holds; nil where it does not say. Errors are *Error with the member's path.
func (c *Credential) Validity() (from, until *Moment, err error) {
	members := validityMembers[c.version]
	if from, err = c.narrowest(members.first, func(a, b *Moment) bool { return a.Late.After(b.Late) }); err != nil {
		return nil, nil, err
	}
	if until, err = c.narrowest(members.last, func(a, b *Moment) bool { return a.Early.Before(b.Early) }); err != nil {
		return nil, nil, err
	}
	return from, until, nil
}

func (c *Credential) narrowest(names []string, narrower func(a, b *Moment) bool) (*Moment, error) {
	var best *Moment
	for _, name := range names {
		m, err := c.moment(name)
		if err != nil {
			return nil, err
		}
		if m != nil && (best == nil || narrower(m, best)) {
			best = m
		}
	}
	return best, nil
}

func (c *Credential) moment(name string) (*Moment, error) {
	holder, path := c.body(), "/"+name
	if c.version == Blockcerts12 {
		holder, path = asObject(holder["assertion"]), "/document/assertion/"+name
	}
	v, given := holder[name]
	if !given || (v == nil && c.version != VC2) {
		return nil, nil
	}
	var m Moment
	var err error
	switch x := v.(type) {
	case string:
		m, err = ParseMoment(x, c.version)
	case json.Number:
		if c.version != Blockcerts12 && c.version != Blockcerts2 {
			return nil, fail(CodeDate, path, "must be a text")
		}
		m, err = unixMoment(x)
	default:
		return nil, fail(CodeDate, path, "must be a text")
	}
	if err != nil {
		err.(*Error).Path = path
		return nil, err
	}
	return &m, nil
}
