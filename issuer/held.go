package issuer

import (
	"encoding/json"
	"errors"
	"io/fs"
)

// Held is all that a state folder holds about one credential: no document, no salt.
type Held struct {
	ID     string       `json:"id"`
	Batch  string       `json:"batch"` // its root names it
	Status []HeldStatus `json:"status,omitempty"`
	Reason string       `json:"reason,omitempty"` // why it was taken back
}

// A HeldStatus is one entry of a status list.
type HeldStatus struct {
	Purpose string `json:"purpose"`
	List    string `json:"list"` // URL
	Index   int    `json:"index"`
	Value   uint8  `json:"value"`
}

// Holds returns what is held about a credential, for its subject to see. Errors:
// *UnknownError.
func (is *Issuer) Holds(id string) (Held, error) {
	for _, key := range is.journal.order {
		var found *entry
		err := readLog(is.batchFile(key, "entries"), func(line []byte) error {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			if e.ID == id {
				found = &e
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Held{}, err
		}
		if found == nil {
			continue
		}
		h := Held{ID: id, Batch: is.journal.batches[key].root.String(), Reason: is.lists.revoked[id]}
		for _, p := range found.Status {
			s := HeldStatus{Purpose: p.Purpose, List: is.lists.url(p.List), Index: p.Index}
			if one, ok := is.lists.byName[p.List]; ok {
				if s.Value, err = one.values.At(p.Index); err != nil {
					return Held{}, err
				}
			}
			h.Status = append(h.Status, s)
		}
		return h, nil
	}
	return Held{}, &UnknownError{ID: id, Purpose: "any"}
}
