package aries

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/wallet"
)

// Limits of a wallet file that is read, those of a folder or archive of package wallet.
const (
	MaxBytes   = 128 << 20
	MaxEntries = 1_000
)

// typeWallet is the type of a wallet in clear; unlocked is its status.
const (
	contextWallet = "https://w3id.org/wallet/v1"
	typeWallet    = "UniversalWallet2020"
	typeLocked    = "EncryptedWallet"
	unlocked      = "UNLOCKED"
)

// A Kind says what an entry of a wallet is.
type Kind string

// The kinds: those of Universal Wallet 2020, and KindUnknown for all else.
const (
	KindCredential            Kind = "credential"
	KindPresentation          Kind = "presentation"
	KindKey                   Kind = "key"    // it may hold a private key
	KindSecret                Kind = "secret" // a mnemonic or entropy
	KindAddress               Kind = "address"
	KindConnection            Kind = "connection"
	KindMetaData              Kind = "metadata"
	KindCollection            Kind = "collection" // a person or an organization
	KindDIDResolutionResponse Kind = "did-resolution-response"
	KindCurrency              Kind = "currency"
	KindUnknown               Kind = "unknown"
)

// kinds are the types that name a kind by themselves. aries writes some of them its own way.
var kinds = map[string]Kind{
	"VerifiableCredential": KindCredential, "EnvelopedVerifiableCredential": KindCredential,
	"VerifiablePresentation": KindPresentation, "EnvelopedVerifiablePresentation": KindPresentation,
	"Key": KindKey, "Secret": KindSecret, "Mnemonic": KindSecret, "Entropy": KindSecret,
	"Connection": KindConnection, "MetaData": KindMetaData, "Metadata": KindMetaData,
	"Collection": KindCollection, "Profile": KindCollection, "Person": KindCollection, "Organization": KindCollection,
	"DIDResolutionResponse": KindDIDResolutionResponse, "Currency": KindCurrency, "Address": KindAddress,
}

// A Code says why a file is not read. Codes are stable.
type Code string

// The codes.
const (
	CodeMalformed Code = "malformed"    // no strict JSON, or too large; a *strictjson.Error says more
	CodeNoWallet  Code = "not-a-wallet" // another document
	CodeLocked    Code = "locked"       // unlock it in the program that wrote it
	CodeEntries   Code = "entries"      // more than MaxEntries
)

// An Error holds nothing of what the wallet holds.
type Error struct {
	Code   Code
	Detail string
	Err    error // may be nil
}

func (e *Error) Error() string {
	s := "aries: " + string(e.Code) + ": " + e.Detail
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the reader's own error.
func (e *Error) Unwrap() error { return e.Err }

// Contents are what a wallet file holds, every part of it, in order: its contents first,
// then further members of the wallet itself, by name.
type Contents struct{ Entries []Entry }

// An Entry is one part of a wallet. It does not print what it holds.
type Entry struct {
	Place string // JSON pointer into the file
	Kind  Kind
	ID    string   // may be empty
	Types []string // as written; empty for a text or number
	// Raw is the part as it stood in the file. That of a key or a secret is in clear.
	Raw json.RawMessage
	// Err says why what calls itself a credential cannot be read as one.
	Err error
}

// Format keeps Raw out of every verb of package fmt.
func (e Entry) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s: %s", e.Place, e.Kind)
	if len(e.Types) > 0 {
		fmt.Fprintf(f, " (%s)", strings.Join(e.Types, ", "))
	}
	if e.Err != nil {
		io.WriteString(f, ": "+e.Err.Error())
	}
}

// Credentials returns the credentials for Wallet.Examine, which verifies them: that they
// were in a wallet says nothing about them. Each has the very bytes it had in the file.
func (c *Contents) Credentials() []wallet.Item {
	var items []wallet.Item
	for _, e := range c.Entries {
		if e.isCredential() {
			items = append(items, wallet.Item{Place: e.Place, Raw: e.Raw})
		}
	}
	return items
}

func (e *Entry) isCredential() bool { return e.Kind == KindCredential && e.Err == nil }

// Apart returns what Credentials does not: nothing of it goes into a vault. A foreign key
// does not, since all keys of a vault come from its phrase.
func (c *Contents) Apart() []Entry {
	return slices.DeleteFunc(slices.Clone(c.Entries), func(e Entry) bool { return e.isCredential() })
}

// A Connection is what a wallet was for somebody, as it says itself: nothing is verified.
// Wallet.Relate makes a relation of one's own with TheirDID; MyDID stays with the other
// wallet, which has its key.
type Connection struct {
	Place, ID                   string
	MyDID, TheirDID             string
	TheirLabel, Name, CreatedAt string // CreatedAt is as written
}

// Connections returns the connections that name whom they are with; all are in Apart too.
func (c *Contents) Connections() []Connection {
	var list []Connection
	for _, e := range c.Entries {
		doc, err := strictjson.ParseObject(e.Raw, strictjson.Limits{})
		if e.Kind != KindConnection || err != nil {
			continue
		}
		about, _ := doc["connection"].(map[string]any)
		text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
		if with := text(about, "their_did"); with != "" {
			list = append(list, Connection{Place: e.Place, ID: e.ID, MyDID: text(about, "my_did"), TheirDID: with,
				TheirLabel: text(about, "their_label"), Name: text(doc, "name"), CreatedAt: text(about, "created_at")})
		}
	}
	return list
}

