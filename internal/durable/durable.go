// Package durable changes files so that a crash, or a loss of power, leaves the old state or
// the new, and locks them for one process. All that an issuer and a wallet write goes through
// it.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A Hook stands between a program and its files, for tests that make calls fail or end the
// process there. It is given the name of the operation (open, write, sync, rename, syncdir,
// truncate, remove, mkdir), the file, and the call itself, which it may leave out or make
// and yet report as failed.
type Hook func(op, name string, do func() error) error

// Files are the calls that change anything on disk; all of them go through the hook, which
// may be nil.
type Files struct{ Hook Hook }

// Do makes one call.
func (f Files) Do(op, name string, call func() error) error {
	if f.Hook == nil {
		return call()
	}
	return f.Hook(op, name, call)
}

// Mkdir makes a folder, and those above it, for their owner alone.
func (f Files) Mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	err := f.Do("mkdir", dir, func() error { return os.MkdirAll(dir, 0o700) })
	if err != nil {
		return err
	}
	// The new name, and that of a folder made on the way, must outlast a loss of power.
	if err := f.SyncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return f.SyncDir(filepath.Dir(filepath.Dir(dir)))
}

// Replace writes data to name so that a reader sees the old bytes or the new, at any
// moment and after a loss of power: a temporary file, synced, renamed, folder synced.
func (f Files) Replace(name string, data []byte, mode fs.FileMode) error {
	tmp := name + ".tmp"
	err := f.Remove(tmp) // of an interrupted write, or somebody's link to elsewhere
	if err == nil {
		err = f.Create(tmp, data, mode)
	}
	if err == nil {
		err = f.Do("rename", name, func() error { return os.Rename(tmp, name) })
	}
	if err != nil {
		return errors.Join(err, f.Remove(tmp))
	}
	return f.SyncDir(filepath.Dir(name))
}

// Create writes and syncs a new file.
func (f Files) Create(name string, data []byte, mode fs.FileMode) error {
	var h *os.File
	err := f.Do("open", name, func() (err error) {
		h, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		return err
	})
	if h == nil {
		return err
	}
	if err == nil {
		err = f.Do("write", name, func() error { _, err := h.Write(data); return err })
	}
	if err == nil {
		err = f.Do("sync", name, h.Sync)
	}
	return errors.Join(err, h.Close())
}

// SyncDir makes the names in a folder outlast a loss of power.
func (f Files) SyncDir(dir string) error {
	return f.Do("syncdir", dir, func() error { return syncDir(dir) })
}

// Remove deletes a file; one that is not there is no error.
func (f Files) Remove(name string) error {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.Do("remove", name, func() error { return os.Remove(name) })
}

// ErrLocked means that another process has the lock.
var ErrLocked = errors.New("another process has it")

// Lock takes a file of that name, made if it is not there, for this process until it is
// closed. The system frees it when the process ends, however it ends. It does not wait.
func Lock(name string) (*os.File, error) {
	h, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := TryLock(h); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}
