package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportAndErase: a subject sees all that the issuer holds, and after an erasure a
// scan of the issuer's folder finds none of it (PR-16, PR-6).
func TestExportAndErase(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	pass := d("pass")
	must(os.WriteFile(pass, []byte("correct horse battery staple physician\n"), 0o600))
	wantStatus(t, 0, "keygen", "--out", d("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board of Alderfen")
	wantStatus(t, 0, "wallet", "create", "--wallet", d("me.wallet"), "--passphrase-file", pass)
	wantStatus(t, 0, "introduce", "invite", "--issuer", d("board"), "--reference", "file-4711", "--out", d("invitation.txt"))
	wantStatus(t, 0, "wallet", "answer", "--wallet", d("me.wallet"), "--passphrase-file", pass, d("invitation.txt"), "--out", d("answer.txt"))
	drafts, _ := wantStatus(t, 0, "synth", "--count", "2")
	must(os.WriteFile(d("drafts.jsonl"), []byte(drafts), 0o600))
	wantStatus(t, 0, "introduce", "accept", "--issuer", d("board"), d("answer.txt"), "--drafts", d("drafts.jsonl"), "--out", d("addressed.jsonl"))
	wantStatus(t, 0, "issue", "--issuer", d("board"), "--in", d("addressed.jsonl"), "--out", d("credentials"))
	files, err := filepath.Glob(d("credentials", "*.json"))
	must(err)
	if len(files) != 2 {
		t.Fatal(files)
	}
	wantStatus(t, 0, "status", "set", "--issuer", d("board"), "--revoke", "--reason", "unmistakable reason", files[0])
	raw, err := os.ReadFile(files[0])
	must(err)
	var doc struct {
		ID, Salt          string
		CredentialSubject struct{ ID, Number string }
	}
	must(json.Unmarshal(raw, &doc))

	// The holder's key is replaced; what was issued to the old one is still theirs.
	wantStatus(t, 0, "wallet", "rotate", "--wallet", d("me.wallet"), "--passphrase-file", pass, "https://board.example/issuer.json", "--out", d("rotation.txt"))
	told, _ := wantStatus(t, 0, "introduce", "rebind", "--issuer", d("board"), d("rotation.txt"))
	var change struct{ New string }
	must(json.Unmarshal([]byte(told), &change))

	out, _ := wantStatus(t, 0, "export", "--issuer", d("board"), files[0])
	for _, want := range []string{doc.ID, change.New, `"recovery": "did:key:`, doc.CredentialSubject.ID, "file-4711", "unmistakable reason", `"purpose": "message"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the subject is not shown %q:\n%s", want, out)
		}
	}
	wantStatus(t, 64, "export", "--issuer", d("board"), "urn:uuid:00000000-0000-4000-8000-000000000000")

	wantStatus(t, 0, "erase", "--issuer", d("board"), files[0], files[1])
	must(filepath.WalkDir(d("board"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		for _, secret := range []string{doc.ID, doc.Salt, doc.CredentialSubject.ID, change.New, "did:key:", doc.CredentialSubject.Number, "file-4711", "unmistakable reason"} {
			if secret != "" && bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
		return err
	}))
	// The nonce is still used up, and what the holder has is the holder's.
	wantStatus(t, 64, "introduce", "accept", "--issuer", d("board"), d("answer.txt"))
	wantStatus(t, 64, "introduce", "rebind", "--issuer", d("board"), d("rotation.txt"))
}
