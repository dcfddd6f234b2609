package anchor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
)

func TestAddresses(t *testing.T) {
	pub := testKey("issuer").PubKey()
	prefixes := map[anchor.Network][3]string{
		anchor.Mainnet:  {"1", "bc1q", "bc1p"},
		anchor.Testnet3: {"mn", "tb1q", "tb1p"},
		anchor.Testnet4: {"mn", "tb1q", "tb1p"},
		anchor.Signet:   {"mn", "tb1q", "tb1p"},
		anchor.Regtest:  {"mn", "bcrt1q", "bcrt1p"},
	}
	for net, want := range prefixes {
		for i, p := range profiles {
			addr, err := anchor.Address(pub, p, net)
			if err != nil {
				t.Fatal(err)
			}
			if ok := strings.HasPrefix(addr, want[i]) || want[i] == "mn" && strings.ContainsAny(addr[:1], "mn"); !ok {
				t.Errorf("%s, %s: %s", net, p, addr)
			}
			if _, err := anchor.AddressScript(addr, net); err != nil {
				t.Errorf("%s: %v", addr, err)
			}
			if net == anchor.Mainnet {
				if _, err := anchor.AddressScript(addr, anchor.Regtest); err == nil {
					t.Errorf("%s taken for regtest", addr)
				}
			}
		}
	}
	_, err := anchor.Address(pub, "p2sh", anchor.Mainnet)
	wantCode(t, err, anchor.CodeBuild)
	_, err = anchor.Address(pub, anchor.ProfileSegwit, "mocknet")
	wantCode(t, err, anchor.CodeNetworkMismatch)
	_, err = anchor.AddressScript("no address", anchor.Mainnet)
	wantCode(t, err, anchor.CodeBuild)
}

// fakeCoins are outputs of made-up transactions that pay to the test issuer.
func fakeCoins(t testing.TB, p anchor.Profile, values ...anchor.Sats) []anchor.Coin {
	t.Helper()
	var coins []anchor.Coin
	for i, v := range values {
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}, Index: uint32(i)}})
		tx.AddTxOut(&wire.TxOut{Value: int64(v), PkScript: payTo(t, testKey("issuer"), p)})
		coins = append(coins, anchor.Coin{OutPoint: anchor.OutPoint{TxID: anchor.TxID(tx.TxHash())}, Value: v, PrevTx: encode(t, tx)})
	}
	return coins
}

