package issuer

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/certanchor/certanchor/internal/durable"
)

// A recordLog is an append-only file of JSON records, one a line, so that a person can
// read it:
//
//	<length> <CRC-32C, 8 hex digits> <JSON>\n
//
// The length is that of the JSON in bytes. A last line that was not written to its end
// is cut off; any other damage is a *CorruptError, and nothing is changed.
type recordLog struct {
	files durable.Files
	name  string
	h     *os.File
	end   int64
}

// A CorruptError says at which byte a file of the state folder cannot be read.
type CorruptError struct {
	File   string
	Offset int64
	Detail string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("issuer: %s is broken at byte %d: %s; restore it from a backup", e.File, e.Offset, e.Detail)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openLog opens or makes the file and hands each record to replay.
func openLog(f durable.Files, name string, replay func(record []byte) error) (*recordLog, error) {
	l := &recordLog{files: f, name: name}
	_, missing := os.Stat(name)
	err := f.Do("open", name, func() (err error) {
		l.h, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		return err
	})
	if err != nil {
		return nil, err
	}
	if missing != nil {
		err = f.SyncDir(filepath.Dir(name))
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(l.h)
	}
	if err == nil {
		err = l.replay(data, replay)
	}
	if err == nil && l.end < int64(len(data)) {
		err = f.Do("truncate", name, func() error { return l.h.Truncate(l.end) })
	}
	if err == nil {
		_, err = l.h.Seek(l.end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, l.h.Close())
	}
	return l, nil
}

func (l *recordLog) replay(data []byte, replay func([]byte) error) error {
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return nil // torn
		}
		record, err := parseRecord(line)
		if err != nil {
			if len(rest) == 0 {
				return nil // a torn line whose end looks like one
			}
			return &CorruptError{l.name, l.end, err.Error()}
		}
		if err := replay(record); err != nil {
			return &CorruptError{l.name, l.end, err.Error()}
		}
		l.end += int64(len(line)) + 1
		data = rest
	}
	return nil
}

func parseRecord(line []byte) ([]byte, error) {
	length, rest, ok1 := bytes.Cut(line, []byte(" "))
	sum, record, ok2 := bytes.Cut(rest, []byte(" "))
	n, err := strconv.Atoi(string(length))
	if !ok1 || !ok2 || err != nil || n != len(record) {
		return nil, errors.New("not a record")
	}
	if fmt.Sprintf("%08x", crc32.Checksum(record, castagnoli)) != string(sum) {
		return nil, errors.New("checksum does not match")
	}
	return record, nil
}

func formatRecord(record []byte) []byte {
	line := fmt.Appendf(nil, "%d %08x ", len(record), crc32.Checksum(record, castagnoli))
	return append(append(line, record...), '\n')
}

// append writes records in one call, without syncing. After an error the file is cut
// back to the last whole record; a caller may try again.
func (l *recordLog) append(records ...[]byte) error {
	var lines []byte
	for _, r := range records {
		lines = append(lines, formatRecord(r)...)
	}
	if err := l.files.Do("write", l.name, func() error { _, err := l.h.Write(lines); return err }); err != nil {
		_, serr := l.h.Seek(l.end, io.SeekStart)
		return errors.Join(err, l.h.Truncate(l.end), serr)
	}
	l.end += int64(len(lines))
	return nil
}

func (l *recordLog) sync() error { return l.files.Do("sync", l.name, l.h.Sync) }

func (l *recordLog) close() error { return l.h.Close() }

// readLog hands each record of a finished file to visit, without holding the file in
// memory. A torn or broken record is a *CorruptError.
func readLog(name string, visit func(record []byte) error) error {
	h, err := os.Open(name)
	if err != nil {
		return err
	}
	defer h.Close()
	r := newLineReader(h)
	var offset int64
	for {
		line, err := r.next()
		if err == io.EOF {
			return nil
		}
		var record []byte
		if err == nil {
			record, err = parseRecord(line)
		}
		if err != nil {
			return &CorruptError{name, offset, err.Error()}
		}
		if err := visit(record); err != nil {
			return err
		}
		offset += int64(len(line)) + 1
	}
}
