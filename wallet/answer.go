package wallet

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
)

// ErrInvitationExpired means an invitation that ended before it was answered.
var ErrInvitationExpired = errors.New("wallet: the invitation has expired; ask its issuer for another")

// Answer introduces this wallet to the issuer of an invitation: with the key of their
// relation, which is made if there is none. Save the wallet before the answer leaves. The
// name in the invitation proves nothing: show the person the issuer's id.
func (w *Wallet) Answer(i *credential.Invitation, curve Curve) (*credential.Introduction, error) {
	if !w.now().Before(i.Expires) {
		return nil, ErrInvitationExpired
	}
	var network anchor.Network
	if i.Network != "" {
		var err error
		if network, err = anchor.ParseNetwork(i.Network); err != nil {
			return nil, fmt.Errorf("wallet: the invitation asks for an address: %w", err)
		}
	}
	r, err := w.Relate(i.Issuer, i.Name, curve)
	if err != nil {
		return nil, err
	}
	n := &credential.Introduction{Version: 1, Type: credential.TypeIntroduction, Issuer: i.Issuer, Nonce: i.Nonce, DID: r.DID, At: w.now()}
	if network != "" {
		if r, err = w.addAddress(r, network); err != nil {
			return nil, err
		}
		pub, err := did.Multikey(w.phrase.bitcoinKey(r.Issuer, r.Index).PubKey())
		if err != nil {
			return nil, err
		}
		n.Address = &credential.ProvenWallet{Network: i.Network, Address: r.Address, PublicKey: pub}
	}
	return n, w.sign(n, r)
}

// sign puts the signatures under an introduction.
func (w *Wallet) sign(n *credential.Introduction, r Relation) error {
	message, err := n.SigningInput()
	if err != nil {
		return err
	}
	key, ok := w.signerOf(r.DID)
	if !ok {
		return fmt.Errorf("wallet: no key of %s", r.DID)
	}
	sig, err := cryptosuite.SignMessage(key, message)
	if err != nil {
		return err
	}
	n.Signature = base64.RawURLEncoding.EncodeToString(sig)
	if n.Address != nil {
		sum := sha256.Sum256(message)
		compact := ecdsa.SignCompact(w.phrase.bitcoinKey(r.Issuer, r.Index), sum[:], true)
		n.Address.Signature = base64.RawURLEncoding.EncodeToString(compact[1:])
	}
	return nil
}
