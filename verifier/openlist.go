package verifier

import (
	"fmt"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/status"
)

// An OpenList is a status list that counted, for whoever looks up many entries at once.
type OpenList struct {
	ListFact           // Value is 0: it is of no document
	Until    time.Time // the list's own end; zero if it states none
	Bits     *status.Bitstring
}

// List opens the newest list of an issuer at url that counts at a moment: signed by it or
// its delegate, under that id, for the purpose, not below the floor of the trust file. size
// is that of its entries in bits. The error is a *CheckError with the code that a
// document's step would have; how old the list is, is for the caller to judge.
func (k *Checker) List(issuer, url, purpose string, size int, at time.Time) (*OpenList, error) {
	c := newCheck(Request{}, k.ev, k.trust, at, k.shared)
	var why *unknown
	if c.issuer, why = c.entry(issuer); c.issuer == nil {
		return nil, &CheckError{Indeterminate, StepRevocation, why.code, fmt.Errorf("%s", why.fact)}
	}
	lists := c.newestLists(StepRevocation, credential.StatusEntry{Type: credential.BitstringEntry, Purpose: purpose, List: url, Size: size})
	switch {
	case len(lists) == 0:
		s := c.report.Step(StepRevocation)
		return nil, &CheckError{Indeterminate, StepRevocation, s.Code, fmt.Errorf("%s", s.Fact)}
	case len(lists) > 1:
		return nil, &CheckError{Indeterminate, StepRevocation, CodeListMalformed, fmt.Errorf("%d lists with sequence %d: their issuer has published two under one number", len(lists), lists[0].sequence)}
	}
	l := lists[0]
	bits := l.bits.(*status.Bitstring) // as the entry asked for
	return &OpenList{ListFact{URL: url, Purpose: purpose, Sequence: l.sequence, From: l.from, SHA256: fmt.Sprintf("%x", l.digest)}, l.until, bits}, nil
}
