package anchor

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// A Profile is the form of the issuing address.
type Profile string

const (
	// ProfileBlockcerts is P2PKH, which the installed base of verifiers expects.
	ProfileBlockcerts Profile = "blockcerts"
	// ProfileSegwit is P2WPKH.
	ProfileSegwit Profile = "segwit"
	// ProfileTaproot is P2TR, spent by key, without scripts (BIP86).
	ProfileTaproot Profile = "taproot"
)

// ParseProfile accepts exactly the three names.
func ParseProfile(s string) (Profile, error) {
	switch p := Profile(s); p {
	case ProfileBlockcerts, ProfileSegwit, ProfileTaproot:
		return p, nil
	}
	return "", refuse(CodeBuild, "profile", "unknown profile %.32q", s)
}

// Address returns the address of a key. The key enters in compressed form.
func Address(pub *btcec.PublicKey, profile Profile, net Network) (string, error) {
	if err := net.known(); err != nil {
		return "", err
	}
	var addr address.Address
	var err error
	hash := address.Hash160(pub.SerializeCompressed())
	switch profile {
	case ProfileBlockcerts:
		addr, err = address.NewAddressPubKeyHash(hash, net.Params())
	case ProfileSegwit:
		addr, err = address.NewAddressWitnessPubKeyHash(hash, net.Params())
	case ProfileTaproot:
		key := txscript.ComputeTaprootKeyNoScript(pub)
		addr, err = address.NewAddressTaproot(schnorr.SerializePubKey(key), net.Params())
	default:
		_, err = ParseProfile(string(profile))
	}
	if err != nil {
		return "", err
	}
	return addr.EncodeAddress(), nil
}

// AddressScript returns the script that pays to an address of net. Any standard
// address is allowed. Code: build, network-mismatch.
func AddressScript(addr string, net Network) ([]byte, error) {
	if err := net.known(); err != nil {
		return nil, err
	}
	a, err := address.DecodeAddress(addr, net.Params())
	if err != nil {
		return nil, refuse(CodeBuild, "address", "%.100q: %v", addr, err)
	}
	if !a.IsForNet(net.Params()) {
		return nil, refuse(CodeNetworkMismatch, "address", "%.100q is not of %s", addr, net)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		return nil, refuse(CodeBuild, "address", "%.100q: %v", addr, err)
	}
	return script, nil
}

// A Coin is an output that can be spent, with the full transaction that made it.
type Coin struct {
	OutPoint      OutPoint
	Value         Sats
	PrevTx        []byte        // with or without witness
	Confirmations Confirmations // 0 while in the memory pool
	Coinbase      bool          // newly made; spendable after 100 blocks
}

// CoinOf returns the coin that prevTx makes at op. Codes: limit, malformed-transaction,
// previous-transaction.
func CoinOf(prevTx []byte, op OutPoint) (Coin, error) {
	const part = "coin"
	prev, err := parseTx(prevTx, part)
	if err != nil {
		return Coin{}, err
	}
	if prev.id != op.TxID || uint64(op.Index) >= uint64(len(prev.msg.TxOut)) {
		return Coin{}, refuse(CodePreviousTransaction, part, "does not make %v", op)
	}
	return Coin{OutPoint: op, Value: Sats(prev.msg.TxOut[op.Index].Value), PrevTx: prevTx}, nil
}

// output returns the output that the coin names, after comparing it with PrevTx.
func (c Coin) output(part string) (*wire.TxOut, error) {
	prev, err := parseTx(c.PrevTx, part)
	if err != nil {
		return nil, err
	}
	if prev.id != c.OutPoint.TxID || uint64(c.OutPoint.Index) >= uint64(len(prev.msg.TxOut)) {
		return nil, refuse(CodePreviousTransaction, part, "does not make %v", c.OutPoint)
	}
	out := prev.msg.TxOut[c.OutPoint.Index]
	if Sats(out.Value) != c.Value {
		return nil, refuse(CodePreviousTransaction, part, "makes %d sats, not %d", out.Value, c.Value)
	}
	return out, nil
}

// Sizes in weight units: four for each byte, one for each byte of witness. Signatures
// are counted at their longest, so an estimate is never too low.
const (
	baseWeight       = 4*(4+1+1+4) + 2        // version, counts, lock time, witness marker
	commitmentWeight = 4 * (8 + 1 + 34)       // the OP_RETURN output
	p2pkhWeight      = 4 * (36 + 1 + 107 + 4) // 72-byte signature and 33-byte key
	p2wpkhWeight     = 4*(36+1+4) + 1 + 73 + 34
	p2trWeight       = 4*(36+1+4) + 1 + 65
)

// sequenceRBF says that the transaction may be replaced until it confirms (BIP125).
const sequenceRBF = 0xfffffffd

// dustRate is what nodes take as the rate, in sats per 1,000 bytes, at which an output
// not worth spending is refused.
const dustRate = 3000

// An Unsigned is a commitment transaction that lacks its signatures.
type Unsigned struct {
	Raw    []byte     // serialization with empty scripts
	Inputs []OutPoint // the coins it spends, in order
	Root   [32]byte
	Fee    Sats
	Change Sats  // 0 if the rest would have been dust; it is then part of Fee
	VSize  int64 // virtual bytes once signed, at most
}

// InsufficientFundsError says how large a coin would have to come to those that there are.
type InsufficientFundsError struct {
	Have, Need, Missing Sats
}

func (e *InsufficientFundsError) Error() string {
	return fmt.Sprintf("anchor: %s: %d sats missing: have %d, need %d", CodeInsufficientFunds, e.Missing, e.Have, e.Need)
}

