package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/licensure"
)

// naughtyStrings are the Big List of Naughty Strings, and what a terminal would obey.
func naughtyStrings(t *testing.T) []string {
	t.Helper()
	var list []string
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/blns/blns.json"), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 500 {
		t.Fatalf("%d strings, over 500 are known", len(list))
	}
	return append(list, obeyed...)
}

// obeyed move the cursor, clear the screen, set the title, ring, turn the direction of
// writing, or begin a line that the program did not write.
var obeyed = []string{"\x1b[2J\x1b[1;1HVALID", "\x1b]0;title\x07", "\u009b31m", "\x7f", "a\rVALID", "a\nVALID", "\u202eevil\u202c",
	"\u2066x\u2069", "\ufeff", "\u2028VALID", "\u0085VALID", "\x08\x08\x08", "\u200b", "\U000e0001"}

// wantHarmless checks that what was printed holds nothing that a terminal obeys but the
// ends of lines.
func wantHarmless(t *testing.T, what, out string) {
	t.Helper()
	for i, r := range out {
		if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029') {
			from := max(0, i-40)
			t.Errorf("%s: %U reaches the terminal: %q", what, r, out[from:min(len(out), i+20)])
			return
		}
	}
}

// callHarmless runs a command line and checks both of its outputs.
func callHarmless(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	status, stdout, stderr = call(t, args...)
	wantHarmless(t, fmt.Sprintf("%s, standard output of %+q", args[0], args[1:]), stdout)
	wantHarmless(t, fmt.Sprintf("%s, standard error of %+q", args[0], args[1:]), stderr)
	return status, stdout, stderr
}

func TestPrintable(t *testing.T) {
	for _, s := range naughtyStrings(t) {
		wantHarmless(t, "printable", printable(s))
		if one := oneLine(s); strings.Contains(one, "\n") {
			t.Errorf("oneLine(%+q) has two lines", s)
		} else {
			wantHarmless(t, "oneLine", one)
		}
	}
	// What people write stays as it is.
	for _, s := range []string{"Ilva Ostrowe", "Đorđe Ćurčić", "王 小明", "Ünïcödé – “quotes”", "عمر"} {
		if printable(s) != s || oneLine(s) != s {
			t.Errorf("%q becomes %q", s, printable(s))
		}
	}
}

// TestNaughtyCredentials prints every string wherever the report repeats what a credential
// says of itself.
func TestNaughtyCredentials(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir, "D"}, names...)...) }
	wantStatus(t, 0, "demo", "--count", "1", "--out", d())
	licence := licenceOf(t, d("credentials"))
	how := [][]string{{}, {"--explain"}, {"--json"}, {"--lang", "fr"}}
	files := make([][]string, len(how))
	for i, s := range naughtyStrings(t) {
		name := filepath.Join(dir, fmt.Sprintf("bent-%d.json", i))
		places := []func(map[string]any){
			func(v map[string]any) { v["id"] = s },
			func(v map[string]any) { v["type"] = append(v["type"].([]any), s) },
			func(v map[string]any) { v["issuer"] = map[string]any{"id": s, "name": s} },
			func(v map[string]any) { v[s] = s },
			func(v map[string]any) {
				v["credentialStatus"].([]any)[0].(map[string]any)["statusListCredential"] = s
			},
			func(v map[string]any) { v["proof"].([]any)[0].(map[string]any)["verificationMethod"] = s },
			func(v map[string]any) { v["@context"] = append(v["@context"].([]any), s) },
		}
		editJSON(t, licence, name, places[i%len(places)])
		files[i%len(how)] = append(files[i%len(how)], name)
	}
	for i, flags := range how {
		args := append([]string{"verify", "--trust", d("trust.json"), "--evidence", d("evidence.json")}, flags...)
		status, stdout, _ := callHarmless(t, append(args, files[i]...)...)
		if status != 1 || strings.Contains(stdout, "\nVALID") || strings.Contains(stdout, `"verdict":"valid"`) {
			t.Errorf("%v: exit status %d, or something valid", flags, status)
		}
	}
	for _, s := range obeyed { // these everywhere, in every way
		for _, how := range [][]string{{"--explain"}, {"--json"}} {
			name := filepath.Join(dir, "bent.json")
			editJSON(t, licence, name, func(v map[string]any) {
				v["id"], v["issuer"] = s, map[string]any{"id": s, "name": s}
				v["type"] = append(v["type"].([]any), s)
			})
			callHarmless(t, append([]string{"verify", "--trust", d("trust.json"), name}, how...)...)
		}
	}
}

