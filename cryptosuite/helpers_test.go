package cryptosuite

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// vectors is where the test vectors of the recommendations lie.
const vectors = "conformance/w3c/vectors/"

// testContexts are the built-in ones and those that the vectors and the sample issuer
// profile need.
func testContexts(t testing.TB) *jsonld.Contexts {
	t.Helper()
	c := jsonld.Builtin()
	for url, file := range map[string]string{
		"https://www.w3.org/ns/credentials/examples/v2": "credentials-examples-v2.jsonld",
		"https://www.w3.org/ns/cid/v1":                  "cid-v1.jsonld",
	} {
		var err error
		if c, err = c.With(url, conformance.Read(t, "conformance/w3c/contexts/"+file)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func parse(t testing.TB, raw []byte) *credential.Credential {
	t.Helper()
	c, err := credential.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readText(t testing.TB, name string) string {
	t.Helper()
	return strings.TrimSpace(string(conformance.Read(t, name)))
}

func readObject(t testing.TB, name string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(conformance.Read(t, name), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// keyOf resolves the did:key that a proof names.
func keyOf(t testing.TB, p *credential.Proof) *did.Key {
	t.Helper()
	d, err := did.Resolve(p.VerificationMethod)
	if err != nil {
		t.Fatal(err)
	}
	k, ok := d.Key(p.VerificationMethod)
	if !ok {
		t.Fatalf("no key %s", p.VerificationMethod)
	}
	return k
}

// wantCode checks the code of an error; an empty one asks for none.
func wantCode(t testing.TB, what string, err error, want Code) {
	t.Helper()
	var e *Error
	switch {
	case want == "" && err == nil:
	case want == "" || !errors.As(err, &e) || e.Code != want:
		t.Errorf("%s: error %v, want code %q", what, err, want)
	}
}

// verifyAll checks every signature of c under the key that key returns.
func verifyAll(t testing.TB, c *credential.Credential, o jsonld.Options, key func(*credential.Proof) *did.Key) (signatures int) {
	t.Helper()
	for i := range c.Proofs() {
		p := &c.Proofs()[i]
		if p.IsMerkle() {
			continue
		}
		signatures++
		if err := Verify(c.Covered(i), p, key(p), o); err != nil {
			t.Errorf("%s, %s: %v", p.Path, p.Suite, err)
		}
	}
	return signatures
}
