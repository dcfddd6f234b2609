package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/verifier"
)

// showFailures shows what must fail, and how: each is a file in shown/, judged by the
// same trust file.
func (d *demo) showFailures(ctx context.Context) error {
	d.app.say("6. And what must fail, fails.")
	if err := os.MkdirAll(d.path("shown"), 0o755); err != nil {
		return err
	}
	licence := d.board.got.list[0].raw
	altered, err := alter(licence)
	if err != nil {
		return err
	}
	mock, err := d.mockLicence(ctx)
	if err != nil {
		return err
	}
	noLists := *d.evidence
	noLists.Documents = nil
	for _, s := range []struct {
		what, file, expected string
		raw                  []byte
		evidence             *verifier.Evidence
	}{
		{"a claim altered by one letter", "altered.json", "invalid", altered, d.evidence},
		{"the board's name under a foreign key", "foreign-key.json", "invalid", d.impostor.got.list[0].raw, d.evidence},
		{"an issuer nobody here knows", "unknown-issuer.json", "indeterminate", d.stranger.got.list[0].raw, d.evidence},
		{"a revoked licence", "revoked.json", "not-in-force", d.board.got.list[d.count].raw, d.evidence},
		{"an expired licence", "expired.json", "not-in-force", d.board.got.list[d.count+1].raw, d.evidence},
		{"a good licence, its status list taken away", "list-taken-away.json", "indeterminate", licence, &noLists},
		{"a licence on a mock chain", "mock-chain.json", "indeterminate", mock, d.evidence},
	} {
		if err := writeCredential(d.path("shown", s.file), s.raw); err != nil {
			return err
		}
		r := verifier.Check(s.raw, s.evidence, d.trust, d.now)
		row := demoRow{What: s.what, File: "shown/" + s.file, Count: 1, Expected: s.expected, Verdict: r.Verdict.String()}
		if step, stopped := r.Deciding(); stopped {
			row.Code, row.Why = string(step.Code), step.Fact
		}
		d.rows = append(d.rows, row)
	}
	return nil
}

// alter changes one letter of the licence number, as a holder with an editor could.
func alter(raw []byte) ([]byte, error) {
	var doc struct {
		Subject struct {
			Number string `json:"number"`
		} `json:"credentialSubject"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	old := doc.Subject.Number
	if old == "" {
		return nil, errors.New("the licence has no number")
	}
	last := old[len(old)-1]
	other := byte('1')
	if last == other {
		other = '2'
	}
	from, to := `"number":"`+old+`"`, `"number":"`+old[:len(old)-1]+string(other)+`"`
	if bytes.Count(raw, []byte(from)) != 1 {
		return nil, errors.New("the licence number is not where it is looked for")
	}
	return bytes.Replace(raw, []byte(from), []byte(to), 1), nil
}

// mockLicence is issued by the board itself, but anchored nowhere.
func (d *demo) mockLicence(ctx context.Context) ([]byte, error) {
	b, err := d.board.job.issuer.Seal(ctx, "", d.one())
	if err != nil {
		return nil, err
	}
	var got collector
	if err := b.Finish(&got); err != nil {
		return nil, err
	}
	return got.list[0].raw, nil
}

func jsonIndent(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

var _ issuer.Output = (*collector)(nil)
