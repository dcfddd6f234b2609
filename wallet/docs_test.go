package wallet

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/credential"
)

// TestWalletPage reads the examples of docs/wallet.md with the code they describe, their
// placeholders filled in.
func TestWalletPage(t *testing.T) {
	page := must[[]byte](t)(os.ReadFile("../docs/wallet.md"))
	seen := map[string]int{}
	for _, b := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		d := parsedDoc(t, b[1])
		kind := d["type"].(string)
		seen[kind]++
		nonce := strings.Repeat("A", 43)
		switch kind {
		case credential.TypeInvitation:
			d["nonce"] = nonce
			must[*credential.Invitation](t)(credential.ParseInvitation(encodedDoc(t, d)))
		case credential.TypeIntroduction:
			must[*credential.Introduction](t)(credential.ParseIntroduction(encodedDoc(t, d)))
		case credential.TypeRotation:
			must[*credential.Rotation](t)(credential.ParseRotation(encodedDoc(t, d)))
		case TypeRequest:
			d["nonce"] = nonce
			delete(d, "recipient")
			must[*Request](t)(ParseRequest(encodedDoc(t, d)))
		case TypeDossier:
			d["made"] = now.Format(time.RFC3339)
			for _, list := range []string{"documents", "contexts"} {
				p := d[list].([]any)[0].(object)
				p["bytes"], p["sha256"] = "e30", digestOf([]byte("{}"))
			}
			must[*Dossier](t)(ParseDossier(encodedDoc(t, d)))
		case typeShareLog:
			l := d["lines"].([]any)[0].(object)
			l["at"] = now.Format(time.RFC3339)
			if _, err := CheckShares(encodedDoc(t, d)); err == nil || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("the head is a placeholder: %v", err)
			}
		}
	}
	for _, kind := range []string{credential.TypeInvitation, credential.TypeIntroduction, credential.TypeRotation, TypeRequest, TypeDossier, typeShareLog, credential.TypeSDJWT} {
		if seen[kind] != 1 {
			t.Errorf("%s: %d examples", kind, seen[kind])
		}
	}
}
