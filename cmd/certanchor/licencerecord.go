package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // civil days are the same on every machine

	"github.com/certanchor/certanchor/licensure"
)

var licenceRecordCommand = command{
	name:    "record",
	usage:   "add FILE… | head | show [KEY] | check SNAPSHOT… [FILE…]  --issuer DIR",
	summary: "a board's record of licences and orders: add to it, its head, hold it to what was anchored",
	example: "certanchor licence record add --issuer board --evidence evidence.json orders/",
	run:     (*app).licenceRecord,
}

func (a *app) licenceRecord(ctx context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the board's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	cascade := fs.String("cascade", "", "add, show: what follows by the compact, as licence compact cascade wrote it")
	zone := fs.String("zone", "", "show: where the board's civil day is counted, such as America/Denver (UTC)")
	asJSON := fs.Bool("json", false, "head, show: print JSON")
	var papers paperFlags
	papers.declare(fs)
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) == 0 || *dir == "" {
		return misuse("certanchor licence record -h", "record needs add, head, show or check, and --issuer")
	}
	j := job{app: a, dir: *dir, state: *state}
	if *papers.trust == "" {
		*papers.trust = filepath.Join(*dir, "trust.json")
	}
	verb, names := operands[0], operands[1:]
	switch verb {
	case "add":
		if len(names) == 0 {
			return misuse("certanchor licence record add --issuer DIR FILE…", "record add needs licences or orders")
		}
		return a.recordAdd(ctx, &j, &papers, names, *cascade)
	case "head":
		return a.recordHead(&j, *asJSON)
	case "show":
		return a.recordShow(&j, names, *zone, *cascade, *asJSON)
	case "check":
		if len(names) == 0 {
			return misuse("certanchor licence record check --issuer DIR SNAPSHOT…", "record check needs snapshots")
		}
		return a.recordCheck(ctx, &j, &papers, names)
	}
	return misuse("say add, head, show or check", "no such thing as record %s", verb)
}

func (a *app) recordAdd(ctx context.Context, j *job, flags *paperFlags, names []string, cascade string) error {
	d, err := flags.open()
	if err != nil {
		return err
	}
	papers, err := d.read(ctx, names)
	if err != nil {
		return err
	}
	r, err := openRegistry(j.dir, j.stateDir(), true)
	if err != nil {
		return err
	}
	defer r.close()
	// Licences first: what follows by the compact is about licences that may be new.
	licences := slices.DeleteFunc(slices.Clone(papers), func(p paper) bool { return p.kind() != licensure.TypeLicence })
	added, err := r.add(licences)
	if err == nil {
		err = addDerived(r.own, cascade)
	}
	if err == nil {
		var more int
		more, err = r.add(slices.DeleteFunc(slices.Clone(papers), func(p paper) bool { return p.kind() == licensure.TypeLicence }))
		added += more
	}
	if err == nil {
		err = r.save()
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%d added, %d were there\n", added, len(papers)-added)
	a.say("Next: certanchor licence project --issuer %s", j.dir)
	return nil
}

func (a *app) recordHead(j *job, asJSON bool) error {
	r, err := openRegistry(j.dir, j.stateDir(), false)
	if err != nil {
		return err
	}
	h := r.own.Head(r.own.Recorded())
	if asJSON {
		return a.printJSON(h)
	}
	fmt.Fprintf(a.stdout, "%s  %d entries recorded by %s\n", h.Digest, h.Count, h.Recorded.Format(time.RFC3339))
	return nil
}

func (a *app) printJSON(v any) error {
	raw, err := json.Marshal(v)
	if err == nil {
		_, err = io.WriteString(a.stdout, printableJSON(raw)+"\n")
	}
	return err
}

// recordShow prints the licences of all records as they are now, or all about one of them.
func (a *app) recordShow(j *job, names []string, zone, cascade string, asJSON bool) error {
	r, err := openRegistry(j.dir, j.stateDir(), false)
	if err == nil {
		err = addDerived(r.own, cascade)
	}
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	if len(names) == 1 {
		return a.licenceAnswer(r, question{key: names[0], zone: zone, at: now, known: now, now: now, derived: cascade != ""}, asJSON)
	}
	if len(names) > 1 {
		return misuse("name one", "record show takes one licence")
	}
	var all []licenceJSON
	rows := [][]string{{"licence", "board", "status", "since", "term ends", "orders"}}
	for _, l := range r.all() {
		for _, key := range l.Licences() {
			if err := setZone(l, key, zone); err != nil {
				return err
			}
			s, err := l.StatusAt(key, now, now)
			if err != nil {
				return err
			}
			rows = append(rows, []string{oneLine(key.String()), oneLine(l.Terms(key)[0].Board), s.Text(), dayText(s.Since), string(s.Expires), strconv.Itoa(len(l.Orders(key)))})
			all = append(all, licenceJSON{key.String(), l.Terms(key)[0].Board, s.Status.String(), s.Text(), s.Since, s.Expires, len(l.Orders(key))})
		}
	}
	if asJSON {
		return a.printJSON(all)
	}
	table(a.stdout, rows)
	return nil
}

// licenceJSON is one licence of a record, as --json prints it.
type licenceJSON struct {
	Licence string         `json:"licence"`
	Board   string         `json:"board"`
	Status  string         `json:"status"`
	Text    string         `json:"text"`
	Since   time.Time      `json:"since"`
	Expires licensure.Date `json:"expires"`
	Orders  int            `json:"orders"`
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.DateOnly)
}

