package evidencefile

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// A pdfPage writes with the fonts that every reader of PDF has: they hold the letters of
// Western Europe. Embedding a font would compress it, and compressors differ from one
// release to the next. What has no letter there is written by its number, and the first page
// says where to read it in its own script.
type pdfPage struct {
	*fpdf.Fpdf
	foreign bool
}

const notInFont = "Letters that this print has no form for stand as <U+....>; summary.html in the same file shows them."

func (v *view) pdf() ([]byte, error) {
	p := &pdfPage{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.SetCompression(false)
	p.SetCatalogSort(true)
	p.SetCreationDate(archiveTime)
	p.SetModificationDate(archiveTime)
	p.SetProducer("certanchor", false)
	p.SetTitle("Verification of credentials", false)
	p.SetMargins(18, 18, 18)
	p.SetAutoPageBreak(true, 18)
	p.SetFooterFunc(func() {
		p.SetY(-14)
		p.SetFont("Helvetica", "", 8)
		p.CellFormat(0, 5, p.text(fmt.Sprintf("Decision of %s, checked on %s. Page %d", v.DecisionDate, v.At, p.PageNo())), "", 0, "C", false, 0, "")
	})
	p.first(v)
	for _, c := range v.Credentials {
		p.credential(c)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (p *pdfPage) first(v *view) {
	p.AddPage()
	p.heading("Verification of credentials")
	p.answer(standingWords[v.Standing] + until(v.ProvisionalUntil))
	p.row("Decision of", string(v.DecisionDate))
	p.row("Checked on", v.At)
	p.row("Verified by", v.Office)
	p.row("Place of practice", v.Place)
	p.row("Policy", fmt.Sprintf("%s (%s, %s)", v.PolicyTitle, v.PolicyID, v.PolicyRevision))
	p.row("One person", string(v.SubjectMatch))
	if v.Redacted {
		p.row("Copy", "documents were left out of this copy; the answer is that of the whole file")
	}
	for _, e := range v.Elements {
		text := string(e.Result)
		for _, part := range []string{e.VerifiedBy, e.Source, string(e.Date)} {
			if part != "" {
				text += "; " + part
			}
		}
		for _, r := range e.Reasons {
			text += "; " + r.Rule + ": " + r.Text
		}
		p.row(string(e.Element), text)
	}
	for _, r := range v.Reasons {
		p.row(r.Rule, r.Text)
	}
	for _, o := range v.Obtain {
		p.row("To be obtained", o)
	}
	for _, o := range v.Orders {
		text := o.Verdict + ", counted"
		if o.Why != "" {
			text = o.Verdict + ", not counted: " + o.Why
		}
		p.row("Order "+o.ID, text)
	}
	for _, s := range v.Snapshots {
		p.row("Status list", fmt.Sprintf("%s, sequence %d, SHA-256 %s", s.URL, s.Sequence, s.Digest))
	}
	p.note("proves.html in the same file says what this shows and what it does not. " + notInFont)
}

func until(text string) string {
	if text == "" {
		return ""
	}
	return " until " + text
}

func (p *pdfPage) credential(c page) {
	p.AddPage()
	title := c.Title
	if title == "" {
		title = c.Type
	}
	p.heading(title)
	stand := c.Standing
	answer := standingWords[stand.Standing]
	if !stand.Until.IsZero() {
		answer += until(stand.Until.UTC().Format(time.RFC3339))
	}
	p.answer(answer)
	p.row("Type", c.Type)
	p.row("Source", c.Source+" ("+c.IssuerID+")")
	p.row("Verdict", c.Verdict)
	p.row("Legal status", c.Legal)
	p.row("Verified as of", c.VerifiedAt)
	for _, r := range stand.Reasons {
		p.row(r.Rule, r.Text)
	}
	for _, o := range stand.Obtain {
		p.row("To be obtained", o)
	}
	p.row("Document", c.ID+", SHA-256 "+c.Document)
	for _, l := range c.Claims {
		p.row(l.Name, l.Value)
	}
	for _, a := range c.Anchors {
		p.row("Anchor", fmt.Sprintf("%s, transaction %s, block %d, %d confirmations", a.Network, a.TxID, a.Height, a.Confirmations))
	}
}

func (p *pdfPage) heading(text string) {
	p.SetFont("Helvetica", "B", 15)
	p.MultiCell(0, 7, p.text(text), "", "L", false)
	p.Ln(2)
}

func (p *pdfPage) answer(text string) {
	p.SetFont("Helvetica", "B", 12)
	p.MultiCell(0, 8, p.text(text), "1", "L", false)
	p.Ln(2)
}

// row writes a name and what it says; nothing for an empty text.
func (p *pdfPage) row(name, text string) {
	if text == "" {
		return
	}
	const width = 48
	if _, height := p.GetPageSize(); p.GetY() > height-30 {
		p.AddPage()
	}
	p.SetFont("Helvetica", "B", 8.5)
	top, page := p.GetY(), p.PageNo()
	p.MultiCell(width, 4.2, p.text(name), "", "L", false)
	below := p.GetY()
	if p.PageNo() != page {
		top = 18
	}
	p.SetXY(18+width+2, top)
	p.SetFont("Helvetica", "", 8.5)
	page = p.PageNo()
	p.MultiCell(0, 4.2, p.text(text), "", "L", false)
	if p.PageNo() == page && p.GetY() < below {
		p.SetY(below)
	}
	p.Ln(0.6)
}

func (p *pdfPage) note(text string) {
	p.Ln(3)
	p.SetFont("Helvetica", "I", 8)
	p.MultiCell(0, 4, p.text(text), "", "L", false)
}

// text writes s in Windows-1252, which the standard fonts have.
func (p *pdfPage) text(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok || unicode.IsControl(r) {
			fmt.Fprintf(&b, "<U+%04X>", r)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
