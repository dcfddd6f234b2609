package anchor

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// A Network is one Bitcoin chain, known by its genesis block.
type Network string

// The networks. Only regtest may be extended by anybody, at no cost.
const (
	Mainnet  Network = "mainnet"
	Testnet3 Network = "testnet3"
	Testnet4 Network = "testnet4"
	Signet   Network = "signet" // the default, public signet
	Regtest  Network = "regtest"
)

// rules are the header rules by network. Sources: the chain parameters of Bitcoin Core;
// BIP34, BIP66, BIP65, BIP94, BIP325.
type rules struct {
	params    *chaincfg.Params
	limitBits uint32 // easiest target

	noRetarget   bool // regtest: always limitBits
	twentyMinute bool // a block over 20 minutes late has limitBits
	bip94        bool // retarget from the first block of the period, and a time rule

	bip34, bip66, bip65 Height // from here on versions 2, 3 and 4 at least
}

var networks = map[Network]rules{
	Mainnet: {
		params: &chaincfg.MainNetParams, limitBits: 0x1d00ffff,
		bip34: 227931, bip66: 363725, bip65: 388381,
	},
	Testnet3: {
		params: &chaincfg.TestNet3Params, limitBits: 0x1d00ffff, twentyMinute: true,
		bip34: 21111, bip66: 330776, bip65: 581885,
	},
	Testnet4: {
		params: &chaincfg.TestNet4Params, limitBits: 0x1d00ffff, twentyMinute: true, bip94: true,
		bip34: 1, bip66: 1, bip65: 1,
	},
	Signet: {
		params: &chaincfg.SigNetParams, limitBits: 0x1e0377ae,
		bip34: 1, bip66: 1, bip65: 1,
	},
	Regtest: {
		params: &chaincfg.RegressionNetParams, limitBits: 0x207fffff, noRetarget: true,
		bip34: 1, bip66: 1, bip65: 1,
	},
}

// Networks lists the networks, mainnet first.
func Networks() []Network { return []Network{Mainnet, Testnet3, Testnet4, Signet, Regtest} }

// ParseNetwork accepts exactly the names that Networks lists.
func ParseNetwork(s string) (Network, error) {
	if _, ok := networks[Network(s)]; !ok {
		return "", fmt.Errorf("anchor: unknown network %.32q", s)
	}
	return Network(s), nil
}

// NetworkByGenesis returns the network whose first block has this hash.
func NetworkByGenesis(h BlockHash) (Network, bool) {
	for _, n := range Networks() {
		if n.Genesis().Hash() == h {
			return n, true
		}
	}
	return "", false
}

// Params returns btcd's parameters of the network: address prefixes and the like.
// It panics for a name that ParseNetwork refuses.
func (n Network) Params() *chaincfg.Params { return n.rules().params }

// Genesis returns the first header. It panics for a name that ParseNetwork refuses.
func (n Network) Genesis() Header {
	var buf bytes.Buffer
	if err := n.Params().GenesisBlock.Header.Serialize(&buf); err != nil {
		panic(err) // a Buffer does not fail
	}
	return Header(buf.Bytes())
}

func (n Network) rules() rules {
	r, ok := networks[n]
	if !ok {
		panic(fmt.Sprintf("anchor: unknown network %.32q", string(n)))
	}
	return r
}

// known refuses a name that came from outside, so that rules need not be asked for it.
func (n Network) known() error {
	if _, ok := networks[n]; !ok {
		return refuse(CodeNetworkMismatch, "network", "unknown network %.32q", string(n))
	}
	return nil
}