func issuerAddress(t testing.TB, p anchor.Profile) string {
	t.Helper()
	addr, err := anchor.Address(testKey("issuer").PubKey(), p, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func TestBuildCommitment(t *testing.T) {
	root := [32]byte{1, 2, 3}
	for _, p := range profiles {
		for _, rate := range []anchor.FeeRate{1, 999, 1000, 1001, 25_000} {
			for _, n := range []int{1, 2, 30} {
				coins := fakeCoins(t, p, slices.Repeat([]anchor.Sats{2000 + anchor.Sats(rate)*4/10}, n)...)
				coins = append(coins, fakeCoins(t, p, 1_000_000)...)
				// Coins smaller than what they cost make the builder go to the last.
				u, err := anchor.BuildCommitment(root, coins, issuerAddress(t, p), rate, 10_000_000, anchor.Regtest)
				if err != nil {
					t.Fatal(err)
				}
				checkBuilt(t, p, root, coins, u, rate)
			}
		}
	}
}

// checkBuilt holds a built and signed transaction against what was asked for.
func checkBuilt(t *testing.T, p anchor.Profile, root [32]byte, coins []anchor.Coin, u *anchor.Unsigned, rate anchor.FeeRate) {
	t.Helper()
	raw, err := anchor.SignCommitment(u, coins, anchor.NewKeySigner(testKey("issuer")))
	if err != nil {
		t.Fatal(err)
	}
	tx := decode(t, raw)
	var in, out anchor.Sats
	var prev [][]byte
	for i := range tx.TxIn {
		in += coins[i].Value
		prev = append(prev, coins[i].PrevTx)
		if tx.TxIn[i].Sequence != 0xfffffffd || u.Inputs[i] != coins[i].OutPoint {
			t.Fatal("inputs are not the first coins, replaceable")
		}
	}
	for _, o := range tx.TxOut {
		out += anchor.Sats(o.Value)
	}
	vsize := int64(tx.SerializeSizeStripped()*3+tx.SerializeSize()+3) / 4
	if in-out != u.Fee || vsize > u.VSize || u.VSize-vsize > 2*int64(len(tx.TxIn))+1 {
		t.Errorf("%s: fee %d of %d, %d virtual bytes, estimate %d", p, in-out, u.Fee, vsize, u.VSize)
	}
	if least := (int64(rate)*u.VSize + 999) / 1000; int64(u.Fee) < least || u.Change > 0 && int64(u.Fee) != least {
		t.Errorf("%s: fee %d, want %d", p, u.Fee, least)
	}
	last := tx.TxOut[len(tx.TxOut)-1]
	if want := append([]byte{0x6a, 0x20}, root[:]...); !bytes.Equal(last.PkScript, want) || last.Value != 0 {
		t.Errorf("%s: last output %x", p, last.PkScript)
	}
	if (len(tx.TxOut) == 2) != (u.Change > 0) || u.Change > 0 && tx.TxOut[0].Value != int64(u.Change) {
		t.Errorf("%s: change %d", p, u.Change)
	}
	c, err := anchor.ParseCommitment(raw)
	if err != nil || c.Root != root {
		t.Fatal(err)
	}
	if addr, err := c.IssuingAddress(prev, anchor.Regtest); err != nil || addr != issuerAddress(t, p) {
		t.Errorf("%s: %s, %v", p, addr, err)
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	for _, p := range profiles {
		coins := fakeCoins(t, p, 5000, 6000)
		var first []byte
		for range 3 {
			u, err := anchor.BuildCommitment([32]byte{1}, coins, issuerAddress(t, p), 2000, 10_000, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := anchor.SignCommitment(u, coins, anchor.NewKeySigner(testKey("issuer")))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = raw
			}
			if !bytes.Equal(raw, first) {
				t.Fatalf("%s: other bytes", p)
			}
		}
	}
}

// A replacement spends the same first coin and carries the same root.
func TestFeeBumpKeepsFirstInput(t *testing.T) {
	coins := fakeCoins(t, anchor.ProfileBlockcerts, 3000, 50_000)
	low, err := anchor.BuildCommitment([32]byte{1}, coins, issuerAddress(t, anchor.ProfileBlockcerts), 1000, 100_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	high, err := anchor.BuildCommitment([32]byte{1}, coins, issuerAddress(t, anchor.ProfileBlockcerts), 60_000, 100_000, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	if len(low.Inputs) != 1 || len(high.Inputs) != 2 || low.Inputs[0] != high.Inputs[0] || high.Fee <= low.Fee {
		t.Errorf("%+v, %+v", low.Inputs, high.Inputs)
	}
}

func TestBuildRefuses(t *testing.T) {
	const p = anchor.ProfileBlockcerts
	addr := issuerAddress(t, p)
	coins := fakeCoins(t, p, 3000)
	build := func(coins []anchor.Coin, change string, rate anchor.FeeRate, limit anchor.Sats) error {
		u, err := anchor.BuildCommitment([32]byte{1}, coins, change, rate, limit, anchor.Regtest)
		if (u == nil) == (err == nil) {
			t.Fatal("result and error")
		}
		return err
	}
	var funds *anchor.InsufficientFundsError
	err := build(coins, addr, 100_000, 1e9)
	if !errors.As(err, &funds) || funds.Have != 3000 || funds.Missing != funds.Need-funds.Have || funds.Need < 19_000 {
		t.Errorf("%v", err)
	}
	wantCode(t, err, anchor.CodeInsufficientFunds)
	// With one more coin of exactly what is missing it goes: that coin's own input is in it.
	more := fakeCoins(t, p, 3000, funds.Missing)
	if err := build(more, addr, 100_000, funds.Need); err != nil {
		t.Errorf("exactly enough: %v", err)
	}
	if err := build(fakeCoins(t, p, 3000, funds.Missing-1), addr, 100_000, 1e9); !errors.As(err, &funds) || funds.Missing <= 1 {
		t.Errorf("one sat short: %v", err)
	}
	// Without any coin, what is missing is a coin that can be sent, and pays for itself.
	for _, p := range profiles {
		for _, rate := range []anchor.FeeRate{1000, 20_000} {
			none := build(nil, issuerAddress(t, p), rate, 1e9)
			if !errors.As(none, &funds) || funds.Have != 0 || funds.Missing < 294 {
				t.Fatalf("%s: %v", p, none)
			}
			if err := build(fakeCoins(t, p, funds.Missing), issuerAddress(t, p), rate, 1e9); err != nil {
				t.Errorf("%s, rate %d: sent the %d sats that were missing: %v", p, rate, funds.Missing, err)
			}
		}
	}
	wantCode(t, build(nil, addr, 1000, 1e9), anchor.CodeInsufficientFunds)

	var fee *anchor.FeeAboveCapError
	err = build(coins, addr, 10_000, 100)
	if !errors.As(err, &fee) || fee.Cap != 100 || fee.Fee <= 100 {
		t.Errorf("%v", err)
	}
	wantCode(t, err, anchor.CodeFeeAboveCap)
	if err := build(coins, addr, 10_000, fee.Fee); err != nil {
		t.Errorf("fee at the cap: %v", err)
	}

	wantCode(t, build(coins, addr, 0, 1e9), anchor.CodeBuild)
	wantCode(t, build(coins, addr, -1, 1e9), anchor.CodeBuild)
	wantCode(t, build(append(coins, coins...), addr, 20_000, 1e9), anchor.CodeBuild)
	wantCode(t, build(coins, "nonsense", 1000, 1e9), anchor.CodeBuild)
	wrong := slices.Clone(coins)
	wrong[0].Value++
	wantCode(t, build(wrong, addr, 1000, 1e9), anchor.CodePreviousTransaction)
	wrong[0] = coins[0]
	wrong[0].OutPoint.Index = 1
	wantCode(t, build(wrong, addr, 1000, 1e9), anchor.CodePreviousTransaction)
	many := fakeCoins(t, p, slices.Repeat([]anchor.Sats{600}, anchor.MaxInputs+1)...)
	wantCode(t, build(many, addr, 20_000, 1e9), anchor.CodeLimit)
	p2sh := fakeCoins(t, p, 3000)
	tx := decode(t, p2sh[0].PrevTx)
	tx.TxOut[0].PkScript = append(append([]byte{txscript.OP_HASH160, 20}, make([]byte, 20)...), txscript.OP_EQUAL)
	p2sh[0].PrevTx, p2sh[0].OutPoint.TxID = encode(t, tx), anchor.TxID(tx.TxHash())
	wantCode(t, build(p2sh, addr, 1000, 1e9), anchor.CodeIssuingScript)
}

func TestDustGoesToTheFee(t *testing.T) {
	for p, least := range map[anchor.Profile]anchor.Sats{anchor.ProfileBlockcerts: 546, anchor.ProfileSegwit: 294, anchor.ProfileTaproot: 330} {
		base, err := anchor.BuildCommitment([32]byte{1}, fakeCoins(t, p, 100_000), issuerAddress(t, p), 1000, 1e9, anchor.Regtest)
		if err != nil {
			t.Fatal(err)
		}
		for _, rest := range []anchor.Sats{least - 1, least} {
			u, err := anchor.BuildCommitment([32]byte{1}, fakeCoins(t, p, base.Fee+rest), issuerAddress(t, p), 1000, 1e9, anchor.Regtest)
			if err != nil {
				t.Fatal(err)
			}
			if (u.Change > 0) != (rest == least) || u.Fee+u.Change != base.Fee+rest {
				t.Errorf("%s: rest %d gives change %d, fee %d", p, rest, u.Change, u.Fee)
			}
		}
	}
}

func TestSignRefuses(t *testing.T) {
	const p = anchor.ProfileSegwit
	coins := fakeCoins(t, p, 3000)
	u, err := anchor.BuildCommitment([32]byte{1}, coins, issuerAddress(t, p), 1000, 1e9, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(u anchor.Unsigned, coins []anchor.Coin, s anchor.Signer) error {
		_, err := anchor.SignCommitment(&u, coins, s)
		return err
	}
	good := anchor.NewKeySigner(testKey("issuer"))
	wantCode(t, sign(*u, coins, anchor.NewKeySigner(testKey("stranger"))), anchor.CodeBuild)
	wantCode(t, sign(*u, nil, good), anchor.CodeBuild)
	bent := *u
	bent.Root[0] ^= 1
	wantCode(t, sign(bent, coins, good), anchor.CodeBuild)
	bent = *u
	bent.Inputs = []anchor.OutPoint{{}}
	wantCode(t, sign(bent, coins, good), anchor.CodeBuild)
	wantCode(t, sign(*u, coins, lyingSigner{good}), anchor.CodeIssuingSignature)
	if err := sign(*u, coins, brokenSigner{good}); !errors.Is(err, errSigner) {
		t.Errorf("%v", err)
	}
}

// A lyingSigner signs something else.
type lyingSigner struct{ anchor.KeySigner }

func (s lyingSigner) SignECDSA(d [32]byte) ([]byte, error) {
	d[0] ^= 1
	return s.KeySigner.SignECDSA(d)
}

var errSigner = errors.New("no answer")

type brokenSigner struct{ anchor.KeySigner }

func (brokenSigner) SignECDSA([32]byte) ([]byte, error) { return nil, errSigner }

func TestKeySignerKeepsItsKey(t *testing.T) {
	key := testKey("issuer")
	s := anchor.NewKeySigner(key)
	secret := fmt.Sprintf("%x", key.Serialize())
	b, err := json.Marshal(struct{ S anchor.KeySigner }{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(b), fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %x %s %d", s, s, s, s, s, s), fmt.Sprintf("%+v", struct{ S any }{&s})} {
		if strings.Contains(text, secret) || strings.Contains(text, secret[:16]) || !strings.Contains(text, "anchor.KeySigner") {
			t.Errorf("prints %s", text)
		}
	}
}

func TestProfiles(t *testing.T) {
	for _, p := range profiles {
		if got, err := anchor.ParseProfile(string(p)); err != nil || got != p {
			t.Error(err)
		}
	}
	_, err := anchor.ParseProfile("")
	wantCode(t, err, anchor.CodeBuild)
}

func TestEvidenceFromBlockRefuses(t *testing.T) {
	_, err := anchor.EvidenceFromBlock(make([]byte, 4_000_001), anchor.TxID{}, nil, anchor.Regtest)
	wantCode(t, err, anchor.CodeLimit)
	_, err = anchor.EvidenceFromBlock(make([]byte, 100), anchor.TxID{}, nil, anchor.Regtest)
	wantCode(t, err, anchor.CodeBuild)
	genesis := new(bytes.Buffer)
	if err := anchor.Regtest.Params().GenesisBlock.Serialize(genesis); err != nil {
		t.Fatal(err)
	}
	_, err = anchor.EvidenceFromBlock(genesis.Bytes(), anchor.TxID{}, nil, anchor.Regtest)
	wantCode(t, err, anchor.CodeTxInclusion)
}
