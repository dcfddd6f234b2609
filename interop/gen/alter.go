package main

import (
	"errors"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/merkleproof"
)

// unknownTx is the id of no transaction.
const unknownTx = "00000000000000000000000000000000000000000000000000000000000000ff"

// merkleProof returns the Merkle proof of a credential of ours.
func merkleProof(doc []byte) (merkleproof.Proof, error) {
	c, err := credential.Parse(doc)
	if err != nil {
		return merkleproof.Proof{}, err
	}
	for _, p := range c.Proofs() {
		if p.IsMerkle() {
			return *p.Merkle, nil
		}
	}
	return merkleproof.Proof{}, errors.New("a credential without a Merkle proof")
}

// altered returns proof values of the credential with one thing changed in each, under
// the name of what was changed.
func altered(doc []byte) (map[string]string, error) {
	original, err := merkleProof(doc)
	if err != nil {
		return nil, err
	}
	if len(original.Path) < 2 {
		return nil, errors.New("too small a batch: its paths have no two steps")
	}
	values := make(map[string]string)
	for name, change := range map[string]func(*merkleproof.Proof){
		"path-node":           func(p *merkleproof.Proof) { p.Path[1].Hash[5] ^= 1 },
		"path-side":           func(p *merkleproof.Proof) { p.Path[0].Side = 1 - p.Path[0].Side },
		"path-cut":            func(p *merkleproof.Proof) { p.Path = p.Path[:1] },
		"root":                func(p *merkleproof.Proof) { p.Root[0] ^= 1 },
		"target-hash":         func(p *merkleproof.Proof) { p.Target[31] ^= 1 },
		"unknown-transaction": func(p *merkleproof.Proof) { p.Anchor.TxID = unknownTx },
	} {
		p := original
		p.Path = append(merkleproof.Path(nil), original.Path...)
		change(&p)
		if values[name], err = p.Encode2019(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// inTransaction returns the proof value of the credential with another transaction.
func inTransaction(doc []byte, id anchor.TxID) (string, error) {
	p, err := merkleProof(doc)
	if err != nil {
		return "", err
	}
	p.Anchor.TxID = id.String()
	return p.Encode2019()
}
