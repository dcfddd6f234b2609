package verifier

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// Defaults of a trust file.
const (
	DefaultMinConfirmations anchor.Confirmations = 6
	DefaultStatusMaxAge                          = 7 * 24 * time.Hour
)

// trustLimits bounds a trust file: 56 places with some boards each, their documents
// inside.
var trustLimits = strictjson.Limits{Bytes: 64 << 20, Members: 1_000_000}

// A ChainFact is how a fact about a block chain is believed.
type ChainFact string

// The chain facts, strongest first.
const (
	Proven   ChainFact = "proven"   // inclusion proof and headers
	Node     ChainFact = "node"     // the caller's own node said so
	Observed ChainFact = "observed" // k of n named explorers agreed
)

var chainFacts = []ChainFact{Proven, Node, Observed}

// Any, as a type or place of an issuer, stands for every one.
const Any = "*"

// Trust says whom to believe. The zero Trust is usable and believes nobody. It is
// part of the input of Check: contexts, checkpoints and issuers included.
type Trust struct {
	// Networks whose anchors are accepted; on others the network step is unavailable.
	Networks []anchor.Network
	// OtherChains are block chains whose anchors are accepted as observed facts:
	// Ethereum, on which old Blockcerts stand. There is no proof for them here.
	OtherChains []merkleproof.Chain
	// Observers are the sources whose observations count, and ObserversNeeded how many
	// of them must agree; 0 means all.
	Observers       []string
	ObserversNeeded int
	// AnchorOptional accepts a document on its signature alone if it has no anchor.
	AnchorOptional bool
	// MinConfirmations is how many blocks must confirm an anchor, its own included;
	// 0 means DefaultMinConfirmations.
	MinConfirmations anchor.Confirmations
	// WeakestChainFact is the weakest kind of fact accepted; "" means Proven.
	WeakestChainFact ChainFact
	// StatusMaxAge is the greatest age of a status list that says "good", counted from
	// its validFrom; 0 means DefaultStatusMaxAge.
	StatusMaxAge time.Duration
	// Checkpoints and Headers are where trust in block headers starts. A network
	// without either starts at its genesis block.
	Checkpoints map[anchor.Network]*anchor.CheckpointPack
	Headers     map[anchor.Network]*anchor.HeaderStore
	Issuers     []Issuer
	// StatusFloor is the lowest sequence number accepted per list URL: the highest
	// the caller has seen.
	StatusFloor map[string]uint64

	contexts   *jsonld.Contexts            // that count in everybody's documents; nil means the built-in ones
	bound      map[string]*jsonld.Contexts // by issuer: contexts, and those of that issuer alone
	everybodys *jsonld.Contexts            // all of them; nil if there are none besides contexts
}

// An Issuer is somebody the trust file names, with what it may do.
type Issuer struct {
	ID    string
	Label string // the name to show
	// Document is the issuer's own document, pinned. Keys and Addresses add to it or
	// bound it; for a did:key or did:jwk it is computed.
	Document *did.Document
	// DocumentDigest, if not nil, is the SHA-256 of the document's bytes, which then
	// come with the evidence, under ID; Document is nil.
	DocumentDigest *[sha256.Size]byte
	// Profile is the Blockcerts profile of an issuer whose Document is a DID document:
	// its addresses and revocation list count too.
	Profile   *did.Document
	Keys      []PinnedKey
	Addresses []PinnedAddress
	// Types it may issue, and Jurisdictions it may speak for; Any stands for all. An
	// issuer without types may issue nothing.
	Types         []string
	Jurisdictions []string
	// StatusIssuers are ids, besides its own, whose status lists count for it.
	StatusIssuers []string
	// InForce lists, by type, the message codes that count as in force.
	InForce map[string][]uint8
	// AcceptUnsignedLists lets an Open Badges revocation list, which nobody signs, say
	// that a document of this issuer is good. Whoever hands over the evidence can
	// write such a list.
	AcceptUnsignedLists bool
	// Roots are batch roots the issuer published by other means: an anchor of one of
	// them is the issuer's, whoever paid.
	Roots []merkleproof.Hash

	unjudged string // why the signature of the document could not be judged
}

