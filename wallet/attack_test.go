package wallet

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
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
		w.wallet.files.Hook = func(_, _ string, do func() error) error {
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
	// A text likewise, if it is for somebody else.
	must[string](t)(w.wallet.Text(records[1], "", "", ""))
	if n := len(w.wallet.Shares()); n != 1 || records[1].Shown != 0 {
		t.Errorf("the holder's own copy: %d shares, shown %d times", n, records[1].Shown)
	}
	must[string](t)(w.wallet.Text(records[1], "Clinic", "locum", "2027-06-30"))
	if s := w.wallet.Shares(); len(s) != 2 || s[1].Form != "text" || s[1].To != "Clinic" || records[1].Shown != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := w.wallet.Text(records[1], "Clinic", "", ""); err == nil {
		t.Error("a text for somebody without a purpose")
	}
}

// TestSameCredential: what comes again with other white space, in another order, or as a
// text, is the record that there is, byte for byte.
func TestSameCredential(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	ld, sd := b.issueForms(licence(b.relate(Ed25519), "L-1"))
	w.keep(ld[0], sd[0])
	w.wallet.Records()[1].Shown = 1
	var spaced bytes.Buffer
	noError(t, json.Indent(&spaced, ld[0], "\t", "   "))
	turned := encodedDoc(t, parsedDoc(t, ld[0])) // members by name
	text := must[[]Item](t)(CollectBytes("qr", []byte(must[string](t)(CredentialText(ld[0])))))[0].Raw
	part := strings.Split(sdText(t, sd[0]), "~")
	for name, again := range map[string][]byte{"spaced": spaced.Bytes(), "a line more": append(bytes.Clone(ld[0]), '\n'), "turned": turned, "text": text,
		"the SD-JWT spaced": encodedDoc(t, parsedDoc(t, sd[0])), "a part of it": withText(t, sd[0], part[0]+"~"+part[1]+"~")} {
		w.keep(again)
		w.again()
		r := w.wallet.Records()
		if len(r) != 2 || !bytes.Equal(r[0].Document, ld[0]) || !bytes.Equal(r[1].Document, sd[0]) || r[1].Shown != 1 || r[0].SHA256 != digestOf(ld[0]) {
			t.Fatalf("%s: %d records, or others", name, len(r))
		}
	}
	// Looked at together and kept one after the other, they are one as well.
	noError(t, w.wallet.Forget(w.wallet.Records()[0]))
	one, two := w.wallet.Examine(Item{"", turned}, w.evidence(), w.trust()), w.wallet.Examine(Item{"", ld[0]}, w.evidence(), w.trust())
	noError(t, errors.Join(w.wallet.Keep(one, false), w.wallet.Keep(two, false)))
	if n := len(w.wallet.Records()); n != 2 {
		t.Errorf("%d records", n)
	}
	// A part that came first is made whole by the whole.
	noError(t, w.wallet.Forget(w.wallet.Records()[0]))
	w.keep(withText(t, sd[0], part[0]+"~"), sd[0])
	if r := w.wallet.Records(); len(r) != 2 || !bytes.Equal(r[1].Document, sd[0]) {
		t.Errorf("%d records, or still a part", len(r))
	}
}

// TestRefreshInvalid: a record that the trust file of today speaks against is called
// invalid, and stays; evidence that is bent does nothing to it.
func TestRefreshInvalid(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	w.keep(b.issue(licence(b.relate(Ed25519), "L-1"))...)
	r := w.wallet.Records()[0]
	bent := w.evidence()
	bent.Gathered.At = now.Add(time.Hour) // so that it counts before what there is
	for _, tx := range bent.Transactions {
		tx.Tx = flip(tx.Tx, 10)
	}
	if err := w.wallet.Keep(w.wallet.Refresh(r, bent, w.trust()), true); err == nil || r.Verdict != "valid" {
		t.Errorf("bent evidence: %v, %s", err, r.Verdict)
	}
	trust := w.trust()
	trust.Trust.Issuers[0].Types = []string{"OtherCredential"}
	if err := w.wallet.Keep(w.wallet.Refresh(r, nil, trust), true); err == nil {
		t.Error("nothing was said")
	}
	w.again()
	if r = w.wallet.Records()[0]; r.Verdict != "invalid" || r.Code == "" {
		t.Errorf("still called %s %s", r.Verdict, r.Code)
	}
	noError(t, w.wallet.Keep(w.wallet.Refresh(r, nil, w.trust()), false))
	if r = w.wallet.Records()[0]; r.Verdict != "valid" {
		t.Errorf("by the first trust file: %s", r.Verdict)
	}
}

