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
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

var demoCommand = command{
	name:    "demo",
	usage:   "[--count N] [--out DIR] [--json]",
	summary: "the whole story on a chain of its own: issue, anchor, verify, and what must fail",
	example: "certanchor demo --count 200 --out demo",
	run:     (*app).demo,
}

// Ids of the demo's issuers. Hosts ending in .example exist nowhere (RFC 2606).
const (
	federationID = "https://federation.example/issuer.json"
	boardID      = "https://board.example/issuer.json"
	strangerID   = "https://stranger.example/issuer.json"
)

func (a *app) demo(ctx context.Context, fs *flag.FlagSet, args []string) error {
	count := fs.Int("count", 200, "how many made-up physicians")
	out := fs.String("out", "", "folder to make (a temporary one)")
	asJSON := fs.Bool("json", false, "print the outcome as JSON")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) > 0 || *count < 1 || *count > 1_000_000 {
		return misuse("certanchor help demo", "--count is a number from 1 to 1000000")
	}
	if *out == "" {
		if *out, err = os.MkdirTemp("", "certanchor-demo-"); err != nil {
			return err
		}
	}
	if names, err := os.ReadDir(*out); err == nil && len(names) > 0 {
		return misuse("choose another folder with --out", "%s is not empty", *out)
	}
	d := &demo{app: a, dir: *out, count: *count, now: time.Now().UTC().Truncate(time.Second), world: synth.New(1)}
	if err := d.run(ctx); err != nil {
		return err
	}
	return d.tell(*asJSON)
}

// A demo is one run of the story.
type demo struct {
	app   *app
	dir   string
	count int
	now   time.Time
	world *synth.World
	chain *regtest.Chain

	federation, board, stranger, impostor *player
	evidence                              *verifier.Evidence
	trust                                 *verifier.Trust
	issued                                int
	rows                                  []demoRow
}

// A player is an issuer of the demo: its folder and its batch.
type player struct {
	job   *job
	dir   string
	batch *issuer.Batch
	got   *collector
}

// A demoRow is one line of the closing table.
type demoRow struct {
	What     string `json:"what"`
	File     string `json:"file"`
	Count    int    `json:"count"`
	Expected string `json:"expected"`
	Verdict  string `json:"verdict"`
	Code     string `json:"code,omitempty"`
	Why      string `json:"why,omitempty"`
}

func (d *demo) path(names ...string) string {
	return filepath.Join(append([]string{d.dir}, names...)...)
}

func (d *demo) run(ctx context.Context) error {
	steps := []func(context.Context) error{d.found, d.issue, d.gather, d.verifyAll, d.showFailures}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			if d.chain != nil {
				err = errors.Join(err, d.chain.Close())
			}
			return err
		}
	}
	return d.chain.Close()
}

// found makes the issuers and a chain whose first coins are theirs. The blocks lie two
// days back, so that the batch can be anchored yesterday and be well confirmed today.
func (d *demo) found(context.Context) error {
	d.app.say("1. Two issuers make their keys: a federation of medical boards and a state board.")
	if err := os.MkdirAll(d.path("chain"), 0o755); err != nil {
		return err
	}
	var err error
	if d.chain, err = regtest.Open(d.path("chain", "regtest"), d.app.chainOptions...); err != nil {
		return err
	}
	for _, p := range []struct {
		into           **player
		dir, id, named string
	}{
		{&d.federation, "federation", federationID, "Federation of Made-up Medical Boards"},
		{&d.board, "board", boardID, d.world.Boards()[demoBoard].Name},
		{&d.stranger, "stranger", strangerID, "Board of Nowhere"},
		{&d.impostor, "impostor", boardID, d.world.Boards()[demoBoard].Name},
	} {
		if *p.into, err = d.newPlayer(p.dir, p.id, p.named); err != nil {
			return err
		}
	}
	return d.fund()
}

func (d *demo) newPlayer(dir, id, name string) (*player, error) {
	p := &player{dir: d.path(dir), got: new(collector)}
	err := issuer.Generate(issuer.NewIssuer{Dir: p.dir, ID: id, Name: name, Context: licensure.Context(),
		Network: anchor.Regtest, From: d.now.AddDate(0, 0, -7)})
	if err != nil {
		return nil, err
	}
	p.job = &job{app: d.app, dir: p.dir, status: "bitstring", feeCap: 100_000}
	return p, p.job.open()
}

