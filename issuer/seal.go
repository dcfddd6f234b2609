package issuer

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"runtime"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/merkleproof"
)

// A spooled document is signed and waits for its Merkle proof.
type spooled struct {
	Draft string           `json:"draft"` // digest of the draft, hex
	Leaf  merkleproof.Hash `json:"leaf"`
	Doc   json.RawMessage  `json:"doc"` // with its first proof

	proofID   string
	concealed *concealed // of an SD-JWT
}

// A Batch is a set of drafts on their way to one anchored root.
type Batch struct {
	is *Issuer
	p  *progress
}

// Key names the batch: the same drafts have the same key, for ever.
func (b *Batch) Key() string { return b.p.key }

// State says how far the batch has come.
func (b *Batch) State() State { return b.p.state }

// Count returns the number of credentials, that of Config.Closing among them.
func (b *Batch) Count() int { return b.p.count }

// Closing reports whether the last credential is that of Config.Closing.
func (b *Batch) Closing() bool { return b.p.closing }

// Root returns the batch's root; zero before Sealed.
func (b *Batch) Root() merkleproof.Hash { return b.p.root }

// TxID returns the id of the transaction: the one that confirmed if it is known.
func (b *Batch) TxID() anchor.TxID {
	if b.p.confirmed != (anchor.TxID{}) {
		return b.p.confirmed
	}
	return b.p.txid
}

// Fee returns what the newest variant of the transaction pays, or would have to while
// the batch is Waiting.
func (b *Batch) Fee() anchor.Sats { return b.p.fee }

// Variants returns the ids of all transactions that were signed for the batch, oldest
// first. At most one of them can confirm.
func (b *Batch) Variants() []anchor.TxID {
	var ids []anchor.TxID
	for _, v := range b.p.variants {
		ids = append(ids, v.txid)
	}
	return ids
}

// Network returns the network of the batch's transaction; "" for a mock chain.
func (b *Batch) Network() anchor.Network { return b.p.network }

// Block returns block and height of the confirmed transaction.
func (b *Batch) Block() (anchor.BlockHash, anchor.Height) { return b.p.block, b.p.height }

// Batches returns all batches of the state folder, oldest first.
func (is *Issuer) Batches() []*Batch {
	var all []*Batch
	for _, key := range is.journal.order {
		all = append(all, &Batch{is: is, p: is.journal.batches[key]})
	}
	return all
}

// Created is the time all credentials of the batch state.
func (b *Batch) Created() time.Time { return b.p.created }

// Mock reports whether the batch is for a mock chain: made to try things out, and
// accepted by nobody.
func (b *Batch) Mock() bool { return b.p.network == "" }

// An OpenBatchError means that another batch is under way in this state folder. It must
// be finished first: its coins are locked and its credentials promised.
type OpenBatchError struct {
	Key     string
	State   State
	Created time.Time
}

func (e *OpenBatchError) Error() string {
	return fmt.Sprintf("issuer: batch %.12s of %s is %s and not finished; run issue again with its drafts",
		e.Key, e.Created.Format(time.RFC3339), e.State)
}

// Seal checks the drafts, gives each id, salt, status entries and signature, computes
// the leaves and the root. network "" makes a batch for a mock chain. Given drafts it
// has seen before, it goes on where that batch stopped, and returns a closed batch as
// it is.
//
// Drafts are ranged over twice. Memory holds a digest and a leaf for each, never the
// documents. Errors: *DraftError, ErrNoDrafts, *OpenBatchError, and those of the disk.
func (is *Issuer) Seal(ctx context.Context, network anchor.Network, drafts Drafts) (*Batch, error) {
	key, count, err := is.survey(drafts, string(network))
	if err != nil {
		return nil, err
	}
	p, known := is.journal.batches[key]
	if open, other := is.journal.open(); other && open.key != key {
		return nil, &OpenBatchError{open.key, open.state, open.created}
	}
	if !known {
		if err := is.files.Mkdir(is.batchFile(key, "")); err != nil {
			return nil, err
		}
		closing, err := is.writeClosing(key)
		if err != nil {
			return nil, err
		}
		if closing {
			count++
		}
		if err := is.journal.write(record{Batch: key, State: Begun, At: is.now(), Count: count, Network: network, Closing: closing}); err != nil {
			return nil, err
		}
		p = is.journal.batches[key]
	}
	b := &Batch{is: is, p: p}
	if p.state != Begun {
		return b, nil
	}
	return b, b.seal(ctx, drafts)
}

