package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/jsonld"
)

// generatedCount is the number of credentials whose canonical form others compute too.
// They begin with the hard cases of the made-up world: names in many scripts, missing
// dates, conditions, several trainings.
const generatedCount = 1000

// benchContext is the context that the benchmark samples add to the public ones.
const (
	benchContext     = "https://contexts.licensing.example/health/v1"
	benchContextFile = "context-health-v1.json"
)

// A form is a document with its canonical forms as we compute them.
type form struct {
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"` // as it is published
	// NQuads is the form of the document without proofs, as its signature covers it.
	NQuads string `json:"nquads"`
	// Leaf is the form with the first proof, as the leaf of the tree covers it; empty
	// for a document without proofs.
	Leaf string `json:"leaf,omitempty"`
}

// forms writes forms as JSON Lines.
type forms struct {
	file *os.File
	buf  *bufio.Writer
}

func createForms(name string) (*forms, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return &forms{f, bufio.NewWriter(f)}, nil
}

func (f *forms) put(one form) error { return json.NewEncoder(f.buf).Encode(one) }

func (f *forms) close() error { return errors.Join(f.buf.Flush(), f.file.Close()) }

// canonicalForms writes canonical forms of generated credentials and of the samples.
func canonicalForms(ctx context.Context, dir, bench string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := generatedForms(ctx, dir, now); err != nil {
		return err
	}
	if bench == "" {
		return nil
	}
	return benchForms(dir, bench)
}

// generatedForms issues a batch with everything a credential of ours can have, and
// writes the canonical forms of each.
func generatedForms(ctx context.Context, dir string, now time.Time) (err error) {
	o, err := openOffice(filepath.Join(dir, "issuer"), "forms.federation.example", "", "", now, allStatus)
	if err != nil {
		return err
	}
	defer o.Close()
	c, err := o.mock(ctx, o.drafts(0, generatedCount))
	if err != nil {
		return err
	}
	contexts, err := o.contexts()
	if err != nil {
		return err
	}
	out, err := createForms(filepath.Join(dir, "generated.jsonl"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	for i, doc := range c.docs {
		cred, err := credential.Parse(doc)
		if err != nil {
			return err
		}
		var covered [2]string // by the signature, by the Merkle proof
		for p := range covered {
			r, err := cred.Canonical(p, contexts)
			if err != nil {
				return fmt.Errorf("credential %d: %w", i, err)
			}
			covered[p] = string(r.NQuads)
		}
		if err := out.put(form{fmt.Sprintf("physician %d", i), doc, covered[0], covered[1]}); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, "listing.json"), o.listing())
}

// contexts are the built-in ones and the office's own.
func (o *office) contexts() (*jsonld.Contexts, error) {
	own, err := os.ReadFile(filepath.Join(o.dir, "context.jsonld"))
	if err != nil {
		return nil, err
	}
	return jsonld.Builtin().With(o.ContextURL(), own)
}

// benchForms writes the canonical forms of the benchmark samples, after comparing them
// with the digests that lie beside the samples.
func benchForms(dir, bench string) (err error) {
	context, err := os.ReadFile(filepath.Join(bench, benchContextFile))
	if err != nil {
		return err
	}
	contexts, err := jsonld.Builtin().With(benchContext, context)
	if err != nil {
		return err
	}
	want, err := os.ReadFile(filepath.Join(bench, "canonical-sha256.txt"))
	if err != nil {
		return err
	}
	out, err := createForms(filepath.Join(dir, "bench.jsonl"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	for _, line := range strings.Split(strings.TrimSpace(string(want)), "\n") {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			return fmt.Errorf("canonical-sha256.txt: %q is not a digest and a name", line)
		}
		one, err := benchForm(filepath.Join(bench, fields[1]), contexts)
		if err != nil {
			return fmt.Errorf("%s: %w", fields[1], err)
		}
		sum := sha256.Sum256([]byte(one.NQuads))
		if hex.EncodeToString(sum[:]) != fields[0] {
			return fmt.Errorf("%s: our canonical form has SHA-256 %x, the sample's is %s", fields[1], sum, fields[0])
		}
		if err := out.put(one); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, benchContextFile), context, 0o644)
}

func benchForm(name string, contexts *jsonld.Contexts) (form, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return form{}, err
	}
	doc, err := parse(raw)
	if err != nil {
		return form{}, err
	}
	r, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: contexts})
	if err != nil {
		return form{}, err
	}
	return form{Name: filepath.Base(name), Document: raw, NQuads: string(r.NQuads)}, nil
}
