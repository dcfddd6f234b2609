package wallet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A Hook stands between the wallet and its file, for tests that make calls fail or end the
// process there. It is given the operation (open, write, sync, rename, syncdir, remove),
// the file, and the call itself, which it may leave out or make and yet report as failed.
type Hook func(op, name string, do func() error) error

// files are the calls that change anything on disk; all of them go through the hook.
type files struct{ hook Hook }

func (f files) do(op, name string, call func() error) error {
	if f.hook == nil {
		return call()
	}
	return f.hook(op, name, call)
}

// replace writes data to name so that a reader sees the old bytes or the new, at any
// moment and after a loss of power: a temporary file, synced, renamed, folder synced.
func (f files) replace(name string, data []byte) error {
	tmp := name + ".tmp"
	err := f.remove(tmp) // of an interrupted write, or somebody's link to elsewhere
	if err == nil {
		err = f.create(tmp, data)
	}
	if err == nil {
		err = f.do("rename", name, func() error { return os.Rename(tmp, name) })
	}
	if err != nil {
		return errors.Join(err, f.remove(tmp))
	}
	return f.syncDir(filepath.Dir(name))
}

func (f files) create(name string, data []byte) error {
	var h *os.File
	err := f.do("open", name, func() (err error) {
		h, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if h == nil {
		return err
	}
	if err == nil {
		err = f.do("write", name, func() error { _, err := h.Write(data); return err })
	}
	if err == nil {
		err = f.do("sync", name, h.Sync)
	}
	return errors.Join(err, h.Close())
}

func (f files) syncDir(dir string) error {
	return f.do("syncdir", dir, func() error {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		return errors.Join(d.Sync(), d.Close())
	})
}

// remove deletes a file; one that is not there is no error.
func (f files) remove(name string) error {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.do("remove", name, func() error { return os.Remove(name) })
}

// ErrLocked means that another process has the wallet open.
var ErrLocked = errors.New("wallet: another program has this wallet open")

// lock takes the vault for this process until the file is closed. The lock is a file
// beside the vault, since the vault itself is replaced by each write.
func lock(vault string) (*os.File, error) {
	h, err := os.OpenFile(vault+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(h.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}
