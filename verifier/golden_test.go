package verifier_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// golden are the folders of testdata/golden with the SHA-256 of their files. They hold what
// was once written to a disk somewhere: every later release must read it and say the same.
// A line is never changed and a folder never written again; new ones may be added with
// CERTANCHOR_WRITE_GOLDEN=1.
var golden = []struct{ name, digest string }{
	{"valid", "7909ea85393fc5151702d1b7327a27fb6c57094456ce70c27a0c994cc38ac7b3"},
	{"revoked", "8b74e0ac143acd610ecf0589248f7b7ec6f6dff4d0d77d2a276e33bb8d41b1ab"},
	{"altered", "e5537a154458a587a8ef425ba488a6fe2074129ef9d0e42856c51bff74f26205"},
	{"issuer-unknown", "c4d21c86d5aaa47b1ef8d30a1f806db0077dbfb7283a4677bc9ff3d7f5871685"},
	{"lists-missing", "88fdaa063595deb280026e13ceeb6babfc787de12d3b51a06a498148aeab20ff"},
	{"list-edited", "b2cef203dd9ca6a272a1cff4785f26c2d5338938186bba8292012d7f48067a1d"},
	{"lists-too-old", "79e4017538085a99bc7240f59d39afa26fb8eb8be086e612f16513c04266ed05"},
	{"headers-missing", "d51168e9ee9aca7fd5d0e0026b45025b689baae9084232733a038eb6768db91d"},
	{"transaction-missing", "f9de213957ba6ec48ae53372c489fa5087e63219a5616c62e779e023e0f241d0"},
	{"expired", "891159ab34807dfb6b8973d5d17188a027448cedc2a19dd522f33413e3a4dc84"},
}

var goldenFiles = []string{"credential.json", "evidence.json", "trust.json", "moment.txt", "report.json"}

// TestGolden judges the golden set. The wording of facts and details may improve; all
// else of a report stands.
func TestGolden(t *testing.T) {
	if os.Getenv("CERTANCHOR_WRITE_GOLDEN") != "" {
		writeGolden(t)
	}
	if len(golden) < 8 {
		t.Fatalf("%d cases", len(golden))
	}
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			file, sum := map[string][]byte{}, sha256.New()
			for _, name := range goldenFiles {
				raw, err := os.ReadFile(filepath.Join("testdata", "golden", g.name, name))
				if err != nil {
					t.Fatal(err)
				}
				file[name] = raw
				sum.Write(raw)
			}
			if got := hex.EncodeToString(sum.Sum(nil)); got != g.digest {
				t.Fatalf("the files have digest %s, frozen is %s: put them back", got, g.digest)
			}
			got := goldenReport(t, file)
			if g, w := withoutWords(t, got), withoutWords(t, file["report.json"]); !bytes.Equal(g, w) {
				t.Errorf("the report is now\n%s\nand was\n%s", g, w)
			}
		})
	}
}

func goldenReport(t *testing.T, file map[string][]byte) []byte {
	t.Helper()
	trust, err := verifier.ParseTrust(file["trust.json"], nil)
	if err != nil {
		t.Fatal(err)
	}
	evidence, err := verifier.ParseEvidence(file["evidence.json"])
	if err != nil {
		t.Fatal(err)
	}
	moment, err := time.Parse(time.RFC3339, strings.TrimSpace(string(file["moment.txt"])))
	if err != nil {
		t.Fatal(err)
	}
	report, err := verifier.Check(file["credential.json"], evidence, trust, moment).JSON()
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// withoutWords is a report without its English.
func withoutWords(t *testing.T, raw []byte) []byte {
	t.Helper()
	report := parsedAny(t, raw)
	var strip func(v any)
	strip = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			delete(x, "fact")
			delete(x, "detail")
			for _, e := range x {
				strip(e)
			}
		case []any:
			for _, e := range x {
				strip(e)
			}
		}
	}
	strip(report)
	out, err := strictjson.Canonical(report)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// writeGolden makes the folders that are not there yet.
func writeGolden(t *testing.T) {
	w := seededWorld(t, "golden", licenceDraft("L-1"), licenceDraft("L-2"))
	trusted, evidence := w.trustFile(nil), w.evidence()
	nobody := w.trustFile(func(f map[string]any) { f["issuers"] = []any{} })
	altered := bent(t, w.creds[0], func(d object) { at(d, "credentialSubject").(object)["number"] = "L-7" })
	noLists, noHeaders, noAnchor := w.evidence(), w.evidence(), w.evidence()
	noLists.Documents, noHeaders.Headers, noAnchor.Transactions = nil, nil, nil
	edited := w.withList(bent(t, w.lists[0].Bytes, func(d object) { d["validFrom"] = "2026-07-01T11:30:00Z" }))
	w.must(w.issuer.Revoke(decoded(t, w.creds[1])["id"].(string), "issued in error"))
	var err error
	w.lists, err = w.issuer.PublishLists(now.Add(-30 * time.Minute))
	w.must(err)
	for _, g := range []struct {
		name       string
		credential []byte
		evidence   *verifier.Evidence
		trust      []byte
		moment     time.Time
	}{
		{"valid", w.creds[0], evidence, trusted, now},
		{"revoked", w.creds[1], w.evidence(), trusted, now},
		{"altered", altered, evidence, trusted, now},
		{"issuer-unknown", w.creds[0], evidence, nobody, now},
		{"lists-missing", w.creds[0], noLists, trusted, now},
		{"list-edited", w.creds[0], edited, trusted, now},
		{"lists-too-old", w.creds[0], evidence, trusted, now.Add(60 * 24 * time.Hour)},
		{"headers-missing", w.creds[0], noHeaders, trusted, now},
		{"transaction-missing", w.creds[0], noAnchor, trusted, now},
		{"expired", w.creds[0], evidence, trusted, now.AddDate(2, 0, 0)},
	} {
		dir := filepath.Join("testdata", "golden", g.name)
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		raw, err := g.evidence.Marshal()
		w.must(err)
		file := map[string][]byte{"credential.json": g.credential, "evidence.json": raw, "trust.json": g.trust,
			"moment.txt": []byte(g.moment.Format(time.RFC3339) + "\n")}
		var report bytes.Buffer
		w.must(json.Indent(&report, goldenReport(t, file), "", "  "))
		file["report.json"] = append(report.Bytes(), '\n')
		w.must(os.MkdirAll(dir, 0o755))
		sum := sha256.New()
		for _, name := range goldenFiles {
			w.must(os.WriteFile(filepath.Join(dir, name), file[name], 0o644))
			sum.Write(file[name])
		}
		t.Logf("\t{%q, %q},", g.name, hex.EncodeToString(sum.Sum(nil)))
	}
}
