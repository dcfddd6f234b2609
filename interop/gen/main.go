// Command gen makes what the judges in interop read: batches of credentials issued and
// anchored by this module, the facts about their transactions, canonical forms, and
// documents with a signature only.
//
//	go run ./interop/gen --out DIR [--bench DIR]
//	go run ./interop/gen --check FILE --trust FILE [--evidence FILE] [--audience URL --nonce TEXT]
//
// With --check it is itself the judge: it reads a credential that others have made and
// a trust file, and prints this module's report.
//
// Nothing here is a vector: keys, salts and times are new in every run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/verifier"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "", "new `folder` to write to")
	bench := flags.String("bench", "", "`folder` with benchmark samples; left out, none are read")
	check := flags.String("check", "", "credential to judge: a `file`")
	trust := flags.String("trust", "", "trust `file` for --check")
	evidence := flags.String("evidence", "", "evidence `file` for --check")
	audience := flags.String("audience", "", "whom a holder was to answer, for --check")
	nonce := flags.String("nonce", "", "what a holder was to sign, for --check")
	if err := flags.Parse(args); err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	if *check != "" {
		q := verifier.Request{Challenge: *nonce, Bound: *audience != ""}
		if *audience != "" {
			q.Domains = []string{*audience}
		}
		return judge(q, *check, *evidence, *trust, now, stdout)
	}
	if *out == "" || flags.NArg() > 0 {
		return errors.New("say --out DIR or --check FILE, and nothing else")
	}
	return generate(ctx, *out, *bench, now)
}

// generate writes every folder that the judges read.
func generate(ctx context.Context, out, bench string, now time.Time) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := mockBatch(ctx, filepath.Join(out, "mocknet"), now); err != nil {
		return fmt.Errorf("batch for mocknet: %w", err)
	}
	if err := statusBatch(ctx, filepath.Join(out, "bitstring"), now); err != nil {
		return fmt.Errorf("batch with W3C status lists: %w", err)
	}
	if err := chainBatches(ctx, filepath.Join(out, "testnet"), anchor.ProfileBlockcerts, now); err != nil {
		return fmt.Errorf("batches on a chain: %w", err)
	}
	if err := chainBatches(ctx, filepath.Join(out, "segwit"), anchor.ProfileSegwit, now); err != nil {
		return fmt.Errorf("batches on a chain, paid from a segwit address: %w", err)
	}
	if err := signedOnly(filepath.Join(out, "signed"), filepath.Join(out, "testnet")); err != nil {
		return fmt.Errorf("documents with a signature only: %w", err)
	}
	if err := canonicalForms(ctx, filepath.Join(out, "canonical"), bench, now); err != nil {
		return fmt.Errorf("canonical forms: %w", err)
	}
	if err := sdJWTs(ctx, filepath.Join(out, "sdjwt"), now); err != nil {
		return fmt.Errorf("SD-JWTs: %w", err)
	}
	if err := fhirResources(filepath.Join(out, "fhir"), filepath.Join("licensure", "testdata", "drafts"), now); err != nil {
		return fmt.Errorf("FHIR resources: %w", err)
	}
	return nil
}

// writeJSON writes v to a new file.
func writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}
