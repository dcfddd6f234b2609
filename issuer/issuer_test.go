package issuer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/merkleproof"

	"github.com/certanchor/certanchor/internal/durable"
)

// testContext defines what the drafts of these tests use.
var testContext = []byte(`{"@context": {"@version": 1.1, "@protected": true, "salt": "https://issuer.example/ns#salt", "sequence": {"@id": "https://issuer.example/ns#sequence", "@type": "http://www.w3.org/2001/XMLSchema#integer"}, "TestCredential": "https://issuer.example/ns#TestCredential", "grade": "https://issuer.example/ns#grade"}}`)

var testDay = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// testIssuer makes an issuer in a folder of its own.
func testIssuer(t testing.TB, bend func(*Config)) (*Issuer, *AnchorKey) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "issuer")
	err := Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext,
		Network: anchor.Regtest, From: testDay.AddDate(0, 0, -7)})
	if err != nil {
		t.Fatal(err)
	}
	return openTestIssuer(t, dir, bend)
}

func openTestIssuer(t testing.TB, dir string, bend func(*Config)) (*Issuer, *AnchorKey) {
	t.Helper()
	signer, id, err := SigningKey(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := OpenAnchorKey(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Dir: dir, Signer: signer, KeyID: id, AnchorKeyID: key.ID, Now: func() time.Time { return testDay }}
	if bend != nil {
		bend(&c)
	}
	is, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { is.Close() })
	return is, key
}

func gradeDraft(grade string) map[string]any {
	return map[string]any{"type": "TestCredential", "credentialSubject": map[string]any{"grade": grade}}
}

func listOf(objects ...map[string]any) Drafts {
	return func(yield func(Draft, error) bool) {
		for i, o := range objects {
			if !yield(Draft{Object: o, Place: fmt.Sprintf("draft %d", i)}, nil) {
				return
			}
		}
	}
}

func graded(n int) Drafts {
	var all []map[string]any
	for i := range n {
		all = append(all, gradeDraft(fmt.Sprint(i)))
	}
	return listOf(all...)
}

// memory collects credentials.
type memory struct{ docs [][]byte }

func (m *memory) Put(_ string, doc []byte) error { m.docs = append(m.docs, doc); return nil }
func (m *memory) Commit() error                  { return nil }

