package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
	"github.com/certanchor/certanchor/wallet"
)

func (r *walletRun) text(context.Context) error {
	rec, err := r.record(r.args[0])
	if err != nil {
		return err
	}
	if (r.to == "") != (r.purpose == "") || r.until != "" && r.to == "" {
		return misuse(r.help, "--to goes with --purpose, and --until with both")
	}
	if err := r.checkUntil(); err != nil {
		return err
	}
	text, err := r.wallet.Text(rec, r.to, r.purpose, r.until)
	if err != nil {
		return err
	}
	if r.to != "" && (r.qr == "" || len(text) <= qrBytes) { // what is refused below leaves no trace
		if err := r.wallet.Save(); err != nil {
			return err
		}
	}
	if r.qr == "" {
		fits := "it fits into one QR code"
		if len(text) > qrBytes {
			fits = fmt.Sprintf("a QR code holds %d at most: send a file", qrBytes)
		}
		r.say("%d characters; %s.", len(text), fits)
		return r.writePrivate([]byte(text + "\n"))
	}
	img, err := r.qrImage(r.qr, text, "nothing was written; send the file (certanchor wallet show) or a dossier, or present an SD-JWT with fewer claims")
	if err != nil {
		return err
	}
	if r.out != "" {
		if err := r.writePrivate([]byte(text + "\n")); err != nil {
			return err
		}
	}
	r.out = r.qr
	return r.writePrivate(img)
}

func (r *walletRun) present(context.Context) error {
	raw, err := r.input(r.args[0])
	if err != nil {
		return err
	}
	q, err := wallet.ParseRequest(raw)
	if err != nil {
		return err
	}
	picks := map[string]string{}
	for _, p := range r.picks {
		query, name, ok := strings.Cut(p, "=")
		if !ok {
			return misuse(r.help, "--pick needs QUERY=RECORD")
		}
		picks[query] = name
	}
	plan, err := r.wallet.Plan(q, picks)
	if err != nil {
		return err
	}
	for _, id := range r.drops {
		if err := plan.Drop(id); err != nil {
			return misuse("certanchor wallet present REQUEST --look lists what is asked", "%v", err)
		}
	}
	r.planned(plan)
	if len(plan.Missing) > 0 {
		for _, text := range plan.Almost {
			fmt.Fprintf(r.stdout, "! %s\n", oneLine(text))
		}
		return misuse("nothing left the wallet; certanchor wallet list tells what it holds", "it has no answer to %s", strings.Join(wanted(q, plan.Missing), "; "))
	}
	if r.look || r.out == "" {
		r.say("Nothing left the wallet; --out FILE signs and writes it.")
		return nil
	}
	parts, err := r.wallet.Present(plan)
	if err != nil {
		return err
	}
	file := parts[0]
	if r.asDossier || q.Sealed != "" || len(parts) > 1 {
		var records []*wallet.Record
		for _, c := range plan.Choices {
			records = append(records, c.Record)
		}
		if file, err = r.wallet.Dossier(records, parts, cmp.Or(q.Verifier, q.Audience), q.Purpose, q.Until); err != nil {
			return err
		}
	}
	if q.Sealed != "" {
		if file, err = wallet.SealFor(q.Sealed, file); err != nil {
			return err
		}
	}
	return r.leave(file)
}

// wanted tells of queries what they ask for.
func wanted(q *wallet.Request, missing []string) []string {
	var list []string
	for _, name := range missing {
		text := name
		for _, c := range q.Query.Credentials {
			if c.ID == name {
				text += ": " + c.Wanted()
			}
		}
		list = append(list, oneLine(text))
	}
	return list
}

// leave saves the wallet, whose log tells what leaves, and only then lets it leave.
func (r *walletRun) leave(file []byte) error {
	if err := r.wallet.Save(); err != nil {
		return err
	}
	return r.writePrivate(file)
}

// writePrivate writes what tells of a person: for its owner's eyes, to hand on or not.
func (r *walletRun) writePrivate(file []byte) error {
	if r.out == "" {
		_, err := r.stdout.Write(file)
		return err
	}
	if err := writeAs(r.out, file, 0o600); err != nil {
		return err
	}
	fmt.Fprintln(r.stdout, r.out)
	return nil
}

// planned lists all that would leave.
func (r *walletRun) planned(p *wallet.Plan) {
	q := p.Request
	fmt.Fprintf(r.stdout, "%s <%s> asks, for: %s\n", oneLine(q.Verifier), oneLine(q.Audience), oneLine(q.Purpose))
	for _, c := range p.Choices {
		optional := ""
		if c.Optional {
			optional = " (optional: --drop " + c.Query + ")"
		}
		fmt.Fprintf(r.stdout, "%s: %s  %s%s\n", c.Query, c.Record.Short(), oneLine(labelOf(c.Record)), optional)
		if c.Record.Verdict != verifier.Valid.String() {
			fmt.Fprintf(r.stdout, "  ! %s, as of %s\n", oneLine(verdictLine(c.Record)), c.Record.Checked.Format(time.DateOnly))
		}
		if c.Record.Form != wallet.FormLD {
			fmt.Fprintf(r.stdout, "  %s\n", spent(&c))
		}
		for _, l := range c.Leaves {
			mark := "     "
			if l.Asked {
				mark = "asked"
			}
			fmt.Fprintf(r.stdout, "  %s  %s = %s\n", mark, oneLine(l.Path), oneLine(l.Value))
		}
		for _, o := range c.Others {
			fmt.Fprintf(r.stdout, "  instead: --pick %s=%s  %s\n", c.Query, o.Short(), oneLine(fromUntil(o)))
		}
	}
	for _, text := range p.Unread {
		fmt.Fprintf(r.stdout, "! cannot be read, so it answers nothing: %s\n", oneLine(text))
	}
	for _, c := range p.Instead {
		fmt.Fprintf(r.stdout, "%s: stays, since another option answers, or none is whole: --pick %s=%s  %s\n", c.Query, c.Query, c.Record.Short(), oneLine(labelOf(c.Record)))
	}
}