// TestRefreshStaysSmall: lists that newer ones replaced are not kept for ever, and the
// newest is, whatever comes after it.
func TestRefreshStaysSmall(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	w.keep(b.issue(licence(b.relate(Ed25519), "L-1"))...)
	old := w.evidence()
	first := len(w.wallet.Records()[0].Evidence)
	refresh := func(ev *verifier.Evidence) *Record {
		noError(t, w.wallet.Keep(w.wallet.Refresh(w.wallet.Records()[0], ev, w.trust()), true))
		return w.wallet.Records()[0]
	}
	sent := w.evidence() // by somebody who wants a large wallet, or a slow one
	for i := range 2000 {
		sent.AddDocument(b.lists[0].URL, verifier.Document{MediaType: "application/vc", Bytes: fmt.Append(nil, "{\"x\":", i, "}")})
	}
	begin := time.Now()
	if r := refresh(sent); len(r.Evidence) > first+first/4 || time.Since(begin) > 5*time.Second {
		t.Errorf("%d bytes of evidence, %d at first, in %v", len(r.Evidence), first, time.Since(begin))
	}
	for i := range 20 {
		b.lists = must[[]issuer.Published](t)(b.issuer.PublishLists(now.Add(time.Duration(i-50) * time.Minute)))
		if r := refresh(w.evidence()); r.Verdict != "valid" || len(r.Evidence) > first+first/4 {
			t.Fatalf("list %d: %s, %d bytes, %d at first", i, r.Verdict, len(r.Evidence), first)
		}
	}
	noError(t, b.issuer.Revoke(w.wallet.Records()[0].ID, "issued in error"))
	b.publish()
	refresh(w.evidence())
	if r := refresh(old); r.Code != "revoked" {
		t.Errorf("after an old list: %s", r.Verdict)
	}
}

// TestPickNames: what is picked must be there, and one; a credential that bears another's
// digest as its id is not shown in its place.
func TestPickNames(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	records := w.keep(b.issue(licence(did, "L-1"), licence(did, "L-2"))...)
	ask := must[*Request](t)(ParseRequest(request(t, func(q object) { q["dcql_query"] = object{"credentials": []any{licenceQuery("licence", "")}} })))
	for _, r := range records {
		if p := must[*Plan](t)(w.wallet.Plan(ask, map[string]string{"licence": r.Short()})); p.Choices[0].Record != r {
			t.Errorf("%s was picked, %s would leave", r.Short(), p.Choices[0].Record.Short())
		}
	}
	records[1].ID = records[0].Short()
	for _, pick := range []map[string]string{{"licnce": records[0].SHA256}, {"licence": ""}, {"licence": "000000000000"}, {"licence": records[0].Short()}} {
		if _, err := w.wallet.Plan(ask, pick); !errors.Is(err, ErrPick) {
			t.Errorf("%v: %v", pick, err)
		}
	}
}

// TestAlternatives: a verifier that says "this or that" gets one of them, the one that the
// holder picks; what no option needs stays.
func TestAlternatives(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	w.keep(b.issue(licence(did, "L-1"), licence(did, "L-2"), licence(did, "L-3"), licence(did, "L-4"))...)
	ask := must[*Request](t)(ParseRequest(request(t, func(q object) {
		q["dcql_query"] = object{"credentials": []any{licenceQuery("one", "L-1"), licenceQuery("two", "L-2"), licenceQuery("half", "L-3"), licenceQuery("none", "L-9"), licenceQuery("loose", "L-4")},
			"credential_sets": []any{object{"options": []any{[]any{"one"}, []any{"two"}}}, object{"options": []any{[]any{"half", "none"}}, "required": false}}}
	})))
	for want, pick := range map[string]map[string]string{"one": nil, "two": {"two": w.wallet.Records()[1].SHA256}} {
		p := must[*Plan](t)(w.wallet.Plan(ask, pick))
		if len(p.Choices) != 1 || p.Choices[0].Query != want || len(p.Instead) != 3 || len(p.Missing) > 0 {
			t.Errorf("%s: would leave %+v, missing %v", want, p.Choices, p.Missing)
		}
	}
}

// TestUnreadableRecord: a credential that cannot be read, kept as unproven, does not keep
// the others from being shown.
func TestUnreadableRecord(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	w.keep(b.issue(licence(did, "L-1"))...)
	f := w.wallet.Examine(Item{"a mail", encodedDoc(t, object{"@context": []any{credential.ContextVC2, "https://mallory.example/"}, "type": []any{"VerifiableCredential", "LicenceCredential"},
		"issuer": "https://mallory.example/", "credentialSubject": object{"id": did, "number": "L-1"}})}, nil, w.trust())
	noError(t, w.wallet.Keep(f, true))
	ask := request(t, nil)
	if r, code := w.judge(ask, w.present(ask), now); r.Verdict != verifier.Valid {
		t.Errorf("%s %s", r.Verdict, code)
	}
}