// setZone sets where the civil day of a licence's board is counted.
func setZone(l *licensure.Log, key licensure.LicenceKey, zone string) error {
	if zone == "" {
		return nil
	}
	loc, err := zoneOf(zone)
	if err != nil {
		return err
	}
	l.SetRules(key.Jurisdiction, key.BoardID, licensure.BoardRules{Zone: loc})
	return nil
}

func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, misuse("write a name such as America/Denver", "no time zone %q", name)
	}
	return loc, nil
}

// recordCheck holds the records to the heads that snapshots have anchored, and names each
// credential given that its issuer's record does not have.
func (a *app) recordCheck(ctx context.Context, j *job, flags *paperFlags, names []string) error {
	d, err := flags.open()
	if err != nil {
		return err
	}
	papers, err := d.read(ctx, names)
	if err != nil {
		return err
	}
	r, err := openRegistry(j.dir, j.stateDir(), false)
	if err != nil {
		return err
	}
	heads := map[string][]licensure.Head{}
	var bad []string
	entries, count := 0, 0
	for _, p := range papers {
		who := p.report.Issuer.ID
		if p.kind() == licensure.TypeRegistrySnapshot {
			_, head, err := licensure.RegistrySnapshotOf(p.claims())
			if err != nil {
				return fmt.Errorf("%s: %w", p.file, err)
			}
			if head != nil {
				heads[who], count = append(heads[who], *head), count+1
			}
			continue
		}
		entries++
		if fault := missingFrom(r.log(who), p); fault != "" {
			bad = append(bad, fault)
		}
	}
	for who, hs := range heads {
		if err := r.log(who).CheckHeads(hs); err != nil {
			bad = append(bad, who+": "+err.Error())
		}
	}
	for _, b := range bad {
		fmt.Fprintln(a.stdout, "NO  "+oneLine(b))
	}
	fmt.Fprintf(a.stdout, "%d heads and %d entries compared, %d faults\n", count, entries, len(bad))
	if len(bad) > 0 {
		return exitStatus(exitInvalid)
	}
	return nil
}

// missingFrom says what is wrong with a record that should have a credential; empty if
// nothing is.
func missingFrom(l *licensure.Log, p paper) string {
	switch p.kind() {
	case licensure.TypeLicence:
		t, err := licensure.TermOf(p.claims(), p.leaf)
		if err != nil {
			return p.file + ": " + err.Error()
		}
		for _, had := range l.Terms(t.Licence) {
			if had.CredentialID == t.CredentialID && had.Digest == t.Digest {
				return ""
			}
			if had.CredentialID == t.CredentialID {
				return fmt.Sprintf("changed: the record has the licence %s under another digest than %s", t.Licence, t.Digest)
			}
		}
		return fmt.Sprintf("hidden: the record has no term %s of the licence %s", t.CredentialID, t.Licence)
	case licensure.TypeBoardOrder:
		o, err := licensure.OrderOf(p.claims())
		if err != nil {
			return p.file + ": " + err.Error()
		}
		for _, had := range l.Signed(o.Licence) {
			if had.ID == o.ID && had.Digest == p.leaf {
				return ""
			}
			if had.ID == o.ID {
				return fmt.Sprintf("changed: the record has the order %s about %s under another digest than %s", o.ID, o.Licence, p.leaf)
			}
		}
		return fmt.Sprintf("hidden: the record has no order %s (%s) about the licence %s", o.ID, o.Action, o.Licence)
	}
	return p.file + ": neither a snapshot, nor a licence, nor an order"
}

