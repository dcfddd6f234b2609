// Compact tells how boards of several states come to the same answers without asking each
// other, from the same papers and the same rules:
//
//	go run ./examples/federation records
//	go run ./examples/compact records
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: compact FOLDER")
	}
	if err := run(os.Args[1], time.Now().UTC().Truncate(time.Second)); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, now time.Time) error {
	rules := licensure.DefaultCompactRules()
	rules.Jurisdictions = []string{"X01", "X02", "X03"}
	rules.Members = []licensure.Member{{Jurisdiction: "X01", Principal: true}, {Jurisdiction: "X02"}, {Jurisdiction: "X03"}}
	if err := evaluate(rules, dir, now); err != nil {
		return err
	}
	if err := expedite(rules, now); err != nil {
		return err
	}
	return cascade(rules, now)
}

// evaluate answers the rules about eligibility from the credentials of the folder. What
// nobody has shown stays unknown.
func evaluate(rules licensure.CompactRules, dir string, now time.Time) error {
	fact, err := verified(dir, now)
	if err != nil {
		return err
	}
	e, err := rules.Evaluate(licensure.Application{Principal: "X01", Facts: []licensure.Fact{fact}, At: now})
	if err != nil {
		return err
	}
	fmt.Println("With the degree alone:", e.Message)
	for _, c := range e.Criteria {
		fmt.Printf("  %s %-8s %s\n", c.Rule, c.Result, c.Why)
	}
	return nil
}

// verified returns the first credential of the folder as a fact.
func verified(dir string, now time.Time) (licensure.Fact, error) {
	var none licensure.Fact
	beside := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	raw, err := beside("trust.json")
	if err != nil {
		return none, err
	}
	trust, err := verifier.ParseTrust(raw, beside)
	if err != nil {
		return none, err
	}
	if raw, err = beside("evidence.json"); err != nil {
		return none, err
	}
	evidence, err := verifier.ParseEvidence(raw)
	if err != nil {
		return none, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "credentials", "*.json"))
	if err != nil || len(names) == 0 {
		return none, fmt.Errorf("no credentials in %s: run the federation first", dir)
	}
	if raw, err = os.ReadFile(names[0]); err != nil {
		return none, err
	}
	report := verifier.Check(raw, evidence, trust, now)
	return licensure.FactOf(report, report.Document)
}

// expedite shows what another member does with a letter, on its last day and after.
func expedite(rules licensure.CompactRules, now time.Time) error {
	letter := licensure.Letter{LetterID: "LOQ-1", Jurisdiction: "X01", Licence: key("X01"), Determination: licensure.Eligible,
		IssuedOn: licensure.DateOf(now), Expires: licensure.DateOf(now.AddDate(0, 0, licensure.LetterDays)), RulesetDigest: rules.Digest()}
	for _, days := range []int{0, 365, 366} {
		steps, err := rules.Expedite(letter, "urn:uuid:0f14d0ab-9605-4a62-a9e4-5ed26688389b", "X02", licensure.DateOf(now.AddDate(0, 0, days)))
		if err != nil {
			fmt.Printf("\nA letter after %d days: %v\n", days, err)
			continue
		}
		fmt.Printf("\nA letter after %d days:\n", days)
		for _, s := range steps {
			fmt.Printf("  %-22s %-13s %s\n", s.Name, s.Result, s.Detail)
		}
	}
	return nil
}

// cascade lets a suspension in the principal state reach the others, and derives all of it
// twice.
func cascade(rules licensure.CompactRules, now time.Time) error {
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	issued := ago(400)
	holder := licensure.Holder{Principal: []licensure.Designation{{Licence: key("X01"), From: issued}}}
	var terms []licensure.LicenceTerm
	for _, place := range rules.Jurisdictions {
		terms = append(terms, licensure.LicenceTerm{CredentialID: "urn:x:" + place, Licence: key(place), Start: licensure.DateOf(issued),
			Expires: licensure.DateOf(now.AddDate(1, 0, 0)), Initial: licensure.Active, RecordedAt: issued})
		holder.Licences = append(holder.Licences, licensure.HolderLicence{Key: key(place), Issued: issued})
	}
	act := func(id, place string, a licensure.Action, effective, recorded int) licensure.SignedOrder {
		return licensure.SignedOrder{Digest: strings.Repeat("ab", 32), Order: licensure.Order{ID: id, Licence: key(place), Action: a,
			Origin: licensure.FromBoard, EffectiveAt: ago(effective), RecordedAt: ago(recorded)}}
	}
	orders := []licensure.SignedOrder{
		act("A-1", "X01", licensure.Suspension, 100, 60), // recorded 40 days late
		act("A-2", "X01", licensure.Reinstatement, 50, 50),
		act("B-1", "X02", licensure.Reinstatement, 30, 30),
	}
	fmt.Println("\nA suspension in X01, recorded late; then X01 reinstates, then X02:")
	for _, days := range []int{90, 55, 40, 10} {
		fmt.Printf("  %3d days ago", days)
		for _, place := range rules.Jurisdictions {
			s, err := rules.StatusAt(terms, orders, holder, key(place), licensure.BoardRules{}, ago(days), now)
			if err != nil {
				return err
			}
			fmt.Printf("  %s %s;", place, s.Text())
		}
		fmt.Println()
	}
	then, err := rules.StatusAt(terms, orders, holder, key("X01"), licensure.BoardRules{}, ago(90), ago(90))
	if err != nil {
		return err
	}
	fmt.Printf("  as known 90 days ago, X01 was %s: nobody had told\n", then.Text())

	first, err := rules.Cascade(holder, orders)
	if err != nil {
		return err
	}
	slices.Reverse(orders)
	second, err := rules.Cascade(holder, orders)
	if err != nil {
		return err
	}
	a, errA := first.Bytes()
	b, errB := second.Bytes()
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		return fmt.Errorf("two offices derive different orders: %v, %v", errA, errB)
	}
	fmt.Printf("\nTwo offices, the orders heard in another order: the same %d derived orders, byte for byte\n", len(first.Orders))
	return nil
}

func key(place string) licensure.LicenceKey {
	return licensure.LicenceKey{Jurisdiction: place, Type: licensure.FullLicence, Number: "L-" + place}
}
