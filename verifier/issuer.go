package verifier

import (
	"crypto"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// baseTypes say nothing about what a document certifies.
var baseTypes = []string{"VerifiableCredential", "BlockcertsCredential", "OpenBadgeCredential"}

// checkSignatures judges every proof that is a signature. The first must be by the
// issuer; others by somebody the trust file knows.
func (c *check) checkSignatures() {
	found := false
	for i := range c.cred.Proofs() {
		p := &c.cred.Proofs()[i]
		if p.IsMerkle() {
			continue
		}
		c.checkSignature(i, p, !found)
		found = true
	}
	switch {
	case found:
	case len(c.cred.Proofs()) > 0:
		c.skip(StepSignature, "the document has no signature; the anchor's address speaks for the issuer")
		c.skip(StepKey, "the document has no signature")
	default:
		c.stop(StepSignature, CodeNoProof, "/proof", "document", "the document has no proof")
	}
}

func (c *check) checkSignature(i int, p *credential.Proof, first bool) {
	if c.canonical == nil {
		c.stop(StepSignature, CodeNotJudged, p.Path, "document", "no canonical form")
		return
	}
	if !slices.Contains(c.purposes(), p.Purpose) {
		c.stop(StepSignature, CodePurpose, p.Path+"/proofPurpose", "document", "%q", p.Purpose)
		return
	}
	signer := c.issuer
	switch {
	case signer == nil && c.cred.IsPresentation():
		c.checkHolderSignature(i, p)
		return
	case !first && !ownsMethod(signer, p.VerificationMethod):
		signer = c.signerOf(p.VerificationMethod)
	}
	if signer == nil {
		c.stop(StepSignature, CodeSignerUnknown, p.Path, "trust file", "the trust file has no key %s", p.VerificationMethod)
		if first {
			c.stop(StepKey, c.unknown.code, p.Path, "trust file", "%s", c.unknown.fact)
		}
		return
	}
	key, ok := c.keyOf(signer, p)
	if !ok {
		c.stop(StepSignature, CodeSignerUnknown, p.Path, "trust file", "no key to check the signature with")
		return
	}
	if err := c.verifyProof(i, p, &key.Key); err != nil {
		c.refuse(StepSignature, err, p.Path, "issuer")
		c.stop(StepKey, CodeNotJudged, p.Path, "trust file", "the signature did not hold")
		return
	}
	c.pass(StepSignature, p.Path, "issuer", "%s by %s", p.Suite, p.VerificationMethod)
	c.judgeTime(StepKey, keyCodes, key.window, c.anchorOver(i), p.Path)
}

// canonicalOf returns the canonical form of what proof i covers if that is the document
// without any proof, which is canonicalised already; else nil.
func (c *check) canonicalOf(i int) *jsonld.Result {
	if c.cred.CoversProofs(i) {
		return nil
	}
	return c.canonical
}

// ownsMethod reports whether a method id lies in the issuer's own document.
func ownsMethod(is *Issuer, method string) bool {
	id, _, _ := strings.Cut(method, "#")
	return is != nil && id == is.ID
}

func (c *check) signerOf(method string) *Issuer {
	id, _, _ := strings.Cut(method, "#")
	is, _ := c.entry(id)
	return is
}

// window bounds when a key or address counts. A zero from is unknown.
type window struct {
	from, until, revoked, invalidSince time.Time
}

func merged(w did.Window, b Bounds) window {
	m := window{from: w.Created, until: w.Expires, revoked: w.Revoked, invalidSince: b.InvalidSince}
	if !b.From.IsZero() {
		m.from = b.From
	}
	if !b.Until.IsZero() && (m.until.IsZero() || b.Until.Before(m.until)) {
		m.until = b.Until
	}
	return m
}

// A boundKey is a key of the issuer and when it counts.
type boundKey struct {
	did.Key
	window window
}

// keyOf finds the key a proof names among those the trust file pins for is: stated
// itself, or in the pinned document. It records why there is none.
func (c *check) keyOf(is *Issuer, p *credential.Proof) (boundKey, bool) {
	id := p.VerificationMethod
	var pin PinnedKey
	if i := slices.IndexFunc(is.Keys, func(k PinnedKey) bool { return k.ID == id }); i >= 0 {
		pin = is.Keys[i]
	}
	if pin.Public != nil {
		return boundKey{did.Key{ID: id, Controller: is.ID, Public: crypto.PublicKey(pin.Public)}, merged(did.Window{}, pin.Bounds)}, true
	}
	place := p.Path + "/verificationMethod"
	if is.Document == nil {
		c.stop(StepKey, CodeIssuerKey, place, "trust file", "the trust file pins no key %q for %s", id, is.ID)
		return boundKey{}, false
	}
	if err, skipped := is.Document.Skipped[id]; skipped {
		c.stop(StepKey, CodeKeyUnreadable, place, "trust file", "%v", err)
		return boundKey{}, false
	}
	k, ok := is.Document.Key(id)
	switch {
	case !ok:
		c.stop(StepKey, CodeIssuerKey, place, "trust file", "the issuer's document has no key %q", id)
	case k.Controller != "" && k.Controller != is.ID:
		c.stop(StepKey, CodeKeyController, place, "trust file", "controller %s", k.Controller)
	case is.Document.States(did.AssertionMethod) && !k.May(did.AssertionMethod):
		c.stop(StepKey, CodeKeyPurpose, place, "trust file", "the issuer's document does not list %s under assertionMethod", id)
	default:
		return boundKey{*k, merged(k.Window, pin.Bounds)}, true
	}
	return boundKey{}, false
}

// keyNow finds a key as keyOf does, for what has no anchor, and tells whether it counts at
// the moment asked. Neither is recorded: it is not the document's own key.
func (c *check) keyNow(is *Issuer, p *credential.Proof) (key boundKey, found bool, counts Step) {
	probe := &check{trust: c.trust, at: c.at, cred: c.cred, issuer: is, ev: c.ev, report: new(Report), shared: c.shared}
	if key, found = probe.keyOf(is, p); found {
		probe.judgeTime(StepKey, keyCodes, key.window, anchorTime{}, p.Path)
	}
	return key, found, probe.report.Step(StepKey)
}

// KeyAt returns the key that an issuer of the trust file asserts with under a verification
// method, if it counts at a moment. The error is a *CheckError with the code that the key
// would have under a document without an anchor: of StepTrusted if the issuer is not known.
func (t *Trust) KeyAt(issuer, method string, at time.Time) (*did.Key, error) {
	c := newCheck(Request{}, new(Evidence), t, at, newShared())
	is, why := c.entry(issuer)
	if is == nil {
		return nil, &CheckError{Indeterminate, StepTrusted, why.code, errors.New(why.fact)}
	}
	key, _, counts := c.keyNow(is, &credential.Proof{VerificationMethod: method})
	if counts.Result != Passed {
		return nil, &CheckError{overall([]Step{counts}), StepKey, counts.Code, errors.New(counts.Fact)}
	}
	return &key.Key, nil
}

// anchorTime is what is known of when a signature existed.
type anchorTime struct {
	interval *anchor.Interval // proven; nil if not
	claimed  bool             // there is a Merkle proof over it, proven or not
}

// anchorOver returns the time of the earliest anchor whose Merkle proof covers proof i.
func (c *check) anchorOver(i int) anchorTime {
	var t anchorTime
	for _, a := range c.anchors {
		if a.proof <= i {
			continue
		}
		t.claimed = true
		if a.time != nil && (t.interval == nil || a.time.NotBefore.Before(t.interval.NotBefore)) {
			t.interval = a.time
		}
	}
	return t
}

// windowCodes are the codes of one kind of window.
type windowCodes struct{ notAttested, boundary, outside, revoked Code }

var (
	keyCodes     = windowCodes{CodeKeyNotAttested, CodeKeyBoundary, CodeKeyOutside, CodeKeyRevoked}
	addressCodes = windowCodes{CodeAddressUnproven, CodeAddressBoundary, CodeAddressOutside, CodeAddressOutside}
)

// judgeTime asks whether a key or address counted when it was used. With a proven
// anchor that is the interval of its block; else only the moment asked is known, and a
// key that has ended by then proves nothing, since nobody knows when it signed.
func (c *check) judgeTime(step StepName, codes windowCodes, w window, t anchorTime, place string) {
	if w.from.IsZero() {
		c.stop(step, codes.notAttested, place, "trust file", "no beginning is stated")
		return
	}
	if t.interval == nil {
		c.judgeBare(step, codes, w, t.claimed, place)
		return
	}
	early, late := t.interval.NotBefore, t.interval.NotAfter
	switch {
	case !late.IsZero() && late.Before(w.from):
		c.stop(step, codes.outside, place, "trust file", "used before %s, the beginning", stamp(w.from))
		return
	case early.Before(w.from):
		c.stop(step, codes.boundary, place, "trust file", "the beginning, %s, is within the time of the block", stamp(w.from))
		return
	}
	for _, end := range []struct {
		at   time.Time
		code Code
	}{{w.until, codes.outside}, {w.revoked, codes.revoked}, {w.invalidSince, codes.revoked}} {
		switch {
		case end.at.IsZero():
		case !early.Before(end.at):
			c.stop(step, end.code, place, "trust file", "used at %s or later, ended %s", stamp(early), stamp(end.at))
			return
		case late.IsZero() || !late.Before(end.at):
			c.stop(step, codes.boundary, place, "trust file", "the end, %s, may be within the time of the block", stamp(end.at))
			return
		}
	}
	c.pass(step, place, "trust file", "valid from %s, used at %s or later", stamp(w.from), stamp(early))
}

func (c *check) judgeBare(step StepName, codes windowCodes, w window, claimed bool, place string) {
	outside, code := c.at.Before(w.from), codes.outside
	for _, end := range []time.Time{w.revoked, w.invalidSince} {
		if !end.IsZero() && !c.at.Before(end) {
			outside, code = true, codes.revoked
		}
	}
	if !w.until.IsZero() && !c.at.Before(w.until) {
		outside = true
	}
	switch {
	case outside && claimed:
		c.stop(step, CodeKeyTimeUnknown, place, "trust file", "not valid at %s, and the anchor is not proven", stamp(c.at))
	case outside:
		c.stop(step, code, place, "trust file", "not valid at %s, and no anchor shows an earlier use", stamp(c.at))
	default:
		c.pass(step, place, "trust file", "valid from %s, and at the moment asked", stamp(w.from))
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// checkIssuer judges who the issuer is to the trust file: known, allowed this type and
// place, and owner of the address that paid.
func (c *check) checkIssuer() {
	if c.issuer == nil {
		c.stop(StepTrusted, c.unknown.code, "/issuer", "trust file", "%s", c.unknown.fact)
		c.stop(StepAuthorised, CodeNotJudged, "/issuer", "trust file", "the issuer is not known")
		if len(c.anchors) > 0 {
			c.stop(StepAddress, CodeNotJudged, "/issuer", "trust file", "the issuer is not known")
		}
		return
	}
	c.report.Issuer.Label = c.issuer.Label
	c.pass(StepTrusted, "/issuer", "trust file", "%s", c.issuer.Label)
	c.trusting("the trust file, that %s is %s", c.issuer.ID, c.issuer.Label)
	if c.issuer.unjudged != "" {
		c.trusting("the trust file, that the document of %s is its own; its signature was not judged: %s", c.issuer.ID, c.issuer.unjudged)
	}
	c.checkAuthorised()
	for _, a := range c.anchors {
		c.checkAddress(a)
	}
}

func (c *check) checkAuthorised() {
	for _, t := range c.certified() {
		if !slices.Contains(c.issuer.Types, t) && !slices.Contains(c.issuer.Types, Any) {
			c.stop(StepAuthorised, CodeType, "/type", "trust file", "%s may not issue %s", c.issuer.Label, t)
			return
		}
	}
	// The whole document is searched: where issuer and subject are one, statements can
	// change place between them without changing the hash.
	places := jurisdictions(c.cred.Unsecured(), false, nil)
	slices.Sort(places)
	for _, p := range places {
		switch {
		case slices.Contains(c.issuer.Jurisdictions, p), slices.Contains(c.issuer.Jurisdictions, Any):
		case len(c.issuer.Jurisdictions) == 0:
			c.stop(StepAuthorised, CodePlaceNotStated, "/credentialSubject", "trust file", "the document speaks for %s; the trust file names no jurisdictions of %s", p, c.issuer.Label)
			return
		default:
			c.stop(StepAuthorised, CodePlace, "/credentialSubject", "trust file", "%s may not speak for %s", c.issuer.Label, p)
			return
		}
	}
	if c.cred.Envelope() != nil && len(places) == 0 && !slices.Contains(c.issuer.Jurisdictions, Any) {
		// The place may be among the claims that are not shown.
		c.stop(StepAuthorised, CodePlaceNotStated, "/credentialSubject", "document", "no place is shown, and %s does not speak for all", c.issuer.Label)
		return
	}
	c.pass(StepAuthorised, "/type", "trust file", "%s may issue %s", c.issuer.Label, strings.Join(c.certified(), ", "))
}

// certified returns the types that say what the document certifies; a document with
// base types only certifies those.
func (c *check) certified() []string {
	types := slices.DeleteFunc(c.cred.Types(), func(t string) bool { return slices.Contains(baseTypes, t) })
	if len(types) == 0 {
		return c.cred.Types()
	}
	return types
}

// jurisdictions collects every text at or below a member of that name, in whatever form
// JSON-LD lets it be written.
func jurisdictions(v any, below bool, found []string) []string {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if name != "@context" {
				found = jurisdictions(e, below || name == "jurisdiction", found)
			}
		}
	case []any:
		for _, e := range x {
			found = jurisdictions(e, below, found)
		}
	case string:
		if below {
			found = append(found, x)
		}
	}
	return found
}

// checkHolderSignature judges the signature of a presentation by a DID that is its own
// key: nobody has to be trusted for that. Another holder's key is not known here.
func (c *check) checkHolderSignature(i int, p *credential.Proof) {
	id, _, _ := strings.Cut(p.VerificationMethod, "#")
	if holder := c.cred.Holder(); holder != "" && holder != id {
		c.stop(StepSignature, CodeSignerUnknown, p.Path, "document", "the proof is by %s", id)
		c.stop(StepKey, CodeIssuerKey, p.Path, "document", "the holder is %s, the proof is by %s", holder, id)
		return
	}
	doc, err := did.Resolve(id)
	if err != nil {
		c.stop(StepSignature, CodeSignerUnknown, p.Path, "trust file", "%v", err)
		return
	}
	key, ok := doc.Key(p.VerificationMethod)
	if !ok {
		c.stop(StepSignature, CodeSignerUnknown, p.Path, "document", "%s is no key of %s", p.VerificationMethod, id)
		c.stop(StepKey, CodeIssuerKey, p.Path, "document", "%s is no key of %s", p.VerificationMethod, id)
		return
	}
	if err := cryptosuite.VerifyCanonical(c.cred.Covered(i), c.canonicalOf(i), p, key, c.options()); err != nil {
		c.refuse(StepSignature, err, p.Path, "holder")
		c.stop(StepKey, CodeNotJudged, p.Path, "holder", "the signature did not hold")
		return
	}
	c.pass(StepSignature, p.Path, "holder", "%s by %s", p.Suite, p.VerificationMethod)
	c.pass(StepKey, p.Path, "holder", "the holder's DID is the key")
}

// checkAddress asks whether the transaction was paid by an address of the issuer, at a
// time when it was one, or commits to a root that the issuer published.
func (c *check) checkAddress(a anchored) {
	p := &c.cred.Proofs()[a.proof]
	if slices.Contains(c.issuer.Roots, a.root) {
		c.pass(StepAddress, p.Path, "trust file", "the trust file names this root")
		return
	}
	if a.address == "" {
		if c.anchorSkipped() {
			return
		}
		c.stop(StepAddress, CodeNotJudged, p.Path, "evidence", "the paying address is not proven")
		return
	}
	w, fault := c.addressWindow(a, p)
	if fault != "" {
		c.stop(StepAddress, CodeAddress, p.Path, "trust file", "%s: %s", a.address, fault)
		return
	}
	c.judgeTime(StepAddress, addressCodes, w, anchorTime{interval: a.time, claimed: true}, p.Path)
}

// addressWindow returns when the paying address counts as the issuer's, or why it does
// not. An address the trust file states itself counts whoever holds its key: a
// federation may pay for its boards. One from the issuer's own documents must be that of
// the key the proof names, if it names one that is known.
func (c *check) addressWindow(a anchored, p *credential.Proof) (w window, fault string) {
	owner := c.anchorOwner(p)
	doc, listed := listedAddress(owner, a.address)
	if i := slices.IndexFunc(owner.Addresses, func(x PinnedAddress) bool { return x.Address == a.address }); i >= 0 {
		return merged(doc, owner.Addresses[i].Bounds), ""
	}
	if id, _, _ := strings.Cut(p.VerificationMethod, "#"); isDID(id) && isDID(owner.ID) && id != owner.ID {
		return w, "the proof names a key of " + id
	}
	key, derived := derivedAddress(owner, a, p)
	switch {
	case key != nil && !derived:
		return w, "it is not the address of the key the proof names"
	case listed:
		return merged(doc, Bounds{}), ""
	}
	return w, "it is no address of " + owner.Label
}

// anchorOwner is who must own the paying address: the issuer; or, for a Merkle proof
// after the issuer's own, whom the proof names, if the trust file names them too. Such a
// proof adds time, not authorship.
func (c *check) anchorOwner(p *credential.Proof) *Issuer {
	if first := &c.cred.Proofs()[0]; p != first && !ownsMethod(c.issuer, p.VerificationMethod) {
		if other := c.signerOf(p.VerificationMethod); other != nil {
			return other
		}
	}
	return c.issuer
}

func isDID(id string) bool { return strings.HasPrefix(id, "did:") }

// derivedAddress returns the secp256k1 key that the proof names in the issuer's
// documents, if there is one, and whether the paying address is one of its own.
func derivedAddress(owner *Issuer, a anchored, p *credential.Proof) (key *did.Key, derived bool) {
	for _, d := range []*did.Document{owner.Document, owner.Profile} {
		if d == nil || a.network == "" {
			continue
		}
		k, ok := d.Key(p.VerificationMethod)
		if !ok {
			continue
		}
		pub, ok := k.Public.(*btcec.PublicKey)
		if !ok {
			continue
		}
		for _, profile := range []anchor.Profile{anchor.ProfileBlockcerts, anchor.ProfileSegwit, anchor.ProfileTaproot} {
			if own, err := anchor.Address(pub, profile, a.network); err == nil && own == a.address {
				return k, true
			}
		}
		return k, false
	}
	return nil, false
}

// anchorSkipped reports whether the address step was found not to be required.
func (c *check) anchorSkipped() bool {
	return slices.ContainsFunc(c.report.Steps, func(s Step) bool { return s.Name == StepAddress && s.Result == NotRequired })
}

// listedAddress looks an address up in the issuer's documents.
func listedAddress(is *Issuer, address string) (did.Window, bool) {
	for _, d := range []*did.Document{is.Document, is.Profile} {
		if d == nil {
			continue
		}
		if a, ok := d.Address(address); ok {
			return a.Window, true
		}
	}
	return did.Window{}, false
}
