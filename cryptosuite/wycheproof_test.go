package cryptosuite

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	secp "github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/jsonld"
)

type wycheproofCase struct {
	TcID    int    `json:"tcId"`
	Comment string `json:"comment"`
	Msg     string `json:"msg"`
	Sig     string `json:"sig"`
	JWS     any    `json:"jws"`
	JWE     any    `json:"jwe"`
	Result  string `json:"result"`
}

type wycheproofGroup struct {
	Comment   string `json:"comment"`
	PublicKey struct {
		Uncompressed string `json:"uncompressed"`
		PK           string `json:"pk"`
	} `json:"publicKey"`
	PublicKeyASN string           `json:"publicKeyAsn"` // RSA, PKCS #1
	Public       map[string]any   `json:"public"`
	Tests        []wycheproofCase `json:"tests"`
}

func wycheproof(t testing.TB, name string) []wycheproofGroup {
	t.Helper()
	var f struct {
		NumberOfTests int               `json:"numberOfTests"`
		TestGroups    []wycheproofGroup `json:"testGroups"`
	}
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/wycheproof/"+name), &f); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range f.TestGroups {
		n += len(g.Tests)
	}
	if n != f.NumberOfTests {
		t.Errorf("%s has %d cases and says %d", name, n, f.NumberOfTests)
	}
	return f.TestGroups
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A tally counts what became of the cases of one file.
type tally struct{ accepted, refused, highS, unsupported int }

func (a tally) total() int { return a.accepted + a.refused + a.highS + a.unsupported }

// TestWycheproof runs all 2,653 cases: with the check of the suite where there is one,
// else through the reader that would meet such a signature, which must refuse it.
func TestWycheproof(t *testing.T) {
	files := []struct {
		name string
		run  func(*testing.T, wycheproofGroup) tally
		want tally
	}{
		{"ed25519_test.json", wycheproofEd25519, tally{accepted: 88, refused: 63}},
		{"ecdsa_secp256r1_sha256_p1363_test.json", wycheproofNIST(elliptic.P256(), 32, sha256Sum), tally{accepted: 173, refused: 89}},
		{"ecdsa_secp384r1_sha384_p1363_test.json", wycheproofNIST(elliptic.P384(), 48, sha384Sum), tally{accepted: 193, refused: 87}},
		{"ecdsa_secp256k1_sha256_p1363_test.json", wycheproofSecp256k1, tally{accepted: 95, refused: 85, highS: 72}},
		{"ecdsa_secp256k1_sha256_test.json", wycheproofDER, tally{accepted: 96, refused: 308, highS: 72}},
		{"ecdsa_secp256k1_sha256_bitcoin_test.json", wycheproofDER, tally{accepted: 162, refused: 299, highS: 2}},
		{"json_web_signature_test.json", wycheproofJOSE, tally{refused: 355, unsupported: 46}},
		{"json_web_key_test.json", wycheproofJOSE, tally{refused: 21, unsupported: 5}},
		{"json_web_crypto_test.json", wycheproofJOSE, tally{refused: 77, unsupported: 6}},
		{"rsa_signature_2048_sha256_test.json", wycheproofRSA, tally{unsupported: 259}},
	}
	total := 0
	for _, f := range files {
		var got tally
		for _, g := range wycheproof(t, f.name) {
			n := f.run(t, g)
			got.accepted += n.accepted
			got.refused += n.refused
			got.highS += n.highS
			got.unsupported += n.unsupported
		}
		if got != f.want {
			t.Errorf("%s: %+v, want %+v", f.name, got, f.want)
		}
		total += got.total()
		t.Logf("%-45s %+v", f.name, got)
	}
	if total != 2653 {
		t.Errorf("%d cases, want 2653", total)
	}
}

// judgeCase counts one case and reports it if it is wrong: an invalid one accepted, or
// a valid one refused for anything but a high s.
func judgeCase(t *testing.T, n *tally, c wycheproofCase, err error) {
	t.Helper()
	var high *Error
	switch e, _ := err.(*Error); {
	case err == nil:
		n.accepted++
	case e != nil && e.Code == CodeHighS:
		n.highS++
		high = e
	default:
		n.refused++
	}
	if (err == nil && c.Result == "invalid") || (err != nil && high == nil && c.Result == "valid") {
		t.Errorf("case %d, %s, is %s: %v", c.TcID, c.Comment, c.Result, err)
	}
}

