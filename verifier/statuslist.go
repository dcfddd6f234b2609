package verifier

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// newestLists returns the lists an entry names with the highest sequence among those in
// the evidence that count: more than one if their issuer has published two under one
// number. Lists that do not count are told as warnings; if none does, the step ends with
// the reason of the last.
func (c *check) newestLists(step StepName, e credential.StatusEntry) []statusList {
	docs := c.ev.Documents[e.List]
	if len(docs) == 0 {
		c.stop(step, CodeRevocationUnknown, e.List, "evidence", "no list %s", e.List)
		return nil
	}
	var best []statusList
	var last *listError
	for _, d := range docs {
		l, err := c.readList(e, d.Bytes)
		if err != nil {
			last = err
			c.warn(WarnList, e.List, "%s: %s", err.code, err.fact())
			continue
		}
		switch {
		case len(best) == 0 || l.newer(best[0]):
			best = []statusList{l}
		case !best[0].newer(l):
			best = append(best, l)
		}
	}
	if len(best) == 0 {
		c.stop(step, last.code, e.List, "evidence", "%s", last.fact())
	}
	if len(best) > 1 {
		c.warn(WarnTwoLists, e.List, "%d lists with sequence %d; the most restrictive counts", len(best), best[0].sequence)
	}
	return best
}

// newer reports whether l is a later list than m: by sequence, without one by the moment
// it speaks about.
func (l statusList) newer(m statusList) bool {
	if l.sequence != m.sequence || l.sequence > 0 {
		return l.sequence > m.sequence
	}
	return l.from.After(m.from)
}

// A listError says why a status list is not counted.
type listError struct {
	code Code
	err  error
}

// maxListFact bounds what is quoted of a list that does not count, in bytes: each entry that
// names it says so once more.
const maxListFact = 300

func (e *listError) fact() string {
	text := e.err.Error()
	if len(text) > maxListFact {
		text = strings.ToValidUTF8(text[:maxListFact], "") + "…"
	}
	return text
}

func uncounted(code Code, err error) *listError { return &listError{code, err} }

// readList reads and authenticates one status list credential for an entry: signed by
// the issuer or one the trust file delegates to, under the id and purpose the entry
// names, no older than the highest sequence the caller has seen.
func (c *check) readList(e credential.StatusEntry, raw []byte) (statusList, *listError) {
	key := listKey{c.shared.digest(raw), c.issuer.ID, c.at}
	if e.Type == credential.TokenEntry {
		return c.readToken(e, raw, key)
	}
	l, known := c.shared.lists[key]
	if !known {
		l.cred, l.claims, l.err = c.signedList(raw)
		c.shared.lists[key] = l
	}
	switch {
	case l.cred != nil && l.cred.ID() != e.List:
		return statusList{}, uncounted(CodeListID, errors.New("the list's id is "+l.cred.ID()))
	case l.err != nil:
		return statusList{}, l.err
	}
	return c.openList(e, l.cred, l.claims, key.digest)
}

// A signedList is a list as its signer signed it. It is read once for all the
// credentials of a presentation: whoever hands over both chooses how many there are.
type signedList struct {
	cred   *credential.Credential // nil if the bytes are no credential
	claims map[string]any
	err    *listError
}

// A listKey names bytes as a list for credentials of one issuer at one moment, since a key
// that signs lists has its time.
type listKey struct {
	digest [sha256.Size]byte
	issuer string
	at     time.Time
}

// listTypes are the types of a status list: a signer's other documents are none,
// whatever members they have.
var listTypes = []string{"BitstringStatusListCredential", "StatusList2021Credential"}

func (c *check) signedList(raw []byte) (*credential.Credential, map[string]any, *listError) {
	cred, err := credential.Parse(raw)
	if err != nil {
		return nil, nil, uncounted(CodeListMalformed, err)
	}
	signer := c.issuer
	if cred.Issuer() != c.issuer.ID {
		if !slices.Contains(c.issuer.StatusIssuers, cred.Issuer()) {
			return cred, nil, uncounted(CodeListIssuer, errors.New("the list is by "+cred.Issuer()))
		}
		var why *unknown
		if signer, why = c.entry(cred.Issuer()); signer == nil {
			return cred, nil, uncounted(CodeListIssuer, errors.New(why.fact))
		}
	}
	if !slices.ContainsFunc(cred.Types(), func(t string) bool { return slices.Contains(listTypes, t) }) {
		return cred, nil, uncounted(CodeListMalformed, errors.New("the document is signed as no status list"))
	}
	claims, lerr := c.authenticate(cred, signer)
	return cred, claims, lerr
}

