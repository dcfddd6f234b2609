package wallet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math/big"

	"github.com/btcsuite/btcd/btcec/v2"
)

// A Curve is a kind of key of a relation.
type Curve string

// The curves.
const (
	Ed25519 Curve = "Ed25519"
	P256    Curve = "P-256"
)

// Names of curves as SLIP-0010 seeds them.
const (
	seedEd25519 = "ed25519 seed"
	seedP256    = "Nist256p1 seed"
	seedBitcoin = "Bitcoin seed"
)

// A node is one key of the tree of SLIP-0010. All steps are hardened, so no key tells
// anything about another.
type node struct {
	key, chain []byte
	order      *big.Int // of the curve; nil for Ed25519, where every 32 bytes are a key
}

// master is the root of the tree of one curve (SLIP-0010, master key generation).
func master(curve string, seed []byte) node {
	n := node{}
	switch curve {
	case seedP256:
		n.order = elliptic.P256().Params().N
	case seedBitcoin:
		n.order = btcec.S256().N
	}
	for data := seed; ; {
		sum := keyed([]byte(curve), data)
		n.key, n.chain = sum[:32], sum[32:]
		if n.order == nil || inRange(new(big.Int).SetBytes(n.key), n.order) {
			return n
		}
		data = sum
	}
}

// child is the hardened child i (SLIP-0010, private parent key to private child key).
func (n node) child(i uint32) node {
	var index [4]byte
	binary.BigEndian.PutUint32(index[:], i|1<<31)
	data := append(append([]byte{0}, n.key...), index[:]...)
	for {
		sum := keyed(n.chain, data)
		if n.order == nil {
			return node{sum[:32], sum[32:], nil}
		}
		left := new(big.Int).SetBytes(sum[:32])
		key := new(big.Int).Add(left, new(big.Int).SetBytes(n.key))
		key.Mod(key, n.order)
		if left.Cmp(n.order) < 0 && key.Sign() > 0 {
			return node{key.FillBytes(make([]byte, 32)), sum[32:], n.order}
		}
		data = append(append([]byte{1}, sum[32:]...), index[:]...)
	}
}

func inRange(k, order *big.Int) bool { return k.Sign() > 0 && k.Cmp(order) < 0 }

func keyed(key, data []byte) []byte {
	h := hmac.New(sha512.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// identityPath is the path of SLIP-0013 for key number index of a relation with uri:
// m/13'/a'/b'/c'/d', the letters being the first 128 bits of SHA-256(index || uri).
func identityPath(uri string, index uint32) []uint32 {
	h := sha256.New()
	var number [4]byte
	binary.LittleEndian.PutUint32(number[:], index)
	h.Write(number[:])
	h.Write([]byte(uri))
	sum := h.Sum(nil)
	path := []uint32{13}
	for i := range 4 {
		path = append(path, binary.LittleEndian.Uint32(sum[4*i:]))
	}
	return path
}

func derived(curve string, seed []byte, uri string, index uint32) []byte {
	n := master(curve, seed)
	for _, i := range identityPath(uri, index) {
		n = n.child(i)
	}
	return n.key
}

// identityKey is the key a relation signs with.
func (p phrase) identityKey(curve Curve, issuer string, index uint32) (crypto.Signer, error) {
	if curve == P256 {
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), derived(seedP256, p.seed(), issuer, index))
	}
	return ed25519.NewKeyFromSeed(derived(seedEd25519, p.seed(), issuer, index)), nil
}

// recoveryIndex is the number of the recovery key among the keys for an issuer: the last,
// which no relation reaches. An issuer's id of its own for it would be one that another
// issuer could call itself, and then be answered with that key.
const recoveryIndex = 1<<32 - 1

// recoveryKey is the key that can name another in place of all for an issuer.
func (p phrase) recoveryKey(issuer string) (crypto.Signer, error) {
	return p.identityKey(Ed25519, issuer, recoveryIndex)
}

// bitcoinKey is the key of a relation's Bitcoin address. It never holds coins.
func (p phrase) bitcoinKey(issuer string, index uint32) *btcec.PrivateKey {
	key, _ := btcec.PrivKeyFromBytes(derived(seedBitcoin, p.seed(), issuer, index))
	return key
}
