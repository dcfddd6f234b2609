package verifier

import (
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/merkleproof"
)

// An SD-JWT is signed and anchored as text, so that there is no canonical form: what is
// shown are the members of the JWT and the claims whose digests it holds.

// checkSDJWT takes the place of the canonical form.
func (c *check) checkSDJWT() {
	e := c.cred.Envelope()
	c.canonical = &jsonld.Result{Claims: c.cred.Unsecured()}
	c.report.Partial, c.report.hiddenIn = e.Hidden > 0, e.HiddenIn
	c.pass(StepCanonical, "/sdJwt", "document", "an SD-JWT, signed as text; %d claims disclosed", len(e.Disclosures))
}

// verifyProof checks a signature in whatever form the document has.
func (c *check) verifyProof(i int, p *credential.Proof, key *did.Key) error {
	if e := c.cred.Envelope(); e != nil {
		return cryptosuite.VerifyJWT(e.JWT, e.Alg, key.Public)
	}
	return cryptosuite.VerifyCanonical(c.cred.Covered(i), c.canonicalOf(i), p, key, c.options())
}

// leaf computes what Merkle proof i must start from.
func (c *check) leaf(i int) (merkleproof.Hash, error) {
	if e := c.cred.Envelope(); e != nil {
		return credential.LeafOfJWT(e.JWT), nil
	}
	canonical, err := jsonld.Canonicalize(c.cred.Covered(i), c.options())
	if err != nil {
		return merkleproof.Hash{}, err
	}
	return credential.Leaf(canonical), nil
}

// holderSkew is how far the clock of a holder's device may be ahead.
const holderSkew = 10 * time.Minute

// checkKeyBinding judges the holder's signature on a showing: by the key that the issuer
// named, over exactly this JWT and these disclosures. It reports whether there was nothing
// against it; one that is not there is for checkRequest to miss.
func (c *check) checkKeyBinding() bool {
	e := c.cred.Envelope()
	if e == nil || e.KeyBinding == nil {
		return true
	}
	const place = "/sdJwt"
	id, _, _ := strings.Cut(e.Holder, "#")
	doc, err := did.Resolve(id)
	if err != nil {
		c.stop(StepRequest, CodeSignerUnknown, place, "document", "the issuer named no key of a holder that can be read: %v", err)
		return false
	}
	key, ok := doc.Key(e.Holder)
	if !ok {
		c.stop(StepRequest, CodeSignerUnknown, place, "document", "%s is no key of %s", e.Holder, id)
		return false
	}
	if err := cryptosuite.VerifyJWT(e.KeyBinding.JWT, e.KeyBinding.Alg, key.Public); err != nil {
		c.refuse(StepRequest, err, place, "holder")
		return false
	}
	if !e.KeyBinding.HashMatches() {
		c.stop(StepRequest, CodeSignature, place, "holder", "the holder signed another choice of claims")
		return false
	}
	if at := e.KeyBinding.At; at.After(c.at.Add(holderSkew)) {
		// It would count for a day from then.
		c.stop(StepValidity, CodeNotYetValid, place, "holder", "the holder signed it on %s", stamp(at))
	}
	return true
}

// boundToHolder reports whether the holder whose key the issuer named signed, and is whom the
// credential is about.
func (c *check) boundToHolder() bool {
	e := c.cred.Envelope()
	if e == nil || e.KeyBinding == nil {
		return false
	}
	subject, _ := c.cred.Member("credentialSubject").(map[string]any)
	about, _ := subject["id"].(string)
	id, _, _ := strings.Cut(e.Holder, "#")
	switch {
	case about == id:
		return about != ""
	case e.Typ != credential.TypDC:
		return false
	}
	// The issuer says by cnf whose it is; a sub that is no DID is a number of its own.
	return !strings.HasPrefix(about, "did:") || sameKey(about, e.Holder)
}

// sameKey reports whether a DID has the key of a DID URL. A did:key and a did:jwk can be one.
func sameKey(id, url string) bool {
	of, _, _ := strings.Cut(url, "#")
	one, err := did.Resolve(id)
	if err != nil {
		return false
	}
	other, err := did.Resolve(of)
	if err != nil {
		return false
	}
	key, ok := other.Key(url)
	if !ok {
		return false
	}
	name, err := did.KeyDID(key.Public)
	return err == nil && slices.ContainsFunc(one.Keys, func(k did.Key) bool {
		own, err := did.KeyDID(k.Public)
		return err == nil && own == name
	})
}

// anchorPromised reports whether the issuer signed that the document is anchored: it then
// has to be, whatever the trust file asks for.
func (c *check) anchorPromised() bool {
	e := c.cred.Envelope()
	return e != nil && e.Anchored
}
