package credential

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// TypStatusList is the typ of an IETF status list as a JWT.
const TypStatusList = "statuslist+jwt"

// A StatusToken is an IETF status list (Token Status List, section 5.1) as its issuer signed
// it. No signature is checked here, and no bit is read: package status does that.
type StatusToken struct {
	JWT, Alg, KeyID string
	URL             string // sub
	Issuer          string // iss; may be empty
	At              time.Time
	Until           time.Time // exp; zero if none is stated
	Bits            int       // of an entry
	Encoded         string    // lst
	// Sequence counts the lists under this URL, where the issuer does: a member beyond the
	// specification, which lets a verifier notice that an older list came back.
	Sequence uint64
	Numbered bool // whether it is stated
}

// ParseStatusToken reads an IETF status list. ttl, which says how long to keep it, and
// aggregation_uri are left to whoever fetches. Errors are *Error or *strictjson.Error.
func ParseStatusToken(raw []byte) (*StatusToken, error) {
	if len(raw) > MaxBytes {
		return nil, fail(CodeLimit, "", "%d bytes, at most %d", len(raw), MaxBytes)
	}
	t := &StatusToken{JWT: string(bytes.TrimSpace(raw))}
	header, payload, err := splitJWT(t.JWT, "")
	if err != nil {
		return nil, err
	}
	if header["typ"] != TypStatusList {
		return nil, fail(CodeMember, "", "typ %v is no status list", header["typ"])
	}
	t.Alg, t.KeyID = asText(header["alg"]), asText(header["kid"])
	t.URL, t.Issuer = asText(payload["sub"]), asText(payload["iss"])
	iat, dated := seconds(payload["iat"])
	list := asObject(payload["status_list"])
	bits, isNumber := list["bits"].(json.Number)
	encoded, isText := list["lst"].(string)
	if t.KeyID == "" || t.URL == "" || !dated || !isNumber || !isText {
		return nil, fail(CodeMember, "", "kid, sub, iat or status_list is missing, or is not what it must be")
	}
	if t.Bits, err = strconv.Atoi(bits.String()); err != nil {
		return nil, fail(CodeMember, "/status_list/bits", "no number of bits")
	}
	t.At, t.Encoded = iat, encoded
	if v, given := payload["exp"]; given {
		if t.Until, given = seconds(v); !given {
			return nil, fail(CodeMember, "/exp", "no time in whole seconds")
		}
	}
	if v, given := payload["sequence"]; given {
		n, _ := v.(json.Number)
		if t.Sequence, err = strconv.ParseUint(n.String(), 10, 63); err != nil {
			return nil, fail(CodeMember, "/sequence", "no counting number")
		}
		t.Numbered = true
	}
	return t, nil
}
