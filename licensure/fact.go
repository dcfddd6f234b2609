package licensure

import (
	"strings"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// A Fact is a verified credential as the rules see it. Make one with [FactOf]; there is no
// other way to say that something was verified.
type Fact struct {
	Ref
	Type   string
	Issuer string
	// InForce is false where the document or its list says that it is taken back, expired
	// or outside what is called in force. It still shows what was so.
	InForce bool
	// Attested is true where only the subject said so: it never counts as verified (PV-3).
	Attested bool
	// StatusAt is the moment the freshest list that counted speaks about; nil for none.
	StatusAt *time.Time
	subject  subject
	claims   map[string]any
}

// FactOf returns the fact that a report shows; digest is that of the credential, its leaf
// (hex). It fails for a report that is neither valid nor not-in-force, for a presentation,
// and for claims that break the rules of their own type.
func FactOf(r *verifier.Report, digest string) (Fact, error) {
	if r == nil || r.Verdict != verifier.Valid && r.Verdict != verifier.NotInForce {
		return Fact{}, refuse("PV-3", "only what was verified is a fact")
	}
	if !sha256Hex.MatchString(digest) {
		return Fact{}, refuse("PV-3", "a fact is named by the digest of its credential")
	}
	t, ok := TypeOf(r.Claims)
	if !ok {
		return Fact{}, refuse("ENV-3", "none of our types")
	}
	claims, open := ClaimsOf(r)
	s, err := subjectOf(claims, t)
	if err != nil {
		return Fact{}, err
	}
	if open != nil {
		return Fact{}, open
	}
	class, _ := claims["confidenceClass"].(string)
	return Fact{Ref: Ref{ID: r.ID, Digest: digest}, Type: t, Issuer: r.Issuer.ID, InForce: r.Verdict == verifier.Valid,
		Attested: class == string(Attested), StatusAt: r.StatusAt, subject: s, claims: claims}, nil
}

// Claim returns a member of the subject as text; empty for none.
func (f Fact) Claim(name string) string { return f.subject.text(name) }

// factsOf returns the verified facts of one type.
func factsOf(facts []Fact, t string) []Fact {
	var out []Fact
	for _, f := range facts {
		if f.Type == t && !f.Attested {
			out = append(out, f)
		}
	}
	return out
}

func compareFacts(a, b Fact) int { return strings.Compare(a.ID, b.ID) }