// Import reads an unlocked wallet of Universal Wallet 2020, a W3C CCG draft: strict JSON of
// at most MaxBytes with at most MaxEntries contents. Nothing is verified, kept or dropped:
// every part is an entry. Errors are *Error.
func Import(data []byte) (*Contents, error) {
	doc, err := strictjson.ParseObject(data, strictjson.Limits{Bytes: MaxBytes, Members: 4_000_000})
	if err != nil {
		return nil, &Error{CodeMalformed, "not a wallet file", err}
	}
	types := typesOf(doc)
	list, hasContents := doc["contents"].([]any)
	switch status := doc["status"]; {
	case slices.Contains(types, typeLocked), slices.Contains(types, typeWallet) && status != nil && status != unlocked:
		return nil, &Error{CodeLocked, "the wallet is encrypted; unlock it in the program that wrote it", nil}
	case !slices.Contains(types, typeWallet):
		return nil, &Error{CodeNoWallet, "its type is not " + typeWallet, nil}
	case !hasContents:
		return nil, &Error{CodeNoWallet, "it has no list of contents", nil}
	case len(list) > MaxEntries:
		return nil, &Error{CodeEntries, fmt.Sprintf("%d contents; at most %d are read", len(list), MaxEntries), nil}
	}
	var members map[string]json.RawMessage
	var raw []json.RawMessage
	err = json.Unmarshal(data, &members)
	if err == nil {
		err = json.Unmarshal(members["contents"], &raw)
	}
	if err != nil || len(raw) != len(list) { // strictjson has read it, so this is not expected
		return nil, &Error{CodeMalformed, "not a wallet file", err}
	}
	c := new(Contents)
	for i, part := range list {
		c.Entries = append(c.Entries, entry(fmt.Sprintf("/contents/%d", i), part, raw[i]))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains([]string{"@context", "id", "type", "status", "contents"}, name) {
			e := entry(strictjson.PointerToken(name), doc[name], members[name])
			if slices.Contains([]string{"name", "description", "image", "tags"}, name) {
				e.Kind = KindMetaData // of the wallet itself
			}
			c.Entries = append(c.Entries, e)
		}
	}
	return c, nil
}

func entry(place string, part any, raw json.RawMessage) Entry {
	e := Entry{Place: place, Kind: KindUnknown, Raw: raw}
	doc, ok := part.(map[string]any)
	if !ok {
		return e
	}
	e.ID, _ = doc["id"].(string)
	e.Types = typesOf(doc)
	e.Kind = kindOf(doc, e.Types)
	if e.Kind == KindCredential || e.Kind == KindUnknown { // certificates of Blockcerts and SD-JWT have types of their own
		cred, err := credential.Parse(raw)
		switch {
		case err == nil && cred.IsPresentation():
			e.Kind = KindPresentation
		case err == nil:
			e.Kind = KindCredential
		case e.Kind == KindCredential:
			e.Err = err
		}
	}
	return e
}

// kindOf looks for secrets first: what holds one is never taken for something to show.
func kindOf(doc map[string]any, types []string) Kind {
	address := slices.ContainsFunc(types, func(t string) bool { return strings.HasSuffix(t, "Address") })
	for name := range doc {
		switch {
		case !strings.HasPrefix(name, "privateKey") && !strings.HasPrefix(name, "publicKey"):
		case address:
			return KindAddress
		default:
			return KindKey
		}
	}
	if address {
		return KindAddress
	}
	for _, t := range types {
		if k, known := kinds[t]; known {
			return k
		}
	}
	return KindUnknown
}

func typesOf(doc map[string]any) []string {
	var types []string
	list, isList := doc["type"].([]any)
	if !isList {
		list = []any{doc["type"]}
	}
	for _, t := range list {
		if s, ok := t.(string); ok {
			types = append(types, s)
		}
	}
	return types
}

// Export writes a wallet's records and consents as credentials, byte for byte but for white
// space around each, and its relations as connections, in one unlocked Universal Wallet 2020.
//
// It is in clear and tells everything the credentials tell: seal it before it goes
// anywhere. The form has no place for evidence, verdicts, pinned contexts and the share log;
// Wallet.Export has them. Keys and the phrase stay in the vault.
func Export(w *wallet.Wallet) ([]byte, error) {
	var contents [][]byte
	for _, r := range w.Records() {
		contents = append(contents, bytes.TrimSpace(r.Document))
	}
	for _, c := range w.Consents() {
		contents = append(contents, bytes.TrimSpace(c))
	}
	for _, r := range w.Relations() {
		c, err := json.Marshal(map[string]any{"@context": []string{contextWallet}, "id": r.DID + "#connection", "type": "Connection", "name": r.Name,
			"connection": map[string]any{"my_did": r.DID, "their_did": r.Issuer, "their_label": r.Name, "created_at": r.Created.UTC().Format(time.RFC3339)}})
		if err != nil {
			return nil, err
		}
		contents = append(contents, c)
	}
	var b bytes.Buffer // by hand, since encoding/json would write the credentials anew
	fmt.Fprintf(&b, "{%q:[%q],%q:[%q],%q:%q,\n%q:[\n", "@context", contextWallet, "type", typeWallet, "status", unlocked, "contents")
	b.Write(bytes.Join(contents, []byte(",\n")))
	b.WriteString("\n]}\n")
	if _, err := Import(b.Bytes()); err != nil { // what we could not read again is not written
		return nil, err
	}
	return b.Bytes(), nil
}
