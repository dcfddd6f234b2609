package licensure

import (
	"bufio"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/certanchor/certanchor/status"
)

// StatusSize is the width in bits of an entry in a list of legal statuses.
const StatusSize = 4

// A Slot is the place of one licence term in a list. Renewal gives a new one (LC-6): an old
// index is retired with its term and never given again.
type Slot struct {
	CredentialID string `json:"credential"` // of the T07
	Index        int    `json:"index"`
}

// A Ledger knows which index of one list stands for which term. It belongs to the board:
// with it, and not without, a list tells about persons.
//
// One list serves one board, one type of credential and one period, and holds at least
// status.MinEntries entries (ST-1). Indices are drawn uniformly and never twice. What is not
// drawn is a decoy: it shows a status too, so that a list does not tell how many licences
// the board has, nor which entries are real.
type Ledger struct {
	entries int
	secret  [sha256.Size]byte
	slots   []Slot
	taken   []uint64 // one bit per index
	index   map[string]int
}

// maxFill is the part of a list that may be real: drawing gets slow beyond, and a list
// without decoys would tell its board's size.
const maxFillPercent = 95

// NewLedger returns an empty ledger for a list of that many entries. The secret of its
// decoys comes from random, which must be the system's secure source.
func NewLedger(entries int, random io.Reader) (*Ledger, error) {
	if entries < status.MinEntries || entries%2 != 0 || entries*StatusSize/8 > status.MaxBytes {
		return nil, refuse("ST-1", "a list has %d to %d entries, an even number", status.MinEntries, status.MaxBytes*8/StatusSize)
	}
	l := &Ledger{entries: entries, taken: make([]uint64, (entries+63)/64), index: map[string]int{}}
	if _, err := io.ReadFull(random, l.secret[:]); err != nil {
		return nil, fmt.Errorf("licensure: no randomness: %w", err)
	}
	return l, nil
}

// Entries returns the length of the list.
func (l *Ledger) Entries() int { return l.entries }

// Slots returns what was given out so far, in the order given.
func (l *Ledger) Slots() []Slot { return slices.Clone(l.slots) }

// Draw gives each credential an index that was never given before, drawn uniformly from
// those left. It fails if random does, if a credential has one already, or if the list would
// be too full; then nothing is given.
func (l *Ledger) Draw(random io.Reader, credentialIDs ...string) ([]Slot, error) {
	if (len(l.slots)+len(credentialIDs))*100 > l.entries*maxFillPercent {
		return nil, refuse("ST-1", "the list is full: %d of %d entries, at most %d %%", len(l.slots)+len(credentialIDs), l.entries, maxFillPercent)
	}
	r := bufio.NewReaderSize(random, 1<<16)
	start := len(l.slots)
	for _, id := range credentialIDs {
		i, err := l.free(r)
		if _, twice := l.index[id]; twice && err == nil {
			err = refuse("LC-6", "a credential keeps its index; a renewal is a new credential")
		}
		if err != nil {
			l.giveBack(start)
			return nil, err
		}
		l.taken[i/64] |= 1 << (i % 64)
		l.index[id] = i
		l.slots = append(l.slots, Slot{id, i})
	}
	return slices.Clone(l.slots[start:]), nil
}

func (l *Ledger) giveBack(start int) {
	for _, s := range l.slots[start:] {
		l.taken[s.Index/64] &^= 1 << (s.Index % 64)
		delete(l.index, s.CredentialID)
	}
	l.slots = l.slots[:start]
}

// free draws until it meets an index that is free: uniform among them, since each draw is
// uniform among all. A value beyond the last multiple of entries is drawn again, or small
// indices would be likelier.
func (l *Ledger) free(r io.Reader) (int, error) {
	limit := uint32(1<<32 - (1<<32)%uint64(l.entries) - 1)
	var raw [4]byte
	for {
		if _, err := io.ReadFull(r, raw[:]); err != nil {
			return 0, fmt.Errorf("licensure: no randomness: %w", err)
		}
		v := binary.BigEndian.Uint32(raw[:])
		if v > limit {
			continue
		}
		if i := int(v) % l.entries; l.taken[i/64]>>(i%64)&1 == 0 {
			return i, nil
		}
	}
}

// decoyShares is the mix that decoys show, in parts of 65,536 [chk: own assumption, near
// what boards publish]. It never changes for a list: decoys whose values wander would give
// themselves away.
var decoyShares = [16]uint32{
	Active: 46000, Expired: 12400, InactiveVoluntary: 3000, Retired: 2200, ActiveWithConditions: 500, Probation: 450,
	Suspended: 200, SummarySuspended: 20, Revoked: 330, SurrenderedInLieu: 160, Deceased: 200, Pending: 46, Provisional: 20,
	CompactAutoSuspended: 5, CompactMirroredEncumbered: 5,
}

// decoyStatus is the share that a draw from 0 to 65,535 falls into.
var decoyStatus = func() (table [1 << 16]uint8) {
	n := 0
	for s, share := range decoyShares {
		for range share {
			table[n] = uint8(s)
			n++
		}
	}
	return table
}()

