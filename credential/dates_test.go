package credential

import (
	"errors"
	"testing"
	"time"
)

// moments is the table of J14: what each text means in VC 2.0 and in older formats, as
// the first and last instant. Empty means refused; one instant means a zone was given.
var moments = []struct{ text, vc2, older string }{
	// with a zone: the same in all formats
	{"2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z"},
	{"2026-06-30T23:59:59.5Z", "2026-06-30T23:59:59.5Z", "2026-06-30T23:59:59.5Z"},
	{"2026-06-30T23:59:59.123456789Z", "2026-06-30T23:59:59.123456789Z", "2026-06-30T23:59:59.123456789Z"},
	{"2026-06-30T23:59:59+00:00", "2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z"},
	{"2026-06-30T23:59:59-00:00", "2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z"},
	{"2026-07-01T01:59:59+02:00", "2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z"},
	{"2026-06-30T19:29:59-04:30", "2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z"},
	{"2026-06-30T23:59:59+14:00", "2026-06-30T09:59:59Z", "2026-06-30T09:59:59Z"},
	{"2026-06-30T23:59:59-14:00", "2026-07-01T13:59:59Z", "2026-07-01T13:59:59Z"},
	{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
	{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
	{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
	{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
	{"2016-10-02T19:20:30.45+01:00", "2016-10-02T18:20:30.45Z", "2016-10-02T18:20:30.45Z"},

	// as older certificates write it, with a zone
	{"2016-01-03T14:34:57+0000", "", "2016-01-03T14:34:57Z"},
	{"2016-01-03T14:34:57-0430", "", "2016-01-03T19:04:57Z"},
	{"2016-01-03 14:34:57Z", "", "2016-01-03T14:34:57Z"},
	{"2016-01-03 14:34:57.25+01:00", "", "2016-01-03T13:34:57.25Z"},
	{"2016-12-31T23:59Z", "", "2016-12-31T23:59:00Z"},
	{"2016-12-31T23:59+01:00", "", "2016-12-31T22:59:00Z"},
	{"2016-12-31T23:59+0100", "", "2016-12-31T22:59:00Z"},

	// without a zone: every instant it can mean
	{"2022-04-05T13:43:10.870521", "", "2022-04-04T23:43:10.870521Z 2022-04-06T01:43:10.870521Z"},
	{"2022-04-05T13:43:10", "", "2022-04-04T23:43:10Z 2022-04-06T01:43:10Z"},
	{"2022-04-05 13:43:10", "", "2022-04-04T23:43:10Z 2022-04-06T01:43:10Z"},
	{"2022-04-05T13:43", "", "2022-04-04T23:43:00Z 2022-04-06T01:43:00Z"},
	{"2016-08-28", "", "2016-08-27T10:00:00Z 2016-08-29T11:59:59Z"},
	{"2024-02-29", "", "2024-02-28T10:00:00Z 2024-03-01T11:59:59Z"},
	{"1970-01-01", "", "1969-12-31T10:00:00Z 1970-01-02T11:59:59Z"},

	// no such date or time
	{"2026-02-29T00:00:00Z", "", ""},
	{"1900-02-29T00:00:00Z", "", ""},
	{"2026-04-31T00:00:00Z", "", ""},
	{"2026-00-01T00:00:00Z", "", ""},
	{"2026-13-01T00:00:00Z", "", ""},
	{"2026-06-00T00:00:00Z", "", ""},
	{"2026-06-30T24:00:00Z", "", ""}, // a day's end, which XML Schema allows and RFC 3339 does not
	{"2026-06-30T25:00:00Z", "", ""},
	{"2026-06-30T23:60:00Z", "", ""},
	{"2016-12-31T23:59:60Z", "", ""}, // a leap second that was; computers count none
	{"2026-06-30T23:59:59+24:00", "", ""},
	{"2026-06-30T23:59:59+14:01", "", ""},
	{"2026-06-30T23:59:59-15:00", "", ""},
	{"2026-06-30T23:59:59+02:60", "", ""},
	{"0000-01-01T00:00:00Z", "", ""},
	{"0001-01-01T00:00:00Z", "", ""},
	{"1969-12-31T23:59:59Z", "", ""},
	{"1970-01-01T00:00:00+14:00", "", ""}, // 1969 in UTC
	{"9999-12-31T23:59:59-12:00", "", ""}, // 10000 in UTC
	{"10000-01-01T00:00:00Z", "", ""},
	{"-2026-06-30T23:59:59Z", "", ""},

	// not written that way
	{"", "", ""},
	{"2026-06-30t23:59:59Z", "", ""},
	{"2026-06-30T23:59:59z", "", ""},
	{"2026-06-30T23:59:59,5Z", "", ""},
	{"2026-06-30T23:59:59.Z", "", ""},
	{"2026-06-30T23:59:59.1234567890Z", "", ""},
	{"2026-06-30T23:59:59+2:00", "", ""},
	{"2026-06-30T23:59:59 UTC", "", ""},
	{"2026-06-30T3:59:59Z", "", ""},
	{"2026-6-30T23:59:59Z", "", ""},
	{" 2026-06-30T23:59:59Z", "", ""},
	{"2026-06-30T23:59:59Z\n", "", ""},
	{"2026-06-30T23:59:59Z and more", "", ""},
	{"２０２６-06-30T23:59:59Z", "", ""}, // wide digits
	{"20260630T235959Z", "", ""},
	{"2026-W27-2", "", ""},
	{"2026-181", "", ""},
	{"30.06.2026", "", ""},
	{"06/30/2026", "", ""},
	{"June 30, 2026", "", ""},
	{"1782863999", "", ""},
}

func TestParseMoment(t *testing.T) {
	if len(moments) < 60 {
		t.Errorf("%d texts, want 60 or more", len(moments))
	}
	for _, m := range moments {
		checkMoment(t, m.text, VC2, m.vc2)
		for _, v := range []Version{VC1, Blockcerts2, Blockcerts12} {
			checkMoment(t, m.text, v, m.older)
		}
	}
}

func checkMoment(t *testing.T, text string, v Version, want string) {
	t.Helper()
	m, err := ParseMoment(text, v)
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Code != CodeDate) {
		t.Errorf("%s %q: %v", v, text, err)
	}
	got := ""
	if err == nil {
		got = m.Early.Format(time.RFC3339Nano)
		if m.Loose {
			got += " " + m.Late.Format(time.RFC3339Nano)
		} else if !m.Late.Equal(m.Early) {
			t.Errorf("%s %q: from %v to %v, though a zone is given", v, text, m.Early, m.Late)
		}
	}
	if got != want {
		t.Errorf("%s %q: %q, want %q (%v)", v, text, got, want, err)
	}
}

// TestValidity reads the dates under the names of each version.
func TestValidity(t *testing.T) {
	vc := func(context, members string) string {
		return `{"@context":["` + context + `"],"type":"VerifiableCredential","issuer":"did:example:a"` + members + `}`
	}
	ob := func(members string) string {
		return `{"type":"Assertion","badge":{"issuer":{"id":"https://a.example"}}` + members + `}`
	}
	old := func(members string) string {
		return `{"document":{"type":"CertificateDocument","certificate":{"issuer":{"id":"https://a.example"}},"assertion":{"x":1` + members + `}},"receipt":` + sampleReceipt + `}`
	}
	for _, c := range []struct{ doc, from, until, place string }{
		{vc(ContextVC2, ``), "", "", ""},
		{vc(ContextVC2, `,"validFrom":"2026-01-01T00:00:00Z","validUntil":"2027-01-01T00:00:00Z"`), "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", ""},
		{vc(ContextVC2, `,"issuanceDate":"2026-01-01T00:00:00Z","expirationDate":"2027-01-01T00:00:00Z"`), "", "", ""},
		{vc(ContextVC2, `,"validFrom":"2026-01-01"`), "", "", "/validFrom"},
		{vc(ContextVC2, `,"validFrom":null`), "", "", "/validFrom"},
		{vc(ContextVC2, `,"validUntil":1782863999`), "", "", "/validUntil"},
		{vc(ContextVC2, `,"validUntil":["2027-01-01T00:00:00Z"]`), "", "", "/validUntil"},
		{vc(ContextVC1, `,"issuanceDate":"2010-01-01T19:33:24Z"`), "2010-01-01T19:33:24Z", "", ""},
		{vc(ContextVC1, `,"issuanceDate":"2010-01-01T19:33:24Z","expirationDate":"2020-01-01"`), "2010-01-01T19:33:24Z", "2019-12-31T10:00:00Z", ""},
		{vc(ContextVC1, `,"validFrom":"2010-01-01T19:33:24Z","validUntil":"2011-01-01T19:33:24Z"`), "2010-01-01T19:33:24Z", "2011-01-01T19:33:24Z", ""},
		// both names: the document holds only while both say so
		{vc(ContextVC1, `,"issuanceDate":"2010-01-01T00:00:00Z","validFrom":"2012-01-01T00:00:00Z","expirationDate":"2030-01-01T00:00:00Z","validUntil":"2020-01-01T00:00:00Z"`),
			"2012-01-01T00:00:00Z", "2020-01-01T00:00:00Z", ""},
		{vc(ContextVC1, `,"issuanceDate":null,"expirationDate":null`), "", "", ""},
		{vc(ContextVC1, `,"expirationDate":"soon"`), "", "", "/expirationDate"},
		{vc(ContextVC1, `,"issuanceDate":1262374404`), "", "", "/issuanceDate"},
		{ob(``), "", "", ""},
		{ob(`,"issuedOn":"2017-06-29T14:58:57.461422+00:00","expires":"2018-06-29T14:58Z"`), "2017-06-29T14:58:57.461422Z", "2018-06-29T14:58:00Z", ""},
		{ob(`,"issuedOn":1498748337,"expires":null`), "2017-06-29T14:58:57Z", "", ""},
		{ob(`,"issuedOn":-1`), "", "", "/issuedOn"},
		{ob(`,"issuedOn":1.5`), "", "", "/issuedOn"},
		{ob(`,"expires":99999999999`), "", "", "/expires"},
		{old(`,"issuedOn":"2016-10-03","expires":"2016-10-02T19:20:30.45+01:00"`), "2016-10-02T10:00:00Z", "2016-10-02T18:20:30.45Z", ""},
		{old(`,"expires":true`), "", "", "/document/assertion/expires"},
	} {
		cred, err := Parse([]byte(c.doc))
		if err != nil {
			t.Fatalf("%s: %v", c.doc, err)
		}
		from, until, err := cred.Validity()
		var e *Error
		if errors.As(err, &e) != (c.place != "") || (e != nil && (e.Code != CodeDate || e.Path != c.place)) {
			t.Errorf("%s: error %v, want one at %q", c.doc, err, c.place)
		}
		for name, pair := range map[string]struct {
			got  *Moment
			want string
		}{"from": {from, c.from}, "until": {until, c.until}} {
			got := ""
			if pair.got != nil {
				got = pair.got.Early.Format(time.RFC3339Nano)
			}
			if got != pair.want {
				t.Errorf("%s: %s %q, want %q", c.doc, name, got, pair.want)
			}
		}
	}
}

func FuzzParseMoment(f *testing.F) {
	for _, m := range moments {
		f.Add(m.text, true)
		f.Add(m.text, false)
	}
	f.Fuzz(func(t *testing.T, text string, strict bool) {
		v := VC1
		if strict {
			v = VC2
		}
		m, err := ParseMoment(text, v)
		if err != nil {
			return
		}
		if m.Early.After(m.Late) || m.Loose != !m.Early.Equal(m.Late) || (strict && m.Loose) {
			t.Fatalf("%q: %+v", text, m)
		}
		if y := m.Late.Year(); y < 1970 || y > 10000 {
			t.Fatalf("%q: year %d", text, y)
		}
		if again, err := ParseMoment(m.Early.Format(time.RFC3339Nano), VC2); m.Early.Year() >= 1970 && (err != nil || !again.Early.Equal(m.Early)) {
			t.Fatalf("%q: %v, %v", text, again, err)
		}
	})
}
