package licensure

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// A RegistrySnapshot is an issuer's commitment, anchored with a batch, to what it has
// published: status lists by digest and number, and the head of its record. Nobody can
// then show two histories, or take a revocation back with a stolen list key (ST-6). It
// names no person.
type RegistrySnapshot struct {
	Envelope
	Lists []Snapshot
	Head  *Head // nil for an issuer that keeps no record
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (r RegistrySnapshot) Validate() error {
	_, err := r.Draft()
	return err
}

// Draft returns r as a draft that [CheckDraft] accepts.
func (r RegistrySnapshot) Draft() (map[string]any, error) {
	m := object{}
	m.list("statusSnapshots", len(r.Lists), func(i int) any { return r.Lists[i].members() })
	if h := r.Head; h != nil {
		n := object{"entryCount": json.Number(strconv.Itoa(h.Count))}
		n.instant("recordedAt", h.Recorded)
		n.text("digest", h.Digest)
		m["recordHead"] = n.plain()
	}
	return r.draft(TypeRegistrySnapshot, m)
}

func (s Snapshot) members() map[string]any {
	n := object{"sequence": json.Number(strconv.FormatUint(s.Sequence, 10))}
	n.text("id", s.URL)
	n.text("digest", s.Digest)
	return n.plain()
}

var listSnapshots = longList(node("T15", []field{
	{"id", must, anything},
	{"digest", must, digest},
	{"sequence", must, integer(0, maxInteger)},
}))

var snapshotFields = []field{
	{"statusSnapshots", may, listSnapshots},
	{"recordHead", may, node("ST-6", []field{
		{"recordedAt", must, instant},
		{"digest", must, digest},
		{"entryCount", must, integer(0, maxInteger)},
	})},
}

func snapshotCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.distinctIDs(ptr+"/statusSnapshots", "ST-6", s["statusSnapshots"])
	_, lists := s["statusSnapshots"]
	head, hasHead := s["recordHead"].(map[string]any)
	if !lists && !hasHead {
		c.fail(CodeMissing, ptr, "ST-6", "a snapshot holds lists, a head, or both")
	}
	if hasHead {
		c.known(ptr+"/recordHead", "ST-6", head, "recordedAt")
	}
}

// RegistrySnapshotOf reads the lists and the head out of the verified claims of a
// snapshot. The error is a [*DraftError] by the rules that a draft is judged by.
func RegistrySnapshotOf(claims map[string]any) ([]Snapshot, *Head, error) {
	s, err := subjectOf(claims, TypeRegistrySnapshot)
	if err != nil {
		return nil, nil, err
	}
	var lists []Snapshot
	for _, n := range s.nodes("statusSnapshots") {
		sequence, err := wholeNumber(n["sequence"])
		if err != nil {
			return nil, nil, err
		}
		lists = append(lists, Snapshot{URL: n.text("id"), Digest: n.text("digest"), Sequence: sequence})
	}
	h, ok := s["recordHead"].(map[string]any)
	if !ok {
		return lists, nil, nil
	}
	count, err := wholeNumber(h["entryCount"])
	if err != nil {
		return nil, nil, err
	}
	return lists, &Head{Recorded: subject(h).instant("recordedAt"), Count: int(count), Digest: subject(h).text("digest")}, nil
}

func wholeNumber(v any) (uint64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("licensure: not a number")
	}
	u, err := strconv.ParseUint(n.String(), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("licensure: %w", err)
	}
	return u, nil
}
