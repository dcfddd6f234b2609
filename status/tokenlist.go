package status

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
)

// The values of a TokenList that its specification names (Token Status List, section
// 7.1). Others are for each ecosystem to give a meaning.
const (
	TokenValid     uint8 = 0
	TokenInvalid   uint8 = 1
	TokenSuspended uint8 = 2
)

// A TokenList is an IETF list (Token Status List, section 4): entries of 1, 2, 4 or 8
// bits, index 0 in the least significant bits of byte 0. The W3C list counts from the
// other end, so that the bytes of one must never be read as the other: Bitstring is a
// type of its own.
type TokenList struct {
	size int
	bits []byte
}

var tokenSizes = []int{1, 2, 4, 8}

// NewTokens returns a list of zeros with entries of size bits. It panics on a size or
// count outside the limits, which are constants of the caller; entries*size must fill
// whole bytes.
func NewTokens(entries, size int) *TokenList {
	if !slices.Contains(tokenSizes, size) || entries < 1 || entries*size%8 != 0 || entries*size/8 > MaxBytes {
		panic(fmt.Sprintf("status: a token list of %d entries of %d bits", entries, size))
	}
	return &TokenList{size: size, bits: make([]byte, entries*size/8)}
}

// Len returns the number of entries.
func (l *TokenList) Len() int { return len(l.bits) * 8 / l.size }

// Size returns the bits of one entry.
func (l *TokenList) Size() int { return l.size }

// Set writes entry i. It panics if i or v is out of range.
func (l *TokenList) Set(i int, v uint8) {
	if i < 0 || i >= l.Len() || int(v)>>l.size != 0 {
		panic(fmt.Sprintf("status: value %d at entry %d of %d", v, i, l.Len()))
	}
	shift := i * l.size % 8
	mask := byte(1<<l.size-1) << shift
	b := &l.bits[i*l.size/8]
	*b = *b&^mask | v<<shift
}

// At returns entry i, or an Error with CodeRange beyond the list: a missing entry is not
// a good one.
func (l *TokenList) At(i int) (uint8, error) {
	if i < 0 || i >= l.Len() {
		return 0, fail(CodeRange, "entry %d of a list with %d", i, l.Len())
	}
	return l.bits[i*l.size/8] >> (i * l.size % 8) & byte(1<<l.size-1), nil
}

// Encode returns the member lst: base64url without padding of the zlib-compressed bits.
func (l *TokenList) Encode() string {
	var zipped bytes.Buffer
	w, err := zlib.NewWriterLevel(&zipped, zlib.BestCompression)
	if err == nil {
		_, err = w.Write(l.bits)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // writing to memory cannot fail
	}
	return base64.RawURLEncoding.EncodeToString(zipped.Bytes())
}

// DecodeTokens reads the members bits and lst of a status_list. It refuses trailing
// bytes and lists longer than MaxBytes; the specification sets no minimum.
func DecodeTokens(lst string, size int) (*TokenList, error) {
	if !slices.Contains(tokenSizes, size) {
		return nil, fail(CodeList, "entries of %d bits; 1, 2, 4 and 8 can be read", size)
	}
	if len(lst) > maxEncoded {
		return nil, fail(CodeLimit, "%d characters, at most %d", len(lst), maxEncoded)
	}
	zipped, err := base64.RawURLEncoding.Strict().DecodeString(lst)
	if err != nil {
		return nil, fail(CodeList, "lst is not base64url without padding")
	}
	src := bytes.NewReader(zipped)
	r, err := zlib.NewReader(src)
	if err != nil {
		return nil, fail(CodeList, "lst is not zlib: %v", err)
	}
	bits, err := expand(r, len(zipped), src.Len, "lst")
	if err != nil {
		return nil, err
	}
	if len(bits) == 0 {
		return nil, fail(CodeList, "lst holds no entry")
	}
	return &TokenList{size: size, bits: bits}, nil
}

// expand reads r, which expands zipped bytes, to its end, within the limits of a list;
// rest tells what is left of the source, name is of the member.
func expand(r io.Reader, zipped int, rest func() int, name string) ([]byte, error) {
	most := min(int64(MaxBytes), maxRatio*int64(zipped))
	bits, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case int64(len(bits)) > most:
		return nil, fail(CodeLimit, "%d bytes expand to more than %d", zipped, most)
	case err == io.ErrUnexpectedEOF:
		return nil, fail(CodeList, "%s is cut short", name)
	case err != nil:
		return nil, fail(CodeList, "%s: %v", name, err)
	case rest() != 0:
		return nil, fail(CodeList, "%d bytes after the compressed list", rest())
	}
	return bits, nil
}
