package wallet

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/verifier"
)

// A TrustFile is a trust file with what a wallet takes out of it besides: the contexts it
// pins, which a presentation is signed with, and the issuers' documents, which go into a
// dossier.
type TrustFile struct {
	Trust     *verifier.Trust
	contexts  []pinnedContext
	documents map[string][]byte // by issuer
}

// ReadTrust reads a trust file as verifier.ParseTrust does.
func ReadTrust(data []byte, open func(name string) ([]byte, error)) (*TrustFile, error) {
	t, err := verifier.ParseTrust(data, open)
	if err != nil {
		return nil, err
	}
	// ParseTrust was strict about it, and has held each context to its digest.
	type context struct{ URL, SHA256, Bytes, File string }
	var f struct {
		Contexts []context
		Issuers  []struct {
			ID       string
			Document json.RawMessage
			Contexts []context
		}
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	out := &TrustFile{Trust: t, documents: map[string][]byte{}}
	all := f.Contexts
	for _, is := range f.Issuers {
		all = append(all, is.Contexts...)
		if len(is.Document) > 0 {
			out.documents[is.ID] = is.Document
		}
	}
	for _, c := range all {
		doc, err := base64.RawURLEncoding.DecodeString(c.Bytes)
		if c.Bytes == "" {
			doc, err = open(c.File)
		}
		if err != nil {
			return nil, err
		}
		p := pinnedContext{contextName{c.URL, digestOf(doc)}, doc}
		if p.SHA256 != c.SHA256 {
			return nil, fmt.Errorf("wallet: the context %s changed while it was read", c.URL)
		}
		out.contexts = append(out.contexts, p)
	}
	return out, nil
}

// contextsOf returns the contexts of the list that a document names, and those that they
// name, as a set to read it with.
func contextsOf(list []pinnedContext) (*jsonld.Contexts, error) {
	all := jsonld.Builtin()
	left := slices.Clone(list)
	for len(left) > 0 {
		var later []pinnedContext
		var failed error
		for _, c := range left {
			next, err := all.With(c.URL, c.Bytes)
			if err != nil { // it may name one that comes after it
				later, failed = append(later, c), err
				continue
			}
			all = next
		}
		if len(later) == len(left) {
			return nil, fmt.Errorf("wallet: contexts that do not go together: %w", failed)
		}
		left = later
	}
	return all, nil
}

// contexts returns the set for these records together.
func (w *Wallet) contexts(records ...*Record) (*jsonld.Contexts, error) {
	var list []pinnedContext
	for _, r := range records {
		for _, name := range r.Contexts {
			i := slices.IndexFunc(w.contents.Contexts, func(c pinnedContext) bool { return c.contextName == name })
			if i < 0 {
				return nil, fmt.Errorf("wallet: a context of %s is missing; import it again", r.Short())
			}
			if c := w.contents.Contexts[i]; !slices.ContainsFunc(list, func(x pinnedContext) bool { return x.contextName == name }) {
				list = append(list, c)
			}
		}
	}
	return contextsOf(list)
}
