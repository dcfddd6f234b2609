package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
)

// explain prints what was hashed, statement by statement, with the hash that came out and
// the one that the proof names; against another copy, the first statement that differs.
func (a *app) explain(w io.Writer, raw []byte, trust *verifier.Trust, against string) error {
	all, err := verifier.Explain(raw, trust)
	if err != nil {
		fmt.Fprintf(w, "  nothing was hashed: %s\n", oneLine(err.Error()))
		var open *verifier.UnpinnedError
		if errors.As(err, &open) {
			fmt.Fprintf(w, "  if you know these labels, put this line into the entry of its issuer in the trust file:\n    \"inlineContexts\": [\"%s\"]\n", open.Digest)
		}
		return nil
	}
	for _, e := range all {
		name := "the document without proofs"
		if e.Target != nil {
			name = "the document as the proof at " + e.Proof + " covers it"
		}
		fmt.Fprintf(w, "  what was hashed: %s\n", name)
		for _, line := range bytes.Split(bytes.TrimSuffix(e.Canonical, []byte("\n")), []byte("\n")) {
			fmt.Fprintf(w, "    %s\n", oneLine(string(line)))
		}
		fmt.Fprintf(w, "  SHA-256 %s\n", e.Local)
		if e.Target != nil && *e.Target != e.Local {
			fmt.Fprintf(w, "  the proof names %s: the document was altered, or the proof is of another one.\n", e.Target)
			fmt.Fprintf(w, "  to find the place, compare with an original copy: --explain --against ORIGINAL\n")
		}
	}
	if against == "" {
		return nil
	}
	return a.difference(w, all[0], trust, against)
}

func (a *app) difference(w io.Writer, ours verifier.Explanation, trust *verifier.Trust, against string) error {
	raw, err := readFile(against, credential.MaxBytes)
	if err != nil {
		return err
	}
	other, err := verifier.Explain(raw, trust)
	if err != nil {
		return misuse("give a copy of the same document", "%s: %v", against, err)
	}
	diff := verifier.FirstDifference(ours.Canonical, other[0].Canonical)
	if diff == "" {
		fmt.Fprintf(w, "  no statement differs from %s\n", oneLine(against))
		return nil
	}
	fmt.Fprintf(w, "  the first statement that differs (- this file, + %s):\n", oneLine(against))
	for _, line := range bytes.Split([]byte(diff), []byte("\n")) {
		fmt.Fprintf(w, "    %s\n", oneLine(string(line)))
	}
	return nil
}
