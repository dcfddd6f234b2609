package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/issuer"
)

var anchorsCommand = command{
	name:    "anchors",
	usage:   "list|show|bump|watch|combine|sign --issuer DIR [REQUEST…]",
	summary: "transactions under way; one transaction for the roots of many issuers",
	example: "certanchor anchors combine --issuer federation --out answers requests/*.json",
	run:     (*app).anchors,
}

func (a *app) anchors(ctx context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the issuer's folder")
	state := fs.String("state", "", "state folder (DIR/state)")
	chain := fs.String("chain", "embedded", "embedded, embedded=FILE, or endpoints: rpc=URL,esplora=URL")
	rate := fs.Int64("fee-rate", 0, "bump: satoshis per 1,000 virtual bytes")
	byChild := fs.Bool("cpfp", false, "bump: leave the transaction and let a child pay for both; for P2WPKH and P2TR where nodes refuse a replacement")
	feeCap := fs.Int64("fee-cap", 100_000, "bump, combine: most satoshis to pay for the transaction, its child included")
	in := fs.String("in", "", "sign: the transaction to sign, made by: issue --psbt-out")
	out := fs.String("out", "", "combine: folder for the answers; sign: file for the signed transaction")
	pass := fs.String("passphrase-file", "", "file with the passphrase of the keys; - reads standard input")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) == 0 || *dir == "" {
		return misuse("certanchor help anchors", "anchors needs list, show, bump, watch, combine or sign, and --issuer")
	}
	if operands[0] == "sign" {
		return a.signPSBT(*dir, *in, *out, anchor.Sats(*feeCap), a.passphrase(*pass))
	}
	j := &job{app: a, dir: *dir, state: *state, chain: *chain, feeCap: anchor.Sats(*feeCap), passphrase: once(a.passphrase(*pass))}
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	switch verb, rest := operands[0], operands[1:]; {
	case verb == "list" && len(rest) == 0:
		return j.listAnchors()
	case verb == "show" && len(rest) == 1:
		return j.showAnchor(rest[0])
	case verb == "bump" && len(rest) == 0 && *rate > 0:
		return j.bump(ctx, anchor.FeeRate(*rate), *byChild)
	case verb == "watch" && len(rest) == 0:
		return j.watch(ctx)
	case verb == "combine" && len(rest) > 0 && *out != "":
		return j.combine(ctx, rest, *out)
	}
	return misuse("certanchor help anchors", "list; show KEY; bump --fee-rate N [--cpfp]; watch; combine --out DIR REQUEST…")
}

func (j *job) listAnchors() error {
	rows := [][]string{{"batch", "made", "state", "leaves", "network", "transaction", "fee"}}
	for _, b := range j.issuer.Batches() {
		txid, fee := "-", "-"
		if b.TxID() != (anchor.TxID{}) {
			txid = b.TxID().String()
		}
		if b.Fee() > 0 {
			fee = fmt.Sprint(b.Fee())
		}
		network := string(b.Network())
		if b.Mock() {
			network = "mocknet"
		}
		rows = append(rows, []string{b.Key()[:12], b.Created().Format(time.RFC3339), string(b.State()), fmt.Sprint(b.Count()), network, txid, fee})
	}
	table(j.app.stdout, rows)
	return nil
}

func (j *job) findBatch(key string) (*issuer.Batch, error) {
	for _, b := range j.issuer.Batches() {
		if strings.HasPrefix(b.Key(), key) && len(key) >= 4 {
			return b, nil
		}
	}
	return nil, misuse("certanchor anchors list --issuer "+j.dir, "no batch %q", key)
}

func (j *job) showAnchor(key string) error {
	b, err := j.findBatch(key)
	if err != nil {
		return err
	}
	rows := [][]string{{"batch", b.Key()}, {"state", string(b.State())}, {"root", b.Root().String()}}
	for _, id := range b.Variants() {
		rows = append(rows, []string{"transaction", id.String()})
	}
	for _, id := range b.Children() {
		rows = append(rows, []string{"child", id.String()})
	}
	if block, height := b.Block(); block != (anchor.BlockHash{}) {
		rows = append(rows, []string{"block", fmt.Sprintf("%s at height %d", block, height)})
	}
	if b.State() == issuer.Waiting {
		rows = append(rows, []string{"waiting", fmt.Sprintf("the fee would be %d sats; run issue again with a higher --fee-cap, or later", b.Fee())})
	}
	table(j.app.stdout, rows)
	return nil
}

