package btcdtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math/big"
	"reflect"
	"testing"
	_ "unsafe" // for go:linkname

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

// headerRules has the fields of package anchor's own type rules; TestRulesLayout compares
// the two declarations. On the public networks a header takes at least millions of
// hashes, so no mutant would get past the check of its work, and nothing behind it would be
// compared. So the tests add networks whose rules are those of a public one but for an
// easier limit; every header then goes through the exported functions.
type headerRules struct {
	params    *chaincfg.Params
	limitBits uint32

	noRetarget   bool
	twentyMinute bool
	bip94        bool

	bip34, bip66, bip65 anchor.Height
}

//go:linkname anchorNetworks github.com/certanchor/certanchor/anchor.networks
var anchorNetworks map[anchor.Network]headerRules

// A network is one of package anchor, with btcd's parameters for it.
type network struct {
	name   anchor.Network
	params *chaincfg.Params
}

// public is a network as it is.
func public(name anchor.Network) network { return network{name, name.Params()} }

// An easing says which public network to make easy, and how.
type easing struct {
	name      anchor.Network
	like      anchor.Network
	limitBits uint32
	// exact says that btcd's limit is the compact one itself, as on signet; elsewhere it
	// has ones below, which no compact target reaches.
	exact bool
	// From here on versions 2, 3 and 4, low enough for a short chain; 0 leaves them.
	bip34, bip66, bip65 anchor.Height
}

var easings = []easing{
	{name: "easy-mainnet", like: anchor.Mainnet, limitBits: 0x2100ffff, bip34: 700, bip66: 2017, bip65: 4032},
	{name: "easy-testnet3", like: anchor.Testnet3, limitBits: 0x2100ffff, bip34: 9, bip66: 2016, bip65: 4030},
	{name: "easy-testnet3-b", like: anchor.Testnet3, limitBits: 0x207fffff, bip34: 2015, bip66: 2100, bip65: 4033},
	{name: "easy-testnet4", like: anchor.Testnet4, limitBits: 0x2100ffff},
	{name: "easy-testnet4-b", like: anchor.Testnet4, limitBits: 0x207fffff},
	{name: "easy-signet", like: anchor.Signet, limitBits: 0x200377ae, exact: true},
	{name: "easy-regtest", like: anchor.Regtest, limitBits: 0x207fffff, bip34: 3, bip66: 700, bip65: 2016},
}

func init() {
	for _, e := range easings {
		addEasy(e)
	}
}

// addEasy gives package anchor the easy network, and btcd's parameters the same limit and
// heights. Everything else in both is what each has for the public network.
func addEasy(e easing) {
	params := *e.like.Params()
	params.PowLimitBits = e.limitBits
	params.PowLimit = blockchain.CompactToBig(e.limitBits)
	if !e.exact {
		width := uint(params.PowLimit.BitLen())
		params.PowLimit = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), width), big.NewInt(1))
	}
	genesis := wire.BlockHeader{
		Version: 1, Timestamp: params.GenesisBlock.Header.Timestamp, Bits: e.limitBits,
		MerkleRoot: chainhash.HashH([]byte(e.name)),
	}
	params.GenesisBlock = &wire.MsgBlock{Header: genesis}
	r := anchorNetworks[e.like]
	r.params, r.limitBits = &params, e.limitBits
	if e.bip34 != 0 {
		r.bip34, r.bip66, r.bip65 = e.bip34, e.bip66, e.bip65
	}
	params.BIP0034Height, params.BIP0066Height, params.BIP0065Height = int32(r.bip34), int32(r.bip66), int32(r.bip65)
	anchorNetworks[e.name] = r
}

func easy(t testing.TB, name anchor.Network) network {
	t.Helper()
	r, ok := anchorNetworks[name]
	if !ok {
		t.Fatalf("no network %s", name)
	}
	return network{name, r.params}
}

// TestRulesLayout: what is read by headerRules is what package anchor declares. Without
// this the other tests of headers would mean nothing.
func TestRulesLayout(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../anchor/network.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == "rules" {
			for _, f := range spec.Type.(*ast.StructType).Fields.List {
				for _, name := range f.Names {
					declared = append(declared, name.Name+" "+types.ExprString(f.Type))
				}
			}
		}
		return true
	})
	var ours []string
	for f := range reflect.TypeFor[headerRules]().Fields() {
		kind := f.Type.String()
		if kind == "anchor.Height" {
			kind = "Height"
		}
		ours = append(ours, f.Name+" "+kind)
	}
	if !reflect.DeepEqual(declared, ours) {
		t.Fatalf("package anchor declares\n%v, this test\n%v", declared, ours)
	}
}

// TestConstantsAgainstBtcd compares every number in the rules of the public networks with
// btcd's parameters.
func TestConstantsAgainstBtcd(t *testing.T) {
	for _, name := range anchor.Networks() {
		r, p := anchorNetworks[name], name.Params()
		same := func(what string, ours, theirs any) {
			if ours != theirs {
				t.Errorf("%s: %s is %v, btcd has %v", name, what, ours, theirs)
			}
		}
		same("limit", r.limitBits, p.PowLimitBits)
		same("limit as a number", r.limitBits, blockchain.BigToCompact(p.PowLimit))
		same("no retarget", r.noRetarget, p.PoWNoRetargeting)
		same("BIP94", r.bip94, p.EnforceBIP94)
		if name != anchor.Regtest { // which never gets that far, having no retarget
			same("twenty-minute rule", r.twentyMinute, p.ReduceMinDifficulty)
		}
		same("BIP66", int32(r.bip66), p.BIP0066Height)
		same("BIP65", int32(r.bip65), p.BIP0065Height)
		same("BIP34", int32(r.bip34), p.BIP0034Height)
		genesis := name.Genesis()
		same("genesis", chainhash.Hash(genesis.Hash()), *p.GenesisHash)
	}
}
