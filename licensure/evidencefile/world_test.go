package evidencefile_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
	"github.com/certanchor/certanchor/verifier"
)

// now is the moment at which the made-up world issues and decides.
var now = time.Date(2026, 7, 15, 6, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rule runs the test of one rule of the domain.
func rule(t *testing.T, id string, f func(t *testing.T)) {
	t.Helper()
	t.Run(id, f)
}

// A world has sources that issue on one private chain, and a hospital.
type world struct {
	t       testing.TB
	chain   *regtest.Chain
	sources []*source
	ev      *verifier.Evidence
	now     time.Time
}

// A source issues credentials; its keys are its own.
type source struct {
	w      *world
	dir    string
	id     string
	types  []string
	places []string
	is     *issuer.Issuer
	key    *issuer.AnchorKey
	form   issuer.Form // of what it issues next
}

func newWorld(t testing.TB) *world {
	return &world{t: t, chain: regtest.New(), now: now, ev: &verifier.Evidence{Gathered: verifier.Gathered{At: now, By: "test"}}}
}

func (w *world) source(name string, types, places []string) *source {
	w.t.Helper()
	s := &source{w: w, dir: filepath.Join(w.t.TempDir(), name), id: "https://" + name + ".example/issuer.json", types: types, places: places}
	must(w.t, issuer.Generate(issuer.NewIssuer{Dir: s.dir, ID: s.id, Name: "Made-up " + name, Context: licensure.Context(), Network: anchor.Regtest, From: w.now.AddDate(0, 0, -30)}))
	signer, keyID, err := issuer.SigningKey(s.dir, nil)
	must(w.t, err)
	s.key, err = issuer.OpenAnchorKey(s.dir, nil)
	must(w.t, err)
	s.is, err = issuer.Open(issuer.Config{Dir: s.dir, Signer: signer, KeyID: keyID, AnchorKeyID: s.key.ID, CheckDraft: licensure.CheckDraft, Weighty: licensure.Weighty,
		Now: func() time.Time { return w.now }, ListLife: 400 * 24 * time.Hour,
		Purposes: func(types []string) []issuer.Purpose {
			if !slices.Contains(types, licensure.TypeLicence) {
				return []issuer.Purpose{issuer.Revocation}
			}
			return []issuer.Purpose{issuer.Revocation, {Name: "message", Size: 4, Messages: messages()}}
		}})
	must(w.t, err)
	w.t.Cleanup(func() { s.is.Close() })
	_, err = w.chain.Mine(101, s.key.Address, w.now.Add(-72*time.Hour))
	must(w.t, err)
	w.sources = append(w.sources, s)
	return s
}

func messages() []string {
	var out []string
	for s := range 16 {
		out = append(out, licensure.LegalStatus(s).String())
	}
	return out
}

type drafter interface {
	Draft() (map[string]any, error)
}

// issue issues a batch and returns the credentials in the order of the drafts.
func (s *source) issue(drafts ...drafter) [][]byte {
	t, ctx := s.w.t, context.Background()
	t.Helper()
	batch, err := s.is.Seal(ctx, anchor.Regtest, func(yield func(issuer.Draft, error) bool) {
		for i, d := range drafts {
			o, err := d.Draft()
			if !yield(issuer.Draft{Object: o, Place: fmt.Sprint("draft ", i), Form: s.form}, err) {
				return
			}
		}
	})
	must(t, err)
	must(t, batch.Fund(ctx, s.w.chain, s.key.Address, 50_000))
	must(t, batch.Sign(s.key))
	must(t, batch.Broadcast(ctx, s.w.chain))
	_, err = s.w.chain.Mine(12, s.key.Address, s.w.now.Add(-48*time.Hour))
	must(t, err)
	_, err = batch.Confirm(ctx, s.w.chain, verifier.DefaultMinConfirmations)
	must(t, err)
	got := new(collector)
	must(t, batch.Finish(got))
	tx, err := s.w.chain.Evidence(ctx, batch.TxID())
	must(t, err)
	s.w.ev.AddTransaction(batch.TxID(), tx)
	return got.list
}

type collector struct{ list [][]byte }

func (c *collector) Put(_ string, raw []byte) error {
	c.list = append(c.list, slices.Clone(raw))
	return nil
}

func (c *collector) Commit() error { return nil }

// lists publishes the source's status lists as of a moment.
func (s *source) lists(at time.Time) [][]byte {
	published, err := s.is.PublishLists(at)
	must(s.w.t, err)
	var out [][]byte
	for _, l := range published {
		out = append(out, l.Bytes)
	}
	return out
}

// evidence is an evidence file with the transactions and headers of all batches.
func (w *world) evidence() []byte {
	ctx := context.Background()
	tip, _, err := w.chain.Tip(ctx)
	must(w.t, err)
	w.ev.Headers = nil
	headers, err := w.chain.Headers(ctx, 0, tip)
	must(w.t, err)
	w.ev.AddHeaders(anchor.Regtest, headers)
	raw, err := w.ev.Marshal()
	must(w.t, err)
	return raw
}

// trust is the hospital's trust file; bend may change it.
func (w *world) trust(bend func(map[string]any)) []byte {
	sum := sha256.Sum256(licensure.Context())
	var issuers []any
	for _, s := range w.sources {
		profile, err := os.ReadFile(filepath.Join(s.dir, "issuer.json"))
		must(w.t, err)
		issuers = append(issuers, map[string]any{"id": s.id, "label": "The " + filepath.Base(s.dir), "document": json.RawMessage(profile),
			"types": s.types, "jurisdictions": s.places, "inForce": map[string]any{licensure.TypeLicence: []int{0, 1, 2, 14}},
			"contexts": []any{map[string]any{"url": s.is.ContextURL(), "sha256": fmt.Sprintf("%x", sum), "bytes": base64.RawURLEncoding.EncodeToString(licensure.Context())}}})
	}
	file := map[string]any{"version": 1, "networks": []any{"regtest"}, "statusMaxAge": "2880h", "issuers": issuers}
	if bend != nil {
		bend(file)
	}
	raw, err := json.Marshal(file)
	must(w.t, err)
	return raw
}

func policyFile(t testing.TB, id string) []byte {
	raw, ok := licensure.BuiltinPolicy(id)
	if !ok {
		t.Fatalf("no policy %s", id)
	}
	return raw
}

// signer is a source as the signer of statements.
func (s *source) signer() *evidencefile.Signer {
	key, id, err := issuer.SigningKey(s.dir, nil)
	must(s.w.t, err)
	profile, err := os.ReadFile(filepath.Join(s.dir, "issuer.json"))
	must(s.w.t, err)
	return &evidencefile.Signer{Key: key, KeyID: id, Profile: profile, ContextURL: s.is.ContextURL(), Context: licensure.Context()}
}

// What the physician of these tests has.

const holder = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

func envelope(title string, until time.Time) licensure.Envelope {
	return licensure.Envelope{Title: title, Holder: holder, Person: licensure.Person{FamilyName: "Łostrowe", GivenName: "Ilva 岚"},
		ValidFrom: now.AddDate(0, 0, -2), ValidUntil: until, Confidence: licensure.Primary, Synthetic: true,
		Evidence: []licensure.Evidence{{Source: "own records", Method: licensure.DirectFromSource, VerifiedAt: now.AddDate(0, 0, -3), VerifierRole: "registrar"}}}
}

func aDegree() licensure.Degree {
	return licensure.Degree{Envelope: envelope("Degree", time.Time{}), SchoolID: "XS00001", SchoolName: "School of Alderfen", Accreditor: licensure.LCME,
		Country: "XAA", Degree: licensure.MD, Matriculation: "2004", Conferral: "2008-05", DiplomaLanguage: "en"}
}

func aTraining() licensure.Training {
	return licensure.Training{Envelope: envelope("Residency", time.Time{}), ProgrammeID: "9000000001", Sponsor: "Alderfen General Hospital",
		Accreditor: licensure.ACGME, Specialty: "Surgery", SpecialtyTaxonomy: "9004R0000X", Level: licensure.Residency,
		Start: "2008-07-01", End: "2013-06-30", Completed: true, BoardEligible: true}
}

func aLicence() licensure.Licence {
	active := licensure.Active
	return licensure.Licence{Envelope: envelope("Licence to practise medicine", now.AddDate(1, 0, 0)), Jurisdiction: "X07", Board: "Board of Garrowdale", BoardID: "X07-MD",
		LicenceType: licensure.FullLicence, Number: "0012345", FirstIssued: "2014-01-05", CurrentTermStart: "2026-01-01", Expires: "2027-12-31", LegalStatus: &active,
		Full: true, Unrestricted: true, Basis: licensure.Examination, RenewalCycleMonths: 24}
}

func aCertification() licensure.Certification {
	return licensure.Certification{Envelope: envelope("Specialty certification", now.AddDate(1, 0, 0)), Board: "Crossmarch Board of Surgery", Family: "ABMS",
		Kind: "general", Specialty: "Surgery", Taxonomy: "9004R0000X", Initial: "2014-07-01", Status: "certified", Expires: "2028-12-31", ContinuingCertification: "required-meeting"}
}

func aRegistration() licensure.Registration {
	return licensure.Registration{Envelope: envelope("Controlled substances", now.AddDate(1, 0, 0)), Schedules: []string{"II", "III"},
		BusinessActivity: "practitioner", Jurisdiction: "X07", IssuedOn: "2025-03-01", Expires: "2028-02-28", Status: "active"}
}

// A clinic is a world in which one physician has everything a policy asks for.
type clinic struct {
	*world
	board, federation, registrar, hospital *source
	licence, degree, training, cert, reg   []byte
}

func newClinic(t testing.TB) *clinic {
	c := &clinic{world: newWorld(t)}
	any := []string{"*"}
	c.board = c.source("board", []string{licensure.TypeLicence, licensure.TypeBoardOrder}, []string{"X07"})
	c.federation = c.source("federation", []string{licensure.TypeMedicalDegree, licensure.TypeGraduateTraining, licensure.TypeSpecialtyCertification}, any)
	c.registrar = c.source("registrar", []string{licensure.TypeControlledSubstance}, any)
	c.hospital = c.source("hospital", []string{licensure.TypeVerificationStatement}, any)
	c.licence = c.board.issue(aLicence())[0]
	of := c.federation.issue(aDegree(), aTraining(), aCertification())
	c.degree, c.training, c.cert = of[0], of[1], of[2]
	c.reg = c.registrar.issue(aRegistration())[0]
	return c
}

func (c *clinic) lists(at time.Time) [][]byte {
	return slices.Concat(c.board.lists(at), c.federation.lists(at), c.registrar.lists(at))
}

// input is a decision of the same day, by the policy of an accreditor, for which nothing is
// missing.
func (c *clinic) input() evidencefile.Input {
	query := &evidencefile.Query{On: "2026-07-14", By: "medical staff office", Reference: "Q-1"}
	return evidencefile.Input{
		Credentials: [][]byte{c.licence, c.degree, c.training, c.cert, c.reg},
		Trust:       c.trust(nil), Evidence: [][]byte{c.evidence()}, Lists: c.lists(c.now), Policy: policyFile(c.t, "ncqa-accreditation"),
		Case: evidencefile.Case{At: now.Add(2 * time.Hour).Format(time.RFC3339), DecisionDate: "2026-07-15", Office: "Hospital of Alderfen", Place: "X07",
			Malpractice: query, Sanctions: query, Work: []evidencefile.Work{{From: "2013-07-01"}}},
		Signer: c.hospital.signer(),
	}
}

func make_(t testing.TB, in evidencefile.Input) *evidencefile.File {
	t.Helper()
	f, err := evidencefile.Make(in)
	must(t, err)
	return f
}

func zipped(t testing.TB, f *evidencefile.File) []byte {
	t.Helper()
	raw, err := f.Zip()
	must(t, err)
	return raw
}

// factOf is a credential as verified by files.
func factOf(t testing.TB, raw, trust, evidence []byte, lists [][]byte) licensure.Fact {
	t.Helper()
	by, err := verifier.ParseTrust(trust, nil)
	must(t, err)
	ev, err := verifier.ParseEvidence(evidence)
	must(t, err)
	for _, l := range lists {
		c, err := credential.Parse(l)
		must(t, err)
		ev.AddDocument(c.ID(), verifier.Document{MediaType: "application/vc", At: now, Bytes: l})
	}
	report := verifier.Check(raw, ev, by, now.Add(time.Hour))
	all, err := verifier.Explain(raw, by)
	must(t, err)
	f, err := licensure.FactOf(report, all[len(all)-1].Local.String())
	if err != nil {
		t.Fatal(err, report.Err())
	}
	return f
}
