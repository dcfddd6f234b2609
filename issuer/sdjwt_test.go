package issuer

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
)

// TestFormsAfterCrash ends the sealing of a batch of both forms at every write and goes on:
// the leaves that were spooled stay, and every leaf is that of its document.
func TestFormsAfterCrash(t *testing.T) {
	drafts := InForm(listOf(gradeDraft("one"), gradeDraft("two"), gradeDraft("three")), FormLD, FormSDJWT)
	for at := 1; ; at++ {
		dir := t.TempDir() + "/issuer"
		if err := Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext, Network: anchor.Regtest, From: testDay.AddDate(0, 0, -7)}); err != nil {
			t.Fatal(err)
		}
		writes := 0
		is, _ := openTestIssuer(t, dir, func(c *Config) {
			c.Hook = func(op, name string, do func() error) error {
				if op == "write" && strings.HasSuffix(name, "spool") {
					if writes++; writes == at {
						return errors.Join(errCrash, do())
					}
				}
				return do()
			}
		})
		_, err := is.Seal(context.Background(), "", drafts)
		if cerr := is.Close(); cerr != nil {
			t.Fatal(cerr)
		}
		if writes < at {
			if err != nil || writes != 6 {
				t.Errorf("%d writes, %v", writes, err)
			}
			return
		}
		is, _ = openTestIssuer(t, dir, nil)
		b, err := is.Seal(context.Background(), "", drafts)
		if err != nil {
			t.Fatal(err)
		}
		jwts := 0
		for s, err := range b.documents() {
			if err != nil {
				t.Fatal(err)
			}
			c, err := credential.Parse(s.Doc)
			if err != nil {
				t.Fatal(err)
			}
			if e := c.Envelope(); e != nil {
				jwts++
				if credential.LeafOfJWT(e.JWT) != s.Leaf {
					t.Error("a leaf of another document")
				}
			}
		}
		if b.Count() != 6 || jwts != 3 {
			t.Errorf("crash at %d: %d documents, %d of them SD-JWTs", at, b.Count(), jwts)
		}
		if err := is.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFormIsPartOfTheBatch: the same drafts in another form are another batch, and the same
// form twice is a draft twice.
func TestFormIsPartOfTheBatch(t *testing.T) {
	dir := t.TempDir() + "/issuer"
	if err := Generate(NewIssuer{Dir: dir, ID: "https://issuer.example/issuer.json", Name: "Test", Context: testContext, Network: anchor.Regtest, From: testDay.AddDate(0, 0, -7)}); err != nil {
		t.Fatal(err)
	}
	is, _ := openTestIssuer(t, dir, nil)
	defer is.Close()
	one := listOf(gradeDraft("one"))
	keys := map[string]bool{}
	for _, forms := range [][]Form{{""}, {FormLD}, {FormSDJWT}, {FormLD, FormSDJWT}} {
		key, _, err := is.survey(InForm(one, forms...), "")
		if err != nil {
			t.Fatal(err)
		}
		keys[key] = true
	}
	if len(keys) != 3 { // "" is FormLD
		t.Errorf("%d keys", len(keys))
	}
	var bad *DraftError
	key, count, err := is.survey(Copies(InForm(one, FormLD, FormSDJWT), 3), "")
	if err != nil || count != 4 || keys[key] {
		t.Errorf("copies: %d drafts, %v", count, err)
	}
	for _, forms := range [][]Form{{FormSDJWT, FormSDJWT}, {"pdf"}} {
		if _, _, err := is.survey(InForm(one, forms...), ""); !errors.As(err, &bad) {
			t.Errorf("%v: %v", forms, err)
		}
	}
	unmapped := maps.Clone(gradeDraft("one"))
	unmapped["surprise"] = "x"
	if _, err := is.Seal(context.Background(), "", InForm(listOf(unmapped), FormSDJWT)); !errors.As(err, &bad) {
		t.Errorf("an undefined term: %v", err)
	}
}
