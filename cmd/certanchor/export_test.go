package main

import (
	"strings"
	"testing"

	"github.com/certanchor/certanchor/licensure"
)

// TestExport: a subject is told all that the issuer holds (PR-16): every text of the state
// folder that is about the subject's credentials stands in it, and nobody else's.
func TestExport(t *testing.T) {
	o := newOffice(t, alder)
	files := o.issue(alder, o.drafts(o.licence(alder, "MINE-0001", 100), o.licence(alder, "OTHER-0002", 100), o.order(alder, "ORDER-MINE", "MINE-0001", licensure.ProbationOrder, 50, 40))...)
	o.run(0, append([]string{"licence", "record", "add", "--issuer", o.at(alder)}, files...)...)
	wantStatus(t, 0, "licence", "project", "--issuer", o.at(alder))
	wantStatus(t, 0, "status", "set", "--issuer", o.at(alder), "--revoke", "--reason", "unmistakable reason", files[0])
	out, _ := wantStatus(t, 0, "export", "--issuer", o.at(alder), files[0])
	held := asJSON[heldJSON](o, "export", "--issuer", o.at(alder), files[0])
	id, _ := o.read(files[0])["id"].(string)
	if c := held.Credentials; len(c) != 1 || c[0].ID != id || !c[0].Issued || len(c[0].Status) != 2 || c[0].Reason != "unmistakable reason" {
		t.Fatalf("%+v", c)
	}
	for _, s := range held.Credentials[0].Status {
		if want := map[string]uint8{"revocation": 1, "message": uint8(licensure.Probation)}[s.Purpose]; s.Value != want || !strings.HasPrefix(s.List, "https://alder.example/status/") {
			t.Errorf("%+v", s)
		}
	}
	if len(held.Record) != 2 || !strings.Contains(out, "ORDER-MINE") || strings.Contains(out, "OTHER-0002") {
		t.Error(out)
	}
	// What the folder holds about it is in those files and no others.
	_, hits := holding(t, o.at(alder, "state"), []string{id, "MINE-0001", "ORDER-MINE", "unmistakable reason"})
	for _, h := range hits {
		if !strings.Contains(h, "/entries: ") && !strings.Contains(h, "/record: ") && !strings.Contains(h, "/revoked.json: ") {
			t.Errorf("held and not told: %s", h)
		}
	}
	if len(hits) != 6 {
		t.Errorf("%d places: %v", len(hits), hits)
	}
	wantStatus(t, 0, "erase", "--issuer", o.at(alder), files[0])
	held = asJSON[heldJSON](o, "export", "--issuer", o.at(alder), files[0])
	if c := held.Credentials[0]; c.Issued || c.Reason != "" || c.Status != nil || len(held.Record) != 2 {
		t.Errorf("after erasure: %+v", held)
	}
	wantStatus(t, 64, "export", "--issuer", o.at(alder))
}
