package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
	"github.com/certanchor/certanchor/verifier"
)

// decideCommands are the hospital's side of licence.
var decideCommands = []command{licenceEvidence, licenceReverify, licenceRedact, licenceRely, licenceTransfer, licencePolicy}

var licenceEvidence = command{
	name:    "evidence",
	usage:   "FILE… --policy ID|FILE --decision-date DAY --trust FILE [--evidence FILE] [--status FILE] [--orders DIR] [--case FILE] [--issuer DIR] --out FILE.zip",
	summary: "decide about credentials under a policy, and write the evidence file of the decision",
	example: "certanchor licence evidence credentials/*.json --policy ncqa-accreditation --decision-date 2026-07-15 --trust trust.json --evidence evidence.json --out file.zip",
	run:     (*app).makeEvidenceFile,
}

// standingStatus is the exit status for a standing.
func standingStatus(s licensure.StandingValue) error {
	switch s {
	case licensure.InForce, licensure.InForceWithLimits:
		return exitStatus(exitOK)
	case licensure.NotInForce:
		return exitStatus(exitNotInForce)
	case licensure.ForgedOrAltered:
		return exitStatus(exitInvalid)
	}
	return exitStatus(exitIndeterminate)
}

// A decideJob is what the flags of licence evidence name.
type decideJob struct {
	policy, trust, caseName, at, office, place, arrival, issuer, pass string
	day                                                               string
	photoID                                                           bool
	audience, challenge                                               string
	evidence, lists, orders                                           texts
	in                                                                evidencefile.Input
}

func (a *app) makeEvidenceFile(_ context.Context, fs *flag.FlagSet, args []string) error {
	var j decideJob
	fs.StringVar(&j.policy, "policy", "", "a policy file, or the id of one that comes with the program: certanchor licence policy")
	fs.StringVar(&j.day, "decision-date", "", "the day of the decision, to which ages are counted")
	fs.StringVar(&j.trust, "trust", "", "trust file: whom to believe")
	fs.Var(&j.evidence, "evidence", "evidence file; may be given again")
	fs.Var(&j.lists, "status", "a status list; may be given again, the highest sequence counts")
	fs.Var(&j.orders, "orders", "a board order, or a folder of them; may be given again")
	fs.StringVar(&j.caseName, "case", "", "case file: inquiries made, work history (docs/evidence-file.md)")
	fs.StringVar(&j.office, "office", "", "who verifies")
	fs.StringVar(&j.place, "place", "", "the jurisdiction of practice, whose licence is asked for")
	fs.StringVar(&j.arrival, "arrival", "", "disaster: when the volunteer arrived, RFC 3339")
	fs.BoolVar(&j.photoID, "photo-id", false, "disaster: a photo id was looked at")
	fs.StringVar(&j.audience, "audience", "", "a presentation must be made for this audience")
	fs.StringVar(&j.challenge, "challenge", "", "a presentation must answer this challenge")
	fs.StringVar(&j.at, "at", "", "the moment to judge for, RFC 3339 (now)")
	fs.StringVar(&j.issuer, "issuer", "", "the verifying organisation's issuer folder, to sign a statement with")
	fs.StringVar(&j.pass, "passphrase-file", "", "file with the passphrase of its key; - reads standard input")
	out := fs.String("out", "", "evidence file to write, a zip archive")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 || j.policy == "" || j.day == "" || j.trust == "" || *out == "" {
		return misuse("certanchor licence evidence -h", "licence evidence needs credentials, --policy, --decision-date, --trust and --out")
	}
	if err := j.read(a, files); err != nil {
		return err
	}
	f, err := evidencefile.Make(j.in)
	if err != nil {
		return decideFault(err)
	}
	raw, err := f.Zip()
	if err == nil {
		err = writeWhole(*out, raw)
	}
	if err != nil {
		return err
	}
	if err := a.printDecision(f); err != nil {
		return err
	}
	a.say("Wrote %s: %d members, SHA-256 %s.", *out, len(f.Names()), sha256Hex(raw))
	if j.issuer == "" {
		a.say("There is no statement in it: nothing says who made it. Sign with --issuer DIR.")
	}
	return standingStatus(f.Result().Standing)
}

