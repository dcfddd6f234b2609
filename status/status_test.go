package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/certanchor/certanchor/status"
)

func TestRoundTrip(t *testing.T) {
	for size := 1; size <= 8; size++ {
		b := status.New(status.MinEntries, size)
		want := map[int]uint8{}
		for _, i := range []int{0, 1, 7, 8, 9, 4095, 131070, 131071} {
			v := uint8(i*7+1) & (1<<size - 1)
			b.Set(i, v)
			want[i] = v
		}
		got, err := status.Decode(b.Encode(), size)
		if err != nil {
			t.Fatal(size, err)
		}
		for i := range got.Len() {
			if v, err := got.At(i); err != nil || v != want[i] {
				t.Fatalf("size %d, entry %d: %d (%v), want %d", size, i, v, err, want[i])
			}
		}
	}
}

// TestBitOrder fixes index 0 as the left-most bit (R5).
func TestBitOrder(t *testing.T) {
	for index, want := range map[int]struct {
		at  int
		bit byte
	}{0: {0, 0x80}, 1: {0, 0x40}, 7: {0, 0x01}, 8: {1, 0x80}, 131071: {16383, 0x01}} {
		b := status.New(status.MinEntries, 1)
		b.Set(index, 1)
		raw, err := base64.RawURLEncoding.DecodeString(b.Encode()[1:])
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		var bits bytes.Buffer
		if _, err := bits.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if got := bits.Bytes()[want.at]; got != want.bit {
			t.Errorf("entry %d: byte %d is %08b", index, want.at, got)
		}
	}
}

func zip(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(data)
	w.Close()
	return buf.Bytes()
}

func TestDecodeRefuses(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	good := zip(make([]byte, status.MinEntries/8))
	cases := map[string]struct {
		text string
		code status.Code
	}{
		"empty":               {"", status.CodeList},
		"other-multibase":     {"z" + b64(good), status.CodeList},
		"not-gzip":            {"u" + b64([]byte("hello, list")), status.CodeList},
		"cut-short":           {"u" + b64(good[:len(good)-9]), status.CodeList},
		"checksum":            {"u" + b64(append(bytes.Clone(good[:len(good)-8]), 1, 2, 3, 4, 0, 0x40, 0, 0)), status.CodeList},
		"trailing-byte":       {"u" + b64(append(bytes.Clone(good), 0)), status.CodeList},
		"second-gzip-member":  {"u" + b64(append(bytes.Clone(good), good...)), status.CodeList},
		"one-byte-too-few":    {"u" + b64(zip(make([]byte, status.MinEntries/8-1))), status.CodeShort},
		"one-byte-over-limit": {"u" + b64(zip(bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, status.MaxBytes/8+1)[:status.MaxBytes+1])), status.CodeLimit},
	}
	for name, c := range cases {
		var refused *status.Error
		if _, err := status.Decode(c.text, 1); !errors.As(err, &refused) || refused.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	atLimit := zip(bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, status.MaxBytes/8))
	if _, err := status.Decode("u"+b64(atLimit), 1); err != nil {
		t.Errorf("a list of exactly the limit: %v", err)
	}
	if _, err := status.Decode(b64(good), 1); err != nil {
		t.Errorf("the 2021 form without prefix: %v", err)
	}
	for _, size := range []int{0, 9, -1} {
		if _, err := status.Decode("u"+b64(good), size); err == nil {
			t.Errorf("entries of %d bits were read", size)
		}
	}
}

// TestBomb expands about 500 kB to 500 MB (R6): refused, and in little memory.
func TestBomb(t *testing.T) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	block := make([]byte, 1<<20)
	for range 500 {
		w.Write(block)
	}
	w.Close()
	text := "u" + base64.RawURLEncoding.EncodeToString(buf.Bytes())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := status.Decode(text, 1)
	runtime.ReadMemStats(&after)
	var refused *status.Error
	if !errors.As(err, &refused) || refused.Code != status.CodeLimit {
		t.Errorf("%v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d bytes allocated in all", used)
	}
}

func TestParseIndex(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "7": 7, "131071": 131071} {
		if n, err := status.ParseIndex(text); err != nil || n != want {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", "01", "1.0", "12abc", " 1", "1e3", "9007199254740993000000", "٣"} {
		if _, err := status.ParseIndex(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestAtBeyond(t *testing.T) {
	b := status.New(status.MinEntries, 4)
	for _, i := range []int{-1, status.MinEntries} {
		var refused *status.Error
		if _, err := b.At(i); !errors.As(err, &refused) || refused.Code != status.CodeRange {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func TestRevocationList(t *testing.T) {
	l, err := status.ParseRevocationList([]byte(`{"@context":"https://w3id.org/openbadges/v2","id":"https://a.example/r","type":"RevocationList",
		"issuer":"https://a.example/i","revokedAssertions":[{"id":"urn:uuid:1","revocationReason":"made in error"},{"id":"urn:uuid:2"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if reason, revoked := l.Revoked("urn:uuid:1"); !revoked || reason != "made in error" {
		t.Errorf("%q %v", reason, revoked)
	}
	if _, revoked := l.Revoked("urn:uuid:3"); revoked {
		t.Error("an id that is not listed is revoked")
	}
	for name, text := range map[string]string{
		"member-missing": `{"type":"RevocationList"}`,
		"other-type":     `{"type":"List","revokedAssertions":[]}`,
		"entry-no-id":    `{"type":"RevocationList","revokedAssertions":[{}]}`,
		"not-json":       `<html>`,
		"duplicate-key":  `{"type":"RevocationList","revokedAssertions":[],"revokedAssertions":[{"id":"a"}]}`,
	} {
		if _, err := status.ParseRevocationList([]byte(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(status.New(status.MinEntries, 1).Encode(), 1)
	f.Add("uH4sIAAAAAAAA", 4)
	f.Fuzz(func(t *testing.T, text string, size int) {
		b, err := status.Decode(text, size)
		if err == nil && b.Len() < status.MinEntries {
			t.Fatal("a list below the minimum")
		}
	})
}

func FuzzParseRevocationList(f *testing.F) {
	f.Add([]byte(`{"type":"RevocationList","revokedAssertions":[{"id":"a"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { status.ParseRevocationList(data) })
}

func ExampleBitstring() {
	list := status.New(status.MinEntries, 4)
	list.Set(94567, 5) // revoked
	held, err := status.Decode(list.Encode(), 4)
	if err != nil {
		panic(err)
	}
	v, err := held.At(94567)
	fmt.Println(v, err)
	_, err = held.At(status.MinEntries)
	fmt.Println(err)
	// Output:
	// 5 <nil>
	// status: status-index-range: entry 131072 of a list with 131072
}