func wycheproofEd25519(t *testing.T, g wycheproofGroup) (n tally) {
	check := ed25519Check(ed25519.PublicKey(unhex(t, g.PublicKey.PK)))
	for _, c := range g.Tests {
		judgeCase(t, &n, c, check(unhex(t, c.Msg), unhex(t, c.Sig)))
	}
	return n
}

func wycheproofNIST(curve elliptic.Curve, size int, hash hashFunc) func(*testing.T, wycheproofGroup) tally {
	return func(t *testing.T, g wycheproofGroup) (n tally) {
		key, err := ecdsa.ParseUncompressedPublicKey(curve, unhex(t, g.PublicKey.Uncompressed))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Tests {
			judgeCase(t, &n, c, ecdsaCheck(key, size, hash)(unhex(t, c.Msg), unhex(t, c.Sig)))
		}
		return n
	}
}

func secpKey(t *testing.T, g wycheproofGroup) *btcec.PublicKey {
	t.Helper()
	k, err := btcec.ParsePubKey(unhex(t, g.PublicKey.Uncompressed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func wycheproofSecp256k1(t *testing.T, g wycheproofGroup) (n tally) {
	check := secp256k1Check(secpKey(t, g))
	for _, c := range g.Tests {
		judgeCase(t, &n, c, check(unhex(t, c.Msg), unhex(t, c.Sig)))
	}
	return n
}

// wycheproofDER puts the strict DER reader that the scripts of anchors go through
// before our check.
func wycheproofDER(t *testing.T, g wycheproofGroup) (n tally) {
	check := secp256k1Check(secpKey(t, g))
	for _, c := range g.Tests {
		sig, err := secp.ParseDERSignature(unhex(t, c.Sig))
		if err == nil {
			r, s := sig.R(), sig.S()
			rb, sb := r.Bytes(), s.Bytes()
			err = check(unhex(t, c.Msg), concat(rb[:], sb[:]))
		}
		judgeCase(t, &n, c, err)
	}
	return n
}

// wycheproofJOSE gives every JWS and JWE to our only reader of such texts, under each
// key of the case that we can read. Those that are to be accepted use algorithms that
// no suite here has; they count as unsupported.
func wycheproofJOSE(t *testing.T, g wycheproofGroup) (n tally) {
	for _, c := range g.Tests {
		err := acceptJOSE(g, joseText(c))
		if err == nil {
			t.Errorf("case %d, %s: accepted", c.TcID, c.Comment)
		}
		wantCode(t, fmt.Sprintf("case %d, %s", c.TcID, c.Comment), err, CodeValue)
		if c.Result == "valid" {
			n.unsupported++
		} else {
			n.refused++
		}
	}
	return n
}

// joseText is the text of a case, of whatever JSON type it is there.
func joseText(c wycheproofCase) string {
	v := c.JWS
	if v == nil {
		v = c.JWE
	}
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func acceptJOSE(g wycheproofGroup, text string) error {
	sig, err := detachedJWS(text)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(g.Public)
	if err != nil {
		return err
	}
	key, err := did.ParseJWK(raw)
	if err != nil {
		return err
	}
	s, err := suiteFor(&credential.Proof{Type: EcdsaSecp256k1Signature2019, Suite: EcdsaSecp256k1Signature2019}, key)
	if err != nil {
		return err
	}
	return s.check(sig.header, sig.value)
}

// wycheproofRSA: no suite takes an RSA key.
func wycheproofRSA(t *testing.T, g wycheproofGroup) (n tally) {
	key, err := x509.ParsePKCS1PublicKey(unhex(t, g.PublicKeyASN))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range g.Tests {
		for _, p := range []credential.Proof{
			{Type: credential.DataIntegrityProof, Suite: EddsaRdfc2022},
			{Type: credential.DataIntegrityProof, Suite: EcdsaRdfc2019},
			{Type: Ed25519Signature2020, Suite: Ed25519Signature2020},
			{Type: EcdsaSecp256k1Signature2019, Suite: EcdsaSecp256k1Signature2019},
		} {
			p.Object = map[string]any{"proofValue": "z" + base58.Encode(unhex(t, c.Sig)), "jws": c.Sig}
			err := Verify(map[string]any{}, &p, &did.Key{Public: key}, jsonld.Options{})
			wantCode(t, fmt.Sprintf("case %d with %s", c.TcID, p.Suite), err, CodeKeyType)
		}
		n.unsupported++
	}
	return n
}

// TestWycheproofHighS: whatever is refused as a high s alone is the other form of a
// signature that holds in its low form.
func TestWycheproofHighS(t *testing.T) {
	order := btcec.S256().N
	for _, g := range wycheproof(t, "ecdsa_secp256k1_sha256_p1363_test.json") {
		check := secp256k1Check(secpKey(t, g))
		for _, c := range g.Tests {
			sig := unhex(t, c.Sig)
			if e, _ := check(unhex(t, c.Msg), sig).(*Error); e == nil || e.Code != CodeHighS {
				continue
			}
			low := new(big.Int).Sub(order, new(big.Int).SetBytes(sig[32:]))
			low.FillBytes(sig[32:])
			if err := check(unhex(t, c.Msg), sig); err != nil {
				t.Errorf("case %d: %v", c.TcID, err)
			}
		}
	}
}

// cctvAccepted is the SHA-256 over one byte per vector, 1 for accepted: what
// crypto/ed25519 of Go 1.26 does with low orders and other forms of points, frozen.
const cctvAccepted = "d205dd8a030648443106a7e5babf488cdd44314f5789d4c15d4a48de760ecba9"

// TestCCTV freezes the behaviour at the edges of Ed25519 (K6). It must be that of the
// standard library, which multiplies without the cofactor and takes some points that
// are not in canonical form.
func TestCCTV(t *testing.T) {
	var cases []struct{ Key, Sig, Msg string }
	if err := json.Unmarshal(conformance.Read(t, "conformance/hostile/cctv-ed25519/ed25519vectors.json"), &cases); err != nil {
		t.Fatal(err)
	}
	table := make([]byte, len(cases))
	accepted := 0
	for i, c := range cases {
		key, sig := ed25519.PublicKey(unhex(t, c.Key)), unhex(t, c.Sig)
		ok := ed25519Check(key)([]byte(c.Msg), sig) == nil
		if ok != ed25519.Verify(key, []byte(c.Msg), sig) {
			t.Errorf("vector %d: %t, unlike crypto/ed25519", i, ok)
		}
		if ok {
			table[i] = 1
			accepted++
		}
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(table)); got != cctvAccepted || len(cases) != 914 || accepted != 208 {
		t.Errorf("%d vectors, %d accepted, table %s", len(cases), accepted, got)
	}
}

// TestRFC6979: a P-256 key in memory signs as RFC 6979 says, in the vector whose first
// candidate for the nonce is too large.
func TestRFC6979(t *testing.T) {
	note := string(conformance.Read(t, "conformance/hostile/rfc6979/README.md"))
	value := func(name string) []byte {
		_, rest, ok := strings.Cut(note, "\n"+name+" = ")
		if !ok {
			t.Fatalf("the note has no %s", name)
		}
		line, _, _ := strings.Cut(rest, "\n")
		return unhex(t, line)
	}
	_, rest, _ := strings.Cut(note, `message = "`)
	message, _, _ := strings.Cut(rest, `"`)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), value("x"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := signInput(key, []byte(message))
	if err != nil || !bytes.Equal(got, concat(value("r"), value("s"))) {
		t.Errorf("signature %x, error %v", got, err)
	}
	if public, err := key.PublicKey.Bytes(); err != nil || !bytes.Equal(public[1:], concat(value("Ux"), value("Uy"))) {
		t.Errorf("public key %x, %v", public, err)
	}
	// the same nonce rule for the curve of Bitcoin is btcec's
	digest := sha256.Sum256([]byte(message))
	priv, pub := btcec.PrivKeyFromBytes(value("x"))
	a, b := secp.Sign(priv, digest[:]), secp.Sign(priv, digest[:])
	if !a.IsEqual(b) || !a.Verify(digest[:], pub) {
		t.Error("secp256k1 does not sign deterministically")
	}
}
