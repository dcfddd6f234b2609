package node

import (
	"context"
	"time"

	"github.com/certanchor/certanchor/anchor"
)

// An Observation is what one source says of an anchor. Nothing proves it to others;
// whether enough sources agree is for the verifier to see.
type Observation struct {
	Source        string // host and port
	Chain         string // as asked for, such as btc:mainnet or eth:ropsten
	TxID          string // as asked for
	Payload       [32]byte
	Address       string    // of Ethereum in lower case, after 0x
	Time          time.Time // that the block states; zero while in no block
	Confirmations anchor.Confirmations
}

// An Observer observes anchors. Esplora and Ethereum are observers.
type Observer interface {
	Name() string
	// Observe returns what the source says of a transaction; anchor.ErrNotFound if it was
	// asked and does not know it.
	Observe(ctx context.Context, chain, txid string) (*Observation, error)
}

var (
	_ Observer = (*Esplora)(nil)
	_ Observer = (*RPC)(nil)
	_ Observer = (*Ethereum)(nil)
)

// bitcoinLabels are the names that Blockcerts gives to networks. It has one for all test
// networks.
var bitcoinLabels = map[anchor.Network]string{
	anchor.Mainnet: "btc:mainnet", anchor.Testnet3: "btc:testnet", anchor.Testnet4: "btc:testnet",
	anchor.Signet: "btc:testnet", anchor.Regtest: "btc:regtest",
}

// Observe returns what the endpoint says of a Bitcoin anchor; chain is btc:mainnet,
// btc:testnet or btc:regtest. Payload and address are computed from the transaction and
// those it spends, scripts run, so only time and depth are the endpoint's word. Where a
// proof is possible, prefer Evidence. Code: no-anchor, wrong-network, bad-argument.
func (c *client) Observe(ctx context.Context, chain, txid string) (*Observation, error) {
	const call = "observe"
	if chain != bitcoinLabels[c.net] {
		return nil, c.fail(CodeWrongNetwork, call, "is for %s, asked for %.32q", bitcoinLabels[c.net], chain)
	}
	id, err := anchor.ParseTxID(txid)
	if err != nil {
		return nil, &Error{Code: CodeArgument, Endpoint: c.name, Call: call, Err: err}
	}
	status, err := c.Lookup(ctx, id)
	if err != nil {
		return nil, err
	}
	o := &Observation{Source: c.name, Chain: chain, TxID: txid, Confirmations: status.Confirmations}
	if status.Confirmations > 0 {
		header, err := c.header(ctx, status.Block)
		if err != nil {
			return nil, err
		}
		o.Time = header.Time()
	}
	t, err := c.tx(ctx, id)
	if err != nil {
		return nil, err
	}
	commitment, err := anchor.ParseCommitment(t.raw)
	if err != nil {
		return nil, &Error{Code: CodeNoAnchor, Endpoint: c.name, Call: call, Err: err}
	}
	o.Payload = commitment.Root
	prevTxs, err := c.prevTxs(ctx, t.raw)
	if err != nil {
		return nil, err
	}
	if o.Address, err = commitment.IssuingAddress(prevTxs, c.net); err != nil {
		return nil, &Error{Code: CodeNoAnchor, Endpoint: c.name, Call: call, Err: err}
	}
	return o, nil
}
