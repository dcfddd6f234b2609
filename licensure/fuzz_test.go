package licensure_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/licensure"
)

// FuzzReadLog: what is read is written again, and means the same.
func FuzzReadLog(f *testing.F) {
	log := new(licensure.Log)
	if err := log.AddTerm(aTerm()); err != nil {
		f.Fatal(err)
	}
	if err := log.Add(act("o1", licensure.Suspension, 10, 10), aDigest); err != nil {
		f.Fatal(err)
	}
	var seed bytes.Buffer
	if _, err := log.WriteTo(&seed); err != nil {
		f.Fatal(err)
	}
	f.Add(seed.Bytes())
	f.Add([]byte(`{"kind":"order","entry":{"licenceKey":7}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := licensure.ReadLog(bytes.NewReader(data))
		if err != nil {
			return
		}
		var one, two bytes.Buffer
		if _, err := l.WriteTo(&one); err != nil {
			t.Fatal(err)
		}
		again, err := licensure.ReadLog(strings.NewReader(one.String()))
		if err != nil {
			t.Fatalf("written and not read: %v", err)
		}
		if _, err := again.WriteTo(&two); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Fatal("a log changed on the way")
		}
	})
}

// FuzzTrustList: a list that is read writes the same bytes ever after.
func FuzzTrustList(f *testing.F) {
	l, _ := nationalTrust(f)
	l.Entries = l.Entries[:2]
	raw, err := l.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := licensure.ParseTrustList(data)
		if err != nil {
			return
		}
		one, err := l.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := licensure.ParseTrustList(one)
		if err != nil {
			t.Fatalf("written and not read: %v", err)
		}
		if two, err := again.Bytes(); err != nil || !bytes.Equal(one, two) {
			t.Fatal("a list changed on the way")
		}
	})
}

// FuzzPolicy: a policy that is read has a digest and judges without a panic.
func FuzzPolicy(f *testing.F) {
	for _, id := range licensure.Policies() {
		raw, _ := licensure.BuiltinPolicy(id)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := licensure.ParsePolicy(data)
		if err != nil {
			return
		}
		if d := p.Decide(licensure.Case{Moment: licensure.Moment{Decision: "2026-07-15"}}); d.Standing == licensure.InForce {
			t.Error("nothing at all is in force")
		}
	})
}

// FuzzAcceptTrustList: nothing that the quorum did not sign is taken over.
func FuzzAcceptTrustList(f *testing.F) {
	f.Add([]byte(`{"signatures":[],"signed":{"_type":"timestamp"}}`), 0)
	f.Add([]byte(`{}`), 1)
	for _, name := range []string{"degree"} {
		if raw, err := os.ReadFile("testdata/drafts/" + name + ".json"); err == nil {
			f.Add(raw, 2)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, which int) {
		c := newConsortium("board", 5, 3)
		root := c.root(t, 1, c.keys[:3]...)
		l := &licensure.TrustList{Version: 1, Name: "x"}
		list, err := l.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		offer := c.publish(t, 1, list, 3)
		was := *[]*[]byte{&offer.Timestamp, &offer.Snapshot, &offer.Targets, &offer.List}[uint(which)%4]
		*[]*[]byte{&offer.Timestamp, &offer.Snapshot, &offer.Targets, &offer.List}[uint(which)%4] = data
		if _, _, err := licensure.AcceptTrustList(licensure.TrustState{Root: root}, offer, day(1)); err == nil && !bytes.Equal(was, data) && uint(which)%4 == 3 {
			t.Error("another list is taken over")
		}
	})
}