func (b *Batch) seal(ctx context.Context, drafts Drafts) error {
	drafts, err := b.withClosing(drafts)
	if err != nil {
		return err
	}
	leaves, err := b.spool(ctx, drafts)
	if err != nil {
		return err
	}
	if len(leaves) != b.p.count {
		return fmt.Errorf("issuer: %d drafts on the second reading, %d on the first", len(leaves), b.p.count)
	}
	if leaves, err = merkleproof.Pad(leaves, b.is.config.Random); err != nil {
		return err
	}
	tree, err := merkleproof.Build(leaves)
	if err != nil {
		return err
	}
	if err := b.writeLeaves(leaves); err != nil {
		return err
	}
	if err := b.writeEntries(); err != nil {
		return err
	}
	if err := b.is.lists.save(); err != nil {
		return err
	}
	root := tree.Root()
	return b.is.journal.write(record{Batch: b.p.key, State: Sealed, At: b.is.now(), Root: &root})
}

// spool signs each draft into the spool file, going on after what is there from an
// earlier run, and returns all leaves in order.
func (b *Batch) spool(ctx context.Context, drafts Drafts) ([]merkleproof.Hash, error) {
	var done []spooledHead
	log, err := openLog(b.is.files, b.is.batchFile(b.p.key, "spool"), func(line []byte) error {
		var s spooled
		if err := json.Unmarshal(line, &s); err != nil {
			return err
		}
		done = append(done, spooledHead{s.Draft, s.Leaf})
		return b.is.lists.claim(s.Doc)
	})
	if err != nil {
		return nil, err
	}
	leaves := make([]merkleproof.Hash, 0, b.p.count)
	err = b.sign(ctx, drafts, done, func(s spooled) error {
		leaves = append(leaves, s.Leaf)
		if s.Doc == nil {
			return nil // spooled by an earlier run
		}
		line, err := plainJSON(s)
		if err == nil {
			err = log.append(line)
		}
		return err
	})
	if err == nil {
		err = log.sync()
	}
	return leaves, errors.Join(err, log.close())
}

type spooledHead struct {
	draft string
	leaf  merkleproof.Hash
}

// sign turns drafts into signed documents on all cores and hands them to write in the
// order of the drafts. Those that an earlier run spooled are compared by digest only.
func (b *Batch) sign(ctx context.Context, drafts Drafts, done []spooledHead, write func(spooled) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type result struct {
		s   spooled
		err error
	}
	queue := make(chan chan result, 2*runtime.GOMAXPROCS(0))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	go func() {
		defer close(queue)
		i := -1
		for d, err := range drafts {
			i++
			out := make(chan result, 1)
			select {
			case queue <- out:
			case <-ctx.Done():
				return
			}
			if err != nil {
				out <- result{err: err}
				return
			}
			doc, s, err := b.prepare(d, i, done)
			if err != nil || doc == nil {
				out <- result{s, err}
				continue
			}
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				s, err := b.signOne(d, doc, s)
				out <- result{s, err}
			}()
		}
	}()
	for out := range queue {
		r := <-out
		if r.err == nil {
			r.err = write(r.s)
		}
		if r.err != nil {
			cancel(r.err)
			for range queue { // let the reader of drafts end
			}
			return r.err
		}
	}
	return ctx.Err()
}

