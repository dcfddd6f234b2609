package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/certanchor/certanchor/anchor"
)

// A Chain is what an issuer asks of a Bitcoin network. Calls end when ctx does.
type Chain interface {
	Network() anchor.Network
	// Coins returns what an address can spend in the next block.
	Coins(ctx context.Context, address string) ([]anchor.Coin, error)
	FeeRate(ctx context.Context) (anchor.FeeRate, error)
	// Broadcast sends a raw transaction. It returns anchor.ErrAlreadyKnown if the
	// network has it. After any other error it is open whether the network has it.
	Broadcast(ctx context.Context, raw []byte) error
	// Lookup says where a transaction is; anchor.ErrNotFound if nowhere.
	Lookup(ctx context.Context, id anchor.TxID) (anchor.TxStatus, error)
	// Spender returns the transaction that spends an output; anchor.ErrNotFound if none.
	Spender(ctx context.Context, op anchor.OutPoint) (anchor.TxID, error)
	// Evidence returns the evidence of a transaction in a block.
	Evidence(ctx context.Context, id anchor.TxID) (*anchor.Evidence, error)
}

// A NetworkError means that a batch belongs to another network than the chain.
type NetworkError struct{ Batch, Chain anchor.Network }

func (e *NetworkError) Error() string {
	return fmt.Sprintf("issuer: the batch is for %q, the chain is %s", e.Batch, e.Chain)
}

func (b *Batch) on(chain Chain) error {
	if n := chain.Network(); n != b.p.network {
		return &NetworkError{b.p.network, n}
	}
	return nil
}

// Fund chooses coins of address for the transaction, at the chain's fee rate and at
// most feeCap in all, and locks them in the journal. If the fee would be above the cap
// the batch is Waiting: visible, and funded by a later call when fees have come down. If
// the coins show that the root is in the chain already, because the state folder comes
// from an older backup, that transaction is taken and the batch is Signed.
// Errors: *anchor.InsufficientFundsError, *LockedCoinsError, *anchor.FeeAboveCapError,
// *NetworkError.
func (b *Batch) Fund(ctx context.Context, chain Chain, address string, feeCap anchor.Sats) error {
	if b.p.state != Sealed && b.p.state != Waiting {
		return nil
	}
	if err := b.on(chain); err != nil {
		return err
	}
	purse, err := b.coins(ctx, chain, address)
	if err != nil {
		return err
	}
	if id, already := purse.anchored(b.p.root); already {
		return b.recover(ctx, chain, id)
	}
	coins := purse.free
	rate, err := chain.FeeRate(ctx)
	if err != nil {
		return fmt.Errorf("issuer: asking for the fee rate: %w", err)
	}
	u, err := anchor.BuildCommitment(b.p.root, coins, address, rate, feeCap, chain.Network())
	var dear *anchor.FeeAboveCapError
	if errors.As(err, &dear) && (b.p.state != Waiting || b.p.fee != dear.Fee) {
		err = errors.Join(err, b.is.journal.write(record{Batch: b.p.key, State: Waiting, At: b.is.now(), Fee: dear.Fee}))
	}
	if err != nil {
		return purse.explain(err)
	}
	return b.lock(u, coins)
}

// lock writes the transaction that is to be signed, with its coins, into the journal.
func (b *Batch) lock(u *anchor.Unsigned, coins []anchor.Coin) error {
	r := record{Batch: b.p.key, State: Funded, At: b.is.now(), Tx: hex.EncodeToString(u.Raw), Fee: u.Fee, Change: u.Change, VSize: u.VSize}
	for _, op := range u.Inputs {
		for _, c := range coins {
			if c.OutPoint == op {
				r.Coins = append(r.Coins, coinRecord{c.OutPoint, c.Value, hex.EncodeToString(c.PrevTx)})
			}
		}
	}
	return b.is.journal.write(r)
}

// ErrNoBump means that a batch has no transaction waiting for a block.
var ErrNoBump = errors.New("issuer: no transaction of this batch waits for a block")

// minRelay is what a replacement pays beyond the old fee, in satoshis per 1,000 virtual
// bytes of its own (BIP125, rule 4).
const minRelay = 1000

