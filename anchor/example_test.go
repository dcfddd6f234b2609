package anchor_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
)

// A root goes into a transaction on a private chain, and is judged from bytes alone.
func Example() {
	ctx := context.Background()
	signer := anchor.NewKeySigner(testKey("issuer"))
	address, err := anchor.Address(signer.PublicKey(), anchor.ProfileBlockcerts, anchor.Regtest)
	if err != nil {
		log.Fatal(err)
	}
	chain := regtest.New()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if _, err := chain.Mine(101, address, now); err != nil {
		log.Fatal(err)
	}

	// Build, sign, send.
	root := sha256.Sum256([]byte("the root of a batch"))
	coins, err := chain.Coins(ctx, address)
	if err != nil {
		log.Fatal(err)
	}
	unsigned, err := anchor.BuildCommitment(root, coins, address, 2000, 5000, anchor.Regtest)
	if err != nil {
		log.Fatal(err)
	}
	raw, err := anchor.SignCommitment(unsigned, coins, signer)
	if err != nil {
		log.Fatal(err)
	}
	if err := chain.Broadcast(ctx, raw); err != nil {
		log.Fatal(err)
	}
	if _, err := chain.Mine(6, address, now.Add(time.Hour)); err != nil {
		log.Fatal(err)
	}

	// Collect the evidence.
	commitment, err := anchor.ParseCommitment(raw)
	if err != nil {
		log.Fatal(err)
	}
	evidence, err := chain.Evidence(ctx, commitment.TxID)
	if err != nil {
		log.Fatal(err)
	}
	headers, err := chain.Headers(ctx, 1, 107)
	if err != nil {
		log.Fatal(err)
	}

	// Judge it, with the genesis block as the only thing known beforehand.
	commitment, err = anchor.ParseCommitment(evidence.Tx)
	if err != nil {
		log.Fatal(err)
	}
	signedBy, err := commitment.IssuingAddress(evidence.PrevTxs, anchor.Regtest)
	if err != nil {
		log.Fatal(err)
	}
	inclusion, err := anchor.CheckInclusion(evidence, commitment.TxID, anchor.Regtest)
	if err != nil {
		log.Fatal(err)
	}
	link, err := anchor.LinkHeaders(anchor.Regtest, inclusion, []anchor.HeaderRun{headers}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("root as sealed:", commitment.Root == root)
	fmt.Println("signed by the issuer:", signedBy == address)
	fmt.Println("height", inclusion.Height, "with", link.Confirmations, "confirmations, form", link.Form)
	// Output:
	// root as sealed: true
	// signed by the issuer: true
	// height 102 with 6 confirmations, form segment
}
