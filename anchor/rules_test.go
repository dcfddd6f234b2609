package anchor

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
)

// Source: the compact form's description and unit tests in Bitcoin Core (arith_uint256).
func TestParseBits(t *testing.T) {
	for _, c := range []struct {
		bits uint32
		want string // hex, "" if refused
	}{
		{0, ""}, {0x00123456, ""}, {0x01003456, ""}, {0x02000056, ""}, {0x03000000, ""}, {0x04000000, ""},
		{0x00923456, ""}, {0x01803456, ""}, {0x02800056, ""}, {0x03800000, ""}, {0x04800000, ""},
		{0x01fedcba, ""}, {0x04923456, ""}, // negative
		{0x01123456, "12"}, {0x02123456, "1234"}, {0x03123456, "123456"}, {0x04123456, "12345600"},
		{0x02008000, "80"}, {0x05009234, "92340000"},
		{0x20123456, "1234560000000000000000000000000000000000000000000000000000000000"},
		{0xff123456, ""}, {0x21012345, ""}, {0x22000101, ""}, {0x23000001, ""}, // overflow
		{0x22000001, "0100000000000000000000000000000000000000000000000000000000000000"},
		{0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000"},
		{0x1d00ffff, "ffff0000000000000000000000000000000000000000000000000000"},
	} {
		got, err := ParseBits(c.bits)
		if c.want == "" {
			if err == nil {
				t.Errorf("%08x: accepted as %x", c.bits, got)
			}
			continue
		}
		want, _ := new(big.Int).SetString(c.want, 16)
		if err != nil || got.Cmp(want) != 0 {
			t.Errorf("%08x: %x, %v", c.bits, got, err)
		}
	}
	for _, bits := range []uint32{0x1d00ffff, 0x207fffff, 0x1e0377ae, 0x17371ef4, 0x02008000, 0x05009234, 0x03123456} {
		if target, err := ParseBits(bits); err != nil || formatBits(target) != bits {
			t.Errorf("%08x: comes back as %08x, %v", bits, formatBits(target), err)
		}
	}
}

func TestGenesisAndLimits(t *testing.T) {
	for _, n := range Networks() {
		g := n.Genesis()
		if err := g.CheckWork(n); err != nil {
			t.Errorf("%s: %v", n, err)
		}
		if by, ok := NetworkByGenesis(g.Hash()); !ok || by != n {
			t.Errorf("%s: known as %s", n, by)
		}
		if p, err := ParseNetwork(string(n)); err != nil || p != n {
			t.Error(err)
		}
		if limit, err := ParseBits(n.rules().limitBits); err != nil || formatBits(n.Params().PowLimit) != n.rules().limitBits || limit.Sign() <= 0 {
			t.Errorf("%s: limit differs from btcd's", n)
		}
	}
	for _, s := range []string{"", "Mainnet", "testnet", "mocknet", "main"} {
		if _, err := ParseNetwork(s); err == nil {
			t.Errorf("%q accepted", s)
		}
	}
	if _, ok := NetworkByGenesis(BlockHash{}); ok {
		t.Error("zero hash is a genesis block")
	}
	_, err := NewHeaderStore("mocknet", nil)
	wantCode(t, err, CodeNetworkMismatch)
	wantCode(t, Mainnet.Genesis().CheckWork("mocknet"), CodeNetworkMismatch)
	wantCode(t, Regtest.Genesis().CheckWork(Mainnet), CodeHeaderBits)
}

// A fake is a header of which only bits and time count.
type fake struct{ bits, seconds uint32 }

func (f fake) header() Header {
	var h Header
	binary.LittleEndian.PutUint32(h[68:], f.seconds)
	binary.LittleEndian.PutUint32(h[72:], f.bits)
	return h
}

// fakes answers with ten-minute headers of bits from height from on, but for exceptions.
func fakes(from Height, bits uint32, except map[Height]fake) history {
	return func(h Height) (Header, bool) {
		if h < from {
			return Header{}, false
		}
		if f, ok := except[h]; ok {
			return f.header(), true
		}
		return fake{bits, uint32(h) * 600}.header(), true
	}
}

func TestTwentyMinuteRule(t *testing.T) {
	const hard, easy = 0x1c0fffff, 0x1d00ffff
	prev := uint32(2999 * 600)
	for _, net := range []Network{Testnet3, Testnet4} {
		r := net.rules()
		for _, c := range []struct {
			name    string
			except  map[Height]fake
			height  Height
			seconds uint32
			want    uint32
		}{
			{"in time", nil, 3000, prev + 600, hard},
			{"exactly twenty minutes", nil, 3000, prev + 1200, hard},
			{"one second later", nil, 3000, prev + 1201, easy},
			{"time goes back", nil, 3000, prev - 600, hard},
			{"after an easy block", map[Height]fake{2999: {easy, prev}}, 3000, prev + 600, hard},
			{"after two", map[Height]fake{2998: {easy, prev}, 2999: {easy, prev}}, 3000, prev, hard},
			{"easy down to the first of the period", easyRange(2016, 2999, easy), 3000, 2999 * 600, easy},
			{"easy down to the second", easyRange(2017, 2999, easy), 3000, 2999 * 600, hard},
			{"first block of the period is no exception", nil, 4032, 4031*600 + 5000, 0},
		} {
			got := r.expectedBits(fakes(2015, hard, c.except), c.height, c.seconds)
			if c.height%period == 0 {
				// The retarget rule, whatever the time.
				if c.want = r.expectedBits(fakes(2015, hard, nil), c.height, 4031*600); c.want == easy {
					t.Fatalf("%s: retarget gives the limit", c.name)
				}
			}
			if got != c.want {
				t.Errorf("%s, %s: %08x, want %08x", net, c.name, got, c.want)
			}
		}
	}
	if got := Mainnet.rules().expectedBits(fakes(0, hard, nil), 3000, prev+5000); got != hard {
		t.Errorf("mainnet knows no such rule: %08x", got)
	}
}

func easyRange(from, to Height, bits uint32) map[Height]fake {
	m := map[Height]fake{}
	for h := from; h <= to; h++ {
		m[h] = fake{bits, uint32(h) * 600}
	}
	return m
}

func TestRetarget(t *testing.T) {
	const bits, first, last = 0x1c0fffff, 2016, 4031
	at := func(span int64, firstBits, lastBits uint32) map[Height]fake {
		return map[Height]fake{first: {firstBits, 1e9}, last: {lastBits, uint32(1e9 + span)}}
	}
	const twoWeeks = 14 * 24 * 3600
	for _, c := range []struct {
		net    Network
		name   string
		except map[Height]fake
		want   uint32
	}{
		{Mainnet, "two weeks", at(twoWeeks, bits, bits), bits},
		{Mainnet, "one week", at(twoWeeks/2, bits, bits), 0x1c07ffff},
		{Mainnet, "four weeks", at(2*twoWeeks, bits, bits), 0x1c1ffffe},
		{Mainnet, "no time: a quarter at least", at(0, bits, bits), 0x1c03ffff},
		{Mainnet, "time goes back", at(-5000, bits, bits), 0x1c03ffff},
		{Mainnet, "a year: four times at most", at(26*twoWeeks, bits, bits), 0x1c3ffffc},
		{Mainnet, "never above the limit", at(26*twoWeeks, 0x1d00ffff, 0x1d00ffff), 0x1d00ffff},
		{Mainnet, "2,015 intervals of ten minutes", at(2015*600, bits, bits), 0x1c0ffdf6},
		{Testnet3, "an easy last block counts", at(twoWeeks/2, bits, 0x1d00ffff), 0x1c7fff80},
		{Testnet4, "an easy last block does not", at(twoWeeks/2, bits, 0x1d00ffff), 0x1c07ffff},
		{Testnet4, "an easy first block does", at(twoWeeks/2, 0x1d00ffff, bits), 0x1c7fff80},
		{Signet, "four times at the limit does not overflow", at(26*twoWeeks, 0x1e0377ae, 0x1e0377ae), 0x1e0377ae},
		{Regtest, "never", at(twoWeeks/2, bits, bits), 0x207fffff},
	} {
		if got := c.net.rules().expectedBits(fakes(first, bits, c.except), last+1, 0); got != c.want {
			t.Errorf("%s, %s: %08x, want %08x", c.net, c.name, got, c.want)
		}
	}
	// The window is not known: no answer rather than a wrong one.
	if got := Mainnet.rules().expectedBits(fakes(first+1, bits, nil), last+1, 0); got != bitsUnknown {
		t.Errorf("%08x", got)
	}
}

func TestBIP94Time(t *testing.T) {
	prev := fakes(0, 0x1c0fffff, map[Height]fake{4031: {0x1c0fffff, 1e9}})
	for _, c := range []struct {
		net     Network
		height  Height
		seconds uint32
		ok      bool
	}{
		{Testnet4, 4032, 1e9 - 600, true},
		{Testnet4, 4032, 1e9 - 601, false},
		{Testnet3, 4032, 1e9 - 601, true},
		{Mainnet, 4032, 1e9 - 601, true},
	} {
		h := fake{0x1c0fffff, c.seconds}.header()
		err := c.net.rules().checkTime(prev, c.height, h, "run")
		if (err == nil) != c.ok {
			t.Errorf("%s at %d: %v", c.net, c.seconds, err)
		} else if err != nil {
			wantCode(t, err, CodeHeaderTime)
		}
	}
}

func TestMedianTime(t *testing.T) {
	before := fakes(0, 0x1d00ffff, nil)
	for height, want := range map[Height]uint32{1: 0, 2: 600, 3: 600, 11: 5 * 600, 12: 6 * 600, 100: 94 * 600} {
		if got, ok := medianTime(before, height); !ok || got != want {
			t.Errorf("height %d: %d, want %d", height, got, want)
		}
	}
	if _, ok := medianTime(fakes(90, 0, nil), 100); ok {
		t.Error("median of headers that are not known")
	}
}

func TestVersionFloors(t *testing.T) {
	for _, c := range []struct {
		net    Network
		height Height
		want   int32
	}{
		{Mainnet, 227930, -1 << 31}, {Mainnet, 227931, 2}, {Mainnet, 363724, 2}, {Mainnet, 363725, 3},
		{Mainnet, 388380, 3}, {Mainnet, 388381, 4}, {Testnet3, 21110, -1 << 31}, {Testnet3, 21111, 2},
		{Testnet3, 330776, 3}, {Testnet3, 581885, 4}, {Testnet4, 1, 4}, {Signet, 1, 4}, {Regtest, 1, 4},
	} {
		if got := c.net.rules().minVersion(c.height); got != c.want {
			t.Errorf("%s, %d: %d, want %d", c.net, c.height, got, c.want)
		}
	}
}

type spvVectors struct {
	RetargetAlgorithm []struct {
		Input []struct {
			Timestamp uint32
			Hex       string
			Height    Height
		}
		Output json.Number
	} `json:"retargetAlgorithm"`
	ValidateHeaderChain []struct {
		Input  string
		Output json.Number
	} `json:"validateHeaderChain"`
	ValidateHeaderChainError []struct{ Comment, Input string } `json:"validateHeaderChainError"`
	VerifyHash256Merkle      []struct {
		Input struct {
			Proof string
			Index int
		}
		Output bool
	} `json:"verifyHash256Merkle"`
	ParseVarInt []struct {
		Input  string
		Output []json.Number
	} `json:"parseVarInt"`
	ParseVarIntError []struct{ Input string } `json:"parseVarIntError"`
	ValidateVin      []struct {
		Input  string
		Output bool
	} `json:"validateVin"`
	ValidateVout []struct {
		Input  string
		Output bool
	} `json:"validateVout"`
	CalculateTxID []struct {
		Input  struct{ Version, Vin, Vout, Locktime string }
		Output string
	} `json:"calculateTxId"`
	ExtractTarget []struct {
		Input  string
		Output string
	} `json:"extractTarget"`
}

// Vectors of summa-tx/bitcoin-spv, as far as they concern what is here.
func TestBitcoinSPVVectors(t *testing.T) {
	var v spvVectors
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/bitcoin-spv-testVectors.json"), &v); err != nil {
		t.Fatal(err)
	}
	counts := fmt.Sprint(len(v.RetargetAlgorithm), len(v.ValidateHeaderChain), len(v.ValidateHeaderChainError),
		len(v.VerifyHash256Merkle), len(v.ParseVarInt), len(v.ParseVarIntError), len(v.ValidateVin),
		len(v.ValidateVout), len(v.CalculateTxID), len(v.ExtractTarget))
	if counts != "9 1 3 8 4 3 8 10 1 1" {
		t.Fatalf("counts %s", counts)
	}
	t.Run("retarget", v.retarget)
	t.Run("header chain", v.headerChain)
	t.Run("merkle", v.merkle)
	t.Run("compact size", v.compactSize)
	t.Run("inputs and outputs", v.inputsAndOutputs)
	for _, c := range v.ExtractTarget {
		h := Header(mustHex(t, c.Input))
		want := new(big.Int).SetBytes(mustHex(t, c.Output))
		if got, err := ParseBits(h.Bits()); err != nil || got.Cmp(want) != 0 {
			t.Errorf("target %x, %v", got, err)
		}
	}
}

