package evidencefile

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
)

// Bounds of what an evidence file is made of.
const (
	maxFiles  = 5_000     // of one kind
	maxBytes  = 512 << 20 // of all members together
	maxMember = 256 << 20
)

// An Input is all that an answer is made from, as received. The order of files of one kind
// decides nothing, and a file given twice counts once.
type Input struct {
	// Credentials are credentials, or presentations of them.
	Credentials [][]byte
	Trust       []byte
	Named       map[string][]byte // files that the trust file names, by the name it uses
	Evidence    [][]byte          // evidence files
	Lists       [][]byte          // status lists besides those in the evidence
	Orders      [][]byte          // board orders (T08)
	Policy      []byte
	Case        Case
	// Signer is whose statement goes in; nil for none.
	Signer *Signer
}

// A Signer is the organisation that verified, and its key. An Ed25519 key makes equal
// statements of equal inputs.
type Signer struct {
	Key        crypto.Signer
	KeyID      string // the verification method in the profile
	Profile    []byte // its issuer document, as published
	ContextURL string // of its context
	Context    []byte
}

// CaseVersion is the version member of a case.
const CaseVersion = 1

// A Case is what is known besides the credentials, as a file. Instants are RFC 3339 in UTC.
type Case struct {
	Version      int            `json:"version"`
	At           string         `json:"at"`           // the moment the documents are judged for
	DecisionDate licensure.Date `json:"decisionDate"` // PV-2
	Office       string         `json:"office,omitempty"`
	Place        string         `json:"place,omitempty"`   // of practice, a jurisdiction
	Arrival      string         `json:"arrival,omitempty"` // disaster: when the volunteer came
	PhotoID      bool           `json:"photoId,omitempty"` // disaster: one was looked at; none is kept
	DataBank     *Query         `json:"dataBank,omitempty"`
	Malpractice  *Query         `json:"malpractice,omitempty"`
	Sanctions    *Query         `json:"sanctions,omitempty"`
	Competence   *Query         `json:"competence,omitempty"`
	Work         []Work         `json:"work,omitempty"`
	// Asked is what was asked of a holder who presents; nil if nothing was.
	Asked *Asked `json:"asked,omitempty"`
}

// A Query is an inquiry made elsewhere: that it was made, never what was answered (PV-7).
type Query struct {
	On        licensure.Date `json:"on"`
	By        string         `json:"by"`
	Reference string         `json:"reference"`
	SelfQuery bool           `json:"selfQuery,omitempty"`
}

func (q *Query) query() *licensure.Query {
	if q == nil {
		return nil
	}
	return &licensure.Query{On: q.On, By: q.By, Reference: q.Reference, SelfQuery: q.SelfQuery}
}

// Work is one stretch of work history.
type Work struct {
	From      licensure.Date `json:"from"`
	Until     licensure.Date `json:"until,omitempty"`
	Explained bool           `json:"explained,omitempty"` // the gap after it
}

// Asked binds a presentation to one audience and exchange.
type Asked struct {
	Audience  string `json:"audience"`
	Challenge string `json:"challenge"`
}

// ParseCase reads a case file. One that a person writes may leave out the moment and the day
// of the decision; [Make] asks for both.
func ParseCase(data []byte) (*Case, error) {
	var c Case
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: 1 << 20}, &c); err != nil {
		return nil, fmt.Errorf("case file: %w", err)
	}
	if c.Version != CaseVersion {
		return nil, fmt.Errorf("case file: version %d; this program reads version %d", c.Version, CaseVersion)
	}
	return &c, nil
}

// moment is the case's times.
func (c *Case) moment() (licensure.Moment, error) {
	at, err := instant("at", c.At)
	if err != nil {
		return licensure.Moment{}, err
	}
	m := licensure.Moment{Decision: c.DecisionDate, Run: at, PhotoID: c.PhotoID}
	if _, err := time.Parse(time.DateOnly, string(c.DecisionDate)); err != nil {
		return m, fmt.Errorf("case: decisionDate %q is no day such as 2026-06-30", c.DecisionDate)
	}
	if c.Arrival != "" {
		m.Arrival, err = instant("arrival", c.Arrival)
	}
	return m, err
}

func instant(name, text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !strings.HasSuffix(text, "Z") || t.Nanosecond() != 0 {
		return time.Time{}, fmt.Errorf("case: %s %q is no time such as 2026-06-30T12:00:00Z", name, text)
	}
	return t, nil
}

// Names of inputs in the container.
const (
	nameCase       = "inputs/case.json"
	namePolicy     = "inputs/policy.json"
	nameTrust      = "inputs/trust.json"
	nameTrustFiles = "inputs/trust-files.json"
	nameSigner     = "inputs/signer/"
	dirCredentials = "inputs/credentials/"
	dirEvidence    = "inputs/evidence/"
	dirLists       = "inputs/status/"
	dirOrders      = "inputs/orders/"
	dirTrust       = "inputs/trust/"
)

// members puts the inputs under their names: those of a kind are numbered in the order of
// their digests, so that no name from outside comes in.
func (in Input) members() (map[string][]byte, error) {
	if len(in.Credentials) == 0 {
		return nil, errors.New("evidencefile: no credentials")
	}
	in.Case.Version = CaseVersion
	text, err := canonicalOf(in.Case)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{nameCase: text, namePolicy: in.Policy, nameTrust: in.Trust}
	for dir, files := range map[string][][]byte{dirCredentials: in.Credentials, dirEvidence: in.Evidence, dirLists: in.Lists, dirOrders: in.Orders} {
		if len(files) > maxFiles {
			return nil, fmt.Errorf("evidencefile: %d files of a kind, at most %d", len(files), maxFiles)
		}
		for i, raw := range byDigest(files) {
			all[fmt.Sprintf("%s%04d.json", dir, i+1)] = raw
		}
	}
	if len(in.Named) > 0 {
		index := map[string]string{}
		for name, raw := range in.Named {
			index[name] = dirTrust + sum(raw)
			all[index[name]] = raw
		}
		if all[nameTrustFiles], err = canonicalOf(index); err != nil {
			return nil, err
		}
	}
	if s := in.Signer; s != nil {
		if all[nameSigner+"key.json"], err = canonicalOf(signerKey{s.KeyID, s.ContextURL}); err != nil {
			return nil, err
		}
		all[nameSigner+"issuer.json"], all[nameSigner+"context.jsonld"] = s.Profile, s.Context
	}
	return all, nil
}

// signerKey names the key of a statement.
type signerKey struct {
	KeyID      string `json:"keyId"`
	ContextURL string `json:"contextUrl"`
}

func byDigest(files [][]byte) [][]byte {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b []byte) int { return strings.Compare(sum(a), sum(b)) })
	return slices.CompactFunc(files, func(a, b []byte) bool { return sum(a) == sum(b) })
}

func sum(raw []byte) string {
	h := sha256.Sum256(raw)
	return hex.EncodeToString(h[:])
}