// authenticate checks the list's signature and returns what was signed.
func (c *check) authenticate(cred *credential.Credential, signer *Issuer) (map[string]any, *listError) {
	i := slices.IndexFunc(cred.Proofs(), func(p credential.Proof) bool { return !p.IsMerkle() })
	if i < 0 {
		return nil, uncounted(CodeListSignature, errors.New("the list has no signature"))
	}
	p := &cred.Proofs()[i]
	key, found, counts := c.keyNow(signer, p)
	if !found || p.Purpose != string(did.AssertionMethod) {
		return nil, uncounted(CodeListSignature, errors.New("the list is signed with a key that is not its issuer's"))
	}
	if counts.Result != Passed {
		return nil, uncounted(CodeListSignature, errors.New(string(counts.Code)+": "+counts.Fact))
	}
	o := jsonld.Options{Contexts: c.trust.contextsOf(cred), Mode: cred.Mode()}
	if err := cryptosuite.Verify(cred.Covered(i), p, &key.Key, o); err != nil {
		return nil, uncounted(CodeListSignature, err)
	}
	res, err := jsonld.Canonicalize(cred.Unsecured(), o)
	if err != nil {
		return nil, uncounted(CodeListMalformed, err)
	}
	return res.Claims, nil
}

func (c *check) openList(e credential.StatusEntry, cred *credential.Credential, claims map[string]any, digest [sha256.Size]byte) (statusList, *listError) {
	l := statusList{digest: digest}
	from, until, err := cred.Validity()
	if err != nil {
		return l, uncounted(CodeListMalformed, err)
	}
	if from == nil {
		return l, uncounted(CodeListMalformed, errors.New("the list does not say which moment it speaks about"))
	}
	l.from = from.Early
	if until != nil {
		l.until = until.Early
	}
	subject, _ := claims["credentialSubject"].(map[string]any)
	switch _, stated := subject["statusPurpose"]; {
	case !stated:
		// Samples of Blockcerts lists state none; the URL that the document signs then
		// names a list of one purpose.
		c.warn(WarnPurpose, e.List, "the list states no purpose")
	case !purposeListed(subject["statusPurpose"], e.Purpose):
		return l, uncounted(CodeListPurpose, errors.New("the list is for another purpose than "+e.Purpose))
	}
	size, err := listSize(subject, e)
	if err != nil {
		return l, uncounted(CodeListSize, err)
	}
	encoded, _ := subject["encodedList"].(string)
	if l.bits, err = c.shared.decode(bitsKey{digest, size}, encoded); err != nil {
		return l, undecoded(err)
	}
	n, stated := subject["sequence"].(json.Number)
	if stated {
		if l.sequence, err = strconv.ParseUint(n.String(), 10, 63); err != nil {
			return l, uncounted(CodeListMalformed, err)
		}
	}
	return l, c.atFloor(e.List, l.sequence, stated)
}

// undecoded tells a list that is too large from one that cannot be read.
func undecoded(err error) *listError {
	if code, _ := codeOf(err); code == "limit-status-list" {
		return uncounted(code, err)
	}
	return uncounted(CodeListMalformed, err)
}

// atFloor holds a list's number to the floor of the trust file.
func (c *check) atFloor(url string, sequence uint64, stated bool) *listError {
	floor := c.trust.StatusFloor[url]
	switch {
	case !stated && floor > 0:
		return uncounted(CodeListSequence, errors.New("no sequence number"))
	case sequence < floor:
		return uncounted(CodeListRollback, fmt.Errorf("sequence %d is below the highest seen, %d", sequence, floor))
	}
	return nil
}

func purposeListed(v any, want string) bool {
	if list, ok := v.([]any); ok {
		return slices.Contains(list, any(want))
	}
	return v == want
}

// listSize returns the bits of an entry. The size lies with the entry (Bitstring
// Status List 1.0, section 2.1); a list that states one must agree.
func listSize(subject map[string]any, e credential.StatusEntry) (int, error) {
	if n, ok := subject["statusSize"].(json.Number); ok {
		if size, err := n.Int64(); err != nil || int(size) != e.Size {
			return 0, errors.New("the list says " + n.String() + " bits, the document " + strconv.Itoa(e.Size))
		}
	}
	return e.Size, nil
}
