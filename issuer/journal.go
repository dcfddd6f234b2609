package issuer

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/merkleproof"

	"github.com/certanchor/certanchor/internal/durable"
)

// A State is how far a batch has come.
type State string

// The states in order. Each is in the journal before the next step has an effect.
const (
	Begun     State = "begun"     // drafts checked; documents are being signed and spooled
	Sealed    State = "sealed"    // all leaves known, root computed
	Waiting   State = "waiting"   // for cheaper fees: the fee would be above the cap
	Funded    State = "funded"    // coins chosen and locked
	Signed    State = "signed"    // raw transaction stored
	Sent      State = "sent"      // given to the network at least once
	Confirmed State = "confirmed" // in a block, to the depth asked
	Proved    State = "proved"    // every credential written
	Closed    State = "closed"    // spool removed
)

// A record is one line of the journal. Members that a state does not need are absent.
type record struct {
	Batch string    `json:"batch"` // the key: SHA-256 over the drafts' digests
	State State     `json:"state"`
	At    time.Time `json:"at"`

	Count   int               `json:"count,omitempty"`   // begun: credentials
	Closing bool              `json:"closing,omitempty"` // begun: the last is that of Config.Closing
	Network anchor.Network    `json:"network,omitempty"` // begun; empty for a mock chain
	Root    *merkleproof.Hash `json:"root,omitempty"`    // sealed
	Coins   []coinRecord      `json:"coins,omitempty"`   // funded; signed, if it was found in the chain
	Tx      string            `json:"tx,omitempty"`      // funded: unsigned; signed: raw, hex
	TxID    string            `json:"txid,omitempty"`    // signed, confirmed
	Fee     anchor.Sats       `json:"fee,omitempty"`     // funded
	Change  anchor.Sats       `json:"change,omitempty"`  // funded
	VSize   int64             `json:"vsize,omitempty"`   // funded
	Block   string            `json:"block,omitempty"`   // confirmed; closed, after a reorganisation
	Height  anchor.Height     `json:"height,omitempty"`  // the same
	Shared  *SharedAnchor     `json:"shared,omitempty"`  // confirmed: somebody else's transaction
	Roots   bool              `json:"roots,omitempty"`   // begun: the leaves are other issuers' roots

	// Parent is set where funded and signed are of a child, which pays for this variant of
	// the batch's transaction. Tx, TxID and VSize are then the child's, Fee is of both.
	Parent string `json:"parent,omitempty"`
}

// A coinRecord is a locked coin, with what is needed to sign for it again.
type coinRecord struct {
	OutPoint anchor.OutPoint `json:"outpoint"`
	Value    anchor.Sats     `json:"value"`
	PrevTx   string          `json:"prevTx"` // hex
}

// progress is what the journal says about one batch.
type progress struct {
	key       string
	state     State
	created   time.Time
	count     int
	closing   bool
	network   anchor.Network
	root      merkleproof.Hash
	coins     []anchor.Coin
	unsigned  *anchor.Unsigned
	raw       []byte        // of the newest variant
	txid      anchor.TxID   // of the newest variant
	variants  []variant     // all that were ever signed; each spends the same first coin
	fee       anchor.Sats   // of the newest variant, a child's included; the fee asked while waiting
	child     *anchor.Child // funded or signed, and not sent yet
	children  []child       // all that were ever signed
	block     anchor.BlockHash
	height    anchor.Height
	confirmed anchor.TxID // the id that confirmed; another than txid if it was changed on the way
	shared    *SharedAnchor
	roots     bool
}

// A variant is one signed transaction of a batch.
type variant struct {
	raw   []byte
	txid  anchor.TxID
	coins []anchor.Coin // what it spends
}

// A child is a signed transaction that spends a variant's change and pays for both.
type child struct {
	raw    []byte
	txid   anchor.TxID
	parent anchor.TxID
	coin   anchor.OutPoint
	total  anchor.Sats // with the parent
}

// A journal is the log of all batches of a state folder.
type journal struct {
	log     *recordLog
	batches map[string]*progress
	order   []string
}

func openJournal(f durable.Files, name string) (*journal, error) {
	j := &journal{batches: make(map[string]*progress)}
	var err error
	j.log, err = openLog(f, name, func(line []byte) error {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		return j.apply(r)
	})
	return j, err
}

// write appends r, syncs it, and only then applies it.
func (j *journal) write(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := j.log.append(line); err != nil {
		return fmt.Errorf("issuer: writing the journal: %w", err)
	}
	if err := j.log.sync(); err != nil {
		return fmt.Errorf("issuer: syncing the journal: %w", err)
	}
	return j.apply(r)
}

