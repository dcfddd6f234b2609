package wallet

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestForgetPowerCut ends the process at each call of the write that forgets: where the
// record is gone from the vault, it is gone from the version before as well, since nobody
// who then looks would think of it.
func TestForgetPowerCut(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		b := w.addBoard("alderfen")
		w.keep(b.issue(licence("", "L-1"))...)
		w.again()
		noError(t, w.wallet.Forget(w.wallet.Records()[0]))
		calls := 0
		w.wallet.files.hook = func(_, _ string, do func() error) error {
			if calls++; calls >= at {
				return errGone
			}
			return do()
		}
		err := w.wallet.Save()
		noError(t, w.wallet.Close())
		holds := func(file string) bool {
			c := w.config
			c.File = file
			w := must[*Wallet](t)(Open(c))
			defer w.Close()
			return len(w.Records()) > 0
		}
		now, before := holds(w.config.File), holds(Previous(w.config.File))
		if before && !now {
			t.Errorf("after call %d the version before alone holds what was forgotten", at-1)
		}
		if calls < at {
			if err != nil || now || before {
				t.Errorf("undisturbed: %v, %v %v", err, now, before)
			}
			break
		}
	}
}

// TestForgottenBytes looks for the document itself, and what would tell of it, in what the
// files of the vault decrypt to.
func TestForgottenBytes(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	w.keep(b.issue(licence(b.relate(Ed25519), "L-1"))...)
	w.present(request(t, nil))
	w.again()
	r := w.wallet.Records()[0]
	traces := []string{base64.StdEncoding.EncodeToString(r.Document)[:400], b.ids[0].String(), r.From, "Pinned", base64.StdEncoding.EncodeToString(w.wallet.contents.Contexts[0].Bytes)[:400]}
	found := func() (n int) {
		for _, name := range must[[]string](t)(filepath.Glob(w.config.File + "*")) {
			if strings.HasSuffix(name, ".lock") {
				continue
			}
			plain := must[[]byte](t)(open(must[[]byte](t)(os.ReadFile(name)), testPass, testWork))
			for _, trace := range traces {
				if bytes.Contains(plain, []byte(trace)) {
					n++
				}
			}
		}
		return n
	}
	if n := found(); n < len(traces) {
		t.Fatalf("%d of %d traces before: the test does not see what it looks for", n, len(traces))
	}
	noError(t, w.wallet.Forget(r))
	w.again()
	if n := found(); n != 0 {
		t.Errorf("%d traces are left", n)
	}
}

// TestLinks: a vault behind a link stays where it is, has one lock, and a link that
// somebody puts where a write begins leads it nowhere.
func TestLinks(t *testing.T) {
	c := testConfig(t)
	newTestWallet(t, c)
	link := filepath.Join(t.TempDir(), "link")
	noError(t, os.Symlink(c.File, link))
	linked := c
	linked.File = link
	w := must[*Wallet](t)(Open(linked))
	if _, err := Open(c); !errors.Is(err, ErrLocked) {
		t.Errorf("by its other name: %v", err)
	}
	noError(t, w.Save())
	noError(t, w.Close())
	if info := must[os.FileInfo](t)(os.Lstat(link)); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced; the vault is stale")
	}
	w = reopen(t, c)
	if w.Revision() != 3 {
		t.Errorf("revision %d", w.Revision())
	}
	mine := filepath.Join(t.TempDir(), "mine")
	noError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	for _, name := range []string{c.File + ".tmp", Previous(c.File) + ".tmp"} {
		noError(t, os.Symlink(mine, name))
	}
	noError(t, w.Save())
	if text := must[[]byte](t)(os.ReadFile(mine)); string(text) != "mine" {
		t.Errorf("a file elsewhere was overwritten with %d bytes", len(text))
	}
}

