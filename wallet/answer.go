package wallet

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/verifier"
)

// ErrInvitationExpired means an invitation that ended before it was answered.
var ErrInvitationExpired = errors.New("wallet: the invitation has expired; ask its issuer for another")

// An InvitationError says why an invitation is not shown to be its issuer's. Codes are bare
// words: unsigned, issuer-unknown, key, key-not-in-force, signature.
type InvitationError struct {
	Code   string
	Detail string
}

func (e *InvitationError) Error() string {
	return fmt.Sprintf("wallet: the invitation is not verified: %s: %s", e.Code, e.Detail)
}

// keyTimes are the codes of a key that is the issuer's and does not count now.
var keyTimes = []verifier.Code{verifier.CodeKeyNotAttested, verifier.CodeKeyOutside, verifier.CodeKeyRevoked, verifier.CodeKeyTimeUnknown}

// CheckInvitation returns the name that the trust file has for the issuer of an invitation,
// after that issuer's signature under it was found good, by a key that counts now. That it
// was meant for this holder, it does not show. Errors are *InvitationError.
func (w *Wallet) CheckInvitation(i *credential.Invitation, trust *TrustFile) (name string, err error) {
	refuse := func(code, format string, args ...any) (string, error) {
		return "", &InvitationError{code, fmt.Sprintf(format, args...)}
	}
	if i.Signature == "" {
		return refuse("unsigned", "nobody signed it")
	}
	is, known := trust.Trust.Issuer(i.Issuer)
	if !known {
		return refuse("issuer-unknown", "%s is not in the trust file", i.Issuer)
	}
	key, err := trust.Trust.KeyAt(i.Issuer, i.Method, w.now())
	var why *verifier.CheckError
	switch {
	case errors.As(err, &why) && slices.Contains(keyTimes, why.Code):
		return refuse("key-not-in-force", "%s: %v", i.Method, why.Err)
	case err != nil:
		return refuse("key", "%s: %v", i.Method, err)
	}
	message, err := i.SigningInput()
	if err != nil {
		return refuse("signature", "%v", err)
	}
	sig, err := base64.RawURLEncoding.Strict().DecodeString(i.Signature)
	if err == nil {
		err = cryptosuite.VerifyMessage(key.Public, message, sig)
	}
	if err != nil {
		return refuse("signature", "it was changed, or %s did not sign it", i.Method)
	}
	return is.Label, nil
}

// Answer introduces this wallet to the issuer of an invitation: with the key of their
// relation, which is made if there is none. Save the wallet before the answer leaves. The
// name in the invitation proves nothing: show the person the issuer's id, or what
// CheckInvitation returns.
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

// sign puts the signatures under an introduction, with the recovery key that goes with it.
func (w *Wallet) sign(n *credential.Introduction, r Relation) error {
	id, recovery, err := w.recovery(r.Issuer)
	if err != nil {
		return err
	}
	n.Recovery = &credential.ProvenKey{DID: id}
	message, err := n.SigningInput()
	if err != nil {
		return err
	}
	key, ok := w.signerOf(r.DID)
	if !ok {
		return fmt.Errorf("wallet: no key of %s", r.DID)
	}
	if n.Signature, err = signText(key, message); err != nil {
		return err
	}
	if n.Recovery.Signature, err = signText(recovery, message); err != nil {
		return err
	}
	if n.Address != nil {
		sum := sha256.Sum256(message)
		compact := ecdsa.SignCompact(w.phrase.bitcoinKey(r.Issuer, r.Index), sum[:], true)
		n.Address.Signature = base64.RawURLEncoding.EncodeToString(compact[1:])
	}
	return nil
}