func (j *journal) apply(r record) error {
	p, known := j.batches[r.Batch]
	if !known {
		if r.State != Begun {
			return fmt.Errorf("batch %s is %s before it began", r.Batch, r.State)
		}
		p = &progress{key: r.Batch, created: r.At, count: r.Count, closing: r.Closing, network: r.Network, roots: r.Roots}
		j.batches[r.Batch] = p
		j.order = append(j.order, r.Batch)
	}
	p.state = r.State
	var err error
	switch r.State {
	case Sealed:
		if r.Root == nil {
			return fmt.Errorf("batch %s is sealed without a root", r.Batch)
		}
		p.root = *r.Root
	case Waiting:
		p.fee = r.Fee
	case Funded:
		p.fee = r.Fee
		if p.child = nil; r.Parent != "" {
			err = p.fundChild(r)
		} else {
			err = p.fund(r)
		}
	case Signed:
		if r.Parent != "" {
			err = p.signChild(r)
			break
		}
		if len(r.Coins) > 0 { // found in the chain, never funded here
			err = p.lock(r)
		}
		if err == nil {
			p.raw, err = hex.DecodeString(r.Tx)
		}
		if err == nil {
			p.txid, err = anchor.ParseTxID(r.TxID)
		}
		p.variants = append(p.variants, variant{p.raw, p.txid, p.coins})
	case Sent:
		p.child = nil
	case Confirmed:
		p.shared = r.Shared
		p.height = r.Height
		if p.confirmed, err = anchor.ParseTxID(r.TxID); err == nil {
			p.block, err = anchor.ParseBlockHash(r.Block)
		}
	case Closed:
		if r.Block != "" {
			p.height = r.Height
			p.block, err = anchor.ParseBlockHash(r.Block)
		}
	}
	return err
}

func (p *progress) fund(r record) error {
	raw, err := hex.DecodeString(r.Tx)
	if err != nil {
		return err
	}
	u := &anchor.Unsigned{Raw: raw, Root: p.root, Fee: r.Fee, Change: r.Change, VSize: r.VSize}
	for _, c := range r.Coins {
		u.Inputs = append(u.Inputs, c.OutPoint)
	}
	p.unsigned = u
	return p.lock(r)
}

func (p *progress) lock(r record) error {
	p.coins = nil
	for _, c := range r.Coins {
		prev, err := hex.DecodeString(c.PrevTx)
		if err != nil {
			return err
		}
		p.coins = append(p.coins, anchor.Coin{OutPoint: c.OutPoint, Value: c.Value, PrevTx: prev})
	}
	return nil
}

// fundChild reads a child that is about to be signed. Its coin is output of a variant,
// which the journal has.
func (p *progress) fundChild(r record) error {
	parent, ok := p.variant(r.Parent)
	if !ok || len(r.Coins) != 1 || r.Coins[0].OutPoint.TxID != parent.txid {
		return fmt.Errorf("batch %s has a child of %q, which it does not have", r.Batch, r.Parent)
	}
	raw, err := hex.DecodeString(r.Tx)
	if err != nil {
		return err
	}
	c := &anchor.Child{Raw: raw, Parent: parent.txid, Total: r.Fee, VSize: r.VSize}
	c.Coin = anchor.Coin{OutPoint: r.Coins[0].OutPoint, Value: r.Coins[0].Value, PrevTx: parent.raw}
	c.Fee = c.Coin.Value - r.Change
	p.child = c
	return nil
}

func (p *progress) signChild(r record) error {
	if p.child == nil || p.child.Parent.String() != r.Parent {
		return fmt.Errorf("batch %s has a child signed that was not funded", r.Batch)
	}
	raw, err := hex.DecodeString(r.Tx)
	if err != nil {
		return err
	}
	id, err := anchor.ParseTxID(r.TxID)
	p.children = append(p.children, child{raw, id, p.child.Parent, p.child.Coin.OutPoint, p.child.Total})
	return err
}

// variant returns the variant with that id.
func (p *progress) variant(id string) (variant, bool) {
	for _, v := range p.variants {
		if v.txid.String() == id {
			return v, true
		}
	}
	return variant{}, false
}

// open returns the batch that is not closed; there is at most one.
func (j *journal) open() (*progress, bool) {
	for _, key := range j.order {
		if p := j.batches[key]; p.state != Closed {
			return p, true
		}
	}
	return nil, false
}
