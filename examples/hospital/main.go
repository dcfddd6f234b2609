// Hospital verifies a physician's credentials offline, from the files in a folder:
//
//	go run ./examples/federation records
//	go run ./examples/hospital records
//
// It asks nobody: not the issuer, not a node, not an explorer.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: hospital FOLDER")
	}
	good, err := run(os.Args[1], time.Now())
	if err != nil {
		log.Fatal(err)
	}
	if !good {
		os.Exit(1)
	}
}

func run(dir string, at time.Time) (good bool, err error) {
	beside := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	raw, err := beside("trust.json")
	if err != nil {
		return false, err
	}
	trust, err := verifier.ParseTrust(raw, beside)
	if err != nil {
		return false, err
	}
	if raw, err = beside("evidence.json"); err != nil {
		return false, err
	}
	evidence, err := verifier.ParseEvidence(raw)
	if err != nil {
		return false, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "credentials", "*.json"))
	if err != nil {
		return false, err
	}
	good = len(names) > 0
	for _, name := range names {
		credential, err := os.ReadFile(name)
		if err != nil {
			return false, err
		}
		report := verifier.Check(credential, evidence, trust, at)
		good = good && report.Verdict == verifier.Valid
		if err := tell(report); err != nil {
			return false, err
		}
	}
	return good, nil
}

// tell prints what was signed, never what merely stands in the file.
func tell(r *verifier.Report) error {
	if err := r.Err(); err != nil {
		fmt.Println(err)
		return nil
	}
	subject, err := json.Marshal(r.Claims["credentialSubject"])
	if err != nil {
		return err
	}
	fmt.Printf("%s, by %s\n  %s\n", r.Verdict, r.Issuer.Label, subject)
	return nil
}
