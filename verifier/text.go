package verifier

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// Limits of what is said of texts: warnings of one document, and the longest text looked
// at, in bytes. Longer ones are pictures and pages, which nobody reads as a name.
const (
	maxTextWarnings = 8
	maxTextBytes    = 16 << 10
)

// warnTexts tells of texts that may be read as something else than they are: with
// characters that show nothing or turn the direction, or a word of several scripts
// (Unicode Technical Standard 39, section 5). Names are written in all ways, so this
// decides nothing.
func (c *check) warnTexts(v any, path string) {
	switch x := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if name != "@context" {
				c.warnTexts(x[name], path+strictjson.PointerToken(name))
			}
		}
	case []any:
		for i, e := range x {
			c.warnTexts(e, fmt.Sprintf("%s/%d", path, i))
		}
	case string:
		if c.texts >= maxTextWarnings || len(x) > maxTextBytes {
			return
		}
		if why := unusual(x); why != "" {
			c.texts++
			c.warn(WarnText, path, "%s", why)
		}
	}
}

// unusual says what makes a text unusual, or "".
func unusual(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return (r < ' ' && r != '\n' && r != '\r' && r != '\t') || r > '~' }) {
		return ""
	}
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return fmt.Sprintf("%U turns the direction of reading", r)
		case ignorable(r):
			return fmt.Sprintf("%U shows nothing", r)
		}
	}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		if a, b := scriptsOf(word); b != "" {
			return fmt.Sprintf("%q mixes %s and %s letters", word, a, b)
		}
	}
	return ""
}

// ignorable reports whether r leaves no trace on a page. The joiners of Indic scripts and
// of emoji do their work between other characters, and are left alone.
func ignorable(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case '\u00ad', '\u200b', '\u2060', '\ufeff', '\u3164', '\uffa0', '\u115f', '\u1160', '\u180e':
		return true
	}
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Cc, r) && r != '\n' && r != '\r' && r != '\t'
}

// confusing are the scripts whose letters are taken for one another.
var confusing = []struct {
	name  string
	table *unicode.RangeTable
}{
	{"Latin", unicode.Latin}, {"Cyrillic", unicode.Cyrillic}, {"Greek", unicode.Greek},
	{"Armenian", unicode.Armenian}, {"Cherokee", unicode.Cherokee},
}

// scriptsOf returns the first two confusing scripts that a word mixes.
func scriptsOf(word string) (first, second string) {
	for _, r := range word {
		for _, s := range confusing {
			switch {
			case !unicode.Is(s.table, r) || s.name == first:
			case first == "":
				first = s.name
			default:
				return first, s.name
			}
		}
	}
	return first, ""
}

// warnName tells of a document that comes under the name of somebody in the trust file,
// and is not theirs: same letters, or letters that look the same.
func (c *check) warnName() {
	if c.issuer != nil || c.cred.IsPresentation() {
		return
	}
	name, id := skeleton(c.cred.IssuerName()), skeleton(c.cred.Issuer())
	for _, is := range c.trust.Issuers {
		known := []string{skeleton(is.Label), skeleton(is.ID)}
		if is.Document != nil {
			known = append(known, skeleton(is.Document.Name))
		}
		for _, k := range known {
			if k != "" && (k == name || k == id) {
				c.warn(WarnName, c.cred.IssuerPath(), "the document comes under the name %q as if it were of %s (%s), and it is not",
					c.cred.IssuerName(), is.Label, is.ID)
				return
			}
		}
	}
}

// lookalikes are letters of other scripts that look like a Latin one (the pairs of
// confusables.txt of Unicode Technical Standard 39 that a name can be written with), in
// lower case.
var lookalikes = strings.NewReplacer(
	"а", "a", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "ӏ", "l", "о", "o", "р", "p", "ԛ", "q",
	"ѕ", "s", "ԝ", "w", "х", "x", "у", "y", "в", "b", "к", "k", "м", "m", "н", "h", "т", "t", "г", "r", "п", "n",
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u", "χ", "x", "ω", "w", "γ", "y",
	"ո", "n", "օ", "o", "ս", "u", "հ", "h", "ց", "g", "ı", "i", "ɑ", "a", "ɡ", "g", "ℓ", "l",
	"0", "o", "1", "l", "|", "l", "rn", "m", "vv", "w",
)

// skeleton is a name without what the eye passes over: case, marks, spaces and
// punctuation, characters that show nothing, and the script of letters that look alike.
func skeleton(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.IsMark(r) || unicode.IsSpace(r) || unicode.IsPunct(r) || ignorable(r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return lookalikes.Replace(b.String())
}
