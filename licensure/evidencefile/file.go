package evidencefile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// A File is an evidence file: members by name.
type File struct {
	members map[string][]byte
	result  *Result
}

// Make judges the inputs and returns the evidence file of the answer. Equal inputs give
// equal files (EV-1). It fails if an input cannot be read; a credential that can be read and
// is no good is part of the answer.
func Make(in Input) (*File, error) {
	members, err := in.members()
	if err != nil {
		return nil, err
	}
	f, j, err := build(members, nil)
	if err != nil || in.Signer == nil {
		return f, err
	}
	f.members[nameStatement], err = j.sign(f, in.Signer)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// build makes everything but the statement from the inputs. recorded is the result of a copy
// that leaves something out, which can no longer be worked out; nil for a whole file.
func build(inputs map[string][]byte, recorded []byte) (*File, *judged, error) {
	j, err := judge(inputs)
	if err != nil {
		return nil, nil, err
	}
	f := &File{members: maps.Clone(inputs)}
	parts, err := j.parts()
	if err != nil {
		return nil, nil, err
	}
	head := j.head()
	if recorded != nil {
		if head, err = readResult(recorded); err != nil {
			return nil, nil, err
		}
		delete(parts, nameElements)
	}
	maps.Copy(f.members, parts)
	v := j.view(head, recorded != nil)
	if f.members[nameHTML], err = v.html(); err != nil {
		return nil, nil, err
	}
	if f.members[namePDF], err = v.pdf(); err != nil {
		return nil, nil, err
	}
	if f.members[nameProves], err = v.proves(); err != nil {
		return nil, nil, err
	}
	if f.members[nameFHIR], err = j.bundle(); err != nil {
		return nil, nil, err
	}
	if recorded == nil {
		for _, name := range slices.Sorted(maps.Keys(f.members)) {
			raw := f.members[name]
			head.Members = append(head.Members, Member{name, sum(raw), len(raw)})
		}
		if recorded, err = canonicalOf(head); err != nil {
			return nil, nil, err
		}
	}
	f.result, f.members[nameResult] = head, recorded
	v.ResultDigest = sum(recorded)
	f.members[nameCustodian], err = v.custodian()
	return f, j, err
}

// Result returns the answer. It must not be changed.
func (f *File) Result() *Result { return f.result }

// Names returns the names of all members, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.members)) }

// Member returns the bytes of a member, which must not be changed; nil if there is none.
func (f *File) Member(name string) []byte { return f.members[name] }

// Zip returns the file as an archive. Nothing in it is compressed: compressors differ from
// one release to the next, and equal files must stay equal for years.
func (f *File) Zip() ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range f.Names() {
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: archiveTime})
		if err == nil {
			_, err = m.Write(f.members[name])
		}
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// archiveTime is the time of every member: the first that a zip archive can write.
var archiveTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// A FormatError says that a file is no evidence file, or is one that was damaged.
type FormatError struct {
	Member string // empty for the archive itself
	Err    error
}

func (e *FormatError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("evidence file: %s %v", e.Member, e.Err))
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// Read reads an archive that [File.Zip] wrote. Errors are *FormatError: an archive that
// holds the same members in other bytes is one too.
func Read(raw []byte) (*File, error) {
	if len(raw) > maxBytes {
		return nil, &FormatError{Err: fmt.Errorf("larger than %d bytes", maxBytes)}
	}
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, &FormatError{Err: err}
	}
	f := &File{members: map[string][]byte{}}
	for _, m := range r.File {
		data, err := readMember(m)
		if err != nil {
			return nil, &FormatError{m.Name, err}
		}
		if _, twice := f.members[m.Name]; twice {
			return nil, &FormatError{m.Name, errors.New("stands twice")}
		}
		f.members[m.Name] = data
	}
	if f.result, err = readResult(f.members[nameResult]); err != nil {
		return nil, &FormatError{nameResult, err}
	}
	again, err := f.Zip()
	if err != nil {
		return nil, &FormatError{Err: err}
	}
	if !bytes.Equal(again, raw) {
		return nil, &FormatError{Err: errors.New("the members are there, and the archive around them was changed")}
	}
	return f, nil
}

func readMember(m *zip.File) ([]byte, error) {
	if m.Method != zip.Store || m.UncompressedSize64 > maxMember {
		return nil, errors.New("compressed, or too large")
	}
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxMember+1))
}