func (v *spvVectors) retarget(t *testing.T) {
	for i, c := range v.RetargetAlgorithm {
		if len(c.Input) < 3 || c.Input[0].Hex == "" {
			continue
		}
		// First and last header of a period, and the first of the next.
		first, last := Header(mustHex(t, c.Input[0].Hex)), Header(mustHex(t, c.Input[1].Hex))
		next := Header(mustHex(t, c.Input[2].Hex))
		if got := Mainnet.rules().retarget(first, last); got != next.Bits() {
			t.Errorf("case %d: %08x, want %08x", i, got, next.Bits())
		}
	}
}

func (v *spvVectors) headerChain(t *testing.T) {
	for _, c := range v.ValidateHeaderChain {
		run := HeaderRun{Start: 1, Headers: mustHex(t, c.Input)}
		if err := linksOnly(run); err != nil {
			t.Error(err)
		}
	}
	for _, c := range v.ValidateHeaderChainError {
		run := HeaderRun{Start: 1, Headers: mustHex(t, c.Input)}
		if err := linksOnly(run); err == nil {
			t.Errorf("%s: accepted", c.Comment)
		}
	}
}

// linksOnly checks lengths, links and work of headers of unknown height.
func linksOnly(run HeaderRun) error {
	if err := run.check("run"); err != nil {
		return err
	}
	for i := range run.Len() {
		if err := run.Header(i).CheckWork(Mainnet); err != nil {
			return err
		}
		if i > 0 && run.Header(i).Prev() != run.Header(i-1).Hash() {
			return refuse(CodeHeaderLink, "run", "header %d", i)
		}
	}
	return nil
}

