package status

import (
	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxRevocationList bounds an Open Badges revocation list in bytes, and
// maxRevoked its members: 100,000 revoked assertions with a reason each.
const (
	maxRevocationList = 32 << 20
	maxRevoked        = 800_000
)

// A RevocationList is the Open Badges list of Blockcerts 2 and 3: the ids of what
// an issuer has revoked. It is unsigned and undated; a verifier can believe it only
// as far as it believes where it came from.
type RevocationList struct {
	ID      string
	Issuer  string
	reasons map[string]string
}

// ParseRevocationList reads an Open Badges revocation list. Real ones may lack a type.
// A document without the member revokedAssertions is refused: read as an empty list it would say that
// nothing was revoked.
func ParseRevocationList(data []byte) (*RevocationList, error) {
	v, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: maxRevocationList, Members: maxRevoked})
	if err != nil {
		return nil, err
	}
	if t, stated := v["type"]; stated && t != "RevocationList" {
		return nil, fail(CodeList, "type is not RevocationList")
	}
	entries, ok := v["revokedAssertions"].([]any)
	if !ok {
		return nil, fail(CodeList, "no revokedAssertions")
	}
	l := &RevocationList{reasons: make(map[string]string, len(entries))}
	l.ID, _ = v["id"].(string)
	l.Issuer, _ = v["issuer"].(string)
	for i, e := range entries {
		m, _ := e.(map[string]any)
		id, ok := m["id"].(string)
		if !ok || id == "" {
			return nil, fail(CodeList, "revokedAssertions[%d] has no id", i)
		}
		l.reasons[id], _ = m["revocationReason"].(string)
	}
	return l, nil
}

// Revoked reports whether the list names id, and the reason it gives.
func (l *RevocationList) Revoked(id string) (reason string, revoked bool) {
	reason, revoked = l.reasons[id]
	return reason, revoked
}
