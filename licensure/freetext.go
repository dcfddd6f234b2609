package licensure

import (
	"slices"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// FreeText returns the places of members in which somebody writes what they like: a
// description, the text of a condition. A licence is no health record, but such a text can
// make it one (PR-10), so an issuer has to allow it in so many words, and whoever takes a
// credential in is told. Pointers are in the order of the document.
func FreeText(doc map[string]any) []string {
	var places []string
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch x := v.(type) {
		case map[string]any:
			for name, e := range x {
				if s, isText := e.(string); isText && (name == "description" || name == "text") && strings.TrimSpace(s) != "" {
					places = append(places, path+strictjson.PointerToken(name))
				} else if name != "@context" && name != "proof" {
					walk(e, path+strictjson.PointerToken(name))
				}
			}
		case []any:
			for i, e := range x {
				walk(e, path+"/"+strconv.Itoa(i))
			}
		}
	}
	walk(doc, "")
	slices.Sort(places)
	return places
}