// TestTwoProcesses: while another process has the vault, this one gets nothing; when that
// one is killed, it does.
func TestTwoProcesses(t *testing.T) {
	c := testConfig(t)
	c.Work = 1
	newTestWallet(t, c)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+c.File)
	said := must[io.ReadCloser](t)(child.StdoutPipe())
	noError(t, child.Start())
	said.Read(make([]byte, 1)) // it has saved
	for range 50 {
		if _, err := Open(c); !errors.Is(err, ErrLocked) {
			t.Fatal(err)
		}
	}
	noError(t, child.Process.Kill())
	child.Wait()
	reopen(t, c)
}

// TestDiskFull fills a disk of 1 MiB and saves: the vault is the old one, whole, nothing
// half written takes up room, and with room again it can be saved.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED: no disk to fill can be made here: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	c := testConfig(t)
	c.File = filepath.Join(dir, "wallet")
	newTestWallet(t, c)
	w := reopen(t, c)
	must[Relation](t)(w.Relate("https://school.example/issuer.json", strings.Repeat("name ", 10_000), P256))
	room := filepath.Join(dir, "room")
	for size := 0; size < 160; size += 4 { // the disk ends within one of the two writes
		leaveRoom(t, dir, room, size<<10)
		before := must[[]byte](t)(os.ReadFile(c.File))
		err := w.Save()
		switch {
		case err == nil && size < 50:
			t.Fatalf("saved into %d KiB", size)
		case err == nil:
		case !errors.Is(err, syscall.ENOSPC):
			t.Fatal(err)
		case !bytes.Equal(before, must[[]byte](t)(os.ReadFile(c.File))):
			t.Fatalf("%d KiB: the vault was changed", size)
		}
		if left := must[[]string](t)(filepath.Glob(c.File + "*.tmp")); len(left) > 0 {
			t.Fatalf("%d KiB: left behind %v", size, left)
		}
	}
	noError(t, os.Remove(room))
	noError(t, w.Save())
	noError(t, w.Close())
	if w := reopen(t, c); len(w.Relations()) != 2 {
		t.Errorf("%d relations", len(w.Relations()))
	}
}

// leaveRoom makes a file so large that so many bytes are left on the disk.
func leaveRoom(t *testing.T, dir, name string, left int) {
	t.Helper()
	var disk syscall.Statfs_t
	noError(t, errors.Join(os.WriteFile(name, nil, 0o600), syscall.Statfs(dir, &disk)))
	noError(t, os.WriteFile(name, make([]byte, int(disk.Bavail)*int(disk.Bsize)-left), 0o600))
}

// TestAudienceOfAnotherName: a verifier that calls itself by an issuer's id is not shown
// the DID that the issuer knows.
func TestAudienceOfAnotherName(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	known := b.relate(Ed25519)
	w.keep(b.issue(licence("", "L-1"))...)
	vp := w.present(request(t, func(q object) {
		q["audience"] = b.id
		q["dcql_query"].(object)["credentials"].([]any)[0].(object)["require_cryptographic_holder_binding"] = false
	}))
	if bytes.Contains(vp, []byte(known)) {
		t.Error("the verifier learns the DID of this holder at " + b.id)
	}
}

// TestDossierSpends: a copy that left in a dossier is not called fresh afterwards.
func TestDossierSpends(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	b.copies = 2
	_, sd := b.issueForms(licence(b.relate(Ed25519), "L-1"))
	records := w.keep(sd...)
	must[[]byte](t)(w.wallet.Dossier(records[:1], nil, "Clinic", "locum", ""))
	ask := request(t, func(q object) {
		q["dcql_query"] = object{"credentials": []any{object{"id": "one", "format": FormatSDJWT, "meta": object{"type_values": []any{[]any{"LicenceCredential"}}}}}}
	})
	if c := w.plan(ask).Choices[0]; c.Record != records[1] || c.Fresh != 0 {
		t.Errorf("%s is to be shown, %d more are left", c.Record.Short(), c.Fresh)
	}
}
