package wallet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

func TestImport(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	creds := b.issue(licence(b.relate(Ed25519), "L-1"), licence("", "L-2"), licence("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "L-3"))
	for i, raw := range creds {
		f := w.wallet.Examine(Item{"a file", raw}, w.evidence(), w.trust())
		r := f.Record
		if f.Err != nil || r.Verdict != "valid" || r.Issuer != b.id || r.Label != "Pinned "+b.id || r.From != "2026-06-01T00:00:00Z" ||
			r.Until != "2027-06-01T00:00:00Z" || r.Types[2] != "LicenceCredential" || f.Mine != (r.Subject == w.wallet.Relations()[0].DID) {
			t.Errorf("%d: %+v, %v", i, r, f.Err)
		}
		if len(w.wallet.Records()) != i {
			t.Errorf("%d kept by looking", len(w.wallet.Records()))
		}
		noError(t, w.wallet.Keep(f, false))
	}
	w.again()
	vault := must[[]byte](t)(os.ReadFile(w.config.File))
	for _, claim := range []string{"Ostrowe", "alderfen", "urn:uuid", "LicenceCredential", "did:key", "proofValue"} {
		if bytes.Contains(vault, []byte(claim)) {
			t.Errorf("the vault shows %q", claim)
		}
	}
	// Judged from the vault alone, as a hospital would.
	ev := must[*verifier.Evidence](t)(w.wallet.Evidence(w.wallet.Records()...))
	for _, r := range w.wallet.Records() {
		if got := verifier.Check(r.Document, ev, w.trust().Trust, now); got.Verdict != verifier.Valid {
			t.Errorf("%s: %v", r.Short(), got.Err())
		}
	}
	// The same again is the same record.
	w.keep(creds[0])
	if n := len(w.wallet.Records()); n != 3 {
		t.Errorf("%d records", n)
	}
	if r, ok := w.wallet.Find(w.wallet.Records()[1].Short()); !ok || r != w.wallet.Records()[1] {
		t.Error("not found by its short name")
	}
	if _, ok := w.wallet.Find(""); ok {
		t.Error("found by no name")
	}
}

func TestImportRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.addBoard("alderfen")
	good := b.issue(licence(b.relate(Ed25519), "L-1"), licence("", "L-2"))
	noList := w.evidence()
	noList.Documents = nil
	altered := bytes.Replace(good[0], []byte("Ostrowe"), []byte("Ostrawe"), 1)
	for name, c := range map[string]struct {
		raw      []byte
		ev       *verifier.Evidence
		unproven bool
		want     string // "" means kept
		verdict  string
	}{
		"altered":                  {altered, w.evidence(), true, "signature", ""},
		"not JSON":                 {[]byte("<html>"), nil, true, "malformed", ""},
		"empty":                    {nil, nil, true, "malformed", ""},
		"no evidence":              {good[1], nil, false, "no-evidence", ""},
		"no list":                  {good[0], noList, false, "revocation-unknown", ""},
		"no list, kept as such":    {good[0], noList, true, "", "indeterminate"},
		"stranger's":               {bytes.ReplaceAll(good[1], []byte("alderfen"), []byte("mallory0")), w.evidence(), false, "issuer-unknown", ""},
		"a presentation of itself": {[]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`), nil, true, "presentation", ""},
	} {
		f := w.wallet.Examine(Item{"a file", c.raw}, c.ev, w.trust())
		err := w.wallet.Keep(f, c.unproven)
		var e *RefusedError
		switch {
		case c.want == "" && err == nil && f.Record.Verdict == c.verdict:
		case !errors.As(err, &e) || e.Code != c.want:
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if n := len(w.wallet.Records()); n != 1 {
		t.Errorf("%d records kept", n)
	}
	// With the list it becomes proven.
	w.keep(good[0])
	if r := w.wallet.Records()[0]; r.Verdict != "valid" || r.Code != "" {
		t.Errorf("still %s", r.Verdict)
	}
	// Looking again without anything does not lose what there is.
	if f := w.wallet.Examine(Item{"again", good[0]}, nil, w.trust()); f.Record.Verdict != "valid" {
		t.Errorf("looked at again: %s", f.Record.Verdict)
	}
	// A revoked licence is the holder's record all the same, and is called what it is.
	noError(t, b.issuer.Revoke(w.wallet.Records()[0].ID, "issued in error"))
	b.publish()
	f := w.wallet.Refresh(w.wallet.Records()[0], w.evidence(), w.trust())
	noError(t, w.wallet.Keep(f, false))
	if r := w.wallet.Records()[0]; r.Verdict != "not-in-force" || r.Code != "revoked" {
		t.Errorf("after the list: %s %s", r.Verdict, r.Code)
	}
}

func zipOf(t *testing.T, names []string, data func(name string) []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: n, Method: zip.Deflate})
		noError(t, err)
		if !strings.HasSuffix(n, "/") {
			_, err = w.Write(data(n))
			noError(t, err)
		}
	}
	noError(t, z.Close())
	return b.Bytes()
}

func collected(err error) string {
	var e *CollectError
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

// TestArchives: nothing but whole documents of bounded number and size comes out of an
// archive, and one with a name that was made to hurt is not read at all.
func TestArchives(t *testing.T) {
	small := func(string) []byte { return []byte("{}") }
	good := zipOf(t, []string{"a.json", "photo.png", "sub/", "sub/b.JSONLD", "inner.zip", "sub/deep/c.vc"}, small)
	items := must[[]Item](t)(CollectBytes("x.zip", good))
	if len(items) != 3 || items[1].Place != "x.zip: sub/b.JSONLD" {
		t.Errorf("%v", items)
	}
	for _, name := range []string{"../x.json", "a/../../x.json", "/etc/x.json", "C:\\x.json", "C:/x.json", "a\\x.json", "x\x00.json", "./x.json", "a//x.json", "", ".", "..", "a.json:stream",
		strings.Repeat("d/", 20) + "x.json"} {
		if _, err := CollectBytes("x.zip", zipOf(t, []string{"good.json", name}, small)); collected(err) != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := CollectBytes("x.zip", zipOf(t, []string{"a.json", "A.json"}, small)); collected(err) != "name" {
		t.Errorf("two names that are one: %v", err)
	}
	many := make([]string, 100_000)
	for i := range many {
		many[i] = fmt.Sprintf("%d.json", i)
	}
	if _, err := CollectBytes("x.zip", zipOf(t, many, small)); collected(err) != "entries" {
		t.Errorf("100,000 entries: %v", err)
	}
	zeros := make([]byte, 9<<20)
	if _, err := CollectBytes("x.zip", zipOf(t, []string{"bomb.json"}, func(string) []byte { return zeros })); collected(err) != "total" {
		t.Errorf("one large entry: %v", err)
	}
	eight := make([]byte, 8<<20)
	if _, err := CollectBytes("x.zip", zipOf(t, many[:20], func(string) []byte { return eight })); collected(err) != "total" {
		t.Errorf("160 MB in all: %v", err)
	}
	// The shape of 42.zip: archives in archives. None is opened.
	nested := good
	for range 5 {
		inner := nested
		nested = zipOf(t, []string{"0.zip", "1.zip", "2.zip"}, func(string) []byte { return inner })
	}
	if _, err := CollectBytes("42.zip", nested); collected(err) != "nothing" {
		t.Errorf("nested: %v", err)
	}
	for _, broken := range [][]byte{good[:len(good)-5], []byte("PK\x03\x04"), append([]byte("PK\x03\x04"), make([]byte, 100)...)} {
		if _, err := CollectBytes("x.zip", broken); collected(err) != "archive" {
			t.Errorf("broken: %v", err)
		}
	}
	// A size that lies: the header says little, the data unpacks to much.
	lying := zipOf(t, []string{"x.json"}, func(string) []byte { return zeros })
	if i := bytes.LastIndex(lying, []byte("PK\x01\x02")); i > 0 {
		copy(lying[i+24:], []byte{16, 0, 0, 0})
	}
	if _, err := CollectBytes("x.zip", lying); err == nil {
		t.Error("a lying size was believed")
	}
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret.json")
	noError(t, os.WriteFile(secret, []byte("{}"), 0o600))
	noError(t, os.MkdirAll(filepath.Join(dir, "in", "side"), 0o700))
	for _, n := range []string{"a.json", "in/b.vc", "in/side/c.jsonld", "readme.txt"} {
		noError(t, os.WriteFile(filepath.Join(dir, n), []byte("{}"), 0o600))
	}
	noError(t, os.Symlink(secret, filepath.Join(dir, "link.json")))
	noError(t, os.Symlink(filepath.Dir(secret), filepath.Join(dir, "linked")))
	if items := must[[]Item](t)(Collect(dir)); len(items) != 3 {
		t.Errorf("%v", items)
	}
	if _, err := Collect(t.TempDir()); collected(err) != "nothing" {
		t.Errorf("an empty folder: %v", err)
	}
	deep := t.TempDir()
	noError(t, os.MkdirAll(filepath.Join(deep, strings.Repeat("d/", 12)), 0o700))
	if _, err := Collect(deep); collected(err) != "entries" {
		t.Errorf("a deep folder: %v", err)
	}
	for i := range maxEntries + 1 {
		noError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".txt")), nil, 0o600))
	}
	if _, err := Collect(dir); collected(err) != "entries" {
		t.Errorf("many files: %v", err)
	}
	if _, err := Collect(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestCredentialText: a credential as a text comes back byte for byte, and a text that
// unpacks without end does not.
func TestCredentialText(t *testing.T) {
	raw := []byte(`{"a": [1, 2,   3]}` + strings.Repeat(" ", 5000))
	text := must[string](t)(CredentialText(raw))
	items := must[[]Item](t)(CollectBytes("qr", []byte("\n"+text+"\n")))
	if !bytes.Equal(items[0].Raw, raw) || len(text) > 200 {
		t.Errorf("%d characters", len(text))
	}
	var bomb bytes.Buffer
	f := must[*flate.Writer](t)(flate.NewWriter(&bomb, 9))
	for range 100 {
		f.Write(make([]byte, 1<<20))
	}
	noError(t, f.Close())
	for _, bad := range []string{TextCredential + "!!", TextCredential + "AAAA", text[:len(text)-4],
		TextCredential + base64.RawURLEncoding.EncodeToString(bomb.Bytes())} {
		if _, err := CollectBytes("qr", []byte(bad)); collected(err) != "text" {
			t.Errorf("%.40s: %v", bad, err)
		}
	}
}
