package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// readQR reads a QR code with a reader that is not the writer's.
func readQR(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var img image.Image
	if filepath.Ext(name) == ".svg" {
		img = drawnSVG(t, string(raw))
	} else if img, err = png.Decode(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	got, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return got.GetText()
}

// drawnSVG draws the rectangles of a picture made by qrSVG, four pixels to a module.
func drawnSVG(t *testing.T, svg string) image.Image {
	t.Helper()
	const scale = 4
	var side int
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "viewBox="):], `viewBox="0 0 %d`, &side); err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, m := range regexp.MustCompile(`M\d+ \d+h\d+v1h-\d+z`).FindAllString(svg, -1) {
		var x, y, n, back int
		if _, err := fmt.Sscanf(m, "M%d %dh%dv1h-%dz", &x, &y, &n, &back); err != nil || back != n {
			t.Fatal(m, err)
		}
		draw.Draw(img, image.Rect(x*scale, y*scale, (x+n)*scale, (y+1)*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img
}

// TestQRSizes: every size up to the largest is read again, one byte more is refused.
func TestQRSizes(t *testing.T) {
	alphabet := "certanchor:credential:ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789"
	a := &app{stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}
	for _, size := range []int{1, 17, 18, 271, 858, 1465, 2331, 2809, qrBytes} {
		text := strings.Repeat(alphabet, size/len(alphabet)+1)[:size]
		for _, form := range []string{"code.png", "code.SVG"} {
			img, err := a.qrImage(form, text, "")
			if err != nil {
				t.Fatal(size, err)
			}
			name := filepath.Join(t.TempDir(), strings.ToLower(form))
			if err := os.WriteFile(name, img, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := readQR(t, name); got != text {
				t.Errorf("%d bytes, %s: read %.60q", size, form, got)
			}
		}
	}
	if said := fmt.Sprint(a.stderr); !strings.HasSuffix(said, "2953 bytes: one QR code of version 40 at level L, 177 × 177 modules.\n") {
		t.Errorf("said %s", said)
	}
	if img, err := a.qrImage("code.png", strings.Repeat("x", qrBytes+1), "send a file"); err == nil || img != nil {
		t.Errorf("2,954 bytes: %v", err)
	}
}

// TestQR: a credential and the messages of an introduction go by picture and back; what is
// too long, or no picture by its name, leaves nothing behind.
func TestQR(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	run := func(want int, args ...string) (out, said string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, walletWork: 4}
		if got := a.run(context.Background(), args); got != want {
			t.Fatalf("%v: exit status %d, want %d\n%s%s", args, got, want, &stdout, &stderr)
		}
		return stdout.String(), stderr.String()
	}
	t.Setenv(walletEnv, file("wallet"))
	t.Setenv(passphraseEnv, file("pass"))
	if err := os.WriteFile(file("pass"), []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "demo", "--count", "1", "--out", file("D"))
	run(0, "wallet", "create")
	trust := []string{"--trust", file("D/trust.json"), "--evidence", file("D/evidence.json")}
	creds, err := filepath.Glob(file("D/credentials/*.json"))
	if err != nil || len(creds) == 0 {
		t.Fatal(creds, err)
	}
	raw, err := os.ReadFile(creds[0])
	if err != nil {
		t.Fatal(err)
	}
	run(0, append([]string{"wallet", "import", creds[0]}, trust...)...)
	record := func() string {
		out, _ := run(0, "wallet", "list")
		name, _, _ := strings.Cut(strings.SplitAfter(out, "\n")[1], " ")
		return name
	}
	for _, form := range []string{"code.png", "code.svg"} {
		_, said := run(0, "wallet", "text", record(), "--qr", file(form), "--out", file("text"))
		line, err := os.ReadFile(file("text"))
		if err != nil {
			t.Fatal(err)
		}
		text := readQR(t, file(form))
		if text+"\n" != string(line) || !strings.Contains(said, fmt.Sprintf("%d bytes: one QR code", len(text))) {
			t.Errorf("%s: %.80q, said %s", form, text, said)
		}
		run(0, "wallet", "forget", record())
		run(0, append([]string{"wallet", "import", text}, trust...)...)
		if shown, _ := run(0, "wallet", "show", record()); shown != printableJSON(raw)+"\n" {
			t.Errorf("%s brings another document: %.200s", form, shown)
		}
	}
	run(exitUsage, "wallet", "text", record(), "--qr", file("code.jpg"), "--out", file("code.jpg.text"))

	// A document that no code holds, since the names of its sources do not compress.
	run(0, "keygen", "--out", file("board"), "--network", "regtest", "--id", "https://board.example/issuer.json", "--name", "Board")
	out, _ := run(0, "synth", "--count", "1")
	var draft map[string]any
	if err := json.Unmarshal([]byte(out), &draft); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 200)
	random := rand.NewChaCha8([32]byte{})
	var sources []any
	for range 12 {
		random.Read(noise)
		source := maps.Clone(draft["evidence"].([]any)[0].(map[string]any))
		source["source"] = base64.RawStdEncoding.EncodeToString(noise)
		sources = append(sources, source)
	}
	draft["evidence"] = sources
	long, err := json.Marshal(draft)
	if err == nil {
		err = os.WriteFile(file("drafts.json"), long, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	run(0, "issue", "--issuer", file("board"), "--in", file("drafts.json"), "--out", file("long"))
	run(0, "wallet", "forget", record())
	run(0, "wallet", "import", file("long"), "--trust", file("board/trust.json"), "--unproven")
	_, said := run(exitUsage, "wallet", "text", record(), "--qr", file("long.png"), "--out", file("long.text"))
	if !strings.Contains(said, "one QR code holds 2953 at most") || !strings.Contains(said, "nothing was written; send the file") {
		t.Errorf("too long: %s", said)
	}
	for _, name := range []string{"code.jpg", "code.jpg.text", "long.png", "long.text"} {
		if _, err := os.Stat(file(name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}

	// An introduction with nothing but two pictures between the two.
	run(exitUsage, "introduce", "invite", "--issuer", file("board"), "--qr", file("invitation"))
	run(0, "introduce", "invite", "--issuer", file("board"), "--qr", file("invitation.png"))
	run(0, "wallet", "answer", readQR(t, file("invitation.png")), "--qr", file("answer.svg"))
	if err := os.WriteFile(file("answer"), []byte(readQR(t, file("answer.svg"))), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ = run(0, "synth", "--count", "1"); os.WriteFile(file("one.jsonl"), []byte(out), 0o600) != nil {
		t.Fatal("no drafts")
	}
	out, _ = run(0, "introduce", "accept", file("answer"), "--issuer", file("board"), "--drafts", file("one.jsonl"), "--out", file("addressed.jsonl"))
	if !strings.Contains(out, "did:key:z6Mk") {
		t.Error(out)
	}
	if listed, _ := run(0, "introduce", "list", "--issuer", file("board")); strings.Count(listed, "\n") != 2 {
		t.Errorf("the invitation whose picture has no such name is on the desk: %s", listed)
	}

	// A request by picture; and the text of a credential is verified as its file is.
	ask := []string{"request", "--audience", "https://hospital.example", "--purpose", "locum", "--type", "LicenceCredential", "--claim", "number"}
	run(exitUsage, append(ask, "--qr", file("request.png"))...)
	run(0, append(ask, "--qr", file("request.png"), "--out", file("request.json"))...)
	if out, _ := run(exitUsage, "wallet", "present", readQR(t, file("request.png")), "--look"); !strings.Contains(out, "https://hospital.example") {
		t.Error(out)
	}
	if out, _ := run(0, append([]string{"verify", file("text")}, trust...)...); !strings.Contains(out, "\nVALID ") {
		t.Error(out)
	}
}