// Unwrap gives the error its code.
func (e *InsufficientFundsError) Unwrap() error {
	return refuse(CodeInsufficientFunds, "coins", "%d sats missing", e.Missing)
}

// FeeAboveCapError says what the fee would have been.
type FeeAboveCapError struct {
	Fee, Cap Sats
}

func (e *FeeAboveCapError) Error() string {
	return fmt.Sprintf("anchor: %s: %d sats, cap %d", CodeFeeAboveCap, e.Fee, e.Cap)
}

// Unwrap gives the error its code.
func (e *FeeAboveCapError) Unwrap() error {
	return refuse(CodeFeeAboveCap, "fee", "%d sats, cap %d", e.Fee, e.Cap)
}

// BuildCommitment builds the transaction that carries root. It spends the shortest prefix
// of coins that pays for it, so the caller's order decides; a replacement that is given
// the same coins first spends the same first input. Outputs are the change, unless it
// would be dust, and last the OP_RETURN. The inputs signal that the transaction may be
// replaced. Equal arguments give equal bytes.
//
// Errors: *InsufficientFundsError, *FeeAboveCapError; codes build, limit,
// previous-transaction, malformed-transaction, issuing-script, network-mismatch.
func BuildCommitment(root [32]byte, coins []Coin, change string, rate FeeRate, feeCap Sats, net Network) (*Unsigned, error) {
	changeScript, err := AddressScript(change, net)
	if err != nil {
		return nil, err
	}
	if rate <= 0 || rate > maxMoney {
		return nil, refuse(CodeBuild, "rate", "%d sats per 1,000 virtual bytes", rate)
	}
	b := &builder{rate: rate, change: &wire.TxOut{PkScript: changeScript}, weight: baseWeight + commitmentWeight}
	seen := make(map[OutPoint]bool)
	for i, c := range coins {
		part := fmt.Sprintf("coins/%d", i)
		if seen[c.OutPoint] {
			return nil, refuse(CodeBuild, part, "named twice")
		}
		seen[c.OutPoint] = true
		if len(b.inputs) == MaxInputs {
			return nil, refuse(CodeLimit, part, "over %d inputs", MaxInputs)
		}
		if err := b.spend(c, part); err != nil {
			return nil, err
		}
		if b.have >= b.fee(b.weight) {
			return b.finish(root, feeCap)
		}
	}
	// What is missing comes as one more coin, which costs its own input, and which nodes
	// pass on only if it is above dust.
	extra, err := inputWeight(changeScript, "change")
	if err != nil {
		extra = p2pkhWeight
	}
	need := b.fee(b.weight + extra)
	return nil, &InsufficientFundsError{Have: b.have, Need: need, Missing: max(need-b.have, dust(changeScript))}
}

type builder struct {
	rate   FeeRate
	change *wire.TxOut
	inputs []OutPoint
	have   Sats
	weight int64 // without change
}

func (b *builder) spend(c Coin, part string) error {
	out, err := c.output(part)
	if err != nil {
		return err
	}
	weight, err := inputWeight(out.PkScript, part)
	if err != nil {
		return err
	}
	b.inputs = append(b.inputs, c.OutPoint)
	if len(b.inputs) == 0xfd {
		b.weight += 4 * 2 // from here on the count of inputs takes three bytes
	}
	b.have += c.Value
	b.weight += weight
	return nil
}

func inputWeight(script []byte, part string) (int64, error) {
	switch {
	case txscript.IsPayToPubKeyHash(script):
		return p2pkhWeight + 1, nil // an empty witness beside those of other inputs
	case txscript.IsPayToWitnessPubKeyHash(script):
		return p2wpkhWeight, nil
	case txscript.IsPayToTaproot(script):
		return p2trWeight, nil
	}
	return 0, refuse(CodeIssuingScript, part, "neither P2PKH nor P2WPKH nor P2TR")
}

func vsize(weight int64) int64 { return (weight + 3) / 4 }

// fee rounds up.
func (b *builder) fee(weight int64) Sats {
	return Sats((int64(b.rate)*vsize(weight) + 999) / 1000)
}

// dust returns the value below which nodes refuse an output of this script.
func dust(script []byte) Sats {
	spend := int64(148)
	if txscript.IsWitnessProgram(script) {
		spend = 67
	}
	return Sats((8 + 1 + int64(len(script)) + spend) * dustRate / 1000)
}

func (b *builder) finish(root [32]byte, feeCap Sats) (*Unsigned, error) {
	u := &Unsigned{Inputs: b.inputs, Root: root, Fee: b.have}
	weight := b.weight
	withChange := weight + 4*int64(b.change.SerializeSize())
	if rest := b.have - b.fee(withChange); rest >= dust(b.change.PkScript) {
		u.Change, u.Fee, weight = rest, b.fee(withChange), withChange
	}
	u.VSize = vsize(weight)
	if u.Fee > feeCap {
		return nil, &FeeAboveCapError{Fee: u.Fee, Cap: feeCap}
	}
	u.Raw = b.serialize(u)
	return u, nil
}

func (b *builder) serialize(u *Unsigned) []byte {
	tx := wire.NewMsgTx(2)
	for _, op := range u.Inputs {
		tx.AddTxIn(&wire.TxIn{
			PreviousOutPoint: wire.OutPoint{Hash: chainhash.Hash(op.TxID), Index: op.Index},
			Sequence:         sequenceRBF,
		})
	}
	if u.Change > 0 {
		b.change.Value = int64(u.Change)
		tx.AddTxOut(b.change)
	}
	script := append(bytes.Clone(commitmentPrefix[:]), u.Root[:]...)
	tx.AddTxOut(&wire.TxOut{PkScript: script})
	return serializeTx(tx)
}
