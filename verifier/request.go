package verifier

import (
	"crypto/subtle"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// purposes returns which purposes a proof may state.
func (c *check) purposes() []string {
	switch {
	case c.cred.Envelope() != nil:
		return []string{string(did.AssertionMethod)} // the holder's signature is apart
	case c.request.Purpose != "":
		return []string{c.request.Purpose}
	case c.cred.IsPresentation():
		return []string{string(did.Authentication), string(did.AssertionMethod)}
	}
	return []string{string(did.AssertionMethod)}
}

// checkRequest holds the proofs to the audience and challenge that were asked for. One
// that the document lacks fails; one that is there and unsigned proves nothing.
func (c *check) checkRequest() {
	if !c.checkKeyBinding() {
		return
	}
	if len(c.request.Domains) == 0 && c.request.Challenge == "" && !c.request.Bound {
		c.skip(StepRequest, "nothing was asked for")
		return
	}
	if c.request.Bound && !c.cred.IsPresentation() && !c.boundToHolder() {
		c.stop(StepRequest, CodeHolder, "", "document", "it came alone; nobody signed that it is theirs")
		return
	}
	signed := false
	for i := range c.cred.Proofs() {
		p := &c.cred.Proofs()[i]
		if p.IsMerkle() && c.cred.Envelope() != nil {
			continue // the holder signed for the whole
		}
		named := slices.ContainsFunc(p.Domain, func(d string) bool { return slices.Contains(c.request.Domains, d) })
		if len(c.request.Domains) > 0 && !named {
			c.stop(StepRequest, CodeDomain, p.Path+"/domain", "document", "made for %q", p.Domain)
			return
		}
		// The challenge is a secret of one exchange, so its comparison tells nothing
		// by its length of time.
		if c.request.Challenge != "" && subtle.ConstantTimeCompare([]byte(p.Challenge), []byte(c.request.Challenge)) != 1 {
			c.stop(StepRequest, CodeChallenge, p.Path+"/challenge", "document", "another challenge or none")
			return
		}
		signed = signed || !p.IsMerkle()
	}
	if !signed {
		c.stop(StepRequest, CodeOptionsNotSigned, "/proof", "document", "a Merkle proof does not sign its options")
		return
	}
	c.pass(StepRequest, "/proof", "document", "made as it was asked for")
}

// presentationSteps are those about an issuer and what it says, which a presentation
// has not.
var presentationSteps = []StepName{StepSchema, StepResources, StepAuthorised, StepValidity, StepRevocation, StepLegalStatus, StepStatusAge}

// innerWork is the work on canonical forms that all documents of a presentation share;
// leastWork is what each may take at least, ten times what a real one needs.
const (
	innerWork = 50_000
	leastWork = 2_000
)

// presentationMembers are what a presentation may say. Anything else would be the
// holder's own word in the dress of a verified document.
var presentationMembers = []string{"@context", "id", "type", "holder", "verifiableCredential", "proof", "termsOfUse"}

// checkPresentationForm refuses a presentation that claims something itself.
func (c *check) checkPresentationForm() error {
	if !c.cred.IsPresentation() {
		return nil
	}
	if types := c.cred.Types(); len(types) != 1 {
		return &credential.Error{Code: credential.CodeMember, Path: "/type", Detail: "a presentation has no other type"}
	}
	for name := range c.cred.Unsecured() {
		if !slices.Contains(presentationMembers, name) {
			return &credential.Error{Code: credential.CodeMember, Path: strictjson.PointerToken(name), Detail: "not a member of a presentation"}
		}
	}
	return nil
}

// checkPresentation judges what a presentation carries, each document as if it had come
// alone. What was asked of the holder was asked of the presentation.
func (c *check) checkPresentation() {
	for _, s := range presentationSteps {
		if s != StepValidity {
			c.skip(s, "a presentation is the holder's, not an issuer's")
		}
	}
	if place, end, ended := c.proofEnded(); ended {
		c.stop(StepValidity, CodeExpired, place, "document", "the holder's signature states its own end: %s", stamp(end))
	} else {
		c.skip(StepValidity, "no signature states an end before the moment asked")
	}
	if c.issuer != nil {
		for _, a := range c.anchors {
			c.checkAddress(a)
		}
	} else if len(c.anchors) > 0 {
		c.stop(StepAddress, CodeNotJudged, "/holder", "trust file", "the holder is not known")
	}
	inner, err := c.cred.Inner()
	if err != nil {
		c.refuse(StepFormat, err, "", "document")
		return
	}
	if len(inner) == 0 {
		c.stop(StepTrusted, CodeNothingPresented, "/verifiableCredential", "document", "the holder's key signed, and no issuer")
		return
	}
	c.skip(StepTrusted, "a presentation is the holder's, not an issuer's")
	for _, cred := range inner {
		one := newCheck(Request{}, c.ev, c.trust, c.at, c.shared)
		one.work = max(innerWork/len(inner), leastWork)
		one.report.Document = cred.Digest()
		one.run(cred)
		c.report.Credentials = append(c.report.Credentials, one.finish())
		c.checkHolder(cred)
	}
}

// checkHolder asks whether a credential's subject is one of those who signed the
// presentation: a holder has a key for each issuer and may sign with several. It fails
// the request if that asks for it, and is a warning otherwise.
func (c *check) checkHolder(cred *credential.Credential) {
	subject, _ := cred.Member("credentialSubject").(map[string]any)
	id, _ := subject["id"].(string)
	signers := c.signers()
	if id != "" && slices.Contains(signers, id) {
		return
	}
	if c.request.Bound {
		c.stop(StepRequest, CodeHolder, cred.Path(), "document", "the subject %q did not sign; the presentation is by %q", id, signers)
		return
	}
	c.warn(WarnHolder, cred.Path(), "the subject %q is not the holder %q", id, signers)
}

// signers are those whose keys the signatures of a presentation name. Each signature is
// judged; if one does not hold, the presentation does not.
func (c *check) signers() []string {
	var ids []string
	for _, p := range c.cred.Proofs() {
		if id, _, _ := strings.Cut(p.VerificationMethod, "#"); !p.IsMerkle() && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
