package synth

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/certanchor/certanchor/licensure"
)

// Federation is the relation under which a physician holds the federation's credentials.
// A board's relation is its ID.
const Federation = "federation"

// Earliest is the first moment at which drafts can be made: before it some careers of the
// world would not have happened yet.
var Earliest = time.Date(lastEvent+1, time.January, 1, 0, 0, 0, 0, time.UTC)

// HolderKey returns the key of physician i towards one issuer. It follows from public
// numbers and protects nothing: it is for made-up holders only.
func (w *World) HolderKey(i int, relation string) ed25519.PrivateKey {
	checkIndex(i)
	seed := digestOf(w.seed, "holder\x00"+relation, i)
	return ed25519.NewKeyFromSeed(seed[:])
}

// HolderDID returns the did:key of [World.HolderKey]. A physician has another one for each
// issuer, so that two verifiers cannot link credentials by it.
func (w *World) HolderDID(i int, relation string) string {
	public := w.HolderKey(i, relation).Public().(ed25519.PublicKey)
	// did:key, section 3.1: base58-btc multibase over the multicodec 0xed as a varint,
	// then the key.
	return "did:key:z" + base58.Encode(append([]byte{0xed, 0x01}, public...))
}

// DegreeDraft returns the federation's verification of physician i's degree (T02), valid
// from at. It fails if at is before [Earliest] and for no other reason.
func (w *World) DegreeDraft(i int, at time.Time) (map[string]any, error) {
	p, e, err := w.verification(i, at)
	if err != nil {
		return nil, err
	}
	school := w.schools[p.Degree.School]
	name := school.NameIn(yearOf(p.Degree.Conferral))
	e.Title = "Verification of medical degree"
	e.Evidence[0].Source = "Registrar of " + name
	return licensure.Degree{
		Envelope:        e,
		SchoolID:        school.ID,
		SchoolName:      name,
		Accreditor:      school.Accreditor,
		Country:         school.Country,
		Degree:          p.Degree.Kind,
		Matriculation:   p.Degree.Matriculation,
		Conferral:       p.Degree.Conferral,
		DiplomaLanguage: school.Language,
		ProgrammeMonths: p.Degree.Months,
		VerifiedBy:      "registrar",
	}.Draft()
}

// TrainingDraft returns the federation's verification of period k of physician i's
// graduate training (T06), valid from at. A period that ends after at is not completed. It
// panics if k is out of range of Physician.Trainings and fails as [World.DegreeDraft] does.
func (w *World) TrainingDraft(i, k int, at time.Time) (map[string]any, error) {
	p, e, err := w.verification(i, at)
	if err != nil {
		return nil, err
	}
	t := p.Trainings[k]
	programme := w.programmes[t.Programme]
	specialty := w.specialties[programme.Specialty]
	e.Title = "Verification of graduate medical training"
	e.Evidence[0].Source = "Programme director, " + programme.Sponsor
	completed := t.End < licensure.DateOf(at.UTC())
	training := licensure.Training{
		Envelope:          e,
		ProgrammeID:       programme.ID,
		Sponsor:           programme.Sponsor,
		Accreditor:        programme.Accreditor,
		Specialty:         specialty.Name,
		SpecialtyTaxonomy: specialty.Taxonomy,
		Level:             t.Level,
		Start:             t.Start,
		End:               t.End,
		Completed:         completed,
		BoardEligible:     completed && t.Eligible,
	}
	if programme.Closed {
		training.Custodian = "Federation of Made-up Boards"
		training.Evidence[0].Source = "Records of " + programme.Sponsor + ", kept by the federation"
	}
	for year := yearOf(t.Start); year < yearOf(t.End) && t.Level == licensure.Residency; year++ {
		training.PGYLevels = append(training.PGYLevels, len(training.PGYLevels)+1)
	}
	return training.Draft()
}

