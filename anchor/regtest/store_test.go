package regtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/certanchor/certanchor/anchor"
)

// A picture is what can be seen of a chain.
type picture struct {
	Tip   anchor.BlockHash
	Pool  []anchor.TxID
	Utxos int
	Mined uint64
}

func pictureOf(c *Chain) picture {
	p := picture{Tip: c.blocks[c.tip()].hash, Utxos: len(c.utxos), Mined: c.mined}
	for _, t := range c.pool.order {
		p.Pool = append(p.Pool, t.id)
	}
	return p
}

func openChain(t testing.TB, path string, opts ...Option) *Chain {
	t.Helper()
	c, err := Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// story returns steps that do one of everything.
func story(t testing.TB, c *Chain) []func() error {
	u := newUser(t, "issuer", anchor.ProfileSegwit)
	var raw, high []byte
	var id, highID anchor.TxID
	mine := func(n int) func() error {
		return func() error { _, err := c.Mine(n, u.address, start); return err }
	}
	return []func() error{
		mine(101),
		func() error {
			coins := coinsOf(t, c, u)
			raw, id = commit(t, u, coins, 1, 1000)
			high, highID = commit(t, u, coins, 1, 3000)
			return c.Broadcast(t.Context(), raw)
		},
		func() error { return c.Broadcast(t.Context(), high) },
		mine(2),
		func() error { return c.Reorg(1) },
		func() error { return c.Reorg(1) },
		func() error { return c.Evict(t.Context(), highID) },
		func() error { return c.Broadcast(t.Context(), raw) },
		mine(3),
		func() error {
			if status(t, c, id).Confirmations != 3 {
				return errors.New("story went another way")
			}
			return nil
		},
	}
}

// tell runs a story to its end and calls seen after each step.
func tell(t testing.TB, c *Chain, seen func()) {
	t.Helper()
	for _, step := range story(t, c) {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		seen()
	}
}

// told writes a whole story and returns the file and the picture after each record.
func told(t testing.TB) (data []byte, after map[int]picture) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chain")
	c := openChain(t, path)
	after = map[int]picture{len(fileMagic): pictureOf(c)}
	tell(t, c, func() {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data = b
		after[len(b)] = pictureOf(c)
	})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return data, after
}

