package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/issuer"
)

var introduceCommand = command{
	name:    "introduce",
	usage:   "invite|accept|rebind|list --issuer DIR [ANSWER|ROTATION]",
	summary: "invite a holder, take the answer of their wallet or its next key, and address drafts to it",
	example: "certanchor introduce invite --issuer board --reference 2026-0017 --sign --out invitation.json\n" +
		"  certanchor introduce accept answer.json --issuer board --drafts drafts.jsonl --out addressed.jsonl\n" +
		"  certanchor introduce rebind rotation.txt --issuer board",
	run: (*app).introduce,
}

// maxMessageFile bounds an invitation or answer as a file.
const maxMessageFile = 64 << 10

func (a *app) introduce(_ context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the issuer's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	reference := fs.String("reference", "", "invite: the desk's own number for the person; it stays here")
	life := fs.Duration("life", 7*24*time.Hour, "invite: how long the invitation can be answered, such as 72h")
	address := fs.String("address", "", "invite: ask for a Bitcoin address on this network too, for Blockcerts 2")
	text := fs.Bool("text", false, "invite: write one line for a link or a QR code, not JSON")
	picture := fs.String("qr", "", "invite: FILE.png or FILE.svg to write as a QR code")
	sign := fs.Bool("sign", false, "invite: sign it with the issuer's key, so that wallets can tell whose it is")
	pass := fs.String("passphrase-file", "", "invite --sign: file with the passphrase of the key; - reads standard input")
	drafts := fs.String("drafts", "", "accept, rebind: drafts whose subject becomes the holder's DID")
	out := fs.String("out", "", "file to write")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) == 0 || *dir == "" {
		return misuse("certanchor help introduce", "introduce needs invite, accept, rebind or list, and --issuer")
	}
	if err := checkQR(*picture, *out); err != nil {
		return err
	}
	c := issuer.DeskConfig{Dir: *dir, StateDir: *state, Hook: a.issuerHook}
	switch {
	case *sign && operands[0] != "invite", *pass != "" && !*sign:
		return misuse("certanchor introduce invite --sign --passphrase-file FILE", "--sign is for invite, and --passphrase-file goes with it")
	case *sign:
		if c.Signer, c.KeyID, err = issuer.SigningKey(*dir, a.passphrase(*pass)); err != nil {
			return err
		}
	}
	desk, err := issuer.OpenDesk(c)
	if err != nil {
		return err
	}
	defer desk.Close()
	switch verb, rest := operands[0], operands[1:]; {
	case verb == "invite" && len(rest) == 0:
		return a.invite(desk, *reference, *life, *address, *text, *out, *picture)
	case (verb == "accept" || verb == "rebind") && len(rest) == 1:
		if (*drafts == "") != (*out == "") {
			return misuse("certanchor help introduce", "--drafts goes with --out")
		}
		take := a.accept
		if verb == "rebind" {
			take = a.rebind
		}
		return take(desk, rest[0], *drafts, *out)
	case verb == "list" && len(rest) == 0:
		return a.listIntroduced(desk)
	}
	return misuse("certanchor help introduce", "introduce invite, introduce accept ANSWER, introduce rebind ROTATION, or introduce list")
}

func (a *app) invite(desk *issuer.Desk, reference string, life time.Duration, address string, text bool, out, picture string) error {
	var network anchor.Network
	var err error
	if address != "" {
		if network, err = anchor.ParseNetwork(address); err != nil {
			return misuse("say mainnet, testnet3, testnet4, signet or regtest", "%v", err)
		}
	}
	if life <= 0 || life > 365*24*time.Hour {
		return misuse("such as --life 72h, and a year at most", "--life %v is no time to answer in", life)
	}
	i, err := desk.Invite(reference, life, network)
	if err != nil {
		return err
	}
	line, err := i.Text()
	if err != nil {
		return err
	}
	data := []byte(line + "\n")
	if !text {
		if data, err = json.MarshalIndent(i, "", "  "); err != nil {
			return err
		}
		data = append(data, '\n')
	}
	if err := a.writeWithQR(out, data, picture, line, "hand the invitation over as a file, with --out"); err != nil {
		return err
	}
	a.say("An invitation by %s, until %s, for one answer. Whoever holds it can give that answer: hand it to the right person.", i.Issuer, i.Expires.Format(time.RFC3339))
	return nil
}

func (a *app) accept(desk *issuer.Desk, name, drafts, out string) error {
	raw, err := a.readInput(name, maxMessageFile)
	if err != nil {
		return err
	}
	got, err := desk.Accept(raw)
	var refused *issuer.IntroductionError
	if errors.As(err, &refused) {
		return misuse(introductionHints[refused.Code], "%v", err)
	}
	if err != nil {
		return err
	}
	return a.taken(got, got.DID, drafts, out)
}

