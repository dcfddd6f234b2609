package synth_test

import (
	"fmt"
	"time"

	"github.com/certanchor/certanchor/internal/synth"
)

func ExampleWorld_BoardLicenceDraft() {
	w := synth.New(1)
	p := w.Physician(synth.FirstOrdinary + 1)
	fmt.Println(p.Name(), p.Person.NPI)

	board := w.Boards()[30]
	draft, err := w.BoardLicenceDraft(p.Index, board, time.Date(2026, time.July, 15, 9, 30, 0, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	licence := draft["credentialSubject"].(map[string]any)
	fmt.Println(licence["board"], licence["number"], licence["legalStatus"], "until", licence["expiresOn"])
	// Output:
	// Plosk Ilurimond 9000002011
	// Quillhaven Board of Medicine L6609152 active until 2026-08-31
}

func ExampleHardCase() {
	if c, ok := synth.HardCase(4); ok {
		fmt.Printf("%s: %s\n", c.Name, c.About)
	}
	// Output: leap-day-birthday: born on 29 February; the birth date stands in the credentials
}
