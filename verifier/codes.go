package verifier

import "slices"

// A Code says why a step did not pass. Codes are stable across releases, part of the
// JSON report, and bare words. Each has one group and one result, so a code alone
// tells which verdict it leads to; docs/codes.md is made from this table.
type Code string

// Codes that this package gives itself. The others in the table come from the
// packages that found the fault.
const (
	codeContextUnknown   Code = "context-unknown"
	CodeVersionUnjudged  Code = "version-unsupported"
	CodeNoProof          Code = "no-proof"
	CodeSignerUnknown    Code = "signer-unknown"
	CodeSignature        Code = "signature"
	CodeUnsupportedSuite Code = "unsupported-suite"
	CodePurpose          Code = "proof-purpose"

	CodeDomain           Code = "domain"
	CodeHolder           Code = "not-the-holder"
	CodeChallenge        Code = "challenge"
	CodeOptionsNotSigned Code = "options-not-signed"
	CodeSchemaMissing    Code = "schema-missing"
	CodeSchemaType       Code = "schema-unsupported"
	CodeSchemaBroken     Code = "schema-malformed"
	CodeSchema           Code = "schema"
	CodeResource         Code = "resource-digest"
	CodeHashlink         Code = "hashlink"
	CodeDigestForm       Code = "digest-unsupported"

	CodeTargetHash  Code = "target-hash"
	CodeMerkleRoot  Code = "merkle-root"
	CodeNoAnchor    Code = "no-anchor"
	CodeNoEvidence  Code = "no-evidence"
	CodeChainUnread Code = "chain-unsupported"
	CodeTxID        Code = "transaction-id"
	CodeRootNotInTx Code = "root-not-in-transaction"
	CodeNotJudged   Code = "not-judged"
	CodeDisagree    Code = "observers-disagree"

	CodeIssuerUnknown  Code = "issuer-unknown"
	CodeIssuerDocument Code = "issuer-document"

	CodeNothingPresented Code = "nothing-presented"
	CodeType             Code = "type-not-authorised"
	CodePlace            Code = "place-not-authorised"
	CodePlaceNotStated   Code = "place-not-stated"

	CodeIssuerKey       Code = "issuer-key"
	CodeKeyPurpose      Code = "key-purpose"
	CodeKeyController   Code = "key-controller"
	CodeKeyUnreadable   Code = "key-unreadable"
	CodeKeyNotAttested  Code = "key-not-attested"
	CodeKeyBoundary     Code = "key-time-boundary"
	CodeKeyTimeUnknown  Code = "key-time-unknown"
	CodeKeyOutside      Code = "key-outside-window"
	CodeKeyRevoked      Code = "key-revoked"
	CodeAddress         Code = "issuing-address"
	CodeAddressOutside  Code = "address-outside-window"
	CodeAddressBoundary Code = "address-time-boundary"
	CodeAddressUnproven Code = "address-not-attested"

	CodeExpired        Code = "expired"
	CodeNotYetValid    Code = "not-yet-valid"
	CodeDateBoundary   Code = "date-boundary"
	CodeRevoked        Code = "revoked"
	CodeSuspended      Code = "suspended"
	CodeLegalStatus    Code = "legal-status"
	CodeInForceUnknown Code = "in-force-not-stated"

	CodeStatusIndex       Code = "status-index"
	CodeStatusType        Code = "status-type-unsupported"
	CodeRevocationUnknown Code = "revocation-unknown"
	CodeListIssuer        Code = "status-list-issuer"
	CodeListPurpose       Code = "status-list-purpose"
	CodeListID            Code = "status-list-id"
	CodeListSize          Code = "status-list-size"
	CodeListRollback      Code = "snapshot-rollback"
	CodeListSequence      Code = "status-list-sequence"
	CodeListSignature     Code = "status-list-signature"
	CodeListMalformed     Code = "status-list-malformed"
	CodeIndexRange        Code = "status-index-range"

	CodeStatusStale  Code = "status-stale"
	CodeStatusFuture Code = "status-not-yet"

	CodeNetwork       Code = "network-not-accepted"
	CodeConfirmations Code = "confirmations"
	CodeStrength      Code = "chain-fact-too-weak"

	CodeSignetUnsigned Code = "signet-unsigned"
)

