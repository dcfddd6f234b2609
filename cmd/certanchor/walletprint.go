package main

import (
	"context"
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure/evidencefile"
)

// print lays a credential out for paper. What the paper says nobody need believe: the code on
// it, or the file in it, is what is verified.
func (r *walletRun) print(context.Context) error {
	rec, err := r.record(r.args[0])
	if err != nil {
		return err
	}
	switch {
	case !strings.HasSuffix(strings.ToLower(r.out), ".pdf"):
		return misuse(r.help, "print makes a PDF: name it with --out FILE.pdf")
	case (r.to == "") != (r.purpose == ""), r.until != "" && r.to == "":
		return misuse(r.help, "--to goes with --purpose, and --until with both")
	}
	if err := r.checkUntil(); err != nil {
		return err
	}
	claims, err := r.wallet.Claims(rec)
	if err != nil {
		return err
	}
	text, err := r.wallet.Text(rec, r.to, r.purpose, r.until)
	if err != nil {
		return err
	}
	title, _ := claims["name"].(string)
	if title == "" {
		title = strings.Join(rec.Types, ", ")
	}
	paper := evidencefile.Paper{Title: title, Issuer: labelOf(rec), Dates: fromUntil(rec), ID: rec.ID + ", SHA-256 " + rec.SHA256, Claims: claims,
		Checked: verdictLine(rec) + ", as of " + rec.Checked.Format(time.RFC3339), At: time.Now().UTC(), Document: rec.Document, Name: rec.Short() + ".json"}
	if len(text) > qrBytes {
		r.say("%d characters are too many for a QR code; the file is in the PDF.", len(text))
	} else if paper.Code, err = r.qrImage("code.png", text, ""); err != nil {
		return err
	}
	pdf, err := paper.PDF()
	if err != nil {
		return err
	}
	if r.to != "" {
		if err := r.wallet.Save(); err != nil {
			return err
		}
	}
	return r.writePrivate(pdf)
}
