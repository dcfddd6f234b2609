package wallet

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
)

// chosen returns what of an SD-JWT leaves if these places are asked for: the disclosures
// that hold them, and the document with those alone.
func chosen(r *Record, asked []string) (claims map[string]any, disclosures []string, err error) {
	cred, err := credential.Parse(r.Document)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range cred.Envelope().Disclosures {
		if slices.ContainsFunc(asked, func(a string) bool {
			return a == d.Path || strings.HasPrefix(a, d.Path+"/") || strings.HasPrefix(d.Path, a+"/")
		}) {
			disclosures = append(disclosures, d.Text)
		}
	}
	raw, err := withDisclosures(r, cred, disclosures, "")
	if err != nil {
		return nil, nil, err
	}
	shown, err := credential.Parse(raw)
	if err != nil {
		return nil, nil, err
	}
	return shown.Unsecured(), disclosures, nil
}

// withDisclosures is the file of a record with these disclosures, and with the holder's JWT
// if there is one. The Merkle proof stays as it is.
func withDisclosures(r *Record, cred *credential.Credential, disclosures []string, binding string) ([]byte, error) {
	var file map[string]any
	if err := json.Unmarshal(r.Document, &file); err != nil {
		return nil, err
	}
	file["sdJwt"] = compact(cred, disclosures) + binding
	return fileJSON(file)
}

func compact(cred *credential.Credential, disclosures []string) string {
	return strings.Join(append([]string{cred.Envelope().JWT}, disclosures...), "~") + "~"
}

// showing is an SD-JWT with the claims asked for, signed by its holder for one audience and
// nonce where the request asks for that (RFC 9901, section 4.3).
func (w *Wallet) showing(c *Choice, q *Request) ([]byte, error) {
	cred, err := credential.Parse(c.Record.Document)
	if err != nil {
		return nil, err
	}
	key, ok := w.signerOf(holderOf(cred.Envelope()))
	if !ok {
		return nil, fmt.Errorf("wallet: %s is bound to no key of this wallet, so it cannot be shown for a request", c.Record.Short())
	}
	sum := sha256.Sum256([]byte(compact(cred, c.disclosures)))
	payload, err := json.Marshal(map[string]any{"iat": w.now().Unix(), "exp": w.end(q).Unix(), "aud": q.Audience, "nonce": q.Nonce,
		"sd_hash": base64.RawURLEncoding.EncodeToString(sum[:])})
	if err != nil {
		return nil, err
	}
	binding, err := cryptosuite.SignJWT(credential.TypKeyBinding, "", payload, key)
	if err != nil {
		return nil, err
	}
	return withDisclosures(c.Record, cred, c.disclosures, binding)
}

// holderOf returns the key that may show an SD-JWT as the did:key that relations have; "" if
// the issuer named none that can be read.
func holderOf(e *credential.Envelope) string {
	id, _, _ := strings.Cut(e.Holder, "#")
	doc, err := did.Resolve(id)
	if err != nil {
		return ""
	}
	key, ok := doc.Key(e.Holder)
	if !ok {
		return ""
	}
	own, err := did.KeyDID(key.Public)
	if err != nil {
		return ""
	}
	return own
}
