package wallet

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
)

// ErrNoRelation means an issuer for whom this wallet has no key of that curve.
var ErrNoRelation = errors.New("wallet: there is no key for that issuer")

// Rotate makes the next key for an issuer and the message that tells the issuer of it,
// signed by the key before. If that is lost, it is signed by the recovery key in its place, and
// counts for every DID that was introduced with that one: for a wallet that came back from
// the phrase alone and does not know how many keys there were. Save the wallet before the
// message leaves. The old key stays, for what was issued to it; new answers have the new one.
func (w *Wallet) Rotate(issuer string, curve Curve, lost bool) (*credential.Rotation, error) {
	old, known := w.latest(issuer, curve)
	if !known {
		if !lost || !strings.Contains(issuer, ":") { // no id, so nobody's
			return nil, ErrNoRelation
		}
		// The first key has number 0, and has been given to the issuer before.
		old = Relation{Issuer: issuer, Curve: curve}
	}
	n := &credential.Rotation{Version: 1, Type: credential.TypeRotation, Issuer: issuer, OldDID: old.DID, At: w.now()}
	signer, err := w.phrase.identityKey(old.Curve, old.Issuer, old.Index)
	if lost {
		n.OldDID = ""
		n.Recovery, signer, err = w.recovery(issuer)
	}
	if err != nil {
		return nil, err
	}
	next, err := w.relate(Relation{Issuer: issuer, Name: old.Name, Index: old.Index + 1, Curve: curve})
	if err != nil {
		return nil, err
	}
	n.NewDID = next.DID
	message, err := n.SigningInput()
	if err != nil {
		return nil, err
	}
	newKey, _ := w.signerOf(next.DID)
	if n.Signature, err = signText(signer, message); err == nil {
		n.NewSignature, err = signText(newKey, message)
	}
	return n, err
}

// recovery returns the recovery key towards an issuer, and its DID.
func (w *Wallet) recovery(issuer string) (string, crypto.Signer, error) {
	key, err := w.phrase.recoveryKey(issuer)
	if err != nil {
		return "", nil, err
	}
	id, err := did.KeyDID(key.Public())
	return id, key, err
}

func signText(key crypto.Signer, message []byte) (string, error) {
	sig, err := cryptosuite.SignMessage(key, message)
	return base64.RawURLEncoding.EncodeToString(sig), err
}

// latest returns the newest relation with an issuer and that curve.
func (w *Wallet) latest(issuer string, curve Curve) (newest Relation, ok bool) {
	for _, r := range w.contents.Relations {
		if r.Issuer == issuer && r.Curve == curve && (!ok || r.Index > newest.Index) {
			newest, ok = r, true
		}
	}
	return newest, ok
}

// Replaced reports whether a DID of this wallet has another in its place: what was issued
// to it can be shown as before, until its issuer revokes it.
func (w *Wallet) Replaced(id string) bool {
	i := slices.IndexFunc(w.contents.Relations, func(r Relation) bool { return r.DID == id })
	if i < 0 {
		return false
	}
	newest, _ := w.latest(w.contents.Relations[i].Issuer, w.contents.Relations[i].Curve)
	return newest.DID != id
}

// relate adds a relation, whose DID it makes.
func (w *Wallet) relate(r Relation) (Relation, error) {
	key, err := w.phrase.identityKey(r.Curve, r.Issuer, r.Index)
	if err != nil {
		return r, err
	}
	if r.DID, err = did.KeyDID(key.Public()); err != nil {
		return r, fmt.Errorf("wallet: %w", err)
	}
	r.Created = w.now()
	w.contents.Relations = append(w.contents.Relations, r)
	return r, nil
}
