package btcdtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

const (
	boardID = "https://board.example/issuer.json"
	feeCap  = anchor.Sats(100_000)
	depth   = anchor.Confirmations(6)
)

// A board issues licences of made-up physicians on regtest.
type board struct {
	t      testing.TB
	dir    string
	now    time.Time
	world  *synth.World
	is     *issuer.Issuer
	key    *issuer.AnchorKey
	issued int // physicians so far
}

func newBoard(t testing.TB, profile anchor.Profile) *board {
	t.Helper()
	b := &board{t: t, dir: filepath.Join(t.TempDir(), "board"), now: time.Now().UTC().Truncate(time.Second), world: synth.New(1)}
	b.must(issuer.Generate(issuer.NewIssuer{Dir: b.dir, ID: boardID, Name: "Board of Alderfen", Context: licensure.Context(),
		Network: anchor.Regtest, Profile: profile, From: b.now.AddDate(0, 0, -7)}))
	b.open()
	t.Cleanup(func() { b.is.Close() })
	return b
}

func (b *board) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *board) open() {
	b.t.Helper()
	signer, keyID, err := issuer.SigningKey(b.dir, nil)
	b.must(err)
	b.key, err = issuer.OpenAnchorKey(b.dir, nil)
	b.must(err)
	b.is, err = issuer.Open(issuer.Config{Dir: b.dir, Signer: signer, KeyID: keyID, AnchorKeyID: b.key.ID,
		CheckDraft: licensure.CheckDraft, Purposes: purposes})
	b.must(err)
}

// reopen is what a new process does: everything it knows is read from the journal.
func (b *board) reopen() {
	b.t.Helper()
	b.must(b.is.Close())
	b.open()
}

func purposes([]string) []issuer.Purpose {
	messages := make([]string, 16)
	for i := range messages {
		messages[i] = fmt.Sprintf("status %d", i)
	}
	return []issuer.Purpose{issuer.Revocation, {Name: "message", Size: 4, Messages: messages}}
}

func (b *board) synthBoard() synth.Board { return b.world.Boards()[30] }

// drafts are licences of the next n physicians.
func (b *board) drafts(n int) issuer.Drafts {
	from := synth.FirstOrdinary + b.issued
	b.issued += n
	return func(yield func(issuer.Draft, error) bool) {
		for i := range n {
			o, err := b.world.BoardLicenceDraft(from+i, b.synthBoard(), b.now.Add(-time.Hour))
			if !yield(issuer.Draft{Object: o, Place: fmt.Sprintf("draft %d", i)}, err) || err != nil {
				return
			}
		}
	}
}

// batch is the newest batch, as the journal has it.
func (b *board) batch() *issuer.Batch {
	all := b.is.Batches()
	return all[len(all)-1]
}

// sent seals n licences and takes them to the node's memory pool.
func (b *board) sent(chain issuer.Chain, n int) *issuer.Batch {
	b.t.Helper()
	ctx := b.t.Context()
	batch, err := b.is.Seal(ctx, anchor.Regtest, b.drafts(n))
	b.must(err)
	b.must(batch.Fund(ctx, chain, b.key.Address, feeCap))
	b.must(batch.Sign(b.key))
	b.must(batch.Broadcast(ctx, chain))
	return batch
}

// confirm asks for the batch's depth, which must be had and have the depth asked.
func (b *board) confirm(chain issuer.Chain, batch *issuer.Batch) {
	b.t.Helper()
	n, err := batch.Confirm(b.t.Context(), chain, depth)
	b.must(err)
	if n < depth || batch.State() != issuer.Confirmed {
		b.t.Fatalf("%d confirmations, %s", n, batch.State())
	}
}

// finish returns the credentials.
func (b *board) finish(batch *issuer.Batch) [][]byte {
	b.t.Helper()
	var out memory
	b.must(batch.Finish(&out))
	if len(out.docs) != batch.Count() {
		b.t.Fatalf("%d credentials of %d", len(out.docs), batch.Count())
	}
	return out.docs
}

// memory collects credentials.
type memory struct{ docs [][]byte }

func (m *memory) Put(_ string, doc []byte) error { m.docs = append(m.docs, doc); return nil }
func (m *memory) Commit() error                  { return nil }