// Bump replaces the transaction by one with a higher fee rate, for the same root: it
// spends the same first coin, so that at most one of the two can ever confirm, and has
// the same OP_RETURN. It is locked in the journal; Sign and Broadcast follow. All
// variants are kept. A child that paid for the old one goes with it, so the new one pays
// more than both. Errors: ErrNoBump, *anchor.InsufficientFundsError,
// *anchor.FeeAboveCapError, *NetworkError.
func (b *Batch) Bump(ctx context.Context, chain Chain, address string, rate anchor.FeeRate, feeCap anchor.Sats) error {
	if !b.p.waits() {
		return ErrNoBump
	}
	if err := b.on(chain); err != nil {
		return err
	}
	purse, err := b.coins(ctx, chain, address)
	if err != nil {
		return err
	}
	coins := slices.Clone(b.p.coins)
	for _, c := range purse.free {
		if !slices.ContainsFunc(coins, func(x anchor.Coin) bool { return x.OutPoint == c.OutPoint }) {
			coins = append(coins, c)
		}
	}
	u, err := anchor.BuildCommitment(b.p.root, coins, address, rate, feeCap, chain.Network())
	if err != nil {
		return purse.explain(err)
	}
	if least := b.p.fee + anchor.Sats((u.VSize*minRelay+999)/1000); u.Fee < least {
		return fmt.Errorf("issuer: a replacement must pay at least %d sats, this rate pays %d; ask for a higher one", least, u.Fee)
	}
	return b.lock(u, coins)
}

// Sign signs the transaction and stores its raw bytes before anyone sees them. Asked
// again after a crash it signs the same inputs and outputs; the same bytes, if the signer
// is deterministic.
func (b *Batch) Sign(signer anchor.Signer) error {
	if b.p.state != Funded {
		return nil
	}
	if b.p.child != nil {
		return b.signChild(signer)
	}
	raw, err := anchor.SignCommitment(b.p.unsigned, b.p.coins, signer)
	if err != nil {
		return err
	}
	return b.store(raw)
}

// PSBT returns the funded transaction as a partially signed one (BIP174), for a signer
// that holds the key elsewhere: see anchor.SignPSBT.
func (b *Batch) PSBT() ([]byte, error) {
	if b.p.state != Funded {
		return nil, fmt.Errorf("issuer: batch %.12s is %s; there is something to sign once it is funded", b.p.key, b.p.state)
	}
	if b.p.child != nil {
		return nil, errChildPSBT
	}
	return anchor.EncodePSBT(b.p.unsigned, b.p.coins)
}

// SignedBy takes the packet back from the signer. It must be the transaction that was
// funded, and be signed for all outputs. The raw transaction is stored as by Sign.
func (b *Batch) SignedBy(psbt []byte) error {
	if b.p.state != Funded {
		return nil
	}
	if b.p.child != nil {
		return errChildPSBT
	}
	raw, err := anchor.FinishPSBT(psbt, b.p.unsigned, b.p.coins)
	if err != nil {
		return err
	}
	return b.store(raw)
}

// errChildPSBT: a signer of packets signs commitments only, which a child is not.
var errChildPSBT = errors.New("issuer: a child is signed by a key or token here, not by way of a file; replace the transaction instead")

// store writes a signed transaction into the journal.
func (b *Batch) store(raw []byte) error {
	c, err := anchor.ParseCommitment(raw)
	if err != nil {
		return err
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Signed, At: b.is.now(), Tx: hex.EncodeToString(raw), TxID: c.TxID.String()})
}

// Broadcast sends the stored bytes; that the network knows them already, or has an
// earlier variant in a block, is success. A send that fails builds no other transaction:
// call again. Errors: *NotReplacedError, *NetworkError, and those of the chain.
func (b *Batch) Broadcast(ctx context.Context, chain Chain) error {
	if b.p.state != Signed {
		return nil
	}
	if err := b.on(chain); err != nil {
		return err
	}
	if err := b.send(ctx, chain); err != nil {
		return err
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Sent, At: b.is.now()})
}

