package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// TryLock is Lock for a file that is open. One byte far behind the end is locked, since
// nobody else could read a byte that is.
func TryLock(f *os.File) error {
	at := &windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrLocked
	}
	return err
}

// syncDir has nothing to do: a folder cannot be synced here, and the file system keeps a
// journal of its names.
func syncDir(string) error { return nil }
