package issuer

import (
	"encoding/json"
	"errors"
	"io/fs"
)

// A Holding is all that a state folder holds about one credential: no document, no salt.
type Holding struct {
	ID string `json:"id"`
	// Issued is false for a credential that was never issued here, or was erased.
	Issued bool         `json:"issued"`
	Status []HeldStatus `json:"status,omitempty"`
	// Reason says why the credential was taken back; empty if it was not.
	Reason string `json:"reason,omitempty"`
}

// A HeldStatus is an entry of a credential in one of the issuer's status lists.
type HeldStatus struct {
	Purpose string `json:"purpose"`
	List    string `json:"list"` // URL
	Index   int    `json:"index"`
	Value   uint8  `json:"value"`
}

// Held returns what the state folder holds about credentials, in the order asked: the
// subject's right to see it (domain rule PR-16).
func (is *Issuer) Held(ids ...string) ([]Holding, error) {
	out, at := make([]Holding, len(ids)), make(map[string]int, len(ids))
	for i, id := range ids {
		out[i] = Holding{ID: id, Reason: is.lists.revoked[id]}
		at[id] = i
	}
	for _, key := range is.journal.order {
		err := readLog(is.batchFile(key, "entries"), func(line []byte) error {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			i, ok := at[e.ID]
			if !ok {
				return nil
			}
			h := &out[i]
			h.Issued = true
			for _, s := range e.Status {
				one := HeldStatus{Purpose: s.Purpose, List: is.lists.url(s.List), Index: s.Index}
				if l, ok := is.lists.byName[s.List]; ok {
					one.Value, _ = l.values.At(s.Index)
				}
				h.Status = append(h.Status, one)
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return out, nil
}