// spent tells whether a copy of an SD-JWT is still fresh.
func spent(c *wallet.Choice) string {
	switch {
	case c.Record.Shown > 0 && c.Fresh > 0:
		return fmt.Sprintf("! shown %d times before: verifiers can match them; %d of the others below were not", c.Record.Shown, c.Fresh)
	case c.Record.Shown > 0:
		return fmt.Sprintf("! shown %d times before, and no copy is left that was not: verifiers can match them; ask the issuer for new ones", c.Record.Shown)
	}
	return fmt.Sprintf("not shown before; %d more copies are left", c.Fresh)
}

func (r *walletRun) dossier(context.Context) error {
	var records []*wallet.Record
	for _, name := range r.args {
		rec, err := r.record(name)
		if err != nil {
			return err
		}
		records = append(records, rec)
	}
	if r.out == "" || r.to == "" || r.purpose == "" {
		return misuse(r.help, "dossier needs --out, --to and --purpose")
	}
	if err := r.checkUntil(); err != nil {
		return err
	}
	raw, err := r.wallet.Dossier(records, nil, r.to, r.purpose, r.until)
	if err != nil {
		return err
	}
	if r.recipient != "" {
		if raw, err = wallet.SealFor(r.recipient, raw); err != nil {
			return misuse("ask who receives it for their age recipient; it begins with age1", "--recipient %s is none", oneLine(r.recipient))
		}
	}
	return r.leave(raw)
}

func (r *walletRun) checkUntil() error {
	if _, err := time.Parse(time.DateOnly, r.until); err != nil && r.until != "" {
		return misuse("such as 2027-06-30", "--until is no date")
	}
	return nil
}

// consent makes a receipt (T16) that the holder signs: which record, what for, who.
func (r *walletRun) consent(context.Context) error {
	rec, err := r.record(r.args[0])
	if err != nil {
		return err
	}
	if r.to == "" || r.purpose == "" || r.until == "" {
		return misuse(r.help, "consent needs --to, --purpose and --until")
	}
	if err := r.checkUntil(); err != nil {
		return err
	}
	kind, ok := licensure.TypeOf(map[string]any{"type": anyTexts(rec.Types)})
	if !ok {
		return misuse("a receipt is about a credential of a type of docs and licensure", "%s has none of the medical types", rec.Short())
	}
	now := time.Now().UTC().Truncate(time.Second)
	last, _ := time.Parse(time.DateOnly, r.until)
	if !now.Before(last.AddDate(0, 0, 1)) {
		return misuse("give a day to come", "--until %s is over", r.until)
	}
	draft, err := licensure.Consent{
		Envelope: licensure.Envelope{Title: "Consent receipt", Holder: rec.Subject, ValidFrom: now, ValidUntil: last.AddDate(0, 0, 1),
			Evidence:   []licensure.Evidence{{Source: "holder", Method: licensure.SelfAttested, VerifiedAt: now, VerifierRole: "holder"}},
			Confidence: licensure.Attested},
		Records: []licensure.ConsentRecord{{Type: kind, ID: rec.ID}}, Purpose: r.purpose, RecipientParty: r.to,
		SignedAt: now, Expires: licensure.Date(r.until), Revocable: true}.Draft()
	if err != nil {
		return misuse("", "the receipt: %v", err)
	}
	if rec.Form == wallet.FormDC {
		return misuse("choose another form of the same credential (certanchor wallet list), if you hold one", "%s is an SD-JWT VC, which has no context to write a receipt in", rec.Short())
	}
	raw, err := r.wallet.Sign(draft, rec, rand.Reader)
	if errors.Is(err, wallet.ErrNotSubject) {
		return misuse("nothing was signed; is it the right wallet?", "%v", err)
	}
	if err != nil {
		return err
	}
	return r.leave(raw)
}

func anyTexts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func (r *walletRun) shares(context.Context) error {
	if r.out != "" {
		log, err := r.wallet.ShareLog()
		if err != nil {
			return err
		}
		return r.writePrivate(log)
	}
	rows := [][]string{{"", "when", "to", "purpose", "until", "what"}}
	for _, s := range r.wallet.Shares() {
		var what []string
		for _, c := range s.Records {
			what = append(what, c.SHA256[:12])
		}
		rows = append(rows, []string{fmt.Sprint(s.Number), s.At.Format(time.RFC3339), oneLine(s.To), oneLine(s.Purpose), s.Until, s.Form + " " + strings.Join(what, " ")})
	}
	table(r.stdout, rows)
	return nil
}
