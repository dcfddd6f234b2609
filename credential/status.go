package credential

import (
	"encoding/json"
	"fmt"
)

// A StatusEntry is one entry of credentialStatus: where in which list the state of
// the document is published.
type StatusEntry struct {
	Path    string // JSON pointer
	Type    string // BitstringStatusListEntry, StatusList2021Entry or another
	Purpose string // revocation, suspension, message, …
	List    string // URL of the list credential
	Index   string // as written; package status reads it
	Size    int    // bits of an entry, 1 unless stated
}

// Bitstring entry types.
const (
	BitstringEntry      = "BitstringStatusListEntry"
	StatusList2021Entry = "StatusList2021Entry"
)

// MaxStatusEntries is the largest number of entries of one document.
const MaxStatusEntries = 16

// StatusEntries returns the entries of credentialStatus in order. Errors are *Error.
func (c *Credential) StatusEntries() ([]StatusEntry, error) {
	list := asList(c.body()["credentialStatus"])
	if len(list) > MaxStatusEntries {
		return nil, fail(CodeLimit, "/credentialStatus", "%d entries, at most %d", len(list), MaxStatusEntries)
	}
	_, isList := c.body()["credentialStatus"].([]any)
	entries := make([]StatusEntry, 0, len(list))
	for i, v := range list {
		path := "/credentialStatus"
		if isList {
			path = fmt.Sprintf("/credentialStatus/%d", i)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fail(CodeMember, path, "must be an object")
		}
		e := StatusEntry{Path: path, Type: asText(m["type"]), Purpose: asText(m["statusPurpose"]),
			List: asText(m["statusListCredential"]), Index: asText(m["statusListIndex"]), Size: 1}
		if n, ok := m["statusListIndex"].(json.Number); ok {
			e.Index = n.String()
		}
		if s, ok := m["statusSize"]; ok {
			n, _ := s.(json.Number)
			size, err := n.Int64()
			if err != nil || size < 1 || size > 8 {
				return nil, fail(CodeMember, path+"/statusSize", "must be a number from 1 to 8")
			}
			e.Size = int(size)
		}
		entries = append(entries, e)
	}
	return entries, nil
}
