package jsonld

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// TestEveryMemberCounts takes every member and element out of every real and made-up
// document, one at a time, and then changes every text: the result must differ, or be
// refused. It judges the coverage rule from outside, without knowing how it is kept.
func TestEveryMemberCounts(t *testing.T) {
	contexts, err := corpusContexts(t).With(healthURL, conformance.Read(t, "bench/context-health-v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	if contexts, err = contexts.With("https://ctx.example/f", []byte(fuzzContext)); err != nil {
		t.Fatal(err)
	}
	changes, judged12 := 0, 0
	judge := func(name string, doc map[string]any, mode Mode) {
		o := Options{Contexts: contexts, Mode: mode}
		res, err := Canonicalize(doc, o)
		if err != nil {
			return
		}
		// The claims hold what is said to be covered, and nothing else.
		root := res.Claims
		changed := func(path string) {
			changes++
			again, err := Canonicalize(root, o)
			if err == nil && string(again.NQuads) == string(res.NQuads) {
				t.Errorf("%s: a change at %s changes nothing", name, path)
			}
		}
		edit(root, "", changed)
	}
	for _, pattern := range []string{"conformance/blockcerts/certificates", "bench"} {
		files, err := filepath.Glob(filepath.Join(conformance.Path(t, pattern), "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			doc := parse(t, text)
			judge(filepath.Base(f), doc, modeOf(doc))
			delete(doc, "proof")
			delete(doc, "signature")
			judge(filepath.Base(f)+" without proof", doc, modeOf(doc))
			if _, is12 := samples12[filepath.Base(f)]; is12 {
				judged12++
				judge(filepath.Base(f)+", document", doc["document"].(map[string]any), Loose12)
			}
		}
	}
	for _, text := range features {
		if strings.Contains(text, `"_:`) {
			continue // labels of blank nodes are names inside a document, and not signed
		}
		judge(text, withContext(parse(t, []byte(text))), Lax)
	}
	if judged12 != len(samples12) {
		t.Errorf("%d documents of Blockcerts 1.2, want %d", judged12, len(samples12))
	}
	if changes < 4000 {
		t.Errorf("%d changes tried, want 4000 and more", changes)
	}
}

// edit makes every change below v, calls changed, and undoes it.
func edit(v any, path string, changed func(path string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			if name == "@context" {
				continue // pinned, and no part of what is hashed
			}
			at, was := path+strictjson.PointerToken(name), v[name]
			delete(v, name)
			changed(at)
			v[name] = "changed"
			if was != any("changed") {
				changed(at)
			}
			v[name] = was
			edit(was, at, changed)
		}
	case []any:
		for i, was := range v {
			at := path + "/" + strconv.Itoa(i)
			v[i] = "changed"
			changed(at)
			v[i] = was
			edit(was, at, changed)
		}
	}
}
