package licensure_test

import (
	"fmt"
	"time"

	"github.com/certanchor/certanchor/licensure"
)

// A suspension that was recorded late: what the status was on a day depends on when one asks.
func ExampleFold() {
	date := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 0, 0, 0, 0, time.UTC) }
	licence := licensure.LicenceKey{Jurisdiction: "X07", Type: licensure.FullLicence, Number: "L0509726"}
	terms := []licensure.LicenceTerm{{CredentialID: "urn:uuid:0f14d0ab-9605-4a62-a9e4-5ed26688389b", Licence: licence,
		Start: "2025-01-01", Expires: "2027-12-31", Initial: licensure.Active, RecordedAt: date(time.January, 1).AddDate(-1, 0, 0)}}
	orders := []licensure.Order{{ID: "2026-17", Licence: licence, Action: licensure.Suspension, Origin: licensure.FromBoard,
		EffectiveAt: date(time.March, 1), RecordedAt: date(time.May, 1)}}

	for _, known := range []time.Time{date(time.April, 1), date(time.June, 1)} {
		s := licensure.Fold(terms, orders, licensure.BoardRules{}, date(time.March, 15), known)
		fmt.Printf("on 15 March, as known on %s: %s\n", known.Format("2 January"), s.Text())
	}
	// Output:
	// on 15 March, as known on 1 April: active
	// on 15 March, as known on 1 June: suspended
}

// A suspension in the principal state reaches the licences of the other member boards, and
// stays there until each of them acts.
func ExampleCompactRules_StatusAt() {
	date := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 0, 0, 0, 0, time.UTC) }
	rules := licensure.DefaultCompactRules()
	rules.Jurisdictions = []string{"X01", "X02"}
	rules.Members = []licensure.Member{{Jurisdiction: "X01", Principal: true}, {Jurisdiction: "X02"}}

	home := licensure.LicenceKey{Jurisdiction: "X01", Type: licensure.FullLicence, Number: "1"}
	away := licensure.LicenceKey{Jurisdiction: "X02", Type: licensure.FullLicence, Number: "77"}
	start := date(time.January, 1).AddDate(-1, 0, 0)
	var terms []licensure.LicenceTerm
	holder := licensure.Holder{Principal: []licensure.Designation{{Licence: home, From: start}}}
	for _, key := range []licensure.LicenceKey{home, away} {
		terms = append(terms, licensure.LicenceTerm{CredentialID: "urn:x:" + key.Jurisdiction, Licence: key, Start: "2025-01-01", Expires: "2027-12-31", RecordedAt: start})
		holder.Licences = append(holder.Licences, licensure.HolderLicence{Key: key, Issued: start})
	}
	order := func(id string, key licensure.LicenceKey, a licensure.Action, at time.Time) licensure.SignedOrder {
		return licensure.SignedOrder{Order: licensure.Order{ID: id, Licence: key, Action: a, Origin: licensure.FromBoard, EffectiveAt: at, RecordedAt: at},
			Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
	}
	orders := []licensure.SignedOrder{
		order("A-1", home, licensure.Suspension, date(time.March, 1)),
		order("A-2", home, licensure.Reinstatement, date(time.May, 1)),
		order("B-1", away, licensure.Reinstatement, date(time.July, 1)),
	}
	for _, at := range []time.Time{date(time.February, 1), date(time.April, 1), date(time.June, 1), date(time.August, 1)} {
		a, errA := rules.StatusAt(terms, orders, holder, home, licensure.BoardRules{}, at, at)
		b, errB := rules.StatusAt(terms, orders, holder, away, licensure.BoardRules{}, at, at)
		if errA != nil || errB != nil {
			fmt.Println(errA, errB)
			return
		}
		fmt.Printf("%-8s X01 %s; X02 %s\n", at.Format("January"), a.Text(), b.Text())
	}
	// Output:
	// February X01 active; X02 active
	// April    X01 suspended; X02 suspended (automatic, follows X01)
	// June     X01 active; X02 suspended (automatic, follows X01)
	// August   X01 active; X02 active
}