// A PinnedKey is a key the trust file states itself, or a bound on one in the
// issuer's document.
type PinnedKey struct {
	ID     string           // absolute id of the verification method
	Public crypto.PublicKey // nil: the document's
	Bounds
}

// A PinnedAddress is a Bitcoin address the issuer commits from.
type PinnedAddress struct {
	Address string
	Bounds
}

// Bounds limit when a key or address counts. Zero times are not stated.
type Bounds struct {
	From  time.Time // first instant
	Until time.Time // first instant after
	// InvalidSince is the time from which the key may have been in other hands. An
	// anchor proven before it stays good, a bare signature does not.
	InvalidSince time.Time
}

// Issuer returns the entry for id.
func (t *Trust) Issuer(id string) (*Issuer, bool) {
	i := slices.IndexFunc(t.Issuers, func(e Issuer) bool { return e.ID == id && id != "" })
	if i < 0 {
		return nil, false
	}
	return &t.Issuers[i], true
}

// A TrustError says what is wrong with a trust or evidence file, and where.
type TrustError struct {
	File string // "trust file" or "evidence file"
	Path string // JSON pointer
	Err  error
}

func (e *TrustError) Error() string { return fmt.Sprintf("%s, at %s: %v", e.File, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *TrustError) Unwrap() error { return e.Err }

// The wire form of a trust file; docs/files.md explains each member.
type (
	trustFile struct {
		Version          int                 `json:"version"`
		Networks         []string            `json:"networks"`
		Observers        []string            `json:"observers,omitempty"`
		ObserversNeeded  int                 `json:"observersNeeded,omitempty"`
		Anchor           string              `json:"anchor,omitempty"`
		MinConfirmations int32               `json:"minConfirmations,omitempty"`
		WeakestChainFact ChainFact           `json:"weakestChainFact,omitempty"`
		StatusMaxAge     string              `json:"statusMaxAge,omitempty"`
		Checkpoints      map[string]pinnedAt `json:"checkpoints,omitempty"`
		Headers          map[string]pinnedAt `json:"headers,omitempty"`
		Contexts         []pinnedContext     `json:"contexts,omitempty"`
		InlineContexts   []string            `json:"inlineContexts,omitempty"`
		Issuers          []issuerEntry       `json:"issuers"`
		StatusFloor      map[string]uint64   `json:"statusFloor,omitempty"`
	}
	// pinnedAt is data named by digest, carried inside or in a file beside it.
	pinnedAt struct {
		SHA256 string `json:"sha256"`
		Bytes  string `json:"bytes,omitempty"` // base64url
		File   string `json:"file,omitempty"`
	}
	pinnedContext struct {
		URL string `json:"url"`
		pinnedAt
	}
	issuerEntry struct {
		ID             string             `json:"id"`
		Label          string             `json:"label"`
		Document       map[string]any     `json:"document,omitempty"`
		DocumentHash   string             `json:"documentSHA256,omitempty"`
		Profile        map[string]any     `json:"profile,omitempty"`
		Keys           []keyEntry         `json:"keys,omitempty"`
		Addresses      []addressEntry     `json:"addresses,omitempty"`
		Types          []string           `json:"types,omitempty"`
		Jurisdictions  []string           `json:"jurisdictions,omitempty"`
		StatusIssuers  []string           `json:"statusIssuers,omitempty"`
		InForce        map[string][]int   `json:"inForce,omitempty"`
		Roots          []merkleproof.Hash `json:"roots,omitempty"`
		Contexts       []pinnedContext    `json:"contexts,omitempty"`
		InlineContexts []string           `json:"inlineContexts,omitempty"`

		AcceptUnsignedLists bool `json:"acceptUnsignedLists,omitempty"`
	}
	boundsEntry struct {
		From         *utcTime `json:"from,omitempty"`
		Until        *utcTime `json:"until,omitempty"`
		InvalidSince *utcTime `json:"invalidSince,omitempty"`
	}
	keyEntry struct {
		ID                 string `json:"id"`
		PublicKeyMultibase string `json:"publicKeyMultibase,omitempty"`
		boundsEntry
	}
	addressEntry struct {
		Address string `json:"address"`
		boundsEntry
	}
)

// utcTime is an RFC 3339 time in UTC, as all our files write it.
type utcTime time.Time

func (t utcTime) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format(time.RFC3339)), nil
}

