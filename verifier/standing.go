package verifier

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/status"
)

// Purposes of status entries.
const (
	purposeRevocation = "revocation"
	purposeSuspension = "suspension"
	purposeMessage    = "message"
)

// checkStanding judges the document's own dates and what the issuer has published
// about it since.
func (c *check) checkStanding() {
	c.checkValidity()
	entries, err := c.cred.StatusEntries()
	if err != nil {
		return // reported by the format step
	}
	if len(entries) == 0 {
		c.checkWithoutEntries()
		return
	}
	said := map[StepName]bool{}
	for _, e := range entries {
		step := StepRevocation
		if e.Purpose == purposeMessage {
			step = StepLegalStatus
		}
		said[step] = true
		c.checkEntry(step, e)
	}
	for _, s := range []StepName{StepRevocation, StepLegalStatus} {
		if !said[s] {
			c.skip(s, "the document has no such status entry")
		}
	}
}

func (c *check) checkValidity() {
	from, until, err := c.cred.Validity()
	if err != nil {
		return // reported by the format step
	}
	for name, m := range map[string]*credential.Moment{"validFrom": from, "validUntil": until} {
		if m != nil && m.Loose {
			c.warn(WarnDateZone, "/"+name, "a date without time zone, judged as every zone")
		}
	}
	slices.SortFunc(c.report.Warnings, func(a, b Warning) int {
		return compareText(string(a.Code)+a.Place+a.Detail, string(b.Code)+b.Place+b.Detail)
	})
	if place, end, ended := c.proofEnded(); ended {
		c.stop(StepValidity, CodeExpired, place, "document", "the signature states its own end: %s", stamp(end))
		return
	}
	switch {
	case from != nil && c.at.Before(from.Early):
		c.stop(StepValidity, CodeNotYetValid, "/validFrom", "document", "valid from %s", stamp(from.Early))
	case until != nil && !c.at.Before(until.Late):
		c.stop(StepValidity, CodeExpired, "/validUntil", "document", "expired on %s", stamp(until.Late))
	case from != nil && c.at.Before(from.Late):
		c.stop(StepValidity, CodeDateBoundary, "/validFrom", "document", "begins between %s and %s", stamp(from.Early), stamp(from.Late))
	case until != nil && !c.at.Before(until.Early):
		c.stop(StepValidity, CodeDateBoundary, "/validUntil", "document", "ends between %s and %s", stamp(until.Early), stamp(until.Late))
	case until != nil:
		c.pass(StepValidity, "/validUntil", "document", "valid until %s", stamp(until.Late))
	default:
		c.pass(StepValidity, "", "document", "no end is stated")
	}
}

