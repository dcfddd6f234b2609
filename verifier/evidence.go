package verifier

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
)

// Limits of an evidence file.
const (
	maxDocuments = 64 // documents under one name, versions of a status list among them

	maxObservations = 100_000
)

var evidenceLimits = strictjson.Limits{Bytes: 512 << 20, Members: 4_000_000}

// Evidence is what verification needs besides the credential. Whoever made it, nothing
// in it is believed unless the trust file or proof of work bears it out. It can be
// filed beside the report and judged again in ten years.
type Evidence struct {
	// Gathered informs when and by what the evidence was made.
	Gathered Gathered
	// Transactions by printed id, lowercase.
	Transactions map[string]*anchor.Evidence
	// Headers are runs of block headers by network.
	Headers map[anchor.Network][]anchor.HeaderRun
	// Observations are what explorers or nodes said of transactions. Nothing proves
	// them: a trust file that accepts "observed" facts believes whoever made this
	// evidence, so gather it yourself.
	Observations []Observation
	// Documents by URL or DID: status lists and issuer documents, each as received,
	// oldest first. Several versions of one list may be there.
	Documents map[string][]Document
}

// Gathered says when and by what evidence was made; it decides nothing.
type Gathered struct {
	At time.Time
	By string
	// Unreached names the sources that could not be asked, with the reason.
	Unreached []string
}

// A Document is a file from elsewhere, as received.
type Document struct {
	MediaType string
	At        time.Time // when it was fetched; informs only
	Bytes     []byte
}

// An Observation is what one source said of one transaction.
type Observation struct {
	Source        string               // who said so, as the trust file names it
	Chain         merkleproof.Chain    // "btc:mainnet", "eth:sepolia", …
	TxID          string               // as printed; Ethereum ids begin 0x
	Payload       [32]byte             // what the transaction commits to
	Address       string               // that paid: of input 0, or the sender
	Time          time.Time            // of the block
	Confirmations anchor.Confirmations // the block counted as 1
}

type (
	observationEntry struct {
		Source        string               `json:"source"`
		Chain         merkleproof.Chain    `json:"chain"`
		TxID          string               `json:"txid"`
		Payload       merkleproof.Hash     `json:"payload"`
		Address       string               `json:"address"`
		Time          utcTime              `json:"time"`
		Confirmations anchor.Confirmations `json:"confirmations"`
	}
	evidenceFile struct {
		Version      int                                   `json:"version"`
		Gathered     *gatheredEntry                        `json:"gathered,omitempty"`
		Transactions map[string]*anchor.Evidence           `json:"transactions,omitempty"`
		Headers      map[anchor.Network][]anchor.HeaderRun `json:"headers,omitempty"`
		Observations []observationEntry                    `json:"observations,omitempty"`
		Documents    map[string][]documentEntry            `json:"documents,omitempty"`
	}
	gatheredEntry struct {
		At        utcTime  `json:"at"`
		By        string   `json:"by"`
		Unreached []string `json:"unreached,omitempty"`
	}
	documentEntry struct {
		MediaType string  `json:"mediaType"`
		At        utcTime `json:"at"`
		Bytes     string  `json:"bytes"` // base64url
	}
)

// ParseEvidence reads an evidence file (docs/files.md). It is strict about the file
// and leaves its parts to Check. Errors are *TrustError.
func ParseEvidence(data []byte) (*Evidence, error) {
	var f evidenceFile
	if err := strictjson.Unmarshal(data, evidenceLimits, &f); err != nil {
		return nil, &TrustError{File: "evidence file", Path: "/", Err: err}
	}
	bad := func(path, format string, args ...any) error {
		return &TrustError{File: "evidence file", Path: path, Err: fmt.Errorf(format, args...)}
	}
	if f.Version != 1 {
		return nil, bad("/version", "version %d; this program reads version 1", f.Version)
	}
	e := &Evidence{Transactions: f.Transactions, Headers: f.Headers}
	if f.Gathered != nil {
		e.Gathered = Gathered{At: time.Time(f.Gathered.At), By: f.Gathered.By, Unreached: f.Gathered.Unreached}
	}
	for id, tx := range f.Transactions {
		if _, err := anchor.ParseTxID(id); err != nil || tx == nil {
			return nil, bad("/transactions"+strictjson.PointerToken(id), "not a transaction id with its evidence")
		}
	}
	for n, runs := range f.Headers {
		if _, err := anchor.ParseNetwork(string(n)); err != nil || len(runs) > anchor.MaxRuns {
			return nil, bad("/headers"+strictjson.PointerToken(string(n)), "not a network with at most %d runs", anchor.MaxRuns)
		}
	}
	if len(f.Observations) > maxObservations {
		return nil, bad("/observations", "more than %d", maxObservations)
	}
	for _, o := range f.Observations {
		e.Observations = append(e.Observations, Observation{Source: o.Source, Chain: o.Chain, TxID: o.TxID,
			Payload: o.Payload, Address: o.Address, Time: time.Time(o.Time), Confirmations: o.Confirmations})
	}
	for name, list := range f.Documents {
		path := "/documents" + strictjson.PointerToken(name)
		if len(list) > maxDocuments {
			return nil, bad(path, "more than %d documents", maxDocuments)
		}
		for i, d := range list {
			b, err := base64.RawURLEncoding.Strict().DecodeString(d.Bytes)
			if err != nil {
				return nil, bad(fmt.Sprintf("%s/%d/bytes", path, i), "not base64url without padding")
			}
			e.AddDocument(name, Document{MediaType: d.MediaType, At: time.Time(d.At), Bytes: b})
		}
	}
	return e, nil
}

