package evidencefile_test

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/certanchor/certanchor/licensure/evidencefile"
)

// streams returns the unpacked streams of a PDF that begin with these members.
func streams(t *testing.T, pdf []byte, members string) (found [][]byte) {
	t.Helper()
	form := regexp.MustCompile(members + `(?s:.*?)/Length (\d+)(?s:.*?)stream\r?\n`)
	for _, at := range form.FindAllSubmatchIndex(pdf, -1) {
		size, err := strconv.Atoi(string(pdf[at[2]:at[3]]))
		if err != nil {
			t.Fatal(err)
		}
		r, err := zlib.NewReader(bytes.NewReader(pdf[at[1] : at[1]+size]))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, plain)
	}
	return found
}

// TestPaper: the PDF has the document byte for byte, the code pixel for pixel, and the same
// paper is the same file.
func TestPaper(t *testing.T) {
	code := image.NewPaletted(image.Rect(0, 0, 21, 21), color.Palette{color.White, color.Black})
	code.SetColorIndex(3, 5, 1)
	var picture bytes.Buffer
	if err := png.Encode(&picture, code); err != nil {
		t.Fatal(err)
	}
	paper := evidencefile.Paper{Title: "Licence\x1b of \u0141ostrowe", Issuer: "Board", Checked: "valid, as of 2026-07-01", At: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
		Claims: map[string]any{"credentialSubject": map[string]any{"number": "L-1", "salt": "x"}}, Document: []byte(`{"a":"b"}`), Name: "one.json", Code: picture.Bytes()}
	pdf, err := paper.PDF()
	if err != nil {
		t.Fatal(err)
	}
	again, err := paper.PDF()
	if err != nil || !bytes.Equal(pdf, again) || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("another file: %v", err)
	}
	if files := streams(t, pdf, "/Type /EmbeddedFile"); len(files) != 1 || !bytes.Equal(files[0], paper.Document) {
		t.Errorf("attached %q", files)
	}
	// A row is the filter of PNG, none, and a bit for each pixel.
	if rows := streams(t, pdf, "/Subtype /Image"); len(rows) != 1 || len(rows[0]) != 21*4 || rows[0][5*4] != 0 || rows[0][5*4+1] != 1<<4 || bytes.Count(rows[0], []byte{0}) != 21*4-1 {
		t.Errorf("code %x", rows)
	}
	text := bytes.Join(streams(t, pdf, "<</Filter /FlateDecode"), nil)
	for _, want := range []string{"L-1", "<U+0141>ostrowe", "<U+001B>", "proves nothing"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	paper.Document = nil
	if _, err := paper.PDF(); err == nil {
		t.Error("a paper without its document")
	}
}
