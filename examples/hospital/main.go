// Hospital verifies physicians' credentials offline, from the files in a folder, decides about
// each under a policy, and keeps the evidence file of the decision:
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
	"strings"
	"time"

	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
	"github.com/certanchor/certanchor/verifier"
)

// The hospital's policy. Those of accreditors come with the library: licensure.Policies.
const policy = `{"version": 1, "id": "appointment", "revision": "2026-01", "title": "Appointment to the medical staff: education",
	"maxAgeDays": 120, "elements": [{"element": "education-and-training", "required": true}]}`

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
	trustFile, err := beside("trust.json")
	if err != nil {
		return false, err
	}
	trust, err := verifier.ParseTrust(trustFile, beside)
	if err != nil {
		return false, err
	}
	evidenceFile, err := beside("evidence.json")
	if err != nil {
		return false, err
	}
	evidence, err := verifier.ParseEvidence(evidenceFile)
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
		kept := filepath.Join(dir, "decisions", strings.TrimSuffix(filepath.Base(name), ".json")+".zip")
		decided, err := decide(credential, trustFile, evidenceFile, at, kept)
		if err != nil {
			return false, err
		}
		good = good && decided
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

// decide puts one credential before the policy and keeps the decision; then an auditor looks
// at what was kept.
func decide(credential, trust, evidence []byte, at time.Time, kept string) (bool, error) {
	at = at.UTC().Truncate(time.Second)
	file, err := evidencefile.Make(evidencefile.Input{
		Credentials: [][]byte{credential}, Trust: trust, Evidence: [][]byte{evidence}, Policy: []byte(policy),
		Case: evidencefile.Case{At: at.Format(time.RFC3339), DecisionDate: licensure.DateOf(at), Office: "Medical staff office, Hospital of Alderfen"},
		// With a Signer the file would hold a statement that another hospital can rely on.
	})
	if err != nil {
		return false, err
	}
	raw, err := file.Zip()
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return false, err
	}
	if err := os.WriteFile(kept, raw, 0o644); err != nil {
		return false, err
	}
	fmt.Printf("  %s under the policy of the hospital; kept in %s\n", file.Result().Standing, filepath.Base(kept))
	return file.Result().Standing == licensure.InForce, audit(raw)
}

// audit has the archive and nothing else. Years may have passed.
func audit(raw []byte) error {
	file, err := evidencefile.Read(raw)
	if err != nil {
		return err
	}
	if o := file.Reverify(nil); !o.Same() {
		return fmt.Errorf("looked at again, the file differs: %v", o.Differences)
	}
	fmt.Println("  looked at again: the same result")
	altered := []byte(strings.Replace(string(raw), "School of Alderfen", "School of Selwater", 1))
	if file, err = evidencefile.Read(altered); err == nil && file.Reverify(nil).Same() {
		return fmt.Errorf("an altered file was taken for the same")
	}
	fmt.Println("  with another school written into it: not the same")
	return nil
}
