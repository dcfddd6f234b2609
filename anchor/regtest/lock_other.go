//go:build !unix

package regtest

import (
	"errors"
	"os"
)

// lock refuses: without a lock two processes could write one file.
func lock(*os.File) error {
	return errors.New("regtest: no file locks on this system; use New")
}