// decideFault gives errors about what was handed in a hint.
func decideFault(err error) error {
	var s *evidencefile.StatementError
	var trust *verifier.TrustError
	switch {
	case errors.As(err, &trust):
		return err
	case errors.As(err, &s) && s.Code == evidencefile.StatementUnsaid:
		return misuse("let the trust file's statusMaxAge be what the policy allows, leave out documents that are no longer in force, or leave --issuer out; nothing was written", "%v", err)
	case errors.As(err, &s):
		return misuse("name a folder made by keygen, with a moment at which its key counts; nothing was written", "%v", err)
	}
	return misuse("correct that file; nothing was written", "%v", err)
}

func (j *decideJob) read(a *app, files []string) error {
	var err error
	if j.in.Credentials, err = readAll(files, credential.MaxBytes); err != nil {
		return err
	}
	orders, err := filesUnder(j.orders)
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		names []string
		limit int64
		into  *[][]byte
	}{{j.evidence, maxDataFile, &j.in.Evidence}, {j.lists, maxListFile, &j.in.Lists}, {orders, credential.MaxBytes, &j.in.Orders}} {
		if *kind.into, err = readAll(kind.names, kind.limit); err != nil {
			return err
		}
	}
	if j.in.Policy, err = readPolicy(j.policy); err != nil {
		return err
	}
	if err := j.readTrust(); err != nil {
		return err
	}
	if err := j.readCase(); err != nil {
		return err
	}
	if j.issuer != "" {
		j.in.Signer, err = readSigner(j.issuer, once(a.passphrase(j.pass)))
	}
	return err
}

func readAll(names []string, limit int64) ([][]byte, error) {
	var out [][]byte
	for _, name := range names {
		raw, err := readFile(name, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return out, nil
}

// readPolicy reads a policy by its id or from a file.
func readPolicy(name string) ([]byte, error) {
	if raw, ok := licensure.BuiltinPolicy(name); ok {
		return raw, nil
	}
	raw, err := readFile(name, 1<<20)
	if err != nil {
		return nil, misuse("name a file, or one of "+strings.Join(licensure.Policies(), ", "), "%v", err)
	}
	return raw, nil
}

// readTrust reads the trust file and every file that it names.
func (j *decideJob) readTrust() error {
	var err error
	if j.in.Trust, err = readFile(j.trust, maxDataFile); err != nil {
		return err
	}
	j.in.Named = map[string][]byte{}
	_, err = verifier.ParseTrust(j.in.Trust, func(name string) ([]byte, error) {
		file := filepath.FromSlash(name)
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(j.trust), file)
		}
		raw, err := os.ReadFile(file)
		j.in.Named[name] = raw
		return raw, err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", j.trust, err)
	}
	return nil
}

// readCase joins the case file and the flags; what both say is a mistake.
func (j *decideJob) readCase() error {
	c := &j.in.Case
	if j.caseName != "" {
		raw, err := readFile(j.caseName, 1<<20)
		if err != nil {
			return err
		}
		read, err := evidencefile.ParseCase(raw)
		if err != nil {
			return misuse("docs/evidence-file.md shows one", "%s: %v", j.caseName, err)
		}
		*c = *read
	}
	at, err := moment(j.at)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		flag, given string
		into        *string
	}{{"at", at.Format("2006-01-02T15:04:05Z"), &c.At}, {"office", j.office, &c.Office}, {"place", j.place, &c.Place}, {"arrival", j.arrival, &c.Arrival},
		{"decision-date", j.day, (*string)(&c.DecisionDate)}} {
		if f.given == "" || *f.into != "" && f.flag == "at" && j.at == "" {
			continue
		}
		if *f.into != "" && *f.into != f.given {
			return misuse("say it once", "the case file and --%s differ", f.flag)
		}
		*f.into = f.given
	}
	c.PhotoID = c.PhotoID || j.photoID
	if (j.audience == "") != (j.challenge == "") {
		return misuse("give both or none", "a presentation is asked for by --audience and --challenge")
	}
	if j.audience != "" {
		c.Asked = &evidencefile.Asked{Audience: j.audience, Challenge: j.challenge}
	}
	return nil
}

