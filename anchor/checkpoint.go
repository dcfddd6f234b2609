package anchor

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
)

// A Checkpoint names the last block of a retarget period, height 2016k-1, as known to the
// caller from elsewhere.
type Checkpoint struct {
	Height Height    `json:"height"`
	Hash   BlockHash `json:"hash"`
	// NextBits is the compact target of the period that follows; 0 where it is not known.
	NextBits uint32 `json:"nextBits"`
}

// A CheckpointPack is an immutable list of checkpoints of one network, by height. A nil
// pack holds none. The genesis block is a checkpoint of every network and is not listed.
type CheckpointPack struct {
	network Network
	list    []Checkpoint
}

const (
	// checkpointSize is a record on file: hash as hashed, next bits little endian.
	checkpointSize = 32 + 4

	// maxCheckpoints bounds a pack: 2,000 periods are 76 years of blocks.
	maxCheckpoints = 2000
)

const packPart = "checkpoints"

func badPack(format string, args ...any) error {
	return refuse(CodeMalformedCheckpoints, packPart, format, args...)
}

// NewCheckpointPack checks heights (2016k-1, rising) and targets. Code:
// malformed-checkpoints, network-mismatch.
func NewCheckpointPack(net Network, list []Checkpoint) (*CheckpointPack, error) {
	if err := net.known(); err != nil {
		return nil, err
	}
	if len(list) > maxCheckpoints {
		return nil, badPack("%d entries, limit %d", len(list), maxCheckpoints)
	}
	limit, _ := ParseBits(net.rules().limitBits)
	last := Height(0)
	for i, c := range list {
		if c.Height <= last || c.Height > maxHeight || c.Height%period != period-1 {
			return nil, badPack("entry %d: height %d", i, c.Height)
		}
		last = c.Height
		if c.NextBits == 0 {
			continue
		}
		if target, err := ParseBits(c.NextBits); err != nil || target.Cmp(limit) > 0 {
			return nil, badPack("entry %d: bits %08x", i, c.NextBits)
		}
	}
	return &CheckpointPack{network: net, list: append([]Checkpoint{}, list...)}, nil
}

// ParseCheckpointPack reads a pack for net: the JSON form of MarshalJSON if data starts
// with '{', which names its network and must name net; else the binary form of
// MarshalBinary. Code: malformed-checkpoints, network-mismatch.
func ParseCheckpointPack(net Network, data []byte) (*CheckpointPack, error) {
	if bytes.HasPrefix(data, []byte("{")) {
		return parsePackJSON(net, data)
	}
	if len(data) == 0 || len(data)%checkpointSize != 0 {
		return nil, badPack("%d bytes are not records of %d", len(data), checkpointSize)
	}
	if len(data)/checkpointSize > maxCheckpoints {
		return nil, badPack("%d entries, limit %d", len(data)/checkpointSize, maxCheckpoints)
	}
	var list []Checkpoint
	for i := 0; i < len(data); i += checkpointSize {
		list = append(list, Checkpoint{
			Height:   period*Height(len(list)+1) - 1,
			Hash:     BlockHash(data[i : i+32]),
			NextBits: binary.LittleEndian.Uint32(data[i+32:]),
		})
	}
	return NewCheckpointPack(net, list)
}

type packJSON struct {
	Checkpoints []Checkpoint `json:"checkpoints"`
	Network     Network      `json:"network"`
}

func parsePackJSON(net Network, data []byte) (*CheckpointPack, error) {
	var j packJSON
	err := strictMembers(data, map[string]any{"checkpoints": &j.Checkpoints, "network": &j.Network})
	if err != nil {
		return nil, badPack("%v", err)
	}
	if j.Network != net {
		return nil, refuse(CodeNetworkMismatch, packPart, "pack of %.32q, want %s", string(j.Network), net)
	}
	return NewCheckpointPack(net, j.Checkpoints)
}

