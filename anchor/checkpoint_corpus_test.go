package anchor

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
)

const bitcoinCorpus = "conformance/bitcoin/"

// A periodStart is a record of bitcoinj: the first header of a period.
type periodStart struct {
	work   *big.Int // of the chain up to this header
	height Height
	header Header
}

func bitcoinj(t testing.TB, name string) []periodStart {
	t.Helper()
	lines := strings.Fields(string(conformance.Read(t, bitcoinCorpus+"checkpoints/"+name)))
	var list []periodStart
	for _, line := range lines {
		raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(line, "="))
		if err != nil || len(raw) != 12+4+80 && len(raw) != 32+4+80 {
			continue // the heading and the counts
		}
		n := len(raw) - 84
		list = append(list, periodStart{
			work:   new(big.Int).SetBytes(raw[:n]),
			height: Height(binary.BigEndian.Uint32(raw[n:])),
			header: Header(raw[n+4:]),
		})
	}
	return list
}

// A periodEnd is a record of Electrum: last block of a period, target of the next.
type periodEnd struct {
	hash   BlockHash
	target *big.Int
}

func electrum(t testing.TB, name string) []periodEnd {
	t.Helper()
	var rows [][2]json.RawMessage
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"checkpoints/"+name), &rows); err != nil {
		t.Fatal(err)
	}
	var list []periodEnd
	for _, row := range rows {
		var e periodEnd
		e.target = new(big.Int)
		if err := json.Unmarshal(row[0], &e.hash); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(row[1], e.target); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// rebuildMainnet joins the two sources where they say the same.
func rebuildMainnet(t testing.TB) []byte {
	t.Helper()
	ends := electrum(t, "electrum-mainnet.json")
	var list []Checkpoint
	for i, s := range bitcoinj(t, "bitcoinj-production.txt") {
		target, err := ParseBits(s.header.Bits())
		if err != nil {
			t.Fatal(err)
		}
		if s.height != period*Height(i+1) || s.header.Prev() != ends[i].hash || target.Cmp(ends[i].target) != 0 {
			t.Fatalf("sources differ at height %d", s.height)
		}
		list = append(list, Checkpoint{Height: s.height - 1, Hash: ends[i].hash, NextBits: s.header.Bits()})
	}
	pack, err := NewCheckpointPack(Mainnet, list)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pack.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBuiltinCheckpointsAreWhatTwoSourcesSay(t *testing.T) {
	if want := rebuildMainnet(t); !bytes.Equal(mainnetCheckpoints, want) {
		t.Fatalf("checkpoints/mainnet.bin is not what the sources give, SHA-256 %x", sha256.Sum256(want))
	}
	if n := len(BuiltinCheckpoints(Mainnet).List()); n != 436 {
		t.Fatalf("%d checkpoints", n)
	}
}