// TestNaughtyDrafts issues every string as a name, as far as the rules of the field let it
// be one, and prints what was issued and what was refused.
func TestNaughtyDrafts(t *testing.T) {
	dir := t.TempDir()
	d := func(name string) string { return filepath.Join(dir, name) }
	var good []string
	var lines []byte
	for i, s := range naughtyStrings(t) {
		draft := map[string]any{"type": []any{"CertificateCredential"}, "name": "Certificate of completion", "validFrom": "2026-07-01T08:00:00Z",
			"credentialSubject": map[string]any{"person": map[string]any{"familyName": s, "givenName": "Norben"},
				"programme": fmt.Sprint("Course ", i), "award": "Certificate", "awardedOn": "2026-06-30"},
			"evidence": map[string]any{"type": "SourceVerification", "source": "Examination office", "method": "direct-from-source",
				"verifiedAt": "2026-06-30T16:00:00Z", "verifierRole": "examiner"},
			"confidenceClass": "primary"}
		line, err := json.Marshal(draft)
		if err != nil {
			t.Fatal(err)
		}
		if licensure.CheckDraft(draft) == nil {
			good, lines = append(good, s), append(append(lines, line...), '\n')
		} else if i%40 == 0 || slices.Contains(obeyed, s) {
			write(t, d("refused.jsonl"), line)
			status, _, stderr := callHarmless(t, "issue", "--issuer", d("board"), "--in", d("refused.jsonl"), "--out", d("out"))
			if status != 64 {
				t.Errorf("%+q: exit status %d\n%s", s, status, stderr)
			}
		}
	}
	if len(good) < 300 {
		t.Fatalf("only %d strings may be names", len(good))
	}
	write(t, d("drafts.jsonl"), lines)
	for _, args := range [][]string{
		{"keygen", "--out", d("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board \x1b[31m\u202e"},
		{"issue", "--issuer", d("board"), "--in", d("drafts.jsonl"), "--out", d("out")},
	} {
		if status, stdout, stderr := callHarmless(t, args...); status != 0 {
			t.Fatalf("%v: %d\n%s%s", args, status, stdout, stderr)
		}
	}
	names, err := filepath.Glob(d("out") + "/*.json")
	if err != nil || len(names) != len(good) {
		t.Fatalf("%d credentials of %d, %v", len(names), len(good), err)
	}
	issued := map[string]bool{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			CredentialSubject struct{ Person struct{ FamilyName string } }
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		issued[v.CredentialSubject.Person.FamilyName] = true
	}
	for _, s := range good {
		if !issued[s] {
			t.Errorf("%+q was not issued as written", s)
		}
	}
	callHarmless(t, append([]string{"verify", "--explain", "--trust", d("board/trust.json")}, names[:50]...)...)
	t.Logf("%d strings issued as names, to the byte", len(good))
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNaughtyNames gives files, ids and flags every string for a name.
func TestNaughtyNames(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir, "D"}, names...)...) }
	wantStatus(t, 0, "demo", "--count", "1", "--out", d())
	raw, err := os.ReadFile(licenceOf(t, d("credentials")))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for i, s := range naughtyStrings(t) {
		if s != "" && !strings.ContainsAny(s, "/\x00") && len(s) < 200 {
			files = append(files, filepath.Join(dir, s+".json"))
			write(t, files[len(files)-1], raw)
		}
		if i%7 != 0 && !slices.Contains(obeyed, s) {
			continue
		}
		callHarmless(t, "verify", "--trust", d("trust.json"), "--", s)
		callHarmless(t, "verify", "--trust", s, licenceOf(t, d("credentials")))
		callHarmless(t, "verify", s)
		callHarmless(t, "status", "show", "--issuer", s, "--", s)
		callHarmless(t, "issue", "--issuer", s, "--in", s, "--out", filepath.Join(dir, "out"))
		callHarmless(t, "verify", "--trust", d("trust.json"), "--at", s, "x.json")
	}
	args := []string{"verify", "--trust", d("trust.json"), "--evidence", d("evidence.json"), "--"}
	status, stdout, stderr := callHarmless(t, append(args, files...)...)
	if want := fmt.Sprintf("%d valid, 0 not in force", len(files)); status != 0 || !strings.Contains(stdout, want) {
		t.Errorf("exit status %d, want %s\n%s", status, want, stderr)
	}
	for _, s := range obeyed {
		callHarmless(t, s)
		callHarmless(t, "verify", "--"+s)
		callHarmless(t, "verify", "--trust="+s, "--lang="+s, "x.json")
		callHarmless(t, "status", s, "--issuer", d("issuer"))
		callHarmless(t, "evidence", "--out", filepath.Join(dir, "e.json"), "--", s)
		callHarmless(t, "keygen", "--out", filepath.Join(dir, "k"), "--network", s, "--id", s, "--name", s)
		callHarmless(t, "synth", "--count", s)
		callHarmless(t, "help", s)
	}
	if len(files) < 250 {
		t.Errorf("%d strings as names of files", len(files))
	}
	t.Logf("%d strings as names of files", len(files))
}
