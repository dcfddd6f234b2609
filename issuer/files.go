package issuer

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/certanchor/certanchor/internal/durable"
)

// A Hook stands between the issuer and its files, for tests; see package durable.
type Hook = durable.Hook

// ErrLocked means that another process has the state folder open.
var ErrLocked = errors.New("issuer: another process is issuing from this state folder")

// lock takes a state folder for this process until the file is closed.
func lock(dir string) (*os.File, error) {
	h, err := durable.Lock(filepath.Join(dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		err = ErrLocked
	}
	return h, err
}
