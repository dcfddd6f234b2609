package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// TestPlantedFailures plants twenty failures as a clerk would meet them. With the text of
// the command alone, each must name its cause and what to do next.
func TestPlantedFailures(t *testing.T) {
	dir := t.TempDir()
	d := func(names ...string) string { return filepath.Join(append([]string{dir, "D"}, names...)...) }
	wantStatus(t, 0, "demo", "--count", "1", "--out", d())
	licence := licenceOf(t, d("credentials"))
	base := []string{"verify", "--trust", d("trust.json"), "--evidence", d("evidence.json"), licence}
	txid := txidOf(t, append([]string{"verify", "--json"}, base[1:]...))
	subject := func(v map[string]any) map[string]any { return v["credentialSubject"].(map[string]any) }
	tx := func(v map[string]any) map[string]any {
		return v["transactions"].(map[string]any)[txid].(map[string]any)
	}
	board := func(v map[string]any) map[string]any {
		for _, e := range v["issuers"].([]any) {
			if m := e.(map[string]any); m["id"] == boardID {
				return m
			}
		}
		return nil
	}
	cases := []struct {
		name, file string
		change     func(map[string]any)
		extra      []string
		status     int
		code       verifier.Code
	}{
		{"a name was retyped", "credential", func(v map[string]any) { subject(v)["number"] = "1" }, nil, 1, "signature"},
		{"a degree was added", "credential", func(v map[string]any) { v["degreeOfHonour"] = "MD" }, nil, 1, "unmapped-term"},
		{"the end was moved", "credential", func(v map[string]any) { v["validUntil"] = "2099-01-01T00:00:00Z" }, nil, 1, "signature"},
		{"a zone was cut off", "credential", func(v map[string]any) { v["validUntil"] = "2027-01-01T00:00:00" }, nil, 1, "malformed-date"},
		{"the signature was cut out", "credential", func(v map[string]any) { v["proof"] = v["proof"].([]any)[1:] }, nil, 1, "target-hash"},
		{"the anchor was cut out", "credential", func(v map[string]any) { v["proof"] = v["proof"].([]any)[:1] }, nil, 2, "no-anchor"},
		{"all proofs were cut out", "credential", func(v map[string]any) { delete(v, "proof") }, nil, 2, "no-proof"},
		{"a context nobody knows", "credential", func(v map[string]any) { v["@context"] = append(v["@context"].([]any), "https://x.example/c") }, nil, 2, "context-unknown"},
		{"the evidence lacks the transaction", "evidence", func(v map[string]any) { delete(v["transactions"].(map[string]any), txid) }, nil, 2, "no-evidence"},
		{"the evidence lacks headers", "evidence", func(v map[string]any) { delete(v, "headers") }, nil, 2, "no-headers"},
		{"the block proof was cut", "evidence", func(v map[string]any) {
			s := tx(v)["txOutProof"].(string)
			tx(v)["txOutProof"] = s[:len(s)-2]
		}, nil, 1, "tx-inclusion"},
		{"the lists are missing", "evidence", func(v map[string]any) { delete(v, "documents") }, nil, 2, "revocation-unknown"},
		{"the lists are old", "trust", func(v map[string]any) { v["statusMaxAge"] = "1h" },
			[]string{"--at", time.Now().UTC().Add(2 * time.Hour).Format(time.RFC3339)}, 2, "status-stale"},
		{"nobody is trusted", "trust", func(v map[string]any) { v["issuers"] = []any{} }, nil, 2, "issuer-unknown"},
		{"another type", "trust", func(v map[string]any) { board(v)["types"] = []any{"MedicalDegreeCredential"} }, nil, 1, "type-not-authorised"},
		{"another place", "trust", func(v map[string]any) { board(v)["jurisdictions"] = []any{"X01"} }, nil, 1, "place-not-authorised"},
		{"the key has gone", "trust", func(v map[string]any) {
			doc := board(v)["document"].(map[string]any)
			doc["verificationMethod"] = doc["verificationMethod"].([]any)[1:]
		}, nil, 1, "issuer-key"},
		{"the address has gone", "trust", func(v map[string]any) { delete(board(v)["document"].(map[string]any), "publicKey") }, nil, 1, "issuing-address"},
		{"regtest is not accepted", "trust", func(v map[string]any) { v["networks"] = []any{"mainnet"} }, nil, 2, "network-not-accepted"},
		{"more confirmations are asked", "trust", func(v map[string]any) { v["minConfirmations"] = 99 }, nil, 2, "confirmations"},
		{"no word on what is in force", "trust", func(v map[string]any) { delete(board(v), "inForce") }, nil, 2, "in-force-not-stated"},
	}
	if len(cases) < 20 {
		t.Fatalf("%d failures", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			args := append(append([]string(nil), base...), c.extra...)
			if c.change != nil {
				at := map[string]int{"trust": 2, "evidence": 4, "credential": 5}[c.file]
				to := filepath.Join(filepath.Dir(args[2]), "planted.json")
				editJSON(t, args[at], to, c.change)
				args[at] = to
			}
			for name, l := range languages {
				out, _ := wantStatus(t, c.status, append(args, "--lang", name)...)
				if !strings.Contains(out, l.cause(c.code)+" ("+string(c.code)+")") || !strings.Contains(out, "→ "+l.next(c.code)) {
					t.Errorf("%s: cause and next step of %s are not told:\n%s", name, c.code, out)
				}
			}
		})
	}
}
