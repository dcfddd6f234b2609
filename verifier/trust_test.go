package verifier_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// TestTrustFaults: a trust file at fault is refused with the place of the fault, never
// read as one that trusts less or more.
func TestTrustFaults(t *testing.T) {
	const good = `{"version":1,"networks":["regtest"],"issuers":[{"id":"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK","label":"A","types":["*"]}]}`
	if _, err := verifier.ParseTrust([]byte(good), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, place string }{
		"version-other":       {`"version":1`, `"version":2`, "/version"},
		"version-missing":     {`"version":1,`, ``, "/version"},
		"member-unknown":      {`"version":1`, `"version":1,"insecure":true`, "/"},
		"member-other-case":   {`"networks"`, `"Networks"`, "/"},
		"member-twice":        {`"version":1`, `"version":1,"version":1`, "/"},
		"network-unknown":     {`"regtest"`, `"moonnet"`, "/networks/0"},
		"network-mock":        {`"regtest"`, `"mocknet"`, "/networks/0"},
		"anchor-word":         {`"version":1`, `"version":1,"anchor":"no"`, "/anchor"},
		"confirmations":       {`"version":1`, `"version":1,"minConfirmations":-1`, "/minConfirmations"},
		"fact-unknown":        {`"version":1`, `"version":1,"weakestChainFact":"rumour"`, "/weakestChainFact"},
		"age-word":            {`"version":1`, `"version":1,"statusMaxAge":"a week"`, "/statusMaxAge"},
		"age-zero":            {`"version":1`, `"version":1,"statusMaxAge":"0h"`, "/statusMaxAge"},
		"issuer-no-label":     {`"label":"A",`, ``, "/issuers/0"},
		"issuer-twice":        {`"issuers":[`, `"issuers":[{"id":"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK","label":"B"},`, "/issuers/1/id"},
		"document-of-another": {`"types"`, `"document":{"id":"https://b.example/"},"types"`, "/issuers/0/document/id"},
		"document-broken":     {`"types"`, `"document":{},"types"`, "/issuers/0/document"},
		"key-bad":             {`"types"`, `"keys":[{"id":"x","publicKeyMultibase":"z1"}],"types"`, "/issuers/0/keys/0/publicKeyMultibase"},
		"key-nowhere":         {`"types"`, `"keys":[{"id":"x"}],"types"`, "/issuers/0/keys/0"},
		"key-time-local":      {`"types"`, `"keys":[{"id":"x","from":"2026-01-01T00:00:00+01:00"}],"types"`, "/"},
		"message-code":        {`"types"`, `"inForce":{"T":[256]},"types"`, "/issuers/0/inForce/T"},
		"root-short":          {`"types"`, `"roots":["00"],"types"`, "/"},
		"context-no-bytes":    {`"version":1`, `"version":1,"contexts":[{"url":"https://a.example/c","sha256":"00"}]`, "/contexts/0"},
		"context-digest":      {`"version":1`, `"version":1,"contexts":[{"url":"https://a.example/c","sha256":"00","bytes":"e30"}]`, "/contexts/0"},
		"context-file":        {`"version":1`, `"version":1,"contexts":[{"url":"https://a.example/c","sha256":"00","file":"c"}]`, "/contexts/0"},
		"inline-digest":       {`"version":1`, `"version":1,"inlineContexts":["zz"]`, "/inlineContexts/0"},
		"checkpoints-digest":  {`"version":1`, `"version":1,"checkpoints":{"mainnet":{"sha256":"00","bytes":"AAAA"}}`, "/checkpoints/mainnet"},
		"checkpoints-network": {`"version":1`, `"version":1,"checkpoints":{"moonnet":{"sha256":"00","bytes":"AAAA"}}`, "/checkpoints/moonnet"},
		"headers-digest":      {`"version":1`, `"version":1,"headers":{"regtest":{"sha256":"00","bytes":"AAAA"}}`, "/headers/regtest"},
		"not-json":            {good, `no`, "/"},
	} {
		bent := strings.Replace(good, c.old, c.new, 1)
		if bent == good {
			t.Fatalf("%s changes nothing", name)
		}
		_, err := verifier.ParseTrust([]byte(bent), nil)
		var fault *verifier.TrustError
		if !errors.As(err, &fault) || fault.Path != c.place {
			t.Errorf("%s: %v, want the place %s", name, err, c.place)
		}
	}
}

// TestBuiltinContextStays: a trust file cannot give a public URL another meaning.
func TestBuiltinContextStays(t *testing.T) {
	other := []byte(`{"@context":{"name":"https://evil.example/name"}}`)
	if err := new(verifier.Trust).PinContext("https://www.w3.org/ns/credentials/v2", other); err == nil {
		t.Error("the credentials context was replaced")
	}
}

func TestEvidenceFaults(t *testing.T) {
	for name, text := range map[string]string{
		"version-other":    `{"version":2}`,
		"member-unknown":   `{"version":1,"proofs":{}}`,
		"transaction-name": `{"version":1,"transactions":{"abc":{"coinbase":"","meta":{"created":"","height":0,"network":"regtest","tool":"","txid":""},"prevTxs":[],"tx":"","txOutProof":""}}}`,
		"transaction-null": `{"version":1,"transactions":{"d75b7a5bdb3d5244b753e6b84e987267cfa4ffa7a532a2ed49ad3848be1d82f8":null}}`,
		"network-unknown":  `{"version":1,"headers":{"moonnet":[]}}`,
		"document-bytes":   `{"version":1,"documents":{"u":[{"mediaType":"","at":"2026-01-01T00:00:00Z","bytes":"!"}]}}`,
		"document-time":    `{"version":1,"documents":{"u":[{"mediaType":"","at":"yesterday","bytes":""}]}}`,
		"hex-upper-case":   `{"version":1,"headers":{"regtest":[{"start":0,"headers":"AA"}]}}`,
		"not-json":         `[`,
	} {
		var fault *verifier.TrustError
		if _, err := verifier.ParseEvidence([]byte(text)); !errors.As(err, &fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseTrust(f *testing.F) {
	f.Add([]byte(`{"version":1,"networks":["regtest"],"issuers":[{"id":"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK","label":"A"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		verifier.ParseTrust(data, func(string) ([]byte, error) { return nil, errors.New("none") })
	})
}

func FuzzParseEvidence(f *testing.F) {
	f.Add([]byte(`{"version":1,"headers":{"regtest":[{"start":0,"headers":"00"}]},"documents":{"u":[{"mediaType":"","at":"2026-01-01T00:00:00Z","bytes":""}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := verifier.ParseEvidence(data)
		if err != nil {
			return
		}
		out, err := e.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.ParseEvidence(out); err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, out)
		}
	})
}

// FuzzCheck throws documents and evidence at Check: a report every time, and never a
// valid one, since nobody is trusted.
func FuzzCheck(f *testing.F) {
	w := newWorld(f, licenceDraft("L-1"))
	ev, err := w.evidence().Marshal()
	w.must(err)
	f.Add(w.creds[0], ev)
	f.Add([]byte(`{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],"issuer":"did:a:b","proof":[]}`), []byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, raw, evidence []byte) {
		e, err := verifier.ParseEvidence(evidence)
		if err != nil {
			e = nil
		}
		r := verifier.Check(raw, e, nil, now)
		if r.Verdict == verifier.Valid {
			t.Fatal("valid by nobody's word")
		}
		if _, err := r.JSON(); err != nil {
			t.Fatal(err)
		}
	})
}