// readSigner opens the folder of the organisation that verifies.
func readSigner(dir string, pass func() (string, error)) (*evidencefile.Signer, error) {
	key, id, err := issuer.SigningKey(dir, pass)
	if err != nil {
		return nil, err
	}
	s := &evidencefile.Signer{Key: key, KeyID: id}
	if s.Profile, err = readFile(filepath.Join(dir, "issuer.json"), credential.MaxBytes); err != nil {
		return nil, err
	}
	if s.Context, err = readFile(filepath.Join(dir, "context.jsonld"), credential.MaxBytes); err != nil {
		return nil, err
	}
	profile, err := did.Parse(s.Profile)
	if err != nil {
		return nil, misuse("name a folder made by keygen", "%s/issuer.json: %v", dir, err)
	}
	s.ContextURL = profile.ID[:strings.LastIndex(profile.ID, "/")+1] + "context.jsonld"
	return s, nil
}

// printDecision says the answer and what it rests on.
func (a *app) printDecision(f *evidencefile.File) error {
	r := f.Result()
	until := ""
	if r.ProvisionalUntil != "" {
		until = " until " + r.ProvisionalUntil
	}
	fmt.Fprintf(a.stdout, "%s%s: decision of %s under %s (%s)\n", strings.ToUpper(string(r.Standing)), until, r.DecisionDate, oneLine(r.PolicyID), oneLine(r.PolicyRevision))
	for _, m := range r.Members {
		if !strings.HasPrefix(m.Name, "result/") {
			continue
		}
		if err := printPart(a.stdout, f.Member(m.Name)); err != nil {
			return err
		}
	}
	return nil
}

// A decisionPart is what the command reads of a member of result/.
type decisionPart struct {
	Input     string
	Counted   *bool
	Why       string
	Standings []struct {
		Type, Standing, LegalStatus, VerifiedAt string
		Reasons                                 []licensure.Reason
	}
	Elements []struct {
		Element, Result string
		Required        bool
		VerifiedBy      string
		Reasons         []licensure.Reason
	}
	Obtain  []string
	Reasons []licensure.Reason
}

func printPart(w io.Writer, raw []byte) error {
	var p decisionPart
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	why := func(reasons []licensure.Reason) string {
		var out strings.Builder
		for _, r := range reasons {
			fmt.Fprintf(&out, "; %s: %s", r.Rule, oneLine(r.Text))
		}
		return out.String()
	}
	for _, s := range p.Standings {
		what := s.Type
		if s.LegalStatus != "" {
			what += ", " + s.LegalStatus
		}
		fmt.Fprintf(w, "  %-22s %s%s\n", s.Standing, what, why(s.Reasons))
	}
	if p.Counted != nil && !*p.Counted {
		fmt.Fprintf(w, "  order not counted: %s: %s\n", p.Input, oneLine(p.Why))
	}
	for _, e := range p.Elements {
		if e.Required || e.Result == string(licensure.Met) {
			fmt.Fprintf(w, "  %-22s %s%s\n", e.Element, strings.TrimSpace(e.Result+" "+e.VerifiedBy), why(e.Reasons))
		}
	}
	for _, r := range p.Reasons {
		fmt.Fprintf(w, "  %s: %s\n", r.Rule, oneLine(r.Text))
	}
	for _, o := range p.Obtain {
		fmt.Fprintf(w, "  to be obtained: %s\n", oneLine(o))
	}
	return nil
}

var licencePolicy = command{
	name:    "policy",
	usage:   "[ID]",
	summary: "list the policies that come with the program, or print one to start from",
	example: "certanchor licence policy disaster > ours.json",
	run:     (*app).printPolicy,
}

func (a *app) printPolicy(_ context.Context, fs *flag.FlagSet, args []string) error {
	ids, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(ids) == 1 && slices.Contains(licensure.Policies(), ids[0]) {
		raw, _ := licensure.BuiltinPolicy(ids[0])
		_, err := a.stdout.Write(raw)
		return err
	}
	if len(ids) > 0 {
		return misuse("say one of "+strings.Join(licensure.Policies(), ", "), "no policy %q", ids[0])
	}
	rows := [][]string{{"policy", "revision", "title", "SHA-256"}}
	for _, id := range licensure.Policies() {
		raw, _ := licensure.BuiltinPolicy(id)
		p, err := licensure.ParsePolicy(raw)
		if err != nil {
			return err
		}
		rows = append(rows, []string{p.ID, p.Revision, p.Title, p.Digest()})
	}
	table(a.stdout, rows)
	return nil
}

// readEvidenceFile reads an archive that licence evidence wrote.
func readEvidenceFile(name string) (*evidencefile.File, error) {
	raw, err := readFile(name, 1<<30)
	if err != nil {
		return nil, err
	}
	return evidencefile.Read(raw)
}
