// Package aries is where certanchor meets the wallets of aries-framework-go's time.
//
//	Import                a wallet file of Universal Wallet 2020, a W3C CCG draft
//	Contents.Credentials  what goes to Wallet.Examine
//	Contents.Apart        everything else, named: keys, connections, notes, unknown types
//	Export                a vault's credentials and relations in that form
//	Derive, CheckDerived  part of a credential signed with BbsBlsSignature2020
//
// A wallet file is not believed: each credential is verified on its way into the vault.
// No key goes in or out.
//
// Tests have aries itself as a second opinion on did:key and Ed25519Signature2020.
package aries
