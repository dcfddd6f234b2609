package regtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/durable"
)

// The file is a magic line, then records. Each record is what one call did, and is
// written and synced as one:
//
//	length of the body      4 bytes, big endian
//	CRC-32C of the length   4 bytes, so that a damaged length is not taken for a torn end
//	CRC-32C of the body     4 bytes
//	body                    entries: kind (1), length (4, big endian), data
const (
	fileMagic    = "certanchor regtest chain 1\n"
	recordHeader = 12

	// maxRecord bounds a record: the blocks of one call to Mine.
	maxRecord = 1 << 30
)

// An entry is one change.
type entry struct {
	kind byte
	data []byte
}

const (
	entryBlock = 'B' // raw block
	entryTx    = 'T' // raw transaction taken into the pool
	entryEvict = 'E' // transaction id, 32 bytes in hash order
	entryReorg = 'R' // blocks taken off, 4 bytes big endian
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Hook stands between the chain and its file, for tests that make calls fail. It is
// given the name of the operation (write, sync, syncdir, truncate), the bytes of
// a write, and the call itself, which it may leave out, make with fewer bytes, or make
// and yet report as failed.
type Hook func(op string, b []byte, do func(b []byte) error) error

// An Option changes how a chain is opened.
type Option func(*file)

// WithHook puts hook in front of every call that changes the file.
func WithHook(hook Hook) Option { return func(f *file) { f.hook = hook } }

// A CorruptError says at which byte a file cannot be read. Nothing was changed.
type CorruptError struct {
	Path   string
	Offset int64
	Detail string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("regtest: %s is broken at byte %d: %s", e.Path, e.Offset, e.Detail)
}

// ErrLocked says that another process, or this one, has the file open.
var ErrLocked = errors.New("regtest: chain file is in use")

// Open returns the chain in the file at path, and makes the file if there is none. A last
// record that was not written to its end is cut off; any other damage is a *CorruptError.
// Until Close, nobody else can open the file: they get ErrLocked.
func Open(path string, opts ...Option) (*Chain, error) {
	f := &file{path: path, hook: func(_ string, b []byte, do func([]byte) error) error { return do(b) }}
	for _, o := range opts {
		o(f)
	}
	c := New()
	c.file = f
	if err := f.open(c.replay); err != nil {
		if f.f != nil {
			err = errors.Join(err, f.close())
		}
		return nil, err
	}
	return c, nil
}

type file struct {
	f    *os.File
	path string
	hook Hook
}

func (f *file) open(replay func(entry) error) error {
	handle, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.f = handle
	if err := durable.TryLock(handle); err != nil {
		if errors.Is(err, durable.ErrLocked) {
			err = ErrLocked
		}
		return err
	}
	data, err := io.ReadAll(handle)
	if err != nil {
		return err
	}
	if len(data) < len(fileMagic) && bytes.HasPrefix([]byte(fileMagic), data) {
		return f.create()
	}
	if !bytes.HasPrefix(data, []byte(fileMagic)) {
		return &CorruptError{f.path, 0, "not a chain file"}
	}
	end, err := f.read(data, replay)
	if err != nil {
		return err
	}
	if end < len(data) {
		return f.cut(int64(end))
	}
	_, err = f.f.Seek(int64(end), io.SeekStart)
	return err
}

// create starts an empty file, or one whose first line was torn.
func (f *file) create() error {
	if err := f.cut(0); err != nil {
		return err
	}
	if err := f.write([]byte(fileMagic)); err != nil {
		return err
	}
	// The name, too, must outlast a loss of power.
	return f.hook("syncdir", nil, func([]byte) error {
		dir, err := os.Open(filepath.Dir(f.path))
		if err != nil {
			return err
		}
		return errors.Join(dir.Sync(), dir.Close())
	})
}

// cut drops what follows offset and goes on from there.
func (f *file) cut(offset int64) error {
	err := f.hook("truncate", nil, func([]byte) error { return f.f.Truncate(offset) })
	if err == nil {
		err = f.sync()
	}
	if err == nil {
		_, err = f.f.Seek(offset, io.SeekStart)
	}
	return err
}

// write appends b and makes it last.
func (f *file) write(b []byte) error {
	err := f.hook("write", b, func(b []byte) error {
		_, err := f.f.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	return f.sync()
}

func (f *file) sync() error {
	return f.hook("sync", nil, func([]byte) error { return f.f.Sync() })
}

func (f *file) close() error { return f.f.Close() }

// append writes one record.
func (f *file) append(entries []entry) error {
	body := make([]byte, recordHeader)
	for _, e := range entries {
		body = append(body, e.kind)
		body = binary.BigEndian.AppendUint32(body, uint32(len(e.data)))
		body = append(body, e.data...)
	}
	n := len(body) - recordHeader
	if n > maxRecord {
		return fmt.Errorf("regtest: record of %d bytes", n)
	}
	binary.BigEndian.PutUint32(body, uint32(n))
	binary.BigEndian.PutUint32(body[4:], crc32.Checksum(body[:4], castagnoli))
	binary.BigEndian.PutUint32(body[8:], crc32.Checksum(body[recordHeader:], castagnoli))
	return f.write(body)
}

// read replays every whole record and returns where they end. What follows is torn.
func (f *file) read(data []byte, replay func(entry) error) (end int, err error) {
	end = len(fileMagic)
	for end < len(data) {
		body, err := record(data[end:])
		if errors.Is(err, errTorn) {
			return end, nil
		}
		if err == nil {
			err = entries(body, replay)
		}
		if err != nil {
			return 0, &CorruptError{f.path, int64(end), err.Error()}
		}
		end += recordHeader + len(body)
	}
	return end, nil
}

var errTorn = errors.New("torn record")

// record returns the body of the record that rest starts with. A record is torn if
// it lacks bytes, if it is the last and its body does not match, or if only zeros follow,
// as some file systems leave behind.
func record(rest []byte) ([]byte, error) {
	if len(rest) < recordHeader {
		return nil, errTorn
	}
	if crc32.Checksum(rest[:4], castagnoli) != binary.BigEndian.Uint32(rest[4:]) {
		if len(bytes.Trim(rest, "\x00")) == 0 {
			return nil, errTorn
		}
		return nil, errors.New("checksum of the length does not match")
	}
	n := int(binary.BigEndian.Uint32(rest))
	if n > len(rest)-recordHeader {
		return nil, errTorn
	}
	body := rest[recordHeader : recordHeader+n]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(rest[8:]) {
		if recordHeader+n == len(rest) {
			return nil, errTorn
		}
		return nil, errors.New("checksum does not match")
	}
	return body, nil
}

func entries(body []byte, replay func(entry) error) error {
	for len(body) > 0 {
		if len(body) < 5 || uint64(len(body)-5) < uint64(binary.BigEndian.Uint32(body[1:])) {
			return errors.New("entry is cut short")
		}
		n := int(binary.BigEndian.Uint32(body[1:]))
		if err := replay(entry{kind: body[0], data: body[5 : 5+n]}); err != nil {
			return err
		}
		body = body[5+n:]
	}
	return nil
}

// replay does again what an entry says was done.
func (c *Chain) replay(e entry) error {
	switch e.kind {
	case entryBlock:
		msg := new(wire.MsgBlock)
		if err := msg.Deserialize(bytes.NewReader(e.data)); err != nil {
			return err
		}
		c.mined++
		return c.connect(newBlock(msg))
	case entryTx:
		tx, err := parse(e.data)
		if err != nil {
			return err
		}
		t, evicted, err := c.admit(tx)
		if err != nil {
			return err
		}
		c.enterPool(t, evicted)
		return nil
	case entryEvict:
		if len(e.data) == 32 {
			c.evict(anchor.TxID(e.data))
			return nil
		}
	case entryReorg:
		if depth := binary.BigEndian.Uint32(append(bytes.Clone(e.data), 0, 0, 0, 0)); len(e.data) == 4 && depth <= uint32(c.tip()) {
			c.reorg(int(depth))
			return nil
		}
	}
	return fmt.Errorf("entry of kind %q cannot be read", e.kind)
}
