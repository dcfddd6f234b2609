package anchor

import (
	"encoding/binary"
	"math/big"
	"time"
)

// HeaderSize is the length of a block header in bytes.
const HeaderSize = 80

// A Header is the 80 bytes of a block header as on the wire. Any bytes are a Header;
// CheckWork and LinkHeaders judge them.
type Header [HeaderSize]byte

// Version returns the version number, which is signed.
func (h Header) Version() int32 { return int32(binary.LittleEndian.Uint32(h[0:])) }

// Prev returns the hash of the block before.
func (h Header) Prev() BlockHash { return BlockHash(h[4:36]) }

// MerkleRoot returns the root of the tree of transactions, in the order of the hash function.
func (h Header) MerkleRoot() [32]byte { return [32]byte(h[36:68]) }

// Seconds returns the time that the miner stated, in Unix seconds. It may be up to two
// hours ahead, lie before that of the block before, or be stated hours early.
func (h Header) Seconds() uint32 { return binary.LittleEndian.Uint32(h[68:]) }

// Time returns Seconds as a UTC time.
func (h Header) Time() time.Time { return time.Unix(int64(h.Seconds()), 0).UTC() }

// Bits returns the target in compact form.
func (h Header) Bits() uint32 { return binary.LittleEndian.Uint32(h[72:]) }

// Nonce returns the number that the miner varied.
func (h Header) Nonce() uint32 { return binary.LittleEndian.Uint32(h[76:]) }

// Hash returns the block's hash.
func (h Header) Hash() BlockHash { return doubleSHA256(h[:]) }

// CheckWork checks that the stated target is well formed and no easier than the network
// allows, and that the hash meets it. Codes: header-bits, header-pow, network-mismatch.
func (h Header) CheckWork(net Network) error {
	if err := net.known(); err != nil {
		return err
	}
	return h.checkWork(net.rules(), "header")
}

func (h Header) checkWork(r rules, part string) error {
	target, err := ParseBits(h.Bits())
	if err != nil {
		return refuse(CodeHeaderBits, part, "%v", err)
	}
	limit, _ := ParseBits(r.limitBits)
	if target.Cmp(limit) > 0 {
		return refuse(CodeHeaderBits, part, "target %08x is easier than the limit %08x", h.Bits(), r.limitBits)
	}
	if hashNumber(h.Hash()).Cmp(target) > 0 {
		return refuse(CodeHeaderPoW, part, "hash is above the target %08x", h.Bits())
	}
	return nil
}

// hashNumber reads a hash as the little-endian number that targets are compared with.
func hashNumber(h BlockHash) *big.Int {
	var be [32]byte
	for i, b := range h {
		be[31-i] = b
	}
	return new(big.Int).SetBytes(be[:])
}
