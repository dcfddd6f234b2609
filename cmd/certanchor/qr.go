package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrBytes is what the largest QR code (version 40 at level L, ISO/IEC 18004) holds of a text
// with small letters, which goes in byte by byte.
const qrBytes = 2953

const (
	qrQuiet = 4 // modules left white on each side; readers look for them
	qrScale = 6 // pixels of a module in a PNG
)

// checkQR makes sure, before anything is made, that a QR code can be written under a name,
// which is not that of the file besides.
func checkQR(name, out string) error {
	if name != "" && filepath.Clean(name) == filepath.Clean(out) {
		return misuse("give two names", "--qr and --out are both %s", name)
	}
	if ext := strings.ToLower(filepath.Ext(name)); name != "" && ext != ".png" && ext != ".svg" {
		return misuse("name it FILE.png or FILE.svg", "a QR code is a picture, and %s is none", name)
	}
	return nil
}

// checkFolder makes sure, before anything is made, that a file can be put where it is named.
func checkFolder(name string) error {
	if name == "" {
		return nil
	}
	dir := filepath.Dir(name)
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return misuse("make it first, or choose another", "there is no folder %s for %s", dir, filepath.Base(name))
	}
	return nil
}

// qrImage makes the picture of a text, in the form that name ends in, and says its size.
// instead is what to do about a text that is too long for one code; there is no picture in
// several.
func (a *app) qrImage(name, text, instead string) ([]byte, error) {
	if len(text) > qrBytes {
		return nil, misuse(instead, "%d bytes; one QR code holds %d at most", len(text), qrBytes)
	}
	code, err := qr.Encode(text, qr.L, qr.Unicode)
	if err != nil {
		return nil, err
	}
	side := code.Bounds().Dx()
	a.say("%d bytes: one QR code of version %d at level L, %d × %d modules.", len(text), (side-17)/4, side, side)
	if strings.EqualFold(filepath.Ext(name), ".svg") {
		return qrSVG(code), nil
	}
	return qrPNG(code)
}

func isDark(code image.Image, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}

func qrPNG(code image.Image) ([]byte, error) {
	side := code.Bounds().Dx()
	full := (side + 2*qrQuiet) * qrScale
	img := image.NewPaletted(image.Rect(0, 0, full, full), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if isDark(code, x, y) {
				at := image.Pt(x+qrQuiet, y+qrQuiet).Mul(qrScale)
				draw.Draw(img, image.Rectangle{at, at.Add(image.Pt(qrScale, qrScale))}, image.Black, image.Point{}, draw.Src)
			}
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// qrSVG draws one rectangle for each run of dark modules in a row.
func qrSVG(code image.Image) []byte {
	side := code.Bounds().Dx()
	full := side + 2*qrQuiet
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, full, full)
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, full, full)
	for y := range side {
		for x := 0; x < side; x++ {
			run := 0
			for x+run < side && isDark(code, x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+qrQuiet, y+qrQuiet, run, run)
				x += run
			}
		}
	}
	b.WriteString("\"/></svg>\n")
	return b.Bytes()
}

// writeWithQR writes data as writeOut does and, where one is named, the picture of text,
// which is made first: a text that is too long for it leaves nothing behind. With a picture
// and no file, data is not written.
func (a *app) writeWithQR(out string, data []byte, picture, text, instead string) error {
	if picture == "" {
		return a.writeOut(out, data)
	}
	img, err := a.qrImage(picture, text, instead)
	if err != nil {
		return err
	}
	if out != "" {
		if err := a.writeOut(out, data); err != nil {
			return err
		}
	}
	return a.writeOut(picture, img)
}
