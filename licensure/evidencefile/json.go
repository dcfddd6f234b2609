package evidencefile

import (
	"encoding/json"
	"fmt"

	"github.com/certanchor/certanchor/internal/strictjson"
)

var limits = strictjson.Limits{Bytes: maxMember, Members: 5_000_000}

// canonicalOf writes v in the form of RFC 8785.
func canonicalOf(v any) ([]byte, error) {
	plain, err := plainOf(v)
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(plain)
}

// plainOf turns v into what strictjson reads.
func plainOf(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return strictjson.Parse(raw, limits)
}

// readNames reads which member each file is that the trust file names.
func readNames(raw []byte) (map[string]string, error) {
	named := map[string]string{}
	if err := strictjson.Unmarshal(raw, limits, &named); err != nil {
		return nil, fmt.Errorf("%s: %w", nameTrustFiles, err)
	}
	return named, nil
}
