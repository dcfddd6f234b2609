package issuer

import (
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/credential"
)

// A Rebound is a holder who has a new DID: what was issued to the old ones can be issued
// again to the new one, and revoked.
type Rebound struct {
	Old []string `json:"old"`
	New string   `json:"new"`
}

// A RotationError says why a change of keys was not taken. Codes are bare words: malformed,
// other-issuer, did-unknown, rotated-away, time, signature.
type RotationError struct {
	Code   string
	Detail string
}

func (e *RotationError) Error() string {
	return fmt.Sprintf("issuer: change of keys not taken: %s: %s", e.Code, e.Detail)
}

// rotationLife is how long a holder's message may be on its way.
const rotationLife = 7 * 24 * time.Hour

// Rebind takes a holder's change of keys: made for this issuer, not long ago, signed by the
// new key and by that of a DID that introduced itself here and counts, or by the recovery
// key that was named then. From then on the old DIDs do not count, for ever. The very same
// message again gives the same result. Errors about it are *RotationError.
func (d *Desk) Rebind(raw []byte) (Rebound, error) {
	refuse := func(code, format string, args ...any) (Rebound, error) {
		return Rebound{}, &RotationError{code, fmt.Sprintf(format, args...)}
	}
	n, err := credential.ParseRotation(raw)
	if err != nil {
		return refuse("malformed", "%v", err)
	}
	if n.Issuer != d.profile.ID {
		return refuse("other-issuer", "it was made for %s", n.Issuer)
	}
	message, err := n.SigningInput()
	if err != nil {
		return refuse("malformed", "%v", err)
	}
	for _, by := range [][2]string{{n.Signer(), n.Signature}, {n.NewDID, n.NewSignature}} {
		if code, err := checkSignedBy(by[0], message, by[1]); err != nil {
			return refuse(code, "%v", err)
		}
	}
	if d.isAway(n.NewDID) {
		return refuse("rotated-away", "%s has been replaced before", n.NewDID)
	}
	if e, taken := d.nonces[sumHex(message)]; taken && e.DID != "" {
		return Rebound{d.replacedBy(e), n.NewDID}, nil
	}
	now := d.now().UTC().Truncate(time.Second)
	if n.At.Before(now.Add(-rotationLife)) || n.At.After(now.Add(clockSkew)) {
		return refuse("time", "it states %s, and counts for a week", n.At.Format(time.RFC3339))
	}
	e := deskEntry{Nonce: sumHex(message), Invited: n.At, Expires: n.At, Used: &now, DID: n.NewDID}
	for _, old := range d.spokenFor(n) {
		e.Away = append(e.Away, sumHex([]byte(old)))
	}
	switch {
	case len(e.Away) > 0:
	case d.isAway(n.OldDID):
		return refuse("rotated-away", "%s has another DID in its place", n.OldDID)
	default:
		return refuse("did-unknown", "nobody whom %s could speak for introduced themselves here", n.Signer())
	}
	if err := d.write(e); err != nil {
		return Rebound{}, err
	}
	return Rebound{d.replacedBy(&e), n.NewDID}, nil
}

// spokenFor returns the DIDs that count and that a change of keys puts away.
func (d *Desk) spokenFor(n *credential.Rotation) (old []string) {
	for _, nonce := range d.order {
		e := d.nonces[nonce]
		// A recovery key speaks for what came in place of a DID, too: whoever stole that DID's
		// key may have put it there.
		if n.Recovery != "" && e.Recovery == n.Recovery || n.OldDID != "" && e.DID == n.OldDID && !d.isAway(e.DID) {
			if id := d.Current(e.DID); id != n.NewDID && !slices.Contains(old, id) {
				old = append(old, id)
			}
		}
	}
	return old
}

// replacedBy returns the DIDs that a change of keys put away.
func (d *Desk) replacedBy(change *deskEntry) (old []string) {
	for _, nonce := range d.order {
		id := d.nonces[nonce].DID
		if slices.Contains(change.Away, sumHex([]byte(id))) && !slices.Contains(old, id) {
			old = append(old, id)
		}
	}
	return old
}

func (d *Desk) isAway(id string) bool {
	_, away := d.away[sumHex([]byte(id))]
	return away
}

// Current returns the DID that counts in place of another: itself, as a rule.
func (d *Desk) Current(id string) string {
	chain := d.chain(id)
	return chain[len(chain)-1]
}

// chain returns a DID and those that came in its place one after the other.
func (d *Desk) chain(id string) []string {
	chain := []string{id}
	for range d.order { // no longer than the journal, since what was put away never comes back
		next, away := d.away[sumHex([]byte(id))]
		if !away || next == "" { // erased
			break
		}
		chain, id = append(chain, next), next
	}
	return chain
}
