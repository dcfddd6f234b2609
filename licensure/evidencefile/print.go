package evidencefile

import (
	"bytes"
	"errors"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// A Paper is one credential to be printed by its holder.
type Paper struct {
	Title   string // of the document, or its type
	Issuer  string // as the holder's trust file names it, and its id
	Dates   string
	Checked string // what the last check said, and when
	ID      string
	Claims  map[string]any // what was signed
	At      time.Time      // of the printing
	// Document is the file itself, which goes into the PDF as an attachment called Name.
	Document []byte
	Name     string
	// Code is the QR code of the document as a text, a PNG; nil if it fits into none.
	Code []byte
}

const paperNote = "This paper proves nothing. Whoever has the trust file of the issuer verifies the document, offline: scan the code and " +
	"give its text to certanchor verify, or take the file that is attached to this PDF. Letters that this print has no form for stand as <U+....>."

// PDF lays the paper out. The same paper gives the same bytes.
func (d *Paper) PDF() ([]byte, error) {
	if len(d.Document) == 0 || d.Name == "" {
		return nil, errors.New("evidencefile: a paper needs its document")
	}
	p := &pdfPage{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.SetCatalogSort(true)
	p.SetCreationDate(d.At)
	p.SetModificationDate(d.At)
	p.SetProducer("certanchor", false)
	p.SetTitle(p.text(d.Title), false)
	p.SetMargins(18, 18, 18)
	p.SetAutoPageBreak(true, 18)
	p.SetAttachments([]fpdf.Attachment{{Content: d.Document, Filename: d.Name}})
	p.AddPage()
	p.heading(d.Title)
	p.row("Issuer", d.Issuer)
	p.row("Dates", d.Dates)
	p.row("Last check", d.Checked)
	p.row("Document", d.ID)
	for _, l := range claimLines(d.Claims) {
		p.row(l.Name, l.Value)
	}
	p.note(paperNote)
	if d.Code != nil {
		const side = 100 // mm: half a millimetre for each module of the largest code
		if _, height := p.GetPageSize(); p.GetY() > height-side-24 {
			p.AddPage()
		}
		p.RegisterImageOptionsReader("code", fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(d.Code))
		p.ImageOptions("code", 18, p.GetY()+4, side, side, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	}
	var b bytes.Buffer
	err := p.Output(&b)
	return b.Bytes(), err
}