// run takes a batch through all steps on chain.
func run(t testing.TB, is *Issuer, key *AnchorKey, chain *regtest.Chain, drafts Drafts, out Output) *Batch {
	t.Helper()
	ctx := context.Background()
	b, err := is.Seal(ctx, anchor.Regtest, drafts)
	for _, step := range []func() error{
		func() error { return err },
		func() error { return b.Fund(ctx, chain, key.Address, 100_000) },
		func() error { return b.Sign(key) },
		func() error { return b.Broadcast(ctx, chain) },
		func() error { _, err := chain.Mine(6, key.Address, testDay); return err },
		func() error { _, err := b.Confirm(ctx, chain, 6); return err },
		func() error { return b.Finish(out) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func testChain(t testing.TB, key *AnchorKey) *regtest.Chain {
	c := regtest.New()
	if _, err := c.Mine(101, key.Address, testDay.Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestBatchSizes issues batches around powers of two: every path has the length of the
// padded tree and leads to the one root.
func TestBatchSizes(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	for n, depth := range map[int]int{1: 0, 2: 1, 3: 2, 4: 2, 5: 3} {
		var out memory
		b := run(t, is, key, chain, graded(n), &out)
		if len(out.docs) != n {
			t.Fatalf("%d credentials of %d", len(out.docs), n)
		}
		for _, raw := range out.docs {
			c, err := credential.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			p := c.Proofs()[1].Merkle
			if len(p.Path) != depth || p.Path.Root(p.Target) != b.Root() || p.Anchor.TxID != b.TxID().String() {
				t.Errorf("%d credentials: a path of %d steps, %v", n, len(p.Path), p.Anchor)
			}
		}
	}
}

// TestNothingLeftBehind: after a batch is finished, no salt and no claim of it can be
// found below the state folder.
func TestNothingLeftBehind(t *testing.T) {
	is, key := testIssuer(t, nil)
	var out memory
	run(t, is, key, testChain(t, key), listOf(gradeDraft("unmistakable-grade")), &out)
	var doc struct{ Salt string }
	if err := json.Unmarshal(out.docs[0], &doc); err != nil || len(doc.Salt) != 43 {
		t.Fatalf("salt %q (%v)", doc.Salt, err)
	}
	err := filepath.Walk(is.config.StateDir, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		for _, secret := range []string{doc.Salt, "unmistakable-grade"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSalts: equal content gives different leaves, and every salt is 32 fresh bytes.
func TestSalts(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	seen := map[string]bool{}
	leaves := map[merkleproof.Hash]bool{}
	for _, label := range []anchor.Network{anchor.Regtest, ""} {
		var out memory
		if label == "" {
			b, err := is.Seal(context.Background(), "", listOf(gradeDraft("same")))
			if err == nil {
				err = b.Finish(&out)
			}
			if err != nil {
				t.Fatal(err)
			}
		} else {
			run(t, is, key, chain, listOf(gradeDraft("same")), &out)
		}
		c, err := credential.Parse(out.docs[0])
		if err != nil {
			t.Fatal(err)
		}
		salt, _ := c.Member("salt").(string)
		raw, err := base64.RawURLEncoding.DecodeString(salt)
		if err != nil || len(raw) != 32 || seen[salt] {
			t.Errorf("salt %q (%v)", salt, err)
		}
		seen[salt] = true
		leaves[c.Proofs()[1].Merkle.Target] = true
	}
	if len(leaves) != 2 {
		t.Error("equal content gave equal leaves")
	}
}

// TestRandomSourceFails: without random numbers nothing is issued.
func TestRandomSourceFails(t *testing.T) {
	for _, bytesLeft := range []int{0, 10, 40, 60} {
		is, _ := testIssuer(t, func(c *Config) {
			c.Random = io.MultiReader(io.LimitReader(zeros{}, int64(bytesLeft)), iotest.ErrReader(errors.New("no entropy")))
		})
		b, err := is.Seal(context.Background(), anchor.Regtest, graded(1))
		if err == nil || b != nil && b.State() != Begun {
			t.Errorf("%d bytes of entropy: %v", bytesLeft, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestOneBatchAtATime: another input waits until the batch under way is finished.
func TestOneBatchAtATime(t *testing.T) {
	is, key := testIssuer(t, nil)
	ctx := context.Background()
	b, err := is.Seal(ctx, anchor.Regtest, graded(2))
	if err != nil {
		t.Fatal(err)
	}
	var open *OpenBatchError
	if _, err := is.Seal(ctx, anchor.Regtest, graded(3)); !errors.As(err, &open) || open.Key != b.Key() {
		t.Errorf("%v", err)
	}
	again, err := is.Seal(ctx, anchor.Regtest, graded(2))
	if err != nil || again.Root() != b.Root() {
		t.Errorf("the same drafts gave another batch: %v", err)
	}
	var out memory
	run(t, is, key, testChain(t, key), graded(2), &out)
	if c, err := is.Seal(ctx, anchor.Regtest, graded(2)); err != nil || c.State() != Closed {
		t.Errorf("issued again: %v", err)
	}
}

// TestTwoProcesses: a state folder has one issuer at a time.
func TestTwoProcesses(t *testing.T) {
	is, _ := testIssuer(t, nil)
	if _, err := Open(is.config); !errors.Is(err, ErrLocked) {
		t.Errorf("%v", err)
	}
}

// A liar is a chain whose answers are not what happened.
type liar struct {
	*regtest.Chain
	broadcast func(ctx context.Context, raw []byte) error
}

func (l liar) Broadcast(ctx context.Context, raw []byte) error { return l.broadcast(ctx, raw) }

// TestBroadcastAnswers gives both wrong answers to a broadcast: refused although taken,
// and taken although lost. The same bytes go out again, and one transaction confirms.
func TestBroadcastAnswers(t *testing.T) {
	is, key := testIssuer(t, nil)
	chain := testChain(t, key)
	ctx := context.Background()
	var sent [][]byte
	for name, answer := range map[string]func(context.Context, []byte) error{
		"taken-but-error": func(ctx context.Context, raw []byte) error {
			sent = append(sent, raw)
			return errors.Join(chain.Broadcast(ctx, raw), errors.New("connection reset"))
		},
		"lost-but-ok": func(_ context.Context, raw []byte) error { sent = append(sent, raw); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			sent = nil
			l := liar{chain, answer}
			b, err := is.Seal(ctx, anchor.Regtest, listOf(gradeDraft(name)))
			if err == nil {
				err = b.Fund(ctx, l, key.Address, 100_000)
			}
			if err == nil {
				err = b.Sign(key)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Broadcast(ctx, l); err != nil {
				l.broadcast = func(ctx context.Context, raw []byte) error {
					sent = append(sent, raw)
					return chain.Broadcast(ctx, raw)
				}
				if err := b.Broadcast(ctx, l); err != nil {
					t.Fatal(err)
				}
			}
			l.broadcast = func(ctx context.Context, raw []byte) error {
				sent = append(sent, raw)
				return chain.Broadcast(ctx, raw)
			}
			for b.State() == Sent {
				if _, err := b.Confirm(ctx, l, 6); err != nil {
					t.Fatal(err)
				}
				if _, err := chain.Mine(1, key.Address, testDay); err != nil {
					t.Fatal(err)
				}
			}
			for _, raw := range sent {
				if !bytes.Equal(raw, sent[0]) {
					t.Error("other bytes were sent")
				}
			}
			if err := b.Finish(new(memory)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestFundingFaults: nothing is written when coins are missing or too dear.
func TestFundingFaults(t *testing.T) {
	is, key := testIssuer(t, nil)
	ctx := context.Background()
	b, err := is.Seal(ctx, anchor.Regtest, graded(1))
	if err != nil {
		t.Fatal(err)
	}
	var funds *anchor.InsufficientFundsError
	if err := b.Fund(ctx, regtest.New(), key.Address, 100_000); !errors.As(err, &funds) || funds.Missing <= 0 {
		t.Errorf("no coins: %v", err)
	}
	var fee *anchor.FeeAboveCapError
	if err := b.Fund(ctx, testChain(t, key), key.Address, 1); !errors.As(err, &fee) {
		t.Errorf("cap of one satoshi: %v", err)
	}
	if b.State() != Waiting || b.Fee() != fee.Fee {
		t.Errorf("the batch is %s at %d sats", b.State(), b.Fee())
	}
	if err := b.Finish(new(memory)); err == nil {
		t.Error("finished without a transaction")
	}
}

// TestJournalDamage: a torn last line is cut, a broken one before the end stops.
func TestJournalDamage(t *testing.T) {
	is, key := testIssuer(t, nil)
	run(t, is, key, testChain(t, key), graded(2), new(memory))
	name := is.state("journal")
	is.Close()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(whole, []byte("\n"))
	for cut := 1; cut < len(whole); cut += 7 {
		f := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(f, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(durable.Files{}, f)
		if err != nil {
			t.Fatalf("cut by %d: %v", cut, err)
		}
		j.log.close()
		if got, _ := os.ReadFile(f); bytes.Count(got, []byte("\n")) >= lines || !bytes.HasPrefix(whole, got) {
			t.Fatalf("cut by %d: %d bytes are left", cut, len(got))
		}
	}
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n')
	for at := 0; at < last; at += 11 {
		bent := bytes.Clone(whole)
		bent[at] ^= 1
		f := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(f, bent, 0o600); err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if _, err := openJournal(durable.Files{}, f); !errors.As(err, &corrupt) {
			t.Fatalf("byte %d: %v", at, err)
		}
		if got, _ := os.ReadFile(f); !bytes.Equal(got, bent) {
			t.Fatalf("byte %d: the broken file was changed", at)
		}
	}
}

// TestKeyFiles: what is wrong with a key file is said, and never what is in it.
func TestKeyFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sealed")
	err := Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Sealed", Context: testContext,
		Network: anchor.Testnet4, From: testDay, Passphrase: "correct words"})
	if err != nil {
		t.Fatal(err)
	}
	say := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	signer, _, err := SigningKey(dir, say("correct words"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, wrong := SigningKey(dir, say("wrong words"))
	name := filepath.Join(dir, "keys/signing.json")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Replace(raw, []byte("AAA"), []byte("AAB"), 1)
	if i := bytes.Index(raw, []byte("-> scrypt")); i < 0 {
		at := bytes.LastIndex(raw, []byte("\\n-----END")) - 8
		damaged = bytes.Clone(raw)
		damaged[at] = map[bool]byte{true: 'A', false: 'B'}[damaged[at] == 'B']
	}
	if err := os.WriteFile(name, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, broken := SigningKey(dir, say("correct words"))
	var k1, k2 *KeyError
	if !errors.As(wrong, &k1) || !errors.As(broken, &k2) || k1.Error() != k2.Error() {
		t.Errorf("a wrong passphrase says %v, a damaged file %v", wrong, broken)
	}
	if text := fmt.Sprintf("%v %+v %#v", wrong, broken, secret("hush")); strings.Contains(text, "hush") {
		t.Error(text)
	}
	if signer.Public() == nil {
		t.Error("no public key")
	}
}

// TestNoKeyInPrint prints and marshals everything that holds a key, in every way, and looks
// for the key in it.
func TestNoKeyInPrint(t *testing.T) {
	is, key := testIssuer(t, nil)
	b, err := is.Seal(context.Background(), anchor.Regtest, graded(1))
	if err != nil {
		t.Fatal(err)
	}
	var forms []string // of each secret
	for _, name := range []string{"signing", "anchor"} {
		k, err := readKeyFile(filepath.Join(is.config.Dir, "keys", name+".json"), name)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := k.open("", nil)
		if err != nil {
			t.Fatal(err)
		}
		part := []byte(raw[4:12]) // a part of it would be as bad
		forms = append(forms, k.Plain, string(part), fmt.Sprintf("%x", part), fmt.Sprintf("%X", part), strings.Trim(fmt.Sprint(part), "[]"),
			strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}"), base64.RawStdEncoding.EncodeToString(raw[:24]), base64.RawURLEncoding.EncodeToString(raw[:24]))
	}
	look := func(what, text string) {
		t.Helper()
		for _, f := range forms {
			if strings.Contains(text, f) {
				t.Errorf("%s shows a key", what)
			}
		}
	}
	for what, v := range map[string]any{"the anchor key": key, "its value": *key, "the signer": is.config.Signer, "the config": is.config, "the issuer": is,
		"its value ": *is, "a batch": b, "a batch's value": *b, "the signer of anchors": key.Signer, "a struct around it": struct{ hidden anchor.Signer }{key.Signer}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			look(fmt.Sprintf("%s with %s", what, verb), fmt.Sprintf(verb, v))
		}
		if j, err := json.Marshal(v); err == nil {
			look(what+" as JSON", string(j))
		}
	}
	var leak bytes.Buffer // the search itself can find something
	fmt.Fprintf(&leak, "%x", []byte(forms[1]))
	if !strings.Contains(leak.String(), forms[2]) {
		t.Error("the search finds nothing")
	}
}

// TestUndefinedTerm names file, place and reason, and issues nothing.
func TestUndefinedTerm(t *testing.T) {
	is, _ := testIssuer(t, nil)
	bad := gradeDraft("1")
	bad["credentialSubject"].(map[string]any)["shoeSize"] = "43"
	_, err := is.Seal(context.Background(), anchor.Regtest, listOf(gradeDraft("0"), bad))
	var fault *DraftError
	if !errors.As(err, &fault) || fault.Code != "unmapped-term" || fault.Path != "/credentialSubject/shoeSize" || fault.Place != "draft 1" {
		t.Errorf("%v", err)
	}
}

func FuzzRecordLog(f *testing.F) {
	f.Add(formatRecord([]byte(`{"a":1}`)))
	f.Add(append(formatRecord([]byte(`{}`)), "12 0000"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := openLog(durable.Files{}, name, func([]byte) error { return nil })
		if err != nil {
			return
		}
		defer l.close()
		if err := l.append([]byte("{}")); err != nil {
			t.Fatal(err)
		}
		if err := readLog(name, func([]byte) error { return nil }); err != nil {
			t.Fatalf("what was opened and appended to is broken: %v", err)
		}
	})
}

func FuzzRoster(f *testing.F) {
	f.Add("Surname,Given\nA,B\n", `{"type":"T","a":"{{Surname}} {{Given?}}"}`)
	f.Add("Surname\nA\n\"", `{"type":"T","a":"{{Surname}}"}`)     // a quote that never ends, and no cell read
	f.Add("Surname\nA\nB\"C\n", `{"type":"T","a":"{{Surname}}"}`) // a quote inside a cell
	f.Fuzz(func(t *testing.T, roster, template string) {
		dir := t.TempDir()
		r, m := filepath.Join(dir, "r.csv"), filepath.Join(dir, "t.json")
		if os.WriteFile(r, []byte(roster), 0o600) != nil || os.WriteFile(m, []byte(template), 0o600) != nil {
			t.Fatal("cannot write")
		}
		drafts, err := Roster(r, m)
		if err != nil {
			return
		}
		for d, err := range drafts {
			if err == nil && d.Object == nil {
				t.Fatal("a draft without an object")
			}
		}
	})
}

// ExampleBatch issues one credential on a private chain.
func ExampleBatch() {
	dir, err := os.MkdirTemp("", "issuer-")
	check(err)
	defer os.RemoveAll(dir)
	home := filepath.Join(dir, "school")
	day := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	check(Generate(NewIssuer{Dir: home, ID: "https://school.example/issuer.json", Name: "School", Context: testContext,
		Network: anchor.Regtest, From: day.AddDate(0, 0, -7)}))
	signer, keyID, err := SigningKey(home, nil)
	check(err)
	key, err := OpenAnchorKey(home, nil)
	check(err)
	is, err := Open(Config{Dir: home, Signer: signer, KeyID: keyID, AnchorKeyID: key.ID, Now: func() time.Time { return day }})
	check(err)
	defer is.Close()

	chain, ctx := regtest.New(), context.Background()
	_, err = chain.Mine(101, key.Address, day.Add(-48*time.Hour))
	check(err)
	batch, err := is.Seal(ctx, chain.Network(), listOf(gradeDraft("with honours")))
	check(err)
	check(batch.Fund(ctx, chain, key.Address, 50_000))
	check(batch.Sign(key))
	check(batch.Broadcast(ctx, chain))
	_, err = chain.Mine(6, key.Address, day)
	check(err)
	depth, err := batch.Confirm(ctx, chain, 6)
	check(err)
	var out memory
	check(batch.Finish(&out))
	fmt.Println(depth, batch.State(), len(out.docs))
	// Output: 6 closed 1
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
