// Federation issues verifications of degrees: it makes an issuer, signs a batch, binds
// it to one root, commits the root on an embedded chain, and writes what a verifier
// needs into a folder.
//
//	go run ./examples/federation records
//	go run ./examples/hospital records
package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

const id = "https://federation.example/issuer.json"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: federation FOLDER")
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	now := time.Now().UTC().Truncate(time.Second)
	home := filepath.Join(dir, "federation")
	// Keys that count from a week ago: block times are known within hours only.
	err := issuer.Generate(issuer.NewIssuer{Dir: home, ID: id, Name: "Federation of Made-up Medical Boards",
		Context: licensure.Context(), Network: anchor.Regtest, From: now.AddDate(0, 0, -7)})
	if err != nil {
		return err
	}
	is, key, err := open(home)
	if err != nil {
		return err
	}
	defer is.Close()

	chain := regtest.New() // an own node in earnest; a private chain to try
	if _, err := chain.Mine(101, key.Address, now.Add(-48*time.Hour)); err != nil {
		return err
	}
	batch, err := issue(ctx, is, key, chain, now)
	if err != nil {
		return err
	}
	out, err := is.OpenFolder(filepath.Join(dir, "credentials"))
	if err != nil {
		return err
	}
	if err := batch.Finish(out); err != nil {
		return err
	}
	if err := writeEvidence(ctx, is, chain, batch, now, filepath.Join(dir, "evidence.json")); err != nil {
		return err
	}
	fmt.Printf("issued %d credentials under root %s\n", batch.Count(), batch.Root())
	return writeTrust(home, is.ContextURL(), filepath.Join(dir, "trust.json"))
}

func open(home string) (*issuer.Issuer, *issuer.AnchorKey, error) {
	signer, keyID, err := issuer.SigningKey(home, nil)
	if err != nil {
		return nil, nil, err
	}
	key, err := issuer.OpenAnchorKey(home, nil)
	if err != nil {
		return nil, nil, err
	}
	is, err := issuer.Open(issuer.Config{Dir: home, Signer: signer, KeyID: keyID, AnchorKeyID: key.ID, CheckDraft: licensure.CheckDraft})
	return is, key, err
}

// drafts are what the federation found out about two physicians.
func drafts(now time.Time) issuer.Drafts {
	return func(yield func(issuer.Draft, error) bool) {
		for _, p := range []licensure.Person{{FamilyName: "Ostrowe", GivenName: "Ilva"}, {FamilyName: "Quillard", GivenName: "Bram"}} {
			d := licensure.Degree{
				Envelope: licensure.Envelope{Title: "Verification of a medical degree", Person: p, ValidFrom: now, Synthetic: true,
					Confidence: licensure.Derived,
					Evidence: []licensure.Evidence{{Source: "School of Alderfen", Method: licensure.DirectFromSource,
						VerifiedAt: now.AddDate(0, 0, -3), VerifierRole: "records officer"}}},
				SchoolID: "XS00001", SchoolName: "School of Alderfen", Accreditor: licensure.LCME, Country: "XAA", Degree: licensure.MD,
				Matriculation: "2014", Conferral: "2018-05", DiplomaLanguage: "en", VerifiedBy: "registrar",
			}
			object, err := d.Draft()
			if !yield(issuer.Draft{Object: object, Place: "degree of " + p.FamilyName}, err) {
				return
			}
		}
	}
}

// issue runs a batch up to its confirmation. Each step finds its earlier result in the
// journal when it is run again, so after a crash all of this can simply be repeated.
func issue(ctx context.Context, is *issuer.Issuer, key *issuer.AnchorKey, chain *regtest.Chain, now time.Time) (*issuer.Batch, error) {
	batch, err := is.Seal(ctx, chain.Network(), drafts(now))
	if err != nil {
		return nil, err
	}
	if err := batch.Fund(ctx, chain, key.Address, 50_000); err != nil {
		return nil, err
	}
	if err := batch.Sign(key); err != nil {
		return nil, err
	}
	if err := batch.Broadcast(ctx, chain); err != nil {
		return nil, err
	}
	if _, err := chain.Mine(12, key.Address, now.Add(-24*time.Hour)); err != nil {
		return nil, err
	}
	_, err = batch.Confirm(ctx, chain, verifier.DefaultMinConfirmations)
	return batch, err
}

func writeEvidence(ctx context.Context, is *issuer.Issuer, chain *regtest.Chain, batch *issuer.Batch, now time.Time, name string) error {
	ev := &verifier.Evidence{Gathered: verifier.Gathered{At: now, By: "examples/federation"}}
	tx, err := chain.Evidence(ctx, batch.TxID())
	if err != nil {
		return err
	}
	ev.AddTransaction(batch.TxID(), tx)
	tip, _, err := chain.Tip(ctx)
	if err != nil {
		return err
	}
	headers, err := chain.Headers(ctx, 0, tip)
	if err != nil {
		return err
	}
	ev.AddHeaders(chain.Network(), headers)
	lists, err := is.PublishLists(now)
	if err != nil {
		return err
	}
	for _, l := range lists {
		ev.AddDocument(l.URL, verifier.Document{MediaType: "application/vc", At: now, Bytes: l.Bytes})
	}
	data, err := ev.Marshal()
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// writeTrust is for the hospital to write in earnest: whom to believe is its decision.
func writeTrust(home, contextURL, name string) error {
	profile, err := os.ReadFile(filepath.Join(home, "issuer.json"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(licensure.Context())
	data, err := json.MarshalIndent(map[string]any{
		"version": 1, "networks": []string{string(anchor.Regtest)},
		"issuers": []any{map[string]any{
			"id": id, "label": "Federation of Made-up Medical Boards", "document": json.RawMessage(profile), "types": []string{licensure.TypeMedicalDegree},
			"contexts": []any{map[string]any{"url": contextURL, "sha256": fmt.Sprintf("%x", sum), "bytes": base64.RawURLEncoding.EncodeToString(licensure.Context())}},
		}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
