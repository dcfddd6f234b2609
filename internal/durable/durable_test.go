package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestLock: one at a time, and free again when it is closed.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := Lock(name); !errors.Is(err, ErrLocked) || h != nil {
		t.Errorf("locked twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReplace fails each call in turn: the file has the old bytes or the new, and what was
// begun is gone. A link in its way is not followed.
func TestReplace(t *testing.T) {
	for fail := 1; ; fail++ {
		name := filepath.Join(t.TempDir(), "file")
		elsewhere := filepath.Join(t.TempDir(), "elsewhere")
		if err := errors.Join(os.WriteFile(name, []byte("old"), 0o600), os.WriteFile(elsewhere, []byte("other"), 0o600), os.Symlink(elsewhere, name+".tmp")); err != nil {
			t.Fatal(err)
		}
		broken, calls := errors.New("broken"), 0
		f := Files{func(op, _ string, do func() error) error {
			if calls++; calls == fail {
				return broken
			}
			return do()
		}}
		err := f.Replace(name, []byte("new"), 0o600)
		got, readErr := os.ReadFile(name)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if other, err := os.ReadFile(elsewhere); err != nil || string(other) != "other" {
			t.Errorf("call %d: a link was followed: %q %v", fail, other, err)
		}
		if calls < fail {
			if err != nil || string(got) != "new" || calls < 6 {
				t.Errorf("%d calls: %q %v", calls, got, err)
			}
			return
		}
		if !errors.Is(err, broken) || string(got) != "old" && string(got) != "new" {
			t.Errorf("call %d failed: %q %v", fail, got, err)
		}
		if _, err := os.Lstat(name + ".tmp"); err == nil && fail > 1 {
			t.Errorf("call %d failed: what was begun is still there", fail)
		}
	}
}