// trust names the board and all that a verifier needs of it; payers are addresses besides
// its own that may pay for its anchors.
func (b *board) trust(payers ...string) *verifier.Trust {
	b.t.Helper()
	profile, err := os.ReadFile(filepath.Join(b.dir, "issuer.json"))
	b.must(err)
	sum := sha256.Sum256(licensure.Context())
	entry := map[string]any{"id": boardID, "label": "Board of Alderfen", "document": json.RawMessage(profile),
		"types": []any{licensure.TypeLicence}, "jurisdictions": []any{b.synthBoard().Jurisdiction},
		"inForce": map[string]any{licensure.TypeLicence: []any{0}}}
	var addresses []any
	for _, a := range payers {
		addresses = append(addresses, map[string]any{"address": a, "from": b.now.AddDate(0, 0, -7).Format(time.RFC3339)})
	}
	if addresses != nil {
		entry["addresses"] = addresses
	}
	raw, err := json.Marshal(map[string]any{
		"version": 1, "networks": []any{"regtest"}, "issuers": []any{entry},
		"contexts": []any{map[string]any{"url": b.is.ContextURL(), "sha256": hex.EncodeToString(sum[:]),
			"bytes": base64.RawURLEncoding.EncodeToString(licensure.Context())}},
	})
	b.must(err)
	trust, err := verifier.ParseTrust(raw, nil)
	b.must(err)
	return trust
}

// evidence is what a holder would bring: gathered from the node for one credential of the
// batch, with the status lists that the board publishes, through the file's own form.
func (b *board) evidence(chain verifier.Chain, credential []byte) *verifier.Evidence {
	b.t.Helper()
	v := verifier.New(b.trust(), verifier.Sources{Chains: []verifier.Chain{chain}, Now: time.Now})
	ev, err := v.Gather(b.t.Context(), credential)
	b.must(err)
	lists, err := b.is.PublishLists(time.Now().UTC().Truncate(time.Second))
	b.must(err)
	for _, l := range lists {
		ev.AddDocument(l.URL, verifier.Document{MediaType: "application/vc", At: time.Now(), Bytes: l.Bytes})
	}
	ev.Gathered.Unreached = nil // the lists' addresses are nobody's
	raw, err := ev.Marshal()
	b.must(err)
	ev, err = verifier.ParseEvidence(raw)
	b.must(err)
	return ev
}

// ownEvidence makes the evidence of a transaction without package node: from the raw
// blocks of the best chain.
func ownEvidence(n *btcd, id anchor.TxID) *anchor.Evidence {
	n.t.Helper()
	known := map[anchor.TxID]*wire.MsgTx{}
	var holding []byte // the block with the transaction
	for h := range answer[int](n, "getblockcount") + 1 {
		raw := n.block(h)
		for _, tx := range transactions(n.t, raw) {
			known[anchor.TxID(tx.TxHash())] = tx
			if anchor.TxID(tx.TxHash()) == id {
				holding = raw
			}
		}
	}
	if holding == nil {
		n.t.Fatalf("no block holds %v", id)
	}
	var prev [][]byte
	for _, in := range known[id].TxIn {
		var stripped bytes.Buffer
		if err := known[anchor.TxID(in.PreviousOutPoint.Hash)].SerializeNoWitness(&stripped); err != nil {
			n.t.Fatal(err)
		}
		prev = append(prev, stripped.Bytes())
	}
	ev, err := anchor.EvidenceFromBlock(holding, id, prev, anchor.Regtest)
	if err != nil {
		n.t.Fatal(err)
	}
	return ev
}

func transactions(t testing.TB, rawBlock []byte) []*wire.MsgTx {
	t.Helper()
	var b wire.MsgBlock
	if err := b.Deserialize(bytes.NewReader(rawBlock)); err != nil {
		t.Fatal(err)
	}
	return b.Transactions
}

// sameBytes compares evidence in the form that is filed.
func sameBytes(t testing.TB, what string, a, b *anchor.Evidence) {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s differ:\n%s\n%s", what, x, y)
	}
}

// anchors counts the transactions of the best chain and the memory pool that carry root.
func anchors(n *btcd, root [32]byte) (count int) {
	n.t.Helper()
	all := []*wire.MsgTx{}
	for h := range answer[int](n, "getblockcount") + 1 {
		all = append(all, transactions(n.t, n.block(h))...)
	}
	for _, id := range n.pool() {
		var tx wire.MsgTx
		if err := tx.Deserialize(bytes.NewReader(n.hexOf("getrawtransaction", id, 0))); err != nil {
			n.t.Fatal(err)
		}
		all = append(all, &tx)
	}
	for _, tx := range all {
		for _, out := range tx.TxOut {
			if bytes.Equal(out.PkScript, append([]byte{0x6a, 0x20}, root[:]...)) {
				count++
			}
		}
	}
	return count
}