// MarshalJSON writes {"height": n, "hash": reversed hex, "nextBits": 8 hex digits}.
func (c Checkpoint) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Hash     BlockHash `json:"hash"`
		Height   Height    `json:"height"`
		NextBits string    `json:"nextBits"`
	}{c.Hash, c.Height, fmt.Sprintf("%08x", c.NextBits)})
}

// UnmarshalJSON reads what MarshalJSON writes, strictly.
func (c *Checkpoint) UnmarshalJSON(b []byte) error {
	var v Checkpoint
	var bits string
	err := strictMembers(b, map[string]any{"hash": &v.Hash, "height": &v.Height, "nextBits": &bits})
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(bits, 16, 32)
	if err != nil || fmt.Sprintf("%08x", n) != bits {
		return badPack("nextBits is not 8 lower-case hex digits")
	}
	v.NextBits = uint32(n)
	*c = v
	return nil
}

// MarshalJSON writes the form that may leave periods out.
func (p *CheckpointPack) MarshalJSON() ([]byte, error) {
	if p == nil {
		return []byte("null"), nil
	}
	return json.Marshal(packJSON{Checkpoints: append([]Checkpoint{}, p.list...), Network: p.network})
}

// MarshalBinary writes 36 bytes for each period from the first: hash in hash order, next
// bits little endian. It fails if the pack leaves a period out.
func (p *CheckpointPack) MarshalBinary() ([]byte, error) {
	var out []byte
	for i, c := range p.List() {
		if c.Height != period*Height(i+1)-1 {
			return nil, badPack("period %d is missing; only JSON can say so", i)
		}
		out = append(out, c.Hash[:]...)
		out = binary.LittleEndian.AppendUint32(out, c.NextBits)
	}
	return out, nil
}

// Network returns the network of the pack; "" for a nil pack.
func (p *CheckpointPack) Network() Network {
	if p == nil {
		return ""
	}
	return p.network
}

// List returns the checkpoints by height. The caller owns the slice.
func (p *CheckpointPack) List() []Checkpoint {
	if p == nil {
		return nil
	}
	return append([]Checkpoint{}, p.list...)
}

// Digest returns the SHA-256 of network, a zero byte, and for each checkpoint its height
// (4 bytes big endian), hash as hashed, and next bits (4 bytes big endian). It is the
// same for the JSON and the binary form.
func (p *CheckpointPack) Digest() [32]byte {
	h := sha256.New()
	h.Write(append([]byte(p.Network()), 0))
	for _, c := range p.List() {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(c.Height)))
		h.Write(c.Hash[:])
		h.Write(binary.BigEndian.AppendUint32(nil, c.NextBits))
	}
	return [32]byte(h.Sum(nil))
}

// ForwardSpan returns the heights of the headers that lead from the block at height forward
// to a checkpoint: to one that also commits to the eleven headers that close the interval
// of the block's time, if there is one, else to the next. It is false for a block above
// every checkpoint, for which there is no way forward yet.
func (p *CheckpointPack) ForwardSpan(height Height) (from, to Height, ok bool) {
	c, ok := p.from(height + medianSpan)
	if !ok {
		c, ok = p.from(height)
	}
	return height, c.Height, ok
}

// newest returns the last checkpoint; the genesis block if there is none.
func (p *CheckpointPack) newest(net Network) Checkpoint {
	if p == nil || len(p.list) == 0 {
		return Checkpoint{Hash: net.Genesis().Hash()}
	}
	return p.list[len(p.list)-1]
}

// from returns the first checkpoint at or above height, if there is one.
func (p *CheckpointPack) from(height Height) (Checkpoint, bool) {
	if p == nil {
		return Checkpoint{}, false
	}
	i := sort.Search(len(p.list), func(i int) bool { return p.list[i].Height >= height })
	if i == len(p.list) {
		return Checkpoint{}, false
	}
	return p.list[i], true
}
