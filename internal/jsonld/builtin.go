package jsonld

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"sync"

	"github.com/certanchor/certanchor/internal/strictjson"
)

//go:embed contexts/*.json
var contextFiles embed.FS

// A published context is one line of contexts/index.json: a file as it lies in an npm
// package, and the URLs it stands for.
type published struct {
	File    string   `json:"file"`
	URLs    []string `json:"urls"`
	Package string   `json:"package"`
	Version string   `json:"version"`
	Path    string   `json:"path"`
	Licence string   `json:"licence"`
	SHA256  string   `json:"sha256"`
}

// Builtin returns the contexts that are part of this module: Blockcerts 1.2 to 3.2,
// Open Badges 2 as Blockcerts uses it, W3C Verifiable Credentials 1.1 and 2.0, and the
// proof suites. contexts/index.json says where each comes from. No inline object is
// pinned. Every call returns the same value, so what is remembered is shared.
func Builtin() *Contexts { return builtin() }

var builtin = sync.OnceValue(func() *Contexts {
	c := (&Contexts{}).copy()
	for _, entry := range publishedContexts() {
		doc := embedded("contexts/" + entry.File)
		if sum := sha256.Sum256(doc); hex.EncodeToString(sum[:]) != entry.SHA256 {
			panic("jsonld: " + entry.File + " is not the file that index.json names")
		}
		// Not strictjson: the Blockcerts 1.2 context defines "recipient" twice, and
		// the second counts, as it always has.
		var obj map[string]any
		dec := json.NewDecoder(bytes.NewReader(doc))
		dec.UseNumber()
		if err := dec.Decode(&obj); err != nil {
			panic("jsonld: " + entry.File + ": " + err.Error())
		}
		p, err := c.pin(doc, obj)
		if err != nil {
			panic("jsonld: " + entry.File + ": " + err.Error())
		}
		for _, url := range entry.URLs {
			c.docs[url] = p
		}
		if entry.File == file12 {
			c.only12 = contexts12(p, entry.URLs)
		}
	}
	return c
})

func publishedContexts() []published {
	var list []published
	if err := strictjson.Unmarshal(embedded("contexts/index.json"), strictjson.Limits{}, &list); err != nil {
		panic("jsonld: index.json: " + err.Error())
	}
	return list
}

func embedded(name string) []byte {
	b, err := contextFiles.ReadFile(name)
	if err != nil {
		panic("jsonld: " + err.Error())
	}
	return b
}
