package anchor

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/internal/conformance"
)

// A relayHeader is a header in the vectors of summa-tx/relays.
type relayHeader struct {
	Raw    string
	Height Height
}

func (h relayHeader) header(t testing.TB) Header { return Header(mustHex(t, h.Raw)) }

func relayRun(t testing.TB, first relayHeader, rest ...relayHeader) HeaderRun {
	run := HeaderRun{Start: first.Height, Headers: mustHex(t, first.Raw)}
	for _, h := range rest {
		run.Headers = append(run.Headers, mustHex(t, h.Raw)...)
	}
	return run
}

// TestRelayVectors judges what the vectors of a header relay hold of headers. Some of its
// verdicts are about fields that its contract is told beside the raw header (height, root),
// which nobody tells us: those headers are good.
func TestRelayVectors(t *testing.T) {
	var file struct {
		Header struct {
			ValidateHeaderChain []struct {
				Comment string
				Anchor  relayHeader
				Headers []relayHeader
				Output  int
			}
			ValidateDifficultyChange []struct {
				Comment        string
				Anchor         relayHeader
				PrevEpochStart relayHeader
				Headers        []relayHeader
				Output         int
			}
		}
		Chain struct {
			HeaviestFromAncestor struct {
				Orphan, BadHeader, Genesis relayHeader
				Headers                    []relayHeader
			}
		}
	}
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/summa-relays-testVectors.json"), &file); err != nil {
		t.Fatal(err)
	}
	chains := 0
	for _, c := range file.Header.ValidateHeaderChain {
		run := relayRun(t, c.Anchor, c.Headers...)
		err := checkRun(Mainnet, run, c.Anchor.header(t).Bits())
		if c.Headers[0].Height%period == 0 { // the retarget: attested by a checkpoint
			err = checkRun(Mainnet, relayRun(t, c.Headers[0], c.Headers[1:]...), c.Headers[0].header(t).Bits())
		}
		want := Code("")
		if strings.Contains(c.Comment, "low work") {
			want = CodeHeaderPoW
		}
		if codeOf(err) != want {
			t.Errorf("%s: %v, want %q", c.Comment, err, want)
		}
		chains++
	}
	good, unknown, refused := 0, 0, 0
	for _, c := range file.Header.ValidateDifficultyChange {
		first := c.Headers[0].header(t)
		before := historyOf(relayRun(t, c.Anchor), relayRun(t, c.PrevEpochStart))
		switch got := Mainnet.rules().expectedBits(before, c.Headers[0].Height, first.Seconds()); {
		case got == first.Bits():
			good++
			if c.Output != 0 && c.Output != 303 { // 303: told difficulties that differ
				t.Errorf("%s: %08x is what the rules ask for", c.Comment, got)
			}
		case got == bitsUnknown:
			unknown++
			if c.Output != 301 && c.Output != 302 { // a header is not where it must be
				t.Errorf("%s: not known", c.Comment)
			}
		default:
			refused++
			if c.Output == 0 {
				t.Errorf("%s: %08x, the rules ask for %08x", c.Comment, first.Bits(), got)
			}
		}
	}
	t.Logf("relay vectors: %d chains as said; retargets: %d as due, %d not known, %d others", chains, good, unknown, refused)
	if chains != 7 || good < 1 || good+unknown+refused != 5 {
		t.Error("the corpus shrank")
	}

	h := file.Chain.HeaviestFromAncestor
	run := relayRun(t, h.Headers[0], h.Headers[1:]...)
	if len(h.Headers) != 18 {
		t.Fatalf("%d headers", len(h.Headers))
	}
	start := packOfStart(run.Start-1, run.Header(0))
	orphan := relayRun(t, h.Orphan)
	link := func(run HeaderRun, height Height, beside ...HeaderRun) error {
		held, _ := run.at(height)
		l := &linker{net: Mainnet, rules: Mainnet.rules(), incl: inclusionOf(Mainnet, height, held), runs: append(beside, run)}
		_, err := l.follow(start)
		return err
	}
	if err := link(run, h.Orphan.Height, orphan); err != nil {
		t.Errorf("the heavier chain: %v", err)
	}
	wantCode(t, link(orphan, h.Orphan.Height, run), CodeNotInBestChain)
	wantCode(t, link(relayRun(t, h.BadHeader), h.BadHeader.Height, run), CodeNotLinkedForward) // it follows another block
}

