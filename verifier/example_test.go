package verifier_test

import (
	"fmt"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// A trust file that believes nobody, and a file that is no credential: a report all the
// same, with a code a program can branch on.
func ExampleCheck() {
	trust, err := verifier.ParseTrust([]byte(`{"version": 1, "networks": ["mainnet"], "issuers": []}`), nil)
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	report := verifier.Check([]byte(`{"name": "Ilva", "name": "Bram"}`), nil, trust, at)
	step, _ := report.Deciding()
	fmt.Println(report.Verdict, step.Name, step.Code)
	// Output: invalid format duplicate-key
}
