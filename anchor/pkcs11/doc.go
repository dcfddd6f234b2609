// Package pkcs11 signs with keys in a PKCS #11 token: a smart card, a hardware security
// module, or SoftHSM to try with. The key never enters this process.
//
//	token, err := pkcs11.Open(pkcs11.Config{Module: "/usr/lib/softhsm/libsofthsm2.so", Token: "board", PINFile: "pin"})
//	key, err := token.AnchorKey("anchor")   // secp256k1; an anchor.Signer
//	err = batch.Sign(key)
//
// # Signatures differ each time
//
// A token draws a fresh random number for each ECDSA signature, so that asked twice it
// gives two. The issuer stores a signed transaction before anybody sees it. A crash just
// before that leaves a signature nobody has; the next one is of the same transaction, with
// the same inputs and outputs, so that of the two only one could ever be in a block.
//
// # What a token cannot do
//
// P2TR by key needs a key that is tweaked and signatures of BIP340, which PKCS #11 does
// not have. Issuing addresses are P2PKH or P2WPKH.
package pkcs11