// packOfStart is a start right below a header, which attests its target.
func packOfStart(height Height, first Header) trustedStart {
	return trustedStart{Checkpoint: Checkpoint{Height: height, Hash: first.Prev(), NextBits: first.Bits()}, form: FormSegment,
		header: func(Height) (Header, bool) { return Header{}, false }}
}

// BIP54 will ask more of a coinbase than the rules in force, which all of these obey.
func TestBIP54Coinbases(t *testing.T) {
	var vectors []struct {
		BlockChain []string `json:"block_chain"`
		Valid      bool
		Comment    string
	}
	if err := json.Unmarshal(conformance.Read(t, bitcoinCorpus+"vectors/bip54-coinbases.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	valid := 0
	for _, v := range vectors {
		var headers []byte
		for _, b := range v.BlockChain {
			headers = append(headers, mustHex(t, b)[:HeaderSize]...)
		}
		if _, err := NewHeaderStore(Mainnet, headers); err != nil {
			t.Errorf("%s: %v", v.Comment, err)
		}
		last := len(v.BlockChain) - 1
		var msg wire.MsgBlock
		if err := msg.Deserialize(bytes.NewReader(mustHex(t, v.BlockChain[last]))); err != nil {
			t.Fatal(err)
		}
		tx, err := parseTx(serializeTx(msg.Transactions[0]), "coinbase")
		if err != nil || !tx.isCoinbase() {
			t.Fatalf("%s: %v", v.Comment, err)
		}
		// Below the height of BIP34 the claimed one counts, within its bounds.
		if h, err := coinbaseHeight(tx, Height(last), Mainnet.rules()); err != nil || h != Height(last) {
			t.Errorf("%s: height %d, %v", v.Comment, h, err)
		}
		_, err = coinbaseHeight(tx, Mainnet.rules().bip34, Mainnet.rules())
		wantCode(t, err, CodeCoinbase)
		if v.Valid {
			valid++
		}
	}
	if len(vectors) != 7 || valid != 2 {
		t.Errorf("%d coinbases, %d valid by BIP54; 7 and 2 are known", len(vectors), valid)
	}
}

// Testnet4 has one published list of checkpoints, so none is built in; its entries are
// blocks with the work of the network.
func TestTestnet4HasOneSource(t *testing.T) {
	list := electrum(t, "electrum-testnet4.json")
	if len(list) != 69 || BuiltinCheckpoints(Testnet4) != nil {
		t.Fatalf("%d entries", len(list))
	}
	limit, _ := ParseBits(Testnet4.rules().limitBits)
	for i, e := range list {
		if hashNumber(e.hash).Cmp(limit) > 0 {
			t.Errorf("entry %d: %v is no block of testnet4", i, e.hash)
		}
	}
}

// The second header of mainnet, as a peer sends it: with a count of no transactions.
func TestHeaderOfAPeer(t *testing.T) {
	raw := conformance.Read(t, bitcoinCorpus+"vectors/bcoin-headers1.raw")
	all := corpusRun(t, "mainnet-0-10236.bin", 0, 10237)
	if len(raw) != HeaderSize+1 || raw[HeaderSize] != 0 {
		t.Fatalf("%d bytes", len(raw))
	}
	h := Header(raw[:HeaderSize])
	if err := h.CheckWork(Mainnet); err != nil || h.Prev() != all.Header(0).Hash() || h != all.Header(1) {
		t.Errorf("%v, follows %v", err, h.Prev())
	}
}