// decoys fills the list with what its decoys show: a keyed stream, two bytes an entry.
func (l *Ledger) decoys(bits *status.Bitstring) {
	mac := hmac.New(sha256.New, l.secret[:])
	var block [8]byte
	var sum []byte
	for i := range l.entries {
		if i%16 == 0 {
			mac.Reset()
			binary.BigEndian.PutUint64(block[:], uint64(i/16))
			mac.Write(block[:])
			sum = mac.Sum(sum[:0])
		}
		if l.taken[i/64]>>(i%64)&1 == 0 {
			k := i % 16 * 2
			bits.Set(i, decoyStatus[uint16(sum[k])<<8|uint16(sum[k+1])])
		}
	}
}

// A Projection is a list of legal statuses made from the fold.
type Projection struct {
	Bits *status.Bitstring
	At   time.Time // the moment it speaks about
}

// Project writes the list: for each slot what statusOf says of its credential, for the rest
// decoys. An error of statusOf ends it; an entry is never left at "active" for want of an
// answer.
func (l *Ledger) Project(at time.Time, statusOf func(credentialID string) (LegalStatus, error)) (*Projection, error) {
	bits := status.New(l.entries, StatusSize)
	l.decoys(bits)
	for _, s := range l.slots {
		v, err := statusOf(s.CredentialID)
		if err != nil {
			return nil, err
		}
		if v > NotStated {
			return nil, refuse("6.1", "no four-bit status %d", v)
		}
		bits.Set(s.Index, uint8(v))
	}
	return &Projection{Bits: bits, At: at}, nil
}

// Index returns the index of a credential.
func (l *Ledger) Index(credentialID string) (int, bool) {
	i, ok := l.index[credentialID]
	return i, ok
}

// FromLog answers Project from a log: the state of each credential's licence at the moment,
// as known then. A term that ended before another of its licence began shows as expired: its
// index is retired (LC-6).
func FromLog(l *Log, at time.Time) func(credentialID string) (LegalStatus, error) {
	utc := DateOf(at.UTC())
	return func(id string) (LegalStatus, error) {
		r, ok := l.byTerm[id]
		if !ok {
			return NotStated, refuse("VD-3", "the log has no term %s", id)
		}
		if len(l.heard(r.key)) == 0 && len(r.terms) == 1 && len(l.rules) == 0 {
			return r.terms[0].alone(at, utc), nil // as most of the nation is, told in a hurry
		}
		s, err := l.StatusAt(r.key, at, at)
		if err != nil {
			return NotStated, err
		}
		terms := l.Terms(r.key)
		i := slices.IndexFunc(terms, func(t LicenceTerm) bool { return t.CredentialID == id })
		if i < len(terms)-1 && s.Expires != terms[i].Expires {
			return Expired, nil
		}
		return s.Status, nil
	}
}

// alone is what Fold says of a licence with this one term and no orders, where the board's
// day is UTC's.
func (t LicenceTerm) alone(at time.Time, day Date) LegalStatus {
	if t.RecordedAt.After(at) || t.Start > day {
		return NotStated
	}
	if day > t.Expires {
		switch t.Initial {
		case Active, ActiveWithConditions, Probation, Provisional:
			return Expired
		}
	}
	return t.Initial
}

// A Difference is an entry at which a list and the fold do not agree.
type Difference struct {
	CredentialID string
	List, Fold   LegalStatus
	// Counts is the more restrictive of the two: what holds until it is cleared up (VD-3).
	Counts LegalStatus
}

// Compare holds a list to the fold: where they differ, both are told, and the more
// restrictive one counts (VD-3).
func (l *Ledger) Compare(bits *status.Bitstring, statusOf func(credentialID string) (LegalStatus, error)) ([]Difference, error) {
	if bits.Size() != StatusSize || bits.Len() != l.entries {
		return nil, errors.New("licensure: the list has another form than the ledger")
	}
	var out []Difference
	for _, s := range l.slots {
		v, err := bits.At(s.Index)
		if err != nil {
			return nil, err
		}
		want, err := statusOf(s.CredentialID)
		if err != nil {
			return nil, err
		}
		if got := LegalStatus(v); got != want {
			out = append(out, Difference{s.CredentialID, got, want, MoreRestrictive(got, want)})
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return cmp.Compare(a.CredentialID, b.CredentialID) })
	return out, nil
}

// MoreRestrictive returns whichever of two statuses lets a physician do less; NotStated
// says nothing and counts as the most restrictive.
func MoreRestrictive(a, b LegalStatus) LegalStatus {
	if restriction(b) > restriction(a) {
		return b
	}
	return a
}

// restriction orders statuses by how little they let a physician do.
func restriction(s LegalStatus) int {
	order := []LegalStatus{Active, Provisional, ActiveWithConditions, Probation, Pending, InactiveVoluntary, Retired, Expired,
		CompactAutoSuspended, CompactMirroredEncumbered, Suspended, SummarySuspended, SurrenderedInLieu, Revoked, Deceased, NotStated}
	if i := slices.Index(order, s); i >= 0 {
		return i
	}
	return len(order)
}
