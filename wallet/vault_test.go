package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	testPass   = "correct horse battery"
	testIssuer = "https://board.example/issuer.json"
	// testWork keeps the tests quick; what the files look like does not depend on it.
	testWork = 2
)

// childEnv makes the test binary save a vault without end; see TestKilled.
const childEnv = "CERTANCHOR_TEST_WALLET"

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		saveForEver(name)
	}
	os.Exit(m.Run())
}

// long reports whether the long form of a test was asked for.
func long() bool { return os.Getenv("CERTANCHOR_LONG") != "" }

func testConfig(t testing.TB) Config {
	t.Helper()
	return Config{File: filepath.Join(t.TempDir(), "wallet"), Passphrase: testPass, Work: testWork}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newTestWallet makes a wallet with one relation, saved and closed.
func newTestWallet(t testing.TB, c Config) (words string) {
	t.Helper()
	w := must[*Wallet](t)(Create(c, 24))
	must[Relation](t)(w.Relate(testIssuer, "Board of Alderfen", Ed25519))
	noError(t, w.Save())
	noError(t, w.Close())
	return w.Phrase()
}

func reopen(t testing.TB, c Config) *Wallet {
	t.Helper()
	w := must[*Wallet](t)(Open(c))
	t.Cleanup(func() { w.Close() })
	return w
}

func TestVaultRoundTrip(t *testing.T) {
	c := testConfig(t)
	words := newTestWallet(t, c)
	w := reopen(t, c)
	if w.Phrase() != words || len(w.Relations()) != 1 || w.Revision() != 2 {
		t.Errorf("phrase kept %v, %d relations, revision %d", w.Phrase() == words, len(w.Relations()), w.Revision())
	}
	noError(t, w.Close())
	c.File = Previous(c.File)
	if w := reopen(t, c); w.Revision() != 1 || len(w.Relations()) != 0 {
		t.Errorf("the previous version has revision %d and %d relations", w.Revision(), len(w.Relations()))
	}
}

// TestVaultTellsNothing: neither a word, nor an issuer, nor a name of a member can be
// found in any file of the wallet.
func TestVaultTellsNothing(t *testing.T) {
	c := testConfig(t)
	words := newTestWallet(t, c)
	w := reopen(t, c)
	noError(t, w.Backup(c.File+".backup"))
	names := must[[]string](t)(filepath.Glob(c.File + "*"))
	if len(names) != 4 {
		t.Fatalf("files %v", names)
	}
	for _, name := range names {
		data := must[[]byte](t)(os.ReadFile(name))
		for _, word := range append(strings.Fields(words), testIssuer, "Alderfen", "did:key", "relations", testPass) {
			if len(word) > 4 && bytes.Contains(data, []byte(word)) {
				t.Errorf("%s holds %q", filepath.Base(name), word)
			}
		}
		if info := must[os.FileInfo](t)(os.Stat(name)); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	// A word or two can stand there by chance, since "wall" and "phrase" are such words.
	text, told := fmt.Sprintf("%v %+v %#v", w.phrase, w.phrase, w.phrase), 0
	for _, word := range strings.Fields(words) {
		if strings.Contains(text, word) {
			told++
		}
	}
	if told > 3 {
		t.Errorf("the phrase prints itself: %s", text)
	}
}

func TestVaultRefuses(t *testing.T) {
	c := testConfig(t)
	newTestWallet(t, c)
	good := must[[]byte](t)(os.ReadFile(c.File))
	var said []string
	for name, bend := range map[string]func() ([]byte, string){
		"wrong passphrase": func() ([]byte, string) { return good, "another one altogether" },
		"damaged header":   func() ([]byte, string) { return append([]byte("x"), good[1:]...), testPass },
		"damaged body":     func() ([]byte, string) { return flip(good, len(good)-40), testPass },
		"truncated":        func() ([]byte, string) { return good[:len(good)/2], testPass },
		"last byte gone":   func() ([]byte, string) { return good[:len(good)-1], testPass },
		"empty":            func() ([]byte, string) { return nil, testPass },
		"appended":         func() ([]byte, string) { return append(bytes.Clone(good), 'x'), testPass },
		"too dear": func() ([]byte, string) {
			return bytes.Replace(good, []byte(fmt.Sprintf(" %d\n", testWork)), []byte(" 30\n"), 1), testPass
		},
	} {
		data, pass := bend()
		noError(t, os.WriteFile(c.File, data, 0o600))
		bent := c
		bent.Passphrase = pass
		_, err := Open(bent)
		var e *OpenError
		if !errors.As(err, &e) || e.Previous != Previous(c.File) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said = append(said, err.Error())
	}
	for _, s := range said {
		if s != said[0] {
			t.Errorf("said %q and %q", said[0], s)
		}
	}
	if kept := reopen(t, Config{File: Previous(c.File), Passphrase: testPass, Work: testWork}); kept.Revision() != 1 {
		t.Error("the version before did not open")
	}
}

func flip(data []byte, i int) []byte {
	b := bytes.Clone(data)
	b[i] ^= 1
	return b
}

// TestSameTime: a file whose header cannot be read takes about as long as a wrong
// passphrase. The bounds are wide, since machines are busy; without the care they would
// be missed a hundredfold.
func TestSameTime(t *testing.T) {
	const work = 14
	good := must[[]byte](t)(seal([]byte("{}"), testPass, work))
	fastest := func(data []byte, pass string) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			if _, err := open(data, pass, work); err == nil {
				t.Fatal("it opened")
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	wrong := fastest(good, "another one altogether")
	stanza := bytes.Replace(good, []byte("-> scrypt"), []byte("-> X25519"), 1)
	for name, data := range map[string][]byte{"header": []byte("x" + string(good[1:])), "empty": nil,
		"cut": good[:60], "work": bytes.Replace(good, []byte(" 14\n"), []byte(" 29\n"), 1), "kind": stanza, "body": flip(good, len(good)-1)} {
		pass := testPass
		if d := fastest(data, pass); d < wrong/10 || d > wrong*10 {
			t.Errorf("%s: %v, a wrong passphrase takes %v", name, d, wrong)
		}
	}
}

func TestVaultVersion(t *testing.T) {
	c := testConfig(t)
	for _, plain := range []string{`{"version":2,"surprise":true}`, `{"version":1,"surprise":true}`, `{}`, `[]`, `{"version":1}{}`} {
		noError(t, os.WriteFile(c.File, must[[]byte](t)(seal([]byte(plain), testPass, testWork)), 0o600))
		_, err := Open(c)
		var e *ContentsError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", plain, err)
		}
	}
}

func TestWeakPassphrase(t *testing.T) {
	c := testConfig(t)
	c.Passphrase = "short"
	if _, err := Create(c, 12); !errors.Is(err, ErrWeakPassphrase) {
		t.Error(err)
	}
}

func TestNeverOverwritten(t *testing.T) {
	c := testConfig(t)
	newTestWallet(t, c)
	before := must[[]byte](t)(os.ReadFile(c.File))
	if _, err := Create(c, 12); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if after := must[[]byte](t)(os.ReadFile(c.File)); !bytes.Equal(before, after) {
		t.Error("the vault was changed")
	}
}

func TestLocked(t *testing.T) {
	c := testConfig(t)
	newTestWallet(t, c)
	w := reopen(t, c)
	if _, err := Open(c); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	noError(t, w.Close())
	reopen(t, c)
}

// TestEveryCall makes each call that Save makes fail, before and after it was done and
// half done, and then ends the process there: the vault that is found is the old or the
// new one, and the old one is there as long as the new is not.
func TestEveryCall(t *testing.T) {
	for _, how := range []string{"fails", "done but fails", "half written", "process ends before", "process ends after"} {
		for at := 1; ; at++ {
			if !failOne(t, how, at) {
				if at < 9 {
					t.Errorf("%s: only %d calls", how, at)
				}
				break
			}
		}
	}
}

var errGone = errors.New("gone")

// failOne makes call number at go wrong while a vault with two relations is saved over one
// with one relation; false says that there was no such call.
func failOne(t *testing.T, how string, at int) bool {
	t.Helper()
	c := testConfig(t)
	newTestWallet(t, c)
	calls, gone := 0, false
	c.Hook = func(op, name string, do func() error) error {
		calls++
		switch {
		case gone:
			return errGone // a process that is gone does nothing more
		case calls != at:
			return do()
		case how == "fails":
			return syscall.ENOSPC
		case how == "half written" && op == "write":
			return errors.Join(syscall.ENOSPC, os.WriteFile(name, []byte("age-encryption.org/v1\n-> scr"), 0o600))
		case how == "half written":
			return syscall.ENOSPC
		case how == "process ends before":
			gone = true
			return errGone
		}
		err := do()
		gone = how == "process ends after"
		return errors.Join(syscall.EIO, err)
	}
	w := must[*Wallet](t)(Open(c))
	must[Relation](t)(w.Relate("https://school.example/issuer.json", "", P256))
	err := w.Save()
	noError(t, w.Close())
	c.Hook = nil
	again := must[*Wallet](t)(Open(c))
	n := len(again.Relations())
	switch {
	case calls < at:
		if err != nil || n != 2 {
			t.Errorf("%s %d: undisturbed, yet %v and %d relations", how, at, err, n)
		}
	case err == nil:
		t.Errorf("%s %d: the fault was not told", how, at)
	case n != 1 && n != 2:
		t.Errorf("%s %d: %d relations", how, at, n)
	}
	// And it can be saved again.
	noError(t, again.Save())
	noError(t, again.Close())
	if left := must[[]string](t)(filepath.Glob(c.File + "*.tmp")); len(left) > 0 {
		t.Errorf("%s %d: left behind %v", how, at, left)
	}
	return calls >= at
}

// saveForEver is the child of TestKilled: it saves vaults with more and more relations,
// and says each revision once it is safe.
func saveForEver(name string) {
	w, err := Open(Config{File: name, Passphrase: testPass, Work: 1})
	for err == nil {
		_, err = w.Relate(fmt.Sprintf("https://issuer-%d.example/", w.Revision()), strings.Repeat("name ", 2000), Ed25519)
		if err == nil {
			err = w.Save()
		}
		if err == nil {
			fmt.Println(w.Revision())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestKilled ends the process with SIGKILL at random moments of saving. Every version that
// was reported as saved must be there afterwards, or a later one.
func TestKilled(t *testing.T) {
	rounds := 20
	if long() {
		rounds = 500
	}
	c := testConfig(t)
	c.Work = 1
	newTestWallet(t, c)
	within := 0
	for i := range rounds {
		if i%25 == 0 { // or it would grow without end
			os.Remove(c.File)
			os.Remove(Previous(c.File))
			newTestWallet(t, c)
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childEnv+"="+c.File)
		var said bytes.Buffer
		child.Stdout = &said
		noError(t, child.Start())
		time.Sleep(time.Duration(10+rand.IntN(60)) * time.Millisecond)
		noError(t, child.Process.Kill())
		child.Wait()
		safe := uint64(0)
		if lines := strings.Fields(said.String()); len(lines) > 0 {
			safe = must[uint64](t)(strconv.ParseUint(lines[len(lines)-1], 10, 64))
		}
		if _, err := os.Stat(c.File + ".tmp"); err == nil {
			within++
		}
		w, err := Open(c)
		if err != nil {
			t.Fatalf("round %d, after revision %d: %v", i, safe, err)
		}
		if w.Revision() < safe || len(w.Relations()) != int(w.Revision())-1 {
			t.Fatalf("round %d: revision %d with %d relations, %d was saved", i, w.Revision(), len(w.Relations()), safe)
		}
		noError(t, w.Close())
	}
	t.Logf("%d kills, %d of them with a half-written file", rounds, within)
}

// TestFuzzedVaults bends a vault in thousands of ways: each is an error of ours, never a
// panic, and never the old contents with something else in them.
func TestFuzzedVaults(t *testing.T) {
	rounds := 300
	if long() {
		rounds = 10_000
	}
	c := testConfig(t)
	c.Work = 1
	words := newTestWallet(t, c)
	good := must[[]byte](t)(os.ReadFile(c.File))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rounds {
		bent := bend(r, good)
		if bytes.Equal(bent, good) {
			continue
		}
		noError(t, os.WriteFile(c.File, bent, 0o600))
		w, err := Open(c)
		var e *OpenError
		if errors.As(err, &e) {
			if strings.Contains(err.Error(), strings.Fields(words)[0]) {
				t.Fatalf("round %d: %v", i, err)
			}
			continue
		}
		if err == nil {
			w.Close()
		}
		t.Fatalf("round %d: opened (%v): %q", i, err, bent[:min(len(bent), 200)])
	}
}

// bend changes a file somewhere, the header more often than its share.
func bend(r *rand.Rand, good []byte) []byte {
	b := bytes.Clone(good)
	within := len(b)
	if r.IntN(2) == 0 {
		within = 200
	}
	for range 1 + r.IntN(3) {
		i := r.IntN(min(within, len(b)))
		switch r.IntN(5) {
		case 0:
			b[i] ^= byte(1 << r.IntN(8))
		case 1:
			b[i] = byte(r.IntN(256))
		case 2:
			b = append(b[:i], b[min(i+1+r.IntN(40), len(b)):]...)
		case 3:
			b = append(b[:i:i], append([]byte{byte(r.IntN(256))}, b[i:]...)...)
		case 4:
			b = b[:max(i, 1)]
		}
		if len(b) == 0 {
			return []byte("x")
		}
	}
	return b
}

// TestShareLogChain: every way to take a line away, move or change it is found.
func TestShareLogChain(t *testing.T) {
	c := testConfig(t)
	newTestWallet(t, c)
	w := reopen(t, c)
	for i := range 4 {
		noError(t, w.contents.Shares.add(Share{At: time.Unix(int64(i), 0).UTC(), To: fmt.Sprint("hospital ", i), Purpose: "credentialing",
			Form: "dossier", Records: []Shared{{Types: []string{"T"}, Claims: []string{"/name"}}}}))
	}
	noError(t, w.Save())
	noError(t, w.Close())
	log := must[[]byte](t)(reopen(t, c).ShareLog())
	if lines := must[[]Share](t)(CheckShares(log)); len(lines) != 4 || lines[2].To != "hospital 2" {
		t.Fatalf("%d lines", len(lines))
	}
	bends := map[string]func(f *exportedLog){}
	for i := range 4 {
		bends[fmt.Sprint("removed ", i+1)] = func(f *exportedLog) { f.Lines = append(f.Lines[:i:i], f.Lines[i+1:]...) }
		bends[fmt.Sprint("purpose of ", i+1)] = func(f *exportedLog) { f.Lines[i].Purpose = "marketing" }
		bends[fmt.Sprint("removed and numbered anew ", i+1)] = func(f *exportedLog) {
			f.Lines = append(f.Lines[:i:i], f.Lines[i+1:]...)
			for k := range f.Lines {
				f.Lines[k].Number = k + 1
			}
		}
		for j := range i {
			bends[fmt.Sprint("swapped ", i+1, " ", j+1)] = func(f *exportedLog) { f.Lines[i], f.Lines[j] = f.Lines[j], f.Lines[i] }
		}
	}
	for name, bend := range bends {
		var f exportedLog
		noError(t, json.Unmarshal(log, &f))
		bend(&f)
		_, err := CheckShares(must[[]byte](t)(json.Marshal(f)))
		var e *ShareLogError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