var licenceProjectCommand = command{
	name:    "project",
	usage:   "--issuer DIR [--cascade FILE] [--zone NAME] [--at TIME]",
	summary: "set the board's status lists from its record, and publish them",
	example: "certanchor licence project --issuer board",
	run:     (*app).licenceProject,
}

func (a *app) licenceProject(_ context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the board's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	zone := fs.String("zone", "", "where the board's civil day is counted, such as America/Denver (UTC)")
	cascade := fs.String("cascade", "", "what follows by the compact, as licence compact cascade wrote it")
	at := fs.String("at", "", "the moment the lists speak about, RFC 3339 (now)")
	pass := fs.String("passphrase-file", "", "file with the passphrase of the keys; - reads standard input")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) > 0 || *dir == "" {
		return misuse("certanchor licence project -h", "project needs --issuer")
	}
	when, err := moment(*at)
	if err != nil {
		return err
	}
	j := job{app: a, dir: *dir, state: *state, passphrase: once(a.passphrase(*pass))}
	r, err := openRegistry(j.dir, j.stateDir(), false)
	if err != nil {
		return err
	}
	if r.own.Len() == 0 {
		return misuse("certanchor licence record add --issuer DIR FILE…", "the record is empty")
	}
	if err := addDerived(r.own, *cascade); err != nil {
		return err
	}
	values := map[string]uint8{}
	statusOf := licensure.FromLog(r.own, when)
	for _, key := range r.own.Licences() {
		if err := setZone(r.own, key, *zone); err != nil {
			return err
		}
		for _, t := range r.own.Terms(key) {
			s, err := statusOf(t.CredentialID)
			if err != nil {
				return err
			}
			values[t.CredentialID] = uint8(s)
		}
	}
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	changed, missing, err := j.issuer.SetStatuses("message", values)
	if err != nil {
		return err
	}
	for _, m := range missing {
		a.say("no entry here, for it was erased or issued without one: %s", m.ID)
	}
	a.say("%d licences, %d entries changed.", len(values)-len(missing), changed)
	return j.publish(when)
}

// addDerived lets what follows by the compact count in a record; it is never recorded.
func addDerived(l *licensure.Log, name string) error {
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	orders, err := licensure.ReadDerived(f)
	if err != nil {
		return misuse("certanchor licence compact cascade writes it", "%s: %v", name, err)
	}
	if err := l.Derive(orders); err != nil {
		return misuse("certanchor licence compact cascade writes it", "%s: %v", name, err)
	}
	return nil
}

var licenceStatusCommand = command{
	name:    "status",
	usage:   "KEY [FILE…] --at DAY [--known TIME] (--issuer DIR | --trust FILE)",
	summary: "what a licence was on a day, as known then and as known now, with the orders that prove it",
	example: "certanchor licence status X07//full/L0509726 --at 2026-03-15 --trust trust.json --evidence evidence.json papers/",
	run:     (*app).licenceStatus,
}

// A question asks what a licence was at a moment, as known at another and as known now.
type question struct {
	key, zone      string
	at, known, now time.Time
	begin          time.Time // of the civil day that at is the end of; zero for a moment
	derived        bool      // what follows by the compact counts
}

func (a *app) licenceStatus(ctx context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "a board's folder: answer from its record")
	state := fs.String("state", "", "state folder (DIR/state)")
	zone := fs.String("zone", "", "where the board's civil day is counted, such as America/Denver (UTC)")
	at := fs.String("at", "", "the day, or the moment (RFC 3339), that is asked about")
	cascade := fs.String("cascade", "", "what follows by the compact, as licence compact cascade wrote it")
	known := fs.String("known", "", "as known on this day or at this moment (the day asked about)")
	asJSON := fs.Bool("json", false, "print JSON")
	var flags paperFlags
	flags.declare(fs)
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) == 0 || *at == "" || (len(operands) > 1) == (*dir != "") {
		return misuse("certanchor licence status -h", "status needs a licence, --at, and either --issuer or licences and orders as files")
	}
	loc, err := zoneOf(*zone)
	if err != nil {
		return err
	}
	q := question{key: operands[0], zone: *zone, now: time.Now().UTC()}
	if *flags.today != "" {
		if q.now, err = moment(*flags.today); err != nil {
			return err
		}
	}
	if q.at, q.begin, err = dayOrMoment(*at, loc); err != nil {
		return err
	}
	q.known = q.at
	if *known != "" {
		if q.known, _, err = dayOrMoment(*known, loc); err != nil {
			return err
		}
	}
	var r *registry
	if *dir != "" {
		j := job{app: a, dir: *dir, state: *state}
		r, err = openRegistry(j.dir, j.stateDir(), false)
	} else {
		var d *desk
		var papers []paper
		if d, err = flags.open(); err == nil {
			papers, err = d.read(ctx, operands[1:])
		}
		for _, p := range papers {
			if p.taken {
				a.say("not counted: %s was taken back by its issuer", oneLine(p.file))
			}
		}
		if err == nil {
			r, err = records(papers)
		}
	}
	if err != nil {
		return err
	}
	for _, l := range r.all() {
		if err := addDerived(l, *cascade); err != nil {
			return err
		}
	}
	q.derived = *cascade != ""
	return a.licenceAnswer(r, q, *asJSON)
}

