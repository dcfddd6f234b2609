package wallet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
)

// Limits of what is taken in at once. A real portfolio has some dozen documents.
const (
	maxEntries = 1_000     // of a folder or archive, all kinds counted
	maxTotal   = 128 << 20 // bytes of all documents together, unpacked
	maxArchive = 128 << 20 // bytes of an archive
	maxDeep    = 8         // folders inside one another
)

// TextCredential is the head of a credential as a text: base64url of its bytes, deflated
// (RFC 1951).
const TextCredential = "certanchor:credential:"

// An Item is one document that was found, not yet looked at.
type Item struct {
	Place string // where, for messages
	Raw   []byte
}

// A CollectError says why a folder, archive or text was not read. Codes are bare words:
// entries, total, name, archive, text, nothing.
type CollectError struct {
	Place  string
	Code   string
	Detail string
}

func (e *CollectError) Error() string { return fmt.Sprintf("wallet: %s: %s", e.Place, e.Detail) }

// Collect reads the documents of a file, an archive (zip) or a folder with those below it.
// Of a folder and an archive only files named .json, .jsonld, .vc or .jwt count; links are
// not followed. Nothing is unpacked to disk, and no archive inside an archive is opened.
func Collect(name string) ([]Item, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	if info.IsDir() {
		return collectFolder(name)
	}
	data, err := readBounded(name, maxArchive+1)
	if err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	return CollectBytes(name, data)
}

// CollectBytes is Collect for a file, archive or text in memory, such as one that was
// fetched or scanned; place names it in messages.
func CollectBytes(place string, data []byte) ([]Item, error) {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06")) {
		return collectArchive(place, data)
	}
	if text, ok := bytes.CutPrefix(bytes.TrimSpace(data), []byte(TextCredential)); ok {
		raw, err := textBytes(string(text))
		if err != nil {
			return nil, &CollectError{place, "text", err.Error()}
		}
		return []Item{{place, raw}}, nil
	}
	return []Item{{place, data}}, nil
}

// CredentialText returns a document as one line, for a QR code. A QR code holds at most
// 2,953 bytes; look at the length first.
func CredentialText(raw []byte) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	return TextCredential + base64.RawURLEncoding.EncodeToString(b.Bytes()), err
}

func textBytes(text string) ([]byte, error) {
	packed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("the text is damaged: not base64url")
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), credential.MaxBytes+1))
	switch {
	case err != nil:
		return nil, errors.New("the text is damaged")
	case len(raw) > credential.MaxBytes:
		return nil, fmt.Errorf("the text unpacks to more than %d bytes", credential.MaxBytes)
	}
	return raw, nil
}

var documentNames = []string{".json", ".jsonld", ".vc", ".jwt"}

func isDocument(name string) bool {
	return slices.Contains(documentNames, strings.ToLower(path.Ext(name)))
}

// A collection counts what it takes.
type collection struct {
	place          string
	items          []Item
	entries, total int
}

func (c *collection) entry() error {
	if c.entries++; c.entries > maxEntries {
		return &CollectError{c.place, "entries", fmt.Sprintf("more than %d entries", maxEntries)}
	}
	return nil
}

// add reads one document; size is what its folder or archive says of it, which is not
// believed.
func (c *collection) add(name string, r io.Reader) error {
	left := min(maxTotal-c.total, credential.MaxBytes)
	raw, err := io.ReadAll(io.LimitReader(r, int64(left)+1))
	if err != nil {
		return &CollectError{c.place, "archive", fmt.Sprintf("%q cannot be read: %v", name, err)}
	}
	if len(raw) > left {
		return &CollectError{c.place, "total", fmt.Sprintf("%q is larger than %d bytes, or all together than %d", name, credential.MaxBytes, maxTotal)}
	}
	c.total += len(raw)
	c.items = append(c.items, Item{c.place + ": " + name, raw})
	return nil
}

func (c *collection) done() ([]Item, error) {
	if len(c.items) == 0 {
		return nil, &CollectError{c.place, "nothing", "no file in it is named .json, .jsonld, .vc or .jwt"}
	}
	return c.items, nil
}

func collectFolder(name string) ([]Item, error) {
	root, err := os.OpenRoot(name) // no link leads out of it
	if err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	defer root.Close()
	c := &collection{place: name}
	err = fs.WalkDir(root.FS(), ".", func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case at == ".":
			return nil
		case strings.Count(at, "/") >= maxDeep:
			return &CollectError{name, "entries", fmt.Sprintf("folders deeper than %d", maxDeep)}
		}
		if err := c.entry(); err != nil {
			return err
		}
		if !d.Type().IsRegular() || !isDocument(at) {
			return nil
		}
		h, err := root.Open(at)
		if err != nil {
			return err
		}
		defer h.Close()
		return c.add(at, h)
	})
	if err != nil {
		return nil, err
	}
	return c.done()
}

func collectArchive(place string, data []byte) ([]Item, error) {
	if len(data) > maxArchive {
		return nil, &CollectError{place, "archive", fmt.Sprintf("larger than %d bytes", maxArchive)}
	}
	// The reader makes something of every entry before one can be counted: this counts the
	// heads, and those of archives within that were not compressed.
	if bytes.Count(data, []byte("PK\x01\x02")) > 10*maxEntries {
		return nil, &CollectError{place, "entries", fmt.Sprintf("more than %d entries", maxEntries)}
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, &CollectError{place, "archive", "not a whole zip archive"}
	}
	c := &collection{place: place}
	seen := map[string]bool{}
	for _, f := range z.File {
		if err := c.entry(); err != nil {
			return nil, err
		}
		// A name is never used as one, yet an archive with such names was made to hurt.
		if plain := strings.ToLower(f.Name); !safeName(f.Name) || seen[plain] {
			return nil, &CollectError{place, "name", fmt.Sprintf("an entry is named %q", f.Name)}
		} else {
			seen[plain] = true
		}
		if !f.Mode().IsRegular() || !isDocument(f.Name) {
			continue
		}
		if err := c.unpack(f); err != nil {
			return nil, err
		}
	}
	return c.done()
}

func (c *collection) unpack(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return &CollectError{c.place, "archive", fmt.Sprintf("%q cannot be read: %v", f.Name, err)}
	}
	defer r.Close()
	return c.add(f.Name, r)
}

// safeName reports whether an entry's name stays below its folder on every system, and
// is no other's name in upper case.
func safeName(name string) bool {
	bare := strings.TrimSuffix(name, "/")
	return fs.ValidPath(bare) && bare != "." && !strings.ContainsAny(name, "\\:\x00") && strings.Count(name, "/") <= maxDeep
}
