package licensure

import "time"

// ShortLived is how long a document of a private type may count: as long as a verifier by
// default takes a status list for fresh.
const ShortLived = 7 * 24 * time.Hour

// Private reports whether a type is nobody's but the holder's to show (PR-14): an issuer
// gives it no entry in a status list, and the holder fetches a new one when it ends.
func Private(credentialType string) bool { return subjects[credentialType].private }

func (c *checker) shortLived(draft map[string]any) {
	from, okFrom := instantIn(draft, "validFrom")
	until, okUntil := instantIn(draft, "validUntil")
	if okFrom && okUntil && until.Sub(from) > ShortLived {
		c.fail(CodeValidity, "/validUntil", "PR-14", "at most seven days after validFrom: its status stands in no list, so that the document itself has to be fresh")
	}
}
