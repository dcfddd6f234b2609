package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"

	"github.com/certanchor/certanchor/internal/durable"
)

// An Output takes finished credentials.
type Output interface {
	// Put stores one credential under its id. Called again with the same id after a
	// crash, it stores the same bytes again.
	Put(id string, credential []byte) error
	// Commit is called once all are stored; only then may they be relied on.
	Commit() error
}

// Finish gives every credential its Merkle proof, walks each path back to the anchored
// root, and hands the credentials to out; then it removes documents and salts from the
// state folder. Run again after a crash it writes the same bytes.
func (b *Batch) Finish(out Output) error {
	if b.p.roots {
		return fmt.Errorf("issuer: batch %.12s holds other issuers' roots; see Answers", b.p.key)
	}
	ready := b.p.state == Confirmed || b.Mock() && b.p.state == Sealed
	if ready {
		if err := b.write(out); err != nil {
			return err
		}
		if err := b.is.journal.write(record{Batch: b.p.key, State: Proved, At: b.is.now()}); err != nil {
			return err
		}
	}
	switch b.p.state {
	case Closed:
		return nil
	case Proved:
	default:
		return fmt.Errorf("issuer: batch %.12s is %s; it is finished once its transaction is confirmed", b.p.key, b.p.state)
	}
	for _, name := range []string{"spool", "closing"} {
		if err := b.is.files.Remove(b.is.batchFile(b.p.key, name)); err != nil {
			return err
		}
	}
	return b.is.journal.write(record{Batch: b.p.key, State: Closed, At: b.is.now()})
}

func (b *Batch) write(out Output) error {
	tree, err := b.tree()
	if err != nil {
		return err
	}
	root, extension, err := b.shared()
	if err != nil {
		return err
	}
	i := 0
	for s, err := range b.documents() {
		if err != nil {
			return err
		}
		if i >= b.p.count {
			return &CorruptError{b.is.batchFile(b.p.key, "spool"), 0, "more documents than in the journal"}
		}
		path := append(tree.Path(i), extension...)
		if path.Root(s.Leaf) != root {
			return &CorruptError{b.is.batchFile(b.p.key, "spool"), 0, fmt.Sprintf("document %d is not in the tree", i)}
		}
		id, doc, err := b.prove(s, path)
		if err != nil {
			return err
		}
		if err := out.Put(id, doc); err != nil {
			return err
		}
		i++
	}
	if i != b.p.count {
		return &CorruptError{b.is.batchFile(b.p.key, "spool"), 0, fmt.Sprintf("%d documents, %d in the journal", i, b.p.count)}
	}
	return out.Commit()
}

// shared returns the root that the transaction carries, and the path to it from the
// batch's own: none if the batch has a transaction of its own.
func (b *Batch) shared() (merkleproof.Hash, merkleproof.Path, error) {
	if b.p.shared == nil {
		return b.p.root, nil, nil
	}
	path, err := b.p.shared.path()
	return b.p.shared.Shared, path, err
}

// prove adds the Merkle proof after the signature.
func (b *Batch) prove(s spooled, path merkleproof.Path) (id string, doc []byte, err error) {
	object, err := strictjson.ParseObject(s.Doc, strictjson.Limits{Bytes: credential.MaxBytes})
	if err != nil {
		return "", nil, err
	}
	if object["type"] == credential.TypeSDJWT {
		return b.proveSDJWT(object, s, path)
	}
	list, ok := object["proof"].([]any)
	if !ok || len(list) != 1 {
		return "", nil, errors.New("issuer: a spooled document without its signature")
	}
	first, _ := list[0].(map[string]any)
	proof, err := b.merkleProof(s, path)
	if err != nil {
		return "", nil, err
	}
	proof["previousProof"] = first["id"]
	object["proof"] = append(list, proof)
	id, _ = object["id"].(string)
	doc, err = encode(object)
	return id, doc, err
}

// merkleProof is the proof block of a spooled document.
func (b *Batch) merkleProof(s spooled, path merkleproof.Path) (map[string]any, error) {
	root, _, err := b.shared()
	if err != nil {
		return nil, err
	}
	p := merkleproof.Proof{Root: root, Target: s.Leaf, Path: path, Anchor: b.anchor()}
	value, err := p.Encode2019()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"type":               "DataIntegrityProof",
		"cryptosuite":        "merkle-proof-2019",
		"created":            b.p.created.Format(time.RFC3339),
		"verificationMethod": b.is.config.AnchorKeyID,
		"proofPurpose":       "assertionMethod",
		"proofValue":         value,
	}, nil
}

// anchor names the transaction with the label that Blockcerts has for its network: one
// for all public test networks.
func (b *Batch) anchor() merkleproof.Anchor {
	switch b.p.network {
	case "":
		return merkleproof.Anchor{Chain: merkleproof.Mocknet, TxID: merkleproof.MockSentence}
	case anchor.Mainnet:
		return merkleproof.Anchor{Chain: merkleproof.BitcoinMainnet, TxID: b.TxID().String()}
	case anchor.Regtest:
		return merkleproof.Anchor{Chain: merkleproof.BitcoinRegtest, TxID: b.TxID().String()}
	}
	return merkleproof.Anchor{Chain: merkleproof.BitcoinTestnet, TxID: b.TxID().String()}
}

// A Folder is an Output that writes one file for each credential, named by its id.
type Folder struct {
	dir   string
	files durable.Files
}

// OpenFolder makes the folder if there is none and makes sure that it can be written,
// so that nobody pays for a transaction whose credentials have no place.
func (is *Issuer) OpenFolder(dir string) (*Folder, error) {
	f := &Folder{dir: dir, files: is.files}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	probe := filepath.Join(dir, ".certanchor-probe")
	if err := errors.Join(f.files.Remove(probe), f.files.Create(probe, nil, 0o600)); err != nil {
		return nil, err
	}
	return f, f.files.Remove(probe)
}

// FileName returns the name of the credential's file in a Folder.
func FileName(id string) string { return strings.TrimPrefix(id, "urn:uuid:") + ".json" }

// Put implements Output: each file appears whole, under its name, or not at all.
func (f *Folder) Put(id string, credential []byte) error {
	var indented bytes.Buffer
	if err := json.Indent(&indented, credential, "", "  "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	return f.files.Replace(filepath.Join(f.dir, FileName(id)), indented.Bytes(), 0o644)
}

// Commit implements Output.
func (f *Folder) Commit() error { return f.files.SyncDir(f.dir) }