// Codes of warnings.
const (
	WarnGhost     Code = "member-not-hashed"
	WarnDateZone  Code = "date-without-zone"
	WarnTarget    Code = "several-anchors"
	WarnChain     Code = "chain"
	WarnName      Code = "confusable-name"
	WarnText      Code = "unusual-text"
	WarnNoStatus  Code = "no-status-published"
	WarnTwoLists  Code = "two-lists-one-sequence"
	WarnList      Code = "status-list-not-counted"
	WarnResource  Code = "resource-not-checked"
	WarnHolder    Code = "holder-not-bound"
	WarnUnreached Code = "source-not-reached"
	WarnSchema    Code = "schema-of-subject"
	WarnPurpose   Code = "status-list-without-purpose"
)

// A CodeInfo is one row of the table of codes.
type CodeInfo struct {
	Code    Code
	Group   Group
	Result  Result
	Meaning string
}

// Verdict returns the verdict a single step with this code leads to.
func (c CodeInfo) Verdict() Verdict {
	switch {
	case c.Result != Failed:
		return Indeterminate
	case c.Group == Standing:
		return NotInForce
	}
	return Invalid
}

// Codes returns the table of codes: all that a step of a report can carry.
func Codes() []CodeInfo { return slices.Clone(codeTable) }

// Meaning returns what a code says, in English; "" for one that is not in the table.
func Meaning(c Code) string { return codeIndex[c].Meaning }

