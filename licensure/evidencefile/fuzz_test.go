package evidencefile_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/certanchor/certanchor/licensure/evidencefile"
)

// FuzzRead: whatever an archive holds, it is read back to the same bytes or refused, and
// looking at it again ends.
func FuzzRead(f *testing.F) {
	raw, err := os.ReadFile("testdata/decision-1.zip")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18)))) // an empty archive
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := evidencefile.Read(data)
		if err != nil {
			return
		}
		if !bytes.Equal(zipped(t, file), data) {
			t.Error("read, and written otherwise")
		}
		file.Reverify(nil)
	})
}

// FuzzMember puts any bytes into any member of a whole file: it is never the same file, and
// nothing panics.
func FuzzMember(f *testing.F) {
	raw, err := os.ReadFile("testdata/decision-1.zip")
	if err != nil {
		f.Fatal(err)
	}
	whole, err := evidencefile.Read(raw)
	if err != nil {
		f.Fatal(err)
	}
	for i, name := range whole.Names() {
		f.Add(i, whole.Member(name))
		f.Add(i, []byte("{}"))
		f.Add(i, []byte("null"))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		names := whole.Names()
		name := names[((i%len(names))+len(names))%len(names)]
		same := bytes.Equal(data, whole.Member(name))
		file, err := rebuilt(t, whole, map[string][]byte{name: append([]byte{}, data...)})
		if err == nil && file.Reverify(nil).Same() != same {
			t.Errorf("%s: same %v", name, !same)
		}
	})
}
