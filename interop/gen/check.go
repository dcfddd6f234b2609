package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certanchor/certanchor/verifier"
)

// judge prints this module's report about a credential that others have made. evidenceFile
// may be empty.
func judge(q verifier.Request, file, evidenceFile, trustFile string, now time.Time, stdout io.Writer) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(trustFile)
	if err != nil {
		return err
	}
	trust, err := verifier.ParseTrust(data, nil)
	if err != nil {
		return err
	}
	ev := new(verifier.Evidence)
	if evidenceFile != "" {
		if data, err = os.ReadFile(evidenceFile); err != nil {
			return err
		}
		if ev, err = verifier.ParseEvidence(data); err != nil {
			return err
		}
	}
	report, err := verifier.CheckFor(q, raw, ev, trust, now).JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", report)
	return err
}