// taken says what the desk took, and addresses drafts to the DID that counts now.
func (a *app) taken(got any, did, drafts, out string) error {
	if drafts != "" {
		n, err := addressDrafts(drafts, out, did)
		if err != nil {
			a.say("The message of %s is taken; no drafts were written. Mend what follows, then give the same command again.", did)
			return err
		}
		a.say("Wrote %d drafts for %s into %s.", n, did, out)
	}
	b, err := json.Marshal(got)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s\n", printableJSON(b))
	return nil
}

// rebind takes a holder's next key.
func (a *app) rebind(desk *issuer.Desk, name, drafts, out string) error {
	raw, err := a.readInput(name, maxMessageFile)
	if err != nil {
		return err
	}
	got, err := desk.Rebind(raw)
	var refused *issuer.RotationError
	if errors.As(err, &refused) {
		return misuse(rotationHints[refused.Code], "%v", err)
	}
	if err != nil {
		return err
	}
	if err := a.taken(got, got.New, drafts, out); err != nil {
		return err
	}
	a.say("Next: issue again what was issued to the old DID, to the new one (--drafts addresses drafts), then revoke the old ones:")
	a.say("  certanchor status set --issuer DIR --revoke --reason \"key replaced\" FILE…")
	return nil
}

var rotationHints = map[string]string{
	"malformed":    "is it the message of a wallet about a new key (certanchor wallet rotate)? else ask the holder to send it again",
	"other-issuer": "is this the right issuer's folder? else the holder's message is for somebody else",
	"did-unknown":  "is this the right issuer's folder? else ask the holder for: certanchor wallet rotate ISSUER --recover",
	"rotated-away": "a key that was replaced never counts again; if the holder did not ask for that, ask for: certanchor wallet rotate ISSUER --recover",
	"time":         "ask the holder to set the clock of their device, and for: certanchor wallet rotate ISSUER --recover",
	"signature":    "do not issue to this DID; ask the holder, by a way you know, whether it is theirs",
}

var introductionHints = map[string]string{
	"malformed":     "is it the answer of a wallet (certanchor wallet answer)? else ask the holder to send it again",
	"other-issuer":  "is this the right issuer's folder? else the holder answered somebody else's invitation",
	"nonce-unknown": "is this the right issuer's folder? else invite the holder again",
	"nonce-expired": "invite the holder again",
	"nonce-used":    "somebody answered this invitation before: find out who, and invite the holder again",
	"rotated-away":  "was the holder's wallet restored without its backup? ask for: certanchor wallet rotate ISSUER --recover",
	"time":          "ask the holder to set the clock of their device, and to answer again",
	"signature":     "do not issue to this DID; invite the holder again",
	"address":       "do not issue to this address; invite the holder again",
}

// addressDrafts writes drafts as JSON Lines with the DID as their subject.
func addressDrafts(in, out, did string) (int, error) {
	drafts, err := issuer.ReadDrafts(in, "")
	if err != nil {
		return 0, asMisuse(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	n := 0
	for d, err := range drafts {
		if err != nil {
			return n, asMisuse(err)
		}
		subject, ok := d.Object["credentialSubject"].(map[string]any)
		if !ok {
			return n, misuse("nothing was written", "%s has no credentialSubject", d.Place)
		}
		subject["id"] = did
		if err := e.Encode(d.Object); err != nil {
			return n, err
		}
		n++
	}
	return n, writeWhole(out, b.Bytes())
}

// minuteUTC is a time in a table, where seconds say nothing.
const minuteUTC = "2006-01-02T15:04Z"

func (a *app) listIntroduced(desk *issuer.Desk) error {
	rows := [][]string{{"invited", "until", "reference", "answered by"}}
	for _, i := range desk.All() {
		who := i.DID
		if who == "" {
			who = "-"
		}
		rows = append(rows, []string{i.Invited.Format(time.DateOnly), i.Expires.Format(minuteUTC), oneLine(i.Reference), who})
	}
	table(a.stdout, rows)
	return nil
}

// writeOut writes a result to a file, or to standard output if none is named.
func (a *app) writeOut(out string, data []byte) error {
	if out == "" {
		_, err := a.stdout.Write(data)
		return err
	}
	if err := writeWhole(out, data); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, out)
	return nil
}

// readInput reads a file, or standard input for "-".
func (a *app) readInput(name string, limit int64) ([]byte, error) {
	if name == "-" {
		return readLimited(a.stdin, limit)
	}
	return readFile(name, limit)
}
