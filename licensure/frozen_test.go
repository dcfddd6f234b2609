package licensure_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/status"
)

// TestFrozenBytes holds what two machines must agree on to digests written down once: the
// log's head, what the cascade derives, the ruleset, a list's decoys. A change
// here is a change for everybody who has anchored or signed one.
func TestFrozenBytes(t *testing.T) {
	hash := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	r := compactRules()
	c, err := r.Cascade(aHolderOf(), acts{by(1, "o1", licensure.Suspension, 10, 10), by(2, "o2", licensure.Revocation, 20, 20), vacateBy(2, "o3", "o2", 25, 25)})
	must(t, err)
	cascade, err := c.Bytes()
	must(t, err)
	log := newLog(t)
	must(t, log.Issue(act("o1", licensure.Suspension, 10, 10), aDigest))
	must(t, log.Issue(act("o2", licensure.Reinstatement, 20, 20), bDigest))
	evaluation, err := evaluate(t, r, licensure.Application{Principal: "X01", At: judgedAt}).Bytes()
	must(t, err)
	ledger, err := licensure.NewLedger(131072, bytes.NewReader(make([]byte, 32)))
	must(t, err)
	for what, c := range map[string][2]string{
		"cascade":    {hash(cascade), frozen["cascade"]},
		"head":       {log.Head(day(30)).Digest, frozen["head"]},
		"evaluation": {hash(evaluation), frozen["evaluation"]},
		"ruleset":    {r.Digest(), frozen["ruleset"]},
		"decoys":     {hash(values(t, project(t, ledger, licensure.Active))), frozen["decoys"]},
		"policy":     {policy(t, "ncqa-accreditation").Digest(), frozen["policy"]},
		"context":    {hash(licensure.Context()), frozen["context"]},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is now %q", what, c[0])
		}
	}
}

// values are the entries of a list, a byte each: how they are compressed is not ours to fix.
func values(t *testing.T, bits *status.Bitstring) []byte {
	t.Helper()
	out := make([]byte, bits.Len())
	for i := range out {
		v, err := bits.At(i)
		must(t, err)
		out[i] = v
	}
	return out
}

var frozen = map[string]string{
	"cascade":    "e976d765fe05133306204913febf177b0241b55077f007d2cc7c8f488b5dbdbe",
	"head":       "770e4d807a266301c4249515e27ad11778ea9d58349ed9d8d32c148f0d58d947",
	"evaluation": "e61f5eb0c3f18f0e9a6d989ec189123db7f21d48bd6f290022689ccdc180a072",
	"ruleset":    "d8305f57fd4345ceeec8fd06e605b1f7b4c6ba9acf9e41fae9f2353bc1aa5480",
	"policy":     "611801bcd8c3e34ff5d5ba6f1e6d3c500099721a7729e2429d4f173522ce4da7",
	"context":    "f0a0912fd1b6c33a7d10d70719d9b83699332b66235a0c797b8f0594cd6a4867",
	"decoys":     "0db66ff7a703a52132d94f6b97751a16f74b99471568dd347fd5b0d64a46386f",
}
