package verifier_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

// TestWhatTrustRemains: a report says from where the headers were trusted, what nobody
// here could check, and what it would cost to replace the anchor.
func TestWhatTrustRemains(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	formA := w.evidence() // to the thirteenth block
	store, pack := grown(t, w)
	formB := w.evidence()
	forward, err := store.Run(102, 2015)
	w.must(err)
	formB.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {forward}}
	bare := w.evidence()
	bare.Headers = nil
	with := func(pack *anchor.CheckpointPack, store *anchor.HeaderStore) *verifier.Trust {
		trust := w.trust(nil)
		if pack != nil {
			trust.Checkpoints = map[anchor.Network]*anchor.CheckpointPack{anchor.Regtest: pack}
		}
		if store != nil {
			trust.Headers = map[anchor.Network]*anchor.HeaderStore{anchor.Regtest: store}
		}
		return trust
	}
	at := func(h anchor.Height) string { header, _ := store.Header(h); return header.Hash().String() }
	for _, c := range []struct {
		name  string
		ev    *verifier.Evidence
		trust *verifier.Trust
		form  string
		start string
		work  string // two hashes a block, on regtest
	}{
		{"segment", formA, with(nil, nil), "segment", "0 " + at(0), "26"},
		{"forward", formB, with(pack, nil), "forward", "2015 " + at(2015), "3828"},
		{"store", bare, with(pack, store), "store", "", "4026"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := verifier.Check(w.creds[0], c.ev, c.trust, now)
			wantReport(t, r, valid, "")
			f := r.Anchors[0]
			if f.Form != c.form || c.start != "" && f.Start != c.start || f.Work != c.work {
				t.Errorf("form %s from %s, work %s", f.Form, f.Start, f.Work)
			}
			for _, want := range []string{f.Start, "more work was withheld", "Medical Board"} {
				if !slices.ContainsFunc(r.Trusting, func(s string) bool { return strings.Contains(s, want) }) {
					t.Errorf("%q is not among what is trusted: %q", want, r.Trusting)
				}
			}
		})
	}
}

// TestOneEntryForABatch: credentials of one batch need one transaction and one run of
// headers between them, however their evidence was gathered.
func TestOneEntryForABatch(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"), licenceDraft("L-2"), licenceDraft("L-3"), licenceDraft("L-4"))
	live := verifier.New(w.trust(nil), verifier.Sources{Chains: []verifier.Chain{w.chain}})
	all := new(verifier.Evidence)
	for i, raw := range w.creds {
		one, err := live.Gather(t.Context(), raw)
		w.must(err)
		if i%2 == 1 {
			w.mine(1, -10*time.Hour) // the chain goes on meanwhile
		}
		all.Merge(one)
	}
	for _, l := range w.lists {
		all.AddDocument(l.URL, verifier.Document{MediaType: "application/vc", At: now, Bytes: l.Bytes})
	}
	if len(w.creds) != 4 || len(all.Transactions) != 1 || len(all.Headers[anchor.Regtest]) != 1 {
		t.Fatalf("%d credentials, %d transactions, %d runs", len(w.creds), len(all.Transactions), len(all.Headers[anchor.Regtest]))
	}
	text, err := all.Marshal()
	w.must(err)
	ev, err := verifier.ParseEvidence(text)
	w.must(err)
	for _, raw := range w.creds {
		wantReport(t, verifier.Check(raw, ev, w.trust(nil), now), valid, "")
	}
}