// dayOrMoment reads a moment, or a civil day, of which it returns the last second and the
// first.
func dayOrMoment(text string, zone *time.Location) (t, begin time.Time, err error) {
	if d, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return d.AddDate(0, 0, 1).Add(-time.Second).UTC(), d.UTC(), nil
	}
	t, err = moment(text)
	return t, time.Time{}, err
}

// parseLicenceKey reads what LicenceKey.String wrote: place/board/type/number.
func parseLicenceKey(text string) (licensure.LicenceKey, error) {
	p := strings.SplitN(text, "/", 4)
	if len(p) != 4 || p[0] == "" || p[2] == "" || p[3] == "" {
		return licensure.LicenceKey{}, misuse("write place/board/type/number, such as X07//full/L0509726", "%q names no licence", text)
	}
	return licensure.LicenceKey{Jurisdiction: p[0], BoardID: p[1], Type: licensure.LicenceType(p[2]), Number: p[3]}, nil
}

// An answerJSON is a state as known at a moment, as --json prints it.
type answerJSON struct {
	Known         time.Time      `json:"known"`
	Status        string         `json:"status"`
	Text          string         `json:"text"`
	FullyLicensed bool           `json:"fullyLicensed"`
	Changed       bool           `json:"changedThatDay,omitempty"` // it was another earlier on the day
	Since         time.Time      `json:"since"`
	By            string         `json:"by,omitempty"`
	Expires       licensure.Date `json:"expires,omitempty"`
	Conditions    int            `json:"conditions,omitempty"`
	Limited       bool           `json:"limited,omitempty"`
}

// A proofJSON is a signed order that an answer rests on.
type proofJSON struct {
	Order      string    `json:"order"`
	Action     string    `json:"action"`
	Effective  time.Time `json:"effectiveAt"`
	Recorded   time.Time `json:"recordedAt"`
	Credential string    `json:"credential,omitempty"` // digest
	Then       string    `json:"then"`                 // what became of it, as known then
	Now        string    `json:"now"`
	Why        string    `json:"why,omitempty"`
}

type termJSON struct {
	ID         string         `json:"id"`
	Start      licensure.Date `json:"start"`
	Expires    licensure.Date `json:"expires"`
	Recorded   time.Time      `json:"recordedAt"`
	Credential string         `json:"credential,omitempty"`
}

type statusJSON struct {
	Licence string      `json:"licence"`
	Board   string      `json:"board"`
	At      time.Time   `json:"at"`
	Then    answerJSON  `json:"asKnownThen"`
	Now     answerJSON  `json:"asKnownNow"`
	Terms   []termJSON  `json:"terms"`
	Orders  []proofJSON `json:"orders"`
	// Compact says whether what follows from orders of other boards was given, and counts.
	Compact bool `json:"compactCounted"`
}