// A NotReplacedError means that the network still has an earlier variant and that its
// replacement did not get through. Broadcast sends the same replacement again; where
// nodes refuse it for good, BumpByChild is the other way.
type NotReplacedError struct {
	Earlier, Replacement anchor.TxID
	Err                  error // of sending
}

func (e *NotReplacedError) Error() string {
	return fmt.Sprintf("issuer: the network keeps transaction %s and did not take its replacement %s: %v", e.Earlier, e.Replacement, e.Err)
}

// Unwrap returns the error of sending.
func (e *NotReplacedError) Unwrap() error { return e.Err }

func (b *Batch) send(ctx context.Context, chain Chain) error {
	if b.p.child != nil {
		return b.sendChild(ctx, chain)
	}
	failed := chain.Broadcast(ctx, b.p.raw)
	if failed == nil || errors.Is(failed, anchor.ErrAlreadyKnown) {
		return nil
	}
	if _, err := chain.Lookup(ctx, b.p.txid); err == nil {
		return nil // the answer was lost, not the question
	}
	id, s, err := b.locate(ctx, chain)
	switch {
	case err != nil:
		return fmt.Errorf("issuer: sending transaction %s: %w", b.p.txid, failed)
	case s.Confirmations == 0:
		return &NotReplacedError{Earlier: id, Replacement: b.p.txid, Err: failed}
	}
	return nil // refused because an earlier variant has just been put into a block
}

// A ReplacedError means that a transaction that does not carry the batch's root spends
// its first coin. It needs a person: the key may be in other hands.
type ReplacedError struct{ Ours, Theirs anchor.TxID }

func (e *ReplacedError) Error() string {
	return fmt.Sprintf("issuer: transaction %s spends the coin of %s and does not carry the root", e.Theirs, e.Ours)
}

// Confirm asks how deep the transaction is, whichever variant of it. At depth it writes
// that down and returns depth or more; with fewer it returns how many there are, and the
// caller asks again later. A transaction that the network has dropped is sent again, the
// same bytes; one whose id somebody changed on the way (BIP62) is followed by its first
// coin, and proofs will name the id that confirmed.
func (b *Batch) Confirm(ctx context.Context, chain Chain, depth anchor.Confirmations) (anchor.Confirmations, error) {
	if b.p.state != Sent {
		return depth, nil
	}
	if err := b.on(chain); err != nil {
		return 0, err
	}
	id, s, err := b.locate(ctx, chain)
	if errors.Is(err, anchor.ErrNotFound) {
		return 0, b.resend(ctx, chain)
	}
	if err != nil {
		return 0, err
	}
	if s.Confirmations == 0 {
		b.keepChild(ctx, chain, id)
	}
	if s.Confirmations < max(depth, 1) {
		return s.Confirmations, nil
	}
	return s.Confirmations, b.is.journal.write(record{Batch: b.p.key, State: Confirmed, At: b.is.now(),
		TxID: id.String(), Block: s.Block.String(), Height: s.Height})
}

// locate finds the variant that the network has, one in a block before one that waits.
func (b *Batch) locate(ctx context.Context, chain Chain) (id anchor.TxID, s anchor.TxStatus, err error) {
	found := false
	for _, v := range b.p.variants {
		got, err := chain.Lookup(ctx, v.txid)
		if errors.Is(err, anchor.ErrNotFound) {
			continue
		}
		if err != nil {
			return id, s, fmt.Errorf("issuer: asking for transaction %s: %w", v.txid, err)
		}
		if !found || got.Confirmations > s.Confirmations {
			id, s, found = v.txid, got, true
		}
	}
	if found {
		return id, s, nil
	}
	return b.follow(ctx, chain)
}

// follow looks for whoever spends the first coin.
func (b *Batch) follow(ctx context.Context, chain Chain) (id anchor.TxID, s anchor.TxStatus, err error) {
	other, err := chain.Spender(ctx, b.p.coins[0].OutPoint)
	if err != nil {
		return id, s, err
	}
	if s, err = chain.Lookup(ctx, other); err != nil {
		return id, s, err
	}
	if s.Confirmations == 0 {
		return other, s, nil // whose it is shows once it is in a block
	}
	ev, err := chain.Evidence(ctx, other)
	if err != nil {
		return id, s, fmt.Errorf("issuer: asking for transaction %s: %w", other, err)
	}
	if c, err := anchor.ParseCommitment(ev.Tx); err != nil || c.Root != b.p.root {
		return id, s, &ReplacedError{b.p.txid, other}
	}
	return other, s, nil
}

