package wallet

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/did"
)

const testWords = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// TestSeed is the well-known seed of the phrase above without a passphrase (BIP-39).
func TestSeed(t *testing.T) {
	p := must[phrase](t)(parsePhrase(testWords))
	const want = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"
	if got := hex.EncodeToString(p.seed()); got != want {
		t.Error(got)
	}
}

// TestSLIP10 holds the derivation to test vector 1 of SLIP-0010.
func TestSLIP10(t *testing.T) {
	seed, _ := hex.DecodeString("000102030405060708090a0b0c0d0e0f")
	for _, v := range []struct{ curve, root, rootChain, child string }{
		{seedEd25519, "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7",
			"90046a93de5380a72b5e45010748567d5ea02bbf6522f979e05c0d8d8ca9fffb",
			"68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3"},
		{seedP256, "612091aaa12e22dd2abef664f8a01a82cae99ad7441b7ef8110424915c268bc2",
			"beeb672fe4621673f722f38529c07392fecaa61015c80c34f29ce8b41b3cb6ea",
			"6939694369114c67917a182c59ddb8cafc3004e63ca5d3b84403ba8613debc0c"},
		{seedBitcoin, "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35",
			"873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508",
			"edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea"},
	} {
		n := master(v.curve, seed)
		if got := hex.EncodeToString(n.key); got != v.root {
			t.Errorf("%s: key %s", v.curve, got)
		}
		if got := hex.EncodeToString(n.chain); got != v.rootChain {
			t.Errorf("%s: chain code %s", v.curve, got)
		}
		if got := hex.EncodeToString(n.child(0).key); got != v.child {
			t.Errorf("%s: child %s", v.curve, got)
		}
	}
}

// TestSLIP13 holds the path to the example of SLIP-0013.
func TestSLIP13(t *testing.T) {
	got := identityPath("https://satoshi@bitcoin.org/login", 0)
	want := []uint32{13, 2637750992 &^ (1 << 31), 2845082444 &^ (1 << 31), 3761103859 &^ (1 << 31), 4005495825 &^ (1 << 31)}
	for i := range got {
		got[i] &^= 1 << 31 // every step is hardened, which child adds
	}
	if !slices.Equal(got, want) {
		t.Errorf("path %v, want %v", got, want)
	}
}

func TestPhrases(t *testing.T) {
	for _, bad := range []string{"", "abandon", strings.Replace(testWords, "about", "abandon", 1), strings.Replace(testWords, "about", "abuot", 1),
		testWords + " about", "about" + strings.TrimSuffix(testWords, " about")[7:] + " abandon",
		// 15 words with a good checksum are no phrase of ours
		"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon address"} {
		_, err := parsePhrase(bad)
		if !errors.Is(err, ErrPhrase) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	p := must[phrase](t)(parsePhrase("  ABANDON " + strings.ReplaceAll(testWords[8:], " ", "\n\t") + "\n"))
	if p.words() != testWords {
		t.Errorf("%q", p.words())
	}
	for _, n := range []int{12, 24} {
		words := must[string](t)(NewPhrase(n, strings.NewReader(strings.Repeat("r", 64))))
		if got := len(strings.Fields(words)); got != n {
			t.Errorf("%d words, want %d", got, n)
		}
	}
	if _, err := NewPhrase(12, strings.NewReader("short")); err == nil {
		t.Error("a phrase without random numbers")
	}
	if _, err := NewPhrase(15, strings.NewReader(strings.Repeat("r", 64))); err == nil {
		t.Error("a phrase of 15 words")
	}
}

// TestPairwise: each issuer and curve has a key of its own, and the DID is that of the key.
func TestPairwise(t *testing.T) {
	w := must[*Wallet](t)(Create(testConfig(t), 12))
	defer w.Close()
	seen := map[string]bool{}
	for _, issuer := range []string{testIssuer, "https://school.example/issuer.json", "did:web:hospital.example"} {
		for _, curve := range []Curve{Ed25519, P256} {
			r := must[Relation](t)(w.Relate(issuer, "", curve))
			if again := must[Relation](t)(w.Relate(issuer, "other name", curve)); again != r {
				t.Errorf("asked again: %v", again)
			}
			doc := must[*did.Document](t)(did.Resolve(r.DID))
			key, ok := w.signerOf(r.DID)
			if !ok || must[string](t)(did.KeyDID(key.Public())) != doc.ID {
				t.Errorf("the key of %s is another", r.DID)
			}
			if seen[r.DID] {
				t.Errorf("%s twice", r.DID)
			}
			seen[r.DID] = true
			a := must[Relation](t)(w.addAddress(r, anchor.Mainnet)).Address
			if !strings.HasPrefix(a, "1") || seen[a] && curve == Ed25519 {
				t.Errorf("address %s", a)
			}
			seen[a] = true
		}
	}
}

// TestRestore: phrase and backup on a new machine give the same DIDs and contents; the
// phrase alone gives the same DIDs once the issuer is named.
func TestRestore(t *testing.T) {
	c := testConfig(t)
	words := newTestWallet(t, c)
	w := reopen(t, c)
	r := must[Relation](t)(w.Relate("https://school.example/issuer.json", "", P256))
	noError(t, w.contents.Shares.add(Share{To: "hospital", Form: "dossier"}))
	backup := filepath.Join(t.TempDir(), "backup")
	noError(t, w.Backup(backup))
	data := must[[]byte](t)(os.ReadFile(backup))

	fresh := testConfig(t)
	fresh.Passphrase = "quite another passphrase"
	restored := must[*Wallet](t)(Restore(fresh, strings.ToUpper(words), data))
	noError(t, restored.Close())
	restored = reopen(t, fresh)
	if !slices.Equal(restored.Relations(), w.Relations()) || len(restored.Shares()) != 1 || restored.Phrase() != words {
		t.Errorf("restored %v", restored.Relations())
	}
	if key, ok := restored.signerOf(r.DID); !ok || must[string](t)(did.KeyDID(key.Public())) != r.DID {
		t.Error("the key is another")
	}

	bare := must[*Wallet](t)(Restore(testConfig(t), words, nil))
	defer bare.Close()
	if again := must[Relation](t)(bare.Relate(r.Issuer, "", r.Curve)); again.DID != r.DID {
		t.Errorf("%s, was %s", again.DID, r.DID)
	}

	var e *OpenError
	if _, err := Restore(testConfig(t), testWords, data); !errors.As(err, &e) {
		t.Errorf("the phrase of another: %v", err)
	}
	if _, err := Restore(testConfig(t), words, flip(data, len(data)/2)); !errors.As(err, &e) {
		t.Errorf("a damaged backup: %v", err)
	}
	if _, err := Restore(c, words, data); !errors.Is(err, ErrLocked) && !errors.Is(err, ErrExists) {
		t.Errorf("over a wallet: %v", err)
	}
}
