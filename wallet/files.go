package wallet

import (
	"errors"
	"os"

	"github.com/certanchor/certanchor/internal/durable"
)

// A Hook stands between the wallet and its file, for tests; see package durable.
type Hook = durable.Hook

// ErrLocked means that another process has the wallet open.
var ErrLocked = errors.New("wallet: another program has this wallet open")

// lock takes the vault for this process until the file is closed. The lock is a file
// beside the vault, since the vault itself is replaced by each write.
func lock(vault string) (*os.File, error) {
	h, err := durable.Lock(vault + ".lock")
	if errors.Is(err, durable.ErrLocked) {
		err = ErrLocked
	}
	return h, err
}