func (d *demo) fund() error {
	for i, p := range d.players() {
		blocks := 1
		if i == len(d.players())-1 {
			blocks = maturity
		}
		if _, err := d.chain.Mine(blocks, p.job.key.Address, d.now.Add(-48*time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) players() []*player {
	return []*player{d.federation, d.board, d.stranger, d.impostor}
}

// issue makes four batches and anchors each in a transaction of its own.
func (d *demo) issue(ctx context.Context) error {
	d.app.say("2. They sign what they know of %d physicians, bind each batch to one root, and pay for one transaction each.", d.count)
	yesterday := d.now.Add(-24 * time.Hour)
	for _, b := range []struct {
		p      *player
		drafts issuer.Drafts
	}{
		{d.federation, d.federationDrafts()},
		{d.board, d.boardDrafts()},
		{d.stranger, d.one()},
		{d.impostor, d.one()},
	} {
		if err := d.issueOne(ctx, b.p, b.drafts, yesterday); err != nil {
			return err
		}
	}
	if _, err := d.chain.Mine(1, d.board.job.key.Address, yesterday); err != nil {
		return err
	}
	d.app.say("3. A block takes the transactions in, and more follow. Every proof is walked back to its root, and written.")
	if _, err := d.chain.Mine(embeddedDepth, d.board.job.key.Address, yesterday.Add(time.Hour)); err != nil {
		return err
	}
	if err := os.MkdirAll(d.path("credentials"), 0o755); err != nil {
		return err
	}
	return d.finish(ctx)
}

func (d *demo) issueOne(ctx context.Context, p *player, drafts issuer.Drafts, at time.Time) error {
	var err error
	if p.batch, err = p.job.issuer.Seal(ctx, anchor.Regtest, drafts); err != nil {
		return err
	}
	if err = p.batch.Fund(ctx, d.chain, p.job.key.Address, p.job.feeCap); err != nil {
		return err
	}
	if err = p.job.sign(p.batch); err != nil {
		return err
	}
	return p.batch.Broadcast(ctx, d.chain)
}

func (d *demo) finish(ctx context.Context) error {
	for _, p := range d.players() {
		if _, err := p.batch.Confirm(ctx, d.chain, confirmDepth); err != nil {
			return err
		}
		if err := p.batch.Finish(p.got); err != nil {
			return err
		}
	}
	for _, p := range []*player{d.federation, d.board} {
		for i, c := range p.got.list {
			if p == d.board && i >= d.count {
				continue // the two licences that are shown to fail
			}
			if err := writeCredential(d.path("credentials", issuer.FileName(c.id)), c.raw); err != nil {
				return err
			}
			d.issued++
		}
	}
	return nil
}

// federationDrafts are verifications of degree and training.
func (d *demo) federationDrafts() issuer.Drafts {
	return d.drafts(2*d.count, func(i int) (map[string]any, error) {
		kind := []string{"degree", "training"}[i%2]
		return madeUp(d.world, kind, synth.FirstOrdinary+i/2, d.now)
	})
}

// boardDrafts are licences; two more than physicians: one will be revoked, one has
// expired.
func (d *demo) boardDrafts() issuer.Drafts {
	return d.drafts(d.count+2, func(i int) (map[string]any, error) {
		draft, err := madeUp(d.world, "licence", synth.FirstOrdinary+i, d.now)
		if err == nil && i == d.count+1 {
			err = expire(draft, d.now)
		}
		return draft, err
	})
}

// expire makes a licence whose term ended a month before at.
func expire(draft map[string]any, at time.Time) error {
	subject, ok := draft["credentialSubject"].(map[string]any)
	if !ok {
		return errors.New("a made-up licence without a subject")
	}
	day := func(months int) string { return at.AddDate(0, months, 0).Format("2006-01-02") }
	subject["firstIssued"], subject["currentTermStart"], subject["expiresOn"] = day(-25), day(-25), day(-1)
	draft["validFrom"] = at.AddDate(0, -25, 0).Format(time.RFC3339)
	draft["validUntil"] = at.AddDate(0, -1, 0).Format(time.RFC3339)
	if list, ok := draft["evidence"].([]any); ok {
		for _, e := range list {
			if m, ok := e.(map[string]any); ok {
				m["verifiedAt"] = at.AddDate(0, -25, 0).Format(time.RFC3339)
			}
		}
	}
	return nil
}

// one is a single licence, for the two who are not to be believed.
func (d *demo) one() issuer.Drafts {
	return d.drafts(1, func(int) (map[string]any, error) { return madeUp(d.world, "licence", synth.FirstOrdinary, d.now) })
}

func (d *demo) drafts(n int, draft func(int) (map[string]any, error)) issuer.Drafts {
	return func(yield func(issuer.Draft, error) bool) {
		for i := range n {
			o, err := draft(i)
			if !yield(issuer.Draft{Object: o, Place: fmt.Sprintf("made-up draft %d", i)}, err) || err != nil {
				return
			}
			d.app.progress("draft", i+1, n)
		}
	}
}

// A collector keeps finished credentials in memory.
type collector struct{ list []finished }

type finished struct {
	id  string
	raw []byte
}

func (c *collector) Put(id string, raw []byte) error {
	c.list = append(c.list, finished{id, raw})
	return nil
}

func (c *collector) Commit() error { return nil }

// writeCredential writes JSON indented, for people to read.
func writeCredential(name string, raw []byte) error {
	indented, err := jsonIndent(raw)
	if err != nil {
		return err
	}
	return os.WriteFile(name, indented, 0o644)
}

// gather writes the trust file and the evidence: transactions, blocks, headers, lists.
func (d *demo) gather(ctx context.Context) error {
	d.app.say("4. The board revokes one licence; both publish their status lists. Evidence and trust file are written.")
	revoked := d.board.got.list[d.count].id
	if err := d.board.job.issuer.Revoke(revoked, "issued in error"); err != nil {
		return err
	}
	d.evidence = &verifier.Evidence{Gathered: verifier.Gathered{At: d.now, By: "certanchor demo"}}
	for _, p := range d.players() {
		tx, err := d.chain.Evidence(ctx, p.batch.TxID())
		if err != nil {
			return err
		}
		d.evidence.AddTransaction(p.batch.TxID(), tx)
		lists, err := p.job.issuer.PublishLists(d.now)
		if err != nil {
			return err
		}
		for _, l := range lists {
			if p == d.federation || p == d.board {
				d.evidence.AddDocument(l.URL, verifier.Document{MediaType: "application/vc", At: d.now, Bytes: l.Bytes})
			}
		}
	}
	if err := addHeaders(ctx, d.evidence, d.chain); err != nil {
		return err
	}
	raw, err := d.evidence.Marshal()
	if err != nil {
		return err
	}
	if err := writeWhole(d.path("evidence.json"), raw); err != nil {
		return err
	}
	return d.writeTrust()
}

func (d *demo) writeTrust() error {
	board := d.world.Boards()[demoBoard]
	raw, err := trustFile([]issuerTrust{
		{dir: d.federation.dir, label: "Federation of Made-up Medical Boards", types: []string{licensure.TypeMedicalDegree, licensure.TypeGraduateTraining}, places: []string{"*"}},
		{dir: d.board.dir, label: board.Name + " (" + board.Jurisdiction + ")", types: []string{licensure.TypeLicence}, places: []string{board.Jurisdiction}},
		{dir: d.stranger.dir},
	}, anchor.Regtest, d.dir)
	if err != nil {
		return err
	}
	if err := writeWhole(d.path("trust.json"), raw); err != nil {
		return err
	}
	d.trust, err = readTrust(d.path("trust.json"))
	return err
}

// verifyAll judges every file as a stranger would: read back from disk.
func (d *demo) verifyAll(ctx context.Context) error {
	d.app.say("5. Every credential is verified from the files alone, with nobody asked.")
	names, err := filepath.Glob(d.path("credentials", "*.json"))
	if err != nil {
		return err
	}
	row := demoRow{What: "credentials as issued", File: "credentials/*.json", Expected: "valid", Verdict: "valid"}
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		r := verifier.Check(raw, d.evidence, d.trust, d.now)
		if s, stopped := r.Deciding(); stopped {
			row.Verdict, row.Code, row.Why = r.Verdict.String(), string(s.Code), s.Fact
		}
		row.Count++
		d.app.progress("credential", i+1, len(names))
	}
	if row.Count != 3*d.count {
		return fmt.Errorf("%d credentials on disk, %d were issued", row.Count, 3*d.count)
	}
	d.rows = append(d.rows, row)
	return nil
}

// tell prints the closing table, or the same as data. A demo whose outcome is not the
// expected one ends with the status of an invalid credential.
func (d *demo) tell(asJSON bool) error {
	surprise := false
	for _, r := range d.rows {
		surprise = surprise || r.Verdict != r.Expected
	}
	try := fmt.Sprintf("certanchor verify --trust %s --evidence %s %s", d.path("trust.json"), d.path("evidence.json"), d.path("credentials", "*.json"))
	if asJSON {
		e := json.NewEncoder(d.app.stdout)
		e.SetEscapeHTML(false)
		if err := e.Encode(map[string]any{"folder": d.dir, "network": "regtest", "issued": d.issued, "outcomes": d.rows, "try": try}); err != nil {
			return err
		}
	} else {
		d.printTable(d.app.stdout, try)
	}
	if surprise {
		return exitStatus(exitInvalid)
	}
	return nil
}

func (d *demo) printTable(w io.Writer, try string) {
	fmt.Fprintf(w, "\nTEST NETWORK regtest: the chain of this demo is its own, and costs nothing to make.\n\n")
	rows := [][]string{{"what", "how many", "verdict", "because"}}
	for _, r := range d.rows {
		verdict := r.Verdict
		if r.Verdict != r.Expected {
			verdict += " (expected: " + r.Expected + ")"
		}
		because := "every step passed"
		if r.Code != "" {
			because = english.cause(verifier.Code(r.Code)) + " (" + r.Code + ")"
		}
		rows = append(rows, []string{r.What, fmt.Sprint(r.Count), verdict, oneLine(because)})
	}
	table(w, rows)
	fmt.Fprintf(w, "\nAll files are in %s. Try next:\n\n  %s\n", d.dir, try)
}
