package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// TestPrivateType: a place at a hospital has no entry in any list that a past verifier could
// watch. Fresh it is valid; after its seven days it is not in force, and only a new one,
// which the holder fetches, says more (PR-14).
func TestPrivateType(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC().Truncate(time.Second)
	place := licensure.Affiliation{
		Envelope: licensure.Envelope{Title: "Place at a hospital", Holder: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
			Person: licensure.Person{FamilyName: "Ostrowe", GivenName: "Ilva"}, ValidFrom: now, ValidUntil: now.Add(licensure.ShortLived), Confidence: licensure.Primary, Synthetic: true,
			Evidence: []licensure.Evidence{{Source: "the hospital", Method: licensure.DirectFromSource, VerifiedAt: now, VerifierRole: "medical staff office"}}},
		Facility: "Tarnbeck General Hospital", Category: "attending", Period: licensure.Period{From: "2020-01-01"}, Standing: "active"}
	draft, err := place.Draft()
	must(err)
	raw, err := json.Marshal(draft)
	must(err)
	must(os.WriteFile(d("draft.json"), raw, 0o600))
	wantStatus(t, 0, "keygen", "--out", d("hospital"), "--network", "regtest", "--id", "https://hospital.example/issuer.json", "--name", "Tarnbeck General")
	wantStatus(t, 0, "issue", "--issuer", d("hospital"), "--in", d("draft.json"), "--out", d("credentials"))
	files, err := filepath.Glob(d("credentials", "*.json"))
	must(err)
	if len(files) != 1 {
		t.Fatal(files)
	}
	issued, err := os.ReadFile(files[0])
	must(err)
	var doc map[string]any
	must(json.Unmarshal(issued, &doc))
	if doc["credentialStatus"] != nil {
		t.Errorf("an entry in a list: %v", doc["credentialStatus"])
	}
	wantStatus(t, 0, "evidence", "--issuer", d("hospital"), "--out", d("evidence.json"), files[0])
	args := []string{"verify", "--trust", d("hospital", "trust.json"), "--evidence", d("evidence.json"), files[0], "--at"}
	wantStatus(t, 0, append(args, now.Add(time.Hour).Format(time.RFC3339))...)
	wantStatus(t, 3, append(args, now.Add(licensure.ShortLived).Format(time.RFC3339))...)
}
