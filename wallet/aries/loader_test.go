package aries

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hyperledger/aries-framework-go/component/models/ld/context/embed"
	"github.com/piprate/json-gold/ld"
)

type object = map[string]any

// A loader gives aries the contexts that certanchor pins, and for all others those that
// aries carries. It never dials.
type loader map[string]any

func (l loader) LoadDocument(url string) (*ld.RemoteDocument, error) {
	doc, known := l[url]
	if !known {
		return nil, fmt.Errorf("%s is not pinned", url)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

func newLoader(t testing.TB) loader {
	t.Helper()
	l := loader{}
	for _, c := range embed.Contexts {
		l[c.URL] = parsed(t, c.Content)
	}
	const folder = "../../internal/jsonld/contexts"
	var index []struct {
		File string
		URLs []string
	}
	noError(t, json.Unmarshal(read(t, filepath.Join(folder, "index.json")), &index))
	for _, c := range index {
		for _, url := range c.URLs {
			l[url] = parsed(t, read(t, filepath.Join(folder, c.File)))
		}
	}
	return l
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	noError(t, err)
	return b
}

func parsed(t testing.TB, raw []byte) object {
	t.Helper()
	var v object
	noError(t, json.Unmarshal(raw, &v))
	return v
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	noError(t, err)
	return raw
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
