// Package status encodes, decodes and looks up status lists: the W3C Bitstring
// Status List (and its 2021 predecessor), the IETF Token Status List, and the Open
// Badges revocation list of Blockcerts. It knows bits and lists, not signatures: who signed a list, whether
// it is the list a credential names, and how old it is, is judged by package
// verifier. Nothing here answers "good" without a list.
package status

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Limits of a list.
const (
	// MinEntries is the smallest list (Bitstring Status List 1.0, section 3.2): in
	// a shorter one an index says more about the holder.
	MinEntries = 131072
	// MaxBytes is the largest list after decompression: 2^26 one-bit entries.
	MaxBytes = 8 << 20
	// MaxSize is the widest entry in bits.
	MaxSize = 8
	// maxEncoded bounds the compressed text before it is decoded at all.
	maxEncoded = MaxBytes/3*4 + 1024
	// maxRatio bounds decompression; a list of zeros compresses about 1,000 to 1.
	maxRatio = 1100
)

// A Code names why a list or entry could not be used. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeList  Code = "malformed-status-list"
	CodeIndex Code = "status-index"        // not a number in the form the specification asks for
	CodeRange Code = "status-index-range"  // a good number beyond the list held
	CodeLimit Code = "limit-status-list"   // larger than MaxBytes, or expands too far
	CodeShort Code = "status-list-minimum" // fewer than MinEntries entries
)

// An Error says why a list or entry could not be used.
type Error struct {
	Code   Code
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("status: %s: %s", e.Code, e.Detail) }

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// A Bitstring is a W3C list: entries of Size bits, index 0 in the most significant
// bits of byte 0 (Bitstring Status List 1.0, section 3.2). The IETF Token Status
// List counts from the least significant bit: that is TokenList.
type Bitstring struct {
	size int
	bits []byte
}

// New returns a list of zeros with entries of size bits. entries*size must fill
// whole bytes. It panics on a size or count outside the limits, which are
// constants of the caller.
func New(entries, size int) *Bitstring {
	if size < 1 || size > MaxSize || entries < MinEntries || entries*size%8 != 0 || entries*size/8 > MaxBytes {
		panic(fmt.Sprintf("status: a list of %d entries of %d bits", entries, size))
	}
	return &Bitstring{size: size, bits: make([]byte, entries*size/8)}
}

// Len returns the number of entries.
func (b *Bitstring) Len() int { return len(b.bits) * 8 / b.size }

// Size returns the bits of one entry.
func (b *Bitstring) Size() int { return b.size }

// Set writes entry i. It panics if i or v is out of range.
func (b *Bitstring) Set(i int, v uint8) {
	if i < 0 || i >= b.Len() || int(v)>>b.size != 0 {
		panic(fmt.Sprintf("status: value %d at entry %d of %d", v, i, b.Len()))
	}
	for k := range b.size {
		pos := i*b.size + k
		mask := byte(0x80) >> (pos % 8)
		if v>>(b.size-1-k)&1 == 1 {
			b.bits[pos/8] |= mask
		} else {
			b.bits[pos/8] &^= mask
		}
	}
}

// At returns entry i, or an Error with CodeRange beyond the list: a missing entry
// is not a good one.
func (b *Bitstring) At(i int) (uint8, error) {
	if i < 0 || i >= b.Len() {
		return 0, fail(CodeRange, "entry %d of a list with %d", i, b.Len())
	}
	var v uint8
	for k := range b.size {
		pos := i*b.size + k
		v = v<<1 | b.bits[pos/8]>>(7-pos%8)&1
	}
	return v, nil
}

// Encode returns the encodedList member: "u", then base64url without padding of the
// gzip-compressed bits. Equal lists give equal text.
func (b *Bitstring) Encode() string {
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b.bits)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // writing to memory cannot fail
	}
	return "u" + base64.RawURLEncoding.EncodeToString(zipped.Bytes())
}

// Decode reads an encodedList with entries of size bits: with the multibase prefix
// "u" of Bitstring Status List 1.0, or without it as StatusList2021 writes it. It
// refuses more than one gzip member, trailing bytes, lists longer than MaxBytes or
// shorter than MinEntries. Memory stays near the size of the list itself.
func Decode(encoded string, size int) (*Bitstring, error) {
	if size < 1 || size > MaxSize {
		return nil, fail(CodeList, "entries of %d bits; 1 to %d can be read", size, MaxSize)
	}
	if len(encoded) > maxEncoded {
		return nil, fail(CodeLimit, "%d characters, at most %d", len(encoded), maxEncoded)
	}
	zipped, err := unbase64(encoded)
	if err != nil {
		return nil, err
	}
	bits, err := gunzip(zipped)
	if err != nil {
		return nil, err
	}
	b := &Bitstring{size: size, bits: bits}
	if b.Len() < MinEntries {
		return nil, fail(CodeShort, "%d entries, at least %d", b.Len(), MinEntries)
	}
	return b, nil
}

func unbase64(encoded string) ([]byte, error) {
	// A gzip stream begins 1f 8b, "H4s" in base64, so the letter u is never data.
	text := strings.TrimPrefix(encoded, "u")
	text = strings.TrimRight(text, "=") // the 2021 form is met with padding
	zipped, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fail(CodeList, "encodedList is not base64url")
	}
	return zipped, nil
}

func gunzip(zipped []byte) ([]byte, error) {
	src := bytes.NewReader(zipped)
	r, err := gzip.NewReader(src)
	if err != nil {
		return nil, fail(CodeList, "encodedList is not gzip: %v", err)
	}
	r.Multistream(false)
	return expand(r, len(zipped), src.Len, "encodedList")
}

// ParseIndex reads statusListIndex: decimal digits only, no sign, no leading zero
// (Bitstring Status List 1.0, section 2.1). Readers that stop at the first other
// character would take "12abc" for 12.
func ParseIndex(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || strconv.Itoa(n) != text {
		return 0, fail(CodeIndex, "%q is not a number of plain digits", text)
	}
	return n, nil
}
