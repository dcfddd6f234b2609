package verifier_test

import (
	"errors"
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

// TestOpenList: a whole list is opened under the rules by which it counts for a document.
func TestOpenList(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	list := w.signedList("message", func(d object) {
		at(d, "credentialSubject").(object)["encodedList"] = bits(4, map[int]uint8{5: 3, 9: 1})
	})
	good := verifier.NewChecker(w.withList(list), w.trust(nil))
	l, err := good.List(worldID, messageURL, "message", 4, now)
	w.must(err)
	for i, want := range map[int]uint8{4: 0, 5: 3, 9: 1} {
		if v, err := l.Bits.At(i); v != want || err != nil {
			t.Errorf("entry %d: %d, %v", i, v, err)
		}
	}
	if l.Sequence == 0 || l.From.IsZero() || len(l.SHA256) != 64 {
		t.Errorf("%+v", l.ListFact)
	}
	forged := bent(t, list, func(d object) { at(d, "credentialSubject").(object)["encodedList"] = bits(4, nil) })
	for name, c := range map[string]struct {
		k                    *verifier.Checker
		issuer, url, purpose string
		size                 int
		code                 verifier.Code
	}{
		"stranger":        {good, "https://nobody.example/issuer.json", messageURL, "message", 4, "issuer-unknown"},
		"no such list":    {good, worldID, "https://board.example/status/none.json", "message", 4, "revocation-unknown"},
		"another purpose": {good, worldID, messageURL, "suspension", 4, "status-list-purpose"},
		"altered":         {verifier.NewChecker(w.withList(forged), w.trust(nil)), worldID, messageURL, "message", 4, "status-list-signature"},
		"rolled back": {verifier.NewChecker(w.withList(list), w.trust(func(f object) { f["statusFloor"] = object{messageURL: 99} })), worldID, messageURL, "message", 4,
			"snapshot-rollback"},
	} {
		var e *verifier.CheckError
		if _, err := c.k.List(c.issuer, c.url, c.purpose, c.size, now); !errors.As(err, &e) || e.Code != c.code || e.Verdict != verifier.Indeterminate {
			t.Errorf("%s: %v", name, err)
		}
	}
}