// TestConsent: a receipt is signed by the key of the record's subject, is whole and kept, and
// nobody can sign one about another person's record.
func TestConsent(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	did := b.relate(P256)
	w.keep(b.issue(licence(did, "L-1"), licence("", "L-2"))...)
	mine, bearers := w.wallet.Records()[0], w.wallet.Records()[1]
	draft := must[map[string]any](t)(licensure.Consent{
		Envelope: licensure.Envelope{Title: "Consent receipt", Holder: did, ValidFrom: now, ValidUntil: now.AddDate(0, 1, 0),
			Evidence:   []licensure.Evidence{{Source: "holder", Method: licensure.SelfAttested, VerifiedAt: now, VerifierRole: "holder"}},
			Confidence: licensure.Attested},
		Records: []licensure.ConsentRecord{{Type: "LicenceCredential", ID: mine.ID}}, Purpose: "locum", RecipientParty: "Clinic of Alderfen",
		SignedAt: now, Expires: "2026-07-31", Revocable: true}.Draft())
	random := strings.NewReader(strings.Repeat("r", 96))
	if _, err := w.wallet.Sign(draft, bearers, random); err == nil {
		t.Error("signed about a record of nobody here")
	}
	receipt := must[[]byte](t)(w.wallet.Sign(draft, mine, random))
	w.again()
	if kept := w.wallet.Consents(); len(kept) != 1 || !bytes.Equal(kept[0], receipt) {
		t.Fatalf("%d receipts kept", len(kept))
	}
	trust := must[*verifier.Trust](t)(verifier.ParseTrust(encodedDoc(t, object{"version": 1, "networks": []any{"regtest"}, "anchor": "optional",
		"issuers": []any{object{"id": did, "label": "the holder",
			"keys":  []any{object{"id": did + "#" + did[len("did:key:"):], "publicKeyMultibase": did[len("did:key:"):], "from": "2026-01-01T00:00:00Z"}},
			"types": []any{"ConsentReceipt"}, "jurisdictions": []any{"*"}}},
		"contexts": []any{object{"url": b.issuer.ContextURL(), "sha256": digestOf(licensure.Context()), "bytes": base64.RawURLEncoding.EncodeToString(licensure.Context())}}}), nil))
	if r := verifier.Check(receipt, new(verifier.Evidence), trust, now); r.Verdict != verifier.Valid {
		t.Error(r.Err())
	}
	for name, bent := range map[string][]byte{"recipient": bytes.Replace(receipt, []byte("Clinic of"), []byte("Broker of"), 1), "until": bytes.Replace(receipt, []byte("2026-07-31"), []byte("2036-07-31"), 1)} {
		if r := verifier.Check(bent, new(verifier.Evidence), trust, now); bytes.Equal(bent, receipt) || r.Verdict != verifier.Invalid {
			t.Errorf("%s changed: %s", name, r.Verdict)
		}
	}
}

// TestAsksForAnything: a query that any credential would answer is refused, and so is a set
// that nothing would.
func TestAsksForAnything(t *testing.T) {
	for path, change := range map[string]func(query object){
		"/dcql_query/credentials/0/meta/type_values": func(q object) {
			q["credentials"].([]any)[0].(object)["meta"] = object{"type_values": []any{[]any{"LicenceCredential"}, []any{}}}
		},
		"/dcql_query/credential_sets/0/options": func(q object) {
			q["credential_sets"] = []any{object{"options": []any{[]any{"licence"}, []any{}}}}
		},
	} {
		_, err := ParseRequest(request(t, func(q object) { change(q["dcql_query"].(object)) }))
		var e *RequestError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestShareLogInVault: a line that was taken out of the log within the vault, by somebody
// who has the passphrase and no care, is found when it is opened.
func TestShareLogInVault(t *testing.T) {
	c := testConfig(t)
	newTestWallet(t, c)
	w := reopen(t, c)
	for range 3 {
		noError(t, w.contents.Shares.add(Share{To: "hospital", Form: "dossier"}))
	}
	w.contents.Shares.Lines = append(w.contents.Shares.Lines[:1:1], w.contents.Shares.Lines[2])
	noError(t, w.Save())
	noError(t, w.Close())
	var e *ShareLogError
	if _, err := Open(c); !errors.As(err, &e) || e.Line != 2 {
		t.Error(err)
	}
}

// TestEveryWayIn: a credential of each form comes in as a file, in a folder, in an archive
// and as a text, byte for byte.
func TestEveryWayIn(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	ld, sd := b.issueForms(licence(b.relate(Ed25519), "L-1"))
	for _, raw := range [][]byte{ld[0], sd[0]} {
		dir := t.TempDir()
		noError(t, os.WriteFile(filepath.Join(dir, "a.json"), raw, 0o600))
		noError(t, os.WriteFile(filepath.Join(dir, "zip"), zipOf(t, []string{"in/a.json"}, func(string) []byte { return raw }), 0o600))
		noError(t, os.WriteFile(filepath.Join(dir, "text"), []byte(must[string](t)(CredentialText(raw))), 0o600))
		for _, way := range []string{".", "a.json", "zip", "text"} {
			items := must[[]Item](t)(Collect(filepath.Join(dir, way)))
			if len(items) != 1 {
				t.Fatalf("%s: %d documents", way, len(items))
			}
			r := w.keep(items[0].Raw)[0]
			if r.Verdict != "valid" || !bytes.Equal(r.Document, raw) {
				t.Errorf("%s: %s, or other bytes", way, r.Verdict)
			}
			noError(t, w.wallet.Forget(r))
		}
	}
}
