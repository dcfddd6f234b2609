package issuer

import (
	"os"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// writeClosing stores the draft of Config.Closing beside the batch that begins, so that a
// second run after a crash seals the same one, whatever has been published since.
func (is *Issuer) writeClosing(key string) (there bool, err error) {
	if is.config.Closing == nil {
		return false, nil
	}
	draft, err := is.config.Closing()
	if err != nil || draft == nil {
		return false, err
	}
	if err := is.check(Draft{Object: draft, Place: "closing draft"}); err != nil {
		return false, err
	}
	raw, err := strictjson.Canonical(draft)
	if err != nil {
		return false, err
	}
	return true, is.files.Replace(is.batchFile(key, "closing"), raw, 0o600)
}

// withClosing puts the stored draft after the others.
func (b *Batch) withClosing(drafts Drafts) (Drafts, error) {
	if !b.p.closing {
		return drafts, nil
	}
	name := b.is.batchFile(b.p.key, "closing")
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	draft, err := strictjson.ParseObject(raw, strictjson.Limits{})
	if err != nil {
		return nil, &CorruptError{name, 0, err.Error()}
	}
	return func(yield func(Draft, error) bool) {
		for d, err := range drafts {
			if !yield(d, err) {
				return
			}
		}
		yield(Draft{Object: draft, Place: "closing draft"}, nil)
	}, nil
}
