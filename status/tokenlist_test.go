package status_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/status"
)

// TestTokenListVectors are the two examples of the specification (Token Status List,
// sections 4.1 and 4.2): values, and the text they compress to.
func TestTokenListVectors(t *testing.T) {
	for _, v := range []struct {
		bits   int
		values []uint8
		lst    string
	}{
		{1, []uint8{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}, "eNrbuRgAAhcBXQ"},
		{2, []uint8{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3}, "eNo76fITAAPfAgc"},
	} {
		got, err := status.DecodeTokens(v.lst, v.bits)
		if err != nil {
			t.Fatal(err)
		}
		if got.Len() != len(v.values) {
			t.Errorf("%d bits: %d entries, want %d", v.bits, got.Len(), len(v.values))
		}
		made := status.NewTokens(len(v.values), v.bits)
		for i, want := range v.values {
			if at, err := got.At(i); at != want || err != nil {
				t.Errorf("%d bits, entry %d: %d (%v), want %d", v.bits, i, at, err, want)
			}
			made.Set(i, want)
		}
		again, err := status.DecodeTokens(made.Encode(), v.bits)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range v.values {
			if at, _ := again.At(i); at != want {
				t.Errorf("%d bits, entry %d of our own list: %d, want %d", v.bits, i, at, want)
			}
		}
	}
}

// TestTwoBitOrders: one bit set in a W3C list and in an IETF list lies at opposite ends
// of its byte (R5).
func TestTwoBitOrders(t *testing.T) {
	for _, i := range []int{0, 1, 7, 8, 131071} {
		w3c, ietf := status.New(status.MinEntries, 1), status.NewTokens(status.MinEntries, 1)
		w3c.Set(i, 1)
		ietf.Set(i, 1)
		a, b := expanded(t, w3c.Encode()), expanded(t, ietf.Encode())
		if a[i/8] != 0x80>>(i%8) || b[i/8] != 1<<(i%8) {
			t.Errorf("index %d: W3C byte %08b, IETF byte %08b", i, a[i/8], b[i/8])
		}
	}
}

func TestDecodeTokensRefuses(t *testing.T) {
	zipped := func(data []byte, after ...byte) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return base64.RawURLEncoding.EncodeToString(append(b.Bytes(), after...))
	}
	good := zipped([]byte{1, 2, 3})
	if _, err := status.DecodeTokens(good, 4); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lst  string
		bits int
		code status.Code
	}{
		"three bits":     {good, 3, status.CodeList},
		"no bits":        {good, 0, status.CodeList},
		"padded":         {good + "=", 1, status.CodeList},
		"cut short":      {good[:len(good)-4], 1, status.CodeList},
		"bytes after":    {zipped([]byte{1}, 0), 1, status.CodeList},
		"empty":          {zipped(nil), 1, status.CodeList},
		"W3C list":       {status.New(status.MinEntries, 1).Encode(), 1, status.CodeList},
		"no base64":      {"%%%", 1, status.CodeList},
		"over the limit": {zipped(make([]byte, status.MaxBytes+1)), 1, status.CodeLimit},
	} {
		var e *status.Error
		if _, err := status.DecodeTokens(c.lst, c.bits); !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, err := status.DecodeTokens(zipped(make([]byte, status.MaxBytes)), 1); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	l, _ := status.DecodeTokens(good, 8)
	for _, i := range []int{-1, 3} {
		var e *status.Error
		if _, err := l.At(i); !errors.As(err, &e) || e.Code != status.CodeRange {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func FuzzDecodeTokens(f *testing.F) {
	f.Add("eNrbuRgAAhcBXQ", 1)
	f.Add("eNo76fITAAPfAgc", 2)
	f.Fuzz(func(t *testing.T, lst string, bits int) {
		l, err := status.DecodeTokens(lst, bits)
		if err != nil {
			return
		}
		again, err := status.DecodeTokens(l.Encode(), bits)
		if err != nil || again.Len() != l.Len() {
			t.Errorf("a list that was read cannot be written: %v", err)
		}
	})
}

// expanded returns the bytes of a list of either kind.
func expanded(t *testing.T, encoded string) []byte {
	t.Helper()
	text, isW3C := strings.CutPrefix(encoded, "u")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader
	if isW3C {
		r, err = gzip.NewReader(bytes.NewReader(raw))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(raw))
	}
	if err != nil {
		t.Fatal(err)
	}
	bits, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return bits
}
