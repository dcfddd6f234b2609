package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestMisuse: what is missing is said, and no token is needed to say it. Signing itself
// is tested with the package, where a token is.
func TestMisuse(t *testing.T) {
	for _, args := range [][]string{
		nil, {"sign"}, {"sing"}, {"public", "--module", "m", "--token", "t"},
		{"sign", "--module", "m", "--token", "t", "--key", "k", "--in", "tx.psbt"},
		{"public", "--module", "m", "--token", "t", "--key", "k", "more"},
		{"public", "--pin", "1234"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != exitUsage || out.Len() > 0 || errs.Len() == 0 {
			t.Errorf("%v: status %d, %q %q", args, code, out.String(), errs.String())
		}
		if strings.Contains(strings.Join(args, " "), "--pin ") && !strings.Contains(errs.String(), "not defined") {
			t.Error(errs.String())
		}
	}
}