// bump pays more for the transaction that waits, by replacing it or by a child. On the
// embedded chain it waits for the next call of issue, which mines.
func (j *job) bump(ctx context.Context, rate anchor.FeeRate, byChild bool) error {
	_, chain, err := j.openChain()
	if err != nil {
		return err
	}
	if chain == nil {
		return misuse("leave --chain out", "a mock chain has no transactions")
	}
	defer j.closeChain()
	if byChild { // a child is signed here or nowhere, so look before it is written down
		if _, err := issuer.OpenAnchorKey(j.dir, j.passphrase); err != nil {
			return err
		}
	}
	for _, b := range j.issuer.Batches() {
		raise := b.Bump
		if byChild {
			raise = b.BumpByChild
		}
		err := raise(ctx, chain, j.key.Address, rate, j.feeCap)
		if errors.Is(err, issuer.ErrNoBump) && errors.Unwrap(err) == nil {
			continue
		}
		if err == nil {
			err = j.sign(b)
		}
		if err == nil {
			err = b.Broadcast(ctx, chain)
		}
		if err != nil {
			return err
		}
		if byChild {
			child := b.Children()[len(b.Children())-1]
			fmt.Fprintln(j.app.stdout, child)
			j.app.say("Transaction %s pays for %s; both together pay %d sats.", child, b.TxID(), b.Fee())
			return nil
		}
		fmt.Fprintln(j.app.stdout, b.TxID())
		j.app.say("Replaced by %s, which pays %d sats.", b.TxID(), b.Fee())
		return nil
	}
	return issuer.ErrNoBump
}

// watch asks whether the blocks of the confirmed batches are still in the chain, as long as
// a reorganisation is worth looking for. What moved is sent again and said.
func (j *job) watch(ctx context.Context) error {
	_, chain, err := j.openChain()
	if err != nil {
		return err
	}
	if chain == nil {
		return misuse("leave --chain out", "a mock chain has no transactions")
	}
	defer j.closeChain()
	tip, _, err := chain.Tip(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"batch", "state", "transaction", "depth", "moved"}}
	var failed []error
	for _, b := range j.issuer.Batches() {
		if b.Network() != chain.Network() || !b.Watching(tip) {
			continue
		}
		depth, moved, err := b.Watch(ctx, chain)
		if err != nil {
			failed = append(failed, fmt.Errorf("batch %.12s: %w", b.Key(), err))
			continue
		}
		rows = append(rows, []string{b.Key()[:12], string(b.State()), b.TxID().String(), fmt.Sprint(depth), fmt.Sprint(moved)})
		if moved {
			j.app.say("Batch %.12s: a reorganisation took its block. Gather its evidence again once it has enough confirmations.", b.Key())
		}
	}
	table(j.app.stdout, rows)
	return errors.Join(failed...)
}

// signPSBT is the half that runs where the key is. It needs keys/anchor.json only, no
// state and no network, computes itself what the transaction does, and says so.
func (a *app) signPSBT(dir, in, out string, feeCap anchor.Sats, passphrase func() (string, error)) error {
	if in == "" || out == "" {
		return misuse("certanchor anchors sign --issuer DIR --in FILE --out FILE", "sign needs --in and --out")
	}
	packet, err := readFile(in, maxListFile)
	if err != nil {
		return err
	}
	key, err := issuer.OpenAnchorKey(dir, passphrase)
	if err != nil {
		return err
	}
	signed, p, err := anchor.SignPSBT(packet, key, feeCap)
	var foreign *anchor.Error
	if errors.As(err, &foreign) {
		return misuse("sign only what your own issuer made", "%v", err)
	}
	if err == nil {
		err = writeWhole(out, signed)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, out)
	a.say("Signed: root %x, fee %d sats, change %d sats to the key itself, nothing else.", p.Root, p.Fee, p.Change)
	return nil
}

// combine anchors the roots that others ask for, in one transaction that this issuer
// pays for, and writes an answer for each.
func (j *job) combine(ctx context.Context, names []string, out string) error {
	var requests []*issuer.RootRequest
	for _, name := range names {
		raw, err := readFile(name, maxListFile)
		if err != nil {
			return err
		}
		r, err := issuer.ParseRootRequest(raw)
		if err != nil {
			return misuse("give files made by: certanchor issue --request", "%s: %v", name, err)
		}
		requests = append(requests, r)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	network, chain, err := j.openChain()
	if err != nil {
		return err
	}
	if chain == nil {
		return misuse("leave --chain out", "roots are combined on a real chain")
	}
	defer j.closeChain()
	b, err := j.issuer.SealRoots(ctx, network, requests)
	if err != nil {
		return err
	}
	if err := j.anchor(ctx, b, chain); err != nil {
		return err
	}
	answers, err := b.Answers()
	if err != nil {
		return err
	}
	for i, answer := range answers {
		data, err := json.MarshalIndent(answer, "", "  ")
		if err == nil {
			err = writeWhole(filepath.Join(out, filepath.Base(names[i])), append(data, '\n'))
		}
		if err != nil {
			return err
		}
	}
	fmt.Fprintln(j.app.stdout, out)
	j.app.say("%d roots in transaction %s. Give each issuer its answer, for: certanchor issue --answer FILE", len(answers), b.TxID())
	return nil
}

// writeRequest writes the request of a sealed batch, for another's transaction.
func (j *job) writeRequest(b *issuer.Batch, name string) error {
	r, err := b.Request()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = writeWhole(name, append(data, '\n'))
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(j.app.stdout, name)
	j.app.say("Sealed %d credentials. Send %s to whoever anchors for you; then run this again with --answer FILE.", b.Count(), name)
	return nil
}

func (j *job) adopt(b *issuer.Batch, name string) error {
	raw, err := readFile(name, maxListFile)
	if err != nil {
		return err
	}
	answer, err := issuer.ParseSharedAnchor(raw)
	if err != nil {
		return misuse("give the file made by: certanchor anchors combine", "%s: %v", name, err)
	}
	return b.Adopt(answer)
}