func (t *utcTime) UnmarshalText(text []byte) error {
	p, err := time.Parse(time.RFC3339, string(text))
	if err != nil || len(text) == 0 || text[len(text)-1] != 'Z' {
		return fmt.Errorf("%q is not a time such as 2026-06-30T23:59:59Z", text)
	}
	*t = utcTime(p.UTC())
	return nil
}

func (b boundsEntry) bounds() Bounds {
	at := func(t *utcTime) time.Time {
		if t == nil {
			return time.Time{}
		}
		return time.Time(*t)
	}
	return Bounds{From: at(b.From), Until: at(b.Until), InvalidSince: at(b.InvalidSince)}
}

// ParseTrust reads a trust file (docs/files.md). Files it names are read with open,
// which gets the name as written; open may be nil if the file names none. Everything
// named carries its SHA-256 and is refused if it differs. Errors are *TrustError.
func ParseTrust(data []byte, open func(name string) ([]byte, error)) (*Trust, error) {
	var f trustFile
	if err := strictjson.Unmarshal(data, trustLimits, &f); err != nil {
		return nil, &TrustError{File: "trust file", Path: "/", Err: err}
	}
	b := trustBuilder{open: open, t: &Trust{
		AnchorOptional:   f.Anchor == "optional",
		MinConfirmations: anchor.Confirmations(f.MinConfirmations),
		WeakestChainFact: f.WeakestChainFact,
		Observers:        f.Observers,
		ObserversNeeded:  f.ObserversNeeded,
		StatusFloor:      f.StatusFloor,
	}}
	b.scalars(&f)
	b.networks(&f)
	b.contexts("", "", f.Contexts, f.InlineContexts)
	for i, e := range f.Issuers {
		b.issuer(fmt.Sprintf("/issuers/%d", i), e)
	}
	if b.err != nil {
		return nil, b.err
	}
	return b.t, nil
}

// A trustBuilder keeps the first error.
type trustBuilder struct {
	t    *Trust
	open func(string) ([]byte, error)
	err  error
}

func (b *trustBuilder) fail(path string, format string, args ...any) {
	if b.err == nil {
		b.err = &TrustError{File: "trust file", Path: path, Err: fmt.Errorf(format, args...)}
	}
}

func (b *trustBuilder) scalars(f *trustFile) {
	if f.Version != 1 {
		b.fail("/version", "version %d; this program reads version 1", f.Version)
	}
	if f.Anchor != "" && f.Anchor != "required" && f.Anchor != "optional" {
		b.fail("/anchor", `%q; say "required" or "optional"`, f.Anchor)
	}
	if f.MinConfirmations < 0 {
		b.fail("/minConfirmations", "must not be negative")
	}
	if f.WeakestChainFact != "" && !slices.Contains(chainFacts, f.WeakestChainFact) {
		b.fail("/weakestChainFact", `%q; say "proven", "node" or "observed"`, f.WeakestChainFact)
	}
	if f.ObserversNeeded < 0 || f.ObserversNeeded > len(f.Observers) {
		b.fail("/observersNeeded", "must be at most the number of observers, %d", len(f.Observers))
	}
	if f.StatusMaxAge != "" {
		d, err := time.ParseDuration(f.StatusMaxAge)
		if err != nil || d <= 0 {
			b.fail("/statusMaxAge", `%q is not a duration such as "168h"`, f.StatusMaxAge)
		}
		b.t.StatusMaxAge = d
	}
}