var codeTable = []CodeInfo{
	// format: internal/strictjson and credential
	{"not-json", Integrity, Failed, "the file is not JSON"},
	{"not-utf8", Integrity, Failed, "the file is not UTF-8 text"},
	{"byte-order-mark", Integrity, Failed, "the file begins with a byte order mark"},
	{"lone-surrogate", Integrity, Failed, "a text holds half a character"},
	{"duplicate-key", Integrity, Failed, "an object has a member twice"},
	{"trailing-data", Integrity, Failed, "data follows the document"},
	{"number-range", Integrity, Failed, "a number is too large"},
	{"wrong-type", Integrity, Failed, "the document is not an object"},
	{"limit-bytes", Integrity, Unavailable, "the document is larger than what is read"},
	{"limit-depth", Integrity, Unavailable, "the document is nested deeper than what is read"},
	{"limit-members", Integrity, Unavailable, "the document has more members than what is read"},
	{"limit-proofs", Integrity, Unavailable, "the document has more proofs or status entries, or a longer proof, than what is read"},
	{"unknown-version", Integrity, Failed, "neither a W3C credential nor a Blockcerts certificate"},
	{"malformed-member", Integrity, Failed, "a member has a form its version does not allow"},
	{"malformed-proof", Integrity, Failed, "a proof cannot be read"},
	{"malformed-date", Integrity, Failed, "a date cannot be read"},
	{CodeVersionUnjudged, Integrity, Unsupported, "this version is not judged"},

	// canonical form: internal/jsonld
	{codeContextUnknown, Integrity, Unavailable, "a context is not pinned"},
	{"context-not-allowed", Integrity, Failed, "a context could change what the members mean"},
	{"labels-not-signed", Integrity, Unavailable, "an inline context gives labels that nobody signed"},
	{"unmapped-term", Integrity, Failed, "a member is defined by no context, so nobody signed it"},
	{"ghost-member", Integrity, Failed, "a member adds nothing to what was signed"},
	{"relative-iri", Integrity, Failed, "an id is not absolute"},
	{"invalid-iri", Integrity, Failed, "an id holds characters that are not allowed"},
	{"inexact-number", Integrity, Failed, "a number that programs read differently"},
	{"limit-canonicalisation", Integrity, Unavailable, "the canonical form takes more work than is spent"},
	{"limit-quads", Integrity, Unavailable, "the document makes more statements than what is read"},
	{"limit-blank-nodes", Integrity, Unavailable, "the document has more unnamed objects than what is read"},
	{"limit-contexts", Integrity, Unavailable, "the document has more contexts inside than what is read"},
	{"json-ld", Integrity, Failed, "the document breaks JSON-LD"},

	// request, schema, resources
	{CodeDomain, Integrity, Failed, "the proof was made for another audience, or for none"},
	{CodeChallenge, Integrity, Failed, "the proof does not answer the challenge"},
	{CodeHolder, Integrity, Failed, "the credential is about somebody who did not sign the presentation"},
	{CodeOptionsNotSigned, Integrity, Unavailable, "the proof names audience and challenge, but nobody signed them"},
	{CodeSchemaMissing, Integrity, Unavailable, "the schema that the document names is missing"},
	{CodeSchemaType, Integrity, Unsupported, "this kind of schema is not judged"},
	{CodeSchemaBroken, Integrity, Unavailable, "the schema cannot be read"},
	{CodeSchema, Integrity, Failed, "the document does not follow the schema that it names"},
	{CodeResource, Integrity, Failed, "something that the document names by digest was exchanged"},
	{CodeHashlink, Integrity, Failed, "something that the document links to by digest was exchanged"},
	{CodeDigestForm, Integrity, Unsupported, "this kind of digest is not judged"},

	// signature: cryptosuite
	{CodeNoProof, Integrity, Unavailable, "the document has no proof"},
	{CodeSignerUnknown, Integrity, Unavailable, "the signer's key is not known here"},
	{CodeSignature, Integrity, Failed, "the signature is not of this document under the issuer's key"},
	{"signature-high-s", Integrity, Unsupported, "the signature is written in its malleable form"},
	{CodeUnsupportedSuite, Integrity, Unsupported, "this kind of signature is not judged"},
	{"malformed-proof-value", Integrity, Failed, "the signature cannot be read"},
	{"key-type", Integrity, Failed, "the issuer's key is of another kind than the signature"},
	{CodePurpose, Integrity, Failed, "the proof was made for another purpose"},

	// Merkle path
	{CodeTargetHash, Integrity, Failed, "the proof is of another document, or the document was altered"},
	{CodeMerkleRoot, Integrity, Failed, "the path leads to another root"},

	// anchor: transaction, scripts, block, chain
	{CodeNoAnchor, Integrity, Unavailable, "the document is anchored in no block chain"},
	{CodeChainUnread, Integrity, Unsupported, "this block chain is not judged"},
	{CodeNoEvidence, Integrity, Unavailable, "the evidence of the transaction is missing"},
	{CodeNotJudged, Integrity, Unavailable, "a step before this one did not pass"},
	{CodeDisagree, Integrity, Unavailable, "the observers of the trust file do not agree, or too few of them have spoken"},
	{CodeTxID, Integrity, Failed, "the evidence holds another transaction than the one named"},
	{CodeRootNotInTx, Integrity, Failed, "the transaction commits to another root"},
	{"limit", Integrity, Unavailable, "the evidence is larger than what is read"},
	{"malformed-transaction", Integrity, Failed, "a transaction cannot be read"},
	{"ambiguous-transaction", Integrity, Failed, "a transaction of 64 bytes, which could be a node of a tree"},
	{"anchor-script", Integrity, Failed, "the transaction does not hold exactly one 32-byte root"},
	{"previous-transaction", Integrity, Failed, "a previous transaction is missing or another"},
	{"issuing-script", Integrity, Unsupported, "the transaction spends a kind of output that is not judged"},
	{"sighash", Integrity, Failed, "a signature of the transaction leaves outputs open"},
	{"issuing-signature", Integrity, Failed, "the transaction was not signed by the owner of its inputs"},
	{"tx-inclusion", Integrity, Failed, "the transaction is not in that block"},
	{"coinbase", Integrity, Failed, "the block's first transaction is not one"},
	{"signet-solution", Integrity, Failed, "the block lacks signet's signature"},
	{"network-mismatch", Integrity, Failed, "the evidence is of another network than the proof names"},
	{"malformed-headers", Integrity, Failed, "block headers cannot be read"},
	{"header-link", Integrity, Failed, "block headers are not a chain"},
	{"header-pow", Integrity, Failed, "a block header lacks its proof of work"},
	{"header-bits", Integrity, Failed, "a block header has the wrong difficulty"},
	{"header-time", Integrity, Failed, "a block header has a time the rules forbid"},
	{"header-version", Integrity, Failed, "a block header has a version the rules forbid"},
	{"no-checkpoints", Integrity, Unavailable, "the trust file names no checkpoints or headers of this network"},
	{"no-headers", Integrity, Unavailable, "there are no block headers for this block"},
	{"not-linked-forward", Integrity, Unavailable, "the block headers do not lead to a checkpoint of the trust file"},
	{"not-in-best-chain", Integrity, Unavailable, "a chain with more work has another block there"},

	// issuer
	{CodeIssuerUnknown, IssuerOf, Unavailable, "the issuer is not in the trust file"},
	{CodeIssuerDocument, IssuerOf, Unavailable, "the issuer's document, which the trust file names by digest, is missing"},
	{CodeNothingPresented, IssuerOf, Unavailable, "the presentation carries no credential, so no issuer speaks"},
	{CodeType, IssuerOf, Failed, "the trust file does not let this issuer issue this type"},
	{CodePlace, IssuerOf, Failed, "the trust file does not let this issuer speak for this place"},
	{CodePlaceNotStated, IssuerOf, Unavailable, "the trust file does not say for which places this issuer speaks"},
	{CodeIssuerKey, IssuerOf, Failed, "the proof names a key that is not the issuer's"},
	{CodeKeyPurpose, IssuerOf, Failed, "the issuer's key is not for signing credentials"},
	{CodeKeyController, IssuerOf, Failed, "the key belongs to somebody else"},
	{CodeKeyUnreadable, IssuerOf, Unsupported, "the issuer's key is of a kind that cannot be read"},
	{CodeKeyNotAttested, IssuerOf, Unavailable, "nobody says since when the issuer has this key"},
	{CodeKeyBoundary, IssuerOf, Unavailable, "the time of the anchor is too near the beginning or end of the key"},
	{CodeKeyTimeUnknown, IssuerOf, Unavailable, "the key is not valid at the moment asked, and no anchor shows when it signed"},
	{CodeKeyOutside, IssuerOf, Failed, "the key was not valid when it signed"},
	{CodeKeyRevoked, IssuerOf, Failed, "the key was revoked, and no anchor shows that it signed before"},
	{CodeAddress, IssuerOf, Failed, "the transaction was paid by an address that is not the issuer's"},
	{CodeAddressOutside, IssuerOf, Failed, "the issuer's address was not valid at the time of the anchor"},
	{CodeAddressBoundary, IssuerOf, Unavailable, "the time of the anchor is too near the beginning or end of the address"},
	{CodeAddressUnproven, IssuerOf, Unavailable, "nobody says since when the issuer has this address"},

	// standing
	{CodeExpired, Standing, Failed, "the document has expired"},
	{CodeNotYetValid, Standing, Failed, "the document is not yet valid"},
	{CodeDateBoundary, Standing, Unavailable, "a date without time zone is too near the moment asked"},
	{CodeRevoked, Standing, Failed, "the issuer has revoked the document"},
	{CodeSuspended, Standing, Failed, "the issuer has suspended the document"},
	{CodeLegalStatus, Standing, Failed, "the legal status is not one that the trust file calls in force"},
	{CodeInForceUnknown, Standing, Unavailable, "the trust file does not say which legal status is in force"},
	{CodeRevocationUnknown, Standing, Unavailable, "the status list is missing"},
	{CodeStatusType, Standing, Unsupported, "this kind of status is not judged"},
	{CodeListIssuer, Standing, Unavailable, "the status list is by somebody else"},
	{CodeListPurpose, Standing, Unavailable, "the status list is for another purpose"},
	{CodeListID, Standing, Unavailable, "the status list is another than the document names"},
	{CodeListSize, Standing, Unavailable, "the entries of the status list have another size"},
	{CodeListRollback, Standing, Unavailable, "a newer status list has been seen before"},
	{CodeListSequence, Standing, Unavailable, "the status list states no sequence number, and the trust file asks for one"},
	{CodeListSignature, Standing, Unavailable, "the status list is not signed by its issuer"},
	{CodeListMalformed, Standing, Unavailable, "the status list cannot be read"},
	{CodeIndexRange, Standing, Unavailable, "the status list is too short for the document's entry"},
	{"limit-status-list", Standing, Unavailable, "the status list is larger than what is read"},

	// freshness
	{CodeStatusStale, Freshness, Unavailable, "the status list is older than the trust file allows"},
	{CodeStatusFuture, Freshness, Unavailable, "the status list speaks about a later moment than the one asked"},
	{CodeNetwork, Freshness, Unavailable, "the trust file does not accept this network"},
	{CodeConfirmations, Freshness, Unavailable, "too few blocks confirm the anchor"},
	{CodeSignetUnsigned, Freshness, Unavailable, "the evidence does not show that the blocks which confirm the anchor carry signet's signature"},
	{CodeStrength, Freshness, Unavailable, "the chain fact is weaker than the trust file asks for"},

	// a status index that no program may guess about belongs to integrity: the
	// document itself is at fault
	{CodeStatusIndex, Integrity, Failed, "the status entry has no proper index"},
}

var codeIndex = func() map[Code]CodeInfo {
	m := make(map[Code]CodeInfo, len(codeTable))
	for _, c := range codeTable {
		if _, twice := m[c.Code]; twice {
			panic("verifier: code twice in the table: " + string(c.Code))
		}
		m[c.Code] = c
	}
	return m
}()
