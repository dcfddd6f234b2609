package verifier

import (
	"errors"
	"slices"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/status"
)

// readToken reads and authenticates an IETF list for an entry (Token Status List, section
// 8.3): signed by the issuer or one the trust file delegates to, under the URL that the
// entry names. Its signer need not name itself: the key says who it is.
func (c *check) readToken(e credential.StatusEntry, raw []byte, key listKey) (statusList, *listError) {
	known, ok := c.shared.tokens[key]
	if !ok {
		known = c.openToken(raw)
		known.list.digest = key.digest
		c.shared.keepToken(key, known)
	}
	switch {
	case known.err != nil:
		return statusList{}, known.err
	case known.token.URL != e.List:
		return statusList{}, uncounted(CodeListID, errors.New("the list's sub is "+known.token.URL))
	}
	return known.list, c.atFloor(e.List, known.token.Sequence, known.token.Numbered)
}

// A signedToken is an IETF list as its signer signed it.
type signedToken struct {
	token *credential.StatusToken
	list  statusList
	err   *listError
}

func (c *check) openToken(raw []byte) (s signedToken) {
	t, err := credential.ParseStatusToken(raw)
	if err != nil {
		return signedToken{err: uncounted(CodeListMalformed, err)}
	}
	s = signedToken{token: t, list: statusList{sequence: t.Sequence, from: t.At, until: t.Until}}
	if s.err = c.authenticateToken(t); s.err != nil {
		return s
	}
	bits, err := status.DecodeTokens(t.Encoded, t.Bits)
	if err != nil {
		s.err = undecoded(err)
		return s
	}
	s.list.bits = bits
	return s
}

// authenticateToken checks the list's signature by the key that its header names.
func (c *check) authenticateToken(t *credential.StatusToken) *listError {
	p := &credential.Proof{Kind: credential.Signature, Type: credential.SuiteSDJWT, Suite: credential.SuiteSDJWT,
		Purpose: string(did.AssertionMethod), VerificationMethod: t.KeyID}
	why := uncounted(CodeListSignature, errors.New("the list is signed with a key that is not its issuer's"))
	for _, id := range append([]string{c.issuer.ID}, c.issuer.StatusIssuers...) {
		signer := c.issuer
		if id != c.issuer.ID {
			signer, _ = c.entry(id)
		}
		if signer == nil || t.Issuer != "" && t.Issuer != id {
			continue
		}
		key, found, counts := c.keyNow(signer, p)
		if !found {
			continue
		}
		if counts.Result != Passed {
			return uncounted(CodeListSignature, errors.New(string(counts.Code)+": "+counts.Fact))
		}
		if err := cryptosuite.VerifyJWT(t.JWT, t.Alg, key.Public); err != nil {
			return uncounted(CodeListSignature, err)
		}
		return nil
	}
	if t.Issuer != "" && t.Issuer != c.issuer.ID && !slices.Contains(c.issuer.StatusIssuers, t.Issuer) {
		return uncounted(CodeListIssuer, errors.New("the list is by "+t.Issuer))
	}
	return why
}