func TestReopen(t *testing.T) {
	data, after := told(t)
	path := filepath.Join(t.TempDir(), "chain")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	c := openChain(t, path)
	if got := pictureOf(c); !reflect.DeepEqual(got, after[len(data)]) {
		t.Fatalf("%+v, want %+v", got, after[len(data)])
	}
	// Going on from there is the same as never having stopped.
	live := New()
	tell(t, live, func() {})
	u := newUser(t, "issuer", anchor.ProfileSegwit)
	for _, x := range []*Chain{c, live} {
		if _, err := x.Mine(3, u.address, start); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := pictureOf(c), pictureOf(live); !reflect.DeepEqual(a, b) {
		t.Errorf("%+v and %+v", a, b)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Mine(1, u.address, start); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// A process killed at any byte of any write leaves a file that opens as the last whole
// record left it.
func TestCutAtEveryByte(t *testing.T) {
	data, after := told(t)
	path := filepath.Join(t.TempDir(), "chain")
	ends := []int{}
	for n := range after {
		ends = append(ends, n)
	}
	for n := 0; n <= len(data); n++ {
		// The first record is 101 blocks; its middle is like its start.
		if n > len(fileMagic)+200 && n < len(fileMagic)+20_000 && n%997 != 0 {
			continue
		}
		last := len(fileMagic)
		for _, e := range ends {
			if e <= n && e > last {
				last = e
			}
		}
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Open(path)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if got := pictureOf(c); !reflect.DeepEqual(got, after[last]) {
			t.Fatalf("cut at %d: %+v, want %+v", n, got, after[last])
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(path); !bytes.Equal(b, data[:last]) {
			t.Fatalf("cut at %d: the torn record is still there", n)
		}
	}
}

// Every damage before the last record is named with its place, and nothing is changed.
func TestDamage(t *testing.T) {
	data, after := told(t)
	path := filepath.Join(t.TempDir(), "chain")
	last := 0
	for n := range after {
		if n < len(data) {
			last = max(last, n)
		}
	}
	for at := 0; at < last; at++ {
		if at > 200 && at%211 != 0 && at < last-400 {
			continue
		}
		bent := bytes.Clone(data)
		bent[at] ^= 0x41
		if err := os.WriteFile(path, bent, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Offset > int64(at) || after[int(corrupt.Offset)].Tip == (anchor.BlockHash{}) && corrupt.Offset != 0 {
			t.Fatalf("byte %d: %v", at, err)
		}
		if b, _ := os.ReadFile(path); !bytes.Equal(b, bent) {
			t.Fatalf("byte %d: file was changed", at)
		}
	}
	// What a loss of power may leave behind the last record.
	for _, tail := range [][]byte{make([]byte, 5), make([]byte, 5000)} {
		if err := os.WriteFile(path, append(bytes.Clone(data), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		c := openChain(t, path)
		if got := pictureOf(c); !reflect.DeepEqual(got, after[len(data)]) {
			t.Fatalf("%d zeros: %+v", len(tail), got)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A record that is whole and makes no sense.
	c := openChain(t, path)
	if err := c.file.append([]entry{{kind: 'X'}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var corrupt *CorruptError
	if _, err := Open(path); !errors.As(err, &corrupt) || corrupt.Offset != int64(len(data)) {
		t.Fatal(err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain")
	c := openChain(t, path)
	if _, err := Open(path); !errors.Is(err, ErrLocked) {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openChain(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder opens as a chain")
	}
}

// Every call on the file fails once: refused, half done, or done and reported as failed.
// The chain then refuses to go on, and what opens is the state before or after.
func TestEveryCallFails(t *testing.T) {
	errDisk := errors.New("disk")
	calls := 0
	count := func(_ string, b []byte, do func([]byte) error) error { calls++; return do(b) }
	c := openChain(t, filepath.Join(t.TempDir(), "chain"), WithHook(count))
	tell(t, c, func() {})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	ways := map[string]Hook{
		"refused":  func(string, []byte, func([]byte) error) error { return errDisk },
		"half":     func(_ string, b []byte, do func([]byte) error) error { return errors.Join(do(b[:len(b)/2]), errDisk) },
		"reported": func(_ string, b []byte, do func([]byte) error) error { return errors.Join(do(b), errDisk) },
	}
	_, after := told(t)
	known := map[string]bool{}
	for _, p := range after {
		known[fmt.Sprint(p)] = true
	}
	for name, way := range ways {
		for n := 1; n <= calls; n++ {
			path := filepath.Join(t.TempDir(), "chain")
			i := 0
			hook := func(op string, b []byte, do func([]byte) error) error {
				if i++; i == n {
					return way(op, b, do)
				}
				return do(b)
			}
			failed := false
			c, err := Open(path, WithHook(hook))
			if err == nil {
				failed = failsOnce(t, c, errDisk)
				_ = c.Close()
			} else if !errors.Is(err, errDisk) {
				t.Fatal(err)
			} else {
				failed = true
			}
			if !failed {
				t.Fatalf("%s, call %d: no failure seen", name, n)
			}
			again := openChain(t, path)
			if got := pictureOf(again); !known[fmt.Sprint(got)] {
				t.Fatalf("%s, call %d: %+v is no state of the story", name, n, got)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// failsOnce runs the story until a call fails, and asks that all later calls fail too.
func failsOnce(t *testing.T, c *Chain, want error) bool {
	t.Helper()
	for _, step := range story(t, c) {
		err := step()
		if err == nil {
			continue
		}
		if !errors.Is(err, want) {
			t.Fatal(err)
		}
		if _, err := c.Lookup(t.Context(), anchor.TxID{}); !errors.Is(err, want) {
			t.Fatalf("the chain goes on after a failed write: %v", err)
		}
		return true
	}
	return false
}

func FuzzReplay(f *testing.F) {
	data, _ := told(f)
	f.Add(data[len(fileMagic):])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := New()
		file := &file{path: "fuzz"}
		// The checksums are not the fuzzer's business: entries are replayed as they are.
		_ = entries(raw, c.replay)
		_, _ = file.read(append([]byte(fileMagic), raw...), New().replay)
	})
}