// LicenceDraft returns licence k of physician i (T07) in the term that at lies in, valid
// from at until twelve hours after the last day of the term has ended in Greenwich, when it
// has ended everywhere. It panics if k is out of range of Physician.Licences and fails as
// [World.DegreeDraft] does.
func (w *World) LicenceDraft(i, k int, at time.Time) (map[string]any, error) {
	if err := notTooEarly(at); err != nil {
		return nil, err
	}
	p := w.Physician(i)
	l := p.Licences[k]
	return w.licenceDraft(&p, l, w.boards[l.Board], at)
}

// BoardLicenceDraft returns a licence of physician i from the given board, as
// [World.LicenceDraft] does. It is full, active and unrestricted, whatever other licences
// the physician has, so that one board can license everybody.
func (w *World) BoardLicenceDraft(i int, board Board, at time.Time) (map[string]any, error) {
	if err := notTooEarly(at); err != nil {
		return nil, err
	}
	p := w.Physician(i)
	d := newDraw(w.seed, "licence of "+board.ID, i)
	return w.licenceDraft(&p, Licence{
		Type:        licensure.FullLicence,
		Number:      board.Number(i, licensure.FullLicence),
		FirstIssued: p.Licences[0].FirstIssued,
		Basis:       licensure.Examination,
		renewal:     renewalOf(&d, board),
	}, board, at)
}

func (w *World) licenceDraft(p *Physician, l Licence, board Board, at time.Time) (map[string]any, error) {
	at = at.UTC().Truncate(time.Second)
	today := at.Truncate(24 * time.Hour)
	start, end := l.renewal.term(today)
	termStart := max(licensure.DateOf(start), l.FirstIssued)
	full := l.Type == licensure.FullLicence
	return licensure.Licence{
		Envelope: licensure.Envelope{
			Title:      "Licence to practise medicine",
			Holder:     w.HolderDID(p.Index, board.ID),
			Person:     p.Person,
			ValidFrom:  at,
			ValidUntil: end.Add(36 * time.Hour),
			Evidence: []licensure.Evidence{{
				Source:       board.Name,
				Method:       licensure.DirectFromSource,
				VerifiedAt:   at,
				VerifierRole: "licensing officer",
			}},
			Confidence: licensure.Primary,
			Synthetic:  true,
		},
		Jurisdiction:       board.Jurisdiction,
		Board:              board.Name,
		BoardID:            board.ID,
		LicenceType:        l.Type,
		Number:             l.Number,
		FirstIssued:        l.FirstIssued,
		CurrentTermStart:   termStart,
		Expires:            licensure.DateOf(end),
		LegalStatus:        &l.Status,
		Full:               full,
		Unrestricted:       full && l.Status == licensure.Active,
		Basis:              l.Basis,
		RenewalCycleMonths: board.CycleMonths,
		StatePrincipal:     l.StatePrincipal,
		Conditions:         l.Conditions,
	}.Draft()
}

// verification returns physician i and the envelope of what the federation found out about
// the career a few days before at.
func (w *World) verification(i int, at time.Time) (Physician, licensure.Envelope, error) {
	if err := notTooEarly(at); err != nil {
		return Physician{}, licensure.Envelope{}, err
	}
	at = at.UTC().Truncate(time.Second)
	d := newDraw(w.seed, "verification", i)
	method := licensure.DirectFromSource
	if d.chance(3000) {
		method = licensure.SecureElectronic
	}
	p := w.Physician(i)
	return p, licensure.Envelope{
		Holder:    w.HolderDID(i, Federation),
		Person:    p.Person,
		ValidFrom: at,
		Evidence: []licensure.Evidence{{
			Method:       method,
			VerifiedAt:   at.Add(-time.Duration(d.between(1, 40*24)) * time.Hour),
			VerifierRole: "credentials verification staff",
		}},
		Confidence: licensure.Derived,
		Synthetic:  true,
	}, nil
}

func notTooEarly(at time.Time) error {
	if at.Before(Earliest) {
		return fmt.Errorf("synth: no drafts before %s", Earliest.Format(time.RFC3339))
	}
	return nil
}
