// School issues certificates from a plain roster: one row, one certificate.
//
//	go run ./examples/school certificates
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: school FOLDER")
	}
	if err := run(context.Background(), "examples/school", os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// run reads roster.csv and template.json in from, and writes certificates below dir.
func run(ctx context.Context, from, dir string) error {
	now := time.Now().UTC()
	home := filepath.Join(dir, "school")
	err := issuer.Generate(issuer.NewIssuer{Dir: home, ID: "https://school.example/issuer.json", Name: "School of Alderfen",
		Context: licensure.Context(), Network: anchor.Regtest, From: now.AddDate(0, 0, -7)})
	if err != nil {
		return err
	}
	signer, keyID, err := issuer.SigningKey(home, nil)
	if err != nil {
		return err
	}
	key, err := issuer.OpenAnchorKey(home, nil)
	if err != nil {
		return err
	}
	is, err := issuer.Open(issuer.Config{Dir: home, Signer: signer, KeyID: keyID, AnchorKeyID: key.ID})
	if err != nil {
		return err
	}
	defer is.Close()
	drafts, err := issuer.Roster(filepath.Join(from, "roster.csv"), filepath.Join(from, "template.json"))
	if err != nil {
		return err
	}
	chain := regtest.New()
	if _, err := chain.Mine(101, key.Address, now.Add(-48*time.Hour)); err != nil {
		return err
	}
	batch, err := is.Seal(ctx, chain.Network(), drafts)
	if err != nil {
		return err
	}
	if err := batch.Fund(ctx, chain, key.Address, 50_000); err != nil {
		return err
	}
	if err := batch.Sign(key); err != nil {
		return err
	}
	if err := batch.Broadcast(ctx, chain); err != nil {
		return err
	}
	if _, err := chain.Mine(6, key.Address, now.Add(-24*time.Hour)); err != nil {
		return err
	}
	if _, err := batch.Confirm(ctx, chain, 6); err != nil {
		return err
	}
	out, err := is.OpenFolder(filepath.Join(dir, "certificates"))
	if err != nil {
		return err
	}
	if err := batch.Finish(out); err != nil {
		return err
	}
	fmt.Printf("%d certificates in %s, one transaction: %s\n", batch.Count(), filepath.Join(dir, "certificates"), batch.TxID())
	return nil
}
