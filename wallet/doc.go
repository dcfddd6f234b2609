// Package wallet is the holder's side: it keeps a person's keys and credentials in one
// encrypted file, answers an issuer's invitation, takes credentials in after they were
// verified, shows chosen ones to a verifier who asked, and writes down what was shown.
//
// A [Wallet] is opened from its file and changed in memory; [Wallet.Save] writes it whole.
// Nothing here dials or pays: what comes from elsewhere arrives as bytes, whom to believe
// as a trust file of package verifier.
//
//	Create, Open, Restore          the vault
//	Wallet.CheckInvitation, Answer an issuer's invitation (package credential)
//	Wallet.Rotate                  the next key for an issuer
//	Collect, Wallet.Examine, Keep  credentials from files, folders, archives, texts
//	ParseRequest, Wallet.Plan      what a verifier asks for, and what would leave
//	Wallet.Present, Wallet.Dossier what leaves
//	Wallet.Shares, CheckShares     what has left
//
// # Keys
//
// All keys come from a BIP-39 phrase of 12 or 24 words. Each issuer gets a key of its own
// (SLIP-0013 paths over SLIP-0010), so two issuers, or two verifiers who know different
// credentials, cannot match a person by key. A key that was replaced stays, for what was
// issued to it; a recovery key for each issuer can name the next when only the phrase is
// left. Matching by name or licence number stays
// possible, and credentials of several issuers in one presentation show their keys together.
//
// # What is not kept from whom
//
// Whoever has the vault file and the passphrase, or a backup and the phrase, has
// everything. The file shows its size and when it was written.
package wallet