func (b *trustBuilder) networks(f *trustFile) {
	for i, name := range f.Networks {
		if c := merkleproof.Chain(name); c.IsEthereum() && c.Known() {
			b.t.OtherChains = append(b.t.OtherChains, c)
			continue
		}
		n, err := anchor.ParseNetwork(name)
		if err != nil {
			b.fail(fmt.Sprintf("/networks/%d", i), "%v", err)
		}
		b.t.Networks = append(b.t.Networks, n)
	}
	for name, p := range f.Checkpoints {
		path := "/checkpoints" + strictjson.PointerToken(name)
		n, err := anchor.ParseNetwork(name)
		if err != nil {
			b.fail(path, "%v", err)
			continue
		}
		pack, err := anchor.ParseCheckpointPack(n, b.pinned(path, p))
		if err != nil {
			b.fail(path, "%v", err)
		}
		if b.t.Checkpoints == nil {
			b.t.Checkpoints = make(map[anchor.Network]*anchor.CheckpointPack)
		}
		b.t.Checkpoints[n] = pack
	}
	for name, p := range f.Headers {
		path := "/headers" + strictjson.PointerToken(name)
		n, err := anchor.ParseNetwork(name)
		if err != nil {
			b.fail(path, "%v", err)
			continue
		}
		store, err := anchor.NewHeaderStore(n, b.pinned(path, p))
		if err != nil {
			b.fail(path, "%v", err)
		}
		if b.t.Headers == nil {
			b.t.Headers = make(map[anchor.Network]*anchor.HeaderStore)
		}
		b.t.Headers[n] = store
	}
}

// contexts pins those at path, for one issuer or, with an empty id, for all.
func (b *trustBuilder) contexts(path, id string, list []pinnedContext, inline []string) {
	for i, c := range list {
		at := fmt.Sprintf("%s/contexts/%d", path, i)
		doc := b.pinned(at, c.pinnedAt)
		pin := func() error { return b.t.PinContext(c.URL, doc) }
		if id != "" {
			pin = func() error { return b.t.PinContextOf(id, c.URL, doc) }
		}
		if err := pin(); err != nil {
			b.fail(at, "%v", err)
		}
	}
	for i, digits := range inline {
		h, err := merkleproof.ParseHash(digits)
		if err != nil {
			b.fail(fmt.Sprintf("%s/inlineContexts/%d", path, i), "%v", err)
		}
		if id == "" {
			b.t.PinInlineContext(h)
		} else {
			b.t.PinInlineContextOf(id, h)
		}
	}
}

// pinned returns the bytes that p names, or nil after an error.
func (b *trustBuilder) pinned(path string, p pinnedAt) []byte {
	var data []byte
	var err error
	switch {
	case (p.Bytes == "") == (p.File == ""):
		err = fmt.Errorf("must have one of bytes and file")
	case p.Bytes != "":
		data, err = base64.RawURLEncoding.Strict().DecodeString(p.Bytes)
	case b.open == nil:
		err = fmt.Errorf("names the file %q, and no files can be read here", p.File)
	default:
		data, err = b.open(p.File)
	}
	if err == nil {
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != p.SHA256 {
			err = fmt.Errorf("the data has SHA-256 %x, not %s", sum, p.SHA256)
		}
	}
	if err != nil {
		b.fail(path, "%w", err)
		return nil
	}
	return data
}