func (a *app) licenceAnswer(r *registry, q question, asJSON bool) error {
	key, err := parseLicenceKey(q.key)
	if err != nil {
		return err
	}
	l, err := r.find(key)
	if err != nil {
		return err
	}
	if err := setZone(l, key, q.zone); err != nil {
		return err
	}
	out := statusJSON{Licence: key.String(), Board: l.Terms(key)[0].Board, At: q.at, Orders: []proofJSON{}, Compact: q.derived}
	then, thenState, err := answerAt(l, key, q, q.known)
	if err != nil {
		return err
	}
	now, nowState, err := answerAt(l, key, q, q.now)
	if err != nil {
		return err
	}
	out.Then, out.Now = then, now
	for _, t := range l.Terms(key) {
		out.Terms = append(out.Terms, termJSON{t.CredentialID, t.Start, t.Expires, t.RecordedAt, t.Digest})
	}
	for _, o := range l.Signed(key) {
		p := proofJSON{Order: o.ID, Action: string(o.Action), Effective: o.EffectiveAt, Recorded: o.RecordedAt, Credential: o.Digest}
		p.Then, _ = fateOf(thenState, o.ID)
		p.Now, p.Why = fateOf(nowState, o.ID)
		out.Orders = append(out.Orders, p)
	}
	for _, h := range nowState.History { // derived from another board's order, which proves it
		if t := h.Order.Trigger; t != nil && !slices.ContainsFunc(out.Orders, func(p proofJSON) bool { return p.Order == h.Order.ID }) {
			p := proofJSON{Order: h.Order.ID, Action: string(h.Order.Action), Effective: h.Order.EffectiveAt, Recorded: h.Order.RecordedAt, Credential: t.Digest, Now: string(h.Fate), Why: h.Why}
			p.Then, _ = fateOf(thenState, h.Order.ID)
			out.Orders = append(out.Orders, p)
		}
	}
	if asJSON {
		return a.printJSON(out)
	}
	a.printAnswer(out)
	return nil
}

// answerAt answers for a day only what holds all day: whoever was suspended at noon was not
// fully licensed on that day.
func answerAt(l *licensure.Log, key licensure.LicenceKey, q question, known time.Time) (answerJSON, licensure.State, error) {
	s, err := l.StatusAt(key, q.at, known)
	if err != nil {
		return answerJSON{}, s, err
	}
	out := answerJSON{Known: known, Status: s.Status.String(), Text: s.Text(), FullyLicensed: s.FullyLicensed(), Since: s.Since,
		By: s.By, Expires: s.Expires, Conditions: len(s.Conditions), Limited: s.Limited}
	if q.begin.IsZero() {
		return out, s, nil
	}
	begin := q.begin
	moments := []time.Time{begin}
	for _, p := range s.History {
		o := p.Order
		if o.EffectiveAt.After(begin) && !o.EffectiveAt.After(q.at) {
			moments = append(moments, o.EffectiveAt, o.EffectiveAt.Add(-time.Second))
		}
		if o.EndsAt.After(begin) && !o.EndsAt.After(q.at) {
			moments = append(moments, o.EndsAt, o.EndsAt.Add(-time.Second))
		}
	}
	for _, m := range moments {
		earlier, err := l.StatusAt(key, m, known)
		if err != nil {
			return out, s, err
		}
		if earlier.Status != s.Status || earlier.FullyLicensed() != s.FullyLicensed() {
			out.Changed = true
		}
		out.FullyLicensed = out.FullyLicensed && earlier.FullyLicensed()
	}
	return out, s, nil
}

func fateOf(s licensure.State, order string) (fate, why string) {
	for _, p := range s.History {
		if p.Order.ID == order {
			return string(p.Fate), p.Why
		}
	}
	return "not-known", ""
}

func (a *app) printAnswer(s statusJSON) {
	yes := map[bool]string{true: "yes", false: "no"}
	fmt.Fprintf(a.stdout, "%s, %s, at %s\n", oneLine(s.Licence), oneLine(s.Board), s.At.Format(time.RFC3339))
	rows := [][]string{{"", "as known at", "status", "since", "by order", "term ends", "fully licensed"}}
	for _, x := range []struct {
		name string
		answerJSON
	}{{"then", s.Then}, {"now", s.Now}} {
		text := x.Text
		if x.Changed {
			text += " (another earlier that day)"
		}
		rows = append(rows, []string{x.name, x.Known.Format(time.RFC3339), text, dayText(x.Since), oneLine(x.By), string(x.Expires), yes[x.FullyLicensed]})
	}
	table(a.stdout, rows)
	fmt.Fprintln(a.stdout)
	rows = [][]string{{"proof", "what", "from", "recorded", "then", "now", "credential"}}
	for _, t := range s.Terms {
		rows = append(rows, []string{oneLine(t.ID), "term", string(t.Start) + " to " + string(t.Expires), t.Recorded.Format(time.RFC3339), "", "", t.Credential})
	}
	for _, o := range s.Orders {
		rows = append(rows, []string{oneLine(o.Order), o.Action, o.Effective.Format(time.RFC3339), o.Recorded.Format(time.RFC3339), o.Then, strings.TrimSpace(o.Now + " " + oneLine(o.Why)), o.Credential})
	}
	table(a.stdout, rows)
	if !s.Compact {
		fmt.Fprintln(a.stdout, "\nWhat follows by the compact from orders of other boards is not counted; --cascade gives it.")
	}
}
