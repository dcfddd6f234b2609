package issuer

import (
	"bufio"
	"errors"
	"io"
)

// A lineReader reads lines of any length up to maxLine.
type lineReader struct{ r *bufio.Reader }

// maxLine bounds a record of the spool: a credential of the largest size and its leaf.
const maxLine = 32 << 20

func newLineReader(r io.Reader) *lineReader { return &lineReader{bufio.NewReaderSize(r, 64<<10)} }

// next returns the next line without its end, or io.EOF after the last. A last line
// without an end is an error.
func (l *lineReader) next() ([]byte, error) {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, errors.New("the last record is cut short")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, errors.New("a record is longer than any that is written")
		}
	}
}
