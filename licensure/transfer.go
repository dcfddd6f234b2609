package licensure

import (
	"maps"
	"slices"
	"time"
)

// A Paper is a verified credential of another authority that a new licence rests on.
type Paper struct {
	Fact
	Source string // its issuer, as the trust file names it
}

// Transfer completes the draft of a licence (T07) with what it rests on: each paper becomes
// an entry of its evidence, by source and digest, so that nothing is requested again. The
// date of a paper is the moment its freshest status speaks about, or at for a fact that does
// not change (PV-1).
//
// It refuses a paper that is not in force or self-stated, one that is of the issuer's own
// place, and papers that are not all known by the holder's key to be about the person of the
// draft: a name alone, or a name with a degree, is for a person to look at (ID-2).
func Transfer(draft map[string]any, papers []Paper, at time.Time) (map[string]any, error) {
	if t, _ := TypeOf(draft); t != TypeLicence {
		return nil, refuse("ENV-3", "a draft of %s is asked for", TypeLicence)
	}
	if err := CheckDraft(draft); err != nil {
		return nil, err
	}
	if len(papers) == 0 {
		return nil, refuse("PV-8", "no papers to rest on")
	}
	own, _ := draft["credentialSubject"].(map[string]any)
	person := SubjectOf(draft)
	papers = slices.Clone(papers)
	slices.SortFunc(papers, func(a, b Paper) int { return compareFacts(a.Fact, b.Fact) })
	var evidence []any
	for i, p := range papers {
		switch {
		case i > 0 && p.ID == papers[i-1].ID:
			return nil, refuse("PV-3", "the paper %s stands twice", p.ID)
		case p.Attested:
			return nil, refuse("PV-3", "the paper %s is self-stated", p.ID)
		case !p.InForce:
			return nil, refuse("PV-3", "the paper %s is not in force", p.ID)
		case p.Type == TypeLicence && p.Claim("jurisdiction") == subject(own).text("jurisdiction"):
			return nil, refuse("TR-2", "the licence %s is of the place itself", p.ID)
		case MatchSubjects(person, SubjectOf(p.claims), nil) != MatchKey:
			return nil, refuse("ID-2", "the paper %s is to another key than the licence", p.ID)
		}
		e := Evidence{Source: p.Source, Method: SecureElectronic, VerifiedAt: at, VerifierRole: "licensing officer", DocumentDigest: p.Digest}
		if p.StatusAt != nil && subjects[p.Type].dynamic {
			e.VerifiedAt = *p.StatusAt
		}
		evidence = append(evidence, e.members())
	}
	out := maps.Clone(draft)
	out["evidence"] = evidence
	return out, CheckDraft(out)
}