// Marshal writes the evidence file that ParseEvidence reads: indented, members
// sorted, so that equal evidence gives equal bytes. It fails with a *TrustError if there
// are more runs of headers than a file may hold: then make two files.
func (e *Evidence) Marshal() ([]byte, error) {
	for n, runs := range e.Headers {
		if len(runs) > anchor.MaxRuns {
			return nil, &TrustError{File: "evidence file", Path: "/headers" + strictjson.PointerToken(string(n)),
				Err: fmt.Errorf("%d runs of headers, a file holds %d", len(runs), anchor.MaxRuns)}
		}
	}
	f := evidenceFile{Version: 1, Transactions: e.Transactions, Headers: e.Headers}
	if !e.Gathered.At.IsZero() {
		f.Gathered = &gatheredEntry{At: utcTime(e.Gathered.At), By: e.Gathered.By, Unreached: e.Gathered.Unreached}
	}
	for _, o := range e.Observations {
		f.Observations = append(f.Observations, observationEntry{o.Source, o.Chain, o.TxID, o.Payload, o.Address, utcTime(o.Time), o.Confirmations})
	}
	for name, list := range e.Documents {
		if f.Documents == nil {
			f.Documents = make(map[string][]documentEntry)
		}
		for _, d := range list {
			f.Documents[name] = append(f.Documents[name], documentEntry{
				MediaType: d.MediaType, At: utcTime(d.At), Bytes: base64.RawURLEncoding.EncodeToString(d.Bytes)})
		}
	}
	b, err := json.MarshalIndent(f, "", " ")
	return append(b, '\n'), err
}

// AddDocument adds d under name unless the same bytes are there.
func (e *Evidence) AddDocument(name string, d Document) {
	if slices.ContainsFunc(e.Documents[name], func(x Document) bool { return bytes.Equal(x.Bytes, d.Bytes) }) {
		return
	}
	if e.Documents == nil {
		e.Documents = make(map[string][]Document)
	}
	e.Documents[name] = append(e.Documents[name], d)
}

// AddTransaction adds the evidence of one transaction under its printed id.
func (e *Evidence) AddTransaction(id anchor.TxID, tx *anchor.Evidence) {
	if e.Transactions == nil {
		e.Transactions = make(map[string]*anchor.Evidence)
	}
	e.Transactions[id.String()] = tx
}

// AddHeaders adds a run of headers unless the same run is there.
func (e *Evidence) AddHeaders(n anchor.Network, run anchor.HeaderRun) {
	same := func(r anchor.HeaderRun) bool { return r.Start == run.Start && bytes.Equal(r.Headers, run.Headers) }
	if slices.ContainsFunc(e.Headers[n], same) {
		return
	}
	if e.Headers == nil {
		e.Headers = make(map[anchor.Network][]anchor.HeaderRun)
	}
	e.Headers[n] = append(e.Headers[n], run)
}

// Merge adds everything of other to e. For a transaction that both have, e keeps its
// own evidence unless other's was made later.
func (e *Evidence) Merge(other *Evidence) {
	later := other.Gathered.At.After(e.Gathered.At)
	for id, tx := range other.Transactions {
		mine, have := e.Transactions[id]
		if have && tx.Confirming != nil || have && mine.Confirming != nil {
			mine, tx = withConfirming(mine, tx), withConfirming(tx, mine)
			e.Transactions[id] = mine
		}
		if !have || later {
			if e.Transactions == nil {
				e.Transactions = make(map[string]*anchor.Evidence)
			}
			e.Transactions[id] = tx
		}
	}
	for n, runs := range other.Headers {
		for _, r := range runs {
			e.AddHeaders(n, r)
		}
		if len(runs) > 0 {
			e.Headers[n] = anchor.JoinRuns(e.Headers[n])
		}
	}
	for _, o := range other.Observations {
		if !slices.Contains(e.Observations, o) {
			e.Observations = append(e.Observations, o)
		}
	}
	for name, list := range other.Documents {
		for _, d := range list {
			e.AddDocument(name, d)
		}
	}
	if later {
		e.Gathered = other.Gathered
	}
}

// withConfirming is tx with the signed blocks of other that it lacks, as many as may be.
func withConfirming(tx, other *anchor.Evidence) *anchor.Evidence {
	both := *tx
	both.Confirming = slices.Clone(tx.Confirming)
	for _, b := range other.Confirming {
		same := func(x anchor.SignedBlock) bool {
			return bytes.Equal(x.TxOutProof, b.TxOutProof) && bytes.Equal(x.Coinbase, b.Coinbase)
		}
		if len(both.Confirming) < anchor.MaxConfirming && !slices.ContainsFunc(both.Confirming, same) {
			both.Confirming = append(both.Confirming, b)
		}
	}
	return &both
}