// resend sends the newest variant again; once credentials name one, that one, since they
// are worth nothing with another in the chain.
func (b *Batch) resend(ctx context.Context, chain Chain) error {
	again := variant{raw: b.p.raw, txid: b.p.txid}
	if b.named() {
		if v, ours := b.p.variant(b.p.confirmed.String()); ours {
			again = v
		}
	}
	if err := chain.Broadcast(ctx, again.raw); err != nil && !errors.Is(err, anchor.ErrAlreadyKnown) {
		return fmt.Errorf("issuer: sending transaction %s again: %w", again.txid, err)
	}
	return nil
}

// named reports whether credentials that name the confirmed transaction are written.
func (b *Batch) named() bool { return b.p.state == Proved || b.p.state == Closed }

// A SupersededError means that a reorganisation has taken the transaction away that the
// credentials name, and put another variant of it into the chain. They cannot be verified
// any more and must be issued again. It takes a reorganisation deeper than the
// confirmations that were waited for.
type SupersededError struct{ Named, Confirmed anchor.TxID }

func (e *SupersededError) Error() string {
	return fmt.Sprintf("issuer: the credentials name transaction %s; after a reorganisation %s is in the chain in its place", e.Named, e.Confirmed)
}

// watchDepth is how deep a block must lie before a reorganisation is no longer looked
// for.
const watchDepth = 100

// Watch asks whether the block of a confirmed batch is still in the chain. If the
// transaction is in another block now, that is written down: evidence made before must be
// made anew. If it is in none, it is sent again, and a batch whose proofs are not written
// goes back to waiting for confirmations. It returns the present depth, and whether
// anything had moved. Errors: *SupersededError, *NetworkError, and those of the chain.
func (b *Batch) Watch(ctx context.Context, chain Chain) (depth anchor.Confirmations, moved bool, err error) {
	if b.p.confirmed == (anchor.TxID{}) || b.p.shared != nil {
		return 0, false, nil
	}
	if err := b.on(chain); err != nil {
		return 0, false, err
	}
	s, err := chain.Lookup(ctx, b.p.confirmed)
	if err != nil && !errors.Is(err, anchor.ErrNotFound) {
		return 0, false, fmt.Errorf("issuer: asking for transaction %s: %w", b.p.confirmed, err)
	}
	if err == nil && s.Block == b.p.block && s.Confirmations > 0 {
		return s.Confirmations, false, nil
	}
	if err != nil {
		if err := b.missing(ctx, chain); err != nil {
			return 0, true, err
		}
	}
	if b.p.state == Confirmed {
		return s.Confirmations, true, b.is.journal.write(record{Batch: b.p.key, State: Sent, At: b.is.now()})
	}
	if s.Confirmations > 0 && b.p.state == Closed {
		err = b.is.journal.write(record{Batch: b.p.key, State: Closed, At: b.is.now(), Block: s.Block.String(), Height: s.Height})
		return s.Confirmations, true, err
	}
	return s.Confirmations, true, nil
}

// missing does what there is to do when the network does not have the transaction that
// confirmed. As long as no credential names it, any variant will do.
func (b *Batch) missing(ctx context.Context, chain Chain) error {
	id, s, err := b.locate(ctx, chain)
	switch {
	case errors.Is(err, anchor.ErrNotFound):
		return b.resend(ctx, chain)
	case err != nil:
		return err
	case !b.named():
		return nil
	case s.Confirmations > 0:
		return &SupersededError{b.p.confirmed, id}
	}
	return b.resend(ctx, chain)
}

// Watching reports whether a batch's block lies less deep than is safe to forget.
func (b *Batch) Watching(tip anchor.Height) bool {
	return b.p.confirmed != (anchor.TxID{}) && b.p.shared == nil && tip-b.p.height < watchDepth
}