// proofEnded finds a signature whose own options, which it signs, end it before the
// moment asked (Data Integrity 1.0, section 2.1).
func (c *check) proofEnded() (place string, end time.Time, ended bool) {
	for _, p := range c.cred.Proofs() {
		if p.IsMerkle() || p.Expires == "" {
			continue
		}
		m, err := credential.ParseMoment(p.Expires, c.cred.Version())
		if err != nil || !c.at.Before(m.Early) {
			return p.Path + "/expires", m.Early, true
		}
	}
	return "", time.Time{}, false
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// checkWithoutEntries looks for the Open Badges list of an issuer whose documents
// carry no status entry.
func (c *check) checkWithoutEntries() {
	c.skip(StepLegalStatus, "the document has no such status entry")
	if c.issuer == nil {
		c.stop(StepRevocation, CodeNotJudged, "/issuer", "trust file", "the issuer is not known")
		return
	}
	url := c.issuer.revocationList()
	if url == "" {
		c.warn(WarnNoStatus, "/credentialStatus", "the issuer publishes no revocation for this document")
		c.skip(StepRevocation, "neither document nor issuer names a status list")
		c.skip(StepStatusAge, "neither document nor issuer names a status list")
		return
	}
	c.checkOpenBadgesList(url)
}

// revocationList returns the URL of the Open Badges list that the issuer's own
// documents name. One that only a certificate names could be the holder's.
func (is *Issuer) revocationList() string {
	for _, d := range []*did.Document{is.Document, is.Profile} {
		if d != nil && d.RevocationList != "" {
			return d.RevocationList
		}
	}
	return ""
}

// checkOpenBadgesList reads the unsigned list of ids. Nobody can show who wrote it, so
// it counts as good only where the trust file says so for this issuer.
func (c *check) checkOpenBadgesList(url string) {
	docs := c.ev.Documents[url]
	if len(docs) == 0 {
		c.stop(StepRevocation, CodeRevocationUnknown, url, "evidence", "no list %s", url)
		return
	}
	newest := docs[0]
	for _, d := range docs {
		if !d.At.Before(newest.At) {
			newest = d
		}
	}
	list, err := status.ParseRevocationList(newest.Bytes)
	if err != nil {
		c.stop(StepRevocation, CodeListMalformed, url, "evidence", "%v", err)
		return
	}
	if !c.issuer.AcceptUnsignedLists {
		c.stop(StepRevocation, CodeListSignature, url, "evidence", "the list is unsigned, and the trust file does not accept unsigned lists of %s", c.issuer.Label)
		return
	}
	if reason, revoked := list.Revoked(c.cred.ID()); revoked {
		c.stop(StepRevocation, CodeRevoked, url, "unsigned list", "revoked: %s", reason)
		return
	}
	c.pass(StepRevocation, url, "unsigned list", "not among the revoked")
	c.checkAge(newest.At, url)
}

// isBitstring reports whether an entry points into a list of bits.
func isBitstring(e credential.StatusEntry) bool {
	return e.Type == credential.BitstringEntry || e.Type == credential.StatusList2021Entry
}

// isToken reports whether an entry is a place in an IETF list.
func (c *check) isToken(e credential.StatusEntry) bool {
	env := c.cred.Envelope()
	return e.Type == credential.TokenEntry && env != nil && env.Typ == credential.TypDC
}

// The values of an entry, whichever end of a byte they are counted from.
type values interface {
	At(i int) (uint8, error)
}

// A statusList is a signed list that counts.
type statusList struct {
	bits     values
	sequence uint64
	digest   [sha256.Size]byte // of the bytes received
	from     time.Time
	until    time.Time // zero: no end stated
}

func (c *check) checkEntry(step StepName, e credential.StatusEntry) {
	if !isBitstring(e) && !c.isToken(e) || (e.Purpose != purposeRevocation && e.Purpose != purposeSuspension && e.Purpose != purposeMessage) {
		c.stop(step, CodeStatusType, e.Path, "document", "type %q, purpose %q", e.Type, e.Purpose)
		return
	}
	if c.issuer == nil {
		c.stop(step, CodeNotJudged, e.Path, "trust file", "the issuer is not known")
		return
	}
	index, err := status.ParseIndex(e.Index)
	if err != nil {
		return // reported by the format step
	}
	lists := c.newestLists(step, e)
	if len(lists) == 0 {
		return
	}
	list, v, err := c.strictest(e, lists, index)
	if err != nil {
		c.stop(step, CodeIndexRange, e.Path, "issuer", "%v", err)
		return
	}
	c.report.Lists = append(c.report.Lists, ListFact{URL: e.List, Purpose: e.Purpose, Value: v, Sequence: list.sequence, From: list.from,
		SHA256: hex.EncodeToString(list.digest[:])})
	c.judgeValue(step, e, list, v)
}

// strictest returns the value of the entry, and of several lists under one number the
// one that speaks most against the document; of those that speak alike, the oldest.
func (c *check) strictest(e credential.StatusEntry, lists []statusList, index int) (list statusList, v uint8, err error) {
	allowed, _ := c.inForce()
	bad := func(v uint8) bool {
		if e.Purpose == purposeMessage {
			return !slices.Contains(allowed, v)
		}
		return v != 0
	}
	for i, l := range lists {
		got, err := l.bits.At(index)
		if err != nil {
			return l, 0, err
		}
		if i == 0 || bad(got) && !bad(v) || bad(got) == bad(v) && l.from.Before(list.from) {
			list, v = l, got
		}
	}
	return list, v, nil
}

// judgeValue turns the bits into an answer. What says "taken back" counts at any age;
// what says "good" is followed by the question how old it is.
func (c *check) judgeValue(step StepName, e credential.StatusEntry, list statusList, v uint8) {
	fact := func(what string) string { return fmt.Sprintf("%s, as of %s", what, stamp(list.from)) }
	switch {
	case e.Purpose == purposeMessage:
		if c.report.Message == nil {
			c.report.Message = &v
		}
		allowed, stated := c.inForce()
		if !stated {
			c.stop(step, CodeInForceUnknown, e.Path, "trust file", "message %d, and no list of what is in force for %v", v, c.certified())
			return
		}
		if !slices.Contains(allowed, v) {
			c.stop(step, CodeLegalStatus, e.Path, "issuer", "%s", fact(fmt.Sprintf("message %d", v)))
			return
		}
		c.pass(step, e.Path, "issuer", "%s", fact(fmt.Sprintf("message %d", v)))
	case c.isToken(e) && v > status.TokenSuspended:
		// Token Status List, section 7.1: each ecosystem gives these a meaning of its own.
		c.stop(step, CodeStatusType, e.Path, "issuer", "%s", fact(fmt.Sprintf("status %d", v)))
		return
	case v != 0 && e.Purpose == purposeSuspension, c.isToken(e) && v == status.TokenSuspended:
		c.stop(step, CodeSuspended, e.Path, "issuer", "%s", fact("suspended"))
		return
	case v != 0:
		c.stop(step, CodeRevoked, e.Path, "issuer", "%s", fact("revoked"))
		return
	default:
		c.pass(step, e.Path, "issuer", "%s", fact("not set"))
	}
	if !list.until.IsZero() && !c.at.Before(list.until) {
		c.stop(StepStatusAge, CodeStatusStale, e.List, "issuer", "the list ended on %s", stamp(list.until))
		return
	}
	c.checkAge(list.from, e.List)
}

// inForce returns the message codes the trust file calls in force for the document's
// types; all types that certify something must be listed.
func (c *check) inForce() (allowed []uint8, stated bool) {
	for i, t := range c.certified() {
		list, ok := c.issuer.InForce[t]
		if !ok {
			return nil, false
		}
		if i == 0 {
			allowed = slices.Clone(list)
		}
		allowed = slices.DeleteFunc(allowed, func(v uint8) bool { return !slices.Contains(list, v) })
	}
	return allowed, true
}

// checkAge asks whether a list that says "good" speaks about a moment near enough to
// the one asked.
func (c *check) checkAge(from time.Time, url string) {
	most := c.trust.StatusMaxAge
	if most == 0 {
		most = DefaultStatusMaxAge
	}
	if from.After(c.at) {
		c.stop(StepStatusAge, CodeStatusFuture, url, "issuer", "the list speaks about %s", stamp(from))
		return
	}
	if c.report.StatusAt == nil || from.Before(*c.report.StatusAt) {
		c.report.StatusAt = &from
	}
	if age := c.at.Sub(from); age > most {
		c.stop(StepStatusAge, CodeStatusStale, url, "trust file", "%s old, at most %s", age, most)
		return
	}
	c.pass(StepStatusAge, url, "issuer", "as of %s", stamp(from))
}