func (v *spvVectors) merkle(t *testing.T) {
	checked := 0
	for i, c := range v.VerifyHash256Merkle {
		raw := mustHex(t, c.Input.Proof)
		if len(raw)%32 != 0 || len(raw) < 96 {
			continue // shapes that a partial tree cannot take
		}
		var nodes [][32]byte
		for j := 0; j < len(raw); j += 32 {
			nodes = append(nodes, [32]byte(raw[j:]))
		}
		branch := nodes[1 : len(nodes)-1]
		// Some tree size of that depth in which the index exists.
		leaves := 1 << len(branch)
		if c.Input.Index >= leaves {
			continue
		}
		root, _, err := oneLeaf(leaves, c.Input.Index, nodes[0], branch).extract(nil)
		if got := err == nil && root == nodes[len(nodes)-1]; got != c.Output {
			t.Errorf("case %d: %v, want %v (%v)", i, got, c.Output, err)
		}
		checked++
	}
	if checked < 5 {
		t.Errorf("%d cases checked", checked)
	}
}

func (v *spvVectors) compactSize(t *testing.T) {
	for _, c := range v.ParseVarInt {
		raw := mustHex(t, c.Input)
		want, _ := c.Output[1].Int64()
		least := map[int]int64{1: 0, 3: 0xfd, 5: 1 << 16, 9: 1 << 32}[len(raw)]
		cur := &cursor{rest: append(raw, make([]byte, 70_000)...)}
		got := cur.count(1)
		// Ours also refuses a size not in its shortest form, or above the bytes left.
		if ok := want >= least && want <= int64(len(cur.rest)); ok != !cur.failed || ok && int64(got) != want {
			t.Errorf("%s: %d, failed %v", c.Input, got, cur.failed)
		}
	}
	for _, c := range v.ParseVarIntError {
		cur := &cursor{rest: mustHex(t, c.Input)}
		if cur.count(1); !cur.failed {
			t.Errorf("%s: accepted", c.Input)
		}
	}
}

func (v *spvVectors) inputsAndOutputs(t *testing.T) {
	id := v.CalculateTxID[0]
	version, vin, vout, lock := mustHex(t, id.Input.Version), mustHex(t, id.Input.Vin), mustHex(t, id.Input.Vout), mustHex(t, id.Input.Locktime)
	build := func(vin, vout []byte) []byte {
		raw := append(append([]byte{}, version...), vin...)
		return append(append(raw, vout...), lock...)
	}
	tx, err := parseTx(build(vin, vout), "tx")
	if err != nil || tx.id != TxID(mustHex(t, id.Output)) {
		t.Errorf("id %v, %v", tx, err)
	}
	for _, c := range v.ValidateVin {
		if _, err := parseTx(build(mustHex(t, c.Input), vout), "tx"); (err == nil) != c.Output {
			t.Errorf("inputs %s: %v, want %v", c.Input, err, c.Output)
		}
	}
	for _, c := range v.ValidateVout {
		if _, err := parseTx(build(vin, mustHex(t, c.Input)), "tx"); (err == nil) != c.Output {
			t.Errorf("outputs %s: %v, want %v", c.Input, err, c.Output)
		}
	}
}
