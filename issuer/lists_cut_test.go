package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/status"
)

// TestPublishListsCut ends the process at every call of a publication: no number is ever
// used for two lists, none goes back, and the next run publishes both forms alike.
func TestPublishListsCut(t *testing.T) {
	is, key := testIssuer(t, nil)
	dir := is.config.Dir
	var out memory
	run(t, is, key, testChain(t, key), InForm(graded(3), FormLD, FormDC), &out)
	var id string
	for _, raw := range out.docs {
		c, err := credential.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if e := c.Envelope(); e != nil {
			id = c.ID()
		}
	}
	if err := is.Revoke(id, "issued in error"); err != nil {
		t.Fatal(err)
	}
	is.Close()
	seen := map[string]map[uint64][]byte{}
	last := map[string]uint64{}
	look := func() {
		files, err := filepath.Glob(filepath.Join(dir, "status", "*.j*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil || strings.HasSuffix(name, ".tmp") {
				continue
			}
			var n uint64
			if strings.HasSuffix(name, ".jwt") {
				token, err := credential.ParseStatusToken(raw)
				if err != nil {
					t.Fatal(err)
				}
				n = token.Sequence
				if bits, err := status.DecodeTokens(token.Encoded, token.Bits); err != nil || !revokesOne(bits) {
					t.Fatalf("%s: %v", name, err)
				}
			} else {
				var doc struct {
					CredentialSubject struct{ Sequence uint64 }
				}
				if err := json.Unmarshal(raw, &doc); err != nil {
					t.Fatal(err)
				}
				n = doc.CredentialSubject.Sequence
			}
			if seen[name] == nil {
				seen[name] = map[uint64][]byte{}
			}
			if old, twice := seen[name][n]; twice && !bytes.Equal(old, raw) {
				t.Fatalf("two lists %s with the number %d", name, n)
			}
			if n < last[name] {
				t.Fatalf("%s: %d after %d", name, n, last[name])
			}
			seen[name][n], last[name] = raw, n
		}
	}
	errCut := errors.New("cut")
	for _, made := range []bool{false, true} {
		for at := 1; ; at++ {
			calls, armed := 0, false
			hook := func(_, _ string, do func() error) error {
				if !armed {
					return do()
				}
				if calls++; calls < at {
					return do()
				}
				if calls == at && made {
					_ = do()
				}
				return errCut
			}
			cut, _ := openTestIssuer(t, dir, func(c *Config) { c.Hook = hook })
			day := testDay.AddDate(0, 0, at)
			armed = true
			_, err := cut.PublishLists(day)
			cut.Close()
			look()
			again, _ := openTestIssuer(t, dir, nil)
			lists, err2 := again.PublishLists(day.AddDate(0, 0, 1))
			again.Close()
			if err2 != nil || len(lists) < 2 {
				t.Fatalf("after call %d: %v", at, err2)
			}
			look()
			if lists[0].Sequence != lists[1].Sequence {
				t.Fatalf("%d and %d", lists[0].Sequence, lists[1].Sequence)
			}
			if err == nil {
				break
			}
		}
	}
}

func revokesOne(l *status.TokenList) bool {
	n := 0
	for i := range l.Len() {
		if v, _ := l.At(i); v != 0 {
			n++
		}
	}
	return n == 1
}