// prepare draws id, salt and status entries, in the order of the drafts. The document
// is nil if an earlier run has spooled this draft.
func (b *Batch) prepare(d Draft, i int, done []spooledHead) (map[string]any, spooled, error) {
	sum, err := d.digest()
	if err != nil {
		return nil, spooled{}, &DraftError{Place: d.Place, Code: "not-canonical", Err: err}
	}
	s := spooled{Draft: hex.EncodeToString(sum[:])}
	if i < len(done) {
		if done[i].draft != s.Draft {
			return nil, s, &DraftError{Place: d.Place, Code: "drafts-changed", Err: errors.New("differs from the draft this batch began with")}
		}
		s.Leaf = done[i].leaf
		return nil, s, nil
	}
	if s.proofID, err = b.is.uuid(); err != nil {
		return nil, s, err
	}
	doc, err := b.is.complete(d, b.p.created)
	if err == nil && d.Form.isSDJWT() {
		if s.concealed, err = b.is.conceal(doc, d.Form); err != nil {
			err = draftFault(d, err)
		}
	}
	return doc, s, err
}

// signOne signs the document and computes its leaf, over document and signature.
func (b *Batch) signOne(d Draft, doc map[string]any, s spooled) (spooled, error) {
	if s.concealed != nil {
		return b.signSDJWT(s)
	}
	proof, err := cryptosuite.Sign(doc, cryptosuite.Options{ID: s.proofID, VerificationMethod: b.is.config.KeyID,
		Purpose: did.AssertionMethod, Created: b.p.created}, b.is.config.Signer, b.is.contexts)
	if err != nil {
		return s, draftFault(d, err)
	}
	doc["proof"] = []any{proof}
	canonical, err := jsonld.Canonicalize(doc, jsonld.Options{Contexts: b.is.contexts, Mode: jsonld.Strict})
	if err != nil {
		return s, draftFault(d, err)
	}
	s.Leaf = credential.Leaf(canonical)
	s.Doc, err = encode(doc)
	if err == nil && len(s.Doc) > credential.MaxBytes {
		err = &DraftError{Place: d.Place, Code: "limit-bytes", Err: fmt.Errorf("the credential would have %d bytes, at most %d", len(s.Doc), credential.MaxBytes)}
	}
	return s, err
}

// draftFault tells errors of the draft's own terms from those of the signer.
func draftFault(d Draft, err error) error {
	var ld *jsonld.Error
	if errors.As(err, &ld) {
		return &DraftError{Place: d.Place, Path: ld.Path, Code: string(ld.Code), Err: err}
	}
	return err
}

// writeLeaves stores the leaves, padding included, as 32 raw bytes each: what is kept
// of a batch when its documents are gone.
func (b *Batch) writeLeaves(leaves []merkleproof.Hash) error {
	data := make([]byte, 0, len(leaves)*len(merkleproof.Hash{}))
	for _, l := range leaves {
		data = append(data, l[:]...)
	}
	return b.is.files.Replace(b.is.batchFile(b.p.key, "leaves"), data, 0o600)
}

// tree reads the leaves back and builds the tree; its root must be the journal's.
func (b *Batch) tree() (*merkleproof.Tree, error) {
	name := b.is.batchFile(b.p.key, "leaves")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	leaves := make([]merkleproof.Hash, len(data)/len(merkleproof.Hash{}))
	for i := range leaves {
		copy(leaves[i][:], data[i*len(leaves[i]):])
	}
	t, err := merkleproof.Build(leaves)
	if err != nil {
		return nil, &CorruptError{name, 0, err.Error()}
	}
	if t.Root() != b.p.root {
		return nil, &CorruptError{name, 0, "the leaves do not give the root of the journal"}
	}
	return t, nil
}

// documents streams the spool.
func (b *Batch) documents() iter.Seq2[spooled, error] {
	return func(yield func(spooled, error) bool) {
		stop := errors.New("stopped")
		err := readLog(b.is.batchFile(b.p.key, "spool"), func(line []byte) error {
			var s spooled
			if err := json.Unmarshal(line, &s); err != nil {
				return err
			}
			if !yield(s, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(spooled{}, err)
		}
	}
}

// exists reports whether a file of the batch is there.
func (b *Batch) exists(name string) bool {
	_, err := os.Stat(b.is.batchFile(b.p.key, name))
	return !errors.Is(err, fs.ErrNotExist)
}
