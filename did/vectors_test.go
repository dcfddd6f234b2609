package did_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
)

// didKeyDocument is what the tests of a did:key file look at.
type didKeyDocument struct {
	ID                 string           `json:"id"`
	VerificationMethod []map[string]any `json:"verificationMethod"`
	AssertionMethod    []string         `json:"assertionMethod"`
}

// didKeyVectors returns the documents of one file of the did:key test vectors. Each
// file has a layout of its own.
func didKeyVectors(t *testing.T, name string) map[string]json.RawMessage {
	t.Helper()
	var file map[string]json.RawMessage
	if err := json.Unmarshal(conformance.Read(t, "conformance/w3c/vectors/did-key/"+name), &file); err != nil {
		t.Fatal(err)
	}
	if docs, ok := file["didDocument"]; ok { // x25519.json
		var out map[string]json.RawMessage
		if err := json.Unmarshal(docs, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	docs := make(map[string]json.RawMessage)
	for id, raw := range file {
		var entry struct {
			DIDDocument json.RawMessage `json:"didDocument"`
		}
		if err := json.Unmarshal(raw, &entry); err != nil {
			t.Fatal(err)
		}
		docs[id] = entry.DIDDocument
	}
	return docs
}

// TestDIDKeyVectors computes the documents of the W3C did:key vectors, whose keys it
// then compares with those that the vector's document states.
func TestDIDKeyVectors(t *testing.T) {
	for _, f := range []struct {
		file        string
		count       int
		unsupported []string // prefixes of DIDs whose key type is not read here
	}{
		{"ed25519-x25519.json", 5, nil},
		{"secp256k1.json", 6, nil},
		{"nist-curves.json", 7, []string{"z2J9"}}, // P-521
		{"rsa.json", 2, []string{""}},
		{"bls12381.json", 6, []string{""}},
		{"x25519.json", 4, []string{""}},
	} {
		docs := didKeyVectors(t, f.file)
		if len(docs) != f.count {
			t.Errorf("%s has %d vectors, want %d", f.file, len(docs), f.count)
		}
		for _, id := range slices.Sorted(maps.Keys(docs)) {
			got, err := did.Resolve(id)
			if slices.ContainsFunc(f.unsupported, func(p string) bool { return strings.HasPrefix(id, "did:key:"+p) }) {
				wantCode(t, f.file+" "+id, err, did.CodeUnsupported)
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			compareDIDKey(t, got, docs[id])
		}
	}
}

func compareDIDKey(t *testing.T, got *did.Document, raw json.RawMessage) {
	t.Helper()
	var want didKeyDocument
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	stated, err := did.Parse(raw)
	if err != nil {
		t.Errorf("%s: %v", want.ID, err)
		return
	}
	method := want.AssertionMethod[0]
	if why, skipped := stated.Skipped[method]; skipped && want.VerificationMethod[0]["type"] == "P256Key2021" {
		wantCode(t, want.ID, why, did.CodeUnsupported)
		if m, err := did.Multikey(got.Keys[0].Public); err != nil || "did:key:"+m != want.ID {
			t.Errorf("%s: key %s, %v", want.ID, m, err)
		}
		return
	}
	a, okA := got.Key(method)
	b, okB := stated.Key(method)
	if got.ID != want.ID || !okA || !okB {
		t.Errorf("%s: key %s computed: %t, stated: %t, skipped: %v", got.ID, method, okA, okB, stated.Skipped)
		return
	}
	equalKeys(t, got.ID, a.Public, b.Public)
}

func equalKeys(t *testing.T, what string, a, b any) {
	t.Helper()
	x, errA := did.Multikey(a)
	y, errB := did.Multikey(b)
	if errA != nil || errB != nil || x != y {
		t.Errorf("%s: %s, want %s (%v, %v)", what, x, y, errA, errB)
	}
}

// TestControllerDocuments reads the examples of the Controller Documents and EdDSA
// recommendations that are whole documents.
func TestControllerDocuments(t *testing.T) {
	documents, keys, skipped := 0, 0, 0
	for _, file := range []string{"controller-document.json", "vc-di-eddsa.json", "vc-di-ecdsa.json"} {
		var examples []struct {
			Title string          `json:"title"`
			JSON  json.RawMessage `json:"json"`
		}
		if err := json.Unmarshal(conformance.Read(t, "conformance/w3c/vectors/spec-examples/"+file), &examples); err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			var v struct {
				ID     string `json:"id"`
				Method any    `json:"verificationMethod"`
				Auth   any    `json:"authentication"`
			}
			if json.Unmarshal(e.JSON, &v) != nil || v.ID == "" || (v.Method == nil && v.Auth == nil) {
				continue
			}
			d, err := did.Parse(e.JSON)
			if err != nil {
				t.Errorf("%s: %v", e.Title, err)
				continue
			}
			documents, keys, skipped = documents+1, keys+len(d.Keys), skipped+len(d.Skipped)
			for id, why := range d.Skipped {
				t.Logf("%s: %s: %v", e.Title, id, why)
			}
		}
	}
	if documents != 5 || keys != 5 || skipped != 0 {
		t.Errorf("%d documents, %d keys, %d skipped", documents, keys, skipped)
	}
}

type wycheproofFile struct {
	TestGroups []struct {
		PublicKey struct {
			Uncompressed string `json:"uncompressed"`
			PK           string `json:"pk"`
		} `json:"publicKey"`
		JWK     json.RawMessage   `json:"publicKeyJwk"`
		Private map[string]any    `json:"private"`
		Tests   []json.RawMessage `json:"tests"`
	} `json:"testGroups"`
}

func wycheproof(t *testing.T, name string) wycheproofFile {
	t.Helper()
	var f wycheproofFile
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/wycheproof/"+name), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestWycheproofPublicKeys reads each key of the signature tests that has a JWK, and
// compares it with the same key in another form.
func TestWycheproofPublicKeys(t *testing.T) {
	read, without := 0, 0
	for _, name := range []string{"ed25519_test.json", "ecdsa_secp256k1_sha256_p1363_test.json",
		"ecdsa_secp256r1_sha256_p1363_test.json", "ecdsa_secp384r1_sha384_p1363_test.json"} {
		for i, g := range wycheproof(t, name).TestGroups {
			if g.JWK == nil {
				without++
				continue
			}
			k, err := did.ParseJWK(g.JWK)
			if err != nil {
				t.Errorf("%s group %d: %v", name, i, err)
				continue
			}
			read++
			point := g.PublicKey.Uncompressed + g.PublicKey.PK
			jwk, err := did.JWK(k)
			if err != nil {
				t.Fatal(err)
			}
			x, y := unb64(t, jwk["x"]), unb64(t, jwk["y"])
			if got := hex.EncodeToString(x) + hex.EncodeToString(y); got != strings.TrimPrefix(point, "04") {
				t.Errorf("%s group %d: %s, want %s", name, i, got, point)
			}
		}
	}
	if read != 375 || without != 27 {
		t.Errorf("%d keys read, %d groups without a JWK", read, without)
	}
}

func unb64(t *testing.T, v any) []byte {
	s, _ := v.(string)
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keySetVerdicts decide the 26 cases of Wycheproof's key sets by group: the codes with
// which each key of the set is refused once its private member is out of the way. A
// set whose signature is to be accepted uses HMAC or RSA, which are not read here.
var keySetVerdicts = map[string][]did.Code{
	"jws_mixedSymmetryKeyset": {did.CodeUnsupported, ""}, // HMAC; the P-256 key is sound
	"wrong_algorithm":         {did.CodeKey},
	"invalid_algorithm":       {did.CodeKey},
	"invalid_use":             {did.CodeKey},
	"invalid_point":           {did.CodeKey},
	"wrong_curve":             {did.CodeKey},
	"wrong_kty":               {did.CodeUnsupported},
}

func TestWycheproofKeySets(t *testing.T) {
	var f struct {
		TestGroups []struct {
			Comment string `json:"comment"`
			Private struct {
				Keys []map[string]any `json:"keys"`
			} `json:"private"`
			Tests []struct {
				TcID   int    `json:"tcId"`
				Result string `json:"result"`
			} `json:"tests"`
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/wycheproof/json_web_key_test.json"), &f); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, g := range f.TestGroups {
		cases += len(g.Tests)
		for i, key := range g.Private.Keys {
			want := did.CodeUnsupported // HMAC and RSA
			if list, ok := keySetVerdicts[g.Comment]; ok {
				want = list[i]
			}
			if _, has := key["d"]; has {
				_, err := did.ParseJWK(marshal(t, key))
				wantCode(t, g.Comment+" with its private member", err, did.CodeKey)
				delete(key, "d")
			}
			_, err := did.ParseJWK(marshal(t, key))
			wantCode(t, g.Comment, err, want)
		}
	}
	if cases != 26 {
		t.Errorf("%d cases, want 26", cases)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
