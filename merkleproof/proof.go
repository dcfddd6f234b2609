package merkleproof

import (
	"fmt"
	"slices"
	"strings"
)

// A Code names why a proof could not be read. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeHash   Code = "malformed-hash"   // not 32 bytes in one case of hexadecimal
	CodeProof  Code = "malformed-proof"  // wrong shape, unknown or repeated member
	CodeChain  Code = "unknown-chain"    // a chain this package has no name for
	CodeLength Code = "limit-proof-size" // more than MaxSteps steps or MaxProofValue characters
)

// An Error says why a proof could not be read.
type Error struct {
	Code   Code
	Place  string // member or path step, for example "path[3]"; may be empty
	Detail string
}

func (e *Error) Error() string {
	if e.Place == "" {
		return fmt.Sprintf("merkleproof: %s: %s", e.Code, e.Detail)
	}
	return fmt.Sprintf("merkleproof: %s at %s: %s", e.Code, e.Place, e.Detail)
}

func malformed(place, format string, args ...any) error {
	return &Error{Code: CodeProof, Place: place, Detail: fmt.Sprintf(format, args...)}
}

// A Proof ties one credential to one anchored root. Root and Target are what the
// proof claims: a verifier computes the leaf itself, follows Path and takes the
// root from the transaction; the two members are cross-checks only.
type Proof struct {
	Root   Hash
	Target Hash
	Path   Path
	// Anchor is the first anchor. Blockcerts verifiers look at no other, and
	// Decode refuses a proof without one.
	Anchor Anchor
	// Anchors is the number of anchors in the decoded proof, 1 in ours.
	Anchors int

	layout layout // how the decoded bytes were written; zero is how we write
}

// An Anchor names the transaction that commits to a root.
type Anchor struct {
	Chain Chain
	// TxID is the transaction's printed id: 64 hexadecimal digits for Bitcoin,
	// "0x" and 64 digits for Ethereum, a sentence for Mocknet.
	TxID string
}

// A Chain is a block chain and network as "chain:network", the way a decoded
// MerkleProof2019 prints it ("blink:btc:testnet:<txid>").
//
// Blockcerts has one label for all public Bitcoin test networks, and an anchor's
// label proves nothing: the network is what the block headers say it is.
type Chain string

// The chains of Blockcerts.
const (
	BitcoinMainnet  Chain = "btc:mainnet"
	BitcoinTestnet  Chain = "btc:testnet"
	BitcoinRegtest  Chain = "btc:regtest"
	EthereumMainnet Chain = "eth:mainnet"
	EthereumRopsten Chain = "eth:ropsten"
	EthereumRinkeby Chain = "eth:rinkeby"
	EthereumGoerli  Chain = "eth:goerli"
	EthereumSepolia Chain = "eth:sepolia"
	PolygonMainnet  Chain = "mtc:mainnet"
	PolygonMumbai   Chain = "mtc:mumbai"
	Mocknet         Chain = "mocknet:mocknet" // no chain at all
)

// MockSentence stands where the transaction id would be in a mocknet proof.
const MockSentence = "This has not been issued on a blockchain and is for testing only"

type chainName struct {
	chain       Chain
	id, network int64
	name2017    string
}

// chains lists numbers (MerkleProof2019) and name (MerkleProof2017) of each chain.
var chains = []chainName{
	{BitcoinMainnet, 0, 1, "bitcoinMainnet"},
	{BitcoinRegtest, 0, 2, "bitcoinRegtest"},
	{BitcoinTestnet, 0, 3, "bitcoinTestnet"},
	{EthereumMainnet, 1, 1, "ethereumMainnet"},
	{EthereumRopsten, 1, 3, "ethereumRopsten"},
	{EthereumRinkeby, 1, 4, "ethereumRinkeby"},
	{EthereumGoerli, 1, 5, "ethereumGoerli"},
	{EthereumSepolia, 1, 11155111, "ethereumSepolia"},
	{PolygonMainnet, 2, 137, ""},
	{PolygonMumbai, 2, 80001, ""},
	{Mocknet, -1, -1, "mockchain"},
}

// Known reports whether c is one of the chains above.
func (c Chain) Known() bool {
	return slices.ContainsFunc(chains, func(k chainName) bool { return k.chain == c })
}

// IsBitcoin reports whether c is a Bitcoin network.
func (c Chain) IsBitcoin() bool { return strings.HasPrefix(string(c), "btc:") }

// IsEthereum reports whether c is an Ethereum network.
func (c Chain) IsEthereum() bool { return strings.HasPrefix(string(c), "eth:") }

// checkTxID refuses ids whose text could name something else in another reader.
func (a Anchor) check(place string) error {
	id := a.TxID
	switch {
	case a.Chain == Mocknet:
		return nil
	case a.Chain.IsBitcoin():
		if _, err := ParseHash(id); err != nil {
			return malformed(place, "a Bitcoin transaction id has 64 hexadecimal digits")
		}
	default:
		if _, err := ParseHash(strings.TrimPrefix(id, "0x")); err != nil {
			return malformed(place, "a transaction id has 64 hexadecimal digits after 0x")
		}
	}
	return nil
}