func (b *trustBuilder) issuer(path string, e issuerEntry) {
	if e.ID == "" || e.Label == "" {
		b.fail(path, "an issuer needs id and label")
	}
	if _, twice := b.t.Issuer(e.ID); twice {
		b.fail(path+"/id", "%s is there twice", e.ID)
	}
	is := Issuer{ID: e.ID, Label: e.Label, Types: e.Types, Jurisdictions: e.Jurisdictions,
		StatusIssuers: e.StatusIssuers, Roots: e.Roots, AcceptUnsignedLists: e.AcceptUnsignedLists}
	b.contexts(path, e.ID, e.Contexts, e.InlineContexts)
	b.document(path, &is, &e)
	if e.Profile != nil {
		p, err := did.FromObject(e.Profile)
		if err != nil {
			b.fail(path+"/profile", "%v", err)
		}
		is.Profile = p
	}
	for i, k := range e.Keys {
		p := PinnedKey{ID: k.ID, Bounds: k.bounds()}
		if k.PublicKeyMultibase != "" {
			pub, err := did.ParseMultikey(k.PublicKeyMultibase)
			if err != nil {
				b.fail(fmt.Sprintf("%s/keys/%d/publicKeyMultibase", path, i), "%v", err)
			}
			p.Public = pub
		} else if is.DocumentDigest == nil && !documentHas(is.Document, k.ID) {
			b.fail(fmt.Sprintf("%s/keys/%d", path, i), "needs publicKeyMultibase: the document has no key %q", k.ID)
		}
		is.Keys = append(is.Keys, p)
	}
	for _, a := range e.Addresses {
		is.Addresses = append(is.Addresses, PinnedAddress{Address: a.Address, Bounds: a.bounds()})
	}
	for typ, list := range e.InForce {
		for _, v := range list {
			if v < 0 || v > 255 {
				b.fail(path+"/inForce"+strictjson.PointerToken(typ), "%d is no message code", v)
			}
			if is.InForce == nil {
				is.InForce = make(map[string][]uint8)
			}
			is.InForce[typ] = append(is.InForce[typ], uint8(v))
		}
	}
	b.signed(path+"/document", &is, e.Document)
	b.signed(path+"/profile", &is, e.Profile)
	b.t.Issuers = append(b.t.Issuers, is)
}

// signed holds a document that carries a signature to it.
func (b *trustBuilder) signed(path string, is *Issuer, object map[string]any) {
	if object == nil || b.err != nil {
		return
	}
	raw, err := json.Marshal(object)
	var unjudged string
	if err == nil {
		unjudged, err = b.t.checkProfile(is, raw)
	}
	if err != nil {
		b.fail(path, "%w", err)
	}
	is.unjudged = cmp.Or(is.unjudged, unjudged)
}

func documentHas(d *did.Document, id string) bool {
	if d == nil {
		return false
	}
	_, ok := d.Key(id)
	return ok
}

func (b *trustBuilder) document(path string, is *Issuer, e *issuerEntry) {
	switch {
	case e.Document != nil && e.DocumentHash != "":
		b.fail(path+"/documentSHA256", "the document is there itself")
	case e.DocumentHash != "":
		h, err := merkleproof.ParseHash(e.DocumentHash)
		if err != nil {
			b.fail(path+"/documentSHA256", "%v", err)
		}
		digest := [sha256.Size]byte(h)
		is.DocumentDigest = &digest
	case e.Document == nil:
		if d, err := did.Resolve(is.ID); err == nil {
			is.Document = d
		}
	default:
		d, err := did.FromObject(e.Document)
		if err != nil {
			b.fail(path+"/document", "%v", err)
			return
		}
		if d.ID != "" && d.ID != is.ID {
			b.fail(path+"/document/id", "the document is of %s, the entry of %s", d.ID, is.ID)
		}
		is.Document = d
	}
}

var _ json.Marshaler = (*Trust)(nil)

// MarshalJSON refuses: a trust file is written by whoever decides whom to trust, and
// a parsed one no longer has its own bytes.
func (t *Trust) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("verifier: a Trust is read from a file, not written to one")
}
