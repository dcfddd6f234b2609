package credential

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// sdJWT is the file of an unsigned SD-JWT VC.
func sdJWT(t *testing.T, payload string, disclosures ...string) []byte {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	jwt := b64([]byte(`{"alg":"EdDSA","kid":"a:b#k","typ":"`+TypDC+`"}`)) + "." + b64([]byte(payload)) + ".AAAA"
	raw, err := json.Marshal(sdFile{Version: 1, Type: TypeSDJWT, SDJWT: strings.Join(append([]string{jwt}, disclosures...), "~") + "~"})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func disclosureOf(name, value string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `["salt",%q,%s]`, name, value))
}

// nested is a chain of n disclosures, each in an object the given number of levels inside
// the one before; the last one comes first.
func nested(n, levels int) (outermost string, all []string) {
	value := `{}`
	for range n {
		outermost = disclosureOf("c", value)
		all = append(all, outermost)
		value = strings.Repeat(`{"a":`, levels-1) + `{"_sd":["` + digestText(outermost) + `"]}` + strings.Repeat(`}`, levels-1)
	}
	return outermost, all
}

// TestSDJWTLimits: all disclosures together keep to the limits of one document, and no names
// are so long that pointers to every member would fill the memory.
func TestSDJWTLimits(t *testing.T) {
	const head = `{"iss":"a:b","vct":"x"`
	with := func(outermost string) string { return head + `,"_sd":["` + digestText(outermost) + `"]}` }
	ones := func(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }
	two := func(n int) []byte {
		a, b := disclosureOf("a", ones(n)), disclosureOf("b", ones(n))
		return sdJWT(t, head+`,"_sd":["`+digestText(a)+`","`+digestText(b)+`"]}`, a, b)
	}
	deep, chain := nested(10, 6)
	deeper, longer := nested(13, 6)
	long := strings.Repeat("n", maxPointer)
	for name, c := range map[string]struct {
		file []byte
		want strictjson.Code
	}{
		"60 levels":                  {sdJWT(t, with(deep), chain...), ""},
		"74 levels":                  {sdJWT(t, with(deeper), longer...), strictjson.CodeLimitDepth},
		"some 19998 members":         {two(9990), ""},
		"some 20010 members":         {two(10005), strictjson.CodeLimitMembers},
		"a long name":                {sdJWT(t, head+`,"vc":{"`+long[:maxPointer-4]+`":1}}`), ""},
		"a longer name":              {sdJWT(t, head+`,"vc":{"`+long+`":1}}`), strictjson.CodeLimitBytes},
		"a longer name disclosed":    {sdJWT(t, with(disclosureOf(long, "1")), disclosureOf(long, "1")), strictjson.CodeLimitBytes},
		"long names in one another":  {sdJWT(t, head+`,"`+long[:3000]+`":[{"`+long[:3000]+`":1}]}`), strictjson.CodeLimitBytes},
		"a name that escapes to two": {sdJWT(t, head+`,"`+strings.Repeat("/", maxPointer/2)+`":1}`), strictjson.CodeLimitBytes},
	} {
		_, err := Parse(c.file)
		var limit *strictjson.Error
		if errors.As(err, &limit); c.want == "" && err != nil || c.want != "" && (limit == nil || limit.Code != c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
